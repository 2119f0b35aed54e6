"""How demands and duties look: what, by which paragraph, since when, by when, and how late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from console.deadline_views import clock
from console.demand_words import AUTHORITY, STATE, WHY
from console.disclosing import Telling, rules_of
from console.layout import both, table_of
from models.demands import StandingDemand
from models.sharing import Answer, Demand, DutyClock
from rules import demands


def demands_table(shown: list[StandingDemand]) -> RenderableType:
    table = table_of(
        ("Nr", "No.", 0), ("Från", "From", 0), ("Lag", "Law", 0), ("Om", "About", 0), ("Kom in", "Received", 0),
        ("Senast", "Due", 0), ("Läge", "State", 0), whole=("Nr", "Kom in", "Senast"),
    )  # fmt: skip
    for one in shown:
        state = both(WHY[one.why] if one.why else STATE[one.state])
        table.add_row(
            one.handoff or one.id,
            both(AUTHORITY[one.authority]) if one.authority in AUTHORITY else one.authority,
            one.paragraph,
            ", ".join(one.categories),
            clock(one.received_at),
            (clock(one.due) if one.due else "–") + (f"\n{lateness(one.late)}" if one.late else ""),
            state,
        )
    return table


def lateness(late: timedelta) -> str:
    hours = int(late.total_seconds() // 3600)
    return f"{hours} h sen | {hours} h late" if hours else "sen | late"


def theirs(telling: Telling) -> tuple[Demand, ...]:
    """What the one who would be told has demanded and not been answered."""
    to = (telling.sending.recipient, telling.sending.recipient_org)
    return tuple(one for one in telling.known.demands if (one.authority, one.authority_org) == to)


def duties(telling: Telling) -> list[Text]:
    """Each duty to tell with its clock: what is known makes it one, or the other has demanded it. A person decides."""
    found = [
        line(category, verdict.paragraph or "", verdict.clock)
        for category, verdict in telling.found.items()
        if verdict.answer is Answer.MUST
    ]
    rules = rules_of(telling.standing)
    for one in theirs(telling):
        known = demands.grounds(rules, one.law)
        about = line(", ".join(one.categories), known[0].paragraph if known else one.law, clock_of(telling, one))
        found.append(about.append(" → disclosure demands"))
    return found


def clock_of(telling: Telling, demand: Demand) -> DutyClock | None:
    function = telling.standing.state.organisations[telling.sending.sender].function
    return demands.clock(rules_of(telling.standing), function, demand)


def line(about: str, paragraph: str, runs: DutyClock | None) -> Text:
    when = ""
    if runs is not None:
        due = clock(runs.due) if runs.due else None
        sv = f"sedan {clock(runs.since)}, {'senast ' + due if due else runs.name.sv}"
        en = f"since {clock(runs.since)}, {'due ' + due if due else runs.name.en}"
        when = f": {sv} | {en}"
    return Text(f"Skyldighet | Duty ({paragraph}) {about}{when}", style="bold yellow")


def demands_data(telling: Telling) -> list[dict[str, Any]]:
    """The other's demands in the preview's JSON, each with its clock."""
    found = []
    for one in theirs(telling):
        runs = clock_of(telling, one)
        found.append(
            {
                "law": one.law,
                "categories": list(one.categories),
                "received_at": iso(one.received_at),
                "due": iso(runs.due) if runs and runs.due else None,
            }
        )
    return found


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
