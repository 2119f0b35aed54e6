"""Consent holds, or does not, at one instant: by whom, for whom, and whatever the clocks say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.rule_packs import pack_now
from models.consent import (
    ConsentAct,
    ConsentEvent,
    ConsentPurpose,
    ConsentQuestion,
    ConsentRecord,
    ConsentStatus,
    ConsentStep,
    Guardian,
    History,
    PersonFacts,
    Scope,
    WhyNoConsent,
    WhyNotAsk,
)
from models.contracts import Refusal
from models.desk import Category, ProtectionMark
from models.sharing import Answer, Circumstances, Need, Question
from models.words import Function
from rules.consent import may_be_asked, recorded, standings, status, valid
from rules.sharing import answer
from tests.sharing_support import RULES

NOW = datetime(2027, 2, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)
ADULT = PersonFacts(born=date(1996, 5, 6))
MOTHER, FATHER = Guardian(id="guardian-1"), Guardian(id="guardian-2")
THREAT = Guardian(id="guardian-2", threat=True)


def ident(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def scope(*organisations: str, functions: tuple[Function, ...] = (), **changes: object) -> Scope:
    said: dict[str, object] = {
        "organisations": organisations,
        "functions": functions,
        "categories": (Category.IDENTITY,),
        "purposes": tuple(ConsentPurpose),
    }
    return Scope.model_validate(said | changes)


POLICE = scope("polisen-syd")


def step(
    number: int, act: ConsentAct, giver: str = "person", at: datetime = NOW, wide: Scope | None = None,
    until: datetime | None = None, withdraws: int | None = None,
) -> ConsentStep:  # fmt: skip
    given_until = (until or at + 90 * DAY) if act is ConsentAct.GIVE else None
    return ConsentStep(
        id=ident(number), act=act, giver=giver, at=at, scope=wide or (POLICE if act is ConsentAct.GIVE else None),
        until=given_until, withdraws=ident(withdraws) if withdraws else None, written=True,
    )  # fmt: skip


def history(*steps: ConsentStep, person: PersonFacts = ADULT, now: datetime = NOW) -> History:
    made: History = ()
    for one in steps:
        after = recorded(made, one, person, max(now, one.at), YEAR)
        assert not isinstance(after, Refusal), after
        made = after
    return made


def to_police(person: PersonFacts = ADULT, purpose: str = "protection", category: str = "identity") -> ConsentQuestion:
    return ConsentQuestion(
        recipient="police", recipient_org="polisen-syd", category=category, purpose=purpose, person=person
    )


def child(born: date, *guardians: Guardian, mature: bool | None = None) -> PersonFacts:
    return PersonFacts(born=born, guardians=guardians or (MOTHER,), mature=mature)


GIVE, REFUSE, WITHDRAW = ConsentAct.GIVE, ConsentAct.REFUSE, ConsentAct.WITHDRAW


def test_nobody_asked_is_neither_a_yes_nor_a_no() -> None:
    assert valid((), to_police(), NOW) is WhyNoConsent.NOT_ASKED
    assert status((), ADULT, NOW) is ConsentStatus.NOT_ASKED


def test_a_consent_holds_for_its_recipient_category_and_purpose_and_for_no_other() -> None:
    narrow = history(step(1, GIVE, wide=scope("polisen-syd", purposes=("protection",))))
    assert isinstance(valid(narrow, to_police(), NOW), ConsentRecord)
    for other in (
        to_police(purpose="planning"),
        to_police(category="address"),
        to_police().model_copy(update={"recipient_org": "polisen-nord"}),
        to_police().model_copy(update={"recipient_org": None}),
    ):
        assert valid(narrow, other, NOW) is WhyNoConsent.OUT_OF_SCOPE
    wide = history(step(1, GIVE, wide=scope(functions=(Function.POLICE,))))
    assert isinstance(valid(wide, to_police().model_copy(update={"recipient_org": "polisen-nord"}), NOW), ConsentRecord)


def test_a_consent_ends_in_the_very_second_it_says() -> None:
    given_once = history(step(1, GIVE, until=NOW + DAY))
    found = valid(given_once, to_police(), NOW + DAY - timedelta(microseconds=1))
    assert isinstance(found, ConsentRecord)
    assert found.until == NOW + DAY
    assert valid(given_once, to_police(), NOW + DAY) is WhyNoConsent.EXPIRED


def test_a_withdrawal_holds_for_the_next_disclosure_and_a_second_one_harms_nothing() -> None:
    once = history(step(1, GIVE), step(2, WITHDRAW, withdraws=1))
    twice = history(step(1, GIVE), step(2, WITHDRAW, withdraws=1), step(3, WITHDRAW, withdraws=1))
    again = recorded(twice, step(3, WITHDRAW, withdraws=1), ADULT, NOW, YEAR)
    assert again == twice
    for one in (once, twice):
        assert valid(one, to_police(), NOW) is WhyNoConsent.WITHDRAWN
        assert status(one, ADULT, NOW) is ConsentStatus.WITHDRAWN
    anew = history(step(1, GIVE), step(2, WITHDRAW), step(4, GIVE))
    assert isinstance(valid(anew, to_police(), NOW), ConsentRecord)


def test_withdrawing_one_of_two_consents_stops_all_that_it_covered() -> None:
    both = history(step(1, GIVE), step(2, GIVE), step(3, WITHDRAW, withdraws=1))
    assert valid(both, to_police(), NOW) is WhyNoConsent.WITHDRAWN
    other = history(step(1, GIVE, wide=scope("regionen")), step(2, GIVE), step(3, WITHDRAW, withdraws=1))
    assert isinstance(valid(other, to_police(), NOW), ConsentRecord)


def test_a_refusal_for_one_recipient_leaves_the_others() -> None:
    some = history(step(1, GIVE), step(2, REFUSE, wide=scope("regionen")))
    assert isinstance(valid(some, to_police(), NOW), ConsentRecord)
    none = history(step(1, GIVE), step(2, REFUSE))
    assert valid(none, to_police(), NOW) is WhyNoConsent.REFUSED


def test_a_clock_set_back_brings_no_withdrawn_or_ended_consent_back() -> None:
    withdrawn = history(step(1, GIVE, at=NOW), step(2, WITHDRAW, at=NOW - 30 * DAY), now=NOW)
    assert valid(withdrawn, to_police(), NOW - 60 * DAY) is WhyNoConsent.WITHDRAWN
    ended = history(step(1, GIVE, until=NOW + DAY), step(2, GIVE, at=NOW + 2 * DAY, wide=scope("regionen")))
    assert valid(ended, to_police(), NOW) is WhyNoConsent.EXPIRED
    seen_elsewhere = history(step(1, GIVE, until=NOW + DAY))
    assert valid(seen_elsewhere, to_police(), NOW, last_seen=NOW + 5 * DAY) is WhyNoConsent.EXPIRED


def test_what_was_said_stays_and_what_is_not_there_is_not_withdrawn() -> None:
    one = history(step(1, GIVE))
    for wrong, code in (
        (step(2, WITHDRAW, withdraws=7), "no-such-consent"),
        (step(2, GIVE, at=NOW + DAY), "consent-in-the-future"),
        (step(2, GIVE, until=NOW + 2 * YEAR), "consent-too-long"),
        (step(2, GIVE, giver="guardian-9"), "consent-not-from-that-giver"),
        (step(1, GIVE, until=NOW + DAY), "key-used-for-something-else"),
    ):
        refused = recorded(one, wrong, ADULT, NOW, YEAR)
        assert isinstance(refused, Refusal)
        assert refused.code == code
    assert [(one.id, one.status, one.expired) for one in standings(one, NOW + YEAR)] == [
        (ident(1), ConsentStatus.GIVEN, True)
    ]


def test_a_mistyped_giver_withdraws_nothing_and_is_told_so() -> None:
    person = child(EIGHT, MOTHER, THREAT)
    given_once = history(step(1, GIVE, "guardian-1"), person=person)
    mistyped = recorded(given_once, step(2, WITHDRAW, "guardian-l"), person, NOW, YEAR)
    assert mistyped == Refusal(code="unknown-giver")
    forgotten = recorded(given_once, step(2, WITHDRAW, "guardian-1"), ADULT, NOW, YEAR)
    assert not isinstance(forgotten, Refusal), "whoever gave it can take it back, also when no guardian any more"


@pytest.mark.parametrize("changes", [{"scope": None}, {"until": None}, {"until": NOW}, {"withdraws": ident(3)}])
def test_a_consent_says_what_it_covers_and_when_it_ends(changes: dict[str, object]) -> None:
    whole = step(1, GIVE).model_dump()
    with pytest.raises(ValueError, match=r"consent|withdraw"):
        ConsentStep.model_validate(whole | changes)
    with pytest.raises(ValueError, match="recipient"):
        scope()


EIGHT, THIRTEEN, SIXTEEN = date(2018, 6, 1), date(2013, 6, 1), date(2010, 6, 1)


@pytest.mark.parametrize(
    ("born", "purpose", "givers"),
    [
        (EIGHT, "open-intervention", {"guardian-1"}),
        (EIGHT, "placement", {"guardian-1"}),
        (EIGHT, "protection", {"guardian-1"}),
        (THIRTEEN, "open-intervention", {"guardian-1", "person"}),
        (THIRTEEN, "placement", {"guardian-1", "person"}),
        (THIRTEEN, "protection", {"guardian-1", "person"}),
        (SIXTEEN, "open-intervention", {"person"}),
        (SIXTEEN, "placement", {"guardian-1", "person"}),
        (SIXTEEN, "protection", {"guardian-1", "person"}),
        (date(1990, 1, 1), "placement", {"person"}),
    ],
)
def test_whose_consent_a_child_needs(born: date, purpose: str, givers: set[str]) -> None:
    """With everybody's consent it holds; without any one of theirs it does not."""
    person = child(born, mature=True if born != EIGHT else None)
    everybody = ("guardian-1", "person")
    made: History = tuple(
        ConsentEvent(**step(n, GIVE, giver).model_dump(), step=n) for n, giver in enumerate(everybody, start=1)
    )
    found = valid(made, to_police(person, purpose), NOW)
    assert isinstance(found, ConsentRecord)
    assert set(found.givers) == givers
    for giver in everybody:
        without = tuple(event for event in made if event.giver != giver)
        assert isinstance(valid(without, to_police(person, purpose), NOW), ConsentRecord) is (giver not in givers)


def test_one_guardians_silence_is_absent_and_not_refused() -> None:
    person = child(EIGHT, MOTHER, FATHER)
    only_mother = history(step(1, GIVE, "guardian-1"), person=person)
    assert valid(only_mother, to_police(person), NOW) is WhyNoConsent.GUARDIAN_ABSENT
    both = history(step(1, GIVE, "guardian-1"), step(2, GIVE, "guardian-2"), person=person)
    assert isinstance(valid(both, to_police(person), NOW), ConsentRecord)


def test_a_guardian_who_is_a_threat_is_never_asked_and_decides_nothing() -> None:
    person = child(EIGHT, MOTHER, THREAT)
    assert may_be_asked("guardian-2", person, NOW) is WhyNotAsk.GUARDIAN_IS_THREAT
    refused = recorded((), step(1, GIVE, "guardian-2"), person, NOW, YEAR)
    assert isinstance(refused, Refusal)
    assert refused.code == "consent-not-from-that-giver"
    made = history(step(1, GIVE, "guardian-1"), person=person)
    no = ConsentEvent(**step(2, REFUSE, "guardian-2").model_dump(), step=2)
    assert isinstance(valid((*made, no), to_police(person), NOW), ConsentRecord)
    alone = child(EIGHT, THREAT)
    yes = ConsentEvent(**step(1, GIVE, "guardian-2").model_dump(), step=1)
    assert valid((yes,), to_police(alone), NOW) is WhyNoConsent.NOBODY_TO_ASK


def test_a_mature_child_whose_only_guardian_is_a_threat_answers_alone_but_not_for_a_placement() -> None:
    person = child(SIXTEEN, THREAT, mature=True)
    own = history(step(1, GIVE), person=person)
    assert isinstance(valid(own, to_police(person), NOW), ConsentRecord)
    assert valid(own, to_police(person, "placement"), NOW) is WhyNoConsent.NOBODY_TO_ASK
    unjudged = person.model_copy(update={"mature": None})
    assert valid(own, to_police(unjudged), NOW) is WhyNoConsent.NOBODY_TO_ASK


def test_who_may_be_asked_and_why_not() -> None:
    exposing = Guardian(id="guardian-2", asking_exposes=True)
    person = child(EIGHT, MOTHER, exposing)
    assert may_be_asked("guardian-1", person, NOW) is None
    assert may_be_asked("guardian-2", person, NOW) is WhyNotAsk.ASKING_EXPOSES
    assert may_be_asked("guardian-3", person, NOW) is WhyNotAsk.NOT_A_GUARDIAN
    assert may_be_asked("person", person, NOW) is WhyNotAsk.TOO_YOUNG
    assert may_be_asked("person", person.model_copy(update={"mature": True}), NOW) is None
    grown = PersonFacts(born=date(1990, 1, 1), guardians=(MOTHER,))
    assert may_be_asked("guardian-1", grown, NOW) is WhyNotAsk.OF_AGE
    assert may_be_asked("person", PersonFacts(), NOW) is None
    assert may_be_asked("guardian-1", PersonFacts(guardians=(MOTHER,)), NOW) is WhyNotAsk.AGE_UNKNOWN


def test_at_eighteen_the_guardians_consent_ends_that_second_and_own_is_needed() -> None:
    """Story 2: born 20 April 2009; midnight in Sweden is 22:00 the day before in UTC."""
    person = child(date(2009, 4, 20), MOTHER, THREAT)
    made = history(step(1, GIVE, "guardian-1"), step(2, GIVE), person=person)
    midnight = datetime(2027, 4, 19, 22, tzinfo=UTC)
    assert isinstance(valid(made, to_police(person), midnight - timedelta(microseconds=1)), ConsentRecord)
    assert valid(made, to_police(person), midnight) is WhyNoConsent.OWN_CONSENT_NEEDED
    own = recorded(made, step(3, GIVE, at=midnight), person, midnight, YEAR)
    assert not isinstance(own, Refusal)
    found = valid(own, to_police(person), midnight)
    assert isinstance(found, ConsentRecord)
    assert found.givers == ("person",)
    assert status(made, person, midnight) is not ConsentStatus.GIVEN


@pytest.mark.parametrize(
    ("born", "givers", "purpose", "turns"),
    [
        (date(2009, 4, 20), ("guardian-1", "person"), "protection", datetime(2027, 4, 19, 22, tzinfo=UTC)),
        (date(2015, 3, 1), ("guardian-1",), "protection", datetime(2027, 2, 28, 23, tzinfo=UTC)),
        (date(2012, 2, 29), ("guardian-1", "person"), "open-intervention", None),
    ],
)
def test_a_consent_ends_on_the_birthday_from_which_it_is_not_enough_and_on_no_other(
    born: date, givers: tuple[str, ...], purpose: str, turns: datetime | None
) -> None:
    """At 18 own consent is needed, at 12 the child's beside the guardian's; at 15 nothing that held stops holding."""
    person = child(born)
    said = (step(n, GIVE, who, until=NOW + 200 * DAY) for n, who in enumerate(givers, start=1))
    made: History = tuple(ConsentEvent(**one.model_dump(), step=n) for n, one in enumerate(said, start=1))
    found = valid(made, to_police(person, purpose), NOW)
    assert isinstance(found, ConsentRecord)
    assert found.until == (turns or NOW + 200 * DAY)
    still = valid(made, to_police(person, purpose), found.until - timedelta(microseconds=1))
    assert isinstance(still, ConsentRecord)
    assert not isinstance(valid(made, to_police(person, purpose), found.until), ConsentRecord)


def test_an_unknown_age_is_no_and_a_stated_one_is_believed() -> None:
    made = history(step(1, GIVE))
    assert valid(made, to_police(PersonFacts()), NOW) is WhyNoConsent.AGE_UNKNOWN
    assert isinstance(valid(made, to_police(PersonFacts(minor=False)), NOW), ConsentRecord)
    assert valid(made, to_police(PersonFacts(minor=True)), NOW) is WhyNoConsent.NOBODY_TO_ASK


def test_no_support_waits_for_consent() -> None:
    """The kinds that exist only with consent are the police's, the state grant's and the coordinated plan."""
    needing = {code for code, kind in pack_now().kinds.items() if kind.needs_consent}
    assert needing == {"police-track", "grant-preparation", "grant-application", "coordinated-plan"}


# ---- no sequence of consent, withdrawal, end and disclosure gives `may` without a consent that holds at that instant

acts = st.one_of(
    st.tuples(st.just("give"), st.sampled_from(["person", "guardian-1", "guardian-2"]), st.integers(1, 300)),
    st.tuples(st.just("refuse"), st.sampled_from(["person", "guardian-1", "guardian-2"]), st.just(0)),
    st.tuples(st.just("withdraw"), st.sampled_from(["person", "guardian-1", "guardian-2"]), st.integers(0, 5)),
    st.tuples(st.just("clock"), st.just(""), st.integers(-200, 200)),
    st.tuples(st.just("disclose"), st.just(""), st.just(0)),
)
people = st.sampled_from(
    [
        ADULT,
        child(EIGHT, MOTHER, FATHER),
        child(THIRTEEN, MOTHER, THREAT),
        child(date(2009, 4, 20), MOTHER),
        PersonFacts(),
    ]
)
scopes = st.sampled_from([POLICE, scope("regionen"), scope(functions=(Function.POLICE,), purposes=("protection",))])


def allowed_by_hand(
    said: list[tuple[str, str, Scope | None, datetime | None, int | None]], person: PersonFacts, latest: datetime
) -> bool:
    """By another road than the rules take: strikes out, giver by giver, what a later no has touched."""
    local = (latest + timedelta(hours=1)).date()  # winter or summer: only whole days are used here
    grown = None if person.born is None else local >= person.born.replace(year=person.born.year + 18)
    if grown is None:
        return False
    years = (local - (person.born or local)).days / 365.25
    givers = (
        {"person"}
        if grown
        else {g.id for g in person.guardians if not g.threat} | ({"person"} if years >= 12 else set())
    )
    for giver in givers:
        live: list[tuple[Scope, datetime]] = []
        for act, who, wide, until, _ in said:
            if who != giver:
                continue
            if act == "give" and wide is not None and until is not None:
                live.append((wide, until))
            elif wide is None:
                live = []
            else:
                live = [one for one in live if one[0] != wide]
        if not any(fits(wide) and until > latest for wide, until in live):
            return False
    return True


def fits(wide: Scope) -> bool:
    return wide != scope("regionen")


@settings(deadline=None, max_examples=400)
@given(person=people, script=st.lists(st.tuples(acts, scopes), max_size=14))
def test_nothing_is_ever_told_by_consent_without_one_that_holds_then(
    person: PersonFacts, script: list[tuple[tuple[str, str, int], Scope]]
) -> None:
    now, made = NOW, ()
    latest = NOW
    said: list[tuple[str, str, Scope | None, datetime | None, int | None]] = []
    told: History = made
    for number, ((act, giver, amount), wide) in enumerate(script, start=1):
        if act == "clock":
            now += amount * DAY
            latest = max(latest, now)
        elif act == "disclose":
            disclosed(told, person, now, latest, said)
        else:
            chosen = next((e for e in told if e.giver == giver and e.act is GIVE), None) if amount % 2 else None
            new = step(
                number, ConsentAct(act), giver, now, wide if act == "give" else None,
                until=now + amount * DAY if act == "give" else None,
                withdraws=int(chosen.id[-12:]) if chosen and act == "withdraw" else None,
            )  # fmt: skip
            after = recorded(told, new, person, now, YEAR)
            if not isinstance(after, Refusal):
                assert after[: len(told)] == told
                told = after
                until = new.until
                said.append(
                    (
                        act,
                        giver,
                        wide if act == "give" else chosen.scope if chosen and act == "withdraw" else None,
                        until,
                        None,
                    )
                )
    disclosed(told, person, now, latest, said)


def disclosed(
    told: History, person: PersonFacts, now: datetime, latest: datetime,
    said: list[tuple[str, str, Scope | None, datetime | None, int | None]],
) -> None:  # fmt: skip
    """Asks as somebody about to send would. Consent is the only ground here: KV holds no other way in."""
    asked = Question(
        holder="social-services", holder_org="kommun-a", secrecy="osl-26-1", category="identity",
        recipient="police", recipient_org="polisen-syd", purpose="protection",
    )  # fmt: skip
    known = Circumstances(person=person, consents=told, last_seen=latest, marks=frozenset[ProtectionMark]())
    verdict = answer(RULES, asked, known, now)
    if verdict.answer is Answer.MAY:
        assert verdict.ground == "consent"
        assert allowed_by_hand(said, person, latest)
    consent = next((one for one in verdict.considered if one.ground == "consent"), None)
    if consent is not None and not consent.lacks:
        assert allowed_by_hand(said, person, latest)
    elif consent is not None:
        assert [one.need for one in consent.lacks] == [Need.CONSENT]
