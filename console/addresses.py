"""A person's addresses at a desk: which is which, that one no longer holds, and taking away what may not be kept."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from sqlmodel import Session

from activities import erasure
from activities.disclosures import entry
from activities.offices import Office
from console.as_whom import Worker
from console.coding import item_id
from console.failures import Refused
from models.access import Action, Purpose
from models.contracts import Refusal
from models.desk import Category
from models.words import CaseRef, Code, ItemId, RequestKey
from rules import addresses
from rules.addresses import Address, Holds


def of_case(office: Office, case: CaseRef) -> tuple[Address, ...]:
    """For the desk's own programs: people see one at a time, by `person show`."""
    items = [(row.id, content) for row, content in office.items_of(case, (Category.ADDRESS,))]
    return addresses.numbered(items, office.mark_of(case), office.marks)


def ended(worker: Worker, case: CaseRef, number: int, key: RequestKey | None = None) -> None:
    """Writes down that the person is no longer at an address. It stays in the file, and is told to nobody any more.

    Raises:
        Refused: not for this account, or there is no such address; that is logged too.
    """
    office = worker.office
    found = numbered(of_case(office, case), number)
    refusal = found if isinstance(found, Refusal) else None
    if not isinstance(found, Refusal) and found.holds is not Holds.CURRENT:
        refusal = Refusal(code=f"address-{found.holds}", detail=str(number))
    with office.trail.writing() as session:
        refusal = unwritable(session, worker, case) or refusal
        if refusal is None and not isinstance(found, Refusal):
            item = item_id(key or str(uuid4()), "address-ended")
            author = worker.by.user
            office.store.keep_in(session, item, case, Category.ADDRESS, author, {addresses.ENDED: found.item})
        log(session, worker, "address-ended", case, found, refusal)
    if refusal:
        raise Refused(refusal)


def removed(worker: Worker, case: CaseRef, number: int) -> None:
    """Takes away a registered address that may not be kept: what it said is gone, and its number stays empty.

    Raises:
        Refused: not for this account, there is no such address, or it is one that may be kept; that is logged too.
    """
    office = worker.office
    found = numbered(of_case(office, case), number)
    refusal = found if isinstance(found, Refusal) else None
    if not isinstance(found, Refusal) and found.holds is not Holds.NOT_KEPT:
        refusal = Refusal(code="address-may-be-kept", detail=str(number))
    with office.trail.writing() as session:
        refusal = unwritable(session, worker, case) or refusal
        if refusal is None and not isinstance(found, Refusal):
            office.store.replace_in(session, found.item, {addresses.REMOVED: True})
        log(session, worker, "address-removed", case, found, refusal)
    if refusal:
        raise Refused(refusal)
    erasure.scrub(office.engine)


def numbered(known: tuple[Address, ...], number: int) -> Address | Refusal:
    found = next((one for one in known if one.number == number and one.holds is not Holds.REMOVED), None)
    return found or Refusal(code="no-such-address", detail=str(number))


def unwritable(session: Session, worker: Worker, case: CaseRef) -> Refusal | None:
    now = datetime.now(UTC)
    decision = worker.office.staff.decided(session, worker.by, Action.WRITE, case, now, Category.ADDRESS)
    return None if decision.permitted else Refusal(code=decision.reason)


def log(
    session: Session, worker: Worker, action: Code, case: CaseRef, found: Address | Refusal, refusal: Refusal | None
) -> None:
    subject: ItemId = str(uuid4()) if isinstance(found, Refusal) else found.item
    outcome = refusal.code if refusal else "done"
    said = entry(worker.by, action, case, subject, purpose=Purpose.CORRECT_DATA, outcome=outcome)
    worker.office.trail.append(session, said.model_copy(update={"categories": (Category.ADDRESS,)}))
