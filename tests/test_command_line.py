"""The command line as people use it: every command, in text and in JSON, narrow and wide."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from console.casework import Casework
from models.words import CaseRef
from tests.command_line import CommandLine, Starter, close_by_two, intake
from tests.support import ROOT, Stack, settled

REFERENCE = re.compile(r"U-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}")
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}")
ACUTE_NIGHT = {"urgency": "acute", "opened_at": "2027-01-05T22:46:00+01:00", "needs": ["protected-housing"]}
BY_PHONE = {
    "channel": "phone",
    "answered_by": "on-call",
    "answered_at": "2027-01-05T22:46:00+01:00",
    "verified": "called-back-directory-number",
}


@pytest.fixture(scope="module")
def night(starter: Starter, stack: Stack) -> str:
    """One acute case that only looks are taken at."""
    return CommandLine(starter, stack).open_case(**ACUTE_NIGHT)


@pytest.fixture
async def calm(night: str, casework: Casework) -> str:
    await settled(casework, CaseRef(night))
    return night


def test_opening_prints_the_reference_and_nothing_else(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "intake.json"
    file.write_text(json.dumps(intake()))
    told = cli("case", "open", str(file))
    assert (told.code, told.err) == (0, "")
    assert REFERENCE.fullmatch(told.out.strip())
    answer = cli.json("case", "open", "-", stdin=file.read_text())
    assert REFERENCE.fullmatch(answer["case"])
    assert answer["opened_by"] == "soc-0381"


def test_a_file_that_begins_with_a_byte_order_mark_is_read(cli: CommandLine) -> None:
    assert cli("case", "open", "-", stdin=b"\xef\xbb\xbf" + json.dumps(intake()).encode()).code == 0


def test_the_least_that_is_known_of_a_person_is_enough_to_open_a_case(cli: CommandLine) -> None:
    case = cli.open_case(stay_municipality="unknown")
    assert cli.json("case", "show", case)["opener"] == "soc-0180"
    with_number = cli.open_case(person={"personnummer": "850709-9805"})
    assert not cli.json("case", "show", with_number)["minor"]


def test_a_case_is_shown_with_its_phase_its_handoffs_and_their_clocks(calm: str, cli: CommandLine) -> None:
    told = cli("case", "show", calm)
    assert told.code == 0
    for words in (calm, "aktualisering | intake", "akut | acute", "övning | training", "Bed in protected housing"):
        assert words in told.out
    assert "kvittens: ons 2027-01-06 00:46" in told.out
    shown = cli.json("case", "show", calm)
    assert (shown["case"], shown["phase"], shown["urgency"], shown["training"]) == (calm, "INTAKE", "acute", True)
    assert {handoff["id"] for handoff in shown["handoffs"]} == {"H1", "H2", "H3", "H4"}
    assert all(handoff["deadlines"] and handoff["possible"] for handoff in shown["handoffs"])


def test_a_history_tells_what_happened_in_order(calm: str, cli: CommandLine) -> None:
    rows = cli.json("case", "history", calm)
    assert [row["revision"] for row in rows] == list(range(1, len(rows) + 1))
    assert (rows[0]["kind"], rows[0]["actor"]) == ("opened", "soc-0381")
    told = cli("case", "history", calm)
    assert "ärendet öppnades | case opened" in told.out
    assert "tis 2027-01-05 22:46" in told.out


def test_watching_for_some_seconds_shows_the_case_and_ends(calm: str, cli: CommandLine) -> None:
    told = cli("case", "watch", calm, "--seconds", "1")
    assert told.code == 0
    assert calm in told.out
    lines = cli("case", "watch", calm, "--seconds", "1", "--json").out.splitlines()
    assert [json.loads(line)["case"] for line in lines] == [calm]


def test_the_inbox_holds_what_a_desk_was_asked(calm: str, cli: CommandLine) -> None:
    mine = [row for row in cli.json("handoff", "inbox", "--as", "polisen-mitt") if row["case"] == calm]
    assert [(row["handoff"], row["kind"], row["requester"]) for row in mine] == [
        ("H3", "threat-assessment", "soc-0381")
    ]
    told = cli("handoff", "inbox", "--as", "polisen-mitt")
    assert calm in told.out
    assert "Threat assessment" in told.out


def test_where_there_is_nothing_it_is_said_so(cli: CommandLine) -> None:
    assert (
        cli("handoff", "inbox", "--as", "region-25").out.strip() == "Inget att göra just nu. | Nothing to do just now."
    )
    assert cli.json("handoff", "inbox", "--as", "region-25") == []
    assert cli("case", "list", "--org", "region-25").out.strip() == "Inga ärenden ännu. | No cases yet."
    assert (
        cli("case", "list", "--overdue", "--org", "region-25").out.strip() == "Inget är försenat. | Nothing is overdue."
    )
    assert cli.json("case", "list", "--org", "region-25") == []


def test_kinds_and_organisations_can_be_looked_up(cli: CommandLine) -> None:
    kinds = {kind["code"]: kind for kind in cli.json("handoff", "kinds")}
    assert kinds["threat-assessment"]["basis"] == "polislagen 2 §"
    assert "polislagen 2 §" in cli("handoff", "kinds").out
    police = cli.json("directory", "list", "--function", "police")
    assert len(police) == 7
    assert "signing_key" not in police[0]
    assert "polisen-bergslagen" in cli("directory", "list", "--function", "police").out
    assert len(cli.json("directory", "list")) > 290


def test_an_anonymous_question_is_counted_and_nothing_else(cli: CommandLine) -> None:
    before = len(cli.json("case", "list"))
    first = cli.json("case", "question", "--as", "soc-2584")["questions_today"]
    assert cli.json("case", "question", "--as", "soc-2584")["questions_today"] == first + 1
    assert f"{first + 2} i dag" in cli("case", "question", "--as", "soc-2584").out
    assert len(cli.json("case", "list")) == before


def test_a_handoff_goes_from_asked_to_done_by_the_words_of_the_recipient(cli: CommandLine, tmp_path: Path) -> None:
    case = cli.open_case()
    sent = cli.json("handoff", "send", case, "intervention", "--as", "soc-0381", "--to", "ngo-passagen")
    number = sent["handoff"]["id"]
    note = tmp_path / "note.txt"
    note.write_text("Vi möts på torsdag.")
    for action, status in (("acknowledge", "received"), ("accept", "accepted"), ("start", "in-progress")):
        done = cli.json("handoff", "act", case, number, action, "--as", "ngo-passagen", "--note-file", str(note))
        assert done["receipt"]["status"] == done["handoff"]["status"] == status
    held = cli.json("handoff", "act", case, number, "hold", "--as", "ngo-passagen", "--reason", "person-unreachable")
    assert "resume" in held["handoff"]["possible"]["ngo-passagen"]
    told = cli("handoff", "act", case, number.lower(), "resume", "--as", "ngo-passagen")
    assert told.out.startswith(f"{number}: pågår | in progress\n  Insats hos utförare, klart: ")
    told = cli("handoff", "act", case, number, "complete", "--as", "ngo-passagen")
    assert told.out == f"{number}: klar | completed\n"
    ended = {row["id"]: row["status"] for row in cli.json("case", "show", case)["ended"]}
    assert ended.get(number, "completed") == "completed"


def test_declining_and_withdrawing_state_a_reason_from_the_list(cli: CommandLine) -> None:
    case = cli.open_case()
    for action, org, reason in (
        ("decline", "ngo-passagen", "no-capacity"),
        ("withdraw", "soc-0381", "other-solution-sought"),
    ):
        sent = cli.json("handoff", "send", case, "intervention", "--as", "soc-0381", "--to", "ngo-passagen")
        act = ("handoff", "act", case, sent["handoff"]["id"], action, "--as", org)
        refused = cli(*act, "--json")
        assert (refused.code, refused.error["code"]) == (3, "reason-needed")
        assert reason in refused.error["possible"]
        assert cli.json(*act, "--reason", reason)["handoff"] is None
        (way,) = (h for h in cli.json("handoff", "list", case) if h["parent"] == sent["handoff"]["id"])
        assert way["kind"] == "find-another-way"
        assert way["requester"] == way["recipient"] == "soc-0381"


def test_the_sender_records_what_was_answered_by_phone(cli: CommandLine, casework: Casework) -> None:
    case = cli.open_case(**ACUTE_NIGHT)
    bed = cli.handoffs(case).get("protected-bed") or cli.handoffs(case)["threat-assessment"]
    act = ("handoff", "act", case, bed["id"], "acknowledge", "--as", "soc-0381")
    answer = json.dumps(BY_PHONE | {"note": "Hon ringer tillbaka."})
    done = cli.json(*act, "--by-phone", "-", stdin=answer)
    assert done["handoff"]["status"] == "received"
    told = cli("case", "show", case)
    assert "kvitterad" in told.out


async def test_what_was_answered_by_phone_is_seen_in_the_history(cli: CommandLine, casework: Casework) -> None:
    case = cli.open_case(**ACUTE_NIGHT)
    await settled(casework, CaseRef(case))
    act = ("handoff", "act", case, cli.handoffs(case)["protected-bed"]["id"], "accept", "--as", "soc-0381")
    cli.json(*act, "--by-phone", "-", stdin=json.dumps(BY_PHONE | {"note": "Hon ringer tillbaka."}))
    await settled(casework, CaseRef(case))
    assert "(per telefon eller brev | by phone or post)" in cli("case", "history", case).out
    rows = cli.json("case", "history", case)
    (answer,) = (row["event"] for row in rows if row["kind"] == "acted")
    assert answer["by_phone"]["answered_by"] == "on-call"
    assert "ringer" not in json.dumps(rows)


def test_what_becomes_known_is_filled_in(cli: CommandLine) -> None:
    case = cli.open_case()
    filling = {"person": {"name": "Kim Exempel", "born": "1990-01-01"}, "needs": ["debt"]}
    done = cli.json("case", "record", case, "-", "--as", "soc-0381", stdin=json.dumps(filling))
    assert done["receipt"]["revision"] > 1
    shown = cli.json("case", "show", case)
    assert (shown["consent"], shown["needs"]) == ("not-asked", ["debt"])
    told = cli("case", "record", case, "-", "--as", "soc-0381", stdin='{"relatives": ["Kims syster"]}')
    assert told.out == "Noterat. | Recorded.\n"
    again = cli.json("case", "record", case, "-", "--as", "soc-0381", stdin=json.dumps(filling))
    assert again["receipt"] is None


def test_time_moves_in_a_training_case_and_what_is_late_is_listed(cli: CommandLine) -> None:
    case = cli.open_case(**ACUTE_NIGHT)
    before = cli.json("case", "show", case)["now"]
    moved = cli.json("advance", case, "90m")
    assert moved["now"] > before
    assert moved["rungs_fired"] > 0
    late = {row["ref"]: row for row in cli.json("case", "list", "--overdue", "--org", "soc-0381")}
    assert late[case]["overdue"] > 0
    assert case not in {row["ref"] for row in cli.json("case", "list", "--overdue", "--org", "ngo-passagen")}
    assert case in cli("case", "list", "--overdue").out
    told = cli("advance", case, "1d")
    assert "Ärendets tid är nu ons 2027-01-06" in told.out or "Ärendets tid är nu tors 2027-01-07" in told.out
    assert "▲" in told.out


def test_time_does_not_move_in_production(calm: str, cli: CommandLine) -> None:
    production = cli.with_settings(UTVAG_MODE="production")
    told = production("advance", calm, "3d", "--json")
    assert (told.code, told.error["code"]) == (3, "not-a-training-case")
    word = "en lila cykel under bron\n"
    first = ("staff", "add", "jour-90", "--as", "soc-0120", "--with-role", "unit-manager", "--with-role", "on-call")
    assert production(*first, stdin=word).code == 0
    assert production("key", "make", "--as", "soc-0120").code == 0
    at_work = production.with_settings(UTVAG_USER="jour-90")
    real = at_work.open_case(stay_municipality="0120")
    assert not cli.json("case", "show", real)["training"]
    assert cli("advance", real, "3d", "--json").error["code"] == "not-a-training-case"
    there = {**ACUTE_NIGHT, "stay_municipality": "0120"}
    dated = at_work("case", "open", "-", "--json", stdin=json.dumps(intake(**there)))
    assert dated.faults() == {"opened_at": "works only in training"}


def test_a_case_is_closed_when_nothing_is_open(cli: CommandLine) -> None:
    case = cli.open_case()
    refused = cli("case", "close", case, "--as", "soc-0381")
    assert refused.code == 3
    assert "Öppna: H1, H2." in refused.err
    for handoff in cli.json("handoff", "list", case):
        reason = ("--reason", "no-longer-needed", "--as", "soc-0381")
        cli.json("handoff", "act", case, handoff["id"], "withdraw", *reason)
    assert [handoff["kind"] for handoff in cli.json("handoff", "list", case)] == ["plan-or-close"]
    told = close_by_two(cli, case, "soc-0381", "NOT_APPLICABLE")
    assert told.out == "Ärendet är avslutat. | The case is closed.\n"
    assert cli.json("case", "show", case)["closed"] == "NOT_APPLICABLE"
    assert "Inga öppna förfrågningar." in cli("handoff", "list", case).out
    assert cli("case", "watch", case).code == 0


# --- how it looks ---------------------------------------------------------------------------------------------


def on_screen(cli: CommandLine, columns: int, *arguments: str) -> list[str]:
    told = cli.with_settings(COLUMNS=str(columns))(*arguments)
    assert told.code == 0, told.text
    return told.out.splitlines()


@pytest.mark.parametrize("columns", [80, 200])
def test_references_and_instants_are_never_broken_over_two_lines(calm: str, cli: CommandLine, columns: int) -> None:
    instants = {"case list": 2, "case show": 7, "case history": 5, "handoff list": 6, "handoff inbox": 1}
    for command, least in instants.items():
        about = {"case list": (), "handoff inbox": ("--as", "polisen-mitt")}.get(command, (calm,))
        lines = on_screen(cli, columns, *command.split(), *about)
        assert max(map(len, lines)) <= columns, command
        text = "\n".join(lines)
        assert sum(len(INSTANT.findall(line)) for line in lines) >= least, text
        assert not re.search(r"\d{4}-\d{2}-\d{2}\s*$", text, re.MULTILINE), text
        if command in ("case list", "case show", "handoff inbox"):
            assert calm in text
        assert all(REFERENCE.search(line) for line in lines if re.search(r"\bU-", line)), text


@pytest.mark.parametrize("columns", [80, 200])
def test_codes_to_be_typed_are_never_cut(cli: CommandLine, columns: int) -> None:
    kinds = "\n".join(on_screen(cli, columns, "handoff", "kinds"))
    assert "tax-agency-assistance" in kinds
    assert "prison-and-probation" in kinds
    assert "…" not in kinds
    organisations = "\n".join(on_screen(cli, columns, "directory", "list", "--function", "police"))
    assert "polisen-bergslagen" in organisations
    assert "…" not in organisations


def test_a_reader_that_stops_reading_is_no_accident(stack: Stack) -> None:
    piped = f"'{sys.executable}' '{ROOT / 'starter.py'}' directory list --json | head -c 1"
    done = subprocess.run(["/bin/sh", "-c", piped], env=stack.environment, capture_output=True, text=True, check=False)
    assert done.stdout == "["
    assert done.stderr == ""


# --- help -----------------------------------------------------------------------------------------------------


def commands(command: Any, path: str = "starter.py") -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{path} {name}")


def program() -> Any:
    return typer.main.get_command(runpy.run_path(str(ROOT / "starter.py"), run_name="help")["app"])


ALL = dict(commands(program()))


def test_the_commands_are_those_that_were_promised() -> None:
    promised = {"case open", "case list", "case show", "case history", "case watch", "case record", "case close"}
    promised |= {"handoff list", "handoff send", "handoff act", "handoff inbox", "advance", "directory list"}
    assert {f"starter.py {name}" for name in promised} <= ALL.keys()


@pytest.mark.parametrize("path", ALL)
def test_every_command_and_option_is_explained_in_swedish_and_english(path: str) -> None:
    command = ALL[path]
    assert " | " in command.help
    if path != "starter.py":
        assert " | " in command.get_short_help_str(60)
        assert not command.get_short_help_str(60).endswith("...")
    for parameter in command.params:
        if parameter.name != "help":
            swedish, _, english = (parameter.help or "").partition(" | ")
            assert swedish, parameter.name
            assert english, parameter.name


def test_what_is_printed_can_be_had_as_json_and_nothing_personal_is_an_option() -> None:
    ends = {path: command for path, command in ALL.items() if not hasattr(command, "commands")}
    for path, command in ends.items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--json" in options or path == "starter.py codec serve", path
        assert not {"--name", "--note", "--personnummer", "--phone", "--address", "--person"} & options, path
