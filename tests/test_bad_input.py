"""What people write wrong: told at once, by name, in two languages, without a word of what they wrote."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from activities.stores import desk_url, open_database
from console.words import KNOWN_REFUSALS, refusal_sentence
from models.contracts import Refusal
from models.desk_tables import ItemRow, OpeningRow
from tests.command_line import CommandLine, Starter, Told, close_by_two, intake, synthetic_personnummer
from tests.support import ROOT, Stack, free_port

NOBODY = "U-0000-0000"
DESK = "soc-1880"
"""A desk that only these tests use: nothing may ever stand in it."""


def told_as_sentences(told: Told, code: int) -> None:
    """A failure that a person can read: no traceback, both languages, the right exit code."""
    assert told.code == code, told
    assert "Traceback" not in told.text
    assert told.text.strip()


def in_text_and_json(
    cli: CommandLine, *arguments: str, stdin: str | bytes | None = None, code: int
) -> tuple[Told, Any]:
    """A refused command, both ways. Returns the text and the JSON error, which say the same."""
    text, answer = cli(*arguments, stdin=stdin), cli(*arguments, "--json", stdin=stdin)
    told_as_sentences(text, code)
    told_as_sentences(answer, code)
    assert text.out == ""
    assert answer.err == ""
    assert answer.error["exit"] == code
    return text, answer.error


def kept_at(stack: Stack, org: str) -> list[str]:
    """Ids of everything kept at a desk."""
    engine: Engine = open_database(desk_url(stack.settings, org))
    with Session(engine.execution_options(reading=True)) as session:
        kept = [*session.exec(select(ItemRow.id)), *session.exec(select(OpeningRow.key))]
    engine.dispose()
    return kept


@pytest.fixture
def nothing_created(stack: Stack, cli: CommandLine) -> Iterator[None]:
    """Whatever the test did: no case more, and no row at the desk that it was aimed at."""
    cli.json("handoff", "inbox", "--as", DESK)
    before = {row["ref"] for row in cli.json("case", "list")}
    yield
    assert {row["ref"] for row in cli.json("case", "list")} == before
    assert kept_at(stack, DESK) == []


WRONG_FILES: dict[str, bytes] = {
    "empty": b"",
    "not-json": b"Anna Secretsson called at nine",
    "half-json": b'{"urgency": "acute", "note": "Anna Secretsson',
    "not-utf-8": '{"note": "Anna Secretsson åäö"}'.encode("latin-1"),
    "utf-16": '{"note": "Anna Secretsson"}'.encode("utf-16"),
    "ten-megabytes": b'{"note": "' + b"Anna Secretsson " * 655_360 + b'"}',
    "deeply-nested": b"[" * 100_000,
    "nested-objects": b'{"note":' * 1_000 + b'"Anna Secretsson"' + b"}" * 1_000,
    "nul-bytes": b"\0" * 64 + b"Anna Secretsson",
    "lone-surrogate": b'{"note": "Anna Secretsson \\ud800"}',
    "enormous-number": b'{"note": ' + b"9" * 6_000 + b"}",
    "not-an-object": b'["Anna Secretsson"]',
    "null": b"null",
    "huge-array": json.dumps(intake(relatives=["Anna Secretsson"] * 10_000)).encode(),
    "many-unknown-fields": json.dumps({f"Anna Secretsson {n}": n for n in range(8_000)}).encode(),
}


@pytest.mark.parametrize("what", WRONG_FILES)
def test_a_file_that_is_no_intake_is_refused_without_a_word_of_it(
    what: str, cli: CommandLine, nothing_created: None
) -> None:
    text, error = in_text_and_json(cli, "case", "open", "-", stdin=WRONG_FILES[what], code=2)
    assert "Secretsson" not in text.text + json.dumps(error)
    assert all(fault["sv"] and fault["en"] and fault["sv"] != fault["en"] for fault in error["faults"])
    assert "Inget har sparats" in text.err
    assert "Nothing was saved" in text.err


def test_a_missing_file_a_folder_and_a_name_too_long_are_sentences(
    cli: CommandLine, tmp_path: Path, nothing_created: None
) -> None:
    for source in (str(tmp_path / "Secretsson.json"), str(tmp_path), "x" * 5_000):
        text, error = in_text_and_json(cli, "case", "open", source, code=2)
        assert [fault["field"] for fault in error["faults"]] == ["file"]
        assert "Secretsson" not in text.text


def test_every_fault_of_an_intake_is_told_at_once_by_field(cli: CommandLine, nothing_created: None) -> None:
    marker = secrets.token_hex(8)
    wrong = {
        "urgency": marker,
        "stay_municipality": "9999",
        "opened_by": f"Anna {marker}",
        "safe_contact": {"channel": marker, "number": marker},
        "consent": marker,
        "person": {"personnummer": synthetic_personnummer()[:-1], "born": "19870312", "protection_mark": marker},
        "addresses": [{"purpose": "stay", "lines": []}, {"purpose": marker, "lines": ["x"]}],
        "relatives": marker,
        "responsible": {"municipality": "0000", "basis": marker},
        "needs": ["protected-housing", marker],
        "custody": {"place": marker, "ends": marker},
        "released": False,
        "police_track_wanted": marker,
        "placement": {"excluded": ["0001"], "municipalities": [marker]},
        "note": "",
        "request_key": marker,
        "opened_at": "2027-01-05T22:46:00",
        marker: marker,
        f"anna_{marker}"[:30]: 1,
    }
    text, error = in_text_and_json(cli, "case", "open", "-", stdin=json.dumps(wrong), code=2)
    assert {fault["field"] for fault in error["faults"]} == {
        "urgency",
        "stay_municipality",
        "opened_by",
        "safe_contact.channel",
        "safe_contact.value",
        "safe_contact.?",
        "consent",
        "person.personnummer",
        "person.born",
        "person.protection_mark",
        "addresses.0.lines",
        "addresses.1.purpose",
        "relatives",
        "responsible.municipality",
        "responsible.basis",
        "needs.1",
        "custody.place",
        "custody.ends",
        "released",
        "police_track_wanted",
        "placement.excluded.0",
        "placement.municipalities.0",
        "note",
        "request_key",
        "opened_at",
        "?",
    }
    assert marker not in text.text + json.dumps(error)
    assert "19870312" not in text.text
    for fault in error["faults"]:
        assert f"  {fault['field']}: {fault['sv']} | {fault['en']}" in text.err.splitlines()


def test_what_is_missing_is_named(cli: CommandLine, nothing_created: None) -> None:
    _, error = in_text_and_json(cli, "case", "open", "-", stdin="{}", code=2)
    assert {fault["field"] for fault in error["faults"]} == {"urgency", "stay_municipality", "safe_contact"}


def test_a_field_with_a_slip_of_the_pen_is_answered_with_the_right_name(cli: CommandLine) -> None:
    told = cli("case", "open", "-", "--json", stdin=json.dumps(intake(adresses=[])))
    assert told.faults() == {"?": "unknown field, is it addresses?"}


@pytest.mark.parametrize("number", ["198507099804", "8507099804", "19850709980", "1985070998050", "١٩٨٥٠٧٠٩٩٨٠٥"])
def test_a_personnummer_that_does_not_add_up_is_not_taken(number: str, cli: CommandLine, nothing_created: None) -> None:
    told = cli("case", "open", "-", "--json", stdin=json.dumps(intake(person={"personnummer": number})))
    assert told.code == 2
    assert list(told.faults()) == ["person.personnummer"]
    assert number not in told.text


def test_the_registered_address_of_a_protected_person_is_refused_together_with_the_other_faults(
    cli: CommandLine, nothing_created: None
) -> None:
    fields = {
        "person": {"protection_mark": "protected-registration"},
        "addresses": [{"purpose": "registered", "lines": ["Kaptensgatan 1"]}],
        "registered_municipality": "9999",
    }
    told = cli("case", "open", "-", "--json", stdin=json.dumps(intake(**fields)))
    assert set(told.faults()) == {"addresses", "registered_municipality"}
    assert "Kaptensgatan" not in told.text


@pytest.mark.parametrize(
    "fields",
    [
        {"opened_at": "2099-06-01T08:00:00+02:00"},
        {"opened_at": "0001-01-01T00:00:00+14:00"},
        {"opened_at": "9999-12-31T23:59:59-11:00"},
        {"custody": {"place": "prison", "ends": "2099-01-01"}},
        {"custody": {"place": "prison", "ends": "0001-01-01"}},
        {"person": {"born": "1066-10-14"}},
        {"opened_by": "soc-9999"},
    ],
    ids=str,
)
def test_an_intake_that_no_case_could_begin_from_opens_none(
    fields: dict[str, Any], cli: CommandLine, nothing_created: None
) -> None:
    told = cli("case", "open", "-", "--json", stdin=json.dumps(intake(stay_municipality="1880", **fields)))
    told_as_sentences(told, told.error["exit"])
    assert told.code in (2, 3, 4)


WRONG_COMMANDS = [
    ("case", "show", "Secretsson"),
    ("case", "history", "U-Secretsson"),
    ("case", "show", ""),
    ("advance", "{case}", "Secretsson"),
    ("advance", "{case}", "0d"),
    ("advance", "{case}", "-3d"),
    ("advance", "{case}", "99999w"),
    ("advance", "{case}", "٣d"),
    ("handoff", "act", "{case}", "Secretsson", "accept", "--as", "soc-0381"),
    ("handoff", "act", "{case}", "H0", "accept", "--as", "soc-0381"),
    ("handoff", "act", "{case}", "H1", "Secretsson", "--as", "soc-0381"),
    ("handoff", "act", "{case}", "H1", "accept", "--as", "soc-0381", "--key", "Secretsson"),
    ("handoff", "act", "{case}", "H1", "accept", "--as", "soc-0381", "Secretsson"),
    ("handoff", "act", "{case}", "H1", "accept", "--as", "soc-0381", "--Secretsson"),
    ("handoff", "act", "{case}", "H1", "accept"),
    ("handoff", "act", "{case}", "H1", "accept", "--as", "soc-0381", "--note-file", "/nowhere/Secretsson"),
    ("handoff", "act", "{case}", "H1", "accept", "--as", "soc-0381", "--note-file", "-", "--by-phone", "-"),
    ("handoff", "send", "{case}", "intervention", "--as", "soc-0381", "--to", "ngo-passagen", "--date", "Secretsson"),
    ("handoff", "send", "{case}", "intervention", "--as", "soc-0381", "--to", "sis", "--because-of", "Secretsson"),
    ("case", "close", "{case}", "--as", "soc-0381", "--code", "Secretsson"),
    ("case", "watch", "{case}", "--seconds", "Secretsson"),
    ("case", "record", "{case}", "/nowhere/Secretsson", "--as", "soc-0381"),
    ("directory", "list", "--function", "Secretsson"),
    ("Secretsson",),
    ("case", "Secretsson"),
    ("case", "list", "--Secretsson=x"),
    ("case", "list", "\udcff\udcfeSecretsson"),
]


@pytest.fixture(scope="module")
def case(starter: Starter, stack: Stack) -> str:
    """One case that the tests here try to harm."""
    return CommandLine(starter, stack).open_case()


@pytest.mark.parametrize("words", WRONG_COMMANDS, ids=lambda words: ascii(" ".join(words)))
def test_a_command_that_is_written_wrong_says_where_and_does_not_repeat_it(
    words: tuple[str, ...], case: str, cli: CommandLine
) -> None:
    arguments = [word.format(case=case) for word in words]
    text, error = in_text_and_json(cli, *arguments, code=2)
    assert "Secretsson" not in text.text + json.dumps(error)
    assert all(fault["sv"] != fault["en"] for fault in error["faults"])


def test_one_wrong_character_in_a_reference_is_caught(case: str, cli: CommandLine) -> None:
    for place in (2, 5, 7, 10):
        wrong = "0" if case[place] != "0" else "1"
        _, error = in_text_and_json(cli, "case", "show", case[:place] + wrong + case[place + 1 :], code=2)
        assert [fault["field"] for fault in error["faults"]] == ["case"]


def test_a_reference_is_read_as_people_write_it(case: str, cli: CommandLine) -> None:
    for written in (case.lower(), case.replace("-", ""), f" {case[2:]} ", case.replace("0", "o").replace("1", "l")):
        assert cli.json("case", "show", written)["case"] == case


MISSING = [
    ("case", "show", NOBODY),
    ("case", "history", NOBODY),
    ("case", "watch", NOBODY, "--seconds", "1"),
    ("case", "close", NOBODY, "--as", "soc-0381"),
    ("case", "list", "--org", "Secretsson"),
    ("case", "question", "--as", "Secretsson"),
    ("handoff", "list", NOBODY),
    ("handoff", "act", NOBODY, "H1", "accept", "--as", "soc-0381"),
    ("handoff", "act", "{case}", "H77", "accept", "--as", "soc-0381"),
    ("handoff", "act", "{case}", "H1", "accept", "--as", "Secretsson 070-1740605"),
    ("handoff", "send", "{case}", "intervention", "--as", "soc-0381", "--to", "Secretsson"),
    ("handoff", "send", "{case}", "intervention", "--as", "soc-0381", "--to", "ngo-passagen", "--because-of", "H77"),
    ("handoff", "send", NOBODY, "intervention", "--as", "soc-0381", "--to", "ngo-passagen"),
    ("handoff", "inbox", "--as", "Secretsson"),
    ("advance", NOBODY, "3d"),
]


@pytest.mark.parametrize("words", MISSING, ids=" ".join)
def test_what_does_not_exist_is_not_found(words: tuple[str, ...], case: str, cli: CommandLine) -> None:
    text, error = in_text_and_json(cli, *[word.format(case=case) for word in words], code=4)
    assert error["sv"] != error["en"]
    assert "Secretsson" not in text.text


def test_filling_in_a_case_that_does_not_exist_keeps_nothing(cli: CommandLine, nothing_created: None) -> None:
    filling = json.dumps({"person": {"name": "Anna Secretsson"}})
    in_text_and_json(cli, "case", "record", NOBODY, "-", "--as", DESK, stdin=filling, code=4)


def test_an_act_that_is_not_allowed_says_why_and_what_is_possible(case: str, cli: CommandLine) -> None:
    cli.json("handoff", "act", case, "H1", "acknowledge", "--as", "soc-0381")
    text, error = in_text_and_json(cli, "handoff", "act", case, "H1", "acknowledge", "--as", "soc-0381", code=3)
    assert error["code"] == "not-allowed-in-status"
    assert "accept" in error["possible"]
    assert "acknowledge" not in error["possible"]
    assert f"Det går att: {', '.join(error['possible'])}." in text.err
    assert f"Possible: {', '.join(error['possible'])}." in text.err
    assert cli.json("handoff", "list", case)[0]["possible"]["soc-0381"] == error["possible"]


def test_an_outsider_and_a_sender_who_answers_for_the_recipient_are_refused(cli: CommandLine) -> None:
    case = cli.open_case(urgency="acute")
    police = cli.handoffs(case)["threat-assessment"]["id"]
    stranger = ("handoff", "act", case, police, "acknowledge", "--as", "sis")
    in_text_and_json(cli, *stranger, code=4)
    sender = ("handoff", "act", case, police, "acknowledge", "--as", "soc-0381")
    _, error = in_text_and_json(cli, *sender, code=3)
    assert error["code"] == "answer-is-the-recipients"
    assert cli.handoffs(case)["threat-assessment"]["status"] == "requested"


def test_every_refusal_of_the_rules_has_its_own_sentences() -> None:
    told = {code: refusal_sentence(Refusal(code=code, detail="x", possible=("y",))) for code in KNOWN_REFUSALS}
    source = "".join(path.read_text() for path in (ROOT / "rules").glob("*.py"))
    stated = {piece.split('"')[0] for piece in source.split('Refusal(code="')[1:]}
    assert stated
    assert stated - told.keys() == set()
    assert all(sv != en for sv, en in told.values())


def test_free_text_as_a_reason_is_refused_here_and_goes_nowhere(case: str, cli: CommandLine) -> None:
    before = cli.json("case", "show", case)["revision"]
    for option in ("--reason", "--answer"):
        for words in ("Anna Secretsson is afraid of her brother", "secretsson"):
            arguments = ("handoff", "act", case, "H1", "hold", "--as", "soc-0381", option, words)
            text, error = in_text_and_json(cli, *arguments, code=3)
            assert "ecretsson" not in text.text + json.dumps(error)
    assert cli.json("case", "show", case)["revision"] == before


@pytest.mark.parametrize(
    "answer",
    [
        {"answered_by": "anna-secretsson"},
        {"answered_by": "Anna Secretsson"},
        {"channel": "Secretsson"},
        {"verified": "Secretsson knows her"},
        {"answered_at": "yesterday, said Secretsson"},
        {"answered_at": "2027-01-05"},
        {"secretsson": 1},
        {"assessment": {"level": "Secretsson is dangerous", "assessor": "officer"}},
    ],
    ids=str,
)
def test_an_answer_by_phone_names_functions_and_codes_and_never_a_person(
    answer: dict[str, Any], case: str, cli: CommandLine
) -> None:
    good = {
        "channel": "phone",
        "answered_by": "officer",
        "answered_at": "2027-01-05T22:46:00+01:00",
        "verified": "called-back-directory-number",
    }
    arguments = ("handoff", "act", case, "H1", "accept", "--as", "soc-0381", "--by-phone", "-")
    text, error = in_text_and_json(cli, *arguments, stdin=json.dumps(good | answer), code=2)
    assert "ecretsson" not in text.text + json.dumps(error)


def test_a_refused_act_keeps_no_note_and_a_stranger_keeps_no_name(
    case: str, cli: CommandLine, stack: Stack, nothing_created: None
) -> None:
    arguments = ("handoff", "act", case, "H1", "complete", "--as", DESK, "--note-file", "-")
    in_text_and_json(cli, *arguments, stdin="Anna Secretsson", code=4)
    filling = json.dumps({"person": {"name": "Anna Secretsson"}})
    _, error = in_text_and_json(cli, "case", "record", case, "-", "--as", DESK, stdin=filling, code=4)
    assert "finns inte" in error["sv"], "a stranger does not learn that there is such a case"


def test_a_filling_with_nothing_in_it_is_told_so(case: str, cli: CommandLine) -> None:
    in_text_and_json(cli, "case", "record", case, "-", "--as", "soc-0381", stdin="{}", code=2)


def test_the_same_key_opens_one_case(cli: CommandLine) -> None:
    body = json.dumps(intake(request_key=str(uuid4())))
    first, second = (cli.json("case", "open", "-", stdin=body) for _ in range(2))
    assert first == second
    assert [row["ref"] for row in cli.json("case", "list")].count(first["case"]) == 1


def test_the_same_key_acts_sends_records_and_closes_once(cli: CommandLine, stack: Stack) -> None:
    case = cli.open_case()
    answer = json.dumps({"note": "one note", "conditions_signed": True})
    note_file = ("--note-file", "-")
    commands: list[tuple[tuple[str, ...], str | None]] = [
        (("handoff", "act", case, "H1", "acknowledge", *note_file, "--as", "soc-0381"), "words"),
        (("handoff", "send", case, "intervention", "--to", "ngo-passagen", "--as", "soc-0381"), None),
        (("case", "record", case, "-", "--as", "soc-0381"), answer),
    ]
    for arguments, stdin in commands:
        key = ("--key", str(uuid4()))
        first = cli.json(*arguments, *key, stdin=stdin)
        kept = kept_at(stack, "soc-0381")
        again = cli.json(*arguments, *key, stdin=stdin)
        assert again["receipt"] == first["receipt"]
        assert again["receipt"]["revision"] == first["receipt"]["revision"]
        assert kept_at(stack, "soc-0381") == kept
    kinds = [handoff["kind"] for handoff in cli.json("case", "show", case)["handoffs"]]
    assert kinds.count("intervention") == 1


def test_a_closed_case_says_that_it_is_closed(cli: CommandLine) -> None:
    case = cli.open_case()
    for handoff in cli.json("handoff", "list", case):
        key = ("--reason", "no-longer-needed", "--as", "soc-0381")
        cli.json("handoff", "act", case, handoff["id"], "withdraw", *key)
    close_by_two(cli, case, "soc-0381", "ENDED_BY_PERSON")
    _, error = in_text_and_json(cli, "handoff", "act", case, "H1", "accept", "--as", "soc-0381", code=3)
    assert error["code"] == "case-closed"
    assert error["detail"] == "ENDED_BY_PERSON"
    assert cli.json("case", "show", case)["closed"] == "ENDED_BY_PERSON"


# --- when the service is down ---------------------------------------------------------------------------------

NEEDS_THE_PLANE = [
    ("case", "open", "-"),
    ("case", "record", "{case}", "-", "--as", "soc-0381"),
    ("case", "close", "{case}", "--as", "soc-0381"),
    ("handoff", "act", "{case}", "H1", "accept", "--as", "soc-0381"),
    ("handoff", "act", "{case}", "H1", "accept", "--as", "soc-0381", "--note-file", "-"),
    ("handoff", "send", "{case}", "intervention", "--as", "soc-0381", "--to", "ngo-passagen"),
    ("advance", "{case}", "3d"),
]
INPUT = {"open": json.dumps(intake()), "record": '{"conditions_signed": true}', "act": "a note"}


@pytest.fixture
def silent() -> Iterator[str]:
    """An address where something listens and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("words", NEEDS_THE_PLANE, ids=lambda words: " ".join(words[:2]))
def test_with_the_plane_down_a_command_says_what_to_do(words: tuple[str, ...], case: str, cli: CommandLine) -> None:
    down = cli.with_settings(UTVAG_PLANE_URL=f"http://127.0.0.1:{free_port()}")
    arguments = [word.format(case=case) for word in words]
    text, error = in_text_and_json(down, *arguments, stdin=INPUT.get(words[1]), code=5)
    assert "make stack" in error["sv"]
    assert "make stack" in error["en"]
    assert error["sv"] in text.err


def test_with_the_plane_down_a_person_waits_at_most_five_seconds(case: str, stack: Stack, silent: str) -> None:
    """Measured from the prompt, Python's own start-up included, on a port that is closed and on one that is silent."""
    for address in (f"127.0.0.1:{free_port()}", silent):
        stack_down = dict(stack.environment)
        try:
            stack.environment["UTVAG_PLANE_URL"] = f"http://{address}"
            began = time.monotonic()
            told = stack.cli("handoff", "act", case, "H1", "accept", "--as", "soc-0381")
            waited = time.monotonic() - began
        finally:
            stack.environment.pop("UTVAG_PLANE_URL", None)
            stack.environment.update(stack_down)
        assert told.returncode == 5, told
        assert "Traceback" not in told.stderr
        assert "make stack" in told.stderr
        assert waited < 5


def test_with_temporal_silent_a_case_is_shown_from_the_register(case: str, cli: CommandLine, stack: Stack) -> None:
    os.kill(stack.temporal_pid, signal.SIGSTOP)
    try:
        shown = cli.json("case", "show", case)
        assert shown["case"] == case
        assert "registret" in shown["note"]
        assert cli("case", "list").code == 0
        assert cli("case", "history", case).code == 0
        assert cli("handoff", "act", case, "H1", "accept", "--as", "soc-0381").code == 5
    finally:
        os.kill(stack.temporal_pid, signal.SIGCONT)


NEVER_STARTED = [
    ("case", "list"),
    ("case", "show", NOBODY),
    ("case", "history", NOBODY),
    ("case", "open", "-"),
    ("handoff", "list", NOBODY),
    ("handoff", "act", NOBODY, "H1", "accept", "--as", "soc-0381"),
    ("advance", NOBODY, "3d"),
]


@pytest.mark.parametrize("words", NEVER_STARTED, ids=lambda words: " ".join(words[:2]))
def test_where_nothing_was_ever_started_every_command_says_so_and_makes_no_file(
    words: tuple[str, ...], cli: CommandLine, tmp_path: Path
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    nowhere = cli.with_settings(UTVAG_VAR=str(tmp_path / "var"), UTVAG_PLANE_URL=nobody)
    _, error = in_text_and_json(nowhere, *words, stdin=INPUT.get(words[1]), code=5)
    assert "make stack" in error["en"]
    assert not (tmp_path / "var").exists()


def test_a_setting_that_can_not_be_used_is_named_and_not_repeated(cli: CommandLine) -> None:
    for name in ("UTVAG_MODE", "UTVAG_HEALTH_PORT", "UTVAG_LOG_LEVEL"):
        text, error = in_text_and_json(cli.with_settings(**{name: "Secretsson"}), "case", "list", code=2)
        assert name in error["sv"]
        assert "Secretsson" not in text.text
