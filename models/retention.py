"""Disposal (gallring): what is known of a file, what rules say of it, and what the plane and a desk say to each other.

What crosses Temporal is `Errand`, `Reply` and the events: ids, counts, codes and instants. No case reference is among
them: the list itself stays at the desk.
"""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from models.access import Role
from models.words import CaseRef, Code, Digest, Function, Instant, OrgId, RequestKey, Word

LOOK, DISPOSE = "retention-look", "retention-dispose"
"""The desk's activities."""
APPROVE, REFUSE, LOOK_NOW, STANDING = "approve", "refuse", "look-now", "retention-standing"
"""The workflow's Updates and its query."""
ListId = RequestKey


def workflow_id(org: OrgId) -> str:
    return f"retention-{org}"


class FileKind(StrEnum):
    """What of a file decides how long it is kept. None of them: nobody has said, and then the file is kept."""

    ORDINARY = "ordinary"
    """Somebody has looked, and it is none of the others."""
    CHILD_INVESTIGATION = "child-investigation"
    CHILD_PLACEMENT = "child-placement"
    JOINTLY_AVAILABLE = "jointly-available"
    """Police data made jointly available (gemensamt tillgängliga)."""


class FileFacts(Word):
    """What the desk knows of a file. Never leaves the desk: `born` is personal data."""

    kinds: tuple[FileKind, ...] = ()
    born: date | None = None
    closed_at: Instant | None = None
    """When the own agency closed its own matter, should that be later than the case's end."""


class Closure(Word):
    """How a case stands in the plane."""

    open: bool
    closed_at: Instant | None = None
    offset: timedelta = timedelta(0)
    """Training: how far the case's clock is ahead of the wall clock."""


class Hold(Word):
    """Why a file must not be disposed of, whatever its clock says."""

    id: RequestKey
    reason: Code
    by: str
    since: Instant
    until: Instant | None = None
    """None: until somebody releases it. An expiry: it never shifts."""


class File(Word):
    """One case's file at one desk, as its retention is judged. All instants in the case's own time."""

    case: CaseRef
    function: Function
    kinds: tuple[FileKind, ...] = ()
    born: date | None = None
    last_entry: Instant | None = None
    closed_at: Instant | None = None
    open: bool | None = None
    """In the plane. None: the plane does not know the case, or has not been asked."""
    holds: tuple[Hold, ...] = ()
    destroyed: bool = False
    """Its keys have been destroyed: what is left of it came back with an older copy of the desk, and opens nowhere."""


class FileStatus(StrEnum):
    OPEN = "open"
    """The case is open in the plane."""
    KEPT = "kept"
    """A rule keeps it, or no rule is known, or what a rule needs to know is not."""
    HELD = "held"
    """Its time has come, and something holds it back."""
    COMING = "coming"
    DUE = "due"
    OVERDUE = "overdue"
    """The last day that the rule gives has passed."""


DISPOSABLE = (FileStatus.DUE, FileStatus.OVERDUE)


class Because(Word):
    """One step of the explanation of a date: which rule, which paragraph, which day came of it."""

    code: Code
    """`counts-from`, `term`, `not-before`, `last-day`, `kept`, `no-rule`, `case-open`, `hold` ..."""
    rule: Code | None = None
    basis: str | None = None
    day: date | None = None
    number: int | None = None
    """Years or days, where the rule counts in them."""
    reason: Code | None = None


class Verdict(Word):
    """What the rules say of one file today. Days are local; a file may be disposed of on both of them."""

    case: CaseRef
    status: FileStatus
    kinds: tuple[FileKind, ...] = ()
    rule: Code | None = None
    first_day: date | None = None
    last_day: date | None = None
    """None: the rule names none."""
    because: tuple[Because, ...] = ()
    wake_at: Instant | None = None
    """When time alone changes this verdict into one that lets the file be disposed of."""


# --- the rules, as data ------------------------------------------------------------------------------


class Dated(Word):
    """What every retention rule has: whom it concerns, since when, and where it stands."""

    code: Code
    functions: tuple[Function, ...] = Field(min_length=1)
    kinds: tuple[FileKind, ...] = ()
    """Only files of one of these kinds; none: every file."""
    effective_from: date
    effective_until: date | None = None
    """The last day it is in force."""
    basis: Annotated[str, Field(min_length=3, max_length=120)]
    confirmed: bool = True
    """False: the text or its date is still to be confirmed by a lawyer. Applied all the same."""
    sv: Annotated[str, Field(min_length=3, max_length=300)]
    en: Annotated[str, Field(min_length=3, max_length=300)]


class TermRule(Dated):
    """Disposed of a number of years after something."""

    what: Literal["term"]
    counts_from: Literal["last-entry", "closure"]
    closure_is_entry: bool = False
    """Ending the case is itself an entry in this agency's file."""
    years: int = Field(ge=1, le=150)
    ends: Literal["duty-arises", "at-latest"]
    """`duty-arises`: may be disposed of once the years have passed. `at-latest`: must be gone when they have."""
    finished_by_next_year: bool = False
    """The duty is to have been fulfilled when the calendar year after it arose ends."""
    listed_days_before: int = Field(default=0, ge=0, le=90)
    """With `at-latest`: how many days before the end the file is put on the list."""

    @model_validator(mode="after")
    def fits_its_end(self) -> TermRule:
        if self.ends == "at-latest" and self.finished_by_next_year:
            raise ValueError("what must be gone at the latest on a day has no year more")
        if self.ends == "duty-arises" and self.listed_days_before:
            raise ValueError("nothing is listed before the duty arises")
        return self


class KeepRule(Dated):
    """Never disposed of."""

    what: Literal["keep"]


class AgeRule(Dated):
    """Not disposed of before the year is over in which the person reaches an age: new year tells no birthday."""

    what: Literal["age"]
    years: int = Field(ge=1, le=150)


RetentionRule = Annotated[TermRule | KeepRule | AgeRule, Field(discriminator="what")]


class HoldReason(Word):
    code: Code
    basis: str | None = None
    sv: str
    en: str


class Entries(Word):
    """What in the audit is no entry in the file: a reading, or an act of the disposal itself."""

    not_in_audit: tuple[Code, ...] = ()


class Pace(Word):
    """How often a desk is looked at, and how it is asked again. Carried in the workflow's input."""

    look_every: timedelta = timedelta(days=30)
    offered_for: timedelta = timedelta(minutes=2)
    """How long one offer of work may take; after that it is offered again."""
    retry_first: timedelta = timedelta(minutes=1)
    retry_most: timedelta = timedelta(hours=1)
    silent_after: timedelta = timedelta(minutes=15)
    files_per_list: int = Field(default=200, ge=1, le=2_000)
    files_at_once: int = Field(default=20, ge=1, le=500)
    """How many files one errand destroys before the desk answers."""


class RetentionRules(Word):
    """The compiled rules. One file, each rule with its own dates."""

    zone: str = "Europe/Stockholm"
    rules: tuple[RetentionRule, ...]
    reasons: tuple[HoldReason, ...]
    entries: Entries = Entries()
    pace: Pace = Pace()

    @field_validator("rules", "reasons")
    @classmethod
    def named_once(cls, told: tuple[Dated | HoldReason, ...]) -> tuple[Dated | HoldReason, ...]:
        codes = [(one.code, getattr(one, "effective_from", None)) for one in told]
        if len(set(codes)) != len(codes):
            raise ValueError("a code stands twice")
        return told


# --- between the workflow and a desk -----------------------------------------------------------------


class WaitingList(Word):
    """The one list of a desk that waits for the archive role, or has been approved and is being carried out."""

    id: ListId
    digest: Digest
    files: int = Field(ge=1)
    approved: bool = False


class Errand(Word):
    """What the workflow asks of a desk: to look, or to carry out a list that the desk itself knows to be approved."""

    id: str
    org: OrgId
    work: Literal["retention-look", "retention-dispose"]
    list: ListId | None = None
    digest: str
    """Of the state that asked. It comes back in the reply, so that rules changed under an open workflow are noticed."""
    attempts: int = 0
    next_try: Instant
    since: Instant


class Looked(Word):
    what: Literal["looked"] = "looked"
    list: WaitingList | None = None
    next_at: Instant | None = None
    """When the next file may fall due."""


class Carried(Word):
    what: Literal["carried"] = "carried"
    left: int = Field(ge=0)
    certificate: str | None = None


class NotToBeDone(Word):
    """The desk knows of no such approved list (its store is an older copy, say). Nothing was destroyed."""

    what: Literal["not-to-be-done"] = "not-to-be-done"


class Reply(Word):
    errand: str
    digest: str
    answer: Annotated[Looked | Carried | NotToBeDone, Field(discriminator="what")]


# --- the workflow's events and state -----------------------------------------------------------------


class Approved(Word):
    kind: Literal["approved"] = "approved"
    key: RequestKey
    org: OrgId
    role: Role
    list: ListId
    digest: Digest


class ListRefused(Word):
    kind: Literal["list-refused"] = "list-refused"
    key: RequestKey
    org: OrgId
    role: Role
    list: ListId
    digest: Digest


class LookAsked(Word):
    kind: Literal["look-asked"] = "look-asked"
    key: RequestKey
    org: OrgId


class TimePassed(Word):
    kind: Literal["time-passed"] = "time-passed"


class DeskAnswered(Word):
    kind: Literal["desk-answered"] = "desk-answered"
    reply: Reply


class DeskSilent(Word):
    kind: Literal["desk-silent"] = "desk-silent"
    errand: str


Asked = Approved | ListRefused | LookAsked
RetentionEvent = Asked | TimePassed | DeskAnswered | DeskSilent


class RetentionReceipt(Word):
    request: str = ""
    """Fingerprint of what was asked: its key serves no other."""
    revision: int
    at: Instant
    list: ListId | None = None


class RetentionState(Word):
    """Everything that one desk's retention workflow decides from. Small, and carried whole."""

    org: OrgId
    revision: int = 0
    look_at: Instant | None = None
    list: WaitingList | None = None
    since: Instant | None = None
    """Since when the list waits."""
    errand: Errand | None = None
    silent: bool = False
    """The desk has not answered for longer than it may."""
    settled: tuple[ListId, ...] = ()
    """The newest lists that are over: an answer that was on its way does not bring one back."""
    certificates: int = 0
    last_certificate: str | None = None
    answered: dict[RequestKey, RetentionReceipt] = {}

    def digest(self) -> str:
        """Fingerprint of what was decided; the errand that carries it and the keys answered do not count."""
        told = self.model_dump_json(exclude={"errand", "answered"})
        return hashlib.sha256(told.encode()).hexdigest()[:16]


class RetentionInput(Word):
    """A run's whole input; continue-as-new carries it on."""

    state: RetentionState
    pace: Pace
    events_per_run: int = 400


class RetentionStanding(Word):
    state: RetentionState
    now: Instant


def fingerprint(event: Asked) -> str:
    return hashlib.sha256(event.model_dump_json(exclude={"key"}).encode()).hexdigest()
