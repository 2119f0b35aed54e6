"""Every cell of the sharing rules, against a table written by hand; and that the comparison notices a change."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta

import pytest

from activities.sharing_rules import sharing_on
from models.consent import ConsentAct, ConsentEvent
from models.desk import ProtectionMark
from models.sharing import Answer, Circumstances, Need, Reason, SharingRules, Strength
from rules.sharing import answer
from tests.sharing_support import (
    BEFORE_15A,
    DEMANDED,
    EVERY_KEY,
    FIRST_OF_15A,
    HERE,
    NOW,
    RULES,
    everything,
    question,
    wrong,
)
from tests.sharing_table import NOBODY, cells

SOC_TO_POL = ("social-services", "osl-26-1", "identity", "police")


def test_every_cell_of_the_matrix_answers_as_the_table_says(capsys: pytest.CaptureFixture[str]) -> None:
    table = cells()
    began = time.monotonic()
    found = [line for key in EVERY_KEY for line in wrong(RULES, key, table.get(key))]
    assert found == []
    assert set(table) <= set(EVERY_KEY)
    kinds = Counter("own" if c.own else "reference" if c.reference else "grounds" for c in table.values())
    with capsys.disabled():
        pairs = sum(len(cell.signs) for cell in table.values())
        print(
            f"\nsharing: {len(EVERY_KEY)} combinations, {len(table)} cells written ({dict(kinds)}), {pairs} grounds, "
            f"{len(EVERY_KEY) - len(table)} refused, {time.monotonic() - began:.1f} s"
        )


def test_before_december_2025_every_cell_answers_as_the_table_without_10_15_a() -> None:
    rules = sharing_on(BEFORE_15A.date())
    assert rules is not None
    table = cells(with_15a=False)
    assert [line for key in EVERY_KEY for line in wrong(rules, key, table.get(key), BEFORE_15A)] == []
    assert not any("10:15" in ground.paragraph for ground in rules.grounds.values())


def test_10_15_a_begins_at_midnight_in_sweden_whichever_rules_are_asked() -> None:
    known = everything(SOC_TO_POL, "consent", "prevent-crime")
    after = answer(RULES, question(SOC_TO_POL), known, FIRST_OF_15A, by="prevent-crime")
    assert (after.answer, after.paragraph) == (Answer.MAY, "OSL 10:15 a")
    early = {"prevent-crime": RULES.grounds["prevent-crime"].model_copy(update={"begins": None})}
    stretched = RULES.model_copy(update={"effective_from": BEFORE_15A.date(), "grounds": RULES.grounds | early})
    before = answer(stretched, question(SOC_TO_POL), known, BEFORE_15A, by="prevent-crime")
    assert "prevent-crime" not in {one.ground for one in before.considered}


@pytest.mark.parametrize("key", sorted(cells()))
def test_a_cell_that_is_changed_is_noticed(key: tuple[str, str, str, str]) -> None:
    """Each cell in turn: gone, one ground gone, one ground more, another part, or the grounds of nobody."""
    cell, table = RULES.by_key[key], cells()
    others = [one for one in RULES.cells if one != cell]
    changed = [
        None,
        *(cell.model_copy(update={"grounds": tuple(g for g in cell.grounds if g != gone)}) for gone in cell.grounds),
    ]
    extra = "consent" if "consent" not in cell.grounds else "marker" if "marker" not in cell.grounds else "own-steps"
    changed.append(cell.model_copy(update={"grounds": (*cell.grounds, extra), "own": False, "reference": False}))
    if cell.grounds:
        changed.append(cell.model_copy(update={"only": "least" if cell.only != "least" else None}))
    for one in changed:
        rules = RULES.model_copy(update={"cells": tuple([*others, one] if one else others)})
        assert wrong(rules, key, table[key]), f"unnoticed: {one}"


@pytest.mark.parametrize("code", sorted(RULES.grounds))
def test_a_ground_that_is_changed_is_noticed(code: str) -> None:
    """Each ground in turn: a need less, a need more, may for must, another paragraph."""
    ground, table = RULES.grounds[code], cells()
    key = next(one for one, cell in RULES.by_key.items() if code in cell.grounds)
    turned = Strength.MAY if ground.strength is Strength.MUST else Strength.MUST
    changed = [
        ground.model_copy(update={"needs": tuple(n for n in ground.needs if n is not need)}) for need in ground.needs
    ]
    more = Need.TRACK_B_OPEN if Need.TRACK_B_OPEN not in ground.needs else Need.TRANSFER
    changed.append(ground.model_copy(update={"needs": (*ground.needs, more)}))
    changed.append(ground.model_copy(update={"strength": turned}))
    changed.append(ground.model_copy(update={"paragraph": "OSL 99:9"}))
    for one in changed:
        rules = RULES.model_copy(update={"grounds": RULES.grounds | {code: one}})
        assert wrong(rules, key, table[key]), f"unnoticed: {one}"


def test_an_unknown_word_anywhere_is_no() -> None:
    for place in range(4):
        key = list(SOC_TO_POL)
        key[place] = "unheard-of"
        asked = question((key[0], key[1], key[2], key[3]))
        for known in (Circumstances(), everything(SOC_TO_POL, ground="prevent-crime")):
            verdict = answer(RULES, asked, known, NOW)
            assert (verdict.answer, verdict.reason) == (Answer.MUST_NOT, Reason.NO_RULE)


def test_a_day_without_rules_is_no() -> None:
    known = everything(SOC_TO_POL, ground="prevent-crime")
    assert sharing_on(NOW.date().replace(year=2025, month=6, day=30)) is None
    for rules, at in ((None, NOW), (RULES, NOW.replace(year=1990)), (RULES, BEFORE_15A)):
        verdict = answer(rules, question(SOC_TO_POL), known, at)
        assert (verdict.answer, verdict.reason) == (Answer.MUST_NOT, Reason.NO_RULES_IN_FORCE)


def test_what_stays_at_the_desk_gets_one_and_the_same_answer_whoever_asks_and_under_whatever_secrecy() -> None:
    """Who threatens must look exactly as the notes do, or the answer tells."""
    said = set()
    for key in EVERY_KEY:
        if key[2] in NOBODY:
            verdict = answer(RULES, question(key), everything(key), NOW)
            said.add(verdict.model_dump_json(exclude={"question"}))
    assert len(said) == 1
    assert "18" not in said.pop().replace("2026-11-02T09:00:00Z", "").replace("2025-12-01", "")


@pytest.mark.parametrize("category", NOBODY)
def test_no_row_can_open_what_stays_at_the_desk(category: str) -> None:
    key = ("social-services", "osl-26-1", category, "police")
    forged = RULES.by_key[SOC_TO_POL].model_copy(update={"category": category, "grounds": ("consent", "marker")})
    rules = RULES.model_copy(update={"cells": (*RULES.cells, forged)})
    verdict = answer(rules, question(key), everything(key), NOW)
    assert (verdict.answer, verdict.reason, verdict.considered) == (Answer.MUST_NOT, Reason.NOT_BY_THIS_SYSTEM, ())


def test_no_text_of_the_rules_hints_at_what_must_not_be_told() -> None:
    told = RULES.model_dump_json().lower()
    for hint in ("osl 18:", "18 kap", "osl-18", "vittne", "witness", "fingera", "personsäkerhetsarbete"):
        assert hint not in told


def test_inside_an_agency_nothing_is_disclosed_but_no_monitoring_role_is_inside() -> None:
    asked = question(SOC_TO_POL).model_copy(update={"recipient": "social-services", "recipient_org": HERE})
    assert answer(RULES, asked, Circumstances(), NOW).reason is Reason.SAME_AGENCY
    watching = asked.model_copy(update={"recipient": "monitoring"})
    assert answer(RULES, watching, Circumstances(), NOW).reason is Reason.REFERENCE_ONLY
    unknown = asked.model_copy(update={"holder_org": None, "recipient_org": None})
    assert answer(RULES, unknown, Circumstances(), NOW).answer is Answer.NEEDS


@pytest.mark.parametrize("act", [ConsentAct.REFUSE, ConsentAct.WITHDRAW])
def test_a_no_closes_what_stood_on_consent_and_asks_for_nothing_more(act: ConsentAct) -> None:
    key = ("social-services", "osl-26-1", "own-risk-assessment", "prison-and-probation")
    yes = everything(key, "under-18")
    no = ConsentEvent(id="00000000-0000-4000-8000-000000000009", act=act, giver="person", at=NOW, step=2)
    assert answer(RULES, question(key), yes, NOW).answer is Answer.MAY
    after = answer(RULES, question(key), yes.model_copy(update={"consents": (*yes.consents, no)}), NOW)
    assert (after.answer, after.reason) == (Answer.MUST_NOT, Reason.GROUNDS_CLOSED)


def test_consent_not_asked_is_told_as_lacking_and_not_as_no() -> None:
    key = ("social-services", "osl-26-1", "own-risk-assessment", "prison-and-probation")
    verdict = answer(RULES, question(key), everything(key, "consent"), NOW)
    assert verdict.answer is Answer.NEEDS
    assert [(one.need, one.why) for one in verdict.needs] == [(Need.CONSENT, "guardian-absent")]


def test_nobody_is_told_to_find_a_duty_in_order_to_be_able_to_send() -> None:
    """Only duties open this cell, and none is known: that is a no, not something to go and get."""
    key = ("police", "osl-35-1", "address", "social-services")
    verdict = answer(RULES, question(key), Circumstances(), NOW)
    assert (verdict.answer, verdict.reason) == (Answer.MUST_NOT, Reason.GROUNDS_CLOSED)
    assert len(verdict.considered) == 3


def test_a_duty_is_told_before_consent_and_with_its_clock_from_when_it_was_known() -> None:
    key = ("police", "osl-35-1", "identity", "social-services")
    since = NOW - timedelta(hours=3)
    known = everything(key, ground="child-concern").model_copy(
        update={"known_since": {Need.CHILD_AT_RISK: since, Need.LVM_NEED: NOW}, "demands": ()}
    )
    verdict = answer(RULES, question(key), known, NOW)
    assert (verdict.answer, verdict.ground) == (Answer.MUST, "child-concern")
    assert verdict.clock is not None
    assert (verdict.clock.code, verdict.clock.since, verdict.clock.due) == ("at-once", since, None)


def test_a_demand_starts_its_clock_when_it_arrived_and_reaches_the_contact_details_only() -> None:
    key = ("social-services", "osl-26-1", "address", "police")
    known = everything(key, ground="contact-details-demand")
    verdict = answer(RULES, question(key), known, NOW, by="contact-details-demand")
    assert verdict.only == ("contact-details",)
    assert verdict.clock is not None
    assert verdict.clock.due == DEMANDED + timedelta(hours=24)


def test_a_demand_opens_nothing_for_another_authority_or_another_category() -> None:
    key = ("social-services", "osl-26-1", "address", "police")
    for change in ({"authority_org": "other-org"}, {"authority": "customs"}, {"categories": ("identity",)}):
        known = everything(key, "consent", "stay-demand")
        other = known.model_copy(update={"demands": tuple(one.model_copy(update=change) for one in known.demands)})
        assert answer(RULES, question(key), other, NOW).answer is not Answer.MUST


@pytest.mark.parametrize(
    "change",
    [{"recipient_org": "other-org"}, {"recipient": "customs"}, {"categories": ("address",)}, {"ground": "consent"}],
)
def test_a_judgement_holds_for_its_own_ground_recipient_and_category_only(change: dict[str, object]) -> None:
    known = everything(SOC_TO_POL, "consent", "prevent-crime")
    assert lacks(known, "prevent-crime") == set()
    other = tuple(one.model_copy(update=change) for one in known.judgements)
    after = lacks(known.model_copy(update={"judgements": other}), "prevent-crime")
    assert {Need.WEIGHING, Need.NECESSITY_NOTE} <= after


def lacks(known: Circumstances, ground: str) -> set[Need]:
    """What one ground of the cell from social services to the police lacks."""
    considered = answer(RULES, question(SOC_TO_POL), known, NOW).considered
    return {lack.need for one in considered if one.ground == ground for lack in one.lacks}


def test_the_last_judgement_counts_and_a_weighing_against_closes_the_ground() -> None:
    known = everything(SOC_TO_POL, "consent", "prevent-crime")
    against = tuple(one.model_copy(update={"speaks_for": False}) for one in known.judgements if one.what == "weighing")
    changed = known.model_copy(
        update={"judgements": (*known.judgements, *against), "demands": (), "risk_of_crime": False}
    )
    crime = [
        one for one in answer(RULES, question(SOC_TO_POL), changed, NOW).considered if one.ground == "prevent-crime"
    ]
    assert crime[0].closed
    assert answer(RULES, question(SOC_TO_POL), changed, NOW).ground != "prevent-crime"


def test_an_address_takes_two_persons_and_at_night_one_with_review_the_next_working_day() -> None:
    key = ("social-services", "osl-26-1", "address", "personal-security")
    alone = everything(key, "second-reviewer", "prevent-crime")
    assert answer(RULES, question(key), alone, NOW).answer is Answer.NEEDS
    night = answer(RULES, question(key), alone.model_copy(update={"alone_on_call": True}), NOW)
    assert (night.answer, night.review_after) == (Answer.MAY, True)
    both = answer(RULES, question(key), everything(key, ground="prevent-crime"), NOW)
    assert (both.answer, both.review_after) == (Answer.MAY, False)


def test_nobody_having_looked_for_a_mark_is_not_unprotected() -> None:
    key = ("social-services", "osl-26-1", "own-risk-assessment", "police")
    known = everything(key, "harm-test")
    for marks, may in ((frozenset({ProtectionMark.UNKNOWN}), False), (frozenset[ProtectionMark](), True)):
        verdict = answer(RULES, question(key), known.model_copy(update={"marks": marks}), NOW)
        assert (verdict.answer is Answer.MAY) is may


def test_no_row_can_open_what_the_law_shuts_out_of_the_general_clause_and_10_15_a() -> None:
    shut = [("health-care", "osl-25-1", "health", "social-services", "general-clause"),
            ("social-services", "osl-26-1", "identity", "social-services", "general-clause"),
            ("health-care", "osl-25-1", "health", "police", "prevent-crime")]  # fmt: skip
    for *where, code in shut:
        key = (where[0], where[1], where[2], where[3])
        assert code not in forced(RULES, key, code)
    free = ("police", "osl-35-1", "identity", "state-care")
    assert "general-clause" in forced(RULES, free, "general-clause")


def forced(rules: SharingRules, key: tuple[str, str, str, str], code: str) -> set[str]:
    """The grounds considered when a cell is rewritten to have this ground."""
    cell = rules.by_key[key].model_copy(update={"grounds": (code,)})
    cells = tuple(cell if one == rules.by_key[key] else one for one in rules.cells)
    verdict = answer(rules.model_copy(update={"cells": cells}), question(key), everything(key, ground=code), NOW)
    return {one.ground for one in verdict.considered}


def test_a_birthday_at_midnight_ends_what_was_open_for_a_child() -> None:
    key = ("social-services", "osl-26-1", "social-file", "state-care")
    known = everything(key, "consent", "care-26-9")
    child = known.model_copy(update={"person": known.person.model_copy(update={"born": NOW.date().replace(year=2008)})})
    child = child.model_copy(update={"addiction": False, "compulsory_psychiatry": False, "pregnant": False})
    child = child.model_copy(update={"compulsory_placement_at": None})
    midnight = NOW.replace(month=11, day=1, hour=23)
    before, at = (answer(RULES, question(key), child, when) for when in (midnight - timedelta(seconds=1), midnight))
    assert (before.answer, before.ground) == (Answer.MAY, "care-26-9")
    assert at.answer is not Answer.MAY
    set_back = child.model_copy(update={"last_seen": midnight})
    assert answer(RULES, question(key), set_back, midnight - timedelta(hours=5)).answer is not Answer.MAY


def test_what_is_asked_and_answered_survives_being_written_down() -> None:
    known = everything(SOC_TO_POL, ground="prevent-crime")
    verdict = answer(RULES, question(SOC_TO_POL), known, NOW)
    assert type(verdict).model_validate_json(verdict.model_dump_json()) == verdict
    assert Circumstances.model_validate_json(known.model_dump_json()) == known
    again = SharingRules.model_validate_json(RULES.model_dump_json())
    assert again == RULES
    assert again.digest == RULES.digest
