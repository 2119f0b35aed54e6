"""Rule packs: the shipped one can be used, and every fault is told as a sentence that names the file."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from activities.rule_packs import PACKS, BadPack, load_pack, pack_on
from models.packs import RulePack
from rules.checks import faults

SHIPPED = PACKS / "2026-07-01"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped pack that a test may spoil."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "2026-07-01"))


def spoiled(folder: Path, name: str, old: str, new: str) -> str:
    """What is said of the pack after one change in one file."""
    edit(folder, name, old, new)
    with pytest.raises(BadPack) as told:
        load_pack(folder)
    return str(told.value)


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_pack_can_be_used_and_has_no_faults() -> None:
    pack = load_pack(SHIPPED)
    assert faults(pack) == ()
    assert pack.effective_from == date(2026, 7, 1)
    assert pack.closed_until >= date(2036, 12, 31)


def test_the_same_files_always_give_the_same_digest_also_when_stored_and_read_back(folder: Path) -> None:
    pack = load_pack(SHIPPED)
    assert re.fullmatch("[0-9a-f]{64}", pack.digest)
    assert load_pack(SHIPPED).digest == pack.digest == load_pack(folder).digest
    assert RulePack.model_validate_json(pack.model_dump_json()).digest == pack.digest


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("kinds.toml", 'acknowledgement = { within = "1 wd"', 'acknowledgement = { within = "2 wd"'),
        ("pack.toml", "closes = 16:00:00", "closes = 16:30:00"),
        ("journey.toml", 'when = ["opened", "minor"]', 'when = ["minor", "opened"]'),
    ],
)
def test_a_change_in_any_file_changes_the_digest(folder: Path, name: str, old: str, new: str) -> None:
    before = load_pack(folder).digest
    edit(folder, name, old, new)
    assert load_pack(folder).digest != before


def test_a_comment_changes_nothing(folder: Path) -> None:
    before = load_pack(folder).digest
    edit(folder, "pack.toml", "# Rules in force", "# The rules in force")
    assert load_pack(folder).digest == before


@pytest.mark.parametrize("name", ["pack.toml", "kinds.toml", "journey.toml"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BadPack, match=rf"{re.escape(str(folder / name))}: the file is missing or can't be read"):
        load_pack(folder)


@pytest.mark.parametrize("name", ["pack.toml", "kinds.toml", "journey.toml"])
def test_a_file_that_is_not_toml_is_named_with_the_line(folder: Path, name: str) -> None:
    (folder / name).write_text("[broken\n", encoding="utf-8")
    with pytest.raises(BadPack, match=rf"{re.escape(str(folder / name))}: .*line 1"):
        load_pack(folder)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        # Words that nobody knows.
        ("kinds.toml", 'basis = "SoL 6:8"', 'basis = "SoL 6:8"\ncolour = "red"', "kinds.first-contact.colour"),
        ("kinds.toml", 'met = "answered" }', 'met = "seen" }', "first-contact.deadlines.ordinary.acknowledgement.met"),
        ("kinds.toml", 'within = "2 wd"', 'within = "2 fortnights"', '"2 fortnights" is not a length of time'),
        ("kinds.toml", "decision = {", "desicion = {", "first-contact has a deadline called desicion"),
        ("kinds.toml", 'like = "threat-assessment"', 'like = "no-such"', "in-depth-assessment is like no-such"),
        ("pack.toml", "recipient:manager", "recipient:janitor", "names an unknown receiver, recipient:janitor"),
        ("pack.toml", "recipient:manager", "neighbour:manager", "names an unknown receiver, neighbour:manager"),
        ("pack.toml", "Europe/Stockholm", "Europe/Atlantis", "the time zone Europe/Atlantis is not known"),
        ("pack.toml", "closes = 16:00:00", "closes = 07:00:00", "the office closes before it opens"),
        # Ladders.
        ("pack.toml", 'after = "1 wd"', 'after = "5 wd"', "the rungs of the ladder ordinary are out of order"),
        ("pack.toml", '{ every = "1 wd" }', '{ every = "1 wd", times = 9 }', "the ladder ordinary falls silent"),
        ("pack.toml", '{ every = "1 wd" }', '{ every = "0 wd" }', "the ladder ordinary repeats without any time"),
        ("pack.toml", '{ every = "24 h" }', '{ every = "1 m" }', "the ladder acute counts in months"),
        (
            "pack.toml",
            '{ percent = 50, to = ["recipient:officer"] }',
            '{ percent = 80, to = ["recipient:officer"] }, { percent = 50, to = ["recipient:officer"] }',
            "the reminders of the ladder ordinary are out of order",
        ),
        ("kinds.toml", 'ladder = "ordinary"', 'ladder = "rope"', "uses the ladder rope, which is not there"),
        # A handoff that could stand open unwatched.
        (
            "kinds.toml",
            'acknowledgement = { within = "0 d", end = "expiry", met = "answered" }\ndecision = { within = "2 wd", '
            'met = "completed" }',
            'acknowledgement = { within = "0 d", end = "expiry", met = "answered" }',
            "the kind first-contact (ordinary) can stand open without any live deadline",
        ),
        (
            "kinds.toml",
            'completion = { within = "30 d", end = "countdown", met = "completed", counted_from = "anchor", '
            'if_late = "1 wd" }',
            'completion = { within = "30 d", end = "countdown", met = "completed", counted_from = "anchor" }',
            "says nothing of being late at birth",
        ),
        ("kinds.toml", 'if_late = "1 wd"', 'if_late = "1 d"', "must be in working days, hours or minutes"),
        ("kinds.toml", 'if_unmet = "next-candidate"', 'if_unmet = "pray"', "kinds.protected-bed.if_unmet"),
        ("kinds.toml", 'from = ["social-services"]\n', "", "'from' is missing"),
        ("kinds.toml", 'like = "threat-assessment"', 'like = "in-depth-assessment"', "a kind is like itself"),
        # Steps that would wait for ever.
        ("journey.toml", 'when = ["opened", "minor"]', 'when = ["opened", "small"]', "depends on small"),
        ("journey.toml", "need:relocation", "need:relocaton", "depends on need:relocaton"),
        ("journey.toml", "urgency:acute|", "urgency:hasty|", "depends on urgency:hasty"),
        (
            "journey.toml",
            "completed:review-3-months",
            "completed:review-3-month",
            "depends on completed:review-3-month",
        ),
        ("journey.toml", "known:care-ends", "known:care-end", "depends on known:care-end"),
        ("journey.toml", "in-custody:prison", "in-custody", "depends on in-custody"),
        ("journey.toml", 'kind = "first-contact"', 'kind = "last-contact"', "last-contact, which is not a kind"),
        ("journey.toml", 'code = "support-request"', 'code = "first-contact"', "two steps are called first-contact"),
        ("journey.toml", 'to = "police"', 'to = "court"', "to court, which can't receive it"),
        ("journey.toml", 'from = "opener"', 'from = "anybody"', "steps.0.sender"),
        ("journey.toml", 'anchor = "release"\n', "", "the step release names no instant"),
    ],
)
def test_a_fault_is_told_in_words_that_name_the_place(folder: Path, name: str, old: str, new: str, said: str) -> None:
    told = spoiled(folder, name, old, new)
    assert said in told
    assert str(folder) in told or name in told


def test_a_kind_that_is_renamed_leaves_a_step_behind_and_that_is_said(folder: Path) -> None:
    path = folder / "kinds.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[release", "[discharge"), encoding="utf-8")
    with pytest.raises(BadPack, match="the step release creates a release, which is not a kind"):
        load_pack(folder)


def test_without_the_task_of_finding_another_way_a_pack_is_refused(folder: Path) -> None:
    path = folder / "kinds.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[find-another-way", "[find-no-way"), encoding="utf-8")
    with pytest.raises(BadPack, match="what nobody was asked to do would have no owner"):
        load_pack(folder)


def test_a_pack_for_another_generation_of_the_program_is_refused(folder: Path) -> None:
    told = spoiled(folder, "pack.toml", "engine = 1", "engine = 2")
    assert told == f"{folder}: written for engine 2, this program is engine 1"


def with_a_second_pack(folder: Path) -> Path:
    root = folder.parent
    second = Path(shutil.copytree(folder, root / "2027-07-01"))
    edit(second, "pack.toml", 'name = "2026-07-01"', 'name = "2027-07-01"')
    edit(second, "pack.toml", "effective_from = 2026-07-01", "effective_from = 2027-07-01")
    return root


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2020, 1, 1), "2026-07-01"),
        (date(2026, 7, 1), "2026-07-01"),
        (date(2027, 6, 30), "2026-07-01"),
        (date(2027, 7, 1), "2027-07-01"),
        (date(2035, 1, 1), "2027-07-01"),
    ],
)
def test_the_pack_in_force_on_a_day_is_the_newest_that_has_begun(folder: Path, day: date, name: str) -> None:
    assert pack_on(day, with_a_second_pack(folder)).name == name


def test_a_folder_without_packs_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadPack, match="there is no rule pack here"):
        pack_on(date(2027, 1, 1), tmp_path)


def test_holidays_on_weekdays_are_closed_days_and_the_eves_too() -> None:
    closed = set(load_pack(SHIPPED).closed_days)
    assert {date(2026, 12, 24), date(2026, 12, 31), date(2027, 6, 25), date(2027, 3, 26)} <= closed
    assert all(day.weekday() < 5 for day in closed)
