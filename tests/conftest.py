"""One embedded stack shared by the tests that do it no harm; those that kill start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console.casework import Casework
from tests.command_line import CommandLine, Starter
from tests.databases import Databases
from tests.support import Stack, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack") / "var") as running:
        yield running


@pytest.fixture
def casework(stack: Stack) -> Casework:
    return stack.casework()


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    running = Starter(tmp_path_factory.mktemp("starter"))
    try:
        yield running
    finally:
        running.end()


@pytest.fixture
def cli(starter: Starter, stack: Stack) -> CommandLine:
    """`starter.py` against the shared stack."""
    return CommandLine(starter, stack)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Empty databases, SQLite and PostgreSQL; one PostgreSQL server for the whole run."""
    with Databases(tmp_path_factory.mktemp("databases")).running() as running:
        yield running
