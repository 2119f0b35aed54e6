"""The plane's side of its API: what an organisation has signed is verified, and only then enters the core."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from temporalio.client import Client

from activities.directory import Directory, is_listed
from activities.exchange import Exchange
from activities.rule_packs import PACKS, pack_on, pack_with
from activities.sharing_rules import sharing_words
from console.plane_reads import PlaneReads, now_of
from models.case import CaseState, Receipt
from models.contracts import Adoption, CaseInput, Refusal, Standing
from models.events import (
    Acted,
    Actor,
    Disclosed,
    Event,
    Opened,
    Organisation,
    RulesAdopted,
    Sent,
    Submitted,
    fingerprint,
)
from models.exchange import PackageState
from models.packs import RulePack
from models.plane import Outcome
from models.published_keys import VerifiedAct
from models.settings import Settings
from models.words import CaseRef, Code, OrgId
from rules.case import decide, may_begin
from workflows import cases
from workflows.cases import NoSuchCase

SUBMITTED: TypeAdapter[Submitted] = TypeAdapter(Submitted)


class Plane:
    """Takes acts on behalf of organisations whose signature has been verified."""

    def __init__(
        self, settings: Settings, client: Client, reads: PlaneReads, exchange: Exchange, directory: Directory
    ) -> None:
        self._settings, self._client, self.reads, self._exchange = settings, client, reads, exchange
        self.directory = directory

    async def take(self, case: CaseRef, act: VerifiedAct) -> Outcome:
        """Submits an act to its case.

        Raises:
            NoSuchCase, Unavailable: as `workflows.cases.submit`.
            Forged: what was signed is not an act, or another organisation's.
        """
        event = submitted(act)
        if isinstance(event, Opened):
            raise Forged("opening-goes-elsewhere")
        answered = self.answered(case, event)
        if answered is not None and answered.receipt is not None:
            return answered
        await self.known_to(case, act.org, event)
        if answered is not None:
            return answered
        if refusal := self.strange(event) or await self.undisclosed(case, event):
            return Outcome(refusal=refusal)
        return same_request(await cases.submit(self._client, case, event), event)

    async def known_to(self, case: CaseRef, org: OrgId, event: Event | None = None) -> None:
        """What is done in a case is done by those who may know of it. For everybody else there is none, but for what
        their function alone asks.

        The register's word is enough when it shows the case; what it has not been told yet, the case itself knows.

        Raises:
            NoSuchCase: this one may not know of it.
        """
        if await asyncio.to_thread(self.reads.state, case, org) is not None:
            return
        standing = await self.standing(case)
        begins = False
        if isinstance(event, Sent) and (kind := self.pack(standing).kinds.get(event.handoff_kind)):
            begins = may_begin(standing.state, kind, org, event.recipient.id)
        if not begins and self.reads.seen(standing, org) is None:
            raise NoSuchCase(case)

    def knows(self, org: OrgId) -> bool:
        return org in self.directory

    def strange(self, event: Event) -> Refusal | None:
        """An organisation that an act names and that the plane's own directory has not, or has otherwise.

        Nobody invents a recipient that nothing reaches, nor says of one with a desk that it has none.
        """
        unlisted = next((one for one in named_in(event) if not is_listed(one, self.directory)), None)
        return Refusal(code="not-in-directory", detail=unlisted.id) if unlisted else None

    async def undisclosed(self, case: CaseRef, event: Event) -> Refusal | None:
        """Why a disclosure is not one: its words are in no list, or the package that it speaks of lies nowhere."""
        if not isinstance(event, Disclosed):
            return None
        if not words_are_listed(event.categories, event.grounds):
            return Refusal(code="unknown-categories")
        if event.way == "sealed" and not await self.lies_sealed(case, event):
            return Refusal(code="package-not-there")
        return None

    async def lies_sealed(self, case: CaseRef, event: Disclosed) -> bool:
        """Whether the exchange has the very package that is said to have been sent."""
        found = await asyncio.to_thread(self._exchange.state, event.package, event.by.org)
        if isinstance(found, Refusal) or found.label is None or found.digest != event.digest:
            return False
        if found.state is PackageState.REVOKED:
            return False
        label = found.label
        said = (case, event.handoff, event.by.org, event.recipient, event.categories, event.grounds)
        return said == (label.case, label.handoff, label.sender, label.recipient, label.categories, label.grounds)

    async def open(self, case: CaseRef, act: VerifiedAct) -> Outcome:
        """Starts a case. Its state, rules and clock are made here: nothing but the opening comes from the desk."""
        event = submitted(act)
        if not isinstance(event, Opened) or event.opener.id != act.org:
            raise Forged("not-an-opening")
        if (event.training or event.clock_offset) and not self._settings.training:
            return Outcome(refusal=Refusal(code="not-a-training-case"))
        if refusal := self.strange(event):
            return Outcome(refusal=refusal)
        now = datetime.now(UTC) + event.clock_offset
        pack = pack_on(now.date(), self.packs)
        state = CaseState(case=case, training=event.training, clock_offset=event.clock_offset)
        if isinstance(refused := decide(state, event, now, pack), Refusal):
            return Outcome(refusal=refused)
        start = CaseInput(state=state, pack=pack, opening=event, events_per_run=self._settings.events_per_run)
        if not await cases.start_case(self._client, start):
            return await self.opened_before(case, event)
        return Outcome()

    async def opened_before(self, case: CaseRef, event: Opened) -> Outcome:
        """There is such a case: done, if it is this opening's; otherwise it is another's, and nothing more is said."""
        if known := self.answered(case, event):
            return known if known.refusal else Outcome()
        receipt = (await self.standing(case)).state.answered.get(event.key)
        same = receipt is not None and receipt.request == fingerprint(event)
        return Outcome() if same else Outcome(refusal=Refusal(code="reference-taken"))

    async def adopt(self, case: CaseRef, act: VerifiedAct) -> Outcome:
        """Takes a case over to newer rules: those of this installation that have the digest that was signed."""
        event = adopted(act)
        await self.known_to(case, act.org)
        if answered := self.answered(case, event):
            return answered
        newer = await asyncio.to_thread(pack_with, event.pack, self.packs)
        if newer is None:
            return Outcome(refusal=Refusal(code="unknown-rules"))
        return same_request(await cases.adopt(self._client, case, Adoption(event=event, pack=newer)), event)

    def answered(self, case: CaseRef, event: Event) -> Outcome | None:
        """What this very request was answered, however long ago; or that its key has served another."""
        known = self.reads.answered(event.key) if hasattr(event, "key") else None
        if known is None:
            return None
        where, receipt = known
        if where != case or receipt.request != fingerprint(event):
            return Outcome(refusal=Refusal(code="key-used-for-something-else"))
        return Outcome(receipt=receipt)

    async def foresee(self, case: CaseRef, org: OrgId, event: Event) -> Outcome:
        """What this request was answered, if it was; otherwise whether the core would refuse it now."""
        by: Actor | None = getattr(event, "by", None)
        if by is None or by.org != org:
            raise Forged("another-organisation")
        answered = self.answered(case, event)
        if answered is not None and answered.receipt is not None:
            return answered
        await self.known_to(case, org, event)
        if answered is not None:
            return answered
        if refusal := self.strange(event):
            return Outcome(refusal=refusal)
        standing = await self.standing(case)
        found = decide(standing.state, event, standing.now, self.pack(standing))
        return Outcome(refusal=found) if isinstance(found, Refusal) else Outcome()

    async def shown(self, case: CaseRef, org: OrgId) -> Standing:
        """How a case stands, as this organisation is shown it. One that it may not know of does not exist for it."""
        standing = self.reads.seen(await self.standing(case), org)
        if standing is None:
            raise NoSuchCase(case)
        return standing

    async def standing(self, case: CaseRef) -> Standing:
        try:
            return await cases.standing(self._client, case)
        except NoSuchCase:
            state = self.reads.last_known(case)
            if state is None:
                raise
            return Standing(state=state, now=now_of(state))

    def pack(self, standing: Standing) -> RulePack:
        return self.reads.pack_of(standing.state.case) or pack_on(standing.now.date(), self.packs)

    @property
    def packs(self) -> Path:
        return self._settings.rule_packs or PACKS


class Forged(Exception):
    """What was signed is not what it was sent as. A code; nothing of what was sent."""


def submitted(act: VerifiedAct) -> Submitted:
    """What an organisation signed, with the key that proves it.

    Raises:
        Forged: it is no event, or speaks for another organisation.
    """
    try:
        event = SUBMITTED.validate_python(act.payload)
    except ValidationError:
        raise Forged("not-an-act") from None
    return event.model_copy(update={"by": proof(act, event.by)})


def adopted(act: VerifiedAct) -> RulesAdopted:
    """As `submitted`, for the going over to newer rules."""
    try:
        event = RulesAdopted.model_validate(act.payload)
    except ValidationError:
        raise Forged("not-an-act") from None
    return event.model_copy(update={"by": proof(act, event.by)})


def proof(act: VerifiedAct, by: Actor) -> Actor:
    if by.org != act.org:
        raise Forged("another-organisation")
    return Actor(org=act.org, proof="signature", key=act.fingerprint, jws=act.jws, until=act.until)


def named_in(event: Event) -> tuple[Organisation, ...]:
    """The organisations that an event brings with it."""
    match event:
        case Opened():
            return (event.opener, *event.organisations)
        case Sent():
            return (event.sender, event.recipient)
        case Acted(to=Organisation() as to):
            return (to,)
    return ()


def words_are_listed(categories: Iterable[Code], grounds: Iterable[Code]) -> bool:
    """Whether categories and grounds are words of sharing rules that are installed: codes are no place for text."""
    known = sharing_words()
    return set(categories) <= known.categories and set(grounds) <= known.grounds


def same_request(came: Receipt | Refusal, event: Event) -> Outcome:
    """What came of a request; Temporal answers a key that it remembers with whatever that key was first used for."""
    if isinstance(came, Refusal):
        return Outcome(refusal=came)
    if came.request != fingerprint(event):
        return Outcome(refusal=Refusal(code="key-used-for-something-else"))
    return Outcome(receipt=came)
