"""Signed acts and signed requests: `by` is a claim until the organisation's key has proven it.

An act is signed for one case and one plane, and kept as it came, so that who did it can be proven years later. A
request to the plane's API is signed for a minute, for one method, path and body, and counts once.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from uuid import uuid4

from pydantic import Field, ValidationError
from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from activities import jws
from activities.key_directory import Keys
from activities.organisation_keys import OrganisationKeys
from activities.stores import reading, writing
from models.contracts import Refusal
from models.exchange_tables import SignedActRow
from models.published_keys import CLOCKS_DIFFER, Audience, KeyUse, PublishedKey, VerifiedAct, VerifiedRequest
from models.words import CaseRef, CheckedRef, Digest, OrgId, RequestKey, Word

ACT_TYPE, REQUEST_TYPE = "utvag-act+jws", "utvag-request+jws"
ACT_LIFE, LONGEST_ACT_LIFE = timedelta(minutes=10), timedelta(hours=1)
REQUEST_LIFE = timedelta(seconds=60)
REQUEST_CLOCKS_DIFFER = timedelta(seconds=30)
REMEMBERED = 200_000
"""Requests that are remembered at most. More than that within two minutes is not answered."""


class ActClaims(Word):
    """What an act's signature covers."""

    iss: OrgId
    aud: Audience
    case: CheckedRef
    jti: RequestKey
    iat: int = Field(ge=0, le=7_258_118_400)
    exp: int = Field(ge=0, le=7_258_118_400)
    """Seconds since 1970, UTC."""
    event: dict[str, Any] = Field(repr=False)


class RequestClaims(Word):
    iss: OrgId
    aud: Audience
    jti: RequestKey
    iat: int = Field(ge=0, le=7_258_118_400)
    exp: int = Field(ge=0, le=7_258_118_400)
    htm: str = Field(max_length=10)
    htu: str = Field(max_length=300)
    body: Digest


def signed(
    event: dict[str, Any],
    keys: OrganisationKeys,
    *,
    case: CaseRef,
    audience: str,
    now: datetime,
    ttl: timedelta = ACT_LIFE,
) -> str:
    """The act as JWS. `event` is the JSON of what is submitted; its `key` is the request key.

    `now` is the wall clock, also where a training case has moved its own.
    """
    issued = int(now.timestamp())
    claims = {"iss": keys.org, "aud": audience, "case": case, "jti": event["key"], "event": event}
    return keys.jws({**claims, "iat": issued, "exp": issued + int(ttl.total_seconds())}, ACT_TYPE)


def verify(
    act: str, directory: Keys, *, case: CaseRef, audience: str, now: datetime, revoked_by: datetime | None = None
) -> VerifiedAct | Refusal:
    """Who did what, proven; or why it is not believed. `case` is the one that the act is submitted to.

    `revoked_by`: a key that was revoked after this instant counts as believed; now unless said otherwise.
    """
    said = jws.told(act, ACT_TYPE)
    if said is None:
        return Refusal(code="signature-malformed")
    try:
        claims = ActClaims.model_validate(said.payload)
    except ValidationError:
        return Refusal(code="signature-malformed")
    key = signer(said, directory, claims.iss, revoked_by or now, claims.iat)
    if isinstance(key, Refusal):
        return key
    by = claims.event.get("by")
    why = (
        unfit(claims, audience, now, LONGEST_ACT_LIFE, CLOCKS_DIFFER)
        or (Refusal(code="signature-other-case") if claims.case != case else None)
        or (Refusal(code="signature-other-key") if claims.event.get("key") != claims.jti else None)
        or (Refusal(code="signature-other-org") if not isinstance(by, dict) or by.get("org") != key.org else None)
    )
    return why or VerifiedAct(
        org=key.org,
        fingerprint=key.fingerprint,
        case=claims.case,
        jti=claims.jti,
        payload=claims.event,
        digest=digest_of(jws.canonical({"case": claims.case, "event": {**claims.event, "by": key.org}})),
        signed_at=datetime.fromtimestamp(claims.iat, UTC),
        until=datetime.fromtimestamp(claims.exp, UTC),
        jws=act,
    )


def verify_kept(
    act: str, directory: Keys, *, case: CaseRef, audience: str, at: datetime | None
) -> VerifiedAct | Refusal:
    """As `verify`, for an act that was verified when it came, and entered its case `at` this instant of the machine's.

    A key that was revoked between the one and the other was still believed when it came. Whoever has stolen a key can
    write any date into what it signs, and so is judged by the instant at which the case took it. `at` None: nobody
    knows that instant (an opening waits in Temporal for a worker; training moves a case's time), the act's own counts.
    """
    said = jws.told(act, ACT_TYPE)
    try:
        claims = ActClaims.model_validate(said.payload if said else {})
    except ValidationError:
        return Refusal(code="signature-malformed")
    then = at or datetime.fromtimestamp(claims.iat, UTC)
    return verify(act, directory, case=case, audience=audience, now=then, revoked_by=then - CLOCKS_DIFFER)


def request_token(
    keys: OrganisationKeys, method: str, path: str, body_digest: str, *, audience: str, now: datetime
) -> str:
    """Proof that a request comes from this organisation, for a minute and for this request alone.

    `path` as it is sent, with its query if it has one; `body_digest` is `digest_of` the body's bytes, also empty ones.
    """
    issued = int(now.timestamp())
    claims = {"iss": keys.org, "aud": audience, "jti": str(uuid4()), "htm": method.upper(), "htu": path}
    until = issued + int(REQUEST_LIFE.total_seconds())
    return keys.jws({**claims, "body": body_digest, "iat": issued, "exp": until}, REQUEST_TYPE)


def verify_request(
    token: str,
    directory: Keys,
    *,
    method: str,
    path: str,
    body_digest: str,
    audience: str,
    now: datetime,
    seen: SeenRequests,
) -> VerifiedRequest | Refusal:
    """Which organisation a request comes from; or why that is not believed."""
    said = jws.told(token, REQUEST_TYPE)
    if said is None:
        return Refusal(code="signature-malformed")
    try:
        claims = RequestClaims.model_validate(said.payload)
    except ValidationError:
        return Refusal(code="signature-malformed")
    key = signer(said, directory, claims.iss, now, claims.iat)
    if isinstance(key, Refusal):
        return key
    why = unfit(claims, audience, now, REQUEST_LIFE, REQUEST_CLOCKS_DIFFER)
    if why is None and (claims.htm, claims.htu, claims.body) != (method.upper(), path, body_digest):
        why = Refusal(code="signature-other-request")
    if why is None:
        why = seen.first(claims.jti, now, datetime.fromtimestamp(claims.exp, UTC) + REQUEST_CLOCKS_DIFFER)
    return why or VerifiedRequest(org=key.org, fingerprint=key.fingerprint, jti=claims.jti)


def digest_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def signer(said: jws.Told, directory: Keys, org: OrgId, now: datetime, issued: int) -> PublishedKey | Refusal:
    """The key that signed, when it is this organisation's and is believed; everything else is looked at after that."""
    key = directory.verify_key(org, said.kid, now, datetime.fromtimestamp(issued, UTC))
    if isinstance(key, Refusal):
        other = key.code == "key-unknown" and directory.owner(said.kid) not in (None, org)
        return Refusal(code="signature-other-org") if other else key
    if key.use is not KeyUse.SIGNING:
        return Refusal(code="key-unknown")
    return key if jws.proven(said, key.raw) else Refusal(code="signature-false")


def unfit(
    claims: ActClaims | RequestClaims, audience: str, now: datetime, longest: timedelta, clocks: timedelta
) -> Refusal | None:
    """Why something signed is not for this plane or not for now."""
    if claims.aud != audience:
        return Refusal(code="signature-other-audience")
    issued, until = (datetime.fromtimestamp(at, UTC) for at in (claims.iat, claims.exp))
    if issued > now + clocks:
        return Refusal(code="signature-ahead")
    if until + clocks <= now:
        return Refusal(code="signature-expired")
    if not timedelta(0) < until - issued <= longest:
        return Refusal(code="signature-malformed")
    return None


class SeenRequests:
    """The requests that one program has answered and that could still be sent again. In memory: it forgets when the
    program stops, and each of several programs has its own. What must not be done twice has a request key as well."""

    def __init__(self) -> None:
        self._until: dict[RequestKey, datetime] = {}
        self._lock = Lock()

    def first(self, jti: RequestKey, now: datetime, until: datetime) -> Refusal | None:
        """None the first time; remembered `until` then."""
        with self._lock:
            if len(self._until) >= REMEMBERED:
                self._until = {key: end for key, end in self._until.items() if end > now}
            if jti in self._until:
                return Refusal(code="signature-again")
            if len(self._until) >= REMEMBERED:
                return Refusal(code="too-many-requests")
            self._until[jti] = until
        return None


def keep(session: Session, act: VerifiedAct, at: datetime) -> Refusal | None:
    """Keeps a verified act, once per request key and case, in the caller's write transaction. Signed anew, the first
    stands.

    Another act under the same key in that case is refused.
    """
    row = {
        "key": act.jti,
        "case": act.case,
        "org": act.org,
        "fingerprint": act.fingerprint,
        "digest": act.digest,
        "jws": act.jws,
        "at": at,
    }
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.connection().execute(
        insert(SignedActRow).values(row).on_conflict_do_nothing(index_elements=["key", "case"])
    )
    this = (col(SignedActRow.key) == act.jti, col(SignedActRow.case) == act.case)
    stands = session.exec(select(SignedActRow.digest, SignedActRow.org).where(*this)).one()
    return None if tuple(stands) == (act.digest, act.org) else Refusal(code="key-used-for-something-else")


class SignedActs:
    """The acts as they were signed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, act: VerifiedAct, at: datetime) -> Refusal | None:
        with writing(self._engine) as session:
            return keep(session, act, at)

    def of(self, case: CaseRef, key: RequestKey) -> str | None:
        """A case's act with this request key as it was signed."""
        with reading(self._engine) as session:
            row = session.get(SignedActRow, (key, case))
            return row.jws if row else None
