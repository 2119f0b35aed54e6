"""Every read and disclosure is written down, in a chain that nobody changes.

Revision: 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.append_only import let_go, protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=True),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("previous"),
    )
    for column in ("at", "case", "user"):
        op.create_index(f"ix_audit_{column}", "audit", [column], unique=False)
    protect()


def downgrade() -> None:
    """Raises: RuntimeError: somebody's reads are written here. They are not thrown away by going back a version."""
    if op.get_bind().execute(sa.text("select count(*) from audit")).scalar_one():
        raise RuntimeError("the audit holds entries; move them to safety before going back")
    let_go()
    op.drop_table("audit")
