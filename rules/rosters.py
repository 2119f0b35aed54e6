"""Whose hours it is: rosters, when the office is closed, and by when somebody else must have looked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from models.access import Hours
from models.calendars import Calendar
from rules import clocks

DAY = timedelta(days=1)


def within(hours: Iterable[Hours], now: datetime, where: Calendar) -> bool:
    """Whether `now` is within a roster, in local time. An empty roster has no hours: nothing is within it."""
    here = clocks.local(now, where)
    return any(covers(each, here) or covers(each, here - DAY, DAY) for each in hours)


def covers(hours: Hours, here: datetime, later: timedelta = timedelta(0)) -> bool:
    """Whether hours that begin on this local day cover its time of day, or that time on the day after."""
    begins, ends = minutes(hours.begins), minutes(hours.ends)
    ends += 24 * 60 if ends <= begins else 0
    return hours.weekday == here.weekday() and begins <= minutes(here.time()) + 24 * 60 * later.days < ends


def minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def is_night(now: datetime, where: Calendar) -> bool:
    """Whether the office is closed: evenings, weekends, holidays and its own closed days, half-days' afternoons."""
    here = clocks.local(now, where)
    if not clocks.is_working_day(here.date(), where):
        return True
    opens, closes = clocks.hours_of(here.date(), where)
    return not opens <= now < closes


def review_by(now: datetime, where: Calendar) -> datetime:
    """When the office closes on the next working day: of a night, the day that it leads to."""
    day = clocks.local(now, where).date()
    if not clocks.is_working_day(day, where) or now >= clocks.hours_of(day, where)[0]:
        day = clocks.working_day_after(day, where)
    return clocks.hours_of(day, where)[1]
