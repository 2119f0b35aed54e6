"""Who may see what of a file: three regimes, each with its clock, its table and its way to appeal.

The table here is written from the law's point of view (what each asker may never, or only after a test, see) and knows
nothing of the one in rules/.
"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.contracts import Refusal
from models.desk import Category
from models.documents import Recipient
from models.file_requests import (
    About,
    Asker,
    Court,
    Field,
    FileRequest,
    Gate,
    Ground,
    Harm,
    ItemContent,
    Outcome,
    Regime,
)
from models.words import Function
from rules.file_documents import answer, not_yet
from rules.file_requests import appeal, clock, decide, extended, gate
from rules.unsaid import squeezed
from tests.file_support import CASE, DAY, ORG, RECEIVED, SENDER, about, item, request
from tests.rules_support import PACK, at, shown

SOC = Function.SOCIAL_SERVICES
ALL = {category.value for category in Category}
WHERE = {"address", "contact", "placement"}
UNKNOWN_CATEGORY = "something-new"

# What an asker may see of the person's own things: freely, or after a harm test. Everything else: never.
FREELY = {
    ("party", "self"): ALL - {"threat-source", "relatives", "assessment", "placement"},
    ("party", "guardian"): {"identity", "protection-mark"},
    ("party", "guardian-threat"): set(),
    ("party", "other-party"): set(),
    ("subject", "self"): ALL - {"threat-source", "relatives", "assessment", "placement"},
    ("subject", "guardian"): {"identity", "protection-mark"},
}
TESTED = {
    ("party", "self"): {"relatives", "assessment", "placement"},
    ("party", "guardian"): ALL - {"threat-source", "identity", "protection-mark"},
    ("party", "guardian-threat"): {"identity", "note", "social-file", "health"},
    ("party", "other-party"): {"social-file"},
    ("subject", "self"): {"relatives", "assessment", "placement"},
    ("subject", "guardian"): ALL - {"threat-source", "identity", "protection-mark"},
}


def expected(regime: str, asker: str, category: str, whom: str) -> str:
    """free, test or never: from the law, one sentence at a time."""
    if regime == "public" or category in (UNKNOWN_CATEGORY, "threat-source"):
        return "never"
    free = category in FREELY.get((regime, asker), set())
    test = category in TESTED.get((regime, asker), set())
    if whom == "asker" and asker != "self":
        return "never" if category in WHERE else "test"  # own data, but in another person's file
    if whom == "other":
        return "test" if asker in ("self", "guardian") and (free or test) else "never"
    if whom == "child":
        return "test" if asker != "other-party" and (free or test) else "never"
    return "free" if free else "test" if test else "never"


CELLS = list(
    product(
        [regime.value for regime in Regime],
        ["self", "guardian", "guardian-threat", "other-party"],
        sorted(ALL | {UNKNOWN_CATEGORY}),
        [whom.value for whom in About],
    )
)


def what_happens(asked: FileRequest, thing: ItemContent) -> str:
    decision = decide(asked, (thing,), SOC)
    if decision.shown:
        return "shown"
    return decision.waiting[0].why if decision.waiting else "withheld"


def test_every_cell_of_the_table_is_as_the_law_has_it() -> None:
    for regime, asker, category, whom in CELLS:
        asked = request(Regime(regime), Asker(asker))
        told = [what_happens(asked, about(About(whom), category, harm)) for harm in Harm]
        wanted = {
            "free": ["shown", "shown", "shown"],
            "test": ["harm-test", "shown", "withheld"],
            "never": ["withheld", "withheld", "withheld"],
        }[expected(regime, asker, category, whom)]
        assert told == wanted, (regime, asker, category, whom)
    print(f"{len(CELLS)} cells, {len(CELLS) * len(Harm)} answers")
    assert len(CELLS) == 720


@pytest.mark.parametrize("asker", ["self", "guardian", "guardian-threat", "other-party"])
def test_a_lawyer_sees_what_the_client_may_see_and_no_more(asker: str) -> None:
    for category, harm in product(sorted(ALL), Harm):
        thing = about(About.PERSON, category, harm)
        lawyer = request(asker=Asker.LAWYER, behalf=Asker(asker))
        assert what_happens(lawyer, thing) == what_happens(request(asker=Asker(asker)), thing)


GATES = [
    ("party", "self", None, True, Gate.OPEN),
    ("party", "self", None, False, Gate.NEEDS_IDENTITY),
    ("party", "guardian-threat", None, True, Gate.OPEN),
    ("party", "lawyer", "guardian-threat", True, Gate.OPEN),
    ("party", "lawyer", "guardian-threat", False, Gate.NEEDS_POWER_OF_ATTORNEY),
    ("party", "lawyer", None, True, Gate.NEEDS_POWER_OF_ATTORNEY),
    ("party", "lawyer", "lawyer", True, Gate.NOT_A_PARTY),
    ("party", "lawyer", "public", True, Gate.NOT_A_PARTY),
    ("party", "public", None, True, Gate.NOT_A_PARTY),
    ("party", "unknown", None, True, Gate.NOT_A_PARTY),
    ("subject", "self", None, True, Gate.OPEN),
    ("subject", "self", None, False, Gate.NEEDS_IDENTITY),
    ("subject", "public", None, True, Gate.NOT_A_SUBJECT),
    ("public", "unknown", None, False, Gate.OPEN),
    ("public", "public", None, False, Gate.OPEN),
]


@pytest.mark.parametrize(("regime", "asker", "behalf", "proven", "wanted"), GATES)
def test_who_is_let_in_and_who_must_show_something_first(
    regime: str, asker: str, behalf: str | None, proven: bool, wanted: Gate
) -> None:
    asked = request(Regime(regime), Asker(asker), behalf=Asker(behalf) if behalf else None, proven=proven)
    assert gate(asked, SOC) is wanted
    decision = decide(asked, (item("identity", "namn"),), SOC)
    if wanted is not Gate.OPEN:
        assert (decision.shown, decision.outcome) == ((), Outcome.REFUSED)
    if wanted.startswith("needs"):
        assert not_yet(decision) == Refusal(code=wanted.value)


def test_a_private_provider_is_not_bound_by_the_regimes_of_authorities() -> None:
    for regime in (Regime.PARTY, Regime.PUBLIC):
        assert gate(request(regime), Function.HOUSING_PROVIDER) is Gate.NOT_AN_AUTHORITY
    assert gate(request(Regime.SUBJECT), Function.HOUSING_PROVIDER) is Gate.OPEN


def test_the_function_is_total() -> None:
    for regime, asker, holder in product(Regime, Asker, Function):
        for behalf in (None, *Asker):
            asked = request(regime, asker, behalf=behalf)
            decision = decide(asked, (item("unheard-of", "x"), item("health", "y", harm=Harm.NONE)), holder)
            assert decision.ground
            assert decision.appeal is not None


DECIDED = item("social-file", "Beslut om insats", decision=True)


@pytest.mark.parametrize("asker", ["self", "guardian", "guardian-threat", "other-party"])
def test_a_decision_is_never_withheld_from_a_party(asker: str) -> None:
    for category in sorted(ALL - WHERE - {"threat-source"}):
        thing = item(category, "Beslut om insats", decision=True, harm=Harm.HARM)
        assert what_happens(request(asker=Asker(asker)), thing) == "shown"


@pytest.mark.parametrize("asker", ["guardian-threat", "other-party"])
def test_a_decision_that_tells_the_address_waits_until_somebody_has_written_it_without(asker: str) -> None:
    home = item("address", "Storgatan 5 B, 123 45 Falun")
    for written in ("boende på STORGATAN 5b", "Storgatan\u200b 5 B", "i 12345", "Stor-gatan 5 B", "i FALUN"):
        told = item("social-file", f"Beslut: {written} tills vidare", decision=True)
        decision = decide(request(asker=Asker(asker)), (home, told, DECIDED), SOC)
        assert [(w.item, w.why) for w in decision.waiting] == [(told.item, "clean-decision")]
        assert decision.shown == (DECIDED.item,)
        refused = answer(request(), decision, (home, told), SENDER, recipient(), DAY, 1)
        assert isinstance(refused, Refusal)
        assert refused.detail == told.item


def test_a_guardian_who_is_a_threat_is_not_told_of_the_way_out() -> None:
    told = item("note", "Han är avhoppare sedan maj", harm=Harm.NONE)
    assert what_happens(request(asker=Asker.GUARDIAN_THREAT), told) == "withheld"
    assert what_happens(request(asker=Asker.SELF), told) == "shown"


@pytest.mark.parametrize("words", ["enligt OSL 18:7", "18 kap. 7 § OSL", "fingerade uppgifter", "sekretesslagen 18"])
def test_words_that_give_away_what_they_protect_go_to_nobody(words: str) -> None:
    for asker in ("self", "guardian", "guardian-threat"):
        thing = item("note", f"Anteckning {words} i dag", harm=Harm.NONE)
        assert what_happens(request(asker=Asker(asker)), thing) == "withheld"


@pytest.mark.parametrize("words", ["klockan 18:30", "den 18:e", "kap. 18 i boken", "fingeravtryck"])
def test_ordinary_words_that_look_like_them_do_not_stop_anything(words: str) -> None:
    assert what_happens(request(asker=Asker.SELF), item("note", words)) == "shown"


def test_the_public_gets_the_same_answer_whether_or_not_there_is_a_case() -> None:
    asked = request(Regime.PUBLIC, Asker.UNKNOWN, proven=False)
    full = decide(asked, tuple(about(About.PERSON, category) for category in sorted(ALL)), SOC)
    empty = decide(asked.model_copy(update={"case": None}), (), SOC)
    wanted = answer(asked, empty, (), SENDER, recipient(Asker.UNKNOWN), DAY, 1)
    assert answer(asked, full, (), SENDER, recipient(Asker.UNKNOWN), DAY, 1) == wanted
    assert (full.outcome, full.told) == (empty.outcome, empty.told)


def test_a_decision_that_the_law_makes_public_is_shown_once_a_person_has_tested_it() -> None:
    told = item("social-file", "Beslut om vård", decision=True, public_decision=True)
    home = item("address", "Storgatan 5")
    asked = request(Regime.PUBLIC, Asker.PUBLIC, proven=False)
    assert what_happens(asked, told) == "harm-test"
    assert what_happens(asked, told.model_copy(update={"harm": Harm.NONE})) == "shown"
    where = item("social-file", "Vård på Storgatan 5", decision=True, public_decision=True, harm=Harm.NONE)
    assert decide(asked, (home, where), SOC).shown == ()


def recipient(asker: Asker = Asker.GUARDIAN_THREAT) -> Recipient:
    return Recipient(asker=asker)


def test_what_a_letter_names_depends_on_who_asks_and_never_on_what_there_is() -> None:
    for regime, asker in product(Regime, Asker):
        asked = request(regime, asker)
        for things in ((), (item("address", "Storgatan 5"),), (item("threat-source", "känd"),)):
            decision = decide(asked, things, SOC)
            assert decision.told == decide(asked, (), SOC).told
    threat, other = (decide(request(asker=a), (), SOC).told for a in (Asker.GUARDIAN_THREAT, Asker.GUARDIAN))
    assert threat == other


def test_why_something_is_withheld_is_kept_with_its_paragraph() -> None:
    things = (item("address", "Storgatan 5"), about(About.CHILD, "relatives"), about(About.OTHER, "note"))
    decision = decide(request(asker=Asker.GUARDIAN_THREAT), things, SOC)
    assert {(w.category, w.ground) for w in decision.withheld} == {
        ("address", Ground.OSL_26_2),
        ("relatives", Ground.OSL_12_3),
        ("note", Ground.OSL_12_3),
    }
    police = decide(request(asker=Asker.OTHER_PARTY), things, Function.POLICE)
    assert {w.ground for w in police.withheld} == {Ground.OSL_35_1}
    own = decide(request(Regime.SUBJECT), (about(About.OTHER, "note", Harm.HARM), item("threat-source", "x")), SOC)
    assert {(w.category, w.ground) for w in own.withheld} == {
        ("note", Ground.GDPR_15_4),
        ("threat-source", Ground.DATA_PROTECTION_ACT_5_1),
    }


@pytest.mark.parametrize(
    ("regime", "holder", "court", "direct", "authority"),
    [
        (Regime.PUBLIC, SOC, Court.ADMINISTRATIVE_COURT_OF_APPEAL, True, False),
        (Regime.PARTY, SOC, Court.ADMINISTRATIVE_COURT_OF_APPEAL, False, False),
        (Regime.SUBJECT, SOC, Court.ADMINISTRATIVE_COURT, True, True),
        (Regime.SUBJECT, Function.POLICE, None, True, True),
        (Regime.PUBLIC, Function.POLICE, Court.ADMINISTRATIVE_COURT_OF_APPEAL, True, False),
        (Regime.SUBJECT, Function.HOUSING_PROVIDER, None, True, True),
        (Regime.PUBLIC, Function.HOUSING_PROVIDER, None, True, False),
    ],
)
def test_where_a_refusal_is_tried(
    regime: Regime, holder: Function, court: Court | None, direct: bool, authority: bool
) -> None:
    way = appeal(regime, holder)
    assert (way.court, way.direct, way.authority, way.weeks) == (court, direct, authority, 3)


# Thursday 20 May 2027 09:00 (story 4). One month: 20 June is a Sunday, so Monday; two more: 20 August, a Friday.
def test_each_regime_has_its_own_clock() -> None:
    party, public, subject = (
        clock(each, RECEIVED, ORG, PACK) for each in (Regime.PARTY, Regime.PUBLIC, Regime.SUBJECT)
    )
    for each in (party, public, subject):
        assert shown(each.acknowledge_by) == "Fri 21 May 2027 09:00"
    assert (shown(party.answer_by), party.limit) == ("Mon 24 May 2027 09:00", None)
    assert (shown(public.answer_by), public.limit) == ("Fri 21 May 2027 09:00", None)
    assert (shown(subject.answer_by), shown(subject.limit)) == ("Tue 1 Jun 2027 00:00", "Tue 22 Jun 2027 00:00")


def test_one_s_own_data_may_take_two_months_more_when_told_within_the_first() -> None:
    asked = request(Regime.SUBJECT)
    running = clock(Regime.SUBJECT, RECEIVED, ORG, PACK)
    longer = extended(asked, running, "board", "complex-request", at("2027-06-21 23:59"), PACK)
    assert not isinstance(longer, Refusal)
    assert shown(longer.limit) == "Sat 21 Aug 2027 00:00"
    again = extended(asked, longer, "board", "complex-request", at("2027-06-21 23:59"), PACK)
    assert again == Refusal(code="extended-before")


@pytest.mark.parametrize(
    ("by", "ground", "told", "code"),
    [
        ("board", "complex-request", "2027-06-22 00:01", "notice-too-late"),
        ("caseworker", "complex-request", "2027-06-01 09:00", "decider-needed"),
        ("board", "busy", "2027-06-01 09:00", "ground-needed"),
    ],
)
def test_an_extension_that_the_regulation_does_not_give_is_refused(by: str, ground: str, told: str, code: str) -> None:
    running = clock(Regime.SUBJECT, RECEIVED, ORG, PACK)
    refused = extended(request(Regime.SUBJECT), running, by, ground, at(told), PACK)
    assert isinstance(refused, Refusal)
    assert refused.code == code


@pytest.mark.parametrize("regime", [Regime.PARTY, Regime.PUBLIC])
def test_what_is_to_be_done_at_once_is_not_extended(regime: Regime) -> None:
    running = clock(regime, RECEIVED, ORG, PACK)
    refused = extended(request(regime), running, "board", "complex-request", RECEIVED, PACK)
    assert refused == Refusal(code="no-extension-here")


PLACES = st.text(st.characters(codec="utf-8"), min_size=2, max_size=30).filter(
    lambda text: (
        (len(squeezed(text)) >= 3 or (len(squeezed(text)) == 0 and len(text.strip()) > 1))
        and squeezed(text) not in {"phone", "telefon", "mobil", "email", "epost", "mail", "sms", "brev", "letter"}
    )
)


@st.composite
def files(draw: st.DrawFn) -> tuple[list[str], list[ItemContent]]:
    """Whereabouts, and things of every kind that may repeat them: in other case, cut by spaces, inside words."""
    places = draw(st.lists(PLACES, min_size=1, max_size=3))
    kept = [
        item(draw(st.sampled_from(sorted(WHERE))), place, about=draw(st.sampled_from(About)), harm=Harm.NONE)
        for place in places
    ]
    for _ in range(draw(st.integers(1, 5))):
        place = draw(st.sampled_from(places))
        repeated = draw(st.sampled_from(["", place, place.upper(), place.lower(), f" {place}", "-".join(place)]))
        kept.append(
            ItemContent(
                item=item("note").item,
                category=draw(st.sampled_from(sorted(ALL | {UNKNOWN_CATEGORY}))),
                about=draw(st.sampled_from(About)),
                fields=(
                    Field(label="Text", value=f"{draw(st.text(max_size=9))}{repeated}{draw(st.text(max_size=9))}"),
                ),
                decision=draw(st.booleans()),
                public_decision=draw(st.booleans()),
                harm=draw(st.sampled_from(Harm)),
            )
        )
    return places, draw(st.permutations(kept))


@given(
    files(), st.sampled_from(Regime), st.sampled_from([Asker.GUARDIAN_THREAT, Asker.LAWYER]), st.sampled_from(Function)
)
@settings(max_examples=400, deadline=None)
@example((["ab12"], [item("address", "ab12"), item("note", "AB 12", harm=Harm.NONE)]), Regime.PARTY, Asker.LAWYER, SOC)
def test_no_whereabouts_ever_reach_a_guardian_who_is_a_threat(
    file: tuple[list[str], list[ItemContent]], regime: Regime, asker: Asker, holder: Function
) -> None:
    places, items = file
    behalf = Asker.GUARDIAN_THREAT if asker is Asker.LAWYER else None
    asked = request(regime, asker, behalf=behalf, case=CASE)
    decision = decide(asked, items, holder).model_copy(update={"waiting": ()})  # as if a person had seen to those
    made = answer(asked, decision, items, SENDER, recipient(), DAY, 1)
    assert not isinstance(made, Refusal)
    texts = [field.value for section in getattr(made, "sections", ()) for field in section.fields]
    for place in places:
        for text in texts:
            assert place not in text
            assert not squeezed(place) or squeezed(place) not in squeezed(text)
