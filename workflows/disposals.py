"""Disposal as Temporal sees it: starting a desk's workflow, approving and refusing its list, asking how it stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio.client import (
    Client,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from models.contracts import PLANE_QUEUE, Refusal
from models.retention import (
    APPROVE,
    LOOK_NOW,
    REFUSE,
    STANDING,
    Approved,
    Asked,
    ListRefused,
    LookAsked,
    Pace,
    RetentionInput,
    RetentionReceipt,
    RetentionStanding,
    RetentionState,
    workflow_id,
)
from models.words import OrgId
from workflows.cases import ANSWER_SECONDS, NO_ANSWER
from workflows.connection import Unavailable

UPDATES: dict[type[Approved | ListRefused | LookAsked], str] = {
    Approved: APPROVE,
    ListRefused: REFUSE,
    LookAsked: LOOK_NOW,
}


class NotServed(Exception):
    """No disposal runs for this desk: its worker has never been started here."""


async def start_retention(client: Client, org: OrgId, pace: Pace, events_per_run: int = 400) -> None:
    """Starts a desk's disposal, which looks at once and then as the pace says. Starting it again changes nothing."""
    start = RetentionInput(
        state=RetentionState(org=org, look_at=datetime.now(UTC)), pace=pace, events_per_run=events_per_run
    )
    try:
        await client.start_workflow(
            "retention",
            start,
            id=workflow_id(org),
            task_queue=PLANE_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            rpc_timeout=timedelta(seconds=ANSWER_SECONDS),
        )
    except WorkflowAlreadyStartedError:
        return
    except RPCError as error:
        raise Unavailable(NO_ANSWER) from error


async def ask(client: Client, event: Asked) -> RetentionReceipt | Refusal:
    """Approves or refuses a list, or asks for a look; the request key is the Update's id.

    Raises:
        NotServed: no disposal runs for this desk.
        Unavailable: no answer within four seconds; repeat with the same key.
    """
    handle = client.get_workflow_handle(workflow_id(event.org))
    try:
        receipt: RetentionReceipt = await handle.execute_update(
            UPDATES[type(event)],
            event,
            id=event.key,
            result_type=RetentionReceipt,
            rpc_timeout=timedelta(seconds=ANSWER_SECONDS),
        )
        return receipt
    except WorkflowUpdateFailedError as error:
        cause = error.cause
        if isinstance(cause, ApplicationError) and cause.type == "Refused" and cause.details:
            return Refusal.model_validate(cause.details[0])
        raise Unavailable(NO_ANSWER) from error
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        raise Unavailable(NO_ANSWER) from error
    except RPCError as error:
        raise not_served_or_unavailable(event.org, error) from error


async def standing(client: Client, org: OrgId) -> RetentionStanding:
    """How a desk's disposal stands. Raises as `ask` does."""
    handle = client.get_workflow_handle(workflow_id(org))
    try:
        told: RetentionStanding = await handle.query(
            STANDING, result_type=RetentionStanding, rpc_timeout=timedelta(seconds=ANSWER_SECONDS)
        )
        return told
    except (WorkflowQueryFailedError, WorkflowQueryRejectedError) as error:
        raise Unavailable(NO_ANSWER) from error
    except RPCError as error:
        raise not_served_or_unavailable(org, error) from error


def not_served_or_unavailable(org: OrgId, error: RPCError) -> Exception:
    return NotServed(org) if error.status is RPCStatusCode.NOT_FOUND else Unavailable(NO_ANSWER)
