"""This machine: files that are nobody else's business, room on the disk, the SQLite that is linked, time zones."""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.clock import TZDATA_VERSION
from engine.doctor.finding import Finding, fine, problem, warning
from engine.doctor.patient import Patient
from engine.files import toml_file
from engine.settings import FILE
from engine.store.embedded import WAL_SAFE_SINCE

OTHERS = 0o077
GIGABYTE = 1_000_000_000
SECRET = re.compile(r"(?:^key|_key|token|password|secret)$")
"""What an option with a secret in it is called."""
LITTLE, TOO_LITTLE = GIGABYTE, GIGABYTE // 5


def check_files(patient: Patient) -> Iterator[Finding]:
    """What only its owner may read: keys, database, and rekindle.toml where it holds secrets."""
    settings = patient.settings
    files = [(settings.path(settings.key_file), problem)] if settings.key is None else []
    if patient.database_file is not None:
        files.append((patient.database_file, problem))
    if _holds_secret(settings.workspace / FILE):
        files.append((settings.workspace / FILE, warning))
    wrong = [(file, say) for file, say in files if file.exists() and file.stat().st_mode & OTHERS]
    for file, say in wrong:
        yield say("files", f"{file} can be read by others on this machine.", f"Run `chmod 600 {file}`.")
    if not wrong:
        yield fine("files", "Keys and database can be read by their owner only.")


def _holds_secret(file: Path) -> bool:
    """Whether a secret stands in rekindle.toml itself, and not in the environment or a file of its own."""
    table = toml_file(file) if file.exists() else {}
    tables = [table, *(each for each in table.values() if isinstance(each, dict))]
    tables += [each for each in table.get("transports", {}).values() if isinstance(each, dict)]
    return any(SECRET.search(name) for each in tables for name in each)


def check_disk(
    patient: Patient, usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage
) -> Iterator[Finding]:
    """Room where the database grows: a full disk ends the run, and what was handed over cannot be recorded."""
    folder = (patient.database_file or patient.settings.workspace / FILE).parent
    if not folder.exists() or (patient.database is not None and patient.database.server):
        return
    free = usage(folder)[2]
    said = f"{free / GIGABYTE:,.1f} GB are free where the database is."
    if free < TOO_LITTLE:
        yield problem("disk", said, "Free some space now: without it nothing can be recorded, and nothing is sent.")
    elif free < LITTLE:
        yield warning("disk", said, "Free some space.")
    else:
        yield fine("disk", said)


def check_sqlite(
    patient: Patient,
    linked: tuple[int, int, int] = sqlite3.sqlite_version_info[:3],
) -> Iterator[Finding]:
    """Whether the linked SQLite has the WAL-reset bug; see store.embedded."""
    if patient.database is not None and patient.database.server:
        return
    version = ".".join(map(str, linked))
    if linked >= WAL_SAFE_SINCE:
        yield fine("sqlite", f"SQLite {version} writes ahead.")
    else:
        safe = ".".join(map(str, WAL_SAFE_SINCE))
        what = f"SQLite {version} may corrupt a write-ahead log, so a rollback journal is used: safe, and slower."
        yield warning("sqlite", what, f"With SQLite {safe} or newer nothing waits for a writer.")


def check_zones(patient: Patient, version: str = TZDATA_VERSION) -> Iterator[Finding]:
    """Whether the rules of time zones are of the last year: governments change them at short notice."""
    found = re.fullmatch(r"(\d{4})([a-z])?", version)
    if found is None:
        yield warning("time zones", f"The tz data has no version that can be read: {version}.", _RENEW)
        return
    # 2026a comes early in the year, and each further letter some two months later.
    month = min(1 + 2 * (ord(found[2] or "a") - ord("a")), 12)
    if patient.clock.now() - datetime(int(found[1]), month, 1, tzinfo=UTC) > timedelta(days=365):
        yield warning("time zones", f"The tz data is of {version}, more than a year old.", _RENEW)
    else:
        yield fine("time zones", f"The tz data is of {version}.")


_RENEW = "Upgrade the package tzdata; what is planned keeps the version it was planned with."
