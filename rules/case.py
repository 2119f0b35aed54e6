"""The core: (case state, event, now, rule pack) -> new state, or why not. Pure, total, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from models.case import CaseState, Entry, Receipt
from models.contracts import Refusal
from models.desk_work import TakeBack
from models.events import (
    Acted,
    Actor,
    ClockMoved,
    Closed,
    DeskAnswered,
    DeskSilent,
    Disclosed,
    Event,
    FactsRecorded,
    Opened,
    Raised,
    Recalled,
    RulesAdopted,
    Sent,
    TimePassed,
    fingerprint,
)
from models.handoffs import Act
from models.packs import Kind, RulePack
from models.published_keys import CLOCKS_DIFFER
from models.words import ConsentTo, CustodyPlace, Function, OrgId, TrackB
from rules import acts, adoption, alarms, desks, disclosures, facts, handoffs, progress
from rules.clocks import BeyondCalendar
from rules.timing import pass_time
from rules.turn import PLAN_OR_CLOSE, Turn

LARGEST_THAT_GROWS = 96 * 1024
"""Characters of JSON. Beyond this a case takes no new requests; a workflow refuses to carry 128 KiB."""
MOST_FROM_OTHERS = 8
"""Open handoffs that an organisation outside the acting social services may have asked for in one case."""
MOST_KEYS_KEPT = 100
"""Request keys kept in the state, the newest; the register keeps them all."""

HOLDS = {
    CustodyPlace.REMAND: Function.PRISON_AND_PROBATION,
    CustodyPlace.PRISON: Function.PRISON_AND_PROBATION,
    CustodyPlace.PROBATION: Function.PRISON_AND_PROBATION,
    CustodyPlace.STATE_CARE: Function.STATE_CARE,
}
"""Who has a part in a case because the person is in their custody."""

GROWING = frozenset({Act.FORWARD, Act.REOPEN})
"""Acts by which there is more open than before."""


def decide(
    state: CaseState, event: Event, now: datetime, pack: RulePack, newer: RulePack | None = None
) -> CaseState | Refusal:
    """The case after `event` at `now`, or why it is refused. Same arguments, same answer.

    Everything that time alone has brought about by `now` is settled first. A request key that has been
    answered changes nothing, and neither does a desk's answer to a question that is no longer asked. `newer` is the
    pack that a case goes over to (`RulesAdopted`); what had come about until then was decided by the old one.
    """
    now = now.astimezone(UTC)
    key = getattr(event, "key", None)
    if key is not None and key in state.answered:
        same = state.answered[key].request == fingerprint(event)
        return state if same else Refusal(code="key-used-for-something-else")
    if isinstance(event, DeskAnswered | DeskSilent) and event.effect not in state.desk_effects:
        return state
    if sent_again(state, event, now):
        return Refusal(code="signature-expired")
    if grows(event) and is_full(state):
        return Refusal(code="case-too-large")
    turn = Turn(state, now, pack)
    try:
        pass_time(turn, now)
        if refusal := apply(turn, event, newer):
            return refusal
        if isinstance(event, TimePassed) and not turn.changed:
            return state
        if not (isinstance(event, TimePassed) and turn.only_alarms):
            progress.go_on(turn)
            pass_time(turn, turn.now)
    except BeyondCalendar:
        return Refusal(code="beyond-calendar", detail=str(pack.calendar.closed_until))
    return finish(turn, event, now)


def sent_again(state: CaseState, event: Event, now: datetime) -> bool:
    """Whether an act comes after its signature has expired: somebody sends again what was once taken.

    An opening is exempt: it counts once in any case, and waits in Temporal for as long as no worker runs. In training
    time is moved, the server's too.
    """
    by: Actor | None = getattr(event, "by", None)
    if by is None or by.until is None or isinstance(event, Opened) or state.training:
        return False
    return now - state.clock_offset > by.until + CLOCKS_DIFFER


def grows(event: Event) -> bool:
    """Whether an event makes a case larger, rather than bringing what is open nearer its end."""
    return isinstance(event, Sent | FactsRecorded | Disclosed) or (isinstance(event, Acted) and event.act in GROWING)


def is_full(state: CaseState) -> bool:
    """Whether a case has grown so large that only answers, time and closing may still change it."""
    return len(state.model_dump_json(exclude={"pending"})) > LARGEST_THAT_GROWS


def apply(turn: Turn, event: Event, newer: RulePack | None) -> Refusal | None:
    match event:
        case TimePassed():
            return None
        case Opened():
            return open_case(turn, event)
        case DeskAnswered():
            desks.answered(turn, event)
            return None
        case DeskSilent():
            desks.silent(turn, event)
            return None
    if turn.state.opened_at is None:
        return Refusal(code="not-opened")
    if turn.state.closed is not None:
        return Refusal(code="case-closed", detail=turn.state.closed)
    match event:
        case FactsRecorded():
            return facts.record(turn, event)
        case Sent():
            return send(turn, event)
        case Acted():
            return acts.act(turn, event)
        case Disclosed():
            return disclosures.disclose(turn, event)
        case Recalled():
            return disclosures.recall(turn, event)
        case Raised():
            return alarms.raise_alarm(turn, event)
        case RulesAdopted():
            return adoption.adopt(turn, event, newer)
        case ClockMoved():
            return move_clock(turn, event)
        case Closed():
            return close(turn, event)


def open_case(turn: Turn, event: Opened) -> Refusal | None:
    if turn.state.opened_at is not None:
        return Refusal(code="already-open")
    if event.by.org != event.opener.id:
        return Refusal(code="opener-is-another", detail=event.opener.id)
    if event.clock_offset and not event.training:
        return Refusal(code="not-a-training-case")
    if unknown := set(event.facts.instants or {}) - set(turn.pack.instants):
        return Refusal(code="unknown-instant", possible=tuple(turn.pack.instants), detail=min(unknown))
    if early := facts.not_yet(turn, event.facts):
        return Refusal(code="instant-in-the-future", detail=early)
    known = {org.id: org for org in (event.opener, *event.organisations)}
    acting = {org.function: org.id for org in event.organisations}
    turn.update(
        training=event.training,
        clock_offset=event.clock_offset,
        opened_at=turn.now,
        opener=event.opener.id,
        organisations=known,
        acting=acting | turn.state.acting,
    )
    facts.take_up(turn, event.facts)
    return None


def send(turn: Turn, event: Sent) -> Refusal | None:
    state, kind = turn.state, turn.pack.kinds.get(event.handoff_kind)
    if kind is None:
        return Refusal(code="unknown-kind", possible=tuple(turn.pack.kinds))
    sender = state.organisations.get(event.by.org)
    if sender is None or event.sender.id != event.by.org:
        return Refusal(code="not-your-case")
    if kind.sender and sender.function not in kind.sender:
        return Refusal(code="sender-may-not-ask-this", possible=kind.sender)
    begins = may_begin(state, kind, sender.id, event.recipient.id) or follows(state, event)
    if sender.id not in involved(state) and not begins:
        return Refusal(code="not-your-case")
    if refusal := acts.recipient_refused(state, kind, event.sender.id, event.recipient):
        return refusal
    if refusal := acts.asking_refused(state, kind, event.sender.id, event.recipient.id):
        return refusal
    if refusal := parent_refused(state, event):
        return refusal
    urgency = handoffs.urgency_of(kind, event.urgency)
    known = [step.anchor for step in turn.pack.steps if step.kind == kind.code and step.anchor in state.anchors]
    anchor = state.anchors[known[0]] if known and known[0] else event.anchor
    anchored = any(rule.source_instant == "anchor" for rule in kind.deadlines[urgency].values())
    if anchored and anchor is None:
        return Refusal(code="date-needed")
    if refusal := facts.consent_lacking(state, kind):
        return refusal
    theirs = [h for h in state.handoffs.values() if h.requester == event.sender.id]
    if event.sender.id != state.acting.get(Function.SOCIAL_SERVICES) and len(theirs) >= MOST_FROM_OTHERS:
        return Refusal(code="too-many-open", possible=tuple(state.handoffs))
    turn.know(event.recipient)
    turn.receipt_for = turn.request(
        kind.code, event.sender.id, event.recipient.id, urgency, parent=event.parent, anchor=anchor
    )
    return None


def parent_refused(state: CaseState, event: Sent) -> Refusal | None:
    """A handoff follows from another only for a party to that one."""
    if event.parent is None:
        return None
    parent = state.handoffs.get(event.parent) or state.ended.get(event.parent)
    if parent is None:
        return Refusal(code="unknown-handoff", possible=tuple(state.handoffs))
    if event.sender.id not in (parent.requester, parent.recipient):
        return Refusal(code="parent-is-not-yours", detail=event.parent)
    return None


def follows(state: CaseState, event: Sent) -> bool:
    """Whether what is asked follows from something that the asker has been a party to, though it has ended: who
    reported a concern asks what came of it (SoL 19:6)."""
    return event.parent is not None and parent_refused(state, event) is None


def involved(state: CaseState) -> frozenset[OrgId]:
    """Who has a part in the case now: whose it is, parties of what is open, who holds the person in custody, and with
    consent the police. One who was asked once and declined, or only might be asked, has none."""
    parts = {org for handoff in state.handoffs.values() for org in (handoff.requester, handoff.recipient)}
    holder = HOLDS[state.custody.place] if state.custody else None
    whose = [state.acting.get(function) for function in (Function.SOCIAL_SERVICES, holder) if function]
    police = state.acting.get(Function.POLICE) if ConsentTo.POLICE_TRACK in state.consents else None
    return frozenset(org for org in (*parts, *whose, police, state.opener) if org)


def may_begin(state: CaseState, kind: Kind, org: OrgId, recipient: OrgId) -> bool:
    """Whether an organisation that acts for its function here, and has no part in the case, may ask this all the same.

    What its function alone asks: the tax agency is asked by the person, and asks the social services in turn. And what
    anybody may bring to the social services: no report that a child is at risk is turned away (SoL 19:1).
    """
    if len(kind.sender) == 1:
        return state.acting.get(kind.sender[0]) == org
    social = state.acting.get(Function.SOCIAL_SERVICES)
    return not kind.sender and org in state.acting.values() and recipient == social != org


def move_clock(turn: Turn, event: ClockMoved) -> Refusal | None:
    if not turn.state.training:
        return Refusal(code="not-a-training-case")
    if event.by.org not in involved(turn.state):
        return Refusal(code="not-your-case")
    target = turn.now + event.forward
    if target.date() > turn.pack.calendar.closed_until - timedelta(days=3 * 366):
        return Refusal(code="beyond-calendar", detail=str(turn.pack.calendar.closed_until))
    turn.update(clock_offset=turn.state.clock_offset + event.forward)
    pass_time(turn, target, walking=True)
    turn.now = target
    return None


def close(turn: Turn, event: Closed) -> Refusal | None:
    """Social services close a case; who opened it may where they act for the social services, or none acts."""
    state, by = turn.state, event.by.org
    social = state.acting.get(Function.SOCIAL_SERVICES)
    functions = (Function.SOCIAL_SERVICES,) if social else tuple(Function)
    opened_it = by == state.opener and state.organisations[by].function in functions
    if by != social and not opened_it:
        return Refusal(code="not-your-case")
    planning = [handoff for handoff in state.handoffs.values() if handoff.kind == PLAN_OR_CLOSE]
    if len(state.handoffs) > len(planning):
        return Refusal(code="handoffs-open", possible=tuple(state.handoffs))
    for handoff in planning:
        turn.end(handoff, Act.SETTLE, "case-closed")
    ended = TrackB.NOT_TRIED if state.track_b is TrackB.NOT_TRIED else TrackB.ENDED
    left = {i: e for i, e in state.desk_effects.items() if isinstance(e.task.question, TakeBack)}
    for package in list(turn.state.packages):
        disclosures.destroy(turn, package)
    # Nothing wakes a closed case: a consent that it showed something by would never end.
    turn.update(closed=event.code, track_b=ended, desk_effects=left, consents={})
    return None


def finish(turn: Turn, event: Event, now: datetime) -> CaseState:
    """The next revision: numbered, sealed with its digest, and queued for the register."""
    changes = turn.status_changes()
    disclosures.handoffs_ended(turn, {h.id for h in turn.state.handoffs.values() if not h.is_open})
    turn.settle_ended()
    revision = turn.state.revision + 1
    young = [(k, r) for k, r in turn.state.answered.items() if turn.now - r.at <= turn.pack.keys_kept]
    kept = dict(young[-MOST_KEYS_KEPT + 1 :])
    key, receipt = getattr(event, "key", None), receipt_of(turn, event, revision)
    if key is not None:
        kept[key] = receipt
    turn.update(revision=revision, answered=kept)
    entry = Entry(
        revision=revision,
        at=now,
        event=event,
        digest=turn.state.digest(),
        pack=turn.pack.digest,
        phase=turn.state.phase,
        receipt=receipt if key is not None else None,
        handoffs=tuple(turn.touched.values()),
        changes=changes,
        firings=tuple(turn.firings),
        notices=tuple(turn.notices),
        destroyed=tuple(turn.destroyed),
    )
    turn.update(pending=(*turn.state.pending, entry))
    return turn.state


def receipt_of(turn: Turn, event: Event, revision: int) -> Receipt:
    subject = turn.touched.get(turn.receipt_for) if turn.receipt_for else None
    return Receipt(
        request=fingerprint(event) if hasattr(event, "key") else "",
        revision=revision,
        at=turn.now,
        phase=turn.state.phase,
        handoff=turn.receipt_for,
        status=subject.status if subject else None,
        kept=turn.kept,
    )


def wake_at(state: CaseState) -> datetime | None:
    """The earliest instant at which time alone would change this case; None when it only waits for people."""
    if state.closed is not None:
        return None
    wakes = [wake for handoff in state.handoffs.values() if (wake := handoffs.wake_at(handoff))]
    if state.assessment is not None and not state.assessment.lapsed:
        wakes.append(state.assessment.valid_until)
    if expiry := disclosures.next_expiry(state):
        wakes.append(expiry)
    wakes += facts.consent_ends(state)
    return min(wakes, default=None)


def recorded(state: CaseState, revisions: Iterable[int]) -> CaseState:
    """The state once the register has confirmed these revisions."""
    done = set(revisions)
    return state.model_copy(update={"pending": tuple(e for e in state.pending if e.revision not in done)})


def fold(state: CaseState, log: Iterable[tuple[Event, datetime]], packs: Iterable[RulePack]) -> CaseState:
    """Replays an event log through the core: the same log and packs always give the same state.

    `packs`: the one the case began under, and every one that it went over to.

    Raises:
        ValueError: an event that stands in the log is refused; the rules or the log have been changed.
    """
    every = tuple(packs)
    pack, by_digest = every[0], {one.digest: one for one in every}
    for event, at in log:
        newer = by_digest.get(event.pack) if isinstance(event, RulesAdopted) else None
        outcome = decide(state, event, at, pack, newer)
        if isinstance(outcome, Refusal):
            raise ValueError(f"the log holds an event that these rules refuse: {outcome.code}")
        state, pack = outcome, newer or pack
    return state
