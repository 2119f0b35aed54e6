"""A whole embedded stack for a test: real processes, real Temporal, real databases, in a folder of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from temporalio.client import Client

from activities.register_view import RegisterView
from activities.stores import open_existing, register_url
from console.casework import Casework
from models.contracts import Standing
from models.settings import Settings
from models.words import CaseRef
from tests.programs import Program, run
from workflows.connection import Unavailable, connect

ROOT = Path(__file__).parent.parent
READY_SECONDS = 40.0
Value = TypeVar("Value")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def eventually(look: Callable[[], Awaitable[Value]], good: Callable[[Value], bool], seconds: float = 30) -> Value:
    """The first value that is good. Fails with the last one seen when none comes in time."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        value = await look()
        if good(value):
            return value
        assert asyncio.get_running_loop().time() < end, f"still not so after {seconds} s: {value!r}"
        await asyncio.sleep(0.05)


class Stack:
    """`worker.py` as a person starts it, with its own `var/` and ports. `source` is the tree it runs from."""

    def __init__(self, var: Path, **environment: str) -> None:
        self.var, self.source = var, ROOT
        self.environment = {
            **os.environ,
            "UTVAG_VAR": str(var),
            "UTVAG_TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
            "UTVAG_HEALTH_PORT": str(free_port()),
            "UTVAG_PLANE_PORT": str(free_port()),
            "NO_COLOR": "1",
            "COLUMNS": "200",
            **environment,
        }
        chosen = {k.removeprefix("UTVAG_").lower(): v for k, v in self.environment.items() if k.startswith("UTVAG_")}
        self.settings = Settings(**chosen)  # type: ignore[arg-type]
        self.process: subprocess.Popen[bytes] | Program | None = None

    def start(self, *arguments: str) -> None:
        """Starts `worker.py` (with `--all` unless told otherwise) and waits until it is healthy."""
        self.launch(*arguments)
        self.wait_until_healthy()

    def launch(self, *arguments: str) -> None:
        """Starts `worker.py` and waits for nothing."""
        self.var.mkdir(parents=True, exist_ok=True)
        arguments = arguments or ("--all",)
        with (self.var / "worker.log").open("ab") as log, Path(os.devnull).open("rb") as nothing:
            if self.source == ROOT:
                self.process = Program("worker.py", *arguments, environment=self.environment, stdin=nothing, output=log)
            else:  # another tree than the one that has been imported
                self.process = subprocess.Popen(
                    [sys.executable, str(self.source / "worker.py"), *arguments],
                    cwd=self.source,
                    env=self.environment,
                    stdin=nothing,
                    stdout=log,
                    stderr=log,
                )

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`worker.py` where it is expected to end by itself, at once."""
        return run("worker.py", *arguments, environment=self.environment)

    def wait_until_healthy(self) -> None:
        import time

        end = time.monotonic() + READY_SECONDS
        while self.health().get("status") != "ok":
            assert self.process is not None
            assert self.process.poll() is None, f"worker.py ended: {self.log()[-2000:]}"
            assert time.monotonic() < end, f"worker.py is not ready: {self.log()[-2000:]}"
            time.sleep(0.1)

    def health(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.settings.health_port}/health"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                told: dict[str, Any] = json.load(answer)
                return told
        except urllib.error.HTTPError as error:
            refused: dict[str, Any] = json.load(error)
            return refused
        except OSError:
            return {}

    def log(self) -> str:
        return (self.var / "worker.log").read_text()

    @property
    def temporal_pid(self) -> int:
        return int((self.var / "temporal.pid").read_text())

    def kill(self) -> None:
        """kill -9: no drain, no goodbye. The Temporal server is left running."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def kill_temporal(self) -> None:
        os.kill(self.temporal_pid, signal.SIGKILL)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """A signal and a clean end. Returns the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(how)
        code = self.process.wait(40)
        self.process = None
        return code

    def end(self) -> None:
        """Whatever happened in the test, nothing is left running."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        try:
            pid = self.temporal_pid
            if str(self.var) in Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGKILL)
        except (OSError, ValueError):
            pass

    def cli(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """`starter.py` as a person runs it, Python's own start-up included."""
        return subprocess.run(
            [sys.executable, str(ROOT / "starter.py"), *arguments],
            cwd=ROOT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def casework(self) -> Casework:
        return Casework(self.settings)


@cache
def register_at(url: str) -> RegisterView:
    return RegisterView(open_existing(url))


def register_of(casework: Casework) -> RegisterView:
    """The register itself: what the plane tells nobody, and what stands there when no plane answers."""
    return register_at(register_url(casework.settings))


async def temporal_of(casework: Casework) -> Client:
    """Temporal itself, past the plane."""
    return await connect(casework.settings)


@contextmanager
def running_stack(var: Path, **environment: str) -> Iterator[Stack]:
    stack = Stack(var, **environment)
    try:
        stack.start()
        yield stack
    finally:
        stack.end()


async def settled(casework: Casework, case: CaseRef) -> Standing:
    """The case once the register has every revision and no desk that answers is still being asked.

    After a run shorter than a second the server lets the next one wait for a second, in which a case does not answer.
    """

    async def look() -> Standing | None:
        try:
            return await casework.standing(case)
        except Unavailable:
            return None

    def calm(standing: Standing | None) -> bool:
        if standing is None:
            return False
        row = register_of(casework).case(case)
        asked = [e for e in standing.state.desk_effects.values() if e.attempts == 0]
        return not asked and not standing.state.pending and row is not None and row.revision == standing.state.revision

    standing = await eventually(look, calm)
    assert standing is not None
    return standing
