"""What SQLite and PostgreSQL say in words of their own, said once: the same statements run on both.

`insert` is PostgreSQL's, whose ON CONFLICT both dialects compile alike. `least` and `greatest` of two values are null
in SQLite where either is, and the other one in PostgreSQL: coalesce where that matters.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    Table,
    any_,
    bindparam,
)
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction, ReturnTypeFromArgs
from sqlalchemy.types import UserDefinedType

__all__ = ["among", "greatest", "insert", "least", "one_of", "position_of", "put_rows", "up_to", "whole"]


class least(ReturnTypeFromArgs[Any]):  # noqa: N801 - functions of SQL are written small
    """The smaller of two values."""

    inherit_cache = True


class greatest(ReturnTypeFromArgs[Any]):  # noqa: N801
    """The larger of two values."""

    inherit_cache = True


class position_of(GenericFunction[int]):  # noqa: N801
    """Where in the first text the second begins, from 1; 0 where it is not in it."""

    type = Integer()
    inherit_cache = True


def _called(function: type[Any], *, sqlite: str, server: str) -> None:
    for dialect, name in (("sqlite", sqlite), ("postgresql", server)):

        def compiled(element: Any, compiler: Any, name: str = name, **given: Any) -> str:
            return f"{name}{compiler.process(element.clause_expr, **given)}"

        compiles(function, dialect)(compiled)


_called(least, sqlite="min", server="least")
_called(greatest, sqlite="max", server="greatest")
_called(position_of, sqlite="instr", server="strpos")


class one_of(GenericFunction[bool]):  # noqa: N801
    """Whether a value is among those of a subquery, of which there are few.

    PostgreSQL cannot know how few a bound LIMIT leaves; of an array it expects so, and looks each up by the index.
    """

    type = Boolean()
    inherit_cache = True


@compiles(one_of, "sqlite")
def _one_of_in_file(element: Any, compiler: Any, **given: Any) -> str:
    value, few = (compiler.process(each, **given) for each in element.clauses)
    return f"{value} IN {few}"


@compiles(one_of, "postgresql")
def _one_of_on_server(element: Any, compiler: Any, **given: Any) -> str:
    value, few = (compiler.process(each, **given) for each in element.clauses)
    return f"{value} = ANY (ARRAY{few})"


def up_to(name: str = "limit") -> BindParameter[int]:
    """A LIMIT bound by name, as wide as a caller's "all of them" may be."""
    return bindparam(name, type_=BigInteger)


def whole(value: ColumnElement[Any]) -> ColumnElement[int]:
    """A sum of whole numbers as one: PostgreSQL makes it a decimal."""
    return value.cast(BigInteger)


def among(dialect: Dialect, column: Column[Any], name: str) -> ColumnElement[bool]:
    """Whether a column of bytes holds one of the values bound as a list to `name`.

    A server takes them as one array; as thousands of parameters they would cost more to write and read than to look up.
    """
    if dialect.name == "postgresql":
        return column == any_(bindparam(name, type_=_Bytes()))
    return column.in_(bindparam(name, type_=column.type, expanding=True))


class _Bytes(UserDefinedType[Sequence[bytes]]):
    """An array of bytes on a server."""

    cache_ok = True

    def get_col_spec(self, **_given: Any) -> str:
        return "BYTEA[]"

    def bind_processor(self, dialect: Dialect) -> Callable[[Sequence[bytes] | None], object]:
        from engine.store import server  # its driver: not for who keeps to a file

        return lambda values: server.Bytes(values or ())


def put_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Insert rows whose values, those of `columns` in the schema's order, are as the driver takes them.

    For thousands of rows: SQLAlchemy's work on each costs twice SQLite's, and a server takes them as one stream.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        from engine.store import server  # its driver: not for who keeps to a file

        server.copy_in(connection, table.name, columns, rows)
    else:
        connection.exec_driver_sql(_put(connection.dialect, table, tuple(columns)), [tuple(row) for row in rows])


@lru_cache(maxsize=4)
def _put(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> str:
    return str(plain_insert(table).compile(dialect=dialect, column_keys=columns))
