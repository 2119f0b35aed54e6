"""Tables of one desk. Personal data, notes, assessments and addresses live here and nowhere else."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from models import (  # noqa: F401  the other tables of a desk, each beside what it is for
    access_tables,
    audit_tables,
    demand_tables,
    disclosure_tables,
    file_request_tables,
    incident_tables,
    retention_tables,
    vault_tables,
)
from models.tables import DeskTable, UtcInstant


class ItemRow(DeskTable, table=True):
    """One thing kept: `category` says what kind, `content` is its JSON.

    `key_version` names the key that `content` is sealed with; 0 means not sealed.
    """

    __tablename__ = "items"
    id: str = Field(primary_key=True)
    case: str = Field(index=True)
    category: str = Field(index=True)
    author: str
    stored_at: datetime = Field(sa_type=UtcInstant)
    content: bytes
    key_version: int = 0


class OpeningRow(DeskTable, table=True):
    """A case opened at this desk, kept until the workflow is known to run, so that no opening is lost."""

    __tablename__ = "openings"
    key: str = Field(primary_key=True)
    case: str = Field(unique=True)
    input: dict[str, Any] = Field(sa_type=JSON)
    stored_at: datetime = Field(sa_type=UtcInstant)
    started: bool = Field(default=False, index=True)


class InboxRow(DeskTable, table=True):
    """A handoff that this desk has been asked to answer (Att göra)."""

    __tablename__ = "inbox"
    case: str = Field(primary_key=True)
    handoff: str = Field(primary_key=True)
    kind: str | None = None
    requester: str | None = None
    requested_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    answer_by: datetime | None = Field(default=None, sa_type=UtcInstant)
    arrived_at: datetime = Field(sa_type=UtcInstant)
    taken_back_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    round: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How many times the handoff had been opened anew when this was last told of it."""


class TaskRow(DeskTable, table=True):
    """A task of the plane's that this desk has done, with its reply: doing it again gives the same."""

    __tablename__ = "tasks"
    id: str = Field(primary_key=True)
    work: str
    done_at: datetime = Field(sa_type=UtcInstant)
    reply: dict[str, Any] = Field(sa_type=JSON)


class QuestionRow(DeskTable, table=True):
    """Anonymous questions, counted by day and otherwise forgotten."""

    __tablename__ = "questions"
    day: date = Field(primary_key=True)
    count: int


METADATA = DeskTable.metadata
