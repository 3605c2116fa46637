"""Where tests keep files: in memory where that holds them, as none needs to outlast its run, and disks make them wait.

Elsewhere it is `/tmp`, whose name is short enough for a socket in a folder of a folder of it.
"""

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 6_000_000_000
"""Bytes that are to be free there: a run takes less than half of it."""


def folder() -> Path:
    """A folder that there is, in which programs may be run as well."""
    there = os.access(MEMORY, os.W_OK | os.X_OK) and _free(os.statvfs(MEMORY)) >= ROOM
    return MEMORY if there else Path("/tmp")


def keep_files_there() -> None:
    """From now on, for this process and those that it starts, files that do not say where go there."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder())


def _free(there: os.statvfs_result) -> int:
    return 0 if there.f_flag & os.ST_NOEXEC else there.f_bavail * there.f_frsize
