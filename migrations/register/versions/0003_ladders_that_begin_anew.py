"""A ladder that begins anew (a handoff reopened, other rules adopted) is told from the one before it.

Revision: 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEPT = ("case", "handoff", "deadline", "ladder", "rung", "recurrence", "revision", "due", "at", "receivers")


def instant() -> models.tables.UtcInstant:
    return models.tables.UtcInstant(timezone=True)


def create(name: str, with_round: bool) -> None:
    key = ("case", "handoff", *(("round",) if with_round else ()), "deadline", "ladder", "rung", "recurrence")
    round_column = [sa.Column("round", sa.Integer(), nullable=False)] if with_round else []
    op.create_table(
        name,
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("handoff", sa.String(), nullable=False),
        *round_column,
        sa.Column("deadline", sa.String(), nullable=False),
        sa.Column("ladder", sa.String(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("recurrence", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("due", instant(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("receivers", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint(*key),
    )


def moved(extra: str, value: str, where: str = "") -> None:
    """Copies every row into the new table and puts that in the old one's place: a key can't be altered on SQLite."""
    names = ", ".join(f'"{name}"' for name in KEPT)
    op.execute(f"insert into firings_next ({names}{extra}) select {names}{value} from firings{where}")  # noqa: S608
    op.drop_table("firings")
    op.rename_table("firings_next", "firings")


def upgrade() -> None:
    create("firings_next", with_round=True)
    moved(', "round"', ", 0")


def downgrade() -> None:
    create("firings_next", with_round=False)
    moved("", "", ' where "round" = 0')
