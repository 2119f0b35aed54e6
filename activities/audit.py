"""The audit chains as they are kept: written before anything protected is answered, read, and verified."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

import structlog
from sqlalchemy import ColumnElement, Connection, Engine, Table, event, insert, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlmodel import Session

from activities.checkpoints import Checkpoints
from activities.stores import reading
from models.access import UserId, the_system
from models.audit import AuditEntry, Checkpoint, Link
from models.audit_tables import DeskAuditRow, PlaneAuditRow
from models.words import CaseRef
from rules.audit import CHECKPOINT, Break, Kept, is_showing, link_of, linked, read_through, sortable, unfit

PLANE = "plane"
"""The chain in the register. Every other chain has its organisation's name."""
AUDIT_LOCK = 7_481_253
"""PostgreSQL advisory lock that puts appends in one line; SQLite's write lock does the same."""
TRANSIENT = ("40001", "40P01")
"""PostgreSQL broke off one of two that waited for each other. The caller tries again."""
ROWS_AT_A_TIME = 2_000
log = structlog.get_logger(__name__)


class CannotAudit(Exception):
    """The log can't be written, so nothing protected may be shown, sent or decided. Says so in two languages."""

    def __init__(self) -> None:
        self.sv = "Loggen kan inte skrivas. Därför visas, skickas och ändras inget. Säg till driften och försök igen."
        self.en = "The log can't be written. So nothing is shown, sent or changed. Tell your operator and try again."
        super().__init__(f"{self.sv}\n{self.en}")


class Unfit(ValueError):
    """An entry holds what no audit may hold. A mistake in the program; names the field, never the value."""


class Verdict(NamedTuple):
    """What verification found."""

    chain: str
    links: int
    """How many there are, or how many hold before the one that doesn't."""
    head: str
    """The last link's digest: written down elsewhere, it is one more checkpoint."""
    breaks: tuple[Break, ...]
    checkpoints: int
    """Signed ones whose signatures were proven."""
    covered: int
    """The last link that a proven checkpoint covers."""
    set_back: tuple[int, ...]
    """Links before which the machine's clock had been set back."""
    overdue: bool
    """Whether a checkpoint should have been made by now."""


class AuditLog:
    """One chain: a desk's, in that desk's own database, or the plane's, in the register."""

    def __init__(self, engine: Engine, chain: str, checkpoints: Checkpoints | None = None) -> None:
        self.chain = chain
        self._engine = engine
        self._checkpoints = checkpoints
        self._table: Table = (PlaneAuditRow if chain == PLANE else DeskAuditRow).__table__  # type: ignore[union-attr]

    # --- writing -------------------------------------------------------------------------------------

    def append(self, session: Session, entry: AuditEntry) -> Link:
        """Adds an entry in the caller's write transaction, so that both are kept or neither.

        What it is about may be answered when that transaction has been committed, not before. The entry stands
        first in line until then: append last, or commit soon.

        Raises:
            CannotAudit: it can't be written. The transaction must be given up.
            Unfit: the entry may hold something personal.
        """
        entry = AuditEntry.model_validate(entry.model_dump())
        if (field := unfit(entry)) is not None:
            raise Unfit(field)
        with cannot_audit():
            connection = session.connection()
            if connection.get_execution_options().get("reading"):
                raise RuntimeError("an entry in a transaction that only reads would be lost")
            if connection.dialect.name == "postgresql":
                connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": AUDIT_LOCK})
            links = linked(entry, self._last(connection), self.chain)
            connection.execute(insert(self._table), [link._asdict() for link in links])
        if self._checkpoints is not None and self._checkpoints.is_due(links[-1].seq):
            event.listen(session, "after_commit", self._checkpoint_after, once=True)
        return link_of(links[-1])

    def write(self, entry: AuditEntry) -> Link:
        """Adds an entry in a transaction of its own.

        Raises:
            CannotAudit, Unfit: as `append`.
        """
        with self.writing() as session:
            return self.append(session, entry)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A write transaction for what must not happen unaudited: if it can't begin or be committed, `CannotAudit`."""
        with Session(self._engine) as session:
            with cannot_audit():
                session.connection()
            yield session
            with cannot_audit():
                session.commit()

    def checkpoint(self) -> Checkpoint | None:
        """Signs the chain as it stands and keeps that in its other place; then the chain says that it was done.

        Returns None when the chain is empty; the last checkpoint when nothing has been written since.

        Raises:
            OSError: the other place can't be written.
            CannotAudit: the checkpoint was made, and the chain can't be told.
        """
        return self._checkpoint(only_if_due=False)

    def _checkpoint(self, only_if_due: bool) -> Checkpoint | None:
        if self._checkpoints is None:
            raise ValueError("this log has nobody to sign its checkpoints")
        with self._checkpoints.alone() as earlier:
            with reading(self._engine) as session:
                last = self._last(session.connection())
            if last is None:
                return None
            if earlier is not None and says(last, earlier):
                return earlier
            if only_if_due and not self._checkpoints.is_due(last.seq):
                return earlier
            made = self._checkpoints.add(last.seq, last.digest, datetime.now(UTC))
        entry = AuditEntry(at=datetime.now(UTC), **dict(the_system(self.chain)), action=CHECKPOINT, subject=made.digest)
        self.write(entry)
        return made

    def _checkpoint_after(self, session: Session) -> None:
        """What has just been committed stands whether or not a checkpoint can be made of it now."""
        if session.get_nested_transaction() is not None:
            return
        try:
            self._checkpoint(only_if_due=True)
        except Exception as error:
            log.error("a checkpoint of the audit could not be made", chain=self.chain, error=type(error).__name__)

    # --- reading -------------------------------------------------------------------------------------

    def links(self, since: datetime | None = None) -> Iterator[Link]:
        """The chain in order; with `since`, what has been written from that instant on.

        Raises:
            ValueError: a link has been changed into what no entry is: verify.
        """
        return map(link_of, self._kept(*self._since(since)))

    def who_read(self, case: CaseRef) -> list[Link]:
        """Who saw, or tried to see, something protected of a case, in order."""
        kept = map(link_of, self._kept(self._table.c.case == case))
        return [link for link in kept if is_showing(link.entry)]

    def reads_by(self, user: UserId, since: datetime | None = None) -> list[Link]:
        """What an account saw, or tried to see, in order."""
        kept = map(link_of, self._kept(self._table.c.user == user, *self._since(since)))
        return [link for link in kept if is_showing(link.entry)]

    def count(self) -> int:
        """How many links there are, by the last one's number."""
        with reading(self._engine) as session:
            last = self._last(session.connection())
        return last.seq if last else 0

    def verify(self, progress: Callable[[int], None] = lambda _: None) -> Verdict:
        """Reads the whole chain and holds it against its checkpoints. `progress` is told how many links are read.

        Never raises for what is wrong with the chain: that is the verdict.
        """
        proven = self._checkpoints.read() if self._checkpoints else None
        signed = proven.checkpoints if proven else ()
        read = read_through(counted(self._kept(), progress), self.chain, signed)
        breaks = [read.broken] if read.broken else []
        overdue = False
        if self._checkpoints is not None and proven is not None:
            breaks += proven.breaks
            # Read again: those that were made while the chain was read are mentioned in it.
            known = self._checkpoints.digests() if read.mentioned else set()
            lost = [Break("checkpoint-missing", seq) for seq, digest in read.mentioned if digest not in known]
            overdue = self._checkpoints.is_late(read.links, max((one.seq for one in signed), default=0))
            if not proven.there and (lost or overdue):
                lost = [Break("checkpoints-missing", None)]
            breaks += lost[:1]
        covered = max((one.seq for one in signed if one.seq <= read.links), default=0)
        return Verdict(self.chain, read.links, read.head, tuple(breaks), len(signed), covered, read.set_back, overdue)

    def broken(self) -> Break | None:
        """The first thing that is not as it was written; None when all of it is."""
        return next(iter(self.verify().breaks), None)

    def _since(self, since: datetime | None) -> list[ColumnElement[bool]]:
        return [] if since is None else [self._table.c.at >= sortable(since)]

    def _last(self, connection: Connection) -> Kept | None:
        row = connection.execute(select(self._table).order_by(self._table.c.seq.desc()).limit(1)).first()
        return kept_of(row) if row else None

    def _kept(self, *where: ColumnElement[bool]) -> Iterator[Kept]:
        """Links in order, some at a time: a long chain is neither held in memory nor in one transaction."""
        some = self._some(*where)
        while some:
            yield from some
            some = self._some(self._table.c.seq > some[-1].seq, *where) if len(some) == ROWS_AT_A_TIME else []

    def _some(self, *where: ColumnElement[bool]) -> list[Kept]:
        seq = self._table.c.seq
        with reading(self._engine) as session:
            connection = session.connection()
            try:
                rows = connection.execute(select(self._table).where(*where).order_by(seq).limit(ROWS_AT_A_TIME))
                return [kept_of(row) for row in rows]
            except OperationalError:
                numbers = connection.execute(select(seq).where(*where).order_by(seq).limit(ROWS_AT_A_TIME)).scalars()
                return [self._one(connection, number) for number in numbers.all()]

    def _one(self, connection: Connection, number: int) -> Kept:
        """A link by its number; an empty one, if what stands there can't even be read as text (SQLite)."""
        try:
            return kept_of(connection.execute(select(self._table).where(self._table.c.seq == number)).one())
        except OperationalError:
            return Kept(number, "", "", None, "", "", "")


@contextmanager
def cannot_audit() -> Iterator[None]:
    """Whatever the database says against it, what the caller learns is that the audit can't be written."""
    try:
        yield
    except SQLAlchemyError as error:
        if getattr(getattr(error, "orig", None), "sqlstate", None) in TRANSIENT:
            raise
        raise CannotAudit from None


def kept_of(row: Iterable[object]) -> Kept:
    """A row as a link. What somebody has put in the place of text is made text, and so is not what was sealed."""
    seq, at, user, case, content, previous, digest = row
    texts = (str(told) for told in (content, previous, digest))
    return Kept(int(str(seq)), str(at), str(user), None if case is None else str(case), *texts)


def says(last: Kept, checkpoint: Checkpoint) -> bool:
    """Whether nothing has been written since a checkpoint but that it was made."""
    entry = link_of(last).entry
    return entry.action == CHECKPOINT and entry.subject == checkpoint.digest


def counted(kept: Iterable[Kept], progress: Callable[[int], None]) -> Iterator[Kept]:
    for number, link in enumerate(kept, 1):
        yield link
        if number % ROWS_AT_A_TIME == 0:
            progress(number)
