"""A town on a PostgreSQL server of its own: as `bench.town`, but where it is noon now, since workers go by the clock.

The server keeps what is committed (fsync is on), as one in earnest does. It is the one that the tests use, with its own
settings for memory left at their defaults.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

import stores

from bench.town import Town
from engine.clock import stopwatch
from engine.store.database import Database, open_database
from engine.store.migrate import upgrade

WORKSPACE = """\
database_url = "{url}"
[channels]
email = "smtp"
[transports.smtp]
host = "127.0.0.1"
port = {port}
security = "none"
connections = 8
"""
PATIENCE = 300.0
"""Seconds after which workers that have not sent everything are given up."""


class ServerTown(Town):
    """Its people have one message planned, which becomes due when told."""

    def __init__(self, folder: Path, people: int, url: str) -> None:
        self.url = url
        super().__init__(folder, people)
        with self.database.begin() as connection:
            hours = 12 - datetime.now(UTC).hour
            connection.exec_driver_sql("UPDATE partners SET timezone = %s", (f"Etc/GMT{-hours:+d}",))
            connection.exec_driver_sql("UPDATE places SET next_due_at = NULL")
            connection.exec_driver_sql("DELETE FROM deliveries WHERE step <> 'talk'")
        self._in_order("VACUUM ANALYZE")

    def _in_order(self, vacuum: str) -> None:
        with self.database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(vacuum)

    def _opened(self) -> Database:
        made = open_database(self.url)
        upgrade(made)
        return made

    def unsend(self, most: int = -1) -> None:
        """As if nothing had been sent: all of today's messages may go from this moment, or `most` of them."""
        now = datetime.now(UTC)
        times = [int((now + timedelta(hours=each)).timestamp() * 1000) for each in (0, 0, 4)]
        with self.database.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE deliveries SET status = 'cancelled', sent_on = NULL, sent_at = NULL, receipt = NULL,"
                " transport = NULL, attempts = 0, intended_at = NULL, lease_owner = NULL, lease_until = NULL,"
                " due_at = %s, send_at = %s, expires_at = %s WHERE step = 'talk'",
                tuple(times),
            )
        # In earnest each row is planned once: what a round before left behind of it is nothing that workers find.
        self._in_order("VACUUM deliveries")
        with self.database.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE deliveries SET status = 'planned'"
                " WHERE id IN (SELECT id FROM deliveries WHERE step = 'talk' ORDER BY id LIMIT %s)",
                (None if most < 0 else most,),
            )

    def over(self) -> bool:
        """Whether nothing is due or on its way; two indexes answer, since it is asked again and again meanwhile."""
        now = int(datetime.now(UTC).timestamp() * 1000)
        some = "EXISTS (SELECT FROM deliveries WHERE status"
        with self.database.read() as connection:
            asked = f"SELECT NOT {some} = 'planned' AND send_at <= %s) AND NOT {some} IN ('claimed', 'sending'))"
            answer: bool = connection.exec_driver_sql(asked, (now,)).scalar_one()
        return answer

    def sent(self) -> tuple[int, float]:
        """How many were sent, and the seconds between the first commitment to send and the last record."""
        with self.database.read() as connection:
            row = connection.exec_driver_sql(
                "SELECT count(*), coalesce(max(sent_at) - min(intended_at), 0) FROM deliveries WHERE status = 'sent'"
            ).one()
        return row[0], row[1] / 1000


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A server that lives as long as the block; the URL of a database of its."""
    where = folder / "pg"
    where.mkdir()
    folder.chmod(0o755)
    stores.start(where, {"listen_addresses": "", "max_connections": "100", "max_wal_size": "4GB"})
    try:
        import psycopg

        with psycopg.connect(f"host={where} dbname=postgres user=tests", autocommit=True) as connection:
            connection.execute("CREATE DATABASE town")
        yield stores.url(where, "town")
    finally:
        stores.stop(where)


@contextmanager
def town_on_server(people: int) -> Iterator[ServerTown]:
    """A town in a folder that is gone afterwards, with a server that is as well."""
    with TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        with server(folder) as url:
            built = ServerTown(folder, people, url)
            yield built
            built.database.close()


@contextmanager
def workers(place: ServerTown, processes: int, port: int, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`rekindle worker --processes N` in front of the sink at `port`, once each of them takes jobs."""
    workspace = place.path.parent / "ws"
    workspace.mkdir(exist_ok=True)
    (workspace / "rekindle.toml").write_text(WORKSPACE.format(url=place.url, port=port))
    key = workspace / "rekindle.key"
    key.write_text(place.key)
    key.chmod(0o600)
    command = [sys.executable, "-m", "cli", "-C", str(workspace), "worker", f"--processes={processes}", *options]
    with (place.path.parent / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        kinds = 3 - 2 * ("--only" in options)
        wait_until(lambda: _takers(place) >= processes * kinds, process)
        yield process
    finally:
        process.terminate()
        process.wait(60)
        with place.database.begin() as connection:
            connection.exec_driver_sql("DELETE FROM procrastinate_workers")
            connection.exec_driver_sql("DELETE FROM procrastinate_jobs")


def _takers(place: ServerTown) -> int:
    with place.database.read() as connection:
        found: int = connection.exec_driver_sql("SELECT count(*) FROM procrastinate_workers").scalar_one()
    return found


def wait_until(so: "object", *processes: "subprocess.Popen[bytes]") -> None:
    """Look every few milliseconds; RuntimeError when a process has ended or it takes too long."""
    began = stopwatch()
    while not so():  # type: ignore[operator]
        if any(each.poll() is not None for each in processes) or stopwatch() - began > PATIENCE:
            raise RuntimeError("a worker has ended, or it takes too long")
        sleep(0.05)


def children(process: "subprocess.Popen[bytes]") -> Sequence[int]:
    """The process ids of a crew's members; its own where it has none."""
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(each) for each in found] or [process.pid]
