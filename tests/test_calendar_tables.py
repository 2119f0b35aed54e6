"""Deadlines against dates worked out by hand, from a paper calendar, for Sweden 2026 to 2028."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from models.calendars import Calendar, Clock, End, Span, Term, Unit
from rules import clocks
from tests.swedish_calendar import SWEDEN, local, swedish, written, zulu

HALVED = swedish(half_days={date(2026, 4, 2): time(13), date(2026, 4, 30): time(12)})
SUMMER = {date(2026, 7, day): "summer-closure" for day in range(13, 18)} | {date(2026, 5, 15): "bridging-day"}
CLOSED_IN_SUMMER = swedish(closures=SUMMER)


def working_days(start: str, days: int, where: Calendar = SWEDEN) -> str:
    term = Term(span=Span(amount=days, unit=Unit.WORKING_DAYS), clock=Clock.OFFICE, source="a test")
    return written(clocks.due(local(start), term, where))


def in_calendar(start: str, length: str, end: End, where: Calendar = SWEDEN) -> str:
    amount, unit = length.split()
    units = {"d": Unit.DAYS, "w": Unit.WEEKS, "m": Unit.MONTHS}
    term = Term(span=Span(amount=int(amount), unit=units[unit]), clock=Clock.CALENDAR, end=end, source="a test")
    return written(clocks.due(local(start), term, where))


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        # Easter: långfredagen and annandag påsk are closed, skärtorsdagen is not.
        ("Wed 1 Apr 2026 10:00", 1, "Thu 2 Apr 2026 10:00"),
        ("Thu 2 Apr 2026 10:00", 1, "Tue 7 Apr 2026 10:00"),
        ("Wed 24 Mar 2027 10:00", 1, "Thu 25 Mar 2027 10:00"),
        ("Thu 25 Mar 2027 10:00", 2, "Wed 31 Mar 2027 10:00"),
        ("Wed 12 Apr 2028 10:00", 1, "Thu 13 Apr 2028 10:00"),
        ("Thu 13 Apr 2028 10:00", 1, "Tue 18 Apr 2028 10:00"),
        # 30 April is an ordinary working day; 1 May is a Friday, a Saturday and a Monday.
        ("Wed 29 Apr 2026 09:00", 1, "Thu 30 Apr 2026 09:00"),
        ("Wed 29 Apr 2026 09:00", 2, "Mon 4 May 2026 09:00"),
        ("Thu 29 Apr 2027 09:00", 1, "Fri 30 Apr 2027 09:00"),
        ("Thu 29 Apr 2027 09:00", 2, "Mon 3 May 2027 09:00"),
        ("Fri 28 Apr 2028 09:00", 1, "Tue 2 May 2028 09:00"),
        # Kristi himmelsfärdsdag is a Thursday; the Friday after it is open.
        ("Wed 13 May 2026 15:59", 1, "Fri 15 May 2026 15:59"),
        ("Wed 5 May 2027 15:59", 1, "Fri 7 May 2027 15:59"),
        ("Wed 24 May 2028 15:59", 1, "Fri 26 May 2028 15:59"),
        # 6 June: a Saturday, a Sunday, a Tuesday. No Friday or Monday is given instead.
        ("Thu 4 Jun 2026 08:00", 1, "Fri 5 Jun 2026 08:00"),
        ("Fri 5 Jun 2026 08:00", 1, "Mon 8 Jun 2026 08:00"),
        ("Fri 4 Jun 2027 08:00", 1, "Mon 7 Jun 2027 08:00"),
        ("Mon 5 Jun 2028 08:00", 1, "Wed 7 Jun 2028 08:00"),
        # Midsommarafton is a Friday.
        ("Thu 18 Jun 2026 12:30", 1, "Mon 22 Jun 2026 12:30"),
        ("Thu 24 Jun 2027 12:30", 1, "Mon 28 Jun 2027 12:30"),
        ("Thu 22 Jun 2028 12:30", 1, "Mon 26 Jun 2028 12:30"),
        # Alla helgons dag is a Saturday, and the Friday before it is open.
        ("Thu 29 Oct 2026 10:00", 1, "Fri 30 Oct 2026 10:00"),
        ("Thu 29 Oct 2026 10:00", 2, "Mon 2 Nov 2026 10:00"),
        # Julafton to nyårsdagen.
        ("Wed 23 Dec 2026 13:00", 1, "Mon 28 Dec 2026 13:00"),
        ("Wed 23 Dec 2026 13:00", 3, "Wed 30 Dec 2026 13:00"),
        ("Wed 23 Dec 2026 13:00", 4, "Mon 4 Jan 2027 13:00"),
        ("Wed 23 Dec 2026 13:00", 6, "Thu 7 Jan 2027 13:00"),
        ("Thu 23 Dec 2027 13:00", 1, "Mon 27 Dec 2027 13:00"),
        ("Thu 23 Dec 2027 13:00", 4, "Thu 30 Dec 2027 13:00"),
        ("Thu 23 Dec 2027 13:00", 5, "Mon 3 Jan 2028 13:00"),
        ("Thu 23 Dec 2027 13:00", 8, "Fri 7 Jan 2028 13:00"),
        ("Fri 22 Dec 2028 13:00", 1, "Wed 27 Dec 2028 13:00"),
        ("Fri 22 Dec 2028 13:00", 4, "Tue 2 Jan 2029 13:00"),
        # Trettondedagen; the day before it is open.
        ("Mon 5 Jan 2026 11:00", 1, "Wed 7 Jan 2026 11:00"),
        ("Tue 5 Jan 2027 11:00", 1, "Thu 7 Jan 2027 11:00"),
        ("Wed 5 Jan 2028 11:00", 1, "Fri 7 Jan 2028 11:00"),
        # What comes on a closed day, or when the office has closed, counts from the next opening.
        ("Thu 24 Dec 2026 10:00", 1, "Tue 29 Dec 2026 08:00"),
        ("Wed 30 Dec 2026 16:00", 1, "Tue 5 Jan 2027 08:00"),
        ("Fri 19 Jun 2026 07:00", 1, "Tue 23 Jun 2026 08:00"),
        ("Tue 5 Jan 2027 06:00", 1, "Thu 7 Jan 2027 08:00"),
        # 29 February.
        ("Mon 28 Feb 2028 10:00", 1, "Tue 29 Feb 2028 10:00"),
        ("Mon 28 Feb 2028 10:00", 2, "Wed 1 Mar 2028 10:00"),
    ],
)
def test_working_days_over_the_holidays_of_three_years(start: str, days: int, due: str) -> None:
    assert working_days(start, days) == due


@pytest.mark.parametrize(
    ("start", "length", "act_by", "expiry"),
    [
        # Easter.
        ("Fri 27 Mar 2026 10:00", "1 w", "Tue 7 Apr 2026 24:00", "Fri 3 Apr 2026 24:00"),
        ("Mon 15 Mar 2027 10:00", "2 w", "Tue 30 Mar 2027 24:00", "Mon 29 Mar 2027 24:00"),
        ("Fri 7 Apr 2028 10:00", "7 d", "Tue 18 Apr 2028 24:00", "Fri 14 Apr 2028 24:00"),
        # Valborg and 1 May.
        ("Thu 23 Apr 2026 10:00", "1 w", "Thu 30 Apr 2026 24:00", "Thu 30 Apr 2026 24:00"),
        ("Fri 24 Apr 2026 10:00", "1 w", "Mon 4 May 2026 24:00", "Fri 1 May 2026 24:00"),
        ("Fri 23 Apr 2027 10:00", "1 w", "Fri 30 Apr 2027 24:00", "Fri 30 Apr 2027 24:00"),
        ("Fri 21 Apr 2028 10:00", "10 d", "Tue 2 May 2028 24:00", "Mon 1 May 2028 24:00"),
        # Kristi himmelsfärdsdag, 6 June, midsommarafton.
        ("Thu 7 May 2026 10:00", "1 w", "Fri 15 May 2026 24:00", "Thu 14 May 2026 24:00"),
        ("Sat 30 May 2026 10:00", "1 w", "Mon 8 Jun 2026 24:00", "Sat 6 Jun 2026 24:00"),
        ("Sun 30 May 2027 10:00", "1 w", "Mon 7 Jun 2027 24:00", "Sun 6 Jun 2027 24:00"),
        ("Tue 30 May 2028 10:00", "1 w", "Wed 7 Jun 2028 24:00", "Tue 6 Jun 2028 24:00"),
        ("Fri 12 Jun 2026 10:00", "7 d", "Mon 22 Jun 2026 24:00", "Fri 19 Jun 2026 24:00"),
        ("Wed 23 Jun 2027 10:00", "2 d", "Mon 28 Jun 2027 24:00", "Fri 25 Jun 2027 24:00"),
        ("Thu 22 Jun 2028 10:00", "1 d", "Mon 26 Jun 2028 24:00", "Fri 23 Jun 2028 24:00"),
        # Julafton to trettondedagen.
        ("Thu 10 Dec 2026 10:00", "2 w", "Mon 28 Dec 2026 24:00", "Thu 24 Dec 2026 24:00"),
        ("Thu 17 Dec 2026 10:00", "14 d", "Mon 4 Jan 2027 24:00", "Thu 31 Dec 2026 24:00"),
        ("Wed 23 Dec 2026 10:00", "14 d", "Thu 7 Jan 2027 24:00", "Wed 6 Jan 2027 24:00"),
        ("Tue 14 Dec 2027 10:00", "10 d", "Mon 27 Dec 2027 24:00", "Fri 24 Dec 2027 24:00"),
        ("Thu 21 Dec 2028 10:00", "3 d", "Wed 27 Dec 2028 24:00", "Sun 24 Dec 2028 24:00"),
        # Months end where they end; 2028 is a leap year.
        ("Sat 31 Jan 2026 10:00", "1 m", "Mon 2 Mar 2026 24:00", "Sat 28 Feb 2026 24:00"),
        ("Sun 31 Jan 2027 10:00", "1 m", "Mon 1 Mar 2027 24:00", "Sun 28 Feb 2027 24:00"),
        ("Mon 31 Jan 2028 10:00", "1 m", "Tue 29 Feb 2028 24:00", "Tue 29 Feb 2028 24:00"),
        ("Mon 31 Aug 2026 10:00", "6 m", "Mon 1 Mar 2027 24:00", "Sun 28 Feb 2027 24:00"),
        ("Tue 29 Feb 2028 10:00", "12 m", "Wed 28 Feb 2029 24:00", "Wed 28 Feb 2029 24:00"),
        ("Mon 30 Nov 2026 10:00", "3 m", "Mon 1 Mar 2027 24:00", "Sun 28 Feb 2027 24:00"),
        ("Fri 31 Dec 2027 10:00", "2 m", "Tue 29 Feb 2028 24:00", "Tue 29 Feb 2028 24:00"),
        # The local day is what counts, one minute either side of midnight.
        ("Mon 6 Jul 2026 23:59", "1 d", "Tue 7 Jul 2026 24:00", "Tue 7 Jul 2026 24:00"),
        ("Tue 7 Jul 2026 00:01", "1 d", "Wed 8 Jul 2026 24:00", "Wed 8 Jul 2026 24:00"),
    ],
)
def test_an_act_by_moves_on_to_a_working_day_and_an_expiry_stays(
    start: str, length: str, act_by: str, expiry: str
) -> None:
    assert in_calendar(start, length, End.ACT_BY) == act_by
    assert in_calendar(start, length, End.EXPIRY) == expiry


@pytest.mark.parametrize(
    ("event", "length", "due"),
    [
        ("Mon 13 Apr 2026 09:00", "7 d", "Thu 2 Apr 2026 24:00"),  # annandag påsk, and back over Easter
        ("Sun 19 Jul 2026 09:00", "30 d", "Thu 18 Jun 2026 24:00"),  # midsommarafton
        ("Thu 7 Jan 2027 09:00", "2 w", "Wed 23 Dec 2026 24:00"),  # julafton
        ("Sun 31 Jan 2027 09:00", "1 m", "Wed 30 Dec 2026 24:00"),  # nyårsafton: 31 December is there
        ("Wed 31 Mar 2027 09:00", "1 m", "Fri 26 Feb 2027 24:00"),  # 28 February is a Sunday
        ("Fri 31 Mar 2028 09:00", "1 m", "Tue 29 Feb 2028 24:00"),  # leap day, a Tuesday
        ("Mon 12 Apr 2027 09:00", "30 d", "Fri 12 Mar 2027 24:00"),
        ("Tue 20 Jun 2028 09:00", "2 w", "Mon 5 Jun 2028 24:00"),  # 6 June
        ("Sat 30 May 2026 09:00", "30 d", "Thu 30 Apr 2026 24:00"),  # Valborg stands
        ("Sun 15 Nov 2026 09:00", "3 w", "Fri 23 Oct 2026 24:00"),  # the Sunday when summer time ends
    ],
)
def test_a_countdown_moves_earlier(event: str, length: str, due: str) -> None:
    assert in_calendar(event, length, End.COUNTDOWN) == due


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("Sat 28 Mar 2026 20:00", 24, "Sun 29 Mar 2026 21:00"),
        ("Sat 24 Oct 2026 20:00", 24, "Sun 25 Oct 2026 19:00"),
        ("Sat 27 Mar 2027 20:00", 24, "Sun 28 Mar 2027 21:00"),
        ("Sat 30 Oct 2027 20:00", 24, "Sun 31 Oct 2027 19:00"),
        ("Sat 25 Mar 2028 20:00", 24, "Sun 26 Mar 2028 21:00"),
        ("Sat 28 Oct 2028 20:00", 24, "Sun 29 Oct 2028 19:00"),
        ("Sun 29 Mar 2026 01:30", 1, "Sun 29 Mar 2026 03:30"),
        ("Sun 25 Oct 2026 01:30", 2, "Sun 25 Oct 2026 02:30"),
        ("Thu 24 Dec 2026 22:30", 72, "Sun 27 Dec 2026 22:30"),
    ],
)
def test_hours_run_through_both_changes_of_the_clock(start: str, hours: int, due: str) -> None:
    term = Term(span=Span(amount=hours, unit=Unit.HOURS), clock=Clock.AROUND_THE_CLOCK, source="a test")
    assert written(clocks.due(local(start), term, SWEDEN)) == due


@pytest.mark.parametrize(
    ("start", "due", "day_before"),
    [
        ("Sat 28 Mar 2026 10:00", "2026-03-29T22:00:00Z", "2026-03-28T23:00:00Z"),
        ("Sat 24 Oct 2026 10:00", "2026-10-25T23:00:00Z", "2026-10-24T22:00:00Z"),
        ("Sat 27 Mar 2027 10:00", "2027-03-28T22:00:00Z", "2027-03-27T23:00:00Z"),
        ("Sat 30 Oct 2027 10:00", "2027-10-31T23:00:00Z", "2027-10-30T22:00:00Z"),
        ("Sat 25 Mar 2028 10:00", "2028-03-26T22:00:00Z", "2028-03-25T23:00:00Z"),
        ("Sat 28 Oct 2028 10:00", "2028-10-29T23:00:00Z", "2028-10-28T22:00:00Z"),
    ],
)
def test_a_day_ends_at_24_00_local_whether_it_has_23_hours_or_25(start: str, due: str, day_before: str) -> None:
    days = [
        Term(span=Span(amount=n, unit=Unit.DAYS), clock=Clock.CALENDAR, end=End.EXPIRY, source="a test") for n in (0, 1)
    ]
    assert [zulu(clocks.due(local(start), term, SWEDEN)) for term in days] == [day_before, due]


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("Fri 27 Mar 2026 11:00", "2026-03-30T09:00:00Z"),
        ("Fri 23 Oct 2026 11:00", "2026-10-26T10:00:00Z"),
        ("Thu 25 Mar 2027 11:00", "2027-03-30T09:00:00Z"),
        ("Fri 29 Oct 2027 11:00", "2027-11-01T10:00:00Z"),
        ("Fri 24 Mar 2028 11:00", "2028-03-27T09:00:00Z"),
        ("Fri 27 Oct 2028 11:00", "2028-10-30T10:00:00Z"),
    ],
)
def test_a_working_day_keeps_the_local_time_over_a_change_of_the_clock(start: str, due: str) -> None:
    term = Term(span=Span(amount=1, unit=Unit.WORKING_DAYS), clock=Clock.OFFICE, source="a test")
    assert zulu(clocks.due(local(start), term, SWEDEN)) == due


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("Thu 30 Apr 2026 11:59", 1, "Mon 4 May 2026 11:59"),  # still open
        ("Thu 30 Apr 2026 12:00", 1, "Tue 5 May 2026 08:00"),  # closed: from Monday's opening
        ("Wed 29 Apr 2026 11:00", 1, "Thu 30 Apr 2026 11:00"),
        ("Wed 29 Apr 2026 12:00", 1, "Mon 4 May 2026 08:00"),  # the office closes just then
        ("Wed 29 Apr 2026 14:00", 1, "Mon 4 May 2026 08:00"),
        ("Wed 29 Apr 2026 14:00", 2, "Mon 4 May 2026 14:00"),  # a half-day is a working day
        ("Wed 1 Apr 2026 12:59", 1, "Thu 2 Apr 2026 12:59"),
        ("Wed 1 Apr 2026 13:00", 1, "Tue 7 Apr 2026 08:00"),
    ],
)
def test_a_half_day_ends_when_the_office_closes(start: str, days: int, due: str) -> None:
    assert working_days(start, days, HALVED) == due


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("Wed 29 Apr 2026 15:00", 2, "Thu 30 Apr 2026 09:00"),
        ("Wed 29 Apr 2026 15:00", 5, "Thu 30 Apr 2026 12:00"),
        ("Wed 29 Apr 2026 15:00", 6, "Mon 4 May 2026 09:00"),  # one on Wednesday, four on Thursday, one on Monday
        ("Thu 30 Apr 2026 13:00", 1, "Mon 4 May 2026 09:00"),
    ],
)
def test_office_hours_are_fewer_on_a_half_day(start: str, hours: int, due: str) -> None:
    term = Term(span=Span(amount=hours, unit=Unit.HOURS), clock=Clock.OFFICE, source="a test")
    assert written(clocks.due(local(start), term, HALVED)) == due


def test_a_half_day_moves_nothing_in_the_calendar() -> None:
    assert in_calendar("Thu 23 Apr 2026 10:00", "1 w", End.ACT_BY, HALVED) == "Thu 30 Apr 2026 24:00"


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("Fri 10 Jul 2026 10:00", 1, "Mon 20 Jul 2026 10:00"),
        ("Wed 15 Jul 2026 10:00", 1, "Tue 21 Jul 2026 08:00"),
        ("Wed 13 May 2026 10:00", 1, "Mon 18 May 2026 10:00"),  # the day between Ascension and the weekend
    ],
)
def test_an_office_may_close_on_days_of_its_own(start: str, days: int, due: str) -> None:
    assert working_days(start, days, CLOSED_IN_SUMMER) == due
    assert working_days(start, days) != due


def test_an_act_by_moves_past_an_offices_own_closure_and_a_countdown_before_it() -> None:
    assert in_calendar("Mon 6 Jul 2026 10:00", "1 w", End.ACT_BY, CLOSED_IN_SUMMER) == "Mon 20 Jul 2026 24:00"
    assert in_calendar("Fri 24 Jul 2026 10:00", "1 w", End.COUNTDOWN, CLOSED_IN_SUMMER) == "Fri 10 Jul 2026 24:00"
    assert in_calendar("Mon 6 Jul 2026 10:00", "1 w", End.EXPIRY, CLOSED_IN_SUMMER) == "Mon 13 Jul 2026 24:00"


@pytest.mark.parametrize(
    ("end", "held", "resumed", "after", "where"),
    [
        # Over Easter 2026: an hour on Thursday and two on Tuesday.
        ("Wed 8 Apr 2026 10:00", "Thu 2 Apr 2026 15:00", "Tue 7 Apr 2026 10:00", "Wed 8 Apr 2026 13:00", SWEDEN),
        # Julafton to trettondedagen 2027: Monday to Wednesday, Monday and Tuesday, and none of the holidays.
        ("Fri 8 Jan 2027 09:00", "Thu 24 Dec 2026 09:00", "Wed 6 Jan 2027 20:00", "Fri 15 Jan 2027 09:00", SWEDEN),
        # A whole day keeps the time of day, also at opening; four hours more come to closing, that is next opening.
        ("Mon 9 Nov 2026 08:00", "Tue 3 Nov 2026 08:00", "Tue 3 Nov 2026 16:00", "Tue 10 Nov 2026 08:00", SWEDEN),
        ("Mon 9 Nov 2026 12:00", "Tue 3 Nov 2026 08:00", "Tue 3 Nov 2026 12:00", "Tue 10 Nov 2026 08:00", SWEDEN),
        # Over the Sundays when the clock changes: Friday's and Monday's hours, nothing of the night.
        ("Wed 1 Apr 2026 10:00", "Fri 27 Mar 2026 14:00", "Mon 30 Mar 2026 10:00", "Wed 1 Apr 2026 14:00", SWEDEN),
        ("Wed 28 Oct 2026 10:00", "Fri 23 Oct 2026 14:00", "Mon 26 Oct 2026 10:00", "Wed 28 Oct 2026 14:00", SWEDEN),
        # Eight hours from Wednesday afternoon: two, Valborg's four, and two on Monday.
        ("Wed 29 Apr 2026 14:00", "Mon 27 Apr 2026 08:00", "Mon 27 Apr 2026 16:00", "Mon 4 May 2026 10:00", HALVED),
        # A half-day on which the clock stood gives back only the hours that it had.
        ("Tue 5 May 2026 09:00", "Thu 30 Apr 2026 08:00", "Fri 1 May 2026 12:00", "Tue 5 May 2026 13:00", HALVED),
    ],
)  # fmt: skip
def test_office_time_held_is_given_back(end: str, held: str, resumed: str, after: str, where: Calendar) -> None:
    given = clocks.given_back(local(end), local(held), local(resumed), Clock.OFFICE, where)
    assert written(given) == after


def test_a_time_that_a_change_of_the_clock_skips_or_repeats_has_one_meaning() -> None:
    spring, autumn = date(2027, 3, 28), date(2027, 10, 31)
    assert zulu(clocks.at_local(spring, time(2, 30), SWEDEN)) == "2027-03-28T01:30:00Z"  # 03:30, as if not put forward
    assert zulu(clocks.at_local(autumn, time(2, 30), SWEDEN)) == "2027-10-31T00:30:00Z"  # the first of the two
    assert clocks.at_local(autumn, time(2, 30, fold=1), SWEDEN) == clocks.at_local(autumn, time(2, 30), SWEDEN)
    assert clocks.at_local(spring, time(2, 30, fold=1), SWEDEN) == clocks.at_local(spring, time(2, 30), SWEDEN)


@pytest.mark.parametrize(
    ("zone", "start", "due"),
    [
        ("America/Havana", "2027-03-13T12:00:00Z", "2027-03-14T05:00:00Z"),  # 14 March begins at 01:00
        ("America/Havana", "2027-11-06T12:00:00Z", "2027-11-07T04:00:00Z"),  # 00:00 comes twice on 7 November
        ("Africa/Cairo", "2027-04-29T12:00:00Z", "2027-04-29T22:00:00Z"),  # 30 April begins at 01:00
        ("Africa/Cairo", "2027-10-28T12:00:00Z", "2027-10-28T22:00:00Z"),  # 23:00 comes twice before midnight
    ],
)
def test_a_day_ends_once_also_where_midnight_is_skipped_or_repeated(zone: str, start: str, due: str) -> None:
    where = swedish(zone=zone)
    day = clocks.local(datetime.fromisoformat(start), where).date()
    assert zulu(clocks.end_of(day, where)) == due
    assert clocks.end_of(day, where) - clocks.end_of(day - timedelta(days=1), where) in (
        timedelta(hours=24),
        timedelta(hours=25),
    )
