"""On which line of a TOML file each key stands: `tomllib` reads the values and forgets the lines."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

Place = tuple[str | int, ...]
"""A key path, with a number for each element of an array: `("step", 3, "when", 0)`."""

BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
SPACE = re.compile(r"[ \t]*")
BARE = re.compile(r"[A-Za-z0-9_-]+")
STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})' r"|'''.*?'''(?:'{0,2})" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'", re.DOTALL
)
SCALAR = re.compile(r"[^,\]}\n#]+")


def lines(text: str) -> dict[Place, int]:
    """The line (from 1) of every table, key and array element in `text`, which must be valid TOML."""
    reader = _Reader(text)
    reader.document()
    return reader.found


class _Reader:
    """Walks over TOML that is known to be valid, and writes down where things stand."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.found: dict[Place, int] = {}
        self.arrays: dict[Place, int] = {}
        """The number of the newest element of each array of tables."""

    def document(self) -> None:
        table: Place = ()
        while self.skip(BLANK) < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)

    def header(self) -> Place:
        """`[table]`, or `[[table]]`, which begins a new element."""
        begun, several = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if several else 1
        keys = self.key()
        self.at += 2 if several else 1
        place: Place = ()
        for number, key in enumerate(keys):
            place = (*place, key)
            if several and number == len(keys) - 1:
                self.found.setdefault(place, self.line(begun))
                self.arrays[place] = self.arrays.get(place, -1) + 1
            if place in self.arrays:
                place = (*place, self.arrays[place])
            self.found.setdefault(place, self.line(begun))
        return place

    def pair(self, table: Place) -> None:
        """`key = value`, where the key may be dotted."""
        begun, place = self.at, table
        for key in self.key():
            place = (*place, key)
            self.found.setdefault(place, self.line(begun))
        self.skip(SPACE)
        self.at += 1
        self.skip(SPACE)
        self.value(place)

    def key(self) -> list[str]:
        parts = []
        while True:
            self.skip(SPACE)
            if quoted := STRING.match(self.text, self.at):
                self.at = quoted.end()
                parts.append(tomllib.loads(f"key = {quoted[0]}")["key"])
            else:
                begun = self.at
                parts.append(self.text[begun : self.skip(BARE)])
            self.skip(SPACE)
            if self.text[self.at] != ".":
                return parts
            self.at += 1

    def value(self, place: Place) -> None:
        match self.text[self.at]:
            case "[":
                self.array(place)
            case "{":
                self.inline_table(place)
            case '"' | "'":
                self.skip(STRING)
            case _:
                self.skip(SCALAR)

    def array(self, place: Place) -> None:
        self.at += 1
        number = 0
        while self.text[self.skip(BLANK)] != "]":
            self.found[(*place, number)] = self.line(self.at)
            self.value((*place, number))
            if self.text[self.skip(BLANK)] == ",":
                self.at += 1
            number += 1
        self.at += 1

    def inline_table(self, place: Place) -> None:
        self.at += 1
        while self.text[self.skip(BLANK)] != "}":
            self.pair(place)
            if self.text[self.skip(BLANK)] == ",":
                self.at += 1
        self.at += 1

    def skip(self, pattern: re.Pattern[str]) -> int:
        """Goes past what `pattern` matches here, perhaps nothing; answers where that is."""
        if found := pattern.match(self.text, self.at):
            self.at = found.end()
        return self.at

    def line(self, at: int) -> int:
        return bisect_right(self.starts, at)
