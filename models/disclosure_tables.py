"""Consents, disclosures and packages as a desk keeps them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from models.tables import DeskTable, UtcInstant


class ConsentRow(DeskTable, table=True):
    """One step in the history of consent to disclosure: given, refused, withdrawn. What is said is only added to."""

    __tablename__ = "consents"
    __table_args__ = (UniqueConstraint("case", "step"),)
    id: str = Field(primary_key=True)
    case: str = Field(index=True)
    step: int
    """The order of the history: a clock that was set back changes nothing in it."""
    stored_at: datetime = Field(sa_type=UtcInstant)
    key_version: int
    content: bytes
    """Sealed: who gave it, for whom, what, why and until when."""
    told: bool = False
    """Whether the case has been told where consent stands since this step. What it was not, the desk tells it later."""


class DisclosureRow(DeskTable, table=True):
    """What this desk has told another organisation, by which ground. Written before anything is sent."""

    __tablename__ = "disclosures"
    id: str = Field(primary_key=True)
    """The package's id."""
    case: str = Field(index=True)
    handoff: str
    recipient: str
    way: str
    """`sealed`, `letter` or `spoken`."""
    categories: list[str] = Field(sa_type=JSON)
    grounds: list[str] = Field(sa_type=JSON)
    by_consent: bool
    state: str = Field(index=True)
    """`prepared`, `sent`, `taken` (found out when it was called back), `recalled`, `not-taken`, or `refused` when
    the case did not take it."""
    digest: str
    expires_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    at: datetime = Field(sa_type=UtcInstant)
    settled_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    user: str
    judgements: list[str] = Field(sa_type=JSON)
    """The notes of what was judged before it (harm test, weighing, necessity): each is good for one telling."""
    key_version: int
    content: bytes
    """Sealed: field by field what was told."""


class PackageRow(DeskTable, table=True):
    """A package that this desk has been given. Its content stands among the items, once."""

    __tablename__ = "packages"
    id: str = Field(primary_key=True)
    case: str = Field(index=True)
    handoff: str
    sender: str
    categories: list[str] = Field(sa_type=JSON)
    grounds: list[str] = Field(sa_type=JSON)
    digest: str
    state: str
    """`held` until the exchange has confirmed that it was taken, then `taken`."""
    at: datetime = Field(sa_type=UtcInstant)
    key_version: int
    content: bytes | None = None
    """Sealed, while it is held; then its parts are items, and this is empty."""
