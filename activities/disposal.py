"""Disposal at a desk: its list is drawn, approved or refused by the archive role, carried out, and certified.

The plane can ask for a list to be carried out; it can't approve one. What was approved, and by whom, stands in the
desk's own store, and every file is judged once more before its keys are destroyed.

For each file, in this order: `destroying` is committed with its audit entry (from here there is no way back, and no
hold is taken any more), the keys are destroyed in the key store, the rows are deleted and `gone` is committed with its
audit entry. After a kill anywhere in between it is gone on with where it was; every step may be done twice.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4, uuid5

import rfc8785
import structlog
from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.erasure import erase, scrub
from activities.retention_files import Files
from activities.stores import reading
from models.access import Reader, Role, the_system
from models.contracts import Refusal
from models.retention import (
    DISPOSABLE,
    DISPOSE,
    LOOK,
    Carried,
    Errand,
    FileStatus,
    ListId,
    Looked,
    NotToBeDone,
    Reply,
    Verdict,
    WaitingList,
)
from models.retention_tables import DisposalCertificateRow, DisposalEntryRow, DisposalListRow
from models.words import CaseRef, Digest, OrgId

MOST_APART = timedelta(days=1)
"""How far this machine's clock and the plane's may differ before nothing is judged by either."""
log = structlog.get_logger(__name__)


class DestroysKeys(Protocol):
    """What disposal needs of a desk's key store (`activities.case_keys.CaseKeys`)."""

    def destroy(self, case: CaseRef) -> Any:
        """Destroys every key of a case. Again is harmless."""


class ListTampered(Exception):
    """The list in the store is not the one that was approved. Nothing more of it is destroyed."""


class Disposal:
    """One desk's disposal. `tell` is called with the list that waits, so that the archive role can be told of it."""

    def __init__(
        self,
        files: Files,
        keys: DestroysKeys,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        tell: Callable[[WaitingList], None] = lambda _: None,
        untie: Callable[[Session, CaseRef], None] = lambda _, __: None,
    ) -> None:
        self.files, self._keys, self._untie = files, keys, untie
        self._clock, self._tell = clock, tell
        self._system = the_system(files.org)

    # --- the list ------------------------------------------------------------------------------------

    def due(self, now: datetime) -> list[Verdict]:
        """The files that may be disposed of now, those with the nearest last day first."""
        found = [one for one in self.files.verdicts(now) if one.status in DISPOSABLE]
        return sorted(found, key=lambda one: (one.last_day is None, one.last_day or one.first_day, one.case))

    def draw(self, now: datetime) -> tuple[WaitingList | None, datetime | None]:
        """The list that waits, drawn now if none did, and when the next file may fall due.

        A list that waits stays as it is while all of its files may still be disposed of. If one may not, another list
        takes its place, with another id: what somebody has read is never what somebody else has changed.
        """
        verdicts = self.files.verdicts(now)
        wake = min((one.wake_at for one in verdicts if one.wake_at is not None), default=None)
        due = {one.case: one for one in verdicts if one.status in DISPOSABLE}
        with self.files.alone() as session:
            before = open_list(session)
            if before is not None and (before.state == "approved" or self._stands(session, before, due)):
                return waiting(before), wake
            if before is not None:
                self._close(session, before, "replaced")
            if not due:
                return None, wake
            ordered = sorted(
                due.values(), key=lambda one: (one.last_day is None, one.last_day or one.first_day, one.case)
            )
            drawn = self._drawn(session, ordered[: self.files.rules.pace.files_per_list], now)
            self.files.told(session, self._system, "draw-disposal-list", now, subject=drawn.id)
            return drawn, wake

    def _stands(self, session: Session, before: DisposalListRow, due: dict[CaseRef, Verdict]) -> bool:
        return all(entry.case in due for entry in entries_of(session, before.id))

    def _drawn(self, session: Session, chosen: list[Verdict], now: datetime) -> WaitingList:
        list_id, nonce = str(uuid4()), secrets.token_hex(16)
        rows = [entry_of(list_id, one) for one in chosen]
        digest = digest_of(list_id, nonce, rows)
        row = DisposalListRow(
            id=list_id, state="waiting", slot=1, files=len(rows), digest=digest, nonce=nonce, drawn_at=now
        )
        session.add(row)
        session.flush()
        session.add_all(rows)
        return waiting(row)

    def _close(self, session: Session, row: DisposalListRow, state: str) -> None:
        """A list that is over: which files were on it is forgotten, and so is what its digest could be tried with."""
        for entry in entries_of(session, row.id):
            session.delete(entry)
        row.state, row.slot, row.nonce = state, None, None
        session.add(row)
        session.flush()

    def current(self) -> tuple[DisposalListRow, list[DisposalEntryRow]] | None:
        """The list that waits or is being carried out, with its files; None when there is none."""
        with reading(self.files.engine) as session:
            row = open_list(session)
            if row is None:
                return None
            entries = entries_of(session, row.id)
            for each in (row, *entries):
                session.expunge(each)
            return row, entries

    def list_by_id(self, list_id: ListId) -> DisposalListRow | None:
        """A list, also one that is over."""
        with reading(self.files.engine) as session:
            return session.get(DisposalListRow, list_id)

    # --- the archive role decides --------------------------------------------------------------------

    def approve(self, list_id: ListId, digest: Digest, reader: Reader, now: datetime) -> WaitingList | Refusal:
        """Approves the list that was read, and no other. The same person again gets the same answer."""
        return self._decide("approve-disposal", list_id, digest, reader, now)

    def refuse(self, list_id: ListId, digest: Digest, reader: Reader, now: datetime) -> WaitingList | Refusal:
        """Refuses a list: nothing is destroyed, and its files come back on a later one."""
        return self._decide("refuse-disposal", list_id, digest, reader, now)

    def _decide(self, act: str, list_id: ListId, digest: str, reader: Reader, now: datetime) -> WaitingList | Refusal:
        done = "approved" if act == "approve-disposal" else "refused"
        with self.files.alone() as session:
            if refusal := self.files.refused(session, reader, act, now):
                return refusal
            row = session.get(DisposalListRow, list_id)
            if row is None:
                return Refusal(code="no-such-list")
            if row.digest != digest:
                return Refusal(code="list-has-changed")
            if row.state == done and row.decided_by == reader.user:
                return waiting(row)
            if row.state != "waiting":
                return Refusal(code="list-is-approved" if row.state == "approved" else "list-is-over", detail=row.state)
            if digest_of(row.id, row.nonce, entries_of(session, row.id)) != digest:
                return Refusal(code="list-has-changed")
            row.decided_at, row.decided_by, row.decided_as = now, reader.user, reader.role.value
            answer = waiting(row)
            if done == "approved":
                row.state = done
                session.add(row)
            else:
                self._close(session, row, done)
            self.files.told(session, reader, act, now, subject=row.id)
            return answer.model_copy(update={"approved": done == "approved"})

    # --- carrying it out -----------------------------------------------------------------------------

    def dispose(self, list_id: ListId, now: datetime, at_most: int | None = None) -> Carried | NotToBeDone:
        """Destroys the files of an approved list, some at a time, and certifies it when none is left.

        Raises:
            ListTampered: the list is not what was approved.
            CannotAudit: the audit can't be written; then nothing (more) was destroyed.
        """
        with reading(self.files.engine) as session:
            row = session.get(DisposalListRow, list_id)
            if row is None or row.state not in ("approved", "carried-out"):
                return NotToBeDone()
            entries = entries_of(session, list_id)
            state, digest, nonce = row.state, row.digest, row.nonce
            todo = [
                CaseRef(e.case) for e in sorted(entries, key=lambda e: (e.state != "destroying", e.case)) if is_left(e)
            ]
            approver = decider(self.files.org, row)
            if state == "approved" and digest_of(list_id, nonce, entries) != digest:
                raise ListTampered
        chosen = todo[: at_most or self.files.rules.pace.files_at_once]
        for case in chosen:
            self._dispose_of(list_id, case, approver, now)
        left = len(todo) - len(chosen)
        if left:
            return Carried(left=left)
        certificate = self._certify(list_id, approver, now)
        scrub(self.files.engine)
        return Carried(left=0, certificate=certificate)

    def _dispose_of(self, list_id: ListId, case: CaseRef, approver: Reader, now: datetime) -> None:
        """One file, from wherever an earlier attempt left it."""
        if self._point_of_no_return(list_id, case, approver, now):
            self._keys.destroy(case)
            with self.files.alone() as session:
                entry = session.get(DisposalEntryRow, (list_id, case))
                if entry is not None and entry.state == "destroying":
                    erase(session, case)
                    entry.state = "gone"
                    session.add(entry)
                    self.files.told(session, approver, "dispose", now, case=case, subject=list_id)

    def _point_of_no_return(self, list_id: ListId, case: CaseRef, approver: Reader, now: datetime) -> bool:
        """Whether the file is to be destroyed, judged once more: what has come in between spares it."""
        with reading(self.files.engine) as session:
            entry = session.get(DisposalEntryRow, (list_id, case))
            if entry is None or entry.state != "listed":
                return entry is not None and entry.state == "destroying"
        known, offset = self.files.known(case)
        with self.files.alone() as session:
            entry = session.get(DisposalEntryRow, (list_id, case))
            if entry is None or entry.state != "listed":
                return entry is not None and entry.state == "destroying"
            said = self.files.judged(session, known, offset, now)
            if said.status in DISPOSABLE:
                entry.state = "destroying"
                self._untie(session, case)  # the ties of other cases to this one, while its keys can tell which
                self.files.told(session, approver, "dispose", now, case=case, subject=list_id, outcome="begun")
            else:
                entry.state, entry.why = "spared", why_spared(said)
                self.files.told(session, approver, "dispose", now, case=case, subject=list_id, outcome=entry.why)
            session.add(entry)
            return said.status in DISPOSABLE

    # --- certificates --------------------------------------------------------------------------------

    def _certify(self, list_id: ListId, approver: Reader, now: datetime) -> str:
        """One certificate for each list, also when two programs come to its end at once."""
        with self.files.alone() as session:
            earlier = session.exec(
                select(DisposalCertificateRow).where(DisposalCertificateRow.list_id == list_id)
            ).first()
            if earlier is not None:
                return earlier.id
            row = session.get_one(DisposalListRow, list_id)
            content = self._certificate(row, entries_of(session, list_id), now)
            session.add(
                DisposalCertificateRow(
                    id=content["certificate"],
                    list_id=list_id,
                    content=content,
                    digest=hashlib.sha256(rfc8785.dumps(content)).hexdigest(),
                    issued_at=now,
                )
            )
            self._close(session, row, "carried-out")
            self.files.told(session, approver, "certify-disposal", now, subject=content["certificate"])
            return str(content["certificate"])

    def _certificate(self, row: DisposalListRow, entries: list[DisposalEntryRow], now: datetime) -> dict[str, Any]:
        """What is certified: numbers, rules and days. No reference, no person, not even whose account approved it."""
        gone = [entry for entry in entries if entry.state == "gone"]
        basis = {rule.code: rule.basis for rule in self.files.rules.rules}
        by_rule = Counter(entry.rule for entry in gone)
        return {
            "certificate": str(uuid5(UUID(row.id), "certificate")),
            "org": self.files.org,
            "list": row.id,
            "list_digest": row.digest,
            "files": len(gone),
            "rules": [{"rule": r, "basis": basis.get(r, ""), "files": n} for r, n in sorted(by_rule.items())],
            "spared": dict(sorted(Counter(entry.why or "" for entry in entries if entry.state == "spared").items())),
            "due_from": min((entry.first_day.isoformat() for entry in gone), default=None),
            "due_to": max((entry.first_day.isoformat() for entry in gone), default=None),
            "drawn_at": written(row.drawn_at),
            "approved_at": written(row.decided_at),
            "approved_as": row.decided_as,
            "carried_out_at": written(now),
        }

    def certificate(self, certificate: str) -> DisposalCertificateRow | None:
        with reading(self.files.engine) as session:
            return session.get(DisposalCertificateRow, certificate)

    def certificates(self) -> list[DisposalCertificateRow]:
        """Every certificate, the newest first."""
        with reading(self.files.engine) as session:
            rows = list(
                session.exec(select(DisposalCertificateRow).order_by(col(DisposalCertificateRow.issued_at).desc()))
            )
            for row in rows:
                session.expunge(row)
            return rows

    # --- what the plane asks -------------------------------------------------------------------------

    @activity.defn(name=LOOK)
    def look(self, errand: Errand) -> Reply:
        """Says whether a list waits. Which files are on it is told to nobody outside the desk."""
        now = self._now(errand)
        found, wake = self.draw(now)
        if found is not None and not found.approved:
            self._tell(found)
        return Reply(errand=errand.id, digest=errand.digest, answer=Looked(list=found, next_at=wake))

    @activity.defn(name=DISPOSE)
    def carry_out(self, errand: Errand) -> Reply:
        """Goes on with a list that the archive role has approved at this desk."""
        now = self._now(errand)
        answer = self.dispose(errand.list, now) if errand.list is not None else NotToBeDone()
        return Reply(errand=errand.id, digest=errand.digest, answer=answer)

    def _now(self, errand: Errand) -> datetime:
        """This machine's clock, if the plane's agrees with it by and large.

        Raises:
            ApplicationError: the errand is another desk's, or one of the clocks is wrong.
        """
        if errand.org != self.files.org:
            raise ApplicationError("this errand is for another desk", type="WrongDesk", non_retryable=True)
        now = self._clock()
        if abs(now - errand.next_try) > MOST_APART:
            log.error("the clocks of this desk and the plane differ; nothing is disposed of", desk=self.files.org)
            raise ApplicationError("the clocks of desk and plane differ", type="ClocksDiffer", non_retryable=True)
        return now


def open_list(session: Session) -> DisposalListRow | None:
    return session.exec(select(DisposalListRow).where(DisposalListRow.slot == 1)).first()


def entries_of(session: Session, list_id: ListId) -> list[DisposalEntryRow]:
    query = select(DisposalEntryRow).where(DisposalEntryRow.list_id == list_id)
    return list(session.exec(query.order_by(col(DisposalEntryRow.case))))


def entry_of(list_id: ListId, said: Verdict) -> DisposalEntryRow:
    if said.rule is None or said.first_day is None:
        raise ValueError("a file that no rule lets go is not put on a list")
    return DisposalEntryRow(
        list_id=list_id,
        case=said.case,
        kinds=list(said.kinds),
        rule=said.rule,
        first_day=said.first_day,
        last_day=said.last_day,
    )


def decider(org: OrgId, row: DisposalListRow) -> Reader:
    """Who approved a list."""
    if row.decided_by is None or row.decided_as is None:
        raise ListTampered
    return Reader(org=org, user=row.decided_by, role=Role(row.decided_as))


def is_left(entry: DisposalEntryRow) -> bool:
    return entry.state in ("listed", "destroying")


def waiting(row: DisposalListRow) -> WaitingList:
    return WaitingList(id=row.id, digest=row.digest, files=row.files, approved=row.state == "approved")


def digest_of(list_id: ListId, nonce: str | None, entries: Iterable[DisposalEntryRow]) -> Digest:
    """What is approved: exactly these files, for these reasons. The order they stand in does not matter."""
    told = [
        [e.case, sorted(e.kinds), e.rule, e.first_day.isoformat(), e.last_day.isoformat() if e.last_day else None]
        for e in sorted(entries, key=lambda entry: entry.case)
    ]
    return hashlib.sha256(rfc8785.dumps({"list": list_id, "nonce": nonce, "files": told})).hexdigest()


def why_spared(said: Verdict) -> str:
    """Why a file on an approved list was not destroyed, as a code."""
    if said.status is FileStatus.KEPT and said.because:
        return said.because[-1].code
    return {FileStatus.OPEN: "case-open", FileStatus.HELD: "held"}.get(said.status, "not-due")


def written(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat(timespec="seconds") if instant else None
