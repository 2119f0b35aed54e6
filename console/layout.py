"""How text is laid out: two languages beside or above each other, and tables that never break an instant."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.table import Table


def both(pair: tuple[str, str]) -> str:
    return f"{pair[0]} | {pair[1]}"


def table_of(*headings: tuple[str, str, int], whole: Iterable[str] = ()) -> Table:
    """An airy table with two lines of heading. `whole` names the columns that are never folded."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for sv, en, least in headings:
        table.add_column(f"{sv}\n{en}", overflow="fold", no_wrap=sv in whole, min_width=least or None)
    return table


def stacked(pair: tuple[str, str]) -> str:
    return f"{pair[0]}\n{pair[1]}"
