"""A judgement is of what is kept now, by somebody who may, for one telling: then somebody judges again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from console import weighing
from console.casework import Casework
from console.disclosure_views import command, steps
from console.failures import Refused
from models.desk import Category
from models.intake import Filling
from models.sharing import Weighed
from tests.command_line import CommandLine
from tests.disclosing_support import POLICE, SOCIAL, AtDesk, at_desk, kept, ready_to_tell, shown
from tests.support import Stack


@pytest.fixture(scope="module")
def shared(stack: Stack) -> Casework:
    return stack.casework()


async def learns(desk: AtDesk, **said: Any) -> None:
    await desk.casework.record(desk.case, Filling.model_validate(said), SOCIAL)


async def judges(desk: AtDesk, what: Weighed, *categories: str, **more: Any) -> None:
    given: dict[str, Any] = {"speaks_for": True} | more
    await weighing.judge(desk.casework, desk.worker, desk.case, desk.handoff, what, categories, "skäl", **given)


async def test_harm_is_weighed_before_each_telling(shared: Casework) -> None:
    desk = await ready_to_tell(shared)
    assert (await desk.sends()).row.state == "sent"
    assert (await desk.looks()).preview.empty
    assert (await desk.refused()).code == "nothing-to-disclose"
    await desk.weighs("identity")
    assert (await desk.sends()).row.categories == ["identity"]


async def test_harm_that_was_weighed_before_a_mark_was_known_is_weighed_again(shared: Casework) -> None:
    desk = await ready_to_tell(shared)
    assert not (await desk.looks()).preview.empty
    marked = {"name": "Kanarie Fågelsson", "born": "1990-01-01", "protection_mark": "secrecy-marking"}
    await learns(desk, person=marked)
    assert set(shown(await desk.looks())) == {"protection-mark"}
    await desk.weighs()
    assert set(shown(await desk.looks())) > {"protection-mark", "identity", "contact"}


async def test_what_was_weighed_is_what_was_kept_then_and_the_rest_still_goes(shared: Casework) -> None:
    desk = await ready_to_tell(shared)
    await learns(desk, safe_contact={"channel": "phone", "value": "070-1740699"})
    assert set(shown(await desk.looks())) == {"identity", "own-risk-assessment"}
    await desk.weighs("contact")
    assert shown(await desk.looks())["contact"]["value"] == "070-1740699"


async def test_a_mark_that_is_recorded_between_the_look_and_the_sending_stops_it(shared: Casework) -> None:
    desk = await ready_to_tell(shared)
    telling = await desk.looks()
    await learns(desk, person={"name": "Kanarie Fågelsson", "born": "1990-01-01", "protection_mark": "secrecy-marking"})
    assert (await desk.refused(expected=telling.preview.digest)).code == "preview-has-changed"


async def test_necessity_and_weighing_are_used_up_too(shared: Casework) -> None:
    desk = await at_desk(shared)
    for what in (Weighed.NECESSITY, Weighed.WEIGHING):
        await judges(desk, what, "identity", ground="prevent-crime")
    await desk.weighs("identity")
    assert (await desk.sends(way="spoken")).row.grounds == ["prevent-crime"]
    await desk.weighs("identity")
    left = {step.what for step in steps(await desk.looks()) if "identity" in step.categories}
    assert left == {Weighed.NECESSITY, Weighed.WEIGHING}


async def test_preview_says_exactly_what_to_write_and_that_is_enough(shared: Casework, cli: CommandLine) -> None:
    desk = await at_desk(shared)
    await desk.consents()
    telling = await desk.looks()
    (left,) = steps(telling)
    assert (left.what, left.ground) == (Weighed.HARM, None)
    assert set(left.categories) == {"identity", "contact", "own-risk-assessment"}
    told = cli(*command(telling, left).split(), stdin="ingen men")
    assert told.code == 0, told.text
    assert set(shown(await desk.looks())) == set(left.categories)
    assert steps(await desk.looks()) == []


async def test_whoever_tells_does_not_confirm_alone_that_a_paragraph_applies(shared: Casework) -> None:
    """OSL 10:18 b-c: their conditions are a lawyer's to find."""
    born = {"name": "Kanarie Fågelsson", "born": "2012-01-01"}
    desk = await at_desk(shared, person=born, guardians=[{"id": "guardian-1"}])
    await desk.weighs("identity")
    await judges(desk, Weighed.NECESSITY, "identity", ground="child-crime")
    await judges(desk, Weighed.LAWYER, "identity", ground="child-crime")
    assert "identity" not in shown(await desk.looks())
    office = shared.office(SOCIAL)
    with office.trail.writing() as session:
        office.need_to_know.take_up(session, desk.colleague.by, desk.case, datetime.now(UTC), unless_somebody_is=False)
    jurist = desk._replace(worker=desk.colleague)
    await judges(jurist, Weighed.LAWYER, "identity", ground="child-crime")
    await judges(desk, Weighed.LAWYER, "identity", ground="child-crime")
    telling = await desk.looks()
    assert [one.ground for one in telling.preview.package.sections] == ["child-crime"]


async def test_a_hundred_judgements_and_one_more_stop_nothing(shared: Casework) -> None:
    desk = await at_desk(shared)
    await desk.consents()
    for _ in range(101):
        await desk.weighs("identity")
    telling = await desk.looks()
    assert set(shown(telling)) == {"identity"}
    assert len(telling.known.judgements) == 1, "the last one is the one that counts"


async def test_only_what_the_rules_know_is_judged(shared: Casework) -> None:
    desk = await at_desk(shared)
    for categories, more in ((("kanarie",), {}), (("identity",), {"ground": "kanarie"})):
        with pytest.raises(Refused) as said:
            await judges(desk, Weighed.HARM, *categories, **more)
        assert said.value.refusal.code.startswith("unknown-")


async def test_what_another_has_told_stands_beside_and_changes_nothing_that_is_known_here(shared: Casework) -> None:
    """The police write the person's name; the social services' word of it is not told on in its place."""
    desk = await at_desk(shared)
    office = shared.office(SOCIAL)
    theirs = {"name": "Någon Annan", "personnummer": "198001019999", "reserve_number": "R-1"}
    with office.trail.writing() as session:
        item, author = "00000000-0000-4000-8000-0000000000aa", f"from:{POLICE}"
        office.store.keep_in(session, item, desk.case, Category.IDENTITY, author, theirs)
    await desk.consents()
    await desk.weighs()
    told = shown(await desk.looks())["identity"]
    assert (told["name"], told["born"]) == ("Kanarie Fågelsson", "1990-01-01")
    assert theirs in kept(shared, SOCIAL, desk.case)["identity"], "it is kept as it came"
