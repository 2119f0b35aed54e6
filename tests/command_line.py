"""`starter.py` as people run it, many times over, and what it told them."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.support import ROOT, Stack

CONTACT = {"channel": "phone", "value": "070-1740605"}


class Told(NamedTuple):
    """What a command left behind: its exit code, what it printed, what it said on standard error."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The one JSON document that was printed."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return self.data["error"]

    @property
    def text(self) -> str:
        return self.out + self.err

    def faults(self) -> dict[str, str]:
        return {fault["field"]: fault["en"] for fault in self.error["faults"]}


class Starter:
    """One started-up `starter.py`, forked for each command. Remembers everything that was ever told."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._asked = folder, 0
        self.transcript: list[Told] = []
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "warm_starter.py")],
            cwd=ROOT,
            env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def run(self, environment: Mapping[str, str], arguments: tuple[str, ...], stdin: str | bytes | None) -> Told:
        self._asked += 1
        files = [self._folder / f"{self._asked}-{name}" for name in ("stdin", "stdout", "stderr")]
        for file in files:
            file.write_bytes(b"")
        files[0].write_bytes(stdin.encode() if isinstance(stdin, str) else stdin or b"")
        asked = {
            "number": self._asked,
            "arguments": arguments,
            "environment": dict(environment),
            "files": [str(file) for file in files],
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        while answer["number"] != asked["number"]:  # of a command whose test was stopped while it waited
            answer = self._read()
        out, err = (file.read_bytes().decode() for file in files[1:])
        for file in files:
            file.unlink()
        told = Told(answer["code"], out, err)
        self.transcript.append(told)
        return told

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class CommandLine:
    """A person at a terminal of one stack."""

    def __init__(self, starter: Starter, stack: Stack, **environment: str) -> None:
        self._starter, self._stack, self._environment = starter, stack, environment

    def __call__(self, *arguments: str, stdin: str | bytes | None = None) -> Told:
        return self._starter.run(self._stack.environment | self._environment, arguments, stdin)

    def json(self, *arguments: str, stdin: str | bytes | None = None) -> Any:
        """The answer of a command that is expected to go well."""
        told = self(*arguments, "--json", stdin=stdin)
        assert told.code == 0, told.text
        return told.data

    def with_settings(self, **environment: str) -> CommandLine:
        return CommandLine(self._starter, self._stack, **(self._environment | environment))

    def open_case(self, **fields: Any) -> str:
        """Opens a case from standard input. The least that opens one, unless `fields` say more."""
        case: str = self.json("case", "open", "-", stdin=json.dumps(intake(**fields)))["case"]
        return case

    def handoffs(self, case: str) -> dict[str, dict[str, Any]]:
        """The open handoffs of a case, by kind."""
        return {handoff["kind"]: handoff for handoff in self.json("case", "show", case)["handoffs"]}


def intake(**fields: Any) -> dict[str, Any]:
    return {"urgency": "ordinary", "stay_municipality": "0381", "safe_contact": CONTACT} | fields


def synthetic_personnummer() -> str:
    """A random personnummer of the series that the Tax Agency sets aside for tests: birth numbers 980-999."""
    born = f"{1950 + secrets.randbelow(50)}{1 + secrets.randbelow(12):02}{1 + secrets.randbelow(28):02}"
    digits = f"{born[2:]}{980 + secrets.randbelow(20)}"
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(digits))
    return f"{born}{digits[6:]}{-sum(d // 10 + d % 10 for d in doubled) % 10}"


def close_by_two(cli: CommandLine, case: str, org: str, code: str) -> Told:
    """Closes a case as people do: one asks, the manager approves with the own word, the first closes."""
    close = ("case", "close", case, "--as", org, "--code", code)
    asked = cli(*close, "--json")
    assert asked.error["code"] == "second-person-needed", asked.text
    approval = ("access", "approve", asked.error["detail"], "--as", org, "--user", "chef-01")
    approved = cli(*approval, stdin="bara for ovning\n")
    assert approved.code == 0, approved.text
    return cli(*close)


def closed_case(cli: CommandLine, org: str = "soc-0381", **fields: Any) -> str:
    """A case whose handoffs have been withdrawn and that two have closed. Its file stays at the desk for years."""
    case = cli.open_case(**fields)
    for handoff in cli.json("handoff", "list", case):
        withdraw = ("handoff", "act", case, handoff["id"], "withdraw", "--reason", "no-longer-needed", "--as", org)
        cli.json(*withdraw)
    closed = close_by_two(cli, case, org, "ENDED")
    assert closed.code == 0, closed.text
    return case
