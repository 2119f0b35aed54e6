"""The chain as it is kept: written with what it is about or not at all, by many at once, and never changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from activities.audit import PLANE, AuditLog, CannotAudit, Unfit
from activities.register import Register
from activities.stores import MIGRATIONS, migrate, open_database, reading, writing
from models.access import Role
from models.audit import AuditEntry
from models.desk_tables import QuestionRow
from models.words import CaseRef
from rules.audit import Break, carried
from tests.audit_support import CASES, ORG, FileSigner, an_entry, entries, unguard
from tests.databases import Databases, grown, recording
from tests.programs import Program

APPENDING = str(Path(__file__).parent / "append_to_audit.py")
HISTORY = {ORG: "desk", PLANE: "register"}


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "desk"))
    yield opened
    opened.dispose()


@pytest.fixture
def log(engine: Engine) -> AuditLog:
    return AuditLog(engine, ORG)


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def links_in(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("select count(*) from audit")).scalar_one())


# --- written with what it is about ---------------------------------------------------------------------


def test_what_is_written_is_read_back_as_it_was(log: AuditLog) -> None:
    told = entries(25)
    written = [log.write(entry) for entry in told]
    assert [link.seq for link in written] == list(range(1, 26))
    assert list(log.links()) == written
    assert [link.entry for link in written] == told
    assert log.broken() is None
    assert log.count() == 25


def test_an_entry_is_kept_with_what_it_is_about_or_not_at_all(log: AuditLog, engine: Engine) -> None:
    today = datetime.now(UTC).date()
    with writing(engine) as session:
        session.add(QuestionRow(day=today, count=1))
        log.append(session, an_entry())
        log.append(session, an_entry(subject="H2"))
    assert [link.seq for link in log.links()] == [1, 2]
    with Session(engine) as session:
        session.merge(QuestionRow(day=today, count=2))
        log.append(session, an_entry(subject="H3"))
        session.rollback()
    assert [link.entry.subject for link in log.links()][1:] == ["H2"]
    log.write(an_entry())
    assert [link.seq for link in log.links()] == [1, 2, 3]
    assert log.broken() is None


def test_an_entry_that_holds_something_personal_is_not_written_and_not_repeated(log: AuditLog) -> None:
    for told in ({"subject": "Anna Andersson"}, {"case": "Anna Andersson"}):
        with pytest.raises(Unfit) as caught:
            log.write(an_entry(**told))
        assert "Anna" not in f"{caught.value!r}{caught.value.__context__!r}"
    with pytest.raises(ValueError, match="action"):
        log.write(an_entry().model_copy(update={"action": "läste hela akten"}))
    assert log.count() == 0


def test_an_entry_in_a_transaction_that_only_reads_is_refused(log: AuditLog, engine: Engine) -> None:
    with pytest.raises(RuntimeError, match="would be lost"), reading(engine) as session:
        log.append(session, an_entry())


def test_who_read_a_case_and_what_an_account_read(log: AuditLog) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    log.write(an_entry(at=yesterday))
    log.write(an_entry(action="view-address", user="handl-08"))
    log.write(an_entry(action="consent-given"))
    log.write(an_entry(action="read-audit", user="chef-01", role=Role.UNIT_MANAGER))
    log.write(an_entry(case=CASES[1], outcome="not-on-the-list"))
    assert [link.seq for link in log.who_read(CASES[0])] == [1, 2]
    assert [link.seq for link in log.who_read(CASES[1])] == [5]
    assert log.who_read(CASES[2]) == []
    assert [link.seq for link in log.reads_by("handl-07")] == [1, 5]
    assert [link.seq for link in log.reads_by("handl-07", yesterday + timedelta(hours=1))] == [5]
    assert log.reads_by("handl-99") == []
    assert [link.seq for link in log.links(yesterday + timedelta(hours=1))] == [2, 3, 4, 5]


# --- the database itself refuses -------------------------------------------------------------------------

REFUSED = (
    "update audit set content = 'x' where seq = 2",
    "update audit set seq = 9 where seq = 2",
    "update audit set digest = digest",
    "delete from audit where seq = 3",
    "delete from audit",
    'insert into audit select seq + 2, at, "user", "case", content, digest, digest from audit where seq = 3',
    'insert into audit select seq + 1, at, "user", "case", content, \'other\', digest from audit where seq = 3',
    'insert into audit select 0, at, "user", "case", content, digest, digest from audit where seq = 3',
)
REFUSED_BY = {
    "sqlite": (
        "insert or replace into audit select * from audit where seq = 3",
        "replace into audit select * from audit",
    ),
    "postgresql": ("truncate audit", "truncate audit cascade"),
}


@pytest.mark.parametrize("chain", [ORG, PLANE])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_database_refuses_every_change_and_whatever_is_not_the_next_link(
    databases: Databases, kind: str, chain: str
) -> None:
    engine = open_database(databases.url(kind, "desk" if chain == ORG else "register"))
    log = AuditLog(engine, chain)
    for _ in range(3):
        log.write(an_entry())
    before = list(log.links())
    for statement in REFUSED + REFUSED_BY[kind]:
        with pytest.raises(SQLAlchemyError), engine.begin() as connection:
            connection.execute(text(statement))
    if kind == "postgresql":
        with engine.connect() as connection:
            connection.execute(text("set session_replication_role = replica"))
            with pytest.raises(SQLAlchemyError):
                connection.execute(text("delete from audit"))
    assert list(log.links()) == before
    log.write(an_entry())
    assert log.broken() is None
    engine.dispose()


# --- many at once, and interrupted -------------------------------------------------------------------------


@pytest.mark.parametrize("chain", [ORG, PLANE])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_processes_that_append_at_once_make_no_fork_and_no_gap(
    databases: Databases, kind: str, chain: str, tmp_path: Path
) -> None:
    engine = open_database(databases.url(kind, "desk" if chain == ORG else "register"))
    FileSigner(tmp_path / "key")
    AuditLog(engine, chain).write(an_entry())
    started = [appending(engine, chain, tmp_path, threads=4, number=60) for _ in range(2)]
    told = [process.communicate(timeout=100) for process in started]
    assert [process.returncode for process in started] == [0, 0], told
    seqs = sorted(int(line) for out, _ in told for line in out.split())
    links = list(AuditLog(engine, chain).links())
    assert [link.seq for link in links] == list(range(1, len(links) + 1))
    assert sorted(link.seq for link in links if link.entry.action == "read") == [1, *seqs]
    assert len(seqs) == 120
    assert AuditLog(engine, chain).broken() is None
    signed = [json.loads(line)["seq"] for line in (tmp_path / f"{chain}.jsonl").read_text().splitlines()]
    assert signed == sorted(set(signed))
    assert len(signed) >= 4
    engine.dispose()


def appending(engine: Engine, chain: str, folder: Path, threads: int, number: int, largest: int = 0) -> Program:
    return Program(APPENDING, url_of(engine), chain, str(folder), str(threads), str(number), str(largest))


@pytest.mark.parametrize("lines", [1, 7, 26])
def test_a_program_killed_while_it_appends_leaves_a_chain_that_holds_and_all_it_was_told_is_there(
    engine: Engine, log: AuditLog, tmp_path: Path, lines: int
) -> None:
    process = appending(engine, ORG, tmp_path, threads=3, number=100_000)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(lines)]
    process.kill()
    told += [int(line) for line in process.stdout.read().split("\n")[:-1] if line]
    process.wait()
    process.close()
    assert log.broken() is None
    assert log.count() >= max(told)
    assert {link.seq for link in log.links()} >= set(told)
    log.write(an_entry())
    assert log.broken() is None


# --- what can't be written is not shown ------------------------------------------------------------------


def shown(log: AuditLog) -> str:
    """Reads something protected, as a desk does: the entry first, the answer when it has been committed."""
    with log.writing() as session:
        log.append(session, an_entry())
        read = session.connection().execute(text("select 'protected'")).scalar_one()
    return str(read)


def shown_until_it_is_full(log: AuditLog, answers: list[str]) -> None:
    for _ in range(400):  # a full table has room on its last page
        answers.append(shown(log))


def refusing_inserts(engine: Engine) -> Engine:
    if engine.dialect.name == "sqlite":
        statements = ["create trigger full before insert on audit begin select raise(fail, 'no room'); end"]
    else:
        statements = [
            "create function no_room() returns trigger language plpgsql as $$ begin raise 'no room'; end $$",
            "create trigger no_room before insert on audit for each row execute function no_room()",
        ]
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    return engine


def read_only(engine: Engine) -> Engine:
    if engine.dialect.name == "sqlite":
        return create_engine(f"sqlite:///file:{engine.url.database}?mode=ro&uri=true")
    return create_engine(engine.url, connect_args={"options": "-c default_transaction_read_only=on"})


def full(engine: Engine) -> Engine:
    """SQLite: no page more than there is. PostgreSQL: the tablespace is written on commit, so a constraint says it."""
    if engine.dialect.name == "sqlite":
        limited = open_database(url_of(engine))

        @event.listens_for(limited, "connect")
        def limit(connection: object, _: object) -> None:
            pages = connection.execute("pragma page_count").fetchone()[0]  # type: ignore[attr-defined]
            connection.execute(f"pragma max_page_count = {pages}")  # type: ignore[attr-defined]

        return limited
    with engine.begin() as connection:
        connection.execute(text("create function full_at_commit() returns trigger language plpgsql as "
                                "$$ begin raise sqlstate '53100'; end $$"))  # fmt: skip
        connection.execute(
            text(
                "create constraint trigger full_at_commit after insert on audit deferrable initially deferred "
                "for each row execute function full_at_commit()"
            )
        )
    return engine


def gone(engine: Engine) -> Engine:
    unguard(engine)
    with engine.begin() as connection:
        connection.execute(text("drop table audit"))
    return engine


@pytest.mark.parametrize("made", [refusing_inserts, read_only, full, gone])
def test_what_can_not_be_audited_is_not_shown_and_the_sentence_says_why(
    engine: Engine, log: AuditLog, made: Callable[[Engine], Engine]
) -> None:
    assert shown(log) == "protected"
    limited = made(engine)
    answers: list[str] = []
    with pytest.raises(CannotAudit, match="Loggen kan inte skrivas") as caught:
        shown_until_it_is_full(AuditLog(limited, ORG), answers)
    limited.dispose()
    assert "can't be written" in caught.value.en
    assert caught.value.__cause__ is None
    if made is not gone:
        assert len(answers) == links_in(engine) - 1
        assert AuditLog(engine, ORG).broken() is None


def test_a_full_disk_stops_the_answer_and_room_on_it_lets_the_chain_go_on(databases: Databases, tmp_path: Path) -> None:
    engine = open_database(databases.url("sqlite", "desk"))
    engine.dispose()  # what SQLite has beside the file is put into it
    size = Path(str(engine.url.database)).stat().st_size
    process = appending(engine, ORG, tmp_path, threads=1, number=200, largest=size + 60_000)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    told = out.split()
    written = [int(line) for line in told if line != "cannot"]
    assert "cannot" in told
    assert written
    log = AuditLog(engine, ORG)
    assert log.broken() is None
    assert {link.seq for link in log.links() if link.entry.action == "read"} == set(written)
    assert shown(log) == "protected"
    assert log.broken() is None
    engine.dispose()


# --- the plane's chain, and what it was before -------------------------------------------------------------


def step(engine: Engine, to: str, how: Callable[[Config, str], None] = command.upgrade) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / "register"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        how(config, to)


def written_before(engine: Engine, number: int) -> list[str]:
    """Links as the plane wrote them until migration 0004, with a gap in their numbers as PostgreSQL leaves them."""
    previous, digests = "0" * 64, []
    with engine.begin() as connection:
        for place in range(1, number + 1):
            at = datetime(2027, 1, 5, 10, tzinfo=UTC) - timedelta(minutes=7 * place, microseconds=place % 2)
            told = {"at": at, "actor": ORG, "action": "acted", "case": CASES[0], "revision": place}
            sealed = sha256(carried(previous, at, ORG, "acted", CASES[0], place).encode()).hexdigest()
            connection.execute(
                text(
                    'insert into audit (seq, at, actor, action, "case", revision, previous, digest) '
                    "values (:seq, :at, :actor, :action, :case, :revision, :previous, :digest)"
                ).bindparams(at=str(at) if engine.dialect.name == "sqlite" else at),
                {k: v for k, v in told.items() if k != "at"}
                | {"seq": place + place // 4, "previous": previous, "digest": sealed},
            )
            previous = sealed
            digests.append(sealed)
    return digests


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    """A register as it was before migration 0004."""
    opened = open_database(databases.url(request.param))
    step(opened, "0003")
    yield opened
    opened.dispose()


def test_an_upgraded_register_keeps_its_links_and_goes_on(before: Engine) -> None:
    digests = written_before(before, 2_300)
    migrate(before, "register")
    log = AuditLog(before, PLANE)
    assert log.broken() is None
    kept = list(log.links())
    assert [link.digest for link in kept] == digests
    assert [link.seq for link in kept] == list(range(1, 2_301))
    assert kept[6].entry == AuditEntry(
        at=datetime(2027, 1, 5, 10, tzinfo=UTC) - timedelta(minutes=49, microseconds=1),
        org=ORG,
        user="system",
        role=Role.SYSTEM,
        action="acted",
        case=CASES[0],
        subject="revision-7",
    )
    Register(before).record(recording(grown(CaseRef("U-0000-007J"), 3)))
    assert log.count() == 2_303
    assert log.broken() is None
    with pytest.raises(RuntimeError, match="move them to safety"):
        step(before, "0003", command.downgrade)
    assert log.count() == 2_303


def test_a_register_that_was_broken_before_is_broken_after_at_the_same_link(before: Engine) -> None:
    written_before(before, 12)
    with before.begin() as connection:
        connection.execute(text("update audit set revision = 99 where revision = 7"))
    migrate(before, "register")
    assert AuditLog(before, PLANE).broken() == Break("changed", 7)


def test_links_of_the_earlier_form_are_found_out_when_they_are_touched(before: Engine) -> None:
    written_before(before, 12)
    migrate(before, "register")
    log = AuditLog(before, PLANE)
    unguard(before)
    for change, found in (
        ("content = replace(content, 'acted', 'fixed')", Break("changed", 7)),
        ("at = '2020-01-01T00:00:00.000000Z'", Break("misfiled", 7)),
        ("\"user\" = 'handl-07'", Break("misfiled", 7)),
        ("digest = previous", Break("changed", 7)),
    ):
        with before.begin() as connection:
            whole = connection.execute(text("select * from audit where seq = 7")).one()._asdict()
            connection.execute(text(f"update audit set {change} where seq = 7"))  # noqa: S608
        assert log.broken() == found
        with before.begin() as connection:
            connection.execute(text("delete from audit where seq = 7"))
            connection.execute(
                text("insert into audit values (:seq, :at, :user, :case, :content, :previous, :digest)"), whole
            )
    assert log.broken() is None


def test_going_back_a_version_gives_the_earlier_links_back_as_they_were(before: Engine) -> None:
    digests = written_before(before, 9)
    with before.connect() as connection:
        rows = connection.execute(
            text('select actor, action, "case", revision, previous, digest, at from audit order by seq')
        ).all()
    migrate(before, "register")
    step(before, "0003", command.downgrade)
    with before.connect() as connection:
        again = connection.execute(
            text('select actor, action, "case", revision, previous, digest, at from audit order by seq')
        ).all()
    assert [row[:6] for row in again] == [row[:6] for row in rows]
    assert [row.digest for row in again] == digests
    migrate(before, "register")
    assert AuditLog(before, PLANE).broken() is None


def test_an_entry_of_the_earlier_form_can_not_be_put_after_one_of_the_present_form(before: Engine) -> None:
    migrate(before, "register")
    log = AuditLog(before, PLANE)
    last = log.write(an_entry())
    at = datetime(2027, 1, 5, 10, tzinfo=UTC)
    content = carried(last.digest, at, ORG, "acted", CASES[0], 9)
    with before.begin() as connection:
        connection.execute(
            text("insert into audit values (2, :at, 'system', :case, :content, :previous, :digest)"),
            {
                "at": "2027-01-05T10:00:00.000000Z",
                "case": CASES[0],
                "content": content,
                "previous": last.digest,
                "digest": sha256(content.encode()).hexdigest(),
            },
        )
    assert log.broken() == Break("changed", 2)


def test_the_plane_writes_what_it_recorded_and_what_it_refused(databases: Databases) -> None:
    engine = open_database(databases.url("sqlite", "register"))
    register = Register(engine)
    register.record(recording(grown(CASES[0], 2)))
    log = AuditLog(engine, PLANE)
    refused = AuditEntry(
        at=datetime.now(UTC), org="polisen-mitt", user="system", role=Role.SYSTEM, action="submit", case=CASES[0],
        subject=str(uuid4()), outcome="not-your-case",
    )  # fmt: skip
    log.write(refused)
    first, second, third = log.links()
    assert (first.entry.org, first.entry.action, first.entry.subject) == ("soc-0381", "opened", "revision-1")
    assert second.entry.subject == "revision-2"
    assert third.entry == refused
    assert register.first_broken_link() is None
    assert abs(first.entry.at - datetime.now(UTC)) < timedelta(minutes=1)
    engine.dispose()
