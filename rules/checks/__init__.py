"""What must be true of a rule pack before anyone works under it: every promise that data alone could break."""

from __future__ import annotations

from models.packs import RulePack
from rules.checks.calendars import faults as of_calendars
from rules.checks.deadlines import faults as of_deadlines
from rules.checks.fault import Fault, Place
from rules.checks.journey import faults as of_journey
from rules.checks.kinds import faults as of_kinds
from rules.checks.ladders import faults as of_ladders
from rules.checks.overlays import faults as of_overlays
from rules.checks.reachability import faults as of_reachability

__all__ = ["Fault", "Place", "faults", "findings"]


def findings(pack: RulePack) -> tuple[Fault, ...]:
    """Everything found, warnings too."""
    rooms = (of_calendars, of_ladders, of_kinds, of_deadlines, of_overlays, of_journey, of_reachability)
    return tuple(fault for room in rooms for fault in room(pack))


def faults(pack: RulePack) -> tuple[Fault, ...]:
    """What makes a pack unusable; empty when it can be used."""
    return tuple(fault for fault in findings(pack) if not fault.warning)
