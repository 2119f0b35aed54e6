"""One deadline's account: what is used and left of it, what moved it and who may still, worked out by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from models.contracts import Refusal
from models.events import Custody, Organisation
from models.handoffs import Act, DeadlineName, Extension, Move
from models.packs import IfMissed, RulePack
from models.words import Consent, CustodyPlace, Urgency
from rules import deadlines
from rules.deadlines import MOST_MOVES
from tests.changed_rules import extendable, length, span, with_kind, with_rule
from tests.rules_support import (
    BOPS,
    NOTE,
    PACK,
    POLICE,
    PRISON,
    REGION,
    SOC_A,
    SOC_C,
    SOC_D,
    Case,
    at,
    later,
    rungs,
    shown,
)

ACK, DECISION, COMPLETION = DeadlineName.ACKNOWLEDGEMENT, DeadlineName.DECISION, DeadlineName.COMPLETION
MONDAY = at("2027-02-01 10:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OWNERS = {"support-request": (SOC_A, SOC_A), "in-depth-assessment": (POLICE, BOPS), "coordinated-plan": (SOC_A, REGION)}


def begun(kind: str, start: str, pack: RulePack = PACK) -> tuple[Case, Organisation]:
    """A handoff of this kind asked for and accepted at `start`; answers with the case and who has it."""
    asker, owner = OWNERS[kind]
    case = Case(pack=pack.model_copy(update={"steps": ()})).opens(at(start), consent=Consent.GIVEN)
    assert case.sends(kind, asker, owner, at(start)) is None
    assert case.acts(case.one(kind), Act.ACCEPT, owner, at(start)) is None
    return case, owner


def own_work(pack: RulePack = PACK) -> tuple[Case, Organisation]:
    """A municipality has taken on a request for support on Monday 1 February at 10: ten working days, 80 hours."""
    case = Case(pack=pack).opens(MONDAY)
    assert case.acts(case.one("support-request"), Act.ACCEPT, SOC_A, MONDAY) is None
    return case, SOC_A


def given(case: Case, owner: Organisation, kind: str, when: str, more: str, **said: Any) -> Refusal | None:
    """More time for a decision, or for the deadline that is named."""
    told = {"deadline": DECISION, "by": "manager", "ground": "staff-shortage", "span": span(more)} | said
    extension = Extension.model_validate(told)
    return case.acts(case.one(kind), Act.EXTEND, owner, at(when), extension=extension)


def held(case: Case, owner: Organisation, kind: str, start: datetime, end: datetime) -> None:
    assert case.acts(case.one(kind), Act.HOLD, owner, start, reason="awaiting-information") is None
    assert case.acts(case.one(kind), Act.RESUME, owner, end) is None


def account(case: Case, kind: str, when: str, name: DeadlineName = DECISION) -> tuple[timedelta, timedelta]:
    """What is used and what is left of a deadline at `when`."""
    deadline = case.deadline(kind, name)
    used = deadlines.consumed(deadline, at(when), PACK.calendar)
    return used, deadlines.remaining(deadline, at(when), PACK.calendar)


@pytest.mark.parametrize(
    ("when", "used", "left"),
    [
        ("2027-02-01 10:00", 0, 80),
        ("2027-02-02 12:00", 10, 70),  # Monday 10-16, Tuesday 08-12
        ("2027-02-05 20:00", 38, 42),  # the week's end: Monday's six hours and four days
        ("2027-02-07 12:00", 38, 42),  # a Sunday
        ("2027-02-15 10:00", 80, 0),
        ("2027-02-15 12:00", 82, -2),  # late
    ],
)
def test_office_time_used_and_left(when: str, used: int, left: int) -> None:
    case, _ = own_work()
    assert account(case, "support-request", when) == (used * HOUR, left * HOUR)


@pytest.mark.parametrize(
    ("when", "used", "left"),
    [
        ("2027-03-27 20:00", 24, 48),
        ("2027-03-28 21:00", 48, 24),  # this Sunday has 23 hours
        ("2027-03-29 22:00", 73, -1),
    ],
)
def test_real_time_used_and_left_over_the_night_of_summer_time(when: str, used: int, left: int) -> None:
    case, _ = begun("in-depth-assessment", "2027-03-26 20:00")
    assert account(case, "in-depth-assessment", when) == (used * HOUR, left * HOUR)


@pytest.mark.parametrize(
    ("when", "used", "left"),
    [
        ("2027-02-16 23:59", 0, 14),
        ("2027-02-17 00:00", 1, 13),
        ("2027-03-02 10:00", 14, 0),  # the last day, to its end
        ("2027-03-03 10:00", 15, -1),
    ],
)
def test_calendar_days_used_and_left_are_whole_local_days(when: str, used: int, left: int) -> None:
    case, _ = begun("coordinated-plan", "2027-02-16 10:00")
    assert account(case, "coordinated-plan", when) == (used * DAY, left * DAY)


def test_while_a_clock_stands_nothing_more_is_used() -> None:
    case, owner = own_work()
    assert (
        case.acts(case.one("support-request"), Act.HOLD, owner, at("2027-02-02 10:00"), reason="other", note=NOTE)
        is None
    )
    for when in ("2027-02-02 10:00", "2027-02-04 15:00", "2027-03-04 15:00"):
        assert account(case, "support-request", when) == (8 * HOUR, 72 * HOUR)
    assert case.acts(case.one("support-request"), Act.RESUME, owner, at("2027-02-04 10:00")) is None
    assert account(case, "support-request", "2027-02-04 15:00") == (13 * HOUR, 67 * HOUR)


@pytest.mark.parametrize(
    ("more", "due", "left"),
    [
        ("5 wd", "Mon 22 Feb 2027 10:00", 120),
        ("3 h", "Mon 15 Feb 2027 13:00", 83),
        ("7 h", "Tue 16 Feb 2027 09:00", 87),  # six to closing on Monday, one on Tuesday
    ],
)
def test_office_time_is_added_in_working_days_or_in_office_hours(more: str, due: str, left: int) -> None:
    case, owner = own_work(with_rule(PACK, "support-request", DECISION, extension=extendable("5 wd")))
    assert given(case, owner, "support-request", "2027-02-01 10:00", more) is None
    assert case.due("support-request", DECISION) == due
    assert account(case, "support-request", "2027-02-01 10:00") == (timedelta(0), left * HOUR)


def test_calendar_days_are_added_over_summer_time_and_easter() -> None:
    pack = with_rule(PACK, "coordinated-plan", DECISION, extension=extendable("7 d"))
    case, owner = begun("coordinated-plan", "2027-03-08 10:00", pack)
    assert case.due("coordinated-plan", DECISION) == "Tue 23 Mar 2027 00:00"
    assert given(case, owner, "coordinated-plan", "2027-03-10 10:00", "7 d") is None
    # A week after Monday 22 March is annandag påsk: Tuesday 30 March, 24:00. Seven days are added, not eight.
    assert case.due("coordinated-plan", DECISION) == "Wed 31 Mar 2027 00:00"
    assert account(case, "coordinated-plan", "2027-03-10 10:00") == (2 * DAY, 19 * DAY)


def test_what_expires_on_its_day_does_so_also_when_it_is_extended_to_a_saturday() -> None:
    rule = {"term": length("14 d", end="expiry"), "extension": extendable("5 d")}
    case, owner = own_work(with_rule(PACK, "support-request", DECISION, **rule))
    assert given(case, owner, "support-request", "2027-02-02 10:00", "5 d") is None
    assert case.due("support-request", DECISION) == "Sun 21 Feb 2027 00:00"


def test_what_was_over_before_it_was_held_gets_no_new_day() -> None:
    case, owner = begun("coordinated-plan", "2027-02-16 10:00")
    held(case, owner, "coordinated-plan", at("2027-02-17 10:00"), at("2027-02-21 10:00"))
    # Saturday 6 March, shifted to Monday 24:00. Held just then, it is over; a day later it is so still.
    assert case.due("coordinated-plan", DECISION) == "Tue 9 Mar 2027 00:00"
    held(case, owner, "coordinated-plan", at("2027-03-09 00:00"), at("2027-03-10 09:00"))
    assert case.due("coordinated-plan", DECISION) == "Tue 9 Mar 2027 00:00"


def test_what_moved_a_deadline_is_kept_with_its_dates_and_its_decision() -> None:
    case, owner = own_work(with_rule(PACK, "support-request", DECISION, extension=extendable("5 wd")))
    held(case, owner, "support-request", at("2027-02-02 10:00"), at("2027-02-04 10:00"))
    assert given(case, owner, "support-request", "2027-02-05 10:00", "1 wd") is None
    assert case.learns(at("2027-02-08 10:00"), urgency=Urgency.ACUTE) is None
    first, second, third = (at(f"2027-02-{day} 10:00") for day in ("15", "17", "18"))
    decision = Extension(deadline=DECISION, by="manager", ground="staff-shortage", span=span("1 wd"))
    assert case.deadline("support-request", DECISION).moves == (
        Move(why="held", at=at("2027-02-04 10:00"), since=at("2027-02-02 10:00"), before=first, after=second),
        Move(why="extended", at=at("2027-02-05 10:00"), before=second, after=third, extension=decision),
        Move(why="hurried", at=at("2027-02-08 10:00"), before=third, after=at("2027-02-09 10:00")),
    )


def test_of_many_moves_the_first_and_the_newest_are_kept() -> None:
    case, owner = own_work()
    starts = [later(at("2027-02-02 08:00"), minutes=30 * number) for number in range(10)]
    for number, start in enumerate(starts, 1):
        held(case, owner, "support-request", start, later(start, minutes=10))
        assert len(case.deadline("support-request", DECISION).moves) == min(number, MOST_MOVES)
    assert [move.since for move in case.deadline("support-request", DECISION).moves] == [
        starts[0],
        *starts[1 - MOST_MOVES :],
    ]
    # Ten holds of ten minutes.
    assert case.due("support-request", DECISION) == "Mon 15 Feb 2027 11:40"


def test_nothing_is_reported_missed_while_the_clock_stands_and_it_is_when_the_moved_day_has_passed() -> None:
    rule = {"if_missed": IfMissed.REPORT, "reports": "regularise"}
    case, owner = own_work(with_rule(PACK, "support-request", DECISION, **rule))
    assert (
        case.acts(case.one("support-request"), Act.HOLD, owner, at("2027-02-12 10:00"), reason="awaiting-decision")
        is None
    )
    case.waits(at("2027-02-17 10:00"))
    assert case.all("regularise") == []
    assert case.acts(case.one("support-request"), Act.RESUME, owner, at("2027-02-17 10:00")) is None
    # Friday 10:00 to Wednesday 10:00 is three working days: due on Thursday 18 February.
    case.waits(at("2027-02-18 09:59"))
    assert case.all("regularise") == []
    case.waits(at("2027-02-18 10:00"))
    assert case.one("regularise").parent == case.one("support-request").id


def released(pack: RulePack = PACK) -> Case:
    """Story 3: a release on 12 April, told on 11 February; housing is due 30 days before, Friday 12 March 24:00."""
    custody = Custody(place=CustodyPlace.PRISON, ends_at=at("2027-04-12 09:00"))
    case = Case(pack=pack).opens(at("2027-02-11 10:00"), by=PRISON, custody=custody, consent=Consent.GIVEN)
    assert case.acts(case.one("release"), Act.ACKNOWLEDGE, SOC_A, at("2027-02-12 09:00")) is None
    return case


def moved(case: Case, when: str, ends: str) -> None:
    assert case.learns(at(when), by=PRISON, custody=Custody(place=CustodyPlace.PRISON, ends_at=at(ends))) is None


def test_a_date_that_moves_before_the_first_reminder_leaves_every_rung_to_sound() -> None:
    case = released()
    moved(case, "2027-02-12 09:00", "2027-06-14 09:00")
    assert case.due("release", COMPLETION) == "Sat 15 May 2027 00:00"
    # Half-way from 12 February 09:00 to 14 May 24:00 is 30 March 05:00 summer time: the office opens at 08:00.
    fired = rungs(case.waits(at("2027-05-17 08:00")), case.one("release"), COMPLETION)
    assert fired == [(1, 0, "Tue 30 Mar 2027 08:00"), (2, 0, "Mon 17 May 2027 08:00")]


def test_a_date_that_moves_gives_no_second_extension_and_forgets_no_move() -> None:
    case = released(with_rule(PACK, "release", COMPLETION, extension=extendable("7 d")))
    assert given(case, SOC_A, "release", "2027-02-15 10:00", "3 d", deadline=COMPLETION) is None
    moved(case, "2027-02-16 10:00", "2027-06-14 09:00")
    again = given(case, SOC_A, "release", "2027-02-17 10:00", "3 d", deadline=COMPLETION)
    assert again == Refusal(code="extended-already", detail="1")
    assert [move.why for move in case.deadline("release", COMPLETION).moves] == ["extended", "date-moved"]


def test_more_time_for_a_deadline_whose_ladder_is_used_up_moves_its_next_alarm_to_its_new_end() -> None:
    case = released(with_rule(PACK, "release", COMPLETION, extension=extendable("7 d")))
    case.waits(at("2027-03-19 12:00"))
    moved(case, "2027-03-19 12:00", "2027-06-10 09:00")
    # 30 days before Thursday 10 June is Tuesday 11 May; three days more is Friday 14 May, 24:00.
    assert given(case, SOC_A, "release", "2027-03-20 12:00", "3 d", deadline=COMPLETION) is None
    assert case.due("release", COMPLETION) == "Sat 15 May 2027 00:00"
    assert shown(case.deadline("release", COMPLETION).next_at) == "Mon 17 May 2027 08:00"


def test_a_ladder_left_behind_is_gone_back_to_at_the_rung_it_had_come_to() -> None:
    case = released()
    case.waits(at("2027-03-19 12:00"))
    old = case.deadline("release", COMPLETION)
    assert (old.rung, old.recurrences) == (4, 1)
    rules = PACK.kinds["release"].deadlines
    ordinary, acute = rules[Urgency.ORDINARY][COMPLETION], rules[Urgency.ACUTE][COMPLETION]
    now, where = at("2027-03-19 12:00"), PACK.calendar
    stays = Move(why="hurried", at=now, before=old.due, after=old.due)
    fresh = deadlines.new(COMPLETION, acute, now, now, PACK, where)
    hurried = deadlines.set_again(fresh, old, ("ordinary", "acute"), stays, now, acute, PACK, where)
    assert (hurried.rung, hurried.recurrences, hurried.alarms) == (0, 0, 0)
    assert shown(hurried.next_at) == "Sat 20 Mar 2027 12:00"
    anew = deadlines.new(COMPLETION, ordinary, at("2027-06-14 09:00"), now, PACK, where)
    back = deadlines.set_again(anew, hurried, ("acute", "ordinary"), stays, now, ordinary, PACK, where)
    assert back.rung == 4
    assert shown(back.next_at) == "Mon 17 May 2027 08:00"


def test_what_is_sent_on_keeps_the_laws_own_account_and_begins_its_ladder_at_the_foot() -> None:
    term = PACK.kinds["child-concern"].deadlines[Urgency.ORDINARY][DECISION].term
    pack = with_kind(PACK, "placement-question", repeatable=True)
    pack = with_rule(pack, "placement-question", DECISION, term=term, extension=extendable("7 d", by="court"))
    case = Case(pack=pack).opens(MONDAY)
    assert case.sends("placement-question", SOC_A, SOC_C, MONDAY) is None
    assert given(case, SOC_C, "placement-question", "2027-02-02 10:00", "3 d", by="court") is None
    # Monday 1 February and fourteen days, and three: Thursday 18 February, 24:00.
    assert case.due("placement-question", DECISION) == "Fri 19 Feb 2027 00:00"
    first, when = case.one("placement-question"), at("2027-02-12 10:00")
    assert case.acts(first, Act.REROUTE, SOC_A, when, to=SOC_D, reason="moved") is None
    deadline = case.deadline("placement-question", DECISION)
    assert (shown(deadline.due), shown(deadline.origin)) == ("Fri 19 Feb 2027 00:00", "Mon 1 Feb 2027 10:00")
    assert account(case, "placement-question", "2027-02-12 10:00") == (11 * DAY, 6 * DAY)
    # Half of it had passed on Wednesday 10 February: the new recipient is reminded at once, not half-way to the end.
    second = case.one("placement-question")
    assert rungs(case.firings(), second, DECISION) == [(1, 0, "Fri 12 Feb 2027 10:00")]
    again = given(case, SOC_D, "placement-question", "2027-02-12 11:00", "1 d", by="court")
    assert again == Refusal(code="extended-already", detail="1")
    assert rungs(case.waits(at("2027-02-19 08:00")), second, DECISION) == [(2, 0, "Fri 19 Feb 2027 08:00")]
    (move,) = case.deadline("placement-question", DECISION).moves
    # Counted from when it was sent on, the law's fourteen days would have ended on Friday 26 February.
    assert (move.why, shown(move.before), shown(move.after)) == (
        "rerouted",
        "Sat 27 Feb 2027 00:00",
        "Fri 19 Feb 2027 00:00",
    )


@pytest.mark.parametrize(
    ("now", "late", "due"),
    [
        # Ninety days before Monday 12 April is Tuesday 12 January, 24:00.
        ("2027-01-12 23:59", False, "Wed 13 Jan 2027 00:00"),
        ("2027-01-13 00:00", True, "Thu 14 Jan 2027 08:00"),
        ("2027-01-13 00:01", True, "Thu 14 Jan 2027 08:00"),
    ],
)
def test_a_countdown_is_late_at_birth_from_the_minute_it_ends(now: str, late: bool, due: str) -> None:
    custody = Custody(place=CustodyPlace.PRISON, ends_at=at("2027-04-12 09:00"))
    case = Case().opens(at(now), by=PRISON, custody=custody)
    assert case.deadline("release", DECISION).late_at_birth is late
    assert case.due("release", DECISION) == due


def test_a_countdown_has_the_days_up_to_its_own_day_however_it_shifts() -> None:
    case = released()
    # Thirty days before 12 April is Saturday 13 March, thirty days after 11 February; it shifts to Friday.
    assert case.due("release", COMPLETION) == "Sat 13 Mar 2027 00:00"
    assert account(case, "release", "2027-02-14 10:00", COMPLETION) == (3 * DAY, 27 * DAY)


def test_office_time_begins_to_run_when_the_office_opens_and_real_time_at_once() -> None:
    night = at("2027-01-06 03:00")  # trettondedagen
    case = Case().opens(night)
    assert case.sends("threat-assessment", SOC_A, POLICE, night, Urgency.ACUTE) is None
    assert case.sends("in-depth-assessment", POLICE, BOPS, night, Urgency.ACUTE) is None
    assert shown(case.deadline("support-request", DECISION).since) == "Thu 7 Jan 2027 08:00"
    assert shown(case.deadline("in-depth-assessment", DECISION).since) == "Wed 6 Jan 2027 03:00"
    # Half of ten working days from Thursday at opening: five, over the weekend.
    fired = rungs(case.waits(at("2027-01-14 08:00")), case.one("support-request"), DECISION)
    assert fired == [(1, 0, "Thu 14 Jan 2027 08:00")]
