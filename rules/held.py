"""What a desk keeps, as fields that may come into question for telling others: the words of the sharing rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.desk import Category, ProtectionMark
from models.preview import Held
from models.words import ItemId
from rules.preview import text_fields

WRAPPED = ("person", "safe_contact", "social_file", "health", "criminal_record")
"""An item that holds one thing under its name: its fields are those of the thing."""


def held_of(item: ItemId, category: Category, content: Any) -> list[Held]:
    """One item of the vault as fields. A person's protection mark is a thing of its own, beside the identity."""
    if not isinstance(content, Mapping):
        return []
    found = []
    inner = next((content[name] for name in WRAPPED if isinstance(content.get(name), Mapping)), content)
    fields = text_fields(inner)
    if category is Category.IDENTITY and "protection_mark" in fields:
        mark = fields.pop("protection_mark")
        if mark != ProtectionMark.UNKNOWN:
            marked = {"marked": "ja | yes", "protection_mark": mark}
            found.append(Held(item=item, category=Category.PROTECTION_MARK, fields=marked))
    if fields:
        found.insert(0, Held(item=item, category=category, fields=fields))
    return found
