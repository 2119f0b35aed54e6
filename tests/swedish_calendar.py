"""A Swedish office's calendar for tests of the clocks, and local times as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from activities.calendars import closed_days
from models.calendars import Calendar, Name, OfficeHours
from rules.clocks import written_end

ZONE = "Europe/Stockholm"
DAYS, NAMES = closed_days(2020, 2040)


def swedish(
    closures: Mapping[date, str] | None = None, half_days: Mapping[date, time] | None = None, zone: str = ZONE
) -> Calendar:
    """Open 08:00 to 16:00 on Swedish working days, but for an office's own closures and half-days."""
    own = {code: Name(sv=code, en=code) for code in (closures or {}).values()}
    return Calendar(
        zone=zone,
        office=OfficeHours(opens=time(8), closes=time(16)),
        closed_days=DAYS | dict(closures or {}),
        half_days=dict(half_days or {}),
        names=NAMES | own,
        closed_until=date(2040, 12, 31),
    )


SWEDEN = swedish()


def local(text: str, zone: str = ZONE) -> datetime:
    """`Tue 5 Jan 2027 22:46` as an instant; 24:00 is the midnight that ends the day. A wrong weekday is refused."""
    day_text, clock = text.rsplit(" ", 1)
    day = datetime.strptime(day_text, "%a %d %b %Y").replace(tzinfo=ZoneInfo(zone))
    if f"{day:%a}" != day_text[:3]:
        raise ValueError(f"{text}: that day is a {day:%A}")
    if clock == "24:00":
        return (day + timedelta(days=1)).astimezone(UTC)
    return datetime.combine(day.date(), time.fromisoformat(clock), ZoneInfo(zone)).astimezone(UTC)


def written(instant: datetime, zone: str = ZONE) -> str:
    """An instant as the tables of the tests write it: midnight is 24:00 of the day that it ends."""
    day, clock = written_end(instant, zone)
    return f"{day:%a} {day.day} {day:%b %Y} {clock}"


def zulu(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
