"""A batch of rows as one bound parameter, so that a statement about hundreds of rows is one statement.

`rowset("batch", id=Integer, …)` is a table-valued expression over a JSON array of arrays; bind `rows([...])` to it. The
statement's text never depends on the number of rows, so it is compiled once and cached.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Subquery, Text, bindparam, func, literal_column, select
from sqlalchemy.types import TypeEngine


def rowset(parameter: str, /, **columns: type[TypeEngine[Any]] | TypeEngine[Any]) -> Subquery:
    """Rows of `columns`, in order, read from the JSON text bound to `parameter`."""
    each = func.json_each(bindparam(parameter, type_=Text)).table_valued("value").alias(f"{parameter}_json")
    return select(
        *(
            func.json_extract(each.c.value, literal_column(f"'$[{position}]'"), type_=kind).label(name)
            for position, (name, kind) in enumerate(columns.items())
        )
    ).subquery(parameter)


def rows(values: Iterable[Sequence[object]]) -> str:
    """The JSON text for a rowset: instants as milliseconds and days as ordinals, as the schema keeps them."""
    return json.dumps(list(values), separators=(",", ":"))
