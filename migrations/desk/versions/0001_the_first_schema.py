"""The first schema.

Revision: 0001, after nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("handoff", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("requester", sa.String(), nullable=True),
        sa.Column("requested_at", models.tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("answer_by", models.tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("arrived_at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("taken_back_at", models.tables.UtcInstant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("case", "handoff"),
    )
    op.create_table(
        "items",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("stored_at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_items_case"), ["case"], unique=False)
        batch_op.create_index(batch_op.f("ix_items_category"), ["category"], unique=False)

    op.create_table(
        "openings",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("input", sa.JSON(), nullable=False),
        sa.Column("stored_at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("started", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("case"),
    )
    with op.batch_alter_table("openings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_openings_started"), ["started"], unique=False)

    op.create_table(
        "questions",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("work", sa.String(), nullable=False),
        sa.Column("done_at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("reply", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("tasks")
    op.drop_table("questions")
    with op.batch_alter_table("openings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_openings_started"))

    op.drop_table("openings")
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_items_category"))
        batch_op.drop_index(batch_op.f("ix_items_case"))

    op.drop_table("items")
    op.drop_table("inbox")
