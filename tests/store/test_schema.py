"""Migrations and the schema are the same thing told twice; a database of another version is never touched."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from engine.errors import StoreError
from engine.store.database import IN_MEMORY, Database, open_database
from engine.store.metadata import metadata
from engine.store.migrate import upgrade
from engine.store.version import is_current, known

pytestmark = pytest.mark.store("sqlite")  # the other's are in test_schema_on_a_server.py


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database in a file."""
    opened = open_database(f"sqlite:///{tmp_path / 'rekindle.sqlite3'}")
    yield opened
    opened.close()


def at_version(database: Database, version: str) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})


def may_go_on(database: Database, oldest: str) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE compatibility SET oldest = :oldest"), {"oldest": oldest})


def shape(connection: Connection) -> dict[str, Any]:
    """Columns, keys and indexes of every table, as SQLite itself has understood them."""
    tables = [name for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))]
    found: dict[str, Any] = {}
    for table in sorted(set(tables) - {"alembic_version"}):
        quoted = f'"{table}"'
        found[table] = {
            "columns": sorted(tuple(row)[1:] for row in connection.execute(text(f"PRAGMA table_info({quoted})"))),
            "foreign keys": sorted(
                tuple(row)[2:] for row in connection.execute(text(f"PRAGMA foreign_key_list({quoted})"))
            ),
            "uniques": sorted(
                tuple(row)[2]
                for index in connection.execute(text(f"PRAGMA index_list({quoted})")).all()
                if index.unique and index.origin == "u"
                for row in connection.execute(text(f'PRAGMA index_info("{index.name}")'))
            ),
        }
    indexes = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
    found["indexes"] = {name: re.sub(r"[\s\"()]+", " ", sql).strip().lower() for name, sql in indexes}
    checks = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql LIKE '%CHECK%'"))
    triggers = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    found["triggers"] = {row.name: row.sql for row in triggers}
    found["checks"] = {name: sorted(re.findall(r"CHECK \((.*)\)", sql)) for name, sql in checks}
    return found


def test_migrating_from_nothing_gives_the_schema_that_the_code_describes(database: Database) -> None:
    upgrade(database)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_gives_the_very_tables_and_partial_indexes_that_making_them_at_once_does(database: Database) -> None:
    upgrade(database)
    at_once = open_database(IN_MEMORY)
    at_once.create_all()
    with database.read() as migrated, at_once.read() as made:
        assert shape(migrated) == shape(made)
    at_once.close()


def test_upgrading_again_changes_nothing(database: Database) -> None:
    assert not is_current(database)
    before, version = upgrade(database)
    assert before is None
    assert is_current(database)
    with database.read() as connection:
        made = shape(connection)
    assert upgrade(database) == (version, version)
    with database.read() as connection:
        assert shape(connection) == made


def test_a_database_of_a_newer_rekindle_is_refused_and_left_as_it_is(database: Database) -> None:
    upgrade(database)
    at_version(database, "9999")
    may_go_on(database, "9998")
    for act in (upgrade, is_current):
        with pytest.raises(StoreError, match="9999") as refused:
            act(database)
        assert "newer Rekindle" in refused.value.fix
    with database.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"


def test_a_database_that_a_newer_rekindle_has_upgraded_is_worked_with_where_that_one_says_so(
    database: Database,
) -> None:
    """So machines are upgraded one after another, and not all at once."""
    upgrade(database)
    at_version(database, "9999")
    may_go_on(database, known()[-1])
    assert is_current(database)
    assert upgrade(database) == ("9999", "9999")


def test_a_migration_that_fails_leaves_nothing_behind(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE deliveries (id INTEGER)"))  # in the way of the first migration
    with pytest.raises(Exception, match="already exists"):
        upgrade(database)
    with database.read() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    assert tables == ["deliveries"]


def test_a_database_that_was_never_set_up_says_what_to_run(database: Database) -> None:
    with pytest.raises(StoreError) as refused, database.read() as connection:
        connection.execute(text("SELECT * FROM couples"))
    assert "rekindle db upgrade" in refused.value.fix


def test_foreign_keys_are_enforced_and_a_couples_rows_go_with_it(database: Database) -> None:
    upgrade(database)
    with database.begin() as connection:
        connection.execute(text("INSERT INTO couples (id, ref, created_at) VALUES (1, 'x', 0)"))
        connection.execute(
            text(
                "INSERT INTO partners (couple_id, position, given_name, timezone, locale, channel, send_at, causes)"
                " VALUES (1, 1, 'Ana', 'UTC', 'en', 'email', '19:00', '')"
            )
        )
        connection.execute(text("DELETE FROM couples"))
        assert connection.execute(text("SELECT count(*) FROM partners")).scalar() == 0
