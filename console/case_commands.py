"""`starter.py case ...`: open, look, fill in, close."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.live import Live

from activities.surroundings import read_settings
from console import closing, handoff_views, opening, reading, views
from console.as_whom import account_of, at_work
from console.casework import Casework
from console.failures import Fault, Invalid, told
from console.layout import screen
from models.contracts import Standing
from models.intake import Filling, Intake
from models.words import EndCode
from workflows.cases import NoSuchCase
from workflows.connection import Unavailable

app = typer.Typer(help="Ärenden | Cases", no_args_is_help=True)

Case = Annotated[str, typer.Argument(help="Ärendereferens, som U-7K3M-Q2P7. | Case reference.", metavar="CASE")]
Json = Annotated[bool, typer.Option("--json", help="Svara med JSON. | Answer in JSON.")]
As = Annotated[str, typer.Option("--as", help="Er organisation, som soc-0180. | Your organisation.", metavar="ORG")]
Key = Annotated[
    str | None,
    typer.Option("--key", help="Ett UUID: samma nyckel igen ger samma svar. | A UUID: repeats are harmless."),
]


Account = Annotated[
    str | None, typer.Option("--user", help="Ert konto; annars UTVAG_USER. | Your account.", metavar="USER")
]


def say(data: Any) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False, indent=None))


@app.command("open", short_help="Öppna ett ärende | Open a case")
@told
async def open_case(
    file: Annotated[str, typer.Argument(help="Fil med uppgifter (JSON), eller - för standard in. | JSON file, or -.")],
    user: Account = None,
    as_json: Json = False,
) -> None:
    """Öppnar ett ärende ur en fil. Personuppgifter stannar vid er desk. | Opens a case from a file."""
    casework = Casework(read_settings())
    intake = reading.read_model(Intake, file, {"municipalities": casework.directory.municipalities})
    case = await casework.open_case(intake, user)
    if as_json:
        say({"case": case, "opened_by": intake.opened_by or opening.opener_for(casework, intake)})
    else:
        typer.echo(case)


@app.command("question", short_help="Räkna en anonym fråga | Count an anonymous question")
@told
async def question(org: As, as_json: Json = False) -> None:
    """Räknar en anonym fråga; inget annat sparas. | Counts an anonymous question; nothing else is kept."""
    casework = Casework(read_settings())
    count = casework.desk(casework.organisation(org).id).count_question(datetime.now(UTC).date())
    if as_json:
        say({"organisation": org, "questions_today": count})
    else:
        typer.echo(f"Frågan är räknad: {count} i dag. | Counted: {count} today.")


@app.command("list", short_help="Visa ärenden | List cases")
@told
async def list_cases(
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Bara de med något försenat. | Only those overdue.")
    ] = False,
    org: Annotated[str | None, typer.Option("--org", help="Bara ärenden som rör denna. | Only those of ORG.")] = None,
    as_json: Json = False,
) -> None:
    """Visar ärenden ur registret. | Shows the cases in the register."""
    casework = Casework(read_settings())
    if org is not None:
        casework.organisation(org)
    rows = views.overdue_by_case(casework.view.cases(org), casework.view.deadlines(), datetime.now(UTC))
    rows = [row for row in rows if row[1] or not overdue]
    if as_json:
        say([views.row_data(*row) for row in rows])
    elif rows:
        screen.print(views.cases_table(rows))
    else:
        typer.echo("Inget är försenat. | Nothing is overdue." if overdue else "Inga ärenden ännu. | No cases yet.")


async def look(casework: Casework, case: str) -> tuple[Standing, str | None]:
    """A case as it stands; from the register, and said to be so, when Temporal does not answer."""
    reference = reading.case_reference(case)
    try:
        return await casework.standing(reference), None
    except Unavailable:
        standing = casework.last_known(reference)
        seen = standing.state.revision
        return standing, f"Tjänsten svarar inte; visar registret, revision {seen}. | Shown from the register."


@app.command("show", short_help="Visa ett ärende | Show a case")
@told
async def show(case: Case, as_json: Json = False) -> None:
    """Visar ett ärende: fas, förfrågningar, klockor. | Shows a case: phase, handoffs, clocks."""
    casework = Casework(read_settings())
    standing, note = await look(casework, case)
    pack = casework.pack(standing.state.case)
    firings = casework.view.firings(standing.state.case)
    if as_json:
        ended = casework.view.handoffs(standing.state.case)
        say(views.case_data(standing, pack, ended, firings) | ({"note": note} if note else {}))
    else:
        screen.print(views.case_view(standing, pack, len(firings), note))


@app.command("history", short_help="Visa vad som hänt | Show what happened")
@told
async def history(case: Case, as_json: Json = False) -> None:
    """Visar allt som hänt, i ordning. | Shows everything that happened, in order."""
    casework = Casework(read_settings())
    reference = reading.case_reference(case)
    rows = casework.view.history(reference)
    if not rows:
        raise NoSuchCase(reference)
    if as_json:
        say([views.event_data(row) for row in rows])
    else:
        changes = handoff_views.changes_by_revision(casework.view.status_changes(reference), casework.pack(reference))
        screen.print(views.history_table(rows, casework.view.firings(reference), changes))


@app.command("watch", short_help="Följ ett ärende | Follow a case")
@told
async def watch(
    case: Case,
    seconds: Annotated[int | None, typer.Option(help="Sluta efter så många sekunder. | Stop after.", min=1)] = None,
    as_json: Json = False,
) -> None:
    """Följer ett ärende tills Ctrl-C. | Follows a case until Ctrl-C."""
    casework = Casework(read_settings())
    standing, note = await look(casework, case)
    pack = casework.pack(standing.state.case)
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds if seconds else None
    shown = -1
    with Live(console=screen, refresh_per_second=4, auto_refresh=not as_json) as live:
        while end is None or loop.time() < end:
            if as_json and standing.state.revision != shown:
                shown = standing.state.revision
                say(views.case_data(standing, pack, (), casework.view.firings(standing.state.case)))
            elif not as_json:
                live.update(views.case_view(standing, pack, len(casework.view.firings(standing.state.case)), note))
            if standing.state.closed:
                return
            await asyncio.sleep(1)
            standing, note = await look(casework, case)


@app.command("record", short_help="Fyll i uppgifter | Record what is known")
@told
async def record(
    case: Case,
    file: Annotated[str, typer.Argument(help="Fil (JSON), eller -. | JSON file, or -.")],
    org: As,
    user: Account = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Fyller i uppgifter: samtycke, ansvar, frigivningsdag, behov, person. | Fills in what has become known."""
    casework = Casework(read_settings(), org)
    filling = reading.read_model(Filling, file, {"municipalities": casework.directory.municipalities})
    if filling == Filling():
        raise Invalid(Fault("file", "innehåller inga uppgifter", "holds nothing to record"))
    reference = reading.case_reference(case)
    receipt = await casework.record(reference, filling, org, reading.request_key(key), user)
    if as_json:
        say({"case": reference, "receipt": receipt.model_dump(mode="json") if receipt else None})
    else:
        typer.echo("Noterat. | Recorded.")
    if receipt is not None and not as_json:
        standing, _ = await look(casework, reference)
        for line in handoff_views.new_handoffs(standing, casework.pack(reference), receipt):
            typer.echo(line)


@app.command("close", short_help="Avsluta ett ärende | Close a case")
@told
async def close(
    case: Case,
    org: As,
    code: Annotated[EndCode, typer.Option("--code", help="Hur ärendet slutade. | How it ended.")] = EndCode.ENDED,
    user: Account = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Avslutar ett ärende utan öppna förfrågningar. Två personer beslutar. | Closes a case; two persons decide."""
    casework = Casework(read_settings(), org)
    reference = reading.case_reference(case)
    worker = at_work(casework.office(org), account_of(casework.settings, user))
    receipt = await closing.close(casework, worker, reference, code, reading.request_key(key))
    if as_json:
        say({"case": reference, "receipt": receipt.model_dump(mode="json")})
    else:
        typer.echo("Ärendet är avslutat. | The case is closed.")
