"""Somebody reaches Temporal without the keys: they read nothing, and what they send stops nobody's case.

What the seal does not stop, whoever may write to Temporal may still do: end, cancel or flood a workflow, or take tasks
from a queue and let them lie. That is for Temporal's own authorizer and the network to stop; see docs/threat-model.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from console.casework import Casework
from models.contracts import PLANE_QUEUE, STANDING, SUBMIT, Standing, desk_queue
from models.words import CaseRef
from tests.durability_support import POLICE, SOCIAL, assert_nothing_lost_or_doubled, intake, runs
from tests.durability_support import Worker as Person
from tests.sealed_histories import payloads_of
from tests.support import Stack, eventually, register_of, settled, temporal_of
from workflows.codec import CASE, KEY, SEALED, SealingCodec
from workflows.key_ring import load_ring
from workflows.server import EmbeddedServer

SOON = timedelta(seconds=5)
FAILED = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED


@asynccontextmanager
async def stranger(stack: Stack) -> AsyncIterator[Client]:
    """A client that reaches Temporal, and has no keys."""
    settings = stack.settings
    yield await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)


@pytest.fixture
async def person(casework: Casework) -> Person:
    """Somebody at work on an open case."""
    case = await casework.open_case(intake("ordinary"))
    worker = Person(casework, case)
    await worker.accepts()
    await settled(casework, case)
    return worker


async def of_another_case(casework: Casework) -> Payload:
    """What a genuine Update of another case carried: sealed with the right key."""
    other = await casework.open_case(intake("ordinary"))
    await Person(casework, other).accepts()
    await settled(casework, other)
    (history, *_) = await runs(await temporal_of(casework), other)
    accepted = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
    (event,) = [event for event in history.events if event.event_type == accepted]
    (payload,) = payloads_of({"event": history.to_json_dict()["events"][event.event_id - 1]})
    assert payload.metadata[CASE] == other.encode()
    return payload


async def forged(kind: str, person: Person, stack: Stack) -> Payload:
    genuine = {"encoding": SEALED.encode(), CASE: person.case.encode()}
    key = load_ring(stack.settings).sealing()[0].encode()
    plain = b'{"kind":"acted","key":"%s","handoff":"H1","act":"hold"}' % str(uuid4()).encode()
    match kind:
        case "plain":
            return Payload(metadata={"encoding": b"json/plain"}, data=plain)
        case "with the right labels":
            return Payload(metadata=genuine | {KEY: key}, data=plain * 20)
        case "under an unknown key":
            return Payload(metadata=genuine | {KEY: b"0" * 16}, data=plain * 20)
        case "of another case":
            return await of_another_case(person.casework)
        case "of another case, relabelled":
            moved = await of_another_case(person.casework)
            moved.metadata[CASE] = person.case.encode()
            return moved
        case "of another namespace":
            return SealingCodec(load_ring(stack.settings), "elsewhere", person.case).seal(Payload(data=plain))
        case "empty":
            return Payload()
        case "large":
            return Payload(metadata={"encoding": b"json/plain"}, data=b'"' + b"x" * 1_500_000 + b'"')
        case "said to lie elsewhere":
            return Payload(metadata={"encoding": b"json/external-storage-reference"}, data=b"{}")
        case "a mark of lying elsewhere":
            return Payload(metadata={"encoding": b"json/plain", "__temporal_external_storage_reference": b"true"})
        case "a protobuf that lies elsewhere":
            name = b"temporal.api.sdk.v1.ExternalStorageReference"
            return Payload(metadata={"encoding": b"json/protobuf", "messageType": name}, data=b"{}")
    raise AssertionError(kind)


KINDS = (
    "plain",
    "with the right labels",
    "under an unknown key",
    "of another case",
    "of another case, relabelled",
    "of another namespace",
    "empty",
    "large",
    "said to lie elsewhere",
    "a mark of lying elsewhere",
    "a protobuf that lies elsewhere",
)


async def assert_undisturbed(person: Person) -> None:
    """The case goes on at once; nothing of the attack is in it, and no workflow task has failed."""
    casework, case = person.casework, person.case
    unanswered = person.unanswered
    await person.works(1)
    assert person.unanswered == unanswered
    await assert_nothing_lost_or_doubled(casework, case, person)
    log = register_of(casework).history(case)
    assert {row.event.get("key") for row in log if row.kind == "acted"} == set(person.receipts)
    for history in await runs(await temporal_of(casework), case):
        assert [event.event_id for event in history.events if event.event_type == FAILED] == []


async def test_a_forged_update_is_refused_alone(stack: Stack, person: Person) -> None:
    async with stranger(stack) as client:
        handle = client.get_workflow_handle(person.case)
        for kind in KINDS:
            payload = await forged(kind, person, stack)
            with pytest.raises(WorkflowUpdateFailedError) as refused:
                await asyncio.wait_for(handle.execute_update(SUBMIT, RawValue(payload), rpc_timeout=SOON), 6)
            cause = refused.value.cause
            assert isinstance(cause, ApplicationError), kind
            assert cause.message == "Encoded failure", "why it was refused is sealed too"
            await person.works(1)
    await assert_undisturbed(person)


async def test_forged_signals_and_queries_disturb_nothing(stack: Stack, person: Person) -> None:
    async with stranger(stack) as client:
        handle = client.get_workflow_handle(person.case)
        for kind in KINDS:
            payload = await forged(kind, person, stack)
            await handle.signal("whatever", RawValue(payload), rpc_timeout=SOON)
            with pytest.raises(WorkflowQueryFailedError, match=r"^Encoded failure$"):
                await handle.query("whatever", RawValue(payload), rpc_timeout=SOON)
            await person.works(1)
    await assert_undisturbed(person)


async def test_what_a_stranger_asks_for_they_cannot_read(stack: Stack, person: Person) -> None:
    async with stranger(stack) as client:
        handle = client.get_workflow_handle(person.case)
        for query in (STANDING, "__stack_trace", "__temporal_workflow_metadata"):
            answer = await handle.query(query, result_type=RawValue)
            assert answer.payload.metadata["encoding"] == SEALED.encode()
        with pytest.raises(Exception, match="Unknown payload encoding"):
            await handle.query(STANDING, result_type=Standing)


async def test_a_forged_start_becomes_no_case_and_holds_up_no_other(stack: Stack, person: Person) -> None:
    async with stranger(stack) as client:
        for kind in ("plain", "under an unknown key"):
            payload = await forged(kind, person, stack)
            name = f"forged-{uuid4()}"
            started = await client.start_workflow("case", RawValue(payload), id=name, task_queue=PLANE_QUEUE)
            await assert_undisturbed(person)
            assert register_of(person.casework).case(CaseRef(started.id)) is None
            await started.terminate()


async def test_an_imposters_answer_for_a_desk_counts_as_silence(tmp_path: Path) -> None:
    """Somebody serves a desk's queue without the keys: they see sealed questions, and the case takes no answer."""
    stack = Stack(tmp_path / "var")
    temporal = EmbeddedServer(stack.settings)
    seen: list[Payload] = []

    @activity.defn(dynamic=True)
    async def answer(arguments: Sequence[RawValue]) -> dict[str, Any]:
        seen.extend(argument.payload for argument in arguments)
        if len(seen) % 2:
            raise ApplicationError("no", {"level": "low"}, non_retryable=True)
        return {"effect": "H1/receive", "answer": {"level": "low"}}

    try:
        await temporal.start()
        await asyncio.to_thread(stack.start, "--plane")
        casework = stack.casework()

        async def asked() -> int:
            return len(seen)

        async with (
            stranger(stack) as client,
            Worker(client, task_queue=desk_queue(POLICE), activities=[answer]),
            Worker(client, task_queue=desk_queue(SOCIAL), activities=[answer]),
        ):
            case = await casework.open_case(intake("acute", needs=["protected-housing"]))
            await eventually(asked, lambda count: count >= 2)
            standing = await settled(casework, case)
        assert {payload.metadata["encoding"] for payload in seen} == {SEALED.encode()}
        assert all(effect.attempts for effect in standing.state.desk_effects.values())
        assert {row.kind for row in register_of(casework).history(case)} & {"desk-answered"} == set()
        assert "desk-silent" in {row.kind for row in register_of(casework).history(case)}
        for history in await runs(await temporal_of(casework), case):
            assert [event.event_id for event in history.events if event.event_type == FAILED] == []
    finally:
        stack.end()
        await temporal.stop()
