"""Sealing, with every kind of outer key: in files, in a PKCS#11 token, and at the like of a key service."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, inspect

from activities.case_keys import CaseKeys, open_case_keys
from activities.outer_keys import FileKeys
from activities.sealing import place
from activities.stores import MIGRATIONS, key_store_url, open_database
from models.desk import Compartment
from models.key_tables import METADATA
from models.keys import CannotOpen, Cell, KeyDestroyed, KeyFault, KeyMissing, Sealed
from models.settings import Settings
from models.words import CaseRef, case_reference
from tests.databases import Databases
from tests.key_support import file_keys, keys_in
from tests.programs import Program

pytest_plugins = ("tests.key_fixtures",)

PLAIN = "Storgatan 1, åäö".encode()
CASE, OTHER_CASE = case_reference(1), case_reference(2)


def cell(case: CaseRef = CASE, row: str = "r1", **other: str) -> Cell:
    parts = {"table": "items", "column": "content", "compartment": "record"} | other
    return Cell(parts["table"], parts["column"], row, case, Compartment(parts["compartment"]))


# --- sealing -----------------------------------------------------------------------------------------


def test_what_is_sealed_opens_in_its_place_and_is_nowhere_to_be_read(keys: CaseKeys, tmp_path: Path) -> None:
    sealed = keys.seal(cell(), PLAIN)
    again = keys.seal(cell(), PLAIN)
    assert PLAIN not in sealed.content
    assert sealed.content != again.content
    assert keys.open(cell(), sealed) == keys.open(cell(), again) == PLAIN
    assert keys.open(cell(), keys.seal(cell(), b"")) == b""


MOVES = {
    "row": cell(row="r2"),
    "column": cell(column="author"),
    "table": cell(table="files"),
    "case": cell(case=OTHER_CASE),
    "compartment": cell(compartment="location"),
}


@pytest.mark.parametrize("what", MOVES)
def test_ciphertext_moved_to_another_place_does_not_open(what: str, keys: CaseKeys) -> None:
    sealed = keys.seal(cell(), PLAIN)
    keys.seal(MOVES[what], PLAIN)
    with pytest.raises(CannotOpen) as caught:
        keys.open(MOVES[what], sealed)
    tells_nothing(caught.value)


def test_ciphertext_under_another_key_version_does_not_open(keys: CaseKeys) -> None:
    sealed = keys.seal(cell(), PLAIN)
    for version in (-1, 0, 2, 10**9):
        with pytest.raises(CannotOpen):
            keys.open(cell(), Sealed(version, sealed.content))


def test_two_rows_that_have_changed_places_do_not_open(keys: CaseKeys) -> None:
    first, second = keys.seal(cell(row="a"), b"one"), keys.seal(cell(row="b"), b"two")
    for where, sealed in ((cell(row="a"), second), (cell(row="b"), first)):
        with pytest.raises(CannotOpen):
            keys.open(where, sealed)


def test_a_key_moved_to_another_case_does_not_open_its_data(keys: CaseKeys, tmp_path: Path) -> None:
    sealed = keys.seal(cell(), PLAIN)
    keys.seal(cell(case=OTHER_CASE), PLAIN)
    with closing(sqlite3.connect(tmp_path / "keys.db")) as database, database:
        database.execute('create temp table moved as select blob from data_keys where "case" = ?', (CASE,))
        database.execute('update data_keys set blob = (select blob from moved) where "case" = ?', (OTHER_CASE,))
    with pytest.raises(CannotOpen):
        keys.open(cell(case=OTHER_CASE), sealed)


def tells_nothing(error: KeyFault) -> None:
    assert error.sv
    assert error.en
    assert error.sv != error.en
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    for told in (CASE, "Storgatan", "items", "record", "r1"):
        assert told not in str(error)


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> CaseKeys:
    return file_keys(tmp_path_factory.mktemp("property"), "soc-0381")


@given(plain=st.binary(max_size=200), data=st.data())
def test_no_changed_byte_and_no_cut_is_believed(plain: bytes, data: st.DataObject, filed: CaseKeys) -> None:
    version, content = filed.seal(cell(), plain)
    assert filed.open(cell(), Sealed(version, content)) == plain
    at = data.draw(st.integers(0, len(content) - 1))
    flipped = content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 255))]) + content[at + 1 :]
    for spoilt in (flipped, content[:at], content[at + 1 :], content + b"\0"):
        with pytest.raises(CannotOpen) as caught:
            filed.open(cell(), Sealed(version, spoilt))
        tells_nothing(caught.value)


places = st.builds(
    Cell,
    st.sampled_from(["items", "files"]),
    st.text(max_size=6),
    st.text(max_size=6),
    st.sampled_from([CASE, OTHER_CASE]),
    st.sampled_from(Compartment),
)


@given(here=places, there=places)
def test_a_place_opens_its_own_and_no_other(here: Cell, there: Cell, filed: CaseKeys) -> None:
    sealed = filed.seal(here, PLAIN)
    filed.seal(there, PLAIN)
    if here == there:
        assert filed.open(there, sealed) == PLAIN
    else:
        with pytest.raises(CannotOpen):
            filed.open(there, sealed)


def test_one_desk_opens_nothing_of_anothers_in_the_same_process(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    ours, theirs = open_case_keys(settings, "soc-0381"), open_case_keys(settings, "polisen-mitt")
    assert key_store_url(settings, "soc-0381") != key_store_url(settings, "polisen-mitt")
    sealed = ours.seal(cell(), PLAIN)
    with pytest.raises(CannotOpen):
        theirs.open(cell(), sealed)
    theirs.seal(cell(), PLAIN)
    with pytest.raises(CannotOpen):
        theirs.open(cell(), sealed)
    assert ours.blind("x") != theirs.blind("x")
    assert ours.open(cell(), sealed) == PLAIN


def test_one_desk_opens_nothing_of_anothers_also_with_the_same_outer_key(tmp_path: Path) -> None:
    outer = FileKeys("shared", tmp_path / "outer")
    ours = keys_in(f"sqlite:///{tmp_path / 'keys.db'}", "soc-0381", outer)
    sealed = ours.seal(cell(), PLAIN)
    posing = keys_in(f"sqlite:///{tmp_path / 'keys.db'}", "polisen-mitt", outer)
    with pytest.raises(CannotOpen):
        posing.open(cell(), sealed)


# --- keys that are missing ---------------------------------------------------------------------------


class Lost(NamedTuple):
    what: str
    lose: Callable[[Path], object]


LOST = (
    Lost("removed", Path.unlink),
    Lost("another", lambda path: path.write_bytes(another_key(path))),
    Lost("torn", lambda path: path.write_bytes(path.read_bytes()[:20])),
    Lost("empty", lambda path: path.write_bytes(b"")),
    Lost("longer", lambda path: path.write_bytes(path.read_bytes() + b"\n")),
    Lost("changed", lambda path: path.write_bytes(b"\0" + path.read_bytes()[1:])),
)


def another_key(path: Path) -> bytes:
    folder = path.parent / "elsewhere"
    FileKeys("soc-0381", folder).rotate()
    return (folder / "outer-1.key").read_bytes()


@pytest.mark.parametrize("lost", LOST, ids=lambda lost: lost.what)
def test_a_missing_or_wrong_key_file_is_a_sentence_that_says_what_to_do(lost: Lost, tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    sealed = open_case_keys(settings, "soc-0381").seal(cell(), PLAIN)
    path = settings.keys / "soc-0381" / "outer-1.key"
    right = path.read_bytes()
    lost.lose(path)
    keys = open_case_keys(settings, "soc-0381")
    for ask in (
        lambda: keys.open(cell(), sealed),
        lambda: keys.seal(cell(), PLAIN),
        lambda: keys.seal(cell(case=OTHER_CASE), PLAIN),
        keys.rotate,
        keys.rewrap,
        keys.destroy_outdated,
        keys.status,
    ):
        with pytest.raises(KeyMissing) as caught:
            ask()
        assert "Lägg tillbaka" in caught.value.sv
        assert "back from the copy" in caught.value.en
    path.write_bytes(right)
    assert open_case_keys(settings, "soc-0381").open(cell(), sealed) == PLAIN
    assert FileKeys("soc-0381", path.parent).versions() == (1,)


# --- destroying --------------------------------------------------------------------------------------


def test_a_destroyed_case_opens_nothing_and_gets_no_new_key(keys: CaseKeys) -> None:
    sealed = keys.seal(cell(), PLAIN)
    kept = keys.seal(cell(case=OTHER_CASE), PLAIN)
    assert keys.destroy(CASE) == 1
    assert keys.destroy(CASE) == 0
    assert keys.destroyed(CASE)
    assert not keys.destroyed(OTHER_CASE)
    with pytest.raises(KeyDestroyed):
        keys.open(cell(), sealed)
    for compartment in Compartment:
        with pytest.raises(KeyDestroyed):
            keys.seal(cell(compartment=compartment), PLAIN)
    assert keys.open(cell(case=OTHER_CASE), kept) == PLAIN


def test_a_case_without_keys_is_destroyed_before_it_gets_any(keys: CaseKeys) -> None:
    assert keys.destroy(CASE) == 0
    with pytest.raises(KeyDestroyed):
        keys.seal(cell(), PLAIN)


def test_a_key_destroyed_by_another_is_not_used_from_memory(keys: CaseKeys, tmp_path: Path) -> None:
    sealed = keys.seal(cell(), PLAIN)
    assert keys.open(cell(), sealed) == PLAIN
    keys_in(f"sqlite:///{tmp_path / 'keys.db'}", keys.org, keys.provider).destroy(CASE)
    with pytest.raises(KeyDestroyed):
        keys.open(cell(), sealed)
    with pytest.raises(KeyDestroyed):
        keys.seal(cell(), PLAIN)


def test_a_destroyed_key_is_not_left_in_the_stores_files(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    keys = open_case_keys(settings, "soc-0381")
    keys.seal(cell(), PLAIN)
    store = settings.keys / "soc-0381" / "keys.db"
    with closing(sqlite3.connect(store)) as database:
        ((blob,),) = database.execute("select blob from data_keys").fetchall()
    files = [store, store.with_name("keys.db-wal")]
    assert any(blob in path.read_bytes() for path in files)
    keys.destroy(CASE)
    assert not any(blob in path.read_bytes() for path in files if path.exists())


# --- two at once -------------------------------------------------------------------------------------

SEALING = """
import sys
from pathlib import Path
from activities.outer_keys import FileKeys
from models.desk import Compartment
from models.keys import Cell
from models.words import case_reference
from tests.key_support import keys_in
url, folder, who = sys.argv[1:]
keys = keys_in(url, "soc-0381", FileKeys("soc-0381", Path(folder)))
print("ready", flush=True)
sys.stdin.readline()
for number in range(30):
    place = Cell("items", "content", who, case_reference(number), Compartment.RECORD)
    version, content = keys.seal(place, who.encode())
    print(version, content.hex(), flush=True)
print(keys.name, keys.blind("x"))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "keys"))
    yield opened
    opened.dispose()


def start_sealing(engine: Engine, folder: Path, who: str) -> Program:
    return Program("-c", SEALING, engine.url.render_as_string(hide_password=False), str(folder), who)


def test_two_processes_that_seal_at_once_make_one_key_a_case(engine: Engine, tmp_path: Path) -> None:
    names = ("first", "second")
    programs = [start_sealing(engine, tmp_path, who) for who in names]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    answers = [program.communicate(timeout=60) for program in programs]
    assert [program.returncode for program in programs] == [0, 0], answers
    told = [out.splitlines() for out, _ in answers]
    keys = CaseKeys("soc-0381", engine, FileKeys("soc-0381", tmp_path))
    for who, lines in zip(names, told, strict=True):
        for number, line in enumerate(lines[:-1]):
            version, content = line.split()
            where = Cell("items", "content", who, case_reference(number), Compartment.RECORD)
            assert keys.open(where, Sealed(int(version), bytes.fromhex(content))) == who.encode()
    assert told[0][-1] == told[1][-1], "one store, one index key"
    assert [each.seals for each in keys.status().outer] == [31]


def test_what_is_bound_is_the_whole_place_and_its_desk_in_canonical_json() -> None:
    assert place("soc-0381", cell(), 3) == (
        b'{"case":"U-0000-001Y","column":"content","compartment":"record","key_version":3,"org":"soc-0381",'
        b'"row":"r1","scheme":1,"table":"items"}'
    )


def test_a_key_store_has_the_schema_of_its_models_and_its_steps_can_be_taken_back(engine: Engine) -> None:
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA) == []
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS / "keys"))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
        command.upgrade(config, "head")
        assert set(inspect(connection).get_table_names()) == {*METADATA.tables, "alembic_version"}
