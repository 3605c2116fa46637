"""While the database cannot be used `run`, `worker` and `web` say so and wait; when it is back they go on."""

import asyncio
import io
import logging
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from running import due, living, quick
from world import World, at, person

from engine.app import Engine, Tick
from engine.errors import Away, StoreError, Unreadable
from engine.model.action import Action, note
from engine.model.job import Job
from engine.run import worker
from engine.run.journal import Journal
from engine.run.logs import Lasting, Style, logging_to
from engine.run.ticker import run_forever
from engine.run.worker import work_through

GONE = Away("The disk of the database is full.", fix="Free some disk space.")


def end_soon() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def failing(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *errors: Exception) -> None:
    """Have something of an engine fail in these ways first."""
    whole, left = getattr(owner, name), list(errors)

    async def fails() -> Any:
        if left:
            raise left.pop(0)
        return await whole()

    monkeypatch.setattr(owner, name, fails)


def world_at_nine() -> World:
    world = World()
    world.join("x", person("Ana"))
    world.enroll()
    world.clock.move_to(at("2026-03-03T09:00"))
    return world


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    wanted = {Action.STORE_AWAY.value, Action.STORE_BACK.value, Action.TICK_FAILED.value}
    return [each.action for each in caplog.records if getattr(each, "action", None) in wanted]  # type: ignore[attr-defined]


def test_run_goes_on_when_the_database_is_back_and_sends_what_was_due(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world = world_at_nine()
    engine = quick(world.another_engine())
    failing(monkeypatch, engine, "tick", *[GONE] * 5)
    seen: list[Away] = []

    def ticked(_done: Tick, _seconds: float) -> None:
        end_soon()

    asyncio.run(run_forever(engine, ticked, on_away=seen.append))
    assert len(world.inbox.messages) == 1
    assert seen == [GONE] * 5
    assert actions(caplog) == ["store_away"] * 3 + ["store_back"]  # of five: the first, second and fourth
    assert "Free some disk space." in caplog.text


@pytest.mark.parametrize("error", [StoreError("It is damaged."), Unreadable("Broken."), ZeroDivisionError()], ids=repr)
def test_run_ends_with_what_does_not_pass_by_itself(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    engine = quick(world_at_nine().another_engine())
    failing(monkeypatch, engine, "tick", error)
    with pytest.raises(type(error)):
        asyncio.run(run_forever(engine))


@pytest.mark.store("sqlite")
def test_run_survives_a_disk_that_is_full_and_is_cleared(tmp_path: Path) -> None:
    world = World(database=tmp_path / "r.sqlite3", batch=50)
    for number in range(150):
        world.join(f"c{number}", person(f"P{number}"))
    world.enroll()
    world.clock.move_to(at("2026-03-03T09:00"))
    engine = quick(world.engine)

    def most(pages: int) -> None:
        with world.database.begin() as connection:
            now = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages or now}")

    most(0)
    told: list[str] = []

    def away(error: Away) -> None:
        told.append(str(error))
        most(1_000_000)

    asyncio.run(run_forever(engine, lambda done, seconds: end_soon() if done.delivered.sent else None, on_away=away))
    assert told
    assert "full" in told[0]
    assert {row.status for row in World.rows(world)} == {"sent"}
    assert len(world.inbox.messages) == 150


@pytest.mark.store("sqlite")
def test_run_survives_that_its_file_is_taken_away_and_put_back(tmp_path: Path) -> None:
    file = tmp_path / "r.sqlite3"
    world = World(database=file)
    world.join("x", person("Ana"))
    world.enroll()
    world.clock.move_to(at("2026-03-03T09:00"))
    file.rename(tmp_path / "aside")
    engine = quick(world.engine)

    def away(_error: Away) -> None:
        if not file.exists():
            (tmp_path / "aside").rename(file)

    asyncio.run(run_forever(engine, lambda done, seconds: end_soon() if done.delivered.sent else None, on_away=away))
    assert len(world.inbox.messages) == 1


@pytest.mark.store("postgresql")
def test_a_worker_begins_anew_when_its_server_is_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(worker, "BEAT_SECONDS", 0.01)
    world = due(3)
    engines = [living(world), living(world)]
    failing(monkeypatch, engines[0], "plan", GONE)
    still_away = [GONE, GONE]
    beats: list[int] = []

    def make() -> Engine:
        if len(engines) == 1 and still_away:
            raise still_away.pop()
        return engines.pop(0)

    def beat() -> None:
        beats.append(1)
        if {row.status for row in world.rows()} == {"sent"}:
            end_soon()

    asyncio.run(work_through(make, tuple(Job), Journal(), beat))
    assert {row.status for row in world.rows()} == {"sent"}
    assert len(world.inbox.messages) == 3
    assert actions(caplog)[-1] == "store_back"
    assert len(beats) >= worker.AWAY_BEATS  # it is not taken for one that hangs


@pytest.mark.store("postgresql")
def test_a_worker_that_is_told_to_end_while_it_waits_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    world = due(1)
    first = [living(world)]

    async def gone() -> Any:
        raise GONE

    monkeypatch.setattr(first[0], "plan", gone)

    def make() -> Engine:
        if first:
            return first.pop()
        raise GONE

    asyncio.run(work_through(make, tuple(Job), Journal(), end_when_away(first)))
    assert not first


@pytest.mark.store("postgresql")
def test_a_worker_that_is_told_to_end_as_its_server_goes_away_does_not_begin_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = due(1)
    first = [living(world)]

    async def gone() -> Any:
        end_soon()
        await asyncio.sleep(0.01)  # the loop hears of the signal
        raise GONE

    monkeypatch.setattr(first[0], "plan", gone)

    def make() -> Engine:
        return first.pop()  # there is no other

    asyncio.run(work_through(make, tuple(Job), Journal()))
    assert not first


def end_when_away(first: list[Engine]) -> Callable[[], None]:
    """A beat that has the process told to end once its engine is used up and failed."""
    beats = 0

    def beat() -> None:
        nonlocal beats
        beats += 1
        if not first and beats > 1:
            end_soon()

    return beat


class Disk(io.StringIO):
    """A file on a disk that may be full."""

    full = False

    def write(self, words: str, /) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(words)


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 3, tzinfo=UTC)


@pytest.mark.store("sqlite")
@pytest.mark.parametrize("style", [Style.TEXT, Style.JSON])
def test_a_log_that_is_full_stops_nothing_and_says_afterwards_what_it_lost(
    style: Style, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = Disk()
    log = logging.getLogger("engine.test")
    with logging_to(disk, style, Clock()):
        note(log, Action.TICK, "one")
        disk.full = True
        note(log, Action.TICK, "two")
        note(log, Action.TICK, "three")
        disk.full = False
        note(log, Action.TICK, "four")
        note(log, Action.TICK, "five")
    said = disk.getvalue()
    assert [word for word in ("one", "two", "three", "four", "five") if word in said] == ["one", "four", "five"]
    assert said.count("log_lost") == 1
    assert "2 lines of this log" in said
    assert capsys.readouterr().err == ""
    assert Lasting.lost == 0
