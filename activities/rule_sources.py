"""What the files of a rule pack may say, word for word, before anything is worked out from them."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from models.calendars import Clock, End, Name, RecordedDay, Unit
from models.handoffs import Act, DeadlineName
from models.packs import IfMissed, IfUnanswered, Met, Mode
from models.words import Code, ConsentTo, Function, OrgId, Phase, Urgency

UNITS = {
    "s": (Unit.SECONDS, Clock.AROUND_THE_CLOCK),
    "min": (Unit.MINUTES, Clock.AROUND_THE_CLOCK),
    "h": (Unit.HOURS, Clock.AROUND_THE_CLOCK),
    "wd": (Unit.WORKING_DAYS, Clock.OFFICE),
    "d": (Unit.DAYS, Clock.CALENDAR),
    "w": (Unit.WEEKS, Clock.CALENDAR),
    "m": (Unit.MONTHS, Clock.CALENDAR),
}
WRITTEN = re.compile(r"([0-9]{1,4}) (s|min|h|wd|d|w|m)")
NOT_REAL = (Unit.WORKING_DAYS, Unit.WEEKS, Unit.MONTHS)
MOST = 5_000


def _length(text: str) -> str:
    found = WRITTEN.fullmatch(text)
    if found is None or int(found[1]) > MOST:
        raise PydanticCustomError("not_a_length", "not a length of time")
    return text


def _real_length(text: str) -> str:
    if UNITS[_length(text).split()[1]][0] in NOT_REAL:
        raise PydanticCustomError("not_real_time", "not a length of real time")
    return text


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise PydanticCustomError("not_a_date", "not written as a date") from None


def _sender(text: str) -> str:
    if text not in {*Function, "opener"}:
        raise PydanticCustomError("role", "not a role")
    return text


def _recipient(text: str) -> str:
    if text not in {*Function, "opener", "custody", "candidates"}:
        raise PydanticCustomError("role", "not a role")
    return text


Sender = Annotated[str, AfterValidator(_sender)]
"""A function, or `opener`: whoever opened the case."""
Recipient = Annotated[str, AfterValidator(_recipient)]
"""As a sender, or `custody` (who holds the person), or `candidates` (whom the asking desk finds)."""
Length = Annotated[str, AfterValidator(_length)]
"""`"5 wd"`: a number, and s, min or h (around the clock), wd (office days), or d, w or m (calendar)."""
RealLength = Annotated[str, AfterValidator(_real_length)]
Day = Annotated[str, AfterValidator(_day)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Written = Annotated[str, StringConstraints(min_length=3, max_length=120)]
"""Where a rule is written: statute and paragraph, a guideline, or the mark `policy default`."""
OneFunction = Annotated[Function, Field(strict=False)]
OneUrgency = Annotated[Urgency, Field(strict=False)]
OneAct = Annotated[Act, Field(strict=False)]
OneEnd = Annotated[End, Field(strict=False)]


class Source(BaseModel):
    """Types exactly as written: no text for a number, no `1` for true. Unknown words are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class ExtensionSource(Source):
    by: list[Code] = Field(min_length=1)
    grounds: list[Code] = Field(min_length=1)
    most: Length
    times: int = Field(default=1, ge=1, le=20)


class StatuteSource(Source):
    """A term of the law itself. Locked: nothing that refers to it can change it."""

    source: Written
    within: Length
    end: OneEnd = End.ACT_BY
    extension: ExtensionSource | None = None


class DeadlineSource(Source):
    statute: Code | None = None
    within: Length | None = None
    limit: Code | None = None
    end: OneEnd | None = None
    met: Annotated[Met, Field(strict=False)]
    ladder: Code | None = None
    counted_from: Literal["requested", "accepted", "anchor"] = "requested"
    if_late: Length | None = None
    source: Written | None = None
    extension: ExtensionSource | None = None
    may_extend: bool = True
    """False: not even by the default of the pack."""
    if_missed: Annotated[IfMissed, Field(strict=False)] = IfMissed.NOTHING
    reports: Code | None = None
    reports_to: Literal["owner", "waiting"] = "owner"

    @model_validator(mode="after")
    def _one_term(self) -> DeadlineSource:
        if (self.statute is None) == (self.within is None):
            raise PydanticCustomError("one_term", "either within or statute")
        own = (self.limit, self.end, self.source, self.extension)
        if self.statute is not None and any(said is not None for said in own):
            raise PydanticCustomError("statute_locked", "the statute says that itself")
        return self


class UrgencySource(Source):
    ladder: Code
    acknowledgement: DeadlineSource | None = None
    decision: DeadlineSource | None = None
    completion: DeadlineSource | None = None
    hold: DeadlineSource | None = None
    supplement: DeadlineSource | None = None

    def named(self) -> dict[DeadlineName, DeadlineSource]:
        return {name: body for name in DeadlineName if (body := getattr(self, name)) is not None}


class KindSource(Source):
    sv: Sentence
    en: Sentence
    sender: list[OneFunction] = Field(alias="from")
    recipient: list[OneFunction] = Field(alias="to")
    mode: Annotated[Mode, Field(strict=False)]
    basis: Written
    may_decline: bool
    if_unmet: Literal["find-another-way", "next-candidate", "nothing"]
    if_unanswered: Annotated[IfUnanswered, Field(strict=False)] = IfUnanswered.STAY
    disclaims: list[str] = []
    repeatable: bool = False
    irreversible: bool = False
    moves_with_case: bool = False
    may_hold: bool = True
    may_return: bool = True
    may_fail: bool = True
    acute_within_days: int | None = Field(default=None, ge=0, le=3_660)
    reasons: dict[OneAct, list[Code]] = {}
    answers: dict[OneAct, list[Code]] = {}
    marks: Code | None = None
    marks_on: list[Code] = []
    needs_consent: Annotated[ConsentTo, Field(strict=False)] | None = None
    opens_track_b: bool = False
    desk_work: Literal["conclude-assessment"] | None = None
    ordinary: UrgencySource | None = None
    acute: UrgencySource | None = None


class OfficeSource(Source):
    opens: time
    closes: time
    cutoff: time | None = None


class RungSource(Source):
    percent: int | None = Field(default=None, ge=1, le=99)
    before: Length | None = None
    after: Length | None = None
    to: list[str] = Field(min_length=1)


class RecurrenceSource(Source):
    every: Length
    times: int | None = Field(default=None, ge=1, le=10_000)


class LadderSource(Source):
    office_hours_only: bool
    rungs: list[RungSource] = Field(min_length=1)
    recurs: list[RecurrenceSource] = Field(min_length=1)


class ThreatLevelSource(Source):
    valid_days: int = Field(ge=1, le=365)
    needs_protection: bool


class DeskSource(Source):
    offered_for: RealLength
    retry_first: RealLength
    retry_most: RealLength
    unreachable_after: RealLength


class WatchSource(Source):
    """The deadline that watches a rest, for each urgency."""

    ordinary: DeadlineSource
    acute: DeadlineSource


class DefaultsSource(Source):
    """What a kind gets when it says nothing itself."""

    hold: WatchSource
    supplement: WatchSource
    extension: dict[Annotated[Clock, Field(strict=False)], ExtensionSource] = {}


class GeneralSource(Source):
    """`pack.toml`."""

    name: Written
    effective_from: date = Field(ge=date(1990, 1, 1), lt=date(2150, 1, 1))
    effective_until: date | None = None
    engine: int
    zone: str
    calendar_years: int = Field(ge=1, le=60)
    request_keys_kept: RealLength
    reopen_within: RealLength
    office: OfficeSource
    closures: dict[Day, Name] = {}
    half_days: dict[Day, time] = {}
    desk: DeskSource
    ladders: dict[Code, LadderSource]
    threat_levels: dict[Code, ThreatLevelSource]
    reasons: dict[OneAct, list[Code]]
    instants: dict[Code, RecordedDay] = {}
    words: dict[Code, Name] = {}
    defaults: DefaultsSource


class StepSource(Source):
    code: Code
    kind: Code
    sender: Sender = Field(alias="from")
    recipient: Recipient = Field(alias="to")
    when: list[str]
    unless: list[str] = []
    anchor: Code | None = None
    again: bool = False
    urgency: OneUrgency | None = None


class PhaseSource(Source):
    phase: Annotated[Phase, Field(strict=False)]
    when: list[str]


class JourneySource(Source):
    """`journey.toml`."""

    step: list[StepSource]
    phase: list[PhaseSource]


class OwnDeadlineSource(Source):
    """What an organisation may say of a policy deadline of its own. What it leaves out stays as it is nationally."""

    within: Length | None = None
    end: OneEnd | None = None
    ladder: Code | None = None
    if_late: Length | None = None
    source: Written | None = None
    extension: ExtensionSource | None = None


OwnDeadlines = dict[Annotated[DeadlineName, Field(strict=False)], OwnDeadlineSource]


class OverlaySource(Source):
    """`overlays/ORGANISATION.toml`."""

    organisation: OrgId
    function: OneFunction
    office: OfficeSource | None = None
    closures: dict[Day, Name] = {}
    half_days: dict[Day, time] = {}
    kinds: dict[Code, dict[OneUrgency, OwnDeadlines]] = {}


class PackSource(Source):
    """A whole pack: its files put together."""

    general: GeneralSource
    statute: dict[Code, StatuteSource]
    kinds: dict[Code, KindSource]
    journey: JourneySource
    overlays: dict[str, OverlaySource] = {}
    """By the file's name without `.toml`."""
