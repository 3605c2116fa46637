"""How a PostgreSQL server stands, for whoever asks whether it is well."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from engine.store.database import Database
from engine.store.jobs import SILENT
from engine.store.metadata import metadata

OLDEST = 14
"""The oldest PostgreSQL whose statements we use and which is still maintained."""
_FACTS = text(
    f"""
SELECT current_setting('server_version_num')::int / 10000 AS version,
       current_setting('fsync')::bool AND current_setting('full_page_writes')::bool
           AND current_setting('synchronous_commit') <> 'off' AS durable,
       current_setting('max_connections')::int AS most_connections,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
       (SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '{SILENT}') AS takers,
       coalesce((SELECT max(extract(epoch FROM now() - xact_start)) FROM pg_stat_activity
                 WHERE backend_type = 'client backend' AND datname = current_database()), 0)::int AS oldest_seconds
"""  # noqa: S608 - a constant
)


@dataclass(frozen=True, slots=True)
class Facts:
    """`durable`: what is committed outlives a power cut. `takers` take jobs, some for each worker process."""

    version: int
    durable: bool
    most_connections: int
    connections: int
    takers: int
    oldest_seconds: int  # of the transaction that has lasted longest


def facts(connection: Connection) -> Facts:
    """How the server stands now."""
    return Facts(*connection.execute(_FACTS).one())


_INVALID = text(
    "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " WHERE NOT i.indisvalid AND c.relnamespace = 'public'::regnamespace ORDER BY 1"
)


def faults_of(database: Database) -> list[str]:
    """What is wrong with the database, as far as a look at its rows tells: every table is read once, its checksums are
    the server's own to watch.
    """
    found = []
    with database.read() as connection:
        found += [f"the index {name} is not valid" for name in connection.execute(_INVALID).scalars()]
        for table in metadata.sorted_tables:
            connection.exec_driver_sql(f"SELECT count(*) FROM {table.name}")  # noqa: S608 - ours
            for key in table.foreign_keys:
                child, parent = key.parent, key.column
                lost = connection.exec_driver_sql(
                    f"SELECT count(*) FROM {table.name} c WHERE c.{child.name} IS NOT NULL AND NOT EXISTS"  # noqa: S608
                    f" (SELECT 1 FROM {parent.table.name} p WHERE p.{parent.name} = c.{child.name})"
                ).scalar_one()
                if lost:
                    found.append(
                        f"{lost} rows of {table.name} belong to rows of {parent.table.name} that are not there"
                    )
    return found
