"""What the plane asks of a desk. Reference and codes only: these words cross Temporal."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from models.packs import ThreatLevel
from models.words import CaseRef, Code, HandoffId, Instant, ItemId, OrgId, Word


class Receive(Word):
    """A handoff arrives in the recipient desk's Att göra."""

    work: Literal["receive"] = "receive"
    case: CaseRef
    handoff: HandoffId
    kind: Code
    requester: OrgId
    requested_at: Instant
    answer_by: Instant
    round: int = 0
    """How many times it has been opened anew. A later round wins over an earlier one, whichever arrives first."""


class TakeBack(Word):
    """A handoff was withdrawn or has ended: it leaves Att göra, and the access that it gave ends."""

    work: Literal["take-back"] = "take-back"
    case: CaseRef
    handoff: HandoffId
    round: int = 0
    access_ends: bool = True
    """False while another live handoff, or the organisation's own part in the case, still gives access to it."""


class ConcludeAssessment(Word):
    """What follows for others from the assessment kept at this desk?"""

    work: Literal["conclude-assessment"] = "conclude-assessment"
    case: CaseRef
    handoff: HandoffId
    item: ItemId
    asked_at: Instant
    levels: dict[Code, ThreatLevel]


class FindCandidates(Word):
    """Whom may this desk ask, nearest first, outside every exclusion area it knows of?"""

    work: Literal["find-candidates"] = "find-candidates"
    case: CaseRef
    step: Code


class Collect(Word):
    """A sealed package waits for this desk in the exchange."""

    work: Literal["collect"] = "collect"
    case: CaseRef
    handoff: HandoffId
    package: ItemId
    sender: OrgId


DeskQuestion = Annotated[
    Receive | TakeBack | ConcludeAssessment | FindCandidates | Collect, Field(discriminator="work")
]


class DeskTask(Word):
    """One question to one desk. The id makes doing it twice harmless."""

    id: str
    desk: OrgId
    question: DeskQuestion
