"""The plane's API over HTTP: every request is signed by an organisation, and answered as far as that one may see.

Nothing is asked in a URL and nothing told in an error but a code: access logs and error bodies hold no reference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog
from fastapi import FastAPI, Request, Response
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from activities import alarms
from activities.audit import AuditLog, CannotAudit
from activities.exchange import Exchange
from activities.key_directory import KeyDirectory
from activities.signatures import SeenRequests, digest_of, verify, verify_request
from console.pace import ANYBODY, Pace
from console.plane import Forged, Plane
from models.access import Role
from models.audit import AuditEntry
from models.contracts import Refusal, Standing
from models.exchange import Delivery, Envelope, PackageState
from models.plane import (
    LARGEST_REQUEST,
    AboutCase,
    AboutCases,
    AboutDeadlines,
    AboutKey,
    AboutOpen,
    AboutOrganisation,
    AboutPack,
    AboutPackage,
    Alarm,
    Deliveries,
    Done,
    Fault,
    Foresight,
    KnownClosure,
    KnownReceipt,
    Leased,
    Nothing,
    Outcome,
    Published,
    Revocation,
    Rows,
)
from models.published_keys import PublishedPiece, VerifiedAct
from models.settings import Settings
from models.words import CaseRef, OrgId, Word
from rules.showing import OPERATOR
from workflows.cases import NoSuchCase
from workflows.connection import Unavailable

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""No browser has any business here: should one come all the same, it shows, keeps and runs nothing."""
log = structlog.get_logger(__name__)


class Doors(NamedTuple):
    """What stands behind the API."""

    settings: Settings
    plane: Plane
    keys: KeyDirectory
    exchange: Exchange
    audit: AuditLog
    seen: SeenRequests
    pace: Pace


class Refusing(Exception):
    """A request that is not answered: an HTTP status and a code."""

    def __init__(self, status: int, code: str, detail: str | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail


Handler = Callable[[Doors, OrgId, Any], Awaitable[Word]]


# --- cases ---------------------------------------------------------------------------------------------


async def submit(doors: Doors, org: OrgId, done: Done) -> Outcome:
    return await doors.plane.take(done.case, await believed(doors, org, done))


async def open_case(doors: Doors, org: OrgId, done: Done) -> Outcome:
    return await doors.plane.open(done.case, await believed(doors, org, done))


async def adopt(doors: Doors, org: OrgId, done: Done) -> Outcome:
    return await doors.plane.adopt(done.case, await believed(doors, org, done))


async def foresee(doors: Doors, org: OrgId, asked: Foresight) -> Outcome:
    return await doors.plane.foresee(asked.case, org, asked.event)


async def standing(doors: Doors, org: OrgId, asked: AboutCase) -> Standing:
    return await doors.plane.shown(asked.case, org)


async def believed(doors: Doors, org: OrgId, done: Done) -> VerifiedAct:
    """The act, when its signature proves it, and that it is the caller's own.

    It goes along with the event, and is kept with the revision that it leads to.

    Raises:
        Refusing: it proves nothing. That is written into the plane's audit.
    """
    now = datetime.now(UTC)
    act = await asyncio.to_thread(
        verify, done.act, doors.keys, case=done.case, audience=doors.settings.event_source, now=now
    )
    if isinstance(act, VerifiedAct) and act.org != org:
        act = Refusal(code="signature-other-org")
    if isinstance(act, Refusal):
        await asyncio.to_thread(audit_refusal, doors, done.case, act.code)
        raise Refusing(401, act.code)
    return act


def audit_refusal(doors: Doors, case: CaseRef | None, code: str) -> None:
    doors.audit.write(
        AuditEntry(
            at=datetime.now(UTC),
            org="plane",
            user="system",
            role=Role.SYSTEM,
            action="act-refused",
            case=case,
            outcome=code,
        )
    )


async def alarm(doors: Doors, org: OrgId, asked: Alarm) -> Outcome:
    """Tells the caller's own managers, and nobody else. Which cases there are is not asked, and so not told."""
    await asyncio.to_thread(alarms.tell, doors.audit, org, asked, datetime.now(UTC))
    return Outcome()


# --- the register --------------------------------------------------------------------------------------


def rows(of: Callable[[Doors], Callable[[OrgId, Any], Sequence[dict[str, Any]]]]) -> Handler:
    """A question to the register whose answer is rows."""

    async def answer(doors: Doors, org: OrgId, asked: Any) -> Rows:
        about = asked.case if isinstance(asked, AboutCase) else asked
        return Rows(rows=tuple(await asyncio.to_thread(of(doors), org, about)))

    return answer


async def receipt(doors: Doors, org: OrgId, asked: AboutKey) -> KnownReceipt:
    return await asyncio.to_thread(doors.plane.reads.receipt, org, asked)


async def closure(doors: Doors, org: OrgId, asked: AboutCase) -> KnownClosure:
    return await asyncio.to_thread(doors.plane.reads.closure, org, asked.case)


# --- the exchange --------------------------------------------------------------------------------------


async def leave(doors: Doors, org: OrgId, envelope: Envelope) -> Outcome:
    """Takes a sealed package between the two parties of an open handoff, and from its sender alone."""
    parties = await asyncio.to_thread(doors.plane.reads.parties_of, envelope.case, envelope.handoff)
    if {envelope.sender, envelope.recipient} != set(parties):
        return Outcome(refusal=Refusal(code="not-a-party", detail=envelope.handoff))
    came = await asyncio.to_thread(doors.exchange.leave, envelope, org, datetime.now(UTC))
    gone = isinstance(came, Delivery) and came.state is PackageState.REVOKED
    return Outcome(refusal=Refusal(code="package-withdrawn")) if gone else refusal_of(came)


async def lease(doors: Doors, org: OrgId, asked: AboutPackage) -> Leased:
    came = await asyncio.to_thread(doors.exchange.lease, asked.package, org, datetime.now(UTC))
    return Leased(refusal=came) if isinstance(came, Refusal) else Leased(envelope=came)


async def confirm(doors: Doors, org: OrgId, asked: AboutPackage) -> Outcome:
    return refusal_of(await asyncio.to_thread(doors.exchange.confirm, asked.package, org, datetime.now(UTC)))


async def revoke(doors: Doors, org: OrgId, asked: AboutPackage) -> Outcome:
    return refusal_of(await asyncio.to_thread(doors.exchange.revoke, asked.package, org, datetime.now(UTC)))


async def state(doors: Doors, org: OrgId, asked: AboutPackage) -> Deliveries:
    found = await asyncio.to_thread(doors.exchange.state, asked.package, org)
    return Deliveries() if isinstance(found, Refusal) else Deliveries(deliveries=(found,))


def refusal_of(came: Delivery | Refusal) -> Outcome:
    return Outcome(refusal=came if isinstance(came, Refusal) else None)


# --- keys ----------------------------------------------------------------------------------------------


async def publish(doors: Doors, _: OrgId, keys: PublishedPiece) -> Outcome:
    """Takes in some of an organisation's keys. What vouches for them is in themselves: no other signature is needed.

    A first key is accepted for the organisation that it was compared with, and for no other. The plane's own is none
    that anybody brings: the plane takes it in when it starts.
    """
    if keys.org != OPERATOR and not doors.plane.knows(keys.org):
        return Outcome(refusal=Refusal(code="not-in-directory"))
    accepted = doors.settings.accepted_keys.get(keys.org, ()) if keys.org != OPERATOR else ()
    return Outcome(refusal=await asyncio.to_thread(doors.keys.publish, keys, datetime.now(UTC), accepted))


async def revoke_key(doors: Doors, org: OrgId, asked: Revocation) -> Outcome:
    """From now on nothing is believed because of a key. An organisation's own, or for the operator anybody's: who
    has stolen a key can sign as its organisation, which then needs somebody else to stop it."""
    if org not in (asked.org, OPERATOR):
        return Outcome(refusal=Refusal(code="key-unknown"))
    revoking = (asked.org, asked.fingerprint, asked.reason.value, datetime.now(UTC), org)
    return Outcome(refusal=await asyncio.to_thread(doors.keys.revoke, *revoking))


async def published(doors: Doors, _: OrgId, asked: AboutOrganisation) -> Published:
    return Published(keys=await asyncio.to_thread(doors.keys.list, asked.org))


async def ready(_: Doors, __: OrgId, ___: Nothing) -> Outcome:
    return Outcome()


HANDLERS: dict[str, tuple[type[Word], Handler]] = {
    "/v1/ready": (Nothing, ready),
    "/v1/cases/open": (Done, open_case),
    "/v1/cases/submit": (Done, submit),
    "/v1/cases/adopt": (Done, adopt),
    "/v1/cases/foresee": (Foresight, foresee),
    "/v1/cases/standing": (AboutCase, standing),
    "/v1/alarms": (Alarm, alarm),
    "/v1/register/receipt": (AboutKey, receipt),
    "/v1/register/closure": (AboutCase, closure),
    "/v1/register/cases": (AboutCases, rows(lambda doors: doors.plane.reads.cases)),
    "/v1/register/case": (AboutCase, rows(lambda doors: doors.plane.reads.case)),
    "/v1/register/handoffs": (AboutCase, rows(lambda doors: doors.plane.reads.handoffs)),
    "/v1/register/firings": (AboutCase, rows(lambda doors: doors.plane.reads.firings)),
    "/v1/register/history": (AboutCase, rows(lambda doors: doors.plane.reads.history)),
    "/v1/register/status_changes": (AboutCase, rows(lambda doors: doors.plane.reads.status_changes)),
    "/v1/register/deadlines": (AboutDeadlines, rows(lambda doors: doors.plane.reads.deadlines)),
    "/v1/register/open_between": (AboutOpen, rows(lambda doors: doors.plane.reads.open_between)),
    "/v1/register/pack": (AboutPack, rows(lambda doors: doors.plane.reads.pack)),
    "/v1/register/pack_digest": (AboutCase, rows(lambda doors: doors.plane.reads.pack_digest)),
    "/v1/exchange/leave": (Envelope, leave),
    "/v1/exchange/lease": (AboutPackage, lease),
    "/v1/exchange/confirm": (AboutPackage, confirm),
    "/v1/exchange/revoke": (AboutPackage, revoke),
    "/v1/exchange/state": (AboutPackage, state),
    "/v1/keys/published": (AboutOrganisation, published),
    "/v1/keys/revoke": (Revocation, revoke_key),
}
"""What may be asked: the path, the words of the question, and who answers it."""
PUBLISH = "/v1/keys/publish"
"""The one request that carries no token: an organisation's first key can't be vouched for by an earlier one."""


def plane_api(doors: Doors) -> FastAPI:
    """The API. It has no pages that describe it: those who may use it have its words."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/{path:path}")
    async def ask(path: str, request: Request) -> Response:
        try:
            body = await whole(request)
            where = f"/{path}"
            if where == PUBLISH:
                if not doors.pace.allows(ANYBODY):
                    raise Refusing(429, "too-many-requests")
                return told(await publish(doors, "", read(PublishedPiece, body)))
            org = await caller(doors, request, where, body)
            if where not in HANDLERS:
                raise Refusing(404, "no-such-question")
            words, handler = HANDLERS[where]
            return told(await handler(doors, org, read(words, body)))
        except Refusing as refusing:
            return fault(refusing.status, refusing.code, refusing.detail)
        except NoSuchCase:
            return fault(404, "no-such-case")
        except Forged as forged:
            return fault(400, str(forged))
        except (Unavailable, SQLAlchemyError, CannotAudit) as problem:
            log.error("a request could not be answered", reason=type(problem).__name__)
            return fault(503, "unavailable")
        except Exception as problem:
            log.error("a request failed", reason=type(problem).__name__, where=path if f"/{path}" in HANDLERS else "")
            return fault(500, "unexpected")

    return app


async def whole(request: Request) -> bytes:
    """The body, as far as it is not larger than any question.

    Raises:
        Refusing: it is.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_REQUEST:
            raise Refusing(413, "too-large")
    return bytes(body)


async def caller(doors: Doors, request: Request, path: str, body: bytes) -> OrgId:
    """The organisation whose key has signed this very request.

    Raises:
        Refusing: nobody's has.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refusing(401, "signature-missing")
    now = datetime.now(UTC)
    proof = await asyncio.to_thread(
        verify_request,
        token,
        doors.keys,
        method="POST",
        path=path,
        body_digest=digest_of(body),
        audience=doors.settings.event_source,
        now=now,
        seen=doors.seen,
    )
    if isinstance(proof, Refusal):
        log.warning("a request proved nothing", code=proof.code)
        raise Refusing(401, proof.code)
    if not doors.pace.allows(proof.org):
        log.warning("an organisation asks too often", org=proof.org)
        raise Refusing(429, "too-many-requests")
    return proof.org


def read(words: type[Word], body: bytes) -> Any:
    try:
        return words.model_validate_json(body)
    except ValidationError:
        log.warning("a request was not understood", question=words.__name__)
        raise Refusing(422, "not-understood") from None


def told(answer: Word, status: int = 200) -> Response:
    return Response(answer.model_dump_json(), status, media_type="application/json", headers=HEADERS)


def fault(status: int, code: str, detail: str | None = None) -> Response:
    return told(Fault(code=code, detail=detail), status)
