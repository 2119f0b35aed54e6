"""The core of a disposal: one list at a time, approved by the archive role, asked of the desk until it is done."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from models.access import Role
from models.contracts import Refusal
from models.retention import (
    Approved,
    Carried,
    DeskAnswered,
    DeskSilent,
    Errand,
    ListRefused,
    LookAsked,
    Looked,
    NotToBeDone,
    Pace,
    Reply,
    RetentionEvent,
    RetentionState,
    TimePassed,
    WaitingList,
)
from rules.disposal import decide, wake_at
from tests.rules_support import at

ORG, PACE, NOW = "soc-0381", Pace(), at("2032-03-11 00:00")
START = RetentionState(org=ORG, look_at=NOW)
MONTH = timedelta(days=30)


def a_list(approved: bool = False) -> WaitingList:
    return WaitingList(id=str(uuid4()), digest="a" * 64, files=3, approved=approved)


def went(state: RetentionState, *events: RetentionEvent, now=NOW) -> RetentionState:  # type: ignore[no-untyped-def]
    for event in events:
        outcome = decide(state, event, now, PACE)
        assert not isinstance(outcome, Refusal), outcome
        state = outcome
    return state


def reply(state: RetentionState, answer: Looked | Carried | NotToBeDone) -> DeskAnswered:
    assert state.errand is not None
    return DeskAnswered(reply=Reply(errand=state.errand.id, digest=state.errand.digest, answer=answer))


def asked(state: RetentionState) -> Errand:
    assert state.errand is not None
    return state.errand


def with_list(waiting: WaitingList) -> RetentionState:
    looking = went(START, TimePassed())
    return went(looking, reply(looking, Looked(list=waiting)))


def approval(of: WaitingList, role: Role = Role.ARCHIVIST, org: str = ORG, **changes: str) -> Approved:
    told = {"key": str(uuid4()), "org": org, "list": of.id, "digest": of.digest} | changes
    return Approved.model_validate(told | {"role": role})


def refusal(of: WaitingList, role: Role = Role.ARCHIVIST) -> ListRefused:
    return ListRefused(key=str(uuid4()), org=ORG, role=role, list=of.id, digest=of.digest)


def refused(state: RetentionState, event: RetentionEvent) -> str:
    outcome = decide(state, event, NOW, PACE)
    assert isinstance(outcome, Refusal)
    return outcome.code


def test_it_looks_when_the_next_file_may_fall_due_and_at_least_once_a_month() -> None:
    looking = went(START, TimePassed())
    assert (asked(looking).work, wake_at(looking)) == ("retention-look", None)
    for next_at, expected in (
        (None, NOW + MONTH),
        (NOW + timedelta(days=4), NOW + timedelta(days=4)),
        (NOW + timedelta(days=90), NOW + MONTH),
        (NOW - timedelta(days=1), NOW + timedelta(minutes=1)),  # never in a whirl
    ):
        assert wake_at(went(looking, reply(looking, Looked(next_at=next_at)))) == expected


def test_nothing_is_destroyed_before_the_archive_role_has_approved_that_very_list() -> None:
    waiting = a_list()
    state = with_list(waiting)
    assert state.errand is None
    for role in Role:
        if role is not Role.ARCHIVIST:
            assert refused(state, approval(waiting, role)) == "not-the-archive-role"
            assert refused(state, refusal(waiting, role)) == "not-the-archive-role"
    assert refused(state, approval(waiting, org="soc-0180")) == "not-your-desk"
    assert refused(state, approval(waiting, digest="b" * 64)) == "list-has-changed"
    assert refused(state, approval(a_list())) == "no-such-list"
    assert refused(START, approval(waiting)) == "no-such-list"
    approved = went(state, approval(waiting))
    assert (asked(approved).work, asked(approved).list) == ("retention-dispose", waiting.id)


def test_approving_twice_is_no_more_than_approving_once() -> None:
    waiting = a_list()
    first, second = approval(waiting), approval(waiting)
    once = went(with_list(waiting), first)
    assert went(once, first) == once
    assert decide(once, first.model_copy(update={"digest": "b" * 64}), NOW, PACE) == Refusal(
        code="key-used-for-something-else"
    )
    twice = went(once, second)
    assert (twice.list, twice.errand, twice.revision) == (once.list, once.errand, once.revision)
    assert refused(twice, refusal(waiting)) == "list-is-approved"


def test_a_list_is_carried_out_some_files_at_a_time_and_ends_in_one_certificate() -> None:
    state = went(with_list(a_list()), *[])
    assert state.list is not None
    state = went(state, approval(state.list))
    for left in (2, 1):
        before = asked(state)
        state = went(state, reply(state, Carried(left=left)))
        assert asked(state).id != before.id
        assert asked(state).work == "retention-dispose"
    done = went(state, reply(state, Carried(left=0, certificate="c1")))
    assert (done.list, done.certificates, done.last_certificate) == (None, 1, "c1")
    assert asked(done).work == "retention-look"  # more files may be waiting for the next list


def test_a_refused_list_destroys_nothing_and_its_files_come_back_in_a_month() -> None:
    waiting = a_list()
    state = went(with_list(waiting), refusal(waiting))
    assert (state.list, state.errand, wake_at(state)) == (None, None, NOW + MONTH)
    assert refused(state, approval(waiting)) == "list-is-over"


def test_an_answer_that_was_on_its_way_does_not_bring_a_refused_list_back() -> None:
    waiting = a_list()
    looking = went(with_list(waiting), LookAsked(key=str(uuid4()), org=ORG))
    late = reply(looking, Looked(list=waiting))
    state = went(looking, refusal(waiting), late)
    assert (state.list, state.errand) == (None, None)


def test_an_approval_while_the_desk_is_looking_is_carried_out_after_the_look() -> None:
    waiting = a_list()
    looking = went(with_list(waiting), LookAsked(key=str(uuid4()), org=ORG))
    approved = went(looking, approval(waiting))
    assert asked(approved).work == "retention-look"
    carried = went(approved, reply(approved, Looked(list=waiting)))
    assert (asked(carried).work, asked(carried).list) == ("retention-dispose", waiting.id)


def test_an_approval_of_a_list_that_another_has_replaced_approves_nothing() -> None:
    old, new = a_list(), a_list()
    looking = went(with_list(old), LookAsked(key=str(uuid4()), org=ORG))
    state = went(went(looking, approval(old)), reply(looking, Looked(list=new)))
    assert (state.list, state.errand) == (new, None)
    assert refused(state, approval(old)) == "no-such-list"


def test_what_was_approved_at_the_desk_while_the_plane_was_away_is_carried_out_at_the_next_look() -> None:
    looking = went(START, TimePassed())
    state = went(looking, reply(looking, Looked(list=a_list(approved=True))))
    assert asked(state).work == "retention-dispose"


def test_a_desk_that_knows_of_no_approval_destroys_nothing_and_is_looked_at_again() -> None:
    waiting = a_list()
    approved = went(with_list(waiting), approval(waiting))
    state = went(approved, reply(approved, NotToBeDone()))
    assert (state.list, asked(state).work) == (None, "retention-look")


def test_a_silent_desk_is_asked_again_and_again_less_and_less_often_and_is_told_of() -> None:
    state, now, waits = went(START, TimePassed()), NOW, []
    for _ in range(10):
        state = went(state, DeskSilent(errand=asked(state).id), now=now)
        waits.append(int((asked(state).next_try - now) / timedelta(minutes=1)))
        assert state.silent == (now - NOW >= PACE.silent_after)
        now = asked(state).next_try
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert not went(state, reply(state, Looked()), now=now).silent


def test_a_reply_to_an_errand_that_is_over_changes_nothing() -> None:
    looking = went(START, TimePassed())
    late = reply(looking, Looked(list=a_list()))
    state = went(looking, late)
    assert went(state, late) == state
    assert went(state, DeskSilent(errand=asked(looking).id)) == state
    again = went(state, LookAsked(key=str(uuid4()), org=ORG))  # and not while the next one is under way, either
    assert went(again, late, DeskSilent(errand=asked(looking).id)) == again


def test_while_a_list_waits_the_desk_is_looked_at_monthly_and_what_is_read_does_not_move() -> None:
    looking = went(START, TimePassed())
    state = went(looking, reply(looking, Looked(list=a_list(), next_at=NOW + timedelta(hours=1))))
    assert wake_at(state) == NOW + MONTH


STEPS = st.lists(st.sampled_from(["time", "look", "approve", "refuse", "answer", "silent", "other"]), max_size=40)


@settings(max_examples=300)
@given(steps=STEPS)
def test_no_order_of_events_destroys_what_was_not_approved_or_mixes_two_lists(steps: list[str]) -> None:
    state, now, approved, certified, desk = START, NOW, set[str](), list[str](), a_list()
    for number, step in enumerate(steps):
        now += timedelta(hours=7)
        event: RetentionEvent = TimePassed()
        if step == "look":
            event = LookAsked(key=str(uuid4()), org=ORG)
        elif step in ("approve", "refuse", "other"):
            of = state.list or desk
            event = refusal(of) if step == "refuse" else approval(a_list() if step == "other" else of)
        elif step == "silent" and state.errand:
            event = DeskSilent(errand=state.errand.id)
        elif step == "answer" and state.errand:
            if state.errand.work == "retention-look":
                desk = state.list or a_list()
                event = reply(state, Looked(list=desk))
            else:
                left = number % 3
                event = reply(state, Carried(left=left, certificate=None if left else f"of-{state.errand.list}"))
                certified += [] if left else [str(state.errand.list)]
        outcome = decide(state, event, now, PACE)
        assert outcome == decide(state, event, now, PACE)
        if isinstance(outcome, Refusal):
            continue
        if isinstance(event, Approved):
            approved.add(event.list)
        state = outcome
        if state.errand is not None and state.errand.work == "retention-dispose":
            assert state.errand.list in approved
            assert state.list is not None
            assert state.list.id == state.errand.list
        assert state.errand is not None or state.look_at is not None  # it never comes to a standstill
    assert len(certified) == len(set(certified)) == state.certificates
