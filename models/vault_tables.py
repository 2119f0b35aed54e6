"""What a desk's vault has besides its items: the keyed index by which a person is found."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from models.tables import DeskTable, UtcInstant


class IdentityRow(DeskTable, table=True):
    """That a case is about somebody. `index` is an HMAC under the desk's own key: no number can be read out of it."""

    __tablename__ = "identities"
    index: str = Field(primary_key=True)
    case: str = Field(primary_key=True, index=True)
    version: int
    """Of the index key."""


class VaultRow(DeskTable, table=True):
    """Which key store opens this desk, so that another one is refused instead of filled with new keys."""

    __tablename__ = "vault"
    id: int = Field(primary_key=True)
    key_store: str
    sealed_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    """When what had been kept unsealed was sealed. From then on nothing unsealed is believed."""
