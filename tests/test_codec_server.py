"""The codec server over real HTTP: what it opens, for whom, what it refuses, and that nothing is opened unaudited."""

from __future__ import annotations

import json
import random
import re
import subprocess
import threading
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Payload

from activities.audit import PLANE, AuditLog
from activities.stores import open_existing, register_url
from console import codec_server
from console.codec_operators import IDLE, LONGEST, MOST_FAILURES, Operators
from console.codec_server import MOST_IN, CodecDesk, codec_app
from models.access import Purpose, Role
from models.audit import AuditEntry
from models.settings import Settings
from models.words import case_reference
from tests.command_line import CommandLine
from tests.programs import Program
from tests.support import Stack, eventually, free_port
from workflows.codec import CASE, KEY, SEALED, SealingCodec
from workflows.key_ring import BadRing, load_ring, ring_path, rotate_ring
from workflows.server import binary

UI, NAMESPACE, OPERATOR = "http://localhost:8233", "utvag", "drift-01"
MINE, OTHER = case_reference(7_481_252), case_reference(1)
QUICK = PasswordHasher(time_cost=1, memory_cost=64)
WORD = '"digests":'
"""Of what the register answers; every history holds it, in a payload."""
SECRET_WORD = "kanariefågel"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Served:
    """A codec server as it runs, with a clock of its own and an audit that can be made to fail."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(var=folder)
        self.now = datetime(2027, 1, 5, 22, 46, tzinfo=UTC)
        self.audited: list[AuditEntry] = []
        self.audit_works = True
        self.operators = Operators(self.settings, QUICK)
        self.secret = self.operators.add(OPERATOR)
        self.codec = SealingCodec(load_ring(self.settings), NAMESPACE, MINE)
        self.desk = CodecDesk(
            codec=SealingCodec(load_ring(self.settings), NAMESPACE),
            namespace=NAMESPACE,
            operators=self.operators,
            audit=self.keep,
            org="soc-0180",
            ui_origin=UI,
            clock=lambda: self.now,
        )
        self.port = free_port()

    def keep(self, entry: AuditEntry) -> None:
        if not self.audit_works:
            raise OSError("no space left on device")
        self.audited.append(entry)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self) -> Iterator[Served]:
        config = uvicorn.Config(codec_app(self.desk), port=self.port, log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()

    def client(self, token: str | None = None, **headers: str) -> httpx.Client:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=bearer | headers, timeout=20, transport=patient())

    def login(self, name: str = OPERATOR, secret: str | None = None, purpose: str = "incident") -> httpx.Response:
        told = {"user": name, "secret": self.secret if secret is None else secret, "purpose": purpose}
        with self.client(Accept="application/json") as client:
            return client.post("/login", data=told)

    def token(self) -> str:
        token: str = self.login().json()["token"]
        return token

    def decode(self, *payloads: Payload, token: str | None = None, **headers: str) -> httpx.Response:
        question = {"payloads": [MessageToDict(payload) for payload in payloads]}
        with self.client(token or self.token(), **({"X-Namespace": NAMESPACE} | headers)) as client:
            return client.post("/decode", json=question)


def patient() -> httpx.HTTPTransport:
    """The first request may come before the server listens."""
    return httpx.HTTPTransport(retries=8)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    yield from Served(tmp_path).run()


def opened(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    return [json.loads(b64decode(payload["data"])) for payload in answer.json()["payloads"]]


def plain(told: Any) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(told).encode())


def test_an_operator_who_has_logged_in_sees_what_is_sealed(served: Served) -> None:
    answer = served.decode(*(served.codec.seal(plain({"act": number})) for number in range(3)))
    assert opened(answer) == [{"act": 0}, {"act": 1}, {"act": 2}]
    assert answer.json()["payloads"][0]["metadata"] == {"encoding": b64encode(b"json/plain").decode()}
    assert answer.headers["cache-control"] == "no-store"


def test_every_look_is_audited_with_who_which_case_and_why(served: Served) -> None:
    other = SealingCodec(load_ring(served.settings), NAMESPACE, "retention-soc-0381")
    served.decode(served.codec.seal(plain(1)), served.codec.seal(plain(2)), other.seal(plain(3)), plain("forged"))
    login, *looks = served.audited
    assert (login.action, login.user, login.purpose) == ("codec-login", OPERATOR, Purpose.INCIDENT)
    told = [(look.case, look.subject, look.outcome) for look in looks]
    assert told == [(MINE, None, "done"), (None, "retention-soc-0381", "done"), (None, None, "unreadable-not-sealed")]
    assert {(look.action, look.user, look.role, look.purpose, look.at) for look in looks} == {
        ("decode-payloads", OPERATOR, Role.OPERATOR, Purpose.INCIDENT, served.now)
    }


def test_what_cannot_be_audited_is_not_shown(served: Served) -> None:
    token = served.token()
    served.audit_works = False
    answer = served.decode(served.codec.seal(plain(SECRET_WORD)), token=token)
    assert answer.status_code == 503
    assert answer.json() == {"detail": "audit unavailable"}
    assert served.login().status_code == 503
    served.audit_works = True
    assert opened(served.decode(served.codec.seal(plain(1)), token=token)) == [1]


def test_what_does_not_open_is_answered_with_why_and_never_as_it_came(served: Served) -> None:
    sealed = served.codec.seal(plain(SECRET_WORD))
    cut, moved, unknown = Payload(), Payload(), Payload()
    for spoiled in (cut, moved, unknown):
        spoiled.CopyFrom(sealed)
    cut.data = sealed.data[:-1]
    moved.metadata[CASE] = OTHER.encode()
    unknown.metadata[KEY] = b"0" * 16
    elsewhere = SealingCodec(load_ring(served.settings), "another", MINE).seal(plain(1))
    answer = served.decode(plain(SECRET_WORD), cut, moved, unknown, elsewhere, Payload())
    why = ["not-sealed", "not-genuine", "not-genuine", "key-missing", "not-genuine", "not-sealed"]
    assert opened(answer) == [{"utvag": "unreadable", "reason": reason} for reason in why]
    assert [(entry.case, entry.outcome) for entry in served.audited[1:]] == [
        (None, f"unreadable-{reason}") for reason in ("not-sealed", "not-genuine", "key-missing")
    ]
    assert SECRET_WORD not in answer.text


@pytest.mark.parametrize("namespace", ["default", "", "UTVAG"])
def test_another_namespace_is_unknown(served: Served, namespace: str) -> None:
    answer = served.decode(served.codec.seal(plain(1)), **{"X-Namespace": namespace})
    assert (answer.status_code, answer.json()) == (400, {"detail": "unknown namespace"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"payloads":1}',
        b'{"payloads":[{"data":"!!"}]}',
        b'{"payloads":[{"data":1}]}',
        b'{"payloads":[{"metadata":{"encoding":"\xff"}}]}',
        b'{"payloads":[],"more":1}',
        b'{"payloads":' + b"[" * 100_000,
        json.dumps({"payloads": [{}] * 3_000}).encode(),
    ],
)
def test_what_is_no_question_is_refused_without_repeating_it(served: Served, body: bytes) -> None:
    with served.client(served.token(), **{"X-Namespace": NAMESPACE}) as client:
        answer = client.post("/decode", content=body)
    assert (answer.status_code, answer.json()) == (400, {"detail": "not payloads"})


def test_too_large_a_question_is_refused_before_it_is_read(served: Served) -> None:
    with served.client(served.token(), **{"X-Namespace": NAMESPACE}) as client:
        answer = client.post("/decode", content=(b"x" * 65_536 for _ in range(MOST_IN // 65_536 + 2)))
    assert answer.status_code == 413
    assert len(served.audited) == 1


def test_too_large_an_answer_is_not_given(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_server, "MOST_OUT", 1_000)
    assert served.decode(served.codec.seal(plain("x" * 2_000))).status_code == 413


def test_the_largest_payload_that_temporal_keeps_can_be_seen(served: Served) -> None:
    large = random.Random(4).randbytes(1_400_000).hex()[:1_900_000]
    assert opened(served.decode(served.codec.seal(plain(large)))) == [large]


# --- who may ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["x", "Bearer", "0" * 43])
def test_nobody_else_sees_anything(served: Served, token: str) -> None:
    for headers in ({"Authorization": f"Bearer {token}"}, {"Authorization": f"Basic {token}"}, {}):
        with served.client(**{"X-Namespace": NAMESPACE, "Origin": UI} | headers) as client:
            client.cookies.set("utvag-codec", token)
            answer = client.post("/decode", json={"payloads": []})
        assert (answer.status_code, answer.json()) == (401, {"detail": "log in first"})


@pytest.mark.parametrize(
    ("name", "secret"),
    [(OPERATOR, "wrong"), (OPERATOR, ""), ("drift-02", None), ("", None), (OPERATOR.upper(), None), ("å" * 50, "x")],
)
def test_a_wrong_secret_opens_no_session_and_tells_nothing(served: Served, name: str, secret: str | None) -> None:
    answer = served.login(name, secret)
    assert (answer.status_code, answer.json()) == (401, {"detail": "wrong account or secret"})
    (entry,) = served.audited
    assert (entry.action, entry.outcome) == ("codec-login", "wrong-secret")
    assert entry.user == (OPERATOR if name == OPERATOR else "unknown")


def test_guessing_is_slowed_down_for_that_account(served: Served) -> None:
    for _ in range(MOST_FAILURES):
        assert served.login(secret="wrong").status_code == 401
    slowed = served.login()
    assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "900")
    assert served.audited[-1].outcome == "too-many-attempts"
    served.now += timedelta(minutes=15)
    assert served.login().status_code == 200


def test_guesses_that_come_at_once_get_no_more_tries_than_those_that_come_one_by_one(served: Served) -> None:
    assert served.login().status_code == 200, "it answers"
    guesses = [f"wrong-{number}" for number in range(3 * MOST_FAILURES)]
    together = threading.Barrier(len(guesses))

    def guess(secret: str) -> int:
        together.wait()
        return served.login(secret=secret).status_code

    with ThreadPoolExecutor(len(guesses)) as threads:
        came = Counter(threads.map(guess, guesses))
    assert came == {401: MOST_FAILURES, 429: 2 * MOST_FAILURES}
    served.now += timedelta(minutes=15)
    assert served.login().status_code == 200


def test_a_purpose_must_be_stated(served: Served) -> None:
    for purpose in ("", "curiosity", "handle-case"):
        assert served.login(purpose=purpose).status_code == 400
    assert served.audited == []


def test_a_session_ends_when_idle_and_after_some_hours(served: Served) -> None:
    token = served.token()
    served.now += IDLE - timedelta(seconds=1)
    assert served.decode(token=token).status_code == 200
    served.now += IDLE
    assert served.decode(token=token).status_code == 401
    token = served.token()
    end = served.now + LONGEST
    while served.now < end:
        assert served.decode(token=token).status_code == 200
        served.now += IDLE - timedelta(seconds=1)
    assert served.decode(token=token).status_code == 401


def test_a_session_ends_on_logout_and_when_its_account_goes(served: Served) -> None:
    token = served.token()
    with served.client(token) as client:
        assert client.post("/logout").status_code == 200
    assert served.decode(token=token).status_code == 401
    assert [entry.action for entry in served.audited] == ["codec-login", "codec-logout"]

    token = served.token()
    served.secret = served.operators.add(OPERATOR)
    assert served.decode(token=token).status_code == 401, "a new secret ends what was begun with the old one"
    token = served.token()
    assert served.operators.remove(OPERATOR)
    assert served.decode(token=token).status_code == 401
    assert served.login().status_code == 401


def test_nobody_asks_too_often(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_server, "MOST_A_MINUTE", 3)
    token = served.token()
    assert [served.decode(token=token).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert served.decode().status_code == 429, "another session of the same account"
    served.now += timedelta(minutes=1)
    assert served.decode(token=token).status_code == 200


def test_secrets_are_kept_as_argon2id_hashes_for_the_owner_alone(served: Served) -> None:
    path = served.settings.keys / "plane" / "codec-operators.json"
    operators = Operators(served.settings)
    secret = operators.add("drift-02")
    kept = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret not in kept
    assert json.loads(kept)["operators"]["drift-02"].startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert [operators.is_right("drift-02", tried) for tried in (secret, served.secret, "")] == [True, False, False]
    token = served.token()
    path.chmod(0o644)
    with pytest.raises(BadRing, match="chmod 600"):
        served.operators.names()
    for answer in (served.login(), served.decode(token=token)):
        assert (answer.status_code, answer.json()) == (503, {"detail": "not available"})


# --- a browser --------------------------------------------------------------------------------------


@contextmanager
def browser(served: Served) -> Iterator[httpx.Client]:
    told = {"user": OPERATOR, "secret": served.secret, "purpose": "incident"}
    with served.client() as client:
        page = client.post("/login", data=told, headers={"Origin": served.url})
        assert "Du är inloggad" in page.text
        yield client


def test_a_browser_gets_a_cookie_that_scripts_and_other_sites_cannot_use(served: Served) -> None:
    with browser(served) as client:
        client.cookies.clear()
        told = {"user": OPERATOR, "secret": served.secret, "purpose": "incident"}
        cookie = client.post("/login", data=told).headers["set-cookie"]
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "httponly",
        f"max-age={int(LONGEST.total_seconds())}",
        "path=/",
        "samesite=strict",
    }
    served.desk.tls = True
    with served.client() as client:
        cookie = client.post("/login", data=told).headers["set-cookie"]
    assert cookie.startswith("__Host-utvag-codec=")
    assert "; Secure" in cookie


def test_temporals_page_may_ask_with_the_cookie_and_no_other_page(served: Served) -> None:
    question = {"payloads": [MessageToDict(served.codec.seal(plain("seen")))]}
    with browser(served) as client:
        for origin, code in ((UI, 200), ("http://evil.example", 403), ("null", 403), (None, 403), (UI + "0", 403)):
            headers = {"X-Namespace": NAMESPACE} | ({"Origin": origin} if origin else {})
            answer = client.post("/decode", json=question, headers=headers)
            assert answer.status_code == code, origin
            allowed = answer.headers.get("access-control-allow-origin")
            assert allowed == (UI if origin == UI else None)
    assert [entry.action for entry in served.audited] == ["codec-login", "decode-payloads"]


def test_a_browser_asks_first_and_is_told_who_may(served: Served) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-namespace"}
    with served.client() as client:
        ours = client.options("/decode", headers=asked | {"Origin": UI})
        theirs = client.options("/decode", headers=asked | {"Origin": "https://evil.example"})
    assert (ours.status_code, ours.headers["access-control-allow-origin"]) == (200, UI)
    assert ours.headers["access-control-allow-credentials"] == "true"
    assert theirs.status_code == 400
    assert "access-control-allow-origin" not in theirs.headers


def test_nobody_logs_another_in_or_out_from_elsewhere(served: Served) -> None:
    told = {"user": OPERATOR, "secret": served.secret, "purpose": "incident"}
    with browser(served) as client:
        for path in ("/login", "/logout"):
            assert client.post(path, data=told, headers={"Origin": "https://evil.example"}).status_code == 403
        assert "Du är inloggad" in client.get("/").text


def test_a_name_that_is_not_this_servers_is_refused(served: Served) -> None:
    with served.client(Host="evil.example") as client:
        assert client.get("/").status_code == 400


def test_the_page_says_what_it_is_in_two_languages_and_runs_nothing(served: Served) -> None:
    with served.client() as client:
        page = client.get("/")
    assert "Varje läsning loggas" in page.text
    assert "Every look is audited" in page.text
    assert "<script" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/encode", "/openapi.json", "/docs", "/redoc", "/download"])
def test_there_is_nothing_else(served: Served, path: str) -> None:
    with served.client(served.token(), **{"X-Namespace": NAMESPACE}) as client:
        assert client.post(path, json={"payloads": []}).status_code == 404


async def test_a_turned_ring_needs_no_restart_and_a_lost_one_closes_nothing_that_was_open(served: Served) -> None:
    before = served.codec.seal(plain("before"))
    rotate_ring(served.settings)
    after = served.codec.seal(plain("after"))
    assert before.metadata[KEY] != after.metadata[KEY]
    assert opened(served.decode(before, after)) == ["before", "after"]
    ring_path(served.settings).unlink()

    async def look() -> list[Any]:
        return opened(served.decode(before, after))

    assert await eventually(look, bool) == ["before", "after"]
    assert before.metadata["encoding"] == SEALED.encode()


# --- as it is run -----------------------------------------------------------------------------------


@contextmanager
def serving(stack: Stack, *arguments: str) -> Iterator[str]:
    """`starter.py codec serve` against a running stack. Gives its address."""
    port = free_port()
    command = ("starter.py", "codec", "serve", "--port", str(port), *arguments)
    with Program(*command, environment=stack.environment) as process:
        try:
            assert process.stdout is not None
            assert f"http://127.0.0.1:{port}" in process.stdout.readline()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            assert process.wait(20) is not None


def shown(stack: Stack, case: str, *more: str) -> str:
    """A case's history, as Temporal's own command line shows it."""
    address = ("--address", stack.settings.temporal_address, "--workflow-id", case, "--output", "json")
    command = [str(binary()), "workflow", "show", *address, *more]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    payloads = re.findall(r'"data": "([A-Za-z0-9+/=]+)"', told.stdout)
    return " ".join([told.stdout, told.stderr, *(b64decode(data).decode(errors="replace") for data in payloads)])


def test_temporals_own_command_line_reads_a_case_through_it(stack: Stack, cli: CommandLine) -> None:
    case = cli.open_case()
    told = cli.json("codec", "operator", OPERATOR)
    with serving(stack, "--ui-origin", UI) as url, httpx.Client(transport=patient(), timeout=20) as client:
        login = {"user": OPERATOR, "secret": told["secret"], "purpose": "review-logs"}
        token = client.post(f"{url}/login", data=login, headers={"Accept": "application/json"}).json()["token"]
        assert WORD not in shown(stack, case)
        through = ("--codec-endpoint", url, "--codec-auth")
        assert WORD not in shown(stack, case, *through, "Bearer wrong")
        assert WORD in shown(stack, case, *through, f"Bearer {token}")
    assert cli.json("codec", "operators") == [OPERATOR]
    looks = [entry for entry in audited(stack) if entry.action in ("codec-login", "decode-payloads")]
    assert {entry.user for entry in looks} == {OPERATOR}
    assert {entry.case for entry in looks if entry.action == "decode-payloads"} == {case}
    assert {entry.purpose for entry in looks} == {Purpose.REVIEW_LOGS}
    assert cli("codec", "dismiss", OPERATOR).code == 0
    assert cli("codec", "dismiss", OPERATOR).code == 4
    assert "Inga konton" in cli("codec", "operators").out


def audited(stack: Stack) -> list[AuditEntry]:
    log = AuditLog(open_existing(register_url(stack.settings)), PLANE)
    return [link.entry for link in log.links()]


def test_it_listens_to_other_machines_only_with_a_certificate(cli: CommandLine) -> None:
    for host in ("0.0.0.0", "192.0.2.1", "codec.example", "::"):  # noqa: S104
        told = cli("codec", "serve", "--host", host, "--ui-origin", UI)
        assert (told.code, "TLS" in told.err) == (5, True)
    assert cli("codec", "serve").code == 2


def test_keys_are_shown_turned_handed_out_and_retired_without_showing_them(stack: Stack, cli: CommandLine) -> None:
    first = cli.json("codec", "keys")
    assert [set(key) for key in first["keys"]] == [{"id", "made", "used_from"}] * len(first["keys"])
    spare = cli.json("codec", "rotate", "--hand-out-first")
    assert (spare["current"], len(spare["keys"])) == (first["current"], len(first["keys"]) + 1)
    newest = spare["keys"][-1]["id"]
    assert cli.json("codec", "use", newest)["current"] == newest
    turned = cli.json("codec", "rotate")
    assert turned["current"] not in (newest, first["current"])
    refused = cli("codec", "retire", first["current"])
    assert (refused.code, "needed" in refused.text) == (2, True)
    for key in (turned["current"], "0" * 16, "kalle"):
        assert cli("codec", "retire", key).code == 2
    text = cli("codec", "keys").out
    assert text.count("förseglar | seals") == 1
    secrets = json.loads(ring_path(stack.settings).read_bytes())["keys"]
    assert not any(key["secret"] in told.text for key in secrets for told in (refused, cli("codec", "keys", "--json")))


def test_an_account_has_a_name_like_an_account(cli: CommandLine) -> None:
    for name in ("Kalle Svensson", "å", "", "197001011234"):
        told = cli("codec", "operator", name)
        assert told.code == 2
        assert not name or name not in told.text
