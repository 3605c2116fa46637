"""Reads a spreadsheet saved as text, record by record, in bounded memory, whatever has happened to it.

Knows UTF-8 with and without BOM, UTF-16 by its BOM, comma, semicolon, tab and bar, and cells with line breaks. What is
broken costs its own record only: a quote that is never closed gives up one line, and reading goes on with the next.
"""

import codecs
import csv
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from engine.enroll.bad_value import BadValue
from engine.errors import Refused

LINE_LIMIT = 65_536  # characters; no couple needs more, and a line without an end must not fill the memory
LINES_IN_A_RECORD = 20  # more than this means that a quote was never closed
DELIMITERS = ",;\t|"
SAVE_AS_UTF8 = "Save it again as CSV UTF-8."


class Record(NamedTuple):
    """One row: the line it begins on, its cells, and why it cannot be used (then the cells are as near as we get)."""

    line: int
    cells: list[str]
    problem: BadValue | None


class Spreadsheet:
    """An open file: iterate for its records. `bytes_read` of `size` says how far it has come."""

    def __init__(self, file: BinaryIO, name: str, looks_like_header: Callable[[list[str]], int]) -> None:
        """`looks_like_header` counts the column names that it knows in a row; the delimiter that finds most wins."""
        self.name = name
        self.size = file.seek(0, 2)
        file.seek(0)
        self._file = file
        self._text = TextIOWrapper(file, *_encoding(file, name), newline="")
        self._pushed_back: list[str] = []
        self._line = 0
        self._delimiter = self._sniffed(looks_like_header)

    @classmethod
    def open(cls, path: Path, looks_like_header: Callable[[list[str]], int]) -> Self:
        """Open the file at `path`; Refused when it is missing, empty or not text."""
        try:
            file = path.open("rb")
        except OSError as error:
            raise Refused(f"{path} cannot be read: {error.strerror}.", fix="Check the file's name.") from None
        try:
            if not file.seekable():
                raise Refused(f"{path} is not a file on disk.", fix="Save it to a file first, then import that.")
            return cls(file, path.name, looks_like_header)
        except BaseException:
            file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()

    @property
    def bytes_read(self) -> int:
        return self._file.tell()

    def __iter__(self) -> Iterator[Record]:
        """Every record with something in it, the header first."""
        taken: list[str] = []
        while True:
            reader = csv.reader(self._lines(taken), delimiter=self._delimiter, strict=True)
            try:
                for cells in reader:
                    begins = self._line - len(taken) + 1
                    taken.clear()
                    text = "".join(cells)
                    if text and not text.isspace():
                        yield Record(begins, cells, _damage(text))
                return
            except csv.Error:
                begins = self._line - len(taken) + 1
                first, *rest = taken
                taken.clear()
                self._pushed_back[:0] = rest
                self._line -= len(rest)
                yield Record(begins, first.rstrip("\r\n").split(self._delimiter), _quote_or_length(first))

    def _lines(self, taken: list[str]) -> Iterator[str]:
        """Physical lines, noted in `taken` until their record is whole."""
        while line := self._next_line():
            self._line += 1
            taken.append(line)
            if len(taken) > LINES_IN_A_RECORD or len(line) >= LINE_LIMIT:
                raise csv.Error
            yield line

    def _next_line(self) -> str:
        if self._pushed_back:
            return self._pushed_back.pop(0)
        line = self._text.readline(LINE_LIMIT)
        if len(line) == LINE_LIMIT and not line.endswith(("\n", "\r")):
            while (more := self._text.readline(LINE_LIMIT)) and not more.endswith(("\n", "\r")):
                pass
        return line

    def _sniffed(self, looks_like_header: Callable[[list[str]], int]) -> str:
        """The delimiter of the first line that is not blank, which stays to be read; a `sep=;` line is obeyed."""
        while line := self._next_line():
            if line.lower().startswith("sep=") and line[4:5] in DELIMITERS:
                self._line += 1
                return line[4]
            if line.strip():
                self._pushed_back.append(line)
                return max(DELIMITERS, key=lambda each: looks_like_header(next(csv.reader([line], delimiter=each), [])))
            self._line += 1
        raise Refused(f"{self.name} is empty.", fix="Give a file with a header line and one row a partner.")


def _encoding(file: BinaryIO, name: str) -> tuple[str, str]:
    """The encoding and how to go on at a bad byte, so that only its own row is lost."""
    start = file.read(4)
    file.seek(0)
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Refused(f"{name} is in UTF-32.", fix=SAVE_AS_UTF8)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", "replace"
    if start[:2] == b"PK":
        raise Refused(f"{name} is a workbook, not a CSV file.", fix="Open it and save it as CSV UTF-8.")
    if b"\0" in start:
        raise Refused(f"{name} is in UTF-16 without a byte order mark, or is not text.", fix=SAVE_AS_UTF8)
    return "utf-8-sig", "surrogateescape"


def _damage(row: str) -> BadValue | None:
    if row.isascii():
        return BadValue("The row holds a NUL byte.", SAVE_AS_UTF8) if "\0" in row else None
    for character in row:
        if "\udc80" <= character <= "\udcff":
            byte = ord(character) - 0xDC00
            meant = bytes([byte]).decode("cp1252", "replace")
            likely = f" ({meant} in Windows-1252)" if meant.isalpha() else ""
            return BadValue(f"Byte 0x{byte:02X}{likely} is not UTF-8.", SAVE_AS_UTF8)
        if character in "\0\ufffd":
            return BadValue("A character was lost when the file was saved.", "Restore it, and save as CSV UTF-8.")
    return None


def _quote_or_length(line: str) -> BadValue:
    if len(line) >= LINE_LIMIT:
        return BadValue("The line is too long to be a partner's.", "Check its line ends and quotes.")
    return BadValue(
        "A cell opens with a quote that is not closed, or has one inside.", 'Double it ("") or take it out.'
    )
