"""The exchange: where sealed packages wait for their recipients, and where one instant decides between taking back
and taking.

    sealed -> leased -> stored -> erased
    sealed, leased -> revoked

A package is no use before its case has been told of it (`Disclosed`): one that stays unsaid is destroyed after an
hour. And a sender has so much under way and no more.

Every step is one UPDATE that names the state it leaves, so of two programs exactly one makes it. The vault keeps a
package before it confirms, and shows it to nobody until the exchange has said yes: a package that was taken back
meanwhile is thrown away there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Engine, Update, exists, func, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, or_, select

from activities.key_directory import Keys
from activities.packages import LONGEST_LIFE, SEALED_SIZES
from activities.stores import reading, writing
from models.contracts import Refusal
from models.exchange import Delivery, Envelope, Label, PackageState
from models.exchange_tables import PackageRow
from models.published_keys import CLOCKS_DIFFER, KeyUse
from models.register import CaseEventRow
from models.words import Code, ItemId, OrgId

LEASE = timedelta(minutes=10)
"""How long a desk has to keep a package that it has fetched before the exchange lets it expire."""
SHOWN = 100
UNSAID = timedelta(hours=1)
"""How long a package may lie here that no case has been told of. The sender's desk takes a disclosure that was
interrupted back after ten minutes (`activities.disclosures.LEFT_ALONE`)."""
MOST_OF_A_CASE = 20
"""Packages of one sender that may be under way in one case: as many as the case itself takes note of."""
MOST_BYTES = 64 * 1024 * 1024
"""Ciphertext of one sender that may be under way in all."""
LEAVING_LOCK = 7_481_258
"""PostgreSQL advisory lock that lets packages in one by one, so that they are counted; SQLite's write lock does the
same."""
UNDER_WAY = (PackageState.SEALED.value, PackageState.LEASED.value)
WITHDRAWN, EXPIRED, NEVER_SAID = "withdrawn", "expired", "never-said"
UNKNOWN = Refusal(code="package-unknown")
"""The same for a package that is not there and for another's: nobody learns by asking that one exists."""


class Exchange:
    """The packages under way. `by` and `desk` are organisations that the API has verified."""

    def __init__(self, engine: Engine, directory: Keys) -> None:
        self._engine = engine
        self._directory = directory

    def leave(self, envelope: Envelope, by: OrgId, now: datetime) -> Delivery | Refusal:
        """Takes a package in. The same package again gives how far it has come; another one under its id is refused."""
        why = self._not_let_in(envelope, by, now)
        with writing(self._engine) as session:
            in_line(session)
            row = session.get(PackageRow, envelope.id)
            why = why or (too_much(session, envelope) if row is None else None)
            if row is None and why is None:
                insert(session, row_values(envelope, now))
                row = session.get(PackageRow, envelope.id, populate_existing=True)
            if row is None:
                return why or UNKNOWN
            if row.sender != by:
                return Refusal(code="package-id-used")
            if row.digest is None:
                return Refusal(code="package-withdrawn")
            delivery = as_delivery(row)
        same = (delivery.label, delivery.digest, delivery.sealing_key)
        if same != (envelope.label(), envelope.digest, envelope.sealing_key):
            return Refusal(code="package-id-used")
        return delivery

    def lease(self, package: ItemId, desk: OrgId, now: datetime) -> Envelope | Refusal:
        """The package for its recipient's desk, which may fetch it again until it has confirmed. Nobody else's."""
        with overwriting(self._engine) as session:
            taking = (
                update(PackageRow)
                .where(col(PackageRow.id) == package, col(PackageRow.recipient) == desk, *under_way())
                .where(col(PackageRow.expires_at) > now)
                .values(state=PackageState.LEASED.value, leased_until=now + LEASE)
            )
            if not changed(session, taking):
                return not_taken(session.get(PackageRow, package), desk, now)
            row = session.exec(select(PackageRow).where(col(PackageRow.id) == package)).one()
            return as_envelope(row)

    def confirm(self, package: ItemId, desk: OrgId, now: datetime) -> Delivery | Refusal:
        """The recipient's vault has it: its ciphertext is erased here, in the same transaction.

        Confirming again gives the same answer. When the answer is a refusal the vault must not show what it has kept.
        """
        with overwriting(self._engine) as session:
            here = (col(PackageRow.id) == package, col(PackageRow.recipient) == desk)
            stored = update(PackageRow).where(*here, col(PackageRow.state) == PackageState.LEASED.value)
            if changed(session, stored.values(state=PackageState.STORED.value, stored_at=now)):
                erased = update(PackageRow).where(*here, col(PackageRow.state) == PackageState.STORED.value)
                changed(session, erased.values(state=PackageState.ERASED.value, erased_at=now, sealed=None))
            row = session.get(PackageRow, package)
            if row is not None and row.recipient == desk and row.state == PackageState.ERASED:
                return as_delivery(row)
            return not_taken(row, desk, now)

    def revoke(self, package: ItemId, by: OrgId, now: datetime) -> Delivery | Refusal:
        """The sender takes a package back, and its ciphertext is destroyed. Twice is as once.

        One that has not come here yet is `package-unknown`, and is not let in any more. One that the recipient has
        stored stays with them.
        """
        with writing(self._engine) as session:
            destroy(session, package, by, now, WITHDRAWN)
            row = session.get(PackageRow, package)
            if row is None or row.sender != by or row.digest is None:
                return UNKNOWN
            return as_delivery(row) if row.state == PackageState.REVOKED else Refusal(code="package-taken")

    def expire(self, now: datetime) -> list[Delivery]:
        """Destroys what nobody has fetched in time, and gives up leases that have run out. Returns what it destroyed.

        A package that is being fetched right now is left alone until its lease has run out.
        """
        with overwriting(self._engine) as session:
            lapsed = or_(col(PackageRow.leased_until).is_(None), col(PackageRow.leased_until) <= now)
            gone = all_destroyed(session, now, EXPIRED, *under_way(), col(PackageRow.expires_at) <= now, lapsed)
            back = update(PackageRow).where(col(PackageRow.state) == PackageState.LEASED.value, lapsed)
            changed(session, back.values(state=PackageState.SEALED.value, leased_until=None))
            return gone

    def destroy_unsaid(self, now: datetime) -> list[Delivery]:
        """Destroys what has lain here for an hour without its case having been told of it. Returns what that was."""
        with overwriting(self._engine) as session:
            said = exists().where(
                col(CaseEventRow.case) == col(PackageRow.case),
                col(CaseEventRow.kind) == "disclosed",
                col(CaseEventRow.event)["package"].as_string() == col(PackageRow.id),
            )
            return all_destroyed(session, now, NEVER_SAID, *under_way(), col(PackageRow.left_at) <= now - UNSAID, ~said)

    def tend(self, now: datetime, at_work: timedelta) -> list[Delivery]:
        """What is to be done again and again. Returns what it destroyed.

        `at_work`: since when the plane records what happens in its cases. While it did not, Temporal alone may know
        what they have been told: what came before has an hour from then.
        """
        gone = self.expire(now) + (self.destroy_unsaid(now) if at_work >= UNSAID else [])
        if gone:
            self.tidy()
        return gone

    def waiting(self, desk: OrgId, now: datetime) -> list[Delivery]:
        """What lies here for a desk, oldest first, at most a hundred; also what it has fetched and not confirmed."""
        with reading(self._engine) as session:
            query = select(PackageRow).where(col(PackageRow.recipient) == desk, *under_way())
            query = query.where(col(PackageRow.expires_at) > now)
            query = query.order_by(col(PackageRow.left_at), col(PackageRow.id)).limit(SHOWN)
            return [as_delivery(row) for row in session.exec(query)]

    def state(self, package: ItemId, by: OrgId) -> Delivery | Refusal:
        """How far a package has come, for its sender and its recipient."""
        with reading(self._engine) as session:
            row = session.get(PackageRow, package)
            return as_delivery(row) if row is not None and by in (row.sender, row.recipient) else UNKNOWN

    def tidy(self) -> None:
        """On SQLite: empties the write-ahead log, which keeps what was written until that place is used again."""
        if self._engine.dialect.name == "sqlite":
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("pragma wal_checkpoint(truncate)")
            finally:
                connection.close()

    def _not_let_in(self, envelope: Envelope, by: OrgId, now: datetime) -> Refusal | None:
        if by != envelope.sender or envelope.recipient == envelope.sender:
            return Refusal(code="package-not-yours")
        if not envelope.intact or len(envelope.sealed) not in SEALED_SIZES:
            return Refusal(code="package-damaged")
        if envelope.created_at > now + CLOCKS_DIFFER:
            return Refusal(code="package-clock")
        if not now < envelope.expires_at <= envelope.created_at + LONGEST_LIFE:
            return Refusal(code="package-expired")
        key = self._directory.verify_key(envelope.recipient, envelope.sealing_key, now, envelope.created_at)
        if isinstance(key, Refusal) or key.use is not KeyUse.SEALING:
            return Refusal(code="package-key-stale")
        return None


def in_line(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LEAVING_LOCK})


def too_much(session: Session, envelope: Envelope) -> Refusal | None:
    """Why a sender must wait until something of theirs has been taken, taken back or has expired."""
    theirs = (col(PackageRow.sender) == envelope.sender, *under_way())
    in_case = select(func.count()).select_from(PackageRow).where(*theirs, col(PackageRow.case) == envelope.case)
    if session.exec(in_case).one() >= MOST_OF_A_CASE:
        return Refusal(code="package-too-many", detail=str(MOST_OF_A_CASE))
    in_all = select(func.coalesce(func.sum(func.length(col(PackageRow.sealed))), 0)).where(*theirs)
    if session.exec(in_all).one() + len(envelope.sealed) > MOST_BYTES:
        return Refusal(code="package-too-much", detail=str(MOST_BYTES // 1024 // 1024))
    return None


def destroy(session: Session, package: ItemId, sender: OrgId, now: datetime, why: Code) -> bool:
    """Destroys a package that has not been stored, in the caller's write transaction. False when it came too late.

    One that has not come to the exchange yet leaves a row that keeps it out. For the register too, which destroys with
    the revision that says so.
    """
    overwrite(session)
    kept_out = {"id": package, "state": PackageState.REVOKED.value, "sender": sender, "categories": [], "grounds": []}
    insert(session, {**kept_out, "erased_at": now, "revoked_for": why})
    here = (col(PackageRow.id) == package, col(PackageRow.sender) == sender)
    if changed(session, update(PackageRow).where(*here, *under_way()).values(**destruction(now, why))):
        return True
    row = session.get(PackageRow, package, populate_existing=True)
    return row is not None and (row.sender, row.state) == (sender, PackageState.REVOKED)


def all_destroyed(session: Session, now: datetime, why: Code, *which: ColumnElement[bool]) -> list[Delivery]:
    gone = update(PackageRow).where(*which).values(**destruction(now, why)).returning(col(PackageRow.id))
    ids = list(session.connection().execute(gone).scalars())
    query = select(PackageRow).where(col(PackageRow.id).in_(ids)).order_by(PackageRow.id)
    return [as_delivery(row) for row in session.exec(query)]


def destruction(now: datetime, why: Code) -> dict[str, Any]:
    return {
        "state": PackageState.REVOKED.value,
        "sealed": None,
        "leased_until": None,
        "erased_at": now,
        "revoked_for": why,
    }


def under_way() -> tuple[ColumnElement[bool]]:
    return (col(PackageRow.state).in_(UNDER_WAY),)


@contextmanager
def overwriting(engine: Engine) -> Iterator[Session]:
    """A write transaction in which what is removed is written over as well."""
    with writing(engine) as session:
        overwrite(session)
        yield session


def overwrite(session: Session) -> None:
    """SQLite would leave what is removed in the file's free pages. PostgreSQL leaves it until the next vacuum, and
    what lies there opens with the recipient's sealing key only."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("pragma secure_delete=on")


def insert(session: Session, values: dict[str, Any]) -> None:
    """Adds a row unless there is one with this id."""
    new = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.connection().execute(new(PackageRow).values(values).on_conflict_do_nothing(index_elements=["id"]))


def changed(session: Session, statement: Update) -> bool:
    """Whether this update found the row in the state that it leaves."""
    result: CursorResult[Any] = session.connection().execute(statement)
    return result.rowcount > 0


def not_taken(row: PackageRow | None, desk: OrgId, now: datetime) -> Refusal:
    """Why the recipient can't have a package, in as many words as the recipient may know."""
    if row is None or row.recipient != desk:
        return UNKNOWN
    if row.state == PackageState.REVOKED:
        return Refusal(code="package-expired" if row.revoked_for == EXPIRED else "package-withdrawn")
    if row.state in (PackageState.STORED, PackageState.ERASED):
        return Refusal(code="package-taken")
    late = row.expires_at is not None and row.expires_at <= now
    return Refusal(code="package-expired" if late else "package-not-fetched")


def row_values(envelope: Envelope, now: datetime) -> dict[str, Any]:
    same = {
        "id",
        "sender",
        "recipient",
        "case",
        "handoff",
        "sealing_key",
        "digest",
        "sealed",
        "created_at",
        "expires_at",
    }
    return {
        **{name: getattr(envelope, name) for name in same},
        "categories": list(envelope.categories),
        "grounds": list(envelope.grounds),
        "state": PackageState.SEALED.value,
        "left_at": now,
    }


def as_envelope(row: PackageRow) -> Envelope:
    return Envelope.model_validate({name: getattr(row, name) for name in Envelope.model_fields})


def as_delivery(row: PackageRow) -> Delivery:
    kept = {name: getattr(row, name) for name in Delivery.model_fields if name != "label"}
    label = {name: getattr(row, name) for name in Label.model_fields} if row.digest is not None else None
    return Delivery.model_validate({**kept, "label": label})
