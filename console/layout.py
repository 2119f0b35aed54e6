"""How text is laid out: two languages beside or above each other, tables that never break an instant, and nothing but
what was written: no mark-up, no codes that a terminal obeys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

screen = Console(markup=False, emoji=False, highlight=False)
"""Shows text as it stands: `[x]` and `:x:` are what somebody wrote, and what is shown is what is sent."""
HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters but for tab and line break, and those that turn the reading direction."""


class Sheet(Table):
    """A table whose cells can't move the cursor, clear the screen or turn what is read around."""

    def add_row(self, *cells: RenderableType | None, **how: Any) -> None:
        super().add_row(*(plain(cell) if isinstance(cell, str) else cell for cell in cells), **how)


def plain(text: str) -> str:
    """Text with a visible mark where a terminal would obey instead of show."""
    return HIDDEN.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def both(pair: tuple[str, str]) -> str:
    return f"{pair[0]} | {pair[1]}"


def table_of(*headings: tuple[str, str, int], whole: Iterable[str] = ()) -> Table:
    """An airy table with two lines of heading. `whole` names the columns that are never folded."""
    table = Sheet(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for sv, en, least in headings:
        table.add_column(f"{sv}\n{en}", overflow="fold", no_wrap=sv in whole, min_width=least or None)
    return table


def stacked(pair: tuple[str, str]) -> str:
    return f"{pair[0]}\n{pair[1]}"
