"""`starter.py disclosure demand ...`: what authorities demand by laws of their own is recorded, listed, answered."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, cast
from zoneinfo import ZoneInfo

import typer

from activities.surroundings import read_settings
from console import demand_answers, demanding, reading
from console.as_whom import As, AsRole, StepUp, User, at_work
from console.case_commands import Case, Json, Key, say
from console.casework import Casework
from console.deadline_views import clock
from console.demand_views import demands_table
from console.demanding import Asked
from console.disclosure_commands import SENT, Address
from console.disclosure_views import preview_view, shown_data
from console.failures import Fault, Invalid, told
from console.file_words import SENT_BY
from console.handoff_commands import LONGEST_NOTE
from console.layout import screen
from models.demands import Way, WhyRefused
from rules.consent import ZONE
from rules.mailing import to_function

Called = Annotated[
    str, typer.Argument(help="Begärans nummer ur disclosure demands. | Its number in the list.", metavar="DEMAND")
]


def add_to(app: typer.Typer) -> None:
    """The commands, beside the others of `disclosure`."""
    app.command("demand", short_help="Anteckna en myndighets begäran | Record an authority's demand")(demand)
    app.command("demands", short_help="Visa begäranden att besvara | List demands to be answered")(demands)
    app.command("answer", short_help="Besvara eller avslå en begäran | Answer or refuse a demand")(answer)


@told
async def demand(
    case: Case,
    org: As,
    user: User,
    law: Annotated[str, typer.Option("--law", help="Lagen, som sol-15-7. | The law.", metavar="LAW")],
    authority: Annotated[
        str,
        typer.Option("--from", help="Organisation, eller prosecutor, court ... | Who demands.", metavar="ORG|FUNCTION"),
    ],
    category: Annotated[list[str], typer.Option("--category", help="Slag av uppgift. | Category.", metavar="CATEGORY")],
    received: Annotated[
        datetime | None,
        typer.Option("--received", help="När den kom in; annars nu. | When it came.", formats=["%Y-%m-%dT%H:%M"]),
    ] = None,
    written: Annotated[bool, typer.Option("--written", help="Den är skriftlig. | It is in writing.")] = False,
    acute: Annotated[bool, typer.Option("--acute", help="Akut. | Acute.")] = False,
    note_file: Annotated[
        str | None, typer.Option("--note-file", help="Vad som sades; stannar hos er. | A note.", metavar="FILE|-")
    ] = None,
    role: AsRole = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Antecknar att en myndighet har begärt uppgifter med stöd av lag. Inget lämnas ut. | Nothing is told by it.

    Begäran stannar förseglad hos er. I ärendet syns bara att ni har ett eget arbete med en klocka.
    """
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role)
    asked = Asked(
        law=reading.code(law, "law"),
        authority=reading.code(authority, "from"),
        categories=tuple(reading.code(one, "category") for one in category),
        received_at=received.replace(tzinfo=ZoneInfo(ZONE)) if received else None,
        written=written,
    )
    kept = await demanding.record(
        casework,
        worker,
        reading.case_reference(case),
        asked,
        reading.read_text(note_file, LONGEST_NOTE) if note_file else None,
        acute=acute,
        key=reading.request_key(key),
    )
    if as_json:
        say({"demand": kept.id, "handoff": kept.handoff, "received_at": kept.demand.received_at.isoformat()})
        return
    at = clock(kept.demand.received_at)
    typer.echo(f"Antecknat; kom in {at}. | Recorded; received {at}.")
    if kept.handoff is None:
        typer.echo("Klockan i ärendet startar när det går att nå. | Its clock starts when the case can be reached.")
    typer.echo(f"Nr: {kept.handoff or kept.id}")


@told
async def demands(
    case: Case,
    org: As,
    user: User,
    every: Annotated[bool, typer.Option("--all", help="Också besvarade och avslagna. | Settled ones too.")] = False,
    role: AsRole = None,
    as_json: Json = False,
) -> None:
    """Visar vad myndigheter har begärt, till när det ska besvaras och hur sent det är. | What is due, and how late."""
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role)
    shown = await demanding.listed(casework, worker, reading.case_reference(case), settled=every)
    if as_json:
        say([one.model_dump(mode="json") for one in shown])
    elif shown:
        screen.print(demands_table(shown))
    else:
        typer.echo("Ingen begäran att besvara. | No demand to be answered.")


@told
async def answer(
    case: Case,
    called: Called,
    org: As,
    user: User,
    way: Annotated[
        str | None, typer.Option("--way", help="letter, spoken eller sealed. | How.", metavar="letter|spoken|sealed")
    ] = None,
    seen: Annotated[
        str | None,
        typer.Option("--seen", help="Summan som visades: bara det lämnas ut. | As it was shown.", metavar="DIGEST"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Brevet, i denna nya fil. | The letter.", metavar="FILE")
    ] = None,
    address: Address = None,
    refuse: Annotated[
        WhyRefused | None, typer.Option("--refuse", help="Avslå, av detta skäl. | Refuse, for this.", metavar="REASON")
    ] = None,
    note_file: Annotated[
        str | None, typer.Option("--note-file", help="Skälen; stannar hos er. | The reasons.", metavar="FILE|-")
    ] = None,
    role: AsRole = None,
    step_up: StepUp = False,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Utan --seen: visar vad myndigheten skulle få veta; inget lämnas. Med --seen: lämnar exakt det. | Shows, tells.

    Ni beslutar. Med --refuse avslås begäran i stället; skälet antecknas.
    """
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role, step_up=step_up)
    reference = reading.case_reference(case)
    number = called.strip().upper() if called.strip().upper().startswith("H") else called.strip().lower()
    if refuse is not None:
        if way or seen or out or address:
            raise Invalid(Fault("--refuse", "ange svar eller avslag, inte båda", "answer or refuse, not both"))
        note = reading.read_text(note_file, LONGEST_NOTE) if note_file else None
        kept = await demanding.refuse(casework, worker, reference, number, refuse, note)
        if as_json:
            say({"demand": kept.id, "state": kept.state, "why": kept.why})
        else:
            typer.echo("Avslaget och antecknat. | Refused and recorded.")
        return
    how = way_of(way)
    if seen is None:
        looked = await demand_answers.look(casework, worker, reference, number, how, address=address)
        if as_json:
            say(shown_data(looked.telling) | {"demand": looked.kept.id, "way": how})
        else:
            screen.print(preview_view(looked.telling))
        return
    sent, kept = await demand_answers.answer(
        casework,
        worker,
        reference,
        number,
        how,
        seen,
        address=address,
        letter=letter_to(how, out),
        key=reading.request_key(key),
    )
    if as_json:
        package = {"package": sent.row.id, "way": how, "categories": list(sent.row.categories)}
        say({"demand": kept.id, "state": kept.state} | package)
        return
    typer.echo(SENT[how])
    typer.echo(f"Id: {sent.row.id}")
    if how == "letter":
        to = to_function(demanding.name_of(casework, sent.row.recipient))
        typer.echo(SENT_BY[to.way].format(outer=", ".join(to.outer)))


def way_of(way: str | None) -> Way:
    if way not in ("letter", "spoken", "sealed"):
        raise Invalid(Fault("--way", "ange letter, spoken eller sealed", "state letter, spoken or sealed"))
    return cast("Way", way)


def letter_to(way: Way, out: Path | None) -> Path | None:
    """Where a letter is written: a new file in a folder that exists, and only for a letter."""
    fits = out is not None and not out.exists() and out.parent.is_dir()
    if way == "letter" and not fits:
        raise Invalid(Fault("--out", "ange en ny fil i en mapp som finns", "give a new file in a folder that exists"))
    if way != "letter" and out is not None:
        raise Invalid(Fault("--out", "hör till ett brev", "goes with a letter"))
    return out
