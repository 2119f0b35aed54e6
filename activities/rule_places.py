"""Finds the file and line of what a check, or validation, calls by a place in the pack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from activities.rule_faults import Located, invalid
from activities.rule_files import File, said_under
from activities.rule_layers import like_chain
from activities.rule_lines import Place, lines
from rules.checks import Fault

JOURNEY = (("step",), ("phase",))


def place_of(loc: tuple[str | int, ...]) -> Place:
    """The place in the files of what validation calls by its own names."""
    place = tuple(part for part in loc if part != "[key]")
    return place[1:] if place[0] in ("general", "journey") else place


def named(error: Any) -> tuple[str, str]:
    """A validation error as a sentence that begins with the word it is about."""
    sv, en = invalid(error)
    word = ".".join(map(str, place_of(error["loc"])))
    return f"{word} {sv}", f"{word} {en}"


def located(faults: list[Fault], files: list[File]) -> tuple[Located, ...]:
    """The faults with file and line, in the order of the files; each said once."""
    where = _Finder(files)
    told = [Located(*where.find(fault.place), fault.sv, fault.en, fault.warning) for fault in faults]
    order = {file.path: number for number, file in enumerate(files)}
    return tuple(sorted(dict.fromkeys(told), key=lambda one: (order.get(one.file, -1), one.line or 0)))


class _Finder:
    """Finds the file and line of a place, or of the nearest thing around it that is written anywhere."""

    def __init__(self, files: list[File]) -> None:
        self.files = files
        self.kinds = said_under(files, "kinds")
        self.stems = {f.said.get("organisation"): str(f.prefix[1]) for f in files if f.prefix[:1] == ("overlays",)}
        self.known: dict[Place, tuple[Path, int]] = {}

    def find(self, place: Place) -> tuple[Path, int]:
        if not self.known:
            for file in self.files:
                for inner, line in lines(file.text).items():
                    self.known.setdefault((*file.prefix, *inner), (file.path, line))
        place = self.written(place)
        for length in range(len(place), 0, -1):
            if place[:length] in self.known:
                return self.known[place[:length]]
        own = [file for file in self.files if file.prefix and place[: len(file.prefix)] == file.prefix]
        own += [file for file in self.files if place[:1] in JOURNEY and file.path.name == "journey.toml"]
        return (own or self.files)[0].path, 1

    def written(self, place: Place) -> Place:
        """Where a thing is written: in the kind that another is like, in the file of an organisation's overlay."""
        if place[:1] == ("overlays",) and len(place) > 1 and place[1] in self.stems:
            return ("overlays", self.stems[place[1]], *place[2:])
        if place[:1] == ("kinds",) and len(place) > 2 and place[1] in self.kinds:
            for code in like_chain(str(place[1]), self.kinds):
                if isinstance(self.kinds[code], dict) and place[2] in self.kinds[code]:
                    return self.taken_from(("kinds", code, *place[2:]))
        return place

    def taken_from(self, place: Place) -> Place:
        """Where a deadline of a kind, or who may extend it, comes from when the kind itself does not say it."""
        said: Any = self.kinds
        for key in place[1:5]:
            said, around = said.get(key) if isinstance(said, dict) else None, said
            if said is not None:
                continue
            if key in ("hold", "supplement"):
                return ("defaults", key, *place[2:3], *place[4:])
            if key == "extension" and isinstance(around, dict):
                return ("statute", around["statute"], key) if "statute" in around else ("defaults", key)
        return place
