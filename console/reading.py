"""Files and arguments as people give them: read with a limit, checked, and every fault told at once."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from activities.rule_packs import BadPack, term
from console.failures import Fault, Invalid
from models.calendars import Span
from models.words import CaseRef, CheckedRef, Code, RequestKey

LARGEST = 256 * 1024
"""Bytes. An intake is a page or two; anything larger is not one."""
MOST_GUESSES = 50
"""Unknown fields for which a field of ours is suggested; comparing names takes its time."""
Model = TypeVar("Model", bound=BaseModel)

NO_DATE = ("ska skrivas som ÅÅÅÅ-MM-DD, en tidpunkt även med tidszon", "should be a date, YYYY-MM-DD")
SENTENCES = {
    "missing": ("saknas", "is missing"),
    "extra_forbidden": ("okänt fält", "unknown field"),
    "unknown_municipality": ("är ingen svensk kommunkod", "is not a Swedish municipality code"),
    "consent_scope": (
        "hör ihop: consent är given när consents säger till vem, om vad, för vad och till när; annars `consent give`",
        "go together: consent is given when consents say to whom, what, for what, until when; else `consent give`",
    ),
    "nobody_named": (
        "ange minst en mottagare: functions eller organisations",
        "name at least one recipient: functions or organisations",
    ),
    "identity_kind": ("säger annat än vad numret är", "says otherwise than what the number is"),
    "born": ("är en annan dag än numret säger", "is another day than the number says"),
    "personnummer": ("är inget giltigt personnummer", "is not a valid personnummer"),
    "not_a_date": NO_DATE,
    "recipient_missing": (
        "gäller en viss mottagare: ange recipient med organisationens kod",
        "is so of one recipient: give recipient, the organisation's code",
    ),
    "registered_address": (
        "folkbokföringsadressen sparas inte vid skyddad folkbokföring",
        "the registered address is not kept with protected registration",
    ),
    "enum": ("är inget av de tillåtna värdena", "is none of the permitted values"),
    "literal_error": ("är inget av de tillåtna värdena", "is none of the permitted values"),
    "string_too_long": ("är för långt", "is too long"),
    "string_too_short": ("är tomt", "is empty"),
    "string_pattern_mismatch": ("har fel form", "has the wrong form"),
    "string_type": ("ska vara text", "should be text"),
    "timezone_aware": ("saknar tidszon", "has no time zone"),
    "json_invalid": ("är inte JSON i UTF-8", "is not JSON in UTF-8"),
    "model_type": ("ska vara ett objekt med namngivna fält", "should be an object with named fields"),
    "tuple_type": ("ska vara en lista", "should be a list"),
    "frozen_set_type": ("ska vara en lista", "should be a list"),
    "bool_parsing": ("ska vara true eller false", "should be true or false"),
    "bool_type": ("ska vara true eller false", "should be true or false"),
    "too_long": ("har för många delar", "has too many parts"),
    "too_short": ("är tomt", "is empty"),
    "date_from_datetime_parsing": NO_DATE,
    "date_from_datetime_inexact": NO_DATE,
    "datetime_from_date_parsing": NO_DATE,
    "datetime_parsing": NO_DATE,
    "greater_than_equal": ("ligger utanför det möjliga", "is out of range"),
    "less_than": ("ligger utanför det möjliga", "is out of range"),
}
EXPECTED = ("enum", "literal_error")


def read_text(source: str, limit: int = LARGEST) -> str:
    """The text of a file, or of standard input for `-`.

    Raises:
        Invalid: it can't be read, is not UTF-8, or is larger than `limit` bytes.
    """
    try:
        if source == "-":
            raw = sys.stdin.buffer.read(limit + 1)
        else:
            with Path(source).open("rb") as file:
                raw = file.read(limit + 1)
    except OSError:
        raise Invalid(Fault("file", "filen finns inte eller kan inte läsas", "the file can't be read")) from None
    if len(raw) > limit:
        raise Invalid(Fault("file", f"större än {limit // 1024} KiB", f"larger than {limit // 1024} KiB"))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid(Fault("file", "är inte text i UTF-8", "is not UTF-8 text")) from None


def read_model(model: type[Model], source: str, context: Mapping[str, Any] | None = None) -> Model:
    """A file as a model.

    Raises:
        Invalid: with every fault, by field, and without any value.
    """
    text = read_text(source)
    try:
        return model.model_validate_json(text.removeprefix("\ufeff"), context=dict(context or {}))
    except ValidationError as error:
        raise Invalid(*faults(error, model)) from None


def faults(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """Every fault as a sentence. Pydantic's own texts are not used: some repeat what was put in."""
    names = field_names(model)
    found: list[Fault] = []
    for one in error.errors(include_input=False, include_url=False):
        sv, en = SENTENCES.get(one["type"], ("går inte att använda", "can't be used"))
        if one["type"] in EXPECTED:
            expected = str(one.get("ctx", {}).get("expected", "")).replace(" or ", ", ").replace("True", "true")
            sv, en = f"{sv}: {expected}", f"{en}: {expected}"
        where = field_path(one["loc"], names)
        if one["type"] == "extra_forbidden":
            where = f"{where}.?" if where else "?"
            if len(found) < MOST_GUESSES and (meant := get_close_matches(str(one["loc"][-1])[:40], names, n=1)):
                sv, en = f"{sv}, menas {meant[0]}?", f"{en}, is it {meant[0]}?"
        found.append(Fault(where or "file", sv, en))
    return list(dict.fromkeys(found))


def field_names(model: type[BaseModel]) -> frozenset[str]:
    """Every name that a file of this kind may use, at any depth."""
    schema = model.model_json_schema()
    models = (schema, *schema.get("$defs", {}).values())
    return frozenset(name for each in models for name in each.get("properties", {}))


def field_path(where: tuple[int | str, ...], names: frozenset[str]) -> str:
    """A dotted path of our own names and of places in lists. What somebody else named is not repeated."""
    return ".".join(str(part) for part in where if isinstance(part, int) or part in names)


def case_reference(text: str) -> CaseRef:
    """A reference as people write it: any case, with or without dashes."""
    letters = re.sub(r"[^0-9A-Z]", "", text.upper().strip()).removeprefix("U")
    spelled = letters.translate(str.maketrans("ILO", "110"))
    shaped = f"U-{spelled[:4]}-{spelled[4:]}"
    try:
        return TypeAdapter(CheckedRef).validate_python(shaped)
    except ValidationError:
        raise Invalid(
            Fault(
                "case",
                "är ingen giltig ärendereferens (som U-7K3M-Q2P7); läs den igen",
                "is not a valid case reference (like U-7K3M-Q2P7); read it again",
            )
        ) from None


def request_key(text: str | None) -> RequestKey | None:
    if text is None:
        return None
    try:
        return TypeAdapter(RequestKey).validate_python(text.lower())
    except ValidationError:
        raise Invalid(Fault("key", "ska vara ett UUID", "should be a UUID")) from None


def code(text: str, field: str) -> Code:
    """A code from a list, as people type it."""
    try:
        return TypeAdapter(Code).validate_python(text.strip().lower())
    except ValidationError:
        raise Invalid(Fault(field, "ska vara en kod ur listan", "should be a code from the list")) from None


def span(text: str) -> Span:
    """`5 wd`, `2 w` or `3 m` as the rules write a length of time."""
    try:
        return Span.model_validate(term(text.strip())[0])
    except (BadPack, ValidationError):
        sv, en = 'skriv till exempel "5 wd", "10 d", "2 w", "3 m" eller "24 h"', 'write "5 wd", "10 d", "2 w" or "3 m"'
        raise Invalid(Fault("more", sv, en)) from None


def duration(text: str) -> timedelta:
    """`30m`, `4h`, `3d` or `2w` as a length of time."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})\s*(m|h|d|w)", text.strip())
    units = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
    length = timedelta(**{units[found[2]]: int(found[1])}) if found else None
    if length is None or length > timedelta(days=1096):
        raise Invalid(
            Fault(
                "time",
                "skriv till exempel 30m, 4h, 3d eller 2w, högst tre år",
                "write 30m, 4h, 3d or 2w, three years at most",
            )
        )
    return length
