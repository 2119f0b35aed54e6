"""What is believed: acts that stand as signed, keys that lead back to what a desk has compared, words in full."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from temporalio.exceptions import ApplicationError

from activities import own_word
from activities.cloud_events import SOURCE
from activities.key_directory import KeyDirectory
from activities.organisation_keys import OrganisationKeys
from activities.register import Register
from activities.signatures import SignedActs, signed
from activities.stores import migrate, open_database
from models.case import CaseState
from models.contracts import Recording, Refusal
from models.events import Actor, Facts, Opened, Organisation
from models.words import CaseRef, Function, case_reference
from rules.case import decide
from tests.databases import Databases, recording
from tests.exchange_support import NOW, admit, keys_of
from tests.rules_support import PACK, at

SOCIAL = Organisation(id="soc-0381", function=Function.SOCIAL_SERVICES, desk=True)
CASE = case_reference(11)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param))
    migrate(opened, "register")
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


def proof(event: Opened, keys: OrganisationKeys, case: CaseRef = CASE) -> Actor:
    act = signed(event.model_dump(mode="json"), keys, case=case, audience=SOURCE, now=NOW)
    return Actor(org=SOCIAL.id, proof="signature", key=keys.fingerprint, jws=act)


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


@pytest.mark.parametrize("forgery", ["no act", "another case", "another act", "another key", "another organisation"])
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
    }[forgery]
    with pytest.raises(ApplicationError, match="was not signed"):
        Register(engine).record(recorded_as(event, forged))
    assert SignedActs(engine).of(CASE, event.key) is None


def test_where_everything_is_to_be_signed_a_claim_is_not_recorded(engine: Engine) -> None:
    claimed = recorded_as(opening(), Actor(org=SOCIAL.id))
    with pytest.raises(ApplicationError, match="was not signed"):
        Register(engine, signed_only=True).record(claimed)
    assert Register(engine).record(claimed).digests, "in training a claim is a claim"


def test_a_word_is_tried_in_full() -> None:
    word = "y" * own_word.LONGEST
    kept = own_word.hashed(word)
    assert own_word.matches(kept, word)
    assert not own_word.matches(kept, word + "z")
