"""An open case goes over to newer rules on a real server: deadlines, timers, register and later runs follow."""

from __future__ import annotations

import asyncio
import re
import shutil
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.worker import Replayer

from activities.rule_packs import PACKS, load_pack
from console import rules_adoption
from console.casework import Casework
from console.failures import Refused
from models.case import CaseState, Receipt
from models.contracts import Adoption, CaseInput, Standing
from models.events import Actor, RulesAdopted
from models.handoffs import Act, Deadline, DeadlineName
from models.packs import RulePack
from models.words import CaseRef, HandoffId
from rules.adoption import Shift
from rules.case import fold
from tests.durability_support import (
    EVENT,
    SOCIAL,
    Worker,
    assert_nothing_lost_or_doubled,
    event_types,
    held_up,
    intake,
    runs,
    skip,
)
from tests.rules_support import at, shown
from tests.sealed_histories import in_plain
from tests.support import Stack, eventually, register_of, settled, temporal_of
from worker import sandbox
from workflows import cases
from workflows.case import CaseWorkflow

DECISION = DeadlineName.DECISION
MONDAY_MORNING = "2027-03-01T09:00:00+01:00"
SHIPPED, LONGER, SHORTER, FEWER = "shipped", "2027-03-02", "2027-03-03", "2027-03-09"
"""Packs by the day they come into force. The initial assessment is due in 5, 8, 6 and 6 working days."""
TERM = r'(?s)(\[initial-assessment\.ordinary\].*?within = ")5 wd"'
REMINDER = r"(?s)(\[ladders\.ordinary\].*?rungs = \[\n)[^\n]*percent = 50[^\n]*\n"


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack that is shipped and three later ones; the last has no reminder before the deadline."""
    folder = tmp_path_factory.mktemp("packs")
    shipped = max(path for path in PACKS.iterdir() if path.is_dir())
    shutil.copytree(shipped, folder / SHIPPED)
    for name, term in ((LONGER, "8 wd"), (SHORTER, "6 wd"), (FEWER, "6 wd")):
        later = shutil.copytree(shipped, folder / name)
        edited(later, r'(?m)^name = "[^"]+"', f'name = "{name}"')
        edited(later, r"(?m)^effective_from = \S+", f"effective_from = {name}")
        edited(later, TERM, rf'\g<1>{term}"')
    edited(folder / FEWER, REMINDER, r"\g<1>")
    return folder


def edited(pack: Path, pattern: str, replacement: str) -> None:
    """Changes the one place in a pack that the pattern describes, in whichever file it stands."""
    (file,) = (path for path in pack.rglob("*.toml") if re.search(pattern, path.read_text(encoding="utf-8")))
    told = re.sub(pattern, replacement, file.read_text(encoding="utf-8"), count=1)
    file.write_text(told, encoding="utf-8")


@pytest.fixture(scope="module")
def stack_of_its_own(tmp_path_factory: pytest.TempPathFactory, packs: Path) -> Iterator[Stack]:
    var = tmp_path_factory.mktemp("adoption") / "var"
    stack = Stack(var, UTVAG_RULE_PACKS=str(packs), UTVAG_EVENTS_PER_RUN="150")
    try:
        yield stack
    finally:
        stack.end()


@pytest.fixture
def stack(stack_of_its_own: Stack) -> Stack:
    if stack_of_its_own.process is None:
        stack_of_its_own.start()
    return stack_of_its_own


@pytest.fixture
def casework(stack: Stack) -> Casework:
    return stack.casework()


async def opened(casework: Casework) -> CaseRef:
    """A case of Monday morning under the shipped rules: a first contact, H1, and an initial assessment, H2."""
    case = await casework.open_case(intake("ordinary", MONDAY_MORNING))
    standing = await settled(casework, case)
    assert standing.state.handoffs["H2"].kind == "initial-assessment"
    await casework.act(case, "H1", Act.ACCEPT, SOCIAL)
    assert due(await settled(casework, case)) == "Mon 8 Mar 2027 09:00"
    return case


def decision(standing: Standing) -> Deadline:
    (found,) = (d for d in standing.state.handoffs["H2"].deadlines if d.name is DECISION)
    return found


def clocks(standing: Standing, handoff: HandoffId) -> list[tuple[str, str | None, str | None]]:
    return [(d.name, shown(d.due), shown(d.next_at)) for d in standing.state.handoffs[handoff].deadlines]


def due(standing: Standing) -> str | None:
    return shown(decision(standing).due)


def next_alarm(standing: Standing) -> str | None:
    return shown(decision(standing).next_at)


async def until(casework: Casework, case: CaseRef, local: str) -> Standing:
    """Lets the server skip time until it is so late in the case; somebody then does something, which sets its clock."""
    now = (await settled(casework, case)).now
    await skip(casework, case, at(local) - now)
    await Worker(casework, case).works(1)
    return await settled(casework, case)


async def goes_over(casework: Casework, case: CaseRef, key: str, to: str) -> tuple[Receipt, tuple[Shift, ...]]:
    """As a person does it: first what would move, then the step itself."""
    _, _, newer, moved = await rules_adoption.preview(casework, case)
    assert newer.name == to
    receipt = await rules_adoption.adopt(casework, case, newer, SOCIAL, key)
    await settled(casework, case)
    return receipt, moved


def climbed(casework: Casework, case: CaseRef) -> list[tuple[int, int, str | None]]:
    """The rungs of the initial assessment's deadline, each fired at its instant."""
    rows = [row for row in register_of(casework).firings(case) if row.handoff == "H2"]
    assert all(timedelta(0) <= row.at - row.due < timedelta(seconds=5) for row in rows)
    return [(row.round, row.rung, shown(row.due)) for row in rows]


def digests(casework: Casework, case: CaseRef) -> list[str]:
    """The packs by which a case's revisions were decided, in order, each once for a stretch."""
    found: list[str] = []
    for row in register_of(casework).history(case):
        if found[-1:] != [row.pack_digest]:
            found.append(row.pack_digest)
    return found


def compiled(packs: Path, *names: str) -> list[RulePack]:
    return [load_pack(packs / name) for name in names]


async def test_an_open_case_goes_over_twice_and_its_timers_register_and_runs_follow(
    casework: Casework, packs: Path
) -> None:
    case = await opened(casework)
    before = await until(casework, case, "2027-03-02 10:00")
    assert next_alarm(before) == "Wed 3 Mar 2027 13:00"
    first, second = str(uuid4()), str(uuid4())

    receipt, moved = await goes_over(casework, case, first, LONGER)
    assert [(s.handoff, s.deadline, shown(s.before), shown(s.after)) for s in moved] == [
        ("H2", DECISION, "Mon 8 Mar 2027 09:00", "Thu 11 Mar 2027 09:00")
    ]
    after = await settled(casework, case)
    assert (due(after), next_alarm(after)) == ("Thu 11 Mar 2027 09:00", "Fri 5 Mar 2027 09:00")
    assert clocks(after, "H1") == clocks(before, "H1"), "what the newer rules say the same of stays"

    await until(casework, case, "2027-03-03 14:00")
    assert climbed(casework, case) == [], "the old alarm, Wednesday at 13, is gone"
    await goes_over(casework, case, second, SHORTER)
    standing = await settled(casework, case)
    assert (due(standing), next_alarm(standing)) == ("Tue 9 Mar 2027 09:00", "Thu 4 Mar 2027 09:00")
    await until(casework, case, "2027-03-04 10:00")
    assert climbed(casework, case) == [(0, 1, "Thu 4 Mar 2027 09:00")], "the timer was set for Friday"
    await assert_asking_again_changes_nothing(casework, case, first, receipt, packs)

    await until(casework, case, "2027-03-10 10:00")
    assert climbed(casework, case) == [
        (0, 1, "Thu 4 Mar 2027 09:00"),
        (0, 2, "Tue 9 Mar 2027 09:00"),
        (0, 3, "Wed 10 Mar 2027 09:00"),
    ]
    adopted = compiled(packs, SHIPPED, LONGER, SHORTER)
    await assert_register_folds(casework, case, adopted)
    await assert_runs_replay(casework, case, adopted[-1])


async def assert_asking_again_changes_nothing(
    casework: Casework, case: CaseRef, key: str, receipt: Receipt, packs: Path
) -> None:
    """The first request once more, after the second: through the register, to the same run, and to a later run."""
    (older,) = compiled(packs, LONGER)
    asked = Adoption(event=RulesAdopted(key=key, by=Actor(org=SOCIAL), pack=older.digest), pack=older)
    client = await temporal_of(casework)
    first_run = len(await runs(client, case))
    for _ in range(2):
        before = (await settled(casework, case)).state
        assert await rules_adoption.adopt(casework, case, older, SOCIAL, key) == receipt
        assert await cases.adopt(client, case, asked) == receipt
        assert (await settled(casework, case)).state == before
        await Worker(casework, case).works(5)
    assert len(await runs(client, case)) > first_run
    assert register_of(casework).history(case)[-1].pack_digest == compiled(packs, SHORTER)[0].digest


async def assert_register_folds(casework: Casework, case: CaseRef, adopted: list[RulePack]) -> None:
    """Every pack stands in the register, each revision names its own, and the log and the packs give the state."""
    state = await assert_nothing_lost_or_doubled(casework, case)
    assert digests(casework, case) == [pack.digest for pack in adopted]
    assert [register_of(casework).pack(pack.digest) for pack in adopted] == adopted
    log = [(EVENT.validate_python(row.event), row.at) for row in register_of(casework).history(case)]
    assert fold(CaseState(case=case), log, adopted).digest() == state.digest()
    assert register_of(casework).pack_digest(case) == adopted[-1].digest


async def assert_runs_replay(casework: Casework, case: CaseRef, last: RulePack) -> None:
    """Each run replays; the timer was set anew when the rules changed; the last run began with the last pack."""
    client = await temporal_of(casework)
    histories = await runs(client, case)
    assert len(histories) > 1
    replayer = Replayer(workflows=[CaseWorkflow], data_converter=client.data_converter, workflow_runner=sandbox())
    for history in histories:
        await replayer.replay_workflow(history)
    happened = set().union(*(event_types(history) for history in histories))
    assert {"TIMER_CANCELED", "TIMER_FIRED", "WORKFLOW_EXECUTION_CONTINUED_AS_NEW"} <= happened
    begun = in_plain(histories[-1], casework.settings)["events"][0]["workflowExecutionStartedEventAttributes"]["input"]
    assert CaseInput.model_validate_json(b64decode(begun["payloads"][0]["data"])).pack == last


async def test_a_ladder_with_other_rungs_goes_on_under_the_newer_rules_and_the_register_takes_it(
    casework: Casework, packs: Path
) -> None:
    case = await opened(casework)
    await until(casework, case, "2027-03-09 10:00")
    await goes_over(casework, case, str(uuid4()), FEWER)
    await until(casework, case, "2027-03-12 10:00")
    assert climbed(casework, case) == [
        (0, 1, "Wed 3 Mar 2027 13:00"),  # half of five working days
        (0, 2, "Mon 8 Mar 2027 09:00"),  # the deadline
        (0, 3, "Tue 9 Mar 2027 09:00"),  # one working day after it: the head
        (1, 3, "Fri 12 Mar 2027 09:00"),  # the third rung of the other ladder, three days after the new deadline
    ]
    await assert_register_folds(casework, case, compiled(packs, SHIPPED, FEWER))


async def refusal(casework: Casework, case: CaseRef, newer: RulePack, key: str) -> str:
    with pytest.raises(Refused) as refused:
        await rules_adoption.adopt(casework, case, newer, SOCIAL, key)
    return refused.value.refusal.code


async def test_a_case_whose_rules_are_not_yet_in_the_register_does_not_go_over(
    stack: Stack, casework: Casework, packs: Path
) -> None:
    shipped, longer, shorter = compiled(packs, SHIPPED, LONGER, SHORTER)
    first, second = str(uuid4()), str(uuid4())
    with held_up(stack.var / "register.db"):
        case = await casework.open_case(intake("ordinary", MONDAY_MORNING))
        assert await refusal(casework, case, longer, first) == "work-under-way"
    await settled(casework, case)
    with held_up(stack.var / "register.db"):
        receipt = await rules_adoption.adopt(casework, case, longer, SOCIAL, first)
        assert await refusal(casework, case, shorter, second) == "work-under-way"
        assert await rules_adoption.adopt(casework, case, longer, SOCIAL, first) == receipt
    await settled(casework, case)
    await rules_adoption.adopt(casework, case, shorter, SOCIAL, second)
    assert due(await settled(casework, case)) == "Tue 9 Mar 2027 09:00"
    await assert_register_folds(casework, case, [shipped, longer, shorter])


async def test_a_worker_killed_between_an_adoption_and_its_recording_loses_nothing_of_it(
    stack: Stack, casework: Casework, packs: Path
) -> None:
    case = await opened(casework)
    person = Worker(casework, case)
    shipped, longer = compiled(packs, SHIPPED, LONGER)
    key = str(uuid4())
    with held_up(stack.var / "register.db"):
        before = register_of(casework).case(case)
        await person.works(1)
        receipt = await rules_adoption.adopt(casework, case, longer, SOCIAL, key)
        await person.works(1)
        assert register_of(casework).case(case) == before, "nothing of it is recorded yet"
        assert register_of(casework).receipt(key) is None
        stack.kill()
    await asyncio.to_thread(stack.start)
    assert due(await settled(casework, case)) == "Thu 11 Mar 2027 09:00"
    await person.works(1)
    await assert_nothing_lost_or_doubled(casework, case, person)
    await person.repeats_everything()
    assert await rules_adoption.adopt(casework, case, longer, SOCIAL, key) == receipt
    assert register_of(casework).receipt(key) == (case, receipt)
    assert [row.kind for row in register_of(casework).history(case)].count("rules-adopted") == 1
    await assert_register_folds(casework, case, [shipped, longer])


async def test_a_quiet_case_knows_how_late_it_is(casework: Casework) -> None:
    """Which rules are newest, and whether an answer lies in the future, is judged by this."""
    case = await opened(casework)
    before = await settled(casework, case)

    async def standing() -> Standing:
        return await casework.standing(case)

    later = await eventually(standing, lambda now: now.now - before.now > timedelta(seconds=1), 10)
    assert later.state == before.state
