"""What was asked for and not met: who must see to it now, who is asked next, and what is taken back with it."""

from __future__ import annotations

from models.case import CaseState, Kept
from models.handoffs import Act, EndedHandoff, Handoff, Status
from models.packs import IfMissed
from models.words import Function, HandoffId, OrgId
from rules import handoffs
from rules.turn import Turn

TAKEN_ON = frozenset({Status.ACCEPTED, Status.IN_PROGRESS})


def unmet(turn: Turn, handoff: Handoff) -> None:
    """A request that was declined, failed or withdrawn while still needed leaves nobody without a task."""
    kind = turn.pack.kinds[handoff.kind]
    if kind.if_unmet == "next-candidate" and handoff.status is Status.REJECTED:
        ask_next(turn, handoff)
    elif kind.if_unmet != "nothing":
        turn.find_another_way(owner_of_unmet(turn.state, handoff), handoff.urgency, handoff.id)


def leave_no_term_unwatched(turn: Turn, handoff: Handoff) -> None:
    """What the law lets lapse, or lets nobody fail once it is known, was put aside by hand. Somebody answers for it."""
    lapsing = [
        deadline
        for deadline in handoff.deadlines
        if handoffs.rule_of(handoff, deadline.name, turn.pack).if_missed is IfMissed.LAPSES
    ]
    taken_up = handoff.requester == handoff.recipient or handoff.status is not Status.REQUESTED
    if lapsing or (taken_up and not turn.pack.kinds[handoff.kind].may_fail):
        turn.find_another_way(handoff.recipient, handoff.urgency, handoff.id)


def ask_next(turn: Turn, handoff: Handoff) -> None:
    """Asks the next candidate; with none left, somebody must find another way."""
    if not handoff.candidates:
        turn.find_another_way(owner_of_unmet(turn.state, handoff), handoff.urgency, handoff.id)
        return
    following, *rest = handoff.candidates
    turn.request(handoff.kind, handoff.requester, following, handoff.urgency, parent=handoff.id, candidates=tuple(rest))


def owner_of_unmet(state: CaseState, handoff: Handoff) -> OrgId:
    """Who must find another way: the one who asked. What was asked of social services stays theirs (SoL 4:1)."""
    asked, asking = state.organisations[handoff.recipient], state.organisations[handoff.requester]
    stays = asked.function is Function.SOCIAL_SERVICES and asking.function is not Function.SOCIAL_SERVICES
    return asked.id if stays else asking.id


def take_back_with(turn: Turn, parent: Handoff | EndedHandoff) -> tuple[Kept, ...]:
    """Takes back what a withdrawn handoff had caused, and stops at what stands all the same, saying why."""
    kept: list[Kept] = []
    for child in caused_by(turn.state, parent.id):
        if reason := stands(turn, parent, child):
            kept.append(Kept(handoff=child.id, reason=reason))
            continue
        if isinstance(child, Handoff):
            turn.end(child, Act.CANCEL, "parent-withdrawn")
        kept.extend(take_back_with(turn, child))
    return tuple(kept)


def stands(turn: Turn, parent: Handoff | EndedHandoff, child: Handoff | EndedHandoff) -> str | None:
    """Why a handoff stands although what it came from was withdrawn; None when it goes with it.

    Nobody takes back what another has asked (save what was merely sent on for them), nor what the law lets nobody
    refuse or fail, nor what has irreversibly happened.
    """
    live, kind = isinstance(child, Handoff), turn.pack.kinds[child.kind]
    sent_on = child.requester == parent.recipient and child.kind == parent.kind
    if live and child.requester != parent.requester and not sent_on:
        return "asked-by-another"
    by_law = not kind.may_fail or any(r.term.statutory for rules in kind.deadlines.values() for r in rules.values())
    if live and by_law:
        return "duty-by-law"
    return irreversible(turn, child)


def caused_by(state: CaseState, parent: HandoffId) -> list[Handoff | EndedHandoff]:
    """What was asked because of a handoff, and what of it has ended."""
    every: list[Handoff | EndedHandoff] = [h for h in state.handoffs.values() if h.is_open]
    every += state.ended.values()
    return [handoff for handoff in every if handoff.parent == parent]


def irreversible(turn: Turn, handoff: Handoff | EndedHandoff) -> str | None:
    """Why a handoff stands although what it came from was withdrawn; None when it can be taken back."""
    if not turn.pack.kinds[handoff.kind].irreversible:
        return None
    if isinstance(handoff, EndedHandoff):
        return "already-done" if handoff.status is Status.COMPLETED else None
    was = handoff.held_from if handoff.status is Status.ON_HOLD else handoff.status
    return "already-taken-on" if was in TAKEN_ON else None
