"""The numbers that rows are given: none is ever given twice, whatever becomes of the database."""

from sqlalchemy import Connection, Table, text

from engine.store.metadata import metadata


def highest_ids(connection: Connection) -> dict[str, int]:
    """The highest id that was ever given, by table."""
    if connection.dialect.name == "sqlite":
        given = {row.name: row.seq for row in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    else:
        last = text("SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(:table, 'id') AS regclass))")
        given = {each.name: connection.execute(last, {"table": each.name}).scalar() for each in _numbered(connection)}
    return {each.name: given.get(each.name) or 0 for each in _numbered(connection)}


def go_on_from(connection: Connection, table: str, highest: int) -> None:
    """Give no id of this table up to `highest` any more."""
    said = [
        text("DELETE FROM sqlite_sequence WHERE name = :table"),
        text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :highest)"),
    ]
    if connection.dialect.name == "postgresql":
        said = [text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :highest)")]
    for statement in said:
        connection.execute(statement, {"table": table, "highest": highest})


def _numbered(connection: Connection) -> list[Table]:
    """Tables whose ids are never given twice: on a server all that have any."""
    tables = [each for each in metadata.sorted_tables if [key.name for key in each.primary_key] == ["id"]]
    if connection.dialect.name == "postgresql":
        return tables
    return [each for each in tables if each.dialect_options["sqlite"]["autoincrement"]]
