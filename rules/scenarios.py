"""What must be true of a scenario before it is played: it names what exists, and asks nobody for the impossible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from models.handoffs import Act
from models.packs import Kind, RulePack
from models.simulation import (
    MOST_CASES,
    MOST_WEIGHT,
    Answer,
    AnswerRule,
    Asks,
    Between,
    Declines,
    Fails,
    Forwards,
    Group,
    Holds,
    InTime,
    Late,
    Mixture,
    NotResponsible,
    Returns,
    Scenario,
    Withdraws,
)
from models.words import Code, Function, OrgId
from rules.behaviours import could_do

STATES_REASON: dict[type, Act] = {
    Declines: Act.DECLINE,
    Holds: Act.HOLD,
    Returns: Act.RETURN,
    Fails: Act.FAIL,
    Withdraws: Act.WITHDRAW,
}


class Problem(NamedTuple):
    """One thing wrong with a scenario: where, which, and what would be possible."""

    field: str
    code: str
    possible: tuple[str, ...] = ()


def problems(scenario: Scenario, packs: Iterable[RulePack]) -> list[Problem]:
    """Every problem found; empty when it can be played. A word that any of the packs knows is known."""
    packs = tuple(packs)
    kinds: dict[Code, list[Kind]] = {}
    for pack in packs:
        for code, kind in pack.kinds.items():
            kinds.setdefault(code, []).append(kind)
    functions = {org.id: org.function for org in scenario.organisation}
    return [
        *_organisations(scenario),
        *_cases(scenario, packs, kinds, functions),
        *_rules(scenario, kinds, functions),
    ]


def _organisations(scenario: Scenario) -> Iterator[Problem]:
    for name, times in Counter(org.id for org in scenario.organisation).items():
        if times > 1:
            yield Problem("organisation", "organisation-twice", (name,))
    for number, org in enumerate(scenario.organisation):
        if any(outage.since >= outage.until for outage in org.down):
            yield Problem(f"organisation.{number}.down", "ends-before-it-begins")
    if sum(group.count for group in scenario.case) > MOST_CASES:
        yield Problem("case", "too-many-cases", (str(MOST_CASES),))


def _cases(
    scenario: Scenario, packs: tuple[RulePack, ...], kinds: dict[Code, list[Kind]], functions: dict[OrgId, Function]
) -> Iterator[Problem]:
    yield from _candidates("candidates", scenario.candidates, packs, functions)
    for number, group in enumerate(scenario.case):
        where = f"case.{number}"
        if isinstance(group.opens, Between) and group.opens.since > group.opens.until:
            yield Problem(f"{where}.opens", "ends-before-it-begins")
        yield from _known(f"{where}.opened_by", (group.opened_by,), functions)
        yield from _known(f"{where}.acting", group.acting, functions)
        if any(times > 1 for times in Counter(functions.get(org) for org in group.acting).values()):
            yield Problem(f"{where}.acting", "two-act-for-one-function")
        yield from _candidates(f"{where}.candidates", group.candidates, packs, functions)
        yield from _levels(where, group, packs)
        yield from _facts(where, group, packs)
        yield from _later(where, group, kinds, functions)


def _candidates(
    field: str, told: dict[Code, tuple[OrgId, ...]], packs: tuple[RulePack, ...], functions: dict[OrgId, Function]
) -> Iterator[Problem]:
    sought = {step.kind for pack in packs for step in pack.steps if step.recipient == "candidates"}
    for kind, orgs in told.items():
        if kind not in sought:
            yield Problem(field, "no-candidates-here", tuple(sorted(sought)))
        yield from _known(field, orgs, functions)


def _levels(where: str, group: Group, packs: tuple[RulePack, ...]) -> Iterator[Problem]:
    known = {level for pack in packs for level in pack.threat_levels}
    if not group.threat_level or not set(group.threat_level) <= known:
        yield Problem(f"{where}.threat_level", "unknown-level", tuple(sorted(known)))
    elif not all(0 < weight <= MOST_WEIGHT for weight in group.threat_level.values()):
        yield Problem(f"{where}.threat_level", "no-weight")


def _facts(where: str, group: Group, packs: tuple[RulePack, ...]) -> Iterator[Problem]:
    told = [("facts", group.facts)]
    told += [(f"later.{n}.facts", later.facts) for n, later in enumerate(group.later) if not isinstance(later, Asks)]
    known = set.intersection(*(set(pack.instants) for pack in packs))
    for field, facts in told:
        if not {*(facts.instants or {}), *facts.instants_after} <= known:
            yield Problem(f"{where}.{field}", "unknown-instant", tuple(sorted(known)))
        if facts.custody_ends_after is not None and facts.custody is None:
            yield Problem(f"{where}.{field}.custody_ends_after", "no-custody")


def _later(
    where: str, group: Group, kinds: dict[Code, list[Kind]], functions: dict[OrgId, Function]
) -> Iterator[Problem]:
    for number, later in enumerate(group.later):
        field = f"{where}.later.{number}"
        if isinstance(later, Asks):
            yield from _known(f"{field}.sender", (later.sender,), functions)
            yield from _known(f"{field}.to", (later.to,), functions)
            if later.kind not in kinds:
                yield Problem(f"{field}.kind", "unknown-kind", tuple(kinds))
        elif later.by is not None:
            yield from _known(f"{field}.by", (later.by,), functions)


def _known(field: str, orgs: tuple[OrgId, ...], functions: dict[OrgId, Function]) -> Iterator[Problem]:
    if not set(orgs) <= set(functions):
        yield Problem(field, "unknown-organisation", tuple(functions))


def _rules(scenario: Scenario, kinds: dict[Code, list[Kind]], functions: dict[OrgId, Function]) -> Iterator[Problem]:
    lists = [("answers", scenario.answers)]
    lists += [(f"case.{n}.answers", group.answers) for n, group in enumerate(scenario.case)]
    for field, rules in lists:
        for number, rule in enumerate(rules):
            where = f"{field}.{number}"
            yield from _known(f"{where}.organisation", rule.organisation, functions)
            if not set(rule.kind) <= set(kinds):
                yield Problem(f"{where}.kind", "unknown-kind", tuple(kinds))
            elif meant := _meant(rule, kinds, functions):
                yield from _behaviour(f"{where}.answer", rule.answer, meant, functions)
            else:
                yield Problem(where, "concerns-nothing")


def _meant(rule: AnswerRule, kinds: dict[Code, list[Kind]], functions: dict[OrgId, Function]) -> list[Kind]:
    """The kinds that a rule can concern: those that its organisations can get, or, to withdraw, can send."""
    own = {function for org, function in functions.items() if not rule.organisation or org in rule.organisation}
    who = own.intersection(rule.function) if rule.function else own
    found = []
    for kind in (kind for code, same in kinds.items() if not rule.kind or code in rule.kind for kind in same):
        able = kind.sender if isinstance(rule.answer, Withdraws) else kind.recipient
        known_urgency = rule.urgency is None or rule.urgency in kind.deadlines
        if who and known_urgency and (not able or who.intersection(able)):
            found.append(kind)
    return found


def _behaviour(
    field: str, says: Answer | Withdraws, kinds: list[Kind], functions: dict[OrgId, Function]
) -> Iterator[Problem]:
    """What a behaviour does that none of the kinds it concerns allows."""
    able = [kind for kind in kinds if could_do(says, kind)]
    if not able:
        yield Problem(f"{field}.does", "can-never-be-done", tuple(dict.fromkeys(kind.code for kind in kinds)))
        return
    act = STATES_REASON.get(type(says))
    reason = getattr(says, "reason", None)
    if act is not None and reason is not None:
        reasons = tuple(dict.fromkeys(code for kind in able for code in kind.reasons.get(act, ())))
        if reason not in reasons:
            yield Problem(f"{field}.reason", "unknown-reason", reasons)
    match says:
        case InTime() | Late():
            outcomes = tuple(dict.fromkeys(code for kind in able for code in kind.answers.get(Act.COMPLETE, ())))
            if says.outcome is not None and says.outcome not in outcomes:
                yield Problem(f"{field}.outcome", "unknown-outcome", outcomes)
        case NotResponsible():
            yield from _known(f"{field}.to", (says.to,), functions)
            paragraphs = tuple(dict.fromkeys(p for kind in able for p in kind.disclaims))
            if says.paragraph not in paragraphs:
                yield Problem(f"{field}.paragraph", "unknown-paragraph", paragraphs)
        case Forwards():
            yield from _known(f"{field}.to", (says.to,), functions)
            if says.to in functions and not any(functions[says.to] in kind.recipient for kind in able):
                yield Problem(f"{field}.to", "can-not-take-it")
        case Mixture():
            for number, part in enumerate(says.of):
                yield from _behaviour(f"{field}.of.{number}.answer", part.answer, kinds, functions)
    then = getattr(says, "then", None)
    if then is not None:
        yield from _behaviour(f"{field}.then", then, kinds, functions)
