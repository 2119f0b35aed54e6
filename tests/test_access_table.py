"""The table of access: every cell against one that was written separately, and what must hold whatever it says."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.mark_rules import load_marks
from console.access_words import SENTENCES
from models.access import Action, Asked, Decision, Given, Obligation, Purpose, Relation, Role
from models.desk import Category, Compartment, ProtectionMark, compartment_of
from models.words import Function
from rules import access
from tests.access_table import KINDS, LOOKS, NEEDS_BOTH, SENDS, squares, with_mark_and_night

MARKS = load_marks()
CATEGORIES = (None, *Category)
ALL = (Role, Function, Action, CATEGORIES, Relation, ProtectionMark, (False, True))


def decide(
    role: Role,
    function: Function,
    action: Action,
    category: Category | None = None,
    relation: Relation = Relation.NAMED,
    mark: ProtectionMark = ProtectionMark.UNKNOWN,
    night: bool = False,
) -> Decision:
    return access.decide(Asked(role, function, action, category, relation, mark, night), MARKS)


def test_every_cell_of_the_table_is_as_written_separately(capsys: pytest.CaptureFixture[str]) -> None:
    expected, cells, permitted = squares(), 0, 0
    reasons: Counter[str] = Counter()
    for role, function, action, category, relation, mark, night in product(*ALL):
        decision = decide(role, function, action, category, relation, mark, night)
        square = expected.get((action, role, function, relation, category))
        where = (role, function, action, category, relation, mark, night, decision)
        assert decision.permitted == (square is not None), where
        cells += 1
        if square is None:
            reasons[decision.reason] += 1
            assert (decision.obligations, decision.purposes) == (frozenset(), frozenset()), where
            continue
        permitted += 1
        assert decision.obligations == with_mark_and_night(square, action, role, mark, night), where
        assert decision.purposes == square.purposes, where
    with capsys.disabled():
        print(f"\naccess table: {cells} cells compared, {permitted} permitted, {cells - permitted} denied")
    assert cells == 12 * 11 * 18 * 15 * 5 * 3 * 2
    assert reasons.keys() <= SENTENCES.keys()


def test_whoever_only_works_at_the_desk_sees_nothing_protected() -> None:
    for role, function, action, category, mark in product(Role, Function, LOOKS | SENDS, Category, ProtectionMark):
        decision = decide(role, function, action, category, Relation.OWN_ORGANISATION, mark)
        assert not decision.permitted or role is Role.SYSTEM


def test_location_and_threat_are_seen_together_only_by_the_roles_that_need_both() -> None:
    needs_both = {(role, f) for role, kind in NEEDS_BOTH for f in (Function if kind == "*" else [KINDS[kind]])}
    for role, function in product(Role, Function):
        asked = product((*LOOKS, *SENDS), Category, Relation, ProtectionMark, (False, True))
        seen = {
            compartment_of(category)
            for action, category, relation, mark, night in asked
            if decide(role, function, action, category, relation, mark, night).permitted
        }
        together = {Compartment.LOCATION, Compartment.THREAT} <= seen
        assert not together or (role, function) in needs_both, (role, function)


def test_a_read_shows_one_category_and_an_address_only_by_its_own_act() -> None:
    for role, function, relation in product(Role, Function, Relation):
        assert not decide(role, function, Action.VIEW, Category.ADDRESS, relation).permitted
        assert not decide(role, function, Action.VIEW, None, relation).permitted
        shown = decide(role, function, Action.VIEW_ADDRESS, Category.ADDRESS, relation)
        assert not shown.permitted or {Obligation.PURPOSE, Obligation.STEP_UP} <= shown.obligations


@pytest.mark.parametrize("role", [Role.DATA_PROTECTION_OFFICER, Role.SECURITY, Role.ARCHIVIST, Role.OPERATOR])
def test_who_advises_guards_keeps_or_runs_sees_no_content_even_when_named(role: Role) -> None:
    for function, action, category, relation in product(Function, LOOKS | SENDS, Category, Relation):
        assert not decide(role, function, action, category, relation).permitted


def test_every_look_is_shown_with_a_warning_also_when_no_mark_is_known() -> None:
    for role, function, action, category, relation in product(Role, Function, LOOKS, Category, Relation):
        decision = decide(role, function, action, category, relation, ProtectionMark.UNKNOWN)
        if decision.permitted and role is not Role.SYSTEM:
            assert Obligation.WARNING in decision.obligations


def test_a_sentence_is_ready_for_every_refusal_and_says_more_than_no() -> None:
    said = {decide(r, f, a, c, rel).reason for r, f, a, c, rel in product(Role, Function, Action, CATEGORIES, Relation)}
    denied = {reason for reason in said if reason in SENTENCES}
    assert len(denied) >= 12
    assert set(access.NEEDED.values()) | {"purpose-needed", "purpose-does-not-fit"} <= SENTENCES.keys()


# --- what an act takes ---------------------------------------------------------------------------------------------

DONE = Given(Purpose.HANDLE_CASE, "a-reason", stepped_up=True, approved=True, harm_test=True)


@pytest.mark.parametrize(
    ("lacking", "code"),
    [
        ({"purpose": None}, "purpose-needed"),
        ({"purpose": Purpose.REVIEW_LOGS}, "purpose-does-not-fit"),
        ({"stepped_up": False}, "step-up-needed"),
        ({"approved": False}, "second-person-needed"),
        ({"harm_test": False}, "harm-test-needed"),
    ],
)
def test_an_address_is_not_released_while_anything_that_it_takes_is_missing(
    lacking: dict[str, object], code: str
) -> None:
    decision = decide(Role.CASEWORKER, Function.SOCIAL_SERVICES, Action.RELEASE_ADDRESS, Category.ADDRESS)
    assert access.unmet(decision, DONE) is None
    refusal = access.unmet(decision, DONE._replace(**lacking))  # type: ignore[arg-type]
    assert refusal is not None
    assert refusal.code == code


def test_a_purpose_that_does_not_fit_is_answered_with_those_that_do() -> None:
    decision = decide(Role.ON_CALL, Function.SOCIAL_SERVICES, Action.VIEW_ADDRESS, Category.ADDRESS, Relation.ON_CALL)
    refusal = access.unmet(decision, DONE._replace(purpose=Purpose.FOLLOW_UP))
    assert refusal is not None
    assert refusal.possible == ("acute-protection", "disclose", "incident")


def test_a_denied_act_is_not_made_permitted_by_doing_what_others_must() -> None:
    denied = decide(Role.OPERATOR, Function.SOCIAL_SERVICES, Action.VIEW, Category.IDENTITY)
    refusal = access.unmet(denied, DONE)
    assert refusal is not None
    assert refusal.code == "not-for-this-role"


@given(st.frozensets(st.sampled_from(list(Role)), max_size=4), st.sampled_from(list(Function)))
def test_roles_of_one_account_never_add_up_to_what_none_sees(roles: frozenset[Role], function: Function) -> None:
    if not access.may_be_combined(roles, function):
        return
    needs = [access.NEEDS[role][function] for role in roles]
    assert frozenset().union(*needs) in needs
    assert Role.SYSTEM not in roles
    if len(roles) > 1:
        assert not roles & {Role.OPERATOR, Role.ARCHIVIST, Role.DATA_PROTECTION_OFFICER, Role.SECURITY}


def test_an_account_can_be_both_handler_and_on_call_but_not_operator_as_well() -> None:
    def may(function: Function, *roles: Role) -> bool:
        return access.may_be_combined(frozenset(roles), function)

    assert may(Function.SOCIAL_SERVICES, Role.CASEWORKER, Role.ON_CALL)
    assert may(Function.POLICE, Role.OFFICER, Role.ON_CALL)
    assert not may(Function.SOCIAL_SERVICES, Role.CASEWORKER, Role.OPERATOR)
    assert not may(Function.HOUSING_PROVIDER, Role.OFFICER, Role.UNIT_MANAGER)
    assert not may(Function.POLICE, Role.CASEWORKER)
    assert not may(Function.POLICE)
