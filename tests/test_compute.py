"""`deadline compute`: answers worked out by hand, and told step by step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.computing import CALENDAR, OFFICE, QUESTION, answered, asked, codes, run
from tests.support import ROOT
from tests.swedish_calendar import local, zulu


@pytest.mark.parametrize(
    ("start", "amount", "fields", "due"),
    [
        # Before the cut-off it counts as it is, also before opening; at the cut-off it waits for the next opening.
        ("Tue 5 Jan 2027 12:59", 1, OFFICE | {"opens": "09:00", "cutoff": "13:00"}, "Thu 7 Jan 2027 12:59"),
        ("Tue 5 Jan 2027 13:00", 1, OFFICE | {"opens": "09:00", "cutoff": "13:00"}, "Fri 8 Jan 2027 09:00"),
        ("Tue 5 Jan 2027 06:00", 1, OFFICE, "Thu 7 Jan 2027 06:00"),
        ("Tue 5 Jan 2027 00:00", 1, OFFICE, "Thu 7 Jan 2027 00:00"),
        ("Tue 5 Jan 2027 16:00", 1, OFFICE, "Fri 8 Jan 2027 08:00"),
        ("Wed 6 Jan 2027 03:00", 10, OFFICE, "Thu 21 Jan 2027 08:00"),
        ("Thu 18 Jun 2026 12:00", 1, OFFICE, "Mon 22 Jun 2026 12:00"),
        # Without holidays Saturday and Sunday are closed all the same.
        ("Tue 5 Jan 2027 10:00", 1, OFFICE | {"holidays": "none"}, "Wed 6 Jan 2027 10:00"),
        ("Fri 8 Jan 2027 10:00", 1, OFFICE | {"holidays": "none"}, "Mon 11 Jan 2027 10:00"),
        ("Fri 1 Jan 2027 16:30", 1, OFFICE | {"holidays": "none"}, "Tue 5 Jan 2027 08:00"),
        # Hours on the office clock wait for the office, and then run in real time.
        ("Thu 18 Jun 2026 12:59", 24, {"clock": "office", "unit": "hours", "cutoff": "13:00"}, "Fri 19 Jun 2026 12:59"),
        ("Thu 18 Jun 2026 13:00", 24, {"clock": "office", "unit": "hours", "cutoff": "13:00"}, "Tue 23 Jun 2026 08:00"),
        ("Tue 5 Jan 2027 06:00", 90, {"clock": "office", "unit": "minutes"}, "Tue 5 Jan 2027 07:30"),
        # Unless it is said when the office closes: then only while it is open.
        ("Fri 8 Jan 2027 15:00", 3, {"clock": "office", "unit": "hours", "closes": "17:00"}, "Mon 11 Jan 2027 09:00"),
        ("Fri 8 Jan 2027 06:00", 1, {"clock": "office", "unit": "hours", "closes": "17:00"}, "Fri 8 Jan 2027 09:00"),
        ("Wed 23 Dec 2026 15:00", 2, {"clock": "office", "unit": "hours", "closes": "16:00"}, "Mon 28 Dec 2026 09:00"),
        # Around the clock a day is 24 hours, whatever the wall clock does.
        ("Sat 27 Mar 2027 20:00", 1, {"clock": "around-the-clock", "unit": "days"}, "Sun 28 Mar 2027 21:00"),
        ("Mon 25 Oct 2027 20:00", 1, {"clock": "around-the-clock", "unit": "weeks"}, "Mon 1 Nov 2027 19:00"),
        ("Tue 5 Jan 2027 22:46", 80, {"clock": "around-the-clock", "unit": "minutes"}, "Wed 6 Jan 2027 00:06"),
        # The calendar ends at 24:00 and shifts as its end says.
        ("Fri 12 Mar 2027 10:00", 2, {"clock": "calendar", "unit": "weeks"}, "Tue 30 Mar 2027 24:00"),
        ("Mon 12 Apr 2027 09:00", 30, CALENDAR | {"end": "countdown"}, "Fri 12 Mar 2027 24:00"),
        ("Mon 28 Jun 2027 00:00", 30, CALENDAR | {"end": "countdown"}, "Fri 28 May 2027 24:00"),
        ("Sun 31 Jan 2027 09:00", 1, {"clock": "calendar", "unit": "months", "end": "expiry"}, "Sun 28 Feb 2027 24:00"),
        ("Sun 31 Jan 2027 09:00", 1, {"clock": "calendar", "unit": "months"}, "Mon 1 Mar 2027 24:00"),
        ("Wed 30 Dec 2026 10:00", 7, CALENDAR | {"holidays": "none"}, "Wed 6 Jan 2027 24:00"),
        ("Wed 30 Dec 2026 10:00", 7, CALENDAR, "Thu 7 Jan 2027 24:00"),
        # As long as it may be.
        ("Mon 11 Jan 2027 10:00", 120, {"clock": "calendar", "unit": "months"}, "Mon 12 Jan 2037 24:00"),
    ],
)
def test_a_deadline_is_where_a_hand_puts_it(start: str, amount: int, fields: dict[str, Any], due: str) -> None:
    assert answered(start, amount, **fields)["due"] == zulu(local(due))


def test_local_time_is_that_of_the_zone_asked_for() -> None:
    new_york = answered("Fri 12 Mar 2027 10:00", zone="America/New_York", holidays="none", **OFFICE)
    assert new_york["start"] == "2027-03-12T15:00:00Z"
    assert new_york["due"] == "2027-03-15T14:00:00Z"  # summer time began there on the 14th


def test_a_time_of_day_that_does_not_exist_moves_on_and_one_that_comes_twice_is_the_first() -> None:
    """In Cairo the clocks go forward at 00:00 on Friday 30 April and back at 24:00 on Thursday 28 October."""
    skipped = answered(
        "Thu 29 Apr 2027 20:00", zone="Africa/Cairo", holidays="none", clock="office", unit="hours", opens="00:30"
    )
    assert skipped["due"] == "2027-04-29T23:30:00Z"  # from 01:30, which 00:30 would have been
    assert "no-such-time" in codes(skipped)
    twice = answered("Wed 27 Oct 2027 23:30", zone="Africa/Cairo", holidays="none", cutoff="23:45", **OFFICE)
    assert twice["due"] == "2027-10-28T20:30:00Z"
    assert "time-occurs-twice" in codes(twice)


@pytest.mark.parametrize(
    ("start", "amount", "fields", "holds", "due", "told"),
    [
        (
            "Mon 11 Jan 2027 10:00", 24, {"clock": "around-the-clock", "unit": "hours"},
            [("Mon 11 Jan 2027 12:00", "Mon 11 Jan 2027 14:30")], "Tue 12 Jan 2027 12:30", "held",
        ),
        (
            "Mon 11 Jan 2027 10:00", 24, {"clock": "around-the-clock", "unit": "hours"},
            [("Mon 11 Jan 2027 08:00", "Mon 11 Jan 2027 10:00")], "Tue 12 Jan 2027 10:00", "hold-before-start",
        ),
        (
            "Mon 11 Jan 2027 10:00", 24, {"clock": "around-the-clock", "unit": "hours"},
            [("Mon 11 Jan 2027 08:00", "Mon 11 Jan 2027 11:00")], "Tue 12 Jan 2027 11:00", "hold-began-before-start",
        ),
        (
            "Mon 11 Jan 2027 10:00", 24, {"clock": "around-the-clock", "unit": "hours"},
            [("Tue 12 Jan 2027 10:00", "Tue 12 Jan 2027 12:00")], "Tue 12 Jan 2027 10:00", "hold-after-end",
        ),
        (
            "Mon 11 Jan 2027 10:00", 24, {"clock": "around-the-clock", "unit": "hours"},
            [("Tue 12 Jan 2027 09:59", "Tue 12 Jan 2027 12:00")], "Tue 12 Jan 2027 12:01", "held",
        ),
        (
            "Mon 11 Jan 2027 10:00", 24, {"clock": "around-the-clock", "unit": "hours"},
            [("Mon 11 Jan 2027 12:00", "Mon 11 Jan 2027 12:00")], "Tue 12 Jan 2027 10:00", "hold-of-no-length",
        ),
        (  # The second is within the time only because of the first; they may come in any order.
            "Mon 11 Jan 2027 10:00", 2, {"clock": "around-the-clock", "unit": "hours"},
            [("Mon 11 Jan 2027 13:30", "Mon 11 Jan 2027 14:30"), ("Mon 11 Jan 2027 11:00", "Mon 11 Jan 2027 13:00")],
            "Mon 11 Jan 2027 15:00", "held",
        ),
        (  # Before the office opened the clock had not begun.
            "Sat 9 Jan 2027 10:00", 4, {"clock": "office", "unit": "hours"},
            [("Sat 9 Jan 2027 12:00", "Mon 11 Jan 2027 09:00")], "Mon 11 Jan 2027 13:00", "hold-began-before-start",
        ),
        (
            "Fri 8 Jan 2027 15:00", 4, {"clock": "office", "unit": "hours"},
            [("Fri 8 Jan 2027 16:00", "Mon 11 Jan 2027 09:00")], "Mon 11 Jan 2027 12:00", "held",
        ),
        (  # An hour on Friday and an hour on Monday, when the office is open from 08:00 to 17:00.
            "Fri 8 Jan 2027 15:00", 4, {"clock": "office", "unit": "hours", "closes": "17:00"},
            [("Fri 8 Jan 2027 16:00", "Mon 11 Jan 2027 09:00")], "Mon 11 Jan 2027 12:00", "held",
        ),
        (  # Six hours, eight and two: two working days.
            "Mon 11 Jan 2027 10:00", 2, OFFICE,
            [("Tue 12 Jan 2027 10:00", "Thu 14 Jan 2027 10:00")], "Fri 15 Jan 2027 10:00", "held",
        ),
        (
            "Mon 11 Jan 2027 10:00", 2, OFFICE,
            [("Tue 12 Jan 2027 10:00", "Tue 12 Jan 2027 14:00")], "Wed 13 Jan 2027 14:00", "held",
        ),
        (
            "Mon 11 Jan 2027 10:00", 5, OFFICE,
            [("Fri 15 Jan 2027 16:00", "Mon 18 Jan 2027 08:00")], "Mon 18 Jan 2027 10:00", "hold-outside-office",
        ),
        (  # A whole day keeps the time of day, though the office is not open then.
            "Mon 11 Jan 2027 06:00", 2, OFFICE,
            [("Tue 12 Jan 2027 00:00", "Tue 12 Jan 2027 24:00")], "Thu 14 Jan 2027 06:00", "held",
        ),
        (  # Two holds that meet are one: together a whole day, which keeps the time of day.
            "Mon 11 Jan 2027 06:00", 2, OFFICE,
            [("Tue 12 Jan 2027 00:00", "Tue 12 Jan 2027 12:00"), ("Tue 12 Jan 2027 12:00", "Tue 12 Jan 2027 24:00")],
            "Thu 14 Jan 2027 06:00", "held",
        ),
        (  # Over trettondedagen: eight hours on the 5th and none on the 6th.
            "Mon 4 Jan 2027 10:00", 3, OFFICE,
            [("Tue 5 Jan 2027 08:00", "Wed 6 Jan 2027 16:00")], "Mon 11 Jan 2027 10:00", "held",
        ),
        (  # A later cut-off is a later closing: nine office hours, of which four are held.
            "Mon 11 Jan 2027 10:00", 1, OFFICE | {"cutoff": "17:00"},
            [("Mon 11 Jan 2027 13:00", "Mon 11 Jan 2027 20:00")], "Tue 12 Jan 2027 14:00", "held",
        ),
        (
            "Mon 11 Jan 2027 10:00", 7, CALENDAR,
            [("Tue 12 Jan 2027 10:00", "Thu 14 Jan 2027 09:00")], "Wed 20 Jan 2027 24:00", "days-held",
        ),
        (
            "Mon 11 Jan 2027 10:00", 7, CALENDAR,
            [("Tue 12 Jan 2027 00:00", "Tue 12 Jan 2027 23:59")], "Mon 18 Jan 2027 24:00", "hold-within-a-day",
        ),
        (  # The days held are given to Saturday, its last day, and Tuesday needs no shift.
            "Mon 11 Jan 2027 10:00", 5, CALENDAR,
            [("Tue 12 Jan 2027 10:00", "Fri 15 Jan 2027 09:00")], "Tue 19 Jan 2027 24:00", "days-held",
        ),
        (  # Held on the Sunday that the shift gave: the day it runs again is the last.
            "Mon 11 Jan 2027 10:00", 5, CALENDAR,
            [("Sun 17 Jan 2027 10:00", "Wed 20 Jan 2027 09:00")], "Wed 20 Jan 2027 24:00", "days-held",
        ),
        (
            "Mon 11 Jan 2027 10:00", 5, CALENDAR,
            [("Mon 18 Jan 2027 24:00", "Wed 20 Jan 2027 09:00")], "Mon 18 Jan 2027 24:00", "hold-after-end",
        ),
        (
            "Mon 11 Jan 2027 10:00", 7, CALENDAR | {"end": "expiry"},
            [("Tue 12 Jan 2027 10:00", "Thu 14 Jan 2027 09:00")], "Mon 18 Jan 2027 24:00", "hold-moves-no-expiry",
        ),
        (
            "Mon 18 Jan 2027 10:00", 7, CALENDAR | {"end": "countdown"},
            [("Tue 12 Jan 2027 10:00", "Thu 14 Jan 2027 09:00")], "Mon 11 Jan 2027 24:00", "hold-moves-no-countdown",
        ),
    ],
)  # fmt: skip
def test_a_hold_moves_what_it_should_and_says_so(
    start: str, amount: int, fields: dict[str, Any], holds: list[tuple[str, str]], due: str, told: str
) -> None:
    answer = answered(start, amount, holds=holds, **fields)
    assert answer["due"] == zulu(local(due))
    assert told in codes(answer)


def test_the_steps_name_the_days_that_moved_it_in_two_languages() -> None:
    answer = answered("Thu 18 Jun 2026 14:05", 2, opens="09:00", cutoff="13:00", **OFFICE)
    assert codes(answer) == ["counts-from", "after-cutoff", "working-days", "due"]
    assert [step["sv"] for step in answer["steps"]] == [
        "Räknas från tors 2026-06-18 14:05.",
        "tors 2026-06-18 14:05 är inte före 13:00, då dagen räknas som slut: räknas från nästa öppning, "
        "mån 2026-06-22 09:00. Stängt: fre 2026-06-19 (midsommarafton), lör 2026-06-20–sön 2026-06-21 (helg).",
        "2 arbetsdagar framåt vid samma klockslag: ons 2026-06-24 09:00.",
        "Går ut ons 2026-06-24 09:00.",
    ]
    assert answer["steps"][1]["en"] == (
        "Thu 2026-06-18 14:05 is not before 13:00, when the day counts as over: counts from the next opening, "
        "Mon 2026-06-22 09:00. Closed: Fri 2026-06-19 (Midsummer Eve), Sat 2026-06-20–Sun 2026-06-21 (weekend)."
    )


@pytest.mark.parametrize(
    ("start", "amount", "fields", "said"),
    [
        ("Fri 12 Mar 2027 10:00", 2, {"clock": "calendar", "unit": "weeks"}, "fre 2027-03-26 (långfredagen)"),
        ("Mon 12 Apr 2027 09:00", 30, CALENDAR | {"end": "countdown"}, "en nedräkning flyttas bakåt"),
        ("Fri 15 Jan 2027 09:00", 1, CALENDAR | {"end": "expiry"}, "(helg), men det som löper ut flyttas aldrig"),
        ("Sun 31 Jan 2027 09:00", 1, {"clock": "calendar", "unit": "months"}, "ingen dag 31"),
        ("Sat 27 Mar 2027 20:00", 24, {"clock": "around-the-clock", "unit": "hours"}, "ställs klockan fram 1 tim"),
        ("Sat 30 Oct 2027 20:00", 24, {"clock": "around-the-clock", "unit": "hours"}, "ställs klockan tillbaka 1 tim"),
        ("Tue 5 Jan 2027 22:40", 80, {"clock": "around-the-clock", "unit": "minutes"}, "Går ut tis 2027-01-05 24:00."),
        ("Mon 11 Jan 2027 10:00", 1, CALENDAR, "Går ut tis 2027-01-12 24:00."),
        ("Wed 6 Jan 2027 03:00", 1, OFFICE, "är kontoret stängt"),
        ("Mon 11 Jan 2027 10:00", 260, OFFICE, "dagar till"),
    ],
)
def test_the_steps_say(start: str, amount: int, fields: dict[str, Any], said: str) -> None:
    answer = answered(start, amount, **fields)
    assert any(said in step["sv"] for step in answer["steps"]), answer["steps"]


# On the command line.


def starter(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "starter.py", "deadline", "compute", *arguments]
    return subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, check=False)


def test_a_person_asks_one_question_and_is_told_why() -> None:
    told = starter("--start", "2027-01-05T22:40+01:00", "--clock", "office", "--amount", "3", "--unit", "working-days",
                   "--hold", "2027-01-07T10:00+01:00/2027-01-08T11:00+01:00")  # fmt: skip
    assert told.returncode == 0, told.stderr.decode()
    lines = told.stdout.decode().splitlines()
    assert lines[0] == " 1. Räknas från tis 2027-01-05 22:40."
    assert "trettondedag jul" in told.stdout.decode()
    assert "Epiphany" in told.stdout.decode()
    assert lines[-1] == "2027-01-13T08:00:00Z"


def test_a_question_put_wrong_is_refused_in_both_languages_and_in_json() -> None:
    wrong = ("--start", "2027-01-05T22:40", "--clock", "office", "--unit", "working-days")
    text, answer = run(*wrong), run(*wrong, "--json")
    assert text.exit_code == answer.exit_code == 2
    faults = {fault["field"]: fault["en"] for fault in json.loads(answer.stdout)["error"]["faults"]}
    assert faults == {"start": "has no time zone", "amount": "is missing"}
    assert "start: saknar tidszon | has no time zone" in text.stderr


def test_a_file_is_read_and_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_bytes(asked(QUESTION, QUESTION))
    assert len(run("--batch", str(questions)).stdout_bytes.splitlines()) == 2
    for wrong in (str(tmp_path / "nowhere"), str(tmp_path)):
        told = run("--batch", wrong, "--json")
        assert told.exit_code == 2
        assert "can't be read" in told.stdout
    assert run(str(questions)).exit_code == 2
    assert run("--batch", str(questions), "--amount", "1").exit_code == 2


def test_each_line_is_answered_before_the_next_is_asked() -> None:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        [sys.executable, "starter.py", "deadline", "compute", "--batch"],
        cwd=ROOT, env=buffered, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        for line in (QUESTION, {"start": "soon"}):
            process.stdin.write(asked(line))
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert ("due" in answer) is (line is QUESTION)
        _, said = process.communicate()
        assert process.returncode == 2
        assert said == b""


def test_whoever_stops_reading_is_left_in_peace() -> None:
    many = asked(*[QUESTION] * 2_000)
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "starter.py", "deadline", "compute", "--batch"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=writing, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        os.close(writing)
        os.close(reading)
        _, said = process.communicate(many)
    assert b"Traceback" not in said
    assert process.returncode == 1
