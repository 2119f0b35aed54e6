"""The directory of public keys: the first is accepted by a person, every later one vouched for by the one before."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine

from activities.key_directory import KeyDirectory, KnownKeys, reached
from activities.organisation_keys import OrganisationKeys
from activities.stores import open_database
from console.exchange_words import SENTENCES
from models.published_keys import CLOCKS_DIFFER, KeyUse, PublishedKey, PublishedKeys, as_said
from tests.databases import Databases
from tests.exchange_support import NOW, OTHER, SENDER, admit, code, current, keys_of

DAY = timedelta(days=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "register"))
    yield opened
    opened.dispose()


@pytest.fixture
def directory(engine: Engine) -> KeyDirectory:
    """As in production: nothing is believed unseen."""
    return KeyDirectory(engine, first_use=False)


def test_a_first_key_is_believed_only_when_a_person_has_accepted_it(directory: KeyDirectory, tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    refused = directory.publish(keys.public(), NOW)
    assert refused is not None
    assert (refused.code, refused.detail) == ("key-not-accepted", as_said(keys.fingerprint))
    assert directory.list() == ()
    assert code(directory.publish(keys.public(), NOW, accepted=["A" * 52])) == "key-not-accepted"
    assert directory.publish(keys.public(), NOW, accepted=[keys.fingerprint]) is None
    assert {key.use for key in directory.list(SENDER)} == set(KeyUse)


def test_the_embedded_stack_believes_a_first_key_but_not_a_second_first_key(engine: Engine, tmp_path: Path) -> None:
    directory = KeyDirectory(engine, first_use=True)
    keys = keys_of(SENDER, tmp_path / "a")
    assert directory.publish(keys.public(), NOW) is None
    assert code(directory.publish(keys_of(SENDER, tmp_path / "b").public(), NOW)) == "key-not-vouched"
    directory.revoke(SENDER, keys.fingerprint, "stolen", NOW)
    keys.revoke(keys.fingerprint, "stolen", NOW)
    assert code(directory.publish(keys.ensure(NOW), NOW + DAY)) == "key-not-accepted"


def test_publishing_again_changes_nothing(directory: KeyDirectory, tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    admit(directory, keys)
    before = directory.list()
    assert directory.publish(keys.public(), NOW + DAY) is None
    assert directory.list() == before


def test_a_later_key_is_vouched_for_and_the_one_before_retires(directory: KeyDirectory, tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    admit(directory, keys)
    first = directory.current(SENDER, KeyUse.SIGNING, NOW)
    assert directory.publish(keys.rotate(NOW + DAY), NOW + DAY) is None
    later = directory.current(SENDER, KeyUse.SIGNING, NOW + DAY)
    assert first is not None
    assert later is not None
    assert later.fingerprint == keys.fingerprint != first.fingerprint
    held = {key.fingerprint: key for key in directory.list(SENDER)}
    assert held[first.fingerprint].retired_at == NOW + DAY
    assert held[later.fingerprint].valid_from == NOW + DAY


def test_rotations_that_were_not_published_one_by_one_are_followed(directory: KeyDirectory, tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    admit(directory, keys)
    for days in (1, 2, 3):
        keys.rotate(NOW + days * DAY)
    assert directory.publish(keys.public(), NOW + 4 * DAY) is None
    for use in KeyUse:
        found = directory.current(SENDER, use, NOW + 4 * DAY)
        assert found is not None
        assert found.fingerprint == current(keys, use).fingerprint


@pytest.mark.parametrize("forged", ["own-voucher", "no-possession", "stolen", "older-number"])
def test_a_key_that_nothing_vouches_for_is_not_taken_in(directory: KeyDirectory, tmp_path: Path, forged: str) -> None:
    keys, thief = keys_of(SENDER, tmp_path / "a"), keys_of(SENDER, tmp_path / "b")
    admit(directory, keys)
    before = directory.list()
    thief.rotate(NOW + DAY)
    new = current(thief, KeyUse.SIGNING)
    assert new.possession is not None
    put_in = {
        "own-voucher": new.model_copy(update={"voucher": new.possession}),
        "no-possession": current(rotated(keys), KeyUse.SIGNING).model_copy(update={"possession": None}),
        "stolen": new,
        "older-number": thief.public().keys[0],
    }[forged]
    assert code(directory.publish(PublishedKeys(org=SENDER, keys=(put_in,)), NOW + DAY)) == "key-not-vouched"
    assert directory.list() == before


def rotated(keys: OrganisationKeys) -> OrganisationKeys:
    keys.rotate(NOW + DAY)
    return keys


def test_another_organisations_key_can_not_be_published_as_ones_own(directory: KeyDirectory, tmp_path: Path) -> None:
    ours, theirs = keys_of(SENDER, tmp_path), keys_of(OTHER, tmp_path)
    admit(directory, theirs)
    taken = current(theirs, KeyUse.SIGNING).model_copy(update={"org": SENDER})
    assert code(directory.publish(PublishedKeys(org=SENDER, keys=(taken,)), NOW)) == "key-of-another"
    fresh = current(ours, KeyUse.SIGNING).model_copy(update={"org": OTHER, "number": 2})
    assert code(directory.publish(PublishedKeys(org=OTHER, keys=(fresh,)), NOW)) == "key-not-vouched"


def test_all_of_what_is_published_comes_in_or_nothing(directory: KeyDirectory, tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    signing, sealing = keys.public().keys
    spoiled = sealing.model_copy(update={"voucher": signing.voucher})
    offered = PublishedKeys(org=SENDER, keys=(signing, spoiled))
    assert code(directory.publish(offered, NOW, accepted=[signing.fingerprint])) == "key-not-vouched"
    assert directory.list() == ()


def test_a_revoked_key_is_believed_in_nothing_and_a_retired_one_in_what_came_before(
    directory: KeyDirectory, tmp_path: Path
) -> None:
    keys = keys_of(SENDER, tmp_path)
    admit(directory, keys)
    first = keys.fingerprint
    directory.publish(keys.rotate(NOW + DAY), NOW + DAY)
    later = NOW + 3 * DAY
    assert isinstance(directory.verify_key(SENDER, first, later, NOW + DAY), PublishedKey)
    assert isinstance(directory.verify_key(SENDER, first, later, NOW + DAY + CLOCKS_DIFFER), PublishedKey)
    after = NOW + DAY + CLOCKS_DIFFER + timedelta(seconds=1)
    assert code(directory.verify_key(SENDER, first, later, after)) == "key-retired"
    assert code(directory.verify_key(SENDER, first, later)) == "key-retired"
    assert directory.revoke(SENDER, first, "stolen", later) is None
    assert code(directory.verify_key(SENDER, first, later, NOW + DAY)) == "key-revoked"
    assert isinstance(directory.verify_key(SENDER, first, later - DAY, NOW + DAY), PublishedKey)


def test_a_key_is_believed_for_its_own_organisation_and_from_when_it_was_published(
    directory: KeyDirectory, tmp_path: Path
) -> None:
    keys = keys_of(SENDER, tmp_path)
    admit(directory, keys)
    assert code(directory.verify_key(OTHER, keys.fingerprint, NOW)) == "key-unknown"
    assert code(directory.verify_key(SENDER, "A" * 52, NOW)) == "key-unknown"
    assert code(directory.verify_key(SENDER, keys.fingerprint, NOW, NOW - DAY)) == "key-unknown"
    assert directory.owner(keys.fingerprint) == SENDER
    assert directory.owner("A" * 52) is None


def test_only_its_own_organisations_key_can_be_revoked_and_the_first_time_stands(
    directory: KeyDirectory, tmp_path: Path
) -> None:
    keys = keys_of(SENDER, tmp_path)
    admit(directory, keys)
    assert code(directory.revoke(OTHER, keys.fingerprint, "stolen", NOW)) == "key-unknown"
    directory.revoke(SENDER, keys.fingerprint, "stolen", NOW)
    directory.revoke(SENDER, keys.fingerprint, "another", NOW + DAY)
    (key,) = (key for key in directory.list(SENDER) if key.use is KeyUse.SIGNING)
    assert (key.revoked_at, key.revoked_for) == (NOW, "stolen")
    assert directory.current(SENDER, KeyUse.SIGNING, NOW) is None


def test_publishing_by_several_programs_at_the_same_time_takes_each_key_in_once(engine: Engine, tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    accepted = [keys.fingerprint]
    offered = keys.rotate(NOW + DAY)

    def publish(_: int) -> object:
        return KeyDirectory(engine, first_use=False).publish(offered, NOW + DAY, accepted)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(publish, range(8))) == [None] * 8
    assert len(KeyDirectory(engine, first_use=False).list()) == 4


def test_a_desk_finds_the_keys_itself_and_a_key_put_in_between_is_not_reached(
    directory: KeyDirectory, tmp_path: Path
) -> None:
    keys, false = keys_of(SENDER, tmp_path / "a"), keys_of(SENDER, tmp_path / "b")
    root = keys.fingerprint
    admit(directory, keys)
    directory.publish(keys.rotate(NOW + DAY), NOW + DAY)
    put_in = [key.model_copy(update={"number": 9, "valid_from": NOW}) for key in false.public().keys]
    known = reached([*directory.list(), *put_in], [root])
    assert {key.fingerprint for key in known} == {key.fingerprint for key in directory.list()}
    sealing = known.current(SENDER, KeyUse.SEALING, NOW + DAY)
    assert sealing is not None
    assert sealing.fingerprint == keys.sealing_fingerprint
    believing = KnownKeys([*directory.list(), *put_in]).current(SENDER, KeyUse.SEALING, NOW + DAY)
    assert believing is not None
    assert believing.fingerprint == false.sealing_fingerprint


def test_a_key_whose_fingerprint_is_anothers_is_no_key(tmp_path: Path) -> None:
    ours, theirs = (current(keys_of(org, tmp_path), KeyUse.SIGNING) for org in (SENDER, OTHER))
    with pytest.raises(ValidationError) as caught:
        PublishedKey.model_validate({**ours.model_dump(), "public": theirs.public})
    assert theirs.public not in str(caught.value)
    with pytest.raises(ValidationError):
        PublishedKeys(org=OTHER, keys=(ours,))


def test_every_refusal_has_its_sentences() -> None:
    """The codes are read from the sources, so that a new one without a sentence is found."""
    import re

    from tests.support import ROOT

    said = set()
    for name in ("exchange", "packages", "key_directory", "signatures"):
        said |= set(re.findall(r'code="([a-z-]+)"', (ROOT / "activities" / f"{name}.py").read_text()))
    said |= {"package-expired", "package-withdrawn", "package-not-fetched", "package-taken"}
    assert len(said) > 20
    assert said - {"key-used-for-something-else"} <= set(SENTENCES)
