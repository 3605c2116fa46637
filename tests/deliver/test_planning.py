"""From places that have fallen due to deliveries: at the right local instant, to the right people."""

from datetime import time

import pytest
from world import CONSENT, VAULT, World, person, talk

from engine.model.campaign import Audience, Channel
from engine.model.strategy import Cause
from engine.store import couples


def test_each_partner_is_written_to_at_their_own_time_where_they_are() -> None:
    world = World(talk(weeks=(1, 2)))
    world.join("x", person("Ana", "America/New_York", time(19)), person("Ben", "Pacific/Auckland", time(7, 30)))
    world.enroll()
    world.live()
    assert [(line.partner, line.due_at, line.local_time, line.status) for line in world.lines()] == [
        # 7:30 is before the window opens, so Ben's waits until 9:00.
        ("Ben", "2026-03-02T20:00:00Z", "2026-03-03T09:00:00+13:00", "sent"),
        ("Ana", "2026-03-04T00:00:00Z", "2026-03-03T19:00:00-05:00", "sent"),
        ("Ben", "2026-03-09T20:00:00Z", "2026-03-10T09:00:00+13:00", "sent"),
        # Two days after the clocks went forward in New York.
        ("Ana", "2026-03-10T23:00:00Z", "2026-03-10T19:00:00-04:00", "sent"),
    ]


def test_nothing_is_planned_before_its_instant_and_nothing_is_left_after_it() -> None:
    world = World()
    world.join("x", person("Ana"))
    world.enroll()
    assert world.go_to("2026-03-03T08:59").planned.places == 0
    done = world.go_to("2026-03-03T09:00")
    assert (done.planned.places, done.planned.planned, done.delivered.sent) == (1, 1, 1)
    assert world.engine.next_wake() is None


@pytest.mark.parametrize(
    ("audience", "alike", "who"),
    [
        (Audience.BOTH, True, [("Ana", 1), ("Ana", 2), ("Ben", 1), ("Ben", 2)]),
        (Audience.EACH, False, [("Ana", 1), ("Ana", 2), ("Ben", 1), ("Ben", 2)]),
        (Audience.ALTERNATING, None, [("Ana", 1), ("Ben", 2)]),
    ],
)
def test_a_step_goes_to_both_to_each_or_to_one_in_turns(
    audience: Audience, alike: bool | None, who: list[tuple[str, int]]
) -> None:
    world = World(talk(weeks=(1, 2), audience=audience))
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.live()
    assert sorted((line.partner, line.week) for line in world.lines()) == who
    first, second = ({line.activity for line in world.lines() if line.week == week} for week in (1, 2))
    assert first.isdisjoint(second)
    if alike is not None:
        assert (len(first), len(second)) == ((1, 1) if alike else (2, 2))


@pytest.mark.parametrize("audience", [Audience.BOTH, Audience.EACH])
def test_a_couple_of_one_gets_what_is_shared_until_the_other_joins(audience: Audience) -> None:
    world = World(talk(audience=audience))
    world.join("x", person("Ana"))
    world.enroll()
    world.live()
    assert [(line.partner, line.status) for line in world.lines()] == [("Ana", "sent")]


def test_a_partner_in_an_unknown_zone_is_never_written_to_and_the_record_says_why() -> None:
    world = World(talk(weeks=(1, 2)))
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.alter("Ana", timezone="Mars/Olympus")
    world.live()
    assert world.became() == [
        ("Ana", "2026-03-03T09:00", "skipped", "unknown_timezone"),
        ("Ben", "2026-03-03T09:00", "sent", None),
        ("Ana", "2026-03-10T09:00", "skipped", "unknown_timezone"),
        ("Ben", "2026-03-10T09:00", "sent", None),
    ]


def test_a_partner_whose_zone_is_not_known_when_enrolling_does_not_stand_in_the_way_of_the_others() -> None:
    world = World()
    world.join("x", person("Ana", "Mars/Olympus"), person("Ben"))
    assert world.enroll().enrolled == 1
    world.live()
    assert world.ends() == [("skipped", "unknown_timezone"), ("sent", None)]


@pytest.mark.parametrize(
    ("when", "sent"),
    [
        ("week == 2", [("Ana", 2), ("Ben", 2)]),
        ("couple.size == 1", []),
        ("partner.position == 1", [("Ana", 1), ("Ana", 2)]),
        ("partner.channel == 'sms'", [("Ben", 1), ("Ben", 2)]),
        ("'self-esteem' in partner.causes and week > 1", [("Ana", 2)]),
    ],
)
def test_a_step_whose_condition_does_not_hold_is_skipped_and_says_so(when: str, sent: list[tuple[str, int]]) -> None:
    world = World(talk(weeks=(1, 2), when=when))
    world.join("x", person("Ana", causes=frozenset({Cause.SELF_ESTEEM})), person("Ben", channel=Channel.SMS))
    world.enroll()
    world.live()
    found = world.lines()
    assert len(found) == 4
    assert sorted((line.partner, line.week) for line in found if line.status == "sent") == sent
    assert {(line.status, line.reason) for line in found} <= {("sent", None), ("skipped", "condition")}


def test_a_condition_that_fails_for_one_partner_holds_back_that_delivery_and_no_other() -> None:
    world = World(talk(when="1 / (partner.position - 1) > 0"))
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.live()
    assert world.became() == [
        ("Ana", "2026-03-03T09:00", "failed", "poison"),
        ("Ben", "2026-03-03T09:00", "sent", None),
    ]


def test_a_step_with_nothing_left_to_draw_is_skipped_and_says_so() -> None:
    world = World(talk(), activities=0)
    world.join("x", person("Ana"))
    world.enroll()
    world.live()
    assert world.ends() == [("skipped", "nothing_to_draw")]


def test_what_was_planned_with_which_zone_data_is_on_the_delivery() -> None:
    world = World()
    world.join("x", person("Ana", "Asia/Kathmandu"))
    world.enroll()
    world.live()
    (row,) = world.rows()
    assert (row.timezone, row.week, row.occurrence) == ("Asia/Kathmandu", 1, 1)
    assert row.tzdata.startswith("20")


@pytest.mark.parametrize("size", [1, 3, 2_500])
def test_however_many_fall_due_at_once_one_pass_plans_them_all(size: int) -> None:
    world = World(activities=1)
    with world.database.begin() as connection:
        for number in range(size):
            ana = person("Ana", email=f"ana{number}@example.com", phone=None)
            couples.add(connection, VAULT, f"x{number}", [ana], CONSENT, world.clock.now())
    world.enroll()
    done = world.go_to("2026-03-03T09:00")
    assert (done.planned.planned, done.delivered.sent) == (size, size)
