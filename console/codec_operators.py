"""Who may look through the seal on what Temporal stores: operators with a secret of their own, and their sessions."""

from __future__ import annotations

import fcntl
import hashlib
import secrets
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import Field, ValidationError

from models.access import Purpose, UserId
from models.settings import Settings
from models.words import Word
from workflows.key_ring import BadRing, written_beside

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=4)
FAILURES_WITHIN = timedelta(minutes=15)
MOST_FAILURES = 5
MOST_ATTEMPTS = 50
"""Failed logins within that time, for all accounts together: each costs 64 megabytes and a tenth of a second."""
MOST_SESSIONS = 20
SECRET_BYTES = 20


class OperatorFile(Word):
    """Argon2id hashes by account. The secrets themselves are shown once and kept nowhere."""

    operators: dict[UserId, str] = Field(max_length=100, repr=False)


class Operators:
    """The accounts in a file. It is read at every use, so an account that is taken away has lost its access at once."""

    def __init__(self, settings: Settings, hasher: PasswordHasher | None = None) -> None:
        self._path = settings.keys / "plane" / "codec-operators.json"
        self._hasher = hasher or PasswordHasher()
        self._one_at_a_time = Lock()
        self._nobody = self._hasher.hash(secrets.token_hex(SECRET_BYTES))

    def names(self) -> list[UserId]:
        """Raises: BadRing: the file can't be used."""
        return sorted(self._read().operators)

    def add(self, name: UserId) -> str:
        """A new account, or a new secret for one. Returns the secret, which is not kept. Raises: BadRing."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        with self._changing() as operators:
            operators[name] = self._hasher.hash(secret)
        return secret

    def remove(self, name: UserId) -> bool:
        """Whether there was such an account. Raises: BadRing."""
        with self._changing() as operators:
            return operators.pop(name, None) is not None

    def is_right(self, name: str, secret: str) -> bool:
        """Whether this is the account's secret. Takes as long when there is no such account. Raises: BadRing."""
        known = self._read().operators.get(name)
        with self._one_at_a_time:
            try:
                self._hasher.verify(known or self._nobody, secret)
                return known is not None
            except (VerificationError, InvalidHashError):
                return False

    def mark(self, name: str) -> str | None:
        """What changes when an account gets a new secret; None when there is no such account. Raises: BadRing."""
        known = self._read().operators.get(name)
        return hashlib.sha256(known.encode()).hexdigest() if known else None

    def _read(self) -> OperatorFile:
        if not self._path.exists():
            return OperatorFile(operators={})
        try:
            if self._path.stat().st_mode & 0o077:
                raise BadRing(f"Andra kommer åt {self._path}: chmod 600.\nOthers can reach {self._path}: chmod 600.")
            return OperatorFile.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            raise BadRing(f"{self._path} kan inte användas.\n{self._path} can't be used.") from None

    @contextmanager
    def _changing(self) -> Iterator[dict[UserId, str]]:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            operators = dict(self._read().operators)
            yield operators
            with written_beside(self._path, OperatorFile(operators=operators)) as beside:
                beside.replace(self._path)


class Session(NamedTuple):
    user: UserId
    purpose: Purpose
    begun: datetime
    mark: str
    """The account as it was at login."""


class Sessions:
    """Sessions are kept here and nowhere else: they end with the process, when idle, after four hours, or on logout."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators
        self._sessions: dict[str, Session] = {}
        self._seen: dict[str, datetime] = {}

    def begin(self, user: UserId, purpose: Purpose, now: datetime) -> str:
        """A new session's token: random, and kept only as a digest."""
        for known in [token for token in self._sessions if not self._is_alive(token, now)]:
            self._drop(known)
        while len(self._sessions) >= MOST_SESSIONS:
            self._drop(min(self._seen, key=lambda token: self._seen[token]))
        token = secrets.token_urlsafe(32)
        kept = digest(token)
        self._sessions[kept] = Session(user, purpose, now, self._operators.mark(user) or "")
        self._seen[kept] = now
        return token

    def of(self, token: str, now: datetime) -> Session | None:
        """The session that a token belongs to, if it still lives."""
        kept = digest(token)
        if kept not in self._sessions:
            return None
        if not self._is_alive(kept, now):
            self._drop(kept)
            return None
        self._seen[kept] = now
        return self._sessions[kept]

    def end(self, token: str) -> None:
        self._drop(digest(token))

    def _is_alive(self, kept: str, now: datetime) -> bool:
        session = self._sessions[kept]
        fresh = now - self._seen[kept] < IDLE and now - session.begun < LONGEST
        return fresh and self._operators.mark(session.user) == session.mark

    def _drop(self, kept: str) -> None:
        self._sessions.pop(kept, None)
        self._seen.pop(kept, None)


class Attempts:
    """Failed logins of late, by account and in all."""

    def __init__(self) -> None:
        self._failed: dict[str, deque[datetime]] = defaultdict(deque)

    def too_many(self, user: str, now: datetime) -> bool:
        for known in list(self._failed):
            failed = self._failed[known]
            while failed and now - failed[0] >= FAILURES_WITHIN:
                failed.popleft()
            if not failed:
                del self._failed[known]
        mine, others = len(self._failed.get(digest(user), ())), sum(map(len, self._failed.values()))
        return mine >= MOST_FAILURES or others >= MOST_ATTEMPTS

    def fail(self, user: str, now: datetime) -> None:
        self._failed[digest(user)].append(now)

    def succeed(self, user: str) -> None:
        self._failed.pop(digest(user), None)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
