"""How cases belong together (relatives, a household): known at the desk only, sealed, from both sides.

A relative has a case of their own, with their own consent, secrecy and municipality. The tie between the two is kept
twice, once with each case and under that case's keys, so that either can be disposed of by itself. What stands
unsealed is that a case has some tie; the plane knows nothing of it.
"""

from __future__ import annotations

from typing import Protocol
from uuid import uuid4

from sqlalchemy import Engine
from sqlmodel import Session, select

from activities.stores import reading, writing
from models.access_tables import CaseLinkRow
from models.desk import Compartment, ProtectionMark
from models.keys import Cell, Sealed
from models.marks import CaseLink, Tie
from models.words import CaseRef
from rules.marks import counted_as

OTHER_SIDE: dict[Tie, Tie] = {
    "child": "parent",
    "parent": "child",
    "sibling": "sibling",
    "partner": "partner",
    "relative": "relative",
    "other": "other",
}


class Sealing(Protocol):
    """What of a desk's keys is needed here (`activities.case_keys.CaseKeys`)."""

    def seal(self, cell: Cell, plain: bytes) -> Sealed: ...

    def open(self, cell: Cell, sealed: Sealed) -> bytes: ...


class CaseLinks:
    def __init__(self, engine: Engine, keys: Sealing) -> None:
        self._engine, self._keys = engine, keys

    def link(self, case: CaseRef, other: CaseRef, tie: Tie, *, household: bool = False) -> None:
        """Keeps that the person of `other` is the `tie` of the person of `case`, from both sides or not at all.

        Said again, it is what was said last.

        Raises:
            ValueError: a case is not its own relative.
            KeyDestroyed: one of them has been disposed of.
        """
        if case == other:
            raise ValueError("a case has no tie to itself")
        back = CaseLink(other=case, tie=OTHER_SIDE[tie], household=household)
        with writing(self._engine) as session:
            self._untie(session, case, other)
            self._keep(session, case, CaseLink(other=other, tie=tie, household=household))
            self._keep(session, other, back)

    def unlink(self, case: CaseRef, other: CaseRef) -> None:
        """Takes the tie away, from both sides."""
        with writing(self._engine) as session:
            self._untie(session, case, other)

    def of(self, case: CaseRef) -> list[CaseLink]:
        """A case's ties, in the order of the other references."""
        with reading(self._engine) as session:
            found = {link.other: link for _, link in self._rows(session, case)}
        return [found[other] for other in sorted(found)]

    def forget(self, session: Session, case: CaseRef) -> None:
        """Erases a case's ties from both sides, in the transaction of its disposal, before its keys are destroyed."""
        for _, link in self._rows(session, case):
            self._untie(session, case, link.other)

    def mark_that_counts(
        self, case: CaseRef, minor: bool | None, marks: dict[CaseRef, ProtectionMark]
    ) -> ProtectionMark:
        """The mark that counts for a case: for a child, or one of unknown age, the strictest of the household.

        `marks`: those known at this desk, by case; a case that is not among them has none known.
        """
        household = [marks.get(link.other, ProtectionMark.UNKNOWN) for link in self.of(case) if link.household]
        return counted_as(marks.get(case, ProtectionMark.UNKNOWN), household, minor)

    def _keep(self, session: Session, case: CaseRef, link: CaseLink) -> None:
        row = str(uuid4())
        version, content = self._keys.seal(cell_of(row, case), link.model_dump_json().encode())
        session.add(CaseLinkRow(id=row, case=case, key_version=version, content=content))

    def _untie(self, session: Session, case: CaseRef, other: CaseRef) -> None:
        for one, another in ((case, other), (other, case)):
            for row, link in self._rows(session, one):
                if link.other == another:
                    session.delete(row)

    def _rows(self, session: Session, case: CaseRef) -> list[tuple[CaseLinkRow, CaseLink]]:
        rows = session.exec(select(CaseLinkRow).where(CaseLinkRow.case == case)).all()
        return [(row, self._opened(row)) for row in rows]

    def _opened(self, row: CaseLinkRow) -> CaseLink:
        sealed = Sealed(row.key_version, row.content)
        return CaseLink.model_validate_json(self._keys.open(cell_of(row.id, CaseRef(row.case)), sealed))


def cell_of(row: str, case: CaseRef) -> Cell:
    return Cell("case_links", "content", row, case, Compartment.RECORD)
