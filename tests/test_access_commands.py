"""Access at the command line: who is named, two persons, broken glass, accounts, cases that belong together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import typer
from typer.testing import CliRunner

from activities.approvals import Approval
from activities.offices import Office
from activities.own_word import DEMO_WORD
from activities.surroundings import read_settings
from console import access_commands, link_commands, staff_commands
from console.casework import Casework
from console.failures import INVALID, REFUSED
from console.staff_commands import read_hours
from models.access import Action
from models.words import CaseRef
from tests.command_line import Told
from tests.staff_support import a_case, someone

ORG = "soc-0381"
app = typer.Typer()
app.add_typer(access_commands.app, name="access")
app.add_typer(staff_commands.app, name="staff")
for command in (link_commands.link, link_commands.unlink, link_commands.links):
    app.command(command.__name__)(command)


class Terminal:
    """The commands, as somebody at this desk gives them."""

    def __call__(self, *arguments: str, stdin: str = "") -> Told:
        done = CliRunner().invoke(app, [*arguments, "--as", ORG], input=stdin, catch_exceptions=False)
        return Told(done.exit_code, done.stdout, done.stderr)

    def json(self, *arguments: str, stdin: str = "") -> Any:
        told = self(*arguments, "--json", stdin=stdin)
        assert told.code == 0, told.text
        return told.data

    def refused(self, *arguments: str, stdin: str = "") -> str:
        told = self(*arguments, "--json", stdin=stdin)
        assert told.code == REFUSED, told.text
        code: str = json.loads(told.out)["error"]["code"]
        return code


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("UTVAG_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("UTVAG_PLANE_URL", "http://127.0.0.1:9")
    return Terminal()


@pytest.fixture
def office(terminal: Terminal) -> Iterator[Office]:
    opened = Casework(read_settings(), ORG).office(ORG)
    yield opened
    opened.close()


@pytest.fixture
def case(office: Office) -> CaseRef:
    return a_case(office.engine, datetime.now(UTC))


WORD = f"{DEMO_WORD}\n"
GRANT = ("--reason", "handles-case", "--user", "chef-01")


def test_a_manager_names_a_colleague_and_takes_them_off_again(terminal: Terminal, case: CaseRef) -> None:
    assert terminal("access", "list", case, "--user", "chef-01").out.startswith("Ingen är behörig ännu")
    assert terminal("access", "grant", case, "handl-01", *GRANT).out.startswith("Behörigheten gäller nu.")
    listed = terminal.json("access", "list", case, "--user", "handl-01")
    assert [(each["user"], each["relation"], each["by"]) for each in listed["named"]] == [
        ("handl-01", "named", "chef-01")
    ]
    assert "handl-01" in terminal("access", "list", case, "--user", "chef-01").out
    assert terminal("access", "revoke", case, "handl-01", *GRANT).code == 0
    assert terminal.json("access", "list", case, "--user", "chef-01")["named"] == []
    assert terminal.json("access", "list", case, "--user", "chef-01", "--ended")["named"][0]["ended_at"]


def test_a_place_for_acute_protection_only_ends_by_itself(terminal: Terminal, case: CaseRef) -> None:
    terminal("access", "grant", case, "handl-01", "--acute-only", "--for", "12h", *GRANT)
    (entry,) = terminal.json("access", "list", case, "--user", "chef-01")["named"]
    assert (entry["relation"], entry["until"] is not None) == ("on-call", True)


def test_refusals_say_what_to_do_and_repeat_nothing(terminal: Terminal, case: CaseRef) -> None:
    told = terminal("access", "list", case, "--user", "handl-01")
    assert told.code == REFUSED
    assert "access break-glass" in told.err
    told = terminal("access", "grant", case, "handl-01", "--reason", "Anna-behover", "--user", "chef-01")
    assert told.code == REFUSED
    assert "handles-case" in told.err
    assert "Anna" not in told.text
    assert terminal.refused("access", "grant", case, "chef-01", *GRANT) == "not-oneself"
    assert terminal.refused("access", "list", case, "--user", "nobody") == "unknown-account"
    assert terminal.refused("access", "list", case, "--user", "handl-01", "--role", "security") == "role-not-yours"
    told = terminal("access", "grant", case, "Anna Andersson", *GRANT)
    assert (told.code, "Anna" in told.text) == (INVALID, False)


def test_two_persons_approve_at_the_terminal_with_their_own_word(
    terminal: Terminal, office: Office, case: CaseRef
) -> None:
    for user in ("handl-01", "handl-02"):
        terminal("access", "grant", case, user, *GRANT)
    anna = someone(office.staff, "handl-01")
    asked = office.approvals.request(anna, Action.CLOSE_CASE, case, case, datetime.now(UTC))
    assert isinstance(asked, Approval)
    assert asked.id in terminal("access", "list", case, "--user", "handl-02").out
    approve = ("access", "approve", asked.id, "--user")
    assert terminal.refused(*approve, "handl-02", stdin="not the right word\n") == "step-up-wrong"
    assert terminal.refused(*approve, "handl-01", stdin=WORD) == "not-oneself"
    told = terminal(*approve, "handl-02", stdin=WORD)
    assert told.code == 0, told.text
    assert told.out.startswith("Godkänt: avsluta ärendet")
    assert terminal.refused(*approve, "chef-01", stdin=WORD) == "already-approved"
    assert terminal.refused("access", "approve", str(uuid4()), "--user", "chef-01", stdin=WORD) == "no-such-request"


def test_glass_is_broken_also_when_nobody_can_be_told_just_now_and_then_it_is_owed(
    terminal: Terminal, office: Office, case: CaseRef
) -> None:
    breaking = ("access", "break-glass", case, "--user", "handl-01", "--reason", "life-in-danger")
    assert terminal.refused(*breaking, stdin="not the right word\n") == "step-up-wrong"
    assert terminal.refused(*breaking[:-1], "curious", stdin=WORD) == "access-reason-needed"
    told = terminal.json(*breaking, stdin=WORD)
    assert told["alerts"] == ["manager-on-call", "security", "data-protection-officer"]
    assert told["told"] is False
    assert [each.id for each in office.need_to_know.owed_alerts()] == [told["id"]]
    assert terminal.refused(*breaking, stdin=WORD) == "glass-not-needed"
    assert terminal.refused("access", "reviews", "--user", "handl-01") == "not-for-this-role"
    assert told["id"] in terminal("access", "reviews", "--user", "chef-01").out
    assert terminal("access", "review", told["id"], "--user", "chef-01").out.startswith("Noterat")
    assert terminal("access", "reviews", "--user", "chef-01").out.startswith("Inget att granska")
    assert terminal.refused("access", "review", told["id"], "--user", "chef-01") == "nothing-to-review"


def test_accounts_are_added_listed_and_ended_by_the_unit_manager(terminal: Terminal, office: Office) -> None:
    new = ("staff", "add", "handl-07", "--with-role", "caseworker", "--with-role", "on-call")
    hours = ("--hours", "mon-fri 08:00-16:00")
    assert terminal.refused(*new, stdin=WORD) == "unknown-account"
    assert terminal.refused(*new, "--user", "handl-01", stdin=f"{WORD}another long word\n") == "not-for-this-role"
    told = terminal(*new, *hours, "--user", "chef-01", stdin=f"{WORD}another long word\n")
    assert told.code == 0, told.text
    listed = {each["user"]: each for each in terminal.json("staff", "list", "--user", "chef-01")}
    assert listed["handl-07"]["roles"] == ["caseworker", "on-call"]
    assert listed["handl-07"]["hours"][4] == "fri 08:00-16:00"
    assert listed["handl-07"]["has_word"]
    assert "another" not in json.dumps(listed)
    assert "handl-07" in terminal("staff", "list", "--user", "chef-01").out
    change = ("staff", "set-word", "handl-07", "--user", "handl-07")
    assert terminal(*change, stdin="another long word\na third long word\n").code == 0
    assert office.staff.step_up("handl-07", "a third long word", datetime.now(UTC)) is None
    assert terminal("staff", "deactivate", "handl-07", "--user", "chef-01", stdin=WORD).code == 0
    assert terminal.refused("staff", "list", "--user", "handl-07") == "unknown-account"


def test_demo_accounts_open_nothing_in_production(
    terminal: Terminal, office: Office, case: CaseRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert someone(office.staff, "chef-01").user == "chef-01"
    monkeypatch.setenv("UTVAG_MODE", "production")
    assert terminal.refused("access", "list", case, "--user", "chef-01") == "unknown-account"


@pytest.mark.parametrize("told", ["mon", "mon-fri", "mon-xyz 08:00-16:00", "mon 25:00-26:00", "08:00-16:00", ""])
def test_hours_that_are_not_hours_are_told_so(told: str, terminal: Terminal, office: Office) -> None:
    add = ("staff", "add", "handl-07", "--with-role", "caseworker", "--user", "chef-01", "--hours", told)
    answer = terminal(*add, stdin=WORD)
    assert answer.code == INVALID
    assert "--hours" in answer.text


def test_hours_go_round_the_week() -> None:
    assert [each.weekday for each in read_hours("sat-mon 17:00-07:00")] == [5, 6, 0]
    assert [each.weekday for each in read_hours("SUN 00:00-00:00")] == [6]


def test_cases_that_belong_together_are_tied_by_who_is_named_on_both(
    terminal: Terminal, office: Office, case: CaseRef
) -> None:
    other, handler = a_case(office.engine, datetime.now(UTC)), ("--user", "handl-01")
    terminal("access", "grant", case, "handl-01", *GRANT)
    tie = ("link", case, other, "--tie", "child", "--household", *handler)
    assert terminal.refused(*tie) == "not-on-the-list"
    terminal("access", "grant", other, "handl-01", *GRANT)
    assert terminal(*tie).code == 0
    assert terminal.refused("links", other, *handler) == "purpose-needed"
    found = terminal.json("links", other, *handler, "--purpose", "handle-case")["links"]
    assert found == [{"other": case, "tie": "parent", "household": True}]
    assert "förälder" in terminal("links", other, *handler, "--purpose", "handle-case").out
    assert terminal("link", case, case, "--tie", "child", *handler).code == INVALID
    assert terminal("link", case, other, "--tie", "friend", *handler).code == INVALID
    assert terminal("unlink", other, case, *handler).code == 0
    assert terminal("links", case, *handler, "--purpose", "handle-case").out.startswith("Inget annat ärende")
    assert "links" in "".join(link.entry.action for link in office.trail.who_read(case))
