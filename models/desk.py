"""What a desk keeps: words that may hold personal data. Nothing here crosses Temporal or enters the register."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from models.words import Code, Instant, MunicipalityCode, Word


class Category(StrEnum):
    """The kind of thing kept, and so who may see it and on what ground: the rows of domain.md's table (c).

    What is not in the sharing rules under its category leaves the desk for nobody.
    """

    IDENTITY = "identity"
    """Name, personnummer or other identity, birth."""
    CONTACT = "contact"
    """Safe ways to reach the person, hours, code word."""
    ADDRESS = "address"
    """Addresses and whereabouts, one at a time."""
    PROTECTION_MARK = "protection-mark"
    RELATIVES = "relatives"
    NOTE = "note"
    """The social file's (or the own agency's) notes: never sent as they stand."""
    SOCIAL_FILE = "social-file"
    """What of the social file has been written to be shared: plan, decision, need."""
    ASSESSMENT = "assessment"
    """Threat level and advice, as the police wrote them."""
    OWN_RISK_ASSESSMENT = "own-risk-assessment"
    """The social services' own."""
    THREAT_SOURCE = "threat-source"
    """Who threatens, and what is known of it: shared by nothing that this system does."""
    HEALTH = "health"
    CRIMINAL_RECORD = "criminal-record"
    PLACEMENT = "placement"
    """Where the person may not be placed. Compared here, sent nowhere."""
    ENVIRONMENT = "environment"
    """The environment that is left (2001:454 7 a §): stays at the desk."""


class Compartment(StrEnum):
    """What is sealed with the same data key. Who needs a place needs no threat, and the other way about."""

    RECORD = "record"
    LOCATION = "location"
    THREAT = "threat"


COMPARTMENTS: dict[Category, Compartment] = {
    Category.ADDRESS: Compartment.LOCATION,
    Category.PLACEMENT: Compartment.LOCATION,
    Category.ASSESSMENT: Compartment.THREAT,
    Category.OWN_RISK_ASSESSMENT: Compartment.THREAT,
    Category.THREAT_SOURCE: Compartment.THREAT,
    Category.ENVIRONMENT: Compartment.THREAT,
}
"""Where a category belongs; the rest is the record."""


def compartment_of(category: Category) -> Compartment:
    return COMPARTMENTS.get(category, Compartment.RECORD)


class ProtectionMark(StrEnum):
    """What the Tax Agency has decided for a person. `unknown` is never the same as unprotected.

    There is no third value: a new identity is not marked anywhere, by law (1991:483; OSL 21:3).
    """

    UNKNOWN = "unknown"
    SECRECY_MARKING = "secrecy-marking"
    PROTECTED_REGISTRATION = "protected-registration"


class AssessmentRecord(Word):
    """A threat assessment as its author wrote it."""

    level: Code
    assessed_at: Instant | None = None
    instrument: str | None = Field(default=None, max_length=80)
    """None: made without an instrument ("i huvudet"). Accepted, and marked unstructured."""
    version: str | None = Field(default=None, max_length=40)
    assessor: Code
    """A function, never a person's name."""
    advice: str | None = Field(default=None, max_length=4_000)


class PlacementWishes(Word):
    """Where the person may not be placed, and which municipalities may be asked, in order."""

    excluded: frozenset[MunicipalityCode] = frozenset()
    municipalities: tuple[MunicipalityCode, ...] = ()
    group: Code | None = None
