"""Who works at a desk: accounts, the word that is given again, and how each stands to a case there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import JSON, Engine, bindparam, text
from sqlmodel import Session, select

from activities.own_word import demo_word, hashed, matches, nobodys_word, unfit
from activities.standing import has_case, live_access, live_glass
from activities.stores import reading, writing
from models.access import Action, Asked, Decision, Given, Hours, Reader, Relation, Role, UserId, the_system
from models.access_tables import StaffRow
from models.audit import AuditEntry
from models.calendars import Calendar
from models.contracts import Refusal
from models.desk import Category, ProtectionMark
from models.marks import MarkRules
from models.tables import UtcInstant
from models.words import CaseRef, Function, OrgId
from rules import access, rosters

Append = Callable[[Session, AuditEntry], object]
"""Puts an entry into the desk's audit chain in the caller's transaction (`AuditLog.append`); if it fails, all of it."""

CALLED_OUT = frozenset({Role.ON_CALL, Role.MANAGER_ON_CALL, Role.DECISION_MAKER})
"""Roles that somebody is on duty in."""
TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
DEMO = {
    Role.CASEWORKER: ("handl-01", "handl-02"),
    Role.OFFICER: ("handl-01", "handl-02"),
    Role.ON_CALL: ("jour-01",),
    Role.UNIT_MANAGER: ("chef-01",),
    Role.MANAGER_ON_CALL: ("beredskap-01",),
    Role.DECISION_MAKER: ("beslut-01",),
    Role.COORDINATOR: ("samordnare-01",),
    Role.DATA_PROTECTION_OFFICER: ("dataskydd-01",),
    Role.SECURITY: ("sakerhet-01",),
    Role.ARCHIVIST: ("arkiv-01",),
    Role.OPERATOR: ("drift-01",),
}
ADD_DEMO = text(
    'insert into staff ("user", roles, active, demo, hours, word, attempts, added_at)'
    " values (:user, :roles, true, true, :hours, :word, 0, :now) on conflict do nothing"
).bindparams(bindparam("roles", type_=JSON), bindparam("hours", type_=JSON), bindparam("now", type_=UtcInstant))


class Desk(NamedTuple):
    """What access is decided with at one desk."""

    org: OrgId
    function: Function
    engine: Engine
    calendar: Calendar
    """The office's own: what is night here, and when the next working day ends."""
    marks: MarkRules
    audit: Append
    training: bool = False
    """Whether demo accounts count. Never in production."""


class Account(NamedTuple):
    """An account as it is listed."""

    user: UserId
    roles: tuple[Role, ...]
    active: bool
    demo: bool
    hours: tuple[Hours, ...]
    has_word: bool
    locked: bool


class Staff:
    """The accounts of one desk, and what each may do. Answers with a refusal where the table of access denies."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    # --- accounts ------------------------------------------------------------------------------------

    def reader(self, user: UserId, role: Role | None = None) -> Reader | Refusal:
        """Who this account is, in one of its roles: the first it has when none is said.

        Refuses `unknown-account` (also one that has ended) and `role-not-yours`.
        """
        with reading(self.desk.engine) as session:
            row = self.active(session, user)
            if row is None:
                return Refusal(code="unknown-account")
            if role is not None and role not in row.roles:
                return Refusal(code="role-not-yours", possible=tuple(row.roles))
            return Reader(org=self.desk.org, user=user, role=role or Role(row.roles[0]))

    def accounts(self, now: datetime) -> list[Account]:
        with reading(self.desk.engine) as session:
            rows = session.exec(select(StaffRow).order_by(StaffRow.user)).all()
            return [as_account(row, now) for row in rows if self.counts(row)]

    def rosters(self) -> dict[UserId, tuple[Hours, ...]]:
        """Every account's hours, for the log review; also of accounts that have ended."""
        return {account.user: account.hours for account in self.accounts(datetime.now(UTC))}

    def add(
        self,
        by: Reader | None,
        user: UserId,
        roles: Iterable[Role],
        now: datetime,
        *,
        word: str | None = None,
        hours: tuple[Hours, ...] = (),
        stepped_up: bool = False,
    ) -> Refusal | None:
        """Adds an account. `by` None: the desk's very first, which must be a unit manager's.

        Refuses what the table denies, `account-exists`, `roles-can-not-be-combined`, `word-too-short`,
        `word-easily-guessed`.
        """
        chosen = frozenset(roles)
        if word is not None and (refusal := unfit(word, user, self.desk.org)):
            return refusal
        kept = hashed(word) if word is not None else None
        with writing(self.desk.engine) as session:
            first = by is None and not self.has_accounts(session)
            if not first and (refusal := self.refused(session, by, Action.MANAGE_STAFF, now, stepped_up=stepped_up)):
                return self.told(session, by, Action.MANAGE_STAFF, now, refusal)
            if first and (Role.UNIT_MANAGER not in chosen or kept is None):
                return Refusal(code="first-account-manages")
            if not access.may_be_combined(chosen, self.desk.function):
                return Refusal(code="roles-can-not-be-combined")
            if user == "system" or session.get(StaffRow, user) is not None:
                return Refusal(code="account-exists")
            told = [each.model_dump(mode="json") for each in hours]
            chose = by.user if by is not None and kept is not None else None
            row = StaffRow(user=user, roles=sorted(chosen), hours=told, word=kept, word_by=chose, added_at=now)
            session.add(row)
            self.note(session, by or the_system(self.desk.org), "staff-added", now, subject=user)
        return None

    def deactivate(self, by: Reader, user: UserId, now: datetime, *, stepped_up: bool = False) -> Refusal | None:
        """Ends an account, and with it every place it has on a case's list. It is never given to anybody else."""
        with writing(self.desk.engine) as session:
            if refusal := self.refused(session, by, Action.MANAGE_STAFF, now, stepped_up=stepped_up):
                return self.told(session, by, Action.MANAGE_STAFF, now, refusal)
            row = self.active(session, user)
            if row is None:
                return Refusal(code="unknown-account")
            if user == by.user:
                return Refusal(code="not-oneself")
            row.active, row.ended_at = False, now
            for named in session.exec(live_access(user=user)):
                named.ended_at, named.ended_by = now, by.user
            self.note(session, by, "staff-ended", now, subject=user)
        return None

    def set_word(self, by: Reader, user: UserId, word: str, now: datetime, *, stepped_up: bool) -> Refusal | None:
        """Gives an account a new word, and opens it if it was locked: one's own with the old one, or by a manager."""
        if refusal := unfit(word, user, self.desk.org):
            return refusal
        kept = hashed(word)
        with writing(self.desk.engine) as session:
            own = by.user == user and stepped_up
            refusal = None if own else self.refused(session, by, Action.MANAGE_STAFF, now, stepped_up=stepped_up)
            if refusal:
                return self.told(session, by, Action.MANAGE_STAFF, now, refusal)
            row = self.active(session, user)
            if row is None:
                return Refusal(code="unknown-account")
            row.word, row.attempts, row.locked_until = kept, 0, None
            row.word_by = None if own else by.user
            self.note(session, by, "word-set", now, subject=user)
        return None

    def step_up(self, user: UserId, word: str, now: datetime) -> Refusal | None:
        """Whether this is the account's own word. Takes as long for an account that is not there.

        Every try is counted before it is made, so that many at once are no way round the lock.
        Refuses `step-up-wrong`, `step-up-locked`.
        """
        with writing(self.desk.engine) as session:
            row = self.active(session, user, for_update=True)
            if row is not None and is_locked(row, now):
                self.note(session, self.somebody(row), "step-up", now, outcome="step-up-locked")
                return Refusal(code="step-up-locked")
            kept = row.word if row is not None else None
            if row is not None:
                row.attempts += 1
                row.locked_until = now + LOCKED_FOR if row.attempts >= TRIES else None
        right = matches(kept or nobodys_word(), word) and kept is not None
        with writing(self.desk.engine) as session:
            row = self.active(session, user, for_update=True)
            if row is None:
                return Refusal(code="step-up-wrong")
            if right and row.word == kept:
                row.attempts, row.locked_until = 0, None
                self.note(session, self.somebody(row), "step-up", now)
                return None
            self.note(session, self.somebody(row), "step-up", now, outcome="step-up-wrong")
        return Refusal(code="step-up-wrong")

    def may_be_one_person(self, session: Session, one: UserId, other: UserId) -> bool:
        """Whether somebody can give the words of both accounts: one who chose another's word knows it still."""
        persons = []
        for user in (one, other):
            row = session.get(StaffRow, user)
            persons.append({user} | ({row.word_by} if row is not None and row.word_by else set()))
        return not persons[0].isdisjoint(persons[1])

    def somebody(self, row: StaffRow) -> Reader:
        """Whoever is trying to be this account: in its first role, as far as the log is concerned."""
        return Reader(org=self.desk.org, user=row.user, role=Role(row.roles[0]))

    def make_demo_accounts(self, now: datetime) -> int:
        """One account per role for training, all with `DEMO_WORD`. Nothing where there are accounts already.

        Raises:
            RuntimeError: this is no training installation.
        """
        if not self.desk.training:
            raise RuntimeError("demo accounts are for training only")
        with writing(self.desk.engine) as session:
            if self.has_accounts(session):
                return 0
            made = 0
            for role, users in DEMO.items():
                for user in users if access.may_be_combined(frozenset({role}), self.desk.function) else ():
                    row = {"user": user, "roles": [role], "hours": [], "word": demo_word(), "now": now}
                    session.connection().execute(ADD_DEMO, row)
                    made += 1
            return made

    # --- standing ------------------------------------------------------------------------------------

    def relation_of(self, user: UserId, case: CaseRef | None, now: datetime) -> Relation:
        """How an account stands to a case now. Of no case at all it is of the own organisation."""
        with reading(self.desk.engine) as session:
            return self.relation(session, user, case, now)

    def relation(self, session: Session, user: UserId, case: CaseRef | None, now: datetime) -> Relation:
        """As `relation_of`, in the caller's transaction."""
        program = user == the_system(self.desk.org).user
        row = None if program else self.active(session, user)
        if row is None and not program:
            return Relation.NONE
        if case is None:
            return Relation.OWN_ORGANISATION
        if not has_case(session, case):
            return Relation.NONE
        if row is None:
            return Relation.OWN_ORGANISATION
        listed = {each.relation for each in session.exec(live_access(case, user, now))}
        if Relation.NAMED in listed:
            return Relation.NAMED
        if session.exec(live_glass(case, user, now)).first() is not None:
            return Relation.BREAK_GLASS
        on_duty = Relation.ON_CALL in listed or self.is_on_duty(session, row, now)
        return Relation.ON_CALL if on_duty else Relation.OWN_ORGANISATION

    def is_on_duty(self, session: Session, row: StaffRow, now: datetime) -> bool:
        """Whether an account that is called out is on now: by its roster.

        One without a roster is on only where the desk keeps no rosters for that role: then nobody is told apart, and
        somebody has to be there at night. Where colleagues of the role have hours, those without have none.
        """
        called_out = CALLED_OUT & set(row.roles)
        if not called_out or row.hours:
            return bool(called_out) and rosters.within(hours_of(row), now, self.desk.calendar)
        active = session.exec(select(StaffRow).where(StaffRow.active))
        rostered = {role for each in active if each.hours and self.counts(each) for role in each.roles}
        return not called_out <= rostered

    def decide(
        self,
        reader: Reader,
        action: Action,
        case: CaseRef | None,
        now: datetime,
        category: Category | None = None,
        mark: ProtectionMark = ProtectionMark.UNKNOWN,
    ) -> Decision:
        """What the table of access says of this reader, as they stand to the case now."""
        with reading(self.desk.engine) as session:
            return self.decided(session, reader, action, case, now, category, mark)

    def decided(
        self,
        session: Session,
        reader: Reader,
        action: Action,
        case: CaseRef | None,
        now: datetime,
        category: Category | None = None,
        mark: ProtectionMark = ProtectionMark.UNKNOWN,
    ) -> Decision:
        """As `decide`, in the caller's transaction: what is then read or written is read under the same standing."""
        relation = self.relation(session, reader.user, case, now)
        if reader.org != self.desk.org or not self.has_role(session, reader):
            relation = Relation.NONE
        night = rosters.is_night(now, self.desk.calendar)
        asked = Asked(reader.role, self.desk.function, action, category, relation, mark, night)
        return access.decide(asked, self.desk.marks)

    def has_role(self, session: Session, reader: Reader) -> bool:
        if reader.role is Role.SYSTEM or reader.user == the_system(self.desk.org).user:
            return reader == the_system(self.desk.org)
        row = self.active(session, reader.user)
        return row is not None and reader.role in row.roles

    # --- inside --------------------------------------------------------------------------------------

    def refused(
        self,
        session: Session,
        by: Reader | None,
        action: Action,
        now: datetime,
        case: CaseRef | None = None,
        *,
        stepped_up: bool = False,
        reason: str | None = None,
    ) -> Refusal | None:
        """Why `by` can't do this now: the table denies it, or something that it takes is missing."""
        if by is None:
            return Refusal(code="unknown-account")
        decision = self.decided(session, by, action, case, now)
        return access.unmet(decision, Given(reason=reason, stepped_up=stepped_up))

    def note(self, session: Session, by: Reader, action: str, now: datetime, **more: object) -> None:
        """Audits, in the caller's transaction: what can't be audited is not done."""
        self.desk.audit(session, AuditEntry(at=now, org=by.org, user=by.user, role=by.role, action=action, **more))  # type: ignore[arg-type]

    def told(
        self, session: Session, by: Reader | None, action: Action, now: datetime, refusal: Refusal, **more: object
    ) -> Refusal:
        """A refusal, audited."""
        if by is not None and by.org == self.desk.org:
            self.note(session, by, action, now, outcome=refusal.code, **more)
        return refusal

    def counts(self, row: StaffRow) -> bool:
        return self.desk.training or not row.demo

    def active(self, session: Session, user: UserId, *, for_update: bool = False) -> StaffRow | None:
        row = session.get(StaffRow, user, with_for_update=for_update or None)
        return row if row is not None and row.active and self.counts(row) else None

    def has_accounts(self, session: Session) -> bool:
        return any(self.counts(row) for row in session.exec(select(StaffRow)))


def hours_of(row: StaffRow) -> tuple[Hours, ...]:
    return tuple(Hours.model_validate(each) for each in row.hours)


def as_account(row: StaffRow, now: datetime) -> Account:
    roles = tuple(Role(role) for role in row.roles)
    locked = is_locked(row, now)
    return Account(row.user, roles, row.active, row.demo, hours_of(row), row.word is not None, locked)


def is_locked(row: StaffRow, now: datetime) -> bool:
    return row.locked_until is not None and now < row.locked_until
