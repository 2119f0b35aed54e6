"""`starter.py case adopt-rules`: what newer rules would move in an open case, and the step itself."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from activities.surroundings import read_settings
from console import deadline_views, reading, rules_adoption, words
from console.case_commands import As, Case, Json, Key, say
from console.casework import Casework
from console.failures import told
from console.layout import both, screen, table_of
from models.contracts import Standing
from models.packs import RulePack
from rules.adoption import Shift


@told
async def adopt_rules(
    case: Case,
    org: As,
    yes: Annotated[
        bool, typer.Option("--yes", help="Gör det. Annars visas bara vad som ändras. | Do it; else only shown.")
    ] = False,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Visar vilka tider som flyttas av nyare regler, och gör det med --yes. | Shows what moves; does it with --yes."""
    casework = Casework(read_settings())
    reference = reading.case_reference(case)
    standing, older, newer, moved = await rules_adoption.preview(casework, reference)
    receipt = None
    if yes:
        receipt = await rules_adoption.adopt(casework, reference, newer, org, reading.request_key(key))
    if as_json:
        result = {"case": reference, "from": older.name, "to": newer.name, "adopted": yes}
        say(
            result
            | {"moves": [shift_data(shift, standing) for shift in moved], "receipt": receipt and receipt.revision}
        )
        return
    typer.echo(f"Regler | Rules: {older.name} → {newer.name}")
    if moved:
        screen.print(shift_table(moved, standing, newer))
    else:
        typer.echo("Inga tider flyttas. | No deadline moves.")
    if not yes:
        typer.echo("Inget är ändrat. Gör det med --yes. | Nothing was changed. Do it with --yes.")
    else:
        typer.echo("Ärendet följer nu de nyare reglerna. | The case now follows the newer rules.")


def shift_data(shift: Shift, standing: Standing) -> dict[str, Any]:
    return {
        "handoff": shift.handoff,
        "kind": standing.state.handoffs[shift.handoff].kind,
        "deadline": shift.deadline,
        "before": shift.before.isoformat() if shift.before else None,
        "after": shift.after.isoformat() if shift.after else None,
    }


def shift_table(moved: tuple[Shift, ...], standing: Standing, pack: RulePack) -> Table:
    table = table_of(("Nr", "", 0), ("Tid", "Deadline", 0), ("Nu", "Now", 0), ("Sedan", "Then", 0), whole=("Nr",))
    for shift in moved:
        before = deadline_views.end_clock(shift.before) if shift.before else "ny | new"
        after = deadline_views.end_clock(shift.after) if shift.after else "faller bort | falls away"
        kind = standing.state.handoffs[shift.handoff].kind
        named = pack.kinds[kind]
        name = f"{named.sv} | {named.en}\n{both(words.DEADLINE[shift.deadline])}"
        table.add_row(shift.handoff, name, before, after)
    return table
