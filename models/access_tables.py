"""Who works at a desk, who may see which case there, and what two persons decide together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint
from sqlmodel import Field

from models.tables import DeskTable, UtcInstant


class StaffRow(DeskTable, table=True):
    """An account. Names are in the agency's own login only."""

    __tablename__ = "staff"
    user: str = Field(primary_key=True)
    roles: list[str] = Field(sa_type=JSON)
    active: bool = True
    demo: bool = False
    """Made for training. Counts for nothing in production."""
    hours: list[dict[str, Any]] = Field(sa_type=JSON)
    """The roster (`models.access.Hours`): what the log review measures against; empty when none has been given."""
    word: str | None = None
    """Argon2id of the word that is given again before the most sensitive acts; None: there is none, so no such act."""
    word_by: str | None = None
    """The account that chose this word, and so knows it; None: its owner, who had to give the one before."""
    attempts: int = 0
    """Wrong words in a row, each counted before it was tried."""
    locked_until: datetime | None = Field(default=None, sa_type=UtcInstant)
    added_at: datetime = Field(sa_type=UtcInstant)
    ended_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class CaseAccessRow(DeskTable, table=True):
    """One entry of a case's need-to-know list. Kept when it has ended: who could see what, when, is asked later."""

    __tablename__ = "case_access"
    id: str = Field(primary_key=True)
    case: str = Field(index=True)
    user: str = Field(index=True)
    relation: str
    """`named`, or `on-call`: acute protection only."""
    by: str
    reason: str
    since: datetime = Field(sa_type=UtcInstant)
    until: datetime | None = Field(default=None, sa_type=UtcInstant)
    """Ends by itself then."""
    ended_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    ended_by: str | None = None


class ApprovalRow(DeskTable, table=True):
    """What somebody wants to do and somebody else is to approve; or did alone at night, and somebody is to review."""

    __tablename__ = "approvals"
    __table_args__ = (
        CheckConstraint("approved_by is null or approved_by <> requested_by", name="two_persons"),
        CheckConstraint("reviewed_by is null or reviewed_by <> requested_by", name="another_reviews"),
    )
    id: str = Field(primary_key=True)
    action: str
    case: str = Field(index=True)
    subject: str
    """What exactly: the id of a package, an address item, or the case itself. Approving one approves no other."""
    requested_by: str
    requested_at: datetime = Field(sa_type=UtcInstant)
    expires_at: datetime = Field(sa_type=UtcInstant)
    approved_by: str | None = None
    approved_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    used_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    """An approval is good for once."""
    used_for: str | None = None
    """The request key of the act: the same act again, after an answer that was lost, needs no new approval."""
    review_by: datetime | None = Field(default=None, sa_type=UtcInstant)
    """It was done by one, and is to be looked at by then."""
    reminded_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    reviewed_by: str | None = None
    reviewed_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class BreakGlassRow(DeskTable, table=True):
    """Somebody who was on no list has looked all the same, and said why."""

    __tablename__ = "break_glass"
    id: str = Field(primary_key=True)
    case: str = Field(index=True)
    user: str = Field(index=True)
    role: str
    reason: str
    at: datetime = Field(sa_type=UtcInstant)
    until: datetime = Field(sa_type=UtcInstant)
    told_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    """When the alerts were handed on; until then they are owed."""
    review_by: datetime = Field(sa_type=UtcInstant)
    reminded_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    """When somebody was last told that nobody has looked at it in time."""
    reviewed_by: str | None = None
    reviewed_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class CaseLinkRow(DeskTable, table=True):
    """One direction of a tie between two cases. Whom it leads to is sealed with the case's own keys."""

    __tablename__ = "case_links"
    id: str = Field(primary_key=True)
    """Random: it tells nobody which other case."""
    case: str = Field(index=True)
    key_version: int
    content: bytes
