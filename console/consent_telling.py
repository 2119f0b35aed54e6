"""The case is told what consent covers, by the desk that keeps it for the case; nobody states it by a bare word."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from activities.offices import Office
from console.failures import Refused
from models.contracts import Refusal, Standing
from models.events import Actor, Facts, FactsRecorded
from models.intake import Filling
from models.words import Consent
from rules import consent_facts
from rules.disclosures import keeper

if TYPE_CHECKING:
    from console.casework import Casework

TELLS_OF_AGE = frozenset({"person", "guardians", "mature"})
"""What of an intake decides who may consent: when it changes, a consent may not be enough any more."""
NOTHING_TO_TELL = ("nothing-new", "case-closed", "fact-is-not-yours-to-record")
"""Refusals by which a case says that it knows already, that it is over, or that somebody else keeps consent for it."""


def facts_now(office: Office, standing: Standing) -> Facts:
    """What the desk's own history answers to what the case asks of consent."""
    case = standing.state.case
    history, person = office.disclosures.history(case), office.person_facts(case)
    return consent_facts.facts_of(history, person, standing.state.acting, standing.now)


def as_a_fact(office: Office, standing: Standing) -> FactsRecorded | None:
    """What consent covers, as the case carries it, by whoever keeps it for the case: the social services.

    Another agency's own history stays there, and None is told. A no to who opened the case and keeps it no longer is
    told all the same.
    """
    state, told = standing.state, facts_now(office, standing)
    said_no = office.org == state.opener and told.consent is Consent.REFUSED
    if office.org != keeper(state) and not said_no:
        return None
    return FactsRecorded(key=str(uuid4()), by=Actor(org=office.org), facts=told)


async def tell_case(casework: Casework, office: Office, standing: Standing) -> None:
    """A case that is closed needs to know nothing: what was said stands at the desk.

    What is said to nobody because the program ends here is told later (`tending`).
    """
    case = standing.state.case
    history, event = office.disclosures.history(case), as_a_fact(office, standing)
    try:
        if event is not None:
            await casework.submit(case, event)
    except Refused as refused:
        if refused.refusal.code not in NOTHING_TO_TELL:
            raise
    office.disclosures.case_is_told(case, history)


def refuse_bare_word(office: Office, standing: Standing, filling: Filling) -> None:
    """A word of consent that the desk's history does not carry: it says neither to whom nor until when.

    Raises:
        Refused: with the command that records it.
    """
    if filling.consent is not None and filling.consent is not facts_now(office, standing).consent:
        raise Refused(Refusal(code="consent-has-its-own-command"))


async def told_of_age(casework: Casework, office: Office, standing: Standing, filling: Filling) -> None:
    """Tells the case anew when what decides who may consent has been written down. Most cases have no consent yet."""
    if TELLS_OF_AGE & filling.model_fields_set and office.disclosures.history(standing.state.case):
        office.disclosures.case_is_to_be_told(standing.state.case)
        await tell_case(casework, office, standing)
