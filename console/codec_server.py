"""The codec server of Temporal's UI and command line: opens sealed payloads for operators who have logged in.

The contract is Temporal's: `POST /decode` with `X-Namespace` and payloads as JSON, a cookie or `Authorization: Bearer`
with it. There is no `/encode`: nobody starts or changes a case from Temporal's own tools. What is opened holds codes
only, by design; it tells all the same which organisations work with which case, so every look is audited before it is
answered, and an audit that can't be written means no answer.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

import structlog
from fastapi import FastAPI, HTTPException, Request, Response
from google.protobuf.json_format import MessageToDict
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import HTMLResponse, JSONResponse
from temporalio.api.common.v1 import Payload

from console.codec_operators import LONGEST, Attempts, Operators, Session, Sessions
from console.codec_page import page
from models.access import Purpose, Role
from models.audit import AuditEntry
from models.words import CheckedRef, Code, OrgId, Word
from workflows.codec import SealingCodec, workflow_of
from workflows.key_ring import BadRing
from workflows.unreadable import Unreadable

MOST_IN, MOST_OUT = 8 * 1024 * 1024, 32 * 1024 * 1024
"""Bytes of one question and of its answer."""
MOST_PAYLOADS = 2_000
MOST_A_MINUTE = 600
"""Questions from one session. Temporal's UI asks once for each group of events that it shows."""
PURPOSES = (Purpose.INCIDENT, Purpose.REVIEW_LOGS, Purpose.CORRECT_DATA)
CASE: TypeAdapter[CheckedRef] = TypeAdapter(CheckedRef)
PLAIN_NAME = re.compile(r"[a-z][a-z-]{0,30}([0-9]{4})?")
"""What a workflow other than a case is called: `retention-soc-0381`."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
log = structlog.get_logger(__name__)


def from_base64(written: object) -> bytes:
    """Raises: ValueError: not base64, all of it."""
    if not isinstance(written, str):
        raise ValueError("not base64")
    return b64decode(written, validate=True)


Bytes = Annotated[bytes, BeforeValidator(from_base64)]


class Sealed(Word):
    """A payload as Temporal's tools write it: everything in base64."""

    metadata: dict[str, Bytes] = Field(default={}, max_length=20, repr=False)
    data: Bytes = Field(default=b"", repr=False)

    def payload(self) -> Payload:
        return Payload(metadata=self.metadata, data=self.data)


class Question(Word):
    payloads: tuple[Sealed, ...] = Field(max_length=MOST_PAYLOADS)


@dataclass
class CodecDesk:
    """What the server works with. `audit` raises when it can't write; the clock is the machine's."""

    codec: SealingCodec
    namespace: str
    operators: Operators
    audit: Callable[[AuditEntry], object]
    org: OrgId
    """Who runs the machines; the audit's organisation."""
    ui_origin: str
    """The one place whose pages may ask, like https://temporal.example."""
    names: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    """The names that this server answers to."""
    tls: bool = False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    attempts: Attempts = field(default_factory=Attempts)
    asked: dict[str, deque[datetime]] = field(default_factory=lambda: defaultdict(deque))

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.operators)

    @property
    def cookie(self) -> str:
        return "__Host-utvag-codec" if self.tls else "utvag-codec"

    async def note(self, user: str, action: Code, outcome: Code = "done", **more: object) -> None:
        """Audits, or nothing is answered."""
        told = {"at": self.clock(), "org": self.org, "user": user, "role": Role.OPERATOR, "action": action}
        entry = AuditEntry.model_validate(told | {"outcome": outcome} | more)
        try:
            await run_in_threadpool(self.audit, entry)
        except Exception as problem:
            log.error("the codec server can't audit, so it answers nothing", reason=type(problem).__name__)
            raise HTTPException(503, "audit unavailable") from None


def codec_app(desk: CodecDesk) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.post("/decode")
    async def decode(request: Request) -> Response:
        session = the_session(desk, request)
        if request.headers.get("x-namespace") != desk.namespace:
            raise HTTPException(400, "unknown namespace")
        question = question_in(await body_of(request, MOST_IN))
        answer, seen = looked_through(desk.codec, question)
        for (subject, outcome), count in seen.items():
            await desk.note(session.user, "decode-payloads", outcome, purpose=session.purpose, **subject_of(subject))
            log.info("payloads opened", user=session.user, count=count, outcome=outcome)
        return JSONResponse({"payloads": answer})

    @app.get("/")
    async def welcome(request: Request) -> Response:
        session = desk.sessions.of(token_in(desk, request), desk.clock())
        return HTMLResponse(page(session, PURPOSES))

    @app.post("/login")
    async def login(request: Request) -> Response:
        from_here(request)
        return await logged_in(desk, request)

    @app.post("/logout")
    async def logout(request: Request) -> Response:
        from_here(request)
        token = token_in(desk, request)
        if (session := desk.sessions.of(token, desk.clock())) is not None:
            desk.sessions.end(token)
            await desk.note(session.user, "codec-logout")
        answer = HTMLResponse(page(None, PURPOSES))
        answer.delete_cookie(desk.cookie, secure=desk.tls, httponly=True, samesite="strict")
        return answer

    @app.exception_handler(BadRing)
    async def broken(_: Request, __: Exception) -> Response:
        log.error("the codec server's keys or accounts can't be used")
        return JSONResponse({"detail": "not available"}, 503)

    @app.middleware("http")
    async def guarded(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(request)
        response.headers.update(HEADERS)
        if desk.tls:
            response.headers["Strict-Transport-Security"] = f"max-age={365 * 24 * 3600}"
        return response

    app.add_middleware(
        CORSMiddleware,
        allow_origins=[desk.ui_origin],
        allow_credentials=True,
        allow_methods=["POST"],
        allow_headers=["authorization", "content-type", "x-namespace"],
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(desk.names), www_redirect=False)
    return app


# --- who asks ---------------------------------------------------------------------------------------


def token_in(desk: CodecDesk, request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else request.cookies.get(desk.cookie, "")


def the_session(desk: CodecDesk, request: Request) -> Session:
    """The session that asks. A browser asks from Temporal's UI and from nowhere else.

    Raises:
        HTTPException: 401 without a living session, 403 from another page, 429 too often.
    """
    now, token = desk.clock(), token_in(desk, request)
    session = desk.sessions.of(token, now)
    if session is None:
        raise HTTPException(401, "log in first", {"WWW-Authenticate": "Bearer"})
    origin = request.headers.get("origin")
    by_cookie = "authorization" not in request.headers
    if (origin is not None or by_cookie) and origin != desk.ui_origin:
        raise HTTPException(403, "not from here")
    asked = desk.asked[session.user]
    while asked and now - asked[0] >= timedelta(minutes=1):
        asked.popleft()
    if len(asked) >= MOST_A_MINUTE:
        raise HTTPException(429, "too often", {"Retry-After": "60"})
    asked.append(now)
    return session


def from_here(request: Request) -> None:
    """Refuses a form sent from another site's page. Programs send no origin."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403, "not from here")


async def logged_in(desk: CodecDesk, request: Request) -> Response:
    """A session for an account with its secret and a purpose: a cookie for a browser, a token for a program.

    Every try counts as failed from before it is made until it has succeeded, so that many at once are no way round
    the limit.
    """
    told = parse_qs((await body_of(request, 4_096)).decode(errors="replace"), max_num_fields=10)
    name, secret, purpose = (told.get(key, [""])[0] for key in ("user", "secret", "purpose"))
    if purpose not in PURPOSES:
        raise HTTPException(400, "state a purpose")
    if desk.attempts.too_many(name, desk.clock()):
        await desk.note("unknown", "codec-login", "too-many-attempts")
        raise HTTPException(429, "too many attempts", {"Retry-After": "900"})
    desk.attempts.fail(name, desk.clock())
    if not await run_in_threadpool(desk.operators.is_right, name, secret):
        known = name if desk.operators.mark(name) else "unknown"
        await desk.note(known, "codec-login", "wrong-secret")
        raise HTTPException(401, "wrong account or secret")
    desk.attempts.succeed(name)
    await desk.note(name, "codec-login", purpose=Purpose(purpose))
    token = desk.sessions.begin(name, Purpose(purpose), desk.clock())
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"token": token})
    answer = HTMLResponse(page(desk.sessions.of(token, desk.clock()), PURPOSES))
    lifetime = int(LONGEST.total_seconds())
    answer.set_cookie(desk.cookie, token, lifetime, secure=desk.tls, httponly=True, samesite="strict")
    return answer


# --- what is asked ----------------------------------------------------------------------------------


async def body_of(request: Request, most: int) -> bytes:
    """Raises: HTTPException: 413, as soon as there is more than `most` bytes."""
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > most:
            raise HTTPException(413, "too large")
    return bytes(read)


def question_in(body: bytes) -> Question:
    try:
        return Question.model_validate_json(body)
    except ValidationError:
        raise HTTPException(400, "not payloads") from None


def looked_through(codec: SealingCodec, question: Question) -> tuple[list[object], Counter[tuple[str, str]]]:
    """The payloads opened, and what has been seen: which workflows, and what could not be opened and why.

    A payload that does not open is answered with the reason in its place. It is never handed back as it came: what
    is plain in Temporal has not been put there by us, and must not look as if it had.
    """
    answer: list[object] = []
    seen: Counter[tuple[str, str]] = Counter()
    size = 0
    for sealed in question.payloads:
        payload = sealed.payload()
        try:
            opened = codec.open(payload)
            seen[workflow_of(payload), "done"] += 1
        except Unreadable as refused:
            opened = told_why(refused)
            seen["", f"unreadable-{refused.reason}"] += 1
        size += opened.ByteSize()
        if size > MOST_OUT:
            raise HTTPException(413, "too large")
        answer.append(MessageToDict(opened))
    return answer, seen


def told_why(refused: Unreadable) -> Payload:
    told = {"utvag": "unreadable", "reason": refused.reason}
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(told).encode())


def subject_of(workflow: str) -> dict[str, object]:
    """Which case was looked at; the name of another workflow where that is all it is."""
    try:
        return {"case": CASE.validate_python(workflow)}
    except ValidationError:
        return {"subject": workflow} if PLAIN_NAME.fullmatch(workflow) else {}
