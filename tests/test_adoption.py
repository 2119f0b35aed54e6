"""An open case goes over to newer rules: what moves is shown first, done in one step, and stands in the log."""

from __future__ import annotations

from datetime import date

from models.contracts import Refusal
from models.events import Actor, RulesAdopted
from models.handoffs import Act, DeadlineName, Extension, Status
from models.packs import Overlay, RulePack
from models.words import Urgency
from rules.adoption import shifts
from rules.case import decide, fold
from tests.changed_rules import extendable, length, span, with_kind, with_rule
from tests.rules_support import NGO, PACK, SOC_A, SOC_C, SOC_D, Case, at, rungs, shown

ACK, DECISION = DeadlineName.ACKNOWLEDGEMENT, DeadlineName.DECISION
MONDAY = at("2027-02-01 10:00")
KIND = "placement-question"


def newer(within: str = "8 wd") -> RulePack:
    """Rules of a later date, by which a question about placement is answered in eight working days, not five."""
    pack = with_rule(PACK, KIND, DECISION, within=within)
    return pack.model_copy(update={"name": "2027-02-01"})


def asked() -> Case:
    case = Case().opens(MONDAY)
    assert case.sends(KIND, SOC_A, SOC_C, MONDAY) is None
    return case


def adopts(case: Case, pack: RulePack, when: str, by: str = "soc-a") -> Refusal | None:
    event = RulesAdopted(key=case.key(), by=Actor(org=by), pack=pack.digest)
    refusal = case.tried(event, at(when), pack)
    if refusal is None:
        case.pack = pack
    return refusal


def test_the_preview_says_which_deadline_moves_and_the_step_moves_it_so() -> None:
    case = asked()
    (moved,) = shifts(case.state, at("2027-02-02 09:00"), PACK, newer())
    assert (moved.deadline, shown(moved.before), shown(moved.after)) == (
        DECISION,
        "Mon 8 Feb 2027 10:00",
        "Thu 11 Feb 2027 10:00",
    )
    assert adopts(case, newer(), "2027-02-02 09:00") is None
    assert case.due(KIND, DECISION) == "Thu 11 Feb 2027 10:00"
    (why,) = case.deadline(KIND, DECISION).moves
    assert (why.why, why.before, why.after) == ("rules-adopted", moved.before, moved.after)
    assert case.entries[-1].pack == newer().digest != case.entries[-2].pack


def test_a_deadline_that_only_the_newer_rules_have_is_shown_and_then_runs() -> None:
    """Answered by acknowledging and accepting under the old rules; under the newer ones also when it is to be done."""
    old = PACK.kinds[KIND].deadlines[Urgency.ORDINARY]
    without = {name: rule for name, rule in old.items() if name is not DECISION}
    before = with_kind(PACK, KIND, deadlines=PACK.kinds[KIND].deadlines | {Urgency.ORDINARY: without})
    case = Case(pack=before).opens(MONDAY)
    assert case.sends(KIND, SOC_A, SOC_C, MONDAY) is None
    (added,) = shifts(case.state, at("2027-02-01 11:00"), before, PACK)
    assert (added.deadline, added.before, shown(added.after)) == (DECISION, None, "Mon 8 Feb 2027 10:00")
    assert adopts(case, PACK, "2027-02-01 11:00") is None
    assert case.due(KIND, DECISION) == "Mon 8 Feb 2027 10:00"


def test_what_the_newer_rules_do_not_change_stays_as_it_was() -> None:
    case = asked()
    before = case.state
    assert adopts(case, newer(), "2027-02-01 11:00") is None
    for handoff in before.handoffs.values():
        now = case.state.handoffs[handoff.id]
        same = [d for d in handoff.deadlines if (handoff.kind, d.name) != (KIND, DECISION)]
        assert [d for d in now.deadlines if (now.kind, d.name) != (KIND, DECISION)] == same


def test_time_that_was_held_is_not_lost_by_going_over() -> None:
    case = asked()
    question = case.one(KIND)
    assert case.acts(question, Act.RETURN, SOC_C, at("2027-02-02 10:00"), reason="date-missing") is None
    assert adopts(case, newer(), "2027-02-03 10:00") is None
    resting = case.one(KIND)
    assert (resting.status, case.deadline(KIND, DECISION).stands) == (Status.ON_HOLD, True)
    assert case.acts(question, Act.SUPPLY, SOC_A, at("2027-02-04 10:00")) is None
    # Eight working days from Monday is Thursday 11 February; it stood for two.
    assert case.due(KIND, DECISION) == "Mon 15 Feb 2027 10:00"
    assert adopts(case, PACK, "2027-02-04 11:00") is None
    assert case.due(KIND, DECISION) == "Wed 10 Feb 2027 10:00"


def test_a_decision_to_extend_stands_when_the_rules_change() -> None:
    case = Case(pack=with_rule(PACK, KIND, DECISION, extension=extendable("5 wd"))).opens(MONDAY)
    assert case.sends(KIND, SOC_A, SOC_C, MONDAY) is None
    more = Extension(deadline=DECISION, by="manager", ground="staff-shortage", span=span("5 wd"))
    assert case.acts(case.one(KIND), Act.EXTEND, SOC_C, at("2027-02-01 11:00"), extension=more) is None
    assert adopts(case, newer(), "2027-02-02 09:00") is None
    assert case.due(KIND, DECISION) == "Mon 15 Feb 2027 10:00"


def test_a_deadline_that_falls_in_the_past_sounds_once_at_the_rung_it_has_come_to() -> None:
    case = asked()
    question = case.one(KIND)
    assert case.acts(question, Act.ACKNOWLEDGE, SOC_C, at("2027-02-01 11:00")) is None
    case.waits(at("2027-02-04 12:00"))
    before = len(case.firings())
    # One working day from Monday is Tuesday; its head was to be told on Wednesday, its director on Friday.
    assert adopts(case, newer("1 wd"), "2027-02-04 12:00") is None
    fired = [f for f in case.firings()[before:] if f.handoff == question.id]
    assert [(f.rung, shown(f.at)) for f in fired] == [(3, "Thu 4 Feb 2027 12:00")]
    assert rungs(case.waits(at("2027-02-05 10:00")), question, DECISION) == [(4, 0, "Fri 5 Feb 2027 10:00")]


def test_a_ladder_with_other_rungs_goes_on_from_where_the_old_one_had_come() -> None:
    ladder = PACK.ladders["ordinary"]
    shorter = PACK.model_copy(
        update={"ladders": PACK.ladders | {"ordinary": ladder.model_copy(update={"rungs": ladder.rungs[1:]})}}
    )
    case = asked()
    question = case.one(KIND)
    before = {f.identity for f in case.waits(at("2027-02-02 10:00"))}
    assert adopts(case, shorter, "2027-02-02 11:00") is None
    # Officer and manager have been told; in the shorter ladder that is one rung, and the head comes next.
    fired = case.waits(at("2027-02-03 10:00"))
    told = [f for f in fired if f.handoff == question.id and f.deadline is ACK]
    assert [(f.rung, f.to, shown(f.at)) for f in told] == [(2, ("owner:head",), "Wed 3 Feb 2027 10:00")]
    assert before.isdisjoint(f.identity for f in fired)


def test_rules_that_do_not_know_what_stands_open_are_refused_and_nothing_is_changed() -> None:
    case = asked()
    before = case.state
    without = PACK.model_copy(update={"kinds": {c: k for c, k in PACK.kinds.items() if c != KIND}})
    refusal = adopts(case, without, "2027-02-02 09:00")
    assert refusal == Refusal(code="kind-missing", possible=(case.one(KIND).id,), detail=KIND)
    assert adopts(case, PACK, "2027-02-02 09:00") == Refusal(code="rules-followed-already", detail=PACK.name)
    other = newer().model_copy(update={"engine": PACK.engine + 1})
    assert adopts(case, other, "2027-02-02 09:00") == Refusal(code="other-engine", detail=str(PACK.engine + 1))
    assert case.state == before


def test_only_who_answers_for_the_case_takes_it_over_and_only_with_the_rules_at_hand() -> None:
    case = asked()
    for by in ("soc-c", "police", NGO.id):
        assert adopts(case, newer(), "2027-02-02 09:00", by) == Refusal(code="not-your-case")
    event = RulesAdopted(key=case.key(), by=Actor(org="soc-a"), pack=newer().digest)
    for at_hand in (None, newer("9 wd")):
        refusal = case.tried(event, at("2027-02-02 09:00"), at_hand)
        assert refusal == Refusal(code="pack-needed")


def test_the_log_replays_across_the_change_with_both_packs() -> None:
    case = asked()
    assert adopts(case, newer(), "2027-02-02 09:00") is None
    case.waits(at("2027-02-12 10:00"))
    log = [(entry.event, entry.at) for entry in case.entries]
    empty = Case().state
    replayed = fold(empty, log, [PACK, newer()])
    assert replayed.digest() == case.state.digest()


def test_the_same_request_twice_goes_over_once() -> None:
    case = asked()
    event = RulesAdopted(key=case.key(), by=Actor(org="soc-a"), pack=newer().digest)
    assert case.tried(event, at("2027-02-02 09:00"), newer()) is None
    again = decide(case.state, event, at("2027-02-03 09:00"), newer(), newer())
    assert again is case.state


def own_layer() -> RulePack:
    """C answers in three working days instead of five, and is closed on Thursday 4 February."""
    rules = PACK.kinds[KIND].deadlines[Urgency.ORDINARY]
    faster = rules[DECISION].model_copy(update={"term": length("3 wd")})
    closed = PACK.calendar.closed_days | {date(2027, 2, 4): "planning-day"}
    overlay = Overlay(
        organisation="soc-c",
        calendar=PACK.calendar.model_copy(update={"closed_days": closed}),
        deadlines={KIND: {Urgency.ORDINARY: {DECISION: faster}}},
    )
    return PACK.model_copy(update={"overlays": {"soc-c": overlay}})


def test_an_organisations_own_layer_counts_for_what_it_owes_and_for_nobody_else() -> None:
    pack = with_kind(own_layer(), KIND, repeatable=True)
    case = Case(pack=pack).opens(MONDAY)
    assert case.sends(KIND, SOC_A, SOC_C, MONDAY) is None
    # Tuesday, Wednesday, Friday: Thursday is its own closed day.
    assert case.due(KIND, DECISION) == "Fri 5 Feb 2027 10:00"
    assert case.acts(case.one(KIND), Act.RETURN, SOC_C, at("2027-02-02 10:00"), reason="date-missing") is None
    # What A owes counts by A's days: three working days from Tuesday.
    assert case.due(KIND, DeadlineName.SUPPLEMENT) == "Fri 5 Feb 2027 10:00"
    assert case.due("initial-assessment", DECISION) == "Mon 8 Feb 2027 10:00"


def test_rerouting_counts_by_the_new_recipients_own_days() -> None:
    case = Case(pack=own_layer()).opens(MONDAY)
    assert case.sends(KIND, SOC_A, SOC_D, MONDAY) is None
    assert case.due(KIND, DECISION) == "Mon 8 Feb 2027 10:00"
    assert case.acts(case.one(KIND), Act.REROUTE, SOC_A, at("2027-02-02 10:00"), to=SOC_C, reason="moved") is None
    assert case.due(KIND, DECISION) == "Mon 8 Feb 2027 10:00"
    assert case.due(KIND, ACK) == "Wed 3 Feb 2027 10:00"


def test_rules_that_only_know_more_years_move_nothing() -> None:
    case = asked()
    further = PACK.calendar.closed_days | {date(2041, 12, 24): "julafton"}
    until = PACK.calendar.model_copy(update={"closed_days": further, "closed_until": date(2041, 12, 31)})
    longer = PACK.model_copy(update={"name": "2027-02-01", "calendar": until})
    before = case.state.handoffs
    assert adopts(case, longer, "2027-02-01 11:00") is None
    assert case.state.handoffs == before
