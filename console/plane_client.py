"""The way to the plane: every request signed with the key of the organisation that makes it."""

from __future__ import annotations

import asyncio
import ssl
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
from sqlmodel import SQLModel

from activities.key_directory import KnownKeys, reached
from activities.organisation_keys import OrganisationKeys
from activities.signatures import digest_of, request_token, signed
from activities.surroundings import BadSettings
from models.case import Receipt
from models.contracts import Refusal, Standing
from models.events import Opened, RulesAdopted, Submitted
from models.exchange import Delivery, Envelope
from models.packs import RulePack
from models.plane import (
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
from models.published_keys import Fingerprint, PublishedKey, PublishedKeys, PublishedPiece, WhyRevoked, pieces
from models.register import CaseEventRow, CaseRow, DeadlineRow, FiringRow, HandoffRow
from models.retention import Closure
from models.settings import Settings
from models.words import CaseRef, ItemId, OrgId, RequestKey, Word
from workflows.cases import NO_ANSWER, NoSuchCase
from workflows.connection import Unavailable

ANSWER_SECONDS = 10.0
CONNECT_SECONDS = 2.0
REACHED_WITHIN = 1.2
"""Seconds until a plane that says nothing counts as away: a person waits five, the program's own start included."""
TOO_OFTEN = (
    "Organisationen har frågat för ofta den senaste minuten. Inget har hänt; försök igen om en minut.\n"
    "The organisation has asked too often in the last minute. Nothing has happened; try again in a minute."
)
Row = TypeVar("Row", bound=SQLModel)
Answer = TypeVar("Answer", bound=Word)


class NotTaken(Exception):
    """The plane does not take this organisation's word. Says why and what to do."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


class PlaneClient:
    """One program's connection to the plane. `keys_of` gives the keys of an organisation that acts here."""

    def __init__(self, settings: Settings, keys_of: Callable[[OrgId], OrganisationKeys]) -> None:
        self._settings, self._keys_of = settings, keys_of
        timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
        self._http = httpx.Client(base_url=settings.plane, timeout=timeout, trust_env=False, verify=trusted(settings))
        self._reached = False
        weakref.finalize(self, self._http.close)

    def ask(self, org: OrgId, path: str, question: Word) -> httpx.Response:
        """One signed request.

        Raises:
            Unavailable: the plane does not answer, or can't reach what it needs.
            NoSuchCase: there is none, or none that this organisation may know of.
            NotTaken: the plane does not trust the signature.
        """
        self._reach()
        answer = self._asked(org, path, question)
        if fault_code(answer) == "key-unknown":
            self.publish(self._keys_of(org).public())
            answer = self._asked(org, path, question)
        if answer.status_code == httpx.codes.OK:
            return answer
        code = fault_code(answer)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NoSuchCase(getattr(question, "case", "?"))
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.BAD_REQUEST):
            raise NotTaken(code)
        raise Unavailable(TOO_OFTEN if answer.status_code == httpx.codes.TOO_MANY_REQUESTS else NO_ANSWER)

    def _reach(self) -> None:
        """Asks whether anybody is there, before a key is made for asking.

        Raises:
            Unavailable: nobody is, or nobody says anything in time.
        """
        if not self._reached:
            try:
                self._http.get("/", timeout=REACHED_WITHIN)
            except httpx.HTTPError:
                raise Unavailable(not_there(self._settings)) from None
            self._reached = True

    def _asked(self, org: OrgId, path: str, question: Word) -> httpx.Response:
        body = question.model_dump_json().encode()
        token = request_token(
            self._keys_of(org),
            "POST",
            path,
            digest_of(body),
            audience=self._settings.event_source,
            now=datetime.now(UTC),
        )
        return self._post(path, body, {"authorization": f"Bearer {token}"})

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        try:
            return self._http.post(path, content=body, headers=headers | {"content-type": "application/json"})
        except httpx.HTTPError as problem:
            raise Unavailable(
                not_there(self._settings) if isinstance(problem, httpx.ConnectError) else NO_ANSWER
            ) from None

    def publish(self, keys: PublishedKeys) -> None:
        """Publishes an organisation's keys, the oldest first. Publishing again changes nothing.

        Raises:
            NotTaken: the plane does not believe them; the detail is the fingerprint that an operator compares.
        """
        for piece in pieces(keys):
            self._publish(piece)

    def _publish(self, piece: PublishedPiece) -> None:
        answer = self._post("/v1/keys/publish", piece.model_dump_json().encode(), {})
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(NO_ANSWER)
        if refusal := Outcome.model_validate_json(answer.content).refusal:
            raise NotTaken(refusal.code, refusal.detail)

    def published_by(self, org: OrgId) -> tuple[PublishedKey, ...]:
        """An organisation's own keys as the plane has them."""
        keys = self.told(org, "/v1/keys/published", AboutOrganisation(org=org), Published).keys
        return tuple(key for key in keys if key.org == org)

    def published(self, org: OrgId, asking: OrgId) -> KnownKeys:
        """The published keys of an organisation, to verify and to seal with.

        In production only those that lead back to a fingerprint that this desk has compared itself: a key that the
        plane has put in between is none.
        """
        keys = self.told(asking, "/v1/keys/published", AboutOrganisation(org=org), Published).keys
        if self._settings.mode == "embedded":
            return KnownKeys(keys)
        return reached((key for key in keys if key.org == org), self._settings.trusted_keys.get(org, ()))

    def revoke_key(self, org: OrgId, fingerprint: Fingerprint, reason: WhyRevoked, asking: OrgId) -> Refusal | None:
        """From now on the plane believes nothing because of this key."""
        question = Revocation(org=org, fingerprint=fingerprint, reason=reason)
        return self.told(asking, "/v1/keys/revoke", question, Outcome).refusal

    def closure(self, case: CaseRef, org: OrgId) -> Closure | None:
        """Whether a case is over, and since when; None when this organisation never had a part in it."""
        return self.told(org, "/v1/register/closure", AboutCase(case=case), KnownClosure).closure

    async def ready(self, org: OrgId) -> None:
        """Raises: Unavailable: the plane does not answer."""
        await asyncio.to_thread(self.ask, org, "/v1/ready", Nothing())

    # --- the exchange ----------------------------------------------------------------------------------

    def leave(self, envelope: Envelope) -> Refusal | None:
        return self.told(envelope.sender, "/v1/exchange/leave", envelope, Outcome).refusal

    def lease(self, package: ItemId, org: OrgId) -> Envelope | Refusal:
        leased = self.told(org, "/v1/exchange/lease", AboutPackage(package=package), Leased)
        return leased.envelope or leased.refusal or Refusal(code="no-such-package")

    def confirm(self, package: ItemId, org: OrgId) -> Refusal | None:
        return self.told(org, "/v1/exchange/confirm", AboutPackage(package=package), Outcome).refusal

    def revoke(self, package: ItemId, org: OrgId) -> Refusal | None:
        return self.told(org, "/v1/exchange/revoke", AboutPackage(package=package), Outcome).refusal

    def delivery(self, package: ItemId, org: OrgId) -> Delivery | None:
        found = self.told(org, "/v1/exchange/state", AboutPackage(package=package), Deliveries).deliveries
        return found[0] if found else None

    def told(self, org: OrgId, path: str, question: Word, answer: type[Answer]) -> Answer:
        return answer.model_validate_json(self.ask(org, path, question).content)

    # --- acts --------------------------------------------------------------------------------------------

    async def submit(self, case: CaseRef, event: Submitted) -> Receipt | Refusal:
        return receipt_of(await self._done("/v1/cases/submit", case, event))

    async def open(self, case: CaseRef, event: Opened) -> Refusal | None:
        return (await self._done("/v1/cases/open", case, event)).refusal

    async def adopt(self, case: CaseRef, event: RulesAdopted) -> Receipt | Refusal:
        return receipt_of(await self._done("/v1/cases/adopt", case, event))

    async def _done(self, path: str, case: CaseRef, event: Submitted | RulesAdopted) -> Outcome:
        org = event.by.org
        now, audience = datetime.now(UTC), self._settings.event_source
        act = signed(event.model_dump(mode="json"), self._keys_of(org), case=case, audience=audience, now=now)
        return await asyncio.to_thread(self.told, org, path, Done(case=case, act=act), Outcome)

    async def foresee(self, case: CaseRef, event: Submitted) -> Outcome:
        question = Foresight(case=case, event=event)
        return await asyncio.to_thread(self.told, event.by.org, "/v1/cases/foresee", question, Outcome)

    async def alarm(self, org: OrgId, alarm: Alarm) -> Refusal | None:
        """Tells the organisation's own managers without its case. The same alarm again is told once."""
        return (await asyncio.to_thread(self.told, org, "/v1/alarms", alarm, Outcome)).refusal

    async def standing(self, case: CaseRef, org: OrgId) -> Standing:
        return await asyncio.to_thread(self.told, org, "/v1/cases/standing", AboutCase(case=case), Standing)


def trusted(settings: Settings) -> ssl.SSLContext | bool:
    """What vouches for the plane's certificate: the authorities that everybody knows, or the one named, alone. Where no
    TLS is spoken nobody: reading all authorities takes longer than many a question.

    Raises:
        BadSettings: the file is none.
    """
    if settings.plane.startswith("http://"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if settings.plane_authority is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(settings.plane_authority))
    except (OSError, ssl.SSLError):
        raise BadSettings("UTVAG_PLANE_AUTHORITY: går inte att läsa | can't be read") from None


def receipt_of(outcome: Outcome) -> Receipt | Refusal:
    came = outcome.refusal or outcome.receipt
    if came is None:
        raise Unavailable(NO_ANSWER)
    return came


def fault_code(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return "unknown"


def not_there(settings: Settings) -> str:
    return (
        f"Tjänsten svarar inte på {settings.plane}. Starta den med `make stack` och försök igen.\n"
        f"The service does not answer at {settings.plane}. Start it with `make stack` and try again."
    )


class PlaneView:
    """The register as the plane tells one organisation of it. Asks as `org`."""

    def __init__(self, plane: PlaneClient, org: OrgId) -> None:
        self._plane, self._org = plane, org

    def _rows(self, what: str, question: Word) -> tuple[dict[str, Any], ...]:
        return self._plane.told(self._org, f"/v1/register/{what}", question, Rows).rows

    def _typed(self, row: type[Row], what: str, question: Word) -> list[Row]:
        return [row.model_validate(told) for told in self._rows(what, question)]

    def receipt(self, key: RequestKey) -> tuple[CaseRef, Receipt] | None:
        """The case in which a request key was answered, and the answer, however long ago."""
        known = self._plane.told(self._org, "/v1/register/receipt", AboutKey(key=key), KnownReceipt)
        return (known.case, known.receipt) if known.case and known.receipt else None

    def cases(self, org: OrgId | None = None) -> list[CaseRow]:
        return self._typed(CaseRow, "cases", AboutCases(org=org))

    def case(self, ref: CaseRef) -> CaseRow | None:
        return next(iter(self._typed(CaseRow, "case", AboutCase(case=ref))), None)

    def pack_digest(self, ref: CaseRef) -> str | None:
        return next((row["digest"] for row in self._rows("pack_digest", AboutCase(case=ref))), None)

    def pack(self, digest: str) -> RulePack | None:
        return next((RulePack.model_validate(row) for row in self._rows("pack", AboutPack(digest=digest))), None)

    def history(self, ref: CaseRef) -> list[CaseEventRow]:
        return self._typed(CaseEventRow, "history", AboutCase(case=ref))

    def firings(self, ref: CaseRef) -> list[FiringRow]:
        return self._typed(FiringRow, "firings", AboutCase(case=ref))

    def handoffs(self, ref: CaseRef) -> list[HandoffRow]:
        return self._typed(HandoffRow, "handoffs", AboutCase(case=ref))

    def status_changes(self, ref: CaseRef) -> list[tuple[int, str, str, str | None]]:
        rows = self._rows("status_changes", AboutCase(case=ref))
        return [(change[0], change[1], change[2], change[3]) for row in rows for change in [row["change"]]]

    def deadlines(self, ref: CaseRef | None = None) -> list[DeadlineRow]:
        return self._typed(DeadlineRow, "deadlines", AboutDeadlines(case=ref))

    def open_between(
        self, *, recipient: OrgId | None = None, requester: OrgId | None = None
    ) -> list[tuple[HandoffRow, datetime | None, timedelta]]:
        found = self._rows("open_between", AboutOpen(recipient=recipient, requester=requester))
        return [
            (
                HandoffRow.model_validate(one["row"]),
                datetime.fromisoformat(one["due"]) if one["due"] else None,
                timedelta(seconds=one["offset"]),
            )
            for one in found
        ]
