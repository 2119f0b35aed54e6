"""What is wrong with a rule pack, told so that a person finds the place: file, line, Swedish and English."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

Both = tuple[str, str]

SENTENCES: dict[str, Both] = {
    "missing": ("saknas", "is missing"),
    "extra_forbidden": ("är inget ord som hör hemma här", "is no word that belongs here"),
    "enum": ("är inget av de tillåtna värdena: {expected}", "is none of the permitted values: {expected}"),
    "literal_error": ("är inget av de tillåtna värdena: {expected}", "is none of the permitted values: {expected}"),
    "not_a_length": (
        'är ingen tidslängd: skriv ett tal och min, h, wd, d, w eller m, som "5 wd"',
        'is not a length of time: write a number and min, h, wd, d, w or m, like "5 wd"',
    ),
    "not_real_time": ("ska vara verklig tid: s, min, h eller d", "should be real time: s, min, h or d"),
    "not_a_date": ("ska vara ett datum, ÅÅÅÅ-MM-DD", "should be a date, YYYY-MM-DD"),
    "date_type": ("ska vara ett datum utan citattecken, ÅÅÅÅ-MM-DD", "should be a date without quotes, YYYY-MM-DD"),
    "time_type": ("ska vara ett klockslag utan citattecken, 08:00:00", "should be a time without quotes, 08:00:00"),
    "role": (
        "är ingen känd funktion (eller opener, custody, candidates)",
        "is no known function (or opener, custody, candidates)",
    ),
    "one_term": ("ska ha antingen within eller statute", "should have either within or statute"),
    "statute_locked": (
        "är lagens egen frist och är låst: source, end, limit och extension står i statute.toml",
        "is the law's own term and locked: source, end, limit and extension stand in statute.toml",
    ),
    "string_type": ("ska vara text inom citattecken", "should be text in quotes"),
    "string_too_short": ("är för kort", "is too short"),
    "string_too_long": ("är för långt", "is too long"),
    "string_pattern_mismatch": (
        "har fel form: små bokstäver a-z, siffror och bindestreck",
        "has the wrong form: lower-case letters a-z, digits and hyphens",
    ),
    "bool_type": ("ska vara true eller false", "should be true or false"),
    "int_type": ("ska vara ett heltal", "should be a whole number"),
    "list_type": ("ska vara en lista inom hakparenteser", "should be a list in square brackets"),
    "dict_type": ("ska vara en tabell", "should be a table"),
    "model_type": ("ska vara en tabell", "should be a table"),
    "too_short": ("får inte vara tomt", "must not be empty"),
    "greater_than_equal": ("är för litet eller för tidigt: minst {ge}", "is too small or too early: at least {ge}"),
    "less_than_equal": ("är för stort: högst {le}", "is too large: at most {le}"),
    "less_than": ("är för sent eller för stort: före {lt}", "is too late or too large: before {lt}"),
}
TOML: dict[str, Both] = {
    "Cannot overwrite a value": ("samma nyckel står två gånger", "the same key stands twice"),
    "Duplicate inline table key": ("samma nyckel står två gånger", "the same key stands twice"),
    "Cannot declare": ("samma tabell står två gånger", "the same table stands twice"),
    "Unterminated": ("en text eller lista avslutas aldrig", "a text or a list is never closed"),
}


class Located(NamedTuple):
    """One fault as people read it. `line` is None when the file itself is the fault."""

    file: Path
    line: int | None
    sv: str
    en: str
    warning: bool = False

    @property
    def where(self) -> str:
        """`kinds/places.toml:93`, as editors and people find it."""
        return f"{self.file}:{self.line}" if self.line else str(self.file)

    def __str__(self) -> str:
        return f"{self.where}: {self.sv} | {self.en}"


class BadPack(Exception):
    """A rule pack can't be used. Carries every fault found, each with its file and line."""

    def __init__(self, *told: Located | str) -> None:
        super().__init__("\n".join(map(str, told)))
        self.faults = tuple(fault for fault in told if isinstance(fault, Located))


def invalid(error: dict[str, Any]) -> Both:
    """What one validation error says, without the value that was put in."""
    sv, en = SENTENCES.get(error["type"], (error["msg"], error["msg"]))
    known = {"expected": "", "ge": "", "le": "", "lt": ""} | {k: str(v) for k, v in error.get("ctx", {}).items()}
    return sv.format_map(known), en.format_map(known)


def not_toml(file: Path, text: str, error: ValueError | RecursionError) -> Located:
    """A file that `tomllib` can't read, with the line on which it gave up."""
    if not isinstance(error, tomllib.TOMLDecodeError):
        sv, en = "ett tal är orimligt stort, eller listor ligger för djupt", "a number is too large, or lists too deep"
        return Located(file, 1, sv, en)
    said = str(error)
    found = re.search(r"\(at line ([0-9]+), column [0-9]+\)", said)
    line = int(found[1]) if found else max(1, len(text.splitlines()))
    for beginning, (sv, en) in TOML.items():
        if said.startswith(beginning):
            return Located(file, line, sv, en)
    plain = re.sub(r" \(at .*\)$", "", said)
    return Located(file, line, f"är inte giltig TOML: {plain}", f"is not valid TOML: {plain}")
