"""Demands by authorities, by rule: what can be recorded, what each reaches, by when, and what it is refused for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from models.access import Role
from models.demands import DemandState, KeptDemand, WhyRefused
from models.preview import Held, Sending
from models.sharing import Circumstances, Demand, Judgement, Need, Recipient, Weighed
from models.words import Function, case_reference
from rules.demands import clock, laws, may_be_refused, only_by, opened, refused, standing
from rules.preview import assemble, verdicts
from rules.sharing import STAYS
from rules.stated import known_since
from tests.sharing_support import RULES, everything

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
SOCIAL, POLICE = "social-services", "police"
NOTE = "00000000-0000-4000-8000-000000000001"
CASE = case_reference(77)


def demand(
    law: str = "sol-15-7", authority: str = POLICE, *categories: str, org: str | None = "polisen-mitt"
) -> Demand:
    return Demand(
        law=law, authority=authority, authority_org=org, categories=categories or ("address",),
        received_at=NOW - timedelta(hours=2),
    )  # fmt: skip


def why(holder: str, one: Demand) -> tuple[str, tuple[str, ...]] | None:
    refusal = refused(RULES, holder, one, NOW)
    return (refusal.code, refusal.possible) if refusal else None


# --- what can be recorded ---------------------------------------------------------------------------------


def test_only_a_demand_by_a_paragraph_of_the_rules_from_whom_it_names_and_for_what_it_reaches_is_one() -> None:
    assert why(SOCIAL, demand()) is None
    assert why(SOCIAL, demand("osl-10-27")) == ("unknown-law", laws(RULES))
    assert why(SOCIAL, demand("osl-10-28", POLICE, "health")) == (
        "law-binds-others", ("sol-15-9", "sol-15-7", "lag-2025-170-4", "sol-20-6"),
    )  # fmt: skip
    assert why(SOCIAL, demand("lag-2025-170-4", "tax-agency")) == ("may-not-demand-that", ("police",))
    assert why(SOCIAL, demand("sol-15-7", POLICE, "address", "contact")) == (
        "law-reaches-less",
        ("address", "identity"),
    )
    later = demand().model_copy(update={"received_at": NOW + timedelta(hours=1)})
    assert why(SOCIAL, later) == ("demanded-in-the-future", ())


def test_every_authority_of_sol_15_7_can_demand_and_nobody_else() -> None:
    may = {one for one in Recipient if why(SOCIAL, demand("sol-15-7", one, org=None)) is None}
    assert may == {
        "police", "prosecutor", "court", "security-service", "enforcement-authority", "tax-agency", "customs",
    }  # fmt: skip


def test_nothing_that_stays_at_the_desk_can_be_demanded_by_any_law_from_anybody() -> None:
    tried = 0
    for law, holder, authority, category in product(laws(RULES), Function, Recipient, STAYS):
        assert refused(RULES, holder, demand(law, authority, category), NOW) is not None
        tried += 1
    assert tried == len(laws(RULES)) * len(Function) * len(Recipient) * len(STAYS)


def test_every_duty_on_demand_of_the_rules_can_be_recorded_and_has_a_clock() -> None:
    seen = set()
    for law, holder in product(laws(RULES), Function):
        for cell in opened(RULES, holder, law):
            one = demand(law, cell.recipient, cell.category)
            assert refused(RULES, holder, one, NOW) is None
            runs = clock(RULES, holder, one)
            assert runs is not None
            assert (runs.since, runs.due) == (one.received_at, one.received_at + timedelta(hours=24))
            seen.add(law)
    assert seen == {"sol-15-7", "sol-15-9", "sol-20-6", "lag-2025-170-4", "osl-10-28"}


# --- what an answer holds -----------------------------------------------------------------------------------


def held() -> list[Held]:
    return [
        Held(
            item=NOTE, category="identity", fields={"name": "Kanarie", "personnummer": "199001019802", "born": "1990"}
        ),
        Held(item=NOTE, category="contact", fields={"channel": "phone", "value": "070-1740605"}),
        Held(item=NOTE, category="address", fields={"purpose": "stay", "lines": "Burvägen 1"}),
        Held(item=NOTE, category="address", fields={"in_care": "ja | yes"}),
    ]


def answered(one: Demand, known: Circumstances) -> dict[str, list[str]]:
    rules = only_by(RULES, one)
    sending = Sending(
        case=CASE, handoff="H7", kind="demand", way="answer", sender="soc-0381", sender_role=Role.CASEWORKER,
        recipient=one.authority, recipient_org=one.authority_org,
    )  # fmt: skip
    found = verdicts(rules, sending, SOCIAL, known.model_copy(update={"demands": (one,)}), NOW)
    told: dict[str, list[str]] = {}
    for shown in assemble(rules, sending, held(), found, one.categories, known.marks).shown:
        told.setdefault(shown.category, []).append(shown.field)
    return told


def weighed(one: Demand) -> Circumstances:
    """Harm weighed, and two persons at work; nothing else is known, and no consent."""
    harm = Judgement(
        what=Weighed.HARM, note=NOTE, recipient=one.authority, recipient_org=one.authority_org,
        categories=one.categories, speaks_for=True,
    )  # fmt: skip
    return Circumstances(judgements=(harm,), second_reviewer=True)


def test_sol_15_7_tells_whether_somebody_stays_in_housing_or_care_and_never_where() -> None:
    for authority, org in (("prosecutor", None), (POLICE, "polisen-mitt")):
        one = demand("sol-15-7", authority, "identity", "address", org=org)
        assert answered(one, weighed(one)) == {"identity": ["name", "personnummer"], "address": ["in_care"]}


def test_lag_2025_170_reaches_how_somebody_is_reached_and_not_whether_they_are_in_care() -> None:
    one = demand("lag-2025-170-4", POLICE, "contact", "address")
    assert answered(one, weighed(one)) == {"contact": ["channel", "value"], "address": ["lines"]}


def test_an_answer_holds_what_was_demanded_and_nothing_by_consent_beside_it() -> None:
    one = demand("lag-2025-170-4", POLICE, "contact")
    assert answered(one, weighed(one)) == {"contact": ["channel", "value"]}
    key = ("social-services", "osl-26-1", "contact", "police")
    open_to_all = everything(key).model_copy(update={"judgements": weighed(one).judgements})
    for law in ("sol-15-7", "lag-2025-170-4"):
        by = demand(law, POLICE, "identity" if law == "sol-15-7" else "contact")
        given = open_to_all.model_copy(update={"judgements": weighed(by).judgements})
        assert set(answered(by, given)) == set(by.categories)


def test_without_a_harm_test_or_with_reasons_against_it_nothing_is_answered() -> None:
    one = demand("lag-2025-170-4", POLICE, "contact")
    assert answered(one, weighed(one).model_copy(update={"judgements": ()})) == {}
    against = Judgement(
        what=Weighed.EXTRAORDINARY_REASONS, note=NOTE, ground="contact-details-demand", recipient=POLICE,
        recipient_org="polisen-mitt", categories=("contact",), speaks_for=False,
    )  # fmt: skip
    known = weighed(one)
    assert answered(one, known.model_copy(update={"judgements": (*known.judgements, against)})) == {}


def test_the_rules_that_a_demand_is_answered_by_open_nothing_that_the_whole_rules_do_not() -> None:
    one = demand("sol-20-6", SOCIAL, "identity", org="soc-0180")
    cut = only_by(RULES, one)
    assert set(cut.kinds["demand"].answer) == {"identity"}
    for cell in cut.cells:
        whole = RULES.by_key[cell.holder, cell.secrecy, cell.category, cell.recipient]
        assert set(cell.grounds) <= set(whole.grounds) & {"child-investigation"}


# --- refusing, and the list ---------------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["sol-15-7", "sol-15-9", "sol-20-6", "osl-10-28"])
def test_extraordinary_reasons_are_an_exception_of_lag_2025_170_alone(law: str) -> None:
    extraordinary = WhyRefused.EXTRAORDINARY_REASONS
    refusal = may_be_refused(RULES, demand(law), extraordinary, reasoned=True)
    assert refusal is not None
    assert refusal.code == "no-such-exception"
    assert may_be_refused(RULES, demand("lag-2025-170-4"), extraordinary, reasoned=True) is None


def test_what_the_authority_can_contest_is_refused_with_reasons() -> None:
    one = demand("lag-2025-170-4")
    without = {reason for reason in WhyRefused if may_be_refused(RULES, one, reason, reasoned=False) is not None}
    assert without == {"extraordinary-reasons", "not-their-right"}


def kept(**more: object) -> KeptDemand:
    return KeptDemand.model_validate({"id": NOTE, "case": CASE, "demand": demand(), "recorded_at": NOW} | more)


def test_the_list_says_by_when_and_how_late() -> None:
    due = demand().received_at + timedelta(hours=24)
    on_time = standing(RULES, SOCIAL, kept(), due)
    assert (on_time.paragraph, on_time.due, on_time.late) == ("SoL 15:7 p. 1", due, None)
    assert standing(RULES, SOCIAL, kept(), due + timedelta(hours=3)).late == timedelta(hours=3)
    settled = kept(state=DemandState.ANSWERED)
    assert standing(RULES, SOCIAL, settled, due + timedelta(hours=3)).late is None
    assert standing(None, SOCIAL, kept(), due).due is None


# --- since when a duty is known -----------------------------------------------------------------------------


def test_what_makes_a_duty_is_known_since_it_was_first_written_down() -> None:
    hours = [NOW + timedelta(hours=n) for n in range(5)]
    notes = [
        ({"child_at_risk": True}, hours[0]), ({"pregnant": True}, hours[1]),
        ({"child_at_risk": True, "lvm_need": True}, hours[2]),
    ]  # fmt: skip
    assert known_since(notes) == {Need.CHILD_AT_RISK: hours[0], Need.LVM_NEED: hours[2]}
    assert known_since([*notes, ({"child_at_risk": False}, hours[3])]) == {Need.LVM_NEED: hours[2]}
    anew = known_since([*notes, ({"child_at_risk": False}, hours[3]), ({"child_at_risk": True}, hours[4])])
    assert anew[Need.CHILD_AT_RISK] == hours[4]
