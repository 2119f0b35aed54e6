"""The same history gives the same case: recorded ones replay, and rules edited under an open case change nothing
or are loudly refused."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from activities.rule_packs import PACKS, pack_now
from console.answers import Answer
from models.handoffs import Act
from models.words import CaseRef
from tests.durability_support import CONTACT, Worker, assert_nothing_lost_or_doubled, event_types, intake, runs
from tests.record_histories import HISTORIES
from tests.sealed_histories import contents
from tests.support import ROOT, Stack, eventually, register_of, running_stack, settled, temporal_of
from worker import sandbox
from workflows.case import CaseWorkflow
from workflows.connection import PLAIN, Unavailable

RECORDED = sorted(HISTORIES.glob("*.json"))
DISAGREE = "register and workflow disagree"
SOURCES = ("models", "rules", "workflows", "activities", "console", "migrations", "examples")
PROGRAMS = ("worker.py", "starter.py")
RULE = ("clocks.py", "for _ in range(days):", "for _ in range(days + 1):")
"""One changed line of rule code: every deadline in working days comes a day later."""
REPLAY = """
import asyncio, json, sys
from pathlib import Path
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from worker import sandbox
from workflows.case import CaseWorkflow
from workflows.connection import PLAIN

text = Path(sys.argv[1]).read_text()
started = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
history = WorkflowHistory.from_json(started["workflowId"], text)
replayer = Replayer(workflows=[CaseWorkflow], data_converter=PLAIN, workflow_runner=sandbox())
asyncio.run(replayer.replay_workflow(history))
"""


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path) -> None:
    replayer = Replayer(workflows=[CaseWorkflow], data_converter=PLAIN, workflow_runner=sandbox())
    await replayer.replay_workflow(recorded(path))


def recorded(path: Path) -> WorkflowHistory:
    text = path.read_text()
    started = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
    return WorkflowHistory.from_json(started["workflowId"], text)


def test_the_recorded_histories_hold_what_they_should() -> None:
    found: dict[str, set[str]] = {}
    for path in RECORDED:
        story = path.stem.rpartition("-")[0]
        found.setdefault(story, set()).update(event_types(recorded(path)))
    assert "WORKFLOW_EXECUTION_CONTINUED_AS_NEW" in found["acute"]
    assert {"TIMER_STARTED", "TIMER_FIRED"} <= found["ordinary"]
    assert "ACTIVITY_TASK_TIMED_OUT" in found["silence"]
    happened = set().union(*found.values())
    assert not [name for name in happened if name.startswith(("START_CHILD", "CHILD_", "MARKER"))], (
        "no child workflows, and no local activities (they leave markers)"
    )


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_history_holds_codes_only(path: Path) -> None:
    history = json.loads(path.read_text())
    assert {value for key, value in leaves(history) if key == "identity"} == {"recorded"}
    told = [leaf for payload in payloads(history) for leaf in leaves(payload)]
    words = {value for key, value in told if isinstance(value, str) and key not in LEGAL_TEXT}
    assert words, "payloads were found and could be read"
    assert not [word for word in words if not CODE.fullmatch(word)]
    assert CONTACT not in words


LEGAL_TEXT = ("sv", "en", "basis", "source", "disclaims")
"""What a rule pack says in words: the name of a kind, and where a rule is written."""
CODE = re.compile(
    r"[a-z][a-z0-9_-]*(:[a-z0-9-]+)?(\|[a-z0-9-]+(:[a-z0-9-]+)?)*"  # codes, and conditions made of them
    r"|[A-Z_]+"  # phases
    r"|H[0-9]+|U-[0-9A-Z]{4}-[0-9A-Z]{4}(/D[0-9]+|/[a-z-]+/[A-Za-z0-9/:.+-]+)?"  # references, tasks and notices
    r"|[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{4}"  # digests, keys, municipalities
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+Z)?|[0-9]{2}:[0-9]{2}:[0-9]{2}|-?P[0-9DTHMS.]+"  # dates, instants, spans
    r"|[A-Z2-7]{51}[AQ]|[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}"  # fingerprints, acts as they were signed
    r"|Europe/Stockholm"
)


def payloads(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        if "data" in node and "metadata" in node:
            yield json.loads(b64decode(node["data"]))
        for value in node.values():
            yield from payloads(value)
    elif isinstance(node, list):
        for value in node:
            yield from payloads(value)


def leaves(node: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every single value, with the name it stands under. Names are read too: they may be codes or instants."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield "", name
            yield from leaves(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from leaves(value, key)
    else:
        yield key, node


@pytest.fixture
def edited_source(tmp_path: Path) -> Path:
    """This checkout with one line of rule code changed."""
    copy = tmp_path / "source"
    for name in SOURCES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in PROGRAMS:
        shutil.copy(ROOT / name, copy)
    file, before, after = RULE
    text = (copy / "rules" / file).read_text(encoding="utf-8")
    assert text.count(before) == 1
    (copy / "rules" / file).write_text(text.replace(before, after), encoding="utf-8")
    return copy


async def test_rule_code_edited_under_an_open_case_is_loudly_refused(tmp_path: Path, edited_source: Path) -> None:
    with running_stack(tmp_path / "var") as stack:
        casework = stack.casework()
        case = await casework.open_case(intake("ordinary"))
        person = Worker(casework, case)
        await person.accepts()
        before = await settled(casework, case)
        log = register_of(casework).history(case)
        assert await asyncio.to_thread(stack.stop) == 0

        stack.source = edited_source
        await asyncio.to_thread(stack.start)
        with pytest.raises(Unavailable):
            await casework.act(case, "H1", Act.HOLD, "soc-0381", Answer(reason="awaiting-information"))
        assert DISAGREE in await failures(stack, case)
        assert DISAGREE in stack.log()
        assert register_of(casework).history(case) == log
        stack.kill()

        stack.source = ROOT
        await asyncio.to_thread(stack.start)
        await person.works(1)
        after = await assert_nothing_lost_or_doubled(casework, case)
        assert register_of(casework).history(case)[: len(log)] == log
        assert after.handoffs["H2"] == before.state.handoffs["H2"]


async def failures(stack: Stack, case: CaseRef) -> str:
    """What the history says of failed workflow tasks."""
    client = await temporal_of(stack.casework())

    async def look() -> str:
        (history,) = await runs(client, case)
        failed = [event for event in history.events if event.HasField("workflow_task_failed_event_attributes")]
        return contents(WorkflowHistory(case, failed), client).decode(errors="replace")

    return await eventually(look, bool)


def test_a_replay_by_edited_rule_code_is_refused_too(edited_source: Path) -> None:
    path = HISTORIES / "ordinary-1.json"
    replay = subprocess.run(
        [sys.executable, "-c", REPLAY, str(path)], cwd=edited_source, capture_output=True, text=True, check=False
    )
    assert replay.returncode != 0
    assert DISAGREE in replay.stderr


async def test_a_rule_pack_edited_under_an_open_case_leaves_it_as_it_is(tmp_path: Path) -> None:
    packs = shutil.copytree(PACKS, tmp_path / "packs")
    with running_stack(tmp_path / "var", UTVAG_RULE_PACKS=str(packs)) as stack:
        casework = stack.casework()
        case = await casework.open_case(intake("ordinary", "2027-03-01T09:00:00+01:00"))
        before = await settled(casework, case)
        old = register_of(casework).case(case)
        assert old is not None
        stack.kill()

        for kinds in packs.glob("*/kinds/contact.toml"):
            told = kinds.read_text(encoding="utf-8")
            assert 'within = "5 wd"' in told
            kinds.write_text(told.replace('within = "5 wd"', 'within = "9 wd"'), encoding="utf-8")
        await asyncio.to_thread(stack.start)
        person = Worker(casework, case)
        await person.accepts()
        after = await assert_nothing_lost_or_doubled(casework, case, person)
        assert after.handoffs["H2"] == before.state.handoffs["H2"]
        assert {row.pack_digest for row in register_of(casework).history(case)} == {old.pack_digest}
        await casework.advance(case, timedelta(days=7, hours=1))
        await settled(casework, case)
        assert [row.rung for row in register_of(casework).firings(case) if row.handoff == "H2"] == [1, 2]

        newer = await casework.open_case(intake("ordinary", "2027-03-01T09:00:00+01:00"))
        state = (await settled(casework, newer)).state
        row = register_of(casework).case(newer)
        assert row is not None
        assert row.pack_digest == pack_now(packs).digest != old.pack_digest
        due = [known.handoffs["H2"].deadlines[0].due for known in (before.state, state)]
        assert [f"{instant:%d %B}" for instant in due] == ["08 March", "12 March"]
