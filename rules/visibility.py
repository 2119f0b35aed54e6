"""Who sees that a handoff exists, and how it goes (domain.md (c), Visibility). Nobody is told of anything else."""

from __future__ import annotations

from models.sharing import SharingRules
from models.visibility import Sight, Viewer, Watch, Watched
from models.words import TrackB

OF_THE_POLICE = frozenset({TrackB.TRYING, TrackB.OPEN})


def sees(rules: SharingRules | None, viewer: Viewer, handoff: Watched) -> Sight:
    """A party sees its own steps. A coordinator sees by reference: the own municipality's, or, for the police,
    track-B kinds of the area with consent. Everybody else sees nothing, and no rules means nothing."""
    if viewer.org in (handoff.requester, handoff.recipient):
        return Sight.STEPS
    near = bool(set(viewer.area) & set(handoff.municipalities))
    if viewer.watch is Watch.MUNICIPALITY:
        return Sight.REFERENCE if near else Sight.NOTHING
    if viewer.watch is Watch.NONE or rules is None or handoff.kind not in rules.visibility.police_kinds:
        return Sight.NOTHING
    theirs = handoff.consent and handoff.track_b in OF_THE_POLICE
    return Sight.REFERENCE if theirs and (near or viewer.watch is Watch.POLICE_NATION) else Sight.NOTHING
