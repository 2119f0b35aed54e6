"""Incidents as a desk keeps them itself: codes and instants, so that no clock depends on a case that is over."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from models.tables import DeskTable, UtcInstant


class IncidentRow(DeskTable, table=True):
    """Somebody asks for a person, or data has leaked. What is known of it in words is a note in the vault."""

    __tablename__ = "incidents"
    id: str = Field(primary_key=True)
    """The request key: the same one again is the same incident."""
    case: str = Field(index=True)
    what: str
    by: str
    at: datetime = Field(sa_type=UtcInstant)
    discovered_at: datetime = Field(sa_type=UtcInstant)
    due_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    """A leak: by when the data protection authority is told (GDPR 33)."""
    told_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    """When the alarms were handed on; until then they are owed."""
    in_case: bool = False
    """The case carries it, with clocks of its own; otherwise the desk reminds."""
    reminded_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    handled_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    handled_by: str | None = None
