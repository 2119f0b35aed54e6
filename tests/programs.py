"""Programs of ours beside the test: real processes, which are really killed, without a start-up of seconds each."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO

ROOT = Path(__file__).parent.parent
PATIENCE = 120.0


@cache
def warm_python() -> socket.socket:
    """Where programs are asked for; ends with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, str(Path(__file__).parent / "warm_python.py"), str(theirs.fileno())]
        warm = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])

    def end() -> None:
        ours.close()
        warm.wait()

    atexit.register(end)
    return ours


class Program:
    """`python COMMAND...` as `subprocess.Popen` starts it, with pipes of text unless files are given."""

    def __init__(
        self,
        *command: str,
        folder: Path = ROOT,
        environment: Mapping[str, str] | None = None,
        stdin: IO[bytes] | None = None,
        output: IO[bytes] | None = None,
    ) -> None:
        """`output`: one file for what it says on both standard output and standard error."""
        self.command = command
        self.stdin: IO[str] | None = None
        self.stdout: IO[str] | None = None
        self.stderr: IO[str] | None = None
        self.returncode: int | None = None
        theirs: list[int] = []
        if stdin is None:
            read, write = os.pipe()
            theirs.append(read)
            self.stdin = os.fdopen(write, "w", buffering=1)
        else:
            theirs.append(os.dup(stdin.fileno()))
        for name in ("stdout", "stderr"):
            if output is None:
                read, write = os.pipe()
                theirs.append(write)
                setattr(self, name, os.fdopen(read))
            else:
                theirs.append(os.dup(output.fileno()))
        read, write = os.pipe()
        theirs.append(write)
        self._said = os.fdopen(read)
        asked = {
            "command": command,
            "folder": str(folder),
            "environment": dict(os.environ if environment is None else environment),
        }
        socket.send_fds(warm_python(), [json.dumps(asked).encode()], theirs)
        for file in theirs:
            os.close(file)
        self.pid = int(self._said.readline())

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._said], [], [], 0)[0]:
            self.returncode = int(self._said.readline())
            self._said.close()
        return self.returncode

    def wait(self, timeout: float = PATIENCE) -> int:
        if self.returncode is None:
            select.select([self._said], [], [], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self.command, timeout)
        return code

    def communicate(self, said: str = "", timeout: float = PATIENCE) -> tuple[str, str]:
        """Says this and no more, and hears everything out."""
        with ThreadPoolExecutor(2) as hearing:
            told = [hearing.submit(pipe.read) for pipe in (self.stdout, self.stderr) if pipe is not None]
            with contextlib.suppress(BrokenPipeError):  # it has ended without hearing all of it
                if self.stdin is not None and not self.stdin.closed:
                    self.stdin.write(said)
                    self.stdin.close()
            try:
                self.wait(timeout)
            finally:
                self.kill()
            out, err = (one.result() for one in told)
        self.close()
        return out, err

    def send_signal(self, how: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, how)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def close(self) -> None:
        for pipe in (self.stdin, self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()
        self.wait()
        self.close()


def run(
    *command: str, said: str = "", folder: Path = ROOT, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A program from its start to its end, at which somebody says `said`."""
    program = Program(*command, folder=folder, environment=environment)
    out, err = program.communicate(said)
    return subprocess.CompletedProcess(command, program.wait(), out, err)
