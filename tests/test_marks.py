"""Protection marks: what follows from each, and that nothing is ever less than the law asks for."""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Engine, text

from activities.case_keys import CaseKeys, open_case_keys
from activities.case_links import CaseLinks
from activities.mark_rules import SHIPPED, load_marks
from activities.rule_packs import BadPack
from activities.stores import open_database, writing
from models.access import Action, Asked, Obligation, Relation, Role
from models.desk import Category, ProtectionMark
from models.documents import Way
from models.keys import CannotOpen
from models.marks import MarkRules
from models.settings import Settings
from models.words import CaseRef, Function, case_reference
from rules import access
from rules.mailing import mailing
from rules.marks import BY_STRICTNESS, counted_as, follows, mail_route, may_be_kept, strictest, warning, watched
from tests.databases import Databases
from tests.rules_support import PACK

MARKS = load_marks()
UNKNOWN, SECRECY, PROTECTED = BY_STRICTNESS
some_marks = st.lists(st.sampled_from(list(ProtectionMark)), max_size=6)


def test_the_registered_address_is_never_asked_for_with_protected_registration() -> None:
    assert not may_be_kept("registered", PROTECTED, MARKS)
    assert may_be_kept("registered", SECRECY, MARKS)
    assert may_be_kept("stay", PROTECTED, MARKS)


def test_mail_to_the_protected_goes_through_the_tax_agency_and_shows_no_address() -> None:
    route = mail_route(PROTECTED, MARKS)
    assert route.route == "through-tax-agency"
    assert route.outer == ("Skatteverket", "Box 2820", "403 20 Göteborg")
    assert not route.window
    assert mail_route(UNKNOWN, MARKS).route == "as-stated"


@pytest.mark.parametrize("mark", ProtectionMark)
def test_letters_are_mailed_as_the_marks_say(mark: ProtectionMark) -> None:
    sent = mailing(mark, personnummer_known=True)
    forwarded = mail_route(mark, MARKS).route == "through-tax-agency"
    assert (getattr(sent, "way", None) is Way.FORWARDED) == forwarded
    assert not forwarded or getattr(sent, "outer", None) == mail_route(mark, MARKS).outer


def test_the_last_day_of_protected_registration_is_watched_by_a_step_of_the_case() -> None:
    ends = date(2027, 11, 30)
    days = watched(PROTECTED, ends, MARKS)
    assert days == {"protected-registration-ends": ends}
    assert watched(PROTECTED, None, MARKS) == watched(SECRECY, ends, MARKS) == {}
    instant = next(iter(days))
    assert instant in PACK.instants
    assert [step.anchor for step in PACK.steps if f"known:{instant}" in step.when] == [instant]


@pytest.mark.parametrize("mark", ProtectionMark)
def test_every_mark_and_none_warns_in_two_languages(mark: ProtectionMark) -> None:
    swedish, english = warning(mark, MARKS)
    assert swedish != english
    assert follows(None, MARKS) == MARKS.of(UNKNOWN)


@pytest.mark.parametrize("mark", ProtectionMark)
def test_the_table_of_access_asks_for_what_the_marks_say(mark: ProtectionMark) -> None:
    def takes(action: Action) -> frozenset[Obligation]:
        named = (Role.CASEWORKER, Function.SOCIAL_SERVICES, action, Category.IDENTITY, Relation.NAMED, mark)
        return access.decide(Asked(*named), MARKS).obligations

    assert (Obligation.WARNING in takes(Action.VIEW)) == MARKS.of(mark).shown.warning
    assert (Obligation.HARM_TEST in takes(Action.DISCLOSE)) == MARKS.of(mark).sent.harm_test


@given(some_marks, some_marks)
def test_the_strictest_mark_is_never_less_strict_for_knowing_more(
    some: list[ProtectionMark], more: list[ProtectionMark]
) -> None:
    both = BY_STRICTNESS.index(strictest(some + more))
    assert both == max(BY_STRICTNESS.index(strictest(some)), BY_STRICTNESS.index(strictest(more)))
    assert strictest(reversed(some)) == strictest(some)


@given(st.sampled_from(list(ProtectionMark)), some_marks, st.sampled_from([True, False, None]))
def test_a_child_and_one_of_unknown_age_follow_the_strictest_mark_of_the_household(
    own: ProtectionMark, household: list[ProtectionMark], minor: bool | None
) -> None:
    counted = counted_as(own, household, minor)
    assert counted == (own if minor is False else strictest([own, *household]))
    assert BY_STRICTNESS.index(counted) >= BY_STRICTNESS.index(own)


# --- the file may ask for more than the law, never for less --------------------------------------------------------


def without(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(told: dict[str, Any]) -> None:
        for part in path[:-1]:
            told = told[part]
        del told[path[-1]]

    return change


def saying(value: object, *path: str) -> Callable[[dict[str, Any]], None]:
    def change(told: dict[str, Any]) -> None:
        for part in path[:-1]:
            told = told[part]
        told[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "less",
    [
        without("marks", "unknown"),
        saying(False, "marks", "unknown", "shown", "warning"),
        saying(False, "marks", "secrecy-marking", "sent", "harm_test"),
        saying("at-need", "marks", "protected-registration", "kept", "registered_address"),
        saying("as-stated", "marks", "protected-registration", "mail", "route"),
        saying([], "marks", "protected-registration", "mail", "outer"),
        without("marks", "protected-registration", "expiry", "instant"),
        saying(True, "marks", "protected-registration", "mail", "window"),
        saying(False, "marks", "unknown", "kept", "sealed"),
        saying(False, "marks", "secrecy-marking", "shown", "one_at_a_time"),
        without("marks", "secrecy-marking", "shown", "source"),
    ],
)
def test_a_file_that_asks_for_less_than_the_law_is_refused(less: Callable[[dict[str, Any]], None]) -> None:
    told = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    MarkRules.model_validate(told)
    less(told)
    with pytest.raises(ValidationError):
        MarkRules.model_validate(told)


def test_a_fourth_mark_is_no_mark() -> None:
    told = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    told["marks"]["something-else"] = told["marks"]["unknown"]
    with pytest.raises(ValidationError):
        MarkRules.model_validate(told)


def test_a_file_that_can_not_be_used_says_where_and_repeats_nothing(tmp_path: Path) -> None:
    bad = tmp_path / "marks.toml"
    bad.write_text('name = "marks"\neffective_from = "SECRET"\n[marks]\n', encoding="utf-8")
    with pytest.raises(BadPack, match="effective_from") as told:
        load_marks(bad)
    assert "SECRET" not in str(told.value)
    with pytest.raises(BadPack, match="missing"):
        load_marks(tmp_path / "none.toml")


# --- how cases belong together -------------------------------------------------------------------------------------


def a_case() -> CaseRef:
    return case_reference(secrets.randbits(35))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "desk"))
    yield opened
    opened.dispose()


@pytest.fixture
def keys(tmp_path: Path) -> CaseKeys:
    return open_case_keys(Settings(var=tmp_path), "soc-0381")


def test_a_tie_is_known_from_both_sides_and_stands_sealed(engine: Engine, keys: CaseKeys) -> None:
    links, mother, child = CaseLinks(engine, keys), a_case(), a_case()
    for _ in range(2):
        links.link(mother, child, "child", household=True)
    (down,), (up,) = links.of(mother), links.of(child)
    assert (down.other, down.tie, down.household) == (child, "child", True)
    assert (up.other, up.tie, up.household) == (mother, "parent", True)
    with engine.connect() as connection:
        rows = connection.execute(text('select id, "case", content from case_links')).all()
    assert len(rows) == 2
    for _, case, content in rows:
        other = child if case == mother else mother
        assert other.encode() not in bytes(content)
        assert b"child" not in bytes(content)


def test_a_tie_moved_to_another_case_does_not_open(engine: Engine, keys: CaseKeys) -> None:
    links, mother, child, stranger = CaseLinks(engine, keys), a_case(), a_case(), a_case()
    links.link(mother, child, "child")
    links.link(stranger, a_case(), "other")
    with engine.begin() as connection:
        connection.execute(
            text('update case_links set "case" = :to where "case" = :was'), {"to": stranger, "was": mother}
        )
    with pytest.raises(CannotOpen):
        links.of(stranger)


def test_a_disposed_case_leaves_no_tie_behind_on_the_other_side(engine: Engine, keys: CaseKeys) -> None:
    links, mother, child, sister = CaseLinks(engine, keys), a_case(), a_case(), a_case()
    links.link(mother, child, "child")
    links.link(child, sister, "sibling")
    with writing(engine) as session:
        links.forget(session, mother)
    assert links.of(mother) == []
    assert [link.other for link in links.of(child)] == [sister]
    links.unlink(sister, child)
    assert links.of(child) == links.of(sister) == []


def test_no_case_is_its_own_relative(engine: Engine, keys: CaseKeys) -> None:
    case = a_case()
    with pytest.raises(ValueError, match="itself"):
        CaseLinks(engine, keys).link(case, case, "partner")


def test_the_childs_mark_is_the_households_strictest_and_not_that_of_relatives_elsewhere(
    engine: Engine, keys: CaseKeys
) -> None:
    links, mother, child, uncle = CaseLinks(engine, keys), a_case(), a_case(), a_case()
    links.link(mother, child, "child", household=True)
    links.link(child, uncle, "relative")
    known = {mother: SECRECY, uncle: PROTECTED}
    assert links.mark_that_counts(child, True, known) == SECRECY
    assert links.mark_that_counts(child, None, known) == SECRECY
    assert links.mark_that_counts(child, False, known) == UNKNOWN
    assert links.mark_that_counts(mother, False, known) == SECRECY
