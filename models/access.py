"""Who looks at what, as whom, and for what: the words that access is decided from and that the audit keeps."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from models.words import OrgId, Word

UserId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9.-]{1,39}$")]
"""A staff account at one desk (`handl-07`). Pseudonymous: names of staff are in the agency's own login only."""


class Role(StrEnum):
    CASEWORKER = "caseworker"
    """Handläggare at the social services."""
    OFFICER = "officer"
    """An agency's own handler: avhopparsamordnare, personsäkerhetshandläggare, a provider's staff."""
    ON_CALL = "on-call"
    """Socialjour, vakthavande: whoever is on duty now."""
    UNIT_MANAGER = "unit-manager"
    MANAGER_ON_CALL = "manager-on-call"
    DECISION_MAKER = "decision-maker"
    """Chair, appointed member, or whom the delegation order names."""
    COORDINATOR = "coordinator"
    DATA_PROTECTION_OFFICER = "data-protection-officer"
    SECURITY = "security"
    ARCHIVIST = "archivist"
    OPERATOR = "operator"
    """Runs the machines. Sees no personal data."""
    SYSTEM = "system"
    """The desk's own programs, when they answer the plane."""


class Relation(StrEnum):
    """How a user stands to a case at a desk."""

    NAMED = "named"
    """On the case's need-to-know list."""
    ON_CALL = "on-call"
    """On duty now, at a desk that has the case."""
    OWN_ORGANISATION = "own-organisation"
    """Works at the desk; nothing more."""
    NONE = "none"


class Purpose(StrEnum):
    """Why somebody looks (ändamål). Stated before, kept in the audit. Never free text."""

    HANDLE_CASE = "handle-case"
    CONTACT_PERSON = "contact-person"
    ACUTE_PROTECTION = "acute-protection"
    ASSESS_RISK = "assess-risk"
    PLAN_PLACEMENT = "plan-placement"
    DISCLOSE = "disclose"
    FOLLOW_UP = "follow-up"
    FILE_REQUEST = "file-request"
    CORRECT_DATA = "correct-data"
    REVIEW_LOGS = "review-logs"
    INCIDENT = "incident"
    DISPOSAL = "disposal"
    ANSWER_PLANE = "answer-plane"
    """The desk's own programs answering a question of the plane's; nothing protected leaves the desk."""


class Reader(Word):
    """Who looks: an account, in one of its roles, at one organisation."""

    org: OrgId
    user: UserId
    role: Role


def the_system(org: OrgId) -> Reader:
    return Reader(org=org, user="system", role=Role.SYSTEM)
