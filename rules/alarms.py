"""What an organisation's own managers are told at once: an incident, or that somebody broke the glass."""

from __future__ import annotations

from models.case import CaseState
from models.contracts import Refusal
from models.events import Raised
from models.handoffs import EndedHandoff, Handoff
from models.words import Code, Function, OrgId
from rules.turn import Turn

TOLD_AT_ONCE: tuple[Code, ...] = ("manager-on-call", "security", "data-protection-officer")
"""Who is told, at the organisation itself and nowhere else. The data protection officer gets a copy."""


def had_a_part(state: CaseState) -> set[OrgId | None]:
    """Whose case it is or was, and everybody who has been asked for something in it."""
    every: list[Handoff | EndedHandoff] = [*state.handoffs.values(), *state.ended.values()]
    parties = {org for handoff in every for org in (handoff.requester, handoff.recipient)}
    return parties | {state.opener, state.acting.get(Function.SOCIAL_SERVICES)}


def raise_alarm(turn: Turn, event: Raised) -> Refusal | None:
    """Tells the managers of the organisation that raises it, also one whose part in the case is over."""
    if event.by.org not in had_a_part(turn.state):
        return Refusal(code="not-your-case")
    for role in TOLD_AT_ONCE:
        turn.notify(event.by.org, role, event.about, event.subject or event.key)
    return None
