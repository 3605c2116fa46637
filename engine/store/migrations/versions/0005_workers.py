"""Workers on many machines: which older versions may go on beside this one, and (PostgreSQL) Procrastinate's tables."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# Vacuumed after so many changes, however large they have grown: what is done moves through them once and stays.
BUSY = {"deliveries": 20_000, "places": 20_000, "procrastinate_jobs": 1_000, "paces": 100, "tallies": 500}


def upgrade() -> None:
    op.create_table("compatibility", sa.Column("oldest", sa.String(length=8), nullable=False))
    op.execute("INSERT INTO compatibility (oldest) VALUES ('0005')")
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    # As the driver takes it: many statements, in which % is a sign like any other.
    bind.connection.cursor().execute(Path(__file__).with_name("0005_procrastinate.sql").read_text(encoding="utf-8"))
    for table, changes in BUSY.items():
        bind.exec_driver_sql(
            f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = {changes}, "
            f"autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = {changes}, fillfactor = 85)"
        )
