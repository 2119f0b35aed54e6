"""A handoff: something one organisation asks another to do, with an owner, a clock and a ladder.

States and names follow FHIR Task.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

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
    ACKNOWLEDGE = "acknowledge"
    ACCEPT = "accept"
    DECLINE = "decline"
    START = "start"
    HOLD = "hold"
    RESUME = "resume"
    COMPLETE = "complete"
    FAIL = "fail"
    WITHDRAW = "withdraw"


class Party(StrEnum):
    """Who acts on a handoff, seen from the handoff."""

    REQUESTER = "requester"
    RECIPIENT = "recipient"


class DeadlineName(StrEnum):
    ACKNOWLEDGEMENT = "acknowledgement"
    DECISION = "decision"
    COMPLETION = "completion"
    HOLD = "hold"


class Deadline(Word):
    """One live deadline and how far its ladder has climbed.

    `rung` counts the rungs that have fired and never goes back, so holding, extending or hurrying a
    deadline cannot fire one twice. `next_at` is when the next one fires; None while the clock stands.
    """

    name: DeadlineName
    started: Instant
    due: Instant
    next_at: Instant | None
    rung: int = 0
    recurrences: int = 0
    climbed: dict[Code, int] = {}
    """Rungs already fired on ladders this deadline has left (its urgency changed): they never fire again."""
    late_at_birth: bool = False


class Handoff(Word):
    id: HandoffId
    kind: Code
    urgency: Urgency
    requester: OrgId
    recipient: OrgId
    status: Status
    requested_at: Instant
    business_status: Code | None = None
    parent: HandoffId | None = None
    step: Code | None = None
    anchor: Instant | None = None
    held_at: Instant | None = None
    held_from: Status | None = None
    rested: Deadline | None = None
    """The deadline of the last hold, so that a new hold fires no rung a second time."""
    ended_at: Instant | None = None
    candidates: tuple[OrgId, ...] = ()
    deadlines: tuple[Deadline, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class EndedHandoff(Word):
    """What is kept of an ended handoff in the case's state; the register keeps the whole."""

    id: HandoffId
    kind: Code
    status: Status
    ended_at: Instant
    business_status: Code | None = None
    parent: HandoffId | None = None


class Firing(Word):
    """One rung of one ladder, fired once: identity (handoff, deadline, ladder, rung, recurrence)."""

    handoff: HandoffId
    deadline: DeadlineName
    ladder: Code
    rung: int
    recurrence: int = 0
    due: Instant
    at: Instant
    to: tuple[str, ...]

    @property
    def identity(self) -> str:
        return f"{self.handoff}/{self.deadline}/{self.ladder}/{self.rung}/{self.recurrence}"


ROLES = frozenset(
    {
        "officer",
        "manager",
        "head",
        "director",
        "on-call",
        "manager-on-call",
        "regional-coordinator",
        "national-coordinator",
    }
)
"""Roles of an organisation that a ladder can reach."""
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
