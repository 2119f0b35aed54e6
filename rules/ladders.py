"""Ladders: who is told, and when, that a handoff stands still. Each rung fires once; the top one recurs."""

from __future__ import annotations

from datetime import date, datetime

from models.calendars import Calendar, Clock
from models.handoffs import Deadline, Firing, Handoff
from models.packs import DeadlineRule, Ladder, RulePack
from rules import clocks


def rung_at(deadline: Deadline, number: int, rule: DeadlineRule, pack: RulePack, where: Calendar) -> datetime:
    """When rung `number` (from 0) of its ladder fires for this deadline.

    Percent rungs run in the deadline's own clock; an ordinary ladder waits for the office to open.
    """
    ladder = pack.ladders[rule.ladder]
    rung = ladder.rungs[number]
    if rung.percent is not None:
        early = clocks.part_way(deadline.started, deadline.due, rung.percent, deadline.clock, where)
        return clocks.when_open(early, where) if ladder.office_hours_only else early
    if rung.before is not None:
        return morning_before(deadline, rung.before.amount, where)
    base = clocks.when_open(deadline.due, where) if ladder.office_hours_only else deadline.due
    return clocks.add_span(base, rung.after, where) if rung.after else base


def morning_before(deadline: Deadline, days: int, where: Calendar) -> datetime:
    """When the office opens that many working days before a deadline's last day (lag 1930:173 2 §: the day unshifted).

    The last day itself, for no days at all, is the one it has shifted to.
    """
    if not days:
        last = clocks.written_end(deadline.due, where.zone)[0]
        day = last if clocks.is_working_day(last, where) else clocks.working_day_after(last, where, step=-1)
        return clocks.hours_of(day, where)[0]
    day = last_day(deadline, where)
    for _ in range(days):
        day = clocks.working_day_after(day, where, step=-1)
    return clocks.hours_of(day, where)[0]


def last_day(deadline: Deadline, where: Calendar) -> date:
    """The day on which a deadline's time ends; in the calendar, before any shift."""
    if deadline.clock is Clock.CALENDAR:
        return clocks.local(deadline.started, where).date() + deadline.budget
    return clocks.written_end(deadline.due, where.zone)[0]


def interval(recurrences: int, ladder: Ladder, start: datetime, where: Calendar) -> datetime:
    """When the top rung sounds again after `recurrences` repeats, slower and slower but never silent."""
    for recurrence in ladder.recurs:
        if recurrence.times is None or recurrences < recurrence.times:
            return clocks.add_span(start, recurrence.every, where)
        recurrences -= recurrence.times
    raise ValueError("the last recurrence of a ladder must have no end")


def armed(deadline: Deadline, now: datetime, rule: DeadlineRule, pack: RulePack, where: Calendar) -> Deadline:
    """The deadline with its next alarm's instant worked out, after its due instant or its rung changed."""
    if is_used_up(deadline, rule, pack):
        return deadline.model_copy(update={"next_at": repeat_at(deadline, now, rule, pack, where)})
    return deadline.model_copy(update={"next_at": rung_at(deadline, deadline.rung, rule, pack, where)})


def repeat_at(deadline: Deadline, now: datetime, rule: DeadlineRule, pack: RulePack, where: Calendar) -> datetime:
    """When the top rung sounds again once every rung is used up: at the deadline itself if that is still to come."""
    ladder = pack.ladders[rule.ladder]
    due = clocks.when_open(deadline.due, where) if ladder.office_hours_only else deadline.due
    if due > now:
        return due
    again = rung_at(deadline, len(ladder.rungs) - 1, rule, pack, where)
    return first_after(again, now, deadline.recurrences, ladder, where)


def first_after(again: datetime, now: datetime, recurrences: int, ladder: Ladder, where: Calendar) -> datetime:
    """The first repeat after `now`: those missed while nobody was awake are not made up for."""
    while again <= now:
        again = interval(recurrences, ladder, again, where)
    return again


def at_birth(deadline: Deadline, rule: DeadlineRule, pack: RulePack, where: Calendar) -> Deadline:
    """A new deadline at the strongest warning whose morning has already passed: that one is given at once."""
    rungs = pack.ladders[rule.ladder].rungs
    passed = [
        number
        for number, rung in enumerate(rungs)
        if rung.before is not None and rung_at(deadline, number, rule, pack, where) < deadline.started
    ]
    return deadline.model_copy(update={"rung": passed[-1]}) if passed else deadline


def without_burst(deadline: Deadline, now: datetime, rule: DeadlineRule, pack: RulePack, where: Calendar) -> Deadline:
    """A deadline that is past when it is set sounds once, at the rung it has come to, not at each of them."""
    top, rung = len(pack.ladders[rule.ladder].rungs) - 1, deadline.rung
    while rung < top and rung_at(deadline, rung + 1, rule, pack, where) <= now:
        rung += 1
    return (
        deadline if rung == deadline.rung else armed(deadline.model_copy(update={"rung": rung}), now, rule, pack, where)
    )


def is_used_up(deadline: Deadline, rule: DeadlineRule, pack: RulePack) -> bool:
    """Whether every rung has fired, so that what comes next is a repeat of the top one."""
    return deadline.rung >= len(pack.ladders[rule.ladder].rungs)


def fire(
    handoff: Handoff, deadline: Deadline, at: datetime, rule: DeadlineRule, pack: RulePack, where: Calendar
) -> tuple[Deadline, Firing]:
    """Fires the deadline's next rung at `at`. Repeats missed while nobody was awake sound once, not as a burst."""
    if deadline.next_at is None:
        raise ValueError("a deadline whose clock stands has no rung to fire")
    ladder = pack.ladders[rule.ladder]
    top = len(ladder.rungs) - 1
    recurrence = 0 if deadline.rung <= top else deadline.recurrences + 1
    firing = Firing(
        handoff=handoff.id,
        round=handoff.round,
        deadline=deadline.name,
        ladder=rule.ladder,
        rung=min(deadline.rung, top) + 1,
        recurrence=recurrence,
        due=deadline.next_at,
        at=at,
        to=ladder.rungs[min(deadline.rung, top)].to,
    )
    if deadline.rung < top:
        return armed(deadline.model_copy(update={"rung": deadline.rung + 1}), at, rule, pack, where), firing
    sounded = deadline.model_copy(update={"rung": top + 1, "recurrences": recurrence})
    if at < deadline.next_at:  # somebody did not wait for it: it comes back as if it had not sounded yet
        return sounded.model_copy(update={"next_at": repeat_at(sounded, at, rule, pack, where)}), firing
    again = first_after(interval(recurrence, ladder, deadline.next_at, where), at, recurrence, ladder, where)
    return sounded.model_copy(update={"next_at": again}), firing
