"""Reading the register: the case index, histories, deadlines and what is still to be sent."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import CompoundSelect, Engine, func, text, union
from sqlmodel import Session, col, select

from activities.stores import reading
from models.case import Receipt
from models.handoffs import Deadline
from models.packs import RulePack
from models.register import (
    CaseEventRow,
    CaseRow,
    DeadlineRow,
    EventDeliveryRow,
    EventRow,
    FiringRow,
    HandoffRow,
    OrganisationRow,
    OutboxRow,
    RequestKeyRow,
    RulePackRow,
)
from models.words import CaseRef, OrgId, RequestKey

Row = TypeVar("Row")


class RegisterView:
    """Everything that may be asked of the register. Takes no write lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def receipt(self, key: RequestKey) -> tuple[CaseRef, Receipt] | None:
        """The case in which a request key was answered, and the answer, however long ago."""
        with reading(self._engine) as session:
            row = session.get(RequestKeyRow, key)
            return (CaseRef(row.case), Receipt.model_validate(row.receipt)) if row else None

    def overslept(self, now: datetime, grace: timedelta) -> list[CaseRef]:
        """Open cases in which a rung should have fired more than `grace` ago and has not: something stands still."""
        with reading(self._engine) as session:
            query = select(DeadlineRow.case, DeadlineRow.next_at, CaseRow.clock_offset_seconds)
            query = query.join(CaseRow, col(CaseRow.ref) == col(DeadlineRow.case))
            query = query.where(col(CaseRow.closed_as).is_(None), col(DeadlineRow.ended_at).is_(None))
            rows = session.exec(query.where(col(DeadlineRow.next_at).is_not(None))).all()
        late = {case for case, at, offset in rows if at is not None and at + grace < now + timedelta(seconds=offset)}
        return sorted(CaseRef(case) for case in late)

    def cases(self, org: OrgId | None = None) -> list[CaseRow]:
        """The case index, newest first; with `org`, those in which it has sent or received a handoff or opened."""
        with reading(self._engine) as session:
            query = select(CaseRow).order_by(col(CaseRow.opened_at).desc())
            if org is not None:
                mine = select(HandoffRow.case).where((col(HandoffRow.requester) == org) | (HandoffRow.recipient == org))
                query = query.where((col(CaseRow.opener) == org) | col(CaseRow.ref).in_(mine))
            return detached(session, session.exec(query).all())

    def cases_about(self, org: OrgId) -> list[CaseRow]:
        """The case index as far as this organisation may be shown any of it, newest first. See `about`."""
        with reading(self._engine) as session:
            query = select(CaseRow).where(col(CaseRow.ref).in_(about(org)))
            return detached(session, session.exec(query.order_by(col(CaseRow.opened_at).desc())).all())

    def case(self, ref: CaseRef) -> CaseRow | None:
        with reading(self._engine) as session:
            row = session.get(CaseRow, ref)
            return detached(session, [row])[0] if row else None

    def pack_digest(self, ref: CaseRef) -> str | None:
        """Which rule pack a case carries; None while the register has not seen the case."""
        with reading(self._engine) as session:
            return session.exec(select(CaseRow.pack_digest).where(col(CaseRow.ref) == ref)).first()

    def pack(self, digest: str) -> RulePack | None:
        with reading(self._engine) as session:
            row = session.get(RulePackRow, digest)
            return RulePack.model_validate(row.content) if row else None

    def history(self, ref: CaseRef) -> list[CaseEventRow]:
        with reading(self._engine) as session:
            query = select(CaseEventRow).where(col(CaseEventRow.case) == ref).order_by(col(CaseEventRow.revision))
            return detached(session, session.exec(query).all())

    def firings(self, ref: CaseRef) -> list[FiringRow]:
        """Every rung that has fired, in the order it was recorded."""
        with reading(self._engine) as session:
            query = select(FiringRow).where(col(FiringRow.case) == ref)
            order = (col(FiringRow.revision), col(FiringRow.due), col(FiringRow.rung))
            return detached(session, session.exec(query.order_by(*order)).all())

    def handoffs(self, ref: CaseRef) -> list[HandoffRow]:
        """Every handoff of a case, ended ones too, in the order they were made."""
        with reading(self._engine) as session:
            rows = session.exec(select(HandoffRow).where(col(HandoffRow.case) == ref)).all()
            return detached(session, sorted(rows, key=lambda row: int(row.id[1:])))

    def status_changes(self, ref: CaseRef) -> list[tuple[int, str, str, str | None]]:
        """Every change of a handoff's status, in order: revision, handoff, status, business status."""
        with reading(self._engine) as session:
            query = select(EventRow.revision, EventRow.handoff, EventRow.content).where(col(EventRow.case) == ref)
            rows = session.exec(query.order_by(col(EventRow.position))).all()
        told = [(revision, handoff, json.loads(content)["data"]) for revision, handoff, content in rows]
        return [
            (revision, handoff, data["status"], data.get("businessStatus", {}).get("coding", [{}])[0].get("code"))
            for revision, handoff, data in told
        ]

    def deadlines(self, ref: CaseRef | None = None, *, ended: bool = False) -> list[DeadlineRow]:
        """Live deadlines, of one case or of all; with `ended`, those that have been met or fallen away too."""
        with reading(self._engine) as session:
            query = select(DeadlineRow).order_by(col(DeadlineRow.due))
            if not ended:
                query = query.where(col(DeadlineRow.ended_at).is_(None))
            if ref is not None:
                query = query.where(col(DeadlineRow.case) == ref)
            return detached(session, session.exec(query).all())

    def deadlines_about(self, org: OrgId) -> list[tuple[DeadlineRow, HandoffRow, CaseRow]]:
        """Live deadlines, each with its handoff and case, as far as this organisation may be shown any. See `about`."""
        with reading(self._engine) as session:
            live = (col(DeadlineRow.ended_at).is_(None), col(DeadlineRow.case).in_(about(org)))
            query = select(DeadlineRow, HandoffRow).where(*live).order_by(col(DeadlineRow.due))
            query = query.join(
                HandoffRow,
                (col(HandoffRow.case) == col(DeadlineRow.case)) & (col(HandoffRow.id) == col(DeadlineRow.handoff)),
            )
            found = session.exec(query).all()
            with_one = select(DeadlineRow.case).where(*live)
            cases = {row.ref: row for row in session.exec(select(CaseRow).where(col(CaseRow.ref).in_(with_one)))}
            session.expunge_all()
        return [(deadline, handoff, cases[deadline.case]) for deadline, handoff in found if deadline.case in cases]

    def open_between(
        self, *, recipient: OrgId | None = None, requester: OrgId | None = None
    ) -> list[tuple[HandoffRow, datetime | None, timedelta]]:
        """Open handoffs to or from an organisation: each with its earliest live deadline and its case's clock offset.

        Sorted by that deadline. With `requester`, its own work for itself is left out.
        """
        with reading(self._engine) as session:
            live = (
                (col(DeadlineRow.case) == col(HandoffRow.case))
                & (col(DeadlineRow.handoff) == col(HandoffRow.id))
                & col(DeadlineRow.ended_at).is_(None)
            )
            query = select(HandoffRow, func.min(DeadlineRow.due), CaseRow.clock_offset_seconds)
            query = query.join(CaseRow, col(CaseRow.ref) == col(HandoffRow.case)).outerjoin(DeadlineRow, live)
            query = query.where(col(HandoffRow.ended_at).is_(None))
            query = query.group_by(col(HandoffRow.case), col(HandoffRow.id), col(CaseRow.ref))
            if recipient is not None:
                query = query.where(HandoffRow.recipient == recipient)
            if requester is not None:
                query = query.where(HandoffRow.requester == requester, HandoffRow.recipient != requester)
            rows = session.exec(query).all()
            session.expunge_all()
        found = [(row, due, timedelta(seconds=offset)) for row, due, offset in rows]
        return sorted(found, key=lambda one: (one[1] is None, one[1]))

    def working_desks(self) -> set[OrgId]:
        """Organisations with a desk of their own that take part in a case that is not closed."""
        with reading(self._engine) as session:
            open_cases = select(CaseRow.ref).where(col(CaseRow.closed_as).is_(None))
            recipients = select(HandoffRow.recipient).where(col(HandoffRow.case).in_(open_cases))
            openers = select(CaseRow.opener).where(col(CaseRow.closed_as).is_(None))
            with_desk = select(OrganisationRow.id).where(col(OrganisationRow.desk))
            return set(session.exec(with_desk.where(col(OrganisationRow.id).in_(recipients.union(openers)))))

    def notices(self, ref: CaseRef) -> list[OutboxRow]:
        """Every notice that a case has given rise to, delivered or not."""
        with reading(self._engine) as session:
            query = select(OutboxRow).where(col(OutboxRow.case) == ref).order_by(col(OutboxRow.revision))
            return detached(session, session.exec(query).all())

    def undelivered(self, most: int) -> list[OutboxRow]:
        with reading(self._engine) as session:
            query = select(OutboxRow).where(col(OutboxRow.delivered_at).is_(None)).order_by(col(OutboxRow.id))
            return detached(session, session.exec(query.limit(most)).all())

    def expecting_events(self, only: Collection[OrgId] | None = None) -> set[OrgId]:
        """Organisations for which events wait; with `only`, those among them."""
        with reading(self._engine) as session:
            query = select(EventDeliveryRow.org).where(col(EventDeliveryRow.delivered_at).is_(None)).distinct()
            return set(session.exec(query if only is None else query.where(col(EventDeliveryRow.org).in_(only))))

    def waiting_events(self, org: OrgId, most: int) -> list[EventRow]:
        """The first events that an organisation has not yet taken, in the order they are to come to it."""
        with reading(self._engine) as session:
            mine = (col(EventDeliveryRow.org) == org, col(EventDeliveryRow.delivered_at).is_(None))
            query = select(EventRow).join(EventDeliveryRow, col(EventDeliveryRow.event) == col(EventRow.id))
            query = query.where(*mine).order_by(col(EventRow.position))
            return detached(session, session.exec(query.limit(most)).all())

    def events(self, ref: CaseRef) -> list[tuple[EventRow, dict[OrgId, datetime | None]]]:
        """Every event of a case in order, each with its receivers and when they took it."""
        with reading(self._engine) as session:
            query = select(EventRow, EventDeliveryRow).join(
                EventDeliveryRow, col(EventDeliveryRow.event) == col(EventRow.id)
            )
            query = query.where(col(EventRow.case) == ref).order_by(col(EventRow.position), col(EventDeliveryRow.org))
            found: dict[str, tuple[EventRow, dict[OrgId, datetime | None]]] = {}
            for event, delivery in session.exec(query).all():
                found.setdefault(event.id, (event, {}))[1][delivery.org] = delivery.delivered_at
            detached(session, [event for event, _ in found.values()])
            return list(found.values())

    def is_reachable(self) -> bool:
        with reading(self._engine) as session:
            return bool(session.connection().scalar(text("select 1")))


def about(org: OrgId) -> CompoundSelect[tuple[str]]:
    """References of every case that an organisation may know of, and of some that it may not: `rules.showing` decides.

    Whoever sees anything of a case has opened it, acts in it, or has sent or received a handoff in it. Each of these
    has an index, so what others do costs nothing here.
    """
    return union(
        select(CaseRow.ref).where(CaseRow.opener == org),
        select(CaseRow.ref).where(CaseRow.social_services == org),
        select(CaseRow.ref).where(CaseRow.police == org),
        select(HandoffRow.case).where(HandoffRow.requester == org),
        select(HandoffRow.case).where(HandoffRow.recipient == org),
    )


def detached(session: Session, rows: Sequence[Row]) -> list[Row]:
    for row in rows:
        session.expunge(row)
    return list(rows)


def deadline_of(row: DeadlineRow) -> Deadline | None:
    """The deadline as the core last had it; None for a row older than revision 0002, which does not hold it whole."""
    if row.clock is None:
        return None
    same = row.model_dump(exclude={"case", "handoff", "ended_at", "budget_seconds", "consumed_seconds"})
    lengths = {
        "budget": timedelta(seconds=row.budget_seconds or 0),
        "consumed": timedelta(seconds=row.consumed_seconds),
    }
    return Deadline.model_validate(same | lengths)
