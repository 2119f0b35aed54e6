"""The files of the sharing rules: every fault is told with its file and line, and every change is noticed."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path

import pytest

from activities.rule_packs import pack_now
from activities.sharing_rules import SHARING, BadPack, load_sharing, sharing_at, sharing_on
from models.desk import Category
from models.packs import Mode
from rules.acute_card import acute_card
from rules.sharing import STAYS, in_force, local_day
from rules.sharing_checks import findings
from tests.sharing_support import BEFORE_15A, FIRST_OF_15A, RULES, wrong
from tests.sharing_table import cells

NEWEST = SHARING / "2025-12-01"
MATRIX = NEWEST / "matrix.toml"
LINES = MATRIX.read_text(encoding="utf-8").splitlines()
TOLD = [
    n for n, line in enumerate(LINES) if " = [" in line and line.split(" = ")[0] in {r.recipient for r in RULES.cells}
]


def changed(folder: Path, file: str, old: str, new: str) -> Path:
    """The newest rules with one thing changed."""
    shutil.copytree(NEWEST, folder / "2025-12-01")
    path = folder / "2025-12-01" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder / "2025-12-01"


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2025, 6, 30), None),
        (date(2025, 7, 1), "2025-07-01"),
        (date(2025, 11, 30), "2025-07-01"),
        (date(2025, 12, 1), "2025-12-01"),
        (date(2030, 1, 1), "2025-12-01"),
    ],
)
def test_each_day_has_its_rules_or_none(day: date, name: str | None) -> None:
    rules = sharing_on(day)
    assert (rules.name if rules else None) == name
    assert rules is None or findings(rules) == ()


@pytest.mark.parametrize(("instant", "name"), [(BEFORE_15A, "2025-07-01"), (FIRST_OF_15A, "2025-12-01")])
def test_rules_change_at_midnight_in_sweden_and_there_is_no_hour_without_any(instant: datetime, name: str) -> None:
    rules = sharing_at(instant)
    assert rules is not None
    assert rules.name == name
    assert in_force(rules, local_day(instant)), "chosen by the same day as they are judged by"
    assert "efter avvägning" in acute_card(rules, instant).lines[0].text.sv or instant == BEFORE_15A


def test_nobody_chooses_rules_by_a_day_of_their_own() -> None:
    """`datetime.date()` is the day in Greenwich: everybody asks with the instant."""
    for folder in ("activities", "console", "workflows"):
        for path in (SHARING.parent.parent / folder).glob("*.py"):
            assert path.name == "sharing_rules.py" or "sharing_on(" not in path.read_text(encoding="utf-8"), path.name


KV = "prison-and-probation"
FAULTS = {
    "unknown ground": ("matrix.toml", f'{KV} = ["consent"]', f'{KV} = ["consnt"]', "consnt"),
    "unknown recipient": ("matrix.toml", "monitoring = []", "monitors = []", "none of the permitted"),
    "unknown need": ("grounds.toml", 'needs = ["weighing"]', 'needs = ["wishing"]', "none of the permitted"),
    "general clause from social services": (
        "matrix.toml", f'{KV} = ["consent"]', f'{KV} = ["general-clause"]', "never possible"
    ),
    "10:15 a from health": ("matrix.toml", 'police = ["crime-duty"]', 'police = ["prevent-crime"]', "never possible"),
    "10:15 a too early": ("grounds.toml", "begins = 2025-12-01", "begins = 2025-07-01", "2025-12-01"),
    "10:15 a for ever": ("grounds.toml", "begins = 2025-12-01\n", "", "2025-12-01"),
    "never leaves": ("matrix.toml", 'category = "criminal-record"', 'category = "threat-source"', "never leaves"),
    "a chapter that is never named": ("grounds.toml", '"OSL 26:9 b"', '"OSL 18:7"', "hints"),
    "a hint in words": ("grounds.toml", 'en = "To the prison and probation service"', 'en = "A witness"', "hints"),
    "a name of staff": (
        "needs.toml", 'summary = ["sammanfattning", "summary"]',
        'summary = ["sammanfattning", "summary"]\ncaseworker = ["a", "b"]', "somebody at work",
    ),
    "unknown field": ("needs.toml", 'assessment = ["advice"]', 'assessment = ["advise"]', "no field"),
    "a part that says nothing of it": ("matrix.toml", 'only = "advice"', 'only = "flag"', "says nothing"),
    "a duty without a clock": ("grounds.toml", 'clock = "at-once"\n', "", "a duty has a clock"),
    "a demand without a law": ("grounds.toml", 'laws = ["sol-15-7"]\n', "", "belong together"),
    "twice": (
        "matrix.toml", f'from = ["{KV}"]\nsecrecy = "osl-35-15"\n[row.to]',
        'from = ["police"]\nsecrecy = "osl-35-1"\n[row.to]', "twice",
    ),
    "secrecy that is not there": ("matrix.toml", 'secrecy = "osl-25-1"', 'secrecy = "osl-26-1"', "does not apply"),
    "endless consent": ("sharing.toml", '"365 d"', '"9999 d"', "1 to 1,000"),
    "a length that is none": ("sharing.toml", '"365 d"', '"a year"', "real time"),
    "not TOML": ("sharing.toml", "[secrecy]", "[secrecy", "TOML"),
    "nothing known of it": ("sharing.toml", "[visibility]", "[sight]", "is no word that belongs here"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_with_its_file_and_line(case: str, tmp_path: Path) -> None:
    file, old, new, said = FAULTS[case]
    folder = changed(tmp_path, file, old, new)
    with pytest.raises(BadPack) as refused:
        load_sharing(folder)
    told = [fault for fault in refused.value.faults if said in fault.en]
    assert told, refused.value
    assert all(fault.file.parent == folder and fault.line for fault in told)


def test_the_line_told_is_the_line_it_stands_on(tmp_path: Path) -> None:
    folder = changed(
        tmp_path, "matrix.toml", 'personal-security = ["consent", "prevent-crime"]', 'personal-security = ["x"]'
    )
    with pytest.raises(BadPack) as refused:
        load_sharing(folder)
    text = (folder / "matrix.toml").read_text(encoding="utf-8").splitlines()
    assert {(fault.file.name, text[(fault.line or 0) - 1]) for fault in refused.value.faults} == {
        ("matrix.toml", 'personal-security = ["x"]')
    }


def test_two_rules_on_one_day_are_refused(tmp_path: Path) -> None:
    shutil.copytree(SHARING, tmp_path, dirs_exist_ok=True)
    later = tmp_path / "2026-06-01"
    later.mkdir()
    (later / "sharing.toml").write_text('like = "2025-12-01"\neffective_from = 2026-06-01\n')
    with pytest.raises(BadPack, match="in force at once"):
        sharing_on(date(2026, 7, 1), tmp_path)


def test_a_later_date_can_be_as_an_earlier_one_but_for_what_it_says(tmp_path: Path) -> None:
    shutil.copytree(SHARING, tmp_path, dirs_exist_ok=True)
    old = tmp_path / "2025-12-01" / "sharing.toml"
    old.write_text(
        old.read_text().replace(
            "effective_from = 2025-12-01", "effective_from = 2025-12-01\neffective_until = 2026-05-31"
        )
    )
    (tmp_path / "2026-06-01").mkdir()
    (tmp_path / "2026-06-01" / "sharing.toml").write_text(
        'like = "2025-12-01"\neffective_from = 2026-06-01\nwithout = ["young-risk-of-crime"]\n'
    )
    rules = sharing_on(date(2026, 7, 1), tmp_path)
    assert rules is not None
    assert rules.effective_until is None
    assert not any("young-risk-of-crime" in cell.grounds for cell in rules.cells)
    assert any("prevent-crime" in cell.grounds for cell in rules.cells)


@pytest.mark.parametrize("number", TOLD, ids=[str(number + 1) for number in TOLD])
def test_every_line_of_the_matrix_that_is_emptied_is_noticed(number: int, tmp_path: Path) -> None:
    """The whole way from the file: a line that opens something is emptied, and the hand-written table disagrees."""
    shutil.copytree(NEWEST, tmp_path / "2025-12-01")
    line = LINES[number]
    name = line.split(" = ")[0]
    if line == f"{name} = []":
        text = [*LINES[:number], f'{name} = ["consent"]', *LINES[number + 1 :]]
    else:
        text = [*LINES[:number], f"{name} = []", *LINES[number + 1 :]]
    (tmp_path / "2025-12-01" / "matrix.toml").write_text("\n".join(text), encoding="utf-8")
    rules, table = load_sharing(tmp_path / "2025-12-01"), cells()
    touched = {key for key in table.keys() | rules.by_key.keys() if rules.by_key.get(key) != RULES.by_key.get(key)}
    assert touched
    assert any(wrong(rules, key, table.get(key)) for key in touched)


def test_every_kind_of_handoff_between_agencies_says_what_it_needs() -> None:
    kinds = pack_now().kinds
    between = {code for code, kind in kinds.items() if kind.mode is not Mode.ASSIGNMENT}
    assert between - set(RULES.kinds) == set()
    assert set(RULES.kinds) - set(kinds) == set(), "a demand too is a kind, with a clock and a ladder"


def test_nothing_that_stays_at_the_desk_is_needed_by_any_kind() -> None:
    assert len(STAYS) == 5
    for kind in RULES.kinds.values():
        assert not STAYS & {*kind.request, *kind.answer}
    assert {*RULES.categories} == ({*Category} - STAYS) | {"handoff-status"}


def test_the_least_is_the_least() -> None:
    assert RULES.kinds["placement-question"].request == {}
    assert set(RULES.kinds["intervention"].request) == {"identity", "social-file", "protection-mark"}
    assert RULES.kinds["intervention"].request["identity"] == ("given_name",)
    assert "address" not in RULES.kinds["protected-bed"].request
