"""A signed link ends messages to an address, and only that."""

import pytest
from hearing import Line, email_index, phone_index
from sqlalchemy import delete
from world import World, person, phone

from engine.hear.unsubscribe import unsubscribe
from engine.model.campaign import Channel
from engine.render.links import Claims
from engine.store import schema

ANA = "ana@example.com"


@pytest.fixture
def line() -> Line:
    world = World()
    world.join("x", person("Ana"), person("Ben"))
    return Line(world)


def press(line: Line, partner: int = 1, channel: Channel = Channel.EMAIL) -> bool:
    return unsubscribe(line.world.database, Claims(partner, channel), line.world.clock.now(), "link")


def test_pressing_stops_the_address_once(line: Line) -> None:
    assert press(line)
    assert not press(line)
    (row,) = line.world.rows(schema.suppressions)
    assert (row.address_index, row.reason, row.source, row.channel) == (
        email_index(ANA), "unsubscribed", "link", "email"
    )  # fmt: skip


def test_it_is_about_the_address_the_partner_has_now_on_that_channel(line: Line) -> None:
    assert press(line, channel=Channel.WHATSAPP)
    line.world.alter("Ana", email_index=email_index("new@example.com"))
    assert press(line)
    assert set(line.stopped()) == {phone_index(phone("Ana")), email_index("new@example.com")}


def test_nobody_and_no_address_are_no_news(line: Line) -> None:
    line.world.alter("Ben", email_index=None)
    assert not press(line, partner=2)
    assert not press(line, partner=99)
    with line.world.database.begin() as connection:
        connection.execute(delete(schema.couples))
    assert not press(line)
    assert line.stopped() == {}


def test_it_outlives_a_count_of_soft_bounces_that_was_there_first(line: Line) -> None:
    with line.world.database.begin() as connection:
        connection.execute(
            schema.suppressions.insert().values(
                address_index=email_index(ANA), channel="email", reason="soft_bounces", source="memory",
                at=line.world.clock.now(),
            )
        )  # fmt: skip
    assert press(line)
    assert line.stopped() == {email_index(ANA): "unsubscribed"}


def test_what_is_stopped_for_good_stays_so(line: Line) -> None:
    with line.world.database.begin() as connection:
        connection.execute(
            schema.suppressions.insert().values(
                address_index=email_index(ANA), channel="email", reason="complaint", source="memory",
                at=line.world.clock.now(),
            )
        )  # fmt: skip
    assert not press(line)
    assert line.stopped() == {email_index(ANA): "complaint"}
