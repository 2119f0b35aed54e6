"""What simulated cases are counted as: each deadline once, alarms and work by week, and what is true of every case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.simulation_runs import Run, case_figures
from models.handoffs import OPEN
from rules.figures import percentile
from rules.simulation import planned
from rules.timelines import timeline
from tests.rules_support import PACK, shown
from tests.test_simulation import ORGANISATIONS, figures, firings, played, rule, scenario


def test_a_second_hold_goes_on_where_the_first_one_was_and_is_missed_when_that_was() -> None:
    short = {"does": "holds", "length": "1 wd"}
    found = figures(scenario(rule("holds", "support-request", length="8 wd", then=short)), days=60)
    assert found.deadlines["support-request", "hold", "missed"] == 2
    assert found.deadlines["support-request", "hold", "met"] == 0


def test_load_is_counted_by_local_week_and_role() -> None:
    found = figures(scenario(rule("never"), opens="2027-01-03T23:30:00Z"), days=3)
    assert {week for _, _, week in found.work} == {"2027-W01"}
    assert found.work["soc-a", "officer", "2027-W01"] == 2
    assert sum(found.alarms.values()) == sum(found.rungs.values())


@pytest.mark.parametrize(("percent", "expected"), [(50, 3), (95, 100), (1, 1)])
def test_percentiles_are_of_what_occurred(percent: int, expected: int) -> None:
    assert percentile([(1, 1), (2, 1), (3, 1), (4, 1), (100, 1)], percent) == expected


def test_a_timeline_tells_every_rung_and_deadline_in_order() -> None:
    steps = played(scenario(rule("never", "support-request")), days=20)
    moments = list(timeline(steps, PACK))
    assert [m.at for m in moments] == sorted(m.at for m in moments)
    assert sum(m.what == "rung" for m in moments) == len(firings(steps))
    missed = [(m.handoff, m.deadline, shown(m.at)) for m in moments if m.what == "deadline-late"]
    assert missed == [
        ("H1", "acknowledgement", "Tue 12 Jan 2027 10:00"),
        ("H1", "decision", "Mon 25 Jan 2027 10:00"),
    ]


LEAVES = st.sampled_from(
    [
        {"does": "never"},
        {"does": "in-time", "share": [5, 95]},
        {"does": "in-time", "share": 50, "hours": "office"},
        {"does": "late", "by": ["1 h", "90 h"]},
        {"does": "late", "by": "6 wd"},
    ]
)
BEHAVIOURS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda then: {"does": "declines", "then": then}, inner),
        st.builds(lambda then: {"does": "holds", "length": ["1 h", "200 h"], "then": then}, inner),
        st.builds(lambda then: {"does": "returns", "then": then}, inner),
        st.builds(lambda then: {"does": "fails", "then": then}, inner),
        st.builds(lambda then: {"does": "forwards", "to": "soc-b", "then": then}, inner),
        st.builds(
            lambda parts_: {"does": "mixture", "of": [{"answer": part} for part in parts_]},
            st.lists(inner, min_size=1, max_size=3),
        ),
    ),
    max_leaves=4,
)
RULES = st.lists(
    st.builds(
        lambda function, answer: {"function": function, "answer": answer},
        st.sampled_from(sorted(set(ORGANISATIONS.values()))),
        st.one_of(BEHAVIOURS, st.just({"does": "withdraws", "after": "30 h", "chance": 50})),
    ),
    max_size=6,
)
NEEDS = ["relocation", "health-care", "protected-housing", "civil-society"]
FACTS = st.fixed_dictionaries(
    {
        "urgency": st.sampled_from(["acute", "ordinary"]),
        "consent": st.sampled_from(["given", "not-asked"]),
        "minor": st.booleans(),
        "needs": st.lists(
            st.sampled_from(["relocation", "health-care", "protected-housing", "civil-society"]), max_size=4
        ),
    }
)


@settings(max_examples=150, deadline=None)
@given(rules=RULES, facts=FACTS, seed=st.integers(0, 1000))
def test_whatever_people_do_nothing_stands_without_a_clock_and_no_rung_fires_twice(
    rules: list[dict[str, Any]], facts: dict[str, Any], seed: int
) -> None:
    scene = scenario(*rules, facts=facts)
    seen: set[str] = set()
    for step in played(scene, days=25, seed=seed):
        assert step.stopped is None
        assert step.at >= scene.case[0].opens  # type: ignore[operator]
        for handoff in step.after.handoffs.values():
            assert handoff.status in OPEN
            assert any(deadline.next_at and deadline.next_at >= step.at for deadline in handoff.deadlines)
        for firing in step.entry.firings if step.entry else ():
            assert firing.identity not in seen
            seen.add(firing.identity)


@settings(max_examples=60, deadline=None)
@given(rules=RULES, facts=FACTS)
def test_every_deadline_is_judged_once(rules: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    scene = scenario(*rules, facts=facts)
    run, case = Run(scene, (PACK,), timedelta(days=20), 3), planned(scene, 3)[0]
    found, ending = case_figures(run, case, PACK)
    steps = played(scene, days=20, seed=3)
    moments = [m.what for m in timeline(steps, PACK) if m.what == "deadline-set"]
    assert sum(found.deadlines.values()) == len(moments)
    assert len(ending.handoffs) == sum(times for (_, what), times in found.ends.items() if what == "created")


def test_cases_beyond_the_calendar_are_counted_and_told() -> None:
    found = figures(scenario(opens="2060-01-05T10:00:00Z", count=3))
    assert found.cases["stopped:beyond-calendar"] == 3
