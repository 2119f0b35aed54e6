"""How long files are kept: dates reckoned by hand from the statutes, for several agencies, leap years and holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.retention_rules import SHIPPED, load_retention
from activities.rule_packs import BadPack
from models.retention import File, FileKind, FileStatus, Hold, Verdict
from models.words import CaseRef, Function
from rules.retention import end_of, verdict

RULES = load_retention()
STOCKHOLM = ZoneInfo("Europe/Stockholm")
CASE = CaseRef("U-0000-007J")
ORDINARY, CHILD, PLACED = FileKind.ORDINARY, FileKind.CHILD_INVESTIGATION, FileKind.CHILD_PLACEMENT
SOCIAL, POLICE, HOUSE = Function.SOCIAL_SERVICES, Function.POLICE, Function.HOUSING_PROVIDER


def at(text: str) -> datetime:
    """A local time in Sweden."""
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM)


def file(function: Function, *kinds: FileKind, last: str | None = None, closed: str | None = None, **more: Any) -> File:
    return File(
        case=CASE,
        function=function,
        kinds=kinds,
        last_entry=at(last) if last else None,
        closed_at=at(closed) if closed else None,
        **{"open": False, **more},
    )


def hold(reason: str, until: str | None = None) -> Hold:
    since = at("2027-01-01 08:00")
    named = "00000000-0000-4000-8000-000000000000"
    return Hold(id=named, reason=reason, by="arkiv-01", since=since, until=at(until) if until else None)


def codes(said: Verdict) -> list[str]:
    return [one.code for one in said.because]


# Reckoned by hand from SoL 16:1, 16:2 a, 17:2 and 2018:1693 4:2; the days, not the code, are the source.
BY_HAND = [
    # who, kinds, last entry, closed, born; first day, last day
    (SOCIAL, (ORDINARY,), "2027-03-10 09:00", None, None, "2032-03-11", "2033-12-31"),
    (SOCIAL, (ORDINARY,), "2027-12-31 23:59", None, None, "2033-01-01", "2033-12-31"),
    (SOCIAL, (ORDINARY,), "2028-01-01 00:00", None, None, "2033-01-02", "2034-12-31"),
    (SOCIAL, (ORDINARY,), "2028-02-29 12:00", None, None, "2033-03-01", "2034-12-31"),  # no 29 February 2033
    (
        SOCIAL,
        (ORDINARY,),
        "2027-02-28 12:00",
        None,
        None,
        "2032-02-29",
        "2033-12-31",
    ),  # 28 February 2032 is not its last
    (SOCIAL, (ORDINARY,), "2027-12-25 12:00", None, None, "2032-12-26", "2033-12-31"),  # holidays move nothing
    (
        SOCIAL,
        (ORDINARY,),
        "2027-03-10 09:00",
        "2027-06-01 10:00",
        None,
        "2032-06-02",
        "2033-12-31",
    ),  # ending it is an entry
    (SOCIAL, (ORDINARY,), "2027-06-02 09:00", "2027-06-01 10:00", None, "2032-06-03", "2033-12-31"),
    (SOCIAL, (CHILD,), "2027-03-10 09:00", None, date(2012, 5, 20), "2043-01-01", "2043-12-31"),
    (SOCIAL, (CHILD,), "2027-03-10 09:00", None, date(2012, 12, 31), "2043-01-01", "2043-12-31"),
    (SOCIAL, (CHILD,), "2027-03-10 09:00", None, date(2013, 1, 1), "2044-01-01", "2044-12-31"),
    (SOCIAL, (CHILD,), "2027-03-10 09:00", None, date(2012, 2, 29), "2043-01-01", "2043-12-31"),
    (SOCIAL, (CHILD,), "2041-06-01 09:00", None, date(2012, 5, 20), "2046-06-02", "2047-12-31"),  # five years end later
    (SOCIAL, (ORDINARY, CHILD), "2027-03-10 09:00", None, date(2012, 5, 20), "2043-01-01", "2043-12-31"),
    (HOUSE, (), "2027-03-10 09:00", "2031-01-01 00:00", None, "2029-03-11", None),
    (HOUSE, (ORDINARY,), "2028-02-29 23:30", None, None, "2030-03-01", None),
    (POLICE, (ORDINARY,), "2027-01-10 09:00", "2027-06-15 14:00", None, "2028-05-16", "2028-06-15"),
    (POLICE, (ORDINARY,), "2029-01-10 09:00", "2028-02-29 14:00", None, "2029-01-29", "2029-02-28"),
    (Function.PERSONAL_SECURITY, (ORDINARY,), None, "2027-03-31 14:00", None, "2028-03-01", "2028-03-31"),
]


@pytest.mark.parametrize(("function", "kinds", "last", "closed", "born", "first_day", "last_day"), BY_HAND)
def test_a_file_may_go_from_the_day_that_was_reckoned_by_hand_and_is_late_after_the_last(
    function: Function,
    kinds: tuple[FileKind, ...],
    last: str | None,
    closed: str | None,
    born: date | None,
    first_day: str,
    last_day: str | None,
) -> None:
    told = file(function, *kinds, last=last, closed=closed, born=born)
    first = date.fromisoformat(first_day)
    before = verdict(told, at(f"{first - timedelta(days=1)} 23:59:59"), RULES)
    assert (before.status, before.first_day) == (FileStatus.COMING, first)
    assert before.last_day == (date.fromisoformat(last_day) if last_day else None)
    assert before.wake_at == at(f"{first_day} 00:00")
    due = verdict(told, at(f"{first_day} 00:00"), RULES)
    assert (due.status, due.wake_at) == (FileStatus.DUE, None)
    if last_day is not None:
        assert verdict(told, at(f"{last_day} 23:59:59"), RULES).status is FileStatus.DUE
        assert verdict(told, at(f"{last_day} 23:59:59") + timedelta(seconds=1), RULES).status is FileStatus.OVERDUE


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (file(SOCIAL, ORDINARY, last="2027-03-10 09:00", open=True), "case-open"),
        (file(SOCIAL, ORDINARY, last="2027-03-10 09:00", open=None), "case-unknown"),
        (file(SOCIAL, last="2027-03-10 09:00"), "kind-unknown"),
        (file(SOCIAL, ORDINARY), "start-unknown"),
        (file(SOCIAL, CHILD, last="2027-03-10 09:00"), "birth-unknown"),
        (file(SOCIAL, PLACED, last="2027-03-10 09:00"), "kept"),
        (file(SOCIAL, PLACED, CHILD, last="2027-03-10 09:00", born=date(2012, 5, 20)), "kept"),
        (file(POLICE, last="2027-03-10 09:00", closed="2027-06-15 14:00"), "kind-unknown"),
        (file(POLICE, ORDINARY, last="2027-03-10 09:00"), "start-unknown"),
        (file(POLICE, FileKind.JOINTLY_AVAILABLE, closed="2027-06-15 14:00"), "no-rule"),
        (file(POLICE, ORDINARY, FileKind.JOINTLY_AVAILABLE, closed="2027-06-15 14:00"), "no-rule"),
        (file(Function.STATE_CARE, ORDINARY, last="2027-03-10 09:00", closed="2027-06-15 14:00"), "no-rule"),
        (file(Function.PRISON_AND_PROBATION, ORDINARY, last="2027-03-10 09:00"), "no-rule"),
        (file(Function.HEALTH_CARE, ORDINARY, last="2027-03-10 09:00"), "no-rule"),
        (file(Function.CIVIL_SOCIETY, ORDINARY, last="2027-03-10 09:00"), "no-rule"),
    ],
)
def test_what_is_not_known_or_not_ruled_is_kept_for_ever_and_says_why(told: File, why: str) -> None:
    said = verdict(told, at("2199-12-31 12:00"), RULES)
    assert said.status in (FileStatus.KEPT, FileStatus.OPEN)
    assert (said.because[-1].code, said.wake_at) == (why, None)


def test_every_step_of_a_date_names_its_rule_and_its_paragraph() -> None:
    told = file(SOCIAL, CHILD, last="2027-03-10 09:00", born=date(2012, 5, 20))
    said = verdict(told, at("2030-01-01 12:00"), RULES)
    assert [(one.code, one.rule, one.basis, str(one.day), one.number) for one in said.because] == [
        ("from-last-entry", "social-services-five-years", None, "2027-03-10", None),
        ("duty-arises", "social-services-five-years", "SoL (2025:400) 16 kap. 1 §", "2032-03-10", 5),
        (
            "not-before",
            "child-investigation-until-thirty",
            "SoL (2025:400) 16 kap. 2 a § (2025:1501)",
            "2043-01-01",
            30,
        ),
        ("last-day", "child-investigation-until-thirty", None, "2043-12-31", None),
    ]


@given(born=st.dates(date(2005, 1, 1), date(2025, 12, 31)))
def test_no_verdict_tells_when_somebody_was_born(born: date) -> None:
    told = file(SOCIAL, CHILD, last="2027-03-10 09:00", born=born)
    same_year = file(SOCIAL, CHILD, last="2027-03-10 09:00", born=date(born.year, 7, 1))
    now = at("2028-01-01 12:00")
    assert verdict(told, now, RULES) == verdict(same_year, now, RULES)
    assert verdict(told, now, RULES).first_day >= born.replace(year=born.year + 30, day=min(born.day, 28))  # type: ignore[operator]


def test_holds_keep_a_file_together_and_the_last_of_them_lets_it_go() -> None:
    told = file(SOCIAL, ORDINARY, last="2027-03-10 09:00")
    both = told.model_copy(
        update={"holds": (hold("research", "2032-06-01 00:00"), hold("dispute", "2032-09-01 00:00"))}
    )
    said = verdict(both, at("2032-05-01 12:00"), RULES)
    assert (said.status, said.wake_at) == (FileStatus.HELD, at("2032-09-01 00:00"))
    assert [(one.reason, str(one.day)) for one in said.because if one.code == "hold"] == [
        ("research", "2032-05-31"),
        ("dispute", "2032-08-31"),
    ]
    assert verdict(both, at("2032-08-31 23:59"), RULES).status is FileStatus.HELD
    assert verdict(both, at("2032-09-01 00:00"), RULES).status is FileStatus.DUE


def test_a_hold_without_an_end_holds_until_it_is_released() -> None:
    told = file(SOCIAL, ORDINARY, last="2027-03-10 09:00")
    held = told.model_copy(update={"holds": (hold("child-placement"), hold("research", "2032-06-01 00:00"))})
    said = verdict(held, at("2190-01-01 12:00"), RULES)
    assert (said.status, said.wake_at) == (FileStatus.HELD, None)
    assert verdict(told, at("2190-01-01 12:00"), RULES).status is FileStatus.OVERDUE


def test_a_hold_that_ends_before_the_file_may_go_changes_no_day() -> None:
    told = file(SOCIAL, ORDINARY, last="2027-03-10 09:00").model_copy(
        update={"holds": (hold("dispute", "2028-01-01 00:00"),)}
    )
    said = verdict(told, at("2027-06-01 12:00"), RULES)
    assert (said.status, str(said.first_day), said.wake_at) == (FileStatus.COMING, "2032-03-11", at("2032-03-11 00:00"))


def test_a_rule_counts_from_the_day_it_is_in_force() -> None:
    told = file(SOCIAL, CHILD, last="2019-03-10 09:00", born=date(2012, 5, 20))
    assert verdict(told, at("2025-06-30 23:59"), RULES).because[-1].code == "no-rule"
    assert verdict(told, at("2025-07-01 00:00"), RULES).status is FileStatus.DUE  # before 2025:1501
    assert verdict(told, at("2026-01-01 00:00"), RULES).status is FileStatus.COMING
    ended = RULES.model_copy(
        update={"rules": tuple(r.model_copy(update={"effective_until": date(2027, 1, 1)}) for r in RULES.rules)}
    )
    assert verdict(told, at("2027-01-01 23:59"), ended).status is FileStatus.COMING
    assert verdict(told, at("2027-01-02 00:00"), ended).because[-1].code == "no-rule"


def test_a_day_given_as_the_end_of_a_hold_is_held_until_midnight() -> None:
    assert end_of(date(2032, 3, 27), RULES) == datetime(2032, 3, 27, 23, tzinfo=UTC)
    assert end_of(date(2032, 3, 28), RULES) == datetime(2032, 3, 28, 22, tzinfo=UTC)  # summer time has begun


def test_what_is_to_be_confirmed_by_a_lawyer_says_so() -> None:
    assert [rule.code for rule in RULES.rules if not rule.confirmed] == ["child-investigation-until-thirty"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("years = 5", "years = 0"),
        ('what = "keep"', 'what = "burn"'),
        ("years = 5", "years = 5\nunknown = 1"),
        ('code = "child-placement-kept"', 'code = "social-services-five-years"'),
        ("listed_days_before = 30", "finished_by_next_year = true"),
        ('functions = ["police", "personal-security"]', "functions = []"),
        ('zone = "Europe/Stockholm"', 'zone = "Europe/Stockholm'),
    ],
)
def test_rules_that_cannot_be_meant_are_refused_whole(tmp_path: Path, before: str, after: str) -> None:
    told = SHIPPED.read_text(encoding="utf-8")
    assert before in told
    spoiled = tmp_path / "retention.toml"
    spoiled.write_text(told.replace(before, after), encoding="utf-8")
    with pytest.raises(BadPack, match=r"retention\.toml"):
        load_retention(spoiled)


def test_rules_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadPack, match="missing"):
        load_retention(tmp_path / "retention.toml")
