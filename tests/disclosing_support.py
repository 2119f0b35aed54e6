"""A case at one desk that is about to tell another something: people, handoffs, consents, what was judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from activities.disclosures import Told
from console import consenting, disclosing, weighing
from console.as_whom import Worker, at_work
from console.casework import Casework
from console.disclosing import Telling
from console.failures import Refused
from models.audit import AuditEntry
from models.contracts import Refusal
from models.desk import Category
from models.intake import ConsentForm, Intake
from models.sharing import Weighed
from models.stated import StatedFacts
from models.words import CaseRef, Urgency
from tests.support import eventually, register_of

SOCIAL, POLICE, NIGHT_DUTY, BED = "soc-0381", "polisen-mitt", "soc-0180", "boende-almen"
TOLD = ("identity", "contact", "own-risk-assessment", "address", "social-file")
PERSON = {
    "urgency": "acute",
    "stay_municipality": "0381",
    "safe_contact": {"channel": "phone", "value": "070-1740605"},
    "person": {"name": "Kanarie Fågelsson", "given_name": "Kanarie", "born": "1990-01-01"},
    "addresses": [{"purpose": "stay", "lines": ["Burvägen 1", "Enköping"]}],
    "own_risk_assessment": {"level": "high", "assessor": "officer", "advice": "Ring aldrig efter klockan fem"},
    "social_file": {"need": "en säng", "persons": "1"},
}


class AtDesk(NamedTuple):
    """Somebody named on a case at the social services, about to tell something in one of its handoffs."""

    casework: Casework
    case: CaseRef
    handoff: str
    worker: Worker

    @property
    def stepped_up(self) -> Worker:
        return self.worker._replace(stepped_up=True)

    @property
    def colleague(self) -> Worker:
        return at_work(self.worker.office, "handl-02")

    async def consents(self, **said: Any) -> consenting.Changed:
        return await consenting.give(self.casework, self.worker, self.case, form(**said))

    async def weighs(self, *categories: str, speaks_for: bool = True) -> None:
        await weighing.judge(
            self.casework, self.worker, self.case, self.handoff, Weighed.HARM, categories or TOLD, "ingen men",
            speaks_for=speaks_for,
        )  # fmt: skip

    async def looks(self, worker: Worker | None = None) -> Telling:
        return await disclosing.look(self.casework, worker or self.worker, self.case, self.handoff)

    async def sends(self, worker: Worker | None = None, **more: Any) -> Told:
        given: dict[str, Any] = {"way": "sealed"} | more
        return await disclosing.send(self.casework, worker or self.worker, self.case, self.handoff, **given)

    async def refused(self, worker: Worker | None = None, **more: Any) -> Refusal:
        """Why it can't be sent."""
        try:
            sent = await self.sends(worker, **more)
        except Refused as refused:
            return refused.refusal
        raise AssertionError(f"it was sent: {sent.row.state}")

    def entries(self) -> list[AuditEntry]:
        return [link.entry for link in self.worker.office.trail.links() if link.entry.case == self.case]

    def state_of(self, package: str) -> str:
        told = self.worker.office.disclosures.told(package)
        assert told is not None
        return told.row.state


def form(**said: Any) -> ConsentForm:
    usual: dict[str, Any] = {
        "functions": ("police", "housing-provider", "social-services"),
        "categories": TOLD,
        "purposes": ("protection", "assessment", "placement"),
        "until": datetime.now(UTC).date() + timedelta(days=60),
    }
    return ConsentForm(**(usual | said))


async def at_desk(casework: Casework, to: str = POLICE, kind: str = "threat-assessment", **more: Any) -> AtDesk:
    """An acute case; with another kind than the assessment, that handoff is sent first."""
    case = await casework.open_case(Intake.model_validate(PERSON | more))
    worker = at_work(casework.office(SOCIAL), "handl-01")
    if kind != "threat-assessment":
        receipt = await casework.send(case, kind, to, SOCIAL, urgency=Urgency.ACUTE)
        assert receipt.handoff is not None
        return AtDesk(casework, case, receipt.handoff, worker)

    async def recorded() -> list[str]:
        return [row.id for row in register_of(casework).handoffs(case) if row.kind == kind]

    (asked,) = await eventually(recorded, bool)
    return AtDesk(casework, case, asked, worker)


async def ready_to_tell(casework: Casework, **more: Any) -> AtDesk:
    """With consent, and with harm weighed."""
    desk = await at_desk(casework, **more)
    await desk.consents()
    await desk.weighs()
    return desk


def kept(casework: Casework, org: str, case: CaseRef) -> dict[str, list[dict[str, str]]]:
    """What a desk keeps of a case, by category."""
    found: dict[str, list[dict[str, str]]] = {}
    for row, content in casework.office(org).items_of(case, tuple(Category)):
        found.setdefault(row.category, []).append(content)
    return found


def shown(telling: Telling) -> dict[str, dict[str, str]]:
    fields: dict[str, dict[str, str]] = {}
    for one in telling.preview.shown:
        fields.setdefault(one.category, {})[one.field] = one.value
    return fields


def withheld(telling: Telling) -> set[tuple[str, str | None, str]]:
    return {(one.category, one.field, one.code.value) for one in telling.preview.withheld}


def stated(desk: AtDesk, **facts: Any) -> None:
    weighing.state(desk.worker, desk.case, StatedFacts(**facts), str(uuid4()))
