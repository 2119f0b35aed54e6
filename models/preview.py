"""What a recipient is about to see, field by field, what stays behind and why; and the card for an acute night."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from functools import cached_property
from typing import Literal

from pydantic import Field

from models.access import Role
from models.calendars import Name
from models.sharing import FieldName
from models.words import CaseRef, Code, Digest, HandoffId, ItemId, OrgId, Word


class Text(Word):
    """A sentence as people read it."""

    sv: str
    en: str


class Held(Word):
    """One thing of the vault, as far as it may come into question: its fields as text."""

    item: ItemId
    category: Code
    fields: dict[FieldName, str]
    number: int | None = None
    """Of an address: what it is chosen by."""
    not_kept: bool = False
    """It is there and may not be: it is offered to nobody, and to be removed."""


class Sending(Word):
    """Who sends what kind of thing to whom. Staff are roles: there is no place for a person's name."""

    case: CaseRef
    handoff: HandoffId | None = None
    kind: Code
    """A kind of the rule pack, or `demand`: an authority has demanded by a law of its own."""
    way: Literal["request", "answer"] = "request"
    sender: OrgId
    sender_role: Role
    recipient: Code
    recipient_org: OrgId | None = None
    recipient_role: Role | None = None


class SentField(Word):
    field: FieldName
    value: str


class Section(Word):
    """One thing that is told, with the ground it is told by."""

    category: Code
    ground: Code
    paragraph: str
    fields: tuple[SentField, ...]


class Package(Word):
    """Exactly what is sent. Nothing in it depends on when it was put together."""

    sending: Sending
    sections: tuple[Section, ...]
    reservation: str | None = None
    """What the recipient may not do with it (förbehåll, OSL 10:14)."""

    @cached_property
    def digest(self) -> Digest:
        """SHA-256 over canonical JSON: what was previewed and what is sent are the same when this is."""
        said = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def categories(self) -> tuple[Code, ...]:
        return tuple(dict.fromkeys(section.category for section in self.sections))

    @property
    def grounds(self) -> tuple[Code, ...]:
        return tuple(dict.fromkeys(section.ground for section in self.sections))


class ShownField(Word):
    """A field as the sender sees it before sending."""

    category: Code
    category_name: Name
    field: FieldName
    name: Name
    value: str


class WhyWithheld(StrEnum):
    """Why something stays behind. What no rule opens and what is never told look the same."""

    NOT_NEEDED = "not-needed"
    """What it is sent for does not need it."""
    ONLY_A_PART = "only-a-part"
    """The ground reaches a part of the category, and this is not in it."""
    NOT_ALLOWED = "not-allowed"
    LACKING = "lacking"
    PERSON_DECIDES = "person-decides"
    """A duty: it goes when a person has decided so."""
    STEPS_LEFT = "steps-left"
    ONE_AT_A_TIME = "one-at-a-time"
    NOT_KEPT = "not-kept"
    """What may not be kept for this person, and was before that was known."""
    UNSAID = "unsaid"
    """It says something that nothing that is told ever says. Which words is not repeated: who writes corrects it."""
    NAMES_STAFF = "names-staff"
    UNKNOWN_FIELD = "unknown-field"
    EMPTY = "empty"


class Withheld(Word):
    category: Code
    field: FieldName | None = None
    """None: all of it."""
    code: WhyWithheld
    why: Text


class Warned(Word):
    code: Code
    text: Text


class Preview(Word):
    """What the sender sees: the package itself, and around it what the recipient never gets."""

    package: Package
    shown: tuple[ShownField, ...]
    withheld: tuple[Withheld, ...]
    always: Text
    """The same sentence in every preview, so that it says nothing of this case."""
    warnings: tuple[Warned, ...]
    harm_test_needed: bool
    """With a protection mark, or when nobody has looked: recorded before each disclosure."""
    review_after: bool
    by_consent: bool
    """Something in it stands on consent: it is called back when consent is withdrawn."""
    digest: Digest
    rules: str | None

    @property
    def empty(self) -> bool:
        return not self.package.sections


class CardLine(Word):
    recipient: Code
    text: Text


class AcuteCard(Word):
    """What may be told to whom without consent, in three lines."""

    heading: Text
    lines: tuple[CardLine, ...] = Field(min_length=3, max_length=3)
    rules: str | None
