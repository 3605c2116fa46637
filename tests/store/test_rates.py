"""Counts of what was asked for: a window is as long as it is said to be, and a clock put right locks nobody out."""

from datetime import timedelta

import pytest
from world import VAULT, World, at

from engine.store import couples_schema, rates
from engine.store.rates import Limit

TEN = timedelta(minutes=10)
TWO = Limit("a", "x", 2, TEN)


@pytest.fixture
def world() -> World:
    return World()


def ask(world: World, moment: str, *limits: Limit) -> timedelta | None:
    with world.database.begin() as connection:
        return rates.ask(connection, VAULT, limits or (TWO,), at(moment))


def test_so_many_are_let_through_in_a_window_that_begins_with_the_first(world: World) -> None:
    moments = ("10:00", "10:09", "10:09", "10:10", "10:19", "10:19")
    found = [ask(world, f"2026-03-01T{moment}") for moment in moments]
    assert found == [None, None, timedelta(minutes=1), None, None, timedelta(minutes=1)]


def test_limits_and_subjects_do_not_share_a_count(world: World) -> None:
    for name in ("a", "b"):
        for subject in ("x", "y"):
            assert ask(world, "2026-03-01T10:00", Limit(name, subject, 1, TEN)) is None
    assert len(world.rows(couples_schema.rates)) == 4


def test_of_several_limits_the_longest_wait_counts(world: World) -> None:
    hour = Limit("b", "x", 1, timedelta(hours=1))
    assert ask(world, "2026-03-01T10:00", TWO, hour) is None
    assert ask(world, "2026-03-01T10:30", TWO, hour) == timedelta(minutes=30)


def test_a_clock_that_was_an_hour_ahead_locks_nobody_out(world: World) -> None:
    for _ in range(3):
        ask(world, "2026-03-01T11:00")
    assert ask(world, "2026-03-01T10:00") is None


def test_what_is_over_is_forgotten(world: World) -> None:
    ask(world, "2026-03-01T10:00")
    with world.database.begin() as connection:
        rates.forget(connection, at("2026-03-02T09:59"))
    assert len(world.rows(couples_schema.rates)) == 1
    with world.database.begin() as connection:
        rates.forget(connection, at("2026-03-02T10:00"))
    assert world.rows(couples_schema.rates) == []
