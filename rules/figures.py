"""What simulated cases come to: deadlines met and missed, alarms and work by role and week, times, ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Literal, NamedTuple

from models.case import CaseState
from models.events import Acted, Closed, DeskSilent, Event, TimePassed
from models.handoffs import OPEN, Act, Deadline, DeadlineName, Handoff, Status, StatusChange
from models.packs import RulePack
from models.words import Code, HandoffId, Urgency
from rules import clocks
from rules.simulation import Step
from rules.turn import FIND_ANOTHER_WAY, PLAN_OR_CLOSE

ANSWERED = frozenset({Act.COMPLETE, Act.DECLINE, Act.FAIL})
"""Acts by which people end a handoff themselves, and with it meet the deadlines that asked for an answer."""
Judgement = Literal["met", "missed", "running", "moot"]


class Ending(NamedTuple):
    """How one case ended, or stands when the simulation does: what two rule packs are compared by."""

    closed: str
    phase: str
    handoffs: dict[str, str]
    """By name (`protected-bed 2`): the status, with its reason."""


@dataclass
class Figures:
    """Sums over cases. Adding is commutative: the order in which cases were played does not show."""

    cases: Counter[str] = field(default_factory=Counter)
    """`played`, `closed`, `open`, and `stopped:CODE` for those that could not be played to the end."""
    deadlines: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By kind, deadline and judgement."""
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind and what became of it: `created`, a status, `expired`, `lapsed`, `another-way` ..."""
    rungs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By role, and `rung` or `repeat`."""
    alarms: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Alarms by organisation, role and ISO week."""
    work: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """New handoffs by organisation, role and ISO week."""
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What people tried and the core refused, by event and code."""
    accepted: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Time from asking to acceptance, by kind and whole minutes."""
    completed: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Time from asking to completion, by kind and whole minutes."""
    events: int = 0

    def add(self, other: Figures) -> None:
        for one in fields(self):
            if one.name == "events":
                self.events += other.events
            else:
                getattr(self, one.name).update(getattr(other, one.name))


class Change(NamedTuple):
    """What became of one deadline in one step."""

    handoff: Handoff
    what: Literal["set", "moved", "stands", "met", "late", "missed", "moot"]
    name: DeadlineName
    due: datetime
    before: datetime | None = None


class Ledger:
    """The bookkeeping of one case while it is played."""

    def __init__(self, pack: RulePack) -> None:
        self.figures = Figures()
        self.names: dict[HandoffId, str] = {}
        self._pack = pack
        self._numbers: Counter[str] = Counter()
        self._late: set[tuple[HandoffId, DeadlineName]] = set()
        self._ends: dict[str, str] = {}
        self._last: Step | None = None

    def enter(self, step: Step) -> None:
        figures, self._last = self.figures, step
        figures.events += 1
        if step.refusal is not None:
            figures.refused[wanted(step.event), step.refusal.code] += 1
        if step.stopped is not None:
            figures.cases[f"stopped:{step.stopped}"] += 1
        if step.entry is None:
            return
        if isinstance(step.event, DeskSilent):
            figures.ends["desk", "silent"] += 1
        week = iso_week(step.at, self._pack)
        for change in step.entry.changes:
            self._status(step, change, week)
        for deadline in self.changes(step):
            if deadline.what in ("met", "missed", "moot"):
                figures.deadlines[deadline.handoff.kind, deadline.name, deadline.what] += 1
        for firing in step.entry.firings:
            for receiver in firing.to:
                figures.rungs[receiver.partition(":")[2], "repeat" if firing.recurrence else "rung"] += 1
        for notice in step.entry.notices:
            if notice.about == "rung":
                figures.alarms[notice.org, notice.role, week] += 1

    def changes(self, step: Step) -> Iterator[Change]:
        """What became of the deadlines in this step. One that passes unmet is late once, and missed when it is gone."""
        for after in step.entry.handoffs if step.entry else ():
            before = step.before.handoffs.get(after.id)
            old = {d.name: d for d in before.deadlines} if before else {}
            new = {d.name: d for d in after.deadlines}
            for name, deadline in old.items():
                key = after.id, name
                past = is_past(deadline, step.at) or (isinstance(step.event, TimePassed) and deadline.due == step.at)
                if past and deadline.since is not None and key not in self._late:
                    self._late.add(key)
                    yield Change(after, "late", name, deadline.due)
                if name not in new:
                    missed = key in self._late
                    self._late.discard(key)
                    kept = after.status in OPEN or is_answered(step.event, after)
                    yield Change(after, "missed" if missed else "met" if kept else "moot", name, deadline.due)
            for name, deadline in new.items():
                yield from moved(after, old.get(name), deadline)

    def _status(self, step: Step, change: StatusChange, week: str) -> None:
        figures, kind = self.figures, change.kind
        handoff = next(h for h in step.entry.handoffs if h.id == change.handoff) if step.entry else None
        if handoff is None:
            return
        if change.before is None:
            self._numbers[kind] += 1
            self.names[handoff.id] = f"{kind} {self._numbers[kind]}"
            role = "on-call" if handoff.urgency is Urgency.ACUTE else "officer"
            figures.work[handoff.recipient, role, week] += 1
            figures.ends[kind, "created"] += 1
            if kind == FIND_ANOTHER_WAY:
                figures.ends[self._cause(step.after, handoff), "another-way"] += 1
        self._ends[self.names[handoff.id]] = ended_as(change)
        if change.after is Status.ACCEPTED and handoff.accepted_at == step.at:
            figures.accepted[kind, minutes(handoff.requested_at, step.at)] += 1
        if change.after not in OPEN:
            figures.ends[kind, what_became(change, step.event)] += 1
        if change.after is Status.COMPLETED and isinstance(step.event, Acted) and step.event.handoff == handoff.id:
            figures.completed[kind, minutes(handoff.requested_at, step.at)] += 1

    def _cause(self, state: CaseState, task: Handoff) -> Code:
        """The kind of what was asked and not met."""
        parent = task.parent and (state.handoffs.get(task.parent) or state.ended.get(task.parent))
        if parent:
            return parent.kind
        return next((step.kind for step in self._pack.steps if step.code == task.step), FIND_ANOTHER_WAY)

    def close(self, end: datetime) -> tuple[Figures, Ending]:
        """The case as it stands at `end`: what still runs, and what is late by then."""
        figures, last = self.figures, self._last
        if last is None:
            return figures, Ending("", "", {})
        state = last.after
        for handoff in state.handoffs.values():
            for deadline in handoff.deadlines:
                late = (handoff.id, deadline.name) in self._late or is_past(deadline, end)
                figures.deadlines[handoff.kind, deadline.name, "missed" if late else "running"] += 1
        figures.cases["played"] += 1
        figures.cases["closed" if state.closed else "open"] += 1
        return figures, Ending(state.closed or "", state.phase, dict(sorted(self._ends.items())))


def is_past(deadline: Deadline, now: datetime) -> bool:
    """Whether a deadline whose clock runs has passed."""
    return deadline.since is not None and deadline.due < now


def moved(after: Handoff, old: Deadline | None, new: Deadline) -> Iterator[Change]:
    if old is None:
        yield Change(after, "set", new.name, new.due)
    elif old.since is not None and new.since is None:
        yield Change(after, "stands", new.name, new.due)
    elif old.due != new.due or (old.since is None and new.since is not None):
        yield Change(after, "moved", new.name, new.due, old.due)


def is_answered(event: Event, handoff: Handoff) -> bool:
    """Whether a handoff ended because people answered or did it, not because it was done away with."""
    if isinstance(event, Closed):
        return handoff.kind == PLAN_OR_CLOSE
    return isinstance(event, Acted) and event.handoff == handoff.id and event.act in ANSWERED


def what_became(change: StatusChange, event: Event) -> str:
    """A word for how a handoff ended: its status, or what the system did with it."""
    if change.business_status in ("expired", "lapsed"):
        return change.business_status
    if isinstance(event, Acted) and event.handoff == change.handoff:
        return "withdrawn" if change.after is Status.CANCELLED else change.after
    return "completed" if change.kind == PLAN_OR_CLOSE else "done-away-with"


def ended_as(change: StatusChange) -> str:
    return f"{change.after}/{change.business_status}" if change.business_status else str(change.after)


def wanted(event: Event) -> str:
    """What was tried, in a word."""
    return str(event.act) if isinstance(event, Acted) else event.kind


def minutes(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds() // 60)


def iso_week(at: datetime, pack: RulePack) -> str:
    """The local ISO week: `2027-W01`."""
    year, week, _ = clocks.local(at, pack.calendar).isocalendar()
    return f"{year}-W{week:02}"


def percentile(counts: Iterable[tuple[int, int]], percent: int) -> int | None:
    """The nearest-rank percentile of values and how often each occurs; None of none."""
    ordered = sorted(counts)
    rank, seen = max(1, -(-sum(times for _, times in ordered) * percent // 100)), 0
    for value, times in ordered:
        seen += times
        if seen >= rank:
            return value
    return None


def differs(first: Ending, second: Ending) -> tuple[str, ...]:
    """What ends differently in the same case under two rule packs: handoffs by name, `closed`, `phase`."""
    names = sorted({*first.handoffs, *second.handoffs})
    found = [name for name in names if first.handoffs.get(name) != second.handoffs.get(name)]
    found += [name for name in ("closed", "phase") if getattr(first, name) != getattr(second, name)]
    return tuple(found)
