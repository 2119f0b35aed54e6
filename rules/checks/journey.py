"""Steps and phases: between roles that exist, of kinds that exist, on conditions that a case can answer."""

from __future__ import annotations

from collections.abc import Iterator

from models.packs import Mode, RulePack, Step
from models.words import Function
from rules.checks.fault import Fault, Place
from rules.facts import CUSTODY_ENDS
from rules.journey import CONDITIONS, VALUES

FUNCTIONS = frozenset(Function)


def faults(pack: RulePack) -> Iterator[Fault]:
    codes = [step.code for step in pack.steps]
    for number, step in enumerate(pack.steps):
        at: Place = ("step", number)
        if step.code in codes[:number]:
            yield Fault((*at, "code"), f"två steg heter {step.code}", f"two steps are called {step.code}")
        yield from _kind(at, step, pack)
        yield from _anchor(at, step, pack)
    yield from _conditions(pack)
    yield from _instants(pack)


def instants(pack: RulePack) -> frozenset[str]:
    """Every instant that deadlines can count from: recorded by people, fixed by a kind, or the end of custody."""
    return frozenset({*CUSTODY_ENDS, *pack.instants, *(kind.marks for kind in pack.kinds.values() if kind.marks)})


def _kind(at: Place, step: Step, pack: RulePack) -> Iterator[Fault]:
    kind = pack.kinds.get(step.kind)
    if kind is None:
        yield Fault(
            (*at, "kind"),
            f"steget {step.code} skapar {step.kind}, som inte är någon sort",
            f"the step {step.code} creates a {step.kind}, which is not a kind",
        )
        return
    if kind.mode is Mode.ASSIGNMENT and step.sender != step.recipient:
        yield Fault(
            at,
            f"steget {step.code} skickar eget arbete till någon annan",
            f"the step {step.code} sends own work to somebody else",
        )
    if step.recipient in FUNCTIONS and kind.recipient and step.recipient not in kind.recipient:
        yield Fault(
            (*at, "to"),
            f"steget {step.code} skickar {step.kind} till {step.recipient}, som inte kan ta emot det",
            f"the step {step.code} sends a {step.kind} to {step.recipient}, which can't receive it",
        )
    if step.sender in FUNCTIONS and kind.sender and step.sender not in kind.sender:
        yield Fault(
            (*at, "from"),
            f"steget {step.code} skickar {step.kind} från {step.sender}, som inte får be om det",
            f"the step {step.code} sends a {step.kind} from {step.sender}, which may not ask for it",
        )


def _anchor(at: Place, step: Step, pack: RulePack) -> Iterator[Fault]:
    kind = pack.kinds.get(step.kind)
    rules = (rule for urgency in (kind.deadlines.values() if kind else ()) for rule in urgency.values())
    counts = any(rule.source_instant == "anchor" for rule in rules)
    if step.anchor is None and counts:
        yield Fault(
            at,
            f"steget {step.code} säger inte vilken dag fristerna räknas från (anchor)",
            f"the step {step.code} names no instant for its deadlines to count from (anchor)",
        )
    if step.anchor is None and step.again:
        yield Fault(
            (*at, "again"),
            f"steget {step.code} tas om när dagen sätts på nytt, men nämner ingen dag (anchor)",
            f"the step {step.code} is taken again when its day is set anew, but names no day (anchor)",
        )
    if step.anchor is None:
        return
    if step.anchor not in instants(pack):
        yield Fault(
            (*at, "anchor"),
            f"steget {step.code} räknar från {step.anchor}, som ingen kan ange",
            f"the step {step.code} counts from {step.anchor}, which nobody can set",
        )
    elif f"known:{step.anchor}" not in step.when:
        yield Fault(
            (*at, "anchor"),
            f"steget {step.code} räknar från {step.anchor} men väntar inte på den: when ska ha known:{step.anchor}",
            f"the step {step.code} counts from {step.anchor} but doesn't wait for it: when needs known:{step.anchor}",
        )
    if not counts and not step.again:
        yield Fault(
            (*at, "anchor"),
            f"steget {step.code} nämner en dag, men ingen frist i {step.kind} räknas från den",
            f"the step {step.code} names a day, but no deadline of {step.kind} counts from it",
            warning=True,
        )


def _conditions(pack: RulePack) -> Iterator[Fault]:
    """A condition that no case can meet would make a step wait for ever, in silence."""
    names = {"begun": {*pack.kinds}, "completed": {*pack.kinds}, "known": {*instants(pack)}}
    conditions: list[tuple[Place, str, str]] = []
    for number, step in enumerate(pack.steps):
        conditions += [(("step", number, "when"), step.code, one) for one in step.when]
        conditions += [(("step", number, "unless"), step.code, one) for one in step.unless]
    for number, phase in enumerate(pack.phases):
        conditions += [(("phase", number, "when"), str(phase.phase), one) for one in phase.when]
    for at, owner, condition in conditions:
        for alternative in condition.split("|"):
            word, _, value = alternative.partition(":")
            possible = names.get(word) or {str(member) for member in VALUES.get(word, ())}
            if word not in CONDITIONS or value not in (possible or {""}):
                yield Fault(
                    at,
                    f"{owner} beror på {alternative}, som inget ärende kan svara på",
                    f"{owner} depends on {alternative}, which no case can answer",
                )


def _instants(pack: RulePack) -> Iterator[Fault]:
    anchors = {step.anchor for step in pack.steps}
    asked = {one for step in pack.steps for group in (*step.when, *step.unless) for one in group.split("|")}
    for code in pack.instants:
        if code in CUSTODY_ENDS:
            yield Fault(
                ("instants", code),
                f"{code} sätts av frihetsberövandet och kan inte anges för sig",
                f"{code} is set by the custody and can't be recorded by itself",
            )
        elif code not in anchors and f"known:{code}" not in asked:
            yield Fault(
                ("instants", code),
                f"dagen {code} kan anges, men inget räknas från den",
                f"the day {code} can be recorded, but nothing counts from it",
                warning=True,
            )
