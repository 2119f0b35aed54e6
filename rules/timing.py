"""What time alone brings about: rungs that fire, what expires or lapses unanswered, assessments that run out."""

from __future__ import annotations

from datetime import datetime

from models.calendars import Calendar, Term
from models.handoffs import OPEN, WATCHES, Act, Deadline, DeadlineName, Handoff
from models.packs import IfMissed, IfUnanswered, Met
from models.words import Code, Function, HandoffId, Urgency
from rules import clocks, disclosures, handoffs, ladders, needs, progress, transitions
from rules.turn import Turn

MOST_REPEATS_WALKED = 12
"""In one move of a training clock, more repeats of one alarm than this sound as one: they say nothing new."""
TOLD_OF_LAPSE: tuple[Code, ...] = ("decision-maker", "on-call", "manager-on-call", "head")
"""Who at the owner's is told at once that a measure has lapsed in law."""


def pass_time(turn: Turn, until: datetime, *, walking: bool = False) -> None:
    """Settles all that time alone brings about up to `until`, in the order of its instants.

    Walking (training), each thing happens at its own instant. Otherwise it is happening now, late perhaps, because
    nobody was awake before.
    """
    sounded: dict[tuple[HandoffId, DeadlineName], int] = {}
    while True:
        handoff, wake = next_to_wake(turn)
        reached = min(wake, until) if wake else until
        lapse_assessment(turn, reached)
        disclosures.expire(turn, reached)
        if progress.let_consent_end(turn, reached):
            continue
        if handoff is None or wake is None or wake > until:
            return
        deadline = next(d for d in handoff.deadlines if wake in (d.falls_at, d.next_at))
        sounded[handoff.id, deadline.name] = times = sounded.get((handoff.id, deadline.name), 0) + 1
        at = wake if walking and times <= MOST_REPEATS_WALKED else until
        happens(turn, handoff, deadline, wake, at)


def next_to_wake(turn: Turn) -> tuple[Handoff | None, datetime | None]:
    waking = [(wake, int(h.id[1:]), h) for h in turn.state.handoffs.values() if (wake := handoffs.wake_at(h))]
    wake, _, handoff = min(waking, default=(None, 0, None), key=lambda one: one[:2])
    return handoff, wake


def happens(turn: Turn, handoff: Handoff, deadline: Deadline, wake: datetime, at: datetime) -> None:
    """One thing that is due by itself: a consequence of the law before an alarm about it."""
    before, turn.now = turn.now, at
    if deadline.falls_at == wake:
        missed(turn, handoff, deadline)
    elif goes_unanswered(turn, handoff, deadline):
        expire(turn, handoff)
    else:
        fire_next_rung(turn, handoff, deadline, at)
    turn.now = before


def fire_next_rung(turn: Turn, handoff: Handoff, deadline: Deadline, at: datetime) -> None:
    rule, where = (
        handoffs.rule_of(handoff, deadline.name, turn.pack),
        handoffs.calendar_of(handoff, deadline.name, turn.pack),
    )
    after, firing = ladders.fire(handoff, deadline, at, rule, turn.pack, where)
    with_alarm(turn, handoff, after)
    turn.firings.append(firing)
    owner = handoffs.owner(handoff, deadline.name)
    waiting = handoff.recipient if owner == handoff.requester else handoff.requester
    for receiver in firing.to:
        side, _, role = receiver.partition(":")
        org = owner if side == "owner" else waiting
        turn.notify(org, role, "rung", firing.identity, handoff=handoff.id, due=deadline.due)


def with_alarm(turn: Turn, handoff: Handoff, after: Deadline) -> None:
    replaced = tuple(after if d.name == after.name else d for d in handoff.deadlines)
    turn.put(handoff.model_copy(update={"deadlines": replaced}))


def goes_unanswered(turn: Turn, handoff: Handoff, deadline: Deadline) -> bool:
    """Whether the top rung has sounded in vain for an interval, in a kind that then does not merely recur.

    Its own time counts, also when somebody had it sound before: escalating shortens nobody's time to answer.
    """
    rule = handoffs.rule_of(handoff, deadline.name, turn.pack)
    waits_for_answer = rule.met is not Met.COMPLETED and deadline.name not in WATCHES
    where, top = handoffs.calendar_of(handoff, deadline.name, turn.pack), len(turn.pack.ladders[rule.ladder].rungs) - 1
    used_up = ladders.is_used_up(deadline, rule, turn.pack)
    vain = used_up and turn.now > ladders.rung_at(deadline, top, rule, turn.pack, where)
    return vain and waits_for_answer and not transitions.goes_on_when_unanswered(turn.pack.kinds[handoff.kind])


def expire(turn: Turn, handoff: Handoff) -> None:
    """Nobody answered. That is not a refusal and not a failure, and it may still be done late."""
    kind = turn.pack.kinds[handoff.kind]
    turn.end(handoff, Act.EXPIRE, transitions.EXPIRED)
    urgent = handoff.urgency is Urgency.ACUTE
    for org in dict.fromkeys((handoff.requester, handoff.recipient)):
        turn.notify(
            org, "on-call" if urgent else "officer", "expired", f"{handoff.id}.{handoff.round}", handoff=handoff.id
        )
    match kind.if_unanswered:
        case IfUnanswered.NEXT_CANDIDATE:
            needs.ask_next(turn, handoff)
        case IfUnanswered.RETURN:
            turn.find_another_way(needs.owner_of_unmet(turn.state, handoff), handoff.urgency, handoff.id)


def missed(turn: Turn, handoff: Handoff, deadline: Deadline) -> None:
    """A deadline has passed whose passing has a consequence in law."""
    rule = handoffs.rule_of(handoff, deadline.name, turn.pack)
    if rule.if_missed is IfMissed.LAPSES:
        lapse(turn, handoff, deadline)
        return
    where = handoffs.calendar_of(handoff, deadline.name, turn.pack)
    again = next_report(deadline, rule.term, turn.now, where)
    with_alarm(turn, handoff, deadline.model_copy(update={"falls_at": again}))
    owner = handoffs.owner(handoff, deadline.name)
    waiting = handoff.recipient if owner == handoff.requester else handoff.requester
    writes = owner if rule.reports_to == "owner" else waiting
    reports = [h for h in turn.state.handoffs.values() if h.kind == rule.reports and h.parent == handoff.id]
    if rule.reports is not None and not any(report.status in OPEN for report in reports):
        turn.request(rule.reports, writes, writes, Urgency.ORDINARY, parent=handoff.id)


def next_report(deadline: Deadline, term: Term, now: datetime, where: Calendar) -> datetime:
    """The first end of a whole number of terms, counted from where the first one was, that is still to come."""
    periods = 1
    while True:
        span = term.span.model_copy(update={"amount": term.span.amount * periods})
        end = clocks.due(deadline.origin, term.model_copy(update={"span": span}), where)
        if end > max(now, deadline.due):
            return end
        periods += 1


def lapse(turn: Turn, handoff: Handoff, deadline: Deadline) -> None:
    """The measure no longer has a ground in law. Everybody who can decide is told at once, and somebody must act."""
    owner = handoffs.owner(handoff, deadline.name)
    turn.end(handoff, Act.LAPSE, transitions.LAPSED)
    for role in TOLD_OF_LAPSE:
        turn.notify(
            owner, role, "measure-lapsed", f"{handoff.id}/{deadline.name}", handoff=handoff.id, due=deadline.due
        )
    turn.find_another_way(owner, Urgency.ACUTE, handoff.id)


def lapse_assessment(turn: Turn, by: datetime) -> None:
    """An expired assessment is said to be expired, once. It ends nothing: the bed stays."""
    state, assessment = turn.state, turn.state.assessment
    if assessment is None or assessment.lapsed or assessment.valid_until > by or state.closed is not None:
        return
    turn.update(assessment=assessment.model_copy(update={"lapsed": True}))
    for org in state.acting.values():
        if state.organisations[org].function in (Function.SOCIAL_SERVICES, Function.POLICE):
            identity = f"{assessment.valid_until.isoformat()}/{state.revision + 1}"
            turn.notify(org, "officer", "assessment-lapsed", identity, due=assessment.valid_until)
