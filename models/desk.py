"""What a desk keeps: words that may hold personal data. Nothing here crosses Temporal or enters the register."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from models.words import Code, Instant, MunicipalityCode, Word


class Category(StrEnum):
    """The kind of thing kept, and so who may see it and on what ground."""

    IDENTITY = "identity"
    CONTACT = "contact"
    ADDRESS = "address"
    PROTECTION_MARK = "protection-mark"
    RELATIVES = "relatives"
    NOTE = "note"
    ASSESSMENT = "assessment"
    PLACEMENT = "placement"
    ENVIRONMENT = "environment"


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
