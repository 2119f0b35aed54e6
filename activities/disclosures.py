"""What a desk has been allowed to tell, has told and has been told: consents, disclosures, packages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from activities.audit import AuditLog
from activities.case_keys import CaseKeys
from activities.protected_data import DeskStore
from activities.stores import reading, writing
from models.access import Purpose, Reader, the_system
from models.audit import AuditEntry
from models.consent import ConsentEvent, ConsentStep, History, PersonFacts
from models.contracts import Refusal
from models.desk import Category, Compartment
from models.disclosure_tables import ConsentRow, DisclosureRow, PackageRow
from models.exchange import Envelope, Label
from models.keys import Cell, Sealed
from models.preview import Package
from models.words import CaseRef, Code, ItemId
from rules import consent

CONSENT_LOCK = 7_481_256
"""PostgreSQL advisory lock that puts the steps of consent in one line; SQLite's write lock does the same."""
PACKAGE_LOCK = 7_481_257
"""Likewise for packages: of two that tell, or hold, the same one, the second sees that it is there."""
FROM = "from:"
"""What stands before the sender's name as the author of what was told here: it is theirs, and decides nothing here."""
LEFT_ALONE = timedelta(minutes=10)
"""How long a disclosure may stay prepared before the desk takes it for interrupted and takes it back."""


class Told(NamedTuple):
    """A disclosure as its sender keeps it."""

    row: DisclosureRow
    package: Package
    envelope: Envelope | None


class Disclosures:
    """The desk's own memory of consents, disclosures and packages. Every step is audited in its own transaction."""

    def __init__(self, engine: Engine, store: DeskStore, audit: AuditLog) -> None:
        self._engine, self._store, self._audit = engine, store, audit

    @property
    def keys(self) -> CaseKeys:
        return self._store.keys

    # --- consent -------------------------------------------------------------------------------------

    def history(self, case: CaseRef) -> History:
        """What has been said about consent, in the order in which it was written down."""
        with reading(self._engine) as session:
            return self._history(session, case)

    def _history(self, session: Session, case: CaseRef) -> History:
        query = select(ConsentRow).where(ConsentRow.case == case).order_by(col(ConsentRow.step))
        return tuple(self._said(row) for row in session.exec(query).all())

    def _said(self, row: ConsentRow) -> ConsentEvent:
        return ConsentEvent.model_validate_json(self.keys.open(consent_cell(row), Sealed(row.key_version, row.content)))

    def record(
        self, case: CaseRef, said: ConsentStep, person: PersonFacts, by: Reader, now: datetime, longest: timedelta
    ) -> History | Refusal:
        """Adds a step to the history of consent. The same step, or a second withdrawal, changes nothing.

        `now` is the case's own time.

        Raises:
            CannotAudit: nothing was recorded.
        """
        with self._audit.writing() as session:
            in_line(session, CONSENT_LOCK)
            before = self._history(session, case)
            after = consent.recorded(before, said, person, now, longest)
            action = f"consent-{said.act}"
            if isinstance(after, Refusal):
                self._audit.append(session, entry(by, action, case, said.id, outcome=after.code))
                return after
            for event in after[len(before) :]:
                row = ConsentRow(
                    id=event.id, case=case, step=event.step, stored_at=datetime.now(UTC), key_version=0, content=b""
                )
                row.key_version, row.content = self.keys.seal(consent_cell(row), event.model_dump_json().encode())
                session.add(row)
                self._audit.append(session, entry(by, action, case, event.id))
        return after

    def history_in(self, session: Session, case: CaseRef) -> History:
        """As `history`, in the caller's write transaction: no step comes before that is done."""
        in_line(session, CONSENT_LOCK)
        return self._history(session, case)

    def untold(self) -> list[CaseRef]:
        """Cases that have not been told where consent stands now: somebody's program ended too soon."""
        with reading(self._engine) as session:
            query = select(ConsentRow.case).where(col(ConsentRow.told).is_(False)).distinct()
            return [CaseRef(case) for case in session.exec(query)]

    def case_is_told(self, case: CaseRef, history: History) -> None:
        """The case knows where consent stands after the steps of this history."""
        with writing(self._engine) as session:
            steps = [event.step for event in history]
            for row in session.exec(select(ConsentRow).where(ConsentRow.case == case, col(ConsentRow.step).in_(steps))):
                row.told = True

    def case_is_to_be_told(self, case: CaseRef) -> None:
        """What decides who may consent has changed: the case is told anew, by whoever comes to it first."""
        with writing(self._engine) as session:
            for row in session.exec(select(ConsentRow).where(ConsentRow.case == case)):
                row.told = False

    # --- telling -------------------------------------------------------------------------------------

    def told(self, package: ItemId) -> Told | None:
        with reading(self._engine) as session:
            row = session.get(DisclosureRow, package)
            return self._told(session, row) if row else None

    def _kept(self, session: Session, package: ItemId) -> Told:
        return self._told(session, session.exec(select(DisclosureRow).where(DisclosureRow.id == package)).one())

    def _told(self, session: Session, row: DisclosureRow) -> Told:
        kept = json.loads(self.keys.open(disclosure_cell(row), Sealed(row.key_version, row.content)))
        session.expunge(row)
        envelope = Envelope.model_validate(kept["envelope"]) if kept["envelope"] else None
        return Told(row, Package.model_validate(kept["package"]), envelope)

    def prepare(
        self,
        label: Label,
        package: Package,
        envelope: Envelope | None,
        *,
        way: str,
        digest: str,
        by_consent: bool,
        by: Reader,
        purpose: Purpose,
        judgements: Iterable[ItemId] = (),
        permitted: Callable[[Session], Refusal | None],
    ) -> Told | Refusal:
        """Writes down, and into the audit, what is about to be told. Only then may it be told. Once per package id.

        Raises:
            CannotAudit: it can't be written down, so it must not be told.
        """
        with self._audit.writing() as session:
            in_line(session, PACKAGE_LOCK)
            if session.get(DisclosureRow, label.id) is not None:
                return self._kept(session, label.id)
            if refusal := permitted(session):
                said = entry(by, "disclose", CaseRef(label.case), label.id, purpose=purpose, outcome=refusal.code)
                about = {"recipient": label.recipient, "categories": label.categories}
                self._audit.append(session, said.model_copy(update=about))
                return refusal
            row = DisclosureRow(
                id=label.id,
                case=label.case,
                handoff=label.handoff,
                recipient=label.recipient,
                way=way,
                categories=list(label.categories),
                grounds=list(label.grounds),
                by_consent=by_consent,
                state="prepared",
                digest=digest,
                expires_at=label.expires_at if way == "sealed" else None,
                at=datetime.now(UTC),
                user=by.user,
                judgements=sorted(judgements),
                key_version=0,
                content=b"",
            )
            kept = {
                "package": package.model_dump(mode="json"),
                "envelope": envelope.model_dump(mode="json") if envelope else None,
            }
            plain = json.dumps(kept, ensure_ascii=False).encode()
            row.key_version, row.content = self.keys.seal(disclosure_cell(row), plain)
            session.add(row)
            said = entry(by, "disclose", CaseRef(label.case), label.id, purpose=purpose, ground=label.grounds[0])
            about = {"recipient": label.recipient, "categories": label.categories}
            self._audit.append(session, said.model_copy(update=about))
            session.flush()
            return self._kept(session, label.id)

    def settle(self, package: ItemId, state: Code, by: Reader, *, of: Iterable[Code] = ("prepared",)) -> bool:
        """`sent`, `taken`, `recalled`, `refused` or `not-taken`. False when it stood otherwise than in one of `of`."""
        with self._audit.writing() as session:
            row = session.get(DisclosureRow, package, with_for_update=True)
            if row is None or row.state not in set(of):
                return False
            row.state, row.settled_at = state, datetime.now(UTC)
            said = entry(by, f"disclosure-{state}", CaseRef(row.case), package)
            self._audit.append(session, said.model_copy(update={"recipient": row.recipient}))
        return True

    def listed(self, case: CaseRef | None = None) -> list[DisclosureRow]:
        """What has been told, the newest first; without what it said."""
        with reading(self._engine) as session:
            query = select(DisclosureRow).order_by(col(DisclosureRow.at).desc())
            if case is not None:
                query = query.where(DisclosureRow.case == case)
            rows = list(session.exec(query))
            for row in rows:
                session.expunge(row)
            return rows

    def used_up(self, case: CaseRef, but: ItemId | None = None) -> frozenset[tuple[ItemId, Code]]:
        """Judgements that something has been told by, each with the categories. `but`: a telling that does not count.

        What came to nothing, and what was destroyed before anybody had read it, used nothing up.
        """
        told = [row for row in self.listed(case) if row.id != but and row.state in ("prepared", "sent", "taken")]
        return frozenset((note, category) for row in told for note in row.judgements for category in row.categories)

    def under_way(self, case: CaseRef, *, by_consent: bool) -> list[ItemId]:
        """Sealed packages that may still be fetched; with `by_consent`, only those that stand on it."""
        rows = [row for row in self.listed(case) if is_under_way(row)]
        return [row.id for row in rows if row.by_consent or not by_consent]

    def on_consent(self) -> list[DisclosureRow]:
        """What stands on consent and may still be fetched."""
        return [row for row in self.listed() if row.by_consent and is_under_way(row)]

    def interrupted(self, now: datetime) -> list[DisclosureRow]:
        """What was prepared and neither sent nor settled: somebody's program ended in between."""
        return [row for row in self.listed() if row.state == "prepared" and row.at + LEFT_ALONE < now]

    # --- being told ----------------------------------------------------------------------------------

    def hold(self, envelope: Envelope, content: bytes) -> bool:
        """Keeps a package that has been fetched, sealed and shown to nobody, until it is known to be ours.

        False when this desk has it already, held or taken.
        """
        system = the_system(self._store.org)
        with self._audit.writing() as session:
            in_line(session, PACKAGE_LOCK)
            if session.get(PackageRow, envelope.id) is not None:
                return False
            row = PackageRow(
                id=envelope.id,
                case=envelope.case,
                handoff=envelope.handoff,
                sender=envelope.sender,
                categories=list(envelope.categories),
                grounds=list(envelope.grounds),
                digest=envelope.digest,
                state="held",
                at=datetime.now(UTC),
                key_version=0,
                content=b"",
            )
            row.key_version, row.content = self.keys.seal(package_cell(row), content)
            session.add(row)
            self._audit.append(session, entry(system, "package-held", CaseRef(row.case), row.id))
        return True

    def take(self, package: ItemId) -> None:
        """The exchange has confirmed: each part of the package becomes an item of its own. Twice is as once."""
        system = the_system(self._store.org)
        with self._audit.writing() as session:
            row = session.get(PackageRow, package, with_for_update=True)
            if row is None or row.state != "held" or row.content is None:
                return
            case = CaseRef(row.case)
            told = Package.model_validate_json(self.keys.open(package_cell(row), Sealed(row.key_version, row.content)))
            for number, section in enumerate(told.sections):
                content = {field.field: field.value for field in section.fields}
                item = part(package, number)
                self._store.keep_in(session, item, case, Category(section.category), f"{FROM}{row.sender}", content)
            if told.reservation is not None:
                item, said = part(package, len(told.sections)), {"reservation": told.reservation}
                self._store.keep_in(session, item, case, Category.NOTE, f"{FROM}{row.sender}", said)
            row.state, row.content = "taken", None
            taken = entry(system, "package-taken", case, package, ground=row.grounds[0])
            self._audit.append(session, taken.model_copy(update={"categories": tuple(row.categories)}))

    def throw_away(self, package: ItemId) -> None:
        """It was taken back before it was ours."""
        with self._audit.writing() as session:
            row = session.get(PackageRow, package, with_for_update=True)
            if row is None or row.state != "held":
                return
            case = CaseRef(row.case)
            session.delete(row)
            self._audit.append(session, entry(the_system(self._store.org), "package-thrown-away", case, package))

    def held(self) -> list[ItemId]:
        """Packages fetched whose taking has not been confirmed."""
        with reading(self._engine) as session:
            return [row.id for row in session.exec(select(PackageRow).where(PackageRow.state == "held"))]

    def received(self, case: CaseRef) -> list[PackageRow]:
        with reading(self._engine) as session:
            rows = list(session.exec(select(PackageRow).where(PackageRow.case == case, PackageRow.state == "taken")))
            for row in rows:
                session.expunge(row)
            return rows


def is_under_way(row: DisclosureRow) -> bool:
    return row.way == "sealed" and row.state in ("prepared", "sent")


def part(package: ItemId, number: int) -> ItemId:
    """The id of one part of a package: taking it again keeps nothing twice."""
    return str(uuid5(UUID(package), str(number)))


def consent_cell(row: ConsentRow) -> Cell:
    return Cell("consents", "content", row.id, CaseRef(row.case), Compartment.RECORD)


def disclosure_cell(row: DisclosureRow) -> Cell:
    """What was told may hold a place and a threat at once, as it did when it was told: it is opened for review only."""
    return Cell("disclosures", "content", row.id, CaseRef(row.case), Compartment.LOCATION)


def package_cell(row: PackageRow) -> Cell:
    return Cell("packages", "content", row.id, CaseRef(row.case), Compartment.LOCATION)


def entry(
    by: Reader,
    action: Code,
    case: CaseRef,
    subject: ItemId,
    *,
    purpose: Purpose | None = None,
    ground: Code | None = None,
    outcome: Code = "done",
) -> AuditEntry:
    return AuditEntry(
        at=datetime.now(UTC),
        org=by.org,
        user=by.user,
        role=by.role,
        action=action,
        case=case,
        subject=subject,
        purpose=purpose,
        ground=ground,
        outcome=outcome,
    )


def in_line(session: Session, lock: int) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": lock})
