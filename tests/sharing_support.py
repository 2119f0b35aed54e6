"""Questions with everything there that any ground could need, and with one thing taken away."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product

from activities.sharing_rules import sharing_on
from models.consent import ConsentAct, ConsentEvent, ConsentPurpose, Guardian, History, PersonFacts, Scope
from models.desk import Category, ProtectionMark
from models.sharing import (
    Circumstances,
    Demand,
    Judgement,
    Question,
    Recipient,
    SharingRules,
    Strength,
    Verdict,
    Weighed,
)
from models.words import Function, TrackB
from rules.sharing import answer
from tests.sharing_table import NOBODY, SIGNS, STEPS, Key, Sign, Written

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
BEFORE_15A = datetime(2025, 11, 30, 22, 59, 59, tzinfo=UTC)
FIRST_OF_15A = datetime(2025, 11, 30, 23, 0, 0, tzinfo=UTC)
"""Midnight in Stockholm."""
DEMANDED = datetime(2025, 10, 15, 8, tzinfo=UTC)
HERE, THERE = "here-org", "there-org"
NOTE = "00000000-0000-4000-8000-000000000001"
LAWS = ("sol-15-7", "sol-15-9", "sol-20-6", "lag-2025-170-4", "osl-10-28")
HOLDERS = (*(one.value for one in Function), "stranger")
SECRECIES = (
    "osl-26-1", "osl-25-1", "osl-35-1", "osl-35-15", "osl-22-1", "sol-17-11", "osl-10-14", "osl-18-1", "unheard-of",
)  # fmt: skip
CATEGORIES = (*(one.value for one in Category), "handoff-status", "unheard-of")
RECIPIENTS = (*(one.value for one in Recipient), "unheard-of")
EVERY_KEY: tuple[Key, ...] = tuple(product(HOLDERS, SECRECIES, CATEGORIES, RECIPIENTS))
SHIPPED = sharing_on(NOW.date())
assert SHIPPED is not None
RULES: SharingRules = SHIPPED
ADULT = PersonFacts(born=date(1995, 3, 4))
CHILD = PersonFacts(born=date(2010, 3, 4), guardians=(Guardian(id="guardian-1"),))
JUDGED = {
    "necessity-note": Weighed.NECESSITY,
    "weighing": Weighed.WEIGHING,
    "harm-test": Weighed.HARM,
    "lawyer-confirms": Weighed.LAWYER,
    "prevents-crime": Weighed.PREVENTS_CRIME,
}
FACTS: dict[str, dict[str, object]] = {
    "transfer": {"transfer_to": THERE},
    "compulsory-placement": {"compulsory_placement_at": THERE},
    "houses-person": {"housed_by": THERE},
    "recipient-responsible": {"responsible_org": THERE},
    "risk-of-crime": {"risk_of_crime": True},
    "child-at-risk": {"child_at_risk": True},
    "lvm-need": {"lvm_need": True},
    "holder-professional": {"holder_professional": True},
    "track-b-open": {"track_b": TrackB.OPEN},
    "party-to-handoff": {"party_to_handoff": True},
    "visible": {"visible": True},
    "confidentiality": {"reservation": True},
    "second-reviewer": {"second_reviewer": True},
    "care-condition": {"addiction": True},
}


def question(key: Key, purpose: str = "planning") -> Question:
    holder, secrecy, category, recipient = key
    return Question(
        holder=holder, holder_org=HERE, secrecy=secrecy, category=category,
        recipient=recipient, recipient_org=THERE, purpose=purpose,
    )  # fmt: skip


def given(giver: str, step: int, at: datetime = datetime(2025, 10, 1, tzinfo=UTC)) -> ConsentEvent:
    scope = Scope(organisations=(THERE,), categories=tuple(Category), purposes=tuple(ConsentPurpose))
    ident = f"00000000-0000-4000-8000-{step:012d}"
    return ConsentEvent(
        id=ident, act=ConsentAct.GIVE, giver=giver, scope=scope, at=at, until=at + timedelta(days=600), step=step
    )


def everything(key: Key, lacking: str | None = None, ground: str | None = None) -> Circumstances:
    """Circumstances in which every need of every ground is met, but `lacking`. Judgements are for one ground."""
    return met(key[2], key[3], lacking, ground)


@cache
def met(category: str, recipient: str, lacking: str | None, ground: str | None) -> Circumstances:
    grown = lacking in ("under-18", "under-21", "care-condition")
    consents: History = (given("person", 1),) if grown else (given("guardian-1", 1), given("person", 2))
    said: dict[str, object] = {}
    for need, facts in FACTS.items():
        if need != lacking:
            said |= facts
    if lacking == "care-condition":
        said |= {"addiction": False, "compulsory_psychiatry": False, "pregnant": False}
    return Circumstances(
        person=ADULT if grown else CHILD,
        consents=() if lacking == "consent" else consents,
        marks=frozenset({ProtectionMark.SECRECY_MARKING}),
        judgements=judgements(category, recipient, lacking, ground),
        demands=() if lacking == "demand" else demands(category, recipient),
        **said,  # type: ignore[arg-type]
    )


def judgements(category: str, recipient: str, lacking: str | None, ground: str | None) -> tuple[Judgement, ...]:
    found = [
        Judgement(
            what=what, note=NOTE, ground=None if what is Weighed.HARM else ground, recipient=recipient,
            recipient_org=THERE, categories=(category,), speaks_for=True,
        )
        for need, what in JUDGED.items()
        if need != lacking
    ]  # fmt: skip
    if lacking == "no-extraordinary-reasons":
        against = {"what": Weighed.EXTRAORDINARY_REASONS, "ground": ground, "speaks_for": False}
        found.append(found[0].model_copy(update=against))
    return tuple(found)


def demands(category: str, recipient: str) -> tuple[Demand, ...]:
    return tuple(
        Demand(
            law=law,
            authority=recipient,
            authority_org=THERE,
            categories=(category,),
            received_at=DEMANDED,
        )
        for law in LAWS
    )


def ground_codes(rules: SharingRules) -> dict[str, str]:
    """The rules' code of each sign, found by what it stands on; the table itself knows no codes."""
    found = {}
    for sign, written in SIGNS.items():
        alike = [
            ground.code
            for ground in rules.grounds.values()
            if ground.paragraph == written.paragraph
            and (ground.strength is Strength.MUST) == written.duty
            and set(ground.needs) == written.needs
        ]
        if len(alike) == 1:
            found[sign] = alike[0]
    return found


def wrong(rules: SharingRules, key: Key, written: Written | None, at: datetime = NOW) -> list[str]:
    """How the answers for one cell differ from what the table says; empty when they don't."""
    codes = ground_codes(rules) if written else {}
    if written is None or key[2] in NOBODY:
        return ["opened"] if opened(rules, key, at) else []
    if missing := [sign for sign in written.signs if sign not in codes]:
        return [f"{key}: no ground is {sign}" for sign in missing]
    found = []
    plain = answer(rules, question(key), Circumstances(), at)
    if {one.ground for one in plain.considered} != {codes[sign] for sign in written.signs}:
        found.append(f"{key}: other grounds")
    if not written.signs and plain.reason != reason_of(key, written):
        found.append(f"{key}: {plain.reason}")
    for sign in written.signs:
        found += differing(rules, key, SIGNS[sign], codes[sign], written.part, at)
    return found


def opened(rules: SharingRules, key: Key, at: datetime) -> bool:
    """Whether anything at all opens a cell, with every need of every ground met."""
    asked = question(key)
    tries = [everything(key), *(everything(key, ground=code) for code in rules.grounds)]
    return any(
        answer(rules, asked, known, at).answer != "must-not" for known in tries[: 1 if quiet(rules, key) else None]
    )


def quiet(rules: SharingRules, key: Key) -> bool:
    """No cell at all: no judgement could change the answer."""
    return key not in rules.by_key


def reason_of(key: Key, written: Written) -> str:
    police = {"police", "personal-security"}
    same = key[0] == key[3] == "prison-and-probation" or {key[0], key[3]} <= police
    if written.reference:
        return "reference-only"
    return "same-agency" if same else "own-source"


def differing(rules: SharingRules, key: Key, said: Sign, code: str, part: str | None, at: datetime) -> list[str]:
    """One ground of a cell: it holds with everything there, and not when any single need is taken away."""
    needs = set(said.needs)
    needs |= {"second-reviewer"} if key[2] == "address" else set()
    needs |= {"harm-test"} if key[2] not in ("protection-mark", "handoff-status") else set()
    asked, found = question(key), []
    whole = answer(rules, asked, everything(key, ground=code), at, by=code)
    if not stands(whole, said, code) or set(whole.only) != {one for one in (part, said.reaches) if one}:
        found.append(f"{key}: {code} does not hold: {whole.answer} {whole.only}")
    if said.duty and (whole.clock is None or whole.clock.since > at):
        found.append(f"{key}: {code} has no clock")
    for need in sorted(needs):
        without = answer(rules, asked, everything(key, need, code), at, by=code)
        left = {str(one.need) for one in without.needs}
        if said.duty and need in STEPS:
            if not (without.ground == code and without.answer == "must" and left == {need}):
                found.append(f"{key}: {code} without {need}: {without.answer} {sorted(left)}")
        elif without.ground == code:
            found.append(f"{key}: {code} holds without {need}")
    return found


def stands(verdict: Verdict, said: Sign, code: str) -> bool:
    answered = "must" if said.duty else "may"
    return (verdict.answer, verdict.ground, verdict.paragraph) == (answered, code, said.paragraph) and not verdict.needs
