"""Reads the dated TOML packs and compiles one into the immutable `RulePack` that cases carry.

A pack is a folder: `pack.toml`, `statute.toml`, `journey.toml`, `kinds.toml` or the files of `kinds/`, and perhaps
`overlays/` with one file for each organisation that has rules of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from activities.rule_faults import BadPack, Located
from activities.rule_files import File, read, read_files, said_under
from activities.rule_layers import compiled, with_likes
from activities.rule_lines import lines
from activities.rule_overlays import strangers
from activities.rule_places import located, named, place_of
from activities.rule_sources import PackSource
from activities.rule_terms import term
from models.packs import RulePack
from models.words import Digest, Function, OrgId
from rules.checks import Fault, findings

__all__ = ["ENGINE", "PACKS", "BadPack", "load_pack", "pack_now", "pack_on", "read_pack", "read_packs", "term"]

PACKS = Path(__file__).parent.parent / "rules" / "packs"
ENGINE = 2
"""The generation of rule code in this checkout. A pack written for another one is refused."""


class Found(NamedTuple):
    """A pack as far as it could be read, and everything there is to say about it."""

    folder: Path
    pack: RulePack | None
    faults: tuple[Located, ...]
    """Warnings too."""

    @property
    def wrong(self) -> tuple[Located, ...]:
        return tuple(fault for fault in self.faults if not fault.warning)


def load_pack(directory: Path) -> RulePack:
    """Compiles the pack in `directory`.

    Raises:
        BadPack: a file is missing, is not TOML, or says something that can't be a rule; each fault with its line.
    """
    found = read_pack(directory)
    if found.pack is None or found.wrong:
        raise BadPack(*found.wrong)
    return found.pack


def read_pack(directory: Path, organisations: Mapping[OrgId, Function] | None = None) -> Found:
    """Reads, compiles and checks the pack in `directory`; tells every fault at once.

    With `organisations`, those that have layers of their own are held against the directory too.
    """
    if not directory.is_dir():
        return Found(
            directory, None, (Located(directory, None, "är ingen mapp med regler", "is no folder with rules"),)
        )
    files, unread = read_files(directory)
    if unread:
        return Found(directory, None, tuple(unread))
    kinds, found = with_likes(said_under(files, "kinds"))
    try:
        source = PackSource.model_validate(put_together(files, kinds))
    except ValidationError as error:
        told = [Fault(place_of(e["loc"]), *named(e)) for e in error.errors(include_url=False, include_input=False)]
        return Found(directory, None, located([*found, *told], files))
    pack, more = compiled(source)
    found += more
    if pack.engine != ENGINE:
        sv = f"reglerna är skrivna för regelmotor {pack.engine}; det här programmet har regelmotor {ENGINE}"
        en = f"the rules are written for engine {pack.engine}; this program is engine {ENGINE}"
        found.append(Fault(("engine",), sv, en))
    found += unused_statutes(source)
    found += strangers(source.overlays, organisations) if organisations is not None else []
    return Found(directory, pack, located([*found, *findings(pack)], files))


def unused_statutes(source: PackSource) -> list[Fault]:
    """Terms of the law that no kind refers to: forgotten, perhaps."""
    used = {
        named_term
        for kind in source.kinds.values()
        for urgency in (kind.ordinary, kind.acute)
        for deadline in (urgency.named().values() if urgency else ())
        for named_term in (deadline.statute, deadline.limit)
    }
    return [
        Fault(("statute", code), f"ingen sort använder {code}", f"no kind uses {code}", warning=True)
        for code in source.statute
        if code not in used
    ]


def pack_on(day: date, root: Path = PACKS) -> RulePack:
    """The newest pack in force on `day`; the oldest one for a day before them all (training on past dates).

    Raises:
        BadPack: no pack is in force, two are at once, or the one that is can't be used.
    """
    return load_pack(in_force(day, root))


def pack_with(digest: Digest, root: Path = PACKS) -> RulePack | None:
    """The pack of this folder that has this digest; None when there is none."""
    packs = (load_pack(folder) for folder in sorted(folders(root), reverse=True))
    return next((pack for pack in packs if pack.digest == digest), None)


def pack_now(root: Path = PACKS) -> RulePack:
    return pack_on(datetime.now(UTC).date(), root)


def read_packs(root: Path, organisations: Mapping[OrgId, Function] | None = None) -> tuple[list[Found], list[Located]]:
    """Every pack in a folder of packs, and what is wrong between them.

    Raises:
        BadPack: there are none.
    """
    found = [read_pack(folder, organisations) for folder in folders(root)]
    dated = [
        Dated(one.folder, one.pack.name, one.pack.effective_from, one.pack.effective_until) for one in found if one.pack
    ]
    return found, at_odds(dated)


class Dated(NamedTuple):
    """A pack's folder and name, and the first and last day on which a case may begin under it."""

    folder: Path
    name: str
    begins: date
    ends: date | None


def in_force(day: date, root: Path) -> Path:
    """The folder of the pack in force on `day`. Only the dates of the others are read."""
    dated = [header(folder) for folder in folders(root)]
    if faults := at_odds(dated):
        raise BadPack(*faults)
    dated.sort(key=lambda one: one.begins)
    begun = [one for one in dated if one.begins <= day]
    newest = begun[-1] if begun else dated[0]
    if begun and newest.ends is not None and newest.ends < day:
        sv, en = f"inga regler gäller {day}: skriv nya", f"no rules are in force on {day}: write new ones"
        raise BadPack(Located(root, None, sv, en))
    return newest.folder


def folders(root: Path) -> list[Path]:
    """The packs in a folder of packs, by name.

    Raises:
        BadPack: there are none, or it is no folder.
    """
    try:
        inside = list(root.iterdir())
    except OSError:
        raise BadPack(Located(root, None, "mappen saknas eller kan inte läsas", "the folder can't be read")) from None
    found = sorted(path for path in inside if path.name[0] not in "._" and any(path.glob("*.toml")))
    if not found:
        raise BadPack(Located(root, None, "här finns inga regler", "there is no rule pack here"))
    return found


def header(folder: Path) -> Dated:
    """The dates of a pack.

    Raises:
        BadPack: `pack.toml` is missing, or says no date.
    """
    file = read(folder / "pack.toml", ())
    if isinstance(file, Located):
        raise BadPack(file)
    begins, ends = file.said.get("effective_from"), file.said.get("effective_until")
    if type(begins) is not date or type(ends) not in (date, type(None)):
        raise BadPack(*read_pack(folder).wrong)
    return Dated(folder, str(file.said.get("name")), begins, ends)


def at_odds(dated: list[Dated]) -> list[Located]:
    """Packs between which nobody could choose: they begin on one day, one ends after the next begins, or one name."""
    found = []
    for earlier, later in pairwise(sorted(dated, key=lambda one: (one.begins, one.folder))):
        both = earlier.folder.name, later.folder.name
        if earlier.begins == later.begins:
            sv, en = f"{both[0]} och {both[1]} börjar gälla samma dag", f"{both[0]} and {both[1]} begin on the same day"
            found.append(header_fault(later.folder, "effective_from", sv, en))
        elif earlier.ends is not None and earlier.ends >= later.begins:
            sv = f"{both[0]} gäller fortfarande när {both[1]} börjar gälla"
            found.append(
                header_fault(
                    earlier.folder, "effective_until", sv, f"{both[0]} is still in force when {both[1]} begins"
                )
            )
        if earlier.name == later.name:
            sv, en = f"{both[0]} och {both[1]} heter likadant", f"{both[0]} and {both[1]} have the same name"
            found.append(header_fault(later.folder, "name", sv, en))
    return found


def header_fault(folder: Path, key: str, sv: str, en: str) -> Located:
    file = read(folder / "pack.toml", ())
    line = lines(file.text).get((key,)) if isinstance(file, File) else None
    return Located(folder / "pack.toml", line, sv, en)


def put_together(files: list[File], kinds: dict[str, Any]) -> dict[str, Any]:
    by_name = {file.path.name: file.said for file in files if not file.prefix}
    return {
        "general": by_name["pack.toml"],
        "statute": said_under(files, "statute"),
        "kinds": kinds,
        "journey": by_name["journey.toml"],
        "overlays": {str(file.prefix[1]): file.said for file in files if file.prefix[:1] == ("overlays",)},
    }
