"""A rule pack as the core reads it: compiled at the edge, immutable, carried whole in a case's input."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from models.calendars import Calendar, Name, RecordedDay, Span, Term
from models.handoffs import Act, DeadlineName
from models.words import Code, ConsentTo, Function, OrgId, Phase, Urgency, Word


class Met(StrEnum):
    """What satisfies a deadline: any answer, taking the work on, or finishing it."""

    ANSWERED = "answered"
    ACCEPTED = "accepted"
    COMPLETED = "completed"


class Extendable(Word):
    """Who may extend a deadline, on which grounds, and by how much at the most.

    A statute's term is extended only by whom the statute names (a court, the board); the decision is made there and
    recorded here. A policy default is extended by a role of the organisation that owes the answer.
    """

    by: tuple[Code, ...] = Field(min_length=1)
    grounds: tuple[Code, ...] = Field(min_length=1)
    most: Span
    """The longest single extension, on the deadline's own clock."""
    times: int = Field(default=1, ge=1, le=20)


class IfMissed(StrEnum):
    """What a deadline's passing unmet brings about by itself, at its instant, beside its ladder."""

    NOTHING = "nothing"
    LAPSES = "lapses"
    """The measure has lapsed in law: the handoff ends, and somebody must act at once."""
    REPORT = "report"
    """A duty to report arises: a handoff of the kind named by `reports`."""


class DeadlineRule(Word):
    term: Term
    met: Met
    ladder: Code
    source_instant: Literal["requested", "accepted", "anchor"] = "requested"
    extension: Extendable | None = None
    limit: Term | None = None
    """The statute's outermost end, for a policy deadline that keeps within one."""
    if_missed: IfMissed = IfMissed.NOTHING
    reports: Code | None = None
    """With `if_missed = report`: the kind of handoff that the miss gives rise to."""
    reports_to: Literal["owner", "waiting"] = "owner"
    """Whose own work that handoff is: theirs who missed it, or theirs who wait (nobody reports themselves to IVO)."""


class Rung(Word):
    """When (percent of the budget, working days before its last day, or a span after it) and to whom (`side:role`).

    The side is `owner`, who owes the answer, or `waiting`, who waits for it.
    """

    percent: int | None = Field(default=None, ge=1, le=99)
    before: Span | None = None
    """Working days before the deadline's last day, as it is before any shift: when the office opens that morning.

    None at all (`0 wd`) is the last day itself, as it has shifted.
    """
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


class IfUnanswered(StrEnum):
    """What happens when the top rung has sounded and an interval later nobody has yet answered."""

    STAY = "stay"
    """It stays with the recipient and the top rung recurs."""
    RETURN = "return"
    """It expires and goes back to the requester, who must find another way."""
    NEXT_CANDIDATE = "next-candidate"
    """It expires and the next candidate is asked; with none left it goes back to the requester."""
    EXPIRE = "expire"
    """It expires and nothing more is needed."""


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
    if_unanswered: IfUnanswered = IfUnanswered.STAY
    disclaims: tuple[str, ...] = ()
    """Paragraphs by which a recipient may say that another authority is responsible; empty: none, by law."""
    repeatable: bool = False
    """Several may be open at once between the same two organisations."""
    irreversible: bool = False
    """Once taken on it can't be undone by withdrawing what it came from: somebody has moved, a court has been told."""
    moves_with_case: bool = False
    """Own work that follows the case to the municipality that takes it over."""
    may_hold: bool
    may_return: bool = True
    """Whether the recipient may send it back for what is missing. The law's own terms run on meanwhile."""
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
    marks_on: tuple[Code, ...] = ()
    """The answers that fix it, where not every outcome does (a refusal of support has nothing to be carried out)."""
    needs_consent: ConsentTo | None = None
    """It exists only with consent to this: when that is withdrawn or ends, it is cancelled."""
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
    again: bool = False
    """Taken anew each time its anchor is set anew (a review every six months); otherwise once."""
    urgency: Urgency | None = None


class PhaseRule(Word):
    phase: Phase
    when: tuple[str, ...]


class ThreatLevel(Word):
    """What a level of threat means for others. The level itself stays at the police's desk."""

    valid_days: int = Field(ge=1, le=365)
    needs_protection: bool


class DeskRules(Word):
    """How work for a desk is offered, retried and alarmed when the desk does not answer."""

    offered_for: timedelta = Field(ge=timedelta(seconds=1))
    retry_first: timedelta = Field(ge=timedelta(seconds=1))
    retry_most: timedelta = Field(ge=timedelta(seconds=1))
    unreachable_after: timedelta = Field(ge=timedelta(seconds=1))


class Overlay(Word):
    """One organisation's own layer: its policy deadlines, its office and its closed days. Never a statute's term."""

    organisation: OrgId
    calendar: Calendar
    deadlines: dict[Code, dict[Urgency, dict[DeadlineName, DeadlineRule]]] = {}
    """Only the deadlines that differ from the national ones."""


class RulePack(Word):
    """One dated set of rules. `engine` says which generation of rule code the pack was written for."""

    name: str
    effective_from: date
    effective_until: date | None = None
    """The last day on which a new case may start under it; None while no end is known."""
    engine: int
    calendar: Calendar
    kinds: dict[Code, Kind]
    ladders: dict[Code, Ladder]
    steps: tuple[Step, ...]
    phases: tuple[PhaseRule, ...]
    instants: dict[Code, RecordedDay]
    """Days that people record and that deadlines count from (the day a care order was executed, say)."""
    words: dict[Code, Name] = {}
    """What the codes of reasons, answers and grounds are called when people read them."""
    threat_levels: dict[Code, ThreatLevel]
    desk: DeskRules
    keys_kept: timedelta = Field(ge=timedelta(days=1))
    reopen_within: timedelta = Field(default=timedelta(days=14), ge=timedelta(0))
    """How long after its end a handoff may be reopened by whoever ended it."""
    overlays: dict[OrgId, Overlay] = {}

    @cached_property
    def digest(self) -> str:
        """SHA-256 over canonical JSON: two packs with the same digest decide the same."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> RulePack:
        """A changed pack is another pack: it does not inherit the digest that was worked out for this one."""
        copy = super().model_copy(update=update, deep=deep)
        copy.__dict__.pop("digest", None)
        return copy

    def calendar_of(self, org: OrgId) -> Calendar:
        """The days and hours of one organisation's office: its own where it has said so."""
        overlay = self.overlays.get(org)
        return overlay.calendar if overlay else self.calendar

    def rules_of(self, kind: Code, urgency: Urgency, org: OrgId) -> dict[DeadlineName, DeadlineRule]:
        """The deadlines of a kind for the organisation that owes the answer: its own in place of the national ones."""
        rules = self.kinds[kind].deadlines[urgency]
        overlay = self.overlays.get(org)
        own = overlay.deadlines.get(kind, {}).get(urgency, {}) if overlay else {}
        return rules | own if own else rules
