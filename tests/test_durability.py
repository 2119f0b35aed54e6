"""What was acknowledged to a person is never lost, and no effect is recorded twice: killed at every joint."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from activities.register import Register
from activities.register_view import RegisterView
from activities.stores import migrate, open_database
from console import opening
from console.casework import Casework
from console.coding import kept_items
from models.contracts import Recording
from tests.durability_support import (
    SOCIAL,
    Worker,
    assert_nothing_lost_or_doubled,
    event_types,
    held_up,
    intake,
    runs,
)
from tests.rules_support import PACK, REF, Case, at
from tests.support import Stack, eventually, register_of, settled, temporal_of


@pytest.fixture(scope="module")
def stack_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("durability") / "var")
    try:
        yield stack
    finally:
        stack.end()


@pytest.fixture
def stack(stack_of_its_own: Stack) -> Stack:
    """Each test finds the stack running, whatever the test before it did to it."""
    if stack_of_its_own.process is None:
        stack_of_its_own.start()
    return stack_of_its_own


async def person_at_work(casework: Casework, urgency: str = "ordinary") -> Worker:
    case = await casework.open_case(intake(urgency))
    person = Worker(casework, case)
    await person.accepts()
    await settled(casework, case)
    return person


async def test_a_worker_killed_between_an_update_and_its_recording_loses_and_doubles_nothing(stack: Stack) -> None:
    casework = stack.casework()
    person = await person_at_work(casework)
    before = register_of(casework).case(person.case)
    with held_up(stack.var / "register.db"):
        await person.works(4)
        assert register_of(casework).case(person.case) == before, "nothing of it is recorded yet"
        stack.kill()
    stack.start()
    state = await assert_nothing_lost_or_doubled(casework, person.case, person)
    await person.repeats_everything()
    assert (await casework.standing(person.case)).state == state


async def test_a_snapshot_is_never_ahead_of_the_log(tmp_path: Path) -> None:
    """A queue longer than one batch: the register keeps the snapshot with the batch that brings its last revision."""
    engine = open_database(f"sqlite:///{tmp_path / 'register.db'}")
    migrate(engine, "register")
    register, view = Register(engine), RegisterView(engine)
    told = Case(training=True).opens(at("2027-03-01 09:00"))
    told.waits(at("2027-03-09 12:00"))
    for number, entry in enumerate(told.entries, start=1):
        recording = Recording(
            case=REF,
            pack_digest=PACK.digest,
            pack=PACK if number == 1 else None,
            entries=(entry,),
            snapshot=told.state,
        )
        register.record(recording)
        row = view.case(REF)
        assert (row.revision if row else None) == (len(told.entries) if number == len(told.entries) else None)
    assert view.pack(PACK.digest) == PACK
    engine.dispose()


async def test_what_was_recorded_but_not_confirmed_is_recorded_once(stack: Stack) -> None:
    """The register has it, Temporal never heard so, and the recording is done again."""
    casework = stack.casework()
    person = await person_at_work(casework)
    before = register_of(casework).case(person.case)
    with held_up(stack.var / "register.db"):
        await person.works(1)
        stack.kill_temporal()

    async def recorded() -> bool:
        return register_of(casework).case(person.case) != before

    await eventually(recorded, bool)
    stack.kill()
    stack.start()
    await assert_nothing_lost_or_doubled(casework, person.case, person)
    await person.repeats_everything()


async def test_a_worker_killed_while_people_work_loses_and_doubles_nothing(stack: Stack) -> None:
    casework = stack.casework()
    people = [await person_at_work(casework) for _ in range(3)]
    async with asyncio.TaskGroup() as work:
        for person in people:
            work.create_task(person.works(12))
        await some_answers(people)
        stack.kill()
        await asyncio.to_thread(stack.start)
    for person in people:
        await assert_nothing_lost_or_doubled(casework, person.case, person)
        await person.repeats_everything()


async def test_a_temporal_server_killed_while_people_work_is_started_again_and_nothing_is_lost(stack: Stack) -> None:
    casework = stack.casework()
    people = [await person_at_work(casework) for _ in range(3)]
    killed = stack.temporal_pid
    async with asyncio.TaskGroup() as work:
        for person in people:
            work.create_task(person.works(12))
        await some_answers(people)
        stack.kill_temporal()
    assert stack.temporal_pid != killed
    assert stack.health()["status"] == "ok"
    for person in people:
        await assert_nothing_lost_or_doubled(casework, person.case, person)
        await person.repeats_everything()


async def test_all_of_it_killed_at_once_goes_on_at_the_next_start_timers_too(stack: Stack) -> None:
    casework = stack.casework()
    people = [await person_at_work(casework) for _ in range(2)]
    sleeper = await casework.open_case(intake("acute"))
    standing = await settled(casework, sleeper)
    deadline = standing.state.handoffs["H1"].deadlines[0]
    assert deadline.next_at is not None
    await casework.advance(sleeper, deadline.next_at - standing.now - timedelta(seconds=3))
    async with asyncio.TaskGroup() as work:
        for person in people:
            work.create_task(person.works(12))
        await some_answers(people)
        stack.kill_temporal()
        stack.kill()
        await asyncio.to_thread(stack.start)
    for person in people:
        await assert_nothing_lost_or_doubled(casework, person.case, person)

    async def fired() -> list[tuple[str, int, int]]:
        rows = [row for row in register_of(casework).firings(sleeper) if row.handoff == "H1"]
        return [(row.deadline, row.rung, row.recurrence) for row in rows]

    assert await eventually(fired, bool) == [(deadline.name, 1, 0)]
    await assert_nothing_lost_or_doubled(casework, sleeper)


async def test_a_case_whose_opening_was_interrupted_is_started_by_the_desk(stack: Stack) -> None:
    casework = stack.casework()
    opener = casework.organisation(SOCIAL)
    told = intake("ordinary")
    key = str(uuid4())
    assert stack.stop() == 0
    desk = casework.desk(SOCIAL)
    made = opening.drawn(casework, desk, told, opener, key)
    desk.open_case(made, opener.id, kept_items(told, key))
    assert [kept.key for kept in casework.desk(SOCIAL).unstarted()] == [key]
    stack.start()

    async def recorded() -> bool:
        return register_of(casework).case(made.case) is not None

    await eventually(recorded, bool)
    assert casework.desk(SOCIAL).unstarted() == []
    assert await casework.open_case(told.model_copy(update={"request_key": key})) == made.case
    await assert_nothing_lost_or_doubled(casework, made.case)
    assert [row.kind for row in register_of(casework).history(made.case)].count("opened") == 1


async def test_an_orphaned_temporal_server_is_ended_and_its_data_found(stack: Stack) -> None:
    casework = stack.casework()
    person = await person_at_work(casework)
    orphan = stack.temporal_pid
    stack.kill()
    assert is_running(orphan)
    stack.start()
    assert not is_running(orphan)
    await person.works(1)
    await assert_nothing_lost_or_doubled(casework, person.case, person)


async def test_under_a_steady_stream_a_case_continues_as_new_and_stays_small(stack: Stack) -> None:
    """Many people are busy with one case at once, so there is hardly an instant with nothing to record."""
    casework = stack.casework()
    case = await casework.open_case(intake("ordinary"))
    people = [Worker(casework, case, handoff) for handoff in ("H1", "H2")]
    for person in people:
        await person.accepts()
    async with asyncio.TaskGroup() as work:
        for person in people:
            work.create_task(person.works(45))
    state = await assert_nothing_lost_or_doubled(casework, case, *people)
    for person in people:
        await person.repeats_everything()
    assert (await casework.standing(case)).state == state
    assert len(state.model_dump_json().encode()) < 128 * 1024
    histories = await runs(await temporal_of(casework), case)
    assert len(histories) > 1
    assert all(300 <= len(history.events) <= 500 for history in histories[:-1])
    happened = set().union(*(event_types(history) for history in histories))
    assert not [name for name in happened if name.startswith(("START_CHILD", "CHILD_", "MARKER"))]


async def some_answers(people: list[Worker]) -> None:
    """Until each of them has had a few answers: now something is under way for all of them."""

    async def fewest() -> int:
        return min(len(person.receipts) for person in people)

    await eventually(fewest, lambda count: count >= 5)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
