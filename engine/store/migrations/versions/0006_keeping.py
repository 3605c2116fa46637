"""What is to be trusted: the audit's chain and triggers, restored backups, what is yet to be erased elsewhere."""

import sqlalchemy as sa
from alembic import op

from engine.store import types

revision = "0006"
down_revision = "0005"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FORGOTTEN = "coalesce((SELECT last_id FROM audit_marks WHERE name = 'forgotten'), 0)"
IN_FILE = (
    "CREATE TRIGGER audit_never_changed BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
    f"CREATE TRIGGER audit_never_deleted BEFORE DELETE ON audit WHEN OLD.id > {FORGOTTEN}"
    " BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
)
ON_SERVER = (
    "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$",
    "CREATE FUNCTION audit_refuse_unless_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    f" IF OLD.id > {FORGOTTEN} THEN RAISE EXCEPTION 'the audit is append-only'; END IF; RETURN OLD; END $$",
    "CREATE TRIGGER audit_never_changed BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_never_deleted BEFORE DELETE ON audit FOR EACH ROW"
    " EXECUTE FUNCTION audit_refuse_unless_forgotten()",
    "CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_refuse()",
)


def upgrade() -> None:
    op.create_table(
        "audit_marks",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_marks"),
    )
    op.create_table(
        "restores",
        sa.Column("id", ID, nullable=False),
        sa.Column("backed_up_at", types.Instant(), nullable=True),
        sa.Column("restored_at", types.Instant(), nullable=True),
        sa.Column("confirmed_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_restores"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leftovers",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("cipher", sa.LargeBinary(), nullable=False),
        sa.Column("since", types.Instant(), nullable=False),
        sa.Column("due_at", types.Instant(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_leftovers"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_leftovers_due_at", "leftovers", ["due_at"], unique=False)
    op.add_column("audit", sa.Column("chain", sa.LargeBinary(), nullable=True))
    bind = op.get_bind()
    for statement in ON_SERVER if bind.dialect.name == "postgresql" else IN_FILE:
        bind.exec_driver_sql(statement)
    # One that writes acts without their place in the chain may not go on beside this one.
    op.execute("UPDATE compatibility SET oldest = '0006'")
