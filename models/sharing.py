"""Lawful disclosure in words: what the sharing rules say, what is asked of them, and what they answer.

A cell of the rules is releasing agency x secrecy there x category x recipient (domain.md table (c)). What has no cell
leaves for nobody. All codes that a question carries may be unknown: unknown means no.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from models.calendars import Name
from models.consent import ConsentPurpose, History, PersonFacts, WhyNoConsent
from models.desk import ProtectionMark
from models.words import Code, Digest, Function, Instant, ItemId, OrgId, TrackB, Word

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""A field of what a desk keeps, as the vault's words call it (`given_name`)."""
HANDOFF_STATUS: Code = "handoff-status"
"""Deadlines and status of a handoff: a row of table (c) that is no category of the vault."""


class Recipient(StrEnum):
    """Who may receive: the functions, the monitoring role, and authorities that only ever demand."""

    SOCIAL_SERVICES = Function.SOCIAL_SERVICES.value
    POLICE = Function.POLICE.value
    PERSONAL_SECURITY = Function.PERSONAL_SECURITY.value
    PRISON_AND_PROBATION = Function.PRISON_AND_PROBATION.value
    STATE_CARE = Function.STATE_CARE.value
    HEALTH_CARE = Function.HEALTH_CARE.value
    CIVIL_SOCIETY = Function.CIVIL_SOCIETY.value
    HOUSING_PROVIDER = Function.HOUSING_PROVIDER.value
    TAX_AGENCY = Function.TAX_AGENCY.value
    COURT = Function.COURT.value
    INSPECTORATE = Function.INSPECTORATE.value
    MONITORING = "monitoring"
    """A coordinator who watches handoffs, and is no party to them."""
    PROSECUTOR = "prosecutor"
    SECURITY_SERVICE = "security-service"
    ENFORCEMENT = "enforcement-authority"
    CUSTOMS = "customs"


class Answer(StrEnum):
    MAY = "may"
    MUST = "must"
    """A duty, shown with its clock. A person decides and sends; nothing goes by itself."""
    MUST_NOT = "must-not"
    NEEDS = "needs"
    """Not now; it may be once what is lacking is there."""


class Strength(StrEnum):
    MAY = "may"
    MUST = "must"


class Need(StrEnum):
    """What a ground may need. The facts come first, then the steps that somebody takes."""

    CONSENT = "consent"
    UNDER_18 = "under-18"
    UNDER_21 = "under-21"
    RISK_OF_CRIME = "risk-of-crime"
    """Special circumstances point to crimes to come; not to those already committed (OSL 10:18 a)."""
    PREVENTS_CRIME = "prevents-crime"
    CARE_CONDITION = "care-condition"
    """Under 18, addiction, compulsory psychiatry or pregnancy (OSL 25:12, 26:9)."""
    DEMAND = "demand"
    """Somebody whom the law names has asked, by that law."""
    TRANSFER = "transfer"
    """The recipient has accepted the transfer of the case (SoL 29:10-12): asking for it opens nothing."""
    COMPULSORY_PLACEMENT = "compulsory-placement"
    """LVU or LVM: the recipient has, or is to give, the place."""
    HOUSES_PERSON = "houses-person"
    CHILD_AT_RISK = "child-at-risk"
    LVM_NEED = "lvm-need"
    RECIPIENT_RESPONSIBLE = "recipient-responsible"
    """The recipient is the board that is responsible for the person."""
    HOLDER_PROFESSIONAL = "holder-professional"
    """The releasing organisation works professionally: the duty binds it as it binds an authority."""
    NO_EXTRAORDINARY_REASONS = "no-extraordinary-reasons"
    """Nobody has found extraordinary reasons against (lag 2025:170 section 4). It holds until somebody has."""
    TRACK_B_OPEN = "track-b-open"
    PARTY_TO_HANDOFF = "party-to-handoff"
    VISIBLE = "visible"
    """The visibility rule shows the handoff to the one who watches."""
    CONFIDENTIALITY = "confidentiality"
    """The recipient keeps silence by SoL 17:11, or by a reservation decided for this (OSL 10:14)."""
    NECESSITY_NOTE = "necessity-note"
    WEIGHING = "weighing"
    HARM_TEST = "harm-test"
    SECOND_REVIEWER = "second-reviewer"
    LAWYER_CONFIRMS = "lawyer-confirms"
    """A lawyer has confirmed that the paragraph applies here."""


STEPS = frozenset(
    {
        Need.CONFIDENTIALITY,
        Need.NECESSITY_NOTE,
        Need.WEIGHING,
        Need.HARM_TEST,
        Need.SECOND_REVIEWER,
        Need.LAWYER_CONFIRMS,
    }
)
"""What staff do before sending. A duty exists without them, and is carried out with them."""


class Clock(Word):
    """By when a duty is carried out. `within` is real time from when it arose; None is at once, or as the name says."""

    code: Code
    name: Name
    within: timedelta | None = None


class Ground(Word):
    """A legal ground, as the rules have it."""

    code: Code
    name: Name
    paragraph: str
    strength: Strength
    needs: tuple[Need, ...] = ()
    only: Code | None = None
    """The part of the category that it reaches; None: all that the purpose needs."""
    laws: tuple[Code, ...] = ()
    """With `demand`: by which law the demand is to be made."""
    clock: Code | None = None
    night: Name | None = None
    """What the card for an acute night calls it; None: it is not on the card."""
    begins: date | None = None
    ends: date | None = None
    """The last day."""


class CellKey(Word):
    holder: Code
    secrecy: Code
    category: Code
    recipient: Code


class Cell(CellKey):
    """One cell of the matrix: the grounds, in the order in which they are tried."""

    grounds: tuple[Code, ...] = ()
    only: Code | None = None
    own: bool = False
    """The table says `own`: inside one authority it is no disclosure, and from another one nothing is sent."""
    reference: bool = False
    """The recipient sees the case reference and nothing of the category."""


class KindNeeds(Word):
    """What one kind of handoff needs to be answered: the fields of each category, in both directions, at the most."""

    purpose: ConsentPurpose
    request: dict[Code, tuple[FieldName, ...]] = {}
    answer: dict[Code, tuple[FieldName, ...]] = {}


class CategoryWords(Word):
    name: Name
    fields: dict[FieldName, Name]
    """In the order in which they are shown and sent."""


class Visibility(Word):
    police_kinds: tuple[Code, ...]
    """The only kinds that police coordinators see: with consent, of their area, by reference."""


class SharingRules(Word):
    """The matrix of one date, compiled: data that a lawyer can read and change."""

    name: str
    effective_from: date
    effective_until: date | None = None
    """The last day."""
    secrecy: dict[Code, tuple[Code, ...]]
    """What secrecy each agency keeps; the first is the one that applies when nothing else is said."""
    one_authority: tuple[tuple[Function, ...], ...]
    grounds: dict[Code, Ground]
    clocks: dict[Code, Clock]
    cells: tuple[Cell, ...]
    extents: dict[Code, dict[Code, tuple[FieldName, ...]]]
    """What each part (`least`, `level` ...) leaves of a category's fields; a category it does not name: nothing."""
    categories: dict[Code, CategoryWords]
    two_persons: tuple[Code, ...]
    """Categories that two persons release together; at night one, with a review on the next working day."""
    no_harm_test: tuple[Code, ...]
    kinds: dict[Code, KindNeeds]
    visibility: Visibility
    consent_longest: timedelta

    @cached_property
    def by_key(self) -> Mapping[tuple[str, str, str, str], Cell]:
        return {(c.holder, c.secrecy, c.category, c.recipient): c for c in self.cells}

    @cached_property
    def digest(self) -> Digest:
        """SHA-256 over canonical JSON: rules with the same digest answer the same."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> SharingRules:
        """Changed rules are others: nothing worked out for these is inherited."""
        copy = super().model_copy(update=update, deep=deep)
        for worked_out in ("by_key", "digest"):
            copy.__dict__.pop(worked_out, None)
        return copy


class Question(Word):
    """May this category, held there under that secrecy, be given to this recipient?"""

    holder: Code
    holder_org: OrgId | None = None
    secrecy: Code
    category: Code
    recipient: Code
    recipient_org: OrgId | None = None
    purpose: Code


class Weighed(StrEnum):
    """What somebody has to judge, and write down, before a disclosure. The words stand at the desk."""

    NECESSITY = "necessity"
    WEIGHING = "weighing"
    HARM = "harm"
    EXTRAORDINARY_REASONS = "extraordinary-reasons"
    """Against a demand by lag 2025:170 section 4."""
    LAWYER = "lawyer"
    PREVENTS_CRIME = "prevents-crime"


class Judgement(Word):
    """One such judgement. It holds for this ground, recipient and category, and for no other disclosure."""

    what: Weighed
    note: ItemId
    ground: Code | None = None
    """None only for a harm test, which is about the recipient and not the ground."""
    recipient: Code
    recipient_org: OrgId | None = None
    categories: tuple[Code, ...] = Field(min_length=1, max_length=40)
    speaks_for: bool
    """True: it speaks for disclosing, or does not stand in the way."""
    of: dict[Code, str] = {}
    """What was judged, by category: a digest, under the desk's own key, of what was kept and the mark that counted."""
    by: str | None = None
    """The account that wrote it down."""


class Demand(Word):
    """A demand that has arrived: by which law, from which authority, for what."""

    law: Code
    authority: Code
    authority_org: OrgId | None = None
    categories: tuple[Code, ...] = Field(min_length=1)
    received_at: Instant
    written: bool = False


class Circumstances(Word):
    """What is known of the case when the question is asked. None is *nobody has said*, and never counts as yes."""

    person: PersonFacts = PersonFacts()
    consents: History = ()
    last_seen: Instant | None = None
    """The latest instant the desk knows of, should the machine's clock have been set back."""
    marks: frozenset[ProtectionMark] = frozenset({ProtectionMark.UNKNOWN})
    """Empty only when somebody has looked and there is none: with any mark, unknown too, the harm test is recorded."""
    judgements: tuple[Judgement, ...] = Field(default=(), max_length=2_000)
    """The last about each thing. Bounded by what there is to judge: kinds of judgement, grounds and categories."""
    held: dict[Code, str] = {}
    """What is kept now, by category, as `Judgement.of` has it."""
    used: frozenset[tuple[ItemId, Code]] = frozenset()
    """Judgements that something of the category has been told by: each is good for one telling."""
    teller: str | None = None
    """The account that is about to tell."""
    demands: tuple[Demand, ...] = Field(default=(), max_length=20)
    second_reviewer: bool = False
    alone_on_call: bool = False
    """Nobody else is at work: one person decides, and it is reviewed on the next working day."""
    transfer_to: OrgId | None = None
    """The municipality that has accepted the transfer of the case."""
    compulsory_placement_at: OrgId | None = None
    housed_by: OrgId | None = None
    responsible_org: OrgId | None = None
    holder_professional: bool | None = None
    recipient_professional: bool | None = None
    """Bound by SoL 17:11."""
    reservation: bool | None = None
    """A reservation for this recipient is decided (OSL 10:14)."""
    reservation_text: str | None = None
    """What it says: told with what it is about."""
    addiction: bool | None = None
    compulsory_psychiatry: bool | None = None
    pregnant: bool | None = None
    risk_of_crime: bool | None = None
    child_at_risk: bool | None = None
    lvm_need: bool | None = None
    known_since: dict[Need, Instant] = {}
    """When what makes a duty (a child at risk, a need of care) became known here: its clock runs from then."""
    track_b: TrackB | None = None
    party_to_handoff: bool | None = None
    visible: bool | None = None


class Lack(Word):
    """One thing that a ground lacks."""

    need: Need
    why: WhyNoConsent | None = None
    closed: bool = False
    """It is known not to be so, or nobody but others can bring it about: no use waiting for it."""


class Considered(Word):
    """A ground of the cell, and what it lacks now."""

    ground: Code
    paragraph: str
    strength: Strength
    lacks: tuple[Lack, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.lacks

    @property
    def closed(self) -> bool:
        return any(lack.closed for lack in self.lacks)


class DutyClock(Word):
    """When a duty arose and by when it is carried out; `due` None is what the clock's name says (at once)."""

    code: Code
    name: Name
    since: Instant
    due: Instant | None = None


class Reason(StrEnum):
    """Why the answer is no, or nothing to disclose. None of them says anything of the person or the secrecy."""

    NOT_BY_THIS_SYSTEM = "not-by-this-system"
    """Stays at the desk, whoever asks. What an agency decides on its own is decided outside."""
    NO_RULE = "no-rule"
    """No rule opens it: unknown, or never."""
    NO_RULES_IN_FORCE = "no-rules-in-force"
    REFERENCE_ONLY = "reference-only"
    OWN_SOURCE = "own-source"
    """The recipient has its own; nothing is sent from here."""
    GROUNDS_CLOSED = "grounds-closed"
    """There are grounds, and none of them can be met as things are."""
    LACKING = "lacking"
    SAME_AGENCY = "same-agency"
    """No disclosure: it stays in the agency. Who sees it there is another question."""


class Verdict(Word):
    """The answer to one question, with the law it stands on and everything that was looked at."""

    question: Question
    answer: Answer
    reason: Reason | None = None
    ground: Code | None = None
    paragraph: str | None = None
    only: tuple[Code, ...] = ()
    """The parts that limit which fields go; all of them at once."""
    considered: tuple[Considered, ...] = ()
    needs: tuple[Lack, ...] = ()
    """With `needs`: what the nearest ground lacks. With `must`: the steps to take before sending."""
    clock: DutyClock | None = None
    review_after: bool = False
    """Released by one person on call: reviewed on the next working day."""
    decided_at: Instant
    rules: str | None = None
    """The name of the rules that answered."""
