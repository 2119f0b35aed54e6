"""An organisation's own layer: its policy deadlines only. What the law says, and how often alarms come back, stays."""

from __future__ import annotations

from collections.abc import Iterator

from models.packs import DeadlineRule, Ladder, RulePack
from rules.checks.deadlines import called
from rules.checks.fault import Fault, Place
from rules.checks.ladders import seconds

LOCKED = ("met", "source_instant", "limit", "if_missed", "reports", "reports_to")
"""What an organisation can't have its own of: what satisfies a deadline, what it counts from, what missing it means."""


def faults(pack: RulePack) -> Iterator[Fault]:
    for org, overlay in pack.overlays.items():
        for code, urgencies in overlay.deadlines.items():
            for urgency, rules in urgencies.items():
                for name, own in rules.items():
                    at = ("overlays", org, "kinds", code, str(urgency), str(name))
                    kind = pack.kinds.get(code)
                    national = kind.deadlines.get(urgency, {}).get(name) if kind else None
                    if national is None:
                        yield Fault(at, f"{called(at)} finns inte nationellt", f"{called(at)} is not there nationally")
                    else:
                        yield from _own(at, own, national, pack)


def _own(at: Place, own: DeadlineRule, national: DeadlineRule, pack: RulePack) -> Iterator[Fault]:
    if national.term.statutory:
        yield Fault(
            at,
            f"{called(at)} är lagens egen frist ({national.term.source}) och kan inte ändras här",
            f"{called(at)} is the law's own term ({national.term.source}) and can't be changed here",
        )
    if any(getattr(own, name) != getattr(national, name) for name in LOCKED):
        yield Fault(
            at,
            f"{called(at)}: bara tid, stege och förlängning kan vara egna",
            f"{called(at)}: only time, ladder and extension can be one's own",
        )
    mine, theirs = pack.ladders.get(own.ladder), pack.ladders.get(national.ladder)
    if mine is not None and theirs is not None and slower(mine, theirs):
        yield Fault(
            at,
            f"{called(at)}: stegen {own.ladder} larmar mer sällan än {national.ladder}",
            f"{called(at)}: the ladder {own.ladder} sounds more seldom than {national.ladder}",
        )


def slower(own: Ladder, national: Ladder) -> bool:
    """Whether the last repeats come more seldom: further apart, or only when the office is open."""
    if own.office_hours_only and not national.office_hours_only:
        return True
    return seconds(own.recurs[-1].every) > seconds(national.recurs[-1].every)
