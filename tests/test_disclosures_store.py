"""What a desk has been allowed to tell, has told and has been told: kept once, sealed, and never without its entry."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, event, text
from sqlmodel import Session, select

from activities.audit import AuditLog, CannotAudit
from activities.demands import Demands
from activities.disclosures import LEFT_ALONE, Disclosures, Told
from activities.protected_data import DeskStore
from activities.stores import migrate, open_database, reading
from models.access import Purpose, Reader, Role
from models.consent import ConsentAct, ConsentPurpose, ConsentStep, Guardian, History, PersonFacts, Scope
from models.contracts import Refusal
from models.demand_tables import DemandRow
from models.demands import DemandState, KeptDemand, WhyRefused
from models.desk import Category
from models.desk_tables import ItemRow
from models.disclosure_tables import ConsentRow, DisclosureRow, PackageRow
from models.exchange import Envelope, Label
from models.keys import CannotOpen
from models.preview import Package, Section, Sending, SentField
from models.sharing import Demand
from models.words import CaseRef, Function, case_reference
from rules.demands import MOST_OPEN
from tests.databases import Databases
from tests.exchange_support import RECIPIENT, SENDER, code, keys_of, sealed
from tests.key_support import file_keys
from tests.programs import Program
from tests.support import ROOT
from tests.write_disclosures import LONGEST

NOW = datetime(2027, 1, 5, 9, tzinfo=UTC)
BY = Reader(org=SENDER, user="handl-01", role=Role.CASEWORKER)
ADULT = PersonFacts(born=date(1990, 1, 1))
SCOPE = Scope(functions=(Function.POLICE,), categories=(Category.IDENTITY,), purposes=(ConsentPurpose.PROTECTION,))
SECRET = "kanariefågel-i-lådan"


class Desk:
    """One desk's disclosures, over real keys, a real chain and a real database."""

    def __init__(self, org: str, url: str, folder: Path) -> None:
        self.org, self.url, self.folder = org, url, folder
        self.engine = open_database(url)
        migrate(self.engine, "desk")
        self.log = AuditLog(self.engine, org)
        self.keys = file_keys(folder, org)
        self.disclosures = Disclosures(self.engine, DeskStore(org, self.engine, self.keys), self.log)
        self.demands = Demands(self.engine, self.keys, self.log)
        self.case = case_reference(secrets.randbits(35))

    def rows(self, table: type[Any]) -> list[Any]:
        with reading(self.engine) as session:
            return list(session.exec(select(table)))

    def entries(self) -> list[tuple[str, str]]:
        return [(link.entry.action, link.entry.outcome) for link in self.log.links()]

    def bytes(self) -> bytes:
        """Every value of every table, as the database gives it."""
        found = []
        with Session(self.engine.execution_options(reading=True)) as session:
            for table in ("consents", "disclosures", "packages", "demands", "items", "audit"):
                for row in session.connection().execute(text(f"select * from {table}")):  # noqa: S608
                    found += [bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in row]
        return b"\0".join(found)

    def records(self, step: ConsentStep, person: PersonFacts = ADULT, now: datetime = NOW) -> History | Refusal:
        return self.disclosures.record(self.case, step, person, BY, now, LONGEST)

    def prepares(self, label: Label, said: Package, **more: Any) -> Told | Refusal:
        given: dict[str, Any] = {
            "envelope": None, "way": "letter", "digest": said.digest, "by_consent": False, "by": BY,
            "purpose": Purpose.DISCLOSE, "permitted": lambda _: None,
        }  # fmt: skip
        return self.disclosures.prepare(label, said, **(given | more))


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(SENDER, databases.url(request.param, "desk"), tmp_path)
    yield desk
    desk.engine.dispose()


def given(**said: Any) -> ConsentStep:
    usual: dict[str, Any] = {
        "id": str(uuid4()), "act": ConsentAct.GIVE, "giver": "person", "scope": SCOPE, "at": NOW,
        "until": NOW + timedelta(days=30), "written": True,
    }  # fmt: skip
    return ConsentStep(**(usual | said))


def withdrawn(**said: Any) -> ConsentStep:
    usual: dict[str, Any] = {"id": str(uuid4()), "act": ConsentAct.WITHDRAW, "giver": "person", "at": NOW}
    return ConsentStep(**(usual | said))


def a_package(case: CaseRef, value: str = SECRET, category: Category = Category.IDENTITY) -> Package:
    about = Sending(
        case=case, handoff="H1", kind="threat-assessment", sender=SENDER, sender_role=Role.CASEWORKER,
        recipient=Function.POLICE, recipient_org=RECIPIENT,
    )  # fmt: skip
    fields = (SentField(field="name", value=value),)
    return Package(
        sending=about, sections=(Section(category=category, ground="consent", paragraph="OSL 10:1", fields=fields),)
    )


def a_label(desk: Desk) -> Label:
    return Label(
        id=str(uuid4()), case=desk.case, handoff="H1", sender=SENDER, recipient=RECIPIENT, categories=("identity",),
        grounds=("consent",), created_at=NOW, expires_at=NOW + timedelta(days=7),
    )  # fmt: skip


def an_envelope(desk: Desk, **other: Any) -> Envelope:
    ours, theirs = keys_of(SENDER, desk.folder / "acts"), keys_of(RECIPIENT, desk.folder / "acts")
    content = a_package(desk.case).model_dump_json().encode()
    return sealed(ours, theirs, content, case=desk.case, categories=("identity",), **other)


# --- consent -------------------------------------------------------------------------------------------


def test_consents_are_kept_in_the_order_in_which_they_were_written_down(desk: Desk) -> None:
    steps = [given(), given(scope=SCOPE.model_copy(update={"categories": (Category.CONTACT,)})), withdrawn()]
    for step in steps:
        assert not isinstance(desk.records(step), Refusal)
    history = desk.disclosures.history(desk.case)
    assert [event.id for event in history] == [step.id for step in steps]
    assert [event.step for event in history] == [1, 2, 3]
    assert desk.disclosures.history(case_reference(3)) == ()
    assert desk.entries() == [("consent-give", "done"), ("consent-give", "done"), ("consent-withdraw", "done")]


def test_the_same_step_again_is_one_step_and_a_second_withdrawal_is_another_that_changes_nothing(desk: Desk) -> None:
    consent, no = given(), withdrawn()
    for step in (consent, consent, no, no):
        desk.records(step)
    assert [event.id for event in desk.disclosures.history(desk.case)] == [consent.id, no.id]
    again = desk.records(withdrawn())
    assert not isinstance(again, Refusal)
    assert again[:2] == desk.disclosures.history(desk.case)[:2]
    assert desk.log.broken() is None


def test_what_was_said_of_consent_is_sealed_and_opens_nowhere_else(desk: Desk) -> None:
    person = PersonFacts(born=date(2012, 5, 1), guardians=(Guardian(id="guardian-kanarie"),))
    assert not isinstance(desk.records(given(giver="guardian-kanarie"), person), Refusal)
    assert b"guardian-kanarie" not in desk.bytes()
    (row,) = desk.rows(ConsentRow)
    with desk.engine.begin() as connection:
        connection.execute(text('update consents set "case" = :other'), {"other": case_reference(5)})
    with pytest.raises(CannotOpen):
        desk.disclosures.history(case_reference(5))
    assert row.content


def test_a_consent_that_is_refused_is_in_the_log_and_not_in_the_history(desk: Desk) -> None:
    threat = PersonFacts(born=date(2015, 5, 1), guardians=(Guardian(id="guardian-1", threat=True),))
    for step, person, refused in (
        (given(giver="guardian-1"), threat, "consent-not-from-that-giver"),
        (given(until=NOW + timedelta(days=900)), ADULT, "consent-too-long"),
        (given(at=NOW + timedelta(minutes=1)), ADULT, "consent-in-the-future"),
        (withdrawn(withdraws=str(uuid4())), ADULT, "no-such-consent"),
    ):
        assert code(desk.records(step, person)) == refused
        assert desk.entries()[-1][1] == refused
    assert desk.disclosures.history(desk.case) == ()
    assert len(desk.entries()) == 4


def test_a_clock_that_was_set_back_gives_no_consent_back(desk: Desk) -> None:
    desk.records(given())
    desk.records(withdrawn(at=NOW), now=NOW)
    earlier = desk.records(withdrawn(at=NOW - timedelta(days=1)), now=NOW - timedelta(days=2))
    assert not isinstance(earlier, Refusal), "a withdrawal is taken whatever the clock says"
    assert [event.step for event in desk.disclosures.history(desk.case)] == [1, 2, 3]


# --- telling -------------------------------------------------------------------------------------------


def test_what_is_told_is_written_down_sealed_before_it_is_told_and_read_back_as_it_was(desk: Desk) -> None:
    envelope = an_envelope(desk)
    said = a_package(desk.case)
    told = desk.prepares(envelope.label(), said, envelope=envelope, way="sealed", digest=envelope.digest)
    assert isinstance(told, Told)
    assert (told.row.state, told.package, told.envelope) == ("prepared", said, envelope)
    assert SECRET.encode() not in desk.bytes()
    entry = next(iter(desk.log.links())).entry
    assert (entry.action, entry.recipient, entry.categories, entry.ground) == (
        "disclose", RECIPIENT, ("identity",), "consent",
    )  # fmt: skip


def test_the_same_package_prepared_again_is_the_same_envelope_and_settled_once(desk: Desk) -> None:
    first = an_envelope(desk)
    told = desk.prepares(first.label(), a_package(desk.case), envelope=first, way="sealed")
    other = an_envelope(desk, id=first.id)
    assert other.sealed != first.sealed, "every sealing is another ciphertext"
    again = desk.prepares(other.label(), a_package(desk.case), envelope=other, way="sealed")
    assert isinstance(told, Told)
    assert isinstance(again, Told)
    assert again.envelope == first
    assert desk.disclosures.settle(first.id, "sent", BY)
    assert not desk.disclosures.settle(first.id, "refused", BY), "it is settled"
    assert desk.entries() == [("disclose", "done"), ("disclosure-sent", "done")]
    assert desk.disclosures.settle(first.id, "recalled", BY, of=("sent",))
    assert not desk.disclosures.settle(str(uuid4()), "sent", BY)


def test_what_is_not_permitted_is_not_written_down_and_the_log_says_who_tried(desk: Desk) -> None:
    label = a_label(desk)
    refused = desk.prepares(label, a_package(desk.case), permitted=lambda _: Refusal(code="step-up-needed"))
    assert code(refused) == "step-up-needed"
    assert desk.rows(DisclosureRow) == []
    entry = next(iter(desk.log.links())).entry
    assert (entry.user, entry.outcome, entry.recipient, entry.subject) == (
        "handl-01",
        "step-up-needed",
        RECIPIENT,
        label.id,
    )


def test_what_was_told_by_a_letter_or_called_back_is_not_under_way(desk: Desk) -> None:
    envelope, label = an_envelope(desk), a_label(desk)
    desk.records(given())
    desk.prepares(label, a_package(desk.case), by_consent=True)
    desk.prepares(envelope.label(), a_package(desk.case), envelope=envelope, way="sealed", by_consent=True)
    assert desk.disclosures.under_way(desk.case, by_consent=True) == [envelope.id]
    assert [row.id for row in desk.disclosures.on_consent()] == [envelope.id]
    desk.disclosures.settle(envelope.id, "recalled", BY)
    assert desk.disclosures.on_consent() == []
    assert desk.disclosures.under_way(desk.case, by_consent=False) == []


def test_a_disclosure_is_interrupted_only_after_it_was_left_alone(desk: Desk) -> None:
    told = desk.prepares(a_label(desk), a_package(desk.case))
    assert isinstance(told, Told)
    assert desk.disclosures.interrupted(told.row.at + LEFT_ALONE) == []
    (row,) = desk.disclosures.interrupted(told.row.at + LEFT_ALONE + timedelta(seconds=1))
    assert row.id == told.row.id


# --- being told ----------------------------------------------------------------------------------------


def test_a_package_is_held_unseen_until_it_is_taken_and_taken_once(desk: Desk) -> None:
    envelope = an_envelope(desk)
    content = a_package(desk.case).model_dump_json().encode()
    assert desk.disclosures.hold(envelope, content)
    assert not desk.disclosures.hold(envelope, content)
    assert desk.disclosures.held() == [envelope.id]
    assert desk.rows(ItemRow) == [], "held is not shown"
    assert desk.disclosures.received(desk.case) == []
    for _ in range(2):
        desk.disclosures.take(envelope.id)
    (item,) = desk.rows(ItemRow)
    assert DeskStore(SENDER, desk.engine, desk.keys).opened(item) == {"name": SECRET}
    assert [row.id for row in desk.disclosures.received(desk.case)] == [envelope.id]
    assert desk.rows(PackageRow)[0].content is None
    assert desk.disclosures.held() == []
    assert desk.entries() == [("package-held", "done"), ("package-taken", "done")]
    assert SECRET.encode() not in desk.bytes()


def test_what_was_taken_back_while_it_was_held_is_thrown_away_and_what_was_taken_is_not(desk: Desk) -> None:
    first, second = an_envelope(desk), an_envelope(desk)
    content = a_package(desk.case).model_dump_json().encode()
    for envelope in (first, second):
        desk.disclosures.hold(envelope, content)
    desk.disclosures.throw_away(first.id)
    desk.disclosures.take(first.id)
    desk.disclosures.take(second.id)
    desk.disclosures.throw_away(second.id)
    assert [row.id for row in desk.rows(PackageRow)] == [second.id]
    assert len(desk.rows(ItemRow)) == 1
    assert [what for what, _ in desk.entries()] == [
        "package-held", "package-held", "package-thrown-away", "package-taken",
    ]  # fmt: skip


# --- when the log can't be written ---------------------------------------------------------------------


def a_demand(desk: Desk, law: str = "sol-15-7") -> KeptDemand:
    said = Demand(law=law, authority="prosecutor", categories=("address",), received_at=NOW)
    return KeptDemand(id=str(uuid4()), case=desk.case, demand=said, recorded_at=NOW)


def test_a_demand_is_kept_sealed_and_settled_once(desk: Desk) -> None:
    new = a_demand(desk)
    kept = desk.demands.record(new, SECRET, BY, lambda _: None)
    assert kept == new
    assert SECRET.encode() not in desk.bytes()
    assert b"prosecutor" not in b"".join(row.content for row in desk.rows(DemandRow))
    for state, why in ((DemandState.ANSWERED, None), (DemandState.REFUSED, WhyRefused.NOT_HELD_HERE)):
        came = desk.demands.settle(new, state, BY, lambda _: None, why=why)
        assert (came.code if isinstance(came, Refusal) else came.state) in ("answered", "demand-is-settled")
    (left,) = desk.demands.of_case(desk.case)
    assert (left.state, left.why) == (DemandState.ANSWERED, None)
    assert desk.entries()[-3:] == [
        ("demand-recorded", "done"), ("demand-answered", "done"), ("demand-refused", "demand-is-settled"),
    ]  # fmt: skip


def test_what_one_is_telling_answers_a_demand_and_nobody_else_answers_or_refuses_it(desk: Desk) -> None:
    new = a_demand(desk)
    desk.demands.record(new, None, BY, lambda _: None)
    first, second = a_label(desk), a_label(desk)

    def tells(label: Label) -> Told | Refusal:
        return desk.disclosures.prepare(
            label, a_package(desk.case), None, way="spoken", digest="0" * 64, by_consent=False, by=BY,
            purpose=Purpose.DISCLOSE, permitted=lambda session: desk.demands.begin(session, new.id, label.id),
        )  # fmt: skip

    being = Refusal(code="demand-is-being-answered")
    assert isinstance(tells(first), Told)
    assert tells(second) == being
    assert desk.demands.settle(new, DemandState.REFUSED, BY, lambda _: None, why=WhyRefused.WITHDRAWN) == being
    assert desk.demands.told_and_open() == []
    desk.disclosures.settle(first.id, "refused", BY)
    third = a_label(desk)
    assert isinstance(tells(third), Told), "what came to nothing leaves it to the next"
    desk.disclosures.settle(third.id, "sent", BY)
    assert [one.id for one in desk.demands.told_and_open()] == [new.id]
    for _ in range(2):
        came = desk.demands.settle(new, DemandState.ANSWERED, BY, lambda _: None, package=third.id)
        assert isinstance(came, KeptDemand)
        assert (came.state, came.package) == (DemandState.ANSWERED, third.id)
    assert desk.demands.told_and_open() == []


def test_no_more_demands_are_recorded_than_are_seen(desk: Desk) -> None:
    came = [desk.demands.record(a_demand(desk), None, BY, lambda _: None) for _ in range(MOST_OPEN + 1)]
    refused = [one.code for one in came if isinstance(one, Refusal)]
    assert refused == ["too-many-demands"]
    assert len(desk.demands.open_in(desk.case)) == MOST_OPEN == 20


def no_more_entries(engine: Engine) -> None:
    """A full audit: from now on the database takes no entry, whoever asks."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(
                text("create trigger audit_full before insert on audit begin select raise(abort, 'full'); end")
            )
        else:
            connection.execute(text("alter table audit add constraint audit_full check (false) not valid"))


def test_with_a_log_that_takes_nothing_nothing_is_recorded_told_or_taken(desk: Desk) -> None:
    envelope, waiting, told = an_envelope(desk), an_envelope(desk), a_label(desk)
    content = a_package(desk.case).model_dump_json().encode()
    desk.disclosures.hold(waiting, content)
    desk.prepares(told, a_package(desk.case))
    no_more_entries(desk.engine)
    before = desk.bytes()
    label, said, demanded = a_label(desk), a_package(desk.case), a_demand(desk)
    for act in (
        lambda: desk.records(given()),
        lambda: desk.records(given(until=NOW + timedelta(days=900))),
        lambda: desk.prepares(label, said),
        lambda: desk.prepares(label, said, permitted=lambda _: Refusal(code="step-up-needed")),
        lambda: desk.disclosures.settle(told.id, "sent", BY),
        lambda: desk.disclosures.hold(envelope, content),
        lambda: desk.disclosures.take(waiting.id),
        lambda: desk.disclosures.throw_away(waiting.id),
        lambda: desk.demands.record(demanded, "ringde", BY, lambda _: None),
        lambda: desk.demands.record(demanded, None, BY, lambda _: Refusal(code="not-on-the-list")),
        lambda: desk.demands.settle(demanded, DemandState.REFUSED, BY, lambda _: None, why=WhyRefused.NOT_HELD_HERE),
    ):
        with pytest.raises(CannotAudit):
            act()
    assert desk.bytes() == before


def test_a_database_that_can_only_be_read_records_nothing_and_says_so_without_a_value(
    databases: Databases, tmp_path: Path
) -> None:
    desk = Desk(SENDER, databases.url("sqlite", "desk"), tmp_path)
    desk.records(given())
    only = open_database(desk.url)
    event.listen(only, "connect", lambda connection, _: connection.execute("pragma query_only=on"))
    shut = Disclosures(only, DeskStore(SENDER, only, desk.keys), AuditLog(only, SENDER))
    label = a_label(desk)
    for act in (
        lambda: shut.record(desk.case, withdrawn(), ADULT, BY, NOW, LONGEST),
        lambda: shut.settle(label.id, "sent", BY),
        lambda: shut.hold(an_envelope(desk), b"told"),
    ):
        with pytest.raises(CannotAudit) as said:
            act()
        assert "consents" not in str(said.value)
    assert len(shut.history(desk.case)) == 1


# --- two programs at once ------------------------------------------------------------------------------


def both(desk: Desk, what: str, asked: list[dict[str, Any]]) -> list[list[str]]:
    """Two programs that do the same things at the same time; what each was told."""
    desk.keys.seal  # noqa: B018  the keys are made before two programs ask for them
    command = (str(ROOT / "tests" / "write_disclosures.py"), desk.url, desk.org, str(desk.folder), what)
    programs = [Program(*command) for _ in range(2)]
    try:
        for one in programs:
            assert one.stdin is not None
            one.stdin.write(json.dumps(asked) + "\n")
            one.stdin.flush()
        for one in programs:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        answers = []
        for one in programs:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        for one in programs:
            out, _ = one.communicate(timeout=120)
            assert one.returncode == 0
            answers.append(out.split())
        return answers
    finally:
        for one in programs:
            one.kill()


def test_two_programs_that_write_consents_at_once_make_one_history(desk: Desk) -> None:
    same = [given() for _ in range(6)]
    asked = [{"case": desk.case, "step": step.model_dump(mode="json")} for step in same]
    answers = both(desk, "consent", asked)
    assert answers == [["yes"] * 6] * 2
    history = desk.disclosures.history(desk.case)
    assert sorted(event.id for event in history) == sorted(step.id for step in same)
    assert [event.step for event in history] == list(range(1, 7))
    assert desk.entries() == [("consent-give", "done")] * 6
    assert desk.log.broken() is None


def test_two_programs_that_hold_the_same_package_hold_it_once(desk: Desk) -> None:
    envelopes = [an_envelope(desk) for _ in range(4)]
    asked = [{"envelope": envelope.model_dump(mode="json")} for envelope in envelopes]
    first, second = both(desk, "hold", asked)
    for ours, theirs in zip(first, second, strict=True):
        assert sorted((ours, theirs)) == ["no", "yes"]
    assert sorted(desk.disclosures.held()) == sorted(envelope.id for envelope in envelopes)
    assert desk.entries() == [("package-held", "done")] * 4
    assert desk.log.broken() is None
