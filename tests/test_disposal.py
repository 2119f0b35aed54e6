"""Disposal at a desk, on both kinds of database: what is destroyed, what is not, by whom, and what is left to show."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from activities.audit import CannotAudit
from activities.disposal import Disposal, ListTampered
from activities.erasure import ENTRIES, NO_ENTRIES, OUTLIVES, tables_of_a_case
from activities.register import Register
from activities.register_view import RegisterView
from activities.retention_files import in_register
from activities.stores import open_database, reading, writing
from models.access import Role
from models.case import CaseState
from models.contracts import Refusal
from models.desk import Category
from models.events import Actor, Closed
from models.file_request_tables import FileCopyRow, FileRequestRow
from models.keys import KeyDestroyed
from models.retention import Carried, Closure, Errand, FileKind, FileStatus, NotToBeDone, WaitingList
from models.retention_tables import DisposalEntryRow, DisposalListRow
from models.words import CaseRef, EndCode
from rules.case import decide
from tests.databases import SOCIAL, Databases, grown, recording
from tests.disposal_support import CLOSED, DUE, MARKER, ORG, Desk, reader, years
from tests.programs import Program
from tests.rules_support import PACK, at


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "desk"))
    yield opened
    opened.dispose()


@pytest.fixture
def desk(engine: Engine, tmp_path: Path) -> Desk:
    return Desk(engine, tmp_path)


def status(desk: Desk, case: CaseRef, now: datetime = DUE) -> tuple[FileStatus, str | None]:
    said = desk.files.verdict(case, now)
    return said.status, said.because[-1].code if said.because else None


# --- the list ----------------------------------------------------------------------------------------


def test_an_approved_list_is_destroyed_row_by_row_and_key_by_key_and_certified_once(desk: Desk, tmp_path: Path) -> None:
    gone, stays = desk.closed_file(), desk.closed_file(at=CLOSED + timedelta(days=400))
    waiting = desk.approved()
    assert waiting.files == 1
    done = desk.disposal.dispose(waiting.id, DUE)
    assert isinstance(done, Carried)
    assert done.left == 0
    assert (desk.rows(gone), desk.rows(stays)) == (0, 7)
    with pytest.raises(KeyDestroyed):
        desk.store.keep(str(uuid4()), gone, Category.NOTE, ORG, {"text": "again"})
    assert desk.store.newest(stays, Category.NOTE) == {"text": MARKER}
    (certificate,) = desk.certificates()
    assert certificate["certificate"] == done.certificate
    assert {key: certificate[key] for key in ("org", "files", "rules", "spared", "approved_as", "due_from")} == {
        "org": ORG,
        "files": 1,
        "rules": [
            {"rule": "social-services-five-years", "basis": "SoL (2025:400) 16 kap. 1 §", "files": 1},
        ],
        "spared": {},
        "approved_as": "archivist",
        "due_from": "2032-03-11",
    }
    assert desk.disposal.dispose(waiting.id, DUE) == done
    assert len(desk.certificates()) == 1
    assert desk.acts(gone) == [("dispose", "arkiv-01", "begun"), ("dispose", "arkiv-01", "done")]
    assert desk.audit.broken() is None


def test_neither_certificate_nor_what_is_left_of_the_list_says_which_cases_or_who(desk: Desk) -> None:
    cases = [desk.closed_file() for _ in range(3)]
    desk.disposal.dispose(desk.approved().id, DUE)
    left = [line for line in desk.everything() if line.startswith("disposal_")]
    assert len(left) == 2  # the list and its certificate
    for line in left:
        assert not any(case in line for case in cases)
        assert not re.search(r"U-[0-9A-Z]{4}-[0-9A-Z]{4}", line)
    assert "arkiv-01" not in json.dumps(desk.certificates())
    assert MARKER not in "".join(desk.everything())


def test_every_table_with_a_case_is_erased_or_named_as_one_that_outlives_it(engine: Engine) -> None:
    with_case = {
        t for t in inspect(engine).get_table_names() if "case" in {c["name"] for c in inspect(engine).get_columns(t)}
    }
    erased = {table.name for table in tables_of_a_case()}
    assert with_case == erased | (OUTLIVES & with_case)
    assert set(ENTRIES) <= erased
    assert erased - set(ENTRIES) == NO_ENTRIES - {"disposal_entries"}


def test_what_hangs_on_a_row_of_the_case_goes_with_it(desk: Desk) -> None:
    case, request, other = desk.closed_file(), str(uuid4()), str(uuid4())
    with writing(desk.engine) as session:
        for one, of in ((request, case), (other, None)):
            days: dict[str, Any] = dict.fromkeys(("received_at", "acknowledge_by", "answer_by", "decided_at"), CLOSED)
            session.add(FileRequestRow(id=one, case=of, regime="party", asker="party", **days))
            session.flush()
            session.add(FileCopyRow(request=one, copy_number=1, digest="d", made_at=CLOSED))
    desk.disposal.dispose(desk.approved().id, DUE)
    left = [line for line in desk.everything() if line.startswith("file_request")]
    assert len(left) == 2
    assert not any(request in line for line in left)


def test_what_is_on_a_list_that_waits_does_not_move_and_a_file_that_falls_due_waits_for_the_next(desk: Desk) -> None:
    desk.closed_file()
    first = desk.waiting()
    late = desk.closed_file(at=CLOSED + timedelta(days=1))
    assert desk.waiting(DUE + timedelta(days=9)) == first
    desk.disposal.approve(first.id, first.digest, reader(), DUE)
    desk.disposal.dispose(first.id, DUE)
    second = desk.waiting(DUE + timedelta(days=9))
    assert (second.files, second.id == first.id) == (1, False)
    current = desk.disposal.current()
    assert current is not None
    assert [entry.case for entry in current[1]] == [late]


def test_a_list_with_a_file_that_may_not_go_any_more_is_replaced_and_the_old_one_can_not_be_approved(
    desk: Desk,
) -> None:
    kept, goes = desk.closed_file(), desk.closed_file()
    old = desk.waiting()
    assert isinstance(desk.files.hold(kept, "dispute", reader(), DUE), str)
    new = desk.waiting()
    assert (old.files, new.files) == (2, 1)
    assert old.digest != new.digest
    assert desk.disposal.approve(old.id, old.digest, reader(), DUE) == Refusal(code="list-is-over", detail="replaced")
    assert desk.disposal.approve(new.id, old.digest, reader(), DUE) == Refusal(code="list-has-changed")
    assert isinstance(desk.disposal.approve(new.id, new.digest, reader(), DUE), WaitingList)
    desk.disposal.dispose(new.id, DUE)
    assert (desk.rows(kept) > 0, desk.rows(goes)) == (True, 0)


def test_the_database_itself_lets_no_desk_have_two_lists(desk: Desk) -> None:
    desk.closed_file()
    desk.waiting()
    with pytest.raises(IntegrityError), writing(desk.engine) as session:
        session.add(DisposalListRow(id=str(uuid4()), state="waiting", slot=1, files=1, digest="d", drawn_at=DUE))


def test_when_nothing_is_due_there_is_no_list_and_it_is_known_when_to_look_again(desk: Desk) -> None:
    assert desk.disposal.draw(DUE) == (None, None)
    desk.closed_file()
    drawn, wake = desk.disposal.draw(DUE - timedelta(days=30))
    assert (drawn, wake) == (None, datetime.fromisoformat("2032-03-11T00:00+01:00"))


# --- who may, and what they read ---------------------------------------------------------------------


def test_only_the_archive_role_of_the_own_desk_decides_and_every_try_is_kept(desk: Desk) -> None:
    case = desk.closed_file()
    waiting = desk.waiting()
    for role in Role:
        if role is not Role.ARCHIVIST:
            answer = desk.disposal.approve(waiting.id, waiting.digest, reader(role, "chef-01"), DUE)
            assert answer == Refusal(code="not-the-archive-role")
    assert desk.disposal.approve(waiting.id, waiting.digest, reader(org="soc-0180"), DUE) == Refusal(
        code="not-your-desk"
    )
    assert desk.disposal.dispose(waiting.id, DUE) == NotToBeDone()
    assert desk.rows(case) > 0
    assert desk.acts().count(("approve-disposal", "chef-01", "not-the-archive-role")) == len(Role) - 1


def test_an_unknown_list_a_wrong_digest_and_a_list_that_is_over_are_refused_and_nothing_goes(desk: Desk) -> None:
    case = desk.closed_file()
    waiting = desk.waiting()
    assert desk.disposal.approve(str(uuid4()), waiting.digest, reader(), DUE) == Refusal(code="no-such-list")
    assert desk.disposal.approve(waiting.id, "0" * 64, reader(), DUE) == Refusal(code="list-has-changed")
    assert isinstance(desk.disposal.refuse(waiting.id, waiting.digest, reader(), DUE), WaitingList)
    assert desk.disposal.approve(waiting.id, waiting.digest, reader(), DUE) == Refusal(
        code="list-is-over", detail="refused"
    )
    assert desk.disposal.dispose(waiting.id, DUE) == NotToBeDone()
    assert desk.disposal.dispose(str(uuid4()), DUE) == NotToBeDone()
    assert desk.rows(case) > 0
    assert desk.waiting().id != waiting.id  # it comes back, on another list


def test_approving_twice_changes_nothing_and_another_archivist_is_told(desk: Desk) -> None:
    desk.closed_file()
    waiting = desk.waiting()
    first = desk.disposal.approve(waiting.id, waiting.digest, reader(), DUE)
    assert first == desk.disposal.approve(waiting.id, waiting.digest, reader(), DUE)
    assert desk.disposal.approve(waiting.id, waiting.digest, reader(user="arkiv-02"), DUE) == Refusal(
        code="list-is-approved", detail="approved"
    )
    assert desk.disposal.refuse(waiting.id, waiting.digest, reader(), DUE) == Refusal(
        code="list-is-approved", detail="approved"
    )
    assert desk.acts().count(("approve-disposal", "arkiv-01", "done")) == 1


def test_of_two_archivists_who_decide_at_once_one_decides(desk: Desk) -> None:
    desk.closed_file()
    for _ in range(5):
        waiting = desk.waiting()
        users = [f"arkiv-0{number}" for number in range(1, 7)]
        ways = [desk.disposal.approve, desk.disposal.refuse] * 3
        with ThreadPoolExecutor(len(users)) as threads:
            asked = [
                threads.submit(way, waiting.id, waiting.digest, reader(user=user), DUE)
                for way, user in zip(ways, users, strict=True)
            ]
            answers = [one.result() for one in asked]
        decided = [answer for answer in answers if isinstance(answer, WaitingList)]
        assert len(decided) == 1
        assert {a.code for a in answers if isinstance(a, Refusal)} <= {"list-is-approved", "list-is-over"}
        if decided[0].approved:
            assert isinstance(desk.disposal.dispose(waiting.id, DUE), Carried)
            desk.closed_file()
    assert desk.audit.broken() is None


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_file_that_somebody_puts_on_the_list_by_hand_stops_the_whole(desk: Desk, when: str) -> None:
    listed, smuggled = desk.closed_file(), desk.closed_file(at=CLOSED + timedelta(days=400))
    waiting = desk.waiting() if when == "before" else desk.approved()
    told: dict[str, Any] = {"kinds": ["ordinary"], "rule": "social-services-five-years", "first_day": date(2032, 3, 11)}
    with writing(desk.engine) as session:
        session.add(DisposalEntryRow(list_id=waiting.id, case=smuggled, **told))
    if when == "before":
        assert desk.disposal.approve(waiting.id, waiting.digest, reader(), DUE) == Refusal(code="list-has-changed")
        assert desk.disposal.dispose(waiting.id, DUE) == NotToBeDone()
    else:
        with pytest.raises(ListTampered):
            desk.disposal.dispose(waiting.id, DUE)
    assert (desk.rows(listed) > 0, desk.rows(smuggled) > 0) == (True, True)


# --- what spares a file ------------------------------------------------------------------------------


def test_a_hold_set_after_the_approval_wins(desk: Desk) -> None:
    held, goes = desk.closed_file(), desk.closed_file()
    approved = desk.approved()
    desk.files.hold(held, "research", reader(Role.CASEWORKER, "handl-07"), DUE)
    desk.disposal.dispose(approved.id, DUE)
    assert (desk.rows(held) > 0, desk.rows(goes)) == (True, 0)
    assert desk.store.newest(held, Category.NOTE) == {"text": MARKER}
    (certificate,) = desk.certificates()
    assert (certificate["files"], certificate["spared"]) == (1, {"held": 1})
    assert desk.acts(held)[-1] == ("dispose", "arkiv-01", "held")


def test_what_is_written_in_a_file_after_the_approval_starts_its_clock_anew(desk: Desk) -> None:
    case = desk.closed_file()
    approved = desk.approved()
    desk.store.keep(str(uuid4()), case, Category.NOTE, ORG, {"text": "a relapse"})
    with writing(desk.engine) as session:
        told = {"at": DUE if desk.engine.dialect.name == "postgresql" else "2032-03-11 08:00:00.000000", "case": case}
        session.connection().execute(
            text("update items set stored_at = :at where \"case\" = :case and category = 'note'"), told
        )
    desk.disposal.dispose(approved.id, DUE)
    assert desk.store.newest(case, Category.NOTE) is not None
    assert (desk.certificates()[0]["files"], desk.certificates()[0]["spared"]) == (0, {"not-due": 1})


@pytest.mark.parametrize(
    ("closure", "why"), [(Closure(open=True), "case-open"), (None, "case-unknown"), (Closure(open=False), None)]
)
def test_a_case_that_is_open_or_unknown_in_the_plane_is_never_due(
    desk: Desk, closure: Closure | None, why: str | None
) -> None:
    case = desk.closed_file()
    approved = desk.approved()
    desk.closures[case] = closure
    assert status(desk, case, DUE + years(50))[0] is (FileStatus.OVERDUE if why is None else status(desk, case)[0])
    desk.disposal.dispose(approved.id, DUE)
    assert (desk.rows(case) == 0) == (why is None)
    assert desk.certificates()[0]["spared"] == ({} if why is None else {why: 1})


def test_a_file_that_somebody_has_asked_to_see_waits_for_the_decision(desk: Desk) -> None:
    case, request = desk.closed_file(), str(uuid4())
    days: dict[str, Any] = dict.fromkeys(("received_at", "acknowledge_by", "answer_by"), DUE)
    with writing(desk.engine) as session:
        session.add(FileRequestRow(id=request, case=case, regime="party", asker="party", **days))
    assert status(desk, case) == (FileStatus.HELD, "hold")
    with writing(desk.engine) as session:
        row = session.get_one(FileRequestRow, request)
        row.decided_at = DUE
    assert status(desk, case)[0] is FileStatus.DUE


def test_holds_stand_beside_each_other_and_each_is_released_by_itself(desk: Desk) -> None:
    case = desk.closed_file()
    caseworker, manager = reader(Role.CASEWORKER, "handl-07"), reader(Role.UNIT_MANAGER, "chef-01")
    research = desk.files.hold(case, "research", caseworker, DUE)
    dispute = desk.files.hold(case, "dispute", caseworker, DUE, until=DUE + timedelta(days=30))
    assert isinstance(research, str)
    assert isinstance(dispute, str)
    assert desk.files.release(case, research, caseworker, DUE) == Refusal(code="not-the-archive-role")
    assert desk.files.release(case, research, manager, DUE) is None
    assert desk.files.release(case, research, manager, DUE) is None
    assert status(desk, case) == (FileStatus.HELD, "hold")
    assert status(desk, case, DUE + timedelta(days=30))[0] is FileStatus.DUE
    assert [row.reason for row in desk.files.holds()] == ["dispute"]
    assert desk.acts(case).count(("retention-release", "chef-01", "done")) == 1


def test_holds_that_can_not_be_meant_are_refused_with_what_could(desk: Desk) -> None:
    case, stranger = desk.closed_file(), CaseRef("U-0000-007J")
    reasons = ("research", "dispute", "child-placement", "file-request")
    assert desk.files.hold(case, "whim", reader(), DUE) == Refusal(code="unknown-hold-reason", possible=reasons)
    assert desk.files.hold(case, "dispute", reader(), DUE, until=DUE) == Refusal(code="hold-ends-in-the-past")
    assert desk.files.hold(stranger, "dispute", reader(), DUE) == Refusal(code="no-such-file")
    assert desk.files.release(case, str(uuid4()), reader(), DUE) == Refusal(code="no-such-hold")
    assert desk.files.hold(case, "dispute", reader(Role.OPERATOR), DUE) == Refusal(code="not-the-archive-role")
    assert desk.files.holds() == []


def test_what_is_noted_of_a_file_and_what_the_vault_knows_count_together(desk: Desk) -> None:
    case = desk.closed_file(kinds=(FileKind.CHILD_INVESTIGATION,), born=date(2012, 5, 20))
    assert str(desk.files.verdict(case, DUE).first_day) == "2043-01-01"
    assert desk.files.note(case, (FileKind.CHILD_PLACEMENT,), reader(Role.CASEWORKER), DUE) is None
    assert status(desk, case, DUE + years(100)) == (FileStatus.KEPT, "kept")


LOOKS = (
    "read", "read-address", "read-disclosures", "view", "view-masked", "view-address", "preview", "break-glass",
    "access-granted", "access-revoked", "approval-requested", "approved", "reviewed", "file-request", "file-decide",
)  # fmt: skip
"""What is done about a file, and leaves nothing in it."""


def test_looking_at_a_file_does_not_keep_it_and_doing_something_with_it_does(desk: Desk) -> None:
    case = desk.closed_file()
    with desk.files.alone() as session:
        for look in LOOKS:
            desk.files.told(session, reader(Role.CASEWORKER), look, DUE - years(1), case=case)
        desk.files.told(session, reader(Role.CASEWORKER), "disclose", DUE - years(1), case=case, outcome="no-ground")
    assert str(desk.files.verdict(case, DUE).first_day) == "2032-03-11"
    with desk.files.alone() as session:
        desk.files.told(
            session, reader(Role.CASEWORKER), "disclose", datetime.fromisoformat("2031-01-07T10:00Z"), case=case
        )
    assert str(desk.files.verdict(case, DUE).first_day) == "2036-01-08"


def test_a_clock_that_is_set_back_makes_nothing_due(desk: Desk) -> None:
    case = desk.closed_file(at=DUE)
    desk.closures[case] = Closure(open=False, closed_at=CLOSED)
    with writing(desk.engine) as session:
        old = CLOSED if desk.engine.dialect.name == "postgresql" else "2027-03-10 08:00:00.000000"
        session.connection().execute(text("update inbox set arrived_at = :at"), {"at": old})
    assert str(desk.files.verdict(case, DUE - timedelta(days=30)).first_day) == "2037-03-12"


# --- interrupted -------------------------------------------------------------------------------------


class Stopped(BaseException):
    """The program ends here."""


@pytest.mark.parametrize("step", ["before-keys", "after-keys"])
def test_what_was_interrupted_is_gone_on_with_and_no_hold_is_taken_where_there_is_no_way_back(
    desk: Desk, step: str
) -> None:
    cases = sorted(desk.closed_file() for _ in range(3))
    approved = desk.approved()

    class Interrupted:
        def destroy(self, case: CaseRef) -> None:
            if case == cases[1] and step == "before-keys":
                raise Stopped
            desk.keys.destroy(case)
            if case == cases[1]:
                raise Stopped

    with pytest.raises(Stopped):
        Disposal(desk.files, Interrupted()).dispose(approved.id, DUE)
    assert [desk.rows(case) > 0 for case in cases] == [False, True, True]
    assert desk.files.hold(cases[0], "dispute", reader(), DUE) == Refusal(code="file-is-being-destroyed")
    assert desk.files.hold(cases[1], "dispute", reader(), DUE) == Refusal(code="file-is-being-destroyed")
    assert isinstance(desk.files.hold(cases[2], "dispute", reader(), DUE), str)
    assert desk.waiting().id == approved.id
    desk.disposal.dispose(approved.id, DUE)
    assert [desk.rows(case) > 0 for case in cases] == [False, False, True]
    (certificate,) = desk.certificates()
    assert (certificate["files"], certificate["spared"]) == (2, {"held": 1})
    for case in cases[:2]:
        assert desk.acts(case) == [("dispose", "arkiv-01", "begun"), ("dispose", "arkiv-01", "done")]


def test_some_files_at_a_time_until_none_is_left(desk: Desk) -> None:
    for _ in range(5):
        desk.closed_file()
    approved = desk.approved()
    told = [desk.disposal.dispose(approved.id, DUE, at_most=2) for _ in range(3)]
    assert [one.left for one in told if isinstance(one, Carried)] == [3, 1, 0]
    assert desk.certificates()[0]["files"] == 5


def test_two_programs_that_carry_out_the_same_list_certify_it_once(desk: Desk) -> None:
    cases = [desk.closed_file() for _ in range(6)]
    approved = desk.approved()
    with ThreadPoolExecutor(3) as threads:
        told = list(threads.map(lambda _: desk.disposal.dispose(approved.id, DUE), range(3)))
    assert len({one.certificate for one in told if isinstance(one, Carried)}) == 1
    assert (len(desk.certificates()), desk.certificates()[0]["files"]) == (1, 6)
    for case in cases:
        assert desk.acts(case).count(("dispose", "arkiv-01", "done")) == 1
    assert desk.audit.broken() is None


def test_when_the_audit_can_not_be_written_nothing_is_destroyed(desk: Desk) -> None:
    case = desk.closed_file()
    approved = desk.approved()
    with desk.engine.begin() as connection:
        connection.execute(text("alter table audit rename to audit_elsewhere"))
    with pytest.raises((CannotAudit, Exception)):
        desk.disposal.dispose(approved.id, DUE)
    with desk.engine.begin() as connection:
        connection.execute(text("alter table audit_elsewhere rename to audit"))
    assert desk.store.newest(case, Category.NOTE) == {"text": MARKER}
    with reading(desk.engine) as session:
        assert session.get_one(DisposalEntryRow, (approved.id, case)).state == "listed"


KILLED = """
import sys
from datetime import datetime
from pathlib import Path
from activities.disposal import Disposal
from activities.stores import open_database
from tests.disposal_support import Desk
from models.retention import Closure
from models.words import CaseRef
url, folder, list_id, now, *cases = sys.argv[1:]
desk = Desk(open_database(url), Path(folder))
desk.closures.update({CaseRef(case): Closure(open=False) for case in cases})
class Telling:
    def destroy(self, case):
        print("destroying", flush=True)
        desk.keys.destroy(case)
        print("destroyed", flush=True)
Disposal(desk.files, Telling()).dispose(list_id, datetime.fromisoformat(now), at_most=500)
"""


def test_killed_at_any_moment_it_is_carried_out_in_the_end_and_certified_once(desk: Desk, tmp_path: Path) -> None:
    cases = [desk.closed_file() for _ in range(12)]
    approved = desk.approved()
    url = desk.engine.url.render_as_string(hide_password=False)
    kills = 0
    for steps in (1, 2, 4, 5):  # each file tells twice: before its keys are destroyed, and after
        program = Program("-c", KILLED, url, str(tmp_path), approved.id, DUE.isoformat(), *cases)
        assert program.stdout is not None
        told = [program.stdout.readline().strip() for _ in range(steps)]
        assert told == [("destroying", "destroyed")[place % 2] for place in range(steps)]
        kills += program.poll() is None
        program.kill()
        program.communicate()
        for case in cases:  # nothing is half done: what has its keys has everything
            if not desk.keys.destroyed(case):
                assert desk.store.newest(case, Category.NOTE) == {"text": MARKER}
    desk.disposal.dispose(approved.id, DUE, at_most=500)
    assert kills >= 2
    assert [desk.rows(case) for case in cases] == [0] * 12
    assert [certificate["files"] for certificate in desk.certificates()] == [12]
    for case in cases:
        assert desk.acts(case) == [("dispose", "arkiv-01", "begun"), ("dispose", "arkiv-01", "done")]
    assert desk.audit.broken() is None


def test_how_a_case_stands_is_read_from_the_register(databases: Databases) -> None:
    register = open_database(databases.url("sqlite", "register"))
    begun = grown(CaseRef("U-0000-007J"), 1)
    ended_at = at("2027-03-10 09:00")
    over = begun.model_copy(update={"handoffs": {}})
    ended = decide(over, Closed(key=str(uuid4()), by=Actor(org=SOCIAL.id), code=EndCode.ENDED), ended_at, PACK)
    assert isinstance(ended, CaseState)
    closure_of = in_register(RegisterView(register))
    assert closure_of(CaseRef("U-0000-007J")) is None
    Register(register).record(recording(begun))
    opened = closure_of(CaseRef("U-0000-007J"))
    assert opened is not None
    assert (opened.open, opened.closed_at) == (True, None)
    Register(register).record(recording(ended, 2))
    assert closure_of(CaseRef("U-0000-007J")) == Closure(open=False, closed_at=ended_at)
    register.dispose()


# --- what the plane asks -----------------------------------------------------------------------------


def errand(work: str, now: datetime, list_id: str | None = None, org: str = ORG) -> Errand:
    told = {"id": f"{org}/1", "org": org, "work": work, "list": list_id, "digest": "d", "next_try": now, "since": now}
    return Errand.model_validate(told)


def test_the_plane_gets_to_know_a_number_and_a_digest_and_no_case(desk: Desk) -> None:
    case = desk.closed_file()
    disposal = Disposal(desk.files, desk.keys, clock=lambda: DUE, tell=desk.told.append)
    reply = disposal.look(errand("retention-look", DUE))
    assert case not in reply.model_dump_json()
    assert MARKER not in reply.model_dump_json()
    assert [one.files for one in desk.told] == [1]
    assert reply.digest == "d"


def test_the_plane_can_not_have_destroyed_what_the_archive_role_has_not_approved(desk: Desk) -> None:
    case = desk.closed_file()
    waiting = desk.waiting()
    disposal = Disposal(desk.files, desk.keys, clock=lambda: DUE)
    assert disposal.carry_out(errand("retention-dispose", DUE, waiting.id)).answer == NotToBeDone()
    assert disposal.carry_out(errand("retention-dispose", DUE)).answer == NotToBeDone()
    assert desk.rows(case) > 0


@pytest.mark.parametrize("apart", [timedelta(days=2), timedelta(days=-2)])
def test_when_the_clocks_of_desk_and_plane_differ_nothing_is_judged(desk: Desk, apart: timedelta) -> None:
    desk.closed_file()
    disposal = Disposal(desk.files, desk.keys, clock=lambda: DUE)
    with pytest.raises(Exception, match="clocks"):
        disposal.look(errand("retention-look", DUE + apart))
    with pytest.raises(Exception, match="another desk"):
        disposal.look(errand("retention-look", DUE, org="soc-0180"))
    assert desk.disposal.current() is None
