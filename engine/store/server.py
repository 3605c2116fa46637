"""PostgreSQL as Rekindle opens it: psycopg 3, many processes on many machines.

Whoever writes takes one advisory lock for as long as its transaction lasts. Acts of people (an answer, a STOP, an
import, an operator's word) take it exclusively: they are one at a time, as in SQLite, and none falls between the last
look at the gates and the committed intent to send. Batches of workers share it: they go on beside one another, each on
rows of its own (SKIP LOCKED). The lock is granted in the order of asking, so neither kind starves the other.

A session that stops in the middle of a transaction is ended by the server; what waits for a lock gives up in time.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import errors, postgres
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.types.string import StrDumper
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError, DBAPIError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from engine.errors import Away, StoreError

IDLE_SECONDS = 10
"""How long a transaction may stand still: its process is gone, or hangs, and others wait for it."""
WAIT_SECONDS = 20
"""How long a statement waits for a lock."""
CONNECT_SECONDS = 10
LOCK = 0x52656B696E646C65  # "Rekindle"

_ALONE = text(f"SELECT pg_advisory_xact_lock({LOCK})")
_BESIDE_OTHERS = text(f"SELECT pg_advisory_xact_lock_shared({LOCK})")


def options() -> dict[str, Any]:
    """What SQLAlchemy opens it with."""
    session = f"-c idle_in_transaction_session_timeout={IDLE_SECONDS}s -c lock_timeout={WAIT_SECONDS}s -c timezone=UTC"
    return {
        "connect_args": {
            "options": session,
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "rekindle",
            # A machine that vanished is noticed in under a minute, not in hours.
            "keepalives_idle": 20,
            "keepalives_interval": 5,
            "keepalives_count": 4,
        },
        "paramstyle": "format",  # a row for the driver is a tuple, as it is for SQLite's
        "pool_size": 5,
        "max_overflow": 15,
        "pool_timeout": WAIT_SECONDS,
        "execution_options": {"preserve_rowcount": True},  # of INSERT … SELECT … too
    }


def prepare(engine: Engine) -> None:
    """Have each connection set up, before anything is asked on it; StoreError for a database that cannot hold names."""
    event.listen(engine, "connect", _connected, insert=True)
    event.listen(engine, "checkout", _still_there)


def begin(connection: Connection, *, writing: bool, shared: bool = False) -> None:
    """Have whoever writes wait for whom it must not write beside; the transaction begins with the first statement."""
    if writing:
        connection.execute(_BESIDE_OTHERS if shared else _ALONE)


def copy_in(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Put rows into a table as one stream, in the transaction of `connection`; it fails as any statement does."""
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as stream:
            stream.write("".join(["\t".join([_cell(value) for value in row]) + "\n" for row in rows]))
    except psycopg.Error as error:
        said: Any = DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect
        )
        raise said from error


_NEEDS_CARE = re.compile(r"[\\\t\n\r\0]")
_WITH_CARE = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": ""})


def _cell(value: object) -> str:
    """A value as COPY reads it; what comes by statement is treated alike (see _Text)."""
    if isinstance(value, str):
        return value.translate(_WITH_CARE) if _NEEDS_CARE.search(value) else value
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(f"COPY is not told how to write a {type(value).__name__}.")


def conninfo(url: URL) -> str:
    """The server's address as libpq reads it, for who connects without SQLAlchemy."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _connected(connection: Any, _entry: ConnectionPoolEntry) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreError(
            f"The database keeps text as {encoding}, which has no place for everybody's names.",
            fix="Create another: `createdb --encoding=UTF8 --template=template0 NAME`, and have database_url name it.",
        )
    connection.adapters.register_loader("numeric", _Number)
    connection.adapters.register_dumper(str, _Text)
    connection.adapters.register_dumper(Bytes, _BytesDumper)


def _still_there(connection: Any, _entry: ConnectionPoolEntry, _handed: PoolProxiedConnection) -> None:
    """Have connections made anew where the server has ended this one since: it says so, and hangs up.

    That is read off the socket: a question to the server would cost each transaction a way there and back.
    """
    try:
        connection.pgconn.consume_input()  # what it said
        connection.pgconn.consume_input()  # that it hung up
    except psycopg.OperationalError as error:
        raise InvalidatePoolError from error


class Bytes:
    """A list of bytes that is sent as one array, written at once: the driver would look at each for itself."""

    def __init__(self, values: Iterable[bytes]) -> None:
        self.values = values


class _BytesDumper(Dumper):
    oid = postgres.types["bytea"].array_oid

    def dump(self, obj: Bytes) -> bytes:
        return ("{" + ",".join([f'"\\\\x{each.hex()}"' for each in obj.values]) + "}").encode()


class _Number(Loader):
    """Sums are decimals there; here a number is an int where it is whole, else a float."""

    def load(self, data: Buffer) -> int | float:
        said = bytes(data).decode()
        return float(said) if "." in said or "n" in said.lower() else int(said)


class _Text(StrDumper):
    """Text in PostgreSQL holds no NUL, which nobody means: a person's words are kept without it."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "") if "\0" in obj else obj)


_STATES: tuple[tuple[tuple[type[Exception], ...], type[StoreError], str, str], ...] = (
    (
        (errors.InvalidCatalogName,),
        StoreError,
        "The server has no such database",
        "Create it (`createdb NAME`) or mend database_url, then run `rekindle db upgrade`.",
    ),
    (
        (errors.InvalidPassword, errors.InvalidAuthorizationSpecification),
        StoreError,
        "The database server refuses this name or password",
        "Mend database_url.",
    ),
    (
        (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure, errors.QueryCanceled),
        Away,
        "The database is busy: another process held what this one needs",
        "Try again; if it stays so, look in pg_stat_activity for a transaction that does not end.",
    ),
    (
        (errors.UndefinedTable, errors.UndefinedColumn),
        StoreError,
        "The database has not been set up for this version",
        "Run `rekindle db upgrade`.",
    ),
    (
        (errors.DiskFull, errors.OutOfMemory),
        Away,
        "The database server has no room left",
        "Free some disk space or memory there; nothing that was stored is lost.",
    ),
    (
        (errors.ReadOnlySqlTransaction,),
        Away,
        "The database server takes no writes: it is a stand-by, or was set to be read-only",
        "Have database_url name the primary (or several hosts with target_session_attrs=read-write).",
    ),
    (
        (errors.TooManyConnections,),
        Away,
        "The database server has no connection free",
        "Run fewer processes, or raise its max_connections.",
    ),
    (
        (errors.InsufficientPrivilege,),
        StoreError,
        "The database cannot be written",
        "Grant the role of database_url the rights to its tables.",
    ),
    # Last, as all that befalls a connection is one of these, and so are some of those above.
    (
        (psycopg.OperationalError, psycopg.InterfaceError),
        Away,
        "The database server cannot be reached",
        "Check that it runs and that database_url names it.",
    ),
)


def plain(error: DatabaseError) -> StoreError | None:
    """What a newcomer would otherwise read off the driver's error; None where it tells of no state of the server."""
    was = error.orig
    said = next(iter(str(was).strip().splitlines()), type(was).__name__)
    if isinstance(was, psycopg.OperationalError) and was.sqlstate is None:  # it was refused before it was a session
        was = _refusal(was, said)
    for kinds, made, what, fix in _STATES:
        if isinstance(was, kinds):
            return made(f"{what}: {said}", fix=fix)
    return None


def is_other(error: DatabaseError) -> bool:
    """Whether the connections that there are may lead to another server than new ones would, such as to what was the
    primary before a fail-over.
    """
    return isinstance(error.orig, errors.ReadOnlySqlTransaction)


def _refusal(error: psycopg.OperationalError, said: str) -> psycopg.Error:
    """What a server says to who may not come in has no code."""
    if 'database "' in said and "does not exist" in said:
        return errors.InvalidCatalogName(said)
    if "too many clients" in said or "connection slots are reserved" in said or "too many connections" in said:
        return errors.TooManyConnections(said)
    if "authentication failed" in said or "no password supplied" in said or 'role "' in said:
        return errors.InvalidPassword(said)
    return error
