"""An organisation that has renewed its keys a hundred times: more of them than are published at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from activities.key_directory import KeyDirectory
from activities.organisation_keys import OrganisationKeys, voucher_of
from console.plane_client import PlaneClient
from models.plane import LARGEST_REQUEST
from models.published_keys import MOST_AT_ONCE, KeyUse, PublishedKeys, PublishedPiece, pieces
from models.settings import Settings
from tests.databases import Databases
from tests.exchange_support import SENDER, keys_of
from tests.test_plane_api import a_plane

RENEWALS = 101
BEGAN = datetime.now(UTC) - timedelta(days=RENEWALS + 1)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> OrganisationKeys:
    made = keys_of(SENDER, tmp_path_factory.mktemp("renewed"), BEGAN)
    for day in range(RENEWALS):
        made.rotate(BEGAN + timedelta(days=day + 1))
    return made


def test_its_keys_are_published_in_pieces_that_each_fit_a_request(keys: OrganisationKeys) -> None:
    every = keys.public()
    assert len(every.keys) == 2 * (RENEWALS + 1)
    published = pieces(every)
    assert [len(piece.keys) for piece in published] == [MOST_AT_ONCE, 2 * (RENEWALS + 1) - MOST_AT_ONCE]
    assert tuple(key for piece in published for key in piece.keys) == every.keys
    assert all(len(piece.model_dump_json()) < LARGEST_REQUEST for piece in published)
    with pytest.raises(ValidationError):
        PublishedPiece(org=SENDER, keys=every.keys)


def test_every_key_comes_after_the_one_that_vouches_for_it(keys: OrganisationKeys) -> None:
    seen: set[str] = set()
    vouched_by = {held.statement.fingerprint: voucher_of(held) for use in KeyUse for held in keys._of(use)}
    for key in keys.public().keys:
        assert vouched_by[key.fingerprint] in {key.fingerprint, *seen}
        seen.add(key.fingerprint)


def test_whoever_has_no_keys_publishes_that(tmp_path: Path) -> None:
    assert pieces(PublishedKeys(org=SENDER, keys=())) == (PublishedPiece(org=SENDER, keys=()),)


@pytest.mark.parametrize("known", [0, RENEWALS])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_plane_that_knows_any_of_its_keys_gets_to_know_the_newest_and_answers_it(
    kind: str, known: int, databases: Databases, keys: OrganisationKeys, tmp_path: Path
) -> None:
    async with a_plane(databases.url(kind), tmp_path, "embedded") as (api, engine):
        directory, now = KeyDirectory(engine, first_use=True), datetime.now(UTC)
        assert directory.publish(PublishedKeys(org=SENDER, keys=keys.public().keys[:known]), now) is None
        plane = PlaneClient(Settings(var=tmp_path, plane_url=api._url), lambda _: keys)
        await plane.ready(SENDER)
        current = [directory.current(SENDER, use, datetime.now(UTC)) for use in KeyUse]
        assert [key and key.fingerprint for key in current] == [keys.fingerprint, keys.sealing_fingerprint]
        told = await asyncio.to_thread(plane.published, SENDER, SENDER)
        assert len(list(told)) == len(keys.public().keys)
