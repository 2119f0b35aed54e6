"""What goes back, what goes on to another, what is taken back, and what somebody watches or opens again."""

from __future__ import annotations

from models.case import Kept
from models.contracts import Refusal
from models.handoffs import Act, DeadlineName, Extension, Handoff, Status
from models.packs import Mode
from models.words import Consent, Need, Urgency
from rules.acts import may_do
from tests.changed_rules import span, with_kind, with_rule
from tests.rules_support import (
    BED_1,
    BED_2,
    NGO,
    NOTE,
    PACK,
    PHONED,
    POLICE,
    REGION,
    SOC_A,
    SOC_B,
    SOC_C,
    SOC_D,
    Case,
    at,
    rungs,
)

ACK, DECISION, COMPLETION = DeadlineName.ACKNOWLEDGEMENT, DeadlineName.DECISION, DeadlineName.COMPLETION
SUPPLEMENT = DeadlineName.SUPPLEMENT
MONDAY = at("2027-02-01 10:00")
RULES = with_kind(PACK, "placement-question", disclaims=("SoL 29:4",), repeatable=True)


def asked(case: Case | None = None) -> tuple[Case, Handoff]:
    """A asks C about a placement on Monday 1 February at 10."""
    case = case or Case(pack=RULES).opens(MONDAY)
    assert case.sends("placement-question", SOC_A, SOC_C, MONDAY) is None
    return case, case.one("placement-question")


def given_back(case: Case, handoff: Handoff) -> None:
    done = case.acts(handoff, Act.RETURN, SOC_C, at("2027-02-01 14:00"), reason="information-missing")
    assert done is None


def test_what_is_returned_waits_for_the_sender_and_gets_its_remaining_time_back() -> None:
    case, handoff = asked()
    assert case.due("placement-question", DECISION) == "Mon 8 Feb 2027 10:00"
    given_back(case, handoff)
    resting = case.one("placement-question")
    assert (resting.status, resting.business_status) == (Status.ON_HOLD, "returned")
    assert [d.name for d in resting.deadlines if not d.stands] == [SUPPLEMENT]
    assert case.notices("returned") == [("soc-a", "officer")]
    assert case.due("placement-question", SUPPLEMENT) == "Thu 4 Feb 2027 14:00"
    assert case.acts(handoff, Act.SUPPLY, SOC_A, at("2027-02-03 14:00")) is None
    # It stood for two working days, Monday 14:00 to Wednesday 14:00; having been returned, it has been answered.
    again = case.one("placement-question")
    assert (again.status, again.business_status) == (Status.RECEIVED, None)
    assert [d.name for d in again.deadlines] == [DECISION]
    assert case.due("placement-question", DECISION) == "Wed 10 Feb 2027 10:00"


def test_the_alarms_about_a_returned_handoff_go_to_the_sender_who_owes_the_answer() -> None:
    case, handoff = asked()
    given_back(case, handoff)
    fired = case.waits(at("2027-02-04 14:00"))
    assert rungs(fired, handoff, SUPPLEMENT) == [(1, 0, "Wed 3 Feb 2027 10:00"), (2, 0, "Thu 4 Feb 2027 14:00")]
    assert case.notices("rung")[-2:] == [("soc-a", "manager"), ("soc-c", "officer")]


def test_only_the_sender_supplies_and_only_what_was_returned() -> None:
    case, handoff = asked()
    given_back(case, handoff)
    refusal = case.acts(handoff, Act.SUPPLY, SOC_C, at("2027-02-02 10:00"))
    assert refusal is not None
    assert refusal.code == "not-allowed-in-status"
    assert case.acts(handoff, Act.RESUME, SOC_C, at("2027-02-02 10:00")) is None
    assert case.acts(handoff, Act.ACCEPT, SOC_C, at("2027-02-02 10:00")) is None
    assert case.acts(handoff, Act.HOLD, SOC_C, at("2027-02-02 10:00"), reason="awaiting-decision") is None
    refusal = case.acts(handoff, Act.SUPPLY, SOC_A, at("2027-02-02 11:00"))
    assert refusal is not None
    assert refusal.code == "nothing-was-returned"
    assert "supply" not in refusal.possible


def test_a_second_return_fires_no_reminder_a_second_time() -> None:
    case, handoff = asked()
    given_back(case, handoff)
    assert rungs(case.waits(at("2027-02-03 10:00")), handoff, SUPPLEMENT) == [(1, 0, "Wed 3 Feb 2027 10:00")]
    assert case.acts(handoff, Act.SUPPLY, SOC_A, at("2027-02-03 11:00")) is None
    again = at("2027-02-03 12:00")
    assert case.acts(handoff, Act.RETURN, SOC_C, again, reason="date-missing") is None
    # The first return used 13 of its 24 office hours; the second one has the other 11, from Wednesday noon.
    assert rungs(case.waits(at("2027-02-08 12:00")), handoff, SUPPLEMENT) == [
        (2, 0, "Thu 4 Feb 2027 15:00"),
        (3, 0, "Fri 5 Feb 2027 15:00"),
    ]


def test_not_responsible_names_a_paragraph_and_an_authority_and_ends_nothing() -> None:
    case, handoff = asked()
    when = at("2027-02-02 10:00")
    for said, code in (
        ({"to": SOC_D}, "paragraph-needed"),
        ({"to": SOC_D, "paragraph": "SoL 29:3"}, "paragraph-needed"),
        ({"paragraph": "SoL 29:4"}, "authority-needed"),
        ({"to": SOC_C, "paragraph": "SoL 29:4"}, "authority-is-yourself"),
    ):
        refusal = case.acts(handoff, Act.NOT_RESPONSIBLE, SOC_C, when, **said)
        assert refusal is not None
        assert refusal.code == code
    assert case.acts(handoff, Act.NOT_RESPONSIBLE, SOC_C, when, to=SOC_D, paragraph="SoL 29:4") is None
    resting = case.one("placement-question")
    assert resting.is_open
    assert (resting.business_status, resting.disclaimed_to, resting.paragraph) == (
        "not-responsible",
        "soc-d",
        "SoL 29:4",
    )
    assert set(may_do(case.state, resting, "soc-a", RULES)) >= {Act.SUPPLY, Act.REROUTE, Act.WITHDRAW}
    assert case.acts(handoff, Act.SUPPLY, SOC_A, when) is None
    assert case.one("placement-question").disclaimed_to is None


def test_where_the_law_decides_who_is_responsible_nobody_can_say_they_are_not() -> None:
    case = Case().opens(MONDAY, minor=True)
    concern = case.one("child-concern")
    refusal = case.acts(concern, Act.NOT_RESPONSIBLE, SOC_A, MONDAY, to=SOC_B, paragraph="SoL 29:4")
    assert refusal is not None
    assert (refusal.code, refusal.detail) == ("kind-does-not-allow-not-responsible", PACK.kinds["child-concern"].basis)


def test_what_went_to_the_wrong_recipient_goes_to_the_right_one_and_the_chain_is_kept() -> None:
    case, handoff = asked()
    assert case.acts(handoff, Act.REROUTE, SOC_A, at("2027-02-03 10:00"), to=SOC_D, reason="wrong-recipient") is None
    first, second = case.state.ended[handoff.id], case.one("placement-question")
    assert (first.status, first.business_status) == (Status.CANCELLED, "rerouted")
    assert (second.recipient, second.rerouted_from, second.requester) == ("soc-d", handoff.id, "soc-a")
    assert case.due("placement-question", ACK) == "Thu 4 Feb 2027 10:00"
    assert case.due("placement-question", DECISION) == "Wed 10 Feb 2027 10:00"
    assert "find-another-way" not in case.kinds()
    assert [e.task.question.work for e in case.state.desk_effects.values() if e.task.desk == "soc-c"] == ["take-back"]
    refusal = case.acts(handoff, Act.REOPEN, SOC_A, at("2027-02-03 11:00"), reason="new-information")
    assert refusal == Refusal(code="handoff-ended", detail="cancelled")


def test_the_laws_time_is_not_given_twice_by_sending_it_on() -> None:
    rules = with_rule(
        RULES,
        "placement-question",
        DECISION,
        term=PACK.kinds["child-concern"].deadlines[Urgency.ORDINARY][DECISION].term,
    )
    case, handoff = asked(Case(pack=rules).opens(MONDAY))
    assert case.due("placement-question", DECISION) == "Tue 16 Feb 2027 00:00"
    assert case.acts(handoff, Act.REROUTE, SOC_A, at("2027-02-10 10:00"), to=SOC_D, reason="moved") is None
    assert case.due("placement-question", DECISION) == "Tue 16 Feb 2027 00:00"
    assert case.due("placement-question", ACK) == "Thu 11 Feb 2027 10:00"


def test_it_is_not_sent_on_to_one_who_cannot_take_it() -> None:
    case, handoff = asked()
    gone = SOC_D.model_copy(update={"active": False})
    picky = SOC_D.model_copy(update={"accepts": ("duty-handover",)})
    for to, code in (
        (NGO, "recipient-cannot-take-this"),
        (SOC_A, "recipient-is-sender"),
        (SOC_C, "recipient-has-it-already"),
        (gone, "recipient-not-active"),
        (picky, "recipient-cannot-take-this"),
    ):
        refusal = case.acts(handoff, Act.REROUTE, SOC_A, MONDAY, to=to, reason="moved")
        assert refusal is not None
        assert refusal.code == code
        assert case.one("placement-question") == handoff
    for to in (gone, picky):
        refusal = case.sends("placement-question", SOC_A, to, MONDAY)
        assert refusal is not None


def test_the_same_question_is_not_asked_twice_of_one_recipient() -> None:
    case, handoff = asked(Case().opens(MONDAY))
    refusal = case.sends("placement-question", SOC_A, SOC_C, at("2027-02-01 11:00"))
    assert refusal == Refusal(code="already-asked", possible=(handoff.id,))
    assert case.acts(handoff, Act.DECLINE, SOC_C, at("2027-02-01 12:00"), reason="no-capacity") is None
    assert case.sends("placement-question", SOC_A, SOC_C, at("2027-02-01 13:00")) is None


def test_what_is_forwarded_stays_with_the_one_who_forwards_it() -> None:
    case, handoff = asked()
    assert case.acts(handoff, Act.ACCEPT, SOC_C, at("2027-02-01 11:00")) is None
    before = case.one("placement-question").deadlines
    assert case.acts(handoff, Act.FORWARD, SOC_C, at("2027-02-01 12:00"), to=SOC_D) is None
    mine, sub = case.all("placement-question")
    assert (mine.id, mine.status, mine.deadlines) == (handoff.id, Status.IN_PROGRESS, before)
    assert (sub.requester, sub.recipient, sub.parent) == ("soc-c", "soc-d", handoff.id)
    assert case.acts(sub, Act.DECLINE, SOC_D, at("2027-02-02 12:00"), reason="other", note=NOTE, by_phone=None) is None
    assert case.one("find-another-way").recipient == "soc-c"


def test_only_a_party_can_let_something_follow_from_a_handoff() -> None:
    case, handoff = asked()
    refusal = case.sends("tax-agency-assistance", POLICE, SOC_A, MONDAY, parent=handoff.id)
    assert refusal is not None
    assert refusal.code == "sender-may-not-ask-this"
    refusal = case.sends("in-depth-assessment", POLICE, SOC_A, MONDAY, parent=handoff.id)
    assert refusal is not None
    assert case.sends("intervention", SOC_A, NGO, MONDAY, parent=handoff.id) is None
    refusal = case.sends("coordinated-plan", REGION, SOC_A, MONDAY, parent=handoff.id)
    assert refusal == Refusal(code="not-your-case")
    refusal = case.sends("child-concern", POLICE, SOC_A, MONDAY, parent=handoff.id)
    assert refusal == Refusal(code="parent-is-not-yours", detail=handoff.id)


def test_other_needs_a_note_that_stays_at_the_authors_desk() -> None:
    case, handoff = asked()
    refusal = case.acts(handoff, Act.DECLINE, SOC_C, MONDAY, reason="other")
    assert refusal is not None
    assert refusal.code == "note-needed"
    assert case.acts(handoff, Act.DECLINE, SOC_C, MONDAY, reason="other", note=NOTE) is None
    assert case.state.ended[handoff.id].business_status == "other"


def family() -> tuple[Case, Handoff]:
    """A question, what it gave rise to, and what that gave rise to: an intervention and a bed."""
    rules = with_kind(with_kind(RULES, "protected-bed", irreversible=True), "intervention", if_unmet="nothing")
    case, parent = asked(Case(pack=rules).opens(MONDAY))
    assert case.acts(parent, Act.ACCEPT, SOC_C, MONDAY) is None
    assert case.sends("intervention", SOC_A, NGO, MONDAY, parent=parent.id) is None
    child = case.one("intervention")
    assert case.sends("protected-bed", SOC_A, BED_1, MONDAY, Urgency.ACUTE, parent=child.id) is None
    assert case.sends("protected-bed", SOC_A, BED_2, MONDAY, Urgency.ACUTE, parent=parent.id) is None
    return case, parent


def test_withdrawing_takes_back_what_it_caused_and_stops_at_what_has_happened() -> None:
    case, parent = family()
    first, second = case.all("protected-bed")
    assert case.acts(second, Act.ACCEPT, BED_2, MONDAY) is None
    assert case.acts(parent, Act.WITHDRAW, SOC_A, at("2027-02-01 12:00"), reason="no-longer-needed") is None
    receipt = list(case.state.answered.values())[-1]
    assert receipt.kept == (Kept(handoff=second.id, reason="already-taken-on"),)
    assert (receipt.handoff, receipt.status) == (parent.id, Status.CANCELLED)
    ended = {e.id: (e.status, e.business_status) for e in case.state.ended.values()}
    assert ended[first.id] == (Status.CANCELLED, "parent-withdrawn")
    assert case.one("protected-bed").id == second.id
    assert not case.all("intervention")
    assert "find-another-way" not in case.kinds()


def test_what_was_done_stands_and_is_said_to() -> None:
    case, parent = family()
    _, second = case.all("protected-bed")
    assert case.acts(second, Act.ACCEPT, BED_2, MONDAY) is None
    assert case.acts(second, Act.COMPLETE, BED_2, MONDAY) is None
    assert case.acts(parent, Act.ENTER_IN_ERROR, SOC_A, at("2027-02-01 12:00")) is None
    assert list(case.state.answered.values())[-1].kept == (Kept(handoff=second.id, reason="already-done"),)
    assert case.state.ended[parent.id].status is Status.ENTERED_IN_ERROR


def test_what_was_entered_in_error_is_never_opened_again() -> None:
    case, handoff = asked()
    assert case.acts(handoff, Act.ENTER_IN_ERROR, SOC_A, MONDAY) is None
    for by in (SOC_A, SOC_C):
        assert case.acts(handoff, Act.REOPEN, by, MONDAY, reason="new-information") is not None
    assert "find-another-way" not in case.kinds()


def test_what_ended_by_mistake_is_opened_again_by_whoever_ended_it_with_time_from_now() -> None:
    case, handoff = asked()
    assert case.acts(handoff, Act.DECLINE, SOC_C, at("2027-02-02 10:00"), reason="no-capacity") is None
    assert case.one("find-another-way").parent == handoff.id
    when = at("2027-02-03 10:00")
    refusal = case.acts(handoff, Act.REOPEN, SOC_A, when, reason="ended-by-mistake")
    assert refusal == Refusal(code="answer-is-the-recipients", detail="rejected")
    assert case.acts(handoff, Act.REOPEN, SOC_C, when, reason="ended-by-mistake") is None
    assert case.one("placement-question").business_status == "reopened"
    assert case.due("placement-question", ACK) == "Thu 4 Feb 2027 10:00"
    assert "find-another-way" not in case.kinds()
    assert handoff.id not in case.state.ended
    told = [e.task.question for e in case.state.desk_effects.values() if e.task.desk == "soc-c"]
    assert [(q.work, q.round) for q in told] == [("take-back", 0), ("receive", 1)]  # type: ignore[union-attr]


def test_the_window_for_opening_again_closes() -> None:
    case, handoff = asked()
    assert case.acts(handoff, Act.WITHDRAW, SOC_A, MONDAY, reason="no-longer-needed") is None
    again = Act.REOPEN
    refusal = case.acts(handoff, again, SOC_A, at("2027-02-15 10:01"), reason="new-information")
    assert refusal == Refusal(code="too-late-to-reopen", detail="14")
    assert case.acts(handoff, again, SOC_A, at("2027-02-15 10:00"), reason="new-information") is None


def test_a_reopened_handoffs_ladder_begins_anew_and_its_alarms_are_new_ones() -> None:
    case, handoff = asked()
    before = {f.identity for f in case.waits(at("2027-02-02 10:00"))}
    assert case.acts(handoff, Act.DECLINE, SOC_C, at("2027-02-02 11:00"), reason="no-capacity") is None
    assert case.acts(handoff, Act.REOPEN, SOC_C, at("2027-02-02 12:00"), reason="ended-by-mistake") is None
    fired = case.waits(at("2027-02-03 12:00"))
    # Half of a working day from Tuesday noon is 16:00, when the office has closed.
    assert rungs(fired, handoff, ACK) == [(1, 0, "Wed 3 Feb 2027 08:00"), (2, 0, "Wed 3 Feb 2027 12:00")]
    assert before.isdisjoint(f.identity for f in fired)


def test_a_question_whose_successor_is_asked_already_is_not_opened_again() -> None:
    case = Case(pack=RULES).opens(at("2027-01-29 10:00"), needs=(Need.RELOCATION,))
    assert case.acts(case.one("support-request"), Act.ACCEPT, SOC_A, at("2027-01-29 11:00")) is None
    assert case.acts(case.one("support-request"), Act.COMPLETE, SOC_A, at("2027-01-29 12:00"), answer="granted") is None
    case.finds(MONDAY, SOC_C, SOC_D)
    first = case.one("placement-question")
    assert case.acts(first, Act.DECLINE, SOC_C, MONDAY, reason="no-capacity") is None
    second = case.one("placement-question")
    refusal = case.acts(first, Act.REOPEN, SOC_C, MONDAY, reason="ended-by-mistake")
    assert refusal == Refusal(code="asked-elsewhere", possible=(second.id,))


def test_whoever_waits_can_have_the_next_level_told_now_and_no_rung_fires_twice_for_it() -> None:
    case, handoff = asked()
    refusal = case.acts(handoff, Act.ESCALATE, SOC_A, at("2027-02-01 11:00"))
    assert refusal is not None
    assert refusal.code == "reason-needed"
    assert case.acts(handoff, Act.ESCALATE, SOC_A, at("2027-02-01 11:00"), reason="threat-has-grown") is None
    assert case.acts(handoff, Act.ESCALATE, SOC_A, at("2027-02-01 11:05"), reason="threat-has-grown") is None
    assert case.notices("rung") == [("soc-c", "officer"), ("soc-c", "manager"), ("soc-a", "officer")]
    assert rungs(case.waits(at("2027-02-03 10:00")), handoff, ACK) == [(3, 0, "Wed 3 Feb 2027 10:00")]


def test_an_acknowledged_alarm_is_recorded_and_stops_no_clock() -> None:
    case, handoff = asked()
    assert case.acts(handoff, Act.ACKNOWLEDGE_ALARM, SOC_C, MONDAY) is not None
    case.waits(at("2027-02-02 10:00"))
    before = case.one("placement-question")
    assert case.acts(handoff, Act.ACKNOWLEDGE_ALARM, SOC_C, at("2027-02-02 10:05")) is None
    after = case.one("placement-question")
    assert [(d.due, d.next_at, d.rung) for d in after.deadlines] == [
        (d.due, d.next_at, d.rung) for d in before.deadlines
    ]
    assert [d.alarm_acknowledged for d in after.deadlines] == [2, 0]
    refusal = case.acts(handoff, Act.ACKNOWLEDGE_ALARM, SOC_C, at("2027-02-02 10:06"))
    assert refusal is not None
    assert rungs(case.waits(at("2027-02-03 10:00")), handoff, ACK) == [(3, 0, "Wed 3 Feb 2027 10:00")]
    assert case.acts(handoff, Act.ACKNOWLEDGE_ALARM, SOC_A, at("2027-02-03 10:05")) is None


def test_own_work_that_follows_the_case_goes_to_the_municipality_that_takes_it_over() -> None:
    rules = with_kind(with_kind(PACK, "review-3-months", moves_with_case=True), "regularise", moves_with_case=False)
    case = Case(pack=rules).opens(MONDAY)
    assert case.acts(case.one("support-request"), Act.ACCEPT, SOC_A, MONDAY) is None
    assert case.acts(case.one("support-request"), Act.COMPLETE, SOC_A, MONDAY, answer="granted") is None
    mine = case.one("review-3-months")
    assert case.sends("duty-handover", SOC_A, SOC_B, MONDAY) is None
    assert rules.kinds["duty-handover"].mode is Mode.TRANSFER
    assert case.one("review-3-months") == mine
    handover = case.one("duty-handover")
    assert case.acts(handover, Act.ACCEPT, SOC_B, at("2027-02-10 10:00")) is None
    theirs = case.one("review-3-months")
    assert (theirs.requester, theirs.recipient, theirs.rerouted_from) == ("soc-b", "soc-b", mine.id)
    assert case.due("review-3-months", COMPLETION) == "Tue 4 May 2027 00:00"
    assert case.one("execute-decision").recipient == "soc-a"


def test_the_police_may_watch_the_polices_own_track_only_with_consent() -> None:
    case = Case().opens(MONDAY, consent=Consent.GIVEN, police_track_wanted=True)
    track = case.one("police-track")
    question = case.one("support-request")
    assert case.acts(question, Act.ESCALATE, POLICE, MONDAY, reason="no-answer") == Refusal(code="not-your-handoff")
    assert Act.ESCALATE not in may_do(case.state, question, "police", PACK)
    assert case.acts(track, Act.ESCALATE, SOC_A, MONDAY, reason="no-answer") is None


def test_access_ends_with_the_last_live_handoff_to_an_organisation() -> None:
    case = Case(pack=RULES).opens(MONDAY)
    for _ in range(2):
        assert case.sends("placement-question", SOC_A, SOC_C, MONDAY) is None
    for handoff, last in zip(case.all("placement-question"), (False, True), strict=True):
        assert case.acts(handoff, Act.DECLINE, SOC_C, MONDAY, reason="no-capacity") is None
        taken = [e.task.question for e in case.state.desk_effects.values() if e.task.question.work == "take-back"]
        (mine,) = (q for q in taken if q.handoff == handoff.id)
        assert mine.access_ends is last


def test_an_answer_by_phone_that_names_another_authority_is_verified_first() -> None:
    case, handoff = asked()
    said = PHONED.model_copy(update={"answered_at": MONDAY, "verified": "not-verified"})
    more = {"to": SOC_D, "paragraph": "SoL 29:4", "by_phone": said}
    refusal = case.acts(handoff, Act.NOT_RESPONSIBLE, SOC_A, MONDAY, **more)
    assert refusal == Refusal(code="verify-first")


def test_what_has_reached_its_top_can_be_neither_hurried_on_nor_so_slowed_down() -> None:
    case, handoff = asked()
    when = at("2027-02-01 11:00")
    told = 0
    while (refusal := case.acts(handoff, Act.ESCALATE, SOC_A, when, reason="no-answer")) is None:
        told += 1
    assert told == 8  # four rungs for the acknowledgement and four for the answer
    assert refusal.code == "all-told-already"
    fired = case.waits(at("2027-02-03 10:00"))
    # The top of each ladder comes back at its deadline and on every working day after it, as if nobody had hurried it.
    assert rungs(fired, handoff, ACK) == [(4, 1, "Tue 2 Feb 2027 10:00"), (4, 2, "Wed 3 Feb 2027 10:00")]


def test_nobody_grows_a_case_by_forwarding() -> None:
    case, handoff = asked()
    assert case.acts(handoff, Act.ACCEPT, SOC_C, MONDAY) is None
    refusals = [case.acts(handoff, Act.FORWARD, SOC_C, MONDAY, to=SOC_D) for _ in range(60)]
    assert {r.code for r in refusals if r} <= {"too-many-open", "case-too-large"}
    assert len(case.state.handoffs) <= 40


def test_a_term_that_can_lapse_is_not_put_aside_without_somebody_to_answer_for_it() -> None:
    for act, reason in ((Act.ENTER_IN_ERROR, None), (Act.WITHDRAW, "no-longer-needed")):
        case = Case().opens(at("2027-05-05 18:30"))
        assert case.learns(at("2027-05-05 21:20"), instants={"shelter-decided": at("2027-05-05 21:15")}) is None
        submission = case.one("shelter-submission")
        assert case.acts(submission, act, SOC_A, at("2027-05-06 09:00"), reason=reason) is None
        assert [task.parent for task in case.all("find-another-way")] == [submission.id]


def test_what_was_forwarded_and_then_ended_by_mistake_can_be_opened_again() -> None:
    case, handoff = asked()
    assert case.acts(handoff, Act.ACCEPT, SOC_C, MONDAY) is None
    assert case.acts(handoff, Act.FORWARD, SOC_C, MONDAY, to=SOC_D) is None
    assert case.acts(handoff, Act.COMPLETE, SOC_C, MONDAY) is None
    assert case.acts(handoff, Act.REOPEN, SOC_C, MONDAY, reason="ended-by-mistake") is None


def test_nobody_takes_back_what_another_has_asked_or_what_the_law_requires() -> None:
    case = Case().opens(MONDAY)
    assert case.sends("intervention", SOC_A, NGO, MONDAY) is None
    parent = case.one("intervention")
    assert case.acts(parent, Act.ACCEPT, NGO, MONDAY) is None
    assert case.sends("child-concern", NGO, SOC_A, MONDAY, parent=parent.id) is None
    concern = case.one("child-concern")
    assert case.acts(parent, Act.WITHDRAW, SOC_A, at("2027-02-01 12:00"), reason="no-longer-needed") is None
    assert case.one("child-concern") == concern
    assert list(case.state.answered.values())[-1].kept == (Kept(handoff=concern.id, reason="asked-by-another"),)


def test_an_answer_that_nobody_has_verified_can_only_acknowledge_accept_and_start() -> None:
    said = PHONED.model_copy(update={"answered_at": MONDAY, "verified": "not-verified"})
    case, handoff = asked()
    assert case.acts(handoff, Act.ACCEPT, SOC_A, MONDAY, by_phone=said) is None
    for act, more in (
        (Act.FAIL, {"reason": "not-possible"}),
        (Act.FORWARD, {"to": SOC_D}),
        (Act.RETURN, {"reason": "date-missing"}),
        (Act.HOLD, {"reason": "awaiting-decision"}),
    ):
        assert case.acts(handoff, act, SOC_A, MONDAY, by_phone=said, **more) == Refusal(code="verify-first")


def test_a_day_that_has_not_been_is_not_recorded_as_past_save_one_that_lies_ahead() -> None:
    case = Case().opens(MONDAY)
    refusal = case.learns(MONDAY, instants={"lvu-decided": at("2035-01-01 10:00")})
    assert refusal == Refusal(code="instant-in-the-future", detail="lvu-decided")
    assert case.learns(MONDAY, instants={"turns-18": at("2027-06-01 00:00")}) is None


def test_correcting_a_day_keeps_what_the_court_has_given() -> None:
    case = Case().opens(MONDAY)
    assert case.learns(MONDAY, instants={"lvu-executed": MONDAY}) is None
    application = case.one("lvu-application")
    more = Extension(deadline=DECISION, by="court", ground="further-investigation", span=span("4 w"))
    assert case.acts(application, Act.EXTEND, SOC_A, at("2027-02-02 10:00"), extension=more) is None
    # Four weeks from Monday 1 February and four more is Annandag påsk, Monday 29 March: Tuesday, 24:00.
    assert case.due("lvu-application", DECISION) == "Wed 31 Mar 2027 00:00"
    assert case.learns(at("2027-03-10 10:00"), instants={"lvu-executed": at("2027-01-25 15:00")}) is None
    # It was a week earlier: Monday 22 March, 24:00.
    assert case.due("lvu-application", DECISION) == "Tue 23 Mar 2027 00:00"


def test_work_begun_by_law_is_finished_where_it_was_begun() -> None:
    case = Case().opens(MONDAY)
    assert case.sends("child-concern", POLICE, SOC_A, MONDAY) is None
    concern = case.one("child-concern")
    assert case.acts(concern, Act.ACCEPT, SOC_A, MONDAY) is None
    refusal = case.acts(concern, Act.REROUTE, POLICE, at("2027-05-28 10:00"), to=SOC_B, reason="moved")
    assert refusal == Refusal(code="begun-by-law", detail="SoL 20:3")
