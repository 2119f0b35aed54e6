"""The directory of organisations: Sweden's municipalities, police regions and regions, and what a file adds."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from models.directory import DirectoryEntry, Municipality
from models.events import Organisation
from models.words import Function, MunicipalityCode, OrgId

MUNICIPALITIES = Path(__file__).parent / "data" / "municipalities.csv"
REGIONS = {
    "01": "Region Stockholm",
    "03": "Region Uppsala",
    "04": "Region Sörmland",
    "05": "Region Östergötland",
    "06": "Region Jönköpings län",
    "07": "Region Kronoberg",
    "08": "Region Kalmar län",
    "09": "Region Gotland",
    "10": "Region Blekinge",
    "12": "Region Skåne",
    "13": "Region Halland",
    "14": "Västra Götalandsregionen",
    "17": "Region Värmland",
    "18": "Region Örebro län",
    "19": "Region Västmanland",
    "20": "Region Dalarna",
    "21": "Region Gävleborg",
    "22": "Region Västernorrland",
    "23": "Region Jämtland Härjedalen",
    "24": "Region Västerbotten",
    "25": "Region Norrbotten",
}
"""The regions by county code; each is responsible for health care there."""
SYNTHETIC = Path(__file__).parent.parent / "examples" / "directory.toml"


class BadDirectory(Exception):
    """The directory file can't be used. Says which entry and why."""


class Directory(Mapping[OrgId, DirectoryEntry]):
    """Organisations by id, and who does what where."""

    def __init__(self, entries: Mapping[OrgId, DirectoryEntry], municipalities: Mapping[str, Municipality]) -> None:
        self._entries = dict(entries)
        self.municipalities = dict(municipalities)

    def __getitem__(self, org: OrgId) -> DirectoryEntry:
        return self._entries[org]

    def __iter__(self) -> Iterator[OrgId]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def social_services(self, code: MunicipalityCode) -> DirectoryEntry:
        return self._entries[f"soc-{code}"]

    def acting_in(self, code: MunicipalityCode | None, opener: DirectoryEntry) -> tuple[Organisation, ...]:
        """Who acts for each function in a case, by the stay municipality; the opener's own when it is unknown."""
        code = code or opener.municipality
        chosen: list[DirectoryEntry] = []
        if code is not None:
            here = self.municipalities[code]
            chosen.append(self.social_services(code))
            wanted = {here.police_region, here.code[:2]}
        else:
            wanted = set()
        for entry in self._entries.values():
            nationwide = entry.region is None and entry.municipality is None
            taken = {e.function for e in chosen}
            if entry.active and entry.function not in taken and (entry.region in wanted or nationwide):
                chosen.append(entry)
        skipped = {Function.HOUSING_PROVIDER}
        return tuple(entry.organisation() for entry in chosen if entry.function not in skipped)


def is_listed(organisation: Organisation, directory: Mapping[OrgId, DirectoryEntry]) -> bool:
    """Whether an organisation is, word for word, one of the directory that is active: nobody invents a recipient, or
    a desk that a recipient has not got."""
    entry = directory.get(organisation.id)
    return entry is not None and entry.active and organisation == entry.organisation()


def load_directory(path: Path | None = None) -> Directory:
    """The nationwide directory, with the entries of `path` (TOML) added to it or in place of it.

    Raises:
        BadDirectory: the file is missing or an entry in it is not valid.
    """
    municipalities = load_municipalities()
    entries = {entry.id: entry for entry in public_bodies(municipalities)}
    path = path or SYNTHETIC
    try:
        source = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise BadDirectory(f"{path}: the file is missing or can't be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadDirectory(f"{path}: {error}") from None
    for org, body in source.get("organisations", {}).items():
        base = entries[org].model_dump() if org in entries else {"id": org}
        try:
            entries[org] = DirectoryEntry.model_validate(base | body)
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, e["loc"])) for e in error.errors())
            raise BadDirectory(f"{path}: {org} is not valid: {fields}") from None
    return Directory(entries, municipalities)


def load_municipalities() -> dict[MunicipalityCode, Municipality]:
    with MUNICIPALITIES.open(encoding="utf-8", newline="") as file:
        rows = [
            Municipality(
                code=row["municipality_code"],
                name=row["name"],
                short_name=row["short_name"],
                county=row["county_name"],
                police_region=row["police_region"],
            )
            for row in csv.DictReader(file)
        ]
    return {row.code: row for row in rows}


def public_bodies(municipalities: Mapping[str, Municipality]) -> list[DirectoryEntry]:
    """Every public body the law gives a part, named after what it is. Addresses are those of the example domain."""
    found = [
        public_body(f"soc-{m.code}", f"Socialtjänsten {m.short_name}", Function.SOCIAL_SERVICES, municipality=m.code)
        for m in municipalities.values()
    ]
    for region in sorted({m.police_region for m in municipalities.values()}):
        name = plain(region)
        found.append(public_body(f"polisen-{name}", f"Polisregion {region}", Function.POLICE, region=region))
        found.append(public_body(f"bops-{name}", f"Bops {region}", Function.PERSONAL_SECURITY, region=region))
    for county, name in REGIONS.items():
        found.append(public_body(f"region-{county}", name, Function.HEALTH_CARE, region=county))
    found.append(public_body("kriminalvarden", "Kriminalvården", Function.PRISON_AND_PROBATION))
    found.append(public_body("sis", "Statens institutionsstyrelse", Function.STATE_CARE))
    found.append(public_body("skatteverket", "Skatteverket", Function.TAX_AGENCY))
    return found


def public_body(
    org: OrgId, name: str, function: Function, *, municipality: str | None = None, region: str | None = None
) -> DirectoryEntry:
    return DirectoryEntry(
        id=org, name=name, function=function, municipality=municipality, region=region, mail_domain=f"{org}.example"
    )


def plain(name: str) -> str:
    return name.lower().translate(str.maketrans("åäö ", "aao-"))
