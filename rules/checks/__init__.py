"""What must be true of a rule pack before anyone works under it: every promise that data alone could break."""

from __future__ import annotations

from models.packs import RulePack
from rules.checks import calendars, deadlines, journey, kinds, ladders, overlays, reachability
from rules.checks.fault import Fault, Place

__all__ = ["Fault", "Place", "faults", "findings"]


def findings(pack: RulePack) -> tuple[Fault, ...]:
    """Everything found, warnings too."""
    rooms = (calendars, ladders, kinds, deadlines, overlays, journey, reachability)
    return tuple(fault for room in rooms for fault in room.faults(pack))


def faults(pack: RulePack) -> tuple[Fault, ...]:
    """What makes a pack unusable; empty when it can be used."""
    return tuple(fault for fault in findings(pack) if not fault.warning)
