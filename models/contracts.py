"""Requests and answers between plane and desks, and a case's input. Pydantic only: no Temporal types."""

from __future__ import annotations

from models.case import CaseState, Entry
from models.desk_work import DeskTask
from models.events import DeskReply, Opened, RulesAdopted
from models.packs import RulePack
from models.words import CaseRef, Code, Digest, Instant, OrgId, RequestKey, Word

PLANE_QUEUE = "plane"


def desk_queue(org: OrgId) -> str:
    """The task queue that only this organisation's desk serves."""
    return f"desk-{org}"


RECORD = "record-revisions"
SUBMIT = "submit"
ADOPT = "adopt-rules"
CHECK_REPLY = "check-reply"
STANDING = "standing"


class CaseInput(Word):
    """A run's whole input. `opening` is set in the first run only; later runs carry the state on."""

    state: CaseState
    pack: RulePack
    opening: Opened | None = None
    events_per_run: int = 400


class ReplyToCheck(Word):
    """A desk's answer to a task, before the core believes it."""

    task: DeskTask
    reply: DeskReply


class Adoption(Word):
    """The `adopt-rules` Update: what is asked, and the compiled pack that the case is to go over to."""

    event: RulesAdopted
    pack: RulePack


class Recording(Word):
    """Revisions to store once each, with the state after the last of them."""

    case: CaseRef
    pack_digest: Digest
    pack: RulePack | None = None
    """With the revision that began under it: kept once, so that the register alone can explain and replay the case."""
    entries: tuple[Entry, ...]
    snapshot: CaseState


class Recorded(Word):
    """The digests that stand in the register for the revisions asked about, in the same order."""

    digests: tuple[Digest, ...]


class Standing(Word):
    """A case as it stands: its state, and its own now (in training not the wall clock's)."""

    state: CaseState
    now: Instant
    pack: Digest | None = None
    """The rules that the case carries."""


class Refusal(Word):
    """Why something is not possible, and what is possible instead. A value, not an exception."""

    code: Code
    possible: tuple[str, ...] = ()
    detail: str | None = None
    """A handoff id, a status or a paragraph. Never text that a person wrote."""


class Opening(Word):
    """What the opener's desk keeps so that a case whose opening was interrupted still starts."""

    key: RequestKey
    case: CaseRef
    event: Opened
    started: bool = False
