"""What may be done with a handoff, by whom: one table, and why everything that is not in it is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from models.contracts import Refusal
from models.events import Acted
from models.handoffs import OPEN, WATCHES, Act, Deadline, DeadlineName, Handoff, Party, Status
from models.packs import IfMissed, IfUnanswered, Kind, Mode, RulePack
from models.words import OrgId


class Transition(NamedTuple):
    source: Status
    act: Act
    by: Party
    target: Status | Literal["back"]
    """`back`: to where it was before it rested, or before it ended."""
    reasons: bool = False
    """Whether a reason from the kind's list must be stated."""


RECIPIENT, REQUESTER, COORDINATOR, SYSTEM = Party.RECIPIENT, Party.REQUESTER, Party.COORDINATOR, Party.SYSTEM
REQUESTED, RECEIVED, ACCEPTED, STARTED = Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED, Status.IN_PROGRESS
HELD = Status.ON_HOLD
OPEN_IN_ORDER = tuple(status for status in Status if status in OPEN)
EXPIRED, LAPSED, REROUTED, RETURNED, NOT_RESPONSIBLE = "expired", "lapsed", "rerouted", "returned", "not-responsible"
DONE_LATE = "completed-late"
FINAL = frozenset({LAPSED, REROUTED, "consent-withdrawn", "case-closed", "parent-withdrawn"})
"""Ends that are not reopened: the law ended them, or something else has taken their place."""
OTHER = "other"
"""The reason that is in no list: it needs a note, which stays at the author's desk."""


def rows() -> tuple[Transition, ...]:
    """Who may do what in which status, and where that leads. Everything else is refused."""
    return (
        Transition(REQUESTED, Act.ACKNOWLEDGE, RECIPIENT, RECEIVED),
        *(Transition(at, Act.ACCEPT, RECIPIENT, ACCEPTED) for at in (REQUESTED, RECEIVED)),
        *(Transition(at, Act.DECLINE, RECIPIENT, Status.REJECTED, True) for at in (REQUESTED, RECEIVED)),
        *(Transition(at, Act.NOT_RESPONSIBLE, RECIPIENT, HELD) for at in (REQUESTED, RECEIVED, ACCEPTED, STARTED)),
        *(Transition(at, Act.RETURN, RECIPIENT, HELD, True) for at in (REQUESTED, RECEIVED, ACCEPTED, STARTED)),
        Transition(HELD, Act.SUPPLY, REQUESTER, "back"),
        Transition(ACCEPTED, Act.START, RECIPIENT, STARTED),
        *(Transition(at, Act.HOLD, RECIPIENT, HELD, True) for at in (ACCEPTED, STARTED)),
        Transition(HELD, Act.RESUME, RECIPIENT, "back"),
        *(Transition(at, Act.COMPLETE, RECIPIENT, Status.COMPLETED) for at in (ACCEPTED, STARTED)),
        *(Transition(at, Act.FAIL, RECIPIENT, Status.FAILED, True) for at in (ACCEPTED, STARTED, HELD)),
        *(Transition(at, Act.FORWARD, RECIPIENT, STARTED) for at in (ACCEPTED, STARTED)),
        *(Transition(at, Act.WITHDRAW, REQUESTER, Status.CANCELLED, True) for at in OPEN_IN_ORDER),
        *(Transition(at, Act.REROUTE, REQUESTER, Status.CANCELLED, True) for at in OPEN_IN_ORDER),
        *(Transition(at, Act.ENTER_IN_ERROR, REQUESTER, Status.ENTERED_IN_ERROR) for at in OPEN_IN_ORDER),
        *(Transition(at, Act.EXTEND, RECIPIENT, at) for at in OPEN_IN_ORDER),
        *(Transition(at, Act.ESCALATE, by, at, True) for at in OPEN_IN_ORDER for by in (REQUESTER, COORDINATOR)),
        *(Transition(at, Act.ACKNOWLEDGE_ALARM, by, at) for at in OPEN_IN_ORDER for by in Party if by is not SYSTEM),
        *(
            Transition(at, Act.REOPEN, RECIPIENT, "back", True)
            for at in (Status.COMPLETED, Status.FAILED, Status.REJECTED)
        ),
        Transition(Status.CANCELLED, Act.REOPEN, REQUESTER, "back", True),
        Transition(Status.CANCELLED, Act.COMPLETE, RECIPIENT, Status.COMPLETED),
        *(Transition(at, Act.EXPIRE, SYSTEM, Status.CANCELLED) for at in OPEN_IN_ORDER),
        *(Transition(at, Act.LAPSE, SYSTEM, Status.FAILED) for at in OPEN_IN_ORDER),
        *(Transition(at, Act.CANCEL, SYSTEM, Status.CANCELLED) for at in OPEN_IN_ORDER),
        *(Transition(at, Act.SETTLE, SYSTEM, Status.COMPLETED) for at in OPEN_IN_ORDER),
    )


TABLE = rows()
TRANSITIONS = {(row.source, row.act, row.by): row for row in TABLE}
BY_STATUS = {status: tuple(row for row in TABLE if row.source is status) for status in Status}
UNMET_CONDITION = {
    Act.EXTEND: "nothing-to-extend",
    Act.ACKNOWLEDGE_ALARM: "no-alarm",
    Act.SUPPLY: "nothing-was-returned",
    Act.ESCALATE: "all-told-already",
}
"""What is missing when the status allows an act and the handoff still does not."""
NEEDS_REASON = frozenset(row.act for row in TABLE if row.reasons)


def target(handoff: Handoff, act: Act, by: Party) -> Status:
    """The status that `act` by `by` leads to.

    Raises:
        KeyError: the table has no such row; ask `refused` first.
    """
    to = TRANSITIONS[handoff.status, act, by].target
    if to != "back":
        return to
    was = handoff.held_from if handoff.status is HELD else handoff.ended_from
    return was or REQUESTED


def parties(handoff: Handoff, org: OrgId, by_phone: bool, coordinates: bool = False) -> tuple[Party, ...]:
    """What `org` is to this handoff. The requester who records an answer by phone speaks for the recipient."""
    found = []
    if org == handoff.recipient or (by_phone and org == handoff.requester):
        found.append(RECIPIENT)
    if org == handoff.requester:
        found.append(REQUESTER)
    if coordinates:
        found.append(COORDINATOR)
    return tuple(found)


def possible(
    handoff: Handoff, org: OrgId, pack: RulePack, by_phone: bool = False, *, coordinates: bool = False
) -> tuple[Act, ...]:
    """What `org` can do with this handoff now. The same answer feeds the command line, console and API."""
    kind, mine = pack.kinds[handoff.kind], parties(handoff, org, by_phone, coordinates)
    acts = {row.act for row in BY_STATUS[handoff.status] if row.by in mine}
    return tuple(act for act in Act if act in acts and allowed(act, handoff, kind, pack))


def allowed(act: Act, handoff: Handoff, kind: Kind, pack: RulePack) -> bool:
    """What the kind, and the way it rests or has ended, allow of what the status does."""
    if not allowed_by_kind(act, kind):
        return False
    match act:
        case Act.RETURN | Act.NOT_RESPONSIBLE:
            return handoff.requester != handoff.recipient
        case Act.SUPPLY:
            return is_returned(handoff)
        case Act.COMPLETE if handoff.status is Status.CANCELLED:
            return handoff.business_status == EXPIRED
        case Act.REOPEN:
            return handoff.business_status not in FINAL
        case Act.EXTEND:
            rules = pack.rules_of(handoff.kind, handoff.urgency, handoff.recipient)
            return any(rules[d.name].extension for d in handoff.deadlines if not d.stands and d.name not in WATCHES)
        case Act.ESCALATE:
            return bool(with_rungs_left(handoff, pack))
        case Act.ACKNOWLEDGE_ALARM:
            return any(deadline.alarms > deadline.alarm_acknowledged for deadline in handoff.deadlines)
        case _:
            return True


def allowed_by_kind(act: Act, kind: Kind) -> bool:
    """Failing is no way round a duty: what leaves no task behind when unmet can only be completed or withdrawn."""
    match act:
        case Act.DECLINE:
            return kind.may_decline
        case Act.HOLD:
            return kind.may_hold
        case Act.RETURN:
            return kind.may_return and kind.mode is not Mode.ASSIGNMENT
        case Act.NOT_RESPONSIBLE:
            return bool(kind.disclaims)
        case Act.REROUTE | Act.FORWARD:
            return kind.mode is not Mode.ASSIGNMENT
        case Act.FAIL:
            return kind.may_fail and kind.if_unmet != "nothing"
        case _:
            return True


def with_rungs_left(handoff: Handoff, pack: RulePack) -> list[Deadline]:
    """The running deadlines whose ladder has a level that has not been told yet, the most pressing first.

    What has reached its top recurs by itself: nobody can hurry it on, and so slow it down.
    """
    left = []
    for deadline in handoff.deadlines:
        owner = handoff.requester if deadline.name is DeadlineName.SUPPLEMENT else handoff.recipient
        rule = pack.rules_of(handoff.kind, handoff.urgency, owner)[deadline.name]
        warns = rule.if_missed is IfMissed.LAPSES  # its warnings before the end are not to be used up by anybody
        if not deadline.stands and not warns and deadline.rung < len(pack.ladders[rule.ladder].rungs):
            left.append(deadline)
    return sorted(left, key=lambda deadline: (deadline.due, deadline.name))


def is_returned(handoff: Handoff) -> bool:
    """Whether it rests because the requester owes something, not because the recipient has put it aside."""
    return any(deadline.name is DeadlineName.SUPPLEMENT for deadline in handoff.deadlines)


def refused(handoff: Handoff, event: Acted, pack: RulePack, *, coordinates: bool = False) -> Refusal | None:
    """Why `event` can't be done, or None when it can."""
    kind, org, phone = pack.kinds[handoff.kind], event.by.org, event.by_phone is not None
    choices = possible(handoff, org, pack, phone, coordinates=coordinates)
    if not parties(handoff, org, phone, coordinates):
        return Refusal(code="not-your-handoff")
    if not allowed_by_kind(event.act, kind):
        return Refusal(code=f"kind-does-not-allow-{event.act}", possible=choices, detail=kind.basis)
    if event.act not in choices:
        how = handoff.business_status if handoff.business_status in (EXPIRED, LAPSED) else handoff.status
        return Refusal(code=why_not(handoff, event, pack, coordinates), possible=choices, detail=how)
    return unstated(kind, event, choices)


def why_not(handoff: Handoff, event: Acted, pack: RulePack, coordinates: bool) -> str:
    """Why a party's act is none of those it can do now."""
    org = event.by.org
    if event.act in possible(handoff, org, pack, by_phone=True):
        return "answer-is-the-recipients"
    if handoff.status not in OPEN:
        return "handoff-ended"
    mine = parties(handoff, org, event.by_phone is not None, coordinates)
    in_table = any((handoff.status, event.act, by) in TRANSITIONS for by in mine)
    return UNMET_CONDITION.get(event.act, "not-allowed-in-status") if in_table else "not-allowed-in-status"


def unstated(kind: Kind, event: Acted, choices: tuple[Act, ...]) -> Refusal | None:
    """What an act must state and does not, or states and must not: a reason, an answer, a paragraph, an assessment."""
    reasons = kind.reasons.get(event.act, ()) if event.act in NEEDS_REASON else ()
    answers = kind.answers.get(event.act, ())
    if reasons and event.reason not in (*reasons, OTHER):
        return Refusal(code="reason-needed", possible=(*reasons, OTHER))
    if event.reason is not None and not reasons:
        return Refusal(code="no-reason-here", possible=choices)
    if event.reason == OTHER and event.note is None:
        return Refusal(code="note-needed", possible=reasons)
    if answers and event.answer not in answers:
        return Refusal(code="answer-needed", possible=answers)
    if event.answer is not None and not answers:
        return Refusal(code="no-answer-here", possible=choices)
    if kind.desk_work and event.act is Act.COMPLETE and event.assessment is None:
        return Refusal(code="assessment-needed", possible=choices)
    return misdirected(kind, event)


def misdirected(kind: Kind, event: Acted) -> Refusal | None:
    """Whether an act names the paragraph, the organisation and the extension that belong to it, and no others."""
    if (event.act is Act.EXTEND) != (event.extension is not None):
        return Refusal(code="extension-needed" if event.act is Act.EXTEND else "no-extension-here")
    disclaiming = event.act is Act.NOT_RESPONSIBLE
    if disclaiming and event.paragraph not in kind.disclaims:
        return Refusal(code="paragraph-needed", possible=kind.disclaims)
    if not disclaiming and event.paragraph is not None:
        return Refusal(code="no-paragraph-here")
    names_another = event.act in (Act.NOT_RESPONSIBLE, Act.REROUTE, Act.FORWARD)
    if names_another != (event.to is not None):
        return Refusal(code="authority-needed" if names_another else "nobody-to-name-here")
    return None


def too_late_to_reopen(handoff: Handoff, now: datetime, pack: RulePack) -> bool:
    return handoff.ended_at is None or now - handoff.ended_at > pack.reopen_within


def goes_on_when_unanswered(kind: Kind) -> bool:
    """Whether the top rung of an unanswered handoff recurs until somebody answers."""
    return kind.if_unanswered is IfUnanswered.STAY
