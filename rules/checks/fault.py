"""One thing wrong with a rule pack: where it is written, and what is wrong, in Swedish and English."""

from __future__ import annotations

from typing import NamedTuple

Place = tuple[str | int, ...]
"""A key path in the pack's files: `("kinds", "protected-bed", "acute", "decision")`, `("step", 3)`."""


class Fault(NamedTuple):
    place: Place
    sv: str
    en: str
    warning: bool = False
    """A warning is told and refuses nothing."""
