"""A desk's own store and the work the plane asks of it. What is kept here never leaves it through Temporal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, Engine, Integer, bindparam, func, text
from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import erasure, identities, vault
from activities.case_keys import CaseKeys
from activities.stores import reading, writing
from activities.vault import cell_of
from models.contracts import Opening
from models.desk import Category
from models.desk_tables import InboxRow, ItemRow, OpeningRow, TaskRow
from models.desk_work import DeskTask, Receive, TakeBack
from models.events import DeskAnswer, DeskReply, Received
from models.keys import Sealed
from models.words import CaseRef, ItemId, OrgId, RequestKey

ONE_MORE = (
    text(
        "insert into questions (day, count) values (:day, 1) "
        "on conflict (day) do update set count = questions.count + 1 returning count"
    )
    .bindparams(bindparam("day", type_=Date))
    .columns(count=Integer)
)
"""In one statement: reading first would lose questions where transactions do not wait for each other (PostgreSQL)."""


class DeskStore:
    """One organisation's store. Holds only its own database and its own keys: another desk's data is not within reach.

    What is kept is sealed to its row. What can't be sealed or opened raises a `KeyFault`, and nothing is kept or shown.
    """

    def __init__(self, org: OrgId, engine: Engine, keys: CaseKeys) -> None:
        if keys.org != org:
            raise ValueError("a desk is opened with its own keys")
        self.org, self.keys = org, keys
        self._engine = engine

    def close(self) -> None:
        """Lets go of the databases."""
        self._engine.dispose()
        self.keys.close()

    def keep(self, item: ItemId, case: CaseRef, category: Category, author: str, content: Any) -> None:
        """Keeps one thing under an id that the caller made; keeping it again changes nothing."""
        with writing(self._engine) as session:
            self.keep_in(session, item, case, category, author, content)

    def keep_in(
        self, session: Session, item: ItemId, case: CaseRef, category: Category, author: str, content: Any
    ) -> bool:
        """`keep` in the caller's write transaction. False when the id had been kept before."""
        if session.get(ItemRow, item) is not None:
            return False
        self._add(session, item, case, category, author, content)
        return True

    def _add(
        self, session: Session, item: ItemId, case: CaseRef, category: Category, author: str, content: Any
    ) -> None:
        row = ItemRow(id=item, case=case, category=category, author=author, stored_at=datetime.now(UTC), content=b"")
        row.stored_at = after_the_latest(session, row)
        plain = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
        row.key_version, row.content = self.keys.seal(cell_of(row), plain)
        session.add(row)
        if category is Category.IDENTITY:
            identities.index(session, self.keys, case, content)

    def replace_in(self, session: Session, item: ItemId, content: Any) -> None:
        """What an item says is gone, and something else stands there: for what may not be kept. Its place stays."""
        row = session.exec(select(ItemRow).where(ItemRow.id == item)).one()
        erasure.overwriting(session)
        plain = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
        row.key_version, row.content = self.keys.seal(cell_of(row), plain)
        session.flush()

    def content(self, item: ItemId, case: CaseRef, category: Category) -> Any | None:
        """What is kept under `item`, if it is of this case and category; otherwise None."""
        with reading(self._engine) as session:
            return self.content_in(session, item, case, category)

    def content_in(self, session: Session, item: ItemId, case: CaseRef, category: Category) -> Any | None:
        """`content` in the caller's transaction, so that what is read and that it was read are one."""
        row = session.get(ItemRow, item)
        return self.opened(row) if row and (row.case, row.category) == (case, category) else None

    def knows(self, case: CaseRef, category: Category) -> bool:
        """Whether anything of this category is kept here for the case."""
        with reading(self._engine) as session:
            query = select(ItemRow.id).where(ItemRow.case == case, ItemRow.category == category)
            return session.exec(query).first() is not None

    def newest(self, case: CaseRef, category: Category) -> Any | None:
        with reading(self._engine) as session:
            return self.newest_in(session, case, category)

    def newest_in(self, session: Session, case: CaseRef, category: Category) -> Any | None:
        query = select(ItemRow).where(ItemRow.case == case, ItemRow.category == category)
        row = session.exec(query.order_by(col(ItemRow.stored_at).desc())).first()
        return self.opened(row) if row else None

    def opened(self, row: ItemRow) -> Any:
        """What a row holds. Raises: KeyFault: it does not open here."""
        return json.loads(self.keys.open(cell_of(row), Sealed(row.key_version, row.content)))

    def find_by_personnummer(self, number: str) -> list[CaseRef]:
        """The cases about this person at this desk. Raises: ValueError: not a personnummer."""
        return identities.find(self._engine, self.keys, number)

    def reindex(self) -> int:
        """Changes the key that people are found by. Returns how many cases were indexed anew."""
        return identities.reindex(self._engine, self.keys, self.opened)

    def seal_what_was_open(self) -> int:
        """Seals what an earlier version kept unsealed, once; from then on an unsealed row is not believed.

        Raises:
            KeyMissing: the key store is another than the one that this desk has been opened with.
        """
        return vault.seal_what_was_open(self._engine, self.keys)

    def open_case(self, opening: Opening, author: str, kept: list[tuple[ItemId, Category, Any]]) -> CaseRef:
        """Keeps an intake and the opening that it leads to, all or nothing.

        Returns the case's reference: of the first opening, when this request key has been here before.
        """
        with writing(self._engine) as session:
            return self.open_case_in(session, opening, author, kept)

    def open_case_in(
        self, session: Session, opening: Opening, author: str, kept: list[tuple[ItemId, Category, Any]]
    ) -> CaseRef:
        """`open_case` in the caller's write transaction."""
        earlier = session.get(OpeningRow, opening.key)
        if earlier is not None:
            return CaseRef(earlier.case)
        session.add(
            OpeningRow(
                key=opening.key,
                case=opening.case,
                input=opening.event.model_dump(mode="json"),
                stored_at=datetime.now(UTC),
            )
        )
        for item, category, content in kept:
            self._add(session, item, opening.case, category, author, content)
        return opening.case

    def opening(self, key: RequestKey) -> Opening | None:
        with reading(self._engine) as session:
            row = session.get(OpeningRow, key)
            return as_opening(row) if row else None

    def unstarted(self) -> list[Opening]:
        """Openings whose workflow is not yet known to run."""
        with reading(self._engine) as session:
            return [as_opening(row) for row in session.exec(select(OpeningRow).where(~col(OpeningRow.started)))]

    def started(self, key: RequestKey) -> None:
        with writing(self._engine) as session:
            if row := session.get(OpeningRow, key):
                row.started = True

    def unopened(self, opening: Opening) -> None:
        """Takes back an opening that never led to a case, with everything that was kept for it.

        The keys stay: another case of this reference may come to this desk one day.
        """
        with writing(self._engine) as session:
            row = session.get(OpeningRow, opening.key)
            if row is not None and row.case == opening.case and not row.started:
                erasure.erase(session, opening.case)

    def has(self, case: CaseRef) -> bool:
        """Whether anything at all is kept here for a case."""
        with reading(self._engine) as session:
            return erasure.has(session, case)

    def inbox(self) -> list[InboxRow]:
        """What this desk has been asked and has not been taken back, by when it is to be answered."""
        with reading(self._engine) as session:
            query = select(InboxRow).where(col(InboxRow.taken_back_at).is_(None), col(InboxRow.kind).is_not(None))
            rows = list(session.exec(query.order_by(col(InboxRow.answer_by))))
            for row in rows:
                session.expunge(row)
            return rows

    def count_question(self, day: date) -> int:
        """Counts one anonymous question and forgets everything else about it. Returns the day's count."""
        with writing(self._engine) as session:
            return int(session.connection().execute(ONE_MORE, {"day": day}).scalar_one())

    def replied(self, task: DeskTask) -> DeskReply | None:
        """The reply that a task of the plane's has been given; None when it has not been done here.

        Raises:
            ApplicationError: the task is another desk's.
        """
        self._must_be_mine(task)
        with reading(self._engine) as session:
            return reply_in(session, task)

    def once(self, task: DeskTask, do: Callable[[Session], DeskAnswer]) -> DeskReply:
        """Does a task of the plane's in one transaction, or gives the reply it was given the first time.

        What is answered is answered for good: what may be otherwise at the next try is raised, not answered.

        Raises:
            ApplicationError: the task is another desk's.
        """
        self._must_be_mine(task)
        with writing(self._engine) as session:
            if (known := reply_in(session, task)) is not None:
                return known
            reply = DeskReply(answer=do(session))
            session.add(
                TaskRow(
                    id=task.id, work=task.question.work, done_at=datetime.now(UTC), reply=reply.model_dump(mode="json")
                )
            )
            return reply

    def _must_be_mine(self, task: DeskTask) -> None:
        if task.desk != self.org:
            raise ApplicationError("this task is for another desk", type="WrongDesk", non_retryable=True)


def reply_in(session: Session, task: DeskTask) -> DeskReply | None:
    done = session.get(TaskRow, task.id)
    return DeskReply.model_validate(done.reply) if done is not None else None


def after_the_latest(session: Session, row: ItemRow) -> datetime:
    """Now, or just after the latest of its kind, should the machine's clock have been set back in between."""
    query = select(func.max(ItemRow.stored_at)).where(ItemRow.case == row.case, ItemRow.category == row.category)
    latest: datetime | None = session.exec(query).one()
    return row.stored_at if latest is None else max(row.stored_at, latest + timedelta(microseconds=1))


def as_opening(row: OpeningRow) -> Opening:
    """An opening as it was kept; before the plane had an API, the whole start of the case was kept with it."""
    event = row.input.get("opening", row.input)
    return Opening.model_validate({"key": row.key, "case": row.case, "event": event, "started": row.started})


class Inbox:
    """Att göra: the plane delivers handoffs to the desk and takes them back."""

    def __init__(self, store: DeskStore) -> None:
        self._store = store

    @activity.defn(name="receive")
    def receive(self, task: DeskTask) -> DeskReply:
        """Puts a handoff in Att göra. One that was taken back before it arrived stays out."""

        def arrive(session: Session) -> DeskAnswer:
            asked = task.question
            if isinstance(asked, Receive):
                row = session.get(InboxRow, (asked.case, asked.handoff))
                if row is None or row.round < asked.round:
                    session.merge(
                        InboxRow(
                            case=asked.case,
                            handoff=asked.handoff,
                            kind=asked.kind,
                            requester=asked.requester,
                            requested_at=asked.requested_at,
                            answer_by=asked.answer_by,
                            arrived_at=datetime.now(UTC),
                            taken_back_at=None,
                            round=asked.round,
                        )
                    )
            return Received()

        return self._store.once(task, arrive)

    @activity.defn(name="take-back")
    def take_back(self, task: DeskTask) -> DeskReply:
        """Takes a handoff that is over out of Att göra, also when it has not arrived yet."""

        def leave(session: Session) -> DeskAnswer:
            asked = task.question
            if isinstance(asked, TakeBack):
                now = datetime.now(UTC)
                row = session.get(InboxRow, (asked.case, asked.handoff))
                row = row or InboxRow(case=asked.case, handoff=asked.handoff, arrived_at=now, round=asked.round)
                if row.round <= asked.round:
                    row.taken_back_at, row.round = now, asked.round
                    session.add(row)
            return Received()

        return self._store.once(task, leave)
