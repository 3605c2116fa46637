"""What messages will cost is known before they go, and what they did cost is added up afterwards."""

from pathlib import Path

import pytest
from world import Channel, World, person, plain_templates, talk

from engine.deliver.costs import Prices
from engine.report.costs import Spent, spent
from engine.sections import PriceSettings
from engine.testing.transports import email, sms

PRICES = {"sms": 0.01, "email": 0.001, "whatsapp": 0.005, "prefixes": {"+44": 0.04, "+4479": 0.05}}


@pytest.mark.parametrize(
    ("message", "cost"),
    [
        (email(1), (1, 1_000)),
        (sms(1, "Hello"), (1, 10_000)),
        (sms(1, "a" * 161), (2, 20_000)),
        (sms(1, "curly ’ quote" * 6), (2, 20_000)),
        (sms(1, "Hello", "+442071234567"), (1, 40_000)),
        (sms(1, "Hello", "+447912345678"), (1, 50_000)),
    ],
)
def test_a_text_costs_its_segments_at_the_longest_prefix_that_has_a_price(
    message: object, cost: tuple[int, int]
) -> None:
    assert Prices(PriceSettings.model_validate(PRICES)).of(message) == cost  # type: ignore[arg-type]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Ana by email and Ben by text, a short one in week 1 and one of two segments in week 2."""
    templates = plain_templates(tmp_path, long="x" * 200)
    steps = talk("short", weeks=(1,)), talk("long", weeks=(2,), template="long")
    world = World(*steps, templates=[templates], settings={"prices": PRICES})
    world.join("x", person("Ana"), person("Ben", channel=Channel.SMS, phone="+447912345678"))
    world.enroll()
    return world


def estimated(world: World) -> list[tuple[str, int, int, float]]:
    lines = world.engine.estimate(until=None, couple=None, limit=100)
    return [(line.channel, line.messages, line.segments, line.price()) for line in lines]


def test_what_is_to_come_is_priced_before_anything_is_sent(world: World) -> None:
    assert estimated(world) == [("email", 2, 2, 0.002), ("sms", 2, 3, 0.15)]


def test_what_was_sent_is_priced_as_it_was_handed_over_and_no_longer_to_come(world: World) -> None:
    world.go_to("2026-03-03T09:00")
    assert estimated(world) == [("email", 1, 1, 0.001), ("sms", 1, 2, 0.1)]
    world.go_to("2026-03-10T09:00")
    with world.database.read() as connection:
        assert spent(connection) == [Spent("test", "email", 2, 2, 2_000), Spent("test", "sms", 2, 3, 150_000)]
        assert spent(connection, "x") == spent(connection)
        assert spent(connection, "someone else") == []
    assert estimated(world) == []


def test_what_will_not_go_costs_nothing(world: World) -> None:
    world.alter("Ben", sms_consent=False)
    assert estimated(world) == [("email", 2, 2, 0.002)]
