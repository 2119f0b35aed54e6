"""Raising an incident: kept at the desk first, then told, then given its clocks. A note comes last, if at all."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from console.alarming import alarmed
from console.as_whom import Worker
from console.casework import Casework
from console.coding import item_id
from console.failures import Fault, Invalid, Refused
from models.access import Role
from models.case import Receipt
from models.contracts import Standing
from models.incident_tables import IncidentRow
from models.words import CaseRef, Code, Function, OrgId, RequestKey, Urgency
from rules import access
from rules.reminders import REPORTED_WITHIN
from workflows.cases import NoSuchCase
from workflows.connection import Unavailable


class What(StrEnum):
    SOMEBODY_ASKS = "somebody-asks"
    """Någon frågar efter personen."""
    LEAK = "leak"
    """Uppgifter har läckt."""


TELLS_POLICE = frozenset({*access.HANDLERS, Role.UNIT_MANAGER, Role.MANAGER_ON_CALL, Role.DECISION_MAKER})
"""Who may ask the police anew. Anybody at work may raise the alarm to their own managers."""
FIRST_YEAR = 2018
"""No breach is older than the duty to tell of it (GDPR 33, from 25 May 2018): an earlier year is a slip of the pen."""
NOT_FROM_HERE = ("sender-may-not-ask-this", "not-your-case", "too-many-open", "date-needed", "case-closed")
"""Why a handoff can't be asked for from here: then the desk keeps the clock itself."""


class Begun(NamedTuple):
    """What an incident has led to."""

    told: bool
    """Whether the managers have been told; otherwise they are as soon as the plane answers."""
    handoffs: dict[Code, str | None]
    due: datetime | None
    """The 72 hours of a leak, where the desk keeps them itself."""
    in_case: bool


async def begin(
    casework: Casework, worker: Worker, case: CaseRef, what: What, key: RequestKey, discovered: datetime | None = None
) -> Begun:
    """Everything that follows, each once for the same key: alarm, incident, breach, a new assessment.

    The alarm waits for nothing that can be refused. A step that is on its way already, or that this organisation can't
    ask for, is left out and said to be. Where the case is over, or not reached, the desk keeps the clock and reminds.

    Raises:
        Invalid: when it was discovered can't be right. Nothing has been kept and nobody told.
        NoSuchCase: neither the plane nor this desk knows of such a case.
        CannotAudit: nothing was kept.
    """
    org, incidents = worker.office.org, worker.office.incidents
    standing = await standing_of(casework, worker, case)
    known = when(casework, case, standing, discovered)
    row = kept(worker, case, what, key, known, standing)
    told = await alarmed(casework.plane, org, case, "incident", key, item_id(key, "alarm"))
    if told:
        incidents.told(key, datetime.now(UTC))
    handoffs: dict[Code, str | None] = {}
    if standing is not None and standing.state.closed is None:
        handoffs = await asked(casework, worker, case, what, key, known, standing)
    needed = {"incident"} | ({"personal-data-breach"} if what is What.LEAK else set())
    in_case = all(handoffs.get(kind) for kind in needed)
    if in_case:
        incidents.carried(key)
    return Begun(told, handoffs, None if in_case else row.due_at, in_case)


async def standing_of(casework: Casework, worker: Worker, case: CaseRef) -> Standing | None:
    """How the case stands; None when nobody tells, and this desk keeps something of it."""
    try:
        return await casework.plane.standing(case, worker.office.org)
    except (NoSuchCase, Unavailable):
        if not worker.office.store.has(case):
            raise
        return None


def when(casework: Casework, case: CaseRef, standing: Standing | None, discovered: datetime | None) -> datetime:
    """When it was discovered, in the case's own time.

    Raises:
        Invalid: before there was any such duty, or in the future.
    """
    now = standing.now if standing else datetime.now(UTC)
    if discovered is None:
        return now
    if discovered.year < FIRST_YEAR:
        raise Invalid(Fault("--discovered", "ligger för långt tillbaka", "lies too far back"))
    known = discovered.replace(tzinfo=ZoneInfo(zone_of(casework, case, standing)))
    if known > now:
        raise Invalid(Fault("--discovered", "ligger i framtiden", "lies in the future"))
    return known


def zone_of(casework: Casework, case: CaseRef, standing: Standing | None) -> str:
    return casework.pack(case).calendar.zone if standing else SWEDEN


SWEDEN = "Europe/Stockholm"


def kept(
    worker: Worker, case: CaseRef, what: What, key: RequestKey, known: datetime, standing: Standing | None
) -> IncidentRow:
    """The incident at the desk, with its audit entry: whatever happens then, it is there to be told and reminded of."""
    office, now = worker.office, datetime.now(UTC)
    ahead = standing.now - now if standing else now - now
    due = known - ahead + REPORTED_WITHIN if what is What.LEAK else None
    row = IncidentRow(id=key, case=case, what=what, by=worker.by.user, at=now, discovered_at=known - ahead, due_at=due)
    with office.trail.writing() as session:
        office.incidents.begin(session, row)
        office.note(session, worker.by, f"incident-{what}", case, None, worker.given(), key, "begun")
        session.flush()
        session.expunge_all()
    return row


async def asked(
    casework: Casework,
    worker: Worker,
    case: CaseRef,
    what: What,
    key: RequestKey,
    known: datetime,
    standing: Standing,
) -> dict[Code, str | None]:
    """The handoffs that give it its clocks in the case, as far as they could be asked for."""
    org, begun = worker.office.org, dict[Code, str | None]()
    try:
        begun["incident"] = await sent(casework, case, "incident", org, org, item_id(key, "sent"))
        if what is What.LEAK:
            begun["personal-data-breach"] = await sent(
                casework, case, "personal-data-breach", org, org, item_id(key, "breach"), anchor=known
            )
        police = standing.state.acting.get(Function.POLICE) or police_of(casework, worker)
        if police is not None and police != org and worker.by.role in TELLS_POLICE:
            begun["threat-assessment"] = await sent(
                casework, case, "threat-assessment", org, police, item_id(key, "assess")
            )
    except (NoSuchCase, Unavailable):
        pass  # it has just ended, or is not reached: what was asked for stands, and the desk keeps the rest
    return begun


def police_of(casework: Casework, worker: Worker) -> str | None:
    """The police of the region, by the directory: a party sees only whom it has to do with."""
    municipality = worker.office.entry.municipality
    known = casework.directory.municipalities.get(municipality or "")
    regions = {entry.id for entry in casework.directory.values() if entry.function is Function.POLICE}
    wanted = [entry for entry in regions if known and casework.directory[entry].region == known.police_region]
    return min(wanted, default=None)


async def sent(
    casework: Casework,
    case: CaseRef,
    kind: Code,
    org: OrgId,
    to: OrgId,
    key: RequestKey,
    *,
    anchor: datetime | None = None,
) -> str | None:
    """The handoff that was made, or the one that stands already; None when it can't be asked for from here."""
    known = await asyncio.to_thread(casework.view.receipt, key)
    if known is not None and known[0] == case:
        return known[1].handoff  # asked for before: when it was discovered has been said
    try:
        receipt: Receipt = await casework.send(case, kind, to, org, urgency=Urgency.ACUTE, anchor=anchor, key=key)
    except Refused as refused:
        if refused.refusal.code == "already-asked":
            return refused.refusal.possible[0] if refused.refusal.possible else None
        if refused.refusal.code in NOT_FROM_HERE:
            return None
        raise
    return receipt.handoff
