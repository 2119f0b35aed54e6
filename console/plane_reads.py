"""What the plane tells of the register, and to whom: every answer is cut down to what the asker may see."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.register_view import RegisterView
from activities.retention_files import in_register
from models.case import CaseState, Receipt
from models.contracts import Standing
from models.packs import RulePack
from models.plane import AboutCases, AboutDeadlines, AboutKey, AboutOpen, AboutPack, KnownClosure, KnownReceipt
from models.register import CaseEventRow, CaseRow, HandoffRow
from models.words import CaseRef, Function, HandoffId, OrgId, RequestKey
from rules import showing
from rules.showing import OPERATOR


class PlaneReads:
    """The register as one organisation, or the operator, is shown it."""

    def __init__(self, view: RegisterView) -> None:
        self._view = view
        self._packs: dict[str, RulePack] = {}

    def state(self, ref: CaseRef, org: OrgId) -> CaseState | None:
        """The latest snapshot, if this organisation may know of the case."""
        row = self._view.case(ref)
        if row is None:
            return None
        state = CaseState.model_validate(row.snapshot)
        return state if showing.sees_case(state, self.pack_by(row.pack_digest), org) else None

    def last_known(self, ref: CaseRef) -> CaseState | None:
        """The latest snapshot, whoever asks."""
        row = self._view.case(ref)
        return CaseState.model_validate(row.snapshot) if row else None

    def pack_by(self, digest: str) -> RulePack:
        if digest not in self._packs:
            pack = self._view.pack(digest)
            if pack is None:
                raise LookupError("a case refers to rules that the register does not have")
            self._packs[digest] = pack
        return self._packs[digest]

    def pack_of(self, ref: CaseRef) -> RulePack | None:
        digest = self._view.pack_digest(ref)
        return self.pack_by(digest) if digest else None

    def seen(self, standing: Standing, org: OrgId) -> Standing | None:
        """A case as it stands, as this organisation is shown it; None when it is not shown it at all."""
        pack = self.pack_of(standing.state.case)
        if pack is None or not showing.sees_case(standing.state, pack, org):
            return standing if org in (OPERATOR, standing.state.opener) else None
        return standing.model_copy(update={"state": showing.seen_by(standing.state, pack, org)})

    # --- rows --------------------------------------------------------------------------------------------

    def cases(self, org: OrgId, asked: AboutCases) -> list[dict[str, Any]]:
        """The case index. Others than the operator see the cases in which they have a part."""
        rows = self._view.cases(asked.org) if org == OPERATOR else self._view.cases_about(org)
        found = []
        for row in rows:
            state = CaseState.model_validate(row.snapshot)
            if showing.sees_case(state, self.pack_by(row.pack_digest), org):
                found.append(self.case_row(row, state, org) | {"snapshot": {}})
        return found

    def case(self, org: OrgId, ref: CaseRef) -> list[dict[str, Any]]:
        row = self._view.case(ref)
        if row is None or (state := self.state(ref, org)) is None:
            return []
        return [self.case_row(row, state, org)]

    def case_row(self, row: CaseRow, state: CaseState, org: OrgId) -> dict[str, Any]:
        shown = showing.seen_by(state, self.pack_by(row.pack_digest), org)
        told = row.model_dump(mode="json") | {"snapshot": shown.model_dump(mode="json"), "track_b": shown.track_b}
        acting = {"social_services": Function.SOCIAL_SERVICES, "police": Function.POLICE}
        return told | {name: shown.acting.get(function) for name, function in acting.items()}

    def shown_handoffs(self, ref: CaseRef, org: OrgId) -> list[HandoffRow]:
        case = self._view.case(ref)
        if case is None:
            return []
        state = CaseState.model_validate(case.snapshot)
        return [row for row in self._view.handoffs(ref) if self.shows(state, case.pack_digest, org, row)]

    def shows(self, state: CaseState, pack_digest: str, org: OrgId, row: HandoffRow) -> bool:
        """Whether an organisation may know of the case at all, and is shown this handoff of it."""
        pack = self.pack_by(pack_digest)
        seen = showing.sees_handoff(state, pack, org, row.kind, row.requester, row.recipient)
        return seen and showing.sees_case(state, pack, org)

    def parties_of(self, ref: CaseRef, handoff: HandoffId) -> tuple[OrgId, ...]:
        """Requester and recipient of an open handoff, as the register knows it; nobody when there is none."""
        found = [row for row in self._view.handoffs(ref) if row.id == handoff and row.ended_at is None]
        return (found[0].requester, found[0].recipient) if found else ()

    def handoffs(self, org: OrgId, ref: CaseRef) -> list[dict[str, Any]]:
        return dumped(self.shown_handoffs(ref, org))

    def firings(self, org: OrgId, ref: CaseRef) -> list[dict[str, Any]]:
        mine = {row.id for row in self.shown_handoffs(ref, org)}
        return dumped(row for row in self._view.firings(ref) if row.handoff in mine)

    def status_changes(self, org: OrgId, ref: CaseRef) -> list[dict[str, Any]]:
        mine = {row.id for row in self.shown_handoffs(ref, org)}
        return [{"change": list(change)} for change in self._view.status_changes(ref) if change[1] in mine]

    def deadlines(self, org: OrgId, asked: AboutDeadlines) -> list[dict[str, Any]]:
        if org == OPERATOR:
            return dumped(self._view.deadlines(asked.case))
        if asked.case is not None:
            mine = {handoff.id for handoff in self.shown_handoffs(asked.case, org)}
            return dumped(row for row in self._view.deadlines(asked.case) if row.handoff in mine)
        found = self._view.deadlines_about(org)
        cases = {case.ref: case for _, _, case in found}
        states = {ref: CaseState.model_validate(case.snapshot) for ref, case in cases.items()}
        return dumped(
            deadline
            for deadline, handoff, case in found
            if self.shows(states[case.ref], case.pack_digest, org, handoff)
        )

    def history(self, org: OrgId, ref: CaseRef) -> list[dict[str, Any]]:
        """What happened, in order. Others than the coordinating ones see what concerns their own handoffs."""
        state = self.state(ref, org)
        if state is None:
            return []
        every = (without_signature(row) for row in self._view.history(ref))
        rows = [row for row in every if row.kind != "raised" or org in (OPERATOR, row.actor)]
        if showing.coordinates(state, org):
            return dumped(rows)
        mine = {row.id for row in self.shown_handoffs(ref, org)}
        hidden = showing.EVENTS_OF_THE_WHOLE_CASE
        shown = [row for row in rows if row.actor == org or row.event.get("handoff") in mine or row.kind == "opened"]
        return [
            row
            | ({"event": {"kind": row["kind"]}} if row["kind"] in hidden | {"opened"} and row["actor"] != org else {})
            for row in dumped(shown)
        ]

    def open_between(self, org: OrgId, asked: AboutOpen) -> list[dict[str, Any]]:
        """Open handoffs to or from the asker itself; the operator may ask about anybody."""
        if org not in (OPERATOR, asked.recipient, asked.requester):
            return []
        rows = self._view.open_between(recipient=asked.recipient, requester=asked.requester)
        return [
            {"row": row.model_dump(mode="json"), "due": due.isoformat() if due else None, "offset": offset / SECOND}
            for row, due, offset in rows
        ]

    def answered(self, key: RequestKey) -> tuple[CaseRef, Receipt] | None:
        """The case in which a request key was answered, and the answer, whoever asks."""
        return self._view.receipt(key)

    def receipt(self, org: OrgId, asked: AboutKey) -> KnownReceipt:
        """The answer to a request key, for who may know of its case."""
        known = self._view.receipt(asked.key)
        if known is None or self.state(known[0], org) is None:
            return KnownReceipt()
        return KnownReceipt(case=known[0], receipt=known[1])

    def closure(self, org: OrgId, ref: CaseRef) -> KnownClosure:
        """Whether a case is over, and since when: for everybody who has ever had a part in it, so that files end."""
        row = self._view.case(ref)
        if row is None:
            return KnownClosure()
        state = CaseState.model_validate(row.snapshot)
        parties = {o for handoff in self._view.handoffs(ref) for o in (handoff.requester, handoff.recipient)}
        mine = org in parties | set(state.acting.values()) | {state.opener, OPERATOR}
        return KnownClosure(closure=in_register(self._view)(ref) if mine else None)

    def pack(self, _: OrgId, asked: AboutPack) -> list[dict[str, Any]]:
        """Rules are for everybody to read."""
        pack = self._view.pack(asked.digest)
        return [pack.model_dump(mode="json")] if pack else []

    def pack_digest(self, org: OrgId, ref: CaseRef) -> list[dict[str, Any]]:
        digest = self._view.pack_digest(ref) if self.state(ref, org) is not None else None
        return [{"digest": digest}] if digest else []


SECOND = timedelta(seconds=1)


def dumped(rows: Iterable[Any]) -> list[dict[str, Any]]:
    return [row.model_dump(mode="json") for row in rows]


def now_of(state: CaseState) -> datetime:
    return datetime.now(UTC) + state.clock_offset


def without_signature(row: CaseEventRow) -> CaseEventRow:
    """An event as it is shown. Its signed form stands in the register for whoever has to prove it."""
    by = row.event.get("by")
    if isinstance(by, dict):
        row.event = row.event | {"by": {name: value for name, value in by.items() if name not in ("jws", "until")}}
    row.event = {name: value for name, value in row.event.items() if name != "jws"}
    return row
