"""Consent to disclosure at a desk, and what follows when it changes: packages called back, the case told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

from activities.disclosures import entry
from activities.sharing_rules import sharing_at
from console import disclosing
from console.as_whom import Worker
from console.casework import Casework
from console.coding import item_id
from console.consent_forms import given
from console.consent_telling import tell_case
from console.failures import Refused
from models.access import Action, Given, Purpose
from models.consent import ConsentAct, ConsentStatus, ConsentStep, History
from models.contracts import Refusal, Standing
from models.desk import Category
from models.intake import ConsentForm
from models.words import CaseRef, Code, ItemId, RequestKey
from rules import access, consent


class Changed(NamedTuple):
    """What came of a step: the history, where it stands now, and the packages that were called back or taken."""

    history: History
    status: ConsentStatus
    recalled: tuple[ItemId, ...] = ()
    taken: tuple[ItemId, ...] = ()


async def give(
    casework: Casework, worker: Worker, case: CaseRef, form: ConsentForm, key: RequestKey | None = None
) -> Changed:
    """Records a consent. Raises: Refused: by the rules of who may be asked, how long it lasts, or of access."""
    standing = await casework.plane.standing(case, worker.office.org)
    identity = item_id(key or str(uuid4()), "consent")
    step = given(form, identity, standing.now, casework.pack(case).calendar)
    return await stepped(casework, worker, standing, step)


async def refuse(
    casework: Casework, worker: Worker, case: CaseRef, giver: Code, key: RequestKey | None = None
) -> Changed:
    """Records that somebody was asked and said no. It changes nothing in the right to support.

    A no is a no also to what has been sent and not been taken: it is destroyed, as when a consent is withdrawn.
    """
    standing = await casework.plane.standing(case, worker.office.org)
    step = ConsentStep(id=item_id(key or str(uuid4()), "consent"), act=ConsentAct.REFUSE, giver=giver, at=standing.now)
    changed = await stepped(casework, worker, standing, step)
    recalled, taken = await call_back(casework, worker, case)
    return changed._replace(recalled=recalled, taken=taken)


async def withdraw(
    casework: Casework,
    worker: Worker,
    case: CaseRef,
    giver: Code,
    withdraws: ItemId | None = None,
    key: RequestKey | None = None,
) -> Changed:
    """Withdraws a consent, or all that a giver has given. What has not been taken yet is destroyed, at once.

    The withdrawal stands at the desk first, so that nothing more is told by it whatever happens then.
    """
    standing = await casework.plane.standing(case, worker.office.org)
    step = ConsentStep(
        id=item_id(key or str(uuid4()), "withdrawal"),
        act=ConsentAct.WITHDRAW,
        giver=giver,
        withdraws=withdraws,
        at=standing.now,
    )
    changed = await stepped(casework, worker, standing, step)
    recalled, taken = await call_back(casework, worker, case)
    return changed._replace(recalled=recalled, taken=taken)


async def call_back(casework: Casework, worker: Worker, case: CaseRef) -> tuple[tuple[ItemId, ...], tuple[ItemId, ...]]:
    """Calls back what has no consent any more and has not been taken. The ones called back, and those taken.

    What another consent still covers goes on its way: to stop it too could leave somebody without protection.
    """
    came: dict[str, list[ItemId]] = {"recalled": [], "taken": []}
    now = (await casework.plane.standing(case, worker.office.org)).now
    for package in worker.office.disclosures.under_way(case, by_consent=True):
        if await asyncio.to_thread(disclosing.consent_stands, worker.office, package, now):
            continue
        came[await disclosing.recall(casework, worker, package)].append(package)
    return tuple(came["recalled"]), tuple(came["taken"])


async def stepped(casework: Casework, worker: Worker, standing: Standing, step: ConsentStep) -> Changed:
    """One more step in the history, and the case told where consent stands now, by whoever keeps it for the case."""
    office, case = worker.office, standing.state.case
    person = await asyncio.to_thread(office.person_facts, case)
    rules = sharing_at(standing.now)
    if rules is None:
        raise Refused(Refusal(code="no-sharing-rules"))
    if refusal := may_write(worker, case, step):
        raise Refused(refusal)
    if said := next((one for one in office.disclosures.history(case) if one.id == step.id), None):
        step = step.model_copy(update={"at": said.at})  # the same request again was said when it was said
    came = await asyncio.to_thread(
        office.disclosures.record, case, step, person, worker.by, standing.now, rules.consent_longest
    )
    if isinstance(came, Refusal):
        raise Refused(came)
    await tell_case(casework, office, standing)
    return Changed(came, consent.status(came, person, standing.now))


def looked_at(worker: Worker, case: CaseRef) -> History:
    """The history, for an account on the case. Logged before it is shown.

    Raises:
        Refused: not for this account; that is logged too.
    """
    office, now = worker.office, datetime.now(UTC)
    given = Given(purpose=Purpose.HANDLE_CASE, stepped_up=worker.stepped_up)
    with office.trail.writing() as session:
        decision = office.staff.decided(session, worker.by, Action.VIEW, case, now, Category.SOCIAL_FILE)
        refusal = access.unmet(decision, given)
        outcome = refusal.code if refusal else "done"
        office.note(session, worker.by, "read-consents", case, None, given, None, outcome)
    if refusal:
        raise Refused(refusal)
    return office.disclosures.history(case)


def may_write(worker: Worker, case: CaseRef, step: ConsentStep) -> Refusal | None:
    """Why this account may not write it down; that is logged."""
    office = worker.office
    with office.trail.writing() as session:
        decision = office.staff.decided(session, worker.by, Action.WRITE, case, datetime.now(UTC), Category.SOCIAL_FILE)
        refusal = access.unmet(decision, Given(purpose=Purpose.HANDLE_CASE, stepped_up=worker.stepped_up))
        if refusal:
            office.trail.append(session, entry(worker.by, f"consent-{step.act}", case, step.id, outcome=refusal.code))
    return refusal
