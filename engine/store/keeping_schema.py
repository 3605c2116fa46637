"""The tables of what is to be trusted: what stands at the ends of the audit, restored backups, and what is yet to be
erased elsewhere; and the triggers that let nothing of the audit be changed.
"""

from sqlalchemy import DDL, BigInteger, Column, Index, LargeBinary, SmallInteger, String, Table, event

from engine.store.metadata import Id, metadata
from engine.store.operating_schema import audit
from engine.store.types import Instant

# Where the audit's chain begins ("forgotten": the last act that is kept no more) and ends ("head"), see store.chain.
audit_marks = Table(
    "audit_marks",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("last_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),  # of acts up to it, from the first there ever was
    Column("chain", LargeBinary, nullable=False),
    Column("seal", LargeBinary, nullable=False),  # a keyed hash of the rest
)

# A backup knows that it is one; whoever puts it back adds when. Nothing is sent until that is confirmed.
restores = Table(
    "restores",
    metadata,
    Column("id", Id, primary_key=True),
    Column("backed_up_at", Instant),  # null: nobody said
    Column("restored_at", Instant),  # null: the copy was not put in place by `rekindle db restore`
    Column("confirmed_at", Instant),
    sqlite_autoincrement=True,
)

# What is left of somebody who was erased, where no row of theirs leads to it: see store.leftovers.
leftovers = Table(
    "leftovers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("source", String(64), nullable=False),  # a transport's name, or ""
    Column("cipher", LargeBinary, nullable=False),  # what it is known by, sealed
    Column("since", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("tries", SmallInteger, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_leftovers_due_at", leftovers.c.due_at)

REFUSED = "the audit is append-only"
_FORGOTTEN = "coalesce((SELECT last_id FROM audit_marks WHERE name = 'forgotten'), 0)"

IN_FILE = (
    f"CREATE TRIGGER audit_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
    f"CREATE TRIGGER audit_never_deleted BEFORE DELETE ON audit WHEN OLD.id > {_FORGOTTEN}"
    f" BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
)
ON_SERVER = (
    f"CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{REFUSED}'; END $$",
    f"CREATE FUNCTION audit_refuse_unless_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    f" IF OLD.id > {_FORGOTTEN} THEN RAISE EXCEPTION '{REFUSED}'; END IF; RETURN OLD; END $$",
    "CREATE TRIGGER audit_never_changed BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_never_deleted BEFORE DELETE ON audit FOR EACH ROW"
    " EXECUTE FUNCTION audit_refuse_unless_forgotten()",
    "CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_refuse()",
)
for _dialect, _statements in (("sqlite", IN_FILE), ("postgresql", ON_SERVER)):
    for _statement in _statements:
        event.listen(audit, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
