"""A desk may be down for days: the case goes on, somebody is told once, and in the end the desk gets all of it once."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select
from temporalio.client import WorkflowHistory

from activities.rule_packs import PACKS
from activities.stores import desk_url, open_database, register_url
from console.answers import Answer
from console.casework import Casework
from models.contracts import Standing
from models.desk_tables import InboxRow, TaskRow
from models.events import DeskAnswered, DeskSilent
from models.handoffs import Act, Status
from models.register import OutboxRow
from models.words import CaseRef
from tests.durability_support import (
    EVENT,
    POLICE,
    SOCIAL,
    Worker,
    assert_nothing_lost_or_doubled,
    intake,
    quick_offers,
    runs,
)
from tests.support import Stack, eventually, register_of, settled, temporal_of
from workflows.server import EmbeddedServer


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Stack]:
    """The coordination plane and the desk of social services, beside a Temporal server; the police's desk is down."""
    packs = quick_offers(shutil.copytree(PACKS, tmp_path / "packs"))
    stack = Stack(tmp_path / "var", UTVAG_RULE_PACKS=str(packs), UTVAG_EVENTS_PER_RUN="60")
    temporal = EmbeddedServer(stack.settings)
    try:
        await temporal.start()
        stack.start("--plane", "--desk", SOCIAL)
        yield stack
    finally:
        stack.end()
        await temporal.stop()


async def test_a_desk_that_was_down_for_five_days_gets_everything_once(plane: Stack) -> None:
    casework = plane.casework()
    case = await casework.open_case(intake("ordinary", "2027-03-01T09:00:00+01:00", consent="given"))
    threat = next(h for h in (await settled(casework, case)).state.handoffs.values() if h.recipient == POLICE)
    person = Worker(casework, case)
    await person.accepts()

    await let_time_pass(casework, case, timedelta(minutes=13))
    assert alarms(casework, case) == Counter()
    await let_time_pass(casework, case, timedelta(minutes=3))
    first = Counter({(threat.id, SOCIAL, "officer"): 1, (None, POLICE, "operator"): 1})
    assert alarms(casework, case) == first

    more = await casework.send(case, "police-track", POLICE, SOCIAL)
    mistake = await casework.send(case, "grant-application", POLICE, SOCIAL)
    assert mistake.handoff is not None
    await casework.act(case, mistake.handoff, Act.WITHDRAW, SOCIAL, Answer(reason="sent-in-error"))
    for _ in range(5):
        await let_time_pass(casework, case, timedelta(days=1))
        await person.works(1)
    assert (await casework.standing(case)).now.day == 6
    assert alarms(casework, case)[threat.id, SOCIAL, "officer"] == 1
    assert received(casework, case) == ([], [])

    same = {k: v for k, v in plane.environment.items() if k.startswith("UTVAG_") and k != "UTVAG_HEALTH_PORT"}
    police = Stack(plane.var, **same)
    try:
        police.start("--desk", POLICE)
        while (await casework.standing(case)).state.desk_effects:
            await let_time_pass(casework, case, timedelta(hours=1))
        assert received(casework, case) == ([threat.id, more.handoff], [mistake.handoff])
        await casework.act(case, threat.id, Act.ACKNOWLEDGE, POLICE)
    finally:
        police.kill()

    state = await assert_nothing_lost_or_doubled(casework, case, person)
    assert state.handoffs[threat.id].status is Status.RECEIVED
    await person.repeats_everything()
    assert (await casework.standing(case)).state == state
    log = [EVENT.validate_python(row.event) for row in register_of(casework).history(case)]
    answers = Counter(event.effect for event in log if isinstance(event, DeskAnswered))
    assert set(answers.values()) == {1}
    assert sum(isinstance(event, DeskSilent) for event in log) >= 10
    histories = await runs(await temporal_of(casework), case)
    assert len(histories) >= 3, "it went on across continue-as-new"
    for history in histories[:-1]:
        assert pending_at_the_end(history) == set()


async def let_time_pass(casework: Casework, case: CaseRef, span: timedelta) -> None:
    """Moves the case's time, and waits until the desk has been asked again in vain."""
    await casework.advance(case, span)

    async def look() -> Standing:
        return await casework.standing(case)

    await eventually(look, lambda told: all(e.next_try > told.now for e in told.state.desk_effects.values()))
    await settled(casework, case)


def alarms(casework: Casework, case: CaseRef) -> Counter[tuple[str | None, str, str]]:
    """Who has been told that the desk can't be reached: about which handoff, organisation, role, how many times."""
    with Session(open_database(register_url(casework.settings))) as session:
        rows = session.exec(select(OutboxRow).where(OutboxRow.case == case, OutboxRow.about == "desk-unreachable"))
        return Counter((row.handoff, row.org, row.role) for row in rows)


def received(casework: Casework, case: CaseRef) -> tuple[list[str], list[str]]:
    """What has come to the police: the handoffs in their Att göra, and those that were taken back."""
    casework.desk(POLICE)
    with Session(open_database(desk_url(casework.settings, POLICE))) as session:
        rows = session.exec(select(InboxRow).where(InboxRow.case == case).order_by(col(InboxRow.handoff))).all()
        tasks = session.exec(select(TaskRow)).all()
        assert len(tasks) == len(rows), "each was delivered once"
        here = [row.handoff for row in rows if row.taken_back_at is None]
        return here, [row.handoff for row in rows if row.taken_back_at is not None]


def pending_at_the_end(history: WorkflowHistory) -> set[int]:
    """Activities that a run scheduled and did not hear of again."""
    scheduled = {e.event_id for e in history.events if e.HasField("activity_task_scheduled_event_attributes")}
    ended = {
        getattr(event, field).scheduled_event_id
        for event in history.events
        for field in ENDS
        if event.HasField(field)  # type: ignore[arg-type]
    }
    return scheduled - ended


ENDS = (
    "activity_task_completed_event_attributes",
    "activity_task_failed_event_attributes",
    "activity_task_timed_out_event_attributes",
)
