"""What must be true of a rule pack before anyone works under it."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.handoffs import ROLES, DeadlineName
from models.packs import DeadlineRule, End, Kind, Ladder, Met, Mode, RulePack, Unit
from models.words import Function
from rules.facts import CUSTODY_ENDS
from rules.journey import CONDITIONS, VALUES
from rules.turn import FIND_ANOTHER_WAY, PLAN_OR_CLOSE

SHORTEST_OFFICE_DAY = 60
SHORTEST_CALENDAR = 5
SIDES = frozenset({"recipient", "requester"})
OFFICE_UNITS = (Unit.WORKING_DAYS, Unit.HOURS, Unit.MINUTES)


def faults(pack: RulePack) -> tuple[str, ...]:
    """Every fault found, as sentences; empty when the pack can be used."""
    return (*_general(pack), *_ladders(pack), *_kinds(pack), *_journey(pack))


def _general(pack: RulePack) -> Iterator[str]:
    try:
        ZoneInfo(pack.zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f"the time zone {pack.zone} is not known"
    if pack.office.opens >= pack.office.closes:
        yield "the office closes before it opens"
    elif pack.office.minutes < SHORTEST_OFFICE_DAY:
        yield "the office is open for less than an hour"
    if pack.closed_until.year - pack.effective_from.year < SHORTEST_CALENDAR:
        yield "the calendar ends too soon: give it at least five years (calendar_years)"
    for kind in (FIND_ANOTHER_WAY, PLAN_OR_CLOSE):
        if kind not in pack.kinds:
            yield f"the kind {kind} is missing: what nobody was asked to do would have no owner"


def _ladders(pack: RulePack) -> Iterator[str]:
    for code, ladder in pack.ladders.items():
        if ladder.recurs[-1].times is not None:
            yield f"the ladder {code} falls silent: its last recurrence must have no end"
        if any(r.times is None for r in ladder.recurs[:-1]):
            yield f"the ladder {code} has recurrences after one without end"
        if ladder.rungs[-1].percent is not None:
            yield f"the ladder {code} has no top rung at or after the deadline"
        yield from _spans(code, ladder)
        early = [r.percent for r in ladder.rungs if r.percent is not None]
        if early != sorted(set(early)):
            yield f"the reminders of the ladder {code} are out of order"
        after = [r for r in ladder.rungs if r.percent is None]
        if [r.percent for r in ladder.rungs[: -len(after) or None]].count(None):
            yield f"the ladder {code} has a reminder before the deadline after one that comes later"
        order = [r.after.amount * _seconds(r.after.unit) if r.after else 0 for r in after]
        if order != sorted(order) or len(set(order)) != len(order):
            yield f"the rungs of the ladder {code} are out of order"
        for receiver in (to for rung in ladder.rungs for to in rung.to):
            side, _, role = receiver.partition(":")
            if side not in SIDES or role not in ROLES:
                yield f"the ladder {code} names an unknown receiver, {receiver}"


def _spans(code: str, ladder: Ladder) -> Iterator[str]:
    if any(recurrence.every.amount == 0 for recurrence in ladder.recurs):
        yield f"the ladder {code} repeats without any time between"
    spans = [recurrence.every for recurrence in ladder.recurs] + [rung.after for rung in ladder.rungs if rung.after]
    if any(span.unit is Unit.MONTHS for span in spans):
        yield f"the ladder {code} counts in months, which only the calendar clock can do"
    if any(rung.percent is not None and rung.after is not None for rung in ladder.rungs):
        yield f"the ladder {code} has a rung that is both before and after the deadline"


def _seconds(unit: Unit) -> int:
    sizes = {Unit.SECONDS: 1, Unit.MINUTES: 60, Unit.HOURS: 3600, Unit.WEEKS: 7 * 86_400}
    return sizes.get(unit, 86_400)


def _kinds(pack: RulePack) -> Iterator[str]:
    for kind in pack.kinds.values():
        if not kind.deadlines:
            yield f"the kind {kind.code} has no deadlines"
        for urgency, rules in kind.deadlines.items():
            where = f"the kind {kind.code} ({urgency})"
            yield from _watched(where, rules)
            for name, rule in rules.items():
                yield from _deadline(where, name, rule, pack)
            if kind.may_hold and DeadlineName.HOLD not in rules:
                yield f"{where} may be put on hold but nothing watches the hold"
        yield from _functions(kind)


def _deadline(where: str, name: DeadlineName, rule: DeadlineRule, pack: RulePack) -> Iterator[str]:
    late = rule.term.if_late_at_birth
    if rule.ladder not in pack.ladders:
        yield f"{where} uses the ladder {rule.ladder}, which is not there"
    if (rule.term.end is End.COUNTDOWN or rule.source_instant == "anchor") and late is None:
        yield f"{where}: the {name} counts from a date but says nothing of being late at birth (if_late)"
    if late is not None and (late.amount == 0 or late.unit not in OFFICE_UNITS):
        yield f"{where}: the replacement of the {name} (if_late) must be in working days, hours or minutes"


def _watched(where: str, rules: dict[DeadlineName, DeadlineRule]) -> Iterator[str]:
    """In every open status some deadline must be live: this is invariant 1, checked before a case exists."""
    lasting = {n: r for n, r in rules.items() if n is not DeadlineName.HOLD and r.met is Met.COMPLETED}
    from_start = [r for r in lasting.values() if r.source_instant != "accepted"]
    until_accepted = [r for r in rules.values() if r.met is Met.ACCEPTED and r.source_instant != "accepted"]
    if not from_start and not (lasting and until_accepted):
        yield f"{where} can stand open without any live deadline"


def _functions(kind: Kind) -> Iterator[str]:
    if kind.mode is not Mode.ASSIGNMENT and not kind.recipient:
        yield f"the kind {kind.code} says nothing of who can receive it"


def _journey(pack: RulePack) -> Iterator[str]:
    codes = [step.code for step in pack.steps]
    for code in {c for c in codes if codes.count(c) > 1}:
        yield f"two steps are called {code}"
    functions = {*Function}
    for step in pack.steps:
        if step.kind not in pack.kinds:
            yield f"the step {step.code} creates a {step.kind}, which is not a kind"
        elif step.anchor is None and any(
            rule.source_instant == "anchor"
            for rules in pack.kinds[step.kind].deadlines.values()
            for rule in rules.values()
        ):
            yield f"the step {step.code} names no instant for its deadlines to count from (anchor)"
        elif step.recipient in functions and step.recipient not in pack.kinds[step.kind].recipient:
            yield f"the step {step.code} sends a {step.kind} to {step.recipient}, which can't receive it"
        if step.sender not in {"opener", *functions} or step.recipient not in {
            "opener",
            "custody",
            "candidates",
            *functions,
        }:
            yield f"the step {step.code} goes between roles that are not known"
    yield from _conditions(pack)


def _conditions(pack: RulePack) -> Iterator[str]:
    """A condition that no case can meet would make a step wait for ever, in silence."""
    anchors = {*CUSTODY_ENDS, *(kind.marks for kind in pack.kinds.values() if kind.marks)}
    names = {"begun": {*pack.kinds}, "completed": {*pack.kinds}, "known": anchors}
    conditions = [(s.code, c) for s in pack.steps for c in (*s.when, *s.unless)]
    conditions += [(p.phase, c) for p in pack.phases for c in p.when]
    for owner, condition in conditions:
        for alternative in condition.split("|"):
            word, _, value = alternative.partition(":")
            possible = names.get(word) or {str(member) for member in VALUES.get(word, ())}
            if word not in CONDITIONS or value not in (possible or {""}):
                yield f"{owner} depends on {alternative}, which no case can answer"
