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
        "key_store",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "outer_keys",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("used_since", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("destroyed_at", models.tables.UtcInstant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "data_keys",
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("compartment", sa.String(), nullable=False),
        sa.Column("key_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outer_version", sa.Integer(), nullable=True),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("destroyed_at", models.tables.UtcInstant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("case", "compartment", "key_version"),
    )
    with op.batch_alter_table("data_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_data_keys_outer_version"), ["outer_version"], unique=False)

    op.create_table(
        "secrets",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outer_version", sa.Integer(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "version"),
    )
    with op.batch_alter_table("secrets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_secrets_outer_version"), ["outer_version"], unique=False)


def downgrade() -> None:
    op.drop_table("secrets")
    op.drop_table("data_keys")
    op.drop_table("outer_keys")
    op.drop_table("key_store")
