"""What somebody has said of the circumstances of telling: kept at the desk. Nobody has said is not no."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.words import OrgId, Word

OF_A_RECIPIENT = frozenset({"reservation", "reservation_text", "recipient_professional", "compulsory_placement"})
"""What is so of one recipient, and of no other."""


class StatedFacts(Word):
    recipient: OrgId | None = None
    """Whom it is about, for what is so of one recipient only."""
    risk_of_crime: bool | None = None
    child_at_risk: bool | None = None
    lvm_need: bool | None = None
    addiction: bool | None = None
    compulsory_psychiatry: bool | None = None
    pregnant: bool | None = None
    holder_professional: bool | None = None
    reservation: bool | None = None
    """A reservation is decided for the recipient (OSL 10:14), and is told with what it is about."""
    reservation_text: str | None = Field(default=None, min_length=1, max_length=2_000)
    """Its words; without any, those of `rules.stated.RESERVATION`."""
    recipient_professional: bool | None = None
    compulsory_placement: bool | None = None

    @model_validator(mode="after")
    def _says_of_whom(self) -> Self:
        if self.recipient is None and any(getattr(self, name) is not None for name in OF_A_RECIPIENT):
            raise PydanticCustomError("recipient_missing", "is so of one recipient, and does not say which")
        return self
