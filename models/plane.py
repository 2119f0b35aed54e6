"""What is asked of the plane over its API, and what it answers. Everything is asked in a body: no reference stands in
a URL, and so in no access log."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from models.case import Receipt
from models.contracts import Refusal
from models.events import Event
from models.exchange import Delivery, Envelope
from models.published_keys import Fingerprint, PublishedKey, WhyRevoked
from models.retention import Closure
from models.words import CaseRef, CheckedRef, Code, Digest, ItemId, OrgId, RequestKey, Word

LARGEST_REQUEST = 1024 * 1024
"""Bytes. A sealed package is the largest thing that is sent."""
SignedText = Annotated[str, Field(max_length=LARGEST_REQUEST)]


class Done(Word):
    """An act as its organisation signed it (JWS), for one case."""

    case: CheckedRef
    act: SignedText


class Outcome(Word):
    """What came of an act: its receipt, or why it was refused."""

    receipt: Receipt | None = None
    refusal: Refusal | None = None


class Foresight(Word):
    """Would this be refused? Asked before anything is kept at a desk for it."""

    case: CheckedRef
    event: Event


class AboutCase(Word):
    case: CheckedRef


class AboutKey(Word):
    key: RequestKey


class AboutPack(Word):
    digest: Digest


class AboutOpen(Word):
    recipient: OrgId | None = None
    requester: OrgId | None = None


class AboutCases(Word):
    org: OrgId | None = None
    """Only those that this organisation has a part in."""


class AboutDeadlines(Word):
    case: CheckedRef | None = None


class AboutPackage(Word):
    package: ItemId


class AboutOrganisation(Word):
    org: OrgId | None = None
    """None: every organisation's."""


class Alarm(Word):
    """Something that an organisation's own managers must know of now, where the case itself can't tell them: it is
    over, or known to the organisation's desk alone. Codes and ids; what it is about stands at that desk."""

    case: CheckedRef
    about: Literal["incident", "break-glass", "incident-open", "review-overdue"]
    subject: ItemId
    """The same one again is the same alarm."""


class Revocation(Word):
    """Of this organisation's key nothing is to be believed any more: said by itself, or by the plane's operator."""

    org: OrgId
    fingerprint: Fingerprint
    reason: WhyRevoked


class Leased(Word):
    """A sealed package for the desk that it is meant for, or why not."""

    envelope: Envelope | None = None
    refusal: Refusal | None = None


class Deliveries(Word):
    deliveries: tuple[Delivery, ...] = ()


class Published(Word):
    keys: tuple[PublishedKey, ...] = ()


class Fault(Word):
    """Why a request was not answered. A code; never what was asked."""

    code: Code
    detail: str | None = None


class Nothing(Word):
    """A question without particulars."""


class Rows(Word):
    """Rows of the register, as JSON objects."""

    rows: tuple[dict[str, Any], ...] = ()


class KnownClosure(Word):
    """How a case stands, for whoever has or had a part in it; nothing for others."""

    closure: Closure | None = None


class KnownReceipt(Word):
    case: CaseRef | None = None
    receipt: Receipt | None = None
