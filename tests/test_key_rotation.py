"""Changing the outer key: what is kept is not touched, and earlier copies of the key store become unreadable."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from activities.case_keys import CaseKeys, open_case_keys
from activities.desks import open_desk
from activities.key_store import Outer
from activities.organisation_keys import OrganisationKeys, open_keys
from activities.outer_keys import FileKeys, KeyProvider
from activities.stores import desk_url, open_database
from models.desk import Category, Compartment
from models.desk_tables import ItemRow
from models.keys import CannotOpen, Cell, KeyDestroyed, KeyFault, KeyMissing, Sealed, Wrapped
from models.settings import Settings
from models.words import CaseRef, case_reference
from tests.databases import Databases
from tests.key_support import keys_in
from tests.programs import Program

pytest_plugins = ("tests.key_fixtures",)

ORG = "soc-0381"
CASES = [case_reference(number) for number in range(5)]


def cell(case: CaseRef, compartment: Compartment = Compartment.RECORD) -> Cell:
    return Cell("items", "content", "r", case, compartment)


def sealed_in(keys: CaseKeys) -> dict[Cell, Sealed]:
    places = [cell(case, compartment) for case in CASES for compartment in Compartment]
    return {place: keys.seal(place, str(place).encode()) for place in places}


def all_open(keys: CaseKeys, sealed: dict[Cell, Sealed]) -> bool:
    return all(keys.open(place, each) == str(place).encode() for place, each in sealed.items())


def test_after_a_rotation_everything_opens_and_the_old_key_is_gone(keys: CaseKeys) -> None:
    sealed, blind = sealed_in(keys), keys.blind("x")
    assert keys.rotate() == 2
    assert all_open(keys, sealed)
    assert keys.status().outdated == 16
    assert keys.rewrap() == 16
    assert keys.rewrap() == 0
    assert keys.status().old_stand == (1,)
    assert keys.destroy_outdated() == (1,)
    assert keys.destroy_outdated() == ()
    assert all_open(keys, sealed)
    assert keys.blind("x") == blind
    status = keys.status()
    assert [(each.version, each.seals, each.stands) for each in status.outer] == [(1, 0, False), (2, 16, True)]
    assert (status.current, status.cases, status.destroyed_cases) == (2, 5, 0)


def test_an_old_key_is_not_destroyed_while_anything_needs_it(keys: CaseKeys) -> None:
    sealed = sealed_in(keys)
    keys.rotate()
    with pytest.raises(KeyFault) as caught:
        keys.destroy_outdated()
    assert "key rotate" in caught.value.sv
    assert keys.provider.versions() == (1, 2)
    assert all_open(keys, sealed)


def test_a_rewrapping_that_is_interrupted_changes_nothing_and_is_resumed(keys: CaseKeys) -> None:
    sealed = sealed_in(keys)
    keys.rotate()

    def interrupt(done: int, of: int) -> None:
        if (done, of) == (9, 15):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keys.rewrap(interrupt)
    assert keys.status().outdated == 15
    assert all_open(keys, sealed)
    told: list[tuple[int, int]] = []
    assert keys.rewrap(lambda done, of: told.append((done, of))) == 15
    assert told[-1] == (15, 15)
    assert keys.destroy_outdated() == (1,)
    assert all_open(keys, sealed)


def test_a_damaged_wrapped_key_stops_the_rewrapping_and_names_its_case(tmp_path: Path) -> None:
    keys = keys_in(f"sqlite:///{tmp_path / 'keys.db'}", ORG, FileKeys(ORG, tmp_path))
    sealed = sealed_in(keys)
    keys.rotate()
    with keys.alone() as session:
        session.connection().execute(
            text("update data_keys set blob = :blob where \"case\" = :case and compartment = 'threat'"),
            {"blob": b"\1" * 61, "case": CASES[2]},
        )
    keys.forget()
    with pytest.raises(KeyFault) as caught:
        keys.rewrap()
    assert CASES[2] in caught.value.sv
    assert keys.status().outdated == 15
    del sealed[cell(CASES[2], Compartment.THREAT)]
    assert all_open(keys, sealed)


def test_a_wrapped_key_moved_to_another_compartment_or_version_does_not_unwrap(tmp_path: Path) -> None:
    keys = keys_in(f"sqlite:///{tmp_path / 'keys.db'}", ORG, FileKeys(ORG, tmp_path))
    sealed = keys.seal(cell(CASES[0]), b"x")
    for change in ("compartment = 'threat'", "key_version = 2"):
        place = cell(CASES[0], Compartment.THREAT if "threat" in change else Compartment.RECORD)
        version = 2 if "version" in change else 1
        with keys.alone() as session:
            session.connection().execute(text(f"update data_keys set {change}"))  # noqa: S608
        with pytest.raises(CannotOpen):
            keys.open(place, Sealed(version, sealed.content))
        with keys.alone() as session:
            session.connection().execute(text("update data_keys set compartment = 'record', key_version = 1"))
    assert keys.open(cell(CASES[0]), sealed) == b"x"


def items(settings: Settings) -> list[tuple[str, int, bytes]]:
    engine = open_database(desk_url(settings, ORG))
    with Session(engine.execution_options(reading=True)) as session:
        return [(row.id, row.key_version, row.content) for row in session.exec(select(ItemRow).order_by(ItemRow.id))]


def copied(settings: Settings, where: Path) -> None:
    """A backup of a desk and one of its key store, as files that are not being written to."""
    for engine in (open_database(desk_url(settings, ORG)), open_database(f"sqlite:///{settings.keys / ORG}/keys.db")):
        connection = engine.raw_connection()
        connection.cursor().execute("pragma wal_checkpoint(truncate)")
        connection.close()
        engine.dispose()
    shutil.copytree(settings.var / "desks", where / "desks")
    shutil.copytree(settings.keys, where / "keys")


def test_rotating_touches_no_byte_that_is_kept(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    desk = open_desk(settings, ORG)
    for number, case in enumerate(CASES):
        desk.keep(f"00000000-0000-0000-0000-00000000000{number}", case, Category.ADDRESS, ORG, ["Storgatan", number])
    before = items(settings)
    desk.keys.rotate()
    desk.keys.rewrap()
    desk.keys.destroy_outdated()
    assert items(settings) == before
    assert [version for _, version, _ in before] == [1] * 5
    again = open_desk(settings, ORG)
    assert [again.newest(case, Category.ADDRESS) for case in CASES] == [["Storgatan", n] for n in range(5)]


def test_old_copies_of_desk_and_key_store_open_nothing_that_was_destroyed(tmp_path: Path) -> None:
    settings, item = Settings(var=tmp_path / "var"), "00000000-0000-0000-0000-000000000001"
    desk = open_desk(settings, ORG)
    desk.keep(item, CASES[0], Category.NOTE, ORG, {"note": "x"})
    desk.keep("00000000-0000-0000-0000-000000000002", CASES[1], Category.NOTE, ORG, {"note": "y"})
    copied(settings, tmp_path / "copy")
    desk.keys.destroy(CASES[0])

    restored = Settings(var=tmp_path / "restored")
    shutil.copytree(tmp_path / "copy", restored.var)
    assert open_desk(restored, ORG).content(item, CASES[0], Category.NOTE) == {"note": "x"}, "until the key is changed"

    desk.keys.rotate()
    desk.keys.rewrap()
    desk.keys.destroy_outdated()
    shutil.rmtree(restored.var)
    shutil.copytree(tmp_path / "copy", restored.var)
    for key in (restored.keys / ORG).glob("outer-*.key"):  # outer keys are backed up apart, and this one is destroyed
        key.unlink()
    for key in (settings.keys / ORG).glob("outer-*.key"):
        shutil.copy2(key, restored.keys / ORG)
    old = open_desk(restored, ORG)
    for case in CASES[:2]:
        with pytest.raises(KeyMissing):
            old.newest(case, Category.NOTE)
    # nor when the store's own note of which outer key it was is forged
    with old.keys.alone() as session:
        known_by = old.keys.provider.fingerprint(2)
        session.connection().execute(text("update outer_keys set version = 2, fingerprint = :by"), {"by": known_by})
        session.connection().execute(text("update data_keys set outer_version = 2"))
    with pytest.raises(CannotOpen):
        old.newest(CASES[0], Category.NOTE)

    copied(settings, tmp_path / "today")  # the old desk with the keys of today
    shutil.rmtree(tmp_path / "today" / "desks")
    shutil.copytree(tmp_path / "copy" / "desks", tmp_path / "today" / "desks")
    today = open_desk(Settings(var=tmp_path / "today"), ORG)
    with pytest.raises(KeyDestroyed):
        today.content(item, CASES[0], Category.NOTE)
    assert today.newest(CASES[1], Category.NOTE) == {"note": "y"}


def test_the_organisations_own_keys_are_wrapped_anew_before_the_old_key_goes(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    keys = open_case_keys(settings, ORG)
    own = open_keys(settings, ORG, Outer(keys))
    own.ensure(datetime(2027, 1, 5, tzinfo=UTC))
    signature = own.sign(b"act")
    keys.rotate()
    keys.destroy_outdated()
    assert FileKeys(ORG, settings.keys / ORG).versions() == (2,)
    again: OrganisationKeys = open_keys(settings, ORG, Outer(open_case_keys(settings, ORG)))
    assert again.sign(b"act") == signature


def test_another_outer_key_in_a_copied_store_is_refused_for_wrapping_too(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    outer = Outer(open_case_keys(settings, ORG))
    wrapped = outer.wrap(bytes(32), b"c")
    assert outer.unwrap(wrapped, b"c") == bytes(32)
    with pytest.raises(CannotOpen):
        outer.unwrap(Wrapped(7, wrapped.blob), b"c")
    (settings.keys / ORG / "outer-1.key").unlink()
    with pytest.raises(KeyMissing):
        Outer(open_case_keys(settings, ORG)).wrap(bytes(32), b"c")


# --- two at once -------------------------------------------------------------------------------------

SEALING = """
import sys
from pathlib import Path
from activities.outer_keys import FileKeys
from models.desk import Compartment
from models.keys import Cell
from models.words import case_reference
from tests.key_support import keys_in
url, folder = sys.argv[1:]
keys = keys_in(url, "soc-0381", FileKeys("soc-0381", Path(folder)))
print("ready", flush=True)
for number in range(100, 180):
    place = Cell("items", "content", "r", case_reference(number), Compartment.RECORD)
    version, content = keys.seal(place, b"x")
    print(number, version, content.hex(), flush=True)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "keys"))
    yield opened
    opened.dispose()


def test_nothing_sealed_while_the_outer_key_is_changed_is_lost(engine: Engine, tmp_path: Path) -> None:
    url, provider = engine.url.render_as_string(hide_password=False), FileKeys(ORG, tmp_path)
    keys = CaseKeys(ORG, engine, provider)
    with Program("-c", SEALING, url, str(tmp_path)) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        lines, rounds = [program.stdout.readline()], 0
        while program.poll() is None and rounds < 10:
            keys.rotate()
            keys.rewrap()
            keys.destroy_outdated()
            rounds += 1
        out, told = program.communicate(timeout=60)
    assert program.returncode == 0, told
    lines += out.splitlines()
    keys.rewrap()
    keys.destroy_outdated()
    assert len(lines) == 80
    for line in lines:
        number, version, content = line.split()
        sealed = Sealed(int(version), bytes.fromhex(content))
        assert keys.open(cell(case_reference(int(number))), sealed) == b"x"
    assert rounds > 1
    assert len(provider.versions()) == 1


def test_two_that_rotate_at_once_make_two_versions_and_both_are_known(engine: Engine, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    provider: KeyProvider = FileKeys(ORG, tmp_path)
    stores = [CaseKeys(ORG, engine, provider) for _ in range(2)]
    sealed = sealed_in(stores[0])
    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(CaseKeys.rotate, stores)) == [2, 3]
    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(CaseKeys.rewrap, stores)) == [0, 15]
    assert stores[0].destroy_outdated() == (1, 2)
    assert all_open(stores[1], sealed)
