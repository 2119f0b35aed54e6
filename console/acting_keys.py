"""The keys that organisations act with on this machine."""

from __future__ import annotations

from datetime import UTC, datetime

from activities.case_keys import open_case_keys
from activities.key_store import Outer
from activities.organisation_keys import OrganisationKeys, open_keys
from console.failures import Refused
from models.contracts import Refusal
from models.keys import KeyMissing
from models.settings import Settings
from models.words import OrgId


def acting_keys(settings: Settings, org: OrgId) -> OrganisationKeys:
    """An organisation's keys. The embedded stack makes them when they are first needed; elsewhere its desk has them.

    Raises:
        Refused: they are not on this machine.
    """
    keys = open_keys(settings, org, Outer(open_case_keys(settings, org)))
    try:
        if settings.mode == "embedded":
            keys.ensure(datetime.now(UTC))
        elif not keys.public().keys:
            raise Refused(Refusal(code="no-key-here", detail=org))
    except KeyMissing:
        raise Refused(Refusal(code="no-key-here", detail=org)) from None
    return keys
