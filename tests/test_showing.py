"""Who is shown what of a case: a table of its own, and cases of every shape held against it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.case import Assessment, CaseState, DeskEffect, Package
from models.desk_work import Collect, DeskTask
from models.handoffs import EndedHandoff, Handoff, Status
from models.words import Consent, ConsentTo, Function, Need, OrgId, TrackB, Urgency
from rules.showing import OPERATOR, coordinates, seen_by, sees_case, sees_handoff
from tests.rules_support import (
    ACTING,
    BED_2,
    BOPS,
    CONSENTS,
    EVERYBODY,
    NGO,
    PACK,
    POLICE,
    PRISON,
    REF,
    SOC_A,
    SOC_B,
    at,
)

NOW = at("2027-01-20 09:00")
STRANGER = "soc-d"
TRACK_B = "police-track"

# --- the table -----------------------------------------------------------------------------------------
# A case of SOC_A's, opened by SOC_B: SOC_A asks the police for an assessment, Bops opens the police's track by the
# prison's wish, a bed is asked for. Rows: who looks. Columns: the handoffs, whether the whole case, whether track B.

HANDOFFS = {
    "H1": ("threat-assessment", SOC_A, POLICE),
    "H2": (TRACK_B, PRISON, BOPS),
    "H3": ("protected-bed", SOC_A, BED_2),
    "H4": ("support-request", SOC_B, SOC_A),
}


class Row(NamedTuple):
    org: OrgId
    with_consent: set[str]
    without: set[str]
    whole: bool = False
    track_b: bool = False
    """With consent; without it nobody but who has the whole."""


ALL = set(HANDOFFS)
TABLE = (
    Row(SOC_A.id, ALL, ALL, whole=True, track_b=True),
    Row(OPERATOR, ALL, ALL, whole=True, track_b=True),
    Row(SOC_B.id, {"H4"}, {"H4"}),
    Row(POLICE.id, {"H1", "H2"}, {"H1"}, track_b=True),
    Row(BOPS.id, {"H2"}, {"H2"}),
    Row(PRISON.id, {"H2"}, {"H2"}),
    Row(BED_2.id, {"H3"}, {"H3"}),
    Row(NGO.id, set(), set()),
    Row(STRANGER, set(), set()),
    Row("", set(), set()),
)


def a_case(consent: Consent = Consent.GIVEN, **more: Any) -> CaseState:
    handoffs = {
        name: Handoff(
            id=name, kind=kind, urgency=Urgency.ACUTE, requester=asks.id, recipient=asked.id,
            status=Status.REQUESTED, requested_at=NOW, candidates=(BED_2.id, "bed-9") if name == "H3" else (),
        )
        for name, (kind, asks, asked) in HANDOFFS.items()
    }  # fmt: skip
    given = {
        "case": REF, "opener": SOC_B.id, "consent": consent, "stay": "0381", "track_b": TrackB.OPEN,
        "organisations": dict(EVERYBODY), "acting": {org.function: org.id for org in ACTING},
        "needs": (Need.DEBT,), "minor": True, "custody": {"place": "prison", "ends_at": NOW},
        "responsible": {"municipality": "0381", "basis": "29:2"}, "police_eligible": True,
        "conditions_signed": True, "police_track_wanted": True, "handoffs": handoffs,
        "anchors": {"lvu-executed": NOW}, "steps": {"protected-bed": NOW}, "completed_kinds": ("first-contact",),
        "assessment": Assessment(asked_at=NOW, needs_protection=True, structured=True, valid_until=NOW),
        "packages": {package(1): Package(
            handoff="H1", sender=SOC_A.id, recipient=POLICE.id, grounds=("consent",), expires_at=NOW,
        )},
        "desk_effects": {"1": DeskEffect(task=DeskTask(
            id="1", desk=POLICE.id,
            question=Collect(case=REF, handoff="H1", package=package(1), sender=SOC_A.id),
        ), created_at=NOW, next_try=NOW)},
    }  # fmt: skip
    if consent is Consent.GIVEN:
        given["consents"] = CONSENTS
    return CaseState.model_validate(given | more)


def package(number: int) -> str:
    return str(UUID(int=number))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.org or "nobody")
@pytest.mark.parametrize("consent", list(Consent))
def test_who_sees_which_handoffs(row: Row, consent: Consent) -> None:
    state = a_case(consent)
    expected = row.with_consent if consent is Consent.GIVEN else row.without
    assert set(seen_by(state, PACK, row.org).handoffs) == expected
    for name, (kind, asks, asked) in HANDOFFS.items():
        assert sees_handoff(state, PACK, row.org, kind, asks.id, asked.id) == (name in expected)
    # Who opened a case knows of it, whatever became of it.
    assert sees_case(state, PACK, row.org) == (bool(expected) or row.org == SOC_B.id)


def test_a_consent_that_covers_others_shows_the_police_nothing_and_one_to_the_police_only_itself() -> None:
    others = a_case(consents={ConsentTo.HEALTH_PLANNING: NOW, ConsentTo.POLICE_ASSESSMENT: NOW}, consent_until=NOW)
    seen = seen_by(others, PACK, POLICE.id)
    assert (set(seen.handoffs), seen.track_b, seen.consent) == ({"H1"}, TrackB.NOT_TRIED, Consent.NOT_ASKED)
    assert (seen.consents, seen.consent_until) == ({}, None)
    theirs = seen_by(a_case(), PACK, POLICE.id)
    assert set(theirs.consents) == {ConsentTo.POLICE_TRACK}, "whether health care may plan is none of their business"


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.org or "nobody")
def test_what_is_the_whole_cases_is_for_those_whose_case_it_is(row: Row) -> None:
    state, blank = a_case(), CaseState(case=REF)
    seen = seen_by(state, PACK, row.org)
    assert coordinates(state, row.org) is row.whole
    if row.whole:
        assert seen == state
        return
    for name in ("stay", "needs", "assessment", "custody", "responsible", "minor", "anchors", "steps"):
        assert getattr(seen, name) == getattr(blank, name), name
    assert (seen.completed_kinds, seen.pending, seen.answered) == ((), (), {})
    for name in ("track_b", "police_eligible", "conditions_signed", "police_track_wanted", "consent"):
        assert getattr(seen, name) == getattr(state if row.track_b else blank, name), name


def test_candidates_are_the_askers_and_packages_their_parties() -> None:
    state = a_case()
    assert seen_by(state, PACK, SOC_A.id).handoffs["H3"].candidates == (BED_2.id, "bed-9")
    assert seen_by(state, PACK, BED_2.id).handoffs["H3"].candidates == ()
    for org in (POLICE.id, BED_2.id, BOPS.id):
        assert set(seen_by(state, PACK, org).packages) == ({package(1)} if org == POLICE.id else set())
        assert set(seen_by(state, PACK, org).desk_effects) == ({"1"} if org == POLICE.id else set())


def test_a_kind_that_the_rules_do_not_know_opens_nothing() -> None:
    assert not sees_handoff(a_case(), PACK, POLICE.id, "unheard-of", PRISON.id, BOPS.id)


def test_while_no_social_services_act_the_opener_has_the_whole_case() -> None:
    state = a_case(acting={})
    assert seen_by(state, PACK, SOC_B.id) == state
    assert not coordinates(state, SOC_A.id)


# --- cases of every shape --------------------------------------------------------------------------------

ORGS = sorted(EVERYBODY)
KINDS = ("threat-assessment", TRACK_B, "protected-bed", "support-request", "unheard-of")


@st.composite
def cases(draw: st.DrawFn) -> CaseState:
    handoffs, ended = {}, {}
    for number in range(draw(st.integers(0, 5))):
        name, pair = f"H{number + 1}", draw(st.lists(st.sampled_from(ORGS), min_size=2, max_size=2))
        about: dict[str, Any] = {
            "id": name, "kind": draw(st.sampled_from(KINDS)), "urgency": Urgency.ORDINARY, "requester": pair[0],
            "recipient": pair[1], "requested_at": NOW,
        }  # fmt: skip
        if draw(st.booleans()):
            candidates = tuple(f"candidate-{number}-{n}" for n in range(draw(st.integers(0, 2))))
            handoffs[name] = Handoff(**about, status=Status.REQUESTED, candidates=candidates)
        else:
            ended[name] = EndedHandoff(**about, status=Status.COMPLETED, ended_at=NOW, ended_from=Status.IN_PROGRESS)
    by_function = {Function(EVERYBODY[org].function): org for org in draw(st.sets(st.sampled_from(ORGS)))}
    packages = {
        package(number): Package(
            handoff="H1", sender=draw(st.sampled_from(ORGS)), recipient=draw(st.sampled_from(ORGS)),
            grounds=(), expires_at=NOW + timedelta(days=number),
        )
        for number in range(draw(st.integers(0, 3)))
    }  # fmt: skip
    return a_case(
        draw(st.sampled_from(list(Consent))),
        opener=draw(st.sampled_from(ORGS)),
        handoffs=handoffs,
        ended=ended,
        acting=by_function,
        packages=packages,
        desk_effects={},
    )


@settings(max_examples=300)
@given(cases(), st.sampled_from([*ORGS, STRANGER + "-x"]))
def test_nothing_is_shown_that_no_rule_shows(state: CaseState, org: OrgId) -> None:
    seen = seen_by(state, PACK, org)
    social = state.acting.get(Function.SOCIAL_SERVICES)
    if org == social or (social is None and org == state.opener):
        assert seen == state
        return
    follows = ConsentTo.POLICE_TRACK in state.consents and state.acting.get(Function.POLICE) == org
    every: list[Handoff | EndedHandoff] = [*state.handoffs.values(), *state.ended.values()]
    mine = {h.id for h in every if org in (h.requester, h.recipient) or (follows and h.kind == TRACK_B)}
    assert {*seen.handoffs, *seen.ended} == mine
    near = {o for h in every if h.id in mine for o in (h.requester, h.recipient)} | {org}
    assert set(seen.organisations) <= near
    assert set(seen.acting.values()) <= near
    assert all(org in (one.sender, one.recipient) for one in seen.packages.values())
    told = seen.model_dump(mode="json", exclude={"opener"})
    words = set(strings(told))
    theirs = {c for h in state.handoffs.values() if h.requester == org for c in h.candidates}
    assert not {word for word in words if word.startswith("candidate-")} - theirs
    assert not (set(EVERYBODY) - near - parties_of(seen)) & words, "no organisation that is none of its business"
    assert not (set(state.anchors) | {"0381"}) & words
    assert seen_by(seen, PACK, org).handoffs == seen.handoffs or follows, "what is shown is shown"


def parties_of(seen: CaseState) -> set[OrgId]:
    """Whoever sends or is sent a package that one is a party to."""
    return {o for one in seen.packages.values() for o in (one.sender, one.recipient)}


def strings(told: Any) -> list[str]:
    if isinstance(told, dict):
        return [word for key, value in told.items() for word in (str(key), *strings(value))]
    if isinstance(told, list):
        return [word for one in told for word in strings(one)]
    return [told] if isinstance(told, str) else []


def test_the_words_of_a_case_can_be_read_back_as_they_were_shown() -> None:
    """What is cut is a case still: a client reads it with the same words."""
    for row in TABLE:
        seen = seen_by(a_case(), PACK, row.org)
        assert CaseState.model_validate_json(json.dumps(seen.model_dump(mode="json"))) == seen
