"""A stalled handoff climbs its whole ladder by itself, on a real server that skips time."""

from __future__ import annotations

from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from zoneinfo import ZoneInfo

from console.answers import Answer
from console.casework import Casework
from models.handoffs import Act
from models.register import FiringRow
from models.words import CaseRef, HandoffId
from tests.durability_support import POLICE, SOCIAL, assert_nothing_lost_or_doubled, intake, skip
from tests.support import Stack, eventually, register_of, settled

STOCKHOLM = ZoneInfo("Europe/Stockholm")
MONDAY_MORNING = "2027-03-01T09:00:00+01:00"
TUESDAY_NIGHT = "2027-01-05T22:46:00+01:00"
MOST_LATE = timedelta(seconds=5)


def local(instant: datetime) -> str:
    return f"{instant.astimezone(STOCKHOLM):%a %d %b %H:%M}"


def climbed(casework: Casework, case: CaseRef, handoff: HandoffId, deadline: str) -> list[tuple[int, int, str]]:
    """The rungs fired for one deadline: rung, repeat, and when it was due; each sounded then, not later."""
    rows = [r for r in register_of(casework).firings(case) if (r.handoff, r.deadline) == (handoff, deadline)]
    assert all(timedelta(0) <= row.at - row.due < MOST_LATE for row in rows)
    return [(row.rung, row.recurrence, local(row.due)) for row in rows]


async def letters(stack: Stack, casework: Casework, case: CaseRef) -> list[EmailMessage]:
    """Every notice of a case as it lies in the mail folder, once the outbox is empty."""

    async def waiting() -> int:
        return sum(row.case == case for row in register_of(casework).undelivered(1_000))

    await eventually(waiting, lambda count: count == 0)
    files = stack.settings.mail.glob(f"{case}_*.eml")
    return [message_from_bytes(path.read_bytes(), policy=modern) for path in sorted(files)]


async def test_an_ordinary_handoff_climbs_every_rung_and_the_top_one_recurs_until_the_answer(
    stack: Stack, casework: Casework
) -> None:
    case = await casework.open_case(intake("ordinary", MONDAY_MORNING))
    standing = await settled(casework, case)
    assert standing.state.handoffs["H2"].kind == "initial-assessment"
    assert local(standing.state.handoffs["H2"].deadlines[0].due) == "Mon 08 Mar 09:00"
    await casework.act(case, "H1", Act.ACCEPT, SOCIAL)
    await casework.act(case, "H1", Act.COMPLETE, SOCIAL, Answer(answer="granted"))
    await skip(casework, case, timedelta(days=14, hours=1))
    assert climbed(casework, case, "H2", "decision") == [
        (1, 0, "Wed 03 Mar 13:00"),  # half of five working days
        (2, 0, "Mon 08 Mar 09:00"),  # the deadline
        (3, 0, "Tue 09 Mar 09:00"),  # one working day after it
        (4, 0, "Thu 11 Mar 09:00"),  # three working days after it
        (4, 1, "Fri 12 Mar 09:00"),  # then every working day
        (4, 2, "Mon 15 Mar 09:00"),
    ]
    await casework.act(case, "H2", Act.ACCEPT, SOCIAL)
    await casework.act(case, "H2", Act.COMPLETE, SOCIAL)
    await skip(casework, case, timedelta(days=3))
    assert len(climbed(casework, case, "H2", "decision")) == 6
    await assert_nothing_lost_or_doubled(casework, case)
    about_it = [letter for letter in await letters(stack, casework, case) if letter["Subject"].endswith(" H2")]
    assert sorted(str(letter["To"]) for letter in about_it) == [
        "director@soc-0381.example",
        "director@soc-0381.example",
        "director@soc-0381.example",
        "head@soc-0381.example",
        "manager@soc-0381.example",
        "officer@soc-0381.example",
        "officer@soc-0381.example",
    ]


async def test_an_acute_handoff_wakes_those_on_call_again_and_again_until_the_answer(
    stack: Stack, casework: Casework
) -> None:
    case = await casework.open_case(intake("acute", TUESDAY_NIGHT))
    standing = await settled(casework, case)
    threat = next(h for h in standing.state.handoffs.values() if h.kind == "threat-assessment")
    for handoff in standing.state.handoffs.values():
        if handoff is not threat and handoff.recipient == SOCIAL:
            await casework.act(case, handoff.id, Act.ACCEPT, SOCIAL)
    await skip(casework, case, timedelta(hours=4))
    assert climbed(casework, case, threat.id, "acknowledgement") == [
        (1, 0, "Wed 06 Jan 00:46"),  # two hours; a holiday stops nothing here
        (2, 0, "Wed 06 Jan 01:16"),
        (2, 1, "Wed 06 Jan 01:46"),
        (2, 2, "Wed 06 Jan 02:16"),
        (2, 3, "Wed 06 Jan 02:46"),
    ]
    await casework.act(case, threat.id, Act.ACKNOWLEDGE, POLICE)
    await skip(casework, case, timedelta(hours=1))
    assert len(climbed(casework, case, threat.id, "acknowledgement")) == 5
    await assert_nothing_lost_or_doubled(casework, case)
    told = [str(letter["To"]) for letter in await letters(stack, casework, case) if threat.id in letter["Subject"]]
    police, social = (sum(address.endswith(f"@{org}.example") for address in told) for org in (POLICE, SOCIAL))
    assert (police, social) == (5, 5)


async def test_a_notice_says_which_case_and_when_and_nothing_else(stack: Stack, casework: Casework) -> None:
    case = await casework.open_case(intake("acute", TUESDAY_NIGHT))
    await settled(casework, case)
    await casework.advance(case, timedelta(hours=3))
    await settled(casework, case)
    found = await letters(stack, casework, case)
    rows = register_of(casework).firings(case)
    sides = {h.id: {"waiting": h.requester, "owner": h.recipient} for h in register_of(casework).handoffs(case)}
    assert len(found) == len({receiver for row in rows for receiver in receivers(row, sides[row.handoff])})
    for letter in found:
        where = letter["Subject"].removeprefix("Utväg: ")
        text = letter.get_content()
        for allowed in (where, "Utväg", *(local_minute(row.due) for row in rows)):
            text = text.replace(allowed, "")
        assert text.replace("112", "").split() == FIXED_WORDS


def receivers(row: FiringRow, sides: dict[str, str]) -> set[tuple[str, ...]]:
    """Who is to be told of one rung, each once, also when an organisation asked itself."""
    told = [receiver.partition(":") for receiver in row.receivers]
    return {(row.handoff, row.deadline, str(row.rung), str(row.recurrence), sides[s], role) for s, _, role in told}


def local_minute(instant: datetime) -> str:
    return f"{instant.astimezone(STOCKHOLM):%Y-%m-%d %H:%M}"


FIXED_WORDS = [
    "En",
    "förfrågan",
    "väntar",
    "på",
    "svar.",
    "Ärende:",
    ".",
    "Svar",
    "senast",
    ".",
    "Öppna",
    "ärendet",
    "i",
    ".",
    "Vid",
    "fara",
    "för",
    "någons",
    "liv:",
    "ring",
    ".",
    "A",
    "request",
    "is",
    "waiting",
    "for",
    "an",
    "answer.",
    "Case:",
    ".",
    "Answer",
    "by",
    ".",
    "Open",
    "the",
    "case",
    "in",
    ".",
    "If",
    "somebody's",
    "life",
    "is",
    "in",
    "danger:",
    "call",
    ".",
]
