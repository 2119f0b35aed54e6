"""The keys that organisations act with on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock

from activities.case_keys import CaseKeys, open_case_keys
from activities.key_store import Outer
from activities.organisation_keys import OrganisationKeys, open_keys
from console.failures import Refused
from models.contracts import Refusal
from models.keys import KeyMissing
from models.settings import Settings
from models.words import OrgId


class ActingKeys:
    """The organisations' keys for one program. A key store is a database: each is opened once, when it is first needed,
    and stays open until the program lets go of them all. What other programs change there is seen all the same."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = Lock()
        self._stores: dict[OrgId, CaseKeys] = {}
        self._keys: dict[OrgId, OrganisationKeys] = {}

    def of(self, org: OrgId) -> OrganisationKeys:
        """An organisation's keys. The embedded stack makes those that are missing; elsewhere its desk has them.

        Raises:
            Refused: they are not on this machine.
        """
        with self._opening:
            if org not in self._keys:
                self._stores[org] = open_case_keys(self._settings, org)
                self._keys[org] = open_keys(self._settings, org, Outer(self._stores[org]))
            keys = self._keys[org]
        try:
            if self._settings.mode == "embedded":
                keys.ensure(datetime.now(UTC))
            elif not keys.public().keys:
                raise Refused(Refusal(code="no-key-here", detail=org))
        except KeyMissing:
            raise Refused(Refusal(code="no-key-here", detail=org)) from None
        return keys

    def close(self) -> None:
        """Lets go of the key stores. Whatever asks again opens them again."""
        with self._opening:
            for store in self._stores.values():
                store.close()
            self._stores.clear()
            self._keys.clear()


def acting_keys(settings: Settings, org: OrgId) -> OrganisationKeys:
    """The keys of one organisation, for a program that acts as no other. Raises as `ActingKeys.of`."""
    return ActingKeys(settings).of(org)
