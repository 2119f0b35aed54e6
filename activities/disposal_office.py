"""The disposal of a desk as people work at it: its files, its keys, its staff, and how its cases stand in the plane."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from activities.disposal import Disposal
from activities.offices import Office
from activities.retention_files import ClosureOf, FactsOf, Files, Gate
from activities.retention_rules import load_retention
from models.access import Action, Given, Reader
from models.contracts import Refusal
from models.retention import FileFacts, WaitingList
from models.words import CaseRef, Code
from rules import access

DECIDES = ("approve-disposal", "refuse-disposal")


def disposal_at(
    office: Office,
    closure_of: ClosureOf,
    *,
    stepped_up: bool = False,
    tell: Callable[[WaitingList], None] = lambda _: None,
) -> Disposal:
    """An office's disposal. `stepped_up`: whoever works there has given their own word again, just now.

    Raises:
        BadPack: the retention rules can't be used.
    """
    files = Files(
        office.org,
        office.entry.function,
        office.engine,
        office.trail,
        load_retention(),
        closure_of,
        facts_in(office),
        gate_of(office, stepped_up),
    )
    return Disposal(files, office.keys, tell=tell, untie=office.links.forget)


def facts_in(office: Office) -> FactsOf:
    """What the vault says of a file: when the person was born. It is used here, and passed on to nobody."""

    def facts(case: CaseRef) -> FileFacts:
        return FileFacts(born=office.person_facts(case).born)

    return facts


def gate_of(office: Office, stepped_up: bool) -> Gate:
    """What the desk's table of access says: the archive role decides after a step-up; the rest takes the role."""

    def gate(session: Session, reader: Reader, act: Code, now: datetime) -> Refusal | None:
        if act in DECIDES:
            decision = office.staff.decided(session, reader, Action.APPROVE_DISPOSAL, None, now)
            return access.unmet(decision, Given(stepped_up=stepped_up))
        return None if office.staff.has_role(session, reader) else Refusal(code="role-not-yours")

    return gate
