"""`starter.py person ...`: what a desk keeps about a person. Masked unless somebody says why they look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from activities.offices import Office
from activities.surroundings import read_settings
from console import reading
from console.addresses import ended, of_case, removed
from console.as_whom import As, AsRole, For, StepUp, User, at_work
from console.case_commands import Case, Json, Key, say
from console.casework import Casework
from console.failures import Fault, Invalid, NotFound, Refused, told
from console.layout import both, screen, table_of
from models.access import Action, Given, Obligation, Reader
from models.contracts import Refusal
from models.desk import Category
from models.desk_tables import ItemRow
from models.words import CaseRef
from rules import addresses
from rules.addresses import Address, Holds
from rules.masking import masked

app = typer.Typer(help="Personuppgifter vid er desk | A person's data at your desk", no_args_is_help=True)
CATEGORY_WORDS: dict[Category, tuple[str, str]] = {
    Category.IDENTITY: ("identitet", "identity"),
    Category.CONTACT: ("säker kontakt", "safe contact"),
    Category.ADDRESS: ("adress", "address"),
    Category.PROTECTION_MARK: ("skyddsmarkering", "protection mark"),
    Category.RELATIVES: ("anhöriga", "relatives"),
    Category.NOTE: ("anteckning", "note"),
    Category.SOCIAL_FILE: ("ur akten", "from the file"),
    Category.ASSESSMENT: ("hotbedömning", "threat assessment"),
    Category.OWN_RISK_ASSESSMENT: ("egen riskbedömning", "own risk assessment"),
    Category.THREAT_SOURCE: ("vem som hotar", "who threatens"),
    Category.HEALTH: ("hälsa", "health"),
    Category.CRIMINAL_RECORD: ("uppgifter om brott", "crimes"),
    Category.PLACEMENT: ("placering", "placement"),
    Category.ENVIRONMENT: ("miljö", "environment"),
}

REMOVE = (
    "Folkbokföringsadressen (nr {number}) får inte sparas: person remove {case} --number {number}\n"
    "The registered address (no. {number}) may not be kept: person remove {case} --number {number}"
)
Numbered = Annotated[
    int, typer.Option("--number", help="Adressens nummer, som i person show. | Its number.", metavar="N", min=1)
]


@app.command("show", short_help="Visa personuppgifter | Show a person's data")
@told
async def show(
    case: Case,
    org: As,
    user: User,
    purpose: For = None,
    category: Annotated[
        Category | None, typer.Option("--category", help="Slag av uppgift att visa i klartext. | What to show in full.")
    ] = None,
    number: Annotated[
        int | None,
        typer.Option("--number", help="Visa adress nummer N. | Show address N.", min=1),
    ] = None,
    role: AsRole = None,
    step_up: StepUp = False,
    as_json: Json = False,
) -> None:
    """Visar maskerat vad som finns; med --purpose och --category ett slag i klartext, loggat. | Masked."""
    if number is not None and category not in (None, Category.ADDRESS):
        raise Invalid(Fault("--number", "hör inte ihop med --category", "does not go with --category"))
    office = Casework(read_settings(), org).office(org)
    worker = at_work(office, user, role, step_up=step_up)
    reference = reading.case_reference(case)
    given = worker.given(purpose)
    if category is None and number is None:
        outline = outlined(office, worker.by, reference, given)
        warning = office.warning(reference)
        seen = any(one["category"] == Category.ADDRESS for one in outline)
        remove = [each.number for each in barred(office, reference)] if seen else []
        if as_json:
            say({"case": reference, "warning": list(warning), "kept": outline, "to_remove": remove})
        else:
            screen.print(outline_view(outline, warning))
            for each in remove:
                screen.print(Text(REMOVE.format(case=reference, number=each), style="bold red"))
        return
    address = number is not None or category is Category.ADDRESS
    found = office.look(
        worker.by,
        reference,
        Action.VIEW_ADDRESS if address else Action.VIEW,
        Category.ADDRESS if address else category or Category.IDENTITY,
        given,
        datetime.now(UTC),
        chosen=lambda items: one_of(office, reference, items, number) if address else items,
    )
    if isinstance(found, Refusal):
        raise Refused(found)
    items, obligations = found
    if not items and address and any(each.number == (number or 1) for each in barred(office, reference)):
        raise Refused(Refusal(code="address-not-kept", detail=str(number or 1)))
    if not items:
        raise NotFound("Det finns inget sådant sparat.", "Nothing of that kind is kept.")
    told_beside = office.warning(reference) if Obligation.WARNING in obligations else None
    contents = [content for _, content in items]
    if as_json:
        say({"case": reference, "warning": list(told_beside) if told_beside else None, "items": contents})
    else:
        screen.print(full_view(contents, told_beside))


def outlined(office: Office, by: Reader, case: CaseRef, given: Given) -> list[dict[str, Any]]:
    """What is kept, category by category, and so little of it that it tells nobody who it is about.

    Raises:
        Refused: not for this account. The look is logged before it is answered, also then.
    """
    found = office.outline(by, case, given, datetime.now(UTC))
    if isinstance(found, Refusal):
        raise Refused(found)
    kept = {category: [one for one in items if is_kept(category, one)] for category, items in found.items()}
    return [
        {"category": category, "count": len(items), "masked": [masked(category, one) for one in items]}
        for category, items in kept.items()
        if items
    ]


def is_kept(category: Category, content: Any) -> bool:
    """That an address has ended, or was taken away, is no address."""
    return category is not Category.ADDRESS or addresses.is_address(content)


def one_of(
    office: Office, case: CaseRef, items: list[tuple[ItemRow, Any]], number: int | None
) -> list[tuple[ItemRow, Any]]:
    """The address of that number; without one, the first that is current. Never one that may not be kept."""
    every = addresses.numbered([(row.id, content) for row, content in items], office.mark_of(case), office.marks)
    shown = [one for one in every if one.holds in (Holds.CURRENT, Holds.ENDED)]
    meant = [one for one in shown if one.number == number] if number else [*addresses.current(every), *shown]
    return [(row, content) for row, content in items if meant and row.id == meant[0].item]


def barred(office: Office, case: CaseRef) -> tuple[Address, ...]:
    return addresses.to_remove(of_case(office, case))


@app.command("moved", short_help="En adress gäller inte längre | An address holds no longer")
@told
async def moved(
    case: Case,
    number: Numbered,
    org: As,
    user: User,
    role: AsRole = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Antecknar att personen inte är kvar på en adress. Den finns kvar i akten men lämnas inte ut. | It stays kept."""
    worker = at_work(Casework(read_settings(), org).office(org), user, role)
    ended(worker, reading.case_reference(case), number, reading.request_key(key))
    if as_json:
        say({"ended": number})
    else:
        typer.echo("Antecknat: adressen lämnas inte längre ut. | Recorded: the address is told no longer.")


@app.command("remove", short_help="Ta bort en adress som inte får sparas | Remove an address that may not be kept")
@told
async def remove(case: Case, number: Numbered, org: As, user: User, role: AsRole = None, as_json: Json = False) -> None:
    """Tar bort en folkbokföringsadress som sparats innan skyddad folkbokföring var känd. | A registered address."""
    worker = at_work(Casework(read_settings(), org).office(org), user, role)
    removed(worker, reading.case_reference(case), number)
    if as_json:
        say({"removed": number})
    else:
        typer.echo("Borttagen. Numret står kvar tomt. | Removed. Its number stays, empty.")


def outline_view(outline: list[dict[str, Any]], warning: tuple[str, str]) -> RenderableType:
    if not outline:
        return Text("Inget är sparat som du kan se. | Nothing is kept that you may see.")
    table = table_of(("Slag", "Category", 0), ("Antal", "Count", 0), ("Maskerat", "Masked", 0))
    for one in outline:
        table.add_row(both(CATEGORY_WORDS[one["category"]]), str(one["count"]), "\n".join(one["masked"]))
    hint = "I klartext: --category SLAG --purpose VARFÖR. Det loggas. | In full: --category --purpose. It is logged."
    return Group(Text(f"⚠ {both(warning)}", style="bold red"), table, Text(hint, style="dim"))


def full_view(contents: list[Any], warning: tuple[str, str] | None) -> RenderableType:
    parts: list[RenderableType] = [Text(f"⚠ {both(warning)}", style="bold red")] if warning else []
    for content in contents:
        table = table_of(("Uppgift", "Field", 0), ("Innehåll", "Content", 0))
        for name, value in flat(content):
            table.add_row(name, value)
        parts.append(table)
    return Group(*parts)


def flat(content: Any, name: str = "") -> list[tuple[str, str]]:
    if isinstance(content, dict):
        return [line for key, value in content.items() for line in flat(value, f"{name}.{key}" if name else str(key))]
    if isinstance(content, list):
        return [line for one in content for line in flat(one, name)]
    return [(name, str(content))]
