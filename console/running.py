"""What a running program is to the machine it runs on: one stack per folder, and a place to ask how it is."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any

from models.settings import Settings
from workflows.server import CannotStart


@contextmanager
def health_endpoint(settings: Settings, health: Callable[[], dict[str, Any]]) -> Iterator[int]:
    """GET /health: 200 when everything this process runs is well, 503 otherwise. Yields the port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = health() if self.path == "/health" else None
            body = json.dumps(told or {"status": "no such page"}).encode()
            self.send_response(404 if told is None else 200 if told["status"] == "ok" else 503)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Health probes are not worth a line each."""

    try:
        server = ThreadingHTTPServer((settings.health_host, settings.health_port), Answer)
    except OSError:
        raise CannotStart(
            f"Porten {settings.health_port} för hälsokontroll används redan. Välj en annan med UTVAG_HEALTH_PORT.\n"
            f"The health port {settings.health_port} is in use. Choose another with UTVAG_HEALTH_PORT."
        ) from None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """One embedded stack per `var/`. The lock is the operating system's, so a killed program leaves none behind."""
    settings.var.mkdir(parents=True, exist_ok=True)
    with (settings.var / "stack.lock").open("a+") as lock:
        if not locked(lock):
            lock.seek(0)
            raise CannotStart(
                f"Utväg körs redan här (process {lock.read().strip() or 'okänd'}). Stäng den först.\n"
                f"Utväg is already running here, in {settings.var}. Close it first."
            )
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
