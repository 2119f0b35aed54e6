"""Invariant 6 through any sequence of naming, taking off, breaking glass and time: nobody sees but by a place that
stands, and nobody sees location and threat together by a role that needs only one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine

from activities.case_access import GLASS_LASTS, GLASS_REASONS, BrokenGlass, NeedToKnow
from activities.staff import DEMO, Staff
from activities.stores import open_database, reading
from models.access import Action, Asked, Reader, Relation, Role
from models.desk import Category, Compartment, ProtectionMark, compartment_of
from models.words import CaseRef
from rules import access
from tests.access_table import NEEDS_BOTH
from tests.databases import Databases
from tests.staff_support import NOW, ORG, a_case, code, the_staff

USERS = {users[0]: role for role, users in DEMO.items() if role is not Role.OFFICER}
CALLED_OUT = {"jour-01", "beredskap-01", "beslut-01"}
MANAGER = Reader(org=ORG, user="chef-01", role=Role.UNIT_MANAGER)
BREAKERS = {Role.CASEWORKER, Role.ON_CALL, Role.UNIT_MANAGER, Role.MANAGER_ON_CALL, Role.DECISION_MAKER}
UNKNOWN = ProtectionMark.UNKNOWN
LOOKS = (
    (Action.VIEW, Category.IDENTITY),
    (Action.VIEW_ADDRESS, Category.ADDRESS),
    (Action.VIEW, Category.ASSESSMENT),
)
users = st.sampled_from(sorted(USERS))
NEEDS_BOTH_HERE = {role for role, kind in NEEDS_BOTH if kind in ("*", "soc")}


class Place:
    """What the model knows of one person's place on the list."""

    def __init__(self, since: datetime, until: datetime | None, relation: Relation) -> None:
        self.since, self.until, self.relation = since, until, relation

    def stands(self, now: datetime) -> bool:
        return self.since <= now and (self.until is None or now < self.until)


class Access(RuleBasedStateMachine):
    engine: Engine
    staff: Staff

    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.case: CaseRef = a_case(self.engine)
        self.list = NeedToKnow(self.staff)
        self.places: dict[str, list[Place]] = {user: [] for user in USERS}
        self.glass: dict[str, list[datetime]] = {user: [] for user in USERS}

    @rule(user=users, hours=st.none() | st.integers(1, 48), on_call=st.booleans(), by=users)
    def name(self, user: str, hours: int | None, on_call: bool, by: str) -> None:
        relation = Relation.ON_CALL if on_call else Relation.NAMED
        until = self.now + timedelta(hours=hours) if hours else None
        reader = Reader(org=ORG, user=by, role=USERS[by])
        answer = self.list.grant(reader, self.case, user, "stands-in", self.now, relation=relation, until=until)
        nobody = not any(place.stands(self.now) for places in self.places.values() for place in places)
        duty = by == "jour-01" and self.standing(by) is Relation.ON_CALL
        may = by in ("chef-01", "beredskap-01") or (duty and nobody)
        already = any(p.stands(self.now) and p.relation is relation for p in self.places[user])
        assert (answer is None) == (may and by != user and not already), code(answer)
        if answer is None:
            self.places[user].append(Place(self.now, until, relation))

    @rule(user=users)
    def take_off(self, user: str) -> None:
        answer = self.list.revoke(MANAGER, self.case, user, "takes-over", self.now)
        if user == "chef-01":
            assert code(answer) == "not-oneself"
        elif answer is None:
            self.places[user] = []
        else:
            assert self.places[user] == []

    @rule(user=users, reason=st.sampled_from(GLASS_REASONS), stepped_up=st.booleans())
    def break_glass(self, user: str, reason: str, stepped_up: bool) -> None:
        may = USERS[user] in BREAKERS and self.standing(user) in (Relation.OWN_ORGANISATION, Relation.ON_CALL)
        reader = Reader(org=ORG, user=user, role=USERS[user])
        answer = self.list.break_glass(reader, self.case, reason, self.now, stepped_up=stepped_up)
        assert isinstance(answer, BrokenGlass) == (may and stepped_up), answer
        if isinstance(answer, BrokenGlass):
            self.glass[user].append(self.now)
            assert len(answer.alerts) == 3

    @rule(minutes=st.integers(-200, 1_000))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    def standing(self, user: str) -> Relation:
        found = {place.relation for place in self.places[user] if place.stands(self.now)}
        if Relation.NAMED in found:
            return Relation.NAMED
        if any(broken <= self.now < broken + GLASS_LASTS for broken in self.glass[user]):
            return Relation.BREAK_GLASS
        return Relation.ON_CALL if found or user in CALLED_OUT else Relation.OWN_ORGANISATION

    @invariant()
    def nobody_sees_without_a_place_nor_more_than_their_role_needs(self) -> None:
        desk = self.staff.desk
        with reading(self.engine) as session:
            for user, role in USERS.items():
                standing = self.staff.relation(session, user, self.case, self.now)
                assert standing is self.standing(user), user
                asked = [Asked(role, desk.function, act, category, standing, UNKNOWN) for act, category in LOOKS]
                permitted = [each.category for each in asked if access.decide(each, desk.marks).permitted]
                seen = {compartment_of(category) for category in permitted if category is not None}
                assert not seen or standing is not Relation.OWN_ORGANISATION, user
                both = {Compartment.LOCATION, Compartment.THREAT} <= seen
                assert not both or role in NEEDS_BOTH_HERE, user


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nobody_sees_but_by_a_place_that_stands(kind: str, databases: Databases) -> None:
    opened = open_database(databases.url(kind, "desk"))
    Access.engine, Access.staff = opened, the_staff(opened)
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Access,
        settings=settings(
            max_examples=12 if kind == "sqlite" else 6,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=slow,
        ),
    )
    opened.dispose()
