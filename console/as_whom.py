"""Who works at a desk from the command line: an account in one of its roles, and the word given again."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from getpass import getpass
from typing import Annotated, NamedTuple

import typer

from activities.offices import Office
from console.failures import Fault, Invalid, Refused
from models.access import Given, Purpose, Reader, Role
from models.contracts import Refusal
from models.settings import Settings

User = Annotated[str, typer.Option("--user", help="Ert konto, som handl-01. | Your account.", metavar="USER")]
As = Annotated[str, typer.Option("--as", help="Er organisation, som soc-0180. | Your organisation.", metavar="ORG")]
AsRole = Annotated[
    Role | None, typer.Option("--role", help="Roll, om kontot har flera. | The role, of several.", metavar="ROLE")
]
For = Annotated[Purpose | None, typer.Option("--purpose", help="Varför, en kod ur listan. | Why.", metavar="CODE")]
StepUp = Annotated[
    bool,
    typer.Option("--step-up", help="Ge ert eget lösenord igen; det frågas efter. | Give your own word again."),
]


class Worker(NamedTuple):
    """Somebody at work at a desk."""

    office: Office
    by: Reader
    stepped_up: bool

    def given(self, purpose: Purpose | None = None, *, approved: bool = False) -> Given:
        return Given(purpose=purpose, stepped_up=self.stepped_up, approved=approved)


def at_work(office: Office, user: str, role: Role | None = None, *, step_up: bool = False) -> Worker:
    """The account, and whether its own word was given right just now.

    Raises:
        Refused: there is no such account, it has not that role, or the word is wrong.
    """
    reader = office.staff.reader(account(user), role)
    if not isinstance(reader, Reader):
        raise Refused(reader)
    if step_up and (refusal := office.staff.step_up(reader.user, own_word(), datetime.now(UTC))):
        raise Refused(refusal)
    return Worker(office, reader, step_up)


def account_of(settings: Settings, user: str | None) -> str:
    """The account that was named, or the one that works here.

    Raises:
        Refused: none was, and none does.
    """
    account = user or settings.account
    if account is None:
        raise Refused(Refusal(code="unknown-account"))
    return account


def account(user: str) -> str:
    ok = user.isascii() and 2 <= len(user) <= 40 and user[0].islower() and set(user) <= ALLOWED
    if not ok:
        raise Invalid(Fault("--user", "är inget konto, som handl-01", "is no account, like handl-01"))
    return user


ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


def own_word(*, needed: bool = True) -> str:
    """Asked for on the terminal, never shown; from a pipe, its first line.

    Raises:
        Invalid: none was given. That is no wrong one, and is not logged as a guess.
    """
    ask = "Ert eget lösenord | Your own word: "
    given = getpass(ask) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if needed and not given.strip():
        raise Invalid(Fault("STDIN", "inget lösenord angavs", "no word was given"))
    return given
