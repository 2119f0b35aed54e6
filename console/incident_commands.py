"""`starter.py incident`: somebody asks for the person, or data has leaked. One command, everything that follows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import uuid4
from zoneinfo import ZoneInfo

import typer

from activities.disclosures import entry
from activities.surroundings import read_settings
from console import reading
from console.as_whom import As, AsRole, User, Worker, at_work
from console.case_commands import Case, Json, Key, say
from console.casework import Casework
from console.coding import item_id
from console.deadline_views import clock
from console.failures import Fault, Invalid, Refused, told
from console.handoff_commands import LONGEST_NOTE
from console.layout import screen, table_of
from console.weighing import keep
from models.access import Action, Purpose, Role
from models.audit import AuditEntry
from models.case import Receipt
from models.events import Actor, Raised
from models.words import CaseRef, Code, Function, OrgId, RequestKey, Urgency
from rules import access
from rules.audit import is_showing


class What(StrEnum):
    SOMEBODY_ASKS = "somebody-asks"
    """Någon frågar efter personen."""
    LEAK = "leak"
    """Uppgifter har läckt."""


WORDS = {
    What.SOMEBODY_ASKS: ("någon frågar efter personen", "somebody asks for the person"),
    What.LEAK: ("uppgifter har läckt", "data has leaked"),
}
TELLS_POLICE = frozenset({*access.HANDLERS, Role.UNIT_MANAGER, Role.MANAGER_ON_CALL, Role.DECISION_MAKER})
"""Who may ask the police anew. Anybody at work may raise the alarm to their own managers."""
LOOKED_BACK = timedelta(days=90)


@told
async def incident(
    case: Case,
    what: Annotated[What, typer.Argument(help="Vad som hänt. | What has happened.", metavar="WHAT")],
    org: As,
    user: User,
    note_file: Annotated[
        str | None, typer.Option("--note-file", help="Vad ni vet; stannar hos er. | What you know.", metavar="FILE|-")
    ] = None,
    discovered: Annotated[
        datetime | None,
        typer.Option("--discovered", help="När ni fick veta. | When you knew.", formats=["%Y-%m-%dT%H:%M"]),
    ] = None,
    role: AsRole = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Någon frågar efter personen, eller uppgifter har läckt. Fara för liv: ring 112 först. | Danger: call 112 first.

    Incidenten får en klocka, vid läcka börjar 72 timmar (GDPR 33), polisen ombeds bedöma hotet på nytt, egna chefer
    larmas, och ni ser vilka som har läst uppgifterna.
    """
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role)
    reference = reading.case_reference(case)
    key = reading.request_key(key) or str(uuid4())
    if note_file:
        text = reading.read_text(note_file, LONGEST_NOTE)
        keep(worker, reference, item_id(key, "incident"), {"incident": what, "text": text}, "incident-noted")
    with worker.office.trail.writing() as session:
        worker.office.note(session, worker.by, f"incident-{what}", reference, None, worker.given(), key, "begun")
    begun = await begin(casework, worker, reference, what, key, discovered)
    readers = readers_for(worker, reference, key)
    if as_json:
        data = (
            readers
            if readers is None
            else [{"user": u, "role": r, "reads": n, "last": at.isoformat()} for (u, r), (n, at) in readers.items()]
        )
        say({"case": reference, "incident": what, "handoffs": begun, "who_has_read": data})
        return
    typer.echo("Fara för liv: ring 112. | Danger to life: call 112.")
    sv, en = WORDS[what]
    typer.echo(f"Incident: {sv} | {en}")
    for kind, handoff in begun.items():
        typer.echo(f"  {handoff or '–'}  {kind}")
    if readers is None:
        typer.echo("Vem som har läst ser den som är behörig i ärendet. | Who has read is for those named on the case.")
        return
    if not readers:
        typer.echo("Ingen har läst uppgifterna vid er desk de senaste 90 dygnen. | Nobody has read them in 90 days.")
        return
    table = table_of(("Konto", "Account", 0), ("Roll", "Role", 0), ("Läsningar", "Reads", 0), ("Senast", "Last", 0))
    for (account, as_role), (number, last) in readers.items():
        table.add_row(account, as_role, str(number), clock(last))
    screen.print(table)


async def begin(
    casework: Casework, worker: Worker, case: CaseRef, what: What, key: RequestKey, discovered: datetime | None = None
) -> dict[Code, str | None]:
    """Everything that follows, each once for the same key: alarm, incident, breach, a new assessment.

    A step that is on its way already, or that this organisation can't ask for, is left out and said to be.
    """
    org = worker.office.org
    standing = await casework.plane.standing(case, org)
    known = discovered.replace(tzinfo=ZoneInfo(casework.pack(case).calendar.zone)) if discovered else standing.now
    if known > standing.now:
        raise Invalid(Fault("--discovered", "ligger i framtiden", "lies in the future"))
    await casework.submit(case, Raised(key=item_id(key, "alarm"), by=Actor(org=org), about="incident", subject=key))
    begun: dict[Code, str | None] = {}
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
        if refused.refusal.code in ("sender-may-not-ask-this", "not-your-case", "too-many-open", "date-needed"):
            return None
        raise
    return receipt.handoff


def readers_for(worker: Worker, case: CaseRef, key: RequestKey) -> dict[tuple[str, str], tuple[int, datetime]] | None:
    """Who has read, for those who may see who is named on the case; None for anybody else. Logged either way."""
    office, now = worker.office, datetime.now(UTC)
    with office.trail.writing() as session:
        may = office.staff.decided(session, worker.by, Action.LIST_ACCESS, case, now).permitted
        said = entry(worker.by, "incident", case, key, purpose=Purpose.INCIDENT)
        office.trail.append(session, said.model_copy(update={"outcome": "done" if may else "readers-not-shown"}))
    return who_has_read(worker, case) if may else None


def who_has_read(worker: Worker, case: CaseRef) -> dict[tuple[str, str], tuple[int, datetime]]:
    """Who has been shown something of the case at this desk lately: account, role, how often, when last."""
    since = datetime.now(UTC) - LOOKED_BACK
    entries: list[AuditEntry] = [link.entry for link in worker.office.trail.who_read(case)]
    found: dict[tuple[str, str], tuple[int, datetime]] = {}
    for read in entries:
        if read.at < since or read.user == "system" or not is_showing(read):
            continue
        number, last = found.get((read.user, read.role), (0, read.at))
        found[read.user, read.role] = (number + 1, max(last, read.at))
    return found
