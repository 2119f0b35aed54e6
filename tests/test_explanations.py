"""Why a live deadline ends when it does: always in agreement with its actual end, whatever has happened to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from console.accounts import ACCOUNT, BRIEFLY, line, sentence
from console.reckoning import STEPS
from models.calendars import Calendar, Clock, End, Span, Term, Unit
from models.computation import Step
from models.handoffs import Deadline, DeadlineName, Extension, Move
from models.packs import DeadlineRule, Met
from rules import deadlines
from rules.explanations import account, by_rule, short
from rules.reckoning import Steps
from tests.rules_support import PACK
from tests.swedish_calendar import SWEDEN, local

MOVES = get_args(Move.model_fields["why"].annotation)
LADDER = next(iter(PACK.ladders))
often = settings(deadline=None, max_examples=150)
lengths = st.integers(0, 60 * 24 * 10).map(lambda minutes: timedelta(minutes=minutes))
moments = st.integers(0, 60 * 24 * 700).map(lambda minutes: local("Thu 1 Jan 2026 00:00") + timedelta(minutes=minutes))


def rule(amount: int, unit: Unit, clock: Clock, end: End = End.ACT_BY, source: str = "policy default") -> DeadlineRule:
    late = Span(amount=1, unit=Unit.WORKING_DAYS) if end is End.COUNTDOWN else None
    term = Term(
        span=Span(amount=amount, unit=unit),
        clock=clock,
        end=end,
        source=source,
        statutory=source != "policy default",
        if_late_at_birth=late,
    )
    return DeadlineRule(term=term, met=Met.ANSWERED, ladder=LADDER)


def made(of: DeadlineRule, start: str, now: str | None = None) -> Deadline:
    return made_at(of, local(start), local(now or start))


def made_at(of: DeadlineRule, start: datetime, now: datetime) -> Deadline:
    return deadlines.new(DeadlineName.DECISION, of, start, now, PACK, SWEDEN)


def held(deadline: Deadline, of: DeadlineRule, since: datetime, until: datetime) -> Deadline:
    return deadlines.running(deadlines.stopped(deadline, since, SWEDEN), since, until, of, PACK, SWEDEN)


def told(deadline: Deadline, of: DeadlineRule, where: Calendar = SWEDEN, own: str | None = None) -> list[str]:
    return [sentence(step, where)[0] for step in account(deadline, of, where, own)]


TEN_DAYS = rule(10, Unit.WORKING_DAYS, Clock.OFFICE)
TWO_WEEKS = rule(14, Unit.DAYS, Clock.CALENDAR, source="SoL 20:1")
THIRTY_BEFORE = rule(30, Unit.DAYS, Clock.CALENDAR, End.COUNTDOWN)


def test_the_rule_the_start_and_the_days_passed_over_are_told() -> None:
    assert told(made(TEN_DAYS, "Mon 15 Jun 2026 10:00"), TEN_DAYS) == [
        "Regeln: 10 arbetsdagar på kontorstid, nationell policy (policy default).",
        "Räknas från mån 2026-06-15 10:00.",
        "10 arbetsdagar framåt vid samma klockslag: tis 2026-06-30 10:00. Räknas inte: fre 2026-06-19 "
        "(midsommarafton), lör 2026-06-20–sön 2026-06-21 (helg), lör 2026-06-27–sön 2026-06-28 (helg).",
        "Går ut tis 2026-06-30 10:00.",
    ]


def test_a_statutes_rule_names_its_paragraph_and_the_shift_its_holidays() -> None:
    sentences = told(made(TWO_WEEKS, "Fri 20 Mar 2026 10:00"), TWO_WEEKS)
    assert sentences[0] == "Regeln: 14 dagar i kalendern, enligt lag (SoL 20:1)."
    assert "14 dagar efter fre 2026-03-20 är fre 2026-04-03." in sentences
    assert any("flyttas fram till tis 2026-04-07" in said and "långfredagen" in said for said in sentences)
    assert sentences[-1] == "Går ut tis 2026-04-07 24:00."


def test_an_organisations_own_rule_is_said_to_be_its_own() -> None:
    deadline = made(TEN_DAYS, "Mon 15 Jun 2026 10:00")
    assert told(deadline, TEN_DAYS, own="soc-1880")[0].endswith("soc-1880:s egen policy.")


def test_a_countdown_late_at_birth_tells_when_it_was_and_what_it_got_instead() -> None:
    deadline = made(THIRTY_BEFORE, "Mon 12 Apr 2027 09:00", now="Mon 22 Mar 2027 09:00")
    sentences = told(deadline, THIRTY_BEFORE)
    assert "Räknas bakåt från mån 2027-04-12 09:00." in sentences
    assert any(said.startswith("Den tiden, fre 2027-03-12 24:00, hade redan gått") for said in sentences)
    assert sentences[-1] == "Går ut tis 2027-03-23 09:00."


def test_a_hold_an_extension_and_a_standing_clock_are_told_with_the_end_before_and_after() -> None:
    deadline = made(TEN_DAYS, "Mon 12 Jan 2026 10:00")  # due Mon 26 Jan 10:00
    deadline = held(deadline, TEN_DAYS, local("Tue 13 Jan 2026 10:00"), local("Thu 15 Jan 2026 11:00"))
    more = Extension(
        deadline=DeadlineName.DECISION, by="manager", ground="more-time", span=Span(amount=2, unit=Unit.WORKING_DAYS)
    )
    deadline = deadlines.extended(deadline, more, local("Fri 16 Jan 2026 09:00"), TEN_DAYS, PACK, SWEDEN)
    deadline = deadlines.stopped(deadline, local("Fri 16 Jan 2026 12:00"), SWEDEN)
    assert told(deadline, TEN_DAYS)[-4:] == [
        "Klockan stod tis 2026-01-13 10:00–tors 2026-01-15 11:00, 17 tim kontorstid: mån 2026-01-26 10:00 blev "
        "ons 2026-01-28 11:00.",
        "Förlängdes fre 2026-01-16 09:00 med 2 arbetsdagar av enhetschef, grund more-time: ons 2026-01-28 11:00 blev "
        "fre 2026-01-30 11:00.",
        "Klockan står nu.",
        "Skulle ha gått ut fre 2026-01-30 11:00; när klockan går igen ges tiden den stått tillbaka.",
    ]


def test_days_held_in_the_calendar_are_told_as_days() -> None:
    month = rule(1, Unit.MONTHS, Clock.CALENDAR)
    deadline = held(
        made(month, "Mon 12 Jan 2026 10:00"), month, local("Tue 13 Jan 2026 10:00"), local("Thu 15 Jan 2026 11:00")
    )
    assert any(
        "2026-01-15 11:00, 2 dagar: tors 2026-02-12 24:00 blev mån 2026-02-16 24:00" in s for s in told(deadline, month)
    )


def test_a_rule_that_no_longer_holds_is_not_said_to_have_set_the_first_end() -> None:
    """Made acute: the present rule set the present end, and the first one came from a rule that is not there now."""
    first, acute = made(TEN_DAYS, "Mon 12 Jan 2026 10:00"), rule(24, Unit.HOURS, Clock.AROUND_THE_CLOCK)
    now = local("Tue 13 Jan 2026 10:00")
    fresh = deadlines.new(DeadlineName.DECISION, acute, now, now, PACK, SWEDEN)
    move = Move(why="hurried", at=now, before=first.due, after=fresh.due)
    hurried = deadlines.set_again(fresh, first, (LADDER, LADDER), move, now, acute, PACK, SWEDEN)
    codes = [step.code for step in account(hurried, acute, SWEDEN)]
    assert codes == ["rule-policy", "was-set", "moved-hurried", "counts-from", "real-time", "due"]


def test_the_reckoning_is_told_after_the_move_that_set_it_last() -> None:
    """A date that was moved and moved back gives the first end again; it is the last move that holds now."""
    first = made(THIRTY_BEFORE, "Mon 12 Apr 2027 09:00", now="Mon 11 Jan 2027 09:00")
    there, back = local("Fri 19 Mar 2027 24:00"), local("Tue 12 Jan 2027 09:00")
    moves = (
        Move(why="date-moved", at=back, before=first.due, after=there),
        Move(why="date-moved", at=back, before=there, after=first.due),
    )
    codes = [step.code for step in account(first.model_copy(update={"moves": moves}), THIRTY_BEFORE, SWEDEN)]
    assert codes.index("counts-back-from") > codes.index("was-set")
    assert codes[-4] == "counts-back-from"
    assert codes.count("moved-date-moved") == 2


def test_moves_that_were_not_kept_are_said_to_be_missing() -> None:
    deadline = made(TEN_DAYS, "Mon 12 Jan 2026 10:00")
    for day in range(13, 24):
        since = local("Tue 13 Jan 2026 10:00") + timedelta(days=day - 13)
        deadline = held(deadline, TEN_DAYS, since, since + timedelta(hours=1))
    codes = [step.code for step in account(deadline, TEN_DAYS, SWEDEN)]
    assert codes.count("moves-left-out") == 1
    assert codes.index("moves-left-out") == codes.index("moved-held") + 1


def test_one_line_for_a_table() -> None:
    deadline = made(TEN_DAYS, "Mon 15 Jun 2026 10:00")
    assert line(short(deadline, TEN_DAYS, SWEDEN), SWEDEN) == (
        "10 arbetsdagar, policy; midsommarafton och helg räknas inte",
        "10 working days, policy; not counting Midsummer Eve and weekend",
    )
    since = local("Tue 16 Jun 2026 10:00")
    deadline = held(deadline, TEN_DAYS, since, since + timedelta(hours=2))
    deadline = held(deadline, TEN_DAYS, since + timedelta(hours=3), since + timedelta(hours=4))
    assert line(short(deadline, TEN_DAYS, SWEDEN, own="soc-1880"), SWEDEN)[0] == (
        "10 arbetsdagar, egen policy; midsommarafton och helg räknas inte; klockan har stått"
    )
    monday = rule(2, Unit.HOURS, Clock.AROUND_THE_CLOCK, source="LVU 8")
    assert line(short(made(monday, "Mon 15 Jun 2026 10:00"), monday, SWEDEN), SWEDEN)[0] == "2 timmar, LVU 8"


RULES = [
    TEN_DAYS,
    THIRTY_BEFORE,
    rule(3, Unit.HOURS, Clock.OFFICE),
    rule(24, Unit.HOURS, Clock.AROUND_THE_CLOCK),
    rule(14, Unit.DAYS, Clock.CALENDAR),
    rule(1, Unit.MONTHS, Clock.CALENDAR, End.EXPIRY),
    TWO_WEEKS,
]
Event = tuple[Literal["hold", "extend", "hurry"], timedelta, timedelta]
events = st.lists(st.tuples(st.sampled_from(["hold", "extend", "hurry"]), lengths, lengths), max_size=12)


def lived(of: DeadlineRule, start: datetime, now: datetime, events: list[Event]) -> tuple[Deadline, DeadlineRule]:
    """A deadline that all this has happened to, one thing after another, and the rule that it has at last."""
    deadline = made_at(of, start, now)
    for what, after, length in events:
        now += after
        if what == "hold":
            deadline = held(deadline, of, now, now + length)
            now += length
        elif what == "extend":
            unit = Unit.DAYS if deadline.clock is not Clock.OFFICE else Unit.WORKING_DAYS
            by = Extension(deadline=DeadlineName.DECISION, by="manager", ground="g", span=Span(amount=3, unit=unit))
            deadline = deadlines.extended(deadline, by, now, of, PACK, SWEDEN)
        else:
            of = rule(24, Unit.HOURS, Clock.AROUND_THE_CLOCK)
            fresh = deadlines.new(DeadlineName.DECISION, of, now, now, PACK, SWEDEN)
            move = Move(why="hurried", at=now, before=deadline.due, after=fresh.due)
            deadline = deadlines.set_again(fresh, deadline, (LADDER, LADDER), move, now, of, PACK, SWEDEN)
    return deadline, of


def replayed(steps: Steps) -> datetime | None:
    """Where the steps lead, each move from where the one before it left off; None when nothing moved it."""
    reached: datetime | None = None
    for step in steps[:-1]:
        if step.code in ("first-due", "was-set", "moves-left-out"):
            reached = step.at
        elif step.code.removeprefix("moved-") in MOVES:
            assert step.was == reached
            reached = step.at
    return reached


@often
@given(st.sampled_from(RULES), moments, lengths, events)
def test_the_account_always_leads_to_the_deadlines_own_end(
    of: DeadlineRule, start: datetime, later: timedelta, events: list[Event]
) -> None:
    deadline, rule_now = lived(of, start, start + later, events)
    steps = account(deadline, rule_now, SWEDEN)
    assert steps[-1] == Step(code="due-when-stopped" if deadline.stands else "due", at=deadline.due)
    assert replayed(steps) == (deadline.due if deadline.moves or steps[-2].code == "was-set" else None)
    assert sum(step.was is not None for step in steps) == len(deadline.moves)
    for step in steps:
        assert all(sentence(step, SWEDEN))
    assert all(line(short(deadline, rule_now, SWEDEN), SWEDEN))


@often
@given(st.sampled_from(RULES), moments, lengths)
def test_a_deadline_that_nothing_has_moved_is_reckoned_whole(
    of: DeadlineRule, start: datetime, later: timedelta
) -> None:
    deadline = made_at(of, start, start + later)
    found = by_rule(deadline, of, SWEDEN)
    assert found is not None
    assert found.due == deadline.due
    assert account(deadline, of, SWEDEN)[1:-1] == found.steps


def test_every_step_has_words_in_two_languages() -> None:
    assert all(sv and en for sv, en in (STEPS | ACCOUNT | BRIEFLY).values())
