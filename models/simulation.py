"""What a simulation is told: which cases are opened when, and how people answer in them. Ids and codes only."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from models.calendars import Span, Unit
from models.events import Facts
from models.handoffs import DeadlineName, Paragraph
from models.words import Code, EndCode, Function, HandoffId, Instant, OrgId, Phase, Urgency, Word

FIRST_OPENING, LAST_OPENING = 2000, 2100
MOST_CASES = 20_000
"""In one file: enough for a year of the whole country, and a result that fits in memory."""
MOST_WEIGHT = 1_000_000
UNITS = {"min": Unit.MINUTES, "h": Unit.HOURS, "wd": Unit.WORKING_DAYS, "d": Unit.DAYS, "w": Unit.WEEKS}


def _length(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(\d{1,4}) ?(min|h|wd|d|w)", value.strip(), re.ASCII)
    if found is None:
        raise PydanticCustomError("length", "not a length of time")
    return Span(amount=int(found[1]), unit=UNITS[found[2]])


def _pair(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value, value)


def _lengths(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else _pair(_length(value))


def _list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


def _weights(value: Any) -> Any:
    return {value: 1} if isinstance(value, str) else value


def _rising_share(pair: tuple[int, int]) -> tuple[int, int]:
    if pair[0] > pair[1]:
        raise PydanticCustomError("falling", "the first must not be greater than the second")
    return pair


def _rising_length(pair: tuple[Span, Span]) -> tuple[Span, Span]:
    if pair[0].unit is not pair[1].unit:
        raise PydanticCustomError("two_units", "both must have the same unit")
    if pair[0].amount > pair[1].amount:
        raise PydanticCustomError("falling", "the first must not be greater than the second")
    return pair


def _some(pair: tuple[Span, Span]) -> tuple[Span, Span]:
    if pair[0].amount == 0:
        raise PydanticCustomError("no_length", "must be more than nothing")
    return pair


def _likely_year(instant: Any) -> Any:
    if not FIRST_OPENING <= instant.year <= LAST_OPENING:
        raise PydanticCustomError("year", "a year in which no case is simulated")
    return instant


Length = Annotated[Span, BeforeValidator(_length)]
"""`"30 min"`, `"4 h"`, `"3 wd"` (working days), `"2 d"`, `"1 w"`."""
Lengths = Annotated[tuple[Length, Length], BeforeValidator(_lengths), AfterValidator(_rising_length)]
"""A length, or two of the same unit between which one is drawn."""
Percent = Annotated[int, Field(ge=1, le=99)]
Shares = Annotated[tuple[Percent, Percent], BeforeValidator(_pair), AfterValidator(_rising_share)]
"""Percent of a deadline's time, or two between which one is drawn."""
Opening = Annotated[Instant, AfterValidator(_likely_year)]
Hours = Literal["office", "around-the-clock"]
"""When somebody answers. Left out: by the clock of the deadline, and never so late that only this makes it late."""


class InTime(Word):
    """Answers at a share of each deadline's time."""

    does: Literal["in-time"] = "in-time"
    share: Shares = (50, 50)
    hours: Hours | None = None
    outcome: Code | None = None
    """The coded outcome on completion, where the kind has such (`eligible`)."""


class Late(Word):
    """Answers this long after each deadline has passed."""

    does: Literal["late"]
    by: Annotated[Lengths, AfterValidator(_some)]
    hours: Hours | None = None
    outcome: Code | None = None


class Never(Word):
    """Never answers."""

    does: Literal["never"]


class Declines(Word):
    """Declines this many times in a case, per kind; then goes on as `then` says."""

    does: Literal["declines"]
    times: int = Field(default=1, ge=1, le=50)
    reason: Code | None = None
    then: Answer = InTime()


class Holds(Word):
    """Takes it on and puts it on hold for a while, once; then goes on as `then` says."""

    does: Literal["holds"]
    length: Annotated[Lengths, AfterValidator(_some)]
    reason: Code | None = None
    then: Answer = InTime()


class Returns(Word):
    """Sends it back for more information this many times; goes on as `then` says when the sender has supplied it."""

    does: Literal["returns"]
    times: int = Field(default=1, ge=1, le=20)
    reason: Code | None = None
    then: Answer = InTime()


class NotResponsible(Word):
    """Says once that another is responsible. The sender insists, or sends it on there."""

    does: Literal["not-responsible"]
    paragraph: Paragraph
    to: OrgId
    sender: Literal["insists", "reroutes"] = "insists"
    then: Answer = InTime()


class Forwards(Word):
    """Takes it on and asks another for it in turn, once; then goes on as `then` says."""

    does: Literal["forwards"]
    to: OrgId
    then: Answer = InTime()


class Fails(Word):
    """Takes it on, and ends it as not possible when it should have been done. `then`: when, in time or late."""

    does: Literal["fails"]
    reason: Code | None = None
    then: Answer = InTime()


class Withdraws(Word):
    """The sender takes it back this long after asking, in `chance` percent of the cases."""

    does: Literal["withdraws"]
    after: Lengths
    chance: int = Field(default=100, ge=1, le=100)
    reason: Code | None = None


class Part(Word):
    weight: float = Field(default=1, gt=0, le=MOST_WEIGHT)
    answer: Answer


class Mixture(Word):
    """One of several, drawn for each handoff by weight."""

    does: Literal["mixture"]
    of: tuple[Part, ...] = Field(min_length=1, max_length=50)


Answer = Annotated[
    InTime | Late | Never | Declines | Holds | Returns | NotResponsible | Forwards | Fails | Mixture,
    Field(discriminator="does"),
]
AnswerOrWithdrawal = Annotated[
    InTime | Late | Never | Declines | Holds | Returns | NotResponsible | Forwards | Fails | Mixture | Withdraws,
    Field(discriminator="does"),
]


class AnswerRule(Word):
    """Whose answers, to what, and how. What is left out means all. The first rule that fits counts."""

    organisation: Annotated[tuple[OrgId, ...], BeforeValidator(_list)] = ()
    function: Annotated[tuple[Function, ...], BeforeValidator(_list)] = ()
    kind: Annotated[tuple[Code, ...], BeforeValidator(_list)] = ()
    urgency: Urgency | None = None
    answer: AnswerOrWithdrawal


class Outage(Word):
    since: Opening
    until: Opening


class Participant(Word):
    """An organisation of the simulation. Without a desk the sender telephones and records the answer."""

    id: OrgId
    function: Function
    desk: bool = True
    down: tuple[Outage, ...] = Field(default=(), max_length=50)
    """When its desk can't be reached."""


class Circumstances(Facts):
    """Coded facts, where days may also be told from the case's opening."""

    custody_ends_after: Length | None = None
    instants_after: Annotated[dict[Code, Length], Field(max_length=20)] = {}


class Learns(Word):
    does: Literal["record"]
    after: Length
    by: OrgId | None = None
    """Who records it; the acting social services when left out."""
    facts: Circumstances


class Asks(Word):
    does: Literal["send"]
    after: Length
    kind: Code
    sender: OrgId
    to: OrgId
    urgency: Urgency = Urgency.ORDINARY
    date_after: Length | None = None
    """The day that it counts from, told from the case's opening."""


Later = Annotated[Learns | Asks, Field(discriminator="does")]


class Between(Word):
    """Openings are spread over this time, drawn by the seed."""

    since: Opening
    until: Opening


class Group(Word):
    """One case, or `count` alike."""

    name: Code = "case"
    count: int = Field(default=1, ge=1, le=MOST_CASES)
    opens: Opening | Between
    opened_by: OrgId
    acting: Annotated[tuple[OrgId, ...], Field(max_length=40)] = ()
    """Who acts for each function; for those left out, the first organisation in the file."""
    facts: Circumstances = Circumstances()
    candidates: dict[Code, tuple[OrgId, ...]] = {}
    """Whom the asking desk finds in this case, by kind, in order."""
    threat_level: Annotated[dict[Code, float], BeforeValidator(_weights)] = {"high": 1}
    """What the police's assessments come to; several with weights are drawn for each assessment."""
    closing: EndCode = EndCode.ENDED
    answers: tuple[AnswerRule, ...] = Field(default=(), max_length=200)
    """Before those of the whole file."""
    later: tuple[Later, ...] = Field(default=(), max_length=100)


class Scenario(Word):
    """A file of cases."""

    organisation: tuple[Participant, ...] = Field(min_length=1, max_length=500)
    candidates: dict[Code, tuple[OrgId, ...]] = {}
    """Whom asking desks find, by kind, in order, where the case says nothing else."""
    desk_delay: Length = Span(amount=0, unit=Unit.MINUTES)
    """How long a desk takes to answer the plane."""
    answers: tuple[AnswerRule, ...] = Field(default=(), max_length=200)
    case: tuple[Group, ...] = Field(min_length=1, max_length=500)


class Planned(Word):
    """One case of a scenario, about to be played."""

    number: int
    group: int
    opens: Instant


What = Literal[
    "opened",
    "closed",
    "recorded",
    "created",
    "act",
    "ended",
    "deadline-set",
    "deadline-moved",
    "deadline-stands",
    "deadline-met",
    "deadline-late",
    "deadline-missed",
    "rung",
    "notice",
    "desk-silent",
    "assessed",
    "refused",
    "stopped",
]


class Moment(Word):
    """One line of a timeline."""

    at: Instant
    what: What
    phase: Phase
    handoff: HandoffId | None = None
    kind: Code | None = None
    requester: OrgId | None = None
    recipient: OrgId | None = None
    by: OrgId | None = None
    code: Code | None = None
    """The act, the reason, the notice or the refusal."""
    status: Code | None = None
    deadline: DeadlineName | None = None
    due: Instant | None = None
    rung: int | None = None
    repeat: int | None = None
    roles: tuple[str, ...] = ()


for nested in (Declines, Holds, Returns, NotResponsible, Forwards, Fails, Part, Mixture, AnswerRule, Group, Scenario):
    nested.model_rebuild()
