"""What a text may be about is found by indexes, however many deliveries there are."""

from typing import Any

from explaining import explained
from sqlalchemy.event import listen
from world import VAULT, World, at, person, phone

from engine.model.campaign import Channel
from engine.model.event import Inbound
from engine.store import writers
from engine.store.vault import address_index


def test_a_text_reads_the_deliveries_of_its_own_couple_alone() -> None:
    world = World()
    world.join("x", person("Ana", channel=Channel.SMS), person("Ben", channel=Channel.SMS))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    asked: list[tuple[str, Any]] = []
    listen(world.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    inbound = Inbound("memory", "k", at("2026-03-03T10:00"), Channel.WHATSAPP, phone("Ana"), "x", in_reply_to="r")
    with world.database.read() as connection:
        index = address_index(VAULT, Channel.SMS, phone("Ana"))
        (sent,) = writers.sent_to(connection, inbound, index)
        sql, parameters = asked[-1]
        found = explained(connection, sql, parameters)
    assert (sent.question.given_name, sent.quoted, sent.at) == ("Ana", False, at("2026-03-03T09:00"))
    assert not found.tables


def test_the_other_is_called_by_the_name_that_is_known() -> None:
    world = World()
    world.join("x", person("Ana"), person("Ben"))
    world.join("y", person("Cleo"))
    with world.database.read() as connection:
        assert [writers.other_name(connection, number) for number in (1, 2, 3)] == ["Ben", "Ana", None]
