"""What a desk keeps of a case, wherever it stands, and getting rid of it without a trace in the database's files.

Tables are found, not listed: every table of a desk that has a column `case`, and what hangs on its rows. A table that
somebody adds later is therefore erased too, unless it is named here as one that outlives the case.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import structlog
from sqlalchemy import Column, ColumnElement, Connection, Engine, Table, delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from models.desk_tables import METADATA
from models.tables import UtcInstant
from models.words import CaseRef

OUTLIVES = frozenset({"audit", "disposal_lists", "disposal_entries", "disposal_certificates"})
"""What stays when a file is gone: the audit, which is only ever added to, and the disposal's own books."""
HANGS_ON = {"file_request_copies": ("request", "file_requests", "id")}
"""Tables whose rows belong to another's without the database knowing it: column, table, its column."""
ENTRIES = {
    "items": ("stored_at",),
    "inbox": ("arrived_at", "taken_back_at"),
    "openings": ("stored_at",),
    "consents": ("stored_at",),
    "demands": ("recorded_at", "settled_at"),
    "disclosures": ("at", "settled_at"),
    "packages": ("at",),
    "incidents": ("at", "handled_at"),
}
"""Where an entry in a file shows, and the column that says when. Of a table that is not known here, every instant that
has passed counts as one: a file is rather kept too long."""
NO_ENTRIES = frozenset(
    {
        "retention_files",
        "retention_holds",
        "file_requests",
        "identities",
        "case_access",
        "approvals",
        "break_glass",
        "case_links",
    }
)
"""Tables about the file rather than in it."""
log = structlog.get_logger(__name__)


def tables_of_a_case() -> dict[Table, Column[str]]:
    """Every table with a case of its own that goes with the case, those that others hang on first."""
    return {t: t.c["case"] for t in METADATA.sorted_tables if "case" in t.c and t.name not in OUTLIVES}


def rows_of(case: CaseRef) -> dict[Table, ColumnElement[bool]]:
    """For each table, which of its rows go with the case."""
    found: dict[Table, ColumnElement[bool]] = {}
    by_name = METADATA.tables
    for table in METADATA.sorted_tables:
        if table.name in OUTLIVES:
            continue
        if "case" in table.c:
            found[table] = table.c["case"] == case
        elif table.name == "tasks":
            found[table] = table.c["id"].startswith(f"{case}/", autoescape=True)
        elif table.name in HANGS_ON:
            column, parent, key = HANGS_ON[table.name]
            mine = select(by_name[parent].c[key]).where(by_name[parent].c["case"] == case)
            found[table] = table.c[column].in_(mine)
        else:
            for link in table.foreign_keys:
                if link.column.table in found:
                    mine = select(link.column).where(found[link.column.table])
                    found[table] = found[table] | link.parent.in_(mine) if table in found else link.parent.in_(mine)
    return found


def overwriting(session: Session) -> Connection:
    """The session's connection, where what goes is overwritten and not only forgotten."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("pragma secure_delete=on")
    return connection


def erase(session: Session, case: CaseRef) -> int:
    """Deletes every row of a case, in the caller's write transaction. Returns how many there were."""
    connection = overwriting(session)
    rows = rows_of(case)
    hanging = [table for table in rows if table.name in HANGS_ON]
    order = hanging + [table for table in reversed(rows) if table not in hanging]
    return sum(connection.execute(delete(table).where(rows[table])).rowcount for table in order)


def cases(session: Session) -> list[CaseRef]:
    """Every case that this desk keeps anything of."""
    found: set[str] = set()
    for table, column in tables_of_a_case().items():
        if table.name != "retention_holds":
            found.update(session.connection().scalars(select(column).where(column.is_not(None)).distinct()))
    return sorted(CaseRef(ref) for ref in found)


def has(session: Session, case: CaseRef) -> bool:
    """Whether this desk keeps anything of a case."""
    connection, places = session.connection(), tables_of_a_case()
    return any(connection.scalar(select(1).where(column == case).limit(1)) for column in places.values())


def last_entries(session: Session, now: datetime, case: CaseRef | None = None) -> dict[CaseRef, datetime]:
    """When something was last entered in each file (or in the one), as far as the desk's tables tell.

    An entry of a time to come is one too: then the clock has been set back, and nothing falls due by that.
    """
    latest: dict[CaseRef, datetime] = {}
    for column, whose in entry_columns():
        query = select(whose, func.max(column)).where(whose.is_not(None)).group_by(whose)
        if column.table.name not in ENTRIES:
            query = query.where(column <= now)
        for ref, at in session.connection().execute(query if case is None else query.where(whose == case)):
            if at is not None:
                instant = at if at.tzinfo else at.replace(tzinfo=UTC)
                latest[CaseRef(ref)] = max(instant, latest.get(CaseRef(ref), instant))
    return latest


def entry_columns() -> Iterator[tuple[Column[datetime], Column[str]]]:
    """The columns that say when something was entered, each with the column that says in which case."""
    for table, whose in tables_of_a_case().items():
        if table.name in NO_ENTRIES:
            continue
        names = ENTRIES.get(table.name) or [c.name for c in table.c if isinstance(c.type, UtcInstant)]
        for name in names:
            yield table.c[name], whose


def scrub(engine: Engine) -> bool:
    """Gives back the space of what was deleted, and empties the write-ahead log. Returns whether that went well.

    What was deleted can't be read anyway, its keys are destroyed; so a disposal does not fail because somebody else
    is using the database just then, or the disk is full. It is tried again with the next list.
    """
    try:
        if engine.dialect.name == "sqlite":
            connection = engine.raw_connection()
            try:
                for command in ("vacuum", "pragma wal_checkpoint(truncate)"):
                    connection.cursor().execute(command)
            finally:
                connection.close()
        else:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
                for table in (*tables_of_a_case(), METADATA.tables["tasks"], METADATA.tables["disposal_entries"]):
                    plain.exec_driver_sql(f'vacuum "{table.name}"')
    except SQLAlchemyError as problem:
        log.warning("the database could not be tidied after a disposal", reason=type(problem).__name__)
        return False
    except Exception as problem:  # the driver's own, from a raw connection
        log.warning("the database could not be tidied after a disposal", reason=type(problem).__name__)
        return False
    return True
