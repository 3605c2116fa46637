"""Which schema a database has, read without the migration tool: opening a workspace must not load it."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from engine.errors import StoreError
from engine.store.database import Database

FOLDER = Path(__file__).parent / "migrations"
TABLE = "alembic_version"
COPYING = "copying-"
"""What the version of a database begins with while `rekindle db copy` fills it, see store.transfer."""


def known() -> list[str]:
    """Every version this engine knows, oldest first: the numbers that the files of migrations begin with."""
    return sorted(file.name.partition("_")[0] for file in (FOLDER / "versions").glob("[0-9]*.py"))


def version(connection: Connection) -> str | None:
    """The version of a database; None when it has none yet. StoreError for a newer one that is not for us."""
    if not inspect(connection).has_table(TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {TABLE}")).scalar()  # noqa: S608 - a constant
    if found is not None and found.startswith(COPYING):
        raise StoreError(
            "A copy into this database has not come to its end.",
            fix="Run `rekindle db copy` again where it is copied from: it goes on where it was.",
        )
    if found is not None and found not in known() and not _may_go_on(connection):
        raise StoreError(
            f"The database is at version {found}, which this Rekindle does not know.",
            fix="It was made by a newer Rekindle: upgrade this installation, or restore an older backup.",
        )
    return found


def _may_go_on(connection: Connection) -> bool:
    """Whether the newer Rekindle that upgraded the database says that this one may go on with it.

    A migration whose tables the version before it can still work with leaves that one's number there; so machines are
    upgraded one after another.
    """
    if not inspect(connection).has_table("compatibility"):
        return False
    oldest = connection.execute(text("SELECT oldest FROM compatibility")).scalar()
    return oldest is not None and oldest in known()


def is_current(database: Database) -> bool:
    """Whether the schema is one that this version works with: its own, or a newer one that leaves it be."""
    with database.read() as connection:
        found = version(connection)
    return found is not None and found >= known()[-1]
