"""While more is due than has gone, a running engine says how fast it goes and how long it will take."""

import pytest

from engine.console.progress import Progress


def said_last(due: int, ticks: list[tuple[float, int]]) -> str:
    """What is said after the last of ticks that came at these seconds and sent so many."""
    seconds, said = [0.0], ""
    progress = Progress(lambda: due, lambda: seconds[0])
    for second, sent in ticks:
        seconds[0] = second
        said = progress.left(sent)
    return said


@pytest.mark.parametrize(
    ("due", "ticks", "says"),
    [
        (0, [(10, 100)], ""),
        (50, [(10, 0)], " 50 are due."),
        (50, [(10, 100)], " 50 are due, at 10.0 a second: about 5 seconds."),
        (4_300, [(10, 50), (20, 150)], " 4,300 are due, at 10.0 a second: about 7 minutes."),
        (100_000, [(10, 100)], " 100,000 are due, at 10.0 a second: about 2.8 hours."),
        (600, [(10, 1_000_000), (100, 50), (110, 50)], " 600 are due, at 5.0 a second: about 2 minutes."),
    ],
)
def test_the_time_left_follows_from_the_last_minutes_rate(due: int, ticks: list[tuple[float, int]], says: str) -> None:
    assert said_last(due, ticks) == says
