"""Where the log is read: whoever comes in says who they are and why, and that they were here is written down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Engine

from activities.audit import PLANE, AuditLog
from activities.checkpoints import Checkpoints
from activities.stores import desk_url, open_existing, register_url
from console.failures import Refused
from models.access import Purpose, Reader
from models.audit import AuditEntry
from models.contracts import Refusal
from models.settings import Settings
from models.words import CaseRef
from rules.audit import READ_AUDIT

VERIFY = "verify-audit"
May = Callable[[Reader, str, CaseRef | None], Refusal | None]
"""Whether this reader may do this (`read-audit`, `verify-audit`) with the log, about a case or the whole."""
Who = Callable[[str, str | None], Reader]
"""Who it is, from the chain (an organisation, or the plane) and the account that was named, if any was."""


class LogRoom(NamedTuple):
    """One program's way to the logs. What it takes to come in is given to it."""

    settings: Settings
    who: Who
    may: May
    checkpoints: Callable[[str], Checkpoints | None]

    def engine(self, chain: str) -> Engine:
        """Raises: BadDatabase: there is no such database yet."""
        return open_existing(register_url(self.settings) if chain == PLANE else desk_url(self.settings, chain))

    def log(self, chain: str) -> AuditLog:
        return AuditLog(self.engine(chain), chain, self.checkpoints(chain))

    def admit(self, chain: str, user: str | None, action: str, case: CaseRef | None = None) -> Reader:
        """Raises: Refused: they may not."""
        reader = self.who(chain, user)
        if refusal := self.may(reader, action, case):
            raise Refused(refusal)
        return reader

    def read(self, chain: str, user: str | None, case: CaseRef | None = None, subject: str | None = None) -> AuditLog:
        """The log, to be read; that it is, is written in it first.

        Raises:
            Refused: they may not. That they tried is written.
            CannotAudit: it can't be written, so it is not shown.
        """
        log, reader = self.log(chain), self.who(chain, user)
        refusal = self.may(reader, READ_AUDIT, case)
        entry = AuditEntry(
            at=datetime.now(UTC),
            **dict(reader),
            action=READ_AUDIT,
            case=case,
            subject=subject,
            purpose=Purpose.REVIEW_LOGS,
            outcome=refusal.code if refusal else "done",
        )
        log.write(entry)
        if refusal is not None:
            raise Refused(refusal)
        return log
