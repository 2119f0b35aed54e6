"""A case on a real stack, through the same service that the command line uses."""

from __future__ import annotations

from datetime import timedelta

from console.casework import Casework
from models.handoffs import Act
from models.intake import Intake
from tests.support import register_of, settled

ACUTE = {
    "urgency": "acute",
    "stay_municipality": "0381",
    "safe_contact": {"channel": "phone", "value": "070-1740605"},
    "needs": ["protected-housing"],
    "opened_at": "2027-01-05T22:46:00+01:00",
}


async def test_an_acute_case_asks_police_and_a_bed_by_itself(casework: Casework) -> None:
    case = await casework.open_case(Intake.model_validate(ACUTE))
    standing = await settled(casework, case)
    kinds = {h.kind: h for h in standing.state.handoffs.values()}
    assert kinds["threat-assessment"].recipient == "polisen-mitt"
    assert kinds["protected-bed"].recipient == "boende-almen"
    assert [row.handoff for row in casework.desk("polisen-mitt").inbox() if row.case == case] == ["H3"]


async def test_a_stalled_handoff_climbs_its_ladder_in_the_register_and_in_the_mail(casework: Casework) -> None:
    case = await casework.open_case(Intake.model_validate(ACUTE))
    await settled(casework, case)
    await casework.act(case, "H3", Act.ACKNOWLEDGE, "polisen-mitt")
    await casework.advance(case, timedelta(hours=2))
    standing = await settled(casework, case)
    fired = [
        row for row in register_of(casework).firings(case) if row.handoff == "H4" and row.deadline == "acknowledgement"
    ]
    assert [(row.rung, row.recurrence) for row in fired] == [(1, 0), (2, 0)]
    asked = [h for h in register_of(casework).handoffs(case) if h.kind == "protected-bed"]
    assert [(h.recipient, h.business_status) for h in asked[:1]] == [("boende-almen", "expired")]
    assert len(asked) == 2, "the next provider is asked when the first one has been silent to the end"
    assert standing.state.handoffs["H3"].deadlines[0].rung == 0
