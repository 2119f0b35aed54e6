"""May this be told to that recipient, by which paragraph, and what is lacking? Total and pure; no is the default.

Nothing here sends anything. A duty is an answer too: it is shown with its clock, and a person decides.
Sources: OSL 8:1, 10:1-2, 10:14-28, 12:2, 25:1-8, 25:12, 26:1-9; SoL 15:7-9, 19:1, 20:6; lag 2025:170; domain.md (c).
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from models.desk import Category
from models.sharing import (
    STEPS,
    Answer,
    Cell,
    Circumstances,
    Considered,
    DutyClock,
    Ground,
    Need,
    Question,
    Reason,
    SharingRules,
    Strength,
    Verdict,
)
from models.words import Code
from rules.consent import ZONE
from rules.sharing_needs import demand_of, lack

STAYS = frozenset({Category.THREAT_SOURCE, Category.PLACEMENT, Category.ENVIRONMENT, Category.NOTE, Category.RELATIVES})
"""Leaves the desk for nobody by this system, whatever the data says. One neutral answer for them all."""
NOT_25_26 = frozenset({*(f"osl-25-{n}" for n in range(1, 9)), *(f"osl-26-{n}" for n in range(1, 7))})
NOT_25 = frozenset(f"osl-25-{n}" for n in range(1, 6))
CRIME_GROUND_BEGINS = date(2025, 12, 1)
SAME_AGENCY: Code = "same-agency"
INSIDE = "OSL 8:1"


def answer(
    rules: SharingRules | None,
    question: Question,
    circumstances: Circumstances,
    now: datetime,
    by: Code | None = None,
) -> Verdict:
    """The verdict on one question. `by` names the ground that the sender would rather use, if it holds.

    `rules` None: no rules are in force. Every code of the question may be unknown. Never raises.
    """
    no = Verdict(question=question, answer=Answer.MUST_NOT, decided_at=now, rules=rules.name if rules else None)
    if question.category in STAYS:
        return no.model_copy(update={"reason": Reason.NOT_BY_THIS_SYSTEM})
    day = local_day(now)
    if rules is None or not in_force(rules, day):
        return no.model_copy(update={"reason": Reason.NO_RULES_IN_FORCE})
    cell = rules.by_key.get((question.holder, question.secrecy, question.category, question.recipient))
    if inside(rules, question, cell):
        inner = {"answer": Answer.MAY, "reason": Reason.SAME_AGENCY, "ground": SAME_AGENCY, "paragraph": INSIDE}
        return no.model_copy(update=inner)
    if cell is None:
        return no.model_copy(update={"reason": Reason.NO_RULE})
    considered = tuple(
        weigh(rules, ground, question, circumstances, now) for ground in grounds_of(rules, cell, question, day)
    )
    if not considered:
        known = Reason.OWN_SOURCE if cell.own else Reason.REFERENCE_ONLY if cell.reference else Reason.NO_RULE
        return no.model_copy(update={"reason": known})
    return decided(rules, cell, no.model_copy(update={"considered": considered}), circumstances, now, by)


def local_day(instant: datetime) -> date:
    """The day in Sweden: laws and rules begin and end with it, and not with the day in Greenwich."""
    return instant.astimezone(ZoneInfo(ZONE)).date()


def in_force(rules: SharingRules, day: date) -> bool:
    return rules.effective_from <= day and (rules.effective_until is None or day <= rules.effective_until)


def inside(rules: SharingRules, question: Question, cell: Cell | None) -> bool:
    """Whether nothing leaves the agency, so that it is no disclosure (OSL 8:1). Whoever only watches is outside."""
    if question.holder_org is not None and question.holder_org == question.recipient_org:
        return question.holder == question.recipient
    one = any(question.holder in group and question.recipient in group for group in rules.one_authority)
    return cell is not None and cell.own and one


def grounds_of(rules: SharingRules, cell: Cell, question: Question, day: date) -> list[Ground]:
    """The cell's grounds that exist on that day and that the law does not shut out for that secrecy."""
    known = [rules.grounds[code] for code in cell.grounds if code in rules.grounds]
    return [
        ground
        for ground in known
        if not shut_out(ground.paragraph, question.secrecy, day)
        and (ground.begins is None or ground.begins <= day)
        and (ground.ends is None or day <= ground.ends)
    ]


def shut_out(paragraph: str, secrecy: Code, day: date) -> bool:
    """What no row can open, however it is written: OSL 10:27 and 10:15 a have exceptions of their own."""
    if "10:27" in paragraph and secrecy in NOT_25_26:
        return True
    return "10:15 a" in paragraph and (secrecy in NOT_25 or day < CRIME_GROUND_BEGINS)


def weigh(
    rules: SharingRules, ground: Ground, question: Question, circumstances: Circumstances, now: datetime
) -> Considered:
    """One ground, with everything that it lacks now."""
    needs = list(ground.needs)
    if question.category in rules.two_persons:
        needs.append(Need.SECOND_REVIEWER)
    if circumstances.marks and question.category not in rules.no_harm_test:
        needs.append(Need.HARM_TEST)
    found = [lack(need, ground, question, circumstances, now) for need in dict.fromkeys(needs)]
    return Considered(
        ground=ground.code,
        paragraph=ground.paragraph,
        strength=ground.strength,
        lacks=tuple(one for one in found if one is not None),
    )


def decided(
    rules: SharingRules, cell: Cell, so_far: Verdict, circumstances: Circumstances, now: datetime, by: Code | None
) -> Verdict:
    """A duty first, then what is open, then what is nearest to it; otherwise no."""
    duties = [one for one in so_far.considered if one.strength is Strength.MUST and exists(one)]
    opened = [one for one in so_far.considered if one.strength is Strength.MAY and one.holds]
    wished = [one for one in (*duties, *opened) if one.ground == by]
    if chosen := next(iter((*wished, *duties, *opened)), None):
        return standing_on(rules, cell, so_far, chosen, circumstances, now)
    waiting = [one for one in so_far.considered if not one.closed]
    if not waiting:
        return so_far.model_copy(update={"reason": Reason.GROUNDS_CLOSED})
    nearest = min(waiting, key=lambda one: len(one.lacks))
    return so_far.model_copy(update={"answer": Answer.NEEDS, "reason": Reason.LACKING, "needs": nearest.lacks})


def exists(duty: Considered) -> bool:
    """A duty is there when its facts are, also while steps are left to take."""
    return all(one.need in STEPS for one in duty.lacks)


def standing_on(
    rules: SharingRules, cell: Cell, so_far: Verdict, chosen: Considered, circumstances: Circumstances, now: datetime
) -> Verdict:
    ground = rules.grounds[chosen.ground]
    two = so_far.question.category in rules.two_persons or Need.SECOND_REVIEWER in ground.needs
    return so_far.model_copy(
        update={
            "answer": Answer.MUST if ground.strength is Strength.MUST else Answer.MAY,
            "ground": ground.code,
            "paragraph": ground.paragraph,
            "only": tuple(part for part in (cell.only, ground.only) if part),
            "needs": chosen.lacks,
            "clock": clock_of(rules, ground, so_far.question, circumstances, now),
            "review_after": two and circumstances.alone_on_call and not circumstances.second_reviewer,
        }
    )


def clock_of(
    rules: SharingRules, ground: Ground, question: Question, circumstances: Circumstances, now: datetime
) -> DutyClock | None:
    """When a duty arose: when it was demanded, or known, or at the latest now. Real time: it never shifts."""
    if ground.strength is not Strength.MUST or ground.clock is None:
        return None
    clock = rules.clocks.get(ground.clock)
    if clock is None:
        return None
    demand = demand_of(ground, question, circumstances) if Need.DEMAND in ground.needs else None
    known = [circumstances.known_since[need] for need in ground.needs if need in circumstances.known_since]
    since = demand.received_at if demand else max(known, default=now)
    return DutyClock(
        code=clock.code, name=clock.name, since=since, due=None if clock.within is None else since + clock.within
    )


def default_secrecy(rules: SharingRules, holder: Code) -> Code | None:
    """The secrecy that applies at an agency when nothing else is said of what it keeps."""
    return next(iter(rules.secrecy.get(holder, ())), None)
