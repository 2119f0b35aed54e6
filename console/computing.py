"""`deadline compute`: a question read with every fault told, its calendar, its answer, and many, line by line."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, BinaryIO, NamedTuple, TextIO
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from activities.calendars import closed_days
from console import reading
from console.failures import Fault, Invalid, unexpected
from console.reckoning import IMPOSSIBLE, sentence, why_impossible
from models.calendars import Calendar, OfficeHours
from models.computation import FIRST_YEAR, LAST_YEAR, Asked, Impossible, Reckoning
from rules.computation import compute, office_of

FIRST_KNOWN, LAST_KNOWN = 1960, 2100
"""Years whose Swedish holidays are read: ten before the first start, and as far as the library knows them."""
LONGEST_LINE = 256 * 1024
"""Bytes. A thousand holds fit in a quarter of it."""
MOST_FAULTS = 10
ZONE = re.compile(r"[A-Z][A-Za-z0-9+_-]*(/[A-Za-z0-9+_-]+){0,2}")
PROGRESS_AFTER, PROGRESS_EVERY = 2.0, 0.5
"""Seconds."""
OWN_SENTENCES = {
    "not_an_instant": (
        "ska vara en tidpunkt med tidszon, som 2027-01-05T22:46:00+01:00",
        "should be a point in time with its zone, like 2027-01-05T22:46:00+01:00",
    ),
    "datetime_from_date_parsing": ("finns inte i kalendern", "does not exist in the calendar"),
    "datetime_parsing": ("finns inte i kalendern", "does not exist in the calendar"),
    "year_out_of_range": (
        f"ska ligga i åren {FIRST_YEAR}–{LAST_YEAR}",
        f"should lie in the years {FIRST_YEAR} to {LAST_YEAR}",
    ),
    "not_a_time_of_day": ("ska vara ett klockslag, som 08:00", "should be a time of day, like 08:00"),
    "int_type": ("ska vara ett heltal", "should be a whole number"),
    "int_from_float": ("ska vara ett heltal", "should be a whole number"),
    "int_parsing": ("ska vara ett heltal", "should be a whole number"),
    "int_parsing_size": ("är mer än tio år", "is more than ten years"),
    "greater_than_equal": ("ska vara minst 1", "should be 1 or more"),
}
SENTENCES = reading.SENTENCES | OWN_SENTENCES
NOT_JSON = Fault("-", "raden är inte JSON i UTF-8", "the line is not JSON in UTF-8")
NOT_AN_OBJECT = Fault("-", "raden ska vara ett objekt med namngivna fält", "the line should be an object with fields")
TOO_LONG = Fault("-", f"raden är längre än {LONGEST_LINE // 1024} KiB", f"longer than {LONGEST_LINE // 1024} KiB")
TWICE = Fault("-", "ett fält står två gånger", "a field is there twice")


class TwiceError(ValueError):
    """A field is given twice: which one was meant is not for us to guess."""


class Answer(NamedTuple):
    where: Calendar
    reckoning: Reckoning

    @property
    def due(self) -> str:
        return f"{self.reckoning.due.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

    @property
    def steps(self) -> list[dict[str, str]]:
        told = ((step.code, *sentence(step, self.where)) for step in self.reckoning.steps)
        return [{"code": code, "sv": sv, "en": en} for code, sv, en in told]


def answered(question: bytes | str) -> Answer:
    """The answer to one question in JSON.

    Raises:
        Invalid: with every fault, by field, and without any value.
    """
    try:
        asked = Asked.model_validate_json(question)
    except ValidationError as error:
        raise Invalid(*faults(error)) from None
    where = calendar_of(asked)
    found = compute(asked, where)
    if isinstance(found, Impossible):
        raise Invalid(Fault(found.field, *why_impossible(found)))
    return Answer(where, found)


def faults(error: ValidationError) -> list[Fault]:
    names = known_fields()
    found = []
    for one in error.errors(include_input=False, include_url=False)[:MOST_FAULTS]:
        sv, en = SENTENCES.get(one["type"], ("går inte att använda", "can't be used"))
        if one["type"] in reading.EXPECTED:
            expected = str(one.get("ctx", {}).get("expected", "")).replace(" or ", ", ").replace("'", "")
            sv, en = f"{sv}: {expected}", f"{en}: {expected}"
        where = reading.field_path(one["loc"], names)
        if one["type"] == "extra_forbidden":
            where = "?"
        found.append(Fault(where or "-", sv, en))
    return list(dict.fromkeys(found))


@lru_cache(maxsize=1)
def known_fields() -> frozenset[str]:
    return reading.field_names(Asked)


def calendar_of(asked: Asked) -> Calendar:
    if not is_zone(asked.zone):
        raise Invalid(Fault("zone", *IMPOSSIBLE["unknown-zone"]))
    return calendar(asked.zone, asked.holidays, office_of(asked))


@lru_cache(maxsize=1_024)
def is_zone(name: str) -> bool:
    """Whether this is a time zone by its public name, and not one that means something else on each machine."""
    if not ZONE.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


@lru_cache(maxsize=1_024)
def calendar(zone: str, holidays: str, office: OfficeHours) -> Calendar:
    days, names = closed_days(FIRST_KNOWN, LAST_KNOWN) if holidays == "SE" else ({}, {})
    # Not validated anew for every office: the days come from a library, and there are thousands.
    return Calendar.model_construct(
        zone=zone,
        office=office,
        closed_days=days,
        half_days={},
        names=names,
        closed_until=datetime(LAST_KNOWN, 12, 31, tzinfo=UTC).date(),
    )


def fields_of(line: bytes) -> dict[str, Any]:
    """A line's fields as they were written.

    Raises:
        Invalid: the line is no JSON object, or names a field twice.
    """
    if len(line) > LONGEST_LINE:
        raise Invalid(TOO_LONG)
    try:
        fields = json.loads(line.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse)
    except TwiceError:
        raise Invalid(TWICE) from None
    except (ValueError, RecursionError):
        raise Invalid(NOT_JSON) from None
    if not isinstance(fields, dict):
        raise Invalid(NOT_AN_OBJECT)
    return fields


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise TwiceError
    return fields


def refuse(constant: str) -> None:
    raise ValueError(constant)


def lines_of(source: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream, however long; of one that is too long only as much as shows that it is."""
    first = True
    while line := source.readline(LONGEST_LINE + 2):
        if len(line) > LONGEST_LINE + 1 and not line.endswith(b"\n"):
            while (rest := source.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
        line = line.removesuffix(b"\n").removesuffix(b"\r")
        yield line.removeprefix(b"\xef\xbb\xbf") if first else line
        first = False


def batch(source: BinaryIO, target: BinaryIO, people: TextIO) -> bool:
    """Answers each line of `source` on `target`, in order and at once. Whether every line could be answered."""
    all_well, began, told = True, time.monotonic(), 0.0
    for number, line in enumerate(lines_of(source), start=1):
        if not line.strip():
            continue
        data = line_answered(line, number)
        all_well = all_well and "error" not in data
        target.write(written(data) + b"\n")
        target.flush()
        now = time.monotonic()
        if people.isatty() and now - began > PROGRESS_AFTER and now - told > PROGRESS_EVERY:
            people.write(f"\r{number} rader | lines")
            people.flush()
            told = now
    if told:
        people.write("\n")
    return all_well


def line_answered(line: bytes, number: int) -> dict[str, Any]:
    """A line's own fields with its due and the steps to it, or with what is wrong with it."""
    fields: dict[str, Any] = {}
    try:
        fields = fields_of(line)
        answer = answered(line)
        return fields | {"due": answer.due, "steps": answer.steps}
    except Invalid as error:
        sv = "; ".join(at_field(fault.field, fault.sv) for fault in error.faults)
        en = "; ".join(at_field(fault.field, fault.en) for fault in error.faults)
    except Exception as error:  # one line that we did not foresee takes no other with it
        sv, en = unexpected(error)
    return fields | {"error": {"line": number, "sv": sv, "en": en}}


def at_field(field: str, words: str) -> str:
    return words if field == "-" else f"{field}: {words}"


def written(data: dict[str, Any]) -> bytes:
    """One line of JSON. What was given and can't be written back (infinity, say) is left out beside its error."""
    try:
        return json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return json.dumps(data, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return json.dumps({"error": data.get("error")}, ensure_ascii=False).encode()
