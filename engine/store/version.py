"""Which schema a database has, read without the migration tool: opening a workspace must not load it."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from engine.errors import StoreError
from engine.store.database import Database

FOLDER = Path(__file__).parent / "migrations"
TABLE = "alembic_version"


def known() -> list[str]:
    """Every version this engine knows, oldest first: the numbers that the files of migrations begin with."""
    return sorted(file.name.partition("_")[0] for file in (FOLDER / "versions").glob("[0-9]*.py"))


def version(connection: Connection) -> str | None:
    """The version of a database; None when it has none yet. StoreError when it was made by a newer Rekindle."""
    if not inspect(connection).has_table(TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {TABLE}")).scalar()  # noqa: S608 - a constant
    if found is not None and found not in known():
        raise StoreError(
            f"The database is at version {found}, which this Rekindle does not know.",
            fix="It was made by a newer Rekindle: upgrade this installation, or restore an older backup.",
        )
    return found


def is_current(database: Database) -> bool:
    """Whether the schema is the one this version works with."""
    with database.read() as connection:
        return version(connection) == known()[-1]
