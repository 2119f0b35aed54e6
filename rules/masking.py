"""What is shown of something protected to somebody who has not said why they look: that it is there, and no more."""

from __future__ import annotations

from typing import Any

from models.desk import Category

DOTS = "•••"
SHOWN_WHOLE = frozenset({Category.PROTECTION_MARK})


def masked(category: Category, content: Any) -> str:
    """So little that it tells nobody who or where: initials, the kind of contact, how many of a thing."""
    if not isinstance(content, dict):
        return DOTS
    person = content.get("person")
    if category is Category.IDENTITY and isinstance(person, dict):
        return initials(str(person.get("name", ""))) or DOTS
    contact = content.get("safe_contact")
    if category is Category.CONTACT and isinstance(contact, dict):
        return f"{contact.get('channel', '')} {DOTS}".strip()
    if category in SHOWN_WHOLE:
        return ", ".join(str(value) for value in content.values())
    return DOTS


def initials(name: str) -> str:
    """The first letter of the first name: two letters and an organisation are enough to guess at some people."""
    first = name.strip()[:1]
    return f"{first.upper()}{DOTS}" if first else ""
