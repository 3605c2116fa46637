"""A clock that is wrong, or leaps, makes nobody hear too early, and no message too late."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from world import World

from engine.clock import SteadyClock, SystemClock
from engine.errors import Refused
from engine.run import steadiness
from engine.run.steadiness import Steadiness
from engine.store import jobs

pytestmark = pytest.mark.store("postgresql")
AN_HOUR, A_MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Settable(SystemClock):
    """The machine's clock, and `fast` by so much."""

    fast = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.fast


def off(clock: SteadyClock) -> timedelta:
    return abs(clock.now() - datetime.now(UTC))


@pytest.mark.parametrize(("fast", "which"), [(AN_HOUR, "fast"), (-AN_HOUR, "slow")])
def test_a_process_does_not_follow_its_clock_when_it_leaps_and_refuses_to_go_on(fast: timedelta, which: str) -> None:
    engine = World().another_engine()
    engine.clock = clock = Settable()
    watch = Steadiness(engine)
    watch.check()
    clock.fast = fast
    assert off(engine.clock) < A_MINUTE
    with pytest.raises(Refused, match=f"(3600|3599).* s {which}"):
        watch.check()
    assert off(engine.clock) < A_MINUTE


def test_a_process_follows_its_clock_once_that_was_found_right() -> None:
    engine = World().another_engine()
    engine.clock = clock = Settable()
    clock.fast = AN_HOUR
    watch = Steadiness(engine)
    assert off(engine.clock) > A_MINUTE
    clock.fast = timedelta(0)
    watch.check()
    assert off(engine.clock) < A_MINUTE


def test_who_watches_asks_the_server_once_a_second_however_often_it_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, passed = World().another_engine(), [0.0]
    engine.clock = clock = Settable()
    monkeypatch.setattr(steadiness, "stopwatch", lambda: passed[0])
    watch = Steadiness(engine)
    watch.check()
    clock.fast = AN_HOUR
    for passed[0] in (0.1, 0.5, 0.9):
        watch.watch()
    passed[0] = 1.0
    with pytest.raises(Refused):
        watch.watch()


@pytest.mark.parametrize("seconds", [5, 60])
def test_how_long_the_server_takes_to_answer_makes_no_clock_wrong(seconds: int) -> None:
    def told(begins: int, ends: int) -> Callable[[], datetime]:
        moments = iter([datetime.now(UTC) + timedelta(seconds=each) for each in (begins, ends)])
        return lambda: next(moments)

    world, clock = World(), Settable()
    clock.now = told(-seconds, seconds + 60)  # type: ignore[method-assign]
    assert jobs.ahead(world.database, clock) == 0
    clock.now = told(seconds, 2 * seconds)  # type: ignore[method-assign]
    assert 0 < jobs.ahead(world.database, clock) <= seconds
    clock.now = told(-2 * seconds - 60, -seconds - 60)  # type: ignore[method-assign]
    assert -seconds - 120 < jobs.ahead(world.database, clock) < 0
