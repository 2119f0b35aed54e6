"""Consent from the command line to the case: a form says what it covers, and the case carries that and no more."""

from __future__ import annotations

import json

from tests.command_line import CommandLine, intake
from tests.consent_support import consent_form, consenting

ME = ("--as", "soc-0381", "--user", "handl-01")


def test_a_bare_word_of_consent_is_no_consent_and_the_command_that_records_one_is_told(cli: CommandLine) -> None:
    case = cli.open_case(person={"born": "1990-01-01"})
    for word in ("given", "refused"):
        bare = ("case", "record", case, "-", "--as", "soc-0381")
        told = cli(*bare, "--json", stdin=json.dumps({"consent": word, "note": "inte sparad"}))
        assert (told.code, told.error["code"]) == (3, "consent-has-its-own-command")
        assert "consent give" in told.error["sv"]
    cli.json("consent", "give", case, "-", *ME, stdin=json.dumps(consent_form()))
    shown = cli.json("case", "show", case)
    assert (shown["consent"], set(shown["consents"])) == (
        "given",
        {"police-assessment", "police-track", "health-planning"},
    )
    assert "threat-assessment" in {handoff["kind"] for handoff in shown["handoffs"]}
    agreeing = cli("case", "record", case, "-", "--as", "soc-0381", stdin='{"consent": "given"}')
    assert agreeing.code == 0, "what the history carries may be said again"


def test_an_intake_that_says_consent_says_what_it_covers(cli: CommandLine) -> None:
    told = cli("case", "open", "-", "--json", stdin=json.dumps(intake(consent="given")))
    assert (told.code, set(told.faults())) == (2, {"consents"})
    case = cli.open_case(**consenting())
    assert cli.json("case", "show", case)["consent"] == "given"
    (one,) = cli.json("consent", "show", case, *ME)["consents"]
    assert one["status"] == "given"
    ended = intake(consent="given", consents=[consent_form(until="2020-01-01")], person={"born": "1990-01-01"})
    assert cli("case", "open", "-", "--json", stdin=json.dumps(ended)).error["code"] == "consent-ended-already"


def test_a_form_that_cannot_be_a_consent_is_answered_in_sentences(cli: CommandLine) -> None:
    case = cli.open_case(person={"born": "1990-01-01"})
    for wrong, code in (({"until": "2020-01-01"}, 3), ({"until": "9999-12-31"}, 2), ({"functions": []}, 2)):
        told = cli("consent", "give", case, "-", *ME, stdin=json.dumps(consent_form(**wrong)))
        assert told.code == code, told.text
        assert "oväntat" not in told.text
    mistyped = cli("consent", "withdraw", case, *ME, "--giver", "guardian-l", "--json")
    assert (mistyped.code, mistyped.error["code"]) == (3, "unknown-giver")


def test_a_consent_to_civil_society_opens_nothing_for_the_police(cli: CommandLine) -> None:
    case = cli.open_case(person={"born": "1990-01-01"}, police_track_wanted=True)
    form = consent_form(functions=["civil-society"], purposes=["open-intervention"])
    assert cli.json("consent", "give", case, "-", *ME, stdin=json.dumps(form))["status"] == "given"
    shown = cli.json("case", "show", case)
    assert (shown["consent"], shown["consents"], shown["track_b"]) == ("given", {}, "not-tried")
    assert not {"police-track", "threat-assessment"} & {handoff["kind"] for handoff in shown["handoffs"]}
    asked = cli("handoff", "send", case, "police-track", "--to", "polisen-mitt", "--as", "soc-0381", "--json")
    assert asked.error["code"] == "consent-does-not-cover"


def test_a_child_whose_guardians_change_is_asked_about_anew(cli: CommandLine) -> None:
    child = {"person": {"born": "2018-06-01"}, "guardians": [{"id": "guardian-1"}], "police_track_wanted": True}
    case = cli.open_case(**child)
    cli.json("consent", "give", case, "-", *ME, stdin=json.dumps(consent_form(giver="guardian-1")))
    assert cli.json("case", "show", case)["track_b"] == "trying"
    second = json.dumps({"guardians": [{"id": "guardian-1"}, {"id": "guardian-2"}]})
    assert cli("case", "record", case, "-", "--as", "soc-0381", stdin=second).code == 0
    shown = cli.json("case", "show", case)
    assert (shown["consent"], shown["track_b"]) == ("not-asked", "ended")
