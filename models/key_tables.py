"""Tables of one desk's key store: a database of its own, so that no copy of a desk brings its keys along."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from models.tables import KeyTable, UtcInstant


class KeyStoreRow(KeyTable, table=True):
    """This key store's own name, random, known to the desk that it opens."""

    __tablename__ = "key_store"
    id: int = Field(primary_key=True)
    name: str


class OuterKeyRow(KeyTable, table=True):
    """An outer key that has been used here, so that another key under the same version is noticed."""

    __tablename__ = "outer_keys"
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    fingerprint: str
    used_since: datetime = Field(sa_type=UtcInstant)
    destroyed_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class DataKeyRow(KeyTable, table=True):
    """A data key, wrapped. Without `blob` it has been destroyed, and the row says that none may take its place."""

    __tablename__ = "data_keys"
    case: str = Field(primary_key=True)
    compartment: str = Field(primary_key=True)
    key_version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    outer_version: int | None = Field(default=None, index=True)
    blob: bytes | None = None
    created_at: datetime = Field(sa_type=UtcInstant)
    destroyed_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class SecretRow(KeyTable, table=True):
    """Another secret of the desk's, wrapped the same way: the key of its index, and what else it must not lose."""

    __tablename__ = "secrets"
    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    outer_version: int = Field(index=True)
    blob: bytes
    created_at: datetime = Field(sa_type=UtcInstant)


METADATA = KeyTable.metadata
