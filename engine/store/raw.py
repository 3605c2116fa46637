"""Rows as they are stored, for who moves them: nothing is made of them that could come out different."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Float, MetaData, Table, TypeDecorator, func, select, tuple_
from sqlalchemy.types import TypeEngine

from engine.store.metadata import metadata

LEFT = {"compatibility"}
"""Filled by the migrations, and about the tables themselves."""
_raw = MetaData()


def _type(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


def tables() -> list[Table]:
    """Every table of ours, those that others refer to first."""
    return [
        _raw.tables[table.name]
        if table.name in _raw.tables
        else Table(
            table.name,
            _raw,
            *(
                Column(each.name, _type(each.type), primary_key=each.primary_key, autoincrement=False)
                for each in table.columns
            ),
        )
        for table in metadata.sorted_tables
        if table.name not in LEFT
    ]


def key_of(table: Table) -> Sequence[Column[Any]]:
    """The columns that pages go by."""
    return list(table.primary_key.columns)


def counts_by_number(table: Table) -> bool:
    """Whether its keys are whole numbers, which both kinds of database put in the same order."""
    return all(each.type.python_type is int for each in key_of(table))


def pages(
    connection: Connection, table: Table, after: Sequence[Any] | None, size: int
) -> Iterator[list[dict[str, Any]]]:
    """All rows with a key above `after`, `size` at a time, in the order of their keys."""
    key = key_of(table)
    while True:
        page = select(table).order_by(*key).limit(size)
        if after is not None:
            page = page.where(tuple_(*key) > tuple_(*after))
        found = [dict(row) for row in connection.execute(page).mappings()]
        if found:
            yield found
        if len(found) < size:
            return
        after = [found[-1][each.name] for each in key]


def newest(connection: Connection, table: Table) -> Sequence[Any] | None:
    """The highest key there is."""
    key = key_of(table)
    row = connection.execute(select(*key).order_by(*(each.desc() for each in key)).limit(1)).one_or_none()
    return None if row is None else list(row)


def count(connection: Connection, table: Table) -> int:
    found: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return found


def digest(connection: Connection, table: Table, size: int = 5_000) -> int:
    """A number that two tables share when they hold the same rows, in whichever order; by SHA-256 of each row."""
    total = 0
    kinds = [_plain_as(each) for each in table.columns]
    for page in pages(connection, table, None, size):
        for row in page:
            said = repr([plain(value) for plain, value in zip(kinds, row.values(), strict=True)])
            total += int.from_bytes(hashlib.sha256(said.encode()).digest()[:16])
    return total % 2**128


def _plain_as(column: Column[Any]) -> Any:
    """Drivers give one value in several ways; a server keeps no NUL in text."""
    if isinstance(column.type, Boolean):
        return lambda value: None if value is None else bool(value)
    if isinstance(column.type, Float):
        return lambda value: None if value is None else float(value)
    return lambda value: (
        value.replace("\0", "") if isinstance(value, str) else bytes(value) if isinstance(value, memoryview) else value
    )
