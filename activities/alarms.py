"""Alarms that no case can carry: to an organisation's own managers, out of the plane's outbox."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from activities.audit import AuditLog
from models.access import the_system
from models.audit import AuditEntry
from models.plane import Alarm
from models.register import OutboxRow
from models.words import OrgId
from rules.reminders import TOLD

NO_REVISION = 0
"""An alarm of this kind belongs to no revision of its case."""


def tell(audit: AuditLog, org: OrgId, alarm: Alarm, now: datetime) -> bool:
    """Puts one content-free notice for each manager into the outbox, once for each alarm, audited in the same
    transaction. Returns whether it was new.

    The ids are those that the case itself would have given (`Turn.notify`): told in both ways, it is told once.

    Raises:
        CannotAudit: nobody is told; the desk owes it still, and asks again.
    """
    with audit.writing() as session:
        new = [row for row in notices(org, alarm) if session.get(OutboxRow, row.id) is None]
        session.add_all(new)
        if new:
            note(audit, session, org, alarm, now)
    return bool(new)


def notices(org: OrgId, alarm: Alarm) -> list[OutboxRow]:
    about, subject = alarm.about, alarm.subject
    return [
        OutboxRow(
            id=f"{alarm.case}/{about}/{subject}/{org}/{role}",
            case=alarm.case,
            revision=NO_REVISION,
            org=org,
            role=role,
            about=about,
        )
        for role in TOLD[about]
    ]


def note(audit: AuditLog, session: Session, org: OrgId, alarm: Alarm, now: datetime) -> None:
    said = AuditEntry(at=now, **dict(the_system(org)), action=f"alarm-{alarm.about}", case=alarm.case)
    audit.append(session, said.model_copy(update={"subject": alarm.subject}))
