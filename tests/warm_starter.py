"""Runs `starter.py` again and again from one start-up: every command in a process of its own, forked when asked for.

Reads one JSON object a line: arguments, environment, and files for standard input, output and errors. Answers each with
the exit code. What a command sees is what a person's own start of `starter.py` sees, second by second less of waiting.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any, NoReturn

PROGRAM = Path(__file__).parent.parent / "starter.py"
sys.path.insert(0, str(PROGRAM.parent))


def run(asked: dict[str, Any]) -> NoReturn:
    try:
        for number, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
            os.dup2(os.open(asked["files"][number], flags), number)
        sys.stdin = os.fdopen(0, "r", closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = [PROGRAM.name, *asked["arguments"]]
        runpy.run_path(str(PROGRAM), run_name="__main__")
    finally:
        os._exit(99)


def main() -> None:
    runpy.run_path(str(PROGRAM), run_name="warm")
    import alembic.command

    print(json.dumps({"ready": alembic.__version__}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            run(asked)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
