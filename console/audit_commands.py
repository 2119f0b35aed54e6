"""`starter.py audit ...`: verify the log, see who has read what, review it, sign it. Reading it is written in it."""

from __future__ import annotations

from datetime import MAXYEAR, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from pydantic import TypeAdapter, ValidationError
from rich.progress import Progress

from activities.audit import PLANE, AuditLog, Verdict
from activities.log_review import evidence, limits
from console import audit_views, reading
from console.audit_words import NOT_MAKING_CHECKPOINTS, PLACE_UNAVAILABLE
from console.case_commands import As, Case, Json, say
from console.failures import UNAVAILABLE, Fault, Invalid, fail, told
from console.layout import screen
from console.log_room import VERIFY, LogRoom
from models.access import UserId
from models.words import OrgId
from rules.clocks import FIRST_YEAR
from rules.log_review import review

app = typer.Typer(help="Loggen: vem har läst vad | The log: who has read what", no_args_is_help=True)
BROKEN = 1
"""The exit code when a log does not hold."""
SHOWN_WHILE_VERIFYING = 20_000
"""A chain longer than this shows how far it has been read."""

AsOrNone = Annotated[str | None, typer.Option("--as", help="Er organisation. | Your organisation.", metavar="ORG")]
Plane = Annotated[bool, typer.Option("--plane", help="Planets egen logg. | The plane's own log.")]
User = Annotated[str | None, typer.Option("--user", help="Ert konto, som chef-01. | Your account.", metavar="USER")]
Since = Annotated[
    datetime | None,
    typer.Option("--since", help="Från och med dagen, ÅÅÅÅ-MM-DD. | From this day on.", formats=["%Y-%m-%d"]),
]


def room_of(context: typer.Context) -> LogRoom:
    room = context.find_object(LogRoom)
    if room is None:
        raise RuntimeError("the program has given no way to the logs")
    return room


def chain_of(org: str | None, plane: bool) -> str:
    if plane == (org is not None):
        raise Invalid(Fault("--as", "ange antingen --as ORG eller --plane", "give either --as ORG or --plane"))
    return PLANE if org is None else organisation(org)


def organisation(org: str) -> str:
    try:
        return TypeAdapter(OrgId).validate_python(org)
    except ValidationError:
        raise Invalid(Fault("--as", "är ingen organisation", "is no organisation")) from None


def account(user: str) -> str:
    try:
        return TypeAdapter(UserId).validate_python(user)
    except ValidationError:
        raise Invalid(Fault("USER", "är inget konto, som handl-07", "is no account, like handl-07")) from None


def from_day(day: datetime | None) -> datetime | None:
    """The beginning of a day, by the clock on the wall.

    Raises:
        Invalid: no log reaches that far, in either direction.
    """
    if day is None:
        return None
    if not FIRST_YEAR <= day.year < MAXYEAR:
        raise Invalid(Fault("--since", "ligger utanför all tid som har en logg", "lies beyond any time that has a log"))
    return day.replace(tzinfo=ZoneInfo(limits().zone))


def verified(log: AuditLog, shown: bool) -> Verdict:
    """The verdict; a long chain shows how far it has been read."""
    total = log.count()
    with Progress(console=screen, transient=True, disable=not shown or total < SHOWN_WHILE_VERIFYING) as progress:
        task = progress.add_task("Läser loggen | Reading the log", total=total)
        return log.verify(lambda read: progress.update(task, completed=read))


@app.command("verify", short_help="Kontrollera att loggen är orörd | Check that the log is untouched")
@told
async def verify(
    context: typer.Context, org: AsOrNone = None, plane: Plane = False, user: User = None, as_json: Json = False
) -> None:
    """Kontrollerar varje post och varje kontrollpunkt. Visar ingen post. | Checks every entry; shows none."""
    room, chain = room_of(context), chain_of(org, plane)
    room.admit(chain, user, VERIFY)
    verdict = verified(room.log(chain), shown=not as_json)
    if as_json:
        say(audit_views.verdict_data(verdict))
    else:
        typer.echo("\n".join(audit_views.verdict_lines(verdict)))
    if verdict.breaks:
        raise typer.Exit(BROKEN)


@app.command("who-read", short_help="Vem har läst i ett ärende | Who has read in a case")
@told
async def who_read(context: typer.Context, case: Case, org: As, user: User = None, as_json: Json = False) -> None:
    """Visar vem som sett, eller försökt se, något i ett ärende. | Shows who saw, or tried to see, what of a case."""
    reference = reading.case_reference(case)
    links = room_of(context).read(organisation(org), user, case=reference).who_read(reference)
    if as_json:
        say([audit_views.link_data(link) for link in links])
    elif links:
        screen.print(audit_views.links_table(links))
    else:
        typer.echo("Ingen har läst något i ärendet här. | Nobody has read anything of the case here.")


@app.command("reads-by", short_help="Vad ett konto har läst | What an account has read")
@told
async def reads_by(
    context: typer.Context,
    whose: Annotated[str, typer.Argument(help="Kontot, som handl-07. | The account.", metavar="USER")],
    org: As,
    since: Since = None,
    user: User = None,
    as_json: Json = False,
) -> None:
    """Visar vad ett konto sett, eller försökt se. | Shows what an account saw, or tried to see."""
    reader = account(whose)
    links = room_of(context).read(organisation(org), user, subject=reader).reads_by(reader, from_day(since))
    if as_json:
        say([audit_views.link_data(link) for link in links])
    elif links:
        screen.print(audit_views.links_table(links))
    else:
        typer.echo("Kontot har inte läst något här. | The account has read nothing here.")


@app.command("review", short_help="Granska loggen i efterhand | Review the log after the fact")
@told
async def review_log(
    context: typer.Context, org: As, since: Since = None, user: User = None, as_json: Json = False
) -> None:
    """Visar det i loggen som förtjänar en blick. Inget av det bevisar något fel. | What deserves a look; no proof."""
    room, chain = room_of(context), organisation(org)
    log = room.read(chain, user)
    findings = review(log.links(from_day(since)), evidence(room.engine(chain)), limits())
    if as_json:
        say([found.model_dump(mode="json") for found in findings])
    elif findings:
        screen.print(audit_views.findings_table(findings))
        typer.echo("Inget av detta bevisar något fel: fråga först. | None of this proves anything wrong: ask first.")
    else:
        typer.echo("Inget i loggen sticker ut. | Nothing in the log stands out.")


@app.command("checkpoint", short_help="Signera loggen som den är nu | Sign the log as it is now")
@told
async def checkpoint(
    context: typer.Context, org: AsOrNone = None, plane: Plane = False, user: User = None, as_json: Json = False
) -> None:
    """Signerar loggen och lägger signaturen på sin egen plats. | Signs the log and keeps that in its own place."""
    room, chain = room_of(context), chain_of(org, plane)
    room.admit(chain, user, VERIFY)
    checkpoints = room.checkpoints(chain)
    if checkpoints is None or not checkpoints.can_sign:
        fail(UNAVAILABLE, *NOT_MAKING_CHECKPOINTS, as_json)
    try:
        made = room.log(chain).checkpoint()
    except OSError:
        fail(UNAVAILABLE, *PLACE_UNAVAILABLE, as_json)
    if as_json:
        say(made.model_dump(mode="json") if made else None)
    elif made is None:
        typer.echo("Inget är skrivet ännu. | Nothing has been written yet.")
    else:
        typer.echo(f"Signerat till och med post {made.seq}. | Signed up to entry {made.seq}.\n{made.digest}")
