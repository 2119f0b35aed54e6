"""What is believed: acts that stand as signed, keys that lead back to what a desk has compared, words in full."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from temporalio.exceptions import ApplicationError

from activities import own_word
from activities.cloud_events import SOURCE
from activities.directory import load_directory
from activities.key_directory import KeyDirectory
from activities.organisation_keys import OrganisationKeys
from activities.register import Register
from activities.replies import Replies, signed_reply
from activities.signatures import ACT_LIFE, SignedActs, signed
from activities.stores import open_database
from models.case import CaseState
from models.contracts import Recording, Refusal, ReplyToCheck
from models.desk_work import DeskTask, FindCandidates
from models.events import (
    Actor,
    CandidatesFound,
    DeskAnswered,
    DeskReply,
    Facts,
    FactsRecorded,
    NotPossible,
    Opened,
    Organisation,
    Received,
    Submitted,
)
from models.published_keys import CLOCKS_DIFFER
from models.words import CaseRef, Function, Need, case_reference
from rules.case import decide
from tests.databases import Databases, recording
from tests.exchange_support import NOW, admit, keys_of
from tests.rules_support import PACK, at

SOCIAL = Organisation(id="soc-0381", function=Function.SOCIAL_SERVICES, desk=True)
CASE = case_reference(11)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "register"))
    yield opened
    opened.dispose()


def opening(org: str = SOCIAL.id) -> Opened:
    return Opened(
        key=str(uuid4()), by=Actor(org=org), opener=SOCIAL, facts=Facts(), organisations=(SOCIAL,), training=True
    )


def recorded_as(event: Opened, actor: Actor) -> Recording:
    """The revision as the workflow would bring it, with this actor."""
    told = event.model_copy(update={"by": actor})
    state = decide(CaseState(case=CASE, training=True), told, at("2027-01-05 10:00"), PACK)
    assert not isinstance(state, Refusal)
    return recording(state)


def proof(event: Submitted, keys: OrganisationKeys, case: CaseRef = CASE, now: datetime = NOW) -> Actor:
    act = signed(event.model_dump(mode="json"), keys, case=case, audience=SOURCE, now=now)
    return Actor(org=SOCIAL.id, proof="signature", key=keys.fingerprint, jws=act, until=now + ACT_LIFE)


@pytest.fixture
def keys(engine: Engine, tmp_path: Path) -> OrganisationKeys:
    held = keys_of(SOCIAL.id, tmp_path)
    admit(KeyDirectory(engine, first_use=False), held)
    return held


def test_an_act_that_was_signed_for_this_case_is_recorded_and_kept_as_signed(
    engine: Engine, keys: OrganisationKeys
) -> None:
    event = opening()
    actor = proof(event, keys)
    register = Register(engine)
    assert register.record(recorded_as(event, actor)).digests == register.record(recorded_as(event, actor)).digests
    assert SignedActs(engine).of(CASE, event.key) == actor.jws


@pytest.mark.parametrize(
    "forgery", ["no act", "another case", "another act", "another key", "another organisation", "another end"]
)
def test_an_act_that_says_it_was_signed_and_was_not_stops_the_case(
    engine: Engine, keys: OrganisationKeys, tmp_path: Path, forgery: str
) -> None:
    event = opening()
    honest = proof(event, keys)
    stranger = keys_of("soc-1880", tmp_path)
    admit(KeyDirectory(engine, first_use=False), stranger)
    forged = {
        "no act": honest.model_copy(update={"jws": None}),
        "another case": proof(event, keys, case_reference(12)),
        "another act": proof(opening(), keys),
        "another key": honest.model_copy(update={"key": "A" * 52}),
        "another organisation": proof(event, stranger),
        "another end": honest.model_copy(update={"until": NOW + timedelta(days=400)}),
    }[forgery]
    with pytest.raises(ApplicationError, match="was not signed"):
        Register(engine).record(recorded_as(event, forged))
    assert SignedActs(engine).of(CASE, event.key) is None


def test_where_everything_is_to_be_signed_a_claim_is_not_recorded(engine: Engine) -> None:
    claimed = recorded_as(opening(), Actor(org=SOCIAL.id))
    with pytest.raises(ApplicationError, match="was not signed"):
        Register(engine, signed_only=True).record(claimed)
    assert Register(engine).record(claimed).digests, "in training a claim is a claim"


# --- what was once taken is not taken again ------------------------------------------------------------------


LATER = NOW + timedelta(days=31)


def learnt(need: Need = Need.DEBT) -> FactsRecorded:
    return FactsRecorded(key=str(uuid4()), by=Actor(org=SOCIAL.id), facts=Facts(needs=(need,)))


def opened_case() -> CaseState:
    event = opening().model_copy(update={"training": False})
    state = decide(CaseState(case=CASE), event, NOW, PACK)
    assert not isinstance(state, Refusal)
    return state


def done_at(state: CaseState, event: FactsRecorded, now: datetime) -> CaseState | Refusal:
    return decide(state, event, now, PACK)


def test_an_act_that_is_sent_again_after_its_time_is_no_new_act_in_the_case(keys: OrganisationKeys) -> None:
    event = learnt()
    event = event.model_copy(update={"by": proof(event, keys)})
    state = done_at(opened_case(), event, NOW + timedelta(minutes=1))
    assert not isinstance(state, Refusal)
    forgotten = state.model_copy(update={"answered": {}})
    assert done_at(forgotten, event, LATER) == Refusal(code="signature-expired")
    assert done_at(forgotten, event, NOW + ACT_LIFE + CLOCKS_DIFFER + timedelta(seconds=1)) == Refusal(
        code="signature-expired"
    )
    assert not isinstance(done_at(opened_case(), event, NOW + ACT_LIFE + CLOCKS_DIFFER), Refusal)


def recorded_at(state: CaseState, event: FactsRecorded, now: datetime) -> Recording:
    """As whoever holds the ring could have the pump bring it: the core asked nothing of the act."""
    by = event.by.model_copy(update={"until": None})
    after = decide(state, event.model_copy(update={"by": by}), now, PACK)
    assert not isinstance(after, Refusal)
    told = recording(after, first=after.revision)
    (entry,) = told.entries
    return told.model_copy(update={"entries": (entry.model_copy(update={"event": event}),)})


def as_claimed(state: CaseState, engine: Engine) -> Register:
    """A register that has the case's opening, from before everything had to be signed."""
    Register(engine).record(recording(state, last=1))
    return Register(engine, signed_only=True)


def test_an_act_is_recorded_once_and_only_in_its_own_time(engine: Engine, keys: OrganisationKeys) -> None:
    state, event = opened_case(), learnt()
    event = event.model_copy(update={"by": proof(event, keys)})
    register = as_claimed(state, engine)
    late = recorded_at(state, event, LATER)
    with pytest.raises(ApplicationError, match="was not signed"):
        register.record(late)
    first = recorded_at(state, event, NOW + timedelta(minutes=1))
    assert register.record(first).digests
    forgotten = done_at(state, learnt(Need.LIVELIHOOD), NOW)
    assert not isinstance(forgotten, Refusal)
    again = recorded_at(forgotten, event, NOW + timedelta(minutes=2))
    with pytest.raises(ApplicationError, match="was not signed"):
        register.record(again)


def test_a_key_that_was_stolen_and_revoked_signs_nothing_into_the_past(engine: Engine, keys: OrganisationKeys) -> None:
    state, event = opened_case(), learnt()
    register = as_claimed(state, engine)
    KeyDirectory(engine, first_use=False).revoke(SOCIAL.id, keys.fingerprint, "stolen", NOW + timedelta(minutes=1))
    dated_back = event.model_copy(update={"by": proof(event, keys, now=NOW)})
    just_before = recorded_at(state, dated_back, NOW + timedelta(seconds=59) + CLOCKS_DIFFER)
    after = recorded_at(state, dated_back, NOW + timedelta(minutes=1, seconds=1) + CLOCKS_DIFFER)
    with pytest.raises(ApplicationError, match="was not signed"):
        register.record(after)
    assert register.record(just_before).digests, "what came before it was revoked is not lost"


# --- desks' answers --------------------------------------------------------------------------------------------


TASK = DeskTask(id=f"{CASE}/D1", desk=SOCIAL.id, question=FindCandidates(case=CASE, step="placement"))
ANSWER = DeskReply(answer=Received())
LISTED = load_directory()


def replies(engine: Engine) -> Replies:
    return Replies(KeyDirectory(engine, first_use=False), LISTED, SOURCE)


def test_a_desks_answer_counts_when_that_desk_has_signed_it_for_this_task(
    engine: Engine, keys: OrganisationKeys, tmp_path: Path
) -> None:
    now = NOW
    stranger = keys_of("soc-1880", tmp_path)
    admit(KeyDirectory(engine, first_use=False), stranger)
    honest = signed_reply(ANSWER, TASK, keys, SOURCE, now)
    other = TASK.model_copy(update={"id": f"{CASE}/D2"})
    found = [
        replies(engine).check(ReplyToCheck(task=TASK, reply=reply))
        for reply in (
            honest,
            ANSWER,
            signed_reply(ANSWER, TASK, stranger, SOURCE, now),
            signed_reply(ANSWER, other, keys, SOURCE, now),
            signed_reply(ANSWER, TASK, keys, "/another/plane", now),
            honest.model_copy(update={"answer": NotPossible(code="nothing-written")}),
        )
    ]
    assert found == [True, False, False, False, False, False]
    KeyDirectory(engine, first_use=False).revoke(SOCIAL.id, keys.fingerprint, "stolen", datetime.now(UTC))
    assert not replies(engine).check(ReplyToCheck(task=TASK, reply=honest))


def test_candidates_that_the_directory_has_not_are_not_believed(engine: Engine, keys: OrganisationKeys) -> None:
    invented = Organisation(id="soc-0001", function=Function.SOCIAL_SERVICES, desk=True)
    known = LISTED["soc-0180"].organisation()
    for candidates, good in (((known,), True), ((known, invented), False)):
        answer = signed_reply(DeskReply(answer=CandidatesFound(candidates=candidates)), TASK, keys, SOURCE, NOW)
        assert replies(engine).check(ReplyToCheck(task=TASK, reply=answer)) is good


def test_an_answer_that_nobody_signed_stops_a_case_instead_of_being_recorded(
    engine: Engine, keys: OrganisationKeys
) -> None:
    state = opened_case()
    register = as_claimed(state, engine)
    task = next(iter(state.desk_effects.values())).task
    honest = signed_reply(ANSWER, task, keys, SOURCE, NOW)
    for told, good in ((None, False), ("x.y." + "A" * 86, False), (honest.jws, True)):
        event = DeskAnswered(effect=task.id, answer=ANSWER.answer, desk=SOCIAL.id, jws=told)
        after = decide(state, event, NOW, PACK)
        assert not isinstance(after, Refusal)
        if good:
            assert register.record(recording(after, first=2)).digests
        else:
            with pytest.raises(ApplicationError, match="was not signed"):
                register.record(recording(after, first=2))


def test_a_word_is_tried_in_full() -> None:
    word = "y" * own_word.LONGEST
    kept = own_word.hashed(word)
    assert own_word.matches(kept, word)
    assert not own_word.matches(kept, word + "z")
