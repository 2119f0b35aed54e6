"""Looking at a person, consent and disclosure, and an incident, as people do it at the command line."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from activities.own_word import DEMO_WORD
from activities.stores import open_database, register_url
from models.audit import AuditEntry
from models.register import OutboxRow
from models.words import CaseRef
from tests.command_line import CommandLine, Starter
from tests.disclosing_support import PERSON, POLICE, SOCIAL, TOLD
from tests.support import Stack

ME = ("--as", SOCIAL, "--user", "handl-01")
MARKED = {**PERSON, "person": {**PERSON["person"], "protection_mark": "secrecy-marking"}}  # type: ignore[dict-item]
KEPT = ("Fågelsson", "070-1740605", "Burvägen", "Ring aldrig", "en säng")


@pytest.fixture(scope="module")
def case(starter: Starter, stack: Stack) -> str:
    """An acute case about somebody with a protection mark."""
    return CommandLine(starter, stack).open_case(**MARKED)


def entries(stack: Stack, case: str, org: str = SOCIAL) -> list[AuditEntry]:
    office = stack.casework().office(org)
    try:
        return [link.entry for link in office.trail.links() if link.entry.case == case]
    finally:
        office.close()


# --- a person ------------------------------------------------------------------------------------------------


def test_a_look_without_a_purpose_shows_that_something_is_kept_and_not_what(cli: CommandLine, case: str) -> None:
    told = cli.json("person", "show", case, *ME)
    assert told["warning"][0].startswith("Sekretessmarkering")
    masks = {one["category"]: one["masked"] for one in told["kept"]}
    assert masks["identity"] == ["K•••"]
    assert masks["contact"] == ["phone •••"]
    assert masks["address"] == masks["own-risk-assessment"] == masks["social-file"] == ["•••"]
    text = cli("person", "show", case, *ME)
    assert text.code == 0
    for shown in (json.dumps(told, ensure_ascii=False), text.text):
        assert not [value for value in KEPT if value in shown]
    assert "⚠" in text.out


def test_a_category_is_shown_whole_for_a_purpose_and_only_that(cli: CommandLine, case: str) -> None:
    told = cli.json("person", "show", case, *ME, "--category", "identity", "--purpose", "handle-case")
    assert told["items"][0]["person"]["name"] == PERSON["person"]["name"]  # type: ignore[index]
    assert told["warning"] is not None
    assert not [value for value in KEPT[1:] if value in json.dumps(told, ensure_ascii=False)]
    without = cli("person", "show", case, *ME, "--category", "identity")
    assert (without.code, KEPT[0] in without.text) == (3, False)
    other = cli("person", "show", case, *ME, "--category", "identity", "--purpose", "disposal", "--json")
    assert (other.code, other.error["code"]) == (3, "purpose-does-not-fit")


def test_an_address_takes_a_purpose_and_ones_own_word_and_comes_one_at_a_time(cli: CommandLine, case: str) -> None:
    asked = ("person", "show", case, *ME, "--number", "1", "--purpose", "contact-person")
    assert cli(*asked, "--json").error["code"] == "step-up-needed"
    assert cli(*asked, "--step-up", "--json", stdin="fel ord\n").error["code"] == "step-up-wrong"
    told = cli.json(*asked, "--step-up", stdin=f"{DEMO_WORD}\n")
    assert told["items"] == [{"purpose": "stay", "lines": ["Burvägen 1", "Enköping"]}]
    second = [word if word != "1" else "2" for word in asked]
    assert cli(*second, "--step-up", "--json", stdin=f"{DEMO_WORD}\n").code == 4


def test_every_look_and_every_no_is_in_the_log_and_nothing_of_what_was_seen(
    cli: CommandLine, case: str, stack: Stack
) -> None:
    looks: list[tuple[tuple[str, ...], str, str]] = [
        (("handl-01", "--category", "contact", "--purpose", "handle-case"), "view", "done"),
        (("handl-02",), "view-masked", "not-on-the-list"),
        (("handl-02", "--category", "identity", "--purpose", "handle-case"), "view", "not-on-the-list"),
        (("handl-02", "--number", "1", "--purpose", "handle-case"), "view-address", "not-on-the-list"),
        (("arkiv-01", "--category", "identity", "--purpose", "disposal"), "view", "not-for-this-role"),
    ]
    before = len(entries(stack, case))
    for (user, *more), _, outcome in looks:
        told = cli("person", "show", case, "--as", SOCIAL, "--user", user, *more, "--json")
        assert told.code == (0 if outcome == "done" else 3)
        assert outcome == "done" or told.error["code"] == outcome
        assert outcome == "done" or not [value for value in KEPT if value in told.text]
    found = entries(stack, case)[before:]
    assert [(one.user, one.action, one.outcome) for one in found] == [
        (user, action, outcome) for (user, *_), action, outcome in looks
    ]
    assert not [value for value in KEPT if any(value in one.model_dump_json() for one in found)]
    assert cli("person", "show", "U-0000-0000", *ME, "--json").code in (2, 3)


# --- consent and disclosure ------------------------------------------------------------------------------------


def test_a_disclosure_from_the_first_question_to_the_list(cli: CommandLine, case: str, tmp_path: Path) -> None:
    asked = cli.handoffs(case)["threat-assessment"]["id"]
    nothing = cli.json("disclosure", "preview", case, asked, *ME)
    # That there is a mark is told with whatever is told (the table's own row); nothing else without a ground.
    assert {one["category"] for one in nothing["shown"]} == {"protection-mark"}
    assert {(one["category"], one["code"]) for one in nothing["withheld"]} == {
        ("identity", "lacking"), ("contact", "lacking"), ("own-risk-assessment", "lacking"),
    }  # fmt: skip
    until = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
    said: dict[str, Any] = {
        "functions": ["police"], "categories": [*TOLD, "protection-mark"], "purposes": ["assessment"], "until": until,
    }  # fmt: skip
    given = cli.json("consent", "give", case, "-", *ME, stdin=json.dumps(said))
    assert given["status"] == "given"
    note = tmp_path / "note"
    note.write_text("Kanariens skäl")
    every = [word for one in (*TOLD, "protection-mark") for word in ("--category", one)]
    cli.json("disclosure", "weigh", case, asked, "harm", *ME, "--note-file", str(note), *every)
    shown = cli.json("disclosure", "preview", case, asked, *ME)
    assert {one["category"] for one in shown["shown"]} == {
        "identity", "contact", "own-risk-assessment", "protection-mark",
    }  # fmt: skip
    assert {one["ground"] for one in shown["grounds"]} == {"consent", "marker"}
    sent = cli.json("disclosure", "send", case, asked, *ME, "--seen", shown["digest"])
    assert (sent["state"], sent["way"]) == ("sent", "sealed")
    (row,) = cli.json("disclosure", "list", case, *ME)
    assert (row["id"], row["recipient"], row["categories"]) == (sent["package"], POLICE, sent["categories"])
    consents = cli.json("consent", "show", case, *ME)
    assert (consents["status"], len(consents["consents"])) == ("given", 1)
    both = cli("disclosure", "send", case, asked, *ME, "--letter", str(tmp_path / "x.pdf"), "--spoken", "--json")
    assert both.code == 2
    assert not (tmp_path / "x.pdf").exists()
    withdrawn = cli.json("consent", "withdraw", case, *ME)
    assert withdrawn["status"] == "withdrawn"
    assert {*withdrawn["recalled"], *withdrawn["taken"]} == {sent["package"]}
    became = cli.json("disclosure", "recall", sent["package"], *ME)
    assert became["became"] in ("recalled", "taken")
    later = cli.json("disclosure", "preview", case, asked, *ME)
    assert {one["category"] for one in later["shown"]} == {"protection-mark"}
    for told in (cli("consent", "show", case, *ME), cli("disclosure", "list", case, *ME)):
        assert told.code == 0
        assert not [value for value in KEPT if value in told.text]


def test_a_consent_that_says_too_much_or_too_little_is_refused_without_repeating_it(
    cli: CommandLine, case: str
) -> None:
    until = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    wrongs: list[dict[str, Any]] = [
        {"categories": []}, {"functions": ["kanariefagel"]}, {"until": "kanariefagel"}, {"name": "kanariefagel"},
    ]  # fmt: skip
    for wrong in wrongs:
        whole = {
            "functions": ["police"],
            "categories": ["identity"],
            "purposes": ["assessment"],
            "until": until,
        } | wrong
        told = cli("consent", "give", case, "-", *ME, "--json", stdin=json.dumps(whole))
        assert told.code == 2
        assert "kanariefagel" not in told.text.replace("name", "")
    long = {
        "functions": ["police"], "categories": ["identity"], "purposes": ["assessment"],
        "until": date(datetime.now(UTC).year + 3, 1, 1).isoformat(),
    }  # fmt: skip
    assert cli("consent", "give", case, "-", *ME, "--json", stdin=json.dumps(long)).error["code"] == "consent-too-long"


def test_the_card_for_an_acute_night_has_three_lines(cli: CommandLine) -> None:
    card = cli.json("disclosure", "card")
    assert [line["recipient"] for line in card["lines"]] == ["police", "social-services", "housing-provider"]
    assert len(cli("disclosure", "card").out.splitlines()) >= 4


# --- an incident -----------------------------------------------------------------------------------------------


def test_a_leak_alarms_starts_72_hours_asks_the_police_anew_and_says_who_has_read(
    cli: CommandLine, stack: Stack
) -> None:
    case = cli.open_case(**MARKED)
    cli.json("person", "show", case, *ME, "--category", "identity", "--purpose", "handle-case")
    key = "11111111-2222-4333-8444-555555555555"
    before = datetime.now(UTC)
    told = cli.json("incident", case, "leak", *ME, "--note-file", "-", "--key", key, stdin="Kanariens läcka")
    assert set(told["handoffs"]) == {"incident", "personal-data-breach", "threat-assessment"}
    assert all(told["handoffs"].values())
    (reader,) = told["who_has_read"]
    assert (reader["user"], reader["reads"]) == ("handl-01", 1)
    again = cli.json("incident", case, "leak", *ME, "--key", key)
    assert again["handoffs"] == told["handoffs"], "the same key is the same incident"
    shown = cli.json("case", "show", case)
    breach = next(one for one in shown["handoffs"] if one["id"] == told["handoffs"]["personal-data-breach"])
    (due,) = [one for one in breach["deadlines"] if one["name"] == "decision"]
    opened = datetime.fromisoformat(due["due"]) - timedelta(hours=72)
    assert timedelta(0) <= opened - before < timedelta(seconds=60)
    alarmed = notices(stack, CaseRef(case), "incident")
    assert alarmed == {(SOCIAL, role) for role in ("manager-on-call", "security", "data-protection-officer")}
    assert "Kanariens" not in stack.log()
    mine = [one for one in entries(stack, case) if one.action in ("incident", "incident-noted")]
    assert [(one.user, one.outcome) for one in mine] == [("handl-01", "done")] * 3


def notices(stack: Stack, case: CaseRef, about: str) -> set[tuple[str, str]]:
    engine = open_database(register_url(stack.settings))
    with Session(engine.execution_options(reading=True)) as session:
        rows = session.exec(select(OutboxRow).where(OutboxRow.case == case, OutboxRow.about == about)).all()
        found = {(row.org, row.role) for row in rows}
    engine.dispose()
    return found


def test_a_breach_that_was_discovered_earlier_is_due_exactly_72_hours_after_that(cli: CommandLine) -> None:
    case = cli.open_case(**PERSON)
    discovered = datetime.now(UTC).astimezone() - timedelta(hours=20)
    told = cli.json("incident", case, "leak", *ME, "--discovered", local(discovered))
    shown = cli.json("case", "show", case)
    breach = next(one for one in shown["handoffs"] if one["id"] == told["handoffs"]["personal-data-breach"])
    (due,) = [one for one in breach["deadlines"] if one["name"] == "decision"]
    whole = discovered.replace(second=0, microsecond=0)
    assert datetime.fromisoformat(due["due"]) - whole == timedelta(hours=72)
    ahead = cli("incident", case, "leak", *ME, "--discovered", local(discovered + timedelta(days=3)), "--json")
    assert ahead.code == 2


def local(at: datetime) -> str:
    from zoneinfo import ZoneInfo

    return at.astimezone(ZoneInfo("Europe/Stockholm")).strftime("%Y-%m-%dT%H:%M")


def test_anybody_at_the_desk_raises_the_alarm_and_those_named_on_the_case_see_who_has_read(
    cli: CommandLine, stack: Stack
) -> None:
    case = cli.open_case(**PERSON)
    told = cli.json("incident", case, "somebody-asks", "--as", SOCIAL, "--user", "handl-02")
    assert told["who_has_read"] is None
    assert set(told["handoffs"]) == {"incident", "threat-assessment"}
    assert notices(stack, CaseRef(case), "incident")
    (mine,) = [one for one in entries(stack, case) if one.action == "incident"]
    assert (mine.user, mine.outcome) == ("handl-02", "readers-not-shown")
    stranger = cli("incident", case, "leak", "--as", "soc-1880", "--user", "handl-01", "--json")
    assert stranger.code == 4, stranger.text
