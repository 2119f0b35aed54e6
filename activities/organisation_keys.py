"""An organisation's own private keys: one pair signs what it does, another opens what is sealed to it.

Each key is a file `signing-<fingerprint>.json` or `sealing-<fingerprint>.json` (mode 0600) in the organisation's
folder; its private part is wrapped with the outer key. A file is written whole or not at all, and changed only to
revoke the key, to wrap it anew or to forget its private part.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import Field, ValidationError

from activities import jws
from models.keys import CannotOpen, KeyMissing, Wrapped
from models.published_keys import (
    Fingerprint,
    KeyStatement,
    KeyUse,
    PublishedKey,
    PublishedKeys,
    Signed,
    as_said,
    decoded,
    encoded,
    fingerprint_of,
)
from models.settings import Settings
from models.words import Code, Instant, OrgId, Word

KEY_TYPE = "utvag-key+jws"
Private = Ed25519PrivateKey | X25519PrivateKey


class Outer(Protocol):
    """What is asked of the outer key: `activities.outer_keys` has the real ones."""

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped: ...

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes: ...


class HeldKey(Word):
    """A key file."""

    statement: KeyStatement
    voucher: Signed
    possession: Signed | None = None
    outer_version: int
    wrapped: str | None = Field(default=None, repr=False)
    """None: the private part has been forgotten."""
    revoked_at: Instant | None = None
    revoked_for: Code | None = None

    @property
    def stands(self) -> bool:
        return self.revoked_at is None and self.wrapped is not None


class OrganisationKeys:
    """One organisation's keys on this machine. Other programs' changes to the folder are seen at the next use."""

    def __init__(self, org: OrgId, folder: Path, outer: Outer) -> None:
        self.org = org
        self._folder = folder
        self._outer = outer
        self._opened: dict[Fingerprint, Private] = {}
        self._read: dict[str, tuple[tuple[int, int], HeldKey]] = {}

    def ensure(self, now: datetime) -> PublishedKeys:
        """Makes the keys that are missing; with a signing and a sealing key in place it changes nothing."""
        with self._alone():
            for use in KeyUse:
                if self._current(use) is None:
                    self._make(use, now)
        return self.public()

    def rotate(self, now: datetime) -> PublishedKeys:
        """A new signing key, vouched for by the one before it, and a new sealing key.

        Old sealing keys are kept, so that packages under way can still be opened: see `forget`.
        """
        with self._alone():
            for use in KeyUse:
                self._make(use, now)
        return self.public()

    def revoke(self, fingerprint: Fingerprint, reason: Code, at: datetime) -> bool:
        """Uses a key no more. The first revocation stands; False when there is no such key here.

        The directory must be told too (`KeyDirectory.revoke`), and `ensure` makes the next key. Where the signing key
        is revoked nothing vouches for the next one: the plane's operator has to accept it.
        """
        with self._alone():
            held = next((each for each in self._held() if each.statement.fingerprint == fingerprint), None)
            if held is not None and held.revoked_at is None:
                self._write(held.model_copy(update={"revoked_at": at, "revoked_for": reason}))
        return held is not None

    def replaced_sealing(self) -> list[Fingerprint]:
        """Sealing keys that another has replaced, and that still open what was sealed to them."""
        current = self._of(KeyUse.SEALING)[-1:]
        return [
            held.statement.fingerprint
            for held in self._of(KeyUse.SEALING)
            if held.wrapped is not None and held not in current
        ]

    def forget(self, fingerprints: Collection[Fingerprint]) -> list[Fingerprint]:
        """Destroys the private part of replaced sealing keys: what was sealed to them and copied on the way can then be
        opened by nobody. Never of the current one. Name those to which no package under way was sealed."""
        with self._alone():
            replaced = set(self.replaced_sealing()) & set(fingerprints)
            past = [held for held in self._of(KeyUse.SEALING) if held.statement.fingerprint in replaced]
            for held in past:
                self._write(held.model_copy(update={"wrapped": None}))
                self._opened.pop(held.statement.fingerprint, None)
        return [held.statement.fingerprint for held in past]

    def rewrap(self) -> int:
        """Wraps every private part with the outer key's current version. Returns how many.

        Raises:
            CannotOpen, KeyMissing: one can't be opened. Those before it are wrapped anew, nothing is lost.
        """
        with self._alone():
            kept = [held for held in self._held() if held.wrapped is not None]
            for held in kept:
                raw = self._raw(held)
                wrapped = self._outer.wrap(raw, context(held.statement))
                if self._outer.unwrap(wrapped, context(held.statement)) != raw:  # the older outer key is destroyed next
                    raise CannotOpen
                self._write(
                    held.model_copy(update={"outer_version": wrapped.version, "wrapped": encoded(wrapped.blob)})
                )
        return len(kept)

    def public(self) -> PublishedKeys:
        """Every key there has been, each after the one that vouches for it."""
        signing, sealing = self._of(KeyUse.SIGNING), self._of(KeyUse.SEALING)
        vouched: dict[Fingerprint | None, list[PublishedKey]] = {}
        for held, key in zip(sealing, published(sealing), strict=True):
            vouched.setdefault(voucher_of(held), []).append(key)
        ordered = [each for key in published(signing) for each in (key, *vouched.get(key.fingerprint, ()))]
        return PublishedKeys(org=self.org, keys=tuple(ordered))

    @property
    def fingerprint(self) -> Fingerprint:
        """Of the current signing key."""
        return self._must(KeyUse.SIGNING).statement.fingerprint

    @property
    def sealing_fingerprint(self) -> Fingerprint:
        return self._must(KeyUse.SEALING).statement.fingerprint

    def sign(self, content: bytes) -> bytes:
        """Ed25519 over these bytes, 64 bytes. The caller says in them what they are for."""
        return self._signer(self._must(KeyUse.SIGNING)).sign(content)

    def jws(self, payload: dict[str, Any], typ: str) -> str:
        """The payload signed with the current signing key, as JWS of this type."""
        held = self._must(KeyUse.SIGNING)
        return jws.written(payload, typ, held.statement.fingerprint, self._signer(held))

    def opener(self, fingerprint: Fingerprint) -> X25519PrivateKey | None:
        """The private sealing key with this fingerprint, also an old one; None when it is not kept here."""
        for held in self._of(KeyUse.SEALING):
            if held.statement.fingerprint == fingerprint and held.wrapped is not None:
                key = self._private(held)
                return key if isinstance(key, X25519PrivateKey) else None
        return None

    def _current(self, use: KeyUse) -> HeldKey | None:
        """The newest, unless it is revoked: one that has been replaced is never taken up again."""
        newest = self._of(use)[-1:]
        return newest[0] if newest and newest[0].stands else None

    def _must(self, use: KeyUse) -> HeldKey:
        held = self._current(use)
        if held is None:
            raise KeyMissing(
                "Organisationen har ingen egen nyckel här. Kör `key make` på den maskin där desken finns.",
                "The organisation has no key of its own here. Run `key make` on the machine where the desk is.",
            )
        return held

    def _make(self, use: KeyUse, now: datetime) -> None:
        before = self._of(use)
        key: Private = Ed25519PrivateKey.generate() if use is KeyUse.SIGNING else X25519PrivateKey.generate()
        raw = key.public_key().public_bytes_raw()
        statement = KeyStatement(
            org=self.org,
            use=use,
            number=before[-1].statement.number + 1 if before else 1,
            fingerprint=fingerprint_of(raw),
            public=encoded(raw),
            made_at=max(now, *(held.statement.made_at + timedelta(microseconds=1) for held in before))
            if before
            else now,
        )
        said = statement.model_dump(mode="json")
        itself = jws.written(said, KEY_TYPE, statement.fingerprint, key) if isinstance(key, Ed25519PrivateKey) else None
        predecessor = self._current(KeyUse.SIGNING)
        vouched = self.jws(said, KEY_TYPE) if predecessor else itself
        if vouched is None:
            raise ValueError("a sealing key is made after a signing key")
        wrapped = self._outer.wrap(key.private_bytes_raw(), context(statement))
        self._write(
            HeldKey(
                statement=statement,
                voucher=vouched,
                possession=itself,
                outer_version=wrapped.version,
                wrapped=encoded(wrapped.blob),
            )
        )

    def _signer(self, held: HeldKey) -> Ed25519PrivateKey:
        key = self._private(held)
        if not isinstance(key, Ed25519PrivateKey):
            raise CannotOpen
        return key

    def _private(self, held: HeldKey) -> Private:
        fingerprint = held.statement.fingerprint
        if fingerprint not in self._opened:
            raw = self._raw(held)
            kind = Ed25519PrivateKey if held.statement.use is KeyUse.SIGNING else X25519PrivateKey
            key = kind.from_private_bytes(raw)
            if fingerprint_of(key.public_key().public_bytes_raw()) != fingerprint:
                raise CannotOpen
            self._opened[fingerprint] = key
        return self._opened[fingerprint]

    def _raw(self, held: HeldKey) -> bytes:
        """The private part, 32 bytes. Raises: CannotOpen, KeyMissing."""
        if held.wrapped is None:
            raise CannotOpen
        raw = self._outer.unwrap(Wrapped(held.outer_version, decoded(held.wrapped)), context(held.statement))
        if len(raw) != 32:
            raise CannotOpen
        return raw

    def _of(self, use: KeyUse) -> list[HeldKey]:
        return sorted(
            (held for held in self._held() if held.statement.use is use), key=lambda held: held.statement.number
        )

    def _held(self) -> list[HeldKey]:
        """What the folder holds. A file is read again when it has changed: there are two more for every renewal."""
        before, found = self._read, {}
        for path in sorted(path for use in KeyUse for path in self._folder.glob(f"{use}-*.json")):
            seen = ((stat := path.stat()).st_mtime_ns, stat.st_ino)
            known = before.get(path.name)
            found[path.name] = known if known and known[0] == seen else (seen, self._parsed(path))
        self._read = found
        return [held for _, held in found.values()]

    def _parsed(self, path: Path) -> HeldKey:
        try:
            held = HeldKey.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            raise CannotOpen from None
        if held.statement.org != self.org or path.name != file_name(held.statement):
            raise CannotOpen
        return held

    def _write(self, held: HeldKey) -> None:
        """Puts a key file in place: whole, on disk, readable by its owner only."""
        path = self._folder / file_name(held.statement)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(held.model_dump_json(indent=1))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Of programs that change the keys at the same time, one after the other."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(self._folder / ".organisation-keys.lock", os.O_RDWR | os.O_CREAT, 0o600), "r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def open_keys(settings: Settings, org: OrgId, outer: Outer) -> OrganisationKeys:
    return OrganisationKeys(org, settings.keys / org, outer)


def context(statement: KeyStatement) -> bytes:
    """What a wrapped private part is bound to: in another organisation's or another key's file it does not open."""
    return f"utvag/organisation-key/{statement.org}/{statement.use}/{statement.fingerprint}".encode()


def file_name(statement: KeyStatement) -> str:
    return f"{statement.use}-{statement.fingerprint}.json"


def voucher_of(held: HeldKey) -> Fingerprint | None:
    said = jws.told(held.voucher, KEY_TYPE)
    return said.kid if said else None


def published(kind: list[HeldKey]) -> list[PublishedKey]:
    """All keys of one use, by number, as they are published. Each retires when the next one is made."""
    following = [*(each.statement.made_at for each in kind[1:]), None][: len(kind)]
    return [
        PublishedKey(
            **held.statement.model_dump(),
            voucher=held.voucher,
            possession=held.possession,
            valid_from=held.statement.made_at,
            retired_at=retired_at,
            revoked_at=held.revoked_at,
            revoked_for=held.revoked_for,
        )
        for held, retired_at in zip(kind, following, strict=True)
    ]


def key_rows(keys: OrganisationKeys) -> list[dict[str, Any]]:
    """The keys as `key status` shows them, newest first; nothing secret."""
    return [
        {
            "org": key.org,
            "use": key.use.value,
            "number": key.number,
            "fingerprint": as_said(key.fingerprint),
            "state": "revoked" if key.revoked_at else "retired" if key.retired_at else "current",
            "made_at": key.made_at,
            "retired_at": key.retired_at,
            "revoked_at": key.revoked_at,
            "revoked_for": key.revoked_for,
        }
        for key in sorted(keys.public().keys, key=lambda key: (key.made_at, key.number), reverse=True)
    ]
