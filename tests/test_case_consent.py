"""Consent as a case carries it: to whom, for what, until when. One to somebody else opens nothing for the police."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from models.consent import ConsentAct, ConsentPurpose, ConsentStep, Guardian, History, PersonFacts, Scope
from models.contracts import Refusal
from models.desk import Category
from models.events import Actor, ClockMoved, TimePassed
from models.words import Consent, ConsentTo, Function, Need, TrackB
from rules import consent
from rules.case import wake_at
from rules.consent_facts import facts_of
from rules.showing import follows_track_b
from tests.rules_support import CONSENTS, PACK, POLICE, REGION, SOC_A, Case, at, later

NOW = at("2027-01-12 10:00")
SOON = later(NOW, hours=1)
TRACK, HEALTH = ConsentTo.POLICE_TRACK, ConsentTo.HEALTH_PLANNING
ADULT = PersonFacts(born=date(1996, 5, 6))
ACTING = {Function.POLICE: "polisen-syd"}


def with_both() -> Case:
    """The police's track and a coordinated plan are under way, each with consent."""
    return Case().opens(NOW, consent=Consent.GIVEN, police_track_wanted=True, needs=(Need.ADDICTION_CARE,))


# --- the case --------------------------------------------------------------------------------------------------


def test_a_consent_to_civil_society_sends_the_police_nothing_and_shows_them_nothing() -> None:
    case = Case().opens(NOW, police_track_wanted=True)
    assert case.learns(SOON, consent=Consent.GIVEN, consents={}, consent_until=later(NOW, days=90)) is None
    assert case.state.consent is Consent.GIVEN
    assert not {"police-track", "threat-assessment"} & set(case.kinds())
    assert case.track_b() is TrackB.NOT_TRIED
    assert not follows_track_b(case.state, POLICE.id)
    refused = Refusal(code="consent-does-not-cover", detail=TRACK)
    assert case.sends("police-track", SOC_A, POLICE, later(SOON, hours=1)) == refused


def test_what_covers_the_police_ends_and_what_covers_health_care_goes_on() -> None:
    case = with_both()
    assert case.learns(SOON, consent=Consent.GIVEN, consents={HEALTH: CONSENTS[HEALTH]}) is None
    assert "coordinated-plan" in case.kinds()
    assert "police-track" not in case.kinds()
    assert (case.state.consent, case.track_b()) == (Consent.GIVEN, TrackB.ENDED)
    assert not follows_track_b(case.state, POLICE.id)


def test_a_plan_with_health_care_needs_consent_to_that_and_not_to_the_police() -> None:
    case = Case().opens(NOW, consent=Consent.GIVEN, consents={TRACK: later(NOW, days=30)})
    assert case.sends("coordinated-plan", SOC_A, REGION, SOON) == Refusal(code="consent-does-not-cover", detail=HEALTH)


@pytest.mark.parametrize("walking", [False, True])
def test_track_b_ends_by_itself_in_the_instant_in_which_consent_to_it_does(walking: bool) -> None:
    case = Case(training=walking).opens(NOW, police_track_wanted=True, needs=(Need.ADDICTION_CARE,))
    ends, last = later(NOW, minutes=90), later(NOW, days=300)
    assert case.learns(NOW, consent=Consent.GIVEN, consents={TRACK: ends, HEALTH: last}, consent_until=last) is None
    track = case.one("police-track")
    assert wake_at(case.state) == ends
    if walking:
        case.does(ClockMoved(key=case.key(), by=Actor(org=SOC_A.id), forward=timedelta(days=2)), NOW)
    else:
        case.does(TimePassed(), later(ends, minutes=-1))
        assert follows_track_b(case.state, POLICE.id)
        case.does(TimePassed(), ends)
    assert case.track_b() is TrackB.ENDED
    assert not follows_track_b(case.state, POLICE.id)
    assert (case.state.consent, set(case.state.consents)) == (Consent.GIVEN, {HEALTH})
    assert case.state.ended[track.id].business_status == "consent-withdrawn"
    assert not [firing for entry in case.entries for firing in entry.firings if firing.handoff == track.id]
    assert "coordinated-plan" in case.kinds()


def test_when_all_of_it_has_ended_nobody_has_been_asked_anew_and_nobody_has_refused() -> None:
    case, ends = Case().opens(NOW), later(NOW, days=5)
    assert case.learns(NOW, consent=Consent.GIVEN, consents={TRACK: ends}, consent_until=ends) is None
    case.does(TimePassed(), ends)
    assert (case.state.consent, case.state.consents, case.state.consent_until) == (Consent.NOT_ASKED, {}, None)


def test_a_closed_case_shows_the_police_nothing_by_a_consent_that_nothing_would_end() -> None:
    case = Case(pack=PACK.model_copy(update={"steps": ()})).opens(NOW, consent=Consent.GIVEN)
    assert follows_track_b(case.state, POLICE.id)
    assert case.closes(SOC_A, SOON) is None
    assert not follows_track_b(case.state, POLICE.id)


# --- what the desk tells it --------------------------------------------------------------------------------------


def said(*steps: ConsentStep, person: PersonFacts = ADULT) -> History:
    history: History = ()
    for step in steps:
        came = consent.recorded(history, step, person, max(NOW, step.at), timedelta(days=365))
        assert not isinstance(came, Refusal), came
        history = came
    return history


def yes(number: int, *functions: Function, days: int = 90, giver: str = "person", **scope: Any) -> ConsentStep:
    wide: dict[str, object] = {
        "functions": functions, "categories": (Category.IDENTITY,), "purposes": tuple(ConsentPurpose),
    }  # fmt: skip
    return ConsentStep(
        id=ident(number), act=ConsentAct.GIVE, giver=giver, at=NOW, until=later(NOW, days=days),
        scope=Scope.model_validate(wide | scope),
    )  # fmt: skip


def no(number: int, withdraws: int | None = None, giver: str = "person") -> ConsentStep:
    return ConsentStep(
        id=ident(number),
        act=ConsentAct.WITHDRAW,
        giver=giver,
        at=NOW,
        withdraws=ident(withdraws) if withdraws else None,
    )


def ident(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def test_the_case_is_told_what_the_history_covers_each_until_its_own_end() -> None:
    history = said(yes(1, Function.POLICE, days=5), yes(2, Function.HEALTH_CARE, days=50))
    told = facts_of(history, ADULT, ACTING, NOW)
    police, health = later(NOW, days=5), later(NOW, days=50)
    assert told.consents == {TRACK: police, ConsentTo.POLICE_ASSESSMENT: police, HEALTH: health}
    assert (told.consent, told.consent_until) == (Consent.GIVEN, health)
    after = facts_of(history, ADULT, ACTING, police)
    assert (after.consent, set(after.consents or {})) == (Consent.GIVEN, {HEALTH})
    assert facts_of(history, ADULT, ACTING, health).consent is Consent.NOT_ASKED


def test_withdrawing_the_polices_consent_leaves_health_cares() -> None:
    history = said(yes(1, Function.POLICE), yes(2, Function.HEALTH_CARE), no(3, withdraws=1))
    told = facts_of(history, ADULT, ACTING, NOW)
    assert (told.consent, set(told.consents or {})) == (Consent.GIVEN, {HEALTH})
    nothing_left = said(yes(1, Function.POLICE), yes(2, Function.HEALTH_CARE), no(3))
    all_of_it = facts_of(nothing_left, ADULT, ACTING, NOW)
    assert (all_of_it.consent, all_of_it.consents) == (Consent.REFUSED, None)


@pytest.mark.parametrize(
    "narrow",
    [
        {"functions": (Function.CIVIL_SOCIETY,)},
        {"purposes": (ConsentPurpose.OPEN_INTERVENTION,)},
        {"categories": (Category.CONTACT,)},
        {"functions": (), "organisations": ("polisen-nord",)},
    ],
)
def test_another_recipient_purpose_category_or_police_covers_nothing_that_the_case_asks(
    narrow: dict[str, Any],
) -> None:
    told = facts_of(said(yes(1, Function.POLICE, **narrow)), ADULT, ACTING, NOW)
    assert (told.consent, told.consents) == (Consent.GIVEN, {})


def test_police_that_are_named_are_covered_when_they_act_in_the_case() -> None:
    named = said(yes(1, functions=(), organisations=("polisen-syd",)))
    assert TRACK in (facts_of(named, ADULT, ACTING, NOW).consents or {})


def test_what_a_guardian_gave_is_told_until_the_birthday() -> None:
    child = PersonFacts(born=date(2009, 2, 1), guardians=(Guardian(id="guardian-1"),))
    both = said(yes(1, Function.POLICE, giver="guardian-1"), yes(2, Function.POLICE), person=child)
    told, of_age = facts_of(both, child, ACTING, NOW), datetime(2027, 1, 31, 23, tzinfo=UTC)
    assert told.consent_until == of_age
    assert set((told.consents or {}).values()) == {of_age}


def test_a_no_of_a_guardian_who_is_a_threat_is_not_a_no_and_a_later_yes_takes_an_earlier_no_back() -> None:
    child = PersonFacts(born=date(2018, 6, 1), guardians=(Guardian(id="guardian-1"), Guardian(id="g-2", threat=True)))
    told = facts_of(said(no(1, giver="g-2"), person=child), child, ACTING, NOW)
    assert told.consent is Consent.NOT_ASKED
    refused = ConsentStep(id=ident(1), act=ConsentAct.REFUSE, giver="person", at=NOW)
    since = said(refused, yes(2, Function.POLICE, days=5))
    assert facts_of(since, ADULT, ACTING, later(NOW, days=6)).consent is Consent.NOT_ASKED
    assert facts_of(said(refused), ADULT, ACTING, NOW).consent is Consent.REFUSED
