"""Spreadsheets as they come: encodings, separators, quotes; what is broken costs its own row."""

import codecs
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.enroll.rows import Header
from engine.enroll.spreadsheet import LINE_LIMIT, Record, Spreadsheet
from engine.errors import Refused

pytestmark = pytest.mark.storeless

HEADER = "couple,given_name,email\n"


def records(content: bytes | str) -> list[Record]:
    """Every record of a file with this content."""
    raw = content.encode() if isinstance(content, str) else content
    return list(Spreadsheet(io.BytesIO(raw), "couples.csv", Header.known_in))


@pytest.mark.parametrize(
    "raw",
    [
        "couple,given_name\nc-1,Zoë\n".encode(),
        codecs.BOM_UTF8 + "couple,given_name\r\nc-1,Zoë\r\n".encode(),
        codecs.BOM_UTF16_LE + "couple\tgiven_name\r\nc-1\tZoë\r\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "couple,given_name\nc-1,Zoë".encode("utf-16-be"),
        "couple;given_name\nc-1;Zoë\n".encode(),
        "couple|given_name\rc-1|Zoë\r".encode(),
        '"couple","given_name"\n"c-1","Zoë"\n'.encode(),
        "sep=;\ncouple;given_name\nc-1;Zoë\n".encode(),
        "\n\n , \ncouple,given_name\n,\n\nc-1,Zoë\n".encode(),
    ],
)
def test_every_usual_way_to_save_a_sheet_reads_the_same(raw: bytes) -> None:
    found = [each for each in records(raw) if each.cells != [" ", " "]]
    assert [each.cells for each in found] == [["couple", "given_name"], ["c-1", "Zoë"]]
    assert all(each.problem is None for each in found)


def test_a_row_is_named_by_its_first_line_though_cells_hold_line_breaks() -> None:
    found = records(HEADER + 'c-1,"Ana\nMaria",a@example.com\n\nc-2,Ben,b@example.com\n')
    assert [(each.line, each.cells[0]) for each in found] == [(1, "couple"), (2, "c-1"), (5, "c-2")]
    assert found[1].cells[1] == "Ana\nMaria"


def test_bytes_that_are_not_utf8_cost_their_row_and_name_the_likely_letter() -> None:
    found = records(HEADER.encode() + b"c-1,Zo\xeb,z@example.com\nc-2,Ben,b@example.com\n")
    assert [each.problem is None for each in found] == [True, False, True]
    assert found[1].problem is not None
    assert found[1].problem.what == "Byte 0xEB (ë in Windows-1252) is not UTF-8."


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("c-1,A\0na,a@example.com\n", "NUL"),
        ("c-1,Zo\ufffd,a@example.com\n", "lost"),
        ("c-1," + "x" * LINE_LIMIT + ",a@example.com\n", "too long"),
        ("c-1," + "x" * LINE_LIMIT * 3 + ",a@example.com\n", "too long"),
        ('c-1,"Ana" Maria,a@example.com\n', "quote"),
    ],
)
def test_a_broken_row_is_reported_and_the_next_is_read(row: str, says: str) -> None:
    found = records(HEADER + row + "c-2,Ben,b@example.com\n")
    assert [each.line for each in found] == [1, 2, 3]
    assert found[1].problem is not None
    assert says in found[1].problem.what
    assert found[2] == Record(3, ["c-2", "Ben", "b@example.com"], None)


@pytest.mark.parametrize("after", [0, 1, 5, 19, 20, 21, 200])
def test_a_quote_that_is_never_closed_costs_one_line_however_much_follows(after: int) -> None:
    rest = "".join(f"c-{n},Ben,b{n}@example.com\n" for n in range(after))
    found = records(HEADER + 'c-x,"Ana,a@example.com\n' + rest)
    assert [each.line for each in found if each.problem] == [2]
    assert [each.cells[0] for each in found[2:]] == [f"c-{n}" for n in range(after)]
    assert [each.line for each in found] == list(range(1, after + 3))


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "is empty"),
        (b"\n\n\n", "is empty"),
        (codecs.BOM_UTF8, "is empty"),
        (b"PK\x03\x04....", "workbook"),
        ("couple".encode("utf-16-le"), "UTF-16 without"),
        (codecs.BOM_UTF32_LE + b"c\0\0\0", "UTF-32"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_with_a_fix(raw: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        records(raw)
    assert refused.value.fix


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.csv", tmp_path):
        with pytest.raises(Refused, match="cannot be read"):
            Spreadsheet.open(path, Header.known_in)


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd\r\n"), max_size=20)


@given(st.lists(st.tuples(CELLS, CELLS.map(lambda text: f"x{text}\ny"), CELLS), max_size=8), st.sampled_from(",;\t|"))
def test_what_the_csv_module_writes_is_read_back_with_its_lines(rows: list[tuple[str, ...]], delimiter: str) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([("couple", "given_name", "email"), *rows])
    found = records(file.getvalue())
    assert [tuple(each.cells) for each in found[1:]] == rows
    assert [each.line for each in found[1:]] == [2 + 2 * number for number in range(len(rows))]


@given(st.binary(max_size=300))
def test_no_bytes_whatever_break_the_reader(raw: bytes) -> None:
    try:
        found = records(HEADER.encode() + raw)
    except Refused:
        return
    assert [each.line for each in found] == sorted({each.line for each in found})
