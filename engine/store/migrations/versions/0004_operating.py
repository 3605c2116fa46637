"""The operator's side: holds, the audit, assignments of trials and their odds, tallies, incidents, their tellings."""

import sqlalchemy as sa
from alembic import op

from engine.store import types

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("since", types.Instant(), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_holds"),
    )
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("act", sa.String(length=64), nullable=False),
        sa.Column("about", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_about", "audit", ["about"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("enrollment_id", ID, nullable=False),
        sa.Column("step", sa.String(length=80), nullable=False),
        sa.Column("arm", sa.String(length=80), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("stratum", sa.String(length=200), nullable=False),
        sa.Column("campaign", sa.String(length=80), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name="fk_assignments_enrollment_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("enrollment_id", "step", name="pk_assignments"),
    )
    placed = sa.text("place IS NOT NULL")
    op.create_index(
        "uq_assignments_place",
        "assignments",
        ["campaign", "step", "stratum", "place"],
        unique=True,
        sqlite_where=placed,
        postgresql_where=placed,
    )
    op.create_table(
        "tallies",
        sa.Column("day", types.LocalDate(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("why", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "channel", "what", "why", name="pk_tallies"),
    )
    op.create_table(
        "incidents",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("about", sa.String(length=100), nullable=False),
        sa.Column("since", types.Instant(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ended_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
        sqlite_autoincrement=True,
    )
    open_ = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_incidents_open", "incidents", ["kind", "about"], unique=True, sqlite_where=open_, postgresql_where=open_
    )
    op.create_table(
        "tellings",
        sa.Column("incident_id", ID, nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("due_at", types.Instant(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_tellings_incident_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("incident_id", "ended", "way", name="pk_tellings"),
    )
    op.create_index("ix_tellings_due_at", "tellings", ["due_at"], unique=False)
    op.add_column("deliveries", sa.Column("probability", sa.Float(), nullable=True))
    op.add_column("deliveries", sa.Column("digest", sa.String(length=64), nullable=True))
    op.drop_index("ix_enrollments_digest", "enrollments")
    op.create_index("ix_enrollments_digest_status", "enrollments", ["digest", "status"], unique=False)
    op.create_index("ix_suppressions_at", "suppressions", ["at", "address_index"], unique=False)
    unseen = "seen_at IS NULL AND (read_as IN ('kept', 'danger') OR flagged IS {})"
    op.create_index(
        "ix_replies_unseen",
        "replies",
        ["id"],
        unique=False,
        sqlite_where=sa.text(unseen.format(1)),
        postgresql_where=sa.text(unseen.format("true")),
    )
