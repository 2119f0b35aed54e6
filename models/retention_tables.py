"""Files that are to be disposed of, what holds them back, and the certificates of those that are gone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from models.tables import DeskTable, UtcInstant


class RetentionFileRow(DeskTable, table=True):
    """What somebody at the desk has said of a case's file: coded facts, no personal data. Goes with the file."""

    __tablename__ = "retention_files"
    case: str = Field(primary_key=True)
    kinds: list[str] = Field(sa_type=JSON)
    closed_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    noted_at: datetime = Field(sa_type=UtcInstant)
    noted_by: str


class RetentionHoldRow(DeskTable, table=True):
    __tablename__ = "retention_holds"
    id: str = Field(primary_key=True)
    case: str = Field(index=True)
    reason: str
    by: str
    since: datetime = Field(sa_type=UtcInstant)
    until: datetime | None = Field(default=None, sa_type=UtcInstant)
    released_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    released_by: str | None = None


class DisposalListRow(DeskTable, table=True):
    """A list of files for the archive role. Never changed once drawn: what changes makes another list."""

    __tablename__ = "disposal_lists"
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    """`waiting`, `approved`, `refused`, `replaced` or `carried-out`."""
    slot: int | None = Field(default=None, unique=True)
    """1 while it waits or is being carried out, otherwise null: the database lets no desk have two."""
    files: int
    digest: str
    nonce: str | None = None
    """Part of what the digest covers, and erased with the list: nobody can test later whether a case was on it."""
    drawn_at: datetime = Field(sa_type=UtcInstant)
    decided_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    decided_by: str | None = None
    decided_as: str | None = None
    reason: str | None = None


class DisposalEntryRow(DeskTable, table=True):
    """One file on a list, only for as long as the list is open."""

    __tablename__ = "disposal_entries"
    list_id: str = Field(primary_key=True)
    case: str = Field(primary_key=True)
    kinds: list[str] = Field(sa_type=JSON)
    rule: str
    first_day: date
    last_day: date | None = None
    state: str = "listed"
    """`listed`, `destroying` (there is no way back), `gone`, or `spared`."""
    why: str | None = None
    """Why it was spared: a code."""


class DisposalCertificateRow(DeskTable, table=True):
    """That files were destroyed: how many, by which rules, when, and in which role it was approved. No references."""

    __tablename__ = "disposal_certificates"
    id: str = Field(primary_key=True)
    list_id: str = Field(unique=True)
    content: dict[str, Any] = Field(sa_type=JSON)
    digest: str
    issued_at: datetime = Field(sa_type=UtcInstant)
