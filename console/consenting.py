"""Consent to disclosure at a desk, and what follows when it changes: packages called back, the case told."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import uuid4

from pydantic import Field

from activities.disclosures import entry
from activities.sharing_rules import sharing_at
from console import disclosing
from console.as_whom import Worker
from console.casework import Casework
from console.coding import item_id
from console.failures import Refused
from models.access import Action, Given, Purpose
from models.consent import ConsentAct, ConsentPurpose, ConsentStatus, ConsentStep, History, Scope
from models.contracts import Refusal, Standing
from models.desk import Category
from models.events import Actor, Facts, FactsRecorded
from models.words import CaseRef, Code, Consent, Function, ItemId, OrgId, RequestKey, Word
from rules import access, clocks, consent

AS_THE_CASE_KNOWS: dict[ConsentStatus, Consent] = {
    ConsentStatus.GIVEN: Consent.GIVEN,
    ConsentStatus.REFUSED: Consent.REFUSED,
    ConsentStatus.WITHDRAWN: Consent.REFUSED,
    ConsentStatus.NOT_ASKED: Consent.NOT_ASKED,
}


NOTHING_TO_TELL = ("nothing-new", "fact-is-not-yours-to-record")
"""Refusals by which a case says that it knows already, or is not to know."""


class ConsentForm(Word):
    """What somebody has consented to, as it is written down: whom, what, for what, until when."""

    giver: Code = "person"
    organisations: tuple[OrgId, ...] = Field(default=(), max_length=50)
    functions: tuple[Function, ...] = Field(default=(), max_length=20)
    categories: tuple[Category, ...] = Field(min_length=1, max_length=40)
    purposes: tuple[ConsentPurpose, ...] = Field(min_length=1, max_length=20)
    until: date
    """The last day."""
    written: bool = True

    def scope(self) -> Scope:
        return Scope(
            organisations=self.organisations,
            functions=self.functions,
            categories=self.categories,
            purposes=self.purposes,
        )


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
    calendar = casework.pack(case).calendar
    step = ConsentStep(
        id=item_id(key or str(uuid4()), "consent"),
        act=ConsentAct.GIVE,
        giver=form.giver,
        scope=form.scope(),
        at=standing.now,
        until=clocks.end_of(form.until, calendar),
        written=form.written,
    )
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
    """Calls back every package that stands on consent and has not been taken. The ones called back, and those taken."""
    came: dict[str, list[ItemId]] = {"recalled": [], "taken": []}
    for package in worker.office.disclosures.under_way(case, by_consent=True):
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
    status = consent.status(came, person, standing.now)
    await tell_case(casework, worker, standing, status)
    await asyncio.to_thread(office.disclosures.case_is_told, case, came)
    return Changed(came, status)


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


async def tell_case(casework: Casework, worker: Worker, standing: Standing, status: ConsentStatus) -> None:
    event = as_a_fact(worker.office.org, standing, status)
    if event is None:
        return
    try:
        await casework.submit(standing.state.case, event)
    except Refused as refused:
        if refused.refusal.code not in NOTHING_TO_TELL:
            raise


def as_a_fact(org: OrgId, standing: Standing, status: ConsentStatus) -> FactsRecorded | None:
    """Where consent stands, as the case knows it: the social services keep it. Another agency's own history stays
    there, and None is told."""
    state = standing.state
    if org not in (state.acting.get(Function.SOCIAL_SERVICES), state.opener):
        return None
    return FactsRecorded(key=str(uuid4()), by=Actor(org=org), facts=Facts(consent=AS_THE_CASE_KNOWS[status]))
