"""`starter.py simulate`: tables, JSON and timelines, and a sentence for everything that can't be simulated."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from activities.rule_packs import PACKS
from console.simulation_commands import simulate
from tests.support import ROOT
from tests.test_simulation import MONDAY, ORGANISATIONS, rule

EXAMPLE = ROOT / "examples" / "simulation" / "a-year.toml"

app = typer.Typer()
app.command()(simulate)


def told(*arguments: str | Path, code: int = 0) -> Any:
    """What the command answers in JSON."""
    answer = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert answer.exit_code == code, answer.output
    return json.loads(answer.stdout)


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    """The rules in force with a first contact that must be decided on within one working day."""
    copy = tmp_path / "stricter"
    shutil.copytree(PACKS / "2026-07-01", copy)
    contact = copy / "kinds" / "contact.toml"
    before, heading, after = contact.read_text("utf-8").partition("[first-contact.ordinary]")
    assert after.count('decision = { within = "2 wd"') >= 1
    changed = after.replace('decision = { within = "2 wd"', 'decision = { within = "1 wd"', 1)
    contact.write_text(before + heading + changed, "utf-8")
    return copy


def few(tmp_path: Path) -> Path:
    """The example with four cases of each sort."""
    text = EXAMPLE.read_text("utf-8")
    file = tmp_path / "few.toml"
    lines = ["count = 4" if line.startswith("count = ") else line for line in text.splitlines()]
    file.write_text("\n".join(lines), "utf-8")
    return file


def test_the_example_is_played_and_compared(tmp_path: Path, stricter: Path) -> None:
    rules = PACKS / "2026-07-01"
    answer = told("--rules", rules, "--compare", stricter, "--cases", few(tmp_path), "--until", "60d")
    assert [one["cases"]["played"] for one in answer["rules"]] == [16, 16]
    assert not answer["rules"][0]["refused"]
    first, second = ({kind["kind"]: kind for kind in one["kinds"]} for one in answer["rules"])
    changed = {kind for kind in first if first[kind]["minutes_to_completion"] != second[kind]["minutes_to_completion"]}
    assert changed == {"first-contact"}


@pytest.mark.parametrize("width", ["80", "200"])
def test_the_tables_fit_and_say_who_was_alarmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    answer = CliRunner().invoke(app, ["--cases", str(few(tmp_path)), "--until", "30d"])
    assert answer.exit_code == 0, answer.output
    for heading in ("Tider | Deadlines", "Larm per roll | Alarms by role", "Belastning | Load", "Per vecka"):
        assert heading in answer.stdout
    assert "chef i beredskap" in answer.stdout
    assert max(map(len, answer.stdout.splitlines())) <= int(width)


def test_a_timeline_by_number_and_by_reference_is_the_same(tmp_path: Path) -> None:
    file = few(tmp_path)
    by_number = told("--cases", file, "--timeline", "6")
    assert by_number == told("--cases", file, "--timeline", by_number["case"].lower())
    assert by_number["rules"][0]["timeline"][0]["what"] == "opened"
    shown_ = CliRunner().invoke(app, ["--cases", str(file), "--timeline", "6"])
    assert "ärendet öppnas av | the case is opened by soc-0381" in shown_.stdout


def test_a_case_that_is_not_in_the_file_is_not_found(tmp_path: Path) -> None:
    assert "1–16" in told("--cases", few(tmp_path), "--timeline", "17", code=4)["error"]["sv"]


@pytest.mark.parametrize("length", ["-5d", "0d", "11000d", "90", "ninety", "9999999999d", ""])
def test_an_impossible_length_is_a_sentence(tmp_path: Path, length: str) -> None:
    (fault,) = told("--cases", few(tmp_path), "--until", length, code=2)["error"]["faults"]
    assert fault["field"] == "until"


WRONG = {
    "": ("", "the file is empty"),
    "case = [": ("", "is neither TOML nor JSON"),
    "{": ("", "is neither TOML nor JSON at line 1"),
    "[" * 5000: ("", "is neither TOML nor JSON"),
    "organisation = []\ncase = []": ("organisation", "is empty"),
    "nonsense = 1": ("?", "unknown field"),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_file_that_is_none_is_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cases.toml"
    file.write_text(text, "utf-8")
    field, sentence = WRONG[text]
    faults = told("--cases", file, code=2)["error"]["faults"]
    name = f"cases.toml: {field}" if field else "cases.toml"
    assert any(fault["field"] == name and fault["en"].startswith(sentence) for fault in faults), faults


FAULTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "answers.1.kind": (rule("never", "no-such-kind"), {}),
    "answers.1.organisation": ({"organisation": "nobody"} | rule("never"), {}),
    "answers.1.function.1": ({"function": "wizards"} | rule("never"), {}),
    "answers.1.answer.does": (rule("declines", "threat-assessment"), {}),
    "answers.1.answer.then.does": (rule("returns", "threat-assessment", then={"does": "declines"}), {}),
    "answers.1.answer.reason": (rule("declines", "placement-question", reason="too-busy"), {}),
    "answers.1.answer.to": (rule("forwards", "coordinated-plan", to="police"), {}),
    "answers.1.answer.by": (rule("late", by="0 d"), {}),
    "answers.1.answer.share": (rule("in-time", share=[90, 10]), {}),
    "answers.1.answer": (rule("sulks"), {}),
    "answers.1.answer.length": (rule("holds", length="a while"), {}),
    "answers.1": ({"function": "court"} | rule("never"), {}),
    "case.1.opened_by": (rule("never"), {"opened_by": "nobody"}),
    "case.1.opens": (rule("never"), {"opens": {"since": MONDAY, "until": "2026-01-01T10:00:00Z"}}),
    "case.1.opens.until": (rule("never"), {"opens": {"since": MONDAY, "until": "2027-02-01T10:00:00"}}),
    "case.1.candidates": (rule("never"), {"candidates": {"release": ["soc-b"]}}),
    "case.1.threat_level": (rule("never"), {"threat_level": "dire"}),
    "case.1.facts.instants": (rule("never"), {"facts": {"instants": {"Not a code": MONDAY}}}),
    "case.1.facts": (rule("never"), {"facts": {"instants_after": {"no-such-day": "1 d"}}}),
    "case.1.facts.custody_ends_after": (rule("never"), {"facts": {"custody_ends_after": "60 d"}}),
    "case.1.?": (rule("never"), {"nmae": "a-name"}),
    "case.1.count": (rule("never"), {"count": 0}),
    "case.1.later.1.kind": (
        rule("never"),
        {"later": [{"does": "send", "after": "1 d", "kind": "nothing", "sender": "soc-a", "to": "soc-b"}]},
    ),
}


@pytest.mark.parametrize("field", FAULTS)
def test_what_can_not_be_is_told_by_file_and_field(tmp_path: Path, field: str) -> None:
    answer, case = FAULTS[field]
    raw = {
        "organisation": [{"id": org, "function": function} for org, function in ORGANISATIONS.items()],
        "answers": [answer],
        "case": [{"opens": MONDAY, "opened_by": "soc-a"} | case],
    }
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(raw), "utf-8")
    faults = told("--cases", file, code=2)["error"]["faults"]
    assert field in {fault["field"].removeprefix("cases.json: ") for fault in faults}, faults
    assert not [fault for fault in faults if fault["en"] == "is empty"]


def test_rules_that_do_not_load_are_a_sentence(tmp_path: Path) -> None:
    file, bad = few(tmp_path), tmp_path / "bad"
    bad.mkdir()
    assert told("--rules", bad, "--cases", file, code=2)["error"]
    assert told("--rules", tmp_path / "nowhere", "--cases", file, code=2)["error"]["faults"][0]["field"] == "rules"
    assert "2026-07-01" in told("--rules", PACKS, "--cases", file, code=2)["error"]["faults"][0]["en"]


INTERRUPTIBLE = (
    "import typer; from console.failures import run_program; from console.simulation_commands import simulate; "
    "app = typer.Typer(); app.command()(simulate); run_program(app)"
)


def test_an_interruption_tells_what_was_played_until_then(tmp_path: Path) -> None:
    text = EXAMPLE.read_text("utf-8").replace("count = 250", "count = 6000")
    file = tmp_path / "many.toml"
    file.write_text(text, "utf-8")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", INTERRUPTIBLE, "--cases", str(file), "--json"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
        start_new_session=True,
    ) as process:
        os.close(theirs)
        seen = b""
        while b" 10/" not in seen and b" 20/" not in seen and b" 30/" not in seen:
            seen += os.read(ours, 4096)
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        seen += os.read(ours, 65536)
    os.close(ours)
    answer = json.loads(out)
    assert process.returncode == 130
    assert answer["interrupted"]
    assert 10 <= answer["rules"][0]["cases"]["played"] < 12_000
    assert b"Traceback" not in seen
