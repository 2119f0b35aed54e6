"""Questions for `deadline compute` as tests put them, and its answers line by line."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner, Result

from console.deadline_commands import app
from tests.swedish_calendar import local, zulu

QUESTION = {"start": "2027-01-11T10:00:00+01:00", "clock": "around-the-clock", "amount": 24, "unit": "hours"}
OFFICE: dict[str, Any] = {"clock": "office", "unit": "working-days"}
CALENDAR: dict[str, Any] = {"clock": "calendar", "unit": "days"}


def asked(*lines: bytes | str | dict[str, Any]) -> bytes:
    """Lines as a person sends them: questions as JSON, the rest as it stands."""
    raw = [json.dumps(line).encode() if isinstance(line, dict) else line for line in lines]
    return b"\n".join(line.encode() if isinstance(line, str) else line for line in raw) + b"\n"


def run(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(app, ["compute", *arguments], input=stdin)


def batch(*lines: bytes | str | dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    told = run("--batch", stdin=asked(*lines))
    assert "Traceback" not in told.output
    return told.exit_code, [json.loads(line) for line in told.stdout_bytes.decode().splitlines()]


def answered(start: str, amount: int = 1, zone: str = "Europe/Stockholm", **fields: Any) -> dict[str, Any]:
    """The answer to one question whose start, and whose holds, are written in local time."""
    holds = [[zulu(local(since, zone)), zulu(local(until, zone))] for since, until in fields.pop("holds", [])]
    question = {"start": zulu(local(start, zone)), "zone": zone, "amount": amount, "holds": holds} | fields
    code, (answer,) = batch(question)
    assert "error" not in answer, answer["error"]
    assert code == 0
    assert {name: answer[name] for name in question} == question
    return answer


def codes(answer: dict[str, Any]) -> list[str]:
    return [step["code"] for step in answer["steps"]]
