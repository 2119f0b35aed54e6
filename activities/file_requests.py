"""The desk's record of who asked to see a file, what was decided and which copies were made. Each step is audited in
its own transaction: without the audit entry nothing is recorded, and nothing goes out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from activities.documents import digest_of
from activities.stores import reading, writing
from models.access import Purpose, Reader
from models.audit import AuditEntry
from models.contracts import Refusal
from models.file_request_tables import FileCopyRow, FileRequestRow
from models.file_requests import Asker, FileClock, FileDecision, FileRequest, Harm, ItemContent, KeptRequest
from models.words import CaseRef, Code, ItemId, OrgId, RequestKey

Audit = Callable[[Session, AuditEntry], object]
"""Appends an entry in the caller's own transaction, or raises: then nothing else in it is kept either."""
ItemsFor = Callable[[FileRequest], tuple[ItemContent, ...]]
"""Everything in the vault that the request may concern, each with whom it tells of; audited where it is read."""


class FileRequests:
    """One desk's requests to see a file."""

    def __init__(self, org: OrgId, engine: Engine, audit: Audit) -> None:
        self.org = org
        self._engine = engine
        self._audit = audit

    def ask(self, request: FileRequest, clock: FileClock, by: Reader, now: datetime) -> KeptRequest:
        """Records a request; the same id again changes nothing and gives what is recorded.

        That it is proven by now is not overheard: that is recorded of the one there is.
        """
        with writing(self._engine) as session:
            known = session.get(FileRequestRow, request.id)
            if known is None:
                session.add(row_of(request, clock))
                self._append(session, request, by, now, "file-request")
            unproven = known is not None and not known.proven
        if unproven and request.proven:
            self.prove(request.id, request.behalf, by, now)
        return self.found(request.id) or KeptRequest(request=request, clock=clock)

    def prove(self, request: RequestKey, behalf: Asker | None, by: Reader, now: datetime) -> Refusal | None:
        """Records that identity has been checked, or for a lawyer the power of attorney: whom for, if that is new."""

        def note(row: FileRequestRow) -> Code:
            row.proven = True
            row.behalf = behalf.value if behalf else row.behalf
            return "done"

        return self._change(request, by, now, "file-prove", note)

    def found(self, request: RequestKey) -> KeptRequest | None:
        with reading(self._engine) as session:
            row = session.get(FileRequestRow, request)
            return self._kept(session, row) if row else None

    def listed(self, case: CaseRef | None = None) -> list[KeptRequest]:
        """Requests, of one case or of all, those that are to be answered first at the top."""
        with reading(self._engine) as session:
            query = select(FileRequestRow).order_by(
                col(FileRequestRow.decided_at).is_not(None), col(FileRequestRow.answer_by), col(FileRequestRow.id)
            )
            rows = session.exec(query if case is None else query.where(FileRequestRow.case == case))
            return [self._kept(session, row) for row in rows.all()]

    def test(self, request: RequestKey, item: ItemId, harm: Harm, by: Reader, now: datetime) -> Refusal | None:
        """Records the harm test of one thing; it can be made anew until the request is decided."""

        def note(row: FileRequestRow) -> Code:
            row.tests = row.tests | {item: harm.value}
            return harm.value

        return self._change(request, by, now, "file-test", note)

    def extend(self, request: RequestKey, clock: FileClock, ground: Code, by: Reader, now: datetime) -> Refusal | None:
        def note(row: FileRequestRow) -> Code:
            row.answer_by, row.limit_at = clock.answer_by, clock.limit
            row.extension_ground, row.extended_at = ground, now
            return ground

        return self._change(request, by, now, "file-extend", note)

    def decide(self, request: RequestKey, decision: FileDecision, by: Reader, now: datetime) -> Refusal | None:
        """Records the decision. Of two at the same time one counts; the other is told that it was decided before."""

        def note(row: FileRequestRow) -> Code:
            row.decided_at, row.outcome, row.gate = now, decision.outcome.value, decision.gate.value
            row.shown = list(decision.shown)
            row.withheld = [each.model_dump(mode="json") for each in decision.withheld]
            return decision.outcome.value

        return self._change(request, by, now, "file-decide", note, ground=decision.ground.value)

    def copied(
        self, request: RequestKey, make: Callable[[int], bytes], categories: tuple[Code, ...], by: Reader, now: datetime
    ) -> bytes | Refusal:
        """Makes the next copy of a document. Its number, digest and audit entry are kept before it is given."""
        with writing(self._engine) as session:
            row = locked(session, request)
            if row is None:
                return Refusal(code="unknown-file-request")
            number = copies(session, request) + 1
            made = make(number)
            session.add(FileCopyRow(request=request, copy_number=number, digest=digest_of(made), made_at=now))
            self._append(session, request_of(row, self.org), by, now, "file-package", categories=categories)
        return made

    def not_written(self, request: RequestKey, by: Reader, now: datetime) -> None:
        """A copy was made and then could not be written: nobody has it."""
        with writing(self._engine) as session:
            row = locked(session, request)
            if row is not None:
                self._append(session, request_of(row, self.org), by, now, "file-package", "not-written")

    def _change(
        self,
        request: RequestKey,
        by: Reader,
        now: datetime,
        action: Code,
        note: Callable[[FileRequestRow], Code],
        **more: Any,
    ) -> Refusal | None:
        with writing(self._engine) as session:
            row = locked(session, request)
            if row is None:
                return Refusal(code="unknown-file-request")
            if row.decided_at is not None:
                return Refusal(code="decided-before")
            outcome = note(row)
            session.add(row)
            self._append(session, request_of(row, self.org), by, now, action, outcome, **more)
        return None

    def _append(
        self,
        session: Session,
        request: FileRequest,
        by: Reader,
        now: datetime,
        action: Code,
        outcome: Code = "done",
        **more: Any,
    ) -> None:
        entry = AuditEntry(
            at=now,
            org=by.org,
            user=by.user,
            role=by.role,
            action=action,
            case=request.case,
            subject=request.id,
            purpose=Purpose.FILE_REQUEST,
            outcome=outcome,
            **more,
        )
        self._audit(session, entry)

    def _kept(self, session: Session, row: FileRequestRow) -> KeptRequest:
        return KeptRequest.model_validate(
            {
                "request": request_of(row, self.org),
                "clock": {"acknowledge_by": row.acknowledge_by, "answer_by": row.answer_by, "limit": row.limit_at},
                "tests": row.tests,
                "extension_ground": row.extension_ground,
                "decided_at": row.decided_at,
                "gate": row.gate,
                "outcome": row.outcome,
                "shown": row.shown,
                "withheld": row.withheld,
                "copies": copies(session, row.id),
            }
        )


def locked(session: Session, request: RequestKey) -> FileRequestRow | None:
    """The row, held until the transaction ends: two people never decide or number at once."""
    return session.exec(select(FileRequestRow).where(FileRequestRow.id == request).with_for_update()).first()


def copies(session: Session, request: RequestKey) -> int:
    highest = session.exec(select(func.max(FileCopyRow.copy_number)).where(FileCopyRow.request == request)).one()
    return highest or 0


def row_of(request: FileRequest, clock: FileClock) -> FileRequestRow:
    return FileRequestRow(
        id=request.id,
        case=request.case,
        regime=request.regime.value,
        asker=request.asker.value,
        behalf=request.behalf.value if request.behalf else None,
        proven=request.proven,
        asker_item=request.asker_item,
        received_at=request.received_at,
        acknowledge_by=clock.acknowledge_by,
        answer_by=clock.answer_by,
        limit_at=clock.limit,
    )


def request_of(row: FileRequestRow, org: OrgId) -> FileRequest:
    return FileRequest.model_validate(
        {
            "id": row.id,
            "org": org,
            "case": row.case,
            "regime": row.regime,
            "asker": row.asker,
            "behalf": row.behalf,
            "proven": row.proven,
            "received_at": row.received_at,
            "asker_item": row.asker_item,
        }
    )
