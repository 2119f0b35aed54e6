"""Signed checkpoints of an audit chain, in a place of their own: one line of JSON each, flushed to disk."""

from __future__ import annotations

import fcntl
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from models.audit import Checkpoint
from rules.audit import Break, BreakCode

EVERY = 100
"""Links between two checkpoints: as many can at most be cut off or rewritten unseen."""


class Signer(Protocol):
    """Whoever signs for an organisation, or for the plane."""

    @property
    def fingerprint(self) -> str:
        """Of the public key, as it is published."""

    def sign(self, content: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes."""


Published = Callable[[str], bytes | None]
"""The raw public key (32 bytes) with this fingerprint, if the chain's owner has ever published it."""


class Proven(NamedTuple):
    """What a checkpoint file holds."""

    there: bool
    """Whether there is a file at all."""
    checkpoints: tuple[Checkpoint, ...]
    """Those whose signatures hold."""
    breaks: tuple[Break, ...]
    """Those that don't; `seq` is the line."""


class Checkpoints:
    """The checkpoints of one chain. Without a signer they can be read and proven, not made."""

    def __init__(
        self, folder: Path, chain: str, published: Published, signer: Signer | None = None, every: int = EVERY
    ) -> None:
        self.path = folder / f"{chain}.jsonl"
        self._chain = chain
        self._published = published
        self._signer = signer
        self._every = every
        self._newest = 0

    @property
    def can_sign(self) -> bool:
        return self._signer is not None

    def is_due(self, seq: int) -> bool:
        """Whether a checkpoint should be made at this link, as far as this process knows."""
        return self._signer is not None and seq - self._newest >= self._every

    def is_late(self, links: int, covered: int) -> bool:
        """Whether one should have been made long ago: twice the distance, as it is made after the answer."""
        return links - covered >= 2 * self._every

    @contextmanager
    def alone(self) -> Iterator[Checkpoint | None]:
        """The newest checkpoint, while no other process makes one."""
        make_folder(self.path.parent)
        place = self.path.with_suffix(".lock")
        with os.fdopen(os.open(place, os.O_RDWR | os.O_CREAT, 0o600), "r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            newest = max(self.read().checkpoints, key=lambda one: one.seq, default=None)
            self._newest = newest.seq if newest else 0
            yield newest

    def add(self, seq: int, digest: str, at: datetime) -> Checkpoint:
        """Signs the chain as it stands at `seq` and keeps that; on disk when this returns. Only while `alone`.

        Raises:
            OSError: it can't be written.
        """
        if self._signer is None:
            raise ValueError("there is nobody to sign")
        unsigned = Checkpoint(
            chain=self._chain, seq=seq, digest=digest, at=at, key=self._signer.fingerprint, signature=""
        )
        signature = urlsafe_b64encode(self._signer.sign(signed_content(unsigned))).decode().rstrip("=")
        made = unsigned.model_copy(update={"signature": signature})
        new = not self.path.exists()
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b") as file:
            before = self._mended(file)
            file.write(before + rfc8785.dumps(made.model_dump(mode="json")) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if new:
            flush_folder(self.path.parent)
        self._newest = seq
        return made

    def read(self) -> Proven:
        """Every checkpoint, each proven with the key that the chain's owner has published."""
        try:
            *lines, torn = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return Proven(False, (), ())
        checkpoints: list[Checkpoint] = []
        breaks: list[Break] = []
        for number, line in enumerate(lines, 1):
            told = self._proven(line)
            if isinstance(told, Checkpoint):
                checkpoints.append(told)
            elif told is not None:
                breaks.append(Break(told, number))
        # A last line without an end was being written when the machine stopped; nothing was told of it.
        last = self._proven(torn)
        return Proven(True, (*checkpoints, *([last] if isinstance(last, Checkpoint) else ())), tuple(breaks))

    def digests(self) -> set[str]:
        """What has been signed, now."""
        return {checkpoint.digest for checkpoint in self.read().checkpoints}

    def _mended(self, file: BinaryIO) -> bytes:
        """Takes away a last line that was torn off when the machine stopped. Returns what the next must begin with."""
        *_, torn = file.read().split(b"\n")
        if isinstance(self._proven(torn), Checkpoint):
            return b"\n"
        file.truncate(file.tell() - len(torn))
        return b""

    def _proven(self, line: bytes) -> Checkpoint | BreakCode | None:
        if not line.strip():
            return None
        try:
            told = Checkpoint.model_validate_json(line)
        except ValidationError:
            return "checkpoint-unreadable"
        if told.chain != self._chain:
            return "checkpoint-of-another-chain"
        key = self._published(told.key)
        if key is None:
            return "checkpoint-by-unknown-key"
        try:
            signature = urlsafe_b64decode(told.signature + "=" * (-len(told.signature) % 4))
            Ed25519PublicKey.from_public_bytes(key).verify(signature, signed_content(told))
        except (InvalidSignature, ValueError):
            return "checkpoint-forged"
        return told


def signed_content(checkpoint: Checkpoint) -> bytes:
    """What is signed says what it is for: the same key signs an organisation's acts."""
    return rfc8785.dumps({"typ": "utvag-checkpoint"} | checkpoint.model_dump(mode="json", exclude={"signature"}))


def make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
