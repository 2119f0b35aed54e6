"""What is written down about somebody is written by an account that may, and the log says who: nobody's by default."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from activities.offices import Office
from models.audit import AuditEntry
from models.desk import Category
from models.words import CaseRef
from tests.command_line import CommandLine, Told, intake
from tests.disclosing_support import SOCIAL
from tests.support import Stack

CHILD = {"person": {"name": "Barn Kanarie", "born": "2015-01-01", "protection_mark": "protected-registration"}}
GROWN = {"person": {"name": "Barn Kanarie", "born": "1990-01-01", "protection_mark": "secrecy-marking"}}
ASSESSED = {"level": "low", "assessor": "officer", "assessed_at": "2026-01-14T15:00:00+01:00"}


@pytest.fixture
def office(stack: Stack) -> Any:
    opened = stack.casework().office(SOCIAL)
    yield opened
    opened.close()


def records(cli: CommandLine, case: str, filling: dict[str, Any], *who: str) -> Told:
    return cli("case", "record", case, "-", "--as", SOCIAL, *who, "--json", stdin=json.dumps(filling))


def entries(office: Office, case: str) -> list[AuditEntry]:
    return [link.entry for link in office.trail.links() if link.entry.case == case]


def kept(office: Office, case: str, *categories: Category) -> int:
    return len(office.items_of(CaseRef(case), categories or tuple(Category)))


def test_who_is_not_named_makes_no_child_an_adult_and_lowers_no_mark(cli: CommandLine, office: Office) -> None:
    case = cli.open_case(**CHILD)
    before, facts, mark = kept(office, case), office.person_facts(CaseRef(case)), office.mark_of(CaseRef(case))
    for user, why in (("handl-02", "not-on-the-list"), ("chef-01", "not-for-this-role"), ("nobody", "unknown-account")):
        told = records(cli, case, GROWN, "--user", user)
        assert (told.code, told.error["code"]) == (3, why)
    assert kept(office, case) == before
    assert (office.person_facts(CaseRef(case)), office.mark_of(CaseRef(case))) == (facts, mark)
    tried = [(one.user, one.outcome) for one in entries(office, case) if one.action == "recorded"]
    assert tried == [("handl-02", "not-on-the-list"), ("chef-01", "not-for-this-role")]


def test_without_an_account_nothing_is_written_and_no_case_is_opened(cli: CommandLine) -> None:
    """In production no account works here unless one is said to."""
    nobody = cli.with_settings(UTVAG_MODE="production", UTVAG_USER="")
    case = cli.open_case()
    for told in (records(nobody, case, GROWN), nobody("case", "open", "-", "--json", stdin=json.dumps(CHILD))):
        assert told.code != 0


def test_who_is_named_fills_in_and_the_log_says_who_and_what_kinds(cli: CommandLine, office: Office) -> None:
    case = cli.open_case(**CHILD)
    assert records(cli, case, GROWN | {"note": "säger sig vara vuxen"}, "--user", "handl-01").code == 0
    (entry,) = [one for one in entries(office, case) if one.action == "recorded"]
    assert (entry.user, entry.outcome, entry.categories) == ("handl-01", "done", ("identity", "note"))
    (opened,) = [one for one in entries(office, case) if one.action == "case-opened"]
    assert opened.user == "handl-01"
    assert {"identity", "contact"} <= set(opened.categories)


def test_facts_alone_take_an_account_that_may_write_in_the_file_too(cli: CommandLine, office: Office) -> None:
    case = cli.open_case()
    refused = records(cli, case, {"needs": ["debt"]}, "--user", "handl-02")
    assert (refused.code, refused.error["code"]) == (3, "not-on-the-list")
    assert records(cli, case, {"needs": ["debt"]}, "--user", "handl-01").code == 0
    assert [one.user for one in entries(office, case) if one.action == "recorded"] == ["handl-02", "handl-01"]


def test_a_note_or_an_assessment_with_an_act_is_kept_by_who_may_write_it_and_the_act_alone_by_anybody(
    cli: CommandLine, office: Office
) -> None:
    case = cli.open_case()
    asked = cli.handoffs(case)["support-request"]
    cli.json("handoff", "act", case, asked["id"], "accept", "--as", SOCIAL, "--user", "handl-01")
    hold = ("handoff", "act", case, asked["id"], "hold", "--reason", "awaiting-information", "--as", SOCIAL)
    before = kept(office, case)
    refused = cli(*hold, "--user", "handl-02", "--note-file", "-", "--json", stdin="inte min att skriva")
    assert (refused.code, refused.error["code"]) == (3, "not-on-the-list")
    assert kept(office, case) == before
    assert cli.handoffs(case)[asked["kind"]]["status"] != "on-hold", "nothing was done by halves"
    cli.json(*hold, "--user", "handl-01", "--note-file", "-", stdin="min att skriva")
    assert kept(office, case, Category.NOTE) == 1
    said = [(one.user, one.outcome) for one in entries(office, case) if one.action == "words-kept"]
    assert said == [("handl-02", "not-on-the-list"), ("handl-01", "done")]
    cli.json("handoff", "act", case, asked["id"], "resume", "--as", SOCIAL, "--user", "handl-02")


def test_whoever_takes_a_case_up_with_a_note_is_named_and_writes_it(cli: CommandLine) -> None:
    case = cli.open_case(urgency="acute")
    asked = cli.handoffs(case)["threat-assessment"]["id"]
    police = "polisen-mitt"
    accept = ("handoff", "act", case, asked, "accept", "--as", police, "--user", "handl-02", "--note-file", "-")
    cli.json(*accept, stdin="vi tar det")
    listed = cli.json("access", "list", case, "--as", police, "--user", "handl-02")
    assert [one["user"] for one in listed["named"]] == ["handl-02"]


def test_opening_again_with_the_same_key_is_no_way_onto_the_list(cli: CommandLine, office: Office) -> None:
    key = str(uuid4())
    case = cli.open_case(request_key=key)
    told = cli("case", "open", "-", "--user", "handl-02", "--json", stdin=json.dumps(intake(request_key=key)))
    assert told.data["case"] == case
    named = cli.json("access", "list", case, "--as", SOCIAL, "--user", "handl-01")["named"]
    assert [one["user"] for one in named] == ["handl-01"]


def test_what_can_not_be_logged_is_not_kept(cli: CommandLine, office: Office) -> None:
    case = cli.open_case()
    before = kept(office, case)
    stop = "create trigger no_more before insert on audit begin select raise(abort, 'full'); end"
    with office.engine.begin() as connection:
        connection.execute(text(stop))
    try:
        assert records(cli, case, {"note": "syns inte"}, "--user", "handl-01").code == 5
        assert cli("case", "open", "-", "--json", stdin=json.dumps(intake())).code == 5
    finally:
        with office.engine.begin() as connection:
            connection.execute(text("drop trigger no_more"))
    assert kept(office, case) == before
