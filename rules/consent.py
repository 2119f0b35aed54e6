"""Whether somebody's consent holds for a disclosure at an instant. Pure: the history and the instant come in.

The order is the history's own, never the clock's: what was withdrawn stays withdrawn when a clock is set back, and an
end is judged at the latest instant that the history has seen. Sources: OSL 10:1, 12:2-3; SoL 21:1; domain.md section 2.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from models.consent import (
    MOST,
    THE_PERSON,
    ConsentAct,
    ConsentEvent,
    ConsentPurpose,
    ConsentQuestion,
    ConsentRecord,
    ConsentStatus,
    ConsentStep,
    History,
    PersonFacts,
    Scope,
    Standing,
    WhyNoConsent,
    WhyNotAsk,
)
from models.contracts import Refusal
from models.words import Code

ZONE = "Europe/Stockholm"
NO_FUNCTION: Code = "named"
"""The recipient is covered by its own name, whatever it is."""
ADULT, ALONE, OWN = 18, 15, 12
"""Of age; own consent is enough for open interventions; own consent is needed beside the guardian's."""
GRAVEST = (
    WhyNoConsent.WITHDRAWN,
    WhyNoConsent.REFUSED,
    WhyNoConsent.EXPIRED,
    WhyNoConsent.OWN_CONSENT_NEEDED,
    WhyNoConsent.GUARDIAN_ABSENT,
    WhyNoConsent.OUT_OF_SCOPE,
    WhyNoConsent.NOT_ASKED,
)
"""Which reason is told when several givers each lack something."""


def recorded(
    history: History, said: ConsentStep, person: PersonFacts, now: datetime, longest: timedelta
) -> History | Refusal:
    """The history with one more step. The same step again, or a second withdrawal, changes nothing.

    Refused: a consent from somebody who may not be asked, one that lasts longer than `longest`, one that withdraws
    what is not there or comes from nobody known here, one dated after every instant seen, and more than a history
    holds. A withdrawal under a mistyped giver would otherwise be called recorded, and the consent would live on.
    """
    for known in history:
        if known.id == said.id:
            same = ConsentStep(**known.model_dump(exclude={"step"})) == said
            return history if same else Refusal(code="key-used-for-something-else")
    if said.at > seen(history, now):
        return Refusal(code="consent-in-the-future")
    if said.act is ConsentAct.WITHDRAW:
        if said.giver not in givers_known(history, person):
            return Refusal(code="unknown-giver")
        if said.withdraws is not None and said.withdraws not in {e.id for e in history if e.giver == said.giver}:
            return Refusal(code="no-such-consent")
    elif why := may_be_asked(said.giver, person, seen(history, now)):
        return Refusal(code="consent-not-from-that-giver", detail=why)
    if said.until is not None and said.until - said.at > longest:
        return Refusal(code="consent-too-long", detail=str(longest.days))
    if len(history) >= MOST and said.act is ConsentAct.GIVE:
        return Refusal(code="consent-history-full", detail=str(MOST))
    return (*history, ConsentEvent(**said.model_dump(), step=len(history) + 1))


def givers_known(history: History, person: PersonFacts) -> frozenset[Code]:
    """Who can take a consent back: the person, every guardian, a threat among them, and whoever has said anything."""
    return frozenset((THE_PERSON, *(one.id for one in person.guardians), *(event.giver for event in history)))


def may_be_asked(giver: Code, person: PersonFacts, now: datetime) -> WhyNotAsk | None:
    """None when this giver may be asked for consent; otherwise why not. All who are known may withdraw."""
    if giver == THE_PERSON:
        years = age(person, now)
        too_young = is_minor(person, now) is True and not person.mature and (years is not None and years < OWN)
        return WhyNotAsk.TOO_YOUNG if too_young else None
    guardian = next((one for one in person.guardians if one.id == giver), None)
    if guardian is None:
        return WhyNotAsk.NOT_A_GUARDIAN
    if guardian.threat:
        return WhyNotAsk.GUARDIAN_IS_THREAT
    if is_minor(person, now) is None:
        return WhyNotAsk.AGE_UNKNOWN
    if not is_minor(person, now):
        return WhyNotAsk.OF_AGE
    return WhyNotAsk.ASKING_EXPOSES if guardian.asking_exposes else None


def valid(
    history: History, question: ConsentQuestion, now: datetime, last_seen: datetime | None = None
) -> ConsentRecord | WhyNoConsent:
    """The consents that make this disclosure lawful at `now`, or why there are none.

    They end when the first of them does, or on the birthday from which they are not enough, if that comes before.
    `last_seen` is the latest instant the desk knows of from elsewhere, should the machine's clock have been set back.
    """
    at = max(seen(history, now), last_seen or now)
    found = valid_at(history, question, at)
    if isinstance(found, WhyNoConsent):
        return found
    ended = [day for day in birthdays(question.person, at, found.until) if not holds(history, question, day)]
    return found.model_copy(update={"until": min([found.until, *ended])})


def birthdays(person: PersonFacts, after: datetime, before: datetime) -> list[datetime]:
    """The instants between two at which somebody else comes to dispose of the secrecy: a consent may end there."""
    if person.born is None:
        return []
    turns = (birthday(person.born, years) for years in (OWN, ALONE, ADULT))
    return [at for at in turns if after < at < before]


def birthday(born: date, years: int) -> datetime:
    """When somebody turns so many years, local time; 1 March for the 29 February of a year without it."""
    year = born.year + years
    leap_day = (born.month, born.day) == (2, 29) and not isleap(year)
    return datetime.combine(date(year, 3, 1) if leap_day else born.replace(year=year), time(0), ZoneInfo(ZONE))


def holds(history: History, question: ConsentQuestion, at: datetime) -> bool:
    return isinstance(valid_at(history, question, at), ConsentRecord)


def valid_at(history: History, question: ConsentQuestion, at: datetime) -> ConsentRecord | WhyNoConsent:
    """As `valid`, at exactly that instant and with the end that was written down."""
    givers = disposers(question.person, question.purpose, at)
    if isinstance(givers, WhyNoConsent):
        return givers
    found = [said_by(history, giver, question, at) for giver in givers]
    lacking = {one for one in found if isinstance(one, WhyNoConsent)}
    if lacking:
        return next(why for why in GRAVEST if why in lacking)
    held = [one for one in found if isinstance(one, ConsentEvent)]
    return ConsentRecord(
        consents=tuple(one.id for one in held),
        givers=tuple(one.giver for one in held),
        given_at=max(one.at for one in held),
        until=min(one.until or one.at for one in held),
    )


def disposers(person: PersonFacts, purpose: Code, at: datetime) -> tuple[Code, ...] | WhyNoConsent:
    """Everybody whose consent is needed together: the person, the guardians, or the child with them (OSL 12:3).

    A guardian who is a threat disposes of nothing. One who may not be asked for another reason still does: without
    that consent there is none. Placement always needs the guardian (SoL 21:1), also when the child is fifteen.
    """
    minor, years = is_minor(person, at), age(person, at)
    if minor is None:
        return WhyNoConsent.AGE_UNKNOWN
    if not minor:
        return (THE_PERSON,)
    if purpose == ConsentPurpose.OPEN_INTERVENTION and years is not None and years >= ALONE:
        return (THE_PERSON,)
    guardians = tuple(one.id for one in person.guardians if not one.threat)
    own = (THE_PERSON,) if years is None or years >= OWN or person.mature else ()
    if not guardians:
        alone = person.mature and years is not None and years >= OWN and purpose != ConsentPurpose.PLACEMENT
        return (THE_PERSON,) if alone and person.guardians else WhyNoConsent.NOBODY_TO_ASK
    return (*guardians, *own)


def said_by(history: History, giver: Code, question: ConsentQuestion, at: datetime) -> ConsentEvent | WhyNoConsent:
    """The last thing this giver said that covers the question, if it is a consent that holds at `at`."""
    own = sorted((event for event in history if event.giver == giver), key=lambda event: event.step)
    said = [event for event in own if touches(event, own, question)]
    if not said:
        if any(event.act is ConsentAct.GIVE for event in own):
            return WhyNoConsent.OUT_OF_SCOPE
        return WhyNoConsent.NOT_ASKED if giver == THE_PERSON else WhyNoConsent.GUARDIAN_ABSENT
    last = said[-1]
    if last.act is ConsentAct.WITHDRAW:
        return WhyNoConsent.WITHDRAWN
    if last.act is ConsentAct.REFUSE:
        return WhyNoConsent.REFUSED
    if last.until is None or last.until <= at:
        return WhyNoConsent.EXPIRED
    person = question.person
    given_as_child = person.born is not None and is_minor(person, last.at) is True
    if giver == THE_PERSON and given_as_child and is_minor(person, at) is False:
        return WhyNoConsent.OWN_CONSENT_NEEDED
    return last


def touches(event: ConsentEvent, own: Iterable[ConsentEvent], question: ConsentQuestion) -> bool:
    """Whether a step says anything about the question: a consent if it covers it, a no also if it covers everything."""
    if event.act is ConsentAct.WITHDRAW and event.withdraws is not None:
        scopes = [one.scope for one in own if one.id == event.withdraws]
        return not scopes or any(scope is None or covers(scope, question) for scope in scopes)
    return event.scope is None or covers(event.scope, question)


def covers(scope: Scope, question: ConsentQuestion) -> bool:
    recipient = question.recipient_org in scope.organisations or question.recipient in scope.functions
    return recipient and question.category in scope.categories and question.purpose in scope.purposes


def standings(history: History, now: datetime) -> tuple[Standing, ...]:
    """Each consent and refusal of the history as it stands now, oldest first."""
    at = seen(history, now)
    found = []
    for event in sorted(history, key=lambda one: one.step):
        if event.act is ConsentAct.WITHDRAW:
            continue
        status = ConsentStatus.REFUSED if event.act is ConsentAct.REFUSE else ConsentStatus.GIVEN
        if status is ConsentStatus.GIVEN and any(withdrawn_by(later, event) for later in history):
            status = ConsentStatus.WITHDRAWN
        found.append(
            Standing(
                id=event.id,
                giver=event.giver,
                scope=event.scope,
                status=status,
                expired=event.until is not None and event.until <= at,
                at=event.at,
                until=event.until,
                written=event.written,
            )
        )
    return tuple(found)


def withdrawn_by(later: ConsentEvent, given: ConsentEvent) -> bool:
    """Whether a later step takes a whole consent back."""
    if later.giver != given.giver or later.step <= given.step or later.act is ConsentAct.GIVE:
        return False
    if later.withdraws is not None:
        return later.withdraws == given.id
    return later.scope is None or later.scope == given.scope


def status(history: History, person: PersonFacts, now: datetime) -> ConsentStatus:
    """All of it in one word: given when something may be told by consent now. Otherwise what was said last counts."""
    every = standings(history, now)
    standing = [one.scope for one in every if one.status is ConsentStatus.GIVEN and not one.expired]
    questions = (question for scope in standing if scope for question in within(scope, person))
    if any(isinstance(valid(history, question, now), ConsentRecord) for question in questions):
        return ConsentStatus.GIVEN
    threats = {guardian.id for guardian in person.guardians if guardian.threat}
    last = {event.giver: event.act for event in sorted(history, key=lambda event: event.step)}
    acts = {act for giver, act in last.items() if giver not in threats}
    if ConsentAct.WITHDRAW in acts:
        return ConsentStatus.WITHDRAWN
    if ConsentAct.REFUSE in acts:
        return ConsentStatus.REFUSED
    return ConsentStatus.EXPIRED if any(one.expired for one in every) else ConsentStatus.NOT_ASKED


def within(scope: Scope, person: PersonFacts) -> Iterator[ConsentQuestion]:
    """Every question that a scope covers."""
    recipients: list[tuple[Code, Code | None]] = [(function, None) for function in scope.functions]
    recipients += [(NO_FUNCTION, org) for org in scope.organisations]
    for (recipient, org), category, purpose in product(recipients, scope.categories, scope.purposes):
        yield ConsentQuestion(recipient=recipient, recipient_org=org, category=category, purpose=purpose, person=person)


def seen(history: History, now: datetime) -> datetime:
    """The later of now and everything the history has seen."""
    return max([now, *(event.at for event in history)])


def age(person: PersonFacts, at: datetime) -> int | None:
    """Whole years at an instant, local time; None when the day of birth is unknown."""
    return None if person.born is None else years_between(person.born, at.astimezone(ZoneInfo(ZONE)).date())


def years_between(born: date, day: date) -> int:
    """Born on 29 February turns a year older on 1 March in a year without that day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def is_minor(person: PersonFacts, at: datetime) -> bool | None:
    """None when nobody knows."""
    years = age(person, at)
    return person.minor if years is None else years < ADULT
