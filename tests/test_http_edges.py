"""What the two HTTP servers answer to whoever comes to the door: the plane's API, and the codec server's page.

Both are really served, by uvicorn on a port of their own. docs/asvs.csv names these tests.
"""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.types import Receive, Scope, Send
from temporalio.client import Client

from activities.audit import PLANE, AuditLog
from activities.directory import load_directory
from activities.exchange import Exchange
from activities.key_directory import KeyDirectory
from activities.organisation_keys import OrganisationKeys
from activities.register_view import RegisterView
from activities.signatures import SeenRequests, digest_of, request_token
from activities.stores import migrate, open_database, writing
from activities.surroundings import BadSettings
from console.codec_operators import Operators, Sessions
from console.codec_server import CodecDesk, codec_app
from console.http_server import BadCertificate, Certificate, served
from console.pace import FOR_ANYBODY, Pace
from console.plane import Plane
from console.plane_api import HANDLERS, PUBLISH, Doors, plane_api
from console.plane_client import PlaneClient, trusted
from console.plane_reads import PlaneReads
from models.access import Purpose
from models.plane import LARGEST_REQUEST
from models.register import CaseRow
from models.settings import Settings
from rules.showing import OPERATOR
from tests.exchange_support import RECIPIENT, SENDER, admit, keys_of
from workflows.codec import SealingCodec
from workflows.connection import Unavailable
from workflows.key_ring import load_ring

PACE = 40
OTHER_METHODS = ("GET", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT")


@asynccontextmanager
async def door(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with served(app, "127.0.0.1", 0) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


@pytest.fixture
def register(tmp_path: Path) -> Engine:
    engine = open_database(f"sqlite:///{tmp_path}/register.db")
    migrate(engine, "register")
    return engine


@pytest.fixture
async def plane(register: Engine, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(var=tmp_path)
    keys = KeyDirectory(register, first_use=False)
    nobody = await Client.connect("127.0.0.1:1", lazy=True)
    exchange = Exchange(register, keys)
    behind = Plane(settings, nobody, PlaneReads(RegisterView(register)), exchange, load_directory(None))
    doors = Doors(settings, behind, keys, exchange, AuditLog(register, PLANE), SeenRequests(), Pace(PACE))
    async with door(plane_api(doors)) as client:
        yield client


def signed(org: str, path: str, body: bytes, register: Engine, folder: Path) -> dict[str, str]:
    now = datetime.now(UTC)
    keys = keys_of(org, folder, now)
    admit(KeyDirectory(register, first_use=False), keys, now=now)
    token = request_token(keys, "POST", path, digest_of(body), audience=Settings().event_source, now=now)
    return {"authorization": f"Bearer {token}"}


# --- the plane's API -----------------------------------------------------------------------------------


async def test_a_stranger_is_told_one_code_in_json_and_nothing_of_what_answers(plane: httpx.AsyncClient) -> None:
    for path in (*HANDLERS, "/", "/docs", "/openapi.json", "/v1/../etc"):
        answer = await plane.post(path, content=b"{}", headers={"origin": "https://elsewhere.example"})
        assert answer.status_code == 401
        assert answer.json() == {"code": "signature-missing", "detail": None}
        assert answer.headers["content-type"] == "application/json"
        assert not {"server", "set-cookie", "access-control-allow-origin", "location"} & set(answer.headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert all(part in policy for part in ("default-src 'none'", "frame-ancestors 'none'", "sandbox"))


async def test_nothing_but_post_is_answered_and_nothing_describes_the_api(plane: httpx.AsyncClient) -> None:
    for path in (*HANDLERS, PUBLISH, "/", "/docs", "/redoc", "/openapi.json", "/.git/config"):
        for method in OTHER_METHODS:
            answer = await plane.request(method, path)
            assert answer.status_code in (400, 405), (method, path)
            assert path not in answer.text or path == "/"


def test_every_question_is_asked_in_a_body_and_none_in_an_address() -> None:
    assert all(path.replace("_", "").replace("/", "").isalnum() for path in (*HANDLERS, PUBLISH))


async def test_what_is_larger_than_any_question_is_not_read_to_its_end(plane: httpx.AsyncClient) -> None:
    answer = await plane.post("/v1/ready", content=b" " * (LARGEST_REQUEST + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_what_is_signed_is_answered_and_kept_by_nobody_on_the_way(
    plane: httpx.AsyncClient, register: Engine, tmp_path: Path
) -> None:
    headers = signed(SENDER, "/v1/ready", b"{}", register, tmp_path)
    answer = await plane.post("/v1/ready", content=b"{}", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    again = await plane.post("/v1/ready", content=b"{}", headers=headers)
    assert (again.status_code, again.json()["code"]) == (401, "signature-again")


async def test_one_organisation_that_asks_too_often_waits_and_the_others_do_not(
    plane: httpx.AsyncClient, register: Engine, tmp_path: Path
) -> None:
    async def asked(org: str) -> int:
        headers = signed(org, "/v1/ready", b"{}", register, tmp_path)
        return (await plane.post("/v1/ready", content=b"{}", headers=headers)).status_code

    assert [await asked(SENDER) for _ in range(PACE + 2)] == [200] * PACE + [429] * 2
    assert await asked(RECIPIENT) == 200


async def test_those_who_publish_share_one_measure_and_take_nothing_from_those_who_sign(
    plane: httpx.AsyncClient, register: Engine, tmp_path: Path
) -> None:
    empty = b'{"org": "soc-0180", "keys": []}'
    codes = [(await plane.post(PUBLISH, content=empty)).status_code for _ in range(FOR_ANYBODY + 1)]
    assert codes == [200] * FOR_ANYBODY + [429]
    headers = signed(SENDER, "/v1/ready", b"{}", register, tmp_path)
    assert (await plane.post("/v1/ready", content=b"{}", headers=headers)).status_code == 200


# --- TLS ---------------------------------------------------------------------------------------------


async def hello(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def certificate(folder: Path, name: str) -> Certificate:
    """A certificate of its own making for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = made.not_valid_after(now + timedelta(days=1)).add_extension(here, critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    chain, private = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Certificate(chain, private)


async def test_with_a_certificate_only_tls_is_spoken_and_only_to_those_who_trust_it(tmp_path: Path) -> None:
    ours, anothers = certificate(tmp_path, "plane"), certificate(tmp_path, "another")
    async with served(hello, "127.0.0.1", 0, ours) as port:  # type: ignore[arg-type]
        for authority, reached in ((ours.chain, True), (anothers.chain, False), (None, False)):
            url = f"https://127.0.0.1:{port}"
            way = PlaneClient(Settings(var=tmp_path, plane_url=url, plane_authority=authority), no_keys)
            if reached:
                await asyncio.to_thread(way._reach)
            else:
                with pytest.raises(Unavailable):
                    await asyncio.to_thread(way._reach)
        with pytest.raises(httpx.HTTPError):
            await asyncio.to_thread(httpx.get, f"http://127.0.0.1:{port}", timeout=5)
        old = ssl.create_default_context(cafile=str(ours.chain))
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(httpx.ConnectError):
            await asyncio.to_thread(httpx.get, f"https://127.0.0.1:{port}", timeout=5, verify=old)


def no_keys(org: str) -> OrganisationKeys:
    raise AssertionError("no key is used before anybody is known to be there")


def test_a_certificate_that_can_not_be_used_is_told_and_nothing_is_served(tmp_path: Path) -> None:
    ours, another = certificate(tmp_path, "plane"), certificate(tmp_path, "another")
    for chain, key in ((ours.chain, another.key), (tmp_path / "none", ours.key), (ours.key, ours.key)):
        with pytest.raises(BadCertificate):
            Certificate(chain, key).context()
    with pytest.raises(BadSettings, match="UTVAG_PLANE_AUTHORITY"):
        trusted(Settings(plane_url="https://plane.example", plane_authority=tmp_path / "none"))


async def test_an_unknown_field_or_question_is_refused_without_repeating_it(
    plane: httpx.AsyncClient, register: Engine, tmp_path: Path
) -> None:
    for path, body, status in (("/v1/ready", b'{"canary": 1}', 422), ("/v1/canary", b"{}", 404)):
        answer = await plane.post(path, content=body, headers=signed(SENDER, path, body, register, tmp_path))
        assert answer.status_code == status
        assert "canary" not in answer.text


async def test_a_fault_that_nobody_foresaw_tells_nothing_and_ends_nothing(
    plane: httpx.AsyncClient, register: Engine, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    row: dict[str, Any] = {
        "ref": "U-0000-0000",
        "revision": 1,
        "phase": "x",
        "urgency": "x",
        "opener": SENDER,
        "track_b": "x",
    }
    row |= {"opened_at": now, "clock_offset_seconds": 0.0, "pack_digest": "x", "state_digest": "x"}
    with writing(register) as session:
        session.add(CaseRow(**row, snapshot={"kanariefagel": "19900101-0017"}))
    headers = signed(OPERATOR, "/v1/register/cases", b"{}", register, tmp_path)
    answer = await plane.post("/v1/register/cases", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()) == (500, {"code": "unexpected", "detail": None})
    logged = "".join(capfd.readouterr())
    assert "ValidationError" in logged
    assert "kanariefagel" not in answer.text + logged
    headers = signed(OPERATOR, "/v1/ready", b"{}", register, tmp_path)
    assert (await plane.post("/v1/ready", content=b"{}", headers=headers)).status_code == 200


# --- the codec server, whose sessions and decoding are in test_codec_server.py ---------------------------


async def test_no_answer_of_the_codec_server_lets_a_browser_run_or_keep_anything(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    codec = SealingCodec(load_ring(settings), "default")
    desk = CodecDesk(codec, "default", Operators(settings), lambda _: None, "soc-0180", "https://temporal.example")
    async with door(codec_app(replace(desk, tls=True))) as client:
        assert (await client.get("/")).headers["strict-transport-security"] == "max-age=31536000"
    async with door(codec_app(desk)) as client:
        for answer in (await client.get("/"), await client.post("/decode"), await client.get("/nothing")):
            policy = answer.headers["content-security-policy"]
            assert all(part in policy for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"))
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert not {"server", "location"} & set(answer.headers)
        assert (await client.get("/")).headers["content-type"] == "text/html; charset=utf-8"
        for path in ("/docs", "/redoc", "/openapi.json", "/encode"):
            assert (await client.get(path)).status_code == 404
        for path in ("/decode", "/login", "/logout"):
            for method in OTHER_METHODS:
                assert (await client.request(method, path)).status_code in (400, 405)


def test_a_session_has_256_bits_of_chance_and_only_its_digest_is_remembered(tmp_path: Path) -> None:
    sessions = Sessions(Operators(Settings(var=tmp_path)))
    one, other = (sessions.begin("drift-01", Purpose.INCIDENT, datetime.now(UTC)) for _ in range(2))
    assert len(one) == len(other) == 43
    assert one != other
    assert one not in repr(vars(sessions))
