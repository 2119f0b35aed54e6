"""The core: (case state, event, now, rule pack) -> new state, or why not. Pure, total, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from models.case import CaseState, Entry, Receipt
from models.contracts import Refusal
from models.desk_work import ConcludeAssessment, TakeBack
from models.events import (
    Acted,
    ClockMoved,
    Closed,
    DeskAnswered,
    DeskSilent,
    Event,
    FactsRecorded,
    Opened,
    Sent,
    TimePassed,
    fingerprint,
)
from models.handoffs import ANSWERERS, Act, Handoff, Status
from models.packs import Mode, RulePack
from models.words import Consent, Function, ItemId, OrgId, TrackB
from rules import desks, facts, handoffs, progress
from rules.clocks import BeyondCalendar
from rules.turn import MOST_OPEN, PLAN_OR_CLOSE, Turn

LARGEST_THAT_GROWS = 96 * 1024
"""Characters of JSON. Beyond this a case takes no new requests; a workflow refuses to carry 128 KiB."""
MOST_FROM_OTHERS = 8
"""Open handoffs that an organisation outside the acting social services may have asked for in one case."""
MOST_KEYS_KEPT = 200
"""Request keys kept in the state, the newest; the register keeps them all."""
CLOCKS_DIFFER = timedelta(minutes=10)
"""How far an answer's stated time may lie ahead before it is taken for a slip of the pen."""
NOT_NEEDED = ("no-longer-needed", "sent-in-error")
"""Reasons for withdrawing after which nothing is left to be met."""


def decide(state: CaseState, event: Event, now: datetime, pack: RulePack) -> CaseState | Refusal:
    """The case after `event` at `now`, or why it is refused. Same arguments, same answer.

    Everything that time alone has brought about by `now` is settled first. A request key that has been
    answered changes nothing, and neither does a desk's answer to a question that is no longer asked.
    """
    now = now.astimezone(UTC)
    key = getattr(event, "key", None)
    if key is not None and key in state.answered:
        same = state.answered[key].request == fingerprint(event)
        return state if same else Refusal(code="key-used-for-something-else")
    if isinstance(event, DeskAnswered | DeskSilent) and event.effect not in state.desk_effects:
        return state
    if isinstance(event, Sent | FactsRecorded) and is_full(state):
        return Refusal(code="case-too-large")
    turn = Turn(state, now, pack)
    try:
        turn.pass_time(now)
        if refusal := apply(turn, event):
            return refusal
        if isinstance(event, TimePassed) and not turn.changed:
            return state
        progress.go_on(turn)
        turn.pass_time(turn.now)
    except BeyondCalendar:
        return Refusal(code="beyond-calendar", detail=str(pack.closed_until))
    return finish(turn, event, now)


def is_full(state: CaseState) -> bool:
    """Whether a case has grown so large that only answers, time and closing may still change it."""
    return len(state.model_dump_json(exclude={"pending"})) > LARGEST_THAT_GROWS


def apply(turn: Turn, event: Event) -> Refusal | None:
    match event:
        case TimePassed():
            return None
        case Opened():
            return open_case(turn, event)
        case DeskAnswered():
            desks.answered(turn, event)
            return None
        case DeskSilent():
            desks.silent(turn, event)
            return None
    if turn.state.opened_at is None:
        return Refusal(code="not-opened")
    if turn.state.closed is not None:
        return Refusal(code="case-closed", detail=turn.state.closed)
    match event:
        case FactsRecorded():
            return facts.record(turn, event)
        case Sent():
            return send(turn, event)
        case Acted():
            return act(turn, event)
        case ClockMoved():
            return move_clock(turn, event)
        case Closed():
            return close(turn, event)


def open_case(turn: Turn, event: Opened) -> Refusal | None:
    if turn.state.opened_at is not None:
        return Refusal(code="already-open")
    if event.by.org != event.opener.id:
        return Refusal(code="opener-is-another", detail=event.opener.id)
    known = {org.id: org for org in (event.opener, *event.organisations)}
    acting = {org.function: org.id for org in event.organisations}
    turn.update(
        training=event.training,
        clock_offset=event.clock_offset,
        opened_at=turn.now,
        opener=event.opener.id,
        organisations=known,
        acting=acting | turn.state.acting,
    )
    facts.take_up(turn, event.facts)
    return None


def send(turn: Turn, event: Sent) -> Refusal | None:
    state, kind = turn.state, turn.pack.kinds.get(event.handoff_kind)
    if kind is None:
        return Refusal(code="unknown-kind", possible=tuple(turn.pack.kinds))
    if event.by.org not in involved(state) or event.sender.id != event.by.org:
        return Refusal(code="not-your-case")
    if kind.sender and state.organisations[event.by.org].function not in kind.sender:
        return Refusal(code="sender-may-not-ask-this", possible=kind.sender)
    recipient = state.organisations.get(event.recipient.id, event.recipient)
    if recipient.function not in kind.recipient:
        return Refusal(code="recipient-cannot-take-this", possible=kind.recipient)
    own = event.recipient.id == event.sender.id
    if own and kind.mode is not Mode.ASSIGNMENT:
        return Refusal(code="recipient-is-sender")
    if not own and kind.mode is Mode.ASSIGNMENT:
        return Refusal(code="own-work-stays-inside")
    if event.parent is not None and event.parent not in state.handoffs and event.parent not in state.ended:
        return Refusal(code="unknown-handoff", possible=tuple(state.handoffs))
    urgency = handoffs.urgency_of(kind, event.urgency)
    anchored = any(rule.source_instant == "anchor" for rule in kind.deadlines[urgency].values())
    if anchored and event.anchor is None:
        return Refusal(code="date-needed")
    if kind.needs_consent and state.consent is not Consent.GIVEN:
        return Refusal(code="consent-needed", detail=state.consent)
    theirs = [h for h in state.handoffs.values() if h.requester == event.sender.id]
    most = MOST_OPEN if event.sender.id == state.acting.get(Function.SOCIAL_SERVICES) else MOST_FROM_OTHERS
    if len(theirs) >= most or len(state.handoffs) >= MOST_OPEN:
        return Refusal(code="too-many-open", possible=tuple(state.handoffs))
    turn.know(recipient)
    turn.receipt_for = turn.request(
        kind.code, event.sender.id, event.recipient.id, urgency, parent=event.parent, anchor=event.anchor
    )
    return None


def involved(state: CaseState) -> frozenset[OrgId]:
    """Who has a part in the case now. One who was asked once and declined, or only might be asked, has none."""
    parts = {org for handoff in state.handoffs.values() for org in (handoff.requester, handoff.recipient)}
    return frozenset(parts.union(state.acting.values(), [state.opener] if state.opener else []))


def act(turn: Turn, event: Acted) -> Refusal | None:
    handoff = turn.state.handoffs.get(event.handoff)
    if handoff is None:
        ended = turn.state.ended.get(event.handoff)
        code = "handoff-ended" if ended else "unknown-handoff"
        return Refusal(code=code, possible=tuple(turn.state.handoffs), detail=ended.status if ended else None)
    if refusal := handoffs.refused(handoff, event, turn.pack):
        return refusal
    if refusal := phone_refused(turn, handoff, event):
        return refusal
    after = handoffs.moved(handoff, event, turn.now, turn.pack)
    turn.put(after)
    turn.receipt_for = after.id
    if event.by_phone is not None and turn.state.organisations[handoff.recipient].desk:
        identity = f"{handoff.id}/{event.act}/{turn.state.revision + 1}"
        turn.notify(handoff.recipient, "officer", "answer-recorded", identity, handoff=handoff.id)
    answered(turn, after, event)
    return None


def phone_refused(turn: Turn, handoff: Handoff, event: Acted) -> Refusal | None:
    """Why an answer by phone or post can't be recorded. What ends or moves a case's work must be verified."""
    if event.by_phone is None:
        return None
    moves = event.act is Act.ACCEPT and turn.pack.kinds[handoff.kind].mode is Mode.TRANSFER
    if event.by_phone.verified == "not-verified" and (moves or event.act in (Act.COMPLETE, Act.DECLINE)):
        return Refusal(code="verify-first")
    if event.by_phone.answered_by not in ANSWERERS:
        return Refusal(code="answered-by-a-function", possible=tuple(sorted(ANSWERERS)))
    if event.by_phone.answered_at > turn.now + CLOCKS_DIFFER:
        return Refusal(code="answered-in-the-future")
    if event.by_phone.answered_at < handoff.requested_at - CLOCKS_DIFFER:
        return Refusal(code="answered-before-asked")
    return None


def answered(turn: Turn, handoff: Handoff, event: Acted) -> None:
    """What follows from an answer: who acts from now on, what is asked next, what a desk must work out."""
    kind = turn.pack.kinds[handoff.kind]
    match handoff.status:
        case Status.ACCEPTED if event.act is Act.ACCEPT and kind.mode is Mode.TRANSFER:
            function = turn.state.organisations[handoff.recipient].function
            if turn.state.acting.get(function) in (None, handoff.requester):
                turn.update(acting=turn.state.acting | {function: handoff.recipient})
        case Status.COMPLETED:
            completed(turn, handoff, event)
        case Status.REJECTED | Status.FAILED:
            unmet(turn, handoff)
        case Status.CANCELLED if event.reason not in NOT_NEEDED:
            unmet(turn, handoff)


def completed(turn: Turn, handoff: Handoff, event: Acted) -> None:
    kind = turn.pack.kinds[handoff.kind]
    if handoff.kind not in turn.state.completed_kinds:
        turn.update(completed_kinds=(*turn.state.completed_kinds, handoff.kind))
    if kind.desk_work == "conclude-assessment" and event.assessment is not None:
        turn.ask_desk(event.by.org, assessment_question(turn, handoff, event.assessment))
    if kind.marks is not None:
        turn.update(anchors=turn.state.anchors | {kind.marks: turn.now})
    if kind.opens_track_b:
        eligible = event.answer == "eligible"
        turn.update(police_eligible=eligible, track_b=TrackB.TRYING if eligible else TrackB.ENDED)


def assessment_question(turn: Turn, handoff: Handoff, item: ItemId) -> ConcludeAssessment:
    return ConcludeAssessment(
        case=turn.state.case, handoff=handoff.id, item=item, asked_at=turn.now, levels=turn.pack.threat_levels
    )


def unmet(turn: Turn, handoff: Handoff) -> None:
    """A request that was declined, failed or withdrawn while still needed leaves nobody without a task."""
    kind = turn.pack.kinds[handoff.kind]
    rejected = handoff.status is Status.REJECTED
    if kind.if_unmet == "next-candidate" and rejected and handoff.candidates:
        following, *rest = handoff.candidates
        turn.request(
            kind.code, handoff.requester, following, handoff.urgency, parent=handoff.id, candidates=tuple(rest)
        )
    elif kind.if_unmet != "nothing":
        turn.find_another_way(owner_of_unmet(turn.state, handoff), handoff.urgency, handoff.id)


def owner_of_unmet(state: CaseState, handoff: Handoff) -> OrgId:
    """Who must find another way: the one who asked. What was asked of social services stays theirs (SoL 4:1)."""
    asked, asking = state.organisations[handoff.recipient], state.organisations[handoff.requester]
    stays = asked.function is Function.SOCIAL_SERVICES and asking.function is not Function.SOCIAL_SERVICES
    return asked.id if stays else asking.id


def move_clock(turn: Turn, event: ClockMoved) -> Refusal | None:
    if not turn.state.training:
        return Refusal(code="not-a-training-case")
    if event.by.org not in involved(turn.state):
        return Refusal(code="not-your-case")
    target = turn.now + event.forward
    if target.date() > turn.pack.closed_until - timedelta(days=3 * 366):
        return Refusal(code="beyond-calendar", detail=str(turn.pack.closed_until))
    turn.update(clock_offset=turn.state.clock_offset + event.forward)
    turn.pass_time(target, walking=True)
    turn.now = target
    return None


def close(turn: Turn, event: Closed) -> Refusal | None:
    """Social services close a case; who opened it may where they act for the social services, or none acts."""
    state, by = turn.state, event.by.org
    social = state.acting.get(Function.SOCIAL_SERVICES)
    functions = (Function.SOCIAL_SERVICES,) if social else tuple(Function)
    opened_it = by == state.opener and state.organisations[by].function in functions
    if by != social and not opened_it:
        return Refusal(code="not-your-case")
    planning = [handoff for handoff in state.handoffs.values() if handoff.kind == PLAN_OR_CLOSE]
    if len(state.handoffs) > len(planning):
        return Refusal(code="handoffs-open", possible=tuple(state.handoffs))
    for handoff in planning:
        turn.end(handoff, Status.COMPLETED, "case-closed")
    ended = TrackB.NOT_TRIED if state.track_b is TrackB.NOT_TRIED else TrackB.ENDED
    left = {i: e for i, e in state.desk_effects.items() if isinstance(e.task.question, TakeBack)}
    turn.update(closed=event.code, track_b=ended, desk_effects=left)
    return None


def finish(turn: Turn, event: Event, now: datetime) -> CaseState:
    """The next revision: numbered, sealed with its digest, and queued for the register."""
    turn.settle_ended()
    revision = turn.state.revision + 1
    young = [(k, r) for k, r in turn.state.answered.items() if turn.now - r.at <= turn.pack.keys_kept]
    kept = dict(young[-MOST_KEYS_KEPT + 1 :])
    key, receipt = getattr(event, "key", None), receipt_of(turn, event, revision)
    if key is not None:
        kept[key] = receipt
    turn.update(revision=revision, answered=kept)
    entry = Entry(
        revision=revision,
        at=now,
        event=event,
        digest=turn.state.digest(),
        phase=turn.state.phase,
        receipt=receipt if key is not None else None,
        handoffs=tuple(turn.touched.values()),
        firings=tuple(turn.firings),
        notices=tuple(turn.notices),
    )
    turn.update(pending=(*turn.state.pending, entry))
    return turn.state


def receipt_of(turn: Turn, event: Event, revision: int) -> Receipt:
    subject = turn.touched.get(turn.receipt_for) if turn.receipt_for else None
    return Receipt(
        request=fingerprint(event) if hasattr(event, "key") else "",
        revision=revision,
        at=turn.now,
        phase=turn.state.phase,
        handoff=turn.receipt_for,
        status=subject.status if subject else None,
    )


def wake_at(state: CaseState) -> datetime | None:
    """The earliest instant at which time alone would change this case; None when it only waits for people."""
    if state.closed is not None:
        return None
    wakes = [wake for handoff in state.handoffs.values() if (wake := handoffs.wake_at(handoff))]
    if state.assessment is not None and not state.assessment.lapsed:
        wakes.append(state.assessment.valid_until)
    return min(wakes, default=None)


def recorded(state: CaseState, revisions: Iterable[int]) -> CaseState:
    """The state once the register has confirmed these revisions."""
    done = set(revisions)
    return state.model_copy(update={"pending": tuple(e for e in state.pending if e.revision not in done)})


def fold(state: CaseState, log: Iterable[tuple[Event, datetime]], pack: RulePack) -> CaseState:
    """Replays an event log through the core: the same log and pack always give the same state.

    Raises:
        ValueError: an event that stands in the log is refused; the rules or the log have been changed.
    """
    for event, at in log:
        outcome = decide(state, event, at, pack)
        if isinstance(outcome, Refusal):
            raise ValueError(f"the log holds an event that these rules refuse: {outcome.code}")
        state = outcome
    return state
