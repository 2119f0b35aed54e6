"""What time brings about when nobody answers: the next candidate, a return, an expiry, a lapse in law, a report."""

from __future__ import annotations

import pytest

from models.handoffs import Act, DeadlineName, Extension, Handoff, Status
from models.packs import IfMissed, IfUnanswered, RulePack
from models.words import Need, Urgency
from tests.changed_rules import extendable, length, span, with_kind, with_rule
from tests.rules_support import BED_1, BED_2, NOTE, PACK, POLICE, SOC_A, SOC_C, SOC_D, Case, at, rungs, shown

ACK, DECISION, COMPLETION = DeadlineName.ACKNOWLEDGEMENT, DeadlineName.DECISION, DeadlineName.COMPLETION
NIGHT = at("2027-01-05 23:00")


def unanswered(then: IfUnanswered, kind: str = "protected-bed") -> RulePack:
    return with_kind(PACK, kind, if_unanswered=then)


def bed_asked(pack: RulePack) -> tuple[Case, Handoff]:
    """At 23:00 a first provider is asked for a bed at once; a second one is next. Alarms at 00:00 and 00:30."""
    case = Case(pack=pack).opens(NIGHT, urgency=Urgency.ACUTE, needs=(Need.PROTECTED_HOUSING,))
    case.finds(NIGHT, BED_1, BED_2)
    return case, case.one("protected-bed")


def test_a_silent_provider_is_passed_over_for_the_next_one_when_the_top_rung_has_sounded_in_vain() -> None:
    case, first = bed_asked(unanswered(IfUnanswered.NEXT_CANDIDATE))
    fired = case.waits(at("2027-01-06 01:00"))
    assert rungs(fired, first, ACK) == [(1, 0, "Wed 6 Jan 2027 00:00"), (2, 0, "Wed 6 Jan 2027 00:30")]
    second = case.one("protected-bed")
    assert (second.recipient, second.parent, shown(second.requested_at)) == (
        "bed-2",
        first.id,
        "Wed 6 Jan 2027 01:00",
    )
    assert case.state.ended[first.id].status is Status.CANCELLED
    assert case.state.ended[first.id].business_status == "expired"
    assert case.notices("expired") == [("soc-a", "on-call"), ("bed-1", "on-call")]
    assert "find-another-way" not in case.kinds()


def test_when_no_candidate_is_left_the_one_who_asked_finds_another_way() -> None:
    case, _ = bed_asked(unanswered(IfUnanswered.NEXT_CANDIDATE))
    case.waits(at("2027-01-06 03:00"))
    assert not case.all("protected-bed")
    task = case.one("find-another-way")
    assert (task.recipient, task.urgency) == ("soc-a", Urgency.ACUTE)


def test_what_is_to_stay_stays_and_its_top_rung_recurs() -> None:
    case, bed = bed_asked(unanswered(IfUnanswered.STAY))
    fired = rungs(case.waits(at("2027-01-06 01:30")), bed, ACK)
    assert [(rung, repeat) for rung, repeat, _ in fired] == [(1, 0), (2, 0), (2, 1), (2, 2)]
    assert case.one("protected-bed").id == bed.id


def test_what_is_to_go_back_goes_back_to_the_one_who_asked() -> None:
    case, bed = bed_asked(unanswered(IfUnanswered.RETURN))
    case.waits(at("2027-01-06 01:00"))
    assert case.one("find-another-way").parent == bed.id


def test_what_may_expire_expires_and_leaves_no_task() -> None:
    case, bed = bed_asked(unanswered(IfUnanswered.EXPIRE))
    case.waits(at("2027-01-06 01:00"))
    assert case.state.ended[bed.id].business_status == "expired"
    assert "find-another-way" not in case.kinds()


def test_an_accepted_bed_never_expires_however_late_its_completion() -> None:
    case, bed = bed_asked(unanswered(IfUnanswered.NEXT_CANDIDATE))
    assert case.acts(bed, Act.ACCEPT, BED_1, at("2027-01-05 23:30")) is None
    case.waits(at("2027-05-20 10:00"))
    assert case.one("protected-bed").id == bed.id


def test_a_handoff_at_rest_does_not_expire() -> None:
    case, bed = bed_asked(unanswered(IfUnanswered.NEXT_CANDIDATE))
    assert case.acts(bed, Act.RETURN, BED_1, at("2027-01-05 23:30"), reason="information-missing") is None
    case.waits(at("2027-01-06 12:00"))
    assert case.one("protected-bed").status is Status.ON_HOLD


def test_what_expired_can_still_be_done_and_is_marked_late() -> None:
    pack = unanswered(IfUnanswered.RETURN, "threat-assessment")
    pack = with_rule(pack, "threat-assessment", DECISION, Urgency.ACUTE, term=length("24 h"))
    case = Case(pack=pack).opens(NIGHT, urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    case.waits(at("2027-01-06 03:00"))
    assert case.state.ended[threat.id].business_status == "expired"
    assert case.one("find-another-way").parent == threat.id
    late = at("2027-01-06 05:00")
    refusal = case.acts(threat, Act.COMPLETE, SOC_A, late, assessment=NOTE)
    assert refusal is not None
    assert case.acts(threat, Act.COMPLETE, POLICE, late, assessment=NOTE) is None
    done = case.state.ended[threat.id]
    assert (done.status, done.business_status) == (Status.COMPLETED, "completed-late")
    assert "find-another-way" not in case.kinds()
    assert case.notices("answered-after-expiry") == [("soc-a", "officer")]
    case.concludes(late, at("2027-01-20 05:00"))
    assert case.state.assessment is not None
    assert case.acts(threat, Act.COMPLETE, POLICE, at("2027-01-06 06:00"), assessment=NOTE) is not None


def test_what_failed_or_was_withdrawn_is_not_done_late() -> None:
    case, bed = bed_asked(PACK)
    assert case.acts(bed, Act.WITHDRAW, SOC_A, at("2027-01-05 23:30"), reason="no-longer-needed") is None
    refusal = case.acts(bed, Act.COMPLETE, BED_1, at("2027-01-05 23:40"))
    assert refusal is not None
    assert (refusal.code, refusal.detail) == ("handoff-ended", "cancelled")


def lapsing() -> RulePack:
    """A measure that must be with the court within a week, or lapses; the court may give two weeks more."""
    term = length("1 w", source="2024:79 4:3-4", statutory=True)
    court = extendable("2 w", by="court")
    return with_rule(PACK, "execute-decision", COMPLETION, term=term, if_missed=IfMissed.LAPSES, extension=court)


def submitted(pack: RulePack) -> tuple[Case, Handoff]:
    """Wednesday 5 May 2027: a decision that lapses on Wednesday 12 May at 24:00 (story 4)."""
    case = Case(pack=pack).opens(at("2027-05-05 18:30"))
    assert case.sends("execute-decision", SOC_A, SOC_A, at("2027-05-05 21:15")) is None
    return case, case.one("execute-decision")


def test_a_measure_not_submitted_in_time_has_lapsed_and_somebody_must_act_at_once() -> None:
    case, measure = submitted(lapsing())
    assert case.due("execute-decision", COMPLETION) == "Thu 13 May 2027 00:00"
    case.waits(at("2027-05-12 23:59"))
    assert case.one("execute-decision").is_open
    case.waits(at("2027-05-13 00:00"))
    ended = case.state.ended[measure.id]
    assert (ended.status, ended.business_status) == (Status.FAILED, "lapsed")
    roles = [role for org, role in case.notices("measure-lapsed") if org == "soc-a"]
    assert roles == ["decision-maker", "on-call", "manager-on-call", "head"]
    task = case.one("find-another-way")
    assert (task.recipient, task.urgency, task.parent) == ("soc-a", Urgency.ACUTE, measure.id)
    assert shown(task.requested_at) == "Thu 13 May 2027 00:00"


def test_a_measure_submitted_in_time_does_not_lapse() -> None:
    case, measure = submitted(lapsing())
    assert case.acts(measure, Act.ACCEPT, SOC_A, at("2027-05-10 09:00")) is None
    assert case.acts(measure, Act.COMPLETE, SOC_A, at("2027-05-10 10:00")) is None
    case.waits(at("2027-05-20 10:00"))
    assert case.notices("measure-lapsed") == []


def test_what_has_lapsed_in_law_is_neither_reopened_nor_done_late() -> None:
    case, measure = submitted(lapsing())
    case.waits(at("2027-05-13 00:00"))
    for act in (Act.REOPEN, Act.COMPLETE):
        refusal = case.acts(measure, act, SOC_A, at("2027-05-13 08:00"), reason=None)
        assert refusal is not None
        assert (refusal.code, refusal.detail) == ("handoff-ended", "lapsed")


def test_the_lapse_comes_before_the_alarm_of_the_same_instant() -> None:
    case, measure = submitted(lapsing())
    fired = case.sleeps(at("2027-05-20 10:00"))
    assert [f.rung for f in fired if f.handoff == measure.id] == [1]
    assert case.notices("measure-lapsed")[0] == ("soc-a", "decision-maker")


@pytest.mark.parametrize("late", ["2027-05-13 00:00", "2027-06-01 10:00"])
def test_a_lapse_happens_once_however_late_it_is_noticed(late: str) -> None:
    case, measure = submitted(lapsing())
    case.sleeps(at(late))
    case.waits(at("2027-06-10 10:00"))
    assert len(case.notices("measure-lapsed")) == 4
    assert case.state.ended[measure.id].business_status == "lapsed"


def reporting() -> RulePack:
    """A favourable decision not carried out in three months is reported, and again every three months."""
    return with_rule(PACK, "execute-decision", COMPLETION, if_missed=IfMissed.REPORT, reports="regularise")


def test_an_unexecuted_decision_is_reported_each_quarter_and_stays_open() -> None:
    case = Case(pack=reporting()).opens(at("2027-01-05 09:00"))
    assert case.sends("execute-decision", SOC_A, SOC_A, at("2027-01-05 10:00")) is None
    decision = case.one("execute-decision")
    case.waits(at("2027-04-06 00:00"))
    report = case.one("regularise")
    assert (report.parent, report.recipient, shown(report.requested_at)) == (
        decision.id,
        "soc-a",
        "Tue 6 Apr 2027 00:00",
    )
    assert case.one("execute-decision").is_open
    assert case.acts(report, Act.ACCEPT, SOC_A, at("2027-04-06 09:00")) is None
    assert case.acts(report, Act.COMPLETE, SOC_A, at("2027-04-06 10:00")) is None
    # Quarters are counted from the decision, 5 January: 5 April, 5 July (both Mondays, 24:00).
    case.waits(at("2027-07-05 23:59"))
    assert case.all("regularise") == []
    case.waits(at("2027-07-06 00:00"))
    assert len(case.all("regularise")) == 1


def test_a_report_that_is_still_being_written_is_not_asked_for_twice() -> None:
    case = Case(pack=reporting()).opens(at("2027-01-05 09:00"))
    assert case.sends("execute-decision", SOC_A, SOC_A, at("2027-01-05 10:00")) is None
    case.waits(at("2028-01-10 00:00"))
    assert len(case.all("regularise")) == 1


def test_the_court_extends_what_the_law_lets_it_and_the_measure_lapses_later() -> None:
    case, measure = submitted(lapsing())
    extension = Extension(deadline=COMPLETION, by="court", ground="staff-shortage", span=span("2 w"))
    assert case.acts(measure, Act.EXTEND, SOC_A, at("2027-05-10 10:00"), extension=extension) is None
    # Two weeks after Wednesday 12 May.
    assert case.due("execute-decision", COMPLETION) == "Thu 27 May 2027 00:00"
    case.waits(at("2027-05-26 23:59"))
    assert case.one("execute-decision").is_open
    case.waits(at("2027-05-27 00:00"))
    assert case.state.ended[measure.id].business_status == "lapsed"


def test_only_the_court_extends_it_not_the_manager() -> None:
    case, measure = submitted(lapsing())
    extension = Extension(deadline=COMPLETION, by="manager", ground="staff-shortage", span=span("1 w"))
    refusal = case.acts(measure, Act.EXTEND, SOC_A, at("2027-05-10 10:00"), extension=extension)
    assert refusal is not None
    assert (refusal.code, refusal.possible, refusal.detail) == ("not-theirs-to-extend", ("court",), "2024:79 4:3-4")


def test_a_silent_municipality_is_passed_over_too_but_only_after_its_whole_ladder() -> None:
    pack = unanswered(IfUnanswered.NEXT_CANDIDATE, "placement-question")
    case = Case(pack=pack).opens(at("2027-01-29 10:00"), needs=(Need.RELOCATION,))
    assert case.acts(case.one("support-request"), Act.ACCEPT, SOC_A, at("2027-01-29 11:00")) is None
    assert case.acts(case.one("support-request"), Act.COMPLETE, SOC_A, at("2027-01-29 12:00"), answer="granted") is None
    case.finds(at("2027-02-01 10:00"), SOC_C, SOC_D)
    first = case.one("placement-question")
    # Acknowledgement due Tue 2 Feb; rungs then +1 and +3 working days; a working day after the top one it moves on.
    fired = rungs(case.waits(at("2027-02-08 10:00")), first, ACK)
    assert [at_ for _, _, at_ in fired] == [
        "Mon 1 Feb 2027 14:00",
        "Tue 2 Feb 2027 10:00",
        "Wed 3 Feb 2027 10:00",
        "Fri 5 Feb 2027 10:00",
    ]
    assert case.one("placement-question").recipient == "soc-d"
