"""How a disclosure looks before and after it is made: field by field, with what stays behind and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text as Written

from console.demand_views import demands_data, duties
from console.disclosing import Telling
from console.layout import table_of
from models.desk import Category
from models.disclosure_tables import DisclosureRow
from models.preview import AcuteCard, Preview, WhyWithheld
from models.sharing import Lack, Need, Verdict, Weighed
from models.words import Code

JUDGED: dict[Need, Weighed] = {
    Need.NECESSITY_NOTE: Weighed.NECESSITY,
    Need.WEIGHING: Weighed.WEIGHING,
    Need.HARM_TEST: Weighed.HARM,
    Need.LAWYER_CONFIRMS: Weighed.LAWYER,
    Need.PREVENTS_CRIME: Weighed.PREVENTS_CRIME,
}
STEPS_LEFT = WhyWithheld.STEPS_LEFT
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
        "reservation": preview.package.reservation,
        "withheld": [one.model_dump(mode="json") for one in preview.withheld],
        "steps": [step._asdict() | {"command": command(telling, step)} for step in steps(telling)],
        "warnings": [one.model_dump(mode="json") for one in preview.warnings],
        "duties": {
            category: verdict.clock.model_dump(mode="json") if verdict.clock else None
            for category, verdict in telling.found.items()
            if verdict.answer == "must"
        },
        "demands": demands_data(telling),
    }


def preview_view(telling: Telling) -> RenderableType:
    preview = telling.preview
    parts: list[RenderableType] = [
        Written(f"{telling.handoff.id} → {telling.recipient}", style="bold"),
        *(Written(f"⚠ {one.text.sv} | {one.text.en}", style="bold red") for one in preview.warnings),
        *duties(telling),
    ]
    if preview.empty:
        parts.append(Written("Inget kan lämnas ut nu. | Nothing can be disclosed now.", style="bold"))
    else:
        parts += [Written("Detta ser mottagaren | The recipient sees this", style="bold"), going(preview)]
    if preview.package.reservation and not preview.empty:
        parts.append(Written(f"Förbehåll | Reservation: {preview.package.reservation}"))
    if preview.withheld:
        parts += [Written("Detta lämnas inte | This is not disclosed", style="bold"), staying(preview)]
    parts += [Written(f"{preview.always.sv}\n{preview.always.en}", style="dim")]
    if left := steps(telling):
        parts.append(Written("Antecknas först, sedan preview igen | Record first, then preview again", style="bold"))
        parts += [Written(command(telling, step)) for step in left]
    if not preview.empty:
        parts.append(Written(f"Lämna exakt detta | Disclose exactly this: --seen {preview.digest}", style="dim"))
    return Group(*parts)


class Step(NamedTuple):
    """A judgement that is lacking, or that was made of something else than what is kept now, or is used up."""

    what: Weighed
    ground: Code | None
    categories: list[Code]


def steps(telling: Telling) -> list[Step]:
    """What somebody has to judge before what is kept may go, each step once for all the categories it is about."""
    kept = {one.category for one in telling.preview.withheld if one.code in (WhyWithheld.LACKING, STEPS_LEFT)}
    found: dict[tuple[Weighed, Code | None], list[Code]] = {}
    for category, verdict in telling.found.items():
        ground, lacks = within_reach(verdict)
        for lack in lacks if category in kept else ():
            if (what := JUDGED.get(lack.need)) is not None:
                found.setdefault((what, None if what is Weighed.HARM else ground), []).append(category)
    return [Step(what, ground, categories) for (what, ground), categories in found.items()]


def within_reach(verdict: Verdict) -> tuple[Code | None, tuple[Lack, ...]]:
    """The ground to judge for: the nearest, or one that needs nothing else, should the nearest wait for a consent."""
    nearest = next((one.ground for one in verdict.considered if one.lacks == verdict.needs), None)
    ways = [(verdict.ground or nearest, verdict.needs), *((one.ground, one.lacks) for one in verdict.considered)]
    only_judging = (way for way in ways if way[1] and all(lack.need in JUDGED for lack in way[1]))
    return next(only_judging, ways[0])


def command(telling: Telling, step: Step) -> str:
    """Exactly what to write. Somebody else than the sender confirms a paragraph."""
    named = [f"--category {category}" for category in step.categories]
    ground = [f"--ground {step.ground}"] if step.ground else []
    chosen = [f"--number {telling.address}"] if telling.address and Category.ADDRESS in step.categories else []
    user = "ANNAN" if step.what is Weighed.LAWYER else telling.known.teller
    who = ["--note-file -", f"--as {telling.sending.sender}", f"--user {user}"]
    begun = f"disclosure weigh {telling.sending.case} {(telling.weighed_in or telling.handoff).id} {step.what}"
    return " ".join([begun, *named, *ground, *chosen, *who])


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
