"""A desk with files to dispose of: real stores, real keys, a real audit chain, and a clock that is given."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, text

from activities.audit import AuditLog
from activities.case_keys import CaseKeys
from activities.disposal import Disposal
from activities.erasure import rows_of
from activities.protected_data import DeskStore
from activities.retention_files import Files
from activities.retention_rules import load_retention
from activities.stores import reading, writing
from models.access import Reader, Role
from models.desk import Category
from models.desk_tables import METADATA, InboxRow, TaskRow
from models.retention import Closure, FileFacts, FileKind, WaitingList
from models.words import CaseRef, Function, OrgId, case_reference
from tests.command_line import synthetic_personnummer
from tests.key_support import file_keys

ORG = "soc-0381"
CLOSED = datetime(2027, 3, 10, 8, tzinfo=UTC)
DUE = datetime(2032, 3, 11, 8, tzinfo=UTC)
MARKER = "Kråkvinkel 7 i Storfors"


def reader(role: Role = Role.ARCHIVIST, user: str = "arkiv-01", org: OrgId = ORG) -> Reader:
    return Reader(org=org, user=user, role=role)


class Desk:
    """One desk, and how its cases stand in the plane. Everything was entered at `CLOSED`, unless told otherwise."""

    def __init__(self, engine: Engine, folder: Path, keys: CaseKeys | None = None) -> None:
        self.engine = engine
        self.keys = keys or file_keys(folder, ORG)
        self.store = DeskStore(ORG, engine, self.keys)
        self.audit = AuditLog(engine, ORG)
        self.closures: dict[CaseRef, Closure | None] = {}
        self.facts: dict[CaseRef, FileFacts] = {}
        self.told: list[WaitingList] = []
        self.files = Files(
            ORG,
            Function.SOCIAL_SERVICES,
            engine,
            self.audit,
            load_retention(),
            self.closure_of,
            self.facts_of,
        )
        self.disposal = Disposal(self.files, self.keys, tell=self.told.append)

    def closure_of(self, case: CaseRef) -> Closure | None:
        return self.closures.get(case)

    def facts_of(self, case: CaseRef) -> FileFacts:
        """What the vault says, once it has been opened."""
        assert self.store.newest(case, Category.IDENTITY) is not None
        return self.facts.get(case, FileFacts(kinds=(FileKind.ORDINARY,)))

    def closed_file(self, at: datetime = CLOSED, **facts: Any) -> CaseRef:
        """A case that is over, with something in most of the desk's tables."""
        case = case_reference(secrets.randbits(35))
        person = {"person": {"name": MARKER, "personnummer": synthetic_personnummer()}}
        kept: dict[Category, Any] = {Category.NOTE: {"text": MARKER}, Category.ADDRESS: [MARKER]}
        for category, content in (kept | {Category.IDENTITY: person}).items():
            self.store.keep(str(uuid4()), case, category, ORG, content)
        with writing(self.engine) as session:
            session.add(InboxRow(case=case, handoff="H1", kind="support-request", arrived_at=at))
            session.add(TaskRow(id=f"{case}/D1", work="receive", done_at=at, reply={"case": case, "what": MARKER}))
            for statement in (
                'update items set stored_at = :at where "case" = :case',
                'insert into case_access (id, "case", "user", relation, "by", reason, since) '
                "values (:id, :case, 'handl-07', 'named', 'chef-01', 'handling', :at)",
            ):
                told = {"at": written(at, self.engine), "case": case}
                told |= {"id": str(uuid4())} if ":id" in statement else {}
                session.connection().execute(text(statement), told)
        self.closures[case] = Closure(open=False, closed_at=at)
        if facts:
            self.facts[case] = FileFacts(**facts)
        return case

    def waiting(self, now: datetime = DUE) -> WaitingList:
        drawn, _ = self.disposal.draw(now)
        assert drawn is not None
        return drawn

    def approved(self, now: datetime = DUE) -> WaitingList:
        drawn = self.waiting(now)
        answer = self.disposal.approve(drawn.id, drawn.digest, reader(), now)
        assert isinstance(answer, WaitingList), answer
        return answer

    def rows(self, case: CaseRef) -> int:
        """How many rows are left of a case."""
        with reading(self.engine) as session:
            return sum(
                len(session.connection().execute(table.select().where(where)).all())
                for table, where in rows_of(case).items()
            )

    def certificates(self) -> list[dict[str, Any]]:
        return [row.content for row in self.disposal.certificates()]

    def acts(self, case: CaseRef | None = None) -> list[tuple[str, str, str]]:
        """What the audit says of disposal: action, account and outcome."""
        entries = [link.entry for link in self.audit.links()]
        return [(e.action, e.user, e.outcome) for e in entries if case is None or e.case == case]

    def everything(self) -> Iterator[str]:
        """All that stands in the desk's database, as text."""
        with reading(self.engine) as session:
            for table in METADATA.sorted_tables:
                for row in session.connection().execute(table.select()):
                    yield f"{table.name}: {tuple(row)}"


def written(at: datetime, engine: Engine) -> object:
    return at if engine.dialect.name == "postgresql" else at.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def years(number: int) -> timedelta:
    return timedelta(days=366 * number)
