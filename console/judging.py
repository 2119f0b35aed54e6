"""What has been judged before telling, and whether it still counts: of what is kept now, and not used before."""

from __future__ import annotations

from collections.abc import Mapping

from activities.offices import Office
from console.as_whom import Worker
from models.desk import Category
from models.handoffs import Handoff
from models.sharing import Circumstances, Judgement
from models.words import CaseRef, Code, ItemId
from rules import judgements


def judged(
    worker: Worker,
    case: CaseRef,
    asked: Handoff,
    known: Circumstances,
    kept: Mapping[Code, str],
    resuming: ItemId | None = None,
) -> Circumstances:
    """The circumstances with what has been judged for this handoff, and whether it still counts.

    `resuming`: a telling that was begun before and is taken up again, which has not used anything up for itself.
    """
    office = worker.office
    return known.model_copy(
        update={
            "judgements": judgements_of(office, case, asked),
            "held": dict(kept),
            "used": office.disclosures.used_up(case, resuming),
            "teller": worker.by.user,
        }
    )


def judgements_of(office: Office, case: CaseRef, asked: Handoff) -> tuple[Judgement, ...]:
    notes = ((row.author, content) for row, content in office.own_items(case, (Category.NOTE,)))
    here = (
        Judgement.model_validate(content["judgement"]).model_copy(update={"by": author})
        for author, content in notes
        if isinstance(content, dict) and "judgement" in content and content.get("handoff") == asked.id
    )
    return judgements.newest(here)
