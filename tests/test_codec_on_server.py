"""The seal on a real server: what Temporal keeps and shows tells nothing, and keys turn under an open case."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from console.answers import Answer
from console.casework import Casework
from models.events import Acted
from models.handoffs import Act
from models.settings import Settings
from models.words import CaseRef
from tests.durability_support import POLICE, SOCIAL, assert_nothing_lost_or_doubled, intake, runs
from tests.durability_support import Worker as Person
from tests.sealed_histories import in_plain, payloads_of
from tests.support import Stack, eventually, free_port, register_of, running_stack, settled, temporal_of
from tests.test_replay import leaves, payloads
from workflows import cases
from workflows.codec import KEY, SEALED, is_sealed
from workflows.connection import Unavailable, connect, sealed
from workflows.key_ring import BadRing, RingFile, add_key, fresh_key, load_ring, read_ring, retire_key, rotate_ring
from workflows.key_ring import ring_path as path_of
from workflows.server import EmbeddedServer, binary

IN_CLEAR = re.compile(
    r"(EVENT_TYPE|TASK_QUEUE_KIND|TIMEOUT_TYPE|RETRY_STATE)_[A-Z_]+|[0-9.]+s?|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"
    r"|U-[0-9A-Z]{4}-[0-9A-Z]{4}"  # the case's reference: the workflow's id
    r"|case|submit|adopt-rules|record-revisions|check-reply|receive|take-back|conclude-assessment|find-candidates|collect"
    r"|retention(-look|-dispose)?"  # what is done
    r"|plane|desk-[a-z]+(-[a-z]+)?(-[0-9]{4})?"  # by whose desk
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/request)?"  # runs, requests, updates
    r"|[0-9]+@[A-Za-z0-9.-]+|[0-9a-f]{32}"  # which process
    r"|temporal-python|1\.[0-9]+\.[0-9]+|request-from-RespondWorkflowTaskCompleted|Encoded failure|"
)
"""All that a history says outside its payloads. None of it is about a person."""


def told_in_clear(node: Any) -> Iterator[str]:
    """Every text of a history that is not in a payload."""
    if isinstance(node, list):
        for part in node:
            yield from told_in_clear(part)
    elif isinstance(node, dict):
        if not {"metadata"} <= node.keys() <= {"metadata", "data"}:
            for part in node.values():
                yield from told_in_clear(part)
    elif isinstance(node, str):
        yield node


async def worked_on(casework: Casework) -> CaseRef:
    """A case with some life in it: desks asked, requests answered, one of them refused."""
    case = await casework.open_case(intake("acute", needs=["protected-housing"]))
    person = Person(casework, case)
    await person.accepts()
    await person.works(2)
    await settled(casework, case)
    return case


def temporal(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Temporal's own command line, as somebody without the keys uses it."""
    address = ("--address", stack.settings.temporal_address, "--namespace", stack.settings.temporal_namespace)
    return subprocess.run(
        [str(binary()), *arguments, *address], capture_output=True, text=True, timeout=60, check=False
    )


def quoted(word: str) -> str:
    """A word as JSON writes it: Temporal's own tables and tools hold English words too, but not like this."""
    return json.dumps(word, ensure_ascii=False)


def in_base64(seen: str) -> list[bytes]:
    """What Temporal's tools show of payloads: base64 in JSON."""
    return [b64decode(text) for text in re.findall(r'"([A-Za-z0-9+/]{16,}={0,2})"', seen) if len(text) % 4 == 0]


async def test_what_temporal_keeps_and_shows_tells_nothing_of_a_case(stack: Stack, casework: Casework) -> None:
    case = await worked_on(casework)
    histories = await runs(await temporal_of(casework), case)
    clear = {text for history in histories for text in told_in_clear(history.to_json_dict())}
    plain = [in_plain(history, stack.settings) for history in histories]
    told = [leaf for history in plain for payload in payloads(history) for leaf in leaves(payload)]
    words = {word for leaf in told for word in leaf if isinstance(word, str) and len(word) >= 8}
    hidden = {word for word in words if not any(word in text for text in clear)}
    assert len(hidden) > 200, "most of what a case consists of"
    assert {"stay_municipality", "Europe/Stockholm", "assessment"} & hidden

    files = {path.name: path.read_bytes() for path in stack.var.glob("temporal.*")}
    everything = b"".join(files.values())
    assert {"temporal.db", "temporal.db-wal"} <= files.keys()
    assert case.encode() in everything, "the search finds what is there"
    assert SEALED.encode() in everything
    assert [word for word in hidden if quoted(word).encode() in everything] == []

    asked = (
        ("workflow", "show", "--workflow-id", case, "--output", "json"),
        ("workflow", "show", "--workflow-id", case, "--detailed"),
        ("workflow", "describe", "--workflow-id", case, "--output", "json"),
        ("workflow", "query", "--workflow-id", case, "--type", "standing", "--output", "json"),
        ("workflow", "stack", "--workflow-id", case, "--output", "json"),
        ("workflow", "list", "--output", "json"),
    )
    for command in asked:
        shown = temporal(stack, *command)
        assert shown.returncode == 0, (command, shown.stderr)
        seen = shown.stdout + shown.stderr
        assert len(seen) > 100
        assert [word for word in hidden if quoted(word) in seen] == []
        assert not [text for text in in_base64(seen) if any(quoted(word).encode() in text for word in hidden)]


async def test_every_payload_is_sealed_and_the_rest_is_ids_types_and_times(casework: Casework) -> None:
    case = await worked_on(casework)
    for history in await runs(await temporal_of(casework), case):
        kept = history.to_json_dict()
        found = payloads_of(kept)
        assert len(found) > 20
        assert all(map(is_sealed, found))
        assert sorted({text for text in told_in_clear(kept) if not IN_CLEAR.fullmatch(text)}) == []
        for event in kept["events"]:
            for attributes in event.values():
                assert not isinstance(attributes, dict) or not attributes.keys() & {"searchAttributes", "memo"}


# --- failures ---------------------------------------------------------------------------------------

MARKER = "kanariefågel-i-ett-felmeddelande"


@activity.defn(name="fails")
async def fails() -> None:
    try:
        raise ValueError(f"{MARKER}, the cause")
    except ValueError as error:
        raise ApplicationError(MARKER, {"detail": MARKER}, type="Known", non_retryable=True) from error


@workflow.defn(name="failing")
class Failing:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            "fails", start_to_close_timeout=timedelta(seconds=10), retry_policy=RetryPolicy(maximum_attempts=1)
        )

    @workflow.update(name="fails")
    async def update(self) -> None:
        raise ApplicationError(MARKER, {"detail": MARKER}, type="Known")


async def test_messages_traces_and_details_of_failures_are_sealed(stack: Stack) -> None:
    client = await connect(stack.settings)
    queue = f"failing-{uuid4()}"
    async with Worker(
        client, task_queue=queue, workflows=[Failing], activities=[fails], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        with pytest.raises(WorkflowFailureError) as failed:
            await client.execute_workflow("failing", id=queue, task_queue=queue)
    errors: list[Any] = [failed.value.cause]
    while errors[-1].__cause__ is not None:
        errors.append(errors[-1].__cause__)
    assert [getattr(error, "type", None) for error in errors] == [None, "Known", "ValueError"]
    assert errors[1].message == MARKER
    assert errors[1].details == ({"detail": MARKER},)
    assert MARKER in str(errors[2])

    history = await client.get_workflow_handle(queue).fetch_history()
    shown = json.dumps(history.to_json_dict(), ensure_ascii=False)
    shown += temporal(stack, "workflow", "show", "--workflow-id", queue, "--output", "json").stdout
    assert shown.count("Encoded failure") >= 3
    for written in (MARKER, b64encode(MARKER.encode()).decode()[:-4], "Traceback", "test_codec_on_server"):
        assert written not in shown
    assert MARKER in str(list(payloads(in_plain(history, stack.settings))))


# --- turning the ring -------------------------------------------------------------------------------


async def keys_of(client: Client, case: CaseRef) -> list[str]:
    """The keys under which a case's payloads are sealed, in the order in which they first occur."""
    found = [payload for history in await runs(client, case) for payload in payloads_of(history.to_json_dict())]
    return list(dict.fromkeys(payload.metadata[KEY].decode() for payload in found))


async def test_the_ring_turns_under_an_open_case(tmp_path: Path) -> None:
    with running_stack(tmp_path / "var") as stack:
        casework = stack.casework()
        case = await casework.open_case(intake("ordinary"))
        person = Person(casework, case)
        await person.accepts()
        await settled(casework, case)
        before = read_ring(path_of(stack.settings))[0]
        after = await asyncio.to_thread(rotate_ring, stack.settings)
        await person.works(1)
        assert await keys_of(await temporal_of(casework), case) == [before.current, after.current]
        with pytest.raises(BadRing, match=r"keeps [1-9]"):
            await retire_key(stack.settings, await temporal_of(casework), before.current)
        stack.kill()
        await asyncio.to_thread(stack.start)
        await person.works(1)
        await assert_nothing_lost_or_doubled(casework, case, person)
        await person.repeats_everything()


async def test_a_case_whose_key_is_lost_waits_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    with running_stack(tmp_path / "var") as stack:
        casework = stack.casework()
        case = await casework.open_case(intake("ordinary"))
        person = Person(casework, case)
        await person.accepts()
        await settled(casework, case)
        ring, aside = path_of(stack.settings), tmp_path / "aside.json"
        log = register_of(casework).history(case)
        assert await asyncio.to_thread(stack.stop) == 0

        shutil.move(ring, aside)
        await asyncio.to_thread(stack.start)
        stranger = stack.casework()
        with pytest.raises(Unavailable):
            await stranger.act(case, "H1", Act.HOLD, SOCIAL, Answer(reason="awaiting-information"))
        assert register_of(casework).history(case) == log
        assert await asyncio.to_thread(stack.stop) == 0

        shutil.move(aside, ring)
        await asyncio.to_thread(stack.start)
        await person.works(1)
        await assert_nothing_lost_or_doubled(casework, case, person)


async def test_a_client_ahead_of_the_workers_is_told_so_and_harms_nothing(
    stack: Stack, casework: Casework, tmp_path: Path
) -> None:
    case = await casework.open_case(intake("ordinary"))
    person = Person(casework, case)
    await person.accepts()
    await settled(casework, case)
    accepted = next(row.event for row in register_of(casework).history(case) if row.kind == "acted")
    hold = Acted.model_validate(
        accepted
        | {"key": str(uuid4()), "by": {"org": accepted["by"]["org"]}, "act": "hold", "reason": "awaiting-information"}
    )
    ahead = stack.settings.model_copy(update={"keys_dir": tmp_path / "keys"})
    path_of(ahead).parent.mkdir(parents=True)
    shutil.copy(path_of(stack.settings), path_of(ahead))
    rotate_ring(ahead)
    early = await connect(ahead)
    with pytest.raises(Unavailable, match="does not have the key"):
        await cases.submit(early, case, hold)
    shutil.copy(path_of(ahead), path_of(stack.settings))
    receipt = await cases.submit(early, case, hold)
    assert await cases.submit(await temporal_of(casework), case, hold) == receipt
    await assert_nothing_lost_or_doubled(casework, case, person)


async def test_a_desks_answer_under_a_key_that_the_plane_lacks_waits_for_the_key(tmp_path: Path) -> None:
    """It is no silence: replayed later, with the key, the same history would have to give the same case."""
    plane = Stack(tmp_path / "var")
    desk = Stack(
        tmp_path / "desk-var",
        UTVAG_TEMPORAL_ADDRESS=plane.settings.temporal_address,
        UTVAG_KEYS_DIR=str(tmp_path / "desk-keys"),
    )
    temporal = EmbeddedServer(plane.settings)
    try:
        await temporal.start()
        path_of(desk.settings).parent.mkdir(parents=True)
        shutil.copy(path_of(plane.settings), path_of(desk.settings))
        rotate_ring(desk.settings)
        casework = plane.casework()
        casework.keys(SOCIAL)  # one organisation, one pair of keys, wherever it acts from
        shutil.copytree(plane.settings.keys / SOCIAL, desk.settings.keys / SOCIAL)
        await asyncio.to_thread(plane.start, "--plane")
        await asyncio.to_thread(desk.start, "--desk", SOCIAL)
        case = await casework.open_case(intake("ordinary"))

        async def failed() -> int:
            (history,) = await runs(await temporal_of(casework), case)
            return sum(event.HasField("workflow_task_failed_event_attributes") for event in history.events)

        assert await eventually(failed, bool)
        assert "desk-silent" not in {row.kind for row in register_of(casework).history(case)}
        shutil.copy(path_of(desk.settings), path_of(plane.settings))
        await settled(casework, case)
        assert {row.kind for row in register_of(casework).history(case)} >= {"opened", "desk-answered"}
        assert "desk-silent" not in {row.kind for row in register_of(casework).history(case)}
        await assert_nothing_lost_or_doubled(casework, case)
    finally:
        desk.end()
        plane.end()
        await temporal.stop()


async def test_a_key_is_destroyed_when_temporal_keeps_nothing_from_its_time(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path / "var", temporal_address=f"127.0.0.1:{free_port()}")
    server = EmbeddedServer(settings)
    await server.start()
    try:
        client = await connect(settings)
        now = datetime.now(UTC)
        old, new = (
            fresh_key(used=True)
            .model_copy(update={"made": now - timedelta(days=days)})
            .model_copy(update={"used_from": now - timedelta(days=days)})
            for days in (400, 40)
        )
        ring = RingFile(current=new.id, keys=(old, new))
        path_of(settings).write_text(ring.model_dump_json())
        spare = add_key(settings).keys[-1].id
        for wrong in (new.id, "0" * 16):
            with pytest.raises(BadRing):
                await retire_key(settings, client, wrong)
        assert {key.id for key in (await retire_key(settings, client, spare)).keys} == {old.id, new.id}
        assert [key.id for key in (await retire_key(settings, client, old.id)).keys] == [new.id]
        assert load_ring(settings).opening(old.id) is None
        fresh = await asyncio.to_thread(rotate_ring, settings)
        with pytest.raises(BadRing, match="keeps 0"):  # a day has not passed
            await retire_key(settings, client, new.id)
        assert read_ring(path_of(settings))[0] == fresh
    finally:
        await server.stop()


async def test_nothing_starts_without_a_ring_in_production(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path, mode="production")
    with pytest.raises(BadRing):
        sealed(settings)
    stack = Stack(tmp_path / "var", UTVAG_MODE="production")
    ended = await asyncio.to_thread(stack.attempt, "--plane")
    assert ended.returncode == 2, ended.stderr
    assert "codec.json" in ended.stderr
    assert "Traceback" not in ended.stderr
    told = await asyncio.to_thread(stack.cli, "case", "show", "U-7K3M-Q2PR", "--json")
    assert told.returncode in (2, 5)
    assert POLICE not in told.stdout
