"""A desk as people work at it: its store and keys, its staff, its log, and what it has told and been told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from sqlmodel import Session, col, select

from activities.approvals import Approvals
from activities.audit import AuditLog
from activities.case_access import NeedToKnow
from activities.case_keys import open_case_keys
from activities.case_links import CaseLinks
from activities.demands import Demands
from activities.disclosures import FROM, Disclosures
from activities.file_requests import FileRequests
from activities.incidents import Incidents
from activities.key_store import Outer
from activities.mark_rules import load_marks
from activities.organisation_keys import OrganisationKeys, open_keys
from activities.protected_data import DeskStore
from activities.staff import Desk, Staff
from activities.stores import desk_url, migrate, open_database, reading
from activities.trails import desk_trail
from models.access import Action, Given, Obligation, Reader
from models.audit import AuditEntry
from models.calendars import Calendar
from models.consent import Guardian, PersonFacts
from models.contracts import Refusal
from models.desk import Category, ProtectionMark
from models.desk_tables import ItemRow
from models.directory import DirectoryEntry
from models.intake import day_of
from models.marks import MarkRules
from models.settings import Settings
from models.words import CaseRef, Code, ItemId
from rules import access, consent, marks


class Office:
    """One organisation's desk in this program. Holds that organisation's data and keys, and nobody else's."""

    def __init__(self, settings: Settings, entry: DirectoryEntry, calendar: Calendar) -> None:
        self.settings, self.entry, self.org = settings, entry, entry.id
        self.engine = open_database(desk_url(settings, entry.id))
        migrate(self.engine, "desk")
        self.keys = open_case_keys(settings, entry.id)
        self.store = DeskStore(entry.id, self.engine, self.keys)
        self.store.seal_what_was_open()
        self.signing: OrganisationKeys = open_keys(settings, entry.id, Outer(self.keys))
        if settings.mode == "embedded":
            self.signing.ensure(datetime.now(UTC))
        self.trail: AuditLog = desk_trail(settings, self.engine, self.signing)
        self.marks: MarkRules = load_marks()
        self.staff = Staff(
            Desk(
                org=entry.id,
                function=entry.function,
                engine=self.engine,
                calendar=calendar,
                marks=self.marks,
                audit=self.trail.append,
                training=settings.training,
            )
        )
        if settings.training:
            self.staff.make_demo_accounts(datetime.now(UTC))

    @cached_property
    def disclosures(self) -> Disclosures:
        return Disclosures(self.engine, self.store, self.trail)

    @cached_property
    def demands(self) -> Demands:
        return Demands(self.engine, self.keys, self.trail)

    @cached_property
    def requests(self) -> FileRequests:
        return FileRequests(self.org, self.engine, self.trail.append)

    @cached_property
    def incidents(self) -> Incidents:
        return Incidents(self.engine, self.trail)

    @cached_property
    def links(self) -> CaseLinks:
        return CaseLinks(self.engine, self.keys)

    @cached_property
    def approvals(self) -> Approvals:
        return Approvals(self.staff)

    @cached_property
    def need_to_know(self) -> NeedToKnow:
        return NeedToKnow(self.staff)

    def close(self) -> None:
        self.store.close()

    # --- what the desk's own programs need to know of a person -----------------------------------------

    def mark_of(self, case: CaseRef) -> ProtectionMark:
        """The protection mark that counts: the person's own, and for a child the strictest of the household."""
        own, household = self.own_mark(case), [tie.other for tie in self.links.of(case) if tie.household]
        if not household:
            return own
        known = {other: self.own_mark(other) for other in household} | {case: own}
        return self.links.mark_that_counts(case, consent.is_minor(self.person_facts(case), datetime.now(UTC)), known)

    def own_mark(self, case: CaseRef) -> ProtectionMark:
        """The person's own mark: the strictest of the latest word here and what was sent here.

        Nothing known is unknown, never unprotected; that somebody does not know lifts no mark.
        """
        own = [mark_in(person_of(content)) for _, content in self.own_items(case, (Category.IDENTITY,))]
        sent = [mark_in(content) for _, content in self.items_of(case, (Category.PROTECTION_MARK,))]
        stated = [mark for mark in own if mark is not ProtectionMark.UNKNOWN][-1:]
        return marks.strictest((*stated, *sent))

    def person_facts(self, case: CaseRef) -> PersonFacts:
        """What decides who may consent: age, maturity, guardians. By codes; no name is among it.

        The newest record that says something of it decides: a corrected number corrects the age.
        """
        items = self.own_items(case, (Category.IDENTITY, Category.RELATIVES))
        born: date | None = None
        guardians: tuple[Guardian, ...] = ()
        mature: bool | None = None
        for _, content in items:
            born = born_of(person_of(content)) or born
            if isinstance(content, dict) and "guardians" in content:
                guardians = tuple(Guardian.model_validate(one) for one in content["guardians"])
            if isinstance(content, dict) and "mature" in content:
                mature = bool(content["mature"])
        return PersonFacts(born=born, mature=mature, guardians=guardians)

    def items_of(self, case: CaseRef, categories: tuple[Category, ...]) -> list[tuple[ItemRow, Any]]:
        """Everything of these categories, the oldest first. For the desk's own programs: people go through `look`."""
        with reading(self.engine) as session:
            return self._items(session, case, categories)

    def own_items(self, case: CaseRef, categories: tuple[Category, ...]) -> list[tuple[ItemRow, Any]]:
        """What this desk itself has written down: what another has told it decides nothing about consent or marks."""
        return [(row, content) for row, content in self.items_of(case, categories) if not row.author.startswith(FROM)]

    def _items(self, session: Session, case: CaseRef, categories: tuple[Category, ...]) -> list[tuple[ItemRow, Any]]:
        query = select(ItemRow).where(ItemRow.case == case, col(ItemRow.category).in_(categories))
        rows = list(session.exec(query.order_by(col(ItemRow.stored_at))))
        found = [(row, self.store.opened(row)) for row in rows]
        for row in rows:
            session.expunge(row)
        return found

    # --- what people see -------------------------------------------------------------------------------

    def look(
        self,
        by: Reader,
        case: CaseRef,
        action: Action,
        category: Category,
        given: Given,
        now: datetime,
        *,
        chosen: Callable[[list[tuple[ItemRow, Any]]], list[tuple[ItemRow, Any]]] = lambda items: items,
    ) -> tuple[list[tuple[ItemRow, Any]], frozenset[Obligation]] | Refusal:
        """What is kept of one category, for somebody who may see it, and what comes with seeing it (a warning).

        The log is written in the same transaction, also when it is refused: what can't be logged is not shown.

        Raises:
            CannotAudit: it can't be logged.
            KeyFault: it does not open here.
        """
        mark = self.mark_of(case)
        with self.trail.writing() as session:
            decision = self.staff.decided(session, by, action, case, now, category, mark)
            refusal = access.unmet(decision, given)
            items = [] if refusal else chosen(self._items(session, case, (category,)))
            subject: ItemId | None = items[0][0].id if len(items) == 1 else None
            self.note(session, by, action, case, category, given, subject, refusal.code if refusal else "done")
        return refusal if refusal is not None else (items, decision.obligations)

    def outline(self, by: Reader, case: CaseRef, given: Given, now: datetime) -> dict[Category, list[Any]] | Refusal:
        """What is kept, by category, as far as this account may know that it is there. One look, logged once."""
        mark, found, denied = self.mark_of(case), {}, []
        with self.trail.writing() as session:
            for category in Category:
                decision = self.staff.decided(session, by, Action.VIEW_MASKED, case, now, category, mark)
                if refusal := access.unmet(decision, given):
                    denied.append(refusal)
                elif items := self._items(session, case, (category,)):
                    found[category] = [content for _, content in items]
            refused = denied[0] if len(denied) == len(Category) else None
            said = audit_entry(by, Action.VIEW_MASKED, case, given, refused.code if refused else "done")
            self.trail.append(session, said.model_copy(update={"categories": tuple(found)}))
        return refused or found

    def note(
        self,
        session: Session,
        by: Reader,
        action: Code,
        case: CaseRef,
        category: Category | None,
        given: Given,
        subject: str | None,
        outcome: Code,
    ) -> None:
        said = audit_entry(by, action, case, given, outcome)
        about = {"categories": (category,) if category else (), "subject": subject}
        self.trail.append(session, said.model_copy(update=about))

    def warning(self, case: CaseRef) -> tuple[str, str]:
        return marks.warning(self.mark_of(case), self.marks)


def audit_entry(by: Reader, action: Code, case: CaseRef, given: Given, outcome: Code) -> AuditEntry:
    return AuditEntry(
        at=datetime.now(UTC),
        org=by.org,
        user=by.user,
        role=by.role,
        action=action,
        case=case,
        purpose=given.purpose,
        outcome=outcome,
    )


def person_of(content: Any) -> dict[str, Any]:
    """What an item says of the person: under that name where it was taken down here, by itself where it was sent."""
    person = content.get("person", content) if isinstance(content, dict) else None
    return dict(person) if isinstance(person, dict) else {}


def mark_in(known: Any) -> ProtectionMark:
    said = known.get("protection_mark") if isinstance(known, dict) else None
    return ProtectionMark(said) if said in set(ProtectionMark) else ProtectionMark.UNKNOWN


def born_of(person: dict[str, Any]) -> date | None:
    """The day of birth as one record has it, or as its number says."""
    if person.get("born"):
        return date.fromisoformat(person["born"])
    return day_of(person["personnummer"]) if person.get("personnummer") else None
