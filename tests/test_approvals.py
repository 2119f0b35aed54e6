"""Two persons: one asks, another approves, once; at night one may alone, and somebody looks at it afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from activities.approvals import LASTS, Approval, Approvals
from activities.case_access import NeedToKnow
from activities.staff import Staff
from activities.stores import open_database, writing
from models.access import Action, Reader, Role
from models.contracts import Refusal
from models.words import CaseRef
from tests.databases import Databases
from tests.programs import Program
from tests.rules_support import at
from tests.staff_support import NIGHT, NOW, a_case, audited, code, someone, the_staff

APPROVING = str(Path(__file__).parent / "approve_at_once.py")
HOUR = timedelta(hours=1)
ADDRESS = str(uuid4())


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "desk"))
    yield opened
    opened.dispose()


@pytest.fixture
def staff(engine: Engine) -> Staff:
    return the_staff(engine)


@pytest.fixture
def approvals(staff: Staff) -> Approvals:
    return Approvals(staff)


@pytest.fixture
def case(staff: Staff, engine: Engine) -> CaseRef:
    """A case with two handlers on its list."""
    case, long_ago = a_case(engine), NIGHT - timedelta(days=1)
    for user in ("handl-01", "handl-02"):
        assert NeedToKnow(staff).grant(someone(staff, "chef-01"), case, user, "handles-case", long_ago) is None
    return case


@pytest.fixture
def anna(staff: Staff) -> Reader:
    return someone(staff, "handl-01")


@pytest.fixture
def britt(staff: Staff) -> Reader:
    return someone(staff, "handl-02")


def asked(answer: Approval | Refusal) -> Approval:
    assert isinstance(answer, Approval), answer
    return answer


def settled(approvals: Approvals, by: Reader, case: CaseRef, subject: str, key: str, **more: object) -> str | None:
    now, action = more.get("now", NOW), more.get("action", Action.CLOSE_CASE)
    with writing(approvals.staff.desk.engine) as session:
        return code(approvals.settle(session, by, action, case, subject, now, key))  # type: ignore[arg-type]


def test_a_case_is_closed_by_two_and_an_approval_is_good_for_one_act(
    approvals: Approvals, case: CaseRef, anna: Reader, britt: Reader
) -> None:
    key, another = str(uuid4()), str(uuid4())
    assert settled(approvals, anna, case, case, key) == "second-person-needed"
    request = asked(approvals.request(anna, Action.CLOSE_CASE, case, case, NOW))
    assert asked(approvals.request(anna, Action.CLOSE_CASE, case, case, NOW)).id == request.id
    assert [each.id for each in approvals.waiting(NOW, case)] == [request.id]
    assert settled(approvals, anna, case, case, key) == "second-person-needed"
    assert asked(approvals.approve(britt, request.id, NOW, stepped_up=True)).approved_by == britt.user
    assert approvals.waiting(NOW) == []
    assert settled(approvals, britt, case, case, another) == "second-person-needed"
    assert settled(approvals, anna, case, case, key) is None
    assert settled(approvals, anna, case, case, key) is None
    assert settled(approvals, anna, case, case, another) == "second-person-needed"


def test_nobody_approves_what_they_have_asked_for(
    approvals: Approvals, case: CaseRef, anna: Reader, engine: Engine
) -> None:
    request = asked(approvals.request(anna, Action.CLOSE_CASE, case, case, NOW))
    assert code(approvals.approve(anna, request.id, NOW, stepped_up=True)) == "not-oneself"
    assert audited(engine)[-1] == (anna.user, "approve", "not-oneself")
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("update approvals set approved_by = requested_by"))


def test_one_person_with_two_words_is_not_two_persons(approvals: Approvals, staff: Staff, case: CaseRef) -> None:
    """A manager who has made an account knows its word, until its owner has chosen another with it."""
    manager, word = someone(staff, "chef-01"), "min egen andra person"
    for user in ("chef-98", "handl-99"):
        roles = [Role.MANAGER_ON_CALL]
        assert staff.add(manager, user, roles, NOW, word=word, stepped_up=True) is None
    made, other = someone(staff, "handl-99"), someone(staff, "chef-98")
    asks = (Action.CLOSE_CASE, case, "close-ended", NOW)
    mine = asked(approvals.request(manager, *asks, reason="case-is-over")).id
    assert code(approvals.approve(made, mine, NOW, stepped_up=True)) == "word-is-anothers"
    assert approvals.get(mine).approved_by is None  # type: ignore[union-attr]
    assert staff.set_word(manager, "handl-01", "ett ord från chefen", NOW, stepped_up=True) is None
    theirs = asked(approvals.request(someone(staff, "handl-01"), *asks)).id
    for by in (manager, made, other):
        assert code(approvals.approve(by, theirs, NOW, stepped_up=True)) == "word-is-anothers"
    assert staff.set_word(made, "handl-99", "det är mitt eget nu", NOW, stepped_up=True) is None
    assert isinstance(approvals.approve(made, theirs, NOW, stepped_up=True), Approval)
    assert isinstance(approvals.approve(made, mine, NOW, stepped_up=True), Approval)


@pytest.mark.parametrize(
    ("user", "stepped_up", "why"),
    [
        ("handl-02", False, "step-up-needed"),
        ("samordnare-01", True, "not-for-this-role"),
        ("dataskydd-01", True, "not-for-this-role"),
        ("drift-01", True, "not-for-this-role"),
        ("beslut-01", True, "not-for-this-role"),
    ],
)
def test_the_second_person_is_one_who_may_and_proves_it(
    user: str, stepped_up: bool, why: str, approvals: Approvals, case: CaseRef, anna: Reader
) -> None:
    request = asked(approvals.request(anna, Action.CLOSE_CASE, case, case, NOW))
    second = someone(approvals.staff, user)
    assert code(approvals.approve(second, request.id, NOW, stepped_up=stepped_up)) == why
    kept = approvals.get(request.id)
    assert kept is not None
    assert kept.approved_by is None


def test_a_colleague_who_is_not_on_the_list_is_no_second_person_but_a_manager_is(
    approvals: Approvals, case: CaseRef, anna: Reader, britt: Reader
) -> None:
    manager = someone(approvals.staff, "chef-01")
    assert NeedToKnow(approvals.staff).revoke(manager, case, britt.user, "takes-over", NOW) is None
    request = asked(approvals.request(anna, Action.CLOSE_CASE, case, case, NOW))
    assert code(approvals.approve(britt, request.id, NOW, stepped_up=True)) == "not-on-the-list"
    assert asked(approvals.approve(manager, request.id, NOW, stepped_up=True)).approved_by == manager.user


def test_approving_one_thing_approves_no_other(
    approvals: Approvals, case: CaseRef, anna: Reader, britt: Reader
) -> None:
    request = asked(approvals.request(anna, Action.RELEASE_ADDRESS, case, ADDRESS, NOW))
    approvals.approve(britt, request.id, NOW, stepped_up=True)
    release, key = Action.RELEASE_ADDRESS, str(uuid4())
    assert settled(approvals, anna, case, str(uuid4()), key, action=release) == "second-person-needed"
    assert settled(approvals, anna, case, ADDRESS, key) == "second-person-needed"
    assert settled(approvals, anna, case, ADDRESS, key, action=release) is None


def test_requests_and_approvals_go_out_and_a_clock_set_back_revives_none(
    approvals: Approvals, case: CaseRef, anna: Reader, britt: Reader
) -> None:
    late = asked(approvals.request(anna, Action.CLOSE_CASE, case, case, NOW))
    assert code(approvals.approve(britt, late.id, NOW - HOUR, stepped_up=True)) == "request-expired"
    assert code(approvals.approve(britt, late.id, NOW + LASTS, stepped_up=True)) == "request-expired"
    assert approvals.waiting(NOW + LASTS) == []
    asked(approvals.approve(britt, late.id, NOW + HOUR, stepped_up=True))
    key = str(uuid4())
    assert settled(approvals, anna, case, case, key, now=NOW - HOUR) == "second-person-needed"
    assert settled(approvals, anna, case, case, key, now=NOW + LASTS) == "second-person-needed"
    assert code(approvals.approve(britt, str(uuid4()), NOW, stepped_up=True)) == "no-such-request"


def test_who_has_been_taken_off_the_list_does_not_act_on_an_approval_they_once_got(
    approvals: Approvals, case: CaseRef, anna: Reader, britt: Reader
) -> None:
    request = asked(approvals.request(anna, Action.CLOSE_CASE, case, case, NOW))
    asked(approvals.approve(britt, request.id, NOW, stepped_up=True))
    manager = someone(approvals.staff, "chef-01")
    assert NeedToKnow(approvals.staff).revoke(manager, case, anna.user, "takes-over", NOW) is None
    assert settled(approvals, anna, case, case, str(uuid4())) == "not-on-the-list"


def test_at_night_one_releases_an_address_and_another_looks_at_it_on_the_next_working_day(
    approvals: Approvals, case: CaseRef, anna: Reader, britt: Reader, engine: Engine
) -> None:
    release, key = Action.RELEASE_ADDRESS, str(uuid4())
    assert settled(approvals, anna, case, ADDRESS, key, action=release) == "second-person-needed"
    assert code(approvals.request(anna, release, case, ADDRESS, NIGHT)) == "needs-no-second-person"
    for _ in range(2):
        assert settled(approvals, anna, case, ADDRESS, key, action=release, now=NIGHT) is None
    (alone,) = approvals.unreviewed()
    assert (alone.requested_by, alone.subject, alone.review_by) == (anna.user, ADDRESS, at("2027-01-07 16:00"))
    assert (anna.user, "done-alone", "done") in audited(engine)
    manager = someone(approvals.staff, "chef-01")
    assert code(approvals.review(britt, alone.id, NOW)) == "not-for-this-role"
    assert approvals.review(manager, alone.id, NOW) is None
    assert code(approvals.review(manager, alone.id, NOW)) == "nothing-to-review"
    assert approvals.unreviewed() == []


def test_a_case_is_never_closed_by_one_also_not_at_night(approvals: Approvals, case: CaseRef, anna: Reader) -> None:
    assert settled(approvals, anna, case, case, str(uuid4()), now=NIGHT) == "second-person-needed"
    assert approvals.unreviewed() == []


def test_what_needs_no_second_person_is_not_kept_as_done_alone(
    approvals: Approvals, case: CaseRef, anna: Reader
) -> None:
    viewing = settled(approvals, anna, case, ADDRESS, str(uuid4()), action=Action.LIST_ACCESS)
    assert viewing == "needs-no-second-person"
    assert approvals.unreviewed() == []


def at_once(engine: Engine, *commands: tuple[str, ...]) -> list[list[str]]:
    """Programs of their own, begun at the same moment; what each was told that it did."""
    url = engine.url.render_as_string(hide_password=False)
    programs = [Program(APPROVING, url, *command) for command in commands]
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("now\n")
        program.stdin.flush()
    told = [program.communicate(timeout=90) for program in programs]
    assert [program.returncode for program in programs] == [0] * len(programs), [err[-800:] for _, err in told]
    return [out.split() for out, _ in told]


def test_of_two_who_approve_at_the_same_time_in_two_programs_one_counts(
    approvals: Approvals, case: CaseRef, anna: Reader, engine: Engine
) -> None:
    close = Action.CLOSE_CASE
    requests = [asked(approvals.request(anna, close, case, f"handoff-{n}", NOW)).id for n in range(24)]
    first, second = at_once(
        engine, ("handl-02", "approve", case, *requests), ("chef-01", "approve", case, *reversed(requests))
    )
    assert Counter(first + second) == Counter(requests)
    for request in requests:
        kept = approvals.get(request)
        assert kept is not None
        assert kept.approved_by == ("handl-02" if request in first else "chef-01")
    said = Counter(outcome for _, action, outcome in audited(engine) if action in ("approve", "approved"))
    assert said == {"done": 24, "already-approved": 24}


def test_an_approval_is_used_once_also_by_two_programs_at_the_same_time(
    approvals: Approvals, case: CaseRef, anna: Reader, britt: Reader, engine: Engine
) -> None:
    subjects = [f"handoff-{n}" for n in range(16)]
    for subject in subjects:
        request = asked(approvals.request(anna, Action.CLOSE_CASE, case, subject, NOW))
        asked(approvals.approve(britt, request.id, NOW, stepped_up=True))
    acts = [[f"{subject}={uuid4()}" for subject in subjects] for _ in range(2)]
    first, second = at_once(
        engine, (anna.user, "settle", case, *acts[0]), (anna.user, "settle", case, *reversed(acts[1]))
    )
    used = [told.partition("=")[0] for told in first + second]
    assert Counter(used) == Counter(subjects)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # SQLite lets no two writers come so far
def test_who_comes_second_to_an_approval_waits_and_then_finds_it_used(
    approvals: Approvals, case: CaseRef, anna: Reader, britt: Reader, engine: Engine
) -> None:
    """The narrowest place: both have found it unused, and neither has used it yet."""
    request = asked(approvals.request(anna, Action.CLOSE_CASE, case, case, NOW))
    asked(approvals.approve(britt, request.id, NOW, stepped_up=True))
    waiting = text("select count(*) from pg_locks where not granted")
    with ThreadPoolExecutor(1) as second:
        with writing(engine) as session:
            assert approvals.settle(session, anna, Action.CLOSE_CASE, case, case, NOW, str(uuid4())) is None
            other = second.submit(settled, approvals, anna, case, case, str(uuid4()))
            with engine.connect() as looking:
                while not looking.execute(waiting).scalar_one() and not other.done():
                    looking.rollback()
        assert other.result(timeout=30) == "second-person-needed"
