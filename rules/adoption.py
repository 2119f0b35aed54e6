"""An open case goes over to a newer rule pack: an explicit step that shows which deadlines move, and how."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import NamedTuple

from models.calendars import Calendar, Unit
from models.case import CaseState
from models.contracts import Refusal
from models.events import RulesAdopted
from models.handoffs import WATCHES, Deadline, DeadlineName, Handoff, Move
from models.packs import DeadlineRule, Ladder, RulePack, Rung
from models.words import Function, HandoffId
from rules import clocks, deadlines, handoffs, ladders
from rules.turn import Turn

SECONDS = {Unit.SECONDS: 1, Unit.MINUTES: 60, Unit.HOURS: 3600, Unit.WORKING_DAYS: 86_400, Unit.DAYS: 86_400}
"""Roughly how long each unit of a ladder's spans is, to compare rungs by."""


class Shift(NamedTuple):
    """One deadline before and after; None where only the newer rules have it, or no longer do."""

    handoff: HandoffId
    deadline: DeadlineName
    before: datetime | None
    after: datetime | None


def adopt(turn: Turn, event: RulesAdopted, newer: RulePack | None) -> Refusal | None:
    """Moves every open handoff to the newer rules; refused where they don't know what stands open."""
    if newer is None or newer.digest != event.pack:
        return Refusal(code="pack-needed")
    if event.by.org not in (turn.state.acting.get(Function.SOCIAL_SERVICES), turn.state.opener):
        return Refusal(code="not-your-case")
    if refusal := adoption_refused(turn.state, turn.now, turn.pack, newer):
        return refusal
    older, turn.pack = turn.pack, newer
    for handoff in list(turn.state.handoffs.values()):
        if handoff.is_open:
            after = under(handoff, turn.now, older, newer)
            if after != handoff:
                turn.put(after)
                turn.tell_of_late_birth(after, handoff)
    return None


def adoption_refused(state: CaseState, now: datetime, older: RulePack, newer: RulePack) -> Refusal | None:
    if newer.digest == older.digest:
        return Refusal(code="rules-followed-already", detail=older.name)
    if newer.engine != older.engine:
        return Refusal(code="other-engine", detail=str(newer.engine))
    if forgotten := [ended.id for ended in state.ended.values() if ended.kind not in newer.kinds]:
        return Refusal(code="kind-missing", possible=tuple(forgotten), detail=state.ended[forgotten[0]].kind)
    for handoff in state.handoffs.values():
        kind = newer.kinds.get(handoff.kind)
        if kind is None or handoff.urgency not in kind.deadlines:
            return Refusal(code="kind-missing", possible=(handoff.id,), detail=handoff.kind)
        known = newer.rules_of(handoff.kind, handoff.urgency, handoff.recipient)
        if not under(handoff, now, older, newer).deadlines:
            return Refusal(code="kind-missing", possible=(handoff.id,), detail=handoff.kind)
        resting = {deadline.name for deadline in handoff.deadlines} & WATCHES
        if resting - set(known):
            return Refusal(code="kind-missing", possible=(handoff.id,), detail=handoff.kind)
    return None


def shifts(state: CaseState, now: datetime, older: RulePack, newer: RulePack) -> tuple[Shift, ...]:
    """Which deadlines would move, and how: what a person sees before saying yes."""
    found = []
    for handoff in state.handoffs.values():
        before = {d.name: d.due for d in handoff.deadlines}
        after = {d.name: d.due for d in under(handoff, now, older, newer).deadlines}
        for name in before | after:
            if before.get(name) != after.get(name):
                found.append(Shift(handoff.id, name, before.get(name), after.get(name)))
    return tuple(found)


def under(handoff: Handoff, now: datetime, older: RulePack, newer: RulePack) -> Handoff:
    """The handoff with its deadlines as the newer rules set them. What the newer rules don't change stays as it was."""
    if laddered_anew(handoff, older, newer):
        handoff = handoff.model_copy(update={"round": handoff.round + 1, "rested": ()})
    kept = []
    for deadline in handoff.deadlines:
        rules = newer.rules_of(handoff.kind, handoff.urgency, handoffs.owner(handoff, deadline.name))
        rule = rules.get(deadline.name)
        if rule is not None and (
            deadline.name in WATCHES or not handoffs.is_met(rule.met, handoff.held_from or handoff.status)
        ):
            kept.append(reset(handoff, deadline, rule, now, older, newer))
    return handoff.model_copy(update={"deadlines": (*kept, *added(handoff, now, newer))})


def added(handoff: Handoff, now: datetime, newer: RulePack) -> list[Deadline]:
    """Deadlines that the newer rules have and the older ones had not: set as if they had always been there."""
    have = {deadline.name for deadline in handoff.deadlines} | WATCHES
    began = {"requested": handoff.requested_at, "accepted": handoff.accepted_at, "anchor": handoff.anchor}
    where, status, found = newer.calendar_of(handoff.recipient), handoff.held_from or handoff.status, []
    for name, rule in newer.rules_of(handoff.kind, handoff.urgency, handoff.recipient).items():
        start = began[rule.source_instant]
        if name not in have and start is not None and not handoffs.is_met(rule.met, status):
            fresh = deadlines.new(name, rule, start, now, newer, where)
            found.append(ladders.without_burst(fresh, now, rule, newer, where))
    return found


def counts_alike(one: Calendar, other: Calendar, since: date) -> bool:
    """Whether two calendars count the same from `since` on, as far ahead as both have been compiled."""
    until = min(one.closed_until, other.closed_until)

    def days(calendar: Calendar) -> tuple[set[date], dict[date, time]]:
        closed = {day for day in calendar.closed_days if since <= day <= until}
        return closed, {day: closes for day, closes in calendar.half_days.items() if since <= day <= until}

    return (one.zone, one.office, *days(one)) == (other.zone, other.office, *days(other))


def laddered_anew(handoff: Handoff, older: RulePack, newer: RulePack) -> bool:
    """Whether a ladder of this handoff has other rungs, or other intervals, in the newer rules."""
    for deadline in handoff.deadlines:
        owner = handoffs.owner(handoff, deadline.name)
        rule = newer.rules_of(handoff.kind, handoff.urgency, owner).get(deadline.name)
        if rule is not None and older.ladders.get(rule.ladder) != newer.ladders[rule.ladder]:
            return True
    return False


def climbed_to(deadline: Deadline, was: Ladder, now: Ladder) -> int:
    """How many rungs of the new ladder count as fired: those that come no later than the last one that has."""
    if not deadline.rung:
        return 0
    last = height(was.rungs[min(deadline.rung, len(was.rungs)) - 1])
    return sum(height(rung) <= last for rung in now.rungs)


def height(rung: Rung) -> tuple[int, float]:
    """Where a rung stands on its ladder: reminders by percent, then by mornings before, then after the deadline."""
    if rung.percent is not None:
        return 0, rung.percent
    if rung.before is not None:
        return 1, -rung.before.amount
    return 2, rung.after.amount * SECONDS.get(rung.after.unit, 7 * 86_400) if rung.after else 0.0


def reset(
    handoff: Handoff, deadline: Deadline, rule: DeadlineRule, now: datetime, older: RulePack, newer: RulePack
) -> Deadline:
    """One deadline by its newer rule. A decision to extend it, and a replacement for a late birth, stand."""
    was = handoffs.rule_of(handoff, deadline.name, older)
    owner = handoffs.owner(handoff, deadline.name)
    where, before = newer.calendar_of(owner), older.calendar_of(owner)
    ladder_was, ladder = older.ladders[was.ladder], newer.ladders[rule.ladder]
    same_days = counts_alike(where, before, clocks.local(deadline.started, where).date())
    same_ladder = was.ladder == rule.ladder and ladder_was == ladder
    if was == rule and same_days and same_ladder:
        return deadline
    decided = deadline.extensions or deadline.late_at_birth or (was.term == rule.term and same_days)
    start = deadline.started if rule.term.can_stand and rule.source_instant != "anchor" else deadline.origin
    fresh = deadline if decided else deadlines.new(deadline.name, rule, start, now, newer, where)
    fresh = fresh if decided else counted_on(fresh, deadline, where)
    move = Move(why="rules-adopted", at=now, before=deadline.due, after=fresh.due)
    placed = deadlines.set_again(fresh, deadline, (was.ladder, rule.ladder), move, now, rule, newer, where)
    if not same_ladder:
        anew = {"rung": climbed_to(deadline, ladder_was, ladder), "recurrences": 0, "climbed": {}}
        placed = ladders.armed(placed.model_copy(update=anew), now, rule, newer, where)
    if deadline.stands:
        used = {"stands": True, "consumed": deadline.consumed, "next_at": None, "falls_at": None}
        return placed.model_copy(update=used)
    return ladders.without_burst(placed, now, rule, newer, where)


def counted_on(fresh: Deadline, old: Deadline, where: Calendar) -> Deadline:
    """The new length counted from where the old one began, so that what is used of it stays used."""
    if fresh.late_at_birth:
        return fresh.model_copy(update={"origin": old.origin})
    whole = clocks.measured(old.started, fresh.due, fresh.clock, where)
    return fresh.model_copy(update={"origin": old.origin, "started": old.started, "budget": whole})
