"""Organisations' keys as everybody sees them, the acts that were signed with them, and how a key is told apart."""

from __future__ import annotations

import hashlib
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from models.words import CaseRef, Code, Digest, Instant, OrgId, RequestKey, Word

Fingerprint = Annotated[str, StringConstraints(pattern=r"^[A-Z2-7]{51}[AQ]$")]
"""All 32 bytes of SHA-256 over a raw public key, in base 32: one text for one key, so machines compare texts."""
PublicBytes = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""A raw public key (32 bytes), base64url without padding."""
Signed = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$")]
"""A JWS in compact form (RFC 7515), signed with Ed25519."""
Audience = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/:._-]{1,200}$")]
"""Which plane something was signed for: `Settings.event_source` tells one installation from another."""

MOST_AT_ONCE = 200
"""Keys that are published at once: a renewal makes two."""


CLOCKS_DIFFER = timedelta(minutes=5)
"""How much the clocks of two organisations may differ."""


class KeyUse(StrEnum):
    SIGNING = "signing"
    """Ed25519: acts, requests, packages, checkpoints."""
    SEALING = "sealing"
    """X25519: packages are encrypted to it (HPKE, RFC 9180)."""


class WhyRevoked(StrEnum):
    """Why an organisation's key is believed no more. A code: who and how is written down elsewhere."""

    STOLEN = "stolen"
    SUSPECTED = "suspected"
    """Nobody knows that it was stolen, and nobody would swear that it was not."""
    LOST = "lost"
    ENDED = "ended"
    """The machine or the organisation is no more."""


def fingerprint_of(raw: bytes) -> Fingerprint:
    """The fingerprint of a raw public key."""
    return b32encode(hashlib.sha256(raw).digest()).decode().rstrip("=")


def as_said(fingerprint: Fingerprint) -> str:
    """A fingerprint in groups of four, for reading aloud on the phone: the whole of it, thirteen groups."""
    return "-".join(fingerprint[place : place + 4] for place in range(0, len(fingerprint), 4))


def as_heard(said: str) -> str:
    """What was read aloud or typed, without dashes and blanks. Not checked: compare it with a `Fingerprint`."""
    return "".join(said.split()).replace("-", "").upper()


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class KeyStatement(Word):
    """What is signed about a new key: that it is this organisation's, for this use, and the number of its kind."""

    org: OrgId
    use: KeyUse
    number: int = Field(ge=1, le=1_000_000)
    fingerprint: Fingerprint
    public: PublicBytes
    made_at: Instant

    @property
    def raw(self) -> bytes:
        return decoded(self.public)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if fingerprint_of(self.raw) != self.fingerprint:
            raise ValueError("the fingerprint is not this key's")
        return self


class PublishedKey(KeyStatement):
    """A key with what vouches for it, and from when to when it holds by the directory's own clock."""

    voucher: Signed
    """The statement, signed with the signing key before this one; the very first signing key vouches for itself."""
    possession: Signed | None = None
    """A signing key's own signature of the statement: nobody can publish another's key as theirs."""
    valid_from: Instant | None = None
    retired_at: Instant | None = None
    """From now on nothing new is signed or sealed with it; what is under way still counts."""
    revoked_at: Instant | None = None
    """From now on nothing is believed because of it."""
    revoked_for: Code | None = None

    def statement(self) -> KeyStatement:
        return KeyStatement(**{name: getattr(self, name) for name in KeyStatement.model_fields})


class PublishedKeys(Word):
    """An organisation's public keys in the order in which they were made, each after the one that vouches for it.

    All of them, however often they have been renewed: which one a directory has got to is for nobody here to know, and
    of a chain of vouchers no link can be left out.
    """

    org: OrgId
    keys: tuple[PublishedKey, ...]

    @model_validator(mode="after")
    def _one_organisation(self) -> Self:
        if any(key.org != self.org for key in self.keys):
            raise ValueError("a key is another organisation's")
        return self


class PublishedPiece(PublishedKeys):
    """As many of them as are published at once."""

    keys: tuple[PublishedKey, ...] = Field(max_length=MOST_AT_ONCE)


def pieces(published: PublishedKeys) -> tuple[PublishedPiece, ...]:
    """The keys as they are published: piece by piece, in order.

    Each key still comes after the one that vouches for it, so a directory may take in the pieces one after the other,
    whatever it has already. One that stops halfway has got to a key that held once, and goes on from there next time.
    """
    places = range(0, len(published.keys), MOST_AT_ONCE) or (0,)
    return tuple(
        PublishedPiece(org=published.org, keys=published.keys[place : place + MOST_AT_ONCE]) for place in places
    )


class VerifiedAct(Word):
    """An act whose signature has been verified: who did it, with which key, to which case, and the event itself."""

    org: OrgId
    fingerprint: Fingerprint
    case: CaseRef
    jti: RequestKey
    payload: dict[str, Any]
    digest: Digest
    """SHA-256 of the canonical JSON of case and event, whenever and with whichever of its keys the organisation signed
    it: a retry signs the same act anew."""
    signed_at: Instant
    until: Instant
    jws: str


class VerifiedRequest(Word):
    """A request to the plane's API that comes from the organisation it says."""

    org: OrgId
    fingerprint: Fingerprint
    jti: RequestKey
