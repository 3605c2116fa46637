"""Import speed onto a PostgreSQL server, beside a SQLite file in the same run."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Figure
from bench.importing import imported
from bench.importing import run as into_a_file
from bench.scale.town import server
from engine.store.database import open_database
from engine.store.migrate import upgrade

AIM = 20_000


def run(rows: int = 100_000) -> Iterator[Figure]:
    """Rows of a couples file a second: onto an empty database, and again when everyone is there already."""
    file = into_a_file(rows)
    with TemporaryDirectory(dir="/tmp") as name, server(Path(name)) as url:
        database = open_database(url)
        upgrade(database)
        first, again = imported(database, Path(name), rows)
        database.close()
    share = first / float(file["import rows/s"])
    yield Figure("import on SQLite", float(file["import rows/s"]), "rows/s")
    yield Figure("import on PostgreSQL", first, "rows/s", share, "SQLite", f"≥ {AIM:,} rows/s", first >= AIM)
    yield Figure("the same, everyone there already", again, "rows/s")
