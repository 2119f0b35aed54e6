"""What a simulation came to, as tables: deadlines, kinds, rungs, load; two rule packs side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from activities.simulation_runs import Difference, Run
from console import words
from console.layout import both, stacked, table_of
from console.simulation_data import (
    JUDGEMENTS,
    Played,
    deadlines,
    different_data,
    kinds,
    load_data,
    receivers,
    roles,
    times,
    weeks,
)
from models.handoffs import Status
from models.words import Phase

MOST_RECEIVERS, MOST_WEEKS, MOST_DIFFERENT, MOST_NAMED = 30, 27, 15, 4
"""Rows shown of each; `--json` has them all."""
SHORT_ROLE = {
    "officer": "handl.",
    "manager": "enhch.",
    "head": "nästa",
    "director": "förvch.",
    "on-call": "jour",
    "manager-on-call": "beredsk.",
    "regional-coordinator": "reg.",
    "national-coordinator": "nat.",
}
OUTCOME = {
    "rejected": ("avböjda", "declined"),
    "failed": ("gick inte", "failed"),
    "withdrawn": ("återtagna", "withdrawn"),
    "expired": ("gick ut", "expired"),
    "lapsed": ("upphörde", "lapsed"),
    "another-way": ("löstes på annat sätt", "met another way"),
}
STOPPED = {
    "beyond-calendar": ("reglernas kalender tar slut", "the rules' calendar ends"),
    "too-many-events": ("fallet går runt i cirklar", "the case runs in circles"),
}


def view(run: Run, played: Sequence[Played], different: Sequence[Difference]) -> RenderableType:
    """Everything in tables. With two packs: the second pack's figures, and how they differ from the first one's."""
    parts: list[RenderableType] = [heading(run, played)]
    parts += [note for one in played for note in notes(one)]
    parts += titled("Tider", "Deadlines", compared_deadlines(played) if len(played) == 2 else deadline_table(played[0]))
    for one in played:
        of = f" – {one.pack.name}" if len(played) == 2 else ""
        parts += titled(f"Förfrågningar{of}", "Handoffs", kind_table(one))
    parts += titled("Larm per roll", "Alarms by role", rung_table(played))
    for one in played:
        of = f" – {one.pack.name}" if len(played) == 2 else ""
        parts += titled(f"Belastning{of}", "Load", load_table(one))
        parts += titled(f"Per vecka, larm+nya{of}", "Per week, alarms+new handoffs", week_table(one))
    if len(played) == 2:
        parts += titled("Fall som slutar olika", "Cases that end differently", different_text(different))
    return Group(*parts)


def titled(sv: str, en: str, content: RenderableType) -> list[RenderableType]:
    return [Text(f"\n{sv} | {en}", style="bold"), content]


def heading(run: Run, played: Sequence[Played]) -> Text:
    figures = played[0].figures
    days = run.length / timedelta(days=1)
    length = f"{days:g} dagar | days" if days >= 1 else f"{run.length / timedelta(hours=1):g} h"
    count = number(figures.cases["played"])
    text = Text(f"{count} fall, vart och ett {length}, frö | seed {run.seed}", style="bold")
    for name, one in zip("AB", played, strict=False):
        mark = f"{name}: " if len(played) == 2 else ""
        text.append(f"\n{mark}Regler | Rules {one.pack.name} ({one.pack.digest[:8]})")
        closed, left = one.figures.cases["closed"], one.figures.cases["open"]
        text.append(f": {number(closed)} avslutade | closed, {number(left)} öppna | open")
    return text


def notes(played: Played) -> Iterator[Text]:
    """What did not go as the file says."""
    for name, times_ in sorted(played.figures.cases.items()):
        if name.startswith("stopped:"):
            code = name.removeprefix("stopped:")
            why = both(STOPPED.get(code, words.REFUSAL.get(code, (code, code))))
            yield Text(f"{number(times_)} fall kunde inte spelas vidare | cases stopped: {why}", style="red")
    for (tried, code), times_ in sorted(played.figures.refused.items()):
        if code not in STOPPED:
            yield Text(f"Nekat {number(times_)} gånger | refused: {tried}, {code}", style="yellow")


def deadline_table(played: Played) -> Table:
    table = table_of(
        ("Vad", "What", 0),
        ("Tid", "Deadline", 0),
        ("I tid", "Met", 0),
        ("Missade", "Missed", 0),
        ("Pågår", "Running", 0),
        ("Bortföll", "Moot", 0),
        whole=("I tid", "Missade", "Pågår", "Bortföll"),
    )
    for kind, name, counts in deadlines(played):
        late = "bold red" if counts["missed"] else ""
        shown = [Text(number(counts[j]), style=late if j == "missed" else "") for j in JUDGEMENTS]
        table.add_row(title(kind, [played]), stacked(words.DEADLINE[name]), *shown)
    return aligned(table, 2)


def compared_deadlines(played: Sequence[Played]) -> Table:
    table = table_of(
        ("Vad", "What", 0),
        ("Tid", "Deadline", 0),
        ("I tid A", "Met A", 0),
        ("B", "", 0),
        ("±", "", 0),
        ("Missade A", "Missed A", 0),
        ("B", "", 0),
        ("±", "", 0),
        whole=("I tid A", "B", "±", "Missade A"),
    )
    first, second = ({(k, n): counts for k, n, counts in deadlines(one)} for one in played)
    none: Counter[str] = Counter()
    for kind, name in dict.fromkeys((*first, *second)):
        a, b = first.get((kind, name), none), second.get((kind, name), none)
        cells = [c for j in ("met", "missed") for c in (number(a[j]), number(b[j]), change(b[j] - a[j], j == "missed"))]
        table.add_row(title(kind, played), stacked(words.DEADLINE[name]), *cells)
    return aligned(table, 2)


def kind_table(played: Played) -> Table:
    """How many of each kind there were, how long they took, and how else they ended than completed."""
    table = table_of(
        ("Vad", "What", 22),
        ("Antal", "Count", 0),
        ("Åtagen", "Accepted", 0),
        ("Klar", "Completed", 0),
        ("Annat slut", "Other ends", 0),
        whole=("Antal", "Åtagen", "Klar"),
    )
    ends = played.figures.ends
    for kind in kinds(played):
        accepted, completed = (spread(times(c, kind)) for c in (played.figures.accepted, played.figures.completed))
        other = [f"{number(ends[kind, what])} {both(pair)}" for what, pair in OUTCOME.items() if ends[kind, what]]
        table.add_row(title(kind, [played]), number(ends[kind, "created"]), accepted, completed, "\n".join(other))
    table.caption = "Åtagen, klar: median och 95 % | Accepted, completed: median and 95 %"
    table.caption_justify = "left"
    return aligned(table, 1, left=(4,))


def rung_table(played: Sequence[Played]) -> Table:
    marks = [f" {name}" for name in "AB"] if len(played) == 2 else [""]
    columns = [(f"{sv}{m}", f"{en}{m}", 0) for sv, en in (("Steg", "Rungs"), ("Upprepade", "Repeats")) for m in marks]
    if len(played) == 2:
        columns = [*columns[:2], ("±", "", 0), *columns[2:], ("± ", "", 0)]
    table = table_of(("Roll", "Role", 0), *columns, whole=[sv for sv, _, _ in columns])
    for role in dict.fromkeys(role for one in played for role in roles(one)):
        cells: list[str | Text] = []
        for what in ("rung", "repeat"):
            counts = [one.figures.rungs[role, what] for one in played]
            cells += [number(count) for count in counts]
            cells += [change(counts[1] - counts[0], True)] if len(counts) == 2 else []
        table.add_row(both(words.ROLE.get(role, (role, role))), *cells)
    return aligned(table, 1)


def load_table(played: Played) -> Table:
    table = table_of(
        ("Hos vem, roll", "With whom, role", 0),
        ("Larm", "Alarms", 0),
        ("Nya", "New", 0),
        ("Tyngsta veckan", "Busiest week", 0),
        ("Larm då", "Alarms", 0),
        ("Nya då", "New", 0),
        whole=("Larm", "Nya", "Tyngsta veckan", "Larm då", "Nya då"),
    )
    rows = receivers(played)
    for org, role in rows[:MOST_RECEIVERS]:
        load = load_data(played, org, role)
        week = load["busiest_week"]
        alarms, work = (number(sum(load[what].values())) for what in ("alarms", "handoffs"))
        busiest = (number(week["alarms"]), number(week["handoffs"]))
        table.add_row(f"{org}\n{both(words.ROLE.get(role, (role, role)))}", alarms, work, week["week"], *busiest)
    if len(rows) > MOST_RECEIVERS:
        table.caption = f"De {MOST_RECEIVERS} tyngst belastade av {len(rows)}. Alla: --json | All: --json"
        table.caption_justify = "left"
    return aligned(table, 1, left=(3,))


def week_table(played: Played) -> Table:
    """Each week, all organisations together; of a long simulation the busiest weeks."""
    found = weeks(played)
    every = {role for mine in found.values() for role in mine}
    columns = [role for role in words.ROLE if role in every]
    headings = [(SHORT_ROLE.get(role, role), words.ROLE[role][1].split()[0], 0) for role in columns]
    table = table_of(("Vecka", "Week", 0), *headings, whole=["Vecka", *(sv for sv, _, _ in headings)])
    burden = {week: sum(a + w for a, w in mine.values()) for week, mine in found.items()}
    shown = sorted(sorted(burden, key=lambda week: -burden[week])[:MOST_WEEKS])
    for week in shown:
        table.add_row(week, *(week_cell(*found[week].get(role, (0, 0))) for role in columns))
    if len(found) > MOST_WEEKS:
        table.caption = f"De {MOST_WEEKS} tyngsta veckorna av {len(found)}. Alla: --json | All: --json"
        table.caption_justify = "left"
    return aligned(table, 1)


def week_cell(alarms: int, new: int) -> str:
    if not alarms and not new:
        return "·"
    return f"{number(alarms)}+{number(new)}" if new else number(alarms)


def different_text(different: Sequence[Difference]) -> Text:
    if not different:
        return Text("Inget fall slutar olika. | No case ends differently.", style="dim")
    text = Text(f"{number(len(different))} fall | cases")
    for one in different[:MOST_DIFFERENT]:
        rows = different_data(one)["differs"]
        text.append(f"\n{one.number}: ")
        told = [f"{name} {ended(name, row['first'])} → {ended(name, row['second'])}" for name, row in rows.items()]
        more = f" (+{len(told) - MOST_NAMED})" if len(told) > MOST_NAMED else ""
        text.append("; ".join(told[:MOST_NAMED]) + more)
    if len(different) > MOST_DIFFERENT:
        text.append(f"\n... alla {number(len(different))} finns i --json. | All are in --json.")
    return text


def ended(name: str, code: str | None) -> str:
    """How something ended, in Swedish words: a status, a phase, or that it never was."""
    if code is None:
        return "öppet" if name == "closed" else "–"
    if name == "phase":
        return words.PHASE[Phase(code)][0]
    status, _, reason = code.partition("/")
    if status not in set(Status):
        return code
    plain = words.STATUS[Status(status)][0]
    return f"{plain} ({words.OUTCOME.get(reason, (reason,))[0]})" if reason else plain


def title(kind: str, played: Sequence[Played]) -> str:
    known = next((one.pack.kinds[kind] for one in played if kind in one.pack.kinds), None)
    return f"{known.sv}\n{known.en}" if known else kind


def number(count: int) -> str:
    """`20 826`, with a space that does not break."""
    return f"{count:,}".replace(",", "\u00a0")


def change(count: int, worse_when_more: bool) -> Text:
    if not count:
        return Text("=", style="dim")
    style = "red" if (count > 0) == worse_when_more else "green"
    return Text(f"{'+' if count > 0 else '−'}{number(abs(count))}", style=style)


def spread(found: dict[str, int | None]) -> str:
    return "\n".join(length(found[name]) for name in ("median", "p95"))


def length(minutes: int | None) -> str:
    """`35 min`, `4 h`, `2 d 4 h`: real time, rounded down to what matters."""
    if minutes is None:
        return "–"
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"
    if hours:
        return f"{hours} h {left} m" if left else f"{hours} h"
    return f"{left} min"


def aligned(table: Table, first: int, left: Sequence[int] = ()) -> Table:
    """Numbers stand to the right, from column `first`."""
    for place, column in enumerate(table.columns):
        if place >= first and place not in left:
            column.justify = "right"
    return table
