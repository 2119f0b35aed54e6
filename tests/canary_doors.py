"""Canaries where they do not belong: in arguments, in files that are refused, and at the doors of the HTTP servers."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import httpx

from activities.signatures import digest_of, request_token
from console.acting_keys import acting_keys
from console.codec_operators import Operators
from console.codec_server import CodecDesk, codec_app
from console.http_server import served
from console.plane_api import HANDLERS, PUBLISH
from rules.showing import OPERATOR
from tests.canary_journey import FORMS, NGO, PHONE, POLICE, SOCIAL, STRANGER, Journey
from tests.command_line import intake
from workflows.codec import SealingCodec
from workflows.key_ring import load_ring

Commands = list[tuple[tuple[str, ...], str | None]]


def wrong_commands(journey: Journey) -> Commands:
    """What somebody may write in the wrong place when a case is worked with."""
    birds, case = journey.birds, journey.case
    act, as_social = ("handoff", "act", case, "H1"), ("--as", SOCIAL)
    bad_intake = intake(
        urgency=birds("urgency"), note=birds("intake-note"), person={"personnummer": birds("not-a-number")}
    )
    bad_phone = PHONE | {"answered_by": birds.code("answered-by"), "note": birds("by-phone")}
    bad_assessment = {
        "level": birds("assessment-level"),
        "assessor": birds.code("assessor"),
        "advice": birds("bad-advice"),
    }
    return [
        ((*act, "hold", *as_social, "--reason", birds("reason")), None),
        ((*act, "hold", *as_social, "--reason", birds.code("reason-code")), None),
        ((*act, "complete", *as_social, "--answer", birds("answer")), None),
        ((*act, "accept", *as_social, "--key", birds("key")), None),
        ((*act, "accept", "--as", birds("as")), None),
        ((*act, "accept", *as_social, birds("argument")), None),
        ((*act, "accept", *as_social, f"--{birds.code('option')}"), None),
        ((*act, birds("argument"), *as_social), None),
        (("handoff", "act", case, birds("argument"), "accept", *as_social), None),
        (("handoff", "act", birds("argument"), "H1", "accept", *as_social), None),
        ((*act, "accept", *as_social, "--note-file", f"/nowhere/{birds('path')}"), None),
        ((*act, "accept", *as_social, "--by-phone", "-"), json.dumps(bad_phone)),
        ((*act, "accept", *as_social, "--assessment", "-"), json.dumps(bad_assessment)),
        ((*act, "accept", "--as", STRANGER, "--note-file", "-"), birds("stranger")),
        ((*act, "resume", *as_social, "--note-file", "-"), birds("refused-note")),
        (("handoff", "send", case, birds("argument"), *as_social, "--to", POLICE), None),
        (("handoff", "send", case, "intervention", *as_social, "--to", birds("to")), None),
        (("handoff", "send", case, "intervention", *as_social, "--to", NGO, "--date", birds("argument")), None),
        (("case", "open", "-"), json.dumps(bad_intake)),
        (("case", "open", "-"), json.dumps(intake(**{birds("field"): 1, "nickname": birds("value")}))),
        (("case", "open", "-"), f"{birds('invalid')} is not JSON"),
        (("case", "open", f"/nowhere/{birds('path')}"), None),
        (("case", "record", case, "-", *as_social), json.dumps({"person": {birds("field"): birds("value")}})),
        (("case", "record", case, "-", "--as", STRANGER), json.dumps({"person": {"name": birds("stranger")}})),
        (("case", "show", birds("argument")), None),
        (("case", "close", case, *as_social, "--code", birds("argument")), None),
        (("case", "list", "--org", birds("as")), None),
        (("advance", case, birds("argument")), None),
        ((birds("command"),), None),
    ]


def wrong_commands_about_people(journey: Journey) -> Commands:
    """Likewise when somebody looks, tells, or answers for what was told."""
    birds, case = journey.birds, journey.case
    at_work = ("--as", SOCIAL, "--user", "handl-01")
    told, note = ("disclosure", "send", case, "H1", *at_work), ("--note-file", "-")
    return [
        (("person", "show", case, "--as", SOCIAL, "--user", birds("user")), None),
        (("person", "show", case, *at_work, "--purpose", birds("purpose")), None),
        (("person", "show", case, *at_work, "--category", birds("category")), None),
        (("person", "link", case, birds("other"), *at_work, "--tie", birds("tie")), None),
        ((*told, "--seen", birds("seen")), None),
        ((*told, "--fulfil", birds("fulfil")), None),
        ((*told, "--ground", birds("ground")), None),
        (("disclosure", "recall", birds("package"), *at_work), None),
        (("disclosure", "weigh", case, "H1", "harm", *at_work, *note, "--category", birds("weighed")), birds("why")),
        (("disclosure", "weigh", case, "H77", "harm", *at_work, *note, "--category", "identity"), birds("why")),
        (("disclosure", "circumstances", case, "-", *at_work), json.dumps({birds("fact"): birds("fact")})),
        (("consent", "refuse", case, *at_work, "--giver", birds("giver")), None),
        (("consent", "refuse", case, *at_work, "--giver", birds.code("giver-code")), None),
        (("consent", "give", case, "-", *at_work), f"{birds('consent')} is not JSON"),
        (("incident", case, birds("incident"), *at_work), None),
        (("incident", case, "leak", "--as", SOCIAL, "--user", "ingen-01", *note), birds("incident-note")),
        (("incident", case, "leak", "--as", STRANGER, "--user", "handl-01", *note), birds("incident-note")),
        (("file", "request", case, "--regime", birds("regime"), "--from", "self", "--as", SOCIAL), None),
        (("file", "request", "-", "--regime", "public", "--from", "unknown", "--as", birds("as")), None),
        (("file", "extend", birds("request"), "--ground", birds("ground"), "--by", "x", "--as", SOCIAL), None),
        (("audit", "reads-by", birds("user"), *at_work), None),
        (("access", "approve", birds("approval"), *at_work), f"{birds('wrong-word')}\n"),
        (("access", "grant", case, birds("colleague"), *at_work, "--reason", "acute"), None),
        (("retention", "hold", case, "--as", SOCIAL, "--user", "arkiv-01", "--reason", birds("hold")), None),
        (("key", "rotate", "--as", birds("as")), None),
        (("codec", "retire", birds("key")), None),
    ]


def write_in_wrong_places(journey: Journey, commands: Commands) -> None:
    """Every one of these is refused, every other in JSON: each kind of fault is told in both forms."""
    for number, (arguments, stdin) in enumerate(commands):
        told = journey.cli(*arguments, *FORMS[number % 2], stdin=stdin)
        assert told.code in (2, 3, 4), (arguments, told)


async def knock(journey: Journey) -> list[bytes]:
    """What the plane's API, the health endpoint and the codec server answer to canaries, heads and bodies."""
    return [whole(answer) for part in (plane, health, codec) for answer in await part(journey)]


def whole(answer: httpx.Response) -> bytes:
    return repr(answer.headers.multi_items()).encode() + answer.content


def authorized(bearer: str) -> dict[bytes, bytes]:
    return {b"authorization": f"Bearer {bearer}".encode()}


async def plane(journey: Journey) -> list[httpx.Response]:
    """Unsigned, signed but not understood, refused, and elsewhere."""
    settings, word = journey.stack.settings, journey.birds("http")
    keys, found = acting_keys(settings, SOCIAL), []
    body: Any = {"case": word, word: word, "act": word, "sealed": word}
    bodies = [json.dumps(body).encode(), word.encode("utf-16"), b"{"]
    async with httpx.AsyncClient(base_url=settings.plane) as client:
        for path in (*HANDLERS, PUBLISH, f"/v1/{journey.birds.code('path')}"):
            for content in bodies:
                now = datetime.now(UTC)
                token = request_token(keys, "POST", path, digest_of(content), audience=settings.event_source, now=now)
                for bearer in (token, word, f"{token[:-2]}xx"):
                    found.append(await client.post(path, content=content, headers=authorized(bearer)))
        found.append(await client.get(f"/{word}?{word}"))
    assert {answer.status_code for answer in found} >= {401, 404, 405, 422}
    return found


async def health(journey: Journey) -> list[httpx.Response]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{journey.stack.settings.health_port}") as client:
        found = [await client.get(path) for path in ("/health", f"/health?{journey.birds('http')}", "/elsewhere")]
    assert [answer.status_code for answer in found] == [200, 404, 404]
    return found


async def codec(journey: Journey) -> list[httpx.Response]:
    """The codec server on the same ring: wrong logins, what is not sealed, and what no key here has sealed."""
    settings, word = journey.stack.settings, journey.birds("http")
    operators, namespace = Operators(settings), settings.temporal_namespace
    desk = CodecDesk(
        SealingCodec(load_ring(settings), namespace),
        namespace,
        operators,
        lambda _: None,
        OPERATOR,
        "http://ui.example",
    )
    secret, plain = operators.add("drift-01"), b64encode(word.encode()).decode()
    asked = {"payloads": [{"metadata": {"encoding": plain, word: plain}, "data": plain}]}
    found, headers = [], {"X-Namespace": namespace, "Accept": "application/json"}
    async with (
        served(codec_app(desk), "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client,
    ):
        for login in ({"user": word, "secret": word, "purpose": word}, {"user": "drift-01", "secret": word}):
            found.append(await client.post("/login", data=login))
        login = {"user": "drift-01", "secret": secret, "purpose": "incident"}
        token = (await client.post("/login", data=login)).json()["token"]
        for bearer in (token, word):
            found.append(await client.post("/decode", json=asked, headers=authorized(bearer)))
            found.append(await client.post("/decode", content=word, headers=authorized(bearer)))
        found.append(await client.post(f"/{word}", content=word))
    assert {answer.status_code for answer in found} >= {200, 401, 404}
    return found
