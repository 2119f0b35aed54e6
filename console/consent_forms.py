"""Consent as people write it down, in a form of its own or in an intake, made into steps of its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from activities.offices import Office
from activities.sharing_rules import sharing_at
from console.coding import item_id
from console.failures import Refused
from models.access import Reader
from models.calendars import Calendar
from models.consent import THE_PERSON, ConsentAct, ConsentStep, History, PersonFacts
from models.contracts import Refusal
from models.events import Facts
from models.intake import ConsentForm, Intake
from models.words import CaseRef, Consent, Function, ItemId, OrgId, RequestKey
from rules import clocks, consent
from rules.consent_facts import facts_of


def given(form: ConsentForm, identity: ItemId, at: datetime, calendar: Calendar) -> ConsentStep:
    """A consent as a step of the history, until the end of its last day.

    Raises:
        Refused: that day has been.
    """
    until = clocks.end_of(form.until, calendar)
    if until <= at:
        raise Refused(Refusal(code="consent-ended-already"))
    return ConsentStep(
        id=identity,
        act=ConsentAct.GIVE,
        giver=form.giver,
        scope=form.scope(),
        at=at,
        until=until,
        written=form.written,
    )


def said_at_opening(intake: Intake, key: RequestKey, at: datetime, calendar: Calendar) -> tuple[ConsentStep, ...]:
    """What an intake says of consent. A no is a no to everything."""
    if intake.consent is Consent.REFUSED:
        return (ConsentStep(id=item_id(key, "consent"), act=ConsentAct.REFUSE, giver=THE_PERSON, at=at),)
    numbered = enumerate(intake.consents)
    return tuple(given(form, item_id(key, f"consent-{number}"), at, calendar) for number, form in numbered)


def opens_with(intake: Intake, steps: Iterable[ConsentStep], acting: Mapping[Function, OrgId], at: datetime) -> Facts:
    """Consent as the case begins with it.

    Raises:
        Refused: not a consent that can be recorded. Nothing was kept.
    """
    born = intake.person.born_on() if intake.person else None
    person = PersonFacts(born=born, mature=intake.mature, guardians=intake.guardians or ())
    rules, history = sharing_at(at), History()
    for step in steps:
        came = consent.recorded(history, step, person, at, rules.consent_longest) if rules else NO_RULES
        if isinstance(came, Refusal):
            raise Refused(came)
        history = came
    return facts_of(history, person, acting, at)


def keep(office: Office, case: CaseRef, steps: Iterable[ConsentStep], by: Reader, at: datetime) -> None:
    """The steps of an intake in the desk's history; those that are there already stay as they were said."""
    rules, known = sharing_at(at), {event.id for event in office.disclosures.history(case)}
    for step in steps:
        if rules and step.id not in known:
            office.disclosures.record(case, step, office.person_facts(case), by, at, rules.consent_longest)


NO_RULES = Refusal(code="no-sharing-rules")
