"""The keys that seal what Temporal stores: a ring in a file, made, read anew when it changes, turned, thinned out."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator
from temporalio.client import Client

from models.settings import Settings
from models.words import Instant, Word

KEY_BYTES = 32
MOST_KEYS = 50
STRAGGLERS = timedelta(days=1)
"""How long after a turn of the ring some process may still have sealed under the key before it."""
log = structlog.get_logger(__name__)


class BadRing(Exception):
    """The key ring can't be used. The text says why and what to do, and holds nothing of a key."""


def _is_a_key(written: str) -> str:
    """Raises: ValueError: not 32 bytes in base64."""
    try:
        if len(base64.b64decode(written, validate=True)) == KEY_BYTES:
            return written
    except ValueError:
        pass
    raise ValueError("not a key")


KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class RingKey(Word):
    id: KeyId
    secret: Annotated[str, AfterValidator(_is_a_key)] = Field(repr=False)
    """32 random bytes, base64."""
    made: Instant
    used_from: Instant | None = None
    """Since when it is the one that seals; nothing for a key that has only been handed out so far."""


class RingFile(Word):
    """The ring as it is written: JSON, for the account that runs the programs and nobody else."""

    current: KeyId
    keys: tuple[RingKey, ...] = Field(min_length=1, max_length=MOST_KEYS)

    @model_validator(mode="after")
    def _agrees(self) -> RingFile:
        ids = [key.id for key in self.keys]
        if len(set(ids)) != len(ids) or self.current not in ids:
            raise ValueError("keys and current disagree")
        return self


class KeyRing:
    """The keys of a ring file. Another process may turn the ring: the file is looked at again before every use."""

    def __init__(self, path: Path) -> None:
        """Raises: BadRing: the file is missing, or not a ring, or others may read it."""
        self._path = path
        self._seen, self._current, self._keys = self._read()

    def sealing(self) -> tuple[str, AESGCM]:
        """The id of the key that seals now, and the key."""
        self._look()
        return self._current, self._keys[self._current]

    def opening(self, key: str) -> AESGCM | None:
        if key not in self._keys:
            self._look()
        return self._keys.get(key)

    def _look(self) -> None:
        """Takes over what is new in the file. A file that is gone or broken does not stop a process that has keys."""
        try:
            if seen_as(self._path) != self._seen:
                self._seen, self._current, self._keys = self._read()
        except (OSError, BadRing):
            log.error("the key ring can't be read any more; going on with the keys that were read before")

    def _read(self) -> tuple[tuple[int, ...], str, dict[str, AESGCM]]:
        ring, seen = read_ring(self._path)
        return seen, ring.current, {key.id: AESGCM(base64.b64decode(key.secret)) for key in ring.keys}


def ring_path(settings: Settings) -> Path:
    return settings.keys / "plane" / "codec.json"


def load_ring(settings: Settings) -> KeyRing:
    """The ring of this installation. Embedded, whoever comes first makes it; in production it must be there.

    In production the file may be one that a platform mounts, readable to all in a place that only the program sees.

    Raises:
        BadRing: it is missing in production, or not a ring, or others may write to it or (embedded) read it.
    """
    path = ring_path(settings)
    if settings.mode == "production":
        return KeyRing(path)
    if not path.exists():
        make_once(path)
    if path.stat().st_mode & 0o077:
        raise BadRing(f"Andra kan läsa {path}. Kör chmod 600.\nOthers can read {path}. Run chmod 600.")
    return KeyRing(path)


def make_ring(settings: Settings) -> RingFile:
    """The first ring of an installation, made on purpose: what production needs before anything starts.

    Raises:
        BadRing: there is one already; a second would open nothing that the first has sealed.
    """
    path = ring_path(settings)
    if not make_once(path):
        raise BadRing(f"{path} finns redan och lämnas orörd.\n{path} is there already and is left alone.")
    return read_ring(path)[0]


def rotate_ring(settings: Settings) -> RingFile:
    """A new key that seals from now on; what was sealed before can still be opened.

    For one machine. Across several, `add_key`, hand out the file, then `use_key`: a process that does not have the
    new key yet refuses Updates sealed under it.

    Raises:
        BadRing: there is no ring to turn, or it is full.
    """
    return use_key(settings, add_key(settings).keys[-1].id)


def add_key(settings: Settings) -> RingFile:
    """A new key that can open, and does not seal yet. Raises as `rotate_ring`."""
    with changing(settings) as ring:
        if len(ring.keys) == MOST_KEYS:
            raise BadRing(f"Nyckelringen är full ({MOST_KEYS}).\nThe key ring is full ({MOST_KEYS}).")
        return write_ring(settings, ring.model_copy(update={"keys": (*ring.keys, fresh_key(used=False))}))


def use_key(settings: Settings, key: str) -> RingFile:
    """Seals with this key of the ring from now on. Raises as `rotate_ring`, also when the ring has no such key."""
    with changing(settings) as ring:
        if key not in {known.id for known in ring.keys}:
            raise BadRing("Nyckeln finns inte i ringen.\nThe ring has no such key.")
        used = {"used_from": after_the_last_turn(ring, datetime.now(UTC))}
        keys = tuple(one.model_copy(update=used) if one.id == key else one for one in ring.keys)
        return write_ring(settings, RingFile(current=key, keys=keys))


def after_the_last_turn(ring: RingFile, now: datetime) -> datetime:
    """Now, or just after the last turn, should the machine's clock have been set back in between.

    A key must not seem to have been replaced by one that sealed before it: it would be destroyed while it is needed.
    """
    turns = [one.used_from + timedelta(microseconds=1) for one in ring.keys if one.used_from is not None]
    return max(now, *turns) if turns else now


async def retire_key(settings: Settings, client: Client, key: str) -> RingFile:
    """Destroys a key that nothing kept by Temporal can be sealed under any more.

    Temporal keeps a closed run for its retention period, an open one until it continues as new. So a key can go when
    Temporal knows of no run that began before the key was replaced (and a day more, for stragglers).

    Raises:
        BadRing: the key is in use, was never replaced, or runs from its time are still kept.
    """
    replaced = replaced_at(read_ring(ring_path(settings))[0], key)
    if replaced is not None:
        last = replaced + STRAGGLERS
        kept = await client.count_workflows(f'StartTime < "{last.isoformat()}"')
        if datetime.now(UTC) < last or kept.count:
            raise BadRing(
                f"Nyckeln behövs: Temporal har kvar {kept.count} körningar från dess tid. Försök när de är gallrade.\n"
                f"The key is needed: Temporal keeps {kept.count} runs from its time. Try again when they are gone."
            )
    with changing(settings) as now:
        replaced_at(now, key)
        left = tuple(one for one in now.keys if one.id != key)
        return write_ring(settings, now.model_copy(update={"keys": left}))


def replaced_at(ring: RingFile, key: str) -> datetime | None:
    """When another key took over from this one; None for one that never sealed anything.

    Raises:
        BadRing: it seals now, or the ring has no such key, or the ring does not tell: it was turned by an earlier
            version after the clock had been set back. Whenever it was, it was before the next turn.
    """
    one = next((known for known in ring.keys if known.id == key), None)
    if one is None or key == ring.current:
        raise BadRing("Nyckeln används, eller finns inte.\nThe key is in use, or is not there.")
    since = one.used_from
    if since is None:
        return None
    later = [
        other.used_from
        for other in ring.keys
        if other.id != key and other.used_from is not None and other.used_from >= since
    ]
    if not later:
        raise BadRing(
            "Klockan har ställts tillbaka, så när nyckeln byttes går inte att veta. Inget har ändrats. Kör "
            "`codec rotate` och försök igen.\n"
            "The clock has been set back, so when the key was replaced can't be known. Nothing was changed. Run "
            "`codec rotate` and try again."
        )
    return min(later)


# --- the file ---------------------------------------------------------------------------------------


def fresh_key(used: bool) -> RingKey:
    now = datetime.now(UTC)
    secret = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    return RingKey(id=secrets.token_hex(8), secret=secret, made=now, used_from=now if used else None)


def seen_as(path: Path) -> tuple[int, ...]:
    """What changes when the file is replaced."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def read_ring(path: Path) -> tuple[RingFile, tuple[int, ...]]:
    """The ring, and what its file looked like. Raises: BadRing."""
    try:
        if path.stat().st_mode & 0o022:
            raise BadRing(f"Andra får skriva i {path}. Kör chmod 600.\nOthers may write to {path}. Run chmod 600.")
        seen = seen_as(path)
        return RingFile.model_validate_json(path.read_bytes()), seen
    except OSError:
        raise BadRing(
            f"Nyckelringen {path} saknas eller får inte läsas. Lägg den där innan något startas.\n"
            f"The key ring {path} is missing or can't be read. Put it there before anything starts."
        ) from None
    except ValidationError:
        raise BadRing(f"{path} är ingen nyckelring.\n{path} is not a key ring.") from None


@contextmanager
def changing(settings: Settings) -> Iterator[RingFile]:
    """The ring, while nobody else changes it."""
    path = ring_path(settings)
    read_ring(path)  # a lock beside a ring that is not there would be left behind
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield read_ring(path)[0]


def write_ring(settings: Settings, ring: RingFile) -> RingFile:
    """The whole file or the one before: on disk before it takes its place."""
    path = ring_path(settings)
    with written_beside(path, ring) as beside:
        beside.replace(path)
    return ring


def make_once(path: Path) -> bool:
    """Makes the file unless there is one. Of several that try at once one succeeds, and all then read the same."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = fresh_key(used=True)
    with written_beside(path, RingFile(current=key.id, keys=(key,))) as beside:
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(beside)
            return True
        return False


@contextmanager
def written_beside(path: Path, content: Word) -> Iterator[Path]:
    """A file beside this one, for its owner alone and on disk, to take its place; gone afterwards unless it did."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as file:  # noqa: PTH123
            file.write(content.model_dump_json(indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
        yield beside
    finally:
        beside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
