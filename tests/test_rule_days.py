"""Days that people record, and the terms that the law counts from them: dates worked out by hand in the stories."""

from __future__ import annotations

from typing import Any

import pytest

from models.events import Custody
from models.handoffs import Act, DeadlineName, Status
from models.words import Consent, CustodyPlace, Function, Need
from tests.rules_support import ACTING, SIS, SOC_A, SOC_B, SOC_C, Case, at, org, shown

ACK, DECISION, COMPLETION = DeadlineName.ACKNOWLEDGEMENT, DeadlineName.DECISION, DeadlineName.COMPLETION
COURT = org("court", Function.COURT, desk=False)
IVO = org("ivo", Function.INSPECTORATE, desk=False)
EVERYONE = (*ACTING, COURT, IVO)


def opened(now: str, **facts: Any) -> Case:
    return Case().opens(at(now), acting=EVERYONE, **facts)


def recorded(case: Case, now: str, **days: str) -> Case:
    """Social services record days, by the codes of the rule pack with underscores for hyphens."""
    instants = {name.replace("_", "-"): at(day) for name, day in days.items()}
    assert case.learns(at(now), instants=instants) is None
    return case


def done(case: Case, kind: str, now: str, **more: Any) -> None:
    """Own work, taken on and completed."""
    assert case.acts(case.one(kind), Act.ACCEPT, SOC_A, at(now)) is None
    assert case.acts(case.one(kind), Act.COMPLETE, SOC_A, at(now), **more) is None


def test_story_2_reviews_of_care_are_counted_from_when_it_began_and_then_from_each_review() -> None:
    case = recorded(opened("2026-09-07 13:00", minor=True), "2026-09-07 14:00", lvu_care_began="2026-09-07 12:00")
    assert case.due("lvu-13-review", COMPLETION) == "Tue 9 Mar 2027 00:00"
    recorded(case, "2027-01-11 15:00", lvu_14_decided="2027-01-11 10:00")
    assert case.due("lvu-14-review", COMPLETION) == "Tue 13 Apr 2027 00:00"
    done(case, "lvu-13-review", "2027-03-05 10:00")
    assert case.due("lvu-13-review", COMPLETION) == "Tue 7 Sep 2027 00:00"
    done(case, "lvu-13-review", "2027-09-01 10:00")
    assert case.due("lvu-13-review", COMPLETION) == "Thu 2 Mar 2028 00:00"
    assert case.due("lvu-14-review", COMPLETION) == "Tue 13 Apr 2027 00:00"


def test_story_2_the_eighteenth_birthday_is_counted_down_to_and_moves_back_from_a_sunday() -> None:
    case = recorded(opened("2026-11-02 10:00", minor=True), "2026-11-02 11:00", turns_18="2027-04-20 00:00")
    assert case.due("turns-18", DECISION) == "Thu 21 Jan 2027 00:00"
    assert case.due("turns-18", COMPLETION) == "Sat 20 Mar 2027 00:00"


def test_story_2_who_reported_is_answered_within_a_week_of_the_decision() -> None:
    case = opened("2027-01-18 11:20", minor=True, custody=Custody(place=CustodyPlace.STATE_CARE))
    assert (
        case.sends("reporter-answer", SOC_B, SOC_A, at("2027-01-22 09:00"), anchor=at("2027-01-21 11:20")) is not None
    )
    assert case.sends("reporter-answer", SIS, SOC_A, at("2027-01-22 09:00"), anchor=at("2027-01-21 11:20")) is None
    assert case.due("reporter-answer", DECISION) == "Fri 29 Jan 2027 00:00"


def test_story_4_a_child_in_protected_housing_is_submitted_reviewed_and_applied_for() -> None:
    case = recorded(opened("2027-05-05 18:30", minor=True), "2027-05-05 21:20", shelter_decided="2027-05-05 21:15")
    assert case.due("shelter-submission", DECISION) == "Thu 13 May 2027 00:00"
    assert case.due("shelter-application", DECISION) == "Thu 17 Jun 2027 00:00"
    recorded(case, "2027-05-06 08:00", shelter_placed="2027-05-05 23:40")
    assert case.due("shelter-review", COMPLETION) == "Sat 6 Nov 2027 00:00"
    done(case, "shelter-submission", "2027-05-10 10:00")
    review = case.one("shelter-court-review")
    assert (review.requester, review.recipient) == (SOC_A.id, COURT.id)
    assert case.due("shelter-court-review", DECISION) == "Tue 18 May 2027 00:00"


@pytest.mark.parametrize(
    ("kind", "day", "code", "lapses"),
    [
        ("lvu-submission", "2027-01-04 22:00", "lvu_decided", "Tue 12 Jan 2027 00:00"),
        ("lvu-application", "2027-01-04 22:00", "lvu_executed", "Tue 2 Feb 2027 00:00"),
        ("lvm-submission", "2027-01-05 22:00", "lvm_decided", "Fri 8 Jan 2027 00:00"),
        ("lvm-application", "2027-01-04 10:00", "lvm_confirmed", "Tue 12 Jan 2027 00:00"),
        ("shelter-submission", "2027-01-04 22:00", "shelter_decided", "Tue 12 Jan 2027 00:00"),
    ],
)
def test_what_is_not_submitted_or_applied_for_in_time_lapses_and_somebody_must_act_at_once(
    kind: str, day: str, code: str, lapses: str
) -> None:
    case = recorded(opened(day, minor=True), day, **{code: day})
    work = case.one(kind)
    assert case.due(kind, DECISION) == lapses
    before = [firing for firing in case.waits(at("2027-03-01 00:00")) if firing.handoff == work.id]
    assert before
    assert all(firing.at < work.deadlines[0].due for firing in before)
    ended = case.state.ended[work.id]
    assert (ended.status, ended.business_status, shown(ended.ended_at)) == (Status.FAILED, "lapsed", lapses)
    told = {role for _, role in case.notices("measure-lapsed")}
    assert told == {"decision-maker", "on-call", "manager-on-call", "head"}
    assert [h.parent for h in case.all("find-another-way") if h.parent == work.id] == [work.id]


def test_the_court_is_asked_when_the_submission_has_been_sent_and_the_hearing_when_care_is_applied_for() -> None:
    case = recorded(opened("2027-01-04 22:00", minor=True), "2027-01-04 22:10", lvu_decided="2027-01-04 22:00")
    recorded(case, "2027-01-05 08:00", lvu_executed="2027-01-05 02:00")
    done(case, "lvu-submission", "2027-01-08 09:00")
    assert case.due("lvu-court-review", DECISION) == "Sat 16 Jan 2027 00:00"
    done(case, "lvu-application", "2027-01-29 09:00")
    assert case.due("lvu-court-hearing", DECISION) == "Sat 13 Feb 2027 00:00"


def test_a_term_that_has_passed_when_its_day_is_recorded_has_lapsed_already() -> None:
    case = recorded(opened("2027-01-04 10:00", minor=True), "2027-02-15 10:00", lvu_decided="2027-02-01 22:00")
    assert not case.all("lvu-submission")
    assert case.notices("measure-lapsed")


def test_care_under_lvm_ends_after_six_months_also_on_a_sunday() -> None:
    case = recorded(opened("2027-02-28 10:00"), "2027-02-28 11:00", lvm_care_began="2027-02-28 10:00")
    assert case.due("lvm-longest-care", COMPLETION) == "Sun 29 Aug 2027 00:00"
    case = recorded(opened("2027-02-14 10:00"), "2027-02-15 11:00", lvm_care_began="2027-02-15 10:00")
    assert case.due("lvm-longest-care", COMPLETION) == "Mon 16 Aug 2027 00:00"


def test_a_new_decision_begins_the_court_s_terms_anew() -> None:
    case = recorded(opened("2027-01-04 22:00", minor=True), "2027-01-04 22:10", lvu_decided="2027-01-04 22:00")
    done(case, "lvu-submission", "2027-01-08 09:00")
    recorded(case, "2027-06-01 22:10", lvu_decided="2027-06-01 22:00")
    assert case.due("lvu-submission", DECISION) == "Wed 9 Jun 2027 00:00"


def test_a_decision_not_carried_out_is_reported_every_quarter() -> None:
    case = opened("2027-01-05 09:00", needs=(Need.LIVELIHOOD,))
    assert case.acts(case.one("support-request"), Act.ACCEPT, SOC_A, at("2027-01-05 09:30")) is None
    assert case.acts(case.one("support-request"), Act.COMPLETE, SOC_A, at("2027-01-05 10:00"), answer="granted") is None
    case.waits(at("2027-04-06 00:00"))
    assert shown(case.one("report-unexecuted").requested_at) == "Tue 6 Apr 2027 00:00"
    done(case, "report-unexecuted", "2027-04-08 10:00")
    case.waits(at("2027-07-08 10:00"))
    assert len(case.all("report-unexecuted")) == 1
    assert case.all("execute-decision")


def test_no_reply_to_a_transfer_in_a_month_gives_the_task_of_considering_ivo() -> None:
    case = opened("2027-01-11 09:00")
    assert case.sends("case-transfer", SOC_A, SOC_C, at("2027-01-11 10:00")) is None
    assert case.due("case-transfer", DECISION) == "Fri 12 Feb 2027 00:00"
    case.waits(at("2027-02-12 00:00"))
    task = case.one("consider-ivo")
    assert (task.requester, task.recipient) == (SOC_A.id, SOC_A.id)


def test_ivo_decides_on_a_transfer_within_three_months() -> None:
    case = opened("2027-01-11 09:00")
    assert case.sends("transfer-decision", SOC_A, IVO, at("2027-02-15 10:00")) is None
    assert case.due("transfer-decision", DECISION) == "Tue 18 May 2027 00:00"


def test_a_grant_is_prepared_before_the_window_closes_and_only_with_an_open_track_b() -> None:
    case = opened("2027-01-11 09:00", consent=Consent.GIVEN)
    recorded(case, "2027-01-12 09:00", grant_window_closes="2027-05-31 12:00")
    assert not case.all("grant-preparation")


def test_protected_registration_is_looked_at_sixty_days_before_it_ends() -> None:
    case = recorded(opened("2027-01-11 09:00"), "2027-01-11 10:00", protected_registration_ends="2027-11-30 12:00")
    assert case.due("protected-registration-ends", COMPLETION) == "Sat 2 Oct 2027 00:00"


@pytest.mark.parametrize("kind", ["incident", "lex-sarah", "own-risk-assessment", "file-request-subject"])
def test_own_work_is_taken_up_by_those_it_is_for(kind: str) -> None:
    case = opened("2027-01-11 09:00")
    assert case.sends(kind, SOC_A, SOC_A, at("2027-01-11 10:00")) is None
    assert case.one(kind).deadlines
