"""The register: each revision once, all of a batch or none, and a chain that can be checked."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select
from temporalio.exceptions import ApplicationError

from activities.directory import load_directory
from activities.register import Register
from activities.register_view import RegisterView, deadline_of
from activities.stores import open_database, writing
from models.audit_tables import PlaneAuditRow
from models.case import CaseState
from models.events import Actor, RulesAdopted
from models.handoffs import DeadlineName, Firing
from models.packs import RulePack
from models.register import METADATA, CaseEventRow, OrganisationRow
from models.words import Need, Urgency, case_reference
from rules.case import decide
from tests.audit_support import unguard
from tests.databases import Databases, grown, recording
from tests.events_support import NIGHT, batch, busy_case
from tests.programs import Program
from tests.rules_support import PACK, at, later
from tests.rules_support import REF as REF_OF_RULES


def stored(engine: Engine) -> dict[str, list[Any]]:
    """Everything in the register, table by table."""
    with engine.connect() as connection:
        return {table.name: sorted(map(repr, connection.execute(table.select()))) for table in METADATA.sorted_tables}


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "register"))
    yield opened
    opened.dispose()


@pytest.fixture
def register(engine: Engine) -> Register:
    return Register(engine)


REF = case_reference(secrets.randbits(35))


def test_recording_the_same_again_changes_nothing_and_answers_the_same(register: Register, engine: Engine) -> None:
    state = grown(REF, 5)
    first = register.record(recording(state))
    before = stored(engine)
    assert first.digests == tuple(entry.digest for entry in state.pending)
    assert register.record(recording(state)) == first
    assert register.record(recording(state, 2, 4)).digests == first.digests[1:4]
    assert stored(engine) == before
    assert len(before["case_events"]) == len(before["audit"]) == len(before["request_keys"]) == 5


def test_a_batch_that_overlaps_what_is_there_adds_only_what_is_new(register: Register, engine: Engine) -> None:
    state = grown(REF, 5)
    register.record(recording(state, 1, 3))
    register.record(recording(state, 2, 5))
    assert len(stored(engine)["case_events"]) == 5
    assert register.first_broken_link() is None


def test_a_gap_is_refused_and_nothing_of_the_batch_is_kept(register: Register, engine: Engine) -> None:
    state = grown(REF, 6)
    register.record(recording(state, 1, 2))
    before = stored(engine)
    whole = recording(state, 3, 6)
    with_gap = whole.model_copy(update={"entries": tuple(e for e in whole.entries if e.revision != 5)})
    for refused in (recording(state, 4, 4), with_gap):
        with pytest.raises(ApplicationError, match="is missing") as caught:
            register.record(refused)
        assert caught.value.type == "Gap"
        assert stored(engine) == before


def test_a_batch_that_fails_in_the_middle_leaves_nothing(register: Register, engine: Engine) -> None:
    state = grown(REF, 3)
    register.record(recording(state, 1, 1))
    before = stored(engine)
    rung = Firing(
        handoff="H1",
        deadline=DeadlineName.DECISION,
        ladder="ordinary",
        rung=1,
        due=at("2027-01-05 10:00"),
        at=at("2027-01-05 10:00"),
        to=("owner:officer",),
    )
    batch = recording(state, 2, 3)
    second, third = batch.entries
    gap = batch.model_copy(update={"entries": (second, third.model_copy(update={"revision": 5, "firings": (rung,)}))})
    with pytest.raises(ApplicationError, match="revision 4 is missing"):
        register.record(gap)
    assert stored(engine) == before
    register.record(batch)
    assert len(stored(engine)["case_events"]) == 3


def test_a_rung_told_twice_is_stored_once_and_stops_no_recording(register: Register, engine: Engine) -> None:
    state = grown(REF, 1)
    rung = Firing(
        handoff="H1",
        deadline=DeadlineName.DECISION,
        ladder="ordinary",
        rung=1,
        due=at("2027-01-05 10:00"),
        at=at("2027-01-05 10:00"),
        to=("owner:officer",),
    )
    batch = recording(state, 1, 1)
    (first,) = batch.entries
    register.record(batch.model_copy(update={"entries": (first.model_copy(update={"firings": (rung, rung)}),)}))
    assert len(stored(engine)["firings"]) == 1


def test_a_revision_that_stands_is_never_written_over_and_its_digest_is_what_is_told(register: Register) -> None:
    state, other = grown(REF, 3), grown(REF, 3)
    stands = register.record(recording(state)).digests
    assert register.record(recording(other)).digests == stands
    assert stands != tuple(entry.digest for entry in other.pending)


def test_an_old_snapshot_does_not_replace_a_newer_one(register: Register, engine: Engine) -> None:
    early, late = grown(REF, 2), grown(REF, 4)
    register.record(recording(late))
    register.record(recording(early))
    row = RegisterView(engine).case(REF)
    assert row is not None
    assert (row.revision, row.state_digest) == (4, late.digest())


def test_a_key_answers_for_ever_with_its_first_receipt(register: Register, engine: Engine) -> None:
    state = grown(REF, 3)
    register.record(recording(state))
    view = RegisterView(engine)
    assert {key: view.receipt(key) for key in state.answered} == {key: (REF, r) for key, r in state.answered.items()}
    assert view.receipt(secrets.token_hex(8)) is None


def test_a_deadline_can_be_read_back_whole_also_when_its_handoff_has_ended(register: Register, engine: Engine) -> None:
    case = busy_case()
    assert case.learns(later(NIGHT, minutes=40), urgency=Urgency.ORDINARY) is None
    case.waits(later(NIGHT, days=3))
    held = next(e.revision for e in case.entries if any(d.stands for h in e.handoffs for d in h.deadlines))
    for first, upto in ((1, held), (held + 1, len(case.entries))):
        register.record(batch(case, first, upto))
        last = {(h.id, d.name): d for e in case.entries[:upto] for h in e.handoffs for d in h.deadlines}
        rows = RegisterView(engine).deadlines(REF_OF_RULES, ended=True)
        assert {(row.handoff, row.name): deadline_of(row) for row in rows} == last
        assert any(d.consumed for d in last.values()) == (upto == held)
        assert any(d.moves for d in last.values()) == (upto > held)
    live = {(h.id, d.name) for h in case.state.handoffs.values() for d in h.deadlines}
    rows = RegisterView(engine).deadlines(REF_OF_RULES, ended=True)
    assert {(row.handoff, row.name) for row in rows if row.ended_at is None} == live
    assert len(live) < len(rows)


def test_a_handoff_keeps_where_it_came_from_and_who_was_said_to_be_responsible(
    register: Register, engine: Engine
) -> None:
    case = busy_case()
    told = {
        "rerouted_from": "H1",
        "disclaimed_to": "soc-b",
        "paragraph": "SoL 29:4",
        "anchor": later(NIGHT, days=9),
        "accepted_at": later(NIGHT, days=1),
        "held_at": later(NIGHT, days=2),
        "ended_at": later(NIGHT, days=3),
        "ended_from": "in-progress",
    }
    *before, last = case.entries
    marked = tuple(handoff.model_copy(update=told) for handoff in last.handoffs)
    case.entries = [*before, last.model_copy(update={"handoffs": marked})]
    register.record(batch(case))
    rows = RegisterView(engine).handoffs(REF_OF_RULES)
    touched = {handoff.id for handoff in marked}
    assert [row.model_dump(include=set(told)) for row in rows if row.id in touched] == [told] * len(marked)
    assert {row.rerouted_from for row in rows if row.id not in touched} == {None}


def test_each_revision_stands_under_the_pack_that_decided_it_and_the_log_holds_no_pack(
    register: Register, engine: Engine
) -> None:
    newer = RulePack.model_validate(PACK.model_dump() | {"name": "later"})
    case = busy_case()
    adopting = RulesAdopted(key=case.key(), by=Actor(org="soc-a"), pack=newer.digest)
    adopted = decide(case.state, adopting, later(NIGHT, hours=1), PACK, newer)
    assert isinstance(adopted, CaseState), adopted
    case.entries += adopted.pending
    case.state, case.pack = adopted.model_copy(update={"pending": ()}), newer
    before = case.entries[-2].revision
    assert case.learns(later(NIGHT, hours=2), needs=(Need.DEBT,)) is None
    register.record(batch(case).model_copy(update={"pack": PACK}))
    view = RegisterView(engine)
    digests = {row.revision: row.pack_digest for row in view.history(REF_OF_RULES)}
    assert {digest for revision, digest in digests.items() if revision <= before} == {PACK.digest}
    assert {digest for revision, digest in digests.items() if revision > before} == {newer.digest}
    assert view.pack_digest(REF_OF_RULES) == newer.digest
    (row,) = (row for row in view.history(REF_OF_RULES) if row.kind == "rules-adopted")
    assert row.event == adopting.model_dump(mode="json")
    assert max(len(json.dumps(row.event)) for row in view.history(REF_OF_RULES)) < 10_000


def test_writers_in_several_processes_and_threads_lose_nothing(
    register: Register, engine: Engine, tmp_path: Path
) -> None:
    """Two processes of four threads write forty cases; ten of them are written by both at the same time."""
    cases = [grown(case_reference(number), 4) for number in range(1, 41)]
    url = engine.url.render_as_string(hide_password=False)
    files = []
    for number, mine in enumerate((cases[:25], cases[15:])):
        file = tmp_path / f"writer-{number}"
        file.write_text("\n".join(recording(state).model_dump_json() for state in mine))
        files.append(file)
    program = str(Path(__file__).parent / "record_in_register.py")
    writers = [Program(program, url, str(file)) for file in files]
    told = [writer.communicate(timeout=60)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], told
    view = RegisterView(engine)
    for state in cases:
        history = view.history(state.case)
        assert [row.revision for row in history] == [1, 2, 3, 4]
        assert [row.state_digest for row in history] == [entry.digest for entry in state.pending]
    assert len(stored(engine)["audit"]) == 160
    assert register.first_broken_link() is None


@pytest.mark.parametrize(
    "change",
    [
        "update audit set case_ = 'U-0000-007J' where seq = 3",
        "update audit set content = replace(content, 'revision-3', 'revision-7') where seq = 3",
        "update audit set previous = upper(previous) where seq = 3",
        "delete from audit where seq = 3",
    ],
)
def test_a_changed_or_missing_audit_entry_breaks_the_chain(register: Register, engine: Engine, change: str) -> None:
    register.record(recording(grown(REF, 5)))
    assert register.first_broken_link() is None
    unguard(engine)
    with engine.begin() as connection:
        connection.execute(text(change.replace("case_", '"case"')))
    assert register.first_broken_link() == 3


def test_the_directory_is_kept_and_what_left_it_becomes_inactive(register: Register, engine: Engine) -> None:
    directory = list(load_directory().values())
    register.keep_directory(directory)
    register.keep_directory(directory[1:])
    with Session(engine) as session:
        rows = {row.id: row for row in session.exec(select(OrganisationRow))}
    assert len(rows) == len(directory)
    assert [row.id for row in rows.values() if not row.active] == [directory[0].id]
    register.keep_directory(directory)
    with Session(engine) as session:
        assert all(row.active for row in session.exec(select(OrganisationRow)))


def test_an_error_shows_no_parameter_and_no_row(engine: Engine) -> None:
    marker = f"anna-{secrets.token_hex(8)}"
    row: dict[str, Any] = {
        "case": marker,
        "revision": 1,
        "at": at("2027-01-05 10:00"),
        "kind": "opened",
        "phase": marker,
    }
    row |= {"event": {"x": marker}, "pack_digest": marker, "state_digest": marker}
    broken: list[list[Any]] = [[CaseEventRow(**row), CaseEventRow(**row)], [CaseEventRow(**(row | {"phase": None}))]]
    link: dict[str, Any] = dict.fromkeys(("at", "user", "case", "content", "previous"), marker)
    broken.append([PlaneAuditRow(**link, seq=1)])
    for rows in broken:
        with pytest.raises(Exception) as caught, writing(engine) as session:  # noqa: PT011
            session.add_all(rows)
        error: BaseException | None = caught.value
        while error is not None:
            assert marker not in f"{error!s}{error!r}{error.args}"
            error = error.__cause__ or error.__context__
