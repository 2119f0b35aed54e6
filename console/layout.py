"""How text is laid out: two languages beside or above each other, tables that never break an instant, and nothing but
what was written: no mark-up, no codes that a terminal obeys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.columns import Columns
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

screen = Console(markup=False, emoji=False, highlight=False)
"""Shows text as it stands: `[x]` and `:x:` are what somebody wrote, and what is shown is what is sent."""
EASILY_READ = 24
"""Characters. A longer word, as an id, may be broken; a shorter one may not."""
HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters but for tab and line break, and those that turn the reading direction."""


class Sheet(Table):
    """A table whose cells can't move the cursor, clear the screen or turn what is read around.

    Where it is too wide for the screen each row stands as a block, a line for each cell: no column is ever left out.
    """

    def add_row(self, *cells: RenderableType | None, **how: Any) -> None:
        super().add_row(*(plain(cell) if isinstance(cell, str) else cell for cell in cells), **how)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if sum(self._needed(console, options)) + len(self.columns) <= options.max_width:
            yield from super().__rich_console__(console, options)
            return
        for number in range(self.row_count):
            for column in self.columns:
                cell = list(column.cells)[number]
                if cell != "":
                    heading = " | ".join(part for part in str(column.header).split("\n") if part)
                    yield Columns([Text(f"{heading}:", style="dim"), cell], padding=(0, 1)) if heading else cell
            yield Text()

    def _needed(self, console: Console, options: ConsoleOptions) -> list[int]:
        """For each column, so much that no word in it is broken, up to what is read with ease in two lines."""
        wide = options.update(max_width=1_000)
        return [
            max(
                column.min_width or 0,
                *(
                    measured.maximum if column.no_wrap else min(measured.minimum, EASILY_READ)
                    for measured in (Measurement.get(console, wide, cell) for cell in (column.header, *column.cells))
                ),
            )
            for column in self.columns
        ]


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
