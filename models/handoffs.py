"""A handoff: something one organisation asks another to do, with an owner, a clock and a ladder.

States and names follow FHIR Task.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import StringConstraints

from models.calendars import Clock, Span
from models.words import Code, HandoffId, Instant, OrgId, Urgency, Word


class Status(StrEnum):
    REQUESTED = "requested"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IN_PROGRESS = "in-progress"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"


OPEN = frozenset({Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD})


class Act(StrEnum):
    """What can be done with a handoff. The last four are done by the system, never by a person."""

    ACKNOWLEDGE = "acknowledge"
    ACCEPT = "accept"
    DECLINE = "decline"
    NOT_RESPONSIBLE = "not-responsible"
    RETURN = "return"
    SUPPLY = "supply"
    START = "start"
    HOLD = "hold"
    RESUME = "resume"
    COMPLETE = "complete"
    FAIL = "fail"
    WITHDRAW = "withdraw"
    REROUTE = "reroute"
    FORWARD = "forward"
    REOPEN = "reopen"
    ENTER_IN_ERROR = "enter-in-error"
    EXTEND = "extend"
    ESCALATE = "escalate"
    ACKNOWLEDGE_ALARM = "acknowledge-alarm"
    EXPIRE = "expire"
    LAPSE = "lapse"
    CANCEL = "cancel"
    SETTLE = "settle"


class Party(StrEnum):
    """Who acts on a handoff, seen from the handoff."""

    REQUESTER = "requester"
    RECIPIENT = "recipient"
    COORDINATOR = "coordinator"
    SYSTEM = "system"


class DeadlineName(StrEnum):
    ACKNOWLEDGEMENT = "acknowledgement"
    DECISION = "decision"
    COMPLETION = "completion"
    HOLD = "hold"
    SUPPLEMENT = "supplement"
    """A returned handoff: the requester owes what was missing."""


WATCHES = frozenset({DeadlineName.HOLD, DeadlineName.SUPPLEMENT})
"""Deadlines that watch a handoff while it rests, and are gone when it goes on."""
Paragraph = Annotated[str, StringConstraints(pattern=r"^[A-ZÅÄÖa-zåäö0-9][A-ZÅÄÖa-zåäö0-9:.,§ -]{1,38}$")]
"""A reference to the law such as `SoL 29:4`. Only those that a kind lists are ever taken."""


class Extension(Word):
    """A decision to give a deadline more time: who decided, on which ground, and how much."""

    deadline: DeadlineName
    by: Code
    ground: Code
    span: Span


class Move(Word):
    """Why a deadline's end was moved after it was first set: what `deadline explain` tells."""

    why: Literal["held", "hurried", "extended", "date-moved", "rules-adopted", "rerouted", "reopened"]
    at: Instant
    before: Instant
    """When it was due before."""
    after: Instant
    since: Instant | None = None
    """When it was held: from when the clock stood."""
    extension: Extension | None = None


class Deadline(Word):
    """One live deadline, how much of its time is used, and how far its ladder has climbed.

    `budget` and `consumed` are lengths on the deadline's own clock: real time, office time, or whole calendar days.
    While the clock runs, what is consumed is the time since `started`; while it stands, it is `consumed`.
    `rung` counts the rungs that have fired and never goes back, so holding, extending or hurrying a deadline cannot
    fire one twice. `next_at` is when the next one fires; None while the clock stands.
    """

    name: DeadlineName
    clock: Clock
    origin: Instant
    """What the term counts from: the request, the acceptance, or the event that a countdown counts back from."""
    started: Instant
    """When the clock began to run, moved on by the time it has stood."""
    due: Instant
    budget: timedelta
    stands: bool = False
    consumed: timedelta = timedelta(0)
    """What was used of the budget when the clock was stopped; nothing while it runs."""
    next_at: Instant | None
    falls_at: Instant | None = None
    """When missing it has a consequence of its own (it lapses, a report is due); None when it has none."""
    rung: int = 0
    recurrences: int = 0
    climbed: dict[Code, int] = {}
    """Rungs already fired on ladders this deadline has left (its urgency changed): they never fire again."""
    late_at_birth: bool = False
    extensions: int = 0
    extended: timedelta = timedelta(0)
    """How much its extensions have added, on its own clock: given again when the day it counts from is corrected."""
    alarm_acknowledged: int = 0
    """How many of its alarms (rungs and repeats) had sounded when somebody last acknowledged one."""
    moves: tuple[Move, ...] = ()

    @property
    def since(self) -> Instant | None:
        """From when the running time counts; None while the clock stands."""
        return None if self.stands else self.started

    @property
    def alarms(self) -> int:
        return self.rung + self.recurrences


class Handoff(Word):
    id: HandoffId
    kind: Code
    urgency: Urgency
    requester: OrgId
    recipient: OrgId
    status: Status
    requested_at: Instant
    accepted_at: Instant | None = None
    business_status: Code | None = None
    parent: HandoffId | None = None
    rerouted_from: HandoffId | None = None
    """The handoff that this one replaces because it had gone to the wrong recipient; the chain is kept."""
    step: Code | None = None
    anchor: Instant | None = None
    held_at: Instant | None = None
    held_from: Status | None = None
    disclaimed_to: OrgId | None = None
    """The authority that the recipient has named as responsible instead of itself."""
    paragraph: Paragraph | None = None
    rested: tuple[Deadline, ...] = ()
    """The watches of earlier rests, stopped: a new rest goes on with the time and the rungs that the last one left."""
    round: int = 0
    """How many times its ladders have begun anew: it was reopened, or went over to rules with other ladders."""
    ended_at: Instant | None = None
    ended_from: Status | None = None
    """Where it was when it ended: reopening leads back there."""
    candidates: tuple[OrgId, ...] = ()
    deadlines: tuple[Deadline, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class EndedHandoff(Word):
    """What is kept of an ended handoff in the case's state; the register keeps the whole."""

    id: HandoffId
    kind: Code
    urgency: Urgency
    requester: OrgId
    recipient: OrgId
    status: Status
    requested_at: Instant
    accepted_at: Instant | None = None
    ended_at: Instant
    ended_from: Status
    business_status: Code | None = None
    parent: HandoffId | None = None
    step: Code | None = None
    anchor: Instant | None = None
    round: int = 0


class StatusChange(Word):
    """A handoff has come from one status to another: what the outbox tells other systems, identifiers only."""

    handoff: HandoffId
    kind: Code
    requester: OrgId
    recipient: OrgId
    before: Status | None
    """None when it was created."""
    after: Status
    business_status: Code | None = None


class Firing(Word):
    """One rung of one ladder, fired once: identity (handoff, round, deadline, ladder, rung, recurrence)."""

    handoff: HandoffId
    round: int = 0
    deadline: DeadlineName
    ladder: Code
    rung: int
    recurrence: int = 0
    due: Instant
    at: Instant
    to: tuple[str, ...]

    @property
    def identity(self) -> str:
        which = f"{self.handoff}.{self.round}" if self.round else self.handoff
        return f"{which}/{self.deadline}/{self.ladder}/{self.rung}/{self.recurrence}"


ROLES = frozenset(
    {
        "officer",
        "manager",
        "head",
        "director",
        "on-call",
        "manager-on-call",
        "decision-maker",
        "regional-coordinator",
        "national-coordinator",
    }
)
"""Roles of an organisation that a ladder can reach. `decision-maker`: the chair, the appointed member or whom the
delegation order names, on call (LVU 6 §, LVM 13 §, 2024:79 4:1)."""
ANSWERERS = ROLES | {"duty-commander", "prosecutor", "court-officer", "nurse", "staff"}
"""Functions that may be named as having answered by phone. Never a person's name."""


class ByPhone(Word):
    """An answer given by phone or post and recorded by the sender; who answered and how it was verified.

    Carries codes and the function of the person who answered, never a name or a number.
    """

    channel: Literal["phone", "post", "secure-message"]
    answered_by: Code
    answered_at: Instant
    verified: Literal[
        "called-back-directory-number", "known-voice", "signed-letter", "function-address", "not-verified"
    ]
