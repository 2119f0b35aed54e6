"""Outer keys: what wraps a desk's data keys. Kept in files, in a hardware module, or by a key service.

A provider holds one key per version for one organisation. Versions only grow; the highest is the current one, and the
earlier ones are there until what they wrapped has been wrapped anew and they are destroyed. Nothing else is asked of
a provider, so that a key service fits as it is. HashiCorp Vault's transit engine, for one, with one key per
organisation (`type=aes256-gcm96`):

    current, versions   GET  transit/keys/ORG          latest_version, and from min_decryption_version on
    fingerprint         the same answer                the version's creation time
    wrap                POST transit/encrypt/ORG       plaintext, associated_data = context; `vault:v3:...` is the blob
    unwrap              POST transit/decrypt/ORG       ciphertext, associated_data = context
    rotate              POST transit/keys/ORG/rotate
    destroy             POST transit/keys/ORG/config   min_decryption_version, then transit/keys/ORG/trim

With `derived=true` the context selects a derived key instead; that binds it just as well. A key service that is down
raises `KeyMissing`, as a missing file does: what is kept is not read, and nothing is lost.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from activities.sealing import KEY_BYTES, new_key, seal, unseal
from models.keys import KeyMissing, Wrapped
from models.settings import Settings
from models.words import OrgId


class KeyProvider(Protocol):
    """The outer keys of one organisation. Used by one caller at a time when it makes or destroys versions."""

    kind: str
    """What `key status` calls it."""

    def current(self) -> int:
        """The version that wraps. Raises: KeyMissing: there is none."""

    def versions(self) -> tuple[int, ...]:
        """Those that stand, lowest first."""

    def fingerprint(self, version: int) -> str:
        """What tells this key from another that claims the same version. Says nothing about the key itself."""

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        """Wraps under the current version, so that the data key comes back with this context and no other."""

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        """Raises: CannotOpen: not what was wrapped, or another context. KeyMissing: that version is not there."""

    def rotate(self) -> int:
        """Makes the next version and returns it. What earlier versions wrapped still opens."""

    def destroy(self, version: int) -> None:
        """Ends a version for good: nothing opens what it wrapped. One that is not there is already destroyed."""


def open_outer_keys(settings: Settings, org: OrgId) -> KeyProvider:
    """The outer keys that the settings say.

    Raises:
        KeyMissing: settings for a hardware module that are not complete.
    """
    if settings.key_provider == "pkcs11":
        from activities.token_keys import open_token_keys

        return open_token_keys(settings, org)
    return FileKeys(org, settings.keys / org)


def missing(org: OrgId, version: int | None = None) -> KeyMissing:
    which = f"Yttre nyckel {version}" if version else "Yttre nyckel"
    other = f"Outer key {version}" if version else "The outer key"
    return KeyMissing(
        f"{which} för {org} saknas. Lägg tillbaka den ur nyckelkopian (docs/keys.md): utan den kan inget öppnas. "
        "Inget har ändrats.",
        f"{other} of {org} is missing. Put it back from the copy of the keys (docs/keys.md): without it nothing can "
        "be opened. Nothing was changed.",
    )


def another(org: OrgId, version: int) -> KeyMissing:
    return KeyMissing(
        f"Yttre nyckel {version} för {org} är skadad eller en annan än den som har använts. Lägg tillbaka den rätta "
        "ur nyckelkopian (docs/keys.md). Inget har ändrats.",
        f"Outer key {version} of {org} is damaged, or another than the one that was used. Put the right one back from "
        "the copy of the keys (docs/keys.md). Nothing was changed.",
    )


class FileKeys:
    """One file per version, for the account that runs the desk and nobody else (0600, in a folder that is 0700).

    A file is 32 random bytes and the first 16 of their digest, so that a torn or wrong file is told from a key.
    """

    kind = "file"

    def __init__(self, org: OrgId, folder: Path) -> None:
        self._org, self._folder = org, folder

    def current(self) -> int:
        if not (versions := self.versions()):
            raise missing(self._org)
        return versions[-1]

    def versions(self) -> tuple[int, ...]:
        found = (re.fullmatch(r"outer-([1-9][0-9]{0,8})\.key", path.name) for path in self._folder.glob("outer-*.key"))
        return tuple(sorted(int(name[1]) for name in found if name))

    def fingerprint(self, version: int) -> str:
        return _fingerprint(self._key(version))

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        version = self.current()
        return Wrapped(version, seal(self._key(version), data_key, context))

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        return unseal(self._key(wrapped.version), wrapped.blob, context)

    def rotate(self) -> int:
        """Writes the next version beside the others; it is whole and on disk before it counts."""
        version = max(self.versions(), default=0) + 1
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key, half = new_key(), self._folder / f".new-{secrets.token_hex(8)}"
        try:
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(key + _check(key))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # another process made this version first: it is as good
                self._file(version).hardlink_to(half)
        finally:
            half.unlink(missing_ok=True)
        self._flush_folder()
        return version

    def destroy(self, version: int) -> None:
        """Overwrites the file and removes it. On media that write elsewhere (SSD, copy-on-write) encrypt the disk."""
        path = self._file(version)
        try:
            with path.open("r+b") as file:
                file.write(secrets.token_bytes(path.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
        except FileNotFoundError:
            return
        path.unlink(missing_ok=True)
        self._flush_folder()

    def _file(self, version: int) -> Path:
        return self._folder / f"outer-{version}.key"

    def _key(self, version: int) -> bytes:
        try:
            content = self._file(version).read_bytes()
        except OSError:
            raise missing(self._org, version) from None
        key = content[:KEY_BYTES]
        if len(key) < KEY_BYTES or content != key + _check(key):
            raise another(self._org, version)
        return key

    def _flush_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _check(key: bytes) -> bytes:
    return sha256(b"utvag outer key, check\0" + key).digest()[:16]


def _fingerprint(key: bytes) -> str:
    """Of a key with 256 random bits a digest tells nothing."""
    return sha256(b"utvag outer key, fingerprint\0" + key).hexdigest()[:16]
