"""Tables of the register, the plane's database. References, organisations, codes and instants; no direct
identifiers and no free text. Written only through `activities.register`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field

from models import audit_tables, exchange_tables  # noqa: F401  the register's other tables
from models.tables import RegisterTable, UtcInstant


class OrganisationRow(RegisterTable, table=True):
    __tablename__ = "organisations"
    id: str = Field(primary_key=True)
    name: str
    function: str = Field(index=True)
    active: bool
    desk: bool
    municipality: str | None = None
    region: str | None = None
    phone: str | None = None
    mail_domain: str
    permit: bool
    accepts: list[str] = Field(sa_type=JSON)
    signing_key: str | None = None
    sealing_key: str | None = None


class RulePackRow(RegisterTable, table=True):
    __tablename__ = "rule_packs"
    digest: str = Field(primary_key=True)
    name: str
    effective_from: date
    engine: int
    content: dict[str, Any] = Field(sa_type=JSON)


class CaseRow(RegisterTable, table=True):
    """The case index and the latest snapshot."""

    __tablename__ = "cases"
    ref: str = Field(primary_key=True)
    revision: int
    phase: str = Field(index=True)
    urgency: str
    opener: str = Field(index=True)
    social_services: str | None = Field(default=None, index=True)
    police: str | None = Field(default=None, index=True)
    """Like the social services, those that act in the case: they may see more of it than their own handoffs."""
    track_b: str
    opened_at: datetime = Field(sa_type=UtcInstant)
    closed_as: str | None = None
    clock_offset_seconds: float
    """Training: the case's now is the wall clock plus this."""
    pack_digest: str
    state_digest: str
    snapshot: dict[str, Any] = Field(sa_type=JSON)


class CaseEventRow(RegisterTable, table=True):
    """The append-only event log: replaying it through the core gives every state digest again."""

    __tablename__ = "case_events"
    case: str = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcInstant)
    kind: str
    actor: str | None = None
    phase: str
    event: dict[str, Any] = Field(sa_type=JSON)
    pack_digest: str
    state_digest: str


class HandoffRow(RegisterTable, table=True):
    __tablename__ = "handoffs"
    case: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    urgency: str
    requester: str = Field(index=True)
    recipient: str = Field(index=True)
    status: str = Field(index=True)
    business_status: str | None = None
    parent: str | None = None
    rerouted_from: str | None = None
    disclaimed_to: str | None = None
    paragraph: str | None = None
    anchor: datetime | None = Field(default=None, sa_type=UtcInstant)
    requested_at: datetime = Field(sa_type=UtcInstant)
    accepted_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    held_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    ended_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    ended_from: str | None = None


class DeadlineRow(RegisterTable, table=True):
    """A deadline as it last stood, whole: it can be explained also when its handoff has left the case's state.

    `clock`, `origin`, `started` and `budget_seconds` are None in rows older than the schema's revision 0002.
    """

    __tablename__ = "deadlines"
    case: str = Field(primary_key=True)
    handoff: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    clock: str | None = None
    origin: datetime | None = Field(default=None, sa_type=UtcInstant)
    started: datetime | None = Field(default=None, sa_type=UtcInstant)
    due: datetime = Field(sa_type=UtcInstant, index=True)
    budget_seconds: float | None = None
    stands: bool = False
    consumed_seconds: float = 0.0
    next_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    falls_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    rung: int
    recurrences: int
    climbed: dict[str, int] = Field(sa_type=JSON)
    late_at_birth: bool
    extensions: int = 0
    alarm_acknowledged: int = 0
    moves: list[dict[str, Any]] = Field(sa_type=JSON)
    ended_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class FiringRow(RegisterTable, table=True):
    """One rung that fired, once: the key is its identity."""

    __tablename__ = "firings"
    case: str = Field(primary_key=True)
    handoff: str = Field(primary_key=True)
    round: int = Field(default=0, primary_key=True)
    deadline: str = Field(primary_key=True)
    ladder: str = Field(primary_key=True)
    rung: int = Field(primary_key=True)
    recurrence: int = Field(primary_key=True)
    revision: int
    due: datetime = Field(sa_type=UtcInstant)
    at: datetime = Field(sa_type=UtcInstant)
    receivers: list[str] = Field(sa_type=JSON)


class OutboxRow(RegisterTable, table=True):
    """A notice to be sent at least once; its id makes a second sending recognisable."""

    __tablename__ = "outbox"
    id: str = Field(primary_key=True)
    case: str = Field(index=True)
    revision: int
    org: str
    role: str
    about: str
    handoff: str | None = None
    due: datetime | None = Field(default=None, sa_type=UtcInstant)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcInstant, index=True)


class EventRow(RegisterTable, table=True):
    """A handoff's status change as other systems are told of it: one CloudEvent, in JSON, as it will be delivered."""

    __tablename__ = "events"
    position: int | None = Field(default=None, primary_key=True)
    """The order of recording, which within a case is the order of its revisions."""
    id: str = Field(unique=True)
    """The CloudEvent's id, made of case, revision and handoff: a status change is recorded once."""
    case: str = Field(index=True)
    revision: int
    handoff: str
    content: str


class EventDeliveryRow(RegisterTable, table=True):
    """One event to one party of its handoff; there is no row for anybody else."""

    __tablename__ = "event_deliveries"
    __table_args__ = (Index("ix_event_deliveries_delivered_at_org", "delivered_at", "org"),)
    event: str = Field(primary_key=True, foreign_key="events.id")
    org: str = Field(primary_key=True)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class RequestKeyRow(RegisterTable, table=True):
    """Kept for ever: the case's own state forgets a key after a while, the register does not."""

    __tablename__ = "request_keys"
    key: str = Field(primary_key=True)
    case: str
    receipt: dict[str, Any] = Field(sa_type=JSON)


METADATA = RegisterTable.metadata
