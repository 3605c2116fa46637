"""Workers share one PostgreSQL: each message goes once, whoever takes it; what is wrong ends the process."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from running import due, living
from sqlalchemy import text
from world import Answering, World

from engine.clock import VirtualClock
from engine.errors import Refused, StoreError
from engine.model.job import Job
from engine.model.notice import Notice
from engine.run.worker import LOOK_APART, LOOK_EVERY, Worker, until_next_look
from engine.store import jobs
from engine.store.jobs import Called
from engine.store.notices import Posted

pytestmark = pytest.mark.store("postgresql")


def worked(*workers: Worker, until: Callable[[], bool]) -> None:
    """Let them work until that is so, then tell them to end."""

    async def work() -> None:
        working = [asyncio.create_task(each.work()) for each in workers]
        given_up = asyncio.get_running_loop().time() + 60
        while asyncio.get_running_loop().time() < given_up and not until():
            if any(each.done() for each in working):
                break
            await asyncio.sleep(0.02)
        for each in workers:
            each.end()
        await asyncio.gather(*working)

    asyncio.run(work())


def waiting_jobs(world: World) -> list[str]:
    with world.database.read() as connection:
        return list(connection.execute(text("SELECT task_name FROM procrastinate_jobs ORDER BY id")).scalars())


def pretend_somebody_works(world: World, seconds_ago: int = 0) -> int:
    with world.database.begin() as connection:
        said = f"INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '{seconds_ago} s')"
        number: int = connection.execute(text(f"{said} RETURNING id")).scalar_one()
    return number


def test_each_message_goes_once_however_many_work() -> None:
    transport = Answering(lambda message, attempt: None)
    world = due(60, transport=transport, batch=5)
    worked(*(Worker(living(world)) for _ in range(3)), until=lambda: len(transport.accepted) >= 60)
    assert Counter(Counter(transport.accepted).values()) == {1: 60}
    assert world.ends() == [("sent", None)] * 60


def test_one_that_only_plans_sends_nothing() -> None:
    world = due(3)
    worked(Worker(living(world), [Job.PLAN]), until=lambda: len(world.rows()) == 3)
    assert world.ends() == [("planned", None)] * 3


def test_what_one_plans_is_sent_by_another_who_only_sends() -> None:
    world = due(3)
    worked(
        Worker(living(world), [Job.PLAN]),
        Worker(living(world), [Job.DRAIN]),
        until=lambda: world.ends() == [("sent", None)] * 3,
    )


def test_what_is_posted_for_now_wakes_whoever_sends() -> None:
    world = due(1)
    pretend_somebody_works(world)
    with world.database.begin() as connection:
        world.engine.means.post.post(connection, Posted(Notice.REVEALED, 1, 1), world.clock.now())
    assert waiting_jobs(world) == ["drain"]


@pytest.mark.parametrize("seconds_ago", [None, 120])
def test_where_nobody_works_no_job_is_left_to_pile_up(seconds_ago: int | None) -> None:
    world = due(1)
    if seconds_ago is not None:
        pretend_somebody_works(world, seconds_ago)
    world.clock.fast_forward(timedelta(minutes=10))
    world.engine.call_workers()
    world.tick()
    assert waiting_jobs(world) == []


def test_the_call_for_workers_is_made_once_and_says_when_to_look_again() -> None:
    world = due(1)
    pretend_somebody_works(world)
    called = world.engine.call_workers()
    assert waiting_jobs(world) == []
    assert not called.due
    assert called.wake is not None
    world.clock.move_to(called.wake)
    for _ in range(3):
        assert world.engine.call_workers() == Called(due=True, wake=None)
    assert waiting_jobs(world) == ["plan"]


@pytest.mark.parametrize(
    ("due", "falls_due", "wait"),
    [
        (False, None, LOOK_EVERY),
        (False, timedelta(minutes=5), LOOK_EVERY),
        (False, timedelta(milliseconds=300), timedelta(milliseconds=300)),
        (False, timedelta(milliseconds=2), LOOK_APART),
        (False, timedelta(seconds=-1), LOOK_APART),
        (True, None, 2 * LOOK_APART),
        (True, timedelta(minutes=5), 2 * LOOK_APART),
        (True, timedelta(milliseconds=2), LOOK_APART),
    ],
)
def test_a_process_looks_again_when_something_falls_due_but_not_for_each_of_many_that_trickle_in(
    due: bool, falls_due: timedelta | None, wait: timedelta
) -> None:
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    called = Called(due, None if falls_due is None else now + falls_due)
    assert until_next_look(called, again=2 * LOOK_APART, now=now) == wait


def test_the_job_of_a_worker_that_fell_silent_is_dropped_and_that_of_one_who_lives_is_not() -> None:
    world = World()
    for seconds_ago in (0, 120):
        worker = pretend_somebody_works(world, seconds_ago)
        with world.database.begin() as connection:
            job = "INSERT INTO procrastinate_jobs (queue_name, task_name, status, worker_id)"
            connection.execute(text(f"{job} VALUES ('plan', 'plan', 'doing', :worker)"), {"worker": worker})
    assert jobs.forget_stalled(world.database) == 1
    assert waiting_jobs(world) == ["plan"]


@pytest.mark.parametrize(("minutes", "which"), [(1, "fast"), (-1, "slow")])
def test_a_machine_whose_clock_is_wrong_takes_no_work(minutes: int, which: str) -> None:
    world = due(1)
    engine = world.another_engine()
    engine.clock = VirtualClock(datetime.now(UTC) + timedelta(minutes=minutes))
    with pytest.raises(Refused, match=which) as refused:
        worked(Worker(engine), until=lambda: False)
    assert "NTP" in refused.value.fix
    assert world.rows() == []


def test_a_job_that_fails_ends_the_process_with_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    world = due(1)
    engine = living(world)

    async def fail() -> None:
        raise StoreError("The disk is full.", fix="Free some.")

    monkeypatch.setattr(engine, "plan", fail)
    with pytest.raises(StoreError, match="disk is full"):
        worked(Worker(engine), until=lambda: False)
