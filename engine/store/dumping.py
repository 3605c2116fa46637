"""Backups of a server's database, made by its own pg_dump and restored for a trial by its own pg_restore.

Putting one back is the server's business too: into a new database, which then is told so (`rekindle db quarantine`).
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL

from engine.errors import Refused, StoreError
from engine.store import raw, serving
from engine.store.backup import Proof
from engine.store.database import Database, open_database
from engine.store.server import conninfo

BY_HAND = (
    "By hand: `pg_dump --format=custom --file=FILE DATABASE`; to put it back `createdb NEW`, "
    "`pg_restore --exit-on-error --no-owner --dbname=NEW FILE`, NEW in database_url, then `rekindle db quarantine`."
)


def dump(database: Database, to: Path) -> Proof:
    """Dump the database to a file that is not there yet, as it stands at one moment, and prove it by restoring it.

    The trial is in a database of its own on the same server, which is dropped. Refused where pg_dump is not found, is
    older than the server, or may not make that database; StoreError when the dump is not whole. Then no file is left.
    """
    if to.exists():
        raise Refused(f"{to} is there already.", fix="Name another file, or move that one away.")
    url = database.engine.url
    part = to.with_name(to.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        _run("pg_dump", url, ["--format=custom", "--compress=6", f"--file={part}"])
        proof = _prove(url, part)
        part.rename(to)
    finally:
        part.unlink(missing_ok=True)
    return proof


def _prove(url: URL, part: Path) -> Proof:
    trial = url.set(database=f"rekindle_trial_{secrets.token_hex(6)}")
    name = sql.Identifier(str(trial.database))
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        try:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
        except psycopg.errors.InsufficientPrivilege:
            raise Refused(
                "A dump is proved by restoring it, and this role may not make a database for the trial.",
                fix=f"`ALTER ROLE … CREATEDB`, or dump by other means. {BY_HAND}",
            ) from None
        try:
            _run("pg_restore", trial, ["--exit-on-error", "--no-owner", str(part)])
            return _looked_at(open_database(trial.render_as_string(hide_password=False)))
        finally:
            with suppress(psycopg.Error):
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def _looked_at(restored: Database) -> Proof:
    try:
        if faults := serving.faults_of(restored):
            raise StoreError(f"The dump is not whole: {faults[0]}.", fix="Look with `rekindle db check`.")
        with restored.read() as connection:
            counts = [raw.count(connection, table) for table in raw.tables()]
    finally:
        restored.close()
    return Proof(len(counts), sum(counts))


def _run(program: str, url: URL, options: Sequence[str]) -> None:
    found = shutil.which(program)
    if found is None:
        raise Refused(f"{program} is not on this machine.", fix=f"Install PostgreSQL's client programs. {BY_HAND}")
    # The password goes by the environment: what is on a command line, everybody on the machine can read.
    bare = conninfo(url.set(password=None))
    done = subprocess.run(
        [found, *options, f"--dbname={bare}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, **_password(url)},
    )
    if done.returncode and "version mismatch" in done.stderr:
        raise Refused(
            f"This {program} is older than the server.", fix=f"Put the server's own version first in PATH. {BY_HAND}"
        )
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if line.strip()), "nothing")
        raise StoreError(f"{program} failed: {said}", fix=f"Mend that. {BY_HAND}")


def _password(url: URL) -> Mapping[str, str]:
    return {} if url.password is None else {"PGPASSWORD": str(url.password)}
