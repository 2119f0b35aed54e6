"""What has been disposed of can't be read from any copy made before: not from the desk's alone, and not from both.

Copies of the desk are kept long; copies of the key store are kept apart, and are worth nothing once the outer key of
their time has been destroyed. Each test also shows a copy that does open, so that it could have failed.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from activities.case_keys import CaseKeys
from activities.outer_keys import FileKeys
from activities.protected_data import DeskStore
from activities.stores import migrate, open_database, reading
from models.desk import Category
from models.keys import CannotOpen, KeyDestroyed, KeyFault, KeyMissing
from models.words import CaseRef
from tests.databases import Databases
from tests.disposal_support import DUE, MARKER, ORG, Desk
from tests.key_support import keys_in


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "desk"))
    yield opened
    opened.dispose()


@pytest.fixture
def desk(engine: Engine, tmp_path: Path) -> Desk:
    return Desk(engine, tmp_path)


def copy_of(engine: Engine, name: str) -> Engine:
    """A whole copy of a database, as a backup makes one, opened."""
    engine.dispose()
    if engine.dialect.name == "sqlite":
        here = Path(str(engine.url.database))
        there = here.with_name(f"{here.stem}-{name}.db")
        plain = sqlite3.connect(here)
        with sqlite3.connect(there) as target:
            plain.backup(target)
        target.close()
        plain.close()
        return open_database(f"sqlite:///{there}")
    copied = f"{engine.url.database}_{name}"
    maintenance = create_engine(make_url(engine.url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with maintenance.connect() as connection:
        connection.execute(text(f"create database {copied} template {engine.url.database}"))
    maintenance.dispose()
    return open_database(engine.url.set(database=copied).render_as_string(hide_password=False))


def copied_keys(tmp_path: Path, name: str) -> Path:
    """A copy of the key store's database; the outer keys are not in it."""
    there = tmp_path / name / "keys.db"
    there.parent.mkdir()
    for part in (tmp_path / ORG).glob("keys.db*"):
        shutil.copy(part, there.parent / part.name)
    return there


def restored(desk: Engine, keys: CaseKeys) -> DeskStore:
    return DeskStore(ORG, desk, keys)


def reads(store: DeskStore, case: CaseRef) -> object:
    """The note that was kept, or what stood in the way."""
    try:
        return store.newest(case, Category.NOTE)
    except KeyFault as fault:
        return type(fault)


def test_no_copy_made_before_opens_once_the_outer_key_of_its_time_is_gone(desk: Desk, tmp_path: Path) -> None:
    gone, stays = desk.closed_file(), desk.closed_file(at=DUE)
    old_desk, old_keys = copy_of(desk.engine, "before"), copied_keys(tmp_path, "before")
    desk.disposal.dispose(desk.approved().id, DUE)

    live = restored(old_desk, desk.keys)  # the desk's copy, with the key store as it is now
    assert (reads(live, gone), reads(live, stays)) == (KeyDestroyed, {"text": MARKER})

    outer = FileKeys(ORG, tmp_path / ORG)
    both = restored(old_desk, keys_in(f"sqlite:///{old_keys}", ORG, outer))
    assert reads(both, gone) == {"text": MARKER}  # why copies of the key store are kept apart, and not for long

    desk.keys.rotate()
    desk.keys.rewrap()
    assert desk.keys.destroy_outdated() == (1,)
    again = restored(old_desk, keys_in(f"sqlite:///{old_keys}", ORG, FileKeys(ORG, tmp_path / ORG)))
    for case in (gone, stays):
        assert reads(again, case) in (KeyMissing, CannotOpen)
    assert reads(desk.store, stays) == {"text": MARKER}  # what was not disposed of is read as ever
    old_desk.dispose()


def test_a_desk_copy_without_any_key_store_opens_nothing(desk: Desk, tmp_path: Path) -> None:
    case = desk.closed_file()
    old_desk = copy_of(desk.engine, "alone")
    empty = keys_in(f"sqlite:///{tmp_path / 'new' / 'keys.db'}", ORG, FileKeys(ORG, tmp_path / "new"))
    assert reads(restored(old_desk, empty), case) is CannotOpen
    assert reads(desk.store, case) == {"text": MARKER}
    old_desk.dispose()


def test_a_desk_put_back_from_an_older_copy_asks_the_archive_role_again_and_destroys_what_is_left(
    desk: Desk, tmp_path: Path
) -> None:
    case = desk.closed_file()
    old_desk = copy_of(desk.engine, "older")
    desk.disposal.dispose(desk.approved().id, DUE)
    back = Desk(old_desk, tmp_path, desk.keys)
    back.closures, back.facts = desk.closures, desk.facts
    assert back.rows(case) > 0
    assert back.files.verdict(case, DUE).rule == "keys-destroyed"
    approved = back.approved()
    back.disposal.dispose(approved.id, DUE)
    assert (back.rows(case), len(back.certificates())) == (0, 1)
    old_desk.dispose()


def test_nothing_of_a_file_is_left_in_the_bytes_of_the_database(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    engine = open_database(f"sqlite:///{path}")
    migrate(engine, "desk")
    desk = Desk(engine, tmp_path)
    case = desk.closed_file()
    with reading(engine) as session:
        sealed = session.connection().scalars(text('select content from items where "case" = :case'), {"case": case})
        traces = [MARKER.encode(), *(bytes(each)[-24:] for each in sealed)]
    before = b"".join(part.read_bytes() for part in tmp_path.glob("desk.db*"))
    assert all(trace in before for trace in traces[1:])
    assert any(form in before for form in (MARKER.encode(), MARKER.encode("unicode_escape"), b"Storfors"))
    desk.disposal.dispose(desk.approved().id, DUE)
    after = b"".join(part.read_bytes() for part in tmp_path.glob("desk.db*"))
    for trace in (*traces, b"Storfors"):
        assert trace not in after
    engine.dispose()
