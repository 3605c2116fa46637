"""A partner says on which days and in which hours they want to be reached: nothing comes at any other."""

from datetime import time, timedelta
from typing import Any

import pytest
from world import CONSENT, VAULT, Answering, World, person, talk

from engine.enroll.latecomers import seat_latecomers
from engine.model.campaign import Channel
from engine.store import couples
from engine.transport.base import SmsMessage

SENT = ("sent", None)


def ana_says(*steps: Any, send_at: time = time(9), **says: Any) -> World:
    world = World(*steps)
    world.join("x", person("Ana", send_at=send_at), person("Ben", send_at=send_at))
    if says:
        world.alter("Ana", **says)
    world.enroll()
    return world


@pytest.mark.parametrize(
    ("says", "came"),
    [
        ({}, "2026-03-03T09:00"),
        ({"reach_from": time(11), "reach_until": time(14)}, "2026-03-03T11:00"),
        ({"reach_from": time(11)}, "2026-03-03T11:00"),
        ({"reach_until": time(12)}, "2026-03-03T09:00"),
        ({"reach_until": time(9)}, None),  # never while the campaign is open
        ({"reach_days": frozenset({2, 4})}, "2026-03-04T09:00"),
        ({"reach_days": frozenset({6})}, "2026-03-08T12:00"),
        ({"reach_days": frozenset({0}), "reach_from": time(17)}, "2026-03-09T17:00"),
    ],
)
def test_a_step_comes_when_its_partner_wants_it_and_to_the_other_as_ever(
    says: dict[str, Any], came: str | None
) -> None:
    world = ana_says(talk(), **says)
    world.live()
    ends = {partner: (day, *end) for partner, day, *end in world.became()}
    assert ends["Ben"] == ("2026-03-03T09:00", *SENT)
    assert ends["Ana"] == ((came, *SENT) if came else ("2026-03-03T09:00", "skipped", "outside_window"))


def test_a_step_that_was_moved_says_so_and_its_lateness_counts_from_there() -> None:
    world = ana_says(talk(), reach_days=frozenset({4}))
    world.go_to("2026-03-06T15:00")
    row = world.rows()[1]
    assert (row.occurrence, row.week, row.moved_because) == (1, 1, "own_days")
    assert (row.due_at.isoformat()[:16], row.expires_at - row.due_at) == ("2026-03-06T09:00", timedelta(hours=24))
    assert row.status == "sent"


def test_what_waits_for_room_waits_for_a_day_that_is_wanted() -> None:
    late = timedelta(days=14)
    world = ana_says(talk("a", late_after=late), talk("b", late_after=late), reach_days=frozenset({1, 4}))
    world.live()
    assert [day for partner, day, *_ in world.became() if partner == "Ana"] == ["2026-03-03T09:00", "2026-03-06T09:00"]


def test_hours_that_are_changed_hold_at_the_last_look() -> None:
    world = World(talk(at=time(9)), talk("b", at=time(10), late_after=timedelta(days=2)))
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T10:00")  # `b` waits for tomorrow at nine
    world.alter("Ana", reach_from=time(15))
    world.live()
    assert [day for _, day, *_ in world.became()] == ["2026-03-03T09:00", "2026-03-04T15:00"]


def test_a_text_is_worth_nothing_to_the_provider_once_their_own_hours_are_over() -> None:
    kept = Answering(lambda message, _: None)
    world = World(talk(channel=Channel.SMS), transport=kept)
    world.join("x", person("Ana"), person("Ben"))
    world.alter("Ana", reach_until=time(10))
    world.enroll()
    world.live()
    texts = {message.delivery_id: message.valid_for for message in kept.heard if isinstance(message, SmsMessage)}
    assert list(texts.values()) == [timedelta(hours=1), timedelta(hours=11)]


def test_whoever_joins_later_comes_in_at_the_next_step_on_their_own_days() -> None:
    world = World(talk(weeks=(1, 2)))
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-04T12:00")
    with world.database.begin() as connection:
        couples.join(connection, VAULT, "x", person("Ben"), CONSENT, world.clock.now())
    world.alter("Ben", reach_days=frozenset({3}))
    seat_latecomers(world.database, world.clock.now())
    world.live()
    assert [(partner, day) for partner, day, *_ in world.became() if partner == "Ben"] == [
        ("Ben", "2026-03-05T09:00"),
        ("Ben", "2026-03-12T09:00"),
    ]
