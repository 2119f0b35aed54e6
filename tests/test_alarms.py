"""Alarms to an organisation's own managers: also about a case that is over, and never said to be told before they are."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
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
from tests.support import Stack
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
    (row, *_) = notices(stack, told["id"])
    assert row.revision > 0


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
