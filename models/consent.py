"""Consent to disclosure: what somebody has said about who may be told what, for what, and until when.

It lifts secrecy towards those it names (OSL 10:1, 12:2). It is never a condition for social support (SoL 11:1): no
rule about interventions asks for it.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from models.desk import Category
from models.words import Code, Function, Instant, ItemId, OrgId, Word

THE_PERSON: Code = "person"
"""The giver that is the person themself. A guardian has a code of the desk's (`guardian-1`), never a name."""
MOST = 200
"""Steps in one person's history."""


class ConsentStatus(StrEnum):
    """Not asked is not refused: asking can expose a person."""

    NOT_ASKED = "not-asked"
    REFUSED = "refused"
    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    """It ended when it said. Nobody has said no, and nobody has been asked anew."""


class ConsentAct(StrEnum):
    GIVE = "give"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class ConsentPurpose(StrEnum):
    """What the data is to be used for by whom it is given to."""

    PROTECTION = "protection"
    ASSESSMENT = "assessment"
    PLACEMENT = "placement"
    """Of a child: always with the guardian (SoL 21:1)."""
    OPEN_INTERVENTION = "open-intervention"
    """Support without placement: from fifteen on the child's own consent is enough."""
    PLANNING = "planning"
    POLICE_TRACK = "police-track"
    FOLLOW_UP = "follow-up"


class WhyNoConsent(StrEnum):
    """Why no consent is valid for a question. The words say nothing of why a guardian was passed over."""

    NOT_ASKED = "not-asked"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OUT_OF_SCOPE = "out-of-scope"
    """Given, but not for this recipient, category or purpose."""
    GUARDIAN_ABSENT = "guardian-absent"
    """A guardian who disposes of the secrecy has not answered. Absent is not refused."""
    OWN_CONSENT_NEEDED = "own-consent-needed"
    """Of age now: what was given for the child ended on the birthday."""
    AGE_UNKNOWN = "age-unknown"
    NOBODY_TO_ASK = "nobody-to-ask"
    """A child, and no guardian who may be asked."""


class WhyNotAsk(StrEnum):
    """Why somebody may not be asked for consent."""

    GUARDIAN_IS_THREAT = "guardian-is-threat"
    ASKING_EXPOSES = "asking-exposes"
    NOT_A_GUARDIAN = "not-a-guardian"
    OF_AGE = "of-age"
    """The person is eighteen or older and answers alone."""
    TOO_YOUNG = "too-young"
    """The child is heard, and the guardians are asked."""
    AGE_UNKNOWN = "age-unknown"


Term = TypeVar("Term", bound=str)


def _in_order(words: tuple[Term, ...]) -> tuple[Term, ...]:
    """Each once and sorted, so that the same scope is always the same bytes."""
    return tuple(sorted(set(words)))


class Scope(Word):
    """Whom, what and for what. What is not named is not covered; nothing here means everything."""

    organisations: Annotated[tuple[OrgId, ...], AfterValidator(_in_order)] = Field(default=(), max_length=50)
    functions: Annotated[tuple[Function, ...], AfterValidator(_in_order)] = Field(default=(), max_length=len(Function))
    """Every organisation of these kinds."""
    categories: Annotated[tuple[Category, ...], AfterValidator(_in_order)] = Field(min_length=1, max_length=40)
    purposes: Annotated[tuple[ConsentPurpose, ...], AfterValidator(_in_order)] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _for_somebody(self) -> Self:
        if not self.organisations and not self.functions:
            raise ValueError("a consent names at least one recipient")
        return self


class ConsentStep(Word):
    """One thing that a giver said, as somebody at the desk writes it down. Its place in the history comes later."""

    id: ItemId
    """Of the consent that is given or refused, or of the withdrawal itself."""
    act: ConsentAct
    giver: Code
    """`person`, or the desk's code for a guardian."""
    scope: Scope | None = None
    """Of a refusal or withdrawal: None means everything."""
    withdraws: ItemId | None = None
    """Which consent is withdrawn, with all that it covers; None: everything this giver has given."""
    at: Instant
    until: Instant | None = None
    written: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.act is ConsentAct.GIVE:
            if self.scope is None:
                raise ValueError("a consent says what it covers")
            if self.until is None or self.until <= self.at:
                raise ValueError("a consent ends, after it begins")
        elif self.until is not None:
            raise ValueError("only a consent has an end")
        if self.withdraws is not None and self.act is not ConsentAct.WITHDRAW:
            raise ValueError("only a withdrawal withdraws")
        return self


class ConsentEvent(ConsentStep):
    """A step in its place: what comes later in the history wins, whatever the clocks said."""

    step: int = Field(ge=1, le=100 * MOST)
    """Saying no is never one too many: only consents are limited in number."""


History = tuple[ConsentEvent, ...]


class Guardian(Word):
    """A guardian of a child, by the desk's own code."""

    id: Code
    threat: bool = False
    """Recorded as a threat: stays a party, is never asked, and disposes of nothing (OSL 12:3 p. 1)."""
    asking_exposes: bool = False
    """Asking would tell where somebody is, or that they are leaving."""


class PersonFacts(Word):
    """What decides who may consent for a person. Unknown is unknown: it never means of age."""

    born: date | None = None
    minor: bool | None = None
    """What is known of the age when the day of birth is not."""
    mature: bool | None = None
    """The recorded judgement of the child's maturity (OSL 12:3)."""
    guardians: tuple[Guardian, ...] = Field(default=(), max_length=6)


class ConsentQuestion(Word):
    """May this category be given to this recipient for this purpose, by consent?"""

    recipient: Code
    """What the recipient is: a function, or another word that no consent covers."""
    recipient_org: OrgId | None = None
    category: Code
    purpose: Code
    person: PersonFacts = PersonFacts()


class ConsentRecord(Word):
    """What makes a disclosure lawful by consent: the consents of all who dispose of the secrecy."""

    consents: tuple[ItemId, ...] = Field(min_length=1)
    givers: tuple[Code, ...] = Field(min_length=1)
    given_at: Instant
    """When the last of them was given."""
    until: Instant
    """When the first of them ends, or when a birthday makes them too few."""


class Standing(Word):
    """One consent of the history as it stands, for the list that people read."""

    id: ItemId
    giver: Code
    scope: Scope | None
    status: ConsentStatus
    expired: bool
    at: Instant
    until: Instant | None
    written: bool
