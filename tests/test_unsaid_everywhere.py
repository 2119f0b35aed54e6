"""Labels must not leak what they protect: nothing that anybody may read names it, or lets it be inferred.

Every file of the program is read whole, comments and docstrings too: help texts, schemas and error pages are made of
them. What a reader of the code has to know stands in `KNOWN`, line by line, with why no user meets it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from pydantic import BaseModel

import models
from models.desk import ProtectionMark
from models.handoffs import Act, Status
from models.words import EndCode
from rules.transitions import NEEDS_REASON, RECIPIENT, TABLE, allowed_by_kind
from tests.rules_support import PACK

ROOT = Path(__file__).parent.parent
READ = ("models", "rules", "workflows", "activities", "console", "migrations", "docs", "examples")
KINDS_OF_FILE = {".py", ".toml", ".csv", ".md", ".typ", ".html", ".txt", ".json", ".css", ".js", ".svg"}
TELLS = re.compile(
    r"18\s*kap|kap(?:itel|\.)?\s*18\b|chapter\s*18\b|(?<![\d:.-])18:[1-8]\b(?![\d:])|osl\W{0,3}18\b"
    r"|fingera(?!vtryck)|vittne|witness|personsäkerhetsarbete|personal[- ]security work"
    r"|ny(?:a|tt)?\s+identitet|new\s+identit|assumed\s+identit|skenidentitet|identitetsbyte"
    r"|1991:483|2006:519|polislagen\s+2\s*a\b",
    re.IGNORECASE,
)
KNOWN = {
    ("models/desk.py", "There is no third value: "): "why the list of marks is complete; in no schema (tested below)",
    ("models/file_requests.py", '"""Paragraphs that a decision may rest on.'): "why the list is complete; in no schema",
    ("rules/unsaid.py", 'r"(?:osl|sekretesslagen)'): "the filter that keeps these words out of letters",
    ("rules/unsaid.py", '"""Names the secrecy of personal-security work'): "what the filter is for",
    ("rules/sharing_checks.py", "NEVER_NAMED = re.compile("): "the filter that keeps these words out of sharing rules",
}
"""Lines of code that may name it, by file and how they begin, each with why no user meets it."""


def why_known(path: str, line: str) -> str | None:
    return next((why for (where, begins), why in KNOWN.items() if path == where and line.startswith(begins)), None)


def files() -> Iterator[Path]:
    yield from (ROOT / name for name in ("README.md", "starter.py", "worker.py", "Makefile", "docker-compose.yml"))
    for folder in READ:
        yield from (p for p in sorted((ROOT / folder).rglob("*")) if p.suffix in KINDS_OF_FILE and p.is_file())


def told() -> list[tuple[str, int, str]]:
    """Every line that tells, wherever it is, with where."""
    found = []
    for path in files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if TELLS.search(line):
                found.append((str(path.relative_to(ROOT)), number, line.strip()))
    return found


def test_nothing_names_what_must_not_be_told() -> None:
    assert [(path, number, line) for path, number, line in told() if why_known(path, line) is None] == []


def test_what_is_known_to_stand_in_the_code_still_stands_there() -> None:
    lines = told()
    assert [key for key in KNOWN if not any(p == key[0] and line.startswith(key[1]) for p, _, line in lines)] == []


def test_the_file_name_of_nothing_tells_it() -> None:
    assert [str(path) for path in files() if TELLS.search(path.name)] == []


@pytest.mark.parametrize(
    "told",
    ["OSL 18:7", "18 kap. 7 §", "chapter 18", "fingerade personuppgifter", "vittnesskydd", "witness", "ny identitet"],
)
def test_the_search_finds_what_it_looks_for(told: str) -> None:
    assert TELLS.search(f"a sentence with {told} in it")


@pytest.mark.parametrize("fine", ["18:30", "kl. 18:05", "2018:1937", "SoL 29:4", "fyller 18", "turns-18", "18 years"])
def test_the_search_lets_ordinary_text_be(fine: str) -> None:
    assert TELLS.search(fine) is None


def values() -> list[str]:
    """Every value of every closed list in models/."""
    found = []
    for module in iter_modules(models.__path__, "models."):
        for each in vars(import_module(module.name)).values():
            if isinstance(each, type) and issubclass(each, Enum):
                found += [str(value.value) for value in each]
    return found


def test_no_closed_list_has_a_value_for_it() -> None:
    listed = values()
    assert len(listed) > 200
    assert not [value for value in listed if TELLS.search(value.replace("-", " "))]
    assert set(ProtectionMark) == {"unknown", "secrecy-marking", "protected-registration"}


def test_no_schema_of_what_leaves_a_desk_tells_it() -> None:
    """Schemas repeat docstrings: those of the plane's API, and of what desks send one another."""
    words = [
        each
        for module in ("contracts", "plane", "events", "case", "exchange", "desk_work", "audit", "directory", "access")
        for each in vars(import_module(f"models.{module}")).values()
        if isinstance(each, type) and issubclass(each, BaseModel) and each is not BaseModel
    ]
    assert len(words) > 30
    assert [word.__name__ for word in words if TELLS.search(json.dumps(word.model_json_schema()))] == []


def test_a_case_that_must_not_be_told_of_ends_like_others() -> None:
    """One neutral end; none that only such a case could have."""
    assert set(EndCode) == {"ESTABLISHED", "NOT_APPLICABLE", "ENDED_BY_PERSON", "TRANSFERRED", "DECEASED", "ENDED"}


# --- the police answer eligible or not eligible --------------------------------------------------------------------


def codes(act: Act) -> set[str]:
    kind = PACK.kinds["police-track"]
    stated = set(kind.reasons.get(act, ())) if act in NEEDS_REASON else set()
    return stated | set(kind.answers.get(act, ()))


def test_the_police_can_end_their_track_in_two_ways_and_state_no_more() -> None:
    kind = PACK.kinds["police-track"]
    ends = {Status.COMPLETED, Status.REJECTED, Status.FAILED}
    acts = {row.act for row in TABLE if row.by is RECIPIENT and row.target in ends and allowed_by_kind(row.act, kind)}
    assert acts == {Act.COMPLETE}
    assert codes(Act.COMPLETE) == {"eligible", "not-eligible"}
    assert kind.disclaims == ()


def test_what_the_police_can_say_meanwhile_is_about_the_request_and_not_the_person() -> None:
    kind = PACK.kinds["police-track"]
    theirs = {row.act for row in TABLE if row.by is RECIPIENT and allowed_by_kind(row.act, kind)} - {Act.COMPLETE}
    assert {act: codes(act) for act in theirs if codes(act)} == {
        Act.RETURN: {"information-missing", "consent-unclear", "date-missing"},
        Act.REOPEN: {"ended-by-mistake", "new-information", "not-met-after-all"},
    }
    assert {str(function) for function in kind.recipient} == {"police", "social-services"}
    grounds = {
        ground
        for rules in kind.deadlines.values()
        for rule in rules.values()
        if rule.extension
        for ground in rule.extension.grounds
    }
    assert grounds <= {"awaiting-others", "complex-matter", "persons-wish"}
