"""What a process that sends for a living does once it has loaded everything."""

import gc

from engine.errors import Refused
from engine.store.database import Database


def settle_in() -> None:
    """Take what is loaded by now off the garbage collector's rounds.

    Code, templates and statements stay as long as the process does; each batch makes tens of thousands of objects, and
    every full round they set off would look at all of it again: a tenth of the time that an email takes.
    """
    gc.freeze()


def refuse_unless_server(database: Database) -> None:
    """Refused for a database that is one process's at a time, as a file is."""
    if not database.server:
        raise Refused(
            f"Workers share a PostgreSQL database, and this workspace keeps {database.where}.",
            fix="Use `rekindle run`; or set database_url to a server's.",
        )
