"""Threat assessment at the police's desk: the level and the words stay, the consequence travels."""

from __future__ import annotations

from pydantic import ValidationError
from sqlmodel import Session
from temporalio import activity

from activities.protected_data import DeskStore
from models.desk import AssessmentRecord, Category
from models.desk_work import ConcludeAssessment, DeskTask
from models.events import DeskAnswer, DeskReply, NotPossible
from rules.threat import conclude


class ThreatAssessment:
    def __init__(self, store: DeskStore) -> None:
        self._store = store

    @activity.defn(name="conclude-assessment")
    def conclude(self, task: DeskTask) -> DeskReply:
        """Answers what follows from the assessment kept under the id that the answer named."""
        asked = task.question
        if not isinstance(asked, ConcludeAssessment):
            raise TypeError("not a question about an assessment")
        kept = self._store.content(asked.item, asked.case, Category.ASSESSMENT)

        def answer(_: Session) -> DeskAnswer:
            if kept is None:
                return NotPossible(code="no-assessment")
            try:
                record = AssessmentRecord.model_validate(kept)
            except ValidationError:
                return NotPossible(code="unreadable-assessment")
            return conclude(record, asked.asked_at, asked.levels)

        return self._store.once(task, answer)
