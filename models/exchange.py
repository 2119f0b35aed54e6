"""Sealed packages on their way from desk to desk: what the plane may know of one, and what it can't read."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

from models.published_keys import Fingerprint
from models.words import CheckedRef, Code, Digest, HandoffId, Instant, ItemId, OrgId, Word

CONTENT_LIMIT = 500_000
"""Bytes of a package before it is sealed; sealed and in base64 it still fits a request to the plane."""
SEALED_LIMIT = 600_000


def _bytes(told: Any) -> Any:
    """Raises: ValueError: a text that is not base64, to the letter."""
    return b64decode(told, validate=True) if isinstance(told, str) else told


SealedBytes = Annotated[
    bytes,
    BeforeValidator(_bytes),
    PlainSerializer(lambda raw: b64encode(raw).decode(), return_type=str, when_used="json"),
    Field(max_length=SEALED_LIMIT, repr=False),
]
"""Ciphertext: bytes here, base64 in JSON."""


class PackageState(StrEnum):
    SEALED = "sealed"
    LEASED = "leased"
    """The recipient's desk has fetched it and has not yet said that it is kept."""
    STORED = "stored"
    """The recipient's vault has it."""
    ERASED = "erased"
    """The vault has it, and the ciphertext is gone from here."""
    REVOKED = "revoked"
    """Taken back or expired before it was stored; the ciphertext is gone."""


class Label(Word):
    """What everybody on the way may know of a package. All of it is bound into the encryption and signed."""

    id: ItemId
    case: CheckedRef
    handoff: HandoffId
    sender: OrgId
    recipient: OrgId
    categories: tuple[Code, ...] = Field(min_length=1, max_length=20)
    grounds: tuple[Code, ...] = Field(min_length=1, max_length=20)
    created_at: Instant
    expires_at: Instant


class Envelope(Label):
    """A sealed package. Goes from desk to exchange to desk over the plane's API, never through Temporal."""

    sealing_key: Fingerprint
    """The recipient's key that it was sealed to."""
    digest: Digest
    """SHA-256 of the ciphertext."""
    sealed: SealedBytes

    def label(self) -> Label:
        return Label(**{name: getattr(self, name) for name in Label.model_fields})

    @property
    def intact(self) -> bool:
        return hashlib.sha256(self.sealed).hexdigest() == self.digest


class Delivery(Word):
    """How far a package has come, for its sender and its recipient."""

    id: ItemId
    state: PackageState
    sender: OrgId
    label: Label | None = None
    """None when it was taken back before it came here."""
    sealing_key: Fingerprint | None = None
    digest: Digest | None = None
    left_at: Instant | None = None
    leased_until: Instant | None = None
    stored_at: Instant | None = None
    erased_at: Instant | None = None
    """When the ciphertext was destroyed, whichever way."""
    revoked_for: Code | None = None
    """`withdrawn`, `expired` or `never-said`, or the code that the case destroyed it with."""
