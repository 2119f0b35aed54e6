"""Closing a case: two persons at the desk decide it, and the case itself says whether it can be closed."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from console.as_whom import Worker
from console.casework import Casework
from console.failures import Refused
from models.access import Action
from models.case import Receipt
from models.contracts import Refusal
from models.events import Actor, Closed
from models.words import CaseRef, EndCode, RequestKey

REASON = "case-is-over"


async def close(
    casework: Casework, worker: Worker, case: CaseRef, code: EndCode, key: RequestKey | None = None
) -> Receipt:
    """Closes a case when a second person has approved it; otherwise asks for one.

    Raises:
        Refused: the case can't be closed now, this account may not, or `second-person-needed`, with the request's id.
    """
    office, now, key = worker.office, datetime.now(UTC), key or str(uuid4())
    event = Closed(key=key, by=Actor(org=office.org), code=code)
    foreseen = await casework.plane.foresee(case, event)
    if foreseen.receipt:
        return foreseen.receipt
    if foreseen.refusal:
        raise Refused(foreseen.refusal)
    asked = (worker.by, Action.CLOSE_CASE, case, f"close-{code.lower().replace('_', '-')}", now)
    with office.trail.writing() as session:
        refusal = office.approvals.settle(session, *asked, key, reason=REASON)
        office.staff.note(session, worker.by, "close-case", now, case=case, outcome=refusal.code if refusal else "done")
    if refusal is None:
        return await casework.submit(case, event)
    if refusal.code != "second-person-needed":
        raise Refused(refusal)
    approval = office.approvals.request(*asked, reason=REASON)
    refusal = approval if isinstance(approval, Refusal) else Refusal(code="second-person-needed", detail=approval.id)
    raise Refused(refusal)


async def closed_by_two(casework: Casework, first: Worker, second: Worker, case: CaseRef, code: EndCode) -> Receipt:
    """Both persons at once, where both are at hand: the first asks, the second approves, the first closes."""
    try:
        return await close(casework, first, case, code)
    except Refused as refused:
        asked = refused.refusal
        if asked.code != "second-person-needed" or asked.detail is None:
            raise
    now = datetime.now(UTC)
    approved = second.office.approvals.approve(second.by, asked.detail, now, stepped_up=second.stepped_up)
    if isinstance(approved, Refusal):
        raise Refused(approved)
    return await close(casework, first, case, code)
