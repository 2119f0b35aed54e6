"""The keys that a program acts with: each organisation's key store opened once, however much it signs, and let go."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from console.acting_keys import ActingKeys
from models.settings import Settings
from tests.databases import Databases
from tests.exchange_support import NOW
from tests.test_plane_api import OTHER, SOCIAL, a_plane
from worker import Running

REQUESTS = 20


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, databases: Databases) -> str:
    return databases.url(request.param)


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing is closed by chance."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def connections(url: str) -> int:
    """How many are open to a database: of this process to a file, of anybody to a server."""
    if url.startswith("sqlite"):
        name = url.removeprefix("sqlite:///")
        opened = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.exists()]
        return sum(str(path) == name for path in opened)
    engine = create_engine(url)
    with engine.connect() as connection:
        asked = text("select count(*) from pg_stat_activity where datname = current_database()")
        found: int = connection.execute(asked).scalar_one() - 1
    engine.dispose()
    return found


async def test_a_worker_that_asks_the_plane_often_opens_its_key_store_once(
    url: str, databases: Databases, tmp_path: Path, uncollected: None
) -> None:
    async with a_plane(databases.url("sqlite"), tmp_path / "plane", "embedded") as (api, _):
        settings = Settings(var=tmp_path / "desk", plane_url=api._url, key_store_url_template=url)
        running = Running(settings, {}, None)  # type: ignore[arg-type]  # nothing here is about a case
        await running.way.ready(SOCIAL)
        once = connections(url)
        for _ in range(REQUESTS):
            await running.way.ready(SOCIAL)
        assert connections(url) == once
        running.keys.close()
        assert connections(url) == 0


async def test_keys_that_were_let_go_are_opened_again_when_they_are_needed(tmp_path: Path) -> None:
    keys = ActingKeys(Settings(var=tmp_path))
    first, other = keys.of(SOCIAL).fingerprint, keys.of(OTHER).fingerprint
    keys.close()
    assert (keys.of(SOCIAL).fingerprint, keys.of(OTHER).fingerprint) == (first, other)
    keys.close()


async def test_a_program_sees_that_another_has_renewed_the_keys_or_revoked_one(tmp_path: Path) -> None:
    """Where keys are made when they are missing, a revoked one has a successor at the next use."""
    ours, theirs = ActingKeys(Settings(var=tmp_path)), ActingKeys(Settings(var=tmp_path))
    ours.of(SOCIAL)
    theirs.of(SOCIAL).rotate(NOW)
    renewed = theirs.of(SOCIAL).fingerprint
    assert ours.of(SOCIAL).fingerprint == renewed
    assert theirs.of(SOCIAL).revoke(renewed, "lost", NOW)
    assert ours.of(SOCIAL).fingerprint not in ("", renewed)
    ours.close()
    theirs.close()
