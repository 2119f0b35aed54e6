"""The police that act in a case stand beside it, as its social services do: their cases are found without reading all.

Revision: 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("police", sa.String(), nullable=True))
        batch_op.create_index(batch_op.f("ix_cases_police"), ["police"], unique=False)
    cases = sa.table("cases", sa.column("police", sa.String()), sa.column("snapshot", sa.JSON()))
    op.execute(cases.update().values(police=cases.c.snapshot["acting"]["police"].as_string()))


def downgrade() -> None:
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cases_police"))
        batch_op.drop_column("police")
