"""What a case needs next, after whatever has happened: due steps of the journey, and where track B stands."""

from __future__ import annotations

from datetime import datetime

from models.case import CaseState
from models.desk_work import Collect, FindCandidates, Receive, TakeBack
from models.handoffs import Act
from models.packs import Step
from models.words import ConsentTo, Function, TrackB
from rules import facts, journey
from rules.turn import MOST_OPEN, PLAN_OR_CLOSE, Turn


def go_on(turn: Turn) -> None:
    """Takes every step that is due, until none is. A case that is full takes the rest when there is room again."""
    settle_track_b(turn)
    while due := journey.due_steps(turn.state, turn.pack):
        if sum(handoff.is_open for handoff in turn.state.handoffs.values()) >= MOST_OPEN:
            break
        take_step(turn, due[0])
        turn.update(steps=turn.state.steps | {due[0].code: turn.now})
    settle_track_b(turn)
    leave_nothing_unowned(turn)
    turn.update(phase=journey.phase(turn.state, turn.pack.phases))


def leave_nothing_unowned(turn: Turn) -> None:
    """An open case always has somebody who is to do something by some time. Nothing stalls in silence."""
    state = turn.state
    if state.opened_at is None or state.closed is not None:
        return
    live = [handoff for handoff in state.handoffs.values() if handoff.is_open]
    planning = [handoff for handoff in live if handoff.kind == PLAN_OR_CLOSE]
    reachable = [effect for effect in state.desk_effects.values() if not effect.unreachable]
    asked = [effect for effect in reachable if not isinstance(effect.task.question, Receive | TakeBack | Collect)]
    if not live and not asked:
        turn.plan_or_close()
    elif planning and len(live) > len(planning):
        for handoff in planning:
            turn.end(handoff, Act.SETTLE, "going-on")


def take_step(turn: Turn, step: Step) -> None:
    """Creates the step's handoff. Where nobody is known to send or receive it, somebody must find another way."""
    state, urgency = turn.state, step.urgency or turn.state.urgency
    sender = journey.organisation_for(step.sender, state)
    if step.recipient == "candidates" and sender is not None and state.organisations[sender].desk:
        turn.ask_desk(sender, FindCandidates(case=state.case, step=step.code))
        return
    recipient = None if step.recipient == "candidates" else journey.organisation_for(step.recipient, state)
    if sender is None or recipient is None:
        owner = sender or state.acting.get(Function.SOCIAL_SERVICES) or state.opener
        if owner is not None:
            turn.find_another_way(owner, urgency, None, step=step.code)
        return
    anchor = state.anchors.get(step.anchor) if step.anchor else None
    turn.request(step.kind, sender, recipient, urgency, step=step.code, anchor=anchor)


def settle_track_b(turn: Turn) -> None:
    """Track B opens only when its guard holds, and ends when consent to it does. The social track goes on."""
    state, kinds = turn.state, turn.pack.kinds
    live = [handoff for handoff in state.handoffs.values() if handoff.is_open]
    for handoff in [h for h in live if not journey.consented(state, kinds[h.kind])]:
        turn.end(handoff, Act.CANCEL, "consent-withdrawn")
        turn.update(steps={code: at for code, at in turn.state.steps.items() if code != handoff.step})
    if ConsentTo.POLICE_TRACK not in state.consents:
        if state.track_b in (TrackB.TRYING, TrackB.OPEN):
            turn.update(track_b=TrackB.ENDED)
        return
    asked = any(kinds[handoff.kind].opens_track_b for handoff in live)
    if asked and state.track_b in (TrackB.NOT_TRIED, TrackB.ENDED):
        turn.update(track_b=TrackB.TRYING)
    elif state.track_b is TrackB.TRYING and not asked and not state.police_eligible:
        turn.update(track_b=TrackB.ENDED)
    elif state.track_b is TrackB.TRYING and guard_holds(state):
        turn.update(track_b=TrackB.OPEN)


def let_consent_end(turn: Turn, by: datetime) -> bool:
    """Ends at its own instant what consent has ended for, before any later alarm of it sounds."""
    ends = min(facts.consent_ends(turn.state), default=None)
    if ends is None or not facts.runs_out(turn, by):
        return False
    before, turn.now = turn.now, max(turn.now, ends)
    settle_track_b(turn)
    turn.now = before
    return True


def guard_holds(state: CaseState) -> bool:
    """Eligible by the police, conditions signed, interventions decided (domain.md (d)); consent is seen to before."""
    return state.police_eligible and state.conditions_signed and "decided" in state.anchors
