"""`deadline compute`: every wrong line gets its sentence, and no other line is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from console import computing
from console.reckoning import IMPOSSIBLE, STEPS
from tests.computing import CALENDAR, QUESTION, batch, run

BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"start": "2027-01-11T10:00:00"}, "start", "has no time zone"),
    ({"start": "2027-01-11"}, "start", "point in time"),
    ({"start": 1_800_000_000}, "start", "point in time"),
    ({"start": "1800000000"}, "start", "point in time"),
    ({"start": "2027-02-30T10:00:00Z"}, "start", "does not exist"),
    ({"start": "2027-01-11T25:00:00Z"}, "start", "does not exist"),
    ({"start": "9999-12-31T23:59:59Z"}, "start", "years 1970 to 2099"),
    ({"start": "0001-01-01T00:00:00+14:00"}, "start", "years 1970 to 2099"),
    ({"start": None}, "start", "point in time"),
    ({"amount": 0}, "amount", "1 or more"),
    ({"amount": -3}, "amount", "1 or more"),
    ({"amount": 1.5}, "amount", "whole number"),
    ({"amount": "10"}, "amount", "whole number"),
    ({"amount": True}, "amount", "whole number"),
    ({"amount": 10**30}, "amount", "ten years"),
    ({"amount": 87_673}, "amount", "ten years; 87672"),
    ({"unit": "minutes", "amount": 5_260_321}, "amount", "ten years"),
    ({"unit": "days", "amount": 3_654}, "amount", "ten years"),
    ({"unit": "weeks", "amount": 522}, "amount", "ten years"),
    ({"clock": "calendar", "unit": "months", "amount": 121}, "amount", "ten years"),
    ({"clock": "office", "unit": "working-days", "amount": 2_610}, "amount", "ten years"),
    ({"unit": "seconds"}, "unit", "none of the permitted values"),
    ({"unit": "months"}, "unit", "does not count that unit"),
    ({"unit": "working-days"}, "unit", "does not count that unit"),
    ({"clock": "office", "unit": "days"}, "unit", "does not count that unit"),
    ({"clock": "office", "unit": "weeks"}, "unit", "does not count that unit"),
    ({"clock": "calendar", "unit": "hours"}, "unit", "does not count that unit"),
    ({"clock": "calendar", "unit": "working-days"}, "unit", "does not count that unit"),
    ({"clock": "sundial"}, "clock", "none of the permitted values"),
    ({"end": "countdown"}, "end", "calendar clock"),
    ({"clock": "office", "end": "expiry"}, "end", "calendar clock"),
    ({"end": "whenever"}, "end", "none of the permitted values"),
    ({"zone": "Europe/Atlantis"}, "zone", "no known time zone"),
    ({"zone": "../../etc/passwd"}, "zone", "no known time zone"),
    ({"zone": "Europe"}, "zone", "no known time zone"),
    ({"zone": "localtime"}, "zone", "no known time zone"),
    ({"zone": ""}, "zone", "no known time zone"),
    ({"zone": "Europe/Stockholm\u0000"}, "zone", "no known time zone"),
    ({"zone": "E" * 1_000}, "zone", "too long"),
    ({"holidays": "DK"}, "holidays", "none of the permitted values"),
    ({"opens": "8"}, "opens", "time of day"),
    ({"opens": "24:00"}, "opens", "time of day"),
    ({"cutoff": "13:60"}, "cutoff", "time of day"),
    ({"cutoff": None}, "cutoff", "time of day"),
    ({"clock": "office", "opens": "08:00", "closes": "08:00"}, "closes", "later than it opens"),
    ({"clock": "office", "opens": "18:00"}, "opens", "later than it opens"),
    ({"holds": [["2027-01-11T12:00Z", "2027-01-11T11:00Z"]]}, "holds", "ends before it starts"),
    (
        {"holds": [["2027-01-11T12:00Z", "2027-01-11T14:00Z"], ["2027-01-11T11:00Z", "2027-01-11T13:00Z"]]},
        "holds",
        "overlap",
    ),
    ({"holds": [["2027-01-11T12:00Z", "2027-01-11T14:00Z"]] * 2}, "holds", "overlap"),
    ({"holds": [["2027-01-11T12:00", "2027-01-11T14:00Z"]]}, "holds.0.0", "has no time zone"),
    ({"holds": [["2027-01-11T12:00Z"]]}, "holds.0.1", "is missing"),
    ({"holds": [["2027-01-11T12:00Z", "2027-01-11T13:00Z", "2027-01-11T14:00Z"]]}, "holds.0", "too many parts"),
    ({"holds": "none"}, "holds", "should be a list"),
    ({"holds": [["2027-01-11T12:00Z", "2027-01-11T12:00Z"]] * 1_001}, "holds", "too many parts"),
    ({"amount": 87_672, "start": "2095-12-30T10:00Z"}, "amount", "2100"),
    ({"holds": [["2027-01-12T08:00Z", "2099-12-31T12:00Z"]], "amount": 87_672}, "amount", "2100"),
    ({"clock": "calendar", "unit": "months", "amount": 120, "start": "2095-12-30T10:00Z"}, "amount", "2100"),
    ({"clock": "office", "unit": "working-days", "amount": 2_609, "start": "2095-12-30T10:00Z"}, "amount", "2100"),
    ({"name": "Anna Secretsson"}, "?", "unknown field"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "field", "said"), BAD, ids=range(len(BAD)))
def test_what_is_written_wrong_gets_a_sentence_and_stops_no_other_line(
    changed: dict[str, Any], field: str, said: str
) -> None:
    code, answers = batch(QUESTION, QUESTION | changed, QUESTION)
    assert code == 2
    assert [answer.get("due") for answer in answers] == ["2027-01-12T09:00:00Z", None, "2027-01-12T09:00:00Z"]
    assert {name: answers[1][name] for name in QUESTION | changed} == QUESTION | changed
    error = answers[1]["error"]
    assert error["line"] == 2
    assert error["en"].startswith(f"{field}: ")
    assert said in error["en"]
    assert error["sv"].startswith(f"{field}: ")
    assert error["sv"] != error["en"]
    assert "Secretsson" not in error["sv"] + error["en"]


@pytest.mark.parametrize("missing", ["start", "clock", "amount", "unit"])
def test_what_is_missing_is_named(missing: str) -> None:
    code, (answer,) = batch({name: value for name, value in QUESTION.items() if name != missing})
    assert code == 2
    assert answer["error"]["en"] == f"{missing}: is missing"


def test_every_fault_of_a_line_is_told_at_once() -> None:
    _, (answer,) = batch({"start": "soon", "clock": "sundial", "amount": 0, "unit": "moons"})
    assert [fault.split(":")[0] for fault in answer["error"]["en"].split("; ")] == ["start", "clock", "amount", "unit"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not JSON", "not JSON"),
        ('{"start": "2027-01-11T10:00:00Z"', "not JSON"),
        (b'{"start": "\xe5"}', "not JSON"),
        (json.dumps(QUESTION).encode("utf-16"), "not JSON"),
        ('{"amount": NaN}', "not JSON"),
        ('{"amount": ' + "9" * 6_000 + "}", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"a":' * 20_000 + "1" + "}" * 20_000, "not JSON"),
        ("\0" * 64, "not JSON"),
        ("[1, 2]", "should be an object"),
        ("null", "should be an object"),
        ('"text"', "should be an object"),
        ("12", "should be an object"),
        (json.dumps(QUESTION)[:-1] + ', "amount": 2}', "twice"),
        ('{"holds": [{"a": 1, "a": 2}]}', "twice"),
        ('{"zone": "' + "x" * computing.LONGEST_LINE + '"}', "longer than 256 KiB"),
        ('{"zone": "' + "x" * 3 * computing.LONGEST_LINE + '"}', "longer than 256 KiB"),
    ],
    ids=range(17),
)
def test_a_line_that_is_no_question_gets_a_sentence_and_stops_no_other(line: bytes | str, said: str) -> None:
    code, answers = batch(QUESTION, line, QUESTION)
    assert code == 2
    assert [answer.get("due") for answer in answers] == ["2027-01-12T09:00:00Z", None, "2027-01-12T09:00:00Z"]
    assert list(answers[1]) == ["error"]
    assert said in answers[1]["error"]["en"]


def test_what_json_can_say_but_not_repeat_is_an_error_and_not_a_crash() -> None:
    code, answers = batch(
        json.dumps(QUESTION)[:-1] + ', "zone": "\\ud800"}', json.dumps(QUESTION)[:-1] + ', "opens": 1e999}', QUESTION
    )
    assert code == 2
    assert ["error" in answer for answer in answers] == [True, True, False]
    assert answers[0]["zone"] == "\ud800"
    assert list(answers[1]) == ["error"]


def test_a_line_that_nobody_foresaw_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STEPS, "counts-back-from", ("{no such field}", ""))
    countdown = QUESTION | CALENDAR | {"end": "countdown"}
    code, answers = batch(QUESTION, countdown, QUESTION)
    assert code == 2
    assert ["error" in answer for answer in answers] == [False, True, False]
    assert "unexpected" in answers[1]["error"]["en"]


def test_lines_are_answered_in_order_with_every_field_kept_and_blank_ones_passed_over() -> None:
    hours = [5, 3, 9, 1]
    code, answers = batch(
        *(QUESTION | {"amount": n} for n in hours[:2]), "", "   ", *(QUESTION | {"amount": n} for n in hours[2:])
    )
    assert code == 0
    assert [answer["amount"] for answer in answers] == hours
    assert [answer["due"] for answer in answers] == [f"2027-01-11T{9 + n:02}:00:00Z" for n in hours]
    assert all(list(answer)[:4] == list(QUESTION) for answer in answers)


def test_files_from_other_systems_are_read() -> None:
    line = json.dumps(QUESTION).encode()
    for raw in (b"\xef\xbb\xbf" + line, line + b"\r\n" + line + b"\r\n", b"\n\n" + line):
        told = run("--batch", stdin=raw)
        assert told.exit_code == 0, told.output
        assert all("due" in json.loads(answer) for answer in told.stdout_bytes.splitlines())


def test_nothing_asked_is_nothing_answered() -> None:
    told = run("--batch", stdin=b"")
    assert (told.exit_code, told.stdout_bytes) == (0, b"")


def test_parts_of_a_second_never_make_it_later() -> None:
    _, (answer,) = batch(QUESTION | {"start": "2027-01-11T10:00:00.999999+01:00"})
    assert answer["due"] == "2027-01-12T09:00:00Z"


def test_every_reason_there_is_has_words_in_two_languages() -> None:
    assert all(sv and en and sv != en for sv, en in (STEPS | IMPOSSIBLE).values())
