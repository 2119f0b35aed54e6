"""Whom to ask for a bed or a new home. Runs at the asking desk: exclusion areas never leave it."""

from __future__ import annotations

from collections.abc import Iterable

from models.desk import PlacementWishes
from models.directory import DirectoryEntry
from models.words import Function


def candidates(step: str, wishes: PlacementWishes, directory: Iterable[DirectoryEntry]) -> tuple[DirectoryEntry, ...]:
    """Those who may be asked, in the order to ask them: providers by the directory, municipalities by the wishes.

    An entry in an excluded municipality is never offered, and one whose municipality is unknown is not
    offered while anything is excluded: unknown means no.
    """
    open_to_us = [entry for entry in directory if entry.active and is_outside(entry, wishes)]
    if step == "protected-bed":
        return tuple(e for e in open_to_us if e.function is Function.HOUSING_PROVIDER and accepts(e, wishes))
    by_municipality = {e.municipality: e for e in open_to_us if e.function is Function.SOCIAL_SERVICES}
    return tuple(by_municipality[code] for code in wishes.municipalities if code in by_municipality)


def is_outside(entry: DirectoryEntry, wishes: PlacementWishes) -> bool:
    return not wishes.excluded or (entry.municipality is not None and entry.municipality not in wishes.excluded)


def accepts(entry: DirectoryEntry, wishes: PlacementWishes) -> bool:
    """A provider needs a permit (SoL 26:1) and must take this group of people."""
    return entry.permit and (wishes.group is None or wishes.group in entry.accepts)
