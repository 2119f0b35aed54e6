"""Parts of a rule as the core reads them: lengths of time, extensions, ladders, offices and closed days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta

from activities.calendars import code_of
from activities.rule_faults import BadPack
from activities.rule_sources import UNITS, WRITTEN, ExtensionSource, LadderSource, OfficeSource, StatuteSource
from models.calendars import Calendar, Clock, Name, OfficeHours, Span, Term
from models.packs import Extendable, Ladder, Recurrence, Rung
from rules.checks import Fault, Place

REAL_TIME = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}
FIRST_OF_WEEKEND = 5


def term(text: str) -> tuple[Span, Clock]:
    """`"5 wd"` as a span and the clock it runs on.

    Raises:
        BadPack: it is not a length of time.
    """
    found = WRITTEN.fullmatch(text)
    if found is None:
        raise BadPack(f'"{text}" är ingen tidslängd | "{text}" is not a length of time')
    unit, clock = UNITS[found[2]]
    return Span(amount=int(found[1]), unit=unit), clock


def span(text: str) -> Span:
    return term(text)[0]


def real_time(text: str) -> timedelta:
    amount, unit = text.split()
    return timedelta(**{REAL_TIME[unit]: int(amount)})


def extendable(body: ExtensionSource | None) -> Extendable | None:
    if body is None:
        return None
    return Extendable(by=tuple(body.by), grounds=tuple(body.grounds), most=span(body.most), times=body.times)


def statutory(body: StatuteSource, if_late: str | None = None) -> Term:
    """The law's own term, which nothing else can change."""
    length, clock = term(body.within)
    return Term(
        span=length,
        clock=clock,
        end=body.end,
        source=body.source,
        statutory=True,
        if_late_at_birth=span(if_late) if if_late else None,
    )


def ladder(body: LadderSource) -> Ladder:
    return Ladder(
        rungs=tuple(
            Rung(
                percent=rung.percent,
                before=span(rung.before) if rung.before else None,
                after=span(rung.after) if rung.after else None,
                to=tuple(rung.to),
            )
            for rung in body.rungs
        ),
        recurs=tuple(Recurrence(every=span(again.every), times=again.times) for again in body.recurs),
        office_hours_only=body.office_hours_only,
    )


def office_hours(body: OfficeSource) -> OfficeHours:
    return OfficeHours(opens=body.opens, closes=body.closes, cutoff=body.cutoff)


def with_closures(
    at: Place, calendar: Calendar, closures: Mapping[str, Name], half_days: Mapping[str, time], found: list[Fault]
) -> Calendar:
    """The calendar with closed days and half-days of somebody's own added to it."""
    closed, names, halves = dict(calendar.closed_days), dict(calendar.names), dict(calendar.half_days)
    for written, name in closures.items():
        if counts((*at, "closures", written), date.fromisoformat(written), calendar, found):
            code = code_of(name.sv)
            closed[date.fromisoformat(written)] = code
            names[code] = name
    for written, closes in half_days.items():
        if counts((*at, "half_days", written), date.fromisoformat(written), calendar, found):
            halves[date.fromisoformat(written)] = closes
    days = {"closed_days": dict(sorted(closed.items())), "half_days": dict(sorted(halves.items()))}
    return calendar.model_copy(update=days | {"names": names})


def counts(at: Place, day: date, calendar: Calendar, found: list[Fault]) -> bool:
    """Whether a day of somebody's own makes a difference; says so when it can't."""
    if not min(calendar.closed_days) <= day <= calendar.closed_until:
        found.append(Fault(at, f"{day} ligger utanför kalendern", f"{day} lies outside the calendar"))
        return False
    if day.weekday() >= FIRST_OF_WEEKEND:
        found.append(Fault(at, f"{day} är redan lördag eller söndag", f"{day} is a weekend already", warning=True))
        return False
    return True
