"""Who watches handoffs without being a party to them, and how much of one they see."""

from __future__ import annotations

from enum import StrEnum

from models.words import Code, MunicipalityCode, OrgId, TrackB, Word


class Watch(StrEnum):
    NONE = "none"
    MUNICIPALITY = "municipality"
    """A municipality's coordinator."""
    POLICE_AREA = "police-area"
    """A police coordinator, local or regional: of the municipalities in the area."""
    POLICE_NATION = "police-nation"


class Sight(StrEnum):
    STEPS = "steps"
    """A party: its own steps, deadlines and status."""
    REFERENCE = "reference"
    """The case reference, deadlines and status. No category of the person's data."""
    NOTHING = "nothing"


class Viewer(Word):
    org: OrgId
    watch: Watch = Watch.NONE
    area: tuple[MunicipalityCode, ...] = ()


class Watched(Word):
    """A handoff, as far as the visibility rule needs it."""

    requester: OrgId
    recipient: OrgId
    kind: Code
    municipalities: tuple[MunicipalityCode, ...] = ()
    """Those of the two organisations."""
    track_b: TrackB = TrackB.NOT_TRIED
    consent: bool = False
    """Consent to disclosure to the police for their track holds now."""
