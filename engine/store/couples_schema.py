"""The tables of what couples do and say: joining, answers and their reveals, pulses, feedback, alerts.

Words are sealed (see vault); what is counted over many couples (a pulse, a verdict on an activity) is not.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    false,
)

from engine.store.metadata import Id, metadata
from engine.store.types import Instant

# An address that somebody says is theirs, until the one who reads it confirms: nothing else is sent to it.
confirmations = Table(
    "confirmations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("partner_id", Id, ForeignKey("partners.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("channel", String(16), nullable=False),
    Column("address_cipher", LargeBinary, nullable=False),
    Column("address_index", LargeBinary, nullable=False, index=True),
    # What confirming it does: begins a campaign, joins the one who invited, or (neither) changes an address.
    Column("campaign", String(80)),
    Column("invitation_id", Id, ForeignKey("invitations.id", ondelete="SET NULL"), index=True),
    Column("asked_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    sqlite_autoincrement=True,
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Id, primary_key=True),
    # One by the partner who was there first; who leaves takes it along.
    Column("partner_id", Id, ForeignKey("partners.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("made_at", Instant, nullable=False),
    Column("messaged_at", Instant),  # the one message that may be sent for it
    Column("declined_at", Instant),
    Column("accepted_at", Instant),
    sqlite_autoincrement=True,
)

answers = Table(
    "answers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("enrollment_id", Id, ForeignKey("enrollments.id", ondelete="CASCADE"), nullable=False),
    Column("partner_id", Id, ForeignKey("partners.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("step", String(80), nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("draft_cipher", LargeBinary),  # what was typed and not given yet
    Column("text_cipher", LargeBinary),  # null: only a draft
    Column("shared", Boolean, nullable=False, server_default=false()),  # to be shown when both have shared
    Column("withheld", Boolean, nullable=False, server_default=false()),  # it may speak of danger: never shown
    Column("given_at", Instant),
    UniqueConstraint("enrollment_id", "step", "occurrence", "partner_id"),
)

# Both answers to one question have been shown to both: once, and for good.
reveals = Table(
    "reveals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("enrollment_id", Id, ForeignKey("enrollments.id", ondelete="CASCADE"), nullable=False),
    Column("step", String(80), nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("enrollment_id", "step", "occurrence"),
)

pulses = Table(
    "pulses",
    metadata,
    Column("id", Id, primary_key=True),
    Column("enrollment_id", Id, ForeignKey("enrollments.id", ondelete="CASCADE"), nullable=False),
    Column("partner_id", Id, ForeignKey("partners.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("step", String(80), nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("week", SmallInteger, nullable=False),
    Column("value", SmallInteger, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("enrollment_id", "step", "occurrence", "partner_id"),
    CheckConstraint("value BETWEEN 1 AND 5", name="one_to_five"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery_id", Id, ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False),
    Column("partner_id", Id, ForeignKey("partners.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("activity", String(80), nullable=False),
    Column("verdict", String(16), nullable=False),  # see model.reply
    Column("at", Instant, nullable=False),
    UniqueConstraint("delivery_id", "verdict"),
)

# What the operator must look at. No words: they are with the reply or the answer.
alerts = Table(
    "alerts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("partner_id", Id, ForeignKey("partners.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(32), nullable=False),  # see model.danger
    Column("source", String(16), nullable=False),  # text or page
    Column("reply_id", Id, ForeignKey("replies.id", ondelete="SET NULL")),
    Column("answer_id", Id, ForeignKey("answers.id", ondelete="SET NULL")),
    Column("at", Instant, nullable=False),
    Column("seen_at", Instant),
)
OPEN = alerts.c.seen_at.is_(None)
Index("ix_alerts_open", alerts.c.id, sqlite_where=OPEN, postgresql_where=OPEN)

# How often something was asked for, by a keyed hash of who asked: see store.rates.
rates = Table(
    "rates",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("used", Integer, nullable=False),
)
