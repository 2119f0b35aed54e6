"""The register: what the plane knows of every case, in one place, written only here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import cloud_events, exchange
from activities.audit import PLANE, AuditLog
from activities.key_directory import KeyDirectory
from activities.replies import Said, said_by_desk
from activities.signatures import keep, verify_kept
from activities.stores import writing
from models.access import the_system
from models.audit import AuditEntry
from models.case import CaseState, Entry, Notice
from models.contracts import RECORD, Recorded, Recording, Refusal
from models.directory import DirectoryEntry
from models.events import Actor, DeskAnswered, Event, Opened
from models.exchange_tables import PackageRow, SignedActRow
from models.handoffs import Deadline, Firing, Handoff, StatusChange
from models.register import (
    CaseEventRow,
    CaseRow,
    DeadlineRow,
    EventDeliveryRow,
    EventRow,
    FiringRow,
    HandoffRow,
    OrganisationRow,
    OutboxRow,
    RequestKeyRow,
    RulePackRow,
)
from models.words import CaseRef, Function, HandoffId, OrgId

log = structlog.get_logger(__name__)
EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class Register:
    """Reads and writes the register. `record` is the activity behind every case's pump."""

    def __init__(
        self,
        engine: Engine,
        event_source: str = cloud_events.SOURCE,
        audit: AuditLog | None = None,
        *,
        signed_only: bool = False,
    ) -> None:
        self._signed_only = signed_only
        self._keys = KeyDirectory(engine, first_use=False)
        self._engine = engine
        self._event_source = event_source
        self._audit = audit or AuditLog(engine, PLANE)

    @activity.defn(name=RECORD)
    def record(self, recording: Recording) -> Recorded:
        """Stores each revision once, all of a batch or none; answers with the digests that now stand.

        A revision that is there already is left as it is: the caller compares digests and stops if they differ.

        Raises:
            ApplicationError: an earlier revision is missing, so that storing this one would leave a gap.
        """
        with writing(self._engine) as session:
            known = stored_digests(session, recording.case)
            for entry in recording.entries:
                if entry.revision in known:
                    continue
                if entry.revision > 1 and entry.revision - 1 not in known:
                    raise ApplicationError(f"revision {entry.revision - 1} is missing", type="Gap")
                self._see_that_it_was_signed(session, recording, entry)
                store_entry(session, recording.case, entry)
                destroy_packages(session, entry)
                if (org := actor_of(entry)) is not None:
                    self._audit.append(session, plane_entry(org, entry, recording.case))
                for change in entry.changes:
                    self._store_event(session, recording, entry, change)
                known[entry.revision] = entry.digest
            store_case(session, recording)
        return Recorded(digests=tuple(known[entry.revision] for entry in recording.entries))

    def _see_that_it_was_signed(self, session: Session, recording: Recording, entry: Entry) -> None:
        """Verifies once more that an act is what its organisation signed for this case, and keeps it as it was signed.

        Whoever writes to Temporal past the plane's API has no such act, or one that was taken before: the case stops
        loudly instead of believing it.

        Raises:
            ApplicationError: it was not signed, or not for this once.
        """
        if isinstance(entry.event, DeskAnswered):
            signed = self._is_the_desks_word(entry.event)
        elif (actor := getattr(entry.event, "by", None)) is not None:
            signed = self._is_the_actors_word(session, recording, entry, actor)
        else:
            return
        if not signed:
            log.error("an act was not signed by whom it says", case=recording.case, revision=entry.revision)
            raise ApplicationError(f"revision {entry.revision} was not signed", type="Unsigned")

    def _is_the_actors_word(self, session: Session, recording: Recording, entry: Entry, actor: Actor) -> bool:
        if actor.proof == "claim" and not self._signed_only:
            return True
        known = not recording.snapshot.training and not isinstance(entry.event, Opened)
        act = verify_kept(
            actor.jws or "",
            self._keys,
            case=recording.case,
            audience=self._event_source,
            at=entry.at if known else None,
        )
        if isinstance(act, Refusal) or (act.fingerprint, act.until) != (actor.key, actor.until):
            return False
        if not says(act.payload, entry.event, actor) or session.get(SignedActRow, (act.jti, act.case)) is not None:
            return False
        keep(session, act, entry.at)
        return True

    def _is_the_desks_word(self, event: DeskAnswered) -> bool:
        if event.jws is None or event.desk is None:
            return not self._signed_only
        said = Said(task=event.effect, desk=event.desk, answer=event.answer, jws=event.jws)
        return said_by_desk(said, self._keys, self._event_source, revoked_by=None) is None

    def keep_directory(self, entries: Iterable[DirectoryEntry]) -> None:
        """Makes the register's directory the one given; organisations no longer in it become inactive."""
        with writing(self._engine) as session:
            current = {row.id: row for row in session.exec(select(OrganisationRow))}
            for entry in entries:
                session.merge(OrganisationRow(**entry.model_dump(mode="json")))
                current.pop(entry.id, None)
            for row in current.values():
                row.active = False

    def first_broken_link(self) -> int | None:
        """The first link of the audit chain that is not as it was written; None when all are."""
        broken = self._audit.broken()
        return broken.seq if broken else None

    def delivered(self, ids: Iterable[str]) -> None:
        with writing(self._engine) as session:
            for notice_id in ids:
                if row := session.get(OutboxRow, notice_id):
                    row.delivered_at = datetime.now(UTC)

    def events_delivered(self, org: OrgId, ids: Iterable[str]) -> None:
        """Notes that an organisation has taken these events. The first time stands."""
        with writing(self._engine) as session:
            for event in ids:
                row = session.get(EventDeliveryRow, (event, org))
                if row is not None and row.delivered_at is None:
                    row.delivered_at = datetime.now(UTC)

    def _store_event(self, session: Session, recording: Recording, entry: Entry, change: StatusChange) -> None:
        """Stores one status change for the parties of its handoff, in the transaction that stores its revision."""
        written = cloud_events.written(
            recording.case, entry, change, source=self._event_source, training=recording.snapshot.training
        )
        event = cloud_events.identity(recording.case, entry, change)
        session.add(
            EventRow(id=event, case=recording.case, revision=entry.revision, handoff=change.handoff, content=written)
        )
        session.flush()
        session.add_all(EventDeliveryRow(event=event, org=org) for org in cloud_events.parties(change))


def says(payload: dict[str, Any], event: Event, actor: Actor) -> bool:
    """Whether what was signed is this event: by its meaning, so that older words and other spellings stay true."""
    try:
        meant = EVENT.validate_python(payload)
    except ValidationError:
        return False
    by: Actor | None = getattr(meant, "by", None)
    return by is not None and by.org == actor.org and meant.model_copy(update={"by": actor}) == event


def destroy_packages(session: Session, entry: Entry) -> None:
    """What must not be delivered any more is destroyed in the exchange with the revision that says so.

    What the recipient's vault has stored in the meantime stays there: it can't be untold.
    """
    for package in entry.destroyed:
        row = session.get(PackageRow, package)
        if row is not None:
            exchange.destroy(session, package, row.sender, datetime.now(UTC), "by-the-case")


def stored_digests(session: Session, case: CaseRef) -> dict[int, str]:
    query = select(CaseEventRow.revision, CaseEventRow.state_digest).where(col(CaseEventRow.case) == case)
    return dict(session.exec(query).all())


def store_entry(session: Session, case: CaseRef, entry: Entry) -> None:
    session.add(
        CaseEventRow(
            case=case,
            revision=entry.revision,
            at=entry.at,
            kind=entry.event.kind,
            actor=actor_of(entry),
            phase=entry.phase,
            event=entry.event.model_dump(mode="json"),
            pack_digest=entry.pack,
            state_digest=entry.digest,
        )
    )
    for handoff in entry.handoffs:
        store_handoff(session, case, handoff, entry.at)
    for firing in entry.firings:
        store_firing(session, case, firing, entry.revision)
    for notice in entry.notices:
        store_notice(session, case, notice, entry.revision)
    key = getattr(entry.event, "key", None)
    if key is not None and entry.receipt is not None:
        session.merge(RequestKeyRow(key=key, case=case, receipt=entry.receipt.model_dump(mode="json")))
    session.flush()


def store_handoff(session: Session, case: CaseRef, handoff: Handoff, at: datetime) -> None:
    session.merge(
        HandoffRow(
            case=case,
            id=handoff.id,
            kind=handoff.kind,
            urgency=handoff.urgency,
            requester=handoff.requester,
            recipient=handoff.recipient,
            status=handoff.status,
            business_status=handoff.business_status,
            parent=handoff.parent,
            rerouted_from=handoff.rerouted_from,
            disclaimed_to=handoff.disclaimed_to,
            paragraph=handoff.paragraph,
            anchor=handoff.anchor,
            requested_at=handoff.requested_at,
            accepted_at=handoff.accepted_at,
            held_at=handoff.held_at,
            ended_at=handoff.ended_at,
            ended_from=handoff.ended_from,
        )
    )
    live = {deadline.name for deadline in handoff.deadlines}
    here = (col(DeadlineRow.case) == case, col(DeadlineRow.handoff) == handoff.id)
    for row in session.exec(select(DeadlineRow).where(*here, col(DeadlineRow.ended_at).is_(None))):
        if row.name not in live:
            row.ended_at = at
    for deadline in handoff.deadlines:
        session.merge(deadline_row(case, handoff.id, deadline))


def deadline_row(case: CaseRef, handoff: HandoffId, deadline: Deadline) -> DeadlineRow:
    second = timedelta(seconds=1)
    same = deadline.model_dump(exclude={"budget", "consumed", "moves"})
    return DeadlineRow(
        **same,
        case=case,
        handoff=handoff,
        budget_seconds=deadline.budget / second,
        consumed_seconds=deadline.consumed / second,
        moves=[move.model_dump(mode="json") for move in deadline.moves],
        ended_at=None,
    )


def store_firing(session: Session, case: CaseRef, firing: Firing, revision: int) -> None:
    """Stores one rung, once. A second one of the same name is a mistake in the core: said, and no case stops for it."""
    key = (case, firing.handoff, firing.round, firing.deadline, firing.ladder, firing.rung, firing.recurrence)
    if session.get(FiringRow, key) is not None:
        log.error("a rung has fired twice", case=case, firing=firing.identity)
        return
    session.add(
        FiringRow(
            case=case,
            handoff=firing.handoff,
            round=firing.round,
            deadline=firing.deadline,
            ladder=firing.ladder,
            rung=firing.rung,
            recurrence=firing.recurrence,
            revision=revision,
            due=firing.due,
            at=firing.at,
            receivers=list(firing.to),
        )
    )


def store_notice(session: Session, case: CaseRef, notice: Notice, revision: int) -> None:
    if session.get(OutboxRow, notice.id) is None:
        session.add(OutboxRow(**notice.model_dump(), case=case, revision=revision))


def store_case(session: Session, recording: Recording) -> None:
    """Keeps the pack and the snapshot, unless the register already has a later one.

    With a long queue the snapshot is ahead of these entries. A case must never be started again from a state whose
    revisions are not all in the log, so it is then the batch with the last entry that brings the snapshot.
    """
    if recording.pack is not None and session.get(RulePackRow, recording.pack_digest) is None:
        session.add(rule_pack_row(recording))
    state, last = recording.snapshot, recording.entries[-1]
    row = session.get(CaseRow, recording.case, with_for_update=True)
    if state.revision != last.revision or (row is not None and row.revision >= state.revision):
        return
    session.merge(case_row(state, last))


def rule_pack_row(recording: Recording) -> RulePackRow:
    pack = recording.pack
    if pack is None:
        raise ValueError("there is no pack in this recording")
    return RulePackRow(
        digest=recording.pack_digest,
        name=pack.name,
        effective_from=pack.effective_from,
        engine=pack.engine,
        content=pack.model_dump(mode="json"),
    )


def case_row(state: CaseState, last: Entry) -> CaseRow:
    return CaseRow(
        ref=state.case,
        revision=state.revision,
        phase=state.phase,
        urgency=state.urgency,
        opener=state.opener or "",
        social_services=state.acting.get(Function.SOCIAL_SERVICES),
        police=state.acting.get(Function.POLICE),
        track_b=state.track_b,
        opened_at=state.opened_at or last.at,
        closed_as=state.closed,
        clock_offset_seconds=state.clock_offset / timedelta(seconds=1),
        pack_digest=last.pack,
        state_digest=state.digest(),
        snapshot=state.model_dump(mode="json"),
    )


def actor_of(entry: Entry) -> OrgId | None:
    by = getattr(entry.event, "by", None)
    return by.org if by else None


def plane_entry(org: OrgId, entry: Entry, case: CaseRef) -> AuditEntry:
    """What the plane's audit says of a revision: who brought it about, and which it was."""
    return AuditEntry(
        at=datetime.now(UTC),
        **dict(the_system(org)),
        action=entry.event.kind,
        case=case,
        subject=f"revision-{entry.revision}",
    )
