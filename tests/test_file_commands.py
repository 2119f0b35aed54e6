"""Requests to see a file, from when they come to the PDF that answers them: on both databases, and audited."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from typer import Typer
from typer.testing import CliRunner

from activities.documents import digest_of
from activities.file_requests import FileRequests
from activities.mark_rules import load_marks
from activities.stores import open_database, reading
from console.file_commands import FileDesk, commands
from models.audit import AuditEntry
from models.contracts import Refusal
from models.desk import ProtectionMark
from models.documents import Mailing
from models.file_request_tables import FileCopyRow
from models.file_requests import About, Asker, FileDecision, FileRequest, Harm, ItemContent, Outcome, Regime
from models.words import CaseRef, Function, case_reference
from rules.file_requests import clock, decide
from rules.mailing import mailed
from rules.marks import mail_route
from tests.databases import Databases
from tests.file_support import CASE, ORG, READER, RECEIVED, SENDER, item, request, text_of
from tests.rules_support import PACK

SOC = Function.SOCIAL_SERVICES
ADDRESS, NOTE = "Storgatan 5 B, 123 45 Falun", "Samtal om skola"


class Desk:
    """A desk whose vault holds what a test puts there; reads and audit entries are kept to be looked at."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.entries: list[AuditEntry] = []
        self.audit_works = True
        self.vault: tuple[ItemContent, ...] = ()
        self.mark, self.number_known = ProtectionMark.UNKNOWN, False
        self.others: frozenset[CaseRef] = frozenset()
        """Cases whose requests are not for this account."""
        self.reads: list[FileRequest] = []
        self.requests = FileRequests(ORG, engine, self._append)

    def _append(self, session: Session, entry: AuditEntry) -> None:
        if not self.audit_works:
            raise OSError("the audit can't be written")
        self.entries.append(entry)

    def _items(self, asked: FileRequest) -> tuple[ItemContent, ...]:
        self.reads.append(asked)
        return self.vault

    def open(self, org: str) -> FileDesk:
        assert org == ORG
        return FileDesk(
            ORG,
            SOC,
            SENDER,
            READER,
            self.requests,
            self._items,
            PACK,
            lambda _: RECEIVED,
            self._admitted,
            self._mailed,
            self._visible,
        )

    def _admitted(self, case: str | None, _: str) -> Refusal | None:
        return Refusal(code="not-on-the-list") if case in self.others else None

    def _mailed(self, asked: FileRequest) -> Mailing | Refusal | None:
        return mailed(asked.asker, self.mark, mail_route(self.mark, load_marks()), self.number_known)

    def _visible(self, cases: tuple[CaseRef, ...]) -> frozenset[CaseRef]:
        return frozenset(cases) - self.others


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    made = open_database(databases.url(request.param, "desk"))
    yield made
    made.dispose()


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


class Ran:
    def __init__(self, code: int, out: str) -> None:
        self.code, self.out = code, out

    @property
    def data(self) -> Any:
        return json.loads(self.out)

    @property
    def refused(self) -> str:
        assert self.code == 3, self.out
        return str(self.data["error"]["code"])


Run = Callable[..., Ran]


@pytest.fixture
def run(desk: Desk) -> Run:
    app: Typer = commands(desk.open)

    def typed(*arguments: str, as_json: bool = True) -> Ran:
        more = ["--as", ORG, *(["--json"] if as_json else [])]
        done = CliRunner().invoke(app, [*arguments, *more], env={"COLUMNS": "200"})
        return Ran(done.exit_code, done.output)

    return typed


def taken(run: Run, regime: str = "party", asker: str = "guardian-threat", *more: str, case: str = CASE) -> str:
    ran = run("request", case, "--regime", regime, "--from", asker, "--proven", *more)
    assert ran.code == 0, ran.out
    return str(ran.data["request"]["id"])


def file(*more: ItemContent) -> tuple[ItemContent, ...]:
    decided = item("social-file", "Beslut: insats beviljas", decision=True)
    return (item("address", ADDRESS), item("note", NOTE, harm=Harm.NONE), decided, *more)


def test_the_husband_s_lawyer_gets_the_decision_and_not_the_place(desk: Desk, run: Run, tmp_path: Path) -> None:
    desk.vault = file()
    ran = run("request", CASE, "--regime", "party", "--from", "lawyer", "--behalf-of", "guardian-threat", "--proven")
    asked = ran.data
    assert asked["kind"] == "file-request-party"
    assert asked["clock"]["answer_by"] == "2027-05-24T07:00:00Z"
    made = run("decide", asked["request"]["id"])
    assert made.data["outcome"] == "given-in-part"
    assert made.data["withheld"] == [{"category": "address", "ground": "osl-26-2"}]
    out = tmp_path / "svar.pdf"
    assert run("package", asked["request"]["id"], "--out", str(out)).code == 0
    told = text_of(out.read_bytes())
    assert "Beslut: insats beviljas" in told
    assert NOTE in told
    assert "Falun" not in told
    assert "Storgatan" not in told
    assert "Till: ombud" in told
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_each_step_is_audited_with_codes_only(desk: Desk, run: Run, tmp_path: Path) -> None:
    desk.vault = file()
    asked = taken(run)
    run("decide", asked)
    run("package", asked, "--out", str(tmp_path / "a.pdf"))
    assert [(e.action, e.outcome, e.subject, e.case) for e in desk.entries] == [
        ("file-request", "done", asked, CASE),
        ("file-decide", "given-in-part", asked, CASE),
        ("file-package", "done", asked, CASE),
    ]
    assert desk.entries[-1].categories == ("note", "social-file")
    assert "Storgatan" not in "".join(entry.model_dump_json() for entry in desk.entries)


def test_without_an_audit_entry_nothing_is_recorded_and_nothing_goes_out(desk: Desk, run: Run, tmp_path: Path) -> None:
    desk.vault = file()
    asked = taken(run)
    desk.audit_works = False
    assert run("decide", asked).code == 1
    assert run("request", CASE, "--regime", "party", "--from", "self").code == 1
    desk.audit_works = True
    assert [kept.decided_at for kept in desk.requests.listed()] == [None]
    run("decide", asked)
    desk.audit_works = False
    assert run("package", asked, "--out", str(tmp_path / "a.pdf")).code == 1
    assert list(tmp_path.iterdir()) == []
    with reading(desk.engine) as session:
        assert session.get(FileCopyRow, (asked, 1)) is None


def test_something_that_was_taken_away_after_the_decision_stops_the_answer(
    desk: Desk, run: Run, tmp_path: Path
) -> None:
    desk.vault = file()
    asked = taken(run)
    run("decide", asked)
    desk.vault = desk.vault[:2]
    assert run("package", asked, "--out", str(tmp_path / "b.pdf")).refused == "decision-no-longer-holds"


def test_a_later_note_stays_out_of_an_earlier_decision(desk: Desk, run: Run, tmp_path: Path) -> None:
    desk.vault = file()
    asked = taken(run)
    run("decide", asked)
    desk.vault += (item("note", "Senare anteckning", harm=Harm.NONE), item("note", "Otestad"))
    out = tmp_path / "a.pdf"
    assert run("package", asked, "--out", str(out)).code == 0
    assert NOTE in text_of(out.read_bytes())
    assert "Senare" not in text_of(out.read_bytes())
    assert "Otestad" not in text_of(out.read_bytes())


def test_an_address_that_came_to_be_known_stops_a_note_that_tells_it(desk: Desk, run: Run, tmp_path: Path) -> None:
    note = item("note", "De trivs i Falun", harm=Harm.NONE)
    desk.vault = (note,)
    asked = taken(run)
    assert run("decide", asked).data["outcome"] == "given"
    desk.vault = (note, item("address", ADDRESS))
    assert run("package", asked, "--out", str(tmp_path / "a.pdf")).refused == "decision-no-longer-holds"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_decided_before_a_person_has_tested_the_harm(desk: Desk, run: Run) -> None:
    untested = item("note", "Otestad")
    desk.vault = (untested,)
    asked = taken(run)
    waiting = run("decide", asked)
    assert waiting.refused == "harm-test"
    assert waiting.data["error"]["detail"] == untested.item
    assert run("test", asked, untested.item, "harm").code == 0
    assert run("decide", asked).data["outcome"] == "refused"
    assert run("test", asked, untested.item, "none").refused == "decided-before"


def test_nothing_is_read_for_somebody_who_has_not_shown_who_they_are(desk: Desk, run: Run) -> None:
    desk.vault = file()
    for asker, code in (("self", "needs-identity"), ("lawyer", "needs-power-of-attorney")):
        ran = run("request", CASE, "--regime", "party", "--from", asker)
        assert run("decide", ran.data["request"]["id"]).refused == code
    assert desk.reads == []


def test_who_has_shown_who_they_are_later_is_answered_then(desk: Desk, run: Run) -> None:
    desk.vault = file()
    asked = run("request", CASE, "--regime", "party", "--from", "self").data["request"]["id"]
    assert run("decide", asked).refused == "needs-identity"
    assert run("prove", asked).data["request"]["proven"] is True
    assert run("decide", asked).code == 0
    assert run("prove", asked).refused == "decided-before"
    assert [e.action for e in desk.entries] == ["file-request", "file-prove", "file-decide"]


def test_a_lawyer_who_sends_the_power_of_attorney_later_says_whom_it_is_from(desk: Desk, run: Run) -> None:
    desk.vault = file()
    asked = run("request", CASE, "--regime", "party", "--from", "lawyer").data["request"]["id"]
    assert run("prove", asked).code == 0
    assert run("decide", asked).refused == "needs-power-of-attorney"
    assert run("prove", asked, "--behalf-of", "guardian-threat").code == 0
    assert run("decide", asked).data["outcome"] == "given-in-part"


def test_taking_the_same_request_again_as_proven_proves_it(desk: Desk, run: Run) -> None:
    key = str(uuid4())
    run("request", CASE, "--regime", "party", "--from", "self", "--key", key)
    assert taken(run, "party", "self", "--key", key) == key
    (kept,) = desk.requests.listed()
    assert kept.request.proven


def test_a_request_that_nobody_proves_is_dismissed_unread_and_holds_nothing_back_any_more(
    desk: Desk, run: Run, tmp_path: Path
) -> None:
    desk.vault = file()
    asked = run("request", CASE, "--regime", "party", "--from", "other-party").data["request"]["id"]
    assert "Nothing has happened" in run("decide", asked, "--dismiss", as_json=False).out
    made = run("decide", asked, "--dismiss", "--yes")
    assert (made.data["outcome"], made.data["gate"]) == ("dismissed", "needs-identity")
    assert desk.reads == []
    assert run("package", asked, "--out", str(tmp_path / "a.pdf")).refused == "was-dismissed"
    assert [kept.decided_at is None for kept in desk.requests.listed()] == [False]
    proven = taken(run)
    assert run("decide", proven, "--dismiss", "--yes").refused == "nothing-to-dismiss"


@pytest.mark.parametrize("mark", [ProtectionMark.SECRECY_MARKING, ProtectionMark.PROTECTED_REGISTRATION])
def test_what_goes_to_a_protected_person_says_that_it_goes_through_the_tax_agency_and_waits_for_the_number(
    desk: Desk, run: Run, tmp_path: Path, mark: ProtectionMark
) -> None:
    desk.vault, desk.mark = file(), mark
    asked, out = taken(run, "party", "self"), str(tmp_path / "svar.pdf")
    run("decide", asked)
    for paper in ("package", "receipt"):
        assert run(paper, asked, "--out", out).refused == "personnummer-needed"
    assert list(tmp_path.iterdir()) == []
    handed = run("package", asked, "--out", str(tmp_path / "hand.pdf"), "--handed-over").data
    assert handed["mailing"]["way"] == "safe-contact"
    desk.number_known = True
    for paper in ("package", "receipt"):
        made = run(paper, asked, "--out", str(tmp_path / paper)).data
        assert made["mailing"]["outer"] == ["Skatteverket", "Box 2820", "403 20 Göteborg"]
        told = text_of((tmp_path / paper).read_bytes())
        assert "Ytterkuvert: Skatteverket, Box 2820, 403 20 Göteborg." in told
        assert "Ingen adress" in told
    assert "Box 2820" not in text_of((tmp_path / "hand.pdf").read_bytes())
    assert "Skatteverket" in run("receipt", asked, "--out", str(tmp_path / "kvittens"), as_json=False).out


def test_a_threat_s_letter_does_not_tell_that_the_person_is_protected(desk: Desk, run: Run, tmp_path: Path) -> None:
    desk.vault, desk.mark = file(), ProtectionMark.PROTECTED_REGISTRATION
    asked, out = taken(run), tmp_path / "svar.pdf"
    run("decide", asked)
    assert "mailing" not in run("package", asked, "--out", str(out)).data
    assert "Skatteverket" not in text_of(out.read_bytes())


def test_a_request_in_a_case_that_one_is_not_on_is_neither_listed_nor_handled(
    desk: Desk, run: Run, tmp_path: Path
) -> None:
    mine, theirs = taken(run), taken(run, case=case_reference(8))
    public = taken(run, "public", "unknown", case="-")
    desk.others = frozenset({case_reference(8)})
    assert {each["request"]["id"] for each in run("list").data} == {mine, public}
    assert run("list", "--case", case_reference(8)).refused == "not-on-the-list"
    steps = (
        ("test", theirs, str(uuid4()), "harm"),
        ("prove", theirs),
        ("decide", theirs),
        ("decide", theirs, "--dismiss"),
    )
    papers = (("package", theirs, "--out", str(tmp_path)), ("receipt", theirs, "--out", str(tmp_path)))
    for step in (*steps, ("extend", theirs, "--ground", "complex-request", "--by", "board"), *papers):
        assert run(*step).refused == "not-on-the-list", step
    assert desk.reads == []
    assert [(kept.decided_at, kept.tests) for kept in desk.requests.listed(case_reference(8))] == [(None, {})]


def test_the_public_gets_the_same_letter_whether_or_not_there_is_a_case(desk: Desk, run: Run, tmp_path: Path) -> None:
    desk.vault = file()
    with_case, without = taken(run, "public", "unknown"), taken(run, "public", "unknown", case="-")
    letters = []
    for asked in (with_case, without):
        assert run("decide", asked).data["outcome"] == "refused"
        run("package", asked, "--out", str(tmp_path / asked))
        letters.append((tmp_path / asked).read_bytes())
    assert letters[0] == letters[1]
    assert [read.id for read in desk.reads].count(without) == 0


def test_only_the_public_may_ask_without_a_case(run: Run) -> None:
    for regime in ("party", "subject"):
        ran = run("request", "-", "--regime", regime, "--from", "self")
        assert ran.refused == "case-needed"


def test_an_answer_needs_a_decision_and_a_decision_is_made_once(desk: Desk, run: Run, tmp_path: Path) -> None:
    desk.vault = file()
    asked = taken(run)
    assert run("package", asked, "--out", str(tmp_path / "a.pdf")).refused == "not-decided"
    assert run("decide", asked).code == 0
    assert run("decide", asked).refused == "decided-before"


def test_each_copy_has_its_number_and_its_digest(desk: Desk, run: Run, tmp_path: Path) -> None:
    desk.vault = file()
    asked = taken(run)
    run("decide", asked)
    for number in (1, 2):
        ran = run("package", asked, "--out", str(tmp_path))
        made = (tmp_path / f"handling-2027-05-20-{number}.pdf").read_bytes()
        assert ran.data == {"request": asked, "copy": number, "bytes": len(made)}
        assert f"ex. {number}" in text_of(made)
        with reading(desk.engine) as session:
            row = session.get(FileCopyRow, (asked, number))
            assert row is not None
            assert row.digest == digest_of(made)


def test_a_file_that_is_there_is_not_written_over_and_no_copy_is_counted(desk: Desk, run: Run, tmp_path: Path) -> None:
    desk.vault = file()
    asked, out = taken(run), tmp_path / "a.pdf"
    run("decide", asked)
    out.write_bytes(b"another")
    assert run("package", asked, "--out", str(out)).code == 2
    assert out.read_bytes() == b"another"
    assert desk.requests.listed()[0].copies == 0


def test_a_copy_that_could_not_be_written_is_told_and_recorded_as_such(desk: Desk, run: Run, tmp_path: Path) -> None:
    desk.vault = file()
    asked = taken(run)
    run("decide", asked)
    assert run("package", asked, "--out", str(tmp_path / "no" / "a.pdf")).refused == "cannot-write"
    assert [(e.action, e.outcome) for e in desk.entries][-2:] == [
        ("file-package", "done"),
        ("file-package", "not-written"),
    ]


def test_one_s_own_data_can_take_two_months_more_once(desk: Desk, run: Run) -> None:
    asked = taken(run, "subject", "self")
    longer = run("extend", asked, "--ground", "complex-request", "--by", "board")
    assert longer.data["clock"]["limit"] == "2027-08-20T22:00:00Z"
    assert run("extend", asked, "--ground", "complex-request", "--by", "board").refused == "extended-before"
    other = taken(run, "party", "self")
    assert run("extend", other, "--ground", "complex-request", "--by", "board").refused == "no-extension-here"


def test_a_receipt_says_when_an_answer_comes_and_not_about_what(desk: Desk, run: Run, tmp_path: Path) -> None:
    asked = taken(run, "subject", "self")
    assert run("receipt", asked, "--out", str(tmp_path / "k.pdf")).code == 0
    told = text_of((tmp_path / "k.pdf").read_bytes())
    assert "senast 2027-06-21" in told
    assert f"b{asked[:8]}" in told
    assert CASE not in told


def test_the_same_key_is_the_same_request(desk: Desk, run: Run) -> None:
    key = str(uuid4())
    for _ in range(2):
        assert taken(run, "party", "self", "--key", key) == key
    assert len(desk.requests.listed()) == 1
    assert [e.action for e in desk.entries] == ["file-request"]


def test_an_unknown_request_and_a_wrong_id_are_sentences(run: Run) -> None:
    assert run("decide", str(uuid4())).code == 4
    assert run("decide", "Storgatan 5").code == 2
    assert "Storgatan" not in run("decide", "Storgatan 5").out


def test_the_list_shows_what_is_due_first_and_says_when_there_is_nothing(desk: Desk, run: Run) -> None:
    assert "Ingen har begärt insyn" in run("list", as_json=False).out
    slow, quick = taken(run, "subject", "self"), taken(run, "public", "unknown")
    assert [each["request"]["id"] for each in run("list").data] == [quick, slow]
    shown = run("list", as_json=False).out
    assert "mån 2027-06-21 24:00" in shown
    assert "registerutdrag" in shown


def test_of_two_decisions_at_the_same_time_one_counts(desk: Desk) -> None:
    asked = request(asker=Asker.SELF)
    desk.requests.ask(asked, clock(Regime.PARTY, RECEIVED, ORG, PACK), READER, datetime.now(UTC))
    things = (item("note", NOTE), item("note", "annan", about=About.OTHER, harm=Harm.HARM))
    both: list[FileDecision] = [decide(asked, things[:1], SOC), decide(asked, things, SOC)]
    with ThreadPoolExecutor(2) as threads:
        ended = list(threads.map(lambda d: desk.requests.decide(asked.id, d, READER, datetime.now(UTC)), both))
    assert sorted(refusal.code if refusal else "" for refusal in ended) == ["", "decided-before"]
    kept = desk.requests.found(asked.id)
    assert kept is not None
    assert kept.outcome in (Outcome.GIVEN, Outcome.GIVEN_IN_PART)


def test_copies_made_at_the_same_time_have_different_numbers(desk: Desk) -> None:
    asked = request(asker=Asker.SELF)
    desk.requests.ask(asked, clock(Regime.PARTY, RECEIVED, ORG, PACK), READER, datetime.now(UTC))
    numbers: list[int] = []

    def make(number: int) -> bytes:
        numbers.append(number)
        return b"%d" % number

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: desk.requests.copied(asked.id, make, (), READER, datetime.now(UTC)), range(8)))
    assert sorted(numbers) == list(range(1, 9))
    assert desk.requests.copied(str(uuid4()), make, (), READER, datetime.now(UTC)) == Refusal(
        code="unknown-file-request"
    )
