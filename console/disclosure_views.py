"""How a disclosure looks before and after it is made: field by field, with what stays behind and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text as Written

from console.disclosing import Telling
from console.layout import table_of
from models.disclosure_tables import DisclosureRow
from models.preview import AcuteCard, Preview
from models.sharing import Need

STATE = {
    "prepared": ("på väg", "on its way"),
    "sent": ("lämnat", "told"),
    "taken": ("hämtat", "taken"),
    "recalled": ("återtaget", "recalled"),
    "refused": ("inte lämnat", "not told"),
    "not-taken": ("inte hämtat", "not taken"),
}
WAY = {"sealed": ("förseglat", "sealed"), "letter": ("brev", "letter"), "spoken": ("muntligt", "spoken")}


def shown_data(telling: Telling) -> dict[str, Any]:
    preview = telling.preview
    return {
        "case": telling.sending.case,
        "handoff": telling.handoff.id,
        "recipient": telling.recipient,
        "digest": preview.digest,
        "by_consent": preview.by_consent,
        "harm_test_needed": preview.harm_test_needed,
        "shown": [{"category": one.category, "field": one.field, "value": one.value} for one in preview.shown],
        "grounds": [
            {"category": section.category, "ground": section.ground, "paragraph": section.paragraph}
            for section in preview.package.sections
        ],
        "withheld": [one.model_dump(mode="json") for one in preview.withheld],
        "warnings": [one.model_dump(mode="json") for one in preview.warnings],
        "duties": {
            category: verdict.clock.model_dump(mode="json") if verdict.clock else None
            for category, verdict in telling.found.items()
            if verdict.answer == "must"
        },
    }


def preview_view(telling: Telling) -> RenderableType:
    preview = telling.preview
    parts: list[RenderableType] = [
        Written(f"{telling.handoff.id} → {telling.recipient}", style="bold"),
        *(Written(f"⚠ {one.text.sv} | {one.text.en}", style="bold red") for one in preview.warnings),
    ]
    if preview.empty:
        parts.append(Written("Inget kan lämnas ut nu. | Nothing can be disclosed now.", style="bold"))
    else:
        parts += [Written("Detta ser mottagaren | The recipient sees this", style="bold"), going(preview)]
    if preview.withheld:
        parts += [Written("Detta lämnas inte | This is not disclosed", style="bold"), staying(preview)]
    parts += [Written(f"{preview.always.sv}\n{preview.always.en}", style="dim")]
    if any(lack.need is Need.HARM_TEST for verdict in telling.found.values() for lack in verdict.needs):
        parts.append(Written("Menprövning antecknas först: disclosure weigh ... harm | Record the harm test first"))
    if not preview.empty:
        parts.append(Written(f"Lämna exakt detta | Disclose exactly this: --seen {preview.digest}", style="dim"))
    return Group(*parts)


def going(preview: Preview) -> Table:
    table = table_of(("Uppgift", "Field", 0), ("Innehåll", "Content", 0), ("Grund", "Ground", 0))
    paragraphs = {section.category: section.paragraph for section in preview.package.sections}
    for one in preview.shown:
        table.add_row(f"{one.name.sv} | {one.name.en}", one.value, paragraphs.get(one.category, ""))
    return table


def staying(preview: Preview) -> Table:
    table = table_of(("Uppgift", "What", 0), ("Varför", "Why", 0))
    for one in preview.withheld:
        what = one.category if one.field is None else f"{one.category}: {one.field}"
        table.add_row(what, f"{one.why.sv}\n{one.why.en}")
    return table


def listed_table(rows: list[DisclosureRow], clock: Callable[[datetime], str]) -> Table:
    table = table_of(
        ("När", "When", 0), ("Till", "To", 0), ("Hur", "How", 0), ("Om", "About", 0), ("Grund", "Ground", 0),
        ("Läge", "State", 0), ("Id", "", 0), whole=("När", "Id"),
    )  # fmt: skip
    for row in rows:
        way, state = " | ".join(WAY[row.way]), " | ".join(STATE[row.state])
        table.add_row(
            clock(row.at), row.recipient, way, ", ".join(row.categories), ", ".join(row.grounds), state, row.id
        )
    return table


def card_lines(card: AcuteCard) -> list[str]:
    return [f"{card.heading.sv} | {card.heading.en}", *(f"{one.text.sv}\n  {one.text.en}" for one in card.lines)]
