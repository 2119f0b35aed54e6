"""What the files of the sharing rules may say, word for word, and how the rules are worked out from it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from activities.rule_sources import OneFunction, Sentence, Source, Written
from models.calendars import Name
from models.consent import ConsentPurpose
from models.sharing import (
    CategoryWords,
    Cell,
    CellKey,
    Clock,
    FieldName,
    Ground,
    KindNeeds,
    Need,
    Recipient,
    SharingRules,
    Strength,
    Visibility,
)
from models.words import Code
from rules.checks import Fault, Place

LENGTH = re.compile(r"([0-9]{1,4}) (min|h|d)")
UNITS = {"min": "minutes", "h": "hours", "d": "days"}
OWN, REFERENCE = "own", "ref"


def _length(text: str) -> str:
    if LENGTH.fullmatch(text) is None:
        raise PydanticCustomError("not_real_time", "not a length of real time")
    return text


RealTime = Annotated[str, AfterValidator(_length)]
OneNeed = Annotated[Need, Field(strict=False)]
OneRecipient = Annotated[Recipient, Field(strict=False)]
OneStrength = Annotated[Strength, Field(strict=False)]
OnePurpose = Annotated[ConsentPurpose, Field(strict=False)]
Both = Annotated[list[Sentence], Field(min_length=2, max_length=2)]
"""Swedish, English."""


class GroundSource(Source):
    sv: Sentence
    en: Sentence
    paragraph: Written
    strength: OneStrength
    needs: list[OneNeed] = Field(default=[])
    only: Code | None = None
    laws: list[Code] = Field(default=[])
    clock: Code | None = None
    night: Both | None = None
    begins: date | None = None
    ends: date | None = None


class ClockSource(Source):
    sv: Sentence
    en: Sentence
    within: RealTime | None = None


class CellSource(Source):
    grounds: list[Code] = Field(min_length=1)
    only: Code


Told = Literal["own", "ref"] | CellSource | list[Code]


class RowSource(Source):
    category: Code
    holders: list[OneFunction] | Literal["anyone"] = Field(alias="from")
    secrecy: Code | None = None
    to: dict[OneRecipient, Told]


class ReadingSource(RowSource):
    why: Annotated[str, Field(min_length=10, max_length=300)]
    """Why the row is here although the table has none."""


class DutySource(Source):
    ground: Code
    holders: list[OneFunction] = Field(alias="from", min_length=1)
    to: list[OneRecipient] = Field(min_length=1)
    categories: list[Code] = Field(min_length=1)


class CategorySource(Source):
    sv: Sentence
    en: Sentence
    fields: dict[FieldName, Both] = Field(min_length=1)


class KindSource(Source):
    purpose: OnePurpose
    request: dict[Code, list[FieldName]] = Field(default={})
    answer: dict[Code, list[FieldName]] = Field(default={})


class ReleasesSource(Source):
    two_persons: list[Code]
    no_harm_test: list[Code]
    consent_longest: RealTime


class VisibilitySource(Source):
    police_kinds: list[Code]


class SharingSource(Source):
    effective_from: date
    effective_until: date | None = None
    without: list[Code] = Field(default=[])
    """Grounds that the rules these are like have, and these have not."""
    secrecy: dict[OneFunction, Annotated[list[Code], Field(min_length=1)]]
    authorities: dict[Code, list[OneFunction]]
    grounds: dict[Code, GroundSource]
    clocks: dict[Code, ClockSource]
    row: list[RowSource] = Field(min_length=1)
    reading: list[ReadingSource] = Field(default=[])
    duty: list[DutySource] = Field(default=[])
    releases: ReleasesSource
    visibility: VisibilitySource
    categories: dict[Code, CategorySource]
    parts: dict[Code, dict[Code, list[FieldName]]]
    kinds: dict[Code, KindSource]


class Compiled(NamedTuple):
    rules: SharingRules
    places: dict[CellKey, Place]
    """Where each cell is written."""
    faults: list[Fault]


def compiled(source: SharingSource, name: str) -> Compiled:
    """The rules as the pure function reads them, and what is wrong with how they are put together."""
    cells, places, found = matrix(source)
    found += [
        Fault(("without",), f"{code} är ingen känd grund", f"{code} is no known ground")
        for code in source.without
        if code not in source.grounds
    ]
    rules = SharingRules(
        name=name,
        effective_from=source.effective_from,
        effective_until=source.effective_until,
        secrecy={holder: tuple(codes) for holder, codes in source.secrecy.items()},
        one_authority=tuple(tuple(functions) for functions in source.authorities.values()),
        grounds={code: ground(code, one) for code, one in source.grounds.items() if code not in source.without},
        clocks={
            code: Clock(code=code, name=Name(sv=one.sv, en=one.en), within=length(one.within))
            for code, one in source.clocks.items()
        },
        cells=tuple(cells),
        extents={code: {c: tuple(f) for c, f in parts.items()} for code, parts in source.parts.items()},
        categories={
            code: CategoryWords(
                name=Name(sv=one.sv, en=one.en),
                fields={f: Name(sv=both[0], en=both[1]) for f, both in one.fields.items()},
            )
            for code, one in source.categories.items()
        },
        two_persons=tuple(source.releases.two_persons),
        no_harm_test=tuple(source.releases.no_harm_test),
        kinds={code: kind(one) for code, one in source.kinds.items()},
        visibility=Visibility(police_kinds=tuple(source.visibility.police_kinds)),
        consent_longest=length(source.releases.consent_longest) or timedelta(0),
    )
    return Compiled(rules, places, found)


def matrix(source: SharingSource) -> tuple[list[Cell], dict[CellKey, Place], list[Fault]]:
    """Every cell of every row and reading, with the duties put into them, and where each is written."""
    cells: dict[CellKey, Cell] = {}
    places: dict[CellKey, Place] = {}
    found = []
    rows: list[tuple[str, int, RowSource]] = [("row", number, row) for number, row in enumerate(source.row)]
    rows += [("reading", number, row) for number, row in enumerate(source.reading)]
    for part, number, row in rows:
        for key, told in cells_of(row, source):
            if key in places:
                sv = f"{key.category} från {key.holder} till {key.recipient} står två gånger"
                en = f"{key.category} from {key.holder} to {key.recipient} stands twice"
                found.append(Fault((part, number, "to"), sv, en))
            places[key] = (part, number, "to", key.recipient)
            cells[key] = cell(key, told)
    for number, duty in enumerate(source.duty):
        for key in duty_keys(duty, source):
            known = cells.get(key) or cell(key, [])
            if duty.ground in known.grounds or known.own:
                sv, en = f"{duty.ground} står där redan", f"{duty.ground} stands there already"
                found.append(Fault(("duty", number), sv, en))
            cells[key] = known.model_copy(update={"grounds": (*known.grounds, duty.ground)})
            places.setdefault(key, ("duty", number))
    taken = set(source.without)
    every = [
        one.model_copy(update={"grounds": tuple(g for g in one.grounds if g not in taken)}) for one in cells.values()
    ]
    return [one for one in every if one.grounds or one.own or one.reference], places, found


def cells_of(row: RowSource, source: SharingSource) -> list[tuple[CellKey, Told]]:
    holders = list(source.secrecy) if row.holders == "anyone" else row.holders
    found = []
    for holder in holders:
        for secrecy in [row.secrecy] if row.secrecy else source.secrecy.get(holder, []):
            for recipient, told in row.to.items():
                key = CellKey(holder=holder, secrecy=secrecy, category=row.category, recipient=recipient)
                found.append((key, told))
    return found


def duty_keys(duty: DutySource, source: SharingSource) -> list[CellKey]:
    return [
        CellKey(holder=holder, secrecy=secrecy, category=category, recipient=recipient)
        for holder in duty.holders
        for secrecy in source.secrecy.get(holder, [])
        for category in duty.categories
        for recipient in duty.to
    ]


def cell(key: CellKey, told: Told) -> Cell:
    where = key.model_dump()
    if isinstance(told, CellSource):
        return Cell(**where, grounds=tuple(told.grounds), only=told.only)
    if isinstance(told, list):
        return Cell(**where, grounds=tuple(told))
    return Cell(**where, own=told == OWN, reference=told == REFERENCE)


def ground(code: Code, said: GroundSource) -> Ground:
    return Ground(
        code=code,
        name=Name(sv=said.sv, en=said.en),
        paragraph=said.paragraph,
        strength=said.strength,
        needs=tuple(said.needs),
        only=said.only,
        laws=tuple(said.laws),
        clock=said.clock,
        night=Name(sv=said.night[0], en=said.night[1]) if said.night else None,
        begins=said.begins,
        ends=said.ends,
    )


def kind(said: KindSource) -> KindNeeds:
    return KindNeeds(
        purpose=said.purpose,
        request={category: tuple(fields) for category, fields in said.request.items()},
        answer={category: tuple(fields) for category, fields in said.answer.items()},
    )


def length(text: str | None) -> timedelta | None:
    found = LENGTH.fullmatch(text) if text else None
    return timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None
