"""Taking an open case over to newer rules: first what would move, then the recorded step itself."""

from __future__ import annotations

from uuid import uuid4

from activities.rule_packs import PACKS, pack_on
from console.casework import Casework
from console.failures import Refused
from models.case import Receipt
from models.contracts import Refusal, Standing
from models.events import Actor, RulesAdopted
from models.packs import RulePack
from models.words import CaseRef, OrgId, RequestKey
from rules.adoption import Shift, adoption_refused, shifts


def newest(casework: Casework, standing: Standing) -> RulePack:
    """The rules that a case opened today, by its own clock, would be given."""
    return pack_on(standing.now.date(), casework.settings.rule_packs or PACKS)


async def preview(casework: Casework, case: CaseRef) -> tuple[Standing, RulePack, RulePack, tuple[Shift, ...]]:
    """How a case stands, its rules and the newer ones, and every deadline that would move.

    Raises:
        Refused: the case carries those rules already, or they don't know what stands open in it.
    """
    standing = await casework.standing(case)
    older, newer = casework.pack(case), newest(casework, standing)
    if standing.state.closed is not None:
        raise Refused(Refusal(code="case-closed", detail=standing.state.closed))
    if refusal := adoption_refused(standing.state, standing.now, older, newer):
        raise Refused(refusal)
    return standing, older, newer, shifts(standing.state, standing.now, older, newer)


async def adopt(
    casework: Casework, case: CaseRef, newer: RulePack, org: OrgId, key: RequestKey | None = None
) -> Receipt:
    """Takes the case over. The same key again changes nothing.

    Raises:
        Refused: by the core, with why.
    """
    casework.organisation(org)
    event = RulesAdopted(key=key or str(uuid4()), by=Actor(org=org), pack=newer.digest)
    outcome = await casework.plane.adopt(case, event)
    if isinstance(outcome, Refusal):
        raise Refused(outcome)
    return outcome
