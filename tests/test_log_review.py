"""The review of the log: what is told, what is not, and the edges between them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from activities.log_review import evidence, limits
from activities.stores import open_database, writing
from models.access import Hours, Role
from models.access_tables import BreakGlassRow, CaseAccessRow, StaffRow
from models.audit import AuditEntry, Link
from models.desk_tables import InboxRow, OpeningRow
from models.log_review import Evidence, Finding, Limits, Matter, Span
from rules.log_review import review, rostered
from tests.audit_support import CASES, an_entry, entries
from tests.databases import Databases

STOCKHOLM = ZoneInfo("Europe/Stockholm")
LIMITS = Limits(zone="Europe/Stockholm", addresses_per_day=3, links_shown=2)
TUESDAY = datetime(2027, 1, 5, 10, tzinfo=STOCKHOLM)
OFFICE = tuple(Hours(weekday=day, begins=time(8), ends=time(17)) for day in range(5))
ALWAYS = (Span(datetime(2020, 1, 1, tzinfo=UTC), None),)
ORDERLY = Evidence(
    live={CASES[0]: ALWAYS}, named={(CASES[0], "handl-07"): ALWAYS}, rosters={"handl-07": OFFICE, "chef-01": OFFICE}
)


def links(*told: AuditEntry) -> list[Link]:
    return [Link(seq=n, entry=entry, previous="0" * 64, digest="0" * 64) for n, entry in enumerate(told, 1)]


def found(*told: AuditEntry, against: Evidence = ORDERLY) -> list[Finding]:
    return list(review(links(*told), against, LIMITS))


def entry(at: datetime = TUESDAY, **told: Any) -> AuditEntry:
    return an_entry(at=at, **told)


def address(at: datetime = TUESDAY, **told: Any) -> AuditEntry:
    return entry(at, action="view-address", categories=("address",), **told)


def test_orderly_work_stands_out_in_nothing() -> None:
    assert found(entry(), address(), entry(action="consent-given"), entry(case=None)) == []


def test_a_read_of_a_case_that_was_not_the_desks_is_told() -> None:
    until = TUESDAY - timedelta(days=1)
    against = ORDERLY._replace(live={CASES[0]: (Span(until - timedelta(days=9), until),)})
    (one,) = found(entry(), entry(), entry(), entry(until - timedelta(seconds=1)), against=against)
    assert one == Finding(
        matter=Matter.NOT_LIVE, day=date(2027, 1, 5), user="handl-07", case=CASES[0], count=3, links=(1, 2)
    )
    assert found(entry(until), against=against)[0].matter is Matter.NOT_LIVE
    assert [f.matter for f in found(entry(), against=ORDERLY._replace(live={}))] == [Matter.NOT_LIVE]


def test_a_read_by_somebody_who_is_not_named_then_is_told() -> None:
    named: dict[tuple[str, str], tuple[Span, ...]] = {
        (CASES[0], "handl-07"): (Span(TUESDAY, TUESDAY + timedelta(hours=3)),)
    }
    against = ORDERLY._replace(named=named)
    inside, outside = (
        (TUESDAY, TUESDAY + timedelta(hours=2)),
        (TUESDAY - timedelta(seconds=1), TUESDAY + timedelta(hours=3)),
    )
    assert found(*map(entry, inside), against=against) == []
    (one,) = found(*map(entry, outside), against=against)
    assert (one.matter, one.count) == (Matter.NOT_NAMED, 2)


def test_who_is_on_duty_needs_no_list_while_on_duty() -> None:
    duty = (Hours(weekday=1, begins=time(17), ends=time(7)),)
    against = ORDERLY._replace(rosters={"jour-01": duty})
    at_night = entry(TUESDAY.replace(hour=23), user="jour-01", role=Role.ON_CALL)
    by_day = entry(TUESDAY, user="jour-01", role=Role.ON_CALL)
    assert found(at_night, against=against) == []
    assert [f.matter for f in found(by_day, against=against)] == [Matter.NOT_NAMED, Matter.OUTSIDE_HOURS]
    assert [f.matter for f in found(by_day, against=ORDERLY)] == [Matter.NO_ROSTER]
    caseworker = at_night.model_copy(update={"role": Role.CASEWORKER})
    assert [f.matter for f in found(caseworker, against=against)] == [Matter.NOT_NAMED]


def test_more_addresses_than_the_limit_by_one_person_on_one_local_day_are_told() -> None:
    assert found(*[address()] * 3) == []
    (one,) = found(*[address()] * 4)
    assert (one.matter, one.count, one.links) == (Matter.MANY_ADDRESSES, 4, (1, 2))
    midnight = datetime(2027, 1, 6, tzinfo=STOCKHOLM)
    night = ORDERLY._replace(
        rosters={"handl-07": tuple(Hours(weekday=d, begins=time(0), ends=time(0)) for d in range(7))}
    )
    around = [address(midnight + timedelta(minutes=minutes)) for minutes in (-2, -1, 0, 1)]
    assert found(*around, against=night) == []
    assert found(*around, address(midnight + timedelta(hours=1)), address(midnight + timedelta(hours=2)), against=night)
    masked = entry(action="view-masked", categories=("address",))
    assert found(*[masked] * 9) == []


def test_reads_outside_the_persons_own_roster_are_told_by_the_clock_on_the_wall() -> None:
    assert found(entry(TUESDAY.replace(hour=8)), entry(TUESDAY.replace(hour=16, minute=59))) == []
    late, early = TUESDAY.replace(hour=17), TUESDAY.replace(hour=7, minute=59)
    saturday = datetime(2027, 1, 9, 10, tzinfo=STOCKHOLM)
    told = found(entry(late), entry(early), entry(saturday))
    assert [(f.matter, f.day, f.count) for f in told] == [
        (Matter.OUTSIDE_HOURS, date(2027, 1, 5), 2),
        (Matter.OUTSIDE_HOURS, date(2027, 1, 9), 1),
    ]
    summer = datetime(2027, 7, 6, 6, 30, tzinfo=UTC)  # 08:30 in Stockholm
    assert found(entry(summer)) == []


def test_somebody_without_a_roster_is_told_once_a_day() -> None:
    (one,) = found(entry(), entry(TUESDAY.replace(hour=23)), against=ORDERLY._replace(rosters={}))
    assert (one.matter, one.count) == (Matter.NO_ROSTER, 2)


def test_refused_attempts_are_told_by_reason_whatever_they_were() -> None:
    told = found(
        entry(outcome="not-on-the-list"),
        entry(outcome="not-on-the-list"),
        entry(outcome="step-up-needed", action="close-case"),
        entry(outcome="begun", action="dispose"),
        entry(outcome="not-on-the-list", case=CASES[3], user="handl-99"),
    )
    assert [(f.matter, f.user, f.case, f.outcome, f.count) for f in told] == [
        (Matter.REFUSED, "handl-07", CASES[0], "not-on-the-list", 2),
        (Matter.REFUSED, "handl-07", CASES[0], "step-up-needed", 1),
        (Matter.REFUSED, "handl-99", CASES[3], "not-on-the-list", 1),
    ]


def test_broken_glass_is_always_told_and_a_clock_that_was_set_back_too() -> None:
    told = found(
        entry(action="break-glass", user="jour-02"), entry(action="clock-set-back", user="system", role=Role.SYSTEM)
    )
    assert [(f.matter, f.user) for f in told] == [(Matter.BREAK_GLASS, "jour-02"), (Matter.CLOCK_SET_BACK, "system")]


def test_the_desks_own_programs_have_no_roster_and_no_list() -> None:
    assert found(entry(user="system", role=Role.SYSTEM, action="view"), against=Evidence({}, {}, {})) == []


def test_reading_the_log_is_no_reading_of_the_case() -> None:
    assert found(entry(action="read-audit", user="chef-01"), against=ORDERLY._replace(live={})) == []


def test_a_roster_over_midnight_belongs_to_the_day_it_begins() -> None:
    friday_night = (Hours(weekday=4, begins=time(21), ends=time(7)),)
    for told, expected in (
        (datetime(2027, 1, 8, 20, 59, tzinfo=STOCKHOLM), False),
        (datetime(2027, 1, 8, 21, tzinfo=STOCKHOLM), True),
        (datetime(2027, 1, 9, 6, 59, tzinfo=STOCKHOLM), True),
        (datetime(2027, 1, 9, 7, tzinfo=STOCKHOLM), False),
        (datetime(2027, 1, 8, 6, tzinfo=STOCKHOLM), False),
        (datetime(2027, 1, 9, 22, tzinfo=STOCKHOLM), False),
    ):
        assert rostered(told, friday_night, STOCKHOLM) is expected, told


@given(st.permutations(entries(12)))
def test_the_order_of_the_links_changes_only_which_are_shown(told: list[AuditEntry]) -> None:
    def without_links(findings: list[Finding]) -> list[dict[str, Any]]:
        return [finding.model_dump(exclude={"links"}) for finding in findings]

    assert without_links(found(*told)) == without_links(found(*sorted(told, key=lambda one: one.at)))


# --- what a desk knows ---------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    opened = open_database(databases.url(request.param, "desk"))
    yield opened
    opened.dispose()


def test_the_evidence_is_the_desks_own_tables(engine: Engine) -> None:
    begun, ended = datetime(2027, 1, 4, 8, tzinfo=UTC), datetime(2027, 1, 6, 8, tzinfo=UTC)
    three_hours = begun + timedelta(hours=3)
    with writing(engine) as session:
        session.add(OpeningRow(key="k", case=CASES[0], input={}, stored_at=begun))
        session.add(InboxRow(case=CASES[1], handoff="H1", arrived_at=begun, taken_back_at=ended))
        for number, (until, stopped) in enumerate([(None, None), (ended, None), (ended, begun), (None, ended)]):
            session.add(
                CaseAccessRow(
                    id=str(number), case=CASES[0], user=f"u-{number}", relation="named", by="chef-01", reason="new",
                    since=begun, until=until, ended_at=stopped,
                )
            )  # fmt: skip
        session.add(
            BreakGlassRow(
                id="g", case=CASES[1], user="jour-01", role="on-call", reason="acute", at=begun, until=three_hours,
                review_by=ended,
            )
        )  # fmt: skip
        hours = [one.model_dump(mode="json") for one in OFFICE]
        session.add(StaffRow(user="handl-07", roles=["caseworker"], hours=hours, added_at=begun))
        session.add(StaffRow(user="handl-08", roles=["caseworker"], hours=[], added_at=begun))
    told = evidence(engine)
    assert told.live == {CASES[0]: (Span(begun, None),), CASES[1]: (Span(begun, ended),)}
    assert told.named == {
        (CASES[0], "u-0"): (Span(begun, None),),
        (CASES[0], "u-1"): (Span(begun, ended),),
        (CASES[0], "u-2"): (Span(begun, begun),),
        (CASES[0], "u-3"): (Span(begun, ended),),
        (CASES[1], "jour-01"): (Span(begun, three_hours),),
    }
    assert told.rosters == {"handl-07": OFFICE}


def test_the_limits_are_data() -> None:
    assert limits().addresses_per_day == 10
    assert limits().zone == "Europe/Stockholm"
