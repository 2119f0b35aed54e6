"""What happened: the only things that change a case. Ids and codes, never names and never free text."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from models.handoffs import Act, ByPhone, Extension, Paragraph
from models.words import (
    Code,
    Consent,
    ConsentTo,
    CustodyPlace,
    Digest,
    EndCode,
    Function,
    HandoffId,
    Instant,
    ItemId,
    MunicipalityCode,
    Need,
    OrgId,
    RequestKey,
    ResponsibilityBasis,
    Urgency,
    Word,
)


class Organisation(Word):
    """What the core must know of an organisation, carried inside the event that first names it."""

    id: OrgId
    function: Function
    desk: bool
    """False: no software there; reached by phone, secure message or post."""
    active: bool = True
    accepts: Annotated[tuple[Code, ...], Field(max_length=60)] = ()
    """The kinds of handoff it takes; empty when its function alone decides."""


class Actor(Word):
    """Who did it. A claim becomes a signature when the plane has verified it with the organisation's key."""

    org: OrgId
    proof: Literal["claim", "signature"] = "claim"
    key: Annotated[str, StringConstraints(pattern=r"^[A-Z2-7-]{8,80}$")] | None = None
    """Fingerprint of the key that it was signed with."""
    jws: Annotated[str, StringConstraints(max_length=200_000)] | None = Field(default=None, repr=False)
    """The act as it was signed: it travels with the event, and is verified once more before it is recorded."""
    until: Instant | None = None
    """Until when the signature holds, by the machine's clock: sent again later it is no new act."""


class Custody(Word):
    place: CustodyPlace
    ends_at: Instant | None = None


class Responsibility(Word):
    """Which municipality answers for the person, by which paragraph, since when. Follows law, not acceptance."""

    municipality: MunicipalityCode
    basis: ResponsibilityBasis
    since: Instant | None = None


class Facts(Word):
    """Coded facts about a case; None means nothing new is said about it."""

    urgency: Urgency | None = None
    consent: Consent | None = None
    consents: Annotated[dict[ConsentTo, Instant], Field(max_length=len(ConsentTo))] | None = None
    """Until when the consent that is given covers what a case asks of it. What is not here it does not cover."""
    consent_until: Instant | None = None
    """When nothing of it is left."""
    police_track_wanted: bool | None = None
    conditions_signed: bool | None = None
    """The police's form with the conditions for track B (förutsättningar)."""
    responsible: Responsibility | None = None
    stay: MunicipalityCode | None = None
    custody: Custody | None = None
    released: bool | None = None
    minor: bool | None = None
    needs: Annotated[tuple[Need, ...], Field(max_length=20)] | None = None
    instants: Annotated[dict[Code, Instant], Field(max_length=20)] | None = None
    """Days that deadlines count from, by the codes of the rule pack (`lvu-executed`)."""

    @model_validator(mode="after")
    def _covers_as_it_is_given(self) -> Self:
        if self.consent is not Consent.GIVEN and (self.consents or self.consent_until):
            raise ValueError("only a consent that is given covers anything")
        return self


class Opened(Word):
    kind: Literal["opened"] = "opened"
    key: RequestKey
    by: Actor
    opener: Organisation
    facts: Facts
    organisations: tuple[Organisation, ...] = Field(max_length=40)
    """Who acts in this case for each function, by the directory on the day the case was opened."""
    training: bool = False
    clock_offset: timedelta = timedelta(0)
    """Training: how far the case's own time lies from the clock's when it is opened."""


class FactsRecorded(Word):
    kind: Literal["facts-recorded"] = "facts-recorded"
    key: RequestKey
    by: Actor
    facts: Facts


class Sent(Word):
    """A person sends a handoff that the journey did not create by itself."""

    kind: Literal["sent"] = "sent"
    key: RequestKey
    by: Actor
    handoff_kind: Code
    recipient: Organisation
    sender: Organisation
    urgency: Urgency
    parent: HandoffId | None = None
    anchor: Instant | None = None


class Acted(Word):
    kind: Literal["acted"] = "acted"
    key: RequestKey
    by: Actor
    handoff: HandoffId
    act: Act
    reason: Code | None = None
    answer: Code | None = None
    note: ItemId | None = None
    assessment: ItemId | None = None
    by_phone: ByPhone | None = None
    to: Organisation | None = None
    """Rerouting and forwarding: to whom. Not responsible: the authority that is."""
    paragraph: Paragraph | None = None
    extension: Extension | None = None


class RulesAdopted(Word):
    """The case goes over to a newer rule pack. The pack itself travels beside the event and stands in the register."""

    kind: Literal["rules-adopted"] = "rules-adopted"
    key: RequestKey
    by: Actor
    pack: Digest


class ClockMoved(Word):
    """Training mode: the case's time is moved forward. Refused in a case that is not a training case."""

    kind: Literal["clock-moved"] = "clock-moved"
    key: RequestKey
    by: Actor
    forward: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=3 * 366))]


class Disclosed(Word):
    """Something was told to another organisation. What, is known to the two desks; here are ids, categories, ground."""

    kind: Literal["disclosed"] = "disclosed"
    key: RequestKey
    by: Actor
    package: ItemId
    handoff: HandoffId
    recipient: OrgId
    way: Literal["sealed", "letter", "spoken"]
    """Sealed: it lies in the exchange until the recipient's desk has taken it. The others are told already."""
    categories: Annotated[tuple[Code, ...], Field(min_length=1, max_length=20)]
    grounds: Annotated[tuple[Code, ...], Field(min_length=1, max_length=20)]
    digest: Digest
    """Of the ciphertext; of the letter's bytes; of the protocol of what was said."""
    expires_at: Instant | None = None
    """Sealed: when it is destroyed unless it has been taken."""


class Recalled(Word):
    """The sender takes back a package that has not been taken yet; it is destroyed."""

    kind: Literal["recalled"] = "recalled"
    key: RequestKey
    by: Actor
    package: ItemId


class Raised(Word):
    """Something at an organisation that its own managers must know of now. What, is known at its desk."""

    kind: Literal["raised"] = "raised"
    key: RequestKey
    by: Actor
    about: Literal["incident", "break-glass"]
    subject: ItemId | None = None


class Closed(Word):
    kind: Literal["closed"] = "closed"
    key: RequestKey
    by: Actor
    code: EndCode


class TimePassed(Word):
    kind: Literal["time-passed"] = "time-passed"


class Concluded(Word):
    """What follows from an assessment kept at the police's desk. The level and the words stay there."""

    answer: Literal["concluded"] = "concluded"
    needs_protection: bool
    structured: bool
    valid_until: Instant


class CandidatesFound(Word):
    """Whom to ask, in order; filtered at the asking desk against what must never leave it."""

    answer: Literal["candidates-found"] = "candidates-found"
    candidates: tuple[Organisation, ...] = Field(max_length=50)


class Collected(Word):
    """The recipient's vault has the package; the exchange has erased it."""

    answer: Literal["collected"] = "collected"
    package: ItemId


class Received(Word):
    answer: Literal["received"] = "received"


class NotPossible(Word):
    """The desk is reachable but has nothing to work from (no assessment was written, say)."""

    answer: Literal["not-possible"] = "not-possible"
    code: Code


DeskAnswer = Annotated[Concluded | CandidatesFound | Collected | Received | NotPossible, Field(discriminator="answer")]


class DeskReply(Word):
    """A desk's answer as it travels back, signed by the desk's organisation for this very task."""

    answer: DeskAnswer
    jws: Annotated[str, StringConstraints(max_length=200_000)] | None = Field(default=None, repr=False)


class DeskAnswered(Word):
    kind: Literal["desk-answered"] = "desk-answered"
    effect: str
    answer: DeskAnswer
    desk: OrgId | None = None
    jws: Annotated[str, StringConstraints(max_length=200_000)] | None = Field(default=None, repr=False)
    """The answer as the desk signed it: verified before it enters the core, and once more when it is recorded."""


class DeskSilent(Word):
    """An offer to a desk was not taken in time."""

    kind: Literal["desk-silent"] = "desk-silent"
    effect: str


Submitted = Annotated[
    Opened | FactsRecorded | Sent | Acted | Disclosed | Recalled | Raised | ClockMoved | Closed,
    Field(discriminator="kind"),
]
"""What a person or another system submits. Each has a request key and an actor."""
Event = Annotated[
    Opened
    | FactsRecorded
    | Sent
    | Acted
    | Disclosed
    | Recalled
    | Raised
    | RulesAdopted
    | ClockMoved
    | Closed
    | TimePassed
    | DeskAnswered
    | DeskSilent,
    Field(discriminator="kind"),
]


def fingerprint(event: Event) -> str:
    """What a request says, apart from its key and how it was proven: the same key must come with the same request."""
    said = event.model_dump_json(exclude={"key": True, "by": {"proof", "key", "jws", "until"}})
    return hashlib.sha256(said.encode()).hexdigest()
