"""Counts by week, channel, step and so on, each with the couples behind it: added up in SQL, some couples at a time."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    case,
    cast,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)

from engine.report.cells import NONE, Count
from engine.report.scope import Scope

TOTAL = "total"

Tally = Mapping[tuple[str, Any], Mapping[str, Count]]
"""By (dimension, value), and then by column. (TOTAL, None) counts everything."""


def when(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """1 where it holds."""
    return case((condition, 1), else_=0)


def add(have: Sequence[float], more: Sequence[float]) -> list[float]:
    """Sum by sum."""
    return [one + other for one, other in zip(have, more, strict=True)]


def tally(
    connection: Connection,
    scope: Scope,
    rows: Callable[[ColumnElement[bool]], Select[Any]],
    dimensions: Mapping[str, tuple[str, ...]],
    counted: tuple[str, ...],
) -> Tally:
    """Add `counted` columns of `rows` up, by each dimension: the names of the columns that make one.

    `rows` gives a statement for some enrollments, with `couple_id`, the columns of the dimensions, and integers to
    count. A value is a tuple where a dimension has several columns; rows in which its first column is null are left
    out of it.
    """
    found: dict[tuple[str, Any], dict[str, Count]] = defaultdict(lambda: dict.fromkeys(counted, NONE))
    everything: dict[str, tuple[str, ...]] = {TOTAL: (), **dimensions}
    most = max(map(len, everything.values()))
    numbered = {column.key for column in rows(true()).selected_columns if isinstance(column.type, Integer)}

    def statement(whose: ColumnElement[bool]) -> Select[Any]:
        base = rows(whose).cte("base").prefix_with("MATERIALIZED")
        return select(
            union_all(*(_one(base, name, keys, counted, most) for name, keys in everything.items())).subquery()
        )

    for row in scope.each(connection, statement):
        keys = everything[row[0]]
        parts = [
            int(part) if key in numbered and part is not None else part
            for key, part in zip(keys, list(row)[1:], strict=False)
        ]
        value: Any = None if not parts else parts[0] if len(parts) == 1 else tuple(parts)
        numbers = [int(number) for number in list(row)[1 + most :]]  # a server's sums of sums are decimals
        sums = found[(row[0], value)]
        for place, column in enumerate(counted):
            before = sums[column]
            sums[column] = Count(before.value + numbers[2 * place], before.couples + numbers[2 * place + 1])
    return found


def _one(base: Any, name: str, keys: tuple[str, ...], counted: tuple[str, ...], most: int) -> Select[Any]:
    """One dimension: first by couple, so that each is counted once."""
    columns = [base.c[key] for key in keys]
    by_couple = select(
        *(column.label(key) for key, column in zip(keys, columns, strict=True)),
        *(func.sum(base.c[each]).label(each) for each in counted),
    ).group_by(base.c.couple_id, *columns)
    if keys:
        by_couple = by_couple.where(columns[0].is_not(None))
    inner = by_couple.subquery()
    ours = [inner.c[key] for key in keys]
    shown: list[ColumnElement[Any]] = [
        literal(name).label("dimension"),
        # As text, whatever they are: what is put together in one statement must be of one kind.
        *(cast(column, String).label(f"key{place}") for place, column in enumerate(ours)),
        *(cast(null(), String).label(f"key{place}") for place in range(len(ours), most)),
        *(
            each
            for column in counted
            for each in (
                func.sum(inner.c[column]).label(f"{column}_sum"),
                func.sum(when(inner.c[column] > 0)).label(f"{column}_couples"),
            )
        ),
    ]
    # Of nothing at all there is no row, not a row of nulls.
    return select(*shown).having(func.count() > 0).group_by(*ours)
