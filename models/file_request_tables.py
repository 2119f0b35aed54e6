"""Requests to see one's file, as the desk that holds it keeps them: codes, instants and ids."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from models.tables import DeskTable, UtcInstant


class FileRequestRow(DeskTable, table=True):
    """One request, from when it came to when it was decided. Who asked, by name, is sealed under `asker_item`."""

    __tablename__ = "file_requests"
    id: str = Field(primary_key=True)
    case: str | None = Field(default=None, index=True)
    regime: str
    asker: str
    behalf: str | None = None
    proven: bool = False
    asker_item: str | None = None
    received_at: datetime = Field(sa_type=UtcInstant)
    acknowledge_by: datetime = Field(sa_type=UtcInstant)
    answer_by: datetime = Field(sa_type=UtcInstant, index=True)
    limit_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    extension_ground: str | None = None
    extended_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    tests: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    """Harm tests by item: `none` or `harm`."""
    decided_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    outcome: str | None = None
    gate: str | None = None
    shown: list[str] = Field(default_factory=list, sa_type=JSON)
    """Ids of what was decided to be shown: nothing that came later goes out with it."""
    withheld: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    """Category and paragraph, as codes."""


class FileCopyRow(DeskTable, table=True):
    """A document that was made for a request: its copy number stands in the print's watermark."""

    __tablename__ = "file_request_copies"
    request: str = Field(primary_key=True)
    copy_number: int = Field(primary_key=True)
    digest: str
    made_at: datetime = Field(sa_type=UtcInstant)
