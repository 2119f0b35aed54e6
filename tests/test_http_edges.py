"""What the two HTTP servers answer to whoever comes to the door: the plane's API, and the codec server's page.

Both are really served, by uvicorn on a port of their own. docs/asvs.csv names these tests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from temporalio.client import Client

from activities.audit import PLANE, AuditLog
from activities.directory import load_directory
from activities.exchange import Exchange
from activities.key_directory import KeyDirectory
from activities.register_view import RegisterView
from activities.signatures import SeenRequests, digest_of, request_token
from activities.stores import migrate, open_database, writing
from console.codec_operators import Operators, Sessions
from console.codec_server import CodecDesk, codec_app
from console.plane import Plane
from console.plane_api import HANDLERS, PUBLISH, Doors, plane_api, served
from console.plane_reads import PlaneReads
from models.access import Purpose
from models.plane import LARGEST_REQUEST
from models.register import CaseRow
from models.settings import Settings
from rules.showing import OPERATOR
from tests.exchange_support import SENDER, admit, keys_of
from workflows.codec import SealingCodec
from workflows.key_ring import load_ring

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
    doors = Doors(settings, behind, keys, exchange, AuditLog(register, PLANE), SeenRequests())
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


# --- the codec server, whose sessions and decoding are in test_codec_server.py ---------------------------


async def test_no_answer_of_the_codec_server_lets_a_browser_run_or_keep_anything(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    codec = SealingCodec(load_ring(settings), "default")
    desk = CodecDesk(codec, "default", Operators(settings), lambda _: None, "soc-0180", "https://temporal.example")
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
