"""The checker's own calendar: gaps, folds, odd offsets, turns, and that it shares nothing with the engine."""

import ast
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from tinylife import COURSE

from fuzz.model_calendar import Settings, falls, keys, open_hours
from fuzz.model_zone import instant, wall

OURS = ("case", "check", "reasons", "record", "script", "model_*", "rules_*")


def test_the_checker_imports_nothing_of_the_engine() -> None:
    """Every file of the checker reads the standard library and its own files, and tzdata's through resources."""
    files = [file for name in OURS for file in (Path(__file__).parents[2] / "fuzz").glob(f"{name}.py")]
    assert len(files) >= 10
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.split(".")[0] in ("engine", "cli", "sqlalchemy") for name in names), file.name


@pytest.mark.parametrize(
    ("day", "clock", "zone", "expected"),
    [
        ("2026-03-08", "09:00", "America/New_York", "2026-03-08T13:00"),
        ("2026-03-08", "02:30", "America/New_York", "2026-03-08T07:30"),  # the gap: forward to 03:30
        ("2026-11-01", "01:30", "America/New_York", "2026-11-01T05:30"),  # the fold: the first
        ("2026-10-04", "02:15", "Australia/Lord_Howe", "2026-10-03T15:45"),  # a gap of half an hour
        ("2026-04-05", "01:45", "Australia/Lord_Howe", "2026-04-04T14:45"),
        ("2011-12-30", "10:00", "Pacific/Apia", "2011-12-30T20:00"),  # a day that was skipped: a gap of 24 hours
        ("2026-03-29", "02:00", "Europe/Berlin", "2026-03-29T01:00"),
        ("2026-05-04", "10:00", "Asia/Kathmandu", "2026-05-04T04:15"),
        ("2026-05-04", "10:00", "Nowhere/Land", "2026-05-04T10:00"),
    ],
)
def test_a_wall_time_means_one_instant(day: str, clock: str, zone: str, expected: str) -> None:
    """A gap moves a time forward by its length, and of a time that comes twice the first is meant."""
    at = instant(date.fromisoformat(day), time.fromisoformat(clock), zone)
    assert datetime.fromtimestamp(at, UTC) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_an_unknown_zone_has_no_wall() -> None:
    """Nothing is shown on a wall that is nowhere, nor by names that lead out of the package."""
    assert wall(0.0, "Nowhere/Land") is None
    assert wall(0.0, "../tzdata") is None
    assert wall(0.0, "") is None


def test_turns_go_to_the_first_partner_first() -> None:
    """An alternating step's first occurrence is position 1's, its second position 2's."""
    course = replace(COURSE, steps=(replace(COURSE.steps[0], audience="alternating", days=(2, 0)),))
    start = date(2026, 3, 3)  # a Tuesday: the Wednesday comes first
    assert [key for key, _ in keys(course, start, 1)] == [("ask", 1), ("ask", 8)]
    assert [key for key, _ in keys(course, start, 2)] == [("ask", 6), ("ask", 13)]


def test_own_days_and_hours_move_and_narrow() -> None:
    """A step on an unwanted day falls on the next that is wanted; one before the opening at the opening."""
    step, start = COURSE.steps[0], date(2026, 3, 2)
    settings = Settings("email", "UTC", "07:00", frozenset({2}), "10:30", "19:00")
    assert falls(COURSE, step, 0, start, settings, "UTC") == datetime(2026, 3, 4, 9, 0, tzinfo=UTC).timestamp()
    assert open_hours(COURSE, 2, settings) == (time(10, 30), time(19, 0))
    assert open_hours(COURSE, 3, settings) is None
