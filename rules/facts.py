"""Coded facts about a case and what follows from them: consent, responsibility, custody, needs."""

from __future__ import annotations

from datetime import datetime, timedelta

from models.case import CaseState
from models.contracts import Refusal
from models.events import Custody, Facts, FactsRecorded
from models.packs import Kind
from models.words import Code, Consent, ConsentTo, CustodyPlace, Function, Urgency
from rules import disclosures, handoffs, journey
from rules.turn import Turn

CUSTODY = frozenset({"custody", "released"})
"""What those who hold the person may record; everything else is the social services' to record."""
CLOCKS_DIFFER = timedelta(minutes=10)
"""How far what is told as past may lie ahead before it is taken for a slip of the pen."""
RELEASE = (CustodyPlace.PRISON, CustodyPlace.REMAND)
RELEASE_AT, CARE_ENDS_AT = CUSTODY_ENDS = ("release", "care-ends")
"""The instants at which custody ends, by the names that steps count from."""


def record(turn: Turn, event: FactsRecorded) -> Refusal | None:
    """Takes up facts from an organisation of the case. Those who hold the person may say when they leave."""
    state, facts = turn.state, event.facts
    if event.by.org not in (state.opener, *state.acting.values()):
        return Refusal(code="not-your-case")
    function = state.organisations[event.by.org].function
    if function is not Function.SOCIAL_SERVICES and Function.SOCIAL_SERVICES in state.acting:
        holds_the_person = function in (Function.PRISON_AND_PROBATION, Function.STATE_CARE)
        if not (holds_the_person and facts.model_dump(exclude_none=True).keys() <= CUSTODY):
            return Refusal(
                code="fact-is-not-yours-to-record", possible=tuple(sorted(CUSTODY)) if holds_the_person else ()
            )
        if not holds(function, facts.custody.place if facts.custody else custody_place(turn)):
            return Refusal(code="fact-is-not-yours-to-record")
    if unknown := set(facts.instants or {}) - set(turn.pack.instants):
        return Refusal(code="unknown-instant", possible=tuple(turn.pack.instants), detail=min(unknown))
    if early := not_yet(turn, facts):
        return Refusal(code="instant-in-the-future", detail=early)
    if says_nothing_new(turn, facts):
        return Refusal(code="nothing-new")
    take_up(turn, facts)
    return None


def not_yet(turn: Turn, facts: Facts) -> Code | None:
    """A day that is recorded as past and has not been: a year was mistyped, and its law would sleep till then."""
    told = (facts.instants or {}).items()
    known = turn.pack.instants
    return next((n for n, at in told if not known[n].ahead and at > turn.now + CLOCKS_DIFFER), None)


def custody_place(turn: Turn) -> CustodyPlace | None:
    return turn.state.custody.place if turn.state.custody else None


def holds(function: Function, place: CustodyPlace | None) -> bool:
    """Whether this is who holds a person there: SiS its own homes, Kriminalvården everything else."""
    in_state_care = place is CustodyPlace.STATE_CARE
    return place is not None and in_state_care == (function is Function.STATE_CARE)


def says_nothing_new(turn: Turn, facts: Facts) -> bool:
    """The same fact twice is one effect, also when it comes with another request key."""
    state, said = turn.state, facts.model_dump(exclude_none=True)
    known = state.model_dump(include=set(said) - {"released", "instants"})
    known["instants"] = {name: state.anchors.get(name) for name in facts.instants or {}}
    known["responsible"] = state.responsible.model_dump(exclude={"since"}) if state.responsible else None
    if facts.responsible is not None:
        said["responsible"] = facts.responsible.model_dump(exclude={"since"})
    if facts.custody is not None:
        said["custody"] = facts.custody.model_dump()
    if facts.released and state.custody is not None:
        return False
    return all(known.get(name) == value for name, value in said.items() if name != "released")


def take_up(turn: Turn, facts: Facts) -> None:
    turned_acute = facts.urgency is Urgency.ACUTE and turn.state.urgency is not Urgency.ACUTE
    if facts.consent is not None:
        covered = {to: until for to, until in (facts.consents or {}).items() if until > turn.now}
        stands(turn, facts.consent, covered, facts.consent_until)
    simple = ("urgency", "police_track_wanted", "stay", "minor", "needs", "conditions_signed")
    turn.update(**{name: value for name in simple if (value := getattr(facts, name)) is not None})
    if facts.responsible is not None:
        since = facts.responsible.since or turn.now
        turn.update(responsible=facts.responsible.model_copy(update={"since": since}))
    if turned_acute:
        hurry(turn)
    if facts.custody is not None:
        take_up_custody(turn, facts.custody)
    for name, instant in (facts.instants or {}).items():
        mark(turn, name, instant)
    if facts.released:
        anchors = {name: at for name, at in turn.state.anchors.items() if name not in CUSTODY_ENDS}
        turn.update(custody=None, anchors=anchors)


def stands(turn: Turn, word: Consent, covered: dict[ConsentTo, datetime], until: datetime | None) -> None:
    """How consent stands from now on. What is not covered any more ends: the police's track, what lies unfetched."""
    before, given = turn.state, word is Consent.GIVEN
    ended = before.consent is Consent.GIVEN and not given
    if ended or (ConsentTo.POLICE_TRACK in before.consents and ConsentTo.POLICE_TRACK not in covered):
        turn.update(police_eligible=False, police_track_wanted=False)
    turn.update(consent=word, consents=covered, consent_until=until)
    if not given:
        disclosures.consent_ended(turn)


def runs_out(turn: Turn, by: datetime) -> bool:
    """A consent, or part of one, ends when it says, and nobody has to say so. Not asked anew is not refused."""
    state, ended = turn.state, [at for at in consent_ends(turn.state) if at <= by]
    if not ended or state.closed is not None:
        return False
    if state.consent_until in ended:
        stands(turn, Consent.NOT_ASKED, {}, None)
    else:
        stands(turn, state.consent, {to: at for to, at in state.consents.items() if at > by}, state.consent_until)
    return True


def consent_ends(state: CaseState) -> list[datetime]:
    """The instants at which something that consent covers ends."""
    return [*state.consents.values(), *([state.consent_until] if state.consent_until else [])]


def consent_lacking(state: CaseState, kind: Kind) -> Refusal | None:
    """Why a handoff of this kind can't exist now: there is no consent, or it covers others and other things."""
    if journey.consented(state, kind):
        return None
    if state.consent is Consent.GIVEN:
        return Refusal(code="consent-does-not-cover", detail=kind.needs_consent)
    return Refusal(code="consent-needed", detail=state.consent)


def hurry(turn: Turn) -> None:
    """The case has become acute, and its open handoffs with it.

    Not those whose step has an urgency of its own, nor those that only the nearness of a date makes acute.
    """
    fixed = {step.code for step in turn.pack.steps if step.urgency is not None}
    dated = {kind.code for kind in turn.pack.kinds.values() if kind.acute_within_days is not None}
    for handoff in list(turn.state.handoffs.values()):
        if handoff.kind not in dated and (handoff.step is None or handoff.step not in fixed):
            after = handoffs.hurried(handoff, turn.now, turn.pack)
            if after is not handoff:
                turn.put(after)


def take_up_custody(turn: Turn, custody: Custody) -> None:
    """A planned end of custody is an instant that deadlines count back from; moving it sets them again."""
    if turn.state.custody is None:
        forget_custody_steps(turn)
    turn.update(custody=custody)
    if custody.ends_at is None:
        return
    if custody.place is CustodyPlace.PROBATION:
        return
    name = RELEASE_AT if custody.place in RELEASE else CARE_ENDS_AT
    mark(turn, name, custody.ends_at)


def mark(turn: Turn, name: Code, instant: datetime) -> None:
    """A day that deadlines count from is known or has moved: open handoffs count from it, and steps may come anew."""
    changed = turn.state.anchors.get(name) != instant
    turn.update(anchors=turn.state.anchors | {name: instant})
    counted = {step.code: step for step in turn.pack.steps if step.anchor == name}
    for handoff in list(turn.state.handoffs.values()):
        if handoff.is_open and handoff.step in counted:
            after = handoffs.reanchored(handoff, instant, turn.now, turn.pack)
            if after is not handoff:
                turn.put(after)
                turn.tell_of_late_birth(after, handoff)
    live = {handoff.step for handoff in turn.state.handoffs.values() if handoff.is_open}
    anew = {code for code, step in counted.items() if step.again and changed} - live
    turn.update(steps={code: at for code, at in turn.state.steps.items() if code not in anew})


def forget_custody_steps(turn: Turn) -> None:
    """A person taken into custody again needs its steps again, except those still open from the last time."""
    live = {handoff.step for handoff in turn.state.handoffs.values()}
    of_custody = {s.code for s in turn.pack.steps if any(c.startswith("in-custody:") for c in s.when)}
    again = of_custody - live
    turn.update(steps={code: at for code, at in turn.state.steps.items() if code not in again})
