"""What goes with telling: judgements and circumstances written down first, letters and lists afterwards."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from sqlmodel import Session

from activities.disclosures import entry
from activities.sharing_rules import sharing_at
from console import demanding, holding
from console.as_whom import Worker
from console.casework import Casework
from console.coding import item_id
from console.failures import Refused
from models.access import Action, Given, Purpose
from models.contracts import Refusal
from models.desk import Category
from models.disclosure_tables import DisclosureRow
from models.sharing import Judgement, SharingRules, Weighed
from models.stated import StatedFacts
from models.words import CaseRef, Code, HandoffId, ItemId, RequestKey
from rules import access


async def judge(
    casework: Casework,
    worker: Worker,
    case: CaseRef,
    handoff: HandoffId,
    what: Weighed,
    categories: tuple[Code, ...],
    note: str,
    *,
    ground: Code | None = None,
    address: int | None = None,
    speaks_for: bool,
    key: RequestKey | None = None,
) -> Judgement:
    """Writes down what somebody has judged before telling, with the reasoning; both stay at the desk.

    It is of what is kept now: when that changes, or has been told, it is judged anew. `address`: the number of the
    one that was judged, where there are several.

    Raises:
        Refused: not for this account, no such handoff, category or ground, or the address is still to be chosen.
    """
    office = worker.office
    await asyncio.to_thread(refuse_unless_writable, worker, case, f"weighed-{what}")
    standing = await casework.plane.standing(case, office.org)
    asked = standing.state.handoffs.get(handoff)
    if asked is None or office.org not in (asked.requester, asked.recipient):
        raise Refused(Refusal(code="unknown-handoff", possible=tuple(standing.state.handoffs)))
    rules = sharing_at(standing.now)
    if rules is None:
        raise Refused(Refusal(code="no-sharing-rules"))
    if unknown := refused_words(rules, categories, ground):
        raise Refused(unknown)
    function, recipient = demanding.told_to(casework, office, standing, asked)
    held = holding.held_of_case(office, rules, case, map(Category, categories), address)
    of = holding.digests(office, case, held)
    if (
        Category.ADDRESS in categories
        and Category.ADDRESS not in of
        and any(not one.not_kept for one in held if one.category == Category.ADDRESS)
    ):
        raise Refused(Refusal(code="address-to-choose"))
    item = item_id(key or str(uuid4()), "judgement")
    judged = Judgement(
        what=what,
        note=item,
        ground=ground,
        recipient=function,
        recipient_org=recipient,
        categories=tuple(dict.fromkeys(categories)),
        speaks_for=speaks_for,
        of=of,
    )
    keep(
        worker,
        case,
        item,
        {"handoff": handoff, "judgement": judged.model_dump(mode="json"), "text": note},
        f"weighed-{what}",
    )
    return judged


def refused_words(rules: SharingRules, categories: tuple[Code, ...], ground: Code | None) -> Refusal | None:
    """Only what the rules know is judged: so many different judgements there can be, and no more."""
    known = rules.categories.keys() & set(Category)
    if not set(categories) <= known:
        return Refusal(code="unknown-category", possible=tuple(sorted(known)))
    if ground is not None and ground not in rules.grounds:
        return Refusal(code="unknown-ground", possible=tuple(rules.grounds))
    return None


def state(
    worker: Worker, case: CaseRef, stated: StatedFacts, key: RequestKey | None = None, at: datetime | None = None
) -> None:
    """Writes down what is known of the circumstances that the law asks about. The newest word counts.

    `at`: the case's own time; what makes a duty is known from then.
    """
    said = stated.model_dump(mode="json", exclude_none=True)
    known: dict[str, object] = {"stated": said, "at": (at or datetime.now(UTC)).isoformat()}
    keep(worker, case, item_id(key or str(uuid4()), "stated"), known, "stated")


def keep(worker: Worker, case: CaseRef, item: ItemId, content: dict[str, object], action: Code) -> None:
    """Keeps a note of this kind, for an account on the case; logged in the same transaction.

    Raises:
        Refused: not for this account; that is logged too.
    """
    office = worker.office
    with office.trail.writing() as session:
        refusal = unwritable(session, worker, case)
        if refusal is None:
            office.store.keep_in(session, item, case, Category.NOTE, worker.by.user, content)
        said = entry(worker.by, action, case, item, purpose=Purpose.DISCLOSE)
        office.trail.append(session, said.model_copy(update={"outcome": refusal.code if refusal else "done"}))
    if refusal:
        raise Refused(refusal)


def unwritable(session: Session, worker: Worker, case: CaseRef) -> Refusal | None:
    now, given = datetime.now(UTC), Given(purpose=Purpose.DISCLOSE, stepped_up=worker.stepped_up)
    return access.unmet(worker.office.staff.decided(session, worker.by, Action.WRITE, case, now, Category.NOTE), given)


def refuse_unless_writable(worker: Worker, case: CaseRef, action: Code) -> None:
    """Before anything is read for it: what is answered then says something of what is kept.

    Raises:
        Refused: not for this account; that is logged too.
    """
    with worker.office.trail.writing() as session:
        refusal = unwritable(session, worker, case)
        if refusal:
            said = entry(worker.by, action, case, str(uuid4()), purpose=Purpose.DISCLOSE, outcome=refusal.code)
            worker.office.trail.append(session, said)
    if refusal:
        raise Refused(refusal)


def listed(worker: Worker, case: CaseRef) -> list[DisclosureRow]:
    """What this desk has told in a case, for an account on it. Logged before it is shown.

    Raises:
        Refused: not for this account; that is logged too.
    """
    office, now = worker.office, datetime.now(UTC)
    given = Given(purpose=Purpose.HANDLE_CASE, stepped_up=worker.stepped_up)
    with office.trail.writing() as session:
        decision = office.staff.decided(session, worker.by, Action.VIEW, case, now, Category.SOCIAL_FILE)
        refusal = access.unmet(decision, given)
        outcome = refusal.code if refusal else "done"
        office.note(session, worker.by, "read-disclosures", case, None, given, None, outcome)
    if refusal:
        raise Refused(refusal)
    return office.disclosures.listed(case)
