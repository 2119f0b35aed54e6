"""What makes a desk's store a vault: its rows belong to one key store, and nothing in them is unsealed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from activities import identities
from activities.case_keys import CaseKeys
from activities.stores import reading, writing
from models.desk import Category, compartment_of
from models.desk_tables import ItemRow
from models.keys import Cell, KeyMissing
from models.vault_tables import VaultRow
from models.words import CaseRef

UNSEALED = 0
"""The key version of a row from before anything was sealed."""


def cell_of(row: ItemRow) -> Cell:
    """The place of an item's content. Its category is bound too: it says who may see it."""
    category = Category(row.category)
    return Cell("items", f"content/{category}", row.id, CaseRef(row.case), compartment_of(category))


def seal_what_was_open(engine: Engine, keys: CaseKeys) -> int:
    """Binds a desk to its key store, and seals what an earlier version kept unsealed, all or nothing. Once.

    Returns how many rows were sealed.

    Raises:
        KeyMissing: the key store is another than the one that this desk has been opened with.
    """
    name = keys.name
    with reading(engine) as session:
        vault = session.get(VaultRow, 1)
    sealed = 0
    if vault is None:
        with writing(engine) as session:
            if session.get_bind().dialect.name == "postgresql":
                session.connection().execute(text("lock table vault in share row exclusive mode"))
            vault = session.get(VaultRow, 1)
            if vault is None:
                vault = VaultRow(id=1, key_store=name, sealed_at=datetime.now(UTC))
                session.add(vault)
                sealed = seal_rows(session, keys)
            bound_to = vault.key_store
    else:
        bound_to = vault.key_store
    if bound_to != name:
        raise another_store(keys.org)
    if sealed:
        leave_no_trace(engine)
    return sealed


def seal_rows(session: Session, keys: CaseKeys) -> int:
    unsealed = select(ItemRow).where(ItemRow.key_version == UNSEALED).order_by(col(ItemRow.stored_at))
    rows = session.exec(unsealed).all()
    for row in rows:
        plain = row.content
        row.key_version, row.content = keys.seal(cell_of(row), plain)
        session.add(row)
        if row.category == Category.IDENTITY:
            identities.index(session, keys, CaseRef(row.case), json.loads(plain))
    return len(rows)


def leave_no_trace(engine: Engine) -> None:
    """Writes the database anew: the old content is in its free pages (SQLite) or dead rows (PostgreSQL) until then."""
    if engine.dialect.name == "postgresql":
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as alone:
            alone.execute(text("vacuum full items"))
        return
    connection = engine.raw_connection()
    try:
        for command in ("vacuum", "pragma wal_checkpoint(truncate)"):
            connection.cursor().execute(command)
    finally:
        connection.close()


def another_store(org: str) -> KeyMissing:
    return KeyMissing(
        f"Nyckellagret är inte det som hör till desken {org}. Lägg tillbaka det rätta ur nyckelkopian "
        "(docs/keys.md). Inget har ändrats.",
        f"The key store is not the one that belongs to the desk {org}. Put the right one back from the copy of the "
        "keys (docs/keys.md). Nothing was changed.",
    )
