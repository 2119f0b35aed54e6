"""How commands come to a desk's rooms: its log, its requests to see a file. The table of access says who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlmodel import Session

from activities.audit import PLANE
from activities.checkpoints import Checkpoints
from activities.offices import Office, audit_entry, person_of
from activities.rule_packs import PACKS, pack_on
from activities.trails import checkpoints_of
from console.as_whom import account_of
from console.casework import Casework
from console.failures import Refused
from console.file_commands import LISTING, FileDesk
from console.log_room import LogRoom
from models.access import Action, Given, Purpose, Reader, Role
from models.contracts import Refusal
from models.desk import Category
from models.documents import Mailing, Sender
from models.file_requests import About, Asker, Field, FileRequest, ItemContent
from models.words import CaseRef, Code, OrgId
from rules import access, mailing, marks
from rules.preview import text_fields
from rules.showing import OPERATOR

OF_OTHERS = frozenset({Category.RELATIVES, Category.THREAT_SOURCE})
"""What tells of others than the person; where it is not known whom a thing tells of, it is taken for another's."""
OF_THE_PERSON = frozenset(
    {
        Category.IDENTITY,
        Category.CONTACT,
        Category.ADDRESS,
        Category.PROTECTION_MARK,
        Category.SOCIAL_FILE,
        Category.HEALTH,
        Category.CRIMINAL_RECORD,
    }
)


def log_room(casework: Casework) -> LogRoom:
    """The way to the logs of the desks on this machine, and of the plane."""

    def who(chain: str, user: str | None) -> Reader:
        if chain == PLANE:
            return Reader(org=OPERATOR, user=user or "drift-01", role=Role.OPERATOR)
        reader = casework.office(chain).staff.reader(account_of(casework.settings, user))
        if isinstance(reader, Refusal):
            raise Refused(reader)
        return reader

    def may(reader: Reader, action: str, case: CaseRef | None) -> Refusal | None:
        """Anybody at work may have a chain verified: it shows no entry. Reading is for those who review."""
        if reader.org == OPERATOR or action != Action.READ_AUDIT:
            return None
        now = datetime.now(UTC)
        decision = casework.office(reader.org).staff.decide(reader, Action.READ_AUDIT, case, now)
        return access.unmet(decision, Given(purpose=Purpose.REVIEW_LOGS, reason="log-review"))

    def checkpoints(chain: str) -> Checkpoints | None:
        return checkpoints_of(casework.settings, chain, casework.keys(OPERATOR if chain == PLANE else chain))

    return LogRoom(casework.settings, who, may, checkpoints)


def file_desks(casework: Casework) -> Callable[[OrgId], FileDesk]:
    """The desks at which requests to see a file are handled, each as the account that works here."""

    def desk(org: OrgId) -> FileDesk:
        office = casework.office(org)
        reader = office.staff.reader(account_of(casework.settings, None))
        if isinstance(reader, Refusal):
            raise Refused(reader)
        if reader.role not in access.HANDLERS:
            raise Refused(Refusal(code="not-for-this-role"))
        return FileDesk(
            org=org,
            holder=office.entry.function,
            sender=Sender(name=office.entry.name, function=reader.role),
            reader=reader,
            requests=office.requests,
            items_for=lambda request: items_for(office, reader, request),
            pack=pack_on(datetime.now(UTC).date(), casework.settings.rule_packs or PACKS),
            now=lambda case: casework.last_known(case).now if case else datetime.now(UTC),
            admitted=lambda case, action: admitted(office, reader, case, action),
            mailed=lambda request: mailed(office, request),
            visible=lambda cases: visible(office, reader, cases),
        )

    return desk


FOR_A_REQUEST = Given(purpose=Purpose.FILE_REQUEST, reason="file-request", harm_test=True)


def admitted(office: Office, reader: Reader, case: CaseRef | None, action: Code) -> Refusal | None:
    """Whether this account answers requests in that case: as who puts the file together. Only a no is logged here, and
    what only looks: what is done is logged with what it changes. A request that names no case is any handler's."""
    if case is None:
        return None
    now = datetime.now(UTC)
    with office.trail.writing() as session:
        refusal = answers(office, session, reader, case, now)
        if refusal is not None or action == LISTING:
            said = audit_entry(reader, action, case, FOR_A_REQUEST, refusal.code if refusal else "done")
            office.trail.append(session, said)
    return refusal


def mailed(office: Office, request: FileRequest) -> Mailing | Refusal | None:
    """A guardian's own number is on what they showed; the person's must have been written down here."""
    if request.case is None:
        return None
    mark = office.mark_of(request.case)
    said = [person_of(content) for _, content in office.own_items(request.case, (Category.IDENTITY,))]
    known = request.asker is not Asker.SELF or any(person.get("personnummer") for person in said)
    return mailing.mailed(request.asker, mark, marks.mail_route(mark, office.marks), known)


def visible(office: Office, reader: Reader, cases: tuple[CaseRef, ...]) -> frozenset[CaseRef]:
    now = datetime.now(UTC)
    with office.trail.writing() as session:
        seen = frozenset(case for case in cases if answers(office, session, reader, case, now) is None)
        for case in sorted(seen):
            office.trail.append(session, audit_entry(reader, LISTING, case, FOR_A_REQUEST, "done"))
    return seen


def answers(office: Office, session: Session, reader: Reader, case: CaseRef, now: datetime) -> Refusal | None:
    decision = office.staff.decided(session, reader, Action.EXPORT_FILE, case, now, Category.SOCIAL_FILE)
    return access.unmet(decision, FOR_A_REQUEST)


def items_for(office: Office, reader: Reader, request: FileRequest) -> tuple[ItemContent, ...]:
    """Everything in the vault that a request may concern, with whom each thing tells of; logged before it is given.

    Raises:
        Refused: this account may not give out files from this case; that is logged too.
    """
    case = request.case
    if case is None:
        return ()
    now = datetime.now(UTC)
    # Harm is tested thing by thing, by the request's own table: a protected person sees their own file too.
    given = FOR_A_REQUEST
    mark, shown = office.mark_of(case), set()
    with office.trail.writing() as session:
        for category in Category:
            decision = office.staff.decided(session, reader, Action.EXPORT_FILE, case, now, category, mark)
            if access.unmet(decision, given) is None:
                shown.add(category)
        refusal = None if shown else Refusal(code="not-on-the-list")
        said = audit_entry(reader, "read-file", case, given, refusal.code if refusal else "done")
        about = {"subject": request.id, "categories": tuple(sorted(shown))}
        office.trail.append(session, said.model_copy(update=about))
    if refusal:
        raise Refused(refusal)
    found = []
    for row, content in office.items_of(case, tuple(Category)):
        category = Category(row.category)
        fields = flattened(content)
        found.append(
            ItemContent(
                item=row.id,
                category=category,
                # What no file shows is read all the same, so that it is found and kept out of other texts.
                about=About.PERSON if category in OF_THE_PERSON & shown else About.OTHER,
                fields=tuple(Field(label=label[:80], value=value) for label, value in fields.items() if value.strip()),
                decision=category is Category.SOCIAL_FILE and "decision" in fields,
            )
        )
    return tuple(found)


def flattened(content: object) -> dict[str, str]:
    """What an item holds as lines: the thing inside it, where it holds one thing under its name."""
    if not isinstance(content, dict):
        return {}
    inner = next((value for value in content.values() if isinstance(value, dict)), None)
    return text_fields(inner if inner is not None and len(content) == 1 else content)
