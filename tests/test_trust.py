"""What is believed: acts that stand as signed, keys that lead back to what a desk has compared, words in full."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from temporalio.exceptions import ApplicationError

from activities import own_word
from activities.register import Register
from activities.stores import migrate, open_database, writing
from models.case import CaseState
from models.contracts import Refusal
from models.events import Actor, Facts, Opened, Organisation
from models.exchange_tables import SignedActRow
from models.words import CaseRef, Function, case_reference
from rules.case import decide
from tests.databases import Databases, recording
from tests.rules_support import PACK, at

SOCIAL = Organisation(id="soc-0381", function=Function.SOCIAL_SERVICES, desk=True)
CASE = case_reference(11)
KEY = "A" * 52


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param))
    migrate(opened, "register")
    yield opened
    opened.dispose()


def opened_by(actor: Actor, key: str) -> CaseState:
    event = Opened(key=key, by=actor, opener=SOCIAL, facts=Facts(), organisations=(SOCIAL,), training=True)
    state = decide(CaseState(case=CASE, training=True), event, at("2027-01-05 10:00"), PACK)
    assert not isinstance(state, Refusal)
    return state


def signed(engine: Engine, key: str, org: str, case: CaseRef) -> None:
    with writing(engine) as session:
        session.add(
            SignedActRow(key=key, case=case, org=org, fingerprint=KEY, digest="0" * 64, jws="x", at=datetime.now(UTC))
        )


def test_an_act_that_says_it_was_signed_stands_among_the_signed_acts(engine: Engine) -> None:
    key = str(uuid4())
    forged = recording(opened_by(Actor(org=SOCIAL.id, proof="signature", key=KEY), key))
    register = Register(engine)
    with pytest.raises(ApplicationError, match="was not signed"):
        register.record(forged)
    signed(engine, key, "soc-1880", CASE)
    with pytest.raises(ApplicationError, match="was not signed"):
        register.record(forged)


def test_an_act_that_was_signed_for_this_case_is_recorded(engine: Engine) -> None:
    key = str(uuid4())
    signed(engine, key, SOCIAL.id, CASE)
    honest = recording(opened_by(Actor(org=SOCIAL.id, proof="signature", key=KEY), key))
    assert Register(engine).record(honest).digests


def test_where_everything_is_to_be_signed_a_claim_is_not_recorded(engine: Engine) -> None:
    claimed = recording(opened_by(Actor(org=SOCIAL.id), str(uuid4())))
    with pytest.raises(ApplicationError, match="was not signed"):
        Register(engine, signed_only=True).record(claimed)
    assert Register(engine).record(claimed).digests, "in training a claim is a claim"


def test_a_word_is_tried_in_full() -> None:
    word = "y" * own_word.LONGEST
    kept = own_word.hashed(word)
    assert own_word.matches(kept, word)
    assert not own_word.matches(kept, word + "z")
