"""`starter.py incident`: somebody asks for the person, or data has leaked. One command, everything that follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import uuid4

import typer

from activities.disclosures import entry
from activities.surroundings import read_settings
from console import reading
from console.as_whom import As, AsRole, User, Worker, at_work
from console.case_commands import Json, Key, say
from console.casework import Casework
from console.coding import item_id
from console.deadline_views import clock
from console.failures import Fault, Invalid, Refused, told
from console.handoff_commands import LONGEST_NOTE
from console.incidents import TELLS_POLICE, Begun, What, begin
from console.layout import both, screen, table_of
from console.weighing import keep
from console.words import refusal_sentence
from models.access import Action, Purpose
from models.audit import AuditEntry
from models.contracts import Refusal
from models.incident_tables import IncidentRow
from models.words import CaseRef, Code, RequestKey
from rules.audit import is_showing

WORDS = {
    What.SOMEBODY_ASKS: ("någon frågar efter personen", "somebody asks for the person"),
    What.LEAK: ("uppgifter har läckt", "data has leaked"),
}
LOOKED_BACK = timedelta(days=90)


@told
async def incident(
    org: As,
    user: User,
    case: Annotated[
        str | None,
        typer.Argument(help="Ärendet; inget: visa öppna incidenter. | The case; none: list.", metavar="CASE"),
    ] = None,
    what: Annotated[What | None, typer.Argument(help="Vad som hänt. | What has happened.", metavar="WHAT")] = None,
    note_file: Annotated[
        str | None, typer.Option("--note-file", help="Vad ni vet; stannar hos er. | What you know.", metavar="FILE|-")
    ] = None,
    discovered: Annotated[
        datetime | None,
        typer.Option("--discovered", help="När ni fick veta. | When you knew.", formats=["%Y-%m-%dT%H:%M"]),
    ] = None,
    handled: Annotated[
        str | None, typer.Option("--handled", help="Id: den är avslutad. | It has been dealt with.", metavar="ID")
    ] = None,
    role: AsRole = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Någon frågar efter personen, eller uppgifter har läckt. Fara för liv: ring 112 först. | Danger: call 112 first.

    Egna chefer larmas, incidenten får en klocka, vid läcka börjar 72 timmar (GDPR 33), polisen ombeds bedöma hotet på
    nytt, och ni ser vilka som har läst uppgifterna. Är ärendet avslutat håller er desk klockan och påminner. Utan
    ärende visas incidenterna som er desk håller klockan för.
    """
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role)
    if case is None:
        end_or_list(worker, reading.request_key(handled), as_json)
        return
    if what is None:
        raise Invalid(Fault("WHAT", f"saknas: {', '.join(What)}", f"is missing: {', '.join(What)}"))
    reference = reading.case_reference(case)
    key = reading.request_key(key) or str(uuid4())
    begun = await begin(casework, worker, reference, what, key, discovered)
    note = note_kept(worker, reference, what, key, note_file) if note_file else None
    readers = readers_for(worker, reference, key)
    if as_json:
        data = (
            readers
            if readers is None
            else [{"user": u, "role": r, "reads": n, "last": at.isoformat()} for (u, r), (n, at) in readers.items()]
        )
        said = {"case": reference, "incident": what, "key": key, "told": begun.told, "handoffs": begun.handoffs}
        due = begun.due.isoformat() if begun.due else None
        say(said | {"in_case": begun.in_case, "report_by": due, "note": note, "who_has_read": data})
        return
    tell_begun(what, key, begun, note)
    tell_readers(readers)


def note_kept(worker: Worker, case: CaseRef, what: What, key: RequestKey, note_file: str) -> Code:
    """`done`, or why the note was not kept. The alarm has gone by then, and waits for no note."""
    try:
        text = reading.read_text(note_file, LONGEST_NOTE)
    except Invalid:
        return "note-not-readable"
    try:
        keep(worker, case, item_id(key, "incident"), {"incident": what, "text": text}, "incident-noted")
    except Refused as refused:
        return refused.refusal.code
    return "done"


def tell_begun(what: What, key: RequestKey, begun: Begun, note: Code | None) -> None:
    typer.echo("Fara för liv: ring 112. | Danger to life: call 112.")
    sv, en = WORDS[what]
    typer.echo(f"Incident: {sv} | {en}")
    if begun.told:
        typer.echo("Chef i beredskap, säkerhet och dataskyddsombud är larmade. | They have been told.")
    else:
        typer.echo("Larmen går iväg så snart tjänsten svarar. | They are told as soon as the service answers.")
    for kind, handoff in begun.handoffs.items():
        typer.echo(f"  {handoff or '–'}  {kind}")
    if not begun.in_case:
        typer.echo(
            "Ärendet tar inte emot den: er desk håller den öppen och påminner. | Your desk keeps it and reminds."
        )
        typer.echo(f"  {key}  (starter.py incident --handled)")
    if begun.due:
        by = clock(begun.due)
        typer.echo(f"Anmäl till Integritetsskyddsmyndigheten senast {by} (GDPR 33). | Report by {by}.")
    if note not in (None, "done"):
        sv, en = refusal_sentence(Refusal(code=note))
        typer.echo(f"Anteckningen sparades inte: {sv} | The note was not kept: {en}", err=True)


def tell_readers(readers: dict[tuple[str, str], tuple[int, datetime]] | None) -> None:
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


def end_or_list(worker: Worker, handled: RequestKey | None, as_json: bool) -> None:
    """The incidents that this desk keeps the clock of, as far as this account sees who is named on their cases.

    Raises:
        Refused: there is no such incident for this account to end.
    """
    rows = seen(worker)
    if handled is not None:
        mine = worker.by.role in TELLS_POLICE and handled in {row.id for row in rows}
        now = datetime.now(UTC)
        refusal = worker.office.incidents.handled(worker.by, handled, now) if mine else None
        if not mine or refusal:
            raise Refused(refusal or Refusal(code="nothing-to-handle"))
        rows = [row for row in rows if row.id != handled]
    if as_json:
        say([row.model_dump(mode="json") for row in rows])
        return
    if not rows:
        typer.echo("Ingen incident väntar hos er desk. | No incident waits at your desk.")
        return
    table = table_of(("Id", "Id", 36), ("Ärende", "Case", 11), ("Vad", "What", 0), ("Anmäls", "Report by", 16))
    for row in rows:
        table.add_row(row.id, row.case, both(WORDS[What(row.what)]), clock(row.due_at) if row.due_at else "–")
    screen.print(table)


def seen(worker: Worker) -> list[IncidentRow]:
    """Looking is logged before anything is shown."""
    office, now = worker.office, datetime.now(UTC)
    with office.trail.writing() as session:
        rows = [
            row
            for row in office.incidents.open()
            if office.staff.decided(session, worker.by, Action.LIST_ACCESS, CaseRef(row.case), now).permitted
        ]
        said = AuditEntry(at=now, **dict(worker.by), action="read-incidents", purpose=Purpose.INCIDENT)
        office.trail.append(session, said)
    return rows


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
