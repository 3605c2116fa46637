"""A batch of rows as one bound parameter, so that a statement about hundreds of rows is one statement.

`rowset("batch", id=Integer, …)` is a table-valued expression over a JSON array of arrays; bind `rows([...])` to it. The
statement's text never depends on the number of rows, so it is compiled once and cached.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Float, Integer, String, Subquery, Text, bindparam, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeEngine, to_instance


def rowset(parameter: str, /, **columns: type[TypeEngine[Any]] | TypeEngine[Any]) -> Subquery:
    """Rows of `columns`, in order, read from the JSON text bound to `parameter`."""
    each = _each_row(bindparam(parameter, type_=Text)).table_valued("value").alias(f"{parameter}_json")
    return select(
        *(
            _cell(each.c.value, literal_column(str(position)), type_=kind).label(name)
            for position, (name, kind) in enumerate(columns.items())
        )
    ).subquery(parameter)


def rows(values: Iterable[Sequence[object]]) -> str:
    """The JSON text for a rowset: instants as milliseconds and days as ordinals, as the schema keeps them."""
    return json.dumps(list(values), separators=(",", ":"))


class _each_row(GenericFunction[Any]):  # noqa: N801 - functions of SQL are written small
    """The elements of a JSON array, as rows of one column, `value`."""

    inherit_cache = True


class _cell(GenericFunction[Any]):  # noqa: N801
    """The element of a JSON array at a position from 0, as a value of this function's type."""

    inherit_cache = True

    def __init__(self, *given: Any, type_: type[TypeEngine[Any]] | TypeEngine[Any]) -> None:
        super().__init__(*given, type_=type_)
        self.type = to_instance(type_)


_ON_SERVER: dict[type[Any], str] = {Integer: "BIGINT", Float: "DOUBLE PRECISION", String: "TEXT"}
"""By the SQL types of rowsets' columns; BigInteger is an Integer, and a cell may hold an id."""


@compiles(_each_row, "sqlite")
def _each_in_file(element: Any, compiler: Any, **given: Any) -> str:
    return f"json_each{compiler.process(element.clause_expr, **given)}"


@compiles(_each_row, "postgresql")
def _each_on_server(element: Any, compiler: Any, **given: Any) -> str:
    # Binary: a cell of a JSON text is found by reading its row again from the beginning.
    return f"jsonb_array_elements(CAST({compiler.process(element.clause_expr, **given)} AS JSONB))"


@compiles(_cell, "sqlite")
def _cell_in_file(element: Any, compiler: Any, **given: Any) -> str:
    array, position = (compiler.process(each, **given) for each in element.clauses)
    return f"json_extract({array}, '$[{position}]')"


@compiles(_cell, "postgresql")
def _cell_on_server(element: Any, compiler: Any, **given: Any) -> str:
    array, position = (compiler.process(each, **given) for each in element.clauses)
    kind = next(name for kind, name in _ON_SERVER.items() if isinstance(element.type, kind))
    return f"CAST({array} ->> {position} AS {kind})"
