"""Consents with their history, disclosures with their grounds, packages once each; what authorities demand.

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


def upgrade() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("stored_at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("case", "step"),
    )
    op.create_index("ix_consents_case", "consents", ["case"])
    op.create_table(
        "disclosures",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("handoff", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("grounds", sa.JSON(), nullable=False),
        sa.Column("by_consent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("expires_at", models.tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("settled_at", models.tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("judgements", sa.JSON(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_disclosures_case", "disclosures", ["case"])
    op.create_index("ix_disclosures_state", "disclosures", ["state"])
    op.create_table(
        "packages",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("handoff", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("grounds", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
    )
    op.create_index("ix_packages_case", "packages", ["case"])
    op.create_table(
        "demands",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("handoff", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("recorded_at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("settled_at", models.tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("clock_stopped", sa.Boolean(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_demands_case", "demands", ["case"])
    op.create_index("ix_demands_state", "demands", ["state"])


def downgrade() -> None:
    for table in ("demands", "packages", "disclosures", "consents"):
        op.drop_table(table)
