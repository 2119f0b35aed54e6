"""Ways round the promises that somebody tried, and that must stay shut."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from uuid import uuid4

import pytest

from console.casework import Casework
from console.failures import Refused
from models.case import CaseState
from models.contracts import Refusal
from models.desk_work import FindCandidates
from models.events import Custody
from models.handoffs import Act, ByPhone
from models.intake import Intake
from models.words import Consent, CustodyPlace, Function, Need, Urgency
from tests.command_line import CommandLine, intake
from tests.rules_support import NGO, NOTE, POLICE, SIS, SOC_A, SOC_B, Case, at
from tests.support import Stack, settled

NOW, SOON = at("2027-02-01 10:00"), at("2027-02-01 11:00")
BED_MUNICIPALITY = "0381"
PHONED = ByPhone(channel="phone", answered_by="on-call", answered_at=NOW, verified="called-back-directory-number")


def test_nobody_outside_the_acting_social_services_can_hand_a_case_to_another_municipality() -> None:
    case = Case().opens(NOW, custody=Custody(place=CustodyPlace.STATE_CARE))
    assert case.sends("first-contact", SIS, SOC_B, NOW) is None
    assert case.acts(case.one("first-contact"), Act.ACCEPT, SIS, NOW, by_phone=PHONED) is None
    assert case.state.acting[Function.SOCIAL_SERVICES] == SOC_A.id


def test_an_answer_recorded_by_another_is_told_to_whom_it_is_said_to_come_from() -> None:
    case = Case().opens(NOW, urgency=Urgency.ACUTE)
    assert case.acts(case.one("threat-assessment"), Act.ACKNOWLEDGE, SOC_A, NOW, by_phone=PHONED) is None
    assert case.notices("answer-recorded") == [(POLICE.id, "officer")]


def test_an_unverified_answer_completes_nothing() -> None:
    case = Case().opens(NOW, urgency=Urgency.ACUTE)
    threat = case.one("threat-assessment")
    assert case.acts(threat, Act.ACCEPT, POLICE, NOW) is None
    hearsay = PHONED.model_copy(update={"verified": "not-verified"})
    refusal = case.acts(threat, Act.COMPLETE, SOC_A, NOW, by_phone=hearsay, assessment=NOTE)
    assert refusal == Refusal(code="verify-first")


def test_a_name_is_not_a_function() -> None:
    case = Case().opens(NOW, urgency=Urgency.ACUTE)
    named = PHONED.model_copy(update={"answered_by": "anna-andersson"})
    refusal = case.acts(case.one("threat-assessment"), Act.ACCEPT, SOC_A, NOW, by_phone=named)
    assert refusal is not None
    assert refusal.code == "answered-by-a-function"


def test_an_organisation_is_not_redefined_in_passing() -> None:
    case = Case().opens(NOW)
    disguised = POLICE.model_copy(update={"function": Function.HOUSING_PROVIDER, "desk": False})
    refusal = case.sends("protected-bed", SOC_A, disguised, NOW)
    assert refusal is not None
    assert refusal.code == "recipient-cannot-take-this"
    assert case.state.organisations[POLICE.id] == POLICE


def test_others_cannot_fill_a_case_so_that_its_own_handoffs_find_no_room() -> None:
    case = Case().opens(NOW)
    asked = [case.sends("custody-cooperation", SOC_A, SIS, NOW)]
    asked += [case.sends("first-contact", NGO, SOC_A, NOW) for _ in range(20)]
    assert sum(refusal is None for refusal in asked[1:]) <= 8
    assert case.learns(SOON, urgency=Urgency.ACUTE) is None
    assert "threat-assessment" in {handoff.kind for handoff in case.state.handoffs.values()}


@pytest.mark.parametrize("place", ["prison", "remand", "probation"])
def test_who_does_not_hold_a_person_cannot_release_them(place: str) -> None:
    case = Case().opens(NOW)
    assert case.learns(NOW, custody={"place": place}) is None
    refusal = case.learns(SOON, by=SIS, released=True)
    assert refusal == Refusal(code="fact-is-not-yours-to-record")


def test_a_case_whose_candidates_cannot_be_found_stays_somebodys_task() -> None:
    case = Case().opens(NOW, urgency=Urgency.ACUTE, needs=(Need.PROTECTED_HOUSING,))
    task = case.asked(FindCandidates)
    for minutes in (0, 5, 20):
        case.desk_is_silent(task, NOW + timedelta(minutes=minutes))
    for _ in range(20):
        others = [h for h in case.state.handoffs.values() if h.kind != "plan-or-close"]
        if not others:
            break
        case.acts(others[0], Act.WITHDRAW, SOC_A, NOW + timedelta(hours=1), reason="no-longer-needed")
    assert case.state.handoffs, "an open case without anybody who is to do anything"


def test_a_key_serves_one_request_only() -> None:
    case = Case().opens(NOW)
    key = str(uuid4())
    assert case.learns(NOW, key=key, consent=Consent.REFUSED) is None
    before: CaseState = case.state
    assert case.learns(SOON, key=key, consent=Consent.GIVEN) == Refusal(code="key-used-for-something-else")
    assert case.state == before


async def test_where_exclusions_are_unknown_nobody_is_asked_for_a_bed(casework: Casework) -> None:
    """The intake lies with the police, and with it what is excluded: social services' desk knows nothing of it."""
    opened = Intake.model_validate(
        intake(opened_by="polisen-mitt", urgency="acute", needs=["protected-housing"], placement={"excluded": ["0381"]})
    )
    case = await casework.open_case(opened)
    standing = await settled(casework, case)
    kinds = {handoff.kind for handoff in standing.state.handoffs.values()}
    assert "protected-bed" not in kinds
    assert "find-another-way" in kinds


async def test_an_excluded_municipality_is_never_asked_for_a_bed(casework: Casework) -> None:
    opened = Intake.model_validate(
        intake(urgency="acute", needs=["protected-housing"], placement={"excluded": [BED_MUNICIPALITY]})
    )
    case = await casework.open_case(opened)
    standing = await settled(casework, case)
    asked = [h.recipient for h in standing.state.handoffs.values() if h.kind == "protected-bed"]
    assert asked
    assert casework.directory[asked[0]].municipality != BED_MUNICIPALITY


async def test_the_key_of_one_case_closes_no_other(casework: Casework) -> None:
    first, second = [await casework.open_case(Intake.model_validate(intake())) for _ in range(2)]
    key = str(uuid4())
    await casework.act(first, "H1", Act.ACKNOWLEDGE, "soc-0381", key=key)
    await settled(casework, first)
    with pytest.raises(Refused, match="key-used-for-something-else"):
        await casework.act(second, "H1", Act.ACKNOWLEDGE, "soc-0381", key=key)


def test_what_is_written_is_for_its_owner_only(stack: Stack, cli: CommandLine) -> None:
    cli.open_case()
    files = [path for path in stack.var.rglob("*") if path.name != "worker.log"]
    assert len(files) > 5
    open_to_others = [str(path) for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert not open_to_others


def test_health_names_no_case_that_oversleeps(stack: Stack) -> None:
    told = stack.health()
    assert json.dumps(told["cases_that_overslept"]) == "[]"
    assert told["desks_that_do_not_open"] == []
