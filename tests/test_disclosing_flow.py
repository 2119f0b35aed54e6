"""Telling another organisation, from the look to the other desk's vault, on a running stack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pypdf import PdfReader

from activities.collecting import Collecting
from console import closing, consenting, disclosing, letters, permitting
from console.answers import Answer
from console.as_whom import Worker, at_work
from console.casework import Casework
from console.coding import item_id
from console.failures import Refused
from models.access import Action
from models.contracts import Refusal
from models.desk import Category
from models.desk_work import Collect
from models.handoffs import Act
from models.intake import Filling
from models.words import EndCode
from rules import rosters
from tests.command_line import synthetic_personnummer
from tests.disclosing_support import (
    BED,
    NIGHT_DUTY,
    POLICE,
    SOCIAL,
    TOLD,
    AtDesk,
    at_desk,
    form,
    kept,
    ready_to_tell,
    shown,
    stated,
    withheld,
)
from tests.support import Stack, settled


@pytest.fixture(scope="module")
def shared(stack: Stack) -> Casework:
    return stack.casework()


# --- what is seen is what is sent -------------------------------------------------------------------------


async def test_what_is_shown_is_what_is_sent_and_what_arrives_field_by_field(shared: Casework) -> None:
    desk = await ready_to_tell(shared)
    telling = await desk.looks()
    told = await desk.sends(expected=telling.preview.digest)
    assert told.package == telling.preview.package
    await settled(shared, desk.case)
    assert {category: parts for category, (parts,) in kept(shared, POLICE, desk.case).items()} == shown(telling)
    assert shown(telling) == {
        "identity": {"name": "Kanarie Fågelsson", "born": "1990-01-01"},
        "contact": {"channel": "phone", "value": "070-1740605"},
        "own-risk-assessment": {"level": "high", "advice": "Ring aldrig efter klockan fem"},
    }
    assert withheld(telling) == {
        ("identity", "given_name", "not-needed"), ("own-risk-assessment", "assessor", "names-staff"),
    }  # fmt: skip
    assert "handl-01" not in told.package.model_dump_json(), "staff are told as functions"
    (received,) = shared.office(POLICE).disclosures.received(desk.case)
    assert (received.id, received.categories) == (told.row.id, list(shown(telling)))
    actions = [(entry.action, entry.outcome) for entry in desk.entries()]
    assert (
        actions.index(("preview", "done"))
        < actions.index(("disclose", "done"))
        < actions.index(("disclosure-sent", "done"))
    )
    at_police = [link.entry.action for link in shared.office(POLICE).trail.links() if link.entry.case == desk.case]
    assert at_police[-2:] == ["package-held", "package-taken"]


async def test_without_a_ground_nothing_goes_and_every_category_says_why(shared: Casework) -> None:
    desk = await at_desk(shared)
    telling = await desk.looks()
    assert telling.preview.empty
    assert {code for _, _, code in withheld(telling)} == {"lacking"}
    assert (await desk.refused()).code == "nothing-to-disclose"
    await desk.consents()
    assert withheld(await desk.looks()) == withheld(telling), "harm is still to be weighed"
    await desk.weighs("identity", "contact")
    assert set(shown(await desk.looks())) == {"identity", "contact"}
    await desk.weighs("contact", speaks_for=False)
    assert set(shown(await desk.looks())) == {"identity"}
    assert [row.id for row in shared.office(SOCIAL).disclosures.listed(desk.case)] == []


async def test_a_purpose_or_a_recipient_that_was_not_consented_to_gets_nothing(shared: Casework) -> None:
    desk = await at_desk(shared)
    await desk.weighs()
    await desk.consents(purposes=("placement",))
    assert (await desk.looks()).preview.empty
    await desk.consents(functions=("health-care",))
    assert (await desk.looks()).preview.empty
    await desk.consents(categories=("identity",))
    assert set(shown(await desk.looks())) == {"identity"}


async def test_consent_that_ends_between_the_look_and_the_sending_sends_nothing(shared: Casework) -> None:
    desk = await at_desk(shared)
    await desk.consents(until=datetime.now(UTC).date() + timedelta(days=2))
    await desk.weighs()
    telling = await desk.looks()
    await shared.advance(desk.case, timedelta(days=4))
    assert (await desk.refused(expected=telling.preview.digest)).code == "nothing-to-disclose"
    assert [row.id for row in shared.office(SOCIAL).disclosures.listed(desk.case)] == []


async def test_what_a_guardian_consented_to_waits_no_longer_than_until_the_child_is_of_age(shared: Casework) -> None:
    today = datetime.now(UTC).date()
    turns = next(day for n in range(2, 7) if (day := today + timedelta(days=n)).day <= 28)
    born = turns.replace(year=turns.year - 18)
    desk = await at_desk(
        shared, person={"name": "Nästan Vuxen", "born": born.isoformat()}, guardians=[{"id": "guardian-1"}]
    )
    await desk.consents(giver="guardian-1")
    await desk.consents()
    await desk.weighs()
    telling = await desk.looks()
    assert "identity" in shown(telling)
    assert disclosing.waits(telling, disclosing.rules_of(telling.standing)) <= turns - today + timedelta(days=1)


async def test_a_corrected_number_is_not_sent_beside_the_day_of_birth_that_it_corrects(shared: Casework) -> None:
    desk = await ready_to_tell(shared)
    number = synthetic_personnummer()
    await shared.record(desk.case, Filling.model_validate({"person": {"personnummer": number}}), SOCIAL)
    await desk.weighs("identity")
    sent = shown(await desk.looks())["identity"]
    assert (sent["personnummer"], "born" in sent) == (number, False)


async def test_what_has_changed_since_it_was_seen_is_not_sent(shared: Casework) -> None:
    desk = await ready_to_tell(shared)
    telling = await desk.looks()
    changed = {"safe_contact": {"channel": "phone", "value": "070-1740699"}}
    shared.office(SOCIAL).store.keep(str(uuid4()), desk.case, Category.CONTACT, SOCIAL, changed)
    assert (await desk.refused(expected=telling.preview.digest)).code == "preview-has-changed"
    assert (await desk.sends(expected=(await desk.looks()).preview.digest)).row.state == "sent"


async def test_a_consent_withdrawn_while_it_is_written_down_is_seen_there(shared: Casework) -> None:
    desk = await ready_to_tell(shared)
    telling = await desk.looks()
    await consenting.withdraw(shared, desk.worker, desk.case, "person")
    with pytest.raises(Refused) as said:
        disclosing.prepared(shared, desk.worker, telling, str(uuid4()), "sealed", str(uuid4()))
    assert said.value.refusal.code == "preview-has-changed"
    assert shared.office(SOCIAL).disclosures.listed(desk.case) == []


# --- once, and to nobody else -------------------------------------------------------------------------------


async def test_the_same_key_tells_once_and_is_no_way_to_anything_else(shared: Casework) -> None:
    desk, key = await ready_to_tell(shared), str(uuid4())
    first = await desk.sends(key=key)
    again = await desk.sends(key=key)
    assert (again.row.id, again.envelope) == (first.row.id, first.envelope)
    await settled(shared, desk.case)
    assert len(shared.office(POLICE).disclosures.received(desk.case)) == 1
    for refusal in (await desk.refused(key=key, way="letter"), await desk.refused(desk.colleague, key=key)):
        assert refusal.code == "key-used-for-something-else"


async def test_a_consent_given_again_with_the_same_key_is_one_consent(shared: Casework) -> None:
    desk, key = await at_desk(shared), str(uuid4())
    said_yes = form(written=True)
    first = await consenting.give(shared, desk.worker, desk.case, said_yes, key)
    again = await consenting.give(shared, desk.worker, desk.case, said_yes, key)
    assert again.history == first.history
    with pytest.raises(Refused) as said:
        await consenting.give(shared, desk.worker, desk.case, said_yes.model_copy(update={"written": False}), key)
    assert said.value.refusal.code == "key-used-for-something-else"
    outcomes = [entry.outcome for entry in desk.entries() if entry.action == "consent-give"]
    assert outcomes == ["done", "key-used-for-something-else"]


async def test_another_desk_gets_neither_the_package_nor_a_hint_of_it(shared: Casework) -> None:
    desk = await ready_to_tell(shared)
    told = await desk.sends()
    other = shared.office(NIGHT_DUTY)
    collecting = Collecting(other.store, other.disclosures, other.signing, shared.plane)
    asked = Collect(case=desk.case, handoff=desk.handoff, package=told.row.id, sender=SOCIAL)
    refusal = collecting.taken(asked)
    assert refusal is not None
    assert refusal.code == "package-unknown"
    assert other.disclosures.received(desk.case) == []


async def test_what_was_taken_can_not_be_called_back_and_is_said_to_be_taken(shared: Casework) -> None:
    desk = await ready_to_tell(shared)
    told = await desk.sends()
    await settled(shared, desk.case)
    changed = await consenting.withdraw(shared, desk.worker, desk.case, "person")
    assert (changed.recalled, changed.taken, changed.status) == ((), (told.row.id,), "withdrawn")
    assert desk.state_of(told.row.id) == "taken"
    again = await consenting.withdraw(shared, desk.worker, desk.case, "person")
    assert (again.recalled, again.taken, again.status) == ((), (), "withdrawn")
    assert (await shared.standing(desk.case)).state.consent == "refused"


# --- who may ------------------------------------------------------------------------------------------------


async def test_who_is_not_named_on_the_case_sees_no_preview_and_the_log_says_that_they_tried(
    shared: Casework,
) -> None:
    desk = await ready_to_tell(shared)
    office = shared.office(SOCIAL)
    for user in ("handl-02", "chef-01", "arkiv-01", "dataskydd-01"):
        worker = at_work(office, user)
        with pytest.raises(Refused):
            await desk.looks(worker)
        with pytest.raises(Refused):
            await consenting.withdraw(shared, worker, desk.case, "person")
        mine = [(entry.action, entry.outcome != "done") for entry in desk.entries() if entry.user == user]
        assert mine == [("preview", True), ("consent-withdraw", True)]
    assert (await shared.standing(desk.case)).state.consent == "given"


async def test_who_may_not_call_back_does_not(shared: Casework) -> None:
    desk = await ready_to_tell(shared)
    told = await desk.sends()
    with pytest.raises(Refused) as said:
        await disclosing.recall(shared, at_work(shared.office(SOCIAL), "arkiv-01"), told.row.id)
    assert said.value.refusal.code == "not-for-this-role"
    assert desk.entries()[-1].outcome == "not-for-this-role"
    assert desk.state_of(told.row.id) == "sent"


# --- addresses ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def address(shared: Casework) -> AtDesk:
    """A case handed to the night duty, with an address to go along."""
    return await ready_to_tell(shared, to=NIGHT_DUTY, kind="duty-handover")


async def test_an_address_is_shown_and_sent_after_ones_own_word_only(address: AtDesk) -> None:
    with pytest.raises(Refused) as said:
        await address.looks()
    assert said.value.refusal.code == "step-up-needed"
    assert (address.entries()[-1].action, address.entries()[-1].outcome) == ("preview", "step-up-needed")
    assert shown(await address.looks(address.stepped_up))["address"] == {
        "purpose": "stay", "lines": "Burvägen 1\nEnköping",
    }  # fmt: skip


async def test_a_transfer_is_a_duty_to_tell_when_it_has_been_accepted_and_not_because_it_was_asked_for(
    shared: Casework,
) -> None:
    """SoL 29:12: whoever only writes a request of its own can not make a duty of it."""
    desk = await at_desk(shared, to=NIGHT_DUTY, kind="case-transfer")
    await desk.weighs()

    async def told() -> tuple[dict[str, dict[str, str]], set[str]]:
        telling = await disclosing.look(shared, desk.stepped_up, desk.case, desk.handoff, decided=TOLD)
        return shown(telling), {one.ground for one in telling.preview.package.sections}

    assert await told() == ({}, set())
    await shared.act(desk.case, desk.handoff, Act.ACKNOWLEDGE, NIGHT_DUTY)
    assert await told() == ({}, set()), "that it has arrived is no answer"
    await shared.act(desk.case, desk.handoff, Act.ACCEPT, NIGHT_DUTY)
    fields, grounds = await told()
    assert set(fields) == {"identity", "contact", "address", "social-file"}
    assert grounds == {"case-transfer"}


async def test_a_transfer_that_was_declined_tells_nothing(shared: Casework) -> None:
    desk = await at_desk(shared, to=NIGHT_DUTY, kind="case-transfer")
    await desk.weighs()
    await shared.act(desk.case, desk.handoff, Act.ACKNOWLEDGE, NIGHT_DUTY)
    await shared.act(desk.case, desk.handoff, Act.DECLINE, NIGHT_DUTY, Answer(reason="not-strongest-ties"))
    assert (await desk.refused(way="spoken", decided=TOLD)).code == "unknown-handoff"


def names_in(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def by_day_and_night(worker: Worker) -> tuple[datetime, datetime]:
    """The next instants from now at which the desk's office is open, and shut."""
    calendar, now = worker.office.staff.desk.calendar, datetime.now(UTC)
    hours = [now + timedelta(hours=number) for number in range(24 * 7)]
    day = next(at for at in hours if not rosters.is_night(at, calendar))
    return day, next(at for at in hours if rosters.is_night(at, calendar))


async def test_by_day_two_persons_release_an_address_and_an_approval_is_not_used_up_by_a_refusal(
    address: AtDesk,
) -> None:
    day, _ = by_day_and_night(address.worker)
    telling, office = await address.looks(address.stepped_up), address.worker.office
    key = str(uuid4())

    def asked(worker: Worker) -> Refusal | None:
        with office.trail.writing() as session:
            return permitting.permitted(session, worker, telling, key, day)

    needed = asked(address.stepped_up)
    assert needed is not None
    request = permitting.second_person_asked(address.stepped_up, telling, needed, day)
    assert request.code == "second-person-needed"
    assert request.detail is not None
    for by, refusal in (
        (address.worker, "not-oneself"), (address.colleague, "not-on-the-list"), (at_work(office, "chef-01"), None),
    ):  # fmt: skip
        came = office.approvals.approve(by.by, request.detail, day, stepped_up=True)
        assert (came.code if isinstance(came, Refusal) else None) == refusal
    without = asked(address.worker)
    assert without is not None
    assert without.code == "step-up-needed"
    assert asked(address.stepped_up) is None, "the approval is still there"
    other = with_another_key(address, telling, day)
    assert other == "second-person-needed", "and good for one act"


def with_another_key(address: AtDesk, telling: disclosing.Telling, at: datetime) -> str | None:
    with address.worker.office.trail.writing() as session:
        refusal = permitting.permitted(session, address.stepped_up, telling, str(uuid4()), at)
    return refusal.code if refusal else None


async def test_by_night_one_person_releases_it_and_another_is_to_look_at_it(address: AtDesk) -> None:
    _, night = by_day_and_night(address.worker)
    telling, office = await address.looks(address.stepped_up), address.worker.office
    before = len(office.approvals.unreviewed())
    with office.trail.writing() as session:
        assert permitting.permitted(session, address.stepped_up, telling, str(uuid4()), night) is None
    alone = office.approvals.unreviewed()
    assert len(alone) == before + 1
    (mine,) = [one for one in alone if one.case == address.case and one.requested_at == night]
    assert (mine.action, mine.requested_by, mine.approved_by) == (Action.RELEASE_ADDRESS, "handl-01", None)
    assert mine.review_by is not None
    assert mine.review_by > night


async def test_whatever_the_rules_want_two_persons_for_is_released_by_two(shared: Casework) -> None:
    """For every category that they name, not the address alone."""
    desk = await ready_to_tell(shared)
    day, night = by_day_and_night(desk.worker)
    telling, office, key = (await desk.looks())._replace(by_two=True), desk.worker.office, str(uuid4())

    def asked(at: datetime, key: str) -> Refusal | None:
        with office.trail.writing() as session:
            return permitting.permitted(session, desk.worker, telling, key, at)

    needed = asked(day, key)
    assert needed is not None
    request = permitting.second_person_asked(desk.worker, telling, needed, day)
    assert request.code == "second-person-needed"
    approved = office.approvals.approve(at_work(office, "chef-01").by, str(request.detail), day, stepped_up=True)
    assert not isinstance(approved, Refusal)
    assert approved.action is Action.RELEASE_BY_TWO
    assert asked(day, key) is None
    assert asked(night, str(uuid4())) is None, "at night one may"
    assert [one.action for one in office.approvals.unreviewed() if one.case == desk.case] == [Action.RELEASE_BY_TWO]


async def test_an_address_arrives_when_whoever_is_needed_has_said_yes(shared: Casework) -> None:
    desk = await ready_to_tell(shared, to=NIGHT_DUTY, kind="duty-handover")
    office, key = shared.office(SOCIAL), str(uuid4())
    if not rosters.is_night(datetime.now(UTC), office.staff.desk.calendar):
        asked = await desk.refused(desk.stepped_up, key=key)
        assert asked.code == "second-person-needed"
        approved = office.approvals.approve(
            at_work(office, "chef-01").by, str(asked.detail), datetime.now(UTC), stepped_up=True
        )
        assert not isinstance(approved, Refusal)
    assert (await desk.sends(desk.stepped_up, key=key)).row.state == "sent"
    await settled(shared, desk.case)
    assert kept(shared, NIGHT_DUTY, desk.case)["address"] == [{"purpose": "stay", "lines": "Burvägen 1\nEnköping"}]


# --- without a desk ---------------------------------------------------------------------------------------------


async def test_who_has_no_desk_gets_a_letter_with_exactly_the_fields_or_a_word(
    shared: Casework, tmp_path: Path
) -> None:
    desk = await ready_to_tell(shared, to=BED, kind="protected-bed")
    stated(desk, recipient=BED, reservation=True)
    telling = await desk.looks()
    assert shown(telling) == {
        "identity": {"given_name": "Kanarie"},
        "social-file": {"need": "en säng", "persons": "1"},
        "own-risk-assessment": {"advice": "Ring aldrig efter klockan fem"},
    }
    assert (await desk.refused()).code == "recipient-without-desk"
    told = await desk.sends(way="letter", expected=telling.preview.digest, letter=tmp_path / "brev.pdf")
    assert (told.row.state, told.envelope, told.row.expires_at) == ("sent", None, None)
    assert names_in(tmp_path) == ["brev.pdf"]
    reader = PdfReader(tmp_path / "brev.pdf")
    text = " ".join("".join(page.extract_text() for page in reader.pages).split())
    assert "10 kap. 14 §" in text, "the reservation is told with it"
    for fields in shown(telling).values():
        for value in fields.values():
            assert value in text
    for kept_back in ("Fågelsson", "1990", "070-1740605", "Burvägen", "high", "handl-01"):
        assert kept_back not in text
    assert "handl" not in str(reader.metadata)
    assert await disclosing.recall(shared, desk.worker, told.row.id) == "taken"
    assert (await desk.refused(way="spoken")).code == "nothing-to-disclose", "harm is weighed for each telling"
    await desk.weighs()
    spoken = await desk.sends(way="spoken")
    assert (spoken.row.state, spoken.row.way, spoken.package) == ("sent", "spoken", telling.preview.package)


async def test_a_letter_that_can_not_be_written_tells_the_case_nothing(shared: Casework, tmp_path: Path) -> None:
    desk = await ready_to_tell(shared)
    before = (await settled(shared, desk.case)).state.revision
    refusal = await desk.refused(way="letter", letter=tmp_path / "no-such-folder" / "brev.pdf")
    assert refusal.code == "cannot-write"
    assert (await settled(shared, desk.case)).state.revision == before
    (row,) = shared.office(SOCIAL).disclosures.listed(desk.case)
    assert row.state == "refused"
    assert not (await desk.looks()).preview.empty, "and what was judged is not used up by it"


async def test_a_letter_is_finished_by_the_same_request_wherever_it_was_interrupted(
    shared: Casework, tmp_path: Path
) -> None:
    desk, key, path = await ready_to_tell(shared), str(uuid4()), tmp_path / "brev.pdf"
    telling = await desk.looks()
    package = item_id(key, "package")
    told = disclosing.prepared(shared, desk.worker, telling, package, "letter", key)
    letters.write(shared, desk.worker, told.package, telling.recipient, path)  # and here the program ends
    assert not path.exists(), "a letter that nobody has recorded is in no place to be sent from"
    first = await desk.sends(way="letter", letter=path, key=key)
    assert (first.row.id, first.row.state) == (package, "sent")
    assert names_in(tmp_path) == ["brev.pdf"]
    path.rename(letters.unfinished(path))  # as after an end between the word to the case and the last step
    await desk.sends(way="letter", letter=path, key=key)
    assert names_in(tmp_path) == ["brev.pdf"]
    assert (await desk.refused(way="letter", letter=path, key=key)).code == "told-already"


# --- what is never said ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["sealed", "spoken", "letter"])
async def test_a_text_that_says_what_is_never_said_goes_in_no_way_and_the_rest_can(shared: Casework, way: str) -> None:
    words = "Får fingerade personuppgifter, OSL 18 kap. 7 §"
    desk = await ready_to_tell(shared, own_risk_assessment={"level": "high", "assessor": "officer", "advice": words})
    refusal = await desk.refused(way=way)
    assert (refusal.code, refusal.detail) == ("unsaid-field", "own-risk-assessment.advice"), (
        "which field, no word of it"
    )
    telling = await desk.looks()
    assert ("own-risk-assessment", "advice", "unsaid") in withheld(telling)
    assert words not in telling.preview.model_dump_json()
    if way == "spoken":  # what somebody has seen to stay behind does not keep the rest from going tonight
        told = await desk.sends(way=way, expected=telling.preview.digest)
        assert told.row.state == "sent"
        assert "fingera" not in told.package.model_dump_json()


async def test_words_that_no_letter_says_stop_a_letter_before_anything_is_told(shared: Casework) -> None:
    assessed = {"level": "high", "assessor": "officer", "advice": "Ring avhopparsamordnaren"}
    desk = await ready_to_tell(shared, own_risk_assessment=assessed)
    assert (await desk.refused(way="letter")).code == "unsaid-field"
    assert shared.office(SOCIAL).disclosures.listed(desk.case) == []
    assert (await desk.sends()).row.state == "sent", "the police's own desk may read it"


# --- closing -------------------------------------------------------------------------------------------------------


async def test_a_case_is_closed_by_two(shared: Casework) -> None:
    desk = await at_desk(shared)
    office = shared.office(SOCIAL)
    with pytest.raises(Refused) as said:
        await closing.close(shared, desk.worker, desk.case, EndCode.ENDED)
    assert said.value.refusal.code == "handoffs-open", "and nobody is asked for what can't be done"
    assert office.approvals.waiting(datetime.now(UTC), desk.case) == []
    await withdraw_everything(shared, desk)
    key = str(uuid4())
    with pytest.raises(Refused) as said:
        await closing.close(shared, desk.worker, desk.case, EndCode.ENDED, key)
    request = said.value.refusal
    assert request.code == "second-person-needed"
    own = office.approvals.approve(desk.worker.by, str(request.detail), datetime.now(UTC), stepped_up=True)
    assert isinstance(own, Refusal)
    manager = at_work(office, "chef-01")
    assert not isinstance(
        office.approvals.approve(manager.by, str(request.detail), datetime.now(UTC), stepped_up=True), Refusal
    )
    with pytest.raises(Refused):
        await closing.close(shared, desk.worker, desk.case, EndCode.DECEASED)
    receipt = await closing.close(shared, desk.worker, desk.case, EndCode.ENDED, key)
    assert await closing.close(shared, desk.worker, desk.case, EndCode.ENDED, key) == receipt
    assert (await shared.standing(desk.case)).state.closed == "ENDED"


async def test_a_withdrawal_in_a_closed_case_is_recorded_and_says_so(shared: Casework) -> None:
    desk = await ready_to_tell(shared)
    await withdraw_everything(shared, desk)
    manager = at_work(shared.office(SOCIAL), "chef-01")._replace(stepped_up=True)
    await closing.closed_by_two(shared, desk.worker, manager, desk.case, EndCode.ENDED)
    changed = await consenting.withdraw(shared, desk.worker, desk.case, "person")
    assert (changed.status, changed.recalled) == ("withdrawn", ())
    assert desk.case not in shared.office(SOCIAL).disclosures.untold()


async def withdraw_everything(shared: Casework, desk: AtDesk) -> None:
    while True:
        standing = await settled(shared, desk.case)
        mine = [h.id for h in standing.state.handoffs.values() if h.kind != "plan-or-close"]
        if not mine:
            return
        await shared.act(desk.case, mine[0], Act.ENTER_IN_ERROR, SOCIAL)
