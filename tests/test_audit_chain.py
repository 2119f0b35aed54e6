"""The chain: whatever is changed, removed, put in or moved is found, and nothing personal gets in."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Engine, text

from activities.audit import AuditLog, kept_of
from activities.stores import open_database
from models.access import the_system
from models.audit import AuditEntry, Checkpoint
from models.words import case_reference
from rules.audit import (
    CLOCK_SET_BACK,
    Break,
    Kept,
    anchor,
    canonical,
    first_break,
    link_of,
    linked,
    read_through,
    seal,
    sortable,
    unfit,
)
from tests.audit_support import CASES, ORG, an_entry, entries, unguard
from tests.databases import Databases

DAMAGES = 1_500
LINKS = 60
NOW = datetime(2027, 1, 5, 10, tzinfo=UTC)


def chain_of(*told: AuditEntry, chain: str = ORG) -> list[Kept]:
    kept: list[Kept] = []
    for entry in told:
        kept += linked(entry, kept[-1] if kept else None, chain)
    return kept


def signed(link: Kept) -> Checkpoint:
    return Checkpoint(chain=ORG, seq=link.seq, digest=link.digest, at=NOW, key="k", signature="s")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    """A desk in which a day's work has been written."""
    opened = open_database(databases.url(request.param, "desk"))
    log = AuditLog(opened, ORG)
    for entry in entries(LINKS):
        log.write(entry)
    yield opened
    opened.dispose()


def rows_of(engine: Engine) -> list[Kept]:
    with engine.connect() as connection:
        return [kept_of(row) for row in connection.execute(text("select * from audit order by seq"))]


# --- a thousand ways to touch a chain that is really stored --------------------------------------------


def changed_byte(kept: list[Kept], chance: random.Random) -> None:
    place, field = chance.randrange(len(kept)), chance.choice(Kept._fields)
    before = getattr(kept[place], field)
    raw = bytearray(str(before or "-").encode())
    where = chance.randrange(len(raw))
    raw[where] = chance.choice([byte for byte in range(256) if byte != raw[where]])
    after: Any = raw.decode("utf-8", "replace")
    if field == "seq":
        after = int(after) if after.isascii() and after.isdecimal() else -1
        if after == before:  # 03 is 3 again
            after = before + 1
    kept[place] = kept[place]._replace(**{field: after})


def removed(kept: list[Kept], chance: random.Random) -> None:
    first = chance.randrange(len(kept))
    del kept[first : first + chance.randrange(1, 4)]


def put_in(kept: list[Kept], chance: random.Random) -> None:
    """A link that was never written, sealed as well as it can be, with the later ones' numbers moved along or not."""
    place = chance.randrange(len(kept))
    entry = an_entry(user=f"handl-{chance.randrange(99):02}")
    after = kept[place - 1] if place else None
    forged = linked(entry.model_copy(update={"at": datetime.fromisoformat(kept[max(place - 1, 0)].at)}), after, ORG)
    moved = chance.random() < 0.7
    kept[place:] = [*forged, *(k._replace(seq=k.seq + 1) if moved else k for k in kept[place:])]


def moved_about(kept: list[Kept], chance: random.Random) -> None:
    """Two links change places: as they stand, or their contents only."""
    one, other = chance.sample(range(len(kept)), 2)
    first, second = kept[one], kept[other]
    match chance.randrange(3):
        case 0:
            kept[one], kept[other] = second, first
        case 1:
            kept[one], kept[other] = second._replace(seq=first.seq), first._replace(seq=second.seq)
        case 2:
            kept[one] = second._replace(seq=first.seq, previous=first.previous, digest=first.digest)
            kept[other] = first._replace(seq=second.seq, previous=second.previous, digest=second.digest)


def test_every_random_change_removal_insertion_and_reordering_is_found(engine: Engine) -> None:
    whole = rows_of(engine)
    checkpoint = signed(whole[-1])
    assert first_break(whole, ORG, [checkpoint]) is None
    found: Counter[tuple[str, str]] = Counter()
    ways: tuple[Callable[[list[Kept], random.Random], None], ...] = (changed_byte, removed, put_in, moved_about)
    for seed in range(DAMAGES):
        chance, touched = random.Random(seed), list(whole)
        way = chance.choice(ways)
        way(touched, chance)
        assert touched != whole, (seed, way.__name__)
        stored = touched if way is moved_about else sorted(touched, key=lambda link: link.seq)
        broken = first_break(stored, ORG, [checkpoint])
        assert broken is not None, (seed, way.__name__)
        found[way.__name__, broken.code] += 1
    print(f"\n{engine.dialect.name}: {DAMAGES} of {DAMAGES} found:", dict(found))
    assert {way for way, _ in found} == {way.__name__ for way in ways}


def test_every_single_byte_of_a_link_is_covered(engine: Engine) -> None:
    whole = rows_of(engine)[:3]
    checkpoint, tried = signed(whole[-1]), 0
    for field in ("at", "user", "case", "content", "previous", "digest"):
        raw = str(getattr(whole[1], field)).encode()
        for place in range(len(raw)):
            altered = bytearray(raw)
            altered[place] ^= 1
            change: dict[str, Any] = {field: altered.decode("utf-8", "replace")}
            touched = [whole[0], whole[1]._replace(**change), whole[2]]
            assert first_break(touched, ORG, [checkpoint]) is not None, (field, place)
            tried += 1
    assert tried > 400


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("update audit set content = replace(content, 'handl-07', 'handl-08') where seq = 6", Break("changed", 6)),
        ("update audit set digest = previous where seq = 6", Break("changed", 6)),
        ("update audit set \"user\" = 'handl-99' where seq = 6", Break("misfiled", 6)),
        ('update audit set "case" = null where seq = 6', Break("misfiled", 6)),
        ("update audit set at = '2020-01-01T00:00:00.000000Z' where seq = 6", Break("misfiled", 6)),
        ("delete from audit where seq = 6", Break("missing", 6)),
        ("delete from audit where seq = 1", Break("missing", 1)),
        ("update audit set seq = 600 where seq = 60", Break("missing", 60)),
        ("update audit set seq = -1 where seq = 3", Break("out-of-order", -1)),
    ],
)
def test_a_change_in_the_database_is_found_where_it_is(
    engine: Engine, databases: Databases, change: str, found: Break
) -> None:
    copied = open_database(databases.url(engine.dialect.name, "desk"))
    with copied.begin() as connection:
        for link in rows_of(engine):
            connection.execute(
                text("insert into audit values (:seq, :at, :user, :case, :content, :previous, :digest)"), link._asdict()
            )
    log = AuditLog(copied, ORG)
    assert log.broken() is None
    unguard(copied)
    with copied.begin() as connection:
        connection.execute(text(change))
    assert log.broken() == found
    copied.dispose()


def test_what_is_not_even_text_is_found_and_stops_nothing(databases: Databases) -> None:
    desk = open_database(databases.url("sqlite", "desk"))
    log = AuditLog(desk, ORG)
    for entry in entries(10):
        log.write(entry)
    unguard(desk)
    for column in ("content", "previous", "at"):
        with desk.begin() as connection:
            kept = connection.scalar(text(f"select {column} from audit where seq = 4"))  # noqa: S608
            connection.execute(text(f"update audit set {column} = cast(x'ff41' as text) where seq = 4"))  # noqa: S608
        broken = log.broken()
        assert broken is not None
        assert broken.seq == 4
        with desk.begin() as connection:
            connection.execute(text(f"update audit set {column} = :kept where seq = 4"), {"kept": kept})  # noqa: S608
    assert log.broken() is None
    desk.dispose()


# --- what seals it -----------------------------------------------------------------------------------


def test_a_seal_is_the_digest_of_canonical_json_of_the_entry_its_place_and_the_link_before() -> None:
    first, second = chain_of(an_entry(at=NOW), an_entry(at=NOW, user="handl-08"))
    entry = link_of(second).entry
    whole: dict[str, Any] = {"entry": entry.model_dump(mode="json"), "previous": first.digest, "seq": 2}
    assert second.digest == sha256(rfc8785.dumps(whole)).hexdigest()
    assert first.previous == anchor(ORG) != anchor("soc-0180")


def test_one_desks_chain_is_not_anothers() -> None:
    assert first_break(chain_of(*entries(3), chain="soc-0180"), ORG) == Break("unlinked", 1)


def test_a_chain_computed_anew_by_whoever_owns_the_database_is_found_by_an_earlier_checkpoint() -> None:
    told = entries(20)
    true = chain_of(*told)
    told[4] = told[4].model_copy(update={"user": "handl-99"})
    rewritten = chain_of(*told)
    assert first_break(rewritten, ORG) is None
    assert first_break(rewritten, ORG, [signed(true[3])]) is None
    assert first_break(rewritten, ORG, [signed(true[3]), signed(true[9])]) == Break("rewritten", 10)


def test_a_cut_off_end_is_found_by_a_checkpoint_and_only_by_one() -> None:
    true = chain_of(*entries(20))
    assert first_break(true[:12], ORG) is None
    assert first_break(true[:12], ORG, [signed(true[11])]) is None
    assert first_break(true[:12], ORG, [signed(true[14])]) == Break("cut-off", 13)
    assert first_break([], ORG, [signed(true[14])]) == Break("cut-off", 1)


def test_two_checkpoints_that_disagree_can_not_both_be_right() -> None:
    true = chain_of(*entries(5))
    other = signed(true[3]).model_copy(update={"digest": true[2].digest})
    assert first_break(true, ORG, [signed(true[3]), other]) == Break("rewritten", 4)


# --- the clock ---------------------------------------------------------------------------------------


def test_an_entry_of_a_clock_that_is_a_little_behind_stands_at_the_time_of_the_one_before() -> None:
    one, other = chain_of(an_entry(at=NOW), an_entry(at=NOW - timedelta(seconds=90)))
    assert other.at == one.at
    assert link_of(other).entry.at == NOW
    assert first_break([one, other], ORG) is None


def test_a_clock_that_was_set_back_is_marked_and_the_entry_keeps_its_time() -> None:
    ahead = NOW + timedelta(days=3_650)
    kept = chain_of(an_entry(at=ahead), an_entry(at=NOW), an_entry(at=NOW + timedelta(seconds=1)))
    told = [link_of(link).entry for link in kept]
    assert [entry.action for entry in told] == ["read", CLOCK_SET_BACK, "read", "read"]
    assert [entry.at for entry in told] == [ahead, NOW, NOW, NOW + timedelta(seconds=1)]
    read = read_through(kept, ORG)
    assert (read.broken, read.set_back) == (None, (2,))


def test_an_entry_that_goes_back_in_time_without_a_mark_is_found() -> None:
    first, second = chain_of(an_entry(at=NOW), an_entry(at=NOW))
    entry = an_entry(at=NOW - timedelta(microseconds=1))
    content = canonical(entry)
    earlier = Kept(2, sortable(entry.at), entry.user, entry.case, content, first.digest, seal(2, content, first.digest))
    assert first_break([first, second], ORG) is None
    assert first_break([first, earlier], ORG) == Break("backwards", 2)


# --- properties --------------------------------------------------------------------------------------

INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ENTRIES = st.builds(
    an_entry,
    at=INSTANTS,
    user=st.sampled_from(["handl-01", "chef-02", "jour.03"]),
    case=st.sampled_from([None, *CASES]),
    action=st.sampled_from(["read", "view-address", "disclose", "refused"]),
    subject=st.one_of(st.none(), st.uuids().map(str), st.sampled_from(["H1", "revision-3"])),
    outcome=st.sampled_from(["done", "not-on-the-list"]),
)


@settings(max_examples=150)
@given(st.lists(ENTRIES, max_size=25))
def test_whatever_is_written_in_whatever_time_verifies_and_is_read_back_as_it_was(told: list[AuditEntry]) -> None:
    kept = chain_of(*told)
    read = read_through(kept, ORG)
    assert (read.broken, read.links, len(kept) - len(told)) == (None, len(kept), len(read.set_back))
    back = [link_of(link).entry for link in kept]
    written = [entry for entry in back if entry.action != CLOCK_SET_BACK]
    assert [e.model_dump(exclude={"at"}) for e in written] == [e.model_dump(exclude={"at"}) for e in told]
    assert all(abs(one.at - other.at) <= timedelta(minutes=2) for one, other in zip(written, told, strict=True))
    for before, after in pairwise(back):
        assert after.at >= before.at or after.action == CLOCK_SET_BACK


@settings(max_examples=200)
@given(st.lists(ENTRIES, min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_any_touch_on_any_chain_is_found(told: list[AuditEntry], chance: random.Random) -> None:
    whole = chain_of(*told)
    for way in (changed_byte, removed, put_in, moved_about):
        touched = list(whole)
        way(touched, chance)
        same = touched == whole  # two entries that say the same have changed places
        assert (first_break(touched, ORG, [signed(whole[-1])]) is None) == same, way.__name__


# --- what may not be in it ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told",
    [
        {"action": "läste hela akten"},
        {"action": "Read"},
        {"outcome": "för att Anna ringde"},
        {"ground": "hon bad om det"},
        {"categories": ("adress: Storgatan 1",)},
        {"user": "Anna Andersson"},
        {"subject": "x" * 65},
        {"recipient": "anna@example.se"},
        {"note": "free text"},
    ],
)
def test_an_entry_has_no_room_for_words(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        an_entry(**told)
    assert str(next(iter(told.values()))) not in str(caught.value)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"subject": "Anna Andersson"}, "subject"),
        ({"subject": "Storgatan 1"}, "subject"),
        ({"subject": "Åsa"}, "subject"),
        ({"subject": "anna@example.se"}, "subject"),
        ({"subject": "19800101-1234"}, "subject"),
        ({"subject": "+46701740605"}, "subject"),
        ({"subject": "070-1740605"}, "subject"),
        ({"subject": f"{uuid4()}/Anna"}, "subject"),
        ({"subject": ""}, "subject"),
        ({"case": "U-0000-0001"}, "case"),
        ({"case": "Anna Andersson"}, "case"),
        ({"user": "p800101-1234"}, "user"),
        ({"action": "read-198001011234"}, "action"),
        ({"outcome": "tel-0701740605"}, "outcome"),
        ({"ground": "g-12345"}, "ground"),
        ({"categories": ("identity", "p8001011234")}, "categories"),
    ],
)
def test_what_looks_personal_does_not_fit(told: dict[str, Any], field: str) -> None:
    assert unfit(an_entry(**told)) == field


@pytest.mark.parametrize(
    "subject",
    [
        str(uuid4()), "H12", "revision-123456", case_reference(77), f"{case_reference(77)}/H3", "a" * 64, "handl-07",
        "A2B3C4D5E6F7" * 4 + "A2BQ", f"H1:{uuid4()}", "protected-bed", "b.andersen",
    ],
)  # fmt: skip
def test_identifiers_fit(subject: str) -> None:
    assert unfit(an_entry(subject=subject)) is None


def test_a_desks_own_programs_and_the_plane_fit() -> None:
    refused = AuditEntry(at=NOW, **dict(the_system("polisen-mitt")), action="submit", outcome="not-your-case")
    assert unfit(refused) is None
    assert first_break(chain_of(refused, chain="plane"), "plane") is None
