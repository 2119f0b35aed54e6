"""Requests and answers between plane and desks, and a case's input. Pydantic only: no Temporal types."""

from __future__ import annotations

from models.case import CaseState, Entry
from models.events import Actor, Opened, Organisation
from models.handoffs import ByPhone
from models.packs import RulePack, ThreatLevel
from models.words import CaseRef, Code, Digest, HandoffId, Instant, ItemId, OrgId, RequestKey, Word

PLANE_QUEUE = "plane"


def desk_queue(org: OrgId) -> str:
    """The task queue that only this organisation's desk serves."""
    return f"desk-{org}"


RECORD = "record-revisions"
STORE_PACK = "store-rule-pack"


class CaseInput(Word):
    """A run's whole input. `opening` is set in the first run only; later runs carry the state on."""

    state: CaseState
    pack: RulePack
    opening: Opened | None = None
    events_per_run: int = 400


class Recording(Word):
    """Revisions to store once each, with the state after the last of them."""

    case: CaseRef
    pack_digest: Digest
    pack: RulePack | None = None
    entries: tuple[Entry, ...]
    snapshot: CaseState


class Recorded(Word):
    """The digests that stand in the register for the revisions asked about, in the same order."""

    digests: tuple[Digest, ...]


class Refusal(Word):
    """Why something is not possible, and what is possible instead. A value, not an exception."""

    code: Code
    possible: tuple[str, ...] = ()
    detail: str | None = None
    """A handoff id, a status or a paragraph. Never text that a person wrote."""


class Delivery(Word):
    """`receive`: a handoff arrives in the recipient desk's Att göra. Reference and codes only."""

    effect: str
    desk: OrgId
    case: CaseRef
    handoff: HandoffId
    kind: Code
    requester: OrgId
    requested_at: Instant
    answer_by: Instant | None


class AssessmentQuestion(Word):
    """`conclude-assessment`: what follows for others from the assessment kept at this desk?"""

    effect: str
    desk: OrgId
    case: CaseRef
    item: ItemId | None
    asked_at: Instant
    levels: dict[Code, ThreatLevel]


class CandidateQuestion(Word):
    """`find-candidates`: whom may this desk ask, nearest first, outside every exclusion area it knows of?"""

    effect: str
    desk: OrgId
    case: CaseRef
    step: Code


class Note(Word):
    """Something in words, kept at its author's desk. Never crosses Temporal."""

    id: ItemId
    case: CaseRef
    author: Actor
    text: str


class PhoneRecord(Word):
    """The file behind `--by-phone`: the coded part travels, the note stays at the recorder's desk."""

    answer: ByPhone
    note: str | None = None


class Opening(Word):
    """What the opener's desk keeps so that a case whose opening was interrupted still starts."""

    key: RequestKey
    case: CaseRef
    input: CaseInput
    organisation: Organisation
