"""Demands by authorities at a desk: recorded, put on a clock, listed, refused. Answering one has a room of its own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID, uuid4, uuid5

from sqlmodel import Session

from activities.demands import Permitted
from activities.offices import Office
from activities.sharing_rules import sharing_at
from console import permitting
from console.as_whom import Worker
from console.casework import Casework
from console.demand_words import AUTHORITY
from console.failures import NotFound, Refused
from console.plane_client import PlaneClient
from models.access import Action, Given, Purpose, the_system
from models.contracts import Refusal, Standing
from models.demands import DEMAND, DemandState, KeptDemand, StandingDemand, WhyRefused
from models.desk import Category
from models.events import Acted, Actor, Sent
from models.handoffs import Act, Handoff
from models.sharing import Demand, SharingRules
from models.words import CaseRef, Code, Function, OrgId, RequestKey, Urgency
from rules import access, demands
from workflows.cases import NoSuchCase
from workflows.connection import Unavailable

NAMED = frozenset({Function.POLICE, Function.SOCIAL_SERVICES, Function.TAX_AGENCY})
"""Authorities whose organisations are all in the directory: which of them demands is stated."""


class Asked(NamedTuple):
    """What was demanded and by whom, as somebody states it; the rules say whether it is a demand at all."""

    law: Code
    authority: Code
    """A kind of authority, or an organisation of the directory."""
    categories: tuple[Code, ...]
    received_at: datetime | None = None
    written: bool = False


# --- recording ------------------------------------------------------------------------------------------------


async def record(
    casework: Casework,
    worker: Worker,
    case: CaseRef,
    asked: Asked,
    note: str | None = None,
    *,
    acute: bool = False,
    key: RequestKey | None = None,
) -> KeptDemand:
    """Writes a demand down at the desk, and has the case watch that it is answered in time.

    Kept, sealed and logged, before the case is told: while the plane can't be reached it is kept all the same, and its
    clock is set going as soon as it can, counted from when it was received.

    Raises:
        Refused: no law of the rules lets that authority demand that here; not for this account; not an open case.
        CannotAudit: it can't be logged, so it was not recorded.
    """
    office, id = worker.office, key or str(uuid4())
    standing = await standing_of(casework, office, case)
    now = standing.now if standing else datetime.now(UTC)
    rules = rules_on(now)
    demand = demanded(casework, asked, now)
    if refusal := demands.refused(rules, office.entry.function, demand, now):
        raise Refused(refusal)
    if standing is not None and standing.state.closed is not None:
        raise Refused(Refusal(code="case-closed", detail=standing.state.closed))
    new = KeptDemand(id=id, case=case, demand=demand, recorded_at=datetime.now(UTC))
    kept = await asyncio.to_thread(office.demands.record, new, note, worker.by, may_write(worker, case))
    if isinstance(kept, Refusal):
        raise Refused(kept)
    if kept.handoff is None and kept.state is DemandState.OPEN:
        urgent = acute or (standing is not None and standing.state.urgency is Urgency.ACUTE)
        try:
            await clock_runs(office, casework.plane, kept, Urgency.ACUTE if urgent else Urgency.ORDINARY)
        except Unavailable:
            return kept  # the desk sets it going when the plane can be reached
    return office.demands.kept(id) or kept


async def standing_of(casework: Casework, office: Office, case: CaseRef) -> Standing | None:
    """How the case stands; None while nobody can say. What an authority has demanded is written down all the same."""
    try:
        return await casework.plane.standing(case, office.org)
    except Unavailable:
        return None


def rules_on(now: datetime) -> SharingRules:
    """Raises: Refused: none are in force on the case's day."""
    rules = sharing_at(now)
    if rules is None:
        raise Refused(Refusal(code="no-sharing-rules"))
    return rules


def demanded(casework: Casework, asked: Asked, now: datetime) -> Demand:
    """The demand in the rules' words: an organisation of the directory is the authority that its function is.

    Raises:
        Refused: it is an authority whose organisation has to be named.
    """
    org = casework.directory.get(asked.authority)
    if org is None and asked.authority in NAMED:
        raise Refused(Refusal(code="name-the-organisation"))
    return Demand(
        law=asked.law,
        authority=org.function if org else asked.authority,
        authority_org=org.id if org else None,
        categories=tuple(dict.fromkeys(asked.categories)),
        received_at=asked.received_at or now,
        written=asked.written,
    )


def may_write(worker: Worker, case: CaseRef) -> Permitted:
    """Who writes in a case may write down that something was demanded in it."""

    def permitted(session: Session) -> Refusal | None:
        decided = worker.office.staff.decided(session, worker.by, Action.WRITE, case, datetime.now(UTC), Category.NOTE)
        return access.unmet(decided, worker.given(Purpose.DISCLOSE))

    return permitted


# --- the clock ------------------------------------------------------------------------------------------------


async def clock_runs(office: Office, way: PlaneClient, kept: KeptDemand, urgency: Urgency) -> None:
    """Own work with a deadline and a ladder: no demand without an owner and a clock. Who demanded what is not told.

    Raises:
        Refused: the case does not take it. The demand is kept, and stands in the list with its own clock.
    """
    mine = office.entry.organisation()
    sent = Sent(
        key=again(kept.id, "clock"),
        by=Actor(org=office.org),
        handoff_kind=DEMAND,
        recipient=mine,
        sender=mine,
        urgency=urgency,
        anchor=kept.demand.received_at,
    )
    receipt = await way.submit(kept.case, sent)
    if isinstance(receipt, Refusal):
        raise Refused(receipt)
    if receipt.handoff is not None:
        await asyncio.to_thread(office.demands.clock_runs, kept.id, receipt.handoff)


async def clock_stops(office: Office, way: PlaneClient, kept: KeptDemand) -> None:
    """The handoff is taken up and finished: the demand is settled, whichever way.

    What the case refuses has been finished there already, by hand or because the case is over.
    """
    if kept.handoff is None:
        return
    answer = "answered" if kept.state is DemandState.ANSWERED else "refused"
    for act, said in ((Act.ACCEPT, None), (Act.COMPLETE, answer)):
        done = Acted(key=again(kept.id, act), by=Actor(org=office.org), handoff=kept.handoff, act=act, answer=said)
        try:
            await way.submit(kept.case, done)
        except NoSuchCase:
            break
    await asyncio.to_thread(office.demands.clock_stopped, kept.id)


async def catch_up(office: Office, way: PlaneClient) -> None:
    """Sets going, and stops, the clocks that the plane could not be told of; what has been told has been answered."""
    for kept in await asyncio.to_thread(office.demands.told_and_open):
        await asyncio.to_thread(answered_by_now, office, kept)
    for kept in await asyncio.to_thread(office.demands.without_clock):
        try:
            await clock_runs(office, way, kept, Urgency.ORDINARY)
        except (Refused, NoSuchCase):
            continue  # it stands in the list, with its own clock
    for kept in await asyncio.to_thread(office.demands.with_clock_to_stop):
        await clock_stops(office, way, kept)


def answered_by_now(office: Office, kept: KeptDemand) -> None:
    """The authority has been told, and the program that told it ended before the demand was settled."""
    system = the_system(office.org)
    office.demands.settle(kept, DemandState.ANSWERED, system, lambda _: None, package=kept.package)


def again(demand: str, what: str) -> RequestKey:
    """The same key for the same thing, so that doing it again does it once."""
    return str(uuid5(UUID(demand), what))


# --- looking ----------------------------------------------------------------------------------------------------


async def listed(casework: Casework, worker: Worker, case: CaseRef, *, settled: bool = False) -> list[StandingDemand]:
    """What authorities have demanded in a case, the one that came first at the top. Logged before it is shown.

    Raises:
        Refused: not for this account; that is logged too.
    """
    office = worker.office
    standing = await standing_of(casework, office, case)
    now = standing.now if standing else datetime.now(UTC)
    await asyncio.to_thread(looked, worker, case)
    found = await asyncio.to_thread(office.demands.of_case, case)
    shown = [one for one in found if settled or one.state is DemandState.OPEN]
    rules = sharing_at(now)
    return [demands.standing(rules, office.entry.function, one, now) for one in shown]


def looked(worker: Worker, case: CaseRef) -> None:
    office, given = worker.office, Given(purpose=Purpose.HANDLE_CASE, stepped_up=worker.stepped_up)
    with office.trail.writing() as session:
        decision = office.staff.decided(session, worker.by, Action.VIEW, case, datetime.now(UTC), Category.SOCIAL_FILE)
        refusal = access.unmet(decision, given)
        outcome = refusal.code if refusal else "done"
        office.note(session, worker.by, "read-demands", case, None, given, None, outcome)
    if refusal:
        raise Refused(refusal)


def open_demand(office: Office, case: CaseRef, called: str) -> KeptDemand:
    """A demand that is still to be answered or refused, by its id or the number of its handoff.

    Raises:
        NotFound: there is none; Refused: it is settled.
    """
    kept = demand_of(office, case, called)
    if kept.state is not DemandState.OPEN:
        raise Refused(Refusal(code="demand-is-settled"))
    return kept


def demand_of(office: Office, case: CaseRef, called: str) -> KeptDemand:
    """Raises: NotFound: there is none in the case by that id or number."""
    kept = office.demands.found(case, called)
    if kept is None:
        raise NotFound(
            "Det finns ingen sådan begäran i ärendet: disclosure demands visar dem.",
            "There is no such demand in the case: disclosure demands shows them.",
        )
    return kept


def told_to(casework: Casework, office: Office, standing: Standing, asked: Handoff) -> tuple[Code, OrgId | None]:
    """Who is told something in a handoff: the other party, or whoever demanded it; their function and organisation."""
    if asked.kind == DEMAND and (kept := office.demands.found(standing.state.case, asked.id)):
        return kept.demand.authority, kept.demand.authority_org
    recipient = asked.recipient if office.org == asked.requester else asked.requester
    return casework.organisation(recipient).function, recipient


def name_of(casework: Casework, recipient: Code) -> str:
    """A recipient as a letter names it: an organisation, or the kind of authority that has none here."""
    return AUTHORITY[recipient][0] if recipient in AUTHORITY else casework.organisation(recipient).name


# --- refusing -----------------------------------------------------------------------------------------------------


async def refuse(
    casework: Casework, worker: Worker, case: CaseRef, called: str, why: WhyRefused, note: str | None
) -> KeptDemand:
    """A person refuses a demand, and says why. Who may disclose may refuse to.

    Raises:
        Refused: not for that reason, or not for this account; that is logged too.
        CannotAudit: it can't be logged, so it was not refused.
    """
    office = worker.office
    kept = await asyncio.to_thread(open_demand, office, case, called)
    standing = await standing_of(casework, office, case)
    rules = rules_on(standing.now if standing else datetime.now(UTC))
    if refusal := demands.may_be_refused(rules, kept.demand, why, reasoned=bool(note and note.strip())):
        raise Refused(refusal)
    return await settled(casework, worker, kept, DemandState.REFUSED, why=why, note=note)


async def settled(
    casework: Casework,
    worker: Worker,
    kept: KeptDemand,
    state: DemandState,
    *,
    why: WhyRefused | None = None,
    note: str | None = None,
    package: str | None = None,
) -> KeptDemand:
    """The desk knows first; then the clock is stopped, by the desk itself later if the plane can't be reached now."""
    office = worker.office

    def permitted(session: Session) -> Refusal | None:
        return permitting.may_prepare(session, worker, kept.case, datetime.now(UTC))

    def settle() -> KeptDemand | Refusal:
        return office.demands.settle(kept, state, worker.by, permitted, why=why, note=note, package=package)

    came = await asyncio.to_thread(settle)
    if isinstance(came, Refusal):
        raise Refused(came)
    try:
        await clock_stops(office, casework.plane, came)
    except Unavailable:
        return came
    return office.demands.kept(came.id) or came
