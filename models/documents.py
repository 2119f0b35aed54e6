"""Documents that are made from templates: what each says. Staff are functions; there is no place for a person's name,
an address for a window envelope, or a case reference."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import Field as Bounded

from models.access import Role
from models.file_requests import Appeal, Asker, Field, Ground, Regime
from models.words import Code, Instant, Word


class Way(StrEnum):
    FORWARDED = "forwarded"
    """Outer envelope to the Tax Agency, which sends the inner one on."""
    SAFE_CONTACT = "safe-contact"
    """Handed over in the way agreed with the person; nothing is mailed."""
    TO_FUNCTION = "to-function"


class Mailing(Word):
    """How a letter is sent. The sender's name is neutral, and no address shows through a window."""

    way: Way
    outer: tuple[str, ...] = ()
    """What is written on the outer envelope, line by line."""
    inner_personnummer: bool = False
    """The inner envelope is marked with the personnummer, by hand, and with nothing else."""
    window: Literal[False] = False
    neutral_sender: Literal[True] = True


class Sender(Word):
    """Whom a document is from: the organisation's neutral name, from its settings, and a function."""

    name: str = Bounded(min_length=1, max_length=80)
    function: Role


class Recipient(Word):
    """Whom a document is for: how an asker stands, or an organisation by its name in the directory. No person's."""

    asker: Asker | None = None
    organisation: str | None = Bounded(default=None, min_length=1, max_length=80)


class Document(Word):
    sender: Sender
    recipient: Recipient
    day: date
    copy_number: int = Bounded(default=1, ge=1, le=9_999)
    mailing: Mailing | None = None
    """How it is sent, where that is not whoever writes it who decides. Stands on the document itself."""


class DisclosureLetter(Document):
    """What is given to a recipient that has no desk: exactly the fields of the preview."""

    kind: Literal["disclosure-letter"] = "disclosure-letter"
    ground: str = Bounded(min_length=1, max_length=200)
    """The paragraph, as the sharing rules write it."""
    fields: tuple[Field, ...] = Bounded(min_length=1, repr=False)
    reservation: str | None = Bounded(default=None, max_length=2_000)
    """A condition on how it may be used (förbehåll, OSL 10:14)."""


class SpokenField(Word):
    """One field in a conversation: what it was, and whether it was said. Its content is not written down again."""

    label: str = Bounded(min_length=1, max_length=80)
    said: bool


class SpokenDisclosure(Document):
    """What was said to a recipient without a desk, field by field."""

    kind: Literal["spoken-disclosure"] = "spoken-disclosure"
    ground: str = Bounded(min_length=1, max_length=200)
    spoken_at: Instant
    called_back: bool
    """Called back on a number from the directory, not on one that the caller gave."""
    fields: tuple[SpokenField, ...] = Bounded(min_length=1)
    reservation: str | None = Bounded(default=None, max_length=2_000)


class Section(Word):
    """One thing of a file."""

    category: Code
    decision: bool = False
    fields: tuple[Field, ...] = Bounded(default=(), repr=False)


class FilePackage(Document):
    """A file, or what of it may be shown, with the decision about the rest and how to appeal it."""

    kind: Literal["file-package"] = "file-package"
    regime: Regime
    sections: tuple[Section, ...] = Bounded(default=(), repr=False)
    told: tuple[Ground, ...] = ()
    appeal: Appeal
    own: bool = False
    """For the person whose file it is: to nobody else are the words of `rules.unsaid` shown."""


class RefusedRequest(Document):
    """A decision in writing not to show, and how to appeal it. Says nothing of whether there is anything."""

    kind: Literal["refused-request"] = "refused-request"
    regime: Regime
    told: tuple[Ground, ...]
    appeal: Appeal
    private: bool = False
    """The regime does not bind whoever was asked: says whom to turn to instead."""


class Receipt(Document):
    """That a request has come, what it was taken for, and when an answer comes at the latest."""

    kind: Literal["receipt"] = "receipt"
    regime: Regime
    received: date
    answer_by: date
    number: Code
    """The first characters of the request's own id: not a case's reference."""


AnyDocument = DisclosureLetter | SpokenDisclosure | FilePackage | RefusedRequest | Receipt
