"""Handoffs: who may do what, what an answer needs, and what follows when one is not met."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest

from models.calendars import Span, Unit
from models.contracts import Refusal
from models.events import Acted, Actor, Custody
from models.handoffs import OPEN, Act, DeadlineName, EndedHandoff, Extension, Handoff, Party, Status
from models.packs import Extendable, RulePack
from models.words import Consent, CustodyPlace, Function, Need, TrackB, Urgency
from rules import handoffs, transitions
from rules.case import decide
from rules.transitions import TABLE, possible
from tests.rules_support import (
    ACTING,
    BED_1,
    BED_2,
    BOPS,
    EVERYBODY,
    NGO,
    NOTE,
    PACK,
    PHONED,
    POLICE,
    PRISON,
    REGION,
    SIS,
    SOC_A,
    SOC_B,
    SOC_C,
    SOC_D,
    TAX,
    Case,
    at,
    rungs,
    shown,
)

ACK, DECISION, COMPLETION = DeadlineName.ACKNOWLEDGEMENT, DeadlineName.DECISION, DeadlineName.COMPLETION
NOW = at("2027-02-01 10:00")
SOON = at("2027-02-01 11:00")

# One line for each permitted act: in which status, by whom, what comes of it. Everything else is refused.
PERMITTED = """
requested    acknowledge       recipient  received
requested    accept            recipient  accepted
requested    decline           recipient  rejected
requested    not-responsible   recipient  on-hold
requested    return            recipient  on-hold
requested    extend            recipient  requested
requested    withdraw          requester  cancelled
requested    reroute           requester  cancelled
requested    enter-in-error    requester  entered-in-error
requested    escalate          requester  requested
received     accept            recipient  accepted
received     decline           recipient  rejected
received     not-responsible   recipient  on-hold
received     return            recipient  on-hold
received     extend            recipient  received
received     withdraw          requester  cancelled
received     reroute           requester  cancelled
received     enter-in-error    requester  entered-in-error
received     escalate          requester  received
accepted     start             recipient  in-progress
accepted     hold              recipient  on-hold
accepted     complete          recipient  completed
accepted     fail              recipient  failed
accepted     not-responsible   recipient  on-hold
accepted     return            recipient  on-hold
accepted     forward           recipient  in-progress
accepted     extend            recipient  accepted
accepted     withdraw          requester  cancelled
accepted     reroute           requester  cancelled
accepted     enter-in-error    requester  entered-in-error
accepted     escalate          requester  accepted
in-progress  hold              recipient  on-hold
in-progress  complete          recipient  completed
in-progress  fail              recipient  failed
in-progress  not-responsible   recipient  on-hold
in-progress  return            recipient  on-hold
in-progress  forward           recipient  in-progress
in-progress  extend            recipient  in-progress
in-progress  withdraw          requester  cancelled
in-progress  reroute           requester  cancelled
in-progress  enter-in-error    requester  entered-in-error
in-progress  escalate          requester  in-progress
on-hold      resume            recipient  accepted
on-hold      fail              recipient  failed
on-hold      withdraw          requester  cancelled
on-hold      reroute           requester  cancelled
on-hold      enter-in-error    requester  entered-in-error
on-hold      escalate          requester  on-hold
completed    reopen            recipient  accepted
failed       reopen            recipient  accepted
rejected     reopen            recipient  requested
cancelled    reopen            requester  requested
"""
EXPECTED = {
    (Status(source), Act(act), Party(by)): Status(target)
    for source, act, by, target in (line.split() for line in PERMITTED.split("\n") if line)
}
PARAGRAPH = "SoL 29:4"


def everything_allowed() -> RulePack:
    """The shipped rules, in which a question about placement can be disclaimed and each of its deadlines extended."""
    kind = PACK.kinds["placement-question"]
    more = Extendable(by=("manager",), grounds=("staff-shortage",), most=Span(amount=5, unit=Unit.WORKING_DAYS))
    days = Extendable(by=("manager",), grounds=("staff-shortage",), most=Span(amount=5, unit=Unit.DAYS))
    rules = {
        urgency: {
            name: rule.model_copy(update={"extension": days if rule.term.clock == "calendar" else more})
            for name, rule in named.items()
        }
        for urgency, named in kind.deadlines.items()
    }
    changed = kind.model_copy(update={"disclaims": (PARAGRAPH,), "deadlines": rules, "repeatable": True})
    return PACK.model_copy(update={"kinds": PACK.kinds | {kind.code: changed}})


def asked(status: Status) -> Case:
    """A question about placement to C, in this status."""
    case = Case(pack=everything_allowed()).opens(NOW)
    assert case.sends("placement-question", SOC_A, SOC_C, NOW) is None
    handoff = case.one("placement-question")
    path = {
        Status.RECEIVED: [Act.ACKNOWLEDGE],
        Status.ACCEPTED: [Act.ACCEPT],
        Status.IN_PROGRESS: [Act.ACCEPT, Act.START],
        Status.ON_HOLD: [Act.ACCEPT, Act.HOLD],
        Status.COMPLETED: [Act.ACCEPT, Act.COMPLETE],
        Status.FAILED: [Act.ACCEPT, Act.FAIL],
        Status.REJECTED: [Act.DECLINE],
        Status.CANCELLED: [Act.WITHDRAW],
        Status.ENTERED_IN_ERROR: [Act.ENTER_IN_ERROR],
    }
    for act in path.get(status, []):
        by = SOC_A if act in (Act.WITHDRAW, Act.ENTER_IN_ERROR) else SOC_C
        assert case.acts(handoff, act, by, NOW, reason=reason_for(act, handoff)) is None
    assert now_of(case, handoff).status is status
    return case


def now_of(case: Case, handoff: Handoff) -> Handoff | EndedHandoff:
    return case.state.handoffs.get(handoff.id) or case.state.ended[handoff.id]


def details(act: Act, handoff: Handoff) -> dict[str, Any]:
    """What an act must carry besides its reason."""
    name = next(iter(handoff.deadlines)).name if handoff.deadlines else ACK
    unit = Unit.DAYS if handoff.deadlines and handoff.deadlines[0].clock == "calendar" else Unit.WORKING_DAYS
    one = Span(amount=1, unit=unit)
    match act:
        case Act.EXTEND:
            return {"extension": Extension(deadline=name, by="manager", ground="staff-shortage", span=one)}
        case Act.REROUTE | Act.FORWARD:
            return {"to": SOC_D}
        case Act.NOT_RESPONSIBLE:
            return {"to": SOC_D, "paragraph": PARAGRAPH}
        case _:
            return {}


def reason_for(act: Act, handoff: Handoff) -> str | None:
    return next(iter(PACK.kinds[handoff.kind].reasons.get(act, ())), None)


@pytest.mark.parametrize(
    ("status", "act", "by"), list(product(Status, Act, (Party.REQUESTER, Party.RECIPIENT))), ids=str
)
def test_every_act_is_in_the_table_or_refused_with_what_is_possible(status: Status, act: Act, by: Party) -> None:
    case = asked(status)
    (handoff,) = (h for h in case.handoffs_ever() if h.kind == "placement-question" and h.recipient == "soc-c")
    actor = SOC_C if by is Party.RECIPIENT else SOC_A
    before = now_of(case, handoff)
    refusal = case.acts(handoff, act, actor, SOON, reason=reason_for(act, handoff), **details(act, handoff))
    target = EXPECTED.get((status, act, by))
    if target is None:
        assert refusal is not None
        assert set(refusal.possible) == {str(a) for s, a, p in EXPECTED if (s, p) == (status, by)}
        assert now_of(case, handoff) == before
    else:
        assert refusal is None, refusal
        assert now_of(case, handoff).status is target


@pytest.mark.parametrize("status", sorted(OPEN))
def test_a_coordinator_may_escalate_and_decides_nothing(status: Status) -> None:
    """SOC_A acts for the municipality in this case; the question is between the prison and the police."""
    case = Case().opens(NOW, custody=Custody(place=CustodyPlace.REMAND))
    assert case.sends("threat-assessment", PRISON, POLICE, NOW) is None
    handoff = case.one("threat-assessment")
    path = {
        Status.RECEIVED: [Act.ACKNOWLEDGE],
        Status.ACCEPTED: [Act.ACCEPT],
        Status.IN_PROGRESS: [Act.ACCEPT, Act.START],
        Status.ON_HOLD: [Act.ACCEPT, Act.HOLD],
    }
    for act in path.get(status, []):
        assert case.acts(handoff, act, POLICE, NOW, reason=reason_for(act, handoff)) is None
    handoff = case.one("threat-assessment")
    for act in set(Act) - {Act.ESCALATE}:
        refusal = case.acts(handoff, act, SOC_A, SOON, reason=reason_for(act, handoff), **details(act, handoff))
        assert refusal is not None
        assert refusal.possible in (("escalate",), ())
        assert case.one("threat-assessment") == handoff
    assert case.acts(handoff, Act.ESCALATE, SOC_A, SOON, reason="no-answer") is None
    assert case.one("threat-assessment").status is status


def test_every_row_of_the_table_that_a_party_can_use_is_in_the_hand_written_one() -> None:
    """Rows that need more than a status (an alarm, a return, an expiry) are tried where they are about."""
    elsewhere = {Act.ACKNOWLEDGE_ALARM, Act.SUPPLY}
    parties = (Party.REQUESTER, Party.RECIPIENT)
    said = {
        (row.source, row.act, row.by)
        for row in TABLE
        if row.by in parties and row.act not in elsewhere and (row.source, row.act) != (Status.CANCELLED, Act.COMPLETE)
    }
    standing_clock = {(Status.ON_HOLD, Act.EXTEND, Party.RECIPIENT)}
    assert said - standing_clock == set(EXPECTED)
    assert {row.by for row in TABLE if row.act in (Act.EXPIRE, Act.LAPSE, Act.CANCEL, Act.SETTLE)} == {Party.SYSTEM}


def test_what_has_ended_says_that_it_has() -> None:
    case = asked(Status.CANCELLED)
    handoff = next(h for h in case.handoffs_ever() if h.kind == "placement-question")
    refusal = case.acts(handoff, Act.ACCEPT, SOC_C, SOON)
    assert refusal == Refusal(code="handoff-ended", detail="cancelled")


def test_a_handoff_that_was_never_sent_is_unknown() -> None:
    case = asked(Status.REQUESTED)
    refusal = case.acts(case.one("placement-question").model_copy(update={"id": "H99"}), Act.ACCEPT, SOC_C, SOON)
    assert refusal is not None
    assert refusal.code == "unknown-handoff"
    assert set(refusal.possible) == set(case.state.handoffs)


@pytest.mark.parametrize(
    "kind",
    [
        "first-contact",
        "support-request",
        "child-concern",
        "state-care-place",
        "duty-handover",
        "release",
        "care-ends",
        "threat-assessment",
        "find-another-way",
    ],
)
def test_these_kinds_may_not_be_declined(kind: str) -> None:
    assert not PACK.kinds[kind].may_decline
    handoff = handoffs.requested(
        "H1", PACK.kinds[kind], next(iter(PACK.kinds[kind].deadlines)), "ngo", "soc-a", NOW, PACK, NOW
    )
    event = Acted(key=Case().key(), by=Actor(org="soc-a"), handoff="H1", act=Act.DECLINE, reason="no-capacity")
    refusal = transitions.refused(handoff, event, PACK)
    assert refusal is not None
    assert refusal.code == "kind-does-not-allow-decline"
    assert refusal.detail == PACK.kinds[kind].basis
    assert {"acknowledge", "accept"} <= set(refusal.possible)
    assert "decline" not in refusal.possible


def test_what_leaves_no_task_behind_cannot_be_failed_away() -> None:
    for kind in PACK.kinds.values():
        handoff = handoffs.requested("H1", kind, next(iter(kind.deadlines)), "soc-b", "soc-a", NOW, PACK, NOW)
        accepted = handoff.model_copy(update={"status": Status.ACCEPTED})
        may = kind.if_unmet != "nothing" and kind.may_fail
        assert (Act.FAIL in possible(accepted, "soc-a", PACK)) == may, kind.code
    for code in ("release", "child-concern", "state-care-place", "lvu-submission", "shelter-application"):
        assert not PACK.kinds[code].may_fail


def test_the_police_answer_eligible_or_not_eligible_and_nothing_else() -> None:
    case = Case().opens(NOW, consent=Consent.GIVEN, police_track_wanted=True)
    track = case.one("police-track")
    assert case.acts(track, Act.ACCEPT, POLICE, SOON) is None
    assert {Act.START, Act.COMPLETE} <= set(possible(case.one("police-track"), "police", PACK))
    for answer, reason in ((None, None), ("as-planned", None), ("not-eligible", "not-possible")):
        refusal = case.acts(track, Act.COMPLETE, POLICE, SOON, answer=answer, reason=reason)
        assert refusal is not None
        assert refusal.code in ("answer-needed", "no-reason-here")
    assert case.acts(track, Act.COMPLETE, POLICE, SOON, answer="not-eligible") is None


def test_an_act_that_needs_a_reason_is_refused_without_one_from_the_list() -> None:
    case = asked(Status.REQUESTED)
    handoff = case.one("placement-question")
    for reason in (None, "awaiting-decision"):
        refusal = case.acts(handoff, Act.DECLINE, SOC_C, SOON, reason=reason)
        listed = ("no-capacity", "not-suitable", "wrong-recipient", "other")
        assert refusal == Refusal(code="reason-needed", possible=listed)
    refusal = case.acts(handoff, Act.ACCEPT, SOC_C, SOON, reason="no-capacity")
    assert refusal is not None
    assert refusal.code == "no-reason-here"
    refusal = case.acts(handoff, Act.ACCEPT, SOC_C, SOON, answer="eligible")
    assert refusal is not None
    assert refusal.code == "no-answer-here"


def test_a_threat_assessment_is_completed_only_with_an_assessment() -> None:
    case = Case().opens(NOW, urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    assert case.acts(threat, Act.ACCEPT, POLICE, SOON) is None
    refusal = case.acts(threat, Act.COMPLETE, POLICE, SOON)
    assert refusal is not None
    assert refusal.code == "assessment-needed"


def test_an_answer_by_phone_is_recorded_by_the_sender_and_ends_the_same_clock() -> None:
    case = asked(Status.REQUESTED)
    handoff = case.one("placement-question")
    refusal = case.acts(handoff, Act.ACCEPT, SOC_A, SOON)
    assert refusal is not None
    assert refusal.code == "answer-is-the-recipients"
    assert set(refusal.possible) == {"withdraw", "reroute", "enter-in-error", "escalate"}
    told = PHONED.model_copy(update={"answered_at": SOON})
    assert case.acts(handoff, Act.ACCEPT, SOC_A, SOON, by_phone=told) is None
    assert case.one("placement-question").status is Status.ACCEPTED
    assert [d.name for d in case.one("placement-question").deadlines] == [COMPLETION]


@pytest.mark.parametrize(
    ("answered_at", "code"),
    [
        (SOON + timedelta(hours=1), "answered-in-the-future"),
        (NOW - timedelta(hours=1), "answered-before-asked"),
    ],
)
def test_an_answer_by_phone_was_given_between_the_asking_and_now(answered_at: datetime, code: str) -> None:
    case = asked(Status.REQUESTED)
    told = PHONED.model_copy(update={"answered_at": answered_at})
    refusal = case.acts(case.one("placement-question"), Act.ACCEPT, SOC_A, SOON, by_phone=told)
    assert refusal == Refusal(code=code)


def test_a_note_is_no_assessment() -> None:
    case = Case().opens(NOW, urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    assert case.acts(threat, Act.ACCEPT, POLICE, SOON) is None
    refusal = case.acts(threat, Act.COMPLETE, POLICE, SOON, note=NOTE)
    assert refusal is not None
    assert refusal.code == "assessment-needed"


@pytest.mark.parametrize("phone", [None, PHONED])
@pytest.mark.parametrize("act", Act)
def test_somebody_outside_the_handoff_can_do_nothing_with_it(act: Act, phone: object) -> None:
    case = asked(Status.RECEIVED)
    handoff = case.one("placement-question")
    for outsider in (POLICE, SOC_D, NGO):
        refusal = case.acts(handoff, act, outsider, SOON, reason=reason_for(act, handoff), by_phone=phone)
        assert refusal == Refusal(code="not-your-handoff")
    assert case.one("placement-question") == handoff


def test_a_hold_is_watched_and_says_why() -> None:
    case = asked(Status.ACCEPTED)
    handoff = case.one("placement-question")
    refusal = case.acts(handoff, Act.HOLD, SOC_C, SOON)
    assert refusal is not None
    assert refusal.code == "reason-needed"
    assert case.acts(handoff, Act.HOLD, SOC_C, SOON, reason="awaiting-decision") is None
    held = case.one("placement-question")
    assert held.business_status == "awaiting-decision"
    assert [(d.name, d.next_at is None) for d in held.deadlines] == [(COMPLETION, True), (DeadlineName.HOLD, False)]


def test_a_kind_that_cannot_wait_may_not_be_held() -> None:
    case = Case().opens(NOW, minor=True)
    concern = case.one("child-concern")
    assert case.acts(concern, Act.ACCEPT, SOC_A, SOON) is None
    refusal = case.acts(concern, Act.HOLD, SOC_A, SOON, reason="awaiting-information")
    assert refusal is not None
    assert refusal.code == "kind-does-not-allow-hold"


def test_an_investigation_of_a_child_counts_its_four_months_from_when_it_was_opened() -> None:
    case = Case().opens(at("2027-01-18 11:20"), by=SIS, minor=True)
    assert case.due("child-concern", ACK) == "Wed 20 Jan 2027 00:00"
    assert case.due("child-concern", DECISION) == "Tue 2 Feb 2027 00:00"
    assert case.acts(case.one("child-concern"), Act.ACCEPT, SOC_A, at("2027-01-21 11:20")) is None
    assert [d.name for d in case.one("child-concern").deadlines] == [COMPLETION]
    assert case.due("child-concern", COMPLETION) == "Sat 22 May 2027 00:00"


def test_a_place_in_state_care_cannot_be_declined_and_alarms_within_the_hour() -> None:
    case = Case().opens(at("2027-01-18 11:20"), minor=True)
    assert case.sends("state-care-place", SOC_A, SIS, at("2027-01-18 15:00"), Urgency.ACUTE) is None
    place = case.one("state-care-place")
    assert Act.DECLINE not in possible(place, "sis", PACK)
    assert rungs(case.waits(at("2027-01-18 17:00")), place, ACK) == [
        (1, 0, "Mon 18 Jan 2027 16:00"),
        (2, 0, "Mon 18 Jan 2027 16:30"),
        (2, 1, "Mon 18 Jan 2027 17:00"),
    ]
    assert case.acts(place, Act.ACCEPT, SIS, at("2027-01-18 17:10")) is None
    assert case.due("state-care-place", COMPLETION) == "Tue 2 Feb 2027 08:00"


def with_release(ends: str = "2027-04-12 09:00") -> Case:
    custody = Custody(place=CustodyPlace.PRISON, ends_at=at(ends))
    case = Case().opens(at("2027-02-11 10:00"), by=PRISON, custody=custody, consent=Consent.GIVEN)
    assert case.acts(case.one("release"), Act.ACKNOWLEDGE, SOC_A, at("2027-02-15 09:00")) is None
    return case


def test_a_release_that_moves_near_becomes_acute_once_however_often_it_is_told() -> None:
    case = with_release()
    release = case.one("release")
    case.waits(at("2027-03-22 09:00"))
    moved = Custody(place=CustodyPlace.PRISON, ends_at=at("2027-03-24 09:00"))
    assert case.learns(at("2027-03-22 09:00"), by=PRISON, custody=moved) is None
    state = case.state
    refusal = case.learns(at("2027-03-22 09:00"), by=PRISON, custody=moved)
    assert refusal is not None
    assert refusal.code == "nothing-new"
    assert case.state == state
    assert case.one("release").urgency is Urgency.ACUTE
    assert case.due("release", COMPLETION) == "Tue 23 Mar 2027 09:00"
    assert rungs(case.waits(at("2027-03-23 09:30")), release, COMPLETION) == [
        (1, 0, "Tue 23 Mar 2027 09:00"),
        (2, 0, "Tue 23 Mar 2027 09:30"),
    ]
    assert case.notices("late-at-birth") == [("soc-a", "officer")]


def test_housing_found_in_time_silences_the_acute_ladder() -> None:
    case = with_release()
    release = case.one("release")
    case.waits(at("2027-03-22 09:00"))
    moved = Custody(place=CustodyPlace.PRISON, ends_at=at("2027-03-24 09:00"))
    assert case.learns(at("2027-03-22 09:00"), by=PRISON, custody=moved) is None
    assert case.acts(release, Act.ACCEPT, SOC_A, at("2027-03-23 08:30")) is None
    assert case.acts(release, Act.COMPLETE, SOC_A, at("2027-03-23 08:40")) is None
    assert rungs(case.waits(at("2027-03-24 09:30")), release, COMPLETION) == []


def test_a_release_that_moves_but_not_near_sets_its_housing_deadline_again() -> None:
    case = with_release()
    later_on = Custody(place=CustodyPlace.PRISON, ends_at=at("2027-06-14 09:00"))
    assert case.learns(at("2027-03-01 09:00"), by=PRISON, custody=later_on) is None
    # 30 days before Monday 14 June is Saturday 15 May: a countdown comes sooner, Friday 24:00.
    assert case.due("release", COMPLETION) == "Sat 15 May 2027 00:00"
    sooner = Custody(place=CustodyPlace.PRISON, ends_at=at("2027-03-22 09:00"))
    assert case.learns(at("2027-03-01 10:00"), by=PRISON, custody=sooner) is None
    assert case.due("release", COMPLETION) == "Tue 2 Mar 2027 10:00"
    assert case.notices("late-at-birth") == [("soc-a", "officer"), ("soc-a", "officer")]


def test_a_release_that_is_near_when_it_is_told_is_acute_from_the_start() -> None:
    custody = Custody(place=CustodyPlace.REMAND, ends_at=at("2027-02-12 09:00"))
    case = Case().opens(at("2027-02-11 10:00"), by=PRISON, custody=custody)
    assert case.one("release").urgency is Urgency.ACUTE
    assert case.due("release", COMPLETION) == "Fri 12 Feb 2027 10:00"


def looking_for_a_home() -> Case:
    """Story 1, 1 February: decided, and C is asked before D."""
    case = Case().opens(at("2027-01-29 10:00"), needs=(Need.RELOCATION,))
    assert case.acts(case.one("support-request"), Act.ACCEPT, SOC_A, at("2027-01-29 11:00")) is None
    assert case.acts(case.one("support-request"), Act.COMPLETE, SOC_A, at("2027-01-29 12:00"), answer="granted") is None
    case.finds(at("2027-02-01 10:00"), SOC_C, SOC_D)
    return case


def test_a_declined_placement_asks_the_next_municipality_at_once() -> None:
    case = looking_for_a_home()
    to_c = case.one("placement-question")
    assert to_c.recipient == "soc-c"
    assert case.due("placement-question", ACK) == "Tue 2 Feb 2027 10:00"
    assert case.due("placement-question", DECISION) == "Mon 8 Feb 2027 10:00"
    assert case.acts(to_c, Act.DECLINE, SOC_C, at("2027-02-03 11:00"), reason="no-capacity") is None
    to_d = case.one("placement-question")
    assert (to_d.recipient, to_d.parent, to_d.candidates) == ("soc-d", to_c.id, ())
    assert case.due("placement-question", ACK) == "Thu 4 Feb 2027 11:00"
    assert case.due("placement-question", DECISION) == "Wed 10 Feb 2027 11:00"
    assert "find-another-way" not in case.kinds()


def test_the_answer_to_a_decline_is_about_what_was_declined() -> None:
    case = looking_for_a_home()
    to_c = case.one("placement-question")
    assert case.acts(to_c, Act.DECLINE, SOC_C, at("2027-02-03 11:00"), reason="no-capacity") is None
    receipt = list(case.state.answered.values())[-1]
    assert (receipt.handoff, receipt.status) == (to_c.id, Status.REJECTED)


def test_when_nobody_is_left_to_ask_somebody_must_find_another_way() -> None:
    case = looking_for_a_home()
    to_c = case.one("placement-question")
    assert case.acts(to_c, Act.DECLINE, SOC_C, at("2027-02-03 11:00"), reason="no-capacity") is None
    to_d = case.one("placement-question")
    assert case.acts(to_d, Act.DECLINE, SOC_D, at("2027-02-04 11:00"), reason="no-capacity") is None
    task = case.one("find-another-way")
    assert (task.requester, task.recipient, task.parent) == ("soc-a", "soc-a", to_d.id)
    assert case.due("find-another-way", DECISION) == "Fri 5 Feb 2027 11:00"


def test_when_a_desk_finds_nobody_somebody_must_find_another_way() -> None:
    case = Case().opens(NOW, urgency=Urgency.ACUTE, needs=(Need.PROTECTED_HOUSING,))
    case.finds(SOON)
    assert case.one("find-another-way").urgency is Urgency.ACUTE
    assert case.due("find-another-way", DECISION) == "Mon 1 Feb 2027 12:00"
    assert case.sends("protected-bed", SOC_A, BED_2, at("2027-02-01 11:30")) is None
    assert "find-another-way" not in case.kinds()


def bed_asked() -> Case:
    case = Case().opens(at("2027-01-05 23:00"), urgency=Urgency.ACUTE, needs=(Need.PROTECTED_HOUSING,))
    case.finds(at("2027-01-05 23:00"), BED_1)
    return case


@pytest.mark.parametrize("reason", ["no-answer", "other-solution-sought"])
def test_a_bed_withdrawn_while_still_needed_leaves_a_task_that_asking_again_ends(reason: str) -> None:
    case = bed_asked()
    bed = case.one("protected-bed")
    assert case.acts(bed, Act.WITHDRAW, SOC_A, at("2027-01-06 00:35"), reason=reason) is None
    assert case.due("find-another-way", DECISION) == "Wed 6 Jan 2027 01:35"
    assert case.sends("protected-bed", SOC_A, BED_2, at("2027-01-06 00:40")) is None
    assert "find-another-way" not in case.kinds()
    assert case.due("protected-bed", ACK) == "Wed 6 Jan 2027 01:40"
    assert "asked-again" in {e.business_status for e in case.state.ended.values()}


@pytest.mark.parametrize("reason", ["no-longer-needed", "sent-in-error"])
def test_a_bed_that_nobody_needs_any_more_leaves_no_task(reason: str) -> None:
    case = bed_asked()
    assert case.acts(case.one("protected-bed"), Act.WITHDRAW, SOC_A, at("2027-01-06 00:35"), reason=reason) is None
    assert "find-another-way" not in case.kinds()


def test_a_declined_bed_at_night_is_sought_again_within_the_hour_whatever_urgency_was_written() -> None:
    case = Case().opens(at("2027-01-05 23:00"), urgency=Urgency.ORDINARY)
    assert case.sends("protected-bed", SOC_A, BED_2, at("2027-01-05 23:00"), Urgency.ORDINARY) is None
    bed = case.one("protected-bed")
    assert case.acts(bed, Act.DECLINE, BED_2, at("2027-01-05 23:30"), reason="no-capacity") is None
    assert case.due("find-another-way", DECISION) == "Wed 6 Jan 2027 00:30"


def test_one_asking_ends_one_task_and_leaves_the_others() -> None:
    case = Case().opens(NOW)
    for recipient in (NGO, BED_2):
        assert case.sends("intervention", SOC_A, recipient, NOW) is None
    for handoff in case.all("intervention"):
        org = EVERYBODY[handoff.recipient]
        assert case.acts(handoff, Act.DECLINE, org, SOON, reason="no-capacity") is None
    first, second = case.all("find-another-way")
    assert case.sends("intervention", SOC_A, REGION, at("2027-02-01 12:00"), parent=second.id) is None
    assert case.all("find-another-way") == [first]
    assert case.sends("intervention", SOC_A, NGO, at("2027-02-01 13:00")) is None
    assert case.all("find-another-way") == []


def test_asking_once_ends_the_oldest_of_two_tasks_that_are_alike() -> None:
    case = Case().opens(NOW)
    for recipient in (NGO, BED_2):
        assert case.sends("intervention", SOC_A, recipient, NOW) is None
    for handoff in case.all("intervention"):
        org = EVERYBODY[handoff.recipient]
        assert case.acts(handoff, Act.DECLINE, org, SOON, reason="no-capacity") is None
    _, second = case.all("find-another-way")
    assert case.sends("intervention", SOC_A, REGION, at("2027-02-01 12:00")) is None
    assert case.all("find-another-way") == [second]


def test_what_was_asked_of_social_services_and_not_met_stays_theirs() -> None:
    case = Case().opens(NOW, by=NGO)
    support = case.one("support-request")
    assert support.requester == "ngo"
    assert case.acts(support, Act.WITHDRAW, NGO, SOON, reason="no-answer") is None
    assert case.one("find-another-way").recipient == "soc-a"


def test_a_withdrawn_question_is_taken_back_from_the_desk_that_may_have_it() -> None:
    case = asked(Status.REQUESTED)
    handoff = case.one("placement-question")
    assert case.acts(handoff, Act.WITHDRAW, SOC_A, SOON, reason="no-longer-needed") is None
    to_c = [e.task.question.work for e in case.state.desk_effects.values() if e.task.desk == "soc-c"]
    assert to_c == ["take-back"]


@pytest.mark.parametrize("kind", sorted(PACK.kinds))
@pytest.mark.parametrize("urgency", Urgency)
def test_every_kind_can_be_asked_with_either_urgency(kind: str, urgency: Urgency) -> None:
    wanted = PACK.kinds[kind]
    case = Case(pack=PACK.model_copy(update={"steps": ()})).opens(NOW, consent=Consent.GIVEN)
    people = [o for o in ACTING if not wanted.sender or o.function in wanted.sender]
    sender = people[0]
    recipient = sender
    if wanted.mode != "assignment":
        others = [o for o in EVERYBODY.values() if o.function in wanted.recipient and o != sender]
        recipient = others[0]
    refusal = case.sends(kind, sender, recipient, NOW, urgency, anchor=at("2027-06-01 10:00"))
    if kind in ("find-another-way", "plan-or-close"):
        assert refusal is not None
        return
    assert refusal is None
    assert case.kinds() == [kind]


@pytest.mark.parametrize(
    ("kind", "sender", "recipient", "code"),
    [
        ("no-such-kind", SOC_A, POLICE, "unknown-kind"),
        ("police-track", SOC_A, POLICE, "consent-needed"),
        ("coordinated-plan", SOC_A, REGION, "consent-needed"),
        ("protected-bed", POLICE, BED_1, "sender-may-not-ask-this"),
        ("protected-bed", SOC_A, NGO, "recipient-cannot-take-this"),
        ("duty-handover", SOC_A, SOC_A, "recipient-is-sender"),
        ("execute-decision", SOC_A, SOC_B, "own-work-stays-inside"),
        ("release", PRISON, SOC_A, "date-needed"),
        ("duty-handover", SOC_D, SOC_A, "not-your-case"),
    ],
)
def test_what_cannot_be_sent_is_refused(kind: str, sender: object, recipient: object, code: str) -> None:
    case = Case().opens(NOW)
    state = case.state
    refusal = case.sends(kind, sender, recipient, SOON)  # type: ignore[arg-type]
    assert refusal is not None
    assert refusal.code == code
    assert case.state == state


def test_one_who_declined_has_no_more_part_in_the_case() -> None:
    case = looking_for_a_home()
    question = case.one("placement-question")
    assert case.acts(question, Act.DECLINE, SOC_C, at("2027-02-03 11:00"), reason="no-capacity") is None
    refusal = case.sends("duty-handover", SOC_C, SOC_A, at("2027-02-03 12:00"))
    assert refusal is not None
    assert refusal.code == "not-your-case"


def test_a_sender_cannot_take_another_function_than_the_directory_gave_it() -> None:
    case = Case().opens(NOW)
    disguised = NGO.model_copy(update={"function": Function.SOCIAL_SERVICES})
    refusal = case.sends("protected-bed", disguised, BED_1, SOON)
    assert refusal is not None
    assert refusal.code == "sender-may-not-ask-this"


def test_the_night_duty_of_the_stories_has_the_hours_of_the_stories() -> None:
    case = Case().opens(at("2027-01-12 10:00"), consent=Consent.GIVEN, police_track_wanted=True)
    assert case.sends("in-depth-assessment", POLICE, BOPS, at("2027-01-12 10:00")) is None
    assert case.due("in-depth-assessment", ACK) == "Tue 12 Jan 2027 14:00"
    assert case.due("in-depth-assessment", DECISION) == "Fri 15 Jan 2027 10:00"
    assert case.due("police-track", ACK) == "Wed 13 Jan 2027 10:00"
    assert case.due("police-track", DECISION) == "Tue 19 Jan 2027 10:00"
    assert case.sends("tax-agency-assistance", TAX, SOC_A, at("2027-05-18 10:00")) is None
    assert case.due("tax-agency-assistance", ACK) == "Wed 19 May 2027 10:00"
    assert case.due("tax-agency-assistance", DECISION) == "Fri 21 May 2027 10:00"


def test_the_same_request_twice_is_one_handoff() -> None:
    case = Case().opens(NOW)
    event = Acted(key=case.key(), by=Actor(org="soc-a"), handoff=case.one("support-request").id, act=Act.ACKNOWLEDGE)
    case.does(event, SOON)
    receipt = case.state.answered[event.key]
    again = decide(case.state, event, at("2027-03-01 10:00"), PACK)
    assert again == case.state
    assert case.state.answered[event.key] == receipt
    assert case.state.track_b is TrackB.NOT_TRIED
    assert shown(receipt.at) == "Mon 1 Feb 2027 11:00"


def test_a_case_that_has_lived_hard_is_still_small_enough_to_carry() -> None:
    case = Case(pack=everything_allowed()).opens(NOW)
    for _ in range(250):
        assert case.sends("placement-question", SOC_A, SOC_D, NOW) is None
        question = case.one("placement-question")
        assert case.acts(question, Act.WITHDRAW, SOC_A, NOW, reason="no-longer-needed") is None
    while (refusal := case.sends("placement-question", SOC_A, SOC_C, NOW)) is None:
        pass
    assert refusal.code == "case-too-large"
    for question in case.all("placement-question"):
        assert case.acts(question, Act.ACCEPT, SOC_C, NOW) is None
        assert case.acts(question, Act.HOLD, SOC_C, NOW, reason="awaiting-information") is None
    assert len(case.state.handoffs) >= 25
    assert (len(case.state.ended), case.state.ended_earlier) == (100, 150)
    assert len(case.state.model_dump_json().encode()) < 128 * 1024


def test_a_case_takes_no_more_than_it_can_carry() -> None:
    case = Case(pack=everything_allowed()).opens(NOW)
    refusals = [case.sends("placement-question", SOC_A, SOC_C, NOW) for _ in range(60)]
    assert len(case.state.handoffs) <= 40
    assert {r.code for r in refusals if r} == {"too-many-open"}
