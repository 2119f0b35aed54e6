"""Swedish holidays as data: read from the `holidays` library when a calendar is compiled, never while deciding."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from models.calendars import Name
from models.words import Code

CATEGORIES = ("public", "de_facto")
"""`de_facto` adds midsommarafton, julafton and nyårsafton, which the public list alone calls working days."""
FIRST_OF_WEEKEND = 5


@lru_cache(maxsize=8)
def closed_days(first: int, last: int) -> tuple[dict[date, Code], dict[Code, Name]]:
    """Every Swedish holiday on Monday to Friday in the years `first` to `last`, and what each is called."""
    import holidays  # two hundred countries' calendars: read only where one is compiled

    years = range(first, last + 1)
    swedish, english = (
        holidays.country_holidays("SE", years=years, categories=CATEGORIES, language=language)
        for language in ("sv", "en_US")
    )
    days: dict[date, Code] = {}
    names: dict[Code, Name] = {}
    for day in sorted(swedish):
        if day.weekday() < FIRST_OF_WEEKEND:
            name = Name(sv=swedish[day].lower(), en=english[day])
            days[day] = code_of(name.sv)
            names[days[day]] = name
    return days, names


def code_of(name: str) -> Code:
    """A name as a code: `annandag påsk` is `annandag-pask`."""
    plain = name.lower().translate(str.maketrans("åäöé", "aaoe"))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40]
