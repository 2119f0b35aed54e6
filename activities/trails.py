"""The audit chains of this machine: whose they are, who signs their checkpoints, and where those are kept."""

from __future__ import annotations

from sqlalchemy import Engine

from activities.audit import PLANE, AuditLog
from activities.checkpoints import Checkpoints
from activities.organisation_keys import OrganisationKeys
from models.published_keys import KeyUse
from models.settings import Settings


def desk_trail(settings: Settings, engine: Engine, keys: OrganisationKeys) -> AuditLog:
    """A desk's chain, in the desk's own database."""
    return AuditLog(engine, keys.org, checkpoints_of(settings, keys.org, keys))


def plane_trail(settings: Settings, engine: Engine, keys: OrganisationKeys) -> AuditLog:
    """The plane's chain, in the register."""
    return AuditLog(engine, PLANE, checkpoints_of(settings, PLANE, keys))


def checkpoints_of(settings: Settings, chain: str, keys: OrganisationKeys) -> Checkpoints:
    """Signed with the organisation's own key, proven with every signing key that it has ever had."""

    def published(fingerprint: str) -> bytes | None:
        of_use = (key for key in keys.public().keys if key.use is KeyUse.SIGNING)
        return next((key.raw for key in of_use if key.fingerprint == fingerprint), None)

    return Checkpoints(settings.checkpoints, chain, published, keys)
