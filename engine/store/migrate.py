"""Brings a database up to this version's schema, one step at a time, through Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from engine.errors import StoreError
from engine.store.database import Database

FOLDER = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> tuple[str | None, str]:
    """Run every migration that is missing, in one transaction; the version before and after.

    StoreError when the database was made by a newer Rekindle.
    """
    with database.begin() as connection:
        before = _version(connection)
        newest = _script().get_current_head()
        if newest is None:
            raise StoreError("This installation has no migrations.", fix="Install Rekindle again.")
        _refuse_newer(before)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, newest


def is_current(database: Database) -> bool:
    """Whether the schema is the one this version works with."""
    with database.read() as connection:
        before = _version(connection)
    _refuse_newer(before)
    return before == _script().get_current_head()


def _refuse_newer(version: str | None) -> None:
    if version is not None and version not in {script.revision for script in _script().walk_revisions()}:
        raise StoreError(
            f"The database is at version {version}, which this Rekindle does not know.",
            fix="It was made by a newer Rekindle: upgrade this installation, or restore an older backup.",
        )


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
