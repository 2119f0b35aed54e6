"""What a caseworker writes when a case is opened or filled in. Holds personal data: read at the edge, kept at the
desk, never sent through Temporal."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from personnummer import personnummer
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from models.consent import THE_PERSON, ConsentPurpose, Guardian, Scope
from models.desk import AssessmentRecord, Category, PlacementWishes
from models.handoffs import ByPhone
from models.words import (
    Code,
    Consent,
    CustodyPlace,
    Function,
    Need,
    OrgId,
    RequestKey,
    ResponsibilityBasis,
    Urgency,
    Word,
)

MUNICIPALITIES = 290
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Long = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


def _known_municipality(code: str, info: ValidationInfo) -> str:
    known = (info.context or {}).get("municipalities")
    if known is not None and code not in known:
        raise PydanticCustomError("unknown_municipality", "not the code of a Swedish municipality")
    return code


def _known_or_unknown(code: str, info: ValidationInfo) -> str:
    return code if code == "unknown" else _known_municipality(code, info)


def _written_as_date(value: Any) -> Any:
    """A number would be read as seconds since 1970, also one that was meant as 19870312."""
    if isinstance(value, date) or (isinstance(value, str) and re.match(r"\d{4}-\d{2}-\d{2}", value)):
        return value
    raise PydanticCustomError("not_a_date", "not written as a date")


def twelve_digits(number: str) -> str:
    """A personnummer or samordningsnummer as ÅÅÅÅMMDDNNNC, whichever way it was written.

    Raises:
        ValueError: it is neither.
    """
    try:
        return str(personnummer.parse(number.strip()).format(True))
    except personnummer.PersonnummerException:
        raise ValueError("not a personnummer or samordningsnummer") from None


def day_of(number: str) -> date:
    """The day of birth that a personnummer or samordningsnummer says."""
    parsed: date = personnummer.parse(number).get_date()
    return parsed


def _valid_personnummer(value: str) -> str:
    try:
        return twelve_digits(value)
    except ValueError:
        raise PydanticCustomError("personnummer", "not a personnummer or samordningsnummer") from None


Municipality = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$"), AfterValidator(_known_municipality)]
StayMunicipality = Annotated[str, StringConstraints(pattern=r"^([0-9]{4}|unknown)$"), AfterValidator(_known_or_unknown)]
Day = Annotated[date, BeforeValidator(_written_as_date), Field(ge=date(1900, 1, 1), lt=date(2100, 1, 1))]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_written_as_date),
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC)),
]
Personnummer = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^([0-9]{2})?[0-9]{6}[-+]?[0-9]{4}$"),
    AfterValidator(_valid_personnummer),
]


AT_A_PLACE = frozenset({"letter", "in-person"})
"""Ways of reaching somebody that are a place: the place is kept as an address, under the rules of addresses."""


class SafeContact(Word):
    """How the person can be reached without danger."""

    channel: Literal["phone", "text-message", "e-mail", "letter", "in-person", "through-somebody"]
    value: Short
    hours: Short | None = None
    code_word: Short | None = None


class IdentityKind(StrEnum):
    """What a person is known by. Unknown is a value: nobody has to say who they are to be helped (SoL 14:5)."""

    PERSONNUMMER = "personnummer"
    SAMORDNINGSNUMMER = "samordningsnummer"
    RESERVE = "reserve"
    """A number that an agency gave for want of another (reservnummer); no check digit, no shared form."""
    UNKNOWN = "unknown"


ReserveNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9A-Za-zÅÄÖåäö][0-9A-Za-zÅÄÖåäö +/.-]{2,29}$")
]


class Person(Word):
    name: Short | None = None
    given_name: Short | None = None
    """The first name alone, for those who need no more. Not worked out from the name: it could be the other one."""
    personnummer: Personnummer | None = None
    """Or samordningsnummer: the day of birth with 60 added tells which."""
    reserve_number: ReserveNumber | None = None
    identity_kind: IdentityKind | None = Field(default=None, validate_default=True)
    """Need not be given: follows from the number. None: nothing has been said about it."""
    born: Day | None = None
    protection_mark: Literal["unknown", "secrecy-marking", "protected-registration"] = "unknown"
    """Unknown is never the same as unprotected."""
    protection_ends: Day | None = None
    """The last day of protected registration, which the case watches."""

    @field_validator("identity_kind", mode="after")
    @classmethod
    def _of_the_number(cls, kind: IdentityKind | None, info: ValidationInfo) -> IdentityKind | None:
        number, reserve = info.data.get("personnummer"), info.data.get("reserve_number")
        told = kind
        if number is not None:
            coordination = personnummer.parse(number).is_coordination_number()
            told = IdentityKind.SAMORDNINGSNUMMER if coordination else IdentityKind.PERSONNUMMER
        elif reserve is not None:
            told = IdentityKind.RESERVE
        if kind not in (None, told):
            raise PydanticCustomError("identity_kind", "another kind than the number is")
        return told

    @field_validator("born", mode="after")
    @classmethod
    def _as_the_number_says(cls, born: date | None, info: ValidationInfo) -> date | None:
        """Age decides who consents: two days of birth in one record are one too many."""
        number = info.data.get("personnummer")
        if born is not None and number is not None and born != day_of(number):
            raise PydanticCustomError("born", "another day than the number says")
        return born

    def born_on(self) -> date | None:
        return day_of(self.personnummer) if self.born is None and self.personnummer is not None else self.born


class Address(Word):
    purpose: Literal["stay", "registered", "mail", "meeting"]
    lines: tuple[Short, ...] = Field(min_length=1, max_length=6)


class SharedFile(Word):
    """What of the social file is written to be shared. Notes stay notes, and are never sent."""

    need: Long | None = None
    persons: int | None = Field(default=None, ge=1, le=30)
    meeting_place: Short | None = None
    decision: Long | None = None
    plan: Long | None = None


class Health(Word):
    care_needs: Long | None = None
    treatment: Long | None = None
    medication: Long | None = None


class Record(Word):
    """Crimes and sentences, as far as somebody needs to know of them."""

    summary: Long


class CustodyFacts(Word):
    place: CustodyPlace
    ends: Day | Moment | None = None


class ResponsibleFacts(Word):
    municipality: Municipality
    basis: ResponsibilityBasis


class Wishes(PlacementWishes):
    excluded: frozenset[Municipality] = Field(default=frozenset(), max_length=MUNICIPALITIES)
    municipalities: tuple[Municipality, ...] = Field(default=(), max_length=MUNICIPALITIES)


class ConsentForm(Word):
    """What somebody has consented to, as it is written down: whom, what, for what, until when."""

    giver: Code = THE_PERSON
    organisations: tuple[OrgId, ...] = Field(default=(), max_length=50)
    functions: tuple[Function, ...] = Field(default=(), max_length=20)
    categories: tuple[Category, ...] = Field(min_length=1, max_length=40)
    purposes: tuple[ConsentPurpose, ...] = Field(min_length=1, max_length=20)
    until: Day
    """The last day."""
    written: bool = True

    @field_validator("categories", mode="after")
    @classmethod
    def _for_somebody(cls, categories: tuple[Category, ...], info: ValidationInfo) -> tuple[Category, ...]:
        if not info.data.get("organisations", True) and not info.data.get("functions", True):
            raise PydanticCustomError("nobody_named", "a consent names at least one recipient")
        return categories

    def scope(self) -> Scope:
        return Scope(
            organisations=self.organisations,
            functions=self.functions,
            categories=self.categories,
            purposes=self.purposes,
        )


class Filling(Word):
    """What is known of a person and a case; everything may be filled in later."""

    urgency: Urgency | None = None
    stay_municipality: StayMunicipality | None = None
    safe_contact: SafeContact | None = None
    consent: Consent | None = None
    person: Person | None = None
    addresses: tuple[Address, ...] = Field(default=(), max_length=20)
    in_care: Literal["yes", "no", "unknown"] | None = None
    """Whether the person stays in protected housing, residential care, a foster home or supported housing (SoL 15:7
    p. 1). Stays at the desk, as an address does; where, it does not say."""
    relatives: tuple[Short, ...] = Field(default=(), max_length=30)
    responsible: ResponsibleFacts | None = None
    registered_municipality: Municipality | None = None
    environment: Literal["criminal", "violent-extremist", "honour", "unknown"] | None = None
    needs: tuple[Need, ...] | None = Field(default=None, max_length=20)
    custody: CustodyFacts | None = None
    released: Literal[True] | None = None
    police_track_wanted: bool | None = None
    conditions_signed: bool | None = None
    instants: dict[Code, Day | Moment] | None = Field(default=None, max_length=20)
    """Days that deadlines count from, by the codes of the rules (`lvu-executed`)."""
    placement: Wishes | None = None
    note: Long | None = None
    social_file: SharedFile | None = None
    health: Health | None = None
    criminal_record: Record | None = None
    own_risk_assessment: AssessmentRecord | None = None
    threat_source: Long | None = None
    """Who threatens, and what is known of it. Leaves the desk for nobody by this system."""
    guardians: tuple[Guardian, ...] | None = Field(default=None, max_length=6)
    """Of a child: by the desk's own codes, never by name."""
    mature: bool | None = None
    """The recorded judgement of a child's maturity (OSL 12:3)."""

    @field_validator("addresses", mode="after")
    @classmethod
    def _never_the_registered_address_of_the_protected(
        cls, addresses: tuple[Address, ...], info: ValidationInfo
    ) -> tuple[Address, ...]:
        person: Person | None = info.data.get("person")
        protected = person is not None and person.protection_mark == "protected-registration"
        if protected and any(address.purpose == "registered" for address in addresses):
            raise PydanticCustomError("registered_address", "the registered address is not kept for this person")
        return addresses


class Intake(Filling):
    """The least that opens a case: urgency, stay municipality or unknown, and a safe way to contact the person."""

    urgency: Urgency
    stay_municipality: StayMunicipality
    safe_contact: SafeContact
    consent: Consent = Consent.NOT_ASKED
    consents: tuple[ConsentForm, ...] = Field(default=(), max_length=20, validate_default=True)
    """What has been consented to already: a consent that is given says to whom, about what, for what, until when."""
    opened_by: OrgId | None = None
    request_key: RequestKey | None = None
    opened_at: Moment | None = None
    """Training only: the day and hour at which the case's own time begins."""

    @field_validator("consents", mode="after")
    @classmethod
    def _say_what_is_given(cls, consents: tuple[ConsentForm, ...], info: ValidationInfo) -> tuple[ConsentForm, ...]:
        given = info.data.get("consent") is Consent.GIVEN
        if "consent" in info.data and given != bool(consents):
            raise PydanticCustomError("consent_scope", "a consent that is given says what it covers, and no other does")
        return consents


class PhoneAnswer(ByPhone):
    """The file behind `--by-phone`: the coded part travels, the note and an assessment stay at the desk."""

    note: Long | None = None
    assessment: AssessmentRecord | None = None

    def coded(self) -> ByPhone:
        return ByPhone(**{name: getattr(self, name) for name in ByPhone.model_fields})
