"""What people do with cases, the same for every way in: open, record, send, answer, close, look."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from threading import RLock
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from activities.directory import Directory, load_directory
from activities.offices import Office
from activities.organisation_keys import OrganisationKeys
from activities.protected_data import DeskStore
from activities.rule_packs import PACKS, pack_on, pack_with
from activities.stores import BadDatabase
from console import opening
from console.acting_keys import ActingKeys
from console.answers import (
    NOTHING_MORE,
    Answer,
    acted,
    kept_words,
    refuse_unknown_codes,
    refuse_what_has_not_been,
)
from console.coding import coded_facts, kept_items, start_of
from console.consent_telling import refuse_bare_word, told_of_age
from console.failures import Fault, Invalid, NotFound, Refused
from console.keeping import handler, keep_all
from console.plane_client import PlaneClient, PlaneView
from models.access import Reader, UserId
from models.case import CaseState, Receipt
from models.contracts import Refusal, Standing
from models.desk_tables import InboxRow
from models.directory import DirectoryEntry
from models.events import (
    Actor,
    ClockMoved,
    Facts,
    FactsRecorded,
    Sent,
    Submitted,
)
from models.handoffs import Act
from models.intake import Filling, Intake
from models.packs import RulePack
from models.plane import Outcome
from models.register import HandoffRow
from models.settings import Settings
from models.words import (
    CaseRef,
    Code,
    HandoffId,
    OrgId,
    RequestKey,
    Urgency,
)
from rules import marks
from rules.case import involved
from rules.showing import OPERATOR
from workflows.cases import NoSuchCase
from workflows.connection import Unavailable

LONGEST_STEP = timedelta(days=7)
"""A long move of a training clock is made in steps, so that no single revision grows large."""
REST_SECONDS = 15.0
NOT_KEPT = (
    "den folkbokförda adressen sparas inte för den här personen",
    "the registered address is not kept for this person",
)
TAKES_UP = frozenset({Act.ACKNOWLEDGE, Act.ACCEPT, Act.START})
"""Acts by which somebody at the recipient's desk takes a case in hand."""


class Casework:
    """One program's way to the cases: its settings, its directory, its connection, the desks on this machine."""

    def __init__(self, settings: Settings, asking: OrgId | None = None) -> None:
        self.settings = settings
        self.asking = asking or settings.org or OPERATOR
        """Who looks: an organisation sees its own handoffs, the operator of this installation all references."""
        self._offices: dict[OrgId, Office] = {}
        self._keys = ActingKeys(settings)
        self._packs: dict[str, RulePack] = {}
        self._digests: dict[CaseRef, str] = {}
        self._opening = RLock()

    @cached_property
    def directory(self) -> Directory:
        return load_directory(self.settings.directory)

    @cached_property
    def plane(self) -> PlaneClient:
        return PlaneClient(self.settings, self.keys)

    @cached_property
    def view(self) -> PlaneView:
        return PlaneView(self.plane, self.asking)

    def keys(self, org: OrgId) -> OrganisationKeys:
        """The keys that an organisation acts with on this machine.

        Raises:
            Refused: there are none, and this is not an installation that makes them for everybody.
        """
        return self._keys.of(org)

    def office(self, org: OrgId) -> Office:
        """An organisation's desk, where it is on this machine."""
        with self._opening:
            if org not in self._offices:
                calendar = pack_on(datetime.now(UTC).date(), self.settings.rule_packs or PACKS).calendar_of(org)
                self._offices[org] = Office(self.settings, self.organisation(org), calendar)
            return self._offices[org]

    def desk(self, org: OrgId) -> DeskStore:
        return self.office(org).store

    def handler(self, org: OrgId, user: UserId | None) -> Reader:
        """The account that writes at a desk: the one named, or the one that works here. Raises: Refused: none."""
        return handler(self.office(org), user or self.settings.account)

    def name_on_case(self, org: OrgId, case: CaseRef, user: UserId | None) -> None:
        """Whoever takes a case up while nobody is on its list is on it from then on."""
        account, office = user or self.settings.account, self.office(org)
        reader = office.staff.reader(account) if account is not None else None
        if isinstance(reader, Reader):
            with office.trail.writing() as session:
                office.need_to_know.take_up(session, reader, case, datetime.now(UTC), unless_somebody_is=True)

    def organisation(self, org: OrgId) -> DirectoryEntry:
        entry = self.directory.get(org)
        if entry is None or not entry.active:
            raise NotFound(
                "Organisationen finns inte i katalogen: `starter.py directory list` visar vilka som finns.",
                "The organisation is not in the directory: `starter.py directory list` shows those that are.",
            )
        return entry

    # --- opening -------------------------------------------------------------------------------------

    async def open_case(self, intake: Intake, user: UserId | None = None) -> CaseRef:
        """`opening.open_case`."""
        return await opening.open_case(self, intake, user)

    # --- doing ---------------------------------------------------------------------------------------

    async def record(
        self,
        case: CaseRef,
        filling: Filling,
        org: OrgId,
        key: RequestKey | None = None,
        user: UserId | None = None,
    ) -> Receipt | None:
        """Fills in a case: what is personal is kept at the desk first, then coded facts go to the case.

        Only for an account that may write each category concerned: what decides about somebody is nobody's by default.

        Returns None when there was nothing for the case itself.
        """
        key = key or str(uuid4())
        self.organisation(org)
        standing = await self.standing(case)
        if org not in involved(standing.state):
            raise Refused(Refusal(code="not-your-case"))
        by = self.handler(org, user)
        self.refuse_what_may_not_be_kept(org, case, filling)
        refuse_bare_word(self.office(org), standing, filling)
        facts, kept = coded_facts(filling, standing.now, self.pack(case)), kept_items(filling, key)
        event = FactsRecorded(key=key, by=Actor(org=org), facts=facts)
        foreseen = await self.plane.foresee(case, event) if facts != Facts() else Outcome()
        if foreseen.receipt:
            return foreseen.receipt
        refusal = foreseen.refusal
        known_already = kept and refusal is not None and refusal.code == "nothing-new"
        if refusal is not None and not known_already:
            raise Refused(refusal)
        keep_all(self.office(org), by, case, kept, "recorded")
        receipt = None if facts == Facts() or known_already else await self.submit(case, event)
        await told_of_age(self, self.office(org), standing, filling)
        return receipt

    def refuse_what_may_not_be_kept(self, org: OrgId, case: CaseRef, filling: Filling) -> None:
        """The registered address of somebody with protected registration, also when the mark was recorded before.

        Raises:
            Invalid: nothing was kept.
        """
        office = self.office(org)
        purposes = {address.purpose for address in filling.addresses}
        if any(not marks.may_be_kept(purpose, office.mark_of(case), office.marks) for purpose in purposes):
            raise Invalid(Fault("addresses", *NOT_KEPT))

    async def send(
        self,
        case: CaseRef,
        kind: Code,
        recipient: OrgId,
        org: OrgId,
        *,
        urgency: Urgency | None = None,
        parent: HandoffId | None = None,
        anchor: date | datetime | None = None,
        key: RequestKey | None = None,
    ) -> Receipt:
        """Sends a handoff that the journey did not create by itself."""
        pack = self.pack(case)
        if kind not in pack.kinds:
            raise Refused(Refusal(code="unknown-kind", possible=tuple(pack.kinds)))
        return await self.submit(
            case,
            Sent(
                key=key or str(uuid4()),
                by=Actor(org=org),
                handoff_kind=kind,
                sender=self.organisation(org).organisation(),
                recipient=self.organisation(recipient).organisation(),
                urgency=urgency or Urgency.ORDINARY,
                parent=parent,
                anchor=start_of(anchor, pack) if anchor else None,
            ),
        )

    async def act(
        self,
        case: CaseRef,
        handoff: HandoffId,
        act: Act,
        org: OrgId,
        said: Answer = NOTHING_MORE,
        key: RequestKey | None = None,
        user: UserId | None = None,
    ) -> Receipt:
        """Acts on a handoff. Words and assessments are kept at `org`'s desk first; the act carries their id.

        The act is the organisation's. What is kept with it takes an account that may write it.
        """
        key = key or str(uuid4())
        self.organisation(org)
        refuse_unknown_codes(self.pack(case), act, said)
        event = acted(handoff, act, org, said, self.organisation(said.to) if said.to else None, key)
        kept = kept_words(said, handoff, key)
        takes_up = act in TAKES_UP and said.by_phone is None and self.organisation(org).desk
        if kept:
            foreseen = await self.plane.foresee(case, event)
            if foreseen.refusal:
                raise Refused(foreseen.refusal)
            refuse_what_has_not_been(said, (await self.standing(case)).now)
            by = self.handler(org, user)
            keep_all(self.office(org), by, case, kept.values(), "words-kept", takes_up=takes_up)
        receipt = await self.submit(case, event)
        if takes_up:
            self.name_on_case(org, case, user)
        return receipt

    async def advance(self, case: CaseRef, forward: timedelta, org: OrgId | None = None) -> Standing:
        """Moves a training case's time forward, a week at a time at the most.

        Raises:
            Refused: the case is no training case, or work is still on its way to a desk that answers.
        """
        if not self.settings.training:
            raise Refused(Refusal(code="not-a-training-case"))
        standing = await self.at_rest(case)
        if any(effect.attempts == 0 for effect in standing.state.desk_effects.values()):
            raise Refused(Refusal(code="work-under-way", possible=tuple(standing.state.desk_effects)))
        actor = Actor(org=org or standing.state.opener or self.settings.home)
        left = forward
        while left > timedelta(0):
            step = min(left, LONGEST_STEP)
            await self.submit(case, ClockMoved(key=str(uuid4()), by=actor, forward=step))
            left -= step
        return await self.standing(case)

    async def at_rest(self, case: CaseRef) -> Standing:
        """The case when the register has every revision and no desk that answers is still being asked.

        A desk that has not answered its first offer is not waited for. Gives up waiting after fifteen seconds
        and returns the case as it is. Within that time a busy case that gives no answer is asked again.

        Raises:
            Unavailable: no answer, and the time is out.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + REST_SECONDS
        while True:
            try:
                standing = await self.standing(case)
            except Unavailable:
                if loop.time() > end:
                    raise
                continue
            state = standing.state
            asked = any(effect.attempts == 0 for effect in state.desk_effects.values())
            if not (asked or state.pending) or loop.time() > end:
                return standing
            await asyncio.sleep(0.02)

    async def submit(self, case: CaseRef, event: Submitted) -> Receipt:
        """Submits an event and returns its receipt; a key that was answered long ago gives its old receipt.

        Raises:
            Refused: the rules refuse it.
            NoSuchCase: there is no such open case.
        """
        try:
            outcome = await self.plane.submit(case, event)
        except NoSuchCase:
            row = self.view.case(case)
            if row is None or row.closed_as is None:
                raise
            raise Refused(Refusal(code="case-closed", detail=row.closed_as)) from None
        if isinstance(outcome, Refusal):
            raise Refused(outcome)
        return outcome

    # --- looking -------------------------------------------------------------------------------------

    def inbox_without_desk(self, org: OrgId) -> list[InboxRow]:
        """What an organisation without a desk has been asked, as the register knows it."""
        return [
            InboxRow(
                case=row.case,
                handoff=row.id,
                kind=row.kind,
                requester=row.requester,
                requested_at=row.requested_at,
                answer_by=due,
                arrived_at=row.requested_at,
            )
            for row, due, _ in self.view.open_between(recipient=org)
        ]

    def live_deadlines(self, org: OrgId) -> dict[tuple[str, str], tuple[HandoffRow, datetime | None, timedelta]]:
        """When what an organisation has been asked is due now, by case and handoff: held, extended and hurried since.

        Empty when the register can't be reached; the desk then has only the first deadlines it was told of.
        """
        try:
            rows = self.view.open_between(recipient=org)
        except (BadDatabase, SQLAlchemyError):
            return {}
        return {(row.case, row.id): (row, due, offset) for row, due, offset in rows}

    async def standing(self, case: CaseRef) -> Standing:
        """How a case stands: from its workflow, or from the register when it has ended."""
        standing = await self.plane.standing(case, self.asking)
        if standing.pack is not None:
            self._digests[case] = standing.pack
        return standing

    def last_known(self, case: CaseRef) -> Standing:
        """The latest snapshot in the register.

        Raises:
            NoSuchCase: the register does not know the case either.
        """
        row = self.view.case(case)
        if row is None:
            raise NoSuchCase(case)
        state = CaseState.model_validate(row.snapshot)
        return Standing(state=state, now=datetime.now(UTC) + state.clock_offset)

    def pack(self, case: CaseRef) -> RulePack:
        """The rules that a case carries; today's while the register has not yet seen it."""
        digest = self._digests.get(case) or self.view.pack_digest(case)
        if digest is None:
            return pack_on(datetime.now(UTC).date(), self.settings.rule_packs or PACKS)
        if digest not in self._packs:
            # A case tells its rules before the register has them: then they are this installation's own.
            pack = self.view.pack(digest) or pack_with(digest, self.settings.rule_packs or PACKS)
            if pack is None:
                raise NoSuchCase(case)
            self._packs[digest] = pack
        return self._packs[digest]
