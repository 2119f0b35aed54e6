"""What an act does to a handoff: its status, its owner's answer, and its deadlines."""

from __future__ import annotations

from datetime import datetime, timedelta

from models.calendars import Calendar
from models.events import Acted
from models.handoffs import OPEN, WATCHES, Act, Deadline, DeadlineName, EndedHandoff, Handoff, Move, Party, Status
from models.packs import DeadlineRule, Kind, Met, RulePack
from models.words import HandoffId, OrgId, Urgency
from rules import clocks, deadlines, ladders
from rules.transitions import DONE_LATE, NOT_RESPONSIBLE, RETURNED, target


def owner(handoff: Handoff, name: DeadlineName) -> OrgId:
    """Who owes what a deadline asks for: the recipient, or the requester when it was returned for more."""
    return handoff.requester if name is DeadlineName.SUPPLEMENT else handoff.recipient


def rule_of(handoff: Handoff, name: DeadlineName, pack: RulePack) -> DeadlineRule:
    return pack.rules_of(handoff.kind, handoff.urgency, owner(handoff, name))[name]


def calendar_of(handoff: Handoff, name: DeadlineName, pack: RulePack) -> Calendar:
    return pack.calendar_of(owner(handoff, name))


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
    """The handoff with the deadlines that count from `sources` set (again) as of `now`; those already met are not."""
    kept = {deadline.name: deadline for deadline in handoff.deadlines}
    for name, rule in pack.rules_of(handoff.kind, handoff.urgency, handoff.recipient).items():
        if name in WATCHES or rule.source_instant not in sources or is_met(rule.met, handoff.status):
            continue
        start = handoff.anchor if rule.source_instant == "anchor" and handoff.anchor else now
        fresh = deadlines.new(name, rule, start, now, pack, calendar_of(handoff, name, pack))
        old = kept.get(name)
        kept[name] = fresh if old is None else again(handoff, fresh, old, rule, "date-moved", now, pack)
    return handoff.model_copy(update={"deadlines": tuple(kept.values())})


def again(
    handoff: Handoff, new: Deadline, old: Deadline, rule: DeadlineRule, why: str, now: datetime, pack: RulePack
) -> Deadline:
    """`new` in place of `old`, on the same ladder, with the reason on record."""
    where = calendar_of(handoff, new.name, pack)
    new = deadlines.with_extensions(new, old, rule, where)
    move = Move.model_validate({"why": why, "at": now, "before": old.due, "after": new.due})
    return deadlines.set_again(new, old, (rule.ladder, rule.ladder), move, now, rule, pack, where)


def is_met(met: Met, status: Status) -> bool:
    match met:
        case Met.ANSWERED:
            return status is not Status.REQUESTED
        case Met.ACCEPTED:
            return status not in (Status.REQUESTED, Status.RECEIVED)
        case Met.COMPLETED:
            return status not in OPEN


def moved(handoff: Handoff, event: Acted, by: Party, now: datetime, pack: RulePack) -> Handoff:
    """The handoff after a permitted act: its status, its owner's answer and its deadlines."""
    match event.act:
        case Act.HOLD:
            return rested(handoff, DeadlineName.HOLD, event.reason, now, pack)
        case Act.RETURN:
            return rested(handoff, DeadlineName.SUPPLEMENT, RETURNED, now, pack)
        case Act.NOT_RESPONSIBLE:
            told = {"disclaimed_to": event.to.id if event.to else None, "paragraph": event.paragraph}
            return rested(handoff, DeadlineName.SUPPLEMENT, NOT_RESPONSIBLE, now, pack).model_copy(update=told)
        case Act.RESUME | Act.SUPPLY:
            return resumed(handoff, now, pack)
        case Act.EXTEND if event.extension is not None:
            after = [
                extended(handoff, d, event, now, pack) if d.name is event.extension.deadline else d
                for d in handoff.deadlines
            ]
            return handoff.model_copy(update={"deadlines": tuple(after)})
        case Act.ACKNOWLEDGE_ALARM:
            heard = tuple(d.model_copy(update={"alarm_acknowledged": d.alarms}) for d in handoff.deadlines)
            return handoff.model_copy(update={"deadlines": heard})
        case Act.REOPEN:
            return reopened(handoff, target(handoff, event.act, by), now, pack)
        case Act.ESCALATE:
            return handoff
    to = target(handoff, event.act, by)
    late = handoff.status not in OPEN
    outcome = DONE_LATE if late else event.answer or event.reason or handoff.business_status
    after_act = handoff.model_copy(update={"business_status": outcome})
    if to not in OPEN:
        return ended(after_act, to, outcome, now)
    first_acceptance = to is Status.ACCEPTED and handoff.accepted_at is None
    taken = after_act.model_copy(update={"status": to, "accepted_at": now if first_acceptance else handoff.accepted_at})
    return with_met_cleared(with_deadlines(taken, now, pack, ("accepted",)) if first_acceptance else taken, pack)


def ended(handoff: Handoff, to: Status, business_status: str | None, now: datetime) -> Handoff:
    """The handoff at its end: no clock runs any more. Where it was is kept, so that it can be reopened."""
    was = handoff.status if handoff.is_open else handoff.ended_from
    was = handoff.held_from if was is Status.ON_HOLD else was
    done = {"status": to, "business_status": business_status, "deadlines": (), "ended_at": now, "ended_from": was}
    return handoff.model_copy(update=done | {"held_at": None, "held_from": None})


def with_met_cleared(handoff: Handoff, pack: RulePack) -> Handoff:
    left = tuple(d for d in handoff.deadlines if not is_met(rule_of(handoff, d.name, pack).met, handoff.status))
    return handoff.model_copy(update={"deadlines": left})


def rested(
    handoff: Handoff, watch_name: DeadlineName, business_status: str | None, now: datetime, pack: RulePack
) -> Handoff:
    """At rest: the clocks that can stand do, and a watch of its own runs, so that nothing rests unseen.

    What is returned has been answered: nobody waits for an acknowledgement any more.
    """
    was = Status.RECEIVED if handoff.status is Status.REQUESTED else handoff.status
    answered = with_met_cleared(handoff.model_copy(update={"status": was}), pack)
    standing = tuple(
        deadlines.stopped(d, now, calendar_of(handoff, d.name, pack)) if can_stand(handoff, d, pack) else d
        for d in answered.deadlines
    )
    rule, where = rule_of(handoff, watch_name, pack), calendar_of(handoff, watch_name, pack)
    watch = deadlines.new(watch_name, rule, now, now, pack, where)
    for old in (earlier for earlier in handoff.rested if earlier.name is watch_name):
        watch = deadlines.gone_on(watch, old, now, rule, pack, where)
    return handoff.model_copy(
        update={
            "status": Status.ON_HOLD,
            "business_status": business_status,
            "held_at": now,
            "held_from": was,
            "deadlines": (*standing, watch),
        }
    )


def can_stand(handoff: Handoff, deadline: Deadline, pack: RulePack) -> bool:
    """Whether resting stops this clock. The replacement of a countdown stands: it is a policy of its own."""
    return deadline.late_at_birth or rule_of(handoff, deadline.name, pack).term.can_stand


def resumed(handoff: Handoff, now: datetime, pack: RulePack) -> Handoff:
    """Goes on: each clock gets back the time it stood, measured on that clock."""
    if handoff.held_at is None or handoff.held_from is None:
        raise ValueError("only a handoff at rest can go on")
    running, watched = [], {deadline.name: deadline for deadline in handoff.rested}
    for deadline in handoff.deadlines:
        rule, where = rule_of(handoff, deadline.name, pack), calendar_of(handoff, deadline.name, pack)
        if deadline.name in WATCHES:
            watched[deadline.name] = deadlines.laid_by(deadline, now, rule)
        elif deadline.stands:
            running.append(deadlines.running(deadline, handoff.held_at, now, rule, pack, where))
        else:
            running.append(deadline)
    return handoff.model_copy(
        update={
            "status": handoff.held_from,
            "business_status": None,
            "held_at": None,
            "held_from": None,
            "disclaimed_to": None,
            "paragraph": None,
            "rested": tuple(watched.values()),
            "deadlines": tuple(running),
        }
    )


def extended(handoff: Handoff, deadline: Deadline, event: Acted, now: datetime, pack: RulePack) -> Deadline:
    if event.extension is None:
        return deadline
    rule, where = rule_of(handoff, deadline.name, pack), calendar_of(handoff, deadline.name, pack)
    return deadlines.extended(deadline, event.extension, now, rule, pack, where)


def reopened(handoff: Handoff, to: Status, now: datetime, pack: RulePack) -> Handoff:
    """Open again where it was, with time from now; the law's own terms still count from when they began."""
    back = handoff.model_copy(
        update={"status": to, "business_status": "reopened", "ended_at": None, "ended_from": None, "deadlines": ()}
    ).model_copy(update={"round": handoff.round + 1, "rested": ()})
    found = []
    for name, rule in pack.rules_of(back.kind, back.urgency, back.recipient).items():
        if name in WATCHES or is_met(rule.met, to) or (rule.source_instant == "accepted" and back.accepted_at is None):
            continue
        began = {"requested": back.requested_at, "accepted": back.accepted_at, "anchor": back.anchor or now}
        start = began[rule.source_instant] if rule.term.statutory or rule.source_instant == "anchor" else now
        where = calendar_of(back, name, pack)
        fresh = deadlines.new(name, rule, start or now, now, pack, where)
        found.append(ladders.without_burst(fresh, now, rule, pack, where))
    return back.model_copy(update={"deadlines": tuple(found)})


def revived(ended: EndedHandoff) -> Handoff:
    """An ended handoff as one that can still be asked about: reopened, or completed late."""
    return Handoff(**ended.model_dump())


def put_away(handoff: Handoff, now: datetime) -> EndedHandoff:
    """What is kept of an ended handoff: enough to reopen it, or to complete it late."""
    kept = handoff.model_dump(include=set(EndedHandoff.model_fields))
    return EndedHandoff(
        **kept | {"ended_at": handoff.ended_at or now, "ended_from": handoff.ended_from or Status.REQUESTED}
    )


def in_place_of(new: Handoff, old: Handoff, now: datetime, pack: RulePack) -> Handoff:
    """A handoff sent on to the right recipient. The law's own terms go on as they ran."""
    running = {d.name: d for d in old.deadlines if rule_of(old, d.name, pack).term.statutory}
    kept = []
    for deadline in new.deadlines:
        ran = running.get(deadline.name)
        if ran is None or ran.due >= deadline.due:
            kept.append(deadline)
            continue
        rule, where = rule_of(new, deadline.name, pack), calendar_of(new, deadline.name, pack)
        carried = deadlines.taken_over(deadline, ran, now, rule, pack, where)
        kept.append(ladders.without_burst(carried, now, rule, pack, where))
    return new.model_copy(update={"deadlines": tuple(kept), "rerouted_from": old.id})


def hurried(handoff: Handoff, now: datetime, pack: RulePack) -> Handoff:
    """Made acute: every open deadline is set again from now by the acute rules; fired rungs stay fired.

    A deadline that would have come sooner stays where it was, and a hold does not survive: nothing acute rests.
    """
    kind = pack.kinds[handoff.kind]
    if handoff.urgency is Urgency.ACUTE or Urgency.ACUTE not in kind.deadlines:
        return handoff
    if handoff.status is Status.ON_HOLD:
        handoff = resumed(handoff, now, pack)
    before = {d.name: (d, rule_of(handoff, d.name, pack)) for d in handoff.deadlines}
    acute = handoff.model_copy(update={"urgency": Urgency.ACUTE, "deadlines": ()})
    taken_on = is_met(Met.ACCEPTED, handoff.status)
    acute = with_deadlines(acute, now, pack, ("requested", "anchor", *(("accepted",) if taken_on else ())))
    kept = tuple(sooner(acute, d, *before[d.name], now, pack) if d.name in before else d for d in acute.deadlines)
    return acute.model_copy(update={"deadlines": kept})


def sooner(
    acute: Handoff, new: Deadline, old: Deadline, old_rule: DeadlineRule, now: datetime, pack: RulePack
) -> Deadline:
    """The acute deadline, at the latest when the old one was still to come."""
    rule, where = rule_of(acute, new.name, pack), calendar_of(acute, new.name, pack)
    if now < old.due < new.due:
        budget = clocks.measured(new.started, old.due, new.clock, where)
        new = new.model_copy(update={"due": old.due, "budget": budget})
        new = deadlines.with_fall(new, rule)
    move = Move(why="hurried", at=now, before=old.due, after=new.due)
    return deadlines.set_again(new, old, (old_rule.ladder, rule.ladder), move, now, rule, pack, where)


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
    """The earliest instant at which time alone would change this handoff: a rung, or what follows from a miss."""
    wakes = [at for d in handoff.deadlines for at in (d.next_at, d.falls_at) if at is not None]
    return min(wakes, default=None)
