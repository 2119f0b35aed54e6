"""`starter.py consent ...`: what somebody has said about who may be told what, and until when."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from activities.surroundings import read_settings
from console import consenting, reading
from console.as_whom import As, AsRole, StepUp, User, at_work
from console.case_commands import Case, Json, Key, say
from console.casework import Casework
from console.consenting import Changed
from console.deadline_views import end_clock
from console.disclosure_words import CONSENT_STATUS
from console.failures import told
from console.layout import both, screen, table_of
from models.consent import THE_PERSON, Standing
from models.contracts import Standing as CaseStanding
from models.intake import ConsentForm
from rules import consent

app = typer.Typer(help="Samtycke till utlämnande | Consent to disclosure", no_args_is_help=True)
Giver = Annotated[
    str,
    typer.Option("--giver", help="Den enskilde (person), eller en vårdnadshavares kod. | Who.", metavar="CODE"),
]
LAWFUL = (
    "Samtycke är aldrig ett villkor för stöd. Det kan tas tillbaka när som helst. | "
    "Consent is never a condition for support. It can be withdrawn at any time."
)


@app.command("give", short_help="Anteckna ett samtycke | Record a consent")
@told
async def give(
    case: Case,
    file: Annotated[str, typer.Argument(help="Vem, vad, till vad, till när (JSON), eller -. | JSON file, or -.")],
    org: As,
    user: User,
    role: AsRole = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Antecknar ett samtycke: till vilka, om vad, för vad, till och med när. | Records a consent and its scope."""
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role)
    form = reading.read_model(ConsentForm, file)
    reference = reading.case_reference(case)
    tell(await consenting.give(casework, worker, reference, form, reading.request_key(key)), as_json)


@app.command("refuse", short_help="Anteckna ett nej | Record a refusal")
@told
async def refuse(
    case: Case,
    org: As,
    user: User,
    giver: Giver = THE_PERSON,
    role: AsRole = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Antecknar att någon tillfrågats och sagt nej. Rätten till stöd påverkas inte. | Records that somebody said no."""
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role)
    reference = reading.case_reference(case)
    tell(
        await consenting.refuse(casework, worker, reference, reading.code(giver, "giver"), reading.request_key(key)),
        as_json,
    )


@app.command("withdraw", short_help="Anteckna ett återtagande | Record a withdrawal")
@told
async def withdraw(
    case: Case,
    org: As,
    user: User,
    giver: Giver = THE_PERSON,
    which: Annotated[
        str | None, typer.Option("--consent", help="Bara detta samtycke. | Only this one.", metavar="ID")
    ] = None,
    role: AsRole = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Antecknar att ett samtycke tagits tillbaka. Det som inte hämtats förstörs. | What was not taken is destroyed."""
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role)
    reference = reading.case_reference(case)
    consent_id = reading.request_key(which)
    changed = await consenting.withdraw(
        casework, worker, reference, reading.code(giver, "giver"), consent_id, reading.request_key(key)
    )
    tell(changed, as_json)


@app.command("show", short_help="Visa samtycken | Show consents")
@told
async def show(
    case: Case, org: As, user: User, role: AsRole = None, step_up: StepUp = False, as_json: Json = False
) -> None:
    """Visar vad som sagts om samtycke, och vad som gäller nu. | Shows what was said, and what holds now."""
    casework = Casework(read_settings(), org)
    office = casework.office(org)
    worker = at_work(office, user, role, step_up=step_up)
    reference = reading.case_reference(case)
    standing: CaseStanding = await casework.plane.standing(reference, org)
    history = consenting.looked_at(worker, reference)
    status = consent.status(history, office.person_facts(reference), standing.now)
    listed = consent.standings(history, standing.now)
    if as_json:
        say({"case": reference, "status": status, "consents": [data(one) for one in listed]})
        return
    typer.echo(f"Samtycke | Consent: {both(CONSENT_STATUS[status])}")
    if not listed:
        typer.echo("Ingen har tillfrågats ännu. | Nobody has been asked yet.")
        return
    table = table_of(
        ("Av", "By", 0), ("Läge", "Status", 0), ("Till", "Until", 0), ("Om", "About", 0), ("Id", "", 0), whole=("Id",)
    )
    for one in listed:
        what = ", ".join(one.scope.categories) if one.scope else "allt | everything"
        state = both(CONSENT_STATUS[one.status]) + (" (utgånget | expired)" if one.expired else "")
        table.add_row(one.giver, state, end_clock(one.until) if one.until else "–", what, one.id)
    screen.print(table)
    typer.echo(LAWFUL)


def data(one: Standing) -> dict[str, Any]:
    told: dict[str, Any] = one.model_dump(mode="json")
    return told


def tell(changed: Changed, as_json: bool) -> None:
    if as_json:
        say(
            {
                "status": changed.status,
                "consents": [event.id for event in changed.history],
                "recalled": list(changed.recalled),
                "taken": list(changed.taken),
            }
        )
        return
    typer.echo(f"Antecknat. Samtycke nu | Recorded. Consent now: {both(CONSENT_STATUS[changed.status])}")
    if changed.recalled:
        number = len(changed.recalled)
        typer.echo(f"Förstört innan det hämtades: {number} | Destroyed before it was taken: {number}")
    if changed.taken:
        number = len(changed.taken)
        typer.echo(f"Redan hämtat, kan inte tas tillbaka: {number} | Taken already, can't be called back: {number}")
    typer.echo(LAWFUL)
