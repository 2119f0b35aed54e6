"""Files and arguments as people give them: read with a limit, checked, and every fault told at once."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from console.failures import Fault, Invalid
from models.words import CaseRef, CheckedRef, RequestKey

LARGEST = 256 * 1024
"""Bytes. An intake is a page or two; anything larger is not one."""
Model = TypeVar("Model", bound=BaseModel)

SENTENCES = {
    "missing": ("saknas", "is missing"),
    "extra_forbidden": ("okänt fält", "unknown field"),
    "unknown_municipality": ("är ingen svensk kommunkod", "is not a Swedish municipality code"),
    "personnummer": ("är inget giltigt personnummer", "is not a valid personnummer"),
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
    "json_invalid": ("är inte JSON", "is not JSON"),
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
    try:
        data = json.loads(read_text(source))
    except (json.JSONDecodeError, RecursionError):
        raise Invalid(Fault("file", "är inte JSON", "is not JSON")) from None
    return checked(model, data, context)


def checked(model: type[Model], data: Any, context: Mapping[str, Any] | None = None) -> Model:
    try:
        return model.model_validate_json(json.dumps(data), context=dict(context or {}))
    except ValidationError as error:
        raise Invalid(*faults(error)) from None


def faults(error: ValidationError) -> list[Fault]:
    """Every fault as a sentence. Pydantic's own texts are not used: some repeat what was put in."""
    found = []
    for one in error.errors(include_input=False, include_url=False):
        sv, en = SENTENCES.get(one["type"], ("går inte att använda", "can't be used"))
        if one["type"] in EXPECTED:
            expected = str(one.get("ctx", {}).get("expected", "")).replace(" or ", ", ")
            sv, en = f"{sv}: {expected}", f"{en}: {expected}"
        found.append(Fault(field_name(one["loc"]), sv, en))
    return list(dict.fromkeys(found))


def field_name(where: tuple[int | str, ...]) -> str:
    """A dotted path. A name that does not look like one of ours is not repeated: it might be anything."""
    parts = [str(part) if re.fullmatch(r"[a-z_]{1,40}|\d{1,3}", str(part)) else "?" for part in where]
    return ".".join(parts) or "file"


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
                "är ingen giltig ärendereferens (som U-7K3M-Q2PX); läs den igen",
                "is not a valid case reference (like U-7K3M-Q2PX); read it again",
            )
        ) from None


def request_key(text: str | None) -> RequestKey | None:
    if text is None:
        return None
    try:
        return TypeAdapter(RequestKey).validate_python(text.lower())
    except ValidationError:
        raise Invalid(Fault("key", "ska vara ett UUID", "should be a UUID")) from None


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
