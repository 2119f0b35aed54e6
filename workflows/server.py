"""The embedded Temporal server: started, found again after a crash, and stopped with the program that owns it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import structlog

from models.settings import Settings
from workflows.connection import Unavailable, connect

START_SECONDS = 30.0
STOP_SECONDS = 10.0
log = structlog.get_logger(__name__)


class CannotStart(Exception):
    """The embedded server can't be started. The text says why and what to do."""


def binary() -> Path:
    """The Temporal program: TEMPORAL_CLI_PATH, else `temporal` beside this Python or on PATH.

    Raises:
        CannotStart: it is nowhere.
    """
    named = os.environ.get("TEMPORAL_CLI_PATH")
    beside = Path(sys.executable).parent / "temporal"
    for candidate in (named, str(beside), shutil.which("temporal")):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    raise CannotStart(
        "Programmet temporal saknas. Kör `make setup`, eller ange dess plats i TEMPORAL_CLI_PATH.\n"
        "The program temporal is missing. Run `make setup`, or name its place in TEMPORAL_CLI_PATH."
    )


def command(settings: Settings, database: Path) -> list[str]:
    host, _, port = settings.temporal_address.rpartition(":")
    ui = ["--headless"] if settings.temporal_ui_port is None else ["--ui-port", str(settings.temporal_ui_port)]
    return [
        str(binary()),
        "server",
        "start-dev",
        *("--ip", host, "--port", port, "--namespace", settings.temporal_namespace, *ui),
        *("--db-filename", str(database), "--log-level", "error", "--log-format", "json"),
        *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=2"),
        *("--dynamic-config-value", "system.enableActivityEagerExecution=true"),
        *("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"),
    ]


class EmbeddedServer:
    """One dev server on one SQLite file under `var/`. What it has confirmed survives kill -9 and power loss."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = (settings.var / "temporal.db").resolve()
        self._pid_file = settings.var / "temporal.pid"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Starts the server and waits until it answers.

        Raises:
            CannotStart: the port is taken by something else, or the server ends or stays silent.
        """
        self._settings.var.mkdir(parents=True, exist_ok=True)
        await self._end_orphan()
        host, _, port = self._settings.temporal_address.rpartition(":")
        if port_is_taken(host, int(port)):
            raise CannotStart(
                f"Porten {port} används redan av ett annat program. Stäng det, eller välj en annan port med "
                f"UTVAG_TEMPORAL_ADDRESS={host}:<port>.\n"
                f"Port {port} is in use by another program. Close it, or choose another port with "
                f"UTVAG_TEMPORAL_ADDRESS={host}:<port>."
            )
        self._process = self._launch()
        self._pid_file.write_text(str(self._process.pid))
        await self._wait_until_it_answers()

    def _launch(self) -> subprocess.Popen[bytes]:
        """In a session of its own: Ctrl-C reaches the program first, which drains its workers and then stops this."""
        with (self._settings.var / "temporal.log").open("ab") as output:
            return subprocess.Popen(
                command(self._settings, self._database),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    async def _wait_until_it_answers(self) -> None:
        log_file = self._settings.var / "temporal.log"
        end = asyncio.get_running_loop().time() + START_SECONDS
        while asyncio.get_running_loop().time() < end:
            if not self.is_running:
                raise CannotStart(
                    f"Temporal-servern avslutades direkt. Se {log_file}.\n"
                    f"The Temporal server ended at once. See {log_file}."
                )
            with contextlib.suppress(Unavailable):
                await connect(self._settings)
                return
            await asyncio.sleep(0.1)
        raise CannotStart(
            f"Temporal-servern svarar inte inom {START_SECONDS:.0f} s. Se {log_file}.\n"
            f"The Temporal server does not answer within {START_SECONDS:.0f} s. See {log_file}."
        )

    async def _end_orphan(self) -> None:
        """Ends a server of ours that outlived a killed program; leaves anything else alone."""
        with contextlib.suppress(OSError, ValueError):
            pid = int(self._pid_file.read_text())
            if not self._is_ours(await asyncio.to_thread(command_line, pid)):
                return
            log.warning("ending a Temporal server left behind by a program that was killed", pid=pid)
            os.kill(pid, signal.SIGTERM)
            for _ in range(int(STOP_SECONDS * 10)):
                await asyncio.sleep(0.1)
                if not self._is_ours(await asyncio.to_thread(command_line, pid)):
                    return
            os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.1)

    def _is_ours(self, arguments: str) -> bool:
        """Whether a command line is that of a Temporal server on our database, not merely one that mentions it."""
        return f"server start-dev {' '.join(command(self._settings, self._database)[3:])}" in arguments.strip()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def stop(self) -> None:
        """Stops the server gently, and firmly when it does not."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(asyncio.to_thread(self._process.wait), STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
        self._pid_file.unlink(missing_ok=True)


def command_line(pid: int) -> str:
    """The command line of a running process; empty when there is none. Slim images have no `ps`, macOS no /proc."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    asked = ["ps", "-p", str(pid), "-o", "args="]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout


def port_is_taken(host: str, port: int) -> bool:
    """Whether somebody else has the port.

    Raises:
        CannotStart: the address is not one of this machine's.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise CannotStart(
                f"Adressen {host} finns inte på den här datorn. Ange en annan i UTVAG_TEMPORAL_ADDRESS.\n"
                f"The address {host} is not one of this computer's. Give another in UTVAG_TEMPORAL_ADDRESS."
            ) from None
    return False
