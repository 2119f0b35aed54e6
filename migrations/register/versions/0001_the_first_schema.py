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
        "audit",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("previous"),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_case"), ["case"], unique=False)

    op.create_table(
        "case_events",
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.Column("pack_digest", sa.String(), nullable=False),
        sa.Column("state_digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("case", "revision"),
    )
    op.create_table(
        "cases",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("opener", sa.String(), nullable=False),
        sa.Column("social_services", sa.String(), nullable=True),
        sa.Column("track_b", sa.String(), nullable=False),
        sa.Column("opened_at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("closed_as", sa.String(), nullable=True),
        sa.Column("clock_offset_seconds", sa.Float(), nullable=False),
        sa.Column("pack_digest", sa.String(), nullable=False),
        sa.Column("state_digest", sa.String(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("ref"),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cases_opener"), ["opener"], unique=False)
        batch_op.create_index(batch_op.f("ix_cases_phase"), ["phase"], unique=False)
        batch_op.create_index(batch_op.f("ix_cases_social_services"), ["social_services"], unique=False)

    op.create_table(
        "deadlines",
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("handoff", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("due", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("next_at", models.tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("recurrences", sa.Integer(), nullable=False),
        sa.Column("late_at_birth", sa.Boolean(), nullable=False),
        sa.Column("ended_at", models.tables.UtcInstant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("case", "handoff", "name"),
    )
    with op.batch_alter_table("deadlines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deadlines_due"), ["due"], unique=False)

    op.create_table(
        "firings",
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("handoff", sa.String(), nullable=False),
        sa.Column("deadline", sa.String(), nullable=False),
        sa.Column("ladder", sa.String(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("recurrence", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("due", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("receivers", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("case", "handoff", "deadline", "ladder", "rung", "recurrence"),
    )
    op.create_table(
        "handoffs",
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("requester", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("business_status", sa.String(), nullable=True),
        sa.Column("parent", sa.String(), nullable=True),
        sa.Column("requested_at", models.tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("ended_at", models.tables.UtcInstant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("case", "id"),
    )
    with op.batch_alter_table("handoffs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handoffs_recipient"), ["recipient"], unique=False)
        batch_op.create_index(batch_op.f("ix_handoffs_requester"), ["requester"], unique=False)
        batch_op.create_index(batch_op.f("ix_handoffs_status"), ["status"], unique=False)

    op.create_table(
        "organisations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("desk", sa.Boolean(), nullable=False),
        sa.Column("municipality", sa.String(), nullable=True),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("mail_domain", sa.String(), nullable=False),
        sa.Column("permit", sa.Boolean(), nullable=False),
        sa.Column("accepts", sa.JSON(), nullable=False),
        sa.Column("signing_key", sa.String(), nullable=True),
        sa.Column("sealing_key", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("organisations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_organisations_function"), ["function"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("handoff", sa.String(), nullable=True),
        sa.Column("due", models.tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("delivered_at", models.tables.UtcInstant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_case"), ["case"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_delivered_at"), ["delivered_at"], unique=False)

    op.create_table(
        "request_keys",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("receipt", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "rule_packs",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("engine", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )


def downgrade() -> None:
    op.drop_table("rule_packs")
    op.drop_table("request_keys")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_delivered_at"))
        batch_op.drop_index(batch_op.f("ix_outbox_case"))

    op.drop_table("outbox")
    with op.batch_alter_table("organisations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organisations_function"))

    op.drop_table("organisations")
    with op.batch_alter_table("handoffs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_handoffs_status"))
        batch_op.drop_index(batch_op.f("ix_handoffs_requester"))
        batch_op.drop_index(batch_op.f("ix_handoffs_recipient"))

    op.drop_table("handoffs")
    op.drop_table("firings")
    with op.batch_alter_table("deadlines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deadlines_due"))

    op.drop_table("deadlines")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cases_social_services"))
        batch_op.drop_index(batch_op.f("ix_cases_phase"))
        batch_op.drop_index(batch_op.f("ix_cases_opener"))

    op.drop_table("cases")
    op.drop_table("case_events")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_case"))

    op.drop_table("audit")
