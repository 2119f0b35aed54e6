"""The exchange: a package is taken or taken back, never both, and its ciphertext is gone from here afterwards."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from activities import exchange as of_the_plane
from activities.disclosures import LEFT_ALONE
from activities.exchange import LEASE, MOST_OF_A_CASE, UNSAID, Exchange, destroy
from activities.key_directory import KeyDirectory, KnownKeys
from activities.organisation_keys import OrganisationKeys
from activities.packages import LONGEST_LIFE, open_sealed
from activities.stores import migrate, open_database, writing
from models.exchange import Delivery, Envelope, PackageState
from models.register import CaseEventRow
from models.words import CaseRef, case_reference
from tests.databases import Databases
from tests.exchange_support import CONTENT, NOW, OTHER, RECIPIENT, SENDER, code, keys_of, label, sealed
from tests.rules_support import REF

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "register"))
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def sender(folder: Path) -> OrganisationKeys:
    return keys_of(SENDER, folder)


@pytest.fixture(scope="module")
def recipient(folder: Path) -> OrganisationKeys:
    return keys_of(RECIPIENT, folder)


@pytest.fixture
def directory(engine: Engine, sender: OrganisationKeys, recipient: OrganisationKeys) -> KeyDirectory:
    directory = KeyDirectory(engine, first_use=True)
    for keys in (sender, recipient):
        assert directory.publish(keys.public(), NOW) is None
    return directory


@pytest.fixture
def exchange(engine: Engine, directory: KeyDirectory) -> Exchange:
    return Exchange(engine, directory)


@pytest.fixture
def envelope(sender: OrganisationKeys, recipient: OrganisationKeys) -> Envelope:
    return sealed(sender, recipient)


def state(answer: object) -> PackageState | str | None:
    return answer.state if isinstance(answer, Delivery) else code(answer)


def held(engine: Engine, package: str) -> bytes | None:
    with engine.connect() as connection:
        query = text("select sealed from packages where id = :id")
        found = connection.execute(query, {"id": package}).scalar_one()
        return None if found is None else bytes(found)


def test_a_package_goes_from_desk_to_desk_and_is_erased(
    exchange: Exchange,
    engine: Engine,
    directory: KeyDirectory,
    recipient: OrganisationKeys,
    envelope: Envelope,
) -> None:
    assert state(exchange.leave(envelope, SENDER, NOW)) == PackageState.SEALED
    assert [found.id for found in exchange.waiting(RECIPIENT, NOW)] == [envelope.id]
    taken = exchange.lease(envelope.id, RECIPIENT, NOW + MINUTE)
    assert taken == envelope
    assert isinstance(taken, Envelope)
    assert open_sealed(taken, recipient, directory, case=REF, now=NOW + MINUTE) == CONTENT
    assert held(engine, envelope.id) == envelope.sealed
    done = exchange.confirm(envelope.id, RECIPIENT, NOW + 2 * MINUTE)
    assert isinstance(done, Delivery)
    assert (done.state, done.label, done.digest) == (PackageState.ERASED, envelope.label(), envelope.digest)
    assert (done.left_at, done.stored_at, done.erased_at) == (NOW, NOW + 2 * MINUTE, NOW + 2 * MINUTE)
    assert held(engine, envelope.id) is None
    assert exchange.waiting(RECIPIENT, NOW) == []


def test_leaving_the_same_again_gives_how_far_it_has_come(exchange: Exchange, envelope: Envelope) -> None:
    first = exchange.leave(envelope, SENDER, NOW)
    assert exchange.leave(envelope, SENDER, NOW + MINUTE) == first
    exchange.lease(envelope.id, RECIPIENT, NOW)
    exchange.confirm(envelope.id, RECIPIENT, NOW)
    assert state(exchange.leave(envelope, SENDER, NOW + LONGEST_LIFE)) == PackageState.ERASED


def test_another_package_under_the_same_id_is_refused_and_changes_nothing(
    exchange: Exchange, engine: Engine, sender: OrganisationKeys, recipient: OrganisationKeys, envelope: Envelope
) -> None:
    exchange.leave(envelope, SENDER, NOW)
    again = sealed(sender, recipient, id=envelope.id)
    assert code(exchange.leave(again, SENDER, NOW)) == "package-id-used"
    relabelled = envelope.model_copy(update={"categories": ("address",)})
    assert code(exchange.leave(relabelled, SENDER, NOW)) == "package-id-used"
    assert held(engine, envelope.id) == envelope.sealed


def test_only_the_sender_leaves_a_package(exchange: Exchange, envelope: Envelope) -> None:
    assert code(exchange.leave(envelope, OTHER, NOW)) == "package-not-yours"
    assert code(exchange.leave(envelope, RECIPIENT, NOW)) == "package-not-yours"
    exchange.leave(envelope, SENDER, NOW)
    stolen = envelope.model_copy(update={"sender": OTHER})
    assert code(exchange.leave(stolen, OTHER, NOW)) == "package-id-used"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"digest": sha256(b"x").hexdigest()}, "package-damaged"),
        ({"sealed": b"x"}, "package-damaged"),
        ({"sealed": b"x" * 5_000, "digest": sha256(b"x" * 5_000).hexdigest()}, "package-damaged"),
        ({"created_at": NOW + 6 * MINUTE}, "package-clock"),
        ({"expires_at": NOW}, "package-expired"),
        ({"expires_at": NOW + LONGEST_LIFE + MINUTE}, "package-expired"),
        ({"sealing_key": "A" * 52}, "package-key-stale"),
        ({"recipient": SENDER}, "package-not-yours"),
    ],
)
def test_what_is_not_a_package_is_not_let_in(
    exchange: Exchange, envelope: Envelope, change: dict[str, Any], expected: str
) -> None:
    assert code(exchange.leave(envelope.model_copy(update=change), SENDER, NOW)) == expected
    assert code(exchange.state(envelope.id, SENDER)) == "package-unknown"


def test_a_package_sealed_to_a_key_that_is_revoked_or_was_replaced_before_is_sealed_again(
    exchange: Exchange,
    directory: KeyDirectory,
    sender: OrganisationKeys,
    tmp_path: Path,
) -> None:
    other = keys_of(OTHER, tmp_path)
    directory.publish(other.public(), NOW)
    early, late = sealed(sender, other), sealed(sender, other, created_at=NOW + DAY + 6 * MINUTE)
    directory.publish(other.rotate(NOW + DAY), NOW + DAY)
    after = NOW + DAY + 10 * MINUTE
    assert state(exchange.leave(early, SENDER, after)) == PackageState.SEALED
    assert code(exchange.leave(late, SENDER, after)) == "package-key-stale"
    new = sealed(sender, other, created_at=after)
    directory.revoke(OTHER, other.sealing_fingerprint, "stolen", after)
    assert code(exchange.leave(new, SENDER, after)) == "package-key-stale"


def test_nobody_but_the_recipient_fetches_confirms_or_learns_that_it_is_there(
    exchange: Exchange, envelope: Envelope
) -> None:
    exchange.leave(envelope, SENDER, NOW)
    for desk in (OTHER, SENDER):
        assert code(exchange.lease(envelope.id, desk, NOW)) == "package-unknown"
        assert code(exchange.confirm(envelope.id, desk, NOW)) == "package-unknown"
        assert exchange.waiting(desk, NOW) == []
    assert code(exchange.state(envelope.id, OTHER)) == "package-unknown"
    assert code(exchange.revoke(envelope.id, OTHER, NOW)) == "package-unknown"
    assert code(exchange.lease(label().id, RECIPIENT, NOW)) == "package-unknown"
    assert state(exchange.state(envelope.id, SENDER)) == state(exchange.state(envelope.id, RECIPIENT))
    assert state(exchange.state(envelope.id, SENDER)) == PackageState.SEALED


def test_a_desk_that_stopped_half_way_fetches_again(exchange: Exchange, envelope: Envelope) -> None:
    exchange.leave(envelope, SENDER, NOW)
    assert exchange.lease(envelope.id, RECIPIENT, NOW) == exchange.lease(envelope.id, RECIPIENT, NOW + MINUTE)
    assert [found.state for found in exchange.waiting(RECIPIENT, NOW)] == [PackageState.LEASED]
    assert exchange.lease(envelope.id, RECIPIENT, NOW + LEASE + MINUTE) == envelope
    assert state(exchange.confirm(envelope.id, RECIPIENT, NOW + 3 * LEASE)) == PackageState.ERASED


def test_confirming_again_gives_the_same_and_what_was_taken_is_not_fetched_again(
    exchange: Exchange, envelope: Envelope
) -> None:
    exchange.leave(envelope, SENDER, NOW)
    assert code(exchange.confirm(envelope.id, RECIPIENT, NOW)) == "package-not-fetched"
    exchange.lease(envelope.id, RECIPIENT, NOW)
    first = exchange.confirm(envelope.id, RECIPIENT, NOW)
    assert exchange.confirm(envelope.id, RECIPIENT, NOW + MINUTE) == first
    assert code(exchange.lease(envelope.id, RECIPIENT, NOW)) == "package-taken"


@pytest.mark.parametrize("fetched", [False, True])
def test_a_package_that_is_taken_back_is_destroyed_and_twice_is_as_once(
    exchange: Exchange, engine: Engine, envelope: Envelope, fetched: bool
) -> None:
    exchange.leave(envelope, SENDER, NOW)
    if fetched:
        exchange.lease(envelope.id, RECIPIENT, NOW)
    first = exchange.revoke(envelope.id, SENDER, NOW + MINUTE)
    assert isinstance(first, Delivery)
    assert (first.state, first.revoked_for, first.erased_at) == (PackageState.REVOKED, "withdrawn", NOW + MINUTE)
    assert held(engine, envelope.id) is None
    assert exchange.revoke(envelope.id, SENDER, NOW + 2 * MINUTE) == first
    assert code(exchange.lease(envelope.id, RECIPIENT, NOW)) == "package-withdrawn"
    assert code(exchange.confirm(envelope.id, RECIPIENT, NOW)) == "package-withdrawn"
    assert state(exchange.leave(envelope, SENDER, NOW)) == PackageState.REVOKED
    assert held(engine, envelope.id) is None


def test_what_the_recipient_has_stored_is_not_taken_back(exchange: Exchange, envelope: Envelope) -> None:
    exchange.leave(envelope, SENDER, NOW)
    exchange.lease(envelope.id, RECIPIENT, NOW)
    exchange.confirm(envelope.id, RECIPIENT, NOW)
    assert code(exchange.revoke(envelope.id, SENDER, NOW)) == "package-taken"
    assert state(exchange.state(envelope.id, SENDER)) == PackageState.ERASED


def test_a_package_taken_back_before_it_came_is_never_let_in(
    exchange: Exchange, engine: Engine, envelope: Envelope
) -> None:
    assert code(exchange.revoke(envelope.id, SENDER, NOW)) == "package-unknown"
    assert code(exchange.leave(envelope, SENDER, NOW + MINUTE)) == "package-withdrawn"
    assert code(exchange.revoke(envelope.id, SENDER, NOW)) == "package-unknown"
    assert held(engine, envelope.id) is None
    assert code(exchange.lease(envelope.id, RECIPIENT, NOW)) == "package-unknown"


def test_the_register_destroys_in_its_own_transaction(
    exchange: Exchange, engine: Engine, sender: OrganisationKeys, recipient: OrganisationKeys
) -> None:
    kept, gone, taken = (sealed(sender, recipient) for _ in range(3))
    for each in (kept, gone, taken):
        exchange.leave(each, SENDER, NOW)
    exchange.lease(taken.id, RECIPIENT, NOW)
    exchange.confirm(taken.id, RECIPIENT, NOW)
    with writing(engine) as session:
        assert destroy(session, kept.id, SENDER, NOW, "consent-withdrawn")
        session.rollback()  # the revision is not recorded after all
    with writing(engine) as session:
        assert destroy(session, gone.id, SENDER, NOW, "consent-withdrawn")
        assert destroy(session, gone.id, SENDER, NOW, "consent-withdrawn")
        assert not destroy(session, taken.id, SENDER, NOW, "consent-withdrawn")
    assert [state(exchange.state(each.id, SENDER)) for each in (kept, gone, taken)] == ["sealed", "revoked", "erased"]
    assert code(exchange.lease(gone.id, RECIPIENT, NOW)) == "package-withdrawn"


def test_what_nobody_fetches_in_time_is_destroyed(
    exchange: Exchange, engine: Engine, sender: OrganisationKeys, recipient: OrganisationKeys
) -> None:
    short, long = sealed(sender, recipient, expires_at=NOW + DAY), sealed(sender, recipient)
    for each in (short, long):
        exchange.leave(each, SENDER, NOW)
    assert exchange.expire(NOW + DAY - MINUTE) == []
    assert code(exchange.lease(short.id, RECIPIENT, NOW + DAY)) == "package-expired"
    assert [found.id for found in exchange.waiting(RECIPIENT, NOW + DAY)] == [long.id]
    (gone,) = exchange.expire(NOW + DAY)
    assert (gone.id, gone.state, gone.revoked_for) == (short.id, PackageState.REVOKED, "expired")
    assert held(engine, short.id) is None
    assert exchange.expire(NOW + DAY) == []
    assert code(exchange.lease(short.id, RECIPIENT, NOW + DAY)) == "package-expired"
    assert state(exchange.revoke(short.id, SENDER, NOW + DAY)) == PackageState.REVOKED


def test_a_package_that_is_being_fetched_does_not_expire_until_its_lease_has_run_out(
    exchange: Exchange, sender: OrganisationKeys, recipient: OrganisationKeys
) -> None:
    first, second = (sealed(sender, recipient, expires_at=NOW + DAY) for _ in range(2))
    for each in (first, second):
        exchange.leave(each, SENDER, NOW)
        exchange.lease(each.id, RECIPIENT, NOW + DAY - MINUTE)
    assert exchange.expire(NOW + DAY + MINUTE) == []
    assert state(exchange.confirm(first.id, RECIPIENT, NOW + DAY + MINUTE)) == PackageState.ERASED
    assert [gone.id for gone in exchange.expire(NOW + DAY - MINUTE + LEASE)] == [second.id]


# --- how much, and for how long when no case is told -----------------------------------------------------------


def test_a_sender_has_so_many_packages_under_way_in_a_case_and_no_more(
    exchange: Exchange, sender: OrganisationKeys, recipient: OrganisationKeys
) -> None:
    under_way = [sealed(sender, recipient) for _ in range(MOST_OF_A_CASE)]
    for each in under_way:
        assert state(exchange.leave(each, SENDER, NOW)) == PackageState.SEALED
    one_more = sealed(sender, recipient)
    refused = exchange.leave(one_more, SENDER, NOW)
    assert (code(refused), getattr(refused, "detail", None)) == ("package-too-many", str(MOST_OF_A_CASE))
    assert code(exchange.lease(one_more.id, RECIPIENT, NOW)) == "package-unknown"
    assert state(exchange.leave(under_way[0], SENDER, NOW)) == PackageState.SEALED, "the same again is no other"
    assert state(exchange.leave(sealed(sender, recipient, case=case_reference(1)), SENDER, NOW)) == PackageState.SEALED
    assert state(exchange.leave(sealed(recipient, sender), RECIPIENT, NOW)) == PackageState.SEALED
    exchange.lease(under_way[1].id, RECIPIENT, NOW)
    assert code(exchange.leave(one_more, SENDER, NOW)) == "package-too-many", "what is being fetched is under way"
    exchange.confirm(under_way[1].id, RECIPIENT, NOW)
    assert state(exchange.leave(one_more, SENDER, NOW)) == PackageState.SEALED


def test_of_packages_left_at_once_no_more_come_in(
    exchange: Exchange, sender: OrganisationKeys, recipient: OrganisationKeys
) -> None:
    for _ in range(MOST_OF_A_CASE - 1):
        exchange.leave(sealed(sender, recipient), SENDER, NOW)
    together = Barrier(4)

    def leave(envelope: Envelope) -> object:
        together.wait()
        return state(exchange.leave(envelope, SENDER, NOW))

    with ThreadPoolExecutor(4) as threads:
        came = list(threads.map(leave, [sealed(sender, recipient) for _ in range(4)]))
    assert sorted(map(str, came)) == ["package-too-many"] * 3 + ["sealed"]


def test_a_sender_has_so_many_bytes_under_way_in_all_and_no_more(
    exchange: Exchange, sender: OrganisationKeys, recipient: OrganisationKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_the_plane, "MOST_BYTES", 2**20)
    large = [sealed(sender, recipient, b"x" * 490_000, case=case_reference(number)) for number in range(2)]
    first, second = (state(exchange.leave(each, SENDER, NOW)) for each in large)
    assert (first, second) == (PackageState.SEALED, "package-too-much"), "encryption adds a little"
    assert state(exchange.leave(sealed(sender, recipient), SENDER, NOW)) == PackageState.SEALED, "a small one fits"
    exchange.revoke(large[0].id, SENDER, NOW)
    assert state(exchange.leave(large[1], SENDER, NOW)) == PackageState.SEALED


def told(engine: Engine, package: str, case: CaseRef = REF, kind: str = "disclosed", revision: int = 2) -> None:
    """What the register keeps when a case has been told of a package."""
    row = CaseEventRow(
        case=case, revision=revision, at=NOW, kind=kind, actor=SENDER, phase="open",
        event={"kind": kind, "package": package}, pack_digest="a", state_digest="b",
    )  # fmt: skip
    with writing(engine) as session:
        session.add(row)


def test_what_no_case_has_been_told_of_is_destroyed_after_an_hour(
    exchange: Exchange, engine: Engine, sender: OrganisationKeys, recipient: OrganisationKeys
) -> None:
    said, unsaid, elsewhere, recalled, fetched = (sealed(sender, recipient) for _ in range(5))
    for each in (said, unsaid, elsewhere, recalled, fetched):
        exchange.leave(each, SENDER, NOW)
    told(engine, said.id)
    told(engine, elsewhere.id, case_reference(1))
    told(engine, recalled.id, kind="recalled", revision=3)
    exchange.lease(fetched.id, RECIPIENT, NOW)
    exchange.confirm(fetched.id, RECIPIENT, NOW)
    assert exchange.destroy_unsaid(NOW + UNSAID - MINUTE) == []
    gone = exchange.destroy_unsaid(NOW + UNSAID)
    assert {each.id for each in gone} == {unsaid.id, elsewhere.id, recalled.id}
    assert {(each.state, each.revoked_for) for each in gone} == {(PackageState.REVOKED, "never-said")}
    assert held(engine, unsaid.id) is None
    assert state(exchange.leave(unsaid, SENDER, NOW + UNSAID)) == PackageState.REVOKED, "it does not come in again"
    assert exchange.lease(said.id, RECIPIENT, NOW + UNSAID) == said
    assert exchange.destroy_unsaid(NOW + DAY) == []


def test_what_was_left_before_the_plane_was_at_work_has_an_hour_from_then(
    exchange: Exchange, engine: Engine, envelope: Envelope
) -> None:
    """Its case may have been told of it, and only Temporal know so far."""
    exchange.leave(envelope, SENDER, NOW)
    assert exchange.tend(NOW + DAY, timedelta(0)) == []
    assert exchange.tend(NOW + DAY, UNSAID - MINUTE) == []
    assert [each.id for each in exchange.tend(NOW + DAY, UNSAID)] == [envelope.id]
    assert held(engine, envelope.id) is None


def test_a_desk_takes_back_what_was_interrupted_well_before_the_exchange_destroys_it() -> None:
    assert 2 * LEFT_ALONE < UNSAID


# --- leases, and the row that stays ------------------------------------------------------------------------------


def test_a_lease_that_has_run_out_is_given_up(exchange: Exchange, envelope: Envelope) -> None:
    exchange.leave(envelope, SENDER, NOW)
    exchange.lease(envelope.id, RECIPIENT, NOW)
    exchange.expire(NOW + LEASE - MINUTE)
    assert state(exchange.state(envelope.id, SENDER)) == PackageState.LEASED
    exchange.expire(NOW + LEASE)
    assert state(exchange.state(envelope.id, SENDER)) == PackageState.SEALED
    assert code(exchange.confirm(envelope.id, RECIPIENT, NOW + LEASE)) == "package-not-fetched"
    assert exchange.lease(envelope.id, RECIPIENT, NOW + LEASE) == envelope


def test_the_row_that_stays_says_what_was_sent_and_nothing_of_what_was_in_it(
    exchange: Exchange, engine: Engine, envelope: Envelope
) -> None:
    exchange.leave(envelope, SENDER, NOW)
    exchange.lease(envelope.id, RECIPIENT, NOW)
    exchange.confirm(envelope.id, RECIPIENT, NOW)
    with engine.connect() as connection:
        row = connection.execute(text("select * from packages")).mappings().one()
    assert (row["digest"], row["state"], row["sealed"]) == (envelope.digest, "erased", None)
    assert CONTENT.decode() not in str(dict(row))


def files_of(engine: Engine) -> bytes:
    path = Path(str(engine.url.database))
    return b"".join(each.read_bytes() for each in path.parent.glob(path.name + "*"))


def let_what_is_removed_lie(connection: Any, _: Any) -> None:
    """SQLite's own default; some systems build it otherwise."""
    connection.execute("pragma secure_delete=off")


@pytest.mark.parametrize("size", [100, 300_000])
@pytest.mark.parametrize("end", ["confirmed", "revoked", "expired"])
def test_on_sqlite_nothing_of_the_ciphertext_is_left_in_the_files(
    databases: Databases, sender: OrganisationKeys, recipient: OrganisationKeys, end: str, size: int
) -> None:
    engine = open_database(databases.url("sqlite"))
    event.listen(engine, "connect", let_what_is_removed_lie)
    migrate(engine, "register")
    exchange = Exchange(engine, KnownKeys([*sender.public().keys, *recipient.public().keys]))
    envelope = sealed(sender, recipient, secrets.token_bytes(size))
    exchange.leave(envelope, SENDER, NOW)
    parts = [envelope.sealed[place : place + 32] for place in range(0, len(envelope.sealed) - 32, 1_024)]
    exchange.tidy()
    assert all(part in files_of(engine) for part in parts[:4])
    if end == "revoked":
        exchange.revoke(envelope.id, SENDER, NOW)
    elif end == "expired":
        exchange.expire(NOW + LONGEST_LIFE)
    else:
        exchange.lease(envelope.id, RECIPIENT, NOW)
        exchange.confirm(envelope.id, RECIPIENT, NOW)
    exchange.tidy()
    left = files_of(engine)
    engine.dispose()
    assert [part for part in parts if part in left] == []


def test_an_exchange_that_can_not_be_written_changes_nothing(
    databases: Databases, sender: OrganisationKeys, recipient: OrganisationKeys, envelope: Envelope
) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    url = databases.url("sqlite")
    engine = open_database(url)
    migrate(engine, "register")
    exchange = Exchange(engine, KnownKeys([*sender.public().keys, *recipient.public().keys]))
    exchange.leave(envelope, SENDER, NOW)
    exchange.lease(envelope.id, RECIPIENT, NOW)
    with sqlite3.connect(str(engine.url.database)) as broken:
        broken.execute("create trigger full before update on packages begin select raise(abort, 'disk full'); end")
    for attempt in (
        lambda: exchange.confirm(envelope.id, RECIPIENT, NOW),
        lambda: exchange.revoke(envelope.id, SENDER, NOW),
        lambda: exchange.lease(envelope.id, RECIPIENT, NOW),
    ):
        with pytest.raises(SQLAlchemyError) as caught:
            attempt()
        assert envelope.digest not in str(caught.value)
    assert state(exchange.state(envelope.id, SENDER)) == PackageState.LEASED
    assert held(engine, envelope.id) == envelope.sealed
    engine.dispose()
