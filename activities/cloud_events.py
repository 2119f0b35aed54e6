"""What other systems are told of a handoff: each status change as one CloudEvent with a FHIR Task in it.

Identifiers and codes only. Nothing here names a person, says why in words, or tells of another handoff.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from models.case import Entry
from models.handoffs import StatusChange
from models.words import CaseRef, HandoffId, OrgId

SOURCE = "/utvag/cases"
"""CloudEvents `source` where the settings name no other."""
TYPE = "se.utvag.handoff."
"""And then the status that the handoff has come to, by its FHIR Task name."""
MEDIA_TYPE = JSONFormat.CONTENT_TYPE
CASE, HANDOFF, KIND, OUTCOME, ORGANISATION = (
    f"urn:utvag:{name}" for name in ("case", "handoff", "kind", "business-status", "organisation")
)
"""The systems that the FHIR identifiers and codes belong to."""


def parties(change: StatusChange) -> tuple[OrgId, ...]:
    """Who may be told: the two that the handoff is between, or the one that asks itself."""
    return tuple(dict.fromkeys((change.requester, change.recipient)))


def written(case: CaseRef, entry: Entry, change: StatusChange, *, source: str, training: bool) -> str:
    """A status change as one line of JSON, in CloudEvents' own format.

    Raises:
        CloudEventValidationError: an attribute breaks the CloudEvents specification.
    """
    at = instant(entry)
    attributes = {
        "specversion": "1.0",
        "id": identity(case, entry, change),
        "source": source,
        "type": f"{TYPE}{change.after}",
        "subject": f"{case}/{change.handoff}",
        "time": at,
        "datacontenttype": "application/json",
        "sequence": sequence(entry.revision, change.handoff),
        "training": training,
    }
    return JSONFormat().write(CloudEvent(attributes, task(case, change, at))).decode()


def identity(case: CaseRef, entry: Entry, change: StatusChange) -> str:
    """The same for the same status change, always: who has seen it has seen the event."""
    return f"{case}/{entry.revision}/{change.handoff}"


def instant(entry: Entry) -> datetime:
    """The case's own time once the revision was made: where a training clock was moved, the time moved to."""
    return entry.receipt.at if entry.receipt else entry.at


def sequence(revision: int, handoff: HandoffId) -> str:
    """Where in its case an event stands. Compares as text, as CloudEvents' extension `sequence` must."""
    return f"{revision:08d}-{int(handoff[1:]):05d}"


def task(case: CaseRef, change: StatusChange, at: datetime) -> dict[str, Any]:
    """The handoff as a FHIR Task. `for` is left out on purpose: a case reference is not a patient."""
    told: dict[str, Any] = {
        "resourceType": "Task",
        "identifier": [{"system": HANDOFF, "value": f"{case}/{change.handoff}"}],
        "status": change.after.value,
        "intent": "order",
        "code": coded(KIND, change.kind),
        "focus": reference(CASE, case),
        "requester": reference(ORGANISATION, change.requester),
        "owner": reference(ORGANISATION, change.recipient),
        "lastModified": at,
    }
    if change.business_status is not None:
        told["businessStatus"] = coded(OUTCOME, change.business_status)
    return told


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def reference(system: str, value: str) -> dict[str, Any]:
    """A FHIR reference by identifier: nothing is served at an address."""
    return {"identifier": {"system": system, "value": value}}
