"""A rule pack spoiled in one place, and what is then said of which line."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from activities.rule_faults import Located
from activities.rule_packs import read_pack

CONTACT, CHILDREN, COURTS = "kinds/contact.toml", "kinds/children.toml", "kinds/courts.toml"
PLACES, POLICE, SUPPORT = "kinds/places.toml", "kinds/police.toml", "kinds/support.toml"
THREAT, CUSTODY, RECORDS = "kinds/threat.toml", "kinds/custody.toml", "kinds/records.toml"
PACK, STATUTE, JOURNEY, OWN = "pack.toml", "statute.toml", "journey.toml", "overlays/own.toml"


def line_of(path: Path, at: str) -> int:
    """The line on which the first `at` begins."""
    text = path.read_text(encoding="utf-8")
    assert at in text, at
    return text[: text.index(at)].count("\n") + 1


def told(folder: Path, name: str, at: str, said: str) -> Located:
    """The fault that says this of this line, in words of two languages."""
    line, found = line_of(folder / name, at), read_pack(folder).faults
    for fault in found:
        assert fault.sv
        assert fault.en
        assert fault.sv != fault.en
    (fault,) = (f for f in found if said in f.en) if any(said in f.en for f in found) else pytest.fail(str(found))
    assert (fault.file, fault.line) == (folder / name, line), fault
    return fault


class Spoiled(NamedTuple):
    """One change in one file, and what is then said of which line. Without `at`: the line of the change."""

    name: str
    old: str
    new: str
    said: str
    at: str | None = None
