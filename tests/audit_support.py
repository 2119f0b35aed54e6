"""Chains for tests: entries to write, a key to sign with, and the hands of somebody who owns the database."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, text

from models.access import Purpose, Role
from models.audit import AuditEntry
from models.words import CaseRef, case_reference

ORG = "soc-0381"
CASES = tuple(case_reference(number) for number in range(1, 9))


def an_entry(**told: Any) -> AuditEntry:
    """Somebody read something, unless told otherwise."""
    usual: dict[str, Any] = {
        "at": datetime.now(UTC),
        "org": ORG,
        "user": "handl-07",
        "role": Role.CASEWORKER,
        "action": "read",
        "case": CASES[0],
        "categories": ("identity", "contact"),
        "subject": str(uuid4()),
        "purpose": Purpose.HANDLE_CASE,
    }
    return AuditEntry(**(usual | told))


def entries(number: int) -> list[AuditEntry]:
    """A day's work, of every shape that there is."""
    made = []
    for place in range(number):
        case: CaseRef | None = CASES[place % len(CASES)]
        shapes: tuple[dict[str, Any], ...] = (
            {},
            {"action": "read-address", "categories": ("address",), "user": f"handl-{place % 20:02}"},
            {"action": "disclose", "recipient": "polisen-mitt", "ground": "osl-10-2", "purpose": Purpose.DISCLOSE},
            {"outcome": "not-on-the-list", "subject": "H1"},
            {"case": None, "categories": (), "subject": None, "purpose": None, "action": "case-list"},
        )
        made.append(an_entry(**({"case": case} | shapes[place % len(shapes)])))
    return made


class FileSigner:
    """A signing key in a file: what an organisation's own keys are behind the same protocol."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_text(b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode())
        self._key = Ed25519PrivateKey.from_private_bytes(b64decode(file.read_text()))
        self.public = self._key.public_key().public_bytes_raw()
        self.fingerprint = sha256(self.public).hexdigest()

    def sign(self, content: bytes) -> bytes:
        return self._key.sign(content)

    def published(self, fingerprint: str) -> bytes | None:
        return self.public if fingerprint == self.fingerprint else None


TRIGGERS = {
    "sqlite": ("drop trigger if exists {}", ("audit_no_update", "audit_no_delete", "audit_in_order")),
    "postgresql": ("drop trigger if exists {} on audit", ("audit_no_change", "audit_no_truncate", "audit_in_order")),
}


def unguard(engine: Engine) -> None:
    """Takes the triggers away, as the database's owner can."""
    statement, names = TRIGGERS[engine.dialect.name]
    with engine.begin() as connection:
        for name in names:
            connection.execute(text(statement.format(name)))


def random_digest() -> str:
    return secrets.token_hex(32)
