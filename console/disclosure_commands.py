"""`starter.py disclosure ...`: see what a recipient would see, tell it, take it back, list what was told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from activities.sharing_rules import sharing_at
from activities.surroundings import read_settings
from console import demanding, disclosing, reading, weighing
from console.as_whom import As, AsRole, StepUp, User, at_work
from console.case_commands import Case, Json, Key, say
from console.casework import Casework
from console.deadline_views import clock
from console.disclosing import Telling, Way
from console.disclosure_views import card_lines, listed_table, preview_view, shown_data
from console.failures import Fault, Invalid, told
from console.file_words import SENT_BY
from console.handoff_commands import LONGEST_NOTE, handoff_id
from console.layout import screen
from models.sharing import Weighed
from models.stated import StatedFacts
from models.words import Code
from rules.acute_card import acute_card
from rules.mailing import to_function

app = typer.Typer(help="Lämna ut uppgifter | Disclose data", no_args_is_help=True)
Handoff = Annotated[str, typer.Argument(help="Förfrågans nummer, som H3. | Its number.", metavar="HANDOFF")]
Duty = Annotated[
    list[str] | None,
    typer.Option("--fulfil", help="Skyldighet att fullgöra: slag av uppgift. | A duty.", metavar="CATEGORY"),
]
Address = Annotated[
    int | None,
    typer.Option("--number", help="Adress nummer N, som i person show. | Which address.", metavar="N", min=1),
]
Grounds = Annotated[
    list[str] | None,
    typer.Option("--ground", help="Grund att använda, som address=consent. | A ground.", metavar="CATEGORY=CODE"),
]


def by_ground(said: list[str] | None) -> dict[Code, Code]:
    found = {}
    for one in said or ():
        category, equals, ground = one.partition("=")
        if not equals:
            raise Invalid(Fault("--ground", "skrivs som slag=grund", "is written as category=ground"))
        found[reading.code(category, "ground")] = reading.code(ground, "ground")
    return found


@app.command("preview", short_help="Se vad mottagaren får se | See what the recipient will see")
@told
async def preview(
    case: Case,
    handoff: Handoff,
    org: As,
    user: User,
    fulfil: Duty = None,
    ground: Grounds = None,
    address: Address = None,
    role: AsRole = None,
    step_up: StepUp = False,
    as_json: Json = False,
) -> None:
    """Visar fält för fält vad som skulle lämnas ut, vad som inte lämnas, och varför. | Field by field."""
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role, step_up=step_up)
    telling: Telling = await disclosing.look(
        casework,
        worker,
        reading.case_reference(case),
        handoff_id(handoff),
        decided=tuple(fulfil or ()),
        by_ground=by_ground(ground),
        address=address,
    )
    if as_json:
        say(shown_data(telling))
    else:
        screen.print(preview_view(telling))


@app.command("send", short_help="Lämna ut | Disclose")
@told
async def send(
    case: Case,
    handoff: Handoff,
    org: As,
    user: User,
    digest: Annotated[
        str | None,
        typer.Option("--seen", help="Summan från preview: bara det lämnas ut. | As previewed.", metavar="DIGEST"),
    ] = None,
    letter: Annotated[
        Path | None,
        typer.Option("--letter", help="Som brev i denna nya fil. | As a letter.", metavar="FILE"),
    ] = None,
    spoken: Annotated[bool, typer.Option("--spoken", help="Muntligt, antecknat. | By word of mouth.")] = False,
    fulfil: Duty = None,
    ground: Grounds = None,
    address: Address = None,
    role: AsRole = None,
    step_up: StepUp = False,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Lämnar ut exakt det som preview visar: förseglat till mottagarens desk, som brev eller muntligt. | Discloses."""
    if letter is not None and spoken:
        raise Invalid(Fault("--letter", "ange brev eller muntligt, inte båda", "give a letter or spoken, not both"))
    if letter is not None and (letter.exists() or not letter.parent.is_dir()):
        raise Invalid(
            Fault("--letter", "ange en ny fil i en mapp som finns", "give a new file in a folder that exists")
        )
    way: Way = "letter" if letter else "spoken" if spoken else "sealed"
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role, step_up=step_up)
    reference = reading.case_reference(case)
    sent = await disclosing.send(
        casework,
        worker,
        reference,
        handoff_id(handoff),
        way=way,
        expected=digest,
        decided=tuple(fulfil or ()),
        by_ground=by_ground(ground),
        address=address,
        letter=letter,
        key=reading.request_key(key),
    )
    if as_json:
        say({"package": sent.row.id, "state": sent.row.state, "way": way, "categories": list(sent.row.categories)})
        return
    typer.echo(SENT[way])
    typer.echo(f"Id: {sent.row.id}")
    if letter is not None:
        to = to_function(casework.organisation(sent.row.recipient).name)
        typer.echo(SENT_BY[to.way].format(outer=", ".join(to.outer)))


SENT: dict[Way, str] = {
    "sealed": "Förseglat och lämnat till mottagarens desk. | Sealed and left for the recipient's desk.",
    "letter": "Antecknat, och brevet är skrivet. | Recorded, and the letter is written.",
    "spoken": "Antecknat fält för fält. Läs upp det som preview visade. | Recorded. Read out what preview showed.",
}


@app.command("recall", short_help="Ta tillbaka ett paket | Recall a package")
@told
async def recall(
    package: Annotated[str, typer.Argument(help="Utlämnandets id. | The disclosure's id.", metavar="ID")],
    org: As,
    user: User,
    role: AsRole = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Tar tillbaka det som ännu inte har hämtats; det förstörs. | Takes back what was not taken; it is destroyed."""
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role)
    wanted = reading.request_key(package) or str(uuid4())
    became = await disclosing.recall(casework, worker, wanted, reading.request_key(key))
    if as_json:
        say({"package": wanted, "became": became})
    elif became == "recalled":
        typer.echo("Återtaget och förstört. | Recalled and destroyed.")
    else:
        typer.echo("Redan hämtat av mottagaren: det kan inte tas tillbaka. | Taken already: it can't be called back.")


@app.command("list", short_help="Visa utlämnanden | List disclosures")
@told
async def list_disclosures(case: Case, org: As, user: User, role: AsRole = None, as_json: Json = False) -> None:
    """Visar vad er desk har lämnat ut i ärendet: till vem, på vilken grund, inte innehållet. | Not the content."""
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role)
    reference = reading.case_reference(case)
    rows = weighing.listed(worker, reference)
    if as_json:
        say([row.model_dump(mode="json", exclude={"content", "key_version"}) for row in rows])
    elif rows:
        screen.print(listed_table(rows, clock))
    else:
        typer.echo("Inget har lämnats ut härifrån. | Nothing has been disclosed from here.")


@app.command("weigh", short_help="Anteckna en prövning | Record a judgement")
@told
async def weigh(
    case: Case,
    handoff: Handoff,
    what: Annotated[Weighed, typer.Argument(help="Vad som prövats. | What was judged.", metavar="WHAT")],
    org: As,
    user: User,
    note_file: Annotated[
        str, typer.Option("--note-file", help="Skälen; stannar hos er. | The reasons.", metavar="FILE|-")
    ],
    category: Annotated[list[str], typer.Option("--category", help="Slag av uppgift. | Category.", metavar="CATEGORY")],
    ground: Annotated[str | None, typer.Option("--ground", help="Grunden. | The ground.", metavar="CODE")] = None,
    address: Address = None,
    against: Annotated[bool, typer.Option("--against", help="Talar emot utlämnande. | Speaks against.")] = False,
    role: AsRole = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Antecknar en menprövning eller avvägning inför ett utlämnande. | Records a harm test or weighing."""
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role)
    judged = await weighing.judge(
        casework,
        worker,
        reading.case_reference(case),
        handoff_id(handoff),
        what,
        tuple(reading.code(one, "category") for one in category),
        reading.read_text(note_file, LONGEST_NOTE),
        ground=reading.code(ground, "ground") if ground else None,
        address=address,
        speaks_for=not against,
        key=reading.request_key(key),
    )
    if as_json:
        say(judged.model_dump(mode="json"))
    else:
        typer.echo("Antecknat. | Recorded.")


@app.command("circumstances", short_help="Anteckna omständigheter | Record circumstances")
@told
async def circumstances(
    case: Case,
    file: Annotated[str, typer.Argument(help="Omständigheter (JSON), eller -. | JSON file, or -.")],
    org: As,
    user: User,
    role: AsRole = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Antecknar det som lagen frågar efter inför ett utlämnande (risk för brott, missbruk ...). | What the law asks."""
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role)
    stated = reading.read_model(StatedFacts, file)
    reference = reading.case_reference(case)
    standing = await demanding.standing_of(casework, worker.office, reference)
    weighing.state(worker, reference, stated, reading.request_key(key), standing.now if standing else None)
    if as_json:
        say({"stated": sorted(stated.model_dump(exclude_none=True))})
    else:
        typer.echo("Antecknat. | Recorded.")


@app.command("card", short_help="Kort för akut natt | Card for an acute night")
@told
async def card(as_json: Json = False) -> None:
    """Tre rader: vad som får berättas för vem utan samtycke, akut. | Three lines: what may be told without consent."""
    now = datetime.now(UTC)
    found: Any = acute_card(sharing_at(now), now)
    if as_json:
        say(found.model_dump(mode="json"))
        return
    for line in card_lines(found):
        typer.echo(line)
