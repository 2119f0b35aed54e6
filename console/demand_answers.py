"""Answering a demand: what the authority would see, and then exactly that, by a person who has decided so."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from activities.disclosures import Told
from console import demanding, disclosing, letters, permitting
from console.as_whom import Worker
from console.casework import Casework
from console.coding import item_id
from console.disclosing import NOT_THIS_ROLE, Telling
from console.failures import Refused
from console.holding import held_for
from console.judging import judged
from models.case import CaseState
from models.contracts import Refusal
from models.demands import DEMAND, DemandState, KeptDemand, Way
from models.desk import Category
from models.handoffs import Handoff
from models.preview import Sending, WhyWithheld
from models.words import CaseRef, ItemId, OrgId, RequestKey
from rules import demands, preview


class Answering(NamedTuple):
    kept: KeptDemand
    telling: Telling


async def look(
    casework: Casework,
    worker: Worker,
    case: CaseRef,
    called: str,
    way: Way,
    *,
    address: int | None = None,
    resuming: ItemId | None = None,
) -> Answering:
    """What the authority would be told, field by field, and what not and why. Looking is logged before it is shown.

    Only what was demanded, only by that law. The address rules are those of every disclosure. `address`: the number of
    the one to tell. `resuming`: the telling that is taken up again, if one is.

    Raises:
        Refused: this account may not disclose; the demand is settled; it has no clock yet; no handoff to seal it in;
            that address is none.
        CannotAudit: it can't be logged.
    """
    office = worker.office
    standing = await casework.plane.standing(case, office.org)
    kept = await asyncio.to_thread(demanding.open_demand, office, case, called)
    own = standing.state.handoffs.get(kept.handoff) if kept.handoff else None
    if own is None or not own.is_open:
        raise Refused(Refusal(code="demand-without-clock", detail=kept.handoff))
    demand = kept.demand
    there = with_them(standing.state, office.org, demand.authority_org) if way == "sealed" else own
    if there is None:
        raise Refused(Refusal(code="no-handoff-with-them"))
    rules = demands.only_by(disclosing.rules_of(standing), demand)
    sending = Sending(
        case=case,
        handoff=there.id,
        kind=DEMAND,
        way="answer",
        sender=office.org,
        sender_role=worker.by.role,
        recipient=demand.authority,
        recipient_org=demand.authority_org,
    )
    recipient = demand.authority_org or demand.authority
    known = disclosing.circumstances(worker, standing, own, recipient, demand.authority)
    known = known.model_copy(update={"demands": (demand,)})
    held, kept_from, digests = await asyncio.to_thread(held_for, worker, rules, sending, address)
    known = await asyncio.to_thread(judged, worker, case, own, known, digests, resuming)
    found = preview.verdicts(rules, sending, office.entry.function, known, standing.now)
    shown = preview.assemble(rules, sending, held, found, demand.categories, known.marks, known.reservation_text)
    unseen = tuple(preview.withheld_for(one, WhyWithheld.NOT_ALLOWED, NOT_THIS_ROLE) for one in kept_from)
    shown = shown.model_copy(update={"withheld": (*shown.withheld, *unseen)})
    if Category.ADDRESS in shown.package.categories and not worker.stepped_up:
        refusal = Refusal(code="step-up-needed")
        await asyncio.to_thread(permitting.logged, worker, case, (Category.ADDRESS,), refusal)
        raise Refused(refusal)
    two = preview.by_two(rules, shown.package)
    telling = Telling(standing, there, recipient, sending, found, shown, known, address, two, own, kept.id)
    return Answering(kept, telling)


def with_them(state: CaseState, org: OrgId, authority: OrgId | None) -> Handoff | None:
    """An open handoff between the two: a sealed package goes to nobody who has no part in the case."""
    both = {org, authority}
    return next((h for h in state.handoffs.values() if h.is_open and {h.requester, h.recipient} == both), None)


async def answer(
    casework: Casework,
    worker: Worker,
    case: CaseRef,
    called: str,
    way: Way,
    seen: str,
    *,
    address: int | None = None,
    letter: Path | None = None,
    key: RequestKey | None = None,
) -> tuple[Told, KeptDemand]:
    """Tells the authority exactly what `look` showed, once. Logged before it leaves; then the demand is settled.

    `letter`: where a letter is put, once the demand is settled. It is on disk, beside, before anything counts as told.

    Raises:
        Refused: it may not be told now, or not like this; what was seen has changed; a second person is needed;
            somebody else answers it.
        CannotAudit: it can't be logged, so it is not told.
        Unavailable: try again with the same key. What was begun and not finished is taken back after ten minutes.
    """
    key, office = key or str(uuid4()), worker.office
    package = item_id(key, "package")
    kept = await asyncio.to_thread(demanding.demand_of, office, case, called)
    waits_beside = letter is not None and letters.unfinished(letter).exists()
    earlier = await asyncio.to_thread(told_before, worker, kept, package, way, waits_beside)
    if earlier is not None and earlier.row.state != "prepared":
        return earlier, await answered(casework, worker, kept, package, letter)
    resuming = package if earlier is not None else None
    kept, telling = await look(casework, worker, case, called, way, address=address, resuming=resuming)
    if refusal := disclosing.unsaid(telling, way, seen=True):
        raise Refused(refusal)
    if telling.preview.empty:
        raise Refused(Refusal(code="nothing-to-disclose"))
    if telling.preview.digest != seen:
        raise Refused(Refusal(code="preview-has-changed"))
    if earlier is not None and earlier.package.digest != seen:
        office.disclosures.settle(package, "refused", worker.by)
        raise Refused(Refusal(code="preview-has-changed"))
    told = earlier
    if told is None:
        to = casework.organisation(telling.recipient) if way == "sealed" else None
        if to is not None and not to.desk:
            raise Refused(Refusal(code="recipient-without-desk", detail=to.id))
        told = await asyncio.to_thread(disclosing.prepared, casework, worker, telling, package, way, key)
    if letter is not None:
        try:
            await asyncio.to_thread(letters.write, casework, worker, told.package, telling.recipient, letter)
        except Refused:
            office.disclosures.settle(package, "refused", worker.by)
            raise
    if way == "sealed":
        told = await disclosing.delivered(casework, worker, telling, told, key)
    else:  # told outside the system: the desk keeps what, and nobody else learns who demanded it
        office.disclosures.settle(package, "sent", worker.by)
        told = office.disclosures.told(package) or told
    return told, await answered(casework, worker, kept, package, letter)


def told_before(worker: Worker, kept: KeptDemand, package: ItemId, way: Way, waits_beside: bool) -> Told | None:
    """What the same request told before, for this demand; None when nothing was.

    Raises:
        Refused: the key was another request's or another's, it came to nothing, or this account may not any more.
    """
    told = worker.office.disclosures.told(package)
    if told is None:
        return None
    if kept.package != package:
        raise Refused(Refusal(code="key-used-for-something-else"))
    return permitting.told_before(worker, kept.case, told.row.handoff, package, way, waits_beside)


async def answered(
    casework: Casework, worker: Worker, kept: KeptDemand, package: ItemId, letter: Path | None
) -> KeptDemand:
    done = await demanding.settled(casework, worker, kept, DemandState.ANSWERED, package=package)
    if letter is not None:
        await asyncio.to_thread(letters.finished, letter)
    return done
