"""What each desk sees to by itself, again and again: what a program that ended too soon left half done."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import structlog

from activities import reviews
from activities.offices import Office
from console import demanding
from console.alarming import alarmed, reminded
from console.coding import item_id
from console.consent_telling import NOTHING_TO_TELL, as_a_fact
from console.disclosing import WAITS, consent_stands
from console.plane_client import PlaneClient
from models.access import the_system
from models.contracts import Refusal
from models.events import Actor, Recalled, Submitted
from models.published_keys import as_said
from models.words import CaseRef, RequestKey
from workflows.cases import NoSuchCase

KEPT_FOR_PACKAGES = WAITS + timedelta(days=1)
"""How long a sealing key is kept after the next one: as long as a package can wait, and a day."""
log = structlog.get_logger(__name__)


async def tend(office: Office, way: PlaneClient) -> None:
    """Tells of broken glass and incidents, starts what was opened and not started, takes back what must not arrive.

    Alarms first: nothing else that goes wrong here keeps them.

    Raises: what keeps the plane from being reached; it is tried again soon.
    """
    await tell_of_broken_glass(office, way)
    await tell_of_incidents(office, way, datetime.now(UTC))
    await remind_of_reviews(office, way, datetime.now(UTC))
    for opening in await asyncio.to_thread(office.store.unstarted):
        refusal = await way.open(opening.case, opening.event)
        if refusal is None:
            await asyncio.to_thread(office.store.started, opening.key)
            log.info("an interrupted opening was completed", case=opening.case, desk=office.org)
        else:  # the intake stays, and so does the request: the same one again, with its key, goes on from here
            log.warning("an interrupted opening was refused", case=opening.case, desk=office.org, code=refusal.code)
    await take_back_what_was_begun(office, way)
    await tell_cases_of_consent(office, way)
    await take_back_what_has_no_consent(office, way)
    await demanding.catch_up(office, way)
    await asyncio.to_thread(forget_replaced_keys, office, way, datetime.now(UTC))


def forget_replaced_keys(office: Office, way: PlaneClient, now: datetime) -> None:
    """What was sealed to a key that was replaced so long ago is not under way any more: copies of it open no more.

    Counted from when the plane was told of the next one, for until then others sealed to it; what it was not told yet,
    it is told now.
    """
    held = office.signing.replaced_sealing()
    if not held:
        return
    known = {key.fingerprint: key for key in way.published_by(office.org)}
    if office.signing.sealing_fingerprint not in known:
        way.publish(office.signing.public())
        return
    ended = {one: known[one].retired_at or known[one].revoked_at for one in held if one in known}
    past = [one for one, at in ended.items() if at is not None and at < now - KEPT_FOR_PACKAGES]
    for fingerprint in office.signing.forget(past):
        log.info("a replaced sealing key was destroyed", desk=office.org, key=as_said(fingerprint))


async def take_back_what_was_begun(office: Office, way: PlaneClient) -> None:
    """A disclosure that was prepared and not sent: nobody is waiting for it any more."""
    system = the_system(office.org)
    for row in await asyncio.to_thread(office.disclosures.interrupted, datetime.now(UTC)):
        state = "recalled"
        if row.way == "sealed":
            refusal = await asyncio.to_thread(way.revoke, row.id, office.org)
            state = "sent" if refusal is not None and refusal.code == "package-taken" else "recalled"
            recalled = Recalled(key=again(row.id, "recalled"), by=Actor(org=office.org), package=row.id)
            await unless_it_is_over(way, CaseRef(row.case), recalled)
        await asyncio.to_thread(office.disclosures.settle, row.id, state, system)
        log.info("an interrupted disclosure was settled", case=row.case, desk=office.org, state=state)


async def take_back_what_has_no_consent(office: Office, way: PlaneClient) -> None:
    """What has no consent any more, and has not been taken: a program ended before it had called everything back, or a
    guardian, an age or a child's maturity was written down otherwise after it was sent."""
    system = the_system(office.org)
    for row in await asyncio.to_thread(office.disclosures.on_consent):
        try:
            now = (await way.standing(CaseRef(row.case), office.org)).now
        except NoSuchCase:
            now = datetime.now(UTC)
        if await asyncio.to_thread(consent_stands, office, row.id, now):
            continue
        refusal = await asyncio.to_thread(way.revoke, row.id, office.org)
        taken = refusal is not None and refusal.code == "package-taken"
        if not taken:
            recalled = Recalled(key=again(row.id, "recalled"), by=Actor(org=office.org), package=row.id)
            await unless_it_is_over(way, CaseRef(row.case), recalled)
        state = "taken" if taken else "recalled"
        await asyncio.to_thread(office.disclosures.settle, row.id, state, system, of=("prepared", "sent"))
        log.info("what has no consent any more was called back", case=row.case, desk=office.org, state=state)


async def tell_cases_of_consent(office: Office, way: PlaneClient) -> None:
    """Somebody said yes or no, and the program that wrote it down ended before the case was told."""
    for case in await asyncio.to_thread(office.disclosures.untold):
        history = await asyncio.to_thread(office.disclosures.history, case)
        try:
            standing = await way.standing(case, office.org)
        except NoSuchCase:  # the desk keeps its history; nobody is left to be told of it
            await asyncio.to_thread(office.disclosures.case_is_told, case, history)
            continue
        event = await asyncio.to_thread(as_a_fact, office, standing)
        came = await unless_it_is_over(way, case, event) if event is not None else None
        if came is None or came.code in NOTHING_TO_TELL:
            await asyncio.to_thread(office.disclosures.case_is_told, case, history)
            log.info("a case was told where consent stands", case=case, desk=office.org)


async def tell_of_broken_glass(office: Office, way: PlaneClient) -> None:
    for glass in await asyncio.to_thread(office.need_to_know.owed_alerts):
        if not await raised(way, office, glass.id, CaseRef(glass.case)):
            log.warning("nobody could be told of broken glass yet", case=glass.case, desk=office.org)


async def raised(way: PlaneClient, office: Office, glass: str, case: CaseRef) -> bool:
    """Whether managers and security have been told of broken glass; until they have, it is owed."""
    if not await alarmed(way, office.org, case, "break-glass", glass, again(glass, "raised")):
        return False
    await asyncio.to_thread(office.need_to_know.told, glass, datetime.now(UTC))
    return True


async def tell_of_incidents(office: Office, way: PlaneClient, now: datetime) -> None:
    """The alarms that are owed, and once a day a reminder of each incident that no case has a clock for."""
    for row in await asyncio.to_thread(office.incidents.owed):
        if await alarmed(way, office.org, CaseRef(row.case), "incident", row.id, item_id(row.id, "alarm")):
            await asyncio.to_thread(office.incidents.told, row.id, now)
    for row in await asyncio.to_thread(office.incidents.to_remind_of, now):
        if await reminded(way, office.org, CaseRef(row.case), "incident-open", row.id, now):
            await asyncio.to_thread(office.incidents.reminded, row.id, now)


async def remind_of_reviews(office: Office, way: PlaneClient, now: datetime) -> None:
    """A review that nobody has made in time is reminded of at once, and then once a day."""
    for what, case in await asyncio.to_thread(reviews.overdue, office.engine, now):
        if await reminded(way, office.org, case, "review-overdue", what, now):
            await asyncio.to_thread(reviews.reminded, office.engine, what, now)


async def unless_it_is_over(way: PlaneClient, case: CaseRef, event: Submitted) -> Refusal | None:
    try:
        came = await way.submit(case, event)
    except NoSuchCase:
        return None
    return came if isinstance(came, Refusal) else None


def again(subject: str, what: str) -> RequestKey:
    """The same key for the same thing, so that doing it again does it once."""
    return str(uuid5(UUID(subject), what))
