"""Rule packs: read in three layers, the same from the same files, and chosen by the day."""

from __future__ import annotations

import re
import shutil
from datetime import date, time
from pathlib import Path

import pytest

from activities.directory import load_directory
from activities.rule_packs import ENGINE, PACKS, BadPack, load_pack, pack_on, read_pack, term
from models.calendars import End
from models.handoffs import Act, DeadlineName
from models.packs import DeadlineRule, IfMissed, IfUnanswered, Mode, RulePack
from models.words import Code, Function, Urgency
from rules.checks import faults
from rules.turn import FIND_ANOTHER_WAY, PLAN_OR_CLOSE

SHIPPED = PACKS / "2026-07-01"
EXAMPLE = Path(__file__).parent.parent / "examples" / "rules" / "soc-0381.toml"
PACK = load_pack(SHIPPED)
ACK, DECISION, COMPLETION = DeadlineName.ACKNOWLEDGEMENT, DeadlineName.DECISION, DeadlineName.COMPLETION
FILES = sorted(path.relative_to(SHIPPED).as_posix() for path in SHIPPED.rglob("*.toml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped pack that a test may change."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "2026-07-01"))


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def with_layer(folder: Path, text: str, name: str = "own.toml") -> Path:
    (folder / "overlays").mkdir(exist_ok=True)
    (folder / "overlays" / name).write_text(text, encoding="utf-8")
    return folder


def rule(kind: Code, name: DeadlineName, urgency: Urgency = Urgency.ORDINARY, pack: RulePack = PACK) -> DeadlineRule:
    return pack.kinds[kind].deadlines[urgency][name]


def every_rule(pack: RulePack = PACK) -> list[DeadlineRule]:
    return [r for kind in pack.kinds.values() for rules in kind.deadlines.values() for r in rules.values()]


# --- The shipped pack ---


def test_the_shipped_pack_can_be_used_and_has_nothing_to_look_at() -> None:
    assert read_pack(SHIPPED, {e.id: e.function for e in load_directory().values()}).faults == ()
    assert faults(PACK) == ()
    assert (PACK.effective_from, PACK.engine) == (date(2026, 7, 1), ENGINE)
    assert PACK.calendar.closed_until >= date(2036, 12, 31)


def test_every_rule_says_where_it_is_written() -> None:
    assert all(r.term.source for r in every_rule())
    assert {r.term.source for r in every_rule() if not r.term.statutory} == {
        "policy default",
        'LVU 12 § ("omedelbart"): policy default for the hour',
    }
    assert all(kind.basis for kind in PACK.kinds.values())


@pytest.mark.parametrize(
    ("kind", "name", "within", "source"),
    [
        ("child-concern", ACK, "1 d", "SoL 19:6"),
        ("child-concern", DECISION, "14 d", "SoL 20:1"),
        ("child-concern", COMPLETION, "4 m", "SoL 20:3"),
        ("reporter-answer", DECISION, "1 w", "SoL 19:6, 20:1-3"),
        ("lvu-submission", DECISION, "1 w", "LVU 7 §"),
        ("lvu-court-review", DECISION, "1 w", "LVU 7 §"),
        ("lvu-application", DECISION, "4 w", "LVU 8 §"),
        ("lvu-court-hearing", DECISION, "2 w", "LVU 34 §"),
        ("lvu-13-review", COMPLETION, "6 m", "LVU 13 §"),
        ("lvu-14-review", COMPLETION, "3 m", "LVU 14 §"),
        ("lvm-submission", DECISION, "1 d", "LVM 15 §"),
        ("lvm-court-review", DECISION, "4 d", "LVM 17 §"),
        ("lvm-application", DECISION, "1 w", "LVM 18 §"),
        ("lvm-longest-care", COMPLETION, "6 m", "LVM 20 §"),
        ("shelter-submission", DECISION, "1 w", "2024:79 4:3"),
        ("shelter-application", DECISION, "6 w", "2024:79 4:6"),
        ("shelter-review", COMPLETION, "6 m", "2024:79 5:3, 5:6"),
        ("case-transfer", DECISION, "1 m", "SoL 29:10-11"),
        ("transfer-decision", DECISION, "3 m", "SoL 29:10-11"),
        ("decision-request", DECISION, "4 w", "FL 12 §"),
        ("execute-decision", COMPLETION, "3 m", "SoL 34:1"),
        ("file-request-subject", COMPLETION, "1 m", "GDPR 12.3, 15"),
    ],
)
def test_the_law_s_own_terms_are_those_of_the_domain_brief(
    kind: Code, name: DeadlineName, within: str, source: str
) -> None:
    found = rule(kind, name).term
    assert (found.span, found.clock) == term(within)
    assert (found.source, found.statutory) == (source, True)


def test_a_data_breach_has_72_real_hours_and_never_shifts() -> None:
    found = rule("personal-data-breach", DECISION, Urgency.ACUTE)
    assert (found.term.span, found.term.clock) == term("72 h")
    assert not PACK.ladders[found.ladder].office_hours_only


def test_a_measure_lapses_only_where_the_law_says_so() -> None:
    lapsing = {
        (kind.code, name)
        for kind in PACK.kinds.values()
        for rules in kind.deadlines.values()
        for name, r in rules.items()
        if r.if_missed is IfMissed.LAPSES
    }
    assert lapsing == {
        ("lvu-submission", DECISION),
        ("lvu-application", DECISION),
        ("lvm-submission", DECISION),
        ("lvm-application", DECISION),
        ("lvm-longest-care", COMPLETION),
        ("shelter-submission", DECISION),
        ("shelter-application", DECISION),
    }
    assert rule("lvm-longest-care", COMPLETION).term.end is End.EXPIRY


def test_what_is_not_carried_out_or_not_answered_gives_rise_to_own_work() -> None:
    reports = {
        (kind.code, r.reports)
        for kind in PACK.kinds.values()
        for rules in kind.deadlines.values()
        for r in rules.values()
        if r.reports
    }
    assert reports == {("execute-decision", "report-unexecuted"), ("case-transfer", "consider-ivo")}


def test_a_statute_s_term_is_extended_only_by_whom_the_statute_names() -> None:
    for r in every_rule():
        if r.term.statutory and r.extension:
            assert set(r.extension.by) <= {"court", "board"}
    investigation = rule("child-concern", COMPLETION).extension
    assert investigation is not None
    assert (investigation.by, investigation.grounds) == (("board",), ("special-reasons",))
    assert rule("lvu-13-review", COMPLETION).extension is None


def test_a_policy_deadline_may_be_extended_by_a_manager_but_never_one_in_hours_or_a_countdown() -> None:
    ordinary = rule("support-request", DECISION).extension
    assert ordinary is not None
    assert (ordinary.by, ordinary.most) == (("manager",), term("5 wd")[0])
    assert rule("support-request", ACK).extension is None
    assert rule("support-request", DECISION, Urgency.ACUTE).extension is None
    assert rule("release", COMPLETION).extension is None
    assert rule("find-another-way", DECISION).extension is None


@pytest.mark.parametrize(
    "kind", ["support-request", "child-concern", "municipality-application", "state-care-place", "duty-handover"]
)
def test_what_the_law_lets_nobody_decline_cannot_be_declined(kind: Code) -> None:
    assert not PACK.kinds[kind].may_decline
    assert Act.DECLINE not in PACK.kinds[kind].reasons


def test_not_responsible_is_said_only_by_the_paragraphs_that_say_who_is() -> None:
    disclaimed = {kind.code: kind.disclaims for kind in PACK.kinds.values() if kind.disclaims}
    by_law = ("SoL 29:1", "SoL 29:2", "SoL 29:3", "SoL 29:4")
    assert disclaimed == {"support-request": by_law, "duty-handover": by_law}


def test_only_beds_and_placements_pass_to_the_next_when_nobody_answers() -> None:
    passing = {k.code for k in PACK.kinds.values() if k.if_unanswered is not IfUnanswered.STAY}
    assert passing == {"protected-bed", "placement-question"}


def test_begun_investigations_stay_where_they_began_and_reviews_move_with_the_case() -> None:
    moving = {kind.code for kind in PACK.kinds.values() if kind.moves_with_case}
    assert {"review-3-months", "lvu-13-review", FIND_ANOTHER_WAY, PLAN_OR_CLOSE} <= moving
    assert not moving & {"initial-assessment", "child-investigation", "child-concern", "lvu-submission"}


def test_children_s_and_violence_victims_kinds_never_say_avhoppare_and_no_source_names_chapter_18() -> None:
    for kind in PACK.kinds.values():
        if kind.code != "police-track":
            assert "avhopp" not in (kind.sv + kind.en + kind.basis).lower()
    for path in SHIPPED.rglob("*.toml"):
        assert not re.search(r"OSL 18|18:[1278]\b", path.read_text(encoding="utf-8")), path


def test_nobody_outside_is_told_except_in_the_police_s_own_track() -> None:
    used = {r.ladder for kind in PACK.kinds.values() for rules in kind.deadlines.values() for r in rules.values()}
    assert used == set(PACK.ladders)
    for kind in PACK.kinds.values():
        ladders = {r.ladder for rules in kind.deadlines.values() for r in rules.values()}
        assert ("police-track" in ladders) == kind.opens_track_b


def test_the_guide_shows_rules_as_they_are() -> None:
    guide = (Path(__file__).parent.parent / "docs" / "rules.md").read_text(encoding="utf-8")
    shipped = "\n".join(path.read_text(encoding="utf-8") for path in SHIPPED.rglob("*.toml"))
    shown = [block for block in re.findall(r"```toml\n(.*?)```", guide, re.DOTALL) if block.startswith("[")]
    assert len(shown) == 3
    assert all(block in shipped for block in shown)


# --- Three layers ---


def test_an_example_layer_changes_its_own_organisation_and_nobody_else(folder: Path) -> None:
    pack = load_pack(with_layer(folder, EXAMPLE.read_text(encoding="utf-8"), "soc-0381.toml"))
    own, national = (pack.rules_of("support-request", Urgency.ORDINARY, org) for org in ("soc-0381", "soc-0180"))
    assert own[DECISION].term.span == term("8 wd")[0]
    assert own[DECISION].term.source == "nämndens riktlinje 4"
    assert own[ACK] == national[ACK]
    assert national[DECISION] == rule("support-request", DECISION)
    placement = pack.rules_of("placement-question", Urgency.ORDINARY, "soc-0381")[DECISION]
    assert placement.extension is not None
    assert placement.extension.by == ("manager", "head")
    assert placement.term.source == "own rule of soc-0381"
    assert set(pack.overlays) == {"soc-0381"}
    assert set(pack.overlays["soc-0381"].deadlines) == {
        "support-request",
        "file-request-subject",
        "placement-question",
    }


def test_an_own_calendar_has_the_national_holidays_and_its_own_days(folder: Path) -> None:
    pack = load_pack(with_layer(folder, EXAMPLE.read_text(encoding="utf-8")))
    own = pack.calendar_of("soc-0381")
    assert own.office.opens == time(7, 30)
    assert own.closed_days[date(2026, 12, 28)] == "kommunens-planeringsdag"
    assert own.names["kommunens-planeringsdag"].en == "the municipality's planning day"
    assert own.half_days == {date(2027, 1, 5): time(12)}
    assert set(pack.calendar.closed_days) < set(own.closed_days)
    assert list(own.closed_days) == sorted(own.closed_days)
    assert pack.calendar_of("soc-0180") == pack.calendar == PACK.calendar


def test_a_nationally_closed_day_and_a_half_day_are_in_everybody_s_calendar(folder: Path) -> None:
    edit(folder, "pack.toml", "[office]", '[closures]\n2026-12-23 = { sv = "klämdag", en = "bridge day" }\n\n[office]')
    edit(folder, "pack.toml", "[office]", "[half_days]\n2027-04-30 = 12:00:00\n\n[office]")
    calendar = load_pack(with_layer(folder, EXAMPLE.read_text(encoding="utf-8"))).calendar_of("soc-0381")
    assert calendar.closed_days[date(2026, 12, 23)] == "klamdag"
    assert calendar.half_days == {date(2027, 1, 5): time(12), date(2027, 4, 30): time(12)}


def test_a_term_of_the_law_is_taken_whole_with_who_may_extend_it(folder: Path) -> None:
    edit(
        folder,
        "statute.toml",
        '[sol-20-1]\nsource = "SoL 20:1"\nwithin = "14 d"',
        '[sol-20-1]\nsource = "SoL 20:1 a"\nwithin = "10 d"',
    )
    changed = rule("child-concern", DECISION, pack=load_pack(folder))
    assert (changed.term.span, changed.term.source, changed.term.statutory) == (term("10 d")[0], "SoL 20:1 a", True)
    assert changed.extension == rule("child-concern", DECISION).extension


def test_a_kind_that_is_like_another_says_only_what_differs(folder: Path) -> None:
    base, like = PACK.kinds["threat-assessment"], PACK.kinds["in-depth-assessment"]
    assert like.desk_work == base.desk_work == "conclude-assessment"
    assert like.recipient == (Function.PERSONAL_SECURITY,)
    assert set(base.deadlines) == {Urgency.ORDINARY, Urgency.ACUTE}
    assert set(like.deadlines) == {Urgency.ACUTE}
    edit(folder, "kinds/threat.toml", 'en = "Threat assessment"', 'en = "Threat assessment"\nrepeatable = true')
    assert load_pack(folder).kinds["in-depth-assessment"].repeatable


def test_own_work_is_never_sent_back_and_every_rest_is_watched() -> None:
    for kind in PACK.kinds.values():
        assert not (kind.mode is Mode.ASSIGNMENT and kind.may_return)
        for rules in kind.deadlines.values():
            assert (DeadlineName.HOLD in rules) == kind.may_hold
            assert (DeadlineName.SUPPLEMENT in rules) == (kind.may_return or bool(kind.disclaims))


# --- The same files, the same rules ---


def test_the_same_files_always_give_the_same_digest_also_when_stored_and_read_back(folder: Path) -> None:
    assert re.fullmatch("[0-9a-f]{64}", PACK.digest)
    assert load_pack(SHIPPED).digest == PACK.digest == load_pack(folder).digest
    assert RulePack.model_validate_json(PACK.model_dump_json()).digest == PACK.digest


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("kinds/contact.toml", 'acknowledgement = { within = "1 wd"', 'acknowledgement = { within = "2 wd"'),
        ("statute.toml", 'within = "14 d"', 'within = "13 d"'),
        ("pack.toml", "closes = 16:00:00", "closes = 16:30:00"),
        ("journey.toml", 'when = ["opened", "minor"]', 'when = ["minor", "opened"]'),
    ],
)
def test_a_change_in_any_file_changes_the_digest(folder: Path, name: str, old: str, new: str) -> None:
    edit(folder, name, old, new)
    assert load_pack(folder).digest != PACK.digest


@pytest.mark.parametrize("name", FILES)
def test_comments_line_ends_and_a_byte_order_mark_change_nothing(folder: Path, name: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    (folder / name).write_bytes(("\ufeff# en kommentar till\n" + text).replace("\n", "\r\n").encode())
    assert load_pack(folder).digest == PACK.digest


def test_kinds_in_one_file_or_in_many_are_the_same_kinds(folder: Path) -> None:
    parts = sorted((folder / "kinds").glob("*.toml"))
    (folder / "kinds.toml").write_text("\n".join(p.read_text(encoding="utf-8") for p in parts), encoding="utf-8")
    shutil.rmtree(folder / "kinds")
    assert load_pack(folder).digest == PACK.digest


# --- Chosen by the day ---


def with_a_second_pack(folder: Path) -> Path:
    root = folder.parent
    second = Path(shutil.copytree(folder, root / "2027-07-01"))
    edit(second, "pack.toml", 'name = "2026-07-01"', 'name = "2027-07-01"')
    edit(second, "pack.toml", "effective_from = 2026-07-01", "effective_from = 2027-07-01")
    return root


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2020, 1, 1), "2026-07-01"),
        (date(2026, 7, 1), "2026-07-01"),
        (date(2027, 6, 30), "2026-07-01"),
        (date(2027, 7, 1), "2027-07-01"),
        (date(2035, 1, 1), "2027-07-01"),
    ],
)
def test_the_pack_in_force_on_a_day_is_the_newest_that_has_begun(folder: Path, day: date, name: str) -> None:
    assert pack_on(day, with_a_second_pack(folder)).name == name


def test_rules_that_have_ended_take_no_new_case(folder: Path) -> None:
    edit(folder, "pack.toml", "engine = 2", "effective_until = 2027-06-30\nengine = 2")
    assert pack_on(date(2027, 6, 30), folder.parent).effective_until == date(2027, 6, 30)
    with pytest.raises(BadPack, match="no rules are in force on 2027-07-01"):
        pack_on(date(2027, 7, 1), folder.parent)


def test_an_older_pack_for_an_older_program_stands_beside_the_newer_one_and_is_refused_only_when_chosen(
    folder: Path,
) -> None:
    root = with_a_second_pack(folder)
    edit(folder, "pack.toml", "engine = 2", "engine = 1")
    assert pack_on(date(2027, 7, 1), root).name == "2027-07-01"
    with pytest.raises(BadPack, match="the rules are written for engine 1; this program is engine 2"):
        pack_on(date(2027, 6, 30), root)


def test_holidays_on_weekdays_are_closed_days_and_the_eves_too() -> None:
    closed = set(PACK.calendar.closed_days)
    assert {date(2026, 12, 24), date(2026, 12, 31), date(2027, 6, 25), date(2027, 3, 26)} <= closed
    assert all(day.weekday() < 5 for day in closed)
