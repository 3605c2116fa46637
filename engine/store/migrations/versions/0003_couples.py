"""The couples' side: joining and inviting, answers and reveals, pulses, feedback, alerts; notices elsewhere."""

import sqlalchemy as sa
from alembic import op

from engine.store import types

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "rates",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("since", types.Instant(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_rates"),
    )
    op.create_table(
        "answers",
        sa.Column("id", ID, nullable=False),
        sa.Column("enrollment_id", ID, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("step", sa.String(length=80), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("draft_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("text_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("withheld", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("given_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name="fk_answers_enrollment_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_answers_partner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
        sa.UniqueConstraint(
            "enrollment_id",
            "step",
            "occurrence",
            "partner_id",
            name="uq_answers_enrollment_id_step_occurrence_partner_id",
        ),
    )
    op.create_index("ix_answers_partner_id", "answers", ["partner_id"], unique=False)
    op.create_table(
        "invitations",
        sa.Column("id", ID, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("made_at", types.Instant(), nullable=False),
        sa.Column("messaged_at", types.Instant(), nullable=True),
        sa.Column("declined_at", types.Instant(), nullable=True),
        sa.Column("accepted_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_invitations_partner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("partner_id", name="uq_invitations_partner_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "confirmations",
        sa.Column("id", ID, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("address_cipher", sa.LargeBinary(), nullable=False),
        sa.Column("address_index", sa.LargeBinary(), nullable=False),
        sa.Column("campaign", sa.String(length=80), nullable=True),
        sa.Column("invitation_id", ID, nullable=True),
        sa.Column("asked_at", types.Instant(), nullable=False),
        sa.Column("confirmed_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name="fk_confirmations_partner_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitations.id"], name="fk_confirmations_invitation_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_confirmations"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_confirmations_address_index", "confirmations", ["address_index"], unique=False)
    op.create_index("ix_confirmations_invitation_id", "confirmations", ["invitation_id"], unique=False)
    op.create_index("ix_confirmations_partner_id", "confirmations", ["partner_id"], unique=False)
    op.create_table(
        "pulses",
        sa.Column("id", ID, nullable=False),
        sa.Column("enrollment_id", ID, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("step", sa.String(length=80), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("week", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.SmallInteger(), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.CheckConstraint("value BETWEEN 1 AND 5", name=op.f("ck_pulses_one_to_five")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name="fk_pulses_enrollment_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_pulses_partner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_pulses"),
        sa.UniqueConstraint(
            "enrollment_id",
            "step",
            "occurrence",
            "partner_id",
            name="uq_pulses_enrollment_id_step_occurrence_partner_id",
        ),
    )
    op.create_index("ix_pulses_partner_id", "pulses", ["partner_id"], unique=False)
    op.create_table(
        "reveals",
        sa.Column("id", ID, nullable=False),
        sa.Column("enrollment_id", ID, nullable=False),
        sa.Column("step", sa.String(length=80), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name="fk_reveals_enrollment_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reveals"),
        sa.UniqueConstraint("enrollment_id", "step", "occurrence", name="uq_reveals_enrollment_id_step_occurrence"),
    )
    op.create_table(
        "feedback",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("activity", sa.String(length=80), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_feedback_delivery_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_feedback_partner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.UniqueConstraint("delivery_id", "verdict", name="uq_feedback_delivery_id_verdict"),
    )
    op.create_index("ix_feedback_partner_id", "feedback", ["partner_id"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("id", ID, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("reply_id", ID, nullable=True),
        sa.Column("answer_id", ID, nullable=True),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("seen_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["answer_id"], ["answers.id"], name="fk_alerts_answer_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_alerts_partner_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reply_id"], ["replies.id"], name="fk_alerts_reply_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index(
        "ix_alerts_open",
        "alerts",
        ["id"],
        unique=False,
        sqlite_where=sa.text("seen_at IS NULL"),
        postgresql_where=sa.text("seen_at IS NULL"),
    )
    op.create_index("ix_alerts_partner_id", "alerts", ["partner_id"], unique=False)
    op.add_column(
        "consents", sa.Column("purpose", sa.String(length=16), server_default=sa.text("'messages'"), nullable=False)
    )
    op.add_column("consents", sa.Column("version", sa.String(length=32), server_default=sa.text("''"), nullable=False))
    op.add_column("deliveries", sa.Column("to_cipher", sa.LargeBinary(), nullable=True))
    op.add_column("deliveries", sa.Column("to_index", sa.LargeBinary(), nullable=True))
    op.add_column("deliveries", sa.Column("to_locale", sa.String(length=16), nullable=True))
    op.add_column("deliveries", sa.Column("about", sa.BigInteger(), nullable=True))
    op.add_column("deliveries", sa.Column("waits_for", sa.String(length=100), nullable=True))
    op.create_index(
        "ix_deliveries_waits_for",
        "deliveries",
        ["enrollment_id", "waits_for"],
        unique=False,
        sqlite_where=sa.text("waits_for IS NOT NULL AND status = 'planned'"),
        postgresql_where=sa.text("waits_for IS NOT NULL AND status = 'planned'"),
    )
    op.add_column("enrollments", sa.Column("learned", types.Json(), nullable=True))
    op.add_column("enrollments", sa.Column("left_week", sa.SmallInteger(), nullable=True))
    op.add_column("partners", sa.Column("answers_consent", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("partners", sa.Column("share_texts", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("partners", sa.Column("share_pulse", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("partners", sa.Column("shared_phone", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("partners", sa.Column("reach_days", types.Weekdays(), nullable=True))
    op.add_column("partners", sa.Column("reach_from", types.LocalTime(), nullable=True))
    op.add_column("partners", sa.Column("reach_until", types.LocalTime(), nullable=True))
    op.add_column("partners", sa.Column("left_at", types.Instant(), nullable=True))
    op.add_column("partners", sa.Column("epoch", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("partners", sa.Column("calls_other", sa.String(length=100), nullable=True))
    op.add_column("places", sa.Column("passed", types.StringSet(), nullable=True))
    op.add_column(
        "replies", sa.Column("read_as", sa.String(length=16), server_default=sa.text("'kept'"), nullable=False)
    )
    op.add_column("replies", sa.Column("media", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("replies", sa.Column("seen_at", types.Instant(), nullable=True))
