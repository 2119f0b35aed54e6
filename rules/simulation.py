"""One case played through the core in virtual time: time wakes it, people and desks answer as a scenario says.

The same `decide` as in the case's workflow, driven as the workflow drives it: woken at every instant at which time
alone would change the case. No server, no clock, no file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from models.calendars import Span
from models.case import CaseState, DeskEffect, Entry
from models.contracts import Refusal
from models.desk_work import ConcludeAssessment, FindCandidates
from models.events import (
    Acted,
    Actor,
    CandidatesFound,
    Closed,
    Concluded,
    Custody,
    DeskAnswer,
    DeskAnswered,
    DeskSilent,
    Event,
    Facts,
    FactsRecorded,
    NotPossible,
    Opened,
    Organisation,
    Received,
    Sent,
    TimePassed,
)
from models.handoffs import Act, ByPhone, Handoff
from models.packs import RulePack
from models.simulation import Asks, Between, Circumstances, Group, Learns, Planned, Scenario
from models.words import CaseRef, Code, Consent, ConsentTo, Function, HandoffId, OrgId, RequestKey, case_reference
from rules import clocks
from rules.behaviours import People, Place, Plan, draw, drawn_by_weight
from rules.case import decide, wake_at
from rules.turn import PLAN_OR_CLOSE

MOST_EVENTS = 200_000
"""In one case; more than that is a scenario or a pack that runs in circles."""
ANSWERED_BY_PHONE = "officer"
NO_DIGEST = "0" * 64
DESKS, TIME, SCRIPT, PERSON = range(4)
"""What comes first of what happens at the same instant."""


class Unrecorded(CaseState):
    """A case that no register keeps: nobody compares its digests, and working them out took a fifth of the time."""

    def digest(self) -> str:
        return NO_DIGEST


class Step(NamedTuple):
    """One event of a simulated case, and what became of it."""

    at: datetime
    event: Event
    before: CaseState
    after: CaseState
    entry: Entry | None
    """None when nothing changed."""
    refusal: Refusal | None = None
    stopped: Code | None = None
    """Why the case could not be played any further."""


class Move(NamedTuple):
    """Something that is going to happen unless something else happens first."""

    at: datetime
    rank: int
    number: int
    event: Callable[[], Event]
    handoff: HandoffId | None = None
    plan: Plan | None = None


class Foreseen(NamedTuple):
    """What will be done with a handoff as it stood."""

    handoff: Handoff
    move: Move | None


def standing(handoff: Handoff) -> tuple[object, ...]:
    """All of a handoff that decides what people do with it next. Alarms do not."""
    clocks_run = tuple((d.name, d.due, d.since) for d in handoff.deadlines)
    return handoff.status, handoff.urgency, handoff.recipient, clocks_run


def planned(scenario: Scenario, seed: int) -> list[Planned]:
    """Every case of a scenario, numbered from 1 in the file's order, with its opening drawn by the seed."""
    found: list[Planned] = []
    for number, group in enumerate(scenario.case):
        for place in range(group.count):
            opens = opening(group.opens, seed, number, place)
            found.append(Planned(number=len(found) + 1, group=number, opens=opens))
    return found


def opening(opens: datetime | Between, *identity: object) -> datetime:
    if isinstance(opens, datetime):
        return opens
    minutes = (opens.until - opens.since) // timedelta(minutes=1)
    return opens.since + timedelta(minutes=int(draw(*identity, "opens") * minutes))


def reference(number: int, seed: int) -> CaseRef:
    """A simulated case's reference: the same number and seed, the same reference."""
    return case_reference(int(draw(seed, number, "reference") * 2**35))


class Play:
    """One case being played under one rule pack."""

    def __init__(self, case: Planned, scenario: Scenario, pack: RulePack, seed: int) -> None:
        self.pack, self._case, self._desk_delay = pack, case, scenario.desk_delay
        self._group: Group = scenario.case[case.group]
        self._candidates = scenario.candidates | self._group.candidates
        self._identity = (seed, case.number)
        self._known = {o.id: Organisation(id=o.id, function=o.function, desk=o.desk) for o in scenario.organisation}
        self._down = {o.id: o.down for o in scenario.organisation if o.down}
        self._people = People((*self._group.answers, *scenario.answers), pack, *self._identity)
        self._names: dict[HandoffId, str] = {}
        self._plans: dict[HandoffId, Foreseen] = {}
        self._keys = 0
        self._script: list[Move] = []
        self.state: CaseState = Unrecorded(case=reference(case.number, seed))
        self.now = case.opens

    def until(self, end: datetime) -> Iterator[Step]:
        """Plays the case up to `end`, step by step. One that leads beyond the rules' calendar stops there."""
        try:
            yield from self._steps(end)
        except clocks.BeyondCalendar:
            yield Step(self.now, TimePassed(), self.state, self.state, None, stopped="beyond-calendar")

    def _steps(self, end: datetime) -> Iterator[Step]:
        self._script = sorted((self._scripted(n) for n in range(len(self._group.later))), key=lambda move: move[:3])
        move: Move | None = Move(self.now, SCRIPT, 0, self._opened)
        for _ in range(MOST_EVENTS):
            if move is None or move.at > end:
                return
            self.now = move.at
            step = self._made(move)
            yield step
            if step.stopped is not None:
                return
            move = self._next_move()
        yield Step(end, TimePassed(), self.state, self.state, None, stopped="too-many-events")

    def _made(self, move: Move) -> Step:
        """Does what was to happen; people keep in mind what they have done, and what they could not do."""
        event, before = move.event(), self.state
        outcome = decide(before, event, move.at, self.pack)
        needed = isinstance(event, TimePassed | Opened | DeskAnswered | DeskSilent)
        if isinstance(outcome, Refusal):
            if move.plan is not None and move.handoff is not None:
                self._people.was_refused(move.handoff, move.plan)
                del self._plans[move.handoff]
            return Step(move.at, event, before, before, None, outcome, outcome.code if needed else None)
        if outcome is before:
            return Step(move.at, event, before, before, None, stopped="nothing-changes" if needed else None)
        (entry,) = outcome.pending
        self.state = outcome.model_copy(update={"pending": ()})
        if move.plan is not None and move.plan.remembered is not None:
            self._people.has_done(move.plan.remembered)
            self._plans.clear()
        return Step(move.at, event, before, self.state, entry)

    def _next_move(self) -> Move | None:
        """The earliest of what desks, time, the script and people are going to do."""
        state = self.state
        moves = [self._desk_move(number, e) for number, e in enumerate(state.desk_effects.values())]
        if (wake := wake_at(state)) is not None:
            moves.append(Move(wake, TIME, 0, TimePassed))
        if state.closed is None:
            moves += [move for h in state.handoffs.values() if (move := self._person_move(h)) is not None]
            moves += self._script[:1]
        earliest = min(moves, default=None, key=lambda move: move[:3])
        if earliest is not None and earliest.rank == SCRIPT:
            self._script = self._script[1:]
        return earliest

    def _person_move(self, handoff: Handoff) -> Move | None:
        """What somebody will do with a handoff; worked out anew only when something but its alarms has changed."""
        known = self._plans.get(handoff.id)
        if known is None or (known.handoff is not handoff and standing(known.handoff) != standing(handoff)):
            place = Place(self.state, handoff, self._name(handoff), self.now)
            plan = self._people.next_act(place)
            number = int(handoff.id[1:])
            move = Move(plan.at, PERSON, number, partial(self._act, handoff, plan), handoff.id, plan) if plan else None
            known = self._plans[handoff.id] = Foreseen(handoff, move)
        elif known.handoff is not handoff:
            known = self._plans[handoff.id] = Foreseen(handoff, known.move)
        return known.move

    def _name(self, handoff: Handoff) -> str:
        if handoff.id not in self._names:
            same = sum(name.rpartition(" ")[0] == handoff.kind for name in self._names.values())
            self._names[handoff.id] = f"{handoff.kind} {same + 1}"
        return self._names[handoff.id]

    def _key(self) -> RequestKey:
        self._keys += 1
        return str(UUID(int=self._case.number * 2**32 + self._keys))

    def _act(self, handoff: Handoff, plan: Plan) -> Event:
        if handoff.kind == PLAN_OR_CLOSE and plan.act is Act.COMPLETE:
            by = self.state.acting.get(Function.SOCIAL_SERVICES) or plan.by
            return Closed(key=self._key(), by=Actor(org=by), code=self._group.closing)
        assesses = plan.act is Act.COMPLETE and self.pack.kinds[handoff.kind].desk_work is not None
        by_phone = ByPhone(
            channel="phone",
            answered_by=ANSWERED_BY_PHONE,
            answered_at=self.now,
            verified="called-back-directory-number",
        )
        return Acted(
            key=self._key(),
            by=Actor(org=plan.by),
            handoff=handoff.id,
            act=plan.act,
            reason=plan.reason,
            answer=plan.answer,
            assessment=self._key() if assesses else None,
            by_phone=by_phone if plan.by_phone else None,
            to=self._known[plan.to] if plan.to else None,
            paragraph=plan.paragraph,
        )

    def _desk_move(self, number: int, effect: DeskEffect) -> Move:
        """A desk answers after its delay; while it is down the plane offers again and again, as its rules say."""
        if any(outage.since <= effect.next_try < outage.until for outage in self._down.get(effect.task.desk, ())):
            silent = DeskSilent(effect=effect.task.id)
            return Move(effect.next_try + self.pack.desk.offered_for, DESKS, number, lambda: silent)
        at = clocks.add_span(effect.next_try, self._desk_delay, self.pack.calendar)
        return Move(at, DESKS, number, partial(self._desk_answer, effect))

    def _desk_answer(self, effect: DeskEffect) -> Event:
        return DeskAnswered(effect=effect.task.id, answer=self._said(effect))

    def _said(self, effect: DeskEffect) -> DeskAnswer:
        match effect.task.question:
            case FindCandidates(step=code):
                kind = next(step.kind for step in self.pack.steps if step.code == code)
                found = self._candidates.get(kind, ())
                return CandidatesFound(candidates=tuple(self._known[org] for org in found))
            case ConcludeAssessment() as question:
                return self._concluded(question, effect.task.id)
            case _:
                return Received()

    def _concluded(self, question: ConcludeAssessment, task: str) -> DeskAnswer:
        name = drawn_by_weight(self._group.threat_level, *self._identity, task.rpartition("/")[2], "level")
        level = question.levels.get(name)
        if level is None:
            return NotPossible(code="unknown-level")
        until = question.asked_at + timedelta(days=level.valid_days)
        return Concluded(needs_protection=level.needs_protection, structured=True, valid_until=until)

    def _opened(self) -> Event:
        first: dict[Function, OrgId] = {}
        for org in (*self._group.acting, *self._known):
            first.setdefault(self._known[org].function, org)
        return Opened(
            key=self._key(),
            by=Actor(org=self._group.opened_by),
            opener=self._known[self._group.opened_by],
            facts=self._facts(self._group.facts),
            organisations=tuple(self._known[org] for org in first.values()),
        )

    def _scripted(self, number: int) -> Move:
        later = self._group.later[number]
        at = self._after_opening(later.after)
        event = partial(self._told, later) if isinstance(later, Learns) else partial(self._asked, later)
        return Move(at, SCRIPT, number + 1, event)

    def _told(self, later: Learns) -> Event:
        by = later.by or self.state.acting.get(Function.SOCIAL_SERVICES) or self._group.opened_by
        return FactsRecorded(key=self._key(), by=Actor(org=by), facts=self._facts(later.facts))

    def _asked(self, later: Asks) -> Event:
        return Sent(
            key=self._key(),
            by=Actor(org=later.sender),
            handoff_kind=later.kind,
            sender=self._known[later.sender],
            recipient=self._known[later.to],
            urgency=later.urgency,
            anchor=self._after_opening(later.date_after) if later.date_after else None,
        )

    def _facts(self, told: Circumstances) -> Facts:
        """The facts with days told from the opening made into instants."""
        said = {name: getattr(told, name) for name in Facts.model_fields}
        if told.custody is not None and told.custody_ends_after is not None:
            ends = self._after_opening(told.custody_ends_after)
            said["custody"] = Custody(place=told.custody.place, ends_at=ends)
        if told.instants_after:
            counted = {name: self._after_opening(length) for name, length in told.instants_after.items()}
            said["instants"] = (told.instants or {}) | counted
        if told.consent is Consent.GIVEN and told.consents is None:
            # "Given" in a scenario covers all that a case asks, as the written form does, to the end of the calendar.
            last = clocks.end_of(self.pack.calendar.closed_until, self.pack.calendar)
            said |= {"consents": dict.fromkeys(ConsentTo, last), "consent_until": last}
        return Facts(**said)

    def _after_opening(self, length: Span) -> datetime:
        return clocks.add_span(self._case.opens, length, self.pack.calendar)
