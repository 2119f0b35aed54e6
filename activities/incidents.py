"""The desk's own list of incidents: what was raised here, who has been told, and what nobody has dealt with yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from activities.audit import AuditLog
from activities.disclosures import entry
from activities.stores import reading, writing
from models.access import Purpose, Reader
from models.contracts import Refusal
from models.incident_tables import IncidentRow
from models.words import CaseRef, ItemId
from rules.reminders import EVERY, is_due


class Incidents:
    """One desk's incidents. An incident is kept, and audited, before anybody is told of it."""

    def __init__(self, engine: Engine, audit: AuditLog) -> None:
        self._engine, self._audit = engine, audit

    def begin(self, session: Session, row: IncidentRow) -> None:
        """Keeps an incident in the caller's transaction; the same one again stays as it was."""
        if session.get(IncidentRow, row.id) is None:
            session.add(row)

    def told(self, incident: ItemId, now: datetime) -> None:
        self._set(incident, col(IncidentRow.told_at).is_(None), told_at=now)

    def carried(self, incident: ItemId) -> None:
        """The case has it, with clocks of its own."""
        self._set(incident, in_case=True)

    def reminded(self, incident: ItemId, now: datetime) -> None:
        self._set(incident, reminded_at=now)

    def owed(self) -> list[IncidentRow]:
        """Those that nobody has been told of yet."""
        return self._rows(col(IncidentRow.told_at).is_(None))

    def open(self) -> list[IncidentRow]:
        """Those that no case carries and nobody has dealt with, the oldest first."""
        return self._rows(col(IncidentRow.in_case).is_(False), col(IncidentRow.handled_at).is_(None))

    def to_remind_of(self, now: datetime) -> list[IncidentRow]:
        return [row for row in self.open() if is_due(row.at + EVERY, row.reminded_at, now)]

    def handled(self, by: Reader, incident: ItemId, now: datetime) -> Refusal | None:
        """Says that an incident has been dealt with. Refuses `nothing-to-handle`."""
        with self._audit.writing() as session:
            row = session.get(IncidentRow, incident, with_for_update=True)
            if row is None or row.in_case or row.handled_at is not None:
                return Refusal(code="nothing-to-handle")
            row.handled_at, row.handled_by = now, by.user
            session.add(row)
            self._audit.append(
                session, entry(by, "incident-handled", CaseRef(row.case), row.id, purpose=Purpose.INCIDENT)
            )
        return None

    def _rows(self, *those: Any) -> list[IncidentRow]:
        with reading(self._engine) as session:
            rows = list(session.exec(select(IncidentRow).where(*those).order_by(col(IncidentRow.at))))
            session.expunge_all()
            return rows

    def _set(self, incident: ItemId, *also: Any, **values: Any) -> None:
        with writing(self._engine) as session:
            session.exec(update(IncidentRow).where(col(IncidentRow.id) == incident, *also).values(**values))
