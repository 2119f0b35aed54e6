"""Ladders: who is told, and when, that a handoff stands still. The instants are those of the stories."""

from __future__ import annotations

from itertools import pairwise

from models.events import Actor, ClockMoved, Custody
from models.handoffs import Act, DeadlineName
from models.packs import IfUnanswered
from models.words import Consent, CustodyPlace, Need, Urgency
from rules.case import wake_at
from tests.changed_rules import with_kind
from tests.rules_support import (
    ACTING,
    BED_1,
    NOTE,
    PACK,
    PHONED,
    POLICE,
    PRISON,
    SIS,
    SOC_A,
    SOC_B,
    Case,
    at,
    later,
    rungs,
    shown,
)

ACK, DECISION, COMPLETION = DeadlineName.ACKNOWLEDGEMENT, DeadlineName.DECISION, DeadlineName.COMPLETION
FROM_B = (SOC_B, *ACTING[1:])


def handed_over() -> Case:
    """Story 1: the duty office in B hands over to A in the night to a holiday."""
    case = Case().opens(at("2027-01-05 22:46"), by=SOC_B, acting=FROM_B)
    assert case.sends("duty-handover", SOC_B, SOC_A, at("2027-01-06 03:00")) is None
    return case


def released(ends: str = "2027-04-12 09:00") -> Case:
    """Story 3: the prison tells of a release sixty days ahead."""
    custody = Custody(place=CustodyPlace.PRISON, ends_at=at(ends))
    return Case().opens(at("2027-02-11 10:00"), by=PRISON, custody=custody, consent=Consent.GIVEN)


def test_a_silent_municipality_is_reminded_in_office_hours_and_then_its_managers_are_told() -> None:
    case = handed_over()
    handover = case.one("duty-handover")
    assert case.due("duty-handover", ACK) == "Fri 8 Jan 2027 08:00"
    assert case.due("duty-handover", DECISION) == "Thu 21 Jan 2027 08:00"
    fired = case.waits(at("2027-01-13 08:00"))
    assert rungs(fired, handover, ACK) == [
        (1, 0, "Thu 7 Jan 2027 12:00"),
        (2, 0, "Fri 8 Jan 2027 08:00"),
        (3, 0, "Mon 11 Jan 2027 08:00"),
        (4, 0, "Wed 13 Jan 2027 08:00"),
    ]


def test_nobody_outside_social_services_is_told_that_a_municipality_is_late() -> None:
    case = handed_over()
    handover = case.one("duty-handover")
    case.waits(at("2027-02-20 08:00"))
    told = {n.org for e in case.entries for n in e.notices if n.handoff == handover.id}
    assert told == {"soc-a", "soc-b"}


def test_an_acknowledgement_cancels_the_rungs_that_have_not_fired() -> None:
    case = handed_over()
    handover = case.one("duty-handover")
    case.waits(at("2027-01-11 09:30"))
    assert case.acts(handover, Act.ACKNOWLEDGE, SOC_A, at("2027-01-11 09:30")) is None
    fired = case.waits(at("2027-01-20 08:00"))
    assert rungs(fired, handover, ACK) == []
    assert rungs(fired, handover, DECISION) == [(1, 0, "Thu 14 Jan 2027 08:00")]


def test_a_rung_that_is_due_when_the_answer_comes_has_fired_before_it() -> None:
    case = handed_over()
    handover = case.one("duty-handover")
    assert case.acts(handover, Act.ACKNOWLEDGE, SOC_A, at("2027-01-08 08:00")) is None
    assert rungs(case.firings(), handover, ACK) == [(1, 0, "Fri 8 Jan 2027 08:00"), (2, 0, "Fri 8 Jan 2027 08:00")]


def test_support_decided_late_stops_before_the_top_rung() -> None:
    case = Case().opens(at("2026-12-14 14:00"))
    support = case.one("support-request")
    assert case.due("support-request", ACK) == "Tue 15 Dec 2026 14:00"
    assert case.acts(support, Act.ACCEPT, SOC_A, at("2026-12-14 14:30")) is None
    fired = case.waits(at("2027-01-05 10:00"))
    assert rungs(fired, support, DECISION) == [
        (1, 0, "Mon 21 Dec 2026 14:00"),
        (2, 0, "Wed 30 Dec 2026 14:00"),
        (3, 0, "Mon 4 Jan 2027 14:00"),
    ]
    assert shown(case.deadline("support-request", DECISION).next_at) == "Thu 7 Jan 2027 14:00"
    assert case.acts(support, Act.COMPLETE, SOC_A, at("2027-01-05 10:00"), answer="granted") is None
    assert rungs(case.waits(at("2027-01-08 10:00")), support, DECISION) == []


def test_the_top_rung_of_an_ordinary_ladder_sounds_again_every_working_day() -> None:
    case = handed_over()
    handover = case.one("duty-handover")
    fired = rungs(case.waits(at("2027-01-18 08:00")), handover, ACK)
    assert fired[3:] == [
        (4, 0, "Wed 13 Jan 2027 08:00"),
        (4, 1, "Thu 14 Jan 2027 08:00"),
        (4, 2, "Fri 15 Jan 2027 08:00"),
        (4, 3, "Mon 18 Jan 2027 08:00"),
    ]


def test_housing_before_release_climbs_its_ladder_in_office_hours() -> None:
    case = released()
    release = case.one("release")
    assert case.due("release", ACK) == "Tue 16 Feb 2027 10:00"
    assert case.due("release", COMPLETION) == "Sat 13 Mar 2027 00:00"
    assert rungs(case.waits(at("2027-02-12 14:00")), release, ACK) == [(1, 0, "Fri 12 Feb 2027 14:00")]
    assert case.acts(release, Act.ACKNOWLEDGE, SOC_A, at("2027-02-15 09:00")) is None
    assert rungs(case.waits(at("2027-03-18 08:00")), release, COMPLETION) == [
        (1, 0, "Fri 26 Feb 2027 08:00"),
        (2, 0, "Mon 15 Mar 2027 08:00"),
        (3, 0, "Tue 16 Mar 2027 08:00"),
        (4, 0, "Thu 18 Mar 2027 08:00"),
    ]


def test_a_contact_that_is_late_at_birth_gets_one_notice_and_a_replacement_but_no_burst() -> None:
    case = released()
    contact = case.deadline("release", DECISION)
    assert contact.late_at_birth
    assert shown(contact.due) == "Fri 12 Feb 2027 10:00"
    assert case.notices("late-at-birth") == [("soc-a", "officer")]
    assert case.firings() == []
    fired = rungs(case.waits(at("2027-02-15 10:00")), case.one("release"), DECISION)
    assert fired == [
        (1, 0, "Thu 11 Feb 2027 14:00"),
        (2, 0, "Fri 12 Feb 2027 10:00"),
        (3, 0, "Mon 15 Feb 2027 10:00"),
    ]
    assert case.notices("late-at-birth") == [("soc-a", "officer")]


def test_a_silent_bed_provider_alarms_those_on_call_and_then_every_half_hour() -> None:
    stays = with_kind(PACK, "protected-bed", if_unanswered=IfUnanswered.STAY)
    case = Case(pack=stays)
    case.opens(at("2027-01-05 23:00"), by=SOC_A, urgency=Urgency.ACUTE, needs=(Need.PROTECTED_HOUSING,))
    case.finds(at("2027-01-05 23:00"), BED_1)
    bed = case.one("protected-bed")
    assert case.due("protected-bed", ACK) == "Wed 6 Jan 2027 00:00"
    assert rungs(case.waits(at("2027-01-06 01:30")), bed, ACK) == [
        (1, 0, "Wed 6 Jan 2027 00:00"),
        (2, 0, "Wed 6 Jan 2027 00:30"),
        (2, 1, "Wed 6 Jan 2027 01:00"),
        (2, 2, "Wed 6 Jan 2027 01:30"),
    ]
    told = [(n.org, n.role) for e in case.entries for n in e.notices if n.handoff == bed.id]
    assert told[:4] == [
        ("bed-1", "on-call"),
        ("soc-a", "on-call"),
        ("bed-1", "manager-on-call"),
        ("soc-a", "manager-on-call"),
    ]


def test_an_acute_alarm_slows_down_after_a_day_and_after_a_week_but_never_stops() -> None:
    case = Case().opens(at("2027-01-05 22:46"), urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    fired = [f for f in case.waits(at("2027-01-20 12:00")) if f.handoff == threat.id and f.deadline is ACK]
    repeats = [f.at for f in fired if f.recurrence]
    gaps = [(b - a).total_seconds() / 3600 for a, b in pairwise(repeats)]
    assert gaps[:47] == [0.5] * 47
    assert gaps[47:83] == [4] * 36
    assert set(gaps[83:]) == {24}
    assert len(gaps) > 83
    assert case.deadline("threat-assessment", ACK).next_at is not None


def test_after_a_long_outage_each_rung_fires_once_and_the_repeated_one_not_as_a_burst() -> None:
    case = Case().opens(at("2027-01-05 22:46"), urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    assert rungs(case.sleeps(at("2027-01-08 09:10")), threat, ACK) == [
        (1, 0, "Fri 8 Jan 2027 09:10"),
        (2, 0, "Fri 8 Jan 2027 09:10"),
    ]
    assert shown(case.deadline("threat-assessment", ACK).next_at) == "Fri 8 Jan 2027 09:16"
    assert rungs(case.sleeps(at("2027-01-11 12:00")), threat, ACK) == [(2, 1, "Mon 11 Jan 2027 12:00")]
    assert shown(case.deadline("threat-assessment", ACK).next_at) == "Mon 11 Jan 2027 12:16"


def test_waking_again_at_the_same_moment_changes_nothing() -> None:
    case = handed_over()
    case.sleeps(at("2027-01-09 10:00"))
    state = case.state
    assert case.sleeps(at("2027-01-09 10:00")) == []
    assert case.state == state
    wake = wake_at(state)
    assert wake is not None
    assert wake > at("2027-01-09 10:00")


def test_a_hold_stops_the_ladder_and_resuming_gives_the_time_back() -> None:
    case = handed_over()
    handover = case.one("duty-handover")
    assert case.acts(handover, Act.ACCEPT, SOC_A, at("2027-01-07 10:00")) is None
    held = at("2027-01-11 08:00")
    assert case.acts(handover, Act.HOLD, SOC_A, held, reason="awaiting-information") is None
    assert case.deadline("duty-handover", DECISION).next_at is None
    assert case.due("duty-handover", DeadlineName.HOLD) == "Mon 18 Jan 2027 08:00"
    assert rungs(case.waits(at("2027-01-13 12:00")), handover, DeadlineName.HOLD) == [(1, 0, "Wed 13 Jan 2027 12:00")]
    assert case.acts(handover, Act.RESUME, SOC_A, at("2027-01-14 08:00")) is None
    assert case.due("duty-handover", DECISION) == "Tue 26 Jan 2027 08:00"
    assert [d.name for d in case.one("duty-handover").deadlines] == [DECISION]
    # The half-way reminder lay on Thursday 14 January; three working days later it is Tuesday.
    assert rungs(case.waits(at("2027-01-19 08:00")), handover, DECISION) == [(1, 0, "Tue 19 Jan 2027 08:00")]


def test_a_hold_of_no_length_changes_no_deadline() -> None:
    case = handed_over()
    handover = case.one("duty-handover")
    assert case.acts(handover, Act.ACCEPT, SOC_A, at("2027-01-07 10:00")) is None
    case.waits(at("2027-02-01 10:00"))
    before = case.one("duty-handover").deadlines
    assert before[0].recurrences > 0
    assert case.acts(handover, Act.HOLD, SOC_A, at("2027-02-01 10:00"), reason="awaiting-decision") is None
    assert case.acts(handover, Act.RESUME, SOC_A, at("2027-02-01 10:00")) is None
    assert case.one("duty-handover").deadlines == before


def test_a_second_hold_goes_on_where_the_ladder_of_the_first_one_stopped() -> None:
    case = handed_over()
    handover = case.one("duty-handover")
    assert case.acts(handover, Act.ACCEPT, SOC_A, at("2027-01-07 10:00")) is None
    for day in ("11", "18"):
        assert case.acts(handover, Act.HOLD, SOC_A, at(f"2027-01-{day} 08:00"), reason="awaiting-information") is None
        case.waits(at(f"2027-01-{day} 08:00"))
        case.waits(later(at(f"2027-01-{day} 12:00"), days=2))
        assert case.acts(handover, Act.RESUME, SOC_A, later(at(f"2027-01-{day} 13:00"), days=2)) is None
    fired = rungs(case.firings(), handover, DeadlineName.HOLD)
    # Five working days in all: the first hold used 21 hours of the 40, the second one has the other 19 from Monday.
    assert fired == [(1, 0, "Wed 13 Jan 2027 12:00"), (2, 0, "Wed 20 Jan 2027 11:00")]
    assert len({f.identity for f in case.firings()}) == len(case.firings())


def test_an_acute_handoff_cannot_rest_longer_than_hours_without_an_alarm() -> None:
    case = Case().opens(at("2027-01-05 22:46"), urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    assert case.acts(threat, Act.ACCEPT, SOC_A, at("2027-01-05 23:05"), by_phone=PHONED) is None
    assert case.acts(threat, Act.HOLD, POLICE, at("2027-01-05 23:30"), reason="awaiting-information") is None
    assert rungs(case.waits(at("2027-01-06 04:00")), threat, DeadlineName.HOLD) == [
        (1, 0, "Wed 6 Jan 2027 03:30"),
        (2, 0, "Wed 6 Jan 2027 04:00"),
    ]


def test_when_a_case_becomes_acute_its_open_handoffs_do_too_and_no_rung_sounds_twice() -> None:
    case = Case().opens(at("2027-02-01 10:00"), consent=Consent.GIVEN)
    threat = case.one("threat-assessment")
    case.waits(at("2027-02-03 15:00"))
    assert case.learns(at("2027-02-03 20:00"), urgency=Urgency.ACUTE) is None
    assert case.one("threat-assessment").urgency is Urgency.ACUTE
    assert case.due("threat-assessment", ACK) == "Wed 3 Feb 2027 22:00"
    assert case.due("threat-assessment", DECISION) == "Thu 4 Feb 2027 20:00"
    assert rungs(case.waits(at("2027-02-03 22:30")), threat, ACK) == [
        (1, 0, "Wed 3 Feb 2027 22:00"),
        (2, 0, "Wed 3 Feb 2027 22:30"),
    ]
    assert len({f.identity for f in case.firings()}) == len(case.firings())


def test_becoming_acute_never_gives_more_time() -> None:
    case = Case().opens(at("2027-02-01 10:00"), consent=Consent.GIVEN)
    assert case.due("threat-assessment", DECISION) == "Mon 8 Feb 2027 10:00"
    assert case.learns(at("2027-02-08 09:00"), urgency=Urgency.ACUTE) is None
    assert case.due("threat-assessment", DECISION) == "Mon 8 Feb 2027 10:00"


def test_a_ladder_shared_by_both_urgencies_goes_on_counting_its_repeats() -> None:
    case = Case().opens(at("2027-02-01 10:00"), minor=True)
    assert case.sends("state-care-place", SOC_A, SIS, at("2027-02-01 10:00")) is None
    case.waits(at("2027-02-02 12:00"))
    assert case.learns(at("2027-02-02 12:00"), urgency=Urgency.ACUTE) is None
    assert [d.name for d in case.one("state-care-place").deadlines] == [ACK, DECISION]
    case.waits(at("2027-02-04 12:00"))
    assert len({f.identity for f in case.firings()}) == len(case.firings())


def test_a_deadline_that_moves_after_its_ladder_was_used_up_alarms_when_it_falls_due() -> None:
    case = released()
    assert case.acts(case.one("release"), Act.ACKNOWLEDGE, SOC_A, at("2027-02-15 09:00")) is None
    case.waits(at("2027-03-19 12:00"))
    moved = Custody(place=CustodyPlace.PRISON, ends_at=at("2027-06-10 09:00"))
    assert case.learns(at("2027-03-19 12:00"), by=PRISON, custody=moved) is None
    # 30 days before Thursday 10 June is Tuesday 11 May, 24:00; the office opens on Wednesday.
    assert shown(case.deadline("release", COMPLETION).next_at) == "Wed 12 May 2027 08:00"
    assert len({f.identity for f in case.firings()}) == len(case.firings())


def test_becoming_acute_ends_a_hold() -> None:
    case = Case().opens(at("2027-02-01 10:00"), consent=Consent.GIVEN)
    threat = case.one("threat-assessment")
    assert case.acts(threat, Act.ACCEPT, POLICE, at("2027-02-01 11:00")) is None
    assert case.acts(threat, Act.HOLD, POLICE, at("2027-02-01 12:00"), reason="awaiting-information") is None
    assert case.learns(at("2027-02-02 20:00"), urgency=Urgency.ACUTE) is None
    assert case.one("threat-assessment").status == "accepted"
    assert case.due("threat-assessment", DECISION) == "Wed 3 Feb 2027 20:00"


def test_a_lapsed_assessment_is_said_once_and_its_hour_never_shifts() -> None:
    case = Case().opens(at("2027-01-05 22:46"), urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    assert case.acts(threat, Act.ACCEPT, POLICE, at("2027-01-05 23:05")) is None
    assert case.acts(threat, Act.COMPLETE, POLICE, at("2027-01-06 02:10"), assessment=NOTE) is None
    case.concludes(at("2027-01-06 02:11"), valid_until=at("2027-01-13 02:10"))
    case.waits(at("2027-01-13 02:09"))
    assert case.notices("assessment-lapsed") == []
    case.waits(at("2027-02-13 02:09"))
    assert case.notices("assessment-lapsed") == [("soc-a", "officer"), ("police", "officer")]
    assert case.state.assessment is not None
    assert case.state.assessment.lapsed


def test_a_training_clock_walks_through_every_rung_at_its_own_instant() -> None:
    case = Case(training=True).opens(at("2027-01-05 22:46"), by=SOC_B, acting=FROM_B)
    assert case.sends("duty-handover", SOC_B, SOC_A, at("2027-01-06 03:00")) is None
    handover = case.one("duty-handover")
    forward = at("2027-01-13 09:00") - at("2027-01-06 03:00")
    case.does(ClockMoved(key=case.key(), by=Actor(org="soc-b"), forward=forward), at("2027-01-06 03:00"))
    assert [instant for _, _, instant in rungs(case.firings(), handover, ACK)] == [
        "Thu 7 Jan 2027 12:00",
        "Fri 8 Jan 2027 08:00",
        "Mon 11 Jan 2027 08:00",
        "Wed 13 Jan 2027 08:00",
    ]
    assert case.state.clock_offset == forward


def test_years_on_a_training_clock_do_not_fill_the_case_with_repeats() -> None:
    case = Case(training=True).opens(at("2027-01-05 22:46"), urgency=Urgency.ACUTE)
    forward = at("2029-12-01 09:00") - at("2027-01-05 22:46")
    case.does(ClockMoved(key=case.key(), by=Actor(org="soc-a"), forward=forward), at("2027-01-05 22:46"))
    assert len(case.entries[-1].model_dump_json()) < 64 * 1024
    wake = wake_at(case.state)
    assert wake is not None
    assert wake > at("2029-12-01 09:00")


def test_every_ladder_of_the_pack_ends_in_an_alarm_without_end() -> None:
    for ladder in PACK.ladders.values():
        assert ladder.recurs[-1].times is None


def under_care() -> Case:
    """Story 2: care began on Monday 7 September 2026, whereabouts are hidden from Monday 11 January 2027."""
    case = Case().opens(at("2027-01-11 10:00"))
    began = {"lvu-care-began": at("2026-09-07 10:00"), "lvu-14-decided": at("2027-01-11 10:00")}
    assert case.learns(at("2027-01-11 10:05"), instants=began) is None
    return case


def test_a_review_is_warned_of_on_the_working_day_before_its_end_as_the_law_writes_it() -> None:
    case = under_care()
    thirteen, fourteen = case.one("lvu-13-review"), case.one("lvu-14-review")
    # Six months end on Sunday 7 March; the review may wait for Monday, the warning comes on Friday at opening.
    assert case.due("lvu-13-review", COMPLETION) == "Tue 9 Mar 2027 00:00"
    assert case.due("lvu-14-review", COMPLETION) == "Tue 13 Apr 2027 00:00"
    fired = case.waits(at("2027-04-13 08:00"))
    assert rungs(fired, thirteen, COMPLETION)[1:3] == [
        (2, 0, "Fri 5 Mar 2027 08:00"),
        (3, 0, "Tue 9 Mar 2027 08:00"),
    ]
    assert rungs(fired, fourteen, COMPLETION)[1:3] == [
        (2, 0, "Fri 9 Apr 2027 08:00"),
        (3, 0, "Tue 13 Apr 2027 08:00"),
    ]


def test_a_review_that_is_done_starts_the_next_one() -> None:
    case = under_care()
    review = case.one("lvu-13-review")
    assert case.acts(review, Act.ACCEPT, SOC_A, at("2027-03-05 10:00")) is None
    assert case.acts(review, Act.COMPLETE, SOC_A, at("2027-03-05 11:00")) is None
    assert case.one("lvu-13-review").id != review.id
    assert case.due("lvu-13-review", COMPLETION) == "Tue 7 Sep 2027 00:00"


def test_before_a_measure_lapses_its_manager_and_on_its_last_morning_those_on_call_are_told() -> None:
    case = Case().opens(at("2027-05-05 18:30"))
    assert case.learns(at("2027-05-05 21:20"), instants={"shelter-decided": at("2027-05-05 21:15")}) is None
    submission = case.one("shelter-submission")
    assert case.due("shelter-submission", DECISION) == "Thu 13 May 2027 00:00"
    assert case.due("shelter-application", DECISION) == "Thu 17 Jun 2027 00:00"
    told = [f for f in case.waits(at("2027-05-13 00:00")) if f.handoff == submission.id]
    assert [(shown(f.at), f.to) for f in told[1:]] == [
        ("Tue 11 May 2027 08:00", ("owner:officer", "owner:manager")),
        ("Wed 12 May 2027 08:00", ("owner:on-call", "owner:manager-on-call")),
    ]
    assert case.notices("measure-lapsed")[0] == ("soc-a", "decision-maker")
    assert case.state.ended[submission.id].business_status == "lapsed"


def test_the_strongest_warning_whose_morning_has_passed_is_given_at_birth() -> None:
    case = Case().opens(at("2027-02-01 10:00"))
    assert case.learns(at("2027-02-01 15:00"), instants={"lvm-decided": at("2027-02-01 14:00")}) is None
    submission = case.one("lvm-submission")
    # It must be with the court on Tuesday, and is recorded on Monday afternoon: the warning of that morning comes now.
    case.waits(at("2027-02-02 23:00"))
    told = [(f.rung, shown(f.at)) for f in case.firings() if f.handoff == submission.id]
    assert told == [(2, "Mon 1 Feb 2027 15:00"), (3, "Tue 2 Feb 2027 08:00")]


def test_where_only_some_may_decide_that_role_is_told() -> None:
    case = Case().opens(at("2027-05-05 18:30"), urgency=Urgency.ACUTE)
    assert case.sends("immediate-decision", SOC_A, SOC_A, at("2027-05-05 20:45"), Urgency.ACUTE) is None
    decision = case.one("immediate-decision")
    fired = [f for f in case.waits(at("2027-05-05 22:15")) if f.handoff == decision.id]
    assert [(shown(f.at), f.to[0]) for f in fired] == [
        ("Wed 5 May 2027 21:15", "owner:decision-maker"),
        ("Wed 5 May 2027 21:45", "owner:decision-maker"),
        ("Wed 5 May 2027 22:00", "owner:decision-maker"),
        ("Wed 5 May 2027 22:15", "owner:decision-maker"),
    ]


def test_resting_again_and_again_is_one_rest_that_somebody_is_told_of() -> None:
    case = handed_over()
    handover = case.one("duty-handover")
    assert case.acts(handover, Act.ACCEPT, SOC_A, at("2027-01-07 10:00")) is None
    start = at("2027-01-11 10:00")
    for number in range(20):
        when = later(start, days=7 * number)
        assert case.acts(handover, Act.HOLD, SOC_A, when, reason="awaiting-information") is None
        case.waits(later(when, days=2))
        assert case.acts(handover, Act.RESUME, SOC_A, later(when, days=2)) is None
    told = {f.to[0] for f in case.firings() if f.deadline is DeadlineName.HOLD}
    assert told == {"owner:officer", "owner:manager", "owner:head", "owner:director"}
    identities = [f.identity for f in case.firings()]
    assert len(set(identities)) == len(identities)


def test_two_kinds_of_rest_in_turn_fire_no_rung_a_second_time() -> None:
    case = Case().opens(at("2027-02-01 10:00"))
    assert case.sends("placement-question", SOC_A, SOC_B, at("2027-02-01 10:00")) is None
    question = case.one("placement-question")
    assert case.acts(question, Act.ACCEPT, SOC_B, at("2027-02-01 11:00")) is None
    when = at("2027-02-02 10:00")
    for _ in range(4):
        for rest, back, by in ((Act.HOLD, Act.RESUME, SOC_B), (Act.RETURN, Act.SUPPLY, SOC_A)):
            reason = "awaiting-information" if rest is Act.HOLD else "date-missing"
            assert case.acts(question, rest, SOC_B, when, reason=reason) is None
            case.waits(later(when, days=4))
            assert case.acts(question, back, by, later(when, days=4)) is None
            when = later(when, days=5)
    identities = [f.identity for f in case.firings()]
    assert len(set(identities)) == len(identities)
