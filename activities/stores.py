"""Databases: opened one way, migrated one way. SQLite under `var/` by default, PostgreSQL in production."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, inspect, make_url, text
from sqlmodel import Session

from models.settings import Settings
from models.words import OrgId

MIGRATIONS = Path(__file__).parent.parent / "migrations"
BUSY_SECONDS = 30
MIGRATION_LOCK = 7_481_252
"""PostgreSQL advisory lock: of programs that start at the same time one migrates; SQLite's write lock does the same."""


MIGRATING = Lock()
"""Alembic keeps its context in module variables: one thread of a program migrates at a time."""


class BadDatabase(Exception):
    """A database can't be brought to this program's schema. Says why."""


def register_url(settings: Settings) -> str:
    return with_password(
        settings.register_url or f"sqlite:///{settings.var / 'register.db'}", settings.register_password
    )


def desk_url(settings: Settings, org: OrgId) -> str:
    template = settings.desk_url_template or f"sqlite:///{settings.var / 'desks'}/{{org}}.db"
    return with_password(template.format(org=org), settings.desk_password)


def key_store_url(settings: Settings, org: OrgId) -> str:
    template = settings.key_store_url_template or f"sqlite:///{settings.keys}/{{org}}/keys.db"
    return template.format(org=org)


def with_password(url: str, password: Any | None) -> str:
    if password is None:
        return url
    return make_url(url).set(password=password.get_secret_value()).render_as_string(hide_password=False)


def open_database(url: str) -> Engine:
    """An engine whose write transactions take the lock at once and whose errors never show parameters.

    On SQLite every commit is on disk before it is confirmed (WAL, synchronous FULL). Without BEGIN IMMEDIATE,
    concurrent read-modify-writes would be lost or refused.
    """
    if not url.startswith("sqlite"):
        server = create_engine(url, hide_parameters=True, pool_pre_ping=True)
        event.listen(server, "handle_error", leave_out_the_row)
        return server
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        Path(path).touch(mode=0o600)  # SQLite gives its -wal and -shm files the same rights
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=on"):
            connection.execute(f"pragma {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def leave_out_the_row(context: ExceptionContext) -> None:
    """PostgreSQL's errors repeat the offending row in their details, and errors end up in logs and in Temporal."""
    error, told = context.original_exception, context.sqlalchemy_exception
    diagnosis = getattr(error, "diag", None)
    if diagnosis is not None and diagnosis.sqlstate is not None:
        error.args = (f"{diagnosis.sqlstate} {diagnosis.constraint_name or diagnosis.column_name or ''}".strip(),)
        if told is not None:
            told.args = (f"({type(error).__name__}) {error.args[0]}",)


def open_existing(url: str) -> Engine:
    """A database that another program makes; looking for it does not make it.

    Raises:
        BadDatabase: it has not been made yet.
    """
    path = make_url(url).database if url.startswith("sqlite") else None
    if path and not Path(path).exists():
        raise BadDatabase("the database is not there yet")
    return open_database(url)


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """One write transaction: all of it or nothing."""
    with Session(engine) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A consistent view that takes no write lock."""
    with Session(engine.execution_options(reading=True)) as session:
        yield session


def migrate(engine: Engine, history: Literal["register", "desk", "keys"]) -> None:
    """Brings a database to the newest schema of its kind.

    Raises:
        BadDatabase: it has been migrated by a newer program than this one.
    """
    if is_newest(engine, history):
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / history))
    with MIGRATING, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise BadDatabase(str(error)) from None


def is_newest(engine: Engine, history: str) -> bool:
    """Whether there is nothing to migrate: seen without loading the tool for it, so that commands are quick."""
    newest = max(path.name.partition("_")[0] for path in (MIGRATIONS / history / "versions").glob("[0-9]*_*.py"))
    with engine.execution_options(reading=True).connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return bool(connection.scalar(text("select version_num from alembic_version")) == newest)
