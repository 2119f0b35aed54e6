"""An organisation as the directory knows it. Function addresses and directory numbers, never persons."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from models.events import Organisation
from models.words import Code, Function, MunicipalityCode, OrgId, Word


class DirectoryEntry(Word):
    id: OrgId
    name: str
    function: Function
    active: bool = True
    desk: bool = True
    """False: this organisation has no software; it is reached by phone, secure message or post."""
    municipality: MunicipalityCode | None = None
    region: str | None = None
    """Police region or county code, whichever the function is organised by."""
    phone: str | None = None
    """The directory number to call back on when an answer by phone is verified."""
    mail_domain: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]
    permit: bool = False
    accepts: tuple[Code, ...] = ()
    signing_key: str | None = None
    sealing_key: str | None = None

    def address(self, role: Code) -> str:
        """The function address of a role. A person is never addressed."""
        return f"{role}@{self.mail_domain}"

    def organisation(self) -> Organisation:
        return Organisation(id=self.id, function=self.function, desk=self.desk)


class Municipality(Word):
    code: MunicipalityCode
    name: str
    short_name: str
    county: str
    police_region: str
