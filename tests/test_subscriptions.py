"""Delivery of events: each organisation its own, in order, none lost, nobody delayed by another's receiver."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.http import from_http_event
from pydantic import ValidationError
from sqlalchemy import Engine, text

from activities.cloud_events import MEDIA_TYPE
from activities.register import Register
from activities.register_view import RegisterView
from activities.stores import open_database
from activities.subscriptions import (
    LONGEST_REST,
    EventFolder,
    HttpSink,
    Subscriptions,
    Taken,
    rest_after,
)
from models.handoffs import Act
from models.settings import Settings
from models.words import OrgId
from tests.databases import Databases
from tests.durability_support import intake
from tests.events_support import Receiver, batch, busy_case, expected, receiving, unread
from tests.programs import run
from tests.rules_support import BED_1, NGO, POLICE, REF, SOC_A
from tests.support import Stack, eventually, free_port, register_of, running_stack, settled


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "register"))
    yield opened
    opened.dispose()


@pytest.fixture
def sqlite(databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url("sqlite", "register"))
    yield opened
    opened.dispose()


def service(engine: Engine, sinks: dict[OrgId, HttpSink], folder: Path | None = None) -> Subscriptions:
    others = EventFolder(folder) if folder else None
    return Subscriptions(RegisterView(engine), Register(engine), sinks, others)


def lines(path: Path) -> list[str]:
    """The ids in a folder's file, which must hold whole lines of JSON only."""
    content = path.read_text()
    assert content.endswith("\n")
    return [json.loads(line)["id"] for line in content.splitlines()]


def deliver_all(subscriptions: Subscriptions) -> None:
    subscriptions.start_waiting()
    subscriptions.join(20)


# The folder


def test_each_organisation_has_a_file_of_its_own_that_only_its_owner_reads(engine: Engine, tmp_path: Path) -> None:
    case, folder = busy_case(), tmp_path / "var" / "events"
    Register(engine).record(batch(case, 1, 3))
    subscriptions = service(engine, {}, folder)
    deliver_all(subscriptions)
    Register(engine).record(batch(case, 4))
    deliver_all(subscriptions)
    assert {path.name for path in folder.iterdir()} == {f"{o.id}.jsonl" for o in (SOC_A, POLICE, NGO, BED_1)}
    for org in (SOC_A.id, POLICE.id, NGO.id, BED_1.id):
        assert lines(folder / f"{org}.jsonl") == expected(case, org)
        assert (folder / f"{org}.jsonl").stat().st_mode & 0o777 == 0o600
        assert unread(engine, org) == []
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(when for _, receivers in RegisterView(engine).events(REF) for when in receivers.values())


def test_a_line_that_a_crash_has_torn_is_replaced_by_the_whole_one(sqlite: Engine, tmp_path: Path) -> None:
    case = busy_case()
    Register(sqlite).record(batch(case))
    file = tmp_path / f"{POLICE.id}.jsonl"
    first = RegisterView(sqlite).waiting_events(POLICE.id, 1)[0]
    for torn in (first.content[:40], f"{first.content}\n" + "x" * 10_000):
        file.write_text(torn)
        assert EventFolder(tmp_path).deliver(POLICE.id, [first.content, first.content]) == Taken(2)
        assert set(lines(file)) == {first.id}
        file.unlink()


KILLED = """
import os, signal, sys
from pathlib import Path
from activities.register import Register
from activities.register_view import RegisterView
from activities.stores import open_database
from activities.subscriptions import EventFolder, Subscriptions

class Register(Register):
    def events_delivered(self, org, ids):
        os.kill(os.getpid(), signal.SIGKILL)  # written, and not yet noted

engine = open_database(sys.argv[1])
Subscriptions(RegisterView(engine), Register(engine), {}, EventFolder(Path(sys.argv[2]))).deliver_to(sys.argv[3])
"""


def test_what_was_written_when_the_plane_was_killed_is_written_again_and_nothing_is_missing(
    engine: Engine, tmp_path: Path
) -> None:
    case = busy_case()
    Register(engine).record(batch(case))
    url = engine.url.render_as_string(hide_password=False)
    killed = run("-c", KILLED, url, str(tmp_path), POLICE.id)
    assert killed.returncode == -9
    assert unread(engine, POLICE.id) == expected(case, POLICE.id)
    deliver_all(service(engine, {}, tmp_path))
    assert lines(tmp_path / f"{POLICE.id}.jsonl") == expected(case, POLICE.id) * 2
    assert unread(engine, POLICE.id) == []


# HTTP


def test_an_event_is_posted_in_structured_mode_and_kept_in_order(engine: Engine) -> None:
    case = busy_case()
    Register(engine).record(batch(case))
    with receiving() as police, receiving() as ngo:
        subscriptions = service(engine, {POLICE.id: HttpSink(police.url), NGO.id: HttpSink(ngo.url)})
        deliver_all(subscriptions)
        assert (police.ids(), ngo.ids()) == (expected(case, POLICE.id), expected(case, NGO.id))
        assert {message.headers["Content-Type"] for message in police.posted} == {MEDIA_TYPE}
        stored = [row.content for row, receivers in RegisterView(engine).events(REF) if POLICE.id in receivers]
        assert [message.body.decode() for message in police.posted] == stored
        deliver_all(subscriptions)
        assert len(police.posted) == len(stored)
    assert unread(engine, SOC_A.id) == expected(case, SOC_A.id), "nobody subscribes for them: theirs wait"


def test_the_first_failure_stops_that_sink_alone_and_delivery_goes_on_from_there(
    engine: Engine, tmp_path: Path
) -> None:
    case = busy_case()
    Register(engine).record(batch(case))
    due = expected(case, POLICE.id)
    refusing = {3: 503, 4: 410}

    def answer(_: Receiver, __: BaseHTTPRequestHandler, number: int) -> int:
        return refusing.get(number, 200)

    with receiving(answer) as police:
        subscriptions = service(engine, {POLICE.id: HttpSink(police.url)}, tmp_path)
        deliver_all(subscriptions)
        assert (police.ids(), unread(engine, POLICE.id)) == (due[:2], due[2:])
        assert subscriptions.failing == [POLICE.id]
        assert lines(tmp_path / f"{SOC_A.id}.jsonl") == expected(case, SOC_A.id), "the others have theirs"
        deliver_all(subscriptions)
        assert len(police.posted) == 3, "it rests before it is tried again"
        assert subscriptions.deliver_to(POLICE.id) == 0
        assert subscriptions.deliver_to(POLICE.id) == len(due) - 2
        assert police.ids() == due
        assert subscriptions.failing == []
        posted = [from_http_event(message).get_id() for message in police.posted]
        assert posted == [*due[:2], due[2], due[2], *due[2:]]


def test_a_rest_doubles_up_to_its_longest() -> None:
    assert [rest_after(failures) for failures in (1, 2, 3, 4)] == [1, 2, 4, 8]
    assert rest_after(30) == rest_after(10_000) == LONGEST_REST


def redirect(receiver: Receiver, handler: BaseHTTPRequestHandler, _: int) -> None:
    handler.send_response(307)
    handler.send_header("Location", receiver.url)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def drip(receiver: Receiver, handler: BaseHTTPRequestHandler, _: int) -> None:
    """A byte now and then, for ever: never silent, never done."""
    with suppress(OSError):
        while not receiver.over.wait(0.02):
            handler.wfile.write(b"H")


def be_silent(receiver: Receiver, _: BaseHTTPRequestHandler, __: int) -> None:
    receiver.over.wait(60)


def hang_up(_: Receiver, handler: BaseHTTPRequestHandler, __: int) -> None:
    handler.close_connection = True


def large(_: Receiver, handler: BaseHTTPRequestHandler, __: int) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(1_000_000))
    handler.end_headers()
    with suppress(OSError):
        handler.wfile.write(b"x" * 1_000_000)


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        (redirect, Taken(0, "HTTP 307")),
        (drip, None),
        (be_silent, Taken(0, "TimeoutError")),
        (hang_up, Taken(0, "RemoteDisconnected")),
        (large, Taken(2)),
    ],
)
def test_a_strange_receiver_takes_nothing_and_no_longer_than_it_may(
    behaviour: Any, told: Taken | None, sqlite: Engine
) -> None:
    with receiving(behaviour) as strange:
        sink = HttpSink(strange.url, silence=timedelta(seconds=0.4), longest=timedelta(seconds=0.8))
        taken = sink.deliver(POLICE.id, ["{}", "{}"])
        assert taken == (told or Taken(0, taken.failure))
        assert (taken.failure is None) == (taken.events == 2)
        assert len(strange.posted) == max(1, taken.events)
    nobody = HttpSink(f"http://127.0.0.1:{free_port()}/")
    assert nobody.deliver(POLICE.id, ["{}"]) == Taken(0, "ConnectionRefusedError")


async def test_a_silent_receiver_and_a_dead_one_delay_nobody_and_stopping_does_not_wait_for_them(
    engine: Engine, tmp_path: Path
) -> None:
    case = busy_case()
    with receiving(be_silent) as silent, receiving() as police:
        dead = HttpSink(f"http://127.0.0.1:{free_port()}/")
        sinks = {SOC_A.id: HttpSink(silent.url), BED_1.id: dead, POLICE.id: HttpSink(police.url)}
        subscriptions = service(engine, sinks, tmp_path)
        running = asyncio.create_task(subscriptions.run())
        Register(engine).record(batch(case, 1, 3))
        assert await asyncio.to_thread(police.has, len(expected(case, POLICE.id)) - 3)
        Register(engine).record(batch(case, 4))
        assert await asyncio.to_thread(police.has, len(expected(case, POLICE.id)))
        assert police.ids() == expected(case, POLICE.id)

        async def written() -> bool:
            return unread(engine, NGO.id) == [] and BED_1.id in subscriptions.failing

        await eventually(written, bool)
        assert lines(tmp_path / f"{NGO.id}.jsonl") == expected(case, NGO.id)
        assert len(silent.posted) == 1
        assert unread(engine, SOC_A.id) == expected(case, SOC_A.id)
        running.cancel()
        async with asyncio.timeout(5):
            with suppress(asyncio.CancelledError):
                await running


def test_two_planes_deliver_at_the_same_time_and_every_event_comes_first_in_order(engine: Engine) -> None:
    case = busy_case()
    Register(engine).record(batch(case))
    due = expected(case, POLICE.id)
    together = threading.Barrier(2)
    with receiving() as police:

        def deliver() -> None:
            plane = service(engine, {POLICE.id: HttpSink(police.url)})
            together.wait(10)
            deliver_all(plane)

        planes = [threading.Thread(target=deliver) for _ in range(2)]
        for plane in planes:
            plane.start()
        for plane in planes:
            plane.join(30)
        assert list(dict.fromkeys(police.ids())) == due
    assert unread(engine, POLICE.id) == []


def test_a_first_delivery_is_not_redated(sqlite: Engine) -> None:
    case, register = busy_case(), Register(sqlite)
    register.record(batch(case))
    first = expected(case, POLICE.id)[0]
    register.events_delivered(POLICE.id, [first, "U-0000-0000/1/H1"])
    (before,) = [r[POLICE.id] for e, r in RegisterView(sqlite).events(REF) if e.id == first]
    register.events_delivered(POLICE.id, [first])
    (after,) = [r[POLICE.id] for e, r in RegisterView(sqlite).events(REF) if e.id == first]
    assert before == after is not None
    with sqlite.connect() as connection:
        taken = "select count(*) from event_deliveries where delivered_at is not null"
        assert connection.scalar(text(taken)) == 1


# Settings and the whole stack


@pytest.mark.parametrize(
    "wrong",
    [
        "not json",
        "[]",
        '{"soc-0381": "http://example.org/hemligt"}',
        '{"soc-0381": "https://user:hemligt@example.org/"}',
        '{"soc-0381": "https://hemligt@example.org/"}',
        '{"soc-0381": "https://example.org/#hemligt"}',
        '{"soc-0381": "https://example.org:hemligt/"}',
        '{"soc-0381": "hemligt"}',
        '{"soc-0381": "ftp://127.0.0.1/hemligt"}',
        '{"SOC": "https://example.org/hemligt"}',
    ],
)
def test_sinks_that_cannot_be_used_are_refused_and_not_repeated(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UTVAG_EVENT_SINKS", wrong)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "hemligt" not in str(caught.value)
    assert caught.value.errors(include_input=False)[0]["loc"][0] == "event_sinks"


def test_sinks_are_read_and_kept_out_of_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    sinks = {"soc-0381": "https://example.org/a?key=hemligt", "sis": "http://127.0.0.1:1/", "ngo": "http://[::1]:2/"}
    monkeypatch.setenv("UTVAG_EVENT_SINKS", json.dumps(sinks))
    assert Settings().event_sinks == sinks
    assert "hemligt" not in repr(Settings())
    assert Settings(mode="production").events is None
    assert Settings(mode="production", events_dir=Path("x")).events == Path("x")
    assert Settings(var=Path("v")).events == Path("v/events")


def test_a_sink_for_an_organisation_that_is_not_in_the_directory_is_said_at_start(tmp_path: Path) -> None:
    sinks = json.dumps({"soc-9999": "https://example.org/hemligt"})
    refused = Stack(tmp_path / "var", UTVAG_EVENT_SINKS=sinks).attempt("--plane")
    assert refused.returncode == 2
    assert "soc-9999 is not in the directory" in refused.stderr
    assert "hemligt" not in refused.stderr + refused.stdout


async def test_a_running_stack_posts_and_writes_what_happens_in_a_case(tmp_path: Path) -> None:
    down = {1: 500}

    def answer(_: Receiver, __: BaseHTTPRequestHandler, number: int) -> int:
        return down.get(number, 202)

    with (
        receiving(answer) as police,
        running_stack(tmp_path / "var", UTVAG_EVENT_SINKS=json.dumps({"polisen-mitt": police.url})) as stack,
    ):
        casework = stack.casework()
        case = await casework.open_case(intake("acute"))
        state = (await settled(casework, case)).state
        asked = next(h for h in state.handoffs.values() if h.recipient == "polisen-mitt")
        await casework.act(case, asked.id, Act.ACCEPT, "polisen-mitt")
        await settled(casework, case)
        due = [event.id for event, told in register_of(casework).events(case) if "polisen-mitt" in told]
        assert await asyncio.to_thread(police.has, len(due))
        assert police.ids() == due
        assert police.taken[-1].get_type() == "se.utvag.handoff.accepted"

        async def waiting() -> list[OrgId]:
            return sorted(register_of(casework).expecting_events())

        assert await eventually(waiting, lambda orgs: not orgs) == []
        file = stack.var / "events" / "soc-0381.jsonl"
        assert lines(file) == [event.id for event, told in register_of(casework).events(case) if "soc-0381" in told]
        assert not (stack.var / "events" / "polisen-mitt.jsonl").exists()
        assert file.stat().st_mode & 0o077 == (stack.var / "events").stat().st_mode & 0o077 == 0
        assert "HTTP 500" in stack.log()
        assert police.url not in stack.log()
        assert stack.stop() == 0
