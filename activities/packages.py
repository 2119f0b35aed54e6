"""Sealing a package to the recipient's desk, and opening it there (HPKE, RFC 9180, base mode).

HPKE proves nothing about the sender, so the content is signed before it is encrypted, and what is signed names the
recipient, the case and the package: a recipient can't pass it on as if it had been sealed for somebody else. The
label that travels beside the ciphertext is bound into the encryption too, so nobody on the way can change a word.
"""

from __future__ import annotations

import hashlib
import struct
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from activities import jws
from activities.key_directory import Keys
from activities.organisation_keys import OrganisationKeys
from models.contracts import Refusal
from models.exchange import CONTENT_LIMIT, Envelope, Label
from models.published_keys import Fingerprint, KeyUse, PublishedKey
from models.words import CaseRef

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
PACKAGE_TYPE = "utvag-package+jws"
VERSION = b"utvag/package/1"
SIZES = (4_096, 16_384, 65_536, 262_144, 524_288)
"""Bytes that a package is filled up to before it is encrypted: its length tells one of five sizes and nothing more."""
OVERHEAD = 48
"""Bytes that encryption adds: the encapsulated key (32) and the tag (16)."""
SEALED_SIZES = frozenset(size + OVERHEAD for size in SIZES)
LONGEST_LIFE = timedelta(days=30)
"""How long a package may wait for its recipient."""
LENGTHS = struct.Struct(">II")


class TooLarge(ValueError):
    """A package that is empty, or has more bytes than `CONTENT_LIMIT`."""

    def __init__(self) -> None:
        super().__init__("a package has between 1 and 500 000 bytes")


def encrypt(content: bytes, recipient: bytes, info: bytes) -> bytes:
    """The encapsulated key and the ciphertext, for the holder of this raw X25519 public key."""
    return SUITE.encrypt(content, X25519PublicKey.from_public_bytes(recipient), info)


def decrypt(sealed: bytes, key: X25519PrivateKey, info: bytes) -> bytes | None:
    """The content; None when it was sealed to another key or under another `info`, or has been changed."""
    try:
        return SUITE.decrypt(sealed, key, info)
    except (InvalidTag, ValueError):
        return None


def seal(content: bytes, label: Label, keys: OrganisationKeys, recipient: PublishedKey) -> Envelope:
    """The package, signed by its sender and sealed to the recipient's key.

    Every sealing gives another ciphertext: keep the envelope before it is left in the exchange, and leave the same
    one when trying again.

    Raises:
        TooLarge: nothing in it, or too much.
        ValueError: the label is not from these keys' organisation to that key's, or the key is not for sealing.
        CannotOpen, KeyMissing: the sender's own signing key can't be used.
    """
    if not 1 <= len(content) <= CONTENT_LIMIT:
        raise TooLarge
    if (label.sender, label.recipient, recipient.use) != (keys.org, recipient.org, KeyUse.SEALING):
        raise ValueError("the label is another's")
    said = {"label": label.model_dump(mode="json"), "content": hashlib.sha256(content).hexdigest()}
    statement = keys.jws(said, PACKAGE_TYPE).encode("ascii")
    whole = LENGTHS.pack(len(statement), len(content)) + statement + content
    size = next((size for size in SIZES if len(whole) <= size), None)
    if size is None:
        raise TooLarge
    sealed = encrypt(whole.ljust(size, b"\0"), recipient.raw, binding(label, recipient.fingerprint))
    return Envelope(
        **label.model_dump(),
        sealing_key=recipient.fingerprint,
        digest=hashlib.sha256(sealed).hexdigest(),
        sealed=sealed,
    )


def open_sealed(
    envelope: Envelope, keys: OrganisationKeys, directory: Keys, *, case: CaseRef, now: datetime
) -> bytes | Refusal:
    """The content of a package for this desk, about this case; or one neutral word for why it is not taken.

    That a package is taken once is the vault's to see: its id is unique there.

    Raises:
        CannotOpen, KeyMissing: the desk's own sealing key can't be used.
    """
    if envelope.recipient != keys.org:
        return Refusal(code="package-unknown")
    if envelope.case != case:
        return Refusal(code="package-other-case")
    if not envelope.intact or len(envelope.sealed) not in SEALED_SIZES:
        return Refusal(code="package-damaged")
    opener = keys.opener(envelope.sealing_key)
    if opener is None:
        return Refusal(code="package-key-gone")
    whole = decrypt(envelope.sealed, opener, binding(envelope.label(), envelope.sealing_key))
    parts = None if whole is None else taken_apart(whole)
    if parts is None:
        return Refusal(code="package-damaged")
    statement, content = parts
    return vouched(statement, content, envelope.label(), directory, now) or content


def binding(label: Label, sealing_key: Fingerprint) -> bytes:
    """HPKE's `info`: the whole label and the key, in canonical JSON."""
    return VERSION + b"\0" + jws.canonical({"label": label.model_dump(mode="json"), "key": sealing_key})


def taken_apart(whole: bytes) -> tuple[str, bytes] | None:
    """The sender's statement and the content; None when it is not laid out as `seal` does."""
    if len(whole) not in SIZES:
        return None
    stated, length = LENGTHS.unpack_from(whole)
    end = LENGTHS.size + stated + length
    statement, content = whole[LENGTHS.size : LENGTHS.size + stated], whole[LENGTHS.size + stated : end]
    if len(content) != length or not 1 <= length <= CONTENT_LIMIT or any(whole[end:]) or not statement.isascii():
        return None
    return statement.decode("ascii"), content


def vouched(statement: str, content: bytes, label: Label, directory: Keys, now: datetime) -> Refusal | None:
    """Why it is not certain that the sender has said this, of this package, to this recipient."""
    said = jws.told(statement, PACKAGE_TYPE)
    if said is None:
        return Refusal(code="package-damaged")
    key = directory.verify_key(label.sender, said.kid, now, label.created_at)
    if isinstance(key, Refusal):
        return Refusal(code="package-sender-unknown", detail=key.code)
    if key.use is not KeyUse.SIGNING:
        return Refusal(code="package-sender-unknown")
    expected = {"label": label.model_dump(mode="json"), "content": hashlib.sha256(content).hexdigest()}
    if said.payload != expected or not jws.proven(said, key.raw):
        return Refusal(code="package-damaged")
    return None
