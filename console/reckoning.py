"""The words for a reckoning's steps, in Swedish and English: the same wherever a deadline is explained."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from models.calendars import Calendar, Name, Unit
from models.computation import ClosedDay, Impossible, Step
from rules.clocks import written_end
from rules.reckoning import WEEKEND

Words = tuple[str, str]
WEEKDAYS = (
    ("mån", "tis", "ons", "tors", "fre", "lör", "sön"),
    ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
)
UNITS = {
    Unit.SECONDS: (("sekund", "sekunder"), ("second", "seconds")),
    Unit.MINUTES: (("minut", "minuter"), ("minute", "minutes")),
    Unit.HOURS: (("timme", "timmar"), ("hour", "hours")),
    Unit.WORKING_DAYS: (("arbetsdag", "arbetsdagar"), ("working day", "working days")),
    Unit.DAYS: (("dag", "dagar"), ("day", "days")),
    Unit.WEEKS: (("vecka", "veckor"), ("week", "weeks")),
    Unit.MONTHS: (("månad", "månader"), ("month", "months")),
}
WEEKEND_NAME = Name(sv="helg", en="weekend")
STEPS: dict[str, Words] = {
    "counts-from": ("Räknas från {at}.", "Counts from {at}."),
    "counts-back-from": ("Räknas bakåt från {at}.", "Counts back from {at}."),
    "before-opening": (
        "{since} är före öppningsdags: räknas från {at}.",
        "{since} is before opening: counts from {at}.",
    ),
    "after-cutoff": (
        "{since} är inte före {word}, då dagen räknas som slut: räknas från nästa öppning, {at}.{shut}",
        "{since} is not before {word}, when the day counts as over: counts from the next opening, {at}.{shut}",
    ),
    "on-closed-day": (
        "{since} är kontoret stängt: räknas från nästa öppning, {at}.{shut}",
        "The office is closed {since}: counts from the next opening, {at}.{shut}",
    ),
    "working-days": (
        "{amount} framåt vid samma klockslag: {at}.{closed}",
        "{amount} on, at the same time of day: {at}.{closed}",
    ),
    "closed-by-then": (
        "{day} stänger kontoret {word}: i stället vid nästa öppning, {at}.{shut}",
        "The office closes at {word} on {day}: at the next opening instead, {at}.{shut}",
    ),
    "office-time": ("{amount} medan kontoret är öppet: {at}.{closed}", "{amount} of office time: {at}.{closed}"),
    "real-time": (
        "{amount} i verklig tid, oavsett dag: {at}.",
        "{amount} of real time, whatever day it is: {at}.",
    ),
    "clocks-forward": (
        "Däremellan ställs klockan fram {stood}: klockslaget blir så mycket senare.",
        "In between the clocks go forward {stood}: the time of day is that much later.",
    ),
    "clocks-back": (
        "Däremellan ställs klockan tillbaka {stood}: klockslaget blir så mycket tidigare.",
        "In between the clocks go back {stood}: the time of day is that much earlier.",
    ),
    "no-such-time": (
        "Klockan {word} finns inte {day}, då klockan ställs fram: {at} gäller.",
        "There is no {word} on {day}, when the clocks go forward: {at} is meant.",
    ),
    "time-occurs-twice": (
        "Klockan {word} inträffar två gånger {day}, då klockan ställs tillbaka: den första gäller.",
        "{word} occurs twice on {day}, when the clocks go back: the first is meant.",
    ),
    "counted-on": ("{amount} efter {day} är {to}.", "{amount} after {day} is {to}."),
    "counted-back": ("{amount} före {day} är {to}.", "{amount} before {day} is {to}."),
    "month-end": (
        "Den månaden har ingen dag {number}: månadens sista dag gäller.",
        "That month has no day {number}: its last day is meant.",
    ),
    "moved-on": (
        "{day} är ingen arbetsdag: flyttas fram till {to}.{shut}",
        "{day} is not a working day: moved on to {to}.{shut}",
    ),
    "moved-back": (
        "{day} är ingen arbetsdag: en nedräkning flyttas bakåt, till {to}.{shut}",
        "{day} is not a working day: a countdown moves earlier, to {to}.{shut}",
    ),
    "does-not-move": (
        "{day} är ingen arbetsdag ({why}), men det som löper ut flyttas aldrig.",
        "{day} is not a working day ({why}), but an expiry never moves.",
    ),
    "held": (
        "Klockan stod {since}–{until}, {stood}: flyttas till {at}.",
        "The clock stood {since}–{until}, {stood}: moved to {at}.",
    ),
    "days-held": (
        "Klockan stod {since}–{until}, {amount}: sista dagen {day} blir {to}.",
        "The clock stood {since}–{until}, {amount}: the last day {day} becomes {to}.",
    ),
    "hold-of-no-length": (
        "Uppehållet {since} varade ingen tid alls: inget ändras.",
        "The hold at {since} lasted no time at all: nothing changes.",
    ),
    "hold-before-start": (
        "Uppehållet {since}–{until} var slut innan klockan började gå: inget ändras.",
        "The hold {since}–{until} was over before the clock began to run: nothing changes.",
    ),
    "hold-began-before-start": (
        "Uppehållet {since}–{until} började innan klockan gick: det räknas från {at}.",
        "The hold {since}–{until} began before the clock ran: it counts from {at}.",
    ),
    "hold-after-end": (
        "Tiden gick ut {at}, före uppehållet {since}–{until}: inget ändras.",
        "The time had run out at {at}, before the hold {since}–{until}: nothing changes.",
    ),
    "hold-outside-office": (
        "Uppehållet {since}–{until} föll helt utanför kontorets öppettid: inget ändras.",
        "The hold {since}–{until} lay wholly outside office hours: nothing changes.",
    ),
    "hold-within-a-day": (
        "Uppehållet {since}–{until} gick inte över någon midnatt: inget ändras.",
        "The hold {since}–{until} passed no midnight: nothing changes.",
    ),
    "hold-moves-no-expiry": (
        "Uppehållet {since}–{until} flyttar inget: det som löper ut flyttas aldrig.",
        "The hold {since}–{until} moves nothing: an expiry never moves.",
    ),
    "hold-moves-no-countdown": (
        "Uppehållet {since}–{until} flyttar inget: nedräkningen gäller händelsens dag.",
        "The hold {since}–{until} moves nothing: a countdown follows the day of its event.",
    ),
    "due": ("Går ut {at}.", "Due {at}."),
}
ENDS = frozenset(
    {
        "working-days",
        "office-time",
        "real-time",
        "held",
        "hold-after-end",
        "due",
        "was-set",
        "late-at-birth",
        "first-due",
    }
    | {"moves-left-out", "moved-held", "moved-hurried", "moved-extended", "moved-date-moved", "moved-rules-adopted"}
    | {"moved-rerouted", "moved-reopened"}
)
"""Steps that come `at` an end: midnight is then 24:00 of the day before, as in every table."""
IMPOSSIBLE: dict[str, Words] = {
    "unit-not-on-clock": (
        "den klockan räknar inte den enheten: office tar minutes, hours och working-days; around-the-clock tar "
        "minutes, hours, days och weeks; calendar tar days, weeks och months",
        "that clock does not count that unit: office takes minutes, hours and working-days; around-the-clock takes "
        "minutes, hours, days and weeks; calendar takes days, weeks and months",
    ),
    "beyond-ten-years": (
        "är mer än tio år; högst {most} i den enheten",
        "is more than ten years; {most} of that unit at the most",
    ),
    "end-needs-calendar": (
        "expiry och countdown hör till klockan calendar; timmar och arbetsdagar flyttas inte av helger",
        "expiry and countdown belong to the calendar clock; hours and working days are never shifted",
    ),
    "closes-before-opening": (
        "kontoret måste stänga senare än det öppnar; ange closes",
        "the office must close later than it opens; state closes",
    ),
    "hold-ends-before-it-starts": ("ett uppehåll slutar innan det börjar", "a hold ends before it starts"),
    "holds-overlap": ("två uppehåll går in i varandra", "two holds overlap"),
    "beyond-calendar": (
        "tiden går ut efter år 2100, då helgdagarna inte är kända",
        "it ends after the year 2100, when the holidays are not known",
    ),
    "unknown-zone": (
        "är ingen känd tidszon; skriv som Europe/Stockholm",
        "is no known time zone; write it like Europe/Stockholm",
    ),
}


class Language(NamedTuple):
    """One of the two languages: its place in a pair of words, and how it lists what was passed over."""

    place: int
    passed: str
    shut: str
    more: str


SWEDISH = Language(0, "Räknas inte", "Stängt", "och {n} dagar till")
ENGLISH = Language(1, "Not counted", "Closed", "and {n} more days")


def sentence(step: Step, where: Calendar) -> Words:
    """A step as a sentence in Swedish and one in English, in the calendar's own local time."""
    return rendered(STEPS, step, where)


def rendered(
    words: dict[str, Words],
    step: Step,
    where: Calendar,
    more: Callable[[Step, Calendar, Language], dict[str, str]] | None = None,
) -> Words:
    """A step in the words that `words` has for it; `more` gives what only they tell."""
    sv, en = words[step.code]
    swedish, english = (
        parts(step, where, language) | (more(step, where, language) if more else {}) for language in (SWEDISH, ENGLISH)
    )
    return sv.format_map(swedish), en.format_map(english)


def parts(step: Step, where: Calendar, language: Language) -> dict[str, str]:
    """Every field of a step as text in one language."""
    told: dict[str, str] = {"number": str(step.amount), "word": step.word or "", "closed": "", "shut": ""}
    for name in ("at", "was", "since", "until"):
        if (instant := getattr(step, name)) is not None:
            as_end = name == "was" or (name == "at" and step.code in ENDS)
            told[name] = (ends if as_end else moment)(instant, where, language)
    for name in ("day", "to"):
        if (day := getattr(step, name)) is not None:
            told[name] = day_text(day, language)
    if step.code == "due" and step.day is not None:
        told["at"] = f"{day_text(step.day, language)} 24:00"
    if step.amount is not None:
        told["amount"] = amount(step.amount, step.unit or Unit.DAYS, language)
    if step.stood is not None:
        told["stood"] = length(step.stood, language)
    if step.closed:
        days = closed(step, where, language)
        told |= {"closed": f" {language.passed}: {days}.", "shut": f" {language.shut}: {days}."}
        told["why"] = name_of(step.closed[0], where, language)
    return told


def day_text(day: date, language: Language) -> str:
    return f"{WEEKDAYS[language.place][day.weekday()]} {day}"


def moment(instant: datetime, where: Calendar, language: Language) -> str:
    """A point in time, local: `tis 2027-01-05 22:46`; with its seconds when it has any."""
    here = instant.astimezone(ZoneInfo(where.zone))
    return f"{day_text(here.date(), language)} {here:%H:%M}" + (f":{here:%S}" if here.second else "")


def ends(instant: datetime, where: Calendar, language: Language) -> str:
    """A deadline, local: midnight is 24:00 of the day that it ends."""
    day, time = written_end(instant, where.zone)
    return f"{day_text(day, language)} {time}"


def amount(number: int, unit: Unit, language: Language) -> str:
    one, many = UNITS[unit][language.place]
    return f"{number} {one if number == 1 else many}"


def length(time: timedelta, language: Language) -> str:
    """A length of time in hours and minutes: `12 tim 30 min`."""
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    units = ((hours, ("tim", "h")), (minutes, ("min", "min")), (seconds, ("s", "s")))
    return " ".join(f"{n} {name[language.place]}" for n, name in units if n) or "0 min"


def closed(step: Step, where: Calendar, language: Language) -> str:
    """The days passed over, each run of days with its name."""
    told = [f"{span_text(run, language)} ({name_of(run[0], where, language)})" for run in runs(step.closed)]
    if step.omitted:
        told.append(language.more.format(n=step.omitted))
    return ", ".join(told)


def name_of(closed_day: ClosedDay, where: Calendar, language: Language) -> str:
    both = WEEKEND_NAME if closed_day.name == WEEKEND else where.names.get(closed_day.name)
    return (both.sv, both.en)[language.place] if both else closed_day.name


def runs(days: Iterable[ClosedDay]) -> list[list[ClosedDay]]:
    """Days that follow on each other under the same name, together."""
    together: list[list[ClosedDay]] = []
    for day in days:
        last = together[-1][-1] if together else None
        if last and last.name == day.name and day.day - last.day == timedelta(days=1):
            together[-1].append(day)
        else:
            together.append([day])
    return together


def span_text(run: list[ClosedDay], language: Language) -> str:
    first, last = run[0].day, run[-1].day
    return day_text(first, language) if first == last else f"{day_text(first, language)}–{day_text(last, language)}"


def why_impossible(fault: Impossible) -> Words:
    sv, en = IMPOSSIBLE[fault.code]
    return sv.format(most=fault.most), en.format(most=fault.most)
