"""`starter.py audit ...`: what each command says, that reading the log is written in it, and who is let in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
import typer
from sqlalchemy import text
from typer.testing import CliRunner

from activities.audit import PLANE, AuditLog
from activities.checkpoints import Checkpoints
from activities.stores import desk_url, migrate, open_database, register_url
from console import audit_commands
from console.audit_words import BREAKS, MATTERS
from console.log_room import LogRoom
from models.access import Reader, Role
from models.contracts import Refusal
from models.log_review import Matter
from models.settings import Settings
from models.words import CaseRef
from rules.audit import BreakCode
from tests.audit_support import CASES, ORG, FileSigner, an_entry, entries, unguard


class Told(NamedTuple):
    code: int
    text: str

    @property
    def data(self) -> Any:
        return json.loads(self.text)


class Desk:
    """A desk and a plane with logs, and a unit manager who may read them."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(var=folder)
        self.signer = FileSigner(folder / "key")
        self.engines = {
            ORG: open_database(desk_url(self.settings, ORG)),
            PLANE: open_database(register_url(self.settings)),
        }
        migrate(self.engines[ORG], "desk")
        migrate(self.engines[PLANE], "register")
        self.can_sign = True

    def checkpoints(self, chain: str) -> Checkpoints:
        signer = self.signer if self.can_sign else None
        return Checkpoints(self.settings.checkpoints, chain, self.signer.published, signer, every=20)

    def log(self, chain: str = ORG) -> AuditLog:
        return AuditLog(self.engines[chain], chain, self.checkpoints(chain))

    def room(self) -> LogRoom:
        return LogRoom(self.settings, self.who, self.may, self.checkpoints)

    @staticmethod
    def who(chain: str, user: str | None) -> Reader:
        return Reader(org=chain, user=user or "chef-01", role=Role.UNIT_MANAGER)

    @staticmethod
    def may(reader: Reader, action: str, case: CaseRef | None) -> Refusal | None:
        return None if reader.user == "chef-01" else Refusal(code="not-for-this-role")

    def __call__(self, *arguments: str) -> Told:
        app = typer.Typer()
        app.add_typer(audit_commands.app, name="audit")

        @app.callback()
        def prepare(context: typer.Context) -> None:
            context.obj = self.room()

        result = CliRunner().invoke(app, ["audit", *arguments], env={"COLUMNS": "200"})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Told(result.exit_code, result.output)

    def end(self) -> None:
        for engine in self.engines.values():
            engine.dispose()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.end()


def test_verify_says_that_the_log_holds_and_shows_no_entry(desk: Desk) -> None:
    for entry in entries(30):
        desk.log().write(entry)
    told = desk("verify", "--as", ORG)
    assert told.code == 0
    assert "Loggen håller: 31 poster" in told.text
    assert "1 checkpoints, up to entry 20" in told.text
    assert "handl-07" not in told.text
    data = desk("verify", "--as", ORG, "--json").data
    assert (data["holds"], data["links"], data["breaks"], data["covered"]) == (True, 31, [], 20)
    assert data["head"] == max(desk.log().links(), key=lambda link: link.seq).digest
    assert desk.log().count() == 31


def test_verify_of_an_empty_log_says_so(desk: Desk) -> None:
    told = desk("verify", "--as", ORG)
    assert (told.code, "Inget är skrivet ännu" in told.text) == (0, True)
    assert desk("verify", "--plane", "--json").data["links"] == 0


def test_verify_of_a_changed_log_says_where_and_what_to_do(desk: Desk) -> None:
    for entry in entries(5):
        desk.log().write(entry)
    unguard(desk.engines[ORG])
    with desk.engines[ORG].begin() as connection:
        connection.execute(text("update audit set content = replace(content, 'read', 'wrote') where seq = 2"))
    told = desk("verify", "--as", ORG)
    assert told.code == audit_commands.BROKEN
    assert "Post 2 har ändrats" in told.text
    assert "Rör inte databasen" in told.text
    data = desk("verify", "--as", ORG, "--json").data
    assert data["breaks"][0]["code"] == "changed"
    assert data["breaks"][0]["en"] == "Entry 2 was changed after it was written."


def test_verify_works_on_a_log_that_can_not_be_written(desk: Desk) -> None:
    desk.log().write(an_entry())
    with desk.engines[ORG].begin() as connection:
        connection.execute(text("create trigger full before insert on audit begin select raise(fail, 'no'); end"))
    assert desk("verify", "--as", ORG).code == 0


def test_the_planes_log_is_verified_on_its_own(desk: Desk) -> None:
    desk.log(PLANE).write(an_entry())
    assert "Loggen håller: 1" in desk("verify", "--plane").text
    for wrong in ((), ("--plane", "--as", ORG)):
        told = desk("verify", *wrong)
        assert (told.code, "--as ORG or --plane" in told.text) == (2, True)


def test_who_read_a_case_is_shown_and_that_it_was_asked_is_written(desk: Desk) -> None:
    desk.log().write(an_entry())
    desk.log().write(an_entry(case=CASES[1]))
    told = desk("who-read", CASES[0], "--as", ORG)
    assert told.code == 0
    assert "handl-07" in told.text
    assert CASES[1] not in told.text
    asked = list(desk.log().links())[-1].entry
    assert (asked.action, asked.case, asked.user, asked.purpose) == ("read-audit", CASES[0], "chef-01", "review-logs")
    (shown,) = desk("who-read", CASES[0], "--as", ORG, "--json").data
    assert (shown["seq"], shown["user"], shown["categories"]) == (1, "handl-07", ["identity", "contact"])
    assert "Ingen har läst" in desk("who-read", CASES[5], "--as", ORG).text
    assert desk("who-read", CASES[5], "--as", ORG, "--json").data == []


def test_what_an_account_read_is_shown_from_a_day_on(desk: Desk) -> None:
    desk.log().write(an_entry(at=datetime(2026, 3, 1, 22, 59, tzinfo=UTC)))  # 23:59 in Stockholm
    desk.log().write(an_entry(at=datetime(2026, 3, 1, 23, 0, tzinfo=UTC), action="view-address"))
    data = desk("reads-by", "handl-07", "--as", ORG, "--since", "2026-03-02", "--json").data
    assert [one["seq"] for one in data] == [2]
    assert "view-address" in desk("reads-by", "handl-07", "--as", ORG).text
    assert list(desk.log().links())[-1].entry.subject == "handl-07"
    assert "inte läst något" in desk("reads-by", "handl-99", "--as", ORG).text
    told = desk("reads-by", "Anna Andersson", "--as", ORG)
    assert (told.code, "Anna" in told.text) == (2, False)


def test_the_review_tells_what_deserves_a_look(desk: Desk) -> None:
    desk.log().write(an_entry())
    desk.log().write(an_entry(outcome="not-on-the-list", user="handl-99"))
    told = desk("review", "--as", ORG)
    assert told.code == 0
    for matter in (Matter.NOT_LIVE, Matter.NOT_NAMED, Matter.NO_ROSTER, Matter.REFUSED):
        assert MATTERS[matter][1] in told.text
    assert "fråga först" in told.text
    data = desk("review", "--as", ORG, "--json").data
    assert {one["matter"] for one in data} == {"not-live", "not-named", "no-roster", "refused"}
    assert "Inget i loggen sticker ut" in desk("review", "--as", ORG, "--since", "2199-01-01").text


def test_who_may_not_is_refused_and_that_they_tried_is_written(desk: Desk) -> None:
    desk.log().write(an_entry())
    for command in (("who-read", CASES[0]), ("reads-by", "handl-07"), ("review",)):
        before = desk.log().count()
        told = desk(*command, "--as", ORG, "--user", "handl-08", "--json")
        assert told.code == 3
        assert told.data["error"]["code"] == "not-for-this-role"
        assert desk.log().count() == before + 1
        tried = list(desk.log().links())[-1].entry
        assert (tried.user, tried.outcome) == ("handl-08", "not-for-this-role")
    assert desk("verify", "--as", ORG, "--user", "handl-08").code == 3


def test_a_log_that_can_not_be_written_is_not_shown(desk: Desk) -> None:
    desk.log().write(an_entry())
    with desk.engines[ORG].begin() as connection:
        connection.execute(text("create trigger full before insert on audit begin select raise(fail, 'no'); end"))
    told = desk("who-read", CASES[0], "--as", ORG)
    assert told.code != 0
    assert "handl-07" not in told.text


def test_a_checkpoint_is_made_on_demand(desk: Desk) -> None:
    assert "Inget är skrivet ännu" in desk("checkpoint", "--as", ORG).text
    assert desk("checkpoint", "--as", ORG, "--json").data is None
    desk.log().write(an_entry())
    assert "Signed up to entry 1" in desk("checkpoint", "--as", ORG).text
    data = desk("checkpoint", "--as", ORG, "--json").data
    assert (data["chain"], data["seq"], data["key"]) == (ORG, 1, desk.signer.fingerprint)
    assert desk("verify", "--as", ORG, "--json").data["checkpoints"] == 1
    desk.can_sign = False
    told = desk("checkpoint", "--as", ORG)
    assert (told.code, "ingen nyckel" in told.text) == (5, True)


def test_a_place_that_can_not_be_written_is_told(desk: Desk) -> None:
    desk.log().write(an_entry())
    desk.settings.checkpoints.write_text("not a folder")
    told = desk("checkpoint", "--as", ORG)
    assert (told.code, "Platsen för kontrollpunkter" in told.text) == (5, True)


def test_a_desk_that_is_not_there_is_told_and_not_made(desk: Desk) -> None:
    told = desk("verify", "--as", "soc-0180")
    assert told.code == 5
    assert not (desk.settings.var / "desks" / "soc-0180.db").exists()
    assert desk("verify", "--as", "Soc 180").code == 2


def test_every_break_and_every_matter_has_its_sentences() -> None:

    assert set(BREAKS) == set(get_args(BreakCode))
    assert set(MATTERS) == set(Matter)
    for sv, en in BREAKS.values():
        assert sv != en
