"""What a desk reminds its own people of, whom, and how often: what no case has a clock for."""

from __future__ import annotations

from datetime import datetime, timedelta

from models.words import Code
from rules.alarms import TOLD_AT_ONCE

EVERY = timedelta(days=1)
REPORTED_WITHIN = timedelta(hours=72)
"""A breach of personal data is told to the authority within 72 hours of when it was discovered (GDPR 33.1)."""
TOLD: dict[Code, tuple[Code, ...]] = {
    "incident": TOLD_AT_ONCE,
    "break-glass": TOLD_AT_ONCE,
    "incident-open": TOLD_AT_ONCE,
    "review-overdue": ("unit-manager", "security", "data-protection-officer"),
}
"""Whom, at the own organisation and nowhere else. A review is for those who review the log."""


def is_due(since: datetime, reminded_at: datetime | None, now: datetime) -> bool:
    """Whether somebody is to be reminded now of what has been waiting since an instant: at once, then once a day."""
    return now >= since and (reminded_at is None or now >= reminded_at + EVERY)
