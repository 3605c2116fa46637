"""Reads files that somebody wrote: never more of one than it may hold, and TOML that is too deep or wrong as one error.

Whoever writes a workspace's files may already do much; a file that was damaged, generated or swapped for a device
must still cost no more than a sentence.
"""

import errno
import io
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LARGEST = 1_000_000
"""Bytes of a definition, a template or a file of words; the longest shipped one is under 60,000."""
LARGEST_TOML = 256_000
"""Bytes of a TOML file; the longest that people write is under 20,000."""

DEEPEST_TOML = 12
"""Tables and arrays in one another; our own files need four. `a.a.a.a = 1` nests as well, and needs no brackets."""

# A key of so many parts: the standard library's reader takes time that grows with their number's square.
_ENDLESS_KEY = re.compile(r"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){60}""")


class NotToml(ValueError):
    """A file is no TOML: what is wrong, with `(at line …` where the reader tells."""


def whole(file: Path, most: int = LARGEST) -> bytes:
    """What `file` holds; OSError as usual, and for more than `most` bytes, which are not read."""
    with file.open("rb") as opened:
        raw = opened.read(most + 1)
    if len(raw) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes", str(file))
    return raw


def text(file: Path, most: int = LARGEST) -> str:
    """The same as text, with plain line ends; UnicodeDecodeError when it is not UTF-8."""
    return io.TextIOWrapper(io.BytesIO(whole(file, most)), encoding="utf-8").read()


def beginning(file: Path, most: int = LARGEST) -> str:
    """The first `most` bytes of `file` as text, whatever they are. OSError as usual."""
    with file.open("rb") as opened:
        return io.TextIOWrapper(io.BytesIO(opened.read(most)), encoding="utf-8", errors="replace").read()


def toml(source: str) -> dict[str, Any]:
    """The table that `source` is; NotToml when it is none, or is nested too deep, or holds a number without end."""
    if _ENDLESS_KEY.search(source):
        raise NotToml("Nested too deep")
    try:
        table = tomllib.loads(source)
    except RecursionError:
        raise NotToml("Nested too deep") from None
    except ValueError as error:  # a TOMLDecodeError, or an integer of thousands of digits
        said = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "A number has too many digits"
        raise NotToml(said) from None
    within: list[object] = [table]
    for _ in range(DEEPEST_TOML):
        within = [each for inner in within for each in _held(inner)]
    if within:
        raise NotToml("Nested too deep")
    return table


def _held(value: object) -> Iterable[object]:
    """What a table or an array holds."""
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def toml_text(file: Path) -> str:
    """The text of a TOML file; UnicodeDecodeError when it is not UTF-8, OSError as usual and when it is too large."""
    return text(file, LARGEST_TOML)


def toml_file(file: Path) -> dict[str, Any]:
    """The table in `file`; ValueError (NotToml, UnicodeDecodeError) and OSError for what cannot be read."""
    return toml(toml_text(file))
