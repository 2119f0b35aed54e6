"""The durable shell of a desk's disposal: it wakes, asks the desk, waits for the archive role, has the desk destroy."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from models.contracts import Refusal, desk_queue
    from models.retention import (
        APPROVE,
        LOOK_NOW,
        REFUSE,
        STANDING,
        Approved,
        Asked,
        DeskAnswered,
        DeskSilent,
        Errand,
        ListRefused,
        LookAsked,
        Reply,
        RetentionEvent,
        RetentionInput,
        RetentionReceipt,
        RetentionStanding,
        TimePassed,
        workflow_id,
    )
    from rules.disposal import decide, wake_at
    from workflows.unreadable import Reason, Unreadable


@workflow.defn(name="retention")
class RetentionWorkflow:
    """One desk's disposal, for as long as the desk is served. Holds no rule: see `rules.disposal.decide`."""

    @workflow.init
    def __init__(self, start: RetentionInput) -> None:
        self.state, self.pace = start.state, start.pace
        self._events_per_run = start.events_per_run
        self._in_flight = False
        if workflow.info().workflow_id != workflow_id(start.state.org):
            raise ApplicationError("a desk's disposal runs under its own name", type="WrongDesk", non_retryable=True)

    @workflow.run
    async def run(self, start: RetentionInput) -> None:
        """Runs until its history is long: then it continues as new with all it knows."""
        loops = [asyncio.create_task(loop) for loop in (self._keep_time(), self._serve_desk())]
        await workflow.wait_condition(lambda: any(loop.done() for loop in loops) or self._may_end())
        for loop in loops:
            if loop.done():
                loop.result()
        workflow.continue_as_new(start.model_copy(update={"state": self.state, "pace": self.pace}))

    @workflow.update(name=APPROVE)
    def approve(self, event: Approved) -> RetentionReceipt:
        return self._ask(event)

    @approve.validator
    def refuse_an_approval(self, event: Approved) -> None:
        self._refuse(event)

    @workflow.update(name=REFUSE)
    def refuse(self, event: ListRefused) -> RetentionReceipt:
        return self._ask(event)

    @refuse.validator
    def refuse_a_refusal(self, event: ListRefused) -> None:
        self._refuse(event)

    @workflow.update(name=LOOK_NOW)
    def look_now(self, event: LookAsked) -> RetentionReceipt:
        return self._ask(event)

    @look_now.validator
    def refuse_a_look(self, event: LookAsked) -> None:
        self._refuse(event)

    @workflow.query(name=STANDING)
    def standing(self) -> RetentionStanding:
        with workflow.unsafe.sandbox_unrestricted():
            asked_at = datetime.now(UTC)
        return RetentionStanding(state=self.state, now=max(workflow.now(), asked_at))

    def _ask(self, event: Asked) -> RetentionReceipt:
        self._apply(event)
        return self.state.answered[event.key]

    def _refuse(self, event: Asked) -> None:
        outcome = decide(self.state, event, workflow.now(), self.pace)
        if isinstance(outcome, Refusal):
            raise ApplicationError(outcome.code, outcome, type="Refused", non_retryable=True)

    def _apply(self, event: RetentionEvent) -> None:
        outcome = decide(self.state, event, workflow.now(), self.pace)
        if isinstance(outcome, Refusal):
            raise ApplicationError(outcome.code, outcome, type="Refused", non_retryable=True)
        if outcome.silent and not self.state.silent:
            workflow.logger.error("a desk does not answer about disposal", extra={"desk": outcome.org})
        self.state = outcome

    def _may_end(self) -> bool:
        return self._is_long() and not self._in_flight and workflow.all_handlers_finished()

    def _is_long(self) -> bool:
        return workflow.info().get_current_history_length() >= self._events_per_run

    async def _keep_time(self) -> None:
        """One timer, for the instant at which the state wants to be woken."""
        while True:
            wake = wake_at(self.state)
            timeout = None if wake is None else max(timedelta(0), wake - workflow.now())
            try:
                await workflow.wait_condition(lambda wake=wake: wake_at(self.state) != wake, timeout=timeout)  # type: ignore[misc]
            except TimeoutError:
                self._apply(TimePassed())

    async def _serve_desk(self) -> None:
        """Offers the desk its errand, one at a time. Once the run is to end, nothing more is offered."""
        while True:
            await workflow.wait_condition(lambda: self.state.errand is not None and not self._is_long())
            errand = self.state.errand
            if errand is None:
                continue
            if errand.next_try > workflow.now():
                await workflow.sleep(errand.next_try - workflow.now())
                continue
            self._in_flight = True
            self._apply(await self._offer(errand))
            self._in_flight = False

    async def _offer(self, errand: Errand) -> RetentionEvent:
        try:
            raw = await workflow.execute_activity(
                errand.work,
                errand,
                task_queue=desk_queue(errand.org),
                result_type=RawValue,
                schedule_to_close_timeout=self.pace.offered_for,
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except ActivityError:
            return DeskSilent(errand=errand.id)
        reply = understood(raw)
        if reply is None or reply.errand != errand.id:
            return DeskSilent(errand=errand.id)
        if reply.digest != errand.digest:
            raise RuntimeError("the rules have changed under an open workflow: the errand is not the one that was sent")
        return DeskAnswered(reply=reply)


def understood(raw: RawValue) -> Reply | None:
    """A desk's reply; None when it is not in the words agreed on, which counts as silence.

    Raises:
        Unreadable: this worker lacks the key. The task fails and is tried again: the reply counts once it can be read.
    """
    try:
        reply: Reply = workflow.payload_converter().from_payload(raw.payload, Reply)
    except Unreadable as error:
        if error.reason is Reason.KEY_MISSING:
            raise
        return None
    except Exception:
        return None
    return reply
