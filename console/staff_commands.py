"""`starter.py staff ...`: the accounts of your desk. Names of people are in your own login, never here."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from activities.staff import Account
from activities.surroundings import read_settings
from console.as_whom import As, AsRole, User, Worker, account, at_work, own_word
from console.case_commands import Json, say
from console.casework import Casework
from console.failures import Fault, Invalid, Refused, told
from console.layout import both, screen, table_of
from models.access import Action, Hours, Role
from models.contracts import Refusal

app = typer.Typer(help="Konton vid er desk | Accounts at your desk", no_args_is_help=True)
Whom = Annotated[str, typer.Argument(help="Kontot, som handl-07: aldrig ett namn. | The account.", metavar="USER")]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ROLE_WORDS: dict[Role, tuple[str, str]] = {
    Role.CASEWORKER: ("handläggare", "caseworker"),
    Role.OFFICER: ("handläggare vid annan myndighet", "officer"),
    Role.ON_CALL: ("jour", "on call"),
    Role.UNIT_MANAGER: ("enhetschef", "unit manager"),
    Role.MANAGER_ON_CALL: ("chef i beredskap", "manager on call"),
    Role.DECISION_MAKER: ("beslutsfattare", "decision-maker"),
    Role.COORDINATOR: ("samordnare", "coordinator"),
    Role.DATA_PROTECTION_OFFICER: ("dataskyddsombud", "data protection officer"),
    Role.SECURITY: ("säkerhetsansvarig", "security"),
    Role.ARCHIVIST: ("arkivarie", "archivist"),
    Role.OPERATOR: ("drift", "operator"),
    Role.SYSTEM: ("systemet", "the system"),
}


@app.command("list", short_help="Visa konton | List accounts")
@told
async def list_staff(org: As, user: User, role: AsRole = None, as_json: Json = False) -> None:
    """Visar er desks konton, roller och arbetstider. | Shows your desk's accounts, roles and hours."""
    worker = at_work(Casework(read_settings(), org).office(org), user, role)
    now = datetime.now(UTC)
    decision = worker.office.staff.decide(worker.by, Action.MANAGE_STAFF, None, now)
    if not decision.permitted:
        raise Refused(Refusal(code=decision.reason))
    accounts = worker.office.staff.accounts(now)
    if as_json:
        say([account_data(each) for each in accounts])
        return
    table = table_of(("Konto", "Account", 0), ("Roller", "Roles", 0), ("Tider", "Hours", 0), ("Läge", "State", 0))
    for each in accounts:
        roles = "\n".join(both(ROLE_WORDS[role]) for role in each.roles)
        table.add_row(each.user, roles, "\n".join(map(hours_text, each.hours)), both(state_of(each)))
    screen.print(table)


@app.command("add", short_help="Lägg upp ett konto | Add an account")
@told
async def add(
    whom: Whom,
    org: As,
    roles: Annotated[list[Role], typer.Option("--with-role", help="Kontots roll; kan upprepas. | Its role.")],
    user: Annotated[
        str | None, typer.Option("--user", help="Ert konto; inget för allra första. | Yours.", metavar="USER")
    ] = None,
    hours: Annotated[
        list[str] | None,
        typer.Option("--hours", help='Som "mon-fri 08:00-16:00"; kan upprepas. | Hours.', metavar="HOURS"),
    ] = None,
    role: AsRole = None,
    as_json: Json = False,
) -> None:
    """Lägger upp ett konto. Ert eget lösenord frågas efter, sedan det nyas. | Adds an account; asks for two words.

    Deskens allra första konto är en enhetschefs och läggs upp utan --user.
    """
    office = Casework(read_settings(), org).office(org)
    shifts = tuple(each for told in hours or () for each in read_hours(told))
    worker = at_work(office, user, role, step_up=True) if user else None
    refusal = office.staff.add(
        worker.by if worker else None,
        account(whom),
        roles,
        datetime.now(UTC),
        word=own_word(needed=False) or None,
        hours=shifts,
        stepped_up=worker.stepped_up if worker else False,
    )
    done(refusal, whom, "Kontot finns nu. | The account is there now.", as_json)


@app.command("deactivate", short_help="Avsluta ett konto | End an account")
@told
async def deactivate(whom: Whom, org: As, user: User, role: AsRole = None, as_json: Json = False) -> None:
    """Avslutar ett konto, och all dess behörighet, genast. | Ends an account and all its access, at once."""
    worker = stepping_up(org, user, role)
    refusal = worker.office.staff.deactivate(worker.by, account(whom), datetime.now(UTC), stepped_up=worker.stepped_up)
    done(refusal, whom, "Kontot är avslutat. | The account has ended.", as_json)


@app.command("set-word", short_help="Ge ett nytt lösenord | Give a new word")
@told
async def set_word(whom: Whom, org: As, user: User, role: AsRole = None, as_json: Json = False) -> None:
    """Byter ert eget lösenord, eller låter en enhetschef ge ett nytt och låsa upp. | Changes a word, and unlocks."""
    worker = stepping_up(org, user, role)
    named, now = account(whom), datetime.now(UTC)
    refusal = worker.office.staff.set_word(worker.by, named, own_word(), now, stepped_up=worker.stepped_up)
    done(refusal, whom, "Lösenordet är bytt. | The word has been changed.", as_json)


def stepping_up(org: str, user: str, role: Role | None) -> Worker:
    return at_work(Casework(read_settings(), org).office(org), user, role, step_up=True)


def done(refusal: Refusal | None, whom: str, sentence: str, as_json: bool) -> None:
    if refusal is not None:
        raise Refused(refusal)
    if as_json:
        say({"account": whom, "done": True})
    else:
        typer.echo(sentence)


def read_hours(told: str) -> list[Hours]:
    """`mon-fri 08:00-16:00` or `sat 17:00-07:00`, one entry a day; what ends before it begins ends the next day.

    Raises:
        Invalid: it is not written so.
    """
    found = re.fullmatch(r"([a-z]{3})(?:-([a-z]{3}))? ([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})", told.strip().lower())
    try:
        if found is None:
            raise ValueError
        first, last = DAYS.index(found[1]), DAYS.index(found[2] or found[1])
        begins, ends = time.fromisoformat(found[3]), time.fromisoformat(found[4])
        days = [(first + n) % len(DAYS) for n in range((last - first) % len(DAYS) + 1)]
        return [Hours(weekday=day, begins=begins, ends=ends) for day in days]
    except (ValueError, ValidationError):
        raise Invalid(Fault("--hours", 'skriv som "mon-fri 08:00-16:00"', 'write "mon-fri 08:00-16:00"')) from None


def hours_text(hours: Hours) -> str:
    return f"{DAYS[hours.weekday]} {hours.begins:%H:%M}-{hours.ends:%H:%M}"


def state_of(each: Account) -> tuple[str, str]:
    if not each.active:
        return "avslutat", "ended"
    if each.locked:
        return "låst", "locked"
    return ("övning", "training") if each.demo else ("gäller", "active")


def account_data(each: Account) -> dict[str, Any]:
    return each._asdict() | {"hours": [hours_text(part) for part in each.hours]}
