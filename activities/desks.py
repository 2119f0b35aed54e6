"""Opening a desk: its store, and the activities that serve its task queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from activities.case_keys import open_case_keys
from activities.collecting import Collecting, Exchanges
from activities.disposal_office import disposal_at
from activities.offices import Office
from activities.placement import Placement
from activities.protected_data import DeskStore, Inbox
from activities.retention_files import ClosureOf
from activities.stores import desk_url, migrate, open_database
from activities.threat_assessment import ThreatAssessment
from models.directory import DirectoryEntry
from models.settings import Settings
from models.words import OrgId


def open_desk(settings: Settings, org: OrgId) -> DeskStore:
    """The desk of one organisation, with its store brought to the newest schema and everything in it sealed.

    Raises:
        KeyMissing: its keys are not there, or are another's.
    """
    engine = open_database(desk_url(settings, org))
    migrate(engine, "desk")
    store = DeskStore(org, engine, open_case_keys(settings, org))
    store.seal_what_was_open()
    return store


def desk_activities(office: Office, directory: Iterable[DirectoryEntry], way: Exchanges) -> list[Callable[..., Any]]:
    """What a desk does when the plane asks; each bound to this desk alone."""
    store = office.store
    inbox, assessment, placement = Inbox(store), ThreatAssessment(store), Placement(store, directory)
    collecting = Collecting(store, office.disclosures, office.signing, way)
    return [inbox.receive, inbox.take_back, assessment.conclude, placement.find_candidates, collecting.collect]


def disposal_activities(office: Office, closure_of: ClosureOf) -> list[Callable[..., Any]]:
    """What a desk does when its disposal asks: look for what is due, carry out what the archive role has approved."""
    disposal = disposal_at(office, closure_of)
    return [disposal.look, disposal.carry_out]
