"""What a protection mark means for what is kept, shown, sent, logged and posted; and how cases belong together."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from models.desk import ProtectionMark
from models.words import CheckedRef, Code, Word

Sentence = Annotated[str, StringConstraints(min_length=3, max_length=300)]
Tie = Literal["child", "parent", "sibling", "partner", "relative", "other"]
Line = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class Cited(Word):
    """A consequence, and where it is written."""

    source: str = Field(min_length=3, max_length=160)


class Kept(Cited):
    registered_address: Literal["at-need", "never"]
    """Never: it is not asked for, not derived from anything and not stored."""
    sealed: Literal[True]
    """Addresses are kept sealed, one by one, whatever the mark."""
    derived: Literal["nothing"]
    """No map, no coordinates, no list, no county in a figure is made of an address."""


class Shown(Cited):
    warning: bool
    one_at_a_time: Literal[True]


class Sent(Cited):
    harm_test: bool


class Logged(Cited):
    what: Literal["reference-only"]


class Mail(Cited):
    route: Literal["as-stated", "through-tax-agency"]
    """As stated: to what the person has said is safe. Never to an address that has been looked up."""
    outer: tuple[Line, ...] = Field(default=(), max_length=6)
    """What stands on the outer envelope, where another forwards it."""
    inner: tuple[Line, ...] = Field(default=(), max_length=6)
    window: Literal[False]
    """No address shows through an envelope's window."""


class Expiry(Cited):
    instant: Code | None = None
    """The day that the rules count from, when the mark ends by itself."""
    review_months: int | None = Field(default=None, ge=1, le=60)


class Consequences(Word):
    sv: Sentence
    en: Sentence
    warning_sv: Sentence
    warning_en: Sentence
    kept: Kept
    shown: Shown
    sent: Sent
    logged: Logged
    mail: Mail
    expiry: Expiry


class MarkRules(Word):
    """What follows from every mark there is, from a day on. Data: it can ask for more than the law, never for less."""

    name: Code
    effective_from: date
    marks: dict[ProtectionMark, Consequences]

    @model_validator(mode="after")
    def _nothing_less_than_the_law(self) -> MarkRules:
        if set(self.marks) != set(ProtectionMark):
            raise ValueError("every mark must be said, and no other")
        if not all(each.shown.warning for each in self.marks.values()):
            raise ValueError("every mark warns: that none is known means only that it is not known")
        marked = {mark: each for mark, each in self.marks.items() if mark is not ProtectionMark.UNKNOWN}
        if not all(each.sent.harm_test for each in marked.values()):
            raise ValueError("with a mark, harm is weighed before each disclosure")
        protected = self.marks[ProtectionMark.PROTECTED_REGISTRATION]
        if protected.kept.registered_address != "never" or protected.mail.route != "through-tax-agency":
            raise ValueError("with protected registration the registered address is not kept, and mail is forwarded")
        if not (protected.mail.outer and protected.mail.inner and protected.expiry.instant):
            raise ValueError("protected registration needs its envelopes, and the day that is watched")
        return self

    def of(self, mark: ProtectionMark) -> Consequences:
        return self.marks[mark]


class CaseLink(Word):
    """One case's tie to another, as it is kept, sealed, with the one; the other has its own. Never in the plane."""

    other: CheckedRef
    tie: Tie
    """What the person of the other case is to the person of this one."""
    household: bool = False
    """Whether they live together, so that the strictest mark counts for the children."""
