"""On PostgreSQL, migrations make what the code describes; what a server says is told as a newcomer would want it."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import stores
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from procrastinate.schema import SchemaManager
from sqlalchemy import text
from world import World

from engine.errors import StoreError
from engine.store.database import Database, open_database
from engine.store.metadata import metadata
from engine.store.migrate import upgrade
from engine.store.version import FOLDER, is_current

pytestmark = pytest.mark.store("postgresql")


@pytest.fixture
def database() -> Iterator[Database]:
    """An empty database of a server."""
    opened = open_database(stores.fresh())
    yield opened
    opened.close()


SHAPE = """
SELECT 'column', table_name, column_name, data_type || is_nullable || coalesce(column_default, '')
FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ANY(%s)
UNION ALL
SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY(%s)
UNION ALL
SELECT 'constraint', relname, conname, pg_get_constraintdef(c.oid)
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid WHERE relname = ANY(%s)
"""


def shape(database: Database) -> set[tuple[str, ...]]:
    """Columns, indexes and constraints of our tables, as the server has understood them."""
    ours = [table.name for table in metadata.sorted_tables]
    with database.read() as connection:
        return {tuple(row) for row in connection.exec_driver_sql(SHAPE, (ours, ours, ours))}


def test_migrating_from_nothing_gives_the_schema_that_the_code_describes(database: Database) -> None:
    upgrade(database)
    ours = {table.name for table in metadata.sorted_tables}

    def is_ours(thing: Any, _name: Any, kind: str, *_: Any) -> bool:
        return (thing.name if kind == "table" else thing.table.name) in ours

    options = {"compare_type": True, "compare_server_default": True, "include_object": is_ours}
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_migrating_gives_the_very_names_and_conditions_that_making_the_tables_at_once_does(database: Database) -> None:
    upgrade(database)
    at_once = open_database(stores.fresh())
    at_once.create_all()
    assert shape(database) == shape(at_once)
    at_once.close()


def test_the_tables_of_jobs_are_those_of_the_installed_procrastinate() -> None:
    """A newer one has migrations of its own: they have to become one of ours."""
    file = FOLDER / "versions" / "0005_procrastinate.sql"
    assert file.read_text(encoding="utf-8").partition("\n")[2] == SchemaManager.get_schema()


def test_upgrading_again_changes_nothing(database: Database) -> None:
    assert not is_current(database)
    before, version = upgrade(database)
    assert before is None
    made = shape(database)
    assert upgrade(database) == (version, version)
    assert shape(database) == made


def test_a_migration_that_fails_leaves_nothing_behind(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE deliveries (id INTEGER)"))  # in the way of the first migration
    with pytest.raises(Exception, match="already exists"):
        upgrade(database)
    with database.read() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        assert tables.scalars().all() == ["deliveries"]


@pytest.mark.parametrize(
    ("url", "said", "fix"),
    [
        (lambda url: url.replace("?", "nowhere?"), "no such database", "createdb"),
        (lambda url: url.replace("user=tests", "user=nobody"), "refuses this name", "database_url"),
        (lambda url: url.replace("host=", "host=/elsewhere"), "cannot be reached", "database_url"),
        (lambda url: url, "not been set up", "rekindle db upgrade"),
    ],
)
def test_what_is_wrong_with_a_server_is_said_with_the_way_out(url: Any, said: str, fix: str) -> None:
    opened = open_database(url(stores.fresh()))
    with pytest.raises(StoreError, match=said) as refused, opened.read() as connection:
        connection.execute(text("SELECT * FROM couples"))
    assert fix in refused.value.fix
    opened.close()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_everybodys_names_is_refused(encoding: str) -> None:
    opened = open_database(stores.fresh(encoding=encoding))
    with pytest.raises(StoreError, match=f"keeps text as {encoding}") as refused:
        upgrade(opened)
    assert "--encoding=UTF8" in refused.value.fix
    opened.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql+asyncpg://x/y"])
def test_another_kind_of_database_is_refused_by_name(url: str) -> None:
    with pytest.raises(StoreError, match="SQLite and PostgreSQL only"):
        open_database(url)


def test_a_password_is_in_no_name_of_a_database() -> None:
    opened = open_database("postgresql+psycopg://ana:secret@localhost/rekindle")
    assert opened.where == "postgresql+psycopg://ana:***@localhost/rekindle"
    assert "secret" in opened.conninfo


def test_an_act_waits_for_the_batches_that_are_under_way_and_batches_for_none_of_one_another() -> None:
    world, order = World(), []
    began, ended = threading.Event(), threading.Event()

    def act() -> None:
        began.set()
        with world.database.begin():
            order.append("act")
        ended.set()

    with world.database.begin(shared=True), world.database.begin(shared=True):
        acting = threading.Thread(target=act)
        acting.start()
        began.wait()
        order.append("batches")
    ended.wait()
    acting.join()
    assert order == ["batches", "act"]


def test_a_nul_in_a_persons_words_is_left_out() -> None:
    with World().database.read() as connection:
        assert connection.execute(text("SELECT CAST(:said AS TEXT)"), {"said": "warm\0 words"}).scalar() == "warm words"
