"""Disclosures as the case knows them: who was told, by which ground, and which packages are still under way.

Whether something may be told is decided at the desk that holds it (`rules.sharing`); here it is only seen to that
nothing goes to an organisation without a part, nothing by a consent that does not stand, and that what must not arrive
any more does not.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from models.case import CaseState, Package
from models.contracts import Refusal
from models.desk_work import Collect
from models.events import Disclosed, Recalled
from models.words import Code, Consent, Function, HandoffId, ItemId, OrgId
from rules.turn import Turn

CONSENT: Code = "consent"
"""The ground that falls when consent is withdrawn (OSL 10:1, 12:2)."""
LONGEST_UNDER_WAY = timedelta(days=30)
MOST_UNDER_WAY = 20
"""Packages that may be under way at once in a case: more is a mistake, and would outgrow the state."""


def disclose(turn: Turn, event: Disclosed) -> Refusal | None:
    """Takes note of a disclosure between the two parties of a live handoff."""
    if refusal := disclosure_refused(turn, event):
        return refusal
    turn.receipt_for = event.handoff
    if event.way != "sealed" or event.expires_at is None:
        return None
    package = Package(
        handoff=event.handoff,
        sender=event.by.org,
        recipient=event.recipient,
        grounds=event.grounds,
        expires_at=event.expires_at,
    )
    turn.update(packages=turn.state.packages | {event.package: package})
    turn.ask_desk(
        event.recipient,
        Collect(case=turn.state.case, handoff=event.handoff, package=event.package, sender=event.by.org),
    )
    return None


def disclosure_refused(turn: Turn, event: Disclosed) -> Refusal | None:
    """Why this can't be told here. Both must be parties of a live handoff: no other has a need to know."""
    state = turn.state
    handoff = state.handoffs.get(event.handoff)
    if handoff is None or not handoff.is_open:
        return Refusal(code="unknown-handoff", possible=tuple(state.handoffs))
    if {event.by.org, event.recipient} != {handoff.requester, handoff.recipient} or event.by.org == event.recipient:
        return Refusal(code="not-a-party", detail=event.handoff)
    if CONSENT in event.grounds and consent_in_the_way(state, event.by.org):
        return Refusal(code="consent-needed", detail=state.consent)
    if event.package in state.packages:
        return Refusal(code="package-sent-already")
    if event.way == "sealed":
        return sealed_refused(turn, event)
    return None


def sealed_refused(turn: Turn, event: Disclosed) -> Refusal | None:
    if not turn.state.organisations[event.recipient].desk:
        return Refusal(code="recipient-without-desk", detail=event.recipient)
    if event.expires_at is None or not turn.now < event.expires_at <= turn.now + LONGEST_UNDER_WAY:
        return Refusal(code="expiry-out-of-range", detail=str(LONGEST_UNDER_WAY.days))
    if len(turn.state.packages) >= MOST_UNDER_WAY:
        return Refusal(code="too-many-under-way", detail=str(MOST_UNDER_WAY))
    return None


def consent_in_the_way(state: CaseState, org: OrgId) -> bool:
    """Whether what the case knows of consent stops this sender. Another agency's own history is judged at its own
    desk: that the social services have not asked stops nobody else, and that the person has told them no does."""
    if org == keeper(state):
        return state.consent is not Consent.GIVEN
    return state.consent is Consent.REFUSED


def keeper(state: CaseState) -> OrgId | None:
    """Who keeps consent for the case: the acting social services, or the opener while none act."""
    return state.acting.get(Function.SOCIAL_SERVICES) or state.opener


def recall(turn: Turn, event: Recalled) -> Refusal | None:
    """The sender takes a package back while it is under way. What has been taken can't be untold."""
    package = turn.state.packages.get(event.package)
    if package is None:
        return Refusal(code="package-not-under-way")
    if package.sender != event.by.org:
        return Refusal(code="not-your-package")
    destroy(turn, event.package)
    return None


def collected(turn: Turn, package: ItemId) -> None:
    """The recipient's vault has it."""
    turn.update(packages={i: p for i, p in turn.state.packages.items() if i != package})


def not_taken(turn: Turn, package: ItemId) -> None:
    """The recipient's desk could not take it: it is destroyed, and the sender is told to find another way."""
    known = turn.state.packages.get(package)
    if known is not None:
        turn.notify(known.sender, "officer", "package-not-taken", package, handoff=known.handoff)
        destroy(turn, package)


def destroy(turn: Turn, package: ItemId) -> None:
    """It must not arrive any more: the exchange destroys it, and no desk is asked to take it."""
    turn.destroyed.append(package)
    turn.update(packages={i: p for i, p in turn.state.packages.items() if i != package})
    for effect in list(turn.state.desk_effects.values()):
        question = effect.task.question
        if isinstance(question, Collect) and question.package == package:
            turn.done_by_desk(effect.task.id)


def consent_ended(turn: Turn) -> None:
    """What was sent by consent and has not been taken is destroyed: by whoever may not send it any more."""
    for package, known in list(turn.state.packages.items()):
        if CONSENT in known.grounds and consent_in_the_way(turn.state, known.sender):
            destroy(turn, package)


def handoffs_ended(turn: Turn, ended: set[HandoffId]) -> None:
    """A handoff is over: its recipient needs to know nothing more."""
    for package, known in list(turn.state.packages.items()):
        if known.handoff in ended:
            destroy(turn, package)


def expire(turn: Turn, until: datetime) -> None:
    """What has not been taken in time is destroyed, and its sender told."""
    for package, known in list(turn.state.packages.items()):
        if known.expires_at <= until:
            not_taken(turn, package)


def next_expiry(state: CaseState) -> datetime | None:
    return min((package.expires_at for package in state.packages.values()), default=None)
