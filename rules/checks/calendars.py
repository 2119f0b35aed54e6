"""The pack as a whole: its dates, zone, office and closed days, and an organisation's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.calendars import Calendar
from models.packs import RulePack
from rules.checks.fault import Fault, Place
from rules.turn import FIND_ANOTHER_WAY, PLAN_OR_CLOSE

SHORTEST_OFFICE_DAY = 60
"""Minutes. A working day shorter than this would make nonsense of percent rungs."""
SHORTEST_CALENDAR = 5
"""Years."""
LARGEST = 512 * 1024
"""Characters of JSON. A pack travels whole with each case, and Temporal takes no more than two megabytes at once."""


def faults(pack: RulePack) -> Iterator[Fault]:
    yield from _whole(pack)
    yield from _calendar((), pack.calendar)
    for org, overlay in pack.overlays.items():
        if overlay.calendar != pack.calendar:
            yield from _calendar(("overlays", org), overlay.calendar)
    for kind in (FIND_ANOTHER_WAY, PLAN_OR_CLOSE):
        if kind not in pack.kinds:
            yield Fault(
                ("kinds",),
                f"sorten {kind} saknas: det som ingen blev ombedd att göra skulle inte ha någon ägare",
                f"the kind {kind} is missing: what nobody was asked to do would have no owner",
            )
    if (size := len(pack.model_dump_json())) > LARGEST:
        yield Fault(
            (),
            f"reglerna är för stora ({size // 1024} KiB): varje ärende bär dem med sig, högst {LARGEST // 1024} KiB",
            f"the rules are too large ({size // 1024} KiB): each case carries them, at most {LARGEST // 1024} KiB",
        )


def is_usable(calendar: Calendar) -> bool:
    """Whether anything can be counted in it: its zone is known and its office opens."""
    try:
        ZoneInfo(calendar.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return calendar.office.opens < calendar.office.closes


def _whole(pack: RulePack) -> Iterator[Fault]:
    zone = pack.calendar.zone
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Fault(("zone",), f"tidszonen {zone} är okänd", f"the time zone {zone} is not known")
    if pack.calendar.closed_until.year - pack.effective_from.year < SHORTEST_CALENDAR:
        yield Fault(
            ("calendar_years",),
            "kalendern tar slut för tidigt: ge den minst fem år",
            "the calendar ends too soon: give it at least five years",
        )
    if pack.effective_until is not None and pack.effective_until < pack.effective_from:
        yield Fault(
            ("effective_until",),
            "reglerna slutar gälla innan de har börjat",
            "the rules end before they have begun",
        )
    if not pack.threat_levels:
        yield Fault(("threat_levels",), "det finns inga hotnivåer", "there are no levels of threat")
    if pack.desk.retry_first > pack.desk.retry_most:
        yield Fault(
            ("desk", "retry_first"),
            "det första nya försöket kommer senare än det glesaste (retry_most)",
            "the first retry comes later than the slowest one (retry_most)",
        )


def _calendar(at: Place, calendar: Calendar) -> Iterator[Fault]:
    office = calendar.office
    if office.opens >= office.closes:
        yield Fault((*at, "office"), "kontoret stänger innan det öppnar", "the office closes before it opens")
    elif office.minutes < SHORTEST_OFFICE_DAY:
        yield Fault(
            (*at, "office"), "kontoret är öppet i mindre än en timme", "the office is open for less than an hour"
        )
    if office.cutoff is not None and not office.opens < office.cutoff <= office.closes:
        yield Fault(
            (*at, "office", "cutoff"),
            "klockslaget då dagen slutar räknas (cutoff) ligger utanför öppettiden",
            "the cut-off lies outside the opening hours",
        )
    for day, closes in calendar.half_days.items():
        yield from _half_day((*at, "half_days", str(day)), closes, day in calendar.closed_days, calendar)


def _half_day(at: Place, closes: time, is_closed: bool, calendar: Calendar) -> Iterator[Fault]:
    day = str(at[-1])
    if is_closed:
        yield Fault(at, f"{day} är redan en stängd dag", f"{day} is a closed day already")
    if not calendar.office.opens < closes < calendar.office.closes:
        yield Fault(
            at,
            f"{day}: en halvdag ska stänga mellan öppning och vanlig stängning",
            f"{day}: a half-day should close between opening and the usual closing",
        )
