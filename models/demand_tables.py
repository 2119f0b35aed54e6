"""Demands by authorities, as the desk that was asked keeps them."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from models.tables import DeskTable, UtcInstant


class DemandRow(DeskTable, table=True):
    """One demand, from when it was recorded to when it was answered or refused. In the clear: that there is one."""

    __tablename__ = "demands"
    id: str = Field(primary_key=True)
    case: str = Field(index=True)
    handoff: str | None = None
    """The handoff that its clock runs on, once the plane has been told that there is one."""
    state: str = Field(index=True)
    """`open`, `answered` or `refused`."""
    recorded_at: datetime = Field(sa_type=UtcInstant)
    settled_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    clock_stopped: bool = False
    user: str
    key_version: int
    content: bytes
    """Sealed: who demanded what by which law and when, what it was refused for, and the reasons in words."""
