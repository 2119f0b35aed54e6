"""One deadline's life: set, standing while held, running again, extended, hurried, set anew. Its ladder follows."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from models.calendars import Calendar, Clock, Span, Term, Unit
from models.handoffs import Deadline, DeadlineName, Extension, Move
from models.packs import DeadlineRule, IfMissed, RulePack
from rules import clocks, ladders

MOST_MOVES = 3
"""Moves kept in a deadline, the first and the newest; the case's log keeps them all."""


def new(
    name: DeadlineName, rule: DeadlineRule, start: datetime, now: datetime, pack: RulePack, where: Calendar
) -> Deadline:
    """A deadline counted from `start`. A countdown already past at `now` is late at birth and gets a replacement."""
    term, due = rule.term, clocks.due(start, rule.term, where)
    late = term.if_late_at_birth is not None and due <= now
    clock = Clock.OFFICE if late else term.clock
    if late and term.if_late_at_birth is not None:
        due = clocks.due(now, Term(span=term.if_late_at_birth, clock=clock, source=term.source), where)
    began = clocks.when_open(now, where) if clock is Clock.OFFICE else now
    deadline = Deadline(
        name=name,
        clock=clock,
        origin=start,
        started=began,
        due=due,
        budget=budget(began, start, due, clock, rule, where),
        next_at=due,
        falls_at=due if rule.if_missed is not IfMissed.NOTHING else None,
        late_at_birth=late,
    )
    return ladders.armed(ladders.at_birth(deadline, rule, pack, where), now, rule, pack, where)


def budget(
    began: datetime, start: datetime, due: datetime, clock: Clock, rule: DeadlineRule, where: Calendar
) -> timedelta:
    """How much time there is from `began`, on the deadline's own clock. In the calendar, before any shift."""
    if clock is not Clock.CALENDAR:
        return clocks.measured(began, due, clock, where)
    return clocks.last_day(start, rule.term.span, rule.term.end, where) - clocks.local(began, where).date()


def consumed(deadline: Deadline, now: datetime, where: Calendar) -> timedelta:
    """How much of the budget is used at `now`; more than all of it when the deadline is late."""
    if deadline.stands:
        return deadline.consumed
    if deadline.clock is Clock.CALENDAR:
        return clocks.local(now, where).date() - clocks.local(deadline.started, where).date()
    return clocks.measured(deadline.started, now, deadline.clock, where)


def remaining(deadline: Deadline, now: datetime, where: Calendar) -> timedelta:
    """What is left of the budget at `now`; below zero when the deadline is late."""
    return deadline.budget - consumed(deadline, now, where)


def stopped(deadline: Deadline, now: datetime, where: Calendar) -> Deadline:
    """The clock stands: what is used is put down, and no alarm is set."""
    used = consumed(deadline, now, where)
    return deadline.model_copy(update={"stands": True, "consumed": used, "next_at": None, "falls_at": None})


def running(
    deadline: Deadline, held: datetime, now: datetime, rule: DeadlineRule, pack: RulePack, where: Calendar
) -> Deadline:
    """The clock runs again: the time it stood is given back, measured on that clock."""
    started = clocks.given_back(deadline.started, held, now, deadline.clock, where)
    budget = with_shift_used(deadline, held)
    going = deadline.model_copy(
        update={"stands": False, "consumed": timedelta(0), "started": started, "budget": budget}
    )
    due = ends_again(going, held, now, rule, where)
    after = moved(
        going.model_copy(update={"due": due}), Move(why="held", at=now, since=held, before=deadline.due, after=due)
    )
    return ladders.armed(with_fall(after, rule), now, rule, pack, where)


def with_shift_used(deadline: Deadline, held: datetime) -> timedelta:
    """The budget, lengthened where a calendar deadline was held in the days that it had shifted over.

    It was not late when its clock was stopped, so it is not late the moment that it runs again.
    """
    in_shift = deadline.clock is Clock.CALENDAR and held < deadline.due and deadline.consumed > deadline.budget
    return deadline.consumed if in_shift else deadline.budget


def ends_again(going: Deadline, held: datetime, now: datetime, rule: DeadlineRule, where: Calendar) -> datetime:
    """When a deadline ends that has stood from `held` to `now`. In the calendar its day shifts anew."""
    if going.clock is not Clock.CALENDAR:
        return clocks.given_back(going.due, held, now, going.clock, where)
    if clocks.local(held, where).date() == clocks.local(now, where).date():
        return going.due
    return clocks.end_of(clocks.shifted(nominal(going, where), rule.term.end, where), where)


def nominal(deadline: Deadline, where: Calendar) -> date:
    """The calendar day on which the budget ends, before any shift."""
    return ladders.last_day(deadline, where)


def with_extensions(fresh: Deadline, old: Deadline, rule: DeadlineRule, where: Calendar) -> Deadline:
    """A deadline set anew from a corrected day, with what had been decided to add to it."""
    if not old.extended or fresh.clock is not old.clock:
        return fresh
    longer = fresh.model_copy(update={"budget": fresh.budget + old.extended})
    match fresh.clock:
        case Clock.CALENDAR:
            due = clocks.end_of(clocks.shifted(nominal(longer, where), rule.term.end, where), where)
        case Clock.OFFICE:
            due = clocks.later_in_office(fresh.due, old.extended, where)
        case _:
            due = fresh.due + old.extended
    return with_fall(longer.model_copy(update={"due": due, "extended": old.extended}), rule)


def with_fall(deadline: Deadline, rule: DeadlineRule) -> Deadline:
    falls = deadline.due if rule.if_missed is not IfMissed.NOTHING else None
    return deadline.model_copy(update={"falls_at": falls})


def extended(
    deadline: Deadline, by: Extension, now: datetime, rule: DeadlineRule, pack: RulePack, where: Calendar
) -> Deadline:
    """The deadline with more time, counted on from its end."""
    due, more = later(deadline, by.span, rule, where)
    after = deadline.model_copy(
        update={
            "due": due,
            "budget": deadline.budget + more,
            "extensions": deadline.extensions + 1,
            "extended": deadline.extended + more,
        }
    )
    after = moved(after, Move(why="extended", at=now, before=deadline.due, after=due, extension=by))
    return ladders.armed(with_fall(after, rule), now, rule, pack, where)


def later(deadline: Deadline, span: Span, rule: DeadlineRule, where: Calendar) -> tuple[datetime, timedelta]:
    """The deadline's end moved on by `span`, and how much that adds to the budget, on its own clock."""
    match deadline.clock:
        case Clock.CALENDAR:
            last = nominal(deadline, where)
            day = clocks.add_days(last, span)
            return clocks.end_of(clocks.shifted(day, rule.term.end, where), where), day - last
        case Clock.OFFICE if span.unit is Unit.WORKING_DAYS:
            due = clocks.add_working_days(deadline.due, span.amount, where)
        case Clock.OFFICE:
            due = clocks.add_office_time(clocks.when_open(deadline.due, where), clocks.length(span), where)
        case _:
            due = deadline.due + clocks.length(span)
    return due, clocks.measured(deadline.due, due, deadline.clock, where)


def fits(span: Span, clock: Clock) -> bool:
    """Whether a span can be counted on this clock."""
    match clock:
        case Clock.CALENDAR:
            return span.unit in (Unit.DAYS, Unit.WEEKS, Unit.MONTHS)
        case Clock.OFFICE:
            return span.unit in (Unit.WORKING_DAYS, Unit.HOURS, Unit.MINUTES)
        case _:
            return span.unit in (Unit.MINUTES, Unit.HOURS, Unit.DAYS)


def moved(deadline: Deadline, move: Move) -> Deadline:
    """The deadline with one more move on record, if its end did move."""
    if move.before == move.after:
        return deadline
    moves = (*deadline.moves, move)
    kept = moves if len(moves) <= MOST_MOVES else (moves[0], *moves[2:])
    return deadline.model_copy(update={"moves": kept})


def laid_by(watch: Deadline, now: datetime, rule: DeadlineRule) -> Deadline:
    """The watch of a rest that is over, standing from `now` (its `origin`), with the rungs that it fired."""
    climbed = watch.climbed | {rule.ladder: watch.rung}
    done = {"stands": True, "origin": now, "next_at": None, "climbed": climbed, "moves": ()}
    return watch.model_copy(update=done)


def gone_on(
    watch: Deadline, old: Deadline, now: datetime, rule: DeadlineRule, pack: RulePack, where: Calendar
) -> Deadline:
    """A new rest goes on where the earlier one was: resting again and again is one rest, not many."""
    update: dict[str, object] = {"climbed": old.climbed, "rung": old.climbed.get(rule.ladder, 0)}
    if old.clock is watch.clock:
        update |= {
            "due": clocks.given_back(old.due, old.origin, now, old.clock, where),
            "started": clocks.given_back(old.started, old.origin, now, old.clock, where),
            "budget": old.budget,
            "recurrences": old.recurrences if rule.ladder in old.climbed else 0,
        }
    return ladders.armed(watch.model_copy(update=update), now, rule, pack, where)


def set_again(
    new: Deadline,
    old: Deadline,
    ladder: tuple[str, str],
    move: Move,
    now: datetime,
    rule: DeadlineRule,
    pack: RulePack,
    where: Calendar,
) -> Deadline:
    """`new` in the place of `old`, with what the old one's ladder has fired. `ladder`: the old one's and the new one's.

    Ladders left behind keep their count, so that coming back to one fires no rung a second time.
    """
    before, after = ladder
    climbed = old.climbed | {before: max(old.rung, old.climbed.get(before, 0))}
    carried = {
        "climbed": climbed,
        "rung": max(climbed.get(after, 0), new.rung),
        "recurrences": old.recurrences if before == after else 0,
        "moves": old.moves,
        "extensions": old.extensions,
        "alarm_acknowledged": old.alarm_acknowledged,
    }
    placed = moved(new.model_copy(update=carried), move)
    return ladders.armed(placed, now, rule, pack, where)


def taken_over(
    new: Deadline, ran: Deadline, now: datetime, rule: DeadlineRule, pack: RulePack, where: Calendar
) -> Deadline:
    """`new` with the end of `ran`, a statute's term that another recipient had: it is not given out twice.

    The new recipient's ladder begins from its foot: nobody there has been told.
    """
    same = {"origin": ran.origin, "started": ran.started, "due": ran.due, "budget": ran.budget}
    after = new.model_copy(update=same | {"extensions": ran.extensions})
    after = moved(after, Move(why="rerouted", at=now, before=new.due, after=ran.due))
    return ladders.armed(with_fall(after, rule), now, rule, pack, where)
