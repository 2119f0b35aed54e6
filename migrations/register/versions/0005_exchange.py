"""Sealed packages on their way from desk to desk.

Revision: 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.tables

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def instant(name: str) -> sa.Column[object]:
    return sa.Column(name, models.tables.UtcInstant(timezone=True), nullable=True)


def upgrade() -> None:
    op.create_table(
        "packages",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("case", sa.String(), nullable=True),
        sa.Column("handoff", sa.String(), nullable=True),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("grounds", sa.JSON(), nullable=False),
        sa.Column("sealing_key", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        instant("created_at"),
        instant("expires_at"),
        instant("left_at"),
        instant("leased_until"),
        instant("stored_at"),
        instant("erased_at"),
        sa.Column("revoked_for", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("packages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_packages_case"), ["case"], unique=False)
        batch_op.create_index("ix_packages_recipient_state", ["recipient", "state"], unique=False)
        batch_op.create_index("ix_packages_state_expires_at", ["state", "expires_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("packages", schema=None) as batch_op:
        batch_op.drop_index("ix_packages_state_expires_at")
        batch_op.drop_index("ix_packages_recipient_state")
        batch_op.drop_index(batch_op.f("ix_packages_case"))

    op.drop_table("packages")
