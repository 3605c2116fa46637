"""What a benchmark found, as a table for people and JSON for programs."""

import json
import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import process_time

from rich.console import Console
from rich.table import Table

from engine.clock import stopwatch


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `ratio` is against the plain way named in `against`; `aim` is what we hope for, in words."""

    what: str
    value: float
    unit: str
    ratio: float | None = None
    against: str = ""
    aim: str = ""
    met: bool | None = None  # None: no aim was set


class Lap:
    """Times one stretch: `with Lap() as lap: …`, then `lap.seconds`. `lap.processor` leaves waiting out."""

    seconds = 0.0
    processor = 0.0

    def __enter__(self) -> "Lap":
        self._began, self._worked = stopwatch(), process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds, self.processor = stopwatch() - self._began, process_time() - self._worked


def middle(seconds: Sequence[float]) -> float:
    """The median of repeated timings: one busy moment of the machine moves it little."""
    return median(seconds)


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    return {
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.machine()}",
    }


def as_json(figures: Sequence[Figure]) -> str:
    """One JSON object: the machine and every figure."""
    return json.dumps({"machine": machine(), "figures": [asdict(figure) for figure in figures]}, indent=2)


HEADINGS = ("what", "figure", "ratio", "aim")


def as_markdown(figures: Sequence[Figure]) -> str:
    """The figures as a table for a page."""
    rows = [HEADINGS, ("---", "---:", "---", "---"), *map(_cells, figures)]
    return "\n".join(f"| {' | '.join(cell.strip() for cell in row)} |" for row in rows)


def show(figures: Sequence[Figure]) -> None:
    """Print the figures as one table."""
    table = Table(title=", ".join(f"{name} {value}" for name, value in machine().items()), title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading == "figure" else "left")
    for figure in figures:
        table.add_row(*_cells(figure))
    Console(width=None if os.isatty(1) else 150).print(table)


def _cells(figure: Figure) -> tuple[str, str, str, str]:
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}×" if figure.ratio < 10 else f"{figure.ratio:.0f}×"
    aim = figure.aim if figure.met is None else f"{figure.aim}  {'met' if figure.met else 'MISSED'}"
    return figure.what, f"{_plain(figure.value)} {figure.unit}".strip(), f"{ratio} {figure.against}".strip(), aim


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
