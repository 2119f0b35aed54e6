"""`starter.py person link ...`: relatives have cases of their own; how they belong together stays at the desk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, get_args

import typer

from activities.case_links import CaseLinks
from activities.surroundings import read_settings
from console import reading
from console.as_whom import As, AsRole, For, User, Worker, at_work
from console.case_commands import Case, Json, say
from console.casework import Casework
from console.failures import Fault, Invalid, Refused, told
from console.layout import both
from models.access import Action
from models.contracts import Refusal
from models.desk import Category
from models.marks import CaseLink, Tie
from models.words import CaseRef
from rules import access

TIES: dict[Tie, tuple[str, str]] = {
    "child": ("barn", "child"),
    "parent": ("förälder", "parent"),
    "sibling": ("syskon", "sibling"),
    "partner": ("partner", "partner"),
    "relative": ("anhörig", "relative"),
    "other": ("annan", "other"),
}
Other = Annotated[str, typer.Argument(help="Den andres ärende. | The other's case.", metavar="OTHER")]
SHORT = {
    "link": "Knyt en anhörigs ärende | Tie a relative's case",
    "unlink": "Ta bort ett band | Remove a tie",
    "links": "Visa band till andra ärenden | Show ties to other cases",
}
"""What each command is called in the list of commands."""


@told
async def link(
    case: Case,
    other: Other,
    tie: Annotated[str, typer.Option("--tie", help=f"Den andre är: {', '.join(TIES)}. | The other is.", metavar="TIE")],
    org: As,
    user: User,
    household: Annotated[bool, typer.Option("--household", help="De bor ihop. | They live together.")] = False,
    role: AsRole = None,
    as_json: Json = False,
) -> None:
    """Knyter en anhörigs eget ärende till detta. Det stannar vid er desk. | Ties a relative's own case to this one."""
    worker = at_work(Casework(read_settings(), org).office(org), user, role)
    one, another = reading.case_reference(case), reading.case_reference(other)
    if tie not in get_args(Tie):
        known = ", ".join(TIES)
        raise Invalid(Fault("--tie", f"är inget av de tillåtna värdena: {known}", f"is none of these: {known}"))
    if one == another:
        raise Invalid(Fault("OTHER", "är samma ärende", "is the same case"))
    logged(worker, (one, another), Action.WRITE, "linked")
    CaseLinks(worker.office.engine, worker.office.keys).link(one, another, tie, household=household)  # type: ignore[arg-type]
    if as_json:
        say({"case": one, "done": True})
    else:
        typer.echo("Ärendena är sammanknutna, bara vid er desk. | The cases are tied, at your desk only.")


@told
async def unlink(case: Case, other: Other, org: As, user: User, role: AsRole = None, as_json: Json = False) -> None:
    """Tar bort en sådan koppling, från båda hållen. | Takes such a tie away, from both sides."""
    worker = at_work(Casework(read_settings(), org).office(org), user, role)
    one, another = reading.case_reference(case), reading.case_reference(other)
    logged(worker, (one, another), Action.WRITE, "unlinked")
    CaseLinks(worker.office.engine, worker.office.keys).unlink(one, another)
    if as_json:
        say({"case": one, "done": True})
    else:
        typer.echo("Kopplingen är borttagen. | The tie is gone.")


@told
async def links(
    case: Case, org: As, user: User, purpose: For = None, role: AsRole = None, as_json: Json = False
) -> None:
    """Visar vilka ärenden som hör ihop med detta, vid er desk. | Shows the cases tied to this one, at your desk."""
    worker = at_work(Casework(read_settings(), org).office(org), user, role)
    reference = reading.case_reference(case)
    logged(worker, (reference,), Action.VIEW, "read-links", purpose)
    found = CaseLinks(worker.office.engine, worker.office.keys).of(reference)
    if as_json:
        say({"case": reference, "links": [each.model_dump(mode="json") for each in found]})
        return
    for each in found:
        typer.echo(line_of(each))
    if not found:
        typer.echo("Inget annat ärende hör ihop med detta. | No other case is tied to this one.")


def logged(worker: Worker, cases: tuple[CaseRef, ...], action: Action, said: str, purpose: Any = None) -> None:
    """Asks the table of access for each of the cases, and logs it before anything is done or shown.

    Raises:
        Refused: not for this account; that is logged too.
    """
    office, now, given = worker.office, datetime.now(UTC), worker.given(purpose)
    refused: Refusal | None = None
    with office.trail.writing() as session:
        for case in cases:
            decision = office.staff.decided(session, worker.by, action, case, now, Category.RELATIVES)
            refused = refused or access.unmet(decision, given)
        for case in cases:
            office.note(
                session, worker.by, said, case, Category.RELATIVES, given, None, refused.code if refused else "done"
            )
    if refused is not None:
        raise Refused(refused)


def line_of(link: CaseLink) -> str:
    lives = " (bor ihop | same household)" if link.household else ""
    return f"{link.other}  {both(TIES[link.tie])}{lives}"
