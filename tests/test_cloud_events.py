"""Events for other systems: what one says and who it is for; recorded once, with the revision it tells of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from activities.cloud_events import parties, sequence
from activities.register import Register
from activities.register_view import RegisterView
from activities.stores import open_database
from models.events import Actor, ClockMoved
from models.handoffs import Status
from tests.databases import Databases
from tests.events_support import NIGHT, batch, busy_case, expected, unread
from tests.rules_support import BED_1, NGO, POLICE, REF, REGION, SOC_A, later
from tests.support import ROOT

ORG = r"[a-z][a-z0-9-]{1,39}"
CODE = r"[a-z][a-z0-9-]{0,39}"
REFERENCE = r"U-[0-9A-Z]{4}-[0-9A-Z]{4}"
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
TOLD = {
    "specversion": r"1\.0",
    "id": rf"{REFERENCE}/\d+/H\d+",
    "source": r"/utvag/cases",
    "type": rf"se\.utvag\.handoff\.({'|'.join(Status)})",
    "subject": rf"{REFERENCE}/H\d+",
    "time": INSTANT,
    "datacontenttype": r"application/json",
    "sequence": r"\d{8}-\d{5}",
    "training": r"(True|False)",
    "data.resourceType": r"Task",
    "data.identifier.system": r"urn:utvag:handoff",
    "data.identifier.value": rf"{REFERENCE}/H\d+",
    "data.status": "|".join(Status),
    "data.businessStatus.coding.system": r"urn:utvag:business-status",
    "data.businessStatus.coding.code": CODE,
    "data.intent": r"order",
    "data.code.coding.system": r"urn:utvag:kind",
    "data.code.coding.code": CODE,
    "data.focus.identifier.system": r"urn:utvag:case",
    "data.focus.identifier.value": REFERENCE,
    "data.requester.identifier.system": r"urn:utvag:organisation",
    "data.requester.identifier.value": ORG,
    "data.owner.identifier.system": r"urn:utvag:organisation",
    "data.owner.identifier.value": ORG,
    "data.lastModified": INSTANT,
}
"""All that an event may say, and what it may look like. Whoever adds to this list asks what a party may know."""


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "register"))
    yield opened
    opened.dispose()


@pytest.fixture
def sqlite(databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url("sqlite", "register"))
    yield opened
    opened.dispose()


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in a JSON document, with the names that lead to it."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from leaves(inner, f"{name}.{key}".lstrip("."))
        case list():
            for inner in value:
                yield from leaves(inner, name)
        case _:
            yield name, value


# What is recorded


def test_each_status_change_becomes_one_event_however_often_its_revision_is_recorded(engine: Engine) -> None:
    case, register = busy_case(), Register(engine)
    register.record(batch(case))
    register.record(batch(case))
    register.record(batch(case, 2, 4))
    found = RegisterView(engine).events(REF)
    assert [event.id for event, _ in found] == expected(case)
    assert len(found) > 10
    assert {(event.revision, event.handoff) for event, _ in found} == {
        (entry.revision, change.handoff) for entry in case.entries for change in entry.changes
    }


def test_an_event_stands_or_falls_with_its_revision(engine: Engine) -> None:
    case, register = busy_case(), Register(engine)
    register.record(batch(case, 1, 1))
    whole = batch(case, 2)
    last = whole.entries[-1]
    doubled = last.model_copy(update={"changes": (*last.changes, *last.changes)})
    with pytest.raises(IntegrityError):
        register.record(whole.model_copy(update={"entries": (*whole.entries[:-1], doubled)}))
    assert {event.revision for event, _ in RegisterView(engine).events(REF)} == {1}
    assert len(RegisterView(engine).history(REF)) == 1
    register.record(whole)
    assert [event.id for event, _ in RegisterView(engine).events(REF)] == expected(case)


def test_an_event_is_for_the_two_parties_of_its_handoff_and_for_nobody_else(engine: Engine) -> None:
    case = busy_case()
    Register(engine).record(batch(case))
    known = set(case.state.organisations)
    for event, receivers in RegisterView(engine).events(REF):
        data = json.loads(event.content)["data"]
        told = {data[role]["identifier"]["value"] for role in ("requester", "owner")}
        assert set(receivers) == told
        assert set(receivers.values()) == {None}
    for org in known:
        assert unread(engine, org) == expected(case, org)
    assert {org for org in known if unread(engine, org)} == {SOC_A.id, POLICE.id, NGO.id, BED_1.id}
    assert RegisterView(engine).expecting_events() == {SOC_A.id, POLICE.id, NGO.id, BED_1.id}
    assert RegisterView(engine).expecting_events([NGO.id, REGION.id]) == {NGO.id}


def test_a_handoff_to_oneself_is_told_once() -> None:
    own = next(c for entry in busy_case().entries for c in entry.changes if c.requester == c.recipient)
    assert parties(own) == (SOC_A.id,)


# What an event says


def test_an_event_says_what_is_on_the_list_and_nothing_else(sqlite: Engine) -> None:
    case = busy_case()
    Register(sqlite).record(batch(case))
    seen = set()
    for event, _ in RegisterView(sqlite).events(REF):
        for name, value in leaves(json.loads(event.content)):
            assert re.fullmatch(TOLD[name], str(value)), name
            seen.add(name)
    assert seen == set(TOLD)


def test_the_event_shown_to_integrators_says_what_events_say() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "events.md").read_text(), re.DOTALL)
    told = dict(leaves(json.loads(shown)))
    assert all(re.fullmatch(TOLD[name], str(value)) for name, value in told.items())
    assert set(TOLD) - set(told) == {name for name in TOLD if name.startswith("data.businessStatus")}


def test_the_library_reads_our_events_and_they_carry_fhir_names(sqlite: Engine) -> None:
    case = busy_case()
    Register(sqlite).record(batch(case))
    changes = [(entry, change) for entry in case.entries for change in entry.changes]
    rows = RegisterView(sqlite).events(REF)
    for (row, _), (entry, change) in zip(rows, changes, strict=True):
        read = JSONFormat().read(None, row.content)
        assert read.get_id() == f"{REF}/{entry.revision}/{change.handoff}"
        assert read.get_subject() == f"{REF}/{change.handoff}"
        assert read.get_type() == f"se.utvag.handoff.{change.after}"
        assert read.get_time() == entry.at
        assert read.get_source() == "/utvag/cases"
        assert read.get_extension("training") is False
        task = read.get_data()
        assert isinstance(task, dict)
        assert task["status"] == change.after
        assert task["code"]["coding"][0]["code"] == change.kind
        assert task["owner"]["identifier"]["value"] == change.recipient
        assert ("businessStatus" in task) == (change.business_status is not None)
    types = [json.loads(row.content)["type"].rpartition(".")[2] for row, _ in rows]
    assert types[:4] == ["requested"] * 4
    assert [t for t in types if t != "requested"] == ["received", "accepted", "on-hold", "accepted", "cancelled"]


def test_the_sequence_of_a_case_orders_as_text() -> None:
    told = [sequence(revision, handoff) for revision in (1, 9, 10, 100) for handoff in ("H2", "H9", "H10", "H100")]
    assert told == sorted(told)
    assert len(set(told)) == len(told)


def test_training_is_said_and_a_moved_clock_is_the_time_of_what_it_brought_about(sqlite: Engine) -> None:
    case = busy_case(training=True)
    moved_at = later(NIGHT, hours=1)
    case.does(ClockMoved(key=case.key(), by=Actor(org=SOC_A.id), forward=timedelta(days=2)), moved_at)
    brought_about = case.entries[2].changes
    case.entries[-1] = case.entries[-1].model_copy(update={"changes": brought_about})
    Register(sqlite, "/utvag/skola/cases").record(batch(case))
    events = [json.loads(row.content) for row, _ in RegisterView(sqlite).events(REF)]
    assert {event["training"] for event in events} == {True}
    assert {event["source"] for event in events} == {"/utvag/skola/cases"}
    assert events[-1]["id"] == f"{REF}/{case.state.revision}/{brought_about[0].handoff}"
    assert events[-1]["time"] == events[-1]["data"]["lastModified"] == "2027-01-07T22:46:00Z"
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
