"""What an organisation's own managers are told at once: an incident, or that somebody broke the glass."""

from __future__ import annotations

from models.contracts import Refusal
from models.events import Raised
from models.words import Code
from rules.turn import Turn

TOLD_AT_ONCE: tuple[Code, ...] = ("manager-on-call", "security", "data-protection-officer")
"""Who is told, at the organisation itself and nowhere else. The data protection officer gets a copy."""


def raise_alarm(turn: Turn, event: Raised) -> Refusal | None:
    """Tells the managers of the organisation that raises it, also one whose part in the case is over."""
    if event.by.org not in turn.state.organisations:
        return Refusal(code="not-your-case")
    for role in TOLD_AT_ONCE:
        turn.notify(event.by.org, role, event.about, event.subject or event.key)
    return None
