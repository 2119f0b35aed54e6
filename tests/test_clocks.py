"""The clocks against dates worked out by hand for Sweden, 2026 to 2028."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.calendars import Clock, End, Span, Term, Unit
from rules import clocks
from rules.clocks import BeyondCalendar
from tests.rules_support import PACK, STOCKHOLM, at, shown

WHERE = PACK.calendar
CLOCKS = {Unit.WORKING_DAYS: Clock.OFFICE, Unit.DAYS: Clock.CALENDAR, Unit.WEEKS: Clock.CALENDAR}
CLOCKS |= {Unit.MONTHS: Clock.CALENDAR, Unit.HOURS: Clock.AROUND_THE_CLOCK, Unit.MINUTES: Clock.AROUND_THE_CLOCK}
UNITS = {"wd": Unit.WORKING_DAYS, "d": Unit.DAYS, "w": Unit.WEEKS, "m": Unit.MONTHS, "h": Unit.HOURS}


def ends(start: str, length: str, end: End = End.ACT_BY) -> str | None:
    amount, unit = length.split()
    span = Span(amount=int(amount), unit=UNITS[unit])
    return shown(
        clocks.due(
            at(start).astimezone(STOCKHOLM), Term(span=span, clock=CLOCKS[span.unit], end=end, source="a test"), WHERE
        )
    )


def office(start: str, length: timedelta) -> str | None:
    return shown(clocks.add_office_time(at(start), length, WHERE))


@pytest.mark.parametrize(
    "day",
    [
        "2026-12-24",  # julafton
        "2026-12-25",
        "2026-12-26",
        "2026-12-31",  # nyårsafton
        "2027-01-01",
        "2027-01-06",  # trettondedagen
        "2027-03-26",  # långfredagen
        "2027-03-29",  # annandag påsk
        "2027-05-06",  # Kristi himmelsfärd
        "2026-06-19",  # midsommarafton
        "2027-06-25",  # midsommarafton
        "2028-06-23",  # midsommarafton
        "2028-06-06",  # nationaldagen, a Tuesday
        "2028-05-01",  # a Monday
        "2027-01-09",  # a Saturday
        "2027-01-10",  # a Sunday
    ],
)
def test_the_office_is_closed_on(day: str) -> None:
    assert not clocks.is_working_day(at(f"{day} 12:00").date(), WHERE)


@pytest.mark.parametrize("day", ["2026-12-23", "2026-12-28", "2026-12-30", "2027-01-05", "2027-03-25", "2027-05-07"])
def test_the_office_is_open_on(day: str) -> None:
    assert clocks.is_working_day(at(f"{day} 12:00").date(), WHERE)


@pytest.mark.parametrize(
    ("start", "opening"),
    [
        ("2027-01-05 07:59", "Tue 5 Jan 2027 08:00"),
        ("2027-01-05 08:00", "Tue 5 Jan 2027 08:00"),
        ("2027-01-05 15:59", "Tue 5 Jan 2027 15:59"),
        ("2027-01-05 16:00", "Thu 7 Jan 2027 08:00"),
        ("2027-01-06 03:00", "Thu 7 Jan 2027 08:00"),
        ("2026-12-30 16:30", "Mon 4 Jan 2027 08:00"),
        ("2027-03-25 20:00", "Tue 30 Mar 2027 08:00"),
        ("2027-06-24 23:59", "Mon 28 Jun 2027 08:00"),
    ],
)
def test_a_start_outside_office_hours_counts_from_the_next_opening(start: str, opening: str) -> None:
    assert shown(clocks.when_open(at(start), WHERE)) == opening


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        # A working day keeps the time of day.
        ("2027-02-01 10:00", "1 wd", "Tue 2 Feb 2027 10:00"),
        ("2027-02-05 15:59", "1 wd", "Mon 8 Feb 2027 15:59"),
        ("2027-02-05 16:00", "1 wd", "Tue 9 Feb 2027 08:00"),
        # Over julafton to nyårsdagen.
        ("2026-12-23 13:00", "1 wd", "Mon 28 Dec 2026 13:00"),
        ("2026-12-23 13:00", "4 wd", "Mon 4 Jan 2027 13:00"),
        # Over midsommar, and over 6 June on a Tuesday.
        ("2026-06-18 09:30", "1 wd", "Mon 22 Jun 2026 09:30"),
        ("2028-06-05 09:30", "1 wd", "Wed 7 Jun 2028 09:30"),
        # Over both changes of the clock the local time of day stays: 28 March and 31 October 2027.
        ("2027-03-25 11:00", "1 wd", "Tue 30 Mar 2027 11:00"),
        ("2027-10-29 11:00", "1 wd", "Mon 1 Nov 2027 11:00"),
    ],
)
def test_working_days(start: str, length: str, end: str) -> None:
    assert ends(start, length) == end


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2027-03-27 20:00", "24 h", "Sun 28 Mar 2027 21:00"),  # summer time begins: the night is an hour shorter
        ("2027-10-30 20:00", "24 h", "Sun 31 Oct 2027 19:00"),  # and ends: an hour longer
        ("2027-10-31 01:30", "1 h", "Sun 31 Oct 2027 02:30"),
        ("2026-12-24 23:00", "2 h", "Fri 25 Dec 2026 01:00"),  # a holiday is nothing to an hour
    ],
)
def test_hours_run_in_real_time_and_never_shift(start: str, hours: str, end: str) -> None:
    assert ends(start, hours) == end


@pytest.mark.parametrize(
    ("start", "length", "end", "due"),
    [
        # 24:00 on the last day is midnight at the start of the next.
        ("2027-01-18 11:20", "1 d", End.ACT_BY, "Wed 20 Jan 2027 00:00"),
        ("2027-01-18 11:20", "0 d", End.EXPIRY, "Tue 19 Jan 2027 00:00"),
        # A Saturday: an act-by moves on, an expiry stays, a countdown comes sooner.
        ("2027-01-15 10:00", "1 d", End.ACT_BY, "Tue 19 Jan 2027 00:00"),
        ("2027-01-15 10:00", "1 d", End.EXPIRY, "Sun 17 Jan 2027 00:00"),
        ("2027-01-17 10:00", "1 d", End.COUNTDOWN, "Sat 16 Jan 2027 00:00"),
        # Easter.
        ("2027-03-12 10:00", "2 w", End.ACT_BY, "Wed 31 Mar 2027 00:00"),
        ("2027-04-27 10:00", "30 d", End.COUNTDOWN, "Fri 26 Mar 2027 00:00"),
        # Midsommarafton, julafton, 6 June.
        ("2027-06-11 10:00", "2 w", End.ACT_BY, "Tue 29 Jun 2027 00:00"),
        ("2026-12-10 10:00", "2 w", End.ACT_BY, "Tue 29 Dec 2026 00:00"),
        ("2028-05-23 10:00", "2 w", End.ACT_BY, "Thu 8 Jun 2028 00:00"),
        ("2028-06-20 10:00", "2 w", End.COUNTDOWN, "Tue 6 Jun 2028 00:00"),
        # Both Sundays when the clock changes are skipped by an act-by; midnight is local on both sides.
        ("2027-03-14 10:00", "2 w", End.EXPIRY, "Mon 29 Mar 2027 00:00"),
        ("2027-10-17 10:00", "2 w", End.ACT_BY, "Tue 2 Nov 2027 00:00"),
        # A month that lacks the day ends on its last one.
        ("2027-01-31 10:00", "1 m", End.EXPIRY, "Mon 1 Mar 2027 00:00"),
        ("2028-01-31 10:00", "1 m", End.EXPIRY, "Wed 1 Mar 2028 00:00"),
        ("2026-11-30 10:00", "3 m", End.ACT_BY, "Tue 2 Mar 2027 00:00"),
        ("2027-10-31 10:00", "1 m", End.COUNTDOWN, "Fri 1 Oct 2027 00:00"),
        # Late in the evening the day is the local one, whatever it is in UTC.
        ("2027-01-18 00:30", "1 d", End.EXPIRY, "Wed 20 Jan 2027 00:00"),
        ("2027-07-18 23:30", "1 d", End.EXPIRY, "Tue 20 Jul 2027 00:00"),
    ],
)
def test_the_calendar_ends_at_midnight_and_shifts_as_its_end_says(start: str, length: str, end: End, due: str) -> None:
    assert ends(start, length, end) == due


@pytest.mark.parametrize(
    ("what", "start", "length", "end", "due"),
    [
        ("1: police acknowledge", "2027-01-05 22:46", "2 h", End.ACT_BY, "Wed 6 Jan 2027 00:46"),
        ("1: police assess", "2027-01-05 22:46", "24 h", End.ACT_BY, "Wed 6 Jan 2027 22:46"),
        ("1: bed", "2027-01-05 23:00", "1 h", End.ACT_BY, "Wed 6 Jan 2027 00:00"),
        ("1: jour to A acknowledged", "2027-01-06 03:00", "1 wd", End.ACT_BY, "Fri 8 Jan 2027 08:00"),
        ("1: jour to A decided", "2027-01-06 03:00", "10 wd", End.ACT_BY, "Thu 21 Jan 2027 08:00"),
        ("1: track B acknowledged", "2027-01-12 10:00", "1 wd", End.ACT_BY, "Wed 13 Jan 2027 10:00"),
        ("1: track B answered", "2027-01-12 10:00", "5 wd", End.ACT_BY, "Tue 19 Jan 2027 10:00"),
        ("1: Bops acknowledge", "2027-01-12 10:00", "4 h", End.ACT_BY, "Tue 12 Jan 2027 14:00"),
        ("1: Bops in depth", "2027-01-12 10:00", "72 h", End.ACT_BY, "Fri 15 Jan 2027 10:00"),
        ("1: C acknowledges", "2027-02-01 10:00", "1 wd", End.ACT_BY, "Tue 2 Feb 2027 10:00"),
        ("1: C answers", "2027-02-01 10:00", "5 wd", End.ACT_BY, "Mon 8 Feb 2027 10:00"),
        ("1: D acknowledges", "2027-02-03 11:00", "1 wd", End.ACT_BY, "Thu 4 Feb 2027 11:00"),
        ("1: D answers", "2027-02-03 11:00", "5 wd", End.ACT_BY, "Wed 10 Feb 2027 11:00"),
        ("2: protection assessment", "2027-01-18 11:20", "1 d", End.ACT_BY, "Wed 20 Jan 2027 00:00"),
        ("2: preliminary assessment", "2027-01-18 11:20", "14 d", End.ACT_BY, "Tue 2 Feb 2027 00:00"),
        ("2: SiS place", "2027-01-18 15:00", "1 h", End.ACT_BY, "Mon 18 Jan 2027 16:00"),
        ("2: investigation", "2027-01-21 11:20", "4 m", End.ACT_BY, "Sat 22 May 2027 00:00"),
        ("2: birthday in 30 days", "2027-04-20 00:00", "30 d", End.COUNTDOWN, "Sat 20 Mar 2027 00:00"),
        ("2: birthday in 90 days", "2027-04-20 00:00", "90 d", End.COUNTDOWN, "Thu 21 Jan 2027 00:00"),
        ("2: aftercare plan", "2027-06-28 00:00", "30 d", End.COUNTDOWN, "Sat 29 May 2027 00:00"),
        ("3: contact 90 days before", "2027-04-12 09:00", "90 d", End.COUNTDOWN, "Wed 13 Jan 2027 00:00"),
        ("3: A acknowledges", "2027-02-11 10:00", "3 wd", End.ACT_BY, "Tue 16 Feb 2027 10:00"),
        ("3: contact, replaced", "2027-02-11 10:00", "1 wd", End.ACT_BY, "Fri 12 Feb 2027 10:00"),
        ("3: SIP acknowledged", "2027-02-16 10:00", "2 wd", End.ACT_BY, "Thu 18 Feb 2027 10:00"),
        ("3: SIP meeting", "2027-02-16 10:00", "14 d", End.ACT_BY, "Wed 3 Mar 2027 00:00"),
        ("3: housing", "2027-04-12 09:00", "30 d", End.COUNTDOWN, "Sat 13 Mar 2027 00:00"),
        ("3: housing, acute", "2027-03-22 09:00", "24 h", End.ACT_BY, "Tue 23 Mar 2027 09:00"),
        ("3: threat re-assessment acknowledged", "2027-03-22 09:00", "2 h", End.ACT_BY, "Mon 22 Mar 2027 11:00"),
        ("3: incident acknowledged", "2027-03-27 20:00", "2 h", End.ACT_BY, "Sat 27 Mar 2027 22:00"),
        ("3: incident assessed", "2027-03-27 20:00", "24 h", End.ACT_BY, "Sun 28 Mar 2027 21:00"),
        ("4: police assess on a holiday", "2027-05-05 18:45", "24 h", End.ACT_BY, "Thu 6 May 2027 18:45"),
        ("4: submit to court", "2027-05-05 21:15", "1 w", End.ACT_BY, "Thu 13 May 2027 00:00"),
        ("4: application", "2027-05-05 21:15", "6 w", End.ACT_BY, "Thu 17 Jun 2027 00:00"),
        ("4: preliminary assessment", "2027-05-05 18:30", "14 d", End.ACT_BY, "Thu 20 May 2027 00:00"),
        ("4: investigation", "2027-05-07 10:00", "4 m", End.ACT_BY, "Wed 8 Sep 2027 00:00"),
        ("4: tax agency acknowledged", "2027-05-18 10:00", "1 wd", End.ACT_BY, "Wed 19 May 2027 10:00"),
        ("4: tax agency answered", "2027-05-18 10:00", "3 wd", End.ACT_BY, "Fri 21 May 2027 10:00"),
        ("4: new municipality", "2027-08-16 09:00", "30 d", End.ACT_BY, "Thu 16 Sep 2027 00:00"),
        ("5: A acknowledges", "2026-12-14 14:00", "1 wd", End.ACT_BY, "Tue 15 Dec 2026 14:00"),
        ("5: A decides", "2026-12-14 14:00", "10 wd", End.ACT_BY, "Wed 30 Dec 2026 14:00"),
        ("5: unexecuted", "2027-01-05 10:00", "3 m", End.ACT_BY, "Tue 6 Apr 2027 00:00"),
        ("5: NGO acknowledges", "2027-01-07 09:00", "2 wd", End.ACT_BY, "Mon 11 Jan 2027 09:00"),
        ("5: NGO starts", "2027-01-07 09:00", "5 wd", End.ACT_BY, "Thu 14 Jan 2027 09:00"),
        ("5: track B acknowledged", "2027-01-20 09:00", "1 wd", End.ACT_BY, "Thu 21 Jan 2027 09:00"),
        ("5: track B answered", "2027-01-20 09:00", "5 wd", End.ACT_BY, "Wed 27 Jan 2027 09:00"),
        ("5: 6 months", "2027-01-05 10:00", "6 m", End.ACT_BY, "Tue 6 Jul 2027 00:00"),
        ("5: 12 months", "2027-01-05 10:00", "12 m", End.ACT_BY, "Thu 6 Jan 2028 00:00"),
        ("5: 24 months", "2027-01-05 10:00", "24 m", End.ACT_BY, "Sat 6 Jan 2029 00:00"),
    ],
)
def test_the_deadlines_of_the_five_stories(what: str, start: str, length: str, end: End, due: str) -> None:
    assert ends(start, length, end) == due, what


def test_office_time_runs_only_while_the_office_is_open() -> None:
    assert office("2027-01-05 15:00", timedelta(hours=2)) == "Thu 7 Jan 2027 09:00"
    assert office("2027-03-25 15:00", timedelta(hours=9)) == "Tue 30 Mar 2027 16:00"
    between = clocks.office_time_between(at("2027-03-25 15:00"), at("2027-03-30 09:30"), WHERE)
    assert between == timedelta(hours=2, minutes=30)
    assert clocks.office_time_between(at("2027-01-08 10:00"), at("2027-01-07 10:00"), WHERE) == timedelta(0)


def test_half_of_a_budget_is_counted_in_its_own_clock() -> None:
    start, end = at("2027-02-11 10:00"), at("2027-02-16 10:00")
    assert shown(clocks.part_way(start, end, 50, Clock.OFFICE, WHERE)) == "Fri 12 Feb 2027 14:00"
    assert shown(clocks.part_way(start, end, 50, Clock.AROUND_THE_CLOCK, WHERE)) == "Sat 13 Feb 2027 22:00"


@pytest.mark.parametrize("clock", Clock)
def test_holding_for_no_time_changes_nothing(clock: Clock) -> None:
    end, moment = at("2027-02-16 10:00"), at("2027-02-12 13:00")
    assert clocks.given_back(end, moment, moment, clock, WHERE) == end


@pytest.mark.parametrize(
    ("clock", "end", "held", "resumed", "after"),
    [
        # Thursday 14:00 to Monday 10:00 is four office hours (2 + 8 + 2 would be twelve): Friday counts whole.
        (Clock.OFFICE, "2027-02-16 10:00", "2027-02-11 14:00", "2027-02-15 10:00", "Wed 17 Feb 2027 14:00"),
        (Clock.OFFICE, "2027-02-16 10:00", "2027-02-12 17:00", "2027-02-14 20:00", "Tue 16 Feb 2027 10:00"),
        (Clock.AROUND_THE_CLOCK, "2027-03-27 22:00", "2027-03-27 20:00", "2027-03-28 20:00", "Sun 28 Mar 2027 22:00"),
        (Clock.CALENDAR, "2027-02-17 00:00", "2027-02-11 14:00", "2027-02-15 10:00", "Sun 21 Feb 2027 00:00"),
        (Clock.CALENDAR, "2027-02-17 00:00", "2027-02-11 08:00", "2027-02-11 16:00", "Wed 17 Feb 2027 00:00"),
        (Clock.CALENDAR, "2027-02-11 10:00", "2027-02-11 14:00", "2027-02-15 10:00", "Mon 15 Feb 2027 10:00"),
    ],
)
def test_the_time_a_clock_stood_is_given_back_on_that_clock(
    clock: Clock, end: str, held: str, resumed: str, after: str
) -> None:
    assert shown(clocks.given_back(at(end), at(held), at(resumed), clock, WHERE)) == after


def test_a_date_beyond_the_calendar_is_refused_rather_than_guessed() -> None:
    assert clocks.is_working_day(at("2040-12-28 12:00").date(), WHERE)
    for start in ("2040-12-30 10:00", "9999-12-31 10:00", "0999-01-01 10:00"):
        with pytest.raises(BeyondCalendar):
            ends(start, "2 m")
        with pytest.raises(BeyondCalendar):
            ends(start, "20 wd")
