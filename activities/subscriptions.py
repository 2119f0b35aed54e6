"""Events on their way to other systems: each organisation gets those of its own handoffs, in order, at least once."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import structlog

from activities.cloud_events import MEDIA_TYPE
from activities.register import Register
from activities.register_view import RegisterView
from models.register import EventRow
from models.settings import Settings
from models.words import OrgId

BATCH = 100
PAUSE_SECONDS = 0.5
FIRST_REST, LONGEST_REST = 1.0, 300.0
"""Seconds that a sink is left alone after it has failed: doubled each time, up to the longest."""
SILENCE = timedelta(seconds=10)
"""How long a receiver may say nothing at all."""
LONGEST_POST = timedelta(seconds=30)
"""How long a receiver may take over one event, however much it says meanwhile."""
LARGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read so that the connection can be used again."""
ENDS_WITHIN = 2.0
"""Seconds that are waited for deliveries under way when the plane stops. What they leave is delivered at next start."""
log = structlog.get_logger(__name__)


class Taken(NamedTuple):
    """How many events, from the first, a receiver has taken; and why not the next one, if it failed there."""

    events: int
    failure: str | None = None


class Sink(Protocol):
    """Where one organisation's events are handed over."""

    def deliver(self, org: OrgId, events: Iterable[str]) -> Taken:
        """Hands over events in order and stops at the first that is not taken. Raises nothing that is expected."""
        ...


class EventFolder:
    """The embedded stack's sink: one file of JSON lines per organisation, for the account that runs the plane."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def deliver(self, org: OrgId, events: Iterable[str]) -> Taken:
        lines = [f"{event}\n" for event in events]
        try:
            append(self._folder / f"{org}.jsonl", "".join(lines).encode())
        except OSError as problem:
            return Taken(0, type(problem).__name__)
        return Taken(len(lines))


def append(path: Path, lines: bytes) -> None:
    """Writes whole lines, all of them on disk or none. A line that a crash has torn is removed first.

    Raises:
        OSError: they could not be written.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        whole = end_of_last_line(descriptor)
        os.ftruncate(descriptor, whole)
        try:
            write_all(descriptor, lines)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, whole)
            raise
    finally:
        os.close(descriptor)


def end_of_last_line(descriptor: int) -> int:
    """The length of a file up to and including its last line feed; nought when it has none."""
    end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - 4096)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


class HttpSink:
    """One POST per event, in CloudEvents' structured mode. Any 2xx takes it; redirects are not followed."""

    def __init__(self, url: str, silence: timedelta = SILENCE, longest: timedelta = LONGEST_POST) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "", address.port
        self._path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        self._trust = ssl.create_default_context() if address.scheme == "https" else None
        self._silence, self._longest = silence.total_seconds(), longest.total_seconds()

    def deliver(self, org: OrgId, events: Iterable[str]) -> Taken:  # noqa: ARG002
        connection, count = self._connection(), 0
        try:
            for event in events:
                status = self._post(connection, event)
                if not 200 <= status < 300:
                    return Taken(count, f"HTTP {status}")
                count += 1
        except (OSError, HTTPException) as problem:
            return Taken(count, type(problem).__name__)
        finally:
            connection.close()
        return Taken(count)

    def _connection(self) -> HTTPConnection:
        if self._trust is None:
            return HTTPConnection(self._host, self._port, timeout=self._silence)
        return HTTPSConnection(self._host, self._port, timeout=self._silence, context=self._trust)

    def _post(self, connection: HTTPConnection, event: str) -> int:
        if connection.sock is None:
            connection.connect()
        # A receiver that says a byte now and then is never silent, and would otherwise be waited for without end.
        patience = threading.Timer(self._longest, hang_up, (connection.sock,))
        patience.daemon = True
        patience.start()
        try:
            connection.request("POST", self._path, body=event.encode(), headers={"Content-Type": MEDIA_TYPE})
            answer = connection.getresponse()
            answer.read(LARGEST_ANSWER)
            if not answer.isclosed():
                connection.close()
        finally:
            patience.cancel()
        return answer.status


def hang_up(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        log.debug("a connection was gone before it was hung up")


class Rest(NamedTuple):
    failures: int
    until: float
    """By the monotonic clock."""


class Subscriptions:
    """Brings every organisation its events for as long as the plane runs. One that can't be reached delays no other."""

    def __init__(
        self, view: RegisterView, register: Register, sinks: Mapping[OrgId, Sink], others: Sink | None = None
    ) -> None:
        """`others`: where the events of organisations without a sink of their own go, if anywhere."""
        self._view, self._register, self._sinks, self._others = view, register, dict(sinks), others
        self._rests: dict[OrgId, Rest] = {}
        self._under_way: dict[OrgId | None, threading.Thread] = {}
        self._stopping = threading.Event()

    @property
    def failing(self) -> list[OrgId]:
        """Organisations whose events wait because they were not taken."""
        return sorted(self._rests)

    async def run(self) -> None:
        """Delivers until cancelled. A failure is logged and tried again: no event is given up."""
        try:
            while True:
                try:
                    await asyncio.to_thread(self.start_waiting)
                except Exception as error:
                    log.error("the register does not tell which events wait", reason=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._stopping.set()
            await asyncio.to_thread(self.join, ENDS_WITHIN)

    def start_waiting(self) -> None:
        """Starts a delivery for each sink that has something waiting, does not rest and is not at it already."""
        waiting = sorted(self._view.expecting_events(None if self._others else self._sinks))
        now = time.monotonic()
        ready = [org for org in waiting if org not in self._rests or self._rests[org].until <= now]
        for org in ready:
            if org in self._sinks:
                self._start(org, [org])
        if others := [org for org in ready if org not in self._sinks]:
            self._start(None, others)

    def _start(self, lane: OrgId | None, orgs: Sequence[OrgId]) -> None:
        at_it = self._under_way.get(lane)
        if at_it is None or not at_it.is_alive():
            # A daemon: one receiver's silence keeps no program from ending.
            self._under_way[lane] = threading.Thread(target=self._deliver_each, args=(orgs,), daemon=True)
            self._under_way[lane].start()

    def join(self, seconds: float) -> None:
        """Waits for deliveries under way, at most so long in all."""
        end = time.monotonic() + seconds
        for thread in list(self._under_way.values()):
            thread.join(max(0.0, end - time.monotonic()))

    def _deliver_each(self, orgs: Sequence[OrgId]) -> None:
        for org in orgs:
            try:
                while not self._stopping.is_set() and self.deliver_to(org) == BATCH:
                    pass  # a full batch: there may be more
            except Exception as error:
                self._rest(org, type(error).__name__)

    def deliver_to(self, org: OrgId) -> int:
        """Delivers one batch to one organisation, and notes what it took. Returns how many."""
        sink = self._sinks.get(org, self._others)
        if sink is None:
            return 0
        rows = self._view.waiting_events(org, BATCH)
        taken = sink.deliver(org, self._until_stopping(rows))
        if taken.events:
            self._rests.pop(org, None)
            self._register.events_delivered(org, [row.id for row in rows[: taken.events]])
        if taken.failure is not None:
            self._rest(org, taken.failure)
        return taken.events

    def _until_stopping(self, rows: Sequence[EventRow]) -> Iterator[str]:
        for row in rows:
            if self._stopping.is_set():
                return
            yield row.content

    def _rest(self, org: OrgId, reason: str) -> None:
        failures = self._rests[org].failures + 1 if org in self._rests else 1
        seconds = rest_after(failures)
        self._rests[org] = Rest(failures, time.monotonic() + seconds)
        log.error("events wait: their receiver did not take one", receiver=org, reason=reason, again_in=seconds)


def rest_after(failures: int) -> float:
    """Seconds until a sink that has failed so many times in a row is tried again."""
    return float(min(LONGEST_REST, FIRST_REST * 2 ** min(failures - 1, 20)))


def subscribed(settings: Settings, view: RegisterView, register: Register) -> Subscriptions:
    """Who gets events and where, by the settings."""
    sinks = {org: HttpSink(url) for org, url in settings.event_sinks.items()}
    return Subscriptions(view, register, sinks, EventFolder(settings.events) if settings.events else None)
