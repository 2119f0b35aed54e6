"""The file that holds the keys of Temporal's seal: made once, kept closed, turned whole, thinned out late."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar

import pytest

from models.settings import Settings
from workflows.key_ring import (
    MOST_KEYS,
    BadRing,
    RingFile,
    add_key,
    fresh_key,
    load_ring,
    make_ring,
    read_ring,
    replaced_at,
    ring_path,
    rotate_ring,
    use_key,
    write_ring,
)

Result = TypeVar("Result")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var=tmp_path / "var")


def at_once(work: Callable[[], Result], times: int = 8) -> list[Result]:
    """The same work in several threads that begin together. Files and locks tell threads no better than processes."""
    together = Barrier(times)

    def run(_: int) -> Result:
        together.wait()
        return work()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(run, range(times)))


def test_the_first_start_makes_a_ring_for_its_owner_alone(settings: Settings) -> None:
    load_ring(settings)
    path = ring_path(settings)
    assert path == settings.var / "keys" / "plane" / "codec.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["codec.json"]


def test_of_several_first_starts_at_once_all_get_the_same_key(tmp_path: Path) -> None:
    for round_ in range(40):
        settings = Settings(var=tmp_path / str(round_))
        keys = at_once(lambda settings=settings: load_ring(settings).sealing()[0])  # type: ignore[misc]
        assert set(keys) == {read_ring(ring_path(settings))[0].current}
        assert [file.name for file in ring_path(settings).parent.iterdir()] == ["codec.json"]


def test_of_several_turns_at_once_none_is_lost(tmp_path: Path) -> None:
    for round_ in range(10):
        settings = Settings(var=tmp_path / str(round_))
        load_ring(settings)
        at_once(lambda settings=settings: add_key(settings), times=4)  # type: ignore[misc]
        assert len(read_ring(ring_path(settings))[0].keys) == 5


def test_in_production_the_ring_must_be_there(settings: Settings) -> None:
    production = settings.model_copy(update={"mode": "production"})
    with pytest.raises(BadRing, match=r"saknas(.|\n)*is missing"):
        load_ring(production)
    assert not ring_path(production).exists()
    load_ring(settings)
    ring_path(settings).chmod(0o444)
    load_ring(production)


def test_in_production_a_ring_is_made_on_purpose_and_only_once(settings: Settings) -> None:
    production = settings.model_copy(update={"mode": "production"})
    made = make_ring(production)
    assert load_ring(production).sealing()[0] == made.current
    with pytest.raises(BadRing, match="left alone"):
        make_ring(production)
    assert read_ring(ring_path(production))[0] == made


@pytest.mark.parametrize("rights", [0o644, 0o640, 0o604, 0o660])
def test_a_ring_that_others_reach_is_refused(settings: Settings, rights: int) -> None:
    load_ring(settings)
    ring_path(settings).chmod(rights)
    with pytest.raises(BadRing, match="chmod 600"):
        load_ring(settings)


def test_in_production_too_nobody_else_may_write_to_it(settings: Settings) -> None:
    load_ring(settings)
    ring_path(settings).chmod(0o666)
    with pytest.raises(BadRing, match="chmod 600"):
        load_ring(settings.model_copy(update={"mode": "production"}))


SPOILED: dict[str, Callable[[Any], Any]] = {
    "no JSON": lambda told: "{",
    "nothing": lambda told: "",
    "no keys": lambda told: told | {"keys": []},
    "current is none of them": lambda told: told | {"current": "0" * 16},
    "the same id twice": lambda told: told | {"keys": told["keys"] * 2},
    "a short key": lambda told: told | {"keys": [told["keys"][0] | {"secret": "c2hvcnQ="}]},
    "no base64": lambda told: told | {"keys": [told["keys"][0] | {"secret": "!" * 44}]},
    "another field": lambda told: told | {"pin": "1234"},
}


@pytest.mark.parametrize("spoiled", SPOILED)
def test_what_is_no_ring_is_refused_without_repeating_it(settings: Settings, spoiled: str) -> None:
    load_ring(settings)
    path = ring_path(settings)
    told = json.loads(path.read_bytes())
    content = SPOILED[spoiled](told)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(BadRing) as refused:
        load_ring(settings)
    assert re.fullmatch(r"\S+codec\.json är ingen nyckelring\.\n\S+ is not a key ring\.", str(refused.value))
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_no_word_of_it_shows_a_key(settings: Settings) -> None:
    load_ring(settings)
    ring = read_ring(ring_path(settings))[0]
    assert ring.keys[0].secret not in repr(ring) + str(ring) + repr(load_ring(settings).__dict__)


def test_a_running_process_goes_on_when_the_file_is_lost(settings: Settings) -> None:
    ring = load_ring(settings)
    key, _ = ring.sealing()
    ring_path(settings).write_text("{")
    assert ring.sealing()[0] == key
    ring_path(settings).unlink()
    assert ring.sealing()[0] == key
    assert ring.opening("0" * 16) is None


def test_a_ring_that_is_not_there_is_not_turned(settings: Settings) -> None:
    for change in (rotate_ring, add_key):
        with pytest.raises(BadRing):
            change(settings)
    with pytest.raises(BadRing):
        use_key(settings, "0" * 16)
    assert not ring_path(settings).parent.exists()


def test_a_full_ring_takes_no_more_and_an_unknown_key_seals_nothing(settings: Settings) -> None:
    load_ring(settings)
    for _ in range(MOST_KEYS - 1):
        add_key(settings)
    before = ring_path(settings).read_bytes()
    with pytest.raises(BadRing, match="full"):
        add_key(settings)
    with pytest.raises(BadRing, match="no such key"):
        use_key(settings, "0" * 16)
    assert ring_path(settings).read_bytes() == before


def test_when_a_key_was_replaced() -> None:
    def instant(day: int) -> datetime:
        return datetime(2026, 1, day, tzinfo=UTC)

    first, second, third, spare = (
        fresh_key(used=True).model_copy(update={"used_from": used})
        for used in (instant(1), instant(5), instant(9), None)
    )
    ring = RingFile(current=third.id, keys=(first, second, third, spare))
    assert replaced_at(ring, first.id) == instant(5)
    assert replaced_at(ring, second.id) == instant(9)
    assert replaced_at(ring, spare.id) is None
    for key in (third.id, "0" * 16):
        with pytest.raises(BadRing):
            replaced_at(ring, key)
    again = first.model_copy(update={"used_from": instant(9) + timedelta(days=2)})
    assert replaced_at(RingFile(current=again.id, keys=(again, second, third)), third.id) == again.used_from


def used_first_at(settings: Settings, instant: datetime) -> str:
    """The ring's one key, as it stands when the machine's clock said this at the time."""
    load_ring(settings)
    (key,) = read_ring(ring_path(settings))[0].keys
    write_ring(settings, RingFile(current=key.id, keys=(key.model_copy(update={"used_from": instant}),)))
    return key.id


def test_with_the_clock_set_back_a_key_was_replaced_by_the_one_that_came_after_it(settings: Settings) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=2)
    first = used_first_at(settings, ahead)
    second = rotate_ring(settings).current
    ring = rotate_ring(settings)
    replaced = [replaced_at(ring, key) for key in (first, second)]
    assert replaced == [key.used_from for key in ring.keys[1:]]
    assert ahead < replaced[0] < replaced[1]  # type: ignore[operator]


def test_a_ring_that_does_not_tell_when_a_key_was_replaced_says_so_and_tells_after_the_next_turn(
    settings: Settings,
) -> None:
    first = used_first_at(settings, datetime.now(UTC) + timedelta(hours=2))
    ring = add_key(settings)
    earlier = ring.keys[1].model_copy(update={"used_from": datetime.now(UTC)})
    write_ring(settings, RingFile(current=earlier.id, keys=(ring.keys[0], earlier)))
    with pytest.raises(BadRing, match=r"ställts tillbaka(.|\n)*set back"):
        replaced_at(read_ring(ring_path(settings))[0], first)
    turned = rotate_ring(settings)
    assert replaced_at(turned, first) == turned.keys[-1].used_from
