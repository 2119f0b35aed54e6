"""Signed acts and requests: believed for one organisation, case, plane, request and while; everything else refused."""

from __future__ import annotations

import json
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc
from joserfc.jwk import OctKey, OKPKey
from sqlalchemy import Engine

from activities import jws, signatures
from activities.key_directory import KeyDirectory, KnownKeys
from activities.organisation_keys import OrganisationKeys
from activities.signatures import (
    ACT_TYPE,
    REQUEST_TYPE,
    SeenRequests,
    SignedActs,
    digest_of,
    request_token,
    signed,
    verify,
    verify_request,
)
from activities.stores import open_database
from models.contracts import Refusal
from models.events import Actor, Facts, FactsRecorded
from models.published_keys import KeyUse, VerifiedAct, VerifiedRequest
from models.words import CaseRef, Need, case_reference
from tests.databases import Databases
from tests.exchange_support import NOW, OTHER, SENDER, code, current, keys_of
from tests.programs import Program
from tests.rules_support import REF

AUDIENCE, MINUTE = "/utvag/cases", timedelta(minutes=1)
ELSEWHERE = case_reference(8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def keys(folder: Path) -> OrganisationKeys:
    return keys_of(SENDER, folder)


@pytest.fixture(scope="module")
def others(folder: Path) -> OrganisationKeys:
    return keys_of(OTHER, folder)


@pytest.fixture(scope="module")
def directory(keys: OrganisationKeys, others: OrganisationKeys) -> KnownKeys:
    return KnownKeys([*keys.public().keys, *others.public().keys])


def event(org: str = SENDER, key: str | None = None) -> dict[str, Any]:
    recorded = FactsRecorded(key=key or str(uuid4()), by=Actor(org=org), facts=Facts(needs=(Need.DEBT,)))
    return recorded.model_dump(mode="json")


def act(keys: OrganisationKeys, done: dict[str, Any] | None = None, now: datetime = NOW, **other: Any) -> str:
    return signed(done or event(keys.org), keys, **{"case": REF, "audience": AUDIENCE, "now": now, **other})


def believed(said: str, directory: KnownKeys, now: datetime = NOW, case: CaseRef = REF) -> VerifiedAct | Refusal:
    return verify(said, directory, case=case, audience=AUDIENCE, now=now)


def parts(said: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, payload, signature = said.split(".")
    return *(json.loads(urlsafe_b64decode(part + "==")) for part in (header, payload)), signature


def put_together(header: Any, payload: Any, signature: str) -> str:
    said = (json.dumps(part, separators=(",", ":")).encode() for part in (header, payload))
    return ".".join([*(urlsafe_b64encode(part).decode().rstrip("=") for part in said), signature])


def test_an_act_is_believed_and_says_who_did_what_in_which_case(keys: OrganisationKeys, directory: KnownKeys) -> None:
    done = event()
    found = believed(act(keys, done), directory)
    assert isinstance(found, VerifiedAct)
    assert (found.org, found.fingerprint, found.case, found.jti) == (SENDER, keys.fingerprint, REF, done["key"])
    assert found.payload == done
    assert FactsRecorded.model_validate(found.payload).facts.needs == (Need.DEBT,)


def test_the_header_names_the_algorithm_the_key_and_the_type_and_nothing_else(keys: OrganisationKeys) -> None:
    header, payload, _ = parts(act(keys))
    assert header == {"alg": "Ed25519", "kid": keys.fingerprint, "typ": ACT_TYPE}
    assert set(payload) == {"iss", "aud", "case", "jti", "iat", "exp", "event"}


def test_the_same_act_signed_again_is_the_same_act(keys: OrganisationKeys, directory: KnownKeys) -> None:
    done = event()
    again = {**done, "by": {"org": SENDER, "proof": "signature"}}
    first, second, third = (
        believed(act(keys, what, at), directory, at) for what, at in ((done, NOW), (done, NOW + MINUTE), (again, NOW))
    )
    other = believed(act(keys, event()), directory)
    assert all(isinstance(found, VerifiedAct) for found in (first, second, third, other))
    digests = [found.digest for found in (first, second, third, other) if isinstance(found, VerifiedAct)]
    assert digests[0] == digests[1] == digests[2] != digests[3]


def test_an_act_replayed_under_another_case_is_refused(keys: OrganisationKeys, directory: KnownKeys) -> None:
    assert code(believed(act(keys), directory, case=ELSEWHERE)) == "signature-other-case"


def test_an_act_for_another_installation_is_refused(keys: OrganisationKeys, directory: KnownKeys) -> None:
    assert code(believed(act(keys, audience="/another/plane"), directory)) == "signature-other-audience"


def test_an_act_in_anothers_name_is_refused(keys: OrganisationKeys, directory: KnownKeys) -> None:
    assert code(believed(act(keys, event(OTHER)), directory)) == "signature-other-org"
    without = {**event(), "by": None}
    assert code(believed(act(keys, without), directory)) == "signature-other-org"


def test_a_key_speaks_for_its_own_organisation_only(
    keys: OrganisationKeys, others: OrganisationKeys, directory: KnownKeys
) -> None:
    _, payload, _ = parts(act(keys))
    assert code(believed(others.jws(payload, ACT_TYPE), directory)) == "signature-other-org"


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (timedelta(0), None),
        (timedelta(minutes=14, seconds=59), None),
        (timedelta(minutes=15), "signature-expired"),
        (timedelta(minutes=-5), None),
        (timedelta(minutes=-5, seconds=-1), "signature-ahead"),
    ],
)
def test_an_act_is_believed_for_ten_minutes_and_five_for_clocks(
    keys: OrganisationKeys, directory: KnownKeys, later: timedelta, expected: str | None
) -> None:
    published = [key.model_copy(update={"valid_from": NOW - timedelta(days=1)}) for key in directory]
    assert code(believed(act(keys), KnownKeys(published), NOW + later)) == expected


@pytest.mark.parametrize("ttl", [timedelta(hours=2), timedelta(0), timedelta(minutes=-10)])
def test_an_act_can_not_be_signed_for_a_long_time_or_for_none(
    keys: OrganisationKeys, directory: KnownKeys, ttl: timedelta
) -> None:
    assert code(believed(act(keys, ttl=ttl), directory)) in {"signature-malformed", "signature-expired"}


def test_a_request_key_that_is_not_the_acts_own_is_refused(keys: OrganisationKeys, directory: KnownKeys) -> None:
    _, payload, _ = parts(act(keys))
    said = keys.jws({**payload, "jti": str(uuid4())}, ACT_TYPE)
    assert code(believed(said, directory)) == "signature-other-key"


def test_a_revoked_unknown_or_long_retired_key_is_not_believed(tmp_path: Path) -> None:
    keys = keys_of(SENDER, tmp_path)
    before = act(keys)
    assert code(believed(before, KnownKeys([]))) == "key-unknown"
    keys.rotate(NOW)
    assert isinstance(believed(before, KnownKeys(keys.public().keys)), VerifiedAct)
    late = keys_of(SENDER, tmp_path / "late")
    public, old = late.public().keys, act(late, now=NOW + timedelta(minutes=6))
    retired = [key.model_copy(update={"retired_at": NOW}) for key in public]
    assert code(believed(old, KnownKeys(retired), NOW + timedelta(minutes=6))) == "key-retired"
    revoked = [key.model_copy(update={"revoked_at": NOW, "revoked_for": "stolen"}) for key in public]
    assert code(believed(act(late), KnownKeys(revoked))) == "key-revoked"


def test_a_sealing_key_signs_nothing(keys: OrganisationKeys, directory: KnownKeys) -> None:
    header, payload, signature = parts(act(keys))
    header["kid"] = current(keys, KeyUse.SEALING).fingerprint
    assert code(believed(put_together(header, payload, signature), directory)) == "key-unknown"


@pytest.mark.parametrize("weak", ["none", "HS256", "EdDSA", "jwk", "crit", "b64", "no-kid", "other-typ", "ES256"])
def test_no_other_algorithm_key_or_header_is_taken(keys: OrganisationKeys, directory: KnownKeys, weak: str) -> None:
    header, payload, signature = parts(act(keys))
    public = current(keys, KeyUse.SIGNING)
    if weak in ("none", "ES256", "EdDSA"):
        header["alg"] = weak
    elif weak == "HS256":
        header["alg"] = weak
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            key = OctKey.import_key(public.raw)
            said = joserfc.serialize_compact(header, jws.canonical(payload), key, algorithms=[weak])
        assert code(believed(said, directory)) == "signature-malformed"
        return
    elif weak == "jwk":
        header["jwk"] = {"kty": "OKP", "crv": "Ed25519", "x": public.public}
    elif weak == "crit":
        header["crit"] = ["exp"]
    elif weak == "b64":
        header["b64"] = False
    elif weak == "no-kid":
        del header["kid"]
    else:
        header["typ"] = REQUEST_TYPE
    assert code(believed(put_together(header, payload, signature), directory)) == "signature-malformed"


def test_another_key_with_the_same_name_is_not_believed(keys: OrganisationKeys, directory: KnownKeys) -> None:
    header, payload, _ = parts(act(keys))
    said = joserfc.serialize_compact(
        header, jws.canonical(payload), OKPKey.generate_key("Ed25519"), registry=jws.REGISTRY
    )
    assert code(believed(said, directory)) == "signature-false"


def test_every_changed_character_of_an_act_is_found(keys: OrganisationKeys, directory: KnownKeys) -> None:
    said = act(keys)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    passed = []
    for place, character in enumerate(said):
        other = alphabet[(alphabet.find(character) + 1) % 64]
        if code(believed(said[:place] + other + said[place + 1 :], directory)) is None:
            passed.append(place)
    assert passed == []


@pytest.mark.parametrize(
    "spelling",
    [
        '{"aud": 1}',
        '{"b":1,"a":1}',
        '{"a":1,"a":2}',
        "[1]",
        '"x"',
        "null",
        "NaN",
        '{"a":1e400}',
        '{"a":123456789012345678901234567890}',
        '{"a":"\\ud800"}',
        "[" * 50_000,
        "",
    ],
)
def test_a_payload_that_two_readers_could_read_differently_is_refused(
    keys: OrganisationKeys, directory: KnownKeys, spelling: str
) -> None:
    header = {"alg": "Ed25519", "kid": keys.fingerprint, "typ": ACT_TYPE}
    key = OKPKey.import_key(keys._signer(keys._must(KeyUse.SIGNING)))
    said = joserfc.serialize_compact(header, spelling.encode(), key, registry=jws.REGISTRY)
    assert code(believed(said, directory)) == "signature-malformed"


@pytest.mark.parametrize("spelt", ["spaced", "twice", "unordered"])
def test_an_act_in_another_spelling_is_refused_though_it_is_signed(
    keys: OrganisationKeys, directory: KnownKeys, spelt: str
) -> None:
    header, payload, _ = parts(act(keys))
    plain = jws.canonical(payload).decode()
    spelling = {
        "spaced": json.dumps(payload, sort_keys=True),
        "twice": plain.replace('"case"', '"case":"U-0000-007J","case"', 1),
        "unordered": json.dumps(dict(sorted(payload.items(), reverse=True)), separators=(",", ":")),
    }[spelt]
    assert json.loads(spelling) == payload
    key = OKPKey.import_key(keys._signer(keys._must(KeyUse.SIGNING)))
    said = joserfc.serialize_compact(header, spelling.encode(), key, registry=jws.REGISTRY)
    assert code(believed(said, directory)) == "signature-malformed"


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,90}"))
def test_anything_else_is_refused_and_never_breaks(said: str) -> None:
    assert code(believed(said, KnownKeys([]))) == "signature-malformed"


def token(keys: OrganisationKeys, now: datetime = NOW, audience: str = AUDIENCE) -> str:
    return request_token(keys, "post", "/v1/packages/leave", digest_of(b"{}"), audience=audience, now=now)


def answered(
    said: str, directory: KnownKeys, seen: SeenRequests | None = None, **other: Any
) -> VerifiedRequest | Refusal:
    asked: dict[str, Any] = {
        "method": "POST",
        "path": "/v1/packages/leave",
        "body_digest": digest_of(b"{}"),
        "audience": AUDIENCE,
        "now": NOW,
        **other,
    }
    return verify_request(said, directory, seen=seen or SeenRequests(), **asked)


def test_a_request_is_believed_once_from_whom_it_says(keys: OrganisationKeys, directory: KnownKeys) -> None:
    seen, said = SeenRequests(), token(keys)
    found = answered(said, directory, seen)
    assert isinstance(found, VerifiedRequest)
    assert (found.org, found.fingerprint) == (SENDER, keys.fingerprint)
    assert code(answered(said, directory, seen)) == "signature-again"
    assert isinstance(answered(token(keys), directory, seen), VerifiedRequest)


@pytest.mark.parametrize(
    "other",
    [
        {"method": "GET"},
        {"path": "/v1/packages/lease"},
        {"path": "/v1/packages/leave?x=1"},
        {"body_digest": digest_of(b"{ }")},
    ],
)
def test_a_request_is_believed_for_its_own_method_path_and_body(
    keys: OrganisationKeys, directory: KnownKeys, other: dict[str, Any]
) -> None:
    assert code(answered(token(keys), directory, **other)) == "signature-other-request"


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (timedelta(seconds=89), None),
        (timedelta(seconds=90), "signature-expired"),
        (timedelta(seconds=-30), None),
        (timedelta(seconds=-31), "signature-ahead"),
    ],
)
def test_a_request_is_believed_for_a_minute(
    keys: OrganisationKeys, directory: KnownKeys, later: timedelta, expected: str | None
) -> None:
    assert code(answered(token(keys), directory, now=NOW + later)) == expected


def test_a_request_is_remembered_for_as_long_as_it_is_believed(keys: OrganisationKeys, directory: KnownKeys) -> None:
    seen, said = SeenRequests(), token(keys)
    answered(said, directory, seen)
    for later in (1, 60, 89):
        assert code(answered(said, directory, seen, now=NOW + timedelta(seconds=later))) == "signature-again"
    assert code(answered(said, directory, seen, now=NOW + timedelta(seconds=90))) == "signature-expired"


def test_when_too_many_are_remembered_no_more_are_answered_until_they_are_forgotten(
    keys: OrganisationKeys, directory: KnownKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signatures, "REMEMBERED", 2)
    seen = SeenRequests()
    said = [token(keys) for _ in range(3)]
    assert [code(answered(each, directory, seen)) for each in said] == [None, None, "too-many-requests"]
    later = NOW + timedelta(seconds=90)
    assert code(answered(token(keys, later), directory, seen, now=later)) is None


def test_an_act_is_no_request_and_a_request_no_act(keys: OrganisationKeys, directory: KnownKeys) -> None:
    assert code(answered(act(keys), directory)) == "signature-malformed"
    assert code(believed(token(keys), directory)) == "signature-malformed"


def test_a_request_sent_by_many_at_the_same_time_is_answered_once(keys: OrganisationKeys, directory: KnownKeys) -> None:
    seen, said = SeenRequests(), token(keys)
    with ThreadPoolExecutor(8) as pool:
        found = [code(answer) for answer in pool.map(lambda _: answered(said, directory, seen), range(64))]
    assert sorted(found, key=str) == [None, *["signature-again"] * 63]


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "register"))
    yield opened
    opened.dispose()


def test_an_act_is_kept_once_as_it_was_first_signed(
    engine: Engine, keys: OrganisationKeys, others: OrganisationKeys, directory: KnownKeys
) -> None:
    acts, done = SignedActs(engine), event()
    first, again = (believed(act(keys, done, at), directory, at) for at in (NOW, NOW + MINUTE))
    other = believed(act(keys, {**event(), "key": done["key"], "kind": "closed"}), directory)
    theirs = believed(act(others, event(OTHER, done["key"])), directory)
    assert isinstance(first, VerifiedAct)
    assert isinstance(again, VerifiedAct)
    assert isinstance(other, VerifiedAct)
    assert isinstance(theirs, VerifiedAct)
    assert acts.keep(first, NOW) is None
    assert acts.keep(again, NOW + MINUTE) is None
    assert acts.of(first.case, done["key"]) == first.jws != again.jws
    assert code(acts.keep(other, NOW)) == code(acts.keep(theirs, NOW)) == "key-used-for-something-else"
    kept = acts.of(first.case, done["key"])
    assert kept is not None
    assert isinstance(believed(kept, directory), VerifiedAct)
    assert acts.of(first.case, str(uuid4())) is None


KEEPING = """
import sys
from activities.signatures import SignedActs
from activities.stores import open_database
from models.published_keys import VerifiedAct
from tests.exchange_support import NOW
acts = SignedActs(open_database(sys.argv[1]))
sys.stdin.readline()
print([getattr(acts.keep(VerifiedAct.model_validate_json(act), NOW), "code", None) for act in sys.argv[2:]])
"""


def test_of_two_acts_under_one_key_from_two_programs_one_is_kept(
    engine: Engine, keys: OrganisationKeys, directory: KnownKeys
) -> None:
    url = engine.url.render_as_string(hide_password=False)
    shared = [str(uuid4()) for _ in range(10)]
    sides: list[list[str]] = []
    for kind in ("closed", "acted"):
        found = [believed(act(keys, {**event(key=key), "kind": kind}), directory) for key in shared]
        sides.append([each.model_dump_json() for each in found if isinstance(each, VerifiedAct)])
    programs = [Program("-c", KEEPING, url, *side) for side in sides]
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    told = [program.communicate(timeout=60)[0] for program in programs]
    ours, theirs = (json.loads(each.replace("'", '"').replace("None", "null")) for each in told)
    assert len(ours) == len(theirs) == 10
    assert [set(pair) for pair in zip(ours, theirs, strict=True)] == [{None, "key-used-for-something-else"}] * 10


def test_the_directory_of_the_plane_verifies_as_well(engine: Engine, tmp_path: Path) -> None:
    keys, directory = keys_of(SENDER, tmp_path), KeyDirectory(engine, first_use=True)
    assert directory.publish(keys.public(), NOW) is None
    found = verify(act(keys), directory, case=REF, audience=AUDIENCE, now=NOW)
    assert isinstance(found, VerifiedAct)
