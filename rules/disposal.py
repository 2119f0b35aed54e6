"""The core of a desk's disposal: (state, event, now, pace) -> new state, or why not. Pure.

One list at a time: it is drawn at the desk, waits for the archive role, is carried out, and ends in one certificate.
The state holds the list's id, digest and count; which files are on it only the desk knows. What the desk is asked to do
is the state's `errand`: a row, so that a desk that is down for days loses nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from models.access import Role
from models.contracts import Refusal
from models.retention import (
    Approved,
    Asked,
    Carried,
    DeskAnswered,
    DeskSilent,
    Errand,
    ListRefused,
    LookAsked,
    Looked,
    NotToBeDone,
    Pace,
    RetentionEvent,
    RetentionReceipt,
    RetentionState,
    TimePassed,
    WaitingList,
    fingerprint,
)
from models.words import Code

MAY: dict[Code, frozenset[Role]] = {
    "approve-disposal": frozenset({Role.ARCHIVIST}),
    "refuse-disposal": frozenset({Role.ARCHIVIST}),
    "retention-hold": frozenset({Role.ARCHIVIST, Role.UNIT_MANAGER, Role.CASEWORKER, Role.OFFICER}),
    "retention-release": frozenset({Role.ARCHIVIST, Role.UNIT_MANAGER}),
    "retention-note": frozenset({Role.ARCHIVIST, Role.UNIT_MANAGER, Role.CASEWORKER, Role.OFFICER}),
}
"""Who may do what about a file's disposal. Anybody who works with a file may hold it back; only the archive role
disposes of it."""
MOST_KEYS_KEPT = 50
MOST_SETTLED_KEPT = 20


def may(role: Role, act: Code) -> bool:
    return role in MAY.get(act, frozenset())


def decide(state: RetentionState, event: RetentionEvent, now: datetime, pace: Pace) -> RetentionState | Refusal:
    """The state after `event` at `now`, or why it is refused. Same arguments, same answer.

    A request key that has been answered changes nothing; neither does a reply to an errand that is over.
    """
    now = now.astimezone(UTC)
    match event:
        case Approved() | ListRefused() | LookAsked():
            return asked(state, event, now, pace)
        case DeskAnswered(reply=reply):
            if state.errand is None or state.errand.id != reply.errand:
                return state
            return answered(state, reply.answer, now, pace)
        case DeskSilent(errand=errand):
            if state.errand is None or state.errand.id != errand:
                return state
            return offered_again(state, state.errand, now, pace)
        case TimePassed():
            is_time = state.errand is None and state.look_at is not None and state.look_at <= now
            return look(changed(state), now) if is_time else state


def asked(state: RetentionState, event: Asked, now: datetime, pace: Pace) -> RetentionState | Refusal:
    """What people ask for."""
    if event.key in state.answered:
        same = state.answered[event.key].request == fingerprint(event)
        return state if same else Refusal(code="key-used-for-something-else")
    if event.org != state.org:
        return Refusal(code="not-your-desk")
    if isinstance(event, LookAsked):
        after = state if state.errand is not None or is_approved(state) else look(changed(state), now)
        return receipted(after if after is not state else changed(state), event, now)
    if not may(event.role, "approve-disposal" if isinstance(event, Approved) else "refuse-disposal"):
        return Refusal(code="not-the-archive-role")
    if event.list in state.settled:
        return Refusal(code="list-is-over")
    if state.list is None or state.list.id != event.list:
        return Refusal(code="no-such-list")
    if state.list.digest != event.digest:
        return Refusal(code="list-has-changed")
    if isinstance(event, Approved):
        return receipted(approve(state, now), event, now)
    if state.list.approved:
        return Refusal(code="list-is-approved")
    after = over(changed(state), event.list)
    return receipted(after.model_copy(update={"look_at": now + pace.look_every}), event, now)


def approve(state: RetentionState, now: datetime) -> RetentionState:
    """Approving twice is no more than approving once. What is under way at the desk is let finish first."""
    if state.list is None or state.list.approved:
        return state
    after = changed(state, list=state.list.model_copy(update={"approved": True}))
    return after if after.errand is not None else carry_out(after, now)


def answered(
    state: RetentionState, answer: Looked | Carried | NotToBeDone, now: datetime, pace: Pace
) -> RetentionState:
    """What follows from a desk's reply."""
    after = changed(state, errand=None, silent=False)
    match answer:
        case Looked(list=found, next_at=next_at):
            return looked(after, found, next_at, now, pace)
        case Carried(left=left) if left:
            return carry_out(after, now)
        case Carried(certificate=certificate):
            list_id = state.list.id if state.list else ""
            done = over(after, list_id)
            count = done.certificates + (certificate != done.last_certificate)
            return look(done.model_copy(update={"certificates": count, "last_certificate": certificate}), now)
        case NotToBeDone():
            return look(after.model_copy(update={"list": None, "since": None}), now)


def looked(
    state: RetentionState, found: WaitingList | None, next_at: datetime | None, now: datetime, pace: Pace
) -> RetentionState:
    """The desk has looked. A list that is over here, and was still waiting when the desk looked, is left alone.

    While a list waits, files that fall due wait for the next one: what the archive role reads does not move.
    """
    latest, before = now + pace.look_every, state.list
    if found is None or found.id in state.settled:
        look_at = min(latest, max(next_at, now + pace.retry_first)) if next_at is not None else latest
        return state.model_copy(update={"list": None, "since": None, "look_at": look_at})
    same = before is not None and before.id == found.id
    found = found.model_copy(update={"approved": found.approved or (same and is_approved(state))})
    since = state.since if same else now
    after = state.model_copy(update={"list": found, "since": since, "look_at": latest})
    return carry_out(after, now) if found.approved else after


def look(state: RetentionState, now: datetime) -> RetentionState:
    return sent(state, "retention-look", now)


def carry_out(state: RetentionState, now: datetime) -> RetentionState:
    return sent(state, "retention-dispose", now)


def sent(state: RetentionState, work: Any, now: datetime) -> RetentionState:
    """The desk is asked to do something: in this state's words, so that its reply can be held against them."""
    errand = Errand(
        id=f"{state.org}/{state.revision}",
        org=state.org,
        work=work,
        list=state.list.id if state.list and work == "retention-dispose" else None,
        digest=state.digest(),
        next_try=now,
        since=now,
    )
    return state.model_copy(update={"errand": errand})


def offered_again(state: RetentionState, errand: Errand, now: datetime, pace: Pace) -> RetentionState:
    """The desk did not answer: later again, and less and less often. That it is silent is said once it has lasted."""
    attempts = errand.attempts + 1
    wait = min(pace.retry_most, pace.retry_first * (1 << min(attempts - 1, 20)))
    later = errand.model_copy(update={"attempts": attempts, "next_try": now + wait})
    silent = state.silent or now - errand.since >= pace.silent_after
    return state.model_copy(update={"errand": later, "silent": silent})


def over(state: RetentionState, list_id: str) -> RetentionState:
    settled = (*(known for known in state.settled if known != list_id), list_id)[-MOST_SETTLED_KEPT:]
    return state.model_copy(update={"list": None, "since": None, "settled": settled})


def changed(state: RetentionState, **changes: Any) -> RetentionState:
    return state.model_copy(update={"revision": state.revision + 1, **changes})


def receipted(state: RetentionState, event: Asked, now: datetime) -> RetentionState:
    list_id = None if isinstance(event, LookAsked) else event.list
    receipt = RetentionReceipt(request=fingerprint(event), revision=state.revision, at=now, list=list_id)
    kept = dict(list(state.answered.items())[-MOST_KEYS_KEPT + 1 :])
    return state.model_copy(update={"answered": kept | {event.key: receipt}})


def is_approved(state: RetentionState) -> bool:
    return state.list is not None and state.list.approved


def wake_at(state: RetentionState) -> datetime | None:
    """When time alone changes this state; None while the desk is being asked, which has its own next try."""
    return None if state.errand is not None else state.look_at


def is_waiting_too_long(state: RetentionState, now: datetime, most: timedelta) -> bool:
    """Whether a list has waited for the archive role longer than it should."""
    return state.since is not None and not is_approved(state) and now - state.since > most
