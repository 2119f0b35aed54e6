"""Rules are checked before anybody works under them: each fault with its file, its line and a sentence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from activities.rule_packs import BadPack, load_pack, read_pack
from models.handoffs import DeadlineName
from models.packs import Met
from models.words import Function, Urgency
from rules.checks import faults
from tests import spoiled_kinds, spoiled_packs
from tests.rules_spoiling import (
    COURTS,
    CUSTODY,
    JOURNEY,
    OWN,
    PACK,
    POLICE,
    STATUTE,
    SUPPORT,
    THREAT,
    Spoiled,
    line_of,
    told,
)
from tests.test_rule_packs import EXAMPLE, SHIPPED, edit, with_layer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped pack that a test may spoil."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "2026-07-01"))


@pytest.mark.parametrize("case", spoiled_packs.FAULTS + spoiled_kinds.FAULTS, ids=lambda case: case.said[:60])
def test_a_fault_is_told_with_its_file_its_line_and_a_sentence(folder: Path, case: Spoiled) -> None:
    edit(folder, case.name, case.old, case.new)
    fault = told(folder, case.name, case.at or case.new.splitlines()[0], case.said)
    assert not fault.warning
    with pytest.raises(BadPack) as refused:
        load_pack(folder)
    assert f"{fault.file}:{fault.line}: {fault.sv} | {fault.en}" in str(refused.value)


@pytest.mark.parametrize("kind", ["plan-or-close", "find-another-way"])
def test_without_the_tasks_that_the_core_gives_a_pack_is_refused(folder: Path, kind: str) -> None:
    path = folder / SUPPORT
    path.write_text(path.read_text(encoding="utf-8").replace(f"[{kind}", "[something-else"), encoding="utf-8")
    fault = next(f for f in read_pack(folder).wrong if f"the kind {kind} is missing" in f.en)
    assert "skulle inte ha någon ägare" in fault.sv


def test_a_kind_that_is_renamed_leaves_a_step_behind_and_that_is_said(folder: Path) -> None:
    path = folder / CUSTODY
    path.write_text(path.read_text(encoding="utf-8").replace("[release", "[discharge"), encoding="utf-8")
    told(folder, JOURNEY, 'kind = "release"', "the step release creates a release, which is not a kind")


def test_own_work_that_nobody_may_send_and_no_step_creates_can_never_come_about(folder: Path) -> None:
    edit(
        folder,
        COURTS,
        "[lvm-longest-care]",
        '[lvm-cost]\nlike = "lvm-longest-care"\nfrom = []\nto = []\n[lvm-longest-care]',
    )
    told(folder, COURTS, "[lvm-cost]", "lvm-cost can never come about: nobody may send it (to)")


def test_steps_that_wait_for_each_other_are_found(folder: Path) -> None:
    edit(folder, JOURNEY, 'when = ["known:lvu-decided"]', 'when = ["known:lvu-decided", "completed:lvu-application"]')
    edit(folder, JOURNEY, 'when = ["known:lvu-executed"]', 'when = ["known:lvu-executed", "completed:lvu-submission"]')
    wrong = [fault.en for fault in read_pack(folder).wrong]
    for step in ("lvu-submission", "lvu-application", "lvu-court-review", "lvu-court-hearing"):
        assert f"the step {step} can never be taken: it waits for what only it can lead to" in wrong


def test_a_circle_of_likes_is_told_with_the_way_round(folder: Path) -> None:
    edit(folder, THREAT, 'like = "threat-assessment"', 'like = "own-risk-assessment"')
    edit(folder, THREAT, "[own-risk-assessment]\n", '[own-risk-assessment]\nlike = "in-depth-assessment"\n')
    told(
        folder,
        THREAT,
        'like = "own-risk-assessment"',
        "in-depth-assessment is like itself: in-depth-assessment → own-risk-assessment → in-depth-assessment",
    )


def test_a_fault_in_what_another_kind_takes_over_is_told_where_it_is_written(folder: Path) -> None:
    edit(folder, COURTS, 'mode = "assignment"', 'mode = "assignement"')
    found = [fault for fault in read_pack(folder).wrong if "mode" in fault.en]
    assert {fault.line for fault in found} == {line_of(folder / COURTS, 'mode = "assignement"')}


def test_every_fault_is_told_at_once_in_the_order_of_the_files(folder: Path) -> None:
    edit(folder, PACK, "Europe/Stockholm", "Europe/Atlantis")
    edit(folder, PACK, 'after = "1 wd"', 'after = "5 wd"')
    edit(folder, POLICE, 'needs_consent = "police-track"\nopens_track_b', "opens_track_b")
    edit(folder, JOURNEY, "need:relocation", "need:relocaton")
    wrong = read_pack(folder).wrong
    assert [fault.file.relative_to(folder).as_posix() for fault in wrong] == [PACK, PACK, POLICE, JOURNEY]


# --- Warnings: told, and nothing is refused ---


@pytest.mark.parametrize(
    "case",
    [
        Spoiled(
            STATUTE, "[lvu-7-submit]", '[law-1]\nsource = "law 1"\nwithin = "1 d"\n[lvu-7-submit]', "no kind uses law-1"
        ),
        Spoiled(
            PACK,
            "[ladders.acute]",
            '[ladders.spare]\noffice_hours_only = true\nrungs = [{ to = ["owner:head"] }]\n'
            'recurs = [{ every = "1 wd" }]\n[ladders.acute]',
            "the ladder spare is not used",
        ),
        Spoiled(
            PACK,
            "[office]",
            '[closures]\n2027-01-02 = { sv = "lov", en = "break" }\n[office]',
            "2027-01-02 is a weekend already",
            "2027-01-02",
        ),
        Spoiled(
            PACK,
            "lvu-decided =",
            'moved = { sv = "flytt", en = "move" }\nlvu-decided =',
            "the day moved can be recorded, but nothing counts from it",
        ),
        Spoiled(
            SUPPORT,
            'may_decline = true\nrepeatable = true\nif_unmet = "find-another-way"',
            'may_decline = true\nrepeatable = true\nif_unmet = "next-candidate"',
            "intervention asks the next candidate, but no step finds any",
            "[intervention]",
        ),
        Spoiled(
            JOURNEY,
            'when = ["known:decided"]\n\n',
            'when = ["known:decided"]\nanchor = "decided"\n\n',
            "names a day, but no deadline of execute-decision counts from it",
            'anchor = "decided"',
        ),
    ],
    ids=lambda case: case.said[:60],
)
def test_what_is_odd_but_harmless_is_a_warning(folder: Path, case: Spoiled) -> None:
    edit(folder, case.name, case.old, case.new)
    assert told(folder, case.name, case.at or case.new.splitlines()[0], case.said).warning
    assert load_pack(folder).kinds


# --- An organisation's own layer ---

LAYER = 'organisation = "soc-0180"\nfunction = "social-services"\n'


def own(kind: str, urgency: str, deadline: str) -> str:
    return f"{LAYER}[kinds.{kind}.{urgency}]\n{deadline}\n"


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        (
            own("child-concern", "ordinary", 'decision = { within = "10 d" }'),
            "decision",
            "is the law's own term (SoL 20:1) and can't be changed here",
        ),
        (
            own("file-request-subject", "ordinary", 'decision = { within = "32 d" }'),
            "decision",
            "goes beyond the statute's term (GDPR 12.3, 15)",
        ),
        (
            own("support-request", "ordinary", 'decision = { within = "8 wd", ladder = "rope" }'),
            "decision",
            "uses the ladder rope, which is not there",
        ),
        (
            own("support-request", "acute", 'decision = { within = "24 h", ladder = "ordinary" }'),
            "decision",
            "the ladder ordinary sounds more seldom than acute",
        ),
        (
            own("support-request", "ordinary", 'decision = { within = "3 h" }'),
            "decision",
            "runs around the clock, but the ladder ordinary",
        ),
        (
            own("support-request", "ordinary", 'decision = { within = "8 wd", met = "answered" }'),
            "decision",
            "decision.met is no word that belongs here",
        ),
        (
            own("support-request", "ordinary", 'decision = { statute = "sol-20-1" }'),
            "decision",
            "decision.statute is no word that belongs here",
        ),
        (
            own("support-request", "ordinary", 'completion = { within = "8 wd" }'),
            "completion",
            "support-request (ordinary) has no deadline called completion",
        ),
        (
            own("support-request", "ordinary", 'decison = { within = "8 wd" }'),
            "decison",
            "ordinary.decison is none of the permitted values",
        ),
        (
            own("support-request", "hasty", 'decision = { within = "8 wd" }'),
            "[kinds.support-request.hasty]",
            "support-request.hasty is none of the permitted",
        ),
        (
            own("shelter-visit", "ordinary", 'decision = { within = "8 wd" }'),
            "[kinds.shelter-visit",
            "the kind shelter-visit is not there",
        ),
        (
            own("threat-assessment", "ordinary", 'decision = { within = "8 wd" }'),
            "decision",
            "social-services never owes this: it is a matter for police",
        ),
        (
            LAYER + "[ladders.slow]\noffice_hours_only = true\n",
            "[ladders.slow]",
            "overlays.own.ladders is no word that belongs here",
        ),
        (
            LAYER.replace("social-services", "town-hall"),
            "function",
            "overlays.own.function is none of the permitted values",
        ),
        ('function = "social-services"\n', "function", "overlays.own.organisation is missing"),
        (LAYER + "[office]\nopens = 09:00:00\ncloses = 08:00:00\n", "[office]", "the office closes before it opens"),
        (LAYER + "[half_days]\n2027-01-06 = 12:00:00\n", "2027-01-06", "2027-01-06 is a closed day already"),
        (
            own(
                "support-request",
                "ordinary",
                'decision = { extension = { by = ["mayor"], grounds = ["x"], most = "1 wd" } }',
            ),
            "decision",
            "unknown role mayor",
        ),
        (
            own("support-request", "ordinary", 'decision = { within = "10 wd" }'),
            "decision",
            "says the same as nationally",
        ),
    ],
)
def test_an_own_layer_never_goes_beyond_what_is_its_own(folder: Path, text: str, at: str, said: str) -> None:
    with_layer(folder, text)
    fault = told(folder, OWN, at, said)
    assert fault.warning == (said == "says the same as nationally")


def test_a_layer_that_did_not_come_from_a_file_is_held_to_the_same(folder: Path) -> None:
    pack = load_pack(with_layer(folder, own("support-request", "ordinary", 'decision = { within = "8 wd" }')))
    layer = pack.overlays["soc-0180"]
    rule = layer.deadlines["support-request"][Urgency.ORDINARY][DeadlineName.DECISION]
    other = rule.model_copy(update={"met": Met.ANSWERED})
    for code, changed, said in (
        ("no-such", rule, "is not there nationally"),
        ("support-request", other, "only time, ladder and extension can be one's own"),
    ):
        deadlines = {code: {Urgency.ORDINARY: {DeadlineName.DECISION: changed}}}
        spoiled = {"soc-0180": layer.model_copy(update={"deadlines": deadlines})}
        found = [fault.en for fault in faults(pack.model_copy(update={"overlays": spoiled}))]
        assert len(found) == 1
        assert said in found[0]


def test_a_layer_may_go_as_far_as_the_statute_and_not_a_day_further(folder: Path) -> None:
    kind = "file-request-subject"
    assert load_pack(with_layer(folder, own(kind, "ordinary", 'decision = { within = "28 d" }'))).overlays
    with_layer(folder, own(kind, "ordinary", 'decision = { within = "29 d" }'))
    told(folder, OWN, "decision", "goes beyond the statute's term (GDPR 12.3, 15), for example from 20")


def test_a_layer_may_not_choose_a_ladder_that_comes_back_more_seldom(folder: Path) -> None:
    edit(folder, PACK, '{ every = "24 h" }]', '{ every = "4 h" }]')
    with_layer(folder, own("support-request", "acute", 'decision = { ladder = "lapsing" }'))
    told(folder, OWN, "decision", "the ladder lapsing sounds more seldom than acute")


def test_an_organisation_has_one_layer_in_a_pack(folder: Path) -> None:
    with_layer(with_layer(folder, LAYER), "# den andra\n" + LAYER, "zzz.toml")
    told(folder, "overlays/zzz.toml", "organisation", "soc-0180 has a layer of its own already, in another file")


def test_a_layer_of_an_organisation_that_the_directory_does_not_know_is_told(folder: Path) -> None:
    known = {"soc-0180": Function.POLICE}
    with_layer(with_layer(folder, LAYER), LAYER.replace("soc-0180", "soc-018o"), "zzz.toml")
    found = {(f.file.name, f.line, f.en, f.warning) for f in read_pack(folder, known).faults}
    assert found == {
        ("own.toml", 2, "soc-0180 is police in the directory", False),
        ("zzz.toml", 1, "soc-018o is not in the directory", True),
    }
    assert read_pack(folder).faults == ()


def test_a_layer_that_makes_the_pack_too_large_to_carry_is_refused(folder: Path) -> None:
    example = EXAMPLE.read_text(encoding="utf-8")
    for number in range(60):
        with_layer(folder, example.replace("soc-0381", f"soc-{number:04}"), f"{number}.toml")
    (fault,) = read_pack(folder).wrong
    assert "the rules are too large" in fault.en
