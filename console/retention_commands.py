"""`starter.py retention ...`: what is to be disposed of and why, what is held back, and the archive role's decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, NamedTuple
from uuid import UUID, uuid4, uuid5

import typer
from pydantic import TypeAdapter, ValidationError

from activities.disposal import Disposal
from activities.disposal_office import disposal_at
from activities.offices import Office
from activities.surroundings import read_settings
from console import reading, retention_views, retention_words
from console.as_whom import As, AsRole, StepUp, User, at_work
from console.case_commands import Case, Json, say
from console.casework import Casework
from console.failures import Fault, Invalid, NotFound, Refused, told
from console.layout import both, screen
from models.access import Reader, Role
from models.contracts import Refusal
from models.retention import (
    Approved,
    Asked,
    FileKind,
    FileStatus,
    ListRefused,
    LookAsked,
    RetentionReceipt,
    RetentionState,
    WaitingList,
)
from models.settings import Settings
from models.words import OrgId
from rules.disposal import is_waiting_too_long
from rules.retention import end_of, start_of
from workflows import disposals
from workflows.connection import Unavailable, connect
from workflows.disposals import NotServed

QUIET = (FileStatus.OPEN, FileStatus.KEPT)
"""What is not shown file by file unless it is asked for."""
ListName = Annotated[
    str, typer.Argument(help="Listan som `retention list` visar den. | As `retention list` shows it.", metavar="LIST")
]


class Room(NamedTuple):
    """Where disposal is worked with at one desk."""

    settings: Settings
    office: Office
    disposal: Disposal

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def now(self) -> datetime:
        return self.clock()


Enter = Callable[[OrgId, bool], Room]
"""The room of an organisation, for somebody who has (or has not) given their own word again just now."""


def room(org: OrgId, stepped_up: bool) -> Room:
    casework = Casework(read_settings(), org)
    office = casework.office(casework.organisation(org).id)
    return Room(
        casework.settings,
        office,
        disposal_at(office, lambda case: casework.plane.closure(case, org), stepped_up=stepped_up),
    )


def worked(enter: Enter, org: OrgId, user: str, role: Role | None, *, step_up: bool = False) -> tuple[Room, Reader]:
    """The room, and who works in it.

    Raises:
        Refused: no such account, not in that role, or the word is wrong.
    """
    entered = enter(org, step_up)
    return entered, at_work(entered.office, user, role, step_up=step_up).by


def commands(enter: Enter = room) -> typer.Typer:
    """The commands, over the room that `enter` opens for an organisation."""
    app = typer.Typer(help="Gallring | Disposal", no_args_is_help=True)
    add_looking(app, enter)
    add_holding(app, enter)
    add_deciding(app, enter)
    return app


def add_looking(app: typer.Typer, enter: Enter) -> None:
    @app.command("list", short_help="Visa vad som ska gallras | Show what is due")
    @told
    async def list_files(
        org: As,
        everything: Annotated[
            bool, typer.Option("--all", help="Även pågående och bevarade. | Also open and kept ones.")
        ] = False,
        as_json: Json = False,
    ) -> None:
        """Visar vad som ska gallras eller kommer, varför, och listan som väntar. | Shows what is due or coming, why."""
        here = enter(org, False)
        verdicts, current = here.disposal.files.verdicts(here.now), here.disposal.current()
        on_list = {entry.case for entry in current[1]} if current else set()
        shown = [one for one in verdicts if everything or one.status not in QUIET]
        quiet = Counter(one.because[-1].code for one in verdicts if one.status in QUIET)
        if as_json:
            files = [
                retention_views.verdict_data(one, here.disposal.files.rules) | {"on_list": one.case in on_list}
                for one in shown
            ]
            say(
                {
                    "organisation": org,
                    "list": retention_views.list_data(current),
                    "files": files,
                    "not_due": dict(sorted(quiet.items())),
                }
            )
            return
        if shown:
            screen.print(retention_views.files_table(shown, on_list, here.disposal.files.rules))
        else:
            typer.echo("Inget ska gallras, och inget kommer. | Nothing is due, and nothing is coming.")
        if quiet and not everything:
            typer.echo(
                f"Pågår eller bevaras: {quiet.total()} (--all visar dem). | Open or kept: {quiet.total()} (--all)."
            )
        typer.echo(both(retention_views.list_sentence(current)))

    @app.command("status", short_help="Visa hur gallringen står | Show how disposal stands")
    @told
    async def status(org: As, as_json: Json = False) -> None:
        """Visar när desken ses över nästa gång, vad som väntar och vad som är osäkert. | Shows how disposal stands."""
        here = enter(org, False)
        state, note = await standing(here)
        current, files = here.disposal.current(), here.disposal.files
        pace = files.rules.pace
        late = state is not None and is_waiting_too_long(state, here.now, pace.look_every)
        unconfirmed = [rule for rule in files.rules.rules if not rule.confirmed and files.function in rule.functions]
        if as_json:
            say(
                {
                    "organisation": org,
                    "list": retention_views.list_data(current),
                    "waiting_too_long": late,
                    "served": state is not None,
                    "desk_silent": state.silent if state else None,
                    "look_at": state.look_at.isoformat() if state and state.look_at else None,
                    "certificates": len(here.disposal.certificates()),
                    "holds": len(files.holds()),
                    "unconfirmed_rules": [rule.code for rule in unconfirmed],
                }
            )
            return
        typer.echo(both(note or retention_views.looked_sentence(state)))
        typer.echo(both(retention_views.list_sentence(current)))
        if late:
            typer.echo("Listan har väntat länge. | The list has waited for long.")
        if state is not None and state.silent:
            typer.echo("Desken svarar inte; den frågas igen. | The desk does not answer; it is asked again.")
        for rule in unconfirmed:
            typer.echo(f"Att bekräfta av jurist: {rule.basis}. | To be confirmed by a lawyer: {rule.basis}.")
        certificates, holds = len(here.disposal.certificates()), len(files.holds())
        typer.echo(f"Intyg: {certificates}. Hinder: {holds}. | Certificates: {certificates}. Holds: {holds}.")

    @app.command("certificate", short_help="Visa intyg om gallring | Show certificates")
    @told
    async def certificate(
        org: As,
        which: Annotated[str | None, typer.Argument(help="Intygets id; inget: alla. | Its id.", metavar="ID")] = None,
        as_json: Json = False,
    ) -> None:
        """Visar intyg om gallring: antal, regler och dagar, inga ärenden. | Shows certificates: numbers, no cases."""
        here = enter(org, False)
        if which is not None:
            row = here.disposal.certificate(reading.request_key(which) or "")
            if row is None:
                raise NotFound("Det finns inget sådant intyg.", "There is no such certificate.")
            rows = [row]
        else:
            rows = here.disposal.certificates()
        if as_json:
            told_rows = [row.content | {"digest": row.digest} for row in rows]
            say(told_rows[0] if which is not None else told_rows)
        elif not rows:
            typer.echo("Inget har gallrats ännu. | Nothing has been disposed of yet.")
        for row in rows if not as_json else ():
            typer.echo(retention_views.certificate_text(row))


def add_holding(app: typer.Typer, enter: Enter) -> None:
    @app.command("hold", short_help="Håll kvar en akt | Hold a file back")
    @told
    async def hold(
        case: Case,
        reason: Annotated[
            str, typer.Option("--reason", help="Varför: research, dispute ... | Why, a code.", metavar="CODE")
        ],
        org: As,
        user: User,
        until: Annotated[str | None, typer.Option("--until", help="Sista dagen, ÅÅÅÅ-MM-DD. | The last day.")] = None,
        role: AsRole = None,
        as_json: Json = False,
    ) -> None:
        """Håller kvar en akt, även på en godkänd lista. | Holds a file back, also on an approved list."""
        here, reader = worked(enter, org, user, role)
        files, reference = here.disposal.files, reading.case_reference(case)
        end = end_of(day_of(until), files.rules) if until else None
        answer = files.hold(reference, reading.code(reason, "reason"), reader, here.now, end)
        refuse(answer)
        if as_json:
            say({"case": reference, "hold": answer, "reason": reason, "until": end.isoformat() if end else None})
        else:
            typer.echo("Akten hålls kvar. | The file is held back.")

    @app.command("release", short_help="Släpp en akt | Release a file")
    @told
    async def release(
        case: Case,
        reason: Annotated[str, typer.Option("--reason", help="Vilket hinder. | Which hold, a code.", metavar="CODE")],
        org: As,
        user: User,
        role: AsRole = None,
        as_json: Json = False,
    ) -> None:
        """Häver hindren av ett visst skäl; andra står kvar. | Releases the holds for one reason; others stay."""
        here, reader = worked(enter, org, user, role)
        files, reference = here.disposal.files, reading.case_reference(case)
        wanted = reading.code(reason, "reason")
        standing_holds = files.holds(reference)
        found = [row for row in standing_holds if row.reason == wanted]
        if not found:
            raise Refused(Refusal(code="no-such-hold", possible=tuple(sorted({row.reason for row in standing_holds}))))
        for row in found:
            refuse(files.release(reference, row.id, reader, here.now))
        if as_json:
            say({"case": reference, "released": [row.id for row in found], "left": len(files.holds(reference))})
        else:
            typer.echo(f"Hävt: {len(found)}. Kvar: {len(files.holds(reference))}. | Released: {len(found)}.")

    @app.command("note", short_help="Anteckna aktens slag | Note a file's kind")
    @told
    async def note(
        case: Case,
        kind: Annotated[list[FileKind], typer.Option("--kind", help="Slag, kan upprepas. | Kind; repeatable.")],
        org: As,
        user: User,
        closed: Annotated[
            str | None, typer.Option("--closed", help="Er egen avslutsdag. | Your own closing day.")
        ] = None,
        role: AsRole = None,
        as_json: Json = False,
    ) -> None:
        """Antecknar vad för slags akt det är; det avgör hur länge den bevaras. | Notes what kind of file it is."""
        here, reader = worked(enter, org, user, role)
        files, reference = here.disposal.files, reading.case_reference(case)
        ended = start_of(day_of(closed), files.rules) if closed else None
        if ended is not None and ended > here.now:
            raise Invalid(Fault("--closed", "har inte varit ännu", "has not been yet"))
        refuse(files.note(reference, tuple(kind), reader, here.now, ended))
        said = files.verdict(reference, here.now)
        if as_json:
            say(retention_views.verdict_data(said, files.rules))
        else:
            typer.echo(both(retention_words.whole(said, files.rules)))


def add_deciding(app: typer.Typer, enter: Enter) -> None:
    @app.command("approve", short_help="Godkänn en lista | Approve a list")
    @told
    async def approve(name: ListName, org: As, user: User, step_up: StepUp = False, as_json: Json = False) -> None:
        """Godkänner listan ni har läst. Dess akter förstörs för gott. | Approves a list. There is no way back."""
        here, reader = worked(enter, org, user, Role.ARCHIVIST, step_up=step_up)
        waiting = listed(here, name)
        answer = here.disposal.approve(waiting.id, waiting.digest, reader, here.now)
        refuse(answer)
        key = str(uuid5(UUID(waiting.id), "approved"))
        event = Approved(key=key, org=org, role=reader.role, list=waiting.id, digest=waiting.digest)
        reached = await handed_on(here, event)
        if as_json:
            say({"list": waiting.id, "approved": True, "files": waiting.files, "under_way": reached})
        elif reached:
            typer.echo(
                f"Godkänd: {waiting.files} akter gallras nu. | Approved: {waiting.files} files are being destroyed."
            )
        else:
            typer.echo(
                "Godkänd. Det utförs när tjänsten svarar. | Approved. It is carried out when the service answers."
            )

    @app.command("refuse", short_help="Avslå en lista | Refuse a list")
    @told
    async def refuse_list(name: ListName, org: As, user: User, step_up: StepUp = False, as_json: Json = False) -> None:
        """Avslår en lista: inget gallras, och akterna kommer på en senare. | Refuses a list: nothing is destroyed."""
        here, reader = worked(enter, org, user, Role.ARCHIVIST, step_up=step_up)
        waiting = listed(here, name)
        refuse(here.disposal.refuse(waiting.id, waiting.digest, reader, here.now))
        key = str(uuid5(UUID(waiting.id), "refused"))
        await handed_on(here, ListRefused(key=key, org=org, role=reader.role, list=waiting.id, digest=waiting.digest))
        if as_json:
            say({"list": waiting.id, "approved": False})
        else:
            typer.echo("Avslagen: inget gallras. | Refused: nothing is destroyed.")

    @app.command("look", short_help="Se över desken nu | Look at the desk now")
    @told
    async def look(org: As, as_json: Json = False) -> None:
        """Ber om en genomgång nu i stället för vid nästa tillfälle. | Asks for a look now."""
        here = enter(org, False)
        try:
            answer = await disposals.ask(await connect(here.settings), LookAsked(key=str(uuid4()), org=here.office.org))
        except NotServed:
            raise NotFound(
                "Gallringen är inte startad för er desk.", "Disposal has not been started for your desk."
            ) from None
        refuse(answer)
        if as_json:
            say({"organisation": org, "looking": True})
        else:
            typer.echo("Desken ses över. | The desk is being looked at.")


def refuse(answer: object) -> None:
    if isinstance(answer, Refusal):
        raise Refused(answer)


async def standing(here: Room) -> tuple[RetentionState | None, tuple[str, str] | None]:
    """The workflow's state, or why it is not known; what stands at the desk is shown all the same."""
    try:
        return (await disposals.standing(await connect(here.settings), here.office.org)).state, None
    except NotServed:
        return None, ("Gallringen är inte startad för er desk.", "Disposal has not been started for your desk.")
    except Unavailable:
        return None, (
            "Tjänsten svarar inte; visar det desken vet.",
            "The service does not answer; shown from the desk.",
        )


def day_of(text: str) -> date:
    try:
        return TypeAdapter(date).validate_python(text)
    except ValidationError:
        raise Invalid(Fault("--until", "ska skrivas ÅÅÅÅ-MM-DD", "should be a date, YYYY-MM-DD")) from None


def listed(here: Room, name: str) -> WaitingList:
    """The list that was read, by its name: its id, and the beginning of what it held.

    Raises:
        Refused: there is no such list, or it is not what was read.
        Invalid: only an id: nobody approves what they have not seen.
    """
    list_id, _, seen = name.strip().partition(":")
    known = reading.request_key(list_id)
    if known is None or len(seen) < retention_views.SHOWN_OF_A_DIGEST:
        raise Invalid(
            Fault("LIST", "skriv listan som `retention list` visar den", "write it as `retention list` shows")
        )
    row = here.disposal.list_by_id(known)
    if row is None:
        raise Refused(Refusal(code="no-such-list"))
    if not row.digest.startswith(seen.lower()):
        raise Refused(Refusal(code="list-has-changed"))
    return WaitingList(id=row.id, digest=row.digest, files=row.files, approved=row.state == "approved")


async def handed_on(here: Room, event: Asked) -> bool:
    """Tells the desk's workflow. What was decided stands at the desk, and is found there if this does not arrive."""
    try:
        client = await connect(here.settings)
        answer = await disposals.ask(client, event)
        if isinstance(event, Approved) and not isinstance(answer, RetentionReceipt):
            answer = await disposals.ask(client, LookAsked(key=str(uuid4()), org=event.org))
    except (Unavailable, NotServed):
        return False
    return isinstance(answer, RetentionReceipt)
