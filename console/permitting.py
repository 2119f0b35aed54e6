"""Whether an account may see what would be told, tell it, or take it back; every no is in the log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlmodel import Session

from activities.disclosures import Told, entry
from activities.sharing_rules import sharing_at
from console.as_whom import Worker
from console.coding import item_id
from console.failures import Refused
from console.judging import judged
from models.access import Action, Decision, Given, Purpose
from models.contracts import Refusal
from models.desk import Category
from models.sharing import Circumstances, Verdict, Weighed
from models.words import CaseRef, HandoffId, ItemId, RequestKey
from rules import access, judgements

if TYPE_CHECKING:
    from console.disclosing import Telling, Way


def may_prepare(session: Session, worker: Worker, case: CaseRef, now: datetime) -> Refusal | None:
    """Whether this account may disclose at all from this case; each category is asked about for itself."""
    decision = may_disclose(session, worker, case, now, Category.IDENTITY)
    return None if decision.permitted else Refusal(code=decision.reason)


def may_disclose(session: Session, worker: Worker, case: CaseRef, now: datetime, category: Category) -> Decision:
    """What the table of access says of one category: who does not see it does not see it in a preview either."""
    office = worker.office
    action = Action.RELEASE_ADDRESS if category is Category.ADDRESS else Action.DISCLOSE
    return office.staff.decided(session, worker.by, action, case, now, category, office.mark_of(case))


def logged(worker: Worker, case: CaseRef, categories: tuple[Category, ...], refusal: Refusal | None) -> None:
    with worker.office.trail.writing() as session:
        log(session, worker, case, categories, refusal)


def log(
    session: Session, worker: Worker, case: CaseRef, categories: tuple[Category, ...], refusal: Refusal | None
) -> None:
    """A look at what would be told is a look: `audit who-read` counts it."""
    note = entry(worker.by, "preview", case, str(uuid4()), purpose=Purpose.DISCLOSE)
    outcome = refusal.code if refusal else "done"
    worker.office.trail.append(session, note.model_copy(update={"categories": categories, "outcome": outcome}))


def told_before(
    worker: Worker, case: CaseRef, handoff: HandoffId, package: ItemId, way: Way, waits_beside: bool = False
) -> Told | None:
    """What the same request told before; None when nothing was. Giving it again is a look, logged as one.

    Raises:
        Refused: the key was another request's or another's, it came to nothing, or this account may not any more.
    """
    earlier = worker.office.disclosures.told(package)
    if earlier is None:
        return None
    row = earlier.row
    if (row.case, row.handoff, row.way, row.user) != (case, handoff, way, worker.by.user):
        raise Refused(Refusal(code="key-used-for-something-else"))
    if row.state != "prepared" and way == "letter" and not waits_beside:
        raise Refused(Refusal(code="told-already"))
    if row.state not in ("prepared", "sent", "taken"):
        raise Refused(Refusal(code="package-not-under-way"))
    with worker.office.trail.writing() as session:
        refusal = may_prepare(session, worker, case, datetime.now(UTC))
        log(session, worker, case, tuple(Category(one) for one in row.categories), refusal)
    if refusal:
        raise Refused(refusal)
    return earlier


def second_person_asked(worker: Worker, telling: Telling, came: Refusal, now: datetime) -> Refusal:
    """The refusal; where a second person is needed one is asked for, and it carries the request's id."""
    if came.code != "second-person-needed":
        return came
    asked = (worker.by, released_as(telling), telling.sending.case, subject_of(worker, telling), now)
    approval = worker.office.approvals.request(*asked)
    return approval if isinstance(approval, Refusal) else Refusal(code=came.code, detail=approval.id)


def released_as(telling: Telling) -> Action:
    """The act that a second person approves, for all of it at once."""
    address = Category.ADDRESS in telling.preview.package.categories
    return Action.RELEASE_ADDRESS if address else Action.RELEASE_BY_TWO


def subject_of(worker: Worker, telling: Telling) -> str:
    """What a second person approves: exactly this content. Under the desk's own key, for it stands there unsealed."""
    return worker.office.store.keys.blind(telling.preview.digest)


def permitted(session: Session, worker: Worker, telling: Telling, key: RequestKey, now: datetime) -> Refusal | None:
    """Whether this account may tell each of these categories now: purpose, own word, harm test, second person."""
    office, case, categories = worker.office, telling.sending.case, telling.preview.package.categories
    if office.disclosures.history_in(session, case) != telling.known.consents or is_judged_anew(worker, telling):
        return Refusal(code="preview-has-changed")
    rules = sharing_at(telling.standing.now)
    without_harm_test = rules.no_harm_test if rules else ()
    for category in categories:
        given = Given(
            purpose=Purpose.DISCLOSE,
            reason="disclosure",
            stepped_up=worker.stepped_up,
            approved=True,
            harm_test=category in without_harm_test or harm_tested(telling.found[category], telling.known),
        )
        if unmet := access.unmet(may_disclose(session, worker, case, now, Category(category)), given):
            return unmet
    if telling.demand and (refusal := office.demands.begin(session, telling.demand, item_id(key, "package"))):
        return refusal
    if not telling.by_two and Category.ADDRESS not in categories:
        return None
    # Last: an approval is good for one act, and is not used up by one that is refused for something else.
    asked = (worker.by, released_as(telling), case, subject_of(worker, telling), now)
    return office.approvals.settle(session, *asked, key)


def is_judged_anew(worker: Worker, telling: Telling) -> bool:
    """Whether something was judged, told or marked since the look. What it used up then is not used up twice."""
    case, known = telling.sending.case, telling.known
    marks, weighed_in = frozenset({worker.office.mark_of(case)}), telling.weighed_in or telling.handoff
    return marks != known.marks or judged(worker, case, weighed_in, known, known.held) != known


def harm_tested(verdict: Verdict, known: Circumstances) -> bool:
    """Whether harm was weighed for just this, as it is kept now, and does not stand in the way."""
    tested = judgements.latest(Weighed.HARM, verdict.ground, verdict.question, known)
    return tested is not None and tested.speaks_for


def relied_on(telling: Telling) -> frozenset[ItemId]:
    """The notes of what was judged for what is told now: each is good for one telling."""
    sections = telling.preview.package.sections
    told = [(section.ground, telling.found[section.category].question) for section in sections]
    return judgements.relied_on(telling.known, told)


def may_recall(worker: Worker, case: CaseRef, package: ItemId) -> None:
    office = worker.office
    with office.trail.writing() as session:
        decision = office.staff.decided(session, worker.by, Action.WRITE, case, datetime.now(UTC), Category.NOTE)
        refusal = None if decision.permitted else Refusal(code=decision.reason)
        if refusal:
            said = entry(worker.by, "disclosure-recalled", case, package, outcome=refusal.code)
            office.trail.append(session, said)
    if refusal:
        raise Refused(refusal)
