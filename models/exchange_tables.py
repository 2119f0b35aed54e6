"""Sealed packages on their way, and the organisations' published keys, in the plane's register."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field

from models.tables import RegisterTable, UtcInstant


class PackageRow(RegisterTable, table=True):
    """A package in the exchange. The row stays when the ciphertext is gone.

    Only id, sender and state are certain: a package that is taken back before it has come here leaves such a row, and
    is not let in any more.
    """

    __tablename__ = "packages"
    __table_args__ = (
        Index("ix_packages_recipient_state", "recipient", "state"),
        Index("ix_packages_state_expires_at", "state", "expires_at"),
    )
    id: str = Field(primary_key=True)
    state: str
    sender: str
    recipient: str | None = None
    case: str | None = Field(default=None, index=True)
    handoff: str | None = None
    categories: list[str] = Field(sa_type=JSON)
    grounds: list[str] = Field(sa_type=JSON)
    sealing_key: str | None = None
    digest: str | None = None
    sealed: bytes | None = Field(default=None, repr=False)
    """The ciphertext, until it is erased."""
    created_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    expires_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    left_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    leased_until: datetime | None = Field(default=None, sa_type=UtcInstant)
    stored_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    erased_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    revoked_for: str | None = None


class OrganisationKeyRow(RegisterTable, table=True):
    __tablename__ = "organisation_keys"
    __table_args__ = (UniqueConstraint("org", "use", "number"),)
    fingerprint: str = Field(primary_key=True)
    org: str
    use: str
    number: int
    public: str
    made_at: datetime = Field(sa_type=UtcInstant)
    voucher: str
    possession: str | None = None
    valid_from: datetime = Field(sa_type=UtcInstant)
    retired_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    revoked_for: str | None = None


class SignedActRow(RegisterTable, table=True):
    """An act as its organisation signed it, kept as long as the event that came of it: who did it can be proven."""

    __tablename__ = "signed_acts"
    key: str = Field(primary_key=True)
    """The request key."""
    case: str = Field(primary_key=True, index=True)
    org: str
    fingerprint: str
    digest: str
    jws: str
    at: datetime = Field(sa_type=UtcInstant)
