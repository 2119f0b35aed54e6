"""A person acts on a handoff: whether they may, what becomes of it, and what follows."""

from __future__ import annotations

from models.case import CaseState
from models.contracts import Refusal
from models.desk_work import ConcludeAssessment
from models.events import Acted, Organisation
from models.handoffs import ANSWERERS, OPEN, WATCHES, Act, Extension, Handoff, Party
from models.packs import Kind, Mode, RulePack
from models.words import ConsentTo, Function, ItemId, OrgId, TrackB
from rules import clocks, deadlines, facts, handoffs, needs, timing, transitions
from rules.turn import MOST_OPEN, Turn

NOT_NEEDED = ("no-longer-needed", "sent-in-error")
"""Reasons for withdrawing after which nothing is left to be met."""


def act(turn: Turn, event: Acted) -> Refusal | None:
    handoff = addressed(turn.state, event)
    if handoff is None:
        return Refusal(code="unknown-handoff", possible=tuple(turn.state.handoffs))
    coordinates = event.by.org in coordinators(turn.state, turn.pack.kinds[handoff.kind])
    if refusal := transitions.refused(handoff, event, turn.pack, coordinates=coordinates):
        return refusal
    if refusal := phone_refused(turn, handoff, event) or details_refused(turn, handoff, event):
        return refusal
    by = acting_party(handoff, event, coordinates)
    after = handoffs.moved(handoff, event, by, turn.now, turn.pack)
    turn.put(after)
    turn.receipt_for = after.id
    if event.by_phone is not None and turn.state.organisations[handoff.recipient].desk:
        identity = f"{handoff.id}/{event.act}/{turn.state.revision + 1}"
        turn.notify(handoff.recipient, "officer", "answer-recorded", identity, handoff=handoff.id)
    follow(turn, handoff, after, event)
    return None


def addressed(state: CaseState, event: Acted) -> Handoff | None:
    """The handoff that is meant: a live one, or an ended one as it was kept."""
    if event.handoff in state.handoffs:
        return state.handoffs[event.handoff]
    ended = state.ended.get(event.handoff)
    return handoffs.revived(ended) if ended else None


def coordinators(state: CaseState, kind: Kind) -> frozenset[OrgId]:
    """Who may watch and escalate a handoff without being a party: the municipality, and the police for track B."""
    functions = [Function.SOCIAL_SERVICES]
    if kind.opens_track_b and ConsentTo.POLICE_TRACK in state.consents:
        functions.append(Function.POLICE)
    return frozenset(state.acting[function] for function in functions if function in state.acting)


def acting_party(handoff: Handoff, event: Acted, coordinates: bool) -> Party:
    mine = transitions.parties(handoff, event.by.org, event.by_phone is not None, coordinates)
    return next(by for by in mine if (handoff.status, event.act, by) in transitions.TRANSITIONS)


def phone_refused(turn: Turn, handoff: Handoff, event: Acted) -> Refusal | None:
    """Why an answer by phone or post can't be recorded. What ends or moves a case's work must be verified."""
    if event.by_phone is None:
        return None
    moves = event.act is Act.ACCEPT and turn.pack.kinds[handoff.kind].mode is Mode.TRANSFER
    light = (Act.ACKNOWLEDGE, Act.ACCEPT, Act.START)
    if event.by_phone.verified == "not-verified" and (moves or event.act not in light):
        return Refusal(code="verify-first")
    if event.by_phone.answered_by not in ANSWERERS:
        return Refusal(code="answered-by-a-function", possible=tuple(sorted(ANSWERERS)))
    if event.by_phone.answered_at > turn.now + facts.CLOCKS_DIFFER:
        return Refusal(code="answered-in-the-future")
    if event.by_phone.answered_at < handoff.requested_at - facts.CLOCKS_DIFFER:
        return Refusal(code="answered-before-asked")
    return None


def details_refused(turn: Turn, handoff: Handoff, event: Acted) -> Refusal | None:
    """What of an act can't be judged from the table alone."""
    kind = turn.pack.kinds[handoff.kind]
    match event.act:
        case Act.REROUTE | Act.FORWARD if event.to is not None:
            asking = handoff.requester if event.act is Act.REROUTE else handoff.recipient
            if event.act is Act.REROUTE and (begun := begun_by_law(turn, handoff)):
                return Refusal(code="begun-by-law", detail=begun)
            if refusal := recipient_refused(turn.state, kind, asking, event.to, besides=handoff.recipient):
                return refusal
            return asking_refused(turn.state, kind, asking, event.to.id)
        case Act.NOT_RESPONSIBLE if event.to is not None and event.to.id == handoff.recipient:
            return Refusal(code="authority-is-yourself")
        case Act.EXTEND if event.extension is not None:
            return extension_refused(turn, handoff, event.extension)
        case Act.REOPEN:
            return reopening_refused(turn, handoff, kind)
        case _:
            return None


def recipient_refused(
    state: CaseState, kind: Kind, asking: OrgId, to: Organisation, besides: OrgId | None = None
) -> Refusal | None:
    """Why `asking` can't send this kind to `to`: it must be active, entitled to the kind, and another."""
    known = state.organisations.get(to.id, to)
    if not to.active:
        return Refusal(code="recipient-not-active", detail=to.id)
    if known.function not in kind.recipient:
        return Refusal(code="recipient-cannot-take-this", possible=kind.recipient)
    if to.accepts and kind.code not in to.accepts:
        return Refusal(code="recipient-cannot-take-this", possible=kind.recipient)
    if to.id == asking and kind.mode is not Mode.ASSIGNMENT:
        return Refusal(code="recipient-is-sender")
    if to.id != asking and kind.mode is Mode.ASSIGNMENT:
        return Refusal(code="own-work-stays-inside")
    if to.id == besides:
        return Refusal(code="recipient-has-it-already", detail=to.id)
    return None


def begun_by_law(turn: Turn, handoff: Handoff) -> str | None:
    """The paragraph by which work that was taken on is finished where it was begun (SoL 29:9), if there is one."""
    rules = turn.pack.rules_of(handoff.kind, handoff.urgency, handoff.recipient).values()
    terms = [rule.term.source for rule in rules if rule.term.statutory]
    return terms[-1] if terms and handoff.accepted_at is not None else None


def asking_refused(state: CaseState, kind: Kind, asking: OrgId, to: OrgId) -> Refusal | None:
    """The same question to the same recipient is asked once, unless the kind allows several; and no case is endless."""
    live = [h for h in state.handoffs.values() if h.is_open]
    same = [h.id for h in live if (h.kind, h.requester, h.recipient) == (kind.code, asking, to)]
    if same and not kind.repeatable:
        return Refusal(code="already-asked", possible=tuple(same))
    if len(live) >= MOST_OPEN:
        return Refusal(code="too-many-open", possible=tuple(state.handoffs))
    return None


def extension_refused(turn: Turn, handoff: Handoff, wanted: Extension) -> Refusal | None:
    """Why a deadline can't be given more time: only by whom, on which ground and as far as its rule says."""
    live = {d.name: d for d in handoff.deadlines if d.name not in WATCHES}
    deadline = live.get(wanted.deadline)
    if deadline is None:
        return Refusal(code="no-such-deadline", possible=tuple(live))
    rule = handoffs.rule_of(handoff, deadline.name, turn.pack)
    if rule.extension is None:
        return Refusal(code="not-to-be-extended", detail=rule.term.source)
    if wanted.by not in rule.extension.by:
        return Refusal(code="not-theirs-to-extend", possible=rule.extension.by, detail=rule.term.source)
    if wanted.ground not in rule.extension.grounds:
        return Refusal(code="ground-needed", possible=rule.extension.grounds)
    if deadline.stands:
        return Refusal(code="clock-stands")
    if deadline.due <= turn.now:
        return Refusal(code="too-late-to-extend")
    if deadline.extensions >= rule.extension.times:
        return Refusal(code="extended-already", detail=str(rule.extension.times))
    if wanted.span.amount == 0 or not deadlines.fits(wanted.span, deadline.clock):
        return Refusal(code="span-does-not-fit", detail=deadline.clock)
    where = handoffs.calendar_of(handoff, deadline.name, turn.pack)
    due, _ = deadlines.later(deadline, wanted.span, rule, where)
    if due > deadlines.later(deadline, rule.extension.most, rule, where)[0]:
        return Refusal(code="extension-too-long", detail=f"{rule.extension.most.amount} {rule.extension.most.unit}")
    if rule.limit is not None and due > clocks.due(deadline.origin, rule.limit, where):
        return Refusal(code="beyond-statute", detail=rule.limit.source)
    return None


def reopening_refused(turn: Turn, handoff: Handoff, kind: Kind) -> Refusal | None:
    if transitions.too_late_to_reopen(handoff, turn.now, turn.pack):
        return Refusal(code="too-late-to-reopen", detail=str(turn.pack.reopen_within.days))
    if refusal := facts.consent_lacking(turn.state, kind):
        return refusal
    children = [h for h in turn.state.handoffs.values() if h.parent == handoff.id and h.kind == handoff.kind]
    again = [child.id for child in children if child.requester == handoff.requester]
    if again:
        return Refusal(code="asked-elsewhere", possible=tuple(again))
    return None


def follow(turn: Turn, before: Handoff, after: Handoff, event: Acted) -> None:
    """What follows from an act: who acts from now on, what is asked next, who is told, what a desk must work out."""
    kind = turn.pack.kinds[after.kind]
    match event.act:
        case Act.ACCEPT if kind.mode is Mode.TRANSFER:
            take_over(turn, after)
        case Act.COMPLETE:
            completed(turn, after, event)
            if before.status not in OPEN:
                done_after_all(turn, after)
        case Act.DECLINE | Act.FAIL:
            needs.unmet(turn, after)
        case Act.WITHDRAW:
            turn.kept = needs.take_back_with(turn, after)
            if event.reason not in NOT_NEEDED:
                needs.unmet(turn, after)
            needs.leave_no_term_unwatched(turn, before)
        case Act.ENTER_IN_ERROR:
            turn.kept = needs.take_back_with(turn, after)
            needs.leave_no_term_unwatched(turn, before)
        case Act.RETURN | Act.NOT_RESPONSIBLE:
            identity = f"{after.id}/{turn.state.revision + 1}"
            turn.notify(after.requester, "officer", "returned", identity, handoff=after.id)
        case Act.REROUTE if event.to is not None:
            send_on(turn, before, event.to)
        case Act.FORWARD if event.to is not None:
            turn.know(event.to)
            turn.request(kind.code, after.recipient, event.to.id, after.urgency, parent=after.id, anchor=after.anchor)
        case Act.REOPEN:
            reopened(turn, after)
        case Act.ESCALATE:
            escalate(turn, after)


def take_over(turn: Turn, handoff: Handoff) -> None:
    """A transfer was accepted: the recipient acts from now on, and own work that follows the case goes along."""
    state = turn.state
    function = state.organisations[handoff.recipient].function
    if state.acting.get(function) not in (None, handoff.requester):
        return
    turn.update(acting=state.acting | {function: handoff.recipient})
    for own in list(turn.state.handoffs.values()):
        follows = turn.pack.kinds[own.kind].moves_with_case and own.is_open
        if follows and own.requester == own.recipient == handoff.requester:
            turn.end(own, Act.CANCEL, transitions.REROUTED)
            turn.request(
                own.kind,
                handoff.recipient,
                handoff.recipient,
                own.urgency,
                parent=own.parent,
                step=own.step,
                anchor=own.anchor,
                rerouted_from=own,
            )


def send_on(turn: Turn, handoff: Handoff, to: Organisation) -> None:
    """It had gone to the wrong recipient: the right one gets it, and the chain is kept."""
    turn.know(to)
    put_right = turn.state.handoffs[handoff.id].model_copy(update={"business_status": transitions.REROUTED})
    turn.put(put_right)
    turn.receipt_for = turn.request(
        handoff.kind,
        handoff.requester,
        to.id,
        handoff.urgency,
        parent=handoff.parent,
        step=handoff.step,
        anchor=handoff.anchor,
        candidates=handoff.candidates,
        rerouted_from=handoff,
    )


def reopened(turn: Turn, handoff: Handoff) -> None:
    """Open again: nobody needs to find another way any more, and the recipient's desk has it again."""
    turn.update(ended={i: e for i, e in turn.state.ended.items() if i != handoff.id})
    turn.answered_after_all(handoff.id)
    if turn.state.organisations[handoff.recipient].desk:
        turn.ask_desk(handoff.recipient, turn.delivery(handoff))


def done_after_all(turn: Turn, handoff: Handoff) -> None:
    """Work that had expired was done all the same: whoever was to find another way is told, and need not."""
    turn.answered_after_all(handoff.id)
    turn.notify(
        handoff.requester, "officer", "answered-after-expiry", f"{handoff.id}.{handoff.round}", handoff=handoff.id
    )


def escalate(turn: Turn, handoff: Handoff) -> None:
    """Somebody who watches does not wait for the ladder: the next rung of the most pressing deadline sounds now."""
    timing.fire_next_rung(turn, handoff, transitions.with_rungs_left(handoff, turn.pack)[0], turn.now)


def completed(turn: Turn, handoff: Handoff, event: Acted) -> None:
    kind = turn.pack.kinds[handoff.kind]
    if handoff.kind not in turn.state.completed_kinds:
        turn.update(completed_kinds=(*turn.state.completed_kinds, handoff.kind))
    if kind.desk_work == "conclude-assessment" and event.assessment is not None:
        turn.ask_desk(event.by.org, assessment_question(turn, handoff, event.assessment))
    if kind.marks is not None and (not kind.marks_on or event.answer in kind.marks_on):
        facts.mark(turn, kind.marks, turn.now)
    if kind.opens_track_b:
        eligible = event.answer == "eligible"
        turn.update(police_eligible=eligible, track_b=TrackB.TRYING if eligible else TrackB.ENDED)


def assessment_question(turn: Turn, handoff: Handoff, item: ItemId) -> ConcludeAssessment:
    return ConcludeAssessment(
        case=turn.state.case, handoff=handoff.id, item=item, asked_at=turn.now, levels=turn.pack.threat_levels
    )


def may_do(state: CaseState, handoff: Handoff, org: OrgId, pack: RulePack, by_phone: bool = False) -> tuple[Act, ...]:
    """What `org` can do with a handoff of this case, as a party or as a coordinator."""
    coordinates = org in coordinators(state, pack.kinds[handoff.kind])
    return transitions.possible(handoff, org, pack, by_phone, coordinates=coordinates)
