"""Events for other systems; deadlines and handoffs whole enough to be explained.

Revision: 0002, after 0001.

Nothing is guessed of deadlines that were stored before: what was not kept of them is NULL.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def instant() -> models.tables.UtcInstant:
    return models.tables.UtcInstant(timezone=True)


def handoffs() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("rerouted_from", sa.String(), nullable=True),
        sa.Column("disclaimed_to", sa.String(), nullable=True),
        sa.Column("paragraph", sa.String(), nullable=True),
        sa.Column("anchor", instant(), nullable=True),
        sa.Column("accepted_at", instant(), nullable=True),
        sa.Column("held_at", instant(), nullable=True),
        sa.Column("ended_from", sa.String(), nullable=True),
    )


def deadlines() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("clock", sa.String(), nullable=True),
        sa.Column("origin", instant(), nullable=True),
        sa.Column("started", instant(), nullable=True),
        sa.Column("budget_seconds", sa.Float(), nullable=True),
        sa.Column("stands", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("consumed_seconds", sa.Float(), nullable=False, server_default=sa.text("0")),
        sa.Column("falls_at", instant(), nullable=True),
        sa.Column("climbed", sa.JSON(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("extensions", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("alarm_acknowledged", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("moves", sa.JSON(), nullable=False, server_default=sa.text("'[]'")),
    )


def upgrade() -> None:
    for table, columns in (("handoffs", handoffs()), ("deadlines", deadlines())):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.add_column(column)

    op.create_table(
        "events",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("handoff", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("id"),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_events_case"), ["case"], unique=False)

    op.create_table(
        "event_deliveries",
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("delivered_at", instant(), nullable=True),
        sa.ForeignKeyConstraint(["event"], ["events.id"]),
        sa.PrimaryKeyConstraint("event", "org"),
    )
    with op.batch_alter_table("event_deliveries", schema=None) as batch_op:
        batch_op.create_index("ix_event_deliveries_delivered_at_org", ["delivered_at", "org"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("event_deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_event_deliveries_delivered_at_org")

    op.drop_table("event_deliveries")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_events_case"))

    op.drop_table("events")
    for table, columns in (("deadlines", deadlines()), ("handoffs", handoffs())):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.drop_column(column.name)
