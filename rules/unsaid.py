"""What a text must not tell, whoever wrote it: where somebody is, and words that give away what they protect.

This stands behind the decision tables, not in their place: a note that has been tested and released is still held back
when an address from the same file is written in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from models.desk import Category

WHEREABOUTS = frozenset({Category.ADDRESS, Category.CONTACT, Category.PLACEMENT})
"""What tells where somebody is, or how to find out."""
LEAST_PART, LEAST_WHOLE = 4, 3
"""Letters and digits. Shorter parts of an address ("B", "12") stand in any text."""
CHANNELS = frozenset({"phone", "telefon", "mobil", "email", "epost", "mail", "sms", "brev", "letter"})
"""Ways of reaching somebody, which by themselves lead to nobody."""
ORDINARY = frozenset({"adress", "boende", "kommun", "lägenhet", "skyddad", "skyddat", "sverige", "våning"})
"""Words in an address that are no names."""
NEVER = re.compile(
    r"(?:osl|sekretesslagen)\W{0,3}18\b|\b18\s*kap|\b18:[1278]\b(?!\d)|fingera[dt]|vittnesskydd|personsäkerhetsarbete",
    re.IGNORECASE,
)
"""Names the secrecy of personal-security work, or lets a reader infer a new identity (OSL 21:3 st. 3)."""
NOT_TO_OTHERS = re.compile(r"avhopp", re.IGNORECASE)
"""Letters never say it, nor what others than the person see: a guardian is not told either (OSL 12:3)."""


def squeezed(text: str) -> str:
    """Letters and digits only, without case and accents: `Storg. 5 B` and `storg5b` are the same."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(letter for letter in plain if letter.isalnum())


def traces(values: Iterable[str]) -> frozenset[str]:
    """What to look for in other texts: each value whole, its parts between commas and line breaks, its long numbers."""
    found: set[str] = set()
    for value in values:
        whole = squeezed(value)
        if len(whole) >= LEAST_WHOLE:
            found.add(whole)
        elif len(value.strip()) > 1:
            found.add(value.strip())
        found.update(part for part in map(squeezed, re.split(r"[,;|/\n]", value)) if len(part) >= LEAST_PART)
        found.update(map(squeezed, re.findall(r"[0-9](?:[ -]?[0-9]){4,}", value)))
    return frozenset(found - CHANNELS)


def names(values: Iterable[str]) -> frozenset[str]:
    """The names in an address or a place: a town or a street by itself leads there too."""
    words = (word for value in values for word in re.findall(r"[^\W\d_]{4,}", value))
    return frozenset(squeezed(word) for word in words if word[0].isupper() and word.casefold() not in ORDINARY)


def tells(text: str, of: frozenset[str]) -> bool:
    """Whether one of the traces is in a text, however it is spaced, cased or punctuated."""
    plain = squeezed(text)
    return any(trace in plain or trace in text for trace in of)


def is_unsaid(text: str, to_others: bool) -> bool:
    """Whether a text holds words that never go out, or never to anybody but the person."""
    return bool(NEVER.search(text) or (to_others and NOT_TO_OTHERS.search(text)))
