"""What is so of one recipient opens nothing to another, and a reservation is told with what it is about."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from console.casework import Casework
from models.stated import OF_A_RECIPIENT, StatedFacts
from rules.stated import RESERVATION, about, reservation
from tests.disclosing_support import BED, ready_to_tell, shown, stated
from tests.support import Stack

NGO = "ngo-passagen"


@pytest.fixture(scope="module")
def shared(stack: Stack) -> Casework:
    return stack.casework()


@pytest.mark.parametrize("fact", sorted(OF_A_RECIPIENT - {"reservation_text"}))
def test_what_is_so_of_one_recipient_is_so_of_no_other(fact: str) -> None:
    said = [{fact: True, "recipient": NGO, "pregnant": False}, {"recipient": BED, "addiction": True}]
    assert about(said, NGO) == {fact: True, "pregnant": False, "addiction": True}
    assert about(said, BED) == {"pregnant": False, "addiction": True}
    assert about([{fact: True}], NGO) == {}, "nobody has said of whom"
    with pytest.raises(ValidationError, match="which"):
        StatedFacts.model_validate({fact: True})


def test_a_reservation_has_words_also_when_nobody_has_written_any() -> None:
    assert reservation({"reservation": True}) == RESERVATION
    assert reservation({"reservation": True, "reservation_text": "Bara till chefen."}) == "Bara till chefen."
    assert reservation({"reservation": False, "reservation_text": "Bara till chefen."}) is None


async def test_a_reservation_for_another_opens_nothing_and_ones_own_goes_with_it(shared: Casework) -> None:
    desk = await ready_to_tell(shared, to=BED, kind="protected-bed")
    for fact in ("reservation", "recipient_professional"):
        stated(desk, recipient=NGO, **{fact: True})
    assert shown(await desk.looks()) == {}
    stated(desk, recipient=BED, reservation=True, reservation_text="Bara till den som tar emot.")
    telling = await desk.looks()
    assert set(shown(telling)) == {"identity", "social-file", "own-risk-assessment"}
    assert telling.preview.package.reservation == "Bara till den som tar emot."
