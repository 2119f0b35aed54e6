"""`deadline explain` on a case that runs."""

from __future__ import annotations

from tests.command_line import CommandLine


def test_a_live_deadline_is_explained_in_two_languages_and_in_json(cli: CommandLine) -> None:
    case = cli.open_case()
    handoff = next(iter(cli.handoffs(case).values()))
    told = cli.json("deadline", "explain", case, handoff["id"])
    assert {deadline["name"]: deadline["due"] for deadline in told["deadlines"]} == {
        deadline["name"]: deadline["due"] for deadline in handoff["deadlines"]
    }
    text = cli("deadline", "explain", case, handoff["id"])
    assert text.code == 0, text.text
    for deadline in told["deadlines"]:
        assert deadline["steps"][-1]["code"] == "due"
        assert deadline["short"]["sv"] != deadline["short"]["en"]
        for step in deadline["steps"]:
            assert step["sv"] in text.out
            assert step["en"] in text.out


def test_a_handoff_that_is_not_there_is_not_explained(cli: CommandLine) -> None:
    case = cli.open_case()
    told = cli("deadline", "explain", case, "H999", "--json")
    assert told.code == 4
    assert "ended" in told.error["en"]
