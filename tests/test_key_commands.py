"""`key status` and `key rotate` as an operator runs them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from activities.case_keys import open_case_keys
from activities.desks import open_desk
from activities.key_store import Outer
from activities.organisation_keys import open_keys
from activities.protected_data import DeskStore
from console import key_commands, own_key_commands
from console.acting_keys import acting_keys
from console.failures import Refused
from models.desk import Category
from models.published_keys import as_heard
from models.settings import Settings
from models.words import case_reference
from rules.showing import OPERATOR
from tests.command_line import synthetic_personnummer

ORG = "soc-0381"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in (("UTVAG_VAR", str(tmp_path)), ("COLUMNS", "200"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    return Settings(var=tmp_path)


@pytest.fixture
def desk(settings: Settings) -> DeskStore:
    opened = open_desk(settings, ORG)
    for number in range(3):
        opened.keep(str(uuid4()), case_reference(number), Category.NOTE, ORG, {"note": "x"})
    opened.keys.destroy(case_reference(2))
    return opened


def run(*arguments: str, org: str = ORG) -> tuple[int, str]:
    told = CliRunner().invoke(own_key_commands.app, [*arguments, "--as", org])
    return told.exit_code, told.output


def answer(*arguments: str, org: str = ORG) -> Any:
    code, told = run(*arguments, "--json", org=org)
    assert code == 0, told
    return json.loads(told)


def outer_keys(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.keys / ORG).glob("outer-*.key"))


def test_a_desk_without_keys_is_told_so_and_given_none(settings: Settings) -> None:
    code, told = run("status")
    assert (code, told.strip()) == (0, " | ".join(key_commands.NONE_YET))
    assert answer("status")["outer"] == []
    code, told = run("rotate")
    assert (code, "Inga nycklar ännu" in told) == (4, True)
    assert not settings.keys.exists()


def test_an_organisation_that_is_not_there_is_not_found(settings: Settings) -> None:
    for command in ("status", "rotate"):
        code, told = run(command, org="nowhere")
        assert (code, "directory list" in told) == (4, True)


def test_status_shows_versions_counts_and_fingerprints_and_no_key(settings: Settings, desk: DeskStore) -> None:
    open_keys(settings, ORG, Outer(desk.keys)).ensure(datetime(2027, 1, 5, tzinfo=UTC))
    found = answer("status")
    assert {name: found[name] for name in ("provider", "current", "cases", "destroyed_cases", "outdated")} == {
        "provider": "file",
        "current": 1,
        "cases": 2,
        "destroyed_cases": 1,
        "outdated": 0,
    }
    ((version, fingerprint),) = [(each["version"], each["fingerprint"]) for each in found["outer"]]
    assert (version, len(fingerprint)) == (1, 16)
    assert {row["use"] for row in found["organisation"]} == {"signing", "sealing"}
    code, shown = run("status")
    assert code == 0
    assert fingerprint in shown
    raw = (settings.keys / ORG / "outer-1.key").read_bytes()
    for told in (shown, json.dumps(found)):
        assert raw[:32].hex() not in told
        assert fingerprint not in raw.hex()
    assert "står kvar" not in shown


def test_rotating_says_that_the_old_key_stands_until_it_is_destroyed(settings: Settings, desk: DeskStore) -> None:
    code, told = run("rotate")
    assert code == 0
    assert "Äldre yttre nyckel står kvar: 1." in told
    assert "An earlier outer key still stands: 1." in told
    assert answer("status")["old_stand"] == [1]
    assert answer("rotate", "--destroy-old") == {
        "organisation": ORG,
        "resumed": False,
        "version": 3,
        "rewrapped": 2,
        "destroyed": [1, 2],
        "indexed": None,
        "old_stand": [],
    }
    assert outer_keys(settings) == ["outer-3.key"]
    assert "står kvar" not in run("status")[1]
    assert open_desk(settings, ORG).newest(case_reference(0), Category.NOTE) == {"note": "x"}


def test_a_change_that_was_interrupted_is_finished_and_not_begun_again(settings: Settings, desk: DeskStore) -> None:
    desk.keys.rotate()
    assert "Ett nyckelbyte är inte klart: 2" in run("status")[1]
    code, told = run("rotate", "--destroy-old")
    assert code == 0
    assert "Ett byte som hade avbrutits är nu klart" in told
    assert "Förstörd: 1." in told
    assert outer_keys(settings) == ["outer-2.key"]


def test_the_index_key_is_changed_on_demand(settings: Settings, desk: DeskStore) -> None:
    number, case = synthetic_personnummer(), case_reference(7)
    desk.keep(str(uuid4()), case, Category.IDENTITY, ORG, {"person": {"personnummer": number}})
    before = desk.keys.blind("x")
    assert answer("rotate", "--index")["indexed"] == 1
    assert desk.keys.blind("x") != before
    assert desk.find_by_personnummer(number) == [case]


@pytest.mark.parametrize("command", ["status", "rotate"])
def test_a_missing_outer_key_is_a_sentence_and_nothing_is_made_in_its_place(
    command: str, settings: Settings, desk: DeskStore
) -> None:
    (settings.keys / ORG / "outer-1.key").unlink()
    code, told = run(command)
    assert code == 5
    assert "Yttre nyckel 1 för soc-0381 saknas. Lägg tillbaka den" in told
    assert "Outer key 1 of soc-0381 is missing" in told
    assert outer_keys(settings) == []
    code, told = run(command, "--json")
    assert (code, json.loads(told)["error"]["exit"]) == (5, 5)
    assert open_case_keys(settings, ORG).provider.versions() == ()


def test_in_production_the_keys_to_act_with_are_made_on_purpose_and_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    production = settings.model_copy(update={"mode": "production"})
    for org in (ORG, OPERATOR):
        with pytest.raises(Refused):
            acting_keys(production, org)
        made = answer("make", org=org)
        assert as_heard(made["fingerprint"]) == acting_keys(production, org).fingerprint
        assert answer("make", org=org) == made
        monkeypatch.setenv("UTVAG_ACCEPTED_KEYS", json.dumps({org: [made["fingerprint"]]}))
        assert Settings().accepted_keys == {org: (as_heard(made["fingerprint"]),)}
