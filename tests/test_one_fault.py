"""One thing that is broken stops nothing else, and is told of."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio import activity
from temporalio.worker import Worker

from activities.directory import load_directory
from activities.notices import MailFolder, Outbox
from activities.register import Register
from activities.register_view import RegisterView
from activities.stores import migrate, open_database
from models.case import CaseState
from models.contracts import desk_queue
from models.desk_work import DeskTask
from models.events import TimePassed
from models.handoffs import Act
from models.intake import Intake
from models.words import CaseRef
from rules.case import decide
from tests.command_line import intake
from tests.databases import grown, recording
from tests.rules_support import PACK, REF
from tests.support import Stack, eventually, temporal_of
from workflows.server import EmbeddedServer


async def test_a_desk_that_does_not_open_stops_no_other_and_is_named(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "var")
    (stack.var / "desks").mkdir(parents=True)
    (stack.var / "desks" / "polisen-mitt.db").write_bytes(b"this is no database" * 200)
    try:
        stack.launch()

        async def health() -> dict[str, Any]:
            return await asyncio.to_thread(stack.health)

        told = await eventually(health, lambda h: h.get("desks_that_do_not_open") == ["polisen-mitt"])
        assert told["status"] == "failing"
        casework = stack.casework()
        case = await casework.open_case(Intake.model_validate(intake(urgency="acute")))
        await eventually(health, lambda h: "soc-0381" in h["desks"])
        receipt = await casework.act(case, "H1", Act.ACKNOWLEDGE, "soc-0381")
        assert receipt.status == "received"
    finally:
        stack.end()


async def test_a_desk_that_answers_nonsense_counts_as_silent(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "var")
    temporal = EmbeddedServer(stack.settings)

    @activity.defn(name="receive")
    async def nonsense(_: DeskTask) -> dict[str, str]:
        return {"answer": "I am no desk"}

    try:
        await temporal.start()
        stack.start("--plane")
        casework = stack.casework()
        queue = desk_queue("soc-0381")
        async with Worker(await temporal_of(casework), task_queue=queue, activities=[nonsense]):
            case = await casework.open_case(Intake.model_validate(intake()))

            async def attempts() -> list[int]:
                standing = await casework.standing(case)
                return [e.attempts for e in standing.state.desk_effects.values()]

            await eventually(attempts, lambda tried: bool(tried) and min(tried) >= 1)
            receipt = await casework.act(case, "H1", Act.ACKNOWLEDGE, "soc-0381")
        assert receipt.status == "received"
    finally:
        stack.end()
        await temporal.stop()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    opened = open_database(f"sqlite:///{tmp_path / 'register.db'}")
    migrate(opened, "register")
    return opened


@pytest.fixture
def register(engine: Engine) -> Register:
    return Register(engine)


@pytest.fixture
def overdue(register: Register, engine: Engine) -> RegisterView:
    """A register with one case whose reminders have all fired on time, and their notices waiting."""
    state = grown(REF, 3)
    later = max(entry.at for entry in state.pending) + timedelta(days=20)
    outcome = decide(state, TimePassed(), later, PACK)
    assert isinstance(outcome, CaseState)
    register.record(recording(outcome))
    return RegisterView(engine)


def test_one_notice_that_cannot_be_delivered_stops_no_other(
    overdue: RegisterView, register: Register, tmp_path: Path
) -> None:
    rows = overdue.undelivered(100)
    assert len(rows) > 1
    post = MailFolder(tmp_path / "mail")
    outbox = Outbox(overdue, register, load_directory(), post)
    in_the_way = tmp_path / "mail" / post.file_name(rows[0].id)
    in_the_way.mkdir()
    assert outbox.deliver_waiting() == len(rows) - 1
    assert [row.id for row in overdue.undelivered(100)] == [rows[0].id]
    in_the_way.rmdir()
    assert outbox.deliver_waiting() == 1
    assert overdue.undelivered(100) == []


def test_a_case_that_should_have_woken_and_has_not_is_found(overdue: RegisterView) -> None:
    next_at = min(d.next_at for d in overdue.deadlines(REF) if d.next_at)
    grace = timedelta(minutes=2)
    assert overdue.overslept(next_at + timedelta(minutes=1), grace) == []
    assert overdue.overslept(next_at + timedelta(minutes=3), grace) == [CaseRef(REF)]
