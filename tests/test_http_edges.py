"""What the two HTTP servers answer to whoever comes to the door: the plane's API, and the codec server's page.

Both are really served, by uvicorn on a port of their own. docs/asvs.csv names these tests.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import Engine
from temporalio.client import Client

from activities.audit import PLANE, AuditLog
from activities.directory import load_directory
from activities.exchange import Exchange
from activities.key_directory import KeyDirectory
from activities.register_view import RegisterView
from activities.signatures import SeenRequests, SignedActs, digest_of, request_token
from activities.stores import migrate, open_database, writing
from console.codec_operators import IDLE, LONGEST, Operators
from console.codec_server import CodecDesk, codec_app
from console.plane import Plane
from console.plane_api import HANDLERS, PUBLISH, Doors, plane_api, served
from console.plane_reads import PlaneReads
from models.access import Purpose
from models.audit import AuditEntry
from models.plane import LARGEST_REQUEST
from models.register import CaseRow
from models.settings import Settings
from rules.showing import OPERATOR
from tests.exchange_support import SENDER, admit, keys_of
from workflows.codec import SealingCodec
from workflows.key_ring import load_ring

UI = "https://temporal.example"
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
    behind = Plane(settings, nobody, PlaneReads(RegisterView(register), load_directory(None)), exchange)
    doors = Doors(settings, behind, keys, SignedActs(register), exchange, AuditLog(register, PLANE), SeenRequests())
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


# --- the codec server ----------------------------------------------------------------------------------


class Codec:
    """A codec server whose clock the test sets, with one account and what it has audited."""

    def __init__(self, folder: Path, *, tls: bool = False) -> None:
        self.now, self.audited = datetime.now(UTC), list[AuditEntry]()
        settings = Settings(var=folder)
        self.operators = Operators(settings, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.secret = self.operators.add("drift-01")
        self.desk = CodecDesk(
            codec=SealingCodec(load_ring(settings), "default"),
            namespace="default",
            operators=self.operators,
            audit=self.audited.append,
            org="soc-0180",
            ui_origin=UI,
            tls=tls,
            clock=lambda: self.now,
        )

    async def login(self, client: httpx.AsyncClient, **other: str) -> httpx.Response:
        form = {"user": "drift-01", "secret": self.secret, "purpose": Purpose.INCIDENT.value, **other}
        return await client.post("/login", data=form, headers={"accept": "application/json"})

    async def decodes(self, client: httpx.AsyncClient, token: str, **headers: str) -> int:
        asked = {"authorization": f"Bearer {token}", "x-namespace": "default", **headers}
        return (await client.post("/decode", json={"payloads": []}, headers=asked)).status_code


async def test_the_page_runs_nothing_and_is_shown_in_no_other(tmp_path: Path) -> None:
    codec = Codec(tmp_path)
    async with door(codec_app(codec.desk)) as client:
        for answer in (await client.get("/"), await client.post("/decode"), await client.get("/nothing")):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "base-uri 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert "server" not in answer.headers
            assert "<script" not in answer.text.lower()
        page = await client.get("/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert 'type="password"' in page.text
        for path in ("/docs", "/redoc", "/openapi.json", "/encode"):
            assert (await client.get(path)).status_code == 404
        for path in ("/decode", "/login", "/logout"):
            assert (await client.request("TRACE", path)).status_code == 405
            assert (await client.get(path)).status_code == 405


@pytest.mark.parametrize("tls", [True, False])
async def test_a_session_is_a_cookie_that_no_script_and_no_other_site_gets(tmp_path: Path, tls: bool) -> None:
    codec = Codec(tmp_path, tls=tls)
    async with door(codec_app(codec.desk)) as client:
        form = {"user": "drift-01", "secret": codec.secret, "purpose": "incident"}
        answer = await client.post("/login", data=form)
        told = answer.headers["set-cookie"]
        name, attributes = told.split("=")[0], {part.strip().lower() for part in told.split(";")[1:]}
        assert {"httponly", "samesite=strict", "path=/"} <= attributes
        assert ("secure" in attributes) is tls
        assert name.startswith("__Host-") is tls
        assert codec.secret not in told + answer.text


async def test_only_temporals_own_page_is_let_in_by_a_browser(tmp_path: Path) -> None:
    codec = Codec(tmp_path)
    async with door(codec_app(codec.desk)) as client:
        token = (await codec.login(client)).json()["token"]
        asked = {"origin": UI, "access-control-request-method": "POST"}
        assert (await client.options("/decode", headers=asked)).headers["access-control-allow-origin"] == UI
        asked["origin"] = "https://elsewhere.example"
        assert "access-control-allow-origin" not in (await client.options("/decode", headers=asked)).headers
        assert await codec.decodes(client, token, origin="https://elsewhere.example") == 403
        assert await codec.decodes(client, token, origin=UI) == 200
        cookie = {"cookie": f"{codec.desk.cookie}={token}", "x-namespace": "default"}
        assert (await client.post("/decode", json={"payloads": []}, headers=cookie)).status_code == 403
        away = await client.post("/login", data={}, headers={"origin": "https://elsewhere.example"})
        assert away.status_code == 403
        assert (await client.get("/", headers={"host": "elsewhere.example"})).status_code == 400


async def test_a_session_ends_when_idle_when_old_at_logout_and_with_its_account(tmp_path: Path) -> None:
    codec = Codec(tmp_path)
    second = timedelta(seconds=1)
    async with door(codec_app(codec.desk)) as client:

        async def fresh() -> str:
            return str((await codec.login(client)).json()["token"])

        first, other = await fresh(), await fresh()
        assert first != other
        assert len(first) == 43
        codec.now += IDLE - second
        assert await codec.decodes(client, first) == 200
        assert await codec.decodes(client, other + "x") == 401
        codec.now += second
        assert await codec.decodes(client, other) == 401
        begun = codec.now
        token = await fresh()
        while codec.now + IDLE < begun + LONGEST:
            codec.now += IDLE - second
            assert await codec.decodes(client, token) == 200
        codec.now = begun + LONGEST
        assert await codec.decodes(client, token) == 401
        token = await fresh()
        await client.post("/logout", headers={"authorization": f"Bearer {token}"})
        assert await codec.decodes(client, token) == 401
        token = await fresh()
        codec.secret = codec.operators.add("drift-01")
        assert await codec.decodes(client, token) == 401
        token = await fresh()
        codec.operators.remove("drift-01")
        assert await codec.decodes(client, token) == 401


async def test_every_login_is_audited_and_guessing_is_stopped_also_for_the_right_secret(tmp_path: Path) -> None:
    codec = Codec(tmp_path)
    async with door(codec_app(codec.desk)) as client:
        unknown = await codec.login(client, user="nobody-01")
        wrong = await codec.login(client, secret="kanariefagel")
        assert (unknown.status_code, unknown.json()) == (wrong.status_code, wrong.json())
        assert (await codec.login(client)).status_code == 200
        for _ in range(5):
            assert (await codec.login(client, secret="kanariefagel")).status_code == 401
        assert (await codec.login(client)).status_code == 429
        codec.now += timedelta(minutes=15)
        assert (await codec.login(client)).status_code == 200
    said = [(entry.user, entry.outcome) for entry in codec.audited if entry.action == "codec-login"]
    assert said[:3] == [("unknown", "wrong-secret"), ("drift-01", "wrong-secret"), ("drift-01", "done")]
    assert said[-2:] == [("unknown", "too-many-attempts"), ("drift-01", "done")]
    everything: list[dict[str, Any]] = [entry.model_dump(mode="json") for entry in codec.audited]
    assert "kanariefagel" not in json.dumps(everything)
