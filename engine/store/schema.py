"""The tables. Every change here needs a migration beside it (a test compares the two).

Addresses are never in the clear: `*_cipher` is AES-256-GCM (see vault), `*_index` a keyed hash for look-up.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    text,
)

from engine.store.types import Instant, LocalDate, LocalTime, StringMap, StringSet

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# BigInteger everywhere but SQLite, where only INTEGER PRIMARY KEY is the row id.
Id = BigInteger().with_variant(Integer, "sqlite")

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
    Column("paused_until", Instant),
    UniqueConstraint("couple_id", "position"),
    CheckConstraint("position IN (1, 2)", name="two_people"),
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

enrollments = Table(
    "enrollments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("couple_id", Id, ForeignKey("couples.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("campaign", String(80), nullable=False),
    Column("digest", String(64), ForeignKey("definitions.digest"), nullable=False, index=True),
    Column("start", LocalDate, nullable=False),
    Column("seed", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("stopped_reason", String(32)),
    Column("variants", StringMap, nullable=False),
    Column("draws", StringMap, nullable=False),
    Column("created_at", Instant, nullable=False),
)
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
    PrimaryKeyConstraint("enrollment_id", "partner_id"),
)
# The tick reads only this index: an idle tick costs the same however many are enrolled.
Index(
    "ix_places_due",
    places.c.next_due_at,
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
    # One occurrence of a step reaches a partner once, on whichever channel: a second scheduler changes nothing.
    UniqueConstraint("enrollment_id", "partner_id", "step", "occurrence"),
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
Index(
    "ix_deliveries_sent_on",
    deliveries.c.partner_id,
    deliveries.c.sent_on,
    sqlite_where=deliveries.c.sent_on.is_not(None),
    postgresql_where=deliveries.c.sent_on.is_not(None),
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
