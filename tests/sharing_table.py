"""Table (c) of the domain brief, copied by hand, one line for each of its lines. Not made from the rules' own files.

A cell is the brief's own signs. What each sign demands is written below it, also by hand. What is not here is never.
"""

from __future__ import annotations

from typing import NamedTuple

COLUMNS = {
    "SOC": ("social-services",),
    "POL": ("police",),
    "BOPS": ("personal-security",),
    "KV": ("prison-and-probation",),
    "SIS": ("state-care",),
    "REG": ("health-care",),
    "PROV": ("civil-society", "housing-provider"),
    "MON": ("monitoring",),
}

# held by, under, what = SOC other | POL | Bops | KV | SiS | Region | Provider, NGO | Monitoring
# C>least: consent, and then only that part.
TABLE = """
SOC  26:1  identity           = C 29:12     | C 15a 15:7 18a 18bc| C 15a| C      | C N 26:9| C 26:9 | Cp>least | ref
POL  35:1  identity           = G C         | own                | own  | G      | G       | G C    | Cp       | ref
BOPS 35:1  identity           = G C         | own                | own  | G      | G       | G C    | Cp       | ref
SOC  26:1  address            = C 29:12     | C 15:7 170         | C 15a| C      | C N     | C      | house    | -
BOPS 35:1  assessment         =G C         | own                | own  | G C    | G C     | C>level| Cp>advice| CB>level
POL  35:1  assessment         =G C         | own                | own  | G C    | G C     | C>level| Cp>advice| CB>level
SOC  26:1  own-risk-assessment= C           | C 15a              | C 15a| C      | C 26:9  | C      | Cp>least | -
SOC  26:1  social-file        = C 29:12 15:9| C 15a 18a          | C 15a| C 26:9b| 26:9 N  | C 26:9 | Cp>least | -
REG  25:1  health             = C           | duty               | -    | C      | C 25:12 | own    | Cp>least | -
POL  35:1  criminal-record    = C G         | own                | own  | own    | G C     | -      | -        | -
BOPS 35:1  criminal-record    = C G         | own                | own  | own    | G C     | -      | -        | -
KV   35:15 criminal-record    = C G         | own                | own  | own    | G C     | -      | -        | -
"""
FOR_EVERY_HOLDER = """
protection-mark = yes   | yes   | yes   | yes   | yes   | yes   | yes   | yes>flag
handoff-status  = steps | steps | steps | steps | steps | steps | steps | watch
"""

# Lines that the table has not: readings, each to be confirmed by a lawyer (docs/sharing.md).
READINGS = """
SOC  26:1  contact            = C 29:12     | C 170              | C 15a| C      | C N     | C      | house    | -
KV   35:15 identity           = C G         | C G                | C G  | -      | -       | -      | -        | -
KV   35:15 social-file        = C           | -                  | -    | -      | -       | -      | -        | -
SIS  26:1  identity           = C           | C 15a              | C 15a| -      | -       | -      | -        | -
SIS  26:1  social-file        = C           | -                  | -    | -      | -       | -      | -        | -
REG  25:1  identity           = C           | -                  | -    | -      | -       | -      | -        | -
"""

# Duties of section 4 and of the table's last paragraph, whatever line the data stands in: sign, who, to whom, what.
AUTHORITIES = "social-services police personal-security prison-and-probation state-care health-care"
DUTIES = (
    ("19:1", f"{AUTHORITIES} housing-provider", "social-services",
     "identity contact address assessment own-risk-assessment social-file health criminal-record"),
    ("19:1p", "civil-society", "social-services", "identity contact address own-risk-assessment social-file health"),
    ("20:6", f"{AUTHORITIES} housing-provider", "social-services",
     "identity contact address assessment own-risk-assessment social-file health criminal-record"),
    ("LVM", AUTHORITIES, "social-services", "identity contact address social-file health"),
    ("15:7", "social-services", "prosecutor court security-service enforcement-authority tax-agency customs",
     "identity address"),
    ("170", "prison-and-probation state-care health-care tax-agency housing-provider", "police", "address contact"),
    ("170p", "civil-society", "police", "address contact"),
    ("15:9", "housing-provider state-care", "social-services", "identity contact address social-file"),
)  # fmt: skip
SECRECY = {
    "social-services": "osl-26-1", "state-care": "osl-26-1", "health-care": "osl-25-1", "police": "osl-35-1",
    "personal-security": "osl-35-1", "prison-and-probation": "osl-35-15", "tax-agency": "osl-22-1",
    "housing-provider": "sol-17-11", "civil-society": "osl-10-14",
}  # fmt: skip


class Sign(NamedTuple):
    paragraph: str
    duty: bool
    needs: frozenset[str]
    reaches: str | None = None
    """A part of the category that the law itself stops at."""


def sign(paragraph: str, needs: str = "", duty: bool = False, reaches: str | None = None) -> Sign:
    return Sign(paragraph, duty, frozenset(needs.split()), reaches)


SIGNS = {
    "C": sign("OSL 10:1, 12:2", "consent"),
    "Cp": sign("OSL 10:1, 12:2; SoL 17:11 eller OSL 10:14", "consent confidentiality"),
    "CB": sign("OSL 10:1, 12:2", "consent track-b-open"),
    "15a": sign("OSL 10:15 a", "necessity-note weighing"),
    "G": sign("OSL 10:27", "weighing"),
    "N": sign("OSL 10:2", "compulsory-placement necessity-note"),
    "house": sign("OSL 10:2", "houses-person necessity-note confidentiality"),
    "18a": sign("OSL 10:18 a", "under-21 risk-of-crime prevents-crime"),
    "18bc": sign("OSL 10:18 b-c", "under-18 lawyer-confirms necessity-note"),
    "26:9": sign("OSL 26:9", "care-condition necessity-note"),
    "25:12": sign("OSL 25:12", "care-condition necessity-note"),
    "26:9b": sign("OSL 26:9 b", "lawyer-confirms necessity-note"),
    "yes": sign("OSL 21:3 a, 22:1-2"),
    "steps": sign("OSL 10:2", "party-to-handoff"),
    "watch": sign("OSL 10:2", "visible"),
    "29:12": sign("SoL 29:12", "transfer", duty=True),
    "15:9": sign("SoL 15:9", "demand recipient-responsible", duty=True),
    "15:7": sign("SoL 15:7 p. 1", "demand", duty=True, reaches="stay"),
    "170": sign("lag 2025:170 4 §", "demand no-extraordinary-reasons", duty=True, reaches="contact-details"),
    "170p": sign(
        "lag 2025:170 4 §", "demand holder-professional no-extraordinary-reasons", duty=True, reaches="contact-details"
    ),
    "19:1": sign("SoL 19:1", "child-at-risk", duty=True),
    "19:1p": sign("SoL 19:1", "child-at-risk holder-professional", duty=True),
    "20:6": sign("SoL 20:6", "demand", duty=True),
    "LVM": sign("LVM 6-7 §§", "lvm-need", duty=True),
    "duty": sign("OSL 10:18-24, 10:28", "demand lawyer-confirms second-reviewer", duty=True),
}
STEPS = frozenset(["confidentiality", "necessity-note", "weighing", "harm-test", "second-reviewer", "lawyer-confirms"])
"""What staff do. A duty is there without them."""

LAST_DAY_WITHOUT_15A = "2025-11-30"
NOBODY = ("threat-source", "placement", "environment", "note", "relatives")
"""Leaves the desk for nobody."""

Key = tuple[str, str, str, str]


class Written(NamedTuple):
    """One cell as the brief has it."""

    signs: tuple[str, ...]
    part: str | None = None
    own: bool = False
    reference: bool = False


def cells(with_15a: bool = True) -> dict[Key, Written]:
    """Every cell: (held by, under, category, recipient)."""
    found: dict[Key, Written] = {}
    for line in (TABLE + READINGS).strip().splitlines():
        if line:
            where, told = line.split("=", 1)
            holder, secrecy, category = where.split()
            put(found, COLUMNS[holder][0], f"osl-{secrecy.replace(':', '-')}", category, told)
    for line in FOR_EVERY_HOLDER.strip().splitlines():
        category, told = line.split("=", 1)
        for holder, secrecy in SECRECY.items():
            put(found, holder, secrecy, category.strip(), told)
    for code, holders, recipients, categories in DUTIES:
        for holder in holders.split():
            for recipient in recipients.split():
                for category in categories.split():
                    key = (holder, SECRECY[holder], category, recipient)
                    known = found.get(key, Written(()))
                    found[key] = known._replace(signs=(*known.signs, code))
    if with_15a:
        return found
    without = {key: one._replace(signs=tuple(s for s in one.signs if s != "15a")) for key, one in found.items()}
    return {key: one for key, one in without.items() if one != Written(())}


def put(found: dict[Key, Written], holder: str, secrecy: str, category: str, told: str) -> None:
    for column, said in zip(COLUMNS.values(), told.split("|"), strict=True):
        words, _, part = said.strip().partition(">")
        for recipient in column:
            if words == "-":
                continue
            signs = () if words in ("own", "ref") else tuple(words.split())
            key = (holder, secrecy, category, recipient)
            found[key] = Written(signs, part or None, words == "own", words == "ref")
