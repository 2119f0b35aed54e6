"""What is shown is what was written: nothing in it is obeyed by the screen or swallowed as mark-up."""

from __future__ import annotations

from tests.command_line import CommandLine
from tests.disclosing_support import SOCIAL

ME = ("--as", SOCIAL, "--user", "handl-01")
ODD = "Kanarie [anna] [/] :smile: [link=x]Ö[/link]"
OBEYED = "\x1b[2J\x9b31m\x07\u202eOlsson\u200f\r"


def test_text_that_looks_like_mark_up_is_shown_as_it_was_written(cli: CommandLine) -> None:
    case = cli.open_case(person={"name": ODD})
    told = cli("person", "show", case, *ME, "--category", "identity", "--purpose", "handle-case")
    assert told.code == 0, told.text
    assert ODD in " ".join(told.out.split())


def test_text_that_a_terminal_would_obey_is_shown_and_not_obeyed(cli: CommandLine) -> None:
    case = cli.open_case(person={"name": f"Karin {OBEYED}a"})
    told = cli("person", "show", case, *ME, "--category", "identity", "--purpose", "handle-case")
    assert told.code == 0, told.text
    assert "Karin �[2J�31m��Olsson��a" in told.out
    assert not set(OBEYED) - set("[2J31mOlsson") & set(told.out)
    whole = cli.json("person", "show", case, *ME, "--category", "identity", "--purpose", "handle-case")
    assert whole["items"][0]["person"]["name"] == f"Karin {OBEYED}a"
