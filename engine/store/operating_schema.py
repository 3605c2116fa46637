"""The tables of the operator's side: what is held back, what was done by whom, who was given which arm of a trial."""

from sqlalchemy import Column, Float, ForeignKey, Index, PrimaryKeyConstraint, String, Table

from engine.store.metadata import Id, metadata
from engine.store.types import Instant

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

# What operators did, and to what: ids and names of ours, never an address or anybody's words. Nothing is ever changed.
audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("act", String(64), nullable=False),
    Column("about", String(200), nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_audit_about", audit.c.about)

# The arm of a step's trial that a couple was given, and how likely it was to be given that one.
assignments = Table(
    "assignments",
    metadata,
    Column("enrollment_id", Id, ForeignKey("enrollments.id", ondelete="CASCADE"), nullable=False),
    Column("step", String(80), nullable=False),
    Column("arm", String(80), nullable=False),
    Column("probability", Float, nullable=False),
    Column("stratum", String(200), nullable=False),  # "" where nothing divides them
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("enrollment_id", "step"),
)
