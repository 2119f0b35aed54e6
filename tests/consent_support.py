"""Consent as an intake states it: from somebody of age, to everybody, for everything that a case may ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

FUNCTIONS = ("social-services", "police", "personal-security", "health-care", "civil-society")
PURPOSES = ("protection", "assessment", "placement", "open-intervention", "planning", "police-track")


def consent_form(at: str | None = None, **said: Any) -> dict[str, Any]:
    """A written consent until three hundred days after `at`; after today when nothing is said."""
    begins = datetime.fromisoformat(at) if at else datetime.now(UTC)
    form = {"functions": FUNCTIONS, "categories": ("identity", "contact", "social-file"), "purposes": PURPOSES}
    return form | {"until": (begins + timedelta(days=300)).date().isoformat()} | said


def consenting(at: str | None = None) -> dict[str, Any]:
    """What an intake says when the person has consented already."""
    return {"consent": "given", "consents": [consent_form(at)], "person": {"born": "1990-01-01"}}
