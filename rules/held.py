"""What a desk keeps, as fields that may come into question for telling others: the words of the sharing rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from models.desk import Category, ProtectionMark
from models.intake import AT_A_PLACE
from models.preview import Held
from models.sharing import SharingRules
from models.words import ItemId
from rules.addresses import IN_CARE
from rules.marks import BY_STRICTNESS
from rules.preview import text_fields

WRAPPED = ("person", "safe_contact", "social_file", "health", "criminal_record")
"""An item that holds one thing under its name: its fields are those of the thing."""
IN_CARE_IN_WORDS = {"yes": "ja | yes", "no": "nej | no", "unknown": ""}
"""Unknown is nothing to tell; the newest word on it, all the same."""


class Kept(NamedTuple):
    """An item of the vault, and whether this desk has written it down itself."""

    item: ItemId
    category: Category
    content: Any
    own: bool = True


def standing(rules: SharingRules, kept: Iterable[Kept]) -> list[Held]:
    """What stands for each category, of items with the oldest first: the newest that this desk has written down.

    What another has told stands beside: of who somebody is it fills in what is not known here, and of the rest it is
    told on where there is nothing own. Of two marks the stricter is told. Addresses stand each for themselves.
    """
    own: dict[str, Held] = {}
    received: dict[str, Held] = {}
    for each in kept:
        for one in held_of(each.item, each.category, each.content):
            place = own if each.own else received
            if says_something(rules, one):
                place[one.category] = filled_in(one, place.get(one.category))
    marked = Category.PROTECTION_MARK
    stricter = marked in own and marked in received and strictness(received[marked]) > strictness(own[marked])
    counts = {category: one for category, one in own.items() if not (stricter and category == marked)}
    return [
        *(
            {
                **received,
                **{category: filled_in(one, received.get(category)) for category, one in counts.items()},
            }.values()
        )
    ]


def filled_in(one: Held, known: Held | None) -> Held:
    """Who somebody is, with what only the other says: what is written down later about it unsays nothing."""
    if known is None or one.category != Category.IDENTITY:
        return one
    unsaid = known.fields
    if "personnummer" in one.fields:  # a corrected number says the day of birth as well
        unsaid = {field: value for field, value in unsaid.items() if field != "born"}
    return one.model_copy(update={"fields": unsaid | one.fields})


def strictness(one: Held) -> int:
    mark = one.fields.get("protection_mark")
    return BY_STRICTNESS.index(ProtectionMark(mark)) if mark in set(ProtectionMark) else 0


def says_something(rules: SharingRules, one: Held) -> bool:
    """Whether a field of it could be told at all: a municipality kept beside the identity hides no name."""
    words = rules.categories.get(one.category)
    return words is None or not words.fields.keys().isdisjoint(one.fields)


def held_of(item: ItemId, category: Category, content: Any) -> list[Held]:
    """One item of the vault as fields. A person's protection mark is a thing of its own, beside the identity.

    How somebody is reached at a place says only that it is by letter or in person: the place is an address.
    """
    if not isinstance(content, Mapping):
        return []
    found = []
    inner = next((content[name] for name in WRAPPED if isinstance(content.get(name), Mapping)), content)
    fields = text_fields(inner)
    if IN_CARE in fields:
        fields[IN_CARE] = IN_CARE_IN_WORDS.get(fields[IN_CARE], fields[IN_CARE])
    if category is Category.CONTACT and fields.get("channel") in AT_A_PLACE:
        fields.pop("value", None)
    if category is Category.IDENTITY and "protection_mark" in fields:
        mark = fields.pop("protection_mark")
        if mark != ProtectionMark.UNKNOWN:
            marked = {"marked": "ja | yes", "protection_mark": mark}
            found.append(Held(item=item, category=Category.PROTECTION_MARK, fields=marked))
    if fields:
        found.insert(0, Held(item=item, category=category, fields=fields))
    return found
