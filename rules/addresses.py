"""A person's addresses in the order in which they were written down: which are current, and which one is meant.

Nothing is written over: that somebody has moved is an item of its own. An address has a number, which it keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from models.contracts import Refusal
from models.desk import ProtectionMark
from models.marks import MarkRules
from models.sharing import FieldName
from models.words import ItemId
from rules import marks

ENDED, REMOVED = "ended", "removed"
"""What an item of this category says when it is no address: which one has ended, or that one has been taken away."""
IN_CARE: FieldName = "in_care"
"""Whether somebody stays in protected housing or care: kept beside the addresses, and no place (SoL 15:7 p. 1)."""


class Holds(StrEnum):
    CURRENT = "current"
    ENDED = "ended"
    """The person is not there any more."""
    NOT_KEPT = "not-kept"
    """The registered address of somebody with protected registration, written down before that was known."""
    REMOVED = "removed"


class Address(NamedTuple):
    number: int
    item: ItemId
    content: Mapping[str, Any]
    holds: Holds

    @property
    def purpose(self) -> str:
        return str(self.content.get("purpose", ""))


def numbered(items: Iterable[tuple[ItemId, Any]], mark: ProtectionMark, rules: MarkRules) -> tuple[Address, ...]:
    """The addresses among the items of that category, the oldest first, each with its number from 1."""
    every = [(item, content) for item, content in items if isinstance(content, Mapping)]
    ended = {str(content[ENDED]) for _, content in every if ENDED in content}
    kept = [(item, content) for item, content in every if ENDED not in content and IN_CARE not in content]
    return tuple(
        Address(number, item, content, holds(item, content, ended, mark, rules))
        for number, (item, content) in enumerate(kept, start=1)
    )


def is_address(content: Any) -> bool:
    """Whether an item of that category is one; not a word of another, nor what is left of one, nor what is no place."""
    return not (isinstance(content, Mapping) and any(word in content for word in (ENDED, REMOVED, IN_CARE)))


def holds(item: ItemId, content: Mapping[str, Any], ended: set[str], mark: ProtectionMark, rules: MarkRules) -> Holds:
    if REMOVED in content:
        return Holds.REMOVED
    if not marks.may_be_kept(str(content.get("purpose", "")), mark, rules):
        return Holds.NOT_KEPT
    return Holds.ENDED if item in ended else Holds.CURRENT


def current(addresses: Iterable[Address]) -> tuple[Address, ...]:
    return tuple(one for one in addresses if one.holds is Holds.CURRENT)


def to_remove(addresses: Iterable[Address]) -> tuple[Address, ...]:
    """What may not be kept and is there."""
    return tuple(one for one in addresses if one.holds is Holds.NOT_KEPT)


def meant(addresses: Iterable[Address], number: int | None) -> Address | Refusal | None:
    """The one to tell: by its number, or the only one that is current. None: there is none, or several to choose of.

    Which of several is right, nobody but a person knows: the newest may be a postal address.
    """
    if number is None:
        standing = current(addresses)
        return standing[0] if len(standing) == 1 else None
    found = next((one for one in addresses if one.number == number), None)
    if found is None or found.holds is Holds.REMOVED:
        return Refusal(code="no-such-address", detail=str(number))
    if found.holds is Holds.NOT_KEPT:
        return Refusal(code="address-not-kept", detail=str(number))
    return found if found.holds is Holds.CURRENT else Refusal(code="address-ended", detail=str(number))
