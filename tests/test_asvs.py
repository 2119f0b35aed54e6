"""docs/asvs.csv leaves nothing out and claims nothing that is not there; docs/threat-model.md names what exists."""

from __future__ import annotations

import ast
import csv
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CLAIMED = ("met", "partly")
STATUSES = (*CLAIMED, "not-met", "later", "not-applicable")
WHOLE_CHAPTERS = {"2", "7", "8", "14", "16"}
"""Chapters, and below a section, of which level 3 is held to as well."""
WHOLE_SECTIONS = {"13.3"}
OURS = ("activities", "console", "migrations", "models", "rules", "workflows")
PATH = re.compile(rf"\b(?:{'|'.join(OURS)}|docs|tests)/[a-z0-9_./-]*[a-z0-9_/]")
NAMED_TEST = re.compile(r"tests/(test_\w+\.py)::(test_\w+)")


def rows_of(name: str) -> list[dict[str, str]]:
    with (ROOT / "docs" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


IDS = {row["id"]: int(row["level"]) for row in rows_of("asvs-ids.csv")}
ROWS = rows_of("asvs.csv")


def is_held_to(requirement: str, level: int) -> bool:
    chapter, section, _ = requirement.removeprefix("v5.0.0-").split(".")
    return level < 3 or chapter in WHOLE_CHAPTERS or f"{chapter}.{section}" in WHOLE_SECTIONS


@cache
def named_in(file: str) -> frozenset[str]:
    path = ROOT / "tests" / file
    tree = ast.parse(path.read_text("utf-8")) if path.is_file() else ast.Module([], [])
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def missing_from(text: str) -> list[str]:
    """Files, folders and tests that a text names and that are not there."""
    tests = [f"{file}::{name}" for file, name in NAMED_TEST.findall(text) if name not in named_in(file)]
    return tests + [path for path in PATH.findall(text) if not (ROOT / path).exists()]


def test_the_list_of_requirements_is_that_of_the_standard() -> None:
    """Version 5.0.0 has 70, 183 and 92; within a section they are numbered from one without a gap."""
    assert Counter(IDS.values()) == {1: 70, 2: 183, 3: 92}
    assert len(rows_of("asvs-ids.csv")) == len(IDS)
    sections: dict[str, list[int]] = {}
    for requirement in IDS:
        section, _, number = requirement.rpartition(".")
        sections.setdefault(section, []).append(int(number))
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in sections.values())
    assert {section.split(".0.0-")[1].split(".")[0] for section in sections} == {str(n) for n in range(1, 18)}


def test_every_requirement_that_is_held_to_has_one_row_with_its_level() -> None:
    assert list(ROWS[0]) == ["id", "level", "applies", "status", "how", "test"]
    told = [(row["id"], int(row["level"])) for row in ROWS]
    assert told == [(requirement, level) for requirement, level in IDS.items() if is_held_to(requirement, level)]
    assert Counter(level for _, level in told) == {1: 70, 2: 183, 3: 16}


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_row_says_how_and_what_is_claimed_is_shown(row: dict[str, str]) -> None:
    assert row["status"] in STATUSES
    assert row["applies"] == ("no" if row["status"] == "not-applicable" else "yes")
    assert 5 < len(row["how"]) < 400
    assert "\n" not in row["how"]
    assert bool(row["test"]) is (row["status"] in CLAIMED)
    assert missing_from(row["how"]) == []
    if named := NAMED_TEST.fullmatch(row["test"]):
        assert named[2] in named_in(named[1])
    elif row["test"]:
        assert re.fullmatch(r"docs/[a-z-]+\.md|Makefile", row["test"])
        assert (ROOT / row["test"]).is_file()


def test_what_the_threat_model_names_is_there() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    assert missing_from(text) == []
    assert len(set(PATH.findall(text))) > 30
    assert len(text.splitlines()) <= 250
    headings = set(re.findall(r"^## (.+)$", text, re.MULTILINE))
    for row in ROWS:
        if section := re.search(
            r"[Tt]he section (?:of )?([A-Z][A-Za-z ]+?)(?: of the threat model|, in the)", row["how"]
        ):
            assert section[1] in headings, row["id"]


def test_a_name_that_is_nothing_is_noticed() -> None:
    assert missing_from("activities/nothing.py, docs/asvs.csv, tests/test_asvs.py::test_nothing") == [
        "test_asvs.py::test_nothing",
        "activities/nothing.py",
    ]


# --- what no test of the code itself shows ---------------------------------------------------------------


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in (
        ROOT / "worker.py",
        ROOT / "starter.py",
        *(file for part in OURS for file in (ROOT / part).rglob("*.py")),
    ):
        yield path, ast.parse(path.read_text("utf-8"))


def test_the_source_reads_no_xml_and_no_pickle_and_draws_nothing_by_chance() -> None:
    unwanted = {"pickle", "marshal", "shelve", "xml", "lxml", "yaml", "jinja2", "ldap3", "random"}
    found = set()
    for path, tree in sources():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found |= {(path.relative_to(ROOT).as_posix(), name) for name in names if name.split(".")[0] in unwanted}
    assert found == set()


def test_every_regular_expression_is_a_constant() -> None:
    calls = 0
    for path, tree in sources():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args:
                calls += 1
                assert is_constant(node.args[0]), f"{path}:{node.lineno}"
    assert calls > 20


def is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())
