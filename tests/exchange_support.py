"""Organisations with real keys in a folder, a directory that knows them, and packages between them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from activities.key_directory import KeyDirectory
from activities.organisation_keys import OrganisationKeys
from activities.outer_keys import FileKeys
from activities.packages import seal
from models.contracts import Refusal
from models.exchange import Envelope, Label
from models.published_keys import KeyUse, PublishedKey
from models.words import CaseRef, OrgId
from tests.rules_support import REF, at

NOW = at("2027-01-05 10:00")
SENDER, RECIPIENT, OTHER = "soc-0381", "polisen-mitt", "soc-0180"
CONTENT = b"kanariefagel 19900101-0017"


def keys_of(org: OrgId, folder: Path, now: datetime = NOW) -> OrganisationKeys:
    """An organisation's keys under `folder`, made when they are not there."""
    outer = FileKeys(org, folder / org)
    if not outer.versions():
        outer.rotate()
    keys = OrganisationKeys(org, folder / org, outer)
    keys.ensure(now)
    return keys


def admit(directory: KeyDirectory, *all_keys: OrganisationKeys, now: datetime = NOW) -> None:
    for keys in all_keys:
        assert directory.publish(keys.public(), now, accepted=[keys.fingerprint]) is None


def current(keys: OrganisationKeys, use: KeyUse) -> PublishedKey:
    (key,) = (key for key in keys.public().keys if key.use is use and not key.retired_at and not key.revoked_at)
    return key


def label(sender: OrgId = SENDER, recipient: OrgId = RECIPIENT, case: CaseRef = REF, **other: Any) -> Label:
    told = {
        "id": str(uuid4()),
        "case": case,
        "handoff": "H1",
        "sender": sender,
        "recipient": recipient,
        "categories": ("assessment",),
        "grounds": ("consent",),
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=7),
        **other,
    }
    return Label.model_validate(told)


def sealed(sender: OrganisationKeys, recipient: OrganisationKeys, content: bytes = CONTENT, **other: Any) -> Envelope:
    about = label(sender.org, recipient.org, **other)
    return seal(content, about, sender, current(recipient, KeyUse.SEALING))


def code(answer: object) -> str | None:
    """The code of a refusal; None for anything else."""
    return answer.code if isinstance(answer, Refusal) else None
