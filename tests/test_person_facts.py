"""What decides who may consent is what was last written down of the person, also when it corrects or empties."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from activities.directory import load_directory
from activities.offices import Office
from console.coding import kept_items
from console.reading import faults
from models.consent import Guardian, PersonFacts
from models.intake import Filling
from models.settings import Settings
from models.words import CaseRef, case_reference
from tests.rules_support import PACK

ORG = "soc-0381"
OLDER, YOUNGER = "199001019802", "201001019809"
"""Of the series that the Tax Agency sets aside for tests."""


class Desk:
    """One desk and one case; what is filled in there is kept as it is kept for people."""

    def __init__(self, office: Office) -> None:
        self.office, self.case = office, CaseRef(case_reference(secrets.randbits(35)))

    def learns(self, **filling: Any) -> PersonFacts:
        for item, category, content in kept_items(Filling.model_validate(filling), str(uuid4())):
            self.office.store.keep(item, self.case, category, ORG, content)
        return self.office.person_facts(self.case)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    office = Office(Settings(var=tmp_path / "var"), load_directory(None)[ORG], PACK.calendar_of(ORG))
    yield Desk(office)
    office.close()


def test_a_corrected_number_corrects_the_age(desk: Desk) -> None:
    assert desk.learns(person={"name": "Kim", "born": "1990-01-01"}).born == date(1990, 1, 1)
    assert desk.learns(person={"personnummer": YOUNGER}).born == date(2010, 1, 1)
    assert desk.learns(person={"given_name": "Kim"}).born == date(2010, 1, 1), "what says nothing of it changes nothing"
    assert desk.learns(person={"born": "1990-01-01"}).born == date(1990, 1, 1)


def test_a_day_of_birth_that_contradicts_the_number_beside_it_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValidationError) as wrong:
        Filling.model_validate({"person": {"personnummer": OLDER, "born": "2010-01-01"}})
    (fault,) = faults(wrong.value, Filling)
    assert (fault.field, fault.en) == ("person.born", "is another day than the number says")
    agreeing = Filling.model_validate({"person": {"personnummer": OLDER, "born": "1990-01-01"}})
    assert agreeing.person is not None


def test_the_day_of_a_coordination_number_is_the_day_that_it_means() -> None:
    number = "199001619809"
    both = Filling.model_validate({"person": {"personnummer": number, "born": "1990-01-01"}})
    assert both.person is not None
    assert both.person.born_on() == date(1990, 1, 1)


def test_a_list_of_guardians_can_be_emptied(desk: Desk) -> None:
    mother = Guardian(id="guardian-1")
    assert desk.learns(guardians=[{"id": "guardian-1"}]).guardians == (mother,)
    assert desk.learns(mature=True).guardians == (mother,), "what is not said of them changes nothing"
    assert desk.learns(guardians=[]).guardians == ()
