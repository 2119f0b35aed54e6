"""A rung sounds once, however the programs die around its instant: kill -9 before it, at it, and after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from console.casework import Casework
from models.handoffs import Act, DeadlineName
from models.register import FiringRow
from models.words import CaseRef, HandoffId
from tests.durability_support import (
    POLICE,
    SOCIAL,
    Worker,
    assert_nothing_lost_or_doubled,
    held_up,
    intake,
    posted,
    runs,
)
from tests.support import Stack, eventually, register_of, settled, temporal_of
from workflows.server import EmbeddedServer

NIGHT = "2027-01-05T22:46:00+01:00"
ACK = DeadlineName.ACKNOWLEDGEMENT
LEFT = timedelta(seconds=3)
"""Real time from when a test gets its case until the rung's instant."""
ON_CALL = [f"on-call@{POLICE}.example", f"on-call@{SOCIAL}.example"]


class Parts:
    """The Temporal server and the worker, each to be killed and started by itself."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.server = stack, EmbeddedServer(stack.settings)

    async def kill(self, *parts: str) -> None:
        """kill -9 of `worker`, `server` or both."""
        if "worker" in parts and self.stack.process is not None:
            self.stack.kill()
        if "server" in parts:
            self.stack.kill_temporal()
            await gone(self.server)

    async def start(self) -> None:
        """Starts what is not running."""
        if not self.server.is_running:
            await self.server.start()
        if self.stack.process is None:
            self.stack.launch("--plane", "--desk", SOCIAL, "--desk", POLICE)
        await asyncio.to_thread(self.stack.wait_until_healthy)


async def gone(server: EmbeddedServer) -> None:
    async def running() -> bool:
        return server.is_running

    await eventually(running, lambda still: not still)


class Sleeper(NamedTuple):
    """A case in which nothing happens until one rung's instant: the police have two hours to answer."""

    case: CaseRef
    handoff: HandoffId
    due: datetime
    """In the case's own time."""
    instant: datetime
    """The same in real time."""


@pytest.fixture(scope="module")
async def parts_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    stack = Stack(tmp_path_factory.mktemp("crash") / "var", UTVAG_EVENTS_PER_RUN="40")
    parts = Parts(stack)
    try:
        yield parts
    finally:
        stack.end()
        await parts.server.stop()


@pytest.fixture
async def parts(parts_of_their_own: Parts) -> Parts:
    """Each test finds both running, whatever the test before it did to them."""
    await parts_of_their_own.start()
    return parts_of_their_own


async def asleep(casework: Casework, left: timedelta = LEFT, busy: int = 0) -> Sleeper:
    """A new case, its clock set so that this much real time is left; before that, `busy` rounds of other work in it."""
    case = await casework.open_case(intake("acute", NIGHT))
    standing = await settled(casework, case)
    for handoff in standing.state.handoffs.values():
        if handoff.recipient == SOCIAL:
            await casework.act(case, handoff.id, Act.ACCEPT, SOCIAL)
    await Worker(casework, case).works(busy)
    standing = await settled(casework, case)
    (threat,) = (h for h in standing.state.handoffs.values() if h.kind == "threat-assessment")
    (due,) = (d.next_at for d in threat.deadlines if d.name is ACK)
    assert due is not None
    standing = await casework.advance(case, due - standing.now - left)
    await settled(casework, case)
    assert fired(casework, case) == []
    sleeper = Sleeper(case, threat.id, due, due - standing.state.clock_offset)
    assert datetime.now(UTC) < sleeper.instant
    return sleeper


def fired(casework: Casework, case: CaseRef) -> list[FiringRow]:
    return register_of(casework).firings(case)


async def passed(sleeper: Sleeper) -> None:
    """Waits until the rung's instant is past."""

    async def now() -> datetime:
        return datetime.now(UTC)

    await eventually(now, lambda now: now > sleeper.instant + timedelta(milliseconds=200))


async def assert_sounded_once(parts: Parts, casework: Casework, sleeper: Sleeper, since: datetime) -> None:
    """One firing of one rung, not before `since` (real time), one letter to each of the two, and log equals state."""

    async def look() -> list[FiringRow]:
        return fired(casework, sleeper.case)

    (row,) = await eventually(look, bool)
    assert (row.handoff, row.deadline, row.rung, row.recurrence, row.due) == (sleeper.handoff, ACK, 1, 0, sleeper.due)
    assert row.at - (sleeper.due - sleeper.instant) >= max(since, sleeper.instant)
    await assert_nothing_lost_or_doubled(casework, sleeper.case)
    assert await posted(parts.stack, casework, sleeper.case) == ON_CALL
    assert fired(casework, sleeper.case) == [row]


@pytest.mark.parametrize("killed", [("worker",), ("server",), ("worker", "server")], ids="-and-".join)
async def test_a_rung_whose_instant_passes_while_it_is_dead_sounds_once_at_the_next_start(
    parts: Parts, killed: tuple[str, ...]
) -> None:
    casework = parts.stack.casework()
    sleeper = await asleep(casework)
    await parts.kill(*killed)
    assert datetime.now(UTC) < sleeper.instant, "it died before the rung's instant"
    await passed(sleeper)
    assert fired(casework, sleeper.case) == []
    started = datetime.now(UTC)
    await parts.start()
    await assert_sounded_once(parts, parts.stack.casework(), sleeper, started)


async def sounding(casework: Casework, sleeper: Sleeper) -> None:
    """Waits until the rung has fired in the case, whatever the register knows of it."""

    async def rungs() -> int:
        threat = (await casework.standing(sleeper.case)).state.handoffs[sleeper.handoff]
        return max(deadline.rung for deadline in threat.deadlines)

    await eventually(rungs, lambda rung: rung == 1)


async def test_a_worker_killed_after_the_rung_fired_and_before_it_was_recorded_records_it_once(parts: Parts) -> None:
    casework = parts.stack.casework()
    sleeper = await asleep(casework)
    with held_up(parts.stack.var / "register.db"):
        await sounding(casework, sleeper)
        assert fired(casework, sleeper.case) == []
        await parts.kill("worker")
    await parts.start()
    await assert_sounded_once(parts, casework, sleeper, sleeper.instant)


async def test_a_rung_that_was_recorded_but_not_confirmed_is_recorded_once(parts: Parts) -> None:
    """The register has it, Temporal never heard so, and the recording is done again."""
    casework = parts.stack.casework()
    sleeper = await asleep(casework)

    async def recorded() -> list[FiringRow]:
        return fired(casework, sleeper.case)

    with held_up(parts.stack.var / "register.db"):
        await sounding(casework, sleeper)
        await parts.kill("server")
    await eventually(recorded, bool)
    await parts.kill("worker")
    await parts.start()
    assert (await parts.stack.casework().standing(sleeper.case)).state.pending
    await assert_sounded_once(parts, parts.stack.casework(), sleeper, sleeper.instant)


async def test_a_rung_carried_through_many_runs_sounds_once_when_the_worker_dies_under_people_at_work(
    parts: Parts,
) -> None:
    """The case continues as new again and again: before the rung's instant, around it, and after it."""
    casework = parts.stack.casework()
    sleeper = await asleep(casework, timedelta(seconds=5), busy=4)
    person = Worker(casework, sleeper.case)
    await person.works(3)
    carried = len(await runs(await temporal_of(casework), sleeper.case))
    assert carried > 1
    async with asyncio.TaskGroup() as work:
        work.create_task(person.works(8))
        await answered(person, 10)
        await parts.kill("worker")
        assert datetime.now(UTC) < sleeper.instant, "it died before the rung's instant"
        await passed(sleeper)
        started = datetime.now(UTC)
        await parts.start()
    await assert_sounded_once(parts, casework, sleeper, started)
    await assert_nothing_lost_or_doubled(casework, sleeper.case, person)
    assert len(await runs(await temporal_of(casework), sleeper.case)) > carried


async def answered(person: Worker, times: int) -> None:
    async def answers() -> int:
        return len(person.receipts)

    await eventually(answers, lambda count: count >= times)
