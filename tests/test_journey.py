"""The journey: what opens by itself, what never waits, and whose facts are whose."""

from __future__ import annotations

import pytest

from models.case import CaseState
from models.contracts import Refusal
from models.desk_work import ConcludeAssessment, FindCandidates
from models.events import Actor, ClockMoved, Custody, Facts, NotPossible, Opened, Responsibility
from models.handoffs import Act, DeadlineName, Status
from models.words import (
    Consent,
    CustodyPlace,
    EndCode,
    Need,
    Phase,
    ResponsibilityBasis,
    TrackB,
    Urgency,
)
from rules.case import decide, wake_at
from tests.rules_support import (
    ACTING,
    BED_1,
    BED_2,
    EVERYBODY,
    NGO,
    NOTE,
    PACK,
    POLICE,
    PRISON,
    REF,
    SIS,
    SOC_A,
    SOC_B,
    SOC_D,
    Case,
    at,
    later,
)

NOW = at("2027-02-01 10:00")
SOON = at("2027-02-01 11:00")
ALWAYS = ["support-request", "initial-assessment"]
IN_PRISON = Custody(place=CustodyPlace.PRISON, ends_at=at("2027-06-14 09:00"))
IN_STATE_CARE = Custody(place=CustodyPlace.STATE_CARE, ends_at=at("2027-06-28 00:00"))


@pytest.mark.parametrize(
    ("facts", "opener", "kinds"),
    [
        ({}, SOC_A, ALWAYS),
        ({}, NGO, ["first-contact", *ALWAYS]),
        ({}, POLICE, ["first-contact", *ALWAYS]),
        ({"urgency": Urgency.ACUTE}, SOC_A, [*ALWAYS, "threat-assessment"]),
        ({"consent": Consent.GIVEN}, SOC_A, [*ALWAYS, "threat-assessment"]),
        ({"consent": Consent.REFUSED}, SOC_A, ALWAYS),
        ({"minor": True}, SOC_A, ["child-concern"]),
        ({"minor": True}, SIS, ["first-contact", "child-concern"]),
        ({"custody": IN_PRISON}, PRISON, ["first-contact", *ALWAYS, "release"]),
        ({"custody": Custody(place=CustodyPlace.REMAND)}, SOC_A, [*ALWAYS, "custody-cooperation"]),
        ({"custody": IN_STATE_CARE, "minor": True}, SOC_A, ["child-concern", "custody-cooperation", "care-ends"]),
        (
            {"consent": Consent.GIVEN, "needs": (Need.ADDICTION_CARE, Need.CIVIL_SOCIETY)},
            SOC_A,
            [*ALWAYS, "threat-assessment", "coordinated-plan"],
        ),
        ({"needs": (Need.ADDICTION_CARE,)}, SOC_A, ALWAYS),
        ({"police_track_wanted": True}, SOC_A, ALWAYS),
        (
            {"police_track_wanted": True, "consent": Consent.GIVEN},
            SOC_A,
            [*ALWAYS, "threat-assessment", "police-track"],
        ),
    ],
)
def test_what_opens_by_itself(facts: dict[str, object], opener: object, kinds: list[str]) -> None:
    case = Case().opens(NOW, by=opener, **facts)  # type: ignore[arg-type]
    assert case.kinds() == kinds


def test_an_acute_need_of_shelter_seeks_a_bed_at_once_without_consent_assessment_or_decision() -> None:
    case = Case().opens(at("2027-01-05 22:46"), urgency=Urgency.ACUTE, needs=(Need.PROTECTED_HOUSING,))
    assert case.state.assessment is None
    assert case.asked(FindCandidates).desk == "soc-a"
    case.finds(at("2027-01-05 23:00"), BED_1, BED_2)
    assert case.one("protected-bed").recipient == "bed-1"


def test_what_was_done_acutely_is_regularised_afterwards() -> None:
    case = Case().opens(at("2027-01-06 00:40"), urgency=Urgency.ACUTE, needs=(Need.PROTECTED_HOUSING,))
    case.finds(at("2027-01-06 00:40"), BED_2)
    assert "regularise" not in case.kinds()
    assert case.acts(case.one("protected-bed"), Act.ACCEPT, BED_2, at("2027-01-06 01:15")) is None
    assert case.due("regularise", DeadlineName.DECISION) == "Fri 8 Jan 2027 08:00"


def test_the_social_track_goes_its_whole_way_without_police_consent_or_track_b() -> None:
    case = Case().opens(NOW, needs=(Need.CIVIL_SOCIETY, Need.RELOCATION))
    for kind in ("initial-assessment", "support-request"):
        assert case.acts(case.one(kind), Act.ACCEPT, SOC_A, SOON) is None
        answer = "granted" if kind == "support-request" else None
        assert case.acts(case.one(kind), Act.COMPLETE, SOC_A, SOON, answer=answer) is None
    assert set(case.kinds()) == {"execute-decision", "review-3-months", "intervention"}
    assert case.asked(FindCandidates).question == FindCandidates(case=REF, step="relocation")
    assert case.phase() is Phase.IN_PROGRESS
    assert case.acts(case.one("execute-decision"), Act.ACCEPT, SOC_A, SOON) is None
    assert case.acts(case.one("execute-decision"), Act.COMPLETE, SOC_A, SOON) is None
    assert case.phase() is Phase.ESTABLISHING
    assert (case.state.consent, case.state.track_b) == (Consent.NOT_ASKED, TrackB.NOT_TRIED)


def test_no_step_of_social_support_asks_about_the_police_consent_or_track_b() -> None:
    needs_more = {"threat-assessment", "coordinated-plan", "police-track", "protected-bed", "grant-preparation"}
    words = ("consent", "track-b", "police-track-wanted", "assessed", "protection-needed", "completed:threat")
    for step in PACK.steps:
        if step.code not in needs_more:
            assert not [c for c in (*step.when, *step.unless) if c.startswith(words)], step.code


def test_an_assessment_that_says_protection_is_needed_seeks_a_bed() -> None:
    case = Case().opens(NOW, consent=Consent.GIVEN)
    threat = case.one("threat-assessment")
    assert case.acts(threat, Act.ACCEPT, POLICE, SOON) is None
    assert case.acts(threat, Act.COMPLETE, POLICE, SOON, assessment=NOTE) is None
    case.concludes(SOON, valid_until=at("2027-03-03 11:00"))
    assert case.asked(FindCandidates).desk == "soc-a"


def with_track_b() -> Case:
    case = Case().opens(NOW, consent=Consent.GIVEN, police_track_wanted=True, needs=(Need.ADDICTION_CARE,))
    assert case.track_b() is TrackB.TRYING
    return case


def decided(case: Case) -> Case:
    assert case.acts(case.one("support-request"), Act.ACCEPT, SOC_A, SOON) is None
    assert case.acts(case.one("support-request"), Act.COMPLETE, SOC_A, SOON, answer="granted") is None
    return case


def eligible(case: Case, answer: str = "eligible") -> Case:
    assert case.acts(case.one("police-track"), Act.ACCEPT, POLICE, SOON) is None
    assert case.acts(case.one("police-track"), Act.COMPLETE, POLICE, SOON, answer=answer) is None
    return case


def test_track_b_opens_when_its_whole_guard_holds_and_not_before() -> None:
    case = eligible(with_track_b())
    assert case.track_b() is TrackB.TRYING
    decided(case)
    assert case.track_b() is TrackB.TRYING
    assert case.learns(SOON, conditions_signed=True) is None
    assert case.track_b() is TrackB.OPEN


def test_not_eligible_ends_track_b_and_changes_nothing_else() -> None:
    case = decided(with_track_b())
    before = case.state
    eligible(case, "not-eligible")
    assert case.track_b() is TrackB.ENDED
    others = {h.id for h in before.handoffs.values() if h.kind != "police-track"}
    assert set(case.state.handoffs) == others
    assert {i: case.state.handoffs[i] for i in others} == {i: before.handoffs[i] for i in others}
    assert (case.state.phase, case.state.needs, case.state.consent) == (before.phase, before.needs, before.consent)
    case.waits(later(SOON, days=10))
    assert case.track_b() is TrackB.ENDED


def test_withdrawn_consent_cancels_only_what_needs_consent_and_ends_track_b() -> None:
    case = decided(with_track_b())
    before = set(case.kinds())
    assert {"police-track", "coordinated-plan"} <= before
    assert case.learns(at("2027-03-15 11:00"), consent=Consent.REFUSED) is None
    assert set(case.kinds()) == before - {"police-track", "coordinated-plan"}
    assert case.track_b() is TrackB.ENDED
    ended = [e for e in case.state.ended.values() if e.business_status == "consent-withdrawn"]
    assert {(e.kind, e.status) for e in ended} == {
        ("police-track", Status.CANCELLED),
        ("coordinated-plan", Status.CANCELLED),
    }
    to_police = [e.task.question.work for e in case.state.desk_effects.values() if e.task.desk == "police"]
    assert "take-back" in to_police


def test_withdrawn_consent_destroys_what_the_desk_has_not_fetched() -> None:
    case = with_track_b()
    track = case.one("police-track")
    assert case.learns(SOON, consent=Consent.REFUSED) is None
    waiting = [e.task.question for e in case.state.desk_effects.values()]
    assert not [q for q in waiting if q.work == "receive" and q.handoff == track.id]


def test_an_open_track_b_ends_with_consent_and_is_not_tried_again_without_a_new_wish() -> None:
    case = decided(eligible(with_track_b()))
    assert case.learns(SOON, conditions_signed=True) is None
    assert case.track_b() is TrackB.OPEN
    assert case.learns(SOON, consent=Consent.REFUSED) is None
    assert case.track_b() is TrackB.ENDED
    assert case.learns(later(SOON, days=30), consent=Consent.GIVEN) is None
    assert case.track_b() is TrackB.ENDED
    assert "police-track" not in case.kinds()


def test_a_request_to_the_police_that_fell_with_consent_needs_a_new_wish() -> None:
    case = with_track_b()
    assert case.learns(SOON, consent=Consent.REFUSED) is None
    assert case.learns(later(SOON, days=1), consent=Consent.GIVEN) is None
    assert "police-track" not in case.kinds()
    assert case.track_b() is TrackB.ENDED


def test_help_that_was_cancelled_with_consent_is_asked_for_again_when_consent_returns() -> None:
    case = with_track_b()
    assert case.learns(SOON, consent=Consent.NOT_ASKED) is None
    assert "coordinated-plan" not in case.kinds()
    assert case.learns(later(SOON, days=1), consent=Consent.GIVEN, police_track_wanted=True) is None
    assert {"coordinated-plan", "police-track"} <= set(case.kinds())
    assert case.track_b() is TrackB.TRYING


def test_a_police_track_that_nobody_pursues_is_over() -> None:
    case = with_track_b()
    track = case.one("police-track")
    assert case.acts(track, Act.WITHDRAW, SOC_A, SOON, reason="no-longer-needed") is None
    assert case.track_b() is TrackB.ENDED


def test_the_phase_follows_what_has_been_done() -> None:
    case = Case().opens(NOW, consent=Consent.GIVEN)
    seen = [case.state.phase]
    for kind, act, by in (
        ("initial-assessment", Act.ACCEPT, SOC_A),
        ("initial-assessment", Act.COMPLETE, SOC_A),
        ("threat-assessment", Act.ACCEPT, POLICE),
        ("threat-assessment", Act.COMPLETE, POLICE),
    ):
        assert case.acts(case.one(kind), act, by, SOON, assessment=NOTE) is None
        seen.append(case.state.phase)
    case.concludes(SOON, valid_until=at("2027-03-03 11:00"), needs_protection=False)
    seen.append(case.state.phase)
    decided(case)
    seen.append(case.state.phase)
    assert seen == [
        Phase.INTAKE,
        Phase.INITIAL_ASSESSMENT,
        Phase.INITIAL_ASSESSMENT,
        Phase.THREAT_ASSESSMENT,
        Phase.THREAT_ASSESSMENT,
        Phase.DECISION,
        Phase.IN_PROGRESS,
    ]


def test_reviews_follow_one_another_counted_from_the_decision() -> None:
    case = Case().opens(at("2026-12-14 14:00"))
    decision = at("2027-01-05 10:00")
    assert case.acts(case.one("support-request"), Act.ACCEPT, SOC_A, decision) is None
    assert case.acts(case.one("support-request"), Act.COMPLETE, SOC_A, decision, answer="granted") is None
    assert case.due("execute-decision", DeadlineName.COMPLETION) == "Tue 6 Apr 2027 00:00"
    dues = {
        "review-3-months": "Tue 6 Apr 2027 00:00",
        "review-6-months": "Tue 6 Jul 2027 00:00",
        # 5 January 2028 is a Wednesday, 5 January 2029 a Friday.
        "review-12-months": "Thu 6 Jan 2028 00:00",
        "review-24-months": "Sat 6 Jan 2029 00:00",
    }
    for kind, due in dues.items():
        assert case.due(kind, DeadlineName.COMPLETION) == due
        assert case.acts(case.one(kind), Act.ACCEPT, SOC_A, later(decision, days=80)) is None
        refusal = case.acts(case.one(kind), Act.COMPLETE, SOC_A, later(decision, days=80))
        assert refusal is not None
        assert refusal.code == "answer-needed"
        assert case.acts(case.one(kind), Act.COMPLETE, SOC_A, later(decision, days=80), answer="unknown") is None


def test_the_giver_acts_until_the_receiver_accepts() -> None:
    case = Case().opens(at("2027-01-05 22:46"), by=SOC_B, acting=(SOC_B, *ACTING[1:]))
    assert case.sends("duty-handover", SOC_B, SOC_A, at("2027-01-06 03:00")) is None
    handover = case.one("duty-handover")
    assert case.acts(handover, Act.ACKNOWLEDGE, SOC_A, at("2027-01-11 09:30")) is None
    assert case.state.acting["social-services"] == "soc-b"  # type: ignore[index]
    refusal = case.learns(at("2027-01-11 10:00"), by=SOC_A, consent=Consent.GIVEN)
    assert refusal == Refusal(code="not-your-case")
    assert case.acts(handover, Act.ACCEPT, SOC_A, at("2027-01-12 09:00")) is None
    assert case.state.acting["social-services"] == "soc-a"  # type: ignore[index]
    assert case.learns(at("2027-01-12 10:00"), by=SOC_A, consent=Consent.GIVEN) is None


def test_accepting_a_referral_moves_nothing() -> None:
    case = Case().opens(NOW)
    assert case.sends("placement-question", SOC_A, SOC_B, NOW) is None
    acting = case.state.acting
    responsible = case.state.responsible
    assert case.acts(case.one("placement-question"), Act.ACCEPT, SOC_B, SOON) is None
    assert (case.state.acting, case.state.responsible) == (acting, responsible)


def test_a_case_with_open_handoffs_cannot_be_closed() -> None:
    case = Case().opens(NOW)
    refusal = case.closes(SOC_A, SOON)
    assert refusal == Refusal(code="handoffs-open", possible=("H1", "H2"))
    emptied(case)
    assert case.closes(SOC_A, SOON, EndCode.ENDED_BY_PERSON) is None
    assert (case.state.closed, case.state.phase) == (EndCode.ENDED_BY_PERSON, Phase.CLOSED)
    refusal = case.learns(SOON, consent=Consent.GIVEN)
    assert refusal == Refusal(code="case-closed", detail="ENDED_BY_PERSON")


def emptied(case: Case) -> None:
    """Withdraws what is open, until only the task of planning ahead or closing is left."""
    while left := [h for h in case.state.handoffs.values() if h.kind != "plan-or-close"]:
        handoff = left[0]
        requester = EVERYBODY[handoff.requester]
        assert case.acts(handoff, Act.WITHDRAW, requester, SOON, reason="no-longer-needed") is None


def test_a_closed_case_does_not_wake_when_its_assessment_lapses() -> None:
    case = Case().opens(NOW, urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    assert case.acts(threat, Act.ACCEPT, POLICE, NOW) is None
    assert case.acts(threat, Act.COMPLETE, POLICE, NOW, assessment=NOTE) is None
    case.concludes(SOON, valid_until=at("2027-02-02 10:00"), needs_protection=False)
    emptied(case)
    assert wake_at(case.state) == at("2027-02-02 10:00")
    assert case.closes(SOC_A, SOON) is None
    assert wake_at(case.state) is None


def test_an_open_case_with_nothing_left_to_do_is_somebodys_task() -> None:
    case = Case().opens(NOW)
    emptied(case)
    (task,) = case.state.handoffs.values()
    assert (task.kind, task.recipient) == ("plan-or-close", SOC_A.id)
    assert wake_at(case.state) is not None
    assert case.learns(SOON, urgency=Urgency.ACUTE) is None
    assert "plan-or-close" not in {h.kind for h in case.state.handoffs.values()}


def test_closing_ends_the_task_of_planning_ahead() -> None:
    case = Case().opens(NOW)
    emptied(case)
    assert case.closes(SOC_A, SOON) is None
    assert not case.state.handoffs
    assert [e.business_status for e in case.state.ended.values() if e.kind == "plan-or-close"] == ["case-closed"]


def test_only_social_services_close_a_case() -> None:
    case = Case().opens(NOW, by=NGO)
    emptied(case)
    for other in (NGO, POLICE, SOC_B):
        assert case.closes(other, SOON) == Refusal(code="not-your-case")
    assert case.closes(SOC_A, SOON) is None


def test_a_desk_that_answers_after_the_case_was_closed_opens_nothing_in_it() -> None:
    case = Case().opens(NOW, urgency=Urgency.ACUTE, needs=(Need.PROTECTED_HOUSING,))
    task = case.asked(FindCandidates)
    emptied(case)
    assert case.closes(SOC_A, SOON) is None
    state = case.state
    case.desk_says(task, NotPossible(code="nothing-found"), SOON)
    case.desk_is_silent(task, SOON)
    assert case.state == state
    assert wake_at(case.state) is None


@pytest.mark.parametrize(
    ("by", "facts", "refusal"),
    [
        (POLICE, {"consent": Consent.GIVEN}, Refusal(code="fact-is-not-yours-to-record")),
        (POLICE, {"urgency": Urgency.ACUTE}, Refusal(code="fact-is-not-yours-to-record")),
        (NGO, {"needs": (Need.DEBT,)}, Refusal(code="fact-is-not-yours-to-record")),
        (SOC_B, {"consent": Consent.GIVEN}, Refusal(code="not-your-case")),
        (SOC_D, {"released": True}, Refusal(code="not-your-case")),
        (
            PRISON,
            {"consent": Consent.GIVEN},
            Refusal(code="fact-is-not-yours-to-record", possible=("custody", "released")),
        ),
        (
            PRISON,
            {"custody": IN_PRISON, "urgency": Urgency.ACUTE},
            Refusal(code="fact-is-not-yours-to-record", possible=("custody", "released")),
        ),
        (SOC_A, {}, Refusal(code="nothing-new")),
        (SOC_A, {"consent": Consent.NOT_ASKED}, Refusal(code="nothing-new")),
        (SOC_A, {"released": True}, Refusal(code="nothing-new")),
    ],
)
def test_facts_are_recorded_by_those_whose_they_are_and_only_when_new(
    by: object, facts: dict[str, object], refusal: Refusal
) -> None:
    case = Case().opens(NOW)
    assert case.learns(SOON, by=by, **facts) == refusal  # type: ignore[arg-type]


def test_responsibility_is_dated_and_the_same_municipality_again_is_nothing_new() -> None:
    case = Case().opens(NOW)
    by_stay = Responsibility(municipality="0180", basis=ResponsibilityBasis.STAY)
    assert case.learns(SOON, responsible=by_stay) is None
    assert case.state.responsible is not None
    assert case.state.responsible.since == SOON
    assert case.learns(later(SOON, days=1), responsible=by_stay) == Refusal(code="nothing-new")


def test_one_who_is_imprisoned_again_gets_a_release_again() -> None:
    case = Case().opens(NOW, custody=IN_PRISON)
    assert case.acts(case.one("release"), Act.ACCEPT, SOC_A, SOON) is None
    assert case.acts(case.one("release"), Act.COMPLETE, SOC_A, SOON) is None
    assert case.learns(at("2027-06-14 10:00"), by=PRISON, released=True) is None
    again = Custody(place=CustodyPlace.REMAND)
    assert case.learns(at("2027-09-01 10:00"), by=PRISON, custody=again) is None
    assert "release" not in case.kinds()
    assert "custody-cooperation" in case.kinds()
    known = Custody(place=CustodyPlace.PRISON, ends_at=at("2028-06-12 09:00"))
    assert case.learns(at("2027-10-01 10:00"), by=PRISON, custody=known) is None
    # 30 days before Monday 12 June 2028 is Saturday 13 May: Friday 24:00.
    assert case.due("release", DeadlineName.COMPLETION) == "Sat 13 May 2028 00:00"


def test_a_training_clock_cannot_be_moved_in_a_real_case() -> None:
    moved = ClockMoved(key=Case().key(), by=Actor(org="soc-a"), forward=SOON - NOW)
    case = Case().opens(NOW)
    assert case.tried(moved.model_copy(update={"key": case.key()}), SOON) == Refusal(code="not-a-training-case")
    training = Case(training=True).opens(NOW)
    assert training.tried(moved.model_copy(update={"key": training.key()}), SOON) is None
    assert training.state.clock_offset == SOON - NOW


def test_nothing_can_be_done_in_a_case_that_is_not_open() -> None:
    case = Case()
    assert case.learns(NOW, consent=Consent.GIVEN) == Refusal(code="not-opened")
    case.opens(NOW)
    again = Opened(key=case.key(), by=Actor(org="soc-a"), opener=SOC_A, facts=Facts(), organisations=ACTING)
    assert case.tried(again, SOON) == Refusal(code="already-open")


def test_nobody_opens_a_case_in_the_name_of_another() -> None:
    opened = Opened(key=Case().key(), by=Actor(org="ngo"), opener=SOC_A, facts=Facts(), organisations=ACTING)
    refusal = decide(CaseState(case=REF), opened, NOW, PACK)
    assert refusal == Refusal(code="opener-is-another", detail="soc-a")


def test_where_nobody_is_known_to_ask_somebody_must_find_another_way() -> None:
    case = Case().opens(NOW, by=NGO, acting=(NGO,), urgency=Urgency.ACUTE)
    assert {h.recipient for h in case.state.handoffs.values()} == {"ngo"}
    assert {h.step for h in case.all("find-another-way")} >= {"support-request", "first-contact", "threat-assessment"}
    assert all(h.urgency is Urgency.ACUTE for h in case.state.handoffs.values())


def test_where_the_asking_office_has_no_desk_somebody_must_find_a_bed_by_hand() -> None:
    soc = SOC_A.model_copy(update={"desk": False})
    case = Case().opens(NOW, by=NGO, acting=(soc, *ACTING[1:]), urgency=Urgency.ACUTE, needs=(Need.PROTECTED_HOUSING,))
    assert not [e for e in case.state.desk_effects.values() if e.task.question.work == "find-candidates"]
    task = case.one("find-another-way")
    assert (task.recipient, task.step) == ("soc-a", "protected-bed")


def test_a_search_for_a_bed_does_not_stand_still_with_an_unreachable_desk() -> None:
    case = Case().opens(NOW, urgency=Urgency.ACUTE, needs=(Need.PROTECTED_HOUSING,))
    task = case.asked(FindCandidates)
    case.desk_is_silent(task, later(NOW, minutes=14))
    assert "find-another-way" not in case.kinds()
    case.desk_is_silent(task, later(NOW, minutes=16))
    assert case.one("find-another-way").urgency is Urgency.ACUTE
    assert case.notices("desk-unreachable") == [("soc-a", "operator")]
    case.desk_is_silent(task, later(NOW, minutes=30))
    assert len(case.all("find-another-way")) == 1
    assert case.notices("desk-unreachable") == [("soc-a", "operator")]
    case.finds(later(NOW, minutes=40), BED_1)
    assert "find-another-way" not in case.kinds()
    assert case.one("protected-bed").recipient == "bed-1"


def test_an_offer_to_a_silent_desk_is_repeated_ever_more_slowly_but_at_least_every_hour() -> None:
    case = Case().opens(NOW)
    effect = next(iter(case.state.desk_effects.values()))
    waits, moment = [], NOW
    for _ in range(9):
        case.desk_is_silent(effect.task, moment)
        following = case.state.desk_effects[effect.task.id].next_try
        waits.append((following - moment).total_seconds() / 60)
        moment = following
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_an_acute_handoff_that_its_desk_cannot_receive_is_told_to_those_on_call() -> None:
    case = Case().opens(at("2027-01-05 22:46"), urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    (task,) = (e.task for e in case.state.desk_effects.values() if e.task.desk == "police")
    case.desk_is_silent(task, at("2027-01-05 23:02"))
    assert case.notices("desk-unreachable") == [("police", "operator"), ("soc-a", "on-call")]
    assert case.one("threat-assessment") == threat


def test_an_assessment_whose_desk_has_nothing_to_conclude_from_is_asked_for_again_by_social_services() -> None:
    case = Case().opens(NOW, urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    assert case.acts(threat, Act.ACCEPT, POLICE, SOON) is None
    assert case.acts(threat, Act.COMPLETE, POLICE, SOON, assessment=NOTE) is None
    case.desk_says(case.asked(ConcludeAssessment), NotPossible(code="unknown-level"), SOON)
    task = case.one("find-another-way")
    assert (task.recipient, task.parent) == ("soc-a", threat.id)
    assert case.sends("threat-assessment", SOC_A, POLICE, SOON, Urgency.ACUTE) is None
    assert "find-another-way" not in case.kinds()


def test_a_conclusion_that_comes_after_all_ends_the_task_of_doing_without_it() -> None:
    case = Case().opens(NOW, urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    assert case.acts(threat, Act.ACCEPT, POLICE, NOW) is None
    assert case.acts(threat, Act.COMPLETE, POLICE, NOW, assessment=NOTE) is None
    case.desk_is_silent(case.asked(ConcludeAssessment), later(NOW, minutes=20))
    assert case.one("find-another-way").recipient == "soc-a"
    case.concludes(later(NOW, minutes=50), valid_until=later(NOW, days=7))
    assert "find-another-way" not in case.kinds()


def test_an_assessment_that_had_lapsed_when_it_came_is_said_to_have_lapsed_at_once() -> None:
    case = Case().opens(NOW, urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    assert case.acts(threat, Act.ACCEPT, POLICE, NOW) is None
    assert case.acts(threat, Act.COMPLETE, POLICE, NOW, assessment=NOTE) is None
    case.concludes(SOON, valid_until=NOW)
    assert case.state.assessment is not None
    assert case.state.assessment.lapsed
    assert ("soc-a", "officer") in case.notices("assessment-lapsed")


def test_support_that_was_refused_has_nothing_to_be_carried_out_and_nobody_is_left_without_a_task() -> None:
    case = Case().opens(NOW)
    assert case.acts(case.one("support-request"), Act.ACCEPT, SOC_A, SOON) is None
    assert case.acts(case.one("support-request"), Act.COMPLETE, SOC_A, SOON, answer="refused") is None
    assert "decided" not in case.state.anchors
    assert "execute-decision" not in case.kinds()
    assert case.acts(case.one("initial-assessment"), Act.ACCEPT, SOC_A, SOON) is None
    assert case.acts(case.one("initial-assessment"), Act.COMPLETE, SOC_A, SOON) is None
    assert case.kinds() == ["plan-or-close"]
