"""What a desk keeps: sealed row by row, bound to one key store, and found by personnummer without the number."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from activities.case_keys import INDEX
from activities.desks import open_desk
from activities.protected_data import DeskStore
from activities.stores import desk_url, migrate, open_database, writing
from console.coding import kept_items
from models.desk import Category
from models.desk_tables import ItemRow
from models.intake import Filling, IdentityKind, Person
from models.keys import CannotOpen, KeyDestroyed, KeyMissing
from models.settings import Settings
from models.vault_tables import IdentityRow
from models.words import CaseRef, case_reference
from tests.command_line import synthetic_personnummer
from tests.databases import Databases
from tests.key_support import file_keys
from tests.programs import Program

ORG = "soc-0381"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "desk"))
    yield opened
    opened.dispose()


@pytest.fixture
def desk(engine: Engine, tmp_path: Path) -> DeskStore:
    return DeskStore(ORG, engine, file_keys(tmp_path, ORG))


@pytest.fixture
def case() -> CaseRef:
    return a_case()


def a_case() -> CaseRef:
    return case_reference(secrets.randbits(35))


def person(number: str, **more: str) -> dict[str, dict[str, str]]:
    return {"person": {"personnummer": number} | more}


# --- sealed rows -------------------------------------------------------------------------------------


def test_nothing_that_is_kept_can_be_read_in_the_database(desk: DeskStore, engine: Engine, case: CaseRef) -> None:
    for category in Category:
        desk.keep(str(uuid4()), case, category, ORG, {"text": "Lingonvägen"})
        assert desk.newest(case, category) == {"text": "Lingonvägen"}
        assert desk.knows(case, category)
    with Session(engine.execution_options(reading=True)) as session:
        rows = session.exec(select(ItemRow)).all()
        assert len(rows) == len(Category)
        assert all(row.key_version == 1 and b"Lingon" not in row.content for row in rows)


@pytest.mark.parametrize(
    "change",
    [
        "id = '11111111-1111-1111-1111-111111111111'",
        "category = 'note'",
        "category = 'address'",
        '"case" = :other',
        "key_version = 0",
        "key_version = 2",
        "content = :short",
    ],
)
def test_a_row_that_has_been_tampered_with_does_not_open(
    change: str, desk: DeskStore, engine: Engine, case: CaseRef
) -> None:
    other, here = a_case(), case
    desk.keep(str(uuid4()), other, Category.NOTE, ORG, "other")
    desk.keep(str(uuid4()), case, Category.NOTE, ORG, "note")
    desk.keep(str(uuid4()), case, Category.IDENTITY, ORG, "identity")
    with writing(engine) as session:
        wanted = text(f"update items set {change} where \"case\" = :case and category = 'identity'")  # noqa: S608
        told = {"case": case, "other": other, "short": b"\1\2"}
        session.connection().execute(wanted, {name: told[name] for name in told if f":{name}" in wanted.text})
        row = session.exec(select(ItemRow).where(ItemRow.case == (other if "other" in change else case))).all()
        here = other if "other" in change else here
        category = next((c for c in ("note", "address") if f"'{c}'" in change), "identity")
        spoilt = [each for each in row if each.category == category]
        session.expunge_all()
    seen = []
    for each in spoilt:
        try:
            seen.append(desk.content(each.id, here, Category(category)))
        except CannotOpen:
            seen.append(None)
    assert "identity" not in seen
    assert None in seen


def test_a_destroyed_case_gives_nothing_and_takes_nothing(desk: DeskStore, case: CaseRef) -> None:
    desk.keep(str(uuid4()), case, Category.NOTE, ORG, "note")
    desk.keys.destroy(case)
    with pytest.raises(KeyDestroyed):
        desk.newest(case, Category.NOTE)
    item = str(uuid4())
    with pytest.raises(KeyDestroyed):
        desk.keep(item, case, Category.ADDRESS, ORG, "address")
    assert not desk.knows(case, Category.ADDRESS)


def test_a_desk_is_not_opened_with_anothers_keys(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="own keys"):
        DeskStore(ORG, engine, file_keys(tmp_path, "polisen-mitt"))


def test_a_desk_whose_key_store_is_lost_is_refused_and_not_given_new_keys(tmp_path: Path, case: CaseRef) -> None:
    settings = Settings(var=tmp_path)
    open_desk(settings, ORG).keep(str(uuid4()), case, Category.NOTE, ORG, "note")
    store = settings.keys / ORG / "keys.db"
    for path in store.parent.glob("keys.db*"):
        path.rename(path.with_name(f"kept-{path.name}"))
    with pytest.raises(KeyMissing) as caught:
        open_desk(settings, ORG)
    assert "Lägg tillbaka" in caught.value.sv
    for path in store.parent.glob("keys.db*"):
        path.unlink()
    for path in store.parent.glob("kept-*"):
        path.rename(path.with_name(path.name.removeprefix("kept-")))
    assert open_desk(settings, ORG).newest(case, Category.NOTE) == "note"


# --- from before -------------------------------------------------------------------------------------


def keep_unsealed(engine: Engine, case: CaseRef, category: Category, content: bytes) -> None:
    with writing(engine) as session:
        now = datetime.now(UTC)
        session.add(ItemRow(id=str(uuid4()), case=case, category=category, author=ORG, stored_at=now, content=content))


def test_what_was_kept_unsealed_is_sealed_once_and_found(desk: DeskStore, engine: Engine, case: CaseRef) -> None:
    number = synthetic_personnummer()
    keep_unsealed(engine, case, Category.NOTE, b'{"note": "Lingon"}')
    keep_unsealed(engine, case, Category.IDENTITY, f'{{"person": {{"personnummer": "{number}"}}}}'.encode())
    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(lambda _: desk.seal_what_was_open(), range(2))) == [0, 2]
    assert desk.newest(case, Category.NOTE) == {"note": "Lingon"}
    assert desk.find_by_personnummer(number) == [case]
    keep_unsealed(engine, case, Category.ADDRESS, b'"planted"')
    assert desk.seal_what_was_open() == 0
    with pytest.raises(CannotOpen):
        desk.newest(case, Category.ADDRESS)


def test_what_was_kept_unsealed_is_not_left_in_the_databases_files(tmp_path: Path, case: CaseRef) -> None:
    settings, marker = Settings(var=tmp_path), secrets.token_hex(8)
    engine = open_database(desk_url(settings, ORG))
    migrate(engine, "desk")
    for _ in range(50):
        keep_unsealed(engine, case, Category.NOTE, f'"{marker}"'.encode())
    files = list((tmp_path / "desks").iterdir())
    assert any(marker.encode() in path.read_bytes() for path in files)
    assert open_desk(settings, ORG).newest(case, Category.NOTE) == marker
    assert not any(marker.encode() in path.read_bytes() for path in (tmp_path / "desks").iterdir())


# --- who it is about ---------------------------------------------------------------------------------


def test_a_person_is_found_however_the_number_is_written_and_nobody_else(desk: DeskStore, engine: Engine) -> None:
    number, cases = synthetic_personnummer(), sorted([a_case(), a_case()])
    for case in cases:
        desk.keep(str(uuid4()), case, Category.IDENTITY, ORG, person(number))
    desk.keep(str(uuid4()), a_case(), Category.IDENTITY, ORG, {"person": {"name": "x"}})
    for written in (number, f"{number[:8]}-{number[8:]}", f" {number[2:8]}-{number[8:]} ", number[2:]):
        assert desk.find_by_personnummer(written) == cases
    assert desk.find_by_personnummer(synthetic_personnummer()) == []
    with pytest.raises(ValueError, match="not a personnummer"):
        desk.find_by_personnummer("Anna")
    with Session(engine.execution_options(reading=True)) as session:
        assert all(
            number[2:] not in f"{row.index}" and len(row.index) == 64 for row in session.exec(select(IdentityRow))
        )


def test_a_corrected_number_finds_the_case_and_the_wrong_one_no_longer(desk: DeskStore, case: CaseRef) -> None:
    wrong, right = synthetic_personnummer(), synthetic_personnummer()
    desk.keep(str(uuid4()), case, Category.IDENTITY, ORG, person(wrong))
    desk.keep(str(uuid4()), case, Category.IDENTITY, ORG, {"registered_municipality": "0380"})
    assert desk.find_by_personnummer(wrong) == [case]
    desk.keep(str(uuid4()), case, Category.IDENTITY, ORG, person(right))
    assert (desk.find_by_personnummer(wrong), desk.find_by_personnummer(right)) == ([], [case])


def test_the_index_key_is_changed_and_everybody_is_still_found(desk: DeskStore, engine: Engine) -> None:
    numbers = {a_case(): synthetic_personnummer() for _ in range(4)}
    for case, number in numbers.items():
        desk.keep(str(uuid4()), case, Category.IDENTITY, ORG, person(synthetic_personnummer()))
        desk.keep(str(uuid4()), case, Category.IDENTITY, ORG, person(number))
    gone = a_case()
    desk.keep(str(uuid4()), gone, Category.IDENTITY, ORG, person(synthetic_personnummer()))
    desk.keys.destroy(gone)
    with Session(engine.execution_options(reading=True)) as session:
        before = set(session.exec(select(IdentityRow.index)))
    (key,) = desk.keys.secrets(INDEX).values()
    assert desk.reindex() == 5
    assert desk.keys.secrets(INDEX).keys() == {2}
    assert desk.keys.secrets(INDEX)[2] != key
    assert all(desk.find_by_personnummer(number) == [case] for case, number in numbers.items())
    with Session(engine.execution_options(reading=True)) as session:
        rows = session.exec(select(IdentityRow)).all()
    assert {row.case for row in rows} == set(numbers)
    assert before.isdisjoint(row.index for row in rows)


def test_a_reindexing_that_was_interrupted_finds_all_the_time_and_is_finished(desk: DeskStore, case: CaseRef) -> None:
    first, second, later = synthetic_personnummer(), synthetic_personnummer(), a_case()
    desk.keep(str(uuid4()), case, Category.IDENTITY, ORG, person(first))
    desk.keys.keep_secret(INDEX, secrets.token_bytes(32))
    desk.keep(str(uuid4()), later, Category.IDENTITY, ORG, person(second))
    assert (desk.find_by_personnummer(first), desk.find_by_personnummer(second)) == ([case], [later])
    assert desk.reindex() == 1
    assert desk.keys.secrets(INDEX).keys() == {2}
    assert (desk.find_by_personnummer(first), desk.find_by_personnummer(second)) == ([case], [later])


def test_what_a_person_is_known_by_follows_from_the_number() -> None:
    number = synthetic_personnummer()
    day = int(number[6:8]) + 60
    coordination = next(
        candidate
        for digit in "0123456789"
        if (candidate := f"{number[:6]}{day}{number[8:11]}{digit}") and is_number(candidate)
    )
    assert Person(personnummer=number).identity_kind is IdentityKind.PERSONNUMMER
    assert Person(personnummer=coordination).identity_kind is IdentityKind.SAMORDNINGSNUMMER
    assert Person(reserve_number=" 19990101-TF01 ").identity_kind is IdentityKind.RESERVE
    assert Person(name="x").identity_kind is None
    assert Person(identity_kind=IdentityKind.UNKNOWN).identity_kind is IdentityKind.UNKNOWN
    for wrong in (
        {"personnummer": number, "identity_kind": "samordningsnummer"},
        {"reserve_number": "T-1000", "identity_kind": "personnummer"},
        {"personnummer": number, "identity_kind": "unknown"},
        {"reserve_number": "x"},
        {"reserve_number": "a\nb\nc"},
    ):
        with pytest.raises(ValidationError) as caught:
            Person.model_validate(wrong)
        assert number not in str(caught.value)


def is_number(text: str) -> bool:
    try:
        Person(personnummer=text)
    except ValidationError:
        return False
    return True


def test_a_reserve_number_is_kept_sealed_and_finds_nothing(desk: DeskStore, engine: Engine, case: CaseRef) -> None:
    filling = Filling(person=Person(reserve_number="19990101-TF01", name="x"))
    ((item, category, content),) = kept_items(filling, str(uuid4()))
    desk.keep(item, case, category, ORG, content)
    assert desk.content(item, case, Category.IDENTITY)["person"]["identity_kind"] == "reserve"  # type: ignore[index]
    with Session(engine.execution_options(reading=True)) as session:
        assert b"TF01" not in session.exec(select(ItemRow.content)).one()
        assert session.exec(select(IdentityRow)).all() == []


# --- two at once -------------------------------------------------------------------------------------

KEEPING = """
import sys
from uuid import uuid4
from activities.desks import open_desk
from models.desk import Category
from models.settings import Settings
from models.words import case_reference
var, desk_template, keys_template, number, who = sys.argv[1:]
desk = open_desk(Settings(var=var, desk_url_template=desk_template, key_store_url_template=keys_template), "soc-0381")
print("ready", flush=True)
sys.stdin.readline()
for count in range(15):
    case = case_reference(count)
    desk.keep(str(uuid4()), case, Category.ADDRESS, who, who)
    desk.keep(str(uuid4()), case, Category.IDENTITY, who, {"person": {"personnummer": number, "name": who}})
    assert desk.newest(case, Category.ADDRESS) in ("first", "second")
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_processes_open_one_desk_and_keep_at_once(kind: str, databases: Databases, tmp_path: Path) -> None:
    urls, number = (databases.url(kind), databases.url(kind)), synthetic_personnummer()
    names = ("first", "second")
    programs = [Program("-c", KEEPING, str(tmp_path), *urls, number, who) for who in names]
    told = [program.communicate("\n", timeout=90)[1] for program in programs]
    assert [program.returncode for program in programs] == [0, 0], told
    settings = Settings(var=tmp_path, desk_url_template=urls[0], key_store_url_template=urls[1])
    desk = open_desk(settings, ORG)
    cases = [case_reference(count) for count in range(15)]
    assert desk.find_by_personnummer(number) == sorted(cases)
    with Session(desk._engine.execution_options(reading=True)) as session:
        opened = [(row.case, row.category, desk.opened(row)) for row in session.exec(select(ItemRow))]
    assert len(opened) == 60
    assert {(c, content) for c, category, content in opened if category == Category.ADDRESS} == {
        (case, who) for case in cases for who in names
    }
    assert [each.seals for each in desk.keys.status().outer] == [31]
    desk.close()
