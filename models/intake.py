"""What a caseworker writes when a case is opened or filled in. Holds personal data: read at the edge, kept at the
desk, never sent through Temporal."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

import personnummer
from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from models.desk import AssessmentRecord, PlacementWishes
from models.handoffs import ByPhone
from models.words import (
    Consent,
    CustodyPlace,
    Need,
    OrgId,
    RequestKey,
    ResponsibilityBasis,
    Urgency,
    Word,
)

Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Long = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


def _known_municipality(code: str, info: ValidationInfo) -> str:
    known = (info.context or {}).get("municipalities")
    if known is not None and code not in known:
        raise PydanticCustomError("unknown_municipality", "not the code of a Swedish municipality")
    return code


def _valid_personnummer(value: str) -> str:
    try:
        return str(personnummer.parse(value).format(True))
    except (personnummer.PersonnummerException, ValueError, TypeError, AttributeError):
        raise PydanticCustomError("personnummer", "not a personnummer or samordningsnummer") from None


Municipality = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$"), AfterValidator(_known_municipality)]
Personnummer = Annotated[str, StringConstraints(max_length=13), AfterValidator(_valid_personnummer)]


class SafeContact(Word):
    """How the person can be reached without danger."""

    channel: Literal["phone", "text-message", "e-mail", "letter", "in-person", "through-somebody"]
    value: Short
    hours: Short | None = None
    code_word: Short | None = None


class Person(Word):
    name: Short | None = None
    personnummer: Personnummer | None = None
    born: date | None = None
    protection_mark: Literal["unknown", "secrecy-marking", "protected-registration"] = "unknown"
    """Unknown is never the same as unprotected."""

    def born_on(self) -> date | None:
        if self.born is None and self.personnummer is not None:
            parsed: date = personnummer.parse(self.personnummer).get_date().date()
            return parsed
        return self.born


class Address(Word):
    purpose: Literal["stay", "registered", "mail"]
    lines: tuple[Short, ...] = Field(min_length=1, max_length=6)


class CustodyFacts(Word):
    place: CustodyPlace
    ends: date | AwareDatetime | None = None


class ResponsibleFacts(Word):
    municipality: Municipality
    basis: ResponsibilityBasis


class Filling(Word):
    """What is known of a person and a case; everything may be filled in later."""

    urgency: Urgency | None = None
    stay_municipality: Municipality | Literal["unknown"] | None = None
    safe_contact: SafeContact | None = None
    consent: Consent | None = None
    person: Person | None = None
    addresses: tuple[Address, ...] = Field(default=(), max_length=20)
    relatives: tuple[Short, ...] = Field(default=(), max_length=30)
    responsible: ResponsibleFacts | None = None
    registered_municipality: Municipality | None = None
    environment: Literal["criminal", "violent-extremist", "honour", "unknown"] | None = None
    needs: tuple[Need, ...] | None = None
    custody: CustodyFacts | None = None
    released: Literal[True] | None = None
    police_track_wanted: bool | None = None
    conditions_signed: bool | None = None
    placement: PlacementWishes | None = None
    note: Long | None = None

    @field_validator("placement", mode="after")
    @classmethod
    def _placement_names_municipalities(cls, value: PlacementWishes | None, info: ValidationInfo) -> Any:
        for code in [*value.excluded, *value.municipalities] if value else []:
            _known_municipality(code, info)
        return value

    @model_validator(mode="after")
    def _never_the_registered_address_of_the_protected(self) -> Filling:
        protected = self.person is not None and self.person.protection_mark == "protected-registration"
        if protected and any(address.purpose == "registered" for address in self.addresses):
            raise PydanticCustomError("registered_address", "the registered address is not kept for this person")
        return self


class Intake(Filling):
    """The least that opens a case: urgency, stay municipality or unknown, and a safe way to contact the person."""

    urgency: Urgency
    stay_municipality: Municipality | Literal["unknown"]
    safe_contact: SafeContact
    consent: Consent = Consent.NOT_ASKED
    opened_by: OrgId | None = None
    request_key: RequestKey | None = None
    opened_at: datetime | None = None
    """Training only: the day and hour at which the case's own time begins."""


class PhoneAnswer(ByPhone):
    """The file behind `--by-phone`: the coded part travels, the note and an assessment stay at the desk."""

    note: Long | None = None
    assessment: AssessmentRecord | None = None

    def coded(self) -> ByPhone:
        return ByPhone(**{name: getattr(self, name) for name in ByPhone.model_fields})
