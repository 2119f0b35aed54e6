"""Taking and taking back at the same time, from programs of their own; and the steps of a package in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from activities.exchange import LEASE, Exchange
from activities.key_directory import KnownKeys
from activities.stores import open_database
from models.contracts import Refusal
from models.exchange import Delivery, Envelope
from models.words import case_reference
from tests.databases import Databases
from tests.exchange_support import NOW, OTHER, RECIPIENT, SENDER, keys_of, sealed
from tests.programs import Program

LIFE = timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "register"))
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


def exchange_on(engine: Engine, folder: Path) -> Exchange:
    return Exchange(
        engine, KnownKeys([key for org in (SENDER, RECIPIENT) for key in keys_of(org, folder).public().keys])
    )


def new_package(folder: Path, **label: Any) -> Envelope:
    return sealed(keys_of(SENDER, folder), keys_of(RECIPIENT, folder), **label)


PROGRAM = """
import sys
from activities.exchange import Exchange
from activities.key_directory import KnownKeys
from activities.stores import open_database
from models.contracts import Refusal
from tests.exchange_support import NOW, RECIPIENT, SENDER
exchange = Exchange(open_database(sys.argv[1]), KnownKeys([]))
side, packages = sys.argv[2], sys.argv[3:]
if side == "lease-and-confirm":
    def act(package):
        fetched = exchange.lease(package, RECIPIENT, NOW)
        return fetched if isinstance(fetched, Refusal) else exchange.confirm(package, RECIPIENT, NOW)
elif side == "confirm":
    act = lambda package: exchange.confirm(package, RECIPIENT, NOW)
else:
    act = lambda package: exchange.revoke(package, SENDER, NOW)
exchange.waiting(RECIPIENT, NOW)
print("ready", flush=True)
for line in sys.stdin:
    came = act(packages[int(line)])
    print(came.code if isinstance(came, Refusal) else came.state.value, flush=True)
"""


def started(engine: Engine, side: str, packages: list[str]) -> Program:
    program = Program("-c", PROGRAM, engine.url.render_as_string(hide_password=False), side, *packages)
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    return program


def together(programs: list[Program], number: int) -> list[str]:
    """What each program was told when all were given the same package at the same moment."""
    for program in programs:
        assert program.stdin is not None
        program.stdin.write(f"{number}\n")
    return [program.stdout.readline().strip() for program in programs if program.stdout is not None]


@pytest.mark.parametrize("taking", ["lease-and-confirm", "confirm"])
def test_of_taking_and_taking_back_at_the_same_time_exactly_one_wins(engine: Engine, folder: Path, taking: str) -> None:
    exchange = exchange_on(engine, folder)
    packages = [new_package(folder, case=case_reference(number)) for number in range(60)]
    for package in packages:
        assert isinstance(exchange.leave(package, SENDER, NOW), Delivery)
        if taking == "confirm":
            exchange.lease(package.id, RECIPIENT, NOW)
    programs = [started(engine, side, [package.id for package in packages]) for side in (taking, "revoke")]
    try:
        told = [tuple(together(programs, number)) for number in range(len(packages))]
    finally:
        for program in programs:
            program.communicate(timeout=30)
    assert set(told) <= {("erased", "package-taken"), ("package-withdrawn", "revoked")}
    with engine.connect() as connection:
        rows = connection.execute(text("select state, stored_at, revoked_for, sealed from packages")).all()
    ended = Counter(row.state for row in rows)
    assert ended == Counter({"erased": "erased", "package-withdrawn": "revoked"}[taker] for taker, _ in told)
    assert all((row.stored_at is None) == (row.state == "revoked") for row in rows)
    assert all(row.sealed is None for row in rows)
    print(f"{engine.dialect.name}, {taking}: {dict(ended)}")


def test_the_same_package_left_by_several_programs_at_the_same_time_is_there_once(engine: Engine, folder: Path) -> None:
    package = new_package(folder)
    rival = new_package(folder, id=package.id)

    def leave(envelope: Envelope) -> str:
        came = exchange_on(engine, folder).leave(envelope, SENDER, NOW)
        return came.code if isinstance(came, Refusal) else str(came.digest)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(leave, [package, rival] * 6))
    stands = {each for each in told if each != "package-id-used"}
    assert len(stands) == 1
    assert stands <= {package.digest, rival.digest}
    assert Counter(told)["package-id-used"] == 6


class Model(NamedTuple):
    """What ought to be true of one package, told in another way than the exchange does it."""

    there: bool = False
    leased_until: datetime | None = None
    end: str | None = None
    """`erased`, `withdrawn` or `expired`."""
    kept_out: str | None = None
    """Who named its id before it came, to take it back."""


def left(model: Model, now: datetime) -> tuple[Model, str]:
    if model.kept_out:
        return model, "package-withdrawn" if model.kept_out == SENDER else "package-id-used"
    if model.there:
        return model, shown(model)
    if now >= NOW + LIFE:
        return model, "package-expired"
    return model._replace(there=True), "sealed"


def fetched(model: Model, desk: str, now: datetime) -> tuple[Model, str]:
    if not model.there or desk != RECIPIENT:
        return model, "package-unknown"
    if model.end is not None:
        return model, f"package-{'taken' if model.end == 'erased' else model.end}"
    if now >= NOW + LIFE:
        return model, "package-expired"
    return model._replace(leased_until=now + LEASE), "envelope"


def confirmed(model: Model, desk: str, now: datetime) -> tuple[Model, str]:
    if not model.there or desk != RECIPIENT:
        return model, "package-unknown"
    if model.end is not None:
        return model, "erased" if model.end == "erased" else f"package-{model.end}"
    if model.leased_until is None:
        return model, "package-expired" if now >= NOW + LIFE else "package-not-fetched"
    return model._replace(end="erased"), "erased"


def taken_back(model: Model, by: str) -> tuple[Model, str]:
    if not model.there:
        return model._replace(kept_out=model.kept_out or by), "package-unknown"
    if by != SENDER:
        return model, "package-unknown"
    if model.end == "erased":
        return model, "package-taken"
    return model._replace(end=model.end or "withdrawn"), "revoked"


def expired(model: Model, now: datetime) -> tuple[Model, str]:
    if not model.there or model.end is not None:
        return model, "0"
    if model.leased_until is not None and now < model.leased_until:
        return model, "0"
    return (model._replace(end="expired"), "1") if now >= NOW + LIFE else (model._replace(leased_until=None), "0")


def shown(model: Model) -> str:
    if model.end is None:
        return "leased" if model.leased_until else "sealed"
    return "erased" if model.end == "erased" else "revoked"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["leave", "lease", "confirm", "revoke", "expire"]),
        st.sampled_from([SENDER, RECIPIENT, OTHER]),
        st.integers(0, 25),
    ),
    min_size=1,
    max_size=14,
)
"""What is done, by whom, how many minutes after the step before."""


def told_of(came: object) -> str:
    if isinstance(came, list):
        return str(len(came))
    if isinstance(came, Envelope):
        return "envelope"
    return came.code if isinstance(came, Refusal) else came.state.value if isinstance(came, Delivery) else "?"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_every_order_of_steps_ends_as_the_model_says(engine: Engine, folder: Path, steps: list[Any]) -> None:
    exchange, package = exchange_on(engine, folder), new_package(folder, expires_at=NOW + LIFE)
    with engine.begin() as connection:
        connection.execute(text("delete from packages"))
    model, now, delivered = Model(), NOW, 0
    for what, who, minutes in steps:
        now += timedelta(minutes=minutes)
        if what == "leave":
            came: object = exchange.leave(package, SENDER, now)
            model, expected = left(model, now)
        elif what == "lease":
            came = exchange.lease(package.id, who, now)
            model, expected = fetched(model, who, now)
        elif what == "confirm":
            before = model.end
            came = exchange.confirm(package.id, who, now)
            model, expected = confirmed(model, who, now)
            delivered += before is None and model.end == "erased"
        elif what == "revoke":
            came = exchange.revoke(package.id, who, now)
            model, expected = taken_back(model, who)
        else:
            came = exchange.expire(now)
            model, expected = expired(model, now)
        assert told_of(came) == expected, (what, who, steps)
    with engine.connect() as connection:
        row = connection.execute(text("select state, sealed, stored_at, revoked_for from packages")).one_or_none()
    assert (row is not None) == (model.there or model.kept_out is not None)
    if row is not None and model.there:
        assert row.state == shown(model)
        assert (row.sealed is None) == (model.end is not None)
        assert (row.stored_at is not None) == (model.end == "erased") == bool(delivered)
        assert not (row.stored_at is not None and row.revoked_for is not None)
    assert delivered <= 1
