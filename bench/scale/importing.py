"""Import speed onto a PostgreSQL server, beside a SQLite file and a file that is read in a thread in the same run."""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from bench.figures import Figure
from bench.importing import imported
from bench.importing import run as into_a_file
from bench.scale.town import server
from engine.enroll import reading
from engine.store.database import open_database
from engine.store.migrate import upgrade

AIM = 20_000


def run(rows: int = 100_000) -> Iterator[Figure]:
    """Rows of a couples file a second: onto an empty database, and again when everyone is there already."""
    file = float(into_a_file(rows)["import rows/s"])
    first, again = _onto_a_server(rows)
    with patch.object(reading, "LARGE", sys.maxsize):
        in_a_thread, _ = _onto_a_server(rows)
    yield Figure("import on SQLite", file, "rows/s")
    yield Figure("import on PostgreSQL", first, "rows/s", first / file, "SQLite", f"≥ {AIM:,} rows/s", first >= AIM)
    yield Figure("the same, everyone there already", again, "rows/s")
    yield Figure("the same, read in a thread", in_a_thread, "rows/s", in_a_thread / first, "a process of its own")


def _onto_a_server(rows: int) -> tuple[int, int]:
    with TemporaryDirectory(dir="/tmp") as name, server(Path(name)) as url:
        database = open_database(url)
        upgrade(database)
        try:
            return imported(database, Path(name), rows)
        finally:
            database.close()
