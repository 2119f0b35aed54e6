"""Simulated cases: what people do shows in the figures, and only the rules make two packs differ."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from activities.simulation_runs import Part, Run, parts
from console.simulation_data import Played, data, differences
from models.handoffs import Firing
from models.packs import RulePack
from models.simulation import Scenario
from rules.figures import Figures
from rules.scenarios import problems
from rules.simulation import Play, Step, planned
from tests.rules_support import PACK, at, shown

MONDAY = "2027-01-11T10:00:00+01:00"
ORGANISATIONS = {
    "soc-a": "social-services",
    "soc-b": "social-services",
    "soc-c": "social-services",
    "police": "police",
    "prison": "prison-and-probation",
    "sis": "state-care",
    "region": "health-care",
    "ngo": "civil-society",
    "bed-1": "housing-provider",
    "bed-2": "housing-provider",
}


def scenario(*answers: dict[str, Any], **case: Any) -> Scenario:
    """One ordinary case opened by social services on a Monday at ten, unless `case` says more."""
    return Scenario.model_validate(
        {
            "organisation": [{"id": org, "function": function} for org, function in ORGANISATIONS.items()],
            "candidates": {"protected-bed": ["bed-1", "bed-2"], "placement-question": ["soc-b", "soc-c"]},
            "answers": list(answers),
            "case": [{"opens": MONDAY, "opened_by": "soc-a"} | case],
        }
    )


def rule(does: str, kind: str | None = None, **more: Any) -> dict[str, Any]:
    return {"answer": {"does": does} | more} | ({"kind": kind} if kind else {})


def played(scene: Scenario, days: float = 30, pack: RulePack = PACK, seed: int = 1) -> list[Step]:
    """Every step of the first case."""
    case = planned(scene, seed)[0]
    return list(Play(case, scene, pack, seed).until(case.opens + timedelta(days=days)))


def figures(scene: Scenario, days: float = 30, pack: RulePack = PACK, seed: int = 1) -> Figures:
    return together(parts(Run(scene, (pack,), timedelta(days=days), seed), cores=1))[0]


def together(some: Any) -> list[Figures]:
    """The figures of all parts, for each pack."""
    sums: list[Figures] = []
    for part in some:
        assert isinstance(part, Part)
        sums = sums or [Figures() for _ in part.figures]
        for whole, one in zip(sums, part.figures, strict=True):
            whole.add(one)
    return sums


def firings(steps: list[Step]) -> list[Firing]:
    return [firing for step in steps if step.entry for firing in step.entry.firings]


def acts(steps: list[Step], kind: str) -> list[tuple[str, str | None]]:
    """What was done with handoffs of a kind, and when, in order."""
    found = []
    for step in steps:
        handoff = step.before.handoffs.get(getattr(step.event, "handoff", ""))
        if handoff is not None and handoff.kind == kind and step.entry:
            found.append((str(getattr(step.event, "act", "")), shown(step.at)))
    return found


def recipients(steps: list[Step], kind: str) -> list[str]:
    """Who was asked for this, in order."""
    changes = [change for step in steps if step.entry for change in step.entry.changes]
    return [change.recipient for change in changes if change.kind == kind and change.before is None]


def with_deadline(pack: RulePack, kind: str, urgency: str, name: str, amount: int) -> RulePack:
    """The same pack with one length changed."""
    raw = pack.model_dump(mode="json")
    raw["kinds"][kind]["deadlines"][urgency][name]["term"]["span"]["amount"] = amount
    return RulePack.model_validate(raw)


def with_kind(pack: RulePack, kind: str, **more: Any) -> RulePack:
    """The same pack with one kind changed."""
    raw = pack.model_dump(mode="json")
    raw["kinds"][kind] |= more
    return RulePack.model_validate(raw)


def test_in_time_meets_every_deadline_and_alarms_nobody_above_the_officer() -> None:
    found = figures(scenario(rule("in-time", share=40), facts={"consent": "given", "needs": ["health-care"]}))
    assert {judgement for _, _, judgement in found.deadlines} <= {"met", "running"}
    assert found.deadlines["threat-assessment", "decision", "met"] == 1
    assert {role for role, _ in found.rungs} <= {"officer"}


def test_never_answering_fires_every_rung_once_and_then_the_top_one_again_and_again() -> None:
    steps = played(scenario(rule("never")))
    support = [f for f in firings(steps) if f.handoff == "H1" and f.deadline == "decision"]
    assert [f.rung for f in support if not f.recurrence] == [1, 2, 3, 4]
    assert [f.recurrence for f in support if f.recurrence] == list(range(1, len(support) - 3))
    assert {f.rung for f in support if f.recurrence} == {4}
    assert shown(support[1].at) == "Mon 25 Jan 2027 10:00"


def test_late_by_two_working_days_misses_every_deadline_and_climbs_to_the_next_manager() -> None:
    found = figures(scenario(rule("late", by="2 wd"), facts={"consent": "given"}), days=40)
    assert found.deadlines["threat-assessment", "acknowledgement", "missed"] == 1
    assert found.deadlines["threat-assessment", "decision", "missed"] == 1
    assert found.rungs["head", "rung"] > 0
    assert found.rungs["director", "rung"] == 0


def test_a_placement_declined_once_is_asked_of_the_next_municipality() -> None:
    scene = scenario(rule("declines", "placement-question"), facts={"needs": ["relocation"]})
    steps = played(scene, days=60)
    assert recipients(steps, "placement-question") == ["soc-b", "soc-c"]
    assert [act for act, _ in acts(steps, "placement-question")] == ["decline", "acknowledge", "accept", "complete"]


def test_when_both_decline_somebody_must_find_another_way() -> None:
    scene = scenario(rule("declines", "placement-question", times=2), facts={"needs": ["relocation"]})
    found = figures(scene)
    assert found.ends["placement-question", "rejected"] == 2
    assert found.ends["placement-question", "another-way"] == 1


def test_a_hold_rests_as_long_as_it_says_and_then_goes_on() -> None:
    scene = scenario(rule("holds", "support-request", length="3 wd"))
    done = acts(played(scene), "support-request")
    assert [act for act, _ in done] == ["accept", "hold", "resume", "complete"]
    assert (done[1][1], done[2][1]) == ("Mon 11 Jan 2027 14:00", "Thu 14 Jan 2027 14:00")


def test_returned_once_is_supplied_by_the_sender_and_then_answered() -> None:
    scene = scenario(rule("returns", "coordinated-plan"), facts={"consent": "given", "needs": ["health-care"]})
    assert [act for act, _ in acts(played(scene), "coordinated-plan")] == ["return", "supply", "accept", "complete"]


def test_a_sender_who_never_answers_supplies_nothing_and_its_own_ladder_climbs() -> None:
    scene = scenario(
        {"function": "social-services"} | rule("never"),
        rule("returns", "coordinated-plan"),
        facts={"consent": "given", "needs": ["health-care"]},
    )
    steps = played(scene)
    assert [act for act, _ in acts(steps, "coordinated-plan")] == ["return"]
    assert any(f.deadline == "supplement" and f.recurrence for f in firings(steps))


def test_withdrawn_while_needed_somebody_must_find_another_way() -> None:
    scene = scenario(
        rule("withdraws", "protected-bed", after="2 h", reason="no-answer"),
        rule("never", "protected-bed"),
        facts={"urgency": "acute", "needs": ["protected-housing"]},
    )
    found = figures(scene, pack=with_kind(PACK, "protected-bed", if_unanswered="stay"))
    assert found.ends["protected-bed", "withdrawn"] == 1
    assert found.ends["protected-bed", "another-way"] == 1


@pytest.mark.parametrize(
    ("sender", "then"), [("insists", ["supply", "accept", "complete"]), ("reroutes", ["reroute", "accept", "complete"])]
)
def test_who_says_that_another_is_responsible_gets_it_back_unless_the_sender_sends_it_on(
    sender: str, then: list[str]
) -> None:
    pack = with_kind(PACK, "placement-question", disclaims=["SoL 29:1"])
    says = rule("not-responsible", "placement-question", paragraph="SoL 29:1", to="soc-c", sender=sender)
    says["answer"]["then"] = {"does": "in-time", "share": 10}
    scene = scenario(says | {"organisation": "soc-b"}, facts={"needs": ["relocation"]})
    steps = played(scene, days=40, pack=pack)
    done = [act for act, _ in acts(steps, "placement-question") if act != "acknowledge"]
    assert done == ["not-responsible", *then]
    assert recipients(steps, "placement-question") == {"insists": ["soc-b"], "reroutes": ["soc-b", "soc-c"]}[sender]


def test_a_paragraph_that_the_kind_does_not_list_can_not_be_invoked() -> None:
    pack = with_kind(PACK, "placement-question", disclaims=["SoL 29:1"])
    scene = scenario(rule("not-responsible", "placement-question", paragraph="SoL 99:9", to="soc-c"))
    assert [(p.code, p.possible) for p in problems(scene, [pack])] == [("unknown-paragraph", ("SoL 29:1",))]


def test_what_is_forwarded_is_asked_of_the_other_too() -> None:
    scene = scenario(
        rule("forwards", "coordinated-plan", to="region-b"), facts={"consent": "given", "needs": ["health-care"]}
    )
    more = scene.model_dump(mode="json")
    more["organisation"].append({"id": "region-b", "function": "health-care"})
    assert recipients(played(Scenario.model_validate(more)), "coordinated-plan") == ["region", "region-b"]


def test_office_hours_only_is_late_with_what_is_acute_at_night() -> None:
    night = {"opens": "2027-01-05T22:46:00+01:00", "facts": {"urgency": "acute"}}
    awake = figures(scenario(rule("in-time", hours="around-the-clock"), **night), days=3)
    asleep = figures(scenario(rule("in-time", hours="office"), **night), days=3)
    assert awake.deadlines["threat-assessment", "acknowledgement", "missed"] == 0
    assert asleep.deadlines["threat-assessment", "acknowledgement", "missed"] == 1


def test_an_answer_from_one_without_a_desk_is_recorded_by_phone() -> None:
    scene = scenario(facts={"urgency": "acute", "needs": ["protected-housing"]}).model_dump(mode="json")
    scene["organisation"] = [o | {"desk": o["id"] != "bed-1"} for o in scene["organisation"]]
    answers = [s.event for s in played(Scenario.model_validate(scene)) if getattr(s.event, "by_phone", None)]
    assert {(event.by.org, str(event.act)) for event in answers} >= {("soc-a", "accept")}  # type: ignore[union-attr]


def test_a_desk_that_is_down_is_an_alarm_and_gets_its_work_later() -> None:
    scene = scenario(facts={"consent": "given"}).model_dump(mode="json")
    outage = {"since": "2027-01-11T09:00:00+01:00", "until": "2027-01-11T15:00:00+01:00"}
    scene["organisation"] = [o | {"down": [outage] if o["id"] == "police" else []} for o in scene["organisation"]]
    steps = played(Scenario.model_validate(scene), days=2)
    assert any(n.about == "desk-unreachable" for s in steps if s.entry for n in s.entry.notices)
    assert not [e for e in steps[-1].after.desk_effects.values() if e.task.desk == "police"]


def test_a_withdrawn_case_is_closed_when_nothing_is_left_to_do() -> None:
    pack = with_deadline(PACK, "execute-decision", "ordinary", "completion", 1)
    without = pack.model_copy(update={"steps": tuple(s for s in pack.steps if not s.code.startswith("review"))})
    found = figures(scenario(), days=60, pack=without)
    assert found.cases == Counter(played=1, closed=1)
    assert found.ends["plan-or-close", "completed"] == 1


def test_the_same_seed_gives_the_same_result_and_another_seed_another() -> None:
    mixed = {"does": "mixture", "of": [{"weight": 1, "answer": {"does": "never"}}, {"answer": {"does": "in-time"}}]}
    scene = scenario({"answer": mixed}, count=40, opens={"since": MONDAY, "until": "2027-06-01T10:00:00+02:00"})
    assert figures(scene, seed=1) == figures(scene, seed=1)
    assert figures(scene, seed=1) != figures(scene, seed=2)


def test_a_mixture_is_drawn_by_its_weights() -> None:
    mixed = {"does": "mixture", "of": [{"weight": 9, "answer": {"does": "in-time"}}, {"answer": {"does": "never"}}]}
    found = figures(scenario({"answer": mixed}, count=300), days=15)
    assert 10 <= found.deadlines["support-request", "decision", "missed"] <= 55


def test_many_cores_give_the_same_as_one() -> None:
    scene = scenario(
        rule("late", by=["1 d", "9 d"]), count=80, opens={"since": MONDAY, "until": "2027-03-01T10:00:00Z"}
    )
    run = Run(scene, (PACK, with_deadline(PACK, "support-request", "ordinary", "decision", 5)), timedelta(days=9), 7)
    here, there = list(parts(run, cores=1)), list(parts(run, cores=2))
    assert together(here) == together(there)
    assert [d for part in here for d in part.different] == [d for part in there for d in part.different]


def test_two_packs_that_differ_in_one_deadline_differ_in_its_column_alone() -> None:
    stricter = with_deadline(PACK, "support-request", "ordinary", "decision", 3)
    scene = scenario(rule("never", "support-request"), facts={"consent": "given"}, count=5)
    first, second = (figures(scene, days=10, pack=pack) for pack in (PACK, stricter))
    assert differences(first.deadlines, second.deadlines) == [
        (("support-request", "decision", "missed"), 0, 5),
        (("support-request", "decision", "running"), 5, 0),
    ]
    assert not differences(first.ends, second.ends)
    assert not differences(first.work, second.work)


def test_a_case_that_ends_differently_under_two_packs_is_named() -> None:
    patient, sterner = (with_kind(PACK, "protected-bed", if_unanswered=what) for what in ("stay", "next-candidate"))
    scene = scenario(rule("never", "protected-bed"), facts={"urgency": "acute", "needs": ["protected-housing"]})
    run = Run(scene, (patient, sterner), timedelta(days=5), 1)
    (part,) = parts(run)
    (different,) = part.different
    told = data(run, [Played(p, f) for p, f in zip(run.packs, part.figures, strict=True)], part.different, False)
    assert different.number == 1
    assert told["cases_that_end_differently"][0]["differs"]["protected-bed 1"] == {
        "first": "requested",
        "second": "cancelled/expired",
    }


@pytest.mark.parametrize("later", [{"after": "5000 wd"}, {"after": "1 d", "date_after": "4999 w"}])
def test_what_comes_after_the_calendar_has_ended_stops_a_case_or_is_refused(later: dict[str, Any]) -> None:
    asked = {"does": "send", "kind": "care-ends", "sender": "sis", "to": "soc-a"} | later
    found = figures(scenario(later=[asked], facts={"custody": {"place": "state-care"}}))
    assert found.cases["stopped:beyond-calendar"] + found.refused["sent", "beyond-calendar"] == 1


def test_the_same_word_known_to_one_of_two_packs_is_known() -> None:
    raw = PACK.model_dump(mode="json")
    raw["kinds"]["new-kind"] = raw["kinds"]["threat-assessment"] | {"code": "new-kind"}
    scene = scenario(rule("never", "new-kind"))
    assert not problems(scene, [PACK, RulePack.model_validate(raw)])
    assert [problem.code for problem in problems(scene, [PACK])] == ["unknown-kind"]


def test_at_is_the_hour_that_the_file_says() -> None:
    (opened, *_) = played(scenario())
    assert opened.at == at("2027-01-11 10:00")


def test_work_that_no_deadline_asks_to_be_taken_on_is_taken_on_half_way_to_its_end() -> None:
    assert acts(played(scenario()), "initial-assessment") == [
        ("accept", "Tue 12 Jan 2027 12:00"),
        ("complete", "Wed 13 Jan 2027 14:00"),
    ]


def test_in_time_at_the_last_moment_is_in_time_also_when_the_office_has_closed() -> None:
    found = figures(scenario(rule("in-time", share=99), facts={"minor": True}), days=150)
    assert found.deadlines["child-concern", "decision", "met"] == 1
    assert not [row for row in found.deadlines if row[2] == "missed"]
