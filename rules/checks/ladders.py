"""Ladders: in order, to roles that exist, with a top rung that comes back at least once a day, never silent."""

from __future__ import annotations

from collections.abc import Iterator

from models.calendars import Span, Unit
from models.handoffs import ROLES, DeadlineName
from models.packs import DeadlineRule, Ladder, RulePack, Rung
from rules.checks.fault import Fault, Place

SIDES = frozenset({"owner", "waiting"})
COORDINATORS = frozenset({"regional-coordinator", "national-coordinator"})
"""Of the police. Nobody outside the own agency is told of anything but track B (domain.md, table (b))."""
SECONDS = {Unit.SECONDS: 1, Unit.MINUTES: 60, Unit.HOURS: 3_600, Unit.WEEKS: 7 * 86_400, Unit.MONTHS: 2_629_746}
DAY = 86_400
Rules = dict[DeadlineName, DeadlineRule]


def faults(pack: RulePack) -> Iterator[Fault]:
    used = {rule.ladder for _, rules in every_rules(pack) for rule in rules.values()}
    for code, ladder in pack.ladders.items():
        at: Place = ("ladders", code)
        yield from _recurrence((*at, "recurs"), code, ladder)
        yield from _order((*at, "rungs"), code, ladder)
        yield from _spans(at, code, ladder)
        yield from _receivers(at, code, ladder)
        if code not in used:
            yield Fault(at, f"stegen {code} används inte", f"the ladder {code} is not used", warning=True)


def every_rules(pack: RulePack) -> Iterator[tuple[Place, Rules]]:
    """Every set of deadlines there is, national and own, with its place."""
    for kind in pack.kinds.values():
        for urgency, rules in kind.deadlines.items():
            yield ("kinds", kind.code, str(urgency)), rules
    for org, overlay in pack.overlays.items():
        for code, urgencies in overlay.deadlines.items():
            for urgency, rules in urgencies.items():
                yield ("overlays", org, "kinds", code, str(urgency)), rules


def seconds(span: Span) -> int:
    """A span in seconds for comparing; a working day counts as a day."""
    return span.amount * SECONDS.get(span.unit, DAY)


def tells_coordinators(ladder: Ladder) -> bool:
    return any(to.partition(":")[2] in COORDINATORS for rung in ladder.rungs for to in rung.to)


def _recurrence(at: Place, code: str, ladder: Ladder) -> Iterator[Fault]:
    *earlier, last = ladder.recurs
    if last.times is not None:
        yield Fault(
            at,
            f"stegen {code} tystnar: det sista mellanrummet ska upprepas utan slut (inget times)",
            f"the ladder {code} falls silent: its last recurrence must have no end (no times)",
        )
    if any(recurrence.times is None for recurrence in earlier):
        yield Fault(
            at,
            f"stegen {code} har upprepningar efter en som aldrig slutar",
            f"the ladder {code} has recurrences after one without end",
        )
    if any(recurrence.every.amount == 0 for recurrence in ladder.recurs):
        yield Fault(at, f"stegen {code} upprepas utan mellanrum", f"the ladder {code} repeats without any time between")
    if seconds(last.every) > DAY:
        yield Fault(
            at,
            f"stegen {code} upprepas mer sällan än en gång om dagen",
            f"the ladder {code} repeats more seldom than once a day",
        )
    paces = [seconds(recurrence.every) for recurrence in ladder.recurs]
    if paces != sorted(paces):
        yield Fault(
            at,
            f"stegen {code} upprepas tätare och tätare: mellanrummen ska växa",
            f"the ladder {code} repeats faster and faster: the intervals should grow",
        )


def is_warning(rung: Rung) -> bool:
    """Whether a rung comes before the deadline."""
    return rung.percent is not None or rung.before is not None


def _order(at: Place, code: str, ladder: Ladder) -> Iterator[Fault]:
    early = [rung.percent for rung in ladder.rungs if rung.percent is not None]
    mornings = [rung.before.amount for rung in ladder.rungs if rung.before is not None]
    warnings = len(early) + len(mornings)
    after = ladder.rungs[warnings:]
    if is_warning(ladder.rungs[-1]):
        yield Fault(
            at,
            f"stegen {code} har inget översta steg vid eller efter fristens slut",
            f"the ladder {code} has no top rung at or after the deadline",
        )
    if early != sorted(set(early)) or mornings != sorted(set(mornings), reverse=True):
        yield Fault(
            at,
            f"påminnelserna före fristen i stegen {code} står i fel ordning",
            f"the reminders of the ladder {code} are out of order",
        )
    misplaced = any(rung.percent is None for rung in ladder.rungs[: len(early)])
    if misplaced or not all(is_warning(rung) for rung in ladder.rungs[:warnings]):
        yield Fault(
            at,
            f"stegen {code} har ett steg före fristen som står efter ett som kommer senare",
            f"the ladder {code} has a reminder before the deadline after one that comes later",
        )
    order = [seconds(rung.after) if rung.after else 0 for rung in after]
    if order != sorted(set(order)):
        yield Fault(
            at,
            f"stegen i {code} efter fristen står i fel ordning",
            f"the rungs of the ladder {code} are out of order",
        )


def _spans(at: Place, code: str, ladder: Ladder) -> Iterator[Fault]:
    for number, rung in enumerate(ladder.rungs):
        if rung.before is not None and rung.before.unit is not Unit.WORKING_DAYS:
            yield Fault(
                (*at, "rungs", number),
                f"stegen {code} varnar ett antal morgnar före: skriv arbetsdagar (wd)",
                f"the ladder {code} warns some mornings before: write working days (wd)",
            )
        if sum(said is not None for said in (rung.percent, rung.before, rung.after)) > 1:
            yield Fault(
                (*at, "rungs", number),
                f"stegen {code} har ett steg som är både före och efter fristen",
                f"the ladder {code} has a rung that is both before and after the deadline",
            )
    spans: dict[Place, Span] = {(*at, "recurs", n): recurrence.every for n, recurrence in enumerate(ladder.recurs)}
    spans |= {(*at, "rungs", n): rung.after for n, rung in enumerate(ladder.rungs) if rung.after}
    for place, span in spans.items():
        if span.unit is Unit.MONTHS:
            yield Fault(
                place,
                f"stegen {code} räknar i månader, vilket bara kalenderklockan kan",
                f"the ladder {code} counts in months, which only the calendar clock can do",
            )


def _receivers(at: Place, code: str, ladder: Ladder) -> Iterator[Fault]:
    known = " / ".join(sorted(ROLES))
    for number, rung in enumerate(ladder.rungs):
        for receiver in rung.to:
            side, _, role = receiver.partition(":")
            if side not in SIDES or role not in ROLES:
                yield Fault(
                    (*at, "rungs", number),
                    f"stegen {code} nämner en okänd mottagare, {receiver}: skriv owner: eller waiting: och {known}",
                    f"the ladder {code} names an unknown receiver, {receiver}: write owner: or waiting: and {known}",
                )
