"""Who looks at what, as whom, and for what: the words that access is decided from and that the audit keeps."""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import Field, StringConstraints

from models.desk import Category, ProtectionMark
from models.words import Code, Function, OrgId, Word

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
    BREAK_GLASS = "break-glass"
    """On nobody's list, and has said why it can't wait: for three hours, with everybody told."""
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


class Action(StrEnum):
    """What somebody does at a desk with what is protected, or with who may see it."""

    VIEW_MASKED = "view-masked"
    """That something is kept, and as little of it as tells one person from another. The default."""
    VIEW = "view"
    VIEW_ADDRESS = "view-address"
    """One address, in full. There is no act that shows several."""
    WRITE = "write"
    """Keeping what one has learnt. Shows nothing of what is kept already."""
    DISCLOSE = "disclose"
    RELEASE_ADDRESS = "release-address"
    """An own case's address leaves the desk."""
    RELEASE_BY_TWO = "release-by-two"
    """Something else leaves that the sharing rules want two persons for."""
    EXPORT_FILE = "export-file"
    """The file to whoever may see it: the person, a party, anybody (three regimes; `rules/file_requests.py`)."""
    CLOSE_CASE = "close-case"
    APPROVE = "approve"
    """Being the second person."""
    BREAK_GLASS = "break-glass"
    GRANT_ACCESS = "grant-access"
    """Naming somebody on a case, or taking them off."""
    NAME_FIRST = "name-first"
    """Naming somebody on a case on whose list nobody is."""
    LIST_ACCESS = "list-access"
    """Who is named on a case, and who has asked for a second person."""
    READ_AUDIT = "read-audit"
    DISPOSE = "dispose"
    """Carrying out a disposal that has been approved."""
    APPROVE_DISPOSAL = "approve-disposal"
    MANAGE_STAFF = "manage-staff"


class Obligation(StrEnum):
    """What must be done for a permitted act to be permitted."""

    PURPOSE = "purpose"
    """State why, from the list that fits."""
    REASON = "reason"
    """State the code of a reason; it is kept, and read afterwards."""
    STEP_UP = "step-up"
    """Give one's own word again, now."""
    SECOND_PERSON = "second-person"
    """Somebody else who may has approved this very act."""
    REVIEW = "review"
    """Somebody else looks at it on the next working day at the latest."""
    WARNING = "warning"
    """What the protection mark means stands beside what is shown."""
    HARM_TEST = "harm-test"
    """It is recorded that harm has been weighed, for this act (OSL 22:1, 26:1)."""


class Asked(NamedTuple):
    """One question to the table of access."""

    role: Role
    function: Function
    """What the desk's organisation is."""
    action: Action
    category: Category | None
    """None for what is not about a category of data."""
    relation: Relation
    mark: ProtectionMark
    """Of the person, or the strictest of the household. Not known is `unknown`, never left out."""
    night: bool = False
    """Outside office hours, by the desk's own calendar."""


class Decision(NamedTuple):
    """Whether, by which row of the table or why not, and what it takes."""

    permitted: bool
    reason: Code
    obligations: frozenset[Obligation] = frozenset()
    purposes: frozenset[Purpose] = frozenset()
    """Those that fit, when one must be stated."""


class Given(NamedTuple):
    """What somebody has done of what an act takes."""

    purpose: Purpose | None = None
    reason: Code | None = None
    stepped_up: bool = False
    approved: bool = False
    harm_test: bool = False


class Hours(Word):
    """A part of a roster, in local time. What ends when it begins or before ends on the next day."""

    weekday: int = Field(ge=0, le=6)
    """0 is Monday."""
    begins: time
    ends: time


class Alert(Word):
    """Whom to tell at once, at the own organisation, and what about: a code, never what was seen."""

    id: str
    """The same alert always has the same id, so that telling twice is telling once."""
    org: OrgId
    role: Code
    about: Code
    case: str
