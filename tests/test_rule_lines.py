"""Every key of a TOML file has its line, so that a fault can be told where it stands."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.rule_lines import Place, lines
from tests.test_rule_packs import EXAMPLE, SHIPPED


def places(said: Any, at: Place = ()) -> list[Place]:
    """Every path to something in what `tomllib` has read."""
    inside = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    return [at, *(place for key, value in inside for place in places(value, (*at, key)))][0 if at else 1 :]


@pytest.mark.parametrize("path", [*sorted(SHIPPED.rglob("*.toml")), EXAMPLE], ids=lambda path: path.name)
def test_every_key_of_the_shipped_files_has_the_line_that_it_stands_on(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    known, written = lines(text), text.splitlines()
    expected = places(tomllib.loads(text))
    assert len(expected) > 10
    assert set(known) == set(expected)
    for place, line in known.items():
        if isinstance(place[-1], str):
            assert place[-1] in written[line - 1], (place, line)


def test_lines_are_found_in_odd_but_valid_toml() -> None:
    text = (
        "# a comment with [brackets] and = signs\n"
        '"quoted key" = "a # that is no comment"   # one that is\n'
        'dotted . "second part".third = { a = 1, "b.c" = [\n'
        "  1, 2,   # two\n"
        "  [ 3,\n"
        "    4 ] ] }\n"
        'text = """\n[not.a.table]\nkey = 1 \\""" ""\n"""\n'
        "literal = '''\n[[nor.this]]\n'''\n"
        "when = 1979-05-27 07:32:00\n"
        '[ table . "x y" ]\n'
        "k = 1\n"
        "[[many]]\nn = 1\n"
        "[many.inside]\ndeep = true\n"
        "[[many]]\n"
        "[many.inside]\n"
        "deep = false\n"
        "[[many.again]]\nlast = 'x'"
    )
    known = lines(text)
    assert set(known) == set(places(tomllib.loads(text)))
    assert {
        ("quoted key",): 2,
        ("dotted", "second part", "third", "a"): 3,
        ("dotted", "second part", "third", "b.c", 1): 4,
        ("dotted", "second part", "third", "b.c", 2, 1): 6,
        ("text",): 7,
        ("literal",): 11,
        ("when",): 14,
        ("table", "x y", "k"): 16,
        ("many", 0, "inside", "deep"): 20,
        ("many", 1, "inside", "deep"): 23,
        ("many", 1, "again", 0, "last"): 25,
    }.items() <= known.items()


KEYS = st.text("ab-_1", min_size=1, max_size=3)
VALUES = st.recursive(
    st.integers(0, 99) | st.text('x"#\\[{,=\n', max_size=4) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


def written(value: Any) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            plain = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{plain}"'
        case list():
            return "[" + ",\n ".join(map(written, value)) + "]"
        case _:
            return "{" + ", ".join(f"{key} = {written(one)}" for key, one in value.items()) + "}"


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=3), max_size=4))
def test_every_key_of_any_file_has_a_line(said: dict[str, dict[str, Any]]) -> None:
    text = "\n".join(
        f"[{table}]\n" + "".join(f"{key} = {written(value)}\n" for key, value in body.items())
        for table, body in said.items()
    )
    assert set(lines(text)) == set(places(tomllib.loads(text)))
