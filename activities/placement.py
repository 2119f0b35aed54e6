"""Placement at the asking desk: exclusion areas are compared here and never sent anywhere."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session
from temporalio import activity

from activities.protected_data import DeskStore
from models.desk import Category, PlacementWishes
from models.desk_work import DeskTask, FindCandidates
from models.directory import DirectoryEntry
from models.events import CandidatesFound, DeskAnswer, DeskReply, NotPossible
from rules.placement import candidates


class Placement:
    def __init__(self, store: DeskStore, directory: Iterable[DirectoryEntry]) -> None:
        self._store = store
        self._directory = tuple(directory)

    @activity.defn(name="find-candidates")
    def find_candidates(self, task: DeskTask) -> DeskReply:
        """Answers whom to ask, in order. The reasons for leaving anybody out stay at this desk."""
        asked = task.question
        if not isinstance(asked, FindCandidates):
            raise TypeError("not a question about candidates")
        kept = self._store.newest(asked.case, Category.PLACEMENT)
        if kept is None and not self._store.knows(asked.case, Category.CONTACT):
            # The intake lies at another desk, and with it what may be excluded. Unknown means no: a person decides.
            return self._store.once(task, lambda _: NotPossible(code="exclusions-unknown"))
        wishes = PlacementWishes.model_validate(kept or {})

        def answer(_: Session) -> DeskAnswer:
            found = candidates(asked.step, wishes, self._directory)
            return CandidatesFound(candidates=tuple(entry.organisation() for entry in found))

        return self._store.once(task, answer)
