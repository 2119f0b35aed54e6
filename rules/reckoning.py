"""A term counted out step by step, so that a person can follow which day moved it and why.

The arithmetic is that of `rules.clocks`; here each part of it is told as a `Step`. What one function returns is always
where the reckoning stands and the steps that led there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.calendars import Calendar, Clock, End, Span, Unit
from models.computation import ClosedDay, Reckoning, Step
from rules import clocks
from rules.clocks import BeyondCalendar

WEEKEND = "weekend"
MOST_NAMED = 12
"""Closed days that a step names; a term of years passes over hundreds."""
Steps = tuple[Step, ...]


def known(instant: datetime, where: Calendar) -> datetime:
    """The instant itself.

    Raises:
        BeyondCalendar: it lies after the last day whose holidays are known.
    """
    if instant > clocks.end_of(where.closed_until, where):
        raise BeyondCalendar(f"the rule pack's calendar ends {where.closed_until}")
    return instant


def named(day: date, where: Calendar) -> ClosedDay:
    return ClosedDay(day=day, name=where.closed_days.get(day, WEEKEND))


def between(first: date, last: date, where: Calendar) -> list[date]:
    """The days from `first` to `last`, both included, on which the office is closed."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if not clocks.is_working_day(day, where)]


def passing(code: str, closed: Sequence[date], where: Calendar, **fields: object) -> Step:
    """A step that passed over `closed` days."""
    told = tuple(named(day, where) for day in closed[:MOST_NAMED])
    return Step.model_validate({"code": code, "closed": told, "omitted": len(closed) - len(told)} | fields)


def wall(day: date, moment: time, where: Calendar) -> tuple[datetime, Steps]:
    """A local time of day as an instant; a step when the clocks change just then, so that it is skipped or twice."""
    instant = clocks.at_local(day, moment, where)
    if clocks.local(instant, where).replace(tzinfo=None, fold=0) != datetime.combine(day, moment.replace(fold=0)):
        return instant, (Step(code="no-such-time", day=day, word=f"{moment:%H:%M}", at=instant),)
    again = datetime.combine(day, moment.replace(fold=1), ZoneInfo(where.zone)).astimezone(UTC)
    if again != instant:
        return instant, (Step(code="time-occurs-twice", day=day, word=f"{moment:%H:%M}", at=instant),)
    return instant, ()


def latest_on(day: date, where: Calendar) -> time:
    """From this time of day on, what comes counts from the next opening."""
    return min(where.closes_on(day), where.office.cutoff or where.office.closes)


def office_start(start: datetime, where: Calendar, early: bool) -> tuple[datetime, Steps]:
    """From when the office clock counts: `start`, or the next opening when it came too late or on a closed day.

    `early`: what comes before opening on a working day counts from that moment, not from opening.
    """
    here = clocks.local(start, where)
    day, latest = here.date(), latest_on(here.date(), where)
    if clocks.is_working_day(day, where):
        if here.time() < latest and (early or here.time() >= where.office.opens):
            return start, ()
        if here.time() < where.office.opens:
            opening, odd = wall(day, where.office.opens, where)
            return opening, (Step(code="before-opening", since=start, at=opening), *odd)
        code, word = "after-cutoff", f"{latest:%H:%M}"
    else:
        code, word = "on-closed-day", None
    next_day = clocks.working_day_after(day, where)
    opening, odd = wall(next_day, where.office.opens, where)
    return opening, (passing(code, between(day, next_day, where), where, since=start, word=word, at=opening), *odd)


def working_days(start: datetime, days: int, where: Calendar) -> tuple[datetime, Steps]:
    """`days` working days after `start`, same local time of day; the next opening if the office has closed by then."""
    here = clocks.local(start, where)
    day, closed = here.date(), []
    for _ in range(days):
        day += timedelta(days=1)
        while not clocks.is_working_day(day, where):
            closed.append(day)
            day += timedelta(days=1)
    at, odd = wall(day, here.time(), where)
    count = passing("working-days", closed, where, amount=days, unit=Unit.WORKING_DAYS, at=at)
    if days and here.time() >= where.closes_on(day):
        next_day = clocks.working_day_after(day, where)
        at, odd = wall(next_day, where.office.opens, where)
        early = passing(
            "closed-by-then",
            between(day, next_day, where),
            where,
            day=day,
            word=f"{where.closes_on(day):%H:%M}",
            at=at,
        )
        return known(at, where), (count, early, *odd)
    return known(at, where), (count, *odd)


def office_time(start: datetime, amount: int, unit: Unit, where: Calendar) -> tuple[datetime, Steps]:
    """`amount` minutes or hours of office time after `start`."""
    at = known(clocks.add_office_time(start, timedelta(**{unit.value: amount}), where), where)
    closed = between(clocks.local(start, where).date(), clocks.local(at, where).date(), where)
    return at, (passing("office-time", closed, where, amount=amount, unit=unit, at=at),)


def real_time(start: datetime, amount: int, unit: Unit, where: Calendar) -> tuple[datetime, Steps]:
    """`amount` minutes, hours, days of 24 hours or weeks after `start`, whatever day it is."""
    at = known(start + timedelta(**{unit.value: amount}), where)
    return at, (Step(code="real-time", amount=amount, unit=unit, at=at), *clock_change(start, at, where))


def clock_change(start: datetime, end: datetime, where: Calendar) -> Steps:
    """A step when summer time began or ended in between, so that the wall clock shows another time of day."""
    before, after = (clocks.local(instant, where).utcoffset() or timedelta(0) for instant in (start, end))
    if before == after:
        return ()
    return (Step(code="clocks-forward" if after > before else "clocks-back", stood=abs(after - before)),)


def last_day(start: datetime, span: Span, end: End, where: Calendar) -> tuple[date, Steps]:
    """The calendar day on which a span ends, before any shift. A countdown is counted backwards."""
    first, day = clocks.local(start, where).date(), clocks.last_day(start, span, end, where)
    code = "counted-back" if end is End.COUNTDOWN else "counted-on"
    steps: Steps = (Step(code=code, amount=span.amount, unit=span.unit, day=first, to=day),)
    if span.unit is Unit.MONTHS and day.day != first.day:
        steps += (Step(code="month-end", day=day, amount=first.day),)
    return day, steps


def day_ended(day: date, end: End, where: Calendar) -> Reckoning:
    """24:00 on `day`, or on the working day that it shifts to, as `end` says."""
    shifted = clocks.shifted(day, end, where)
    steps: Steps = ()
    if shifted > day:
        steps = (passing("moved-on", between(day, shifted, where), where, day=day, to=shifted),)
    elif shifted < day:
        steps = (passing("moved-back", between(shifted, day, where), where, day=day, to=shifted),)
    elif end is End.EXPIRY and day <= where.closed_until and not clocks.is_working_day(day, where):
        steps = (passing("does-not-move", [day], where, day=day),)
    due = known(clocks.end_of(shifted, where), where)
    _, odd = wall(shifted + timedelta(days=1), clocks.MIDNIGHT, where)
    return Reckoning(due, (*steps, *odd, Step(code="due", at=due, day=shifted)))


def reckoned(start: datetime, span: Span, clock: Clock, end: End, where: Calendar) -> Reckoning:
    """A live deadline's term as `rules.clocks.due` counts it, with its steps."""
    start = start.astimezone(UTC)
    counts = Step(code="counts-back-from" if end is End.COUNTDOWN else "counts-from", at=start)
    if clock is Clock.CALENDAR:
        day, steps = last_day(start, span, end, where)
        closing = day_ended(day, end, where)
        return Reckoning(closing.due, (counts, *steps, *closing.steps))
    if clock is Clock.AROUND_THE_CLOCK:
        due, steps = real_time(start, span.amount, span.unit, where)
        return Reckoning(due, (counts, *steps, Step(code="due", at=due)))
    began, waited = office_start(start, where, early=False)
    if span.unit is Unit.WORKING_DAYS:
        due, steps = working_days(began, span.amount, where)
    else:
        due, steps = office_time(began, span.amount, span.unit, where)
    return Reckoning(due, (counts, *waited, *steps, Step(code="due", at=due)))
