"""A reference is one case's: what is drawn twice in the country is drawn again, and nothing is taken for done."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from console import opening
from console.casework import Casework
from models.case import CaseState
from models.contracts import Opening, Refusal
from models.desk import Category
from models.intake import Intake
from models.words import CaseRef, OrgId
from tests.command_line import intake
from tests.support import Stack, settled

SOCIAL, OTHER = "soc-0381", "soc-1880"


def asked(org: OrgId, **fields: object) -> Intake:
    return Intake.model_validate(intake(stay_municipality=org.removeprefix("soc-"), **fields))


def drawn_as(casework: Casework, org: OrgId, case: CaseRef, key: str) -> Opening:
    """The opening of another case at another desk, under a reference that is taken."""
    entry = casework.organisation(org)
    made = opening.drawn(casework, casework.desk(org), asked(org), entry, key)
    return made.model_copy(update={"case": case})


async def test_of_two_openings_of_one_reference_the_first_is_the_case(stack: Stack) -> None:
    casework = stack.casework()
    first = await casework.open_case(asked(SOCIAL))
    await settled(casework, first)
    second = drawn_as(casework, OTHER, first, str(uuid4()))
    assert await casework.plane.open(first, second.event) == Refusal(code="reference-taken")
    mine = casework.desk(SOCIAL).opening
    state: CaseState = (await casework.standing(first)).state
    assert state.opener == SOCIAL
    assert mine(next(iter(state.answered))) is not None


async def test_the_same_opening_again_is_done_at_once_and_later(stack: Stack) -> None:
    casework, key = stack.casework(), str(uuid4())
    case = await casework.open_case(asked(SOCIAL, request_key=key))
    kept = casework.desk(SOCIAL).opening(key)
    assert kept is not None
    assert await casework.plane.open(case, kept.event) is None
    await settled(casework, case)
    assert await casework.plane.open(case, kept.event) is None
    assert await casework.open_case(asked(SOCIAL, request_key=key)) == case


async def test_a_desk_whose_reference_was_taken_draws_another_and_keeps_nothing_under_the_first(stack: Stack) -> None:
    casework, key = stack.casework(), str(uuid4())
    theirs = await casework.open_case(asked(SOCIAL))
    desk = casework.desk(OTHER)
    note = (str(uuid4()), Category.NOTE, {"note": "från det första försöket"})
    desk.open_case(drawn_as(casework, OTHER, theirs, key), OTHER, [note])
    casework.name_on_case(OTHER, theirs, "handl-01")
    assert desk.has(theirs)

    mine = await casework.open_case(asked(OTHER, request_key=key, note="kvar"), "handl-01")

    assert mine != theirs
    assert not desk.has(theirs)
    assert desk.newest(mine, Category.NOTE) is not None
    assert casework.office(OTHER).need_to_know.listed(theirs, datetime.now(UTC), ended=True) == []
    assert (await casework.standing(theirs)).state.opener == SOCIAL
    assert (await casework.standing(mine)).state.opener == OTHER
