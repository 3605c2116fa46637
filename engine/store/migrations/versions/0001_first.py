"""The first schema: couples and their consents, definitions, enrollments, places, deliveries."""

import sqlalchemy as sa
from alembic import op

from engine.store import types

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "couples",
        sa.Column("id", ID, nullable=False),
        sa.Column("ref", sa.String(length=200), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("paused_until", types.Instant(), nullable=True),
        sa.Column("life_event_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_couples"),
        sa.UniqueConstraint("ref", name="uq_couples_ref"),
    )
    op.create_table(
        "definitions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("campaign", sa.String(length=80), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("stored_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_definitions"),
    )
    op.create_table(
        "suppressions",
        sa.Column("address_index", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("address_index", name="pk_suppressions"),
    )
    op.create_table(
        "enrollments",
        sa.Column("id", ID, nullable=False),
        sa.Column("couple_id", ID, nullable=False),
        sa.Column("campaign", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("start", types.LocalDate(), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("stopped_reason", sa.String(length=32), nullable=True),
        sa.Column("variants", types.StringMap(), nullable=False),
        sa.Column("draws", types.StringMap(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["couple_id"], ["couples.id"], name="fk_enrollments_couple_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["digest"], ["definitions.digest"], name="fk_enrollments_digest"),
        sa.PrimaryKeyConstraint("id", name="pk_enrollments"),
    )
    op.create_index("ix_enrollments_couple_id", "enrollments", ["couple_id"], unique=False)
    op.create_index("ix_enrollments_digest", "enrollments", ["digest"], unique=False)
    op.create_index(
        "uq_enrollments_running",
        "enrollments",
        ["couple_id", "campaign"],
        unique=True,
        sqlite_where=sa.text("status IN ('active', 'paused')"),
        postgresql_where=sa.text("status IN ('active', 'paused')"),
    )
    op.create_table(
        "partners",
        sa.Column("id", ID, nullable=False),
        sa.Column("couple_id", ID, nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("given_name", sa.String(length=100), nullable=False),
        sa.Column("email_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("email_index", sa.LargeBinary(), nullable=True),
        sa.Column("phone_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("send_at", types.LocalTime(length=5), nullable=False),
        sa.Column("causes", types.StringSet(), nullable=False),
        sa.Column("touch", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("email_consent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("sms_consent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("paused_until", types.Instant(), nullable=True),
        sa.CheckConstraint("position IN (1, 2)", name=op.f("ck_partners_two_people")),
        sa.ForeignKeyConstraint(["couple_id"], ["couples.id"], name="fk_partners_couple_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_partners"),
        sa.UniqueConstraint("couple_id", "position", name="uq_partners_couple_id_position"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_partners_email_index", "partners", ["email_index"], unique=False)
    op.create_index("ix_partners_phone_index", "partners", ["phone_index"], unique=False)
    op.create_table(
        "consents",
        sa.Column("id", ID, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_consents_partner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_partner_id", "consents", ["partner_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", ID, nullable=False),
        sa.Column("enrollment_id", ID, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("step", sa.String(length=80), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("week", sa.SmallInteger(), nullable=False),
        sa.Column("activity", sa.String(length=80), nullable=True),
        sa.Column("variant", sa.String(length=80), nullable=True),
        sa.Column("due_at", types.Instant(), nullable=False),
        sa.Column("send_at", types.Instant(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=False),
        sa.Column("moved_because", sa.String(length=32), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("tzdata", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", types.Instant(), nullable=True),
        sa.Column("fence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("transport", sa.String(length=64), nullable=True),
        sa.Column("receipt", sa.String(length=200), nullable=True),
        sa.Column("sent_at", types.Instant(), nullable=True),
        sa.Column("sent_on", types.LocalDate(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name="fk_deliveries_enrollment_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_deliveries_partner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint(
            "enrollment_id",
            "partner_id",
            "step",
            "occurrence",
            name="uq_deliveries_enrollment_id_partner_id_step_occurrence",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_deliveries_in_doubt",
        "deliveries",
        ["id"],
        unique=False,
        sqlite_where=sa.text("status = 'in_doubt'"),
        postgresql_where=sa.text("status = 'in_doubt'"),
    )
    op.create_index(
        "ix_deliveries_leased",
        "deliveries",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("status IN ('claimed', 'sending')"),
        postgresql_where=sa.text("status IN ('claimed', 'sending')"),
    )
    op.create_index(
        "ix_deliveries_planned",
        "deliveries",
        ["send_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'planned'"),
        postgresql_where=sa.text("status = 'planned'"),
    )
    op.create_index(
        "ix_deliveries_sent_on",
        "deliveries",
        ["partner_id", "sent_on"],
        unique=False,
        sqlite_where=sa.text("sent_on IS NOT NULL"),
        postgresql_where=sa.text("sent_on IS NOT NULL"),
    )
    op.create_table(
        "places",
        sa.Column("enrollment_id", ID, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("next_due_at", types.Instant(), nullable=True),
        sa.Column("next_step", sa.String(length=80), nullable=True),
        sa.Column("next_occurrence", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name="fk_places_enrollment_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_places_partner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("enrollment_id", "partner_id", name="pk_places"),
    )
    op.create_index(
        "ix_places_due",
        "places",
        ["next_due_at"],
        unique=False,
        sqlite_where=sa.text("next_due_at IS NOT NULL"),
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
    op.create_index("ix_places_partner_id", "places", ["partner_id"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("transport", sa.String(length=64), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_attempts_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_delivery_id", "attempts", ["delivery_id"], unique=False)
