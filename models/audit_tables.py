"""The audit chains: one in each desk's store, one in the plane's register.

`content` is the entry as it was sealed; `at`, `user` and `case` repeat parts of it to be found by, and are checked
against it. Triggers (migrations/append_only.py) refuse every change, every removal, and what is not the next link.
"""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from models.tables import DeskTable, RegisterTable


class AuditColumns(SQLModel):
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """1, 2, 3 ... without gaps."""
    at: str = Field(index=True)
    """UTC as text of one length, so that what is compared is exactly what is stored."""
    user: str = Field(index=True)
    case: str | None = Field(default=None, index=True)
    content: str
    previous: str = Field(unique=True)
    digest: str


class DeskAuditRow(AuditColumns, DeskTable, table=True):
    __tablename__ = "audit"


class PlaneAuditRow(AuditColumns, RegisterTable, table=True):
    __tablename__ = "audit"
