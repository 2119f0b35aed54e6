"""Three clocks and four kinds of end. Instants in and out; local time only in between.

Around the clock runs in real time, also over summer time. The office clock runs in working hours, and a
working day keeps the time of day. The calendar ends at 24:00 local time and may shift (lag 1930:173 2 §).
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.packs import Clock, End, RulePack, Span, Term, Unit

MIDNIGHT = time(0)
FIRST_YEAR = 1900
REAL_TIME = {
    Unit.SECONDS: "seconds",
    Unit.MINUTES: "minutes",
    Unit.HOURS: "hours",
    Unit.DAYS: "days",
    Unit.WEEKS: "weeks",
}


class BeyondCalendar(ValueError):
    """The pack's calendar ends before the answer does: compile a newer pack."""


def local(instant: datetime, pack: RulePack) -> datetime:
    return instant.astimezone(ZoneInfo(pack.zone))


def at_local(day: date, moment: time, pack: RulePack) -> datetime:
    """The instant of a local wall-clock time. One that occurs twice is the first; one that is skipped moves on."""
    return datetime.combine(day, moment, ZoneInfo(pack.zone)).astimezone(UTC)


def is_working_day(day: date, pack: RulePack) -> bool:
    if day > pack.closed_until:
        raise BeyondCalendar(f"the rule pack's calendar ends {pack.closed_until}")
    return day.weekday() < 5 and day not in pack.closed


def working_day_after(day: date, pack: RulePack, step: int = 1) -> date:
    """The next working day strictly after `day`; before it when `step` is -1."""
    day += timedelta(days=step)
    while not is_working_day(day, pack):
        day += timedelta(days=step)
    return day


def when_open(instant: datetime, pack: RulePack) -> datetime:
    """`instant` itself within office hours, otherwise the next opening."""
    here = local(instant, pack)
    day = here.date()
    if is_working_day(day, pack):
        if pack.office.opens <= here.time() < pack.office.closes:
            return instant
        if here.time() < pack.office.opens:
            return at_local(day, pack.office.opens, pack)
    return at_local(working_day_after(day, pack), pack.office.opens, pack)


def office_time_between(start: datetime, end: datetime, pack: RulePack) -> timedelta:
    """Office time from `start` to `end`; zero when `end` is not later."""
    total, day, last = timedelta(0), local(start, pack).date(), local(end, pack).date()
    while day <= last:
        if is_working_day(day, pack):
            opens, closes = at_local(day, pack.office.opens, pack), at_local(day, pack.office.closes, pack)
            total += max(timedelta(0), min(end, closes) - max(start, opens))
        day += timedelta(days=1)
    return total


def add_office_time(start: datetime, duration: timedelta, pack: RulePack) -> datetime:
    """The instant at which `duration` of office time has passed since `start`."""
    start = when_open(start, pack)
    while True:
        day = local(start, pack).date()
        left = at_local(day, pack.office.closes, pack) - start
        if duration <= left:
            return start + duration
        duration -= left
        start = at_local(working_day_after(day, pack), pack.office.opens, pack)


def add_working_days(start: datetime, days: int, pack: RulePack) -> datetime:
    """`days` working days after the opening at or after `start`, at the same local time of day."""
    start = when_open(start, pack)
    here = local(start, pack)
    day = here.date()
    for _ in range(days):
        day = working_day_after(day, pack)
    return at_local(day, here.time(), pack) if days else start


def add_span(start: datetime, span: Span, pack: RulePack) -> datetime:
    """A span of ladder time: working days on the office clock, everything else in real time."""
    if span.unit is Unit.WORKING_DAYS:
        return add_working_days(start, span.amount, pack)
    if span.unit is Unit.MONTHS:
        raise ValueError("months belong to the calendar clock")
    return start + timedelta(**{REAL_TIME[span.unit]: span.amount})


def add_months(day: date, months: int) -> date:
    """Same day of the month, or the month's last day where there is none (lag 1930:173 1 §)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def calendar_end(start: datetime, span: Span, end: End, pack: RulePack) -> datetime:
    """24:00 local on the day the span ends, shifted as `end` says. A countdown runs backwards from `start`."""
    sign = -1 if end is End.COUNTDOWN else 1
    day = local(start, pack).date()
    match span.unit:
        case Unit.DAYS | Unit.WEEKS:
            day += timedelta(**{REAL_TIME[span.unit]: sign * span.amount})
        case Unit.MONTHS:
            day = add_months(day, sign * span.amount)
        case _:
            raise ValueError(f"the calendar clock counts days, weeks or months, not {span.unit}")
    if end is not End.EXPIRY and not is_working_day(day, pack):
        day = working_day_after(day, pack, step=sign)
    return at_local(day + timedelta(days=1), MIDNIGHT, pack)


def due(start: datetime, term: Term, pack: RulePack) -> datetime:
    """When a term that starts (for a countdown: whose event is) at `start` ends.

    Raises:
        BeyondCalendar: `start` lies where no case can be: a year was mistyped.
    """
    if not FIRST_YEAR <= start.year <= pack.closed_until.year:
        raise BeyondCalendar(f"the rule pack's calendar ends {pack.closed_until}")
    start = start.astimezone(UTC)  # arithmetic on local instants would lose the hour when summer time comes
    match term.clock, term.span.unit:
        case Clock.CALENDAR, _:
            return calendar_end(start, term.span, term.end, pack)
        case Clock.OFFICE, Unit.WORKING_DAYS:
            return add_working_days(start, term.span.amount, pack)
        case Clock.OFFICE, Unit.HOURS | Unit.MINUTES:
            return add_office_time(start, timedelta(**{REAL_TIME[term.span.unit]: term.span.amount}), pack)
        case Clock.AROUND_THE_CLOCK, unit if unit in REAL_TIME:
            return add_span(start, term.span, pack)
        case clock, unit:
            raise ValueError(f"the {clock} clock does not count {unit}")


def part_way(start: datetime, end: datetime, percent: int, clock: Clock, pack: RulePack) -> datetime:
    """The instant at which `percent` of the budget from `start` to `end` is used, in that deadline's own clock."""
    if clock is Clock.OFFICE:
        return add_office_time(start, office_time_between(start, end, pack) * percent / 100, pack)
    return start + (end - start) * percent / 100


def given_back(end: datetime, held: datetime, resumed: datetime, clock: Clock, pack: RulePack) -> datetime:
    """`end` moved on by the time the clock stood. Holding for no time at all changes nothing."""
    if resumed <= held:
        return end
    if clock is Clock.OFFICE:
        stood = office_time_between(held, resumed, pack)
        days, rest = divmod(stood, timedelta(minutes=pack.office.minutes))
        end = add_working_days(end, days, pack) if days else end
        return add_office_time(end, rest, pack) if rest else end
    if clock is Clock.CALENDAR:
        here, days = local(end, pack), (local(resumed, pack).date() - local(held, pack).date()).days
        return at_local(here.date() + timedelta(days=days), here.time(), pack) if days else end
    return end + (resumed - held)


def written_end(end: datetime, zone: str) -> tuple[date, str]:
    """A deadline's local day and time as people write them: midnight is 24:00 of the day that it ends."""
    here = end.astimezone(ZoneInfo(zone))
    if here.time() == MIDNIGHT:
        return here.date() - timedelta(days=1), "24:00"
    return here.date(), f"{here:%H:%M}"
