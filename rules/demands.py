"""Demands by authorities: which can be recorded here, what each of them reaches, by when, and why one may be refused.

A demand opens what its own law opens and nothing else: consent, and every other ground, is left out of its answer.
Sources: OSL 10:28; SoL 15:7, 15:9, 20:6; lag 2025:170 section 4; domain.md section 4 and table (c).
"""

from __future__ import annotations

from datetime import datetime

from models.contracts import Refusal
from models.demands import DEMAND, DemandState, KeptDemand, StandingDemand, WhyRefused
from models.sharing import Cell, Circumstances, Demand, DutyClock, Ground, Need, Question, SharingRules
from models.words import Code, OrgId
from rules import sharing
from rules.facts import CLOCKS_DIFFER

MOST_OPEN = 20
"""Demands open at once in a case: as many as a question carries. None that is recorded may go unseen."""
REASONED = frozenset({WhyRefused.EXTRAORDINARY_REASONS, WhyRefused.NOT_THEIR_RIGHT})
"""Refusals that the authority can contest: why is written down."""


def grounds(rules: SharingRules, law: Code) -> tuple[Ground, ...]:
    """The grounds that a demand by this law opens."""
    return tuple(one for one in rules.grounds.values() if Need.DEMAND in one.needs and law in one.laws)


def laws(rules: SharingRules) -> tuple[Code, ...]:
    """Every law that the rules know a demand by."""
    every = (law for one in rules.grounds.values() if Need.DEMAND in one.needs for law in one.laws)
    return tuple(dict.fromkeys(every))


def opened(rules: SharingRules, holder: Code, law: Code) -> tuple[Cell, ...]:
    """What a demand by this law can reach at such an agency, cell by cell."""
    codes = {one.code for one in grounds(rules, law)}
    secrecy = sharing.default_secrecy(rules, holder)
    mine = (one for one in rules.cells if one.holder == holder and one.secrecy == secrecy)
    return tuple(one for one in mine if one.category not in sharing.STAYS and codes & set(one.grounds))


def refused(rules: SharingRules, holder: Code, demand: Demand, now: datetime) -> Refusal | None:
    """Why something can't be recorded as a demand here: no law of the rules lets that authority demand that."""
    if demand.law not in laws(rules):
        return Refusal(code="unknown-law", possible=laws(rules))
    cells = opened(rules, holder, demand.law)
    if not cells:
        here = tuple(law for law in laws(rules) if opened(rules, holder, law))
        return Refusal(code="law-binds-others", possible=here)
    theirs = {one.category for one in cells if one.recipient == demand.authority}
    if not theirs:
        return Refusal(code="may-not-demand-that", possible=tuple(sorted({one.recipient for one in cells})))
    if not theirs.issuperset(demand.categories):
        return Refusal(code="law-reaches-less", possible=tuple(sorted(theirs)))
    if demand.received_at > now + CLOCKS_DIFFER:
        return Refusal(code="demanded-in-the-future")
    return None


def only_by(rules: SharingRules, demand: Demand) -> SharingRules:
    """The rules as far as this demand goes: its law's grounds, and of an answer the categories that it names."""
    codes = {one.code for one in grounds(rules, demand.law)}
    left = ((one, tuple(code for code in one.grounds if code in codes)) for one in rules.cells)
    kind = rules.kinds[DEMAND]
    answer = {category: fields for category, fields in kind.answer.items() if category in demand.categories}
    kinds = {DEMAND: kind.model_copy(update={"request": {}, "answer": answer})}
    cells = tuple(one.model_copy(update={"grounds": theirs}) for one, theirs in left if theirs)
    return rules.model_copy(update={"cells": cells, "kinds": kinds})


def clock(rules: SharingRules, holder: Code, demand: Demand, holder_org: OrgId | None = None) -> DutyClock | None:
    """By when a demand is answered: counted from when it was received, in real time."""
    found = [
        one
        for one in opened(rules, holder, demand.law)
        if one.recipient == demand.authority and one.category in demand.categories
    ]
    codes = found[0].grounds if found else ()
    ground = next((one for one in grounds(rules, demand.law) if one.code in codes), None)
    if ground is None:
        return None
    question = Question(
        holder=holder,
        holder_org=holder_org,
        secrecy=found[0].secrecy,
        category=found[0].category,
        recipient=demand.authority,
        recipient_org=demand.authority_org,
        purpose=rules.kinds[DEMAND].purpose,
    )
    return sharing.clock_of(rules, ground, question, Circumstances(demands=(demand,)), demand.received_at)


def may_be_refused(rules: SharingRules, demand: Demand, why: WhyRefused, *, reasoned: bool) -> Refusal | None:
    """Whether this is a reason that a person can refuse this demand for; not whether it is a good one."""
    exception = any(Need.NO_EXTRAORDINARY_REASONS in one.needs for one in grounds(rules, demand.law))
    if why is WhyRefused.EXTRAORDINARY_REASONS and not exception:
        left = tuple(one.value for one in WhyRefused if one is not WhyRefused.EXTRAORDINARY_REASONS)
        return Refusal(code="no-such-exception", possible=left)
    if why in REASONED and not reasoned:
        return Refusal(code="refusal-is-reasoned")
    return None


def standing(rules: SharingRules | None, holder: Code, kept: KeptDemand, now: datetime) -> StandingDemand:
    """A demand for the list. Without rules in force there is no paragraph and no clock to show; it is still there."""
    demand = kept.demand
    known = grounds(rules, demand.law) if rules else ()
    runs = clock(rules, holder, demand) if rules else None
    due = runs.due if runs else None
    overdue = due is not None and kept.state is DemandState.OPEN and now > due
    return StandingDemand(
        id=kept.id,
        handoff=kept.handoff,
        law=demand.law,
        paragraph=known[0].paragraph if known else demand.law,
        authority=demand.authority_org or demand.authority,
        categories=demand.categories,
        received_at=demand.received_at,
        due=due,
        late=now - due if overdue and due is not None else None,
        state=kept.state,
        why=kept.why,
    )
