"""How a case looks: as plain data for `--json`, and as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from console import words
from console.deadline_views import clock, deadline_data, end_clock, short_clock
from console.handoff_views import handoff_table
from console.layout import both, stacked, table_of
from models.contracts import Standing
from models.desk_tables import InboxRow
from models.directory import DirectoryEntry
from models.handoffs import Handoff
from models.packs import RulePack
from models.register import CaseEventRow, CaseRow, DeadlineRow, FiringRow, HandoffRow
from rules.acts import may_do


def handoff_data(handoff: Handoff, standing: Standing, pack: RulePack) -> dict[str, Any]:
    """One handoff with its clocks and what each of its parties can do now."""
    kind = pack.kinds[handoff.kind]
    orgs = dict.fromkeys((handoff.requester, handoff.recipient))
    return handoff.model_dump(mode="json", exclude={"deadlines", "candidates", "step"}) | {
        "title": {"sv": kind.sv, "en": kind.en},
        "deadlines": [deadline_data(d, handoff, pack, standing.now) for d in handoff.deadlines],
        "possible": {org: list(may_do(standing.state, handoff, org, pack)) for org in orgs},
        "possible_by_phone": [
            act
            for act in may_do(standing.state, handoff, handoff.requester, pack, by_phone=True)
            if handoff.requester != handoff.recipient
        ],
    }


def case_data(
    standing: Standing, pack: RulePack, ended: Iterable[HandoffRow], firings: Iterable[FiringRow]
) -> dict[str, Any]:
    """A case as `case show --json` gives it."""
    state = standing.state
    chosen = (
        "case",
        "revision",
        "phase",
        "urgency",
        "stay",
        "consent",
        "consents",
        "track_b",
        "minor",
        "needs",
        "closed",
    )
    return state.model_dump(mode="json", include={*chosen, "responsible", "custody", "assessment", "training"}) | {
        "now": standing.now.isoformat(),
        "opened_at": state.opened_at.isoformat() if state.opened_at else None,
        "opener": state.opener,
        "acting": dict(state.acting),
        "rules": pack.name,
        "handoffs": [handoff_data(h, standing, pack) for h in state.handoffs.values()],
        "ended": [ended_data(row) for row in ended if row.ended_at is not None],
        "rungs_fired": [firing_data(row) for row in firings],
        "desks_waiting": [
            {"desk": e.task.desk, "work": e.task.question.work, "attempts": e.attempts, "unreachable": e.unreachable}
            for e in state.desk_effects.values()
        ],
    }


def ended_data(row: HandoffRow) -> dict[str, Any]:
    return row.model_dump(mode="json", exclude={"case"})


def firing_data(row: FiringRow) -> dict[str, Any]:
    return row.model_dump(mode="json", exclude={"case"})


def event_data(row: CaseEventRow) -> dict[str, Any]:
    return row.model_dump(mode="json", exclude={"case", "pack_digest"})


def row_data(row: CaseRow, overdue: int, next_due: datetime | None) -> dict[str, Any]:
    data = row.model_dump(mode="json", exclude={"snapshot", "pack_digest", "state_digest"})
    return data | {"overdue": overdue, "next_due": next_due.isoformat() if next_due else None}


def case_view(standing: Standing, pack: RulePack, firings: int, note: str | None = None) -> RenderableType:
    """A case for people: where it is, who acts, what is open, what to mind."""
    state = standing.state
    facts = Table.grid(padding=(0, 2))
    facts.add_row("Ärende | Case", Text(state.case, style="bold"))
    facts.add_row("Fas | Phase", both(words.PHASE[state.phase]))
    facts.add_row("Läge | Urgency", both(words.URGENCY[state.urgency]))
    facts.add_row("Ärendets tid | Case time", clock(standing.now) + ("  (övning | training)" if state.training else ""))
    facts.add_row("Vistelse | Stay", state.stay or "okänd | unknown")
    responsible = state.responsible
    known = f"{responsible.municipality} (SoL {responsible.basis})" if responsible else "inte fastställd | not settled"
    facts.add_row("Ansvarig | Responsible", known)
    covers = [f"{both(words.CONSENT_TO[to])}: {clock(until)}" for to, until in state.consents.items()]
    facts.add_row("Samtycke | Consent", "\n".join([both(words.CONSENT[state.consent]), *covers]))
    facts.add_row("Polisens ärende | Track B", both(words.TRACK_B[state.track_b]))
    if state.needs:
        facts.add_row("Behov | Needs", ", ".join(both(words.NEED[need]) for need in state.needs))
    if state.custody:
        ends = f", till | until {clock(state.custody.ends_at)}" if state.custody.ends_at else ""
        facts.add_row("Frihetsberövad | Custody", both(words.CUSTODY[state.custody.place]) + ends)
    parts: list[RenderableType] = [facts]
    if state.closed:
        parts.append(Text(f"Avslutat: {state.closed} | Closed: {state.closed}", style="bold"))
    if state.assessment is not None:
        parts.append(assessment_text(standing))
    for effect in state.desk_effects.values():
        if effect.unreachable:
            desk, tries = effect.task.desk, effect.attempts
            parts.append(
                Text(f"{desk} kan inte nås, försök {tries} | can't be reached, attempt {tries}", style="bold red")
            )
    parts += [handoff_table(standing, pack)]
    parts.append(Text(f"Påminnelser hittills | Rungs fired so far: {firings}", style="dim"))
    if state.handoffs:
        parts.append(Text(f"Vad som går att göra | What can be done: handoff list {state.case}", style="dim"))
    if note:
        parts.append(Text(note, style="yellow"))
    return Group(*parts)


def assessment_text(standing: Standing) -> Text:
    assessment = standing.state.assessment
    if assessment is None:
        return Text("")
    until = end_clock(assessment.valid_until)
    if assessment.lapsed:
        return Text(f"Hotbedömningen gick ut {until} | The threat assessment expired {until}", style="bold red")
    need = "skydd behövs | protection needed" if assessment.needs_protection else "inget särskilt skydd | no protection"
    flag = "" if assessment.structured else "  (ostrukturerad | unstructured)"
    return Text(f"Hotbedömning till {until}: {need}{flag}")


def cases_table(rows: Iterable[tuple[CaseRow, int, datetime | None]]) -> Table:
    table = table_of(
        ("Ärende", "Case", 0),
        ("Fas", "Phase", 0),
        ("Läge", "Urgency", 0),
        ("Öppnat", "Opened", 0),
        ("Nästa tid", "Next due", 0),
        ("Sena", "Late", 0),
        whole=("Ärende", "Läge", "Öppnat", "Nästa tid", "Sena"),
    )
    phases = {phase.value: pair for phase, pair in words.PHASE.items()}
    urgencies = {urgency.value: pair for urgency, pair in words.URGENCY.items()}
    for row, overdue, due in rows:
        late = Text(str(overdue), style="bold red" if overdue else "")
        opened, phase, urgency = short_clock(row.opened_at), stacked(phases[row.phase]), stacked(urgencies[row.urgency])
        table.add_row(row.ref, phase, urgency, opened, end_clock(due), late)
    return table


def history_table(
    rows: Iterable[CaseEventRow], firings: Iterable[FiringRow], changes: Mapping[int, list[str]] | None = None
) -> Table:
    """What happened, in order, with the rungs that fired (▲) and what became of which handoff (→)."""
    table = table_of(
        ("Rev", "", 0),
        ("När", "When", 0),
        ("Vad", "What", 0),
        ("Av", "By", 0),
        ("Fas", "Phase", 0),
        whole=("Rev", "När"),
    )
    phases = {phase.value: pair for phase, pair in words.PHASE.items()}
    fired: dict[int, list[FiringRow]] = {}
    for firing in firings:
        fired.setdefault(firing.revision, []).append(firing)
    for row in rows:
        for firing in fired.get(row.revision, []):
            table.add_row("▲", clock(min(firing.due, firing.at)), firing_text(firing), "–", "")
        phase = stacked(phases[row.phase])
        became = "".join(f"\n→ {line}" for line in (changes or {}).get(row.revision, ()))
        table.add_row(str(row.revision), clock(row.at), event_text(row) + became, row.actor or "–", phase)
    return table


def firing_text(firing: FiringRow) -> str:
    """Which rung of which deadline, and who was told."""
    who = ", ".join(both(words.ROLE[to.partition(":")[2]]) for to in firing.receivers)
    repeat = f", {firing.recurrence}:e upprepningen" if firing.recurrence else ""
    return f"{firing.handoff} {words.DEADLINE[firing.deadline][0]}, steg | rung {firing.rung}{repeat}: {who}"


Live = Mapping[tuple[str, str], tuple[HandoffRow, datetime | None, timedelta]]
"""What the register knows of open handoffs: the row, when it is due now, and its case's clock offset."""


def live_data(row: InboxRow, live: Live, now: datetime) -> dict[str, Any]:
    """When a handoff in Att göra is due as it stands now, and whether that has passed."""
    known, due, offset = live.get((row.case, row.handoff), (None, row.answer_by, timedelta(0)))
    return {
        "due": due.isoformat() if due else None,
        "late": due is not None and due <= now + offset,
        "urgency": known.urgency if known else None,
    }


def inbox_table(rows: Iterable[InboxRow], pack: RulePack, live: Live, now: datetime) -> Table:
    table = table_of(
        ("Ärende", "Case", 0),
        ("Nr", "", 0),
        ("Vad, från", "What, from", 0),
        ("Svar senast", "Answer by", 0),
        whole=("Ärende", "Nr", "Svar senast"),
    )
    for row in rows:
        kind = pack.kinds.get(row.kind or "")
        told = live_data(row, live, now)
        acute = " ‼" if told["urgency"] == "acute" else ""
        what = f"{kind.sv}{acute}\n{kind.en}" if kind else row.kind or "–"
        due = datetime.fromisoformat(told["due"]) if told["due"] else None
        when = Text(end_clock(due), style="bold red" if told["late"] else "")
        when.append("\nFÖRSENAD | LATE" if told["late"] else "")
        table.add_row(row.case, row.handoff, f"{what}\n{row.requester}", when)
    return table


def waiting_table(
    rows: Iterable[tuple[HandoffRow, datetime | None, timedelta]], pack: RulePack, now: datetime
) -> Table:
    """Handoffs seen from the one who waits, what is late first."""
    table = table_of(
        ("Ärende", "Case", 0),
        ("Nr", "", 0),
        ("Vad, hos vem", "What, with whom", 0),
        ("Läge", "Status", 0),
        ("Svar senast", "Answer by", 0),
        whole=("Ärende", "Nr", "Svar senast"),
    )
    statuses = {status.value: pair for status, pair in words.STATUS.items()}
    for row, due, offset in rows:
        kind = pack.kinds.get(row.kind)
        what = f"{kind.sv}\n{kind.en}" if kind else row.kind
        late = due is not None and due <= now + offset
        when = Text(end_clock(due) + ("\nFÖRSENAD | LATE" if late else ""), style="bold red" if late else "")
        acute = " ‼" if row.urgency == "acute" else ""
        table.add_row(row.case, row.id, f"{what}{acute}\n{row.recipient}", stacked(statuses[row.status]), when)
    return table


def kinds_table(pack: RulePack) -> Table:
    table = table_of(
        ("Kod", "Code", 0),
        ("Vad, grund", "What, basis", 0),
        ("Från → till", "From → to", 22),
        whole=("Kod",),
    )
    for kind in pack.kinds.values():
        sender = "\n".join(kind.sender) or "alla | anyone"
        recipient = "\n→ ".join(kind.recipient) or "egen | own"
        table.add_row(kind.code, f"{kind.sv}\n{kind.en}\n{kind.basis}", f"{sender}\n→ {recipient}")
    return table


def directory_table(entries: Iterable[DirectoryEntry]) -> Table:
    table = table_of(
        ("Id", "", 0),
        ("Namn", "Name", 0),
        ("Sort", "Function", 0),
        ("Desk", "", 0),
        ("Telefon", "Phone", 0),
        whole=("Id",),
    )
    for entry in entries:
        table.add_row(entry.id, entry.name, entry.function, "ja" if entry.desk else "nej", entry.phone or "–")
    return table


def event_text(row: CaseEventRow) -> str:
    text = both(words.EVENT[row.kind])
    event = row.event
    if row.kind == "acted":
        acts = {act.value: pair for act, pair in words.ACT.items()}
        phone = " (per telefon eller brev | by phone or post)" if event.get("by_phone") else ""
        return f"{event['handoff']}: {both(acts[event['act']])}{phone}"
    if row.kind == "sent":
        return f"{text}: {event['handoff_kind']} → {event['recipient']['id']}"
    if row.kind == "facts-recorded":
        return f"{text}: {', '.join(name for name, value in event['facts'].items() if value is not None)}"
    return text


def overdue_by_case(
    rows: Iterable[CaseRow], deadlines: Iterable[DeadlineRow], now: datetime
) -> list[tuple[CaseRow, int, datetime | None]]:
    """For each case: how many live deadlines are past by the case's own now, and the next one to come."""
    per_case: dict[str, list[DeadlineRow]] = {}
    for deadline in deadlines:
        per_case.setdefault(deadline.case, []).append(deadline)
    found = []
    for row in rows:
        mine = [d for d in per_case.get(row.ref, []) if d.next_at is not None]
        here = now + timedelta(seconds=row.clock_offset_seconds)
        upcoming = [d.due for d in mine if d.due > here]
        found.append((row, sum(d.due <= here for d in mine), min(upcoming, default=None)))
    return found
