"""Two people on one phone get a step once: through whichever of them it goes, and never through neither."""

from datetime import time, timedelta

from world import Channel, World, person, phone, talk

SMS = {"channel": Channel.SMS}


def pair(*steps: object, ana: time = time(9), ben: time = time(9)) -> World:
    world = World(*steps)
    world.join(
        "x",
        person("Ana", phone=phone("X"), send_at=ana),
        person("Ben", phone=phone("X"), send_at=ben),
    )
    world.enroll()
    return world


def test_it_goes_through_the_first_when_both_are_due() -> None:
    world = pair(talk(**SMS))
    world.live()
    assert [(name, *end) for name, _, *end in world.became()] == [
        ("Ana", "sent", None),
        ("Ben", "skipped", "shared_address"),
    ]


def test_it_goes_through_the_second_when_the_firsts_condition_does_not_hold() -> None:
    world = pair(talk(when="partner.position == 2", **SMS))
    world.live()
    assert sorted((name, *end) for name, _, *end in world.became()) == [
        ("Ana", "skipped", "condition"),
        ("Ben", "sent", None),
    ]


def test_it_goes_through_the_second_when_the_first_was_too_late() -> None:
    world = pair(talk(late_after=timedelta(hours=4), **SMS), ben=time(18))
    world.go_to("2026-03-03T17:00")
    world.live()
    assert sorted((name, *end) for name, _, *end in world.became()) == [
        ("Ana", "skipped", "too_late"),
        ("Ben", "sent", None),
    ]


def test_when_the_second_is_due_first_the_first_is_the_one_who_is_spared() -> None:
    world = pair(talk(**SMS), ana=time(18), ben=time(9))
    world.live()
    assert sorted((name, *end) for name, _, *end in world.became()) == [
        ("Ana", "skipped", "shared_address"),
        ("Ben", "sent", None),
    ]
