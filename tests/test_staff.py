"""Who works at a desk and how they stand to a case: accounts, the own word, the need-to-know list, broken glass."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import time as clock
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from activities.audit import AuditLog, CannotAudit
from activities.case_access import GLASS_LASTS, BrokenGlass, NeedToKnow, forget, name_on_case
from activities.own_word import DEMO_WORD
from activities.staff import DEMO, LOCKED_FOR, TRIES, Staff
from activities.stores import open_database, writing
from models.access import Action, Hours, Reader, Relation, Role, the_system
from models.contracts import Refusal
from models.desk import Category
from models.words import CaseRef, Function
from tests.databases import Databases
from tests.rules_support import at
from tests.staff_support import NIGHT, NOW, ORG, a_case, a_desk, audited, code, someone, the_staff

HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "desk"))
    yield opened
    opened.dispose()


@pytest.fixture
def staff(engine: Engine) -> Staff:
    return the_staff(engine)


@pytest.fixture
def known(staff: Staff) -> NeedToKnow:
    return NeedToKnow(staff)


@pytest.fixture
def case(engine: Engine) -> CaseRef:
    return a_case(engine)


def person(staff: Staff, role: Role) -> Reader:
    return someone(staff, DEMO[role][0])


# --- accounts ------------------------------------------------------------------------------------------------------


def test_in_training_there_is_one_account_for_each_role_of_the_organisation(engine: Engine) -> None:
    social, police = Staff(a_desk(engine)), Staff(a_desk(engine, function=Function.POLICE))
    assert social.make_demo_accounts(NOW) == 11
    assert social.make_demo_accounts(NOW) == 0
    roles = {role for account in social.accounts(NOW) for role in account.roles}
    assert roles == set(Role) - {Role.SYSTEM, Role.OFFICER}
    assert police.make_demo_accounts(NOW) == 0


def test_demo_accounts_count_for_nothing_in_production(staff: Staff, engine: Engine, case: CaseRef) -> None:
    production = Staff(a_desk(engine, training=False))
    assert production.accounts(NOW) == []
    assert code(production.reader("handl-01")) == "unknown-account"
    assert code(production.step_up("handl-01", DEMO_WORD, NOW)) == "step-up-wrong"
    assert production.relation_of("jour-01", case, NOW) is Relation.NONE
    assert not production.decide(person(staff, Role.UNIT_MANAGER), Action.MANAGE_STAFF, None, NOW).permitted
    with pytest.raises(RuntimeError):
        production.make_demo_accounts(NOW)


def test_a_new_desk_begins_with_a_unit_manager_and_then_goes_by_the_table(engine: Engine) -> None:
    staff = Staff(a_desk(engine, training=False))
    word = "a word long enough"
    assert code(staff.add(None, "handl-07", [Role.CASEWORKER], NOW, word=word)) == "first-account-manages"
    assert code(staff.add(None, "chef-07", [Role.UNIT_MANAGER], NOW)) == "first-account-manages"
    assert staff.add(None, "chef-07", [Role.UNIT_MANAGER], NOW, word=word) is None
    assert code(staff.add(None, "chef-08", [Role.UNIT_MANAGER], NOW, word=word)) == "unknown-account"
    manager = someone(staff, "chef-07")
    assert code(staff.add(manager, "handl-07", [Role.CASEWORKER], NOW)) == "step-up-needed"
    assert staff.add(manager, "handl-07", [Role.CASEWORKER], NOW, stepped_up=True) is None
    handler = someone(staff, "handl-07")
    assert code(staff.add(handler, "handl-08", [Role.CASEWORKER], NOW, stepped_up=True)) == "not-for-this-role"


@pytest.mark.parametrize(
    ("user", "roles", "word", "why"),
    [
        ("handl-01", [Role.CASEWORKER], None, "account-exists"),
        ("system", [Role.CASEWORKER], None, "account-exists"),
        ("ny-01", [Role.SYSTEM], None, "roles-can-not-be-combined"),
        ("ny-01", [Role.CASEWORKER, Role.OPERATOR], None, "roles-can-not-be-combined"),
        ("ny-01", [Role.OFFICER], None, "roles-can-not-be-combined"),
        ("ny-01", [], None, "roles-can-not-be-combined"),
        ("ny-01", [Role.CASEWORKER], "short", "word-too-short"),
        ("ny-01", [Role.CASEWORKER], "x" * 129, "word-too-short"),
        ("ny-01", [Role.CASEWORKER], "lösenordlösenord", "word-easily-guessed"),
        ("ny-01", [Role.CASEWORKER], "passwordpassword", "word-easily-guessed"),
        ("ny-01", [Role.CASEWORKER], "qwertyuiopåä", "word-easily-guessed"),
        ("ny-01", [Role.CASEWORKER], "socialtjänsten", "word-easily-guessed"),
        ("ny-01", [Role.CASEWORKER], "soc-0381soc-0381", "word-easily-guessed"),
    ],
)
def test_an_account_that_can_not_be_is_not_added(
    user: str, roles: list[Role], word: str | None, why: str, staff: Staff
) -> None:
    before = staff.accounts(NOW)
    manager = person(staff, Role.UNIT_MANAGER)
    assert code(staff.add(manager, user, roles, NOW, word=word, stepped_up=True)) == why
    assert staff.accounts(NOW) == before


def test_an_account_that_has_ended_sees_nothing_and_is_never_anybody_elses(
    staff: Staff, known: NeedToKnow, case: CaseRef
) -> None:
    manager = person(staff, Role.UNIT_MANAGER)
    assert known.grant(manager, case, "handl-01", "handles-case", NOW) is None
    assert code(staff.deactivate(manager, "chef-01", NOW, stepped_up=True)) == "not-oneself"
    assert staff.deactivate(manager, "handl-01", NOW, stepped_up=True) is None
    assert staff.relation_of("handl-01", case, NOW) is Relation.NONE
    assert known.listed(case, NOW) == []
    assert code(staff.step_up("handl-01", DEMO_WORD, NOW)) == "step-up-wrong"
    assert code(staff.add(manager, "handl-01", [Role.CASEWORKER], NOW, stepped_up=True)) == "account-exists"
    assert code(staff.deactivate(manager, "handl-01", NOW, stepped_up=True)) == "unknown-account"


def test_a_role_is_used_only_by_who_has_it(staff: Staff, case: CaseRef) -> None:
    assert code(staff.reader("handl-01", Role.UNIT_MANAGER)) == "role-not-yours"
    claimed = Reader(org=ORG, user="handl-01", role=Role.UNIT_MANAGER)
    assert not staff.decide(claimed, Action.GRANT_ACCESS, case, NOW).permitted
    elsewhere = Reader(org="soc-0180", user="chef-01", role=Role.UNIT_MANAGER)
    assert not staff.decide(elsewhere, Action.GRANT_ACCESS, case, NOW).permitted
    posing = Reader(org=ORG, user="handl-01", role=Role.SYSTEM)
    assert not staff.decide(posing, Action.VIEW, case, NOW, Category.ASSESSMENT).permitted
    assert staff.decide(the_system(ORG), Action.VIEW, case, NOW, Category.ASSESSMENT).permitted


# --- the word that is given again ----------------------------------------------------------------------------------


def test_the_own_word_is_kept_as_argon2_and_known_however_it_is_typed(staff: Staff, engine: Engine) -> None:
    manager = person(staff, Role.UNIT_MANAGER)
    assert staff.set_word(manager, "handl-01", "ängens blå klocka", NOW, stepped_up=True) is None
    assert staff.step_up("handl-01", "ängens blå klocka".replace("ä", "a\u0308"), NOW) is None
    assert code(staff.step_up("handl-01", "ängens blå klockan", NOW)) == "step-up-wrong"
    with engine.connect() as connection:
        kept = str(connection.execute(text("select word from staff where \"user\" = 'handl-01'")).scalar_one())
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_too_many_wrong_words_lock_an_account_also_for_the_right_one(staff: Staff, engine: Engine) -> None:
    for _ in range(TRIES):
        assert code(staff.step_up("handl-01", "not the right word", NOW)) == "step-up-wrong"
    assert code(staff.step_up("handl-01", DEMO_WORD, NOW)) == "step-up-locked"
    assert code(staff.step_up("handl-01", DEMO_WORD, NOW - HOUR)) == "step-up-locked"
    assert staff.step_up("handl-02", DEMO_WORD, NOW) is None
    later = NOW + LOCKED_FOR
    assert code(staff.step_up("handl-01", "not the right word", later)) == "step-up-wrong"
    assert code(staff.step_up("handl-01", DEMO_WORD, later)) == "step-up-locked"
    assert staff.step_up("handl-01", DEMO_WORD, later + LOCKED_FOR) is None
    assert staff.step_up("handl-01", DEMO_WORD, later + LOCKED_FOR) is None
    said = Counter(outcome for user, action, outcome in audited(engine) if (user, action) == ("handl-01", "step-up"))
    assert said == {"step-up-wrong": TRIES + 1, "step-up-locked": 3, "done": 2}


def test_guessing_with_many_at_once_is_no_way_round_the_lock(staff: Staff) -> None:
    with ThreadPoolExecutor(8) as guessers:
        said = list(guessers.map(lambda n: code(staff.step_up("handl-01", f"guess number {n}", NOW)), range(16)))
    assert said.count("step-up-wrong") == TRIES
    assert said.count("step-up-locked") == 16 - TRIES


def test_a_manager_gives_a_new_word_and_so_opens_the_account(staff: Staff) -> None:
    for _ in range(TRIES):
        staff.step_up("handl-01", "not the right word", NOW)
    manager, handler = person(staff, Role.UNIT_MANAGER), person(staff, Role.CASEWORKER)
    assert code(staff.set_word(handler, "handl-02", "another long word", NOW, stepped_up=True)) == "not-for-this-role"
    assert code(staff.set_word(handler, "handl-01", "another long word", NOW, stepped_up=False)) == "not-for-this-role"
    assert staff.set_word(manager, "handl-01", "another long word", NOW, stepped_up=True) is None
    assert staff.step_up("handl-01", "another long word", NOW) is None


def test_a_name_that_nobody_has_takes_as_long_to_refuse_as_a_wrong_word(staff: Staff) -> None:
    def seconds(user: str) -> float:
        began = time.perf_counter()
        assert code(staff.step_up(user, "not the right word", NOW)) == "step-up-wrong"
        return time.perf_counter() - began

    seconds("nobody")
    known, unknown = min(seconds("handl-01") for _ in range(3)), min(seconds("nobody") for _ in range(3))
    assert unknown > known / 3


# --- the list ------------------------------------------------------------------------------------------------------


def test_nobody_sees_a_case_by_only_working_there(staff: Staff, case: CaseRef) -> None:
    for role in (Role.CASEWORKER, Role.UNIT_MANAGER, Role.COORDINATOR, Role.OPERATOR):
        reader = person(staff, role)
        assert staff.relation_of(reader.user, case, NOW) is Relation.OWN_ORGANISATION
        assert not staff.decide(reader, Action.VIEW_MASKED, case, NOW, Category.IDENTITY).permitted


def test_a_case_that_the_desk_does_not_have_is_nobodys(staff: Staff) -> None:
    stranger = CaseRef("U-0000-007J")
    assert staff.relation_of("jour-01", stranger, NOW) is Relation.NONE
    assert staff.relation_of("nobody", None, NOW) is Relation.NONE
    assert staff.relation_of("handl-01", None, NOW) is Relation.OWN_ORGANISATION


def test_who_is_named_sees_from_then_until_taken_off(staff: Staff, known: NeedToKnow, case: CaseRef) -> None:
    manager, handler = person(staff, Role.UNIT_MANAGER), person(staff, Role.CASEWORKER)
    assert known.grant(manager, case, handler.user, "handles-case", NOW) is None
    assert code(known.grant(manager, case, handler.user, "handles-case", NOW)) == "already-listed"
    assert staff.decide(handler, Action.VIEW, case, NOW, Category.NOTE).permitted
    assert staff.relation_of(handler.user, case, NOW - HOUR) is Relation.OWN_ORGANISATION
    assert known.cases_of(handler.user, NOW) == [case]
    assert known.revoke(manager, case, handler.user, "takes-over", NOW + HOUR) is None
    assert code(known.revoke(manager, case, handler.user, "takes-over", NOW + HOUR)) == "not-listed"
    assert not staff.decide(handler, Action.VIEW, case, NOW + HOUR, Category.NOTE).permitted
    (entry,) = known.listed(case, NOW + HOUR, ended=True)
    assert (entry.user, entry.by, entry.since, entry.ended_at) == (handler.user, manager.user, NOW, NOW + HOUR)


def test_a_place_on_the_list_can_end_by_itself_or_be_for_acute_protection_only(
    staff: Staff, known: NeedToKnow, case: CaseRef
) -> None:
    manager, handler = person(staff, Role.UNIT_MANAGER), person(staff, Role.CASEWORKER)
    assert code(known.grant(manager, case, handler.user, "stands-in", NOW, until=NOW)) == "ends-before-it-begins"
    duty = Relation.ON_CALL
    assert known.grant(manager, case, handler.user, "acute", NOW, relation=duty, until=NOW + HOUR) is None
    assert staff.decide(handler, Action.VIEW, case, NOW, Category.ASSESSMENT).permitted
    assert not staff.decide(handler, Action.VIEW, case, NOW, Category.NOTE).permitted
    assert staff.relation_of(handler.user, case, NOW + HOUR) is Relation.OWN_ORGANISATION
    glass = Relation.BREAK_GLASS
    assert code(known.grant(manager, case, "handl-02", "acute", NOW, relation=glass)) == "no-such-place-on-the-list"


@pytest.mark.parametrize(
    ("by", "user", "reason", "why"),
    [
        (Role.UNIT_MANAGER, "chef-01", "handles-case", "not-oneself"),
        (Role.UNIT_MANAGER, "nobody", "handles-case", "unknown-account"),
        (Role.UNIT_MANAGER, "handl-01", "because", "access-reason-needed"),
        (Role.CASEWORKER, "handl-02", "handles-case", "not-for-this-role"),
        (Role.COORDINATOR, "handl-01", "handles-case", "not-for-this-role"),
        (Role.OPERATOR, "handl-01", "handles-case", "not-for-this-role"),
        (Role.DATA_PROTECTION_OFFICER, "handl-01", "handles-case", "not-for-this-role"),
    ],
)
def test_only_who_may_names_another_and_for_a_reason(
    by: Role, user: str, reason: str, why: str, staff: Staff, known: NeedToKnow, case: CaseRef, engine: Engine
) -> None:
    assert code(known.grant(person(staff, by), case, user, reason, NOW)) == why
    assert known.listed(case, NOW) == []
    assert audited(engine)[-1] == (DEMO[by][0], "grant-access", why)


def test_until_somebody_is_named_whoever_is_on_duty_can_name_them(
    staff: Staff, known: NeedToKnow, case: CaseRef
) -> None:
    duty = person(staff, Role.ON_CALL)
    assert known.grant(duty, case, "handl-01", "acute", NIGHT) is None
    assert code(known.grant(duty, case, "handl-02", "acute", NIGHT)) == "list-is-the-managers"
    assert known.grant(person(staff, Role.MANAGER_ON_CALL), case, "handl-02", "acute", NIGHT) is None


def test_whoever_is_on_duty_takes_nobody_off_the_list(staff: Staff, known: NeedToKnow, case: CaseRef) -> None:
    duty = person(staff, Role.ON_CALL)
    assert known.grant(duty, case, "handl-01", "acute", NIGHT, until=NIGHT + HOUR) is None
    assert code(known.revoke(duty, case, "handl-01", "takes-over", NIGHT)) == "list-is-the-managers"
    assert staff.relation_of("handl-01", case, NIGHT) is Relation.NAMED
    assert known.grant(duty, case, "handl-02", "acute", NIGHT + HOUR) is None, "nobody is on it any more"


def test_who_comes_to_a_case_by_their_work_is_named_with_it_and_once(staff: Staff, engine: Engine) -> None:
    case = CaseRef("U-0000-007J")
    with writing(engine) as session:
        assert name_on_case(session, case, "handl-01", "handl-01", NOW)
        assert not name_on_case(session, case, "handl-01", "handl-01", NOW)
    assert staff.relation_of("handl-01", case, NOW) is Relation.NAMED
    with writing(engine) as session:
        forget(session, case)
    assert staff.relation_of("handl-01", case, NOW) is Relation.NONE


def test_on_call_is_who_is_on_duty_by_the_roster(staff: Staff, case: CaseRef) -> None:
    manager = person(staff, Role.UNIT_MANAGER)
    nights = tuple(Hours(weekday=day, begins=clock(17), ends=clock(7)) for day in range(5))
    added = staff.add(manager, "jour-02", [Role.ON_CALL], NOW, hours=nights, stepped_up=True)
    assert added is None
    assert staff.relation_of("jour-02", case, at("2027-01-12 22:40")) is Relation.ON_CALL
    assert staff.relation_of("jour-02", case, at("2027-01-13 06:59")) is Relation.ON_CALL
    assert staff.relation_of("jour-02", case, at("2027-01-13 07:00")) is Relation.OWN_ORGANISATION
    assert staff.relation_of("jour-02", case, at("2027-01-16 06:59")) is Relation.ON_CALL
    assert staff.relation_of("jour-02", case, at("2027-01-16 22:00")) is Relation.OWN_ORGANISATION
    assert staff.rosters()["jour-02"] == nights


def test_without_a_roster_one_is_on_duty_only_where_nobody_of_the_role_has_one(staff: Staff, case: CaseRef) -> None:
    """A desk that keeps no rosters still has somebody at night; at one that does, nobody is always on by default."""
    manager = person(staff, Role.UNIT_MANAGER)
    every = tuple(Hours(weekday=day, begins=clock(0), ends=clock(0)) for day in range(7))
    assert staff.relation_of("jour-01", case, NOW) is Relation.ON_CALL
    assert staff.add(manager, "handl-07", [Role.CASEWORKER], NOW, hours=every, stepped_up=True) is None
    assert staff.relation_of("jour-01", case, NOW) is Relation.ON_CALL, "office hours of others say nothing of nights"
    assert staff.add(manager, "jour-07", [Role.ON_CALL], NOW, hours=every, stepped_up=True) is None
    assert staff.relation_of("jour-07", case, NOW) is Relation.ON_CALL
    assert staff.relation_of("jour-01", case, NOW) is Relation.OWN_ORGANISATION
    assert staff.relation_of("beredskap-01", case, NOW) is Relation.ON_CALL, "its role has none"
    assert staff.deactivate(manager, "jour-07", NOW, stepped_up=True) is None
    assert staff.relation_of("jour-01", case, NOW) is Relation.ON_CALL


# --- broken glass --------------------------------------------------------------------------------------------------


def broken(answer: BrokenGlass | Refusal) -> BrokenGlass:
    assert isinstance(answer, BrokenGlass), answer
    return answer


def test_broken_glass_shows_the_case_for_three_hours_and_tells_everybody_at_once(
    staff: Staff, known: NeedToKnow, case: CaseRef, engine: Engine
) -> None:
    handler = person(staff, Role.CASEWORKER)
    glass = broken(known.break_glass(handler, case, "life-in-danger", NIGHT, stepped_up=True))
    assert {(alert.org, alert.role, alert.about, alert.case) for alert in glass.alerts} == {
        (ORG, role, "break-glass", case) for role in ("manager-on-call", "security", "data-protection-officer")
    }
    assert "life-in-danger" not in "".join(alert.model_dump_json() for alert in glass.alerts)
    assert handler.user not in "".join(alert.model_dump_json() for alert in glass.alerts)
    for moment, stands in ((NIGHT, True), (NIGHT + GLASS_LASTS - HOUR / 60, True), (NIGHT + GLASS_LASTS, False)):
        assert (staff.relation_of(handler.user, case, moment) is Relation.BREAK_GLASS) == stands
        assert staff.decide(handler, Action.VIEW, case, moment, Category.NOTE).permitted == stands
    assert staff.relation_of(handler.user, case, NIGHT - HOUR) is Relation.OWN_ORGANISATION
    assert not staff.decide(handler, Action.CLOSE_CASE, case, NIGHT).permitted
    assert staff.relation_of("handl-02", case, NIGHT) is Relation.OWN_ORGANISATION
    assert audited(engine)[-1] == (handler.user, "break-glass", "done")


def test_alerts_are_owed_until_they_have_been_handed_on_and_stay_the_same(
    staff: Staff, known: NeedToKnow, case: CaseRef
) -> None:
    glass = broken(known.break_glass(person(staff, Role.CASEWORKER), case, "incident", NIGHT, stepped_up=True))
    assert known.owed_alerts() == [glass]
    known.told(glass.id, NIGHT)
    assert known.owed_alerts() == []


@pytest.mark.parametrize(
    ("role", "reason", "stepped_up", "why"),
    [
        (Role.CASEWORKER, "curious", True, "access-reason-needed"),
        (Role.CASEWORKER, "incident", False, "step-up-needed"),
        (Role.COORDINATOR, "incident", True, "not-for-this-role"),
        (Role.OPERATOR, "incident", True, "not-for-this-role"),
        (Role.ARCHIVIST, "incident", True, "not-for-this-role"),
        (Role.DATA_PROTECTION_OFFICER, "incident", True, "not-for-this-role"),
    ],
)
def test_glass_is_not_broken_without_reason_and_word_nor_by_who_handles_no_cases(
    role: Role, reason: str, stepped_up: bool, why: str, staff: Staff, known: NeedToKnow, case: CaseRef, engine: Engine
) -> None:
    assert code(known.break_glass(person(staff, role), case, reason, NIGHT, stepped_up=stepped_up)) == why
    assert known.owed_alerts() == []
    assert audited(engine)[-1] == (DEMO[role][0], "break-glass", why)


def test_who_is_named_breaks_no_glass_and_glass_is_not_broken_twice(
    staff: Staff, known: NeedToKnow, case: CaseRef
) -> None:
    assert known.grant(person(staff, Role.UNIT_MANAGER), case, "handl-01", "handles-case", NOW) is None
    named, other = someone(staff, "handl-01"), someone(staff, "handl-02")
    assert code(known.break_glass(named, case, "incident", NOW, stepped_up=True)) == "glass-not-needed"
    broken(known.break_glass(other, case, "incident", NOW, stepped_up=True))
    assert code(known.break_glass(other, case, "incident", NOW, stepped_up=True)) == "glass-not-needed"
    broken(known.break_glass(other, case, "incident", NOW + GLASS_LASTS, stepped_up=True))


def test_somebody_else_looks_at_broken_glass_by_the_end_of_the_next_working_day(
    staff: Staff, known: NeedToKnow, case: CaseRef
) -> None:
    manager, handler = person(staff, Role.UNIT_MANAGER), person(staff, Role.CASEWORKER)
    glass = broken(known.break_glass(handler, case, "incident", NIGHT, stepped_up=True))
    assert glass.review_by == at("2027-01-07 16:00")
    assert [each.id for each in known.unreviewed()] == [glass.id]
    assert code(known.review(handler, glass.id, NOW)) == "not-for-this-role"
    assert known.review(manager, glass.id, NOW) is None
    assert code(known.review(manager, glass.id, NOW)) == "nothing-to-review"
    assert known.unreviewed() == []
    own = broken(known.break_glass(manager, case, "incident", NIGHT, stepped_up=True))
    assert code(known.review(manager, own.id, NOW)) == "not-oneself"


# --- nothing without the audit -------------------------------------------------------------------------------------


def test_what_can_not_be_audited_is_not_done(staff: Staff, known: NeedToKnow, case: CaseRef, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("alter table audit rename to audit_elsewhere"))
    manager, handler = person(staff, Role.UNIT_MANAGER), person(staff, Role.CASEWORKER)
    with pytest.raises(CannotAudit):
        known.grant(manager, case, handler.user, "handles-case", NOW)
    with pytest.raises(CannotAudit):
        known.break_glass(handler, case, "incident", NOW, stepped_up=True)
    with pytest.raises(CannotAudit):
        staff.add(manager, "ny-01", [Role.CASEWORKER], NOW, stepped_up=True)
    with pytest.raises(CannotAudit):
        staff.deactivate(manager, handler.user, NOW, stepped_up=True)
    with engine.begin() as connection:
        connection.execute(text("alter table audit_elsewhere rename to audit"))
    assert staff.relation_of(handler.user, case, NOW) is Relation.OWN_ORGANISATION
    assert known.owed_alerts() == []
    assert len(staff.accounts(NOW)) == 11
    assert AuditLog(engine, ORG).broken() is None
