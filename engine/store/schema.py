"""The tables. Every change here needs a migration beside it (a test compares the two).

Addresses are never in the clear: `*_cipher` is AES-256-GCM (see vault), `*_index` a keyed hash for look-up.

Where ids are in links (`sqlite_autoincrement`) none is ever given twice: SQLite otherwise gives the highest anew once
its row is deleted, and a link that somebody kept would open another person's page. PostgreSQL never does.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    text,
    true,
)

from engine.store.metadata import Id, metadata
from engine.store.types import Instant, Json, LocalDate, LocalTime, StringMap, StringSet, Weekdays

definitions = Table(
    "definitions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("campaign", String(80), nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON, see define.digest
    Column("stored_at", Instant, nullable=False),
)

couples = Table(
    "couples",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ref", String(200), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("paused_until", Instant),
    Column("life_event_at", Instant),
)

partners = Table(
    "partners",
    metadata,
    Column("id", Id, primary_key=True),
    Column("couple_id", Id, ForeignKey("couples.id", ondelete="CASCADE"), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("given_name", String(100), nullable=False),
    Column("email_cipher", LargeBinary),
    Column("email_index", LargeBinary, index=True),
    Column("phone_cipher", LargeBinary),
    Column("phone_index", LargeBinary, index=True),
    Column("timezone", String(64), nullable=False),
    Column("locale", String(16), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("send_at", LocalTime, nullable=False),
    Column("causes", StringSet, nullable=False),
    Column("touch", Boolean, nullable=False, server_default=false()),
    # What the append-only consents table says last, kept here so that the gate need not search it.
    Column("email_consent", Boolean, nullable=False, server_default=false()),
    Column("sms_consent", Boolean, nullable=False, server_default=false()),
    Column("whatsapp_consent", Boolean, nullable=False, server_default=false()),
    Column("paused_until", Instant),
    # What they let us do with their words, each asked by itself.
    Column("answers_consent", Boolean, nullable=False, server_default=false()),  # keep answers, and show what is shared
    Column("share_texts", Boolean, nullable=False, server_default=false()),  # a texted answer is to be shared
    Column("share_pulse", Boolean, nullable=False, server_default=false()),  # the joint line may count theirs
    Column("shared_phone", Boolean, nullable=False, server_default=false()),  # a text from it may be anyone's
    # When they may be reached, within the campaign's own window; null: whenever that is open.
    Column("reach_days", Weekdays),  # none: any
    Column("reach_from", LocalTime),
    Column("reach_until", LocalTime),
    Column("left_at", Instant),
    Column("epoch", Integer, nullable=False, server_default=text("0")),  # links signed in an earlier one are worthless
    Column("calls_other", String(100)),  # the name of a partner who has erased themselves, as the one who stays knew it
    UniqueConstraint("couple_id", "position"),
    CheckConstraint("position IN (1, 2)", name="two_people"),
    sqlite_autoincrement=True,
)

consents = Table(
    "consents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("partner_id", Id, ForeignKey("partners.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("channel", String(16), nullable=False),
    Column("given", Boolean, nullable=False),
    Column("words", Text, nullable=False),
    Column("source", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("purpose", String(16), nullable=False, server_default=text("'messages'")),
    Column("version", String(32), nullable=False, server_default=text("''")),  # of the words
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_index", LargeBinary, primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("source", String(200), nullable=False),
    Column("at", Instant, nullable=False),
)
Index("ix_suppressions_at", suppressions.c.at, suppressions.c.address_index)

enrollments = Table(
    "enrollments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("couple_id", Id, ForeignKey("couples.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("campaign", String(80), nullable=False),
    Column("digest", String(64), ForeignKey("definitions.digest"), nullable=False),
    Column("start", LocalDate, nullable=False),
    Column("seed", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("stopped_reason", String(32)),
    Column("variants", StringMap, nullable=False),
    Column("draws", StringMap, nullable=False),
    Column("learned", Json),  # what each drawing went by, see plan.learn
    Column("left_week", SmallInteger),  # the week in which one of the two was lost to it, see plan.finishing
    Column("created_at", Instant, nullable=False),
)
# How many couples are on a version, and how they stand, is counted from this alone.
Index("ix_enrollments_digest_status", enrollments.c.digest, enrollments.c.status)
# A couple is in a campaign once at a time.
Index(
    "uq_enrollments_running",
    enrollments.c.couple_id,
    enrollments.c.campaign,
    unique=True,
    sqlite_where=enrollments.c.status.in_(["active", "paused"]),
    postgresql_where=enrollments.c.status.in_(["active", "paused"]),
)

places = Table(
    "places",
    metadata,
    Column("enrollment_id", Id, ForeignKey("enrollments.id", ondelete="CASCADE"), nullable=False),
    Column("partner_id", Id, ForeignKey("partners.id", ondelete="CASCADE"), nullable=False),
    Column("next_due_at", Instant),  # null: no step is left for this partner
    Column("next_step", String(80)),
    Column("next_occurrence", Integer),  # days after the enrollment's start date
    Column("passed", StringSet),  # slots after it in the calendar that are behind the partner, see plan.reseat
    PrimaryKeyConstraint("enrollment_id", "partner_id"),
)
# The tick reads only this index: an idle tick costs the same however many are enrolled. It is in the order in which due
# places are taken, so that a batch costs the same however many fall due at once.
Index(
    "ix_places_due",
    places.c.next_due_at,
    places.c.enrollment_id,
    places.c.partner_id,
    sqlite_where=places.c.next_due_at.is_not(None),
    postgresql_where=places.c.next_due_at.is_not(None),
)
Index("ix_places_partner_id", places.c.partner_id)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("enrollment_id", Id, ForeignKey("enrollments.id", ondelete="CASCADE"), nullable=False),
    Column("partner_id", Id, ForeignKey("partners.id", ondelete="CASCADE"), nullable=False),
    Column("step", String(80), nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("week", SmallInteger, nullable=False),
    Column("activity", String(80)),
    Column("variant", String(80)),
    Column("due_at", Instant, nullable=False),  # the step's own instant
    Column("send_at", Instant, nullable=False),  # when it may go: due_at, or where a gate or a retry moved it
    Column("expires_at", Instant, nullable=False),  # later than this is too late
    Column("moved_because", String(32)),
    Column("timezone", String(64), nullable=False),
    Column("tzdata", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", String(32)),
    Column("detail", Text),
    Column("lease_owner", String(64)),
    Column("lease_until", Instant),
    Column("fence", Integer, nullable=False, server_default=text("0")),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("transport", String(64)),
    Column("receipt", String(200)),
    Column("sent_at", Instant),
    Column("sent_on", LocalDate),  # the partner's own calendar day; set with the intent to send, for frequency caps
    Column("intended_at", Instant),  # when the last intent to send was committed
    Column("parts", SmallInteger),  # what a text is charged for; 1 for an email
    # A notice may go to an address that is not the partner's own, such as one that is to be confirmed.
    Column("to_cipher", LargeBinary),
    Column("to_index", LargeBinary),
    Column("to_locale", String(16)),  # the language of whoever reads that address, where it is not the partner's
    Column("about", BigInteger),  # the row that a notice is about: a confirmation, an invitation, a reveal, a delivery
    Column("waits_for", String(100)),  # the slot whose answers it holds back for
    Column("probability", Float),  # of what chance made of it; null: chance was not asked
    Column("cost", Integer),  # estimated when it was handed over, in millionths of the workspace's currency
    # The version it was begun by, where its couple has been moved to another since; null: its enrollment's.
    Column("digest", String(64)),
    # One occurrence of a step reaches a partner once, on whichever channel: a second scheduler changes nothing.
    UniqueConstraint("enrollment_id", "partner_id", "step", "occurrence"),
    sqlite_autoincrement=True,
)
# Written out, not bound, here and in statements: SQLite uses a partial index only where the text implies its condition.
PLANNED = deliveries.c.status == literal_column("'planned'")
LEASED = deliveries.c.status.in_([literal_column("'claimed'"), literal_column("'sending'")])
IN_DOUBT = deliveries.c.status == literal_column("'in_doubt'")
Index(
    "ix_deliveries_planned",
    deliveries.c.send_at,
    deliveries.c.id,
    sqlite_where=PLANNED,
    postgresql_where=PLANNED,
)
Index(
    "ix_deliveries_leased",
    deliveries.c.lease_until,
    sqlite_where=LEASED,
    postgresql_where=LEASED,
)
Index(
    "ix_deliveries_in_doubt",
    deliveries.c.id,
    sqlite_where=IN_DOUBT,
    postgresql_where=IN_DOUBT,
)
WAITING = deliveries.c.waits_for.is_not(None) & PLANNED
Index(
    "ix_deliveries_waits_for",
    deliveries.c.enrollment_id,
    deliveries.c.waits_for,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)
Index(
    "ix_deliveries_sent_on",
    deliveries.c.partner_id,
    deliveries.c.sent_on,
    sqlite_where=deliveries.c.sent_on.is_not(None),
    postgresql_where=deliveries.c.sent_on.is_not(None),
)

# "Which delivery was SM0123…?" and events that name only the provider's own id.
Index(
    "ix_deliveries_receipt",
    deliveries.c.receipt,
    sqlite_where=deliveries.c.receipt.is_not(None),
    postgresql_where=deliveries.c.receipt.is_not(None),
)

attempts = Table(
    "attempts",
    metadata,
    # Only attempts that were not accepted: an acceptance is on its delivery.
    Column("id", Id, primary_key=True),
    Column("delivery_id", Id, ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("transport", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("detail", Text),
)

# Webhook calls as they came, sealed: they hold addresses and people's words. Kept once, whatever the provider repeats.
intake = Table(
    "intake",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("digest", LargeBinary, nullable=False),  # of kind, query and body
    Column("received_at", Instant, nullable=False),
    Column("status", String(16), nullable=False),  # pending, done, failed
    Column("error", Text),  # the exception's name, never its words
    Column("cipher", LargeBinary, nullable=False),
    UniqueConstraint("source", "digest"),
)
UNDONE = intake.c.status != literal_column("'done'")
Index("ix_intake_undone", intake.c.id, sqlite_where=UNDONE, postgresql_where=UNDONE)

events = Table(
    "events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("key", String(200), nullable=False),
    Column("type", String(16), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("at", Instant, nullable=False),  # by the provider's clock
    Column("received_at", Instant, nullable=False),
    Column("delivery_id", Id, ForeignKey("deliveries.id", ondelete="CASCADE")),  # null: parked, or unknown
    Column("receipt", String(200)),
    Column("address_index", LargeBinary),
    Column("suppress", String(64)),  # why its address must never be sent to again; only what is believed
    Column("code", String(64), nullable=False, server_default=text("''")),
    Column("detail", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("source", "key"),
)
# Only what is known: without statistics SQLite would look for what is parked among all that is about no delivery.
Index(
    "ix_events_delivery_id",
    events.c.delivery_id,
    sqlite_where=events.c.delivery_id.is_not(None),
    postgresql_where=events.c.delivery_id.is_not(None),
)
PARKED = events.c.delivery_id.is_(None) & events.c.receipt.is_not(None)
Index("ix_events_parked", events.c.received_at, sqlite_where=PARKED, postgresql_where=PARKED)
Index(
    "ix_events_address_index",
    events.c.address_index,
    events.c.at,
    sqlite_where=events.c.address_index.is_not(None),
    postgresql_where=events.c.address_index.is_not(None),
)

# How far each delivery has come by what we heard: the earliest instant of each kind, so that order does not matter.
heard = Table(
    "heard",
    metadata,
    Column("delivery_id", Id, ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    *(
        Column(f"{name}_at", Instant)
        for name in (
            "delivered",
            "deferred",
            "bounced",
            "complained",
            "opened",
            "clicked",
            "unsubscribed",
            "replied",
            "failed",
        )
    ),
)

replies = Table(
    "replies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("key", String(200), nullable=False),
    Column("partner_id", Id, ForeignKey("partners.id", ondelete="CASCADE"), index=True),  # null: nobody's number
    Column("delivery_id", Id, ForeignKey("deliveries.id", ondelete="CASCADE"), index=True),  # what it replies to
    Column("channel", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("flagged", Boolean, nullable=False, server_default=false()),  # may be an opt-out: for the operator's eyes
    Column("text_cipher", LargeBinary, nullable=False),
    Column("read_as", String(16), nullable=False, server_default=text("'kept'")),  # see model.reply
    Column("media", SmallInteger, nullable=False, server_default=text("0")),  # pictures and the like that came with it
    Column("seen_at", Instant),  # by the operator
    UniqueConstraint("source", "key"),
)

# Answers are nobody's to read, unless one may have been meant to end the messages.
FOR_THE_OPERATOR = replies.c.read_as.in_(
    [literal_column("'kept'"), literal_column("'danger'")]
) | replies.c.flagged.is_(true())
UNSEEN = replies.c.seen_at.is_(None) & FOR_THE_OPERATOR
Index("ix_replies_unseen", replies.c.id, sqlite_where=UNSEEN, postgresql_where=UNSEEN)

# Token buckets and daily counts, shared by every process. `name` is a transport's, or a sender's address.
paces = Table(
    "paces",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("tokens", Float, nullable=False),  # below nothing: owed
    Column("at", Instant, nullable=False),
    Column("day", LocalDate, nullable=False),  # UTC
    Column("used", Integer, nullable=False),
)

# Transports that are left alone for now, for every process.
breakers = Table(
    "breakers",
    metadata,
    Column("transport", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("open_until", Instant, nullable=False),
    Column("because", Text, nullable=False, server_default=text("''")),
)
