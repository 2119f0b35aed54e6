"""The clocks at their edges: an hour that comes twice, and what a clock does not count."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from models.calendars import Clock, Span, Term, Unit
from rules import clocks
from tests.swedish_calendar import SWEDEN, local, zulu

# The units that each clock counts; every other is an error with a sentence, never a date.
COUNTED = {
    Clock.AROUND_THE_CLOCK: {Unit.SECONDS, Unit.MINUTES, Unit.HOURS, Unit.DAYS, Unit.WEEKS},
    Clock.OFFICE: {Unit.WORKING_DAYS, Unit.HOURS, Unit.MINUTES},
    Clock.CALENDAR: {Unit.DAYS, Unit.WEEKS, Unit.MONTHS},
}


@pytest.mark.parametrize("clock", Clock)
@pytest.mark.parametrize("unit", Unit)
def test_a_clock_counts_its_own_units_and_says_which_it_does_not(clock: Clock, unit: Unit) -> None:
    start = local("Mon 1 Feb 2027 10:00")
    term = Term(span=Span(amount=2, unit=unit), clock=clock, source="a test")
    if unit in COUNTED[clock]:
        assert clocks.due(start, term, SWEDEN) > start
        return
    with pytest.raises(ValueError, match=rf"{clock}.* not count {unit}|the calendar clock counts .* not {unit}"):
        clocks.due(start, term, SWEDEN)


def test_a_rung_is_never_months_after_its_deadline() -> None:
    with pytest.raises(ValueError, match="months belong to the calendar clock"):
        clocks.add_span(local("Mon 1 Feb 2027 10:00"), Span(amount=1, unit=Unit.MONTHS), SWEDEN)


@pytest.mark.parametrize("instant", ["2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"])
def test_a_hold_within_one_day_moves_nothing_in_the_calendar_not_even_the_hour_that_comes_twice(instant: str) -> None:
    """Sunday 31 October 2027, 02:30, first in summer time and then in winter time."""
    end = datetime.fromisoformat(instant)
    held, resumed = local("Fri 29 Oct 2027 09:00"), local("Fri 29 Oct 2027 15:00")
    assert zulu(clocks.given_back(end, held, resumed, Clock.CALENDAR, SWEDEN)) == instant
    # A day later it is 1 November, 02:30, whichever of the two it was.
    after = clocks.given_back(end, held, local("Sat 30 Oct 2027 09:00"), Clock.CALENDAR, SWEDEN)
    assert zulu(after) == "2027-11-01T01:30:00Z"


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("Tue 16 Feb 2027 10:00", "Tue 2 Mar 2027 24:00", 14),
        ("Tue 16 Feb 2027 00:30", "Tue 16 Feb 2027 24:00", 0),
        ("Tue 16 Feb 2027 23:30", "Wed 17 Feb 2027 00:30", 1),
        ("Sat 27 Mar 2027 10:00", "Mon 29 Mar 2027 24:00", 2),  # over the Sunday of 23 hours
        ("Sat 30 Oct 2027 23:30", "Mon 1 Nov 2027 24:00", 2),  # over the Sunday of 25
    ],
)
def test_time_in_the_calendar_is_whole_local_days_and_midnight_ends_its_day(start: str, end: str, days: int) -> None:
    assert clocks.measured(local(start), local(end), Clock.CALENDAR, SWEDEN) == timedelta(days=days)
    assert clocks.measured(local(end), local(start), Clock.CALENDAR, SWEDEN) == timedelta(0)


def test_the_calendars_last_day_is_known_and_the_day_after_is_refused_with_its_date() -> None:
    assert not clocks.is_working_day(date(2040, 12, 31), SWEDEN)
    assert clocks.is_working_day(date(2040, 12, 28), SWEDEN)
    with pytest.raises(clocks.BeyondCalendar, match="2040-12-31"):
        clocks.is_working_day(date(2041, 1, 1), SWEDEN)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("Mon 1 Jan 1900 10:00", "1900-01-01T11:00:00Z"),  # the first year in which somebody alive can be born
        ("Sun 31 Dec 1899 10:00", None),
        ("Mon 31 Dec 2040 10:00", "2040-12-31T11:00:00Z"),
        ("Tue 1 Jan 2041 10:00", None),
    ],
)
def test_a_year_that_no_case_can_have_is_refused_with_the_calendars_end(start: str, due: str | None) -> None:
    term = Term(span=Span(amount=2, unit=Unit.HOURS), clock=Clock.AROUND_THE_CLOCK, source="a test")
    if due is not None:
        assert zulu(clocks.due(local(start), term, SWEDEN)) == due
        return
    with pytest.raises(clocks.BeyondCalendar, match="2040-12-31"):
        clocks.due(local(start), term, SWEDEN)


@pytest.fixture
def machine_in_sydney(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Australia/Sydney")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("machine_in_sydney")
@pytest.mark.parametrize(
    ("clock", "unit", "due"),
    [
        (Clock.AROUND_THE_CLOCK, Unit.DAYS, "2027-03-29T18:00:00+00:00"),
        (Clock.OFFICE, Unit.WORKING_DAYS, "2027-04-01T06:00:00+00:00"),
        (Clock.OFFICE, Unit.HOURS, "2027-03-30T08:00:00+00:00"),
        (Clock.CALENDAR, Unit.DAYS, "2027-03-30T22:00:00+00:00"),
    ],
)
def test_an_answer_is_in_utc_whatever_zone_the_machine_is_in(clock: Clock, unit: Unit, due: str) -> None:
    """Two machines that replay one case must write the same. From 19:00 on Easter Saturday, in Stockholm."""
    term = Term(span=Span(amount=2, unit=unit), clock=clock, source="a test")
    assert clocks.due(local("Sat 27 Mar 2027 19:00"), term, SWEDEN).isoformat() == due
