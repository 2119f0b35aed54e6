"""What goes into the answer to a request to see a file: exactly what was decided to be shown, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from models.contracts import Refusal
from models.documents import FilePackage, Mailing, Recipient, RefusedRequest, Section, Sender
from models.file_requests import Asker, FileDecision, FileRequest, Gate, ItemContent, Outcome, Regime
from rules.file_requests import standing

ASK_FIRST = frozenset({Gate.NEEDS_IDENTITY, Gate.NEEDS_POWER_OF_ATTORNEY})
"""Not answers: what has to be shown first (GDPR 12.6; a power of attorney)."""


def not_yet(decision: FileDecision) -> Refusal | None:
    """Why the request can't be decided yet; None when it can."""
    if decision.gate in ASK_FIRST:
        return Refusal(code=decision.gate)
    if decision.waiting:
        first = decision.waiting[0]
        return Refusal(code=first.why, detail=first.item, possible=tuple(sorted({w.item for w in decision.waiting})))
    return None


def dismissed(decision: FileDecision) -> FileDecision | Refusal:
    """The request ended without being looked into, where what has to be shown first never was (GDPR 12.6). Nothing in
    the file has been read for it, and a new request can be made at any time."""
    if decision.gate not in ASK_FIRST:
        return Refusal(code="nothing-to-dismiss")
    return decision.model_copy(update={"outcome": Outcome.DISMISSED, "shown": (), "withheld": (), "waiting": ()})


def answer(
    request: FileRequest,
    decision: FileDecision,
    items: Sequence[ItemContent],
    sender: Sender,
    recipient: Recipient,
    day: date,
    copy_number: int,
    mailing: Mailing | None = None,
) -> FilePackage | RefusedRequest | Refusal:
    """The document that answers a request. Items that the decision does not show are not in it at all."""
    if (waits := not_yet(decision)) is not None:
        return waits
    if decision.appeal is None:
        return Refusal(code="no-appeal")
    if decision.outcome is Outcome.REFUSED:
        return RefusedRequest(
            sender=sender,
            recipient=recipient,
            day=day,
            copy_number=copy_number,
            mailing=mailing,
            regime=request.regime,
            told=decision.told,
            appeal=decision.appeal,
            private=decision.gate is Gate.NOT_AN_AUTHORITY,
        )
    shown = set(decision.shown)
    return FilePackage(
        sender=sender,
        recipient=recipient,
        day=day,
        copy_number=copy_number,
        mailing=mailing,
        regime=request.regime,
        sections=tuple(
            Section(category=item.category, decision=item.decision, fields=item.fields)
            for item in items
            if item.item in shown
        ),
        told=decision.told,
        appeal=decision.appeal,
        own=standing(request) is Asker.SELF and request.regime is not Regime.PUBLIC,
    )
