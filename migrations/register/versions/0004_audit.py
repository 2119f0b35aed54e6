"""The plane's audit says more, and the database refuses to change it.

Revision: 0004, after 0003.

The links that are there keep their digests and their order: each one's content becomes the very JSON that was hashed.
Only their numbers are made anew, without the gaps that PostgreSQL left; no seal covered them. A chain that was broken
before is broken after, at the same link.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

import models.tables
from migrations.append_only import let_go, protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROWS_AT_A_TIME = 1_000


def created() -> sa.Table:
    """The table as this revision makes it."""
    table = op.create_table(
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
    return table


def created_before() -> sa.Table:
    """The table as revision 0001 makes it."""
    table = op.create_table(
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
    op.create_index("ix_audit_case", "audit", ["case"], unique=False)
    return table


def put_aside() -> None:
    """Copies every row to where the next table can be filled from, and takes the old one away."""
    op.execute("create temporary table audit_before as select * from audit")
    op.drop_table("audit")


def in_the_new_form(number: int, row: Any) -> dict[str, Any]:
    at = row.at if isinstance(row.at, datetime) else datetime.fromisoformat(row.at)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    told = {"at": at.isoformat(), "actor": row.actor, "action": row.action, "case": row.case}
    return {
        "seq": number,
        "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "user": "system",
        "case": row.case,
        "content": json.dumps([row.previous, told, row.revision], sort_keys=True, separators=(",", ":")),
        "previous": row.previous,
        "digest": row.digest,
    }


def in_the_old_form(row: Any) -> dict[str, Any]:
    _, told, number = json.loads(row.content)
    at = datetime.fromisoformat(told["at"])
    return {"seq": row.seq} | told | {"at": at, "revision": number, "previous": row.previous, "digest": row.digest}


def upgrade() -> None:
    put_aside()
    table, bind = created(), op.get_bind()
    number = 0
    rows = bind.execute(sa.text("select * from audit_before order by seq"))
    while some := rows.fetchmany(ROWS_AT_A_TIME):
        bind.execute(table.insert(), [in_the_new_form(number + place, row) for place, row in enumerate(some, 1)])
        number += len(some)
    op.execute("drop table audit_before")
    protect()


def downgrade() -> None:
    """Raises: RuntimeError: there are links that the earlier form has no room for. They are not thrown away."""
    bind = op.get_bind()
    if bind.execute(sa.text("select count(*) from audit where content not like '[%'")).scalar_one():
        raise RuntimeError("the audit holds entries of the later form; move them to safety before going back")
    let_go()
    put_aside()
    table = created_before()
    rows = bind.execute(sa.text("select * from audit_before order by seq")).fetchall()
    for first in range(0, len(rows), ROWS_AT_A_TIME):
        bind.execute(table.insert(), [in_the_old_form(row) for row in rows[first : first + ROWS_AT_A_TIME]])
    op.execute("drop table audit_before")
    if bind.dialect.name == "postgresql":
        bind.execute(sa.text("select setval('audit_seq_seq', (select coalesce(max(seq), 0) + 1 from audit), false)"))
