"""The organisations' public keys: who may speak for whom, since when and until when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from activities import jws
from activities.organisation_keys import KEY_TYPE
from activities.stores import reading, writing
from models.access import the_system
from models.audit import AuditEntry
from models.contracts import Refusal
from models.exchange_tables import OrganisationKeyRow
from models.published_keys import CLOCKS_DIFFER, Fingerprint, KeyStatement, KeyUse, PublishedKey, PublishedKeys, as_said
from models.words import Code, OrgId
from rules.showing import OPERATOR

PUBLISHING_LOCK = 7_481_255
"""PostgreSQL advisory lock that lets one program at a time add keys; SQLite's write lock does the same."""


class Keys(Protocol):
    """Where a public key is looked up: the plane's own directory, or what a desk has fetched of it."""

    def current(self, org: OrgId, use: KeyUse, at: datetime) -> PublishedKey | None: ...

    def verify_key(
        self, org: OrgId, fingerprint: Fingerprint, at: datetime, made: datetime | None = None
    ) -> PublishedKey | Refusal: ...

    def owner(self, fingerprint: Fingerprint) -> OrgId | None: ...


class KnownKeys:
    """Public keys at hand."""

    def __init__(self, keys: Iterable[PublishedKey]) -> None:
        self._keys = {key.fingerprint: key for key in keys}

    def __iter__(self) -> Iterator[PublishedKey]:
        return iter(self._keys.values())

    def owner(self, fingerprint: Fingerprint) -> OrgId | None:
        key = self._keys.get(fingerprint)
        return key.org if key else None

    def current(self, org: OrgId, use: KeyUse, at: datetime) -> PublishedKey | None:
        """The key to sign or seal with at this instant."""
        ours = (key for key in self._keys.values() if (key.org, key.use) == (org, use))
        newest = max((key for key in ours if began(key, at)), key=lambda key: key.number, default=None)
        return newest if newest and newest.retired_at is None and not revoked(newest, at) else None

    def verify_key(
        self, org: OrgId, fingerprint: Fingerprint, at: datetime, made: datetime | None = None
    ) -> PublishedKey | Refusal:
        """The key, if what this organisation made with it at `made` is believed at `at`; or why not.

        A revoked key is believed in nothing, not even in what was made before: whoever has stolen it writes any date.
        A retired one is believed in what was made before it retired.
        """
        key = self._keys.get(fingerprint)
        if key is None or key.org != org:
            return Refusal(code="key-unknown")
        if revoked(key, at):
            return Refusal(code="key-revoked")
        moment = made or at
        if not began(key, moment):
            return Refusal(code="key-unknown")
        if key.retired_at is not None and moment > key.retired_at + CLOCKS_DIFFER:
            return Refusal(code="key-retired")
        return key


def began(key: PublishedKey, at: datetime) -> bool:
    return key.valid_from is not None and key.valid_from <= at + CLOCKS_DIFFER


def revoked(key: PublishedKey, at: datetime) -> bool:
    return key.revoked_at is not None and key.revoked_at <= at


class KeyDirectory:
    """The published keys in the plane's register.

    An organisation's first signing key has nothing that vouches for it. It is believed when the operator has compared
    its fingerprint with the organisation (by phone, on paper) and names it as accepted; `first_use` believes it
    unseen, and is for the embedded stack only. Every later key is vouched for by the signing key that stands.
    """

    def __init__(
        self, engine: Engine, *, first_use: bool, audit: Callable[[Session, AuditEntry], object] | None = None
    ) -> None:
        self._engine = engine
        self._first_use = first_use
        self._audit = audit

    def publish(self, keys: PublishedKeys, now: datetime, accepted: Collection[Fingerprint] = ()) -> Refusal | None:
        """Takes in what is new of an organisation's keys, all of it or nothing. Publishing again changes nothing.

        Their times count from now, by the plane's clock. A key that the organisation has revoked itself is left out;
        one that is known is revoked with `revoke`.
        """
        with writing(self._engine) as session:
            if session.get_bind().dialect.name == "postgresql":
                session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": PUBLISHING_LOCK})
            for key in keys.keys:
                why = self._admit(session, key, now, accepted)
                if why is not None:
                    session.rollback()
                    return why
        return None

    def revoke(
        self, org: OrgId, fingerprint: Fingerprint, reason: Code, at: datetime, by: OrgId | None = None
    ) -> Refusal | None:
        """From now on nothing is believed because of this key. The first revocation stands.

        Keys that it has vouched for stay: whoever fears that they too are another's revokes them each. `by` is who
        asked for it, when that is not the organisation itself.
        """
        with writing(self._engine) as session:
            row = session.get(OrganisationKeyRow, fingerprint, with_for_update=True)
            if row is None or row.org != org:
                return Refusal(code="key-unknown")
            if row.revoked_at is None:
                row.revoked_at, row.revoked_for = at, reason
                self._note(session, by or org, "key-revoked", fingerprint, org, reason)
        return None

    def _note(
        self, session: Session, by: OrgId, action: Code, fingerprint: Fingerprint, org: OrgId, why: Code | None = None
    ) -> None:
        """Whose word is believed is changed in the log's own transaction: not logged, not changed."""
        if self._audit is not None:
            entry = AuditEntry(at=datetime.now(UTC), **dict(the_system(by)), action=action, subject=fingerprint)
            self._audit(session, entry.model_copy(update={"recipient": org, "ground": why}))

    def list(self, org: OrgId | None = None) -> tuple[PublishedKey, ...]:
        """Every key, revoked and retired ones too; a desk that fetches them looks in them with `KnownKeys`."""
        with reading(self._engine) as session:
            return rows_of(session, org)

    def known(self) -> KnownKeys:
        return KnownKeys(self.list())

    def current(self, org: OrgId, use: KeyUse, at: datetime) -> PublishedKey | None:
        return KnownKeys(self.list(org)).current(org, use, at)

    def verify_key(
        self, org: OrgId, fingerprint: Fingerprint, at: datetime, made: datetime | None = None
    ) -> PublishedKey | Refusal:
        return self._one(fingerprint).verify_key(org, fingerprint, at, made)

    def owner(self, fingerprint: Fingerprint) -> OrgId | None:
        return self._one(fingerprint).owner(fingerprint)

    def _one(self, fingerprint: Fingerprint) -> KnownKeys:
        with reading(self._engine) as session:
            row = session.get(OrganisationKeyRow, fingerprint)
            return KnownKeys([as_key(row)] if row else [])

    def _admit(
        self, session: Session, key: PublishedKey, now: datetime, accepted: Collection[Fingerprint]
    ) -> Refusal | None:
        known = session.get(OrganisationKeyRow, key.fingerprint)
        if known is not None:
            same = as_key(known).statement() == key.statement()
            return None if same else Refusal(code="key-of-another", detail=as_said(key.fingerprint))
        if key.revoked_at is not None:
            return None
        before = rows_of(session, key.org)
        why = vouching(key, before) or self._first(key, before, accepted)
        if why is not None:
            return why
        here = (col(OrganisationKeyRow.org) == key.org, col(OrganisationKeyRow.use) == key.use.value)
        for row in session.exec(select(OrganisationKeyRow).where(*here, col(OrganisationKeyRow.retired_at).is_(None))):
            row.retired_at = now
        session.flush()
        session.add(row_of(key, now))
        session.flush()
        self._note(session, key.org, "key-published", key.fingerprint, key.org)
        return None

    def _first(
        self, key: PublishedKey, before: tuple[PublishedKey, ...], accepted: Collection[Fingerprint]
    ) -> Refusal | None:
        """Whether a key that vouches for itself may be believed all the same; None for one that does not."""
        said = jws.told(key.voucher, KEY_TYPE)
        if said is None or said.kid != key.fingerprint or key.fingerprint in accepted:
            return None
        if self._first_use and key.org != OPERATOR and not any(each.use is KeyUse.SIGNING for each in before):
            return None
        return Refusal(code="key-not-accepted", detail=as_said(key.fingerprint))


def vouching(key: PublishedKey, before: tuple[PublishedKey, ...]) -> Refusal | None:
    """Why what vouches for a key does not hold; `before` are the organisation's keys that are known already."""
    refused = Refusal(code="key-not-vouched", detail=as_said(key.fingerprint))
    if any(each.use is key.use and each.number >= key.number for each in before):
        return refused
    if key.use is KeyUse.SIGNING and not states(key.possession, key, key.statement()):
        return refused
    newest = max((each for each in before if each.use is KeyUse.SIGNING), key=lambda each: each.number, default=None)
    if newest is not None and newest.revoked_at is None:
        return None if states(key.voucher, newest, key.statement()) else refused
    return None if key.use is KeyUse.SIGNING and states(key.voucher, key, key.statement()) else refused


def states(said: str | None, by: PublishedKey, statement: KeyStatement) -> bool:
    """Whether `said` is this statement, signed with that key."""
    what = jws.told(said or "", KEY_TYPE)
    return (
        what is not None
        and what.kid == by.fingerprint
        and what.payload == statement.model_dump(mode="json")
        and jws.proven(what, by.raw)
    )


def reached(keys: Iterable[PublishedKey], roots: Collection[Fingerprint]) -> KnownKeys:
    """The keys that a chain of vouchers leads to from fingerprints that the desk has compared itself.

    With them a desk need not believe the plane: a key that the plane has put in between is not reached.
    """
    believed: dict[Fingerprint, PublishedKey] = {}
    for key in sorted(keys, key=lambda key: (key.use is KeyUse.SEALING, key.number)):
        said = jws.told(key.voucher, KEY_TYPE)
        voucher = believed.get(said.kid) if said else None
        if key.fingerprint in roots or (
            voucher is not None
            and (voucher.org, voucher.use) == (key.org, KeyUse.SIGNING)
            and states(key.voucher, voucher, key.statement())
        ):
            believed[key.fingerprint] = key
    return KnownKeys(believed.values())


def rows_of(session: Session, org: OrgId | None) -> tuple[PublishedKey, ...]:
    query = select(OrganisationKeyRow).order_by(OrganisationKeyRow.org, OrganisationKeyRow.use)
    query = query.order_by(col(OrganisationKeyRow.number))
    if org is not None:
        query = query.where(OrganisationKeyRow.org == org)
    return tuple(as_key(row) for row in session.exec(query))


def as_key(row: OrganisationKeyRow) -> PublishedKey:
    return PublishedKey.model_validate({name: getattr(row, name) for name in PublishedKey.model_fields})


def row_of(key: PublishedKey, now: datetime) -> OrganisationKeyRow:
    stated = {**key.model_dump(), "use": key.use.value, "valid_from": now, "retired_at": None, "revoked_at": None}
    return OrganisationKeyRow(**stated)
