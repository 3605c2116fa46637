"""Brings a database up to this version's schema, one step at a time, through Alembic."""

from alembic import command
from alembic.config import Config

from engine.store.database import Database
from engine.store.version import FOLDER, known, version


def upgrade(database: Database) -> tuple[str | None, str]:
    """Run every migration that is missing, in one transaction; the version before and after.

    A newer one's that this Rekindle may go on with is left as it is; StoreError for any other of a newer Rekindle.
    """
    with database.begin() as connection:
        before = version(connection)
        if before is not None and before not in known():
            return before, before
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, known()[-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
