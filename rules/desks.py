"""What follows when a desk has answered the plane, and when it has not. A desk may be down for days."""

from __future__ import annotations

from models.case import Assessment, DeskEffect
from models.desk_work import Collect, ConcludeAssessment, FindCandidates, Receive
from models.events import (
    CandidatesFound,
    Collected,
    Concluded,
    DeskAnswered,
    DeskSilent,
    Organisation,
    Received,
)
from models.words import Function, OrgId, Urgency
from rules import disclosures
from rules.acts import recipient_refused
from rules.turn import Turn

MOST_CANDIDATES = 12
"""Candidates kept in a case, the nearest first. When all of them have said no, somebody finds another way."""


def answered(turn: Turn, event: DeskAnswered) -> None:
    """Takes up a desk's answer, and with it the row of work that asked for it."""
    effect = turn.state.desk_effects[event.effect]
    turn.done_by_desk(effect.task.id)
    question = effect.task.question
    match event.answer:
        case Received():
            pass
        case Collected(package=package) if isinstance(question, Collect):
            disclosures.collected(turn, package)
        case _ if isinstance(question, Collect):
            disclosures.not_taken(turn, question.package)
        case Concluded() as said if isinstance(question, ConcludeAssessment):
            conclude(turn, question, said)
        case CandidatesFound(candidates=found) if isinstance(question, FindCandidates):
            ask_candidates(turn, question.step, effect.task.desk, found)
        case _:
            without_the_desk(turn, effect)


def conclude(turn: Turn, question: ConcludeAssessment, said: Concluded) -> None:
    """The newest assessment holds, also when an older one is concluded after it because its desk was down."""
    known = turn.state.assessment
    if known is None or known.asked_at <= question.asked_at:
        assessment = Assessment(
            asked_at=question.asked_at,
            needs_protection=said.needs_protection,
            structured=said.structured,
            valid_until=said.valid_until,
        )
        turn.update(assessment=assessment)
    turn.answered_after_all(question.handoff)


def without_the_desk(turn: Turn, effect: DeskEffect) -> None:
    """A desk can't answer, or can't be reached: somebody gets the task of going on without it.

    A handoff that a desk has not received needs none: its own clock runs and its ladder climbs.
    """
    match effect.task.question:
        case FindCandidates(step=step):
            turn.find_another_way(effect.task.desk, turn.state.urgency, None, step=step)
        case ConcludeAssessment(handoff=handoff):
            owner = turn.state.acting.get(Function.SOCIAL_SERVICES, effect.task.desk)
            turn.find_another_way(owner, turn.state.urgency, handoff)


def ask_candidates(turn: Turn, step_code: str, desk: OrgId, found: tuple[Organisation, ...]) -> None:
    """Asks the first candidate; the others wait in the handoff, in order."""
    step = next((step for step in turn.pack.steps if step.code == step_code), None)
    if step is None:  # the case has gone over to rules without it
        turn.find_another_way(desk, turn.state.urgency, None, step=step_code)
        return
    kind = turn.pack.kinds[step.kind]
    fit = [org for org in found if recipient_refused(turn.state, kind, desk, org) is None][:MOST_CANDIDATES]
    for organisation in fit:
        turn.know(organisation.model_copy(update={"accepts": ()}))
    ids = tuple(organisation.id for organisation in fit)
    if not ids:
        turn.find_another_way(desk, turn.state.urgency, None, step=step.code)
        return
    turn.request(step.kind, desk, ids[0], step.urgency or turn.state.urgency, step=step.code, candidates=ids[1:])


def silent(turn: Turn, event: DeskSilent) -> None:
    """An offer was not taken: the next one comes later and later. A desk long silent is an alarm, once."""
    effect = turn.state.desk_effects[event.effect]
    rules = turn.pack.desk
    wait = min(rules.retry_most, rules.retry_first * 2 ** min(effect.attempts, 16))
    unreachable = effect.unreachable or turn.now - effect.created_at >= rules.unreachable_after
    if unreachable and not effect.unreachable:
        others = (e for e in turn.state.desk_effects.values() if e.task.desk == effect.task.desk)
        if not any(other.unreachable for other in others):
            turn.notify(effect.task.desk, "operator", "desk-unreachable", effect.task.id)
        question = effect.task.question
        if isinstance(question, Receive):
            handoff = turn.state.handoffs.get(question.handoff)
            role = "on-call" if handoff is not None and handoff.urgency is Urgency.ACUTE else "officer"
            turn.notify(question.requester, role, "desk-unreachable", effect.task.id, handoff=question.handoff)
        if isinstance(question, Collect):
            turn.notify(question.sender, "officer", "package-waiting", question.package, handoff=question.handoff)
        without_the_desk(turn, effect)
    after = effect.model_copy(
        update={"attempts": effect.attempts + 1, "next_try": turn.now + wait, "unreachable": unreachable}
    )
    turn.update(desk_effects=turn.state.desk_effects | {effect.task.id: after})
