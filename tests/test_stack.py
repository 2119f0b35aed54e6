"""The programs around the cases: starting, being in the way of each other, telling how they are, stopping."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.durability_support import Worker, intake
from tests.support import Stack, eventually, register_of, running_stack, settled
from workflows.server import EmbeddedServer


@contextmanager
def taken(port: str | int) -> Iterator[None]:
    """Another program listens here."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", int(port)))
        other.listen()
        yield


def port_of(stack: Stack) -> int:
    return int(stack.settings.temporal_address.rpartition(":")[2])


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def health_code(stack: Stack, path: str = "/health") -> int | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{stack.settings.health_port}{path}", timeout=2) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return None


def test_a_second_start_says_that_it_is_already_running(stack: Stack) -> None:
    second = stack.attempt("--all")
    assert second.returncode == 2
    assert "körs redan" in second.stderr
    assert str(stack.process.pid if stack.process else None) in second.stderr
    assert "Traceback" not in second.stderr + second.stdout
    assert health_code(stack) == 200


def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "var")
    with taken(port_of(stack)):
        refused = stack.attempt("--all")
    assert refused.returncode == 2
    assert f"Porten {port_of(stack)} används redan" in refused.stderr
    assert "UTVAG_TEMPORAL_ADDRESS" in refused.stderr
    assert "Traceback" not in refused.stderr + refused.stdout


def test_a_health_port_in_use_is_said_and_leaves_no_server_behind(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "var")
    try:
        with taken(stack.settings.health_port):
            refused = stack.attempt("--all")
        assert refused.returncode == 2
        assert "UTVAG_HEALTH_PORT" in refused.stderr
        assert "Traceback" not in refused.stderr + refused.stdout
        assert not answers(port_of(stack))
    finally:
        stack.end()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Ange --all, --plane eller --desk ORG"),
        (("--desk", "okänd"), "Organisationen okänd finns inte i katalogen"),
    ],
)
def test_what_it_can_not_run_is_said_and_is_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    refused = Stack(tmp_path / "var").attempt(*arguments)
    assert refused.returncode == 2
    assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr + refused.stdout


def test_without_temporal_the_plane_says_what_to_do_and_is_exit_code_5(tmp_path: Path) -> None:
    refused = Stack(tmp_path / "var").attempt("--plane")
    assert refused.returncode == 5
    assert "make stack" in refused.stderr
    assert "Traceback" not in refused.stderr + refused.stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_after_a_signal_it_stops_cleanly_and_leaves_nothing_running(tmp_path: Path, how: signal.Signals) -> None:
    var = tmp_path / "var"
    var.mkdir()
    (var / "stack.lock").write_text("1\n")
    (var / "temporal.pid").write_text(f"{os.getpid()}\n")  # left by a killed program; the number is somebody else's now
    with running_stack(var) as stack:
        temporal = stack.temporal_pid
        casework = stack.casework()
        case = await casework.open_case(intake("ordinary"))
        await Worker(casework, case).accepts()
        assert await asyncio.to_thread(stack.stop, how) == 0
        with pytest.raises(ProcessLookupError):
            os.kill(temporal, 0)
        assert not answers(port_of(stack))
        assert not (var / "temporal.pid").exists()
        row = register_of(casework).case(case)
        assert row is not None
        assert "Traceback" not in stack.log()


async def test_it_stops_cleanly_also_when_temporal_was_just_killed(tmp_path: Path) -> None:
    with running_stack(tmp_path / "var") as stack:
        stack.kill_temporal()
        assert await asyncio.to_thread(stack.stop) == 0
        assert not answers(port_of(stack))
        assert "Traceback" not in stack.log()


async def test_health_tells_when_temporal_is_gone_and_every_log_line_is_json(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "var", UTVAG_LOG_FORMAT="json")
    temporal = EmbeddedServer(stack.settings)
    try:
        await temporal.start()
        stack.start("--plane", "--desk", "soc-0381")
        told = stack.health()
        expected = {"status": "ok", "plane": True, "desks": ["soc-0381"], "register": True, "temporal": True}
        assert told == expected | {"desks_that_do_not_open": [], "cases_that_overslept": []}
        assert health_code(stack, "/annat") == 404
        casework = stack.casework()
        await settled(casework, await casework.open_case(intake("ordinary")))

        async def code() -> int | None:
            return await asyncio.to_thread(health_code, stack)

        await temporal.stop()
        assert await eventually(code, lambda status: status != 200) == 503

        async def lines() -> list[dict[str, Any]]:
            return [json.loads(line) for line in stack.log().splitlines()]

        await eventually(lines, lambda found: any(line["logger"].startswith("temporalio") for line in found))
        await temporal.start()
        assert await eventually(code, lambda status: status != 503) == 200
        case = await casework.open_case(intake("ordinary"))

        async def recorded() -> bool:
            return register_of(casework).case(case) is not None

        await eventually(recorded, bool)
        assert await asyncio.to_thread(stack.stop) == 0
        assert all({"event", "level", "logger", "timestamp"} <= line.keys() for line in await lines())
    finally:
        stack.end()
        await temporal.stop()
