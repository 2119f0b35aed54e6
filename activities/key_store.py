"""A desk's key store: secrets that only the outer key opens, in a database that no copy of the desk brings along.

The outer key is changed in three steps, each whole or not at all, and each harmless to repeat: `rotate` makes a new
version, `rewrap` wraps everything under it in one transaction, `destroy_outdated` ends the earlier ones. What is kept
at the desk is not touched. After the third step every earlier copy of the key store is unreadable.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import Protocol
from uuid import uuid4

from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from activities.outer_keys import KeyProvider, another, missing
from activities.sealing import bound
from activities.stores import reading, writing
from models.key_tables import DataKeyRow, KeyStoreRow, OuterKeyRow, SecretRow
from models.keys import CannotOpen, KeyFault, KeyStatus, OuterVersion, Wrapped
from models.words import OrgId

REMEMBERED, REMEMBERED_SECONDS = 64, 60.0
Told = Callable[[int, int], None]
"""Hears how many of how many have been done."""


class Rewrapped(Protocol):
    """Something that keeps secrets wrapped by the same outer key in a place of its own."""

    def rewrap(self) -> int:
        """Wraps all of it under the current version. Returns how much."""


class Outer:
    """The outer key for whoever keeps what it wraps elsewhere: made at first use, and known to be the right one."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        with self._store.alone() as session:
            return self._store.wrap(session, data_key, context)

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        with self._store.looking() as session:
            return self._store.unwrap(session, wrapped, context)


class KeyStore:
    """The wrapped secrets of one organisation, and its outer key."""

    def __init__(self, org: OrgId, engine: Engine, provider: KeyProvider) -> None:
        self.org, self.provider = org, provider
        self.others: list[Rewrapped] = []
        """What else the outer key wraps, kept elsewhere: wrapped anew with the rest, before anything is destroyed."""
        self._engine = engine
        self._remembered = Remembered()

    @property
    def name(self) -> str:
        """This store's own name, made with it. A desk remembers which store opens it."""
        with reading(self._engine) as session:
            row = session.get(KeyStoreRow, 1)
        if row is None:
            with self.alone() as session:
                row = session.get(KeyStoreRow, 1) or KeyStoreRow(id=1, name=str(uuid4()))
                session.add(row)
                return row.name
        return row.name

    def close(self) -> None:
        """Lets go of the database, and of what is remembered."""
        self._remembered.clear()
        self._engine.dispose()

    @contextmanager
    def alone(self) -> Iterator[Session]:
        """One write transaction at a time, also between processes: no key is made while the outer key is changed."""
        with writing(self._engine) as session:
            if session.get_bind().dialect.name == "postgresql":
                session.connection().execute(text("lock table outer_keys in share row exclusive mode"))
            yield session

    @contextmanager
    def looking(self) -> Iterator[Session]:
        with reading(self._engine) as session:
            yield session

    # --- secrets -------------------------------------------------------------------------------------

    def keep_secret(self, name: str, secret: bytes, *, unless_any: bool = False) -> int:
        """Keeps a secret of the desk's, wrapped as the data keys are and rewrapped with them. Returns its version."""
        with self.alone() as session:
            versions = session.exec(select(SecretRow.version).where(SecretRow.name == name))
            newest = max(versions, default=0)
            if unless_any and newest:
                return newest
            row = SecretRow(name=name, version=newest + 1, outer_version=0, blob=b"", created_at=datetime.now(UTC))
            row.outer_version, row.blob = self.wrap(session, secret, self.context_of(row))
            session.add(row)
            return newest + 1

    def secrets(self, name: str) -> dict[int, bytes]:
        """Every version of a secret that stands, lowest first.

        Raises:
            KeyMissing: the outer key is not there, or is another.
        """
        with reading(self._engine) as session:
            rows = session.exec(select(SecretRow).where(SecretRow.name == name).order_by(col(SecretRow.version)))
            return {row.version: self.unwrap(session, wrapped_in(row), self.context_of(row)) for row in rows.all()}

    def drop_secret(self, name: str, version: int) -> None:
        with self.alone() as session:
            if row := session.get(SecretRow, (name, version)):
                session.delete(row)
        self.forget()

    def context_of(self, row: DataKeyRow | SecretRow) -> bytes:
        """What a wrapped key is bound to: moved to another row, it does not unwrap."""
        if isinstance(row, SecretRow):
            return bound(what="secret", org=self.org, name=row.name, version=row.version)
        case, compartment = str(row.case), str(row.compartment)
        return bound(what="data key", org=self.org, case=case, compartment=compartment, key_version=row.key_version)

    # --- wrapping ------------------------------------------------------------------------------------

    def wrap(self, session: Session, secret: bytes, context: bytes) -> Wrapped:
        """Wraps under the current outer key, which is made at first use. In a transaction that is `alone`.

        Raises:
            KeyMissing: an outer key that has been used here is gone, or another is in its place.
        """
        if not self._any_sound(session) and not self.provider.versions():
            self.provider.rotate()
        wrapped = self.provider.wrap(secret, context)
        self._note(session, wrapped.version)
        return wrapped

    def unwrap(self, session: Session, wrapped: Wrapped, context: bytes) -> bytes:
        """Raises: CannotOpen: changed or moved. KeyMissing: the outer key is not there, or is another."""
        known = self._remembered.get(wrapped, context)
        if known is None:
            outer = session.get(OuterKeyRow, wrapped.version)
            if outer is None:
                raise CannotOpen
            self._check(outer)
            known = self.provider.unwrap(wrapped, context)
            self._remembered.put(wrapped, context, known)
        return known

    def forget(self) -> None:
        """Nothing unwrapped is remembered, and what was deleted is not left in SQLite's write-ahead log."""
        self._remembered.clear()
        if self._engine.dialect.name == "sqlite":
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("pragma wal_checkpoint(truncate)")
            finally:
                connection.close()

    def _any_sound(self, session: Session) -> bool:
        newest = session.exec(select(OuterKeyRow).order_by(col(OuterKeyRow.version).desc())).first()
        if newest is not None:
            self._check(newest)
        return newest is not None

    def _check(self, outer: OuterKeyRow) -> None:
        if outer.destroyed_at is not None:
            raise missing(self.org, outer.version)
        if self.provider.fingerprint(outer.version) != outer.fingerprint:
            raise another(self.org, outer.version)

    def _note(self, session: Session, version: int) -> None:
        if session.get(OuterKeyRow, version) is None:
            known_by = self.provider.fingerprint(version)
            session.add(OuterKeyRow(version=version, fingerprint=known_by, used_since=datetime.now(UTC)))
            session.flush()

    # --- the outer key -------------------------------------------------------------------------------

    def rotate(self) -> int:
        """Makes the next version of the outer key; from now on it wraps. What was wrapped before still opens.

        Raises:
            KeyMissing: the outer key that has been used is gone, or another is in its place.
        """
        with self.alone() as session:
            self._any_sound(session)
            version = self.provider.rotate()
            self._note(session, version)
            return version

    def rewrap(self, told: Told = lambda _done, _of: None) -> int:
        """Wraps everything under the current outer key, in one transaction. Returns how much was not already.

        `others` are wrapped anew first; what they keep is not counted.

        Raises:
            KeyMissing: an outer key is gone, or another is in its place. Nothing was changed.
            KeyFault: a wrapped key is damaged. Nothing was changed.
        """
        for other in self.others:
            other.rewrap()
        with self.alone() as session:
            self._any_sound(session)
            current = self.provider.current()
            rows = [row for row in self._live(session) if row.outer_version != current]
            for done, row in enumerate(rows, 1):
                row.outer_version, row.blob = self._rewrapped(session, row)
                session.add(row)
                told(done, len(rows))
        self.forget()
        return len(rows)

    def _rewrapped(self, session: Session, row: DataKeyRow | SecretRow) -> Wrapped:
        context = self.context_of(row)
        try:
            secret = self.unwrap(session, wrapped_in(row), context)
        except CannotOpen:
            raise damaged(row) from None
        wrapped = self.wrap(session, secret, context)
        if self.provider.unwrap(wrapped, context) != secret:  # the old key is destroyed next: look before
            raise another(self.org, wrapped.version)
        return wrapped

    def destroy_outdated(self) -> tuple[int, ...]:
        """Destroys every earlier version of the outer key, and with it every earlier copy of this store.

        Raises:
            KeyFault: something is still wrapped by one. Nothing was destroyed.
        """
        for other in self.others:
            other.rewrap()
        now = datetime.now(UTC)
        with self.alone() as session:
            self._any_sound(session)
            current = self.provider.current()
            if any(row.outer_version != current for row in self._live(session)):
                raise KeyFault(
                    "Något är ännu inslaget med en äldre yttre nyckel. Kör `key rotate` igen. Inget har förstörts.",
                    "Something is still wrapped by an earlier outer key. Run `key rotate` again. Nothing was "
                    "destroyed.",
                )
            ended = tuple(version for version in self.provider.versions() if version < current)
            for version in ended:
                self.provider.destroy(version)
            earlier = select(OuterKeyRow).where(col(OuterKeyRow.version) < current)
            for row in session.exec(earlier.where(col(OuterKeyRow.destroyed_at).is_(None))):
                row.destroyed_at = now
                session.add(row)
        self.forget()
        return ended

    def _live(self, session: Session) -> list[DataKeyRow | SecretRow]:
        keys = session.exec(select(DataKeyRow).where(col(DataKeyRow.blob).is_not(None)))
        return [*keys, *session.exec(select(SecretRow))]

    def status(self) -> KeyStatus:
        """What stands and what wraps how much.

        Raises:
            KeyMissing: the outer keys can't be reached, or the one that has been used is gone or another.
        """
        with reading(self._engine) as session:
            self._any_sound(session)
            standing = self.provider.versions()
            known = {row.version: row.fingerprint for row in session.exec(select(OuterKeyRow))}
            live = self._live(session)
            cases = {row.case: row.destroyed_at is not None for row in session.exec(select(DataKeyRow))}
        outer = tuple(
            OuterVersion(
                version=version,
                fingerprint=known.get(version) or self.provider.fingerprint(version),
                seals=sum(row.outer_version == version for row in live),
                stands=version in standing,
            )
            for version in sorted(known.keys() | set(standing))
        )
        return KeyStatus(
            org=self.org,
            provider=self.provider.kind,
            current=standing[-1] if standing else 0,
            outer=outer,
            cases=sum(not destroyed for destroyed in cases.values()),
            destroyed_cases=sum(cases.values()),
        )


def wrapped_in(row: DataKeyRow | SecretRow) -> Wrapped:
    """Raises: CannotOpen: the row holds nothing."""
    if row.blob is None or row.outer_version is None:
        raise CannotOpen
    return Wrapped(row.outer_version, row.blob)


def damaged(row: DataKeyRow | SecretRow) -> KeyFault:
    which = row.name if isinstance(row, SecretRow) else f"{row.case} ({row.compartment})"
    return KeyFault(
        f"Nyckeln för {which} är skadad. Lägg tillbaka nyckellagret ur en kopia och kör igen. Inget har ändrats.",
        f"The key of {which} is damaged. Put the key store back from a copy and run again. Nothing was changed.",
    )


class Remembered:
    """What a few wrapped keys unwrap to, for a minute: it spares the outer key, and no question to the store."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: OrderedDict[tuple[Wrapped, bytes], tuple[float, bytes]] = OrderedDict()

    def get(self, wrapped: Wrapped, context: bytes) -> bytes | None:
        with self._lock:
            until, key = self._keys.get((wrapped, context), (0.0, b""))
            return key if time.monotonic() < until else None

    def put(self, wrapped: Wrapped, context: bytes, key: bytes) -> None:
        with self._lock:
            self._keys[wrapped, context] = (time.monotonic() + REMEMBERED_SECONDS, key)
            while len(self._keys) > REMEMBERED:
                self._keys.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._keys.clear()
