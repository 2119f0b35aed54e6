"""Telling an organisation's own managers at once: through the case while it runs, and past it when it can't."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from console.plane_client import NotTaken, PlaneClient
from models.case import Receipt
from models.events import Actor, Raised
from models.plane import Alarm
from models.words import CaseRef, ItemId, OrgId, RequestKey
from workflows.cases import NoSuchCase
from workflows.connection import Unavailable


async def alarmed(
    way: PlaneClient,
    org: OrgId,
    case: CaseRef,
    about: Literal["incident", "break-glass"],
    subject: ItemId,
    key: RequestKey,
) -> bool:
    """Whether the managers have been told: only a receipt says so. If not, it is still owed to them.

    A case that is over, that takes no alarm from this organisation, that the plane does not know or does not reach
    just now, is gone past: files are kept for years after their case, and looking in one is told of then too.
    """
    raised = Raised(key=key, by=Actor(org=org), about=about, subject=subject)
    with suppress(*NOT_THIS_WAY):
        if isinstance(await way.submit(case, raised), Receipt):
            return True
    return await told_past_the_case(way, org, Alarm(case=case, about=about, subject=subject))


async def reminded(
    way: PlaneClient,
    org: OrgId,
    case: CaseRef,
    about: Literal["incident-open", "review-overdue"],
    what: ItemId,
    now: datetime,
) -> bool:
    """Whether those who see to it have been reminded: the same thing once a day, however often this is tried."""
    subject = str(uuid5(UUID(what), f"{about} {now.date()}"))
    return await told_past_the_case(way, org, Alarm(case=case, about=about, subject=subject))


async def told_past_the_case(way: PlaneClient, org: OrgId, alarm: Alarm) -> bool:
    with suppress(*NOT_THIS_WAY):
        return await way.alarm(org, alarm) is None
    return False


NOT_THIS_WAY = (NoSuchCase, Unavailable, NotTaken)
