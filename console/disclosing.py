"""Telling another organisation: what it will see, whether it may, and the way there. Preview and sending are one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import uuid4

from activities.disclosures import Told
from activities.offices import Office
from activities.packages import seal
from activities.sharing_rules import sharing_at
from console import letters, permitting
from console.as_whom import Worker
from console.casework import Casework
from console.coding import item_id
from console.failures import NotFound, Refused
from console.holding import held_for
from console.judging import judged
from models.access import Purpose
from models.case import CaseState
from models.consent import ConsentQuestion, ConsentRecord
from models.contracts import Refusal, Standing
from models.desk import Category, ProtectionMark
from models.desk_tables import ItemRow
from models.events import Actor, Disclosed, Recalled
from models.exchange import Label
from models.handoffs import Handoff, Status
from models.preview import Preview, Sending, Text, WhyWithheld
from models.published_keys import KeyUse, PublishedKey
from models.sharing import Circumstances, SharingRules, Verdict
from models.words import CaseRef, Code, Function, HandoffId, ItemId, OrgId, RequestKey
from rules import consent, preview
from rules.stated import about, known_since, reservation

WAITS = timedelta(days=14)
"""How long a package waits for its recipient before it is destroyed."""
NOT_THIS_ROLE = Text(sv="er roll ser det inte", en="your role does not see it")
Way = Literal["sealed", "letter", "spoken"]


class Telling(NamedTuple):
    """What would be told in one handoff as things are now."""

    standing: Standing
    handoff: Handoff
    recipient: OrgId
    sending: Sending
    found: Mapping[Code, Verdict]
    preview: Preview
    known: Circumstances
    address: int | None = None
    """The number of the address that was chosen, where one was."""
    by_two: bool = False
    """Whether a second person is asked before it is sent."""
    weighed_in: Handoff | None = None
    """Where it was judged, when that was not in this handoff: an answer to a demand, told in another."""
    demand: ItemId | None = None
    """The demand that it answers, if it answers one: that is done once."""


async def look(
    casework: Casework,
    worker: Worker,
    case: CaseRef,
    handoff: HandoffId,
    *,
    decided: tuple[Code, ...] = (),
    by_ground: Mapping[Code, Code] | None = None,
    address: int | None = None,
    resuming: ItemId | None = None,
) -> Telling:
    """What the recipient would see, field by field, and what stays. Looking is logged before it is shown.

    `address`: the number of the one to tell. `resuming`: the telling that is taken up again, if one is.

    Raises:
        Refused: this account may not disclose, no such handoff is open between the two, or that address is none.
        CannotAudit: it can't be logged.
    """
    office = worker.office
    standing = await casework.plane.standing(case, office.org)
    asked = standing.state.handoffs.get(handoff)
    if asked is None:
        raise Refused(Refusal(code="unknown-handoff", possible=tuple(standing.state.handoffs)))
    if office.org not in (asked.requester, asked.recipient) or asked.requester == asked.recipient:
        raise Refused(Refusal(code="not-a-party", detail=handoff))
    recipient = asked.recipient if office.org == asked.requester else asked.requester
    to = casework.organisation(recipient)
    sending = Sending(
        case=case,
        handoff=handoff,
        kind=asked.kind,
        way="request" if office.org == asked.requester else "answer",
        sender=office.org,
        sender_role=worker.by.role,
        recipient=to.function,
        recipient_org=recipient,
    )
    rules = rules_of(standing)
    held, kept_from, digests = await asyncio.to_thread(held_for, worker, rules, sending, address)
    known = circumstances(worker, standing, asked, recipient, to.function)
    known = await asyncio.to_thread(judged, worker, case, asked, known, digests, resuming)
    found = preview.verdicts(rules, sending, office.entry.function, known, standing.now, by_ground)
    shown = preview.assemble(rules, sending, held, found, decided, known.marks, known.reservation_text)
    unseen = tuple(preview.withheld_for(one, WhyWithheld.NOT_ALLOWED, NOT_THIS_ROLE) for one in kept_from)
    shown = shown.model_copy(update={"withheld": (*shown.withheld, *unseen)})
    if Category.ADDRESS in shown.package.categories and not worker.stepped_up:
        refusal = Refusal(code="step-up-needed")
        await asyncio.to_thread(permitting.logged, worker, case, (Category.ADDRESS,), refusal)
        raise Refused(refusal)
    two = preview.by_two(rules, shown.package)
    return Telling(standing, asked, recipient, sending, found, shown, known, address, two)


def rules_of(standing: Standing) -> SharingRules:
    """Raises: Refused: none are in force on the case's day."""
    rules = sharing_at(standing.now)
    if rules is None:
        raise Refused(Refusal(code="no-sharing-rules"))
    return rules


def circumstances(worker: Worker, standing: Standing, asked: Handoff, recipient: Code, function: Code) -> Circumstances:
    """What this desk and the case know that the sharing rules ask about."""
    office, state = worker.office, standing.state
    case = state.case
    notes = [(row, content) for row, content in office.own_items(case, (Category.NOTE,)) if isinstance(content, dict)]
    said = [(content["stated"], known_at(row, content)) for row, content in notes if "stated" in content]
    stated = about((one for one, _ in said), recipient)
    stated["reservation_text"] = reservation(stated)
    placement = stated.pop("compulsory_placement", None)
    taken_on = asked.status in (Status.ACCEPTED, Status.IN_PROGRESS)
    houses = recipient if function == Function.HOUSING_PROVIDER and asked.kind == "protected-bed" and taken_on else None
    return Circumstances(
        person=office.person_facts(case),
        consents=office.disclosures.history(case),
        last_seen=standing.now,
        marks=frozenset({office.mark_of(case) or ProtectionMark.UNKNOWN}),
        demands=office.demands.open_in(case),
        known_since=known_since(said),
        transfer_to=asked.recipient if asked.kind == "case-transfer" and taken_on else None,
        compulsory_placement_at=recipient if placement else None,
        housed_by=houses,
        responsible_org=responsible(state),
        track_b=state.track_b,
        party_to_handoff=True,
        second_reviewer=True,  # asked for when it is sent, of exactly what was seen (`permitting.permitted`)
        **stated,
    )


def known_at(row: ItemRow, content: Mapping[str, Any]) -> datetime:
    """When a circumstance was written down, in the case's own time: a duty is as late as that makes it."""
    return datetime.fromisoformat(content["at"]) if "at" in content else row.stored_at


def responsible(state: CaseState) -> OrgId | None:
    return f"soc-{state.responsible.municipality}" if state.responsible else None


async def send(
    casework: Casework,
    worker: Worker,
    case: CaseRef,
    handoff: HandoffId,
    *,
    way: Way,
    expected: str | None = None,
    decided: tuple[Code, ...] = (),
    by_ground: Mapping[Code, Code] | None = None,
    address: int | None = None,
    letter: Path | None = None,
    key: RequestKey | None = None,
) -> Told:
    """Tells the recipient exactly what `look` shows. Logged before anything leaves; the same key tells it once.

    `letter`: where a letter is put, once the case has been told. It is on disk, beside, before that.

    Raises:
        Refused: it may not be told now, or not like this; what was previewed has changed; the case does not take it.
        CannotAudit: it can't be logged, so it is not told.
        Unavailable: try again with the same key. What was begun and not finished is taken back after ten minutes.
    """
    key = key or str(uuid4())
    package, office = item_id(key, "package"), worker.office
    waits_beside = letter is not None and letters.unfinished(letter).exists()
    earlier = await asyncio.to_thread(permitting.told_before, worker, case, handoff, package, way, waits_beside)
    if earlier is not None and earlier.row.state != "prepared":
        if letter is not None:
            await asyncio.to_thread(letters.finished, letter)
        return earlier
    resuming = package if earlier is not None else None
    telling = await look(
        casework, worker, case, handoff, decided=decided, by_ground=by_ground, address=address, resuming=resuming
    )
    if refusal := unsaid(telling, way, seen=expected is not None):
        raise Refused(refusal)
    if telling.preview.empty:
        raise Refused(Refusal(code="nothing-to-disclose"))
    if expected is not None and telling.preview.digest != expected:
        raise Refused(Refusal(code="preview-has-changed"))
    if earlier is not None and earlier.package.digest != telling.preview.digest:
        office.disclosures.settle(package, "refused", worker.by)
        raise Refused(Refusal(code="preview-has-changed"))
    to = casework.organisation(telling.recipient)
    if way == "sealed" and not to.desk:
        raise Refused(Refusal(code="recipient-without-desk", detail=to.id))
    told = earlier
    if told is None:
        told = await asyncio.to_thread(prepared, casework, worker, telling, package, way, key)
    if letter is None:
        return await delivered(casework, worker, telling, told, key)
    try:
        await asyncio.to_thread(letters.write, casework, worker, told.package, telling.recipient, letter)
    except Refused:
        office.disclosures.settle(package, "refused", worker.by)
        raise
    try:
        told = await delivered(casework, worker, telling, told, key)
    except Refused:
        letters.taken_away(letter)
        raise
    await asyncio.to_thread(letters.finished, letter)
    return told


def unsaid(telling: Telling, way: Way, *, seen: bool) -> Refusal | None:
    """Why it may not go as it is written. What was seen to stay behind does not keep the rest from going tonight."""
    fields = preview.unsaid(telling.preview, to_others=way == "letter")
    going = tuple(one for one in fields if not seen or one not in kept_back(telling))
    return Refusal(code="unsaid-field", detail=", ".join(going)) if going else None


def kept_back(telling: Telling) -> frozenset[str]:
    back = (one for one in telling.preview.withheld if one.code is WhyWithheld.UNSAID)
    return frozenset(f"{one.category}.{one.field}" for one in back)


def prepared(casework: Casework, worker: Worker, telling: Telling, package: ItemId, way: Way, key: RequestKey) -> Told:
    """Everything that must stand before a word leaves: permission, approval, log, and the sealed package itself."""
    office, now, content = worker.office, datetime.now(UTC), telling.preview.package
    wait = waits(telling, rules_of(telling.standing))
    if wait <= timedelta(0):
        raise Refused(Refusal(code="preview-has-changed"))
    label = Label(
        id=package,
        case=telling.sending.case,
        handoff=telling.handoff.id,
        sender=office.org,
        recipient=telling.recipient,
        categories=content.categories,
        grounds=grounds_of(telling),
        created_at=now,
        expires_at=now + wait,
    )
    envelope = None
    if way == "sealed":
        theirs = sealing_key_of(casework, telling.recipient, office.org)
        envelope = seal(content.model_dump_json().encode(), label, office.signing, theirs)
    came = office.disclosures.prepare(
        label,
        content,
        envelope,
        way=way,
        # Not the content's own: of a first name and a meeting place anybody could try which it was.
        digest=envelope.digest if envelope else office.store.keys.blind(content.digest),
        by_consent=telling.preview.by_consent,
        by=worker.by,
        purpose=Purpose.DISCLOSE,
        judgements=permitting.relied_on(telling),
        permitted=lambda session: permitting.permitted(session, worker, telling, key, now),
    )
    if isinstance(came, Refusal):
        raise Refused(permitting.second_person_asked(worker, telling, came, now))
    return came


def sealing_key_of(casework: Casework, recipient: OrgId, sender: OrgId) -> PublishedKey:
    """The key to seal to. The embedded stack has every organisation's keys, and publishes those of a desk that has not
    begun its work yet.

    Raises:
        Refused: none is known that this desk can believe.
    """
    for again in (casework.settings.mode == "embedded", False):
        known = casework.plane.published(recipient, sender).current(recipient, KeyUse.SEALING, datetime.now(UTC))
        if known is not None:
            return known
        if again:
            casework.plane.publish(casework.keys(recipient).public())
    raise Refused(Refusal(code="recipient-without-key", detail=recipient))


def waits(telling: Telling, rules: SharingRules) -> timedelta:
    """How long a package waits for its recipient: not longer than the first of the consents that it stands on.

    Nothing, when one of them has ended meanwhile.
    """
    now, known, ends = telling.standing.now, telling.known, []
    for verdict in telling.found.values():
        asked = verdict.question
        if asked.category in telling.preview.package.categories and preview.on_consent(rules, verdict):
            question = ConsentQuestion(
                recipient=asked.recipient,
                recipient_org=asked.recipient_org,
                category=asked.category,
                purpose=asked.purpose,
                person=known.person,
            )
            held = consent.valid(known.consents, question, now)
            ends.append(held.until if isinstance(held, ConsentRecord) else now)
    return min([WAITS, *(until - now for until in ends)])


def grounds_of(telling: Telling) -> tuple[Code, ...]:
    """The grounds as the case is told of them; whatever stands on consent is told as consent as well."""
    grounds = telling.preview.package.grounds
    return tuple(dict.fromkeys(("consent", *grounds))) if telling.preview.by_consent else grounds


async def delivered(casework: Casework, worker: Worker, telling: Telling, told: Told, key: RequestKey) -> Told:
    """The sealed package to the exchange, then the word of it to the case; or the word alone for a letter or a call."""
    office, row = worker.office, told.row
    if told.envelope is not None:
        refusal = await asyncio.to_thread(casework.plane.leave, told.envelope)
        if refusal is not None:
            office.disclosures.settle(row.id, "refused", worker.by)
            raise Refused(refusal)
    event = Disclosed(
        key=key,
        by=Actor(org=office.org),
        package=row.id,
        handoff=row.handoff,
        recipient=row.recipient,
        way=row.way,  # type: ignore[arg-type]
        categories=tuple(row.categories),
        grounds=tuple(row.grounds),
        digest=row.digest,
        # From what was written down, so that the same request again is the same to the case.
        expires_at=row.expires_at + telling.standing.state.clock_offset if row.expires_at else None,
    )
    try:
        await casework.submit(CaseRef(row.case), event)
    except Refused:
        gone = await asyncio.to_thread(casework.plane.revoke, row.id, office.org) if told.envelope else None
        office.disclosures.settle(row.id, "sent" if is_taken(gone) else "refused", worker.by)
        raise
    office.disclosures.settle(row.id, "sent", worker.by)
    return office.disclosures.told(row.id) or told


async def recall(casework: Casework, worker: Worker, package: ItemId, key: RequestKey | None = None) -> str:
    """Takes a package back that has not been taken. Answers what became of it: `recalled` or `taken`.

    What was told in a letter or by word of mouth is taken. One that has not come to the exchange yet is kept out.

    Raises:
        Refused: not for this account; that is logged too.
    """
    office = worker.office
    told = office.disclosures.told(package)
    if told is None:
        raise NotFound("Det finns inget sådant utlämnande här.", "There is no such disclosure here.")
    await asyncio.to_thread(permitting.may_recall, worker, CaseRef(told.row.case), package)
    if told.envelope is None:
        return "taken"
    if is_taken(await asyncio.to_thread(casework.plane.revoke, package, office.org)):
        office.disclosures.settle(package, "taken", worker.by, of=("prepared", "sent"))
        return "taken"
    event = Recalled(key=key or str(uuid4()), by=Actor(org=office.org), package=package)
    try:
        await casework.submit(CaseRef(told.row.case), event)
    except Refused as refused:
        if refused.refusal.code not in ("package-not-under-way", "case-closed"):
            raise
    office.disclosures.settle(package, "recalled", worker.by, of=("prepared", "sent"))
    return "recalled"


def consent_stands(office: Office, package: ItemId, now: datetime) -> bool:
    """Whether what was told by consent might still be told by it now: by what was said since, and by whom it counts."""
    told, rules = office.disclosures.told(package), sharing_at(now)
    if told is None or rules is None:
        return False
    case = CaseRef(told.row.case)
    history, person = office.disclosures.history(case), office.person_facts(case)
    return preview.consent_stands(rules, told.package, history, person, now)


def is_taken(refusal: Refusal | None) -> bool:
    """Whether the exchange says that the recipient has it: then it can't be taken back."""
    return refusal is not None and refusal.code == "package-taken"
