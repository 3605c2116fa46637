"""What a partner says of an activity or a week is kept once, and draws are made anew when it is news."""

from dataclasses import replace
from datetime import datetime

import pytest
from opening import Couple

from engine.hear import feedback, pulses
from engine.hear.means import Means
from engine.model.reply import Feedback
from engine.store import questions
from engine.store.questions import Question

Drawn = list[int]


@pytest.fixture
def couple() -> Couple:
    return Couple()


def noting(couple: Couple) -> tuple[Means, Drawn]:
    """Means that only note for which couples draws are to be made anew."""
    drawn: Drawn = []

    def redraw(connection: object, couple_id: int, now: datetime) -> None:
        drawn.append(couple_id)

    return replace(couple.world.engine.means, redraw=redraw), drawn


def question(couple: Couple, key: str) -> Question:
    delivery = couple.delivery("Ana", key)
    with couple.world.database.read() as connection:
        found = questions.find(connection, delivery)
    assert found is not None
    return found


def test_a_verdict_is_news_once_and_then_changes_nothing(couple: Couple) -> None:
    means, drawn = noting(couple)
    date = question(couple, "date")
    with couple.world.database.begin() as connection:
        said = [
            feedback.give(connection, means, date, verdict, couple.world.clock.now())
            for verdict in (Feedback.DID, Feedback.DID, Feedback.NOT_FOR_US, Feedback.DID)
        ]
    assert said == [True, False, True, False]
    assert drawn == [1, 1]


def test_a_message_without_an_activity_takes_no_verdict(couple: Couple) -> None:
    means, drawn = noting(couple)
    close = question(couple, "close")
    with couple.world.database.begin() as connection:
        assert not feedback.give(connection, means, close, Feedback.DID, couple.world.clock.now())
    assert drawn == []


def test_a_rating_is_news_when_it_changes_something(couple: Couple) -> None:
    means, drawn = noting(couple)
    close, now = question(couple, "close"), couple.world.clock.now()
    with couple.world.database.begin() as connection:
        changed = [pulses.rate(connection, means, close, value, now) for value in (3, 3, 4)]
    assert changed == [True, False, True]
    assert drawn == [1, 1]


@pytest.mark.parametrize("value", [0, 6, -1])
def test_a_number_outside_of_the_scale_is_our_bug(couple: Couple, value: int) -> None:
    means, _ = noting(couple)
    close = question(couple, "close")
    with couple.world.database.begin() as connection, pytest.raises(ValueError):
        pulses.rate(connection, means, close, value, couple.world.clock.now())
