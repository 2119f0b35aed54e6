"""The journey: which handoffs a case needs now, and which phase describes it. Steps and phases are data."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from models.case import CaseState
from models.handoffs import Status
from models.packs import Kind, PhaseRule, RulePack, Step
from models.words import Consent, ConsentTo, CustodyPlace, Function, Need, OrgId, Phase, TrackB, Urgency

Condition = Callable[[CaseState, str], bool]


def _opener_is(state: CaseState, function: str) -> bool:
    return state.opener is not None and state.organisations[state.opener].function == function


def _begun(state: CaseState, kind: str) -> bool:
    """Somebody has taken the first handoff of this kind in hand, or ended it."""
    live = any(h.kind == kind and h.status is not Status.REQUESTED for h in state.handoffs.values())
    return live or any(h.kind == kind for h in state.ended.values())


CONDITIONS: dict[str, Condition] = {
    "opened": lambda state, _: state.opened_at is not None,
    "opener": _opener_is,
    "urgency": lambda state, value: state.urgency == Urgency(value),
    "consent": lambda state, value: state.consent == Consent(value),
    "consent-to": lambda state, value: ConsentTo(value) in state.consents,
    "need": lambda state, value: Need(value) in state.needs,
    "minor": lambda state, _: state.minor,
    "in-custody": lambda state, value: state.custody is not None and state.custody.place == CustodyPlace(value),
    "known": lambda state, anchor: anchor in state.anchors,
    "acting": lambda state, function: Function(function) in state.acting,
    "begun": _begun,
    "completed": lambda state, kind: kind in state.completed_kinds,
    "assessed": lambda state, _: state.assessment is not None,
    "protection-needed": lambda state, _: state.assessment is not None and state.assessment.needs_protection,
    "police-track-wanted": lambda state, _: state.police_track_wanted,
    "track-b": lambda state, value: state.track_b == TrackB(value),
    "closed": lambda state, _: state.closed is not None,
}
"""What a rule pack may ask about a case, by the word before the colon."""
VALUES: dict[str, type[StrEnum]] = {
    "opener": Function,
    "urgency": Urgency,
    "consent": Consent,
    "consent-to": ConsentTo,
    "need": Need,
    "in-custody": CustodyPlace,
    "acting": Function,
    "track-b": TrackB,
}
"""What may stand after the colon, where it is a word of a closed list."""


def holds(condition: str, state: CaseState) -> bool:
    """Whether a condition holds; `a|b` when one of them does."""
    for alternative in condition.split("|"):
        word, _, value = alternative.partition(":")
        if CONDITIONS[word](state, value):
            return True
    return False


def due_steps(state: CaseState, pack: RulePack) -> tuple[Step, ...]:
    """The steps that the case needs now, may take and has not had. Each is taken once."""
    if state.closed is not None:
        return ()
    return tuple(
        step
        for step in pack.steps
        if step.code not in state.steps
        and consented(state, pack.kinds[step.kind])
        and all(holds(condition, state) for condition in step.when)
        and not any(holds(condition, state) for condition in step.unless)
    )


def consented(state: CaseState, kind: Kind) -> bool:
    """Whether a handoff of this kind may exist now, as far as consent goes."""
    return kind.needs_consent is None or kind.needs_consent in state.consents


def organisation_for(role: str, state: CaseState) -> OrgId | None:
    """Who plays `role` in this case: a function, the opener, or whoever holds the person in custody."""
    match role:
        case "opener":
            return state.opener
        case "custody":
            if state.custody is None:
                return None
            in_state_care = state.custody.place is CustodyPlace.STATE_CARE
            return state.acting.get(Function.STATE_CARE if in_state_care else Function.PRISON_AND_PROBATION)
        case _:
            return state.acting.get(Function(role))


def phase(state: CaseState, rules: tuple[PhaseRule, ...]) -> Phase:
    """The furthest phase whose conditions hold."""
    reached = [rule.phase for rule in rules if all(holds(condition, state) for condition in rule.when)]
    return reached[-1] if reached else Phase.FIRST_CONTACT
