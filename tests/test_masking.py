"""What is shown to somebody who has not said why they look tells nobody who it is about, or where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.desk import Category
from rules.masking import DOTS, initials, masked

SECRET = "Kanariefågel"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
KNOWN = {
    Category.IDENTITY: ({"person": {"name": "Eva Kanariefågel", "personnummer": "199001010017"}}, f"E{DOTS}"),
    Category.CONTACT: ({"safe_contact": {"channel": "phone", "value": SECRET, "hours": SECRET}}, f"phone {DOTS}"),
    Category.ADDRESS: ({"purpose": "stay", "lines": [SECRET], "municipality": "0381"}, DOTS),
    Category.PROTECTION_MARK: ({"marked": "ja | yes"}, "ja | yes"),
    Category.RELATIVES: ({"relatives": [{"name": SECRET}]}, DOTS),
    Category.NOTE: ({"note": SECRET}, DOTS),
    Category.SOCIAL_FILE: ({"social_file": {"need": SECRET}}, DOTS),
    Category.ASSESSMENT: ({"level": SECRET, "advice": SECRET}, DOTS),
    Category.OWN_RISK_ASSESSMENT: ({"level": SECRET}, DOTS),
    Category.THREAT_SOURCE: ({"threat_source": SECRET}, DOTS),
    Category.HEALTH: ({"health": {"care_needs": SECRET}}, DOTS),
    Category.CRIMINAL_RECORD: ({"criminal_record": {"text": SECRET}}, DOTS),
    Category.PLACEMENT: ({"excluded": ["0180"]}, DOTS),
    Category.ENVIRONMENT: ({"environment": SECRET}, DOTS),
}


def test_every_category_has_its_mask() -> None:
    assert set(KNOWN) == set(Category)


@pytest.mark.parametrize("category", list(Category))
def test_a_category_shows_this_and_no_more(category: Category) -> None:
    content, shown = KNOWN[category]
    assert masked(category, content) == shown


def test_what_was_sent_here_is_masked_as_what_was_taken_down_here() -> None:
    sent = {"name": "Eva Kanariefågel", "personnummer": "199001010017"}
    assert masked(Category.IDENTITY, sent) == DOTS
    assert masked(Category.CONTACT, {"channel": "phone", "value": SECRET}) == DOTS


@pytest.mark.parametrize("name", ["", " ", "\t", "\n"])
def test_nobodys_name_has_no_initial(name: str) -> None:
    assert initials(name) == ""
    assert masked(Category.IDENTITY, {"person": {"name": name}}) == DOTS
    assert masked(Category.IDENTITY, {"person": {}}) == DOTS


@given(st.text(max_size=60))
def test_of_a_name_no_more_than_its_first_letter_is_shown(name: str) -> None:
    shown = initials(name)
    assert shown.endswith(DOTS) or shown == ""
    assert len(shown.removesuffix(DOTS)) <= len("ß".upper())


@given(st.sampled_from(sorted(set(Category) - {Category.PROTECTION_MARK})), JSON)
def test_whatever_is_kept_no_value_of_it_is_shown_whole(category: Category, content: object) -> None:
    """But the kind of contact: a word of a list, where the vault's own words were kept."""
    assert masked(category, content) in (DOTS, f"{DOTS}") or category in (Category.IDENTITY, Category.CONTACT)
    wrapped = {"person": {"name": "q" + str(content)}, "safe_contact": {"channel": "phone", "value": str(content)}}
    assert masked(category, wrapped) in (DOTS, f"Q{DOTS}", f"phone {DOTS}")
