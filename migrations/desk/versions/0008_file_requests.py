"""Requests to see one's file; incidents that the desk keeps itself; who chose an account's
word; reminders of reviews.

Revision: 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.tables import UtcInstant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "file_requests",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=True),
        sa.Column("regime", sa.String(), nullable=False),
        sa.Column("asker", sa.String(), nullable=False),
        sa.Column("behalf", sa.String(), nullable=True),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.Column("asker_item", sa.String(), nullable=True),
        sa.Column("received_at", UtcInstant(timezone=True), nullable=False),
        sa.Column("acknowledge_by", UtcInstant(timezone=True), nullable=False),
        sa.Column("answer_by", UtcInstant(timezone=True), nullable=False),
        sa.Column("limit_at", UtcInstant(timezone=True), nullable=True),
        sa.Column("extension_ground", sa.String(), nullable=True),
        sa.Column("extended_at", UtcInstant(timezone=True), nullable=True),
        sa.Column("tests", sa.JSON(), nullable=False),
        sa.Column("decided_at", UtcInstant(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("gate", sa.String(), nullable=True),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.Column("withheld", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_file_requests_case"), "file_requests", ["case"], unique=False)
    op.create_index(op.f("ix_file_requests_answer_by"), "file_requests", ["answer_by"], unique=False)
    op.create_table(
        "file_request_copies",
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("copy_number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("made_at", UtcInstant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request", "copy_number"),
    )
    op.add_column("staff", sa.Column("word_by", sa.String()))
    for reviewed in ("break_glass", "approvals"):
        op.add_column(reviewed, sa.Column("reminded_at", UtcInstant()))
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case", sa.String(), nullable=False, index=True),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("discovered_at", UtcInstant(), nullable=False),
        sa.Column("due_at", UtcInstant()),
        sa.Column("told_at", UtcInstant()),
        sa.Column("in_case", sa.Boolean(), nullable=False),
        sa.Column("reminded_at", UtcInstant()),
        sa.Column("handled_at", UtcInstant()),
        sa.Column("handled_by", sa.String()),
    )


def downgrade() -> None:
    op.drop_table("incidents")
    for reviewed in ("break_glass", "approvals"):
        op.drop_column(reviewed, "reminded_at")
    op.drop_column("staff", "word_by")
    op.drop_table("file_request_copies")
    op.drop_index(op.f("ix_file_requests_answer_by"), table_name="file_requests")
    op.drop_index(op.f("ix_file_requests_case"), table_name="file_requests")
    op.drop_table("file_requests")
