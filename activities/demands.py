"""The desk's memory of what authorities have demanded by laws of their own. Each step is audited in its transaction:
without the entry nothing is recorded, and nothing is said to have been."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from activities.audit import AuditLog
from activities.case_keys import CaseKeys
from activities.disclosures import entry, in_line
from activities.stores import reading
from models.access import Purpose, Reader
from models.contracts import Refusal
from models.demand_tables import DemandRow
from models.demands import DemandState, KeptDemand, WhyRefused
from models.desk import Compartment
from models.disclosure_tables import DisclosureRow
from models.keys import Cell, Sealed
from models.sharing import Demand
from models.words import CaseRef, Code, HandoffId, ItemId
from rules.demands import MOST_OPEN

DEMAND_LOCK = 7_481_258
"""PostgreSQL advisory lock: of two that settle one demand, the second sees that it is settled."""
TOLD = frozenset({"sent", "taken"})
TELLS = TOLD | {"prepared"}
"""How a disclosure stands that answers a demand, or is about to."""
Permitted = Callable[[Session], Refusal | None]
"""Whether somebody may do it, asked in the transaction that does it."""


class Demands:
    """One desk's demands, open and settled."""

    def __init__(self, engine: Engine, keys: CaseKeys, audit: AuditLog) -> None:
        self._engine, self._keys, self._audit = engine, keys, audit

    def record(self, new: KeptDemand, note: str | None, by: Reader, permitted: Permitted) -> KeptDemand | Refusal:
        """Writes down that something has been demanded. The same id again gives what is kept, of the same demand.

        Raises:
            CannotAudit: nothing was recorded.
        """
        with self._audit.writing() as session:
            in_line(session, DEMAND_LOCK)
            refusal = permitted(session) or self._in_the_way(session, new)
            if refusal is None and session.get(DemandRow, new.id) is None:
                row = DemandRow(
                    id=new.id,
                    case=new.case,
                    state=DemandState.OPEN,
                    recorded_at=new.recorded_at,
                    user=by.user,
                    key_version=0,
                    content=b"",
                )
                self._seal(row, {"demand": new.demand.model_dump(mode="json"), "note": note})
                session.add(row)
            self._append(session, new, by, "demand-recorded", refusal.code if refusal else "done")
        return refusal or self.kept(new.id) or new

    def _in_the_way(self, session: Session, new: KeptDemand) -> Refusal | None:
        row = session.get(DemandRow, new.id)
        if row is not None:
            same = row.case == new.case and self._kept(row).demand == new.demand
            return None if same else Refusal(code="key-used-for-something-else")
        is_open = (DemandRow.case == new.case, DemandRow.state == DemandState.OPEN)
        many = len(session.exec(select(DemandRow.id).where(*is_open)).all()) >= MOST_OPEN
        return Refusal(code="too-many-demands", detail=str(MOST_OPEN)) if many else None

    def settle(
        self,
        known: KeptDemand,
        state: DemandState,
        by: Reader,
        permitted: Permitted,
        *,
        why: WhyRefused | None = None,
        note: str | None = None,
        package: ItemId | None = None,
    ) -> KeptDemand | Refusal:
        """Writes down that a demand was answered or refused. Once: of two at the same time one counts.

        The same answer again changes nothing. What somebody is telling just now is refused by nobody.

        Raises:
            CannotAudit: nothing was recorded.
        """
        action: Code = f"demand-{state}"
        with self._audit.writing() as session:
            in_line(session, DEMAND_LOCK)
            row = session.get(DemandRow, known.id, with_for_update=True)
            refusal = permitted(session)
            if refusal is None and row is not None and package is not None and self._answered_by(row, package):
                return self._kept(row)
            refusal = refusal or self._settled_or_begun(session, row, package)
            if refusal is None and row is not None:
                row.state, row.settled_at = state, datetime.now(UTC)
                said = {"why": why, "why_note": note, "package": package}
                self._seal(row, self._opened(row) | said)
            outcome = refusal.code if refusal else why or "done"
            self._append(session, known, by, action, outcome, package=package)
        return refusal or self.kept(known.id) or known

    def begin(self, session: Session, demand: ItemId, package: ItemId) -> Refusal | None:
        """In the transaction that writes down what is about to be told: of two that answer at once, one tells.

        What came to nothing leaves the demand to whoever answers it next.
        """
        in_line(session, DEMAND_LOCK)
        row = session.get(DemandRow, demand, with_for_update=True)
        refusal = self._settled_or_begun(session, row, package)
        if refusal is None and row is not None:
            self._seal(row, self._opened(row) | {"package": package})
        return refusal

    def _settled_or_begun(self, session: Session, row: DemandRow | None, package: ItemId | None) -> Refusal | None:
        if row is None or row.state != DemandState.OPEN:
            return Refusal(code="demand-is-settled")
        begun = self._opened(row).get("package")
        other = session.get(DisclosureRow, begun) if begun and begun != package else None
        under_way = other is not None and other.state in TELLS
        return Refusal(code="demand-is-being-answered") if under_way else None

    def _answered_by(self, row: DemandRow, package: ItemId) -> bool:
        return row.state == DemandState.ANSWERED and self._opened(row).get("package") == package

    def clock_runs(self, demand: ItemId, handoff: HandoffId) -> None:
        """The plane knows that there is one: its clock and its ladder run on that handoff."""
        self._noted(demand, "handoff", handoff)

    def clock_stopped(self, demand: ItemId) -> None:
        self._noted(demand, "clock_stopped", True)

    def _noted(self, demand: ItemId, name: str, value: Any) -> None:
        with self._audit.writing() as session:
            row = session.get(DemandRow, demand, with_for_update=True)
            if row is not None:
                setattr(row, name, value)

    # --- looking -----------------------------------------------------------------------------------------

    def kept(self, demand: ItemId) -> KeptDemand | None:
        with reading(self._engine) as session:
            row = session.get(DemandRow, demand)
            return self._kept(row) if row else None

    def found(self, case: CaseRef, called: str) -> KeptDemand | None:
        """A demand of this case, by its id or by the number of its handoff."""
        return next((one for one in self.of_case(case) if called in (one.id, one.handoff)), None)

    def of_case(self, case: CaseRef) -> list[KeptDemand]:
        """Every demand in a case, settled ones too, the one that came first at the top."""
        return self._rows(DemandRow.case == case)

    def open_in(self, case: CaseRef) -> tuple[Demand, ...]:
        return tuple(one.demand for one in self.of_case(case) if one.state is DemandState.OPEN)

    def without_clock(self) -> list[KeptDemand]:
        """What was recorded while the plane could not be reached: nobody watches it yet."""
        return self._rows(DemandRow.state == DemandState.OPEN, col(DemandRow.handoff).is_(None))

    def with_clock_to_stop(self) -> list[KeptDemand]:
        """What is settled, and whose handoff has not been told so."""
        settled = (DemandRow.state != DemandState.OPEN, col(DemandRow.clock_stopped).is_(False))
        return self._rows(*settled, col(DemandRow.handoff).is_not(None))

    def told_and_open(self) -> list[KeptDemand]:
        """What has been answered by telling, and not been settled yet: somebody's program ended in between."""
        begun = [one for one in self._rows(DemandRow.state == DemandState.OPEN) if one.package]
        with reading(self._engine) as session:
            rows = {one.id: session.get(DisclosureRow, one.package) for one in begun}
            return [one for one in begun if (row := rows[one.id]) is not None and row.state in TOLD]

    def _rows(self, *which: Any) -> list[KeptDemand]:
        with reading(self._engine) as session:
            found = [self._kept(row) for row in session.exec(select(DemandRow).where(*which)).all()]
        return sorted(found, key=lambda one: (one.demand.received_at, one.id))

    # --- sealing, and the log ------------------------------------------------------------------------------

    def _seal(self, row: DemandRow, said: dict[str, Any]) -> None:
        row.key_version, row.content = self._keys.seal(cell(row), json.dumps(said, ensure_ascii=False).encode())

    def _opened(self, row: DemandRow) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self._keys.open(cell(row), Sealed(row.key_version, row.content)))
        return said

    def _kept(self, row: DemandRow) -> KeptDemand:
        said = self._opened(row)
        return KeptDemand.model_validate(
            {
                "id": row.id,
                "case": row.case,
                "demand": said["demand"],
                "recorded_at": row.recorded_at,
                "handoff": row.handoff,
                "state": row.state,
                "settled_at": row.settled_at,
                "package": said.get("package"),
                "why": said.get("why"),
                "clock_stopped": row.clock_stopped,
            }
        )

    def _append(
        self,
        session: Session,
        about: KeptDemand,
        by: Reader,
        action: Code,
        outcome: Code,
        *,
        package: ItemId | None = None,
    ) -> None:
        said = entry(by, action, about.case, package or about.id, purpose=Purpose.DISCLOSE, ground=about.demand.law)
        who = about.demand.authority_org or about.demand.authority
        known = {"recipient": who, "categories": about.demand.categories, "outcome": outcome}
        self._audit.append(session, said.model_copy(update=known))


def cell(row: DemandRow) -> Cell:
    return Cell("demands", "content", row.id, CaseRef(row.case), Compartment.RECORD)
