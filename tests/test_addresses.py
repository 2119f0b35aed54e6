"""A person's addresses: several, one at a time; moved from; barred; and none that goes round the rules of addresses."""

from __future__ import annotations

from typing import Any

import pytest

from activities.mark_rules import load_marks
from console.addresses import ended, of_case, removed
from console.casework import Casework
from console.disclosing import look
from console.disclosure_views import command, steps
from console.failures import Refused
from models.desk import Category, ProtectionMark
from models.intake import Filling
from models.words import CaseRef
from rules.addresses import ENDED, REMOVED, Holds, meant, numbered
from tests.command_line import CommandLine
from tests.disclosing_support import NIGHT_DUTY, SOCIAL, AtDesk, at_desk, kept, shown, withheld
from tests.support import Stack

WORD = "bara for ovning\n"
MOVED_TO = {"purpose": "stay", "lines": ["Nygatan 5", "Falun"]}
PROTECTED = {"name": "Kanarie Fågelsson", "born": "1990-01-01", "protection_mark": "protected-registration"}
MARKS = load_marks()


@pytest.fixture(scope="module")
def shared(stack: Stack) -> Casework:
    return stack.casework()


async def handed_over(casework: Casework, **more: Any) -> AtDesk:
    desk = await at_desk(casework, to=NIGHT_DUTY, kind="duty-handover", **more)
    await desk.consents()
    return desk


async def address_in(desk: AtDesk, number: int | None = None) -> dict[str, str] | None:
    telling = await look(desk.casework, desk.stepped_up, desk.case, desk.handoff, address=number)
    return shown(telling).get("address")


async def learns(desk: AtDesk, **said: Any) -> None:
    await desk.casework.record(desk.case, Filling.model_validate(said), SOCIAL)


# --- somebody who has moved ---------------------------------------------------------------------------------------


async def test_where_somebody_has_moved_to_is_told_when_it_is_chosen(shared: Casework, cli: CommandLine) -> None:
    desk = await handed_over(shared)
    await learns(desk, addresses=[MOVED_TO])
    telling = await look(shared, desk.stepped_up, desk.case, desk.handoff, address=2)
    (harm,) = steps(telling)
    assert command(telling, harm).endswith("--number 2 --note-file - --as soc-0381 --user handl-01")
    assert cli(*command(telling, harm).split(), stdin="ingen men").code == 0
    assert await address_in(desk, 2) == {"purpose": "stay", "lines": "Nygatan 5\nFalun"}
    assert await address_in(desk, 1) is None, "harm was weighed for the other one"


async def test_of_several_none_is_told_unasked_and_preview_says_how_to_choose(shared: Casework) -> None:
    desk = await handed_over(shared)
    await learns(desk, addresses=[MOVED_TO])
    telling = await desk.looks(desk.stepped_up)
    assert ("address", None, "lacking") in withheld(telling)
    with pytest.raises(Refused) as said:
        await desk.weighs("address")
    assert said.value.refusal.code == "address-to-choose"


async def test_an_address_that_holds_no_longer_stays_kept_and_the_other_is_told(shared: Casework) -> None:
    desk = await handed_over(shared)
    await learns(desk, addresses=[MOVED_TO])
    ended(desk.worker, desk.case, 1)
    await desk.weighs()
    assert await address_in(desk) == {"purpose": "stay", "lines": "Nygatan 5\nFalun"}
    for number, code in ((1, "address-ended"), (9, "no-such-address")):
        with pytest.raises(Refused) as said:
            await address_in(desk, number)
        assert said.value.refusal.code == code
    assert len(kept(shared, SOCIAL, desk.case)["address"]) == 3, "both, and that one has ended"
    assert desk.entries()[-1].case == desk.case
    assert "address-ended" in {entry.action for entry in desk.entries()}


def test_who_is_not_on_the_case_ends_no_address(cli: CommandLine) -> None:
    case = cli.open_case(addresses=[MOVED_TO])
    other = cli("person", "moved", case, "--number", "1", "--as", SOCIAL, "--user", "handl-02")
    assert other.code == 3
    asked = ("person", "show", case, "--number", "1", "--purpose", "contact-person", "--step-up", "--as", SOCIAL)
    assert cli("person", "moved", case, "--number", "1", "--as", SOCIAL, "--user", "handl-01").code == 0
    assert "Nygatan 5" in cli(*asked, "--user", "handl-01", stdin=WORD).text, "it can still be seen in the file"


def test_the_number_of_an_address_never_changes() -> None:
    items: list[tuple[str, Any]] = [
        ("a", {"purpose": "stay", "lines": ["1"]}), ("b", {ENDED: "a"}), ("c", {REMOVED: True}),
        ("d", {"purpose": "registered", "lines": ["2"]}), ("e", {"purpose": "mail", "lines": ["3"]}),
    ]  # fmt: skip
    known = numbered(items, ProtectionMark.PROTECTED_REGISTRATION, MARKS)
    assert [(one.number, one.holds) for one in known] == [
        (1, Holds.ENDED), (2, Holds.REMOVED), (3, Holds.NOT_KEPT), (4, Holds.CURRENT),
    ]  # fmt: skip
    assert meant(known, None) == known[3]
    assert meant(numbered(items, ProtectionMark.UNKNOWN, MARKS), None) is None, "two are current: somebody chooses"


# --- how somebody is reached at a place --------------------------------------------------------------------------


@pytest.mark.parametrize(("channel", "purpose"), [("letter", "mail"), ("in-person", "meeting")])
def test_a_place_in_the_safe_contact_is_an_address(cli: CommandLine, channel: str, purpose: str) -> None:
    case = cli.open_case(safe_contact={"channel": channel, "value": "Burvägen 1, 745 00 Enköping"})
    seen = ("person", "show", case, "--as", SOCIAL, "--user", "handl-01", "--purpose", "contact-person", "--json")
    contact = cli(*seen, "--category", "contact")
    assert contact.data["items"] == [{"safe_contact": {"channel": channel}}]
    assert cli(*seen, "--number", "1").error["code"] == "step-up-needed"
    (told,) = cli(*seen, "--number", "1", "--step-up", stdin=WORD).data["items"]
    assert told == {"purpose": purpose, "lines": ["Burvägen 1", "745 00 Enköping"]}


async def test_no_place_goes_with_the_contact_to_the_police(shared: Casework) -> None:
    desk = await at_desk(shared, safe_contact={"channel": "letter", "value": "Burvägen 1, 745 00 Enköping"})
    await desk.consents()
    await desk.weighs("contact", "identity")
    assert shown(await desk.looks())["contact"] == {"channel": "letter"}
    # as an earlier version kept it, and as it may come from another desk
    old = {"safe_contact": {"channel": "letter", "value": "Burvägen 1"}}
    shared.office(SOCIAL).store.keep("00000000-0000-4000-8000-0000000000ab", desk.case, Category.CONTACT, SOCIAL, old)
    await desk.weighs("contact")
    assert shown(await desk.looks())["contact"] == {"channel": "letter"}


# --- what may not be kept -----------------------------------------------------------------------------------------


async def test_a_registered_address_from_before_the_mark_is_offered_to_nobody(shared: Casework) -> None:
    desk = await handed_over(shared, addresses=[{"purpose": "registered", "lines": ["Folkbokvägen 1"]}])
    await learns(desk, person=PROTECTED)
    with pytest.raises(Refused):
        await address_in(desk, 1)
    telling = await desk.looks(desk.stepped_up)
    assert "address" not in shown(telling)
    (told,) = [one for one in telling.preview.withheld if one.code == "not-kept"]
    assert "person remove --number 1" in told.why.sv
    await learns(desk, addresses=[MOVED_TO])
    await desk.weighs()
    assert await address_in(desk) == {"purpose": "stay", "lines": "Nygatan 5\nFalun"}, "and it bars no other"
    removed(desk.worker, desk.case, 1)
    assert "Folkbok" not in str(kept(shared, SOCIAL, desk.case))
    assert [one.number for one in of_case(shared.office(SOCIAL), CaseRef(desk.case)) if one.holds is Holds.CURRENT] == [
        2
    ]
    with pytest.raises(Refused) as said:
        removed(desk.worker, desk.case, 2)
    assert said.value.refusal.code == "address-may-be-kept"


def test_whoever_looks_is_told_that_it_is_there_to_be_removed(cli: CommandLine) -> None:
    case = cli.open_case(addresses=[{"purpose": "registered", "lines": ["Folkbokvägen 1"]}])
    cli.json("case", "record", case, "-", "--as", SOCIAL, stdin='{"person": ' + str(PROTECTED).replace("'", '"') + "}")
    me = ("--as", SOCIAL, "--user", "handl-01")
    assert f"person remove {case} --number 1" in cli("person", "show", case, *me).text
    asked = ("person", "show", case, *me, "--number", "1", "--purpose", "contact-person", "--step-up")
    told = cli(*asked, "--json", stdin=WORD)
    assert told.error["code"] == "address-not-kept"
    assert "Folkbok" not in told.text
    assert cli("person", "remove", case, "--number", "1", *me).code == 0
    assert "person remove" not in cli("person", "show", case, *me).text
