"""A case's need-to-know list at one desk, and the glass that may be broken when somebody who is not on it must act."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import update
from sqlmodel import Session, col, delete, select

from activities.staff import Staff
from activities.standing import live_access
from activities.stores import reading, writing
from models.access import Action, Alert, Reader, Relation, Role, UserId
from models.access_tables import ApprovalRow, BreakGlassRow, CaseAccessRow, CaseLinkRow
from models.contracts import Refusal
from models.words import CaseRef, Code
from rules import access, rosters

GLASS_LASTS = timedelta(hours=3)
GLASS_REASONS = ("life-in-danger", "person-is-here", "handler-unreachable", "incident")
"""Why it can't wait. A code, so that nothing about the person is written into an alert."""
GRANT_REASONS = ("handles-case", "second-handler", "stands-in", "takes-over", "acute")
TOLD_OF_GLASS = ("manager-on-call", "security", "data-protection-officer")
"""At once, by function: the manager on call and security, with a copy to the data protection officer."""


class Named(NamedTuple):
    """One entry of the list, as it is shown."""

    user: UserId
    relation: Relation
    by: UserId
    reason: Code
    since: datetime
    until: datetime | None
    ended_at: datetime | None


class BrokenGlass(NamedTuple):
    """Glass that has been broken, with whom to tell of it at once."""

    id: str
    user: UserId
    case: CaseRef
    reason: Code
    at: datetime
    until: datetime
    review_by: datetime
    alerts: tuple[Alert, ...]


def name_on_case(
    session: Session, case: CaseRef, user: UserId, by: UserId, now: datetime, reason: Code = "handles-case"
) -> bool:
    """Puts somebody on a case's list in the caller's write transaction; twice is once. Returns whether it was new.

    For those who come to a case by their work: who opens it, and who acknowledges what the desk was asked. Anybody
    else is put there by `NeedToKnow.grant`.
    """
    already = session.exec(live_access(case, user, now)).all()
    if any(each.relation == Relation.NAMED for each in already):
        return False
    session.add(
        CaseAccessRow(id=str(uuid4()), case=case, user=user, relation=Relation.NAMED, by=by, reason=reason, since=now)
    )
    return True


def forget(session: Session, case: CaseRef) -> None:
    """Erases what this desk knows of who could see a case, when the case is disposed of. The audit stands."""
    for table in (CaseAccessRow, ApprovalRow, BreakGlassRow, CaseLinkRow):
        session.exec(delete(table).where(col(table.case) == case))


class NeedToKnow:
    """Who is on which case's list, and by whom, why and until when."""

    def __init__(self, staff: Staff) -> None:
        self.staff = staff
        self._engine = staff.desk.engine

    def listed(self, case: CaseRef, now: datetime, *, ended: bool = False) -> list[Named]:
        """Who is on the list now, in order of time; with `ended`, also who has been."""
        query = select(CaseAccessRow).where(CaseAccessRow.case == case).order_by(col(CaseAccessRow.since))
        with reading(self._engine) as session:
            return [as_named(row) for row in session.exec(query if ended else live_access(case, now=now))]

    def cases_of(self, user: UserId, now: datetime) -> list[CaseRef]:
        """The cases that somebody is on the list of."""
        with reading(self._engine) as session:
            return [CaseRef(row.case) for row in session.exec(live_access(user=user, now=now))]

    def grant(
        self,
        by: Reader,
        case: CaseRef,
        user: UserId,
        reason: Code,
        now: datetime,
        *,
        relation: Relation = Relation.NAMED,
        until: datetime | None = None,
    ) -> Refusal | None:
        """Puts a colleague on a case's list; `relation` on-call: for acute protection only.

        Whoever is on duty names somebody while nobody is; a list that somebody is on is the managers' to change.

        Refuses what the table denies, `not-oneself`, `unknown-account`, `already-listed`, `ends-before-it-begins`,
        `access-reason-needed`.
        """
        with writing(self._engine) as session:
            nobody = session.exec(live_access(case, now=now)).first() is None
            action = Action.NAME_FIRST if nobody else Action.GRANT_ACCESS
            refusal = self._may_change(session, by, case, user, reason, now, action)
            if refusal is None:
                refusal = self._can_be_listed(session, case, user, relation, now, until)
            if refusal is not None:
                return self.staff.told(session, by, Action.GRANT_ACCESS, now, refusal, case=case, subject=user)
            session.add(
                CaseAccessRow(
                    id=str(uuid4()),
                    case=case,
                    user=user,
                    relation=relation,
                    by=by.user,
                    reason=reason,
                    since=now,
                    until=until,
                )
            )
            self.staff.note(session, by, "access-granted", now, case=case, subject=user, ground=reason)
        return None

    def take_up(
        self, session: Session, by: Reader, case: CaseRef, now: datetime, *, unless_somebody_is: bool = False
    ) -> bool:
        """Puts whoever opens a case, or takes up what the desk was asked, on its list, in the act's own transaction.

        Only an account that handles cases; with `unless_somebody_is` only while nobody is on the list, so that taking
        part in a case that others have is no way onto it. Returns whether it was new; if so, it is audited.
        """
        if by.org != self.staff.desk.org or by.role not in access.HANDLERS or not self.staff.has_role(session, by):
            return False
        if unless_somebody_is and session.exec(live_access(case, now=now)).first() is not None:
            return False
        new = name_on_case(session, case, by.user, by.user, now)
        if new:
            self.staff.note(session, by, "access-granted", now, case=case, subject=by.user, ground="handles-case")
        return new

    def revoke(self, by: Reader, case: CaseRef, user: UserId, reason: Code, now: datetime) -> Refusal | None:
        """Takes somebody off a case's list, from this instant. Refuses as `grant`, and `not-listed`."""
        with writing(self._engine) as session:
            refusal = self._may_change(session, by, case, user, reason, now)
            rows = session.exec(live_access(case, user)).all()
            if refusal is None and not rows:
                refusal = Refusal(code="not-listed")
            if refusal is not None:
                return self.staff.told(session, by, Action.GRANT_ACCESS, now, refusal, case=case, subject=user)
            for row in rows:
                row.ended_at, row.ended_by = now, by.user
                session.add(row)
            self.staff.note(session, by, "access-revoked", now, case=case, subject=user, ground=reason)
        return None

    def _may_change(
        self,
        session: Session,
        by: Reader,
        case: CaseRef,
        user: UserId,
        reason: Code,
        now: datetime,
        action: Action = Action.GRANT_ACCESS,
    ) -> Refusal | None:
        known = reason if reason in GRANT_REASONS else None
        refusal = self.staff.refused(session, by, action, now, case, reason=known)
        if refusal is not None and by.role is Role.ON_CALL and refusal.code == "not-for-this-role":
            return Refusal(code="list-is-the-managers")
        if refusal is not None and refusal.code == "access-reason-needed":
            return Refusal(code=refusal.code, possible=GRANT_REASONS)
        return refusal or (Refusal(code="not-oneself") if user == by.user else None)

    def _can_be_listed(
        self,
        session: Session,
        case: CaseRef,
        user: UserId,
        relation: Relation,
        now: datetime,
        until: datetime | None,
    ) -> Refusal | None:
        if relation not in (Relation.NAMED, Relation.ON_CALL):
            return Refusal(code="no-such-place-on-the-list")
        if until is not None and until <= now:
            return Refusal(code="ends-before-it-begins")
        if self.staff.active(session, user) is None:
            return Refusal(code="unknown-account")
        if any(row.relation == relation for row in session.exec(live_access(case, user, now))):
            return Refusal(code="already-listed")
        return None

    # --- breaking the glass --------------------------------------------------------------------------

    def break_glass(
        self, by: Reader, case: CaseRef, reason: Code, now: datetime, *, stepped_up: bool
    ) -> BrokenGlass | Refusal:
        """Lets somebody who is not on the list see the case for three hours. Whom to tell at once comes with it.

        Refuses what the table denies, `access-reason-needed`, `step-up-needed`.
        """
        with writing(self._engine) as session:
            known = reason if reason in GLASS_REASONS else None
            refusal = self.staff.refused(
                session, by, Action.BREAK_GLASS, now, case, stepped_up=stepped_up, reason=known
            )
            if refusal is not None:
                if refusal.code == "access-reason-needed":
                    refusal = Refusal(code=refusal.code, possible=GLASS_REASONS)
                return self.staff.told(session, by, Action.BREAK_GLASS, now, refusal, case=case)
            review = rosters.review_by(now, self.staff.desk.calendar)
            row = BreakGlassRow(
                id=str(uuid4()),
                case=case,
                user=by.user,
                role=by.role,
                reason=reason,
                at=now,
                until=now + GLASS_LASTS,
                review_by=review,
            )
            session.add(row)
            self.staff.note(session, by, "break-glass", now, case=case, subject=row.id, ground=reason)
            return self._as_glass(row)

    def owed_alerts(self) -> list[BrokenGlass]:
        """Broken glass that nobody has been told of yet: what a program that ended too soon left behind."""
        query = select(BreakGlassRow).where(col(BreakGlassRow.told_at).is_(None)).order_by(col(BreakGlassRow.at))
        with reading(self._engine) as session:
            return [self._as_glass(row) for row in session.exec(query)]

    def told(self, glass: str, now: datetime) -> None:
        """The alerts of this glass have been handed on for delivery."""
        unsaid = (col(BreakGlassRow.id) == glass, col(BreakGlassRow.told_at).is_(None))
        with writing(self._engine) as session:
            session.exec(update(BreakGlassRow).where(*unsaid).values(told_at=now))

    def unreviewed(self) -> list[BrokenGlass]:
        """Broken glass that nobody else has looked at, the most pressing first."""
        query = select(BreakGlassRow).where(col(BreakGlassRow.reviewed_by).is_(None))
        with reading(self._engine) as session:
            rows = session.exec(query.order_by(col(BreakGlassRow.review_by)))
            return [self._as_glass(row) for row in rows]

    def review(self, by: Reader, glass: str, now: datetime) -> Refusal | None:
        """Says that broken glass has been looked at: by whoever reviews the log, and never by who broke it."""
        with writing(self._engine) as session:
            row = session.get(BreakGlassRow, glass, with_for_update=True)
            decision = self.staff.decided(session, by, Action.READ_AUDIT, None, now)
            refusal = None if decision.permitted else Refusal(code=decision.reason)
            if refusal is None and (row is None or row.reviewed_by is not None):
                refusal = Refusal(code="nothing-to-review")
            if refusal is None and row is not None and row.user == by.user:
                refusal = Refusal(code="not-oneself")
            if refusal is not None or row is None:
                refusal = refusal or Refusal(code="nothing-to-review")
                return self.staff.told(session, by, Action.READ_AUDIT, now, refusal, subject=glass)
            row.reviewed_by, row.reviewed_at = by.user, now
            session.add(row)
            self.staff.note(session, by, "reviewed", now, case=row.case, subject=glass)
        return None

    def _as_glass(self, row: BreakGlassRow) -> BrokenGlass:
        alerts = tuple(
            Alert(id=f"glass/{row.id}/{role}", org=self.staff.desk.org, role=role, about="break-glass", case=row.case)
            for role in TOLD_OF_GLASS
        )
        case = CaseRef(row.case)
        return BrokenGlass(row.id, row.user, case, row.reason, row.at, row.until, row.review_by, alerts)


def as_named(row: CaseAccessRow) -> Named:
    return Named(row.user, Relation(row.relation), row.by, row.reason, row.since, row.until, row.ended_at)
