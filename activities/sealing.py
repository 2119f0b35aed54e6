"""Sealing: AES-256-GCM under a key of 256 bits, with the place that the sealed thing belongs to as associated data."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.keys import CannotOpen, Cell
from models.words import OrgId

SCHEME = 1
"""How things are sealed. Stands first in what is sealed and is part of what is bound, so that another way can come."""
KEY_BYTES, NONCE_BYTES, TAG_BYTES = 32, 12, 16


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def bound(**parts: str | int) -> bytes:
    """What is bound to something sealed, as canonical JSON (RFC 8785): the same bytes everywhere and for ever."""
    return rfc8785.dumps({"scheme": SCHEME, **parts})


def place(org: OrgId, cell: Cell, key_version: int) -> bytes:
    """The associated data of something kept. Moved to another place, it does not open."""
    parts: Mapping[str, str] = {name: str(part) for name, part in cell._asdict().items()}
    return bound(org=org, key_version=key_version, **parts)


def seal(key: bytes, plain: bytes, associated: bytes) -> bytes:
    """One byte of scheme, a random nonce of 96 bits, then the ciphertext and its tag."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return bytes([SCHEME]) + nonce + AESGCM(key).encrypt(nonce, plain, associated)


def unseal(key: bytes, content: bytes, associated: bytes) -> bytes:
    """What was sealed with this key in this place.

    Raises:
        CannotOpen: it was not, or it has been changed since.
    """
    nonce, rest = content[1 : 1 + NONCE_BYTES], content[1 + NONCE_BYTES :]
    if content[:1] != bytes([SCHEME]) or len(rest) < TAG_BYTES:
        raise CannotOpen
    try:
        return AESGCM(key).decrypt(nonce, rest, associated)
    except InvalidTag:
        raise CannotOpen from None
