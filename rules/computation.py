"""A deadline worked out for anyone to check (`deadline compute`), step by step.

Office clock: a start on a working day before the cut-off counts as it is, also before opening; any other counts from
the next opening. Working days then keep the local time of day. Minutes and hours run in real time, or only while the
office is open when the question says when it closes.

A hold stops the clock. Around the clock, and for office hours in real time, the due moves by the real time held; for
working days and office time by the office time held, a whole office day being a whole working day. An act-by in the
calendar keeps the whole days that were left when it was held, counted from the day it runs again, and then shifts.
An expiry and a countdown are not moved by a hold. What is held before the start, or after the end, counts for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple

from models.calendars import Calendar, Clock, End, OfficeHours, Span, Unit
from models.computation import Asked, Impossible, Reckoning, Step
from rules import clocks
from rules.clocks import BeyondCalendar
from rules.reckoning import Steps, day_ended, known, last_day, office_start, office_time, real_time, working_days

UNITS = {
    Clock.OFFICE: (Unit.MINUTES, Unit.HOURS, Unit.WORKING_DAYS),
    Clock.AROUND_THE_CLOCK: (Unit.MINUTES, Unit.HOURS, Unit.DAYS, Unit.WEEKS),
    Clock.CALENDAR: (Unit.DAYS, Unit.WEEKS, Unit.MONTHS),
}
TEN_YEARS = timedelta(days=3_653)
MOST = {
    Unit.MINUTES: TEN_YEARS // timedelta(minutes=1),
    Unit.HOURS: TEN_YEARS // timedelta(hours=1),
    Unit.WORKING_DAYS: TEN_YEARS.days * 5 // 7,
    Unit.DAYS: TEN_YEARS.days,
    Unit.WEEKS: TEN_YEARS // timedelta(weeks=1),
    Unit.MONTHS: 120,
}
"""Ten years of each unit."""
USUAL_CLOSING = time(16)
Hold = tuple[datetime, datetime]


def office_of(asked: Asked) -> OfficeHours:
    """The office that a question describes; it closes at 16:00, or at a later cut-off, when nothing else is said."""
    closes = asked.closes or max(USUAL_CLOSING, asked.cutoff)
    return OfficeHours(opens=asked.opens, closes=closes, cutoff=asked.cutoff)


def impossible(asked: Asked) -> Impossible | None:
    """Why a question whose every field is right by itself has no answer; None when it has one."""
    unit, holds = Unit(asked.unit), sorted(asked.holds)
    if unit not in UNITS[asked.clock]:
        return Impossible(code="unit-not-on-clock", field="unit")
    if asked.amount > MOST[unit]:
        return Impossible(code="beyond-ten-years", field="amount", most=MOST[unit])
    if asked.clock is not Clock.CALENDAR and asked.end is not End.ACT_BY:
        return Impossible(code="end-needs-calendar", field="end")
    if asked.clock is Clock.OFFICE and office_of(asked).closes <= asked.opens:
        return Impossible(code="closes-before-opening", field="closes" if asked.closes else "opens")
    if any(until < since for since, until in holds):
        return Impossible(code="hold-ends-before-it-starts", field="holds")
    if any(later[0] < earlier[1] for earlier, later in pairwise(holds)):
        return Impossible(code="holds-overlap", field="holds")
    return None


def compute(asked: Asked, where: Calendar) -> Reckoning | Impossible:
    """The due of what was asked, and the steps to it. `where` is the calendar of the question's own office."""
    if fault := impossible(asked):
        return fault
    try:
        if asked.clock is Clock.CALENDAR:
            return in_calendar(asked, where)
        return on_clock(asked, where)
    except BeyondCalendar:
        return Impossible(code="beyond-calendar", field="amount")


class Standing(NamedTuple):
    """What a hold is worth on a clock, and an end moved on by that much."""

    stood: Callable[[Hold], timedelta]
    later: Callable[[datetime, timedelta], datetime]


def on_clock(asked: Asked, where: Calendar) -> Reckoning:
    """Around the clock, or in the office."""
    unit, began = Unit(asked.unit), asked.start
    told: Steps = (Step(code="counts-from", at=asked.start),)
    if asked.clock is Clock.OFFICE:
        began, waited = office_start(asked.start, where, early=True)
        told += waited
    if unit is Unit.WORKING_DAYS:
        due, steps = working_days(began, asked.amount, where)
        standing = Standing(in_office(where), lambda end, stood: days_later(end, stood, where))
    elif asked.clock is Clock.OFFICE and asked.closes:
        due, steps = office_time(began, asked.amount, unit, where)
        standing = Standing(in_office(where), lambda end, stood: clocks.add_office_time(end, stood, where))
    else:
        due, steps = real_time(began, asked.amount, unit, where)
        standing = Standing(lambda hold: hold[1] - hold[0], lambda end, stood: end + stood)
    due, held = with_holds(due, asked.holds, began, standing, where)
    return Reckoning(due, (*told, *steps, *held, Step(code="due", at=due)))


def in_office(where: Calendar) -> Callable[[Hold], timedelta]:
    return lambda hold: clocks.office_time_between(*hold, where)


def days_later(end: datetime, stood: timedelta, where: Calendar) -> datetime:
    """A working-day end moved on by office time; whole office days keep the time of day, also before opening."""
    days, rest = divmod(stood, timedelta(minutes=where.office.minutes))
    if days and not rest:
        after, _ = working_days(end, days, where)
        if clocks.office_time_between(end, after, where) == stood:
            return after
    return clocks.later_in_office(end, stood, where)


def in_calendar(asked: Asked, where: Calendar) -> Reckoning:
    span = Span(amount=asked.amount, unit=Unit(asked.unit))
    day, steps = last_day(asked.start, span, asked.end, where)
    code = "counts-back-from" if asked.end is End.COUNTDOWN else "counts-from"
    if asked.end is End.ACT_BY:
        day, held = with_days_held(day, asked.holds, asked.start, where)
    else:
        held = tuple(Step(code=f"hold-moves-no-{asked.end}", since=h[0], until=h[1]) for h in merged(asked.holds))
    closing = day_ended(day, asked.end, where)
    return Reckoning(closing.due, (Step(code=code, at=asked.start), *steps, *held, *closing.steps))


def merged(holds: Sequence[Hold]) -> list[Hold]:
    """The holds in order; two that meet are one."""
    joined: list[Hold] = []
    for since, until in sorted(holds):
        meets = joined and joined[-1][1] == since
        joined.append((joined.pop()[0] if meets else since, until))
    return joined


def effective(hold: Hold, began: datetime, due: datetime) -> tuple[Hold | None, Steps]:
    """The part of a hold in which a clock that runs from `began` to `due` stood; None, and why, when there is none."""
    since, until = hold
    if since == until:
        return None, (Step(code="hold-of-no-length", since=since, until=until),)
    if until <= began:
        return None, (Step(code="hold-before-start", since=since, until=until),)
    if since >= due:
        return None, (Step(code="hold-after-end", since=since, until=until, at=due),)
    if since < began:
        return (began, until), (Step(code="hold-began-before-start", since=since, until=until, at=began),)
    return hold, ()


def with_holds(
    due: datetime, holds: Sequence[Hold], began: datetime, standing: Standing, where: Calendar
) -> tuple[datetime, Steps]:
    """An end after its holds, each of which moves it by what it is worth on the clock."""
    told: Steps = ()
    for whole in merged(holds):
        hold, why = effective(whole, began, due)
        told += why
        if hold is None:
            continue
        if stood := standing.stood(hold):
            due = known(standing.later(due, stood), where)
            told += (Step(code="held", since=hold[0], until=hold[1], stood=stood, at=due),)
        else:
            told += (Step(code="hold-outside-office", since=hold[0], until=hold[1]),)
    return due, told


def with_days_held(day: date, holds: Sequence[Hold], began: datetime, where: Calendar) -> tuple[date, Steps]:
    """An act-by's last day, before any shift, after its holds.

    The whole days left when it was held are left when it runs again: none of them when it had come to the days that
    the shift gave.
    """
    told: Steps = ()
    for whole in merged(holds):
        due = clocks.end_of(clocks.shifted(day, End.ACT_BY, where), where)
        hold, why = effective(whole, began, due)
        told += why
        if hold is None:
            continue
        held, runs = (clocks.local(instant, where).date() for instant in hold)
        after = runs + max(timedelta(0), day - held)
        if runs == held:
            told += (Step(code="hold-within-a-day", since=hold[0], until=hold[1]),)
            continue
        told += (Step(code="days-held", since=hold[0], until=hold[1], amount=(runs - held).days, day=day, to=after),)
        day = after
    return day, told
