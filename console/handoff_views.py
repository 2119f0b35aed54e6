"""How handoffs look: the open ones with their clocks, the ended ones with how they ended, and what came of an act."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from console import words
from console.deadline_views import deadline_text, end_clock
from console.layout import both, stacked, table_of
from models.case import Receipt
from models.contracts import Standing
from models.handoffs import Act, EndedHandoff, Handoff
from models.packs import RulePack
from rules.acts import may_do
from rules.handoffs import revived

CLOCKS_WIDTH = 42
"""Room for a deadline's name and instant, its alarms, and the line that says why."""


def handoff_table(standing: Standing, pack: RulePack) -> RenderableType:
    if not standing.state.handoffs:
        return Text("Inga öppna förfrågningar. | No open handoffs.", style="dim")
    table = table_of(
        ("Nr", "", 0),
        ("Vad, från → till, läge", "What, from → to, status", 0),
        ("Klockor, ▲ = påminnelser", "Clocks, ▲ = rungs", CLOCKS_WIDTH),
        whole=("Nr",),
    )
    for handoff in standing.state.handoffs.values():
        kind = pack.kinds[handoff.kind]
        acute = " ‼" if handoff.urgency == "acute" else ""
        what = Text(f"{kind.sv}{acute}\n{kind.en}\n{handoff.requester} → {handoff.recipient}\n")
        what.append(state_words(handoff, pack), style="bold")
        for line in remarks(handoff, standing, pack):
            what.append(f"\n{line}", style="dim")
        clocks = Text("\n").join(deadline_text(d, handoff, pack, standing.now) for d in handoff.deadlines)
        table.add_row(handoff.id, what, clocks)
    return table


def ended_table(standing: Standing, pack: RulePack) -> RenderableType:
    """What has ended, how, and what can still be done with it: reopened, or completed late."""
    if not standing.state.ended:
        return Text("Inget är avslutat ännu. | Nothing has ended yet.", style="dim")
    table = table_of(
        ("Nr", "", 0),
        ("Vad, från → till", "What, from → to", 0),
        ("Hur, när", "How, when", 0),
        ("Går ännu", "Still possible", 0),
        whole=("Nr",),
    )
    for ended in standing.state.ended.values():
        kind = pack.kinds[ended.kind]
        orgs = dict.fromkeys((ended.requester, ended.recipient))
        still = {org: may_do(standing.state, revived(ended), org, pack) for org in orgs}
        table.add_row(
            ended.id,
            f"{kind.sv}\n{kind.en}\n{ended.requester} → {ended.recipient}",
            f"{state_words(ended, pack)}\n{end_clock(ended.ended_at)}",
            "\n".join(f"{org}: {can_do(acts)}" for org, acts in still.items() if acts) or "–",
        )
    return table


def can_do(acts: Iterable[Act]) -> str:
    """Acts as they are typed, each with what it is called."""
    return ", ".join(f"{act} ({words.ACT[act][0]})" for act in acts)


def state_words(handoff: Handoff | EndedHandoff, pack: RulePack) -> str:
    """A handoff's status, and what refines it: a reason, an answer, how it ended."""
    sv, en = words.STATUS[handoff.status]
    if handoff.business_status is not None:
        more = code_words(handoff.business_status, pack)
        sv, en = f"{sv} ({more[0]})", f"{en} ({more[1]})"
    return stacked((sv, en))


def code_words(code: str, pack: RulePack) -> tuple[str, str]:
    """What a code of the system's or of the rules is called; itself, when neither knows it."""
    if code in words.OUTCOME:
        return words.OUTCOME[code]
    name = pack.words.get(code)
    return (name.sv, name.en) if name else (code, code)


def what_came_of_it(standing: Standing, pack: RulePack, receipt: Receipt) -> list[str]:
    """What an act led to: how its handoff stands, what else ended with it, what stands all the same, what is new."""
    lines = []
    state = standing.state
    ended_with_it = [e for e in state.ended.values() if e.ended_at == receipt.at and e.id != receipt.handoff]
    subject = state.handoffs.get(receipt.handoff or "") or state.ended.get(receipt.handoff or "")
    if subject is not None:
        lines.append(f"{subject.id}: {' | '.join(state_words(subject, pack).splitlines())}")
    for ended in ended_with_it:
        lines.append(f"  {ended.id} {pack.kinds[ended.kind].sv}: {' | '.join(state_words(ended, pack).splitlines())}")
    for kept in receipt.kept:
        lines.append(f"  {kept.handoff}: {both(words.KEPT[kept.reason])}")
    return lines


def new_handoffs(standing: Standing, pack: RulePack, receipt: Receipt) -> list[str]:
    """What else came of an event: the handoffs that it gave rise to."""
    lines = []
    for handoff in standing.state.handoffs.values():
        if handoff.requested_at >= receipt.at and handoff.id != receipt.handoff:
            kind = pack.kinds[handoff.kind]
            lines.append(f"→ {handoff.id} {kind.sv} | {kind.en}: {handoff.requester} → {handoff.recipient}")
    return lines


def remarks(handoff: Handoff, standing: Standing, pack: RulePack) -> list[str]:
    """What a person needs to know of a handoff besides its kind: what it follows from, and how to reach them."""
    found = []
    earlier = standing.state.ended.get(handoff.parent or "") or standing.state.handoffs.get(handoff.parent or "")
    if earlier is not None and earlier.kind in pack.kinds:
        how = state_words(earlier, pack).splitlines()[0]
        found.append(f"efter | after {earlier.id} {pack.kinds[earlier.kind].sv}: {how}")
    recipient = standing.state.organisations.get(handoff.recipient)
    if recipient is not None and not recipient.desk:
        found.append("☎ ingen desk: ring, svara med --by-phone | no desk: by phone")
    return found


def changes_by_revision(rows: list[tuple[int, str, str, str | None]], pack: RulePack) -> dict[int, list[str]]:
    """For a history: what each revision did to which handoff. Rows: revision, handoff, status, business status."""
    statuses = {status.value: pair for status, pair in words.STATUS.items()}
    found: dict[int, list[str]] = {}
    for revision, handoff, status, business in rows:
        sv, en = statuses[status]
        more = code_words(business, pack) if business else None
        text = f"{handoff}: {sv}{f' ({more[0]})' if more else ''} | {en}{f' ({more[1]})' if more else ''}"
        found.setdefault(revision, []).append(text)
    return found
