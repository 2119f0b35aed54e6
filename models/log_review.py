"""The unit manager's review of the log, after the fact: what it is held against, and what it finds."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from models.access import Hours, UserId
from models.words import CaseRef, Code, Instant, Word


class Matter(StrEnum):
    """What deserves a look. None of it is proof of anything wrong."""

    NOT_LIVE = "not-live"
    """A case that the desk had nothing to do with then."""
    NOT_NAMED = "not-named"
    """On no need-to-know list, not on call, and no glass broken."""
    MANY_ADDRESSES = "many-addresses"
    OUTSIDE_HOURS = "outside-hours"
    """Outside the person's own roster."""
    NO_ROSTER = "no-roster"
    """There is no roster to hold the person's hours against."""
    REFUSED = "refused"
    BREAK_GLASS = "break-glass"
    CLOCK_SET_BACK = "clock-set-back"


class Finding(Word):
    """One matter of one person on one local day, and the links of the chain that show it."""

    matter: Matter
    day: date
    user: UserId
    case: CaseRef | None = None
    outcome: Code | None = None
    """Why it was refused."""
    count: int
    links: tuple[int, ...]
    """At most `Limits.links_shown` of them."""


class Limits(Word):
    """From when a matter is told."""

    zone: str
    addresses_per_day: int = Field(ge=0)
    """More addresses than this, by one person on one day, is told."""
    links_shown: int = Field(ge=1)


class Span(NamedTuple):
    """When something was so. `until` is None while it still is."""

    since: Instant
    until: Instant | None


class Evidence(NamedTuple):
    """What the log is held against."""

    live: dict[str, tuple[Span, ...]]
    """When the desk had each case to deal with."""
    named: dict[tuple[str, str], tuple[Span, ...]]
    """When each (case, user) was on the need-to-know list, on call for the case, or had broken the glass."""
    rosters: dict[str, tuple[Hours, ...]]
    """The hours of each user who has a roster."""
