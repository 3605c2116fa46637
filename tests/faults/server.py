"""A PostgreSQL server that is crashed, whose disks can be filled, and that is started again whenever it is down."""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import psycopg
import stores

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "128MB",
    "min_wal_size": "32MB",
    "log_min_messages": "warning",
}
"""What is committed outlives a crash: unlike the server of other tests, this one is crashed."""
DATABASE = "faults"
MEGABYTE = 2**20


class Server:
    """A server in a folder. With `disk`, its tables and its log are on disks of their own, of so many megabytes."""

    def __init__(self, folder: Path, disk: int | None = None) -> None:
        self._folder = folder
        self._disks = {name: folder / f"disk-of-{name}" for name in ("tables", "log")} if disk else {}
        self.url, self.conninfo = stores.url(folder, DATABASE), self._conninfo(DATABASE)
        try:
            stores.start(folder, SETTINGS)
            where = f" TABLESPACE {DATABASE}" if disk else ""
            if disk:
                self._mount(disk)
            with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}{where}")  # type: ignore[arg-type]
        except BaseException:
            self.close()
            raise

    def crash(self) -> None:
        """End all of it at once, and start it: it recovers from its log."""
        with suppress(RuntimeError):  # it is down, or has no room to start: see mind
            data, log = self._folder / "data", self._folder / "log"
            pg_ctl = stores._programs(self._folder) / "pg_ctl"
            stores._run([pg_ctl, "--pgdata", data, "--log", log, "--wait", "--mode", "immediate", "restart"])

    def mind(self) -> None:
        """Start it where it is down, which a full disk brings about."""
        pid = self._folder / "data" / "postmaster.pid"
        said = pid.read_text().split() if pid.exists() else []
        if not said or not Path(f"/proc/{said[0]}").exists():
            with suppress(RuntimeError):
                stores.start(self._folder, SETTINGS)

    def fill(self, name: str) -> None:
        """Leave no room on the disk `name`: "tables" or "log"."""
        if name in self._disks:
            with (self._disks[name] / "filler").open("wb") as filler, suppress(OSError):
                for piece in (MEGABYTE, 4096):
                    with suppress(OSError):
                        while True:
                            os.posix_fallocate(filler.fileno(), filler.seek(0, os.SEEK_END), piece)

    def free(self) -> None:
        """Make room again."""
        for disk in self._disks.values():
            (disk / "filler").unlink(missing_ok=True)

    def close(self) -> None:
        with suppress(RuntimeError):
            stores.stop(self._folder)
        for disk in self._disks.values():
            subprocess.run(["umount", str(disk)], capture_output=True, check=False)

    def _conninfo(self, name: str) -> str:
        return f"host={self._folder} dbname={name} user=tests"

    def _mount(self, megabytes: int) -> None:
        stores.stop(self._folder, "fast")
        owner = (self._folder / "data").stat().st_uid
        for disk in self._disks.values():
            disk.mkdir()
            what = f"size={megabytes}m,uid={owner},mode=700"
            subprocess.run(["mount", "-t", "tmpfs", "-o", what, "tmpfs", str(disk)], check=True)
        log = self._folder / "data" / "pg_wal"
        shutil.copytree(log, self._disks["log"] / "pg_wal")
        for each in (self._disks["log"] / "pg_wal").rglob("*"):
            os.chown(each, owner, -1)
        os.chown(self._disks["log"] / "pg_wal", owner, -1)
        shutil.rmtree(log)
        log.symlink_to(self._disks["log"] / "pg_wal")
        stores.start(self._folder, SETTINGS)
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE {DATABASE} LOCATION '{self._disks['tables']}'")  # type: ignore[arg-type]


def can_mount() -> bool:
    """Whether disks can be made here."""
    return (
        os.geteuid() == 0
        and subprocess.run(
            ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        ).returncode
        == 0
    )
