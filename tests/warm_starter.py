"""Runs `starter.py` again and again from one start-up: every command in a process of its own, forked when asked for.

Reads one JSON object a line: a number, arguments, environment, and files for standard input, output and errors. Answers
each with its number and the exit code. What a command sees is what a person's own start of `starter.py` sees, second by
second less of waiting.
Nothing that a process must have for itself is made before the fork: no database, no connection, no thread.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

PROGRAM = Path(__file__).parent.parent / "starter.py"
sys.path.insert(0, str(PROGRAM.parent))
LATER = (
    "alembic.command",
    "concurrent.futures.thread",
    "console.demo",
    "encodings.idna",
    "encodings.utf_8_sig",
    "encodings.utf_16_be",
    "h11",
    "httpcore",
    "rich._unicode_data.unicode17-0-0",
    "sqlite3.dbapi2",
    "sqlalchemy.dialects.sqlite",
    "typer._adapters",
    "typer._click.decorators",
    "uvicorn",
)
"""What commands import when they come to it."""


def run(asked: dict[str, Any], command: Any) -> NoReturn:
    from console.failures import run_program
    from console.layout import screen

    try:
        for number, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
            os.dup2(os.open(asked["files"][number], flags), number)
        sys.stdin = os.fdopen(0, "r", closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        os.environ.clear()
        os.environ.update(asked["environment"])
        screen.width = int(os.environ["COLUMNS"])  # read when a program starts: this one's start was another's
        sys.argv = [PROGRAM.name, *asked["arguments"]]
        run_program(command)
    finally:
        os._exit(99)


def main() -> None:
    import typer
    from sqlalchemy.orm import configure_mappers

    program = runpy.run_path(str(PROGRAM), run_name="warm")
    for name in LATER:
        import_module(name)
    from activities.rule_packs import pack_now

    configure_mappers()
    pack_now()
    command = typer.main.get_command(program["app"])
    gc.collect()
    gc.freeze()
    print(json.dumps({"ready": PROGRAM.name}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            run(asked, command)
        _, status = os.waitpid(child, 0)
        answer = {"number": asked["number"], "code": os.waitstatus_to_exitcode(status)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
