"""The smallest words: references, instants and the closed vocabularies that everything else is written in."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, NewType

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

REFERENCE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that a reference survives being read aloud."""


class Word(BaseModel):
    """A value: immutable, no unknown fields, and errors that never repeat what was put in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, ser_json_timedelta="iso8601")


FIRST_YEAR, LAST_YEAR = 1900, 2200


def _utc(instant: datetime) -> datetime:
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError("a year that no case can have")
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A point in time, always kept in UTC. What people see is local; what is stored and compared is not."""


def check_character(digits: str) -> str:
    """Luhn's check character over `REFERENCE_ALPHABET`: finds one wrong character and most swaps."""
    size, total = len(REFERENCE_ALPHABET), 0
    for place, character in enumerate(reversed(digits)):
        value = REFERENCE_ALPHABET.index(character) * (2 if place % 2 == 0 else 1)
        total += value // size + value % size
    return REFERENCE_ALPHABET[-total % size]


def case_reference(number: int) -> CaseRef:
    """The reference for a random number below 2**35, readable aloud: `U-7K3M-Q2P7`, last one a check character."""
    digits = "".join(REFERENCE_ALPHABET[number >> (5 * place) & 31] for place in range(6, -1, -1))
    whole = digits + check_character(digits)
    return CaseRef(f"U-{whole[:4]}-{whole[4:]}")


def _checked(reference: str) -> str:
    digits = reference[2:6] + reference[7:]
    if check_character(digits[:-1]) != digits[-1]:
        raise ValueError("the check character does not match: read the reference again")
    return reference


CaseRef = NewType("CaseRef", str)
CheckedRef = Annotated[
    CaseRef,
    StringConstraints(pattern=r"^U-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$"),
    AfterValidator(_checked),
]

OrgId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
HandoffId = Annotated[str, StringConstraints(pattern=r"^H[1-9][0-9]{0,4}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
"""A word from a list in the rule pack. Never a sentence: free text stays at the author's desk."""
RequestKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
"""A UUID that the caller chose: the same key twice gives the same answer and one effect."""
ItemId = RequestKey
"""Identifies something kept at a desk (a note, an assessment). Says nothing about what it holds."""
MunicipalityCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Urgency(StrEnum):
    ORDINARY = "ordinary"
    ACUTE = "acute"


class Consent(StrEnum):
    """Consent to disclosure (OSL 10:1, 12:2). Not asked is not refused: asking can expose a person."""

    NOT_ASKED = "not-asked"
    REFUSED = "refused"
    GIVEN = "given"


class ConsentTo(StrEnum):
    """What a case asks of consent: may this agency be told who it is about, for this, now? No consent is general."""

    POLICE_ASSESSMENT = "police-assessment"
    POLICE_TRACK = "police-track"
    HEALTH_PLANNING = "health-planning"


class Function(StrEnum):
    """What an organisation is in the chain."""

    SOCIAL_SERVICES = "social-services"
    POLICE = "police"
    PERSONAL_SECURITY = "personal-security"
    PRISON_AND_PROBATION = "prison-and-probation"
    STATE_CARE = "state-care"
    HEALTH_CARE = "health-care"
    CIVIL_SOCIETY = "civil-society"
    HOUSING_PROVIDER = "housing-provider"
    TAX_AGENCY = "tax-agency"
    COURT = "court"
    INSPECTORATE = "inspectorate"
    """IVO: decides between municipalities (SoL 29:10-11), and is told of what was not carried out (34:1)."""


class Need(StrEnum):
    """What the person may need help with (SoL 11:1, 12:1; the national process map's interventions)."""

    PROTECTED_HOUSING = "protected-housing"
    RELOCATION = "relocation"
    HEALTH_CARE = "health-care"
    ADDICTION_CARE = "addiction-care"
    CIVIL_SOCIETY = "civil-society"
    LIVELIHOOD = "livelihood"
    OCCUPATION = "occupation"
    DEBT = "debt"


class CustodyPlace(StrEnum):
    REMAND = "remand"
    PRISON = "prison"
    PROBATION = "probation"
    STATE_CARE = "state-care"


class Phase(StrEnum):
    """Where a case is. A description for people; no phase blocks social support (domain.md (d))."""

    FIRST_CONTACT = "FIRST_CONTACT"
    INTAKE = "INTAKE"
    INITIAL_ASSESSMENT = "INITIAL_ASSESSMENT"
    THREAT_ASSESSMENT = "THREAT_ASSESSMENT"
    DECISION = "DECISION"
    IN_PROGRESS = "IN_PROGRESS"
    ESTABLISHING = "ESTABLISHING"
    FOLLOW_UP = "FOLLOW_UP"
    CLOSED = "CLOSED"


class TrackB(StrEnum):
    """The police's own track, an addition with consent; the social track never waits for it."""

    NOT_TRIED = "not-tried"
    TRYING = "trying"
    OPEN = "open"
    ENDED = "ended"


class EndCode(StrEnum):
    """How a case ended. ENDED is neutral and covers everything that must not be told."""

    ESTABLISHED = "ESTABLISHED"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    ENDED_BY_PERSON = "ENDED_BY_PERSON"
    TRANSFERRED = "TRANSFERRED"
    DECEASED = "DECEASED"
    ENDED = "ENDED"


class ResponsibilityBasis(StrEnum):
    """The paragraph that makes a municipality responsible (SoL 29:1-4)."""

    RESIDENCE = "29:1"
    PLACING = "29:2"
    PRISON = "29:3"
    STAY = "29:4"
