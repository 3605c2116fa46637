"""Opens the database and hands out transactions: `begin()` to write, `read()` to look.

SQLite in a file or in memory (see `embedded`), or a PostgreSQL server (see `server`), as the URL says; no other part of
the engine needs to know which.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from types import ModuleType
from typing import TypeAlias
from weakref import finalize

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from engine.errors import Away, StoreError
from engine.store import chain, couples_schema, keeping_schema, operating_schema, schema  # noqa: F401 - so that their tables are known
from engine.store.metadata import metadata

__all__ = ["IN_MEMORY", "Database", "Transaction", "open_database"]

Transaction: TypeAlias = Connection
"""What `begin` and `read` hand out, as rooms call it that know no SQL and pass it on."""


IN_MEMORY = "sqlite://"
SAMPLE = 'Set database_url = "sqlite:///rekindle.sqlite3" or "postgresql+psycopg://name@host/rekindle".'


class Database:
    """One database; safe to share in a process."""

    def __init__(self, engine: Engine, kind: ModuleType) -> None:
        self.engine = engine
        self._kind = kind
        name = engine.url.database
        self.server = engine.dialect.name != "sqlite"
        """Whether it is a server's, which many processes on many machines write to at once."""
        self.path = Path(name) if name and name != ":memory:" and not self.server else None
        """The file that it is in; None for one in memory or on a server."""
        self.audit_key: bytes | None = None
        """What acts are chained with (see store.chain); whoever records any is to give it."""
        self._reader = engine.execution_options(isolation_level="REPEATABLE READ") if self.server else engine

    @property
    def in_memory(self) -> bool:
        """Whether it lives no longer than this process."""
        return self.path is None and not self.server

    @property
    def where(self) -> str:
        """Which one it is, as a person would say; no password."""
        if self.server:
            return self.engine.url.render_as_string()
        return "a database in memory" if self.path is None else str(self.path)

    @property
    def conninfo(self) -> str:
        """A server's address with all that is needed to connect, for libraries that do so themselves."""
        from engine.store import server

        return server.conninfo(self.engine.url)

    @contextmanager
    def begin(self, *, shared: bool = False) -> Iterator[Connection]:
        """A write transaction: committed when the block ends, rolled back when it raises.

        Nobody else writes meanwhile; on a server, those do that asked for `shared` too: batches of work, which lock the
        rows that they are about.
        """
        with self._plainly(), self.engine.begin() as connection:
            self._kind.begin(connection, writing=True, shared=shared)
            connection.info[chain.KEY] = self.audit_key
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent look that never blocks a writer for longer than its own statements."""
        with self._plainly(), self._reader.connect() as connection:
            self._kind.begin(connection, writing=False)
            yield connection

    def let_others_write(self) -> None:
        """Between the batches of a long job: those who wait for SQLite's write lock look ten times a second."""
        if self.path is not None:
            sleep(0.11)

    def create_all(self) -> None:
        """Make every table at once, for a database that lives no longer than the process."""
        with self.begin() as connection:
            metadata.create_all(connection)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except (DatabaseError, InterfaceError) as error:
            said: StoreError | None = self._kind.plain(error)
            if said is None:
                raise
            if self._kind.is_other(error):
                self.engine.dispose()
            raise said from error
        except PoolTimeoutError as error:
            raise Away("Every connection of this process is in use.", fix="Try again in a moment.") from error


def file_of(url: str) -> Path | None:
    """The file of a database at this URL; None where it has none."""
    prefix = "sqlite:///"
    file = url.removeprefix(prefix)
    return Path(file) if url.startswith(prefix) and file not in ("", ":memory:") else None


def open_database(url: str) -> Database:
    """Open the database at a SQLAlchemy URL: `sqlite:///rekindle.sqlite3`, which is created where it is not there, or
    `postgresql+psycopg://name:password@host/database`. StoreError for any other. Connects no sooner than it is used.
    """
    if url.startswith("sqlite"):
        if "\0" in url:
            raise StoreError("database_url names no file.", fix=SAMPLE)
        from engine.store import embedded  # its driver: not for who works on a server

        engine = create_engine(url, hide_parameters=True, **embedded.options(url))  # they are people's names
        embedded.prepare(engine)
        return Database(engine, embedded)
    try:
        named = make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number, and the like; its words may hold the password
        named = None
    if named is None:
        raise StoreError("database_url is not the address of a database.", fix=SAMPLE)
    if named.drivername not in {"postgresql", "postgresql+psycopg"}:
        raise StoreError(
            f"This version speaks to SQLite and PostgreSQL only, not {url.partition(':')[0][:40]}.",
            fix=SAMPLE,
        )
    from engine.store import server  # its driver: not for who keeps to a file

    engine = create_engine(named.set(drivername="postgresql+psycopg"), hide_parameters=True, **server.options())
    server.prepare(engine)
    database = Database(engine, server)
    finalize(database, engine.dispose)  # a session is the server's until it is closed
    return database
