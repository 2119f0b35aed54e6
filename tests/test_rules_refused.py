"""Packs whose dates overlap, files that are no rules, and the command that tells of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from activities.rule_packs import PACKS, BadPack, load_pack, pack_on, read_pack, read_packs
from tests.programs import run
from tests.rules_spoiling import (
    CONTACT,
    COURTS,
    JOURNEY,
    OWN,
    PACK,
    PLACES,
    STATUTE,
    line_of,
    told,
)
from tests.test_rule_packs import SHIPPED, edit, with_a_second_pack, with_layer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped pack that a test may spoil."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "2026-07-01"))


LAYER = 'organisation = "soc-9999"\nfunction = "social-services"\n'


# --- Dates that overlap ---


def test_two_packs_that_begin_on_one_day_are_refused_by_name(folder: Path) -> None:
    root = with_a_second_pack(folder)
    edit(root / "2027-07-01", PACK, "effective_from = 2027-07-01", "effective_from = 2026-07-01")
    _, between = read_packs(root)
    (fault,) = between
    assert (fault.file, fault.line) == (root / "2027-07-01" / PACK, line_of(folder / PACK, "effective_from"))
    assert fault.en == "2026-07-01 and 2027-07-01 begin on the same day"
    with pytest.raises(BadPack, match="begin on the same day"):
        pack_on(read_packs(root)[0][0].pack.effective_from, root)  # type: ignore[union-attr]


def test_a_pack_still_in_force_when_the_next_begins_is_refused(folder: Path) -> None:
    root = with_a_second_pack(folder)
    edit(folder, PACK, "engine = 2", "effective_until = 2027-07-01\nengine = 2")
    (fault,) = read_packs(root)[1]
    assert (fault.file, fault.line) == (folder / PACK, line_of(folder / PACK, "effective_until"))
    assert fault.en == "2026-07-01 is still in force when 2027-07-01 begins"
    edit(folder, PACK, "effective_until = 2027-07-01", "effective_until = 2027-06-30")
    assert read_packs(root)[1] == []


def test_two_packs_with_one_name_are_refused(folder: Path) -> None:
    root = with_a_second_pack(folder)
    edit(root / "2027-07-01", PACK, 'name = "2027-07-01"', 'name = "2026-07-01"')
    (fault,) = read_packs(root)[1]
    assert "have the same name" in fault.en


# --- Files that are no rules ---


@pytest.mark.parametrize("name", [PACK, STATUTE, JOURNEY])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (fault,) = read_pack(folder).wrong
    assert str(fault) == (f"{folder / name}: filen saknas eller kan inte läsas | the file is missing or can't be read")


def test_missing_kinds_are_named_and_a_folder_in_the_place_of_a_file_too(folder: Path) -> None:
    shutil.rmtree(folder / "kinds")
    (folder / STATUTE).unlink()
    (folder / STATUTE).mkdir()
    assert [fault.file.name for fault in read_pack(folder).wrong] == ["statute.toml", "kinds.toml"]


def test_a_kind_in_two_files_is_refused(folder: Path) -> None:
    edit(folder, COURTS, "[lvu-submission]", "[regularise]\n[lvu-submission]")
    told(folder, PLACES, "[regularise]", "the kind regularise is in courts.toml already")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[broken\n", 1, "is not valid TOML"),
        ('a = 1\nb = "x\n', 2, "is not valid TOML"),
        ("a = 1\na = 2\n", 2, "the same key stands twice"),
        ("[a]\nb = { c = 1, c = 2 }\n", 2, "the same key stands twice"),
        ("[a]\n\n[a]\n", 3, "the same table stands twice"),
        ('a = """\n\n', 2, "never closed"),
        ("a = " + "9" * 5_000, 1, "a number is too large"),
        ("a = " + "[" * 5_000, 1, "lists too deep"),
        ("\x00", 1, "is not valid TOML"),
    ],
)
@pytest.mark.parametrize("name", [PACK, STATUTE, JOURNEY, CONTACT])
def test_a_file_that_is_not_toml_is_named_with_the_line(
    folder: Path, name: str, text: str, line: int, said: str
) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    (fault,) = read_pack(folder).wrong
    assert (fault.file, fault.line) == (folder / name, line)
    assert said in fault.en
    assert fault.sv != fault.en


@pytest.mark.parametrize(
    ("raw", "line", "said"),
    [
        ("a = 'å'\nb = 'ö'\n".encode("latin-1"), 1, "is not UTF-8 text"),
        ("a = 1\nb = 'ö'\n".encode("latin-1"), 2, "is not UTF-8 text"),
        ("a = 1\n".encode("utf-16"), 1, "is not UTF-8 text"),
        (b"# " + b"x" * 1_100_000, None, "the file is larger than 1024 KiB"),
    ],
)
def test_a_file_that_is_not_text_is_named(folder: Path, raw: bytes, line: int | None, said: str) -> None:
    (folder / STATUTE).write_bytes(raw)
    (fault,) = read_pack(folder).wrong
    assert (fault.file, fault.line, fault.en) == (folder / STATUTE, line, said)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (CONTACT, "release = 5\n", "the kind release is in contact.toml already"),
        (CONTACT, "first = 5\n", "kinds.first should be a table"),
        (CONTACT, "[first]\nordinary = 5\n", "kinds.first.ordinary should be a table"),
        (STATUTE, 'x = "1 w"\n', "statute.x should be a table"),
        (JOURNEY, "step = 1\nphase = []\n", "step should be a list"),
        (JOURNEY, "", "step is missing"),
        (PACK, "", "effective_from is missing"),
        (CONTACT, "", "which is not a kind"),
    ],
)
def test_files_of_the_wrong_shape_are_told_in_sentences(folder: Path, name: str, text: str, said: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    assert any(said in fault.en for fault in read_pack(folder).wrong), read_pack(folder).wrong
    with pytest.raises(BadPack):
        load_pack(folder)


def test_a_folder_without_packs_is_named(tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BadPack) as told_of:
            pack_on(read_packs(PACKS)[0][0].pack.effective_from, root)  # type: ignore[union-attr]
        assert str(root) in str(told_of.value)


# --- The command ---


def checked(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`starter.py rules check`, as a person runs it."""
    chosen = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"} | environment
    return run("starter.py", "rules", "check", *arguments, environment=chosen)


def test_the_command_tells_what_it_read_and_finds_nothing_wrong() -> None:
    pack = load_pack(SHIPPED)
    done = checked("rules/packs")
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("61 sorter", "61 kinds", "of them statutory", "7 ladders", pack.digest, "Inga fel. | No faults."):
        assert part in done.stdout
    data: Any = json.loads(checked(str(SHIPPED), "--json").stdout)
    assert data["faults"] == data["warnings"] == []
    (read,) = data["packs"]
    assert (read["name"], read["digest"], read["overlays"]) == ("2026-07-01", pack.digest, [])
    assert read["deadlines"] > read["statutory"] > 20


def test_the_command_tells_every_fault_with_file_and_line_and_ends_with_2(folder: Path) -> None:
    edit(folder, PACK, 'after = "1 wd"', 'after = "5 wd"')
    edit(folder, PLACES, 'if_unmet = "next-candidate"', 'if_unmet = "nothing"')
    with_layer(folder, LAYER)
    done = checked(str(folder))
    assert done.returncode == 2
    assert f"{folder / PACK}:{line_of(folder / PACK, 'rungs = [')}: stegen i ordinary efter fristen" in done.stderr
    assert f"{folder / PLACES}:{line_of(folder / PLACES, 'if_unmet')}: protected-bed kan avböjas" in done.stderr
    assert "soc-9999 is not in the directory" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    data: Any = json.loads(checked(str(folder.parent), "--json").stdout)
    assert data["error"]["exit"] == 2
    assert [fault["line"] for fault in data["error"]["faults"]] == [
        line_of(folder / PACK, "rungs = ["),
        line_of(folder / PLACES, "if_unmet"),
    ]
    assert data["warnings"][0]["file"].endswith(OWN)


@pytest.mark.parametrize("where", ["README.md", "nowhere", "docs", "x" * 5_000])
def test_the_command_says_so_when_there_are_no_rules(where: str) -> None:
    for done in (checked(where), checked(where, "--json")):
        assert done.returncode == 2
        assert "Traceback" not in done.stdout + done.stderr
        assert "|" in done.stderr or json.loads(done.stdout)["error"]["faults"]


def test_the_other_commands_and_the_worker_refuse_bad_rules_at_the_start(folder: Path, tmp_path: Path) -> None:
    edit(folder, PACK, 'after = "1 wd"', 'after = "5 wd"')
    where = f"{folder / PACK}:{line_of(folder / PACK, 'rungs = [')}: "
    settings = {"UTVAG_RULE_PACKS": str(folder.parent), "UTVAG_VAR": str(tmp_path / "var")}
    for program in (["starter.py", "handoff", "kinds"], ["worker.py", "--all"]):
        done = run(*program, environment=os.environ | settings)
        assert done.returncode == 2
        assert where in done.stderr
        assert "Traceback" not in done.stderr
