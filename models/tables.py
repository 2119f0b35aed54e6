"""What all tables share: three bases kept apart, and instants that stay in UTC also where there are no time zones."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel


class UtcInstant(TypeDecorator[datetime]):
    """A point in time, written and read as UTC. A time without zone is refused, not guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class RegisterTable(SQLModel, registry=registry()):
    """A table of the plane's register."""


class DeskTable(SQLModel, registry=registry()):
    """A table of one desk's store."""


class KeyTable(SQLModel, registry=registry()):
    """A table of one desk's key store."""
