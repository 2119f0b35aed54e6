"""What goes with telling: judgements and circumstances written down first, letters and lists afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from activities.disclosures import Told, entry
from activities.documents import CannotRender, CannotWrite, Unsaid, rendered, sweden_day, write_private
from activities.sharing_rules import sharing_at
from console.as_whom import Worker
from console.casework import Casework
from console.coding import item_id
from console.disclosing import StatedFacts
from console.failures import Refused
from models.access import Action, Given, Purpose
from models.contracts import Refusal
from models.desk import Category
from models.disclosure_tables import DisclosureRow
from models.documents import DisclosureLetter, Recipient, Sender
from models.file_requests import Field
from models.sharing import Judgement, Weighed
from models.words import CaseRef, Code, HandoffId, ItemId, RequestKey
from rules import access


async def judge(
    casework: Casework,
    worker: Worker,
    case: CaseRef,
    handoff: HandoffId,
    what: Weighed,
    categories: tuple[Code, ...],
    note: str,
    *,
    ground: Code | None = None,
    speaks_for: bool,
    key: RequestKey | None = None,
) -> Judgement:
    """Writes down what somebody has judged before telling, with the reasoning; both stay at the desk.

    Raises:
        Refused: not for this account, or no such handoff.
    """
    office = worker.office
    standing = await casework.plane.standing(case, office.org)
    asked = standing.state.handoffs.get(handoff)
    if asked is None or office.org not in (asked.requester, asked.recipient):
        raise Refused(Refusal(code="unknown-handoff", possible=tuple(standing.state.handoffs)))
    recipient = asked.recipient if office.org == asked.requester else asked.requester
    item = item_id(key or str(uuid4()), "judgement")
    judged = Judgement(
        what=what,
        note=item,
        ground=ground,
        recipient=casework.organisation(recipient).function,
        recipient_org=recipient,
        categories=categories,
        speaks_for=speaks_for,
    )
    keep(
        worker,
        case,
        item,
        {"handoff": handoff, "judgement": judged.model_dump(mode="json"), "text": note},
        f"weighed-{what}",
    )
    return judged


def state(worker: Worker, case: CaseRef, stated: StatedFacts, key: RequestKey | None = None) -> None:
    """Writes down what is known of the circumstances that the law asks about. The newest word counts."""
    said = stated.model_dump(mode="json", exclude_none=True)
    keep(worker, case, item_id(key or str(uuid4()), "stated"), {"stated": said}, "stated")


def keep(worker: Worker, case: CaseRef, item: ItemId, content: dict[str, object], action: Code) -> None:
    """Keeps a note of this kind, for an account on the case; logged in the same transaction.

    Raises:
        Refused: not for this account; that is logged too.
    """
    office, now = worker.office, datetime.now(UTC)
    given = Given(purpose=Purpose.DISCLOSE, stepped_up=worker.stepped_up)
    with office.trail.writing() as session:
        decision = office.staff.decided(session, worker.by, Action.WRITE, case, now, Category.NOTE)
        refusal = access.unmet(decision, given)
        if refusal is None:
            office.store.keep_in(session, item, case, Category.NOTE, worker.by.user, content)
        said = entry(worker.by, action, case, item, purpose=Purpose.DISCLOSE)
        office.trail.append(session, said.model_copy(update={"outcome": refusal.code if refusal else "done"}))
    if refusal:
        raise Refused(refusal)


def listed(worker: Worker, case: CaseRef) -> list[DisclosureRow]:
    """What this desk has told in a case, for an account on it. Logged before it is shown.

    Raises:
        Refused: not for this account; that is logged too.
    """
    office, now = worker.office, datetime.now(UTC)
    given = Given(purpose=Purpose.HANDLE_CASE, stepped_up=worker.stepped_up)
    with office.trail.writing() as session:
        decision = office.staff.decided(session, worker.by, Action.VIEW, case, now, Category.SOCIAL_FILE)
        refusal = access.unmet(decision, given)
        outcome = refusal.code if refusal else "done"
        office.note(session, worker.by, "read-disclosures", case, None, given, None, outcome)
    if refusal:
        raise Refused(refusal)
    return office.disclosures.listed(case)


def write_letter(casework: Casework, worker: Worker, told: Told, path: Path) -> None:
    """The letter that says exactly what was previewed, made anew from its template, in a new private file.

    Raises:
        Refused: it could not be made or written; no part of it is left, and the record says that nothing was told.
    """
    rules, now = sharing_at(datetime.now(UTC)), datetime.now(UTC)
    if rules is None:
        raise Refused(Refusal(code="no-sharing-rules"))
    fields = tuple(
        Field(label=rules.categories[section.category].fields[one.field].sv, value=one.value)
        for section in told.package.sections
        for one in section.fields
    )
    letter = DisclosureLetter(
        sender=Sender(name=worker.office.entry.name, function=worker.by.role),
        recipient=Recipient(organisation=casework.organisation(told.row.recipient).name),
        day=sweden_day(now),
        ground="; ".join(dict.fromkeys(section.paragraph for section in told.package.sections)),
        fields=fields,
    )
    try:
        write_private(path, rendered(letter))
    except (CannotWrite, CannotRender, Unsaid) as problem:
        worker.office.disclosures.settle(told.row.id, "refused", worker.by, of=("sent",))
        raise Refused(Refusal(code=NO_LETTER[type(problem)])) from None


NO_LETTER: dict[type[Exception], Code] = {
    CannotWrite: "cannot-write",
    CannotRender: "cannot-render",
    Unsaid: "unsaid",
}
