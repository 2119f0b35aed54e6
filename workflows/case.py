"""The durable shell of a case: Updates and timers become events, the core decides, effects are performed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from models.case import CaseState, DeskEffect, Entry, Receipt
    from models.contracts import (
        ADOPT,
        CHECK_REPLY,
        RECORD,
        STANDING,
        SUBMIT,
        Adoption,
        CaseInput,
        Recorded,
        Recording,
        Refusal,
        ReplyToCheck,
        Standing,
        desk_queue,
    )
    from models.desk_work import DeskTask
    from models.events import DeskAnswered, DeskReply, DeskSilent, Event, RulesAdopted, Submitted, TimePassed
    from models.packs import RulePack
    from rules.case import decide, recorded, wake_at
    from workflows.unreadable import Reason, Unreadable

MOST_RECORDED_AT_ONCE = 25
RECORDED_WITHIN = timedelta(seconds=10)
"""After this an attempt counts as lost with its worker, and the next one begins. Doing it twice is harmless."""
LARGEST_HISTORY = 4 * 1024 * 1024
"""Bytes of history at which a case continues as new, however few its events: Temporal ends one at fifty megabytes."""
LARGE_STATE = 128 * 1024
"""Bytes of JSON. A state that outgrows this is a mistake in the core, and is told to whoever reads the log."""
LARGEST_STATE = 1024 * 1024
"""Bytes of JSON. Beyond this it can't be carried at all: Temporal takes two megabytes."""


@workflow.defn(name="case")
class CaseWorkflow:
    """One case, from first contact to closure. Holds no rule: see `rules.case.decide`."""

    @workflow.init
    def __init__(self, start: CaseInput) -> None:
        self.state, self.pack = start.state, start.pack
        self._events_per_run = start.events_per_run
        self._loops: list[asyncio.Task[None]] = []
        self._with_desks: dict[str, asyncio.Task[None]] = {}
        self._recording = False
        if workflow.info().workflow_id != start.state.case:
            raise ApplicationError("a case runs under its own reference", type="WrongCase", non_retryable=True)
        if start.opening is not None:
            self._apply(start.opening)

    @workflow.run
    async def run(self, start: CaseInput) -> None:
        """Runs until the case is closed, or its history long: then it continues as new with all it knows."""
        # Not a TaskGroup: it would wait for its tasks to end, and before Python 3.12 a loop whose own condition is met
        # in the same instant swallows its cancellation. What still waits when a run ends is simply gone.
        self._loops = [asyncio.create_task(loop) for loop in (self._record(), self._keep_time(), self._serve_desks())]
        await workflow.wait_condition(lambda: bool(self._broken()) or self._may_end())
        for task in self._broken():
            task.result()
        if not self._is_finished():
            carried = {"state": self.state, "pack": self.pack, "opening": None}
            workflow.continue_as_new(start.model_copy(update=carried))

    @workflow.update(name=SUBMIT)
    def submit(self, event: Submitted) -> Receipt:
        """Decides, stores and answers at once: when the caller has the receipt, the event is in the history."""
        self._apply(event)
        return self.state.answered[event.key]

    @submit.validator
    def refuse_what_is_not_possible(self, event: Submitted) -> None:
        outcome = decide(self.state, event, self._now(), self.pack)
        if isinstance(outcome, Refusal):
            raise ApplicationError(outcome.code, outcome, type="Refused", non_retryable=True)

    @workflow.update(name=ADOPT)
    def adopt_rules(self, adoption: Adoption) -> Receipt:
        """Goes over to a newer rule pack, which every later run of this case carries."""
        before = self.state
        self._apply(adoption.event, adoption.pack)
        if self.state is not before:  # a repeated request must not bring old rules back
            self.pack = adoption.pack
        return self.state.answered[adoption.event.key]

    @adopt_rules.validator
    def refuse_rules_that_cannot_be_adopted(self, adoption: Adoption) -> None:
        outcome = self._on_its_way(adoption.event) or decide(
            self.state, adoption.event, self._now(), self.pack, adoption.pack
        )
        if isinstance(outcome, Refusal):
            raise ApplicationError(outcome.code, outcome, type="Refused", non_retryable=True)

    @workflow.query(name=STANDING)
    def standing(self) -> Standing:
        """How the case stands now. The workflow's own clock stands still since its last task, days ago perhaps."""
        with workflow.unsafe.sandbox_unrestricted():
            asked_at = datetime.now(UTC)
        now = max(workflow.now(), asked_at) + self.state.clock_offset
        return Standing(state=self.state, now=now, pack=self.pack.digest)

    def _now(self) -> datetime:
        return workflow.now() + self.state.clock_offset

    def _on_its_way(self, event: RulesAdopted) -> Refusal | None:
        """The register must have the pack in use before the next one comes: it is kept with the revision it began."""
        first = any(brings_a_pack(entry) for entry in self.state.pending)
        return Refusal(code="work-under-way") if first and event.key not in self.state.answered else None

    def _apply(self, event: Event, newer: RulePack | None = None) -> None:
        outcome = decide(self.state, event, self._now(), self.pack, newer)
        if isinstance(outcome, Refusal):
            raise ApplicationError(outcome.code, outcome, type="Refused", non_retryable=True)
        self.state = outcome

    def _settle(self, event: Event) -> None:
        """Applies an event of the system's own. One that the core refuses stops the case loudly, losing nothing."""
        outcome = decide(self.state, event, self._now(), self.pack)
        if isinstance(outcome, Refusal):
            raise RuntimeError(f"the core refused {event.kind}: {outcome.code}")
        self.state = outcome

    def _broken(self) -> list[asyncio.Task[None]]:
        """Loops and offers never come to an end by themselves, save by an exception: then the run stops loudly."""
        return [task for task in (*self._loops, *self._with_desks.values()) if task.done()]

    def _may_end(self) -> bool:
        in_flight = self._recording or self._with_desks or not workflow.all_handlers_finished()
        return not in_flight and (self._is_finished() or self._is_long())

    def _is_finished(self) -> bool:
        return self.state.closed is not None and not self.state.desk_effects and not self.state.pending

    def _is_ending(self) -> bool:
        return self._is_long() and not self._with_desks

    def _is_long(self) -> bool:
        info = workflow.info()
        return (
            info.get_current_history_length() >= self._events_per_run
            or info.get_current_history_size() >= LARGEST_HISTORY
        )

    async def _record(self) -> None:
        """The pump: brings pending revisions to the register, in order, one transaction at a time.

        Once the run is to end it starts nothing more: what is still pending goes along to the next run. Waiting
        for a moment with nothing pending could take for ever in a case that many are busy with.
        """
        while True:
            await workflow.wait_condition(lambda: bool(self.state.pending) and not self._is_ending())
            self._recording = True
            batch = under_one_pack(self.state.pending[:MOST_RECORDED_AT_ONCE])
            snapshot = bounded(self.state.model_copy(update={"pending": ()}))
            known = await workflow.execute_activity(
                RECORD,
                Recording(
                    case=self.state.case,
                    pack_digest=batch[0].pack,
                    pack=self.pack if brings_a_pack(batch[0]) else None,
                    entries=batch,
                    snapshot=snapshot,
                ),
                result_type=Recorded,
                start_to_close_timeout=RECORDED_WITHIN,
                retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=10)),
            )
            if known.digests != tuple(entry.digest for entry in batch):
                raise RuntimeError("register and workflow disagree: the rules have changed under an open case")
            self.state = recorded(self.state, (entry.revision for entry in batch))
            self._recording = False

    async def _keep_time(self) -> None:
        """One timer, for the earliest instant at which the state wants to be woken."""
        while True:
            wake = self._next_wake()
            timeout = None if wake is None else max(timedelta(0), wake - workflow.now())
            try:
                await workflow.wait_condition(lambda wake=wake: self._next_wake() != wake, timeout=timeout)  # type: ignore[misc]
            except TimeoutError:
                self._settle(TimePassed())

    def _next_wake(self) -> datetime | None:
        """In the server's time, so that the timer is armed anew also when it is the case's clock that moved."""
        now = self._now()
        tries = [e.next_try for e in self.state.desk_effects.values() if e.next_try > now]
        wake = wake_at(self.state)
        earliest = min([*tries, wake] if wake else tries, default=None)
        return earliest - self.state.clock_offset if earliest else None

    async def _serve_desks(self) -> None:
        """Offers each desk its work. Before a run ends nothing new is offered, so nothing is pending across it."""
        while True:
            await workflow.wait_condition(lambda: bool(self._to_offer()))
            for effect in self._to_offer():
                self._with_desks[effect.task.id] = asyncio.create_task(self._offer(effect))

    def _to_offer(self) -> tuple[DeskEffect, ...]:
        if self._is_long():
            return ()
        now = self._now()
        waiting = (e for e in self.state.desk_effects.values() if e.task.id not in self._with_desks)
        return tuple(effect for effect in waiting if effect.next_try <= now)

    async def _offer(self, effect: DeskEffect) -> None:
        event: Event
        try:
            reply = await workflow.execute_activity(
                effect.task.question.work,
                effect.task,
                task_queue=desk_queue(effect.task.desk),
                result_type=RawValue,
                schedule_to_close_timeout=self.pack.desk.offered_for,
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
            event = await self._believed(effect.task, understood(reply))
        except (ActivityError, NotUnderstood):
            event = DeskSilent(effect=effect.task.id)
        self._settle(event)
        del self._with_desks[effect.task.id]

    async def _believed(self, task: DeskTask, reply: DeskReply) -> Event:
        """The answer, when the desk that was asked has signed it. Whoever answers in its place counts as silence."""
        signed = await workflow.execute_activity(
            CHECK_REPLY,
            ReplyToCheck(task=task, reply=reply),
            result_type=bool,
            start_to_close_timeout=RECORDED_WITHIN,
            retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=10)),
        )
        if not signed:
            return DeskSilent(effect=task.id)
        return DeskAnswered(effect=task.id, answer=reply.answer, desk=task.desk, jws=reply.jws)


def brings_a_pack(entry: Entry) -> bool:
    """Whether the register gets to know the rules by which this revision was decided."""
    return entry.revision == 1 or isinstance(entry.event, RulesAdopted)


def under_one_pack(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The first of these revisions, as far as they were decided by the same rules."""
    return tuple(takewhile(lambda entry: entry.pack == entries[0].pack, entries))


class NotUnderstood(Exception):
    """A desk's reply is not in the words agreed on. It counts as silence: no desk can stop a case."""


def understood(reply: RawValue) -> DeskReply:
    """Raises: Unreadable: this worker lacks the key. The task fails and is tried again: the answer counts when read."""
    try:
        answer: DeskReply = workflow.payload_converter().from_payload(reply.payload, DeskReply)
    except Unreadable as error:
        if error.reason is Reason.KEY_MISSING:
            raise
        raise NotUnderstood from error
    except Exception as error:
        raise NotUnderstood from error
    return answer


def bounded(state: CaseState) -> CaseState:
    """The state, asserted to be small enough to carry.

    Raises:
        RuntimeError: it is not.
    """
    size = len(state.model_dump_json().encode())
    if size > LARGE_STATE:
        workflow.logger.error("a case has outgrown its size", extra={"case": state.case, "bytes": size})
    if size > LARGEST_STATE:
        raise RuntimeError(f"the state of {state.case} has grown to {size} bytes")
    return state
