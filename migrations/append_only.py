"""What keeps an audit table append-only: the database itself refuses anything but the next link.

Used by migration 0004 of both histories, and by no other: what it says must stay as it was when they ran.
A table that is copied to change its columns (batch mode on SQLite) loses its triggers; protect it again.
"""

from __future__ import annotations

from alembic import op

SQLITE = (
    "create trigger audit_no_update before update on audit begin select raise(abort, 'the audit is append-only'); end",
    "create trigger audit_no_delete before delete on audit begin select raise(abort, 'the audit is append-only'); end",
    # Also stops INSERT OR REPLACE, which removes a row without a delete trigger.
    """create trigger audit_in_order before insert on audit
        when new.seq is not (select coalesce(max(seq), 0) + 1 from audit)
          or new.previous is not coalesce((select digest from audit order by seq desc limit 1), new.previous)
        begin select raise(abort, 'the audit is append-only'); end""",
)
POSTGRESQL = (
    """create function audit_refuse() returns trigger language plpgsql as $$
        begin raise exception 'the audit is append-only'; end $$""",
    """create function audit_in_order() returns trigger language plpgsql as $$
        declare last_seq integer; last_digest varchar;
        begin
          select seq, digest into last_seq, last_digest from audit order by seq desc limit 1;
          if new.seq is distinct from coalesce(last_seq, 0) + 1
             or new.previous is distinct from coalesce(last_digest, new.previous) then
            raise exception 'the audit is append-only';
          end if;
          return new;
        end $$""",
    "create trigger audit_no_change before update or delete on audit for each row execute function audit_refuse()",
    "create trigger audit_no_truncate before truncate on audit for each statement execute function audit_refuse()",
    "create trigger audit_in_order before insert on audit for each row execute function audit_in_order()",
    # Replication and restoring tools may switch ordinary triggers off for their session.
    "alter table audit enable always trigger audit_no_change",
    "alter table audit enable always trigger audit_no_truncate",
    "alter table audit enable always trigger audit_in_order",
)


def protect() -> None:
    """Makes the table `audit` append-only."""
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def let_go() -> None:
    """Takes the triggers away, so that the table can be."""
    if op.get_bind().dialect.name == "sqlite":
        for name in ("audit_no_update", "audit_no_delete", "audit_in_order"):
            op.execute(f"drop trigger {name}")
        return
    for name in ("audit_no_change", "audit_no_truncate", "audit_in_order"):
        op.execute(f"drop trigger {name} on audit")
    op.execute("drop function audit_refuse()")
    op.execute("drop function audit_in_order()")
