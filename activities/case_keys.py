"""The keys of one desk's cases: a data key for each case and compartment, wrapped by the outer key, in their own store.

Sealing and opening ask the store every time, so that a key that another process has destroyed is not used because it
is still in memory here.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import event
from sqlmodel import Session, select

from activities.key_store import KeyStore, Outer, wrapped_in
from activities.organisation_keys import open_keys
from activities.outer_keys import open_outer_keys
from activities.sealing import new_key, place, seal, unseal
from activities.stores import key_store_url, migrate, open_database, open_existing, reading
from models.desk import Compartment
from models.key_tables import DataKeyRow
from models.keys import CannotOpen, Cell, KeyDestroyed, Sealed
from models.settings import Settings
from models.words import CaseRef, OrgId

INDEX = "index"
"""The secret that a desk's blind index is keyed with."""


def open_case_keys(settings: Settings, org: OrgId, *, existing: bool = False) -> CaseKeys:
    """The key store of one organisation, brought to the newest schema; made if it is not there.

    Raises:
        KeyMissing: settings for a hardware module that are not complete.
        BadDatabase: the store is to exist already (`existing`) and does not.
    """
    url = key_store_url(settings, org)
    engine = open_existing(url) if existing else open_database(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", overwrite_what_is_deleted)
    migrate(engine, "keys")
    keys = CaseKeys(org, engine, open_outer_keys(settings, org))
    keys.others.append(open_keys(settings, org, Outer(keys)))
    return keys


def overwrite_what_is_deleted(connection: object, _: object) -> None:
    """A wrapped key that has been destroyed does not linger in the file's free pages."""
    connection.execute("pragma secure_delete=on")  # type: ignore[attr-defined]


class CaseKeys(KeyStore):
    """Seals and opens what one organisation keeps. What another organisation sealed does not open here."""

    def seal(self, cell: Cell, plain: bytes) -> Sealed:
        """Seals something to its place, under the newest data key of its case and compartment.

        Raises:
            KeyDestroyed: the case's keys have been destroyed.
            KeyMissing: the outer key is not there, or is another.
        """
        version, key = self._sealing_key(cell.case, cell.compartment)
        return Sealed(version, seal(key, plain, place(self.org, cell, version)))

    def open(self, cell: Cell, sealed: Sealed) -> bytes:
        """What was sealed in this place.

        Raises:
            CannotOpen: not sealed by this desk in this place, or changed since.
            KeyDestroyed: the case's keys have been destroyed.
            KeyMissing: the outer key is not there, or is another.
        """
        with reading(self._engine) as session:
            row = session.get(DataKeyRow, (cell.case, cell.compartment, sealed.key_version))
            if row is None:
                raise CannotOpen
            key = self._data_key(session, row)
        return unseal(key, sealed.content, place(self.org, cell, sealed.key_version))

    def destroy(self, case: CaseRef) -> int:
        """Destroys every data key of a case, and sees to it that it never gets another. Returns how many there were.

        A copy of the key store made earlier still has them, until the outer key of that time is destroyed.
        """
        now, gone = datetime.now(UTC), 0
        with self.alone() as session:
            rows = session.exec(select(DataKeyRow).where(DataKeyRow.case == case)).all()
            for row in rows:
                if row.blob is not None:
                    row.blob, row.outer_version, row.destroyed_at, gone = None, None, now, gone + 1
                    session.add(row)
            for part in set(Compartment) - {row.compartment for row in rows}:
                session.add(DataKeyRow(case=case, compartment=part, key_version=0, created_at=now, destroyed_at=now))
        self.forget()
        return gone

    def destroyed(self, case: CaseRef) -> bool:
        with reading(self._engine) as session:
            return any(row.destroyed_at for row in session.exec(select(DataKeyRow).where(DataKeyRow.case == case)))

    def blind(self, text: str) -> str:
        """What `text` is looked up by: HMAC-SHA256 under this desk's own key. Another desk's says something else."""
        return self.blinds(text)[-1][1]

    def blinds(self, text: str) -> list[tuple[int, str]]:
        """By every version of the index key that stands, the newest last: there are two while it is being changed."""
        keys = self.secrets(INDEX)
        if not keys:
            self.keep_secret(INDEX, new_key(), unless_any=True)
            keys = self.secrets(INDEX)
        return [(version, hmac.new(key, text.encode(), sha256).hexdigest()) for version, key in keys.items()]

    def _sealing_key(self, case: CaseRef, compartment: Compartment) -> tuple[int, bytes]:
        with reading(self._engine) as session:
            found = self._newest(session, case, compartment)
        if found is not None:
            return found
        with self.alone() as session:
            if (found := self._newest(session, case, compartment)) is not None:
                return found
            row = DataKeyRow(case=case, compartment=compartment, key_version=1, created_at=datetime.now(UTC))
            key = new_key()
            row.outer_version, row.blob = self.wrap(session, key, self.context_of(row))
            session.add(row)
        return 1, key

    def _newest(self, session: Session, case: CaseRef, compartment: Compartment) -> tuple[int, bytes] | None:
        rows = session.exec(select(DataKeyRow).where(DataKeyRow.case == case)).all()
        if any(row.destroyed_at for row in rows):
            raise KeyDestroyed
        ours = [row for row in rows if row.compartment == compartment]
        if not ours:
            return None
        newest = max(ours, key=lambda row: row.key_version)
        return newest.key_version, self._data_key(session, newest)

    def _data_key(self, session: Session, row: DataKeyRow) -> bytes:
        if row.destroyed_at is not None:
            raise KeyDestroyed
        return self.unwrap(session, wrapped_in(row), self.context_of(row))
