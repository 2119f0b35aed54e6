"""Why a live deadline ends when it does: its rule, which day moved it, and everything that has moved it since.

What is told is always true of the deadline as it stands. Its rule and its origin are those of now; where an earlier
rule set it, only that it was set is told, never a reckoning that does not lead to the end that it had.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from models.calendars import Calendar, Clock
from models.computation import Reckoning, Step
from models.handoffs import Deadline, Move
from models.packs import DeadlineRule
from models.words import OrgId
from rules import clocks
from rules.clocks import BeyondCalendar
from rules.reckoning import Steps, reckoned

SET_ANEW = ("hurried", "date-moved", "rules-adopted", "rerouted", "reopened")
"""Moves that set a deadline again from a rule; the others only move its end."""


def account(deadline: Deadline, rule: DeadlineRule, where: Calendar, own: OrgId | None = None) -> Steps:
    """Every step from the rule to the deadline's present end, which is where the last step is `at`.

    `own` is the organisation whose own layer the rule comes from; None when it is the national one.
    """
    ends = (deadline.moves[0].before if deadline.moves else deadline.due, *(move.after for move in deadline.moves))
    reckoning = by_rule(deadline, rule, where)
    set_at = set_by_rule(deadline, ends, reckoning)
    steps = ruled(rule, own)
    if set_at == 0 and reckoning is not None:
        steps += (*reckoning.steps, *((Step(code="first-due", at=ends[0]),) if deadline.moves else ()))
    else:
        steps += (Step(code="was-set", since=deadline.origin, at=ends[0]),)
    for place, move in enumerate(deadline.moves, start=1):
        if move.before != ends[place - 1]:
            steps += (Step(code="moves-left-out", at=move.before),)
        steps += (told_move(move, place, deadline, where),)
        if place == set_at and reckoning is not None:
            steps += reckoning.steps
    if deadline.since is None:
        steps += (Step(code="stands"),)
    return (*steps, Step(code="due-when-stopped" if deadline.stands else "due", at=deadline.due))


def short(deadline: Deadline, rule: DeadlineRule, where: Calendar, own: OrgId | None = None) -> Steps:
    """The rule, the days that were passed over, and what kinds of move there have been: one line of a table."""
    told = account(deadline, rule, where, own)
    closed = tuple(dict.fromkeys(day.name for step in told for day in step.closed))
    days = {day.name: day for step in reversed(told) for day in reversed(step.closed)}
    calendar = deadline.clock is Clock.CALENDAR
    passed = (
        (Step(code="shifted" if calendar else "passed", closed=tuple(days[name] for name in closed)),) if closed else ()
    )
    kinds = dict.fromkeys(f"briefly-{move.why}" for move in deadline.moves)
    late = ("briefly-late-at-birth",) if deadline.late_at_birth else ()
    stands = ("briefly-stands",) if deadline.since is None else ()
    return (ruled(rule, own)[0], *passed, *(Step(code=code) for code in (*late, *kinds, *stands)))


def ruled(rule: DeadlineRule, own: OrgId | None) -> Steps:
    """The rule itself: how long, where it is written, in which layer, and the statute's limit where it has one."""
    term = rule.term
    layer = "statutory" if term.statutory else "own" if own else "policy"
    word = own if layer == "own" else term.source
    told: Steps = (
        Step(code=f"rule-{layer}", amount=term.span.amount, unit=term.span.unit, clock=term.clock, word=word),
    )
    if rule.limit is not None:
        span = rule.limit.span
        told += (Step(code="within-limit", amount=span.amount, unit=span.unit, word=rule.limit.source),)
    return told


def by_rule(deadline: Deadline, rule: DeadlineRule, where: Calendar) -> Reckoning | None:
    """What the present rule says from the present origin, without its last step; None when it can't be counted."""
    term = rule.term
    try:
        found = reckoned(deadline.origin, term.span, term.clock, term.end, where)
        if not deadline.late_at_birth or term.if_late_at_birth is None:
            return Reckoning(found.due, found.steps[:-1])
        replaced = reckoned(deadline.started, term.if_late_at_birth, Clock.OFFICE, term.end, where)
    except BeyondCalendar:
        return None
    late = Step(code="late-at-birth", at=found.due)
    return Reckoning(replaced.due, (*found.steps[:-1], late, *replaced.steps[:-1]))


def set_by_rule(deadline: Deadline, ends: tuple[datetime, ...], reckoning: Reckoning | None) -> int | None:
    """Which of the ends that a deadline has had the present rule gave it: 0 for the first, n after the nth move."""
    if reckoning is None:
        return None
    anew = [place for place, move in enumerate(deadline.moves, start=1) if move.why in SET_ANEW]
    return next((place for place in (*reversed(anew), 0) if ends[place] == reckoning.due), None)


def told_move(move: Move, place: int, deadline: Deadline, where: Calendar) -> Step:
    fields: dict[str, object] = {"code": f"moved-{move.why}", "was": move.before, "at": move.after, "until": move.at}
    if move.extension is not None:
        span = move.extension.span
        fields |= {"amount": span.amount, "unit": span.unit, "word": move.extension.by, "ground": move.extension.ground}
    if move.since is not None:
        fields["since"] = move.since
        same_clock = not any(later.why in SET_ANEW for later in deadline.moves[place:])
        fields |= stood(move.since, move.at, deadline.clock, where) if same_clock else {}
    return Step.model_validate(fields)


def stood(since: datetime, until: datetime, clock: Clock, where: Calendar) -> dict[str, object]:
    """How long a clock stood, as it counts: office time, whole days, or real time."""
    if clock is Clock.CALENDAR:
        first, last = (clocks.local(instant, where).date() for instant in (since, until))
        return {"amount": (last - first) // timedelta(days=1), "clock": clock}
    return {"stood": clocks.measured(since, until, clock, where), "clock": clock}
