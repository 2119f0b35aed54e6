"""What can ever happen: steps whose conditions can hold together, and phases that are not always hidden.

A condition is `a|b`, satisfied by one of its atoms. A step can happen when one atom of each condition can be chosen so
that none contradicts another, none is ruled out by `unless`, and each can come about: kinds that steps create come
about only by a step that can happen itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, product

from models.packs import Mode, RulePack
from rules.checks.fault import Fault
from rules.facts import CUSTODY_ENDS
from rules.journey import VALUES
from rules.turn import FIND_ANOTHER_WAY, PLAN_OR_CLOSE

ONE_AT_A_TIME = frozenset({"opener", "urgency", "consent", "in-custody", "track-b"})
"""Words of which a case has one value at a time."""
ALWAYS_ONE = ("urgency", "consent", "track-b")
"""Words of which a case always has one."""
SYSTEM = frozenset({FIND_ANOTHER_WAY, PLAN_OR_CLOSE})
"""Kinds that the core creates by itself."""
MOST_CHOICES = 4_096
"""Combinations tried for one step."""


def faults(pack: RulePack) -> Iterator[Fault]:
    happen = possible_steps(pack)
    for number, step in enumerate(pack.steps):
        if not choices(step.when, step.unless):
            yield Fault(
                ("step", number),
                f"steget {step.code} kan aldrig tas: villkoren motsäger varandra",
                f"the step {step.code} can never be taken: its conditions contradict each other",
            )
        elif step.code not in happen:
            yield Fault(
                ("step", number),
                f"steget {step.code} kan aldrig tas: det väntar på något som bara det självt kan leda till",
                f"the step {step.code} can never be taken: it waits for what only it can lead to",
            )
    for code in sorted(only_by_system(pack) - reported(pack) - {step.kind for step in pack.steps}):
        yield Fault(
            ("kinds", code),
            f"{code} kan aldrig uppstå: ingen får skicka den (to), och inget steg skapar den",
            f"{code} can never come about: nobody may send it (to), and no step creates it",
        )
    yield from _phases(pack)


def possible_steps(pack: RulePack) -> frozenset[str]:
    """The steps that can happen, worked out from those that need no other, until nothing more is gained."""
    by_hand = frozenset(pack.kinds) - {step.kind for step in pack.steps} - only_by_system(pack) | reported(pack)
    happen: frozenset[str] = frozenset()
    while True:
        kinds = by_hand | {step.kind for step in pack.steps if step.code in happen}
        more = frozenset(
            step.code
            for step in pack.steps
            if any(all(can_be(atom, kinds, pack) for atom in atoms) for atoms in choices(step.when, step.unless))
        )
        if more == happen:
            return happen
        happen = more


def only_by_system(pack: RulePack) -> frozenset[str]:
    """Own work of nobody in particular: people can't send it, only a step, a missed deadline or the core creates it."""
    nobodys = {kind.code for kind in pack.kinds.values() if kind.mode is Mode.ASSIGNMENT and not kind.recipient}
    return frozenset(nobodys - SYSTEM)


def reported(pack: RulePack) -> frozenset[str]:
    """Kinds that a missed deadline gives rise to."""
    rules = (r for kind in pack.kinds.values() for rules in kind.deadlines.values() for r in rules.values())
    return frozenset(rule.reports for rule in rules if rule.reports)


def can_be(atom: str, kinds: frozenset[str], pack: RulePack) -> bool:
    """Whether a case can come to answer yes, when handoffs of `kinds` can come about."""
    word, _, value = atom.partition(":")
    live = [pack.kinds[code] for code in kinds if code in pack.kinds]
    match word:
        case "begun" | "completed":
            return value in kinds
        case "known":
            return value in (*CUSTODY_ENDS, *pack.instants) or any(kind.marks == value for kind in live)
        case "assessed" | "protection-needed":
            return any(kind.desk_work == "conclude-assessment" for kind in live)
        case "track-b":
            return value == "not-tried" or any(kind.opens_track_b for kind in live)
        case _:
            return True


def choices(when: Iterable[str], unless: Iterable[str]) -> list[tuple[str, ...]]:
    """The ways in which all of `when` and none of `unless` can hold; empty when they contradict each other."""
    barred = {atom for condition in unless for atom in condition.split("|")}
    if any({f"{word}:{value}" for value in VALUES[word]} <= barred for word in ALWAYS_ONE):
        return []
    ways = product(*(condition.split("|") for condition in when))
    return [atoms for atoms in islice(ways, MOST_CHOICES) if agree(atoms, barred)]


def agree(atoms: tuple[str, ...], barred: set[str]) -> bool:
    values: dict[str, set[str]] = {}
    for atom in atoms:
        word, _, value = atom.partition(":")
        values.setdefault(word, set()).add(value)
    return barred.isdisjoint(atoms) and all(len(values.get(word, ())) < 2 for word in ONE_AT_A_TIME)


def _phases(pack: RulePack) -> Iterator[Fault]:
    """The last phase whose conditions hold is shown: one that implies a later one is never seen."""
    for number, phase in enumerate(pack.phases):
        if not choices(phase.when, ()):
            yield Fault(
                ("phase", number),
                f"fasen {phase.phase} kan aldrig nås: villkoren motsäger varandra",
                f"the phase {phase.phase} can never be reached: its conditions contradict each other",
            )
        for later in pack.phases[number + 1 :]:
            if implies(phase.when, later.when):
                yield Fault(
                    ("phase", number),
                    f"fasen {phase.phase} syns aldrig: {later.phase} gäller alltid när den gör det",
                    f"the phase {phase.phase} is never seen: {later.phase} holds whenever it does",
                )
                break


def implies(first: Iterable[str], second: Iterable[str]) -> bool:
    """Whether all of `second` hold whenever all of `first` do, by their words alone."""
    known = [set(condition.split("|")) for condition in first]
    return all(any(one <= set(condition.split("|")) for one in known) for condition in second)
