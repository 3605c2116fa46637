"""The folder that a demo or a preview leaves behind: made anew each time, and never over anybody's own files."""

import shutil
from pathlib import Path

from engine.errors import Refused


def begin(out: Path, what: str) -> None:
    """Make `out` an empty folder marked as made by a `what`. Refused when it holds anything that no such run made."""
    mark = out / f".rekindle-{what}"
    if out.exists() and not out.is_dir():
        raise Refused(f"{out} is a file.", fix="Choose a folder with --out.")
    if out.is_dir() and any(out.iterdir()):
        if not mark.exists():
            raise Refused(f"{out} is not empty, and no {what} made it.", fix="Choose another folder with --out.")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    mark.touch()
