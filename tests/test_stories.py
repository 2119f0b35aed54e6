"""The acceptance stories on a real stack: deadlines and rungs as worked out by hand in the stories."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from console.casework import Casework
from console.stories import EXAMPLES, Play, load_story
from models.case import CaseState
from models.events import ClockMoved, Event, Opened
from models.words import CaseRef, TrackB
from rules.case import fold
from tests.support import register_of

STOCKHOLM = ZoneInfo("Europe/Stockholm")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@pytest.fixture(scope="module")
def cases() -> dict[str, CaseRef]:
    """Stories already played in this module, by name."""
    return {}


async def played(casework: Casework, name: str, cases: dict[str, CaseRef]) -> CaseRef:
    if name in cases:
        return cases[name]
    play = Play(casework, load_story(EXAMPLES / name), lambda _case, _said: None)
    case = await play.open()
    more = True
    while more:
        more = await play.step()
    cases[name] = case
    return case


def told(instant: datetime) -> str:
    """`tue 2027-01-05 22:46`, local, to the minute."""
    here = instant.astimezone(STOCKHOLM)
    return f"{DAYS[here.weekday()]} {here:%Y-%m-%d %H:%M}"


class Story:
    """What the register says of a played story, with handoffs named by kind and number (`protected-bed 2`)."""

    def __init__(self, casework: Casework, case: CaseRef) -> None:
        self.case = case
        self.names: dict[str, str] = {}
        counts: dict[str, int] = {}
        self.handoffs = {}
        for row in register_of(casework).handoffs(case):
            counts[row.kind] = counts.get(row.kind, 0) + 1
            self.names[row.id] = f"{row.kind} {counts[row.kind]}"
            self.handoffs[self.names[row.id]] = row
        self.due = {
            (self.names[row.handoff], row.name): told(row.due)
            for row in register_of(casework).deadlines(case, ended=True)
        }
        self.rungs: dict[tuple[str, str], list[str]] = {}
        self.receivers: dict[tuple[str, str], list[list[str]]] = {}
        for firing in register_of(casework).firings(case):
            key = (self.names[firing.handoff], firing.deadline)
            repeat = f"+{firing.recurrence}" if firing.recurrence else ""
            self.rungs.setdefault(key, []).append(f"{firing.rung}{repeat} {told(firing.due)}")
            self.receivers.setdefault(key, []).append(firing.receivers)


async def test_story_1_an_acute_threat_at_night(casework: Casework, cases: dict[str, CaseRef]) -> None:
    story = Story(casework, await played(casework, "1-akut-natt", cases))
    expected = {
        ("threat-assessment 1", "acknowledgement"): "wed 2027-01-06 00:46",
        ("threat-assessment 1", "decision"): "wed 2027-01-06 22:46",
        ("protected-bed 1", "acknowledgement"): "wed 2027-01-06 00:00",
        ("protected-bed 2", "acknowledgement"): "wed 2027-01-06 01:40",
        ("duty-handover 1", "acknowledgement"): "fri 2027-01-08 08:00",
        ("duty-handover 1", "decision"): "thu 2027-01-21 08:00",
        ("regularise 1", "decision"): "fri 2027-01-08 08:00",
        ("police-track 1", "acknowledgement"): "wed 2027-01-13 10:00",
        ("police-track 1", "decision"): "tue 2027-01-19 10:00",
        ("in-depth-assessment 1", "acknowledgement"): "tue 2027-01-12 14:00",
        ("in-depth-assessment 1", "decision"): "fri 2027-01-15 10:00",
        ("placement-question 1", "acknowledgement"): "tue 2027-02-02 10:00",
        ("placement-question 1", "decision"): "mon 2027-02-08 10:00",
        ("placement-question 2", "acknowledgement"): "thu 2027-02-04 11:00",
        ("placement-question 2", "decision"): "wed 2027-02-10 11:00",
    }
    assert {key: story.due[key] for key in expected} == expected
    assert story.rungs["protected-bed 1", "acknowledgement"] == ["1 wed 2027-01-06 00:00", "2 wed 2027-01-06 00:30"]
    assert ("protected-bed 2", "acknowledgement") not in story.rungs
    assert story.rungs["duty-handover 1", "acknowledgement"] == [
        "1 thu 2027-01-07 12:00",
        "2 fri 2027-01-08 08:00",
        "3 mon 2027-01-11 08:00",
    ]
    assert story.handoffs["placement-question 1"].recipient == "soc-1480"
    assert story.handoffs["placement-question 2"].recipient == "soc-2480"
    last = await casework.standing(story.case)
    assert last.state.track_b is TrackB.OPEN
    assert last.state.assessment is not None
    assert told(last.state.assessment.valid_until) == "tue 2027-03-16 12:00"


async def test_story_1_an_expired_assessment_is_told_once_and_ends_nothing(
    casework: Casework, cases: dict[str, CaseRef]
) -> None:
    case = await played(casework, "1-akut-natt", cases)
    lapses = [e for e in register_of(casework).history(case) if e.event.get("kind") == "clock-moved"]
    notices = register_of(casework).notices(case)
    lapsed = sorted({told(n.due) for n in notices if n.about == "assessment-lapsed" and n.due})
    assert lapses
    assert lapsed == ["sat 2027-02-13 15:00", "wed 2027-01-13 02:10"]


async def test_story_1_nobody_outside_the_agency_is_told_of_track_a(
    casework: Casework, cases: dict[str, CaseRef]
) -> None:
    story = Story(casework, await played(casework, "1-akut-natt", cases))
    told_roles = {role for lists in story.receivers.values() for receivers in lists for role in receivers}
    assert told_roles
    assert not [role for role in told_roles if "coordinator" in role]


async def test_story_2_a_boy_in_state_care(casework: Casework, cases: dict[str, CaseRef]) -> None:
    story = Story(casework, await played(casework, "2-pojke-sis", cases))
    expected = {
        ("child-concern 1", "acknowledgement"): "wed 2027-01-20 00:00",
        ("child-concern 1", "decision"): "tue 2027-02-02 00:00",
        ("child-concern 1", "completion"): "sat 2027-05-22 00:00",
        ("state-care-place 1", "acknowledgement"): "mon 2027-01-18 16:00",
        ("care-ends 1", "completion"): "sat 2027-05-29 00:00",
        ("reporter-answer 1", "decision"): "fri 2027-01-29 00:00",
        ("lvu-13-review 1", "completion"): "tue 2027-03-09 00:00",
        ("lvu-14-review 1", "completion"): "tue 2027-04-13 00:00",
        ("turns-18 1", "decision"): "thu 2027-01-21 00:00",
        ("turns-18 1", "completion"): "sat 2027-03-20 00:00",
    }
    assert {key: story.due[key] for key in expected} == expected
    assert "2 fri 2027-03-05 08:00" in story.rungs["lvu-13-review 1", "completion"]
    assert "2 fri 2027-04-09 08:00" in story.rungs["lvu-14-review 1", "completion"]
    assert story.rungs["state-care-place 1", "acknowledgement"] == [
        "1 mon 2027-01-18 16:00",
        "2 mon 2027-01-18 16:30",
        "2+1 mon 2027-01-18 17:00",
    ]


async def test_story_3_sixty_days_to_release(casework: Casework, cases: dict[str, CaseRef]) -> None:
    story = Story(casework, await played(casework, "3-frigivning", cases))
    expected = {
        ("release 1", "acknowledgement"): "tue 2027-02-16 10:00",
        ("release 1", "decision"): "fri 2027-02-12 10:00",
        ("release 1", "completion"): "tue 2027-03-23 09:00",
        ("coordinated-plan 1", "acknowledgement"): "thu 2027-02-18 10:00",
        ("coordinated-plan 1", "decision"): "wed 2027-03-03 00:00",
        ("threat-assessment 2", "acknowledgement"): "mon 2027-03-22 11:00",
        ("threat-assessment 2", "decision"): "tue 2027-03-23 09:00",
        ("threat-assessment 3", "acknowledgement"): "sat 2027-03-27 22:00",
        ("threat-assessment 3", "decision"): "sun 2027-03-28 21:00",
    }
    assert {key: story.due[key] for key in expected} == expected
    assert story.rungs["release 1", "acknowledgement"] == ["1 fri 2027-02-12 14:00"]
    assert story.rungs["release 1", "completion"][:4] == [
        "1 fri 2027-02-26 08:00",
        "2 mon 2027-03-15 08:00",
        "3 tue 2027-03-16 08:00",
        "4 thu 2027-03-18 08:00",
    ]
    assert not [line for line in story.rungs["release 1", "completion"] if "2027-03-23" in line]
    late = [n for n in register_of(casework).notices(story.case) if n.about == "late-at-birth"]
    assert [(n.handoff, told(n.due)) for n in late if n.due] == [(late[0].handoff, "fri 2027-02-12 10:00")]


async def test_story_4_a_mother_and_two_children(casework: Casework, cases: dict[str, CaseRef]) -> None:
    story = Story(casework, await played(casework, "4-hedersvald", cases))
    expected = {
        ("threat-assessment 1", "acknowledgement"): "wed 2027-05-05 20:45",
        ("threat-assessment 1", "decision"): "thu 2027-05-06 18:45",
        ("protected-bed 1", "acknowledgement"): "wed 2027-05-05 20:40",
        ("tax-agency-assistance 1", "acknowledgement"): "wed 2027-05-19 10:00",
        ("tax-agency-assistance 1", "decision"): "fri 2027-05-21 10:00",
        # The next day is Kristi himmelsfärdsdag: Friday, 24:00 (lag 1930:173 2 §).
        ("child-concern 1", "acknowledgement"): "sat 2027-05-08 00:00",
        ("child-concern 1", "decision"): "thu 2027-05-20 00:00",
        ("child-concern 1", "completion"): "wed 2027-09-08 00:00",
        ("shelter-submission 1", "decision"): "thu 2027-05-13 00:00",
        ("shelter-court-review 1", "decision"): "tue 2027-05-18 00:00",
        ("shelter-application 1", "decision"): "thu 2027-06-17 00:00",
        ("shelter-review 1", "completion"): "sat 2027-11-06 00:00",
        ("file-request-party 1", "acknowledgement"): "fri 2027-05-21 09:00",
        ("municipality-application 1", "acknowledgement"): "tue 2027-08-17 09:00",
        ("municipality-application 1", "decision"): "thu 2027-09-16 00:00",
    }
    assert {key: story.due[key] for key in expected} == expected
    assert story.handoffs["protected-bed 1"].recipient == "boende-bjorken"
    assert not [notice for notice in register_of(casework).notices(story.case) if notice.about == "measure-lapsed"]


async def test_story_4_told_with_nobody_to_submit_the_measure_lapses_at_that_instant(casework: Casework) -> None:
    story = load_story(EXAMPLES / "4-hedersvald")
    kept = tuple(s for s in story.script.step if getattr(s, "handoff", "") not in ("shelter-submission",))
    until = tuple(s for s in kept if s.at < datetime.fromisoformat("2027-05-12T00:00:00+02:00"))
    play = Play(casework, story.model_copy(update={"script": story.script.model_copy(update={"step": until})}), untold)
    case = await play.open()
    for _ in until:
        await play.step()
    standing = await casework.standing(case)
    await casework.advance(case, datetime.fromisoformat("2027-05-13T00:00:00+02:00") - standing.now)
    await casework.at_rest(case)
    ended = {row.kind: row for row in register_of(casework).handoffs(case) if row.ended_at}
    assert (ended["shelter-submission"].status, ended["shelter-submission"].business_status) == ("failed", "lapsed")
    lapsed_at = ended["shelter-submission"].ended_at
    assert lapsed_at is not None
    assert told(lapsed_at) == "thu 2027-05-13 00:00"
    notices = [n.role for n in register_of(casework).notices(case) if n.about == "measure-lapsed"]
    assert sorted(notices) == ["decision-maker", "head", "manager-on-call", "on-call"]


def untold(_case: CaseRef, _said: str) -> None:
    """Nobody is watching this story."""


async def test_story_5_two_years(casework: Casework, cases: dict[str, CaseRef]) -> None:
    story = Story(casework, await played(casework, "5-tva-ar", cases))
    expected = {
        ("support-request 1", "acknowledgement"): "tue 2026-12-15 14:00",
        ("support-request 1", "decision"): "wed 2026-12-30 14:00",
        ("execute-decision 1", "completion"): "tue 2027-04-06 00:00",
        ("intervention 1", "acknowledgement"): "mon 2027-01-11 09:00",
        ("intervention 1", "decision"): "thu 2027-01-14 09:00",
        ("police-track 1", "acknowledgement"): "thu 2027-01-21 09:00",
        ("police-track 1", "decision"): "wed 2027-01-27 09:00",
        ("review-3-months 1", "completion"): "tue 2027-04-06 00:00",
        ("review-6-months 1", "completion"): "tue 2027-07-06 00:00",
        ("review-12-months 1", "completion"): "thu 2028-01-06 00:00",
        ("review-24-months 1", "completion"): "sat 2029-01-06 00:00",
    }
    assert {key: story.due[key] for key in expected} == expected
    assert story.rungs["support-request 1", "decision"] == [
        "1 mon 2026-12-21 14:00",
        "2 wed 2026-12-30 14:00",
        "3 mon 2027-01-04 14:00",
    ]
    assert story.receivers["support-request 1", "decision"][-1] == ["owner:head"]
    last = casework.last_known(story.case).state
    assert last.track_b is TrackB.ENDED
    assert last.closed == "ESTABLISHED"


@pytest.mark.parametrize("name", ["1-akut-natt", "5-tva-ar"])
async def test_the_register_alone_replays_a_story_digest_by_digest(
    casework: Casework, cases: dict[str, CaseRef], name: str
) -> None:
    case = await played(casework, name, cases)
    pack = casework.pack(case)
    rows = register_of(casework).history(case)
    events = [TypeAdapter(Event).validate_python(row.event) for row in rows]
    assert isinstance(events[0], Opened)
    assert any(isinstance(event, ClockMoved) for event in events)
    state = CaseState(case=case)
    for row, event in zip(rows, events, strict=True):
        state = fold(state, [(event, row.at)], [pack])
        assert (state.revision, state.digest()) == (row.revision, row.state_digest)
