"""The log as people see it: entries, verdicts, and what deserves a look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table

from activities.audit import Verdict
from console.audit_words import MATTERS, break_sentence
from console.deadline_views import clock
from console.layout import both, table_of
from models.audit import Link
from models.log_review import Finding


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    breaks = [dict(zip(("sv", "en"), break_sentence(found), strict=True)) | found._asdict() for found in verdict.breaks]
    return verdict._asdict() | {"holds": not verdict.breaks, "breaks": breaks}


def verdict_lines(verdict: Verdict) -> Iterable[str]:
    if not verdict.breaks:
        number = verdict.links
        yield f"Loggen håller: {number} poster, ingen ändrad. | The log holds: {number} entries, none changed."
    for found in verdict.breaks:
        yield "\n".join(break_sentence(found))
    if verdict.breaks:
        yield (
            "Rör inte databasen. Spara en kopia, säg till säkerhetsfunktionen och dataskyddsombudet.\n"
            "Leave the database as it is. Keep a copy, tell security and the data protection officer."
        )
    if not verdict.links:
        yield "Inget är skrivet ännu. | Nothing has been written yet."
    elif verdict.checkpoints:
        made, upto = verdict.checkpoints, verdict.covered
        yield f"{made} kontrollpunkter, till och med post {upto}. | {made} checkpoints, up to entry {upto}."
    else:
        yield "Inga kontrollpunkter: `audit checkpoint` gör en. | No checkpoints: `audit checkpoint` makes one."
    if verdict.overdue and verdict.checkpoints:
        yield "En ny kontrollpunkt borde ha gjorts. | A new checkpoint should have been made."
    if verdict.set_back:
        places = ", ".join(map(str, verdict.set_back[:10]))
        yield f"Klockan hade ställts tillbaka före post | The clock had been set back before entry: {places}"
    yield f"Sista postens kontrollsumma | The last entry's digest: {verdict.head}"


def link_data(link: Link) -> dict[str, Any]:
    return {"seq": link.seq} | link.entry.model_dump(mode="json")


def links_table(links: Sequence[Link]) -> Table:
    table = table_of(
        ("Post", "Entry", 5), ("När", "When", 20), ("Vem", "Who", 10), ("Roll", "Role", 10), ("Gjorde", "Did", 10),
        ("Ärende", "Case", 11), ("Vad", "What", 10), ("Ändamål", "Purpose", 10), ("Utfall", "Outcome", 6),
        whole=("När", "Ärende"),
    )  # fmt: skip
    for link in links:
        entry = link.entry
        table.add_row(
            str(link.seq),
            clock(entry.at),
            entry.user,
            entry.role,
            f"{entry.action} → {entry.recipient}" if entry.recipient else entry.action,
            entry.case or "–",
            ", ".join(entry.categories) or "–",
            entry.purpose or "–",
            "✓" if entry.outcome == "done" else entry.outcome,
        )
    return table


def findings_table(findings: Sequence[Finding]) -> Table:
    table = table_of(
        ("Dag", "Day", 10), ("Vad", "What", 20), ("Vem", "Who", 10), ("Ärende", "Case", 11), ("Gånger", "Times", 6),
        ("Poster", "Entries", 10), whole=("Dag", "Ärende"),
    )  # fmt: skip
    for found in findings:
        what = both(MATTERS[found.matter]) + (f": {found.outcome}" if found.outcome else "")
        more = " …" if found.count > len(found.links) else ""
        places = ", ".join(map(str, found.links)) + more
        table.add_row(str(found.day), what, found.user, found.case or "–", str(found.count), places)
    return table
