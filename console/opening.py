"""Opening a case: the intake is kept at the opener's desk first, then the plane is asked to start the case."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from activities.offices import audit_entry
from activities.protected_data import DeskStore
from activities.rule_packs import PACKS, pack_on
from console import consent_forms
from console.coding import coded_facts, kept_items
from console.failures import Fault, Invalid, Refused
from console.keeping import not_to_write
from models.access import Given, Reader, UserId
from models.case import CaseState
from models.consent import ConsentStep
from models.contracts import Opening, Refusal
from models.directory import DirectoryEntry
from models.events import Actor, Opened
from models.intake import Intake
from models.words import CaseRef, OrgId, RequestKey, case_reference
from rules import access
from rules.case import decide

if TYPE_CHECKING:
    from console.casework import Casework

DRAWS = 5
"""How many references are drawn before something else must be wrong. One in 34 billion is taken by a given case."""


async def open_case(casework: Casework, intake: Intake, user: UserId | None = None) -> CaseRef:
    """Opens a case: the intake is kept at the opener's desk, then the case starts. The same key, the same case.

    A reference that another case in the country has had is drawn again: of this one nothing had left the desk.

    Raises:
        Unavailable: Temporal can't be reached. Nothing was kept.
        Refused: the rules can't take such a case. Nothing was kept.
    """
    opener = casework.directory.get(intake.opened_by or opener_for(casework, intake))
    if opener is None or not opener.active:
        raise Invalid(Fault("opened_by", "finns inte i katalogen: directory list", "not in the directory"))
    await casework.plane.ready(opener.id)
    by = casework.handler(opener.id, user)
    desk, key = casework.desk(opener.id), intake.request_key or str(uuid4())
    refusal: Refusal | None = None
    for _ in range(DRAWS):
        opening = kept(casework, by, intake, opener, key)
        refusal = None if opening.started else await casework.plane.open(opening.case, opening.event)
        if refusal is None:
            desk.started(opening.key)
            return opening.case
        if refusal.code != "reference-taken":
            break
        desk.unopened(opening)
    raise Refused(refusal or Refusal(code="reference-taken"))


def kept(casework: Casework, by: Reader, intake: Intake, opener: DirectoryEntry, key: RequestKey) -> Opening:
    """The opening as the desk keeps it, with the intake: the one that is there, or a new one.

    Whoever opens a new one is on the case's list from then on, and writes as one who is. Opening it again with its key
    is no way onto the list.

    Raises:
        Refused: this account may not write what is in the intake. Nothing was kept.
        CannotAudit: nothing was kept.
    """
    office = casework.office(opener.id)
    if (known := office.store.opening(key)) is not None:
        consents_kept(casework, by, intake, known)
        return known
    if by.role not in access.HANDLERS:
        raise Refused(Refusal(code="not-for-this-role"))
    new, items, now = drawn(casework, office.store, intake, opener, key), kept_items(intake, key), datetime.now(UTC)
    with office.trail.writing() as session:
        if office.store.open_case_in(session, new, opener.id, items) == new.case:
            office.need_to_know.take_up(session, by, new.case, now)
            written = {category for _, category, _ in items}
            if refusal := not_to_write(office, session, by, new.case, written, now):
                raise Refused(refusal)
            said = audit_entry(by, "case-opened", new.case, Given(), "done")
            office.trail.append(session, said.model_copy(update={"categories": tuple(sorted(written))}))
    opening = office.store.opening(key) or new
    consents_kept(casework, by, intake, opening)
    return opening


def consents_kept(casework: Casework, by: Reader, intake: Intake, opening: Opening) -> None:
    """What the intake says of consent, in the desk's own history: the case is told no more than stands there."""
    at = datetime.now(UTC) + opening.event.clock_offset
    steps = said(casework, intake, opening.key, at)
    consent_forms.keep(casework.office(by.org), opening.case, steps, by, at)


def said(casework: Casework, intake: Intake, key: RequestKey, at: datetime) -> tuple[ConsentStep, ...]:
    calendar = pack_on(at.date(), casework.settings.rule_packs or PACKS).calendar
    return consent_forms.said_at_opening(intake, key, at, calendar)


def opener_for(casework: Casework, intake: Intake) -> OrgId:
    unknown = intake.stay_municipality == "unknown"
    return casework.settings.home if unknown else casework.directory.social_services(intake.stay_municipality).id


def drawn(casework: Casework, desk: DeskStore, intake: Intake, opener: DirectoryEntry, key: RequestKey) -> Opening:
    """A new opening, under a reference that this desk has never seen.

    Raises:
        Refused: the rules can't take such a case.
    """
    now, settings = datetime.now(UTC), casework.settings
    at = now + offset(casework, intake, now)
    pack = pack_on(at.date(), settings.rule_packs or PACKS)
    stay = None if intake.stay_municipality == "unknown" else intake.stay_municipality
    acting = casework.directory.acting_in(stay, opener)
    who = {org.function: org.id for org in acting}
    consent = consent_forms.opens_with(intake, said(casework, intake, key, at), who, at)
    facts = coded_facts(intake, at, pack).model_copy(update=consent.model_dump(exclude_none=True))
    event = Opened(
        key=key,
        by=Actor(org=opener.id),
        opener=opener.organisation(),
        facts=facts,
        organisations=acting,
        training=settings.training,
        clock_offset=at - now,
    )
    case = case_reference(secrets.randbits(35))
    while desk.has(case):
        case = case_reference(secrets.randbits(35))
    state = CaseState(case=case, training=settings.training, clock_offset=event.clock_offset)
    if isinstance(refusal := decide(state, event, at, pack), Refusal):
        raise Refused(refusal)
    return Opening(key=key, case=case, event=event)


def offset(casework: Casework, intake: Intake, now: datetime) -> timedelta:
    if intake.opened_at is None:
        return timedelta(0)
    if not casework.settings.training:
        raise Invalid(Fault("opened_at", "går bara i övningsläge", "works only in training"))
    return intake.opened_at - now
