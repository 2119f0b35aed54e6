"""A rule pack as the core reads it: compiled at the edge, immutable, carried whole in a case's input."""

from __future__ import annotations

import hashlib
from datetime import date, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Literal

from pydantic import Field

from models.handoffs import Act, DeadlineName
from models.words import Code, Function, Phase, Urgency, Word


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


class Met(StrEnum):
    """What satisfies a deadline: any answer, taking the work on, or finishing it."""

    ANSWERED = "answered"
    ACCEPTED = "accepted"
    COMPLETED = "completed"


class DeadlineRule(Word):
    term: Term
    met: Met
    ladder: Code
    source_instant: Literal["requested", "accepted", "anchor"] = "requested"


class Rung(Word):
    """When (percent of the budget, or a span after the deadline) and to whom (`side:role`)."""

    percent: int | None = Field(default=None, ge=1, le=99)
    after: Span | None = None
    to: tuple[str, ...] = Field(min_length=1)


class Recurrence(Word):
    every: Span
    times: int | None = Field(default=None, ge=1)
    """How many times before the next, slower one; None for ever. The last is always None: never silence."""


class Ladder(Word):
    rungs: tuple[Rung, ...] = Field(min_length=1)
    recurs: tuple[Recurrence, ...] = Field(min_length=1)
    office_hours_only: bool


class Mode(StrEnum):
    """A referral shares, a transfer moves work on acceptance, an assignment stays inside an organisation."""

    REFERRAL = "referral"
    TRANSFER = "transfer"
    ASSIGNMENT = "assignment"


class Kind(Word):
    """A kind of handoff: everything about it that a lawyer or a manager may want to change."""

    code: Code
    sv: str
    en: str
    sender: tuple[Function, ...]
    """Who may ask; empty for anyone."""
    recipient: tuple[Function, ...]
    mode: Mode
    basis: str
    may_decline: bool
    if_unmet: Literal["find-another-way", "next-candidate", "nothing"]
    """What follows when it is declined, fails or is withdrawn while still needed."""
    may_hold: bool
    may_fail: bool = True
    """False where the law allows no refusal: what can't be declined can't be accepted and then failed either."""
    acute_within_days: int | None = None
    """When the event it counts down to comes this near, an open handoff of this kind becomes acute."""
    reasons: dict[Act, tuple[Code, ...]]
    answers: dict[Act, tuple[Code, ...]]
    """Coded outcomes that an act may, and where listed must, carry (track B: eligible, not-eligible)."""
    deadlines: dict[Urgency, dict[DeadlineName, DeadlineRule]]
    marks: Code | None = None
    """The instant that completing it fixes, for later deadlines to count from (`decided`)."""
    needs_consent: bool = False
    """It exists only with consent: withdrawn consent cancels it."""
    opens_track_b: bool = False
    desk_work: Literal["conclude-assessment"] | None = None
    """What the recipient's own desk works out when the handoff is completed (conclude-assessment)."""


class Step(Word):
    """A step of the journey: when all conditions hold, and none of `unless`, this handoff is created once."""

    code: Code
    kind: Code
    sender: Function | Literal["opener"]
    recipient: Function | Literal["opener", "custody", "candidates"]
    when: tuple[str, ...]
    unless: tuple[str, ...] = ()
    anchor: Code | None = None
    urgency: Urgency | None = None


class PhaseRule(Word):
    phase: Phase
    when: tuple[str, ...]


class ThreatLevel(Word):
    """What a level of threat means for others. The level itself stays at the police's desk."""

    valid_days: int = Field(ge=1, le=365)
    needs_protection: bool


class OfficeHours(Word):
    opens: time
    closes: time

    @property
    def minutes(self) -> int:
        return (self.closes.hour - self.opens.hour) * 60 + self.closes.minute - self.opens.minute


class DeskRules(Word):
    """How work for a desk is offered, retried and alarmed when the desk does not answer."""

    offered_for: timedelta = Field(ge=timedelta(seconds=1))
    retry_first: timedelta = Field(ge=timedelta(seconds=1))
    retry_most: timedelta = Field(ge=timedelta(seconds=1))
    unreachable_after: timedelta = Field(ge=timedelta(seconds=1))


class RulePack(Word):
    """One dated set of rules. `engine` says which generation of rule code the pack was written for."""

    name: str
    effective_from: date
    engine: int
    zone: str
    office: OfficeHours
    closed_days: tuple[date, ...]
    """Holidays and closures that fall on Monday to Friday, expanded; a workflow never asks a calendar library."""
    closed_until: date
    """The last day for which `closed_days` is known; a deadline beyond it is refused rather than guessed."""
    kinds: dict[Code, Kind]
    ladders: dict[Code, Ladder]
    steps: tuple[Step, ...]
    phases: tuple[PhaseRule, ...]
    threat_levels: dict[Code, ThreatLevel]
    desk: DeskRules
    keys_kept: timedelta = Field(ge=timedelta(days=1))

    @cached_property
    def digest(self) -> str:
        """SHA-256 over canonical JSON: two packs with the same digest decide the same."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @cached_property
    def closed(self) -> frozenset[date]:
        return frozenset(self.closed_days)
