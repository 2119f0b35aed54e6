"""The plane's API as organisations meet it: whose word is believed, and what each is told of the register."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import BaseModel
from sqlalchemy import Engine

from activities.directory import load_directory
from activities.exchange import Exchange
from activities.key_directory import KeyDirectory
from activities.organisation_keys import OrganisationKeys
from activities.register_view import RegisterView
from activities.signatures import SeenRequests, digest_of, request_token, signed
from activities.stores import migrate, open_database, register_url
from activities.trails import plane_trail
from console.acting_keys import acting_keys
from console.casework import Casework
from console.http_server import served
from console.pace import Pace
from console.plane import Plane
from console.plane_api import Doors, plane_api
from console.plane_reads import PlaneReads
from models.events import Actor, Disclosed, Facts, FactsRecorded, Raised, Sent, Submitted
from models.intake import Intake
from models.plane import AboutCase, AboutKey, AboutOrganisation, AboutPackage, Done, Foresight, Nothing
from models.settings import Settings
from models.words import CaseRef, Consent, Function, Urgency, case_reference
from rules.showing import OPERATOR
from tests.command_line import intake
from tests.consent_support import consenting
from tests.databases import Databases
from tests.exchange_support import keys_of, sealed
from tests.support import Stack, eventually, settled

SOCIAL, OTHER, POLICE, STRANGER = "soc-0381", "soc-0180", "polisen-mitt", "soc-1880"
OTHER_POLICE = "polisen-nord"
PACE = 1_000


class Api:
    """Requests to a running API, put together by hand so that each part can be wrong."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.settings = settings
        self._url = url

    def keys(self, org: str) -> OrganisationKeys:
        return acting_keys(self.settings, org)

    def token(self, org: str, path: str, body: bytes, **other: Any) -> str:
        made = {"audience": self.settings.event_source, "now": datetime.now(UTC), **other}
        return request_token(self.keys(org), "POST", path, digest_of(body), **made)

    def post(self, path: str, body: bytes, token: str | None) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.post(self._url + path, content=body, headers=headers, timeout=20, trust_env=False)

    def ask(self, org: str, path: str, question: BaseModel) -> httpx.Response:
        body = question.model_dump_json().encode()
        return self.post(path, body, self.token(org, path, body))

    def rows(self, org: str, what: str, case: CaseRef) -> list[dict[str, Any]]:
        answer = self.ask(org, f"/v1/register/{what}", AboutCase(case=case))
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["rows"]
        return found

    def act(self, org: str, case: CaseRef, event: Submitted, *, for_case: CaseRef | None = None) -> str:
        said = event.model_dump(mode="json")
        now, source = datetime.now(UTC), self.settings.event_source
        return signed(said, self.keys(org), case=for_case or case, audience=source, now=now)


@pytest.fixture
def api(stack: Stack) -> Api:
    """The shared stack's. A first key is believed there unseen: those who ask here publish theirs first."""
    asking = Api(stack.settings.plane, stack.settings)
    for org in (SOCIAL, OTHER, POLICE, OTHER_POLICE, STRANGER, OPERATOR):
        answer = asking.post("/v1/keys/publish", asking.keys(org).public().model_dump_json().encode(), None)
        assert answer.json()["refusal"] is None
    return asking


def code(answer: httpx.Response) -> str:
    told: str = answer.json()["code"]
    return told


# --- whose word is believed ------------------------------------------------------------------------------


def test_without_a_token_or_with_a_wrong_one_nothing_is_told(api: Api) -> None:
    path, body = "/v1/ready", b"{}"
    right = api.token(SOCIAL, path, body)
    head, claims, proof = right.split(".")
    assert api.post(path, body, right).status_code == 200
    for token, why in (
        (None, "signature-missing"),
        ("x", "signature-malformed"),
        (f"{head}.{claims}.{'A' * len(proof)}", "signature-false"),
        (api.token(SOCIAL, "/v1/keys/published", body), "signature-other-request"),
        (api.token(SOCIAL, path, b"{ }"), "signature-other-request"),
        (api.token(SOCIAL, path, body, audience="/another/plane"), "signature-other-audience"),
        (api.token(SOCIAL, path, body, now=datetime.now(UTC) - timedelta(minutes=3)), "signature-expired"),
        (api.token(SOCIAL, path, body, now=datetime.now(UTC) + timedelta(minutes=3)), "signature-ahead"),
        (right, "signature-again"),
    ):
        answer = api.post(path, body, token)
        assert (answer.status_code, code(answer)) == (401, why)


def test_a_body_that_was_changed_on_the_way_is_not_believed(api: Api) -> None:
    path, body = "/v1/cases/standing", AboutCase(case=case_reference(1)).model_dump_json().encode()
    other = AboutCase(case=case_reference(2)).model_dump_json().encode()
    answer = api.post(path, other, api.token(SOCIAL, path, body))
    assert (answer.status_code, code(answer)) == (401, "signature-other-request")


def test_what_can_not_be_read_is_refused_without_repeating_it(api: Api) -> None:
    path = "/v1/cases/standing"
    for body in (b'{"case": "kanariefagel"}', b"kanariefagel", b'{"case": "%s", "kanariefagel": 1}' % b"U-0000-0000"):
        answer = api.post(path, body, api.token(SOCIAL, path, body))
        assert (answer.status_code, code(answer)) == (422, "not-understood")
        assert "kanariefagel" not in answer.text
    answer = api.ask(SOCIAL, "/v1/no/such/question", Nothing())
    assert (answer.status_code, code(answer)) == (404, "no-such-question")


# --- acts ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(stack: Stack) -> CaseRef:
    """An acute case of one municipality, with the police asked for an assessment, and consent given."""
    casework = stack.casework()
    return asyncio.run(begun(casework))


async def begun(casework: Casework) -> CaseRef:
    wanted = {"urgency": "acute", "stay_municipality": "0381", "police_track_wanted": True} | consenting()
    case = await casework.open_case(Intake.model_validate(intake(**wanted)))
    await settled(casework, case)
    return case


def learns(org: str, **facts: Any) -> FactsRecorded:
    return FactsRecorded(key=str(uuid4()), by=Actor(org=org), facts=Facts(**facts))


def test_an_act_is_taken_from_who_signed_it_and_from_nobody_else(api: Api, opened: CaseRef) -> None:
    event = learns(SOCIAL, conditions_signed=True)
    mine = api.act(SOCIAL, opened, event)
    for asker, act, why in (
        (OTHER, mine, "signature-other-org"),
        (SOCIAL, api.act(SOCIAL, opened, event, for_case=case_reference(9)), "signature-other-case"),
        (OTHER, api.act(OTHER, opened, event), "signature-other-org"),
        (SOCIAL, mine[:-4] + "AAAA", "signature-false"),
        (SOCIAL, "x.y.z", "signature-malformed"),
    ):
        answer = api.ask(asker, "/v1/cases/submit", Done(case=opened, act=act))
        assert (answer.status_code, code(answer)) == (401, why)
        assert opened not in answer.text
    first = api.ask(SOCIAL, "/v1/cases/submit", Done(case=opened, act=mine))
    assert first.json()["receipt"]["revision"] > 0, first.text
    again = api.ask(SOCIAL, "/v1/cases/submit", Done(case=opened, act=api.act(SOCIAL, opened, event)))
    assert again.json()["receipt"] == first.json()["receipt"], "signed anew it is the same act"


def test_acts_that_were_refused_are_in_the_planes_own_log(api: Api, opened: CaseRef, stack: Stack) -> None:
    api.ask(SOCIAL, "/v1/cases/submit", Done(case=opened, act="x.y.z"))
    trail = plane_trail(stack.settings, open_database(register_url(stack.settings)), api.keys(OPERATOR))
    entries = [link.entry for link in trail.links() if link.entry.case == opened]
    assert ("act-refused", "signature-malformed") in [(entry.action, entry.outcome) for entry in entries]
    assert trail.broken() is None


def test_what_was_signed_and_is_no_act_is_refused(api: Api, opened: CaseRef) -> None:
    said = {"key": str(uuid4()), "by": {"org": SOCIAL}, "kind": "kanariefagel"}
    now, source = datetime.now(UTC), api.settings.event_source
    act = signed(said, api.keys(SOCIAL), case=opened, audience=source, now=now)
    answer = api.ask(SOCIAL, "/v1/cases/submit", Done(case=opened, act=act))
    assert (answer.status_code, code(answer)) == (400, "not-an-act")
    assert "kanariefagel" not in answer.text


def test_whoever_may_not_know_of_a_case_is_told_that_there_is_none(api: Api, opened: CaseRef) -> None:
    event = learns(STRANGER, consent=Consent.GIVEN)
    for answer in (
        api.ask(STRANGER, "/v1/cases/standing", AboutCase(case=opened)),
        api.ask(STRANGER, "/v1/cases/standing", AboutCase(case=case_reference(77))),
        api.ask(STRANGER, "/v1/cases/foresee", Foresight(case=opened, event=event)),
        api.ask(STRANGER, "/v1/cases/submit", Done(case=opened, act=api.act(STRANGER, opened, event))),
    ):
        assert (answer.status_code, code(answer)) == (404, "no-such-case")
        assert SOCIAL not in answer.text


@pytest.mark.parametrize("org", ["sis", "skatteverket", "region-03"])
def test_who_was_only_named_when_a_case_was_opened_neither_learns_of_it_nor_lets_itself_in(
    api: Api, opened: CaseRef, org: str
) -> None:
    keys = api.keys(org).public().model_dump_json().encode()
    assert api.post("/v1/keys/publish", keys, None).json()["refusal"] is None
    me = Casework(api.settings).directory[org].organisation()
    own = Sent(
        key=str(uuid4()), by=Actor(org=org), handoff_kind="incident", sender=me, recipient=me, urgency=Urgency.ACUTE
    )
    alarm = Raised(key=str(uuid4()), by=Actor(org=org), about="break-glass")
    for event in (own, alarm):
        for answer in (
            api.ask(org, "/v1/cases/foresee", Foresight(case=opened, event=event)),
            api.ask(org, "/v1/cases/submit", Done(case=opened, act=api.act(org, opened, event))),
            api.ask(org, "/v1/cases/standing", AboutCase(case=opened)),
        ):
            assert (answer.status_code, code(answer)) == (404, "no-such-case")


def test_nobody_invents_a_recipient_or_says_of_one_with_a_desk_that_it_has_none(api: Api, opened: CaseRef) -> None:
    directory = Casework(api.settings).directory
    me, police = directory[SOCIAL].organisation(), directory[POLICE].organisation()
    for recipient in (
        police.model_copy(update={"id": "finns-inte"}),
        police.model_copy(update={"desk": False}),
        police.model_copy(update={"function": Function.PERSONAL_SECURITY}),
    ):
        event = Sent(
            key=str(uuid4()),
            by=Actor(org=SOCIAL),
            handoff_kind="threat-assessment",
            sender=me,
            recipient=recipient,
            urgency=Urgency.ACUTE,
        )
        answer = api.ask(SOCIAL, "/v1/cases/submit", Done(case=opened, act=api.act(SOCIAL, opened, event)))
        assert answer.json()["refusal"]["code"] == "not-in-directory"


def test_the_codes_of_a_disclosure_are_words_of_the_rules_and_no_place_for_text(api: Api, opened: CaseRef) -> None:
    asked = next(row["id"] for row in api.rows(SOCIAL, "handoffs", opened) if row["recipient"] == POLICE)
    for categories, grounds in ((("anna-p19900101-0017",), ("consent",)), (("identity",), ("for-att-jag-ville",))):
        event = Disclosed(
            key=str(uuid4()),
            by=Actor(org=SOCIAL),
            package=str(uuid4()),
            handoff=asked,
            recipient=POLICE,
            way="spoken",
            digest="0" * 64,
            categories=categories,
            grounds=grounds,
        )
        answer = api.ask(SOCIAL, "/v1/cases/submit", Done(case=opened, act=api.act(SOCIAL, opened, event)))
        assert answer.json()["refusal"]["code"] == "unknown-categories"


def test_an_alarm_is_shown_to_the_organisation_that_raised_it_and_to_no_other(api: Api, opened: CaseRef) -> None:
    alarm = Raised(key=str(uuid4()), by=Actor(org=POLICE), about="break-glass")
    answer = api.ask(POLICE, "/v1/cases/submit", Done(case=opened, act=api.act(POLICE, opened, alarm)))
    assert answer.json()["refusal"] is None
    asyncio.run(recorded_to(api, opened, answer.json()["receipt"]["revision"]))
    assert "raised" in {row["kind"] for row in api.rows(POLICE, "history", opened)}
    assert "raised" not in {row["kind"] for row in api.rows(SOCIAL, "history", opened)}


async def recorded_to(api: Api, case: CaseRef, revision: int) -> None:
    async def stands() -> int:
        return max(int(row["revision"]) for row in api.rows(OPERATOR, "history", case))

    await eventually(stands, lambda found: found >= revision)


def test_foreseeing_answers_as_doing_would_and_speaks_for_nobody_else(api: Api, opened: CaseRef) -> None:
    nothing_new = learns(SOCIAL, consent=Consent.GIVEN)
    for event, refusal in ((nothing_new, "nothing-new"), (learns(SOCIAL, consent=Consent.REFUSED), None)):
        told = api.ask(SOCIAL, "/v1/cases/foresee", Foresight(case=opened, event=event)).json()["refusal"]
        assert (told or {}).get("code") == refusal
    answer = api.ask(OTHER, "/v1/cases/foresee", Foresight(case=opened, event=nothing_new))
    assert (answer.status_code, code(answer)) == (400, "another-organisation")


# --- what each is told -----------------------------------------------------------------------------------


def test_the_register_tells_each_what_it_may_see(api: Api, opened: CaseRef) -> None:
    every = {row["id"] for row in api.rows(SOCIAL, "handoffs", opened)}
    kinds = {row["id"]: row["kind"] for row in api.rows(OPERATOR, "handoffs", opened)}
    assert every == set(kinds)
    police = {row["id"] for row in api.rows(POLICE, "handoffs", opened)}
    # Consent is given: besides its own the police see track B, and nothing else.
    asked = {
        row["id"] for row in api.rows(SOCIAL, "handoffs", opened) if POLICE in (row["requester"], row["recipient"])
    }
    assert asked <= police <= asked | {name for name, kind in kinds.items() if kind == "police-track"}
    assert police < every
    assert {row["handoff"] for row in api.rows(POLICE, "firings", opened)} <= police
    assert {row["change"][1] for row in api.rows(POLICE, "status_changes", opened)} <= police
    for what in ("case", "handoffs", "firings", "history", "status_changes", "pack_digest"):
        assert api.rows(STRANGER, what, opened) == [], what


def test_the_police_read_nothing_of_the_whole_case_in_the_index_or_the_log(api: Api, opened: CaseRef) -> None:
    (row,) = api.rows(POLICE, "case", opened)
    assert row["snapshot"]["stay"] is None
    assert row["snapshot"]["needs"] == []
    (whole,) = api.rows(SOCIAL, "case", opened)
    assert whole["snapshot"]["stay"] == "0381"
    opening = next(one for one in api.rows(POLICE, "history", opened) if one["kind"] == "opened")
    assert opening["event"] == {"kind": "opened"}
    mine = {one["id"] for one in api.rows(POLICE, "handoffs", opened)}
    for one in api.rows(POLICE, "history", opened):
        assert one["kind"] == "opened" or one["actor"] == POLICE or one["event"]["handoff"] in mine
    assert "0381" not in json.dumps([one for one in api.rows(POLICE, "history", opened) if one["actor"] != SOCIAL])


def test_the_police_of_a_case_follow_track_b_at_other_police_as_long_as_there_is_consent(
    api: Api, stack: Stack
) -> None:
    casework = stack.casework()
    case = asyncio.run(track_b_elsewhere(casework))
    theirs = {row["kind"] for row in api.rows(POLICE, "handoffs", case)}
    assert theirs == {"threat-assessment", "police-track"}
    assert {row["kind"] for row in api.rows(OTHER_POLICE, "handoffs", case)} == {"police-track"}
    refused = api.act(SOCIAL, case, learns(SOCIAL, consent="refused"))
    assert api.ask(SOCIAL, "/v1/cases/submit", Done(case=case, act=refused)).json()["receipt"]
    asyncio.run(settled(casework, case))
    assert {row["kind"] for row in api.rows(POLICE, "handoffs", case)} == {"threat-assessment"}
    assert api.rows(POLICE, "case", case)[0]["track_b"] == "not-tried"


async def track_b_elsewhere(casework: Casework) -> CaseRef:
    wanted = {"urgency": "acute", "stay_municipality": "0381"} | consenting()
    case = await casework.open_case(Intake.model_validate(intake(**wanted)))
    await casework.send(case, "police-track", OTHER_POLICE, SOCIAL)
    await settled(casework, case)
    return case


def test_a_receipt_is_told_to_who_may_know_of_its_case(api: Api, opened: CaseRef) -> None:
    event = learns(SOCIAL, needs=("debt",))
    api.ask(SOCIAL, "/v1/cases/submit", Done(case=opened, act=api.act(SOCIAL, opened, event)))

    def known(org: str, key: str) -> dict[str, Any]:
        told: dict[str, Any] = api.ask(org, "/v1/register/receipt", AboutKey(key=key)).json()
        return told

    while known(SOCIAL, event.key)["receipt"] is None:  # until the register has it
        pass
    assert known(SOCIAL, event.key)["case"] == opened
    assert known(STRANGER, event.key) == {"case": None, "receipt": None}
    assert known(SOCIAL, str(uuid4())) == {"case": None, "receipt": None}


def test_a_package_is_left_only_between_the_parties_of_an_open_handoff(api: Api, opened: CaseRef) -> None:
    ours, theirs = api.keys(SOCIAL), api.keys(POLICE)
    now = datetime.now(UTC)
    about: dict[str, Any] = {"case": opened, "created_at": now, "expires_at": now + timedelta(days=1)}
    for other in ({"handoff": "H99"}, {"handoff": handoff_of(api, opened, "initial-assessment")}):
        answer = api.ask(SOCIAL, "/v1/exchange/leave", sealed(ours, theirs, **(about | other)))
        assert answer.json()["refusal"]["code"] == "not-a-party"
    asked = handoff_of(api, opened, "threat-assessment")
    right = sealed(ours, theirs, **about, handoff=asked)
    assert api.ask(POLICE, "/v1/exchange/leave", right).json()["refusal"]["code"] == "package-not-yours"
    assert api.ask(SOCIAL, "/v1/exchange/leave", right).json()["refusal"] is None
    for org in (OTHER, STRANGER, SOCIAL):
        told = api.ask(org, "/v1/exchange/lease", label_question(right.id)).json()
        assert (told["envelope"], told["refusal"]["code"]) == (None, "package-unknown")
    assert api.ask(STRANGER, "/v1/exchange/state", label_question(right.id)).json()["deliveries"] == []
    assert api.ask(STRANGER, "/v1/exchange/revoke", label_question(right.id)).json()["refusal"] is not None
    assert api.ask(SOCIAL, "/v1/exchange/state", label_question(right.id)).json()["deliveries"][0]["state"] == "sealed"


def label_question(package: str) -> BaseModel:

    return AboutPackage(package=package)


def handoff_of(api: Api, case: CaseRef, kind: str) -> str:
    found: str = next(row["id"] for row in api.rows(SOCIAL, "handoffs", case) if row["kind"] == kind)
    return found


def test_no_reference_stands_in_an_address_or_in_the_log(api: Api, opened: CaseRef, stack: Stack) -> None:
    before = len(stack.log())
    for org in (SOCIAL, POLICE, STRANGER):
        for what in ("case", "handoffs", "history"):
            answer = api.ask(org, f"/v1/register/{what}", AboutCase(case=opened))
            assert opened not in str(answer.request.url)
    api.ask(STRANGER, "/v1/cases/standing", AboutCase(case=opened))
    api.post("/v1/cases/standing", b"{", None)
    assert opened not in stack.log()[before:]


# --- keys ------------------------------------------------------------------------------------------------


@asynccontextmanager
async def a_plane(
    url: str, folder: Path, mode: str, accepted: dict[str, tuple[str, ...]] | None = None
) -> AsyncIterator[tuple[Api, Engine]]:
    """An API of its own before a register of its own, for what must not be done to the shared one."""
    engine = open_database(url)
    migrate(engine, "register")
    chosen = Settings(mode=mode, var=folder, accepted_keys=accepted or {})  # type: ignore[arg-type]
    made = Settings(var=folder)
    keys = KeyDirectory(engine, first_use=mode == "embedded")
    reads, exchange = PlaneReads(RegisterView(engine)), Exchange(engine, keys)
    trail = plane_trail(made, engine, acting_keys(made, OPERATOR))
    plane = Plane(chosen, None, reads, exchange, load_directory(None))  # type: ignore[arg-type]
    behind = {"settings": chosen, "plane": plane, "keys": keys, "exchange": exchange, "audit": trail}
    async with served(plane_api(Doors(**behind, seen=SeenRequests(), pace=Pace(PACE))), "127.0.0.1", 0) as port:  # type: ignore[arg-type]
        yield Api(f"http://127.0.0.1:{port}", made), engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, databases: Databases) -> str:
    return databases.url(request.param)


async def test_in_production_a_first_key_is_believed_when_its_fingerprint_was_compared(
    url: str, tmp_path: Path
) -> None:
    ours, others = acting_keys(Settings(var=tmp_path), SOCIAL), acting_keys(Settings(var=tmp_path), OTHER)
    path = "/v1/keys/publish"
    async with a_plane(url, tmp_path, "production", accepted={SOCIAL: (ours.fingerprint,)}) as (api, _):
        for keys, refusal in ((others, "key-not-accepted"), (ours, None), (ours, None)):
            body = keys.public().model_dump_json().encode()
            answer = await asyncio.to_thread(api.post, path, body, None)
            told = answer.json()["refusal"]
            assert (told or {}).get("code") == refusal
            assert told is None or told["detail"].replace("-", "") == others.fingerprint
        ready = await asyncio.to_thread(api.ask, SOCIAL, "/v1/ready", Nothing())
        shut = await asyncio.to_thread(api.ask, OTHER, "/v1/ready", Nothing())
        assert (ready.status_code, shut.status_code, code(shut)) == (200, 401, "key-unknown")


@pytest.mark.parametrize(
    ("name", "why"), [(OPERATOR, "key-not-accepted"), (OTHER, "key-not-accepted"), ("soc-0001", "not-in-directory")]
)
async def test_a_fingerprint_is_accepted_for_the_organisation_that_it_was_compared_with_and_for_no_other(
    url: str, tmp_path: Path, name: str, why: str
) -> None:
    """Somebody writes another organisation into the statement of a key whose fingerprint the operator has accepted."""
    theirs = keys_of(name, tmp_path / "at-another", datetime.now(UTC))
    async with a_plane(url, tmp_path, "production", accepted={SOCIAL: (theirs.fingerprint,)}) as (api, engine):
        body = theirs.public().model_dump_json().encode()
        answer = await asyncio.to_thread(api.post, "/v1/keys/publish", body, None)
        assert answer.json()["refusal"]["code"] == why
        assert KeyDirectory(engine, first_use=False).list(name) == ()


async def test_embedded_believes_the_first_key_and_no_other_after_it_and_none_that_was_revoked(
    url: str, tmp_path: Path
) -> None:
    first = acting_keys(Settings(var=tmp_path), SOCIAL)
    impostor = keys_of(SOCIAL, tmp_path / "another", datetime.now(UTC))
    path = "/v1/keys/publish"
    async with a_plane(url, tmp_path, "embedded") as (api, engine):
        unknown = await asyncio.to_thread(api.ask, SOCIAL, "/v1/ready", Nothing())
        assert code(unknown) == "key-unknown"
        for keys, refusal in ((first, None), (impostor, "key-not-vouched")):
            answer = await asyncio.to_thread(api.post, path, keys.public().model_dump_json().encode(), None)
            told = answer.json()["refusal"]
            assert (told is None) == (refusal is None), told
        assert (await asyncio.to_thread(api.ask, SOCIAL, "/v1/ready", Nothing())).status_code == 200
        listed = await asyncio.to_thread(api.ask, SOCIAL, "/v1/keys/published", AboutOrganisation(org=SOCIAL))
        assert {key["fingerprint"] for key in listed.json()["keys"]} == {k.fingerprint for k in first.public().keys}
        revoking = KeyDirectory(engine, first_use=True)
        assert revoking.revoke(SOCIAL, first.fingerprint, "stolen", datetime.now(UTC)) is None
        gone = await asyncio.to_thread(api.ask, SOCIAL, "/v1/ready", Nothing())
        assert (gone.status_code, code(gone)) == (401, "key-revoked")
