"""After hours or weeks away: what still makes sense is sent, never in a burst; the rest is skipped and says why."""

from collections import Counter
from datetime import time, timedelta

import pytest
from world import World, person, talk

from engine.model.campaign import Caps

SENT = ("sent", None)
LATE = ("skipped", "too_late")


def test_six_hours_down_what_fell_due_meanwhile_goes_out_at_once() -> None:
    world = World()
    world.join("x", person("Ana"), person("Ben", send_at=time(11)))
    world.enroll()
    world.go_to("2026-03-03T15:00")
    assert world.ends() == [SENT, SENT]
    assert [row.sent_at.isoformat()[:16] for row in world.rows()] == ["2026-03-03T15:00"] * 2


def test_six_hours_down_past_the_window_it_waits_for_the_morning() -> None:
    world = World()
    world.join("x", person("Ana", send_at=time(18)))
    world.enroll()
    world.go_to("2026-03-04T00:00")
    world.live()
    assert world.became() == [("Ana", "2026-03-04T09:00", *SENT)]
    assert [row.moved_because for row in world.rows()] == ["window"]


def test_later_than_its_step_allows_it_is_skipped_to_the_minute() -> None:
    for late, end in ((120, SENT), (121, LATE)):
        world = World(talk(late_after=timedelta(hours=2)))
        world.join("x", person("Ana"))
        world.enroll()
        world.clock.move_to(world.engine.next_wake() or world.clock.now())
        world.fast_forward(minutes=late)
        assert world.ends() == [end]


def test_six_weeks_down_only_the_last_days_step_is_sent_and_each_missed_one_says_it_is_too_late() -> None:
    world = World(talk(weeks=tuple(range(1, 9)), days=(1, 4)))
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.live("2026-03-08T00:00")  # week 1 went as it should
    done = world.go_to("2026-04-17T12:00")  # a Friday, three hours after a step
    assert (done.planned.planned, done.planned.skipped, done.delivered.sent) == (2, 22, 2)
    for name in ("Ana", "Ben"):
        ends = [tuple(end) for who, _, *end in world.became() if who == name]
        assert ends == [SENT, SENT] + [LATE] * 11 + [SENT]
    world.live()
    assert Counter(world.ends()) == {SENT: 10, LATE: 22}


@pytest.mark.parametrize("caps", [Caps(per_day=1), Caps(per_day=2, per_week=9), Caps(per_day=5, per_week=9)])
@pytest.mark.parametrize("away_until", ["2026-03-05T18:00", "2026-03-05T23:00", "2026-03-06T05:00"])
def test_catching_up_never_sends_a_partner_two_in_one_window_whatever_the_caps_allow(
    caps: Caps, away_until: str
) -> None:
    """Six steps in three days, all late but still in time: each goes, one a day, from the first window on."""
    steps = [
        talk(f"{name}{day}", days=(day,), at=time(hour), late_after=timedelta(days=9))
        for day in (1, 2, 3)
        for name, hour in (("a", 10), ("b", 16))
    ]
    world = World(*steps, caps=caps)
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.go_to(away_until)
    world.live()
    assert world.ends() == [SENT] * 12
    days = Counter((row.partner_id, row.sent_at.date()) for row in world.rows())
    assert set(days.values()) == {1}


def test_a_step_that_falls_due_on_the_day_of_catching_up_waits_when_the_share_is_used_up() -> None:
    world = World(talk(weeks=(1,), days=(1, 2), at=time(16)))
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-04T10:00")  # Tuesday's, 18 hours late, takes Wednesday's place
    world.live()
    assert world.became() == [
        ("Ana", "2026-03-03T16:00", *SENT),
        ("Ana", "2026-03-05T09:00", *SENT),
    ]
    assert [row.sent_at.isoformat()[:16] for row in world.rows()] == ["2026-03-04T10:00", "2026-03-05T09:00"]
    assert [row.moved_because for row in world.rows()] == [None, "frequency_cap"]


def test_what_would_be_too_late_in_the_next_window_says_what_it_would_have_waited_for() -> None:
    world = World(talk("a", at=time(9)), talk("b", at=time(10), late_after=timedelta(hours=4)))
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T12:00")
    assert world.ends() == [SENT, ("skipped", "frequency_cap")]


def test_many_ticks_after_a_long_absence_send_no_more_than_one_does() -> None:
    world = World(talk(weeks=tuple(range(1, 9)), days=(0, 2, 4)))
    world.join("x", person("Ana"))
    world.enroll()
    world.clock.fast_forward(timedelta(weeks=6))
    for _ in range(5):
        world.fast_forward(minutes=1)
    assert Counter(world.ends())[SENT] <= 1
    assert len(world.inbox.messages) <= 1
