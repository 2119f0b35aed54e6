"""Ladders at their edges: the very minute of a repeat, a ladder climbed to its top before the deadline has come."""

from __future__ import annotations

import pytest

from models.calendars import Clock, Term
from models.handoffs import Act, Deadline, DeadlineName, Handoff
from models.packs import DeadlineRule, Ladder, Met, Overlay, Recurrence, RulePack, Rung
from models.words import Need, Urgency
from rules import deadlines, ladders
from tests.changed_rules import length, span
from tests.rules_support import ACTING, BED_1, PACK, POLICE, SOC_A, SOC_B, SOC_C, Case, at, rungs, shown

ACK, DECISION = DeadlineName.ACKNOWLEDGEMENT, DeadlineName.DECISION


def threatened(pack: RulePack = PACK) -> tuple[Case, Handoff]:
    """Tuesday 5 January 2027, 22:46, the night to a holiday: the police take on a threat. 24 hours to decide."""
    case = Case(pack=pack).opens(at("2027-01-05 22:46"), urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    assert case.acts(threat, Act.ACCEPT, POLICE, at("2027-01-05 22:50")) is None
    return case, threat


def held(case: Case, handoff: Handoff, start: str, end: str) -> None:
    assert case.acts(handoff, Act.HOLD, POLICE, at(start), reason="awaiting-information") is None
    assert case.acts(handoff, Act.RESUME, POLICE, at(end)) is None


def test_a_repeat_missed_until_the_very_minute_of_the_next_one_sounds_once() -> None:
    case = Case().opens(at("2027-01-05 23:00"), urgency=Urgency.ACUTE, needs=(Need.PROTECTED_HOUSING,))
    case.finds(at("2027-01-05 23:00"), BED_1)
    bed = case.one("protected-bed")
    # Due at 00:00, the top rung at 00:30, repeats at 01:00 and 01:30: at 01:30 both rungs sound, and no repeat.
    assert rungs(case.sleeps(at("2027-01-06 01:30")), bed, ACK) == [
        (1, 0, "Wed 6 Jan 2027 01:30"),
        (2, 0, "Wed 6 Jan 2027 01:30"),
    ]
    assert shown(case.deadline("protected-bed", ACK).next_at) == "Wed 6 Jan 2027 02:00"


def test_four_rungs_and_three_repeats_are_seven_alarms() -> None:
    case = Case().opens(at("2027-01-05 22:46"), by=SOC_B, acting=(SOC_B, *ACTING[1:]))
    assert case.sends("duty-handover", SOC_B, SOC_A, at("2027-01-06 03:00")) is None
    case.waits(at("2027-01-13 08:00"))
    top = case.deadline("duty-handover", ACK)
    assert (top.rung, top.recurrences, top.alarms) == (4, 0, 4)
    case.waits(at("2027-01-18 08:00"))
    after = case.deadline("duty-handover", ACK)
    assert (after.rung, after.recurrences, after.alarms) == (4, 3, 7)


def test_a_ladder_climbed_beforehand_sounds_when_the_moved_deadline_comes_also_on_a_holiday_night() -> None:
    case, threat = threatened()
    for minute in ("10", "11"):
        when = at(f"2027-01-05 23:{minute}")
        assert case.acts(threat, Act.ESCALATE, SOC_A, when, reason="threat-has-grown") is None
    held(case, threat, "2027-01-05 23:30", "2027-01-05 23:40")
    deadline = case.deadline("threat-assessment", DECISION)
    assert shown(deadline.due) == shown(deadline.next_at) == "Wed 6 Jan 2027 22:56"
    assert rungs(case.waits(at("2027-01-06 22:56")), threat, DECISION) == [(2, 1, "Wed 6 Jan 2027 22:56")]


def questioned(pack: RulePack = PACK) -> tuple[Case, Handoff]:
    """A asks C about a placement on Monday 1 February at 10; to be acknowledged on Tuesday at 10."""
    case = Case(pack=pack).opens(at("2027-02-01 10:00"))
    assert case.sends("placement-question", SOC_A, SOC_C, at("2027-02-01 10:00")) is None
    return case, case.one("placement-question")


def hurried(case: Case, handoff: Handoff, when: str) -> int:
    """How many levels can be told at once at `when`, before there is none left."""
    for told in range(10):
        refusal = case.acts(handoff, Act.ESCALATE, SOC_A, at(when), reason="no-answer")
        if refusal is not None:
            assert refusal.code == "all-told-already"
            return told
    raise AssertionError("a ladder without a top")


def test_hurried_to_the_top_in_the_deadlines_own_minute_it_does_not_sound_again_in_that_minute() -> None:
    case, question = questioned()
    assert len(rungs(case.waits(at("2027-02-02 10:00")), question, ACK)) == 2
    for _ in range(2):
        assert case.acts(question, Act.ESCALATE, SOC_A, at("2027-02-02 10:00"), reason="no-answer") is None
    assert rungs(case.waits(at("2027-02-02 10:00")), question, ACK) == []
    # The top rung's own time: three working days after the deadline.
    assert shown(case.deadline("placement-question", ACK).next_at) == "Fri 5 Feb 2027 10:00"


def test_the_levels_left_to_tell_are_those_of_the_one_who_owes_the_answer() -> None:
    """C, asked, and A, when it owes what is missing, each have a ladder of two rungs; the national one has four."""
    rules = PACK.kinds["placement-question"].deadlines[Urgency.ORDINARY]
    overlays = {
        owner: Overlay(
            organisation=owner,
            calendar=PACK.calendar,
            deadlines={
                "placement-question": {
                    Urgency.ORDINARY: {name: rules[name].model_copy(update={"ladder": "acute"})},
                }
            },
        )
        for owner, name in (("soc-c", ACK), ("soc-a", DeadlineName.SUPPLEMENT))
    }
    pack = PACK.model_copy(update={"overlays": overlays})
    assert hurried(*questioned(pack), "2027-02-01 11:00") == 2 + 4  # acknowledgement and decision
    case, question = questioned(pack)
    assert case.acts(question, Act.RETURN, SOC_C, at("2027-02-01 11:00"), reason="date-missing") is None
    assert hurried(case, question, "2027-02-01 12:00") == 2


def uneven() -> RulePack:
    """Acute alarms at the deadline and 45 minutes later; then four half-hours, and after that every hour."""
    rows = (
        Rung(to=("owner:on-call",)),
        Rung(after=span("45 min"), to=("owner:manager-on-call",)),
    )
    repeats = (Recurrence(every=span("30 min"), times=4), Recurrence(every=span("1 h")))
    ladder = Ladder(rungs=rows, recurs=repeats, office_hours_only=False)
    return PACK.model_copy(update={"ladders": PACK.ladders | {"acute": ladder}})


def test_after_a_pause_the_repeats_go_on_from_the_top_rung_at_the_pace_they_had_slowed_to() -> None:
    case, threat = threatened(uneven())
    fired = rungs(case.waits(at("2027-01-07 03:00")), threat, DECISION)
    assert fired == [
        (1, 0, "Wed 6 Jan 2027 22:46"),
        (2, 0, "Wed 6 Jan 2027 23:31"),
        (2, 1, "Thu 7 Jan 2027 00:01"),
        (2, 2, "Thu 7 Jan 2027 00:31"),
        (2, 3, "Thu 7 Jan 2027 01:01"),
        (2, 4, "Thu 7 Jan 2027 01:31"),
        (2, 5, "Thu 7 Jan 2027 02:31"),
    ]
    held(case, threat, "2027-01-07 03:00", "2027-01-07 03:00")
    assert shown(case.deadline("threat-assessment", DECISION).next_at) == "Thu 7 Jan 2027 03:31"
    held(case, threat, "2027-01-07 03:10", "2027-01-07 03:20")
    # Ten minutes were given back: due 22:56, the top rung 23:41, and on the hours from it.
    assert shown(case.deadline("threat-assessment", DECISION).next_at) == "Thu 7 Jan 2027 03:41"


def test_a_ladder_that_would_fall_silent_is_an_error() -> None:
    silent = uneven().ladders["acute"].model_copy(update={"recurs": (Recurrence(every=span("30 min"), times=4),)})
    start = at("2027-01-05 23:31")
    assert shown(ladders.interval(3, silent, start, PACK.calendar)) == "Wed 6 Jan 2027 00:01"
    with pytest.raises(ValueError, match="last recurrence of a ladder must have no end"):
        ladders.interval(4, silent, start, PACK.calendar)


def test_a_clock_that_stands_fires_nothing() -> None:
    case, threat = threatened()
    assert case.acts(threat, Act.HOLD, POLICE, at("2027-01-05 23:00"), reason="awaiting-information") is None
    standing: Deadline = case.deadline("threat-assessment", DECISION)
    assert (standing.clock, standing.next_at) == (Clock.AROUND_THE_CLOCK, None)
    rule = PACK.kinds["threat-assessment"].deadlines[Urgency.ACUTE][DECISION]
    with pytest.raises(ValueError, match="clock stands has no rung to fire"):
        ladders.fire(threat, standing, at("2027-01-06 23:00"), rule, PACK, PACK.calendar)


def warned(term: Term, start: str) -> tuple[Deadline, list[str | None]]:
    """A deadline by this term from `start`, warned of two mornings, one morning and on its last one."""
    ladder = Ladder(
        rungs=tuple(Rung(before=span(days), to=("owner:officer",)) for days in ("2 wd", "1 wd", "0 wd")),
        recurs=(Recurrence(every=span("1 wd")),),
        office_hours_only=True,
    )
    rule = DeadlineRule(term=term, met=Met.COMPLETED, ladder="warned")
    changed = PACK.model_copy(update={"ladders": PACK.ladders | {"warned": ladder}})
    deadline = deadlines.new(DECISION, rule, at(start), at(start), changed, changed.calendar)
    mornings = [shown(ladders.rung_at(deadline, rung, rule, changed, changed.calendar)) for rung in range(3)]
    return deadline, mornings


@pytest.mark.parametrize(
    ("within", "end", "start", "mornings"),
    [
        # Ends Wednesday 17 February.
        ("2 w", "act-by", "2027-02-03 10:00", ("Mon 15 Feb", "Tue 16 Feb", "Wed 17 Feb")),
        # Saturday 6 March, may wait for Monday: the two warnings count from Saturday, the last morning is Monday.
        ("4 d", "act-by", "2027-03-02 10:00", ("Thu 4 Mar", "Fri 5 Mar", "Mon 8 Mar")),
        # Saturday 6 March and no day later: Friday is the last morning too.
        ("4 d", "expiry", "2027-03-02 10:00", ("Thu 4 Mar", "Fri 5 Mar", "Fri 5 Mar")),
        # Annandag påsk, 29 March: the working days before it are Thursday and Wednesday; it ends on Tuesday.
        ("2 w", "act-by", "2027-03-15 10:00", ("Wed 24 Mar", "Thu 25 Mar", "Tue 30 Mar")),
        # In the office: five working days end on Monday 15 February at 10.
        ("5 wd", "act-by", "2027-02-08 10:00", ("Thu 11 Feb", "Fri 12 Feb", "Mon 15 Feb")),
        # Around the clock: 72 hours end on Sunday 14 February at 10.
        ("72 h", "act-by", "2027-02-11 10:00", ("Thu 11 Feb", "Fri 12 Feb", "Fri 12 Feb")),
    ],
)
def test_warnings_come_when_the_office_opens_on_the_working_days_before_the_last_day(
    within: str, end: str, start: str, mornings: tuple[str, ...]
) -> None:
    assert warned(length(within, end=end), start)[1] == [f"{day} 2027 08:00" for day in mornings]


@pytest.mark.parametrize(
    ("start", "first"),
    [
        ("2027-02-08 07:59", "Mon 8 Feb 2027 08:00"),
        ("2027-02-08 08:00", "Mon 8 Feb 2027 08:00"),  # this very morning
        ("2027-02-08 08:01", "Mon 8 Feb 2027 08:00"),  # two mornings before Wednesday: Monday's has begun, it comes now
        ("2027-02-09 08:01", "Tue 9 Feb 2027 08:00"),
    ],
)
def test_a_warning_whose_morning_came_before_the_clock_began_comes_at_once(start: str, first: str) -> None:
    assert shown(warned(length("2 d"), start)[0].next_at) == first
