"""A deadline to be worked out by anyone, and the steps that a worked-out deadline is told in."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from models.calendars import Clock, End, Unit
from models.words import Code, Instant, Word

FIRST_YEAR, LAST_YEAR = 1970, 2099
"""Years that a start or a hold may lie in: those whose Swedish holidays are known, ten years of counting included."""
MOST_HOLDS = 1_000
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:?\d\d)?")
TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def _written_out(value: Any) -> Any:
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise PydanticCustomError("not_an_instant", "write a point in time")
    return value


def _within_years(instant: datetime) -> datetime:
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise PydanticCustomError("year_out_of_range", "a year that is not known here")
    return instant.astimezone(UTC)


def _time_of_day(value: Any) -> time:
    if not isinstance(value, str) or not TIME_OF_DAY.fullmatch(value):
        raise PydanticCustomError("not_a_time_of_day", "write a time of day")
    return time.fromisoformat(value)


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written_out), AfterValidator(_within_years)]
"""An instant as people write it, date, time and zone: never a number of seconds."""
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]


class Asked(Word):
    """A deadline that somebody wants to check. `start` is what it counts from, or for a countdown back from."""

    model_config = ConfigDict(strict=True)

    start: Moment
    zone: str = Field(default="Europe/Stockholm", max_length=64)
    holidays: Literal["SE", "none"] = "SE"
    """With `none` only Saturdays and Sundays are closed."""
    clock: Clock
    opens: TimeOfDay = time(8)
    cutoff: TimeOfDay = time(16)
    closes: TimeOfDay | None = None
    """With it, minutes and hours on the office clock run only while the office is open."""
    amount: int = Field(ge=1)
    unit: Literal["minutes", "hours", "working-days", "days", "weeks", "months"]
    end: End = End.ACT_BY
    holds: tuple[tuple[Moment, Moment], ...] = Field(default=(), max_length=MOST_HOLDS)


class Impossible(Word):
    """Why there is no answer: a code, and the field that it is about."""

    code: Code
    field: str
    most: int | None = None
    """The largest amount that is counted, when it was exceeded."""


class ClosedDay(Word):
    day: date
    name: Code
    """The code of a holiday or closure, or `weekend`."""


class Step(Word):
    """One step of a reckoning. `code` says which of the other fields it has and what they mean."""

    code: Code
    at: Instant | None = None
    """Where the reckoning stands after this step."""
    was: Instant | None = None
    """Where it stood before, when an end was moved after it had been set."""
    since: Instant | None = None
    until: Instant | None = None
    day: date | None = None
    to: date | None = None
    amount: int | None = None
    unit: Unit | None = None
    clock: Clock | None = None
    stood: timedelta | None = None
    closed: tuple[ClosedDay, ...] = ()
    """Days that were passed over, and why; the first of them when there are many."""
    omitted: int = 0
    """How many more there are."""
    word: str | None = None
    """A source of law, an organisation, a role or a time of day, as the code says."""
    ground: Code | None = None


class Reckoning(NamedTuple):
    due: datetime
    steps: tuple[Step, ...]
