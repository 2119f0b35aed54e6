"""What two persons decide together: asked for by one, approved by another, good for once and for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import Update, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from activities.staff import Staff
from activities.stores import reading, writing
from models.access import Action, Obligation, Reader, Role, UserId
from models.access_tables import ApprovalRow
from models.contracts import Refusal
from models.words import CaseRef, RequestKey
from rules import access, rosters

LASTS = timedelta(hours=24)
"""How long a request waits, and an approval is good for: until the next day's shift, not longer."""


class Approval(NamedTuple):
    id: str
    action: Action
    case: CaseRef
    subject: str
    requested_by: UserId
    requested_at: datetime
    expires_at: datetime
    approved_by: UserId | None
    approved_at: datetime | None
    used_at: datetime | None
    review_by: datetime | None
    reviewed_by: UserId | None


class Approvals:
    """Requests for a second person at one desk. The database decides which of two simultaneous answers counts."""

    def __init__(self, staff: Staff) -> None:
        self.staff = staff
        self._engine = staff.desk.engine

    def get(self, approval: str) -> Approval | None:
        with reading(self._engine) as session:
            row = session.get(ApprovalRow, approval)
            return as_approval(row) if row else None

    def waiting(self, now: datetime, case: CaseRef | None = None) -> list[Approval]:
        """What waits for a second person, the oldest first."""
        unanswered = (col(ApprovalRow.approved_by).is_(None), col(ApprovalRow.used_at).is_(None))
        query = select(ApprovalRow).where(*unanswered, ApprovalRow.requested_at <= now, ApprovalRow.expires_at > now)
        query = query.where(ApprovalRow.case == case) if case is not None else query
        with reading(self._engine) as session:
            return [as_approval(row) for row in session.exec(query.order_by(col(ApprovalRow.requested_at)))]

    def request(
        self, by: Reader, action: Action, case: CaseRef, subject: str, now: datetime, *, reason: str | None = None
    ) -> Approval | Refusal:
        """Asks for a second person for one act on one thing. Asking again gives the request that stands.

        Refuses what the table denies, and `needs-no-second-person` (also at night, when one may do it alone).
        """
        with writing(self._engine) as session:
            refusal = self._needs_second(session, by, action, case, now, reason)
            if refusal is not None:
                return self.staff.told(session, by, action, now, refusal, case=case, subject=subject)
            standing = session.exec(live(action, case, subject, now).where(ApprovalRow.requested_by == by.user)).first()
            if standing is not None:
                return as_approval(standing)
            row = ApprovalRow(
                id=str(uuid4()),
                action=action,
                case=case,
                subject=subject,
                requested_by=by.user,
                requested_at=now,
                expires_at=now + LASTS,
            )
            session.add(row)
            self.staff.note(session, by, "approval-requested", now, case=case, subject=row.id, ground=action)
            return as_approval(row)

    def _needs_second(
        self, session: Session, by: Reader, action: Action, case: CaseRef, now: datetime, reason: str | None
    ) -> Refusal | None:
        category = access.CATEGORY_OF.get(action)
        decision = self.staff.decided(session, by, action, case, now, category)
        if not decision.permitted:
            return Refusal(code=decision.reason)
        if Obligation.REASON in decision.obligations and reason is None:
            return Refusal(code="access-reason-needed")
        return None if Obligation.SECOND_PERSON in decision.obligations else Refusal(code="needs-no-second-person")

    def approve(self, by: Reader, approval: str, now: datetime, *, stepped_up: bool) -> Approval | Refusal:
        """Approves another's request. Of two at the same time one counts, and the other is told so.

        Refuses what the table denies, `step-up-needed`, `no-such-request`, `not-oneself`, `word-is-anothers`,
        `already-approved`, `request-expired`.
        """
        with writing(self._engine) as session:
            row = session.get(ApprovalRow, approval)
            if row is None:
                return self.staff.told(session, by, Action.APPROVE, now, Refusal(code="no-such-request"))
            case = CaseRef(row.case)
            refusal = self.staff.refused(session, by, Action.APPROVE, now, case, stepped_up=stepped_up)
            if refusal is None and row.requested_by == by.user:
                refusal = Refusal(code="not-oneself")
            if refusal is None and self.staff.may_be_one_person(session, by.user, row.requested_by):
                refusal = Refusal(code="word-is-anothers")
            if refusal is None and not self._took(session, by, approval, now):
                session.refresh(row)
                refusal = Refusal(code="already-approved" if row.approved_by else "request-expired")
            if refusal is not None:
                return self.staff.told(session, by, Action.APPROVE, now, refusal, case=case, subject=approval)
            self.staff.note(session, by, "approved", now, case=case, subject=approval, ground=row.action)
            session.refresh(row)
            return as_approval(row)

    def _took(self, session: Session, by: Reader, approval: str, now: datetime) -> bool:
        """Compare and set: approved by this one, if by nobody yet, not by who asked, and still in time."""
        still = (
            col(ApprovalRow.id) == approval,
            col(ApprovalRow.approved_by).is_(None),
            col(ApprovalRow.used_at).is_(None),
            col(ApprovalRow.requested_by) != by.user,
            col(ApprovalRow.requested_at) <= now,
            col(ApprovalRow.expires_at) > now,
        )
        return changed(session, update(ApprovalRow).where(*still).values(approved_by=by.user, approved_at=now)) == 1

    def settle(
        self,
        session: Session,
        by: Reader,
        action: Action,
        case: CaseRef,
        subject: str,
        now: datetime,
        key: RequestKey,
        *,
        reason: str | None = None,
    ) -> Refusal | None:
        """Whether the act may now be done, as far as persons go; to be asked in the transaction that does it.

        Uses up an approval that `by` asked for, or keeps that one person did it alone at night, for review. The same
        `key` again is the same act: it needs nothing more. Refuses what the table denies, `second-person-needed`.
        """
        this = (ApprovalRow.case == case, ApprovalRow.subject == subject, ApprovalRow.requested_by == by.user)
        same = (ApprovalRow.used_for == key, ApprovalRow.action == action, col(ApprovalRow.used_at) > now - LASTS)
        refusal = self._needs_second(session, by, action, case, now, reason)
        denied = refusal is not None and refusal.code != "needs-no-second-person"
        if not denied and session.exec(select(ApprovalRow).where(*this, *same)).first() is not None:
            return None
        if refusal is not None and refusal.code == "needs-no-second-person" and action in access.BY_TWO:
            self._alone(session, by, action, case, subject, now, key)
            return None
        if refusal is None and not self._spent(session, by, action, case, subject, now, key):
            refusal = Refusal(code="second-person-needed")
        return refusal

    def _spent(
        self, session: Session, by: Reader, action: Action, case: CaseRef, subject: str, now: datetime, key: RequestKey
    ) -> bool:
        """Compare and set: an approval is good for one act."""
        query = live(action, case, subject, now).where(ApprovalRow.requested_by == by.user)
        row = session.exec(query.where(col(ApprovalRow.approved_by).is_not(None))).first()
        if row is None:
            return False
        unused = (col(ApprovalRow.id) == row.id, col(ApprovalRow.used_at).is_(None))
        return changed(session, update(ApprovalRow).where(*unused).values(used_at=now, used_for=key)) == 1

    def _alone(
        self, session: Session, by: Reader, action: Action, case: CaseRef, subject: str, now: datetime, key: RequestKey
    ) -> None:
        row = ApprovalRow(
            id=str(uuid4()),
            action=action,
            case=case,
            subject=subject,
            requested_by=by.user,
            requested_at=now,
            expires_at=now,
            used_at=now,
            used_for=key,
            review_by=rosters.review_by(now, self.staff.desk.calendar),
        )
        session.add(row)
        self.staff.note(session, by, "done-alone", now, case=case, subject=row.id, ground=action)

    def unreviewed(self) -> list[Approval]:
        """What one person did alone and nobody else has looked at, the most pressing first."""
        query = select(ApprovalRow).where(col(ApprovalRow.review_by).is_not(None))
        query = query.where(col(ApprovalRow.reviewed_by).is_(None)).order_by(col(ApprovalRow.review_by))
        with reading(self._engine) as session:
            return [as_approval(row) for row in session.exec(query)]

    def review(self, by: Reader, approval: str, now: datetime) -> Refusal | None:
        """Says that somebody else has looked at it. Refuses `not-for-this-role`, `not-oneself`, `nothing-to-review`."""
        unseen = (col(ApprovalRow.id) == approval, col(ApprovalRow.reviewed_by).is_(None))
        owed = (col(ApprovalRow.review_by).is_not(None), col(ApprovalRow.requested_by) != by.user)
        with writing(self._engine) as session:
            row = session.get(ApprovalRow, approval)
            refusal = self._may_review(session, by, row, now)
            seen = update(ApprovalRow).where(*unseen, *owed).values(reviewed_by=by.user, reviewed_at=now)
            if refusal is None and changed(session, seen) != 1:
                refusal = Refusal(code="nothing-to-review")
            if refusal is not None:
                return self.staff.told(session, by, Action.READ_AUDIT, now, refusal, subject=approval)
            self.staff.note(session, by, "reviewed", now, case=row.case if row else None, subject=approval)
        return None

    def _may_review(self, session: Session, by: Reader, row: ApprovalRow | None, now: datetime) -> Refusal | None:
        decision = self.staff.decided(session, by, Action.READ_AUDIT, None, now)
        if not decision.permitted:
            return Refusal(code=decision.reason)
        if by.role is not Role.UNIT_MANAGER:
            return Refusal(code="not-for-this-role")
        return Refusal(code="not-oneself") if row is not None and row.requested_by == by.user else None


def live(action: Action, case: CaseRef, subject: str, now: datetime) -> SelectOfScalar[ApprovalRow]:
    """Requests for this very act, neither used nor out of time; none before they were made, by a clock set back."""
    this = (ApprovalRow.action == action, ApprovalRow.case == case, ApprovalRow.subject == subject)
    in_time = (col(ApprovalRow.used_at).is_(None), ApprovalRow.requested_at <= now, ApprovalRow.expires_at > now)
    return select(ApprovalRow).where(*this, *in_time)


def changed(session: Session, statement: Update) -> int:
    """How many rows a statement changed. What the session has not written yet is written first."""
    session.flush()
    return int(session.connection().execute(statement).rowcount)


def as_approval(row: ApprovalRow) -> Approval:
    return Approval(
        row.id,
        Action(row.action),
        CaseRef(row.case),
        row.subject,
        row.requested_by,
        row.requested_at,
        row.expires_at,
        row.approved_by,
        row.approved_at,
        row.used_at,
        row.review_by,
        row.reviewed_by,
    )
