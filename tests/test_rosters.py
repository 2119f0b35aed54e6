"""Rosters, nights and by when somebody else must have looked."""

from __future__ import annotations

from datetime import time as clock

import pytest

from models.access import Hours
from rules.rosters import is_night, review_by, within
from tests.rules_support import PACK, at
from tests.staff_support import NOW


@pytest.mark.parametrize(
    ("moment", "night", "reviewed"),
    [
        ("2027-01-11 08:00", False, "2027-01-12 16:00"),
        ("2027-01-11 07:59", True, "2027-01-11 16:00"),
        ("2027-01-11 15:59", False, "2027-01-12 16:00"),
        ("2027-01-11 16:00", True, "2027-01-12 16:00"),
        ("2027-01-08 23:00", True, "2027-01-11 16:00"),
        ("2027-01-09 12:00", True, "2027-01-11 16:00"),
        ("2027-01-06 12:00", True, "2027-01-07 16:00"),
        ("2027-01-08 10:00", False, "2027-01-11 16:00"),
    ],
)
def test_night_is_when_the_office_is_closed_and_review_is_the_next_working_day(
    moment: str, night: bool, reviewed: str
) -> None:
    assert is_night(at(moment), PACK.calendar) == night
    assert review_by(at(moment), PACK.calendar) == at(reviewed)


def test_a_roster_that_ends_when_it_begins_is_the_whole_day_and_an_empty_one_is_no_time() -> None:
    whole = (Hours(weekday=0, begins=clock(8), ends=clock(8)),)
    assert within(whole, at("2027-01-11 08:00"), PACK.calendar)
    assert within(whole, at("2027-01-12 07:59"), PACK.calendar)
    assert not within(whole, at("2027-01-12 08:00"), PACK.calendar)
    assert not within((), NOW, PACK.calendar)
