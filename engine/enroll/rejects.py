"""The file of rows that did not go in: why, how to mend each, and the row as it was. Mended, it can be imported."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TextIO

from engine.enroll.bad_value import BadValue
from engine.enroll.rows import OURS, escaped
from engine.errors import Refused


class Rejects:
    """Writes `FILE.rejects.csv` beside FILE, for its owner's eyes only, once there is something to write.

    It always tells of the latest import: one without rejects removes it.
    """

    def __init__(self, imported: Path) -> None:
        self.path = imported.with_suffix(".rejects.csv")
        self.count = 0
        self._file: TextIO | None = None
        self._header: Sequence[str] = ()

    def __enter__(self) -> "Rejects":
        return self

    def begin(self, header: Sequence[str]) -> None:
        """Take the imported file's own header; forget what an earlier import left."""
        self._header = header
        try:
            self.path.unlink(missing_ok=True)
            if not os.access(self.path.parent, os.W_OK):
                raise PermissionError
        except OSError:
            raise Refused(
                f"{self.path} cannot be written, so a row that fails would be lost.",
                fix="Copy the couples file to a folder where you may write, and import it from there.",
            ) from None

    def add(self, line: int, problem: BadValue, cells: Sequence[str]) -> None:
        """Note one row, made harmless to spreadsheets; `line` is where it begins in the imported file."""
        if self._file is None:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow([*OURS, *(escaped(cell) for cell in self._without_ours(self._header))])
        self.count += 1
        shown = [escaped(cell) for cell in self._without_ours(cells)]
        self._writer.writerow([line, problem.what, problem.fix, *shown])

    def flush(self) -> None:
        """Let what was noted so far be seen on disk."""
        if self._file is not None:
            self._file.flush()

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def _without_ours(self, cells: Sequence[str]) -> list[str]:
        """The cells but for those that an earlier rejects file added."""
        ours = {at for at, name in enumerate(self._header) if name.strip().casefold() in OURS}
        return [cell.replace("\0", "") for at, cell in enumerate(cells) if at not in ours]
