"""A thousand handoffs fall due at the same instant, on a real server: each of them sounds, and each once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from console import opening
from console.casework import Casework
from models.case import CaseState
from models.contracts import CaseInput
from models.events import Actor, ClockMoved, Opened, Sent
from models.handoffs import Act, DeadlineName
from models.packs import DeadlineRule, Met, RulePack, Rung
from models.register import FiringRow
from models.words import CaseRef, Function, HandoffId, Urgency, case_reference
from rules.checks import faults
from tests.changed_rules import length, span
from tests.durability_support import SOCIAL, assert_nothing_lost_or_doubled, insisted, intake
from tests.rules_support import PACK, at
from tests.support import Stack, eventually, register_of, running_stack, settled, temporal_of
from workflows import cases

CASES, IN_EACH = 40, 25
KIND, ASKED = "dated-question", "boende-almen"
OPENED_AT, DATE, DUE = "2027-03-01T09:00:00+01:00", at("2027-03-01 09:10"), at("2027-03-01 09:20")
"""In the cases' own time, all of it before anything else in them falls due."""
AHEAD = timedelta(seconds=40)
"""From when the last case's clock has been set until the instant at which all of it is due."""
BETWEEN = timedelta(seconds=5)
"""From the first rung to the second."""
MINUTE = timedelta(minutes=1)


def dated_rules() -> RulePack:
    """Rules by which a question is due ten minutes after a date of its own; those on call hear of it twice."""
    due = DeadlineRule(
        term=length("10 min", if_late_at_birth=span("1 h")),
        met=Met.COMPLETED,
        ladder="acute",
        source_instant="anchor",
    )
    like = PACK.kinds["placement-question"]
    kind = like.model_copy(
        update={
            "code": KIND,
            "recipient": (Function.HOUSING_PROVIDER,),
            "repeatable": True,
            "may_hold": False,
            "may_return": False,
            "if_unmet": "find-another-way",
            "reasons": {act: why for act, why in like.reasons.items() if act not in (Act.HOLD, Act.RETURN)},
            "deadlines": {Urgency.ACUTE: {DeadlineName.DECISION: due}},
        }
    )
    acute = PACK.ladders["acute"]
    second = Rung(after=span(f"{BETWEEN.seconds} s"), to=acute.rungs[1].to)
    ladder = acute.model_copy(update={"rungs": (acute.rungs[0], second)})
    pack = PACK.model_copy(update={"kinds": PACK.kinds | {KIND: kind}, "ladders": PACK.ladders | {"acute": ladder}})
    assert faults(pack) == ()
    return pack


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("many") / "var") as running:
        yield running


@pytest.mark.timeout(300)
async def test_a_thousand_handoffs_due_at_the_same_instant_all_sound_and_each_once(busy: Stack) -> None:
    casework, rules = busy.casework(), dated_rules()
    desk, opener = casework.desk(SOCIAL), casework.organisation(SOCIAL)
    start = opening.drawn(casework, desk, intake("ordinary", OPENED_AT), opener, str(uuid4())).event
    starts = [another(start, number, rules) for number in range(CASES)]
    await temporal_of(casework)
    opened = await asyncio.gather(*(case_with_questions(casework, start) for start in starts))
    for case in opened:
        await settled(casework, case)
    instant = datetime.now(UTC) + AHEAD
    await asyncio.gather(*(set_clock(casework, case, instant) for case in opened))
    assert not [row for case in opened for row in register_of(casework).firings(case)], "nothing sounds before it"
    assert datetime.now(UTC) < instant, "every clock was set before it"
    rows = [row for case in opened for row in await both_rungs(casework, case)]
    assert Counter((row.case, row.handoff, row.rung, row.recurrence) for row in rows) == Counter(
        (case, question, rung, 0) for case in opened for question in questions(casework, case) for rung in (1, 2)
    )
    assert len(rows) == 2 * CASES * IN_EACH
    assert {(row.rung, row.due) for row in rows} == {(1, DUE), (2, DUE + BETWEEN)}
    late = {rung: [row.at - row.due for row in rows if row.rung == rung] for rung in (1, 2)}
    assert all(timedelta(0) <= each < MINUTE for lates in late.values() for each in lates)
    print(f"{len(late[1])} handoffs due at once: the latest rung 1 after {max(late[1])}, rung 2 after {max(late[2])}")
    for case in opened:
        await assert_nothing_lost_or_doubled(casework, case)
        assert_each_was_told_once(casework, case)


def assert_each_was_told_once(casework: Casework, case: CaseRef) -> None:
    """Those on call at both ends, then their managers: one notice each."""
    ends, roles = (ASKED, SOCIAL), ("on-call", "manager-on-call")
    told = Counter((row.handoff, row.about, row.org, row.role) for row in register_of(casework).notices(case))
    assert told == Counter((h, "rung", org, role) for h in questions(casework, case) for org in ends for role in roles)


def questions(casework: Casework, case: CaseRef) -> list[HandoffId]:
    found = [row.id for row in register_of(casework).handoffs(case) if row.kind == KIND]
    assert len(found) == IN_EACH
    return found


def another(start: Opened, number: int, rules: RulePack) -> CaseInput:
    """The same opening as another case, under these rules."""
    state = CaseState(case=case_reference(number), training=start.training, clock_offset=start.clock_offset)
    return CaseInput(state=state, pack=rules, opening=start.model_copy(update={"key": str(uuid4())}))


async def case_with_questions(casework: Casework, start: CaseInput) -> CaseRef:
    """A new case with its share of the questions, sent one after another."""
    case = start.state.case
    await cases.start_case(await temporal_of(casework), start)
    for _ in range(IN_EACH):
        question = Sent(
            key=str(uuid4()),
            by=Actor(org=SOCIAL),
            handoff_kind=KIND,
            sender=casework.organisation(SOCIAL).organisation(),
            recipient=casework.organisation(ASKED).organisation(),
            urgency=Urgency.ACUTE,
            anchor=DATE,
        )
        await insisted(casework, case, question)
    return case


async def set_clock(casework: Casework, case: CaseRef, instant: datetime) -> None:
    """Moves the case's time so that its questions fall due at this instant of the real time."""
    offset = (await casework.standing(case)).state.clock_offset
    forward = DUE - instant - offset
    await insisted(casework, case, ClockMoved(key=str(uuid4()), by=Actor(org=SOCIAL), forward=forward))


async def both_rungs(casework: Casework, case: CaseRef) -> list[FiringRow]:
    async def look() -> list[FiringRow]:
        return register_of(casework).firings(case)

    return await eventually(look, lambda rows: len(rows) >= 2 * IN_EACH, MINUTE.seconds)
