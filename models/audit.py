"""What an audit chain keeps: who did what with which case, why and on what ground. No personal data, no free text."""

from __future__ import annotations

from pydantic import Field

from models.access import Purpose, Role, UserId
from models.words import CaseRef, Code, Digest, Instant, OrgId, Word


class AuditEntry(Word):
    """One thing that was read, shown, sent, decided or refused."""

    at: Instant
    """The machine's clock, not the case's."""
    org: OrgId
    user: UserId
    role: Role
    action: Code
    """`read`, `read-address`, `disclose`, `consent-given`, `break-glass`, `dispose`, `refused` ..."""
    case: CaseRef | None = None
    categories: tuple[Code, ...] = Field(default=(), max_length=20)
    subject: str | None = Field(default=None, max_length=64)
    """The id of what it was about: an item, a package, a handoff, a request. An id says nothing about what it holds."""
    recipient: OrgId | None = None
    purpose: Purpose | None = None
    ground: Code | None = None
    outcome: Code = "done"
    """`done`, or the code of the refusal."""


class Link(Word):
    """An entry in its place in the chain: it seals the link before it."""

    seq: int
    entry: AuditEntry
    previous: Digest
    digest: Digest


class Checkpoint(Word):
    """The chain as it stood, signed and kept in another place: what came before it can't be rewritten or cut off."""

    chain: str
    """The organisation whose chain it is, or `plane`."""
    seq: int
    digest: Digest
    at: Instant
    key: str
    """Fingerprint of the signing key."""
    signature: str
    """Ed25519 over the canonical JSON of the rest, base64url."""
