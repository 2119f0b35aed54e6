"""A desk's disposal on a real Temporal server that skips time: it wakes, waits for the archive role, and is done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig
from temporalio.worker import Replayer, Worker

from activities.disposal import Disposal
from activities.stores import open_database
from models.access import Role
from models.contracts import PLANE_QUEUE, Refusal, desk_queue
from models.retention import (
    DISPOSE,
    LOOK,
    Approved,
    Asked,
    Errand,
    ListRefused,
    LookAsked,
    Pace,
    Reply,
    RetentionReceipt,
    RetentionState,
    WaitingList,
    workflow_id,
)
from models.settings import Settings
from rules.retention import years_after
from tests.databases import Databases
from tests.disposal_support import MARKER, ORG, Desk, reader
from tests.sealed_histories import contents
from tests.support import eventually, free_port
from worker import sandbox
from workflows.connection import connect
from workflows.disposals import NotServed, ask, standing, start_retention
from workflows.retention import RetentionWorkflow
from workflows.server import EmbeddedServer

PACE = Pace()
BRISK = Pace(offered_for=timedelta(seconds=1), retry_first=timedelta(seconds=0.2), silent_after=timedelta(seconds=1))


class DeskInSkippedTime:
    """A desk's activities, on a machine whose clock goes with the server's: also when that skips time."""

    def __init__(self, desk: Desk) -> None:
        self.now = datetime.now(UTC)
        self.disposal = Disposal(desk.files, desk.keys, clock=lambda: self.now)

    @activity.defn(name=LOOK)
    def look(self, errand: Errand) -> Reply:
        self.now = errand.next_try
        return self.disposal.look(errand)

    @activity.defn(name=DISPOSE)
    def carry_out(self, errand: Errand) -> Reply:
        self.now = errand.next_try
        return self.disposal.carry_out(errand)


@pytest.fixture(scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    settings = Settings(var=tmp_path_factory.mktemp("server"), temporal_address=f"127.0.0.1:{free_port()}")
    server = EmbeddedServer(settings)
    try:
        await server.start()
        yield await connect(settings)
    finally:
        await server.stop()


@pytest.fixture
def desk(databases: Databases, tmp_path: Path) -> Desk:
    engine = open_database(databases.url("sqlite", "desk"))
    return Desk(engine, tmp_path)


@asynccontextmanager
async def plane(client: Client) -> AsyncIterator[None]:
    async with Worker(client, task_queue=PLANE_QUEUE, workflows=[RetentionWorkflow], workflow_runner=sandbox()):
        yield


@asynccontextmanager
async def served(client: Client, desk: Desk) -> AsyncIterator[None]:
    work = DeskInSkippedTime(desk)
    with ThreadPoolExecutor(1) as threads:
        async with Worker(
            client, task_queue=desk_queue(ORG), activities=[work.look, work.carry_out], activity_executor=threads
        ):
            yield


@asynccontextmanager
async def disposal(client: Client, pace: Pace = PACE, events_per_run: int = 400) -> AsyncIterator[None]:
    """The desk's disposal, begun anew, and ended with the test."""
    async with plane(client):
        await start_retention(client, ORG, pace, events_per_run)
        try:
            yield
        finally:
            await client.get_workflow_handle(workflow_id(ORG)).terminate()


async def state(client: Client, good: Callable[[RetentionState], bool]) -> RetentionState:
    async def look() -> RetentionState:
        return (await standing(client, ORG)).state

    return await eventually(look, good)


async def skip(client: Client, forward: timedelta) -> None:
    await state(client, lambda now: now.errand is None)
    handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(workflow_id(ORG))
    described = await handle.describe()
    assert not described.raw_description.pending_activities
    async with asyncio.timeout(60):
        assert await TimeSkipper(client, config=TimeSkippingConfig(enabled=False)).fast_forward(handle, forward)
    await state(client, lambda now: now.errand is None)


def approval(waiting: WaitingList, role: Role = Role.ARCHIVIST, **changes: str) -> Approved:
    told = {"key": str(uuid4()), "org": ORG, "list": waiting.id, "digest": waiting.digest} | changes
    return Approved.model_validate(told | {"role": role})


async def refused(client: Client, event: Asked) -> str:
    answer = await ask(client, event)
    assert isinstance(answer, Refusal), answer
    return answer.code


def falls_due_in(days: int) -> datetime:
    """When something was last entered in a file that may be disposed of from so many days from now."""
    return datetime.combine(
        years_after(datetime.now(UTC).date() + timedelta(days=days - 1), -5), datetime.min.time(), UTC
    ) + timedelta(hours=9)


async def test_a_file_that_falls_due_in_forty_days_is_listed_then_waits_and_goes_when_it_is_approved(
    client: Client, desk: Desk
) -> None:
    case = desk.closed_file(at=falls_due_in(40))
    async with served(client, desk), disposal(client):
        quiet = await state(client, lambda now: now.errand is None and now.revision > 0)
        assert quiet.list is None
        await skip(client, timedelta(days=31))
        assert (await state(client, lambda now: now.revision > quiet.revision)).list is None
        await skip(client, timedelta(days=11))
        waits = (await state(client, lambda now: now.list is not None)).list
        assert waits is not None
        assert waits.files == 1
        await skip(client, timedelta(days=90))
        still = (await standing(client, ORG)).state
        assert (still.list, desk.rows(case) > 0) == (waits, True)  # for as long as it takes

        for event, why in (
            (approval(waits, Role.CASEWORKER), "not-the-archive-role"),
            (approval(waits, digest="0" * 64), "list-has-changed"),
            (approval(waits, list=str(uuid4())), "no-such-list"),
        ):
            assert await refused(client, event) == why
        now = (await standing(client, ORG)).now
        assert isinstance(desk.disposal.approve(waits.id, waits.digest, reader(), now), WaitingList)
        event = approval(waits)
        first = await ask(client, event)
        assert isinstance(first, RetentionReceipt)
        assert await ask(client, event) == first
        done = await state(client, lambda now: now.certificates == 1)
        assert desk.rows(case) == 0
        assert [row.id for row in desk.disposal.certificates()] == [done.last_certificate]
        assert await refused(client, approval(waits)) == "list-is-over"


async def test_an_approval_that_the_desk_never_gave_destroys_nothing(client: Client, desk: Desk) -> None:
    case = desk.closed_file(at=falls_due_in(-3))
    async with served(client, desk), disposal(client):
        waits = (await state(client, lambda now: now.list is not None)).list
        assert waits is not None
        before = await state(client, lambda now: now.errand is None)
        assert isinstance(await ask(client, approval(waits)), RetentionReceipt)  # somebody who runs the plane, say
        after = await state(client, lambda now: now.revision > before.revision + 2 and now.errand is None)
        assert (after.list, after.certificates) == (waits, 0)
        assert desk.rows(case) > 0


async def test_an_approval_given_while_the_plane_was_away_is_carried_out_when_it_is_back(
    client: Client, desk: Desk
) -> None:
    case, now = desk.closed_file(at=falls_due_in(-3)), datetime.now(UTC)
    waits = desk.waiting(now)
    desk.disposal.approve(waits.id, waits.digest, reader(), now)
    with pytest.raises(NotServed):
        await ask(client, approval(waits, org="soc-9999"))
    async with served(client, desk), disposal(client):
        await state(client, lambda now: now.certificates == 1)
    assert desk.rows(case) == 0


async def test_a_desk_that_is_down_is_asked_again_is_told_of_and_loses_nothing(client: Client, desk: Desk) -> None:
    desk.closed_file(at=falls_due_in(-3))
    async with disposal(client, BRISK):
        silent = await state(client, lambda now: now.silent)
        assert silent.errand is not None
        assert silent.errand.attempts >= 1
        async with served(client, desk):
            found = await state(client, lambda now: now.list is not None)
            assert (found.silent, found.list is not None and found.list.files) == (False, 1)


async def test_a_refused_list_stays_refused_and_another_comes_in_a_month(client: Client, desk: Desk) -> None:
    case = desk.closed_file(at=falls_due_in(-3))
    async with served(client, desk), disposal(client):
        waits = (await state(client, lambda now: now.list is not None)).list
        assert waits is not None
        desk.disposal.refuse(waits.id, waits.digest, reader(), datetime.now(UTC))
        told = ListRefused(key=str(uuid4()), org=ORG, role=Role.ARCHIVIST, list=waits.id, digest=waits.digest)
        assert isinstance(await ask(client, told), RetentionReceipt)
        await skip(client, timedelta(days=29))
        assert (await standing(client, ORG)).state.list is None
        await skip(client, timedelta(days=2))
        again = (await state(client, lambda now: now.list is not None)).list
        assert again is not None
        assert (again.id != waits.id, desk.rows(case) > 0) == (True, True)


async def test_a_long_history_continues_as_new_and_keeps_the_list(client: Client, desk: Desk) -> None:
    case = desk.closed_file(at=falls_due_in(-3))
    async with served(client, desk), disposal(client, events_per_run=40):
        first = await client.get_workflow_handle(workflow_id(ORG)).describe()
        waits = (await state(client, lambda now: now.list is not None)).list
        assert waits is not None
        for _ in range(12):
            await state(client, lambda now: now.errand is None)
            assert isinstance(await ask(client, LookAsked(key=str(uuid4()), org=ORG)), RetentionReceipt)
        later = await client.get_workflow_handle(workflow_id(ORG)).describe()
        assert later.run_id != first.run_id
        desk.disposal.approve(waits.id, waits.digest, reader(), datetime.now(UTC))
        assert isinstance(await ask(client, approval(waits)), RetentionReceipt)
        await state(client, lambda now: now.certificates == 1)
        assert desk.rows(case) == 0


async def test_temporal_keeps_no_reference_to_a_case_and_the_history_replays(client: Client, desk: Desk) -> None:
    cases = [desk.closed_file(at=falls_due_in(-3)) for _ in range(3)]
    async with served(client, desk), disposal(client):
        waits = (await state(client, lambda now: now.list is not None)).list
        assert waits is not None
        desk.disposal.approve(waits.id, waits.digest, reader(), datetime.now(UTC))
        await ask(client, approval(waits))
        await state(client, lambda now: now.certificates == 1)
        history = await client.get_workflow_handle(workflow_id(ORG)).fetch_history()
    told = json.dumps(history.to_json_dict())
    raw = b"".join(event.SerializeToString() for event in history.events) + contents(history, client)
    for word in (*cases, MARKER, "arkiv-01", "ordinary", "social-services-five-years"):
        assert word not in told
        assert word.encode() not in raw
    assert waits.digest.encode() in raw
    replayer = Replayer(workflows=[RetentionWorkflow], data_converter=client.data_converter, workflow_runner=sandbox())
    await replayer.replay_workflow(history)
