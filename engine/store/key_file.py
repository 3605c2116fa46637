"""Changes to a key file: each is whole or not at all, keeps what else is written there, and is its owner's alone.

Every process looks at its key file again within a second of its next sealing, and whenever it meets a key that it does
not know: see `Vault`.
"""

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import NotFound, Refused
from engine.store.vault import CURRENT, LASTING, Vault, fresh_key

_KEY = re.compile(r"\s*([a-z0-9][a-z0-9_-]*)\s*=")


def add(path: Path) -> str:
    """Add a fresh key that seals nothing yet; its id."""
    with _changing(path) as lines:
        names = _names(lines)
        number = 1 + max((int(each[1:]) for each in names if re.fullmatch(r"k\d{1,9}", each)), default=0)
        last = max(index for index, line in enumerate(lines) if _name(line) in names)
        lines.insert(last + 1, f"k{number} = {fresh_key()}")
    return f"k{number}"


def make_current(path: Path, key_id: str) -> None:
    """Seal with this key from now on. NotFound when it is not listed."""
    with _changing(path) as lines:
        _known(lines, key_id)
        lines[:] = [line for line in lines if _name(line) != CURRENT]
        first = min(index for index, line in enumerate(lines) if _name(line) in _names(lines))
        lines.insert(first, f"{CURRENT} = {key_id}")


def retire(path: Path, key_id: str, still_seals: Callable[[], int], *, dry_run: bool = False) -> None:
    """Take a key out. NotFound when it is not listed, Refused for the current one and for one that `still_seals`."""
    with _changing(path) as lines:
        _known(lines, key_id)
        if Vault.load_key_file(path).current == key_id:
            raise Refused(f"The key {key_id} is the current one.", fix="`rekindle keys rotate` to another first.")
        if number := still_seals():
            raise Refused(
                f"{number} values are sealed with {key_id}: without it nobody could read them.",
                fix="`rekindle keys rotate` seals them anew with the current key.",
            )
        if not dry_run:
            lines[:] = [line for line in lines if _name(line) != key_id]


@contextmanager
def _changing(path: Path) -> Iterator[list[str]]:
    """The file's lines, to be changed in place, with nobody else changing it; what comes of it must be a key file."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        Vault.load_key_file(path)
        lines = path.read_text(encoding="utf-8").splitlines()
        yield lines
        text = "\n".join(lines) + "\n"
        if text == path.read_text(encoding="utf-8"):
            return
        Vault.from_text(text, str(path))
        part = path.with_name(f".{path.name}.part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        os.fsync(folder)
    finally:
        os.close(folder)


def _name(line: str) -> str | None:
    found = _KEY.match(line)
    return None if found is None else found[1]


def _names(lines: list[str]) -> set[str]:
    return {name for line in lines if (name := _name(line)) is not None and name not in {CURRENT, LASTING}}


def _known(lines: list[str], key_id: str) -> None:
    if key_id not in _names(lines):
        raise NotFound(f"There is no key {key_id!r}.", fix="`rekindle keys list` shows those there are.")
