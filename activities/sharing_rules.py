"""Reads the dated sharing rules and compiles the ones in force into the immutable `SharingRules`.

One folder for each date. Its files say different parts and are read as one; the names of the files mean nothing.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from activities.rule_faults import BadPack, Located
from activities.rule_files import File, read
from activities.rule_lines import lines
from activities.rule_places import named
from activities.sharing_sources import SharingSource, compiled
from models.sharing import SharingRules
from models.words import Code
from rules.checks import Fault
from rules.sharing import SAME_AGENCY, local_day
from rules.sharing_checks import findings

SHARING = Path(__file__).parent.parent / "rules" / "sharing"
__all__ = ["SHARING", "BadPack", "load_sharing", "sharing_at", "sharing_on", "sharing_words"]


class Dated(NamedTuple):
    folder: Path
    begins: date
    ends: date | None


def sharing_at(instant: datetime) -> SharingRules | None:
    """The rules in force at an instant, by the day in Sweden: the day by which `rules.sharing` judges too."""
    return sharing_on(local_day(instant))


@lru_cache(maxsize=64)
def sharing_on(day: date, root: Path = SHARING) -> SharingRules | None:
    """The rules in force on `day`; None when none are, and then nothing may be told to anybody.

    Raises:
        BadPack: rules can't be used, or two are in force at once; each fault with its file and line.
    """
    found = [one for one in dated(root) if one.begins <= day and (one.ends is None or day <= one.ends)]
    return load_sharing(found[0].folder) if found else None


class SharingWords(NamedTuple):
    """Every category and ground that installed rules have, whenever they are in force."""

    categories: frozenset[Code]
    grounds: frozenset[Code]


@lru_cache(maxsize=4)
def sharing_words(root: Path = SHARING) -> SharingWords:
    every = [load_sharing(one.folder) for one in dated(root)]
    return SharingWords(
        categories=frozenset(code for rules in every for code in rules.categories),
        grounds=frozenset(code for rules in every for code in rules.grounds) | {SAME_AGENCY},
    )


def load_sharing(folder: Path) -> SharingRules:
    """The rules of one folder, compiled and checked.

    Raises:
        BadPack: every fault, each with its file and line.
    """
    files = files_of(folder)
    said, found = merged(files, folder)
    try:
        source = SharingSource.model_validate(said)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)
        told = [Fault(tuple(part for part in one["loc"] if part != "[key]"), *named(one)) for one in wrong]
        raise BadPack(*(located(fault, files) for fault in [*found, *told])) from None
    made = compiled(source, folder.name)
    if faults := [*found, *made.faults, *findings(made.rules, made.places)]:
        raise BadPack(*dict.fromkeys(located(fault, files) for fault in faults))
    return made.rules


def dated(root: Path) -> list[Dated]:
    """Every folder with its dates, oldest first.

    Raises:
        BadPack: there are none, one has no date, or two are in force on the same day.
    """
    folders = sorted(path for path in root.iterdir() if path.is_dir() and any(path.glob("*.toml")))
    if not folders:
        raise BadPack(Located(root, None, "här finns inga delningsregler", "there are no sharing rules here"))
    found = sorted((header(folder) for folder in folders), key=lambda one: one.begins)
    for earlier, later in pairwise(found):
        if earlier.ends is None or earlier.ends >= later.begins:
            names = earlier.folder.name, later.folder.name
            sv, en = f"{names[0]} och {names[1]} gäller samtidigt", f"{names[0]} and {names[1]} are in force at once"
            raise BadPack(Located(later.folder, None, sv, en))
    return found


def header(folder: Path) -> Dated:
    said = {key: value for file in files_of(folder) for key, value in file.said.items()}
    begins, ends = said.get("effective_from"), said.get("effective_until")
    if type(begins) is not date or type(ends) not in (date, type(None)):
        raise BadPack(Located(folder, None, "effective_from ska vara ett datum", "effective_from should be a date"))
    return Dated(folder, begins, ends)


def files_of(folder: Path) -> list[File]:
    found = [read(path, ()) for path in sorted(folder.glob("*.toml"))]
    if unread := [one for one in found if isinstance(one, Located)]:
        raise BadPack(*unread)
    if not found:
        raise BadPack(Located(folder, None, "här finns inga delningsregler", "there are no sharing rules here"))
    return [one for one in found if isinstance(one, File)]


def merged(files: list[File], folder: Path) -> tuple[dict[str, Any], list[Fault]]:
    """What all files say, on top of what the rules say that these are `like`, without what they take away."""
    said: dict[str, Any] = {}
    found = []
    for file in files:
        for key, value in file.said.items():
            if key in said:
                sv, en = f"{key} står i två filer", f"{key} stands in two files"
                found.append(Fault((key,), sv, en))
            said[key] = value
    model = said.pop("like", None)
    if model is None:
        return said, found
    if not isinstance(model, str) or model == folder.name or not (folder.parent / model).is_dir():
        return said, [*found, Fault(("like",), "like är inga kända regler", "like is no known rules")]
    other = {key: value for file in files_of(folder.parent / model) for key, value in file.said.items()}
    if "like" in other:
        return said, [*found, Fault(("like",), "de liknar i sin tur andra", "they are like others in turn")]
    other.pop("effective_until", None)
    return other | said, found


def located(fault: Fault, files: list[File]) -> Located:
    """The fault with the file and line of its place, or of the nearest thing around it that is written."""
    for length in range(len(fault.place), 0, -1):
        for file in files:
            if line := lines(file.text).get(tuple(fault.place[:length])):
                return Located(file.path, line, fault.sv, fault.en)
    return Located(files[0].path, None, fault.sv, fault.en)
