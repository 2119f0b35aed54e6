"""A desk's own store: kept once, nobody else's, and the plane's tasks done once each."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from temporalio.exceptions import ApplicationError

from activities.desks import open_desk
from activities.directory import load_directory
from activities.placement import Placement
from activities.protected_data import DeskStore, Inbox
from activities.stores import desk_url, open_database
from activities.threat_assessment import ThreatAssessment
from models.contracts import Opening
from models.desk import Category
from models.desk_work import ConcludeAssessment, DeskQuestion, DeskTask, FindCandidates, Receive, TakeBack
from models.events import (
    Actor,
    CandidatesFound,
    Concluded,
    DeskAnswer,
    Facts,
    NotPossible,
    Opened,
    Organisation,
    Received,
)
from models.settings import Settings
from models.words import CaseRef, Function, case_reference
from tests.databases import Databases
from tests.key_support import file_keys
from tests.rules_support import PACK, at

ORG = "soc-0381"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "desk"))
    yield opened
    opened.dispose()


@pytest.fixture
def desk(engine: Engine, tmp_path: Path) -> DeskStore:
    return DeskStore(ORG, engine, file_keys(tmp_path, ORG))


@pytest.fixture
def case() -> CaseRef:
    return case_reference(secrets.randbits(35))


def task(question: DeskQuestion, desk: str = ORG) -> DeskTask:
    return DeskTask(id=f"{question.case}/{uuid4()}", desk=desk, question=question)


def receive(case: CaseRef, handoff: str = "H1") -> Receive:
    now = at("2027-01-05 10:00")
    return Receive(
        case=case,
        handoff=handoff,
        kind="threat-assessment",
        requester="soc-0180",
        requested_at=now,
        answer_by=now + timedelta(hours=2),
    )


def opening(case: CaseRef, key: str) -> Opening:
    begun = Organisation(id=ORG, function=Function.SOCIAL_SERVICES, desk=True)
    event = Opened(key=key, by=Actor(org=ORG), opener=begun, facts=Facts(), organisations=(begun,))
    return Opening(key=key, case=case, event=event)


def test_what_is_kept_is_kept_once_and_not_written_over(desk: DeskStore, case: CaseRef) -> None:
    item = str(uuid4())
    desk.keep(item, case, Category.NOTE, ORG, {"text": "åäö \0 \U0001f426"})
    desk.keep(item, case, Category.NOTE, ORG, {"text": "another"})
    assert desk.content(item, case, Category.NOTE) == {"text": "åäö \0 \U0001f426"}


def test_what_is_kept_is_given_out_only_for_its_case_and_category(desk: DeskStore, case: CaseRef) -> None:
    item, other = str(uuid4()), case_reference(secrets.randbits(35))
    desk.keep(item, case, Category.ADDRESS, ORG, ["here"])
    assert desk.content(item, case, Category.ADDRESS) == ["here"]
    assert desk.content(item, other, Category.ADDRESS) is None
    assert desk.content(item, case, Category.NOTE) is None
    assert desk.content(str(uuid4()), case, Category.ADDRESS) is None
    assert desk.newest(other, Category.ADDRESS) is None


def test_the_newest_of_a_category_is_what_counts(desk: DeskStore, case: CaseRef) -> None:
    for number in range(3):
        desk.keep(str(uuid4()), case, Category.PLACEMENT, ORG, {"number": number})
    assert desk.newest(case, Category.PLACEMENT) == {"number": 2}
    assert desk.newest(case, Category.NOTE) is None


def test_one_desk_has_no_way_to_what_another_keeps(tmp_path: Path, case: CaseRef) -> None:
    settings = Settings(var=tmp_path)
    ours, theirs = open_desk(settings, "soc-0381"), open_desk(settings, "polisen-mitt")
    item = str(uuid4())
    ours.keep(item, case, Category.NOTE, "soc-0381", {"text": "ours"})
    assert theirs.content(item, case, Category.NOTE) is None
    assert theirs.newest(case, Category.NOTE) is None
    assert desk_url(settings, "soc-0381") != desk_url(settings, "polisen-mitt")
    assert ours.content(item, case, Category.NOTE) == {"text": "ours"}


def test_a_task_for_another_desk_is_refused_and_leaves_nothing(desk: DeskStore, case: CaseRef) -> None:
    with pytest.raises(ApplicationError) as caught:
        Inbox(desk).receive(task(receive(case), desk="polisen-mitt"))
    assert (caught.value.type, caught.value.non_retryable) == ("WrongDesk", True)
    assert desk.inbox() == []


def test_a_task_is_done_once_and_answers_the_same_again(desk: DeskStore, case: CaseRef) -> None:
    done = []

    def do(_: Session) -> DeskAnswer:
        done.append(1)
        return NotPossible(code="no-assessment")

    asked = task(FindCandidates(case=case, step="protected-bed"))
    first = desk.once(asked, do)
    assert desk.once(asked, do) == first
    assert desk.once(asked, lambda _: Received()) == first
    assert done == [1]


def test_a_task_that_fails_is_not_counted_as_done(desk: DeskStore, case: CaseRef) -> None:
    asked = task(FindCandidates(case=case, step="protected-bed"))

    def fail(_: Session) -> DeskAnswer:
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError):
        desk.once(asked, fail)
    assert desk.once(asked, lambda _: Received()).answer == Received()


def test_a_handoff_stands_once_in_the_inbox_until_it_is_taken_back(desk: DeskStore, case: CaseRef) -> None:
    inbox, arriving = Inbox(desk), task(receive(case))
    for again in (arriving, arriving, task(receive(case))):
        inbox.receive(again)
    row = desk.inbox()[0]
    assert [(row.case, row.handoff, row.kind, row.requester)] == [(case, "H1", "threat-assessment", "soc-0180")]
    assert row.answer_by == at("2027-01-05 12:00")
    assert len(desk.inbox()) == 1
    inbox.take_back(task(TakeBack(case=case, handoff="H1")))
    assert desk.inbox() == []


def test_a_handoff_taken_back_before_it_arrives_never_shows(desk: DeskStore, case: CaseRef) -> None:
    inbox = Inbox(desk)
    inbox.take_back(task(TakeBack(case=case, handoff="H1")))
    inbox.receive(task(receive(case)))
    inbox.receive(task(receive(case, "H2")))
    assert [row.handoff for row in desk.inbox()] == ["H2"]


def test_an_opening_is_kept_with_all_of_its_intake_or_not_at_all(desk: DeskStore, case: CaseRef) -> None:
    key, item = str(uuid4()), str(uuid4())
    twice = [(item, Category.NOTE, {"note": "x"}), (item, Category.IDENTITY, {"name": "y"})]
    with pytest.raises(SQLAlchemyError):
        desk.open_case(opening(case, key), ORG, twice)
    assert desk.opening(key) is None
    assert desk.content(item, case, Category.NOTE) is None


def test_the_same_key_gives_the_first_opening_whatever_came_with_it(desk: DeskStore, case: CaseRef) -> None:
    key, item = str(uuid4()), str(uuid4())
    other = case_reference(secrets.randbits(35))
    assert desk.open_case(opening(case, key), ORG, [(item, Category.NOTE, {"note": "x"})]) == case
    assert desk.open_case(opening(other, key), ORG, [(str(uuid4()), Category.NOTE, {"note": "z"})]) == case
    kept = desk.opening(key)
    assert kept is not None
    assert kept.case == case
    assert kept.event == opening(case, key).event
    assert desk.newest(other, Category.NOTE) is None


def test_an_opening_waits_to_be_started_until_it_is_known_to_run(desk: DeskStore, case: CaseRef) -> None:
    key = str(uuid4())
    desk.open_case(opening(case, key), ORG, [])
    assert [waiting.key for waiting in desk.unstarted()] == [key]
    desk.started(key)
    assert desk.unstarted() == []
    desk.started(str(uuid4()))


def test_anonymous_questions_are_counted_by_day_and_none_is_lost(desk: DeskStore) -> None:
    day = date(2027, 1, 5)
    assert [desk.count_question(day) for _ in range(2)] == [1, 2]
    assert desk.count_question(day + timedelta(days=1)) == 1
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: desk.count_question(day), range(20)))
    assert desk.count_question(day) == 23


def test_an_assessment_is_concluded_from_what_is_kept_and_the_level_stays(desk: DeskStore, case: CaseRef) -> None:
    item = str(uuid4())
    desk.keep(item, case, Category.ASSESSMENT, ORG, {"level": "high", "assessor": "officer", "advice": "words"})
    asked = ConcludeAssessment(
        case=case, handoff="H3", item=item, asked_at=at("2027-01-05 10:00"), levels=PACK.threat_levels
    )
    reply = ThreatAssessment(desk).conclude(task(asked))
    assert isinstance(reply.answer, Concluded)
    assert reply.answer.needs_protection
    assert not reply.answer.structured
    assert "high" not in reply.model_dump_json()
    assert "words" not in reply.model_dump_json()


@pytest.mark.parametrize(
    ("kept", "code"),
    [
        (None, "no-assessment"),
        ({"level": "high"}, "unreadable-assessment"),
        ({"level": "purple", "assessor": "officer"}, "unknown-level"),
    ],
)
def test_an_assessment_that_can_not_be_used_is_answered_and_not_an_error(
    kept: dict[str, str] | None, code: str, desk: DeskStore, case: CaseRef
) -> None:
    item = str(uuid4())
    if kept is not None:
        desk.keep(item, case, Category.ASSESSMENT, ORG, kept)
    asked = ConcludeAssessment(
        case=case, handoff="H3", item=item, asked_at=datetime.now(UTC), levels=PACK.threat_levels
    )
    assert ThreatAssessment(desk).conclude(task(asked)).answer == NotPossible(code=code)


def test_candidates_are_filtered_at_the_desk_and_its_reasons_stay(desk: DeskStore, case: CaseRef) -> None:
    desk.keep(str(uuid4()), case, Category.PLACEMENT, ORG, {"excluded": ["0381"]})
    placement = Placement(desk, load_directory().values())
    reply = placement.find_candidates(task(FindCandidates(case=case, step="protected-bed")))
    assert isinstance(reply.answer, CandidatesFound)
    found = [organisation.id for organisation in reply.answer.candidates]
    assert "boende-almen" not in found
    assert "boende-bjorken" in found
    assert "0381" not in reply.model_dump_json()


def test_a_reopened_handoff_comes_again_whichever_message_arrives_first(desk: DeskStore, case: CaseRef) -> None:
    inbox = Inbox(desk)
    back, again = TakeBack(case=case, handoff="H1"), receive(case).model_copy(update={"round": 1})
    inbox.receive(task(receive(case)))
    for first, second in ((back, again), (again, back)):
        for question in (first, second):
            done = inbox.receive if isinstance(question, Receive) else inbox.take_back
            done(task(question))
        assert [row.handoff for row in desk.inbox() if row.case == case] == ["H1"]
    inbox.take_back(task(back.model_copy(update={"round": 1})))
    assert [row for row in desk.inbox() if row.case == case] == []
