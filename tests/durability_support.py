"""What durability means, as checks: nothing acknowledged is lost, nothing is doubled, all parts agree."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from email.policy import default as modern
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import TypeAdapter
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from console.answers import Answer
from console.casework import Casework
from models.case import CaseState, Entry, Receipt
from models.events import Acted, Event, Submitted
from models.handoffs import Act, Firing
from models.intake import Intake
from models.packs import RulePack
from models.register import FiringRow
from models.words import CaseRef, HandoffId, OrgId, RequestKey
from rules.case import fold
from tests.consent_support import consenting
from tests.support import Stack, eventually, register_of, settled, temporal_of
from workflows import cases
from workflows.connection import Unavailable

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
CONTACT = "070-1740605"
"""From the series set aside for fiction."""
SOCIAL, POLICE = "soc-0381", "polisen-mitt"
PATIENCE = 60
"""Seconds that a person goes on trying while something is being started again."""


def intake(urgency: str, opened_at: str | None = None, **more: Any) -> Intake:
    """The least that opens a case, in Enköping."""
    least = {"urgency": urgency, "stay_municipality": "0381", "safe_contact": {"channel": "phone", "value": CONTACT}}
    if more.get("consent") == "given":
        more = more | consenting(opened_at)
    return Intake.model_validate(least | more | ({"opened_at": opened_at} if opened_at else {}))


async def insisted(casework: Casework, case: CaseRef, event: Submitted) -> Receipt:
    """The same event with the same key until it is answered."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await casework.submit(case, event)
            except Unavailable:
                await asyncio.sleep(0.1)


class Worker:
    """A person at social services who goes on working on one request, and does again what got no answer."""

    def __init__(self, casework: Casework, case: CaseRef, handoff: HandoffId = "H1", org: OrgId = SOCIAL) -> None:
        self.casework, self.case, self.handoff, self.org = casework, case, handoff, org
        self.receipts: dict[RequestKey, Receipt] = {}
        self.done: dict[RequestKey, tuple[Act, str | None]] = {}
        self.unanswered = 0

    async def accepts(self) -> None:
        await self.does(Act.ACCEPT)

    async def works(self, times: int) -> None:
        """Puts the request on hold and takes it up again, each with a request key of its own."""
        for _ in range(times):
            await self.does(Act.HOLD, "awaiting-information")
            await self.does(Act.RESUME)

    async def does(self, act: Act, reason: str | None = None) -> None:
        key = str(uuid4())
        self.done[key] = (act, reason)
        self.receipts[key] = await self.insists(key)

    async def insists(self, key: RequestKey) -> Receipt:
        """The same act with the same key until it is answered."""
        act, reason = self.done[key]
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    return await self.casework.act(self.case, self.handoff, act, self.org, Answer(reason=reason), key)
                except Unavailable:
                    self.unanswered += 1
                    await asyncio.sleep(0.1)

    async def repeats_everything(self) -> None:
        """Every key once more: the same answers as before. Those that the case still keeps, past the register too."""
        log = [EVENT.validate_python(row.event) for row in register_of(self.casework).history(self.case)]
        mine = [event for event in log if isinstance(event, Acted) and event.key in self.receipts]
        assert [event.key for event in mine] == list(self.receipts)
        kept = (await settled(self.casework, self.case)).state.answered
        assert mine[-1].key in kept
        for event in mine:
            assert await self.insists(event.key) == self.receipts[event.key]
            if event.key in kept:
                straight = await cases.submit(await temporal_of(self.casework), self.case, event)
                assert straight == self.receipts[event.key]


async def assert_nothing_lost_or_doubled(casework: Casework, case: CaseRef, *people: Worker) -> CaseState:
    """Every acknowledged act stands once in the log; log, snapshot, workflow and a fold of the log agree."""
    state = (await settled(casework, case)).state
    rows = register_of(casework).history(case)
    assert [row.revision for row in rows] == list(range(1, state.revision + 1))
    keys = Counter(row.event.get("key") for row in rows if row.event.get("key"))
    assert not [key for key, times in keys.items() if times > 1]
    at_revision = {row.revision: row.event.get("key") for row in rows}
    for person in people:
        for key, receipt in person.receipts.items():
            assert at_revision[receipt.revision] == key
            assert register_of(casework).receipt(key) == (case, receipt)
    entries = refolded(casework, case)
    assert [entry.digest for entry in entries] == [row.state_digest for row in rows]
    assert_told_once(casework, case, entries)
    snapshot = register_of(casework).case(case)
    assert snapshot is not None
    assert state.digest() == snapshot.state_digest == rows[-1].state_digest
    return state


def refolded(casework: Casework, case: CaseRef) -> tuple[Entry, ...]:
    """Every revision, worked out anew from nothing but the register's log and the packs stored there."""
    log = register_of(casework).history(case)
    packs = {digest: known_pack(casework, digest) for digest in {row.pack_digest for row in log}}
    state, rules = CaseState(case=case), packs[log[0].pack_digest]
    for row in log:
        adopted = packs[row.pack_digest]
        state = fold(state, [(EVENT.validate_python(row.event), row.at)], [rules, adopted])
        rules = adopted
    return state.pending


def known_pack(casework: Casework, digest: str) -> RulePack:
    """Rules that a revision was decided by, as the register keeps them."""
    rules = register_of(casework).pack(digest)
    assert rules is not None
    assert rules.digest == digest
    return rules


def assert_told_once(casework: Casework, case: CaseRef, entries: tuple[Entry, ...]) -> None:
    """Every rung and every notice that follows from the log stands in the register, each once, and no other."""
    fired = [firing for entry in entries for firing in entry.firings]
    assert Counter(map(rung, register_of(casework).firings(case))) == Counter(map(rung, fired))
    assert len({firing.identity for firing in fired}) == len(fired)
    told = [notice.id for entry in entries for notice in entry.notices]
    assert Counter(row.id for row in register_of(casework).notices(case)) == Counter(told)


def rung(fired: Firing | FiringRow) -> tuple[object, ...]:
    """One firing, as the core and as the register tell it."""
    which = (fired.handoff, fired.round, fired.deadline, fired.ladder, fired.rung, fired.recurrence)
    return (*which, fired.due, fired.at)


def quick_offers(packs: Path) -> Path:
    """Rule packs whose work for a desk is offered for a second only, so that a test of silence is short."""
    for general in packs.glob("*/pack.toml"):
        told, times = re.subn(r'offered_for = "[^"]+"', 'offered_for = "1 s"', general.read_text(encoding="utf-8"))
        assert times == 1
        general.write_text(told, encoding="utf-8")
    return packs


async def posted(stack: Stack, casework: Casework, case: CaseRef) -> list[str]:
    """The receivers of every letter about a case, each as often as there is a letter, once all have been delivered."""

    async def waiting() -> int:
        return sum(row.case == case for row in register_of(casework).undelivered(10_000))

    await eventually(waiting, lambda count: count == 0)
    files = [path.read_bytes() for path in stack.settings.mail.glob(f"{case}_*.eml")]
    return sorted(str(message_from_bytes(content, policy=modern)["To"]) for content in files)


@contextmanager
def held_up(database: Path) -> Iterator[None]:
    """Somebody else has a write lock on this database: whoever wants to write waits."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("begin immediate")
        yield
    finally:
        connection.close()


async def history(client: Client, case: CaseRef, run: str | None = None) -> WorkflowHistory:
    return await client.get_workflow_handle(case, run_id=run).fetch_history()


async def runs(client: Client, case: CaseRef) -> list[WorkflowHistory]:
    """The histories of all runs of a case, first run first."""
    found: list[WorkflowHistory] = []
    run: str | None = None
    while True:
        found.insert(0, await history(client, case, run))
        run = found[0].events[0].workflow_execution_started_event_attributes.continued_execution_run_id
        if not run:
            return found


def event_types(history: WorkflowHistory) -> set[str]:
    return {EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in history.events}


async def skip(casework: Casework, case: CaseRef, forward: timedelta) -> None:
    """Lets the server skip time for this case. First everything pending is let finish, or skipping would hang."""
    await settled(casework, case)
    client = await temporal_of(casework)
    handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(case)
    described = await handle.describe()
    assert not described.raw_description.pending_activities
    skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
    async with asyncio.timeout(60):
        assert await skipper.fast_forward(handle, forward)
    await settled(casework, case)
