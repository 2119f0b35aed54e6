"""A desk with the people who work there, for tests: real database, real audit chain, the demo accounts."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import Engine

from activities.audit import AuditLog
from activities.mark_rules import load_marks
from activities.staff import Desk, Staff
from activities.stores import writing
from models.access import Reader
from models.contracts import Refusal
from models.desk_tables import InboxRow
from models.words import CaseRef, Function, case_reference
from tests.rules_support import PACK, at

ORG = "soc-0381"
NOW = at("2027-01-11 10:00")
"""A Monday, in office hours."""
NIGHT = at("2027-01-05 22:40")
"""A Tuesday night; Wednesday is a holiday."""


def a_desk(engine: Engine, *, training: bool = True, function: Function = Function.SOCIAL_SERVICES) -> Desk:
    return Desk(ORG, function, engine, PACK.calendar, load_marks(), AuditLog(engine, ORG).append, training)


def the_staff(engine: Engine) -> Staff:
    """A desk with one demo account per role."""
    staff = Staff(a_desk(engine))
    staff.make_demo_accounts(NOW)
    return staff


def someone(staff: Staff, user: str) -> Reader:
    reader = staff.reader(user)
    assert isinstance(reader, Reader)
    return reader


def a_case(engine: Engine, at: datetime = NOW) -> CaseRef:
    """A case that the desk has been asked about, and on whose list nobody is yet."""
    case = case_reference(secrets.randbits(35))
    with writing(engine) as session:
        session.add(InboxRow(case=case, handoff="H1", kind="first-contact", arrived_at=at))
    return case


def code(answer: object) -> str | None:
    return answer.code if isinstance(answer, Refusal) else None


def audited(engine: Engine) -> list[tuple[str, str, str]]:
    """What the chain says: who did what, and how it went."""
    return [(link.entry.user, link.entry.action, link.entry.outcome) for link in AuditLog(engine, ORG).links()]
