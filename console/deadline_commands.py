"""`starter.py deadline ...`: work a deadline out and explain it."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from activities.surroundings import read_settings
from console import accounts, computing
from console.case_commands import Case, Json, look, say
from console.casework import Casework
from console.failures import INVALID, UNEXPECTED, Fault, Invalid, NotFound, told
from console.handoff_commands import handoff_id
from console.words import DEADLINE
from models.handoffs import Deadline, Handoff
from models.packs import RulePack

app = typer.Typer(help="Tidsfrister | Deadlines", no_args_is_help=True)


def option(name: str, sv: str, en: str) -> typer.models.OptionInfo:
    info: typer.models.OptionInfo = typer.Option(name, help=f"{sv} | {en}")
    return info


@app.command("compute", short_help="Räkna ut en tidsfrist | Work out a deadline")
@told
async def compute(
    file: Annotated[
        str, typer.Argument(help="Med --batch: en fråga per rad. | With --batch: a question a line.", metavar="FILE|-")
    ] = "-",
    batch: Annotated[
        bool, option("--batch", "Läs JSON-rader, svara rad för rad.", "Read and answer JSON lines.")
    ] = False,
    start: Annotated[str | None, option("--start", "Tidpunkt med zon.", "A point in time with its zone.")] = None,
    clock: Annotated[str | None, option("--clock", "around-the-clock, office, calendar.", "Which clock.")] = None,
    amount: Annotated[int | None, option("--amount", "Hur många.", "How many.")] = None,
    unit: Annotated[
        str | None, option("--unit", "minutes, hours, working-days, days, weeks, months.", "Of what.")
    ] = None,
    end: Annotated[str | None, option("--end", "act-by, expiry, countdown.", "How it may shift.")] = None,
    zone: Annotated[str | None, option("--zone", "Tidszon.", "The time zone.")] = None,
    holidays: Annotated[str | None, option("--holidays", "SE eller none.", "SE or none.")] = None,
    opens: Annotated[str | None, option("--opens", "När kontoret öppnar.", "When the office opens.")] = None,
    cutoff: Annotated[
        str | None, option("--cutoff", "Sista klockslag för dagen.", "Too late from this time on.")
    ] = None,
    closes: Annotated[str | None, option("--closes", "När kontoret stänger.", "When the office closes.")] = None,
    hold: Annotated[list[str] | None, option("--hold", "Uppehåll, FRÅN/TILL.", "A hold, FROM/UNTIL.")] = None,
    as_json: Json = False,
) -> None:
    """Räknar ut en tidsfrist och säger varför, steg för steg. | Works a deadline out and says why, step by step."""
    given = {
        "start": start, "clock": clock, "amount": amount, "unit": unit, "end": end, "zone": zone,
        "holidays": holidays, "opens": opens, "cutoff": cutoff, "closes": closes,
        "holds": [one.split("/") for one in hold] if hold else None,
    }  # fmt: skip
    fields = {name: value for name, value in given.items() if value is not None}
    if batch:
        if fields:
            raise Invalid(Fault("--batch", "frågorna står på raderna", "the questions are in the lines"))
        answer_lines(file)
    elif file != "-":
        raise Invalid(Fault("FILE", "en fil läses med --batch", "a file is read with --batch"))
    else:
        answer = computing.answered(json.dumps(fields))
        if as_json:
            say(fields | {"due": answer.due, "steps": answer.steps})
            return
        for place, step in enumerate(answer.steps, start=1):
            typer.echo(f"{place:>2}. {step['sv']}\n    {step['en']}")
        typer.echo(answer.due)


@app.command("explain", short_help="Förklara en frist | Explain a deadline")
@told
async def explain(
    case: Case,
    handoff: Annotated[str, typer.Argument(help="Förfrågans nummer, som H3. | Its number.", metavar="HANDOFF")],
    as_json: Json = False,
) -> None:
    """Vilken regel, vilka dagar och vilka händelser som har flyttat fristen. | Which rule, days and events moved it."""
    casework = Casework(read_settings())
    standing, note = await look(casework, case)
    pack, found = casework.pack(standing.state.case), standing.state.handoffs.get(handoff_id(handoff))
    if found is None:
        raise NotFound(
            "Förfrågan finns inte i ärendet, eller är avslutad och har inga klockor.",
            "There is no such handoff in the case, or it has ended and has no clocks.",
        )
    if as_json:
        deadlines = [deadline_data(d, found, pack) for d in found.deadlines]
        say(
            {"case": standing.state.case, "handoff": found.id, "deadlines": deadlines}
            | ({"note": note} if note else {})
        )
        return
    typer.echo(f"{found.id}: {pack.kinds[found.kind].sv} | {pack.kinds[found.kind].en}")
    for deadline in found.deadlines:
        typer.echo(f"\n{' | '.join(DEADLINE.get(deadline.name, (deadline.name,)))}")
        for place, (_, (sv, en)) in enumerate(accounts.account_of(deadline, found, pack), start=1):
            typer.echo(f"{place:>2}. {sv}\n    {en}")
    if not found.deadlines:
        typer.echo("Ingen klocka går. | No clock runs.")
    if note:
        typer.echo(note)


def deadline_data(deadline: Deadline, handoff: Handoff, pack: RulePack) -> dict[str, Any]:
    """One deadline with its account, and the one line of it."""
    sv, en = accounts.line_of(deadline, handoff, pack)
    steps = [{"code": code, "sv": sv, "en": en} for code, (sv, en) in accounts.account_of(deadline, handoff, pack)]
    fields = deadline.model_dump(mode="json", include={"name", "due"})
    return fields | {"short": {"sv": sv, "en": en}, "steps": steps}


def answer_lines(file: str) -> None:
    """Answers every line of a file, or of standard input; ends with 2 when any had a fault."""
    with ExitStack() as opened:
        try:
            source = sys.stdin.buffer if file == "-" else opened.enter_context(Path(file).open("rb"))
        except OSError:
            raise Invalid(Fault("FILE", "filen finns inte eller kan inte läsas", "the file can't be read")) from None
        try:
            all_well = computing.batch(source, sys.stdout.buffer, sys.stderr)
        except BrokenPipeError:  # whoever reads has had enough (`| head`)
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(UNEXPECTED) from None
    if not all_well:
        raise typer.Exit(INVALID)
