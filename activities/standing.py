"""Queries for how an account stands to a case: the need-to-know list, and glass that has been broken."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from models.access import UserId
from models.access_tables import BreakGlassRow, CaseAccessRow
from models.desk_tables import InboxRow, ItemRow, OpeningRow
from models.words import CaseRef


def has_case(session: Session, case: CaseRef) -> bool:
    """Whether this desk has anything of the case: kept, opened, asked, or somebody named on it."""
    tables = (ItemRow, OpeningRow, InboxRow, CaseAccessRow)
    return any(session.exec(select(table.case).where(table.case == case).limit(1)).first() for table in tables)


def live_access(
    case: CaseRef | None = None, user: UserId | None = None, now: datetime | None = None
) -> SelectOfScalar[CaseAccessRow]:
    """The entries that stand, narrowed as told. Before an entry's beginning (a clock set back) it does not stand."""
    query = select(CaseAccessRow).where(col(CaseAccessRow.ended_at).is_(None))
    query = query.where(CaseAccessRow.case == case) if case is not None else query
    query = query.where(CaseAccessRow.user == user) if user is not None else query
    if now is not None:
        until = col(CaseAccessRow.until)
        query = query.where(CaseAccessRow.since <= now, or_(until.is_(None), until > now))
    return query.order_by(col(CaseAccessRow.since))


def live_glass(case: CaseRef, user: UserId, now: datetime) -> SelectOfScalar[BreakGlassRow]:
    """Broken glass that stands: three hours from when it was broken, by a clock that has not been set back."""
    mine = (BreakGlassRow.case == case, BreakGlassRow.user == user)
    return select(BreakGlassRow).where(*mine, BreakGlassRow.at <= now, BreakGlassRow.until > now)
