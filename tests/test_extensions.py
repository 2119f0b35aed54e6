"""Holding, resuming, extending and hurrying, in every order: what time is left, worked out by hand."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from models.contracts import Refusal
from models.handoffs import Act, DeadlineName, Extension, Status
from models.packs import Overlay, RulePack
from models.words import Consent, Urgency
from tests.changed_rules import extendable, length, span, with_rule
from tests.rules_support import BOPS, PACK, POLICE, REGION, SOC_A, Case, at, rungs

DECISION = DeadlineName.DECISION


def rules() -> RulePack:
    """The shipped rules, in which three decisions may be extended: in working days, in hours, in days."""
    pack = with_rule(PACK, "support-request", DECISION, extension=extendable("5 wd", times=2), within="10 wd")
    pack = with_rule(pack, "in-depth-assessment", DECISION, Urgency.ACUTE, extension=extendable("48 h"))
    return with_rule(pack, "coordinated-plan", DECISION, extension=extendable("14 d"))


RULES = rules()


def begun(kind: str, start: str, pack: RulePack = RULES) -> tuple[Case, Any]:
    """A handoff of this kind asked and accepted at `start`; answers with the case and who has it."""
    sender, recipient = {
        "support-request": (SOC_A, SOC_A),
        "in-depth-assessment": (POLICE, BOPS),
        "coordinated-plan": (SOC_A, REGION),
    }[kind]
    case = Case(pack=pack.model_copy(update={"steps": ()})).opens(at(start), consent=Consent.GIVEN)
    if kind == "support-request":
        case = Case(pack=pack).opens(at(start))
    else:
        assert case.sends(kind, sender, recipient, at(start)) is None
    assert case.acts(case.one(kind), Act.ACCEPT, recipient, at(start)) is None
    return case, recipient


def done(case: Case, kind: str, owner: Any, steps: str) -> None:
    """Does what the steps say, one to a line: `hold 2027-02-02 10:00`, `extend 5 wd at 2027-02-02 10:00`."""
    for line in filter(None, (line.strip() for line in steps.splitlines())):
        what, _, rest = line.partition(" ")
        if what == "extend":
            more, _, when = rest.partition(" at ")
            extension = Extension(deadline=DECISION, by="manager", ground="staff-shortage", span=span(more))
            assert case.acts(case.one(kind), Act.EXTEND, owner, at(when), extension=extension) is None
        elif what == "hurry":
            assert case.learns(at(rest), urgency=Urgency.ACUTE) is None
        else:
            reason = "awaiting-information" if what == "hold" else None
            assert case.acts(case.one(kind), Act(what), owner, at(rest), reason=reason) is None


@pytest.mark.parametrize(
    ("steps", "due"),
    [
        # Ten working days from Monday 1 February 10:00: Monday 15 February 10:00.
        ("", "Mon 15 Feb 2027 10:00"),
        # Tuesday 10:00 to Thursday 10:00: two working days.
        ("hold 2027-02-02 10:00\nresume 2027-02-04 10:00", "Wed 17 Feb 2027 10:00"),
        # Closed on Friday at 16:00, opened on Monday at 08:00: no office time at all.
        ("hold 2027-02-05 16:00\nresume 2027-02-08 08:00", "Mon 15 Feb 2027 10:00"),
        ("hold 2027-02-06 10:00\nresume 2027-02-07 10:00", "Mon 15 Feb 2027 10:00"),
        # Friday 14:00-16:00 and Monday 08:00-09:00: three hours.
        ("hold 2027-02-05 14:00\nresume 2027-02-08 09:00", "Mon 15 Feb 2027 13:00"),
        (
            "hold 2027-02-02 10:00\nresume 2027-02-04 10:00\nhold 2027-02-05 14:00\nresume 2027-02-08 09:00",
            "Wed 17 Feb 2027 13:00",
        ),
        ("hold 2027-02-02 10:00\nresume 2027-02-02 10:00", "Mon 15 Feb 2027 10:00"),
        ("extend 5 wd at 2027-02-02 10:00", "Mon 22 Feb 2027 10:00"),
        ("extend 5 wd at 2027-02-02 10:00\nextend 1 wd at 2027-02-03 10:00", "Tue 23 Feb 2027 10:00"),
        ("extend 5 wd at 2027-02-02 10:00\nhold 2027-02-02 10:00\nresume 2027-02-04 10:00", "Wed 24 Feb 2027 10:00"),
        ("hold 2027-02-02 10:00\nresume 2027-02-04 10:00\nextend 5 wd at 2027-02-04 10:00", "Wed 24 Feb 2027 10:00"),
        # Acute: 24 hours from when it becomes so.
        ("hurry 2027-02-03 10:00", "Thu 4 Feb 2027 10:00"),
        ("hold 2027-02-02 10:00\nhurry 2027-02-03 10:00", "Thu 4 Feb 2027 10:00"),
        ("hold 2027-02-02 10:00\nresume 2027-02-04 10:00\nhurry 2027-02-05 20:00", "Sat 6 Feb 2027 20:00"),
        ("extend 5 wd at 2027-02-02 10:00\nhurry 2027-02-03 10:00", "Thu 4 Feb 2027 10:00"),
        # What would have come sooner than 24 hours stays where it was.
        ("hurry 2027-02-15 08:00", "Mon 15 Feb 2027 10:00"),
        ("extend 1 wd at 2027-02-12 10:00\nhurry 2027-02-15 12:00", "Tue 16 Feb 2027 10:00"),
        # Acute clocks stand and run in real time: Wednesday 22:00 to Thursday 03:00 is five hours.
        (
            "hurry 2027-02-03 10:00\nhold 2027-02-03 22:00\nresume 2027-02-04 03:00",
            "Thu 4 Feb 2027 15:00",
        ),
    ],
)
def test_working_days_left_after_holding_extending_and_hurrying(steps: str, due: str) -> None:
    case, owner = begun("support-request", "2027-02-01 10:00")
    done(case, "support-request", owner, steps)
    assert case.due("support-request", DECISION) == due
    assert case.one("support-request").status is Status.ACCEPTED


@pytest.mark.parametrize(
    ("start", "steps", "due"),
    [
        # 23, 24, 25, 30, 31 March, 1, 2, 5, 6, 7 April: Good Friday and Easter Monday are not counted.
        ("2027-03-22 10:00", "", "Wed 7 Apr 2027 10:00"),
        # Thursday 12:00-16:00 and Tuesday 08:00-12:00 is one working day.
        ("2027-03-22 10:00", "hold 2027-03-25 12:00\nresume 2027-03-30 12:00", "Thu 8 Apr 2027 10:00"),
        # 22, 23, 28, 29, 30 December, 4, 5, 7, 8, 11 January: 24, 25, 31 December, 1 and 6 January are closed.
        ("2026-12-21 10:00", "", "Mon 11 Jan 2027 10:00"),
        # Wednesday 10:00-16:00 and Monday 08:00-10:00 is one working day.
        ("2026-12-21 10:00", "hold 2026-12-23 10:00\nresume 2026-12-28 10:00", "Tue 12 Jan 2027 10:00"),
    ],
)
def test_holidays_are_not_given_back_and_not_counted(start: str, steps: str, due: str) -> None:
    case, owner = begun("support-request", start)
    done(case, "support-request", owner, steps)
    assert case.due("support-request", DECISION) == due


def closing_early() -> RulePack:
    """SOC_A closes at noon on the day before Good Friday, by its own layer of the rules."""
    early = PACK.calendar.model_copy(update={"half_days": {date(2027, 3, 25): time(12)}})
    return RULES.model_copy(update={"overlays": {"soc-a": Overlay(organisation="soc-a", calendar=early)}})


@pytest.mark.parametrize(
    ("within", "start", "steps", "due"),
    [
        # Thursday 11:00-12:00, when it closes, and Tuesday 08:00-09:00: two hours.
        ("10 wd", "2027-03-22 10:00", "hold 2027-03-25 11:00\nresume 2027-03-30 09:00", "Wed 7 Apr 2027 12:00"),
        # 14:00 on the half-day is after closing: the next opening, on Tuesday after Easter.
        ("3 wd", "2027-03-22 14:00", "", "Tue 30 Mar 2027 08:00"),
        ("3 wd", "2027-03-22 11:00", "", "Thu 25 Mar 2027 11:00"),
    ],
)
def test_a_half_day_set_by_policy_is_half_a_day(within: str, start: str, steps: str, due: str) -> None:
    pack = with_rule(closing_early(), "support-request", DECISION, within=within)
    case, owner = begun("support-request", start, pack)
    done(case, "support-request", owner, steps)
    assert case.due("support-request", DECISION) == due


@pytest.mark.parametrize(
    ("start", "steps", "due"),
    [
        # 72 hours from Friday 26 March 20:00, over the Sunday that has 23 of them.
        ("2027-03-26 20:00", "", "Mon 29 Mar 2027 21:00"),
        ("2027-03-26 20:00", "hold 2027-03-27 20:00\nresume 2027-03-28 20:00", "Tue 30 Mar 2027 20:00"),
        ("2027-03-26 20:00", "extend 24 h at 2027-03-27 20:00", "Tue 30 Mar 2027 21:00"),
        # 72 hours from Saturday 30 October 20:00, over the Sunday that has 25 of them.
        ("2027-10-30 20:00", "", "Tue 2 Nov 2027 19:00"),
        ("2027-10-30 20:00", "hold 2027-10-30 22:00\nresume 2027-10-31 22:00", "Wed 3 Nov 2027 20:00"),
        # The hour that occurs twice: from 02:30 summer time to 02:30 winter time is an hour.
        ("2027-10-30 20:00", "hold 2027-10-31 01:30\nresume 2027-10-31 03:30", "Tue 2 Nov 2027 22:00"),
    ],
)
def test_hours_left_over_both_changes_of_the_clock(start: str, steps: str, due: str) -> None:
    case, owner = begun("in-depth-assessment", start)
    done(case, "in-depth-assessment", owner, steps)
    assert case.due("in-depth-assessment", DECISION) == due


@pytest.mark.parametrize(
    ("steps", "due"),
    [
        # Fourteen days from Tuesday 16 February 2027 is Tuesday 2 March, 24:00.
        ("", "Wed 3 Mar 2027 00:00"),
        ("hold 2027-02-17 10:00\nresume 2027-02-20 10:00", "Sat 6 Mar 2027 00:00"),
        ("hold 2027-02-17 08:00\nresume 2027-02-17 15:00", "Wed 3 Mar 2027 00:00"),
        # Four days more is Saturday 6 March, and a measure may wait for Monday 8 March.
        ("hold 2027-02-17 10:00\nresume 2027-02-21 10:00", "Tue 9 Mar 2027 00:00"),
        # One day more again is Sunday 7 March: still Monday, the shift is not given twice.
        (
            "hold 2027-02-17 10:00\nresume 2027-02-21 10:00\nhold 2027-02-22 10:00\nresume 2027-02-23 10:00",
            "Tue 9 Mar 2027 00:00",
        ),
        ("extend 7 d at 2027-02-17 10:00", "Wed 10 Mar 2027 00:00"),
        (
            "hold 2027-02-17 10:00\nresume 2027-02-20 10:00\nextend 7 d at 2027-02-22 10:00",
            "Sat 13 Mar 2027 00:00",
        ),
        # Four days more is a Saturday; a week from Saturday is a Saturday, not a week from the Monday it shifted to.
        (
            "hold 2027-02-17 10:00\nresume 2027-02-21 10:00\nextend 7 d at 2027-02-22 10:00",
            "Tue 16 Mar 2027 00:00",
        ),
        # Held on the Sunday after its Saturday, resumed on the Wednesday after the Monday it had shifted to: not late.
        (
            "hold 2027-02-17 10:00\nresume 2027-02-21 10:00\nhold 2027-03-07 10:00\nresume 2027-03-10 09:00",
            "Thu 11 Mar 2027 00:00",
        ),
        # Held on the very Monday it had shifted to, resumed the day after: not late either.
        (
            "hold 2027-02-17 10:00\nresume 2027-02-21 10:00\nhold 2027-03-08 10:00\nresume 2027-03-09 09:00",
            "Wed 10 Mar 2027 00:00",
        ),
        # Over the night when summer time comes.
        ("extend 14 d at 2027-02-17 10:00\nhold 2027-03-10 10:00\nresume 2027-03-29 10:00", "Tue 6 Apr 2027 00:00"),
    ],
)
def test_calendar_days_left_shift_once(steps: str, due: str) -> None:
    case, owner = begun("coordinated-plan", "2027-02-16 10:00")
    done(case, "coordinated-plan", owner, steps)
    assert case.due("coordinated-plan", DECISION) == due


def test_the_laws_own_term_runs_on_while_a_handoff_rests() -> None:
    term = length("14 d", source="SoL 20:1", statutory=True)
    pack = with_rule(RULES, "support-request", DECISION, term=term)
    case, owner = begun("support-request", "2027-02-01 10:00", pack)
    done(case, "support-request", owner, "hold 2027-02-02 10:00")
    (watched,) = (d for d in case.one("support-request").deadlines if d.name is DECISION)
    assert not watched.stands
    case.waits(at("2027-02-16 08:00"))
    assert (case.deadline("support-request", DECISION).rung, watched.due) == (2, at("2027-02-16 00:00"))
    done(case, "support-request", owner, "resume 2027-02-16 10:00")
    assert case.due("support-request", DECISION) == "Tue 16 Feb 2027 00:00"


def test_an_expiry_and_a_countdown_never_move_for_a_hold() -> None:
    term = length("14 d", end="expiry")
    case, owner = begun("support-request", "2027-02-01 10:00", with_rule(RULES, "support-request", DECISION, term=term))
    done(case, "support-request", owner, "hold 2027-02-02 10:00\nresume 2027-02-09 10:00")
    assert case.due("support-request", DECISION) == "Tue 16 Feb 2027 00:00"


def test_no_rung_fires_a_second_time_for_a_hold_an_extension_or_a_change_of_urgency() -> None:
    case, owner = begun("support-request", "2027-02-01 10:00")
    handoff = case.one("support-request")
    first = case.waits(at("2027-02-08 10:00"))
    assert rungs(first, handoff, DECISION) == [(1, 0, "Mon 8 Feb 2027 10:00")]
    steps = "extend 5 wd at 2027-02-08 11:00\nhold 2027-02-09 10:00\nresume 2027-02-11 10:00"
    done(case, "support-request", owner, steps)
    assert rungs(case.waits(at("2027-02-24 10:00")), handoff, DECISION) == [(2, 0, "Wed 24 Feb 2027 10:00")]


def extension(more: str = "1 wd", **changed: Any) -> Extension:
    said = {"deadline": DECISION, "by": "manager", "ground": "staff-shortage", "span": span(more)} | changed
    return Extension.model_validate(said)


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (extension(by="court"), Refusal(code="not-theirs-to-extend", possible=("manager",), detail="policy default")),
        (extension(ground="summer"), Refusal(code="ground-needed", possible=("staff-shortage",))),
        (extension("6 wd"), Refusal(code="extension-too-long", detail="5 working-days")),
        (extension("3 d"), Refusal(code="span-does-not-fit", detail="office")),
        (extension("0 wd"), Refusal(code="span-does-not-fit", detail="office")),
        (extension(deadline="completion"), Refusal(code="no-such-deadline", possible=("decision",))),
        (extension(deadline="hold"), Refusal(code="no-such-deadline", possible=("decision",))),
    ],
)
def test_more_time_is_given_only_by_whom_the_rule_names_on_its_grounds_and_within_its_cap(
    said: Extension, refusal: Refusal
) -> None:
    case, owner = begun("support-request", "2027-02-01 10:00")
    handoff = case.one("support-request")
    assert case.acts(handoff, Act.EXTEND, owner, at("2027-02-02 10:00"), extension=said) == refusal
    assert case.one("support-request") == handoff


def test_more_time_is_not_given_twice_over_nor_afterwards_nor_to_a_clock_that_stands() -> None:
    case, owner = begun("support-request", "2027-02-01 10:00")
    handoff = case.one("support-request")
    done(case, "support-request", owner, "hold 2027-02-02 10:00")
    refusal = case.acts(handoff, Act.EXTEND, owner, at("2027-02-02 11:00"), extension=extension())
    assert refusal is not None
    done(case, "support-request", owner, "resume 2027-02-02 12:00\nextend 1 wd at 2027-02-03 10:00")
    done(case, "support-request", owner, "extend 1 wd at 2027-02-03 11:00")
    refusal = case.acts(handoff, Act.EXTEND, owner, at("2027-02-03 12:00"), extension=extension())
    assert refusal == Refusal(code="extended-already", detail="2")
    other, owner = begun("support-request", "2027-02-01 10:00")
    late = other.acts(other.one("support-request"), Act.EXTEND, owner, at("2027-02-15 10:00"), extension=extension())
    assert late == Refusal(code="too-late-to-extend")


def test_no_manager_extends_beyond_the_statute_that_a_policy_keeps_within() -> None:
    limit = length("14 d", source="SoL 20:1", statutory=True)
    pack = with_rule(RULES, "support-request", DECISION, limit=limit, within="8 wd")
    case, owner = begun("support-request", "2027-02-01 10:00", pack)
    handoff = case.one("support-request")
    # Eight working days end Thursday 11 February 10:00; the law's fourteen days on Monday 15 February, 24:00.
    refusal = case.acts(handoff, Act.EXTEND, owner, at("2027-02-02 10:00"), extension=extension("3 wd"))
    assert refusal == Refusal(code="beyond-statute", detail="SoL 20:1")
    assert case.acts(handoff, Act.EXTEND, owner, at("2027-02-02 10:00"), extension=extension("2 wd")) is None
    assert case.due("support-request", DECISION) == "Mon 15 Feb 2027 10:00"


def test_where_no_rule_gives_more_time_none_is_given() -> None:
    pack = with_rule(RULES, "support-request", DECISION, extension=None)
    case, owner = begun("support-request", "2027-02-01 10:00", pack)
    handoff = case.one("support-request")
    refusal = case.acts(handoff, Act.EXTEND, owner, at("2027-02-01 11:00"), extension=extension())
    assert refusal is not None
    assert (refusal.code, "extend" in refusal.possible) == ("nothing-to-extend", False)
