"""What a process counts of itself, by a clock of the test's own."""

import tracemalloc

import pytest

from engine.measures import Rate


class Watch:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize(
    ("told", "asked_at", "rate"),
    [
        ([], 100, 0.0),
        ([(0, 30)], 0, 30.0),
        ([(5, 30)], 10, 3.0),
        ([(10, 60), (69, 60)], 70, 2.0),
        ([(10, 60), (69, 60)], 71, 1.0),
        ([(10, 60)], 3600, 0.0),
    ],
    ids=["nothing", "at once", "over less than a minute", "over a minute", "what is older is gone", "all is older"],
)
def test_a_rate_is_of_the_last_minute(told: list[tuple[float, int]], asked_at: float, rate: float) -> None:
    watch = Watch()
    counted = Rate(watch)
    for watch.seconds, number in told:
        counted.add(number)
    watch.seconds = asked_at
    assert counted.per_second() == rate


def test_a_rate_that_nobody_asks_for_takes_no_more_room_after_a_day() -> None:
    watch = Watch()
    counted = Rate(watch)

    def live(seconds: int) -> None:
        for _ in range(seconds):
            watch.seconds += 1
            counted.add(50)

    tracemalloc.start()
    try:
        live(120)
        early, _ = tracemalloc.get_traced_memory()
        live(86_400)
        late, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert late - early < 10_000
