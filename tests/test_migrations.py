"""Schemas: what the models say and what the migrations make are the same, on both kinds of database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from activities.register import Register
from activities.register_view import RegisterView, deadline_of
from activities.stores import MIGRATIONS, BadDatabase, migrate, open_database
from models.desk_tables import METADATA as DESK
from models.register import METADATA as REGISTER
from models.words import CaseRef
from tests.databases import Databases, grown, recording
from tests.programs import Program

History = Literal["register", "desk"]
METADATA = {"register": REGISTER, "desk": DESK}
MIGRATING = (
    "import sys; from activities.stores import migrate, open_database; migrate(open_database(sys.argv[1]), sys.argv[2])"
)


@pytest.fixture(params=["register", "desk"])
def history(request: pytest.FixtureRequest) -> History:
    chosen: History = request.param
    return chosen


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param))
    yield opened
    opened.dispose()


def test_models_and_migrations_agree(engine: Engine, history: History) -> None:
    migrate(engine, history)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA[history]) == []
    assert set(inspect(engine).get_table_names()) == {*METADATA[history].tables, "alembic_version"}


def test_migrating_twice_is_harmless(engine: Engine, history: History) -> None:
    migrate(engine, history)
    with engine.begin() as connection:
        kept = "audit" if history == "register" else "questions"
        columns = 'seq, at, "user", "case", content, previous, digest' if history == "register" else "day, count"
        values = "1, '2027-01-05', 'a', 'b', 'c', 'd', 'e'" if history == "register" else "'2027-01-05', 1"
        connection.execute(text(f"insert into {kept} ({columns}) values ({values})"))  # noqa: S608
    migrate(engine, history)
    with engine.connect() as connection:
        assert connection.scalar(text(f"select count(*) from {kept}")) == 1  # noqa: S608


def test_programs_that_start_at_the_same_time_migrate_once(engine: Engine, history: History) -> None:
    url = engine.url.render_as_string(hide_password=False)
    programs = [Program("-c", MIGRATING, url, history) for _ in range(3)]
    told = [program.communicate(timeout=60)[1] for program in programs]
    assert [program.returncode for program in programs] == [0, 0, 0], told
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from alembic_version")) == 1


def test_a_database_of_a_newer_program_is_refused_and_left_alone(engine: Engine, history: History) -> None:
    migrate(engine, history)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(BadDatabase):
        migrate(engine, history)
    with engine.connect() as connection:
        assert connection.scalar(text("select version_num from alembic_version")) == "9999"


BEFORE_0002 = {
    "handoffs": (
        'insert into handoffs ("case", id, kind, urgency, requester, recipient, status, requested_at)'
        " values ('U-0000-007J', 'H1', 'support-request', 'acute', 'soc-0381', 'soc-0381', 'requested',"
        " '2027-01-05 10:00:00+00:00')"
    ),
    "deadlines": (
        'insert into deadlines ("case", handoff, name, due, next_at, rung, recurrences, late_at_birth)'
        " values ('U-0000-007J', 'H1', 'decision', '2027-01-06 10:00:00+00:00', null, 2, 1, true)"
    ),
}
REVISIONS = {
    "register": ["0001", "0002", "0006"],
    "desk": ["0001"],
}


def step(engine: Engine, history: History, to: str, how: Callable[[Config, str], None]) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / history))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        how(config, to)


def test_a_register_with_rows_is_upgraded_and_says_what_it_does_not_know(engine: Engine) -> None:
    step(engine, "register", "0001", command.upgrade)
    with engine.begin() as connection:
        for row in BEFORE_0002.values():
            connection.execute(text(row))
    migrate(engine, "register")
    view = RegisterView(engine)
    (handoff,), (deadline,) = view.handoffs(CaseRef("U-0000-007J")), view.deadlines()
    assert (handoff.status, handoff.accepted_at, handoff.rerouted_from) == ("requested", None, None)
    assert (deadline.rung, deadline.recurrences, deadline.late_at_birth) == (2, 1, True)
    assert (deadline.stands, deadline.consumed_seconds, deadline.extensions) == (False, 0, 0)
    assert (deadline.climbed, deadline.moves, deadline.alarm_acknowledged) == ({}, [], 0)
    assert (deadline.clock, deadline.origin, deadline.budget_seconds) == (None, None, None)
    assert deadline_of(deadline) is None
    assert view.expecting_events() == set()
    Register(engine).record(recording(grown(CaseRef("U-0000-007J"), 2)))
    assert all(deadline_of(row) for row in view.deadlines())


def test_a_case_that_was_there_before_stands_beside_its_police(engine: Engine) -> None:
    step(engine, "register", "0006", command.upgrade)
    with engine.begin() as connection:
        for ref, acting in (("U-0000-007J", '{"police": "polisen-mitt"}'), ("U-0000-00AN", "{}")):
            connection.execute(
                text(
                    "insert into cases (ref, revision, phase, urgency, opener, track_b, opened_at,"
                    " clock_offset_seconds, pack_digest, state_digest, snapshot) values (:ref, 1, 'a', 'acute',"
                    " 'soc-0381', 'none', '2027-01-05 10:00:00+00:00', 0, 'a', 'b', :snapshot)"
                ),
                {"ref": ref, "snapshot": f'{{"acting": {acting}}}'},
            )
    migrate(engine, "register")
    assert {row.ref: row.police for row in RegisterView(engine).cases()} == {
        "U-0000-007J": "polisen-mitt",
        "U-0000-00AN": None,
    }


def test_every_step_can_be_taken_back_and_taken_again(engine: Engine, history: History) -> None:
    kept = {"handoffs": 1, "deadlines": 1} if history == "register" else {}
    step(engine, history, "head", command.upgrade)
    with engine.begin() as connection:
        for table in kept:
            connection.execute(text(BEFORE_0002[table]))
    for revision in reversed(REVISIONS[history][:-1]):
        step(engine, history, revision, command.downgrade)
        with engine.connect() as connection:
            for table, count in kept.items():
                assert connection.scalar(text(f"select count(*) from {table}")) == count  # noqa: S608
    step(engine, history, "base", command.downgrade)
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    test_models_and_migrations_agree(engine, history)
