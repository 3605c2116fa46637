"""Takes pictures of pages with a headless Chromium that is on the machine; nothing is installed, nothing is fetched."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.errors import RekindleError

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
SECONDS = 120
"""How long a picture may take: a slow machine with a full sheet needs some ten."""
TALLEST = 16_000
"""Pixels; beyond them browsers repeat or leave out what is below."""
CELL, GAP, MARGIN, SCROLLBAR = 190, 16, 48, 15
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--allow-file-access-from-files",  # so that the sheet may measure the emails in its frames
)
_HEIGHT = re.compile(r'<html\b[^>]*\bdata-height="(\d+)"')


class NoPicture(RekindleError):
    """No picture could be taken; the pages are there all the same."""


def browser() -> str:
    """A Chromium on this machine; NoPicture when there is none."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    raise NoPicture(
        f"A contact sheet needs one of {', '.join(NAMES)}, and none is on the PATH.",
        fix="Install Chromium (such as `apt install chromium-headless-shell`); or open the same sheet in any browser.",
    )


def take(page: Path, file: Path, columns: int) -> None:
    """Write a picture of a contact sheet to `file`, a PNG, with so many columns. NoPicture when that fails."""
    program = browser()
    width = MARGIN + columns * (CELL + GAP) - GAP
    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="rekindle-") as profile:
        own = [program, *FLAGS, f"--user-data-dir={profile}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            own.append("--no-sandbox")  # Chromium will not sandbox root; it is shown our own pages only
        seen = _run([*own, f"--window-size={width},1000", "--dump-dom", page.resolve().as_uri()])
        height = _HEIGHT.search(seen)
        if height is None:
            raise NoPicture("The browser could not measure the sheet.", fix="Open the sheet in a browser instead.")
        size = f"--window-size={width},{min(int(height[1]), TALLEST)}"
        file.unlink(missing_ok=True)
        _run([*own, size, f"--screenshot={file.resolve()}", page.resolve().as_uri()])
    if not file.is_file():
        raise NoPicture(f"The browser wrote no {file}.", fix="Check that its folder may be written to.")


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)
    except subprocess.TimeoutExpired:
        raise NoPicture(f"The browser took over {SECONDS} seconds.", fix="Try again, or with --week.") from None
    except (subprocess.CalledProcessError, OSError) as error:
        said = getattr(error, "returncode", None)
        how = f"ended with {said}" if said is not None else "could not be started"
        raise NoPicture(f"The browser {command[0]} {how}.", fix="Open the sheet in any browser instead.") from None
    return done.stdout.decode("utf-8", "replace")
