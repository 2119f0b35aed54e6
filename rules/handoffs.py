"""What may be done with a handoff, by whom, and what that does to its deadlines."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from models.contracts import Refusal
from models.events import Acted
from models.handoffs import OPEN, Act, Deadline, DeadlineName, Handoff, Party, Status
from models.packs import Clock, DeadlineRule, Kind, Met, RulePack, Term
from models.words import HandoffId, OrgId, Urgency
from rules import clocks, ladders


class Transition(NamedTuple):
    source: Status
    act: Act
    by: Party
    target: Status


RECIPIENT, REQUESTER = Party.RECIPIENT, Party.REQUESTER

TABLE = (
    Transition(Status.REQUESTED, Act.ACKNOWLEDGE, RECIPIENT, Status.RECEIVED),
    Transition(Status.REQUESTED, Act.ACCEPT, RECIPIENT, Status.ACCEPTED),
    Transition(Status.REQUESTED, Act.DECLINE, RECIPIENT, Status.REJECTED),
    Transition(Status.RECEIVED, Act.ACCEPT, RECIPIENT, Status.ACCEPTED),
    Transition(Status.RECEIVED, Act.DECLINE, RECIPIENT, Status.REJECTED),
    Transition(Status.ACCEPTED, Act.START, RECIPIENT, Status.IN_PROGRESS),
    Transition(Status.ACCEPTED, Act.HOLD, RECIPIENT, Status.ON_HOLD),
    Transition(Status.ACCEPTED, Act.COMPLETE, RECIPIENT, Status.COMPLETED),
    Transition(Status.ACCEPTED, Act.FAIL, RECIPIENT, Status.FAILED),
    Transition(Status.IN_PROGRESS, Act.HOLD, RECIPIENT, Status.ON_HOLD),
    Transition(Status.IN_PROGRESS, Act.COMPLETE, RECIPIENT, Status.COMPLETED),
    Transition(Status.IN_PROGRESS, Act.FAIL, RECIPIENT, Status.FAILED),
    Transition(Status.ON_HOLD, Act.FAIL, RECIPIENT, Status.FAILED),
    *(Transition(status, Act.WITHDRAW, REQUESTER, Status.CANCELLED) for status in Status if status in OPEN),
)
TRANSITIONS = {(row.source, row.act, row.by): row.target for row in TABLE}
RESUMABLE = (Status.ON_HOLD, Act.RESUME, RECIPIENT)
"""Resuming leads back to where the hold began, so it has no fixed target."""


def parties(handoff: Handoff, org: OrgId, by_phone: bool) -> tuple[Party, ...]:
    """What `org` is to this handoff. The requester who records an answer by phone speaks for the recipient."""
    found = []
    if org == handoff.recipient or (by_phone and org == handoff.requester):
        found.append(RECIPIENT)
    if org == handoff.requester:
        found.append(REQUESTER)
    return tuple(found)


def possible(handoff: Handoff, org: OrgId, pack: RulePack, by_phone: bool = False) -> tuple[Act, ...]:
    """What `org` can do with this handoff now. The same answer feeds the command line, console and API."""
    kind, mine = pack.kinds[handoff.kind], parties(handoff, org, by_phone)
    rows = [*TRANSITIONS, RESUMABLE]
    acts = {act for source, act, by in rows if source == handoff.status and by in mine}
    return tuple(act for act in Act if act in acts and allowed_by_kind(act, kind))


def allowed_by_kind(act: Act, kind: Kind) -> bool:
    """Failing is no way round a duty: what leaves no task behind when unmet can only be completed or withdrawn."""
    match act:
        case Act.DECLINE:
            return kind.may_decline
        case Act.HOLD:
            return kind.may_hold
        case Act.FAIL:
            return kind.may_fail and kind.if_unmet != "nothing"
        case _:
            return True


def refused(handoff: Handoff, event: Acted, pack: RulePack) -> Refusal | None:
    """Why `event` can't be done, or None when it can."""
    kind, org, phone = pack.kinds[handoff.kind], event.by.org, event.by_phone is not None
    choices = possible(handoff, org, pack, phone)
    if not parties(handoff, org, phone):
        return Refusal(code="not-your-handoff")
    if not allowed_by_kind(event.act, kind):
        return Refusal(code=f"kind-does-not-allow-{event.act}", possible=choices, detail=kind.basis)
    if event.act not in choices:
        as_phone = event.act in possible(handoff, org, pack, by_phone=True)
        code = "answer-is-the-recipients" if as_phone else "not-allowed-in-status"
        return Refusal(code=code, possible=choices, detail=handoff.status)
    reasons, answers = kind.reasons.get(event.act, ()), kind.answers.get(event.act, ())
    if reasons and event.reason not in reasons:
        return Refusal(code="reason-needed", possible=reasons)
    if event.reason is not None and not reasons:
        return Refusal(code="no-reason-here", possible=choices)
    if answers and event.answer not in answers:
        return Refusal(code="answer-needed", possible=answers)
    if event.answer is not None and not answers:
        return Refusal(code="no-answer-here", possible=choices)
    if kind.desk_work and event.act is Act.COMPLETE and event.assessment is None:
        return Refusal(code="assessment-needed", possible=choices)
    return None


def urgency_of(kind: Kind, wanted: Urgency) -> Urgency:
    """The urgency a handoff of this kind gets: the one wanted, or the only one that the kind knows."""
    return wanted if wanted in kind.deadlines else next(iter(kind.deadlines))


def requested(
    handoff_id: HandoffId,
    kind: Kind,
    urgency: Urgency,
    requester: OrgId,
    recipient: OrgId,
    now: datetime,
    pack: RulePack,
    anchor: datetime | None = None,
) -> Handoff:
    """A new handoff with every deadline that can be set already now."""
    handoff = Handoff(
        id=handoff_id,
        kind=kind.code,
        urgency=urgency,
        requester=requester,
        recipient=recipient,
        status=Status.REQUESTED,
        requested_at=now,
        anchor=anchor,
    )
    return with_deadlines(handoff, now, pack, ("requested", "anchor"))


def with_deadlines(handoff: Handoff, now: datetime, pack: RulePack, sources: tuple[str, ...]) -> Handoff:
    """The handoff with the deadlines that count from `sources` set (again) as of `now`."""
    kept = {deadline.name: deadline for deadline in handoff.deadlines}
    for name, rule in pack.kinds[handoff.kind].deadlines[handoff.urgency].items():
        if name is DeadlineName.HOLD:
            continue
        if rule.source_instant in sources and not is_met(rule.met, handoff.status):
            start = handoff.anchor if rule.source_instant == "anchor" and handoff.anchor else now
            kept[name] = new_deadline(name, rule, start, now, pack, kept.get(name))
    return handoff.model_copy(update={"deadlines": tuple(kept.values())})


def new_deadline(
    name: DeadlineName, rule: DeadlineRule, start: datetime, now: datetime, pack: RulePack, old: Deadline | None
) -> Deadline:
    """A deadline counted from `start`. A countdown already past at `now` is late at birth and gets a replacement."""
    term, due = rule.term, clocks.due(start, rule.term, pack)
    late = term.if_late_at_birth is not None and due <= now
    if late and term.if_late_at_birth is not None:
        due = clocks.due(now, Term(span=term.if_late_at_birth, clock=Clock.OFFICE, source=term.source), pack)
    began = clocks.when_open(now, pack) if term.clock is Clock.OFFICE or late else now
    deadline = Deadline(name=name, started=began, due=due, next_at=due, late_at_birth=late)
    if old is not None:
        deadline = deadline.model_copy(
            update={"rung": old.rung, "recurrences": old.recurrences, "climbed": old.climbed}
        )
    return ladders.armed(deadline, now, rule, pack)


def is_met(met: Met, status: Status) -> bool:
    match met:
        case Met.ANSWERED:
            return status is not Status.REQUESTED
        case Met.ACCEPTED:
            return status not in (Status.REQUESTED, Status.RECEIVED)
        case Met.COMPLETED:
            return status not in OPEN


def moved(handoff: Handoff, event: Acted, now: datetime, pack: RulePack) -> Handoff:
    """The handoff after a permitted act: its status, its owner's answer and its deadlines."""
    if event.act is Act.HOLD:
        return held(handoff, event, now, pack)
    if event.act is Act.RESUME:
        return resumed(handoff, now, pack)
    target = next(
        TRANSITIONS[handoff.status, event.act, by] for by in Party if (handoff.status, event.act, by) in TRANSITIONS
    )
    after = handoff.model_copy(
        update={"status": target, "business_status": event.answer or event.reason or handoff.business_status}
    )
    if target not in OPEN:
        return after.model_copy(update={"deadlines": (), "ended_at": now})
    first_acceptance = target is Status.ACCEPTED and handoff.status is not Status.ACCEPTED
    return with_met_cleared(with_deadlines(after, now, pack, ("accepted",)) if first_acceptance else after, pack)


def with_met_cleared(handoff: Handoff, pack: RulePack) -> Handoff:
    rules = pack.kinds[handoff.kind].deadlines[handoff.urgency]
    left = tuple(d for d in handoff.deadlines if not is_met(rules[d.name].met, handoff.status))
    return handoff.model_copy(update={"deadlines": left})


def held(handoff: Handoff, event: Acted, now: datetime, pack: RulePack) -> Handoff:
    """On hold: the clocks stand, except that of the hold itself, so that nothing rests unwatched."""
    standing = tuple(d.model_copy(update={"next_at": None}) for d in handoff.deadlines)
    review = pack.kinds[handoff.kind].deadlines[handoff.urgency][DeadlineName.HOLD]
    old = handoff.rested
    if old is not None:
        old = old.model_copy(update={"rung": old.climbed.get(review.ladder, 0)})
    watch = new_deadline(DeadlineName.HOLD, review, now, now, pack, old)
    return handoff.model_copy(
        update={
            "status": Status.ON_HOLD,
            "business_status": event.reason,
            "held_at": now,
            "held_from": handoff.status,
            "deadlines": (*standing, watch),
        }
    )


def resumed(handoff: Handoff, now: datetime, pack: RulePack) -> Handoff:
    """Resumed: each clock gets back the time it stood, measured on that clock."""
    if handoff.held_at is None or handoff.held_from is None:
        raise ValueError("only a handoff on hold can be resumed")
    running, rested = [], handoff.rested
    for deadline in handoff.deadlines:
        rule = ladders.rule_for(handoff, deadline, pack)
        if deadline.name is DeadlineName.HOLD:
            rested = deadline.model_copy(update={"climbed": deadline.climbed | {rule.ladder: deadline.rung}})
            continue
        clock = ladders.clock_of(deadline, rule)
        due = clocks.given_back(deadline.due, handoff.held_at, now, clock, pack)
        started = clocks.given_back(deadline.started, handoff.held_at, now, clock, pack)
        running.append(ladders.armed(deadline.model_copy(update={"due": due, "started": started}), now, rule, pack))
    return handoff.model_copy(
        update={
            "status": handoff.held_from,
            "business_status": None,
            "held_at": None,
            "held_from": None,
            "rested": rested,
            "deadlines": tuple(running),
        }
    )


def hurried(handoff: Handoff, now: datetime, pack: RulePack) -> Handoff:
    """Made acute: every open deadline is set again from now by the acute rules; fired rungs stay fired.

    A deadline that would have come sooner stays where it was, and a hold does not survive: nothing acute rests.
    """
    acute_rules = pack.kinds[handoff.kind].deadlines.get(Urgency.ACUTE)
    if handoff.urgency is Urgency.ACUTE or acute_rules is None:
        return handoff
    if handoff.status is Status.ON_HOLD:
        handoff = resumed(handoff, now, pack)
    before = {d.name: (d, ladders.rule_for(handoff, d, pack).ladder) for d in handoff.deadlines}
    acute = handoff.model_copy(update={"urgency": Urgency.ACUTE, "deadlines": ()})
    taken_on = is_met(Met.ACCEPTED, handoff.status)
    acute = with_deadlines(acute, now, pack, ("requested", "anchor", *(("accepted",) if taken_on else ())))
    kept = tuple(
        changed_ladder(d, *before[d.name], now, acute_rules[d.name], pack) if d.name in before else d
        for d in acute.deadlines
    )
    return acute.model_copy(update={"deadlines": kept})


def changed_ladder(
    new: Deadline, old: Deadline, old_ladder: str, now: datetime, rule: DeadlineRule, pack: RulePack
) -> Deadline:
    """The new deadline, at the latest when the old one was still to come, with what the old one's ladder has fired."""
    climbed = old.climbed | {old_ladder: old.rung}
    carried = {
        "due": old.due if now < old.due < new.due else new.due,
        "climbed": climbed,
        "rung": max(climbed.get(rule.ladder, 0), new.rung),
        "recurrences": old.recurrences if rule.ladder == old_ladder else 0,
    }
    return ladders.armed(new.model_copy(update=carried), now, rule, pack)


def is_near(kind: Kind, anchor: datetime, now: datetime) -> bool:
    """Whether the event that a handoff counts down to is so near that it is acute, whatever the case is."""
    return kind.acute_within_days is not None and anchor - now <= timedelta(days=kind.acute_within_days)


def reanchored(handoff: Handoff, anchor: datetime, now: datetime, pack: RulePack) -> Handoff:
    """The event that deadlines count from has moved: they are set again, acute when it is near."""
    if handoff.anchor == anchor:
        return handoff
    after = handoff.model_copy(update={"anchor": anchor})
    if is_near(pack.kinds[handoff.kind], anchor, now):
        return hurried(after, now, pack)
    return with_deadlines(after, now, pack, ("anchor",))


def wake_at(handoff: Handoff) -> datetime | None:
    """The earliest instant at which one of this handoff's ladders wants to be woken."""
    return min((d.next_at for d in handoff.deadlines if d.next_at is not None), default=None)
