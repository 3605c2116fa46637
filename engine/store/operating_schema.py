"""The tables of the operator's side: what is held back, what was done by whom, who was given which arm of a trial,
what became of everything by day, and what was out of order.
"""

from sqlalchemy import (
    Boolean,
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
)

from engine.store.metadata import Id, metadata
from engine.store.types import Instant, LocalDate

# What the operator holds back: a campaign, a transport or everything. A row is in force as long as it is there.
holds = Table(
    "holds",
    metadata,
    Column("kind", String(16), nullable=False),  # everything, campaign, transport
    Column("name", String(200), nullable=False),  # "" for everything
    Column("since", Instant, nullable=False),
    Column("actor", String(100), nullable=False),
    PrimaryKeyConstraint("kind", "name"),
)

# What operators did, and to what: ids and names of ours, never an address or anybody's words. Nothing is ever changed:
# triggers refuse it, see keeping_schema.
audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("act", String(64), nullable=False),
    Column("about", String(200), nullable=False),
    Column("chain", LargeBinary),  # a keyed hash over the one before and this act; null: from before there was a chain
    sqlite_autoincrement=True,
)
Index("ix_audit_about", audit.c.about)

# The arm of a step's experiment that a couple was given, and how likely it was to be given that one. Never changed.
assignments = Table(
    "assignments",
    metadata,
    Column("enrollment_id", Id, ForeignKey("enrollments.id", ondelete="CASCADE"), nullable=False),
    Column("step", String(80), nullable=False),
    Column("arm", String(80), nullable=False),
    Column("probability", Float, nullable=False),
    Column("stratum", String(200), nullable=False),  # "" where nothing divides them
    Column("campaign", String(80), nullable=False),
    Column("place", Integer),  # in its stratum of the campaign, from 0: which arm comes next, see plan.assign
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("enrollment_id", "step"),
)
# The last place of a stratum is found without reading the others. Unique: no two couples are ever given one place.
Index(
    "uq_assignments_place",
    assignments.c.campaign,
    assignments.c.step,
    assignments.c.stratum,
    assignments.c.place,
    unique=True,
    sqlite_where=assignments.c.place.is_not(None),
    postgresql_where=assignments.c.place.is_not(None),
)

# What passes did and what was heard, by UTC day: counted when it happens, so that nobody has to count deliveries.
tallies = Table(
    "tallies",
    metadata,
    Column("day", LocalDate, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("what", String(16), nullable=False),  # a delivery's status, or "heard"
    Column("why", String(32), nullable=False),  # its reason ("" for none), or the event's type
    Column("number", Integer, nullable=False),
    PrimaryKeyConstraint("day", "channel", "what", "why"),
)

# What was out of order: one row from when it was noticed to when it was over. One at a time for each thing.
incidents = Table(
    "incidents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(32), nullable=False),  # see model.incident
    Column("about", String(100), nullable=False),  # a transport's name, an alert's number, or ""
    Column("since", Instant, nullable=False),
    Column("number", Integer, nullable=False),  # how many, when it was noticed
    Column("ended_at", Instant),
    sqlite_autoincrement=True,
)
UNENDED = incidents.c.ended_at.is_(None)
Index(
    "uq_incidents_open",
    incidents.c.kind,
    incidents.c.about,
    unique=True,
    sqlite_where=UNENDED,
    postgresql_where=UNENDED,
)

# What is still to be told of an incident, and by which way; a row is there until it has been told or given up.
tellings = Table(
    "tellings",
    metadata,
    Column("incident_id", Id, ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("ended", Boolean, nullable=False),  # that it is over, or that it began
    Column("way", String(16), nullable=False),  # email or webhook
    Column("due_at", Instant, nullable=False),  # whoever is telling it moves this on, as a lease
    Column("tries", SmallInteger, nullable=False),
    PrimaryKeyConstraint("incident_id", "ended", "way"),
)
Index("ix_tellings_due_at", tellings.c.due_at)

# One row: the oldest version whose Rekindle may go on beside the one that upgraded the database, see store.version.
compatibility = Table("compatibility", metadata, Column("oldest", String(8), nullable=False))
