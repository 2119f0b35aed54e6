"""What is written when a case with canaries is opened, and of which category each of them is."""

from __future__ import annotations

from typing import Any

from models.desk import Category
from tests.canary_support import Canaries


def filled_in(birds: Canaries) -> dict[str, Any]:
    """An intake with a canary in every field that a person writes in."""
    return {
        "urgency": "acute",
        "stay_municipality": "0381",
        "opened_at": "2027-01-05T22:46:00+01:00",
        "needs": ["protected-housing", "civil-society"],
        "police_track_wanted": True,
        "safe_contact": {
            "channel": "phone",
            "value": birds.all["phone"],
            "hours": birds("hours"),
            "code_word": birds("code-word"),
        },
        "person": {
            "name": birds("name"),
            "given_name": birds("given-name"),
            "personnummer": birds.all["personnummer"],
            "reserve_number": birds("reserve-number"),
            "born": birds.all["born"],
            "protection_mark": "secrecy-marking",
        },
        "addresses": [
            {"purpose": "stay", "lines": [birds("street"), birds("town")]},
            {"purpose": "mail", "lines": [birds("mail")]},
        ],
        "relatives": [birds("relative")],
        "registered_municipality": "1880",
        "environment": "honour",
        "placement": {"excluded": ["0380"], "group": birds.code("placement-group")},
        "note": birds("note"),
        "social_file": {
            "need": birds("need"),
            "persons": 2,
            "meeting_place": birds("meeting-place"),
            "decision": birds("decision"),
            "plan": birds("plan"),
        },
        "health": {
            "care_needs": birds("care-needs"),
            "treatment": birds("treatment"),
            "medication": birds("medication"),
        },
        "criminal_record": {"summary": birds("crimes")},
        "own_risk_assessment": {
            "level": birds.code("own-level"),
            "assessed_at": "2027-01-04T10:00:00+01:00",
            "instrument": birds("own-instrument"),
            "version": birds("own-version"),
            "assessor": birds.code("own-assessor"),
            "advice": birds("own-advice"),
        },
        "threat_source": birds("threat-source"),
        "guardians": [{"id": birds.code("guardian"), "threat": True}],
        "mature": True,
    }


KEPT: dict[Category, set[str]] = {
    Category.IDENTITY: {"name", "given-name", "personnummer", "reserve-number", "born"},
    Category.CONTACT: {"phone", "hours", "code-word"},
    Category.RELATIVES: {"relative", "guardian"},
    Category.NOTE: {"note"},
    Category.SOCIAL_FILE: {"need", "meeting-place", "decision", "plan"},
    Category.HEALTH: {"care-needs", "treatment", "medication"},
    Category.CRIMINAL_RECORD: {"crimes"},
    Category.OWN_RISK_ASSESSMENT: {"own-level", "own-instrument", "own-version", "own-assessor", "own-advice"},
    Category.THREAT_SOURCE: {"threat-source"},
    Category.PLACEMENT: {"placement-group"},
    Category.ENVIRONMENT: set(),
}
"""Which canaries are of which category, beside the addresses, as the case is opened."""
TOLD_TO_ASSESS = {"name", "personnummer", "born", "hours", "code-word", "own-level", "own-advice"}
"""What a threat assessment is asked for with, beside the safe contact (`kinds.threat-assessment.request`)."""
