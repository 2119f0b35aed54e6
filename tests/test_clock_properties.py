"""What is true of every deadline: the clocks, the holds and the steps, on days chosen at random."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from console.computing import calendar_of
from models.calendars import Calendar, Clock, End, Span, Term, Unit
from models.computation import Asked, Impossible, Reckoning
from rules import clocks
from rules.computation import UNITS, compute
from rules.reckoning import reckoned
from tests.swedish_calendar import SWEDEN, local, swedish

often = settings(deadline=None, max_examples=150)

HALVED = swedish(
    closures={date(2026, 7, day): "summer-closure" for day in range(13, 18)},
    half_days={date(2026, 4, 30): time(12), date(2026, 12, 23): time(12), date(2027, 1, 5): time(13)},
)
MINUTE = timedelta(minutes=1)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
instants = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: FIRST + minutes * MINUTE)
"""Minutes of the years 2026 to 2028."""
lengths = st.integers(0, 30 * 24 * 60).map(lambda minutes: minutes * MINUTE)
calendars = st.sampled_from([SWEDEN, HALVED])
real_clocks = st.sampled_from([Clock.AROUND_THE_CLOCK, Clock.OFFICE])
zones = st.sampled_from(["Europe/Stockholm", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe", "UTC"])


def office_open(instant: datetime, where: Calendar) -> bool:
    here = clocks.local(instant, where)
    return clocks.is_working_day(here.date(), where) and where.office.opens <= here.time() < where.closes_on(
        here.date()
    )


@st.composite
def ends(draw: st.DrawFn, clock: Clock, where: Calendar) -> datetime:
    """An end such as a live deadline on that clock has: in the office, within its hours or just as it closes."""
    instant = draw(instants)
    if clock is Clock.OFFICE:
        return clocks.add_office_time(clocks.when_open(instant, where), draw(st.integers(0, 480)) * MINUTE, where)
    return instant


@st.composite
def questions(draw: st.DrawFn, clock: Clock | None = None, most_holds: int = 3) -> Asked:
    """A question that has an answer, its holds in order and apart."""
    clock = clock or draw(st.sampled_from(list(Clock)))
    unit = draw(st.sampled_from(UNITS[clock]))
    moments = sorted(draw(st.lists(instants, min_size=0, max_size=2 * most_holds, unique=True)))
    fields = {
        "start": draw(instants),
        "zone": draw(zones),
        "holidays": draw(st.sampled_from(["SE", "none"])),
        "clock": clock,
        "opens": draw(st.sampled_from(["02:30", "08:00", "09:15"])),
        "cutoff": draw(st.sampled_from(["12:00", "13:00", "16:00", "17:30"])),
        "closes": draw(st.sampled_from([None, "15:00", "18:00"])),
        "amount": draw(st.integers(1, 40)),
        "unit": unit,
        "end": draw(st.sampled_from(list(End))) if clock is Clock.CALENDAR else End.ACT_BY,
        "holds": list(zip(moments[::2], moments[1::2], strict=False)),
    }
    return Asked.model_validate_json(json.dumps(fields, default=datetime.isoformat))


def answer(asked: Asked) -> Reckoning:
    found = compute(asked, calendar_of(asked))
    assert not isinstance(found, Impossible)
    return found


def due(asked: Asked, **changes: object) -> datetime:
    return answer(asked.model_copy(update=changes)).due


# The clocks of live deadlines.


@often
@given(instants, st.integers(0, 40), calendars)
def test_a_working_day_deadline_ends_in_office_hours_of_a_working_day(
    start: datetime, days: int, where: Calendar
) -> None:
    assert office_open(clocks.add_working_days(start, days, where), where)


@often
@given(instants, st.integers(0, 40), calendars)
def test_one_working_day_more_is_later(start: datetime, days: int, where: Calendar) -> None:
    assert clocks.add_working_days(start, days, where) < clocks.add_working_days(start, days + 1, where)


@often
@given(instants, st.integers(0, 24), st.sampled_from([Unit.DAYS, Unit.WEEKS, Unit.MONTHS]), calendars)
def test_an_act_by_never_ends_early_a_countdown_never_late_and_an_expiry_on_the_day(
    start: datetime, amount: int, unit: Unit, where: Calendar
) -> None:
    span = Span(amount=amount, unit=unit)
    unshifted = {end: clocks.end_of(clocks.last_day(start, span, end, where), where) for end in End}
    shifted = {end: clocks.calendar_end(start, span, end, where) for end in End}
    assert shifted[End.ACT_BY] >= unshifted[End.ACT_BY]
    assert shifted[End.COUNTDOWN] <= unshifted[End.COUNTDOWN] <= unshifted[End.ACT_BY]
    assert shifted[End.EXPIRY] == unshifted[End.EXPIRY]
    for end in (End.ACT_BY, End.COUNTDOWN):
        assert clocks.is_working_day(clocks.written_end(shifted[end], where.zone)[0], where)


@often
@given(instants, lengths, lengths, real_clocks, calendars)
def test_time_measured_in_two_parts_is_the_time_measured_whole(
    start: datetime, first: timedelta, second: timedelta, clock: Clock, where: Calendar
) -> None:
    middle, end = start + first, start + first + second
    parts = clocks.measured(start, middle, clock, where) + clocks.measured(middle, end, clock, where)
    assert parts == clocks.measured(start, end, clock, where)


@often
@given(instants, lengths, calendars)
def test_office_time_added_is_the_office_time_measured(start: datetime, budget: timedelta, where: Calendar) -> None:
    assert clocks.office_time_between(start, clocks.add_office_time(start, budget, where), where) == budget


@often
@given(st.data(), instants, lengths, real_clocks, calendars)
def test_what_a_hold_gives_back_is_what_it_took(
    data: st.DataObject, held: datetime, stood: timedelta, clock: Clock, where: Calendar
) -> None:
    end = data.draw(ends(clock, where))
    after = clocks.given_back(end, held, held + stood, clock, where)
    assert after >= end
    assert clocks.measured(end, after, clock, where) == clocks.measured(held, held + stood, clock, where)
    if stood == timedelta(0):
        assert after == end


@often
@given(st.data(), instants, lengths, lengths, st.sampled_from(list(Clock)), calendars)
def test_two_holds_that_meet_give_back_what_one_does(
    data: st.DataObject, held: datetime, first: timedelta, second: timedelta, clock: Clock, where: Calendar
) -> None:
    end = data.draw(ends(clock, where))
    meeting, resumed = held + first, held + first + second
    twice = clocks.given_back(clocks.given_back(end, held, meeting, clock, where), meeting, resumed, clock, where)
    assert twice == clocks.given_back(end, held, resumed, clock, where)


@often
@given(instants, st.integers(1, 30), st.sampled_from([(c, u) for c, units in UNITS.items() for u in units]), calendars)
@example(local("Wed 29 Apr 2026 14:00"), 1, (Clock.OFFICE, Unit.WORKING_DAYS), HALVED)
def test_the_steps_lead_to_the_end_that_the_clocks_give(
    start: datetime, amount: int, counted: tuple[Clock, Unit], where: Calendar
) -> None:
    clock, unit = counted
    for end in End if clock is Clock.CALENDAR else (End.ACT_BY,):
        span = Span(amount=amount, unit=unit)
        told = reckoned(start, span, clock, end, where)
        assert told.due == clocks.due(start, Term(span=span, clock=clock, end=end, source="a test"), where)
        assert told.steps[-1].at == told.due


# Deadlines worked out for anyone.


@often
@given(questions())
def test_holding_never_makes_a_deadline_come_earlier(asked: Asked) -> None:
    for kept in range(len(asked.holds)):
        assert due(asked, holds=asked.holds[:kept]) <= due(asked, holds=asked.holds[: kept + 1])


@often
@given(questions(most_holds=1), lengths)
def test_holding_longer_never_makes_a_deadline_come_earlier(asked: Asked, more: timedelta) -> None:
    assume(asked.holds)
    since, until = asked.holds[0]
    assert due(asked) <= due(asked, holds=((since, until + more),))


@often
@given(questions(), instants)
def test_a_hold_of_no_length_changes_nothing(asked: Asked, moment: datetime) -> None:
    assume(not any(since < moment < until for since, until in asked.holds))
    assert due(asked, holds=((moment, moment), *asked.holds)) == due(asked)


@often
@given(questions(most_holds=1), st.integers(1, 99))
def test_two_holds_that_meet_are_one(asked: Asked, percent: int) -> None:
    assume(asked.holds)
    since, until = asked.holds[0]
    meeting = since + (until - since) * percent / 100
    assert due(asked, holds=((since, meeting), (meeting, until))) == due(asked)


@often
@given(questions())
def test_a_longer_term_never_ends_sooner_and_a_longer_countdown_never_later(asked: Asked) -> None:
    longer = due(asked, amount=asked.amount + 1)
    assert longer <= due(asked) if asked.end is End.COUNTDOWN else longer >= due(asked)


@often
@given(questions(clock=Clock.AROUND_THE_CLOCK))
def test_around_the_clock_the_time_that_ran_is_the_time_given(asked: Asked) -> None:
    end = due(asked)
    stood = sum(
        (
            min(until, end) - max(since, asked.start)
            for since, until in asked.holds
            if until > asked.start and since < end
        ),
        timedelta(0),
    )
    unit = {"minutes": MINUTE, "hours": 60 * MINUTE, "days": timedelta(days=1), "weeks": timedelta(weeks=1)}
    assert end - asked.start - stood == asked.amount * unit[asked.unit]


@often
@given(questions(clock=Clock.OFFICE, most_holds=0))
def test_a_question_in_office_hours_is_answered_as_a_live_deadline_is_set(asked: Asked) -> None:
    assume(asked.unit == "working-days" or asked.closes is not None)
    where = calendar_of(asked)
    assume(clocks.local(asked.start, where).time() >= asked.opens)
    term = Term(span=Span(amount=asked.amount, unit=Unit(asked.unit)), clock=Clock.OFFICE, source="a test")
    assert due(asked) == clocks.due(asked.start, term, where)


@often
@given(questions())
def test_the_last_step_of_an_answer_is_its_due(asked: Asked) -> None:
    found = answer(asked)
    assert found.steps[-1].code == "due"
    assert found.steps[-1].at == found.due
    assert [step.code for step in found.steps].count("due") == 1
