"""What an authority has demanded by a law of its own, as the desk that was asked keeps it."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Literal

from models.sharing import Demand
from models.words import CaseRef, Code, HandoffId, Instant, ItemId, Word

DEMAND: Code = "demand"
"""The kind of handoff, own work, whose clock and ladder a demand runs on; and what the sharing rules call answering."""


class DemandState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    REFUSED = "refused"


class WhyRefused(StrEnum):
    """Why a demand is not met. A person decides that, and it is the desk's own decision."""

    EXTRAORDINARY_REASONS = "extraordinary-reasons"
    """Only against a demand whose paragraph makes that exception (lag 2025:170 section 4)."""
    NOT_THEIR_RIGHT = "not-their-right"
    NOT_HELD_HERE = "not-held-here"
    WITHDRAWN = "withdrawn"
    """Whoever demanded it does so no longer."""
    ANSWERED_OTHERWISE = "answered-otherwise"
    """What was demanded has been told already, in a handoff with that authority."""


class KeptDemand(Word):
    """A demand at the desk. Who demanded what by which law stands nowhere else."""

    id: ItemId
    case: CaseRef
    demand: Demand
    recorded_at: Instant
    handoff: HandoffId | None = None
    """The handoff that its clock runs on; None while the plane has not been reached."""
    state: DemandState = DemandState.OPEN
    settled_at: Instant | None = None
    package: ItemId | None = None
    """The disclosure that answered it, or that has been begun to answer it."""
    why: WhyRefused | None = None
    clock_stopped: bool = False
    """Whether the handoff has been told that it is settled."""


class StandingDemand(Word):
    """A demand as people read it in the list: with its paragraph, and by when."""

    id: ItemId
    handoff: HandoffId | None
    law: Code
    paragraph: str
    authority: Code
    """The organisation, or the kind of authority where it has none here."""
    categories: tuple[Code, ...]
    received_at: Instant
    due: Instant | None
    late: timedelta | None = None
    """How long it has been overdue; None when it is not, or is settled."""
    state: DemandState
    why: WhyRefused | None = None


Way = Literal["letter", "spoken", "sealed"]
"""How a demand is answered. Sealed needs an open handoff with that authority: nothing goes to who has no part."""
