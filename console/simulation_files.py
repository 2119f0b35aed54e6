"""Files of simulated cases, TOML or JSON: read with a limit, checked, and every fault told by file and field."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from console import reading
from console.failures import Fault, Invalid
from models.packs import RulePack
from models.simulation import Scenario
from rules.scenarios import Problem, problems

LARGEST = 2 * 1024 * 1024
MOST_FAULTS = 40
"""A file with more faults than this is told of the first ones."""
LISTED = 30
"""Possible words named in one sentence."""
SENTENCES = {
    "length": ("ska vara en längd, som ”30 min”, ”4 h”, ”3 wd”, ”2 d” eller ”1 w”", 'should be a length, like "3 wd"'),
    "falling": ("ska gå från det mindre till det större", "should go from the smaller to the greater"),
    "two_units": ("ska ha samma enhet i båda", "should have the same unit in both"),
    "no_length": ("ska vara längre än noll", "should be longer than nothing"),
    "year": ("ligger utanför åren 2000–2100", "lies outside the years 2000-2100"),
    "too_short": ("är tomt", "is empty"),
    "greater_than": ("ligger utanför det möjliga", "is out of range"),
    "less_than_equal": ("ligger utanför det möjliga", "is out of range"),
    "int_type": ("ska vara ett heltal", "should be a whole number"),
    "int_parsing": ("ska vara ett heltal", "should be a whole number"),
    "int_from_float": ("ska vara ett heltal", "should be a whole number"),
    "float_type": ("ska vara ett tal", "should be a number"),
    "float_parsing": ("ska vara ett tal", "should be a number"),
    "finite_number": ("ska vara ett tal", "should be a number"),
    "dict_type": ("ska vara en tabell", "should be a table"),
    "union_tag_not_found": ("säger inte vad som görs (does)", "does not say what is done (does)"),
    "union_tag_invalid": ("är inget känt sätt att svara", "is no known way of answering"),
    "datetime_type": reading.NO_DATE,
    "datetime_from_date_parsing": reading.NO_DATE,
    "model_attributes_type": ("ska vara en tabell", "should be a table"),
}
PROBLEMS = {
    "organisation-twice": ("står två gånger", "stands twice"),
    "ends-before-it-begins": ("slutar innan det börjar", "ends before it begins"),
    "too-many-cases": ("fler fall än som kan simuleras på en gång", "more cases than can be simulated at once"),
    "unknown-organisation": ("organisationen finns inte i filen", "the organisation is not in the file"),
    "two-act-for-one-function": ("två agerar för samma funktion", "two act for the same function"),
    "no-candidates-here": ("för den sorten söks inga kandidater", "no candidates are sought for that kind"),
    "unknown-level": ("hotnivån finns inte i reglerna", "the threat level is not in the rules"),
    "no-weight": ("en vikt ska vara större än noll", "a weight should be greater than nothing"),
    "unknown-instant": ("dagen finns inte i reglerna", "the day is not in the rules"),
    "no-custody": ("slutet på ett frihetsberövande som inte finns", "the end of a custody that is not there"),
    "unknown-kind": ("den sortens förfrågan finns inte i reglerna", "the kind of handoff is not in the rules"),
    "concerns-nothing": (
        "gäller ingenting: ingen som menas kan få eller sända en sådan förfrågan",
        "concerns nothing: nobody meant can get or send such a handoff",
    ),
    "can-never-be-done": ("reglerna tillåter det aldrig här", "the rules never allow this here"),
    "unknown-reason": ("skälet finns inte för detta", "there is no such reason for this"),
    "unknown-outcome": ("utfallet finns inte för detta", "there is no such outcome for this"),
    "unknown-paragraph": ("paragrafen kan inte åberopas här", "the paragraph can't be invoked here"),
    "can-not-take-it": ("organisationen kan inte ta emot det", "the organisation can't take it"),
}


def read_scenario(source: str, packs: Sequence[RulePack]) -> Scenario:
    """A file of cases that can be played under these packs.

    Raises:
        Invalid: it can't be read, or something in it is wrong; with every fault, by file and field.
    """
    name = "standard input" if source == "-" else Path(source).name
    try:
        text = reading.read_text(source, LARGEST).removeprefix("\ufeff")
    except Invalid as error:
        raise Invalid(*(fault._replace(field=name) for fault in error.faults)) from None
    if not text.strip():
        raise Invalid(Fault(name, "filen är tom", "the file is empty"))
    scenario = understood(parsed(text, name), name)
    if found := problems(scenario, packs):
        raise Invalid(*(told(problem, name) for problem in found[:MOST_FAULTS]))
    return scenario


def parsed(text: str, name: str) -> Any:
    try:
        if name.lower().endswith(".json") or text.lstrip().startswith("{"):
            return json.loads(text)
        return tomllib.loads(text)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = (f" på rad {line}", f" at line {line}") if line else ("", "")
        sv, en = "är varken TOML eller JSON", "is neither TOML nor JSON"
        raise Invalid(Fault(name, f"{sv}{where[0]}", f"{en}{where[1]}")) from None
    except RecursionError:
        raise Invalid(Fault(name, "är för djupt nästlad", "is nested too deeply")) from None


def understood(data: Any, name: str) -> Scenario:
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise Invalid(*faults(error, name)) from None
    except (RecursionError, OverflowError):
        raise Invalid(Fault(name, "är för djupt nästlad", "is nested too deeply")) from None


def faults(error: ValidationError, name: str) -> list[Fault]:
    """Every fault as a sentence, with places in lists counted from 1.

    A list is not told to be empty because all of its parts are faulty: those are told.
    """
    names = reading.field_names(Scenario)
    general = {fault.field: fault for fault in reading.faults(error, Scenario)}
    every = error.errors(include_input=False, include_url=False)
    faulty = {one["loc"][:length] for one in every for length in range(len(one["loc"]))}
    found = []
    for one in [one for one in every if one["type"] != "too_short" or one["loc"] not in faulty][:MOST_FAULTS]:
        where = reading.field_path(one["loc"], names)
        known = general.get(where) or general.get("file") or Fault("", "går inte att använda", "can't be used")
        sv, en = SENTENCES.get(one["type"], (known.sv, known.en))
        if one["type"] == "extra_forbidden":
            where, sv, en = unknown_field(one["loc"], names)
        found.append(Fault(f"{name}: {counted(where)}" if where else name, sv, en))
    return list(dict.fromkeys(found))


def unknown_field(loc: tuple[int | str, ...], names: frozenset[str]) -> tuple[str, str, str]:
    """Where a field stands that does not belong there, and which one may be meant. Its name is not repeated."""
    within, told = reading.field_path(loc[:-1], names), str(loc[-1])[:40]
    meant = [] if told in names else get_close_matches(told, names, n=1)
    sv, en = (f", menas {meant[0]}?", f", is it {meant[0]}?") if meant else ("", "")
    return (f"{within}.?" if within else "?"), f"okänt fält{sv}", f"unknown field{en}"


def counted(field: str) -> str:
    """A path with places in lists counted from 1, as people count."""
    return ".".join(str(int(part) + 1) if part.isdigit() else part for part in field.split("."))


def told(problem: Problem, name: str) -> Fault:
    sv, en = PROBLEMS[problem.code]
    if problem.possible:
        codes = ", ".join(problem.possible[:LISTED]) + (" ..." if len(problem.possible) > LISTED else "")
        lead = ("Det gäller", "It concerns") if problem.code in CONCERNS else ("Det finns", "There is")
        sv, en = f"{sv}. {lead[0]}: {codes}", f"{en}. {lead[1]}: {codes}"
    return Fault(f"{name}: {counted(problem.field)}", sv, en)


CONCERNS = ("organisation-twice", "too-many-cases", "can-never-be-done")
"""Problems whose list says what they are about, not what would be possible."""
