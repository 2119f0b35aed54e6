"""Demands by authorities as people handle them: recorded, watched, shown as duties, answered or refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from activities.own_word import DEMO_WORD
from console import addresses, demand_answers, demanding, disclosing, letters
from console.as_whom import at_work
from console.coding import item_id
from console.failures import Refused
from console.tending import tend
from models.audit import AuditEntry
from models.demands import Way, WhyRefused
from models.words import CaseRef
from tests.command_line import CommandLine, Starter, Told
from tests.disclosing_support import PERSON, POLICE, SOCIAL
from tests.support import Stack

REGION = "region-03"
CONSENT = {
    "functions": ["health-care"], "categories": ["identity"], "purposes": ["planning"],
    "until": (datetime.now(UTC).date() + timedelta(days=60)).isoformat(),
}  # fmt: skip
ME = ("--as", SOCIAL, "--user", "handl-01")
SECRETS = ("Fågelsson", "070-1740605", "Burvägen", "prosecutor", "sol-15-7", "lag-2025-170-4", "in_care")
CONTACT_DETAILS = ("--law", "lag-2025-170-4", "--from", POLICE, "--category", "contact")
WHETHER_IN_CARE = ("--law", "sol-15-7", "--from", "prosecutor", "--category", "address", "--category", "identity")


@pytest.fixture
def case(starter: Starter, stack: Stack) -> str:
    return CommandLine(starter, stack).open_case(**PERSON, in_care="yes")


def demanded(cli: CommandLine, case: str, *what: str) -> str:
    """A demand, recorded; the number of the handoff that it is watched by."""
    number: str = cli.json("disclosure", "demand", case, *ME, *(what or CONTACT_DETAILS))["handoff"]
    assert number.startswith("H")
    return number


def weigh(cli: CommandLine, case: str, number: str, *categories: str) -> None:
    named = [part for one in categories for part in ("--category", one)]
    done = cli("disclosure", "weigh", case, number, "harm", *ME, *named, "--note-file", "-", stdin="ingen men")
    assert done.code == 0, done.text


def shown(told: dict[str, Any]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for one in told["shown"]:
        found.setdefault(one["category"], {})[one["field"]] = one["value"]
    return found


def answers(cli: CommandLine, case: str, number: str, *how: str, as_whom: tuple[str, ...] = ME) -> Told:
    """Answers with the own word given again, and the second person's yes where it is day."""
    key = ("--key", str(uuid4()))
    word = f"{DEMO_WORD}\n"
    answer = ("disclosure", "answer", case, number, *as_whom, *how, *key, "--step-up", "--json")
    told = cli(*answer, stdin=word)
    if told.code == 3 and told.error["code"] == "second-person-needed":
        approve = ("access", "approve", told.error["detail"], *as_whom[:2], "--user", "chef-01")
        assert cli(*approve, stdin=word).code == 0
        told = cli(*answer, stdin=word)
    return told


def entries(stack: Stack, case: str) -> list[AuditEntry]:
    office = stack.casework().office(SOCIAL)
    try:
        return [link.entry for link in office.trail.links() if link.entry.case == case]
    finally:
        office.close()


# --- recording, and its clock ---------------------------------------------------------------------------------


def test_a_demand_is_kept_and_watched_from_when_it_was_received(cli: CommandLine, case: str, stack: Stack) -> None:
    received = (datetime.now(UTC) - timedelta(hours=3)).replace(second=0, microsecond=0)
    local = received.astimezone(ZoneInfo("Europe/Stockholm")).strftime("%Y-%m-%dT%H:%M")
    number = demanded(cli, case, *CONTACT_DETAILS, "--received", local)
    (row,) = cli.json("disclosure", "demands", case, *ME)
    due = (received + timedelta(hours=24)).isoformat().replace("+00:00", "Z")
    assert (row["handoff"], row["paragraph"], row["authority"]) == (number, "lag 2025:170 4 §", POLICE)
    assert (row["state"], row["due"], row["late"]) == ("open", due, None)
    handoff = cli.handoffs(case)["demand"]
    assert (handoff["requester"], handoff["recipient"]) == (SOCIAL, SOCIAL), "own work: no demand without an owner"
    assert [one["due"] for one in handoff["deadlines"] if one["name"] == "decision"] == [due], "and a clock"
    text = cli("disclosure", "demands", case, *ME)
    assert "lag 2025:170 4 §" in text.out
    (noted,) = [one for one in entries(stack, case) if one.action == "demand-recorded"]
    assert (noted.recipient, noted.ground, noted.categories) == (POLICE, "lag-2025-170-4", ("contact",))
    assert [one.action for one in entries(stack, case)].count("read-demands") == 2


def test_the_same_demand_again_with_its_key_is_one_demand(cli: CommandLine, case: str) -> None:
    key = str(uuid4())
    numbers = {demanded(cli, case, *CONTACT_DETAILS, "--received", "2026-01-02T10:00", "--key", key) for _ in range(2)}
    assert len(numbers) == 1
    assert len(cli.json("disclosure", "demands", case, *ME)) == 1
    other = cli("disclosure", "demand", case, *ME, *WHETHER_IN_CARE, "--key", key, "--json")
    assert other.error["code"] == "key-used-for-something-else"


def test_what_is_no_demand_by_a_law_of_the_rules_is_refused_with_a_sentence_and_not_kept(
    cli: CommandLine, case: str
) -> None:
    for said, code in (
        (("--law", "osl-10-27", "--from", POLICE, "--category", "contact"), "unknown-law"),
        (("--law", "osl-10-28", "--from", POLICE, "--category", "health"), "law-binds-others"),
        (("--law", "lag-2025-170-4", "--from", "customs", "--category", "contact"), "may-not-demand-that"),
        (("--law", "sol-15-7", "--from", "some-neighbour", "--category", "address"), "may-not-demand-that"),
        (("--law", "sol-15-7", "--from", POLICE, "--category", "threat-source"), "law-reaches-less"),
        (("--law", "sol-15-7", "--from", "police", "--category", "address"), "name-the-organisation"),
        ((*CONTACT_DETAILS, "--received", "2099-01-01T10:00"), "demanded-in-the-future"),
    ):
        told = cli("disclosure", "demand", case, *ME, *said, "--json")
        assert (told.code, told.error["code"]) == (3, code)
        assert len(told.error["en"]) > 20
    assert cli.json("disclosure", "demands", case, *ME, "--all") == []
    assert "demand" not in cli.handoffs(case)


def test_who_is_not_on_the_case_records_lists_and_answers_nothing(cli: CommandLine, case: str) -> None:
    number = demanded(cli, case)
    other = ("--as", SOCIAL, "--user", "handl-02", "--json")
    assert cli("disclosure", "demand", case, *other, *CONTACT_DETAILS).error["code"] == "not-on-the-list"
    assert cli("disclosure", "demands", case, *other).error["code"] == "not-on-the-list"
    assert cli("disclosure", "answer", case, number, *other, "--way", "spoken").error["code"] == "not-on-the-list"
    refusal = ("--refuse", "not-held-here")
    assert cli("disclosure", "answer", case, number, *other, *refusal).error["code"] == "not-on-the-list"
    assert [one["state"] for one in cli.json("disclosure", "demands", case, *ME)] == ["open"]


def test_a_demand_that_nobody_answers_climbs_to_those_on_call(cli: CommandLine, case: str, stack: Stack) -> None:
    number = demanded(cli, case)
    cli.json("advance", case, "25h")
    firings = stack.casework().view.firings(CaseRef(case))
    mine = {to for one in firings if one.handoff == number for to in one.receivers}
    assert {"owner:on-call", "owner:manager-on-call"} <= mine
    (row,) = cli.json("disclosure", "demands", case, *ME)
    assert row["late"] is not None


# --- shown as the duty it is ------------------------------------------------------------------------------------


def test_a_demand_is_shown_in_a_preview_as_the_duty_it_is_with_its_clock(cli: CommandLine, case: str) -> None:
    asked = cli.handoffs(case)["threat-assessment"]["id"]
    before = cli.json("disclosure", "preview", case, asked, *ME)
    assert (before["duties"], before["demands"]) == ({}, [])
    demanded(cli, case, *CONTACT_DETAILS, "--received", "2026-01-02T10:00")
    preview = cli.json("disclosure", "preview", case, asked, *ME)
    assert preview["duties"]["contact"]["since"] == "2026-01-02T09:00:00Z"
    assert preview["duties"]["contact"]["due"] == "2026-01-03T09:00:00Z"
    assert preview["demands"] == [
        {
            "law": "lag-2025-170-4", "categories": ["contact"], "received_at": "2026-01-02T09:00:00Z",
            "due": "2026-01-03T09:00:00Z",
        }
    ]  # fmt: skip
    assert shown(preview) == {}, "a person decides"
    assert "Skyldighet | Duty (lag 2025:170 4 §)" in cli("disclosure", "preview", case, asked, *ME).out


def test_a_duty_to_report_a_child_is_known_since_it_was_written_down_and_not_since_the_look(
    cli: CommandLine, case: str
) -> None:
    bed = cli.json("handoff", "send", case, "duty-handover", "--as", SOCIAL, "--to", "soc-0180")["handoff"]["id"]
    facts = ("disclosure", "circumstances", case, "-", *ME)
    cli.json(*facts, stdin=json.dumps({"child_at_risk": True}))
    since = [child_duty(cli, case, bed)["since"]]
    cli.json("advance", case, "2h")
    cli.json(*facts, stdin=json.dumps({"child_at_risk": True, "pregnant": False}))
    since.append(child_duty(cli, case, bed)["since"])
    assert since[0] == since[1]
    assert child_duty(cli, case, bed)["code"] == "at-once"


def child_duty(cli: CommandLine, case: str, handoff: str) -> dict[str, Any]:
    told = cli("disclosure", "preview", case, handoff, *ME, "--step-up", "--json", stdin=f"{DEMO_WORD}\n")
    assert told.code == 0, told.text
    duty: dict[str, Any] = told.data["duties"]["identity"]
    return duty


# --- answering ----------------------------------------------------------------------------------------------------


def test_what_was_demanded_is_seen_first_and_then_told_and_the_demand_is_settled(
    cli: CommandLine, case: str, stack: Stack
) -> None:
    number = demanded(cli, case)
    look = ("disclosure", "answer", case, number, *ME, "--way", "spoken")
    first = cli.json(*look)
    assert shown(first) == {}
    assert [(one["category"], one["code"]) for one in first["withheld"]] == [("contact", "steps-left")]
    assert cli(*look, "--seen", first["digest"], "--json").error["code"] == "nothing-to-disclose"
    weigh(cli, case, number, "contact")
    seen = cli.json(*look)
    assert shown(seen) == {"contact": {"channel": "phone", "value": "070-1740605"}}
    assert cli(*look, "--seen", first["digest"], "--json").error["code"] == "preview-has-changed"
    told = cli.json(*look, "--seen", seen["digest"])
    assert (told["state"], told["categories"]) == ("answered", ["contact"])
    (row,) = cli.json("disclosure", "demands", case, *ME, "--all")
    assert row["state"] == "answered"
    assert cli.json("disclosure", "demands", case, *ME) == []
    assert "demand" not in cli.handoffs(case), "its clock has stopped"
    (kept,) = cli.json("disclosure", "list", case, *ME)
    assert (kept["recipient"], kept["way"], kept["grounds"]) == (POLICE, "spoken", ["contact-details-demand"])
    assert cli(*look, "--json").error["code"] == "demand-is-settled"
    actions = [one.action for one in entries(stack, case)]
    assert actions.index("preview") < actions.index("disclose") < actions.index("demand-answered")


def test_the_prosecutor_is_told_in_a_letter_that_somebody_is_in_care_and_not_where(
    cli: CommandLine, case: str, tmp_path: Path
) -> None:
    number = demanded(cli, case, *WHETHER_IN_CARE)
    weigh(cli, case, number, "address", "identity")
    look = ("disclosure", "answer", case, number, *ME, "--way", "letter")
    assert cli(*look, "--json").error["code"] == "step-up-needed"
    seen = cli(*look, "--step-up", "--json", stdin=f"{DEMO_WORD}\n").data
    assert shown(seen) == {"identity": {"name": "Kanarie Fågelsson"}, "address": {"in_care": "ja | yes"}}
    letter = tmp_path / "svar.pdf"
    told = answers(cli, case, number, "--way", "letter", "--out", str(letter), "--seen", seen["digest"])
    assert told.code == 0, told.text
    text = " ".join("".join(page.extract_text() for page in PdfReader(letter).pages).split())
    assert "Åklagare" in text
    assert "SoL 15:7 p. 1" in text
    assert "Burvägen" not in text
    assert "070-1740605" not in text
    assert [one["state"] for one in cli.json("disclosure", "demands", case, *ME, "--all")] == ["answered"]


def test_a_letter_that_can_not_be_written_has_answered_nothing(cli: CommandLine, case: str, tmp_path: Path) -> None:
    number = demanded(cli, case)
    weigh(cli, case, number, "contact")
    look = ("disclosure", "answer", case, number, *ME, "--way", "letter")
    seen = cli.json(*look)["digest"]
    (tmp_path / "svar.pdf").write_bytes(b"another")
    for out in (tmp_path / "svar.pdf", tmp_path / "no" / "svar.pdf"):
        assert cli(*look, "--seen", seen, "--out", str(out), "--json").code == 2
    assert [one["state"] for one in cli.json("disclosure", "demands", case, *ME)] == ["open"]


def test_a_letter_is_finished_by_the_same_request_and_the_demand_is_answered_once(
    cli: CommandLine, case: str, tmp_path: Path
) -> None:
    number, letter, key = demanded(cli, case), tmp_path / "svar.pdf", str(uuid4())
    weigh(cli, case, number, "contact")
    look = ("disclosure", "answer", case, number, *ME, "--way", "letter")
    tell = (*look, "--seen", cli.json(*look)["digest"], "--out", str(letter), "--key", key)
    first = cli.json(*tell)
    letter.rename(letters.unfinished(letter))  # as after an end before the last step
    assert cli.json(*tell) == first
    assert [one.name for one in tmp_path.iterdir()] == ["svar.pdf"]
    assert len(cli.json("disclosure", "list", case, *ME)) == 1
    other = demanded(cli, case, *WHETHER_IN_CARE)
    again = ("disclosure", "answer", case, other, *ME, "--way", "spoken", "--seen", "0" * 64, "--key", key, "--json")
    assert cli(*again).error["code"] == "key-used-for-something-else"


async def test_of_two_who_answer_one_demand_at_once_one_tells(cli: CommandLine, case: str, stack: Stack) -> None:
    number = demanded(cli, case)
    weigh(cli, case, number, "contact")
    casework = stack.casework()
    way: Way = "spoken"
    worker = at_work(casework.office(SOCIAL), "handl-01")
    seen, theirs = [await demand_answers.look(casework, worker, CaseRef(case), number, way) for _ in range(2)]
    key, other = str(uuid4()), str(uuid4())
    package = item_id(key, "package")
    disclosing.prepared(casework, worker, seen.telling, package, way, key)
    with pytest.raises(Refused) as second:
        disclosing.prepared(casework, worker, theirs.telling, item_id(other, "package"), way, other)
    assert second.value.refusal.code in ("preview-has-changed", "demand-is-being-answered")
    with pytest.raises(Refused) as refusing:
        await demanding.refuse(casework, worker, CaseRef(case), number, WhyRefused.NOT_HELD_HERE, None)
    assert refusing.value.refusal.code == "demand-is-being-answered"
    office = worker.office
    office.disclosures.settle(package, "sent", worker.by)  # and here the program ends
    await tend(office, casework.plane)
    kept = office.demands.found(CaseRef(case), number)
    assert kept is not None
    assert (kept.state, kept.package) == ("answered", package)
    assert [row.id for row in office.disclosures.listed(CaseRef(case))] == [package]


def test_whether_in_care_follows_the_newest_word_and_unknown_is_nothing_to_tell(cli: CommandLine, case: str) -> None:
    number = demanded(cli, case, *WHETHER_IN_CARE)
    look = ("disclosure", "answer", case, number, *ME, "--way", "spoken", "--step-up", "--json")
    weigh(cli, case, number, "address")
    found = []
    for word in ("no", "unknown"):
        assert cli("case", "record", case, "-", "--as", SOCIAL, stdin=json.dumps({"in_care": word})).code == 0
        assert "address" not in shown(cli(*look, stdin=f"{DEMO_WORD}\n").data), "harm was weighed of another word"
        weigh(cli, case, number, "address")
        found.append(shown(cli(*look, stdin=f"{DEMO_WORD}\n").data).get("address"))
    assert found == [{"in_care": "nej | no"}, None]


def test_of_several_addresses_one_is_chosen_and_none_of_them_stands_in_the_way_of_whether_in_care(
    cli: CommandLine, case: str, stack: Stack
) -> None:
    more = {"addresses": [{"purpose": "stay", "lines": ["Sparvgatan 2"]}, {"purpose": "mail", "lines": ["Torget 1"]}]}
    assert cli("case", "record", case, "-", "--as", SOCIAL, stdin=json.dumps(more)).code == 0
    whether = demanded(cli, case, *WHETHER_IN_CARE)
    weigh(cli, case, whether, "address")
    step_up, word = ("--way", "spoken", "--step-up", "--json"), f"{DEMO_WORD}\n"
    seen = cli("disclosure", "answer", case, whether, *ME, *step_up, stdin=word).data
    assert shown(seen) == {"address": {"in_care": "ja | yes"}}
    where = demanded(cli, case, "--law", "lag-2025-170-4", "--from", POLICE, "--category", "address")
    harm = ("disclosure", "weigh", case, where, "harm", *ME, "--category", "address", "--note-file", "-")
    look = ("disclosure", "answer", case, where, *ME, *step_up)
    number = last_address(stack, case)
    assert cli(*harm, "--number", number, stdin="ingen men").code == 0
    assert shown(cli(*look, stdin=word).data) == {}
    assert shown(cli(*look, "--number", number, stdin=word).data) == {"address": {"lines": "Torget 1"}}


def last_address(stack: Stack, case: str) -> str:
    """The number of the one that was written down last."""
    office = stack.casework().office(SOCIAL)
    try:
        return str(max(one.number for one in addresses.of_case(office, CaseRef(case))))
    finally:
        office.close()


def test_it_is_sealed_only_in_an_open_handoff_with_that_authority(cli: CommandLine, case: str) -> None:
    number = demanded(cli, case)
    weigh(cli, case, number, "contact")
    look = ("disclosure", "answer", case, number, *ME, "--way", "sealed")
    seen = cli.json(*look)
    assert seen["handoff"] == cli.handoffs(case)["threat-assessment"]["id"]
    assert cli.json(*look, "--seen", seen["digest"])["state"] == "answered"
    other = demanded(cli, case, *WHETHER_IN_CARE)
    sealed = cli("disclosure", "answer", case, other, *ME, "--way", "sealed", "--step-up", "--json", stdin=DEMO_WORD)
    assert sealed.error["code"] == "no-handoff-with-them"


def test_health_data_by_osl_10_28_waits_for_a_lawyer_and_is_told_by_two(
    cli: CommandLine, case: str, stack: Stack
) -> None:
    cli.json("consent", "give", case, "-", *ME, stdin=json.dumps(CONSENT))
    plan = cli.json("handoff", "send", case, "coordinated-plan", "--as", SOCIAL, "--to", REGION)["handoff"]["id"]
    cli.json("handoff", "act", case, plan, "accept", "--as", REGION, "--user", "handl-01")
    there = ("--as", REGION, "--user", "handl-01")
    filled = cli("case", "record", case, "-", "--as", REGION, stdin=json.dumps({"health": {"treatment": "samtal"}}))
    assert filled.code == 0, filled.text
    what = ("--law", "osl-10-28", "--from", POLICE, "--category", "health")
    number = cli.json("disclosure", "demand", case, *there, *what)["handoff"]
    look = ("disclosure", "answer", case, number, *there, "--way", "spoken", "--step-up")
    jurist = ("--as", REGION, "--user", "handl-02")
    grant = ("access", "grant", case, "handl-02", "--as", REGION, "--user", "chef-01", "--reason", "handles-case")
    assert cli(*grant).code == 0
    for by, weighed in ((there, ("harm",)), (jurist, ("lawyer", "--ground", "crime-duty"))):
        assert shown(cli(*look, "--json", stdin=f"{DEMO_WORD}\n").data) == {}
        judge = ("disclosure", "weigh", case, number, *weighed, *by, "--category", "health", "--note-file", "-")
        assert cli(*judge, stdin="prövat").code == 0
    seen = cli(*look, "--json", stdin=f"{DEMO_WORD}\n").data
    assert shown(seen) == {"health": {"treatment": "samtal"}}
    told = answers(cli, case, number, "--way", "spoken", "--seen", seen["digest"], as_whom=there)
    assert told.code == 0, told.text
    office = stack.casework().office(REGION)
    by_two = [one for one in office.approvals.unreviewed() if one.case == case]
    approved = [link.entry.action for link in office.trail.links() if link.entry.case == case]
    assert by_two or "approved" in approved, "or one at night, which another looks at afterwards"


# --- refusing -------------------------------------------------------------------------------------------------------


def test_a_demand_is_refused_with_reasons_and_its_clock_stops(cli: CommandLine, case: str, stack: Stack) -> None:
    number = demanded(cli, case)
    refuse = ("disclosure", "answer", case, number, *ME, "--refuse", "extraordinary-reasons")
    assert cli(*refuse, "--json").error["code"] == "refusal-is-reasoned"
    assert cli(*refuse, "--way", "spoken", "--json").code == 2
    told = cli.json(*refuse, "--note-file", "-", stdin="Den som begär har ett samband med den som hotar.")
    assert (told["state"], told["why"]) == ("refused", "extraordinary-reasons")
    assert "demand" not in cli.handoffs(case)
    (row,) = cli.json("disclosure", "demands", case, *ME, "--all")
    assert (row["state"], row["why"]) == ("refused", "extraordinary-reasons")
    (noted,) = [one for one in entries(stack, case) if one.action == "demand-refused"]
    assert noted.outcome == "extraordinary-reasons"
    assert cli.json("disclosure", "list", case, *ME) == []


def test_sol_15_7_has_no_exception_for_extraordinary_reasons(cli: CommandLine, case: str) -> None:
    number = demanded(cli, case, *WHETHER_IN_CARE)
    refuse = ("disclosure", "answer", case, number, *ME, "--refuse", "extraordinary-reasons", "--note-file", "-")
    refused = cli(*refuse, "--json", stdin="skäl").error
    assert (refused["code"], "not-held-here" in refused["possible"]) == ("no-such-exception", True)
    assert cli.json("disclosure", "answer", case, number, *ME, "--refuse", "not-held-here")["state"] == "refused"


# --- who learns of it -----------------------------------------------------------------------------------------------


def test_nobody_but_the_desk_learns_who_demanded_what_or_whether_somebody_is_in_care(
    cli: CommandLine, case: str, stack: Stack
) -> None:
    number = demanded(cli, case, *WHETHER_IN_CARE)
    cli.json("disclosure", "answer", case, number, *ME, "--refuse", "not-held-here")
    casework = stack.casework()
    log = json.dumps([row.event for row in casework.view.history(CaseRef(case))], ensure_ascii=False)
    snapshot = casework.view.case(CaseRef(case))
    assert snapshot is not None
    plane = log + json.dumps(snapshot.snapshot, ensure_ascii=False)
    assert '"demand"' in plane
    assert not [secret for secret in SECRETS if secret in plane]
    assert cli("disclosure", "demands", case, "--as", POLICE, "--user", "polis-01", "--json").code != 0


async def test_what_is_demanded_while_the_plane_is_away_is_kept_and_watched_as_soon_as_it_is_back(
    cli: CommandLine, case: str, stack: Stack
) -> None:
    away = cli.with_settings(UTVAG_PLANE_URL="http://127.0.0.1:9")
    kept = away.json("disclosure", "demand", case, *ME, *CONTACT_DETAILS)
    assert kept["handoff"] is None
    casework = stack.casework()
    office = casework.office(SOCIAL)
    await tend(office, casework.plane)
    (watched,) = await demanding.listed(casework, at_work(office, "handl-01"), CaseRef(case))
    assert watched.handoff is not None
    assert (await casework.standing(CaseRef(case))).state.handoffs[watched.handoff].is_open
    refuse = ("disclosure", "answer", case, kept["demand"], *ME, "--refuse", "withdrawn")
    assert away.json(*refuse)["state"] == "refused"
    await tend(office, casework.plane)
    assert watched.handoff not in (await casework.standing(CaseRef(case))).state.handoffs
    assert office.demands.with_clock_to_stop() == []
