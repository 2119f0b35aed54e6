"""The core: (case state, event, now, rule pack) -> new state, or why not. Pure, total, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from models.case import Assessment, CaseState, Entry, Receipt
from models.contracts import Refusal
from models.desk_work import ConcludeAssessment, FindCandidates, Receive
from models.events import (
    Acted,
    CandidatesFound,
    ClockMoved,
    Closed,
    Concluded,
    DeskAnswered,
    DeskSilent,
    Event,
    FactsRecorded,
    NotPossible,
    Opened,
    Organisation,
    Received,
    Sent,
    TimePassed,
)
from models.handoffs import Act, Handoff, Status
from models.packs import Mode, RulePack
from models.words import Consent, Function, ItemId, OrgId, TrackB
from rules import facts, handoffs, journey
from rules.clocks import BeyondCalendar
from rules.turn import Turn

MOST_OPEN = 60
"""More open handoffs than this in one case is a mistake somewhere, and would outgrow the state."""


def decide(state: CaseState, event: Event, now: datetime, pack: RulePack) -> CaseState | Refusal:
    """The case after `event` at `now`, or why it is refused. Same arguments, same answer.

    Everything that time alone has brought about by `now` is settled first. A request key that has been
    answered changes nothing.
    """
    key = getattr(event, "key", None)
    if key is not None and key in state.answered:
        return state
    turn = Turn(state, now, pack)
    try:
        turn.pass_time(now)
        if refusal := apply(turn, event):
            return refusal
        if isinstance(event, TimePassed) and not turn.changed:
            return state
        walk_journey(turn)
    except BeyondCalendar:
        return Refusal(code="beyond-calendar", detail=str(pack.closed_until))
    return finish(turn, event, now)


def apply(turn: Turn, event: Event) -> Refusal | None:
    match event:
        case TimePassed():
            return None
        case Opened():
            return open_case(turn, event)
        case DeskAnswered():
            return desk_answered(turn, event)
        case DeskSilent():
            return desk_silent(turn, event)
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
    known = {org.id: org for org in (event.opener, *event.organisations)}
    acting = {org.function: org.id for org in event.organisations}
    turn.update(opened_at=turn.now, opener=event.opener.id, organisations=known, acting=acting | turn.state.acting)
    facts.take_up(turn, event.facts)
    return None


def send(turn: Turn, event: Sent) -> Refusal | None:
    state, kind = turn.state, turn.pack.kinds.get(event.handoff_kind)
    if kind is None:
        return Refusal(code="unknown-kind", possible=tuple(turn.pack.kinds))
    if event.by.org not in state.organisations or event.sender.id != event.by.org:
        return Refusal(code="not-your-case")
    if kind.sender and event.sender.function not in kind.sender:
        return Refusal(code="sender-may-not-ask-this", possible=kind.sender)
    if event.recipient.function not in kind.recipient:
        return Refusal(code="recipient-cannot-take-this", possible=kind.recipient)
    own = event.recipient.id == event.sender.id
    if own and kind.mode is not Mode.ASSIGNMENT:
        return Refusal(code="recipient-is-sender")
    if not own and kind.mode is Mode.ASSIGNMENT:
        return Refusal(code="own-work-stays-inside")
    if event.parent is not None and event.parent not in state.handoffs and event.parent not in state.ended:
        return Refusal(code="unknown-handoff", possible=tuple(state.handoffs))
    anchored = any(rule.source_instant == "anchor" for rule in kind.deadlines[event.urgency].values())
    if anchored and event.anchor is None:
        return Refusal(code="date-needed")
    if len(state.handoffs) >= MOST_OPEN:
        return Refusal(code="too-many-open", possible=tuple(state.handoffs))
    turn.know(event.recipient)
    turn.request(
        kind.code, event.sender.id, event.recipient.id, event.urgency, parent=event.parent, anchor=event.anchor
    )
    return None


def act(turn: Turn, event: Acted) -> Refusal | None:
    handoff = turn.state.handoffs.get(event.handoff)
    if handoff is None:
        ended = turn.state.ended.get(event.handoff)
        code = "handoff-ended" if ended else "unknown-handoff"
        return Refusal(code=code, possible=tuple(turn.state.handoffs), detail=ended.status if ended else None)
    if refusal := handoffs.refused(handoff, event, turn.pack):
        return refusal
    after = handoffs.moved(handoff, event, turn.now, turn.pack)
    turn.put(after)
    turn.receipt_for = after.id
    answered(turn, after, event)
    return None


def answered(turn: Turn, handoff: Handoff, event: Acted) -> None:
    """What follows from an answer: who acts from now on, what is asked next, what a desk must work out."""
    kind = turn.pack.kinds[handoff.kind]
    match handoff.status:
        case Status.ACCEPTED if event.act is Act.ACCEPT and kind.mode is Mode.TRANSFER:
            function = turn.state.organisations[handoff.recipient].function
            turn.update(acting=turn.state.acting | {function: handoff.recipient})
        case Status.COMPLETED:
            completed(turn, handoff, event)
        case Status.REJECTED | Status.FAILED:
            unmet(turn, handoff)
        case Status.CANCELLED if event.reason != "no-longer-needed":
            unmet(turn, handoff)


def completed(turn: Turn, handoff: Handoff, event: Acted) -> None:
    kind = turn.pack.kinds[handoff.kind]
    if handoff.kind not in turn.state.completed_kinds:
        turn.update(completed_kinds=(*turn.state.completed_kinds, handoff.kind))
    if kind.desk_work == "conclude-assessment" and event.note is not None:
        turn.ask_desk(event.by.org, assessment_question(turn, handoff, event.note))
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
        turn.find_another_way(handoff.requester, handoff.urgency, handoff.id)


def move_clock(turn: Turn, event: ClockMoved) -> Refusal | None:
    if not turn.state.training:
        return Refusal(code="not-a-training-case")
    target = turn.now + event.forward
    if target.date() > turn.pack.closed_until - timedelta(days=3 * 366):
        return Refusal(code="beyond-calendar", detail=str(turn.pack.closed_until))
    turn.update(clock_offset=turn.state.clock_offset + event.forward)
    turn.pass_time(target, walking=True)
    turn.now = target
    return None


def close(turn: Turn, event: Closed) -> Refusal | None:
    if event.by.org not in (turn.state.opener, turn.state.acting.get(Function.SOCIAL_SERVICES)):
        return Refusal(code="not-your-case")
    if turn.state.handoffs:
        return Refusal(code="handoffs-open", possible=tuple(turn.state.handoffs))
    ended = TrackB.NOT_TRIED if turn.state.track_b is TrackB.NOT_TRIED else TrackB.ENDED
    turn.update(closed=event.code, track_b=ended)
    return None


def desk_answered(turn: Turn, event: DeskAnswered) -> Refusal | None:
    effect = turn.state.desk_effects.get(event.effect)
    if effect is None:
        return Refusal(code="unknown-desk-effect")
    turn.done_by_desk(effect.task.id)
    question = effect.task.question
    match event.answer:
        case Received():
            pass
        case Concluded() as said:
            turn.update(
                assessment=Assessment(
                    needs_protection=said.needs_protection, structured=said.structured, valid_until=said.valid_until
                )
            )
        case CandidatesFound(candidates=found) if isinstance(question, FindCandidates):
            ask_candidates(turn, question.step, effect.task.desk, found)
        case CandidatesFound() | NotPossible():
            parent = question.handoff if isinstance(question, ConcludeAssessment) else None
            turn.find_another_way(effect.task.desk, turn.state.urgency, parent)
    return None


def ask_candidates(turn: Turn, step_code: str, desk: OrgId, found: tuple[Organisation, ...]) -> None:
    """Asks the first candidate; the others wait in the handoff, in order."""
    step = next(step for step in turn.pack.steps if step.code == step_code)
    for organisation in found:
        turn.know(organisation)
    ids = tuple(organisation.id for organisation in found if organisation.id != desk)
    if not ids:
        turn.find_another_way(desk, turn.state.urgency, None)
        return
    turn.request(step.kind, desk, ids[0], step.urgency or turn.state.urgency, step=step.code, candidates=ids[1:])


def desk_silent(turn: Turn, event: DeskSilent) -> Refusal | None:
    effect = turn.state.desk_effects.get(event.effect)
    if effect is None:
        return Refusal(code="unknown-desk-effect")
    rules = turn.pack.desk
    wait = min(rules.retry_most, rules.retry_first * 2 ** min(effect.attempts, 16))
    unreachable = effect.unreachable or turn.now - effect.created_at >= rules.unreachable_after
    if unreachable and not effect.unreachable:
        turn.notify(effect.task.desk, "operator", "desk-unreachable", effect.task.id)
        question = effect.task.question
        if isinstance(question, Receive):
            turn.notify(question.requester, "officer", "desk-unreachable", effect.task.id, handoff=question.handoff)
    after = effect.model_copy(
        update={"attempts": effect.attempts + 1, "next_try": turn.now + wait, "unreachable": unreachable}
    )
    turn.update(desk_effects=turn.state.desk_effects | {effect.task.id: after})
    return None


def walk_journey(turn: Turn) -> None:
    """Takes every step that is due, until none is. A step waits for its recipient to be known."""
    settle_track_b(turn)
    progress = True
    while progress:
        progress = False
        for step in journey.due_steps(turn.state, turn.pack):
            sender = journey.organisation_for(step.sender, turn.state)
            if sender is None or len(turn.state.handoffs) >= MOST_OPEN:
                continue
            if step.recipient == "candidates":
                turn.ask_desk(sender, FindCandidates(case=turn.state.case, step=step.code))
            else:
                recipient = journey.organisation_for(step.recipient, turn.state)
                if recipient is None:
                    continue
                anchor = turn.state.anchors.get(step.anchor) if step.anchor else None
                urgency = step.urgency or turn.state.urgency
                turn.request(step.kind, sender, recipient, urgency, step=step.code, anchor=anchor)
            turn.update(steps=turn.state.steps | {step.code: turn.now})
            progress = True
    turn.update(phase=journey.phase(turn.state, turn.pack.phases))


def settle_track_b(turn: Turn) -> None:
    """Track B opens only when its guard holds, and ends when consent does. The social track goes on."""
    state = turn.state
    asked = any(turn.pack.kinds[h.kind].opens_track_b for h in state.handoffs.values())
    if state.consent is Consent.GIVEN:
        decided = "decided" in state.anchors
        if asked and state.track_b in (TrackB.NOT_TRIED, TrackB.ENDED):
            turn.update(track_b=TrackB.TRYING)
        elif state.track_b is TrackB.TRYING and state.police_eligible and state.conditions_signed and decided:
            turn.update(track_b=TrackB.OPEN)
        return
    for handoff in [h for h in state.handoffs.values() if turn.pack.kinds[h.kind].needs_consent]:
        turn.put(
            handoff.model_copy(
                update={
                    "status": Status.CANCELLED,
                    "business_status": "consent-withdrawn",
                    "deadlines": (),
                    "ended_at": turn.now,
                }
            )
        )
    if state.track_b in (TrackB.TRYING, TrackB.OPEN):
        turn.update(track_b=TrackB.ENDED)


def finish(turn: Turn, event: Event, now: datetime) -> CaseState:
    """The next revision: numbered, sealed with its digest, and queued for the register."""
    turn.settle_ended()
    revision = turn.state.revision + 1
    kept = {k: r for k, r in turn.state.answered.items() if turn.now - r.at <= turn.pack.keys_kept}
    key = getattr(event, "key", None)
    if key is not None:
        subject = turn.touched.get(turn.receipt_for) if turn.receipt_for else None
        kept[key] = Receipt(
            revision=revision,
            at=turn.now,
            phase=turn.state.phase,
            handoff=turn.receipt_for,
            status=subject.status if subject else None,
        )
    turn.update(revision=revision, answered=kept)
    entry = Entry(
        revision=revision,
        at=now,
        event=event,
        digest=turn.state.digest(),
        phase=turn.state.phase,
        handoffs=tuple(turn.touched.values()),
        firings=tuple(turn.firings),
        notices=tuple(turn.notices),
    )
    turn.update(pending=(*turn.state.pending, entry))
    return turn.state


def wake_at(state: CaseState) -> datetime | None:
    """The earliest instant at which time alone would change this case; None when it only waits for people."""
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
