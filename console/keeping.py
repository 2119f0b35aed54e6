"""Keeping at a desk what somebody there has learnt: by an account that may write it, logged with what is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from activities.offices import Office, audit_entry
from console.failures import Refused
from models.access import Action, Given, Reader, UserId
from models.contracts import Refusal
from models.desk import Category
from models.words import CaseRef, Code, ItemId
from rules import access

Kept = tuple[ItemId, Category, Any]
BARE_FACTS = (Category.SOCIAL_FILE,)
"""What nothing but coded facts is an entry in."""


def handler(office: Office, account: UserId | None) -> Reader:
    """The account that writes, as one who handles cases where that is among its roles.

    Raises:
        Refused: none was named, or there is no such account here.
    """
    if account is None:
        raise Refused(Refusal(code="unknown-account"))
    for role in access.HANDLERS:
        if isinstance(reader := office.staff.reader(account, role), Reader):
            return reader
    if isinstance(reader := office.staff.reader(account), Refusal):
        raise Refused(reader)
    return reader


def keep_all(
    office: Office, by: Reader, case: CaseRef, kept: Iterable[Kept], action: Code, *, takes_up: bool = False
) -> None:
    """Keeps all of it or nothing. With `takes_up`, whoever takes up a case that nobody is named on is named first.

    Raises:
        Refused: one of the categories is not for this account to write; that is logged, and nothing is kept.
        CannotAudit: it can't be logged, so it is not kept.
    """
    kept, now = tuple(kept), datetime.now(UTC)
    with office.trail.writing() as session:
        if takes_up:
            office.need_to_know.take_up(session, by, case, now, unless_somebody_is=True)
        categories = {category for _, category, _ in kept} or set(BARE_FACTS)
        refusal = not_to_write(office, session, by, case, categories, now)
        for item, category, content in () if refusal else kept:
            office.store.keep_in(session, item, case, category, office.org, content)
        said = audit_entry(by, action, case, Given(), refusal.code if refusal else "done")
        office.trail.append(session, said.model_copy(update={"categories": tuple(sorted(categories))}))
    if refusal:
        raise Refused(refusal)


def not_to_write(
    office: Office, session: Session, by: Reader, case: CaseRef, categories: Iterable[Category], now: datetime
) -> Refusal | None:
    """Why this account may not write all of these; None when it may."""
    decisions = [office.staff.decided(session, by, Action.WRITE, case, now, each) for each in sorted(categories)]
    refusals = [refusal for decision in decisions if (refusal := access.unmet(decision, Given()))]
    return refusals[0] if refusals else None
