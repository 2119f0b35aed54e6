"""Organisations' keys as published, and signed acts as they came in.

Revision: 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.tables

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def instant(name: str, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, models.tables.UtcInstant(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "organisation_keys",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("use", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("public", sa.String(), nullable=False),
        instant("made_at", nullable=False),
        sa.Column("voucher", sa.String(), nullable=False),
        sa.Column("possession", sa.String(), nullable=True),
        instant("valid_from", nullable=False),
        instant("retired_at"),
        instant("revoked_at"),
        sa.Column("revoked_for", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint"),
        sa.UniqueConstraint("org", "use", "number"),
    )
    op.create_table(
        "signed_acts",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("jws", sa.String(), nullable=False),
        instant("at", nullable=False),
        sa.PrimaryKeyConstraint("key", "case"),
    )
    with op.batch_alter_table("signed_acts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signed_acts_case"), ["case"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("signed_acts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signed_acts_case"))

    op.drop_table("signed_acts")
    op.drop_table("organisation_keys")
