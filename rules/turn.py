"""One event being worked out: the state so far, and what this revision must tell the world."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from models.case import CaseState, DeskEffect, Notice
from models.desk_work import DeskQuestion, DeskTask, Receive, TakeBack
from models.events import Organisation
from models.handoffs import Deadline, DeadlineName, EndedHandoff, Firing, Handoff, Status
from models.packs import RulePack
from models.words import Code, Function, HandoffId, OrgId, Urgency
from rules import handoffs, ladders

FIND_ANOTHER_WAY = "find-another-way"
PLAN_OR_CLOSE = "plan-or-close"
MOST_OPEN = 40
"""More open handoffs than this in one case is a mistake somewhere, and would outgrow the state."""
MOST_ENDED_KEPT = 120
"""Ended handoffs kept by id in the state; older ones are counted here and stand in the register."""
MOST_REPEATS_WALKED = 12
"""In one move of a training clock, more repeats of one alarm than this sound as one: they say nothing new."""


class Turn:
    """Collects the outcome of one event. Lives inside one call of `decide` and never leaves it."""

    def __init__(self, state: CaseState, now: datetime, pack: RulePack) -> None:
        self.before = state
        self.state, self.now, self.pack = state, now, pack
        self.touched: dict[HandoffId, Handoff] = {}
        self.firings: list[Firing] = []
        self.notices: list[Notice] = []
        self.receipt_for: HandoffId | None = None

    @property
    def changed(self) -> bool:
        return self.state is not self.before

    def update(self, **fields: Any) -> None:
        self.state = self.state.model_copy(update=fields)

    def put(self, handoff: Handoff) -> None:
        self.touched[handoff.id] = handoff
        self.update(handoffs=self.state.handoffs | {handoff.id: handoff})

    def know(self, organisation: Organisation) -> None:
        """Takes up an organisation that is new to the case. What is known of one is not redefined in passing."""
        if organisation.id not in self.state.organisations:
            self.update(organisations=self.state.organisations | {organisation.id: organisation})

    def request(
        self,
        kind_code: Code,
        requester: OrgId,
        recipient: OrgId,
        urgency: Urgency,
        *,
        parent: HandoffId | None = None,
        step: Code | None = None,
        anchor: datetime | None = None,
        candidates: tuple[OrgId, ...] = (),
    ) -> HandoffId:
        """Creates a handoff, sets its clocks and tells the recipient's desk, if it has one."""
        kind = self.pack.kinds[kind_code]
        if kind.acute_within_days is not None and anchor is not None:
            urgency = Urgency.ACUTE if handoffs.is_near(kind, anchor, self.now) else Urgency.ORDINARY
        urgency = handoffs.urgency_of(kind, urgency)
        number = self.state.created + 1
        handoff = handoffs.requested(
            f"H{number}", kind, urgency, requester, recipient, self.now, self.pack, anchor
        ).model_copy(update={"parent": parent, "step": step, "candidates": candidates})
        self.update(created=number)
        self.put(handoff)
        self.tell_of_late_birth(handoff)
        if self.state.organisations[recipient].desk:
            self.ask_desk(recipient, self.delivery(handoff))
        self.another_way_found(handoff)
        return handoff.id

    def tell_of_late_birth(self, handoff: Handoff, before: Handoff | None = None) -> None:
        """Says once, for each deadline that was past when it was set, that a replacement counts instead."""
        told = {(d.name, d.due) for d in before.deadlines if d.late_at_birth} if before else set()
        for deadline in handoff.deadlines:
            if deadline.late_at_birth and (deadline.name, deadline.due) not in told:
                identity = f"{handoff.id}/{deadline.name}/{self.state.revision + 1}"
                self.notify(
                    handoff.recipient, "officer", "late-at-birth", identity, handoff=handoff.id, due=deadline.due
                )

    def delivery(self, handoff: Handoff) -> Receive:
        return Receive(
            case=self.state.case,
            handoff=handoff.id,
            kind=handoff.kind,
            requester=handoff.requester,
            requested_at=handoff.requested_at,
            answer_by=min(deadline.due for deadline in handoff.deadlines),
        )

    def find_another_way(
        self, org: OrgId, urgency: Urgency, parent: HandoffId | None, *, step: Code | None = None
    ) -> None:
        """Gives `org` the task of meeting a need that a handoff did not meet, with a clock of its own; once."""
        same = (parent, step)
        if same != (None, None) and any((t.parent, t.step, t.recipient) == (*same, org) for t in self.other_ways()):
            return
        self.request(FIND_ANOTHER_WAY, org, org, urgency, parent=parent, step=step)

    def another_way_found(self, handoff: Handoff) -> None:
        """Asking again for what was not met ends the task of finding another way: one task for one asking.

        The task that the asking names ends; if it names none, the oldest one for that kind of help.
        """
        if handoff.kind == FIND_ANOTHER_WAY:
            return
        tasks = [task for task in self.other_ways() if task.requester == handoff.requester]
        named = [task for task in tasks if handoff.parent is not None and handoff.parent in (task.id, task.parent)]
        alike = [task for task in tasks if self.asks_for_the_same(task, handoff)]
        for task in (named or alike)[:1]:
            self.end(task, Status.COMPLETED, "asked-again")

    def other_ways(self) -> list[Handoff]:
        """The open tasks of finding another way, oldest first."""
        return [h for h in self.state.handoffs.values() if h.kind == FIND_ANOTHER_WAY and h.is_open]

    def asks_for_the_same(self, task: Handoff, handoff: Handoff) -> bool:
        parent = self.state.ended.get(task.parent) if task.parent else None
        of_step = any(step.code == task.step and step.kind == handoff.kind for step in self.pack.steps)
        return of_step or (parent is not None and parent.kind == handoff.kind)

    def plan_or_close(self) -> None:
        """Nothing is open in an open case: social services get the task of planning ahead or closing it."""
        owner = self.state.acting.get(Function.SOCIAL_SERVICES) or self.state.opener
        if owner is not None:
            receipt_for = self.receipt_for
            self.request(PLAN_OR_CLOSE, owner, owner, Urgency.ORDINARY)
            self.receipt_for = receipt_for

    def answered_after_all(self, parent: HandoffId) -> None:
        """What a handoff left undone has been done by itself: nobody needs to find another way."""
        for task in self.other_ways():
            if task.parent == parent:
                self.end(task, Status.COMPLETED, "answered-after-all")

    def end(self, handoff: Handoff, status: Status, business_status: Code) -> None:
        """Ends a handoff that nobody answered: something else did away with it."""
        ended = {"status": status, "business_status": business_status, "deadlines": (), "ended_at": self.now}
        self.put(handoff.model_copy(update=ended))

    def notify(
        self,
        org: OrgId,
        role: Code,
        about: Literal["rung", "assessment-lapsed", "desk-unreachable", "late-at-birth", "answer-recorded"],
        identity: str,
        *,
        handoff: HandoffId | None = None,
        due: datetime | None = None,
    ) -> None:
        """Queues a content-free notice. Its id is made of what it is about, so it is recorded once."""
        notice = Notice(
            id=f"{self.state.case}/{about}/{identity}/{org}/{role}",
            org=org,
            role=role,
            about=about,
            handoff=handoff,
            due=due,
        )
        if notice.id not in {n.id for n in self.notices}:
            self.notices.append(notice)

    def ask_desk(self, desk: OrgId, question: DeskQuestion) -> None:
        """Adds a row of work for a desk; the shell offers it until the desk has done it."""
        number = self.state.desk_effects_made + 1
        task = DeskTask(id=f"{self.state.case}/D{number}", desk=desk, question=question)
        effect = DeskEffect(task=task, created_at=self.now, next_try=self.now)
        self.update(desk_effects_made=number, desk_effects=self.state.desk_effects | {task.id: effect})

    def done_by_desk(self, effect_id: str) -> None:
        self.update(desk_effects={i: e for i, e in self.state.desk_effects.items() if i != effect_id})

    def pass_time(self, until: datetime, *, walking: bool = False) -> None:
        """Settles all that time alone brings about up to `until`, in the order of its instants.

        Walking (training), each thing happens at its own instant. Otherwise it is happening now, late
        perhaps, because nobody was awake before.
        """
        sounded: dict[tuple[HandoffId, DeadlineName], int] = {}
        while True:
            handoff = min(
                (h for h in self.state.handoffs.values() if handoffs.wake_at(h)),
                key=lambda h: (handoffs.wake_at(h), int(h.id[1:])),
                default=None,
            )
            wake = handoffs.wake_at(handoff) if handoff else None
            self.lapse_assessment(min(wake, until) if wake else until)
            if handoff is None or wake is None or wake > until:
                return
            deadline = next(d for d in handoff.deadlines if d.next_at == wake)
            sounded[handoff.id, deadline.name] = times = sounded.get((handoff.id, deadline.name), 0) + 1
            self.fire_next_rung(handoff, deadline, wake if walking and times <= MOST_REPEATS_WALKED else until)

    def fire_next_rung(self, handoff: Handoff, deadline: Deadline, at: datetime) -> None:
        after, firing = ladders.fire(handoff, deadline, at, self.pack)
        deadlines = tuple(after if d.name == deadline.name else d for d in handoff.deadlines)
        self.put(handoff.model_copy(update={"deadlines": deadlines}))
        self.firings.append(firing)
        for receiver in firing.to:
            side, _, role = receiver.partition(":")
            org = handoff.requester if side == "requester" else handoff.recipient
            self.notify(org, role, "rung", firing.identity, handoff=handoff.id, due=deadline.due)

    def lapse_assessment(self, by: datetime) -> None:
        """An expired assessment is said to be expired, once. It ends nothing: the bed stays."""
        assessment = self.state.assessment
        if assessment is None or assessment.lapsed or assessment.valid_until > by or self.state.closed is not None:
            return
        self.update(assessment=assessment.model_copy(update={"lapsed": True}))
        for org in self.state.acting.values():
            if self.state.organisations[org].function in ("social-services", "police"):
                identity = f"{assessment.valid_until.isoformat()}/{self.state.revision + 1}"
                self.notify(org, "officer", "assessment-lapsed", identity, due=assessment.valid_until)

    def settle_ended(self) -> None:
        """Moves ended handoffs out of the live ones and keeps the state small.

        What a desk has not yet received need not arrive any more; what it may have received leaves its Att göra,
        and the access that it gave ends.
        """
        gone = [h for h in self.state.handoffs.values() if not h.is_open]
        if not gone:
            return
        ids = {handoff.id for handoff in gone}
        for effect in list(self.state.desk_effects.values()):
            if isinstance(effect.task.question, Receive) and effect.task.question.handoff in ids:
                self.done_by_desk(effect.task.id)
        for handoff in gone:
            if self.state.organisations[handoff.recipient].desk:
                self.ask_desk(handoff.recipient, TakeBack(case=self.state.case, handoff=handoff.id))
        ended = self.state.ended | {
            h.id: EndedHandoff(
                id=h.id,
                kind=h.kind,
                status=h.status,
                ended_at=h.ended_at or self.now,
                business_status=h.business_status,
                parent=h.parent,
            )
            for h in gone
        }
        kept = dict(list(ended.items())[-MOST_ENDED_KEPT:])
        self.update(
            handoffs={i: h for i, h in self.state.handoffs.items() if h.is_open},
            ended=kept,
            ended_earlier=self.state.ended_earlier + len(ended) - len(kept),
        )
