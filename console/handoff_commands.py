"""`starter.py handoff ...`: list, send, answer."""

from __future__ import annotations

from datetime import UTC, datetime
from textwrap import fill
from typing import Annotated

import typer

from activities.rule_packs import PACKS, pack_on
from activities.surroundings import read_settings
from console import handoff_views, reading, views
from console.answers import Answer
from console.case_commands import Account, As, Case, Json, Key, look, say
from console.casework import Casework
from console.deadline_views import deadline_text
from console.failures import Fault, Invalid, told
from console.layout import screen
from models.case import Receipt
from models.contracts import Standing
from models.desk import AssessmentRecord
from models.handoffs import Act, DeadlineName, Extension
from models.intake import PhoneAnswer
from models.packs import RulePack
from models.words import Urgency

app = typer.Typer(help="Förfrågningar och uppdrag | Handoffs", no_args_is_help=True)
LONGEST_NOTE = 20_000


@app.command("list", short_help="Visa förfrågningar | List handoffs")
@told
async def list_handoffs(
    case: Case,
    ended: Annotated[
        bool, typer.Option("--ended", help="De avslutade, och vad som ännu går. | Those that have ended.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Visar förfrågningar och vad var och en kan göra. | Shows handoffs and what each party can do."""
    casework = Casework(read_settings())
    standing, note = await look(casework, case)
    pack = casework.pack(standing.state.case)
    if ended and as_json:
        say([handoff.model_dump(mode="json") for handoff in standing.state.ended.values()])
        return
    if ended:
        screen.print(handoff_views.ended_table(standing, pack))
        return
    if as_json:
        say([views.handoff_data(h, standing, pack) for h in standing.state.handoffs.values()])
        return
    screen.print(handoff_views.handoff_table(standing, pack))
    if standing.state.handoffs:
        typer.echo("Möjligt nu | Possible now")
    for handoff in standing.state.handoffs.values():
        data = views.handoff_data(handoff, standing, pack)
        phone = {f"{handoff.requester} --by-phone": data["possible_by_phone"]} if data["possible_by_phone"] else {}
        for org, acts in (data["possible"] | phone).items():
            line = f"  {handoff.id}  {org}: {handoff_views.can_do(acts) or '–'}"
            typer.echo(fill(line, screen.width, subsequent_indent="      ", break_on_hyphens=False))
    if note:
        typer.echo(note)


@app.command("send", short_help="Skicka en förfrågan | Send a handoff")
@told
async def send(
    case: Case,
    kind: Annotated[str, typer.Argument(help="Sort, se `handoff kinds`. | Kind, see `handoff kinds`.", metavar="KIND")],
    org: As,
    to: Annotated[str, typer.Option("--to", help="Mottagande organisation. | The recipient.", metavar="ORG")],
    acute: Annotated[bool, typer.Option("--acute", help="Akut. | Acute.")] = False,
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="Dagen som tiden räknas från. | The date it counts from."),
    ] = None,
    parent: Annotated[str | None, typer.Option("--because-of", help="Förfrågan den följer av. | Its parent.")] = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Skickar en förfrågan. | Sends a handoff."""
    casework = Casework(read_settings(), org)
    reference = reading.case_reference(case)
    receipt = await casework.send(
        reference,
        kind,
        to,
        org,
        urgency=Urgency.ACUTE if acute else Urgency.ORDINARY,
        anchor=day.date() if day else None,
        parent=handoff_id(parent) if parent else None,
        key=reading.request_key(key),
    )
    await tell(casework, reference, receipt, as_json)


@app.command("act", short_help="Svara på en förfrågan | Answer a handoff")
@told
async def act(
    case: Case,
    handoff: Annotated[str, typer.Argument(help="Förfrågans nummer, som H3. | Its number.", metavar="HANDOFF")],
    action: Annotated[Act, typer.Argument(help="Vad ni gör. | What you do.", metavar="ACTION")],
    org: As,
    reason: Annotated[str | None, typer.Option(help="Skäl, en kod ur listan. | A reason code.", metavar="CODE")] = None,
    answer: Annotated[
        str | None, typer.Option(help="Svar, en kod ur listan. | An answer code.", metavar="CODE")
    ] = None,
    note_file: Annotated[
        str | None, typer.Option(help="Anteckning; stannar vid er desk. | A note, kept at your desk.", metavar="FILE|-")
    ] = None,
    assessment: Annotated[
        str | None,
        typer.Option(help="Hotbedömning (JSON); stannar vid er desk. | Kept at your desk.", metavar="FILE|-"),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", help="Ny mottagare, eller den ansvariga. | New recipient, or who is.", metavar="ORG"),
    ] = None,
    paragraph: Annotated[
        str | None, typer.Option(help='Lagrum, som "SoL 29:4". | The paragraph.', metavar="LAW")
    ] = None,
    by_phone: Annotated[
        str | None,
        typer.Option(help="Mottagarens svar per telefon eller brev (JSON). | By phone or post.", metavar="FILE|-"),
    ] = None,
    user: Account = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Svarar på en förfrågan. `handoff list` visar vad var och en kan göra. | Answers a handoff."""
    if [note_file, assessment, by_phone].count("-") > 1:
        raise Invalid(Fault("-", "bara en fil kan läsas från standard in", "only one file can be standard input"))
    casework = Casework(read_settings(), org)
    reference = reading.case_reference(case)
    said = Answer(
        reason=reason,
        answer=answer,
        note=reading.read_text(note_file, LONGEST_NOTE) if note_file else None,
        assessment=reading.read_model(AssessmentRecord, assessment) if assessment else None,
        by_phone=reading.read_model(PhoneAnswer, by_phone) if by_phone else None,
        to=to,
        paragraph=paragraph,
    )
    receipt = await casework.act(reference, handoff_id(handoff), action, org, said, reading.request_key(key), user)
    await tell(casework, reference, receipt, as_json)


@app.command("extend", short_help="Förläng en tid | Extend a deadline")
@told
async def extend(
    case: Case,
    handoff: Annotated[str, typer.Argument(help="Förfrågans nummer, som H3. | Its number.", metavar="HANDOFF")],
    deadline: Annotated[DeadlineName, typer.Argument(help="Vilken tid. | Which deadline.")],
    org: As,
    more: Annotated[str, typer.Option("--more", help='Hur mycket, som "5 wd", "2 w". | How much.', metavar="TIME")],
    decided_by: Annotated[
        str,
        typer.Option("--decided-by", help="Vem som beslutat: roll, court, board. | Who decided.", metavar="CODE"),
    ],
    ground: Annotated[str, typer.Option("--ground", help="Skäl, en kod ur listan. | The ground.", metavar="CODE")],
    note_file: Annotated[
        str | None, typer.Option(help="Anteckning; stannar vid er desk. | A note, kept at your desk.", metavar="FILE|-")
    ] = None,
    user: Account = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Noterar ett beslut om längre tid. Bara den som regeln nämner kan besluta. | Records a decision on more time."""
    casework = Casework(read_settings(), org)
    reference = reading.case_reference(case)
    extension = Extension(
        deadline=deadline,
        by=reading.code(decided_by, "decided-by"),
        ground=reading.code(ground, "ground"),
        span=reading.span(more),
    )
    note = reading.read_text(note_file, LONGEST_NOTE) if note_file else None
    said = Answer(extension=extension, note=note)
    receipt = await casework.act(reference, handoff_id(handoff), Act.EXTEND, org, said, reading.request_key(key), user)
    await tell(casework, reference, receipt, as_json)


@app.command("inbox", short_help="Visa Att göra | Show the inbox")
@told
async def inbox(org: As, as_json: Json = False) -> None:
    """Att göra: vad er desk har fått. | What your desk has been asked."""
    casework = Casework(read_settings(), org)
    entry = casework.organisation(org)
    rows = casework.desk(org).inbox() if entry.desk else casework.inbox_without_desk(org)
    live = casework.live_deadlines(org)
    if as_json:
        say([row.model_dump(mode="json") | views.live_data(row, live, datetime.now(UTC)) for row in rows])
        return
    if rows:
        screen.print(views.inbox_table(rows, pack_today(casework), live, datetime.now(UTC)))
    else:
        typer.echo("Inget att göra just nu. | Nothing to do just now.")
    if not entry.desk:
        typer.echo(
            "Ingen desk: avsändaren ringer och noterar svaret. | No desk: the sender calls and records the answer."
        )


@app.command("waiting", short_help="Visa vad ni väntar på | Show what you wait for")
@told
async def waiting(org: As, as_json: Json = False) -> None:
    """Vad ni har bett andra om och väntar på, det sena först. | What others owe you, what is late first."""
    casework = Casework(read_settings(), org)
    casework.organisation(org)
    rows = casework.view.open_between(requester=org)
    if as_json:
        say([row.model_dump(mode="json") | {"due": due.isoformat() if due else None} for row, due, _ in rows])
    elif rows:
        screen.print(views.waiting_table(rows, pack_today(casework), datetime.now(UTC)))
    else:
        typer.echo("Ni väntar inte på någon. | You wait for nobody.")


def pack_today(casework: Casework) -> RulePack:
    return pack_on(datetime.now(UTC).date(), casework.settings.rule_packs or PACKS)


@app.command("kinds", short_help="Visa sorterna | Show the kinds")
@told
async def kinds(as_json: Json = False) -> None:
    """Visar vilka sorters förfrågningar som finns. | Shows the kinds of handoff there are."""
    settings = read_settings()
    pack = pack_on(datetime.now(UTC).date(), settings.rule_packs or PACKS)
    if as_json:
        say(
            [
                kind.model_dump(mode="json", include={"code", "sv", "en", "sender", "recipient", "basis"})
                for kind in pack.kinds.values()
            ]
        )
        return
    screen.print(views.kinds_table(pack))


def handoff_id(text: str) -> str:
    number = text.strip().upper().removeprefix("H")
    if not number.isascii() or not number.isdigit() or not 1 <= len(number.lstrip("0")) <= 5:
        raise Invalid(Fault("handoff", "skriv numret, som H3", "write its number, like H3"))
    return f"H{int(number)}"


async def tell(casework: Casework, case: str, receipt: Receipt, as_json: bool) -> None:
    """Tells what the act led to: the receipt, and the handoff as it now stands."""
    standing, _ = await look(casework, case)
    pack = casework.pack(standing.state.case)
    live = standing.state.handoffs.get(receipt.handoff or "")
    if as_json:
        handoff = views.handoff_data(live, standing, pack) if live else None
        say({"case": case, "receipt": receipt.model_dump(mode="json"), "handoff": handoff})
        return
    for line in handoff_views.what_came_of_it(standing, pack, receipt):
        typer.echo(line)
    for line in next_deadlines(standing, pack, receipt.handoff):
        typer.echo(line)
    for line in handoff_views.new_handoffs(standing, pack, receipt):
        typer.echo(line)


def next_deadlines(standing: Standing, pack: RulePack, handoff: str | None) -> list[str]:
    live = standing.state.handoffs.get(handoff or "")
    if live is None:
        return []
    kind, now = pack.kinds[live.kind], standing.now
    return [f"  {kind.sv}, {deadline_text(d, live, pack, now).plain}" for d in live.deadlines]
