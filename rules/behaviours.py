"""What people do next with a handoff in a simulation, and when: an answer behaviour made into acts.

Nothing is left to chance that a seed does not settle: a draw is a digest of the seed and of what is drawn for, so that
the same handoff draws the same under two rule packs and only the rules make the difference.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from models.calendars import Clock, Span
from models.case import CaseState
from models.handoffs import WATCHES, Act, Deadline, DeadlineName, Handoff, Paragraph, Status
from models.packs import Kind, Met, RulePack
from models.simulation import (
    Answer,
    AnswerRule,
    Declines,
    Fails,
    Forwards,
    Holds,
    Hours,
    InTime,
    Late,
    Mixture,
    Never,
    NotResponsible,
    Returns,
    Withdraws,
)
from models.words import Code, HandoffId, OrgId, Urgency
from rules import acts, clocks, handoffs, transitions

WHOLE, HALF = 1.0, 0.5
OPEN_HANDED = InTime()
"""How those answer of whom nothing is said, and when those decline who otherwise never answer."""


class Plan(NamedTuple):
    """What somebody is going to do, and when, unless something changes before that."""

    at: datetime
    act: Act
    by: OrgId
    by_phone: bool = False
    reason: Code | None = None
    answer: Code | None = None
    to: OrgId | None = None
    paragraph: Paragraph | None = None
    remembered: str | None = None
    """Under which name having done it is kept in mind."""


class Place(NamedTuple):
    """Where a handoff stands: all that a behaviour needs to know of it."""

    state: CaseState
    handoff: Handoff
    name: str
    """Its kind and number of that kind in the case: the same under every rule pack that asks for the same."""
    now: datetime


def draw(*identity: object) -> float:
    """A number from 0 up to 1 that only the identity decides."""
    digest = hashlib.sha256("/".join(map(str, identity)).encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56


def drawn_from(first: int, last: int, *identity: object) -> int:
    """A whole number from `first` to `last`."""
    return first + int(draw(*identity) * (last - first + 1))


def drawn_by_weight(weights: Mapping[str, float], *identity: object) -> str:
    """One of the names, as often as its weight says."""
    left = draw(*identity) * sum(weights.values())
    for name, weight in weights.items():
        left -= weight
        if left < 0:
            return name
    return list(weights)[-1]


class People:
    """The people of one case: by which rules they answer, and what they have done so far."""

    def __init__(self, rules: tuple[AnswerRule, ...], pack: RulePack, *identity: object) -> None:
        self._rules, self._pack, self._identity = rules, pack, identity
        self._done: Counter[str] = Counter()
        self._refused: set[tuple[HandoffId, Act]] = set()

    def next_act(self, place: Place) -> Plan | None:
        """The earliest thing that anybody does with this handoff, as it stands; None when nobody does anything."""
        plans = [plan for plan in (self._answer(place), self._withdrawal(place)) if plan is not None]
        earliest = min(plans, default=None, key=lambda plan: plan.at)
        return earliest._replace(at=max(earliest.at, place.now)) if earliest else None

    def has_done(self, remembered: str) -> None:
        self._done[remembered] += 1

    def was_refused(self, handoff: HandoffId, plan: Plan) -> None:
        """The core refused it: nobody tries that again with this handoff."""
        self._refused.add((handoff, plan.act))

    def _rules_for(self, place: Place, org: OrgId) -> Iterator[tuple[str, AnswerRule]]:
        function = place.state.organisations[org].function
        for number, rule in enumerate(self._rules):
            if (
                (not rule.organisation or org in rule.organisation)
                and (not rule.function or function in rule.function)
                and (not rule.kind or place.handoff.kind in rule.kind)
                and rule.urgency in (None, place.handoff.urgency)
            ):
                yield f"rule {number}", rule

    def _behaviour(self, place: Place, org: OrgId) -> tuple[str, Answer]:
        for path, rule in self._rules_for(place, org):
            if not isinstance(rule.answer, Withdraws):
                return path, rule.answer
        return "default", OPEN_HANDED

    def _withdrawal(self, place: Place) -> Plan | None:
        handoff = place.handoff
        for path, rule in self._rules_for(place, handoff.requester):
            says = rule.answer
            if not isinstance(says, Withdraws):
                continue
            if draw(*self._identity, place.name, path, "withdraws") * 100 < says.chance:
                if not self._may(place, Act.WITHDRAW, handoff.requester):
                    return None
                at = self._after(handoff.requested_at, says.after, place, path, handoff.requester)
                return self._plan(place, at, Act.WITHDRAW, handoff.requester, reason=says.reason)
            return None
        return None

    def _answer(self, place: Place) -> Plan | None:
        handoff = place.handoff
        path, behaviour = self._behaviour(place, handoff.recipient)
        if handoff.status is not Status.ON_HOLD:
            return self._follow(place, behaviour, path)
        if transitions.is_returned(handoff):
            return self._supply(place, behaviour, path)
        return self._resumption(place, behaviour, path)

    def _follow(self, place: Place, behaviour: Answer, path: str) -> Plan | None:
        """The first of what a behaviour says, one thing after another, that can be done and is not done yet."""
        for says, where in self._chain(place, behaviour, path):
            if isinstance(says, InTime | Late | Never):
                return self._milestone(place, says, where)
            if not isinstance(says, Mixture) and (plan := self._special(place, says, where)):
                return plan
        return None

    def _chain(self, place: Place, behaviour: Answer, path: str) -> Iterator[tuple[Answer, str]]:
        """What a behaviour says first, and then, to its end; each with its path, which names what is drawn for it."""
        while True:
            yield behaviour, path
            if isinstance(behaviour, InTime | Late | Never):
                return
            if isinstance(behaviour, Mixture):
                behaviour, path = self._part(place, behaviour, path)
            else:
                behaviour, path = behaviour.then, f"{path}.then"

    def _part(self, place: Place, mixture: Mixture, path: str) -> tuple[Answer, str]:
        weights = {str(number): part.weight for number, part in enumerate(mixture.of)}
        number = drawn_by_weight(weights, *self._identity, place.name, path)
        return mixture.of[int(number)].answer, f"{path}.{number}"

    def _special(
        self,
        place: Place,
        says: Declines | Holds | Returns | NotResponsible | Forwards | Fails,
        path: str,
    ) -> Plan | None:
        """What a behaviour does besides answering; None when it has done it, or can't do it now."""
        handoff, mind, times = place.handoff, f"{path}/{place.handoff.id}", 1
        answered = self._milestone(place, self._timing(place, says.then, path), path)
        at = answered.at if answered else place.now
        taken_on = handoff.accepted_at or place.now
        asked: dict[str, Any]
        match says:
            case Declines():
                mind, times = f"{path}/{handoff.kind}", says.times
                asked = {"act": Act.DECLINE, "reason": says.reason}
            case Returns():
                times, asked = says.times, {"act": Act.RETURN, "reason": says.reason}
            case NotResponsible():
                asked = {"act": Act.NOT_RESPONSIBLE, "to": says.to, "paragraph": says.paragraph}
            case Holds():
                at, asked = taken_on, {"act": Act.HOLD, "reason": says.reason}
            case Forwards():
                at, asked = taken_on, {"act": Act.FORWARD, "to": says.to}
            case Fails():
                asked = {"act": Act.FAIL, "reason": says.reason}
        if self._done[mind] >= times or (isinstance(says, Forwards) and says.to == handoff.recipient):
            return None
        return self._by_recipient(place, at, remembered=mind, **asked)

    def _timing(self, place: Place, behaviour: Answer, path: str) -> InTime | Late:
        """When somebody answers who first does something else: as they answer after that."""
        *_, (last, _) = self._chain(place, behaviour, path)
        return last if isinstance(last, InTime | Late) else OPEN_HANDED

    def _milestone(self, place: Place, says: InTime | Late | Never, path: str) -> Plan | None:
        """The next ordinary step: to acknowledge, to take on, to complete, at the share of its deadline's time."""
        if isinstance(says, Never):
            return None
        act, deadline, part = next_step(place.handoff, self._pack)
        at = self._moment(place, says, deadline, part, path, place.handoff.recipient)
        return self._by_recipient(place, at, act, answer=says.outcome if act is Act.COMPLETE else None)

    def _supply(self, place: Place, behaviour: Answer, path: str) -> Plan | None:
        """What was sent back is answered by the sender, in the sender's own way; or sent on to the one named."""
        handoff, sender = place.handoff, place.handoff.requester
        mine, own = self._behaviour(place, sender)
        says = self._timing(place, own, mine)
        if isinstance(own, Never):
            return None
        deadline = next(d for d in handoff.deadlines if d.name is DeadlineName.SUPPLEMENT)
        at = self._moment(place, says, deadline, WHOLE, f"{mine}.supply", sender)
        disclaimed = [b for b, _ in self._chain(place, behaviour, path) if isinstance(b, NotResponsible)]
        sends_on = handoff.disclaimed_to and any(says.sender == "reroutes" for says in disclaimed)
        if sends_on and self._may(place, Act.REROUTE, sender):
            return self._plan(place, at, Act.REROUTE, sender, to=handoff.disclaimed_to)
        return self._plan(place, at, Act.SUPPLY, sender) if self._may(place, Act.SUPPLY, sender) else None

    def _resumption(self, place: Place, behaviour: Answer, path: str) -> Plan | None:
        """When the hold that it rests by ends: the last one done."""
        handoff, at = place.handoff, place.now
        for says, where in self._chain(place, behaviour, path):
            if isinstance(says, Holds) and self._done[f"{where}/{handoff.id}"]:
                at = self._after(handoff.held_at or place.now, says.length, place, where, handoff.recipient)
        return self._by_recipient(place, at, Act.RESUME)

    def _by_recipient(self, place: Place, at: datetime, act: Act, **stated: Any) -> Plan | None:
        """An act of the recipient, or of the sender who recorded it by phone; None when it can't be done."""
        handoff = place.handoff
        phone = not place.state.organisations[handoff.recipient].desk and handoff.recipient != handoff.requester
        by = handoff.requester if phone else handoff.recipient
        if not self._may(place, act, by, phone):
            return None
        return self._plan(place, at, act, by, phone=phone, **stated)

    def _plan(self, place: Place, at: datetime, act: Act, by: OrgId, phone: bool = False, **stated: Any) -> Plan:
        kind = self._pack.kinds[place.handoff.kind]
        reason, answer = stated.pop("reason", None), stated.pop("answer", None)
        return Plan(
            at,
            act,
            by,
            phone,
            reason=one_of(kind.reasons.get(act, ()), reason) if act in transitions.NEEDS_REASON else None,
            answer=one_of(kind.answers.get(act, ()), answer),
            **stated,
        )

    def _may(self, place: Place, act: Act, by: OrgId, phone: bool = False) -> bool:
        if (place.handoff.id, act) in self._refused:
            return False
        return act in acts.may_do(place.state, place.handoff, by, self._pack, phone)

    def _moment(
        self, place: Place, says: InTime | Late, deadline: Deadline, part: float, path: str, org: OrgId
    ) -> datetime:
        where = self._pack.calendar_of(org)
        if isinstance(says, Late):
            late = self._after(deadline.due, says.by, place, path, org)
            return in_hours(late, says.hours or usual_hours(deadline, place.handoff), self._pack, org)
        share = drawn_from(*says.share, *self._identity, place.name, path, "share")
        percent = max(1, int(share * part))
        at = clocks.part_way(deadline.started, deadline.due, percent, deadline.clock, where)
        if says.hours is not None:
            return in_hours(at, says.hours, self._pack, org)
        usual = in_hours(at, usual_hours(deadline, place.handoff), self._pack, org)
        return usual if usual < deadline.due else at

    def _after(self, start: datetime, lengths: tuple[Span, Span], place: Place, path: str, org: OrgId) -> datetime:
        first, last = lengths
        amount = drawn_from(first.amount, last.amount, *self._identity, place.name, path, "length")
        span = first.model_copy(update={"amount": amount})
        return clocks.add_span(start, span, self._pack.calendar_of(org))


def one_of(codes: tuple[Code, ...], stated: Code | None) -> Code | None:
    """The stated code where the list has it, otherwise the list's first."""
    return stated if stated in codes else next(iter(codes), None)


def usual_hours(deadline: Deadline, handoff: Handoff) -> Hours:
    acute = handoff.urgency is Urgency.ACUTE or deadline.clock is Clock.AROUND_THE_CLOCK
    return "around-the-clock" if acute else "office"


def in_hours(at: datetime, hours: Hours, pack: RulePack, org: OrgId) -> datetime:
    return clocks.when_open(at, pack.calendar_of(org)) if hours == "office" else at


def next_step(handoff: Handoff, pack: RulePack) -> tuple[Act, Deadline, float]:
    """What a recipient who simply does the work does next, the deadline that asks for it, and at which part of it.

    Where no deadline asks for the work to be taken on, it is taken on when it is acknowledged, or half-way to its end.
    """
    live = [d for d in handoff.deadlines if d.name not in WATCHES] or list(handoff.deadlines)
    asked = {met: [d for d in live if handoffs.rule_of(handoff, d.name, pack).met is met] for met in Met}
    first = {met: min(found, key=lambda d: (d.due, d.name)) for met, found in asked.items() if found}
    end = first.get(Met.COMPLETED) or min(live, key=lambda d: (d.due, d.name))
    match handoff.status:
        case Status.REQUESTED if Met.ANSWERED in first and Met.ACCEPTED in first:
            return Act.ACKNOWLEDGE, first[Met.ANSWERED], WHOLE
        case Status.REQUESTED if Met.ANSWERED in first:
            return Act.ACCEPT, first[Met.ANSWERED], WHOLE
        case Status.REQUESTED | Status.RECEIVED if Met.ACCEPTED in first:
            return Act.ACCEPT, first[Met.ACCEPTED], WHOLE
        case Status.REQUESTED | Status.RECEIVED:
            return Act.ACCEPT, end, HALF
        case _:
            return Act.COMPLETE, end, WHOLE


def could_do(behaviour: Answer | Withdraws, kind: Kind) -> bool:
    """Whether a kind allows what a behaviour does before it simply answers."""
    act = {
        Declines: Act.DECLINE,
        Holds: Act.HOLD,
        Returns: Act.RETURN,
        NotResponsible: Act.NOT_RESPONSIBLE,
        Forwards: Act.FORWARD,
        Fails: Act.FAIL,
    }.get(type(behaviour))
    return act is None or transitions.allowed_by_kind(act, kind)
