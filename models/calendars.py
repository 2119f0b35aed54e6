"""Clocks, lengths of time and the days an office is closed: what every deadline is counted with."""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum

from pydantic import Field

from models.words import Code, Word


class Clock(StrEnum):
    """Three clocks, never mixed (domain.md section 4)."""

    AROUND_THE_CLOCK = "around-the-clock"
    OFFICE = "office"
    CALENDAR = "calendar"


class Unit(StrEnum):
    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    WORKING_DAYS = "working-days"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


class End(StrEnum):
    """How a calendar deadline may shift when it falls on a day that is not a working day."""

    ACT_BY = "act-by"
    EXPIRY = "expiry"
    COUNTDOWN = "countdown"


class Span(Word):
    amount: int = Field(ge=0, le=5_000)
    unit: Unit


class Term(Word):
    """How long, on which clock, ending how, and where that is written."""

    span: Span
    clock: Clock
    end: End = End.ACT_BY
    source: str = Field(min_length=3, max_length=120)
    statutory: bool = False
    if_late_at_birth: Span | None = None
    """For a countdown whose end is already past: the replacement, on the office clock."""

    @property
    def can_stand(self) -> bool:
        """Whether a hold stops it. The law's own terms run on; expiries and countdowns never move for it."""
        return not self.statutory and self.end is End.ACT_BY


class OfficeHours(Word):
    """When an office is open. What comes after `cutoff` (closing time if left out) counts from the next opening."""

    opens: time
    closes: time
    cutoff: time | None = None

    @property
    def minutes(self) -> int:
        return (self.closes.hour - self.opens.hour) * 60 + self.closes.minute - self.opens.minute


class Name(Word):
    sv: str = Field(min_length=1, max_length=80)
    en: str = Field(min_length=1, max_length=80)


class RecordedDay(Name):
    """A day that people record and that deadlines count from."""

    ahead: bool = False
    """Whether it may lie ahead (a birthday, an end that is planned); otherwise it has happened when it is recorded."""


class Calendar(Word):
    """An office's zone, hours and closed days, expanded to dates: nobody asks a calendar library while deciding."""

    zone: str
    office: OfficeHours
    closed_days: dict[date, Code]
    """Holidays and closures that fall on Monday to Friday, each with the code of its name."""
    half_days: dict[date, time] = {}
    """Working days on which the office closes earlier, and when."""
    names: dict[Code, Name]
    closed_until: date
    """The last day for which `closed_days` is known; a deadline beyond it is refused rather than guessed."""

    def closes_on(self, day: date) -> time:
        return self.half_days.get(day, self.office.closes)
