"""A desk's keys are published before it counts as served, and without the plane it is served all the same."""

from __future__ import annotations

from datetime import UTC, datetime

from activities.directory import load_directory
from console.casework import Casework
from models.intake import Intake
from models.published_keys import KeyUse
from models.settings import Settings
from tests.command_line import intake
from tests.disclosing_support import POLICE, SOCIAL
from tests.support import Stack, eventually
from worker import Running


def can_be_sealed_to(casework: Casework, org: str) -> bool:
    return casework.plane.published(org, SOCIAL).current(org, KeyUse.SEALING, datetime.now(UTC)) is not None


async def test_whoever_is_said_to_be_served_can_be_sealed_to_at_once(stack: Stack) -> None:
    casework = stack.casework()
    await casework.open_case(Intake.model_validate(intake(urgency="acute")))

    async def served() -> list[str]:
        desks: list[str] = stack.health()["desks"]
        return desks

    desks = await eventually(served, lambda found: POLICE in found)
    assert [org for org in desks if not can_be_sealed_to(casework, org)] == []


async def test_a_desk_without_the_plane_goes_on_says_so_and_publishes_when_it_answers(stack: Stack) -> None:
    here = stack.casework()
    office = here.office("soc-1880")
    alone = Settings(**{**stack.settings.model_dump(), "plane_url": "http://127.0.0.1:9"})
    running = Running(alone, load_directory(None), None)  # type: ignore[arg-type]
    await running.publish_keys(office)
    told = running.health()
    assert (told["status"], told["desks_without_published_keys"]) == ("ok", ["soc-1880"])
    running.way = here.plane
    await running.publish_what_was_not()
    assert "desks_without_published_keys" not in running.health()
    assert can_be_sealed_to(here, "soc-1880")
