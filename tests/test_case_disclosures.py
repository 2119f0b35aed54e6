"""Disclosures as the case knows them: only between parties, never by a consent that does not stand, gone in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from models.contracts import Refusal
from models.desk_work import Collect
from models.events import Actor, Collected, Disclosed, NotPossible, Organisation, Recalled, TimePassed
from models.handoffs import Act
from models.words import Consent, EndCode
from tests.rules_support import ACTING, BED_1, BED_2, BOPS, NGO, POLICE, SOC_A, Case, at, later

NOW = at("2027-01-20 09:00")
DIGEST = "0" * 64


def package(number: int) -> str:
    return str(UUID(int=9000 + number))


def case_with_police() -> Case:
    return Case().opens(NOW, consent=Consent.GIVEN)


def told(case: Case, number: int = 1, **said: Any) -> Disclosed:
    given: dict[str, Any] = {
        "key": case.key(),
        "by": Actor(org=SOC_A.id),
        "package": package(number),
        "handoff": case.one("threat-assessment").id,
        "recipient": POLICE.id,
        "way": "sealed",
        "categories": ("identity",),
        "grounds": ("consent",),
        "digest": DIGEST,
        "expires_at": NOW + timedelta(days=14),
    }
    return Disclosed(**(given | said))


def code(refusal: Refusal | None) -> str | None:
    return refusal.code if refusal else None


def collecting(case: Case) -> list[Collect]:
    return [e.task.question for e in case.state.desk_effects.values() if isinstance(e.task.question, Collect)]


def destroyed(case: Case) -> list[str]:
    return [package for entry in case.entries for package in entry.destroyed]


def test_a_sealed_package_waits_for_the_recipients_desk_until_it_has_it() -> None:
    case = case_with_police()
    case.does(told(case), NOW)
    (asked,) = collecting(case)
    assert (asked.package, asked.sender) == (package(1), SOC_A.id)
    case.desk_says(case.asked(Collect), Collected(package=package(1)), later(NOW, minutes=1))
    assert (case.state.packages, collecting(case), destroyed(case)) == ({}, [], [])


def test_only_the_parties_of_a_live_handoff_tell_each_other_anything() -> None:
    case = case_with_police()
    for said in ({"recipient": BOPS.id}, {"by": Actor(org=NGO.id)}, {"recipient": SOC_A.id}):
        assert code(case.tried(told(case, **said), NOW)) == "not-a-party"
    assert code(case.tried(told(case, handoff="H99"), NOW)) == "unknown-handoff"
    asked = case.one("threat-assessment")
    assert case.acts(asked, Act.WITHDRAW, SOC_A, NOW, reason="no-longer-needed") is None
    assert code(case.tried(told_of(case, asked.id), NOW)) == "unknown-handoff"


def told_of(case: Case, handoff: str) -> Disclosed:
    return Disclosed(
        key=case.key(),
        by=Actor(org=SOC_A.id),
        package=package(1),
        handoff=handoff,
        recipient=POLICE.id,
        way="spoken",
        categories=("identity",),
        grounds=("consent",),
        digest=DIGEST,
    )


def test_nothing_goes_by_a_consent_that_does_not_stand() -> None:
    case = Case().opens(NOW, urgency="acute")
    assert code(case.tried(told(case), NOW)) == "consent-needed"
    assert case.tried(told(case, grounds=("osl-10-15a",)), NOW) is None, "the law's own ground needs no consent"


def test_another_agencys_own_consent_is_stopped_by_a_no_and_not_by_what_the_social_services_have_not_asked() -> None:
    case = Case().opens(NOW, urgency="acute")
    theirs: dict[str, Any] = {"by": Actor(org=POLICE.id), "recipient": SOC_A.id}
    assert case.tried(told(case, 1, **theirs), NOW) is None
    assert case.learns(NOW, consent=Consent.GIVEN, consent_until=later(NOW, days=1)) is None
    case.does(told(case, 2), NOW)
    case.does(TimePassed(), later(NOW, days=1))
    assert destroyed(case) == [package(2)], "the social services' consent has ended, the police's own has not"
    assert case.learns(later(NOW, days=2), consent=Consent.REFUSED) is None
    assert destroyed(case) == [package(2), package(1)]
    assert code(case.tried(told(case, 3, **theirs), later(NOW, days=2))) == "consent-needed"


def test_withdrawal_destroys_what_was_sent_by_consent_and_nothing_else() -> None:
    case = case_with_police()
    case.does(told(case, 1), NOW)
    case.does(told(case, 2, grounds=("osl-10-15a",)), NOW)
    assert case.learns(later(NOW, hours=1), consent=Consent.REFUSED) is None
    assert destroyed(case) == [package(1)]
    assert [asked.package for asked in collecting(case)] == [package(2)]
    assert case.learns(later(NOW, hours=2), consent=Consent.REFUSED) is not None, "nothing new"
    assert destroyed(case) == [package(1)]


def test_a_package_is_destroyed_when_its_time_is_out_and_its_sender_is_told() -> None:
    case = case_with_police()
    case.does(told(case, expires_at=later(NOW, days=3)), NOW)
    case.waits(later(NOW, days=3) - timedelta(seconds=1))
    assert destroyed(case) == []
    case.waits(later(NOW, days=3))
    assert (destroyed(case), collecting(case)) == ([package(1)], [])
    assert case.notices("package-not-taken") == [(SOC_A.id, "officer")]


def test_a_package_goes_with_the_handoff_that_it_was_for_and_with_the_case() -> None:
    case = case_with_police()
    case.does(told(case), NOW)
    case.acts(case.one("threat-assessment"), Act.WITHDRAW, SOC_A, NOW, reason="no-longer-needed")
    assert destroyed(case) == [package(1)]


def test_a_desk_that_is_down_keeps_no_package_from_waiting() -> None:
    case = case_with_police()
    case.does(told(case), NOW)
    task = case.asked(Collect)
    for minutes in (1, 20, 40):
        case.desk_is_silent(task, later(NOW, minutes=minutes))
    assert destroyed(case) == []
    assert case.notices("package-waiting") == [(SOC_A.id, "officer")]
    case.desk_says(task, NotPossible(code="cannot-open"), later(NOW, hours=1))
    assert destroyed(case) == [package(1)]
    assert case.notices("package-not-taken") == [(SOC_A.id, "officer")]


def test_the_sender_recalls_what_has_not_been_taken_and_nobody_else_does() -> None:
    case = case_with_police()
    case.does(told(case), NOW)
    recalled = Recalled(key=case.key(), by=Actor(org=POLICE.id), package=package(1))
    assert code(case.tried(recalled, NOW)) == "not-your-package"
    case.does(Recalled(key=case.key(), by=Actor(org=SOC_A.id), package=package(1)), NOW)
    assert destroyed(case) == [package(1)]
    again = Recalled(key=case.key(), by=Actor(org=SOC_A.id), package=package(1))
    assert code(case.tried(again, NOW)) == "package-not-under-way"


def test_what_is_sealed_needs_a_desk_and_a_day_on_which_it_is_destroyed() -> None:
    case = case_with_police()
    assert case.sends("protected-bed", SOC_A, BED_1, NOW) is None
    bed = case.one("protected-bed").id
    assert code(case.tried(told(case, handoff=bed, recipient=BED_1.id), NOW)) == "recipient-without-desk"
    letter = told(case, handoff=bed, recipient=BED_1.id, way="letter", expires_at=None)
    assert case.tried(letter, NOW) is None
    for expires_at in (None, NOW, NOW + timedelta(days=31)):
        assert code(case.tried(told(case, 2, expires_at=expires_at), NOW)) == "expiry-out-of-range"


parties = st.sampled_from([*ACTING, BED_1, BED_2])


class Disclosing(RuleBasedStateMachine):
    """Consent comes and goes, packages are sent, taken, recalled, and time passes. Nothing arrives without ground."""

    @initialize()
    def opened(self) -> None:
        self.case, self.now, self.number = case_with_police(), NOW, 0
        self.case.sends("intervention", SOC_A, NGO, NOW)
        self.by_consent: set[str] = set()
        self.arrived: set[str] = set()

    @rule(
        to=st.sampled_from([(POLICE, "threat-assessment"), (NGO, "intervention")]),
        consent=st.booleans(),
        days=st.integers(1, 30),
    )
    def discloses(self, to: tuple[Organisation, str], consent: bool, days: int) -> None:
        asked = self.case.all(to[1])
        if not asked:
            return
        self.number += 1
        grounds = ("consent",) if consent else ("osl-10-15a",)
        event = told(
            self.case,
            self.number,
            handoff=asked[0].id,
            recipient=to[0].id,
            grounds=grounds,
            expires_at=self.now + timedelta(days=days),
        )
        refusal = self.case.tried(event, self.now)
        stands = self.case.state.consent is Consent.GIVEN
        assert refusal is None or refusal.code in ("consent-needed", "too-many-under-way", "already-asked")
        if consent:
            assert (refusal is None) <= stands
            self.by_consent.add(package(self.number))

    @rule(consent=st.sampled_from(Consent))
    def consent_changes(self, consent: Consent) -> None:
        self.case.learns(self.now, consent=consent)

    @rule(hours=st.integers(1, 24 * 20))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.case.does(TimePassed(), self.now)

    @rule()
    def the_desk_takes_one(self) -> None:
        tasks = [e.task for e in self.case.state.desk_effects.values() if isinstance(e.task.question, Collect)]
        for task in tasks[:1]:
            assert isinstance(task.question, Collect)
            known = self.case.state.packages[task.question.package]
            assert known.expires_at > self.now
            assert task.question.package not in self.by_consent or self.case.state.consent is Consent.GIVEN
            self.arrived.add(task.question.package)
            self.case.desk_says(task, Collected(package=task.question.package), self.now)

    @rule()
    def one_is_recalled(self) -> None:
        for number in list(self.case.state.packages)[:1]:
            self.case.does(Recalled(key=self.case.key(), by=Actor(org=SOC_A.id), package=number), self.now)

    @rule()
    def one_handoff_is_over(self) -> None:
        for handoff in self.case.all("intervention"):
            self.case.acts(handoff, Act.WITHDRAW, SOC_A, self.now, reason="no-longer-needed")

    @invariant()
    def what_is_under_way_has_a_ground_now(self) -> None:
        state = self.case.state
        assert {asked.package for asked in collecting(self.case)} == set(state.packages)
        for known in state.packages.values():
            assert known.expires_at > self.now
            assert "consent" not in known.grounds or state.consent is Consent.GIVEN
            assert state.handoffs[known.handoff].is_open
        assert self.arrived.isdisjoint(destroyed(self.case)), "what arrived was said to be destroyed"


def test_nothing_is_delivered_without_a_ground_that_stands_at_that_instant() -> None:
    run_state_machine_as_test(Disclosing, settings=settings(max_examples=60, stateful_step_count=30, deadline=None))


def test_a_closed_case_has_nothing_under_way() -> None:
    case = case_with_police()
    case.does(told(case), NOW)
    for handoff in list(case.state.handoffs.values()):
        while handoff.id in case.state.handoffs:
            owner = next(o for o in (SOC_A, POLICE) if o.id == handoff.requester)
            assert case.acts(handoff, Act.ENTER_IN_ERROR, owner, NOW) is None
        if not [h for h in case.state.handoffs.values() if h.kind != "plan-or-close"]:
            break
    assert case.closes(SOC_A, NOW, EndCode.ENDED) is None
    assert (case.state.packages, destroyed(case)) == ({}, [package(1)])
