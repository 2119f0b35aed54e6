"""How long a file is kept: the clocks of each agency and kind of file, what holds it back, and why. Pure.

Days are local. A term in years ends on the day with the same number, or on the month's last (lag 1930:173 1 §). No end
shifts to a working day: 2 § of that law is for measures that a person must take in time, and here nobody need hurry.
What is not known never lets a file be disposed of.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.retention import (
    AgeRule,
    Because,
    Dated,
    File,
    FileStatus,
    Hold,
    KeepRule,
    RetentionRule,
    RetentionRules,
    TermRule,
    Verdict,
)
from models.words import Function

DECEMBER, LAST_OF_DECEMBER = 12, 31
FEBRUARY, LAST_OF_FEBRUARY = 2, 28
KEYS_DESTROYED = "keys-destroyed"
"""In the place of a rule: the file has been disposed of, and what an older copy brought back is to go again."""


def verdict(file: File, now: datetime, rules: RetentionRules) -> Verdict:
    """What the rules of today say of `file`, with every step of why. `now`: the case's own."""
    today = local_day(now, rules)
    if file.open is not False:
        code = "case-open" if file.open else "case-unknown"
        return kept(file, Because(code=code), status=FileStatus.OPEN if file.open else FileStatus.KEPT)
    if file.destroyed:
        because = (Because(code=KEYS_DESTROYED, day=today),)
        return Verdict(case=file.case, status=FileStatus.DUE, rule=KEYS_DESTROYED, first_day=today, because=because)
    active = in_force(rules.rules, file.function, today)
    if not active:
        return kept(file, Because(code="no-rule"))
    if not file.kinds and any(rule.kinds for rule in active):
        return kept(file, Because(code="kind-unknown"))
    mine = [rule for rule in active if not rule.kinds or set(rule.kinds) & set(file.kinds)]
    for rule in mine:
        if isinstance(rule, KeepRule):
            return kept(file, Because(code="kept", rule=rule.code, basis=rule.basis))
    terms = [rule for rule in mine if isinstance(rule, TermRule)]
    covered = {kind for rule in terms for kind in rule.kinds or file.kinds}
    if not terms or set(file.kinds) - covered:  # every kind that a file is of must have its own end
        return kept(file, Because(code="no-rule"))
    return timed(file, now, terms, [rule for rule in mine if isinstance(rule, AgeRule)], rules)


def timed(file: File, now: datetime, terms: list[TermRule], ages: list[AgeRule], rules: RetentionRules) -> Verdict:
    """The verdict on a file that is disposed of some day: of several terms, the one that ends last."""
    found = [term_of(file, rule, rules) for rule in terms]
    for one in found:
        if isinstance(one, Because):
            return kept(file, one)
    rule, first, last, because = max((one for one in found if not isinstance(one, Because)), key=lambda one: one[1])
    for age in ages:
        if file.born is None:
            return kept(file, *because, Because(code="birth-unknown", rule=age.code, basis=age.basis))
        after = date(file.born.year + age.years + 1, 1, 1)
        if after > first:
            first, rule = after, age
            because += (Because(code="not-before", rule=age.code, basis=age.basis, day=after, number=age.years),)
        if last is not None:
            last = max(last, date(after.year, DECEMBER, LAST_OF_DECEMBER))
    if last is not None:
        because += (Because(code="last-day", rule=rule.code, day=last),)
    return settled(file, now, rule.code, (first, last), because, rules)


def term_of(
    file: File, rule: TermRule, rules: RetentionRules
) -> tuple[Dated, date, date | None, tuple[Because, ...]] | Because:
    """From which day and to which a rule lets a file be disposed of, or what is not known."""
    start, what = beginning(file, rule)
    if start is None:
        return Because(code="start-unknown", rule=rule.code, basis=rule.basis)
    day = local_day(start, rules)
    end = years_after(day, rule.years)
    because = (
        Because(code=what, rule=rule.code, day=day),
        Because(code=rule.ends, rule=rule.code, basis=rule.basis, day=end, number=rule.years),
    )
    if rule.ends == "at-latest":
        first = max(day, end - timedelta(days=rule.listed_days_before))
        listed = (Because(code="listed-before", rule=rule.code, day=first, number=rule.listed_days_before),)
        return rule, first, end, because + (listed if rule.listed_days_before else ())
    last = date(end.year + 1, DECEMBER, LAST_OF_DECEMBER) if rule.finished_by_next_year else None
    return rule, end + timedelta(days=1), last, because


def beginning(file: File, rule: TermRule) -> tuple[datetime | None, str]:
    """The instant that a term counts from, and what happened then."""
    if rule.counts_from == "closure":
        return file.closed_at, "from-closure"
    if file.last_entry is not None and rule.closure_is_entry and file.closed_at and file.closed_at > file.last_entry:
        return file.closed_at, "from-closure"
    return file.last_entry, "from-last-entry"


def settled(
    file: File,
    now: datetime,
    rule: str,
    days: tuple[date, date | None],
    because: tuple[Because, ...],
    rules: RetentionRules,
) -> Verdict:
    """Whether the time has come, and whether anything holds the file back."""
    first, last = days
    today, holding = local_day(now, rules), active_holds(file.holds, now)
    because += tuple(held_by(hold, rules) for hold in holding)
    lifted = [hold.until for hold in holding if hold.until is not None]
    free_again = max(lifted, default=now) if len(lifted) == len(holding) else None
    wake = None if free_again is None else max(start_of(first, rules), free_again)
    if first > today:
        status = FileStatus.COMING
    elif holding:
        status = FileStatus.HELD
    else:
        status, wake = (FileStatus.OVERDUE if last is not None and last < today else FileStatus.DUE), None
    return Verdict(
        case=file.case,
        status=status,
        kinds=file.kinds,
        rule=rule,
        first_day=first,
        last_day=last,
        because=because,
        wake_at=wake,
    )


def kept(file: File, *because: Because, status: FileStatus = FileStatus.KEPT) -> Verdict:
    return Verdict(case=file.case, status=status, kinds=file.kinds, rule=because[-1].rule, because=because)


def active_holds(holds: Iterable[Hold], now: datetime) -> tuple[Hold, ...]:
    """The holds that hold at `now`. One that begins later, by a clock that was set back, holds already."""
    return tuple(hold for hold in holds if hold.until is None or hold.until > now)


def held_by(hold: Hold, rules: RetentionRules) -> Because:
    basis = next((reason.basis for reason in rules.reasons if reason.code == hold.reason), None)
    until = local_day(hold.until - timedelta(microseconds=1), rules) if hold.until else None
    return Because(code="hold", reason=hold.reason, basis=basis, day=until)


def in_force(rules: Iterable[RetentionRule], function: Function, today: date) -> list[RetentionRule]:
    """The rules for an agency on a day."""
    return [
        rule
        for rule in rules
        if function in rule.functions
        and rule.effective_from <= today
        and (rule.effective_until is None or today <= rule.effective_until)
    ]


def years_after(day: date, years: int) -> date:
    """The day with the same number in the same month; the month's last where it has no such day."""
    if (day.month, day.day) == (FEBRUARY, LAST_OF_FEBRUARY + 1):
        try:
            return day.replace(year=day.year + years)
        except ValueError:
            return date(day.year + years, FEBRUARY, LAST_OF_FEBRUARY)
    return day.replace(year=day.year + years)


def local_day(instant: datetime, rules: RetentionRules) -> date:
    return instant.astimezone(ZoneInfo(rules.zone)).date()


def start_of(day: date, rules: RetentionRules) -> datetime:
    """The instant at which a local day begins."""
    return datetime.combine(day, time(0), ZoneInfo(rules.zone)).astimezone(UTC)


def end_of(day: date, rules: RetentionRules) -> datetime:
    """The instant at which a local day ends: 24:00."""
    return start_of(day + timedelta(days=1), rules)
