"""Schemas: what the models say and what the migrations make are the same, on both kinds of database."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Literal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from activities.stores import BadDatabase, migrate, open_database
from models.desk_tables import METADATA as DESK
from models.register import METADATA as REGISTER
from tests.databases import Databases
from tests.support import ROOT

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
        columns = 'at, actor, action, "case", revision, previous, digest' if history == "register" else "day, count"
        values = (
            "'2027-01-05 10:00:00+00:00', 'a', 'b', 'c', 1, 'd', 'e'" if history == "register" else "'2027-01-05', 1"
        )
        connection.execute(text(f"insert into {kept} ({columns}) values ({values})"))  # noqa: S608
    migrate(engine, history)
    with engine.connect() as connection:
        assert connection.scalar(text(f"select count(*) from {kept}")) == 1  # noqa: S608


def test_programs_that_start_at_the_same_time_migrate_once(engine: Engine, history: History) -> None:
    url = engine.url.render_as_string(hide_password=False)
    programs = [
        subprocess.Popen([sys.executable, "-c", MIGRATING, url, history], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
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
