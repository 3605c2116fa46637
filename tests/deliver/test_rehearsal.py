"""A process that has rehearsed has all at hand that its first message takes; and has changed nothing by it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import TextClause, event, text
from sqlalchemy.engine.default import CacheStats
from world import World, opened, person, talk

from engine.app import Engine
from engine.render.sandbox import Sandbox
from engine.store import schema
from engine.store.metadata import metadata
from engine.store.places import NEVER


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One has had a first message; the second falls due a week later. A folder of its own keeps its engines from the
    templates that tests share.
    """
    own = tmp_path / "own"
    own.mkdir()
    made = World(talk(weeks=frozenset({1, 2})), database=tmp_path / "rekindle.sqlite3", templates=[own])
    made.join("x", person("Ana"))
    made.enroll()
    made.go_to("2026-03-03T09:00")
    return made


def test_the_first_message_after_it_waits_for_no_statement_and_no_template_to_be_compiled(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = opened(tmp_path / "rekindle.sqlite3")
    none: dict[object, object] = {}  # tests remember statements; a process that starts does not
    for each in (database.engine, database._reader):
        each.update_execution_options(compiled_cache=none)
    started = world.another_engine(database)
    started.rehearse()
    compiled: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: _note_compiled(compiled, *given))
    monkeypatch.setattr(Sandbox, "compile", lambda *given: compiled.append("a template"))
    world.clock.move_to(world.clock.now().replace(day=10))
    _plan_and_send(started)
    assert len(world.inbox.messages) == 2
    assert compiled == []


def test_it_stores_nothing_and_hands_nothing_over(world: World) -> None:
    world.clock.move_to(world.clock.now().replace(day=10))  # although something is due
    before = [world.rows(table) for table in metadata.sorted_tables]
    world.another_engine().rehearse()
    assert [world.rows(table) for table in metadata.sorted_tables] == before
    assert len(world.inbox.messages) == 1


def test_what_fails_in_it_is_left_for_the_real_thing_to_say(world: World) -> None:
    with world.database.begin() as connection:
        connection.execute(text("UPDATE definitions SET body = 'broken'"))
    started = world.another_engine()
    started.rehearse()
    world.clock.move_to(world.clock.now().replace(day=10))
    _plan_and_send(started)
    assert len(world.inbox.messages) == 1
    assert set_aside(world) == 1


def _note_compiled(compiled: list[str], *given: Any) -> None:
    context = given[4]
    ready = context.compiled is None or isinstance(context.compiled.statement, TextClause)  # it is written out in full
    if not ready and context.cache_hit is not CacheStats.CACHE_HIT:
        compiled.append(given[2])


def set_aside(world: World) -> int:
    return sum(place.next_due_at == NEVER for place in world.rows(schema.places))


def _plan_and_send(engine: Engine) -> None:
    async def work() -> None:
        await engine.plan()
        await engine.deliver()

    asyncio.run(work())
