"""Records the histories in tests/histories: `python -m tests.record_histories`.

A recorded history is a promise: the code of today must replay what yesterday's code did. Record anew only what a
change is meant to break, before the first installation, or add new files beside the old ones. They are kept in plain,
so that people can read what they promise; what Temporal itself keeps is sealed.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from activities.rule_packs import PACKS
from console.answers import Answer
from models.desk import AssessmentRecord
from models.handoffs import Act
from models.words import CaseRef
from tests.durability_support import POLICE, SOCIAL, Worker, intake, quick_offers, runs
from tests.sealed_histories import in_plain
from tests.support import Stack, eventually, register_of, running_stack, settled, temporal_of
from workflows.server import EmbeddedServer

HISTORIES = Path(__file__).parent / "histories"
EVENTS_PER_RUN = "100"


async def acute(stack: Stack) -> CaseRef:
    """Protection at night, across continue-as-new: the police answer late, and others go on working meanwhile."""
    casework = stack.casework()
    case = await casework.open_case(intake("acute", "2027-01-05T22:46:00+01:00", needs=["protected-housing"]))
    standing = await settled(casework, case)
    threat = next(h.id for h in standing.state.handoffs.values() if h.kind == "threat-assessment")
    await casework.advance(case, timedelta(hours=3))
    await settled(casework, case)
    await casework.act(case, threat, Act.ACCEPT, POLICE)
    assessment = AssessmentRecord.model_validate(
        {"level": "high", "assessor": "duty-commander", "assessed_at": "2027-01-06T02:00:00+01:00"}
    )
    await casework.act(case, threat, Act.COMPLETE, POLICE, Answer(assessment=assessment))
    await settled(casework, case)
    person = Worker(casework, case)
    await person.accepts()
    await person.works(4)
    await settled(casework, case)
    return case


async def ordinary(stack: Stack) -> CaseRef:
    """An ordinary case whose handoffs stand still until the top of their ladder; the last rung by its own timer."""
    casework = stack.casework()
    case = await casework.open_case(intake("ordinary", "2027-03-01T09:00:00+01:00"))
    await settled(casework, case)
    await casework.advance(case, timedelta(days=12))
    standing = await settled(casework, case)
    wake = min(d.next_at for h in standing.state.handoffs.values() for d in h.deadlines if d.next_at)
    await casework.advance(case, wake - standing.now - timedelta(seconds=1))
    fired = len(register_of(casework).firings(case))

    async def sounded() -> bool:
        return len(register_of(casework).firings(case)) > fired

    await eventually(sounded, bool)
    await settled(casework, case)
    return case


async def silence(stack: Stack) -> CaseRef:
    """A desk that is down: asked again and again, until the alarm."""
    casework = stack.casework()
    case = await casework.open_case(intake("ordinary", "2027-03-01T09:00:00+01:00", consent="given"))
    await settled(casework, case)
    for minutes in (13, 3, 60):
        await casework.advance(case, timedelta(minutes=minutes))
        tried = len(register_of(casework).history(case))

        async def entries() -> int:
            return len(register_of(casework).history(case))

        await eventually(entries, lambda count, tried=tried: count > tried)  # type: ignore[misc]
        await settled(casework, case)
    return case


async def keep(stack: Stack, case: CaseRef, name: str) -> None:
    for number, history in enumerate(await runs(await temporal_of(stack.casework()), case), start=1):
        path = HISTORIES / f"{name}-{number}.json"
        kept = without_machine(in_plain(history, stack.settings))
        path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")


def without_machine(history: Any) -> Any:
    """Who recorded it and on which computer is nobody's business."""
    if isinstance(history, dict):
        return {k: "recorded" if k == "identity" else without_machine(v) for k, v in history.items()}
    return [without_machine(part) for part in history] if isinstance(history, list) else history


async def record(folder: Path) -> None:
    shutil.rmtree(HISTORIES, ignore_errors=True)
    HISTORIES.mkdir()
    with running_stack(folder / "whole", UTVAG_EVENTS_PER_RUN=EVENTS_PER_RUN) as stack:
        await keep(stack, await acute(stack), "acute")
        await keep(stack, await ordinary(stack), "ordinary")
    packs = quick_offers(shutil.copytree(PACKS, folder / "packs"))
    stack = Stack(folder / "down", UTVAG_RULE_PACKS=str(packs), UTVAG_EVENTS_PER_RUN=EVENTS_PER_RUN)
    temporal = EmbeddedServer(stack.settings)
    try:
        await temporal.start()
        stack.start("--plane", "--desk", SOCIAL)
        await keep(stack, await silence(stack), "silence")
    finally:
        stack.end()
        await temporal.stop()


if __name__ == "__main__":
    with TemporaryDirectory() as temporary:
        asyncio.run(record(Path(temporary)))
