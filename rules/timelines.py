"""The timeline of one simulated case: every event, rung and deadline in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from models.events import Acted, Closed, DeskAnswered, DeskSilent, FactsRecorded, Opened
from models.handoffs import OPEN, Handoff
from models.packs import RulePack
from models.simulation import Moment, What
from rules.figures import Change, Ledger
from rules.simulation import Step

SAID = {"set": "deadline-set", "moved": "deadline-moved", "stands": "deadline-stands", "met": "deadline-met"}
SAID |= {"late": "deadline-late", "missed": "deadline-missed"}


def timeline(steps: Iterable[Step], pack: RulePack) -> Iterator[Moment]:
    """Every moment of a case, in order. What happens at the same instant stands in the order of cause."""
    ledger = Ledger(pack)
    for step in steps:
        changes = list(ledger.changes(step))
        yield from (clock(step, change) for change in changes if change.what == "late")
        yield from rungs(step)
        yield from happened(step)
        yield from statuses(step)
        yield from (clock(step, change) for change in changes if change.what in SAID and change.what != "late")
        yield from told(step)


def moment(step: Step, what: What, handoff: Handoff | None = None, **more: Any) -> Moment:
    if handoff is not None:
        more = {
            "handoff": handoff.id,
            "kind": handoff.kind,
            "requester": handoff.requester,
            "recipient": handoff.recipient,
        } | more
    return Moment(at=step.at, what=what, phase=step.after.phase, **more)


def happened(step: Step) -> Iterator[Moment]:
    """The event itself, or why it did not come about."""
    event = step.event
    if step.stopped is not None:
        yield moment(step, "stopped", code=step.stopped)
        return
    if step.refusal is not None:
        handoff = step.before.handoffs.get(event.handoff) if isinstance(event, Acted) else None
        yield moment(step, "refused", handoff, code=step.refusal.code)
        return
    match event:
        case Opened():
            yield moment(step, "opened", by=event.by.org)
        case Closed():
            yield moment(step, "closed", by=event.by.org, status=event.code.lower())
        case FactsRecorded():
            yield moment(step, "recorded", by=event.by.org)
        case Acted():
            handoff = step.before.handoffs.get(event.handoff)
            yield moment(step, "act", handoff, by=event.by.org, code=event.act, status=event.answer or event.reason)
        case DeskSilent():
            yield moment(step, "desk-silent", by=step.before.desk_effects[event.effect].task.desk)
        case DeskAnswered() if step.after.assessment is not step.before.assessment and step.after.assessment:
            yield moment(step, "assessed", due=step.after.assessment.valid_until)


def statuses(step: Step) -> Iterator[Moment]:
    """Handoffs that were created, and those that ended without anybody saying so."""
    by_id = {handoff.id: handoff for handoff in (step.entry.handoffs if step.entry else ())}
    acted_on = step.event.handoff if isinstance(step.event, Acted) else None
    for change in step.entry.changes if step.entry else ():
        handoff = by_id[change.handoff]
        if change.before is None:
            yield moment(step, "created", handoff)
        elif change.after not in OPEN and change.handoff != acted_on:
            yield moment(step, "ended", handoff, status=change.business_status or change.after)


def clock(step: Step, change: Change) -> Moment:
    what: Any = SAID[change.what]
    return moment(step, what, change.handoff, deadline=change.name, due=change.due)


def rungs(step: Step) -> Iterator[Moment]:
    handoffs = {handoff.id: handoff for handoff in (step.entry.handoffs if step.entry else ())}
    for firing in step.entry.firings if step.entry else ():
        yield moment(
            step,
            "rung",
            handoffs[firing.handoff],
            deadline=firing.deadline,
            due=firing.due,
            rung=firing.rung,
            repeat=firing.recurrence or None,
            roles=firing.to,
        )


def told(step: Step) -> Iterator[Moment]:
    """Notices that are not rungs."""
    for notice in step.entry.notices if step.entry else ():
        if notice.about != "rung":
            handoff = step.after.handoffs.get(notice.handoff or "")
            receiver = f"{notice.org}:{notice.role}"
            yield moment(step, "notice", handoff, code=notice.about, due=notice.due, roles=(receiver,))
