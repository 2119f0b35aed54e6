"""Whether each thing that a ground may need is there. Nobody has said is never yes; known not to be so closes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from models.consent import ConsentQuestion, ConsentRecord, WhyNoConsent
from models.sharing import Circumstances, Demand, Ground, Judgement, Lack, Need, Question, Weighed
from models.words import OrgId, TrackB
from rules.consent import age, is_minor, seen, valid
from rules.judgements import latest

FIRM = frozenset({WhyNoConsent.REFUSED, WhyNoConsent.WITHDRAWN, WhyNoConsent.NOBODY_TO_ASK})
"""A no is a no: nobody is asked again in order to be able to send."""
NOT_OURS = frozenset({Need.CHILD_AT_RISK, Need.LVM_NEED, Need.PARTY_TO_HANDOFF, Need.VISIBLE})
"""Either it is so, or it is not: nothing that a sender can bring about in order to be able to send."""


class Asked(NamedTuple):
    ground: Ground
    question: Question
    known: Circumstances
    now: datetime


def lack(need: Need, ground: Ground, question: Question, circumstances: Circumstances, now: datetime) -> Lack | None:
    """What is lacking of one need, or None when it is there."""
    asked = Asked(ground, question, circumstances, now)
    if need is Need.CONSENT:
        return consent(asked)
    met = MET[need](asked)
    if met is True:
        return None
    return Lack(need=need, closed=met is False or need in NOT_OURS)


def consent(asked: Asked) -> Lack | None:
    """Judged at this instant, in the history's own order, for this recipient, category and purpose."""
    question, known = asked.question, asked.known
    about = ConsentQuestion(
        recipient=question.recipient,
        recipient_org=question.recipient_org,
        category=question.category,
        purpose=question.purpose,
        person=known.person,
    )
    found = valid(known.consents, about, asked.now, known.last_seen)
    if isinstance(found, ConsentRecord):
        return None
    return Lack(need=Need.CONSENT, why=found, closed=found in FIRM)


def last_seen(asked: Asked) -> datetime:
    """Ages never go back when a clock does."""
    return max(seen(asked.known.consents, asked.now), asked.known.last_seen or asked.now)


def under_18(asked: Asked) -> bool | None:
    return is_minor(asked.known.person, last_seen(asked))


def under_21(asked: Asked) -> bool | None:
    years = age(asked.known.person, last_seen(asked))
    if years is not None:
        return years < 21
    return asked.known.person.minor or None


def care_condition(asked: Asked) -> bool | None:
    known = asked.known
    said = (under_18(asked), known.addiction, known.compulsory_psychiatry, known.pregnant)
    if True in said:
        return True
    return None if None in said else False


def confidentiality(asked: Asked) -> bool | None:
    said = (asked.known.recipient_professional, asked.known.reservation)
    if True in said:
        return True
    return None if None in said else False


def is_recipient(named: OrgId | None, asked: Asked) -> bool | None:
    """Whether a named organisation is the one that is asked about; unknown when either is."""
    if named is None or asked.question.recipient_org is None:
        return None
    return named == asked.question.recipient_org


def judged(what: Weighed) -> Callable[[Asked], bool | None]:
    def said(asked: Asked) -> bool | None:
        found = judgement(what, asked)
        return None if found is None else found.speaks_for

    return said


def judgement(what: Weighed, asked: Asked) -> Judgement | None:
    return latest(what, asked.ground.code, asked.question, asked.known)


def no_reasons_against(asked: Asked) -> bool:
    found = judgement(Weighed.EXTRAORDINARY_REASONS, asked)
    return found is None or found.speaks_for


def demand_of(ground: Ground, question: Question, known: Circumstances) -> Demand | None:
    """The first demand by one of the ground's laws, from exactly this authority, for this category."""
    for demand in known.demands:
        from_them = (demand.authority, demand.authority_org) == (question.recipient, question.recipient_org)
        if demand.law in ground.laws and from_them and question.category in demand.categories:
            return demand
    return None


MET: dict[Need, Callable[[Asked], bool | None]] = {
    Need.UNDER_18: under_18,
    Need.UNDER_21: under_21,
    Need.RISK_OF_CRIME: lambda asked: asked.known.risk_of_crime,
    Need.PREVENTS_CRIME: judged(Weighed.PREVENTS_CRIME),
    Need.CARE_CONDITION: care_condition,
    Need.DEMAND: lambda asked: demand_of(asked.ground, asked.question, asked.known) is not None,
    Need.TRANSFER: lambda asked: is_recipient(asked.known.transfer_to, asked),
    Need.COMPULSORY_PLACEMENT: lambda asked: is_recipient(asked.known.compulsory_placement_at, asked),
    Need.HOUSES_PERSON: lambda asked: is_recipient(asked.known.housed_by, asked),
    Need.CHILD_AT_RISK: lambda asked: asked.known.child_at_risk,
    Need.LVM_NEED: lambda asked: asked.known.lvm_need,
    Need.RECIPIENT_RESPONSIBLE: lambda asked: is_recipient(asked.known.responsible_org, asked),
    Need.HOLDER_PROFESSIONAL: lambda asked: asked.known.holder_professional,
    Need.NO_EXTRAORDINARY_REASONS: no_reasons_against,
    Need.TRACK_B_OPEN: lambda asked: None if asked.known.track_b is None else asked.known.track_b is TrackB.OPEN,
    Need.PARTY_TO_HANDOFF: lambda asked: asked.known.party_to_handoff,
    Need.VISIBLE: lambda asked: asked.known.visible,
    Need.CONFIDENTIALITY: confidentiality,
    Need.NECESSITY_NOTE: judged(Weighed.NECESSITY),
    Need.WEIGHING: judged(Weighed.WEIGHING),
    Need.HARM_TEST: judged(Weighed.HARM),
    Need.SECOND_REVIEWER: lambda asked: asked.known.second_reviewer or asked.known.alone_on_call or None,
    Need.LAWYER_CONFIRMS: judged(Weighed.LAWYER),
}
"""How each need is judged. Consent has its own room."""
