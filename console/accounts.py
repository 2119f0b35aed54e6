"""The words for why a live deadline ends when it does: the whole account, and one line of it for a table."""

from __future__ import annotations

from collections.abc import Mapping

from console.reckoning import STEPS, Language, Words, amount, length, name_of, rendered
from console.words import ROLE
from models.calendars import Calendar, Clock, Name, Unit
from models.computation import Step
from models.handoffs import Deadline, Handoff
from models.packs import RulePack
from models.words import OrgId
from rules import handoffs
from rules.explanations import account, short
from rules.reckoning import Steps

CLOCKS = {
    Clock.AROUND_THE_CLOCK: ("dygnet runt", "around the clock"),
    Clock.OFFICE: ("på kontorstid", "in office hours"),
    Clock.CALENDAR: ("i kalendern", "in the calendar"),
}
ACCOUNT: dict[str, Words] = {
    "rule-statutory": (
        "Regeln: {amount} {clock}, enligt lag ({word}).",
        "The rule: {amount} {clock}, by statute ({word}).",
    ),
    "rule-policy": (
        "Regeln: {amount} {clock}, nationell policy ({word}).",
        "The rule: {amount} {clock}, national policy ({word}).",
    ),
    "rule-own": (
        "Regeln: {amount} {clock}, {word}:s egen policy.",
        "The rule: {amount} {clock}, {word}'s own policy.",
    ),
    "within-limit": ("Lagens yttersta gräns är {amount} ({word}).", "The statute's limit is {amount} ({word})."),
    "late-at-birth": (
        "Den tiden, {at}, hade redan gått när förfrågan kom: den var sen från början och ersätts.",
        "That time, {at}, had passed when the handoff was made: it was late at birth and is replaced.",
    ),
    "first-due": ("Gick först ut {at}.", "First due {at}."),
    "was-set": (
        "Sattes, räknat från {since}, först till {at} enligt vad som då gällde.",
        "Set, counted from {since}, first to {at} by what was in force then.",
    ),
    "moves-left-out": (
        "Här har den flyttats fler gånger, till {at}; ärendets logg har dem alla.",
        "It was moved more times here, to {at}; the case's log has them all.",
    ),
    "moved-held": (
        "Klockan stod {since}–{until}{stood}: {was} blev {at}.",
        "The clock stood {since}–{until}{stood}: {was} became {at}.",
    ),
    "moved-hurried": ("Gjordes akut {until}: {was} blev {at}.", "Made acute {until}: {was} became {at}."),
    "moved-extended": (
        "Förlängdes {until} med {amount} av {word}, grund {ground}: {was} blev {at}.",
        "Extended {until} by {amount} by {word}, ground {ground}: {was} became {at}.",
    ),
    "moved-date-moved": (
        "Dagen som tiden räknas från ändrades {until}: {was} blev {at}.",
        "The day it counts from was changed {until}: {was} became {at}.",
    ),
    "moved-rules-adopted": (
        "Ärendet gick över till nyare regler {until}: {was} blev {at}.",
        "The case went over to newer rules {until}: {was} became {at}.",
    ),
    "moved-rerouted": (
        "Sändes vidare till rätt mottagare {until}, och lagens tid ges inte två gånger: {was} blev {at}.",
        "Sent on to the right recipient {until}, and the law's time is not given twice: {was} became {at}.",
    ),
    "moved-reopened": ("Öppnades igen {until}: {was} blev {at}.", "Reopened {until}: {was} became {at}."),
    "stands": ("Klockan står nu.", "The clock stands now."),
    "due-when-stopped": (
        "Skulle ha gått ut {at}; när klockan går igen ges tiden den stått tillbaka.",
        "Was due {at}; when the clock runs again it is given back the time it stood.",
    ),
}
BRIEFLY: dict[str, Words] = {
    "rule-statutory": ("{amount}, {word}", "{amount}, {word}"),
    "rule-policy": ("{amount}, policy", "{amount}, policy"),
    "rule-own": ("{amount}, egen policy", "{amount}, own policy"),
    "passed": ("{names} räknas inte", "not counting {names}"),
    "shifted": ("flyttad för {names}", "moved for {names}"),
    "briefly-late-at-birth": ("sen från början", "late at birth"),
    "briefly-held": ("klockan har stått", "the clock has stood"),
    "briefly-hurried": ("gjord akut", "made acute"),
    "briefly-extended": ("förlängd", "extended"),
    "briefly-date-moved": ("dagen ändrad", "its day changed"),
    "briefly-rules-adopted": ("nyare regler", "newer rules"),
    "briefly-rerouted": ("omdirigerad", "re-routed"),
    "briefly-reopened": ("öppnad igen", "reopened"),
    "briefly-stands": ("klockan står", "the clock stands"),
}


def account_of(deadline: Deadline, handoff: Handoff, pack: RulePack) -> list[tuple[str, Words]]:
    """The whole account of one of a handoff's deadlines: each step's code and its words."""
    rule, where = handoffs.rule_of(handoff, deadline.name, pack), handoffs.calendar_of(handoff, deadline.name, pack)
    steps = account(deadline, rule, where, own_layer(deadline, handoff, pack))
    return [(step.code, sentence(step, where, pack.words)) for step in steps]


def line_of(deadline: Deadline, handoff: Handoff, pack: RulePack) -> Words:
    """Why one of a handoff's deadlines ends when it does, in one line of a table."""
    rule, where = handoffs.rule_of(handoff, deadline.name, pack), handoffs.calendar_of(handoff, deadline.name, pack)
    return line(short(deadline, rule, where, own_layer(deadline, handoff, pack)), where)


def own_layer(deadline: Deadline, handoff: Handoff, pack: RulePack) -> OrgId | None:
    """The organisation that owes the answer, when the deadline's rule is from its own layer."""
    owner = handoffs.owner(handoff, deadline.name)
    overlay = pack.overlays.get(owner)
    own = overlay.deadlines.get(handoff.kind, {}).get(handoff.urgency, {}) if overlay else {}
    return owner if deadline.name in own else None


def sentence(step: Step, where: Calendar, names: Mapping[str, Name] | None = None) -> Words:
    """A step of an account as a sentence in Swedish and one in English. `names`: what the rules call their codes."""
    called = {code: (name.sv, name.en) for code, name in (names or {}).items()} | ROLE

    def told(step: Step, where: Calendar, language: Language) -> dict[str, str]:
        return more(step, where, language, called)

    return rendered(STEPS | ACCOUNT, step, where, told)


def more(step: Step, _: Calendar, language: Language, called: Mapping[str, Words]) -> dict[str, str]:
    """What only accounts tell: clocks, roles, grounds, and how long a clock stood on its own clock."""

    def name(code: str) -> str:
        return called[code][language.place] if code in called else code

    told = {"clock": CLOCKS[step.clock][language.place] if step.clock else "", "ground": name(step.ground or "")}
    if step.code == "moved-extended":
        told["word"] = name(step.word or "")
    if step.code == "moved-held":
        told["stood"] = how_long(step, language)
    return told


def how_long(step: Step, language: Language) -> str:
    if step.amount is not None:
        return f", {amount(step.amount, Unit.DAYS, language)}"
    if step.stood is None:
        return ""
    office = (" kontorstid", " of office time")[language.place] if step.clock is Clock.OFFICE else ""
    return f", {length(step.stood, language)}{office}"


def line(steps: Steps, where: Calendar) -> Words:
    """A deadline's rule, and what has moved it, in one line: `10 arbetsdagar, policy; helg räknas inte`."""
    words = [rendered(BRIEFLY, step, where, brief) for step in steps]
    return "; ".join(sv for sv, _ in words), "; ".join(en for _, en in words)


def brief(step: Step, where: Calendar, language: Language) -> dict[str, str]:
    names = [name_of(day, where, language) for day in step.closed]
    last = (" och ", " and ")[language.place]
    return {"names": last.join((*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]))}
