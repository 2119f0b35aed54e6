"""What has been sent and lies unfetched, at a stack on which the recipient's desk is not at work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session
from temporalio.exceptions import ApplicationError

from activities import disclosures
from activities.collecting import Collecting
from activities.disclosures import Told
from activities.organisation_keys import OrganisationKeys
from activities.packages import seal
from activities.stores import open_database, register_url
from console import consenting, disclosing, tending
from console.casework import Casework
from console.failures import Refused
from console.plane_client import PlaneClient
from models.consent import ConsentAct, ConsentStep
from models.desk_work import Collect, DeskTask
from models.events import Collected, DeskAnswer, NotPossible
from models.intake import Filling
from models.published_keys import KeyUse
from models.words import Consent
from tests.disclosing_support import POLICE, SOCIAL, AtDesk, at_desk, ready_to_tell
from tests.exchange_support import keys_of
from tests.support import Stack, settled
from workflows.server import EmbeddedServer


@pytest.fixture(scope="module")
async def stack_without_police(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """The plane and the social services' desk. The police's keys are known; nobody is at work there."""
    stack = Stack(tmp_path_factory.mktemp("unfetched") / "var")
    temporal = EmbeddedServer(stack.settings)
    try:
        await temporal.start()
        stack.start("--plane", "--desk", SOCIAL)
        casework = stack.casework()
        casework.plane.publish(casework.keys(POLICE).public())
        yield stack
    finally:
        stack.end()
        await temporal.stop()


@pytest.fixture(scope="module")
def away(stack_without_police: Stack) -> Casework:
    return stack_without_police.casework()


def in_the_exchange(casework: Casework, package: str) -> str | None:
    delivery = casework.plane.delivery(package, SOCIAL)
    return delivery.state if delivery else None


def collects(casework: Casework, desk: AtDesk, package: str) -> str | None:
    """The police come to work and fetch it; why they can't have it, or None."""
    office = casework.office(POLICE)
    collecting = Collecting(office.store, office.disclosures, office.signing, casework.plane)
    refusal = collecting.taken(Collect(case=desk.case, handoff=desk.handoff, package=package, sender=SOCIAL))
    return refusal.code if refusal else None


async def under_way(casework: Casework, desk: AtDesk) -> set[str]:
    return set((await casework.standing(desk.case)).state.packages)


async def test_consent_that_is_withdrawn_destroys_what_lies_unfetched(away: Casework) -> None:
    desk = await ready_to_tell(away)
    told = await desk.sends()
    assert (in_the_exchange(away, told.row.id), await under_way(away, desk)) == ("sealed", {told.row.id})
    changed = await consenting.withdraw(away, desk.worker, desk.case, "person")
    assert (changed.recalled, changed.taken) == ((told.row.id,), ())
    assert (in_the_exchange(away, told.row.id), await under_way(away, desk)) == ("revoked", set())
    assert desk.state_of(told.row.id) == "recalled"
    assert collects(away, desk, told.row.id) == "package-withdrawn"
    assert nothing_of(told, away)
    assert away.office(POLICE).disclosures.received(desk.case) == []


def nothing_of(told: Told, casework: Casework) -> bool:
    """Whether not a byte of the sealed package is left in the register."""
    assert told.envelope is not None
    engine = open_database(register_url(casework.settings))
    with Session(engine.execution_options(reading=True)) as session:
        query = text("select sealed from packages where id = :id")
        (left,) = session.connection().execute(query, {"id": told.row.id}).one()
    engine.dispose()
    return left is None


async def test_a_withdrawal_leaves_alone_what_another_consent_covers(away: Casework) -> None:
    desk = await ready_to_tell(away)
    other = await desk.consents(functions=("civil-society",), purposes=("open-intervention",))
    told = await desk.sends()
    changed = await consenting.withdraw(away, desk.worker, desk.case, "person", other.history[-1].id)
    assert (changed.recalled, desk.state_of(told.row.id)) == ((), "sent")
    assert in_the_exchange(away, told.row.id) == "sealed"
    await tending.tend(desk.worker.office, away.plane)
    assert in_the_exchange(away, told.row.id) == "sealed"


async def test_a_guardian_who_is_a_threat_calls_nothing_back_and_one_who_is_added_does(away: Casework) -> None:
    """The child's mother has consented. The father is a threat; then another guardian is found, who was not asked."""
    guardians: list[dict[str, Any]] = [{"id": "guardian-1"}, {"id": "guardian-2", "threat": True}]
    desk = await at_desk(away, person={"name": "Barn", "born": "2019-01-01"}, guardians=guardians)
    await desk.consents(giver="guardian-1")
    await desk.weighs()
    told = await desk.sends()
    changed = await consenting.withdraw(away, desk.worker, desk.case, "guardian-2")
    assert (changed.recalled, in_the_exchange(away, told.row.id)) == ((), "sealed")
    added = Filling.model_validate({"guardians": [*guardians, {"id": "guardian-3"}]})
    await away.record(desk.case, added, SOCIAL)
    await tending.tend(desk.worker.office, away.plane)
    assert (in_the_exchange(away, told.row.id), desk.state_of(told.row.id)) == ("revoked", "recalled")


async def test_a_no_destroys_what_lies_unfetched_as_a_withdrawal_does(away: Casework) -> None:
    desk = await ready_to_tell(away)
    told = await desk.sends()
    changed = await consenting.refuse(away, desk.worker, desk.case, "person")
    assert changed.recalled == (told.row.id,)
    assert in_the_exchange(away, told.row.id) == "revoked"


async def test_a_sender_calls_a_package_back_and_it_is_gone_for_good(away: Casework) -> None:
    desk = await ready_to_tell(away)
    key = str(uuid4())
    told = await desk.sends(key=key)
    assert await disclosing.recall(away, desk.worker, told.row.id) == "recalled"
    assert await disclosing.recall(away, desk.worker, told.row.id) == "recalled"
    assert collects(away, desk, told.row.id) == "package-withdrawn"
    assert (await desk.refused(key=key)).code == "package-not-under-way", "the key is not told again as sent"
    assert (await desk.sends()).row.state == "sent"


async def test_a_package_waits_no_longer_than_the_consent_that_it_stands_on(away: Casework) -> None:
    desk = await ready_to_tell(away)
    ending = await consenting.withdraw(away, desk.worker, desk.case, "person")
    assert ending.status == "withdrawn"
    until = datetime.now(UTC).date() + timedelta(days=2)
    await desk.consents(until=until)
    told = await desk.sends()
    assert told.row.expires_at is not None
    assert told.row.expires_at - datetime.now(UTC) < timedelta(days=4)
    (package,) = (await away.standing(desk.case)).state.packages.values()
    assert package.expires_at - datetime.now(UTC) < timedelta(days=4)


async def test_the_same_request_again_after_an_answer_was_lost_is_not_taken_for_another(away: Casework) -> None:
    desk, key = await ready_to_tell(away), str(uuid4())
    told = await desk.sends(key=key)
    with desk.worker.office.engine.begin() as connection:  # the program ended before it wrote that it was sent
        connection.execute(text("update disclosures set state = 'prepared' where id = :id"), {"id": told.row.id})
    again = await desk.sends(key=key)
    assert (again.row.state, again.row.digest) == ("sent", told.row.digest)
    assert in_the_exchange(away, told.row.id) == "sealed"


# --- what can't be taken yet, and what can't be taken at all -------------------------------------------------------


async def asked_of_the_police(casework: Casework, desk: AtDesk, package: str) -> DeskTask:
    """The plane's own question, which waits for them."""
    effects = (await casework.standing(desk.case)).state.desk_effects.values()
    tasks = [effect.task for effect in effects]
    return next(t for t in tasks if isinstance(t.question, Collect) and t.question.package == package)


def answered(
    casework: Casework, task: DeskTask, *, trusting: bool = True, signing: OrganisationKeys | None = None
) -> DeskAnswer:
    """What the police's desk answers; in production it trusts no key but those that it has compared itself."""
    office, compared = casework.office(POLICE), {SOCIAL: (casework.keys(SOCIAL).fingerprint,)} if trusting else {}
    settings = casework.settings.model_copy(update={"mode": "production", "trusted_keys": compared})
    way = PlaneClient(settings, casework.keys)
    return Collecting(office.store, office.disclosures, signing or office.signing, way).collect(task).answer


async def test_a_package_whose_sender_is_not_trusted_yet_waits_and_is_taken_when_it_is(away: Casework) -> None:
    desk = await ready_to_tell(away)
    told = await desk.sends()
    task = await asked_of_the_police(away, desk, told.row.id)
    for _ in range(2):
        with pytest.raises(ApplicationError, match="package-sender-unknown") as said:
            answered(away, task, trusting=False)
        assert said.value.type == "NotYet"
        assert in_the_exchange(away, told.row.id) == "leased"
        assert away.office(POLICE).disclosures.held() == []
    assert answered(away, task) == Collected(package=told.row.id)
    assert [row.id for row in away.office(POLICE).disclosures.received(desk.case)] == [told.row.id]
    assert in_the_exchange(away, told.row.id) == "erased"
    assert answered(away, task, trusting=False) == Collected(package=told.row.id), "the word of it was lost"


async def test_a_package_that_waits_for_trust_is_answered_for_when_it_is_taken_back(away: Casework) -> None:
    desk = await ready_to_tell(away)
    told = await desk.sends()
    task = await asked_of_the_police(away, desk, told.row.id)
    with pytest.raises(ApplicationError):
        answered(away, task, trusting=False)
    assert await disclosing.recall(away, desk.worker, told.row.id) == "recalled"
    assert answered(away, task) == NotPossible(code="package-withdrawn")


async def test_what_a_desk_has_said_no_to_it_does_not_take_after_all(away: Casework, tmp_path: Path) -> None:
    """The sender acts on the answer: it must not be told that nothing was taken of what the vault has."""
    desk = await ready_to_tell(away)
    told = await desk.sends()
    task = await asked_of_the_police(away, desk, told.row.id)
    no = NotPossible(code="package-key-gone")
    assert answered(away, task, signing=keys_of(POLICE, tmp_path)) == no
    assert answered(away, task) == no, "the key has come back, and the first answer was lost"
    assert away.office(POLICE).disclosures.received(desk.case) == []
    assert in_the_exchange(away, told.row.id) == "leased"


# --- programs that end too soon ---------------------------------------------------------------------------------


async def begun(away: Casework, desk: AtDesk) -> Told:
    """Written down, and nothing more: the program ended there."""
    return disclosing.prepared(away, desk.worker, await desk.looks(), str(uuid4()), "sealed", str(uuid4()))


@pytest.mark.parametrize("left", [False, True])
async def test_what_was_begun_and_not_finished_is_taken_back_by_the_desk_itself(
    away: Casework, monkeypatch: pytest.MonkeyPatch, left: bool
) -> None:
    desk = await ready_to_tell(away)
    told = await begun(away, desk)
    assert told.envelope is not None
    if left:
        assert away.plane.leave(told.envelope) is None
    await tending.tend(desk.worker.office, away.plane)
    assert desk.state_of(told.row.id) == "prepared", "somebody may still be waiting for it"
    monkeypatch.setattr(disclosures, "LEFT_ALONE", timedelta(0))
    await tending.tend(desk.worker.office, away.plane)
    assert desk.state_of(told.row.id) == "recalled"
    assert collects(away, desk, told.row.id) in ("package-withdrawn", "package-unknown")
    assert away.plane.leave(told.envelope) is not None, "it does not come in any more"
    assert away.office(POLICE).disclosures.received(desk.case) == []


async def test_what_was_begun_is_called_back_by_a_withdrawal_before_it_comes_to_the_exchange(away: Casework) -> None:
    desk = await ready_to_tell(away)
    told = await begun(away, desk)
    changed = await consenting.withdraw(away, desk.worker, desk.case, "person")
    assert (changed.recalled, changed.taken) == ((told.row.id,), ())
    with pytest.raises(Refused) as said:
        await disclosing.delivered(away, desk.worker, await desk.looks(), told, str(uuid4()))
    assert said.value.refusal.code == "package-withdrawn"
    assert collects(away, desk, told.row.id) in ("package-withdrawn", "package-unknown")


async def test_a_withdrawal_that_was_written_down_and_no_more_is_carried_out_by_the_desk_itself(
    away: Casework,
) -> None:
    desk = await ready_to_tell(away)
    told = await desk.sends()
    standing = await away.standing(desk.case)
    step = ConsentStep(id=str(uuid4()), act=ConsentAct.WITHDRAW, giver="person", at=standing.now)
    office = desk.worker.office
    office.disclosures.record(
        desk.case, step, office.person_facts(desk.case), desk.worker.by, standing.now, timedelta(days=366)
    )
    assert in_the_exchange(away, told.row.id) == "sealed"
    await tending.tend(office, away.plane)
    assert (in_the_exchange(away, told.row.id), desk.state_of(told.row.id)) == ("revoked", "recalled")
    assert await under_way(away, desk) == set()


async def test_a_case_that_was_not_told_of_a_withdrawal_is_told_by_the_desk_itself(away: Casework) -> None:
    desk = await ready_to_tell(away)
    standing = await settled(away, desk.case)
    assert standing.state.consent is Consent.GIVEN
    step = ConsentStep(id=str(uuid4()), act=ConsentAct.WITHDRAW, giver="person", at=standing.now)
    office = desk.worker.office
    office.disclosures.record(
        desk.case, step, office.person_facts(desk.case), desk.worker.by, standing.now, timedelta(days=366)
    )
    assert desk.case in office.disclosures.untold()
    await tending.tend(office, away.plane)
    assert (await settled(away, desk.case)).state.consent is Consent.REFUSED
    assert desk.case not in office.disclosures.untold()


async def test_a_kill_between_confirming_and_taking_shows_nothing_and_loses_nothing(away: Casework) -> None:
    desk = await ready_to_tell(away)
    told = await desk.sends()
    office = away.office(POLICE)
    envelope = away.plane.lease(told.row.id, POLICE)
    assert envelope == told.envelope
    assert told.envelope is not None
    office.disclosures.hold(told.envelope, told.package.model_dump_json().encode())
    assert away.plane.confirm(told.row.id, POLICE) is None
    assert office.disclosures.received(desk.case) == [], "held is not shown"
    assert collects(away, desk, told.row.id) is None
    assert [row.id for row in office.disclosures.received(desk.case)] == [told.row.id]
    assert collects(away, desk, told.row.id) is None
    assert len(office.disclosures.received(desk.case)) == 1


async def test_what_does_not_open_is_not_taken_and_not_half_kept(away: Casework) -> None:
    """A package sealed to another key than it says, left by its own sender."""
    desk = await ready_to_tell(away)
    told = await begun(away, desk)
    assert told.envelope is not None
    theirs = away.plane.published(SOCIAL, SOCIAL).current(SOCIAL, KeyUse.SEALING, datetime.now(UTC))
    police = away.plane.published(POLICE, SOCIAL).current(POLICE, KeyUse.SEALING, datetime.now(UTC))
    assert theirs is not None
    assert police is not None
    label = told.envelope.label().model_copy(update={"recipient": SOCIAL, "sender": SOCIAL})
    spoiled = seal(told.package.model_dump_json().encode(), label, desk.worker.office.signing, theirs)
    wrong = spoiled.model_copy(update={"recipient": POLICE, "sealing_key": police.fingerprint})
    assert away.plane.leave(wrong) is None
    assert collects(away, desk, wrong.id) == "package-damaged"
    assert away.office(POLICE).disclosures.held() == []
    assert away.office(POLICE).disclosures.received(desk.case) == []
