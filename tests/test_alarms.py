"""Alarms to an organisation's own managers: also about a case that is over, and said to be told only when they are."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, select

from activities.case_access import BrokenGlass
from activities.stores import open_database, register_url
from console import tending
from console.casework import Casework
from models.audit_tables import PlaneAuditRow
from models.plane import Alarm
from models.register import OutboxRow
from models.settings import Settings
from models.words import CaseRef, case_reference
from tests.command_line import CommandLine, Starter, closed_case
from tests.disclosing_support import SOCIAL
from tests.staff_support import a_case, someone
from tests.support import Stack, eventually
from tests.test_plane_api import STRANGER, Api, api, code

__all__ = ["api"]
WORD = "bara for ovning\n"
ROLES = ("manager-on-call", "security", "data-protection-officer")


@pytest.fixture(scope="module")
def over(starter: Starter, stack: Stack) -> CaseRef:
    return CaseRef(closed_case(CommandLine(starter, stack)))


def breaks_glass(cli: CommandLine, case: str) -> Any:
    breaking = ("access", "break-glass", case, "--as", SOCIAL, "--user", "handl-02", "--reason", "life-in-danger")
    return cli.json(*breaking, stdin=WORD)


def notices(stack: Stack, subject: str) -> list[OutboxRow]:
    engine = open_database(register_url(stack.settings))
    with Session(engine.execution_options(reading=True)) as session:
        found = list(session.exec(select(OutboxRow).where(OutboxRow.id.contains(subject))))  # type: ignore[attr-defined]
        session.expunge_all()
    engine.dispose()
    return found


def in_time(stack: Stack, subject: str) -> list[OutboxRow]:
    """What goes through a case reaches the outbox moments after the case has taken it."""

    async def look() -> list[OutboxRow]:
        return notices(stack, subject)

    return asyncio.run(eventually(look, lambda rows: len(rows) == len(ROLES)))


def audited(stack: Stack, subject: str) -> list[PlaneAuditRow]:
    engine = open_database(register_url(stack.settings))
    with Session(engine.execution_options(reading=True)) as session:
        found = [row for row in session.exec(select(PlaneAuditRow)) if subject in row.content]
        session.expunge_all()
    engine.dispose()
    return found


def test_breaking_the_glass_of_a_closed_case_tells_the_managers_and_says_so_only_then(
    cli: CommandLine, stack: Stack, over: CaseRef
) -> None:
    told = breaks_glass(cli, over)
    assert told["told"] is True
    rows = notices(stack, told["id"])
    assert {(row.org, row.role, row.about, row.case) for row in rows} == {
        (SOCIAL, role, "break-glass", over) for role in ROLES
    }
    (entry,) = audited(stack, told["id"])
    assert '"action":"alarm-break-glass"' in entry.content


def test_breaking_the_glass_of_an_open_case_tells_them_through_the_case(cli: CommandLine, stack: Stack) -> None:
    case = cli.open_case()
    told = breaks_glass(cli, case)
    assert told["told"] is True
    assert all(row.revision > 0 for row in in_time(stack, told["id"]))


def a_glass(casework: Casework, case: CaseRef) -> BrokenGlass:
    office = casework.office(SOCIAL)
    manager = someone(office.staff, "chef-01")
    glass = office.need_to_know.break_glass(manager, case, "life-in-danger", datetime.now(UTC), stepped_up=True)
    assert isinstance(glass, BrokenGlass)
    return glass


def test_what_nobody_could_be_told_is_owed_and_told_when_the_plane_answers_again(stack: Stack, over: CaseRef) -> None:
    """The desk's own reconciling tells what it owes, whatever has become of the case."""
    here = stack.casework()
    elsewhere = Casework(Settings(**{**stack.settings.model_dump(), "plane_url": "http://127.0.0.1:9"}))
    office = here.office(SOCIAL)
    unknown = a_case(office.engine, datetime.now(UTC))
    for case in (over, unknown):
        glass = a_glass(here, case)
        assert not asyncio.run(tending.raised(elsewhere.plane, office, glass.id, case))
        asyncio.run(tending.tell_of_broken_glass(office, here.plane))
        assert glass.id not in [each.id for each in office.need_to_know.owed_alerts()]
        assert {row.role for row in notices(stack, glass.id)} == set(ROLES)


def test_an_alarm_is_told_once_to_the_managers_of_who_signed_it_and_to_nobody_else(api: Api, stack: Stack) -> None:
    case, subject = case_reference(random.getrandbits(35)), str(uuid4())
    alarm = Alarm(case=case, about="incident", subject=subject)
    for _ in range(2):
        assert api.ask(STRANGER, "/v1/alarms", alarm).status_code == 200
    assert sorted((row.org, row.role) for row in notices(stack, subject)) == sorted((STRANGER, role) for role in ROLES)
    assert len(audited(stack, subject)) == 1
    body = alarm.model_dump_json().encode()
    assert api.post("/v1/alarms", body, None).status_code == 401
    words = body.replace(b'"incident"', b'"kanariefagel"')
    answer = api.post("/v1/alarms", words, api.token(STRANGER, "/v1/alarms", words))
    assert (answer.status_code, code(answer)) == (422, "not-understood")


# --- an incident ---------------------------------------------------------------------------------------------------


def raises(cli: CommandLine, case: str, what: str, *more: str, user: str = "handl-01") -> Any:
    return cli.json("incident", case, what, "--as", SOCIAL, "--user", user, *more)


def test_a_leak_in_a_closed_case_alarms_and_the_desk_keeps_its_72_hours(
    cli: CommandLine, stack: Stack, over: CaseRef
) -> None:
    before = datetime.now(UTC)
    told = raises(cli, over, "leak")
    assert (told["told"], told["in_case"], told["handoffs"]) == (True, False, {})
    assert {(row.org, row.role) for row in notices(stack, told["key"])} == {(SOCIAL, role) for role in ROLES}
    due = datetime.fromisoformat(told["report_by"])
    assert timedelta(0) <= due - timedelta(hours=72) - before < timedelta(minutes=1)
    mine = ("incident", "--as", SOCIAL, "--user")
    (row,) = [one for one in cli.json(*mine, "handl-01") if one["id"] == told["key"]]
    assert (row["case"], row["what"], datetime.fromisoformat(row["due_at"])) == (over, "leak", due)
    assert over in cli(*mine, "chef-01").out
    assert told["key"] not in {one["id"] for one in cli.json(*mine, "handl-02")}, "for those who see who is named"
    other = cli(*mine, "handl-02", "--handled", told["key"], "--json")
    assert (other.code, other.error["code"]) == (3, "nothing-to-handle")
    assert told["key"] not in {one["id"] for one in cli.json(*mine, "chef-01", "--handled", told["key"])}


def test_an_incident_that_no_case_carries_is_reminded_of_once_a_day_until_it_has_been_dealt_with(
    cli: CommandLine, stack: Stack, over: CaseRef
) -> None:
    here = stack.casework()
    office, told = here.office(SOCIAL), raises(cli, over, "somebody-asks")
    assert told["report_by"] is None
    day = timedelta(days=1)
    tomorrow = datetime.now(UTC) + day

    def reminders(at: datetime) -> int:
        before = len(notices(stack, "incident-open"))
        asyncio.run(tending.tell_of_incidents(office, here.plane, at))
        return len(notices(stack, "incident-open")) - before

    waiting = len(office.incidents.open())
    assert reminders(tomorrow - day) == 0
    assert reminders(tomorrow) == waiting * len(ROLES)
    assert reminders(tomorrow + timedelta(hours=1)) == 0
    for row in office.incidents.open():
        assert office.incidents.handled(someone(office.staff, "chef-01"), row.id, tomorrow) is None
    assert reminders(tomorrow + 2 * day) == 0


def test_a_note_that_is_not_for_this_account_stops_no_alarm(cli: CommandLine, stack: Stack) -> None:
    """A colleague who is not named takes the call, and writes down what was said."""
    case = cli.open_case()
    asked = ("incident", case, "somebody-asks", "--as", SOCIAL, "--user", "handl-02", "--note-file", "-", "--json")
    told = cli(*asked, stdin="Ringde och frågade")
    assert told.code == 0, told.text
    assert (told.data["told"], told.data["in_case"], told.data["note"]) == (True, True, "not-on-the-list")
    assert in_time(stack, told.data["key"])
    missing = raises(cli, case, "somebody-asks", "--note-file", "finns-inte")
    assert (missing["told"], missing["note"]) == (True, "note-not-readable")


def test_without_the_plane_an_incident_is_kept_and_owed_and_told_when_it_answers(
    cli: CommandLine, stack: Stack
) -> None:
    case = cli.open_case()
    alone = cli.with_settings(UTVAG_PLANE_URL="http://127.0.0.1:9")
    told = raises(alone, case, "leak")
    assert (told["told"], told["in_case"]) == (False, False)
    assert told["report_by"] is not None
    here = stack.casework()
    asyncio.run(tending.tell_of_incidents(here.office(SOCIAL), here.plane, datetime.now(UTC)))
    assert {row.role for row in in_time(stack, told["key"])} == set(ROLES)
    again = raises(cli, case, "leak", "--key", told["key"])
    assert (again["told"], again["in_case"]) == (True, True)
    assert again["handoffs"]["personal-data-breach"]
    assert len(notices(stack, told["key"])) == len(ROLES), "told once"


def test_a_day_on_which_nothing_can_have_been_discovered_is_told_before_anybody_is_alarmed(
    cli: CommandLine, stack: Stack
) -> None:
    case, key = cli.open_case(), str(uuid4())
    for day in ("1800-01-01T00:00", "0001-01-01T00:00", "9998-12-31T23:59"):
        asked = ("incident", case, "leak", "--as", SOCIAL, "--user", "handl-01", "--discovered", day, "--key", key)
        told = cli(*asked, "--json")
        assert (told.code, told.error["faults"][0]["field"]) == (2, "--discovered"), told.text
    assert not notices(stack, key)


# --- reviews that nobody has made ----------------------------------------------------------------------------


def test_a_review_that_is_overdue_is_shown_as_that_and_reminded_of_once_a_day(
    cli: CommandLine, stack: Stack, over: CaseRef
) -> None:
    here = stack.casework()
    office, case = here.office(SOCIAL), a_case(here.office(SOCIAL).engine, datetime.now(UTC))
    glass = a_glass(here, case)
    late = glass.review_by + timedelta(minutes=1)

    def reminders(at: datetime) -> set[str]:
        asyncio.run(tending.remind_of_reviews(office, here.plane, at))
        return {row.role for row in notices(stack, f"{case}/review-overdue")}

    def told(at: datetime) -> int:
        reminders(at)
        return len(notices(stack, f"{case}/review-overdue"))

    assert reminders(glass.review_by - timedelta(minutes=1)) == set()
    assert reminders(late) == {"unit-manager", "security", "data-protection-officer"}
    assert [told(late), told(late + timedelta(hours=2)), told(late + timedelta(days=1))] == [3, 3, 6]
    assert office.need_to_know.review(someone(office.staff, "sakerhet-01"), glass.id, late) is None
    assert told(late + timedelta(days=3)) == 6


def test_what_is_to_be_reviewed_says_whether_it_is_late(cli: CommandLine, stack: Stack) -> None:
    here = stack.casework()
    office = here.office(SOCIAL)
    old = a_case(office.engine, datetime.now(UTC) - timedelta(days=40))
    manager, at = someone(office.staff, "chef-01"), datetime.now(UTC) - timedelta(days=30)
    glass = office.need_to_know.break_glass(manager, old, "life-in-danger", at, stepped_up=True)
    assert isinstance(glass, BrokenGlass)
    new = breaks_glass(cli, cli.open_case())
    asked = ("access", "reviews", "--as", SOCIAL, "--user", "sakerhet-01")
    late = {one["id"]: one["overdue"] for one in cli.json(*asked)["break_glass"]}
    assert (late[glass.id], late[new["id"]]) == (True, False)
    assert "FÖRSENAD" in cli(*asked).out


def test_what_is_no_id_and_no_day_is_a_sentence(cli: CommandLine) -> None:
    at = ("--as", SOCIAL, "--user", "chef-01", "--json")
    for command in (("access", "review", "nyss"), ("access", "approve", "nyss")):
        told = cli(*command, *at, stdin=WORD)
        assert (told.code, told.error["faults"][0]["field"]) == (2, "ID"), told.text
    for day in ("0001-01-01", "9999-12-31"):
        told = cli("audit", "reads-by", "handl-01", "--since", day, *at)
        assert (told.code, told.error["faults"][0]["field"]) == (2, "--since"), told.text
