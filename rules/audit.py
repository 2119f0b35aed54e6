"""The audit chain: what seals a link, which entries may be in it, and where a chain that has been touched breaks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import rfc8785
from pydantic import TypeAdapter, ValidationError

from models.access import the_system
from models.audit import AuditEntry, Checkpoint, Link
from models.words import CheckedRef

CHECKPOINT, CLOCK_SET_BACK, READ_AUDIT = "checkpoint", "clock-set-back", "read-audit"
LOOKING = frozenset({"read", "view", "preview", "print", "break-glass"})
"""Actions in which somebody saw what is protected; `view-...` and `read-...` do too."""
TAKING_OUT = frozenset({"disclose", "export-file", "release-address"})
CLOCKS_DIFFER = timedelta(minutes=2)
"""Two processes' clocks, or the wait for another's turn. A clock further behind the chain has been set back."""

BreakCode = Literal[
    "missing", "out-of-order", "unlinked", "changed", "unreadable", "misfiled", "backwards", "rewritten", "cut-off",
    "checkpoints-missing", "checkpoint-missing", "checkpoint-unreadable", "checkpoint-of-another-chain",
    "checkpoint-by-unknown-key", "checkpoint-forged",
]  # fmt: skip


class Break(NamedTuple):
    """Something that isn't as it was written. `seq`: the link, or the line of the checkpoint file."""

    code: BreakCode
    seq: int | None


class Kept(NamedTuple):
    """A link as a database keeps it. `content` is sealed; `at`, `user` and `case` repeat it, to be found by."""

    seq: int
    at: str
    user: str
    case: str | None
    content: str
    previous: str
    digest: str


class Reading(NamedTuple):
    """A chain read from its beginning to its end, or to where it broke."""

    links: int
    head: str
    """The digest of the last link that holds."""
    broken: Break | None
    set_back: tuple[int, ...]
    """Where the machine's clock had been set back. Not a fault of the chain."""
    mentioned: tuple[tuple[int, str], ...]
    """Links that say that a checkpoint was made, and the digest that it signed."""


# --- making a link -----------------------------------------------------------------------------------


def anchor(chain: str) -> str:
    """What the first link seals: the chain's name, so that one desk's chain can't stand in for another's."""
    return sha256(f"utvag audit chain {chain}".encode()).hexdigest()


def canonical(entry: AuditEntry) -> str:
    """An entry as it is kept and sealed: JSON after RFC 8785, the same bytes everywhere."""
    return rfc8785.dumps(entry.model_dump(mode="json")).decode()


def seal(seq: int, content: str, previous: str) -> str:
    """SHA-256 over the canonical JSON of the entry, its place and the link before it."""
    return sha256(f'{{"entry":{content},"previous":"{previous}","seq":{seq}}}'.encode()).hexdigest()


def sortable(instant: datetime) -> str:
    """An instant as text that sorts: UTC, always with microseconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def linked(entry: AuditEntry, after: Kept | None, chain: str) -> tuple[Kept, ...]:
    """The entry as the next link; before it, a mark if the machine's clock has been set back since the last one.

    A clock that is a little behind the last link is another process's, or one that waited for its turn: the entry
    then stands at the last link's time. One that is further behind keeps its time: left to follow a clock that was
    once far ahead, the chain would stand still.
    """
    if after is None or after.at <= sortable(entry.at) or is_carried(after.content):
        return (_link(entry, after, chain),)
    if after.at <= sortable(entry.at + CLOCKS_DIFFER):
        return (_link(entry.model_copy(update={"at": datetime.fromisoformat(after.at)}), after, chain),)
    own = the_system(entry.org)
    mark = _link(AuditEntry(at=entry.at, **dict(own), action=CLOCK_SET_BACK), after, chain)
    return mark, _link(entry, mark, chain)


def _link(entry: AuditEntry, after: Kept | None, chain: str) -> Kept:
    seq, previous = (after.seq + 1, after.digest) if after else (1, anchor(chain))
    content = canonical(entry)
    return Kept(seq, sortable(entry.at), entry.user, entry.case, content, previous, seal(seq, content, previous))


# --- what may be in it -------------------------------------------------------------------------------

_NUMBER = re.compile(r"[0-9]{5}")
_PERSONNUMMER = re.compile(r"[0-9]{6}[.-]?[0-9]{4}")
_IDENTIFIER = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # a UUID
    r"|[0-9a-f]{16,64}|[A-Za-z0-9_-]{43}"  # a digest, in hex or base64url
    r"|(?=.*[2-7])[A-Z2-7-]{16,64}"  # a key's fingerprint
    r"|H[1-9][0-9]{0,4}|U-[0-9A-Z]{4}-[0-9A-Z]{4}|revision-[0-9]{1,9}"
)
_REFERENCE = TypeAdapter[str](CheckedRef)
_NAME = re.compile(r"[a-z][a-z0-9.-]{0,39}")


def unfit(entry: AuditEntry) -> str | None:
    """The field that may hold something personal; None when none does.

    Codes come from lists and accounts are pseudonyms, so no run of digits as in a personnummer or a telephone number
    belongs in them. A subject is one or more identifiers separated by / or :, never words.
    """
    codes = {"action": (entry.action,), "outcome": (entry.outcome,), "ground": (entry.ground or "",)}
    for field, told in (codes | {"categories": entry.categories}).items():
        if any(_NUMBER.search(code) for code in told):
            return field
    if _PERSONNUMMER.search(entry.user):
        return "user"
    if entry.case is not None and not is_reference(entry.case):
        return "case"
    parts = re.split("[/:]", entry.subject) if entry.subject is not None else []
    return None if all(map(_is_identifier, parts)) else "subject"


def is_reference(case: str) -> bool:
    try:
        return bool(_REFERENCE.validate_python(case))
    except ValidationError:
        return False


def _is_identifier(part: str) -> bool:
    return bool(_IDENTIFIER.fullmatch(part) or (_NAME.fullmatch(part) and not _NUMBER.search(part)))


# --- reading a link ----------------------------------------------------------------------------------


def is_carried(content: str) -> bool:
    """Whether a link was sealed before entries had their present form (the plane's, until its migration 0004).

    Its content is then the very JSON that was hashed: the previous digest, what happened, the revision. Its time is
    the case's, not the machine's.
    """
    return content.startswith("[")


def carried(previous: str, at: datetime, actor: str, action: str, case: str, revision: int) -> str:
    """What the plane's links sealed before migration 0004."""
    told = {"at": at.isoformat(), "actor": actor, "action": action, "case": case}
    return json.dumps([previous, told, revision], sort_keys=True, separators=(",", ":"))


def link_of(kept: Kept) -> Link:
    """A kept link as a word.

    Raises:
        ValueError: it has been changed into what no entry is.
    """
    told = json.loads(kept.content)
    entry = AuditEntry.model_validate(_told_before(told) if isinstance(told, list) else told)
    return Link(seq=kept.seq, entry=entry, previous=kept.previous, digest=kept.digest)


def _told_before(told: list[Any]) -> dict[str, Any]:
    _, what, revision = told
    known = {"at": what["at"], "action": what["action"], "case": what["case"], "subject": f"revision-{revision}"}
    return dict(the_system(what["actor"])) | known


def is_showing(entry: AuditEntry) -> bool:
    """Whether somebody saw, or tried to see, what is protected. Looking in the log itself is not."""
    return entry.action in TAKING_OUT or is_looking(entry)


def is_looking(entry: AuditEntry) -> bool:
    """Whether somebody saw, or tried to see, what is protected, and took nothing out of the desk."""
    return entry.action in LOOKING or (entry.action.startswith(("view-", "read-")) and entry.action != READ_AUDIT)


# --- where it breaks ---------------------------------------------------------------------------------


def first_break(kept: Iterable[Kept], chain: str, checkpoints: Iterable[Checkpoint] = ()) -> Break | None:
    """Where a chain stops being what was written; None when all of it holds."""
    return read_through(kept, chain, checkpoints).broken


def read_through(kept: Iterable[Kept], chain: str, checkpoints: Iterable[Checkpoint] = ()) -> Reading:
    """Reads a chain in order. `checkpoints`: those whose signatures have been proven, made before it was read."""
    signed: dict[int, set[str]] = {}
    for checkpoint in checkpoints:
        signed.setdefault(checkpoint.seq, set()).add(checkpoint.digest)
    last: Kept | None = None
    set_back: list[int] = []
    mentioned: list[tuple[int, str]] = []
    broken = None
    for link in kept:
        told = _told(link)
        broken = _broken(link, told, last, chain, signed.get(link.seq, set()))
        if broken:
            break
        if told["action"] == CLOCK_SET_BACK:
            set_back.append(link.seq)
        if told["action"] == CHECKPOINT:
            mentioned.append((link.seq, told["subject"]))
        last = link
    seq, head = (last.seq, last.digest) if last else (0, anchor(chain))
    if broken is None and signed and max(signed) > seq:
        broken = Break("cut-off", seq + 1)
    return Reading(seq, head, broken, tuple(set_back), tuple(mentioned))


def _told(link: Kept) -> Mapping[str, Any]:
    """What a link's content says; `{}` when it says nothing that can be read."""
    try:
        told = json.loads(link.content)
        if isinstance(told, list):
            what = told[1]
            return {"at": what["at"], "user": "system", "case": what["case"], "action": what["action"]}
        return {"at": told["at"], "user": told["user"], "case": told["case"]} | {
            "action": told["action"],
            "subject": told["subject"],
        }
    except (ValueError, KeyError, TypeError, IndexError):
        return {}


def _broken(link: Kept, told: Mapping[str, Any], last: Kept | None, chain: str, signed: set[str]) -> Break | None:
    expected, previous = (last.seq + 1, last.digest) if last else (1, anchor(chain))
    if link.seq != expected:
        return Break("missing", expected) if link.seq > expected else Break("out-of-order", link.seq)
    before = is_carried(link.content)
    if before and not _may_be_carried(link, last):
        return Break("changed", link.seq)
    if link.previous != previous and not (before and last is None and link.previous == "0" * 64):
        return Break("unlinked", link.seq)
    sealed = sha256(link.content.encode()).hexdigest() if before else seal(link.seq, link.content, link.previous)
    if link.digest != sealed:
        return Break("changed", link.seq)
    if not told:
        return Break("unreadable", link.seq)
    if (link.at, link.user, link.case) != (_sorted(told["at"]), told["user"], told["case"]):
        return Break("misfiled", link.seq)
    if last and not before and not is_carried(last.content) and link.at < last.at and told["action"] != CLOCK_SET_BACK:
        return Break("backwards", link.seq)
    return Break("rewritten", link.seq) if signed - {link.digest} else None


def _may_be_carried(link: Kept, last: Kept | None) -> bool:
    """Links of the earlier form come first in a chain, and name the link before them in what they seal."""
    return (last is None or is_carried(last.content)) and link.content.startswith(f'["{link.previous}",')


def _sorted(at: Any) -> str | None:
    try:
        return sortable(datetime.fromisoformat(at))
    except (ValueError, TypeError):
        return None
