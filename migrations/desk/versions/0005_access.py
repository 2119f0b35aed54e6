"""Who works here, who may see which case, and what two persons decide together.

Revision: 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.tables import UtcInstant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff",
        sa.Column("user", sa.String(), primary_key=True),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("word", sa.String()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcInstant()),
        sa.Column("added_at", UtcInstant(), nullable=False),
        sa.Column("ended_at", UtcInstant()),
    )
    op.create_table(
        "case_access",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case", sa.String(), nullable=False, index=True),
        sa.Column("user", sa.String(), nullable=False, index=True),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", UtcInstant(), nullable=False),
        sa.Column("until", UtcInstant()),
        sa.Column("ended_at", UtcInstant()),
        sa.Column("ended_by", sa.String()),
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=False, index=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", UtcInstant(), nullable=False),
        sa.Column("expires_at", UtcInstant(), nullable=False),
        sa.Column("approved_by", sa.String()),
        sa.Column("approved_at", UtcInstant()),
        sa.Column("used_at", UtcInstant()),
        sa.Column("used_for", sa.String()),
        sa.Column("review_by", UtcInstant()),
        sa.Column("reviewed_by", sa.String()),
        sa.Column("reviewed_at", UtcInstant()),
        sa.CheckConstraint("approved_by is null or approved_by <> requested_by", name="two_persons"),
        sa.CheckConstraint("reviewed_by is null or reviewed_by <> requested_by", name="another_reviews"),
    )
    op.create_table(
        "break_glass",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case", sa.String(), nullable=False, index=True),
        sa.Column("user", sa.String(), nullable=False, index=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("until", UtcInstant(), nullable=False),
        sa.Column("told_at", UtcInstant()),
        sa.Column("review_by", UtcInstant(), nullable=False),
        sa.Column("reviewed_by", sa.String()),
        sa.Column("reviewed_at", UtcInstant()),
    )
    op.create_table(
        "case_links",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case", sa.String(), nullable=False, index=True),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    for table in ("case_links", "break_glass", "approvals", "case_access", "staff"):
        op.drop_table(table)
