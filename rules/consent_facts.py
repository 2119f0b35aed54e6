"""What a case is told of consent: what the history at the desk of whoever keeps it answers, never more. Pure.

A consent is never general (OSL 10:1, 12:2). The case asks few things of it: may the police be told who this is, to
assess the threat, or for their own track; may health care, to plan together. Each answer has its end, so that the case
ends by itself what the consent no longer covers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from models.consent import (
    ConsentPurpose,
    ConsentQuestion,
    ConsentRecord,
    ConsentStatus,
    History,
    PersonFacts,
)
from models.desk import Category
from models.events import Facts
from models.words import Consent, ConsentTo, Function, OrgId
from rules import consent

AS_THE_CASE_KNOWS: dict[ConsentStatus, Consent] = {
    ConsentStatus.GIVEN: Consent.GIVEN,
    ConsentStatus.REFUSED: Consent.REFUSED,
    ConsentStatus.WITHDRAWN: Consent.REFUSED,
    ConsentStatus.EXPIRED: Consent.NOT_ASKED,
    ConsentStatus.NOT_ASKED: Consent.NOT_ASKED,
}
ASKS: dict[ConsentTo, tuple[Function, ConsentPurpose]] = {
    ConsentTo.POLICE_ASSESSMENT: (Function.POLICE, ConsentPurpose.ASSESSMENT),
    ConsentTo.POLICE_TRACK: (Function.POLICE, ConsentPurpose.POLICE_TRACK),
    ConsentTo.HEALTH_PLANNING: (Function.HEALTH_CARE, ConsentPurpose.PLANNING),
}
"""Who is to be told who the person is, and for what, for each thing that a case asks of consent."""


def facts_of(history: History, person: PersonFacts, acting: Mapping[Function, OrgId], now: datetime) -> Facts:
    """Consent as the case carries it from `now` on. `acting`: who acts in the case, for consents that name them."""
    word = AS_THE_CASE_KNOWS[consent.status(history, person, now)]
    if word is not Consent.GIVEN:
        return Facts(consent=word)
    return Facts(consent=word, consents=covered(history, person, acting, now), consent_until=ends(history, person, now))


def covered(
    history: History, person: PersonFacts, acting: Mapping[Function, OrgId], now: datetime
) -> dict[ConsentTo, datetime]:
    """What a case asks that consent covers now, each until when."""
    found: dict[ConsentTo, datetime] = {}
    for to, (function, purpose) in ASKS.items():
        question = ConsentQuestion(
            recipient=function,
            recipient_org=acting.get(function),
            category=Category.IDENTITY,
            purpose=purpose,
            person=person,
        )
        held = consent.valid(history, question, now)
        if isinstance(held, ConsentRecord):
            found[to] = held.until
    return found


def ends(history: History, person: PersonFacts, now: datetime) -> datetime | None:
    """The first instant at which nothing may be told by consent any more, if nobody says anything until then."""
    written = [event.until for event in history if event.until is not None and event.until > now]
    turns = consent.birthdays(person, now, max(written, default=now))
    over = (at for at in sorted({*written, *turns}) if consent.status(history, person, at) is not ConsentStatus.GIVEN)
    return next(over, None)
