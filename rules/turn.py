"""One event being worked out: the state so far, and what this revision must tell the world."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from models.case import About, CaseState, DeskEffect, Kept, Notice
from models.desk_work import DeskQuestion, DeskTask, Receive, TakeBack
from models.events import Organisation
from models.handoffs import Act, Firing, Handoff, Party, StatusChange
from models.packs import RulePack
from models.words import Code, Function, HandoffId, ItemId, OrgId, Urgency
from rules import handoffs, transitions

FIND_ANOTHER_WAY = "find-another-way"
PLAN_OR_CLOSE = "plan-or-close"
MOST_OPEN = 40
"""More open handoffs than this in one case is a mistake somewhere, and would outgrow the state."""
MOST_ENDED_KEPT = 100
"""Ended handoffs kept by id in the state; older ones are counted here and stand in the register."""


class Turn:
    """Collects the outcome of one event. Lives inside one call of `decide` and never leaves it."""

    def __init__(self, state: CaseState, now: datetime, pack: RulePack) -> None:
        self.before = state
        self.state, self.now, self.pack = state, now, pack
        self.touched: dict[HandoffId, Handoff] = {}
        self.firings: list[Firing] = []
        self.notices: list[Notice] = []
        self.receipt_for: HandoffId | None = None
        self.kept: tuple[Kept, ...] = ()
        self.destroyed: list[ItemId] = []

    @property
    def changed(self) -> bool:
        return self.state is not self.before

    @property
    def only_alarms(self) -> bool:
        """Whether nothing has happened but that alarms have sounded: then no step of the journey can be due."""
        same = self.state.assessment is self.before.assessment and self.state.consents is self.before.consents
        return same and not self.status_changes()

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
        rerouted_from: Handoff | None = None,
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
        if rerouted_from is not None:
            handoff = handoffs.in_place_of(handoff, rerouted_from, self.now, self.pack)
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
            round=handoff.round,
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
            self.end(task, Act.SETTLE, "asked-again")

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
                self.end(task, Act.SETTLE, "answered-after-all")

    def end(self, handoff: Handoff, act: Act, business_status: Code) -> None:
        """Ends a handoff by what the system may do: time, the law or something else did away with it."""
        to = transitions.target(handoff, act, Party.SYSTEM)
        self.put(handoffs.ended(handoff, to, business_status, self.now))

    def status_changes(self) -> tuple[StatusChange, ...]:
        """How each handoff's status differs after this turn from before it, the older ones first."""
        found = []
        for handoff in sorted(self.touched.values(), key=lambda one: int(one.id[1:])):
            earlier = self.before.handoffs.get(handoff.id) or self.before.ended.get(handoff.id)
            if earlier is None or earlier.status is not handoff.status:
                found.append(
                    StatusChange(
                        handoff=handoff.id,
                        kind=handoff.kind,
                        requester=handoff.requester,
                        recipient=handoff.recipient,
                        before=earlier.status if earlier else None,
                        after=handoff.status,
                        business_status=handoff.business_status,
                    )
                )
        return tuple(found)

    def notify(
        self,
        org: OrgId,
        role: Code,
        about: About,
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

    def taking_back(self, handoff: Handoff, last: bool) -> TakeBack:
        return TakeBack(case=self.state.case, handoff=handoff.id, round=handoff.round, access_ends=last)

    def has_part(self, org: OrgId) -> bool:
        """Whether anything still gives an organisation access to the case: a live handoff, or its own function."""
        state = self.state
        live = any(h.is_open and org in (h.recipient, h.requester) for h in state.handoffs.values())
        return live or org in (state.opener, *state.acting.values())

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
                last = not self.has_part(handoff.recipient)
                self.ask_desk(handoff.recipient, self.taking_back(handoff, last))
        ended = self.state.ended | {h.id: handoffs.put_away(h, self.now) for h in gone}
        kept = dict(list(ended.items())[-MOST_ENDED_KEPT:])
        self.update(
            handoffs={i: h for i, h in self.state.handoffs.items() if h.is_open},
            ended=kept,
            ended_earlier=self.state.ended_earlier + len(ended) - len(kept),
        )
