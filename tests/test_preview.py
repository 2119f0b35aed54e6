"""What a recipient sees is what the sender saw; what stays behind says why and gives nothing away."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from pydantic import ValidationError

from activities.sharing_rules import sharing_on
from models.access import Role
from models.desk import Category, ProtectionMark
from models.preview import Held, Preview, Sending, WhyWithheld
from models.sharing import Answer, Circumstances, Reason
from models.visibility import Sight, Viewer, Watch, Watched
from models.words import CaseRef, TrackB
from rules.acute_card import acute_card
from rules.preview import assemble, by_two, text_fields, verdicts
from rules.sharing import STAYS
from rules.visibility import sees
from tests.sharing_support import HERE, NOW, RECIPIENTS, RULES, THERE, everything

CASE = CaseRef("U-7K3M-Q2PX")
MARKER = "zqx"
"""Every kept value carries its category and field after this, so that a leak names itself."""
HOLDING = ("social-services", "police", "health-care", "stranger")
KEPT = {
    **{category: tuple(words.fields) for category, words in RULES.categories.items()},
    **{stays.value: ("name", "text") for stays in sorted(STAYS)},
}


def held() -> list[Held]:
    """One item of everything there is, every field filled in, in no order."""
    return [
        Held(
            item=f"00000000-0000-4000-8000-{number:012d}",
            category=category,
            fields={field: f"{MARKER}-{category}-{field}" for field in reversed(fields)},
        )
        for number, (category, fields) in enumerate(sorted(KEPT.items(), reverse=True), start=1)
    ]


def sending(kind: str, recipient: str, way: str = "request", holder: str = HERE) -> Sending:
    return Sending.model_validate(
        {
            "case": CASE, "handoff": "H1", "kind": kind, "way": way, "sender": holder, "sender_role": Role.CASEWORKER,
            "recipient": recipient, "recipient_org": THERE, "recipient_role": Role.OFFICER,
        }
    )  # fmt: skip


def everything_for(recipient: str, ground: str | None = None, lacking: str | None = None) -> Circumstances:
    """What would open everything, for every category at once; without a demand, which would come before consent."""
    one = everything(("", "", "identity", recipient), lacking, ground)
    every = tuple(KEPT)
    return one.model_copy(
        update={
            "judgements": tuple(judged.model_copy(update={"categories": every}) for judged in one.judgements),
            "demands": (),
        }
    )


def preview(
    kind: str, recipient: str, known: Circumstances, holder: str = "social-services", way: str = "request",
    decided: tuple[str, ...] = (), items: list[Held] | None = None,
) -> Preview:  # fmt: skip
    what = sending(kind, recipient, way)
    found = verdicts(RULES, what, holder, known, NOW)
    return assemble(RULES, what, held() if items is None else items, found, decided, sorted(known.marks))


def test_an_ngo_sees_the_first_name_and_the_meeting_place_and_nothing_else() -> None:
    """Story 5, with a reservation (OSL 10:14)."""
    seen = preview("intervention", "civil-society", everything_for("civil-society"))
    assert [(one.category, one.field) for one in seen.shown] == [
        ("identity", "given_name"),
        ("protection-mark", "marked"),
        ("social-file", "meeting_place"),
    ]
    assert (seen.shown[0].name.sv, seen.shown[0].category_name.en) == ("tilltalsnamn", "Identity")
    without = preview("intervention", "civil-society", everything_for("civil-society", lacking="confidentiality"))
    assert [one.category for one in without.shown] == ["protection-mark"]


def test_a_placement_question_carries_nothing_of_the_person() -> None:
    assert preview("placement-question", "social-services", everything_for("social-services")).empty


def test_a_bed_is_asked_for_without_consent_and_then_without_a_name() -> None:
    seen = preview("protected-bed", "housing-provider", everything_for("housing-provider", lacking="consent"))
    assert [one.category for one in seen.shown] == ["protection-mark"]
    why = {one.category: one for one in seen.withheld if one.field is None}
    assert why["identity"].code is WhyWithheld.LACKING
    assert "samtycke" in why["identity"].why.sv


@pytest.mark.parametrize("kind", sorted(RULES.kinds))
def test_nothing_but_the_fields_that_are_shown_is_in_the_package(kind: str) -> None:
    """Also when every ground holds: what is sent is what is shown, needed by the kind, and reached by the ground.

    To everybody, from four holders, both ways.
    """
    ways = (("request", RULES.kinds[kind].request), ("answer", RULES.kinds[kind].answer))
    for recipient, holder, (way, wanted) in product(RECIPIENTS, HOLDING, ways):
        seen = preview(kind, recipient, everything_for(recipient), holder, way, decided=tuple(KEPT))
        assert seen.package.model_dump_json().count(MARKER) == len(seen.shown)
        for one in seen.shown:
            assert one.value == f"{MARKER}-{one.category}-{one.field}"
            assert one.field in wanted[one.category]
        assert MARKER not in json.dumps([withheld.model_dump() for withheld in seen.withheld])


@pytest.mark.parametrize("stays", sorted(STAYS))
def test_what_never_leaves_is_not_even_mentioned(stays: str) -> None:
    """With or without it, the preview is the same, byte for byte: the sender's screen tells nobody that it exists."""
    known = everything_for("police")
    with_it = preview("threat-assessment", "police", known)
    without = preview("threat-assessment", "police", known, items=[one for one in held() if one.category != stays])
    assert with_it == without
    assert stays not in with_it.model_dump_json(exclude={"always"})


def test_the_same_things_give_the_same_digest_and_another_field_gives_another() -> None:
    known = everything_for("police")
    first, again = (preview("threat-assessment", "police", known) for _ in range(2))
    mixed = preview("threat-assessment", "police", known, items=list(reversed(held())))
    assert first.digest == again.digest == mixed.digest == first.package.digest
    assert type(first).model_validate_json(first.model_dump_json()).package.digest == first.digest
    other = [one.model_copy(update={"fields": one.fields | {"name": "another"}}) for one in held()]
    assert preview("threat-assessment", "police", known, items=other).digest != first.digest
    unseen = [one.model_copy(update={"fields": one.fields | {"given_name": "another"}}) for one in held()]
    assert preview("threat-assessment", "police", known, items=unseen).digest == first.digest


def test_a_consent_that_ends_between_preview_and_sending_changes_the_digest() -> None:
    known = everything_for("civil-society")
    before = preview("intervention", "civil-society", known)
    ended = preview("intervention", "civil-society", known.model_copy(update={"last_seen": NOW + timedelta(days=900)}))
    assert before.by_consent
    assert not ended.by_consent
    assert before.digest != ended.digest


def test_a_duty_waits_for_a_person_and_for_its_steps() -> None:
    known = everything_for("social-services", "child-concern", lacking="consent")
    waiting = preview("child-concern", "social-services", known, "police")
    codes = {one.category: one.code for one in waiting.withheld if one.field is None}
    assert codes["identity"] is WhyWithheld.PERSON_DECIDES
    decided = preview("child-concern", "social-services", known, "police", decided=("identity",))
    assert "identity" in decided.package.categories
    assert decided.package.grounds[0] == "child-concern"
    untested = known.model_copy(update={"judgements": ()})
    left = preview("child-concern", "social-services", untested, "police", decided=("identity",))
    assert [one.code for one in left.withheld if one.category == "identity"] == [WhyWithheld.STEPS_LEFT]


def test_a_demand_is_answered_by_a_person_with_no_more_than_the_law_asks_for() -> None:
    """SoL 15:7 reaches whether somebody stays in care; lag 2025:170 the contact details. Neither reaches both."""
    for law, fields in (("stay-demand", ["in_care"]), ("contact-details-demand", ["lines", "municipality"])):
        known = everything(("", "", "address", "police"), "consent", law)
        what = sending("demand", "police", "answer")
        found = verdicts(RULES, what, "social-services", known, NOW, by={"address": law})
        assert (found["address"].answer, found["address"].ground) == (Answer.MUST, law)
        assert assemble(RULES, what, held(), found).empty
        seen = assemble(RULES, what, held(), found, decided=["address"])
        assert [one.field for one in seen.shown] == fields


def test_addresses_go_one_at_a_time() -> None:
    known = everything_for("personal-security", "prevent-crime")
    address = next(one for one in held() if one.category == "address")
    two = [address, address.model_copy(update={"item": "00000000-0000-4000-8000-000000000099"})]
    one = preview("in-depth-assessment", "personal-security", known, items=[address])
    assert one.package.categories == ("address",)
    both = preview("in-depth-assessment", "personal-security", known, items=two)
    assert both.empty
    assert {one.code for one in both.withheld} == {WhyWithheld.ONE_AT_A_TIME}


def test_two_persons_release_every_category_that_the_rules_name_and_what_a_ground_needs_them_for() -> None:
    known = everything_for("police")
    package = preview("threat-assessment", "police", known).package
    assert not by_two(RULES, package)
    assert by_two(RULES.model_copy(update={"two_persons": ("address", "identity")}), package)
    demanded = package.sections[0].model_copy(update={"ground": "crime-duty"})
    assert by_two(RULES, package.model_copy(update={"sections": (demanded,)}))


def test_names_of_staff_and_unknown_fields_stay_behind() -> None:
    known = everything_for("police")
    item = Held(
        item="00000000-0000-4000-8000-000000000001", category="identity",
        fields={"name": "A", "handlaggare": "B", "caseworker_name": "B", "shoe_size": "41", "born": " "},
    )  # fmt: skip
    seen = preview("threat-assessment", "police", known, items=[item])
    assert [one.field for one in seen.shown] == ["name"]
    assert {one.field: one.code for one in seen.withheld} == {
        "handlaggare": WhyWithheld.NAMES_STAFF,
        "caseworker_name": WhyWithheld.NAMES_STAFF,
        "shoe_size": WhyWithheld.UNKNOWN_FIELD,
        "born": WhyWithheld.EMPTY,
    }
    with pytest.raises(ValidationError):
        Sending.model_validate(sending("release", "police").model_dump() | {"sender_role": "Anna Svensson"})
    with pytest.raises(ValidationError):
        Sending.model_validate(sending("release", "police").model_dump() | {"sender_name": "Anna Svensson"})


def test_a_verdict_for_another_recipient_opens_nothing() -> None:
    known = everything_for("police")
    what = sending("threat-assessment", "police")
    found = verdicts(RULES, what, "social-services", known, NOW)
    assert found["identity"].answer in (Answer.MAY, Answer.MUST)
    elsewhere = what.model_copy(update={"recipient_org": "other-org"})
    assert assemble(RULES, elsewhere, held(), found, tuple(KEPT)).empty
    assert assemble(RULES, what, held(), {}, tuple(KEPT)).empty


def test_marks_are_warned_of_and_an_unknown_one_is_no_calm() -> None:
    known = everything_for("police")
    seen = preview("threat-assessment", "police", known)
    assert [one.code for one in seen.warnings] == [ProtectionMark.SECRECY_MARKING]
    assert seen.harm_test_needed
    looked = preview("threat-assessment", "police", known.model_copy(update={"marks": frozenset()}))
    assert (looked.warnings, looked.harm_test_needed) == ((), False)


def test_vault_items_become_text_and_what_is_nested_does_not() -> None:
    content = {"lines": ["Gatan 1", "211 20 Malmö"], "in_care": True, "persons": 3, "deep": {"a": 1}, "none": None}
    assert text_fields(content) == {"lines": "Gatan 1\n211 20 Malmö", "in_care": "ja | yes", "persons": "3"}


def test_the_acute_card_says_in_three_lines_what_the_rules_open_without_consent() -> None:
    night = datetime(2027, 1, 6, 1, 30, tzinfo=UTC)
    card = acute_card(RULES, night)
    police, social, provider = (line.text for line in card.lines)
    assert "112" in card.heading.sv
    assert "efter avvägning (OSL 10:15 a): identitet, egen riskbedömning, social akt" in police.sv
    assert "2025:170" in police.en
    assert "SoL 19:1" in social.sv
    assert "utan namn" in provider.sv
    assert "samtycke" not in (police.sv + social.sv + provider.sv).lower()
    assert max(len(line.text.sv) for line in card.lines) < 400


def test_the_acute_card_says_of_a_demand_about_care_only_whether_and_never_where() -> None:
    """SoL 15:7 p. 1. Lag 2025:170 4 § reaches the address itself, and says so."""
    police = acute_card(RULES, datetime(2027, 1, 6, 1, 30, tzinfo=UTC)).lines[0].text
    (whether,) = [part for part in police.sv.split("; ") if "SoL 15:7" in part]
    assert whether == "på begäran (SoL 15:7 p. 1): bara namn, personnummer, om personen vistas i boende eller vård"
    (where,) = [part for part in police.sv.split("; ") if "2025:170" in part]
    assert "säker kontakt, adress och vistelse" in where
    assert "only name, personal identity number, whether the person stays in housing or care" in police.en


def test_the_acute_card_follows_the_rules_of_the_day() -> None:
    early = date(2025, 11, 1)
    card = acute_card(sharing_on(early), datetime(2025, 11, 1, 1, tzinfo=UTC))
    assert "10:15" not in card.lines[0].text.sv
    for rules in (None, RULES):
        empty = acute_card(rules, datetime(2020, 1, 1, tzinfo=UTC))
        assert all("inget som pekar ut personen" in line.text.sv for line in empty.lines)


HANDOFF = Watched(
    requester="kommun-a", recipient="polisen-syd", kind="police-track", municipalities=("1280",),
    track_b=TrackB.TRYING, consent=True,
)  # fmt: skip
LOCAL = Viewer(org="polisen-sam", watch=Watch.POLICE_AREA, area=("1280",))


@pytest.mark.parametrize(
    ("viewer", "changes", "sight"),
    [
        (Viewer(org="kommun-a"), {}, Sight.STEPS),
        (Viewer(org="polisen-syd"), {"consent": False, "track_b": TrackB.NOT_TRIED}, Sight.STEPS),
        (Viewer(org="kommun-b"), {}, Sight.NOTHING),
        (Viewer(org="kommun-b", area=("1280",)), {}, Sight.NOTHING),
        (
            Viewer(org="samordnare", watch=Watch.MUNICIPALITY, area=("1280",)),
            {"kind": "lvu-submission"},
            Sight.REFERENCE,
        ),
        (Viewer(org="samordnare", watch=Watch.MUNICIPALITY, area=("1281",)), {}, Sight.NOTHING),
        (LOCAL, {}, Sight.REFERENCE),
        (LOCAL, {"consent": False}, Sight.NOTHING),
        (LOCAL, {"track_b": TrackB.NOT_TRIED}, Sight.NOTHING),
        (LOCAL, {"track_b": TrackB.ENDED}, Sight.NOTHING),
        (LOCAL, {"municipalities": ("0180",)}, Sight.NOTHING),
        (LOCAL, {"kind": "threat-assessment"}, Sight.NOTHING),
        (LOCAL, {"kind": "lvu-submission"}, Sight.NOTHING),
        (LOCAL, {"kind": "lvm-submission"}, Sight.NOTHING),
        (LOCAL, {"kind": "coordinated-plan"}, Sight.NOTHING),
        (LOCAL, {"kind": "unheard-of"}, Sight.NOTHING),
        (Viewer(org="noa", watch=Watch.POLICE_NATION), {"municipalities": ("0180",)}, Sight.REFERENCE),
        (Viewer(org="noa", watch=Watch.POLICE_NATION), {"kind": "child-concern"}, Sight.NOTHING),
    ],
)
def test_who_sees_that_a_handoff_exists(viewer: Viewer, changes: dict[str, object], sight: Sight) -> None:
    assert sees(RULES, viewer, HANDOFF.model_copy(update=changes)) is sight


def test_without_rules_only_the_parties_see_anything() -> None:
    assert sees(None, LOCAL, HANDOFF) is Sight.NOTHING
    assert sees(None, Viewer(org="kommun-a"), HANDOFF) is Sight.STEPS


def test_a_kind_that_nobody_wrote_sends_nothing() -> None:
    seen = preview("unheard-of", "police", everything_for("police"))
    assert seen.empty
    assert {one.code for one in seen.withheld} == {WhyWithheld.NOT_NEEDED}
    assert verdicts(RULES, sending("unheard-of", "police"), "social-services", everything_for("police"), NOW) == {}
    unknown = verdicts(RULES, sending("release", "police"), "stranger", everything_for("police"), NOW)
    assert {one.reason for one in unknown.values()} == {Reason.NO_RULE}


def test_the_field_names_of_the_vault_and_of_the_rules_agree() -> None:
    """What the desk keeps today under these categories has its fields in the rules."""
    from models.desk import AssessmentRecord
    from models.intake import Address, Person, SafeContact

    fields = {code: set(words.fields) for code, words in RULES.categories.items()}
    assert set(SafeContact.model_fields) <= fields[Category.CONTACT]
    assert set(Address.model_fields) <= fields[Category.ADDRESS]
    assert set(AssessmentRecord.model_fields) - fields[Category.ASSESSMENT] == {"assessor"}
    assert set(Person.model_fields) - fields[Category.IDENTITY] == {"protection_mark", "protection_ends"}
