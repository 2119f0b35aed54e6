"""Deadlines: each can run, on a clock that counts it, within its statute; and some deadline is live in every status."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from models.calendars import Calendar, Clock, End, Term, Unit
from models.handoffs import ROLES, WATCHES, Act, DeadlineName
from models.packs import DeadlineRule, IfMissed, Kind, Met, Mode, RulePack
from models.words import Urgency
from rules import clocks
from rules.checks.calendars import is_usable
from rules.checks.fault import Fault, Place
from rules.checks.ladders import Rules, every_rules, seconds, tells_coordinators
from rules.deadlines import fits
from rules.transitions import allowed_by_kind

OFFICE_UNITS = (Unit.WORKING_DAYS, Unit.HOURS, Unit.MINUTES)
OUTSIDE = frozenset({"court", "board"})
"""Who may extend the law's own terms: a court, or the board (nämnd) where the statute says so."""
LONGEST = 10 * 366 * 86_400
"""Seconds: ten years. Nothing in a case is counted further ahead."""
SAMPLED, EVERY = timedelta(days=2 * 365), timedelta(hours=31)
"""Starts at which a deadline is held against its statute: two years, at every hour of the day and day of the week."""


def faults(pack: RulePack) -> Iterator[Fault]:
    for kind in pack.kinds.values():
        for urgency, rules in kind.deadlines.items():
            yield from _live(("kinds", kind.code, str(urgency)), kind, urgency, rules)
            yield from _watches(("kinds", kind.code, str(urgency)), kind, urgency, rules)
    for at, rules in every_rules(pack):
        kind_of = pack.kinds.get(str(at[at.index("kinds") + 1]))
        where = pack.calendar if at[0] == "kinds" else pack.calendar_of(str(at[1]))
        for name, rule in rules.items():
            place = (*at, str(name))
            yield from _clock(place, rule)
            yield from _start(place, name, rule)
            yield from _ladder(place, rule, kind_of, pack)
            yield from _missed(place, name, rule, pack)
            yield from _extension(place, name, rule)
            yield from _limit(place, rule, where, pack)


def called(place: Place) -> str:
    """`protected-bed (acute), decision`: what a sentence calls the deadline at `place`."""
    code, urgency, name = place[-3:]
    return f"{code} ({urgency}), {name}"


def _live(at: Place, kind: Kind, urgency: Urgency, rules: Rules) -> Iterator[Fault]:
    """In every open status some deadline must be live: this is invariant 1, checked before a case exists."""
    lasting = [r for n, r in rules.items() if n not in WATCHES and r.met is Met.COMPLETED]
    from_start = any(rule.source_instant != "accepted" for rule in lasting)
    until_accepted = any(r.met is Met.ACCEPTED and r.source_instant != "accepted" for r in rules.values())
    if not from_start and not (lasting and until_accepted):
        yield Fault(
            at,
            f"{kind.code} ({urgency}) kan stå öppen utan någon levande frist",
            f"{kind.code} ({urgency}) can stand open without any live deadline",
        )


def _watches(at: Place, kind: Kind, urgency: Urgency, rules: Rules) -> Iterator[Fault]:
    """A rest is watched, and a watch over a rest that can't come about is dead letter."""
    returns = allowed_by_kind(Act.RETURN, kind) or bool(kind.disclaims)
    for name, rests, sv, en in (
        (DeadlineName.HOLD, allowed_by_kind(Act.HOLD, kind), "läggas att vila", "put on hold"),
        (DeadlineName.SUPPLEMENT, returns, "skickas tillbaka", "sent back"),
    ):
        if rests and name not in rules:
            yield Fault(
                at,
                f"{kind.code} ({urgency}) kan {sv}, men ingen frist bevakar det ({name})",
                f"{kind.code} ({urgency}) can be {en} but nothing watches that ({name})",
            )
        if not rests and name in rules:
            yield Fault(
                (*at, str(name)),
                f"{kind.code} ({urgency}) kan aldrig {sv}: fristen {name} börjar aldrig löpa",
                f"{kind.code} ({urgency}) can never be {en}: the deadline {name} never runs",
            )


def _clock(at: Place, rule: DeadlineRule) -> Iterator[Fault]:
    term, late = rule.term, rule.term.if_late_at_birth
    if term.end is not End.ACT_BY and term.clock is not Clock.CALENDAR:
        yield Fault(
            at,
            f"{called(at)}: end gäller bara dagar, veckor och månader i kalendern (d, w, m)",
            f"{called(at)}: end is only for days, weeks and months of the calendar (d, w, m)",
        )
    if term.span.amount == 0 and term.clock is not Clock.CALENDAR:
        yield Fault(at, f"{called(at)}: ingen tid alls", f"{called(at)}: no time at all")
    if seconds(term.span) > LONGEST:
        yield Fault(at, f"{called(at)}: längre än tio år", f"{called(at)}: longer than ten years")
    if late is not None and (late.amount == 0 or late.unit not in OFFICE_UNITS):
        yield Fault(
            (*at, "if_late"),
            f"{called(at)}: ersättningsfristen (if_late) ska vara i arbetsdagar, timmar eller minuter",
            f"{called(at)}: the replacement (if_late) must be in working days, hours or minutes",
        )


def _start(at: Place, name: DeadlineName, rule: DeadlineRule) -> Iterator[Fault]:
    """What a deadline counts from must come, and come while it still has something to ask for."""
    counted = rule.source_instant
    if rule.term.end is End.COUNTDOWN and counted != "anchor":
        yield Fault(
            at,
            f"{called(at)} räknas ned mot en dag men säger inte vilken (counted_from = anchor)",
            f"{called(at)} counts down to a day but does not say which (counted_from = anchor)",
        )
    if counted == "anchor" and rule.term.if_late_at_birth is None and rule.if_missed is not IfMissed.LAPSES:
        yield Fault(
            at,
            f"{called(at)} räknas från en dag men säger inget om när den är för sent född (if_late)",
            f"{called(at)} counts from a date but says nothing of being late at birth (if_late)",
        )
    if counted == "accepted" and rule.met is not Met.COMPLETED:
        yield Fault(
            at,
            f"{called(at)} räknas från åtagandet, som redan uppfyller den: den börjar aldrig löpa",
            f"{called(at)} counts from the acceptance, which satisfies it already: it never runs",
        )
    if name in WATCHES and (counted != "requested" or rule.met is not Met.COMPLETED):
        yield Fault(
            at,
            f"{called(at)} bevakar en vila: den räknas alltid från att vilan börjar, till att den är slut (completed)",
            f"{called(at)} watches a rest: it always counts from when that begins until it is over (completed)",
        )


def _ladder(at: Place, rule: DeadlineRule, kind: Kind | None, pack: RulePack) -> Iterator[Fault]:
    ladder = pack.ladders.get(rule.ladder)
    if ladder is None:
        yield Fault(
            at,
            f"{called(at)} använder stegen {rule.ladder}, som inte finns",
            f"{called(at)} uses the ladder {rule.ladder}, which is not there",
        )
        return
    if rule.term.clock is Clock.AROUND_THE_CLOCK and ladder.office_hours_only:
        yield Fault(
            at,
            f"{called(at)} räknas dygnet runt, men stegen {rule.ladder} larmar bara på kontorstid",
            f"{called(at)} runs around the clock, but the ladder {rule.ladder} sounds in office hours only",
        )
    if kind is not None and not kind.opens_track_b and tells_coordinators(ladder):
        yield Fault(
            at,
            f"{called(at)} hör inte till polisens ärende: polisens samordnare får inte larmas (stegen {rule.ladder})",
            f"{called(at)} is not of the police's track: their coordinators may not be told (ladder {rule.ladder})",
        )


def _missed(at: Place, name: DeadlineName, rule: DeadlineRule, pack: RulePack) -> Iterator[Fault]:
    if rule.if_missed is not IfMissed.NOTHING and name in WATCHES:
        yield Fault(
            at,
            f"{called(at)} bevakar en vila och får inga rättsliga följder (if_missed)",
            f"{called(at)} watches a rest: missing it has no consequence in law (if_missed)",
        )
    if rule.if_missed is IfMissed.LAPSES and not rule.term.statutory:
        yield Fault(
            at,
            f"{called(at)}: bara en frist i lag kan få en åtgärd att förfalla (lapses)",
            f"{called(at)}: only a statute's term can make a measure lapse (lapses)",
        )
    if (rule.if_missed is IfMissed.REPORT) != (rule.reports is not None):
        yield Fault(
            at,
            f"{called(at)}: if_missed = report och reports hör ihop",
            f"{called(at)}: if_missed = report and reports belong together",
        )
    report = pack.kinds.get(rule.reports) if rule.reports else None
    if rule.reports is not None and report is None:
        yield Fault(
            (*at, "reports"),
            f"{called(at)}: sorten {rule.reports} finns inte",
            f"{called(at)}: the kind {rule.reports} is not there",
        )
    if report is not None and report.mode is not Mode.ASSIGNMENT:
        yield Fault(
            (*at, "reports"),
            f"{called(at)}: {rule.reports} ska vara eget arbete (assignment)",
            f"{called(at)}: {rule.reports} should be own work (assignment)",
        )


def _extension(at: Place, name: DeadlineName, rule: DeadlineRule) -> Iterator[Fault]:
    extension, place = rule.extension, (*at, "extension")
    if extension is None:
        return
    known = ", ".join(sorted(ROLES | OUTSIDE))
    if unknown := ", ".join(sorted(set(extension.by) - ROLES - OUTSIDE)):
        yield Fault(
            place,
            f"{called(at)}: okänd roll {unknown}; skriv en av {known}",
            f"{called(at)}: unknown role {unknown}; write one of {known}",
        )
    elif rule.term.statutory and set(extension.by) - OUTSIDE:
        yield Fault(
            place,
            f"{called(at)}: en frist i lag förlängs bara av domstol (court) eller nämnd (board)",
            f"{called(at)}: a statute's term is extended only by a court (court) or the board (board)",
        )
    if name in WATCHES:
        yield Fault(place, f"{called(at)} kan inte förlängas", f"{called(at)} can't be extended")
    if extension.most.amount == 0 or not fits(extension.most, rule.term.clock):
        yield Fault(
            place,
            f"{called(at)}: den längsta förlängningen (most) ska räknas på fristens egen klocka",
            f"{called(at)}: the longest extension (most) should be counted on the deadline's own clock",
        )


def _limit(at: Place, rule: DeadlineRule, where: Calendar, pack: RulePack) -> Iterator[Fault]:
    """A deadline within a statute: due no later than the statute says, whenever it begins."""
    if rule.limit is None or seconds(rule.term.span) > LONGEST or not is_usable(where):
        return
    if (start := beyond(rule.term, rule.limit, where, pack)) is not None:
        source, day = rule.limit.source, clocks.local(start, where)
        yield Fault(
            at,
            f"{called(at)} går utöver lagens frist ({source}), till exempel från {day:%Y-%m-%d %H:%M}",
            f"{called(at)} goes beyond the statute's term ({source}), for example from {day:%Y-%m-%d %H:%M}",
        )


def beyond(term: Term, limit: Term, where: Calendar, pack: RulePack) -> datetime | None:
    """The first sampled start from which `term` ends after `limit`; None when there is none."""
    start = datetime.combine(pack.effective_from, time(0), UTC)
    end = start + SAMPLED
    while start < end:
        try:
            if clocks.due(start, term, where) > clocks.due(start, limit, where):
                return start
        except clocks.BeyondCalendar:
            return None
        start += EVERY
    return None
