"""A figure of the report: what it counts, of how many couples, its numbers as a table, and how they are drawn.

Page, JSON and CSV are made from the same tables, so that what is hidden is hidden in all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.report.cells import FEWEST, HIDDEN, Hidden, Value

Spec = dict[str, Any]
"""A Vega-Lite specification."""

Line = Mapping[str, Value]
"""One row of a table, by column."""


class Form(StrEnum):
    """How a column's values are written for people. In JSON and CSV they are plain numbers."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"  # two decimals
    SHARE = "share"  # 0 to 1, written as a percentage
    RATE = "rate"  # per thousand, one decimal
    MONEY = "money"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key in JSON and CSV, its heading, and the form of its values."""

    key: str
    heading: str
    form: Form = Form.WHOLE


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing of some of a figure's numbers, and the same in words for who cannot see it."""

    spec: Spec
    words: str


@dataclass(frozen=True, slots=True)
class Figure:
    """`definition` says what is counted, `reading` what it is worth. `couples` is n: how many stand behind it."""

    key: str
    title: str
    definition: str
    reading: str
    couples: int
    columns: Sequence[Column]
    rows: Sequence[Line]
    plot: Plot | None = None

    @property
    def enough(self) -> bool:
        """Whether there are couples enough to show anything."""
        return self.couples >= FEWEST

    @property
    def n(self) -> int | Hidden:
        """How many couples, as it may be shown."""
        return HIDDEN if 0 < self.couples < FEWEST else self.couples

    def entry(self) -> dict[str, Any]:
        """As JSON has it: what is hidden is null, and named under `hidden`."""
        return {
            "key": self.key,
            "title": self.title,
            "definition": self.definition,
            "reading": self.reading,
            "couples": None if self.n is HIDDEN else self.n,
            "columns": [{"key": each.key, "heading": each.heading, "form": each.form.value} for each in self.columns],
            "rows": [_entry(self.columns, row) for row in self.rows] if self.enough else [],
        }


def _entry(columns: Sequence[Column], row: Line) -> dict[str, Any]:
    plain = {each.key: None if row[each.key] is HIDDEN else row[each.key] for each in columns}
    return {**plain, "hidden": [each.key for each in columns if row[each.key] is HIDDEN]}


def written(value: Value, form: Form, nothing: str = "–") -> str:
    """A value for people."""
    if isinstance(value, Hidden):
        return "hidden"
    if value is None or isinstance(value, str):
        return nothing if value is None else value
    return _FORMS[form](value)


def _share(value: float) -> str:
    return f"{value:.0%}" if value in (0, 1) else f"{value:.1%}"


def _money(value: float) -> str:
    return f"{value:,.2f}" if value == 0 or value >= 0.01 else f"{value:.5f}"


def _hours(value: float) -> str:
    return f"{value:.1f} h" if value < 48 else f"{value / 24:.1f} days"


_FORMS: Mapping[Form, Callable[[float], str]] = {
    Form.TEXT: "{:,}".format,  # a number in a column of words
    Form.WHOLE: "{:,}".format,
    Form.NUMBER: lambda value: f"{value:.2f}".replace("-", "−"),
    Form.SHARE: _share,
    Form.RATE: "{:.1f}".format,
    Form.MONEY: _money,
    Form.HOURS: _hours,
}


def numeric(row: Line, *keys: str) -> bool:
    """Whether all of these are there and shown: what can be drawn."""
    return all(isinstance(row[key], int | float) for key in keys)


def share(part: Value, whole: Value) -> Value:
    """A share; hidden where either is, None of nothing."""
    if isinstance(part, Hidden) or isinstance(whole, Hidden):
        return HIDDEN
    return part / whole if isinstance(part, int) and isinstance(whole, int) and whole else None
