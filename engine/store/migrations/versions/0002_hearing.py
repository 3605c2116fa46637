"""Hearing back: webhook calls, events, replies; WhatsApp; paces and breakers that all processes share."""

import sqlalchemy as sa
from alembic import op

from engine.store import types

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "breakers",
        sa.Column("transport", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("open_until", types.Instant(), nullable=False),
        sa.Column("because", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("transport", name="pk_breakers"),
    )
    op.create_table(
        "intake",
        sa.Column("id", ID, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", types.Instant(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("cipher", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_intake"),
        sa.UniqueConstraint("source", "digest", name="uq_intake_source_digest"),
    )
    op.create_index(
        "ix_intake_undone",
        "intake",
        ["id"],
        unique=False,
        sqlite_where=sa.text("status != 'done'"),
        postgresql_where=sa.text("status != 'done'"),
    )
    op.create_table(
        "paces",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("day", types.LocalDate(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_paces"),
    )
    op.create_table(
        "events",
        sa.Column("id", ID, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("received_at", types.Instant(), nullable=False),
        sa.Column("delivery_id", ID, nullable=True),
        sa.Column("receipt", sa.String(length=200), nullable=True),
        sa.Column("address_index", sa.LargeBinary(), nullable=True),
        sa.Column("suppress", sa.String(length=64), nullable=True),
        sa.Column("code", sa.String(length=64), server_default=sa.text("''"), nullable=False),
        sa.Column("detail", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_events_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("source", "key", name="uq_events_source_key"),
    )
    op.create_index(
        "ix_events_address_index",
        "events",
        ["address_index", "at"],
        unique=False,
        sqlite_where=sa.text("address_index IS NOT NULL"),
        postgresql_where=sa.text("address_index IS NOT NULL"),
    )
    op.create_index(
        "ix_events_delivery_id",
        "events",
        ["delivery_id"],
        unique=False,
        sqlite_where=sa.text("delivery_id IS NOT NULL"),
        postgresql_where=sa.text("delivery_id IS NOT NULL"),
    )
    op.create_index(
        "ix_events_parked",
        "events",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("delivery_id IS NULL AND receipt IS NOT NULL"),
        postgresql_where=sa.text("delivery_id IS NULL AND receipt IS NOT NULL"),
    )
    op.create_table(
        "heard",
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("delivered_at", types.Instant(), nullable=True),
        sa.Column("deferred_at", types.Instant(), nullable=True),
        sa.Column("bounced_at", types.Instant(), nullable=True),
        sa.Column("complained_at", types.Instant(), nullable=True),
        sa.Column("opened_at", types.Instant(), nullable=True),
        sa.Column("clicked_at", types.Instant(), nullable=True),
        sa.Column("unsubscribed_at", types.Instant(), nullable=True),
        sa.Column("replied_at", types.Instant(), nullable=True),
        sa.Column("failed_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_heard_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_heard"),
    )
    op.create_table(
        "replies",
        sa.Column("id", ID, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("partner_id", ID, nullable=True),
        sa.Column("delivery_id", ID, nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("flagged", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("text_cipher", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_replies_delivery_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_replies_partner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_replies"),
        sa.UniqueConstraint("source", "key", name="uq_replies_source_key"),
    )
    op.create_index("ix_replies_delivery_id", "replies", ["delivery_id"], unique=False)
    op.create_index("ix_replies_partner_id", "replies", ["partner_id"], unique=False)
    op.add_column("deliveries", sa.Column("intended_at", types.Instant(), nullable=True))
    op.add_column("deliveries", sa.Column("parts", sa.SmallInteger(), nullable=True))
    op.add_column("deliveries", sa.Column("cost", sa.Integer(), nullable=True))
    op.create_index(
        "ix_deliveries_receipt",
        "deliveries",
        ["receipt"],
        unique=False,
        sqlite_where=sa.text("receipt IS NOT NULL"),
        postgresql_where=sa.text("receipt IS NOT NULL"),
    )
    op.add_column("partners", sa.Column("whatsapp_consent", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.drop_index("ix_places_due", table_name="places", sqlite_where=sa.text("next_due_at IS NOT NULL"))
    op.create_index(
        "ix_places_due",
        "places",
        ["next_due_at", "enrollment_id", "partner_id"],
        unique=False,
        sqlite_where=sa.text("next_due_at IS NOT NULL"),
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
