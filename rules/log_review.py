"""Reviewing the log after the fact: reads held against who had the case, who was named, and who was at work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from models.access import Hours, Role
from models.audit import AuditEntry, Link
from models.log_review import Evidence, Finding, Limits, Matter, Span
from rules.audit import CLOCK_SET_BACK, is_showing
from rules.rosters import DAY, covers

NOT_REFUSED = frozenset({"done", "begun"})
"""Outcomes that are no refusal; `begun` is of what is done in steps (disposal)."""
CALLED_OUT = frozenset({Role.ON_CALL, Role.MANAGER_ON_CALL, Role.DECISION_MAKER})
"""Who is on no case's list and is there for all of them while on duty."""
ORDER = {matter: place for place, matter in enumerate(Matter)}


class Met(NamedTuple):
    """What makes two findings the same one."""

    matter: Matter
    day: date
    user: str
    case: str | None = None
    outcome: str | None = None


def review(links: Iterable[Link], evidence: Evidence, limits: Limits) -> tuple[Finding, ...]:
    """What in these links deserves a look, by day, matter and person. A desk's own programs have no roster or list.

    Reads are only held against what there is evidence of: a person without a roster is told as such, once a day.
    """
    zone = ZoneInfo(limits.zone)
    met: dict[Met, list[int]] = {}
    for link in links:
        for found in _met(link.entry, evidence, zone):
            met.setdefault(found, []).append(link.seq)
    kept = (
        Finding(**found._asdict(), count=len(seqs), links=tuple(seqs[: limits.links_shown]))
        for found, seqs in met.items()
        if found.matter is not Matter.MANY_ADDRESSES or len(seqs) > limits.addresses_per_day
    )
    return tuple(
        sorted(kept, key=lambda one: (one.day, ORDER[one.matter], one.user, one.case or "", one.outcome or ""))
    )


def _met(entry: AuditEntry, evidence: Evidence, zone: ZoneInfo) -> Iterator[Met]:
    day = entry.at.astimezone(zone).date()
    if entry.action == CLOCK_SET_BACK:
        yield Met(Matter.CLOCK_SET_BACK, day, entry.user)
    if entry.outcome not in NOT_REFUSED:
        yield Met(Matter.REFUSED, day, entry.user, entry.case, entry.outcome)
        return
    if entry.action == "break-glass":
        yield Met(Matter.BREAK_GLASS, day, entry.user, entry.case)
        return
    if entry.role is Role.SYSTEM or not is_showing(entry):
        return
    if is_address(entry):
        yield Met(Matter.MANY_ADDRESSES, day, entry.user)
    if entry.case is not None:
        if not within(entry.at, evidence.live.get(entry.case, ())):
            yield Met(Matter.NOT_LIVE, day, entry.user, entry.case)
        listed = within(entry.at, evidence.named.get((entry.case, entry.user), ()))
        if not (listed or is_on_duty(entry, evidence.rosters, zone)):
            yield Met(Matter.NOT_NAMED, day, entry.user, entry.case)
    yield from _hours(entry, day, evidence.rosters, zone)


def _hours(entry: AuditEntry, day: date, rosters: Mapping[str, tuple[Hours, ...]], zone: ZoneInfo) -> Iterator[Met]:
    if entry.user not in rosters:
        yield Met(Matter.NO_ROSTER, day, entry.user)
    elif not rostered(entry.at, rosters[entry.user], zone):
        yield Met(Matter.OUTSIDE_HOURS, day, entry.user)


def is_address(entry: AuditEntry) -> bool:
    """Whether an address was shown in full. What is masked tells no address."""
    told = "address" in entry.categories or entry.action.endswith("-address")
    return told and is_showing(entry) and entry.action != "view-masked"


def within(at: datetime, spans: Iterable[Span]) -> bool:
    return any(span.since <= at and (span.until is None or at < span.until) for span in spans)


def rostered(at: datetime, hours: Iterable[Hours], zone: ZoneInfo) -> bool:
    """Whether these hours hold this instant, by the clock on the wall. Hours that end at or before they begin go on
    past midnight; equal ones are a whole day."""
    here = at.astimezone(zone)
    return any(covers(each, here) or covers(each, here - DAY, DAY) for each in hours)


def is_on_duty(entry: AuditEntry, rosters: Mapping[str, tuple[Hours, ...]], zone: ZoneInfo) -> bool:
    """Whether it is somebody who is called out, when they are: by their roster, or always where they have none."""
    hours = rosters.get(entry.user)
    return entry.role in CALLED_OUT and (hours is None or rostered(entry.at, hours, zone))
