"""What the plane tells an organisation of all cases at once: what the rule shows, read without reading everybody's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert

from activities.register import case_row, rule_pack_row
from activities.register_view import RegisterView
from activities.stores import migrate, open_database, writing
from console.plane_reads import PlaneReads
from models.case import CaseState
from models.plane import AboutCases, AboutDeadlines, AboutOpen
from models.register import CaseRow, DeadlineRow, HandoffRow
from models.words import Consent, Function, OrgId, case_reference
from rules.showing import OPERATOR, sees_case, sees_handoff
from tests.databases import Databases, grown, recording
from tests.rules_support import PACK, POLICE, SOC_A, SOC_B, at
from tests.test_showing import TABLE, a_case

NOW = at("2027-01-20 09:00")
OTHERS = 3_000
ROWS = (CaseRow, HandoffRow, DeadlineRow)
OPENING = grown(case_reference(0), 1).pending[0]
BUSY, BUSY_POLICE = "soc-0381", "polisen-mitt"
STATEMENTS = 4
"""The most that one question takes, however many cases there are: deadlines, their cases, rules, and one to spare."""


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param))
    migrate(opened, "register")
    with writing(opened) as session:
        session.add(rule_pack_row(recording(grown(case_reference(0), 1))))
    yield opened
    opened.dispose()


def rows_of(state: CaseState) -> tuple[CaseRow, list[HandoffRow], list[DeadlineRow]]:
    """A case as the register has it. Each handoff has a live deadline and one that has ended."""
    handoffs = [
        HandoffRow(
            case=state.case, id=handoff.id, kind=handoff.kind, urgency="acute", requester=handoff.requester,
            recipient=handoff.recipient, status=handoff.status, requested_at=NOW,
        )
        for handoff in state.handoffs.values()
    ]  # fmt: skip
    deadlines = [
        DeadlineRow(
            case=state.case, handoff=handoff.id, name=name, due=NOW + timedelta(hours=int(handoff.id[1:])), rung=0,
            recurrences=0, climbed={}, late_at_birth=False, moves=[], ended_at=ended_at,
        )
        for handoff in handoffs for name, ended_at in (("answer", None), ("receipt", NOW))
    ]  # fmt: skip
    return case_row(state, OPENING), handoffs, deadlines


def keep(engine: Engine, *states: CaseState) -> None:
    kept = [row for case, handoffs, deadlines in map(rows_of, states) for row in (case, *handoffs, *deadlines)]
    with writing(engine) as session:
        for table in ROWS:
            if rows := [row.model_dump() for row in kept if isinstance(row, table)]:
                session.connection().execute(insert(table), rows)


@contextmanager
def counted(engine: Engine) -> Iterator[Counter[str]]:
    """How many rows of each table are read, and with how many statements."""
    found: Counter[str] = Counter()

    def loaded(row: Any, _: object) -> None:
        found[type(row).__tablename__] += 1

    def executed(*_: object) -> None:
        found["statements"] += 1

    for table in ROWS:
        event.listen(table, "load", loaded)
    event.listen(engine, "before_cursor_execute", executed)
    try:
        yield found
    finally:
        for table in ROWS:
            event.remove(table, "load", loaded)
        event.remove(engine, "before_cursor_execute", executed)


# --- the rule ------------------------------------------------------------------------------------------


def cases_of_every_shape() -> list[CaseState]:
    shapes: tuple[dict[str, Any], ...] = (
        {"consent": Consent.GIVEN},
        {"consent": Consent.REFUSED},
        {"acting": {}},
        {"acting": {Function.POLICE: POLICE.id}, "handoffs": {}},
        {"acting": {Function.SOCIAL_SERVICES: SOC_A.id}, "handoffs": {}},
        {"handoffs": {"H2": a_case().handoffs["H2"]}},
        {"handoffs": {}, "opener": SOC_B.id},
    )
    return [
        a_case().model_copy(update={"case": case_reference(number)} | shape) for number, shape in enumerate(shapes, 1)
    ]


@pytest.mark.parametrize("org", [row.org for row in TABLE])
def test_exactly_what_the_rule_shows_is_told(engine: Engine, org: OrgId) -> None:
    states = cases_of_every_shape()
    keep(engine, *states)
    reads = PlaneReads(RegisterView(engine))
    seen = {state.case for state in states if sees_case(state, PACK, org)}
    told = reads.cases(org, AboutCases())
    assert {row["ref"] for row in told} == seen
    assert {(row["case"], row["handoff"], row["name"]) for row in reads.deadlines(org, AboutDeadlines())} == {
        (state.case, handoff.id, "answer")
        for state in states
        for handoff in state.handoffs.values()
        if state.case in seen and sees_handoff(state, PACK, org, handoff.kind, handoff.requester, handoff.recipient)
    }


def test_of_all_cases_at_once_the_same_is_told_as_of_each(engine: Engine) -> None:
    states = cases_of_every_shape()
    keep(engine, *states)
    reads = PlaneReads(RegisterView(engine))
    for org in (row.org for row in TABLE):
        each = [row for state in states for row in reads.deadlines(org, AboutDeadlines(case=state.case))]
        at_once = reads.deadlines(org, AboutDeadlines())
        assert sorted(at_once, key=str) == sorted(each, key=str)
        assert [row["due"] for row in at_once] == sorted(row["due"] for row in at_once)


def test_who_acts_in_a_case_is_told_to_those_who_see_it_alone(engine: Engine) -> None:
    keep(engine, a_case())
    reads = PlaneReads(RegisterView(engine))
    told = {org: reads.cases(org, AboutCases())[0]["police"] for org in (SOC_A.id, OPERATOR, POLICE.id, SOC_B.id)}
    assert told == {SOC_A.id: POLICE.id, OPERATOR: POLICE.id, POLICE.id: POLICE.id, SOC_B.id: None}


# --- how much is read ----------------------------------------------------------------------------------


def between(number: int, requester: OrgId, recipient: OrgId) -> CaseState:
    """An ordinary case of two others."""
    handoff = a_case().handoffs["H1"].model_copy(update={"requester": requester, "recipient": recipient})
    acting = {Function.SOCIAL_SERVICES: requester, Function.POLICE: recipient}
    return CaseState(
        case=case_reference(number), revision=1, opener=requester, acting=acting, opened_at=NOW,
        handoffs={handoff.id: handoff},
    )  # fmt: skip


def test_what_others_do_costs_an_organisation_nothing(engine: Engine) -> None:
    keep(engine, *(between(number, BUSY, BUSY_POLICE) for number in range(1, OTHERS + 1)))
    reads, mine = PlaneReads(RegisterView(engine)), between(OTHERS + 1, "soc-1880", "polisen-bergslagen")
    for involved in (0, 1):
        for org in ("soc-1880", "polisen-bergslagen"):
            questions: tuple[tuple[Callable[..., list[Any]], Any], ...] = (
                (reads.cases, AboutCases()),
                (reads.deadlines, AboutDeadlines()),
                (reads.open_between, AboutOpen(recipient=org)),
            )
            for answer, asked in questions:
                with counted(engine) as found:
                    told = answer(org, asked)
                assert len(told) <= involved
                assert found.pop("statements") <= STATEMENTS
                assert max(found.values(), default=0) <= involved, found
            assert len(reads.deadlines(org, AboutDeadlines())) == involved
        if not involved:
            keep(engine, mine)
    assert len(reads.deadlines(BUSY, AboutDeadlines())) == OTHERS
