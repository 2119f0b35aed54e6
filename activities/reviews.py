"""What somebody else is to look at and has not, in time: told once a day until they have."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from sqlalchemy import Engine, update
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from activities.stores import reading, writing
from models.access_tables import ApprovalRow, BreakGlassRow
from models.words import CaseRef, ItemId
from rules.reminders import is_due

Row = TypeVar("Row", BreakGlassRow, ApprovalRow)


def overdue(engine: Engine, now: datetime) -> list[tuple[ItemId, CaseRef]]:
    """Broken glass, and what one person did alone, that is to be reminded of now, with their cases."""
    found: list[tuple[ItemId, CaseRef]] = []
    with reading(engine) as session:
        rows = [*session.exec(unreviewed(BreakGlassRow)), *session.exec(unreviewed(ApprovalRow))]
        for row in rows:
            if row.review_by is not None and is_due(row.review_by, row.reminded_at, now):
                found.append((row.id, CaseRef(row.case)))
    return found


def unreviewed(table: type[Row]) -> SelectOfScalar[Row]:
    return select(table).where(col(table.reviewed_by).is_(None))


def reminded(engine: Engine, what: ItemId, now: datetime) -> None:
    with writing(engine) as session:
        session.exec(update(BreakGlassRow).where(col(BreakGlassRow.id) == what).values(reminded_at=now))
        session.exec(update(ApprovalRow).where(col(ApprovalRow.id) == what).values(reminded_at=now))
