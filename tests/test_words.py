"""Everything that can be said to a person has words: acts, outcomes, refusals, notices, in both languages."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

from activities.notices import ABOUT
from console import words
from console.handoff_views import code_words
from models.case import About
from models.handoffs import Act, DeadlineName, Status
from models.words import Consent, Phase, TrackB, Urgency
from rules import transitions
from tests.rules_support import PACK

RULES = Path(__file__).parent.parent / "rules"


def codes_in(path: Path) -> set[str]:
    """Every code that a refusal is made with in a file, where it is written out."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
            for argument in node.keywords:
                values = ast.walk(argument.value) if argument.arg == "code" else ()
                found |= {v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)}
    return found


def test_every_refusal_has_a_sentence_of_its_own() -> None:
    written = set().union(*(codes_in(path) for path in RULES.glob("*.py")))
    made = {code for code in written if "kind-does-not-allow" not in code}
    made |= set(transitions.UNMET_CONDITION.values()) | {"answer-is-the-recipients", "handoff-ended"}
    by_kind = {Act.DECLINE, Act.HOLD, Act.RETURN, Act.NOT_RESPONSIBLE, Act.REROUTE, Act.FORWARD, Act.FAIL}
    made |= {f"kind-does-not-allow-{act}" for act in by_kind}
    assert len(made) > 50
    assert made - set(words.REFUSAL) == set()


def test_every_act_status_phase_and_deadline_has_words() -> None:
    for named, closed_list in (
        (words.ACT, Act),
        (words.STATUS, Status),
        (words.PHASE, Phase),
        (words.URGENCY, Urgency),
        (words.CONSENT, Consent),
        (words.TRACK_B, TrackB),
    ):
        assert set(named) == set(closed_list)
    assert set(words.DEADLINE) == {str(name) for name in DeadlineName}


def test_every_reason_and_outcome_has_words_in_the_rules_or_the_program() -> None:
    known = {code for kind in PACK.kinds.values() for codes in kind.reasons.values() for code in codes}
    known |= {code for kind in PACK.kinds.values() for codes in kind.answers.values() for code in codes}
    assert known - set(PACK.words) == set()
    ends = transitions.FINAL | {transitions.EXPIRED, transitions.RETURNED, transitions.NOT_RESPONSIBLE}
    assert ends | {transitions.DONE_LATE, transitions.OTHER} <= set(words.OUTCOME)
    assert code_words("no-capacity", PACK) == ("ingen plats", "no capacity")
    assert code_words("expired", PACK) == ("gick ut obesvarad", "expired unanswered")
    assert code_words("of-an-older-pack", PACK) == ("of-an-older-pack", "of-an-older-pack")


def test_every_notice_has_words_in_both_languages_and_names_nothing() -> None:
    assert set(ABOUT) == set(get_args(About))
    for swedish, english in ABOUT.values():
        assert swedish != english
        assert "{" not in swedish + english


def test_no_words_ever_name_what_must_not_be_told() -> None:
    said = [pair for named in (words.REFUSAL, words.OUTCOME, words.EVENT) for pair in named.values()]
    for pair in (*said, *ABOUT.values()):
        for text in pair:
            assert "18 kap" not in text
            assert "18:" not in text
            assert "fingerad" not in text.lower()
