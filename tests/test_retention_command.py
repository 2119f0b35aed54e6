"""`starter.py retention ...` as people meet it: what is due and why, holds, the archive role's decision."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from activities.directory import load_directory
from activities.disposal_office import disposal_at
from activities.offices import Office
from activities.own_word import DEMO_WORD
from console.retention_commands import Room, commands
from console.retention_words import BECAUSE, SENTENCES
from models.desk import Category
from models.settings import Settings
from models.words import CaseRef
from rules.disposal import MAY
from tests.disposal_support import CLOSED, DUE, MARKER, ORG, Desk
from tests.rules_support import PACK
from tests.support import free_port

ME = ("--as", ORG, "--user", "arkiv-01")
CASEWORKER = ("--as", ORG, "--user", "handl-01")


class Told(NamedTuple):
    code: int
    out: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)

    @property
    def why(self) -> str:
        code: str = self.data["error"]["code"]
        return code


class Person:
    """Somebody at a terminal of one desk, whose machine says that it is `now`."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(var=folder, temporal_address=f"127.0.0.1:{free_port()}")
        self.office = Office(settings, load_directory()[ORG], PACK.calendar_of(ORG))
        self.desk = Desk(self.office.engine, folder, self.office.keys)
        self.now = DUE

        def enter(org: str, stepped_up: bool) -> Room:
            assert org == ORG
            disposal = disposal_at(self.office, self.desk.closure_of, stepped_up=stepped_up)
            return Room(settings, self.office, disposal, clock=lambda: self.now)

        self._app = commands(enter)

    def __call__(self, *arguments: str, word: str = DEMO_WORD) -> Told:
        answer = CliRunner().invoke(self._app, list(arguments), input=f"{word}\n", env={"COLUMNS": "220"})
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        return Told(answer.exit_code, answer.output)

    def json(self, *arguments: str) -> Any:
        told = self(*arguments, "--json")
        assert told.code == 0, told.out
        return told.data

    def file(self, kind: str | None = "ordinary", at: datetime = CLOSED) -> CaseRef:
        case = self.desk.closed_file(at=at)
        if kind is not None:
            self.json("note", case, "--kind", kind, *CASEWORKER)
        return case

    def drawn(self) -> str:
        """The list that waits, by the name under which it is approved."""
        disposal_at(self.office, self.desk.closure_of).draw(self.now)
        name: str = self.json("list", "--as", ORG)["list"]["name"]
        return name


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


def test_where_nothing_is_kept_every_screen_says_so(person: Person) -> None:
    assert "Nothing is due" in person("list", "--as", ORG).out
    assert "No list waits" in person("list", "--as", ORG).out
    assert "Nothing has been disposed of yet" in person("certificate", "--as", ORG).out
    assert person.json("list", "--as", ORG) == {"organisation": ORG, "list": None, "files": [], "not_due": {}}
    assert person.json("certificate", "--as", ORG) == []
    told = person.json("status", "--as", ORG)
    assert (told["served"], told["list"], told["certificates"], told["holds"]) == (False, None, 0, 0)
    assert told["unconfirmed_rules"] == ["child-investigation-until-thirty"]
    assert "2025:1501" in person("status", "--as", ORG).out


def test_a_file_of_no_noted_kind_is_kept_and_says_what_to_do_and_then_every_date_has_its_paragraph(
    person: Person,
) -> None:
    case = person.file(kind=None)
    quiet = person.json("list", "--as", ORG)
    assert (quiet["files"], quiet["not_due"]) == ([], {"kind-unknown": 1})
    assert "retention note" in person("list", "--as", ORG, "--all").out
    said = person.json("note", case, "--kind", "ordinary", *CASEWORKER)
    assert (said["status"], said["first_day"], said["last_day"]) == ("due", "2032-03-11", "2033-12-31")
    told = person("list", "--as", ORG).out
    for word in (case, "2032-03-11", "2033-12-31", "16 kap. 1 §"):
        assert word in told
    assert MARKER not in told


def test_the_archivist_approves_what_was_read_with_their_own_word_and_gets_a_certificate(person: Person) -> None:
    case = person.file()
    name = person.drawn()
    assert name in person("list", "--as", ORG).out
    assert person("approve", name, *ME, "--json").why == "step-up-needed"
    assert person("approve", name, *ME, "--step-up", "--json", word="fel ord").why == "step-up-wrong"
    assert person("approve", name, *CASEWORKER, "--step-up", "--json").why == "role-not-yours"
    approved = person("approve", name, *ME, "--step-up")
    assert approved.code == 0, approved.out
    assert "when the service answers" in approved.out  # no service runs here: it stands at the desk meanwhile
    assert person("refuse", name, *ME, "--step-up", "--json").why == "list-is-approved"
    disposal_at(person.office, person.desk.closure_of).dispose(name.partition(":")[0], DUE)
    (certificate,) = person.json("certificate", "--as", ORG)
    assert (certificate["files"], certificate["approved_as"]) == (1, "archivist")
    shown = person("certificate", certificate["certificate"], "--as", ORG).out
    assert "16 kap. 1 §" in shown
    assert case not in shown
    assert person("certificate", "00000000-0000-4000-8000-000000000000", "--as", ORG).code == 4
    assert person("approve", name, *ME, "--step-up", "--json").why == "list-is-over"


def test_a_list_that_was_not_read_is_not_approved(person: Person) -> None:
    person.file()
    name = person.drawn()
    list_id, _, seen = name.partition(":")
    for given, code in ((list_id, 2), ("abc", 2), (f"{list_id}:abc", 2)):
        assert person("approve", given, *ME, "--step-up").code == code
    unknown = "00000000-0000-4000-8000-000000000000"
    assert person("approve", f"{unknown}:{seen}", *ME, "--step-up", "--json").why == "no-such-list"
    assert person("approve", f"{list_id}:00000000", *ME, "--step-up", "--json").why == "list-has-changed"
    assert person.json("refuse", name, *ME, "--step-up") == {"list": list_id, "approved": False}
    assert "No list waits" in person("list", "--as", ORG).out


def test_holds_are_set_shown_and_released_one_reason_at_a_time(person: Person) -> None:
    case = person.file()
    person.json("hold", case, "--reason", "research", *CASEWORKER)
    person.json("hold", case, "--reason", "dispute", "--until", "2032-04-01", *CASEWORKER)
    (shown,) = person.json("list", "--as", ORG)["files"]
    assert shown["status"] == "held"
    assert "forskning" in shown["sv"]
    assert "2032-04-01" in shown["en"]
    assert person("release", case, "--reason", "research", *CASEWORKER, "--json").why == "not-the-archive-role"
    assert person.json("release", case, "--reason", "research", *ME)["left"] == 1
    assert person("release", case, "--reason", "research", *ME, "--json").why == "no-such-hold"
    assert person.json("list", "--as", ORG)["files"][0]["status"] == "held"
    person.now = DUE + timedelta(days=22)
    assert person.json("list", "--as", ORG)["files"][0]["status"] == "due"


def test_bad_input_is_a_sentence_and_changes_nothing(person: Person) -> None:
    case = person.file()
    assert person("hold", case, "--reason", "whim", *CASEWORKER, "--json").data["error"]["possible"] == [
        "research",
        "dispute",
        "child-placement",
        "file-request",
    ]
    assert person("hold", case, "--reason", "dispute", "--until", "snart", *CASEWORKER).code == 2
    assert person("hold", case, "--reason", "dispute", "--until", "2032-03-10", *CASEWORKER, "--json").why == (
        "hold-ends-in-the-past"
    )
    assert person("hold", "U-0000-007J", "--reason", "dispute", *CASEWORKER, "--json").why == "no-such-file"
    assert person("hold", "nobody", "--reason", "dispute", *CASEWORKER).code == 2
    assert (
        person("hold", case, "--reason", "dispute", "--as", ORG, "--user", "nobody", "--json").why == "unknown-account"
    )
    assert person("note", case, "--kind", "ordinary", "--closed", "2040-01-01", *CASEWORKER).code == 2
    assert person.json("status", "--as", ORG)["holds"] == 0


def test_a_childs_age_decides_and_is_shown_nowhere(person: Person) -> None:
    case = person.file(kind="child-investigation")
    born = {"person": {"born": "2012-05-20"}}
    person.office.store.keep(str(uuid4()), case, Category.IDENTITY, ORG, born)
    (shown,) = person.json("list", "--as", ORG)["files"]
    assert (shown["status"], shown["first_day"], shown["last_day"]) == ("coming", "2043-01-01", "2043-12-31")
    told = person("list", "--as", ORG).out + person("list", "--as", ORG, "--json").out
    assert "16 kap. 2 a §" in told
    assert "2012" not in told
    assert "05-20" not in told


def test_every_code_has_its_sentences_in_both_languages() -> None:
    refusals = {"not-the-archive-role", "not-your-desk", "no-such-list", "list-has-changed", "list-is-approved"}
    refusals |= {"list-is-over", "no-such-file", "no-such-hold", "unknown-hold-reason", "hold-ends-in-the-past"}
    assert refusals <= set(SENTENCES)
    for sv, en in (*SENTENCES.values(), *BECAUSE.values()):
        assert sv != en
    assert MAY.keys() == {
        "approve-disposal",
        "refuse-disposal",
        "retention-hold",
        "retention-release",
        "retention-note",
    }
