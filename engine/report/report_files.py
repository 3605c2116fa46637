"""The report as CSV: a file for each figure, safe to open in a spreadsheet."""

import csv
from pathlib import Path

from engine.report.cells import Hidden, Value
from engine.report.report import Report

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(report: Report, folder: Path) -> list[Path]:
    """Write `folder/KEY.csv` for every figure, in UTF-8 with a heading line of keys; the paths.

    A hidden number is the word `hidden`; what there cannot be is empty. A figure about too few couples has its headings
    alone. OSError where it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for figure in report.figures:
        path = folder / f"{figure.key}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow([column.key for column in figure.columns])
            for row in figure.rows if figure.enough else ():
                out.writerow([_cell(row[column.key]) for column in figure.columns])
        paths.append(path)
    return paths


def _cell(value: Value) -> str | int | float:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV injection).

    Numbers stay numbers, negative ones too.
    """
    if isinstance(value, Hidden):
        return "hidden"
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return "" if value is None else value
