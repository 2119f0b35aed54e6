"""The state of one case: everything the core decides from, small enough to be carried whole."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Literal

from pydantic import Field

from models.desk_work import DeskTask
from models.events import Custody, Event, Organisation, Responsibility
from models.handoffs import EndedHandoff, Firing, Handoff, Status, StatusChange
from models.words import (
    CaseRef,
    Code,
    Consent,
    ConsentTo,
    Digest,
    EndCode,
    Function,
    HandoffId,
    Instant,
    ItemId,
    MunicipalityCode,
    Need,
    OrgId,
    Phase,
    RequestKey,
    TrackB,
    Urgency,
    Word,
)


class Kept(Word):
    """A handoff that a withdrawn one had caused and that stands: what has happened can't be undone."""

    handoff: HandoffId
    reason: Code


class Receipt(Word):
    """The answer to a submitted event; kept, so that the same key gives the same answer."""

    request: str = ""
    """Fingerprint of the request that was answered: its key serves no other."""
    revision: int
    at: Instant
    phase: Phase
    handoff: HandoffId | None = None
    status: Status | None = None
    kept: tuple[Kept, ...] = ()
    """What a withdrawal could not take back, and why."""


About = Literal[
    "rung",
    "assessment-lapsed",
    "desk-unreachable",
    "late-at-birth",
    "answer-recorded",
    "returned",
    "expired",
    "measure-lapsed",
    "answered-after-expiry",
    "package-not-taken",
    "package-waiting",
    "incident",
    "break-glass",
    "incident-open",
    "review-overdue",
]
"""What a notice may be about."""


class Notice(Word):
    """A content-free message to a role of an organisation. Its id makes sending it twice harmless."""

    id: str
    org: OrgId
    role: Code
    about: About
    handoff: HandoffId | None = None
    due: Instant | None = None


class DeskEffect(Word):
    """A question to a desk, a row of state until that desk has answered. A desk may be down for days."""

    task: DeskTask
    created_at: Instant
    next_try: Instant
    attempts: int = 0
    unreachable: bool = False


class Assessment(Word):
    """What the plane knows of the threat assessment: its consequence and its last day, not its level."""

    asked_at: Instant
    needs_protection: bool
    structured: bool
    valid_until: Instant
    lapsed: bool = False


class Package(Word):
    """A sealed package that its recipient has not taken yet."""

    handoff: HandoffId
    sender: OrgId
    recipient: OrgId
    grounds: tuple[Code, ...]
    expires_at: Instant


class Entry(Word):
    """One revision of the case as it goes to the register: what happened, and what came of it."""

    revision: int
    at: Instant
    event: Event
    digest: Digest
    pack: Digest
    """The rule pack that decided it: a case may have gone over to a newer one."""
    phase: Phase
    receipt: Receipt | None = None
    handoffs: tuple[Handoff, ...] = ()
    changes: tuple[StatusChange, ...] = ()
    firings: tuple[Firing, ...] = ()
    notices: tuple[Notice, ...] = ()
    destroyed: tuple[ItemId, ...] = ()
    """Packages that must not be delivered any more: the exchange destroys them with this revision."""


class CaseState(Word):
    case: CaseRef
    training: bool = False
    clock_offset: timedelta = timedelta(0)
    """Training only: the case's now is the workflow's now plus this."""
    revision: int = 0
    phase: Phase = Phase.FIRST_CONTACT
    opened_at: Instant | None = None
    opener: OrgId | None = None
    urgency: Urgency = Urgency.ORDINARY
    stay: MunicipalityCode | None = None
    responsible: Responsibility | None = None
    consent: Consent = Consent.NOT_ASKED
    """Whether anything at all may be told by consent, as who keeps it for the case says."""
    consents: dict[ConsentTo, Instant] = {}
    """What may be told by it to those whom the case itself asks, until when. Nothing here means none of them."""
    consent_until: Instant | None = None
    police_track_wanted: bool = False
    track_b: TrackB = TrackB.NOT_TRIED
    police_eligible: bool = False
    conditions_signed: bool = False
    custody: Custody | None = None
    minor: bool = False
    needs: tuple[Need, ...] = ()
    assessment: Assessment | None = None
    organisations: dict[OrgId, Organisation] = {}
    acting: dict[Function, OrgId] = {}
    """Who acts in this case for a function, unless a handoff says otherwise."""
    anchors: dict[Code, Instant] = {}
    """Instants that later deadlines count from: `decided`, `release`, `care-ends`."""
    handoffs: dict[HandoffId, Handoff] = {}
    ended: dict[HandoffId, EndedHandoff] = {}
    ended_earlier: int = 0
    completed_kinds: tuple[Code, ...] = ()
    steps: dict[Code, Instant] = {}
    created: int = 0
    answered: dict[RequestKey, Receipt] = {}
    packages: dict[ItemId, Package] = {}
    """Sealed packages under way, by id. A package that was taken or destroyed is in the log, not here."""
    desk_effects: dict[str, DeskEffect] = {}
    desk_effects_made: int = 0
    closed: EndCode | None = None
    pending: tuple[Entry, ...] = Field(default=(), repr=False)
    """Revisions that the register has not yet confirmed."""

    def digest(self) -> str:
        """SHA-256 of what was decided. What is still to be recorded does not count."""
        return hashlib.sha256(self.model_dump_json(exclude={"pending"}).encode()).hexdigest()
