"""How disposal is shown: files and why, the list that waits, certificates."""

from __future__ import annotations

from typing import Any

from console import retention_words
from console.deadline_views import clock
from console.layout import both, stacked, table_of
from models.retention import RetentionRules, RetentionState, Verdict, WaitingList
from models.retention_tables import DisposalCertificateRow, DisposalEntryRow, DisposalListRow

SHOWN_OF_A_DIGEST = 8
Current = tuple[DisposalListRow, list[DisposalEntryRow]] | None


def verdict_data(one: Verdict, rules: RetentionRules) -> dict[str, Any]:
    sv, en = retention_words.whole(one, rules)
    return one.model_dump(mode="json", exclude={"wake_at"}) | {"sv": sv, "en": en}


def list_data(current: Current) -> dict[str, Any] | None:
    if current is None:
        return None
    row, entries = current
    return {
        "list": row.id,
        "digest": row.digest,
        "name": name_of(row),
        "state": row.state,
        "files": row.files,
        "drawn_at": row.drawn_at.isoformat(),
        "left": sum(entry.state in ("listed", "destroying") for entry in entries),
    }


def name_of(row: DisposalListRow | WaitingList) -> str:
    """What is typed to approve a list: which one, and what it held when it was read."""
    return f"{row.id}:{row.digest[:SHOWN_OF_A_DIGEST]}"


def list_sentence(current: Current) -> tuple[str, str]:
    if current is None:
        return "Ingen lista väntar.", "No list waits."
    row, _ = current
    sv, en = retention_words.LIST_STATE.get(row.state, (row.state, row.state))
    return f"Listan {name_of(row)}: {row.files} akter, {sv}.", f"The list: {row.files} files, {en}."


def files_table(shown: list[Verdict], on_list: set[str], rules: RetentionRules) -> Any:
    table = table_of(
        ("Ärende", "Case", 11),
        ("Läge", "Status", 8),
        ("Från", "From", 10),
        ("Senast", "By", 10),
        ("Lista", "List", 4),
        ("Varför", "Why", 30),
        whole=("Ärende", "Från", "Senast"),
    )
    for one in shown:
        days = [str(day) if day else "–" for day in (one.first_day, one.last_day)]
        marked = "ja | yes" if one.case in on_list else ""
        why = stacked(retention_words.whole(one, rules))
        table.add_row(one.case, stacked(retention_words.STATUS[one.status]), *days, marked, why)
    return table


def looked_sentence(state: RetentionState | None) -> tuple[str, str]:
    if state is None or state.look_at is None or state.errand is not None:
        return "Desken ses över nu.", "The desk is being looked at."
    return f"Nästa genomgång {clock(state.look_at)}.", f"Looked at next {clock(state.look_at)}."


def certificate_text(row: DisposalCertificateRow) -> str:
    told, lines = row.content, []
    lines.append(f"Intyg | Certificate {told['certificate']}")
    lines.append(f"  {told['org']}: {told['files']} akter gallrade | files destroyed, {told['carried_out_at']}")
    for rule in told["rules"]:
        lines.append(f"  {rule['files']} st: {rule['basis'] or rule['rule']}")
    for code, number in told["spared"].items():
        lines.append(f"  {number} st undantogs | spared: {both(retention_words.SPARED.get(code, (code, code)))}")
    lines.append(f"  Godkänt | Approved {told['approved_at']} ({told['approved_as']})")
    lines.append(f"  {row.digest}")
    return "\n".join(lines)
