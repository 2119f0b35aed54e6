"""The timeline of a simulated case, for people: one line for each thing, in local time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from console import disclosure_words, words
from console.deadline_views import WEEKDAYS, clock, end_clock
from console.layout import both
from models.handoffs import Act
from models.packs import RulePack
from models.simulation import Moment, Planned
from models.words import CaseRef

NOTICE = {
    "assessment-lapsed": ("hotbedömningen har gått ut", "the threat assessment has expired"),
    "desk-unreachable": ("desken kan inte nås", "the desk can't be reached"),
    "late-at-birth": ("sen från början, ny tid satt", "late at birth, a new time is set"),
    "answer-recorded": ("ett svar per telefon noterades", "an answer by phone was recorded"),
    "returned": ("sänd tillbaka", "sent back"),
    "expired": ("gick ut obesvarad", "expired unanswered"),
    "measure-lapsed": ("åtgärden har upphört", "the measure has lapsed"),
    "answered-after-expiry": ("besvarad efter att den gått ut", "answered after it expired"),
} | disclosure_words.NOTICE
STYLE = {
    "rung": "red",
    "deadline-late": "bold red",
    "deadline-missed": "red",
    "deadline-met": "green",
    "deadline-set": "dim",
    "deadline-moved": "yellow",
    "deadline-stands": "yellow",
    "refused": "yellow",
    "stopped": "bold red",
    "opened": "bold",
    "closed": "bold",
}


def timeline_view(
    case: Planned, name: CaseRef, pack: RulePack, moments: Sequence[Moment], end: datetime
) -> RenderableType:
    """Everything that happened, day by day. Repeats of an alarm with nothing else between are told as one."""
    zone = ZoneInfo(pack.calendar.zone)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    before = None
    for moment, last in together(moments):
        here = moment.at.astimezone(zone)
        if before is None or here.date() != before.date():
            table.add_row("", "", Text(f"{WEEKDAYS[here.weekday()]} {here:%Y-%m-%d}", style="bold"))
            before = None
        when = f"{here:%H:%M}"
        what = Text(sentence(moment, pack, last), style=STYLE.get(moment.what, ""))
        table.add_row("" if before and f"{before:%H:%M}" == when else when, moment.handoff or "", what)
        before = here
    heading = Text(f"Fall | Case {case.number}, {name}, regler | rules {pack.name} ({pack.digest[:8]})", style="bold")
    ends = Text(f"{clock(end, pack.calendar.zone)}: simuleringen slutar | the simulation ends", style="dim")
    return Group(heading, table, ends)


def together(moments: Sequence[Moment]) -> Iterator[tuple[Moment, Moment]]:
    """Moments, each with the last one that is told with it: itself, or the last of a run of repeats."""
    for repeats, run in groupby(moments, key=lambda moment: moment.repeat is not None):
        if not repeats:
            yield from ((moment, moment) for moment in run)
            continue
        alike: dict[tuple[object, ...], list[Moment]] = {}
        for moment in run:
            alike.setdefault((moment.handoff, moment.deadline), []).append(moment)
        yield from ((same[0], same[-1]) for same in alike.values())


def sentence(moment: Moment, pack: RulePack, last: Moment) -> str:
    """What happened, in Swedish and English; until `last`, which is the moment itself unless it was repeated."""
    what, zone = moment.what, pack.calendar.zone
    if what.startswith("deadline-") or what == "rung":
        return clock_sentence(moment, zone, last)
    code = moment.code or ""
    parties = f"{moment.requester} → {moment.recipient}"
    match what:
        case "opened":
            return f"ärendet öppnas av | the case is opened by {moment.by}"
        case "closed":
            return f"ärendet avslutas av | the case is closed by {moment.by}: {(moment.status or '').upper()}"
        case "recorded":
            return f"uppgifter noteras av | facts are recorded by {moment.by}"
        case "created":
            return f"ny | new: {kind_title(moment, pack)}, {parties}"
        case "act":
            said = moment.status or ""
            reason = f" ({both(words.OUTCOME.get(said, (said, said)))})" if said else ""
            return f"{moment.by}: {both(words.ACT.get(Act(code), (code, code)))}{reason}"
        case "ended":
            status = moment.status or ""
            return f"avslutas | ends: {both(words.OUTCOME.get(status, (status, status)))}"
        case "notice":
            receiver = "".join(moment.roles)
            return f"besked till | notice to {receiver}: {both(NOTICE.get(code, (code, code)))}"
        case "desk-silent":
            return f"desken hos {moment.by} svarar inte | the desk of {moment.by} does not answer"
        case "assessed":
            return f"hotbedömning gäller till | threat assessment holds until {end_clock(moment.due, zone)}"
        case "refused":
            return f"nekas | refused: {both(words.REFUSAL.get(code, (code, code)))}"
        case _:
            return f"fallet kan inte spelas vidare | the case can't be played on: {code}"


def clock_sentence(moment: Moment, zone: str, last: Moment) -> str:
    """A deadline that was set, moved, met or missed; or a rung of its ladder."""
    name = both(words.DEADLINE[moment.deadline or ""])
    due = end_clock(moment.due, zone)
    match moment.what:
        case "rung":
            who = ", ".join(dict.fromkeys(both(words.ROLE[to.partition(":")[2]]) for to in moment.roles))
            if moment.repeat is None:
                return f"▲ {name}, steg | rung {moment.rung}: {who}"
            several = last.repeat != moment.repeat
            repeat = f"{moment.repeat}–{last.repeat}, till | until {clock(last.at, zone)}" if several else moment.repeat
            return f"▲ {name}, upprepning | repeat {repeat}: {who}"
        case "deadline-set":
            return f"{name} senast | due {due}"
        case "deadline-moved":
            return f"{name} flyttas till | moves to {due}"
        case "deadline-stands":
            return f"{name}: klockan står | the clock stands"
        case "deadline-met":
            return f"✓ {name} i tid | in time (senast | due {due})"
        case "deadline-missed":
            return f"{name} var missad | had been missed ({due})"
        case _:
            return f"✗ {name} missad | missed ({due})"


def kind_title(moment: Moment, pack: RulePack) -> str:
    kind = pack.kinds.get(moment.kind or "")
    return f"{kind.sv} | {kind.en}" if kind else moment.kind or "–"
