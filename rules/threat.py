"""What a threat assessment means for others. Runs at the police's desk, where the level stays."""

from __future__ import annotations

from datetime import datetime, timedelta

from models.desk import AssessmentRecord
from models.events import Concluded, NotPossible
from models.packs import ThreatLevel


def conclude(record: AssessmentRecord, asked_at: datetime, levels: dict[str, ThreatLevel]) -> Concluded | NotPossible:
    """The consequence of an assessment: is protection needed, and until when may it be relied on?

    An assessment made "i huvudet" counts, and is marked unstructured (domain.md section 2.4). Its last
    day is an expiry: it never shifts. An assessment dated later than the question counts from the question,
    so that a mistyped year can't make it last for ever.
    """
    level = levels.get(record.level)
    if level is None:
        return NotPossible(code="unknown-level")
    return Concluded(
        needs_protection=level.needs_protection,
        structured=record.instrument is not None,
        valid_until=min(record.assessed_at or asked_at, asked_at) + timedelta(days=level.valid_days),
    )
