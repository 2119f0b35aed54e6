"""Logs: readable by people and by machines, and silent about what passed through."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Databases
from tests.support import ROOT, Stack

PROGRAM = """
import logging, os, sys
import structlog
from pydantic import ValidationError
from sqlalchemy import text
from activities.stores import migrate, open_database
from activities.surroundings import configure_logs, read_settings
from models.intake import Intake

configure_logs(read_settings())
ours, theirs = structlog.get_logger("utvag.test"), logging.getLogger("temporalio.test")
engine = open_database(sys.argv[1])
migrate(engine, "desk")

def fail(name, why):
    whoever = {"name": name}
    why(name)

def in_sql(name):
    with engine.begin() as connection:
        values = {"id": name, "content": name.encode()}
        connection.execute(text('insert into items (id, "case", content) values (:id, :id, :content)'), values)

def in_words(name):
    Intake.model_validate({"urgency": name, "stay_municipality": name, "note": name})

for why in (in_sql, in_words):
    try:
        fail(sys.stdin.readline().strip(), why)
    except Exception as error:
        ours.exception("it failed", handoff="H3")
        theirs.exception("it failed for %s", "H4")
ours.info("åäö", count=3)
logging.getLogger("sqlalchemy.engine").info("a statement")
"""


def logged(url: str, **settings: str) -> tuple[str, str]:
    """What the program above logs when it fails with a marker in its hands; and the marker."""
    marker = f"anna-{secrets.token_hex(8)}"
    environment = os.environ | {f"UTVAG_{name.upper()}": value for name, value in settings.items()}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, url],
        cwd=ROOT,
        env=environment,
        input=f"{marker}\n{marker}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return done.stderr, marker


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_logged_failure_shows_where_and_never_what(form: str, database: str, databases: Databases) -> None:
    text, marker = logged(databases.url(database), log_format=form, log_level="DEBUG")
    assert text.count("it failed") >= 4
    assert "in_sql" in text
    assert "IntegrityError" in text
    assert "ValidationError" in text
    assert marker not in text
    assert marker.encode().hex() not in text
    assert "a statement" not in text


def test_every_line_of_a_json_log_is_one_object(databases: Databases) -> None:
    text, _ = logged(databases.url("sqlite"), log_format="json")
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    assert all({"event", "level", "logger", "timestamp"} <= line.keys() for line in lines)
    ours, theirs = (
        next(line for line in lines if line["logger"] == name) for name in ("utvag.test", "temporalio.test")
    )
    assert (ours["event"], ours["level"], ours["handoff"]) == ("it failed", "error", "H3")
    assert theirs["event"] == "it failed for H4"
    assert ours["exception"][0]["exc_type"]
    assert all(
        "locals" not in frame for line in lines for part in line.get("exception", ()) for frame in part["frames"]
    )
    assert lines[-1]["event"] == "åäö"
    assert lines[-1]["count"] == 3


def test_the_level_of_the_log_is_the_one_that_was_asked_for(databases: Databases) -> None:
    text, _ = logged(databases.url("sqlite"), log_format="json", log_level="ERROR")
    assert {json.loads(line)["level"] for line in text.splitlines()} == {"error"}


@pytest.mark.timeout(90)
def test_a_worker_logs_json_from_its_first_line_to_its_last(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "var", UTVAG_LOG_FORMAT="json")
    try:
        stack.start()
        assert stack.stop() == 0
    finally:
        stack.end()
    events = [json.loads(line)["event"] for line in stack.log().splitlines()]
    assert "ready" in events
    assert events[-1] == "stopped"
