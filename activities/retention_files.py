"""The files of one desk as their retention is judged: what is known of each, what holds it, what the rules say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from uuid import uuid4

import structlog
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from activities.audit import AuditLog
from activities.erasure import cases, last_entries
from activities.stores import reading
from models.access import Reader
from models.audit import AuditEntry
from models.audit_tables import DeskAuditRow
from models.contracts import Refusal
from models.file_request_tables import FileRequestRow
from models.keys import CannotOpen, KeyDestroyed
from models.register import CaseEventRow, CaseRow
from models.retention import Closure, File, FileFacts, FileKind, Hold, RetentionRules, Verdict
from models.retention_tables import DisposalEntryRow, RetentionFileRow, RetentionHoldRow
from models.words import CaseRef, Code, Function, OrgId, RequestKey
from rules.audit import Kept, is_looking, link_of
from rules.disposal import may
from rules.retention import verdict

RETENTION_LOCK = 7_481_254
"""PostgreSQL advisory lock: a hold and a destruction wait for each other; SQLite's write lock does the same."""
FILE_REQUEST = "file-request"
log = structlog.get_logger(__name__)
NO_WAY_BACK = ("destroying", "gone")
FactsOf = Callable[[CaseRef], FileFacts]
ClosureOf = Callable[[CaseRef], Closure | None]
Gate = Callable[[Session, Reader, Code, datetime], Refusal | None]
"""Whether somebody may do something about disposal, asked in the transaction that does it."""


class CaseReads(Protocol):
    """What is asked of the register, where it is or over the plane's API."""

    def case(self, ref: CaseRef) -> CaseRow | None: ...

    def history(self, ref: CaseRef) -> list[CaseEventRow]: ...


def in_register(view: CaseReads) -> ClosureOf:
    """How cases stand, as the register tells whoever asks."""

    def closure(case: CaseRef) -> Closure | None:
        row = view.case(case)
        if row is None:
            return None
        ended = [event.at for event in view.history(case) if event.event.get("kind") == "closed"]
        offset = timedelta(seconds=row.clock_offset_seconds)
        return Closure(open=row.closed_as is None, closed_at=ended[-1] if ended else None, offset=offset)

    return closure


def nothing_known(_: CaseRef) -> FileFacts:
    return FileFacts()


def by_role(_: Session, reader: Reader, act: Code, __: datetime) -> Refusal | None:
    """The least: the role that the reader comes in. Whether the account has that role, a desk's own gate looks up."""
    return None if may(reader.role, act) else Refusal(code="not-the-archive-role")


class Files:
    """One desk's files. `closure_of` asks the plane; `facts_of` opens what is sealed, which is passed on to nobody."""

    def __init__(
        self,
        org: OrgId,
        function: Function,
        engine: Engine,
        audit: AuditLog,
        rules: RetentionRules,
        closure_of: ClosureOf,
        facts_of: FactsOf = nothing_known,
        gate: Gate = by_role,
    ) -> None:
        self.org, self.function, self.rules, self.audit = org, function, rules, audit
        self.engine = engine
        self._closure_of, self._facts_of, self._gate = closure_of, facts_of, gate

    # --- judging -------------------------------------------------------------------------------------

    def verdicts(self, now: datetime) -> list[Verdict]:
        """What the rules of today say of every file here. No names, no dates of birth.

        Raises:
            KeyMissing: the desk's outer key is not there.
            Exception: whatever asking the plane raises; nothing is judged without knowing which cases are open.
        """
        with reading(self.engine) as session:
            every, entered = cases(session), self._entered(session, now)
        found = [self.verdict(case, now, entered) for case in every]
        return sorted(found, key=lambda one: (one.first_day or date.max, one.case))

    def verdict(
        self,
        case: CaseRef,
        now: datetime,
        entered: dict[CaseRef, datetime] | None = None,
        session: Session | None = None,
    ) -> Verdict:
        """What the rules say of one file; with `session`, in that transaction as far as the desk's own tables go."""
        file, offset = self.known(case)
        if session is not None:
            return self.judged(session, file, offset, now)
        with reading(self.engine) as own:
            return self.judged(own, file, offset, now, entered)

    def known(self, case: CaseRef) -> tuple[File, timedelta]:
        """What the plane and the sealed store say of a file, with how far its case's clock is ahead."""
        closure = self._closure_of(case)
        facts, destroyed = FileFacts(), False
        try:
            facts = self._facts_of(case)
        except CannotOpen:  # not known, so it is kept
            log.error("a file's facts can't be opened; it is kept", case=case, desk=self.org)
        except KeyDestroyed:
            destroyed = True
        offset = closure.offset if closure else timedelta(0)
        ends = [at for at in (closure.closed_at if closure else None, facts.closed_at) if at is not None]
        file = File(
            case=case,
            function=self.function,
            kinds=facts.kinds,
            born=facts.born,
            closed_at=max(ends, default=None),
            open=closure.open if closure else None,
            destroyed=destroyed,
        )
        return file, offset

    def judged(
        self,
        session: Session,
        file: File,
        offset: timedelta,
        now: datetime,
        entered: dict[CaseRef, datetime] | None = None,
    ) -> Verdict:
        """The verdict, with what the desk's own tables say in this transaction. In training, in the case's time."""
        last = (self._entered(session, now, file.case) if entered is None else entered).get(file.case)
        noted = session.get(RetentionFileRow, file.case)
        ends = [at for at in (file.closed_at, noted.closed_at if noted else None) if at is not None]
        kinds = {*file.kinds, *(FileKind(kind) for kind in (noted.kinds if noted else ()))}
        whole = file.model_copy(
            update={
                "kinds": tuple(sorted(kinds)),
                "closed_at": max(ends, default=None),
                "last_entry": last + offset if last is not None else None,
                "holds": tuple(self._holds(session, file.case)),
            }
        )
        said = verdict(whole, now + offset, self.rules)
        return said.model_copy(update={"wake_at": said.wake_at - offset}) if said.wake_at else said

    def _entered(self, session: Session, now: datetime, case: CaseRef | None = None) -> dict[CaseRef, datetime]:
        """When something was last entered in each file: in its tables, or done with it as the audit tells."""
        latest = last_entries(session, now, case)
        query = select(DeskAuditRow).where(col(DeskAuditRow.case).is_not(None))
        query = query.where(~col(DeskAuditRow.content).contains('"action":"read'))  # most of a log, and never an entry
        for row in session.exec(query if case is None else query.where(DeskAuditRow.case == case)):
            entry = link_of(Kept(*(getattr(row, name) for name in Kept._fields))).entry
            if is_entry(entry, self.rules) and entry.case is not None:
                latest[entry.case] = max(entry.at, latest.get(entry.case, entry.at))
        return latest

    def _holds(self, session: Session, case: CaseRef) -> Iterable[Hold]:
        standing = select(RetentionHoldRow).where(RetentionHoldRow.case == case)
        for row in session.exec(standing.where(col(RetentionHoldRow.released_at).is_(None))):
            yield Hold(id=row.id, reason=row.reason, by=row.by, since=row.since, until=row.until)
        asked = select(FileRequestRow).where(FileRequestRow.case == case, col(FileRequestRow.decided_at).is_(None))
        for request in session.exec(asked):  # what somebody has asked to see is not destroyed meanwhile
            yield Hold(id=str(uuid4()), reason=FILE_REQUEST, by="system", since=request.received_at)

    # --- what people say of a file -------------------------------------------------------------------

    def note(
        self,
        case: CaseRef,
        kinds: tuple[FileKind, ...],
        reader: Reader,
        now: datetime,
        closed_at: datetime | None = None,
    ) -> Refusal | None:
        """Says what kind of file it is, in place of what was said before."""
        with self.alone() as session:
            if refusal := self.refused(session, reader, "retention-note", now) or self._gone(session, case):
                return refusal
            row = session.get(RetentionFileRow, case) or RetentionFileRow(
                case=case, kinds=[], noted_at=now, noted_by=reader.user
            )
            row.kinds, row.closed_at = sorted(set(kinds)), closed_at
            row.noted_at, row.noted_by = now, reader.user
            session.add(row)
            self.told(session, reader, "retention-note", now, case=case)
        return None

    def hold(
        self, case: CaseRef, reason: Code, reader: Reader, now: datetime, until: datetime | None = None
    ) -> RequestKey | Refusal:
        """Holds a file back, beside whatever else holds it. Wins over a list that has been approved."""
        known = tuple(one.code for one in self.rules.reasons)
        if reason not in known:
            return Refusal(code="unknown-hold-reason", possible=known)
        if until is not None and until <= now:
            return Refusal(code="hold-ends-in-the-past")
        with self.alone() as session:
            if refusal := self.refused(session, reader, "retention-hold", now) or self._gone(session, case):
                return refusal
            row = RetentionHoldRow(id=str(uuid4()), case=case, reason=reason, by=reader.user, since=now, until=until)
            session.add(row)
            session.flush()
            self.told(session, reader, "retention-hold", now, case=case, subject=row.id, ground=reason)
            return row.id

    def release(self, case: CaseRef, hold: RequestKey, reader: Reader, now: datetime) -> Refusal | None:
        """Releases one hold; releasing it again changes nothing."""
        with self.alone() as session:
            if refusal := self.refused(session, reader, "retention-release", now):
                return refusal
            row = session.get(RetentionHoldRow, hold)
            if row is None or row.case != case:
                return Refusal(code="no-such-hold")
            if row.released_at is None:
                row.released_at, row.released_by = now, reader.user
                session.add(row)
                self.told(session, reader, "retention-release", now, case=case, subject=row.id)
        return None

    def holds(self, case: CaseRef | None = None) -> list[RetentionHoldRow]:
        """The holds that have not been released, of one case or of all."""
        with reading(self.engine) as session:
            query = select(RetentionHoldRow).where(col(RetentionHoldRow.released_at).is_(None))
            query = query if case is None else query.where(RetentionHoldRow.case == case)
            rows = list(session.exec(query.order_by(col(RetentionHoldRow.since))))
            for row in rows:
                session.expunge(row)
            return rows

    # --- transactions --------------------------------------------------------------------------------

    def alone(self) -> AbstractContextManager[Session]:
        return one_at_a_time(self.audit)

    def told(self, session: Session, reader: Reader, action: Code, now: datetime, **more: object) -> None:
        """Writes the audit entry in the same transaction as what it tells of: both or neither."""
        entry = {"at": now.astimezone(UTC), "org": reader.org, "user": reader.user, "role": reader.role}
        self.audit.append(session, AuditEntry.model_validate(entry | {"action": action} | more))

    def refused(self, session: Session, reader: Reader, act: Code, now: datetime) -> Refusal | None:
        """Why somebody may not do this here; that they tried is kept. The table of roles and the gate must let them."""
        if reader.org != self.org:
            return Refusal(code="not-your-desk")
        refusal = by_role(session, reader, act, now) or self._gate(session, reader, act, now)
        if refusal is not None:
            self.told(session, reader, act, now, outcome=refusal.code)
        return refusal

    def _gone(self, session: Session, case: CaseRef) -> Refusal | None:
        """Whether a file can no longer be held: it is not here, or its keys are being destroyed."""
        entry = select(DisposalEntryRow).where(DisposalEntryRow.case == case)
        if session.exec(entry.where(col(DisposalEntryRow.state).in_(NO_WAY_BACK))).first() is not None:
            return Refusal(code="file-is-being-destroyed")
        return None if case in cases(session) else Refusal(code="no-such-file")


def is_entry(entry: AuditEntry, rules: RetentionRules) -> bool:
    """Whether an act in the audit is also an entry in the file. Looking at it, in whatever way, is none."""
    about_it = is_looking(entry) or entry.action in rules.entries.not_in_audit
    return not about_it and entry.outcome == "done"


@contextmanager
def one_at_a_time(audit: AuditLog) -> Iterator[Session]:
    """An audited write transaction, one at a time: on PostgreSQL by an advisory lock."""
    with audit.writing() as session:
        connection = session.connection()  # on SQLite this begins it, and takes the write lock
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": RETENTION_LOCK})
        yield session
