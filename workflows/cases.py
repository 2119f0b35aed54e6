"""Cases as Temporal sees them: starting one, submitting to it, asking how it stands."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio.client import (
    Client,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from models.case import Receipt
from models.contracts import ADOPT, PLANE_QUEUE, STANDING, SUBMIT, Adoption, CaseInput, Refusal, Standing
from models.events import Submitted
from models.words import CaseRef, RequestKey, Word
from workflows.connection import Unavailable
from workflows.unreadable import Unreadable

ANSWER_SECONDS = 4
ASKED_AGAIN_AFTER = 0.25
NO_ANSWER = (
    "Inget svar i tid. Om det du gjorde togs emot vet vi inte; gör om det med samma --key, så händer det en gång.\n"
    "No answer in time. Whether it was received is not known; repeat it with the same --key and it happens once."
)


OTHER_KEYS = (
    "Tjänsten har inte den nyckel som används här. Inget har hänt. Driften behöver dela ut nyckelringen igen.\n"
    "The service does not have the key that is used here. Nothing has happened. The key ring must be handed out again."
)


class NoSuchCase(Exception):
    """There is no running case with this reference."""


async def start_case(client: Client, start: CaseInput) -> bool:
    """Starts a case's workflow. False: there is or was one with this reference, and nothing has changed."""
    try:
        await client.start_workflow(
            "case",
            start,
            id=start.state.case,
            task_queue=PLANE_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            rpc_timeout=timedelta(seconds=ANSWER_SECONDS),
        )
        return True
    except WorkflowAlreadyStartedError:
        return False
    except RPCError as error:
        raise Unavailable(NO_ANSWER) from error


async def submit(client: Client, case: CaseRef, event: Submitted) -> Receipt | Refusal:
    """Submits an event; its request key is also the Update's id, so a repeat is recognised everywhere.

    Raises:
        NoSuchCase: no case runs under this reference.
        Unavailable: no answer within four seconds; repeat with the same key.
    """
    return await updated(client, case, SUBMIT, event, event.key)


async def adopt(client: Client, case: CaseRef, adoption: Adoption) -> Receipt | Refusal:
    """Takes an open case over to newer rules. Raises as `submit` does."""
    return await updated(client, case, ADOPT, adoption, adoption.event.key)


async def updated(client: Client, case: CaseRef, name: str, argument: Word, key: RequestKey) -> Receipt | Refusal:
    handle = client.get_workflow_handle(case)
    try:
        receipt: Receipt = await handle.execute_update(
            name, argument, id=key, result_type=Receipt, rpc_timeout=timedelta(seconds=ANSWER_SECONDS)
        )
        return receipt
    except WorkflowUpdateFailedError as error:
        cause = error.cause
        if isinstance(cause, ApplicationError) and cause.type == "Refused" and cause.details:
            return Refusal.model_validate(cause.details[0])
        if isinstance(cause, ApplicationError) and cause.type == "AcceptedUpdateCompletedWorkflow":
            raise NoSuchCase(case) from error
        if isinstance(cause, ApplicationError) and getattr(cause.__cause__, "type", None) == Unreadable.__name__:
            raise Unavailable(OTHER_KEYS) from None
        raise
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        raise Unavailable(NO_ANSWER) from error
    except RPCError as error:
        raise not_found_or_unavailable(case, error) from error


async def standing(client: Client, case: CaseRef) -> Standing:
    """How a case stands: its state and its own now.

    A case that has just continued as new answers nobody for a moment; it is asked again.

    Raises:
        NoSuchCase: no case runs, or has run lately, under this reference.
        Unavailable: no answer within four seconds.
    """
    handle, loop = client.get_workflow_handle(case), asyncio.get_running_loop()
    give_up = loop.time() + ANSWER_SECONDS
    while True:
        try:
            told: Standing = await handle.query(
                STANDING, result_type=Standing, rpc_timeout=timedelta(seconds=ANSWER_SECONDS)
            )
            return told
        except (WorkflowQueryFailedError, WorkflowQueryRejectedError) as error:
            raise Unavailable(NO_ANSWER) from error
        except RPCError as error:
            if error.status is not RPCStatusCode.FAILED_PRECONDITION or loop.time() + ASKED_AGAIN_AFTER > give_up:
                raise not_found_or_unavailable(case, error) from error
        await asyncio.sleep(ASKED_AGAIN_AFTER)


def not_found_or_unavailable(case: CaseRef, error: RPCError) -> Exception:
    return NoSuchCase(case) if error.status is RPCStatusCode.NOT_FOUND else Unavailable(NO_ANSWER)
