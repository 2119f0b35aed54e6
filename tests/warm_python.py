"""Starts programs of ours from one start-up: each in a process of its own, forked where all imports are done.

Reads requests from the socket whose number is the only argument: one JSON object and four files, for standard input,
output, errors and what is said of the process: its pid at once, its exit code when it has ended. A keeper waits for
each, as a shell would; a signal to the pid reaches the program itself. Nothing that a process must have for itself is
made before the fork: no database, no connection, no thread.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
LATER = (
    "alembic.command",
    "concurrent.futures.thread",
    "encodings.idna",
    "encodings.utf_8_sig",
    "encodings.utf_16_be",
    "h11",
    "httpcore",
    "rich._unicode_data.unicode17-0-0",
    "sqlite3.dbapi2",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "tests.disposal_support",
    "tests.events_support",
    "tests.exchange_support",
    "tests.staff_support",
    "typer._adapters",
    "typer._click.decorators",
    "uvicorn",
)
"""What programs import when they come to it."""
STREAMS = 3


def warm() -> None:
    from sqlalchemy.orm import configure_mappers

    for program in ("starter.py", "worker.py"):
        runpy.run_path(str(ROOT / program), run_name="warm")
    for name in LATER:
        import_module(name)
    from activities.rule_packs import pack_now

    configure_mappers()
    pack_now()
    gc.collect()
    gc.freeze()
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a thread would be missing after the fork"


def main() -> None:
    asking = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are nobody's concern
    while True:
        asked, files, _, _ = socket.recv_fds(asking, 1 << 20, STREAMS + 1)
        if not asked:
            return
        if os.fork() == 0:
            asking.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            program = os.fork()
            if program:
                keep(program, files)
            os.close(files[STREAMS])
            be(json.loads(asked), files[:STREAMS])
            return
        for file in files:
            os.close(file)


def keep(program: int, files: list[int]) -> NoReturn:
    for file in files[:STREAMS]:
        os.close(file)
    os.write(files[STREAMS], f"{program}\n".encode())
    _, status = os.waitpid(program, 0)
    os.write(files[STREAMS], f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def be(asked: dict[str, Any], files: list[int]) -> None:
    """This process is that program from here on, and ends as it does."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = os.fdopen(0, "r", closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False, buffering=1, errors="backslashreplace")
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    program, *arguments = asked["command"]
    if program == "-c":
        code, *arguments = arguments
        sys.argv = ["-c", *arguments]
        main_module = sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(code, "<string>", "exec"), main_module.__dict__)  # noqa: S102  as python -c does
    else:
        from console.layout import screen

        screen.width = int(os.environ.get("COLUMNS", "80"))  # read when a program starts: this start was another's
        sys.argv = [program, *arguments]
        runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
