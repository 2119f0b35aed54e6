"""Requests to see a file: who asks, under which of three regimes, what there is, and what was decided. Codes only,
save in `ItemContent`, which never leaves the desk."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field as Bounded

from models.words import CheckedRef, Code, Instant, ItemId, OrgId, RequestKey, Word


class Regime(StrEnum):
    """Three rights to see, never one (domain.md section 4): each has its clock, its test and its way to appeal."""

    SUBJECT = "subject"
    """One's own personal data (GDPR 15)."""
    PARTY = "party"
    """A party to the case (partsinsyn, OSL 10:3)."""
    PUBLIC = "public"
    """Anybody, an official document (allmän handling, TF 2 kap.; OSL 6:3)."""


class Asker(StrEnum):
    """How whoever asks stands to the person whose file it is."""

    SELF = "self"
    GUARDIAN = "guardian"
    GUARDIAN_THREAT = "guardian-threat"
    """Recorded as a threat. Stays a party, and never learns where anybody is (OSL 26:2)."""
    OTHER_PARTY = "other-party"
    LAWYER = "lawyer"
    """Asks for somebody else with a power of attorney: sees what that somebody may see."""
    PUBLIC = "public"
    UNKNOWN = "unknown"


class About(StrEnum):
    """Whom a thing that is kept tells of."""

    PERSON = "person"
    CHILD = "child"
    ASKER = "asker"
    OTHER = "other"


class Harm(StrEnum):
    """The harm test (menprövning) of one thing before it is shown to this asker."""

    NOT_TESTED = "not-tested"
    NONE = "none"
    HARM = "harm"


class Ground(StrEnum):
    """Paragraphs that a decision may rest on. The secrecy of personal-security work is not among them: that agency
    decides outside this system, and the paragraph is never named."""

    GDPR_12_6 = "gdpr-12-6"
    GDPR_15 = "gdpr-15"
    GDPR_15_4 = "gdpr-15-4"
    DATA_PROTECTION_ACT_5_1 = "dsl-5-1"
    CRIME_DATA_ACT = "bdl"
    OSL_6_3 = "osl-6-3"
    OSL_10_3 = "osl-10-3"
    OSL_12_3 = "osl-12-3"
    OSL_25_1 = "osl-25-1"
    OSL_26_1 = "osl-26-1"
    OSL_26_2 = "osl-26-2"
    OSL_26_7 = "osl-26-7"
    OSL_35_1 = "osl-35-1"
    OSL_35_15 = "osl-35-15"
    SOL_17_11 = "sol-17-11"


class Gate(StrEnum):
    """Whether a request is looked into at all."""

    OPEN = "open"
    NEEDS_IDENTITY = "needs-identity"
    NEEDS_POWER_OF_ATTORNEY = "needs-power-of-attorney"
    NOT_A_PARTY = "not-a-party"
    NOT_A_SUBJECT = "not-a-subject"
    NOT_AN_AUTHORITY = "not-an-authority"
    """The regime binds authorities; a private provider points to the board that placed the person there."""


class Outcome(StrEnum):
    """The answers of the three kinds of handoff in the rule pack (`file-request-*`), and one that answers nothing."""

    GIVEN = "given"
    GIVEN_IN_PART = "given-in-part"
    REFUSED = "refused"
    DISMISSED = "dismissed"
    """Not looked into: nobody showed who asks, or a power of attorney."""


class Court(StrEnum):
    ADMINISTRATIVE_COURT_OF_APPEAL = "kammarratten"
    ADMINISTRATIVE_COURT = "forvaltningsratten"


class FileRequest(Word):
    """A request as the desk keeps it. Who asked, by name, is sealed in the vault under `asker_item`."""

    id: RequestKey
    org: OrgId
    case: CheckedRef | None = None
    """None: nobody knows, or has said, whether there is a case (allmän handling)."""
    regime: Regime
    asker: Asker
    behalf: Asker | None = None
    """For a lawyer: whom for."""
    proven: bool = False
    """Identity checked; for a lawyer, the power of attorney seen."""
    received_at: Instant
    asker_item: ItemId | None = None


class Field(Word):
    """One line of a document: what it is, and what it says."""

    label: str = Bounded(min_length=1, max_length=80)
    value: str = Bounded(max_length=20_000, repr=False)


class ItemContent(Word):
    """One thing out of the vault, and what is needed to judge whether this asker may see it."""

    item: ItemId
    category: Code
    """Of `models.desk.Category`; anything else is unknown, and shown to nobody but the person."""
    about: About = About.PERSON
    fields: tuple[Field, ...] = Bounded(default=(), repr=False)
    decision: bool = False
    """A decision (beslut): never withheld from a party (OSL 10:3)."""
    public_decision: bool = False
    """Of the kind that OSL 26:7 makes public."""
    harm: Harm = Harm.NOT_TESTED


class Withheld(Word):
    """What was not shown, as codes."""

    category: Code
    ground: Ground


class Waiting(Word):
    """What a person has to do before the request can be decided: `harm-test`, or `clean-decision`: write the decision
    so that it tells no whereabouts (26:7: such decisions are public)."""

    item: ItemId
    why: Code


class Appeal(Word):
    """Where a refusal is tried. `weeks` count from the day the decision was received (FL 44)."""

    court: Court | None
    """None: nothing in the sources of this project says; a lawyer adds it."""
    direct: bool = True
    """False: ask for the documents as official documents; the refusal of that is what is appealed."""
    authority: bool = False
    """A complaint to the data protection authority (IMY) is possible beside it (GDPR 77)."""
    weeks: int = 3


class FileDecision(Word):
    """What may be shown of what there is, and why not the rest."""

    gate: Gate
    outcome: Outcome
    ground: Ground
    """The regime's own paragraph."""
    shown: tuple[ItemId, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    told: tuple[Ground, ...] = ()
    """The paragraphs that the letter names: the same for everyone who stands so, whatever there is."""
    appeal: Appeal | None = None


class FileClock(Word):
    """When a request is to be acknowledged and answered; `limit` is the law's own end where it has one."""

    acknowledge_by: Instant
    answer_by: Instant
    limit: Instant | None = None


class KeptRequest(Word):
    """A request with everything that has been recorded of it."""

    request: FileRequest
    clock: FileClock
    tests: dict[ItemId, Harm] = Bounded(default={})
    extension_ground: Code | None = None
    decided_at: Instant | None = None
    gate: Gate | None = None
    outcome: Outcome | None = None
    shown: tuple[ItemId, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    copies: int = 0
    """Documents made: the newest one's copy number."""
