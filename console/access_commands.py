"""`starter.py access ...`: who may see a case at your desk, and what takes two persons."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from activities.approvals import Approval
from activities.case_access import GLASS_REASONS, GRANT_REASONS, BrokenGlass, Named
from activities.surroundings import read_settings
from console import reading, tending
from console.as_whom import As, AsRole, User, Worker, account, at_work
from console.case_commands import Case, Json, say
from console.casework import Casework
from console.deadline_views import clock
from console.failures import Fault, Invalid, Refused, told
from console.layout import both, screen, table_of
from models.access import Action, Relation
from models.contracts import Refusal
from models.words import CaseRef
from rules import access

app = typer.Typer(help="Behörighet i ärenden | Access to cases", no_args_is_help=True)
Colleague = Annotated[str, typer.Argument(help="Kollegans konto, som handl-02. | The account.", metavar="USER")]
RELATION_WORDS = {Relation.NAMED: ("behörig", "named"), Relation.ON_CALL: ("bara akut skydd", "acute protection only")}
ACTION_WORDS = {
    Action.CLOSE_CASE: ("avsluta ärendet", "close the case"),
    Action.RELEASE_ADDRESS: ("lämna ut en adress", "release an address"),
    Action.RELEASE_BY_TWO: ("lämna ut uppgifter", "disclose data"),
}


def why(reasons: tuple[str, ...]) -> str:
    return f"Skäl: {', '.join(reasons)}. | Reason code."


@app.command("list", short_help="Visa vilka som är behöriga | Show who is named")
@told
async def list_access(
    case: Case,
    org: As,
    user: User,
    ended: Annotated[bool, typer.Option("--ended", help="Även de som varit. | Also those who were.")] = False,
    role: AsRole = None,
    as_json: Json = False,
) -> None:
    """Visar vilka vid er desk som får se ärendet, av vem och varför, och vad som väntar. | Who may see the case."""
    worker, reference, now = beginning(case, org, user, role)
    decision = worker.office.staff.decide(worker.by, Action.LIST_ACCESS, reference, now)
    if refusal := access.unmet(decision, worker.given()):
        raise Refused(refusal)
    named = worker.office.need_to_know.listed(reference, now, ended=ended)
    waiting = worker.office.approvals.waiting(now, reference)
    if as_json:
        listed = [named_data(each) for each in named]
        say({"case": reference, "named": listed, "waiting": [approval_data(each) for each in waiting]})
        return
    if named:
        screen.print(named_table(named))
    else:
        typer.echo("Ingen är behörig ännu: access grant. | Nobody is named yet: access grant.")
    for each in waiting:
        typer.echo(approval_line(each))


@app.command("grant", short_help="Gör en kollega behörig | Name a colleague")
@told
async def grant(
    case: Case,
    colleague: Colleague,
    org: As,
    user: User,
    reason: Annotated[str, typer.Option("--reason", help=why(GRANT_REASONS), metavar="CODE")],
    acute: Annotated[bool, typer.Option("--acute-only", help="Bara det akut skydd kräver. | Acute only.")] = False,
    lasts: Annotated[
        str | None, typer.Option("--for", help="Hur länge, som 12h eller 3d. | How long.", metavar="TIME")
    ] = None,
    role: AsRole = None,
    as_json: Json = False,
) -> None:
    """Gör en kollega behörig i ärendet. Ingen gör sig själv behörig. | Names a colleague on the case."""
    worker, reference, now = beginning(case, org, user, role)
    length: timedelta | None = reading.duration(lasts) if lasts else None
    refusal = worker.office.need_to_know.grant(
        worker.by,
        reference,
        account(colleague),
        reason,
        now,
        relation=Relation.ON_CALL if acute else Relation.NAMED,
        until=now + length if length else None,
    )
    done(refusal, reference, "Behörigheten gäller nu. | They are named now.", as_json)


@app.command("revoke", short_help="Ta bort en behörighet | Take somebody off")
@told
async def revoke(
    case: Case,
    colleague: Colleague,
    org: As,
    user: User,
    reason: Annotated[str, typer.Option("--reason", help=why(GRANT_REASONS), metavar="CODE")],
    role: AsRole = None,
    as_json: Json = False,
) -> None:
    """Tar bort en kollegas behörighet, genast. | Takes a colleague off the case's list, at once."""
    worker, reference, now = beginning(case, org, user, role)
    refusal = worker.office.need_to_know.revoke(worker.by, reference, account(colleague), reason, now)
    done(refusal, reference, "Behörigheten har upphört. | They are no longer named.", as_json)


@app.command("approve", short_help="Godkänn som andra person | Approve as the second person")
@told
async def approve(
    request: Annotated[str, typer.Argument(help="Begärans id (access list). | The request's id.", metavar="ID")],
    org: As,
    user: User,
    role: AsRole = None,
    as_json: Json = False,
) -> None:
    """Godkänner det en kollega bett om. Ert eget lösenord frågas efter. | Approves what a colleague has asked for."""
    worker = at_work(Casework(read_settings(), org).office(org), user, role, step_up=True)
    given = worker.office.approvals.approve(
        worker.by, identity(request), datetime.now(UTC), stepped_up=worker.stepped_up
    )
    if isinstance(given, Refusal):
        raise Refused(given)
    if as_json:
        say(approval_data(given))
    else:
        sv, en = ACTION_WORDS.get(given.action, (given.action, given.action))
        typer.echo(f"Godkänt: {sv}, {given.case}. | Approved: {en}, {given.case}.")


@app.command("break-glass", short_help="Nödåtkomst i tre timmar | Emergency access for three hours")
@told
async def break_glass(
    case: Case,
    org: As,
    user: User,
    reason: Annotated[str, typer.Option("--reason", help=why(GLASS_REASONS), metavar="CODE")],
    role: AsRole = None,
    as_json: Json = False,
) -> None:
    """Ger er åtkomst i tre timmar när det inte kan vänta. Chef och säkerhet larmas genast. | When it can't wait.

    Chefen i beredskap, säkerhetsansvarig och dataskyddsombudet får veta det på en gång, och någon annan granskar det
    senast nästa arbetsdag. Ert eget lösenord frågas efter.
    """
    casework = Casework(read_settings(), org)
    worker = at_work(casework.office(org), user, role, step_up=True)
    reference = reading.case_reference(case)
    glass = worker.office.need_to_know.break_glass(
        worker.by, reference, reason, datetime.now(UTC), stepped_up=worker.stepped_up
    )
    if isinstance(glass, Refusal):
        raise Refused(glass)
    telling = await told_now(casework, worker, glass)
    if as_json:
        alerts = [alert.role for alert in glass.alerts]
        say(glass_data(glass) | {"alerts": alerts, "told": telling})
        return
    until, review = clock(glass.until), clock(glass.review_by)
    typer.echo(f"Åtkomst till {until}. Det granskas senast {review}. | Until {until}; reviewed by {review}.")
    if telling:
        typer.echo("Chef i beredskap, säkerhet och dataskyddsombud är larmade. | They have been told.")
    else:
        typer.echo("Larmen går iväg så snart tjänsten svarar. | They are told as soon as the service answers.")


@app.command("reviews", short_help="Vad någon annan ska granska | What somebody else is to review")
@told
async def reviews(org: As, user: User, role: AsRole = None, as_json: Json = False) -> None:
    """Visar nödåtkomst och det en person gjort ensam om natten, tills någon granskat det. | What awaits review."""
    worker = at_work(Casework(read_settings(), org).office(org), user, role)
    may_review(worker)
    glass, alone, now = worker.office.need_to_know.unreviewed(), worker.office.approvals.unreviewed(), datetime.now(UTC)
    if as_json:
        broken = [glass_data(each) | {"overdue": is_overdue(each.review_by, now)} for each in glass]
        done_so = [approval_data(each) | {"overdue": is_overdue(each.review_by, now)} for each in alone]
        say({"break_glass": broken, "done_alone": done_so})
        return
    if not glass and not alone:
        typer.echo("Inget att granska. | Nothing to review.")
        return
    table = table_of(
        ("Id", "Id", 36), ("Ärende", "Case", 11), ("Konto", "Account", 0), ("Vad", "What", 0), ("Senast", "By", 16)
    )
    rows = [(e.review_by, e.id, e.case, e.user, f"nödåtkomst | broken glass: {e.reason}") for e in glass]
    rows += [(e.review_by or e.requested_at, e.id, e.case, e.requested_by, both(ACTION_WORDS[e.action])) for e in alone]
    for by, *cells in sorted(rows):
        table.add_row(*cells, clock(by) + ("\nFÖRSENAD | OVERDUE" if is_overdue(by, now) else ""))
    screen.print(table)


def is_overdue(review_by: datetime | None, now: datetime) -> bool:
    return review_by is not None and review_by <= now


@app.command("review", short_help="Säg att ni har granskat | Say that you have reviewed it")
@told
async def review(
    what: Annotated[str, typer.Argument(help="Id ur access reviews. | The id from access reviews.", metavar="ID")],
    org: As,
    user: User,
    role: AsRole = None,
    as_json: Json = False,
) -> None:
    """Noterar att ni har granskat något som en annan gjorde. | Records that you have reviewed it."""
    worker, what = at_work(Casework(read_settings(), org).office(org), user, role), identity(what)
    now, glass = datetime.now(UTC), {each.id for each in worker.office.need_to_know.unreviewed()}
    room = worker.office.need_to_know if what in glass else worker.office.approvals
    if refusal := room.review(worker.by, what, now):
        raise Refused(refusal)
    if as_json:
        say({"reviewed": what})
    else:
        typer.echo("Noterat som granskat. | Recorded as reviewed.")


def identity(text: str) -> str:
    """An id as it is listed. Raises: Invalid: it is none, and so nothing that anybody could have meant."""
    try:
        return reading.request_key(text) or ""
    except Invalid:
        known = ("ska vara ett id ur access list eller access reviews", "should be an id out of access list or reviews")
        raise Invalid(Fault("ID", *known)) from None


def beginning(case: str, org: str, user: str, role: Any) -> tuple[Worker, CaseRef, datetime]:
    worker = at_work(Casework(read_settings(), org).office(org), user, role)
    return worker, reading.case_reference(case), datetime.now(UTC)


def may_review(worker: Worker) -> None:
    """Raises: Refused: this account reviews no logs."""
    decision = worker.office.staff.decide(worker.by, Action.READ_AUDIT, None, datetime.now(UTC))
    if not decision.permitted:
        raise Refused(Refusal(code=decision.reason))


async def told_now(casework: Casework, worker: Worker, glass: BrokenGlass) -> bool:
    """Whether the alerts were handed on. If the service does not answer they are owed, and the desk hands them on."""
    return await tending.raised(casework.plane, worker.office, glass.id, glass.case)


def done(refusal: Refusal | None, case: CaseRef, sentence: str, as_json: bool) -> None:
    if refusal is not None:
        raise Refused(refusal)
    if as_json:
        say({"case": case, "done": True})
    else:
        typer.echo(sentence)


def named_table(named: list[Named]) -> Any:
    table = table_of(
        ("Konto", "Account", 0), ("Behörighet", "Access", 0), ("Av", "By", 0), ("Skäl", "Reason", 0),
        ("Från", "Since", 16), ("Till", "Until", 16),
    )  # fmt: skip
    for each in named:
        ends = each.ended_at or each.until
        table.add_row(
            each.user,
            both(RELATION_WORDS[each.relation]),
            each.by,
            each.reason,
            clock(each.since),
            clock(ends) if ends else "",
        )
    return table


def approval_line(each: Approval) -> str:
    sv, en = ACTION_WORDS.get(each.action, (each.action, each.action))
    return f"Väntar på en andra person: {sv}, begärt av {each.requested_by}: {each.id} | Awaits a second person: {en}"


def named_data(each: Named) -> dict[str, Any]:
    return {name: as_data(value) for name, value in each._asdict().items()}


def approval_data(each: Approval) -> dict[str, Any]:
    return {name: as_data(value) for name, value in each._asdict().items()}


def glass_data(each: BrokenGlass) -> dict[str, Any]:
    return {name: as_data(value) for name, value in each._asdict().items() if name != "alerts"}


def as_data(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
