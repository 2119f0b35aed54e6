"""How a deadline looks wherever it is shown: when it ends, how far its ladder has climbed, and why it ends then."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.text import Text

from console import accounts, words
from models.handoffs import Deadline, Handoff
from models.packs import RulePack
from rules import deadlines, handoffs
from rules.clocks import written_end

ZONE = "Europe/Stockholm"
WEEKDAYS = ("mån", "tis", "ons", "tors", "fre", "lör", "sön")


def clock(instant: datetime | None, zone: str = ZONE) -> str:
    """A point in time, local: `tis 2027-01-05 22:46`."""
    if instant is None:
        return "–"
    here = instant.astimezone(ZoneInfo(zone))
    return f"{WEEKDAYS[here.weekday()]} {here:%Y-%m-%d %H:%M}"


def short_clock(instant: datetime | None, zone: str = ZONE) -> str:
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if instant else "–"


def end_clock(due: datetime | None, zone: str = ZONE) -> str:
    """A deadline, local: `fre 2027-03-12 24:00`."""
    if due is None:
        return "–"
    day, time = written_end(due, zone)
    return f"{WEEKDAYS[day.weekday()]} {day} {time}"


def is_overdue(deadline: Deadline, now: datetime) -> bool:
    return deadline.due <= now and not deadline.stands


def deadline_data(deadline: Deadline, handoff: Handoff, pack: RulePack, now: datetime) -> dict[str, Any]:
    """One deadline as plain data: what is used of its time and what is left, in seconds of its own clock."""
    sv, en = accounts.line_of(deadline, handoff, pack)
    where = handoffs.calendar_of(handoff, deadline.name, pack)
    return deadline.model_dump(mode="json", exclude={"climbed", "consumed"}) | {
        "overdue": is_overdue(deadline, now),
        "owner": handoffs.owner(handoff, deadline.name),
        "consumed_seconds": deadlines.consumed(deadline, now, where).total_seconds(),
        "remaining_seconds": deadlines.remaining(deadline, now, where).total_seconds(),
        "why": {"sv": sv, "en": en},
    }


def deadline_text(deadline: Deadline, handoff: Handoff, pack: RulePack, now: datetime) -> Text:
    name = words.DEADLINE[deadline.name][0]
    if deadline.stands:
        text = Text(f"{name}: klockan står | clock stands", style="dim")
    else:
        late = is_overdue(deadline, now)
        text = Text(f"{name}: {end_clock(deadline.due)}", style="red" if late else "")
        if late:
            text.append("\n  FÖRSENAD | LATE", style="bold red")
        if deadline.rung:
            repeats = f"+{deadline.recurrences}" if deadline.recurrences else ""
            text.append(f"  ▲{deadline.rung}{repeats}", style="bold red")
            if deadline.alarm_acknowledged == deadline.alarms:
                text.append(" kvitterat | acknowledged", style="dim")
    for line in accounts.line_of(deadline, handoff, pack):
        text.append(f"\n  {line}", style="dim")
    return text
