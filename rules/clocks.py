"""Three clocks and four kinds of end. Instants in and out; local time only in between.

Around the clock runs in real time, also over summer time. The office clock runs in working hours, and a
working day keeps the time of day. The calendar ends at 24:00 local time and may shift (lag 1930:173 2 §).
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.calendars import Calendar, Clock, End, Span, Term, Unit

MIDNIGHT = time(0)
FIRST_YEAR = 1900
FIRST_OF_WEEKEND = 5
REAL_TIME = {
    Unit.SECONDS: "seconds",
    Unit.MINUTES: "minutes",
    Unit.HOURS: "hours",
    Unit.DAYS: "days",
    Unit.WEEKS: "weeks",
}


class BeyondCalendar(ValueError):
    """The pack's calendar ends before the answer does: compile a newer pack."""


def local(instant: datetime, where: Calendar) -> datetime:
    return instant.astimezone(ZoneInfo(where.zone))


def at_local(day: date, moment: time, where: Calendar) -> datetime:
    """The instant of a local wall-clock time. One that occurs twice is the first; one that is skipped moves on."""
    return datetime.combine(day, moment.replace(fold=0), ZoneInfo(where.zone)).astimezone(UTC)


def is_working_day(day: date, where: Calendar) -> bool:
    if day > where.closed_until:
        raise BeyondCalendar(f"the rule pack's calendar ends {where.closed_until}")
    return day.weekday() < FIRST_OF_WEEKEND and day not in where.closed_days


def working_day_after(day: date, where: Calendar, step: int = 1) -> date:
    """The next working day strictly after `day`; before it when `step` is -1."""
    day += timedelta(days=step)
    while not is_working_day(day, where):
        day += timedelta(days=step)
    return day


def hours_of(day: date, where: Calendar) -> tuple[datetime, datetime]:
    """When the office opens and closes on a working day, half-days included."""
    return at_local(day, where.office.opens, where), at_local(day, where.closes_on(day), where)


def when_open(instant: datetime, where: Calendar) -> datetime:
    """`instant` itself within office hours and before the cut-off, otherwise the next opening."""
    here = local(instant, where)
    day = here.date()
    if is_working_day(day, where):
        if here.time() < where.office.opens:
            return at_local(day, where.office.opens, where)
        if here.time() < min(where.closes_on(day), where.office.cutoff or where.office.closes):
            return instant
    return at_local(working_day_after(day, where), where.office.opens, where)


def office_time_between(start: datetime, end: datetime, where: Calendar) -> timedelta:
    """Office time from `start` to `end`; zero when `end` is not later."""
    total, day, last = timedelta(0), local(start, where).date(), local(end, where).date()
    while day <= last:
        if is_working_day(day, where):
            opens, closes = hours_of(day, where)
            total += max(timedelta(0), min(end, closes) - max(start, opens))
        day += timedelta(days=1)
    return total


def add_office_time(start: datetime, duration: timedelta, where: Calendar) -> datetime:
    """The instant at which `duration` of office time has passed since `start`."""
    day = local(start, where).date()
    while True:
        if is_working_day(day, where):
            opens, closes = hours_of(day, where)
            begins = max(start, opens)
            if duration <= closes - begins:
                return begins + duration
            duration -= max(timedelta(0), closes - begins)
        day = working_day_after(day, where)


def add_working_days(start: datetime, days: int, where: Calendar) -> datetime:
    """`days` working days after the opening at or after `start`, at the same local time of day.

    When the office has closed by that time on a half-day, it is the next opening.
    """
    start = when_open(start, where)
    here = local(start, where)
    day = here.date()
    for _ in range(days):
        day = working_day_after(day, where)
    if not days:
        return start
    if here.time() >= where.closes_on(day):
        return at_local(working_day_after(day, where), where.office.opens, where)
    return at_local(day, here.time(), where)


def add_span(start: datetime, span: Span, where: Calendar) -> datetime:
    """A span of ladder time: working days on the office clock, everything else in real time."""
    if span.unit is Unit.WORKING_DAYS:
        return add_working_days(start, span.amount, where)
    if span.unit is Unit.MONTHS:
        raise ValueError("months belong to the calendar clock")
    return start + length(span)


def length(span: Span) -> timedelta:
    """A span of real time (not of working days, not of months)."""
    return timedelta(**{REAL_TIME[span.unit]: span.amount})


def add_months(day: date, months: int) -> date:
    """Same day of the month, or the month's last day where there is none (lag 1930:173 1 §)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def add_days(day: date, span: Span, sign: int = 1) -> date:
    """The calendar day a span of days, weeks or months after `day`; before it when `sign` is -1."""
    match span.unit:
        case Unit.DAYS | Unit.WEEKS:
            return day + timedelta(**{REAL_TIME[span.unit]: sign * span.amount})
        case Unit.MONTHS:
            return add_months(day, sign * span.amount)
        case _:
            raise ValueError(f"the calendar clock counts days, weeks or months, not {span.unit}")


def last_day(start: datetime, span: Span, end: End, where: Calendar) -> date:
    """The day on which a calendar span from `start` ends, before any shift. A countdown runs backwards."""
    return add_days(local(start, where).date(), span, -1 if end is End.COUNTDOWN else 1)


def shifted(day: date, end: End, where: Calendar) -> date:
    """The day itself, or the working day it shifts to: act-by forward, countdown backward, expiry never."""
    if end is End.EXPIRY or is_working_day(day, where):
        return day
    return working_day_after(day, where, step=-1 if end is End.COUNTDOWN else 1)


def end_of(day: date, where: Calendar) -> datetime:
    """24:00 local on `day`."""
    return at_local(day + timedelta(days=1), MIDNIGHT, where)


def calendar_end(start: datetime, span: Span, end: End, where: Calendar) -> datetime:
    """24:00 local on the day the span ends, shifted as `end` says."""
    return end_of(shifted(last_day(start, span, end, where), end, where), where)


def due(start: datetime, term: Term, where: Calendar) -> datetime:
    """When a term that starts (for a countdown: whose event is) at `start` ends.

    Raises:
        BeyondCalendar: `start` lies where no case can be: a year was mistyped.
    """
    if not FIRST_YEAR <= start.year <= where.closed_until.year:
        raise BeyondCalendar(f"the rule pack's calendar ends {where.closed_until}")
    start = start.astimezone(UTC)  # arithmetic on local instants would lose the hour when summer time comes
    match term.clock, term.span.unit:
        case Clock.CALENDAR, _:
            return calendar_end(start, term.span, term.end, where)
        case Clock.OFFICE, Unit.WORKING_DAYS:
            return add_working_days(start, term.span.amount, where)
        case Clock.OFFICE, Unit.HOURS | Unit.MINUTES:
            return add_office_time(when_open(start, where), length(term.span), where)
        case Clock.AROUND_THE_CLOCK, unit if unit in REAL_TIME:
            return add_span(start, term.span, where)
        case clock, unit:
            raise ValueError(f"the {clock} clock does not count {unit}")


def measured(start: datetime, end: datetime, clock: Clock, where: Calendar) -> timedelta:
    """How much of a deadline's time passes from `start` to `end` on its own clock; never less than none.

    Real time around the clock, office time in the office, whole days in the calendar, where 24:00 ends its day.
    """
    if end <= start:
        return timedelta(0)
    match clock:
        case Clock.OFFICE:
            return office_time_between(start, end, where)
        case Clock.CALENDAR:
            return written_end(end, where.zone)[0] - local(start, where).date()
        case _:
            return end - start


def part_way(start: datetime, end: datetime, percent: int, clock: Clock, where: Calendar) -> datetime:
    """The instant at which `percent` of the budget from `start` to `end` is used, in that deadline's own clock."""
    if clock is Clock.OFFICE:
        return add_office_time(start, office_time_between(start, end, where) * percent / 100, where)
    return start + (end - start) * percent / 100


def given_back(end: datetime, held: datetime, resumed: datetime, clock: Clock, where: Calendar) -> datetime:
    """`end` moved on by the time the clock stood. Holding for no time at all changes nothing."""
    if resumed <= held:
        return end
    if clock is Clock.OFFICE:
        return later_in_office(end, office_time_between(held, resumed, where), where)
    if clock is Clock.CALENDAR:
        here, days = local(end, where), (local(resumed, where).date() - local(held, where).date()).days
        return at_local(here.date() + timedelta(days=days), here.time(), where) if days else end
    return end + (resumed - held)


def later_in_office(end: datetime, stood: timedelta, where: Calendar) -> datetime:
    """`end` moved on by `stood` office time; a whole working day keeps the time of day, unless a half-day is between.

    What would end just as the office closes ends when it next opens, so that two holds give back what one would.
    """
    if not stood:
        return end
    moved = add_office_time(end, stood, where)
    day = local(moved, where).date()
    if moved < hours_of(day, where)[1]:
        return moved
    return at_local(working_day_after(day, where), where.office.opens, where)


def written_end(end: datetime, zone: str) -> tuple[date, str]:
    """A deadline's local day and time as people write them: midnight is 24:00 of the day that it ends."""
    here = end.astimezone(ZoneInfo(zone))
    if here.time() == MIDNIGHT:
        return here.date() - timedelta(days=1), "24:00"
    return here.date(), f"{here:%H:%M}"
