"""Taking sealed packages: fetched from the exchange, kept sealed, confirmed, and only then part of the vault."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from pydantic import ValidationError
from sqlmodel import Session
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.disclosures import Disclosures
from activities.key_directory import Keys
from activities.organisation_keys import OrganisationKeys
from activities.packages import open_sealed
from activities.protected_data import DeskStore
from activities.sharing_rules import sharing_at
from models.contracts import Refusal
from models.desk import Category
from models.desk_work import Collect, DeskTask
from models.events import Collected, DeskAnswer, DeskReply, NotPossible
from models.exchange import Envelope
from models.preview import Package
from models.words import ItemId, OrgId
from rules.sharing import STAYS


class Exchanges(Protocol):
    """The way to the exchange, over the plane's API."""

    def lease(self, package: ItemId, org: OrgId) -> Envelope | Refusal: ...

    def confirm(self, package: ItemId, org: OrgId) -> Refusal | None: ...

    def published(self, org: OrgId, asking: OrgId) -> Keys: ...


def is_as_labelled(envelope: Envelope, content: bytes) -> bool:
    """Whether a package holds what its label says and nothing else: who to whom, the categories, known fields only.

    Judged before it is taken: what comes from outside must not rewrite what this desk decides from.
    """
    try:
        package = Package.model_validate_json(content)
    except ValidationError:
        return False
    sending, rules = package.sending, sharing_at(datetime.now(UTC))
    label = (envelope.case, envelope.handoff, envelope.sender, envelope.recipient)
    if label != (sending.case, sending.handoff, sending.sender, sending.recipient_org) or rules is None:
        return False
    if set(package.categories) != set(envelope.categories):
        return False
    known = {category: words.fields.keys() for category, words in rules.categories.items() if category not in STAYS}
    return all(
        section.category in set(Category) & known.keys()
        and {one.field for one in section.fields} <= known[section.category]
        for section in package.sections
    )


def may_pass(refusal: Refusal) -> bool:
    """Whether a package that can't be taken now may be taken later, as long as it waits in the exchange.

    A key that is not trusted here may be soon: somebody compares its fingerprint. One that is revoked, or that had
    retired when the package was made, never is again. A lease that has run out is taken anew.
    """
    if refusal.code == "package-sender-unknown":
        return refusal.detail == "key-unknown"
    return refusal.code == "package-not-fetched"


class Collecting:
    """Takes what waits for one desk. Interrupted anywhere, doing it again ends in the same way."""

    def __init__(self, store: DeskStore, disclosures: Disclosures, keys: OrganisationKeys, way: Exchanges) -> None:
        self._store, self._disclosures, self._keys, self._way = store, disclosures, keys, way

    @activity.defn(name="collect")
    def collect(self, task: DeskTask) -> DeskReply:
        """Takes one package. What can't be taken any more, or does not open, is answered in one neutral word.

        An answer is for good: the sender acts on it. So once it is given the package is not tried again, however often
        the plane asks, and a no that may pass is none.

        Raises:
            ApplicationError: it can't be taken yet. The plane asks again, until the package has expired.
            Exception: what keeps the plane or the vault from being reached; likewise.
        """
        asked = task.question
        if not isinstance(asked, Collect):
            raise TypeError("not a question about a package")
        if (given := self._store.replied(task)) is not None:
            return given
        refusal = self.taken(asked)
        if refusal is not None and may_pass(refusal):
            raise ApplicationError(refusal.code, type="NotYet")

        def answer(_: Session) -> DeskAnswer:
            return NotPossible(code=refusal.code) if refusal else Collected(package=asked.package)

        return self._store.once(task, answer)

    def taken(self, asked: Collect) -> Refusal | None:
        """None when the vault has it, once; otherwise why not."""
        org, package = self._store.org, asked.package
        envelope = self._way.lease(package, org)
        if isinstance(envelope, Refusal):
            return self.confirmed_before(package, envelope)
        now, senders = datetime.now(UTC), self._way.published(asked.sender, org)
        content = open_sealed(envelope, self._keys, senders, case=asked.case, now=now)
        if isinstance(content, Refusal):
            return content
        if envelope.sender != asked.sender or envelope.handoff != asked.handoff:
            return Refusal(code="package-other-case")
        if not is_as_labelled(envelope, content):
            return Refusal(code="package-damaged")
        self._disclosures.hold(envelope, content)
        if refusal := self._way.confirm(package, org):
            self._disclosures.throw_away(package)
            return refusal
        self._disclosures.take(package)
        return None

    def confirmed_before(self, package: ItemId, why: Refusal) -> Refusal | None:
        """A kill between confirming and taking leaves a package held that the exchange says is ours."""
        held = package in self._disclosures.held()
        if why.code == "package-taken":
            if held:
                self._disclosures.take(package)
            return None
        if held:
            self._disclosures.throw_away(package)
        return why
