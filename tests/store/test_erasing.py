"""Somebody is erased: all that is theirs goes, and for the one who stays nothing changes."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from world import CONSENT, VAULT, Answering, World, person, phone, plain_templates, talk

from engine.deliver.definitions import Definitions
from engine.deliver.dispatch import ProtocolStep
from engine.deliver.forecast import schedule
from engine.model.campaign import Channel
from engine.store import couples, erasing, schema, suppressions
from engine.store.couples_schema import answers, reveals
from engine.store.metadata import metadata
from engine.transport.base import ConnectionFailed, EmailMessage, MessageRejected

SENT = ("sent", None)


def together(*templates: Path) -> World:
    pair = talk("pair", weeks=(1, 2, 3), days=(4,), when="couple.size == 2")
    world = World(talk(weeks=(1, 2, 3)), pair, templates=templates)
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    return world


def erase(world: World, partner: int = 1) -> bool:
    with world.database.begin() as connection:
        return erasing.erase(connection, VAULT, partner, world.clock.now())


def to_ben(world: World) -> list[str]:
    return [
        f"{message.subject}\n{message.text}"
        for message in world.inbox.messages
        if isinstance(message, EmailMessage) and "ben@" in message.to
    ]


def without_links(words: list[str]) -> list[str]:
    return [" ".join(word for word in each.split() if "://" not in word) for each in words]


@pytest.fixture
def naming(tmp_path: Path) -> Path:
    """Templates that name the other."""
    return plain_templates(tmp_path, prompt="{{ partner.given_name }} with {{ other_name }}")


def test_the_others_messages_stay_as_they_are_the_name_in_them_too(naming: Path) -> None:
    worlds = [together(naming), together(naming)]
    for world in worlds:
        world.live("2026-03-04T12:00")
    assert erase(worlds[0])
    for world in worlds:
        world.live()
    changed, plain = (without_links(to_ben(world)) for world in worlds)
    assert changed == plain
    assert any("Ana" in each for each in changed)
    assert len(changed) == 6


def test_what_is_foretold_for_the_other_stays_as_it_is() -> None:
    world = together()

    def of_ben() -> list[dict[str, Any]]:
        with world.database.read() as connection:
            found = schedule(connection, Definitions(), until=None, couple="x", limit=99)
            return [each.entry() | {"other": each.who.other_name} for each in found if each.who.given_name == "Ben"]

    before = of_ben()
    erase(world)
    assert of_ben() == before


def test_nothing_of_theirs_is_left() -> None:
    world = together()
    world.go_to("2026-03-03T09:00")
    with world.database.begin() as connection:
        said = {"source": "twilio", "key": "r1", "channel": "sms", "at": world.clock.now(), "text_cipher": b"sealed"}
        connection.execute(insert(schema.replies).values(partner_id=1, delivery_id=None, **said))
        connection.execute(
            insert(answers),
            [{"enrollment_id": 1, "partner_id": each, "step": "talk", "occurrence": 1} for each in (1, 2)],
        )
        connection.execute(insert(reveals).values(enrollment_id=1, step="talk", occurrence=1, at=world.clock.now()))
    assert erase(world)
    assert not erase(world)
    for table in (schema.partners, schema.places, schema.deliveries, schema.consents, schema.replies, answers):
        rows = world.rows(table)
        assert {row._mapping.get("partner_id", row.id if table is schema.partners else None) for row in rows} <= {2}
    assert world.rows(schema.replies) == []
    with world.database.read() as connection:
        stored = [value for each in metadata.sorted_tables for row in connection.execute(select(each)) for value in row]
    assert stored.count("Ana") == 1  # what Ben calls them


def test_nobody_signs_their_addresses_up_again_unasked() -> None:
    world = together()
    erase(world)
    with world.database.read() as connection:
        found = suppressions.list_suppressions(connection)
        assert suppressions.is_suppressed(connection, VAULT, Channel.EMAIL, "ana@example.com")
        assert suppressions.is_suppressed(connection, VAULT, Channel.SMS, phone("Ana"))
    assert {(each.reason, each.source) for each in found} == {("unsubscribed", "erased")}
    assert len(found) == 2


def test_an_address_that_both_have_stays_the_others() -> None:
    world = World(talk())
    world.join("x", *(person(name, phone=phone("X"), channel=Channel.SMS) for name in ("Ana", "Ben")))
    world.enroll()
    erase(world)
    world.live()
    assert [(line.partner, line.status) for line in world.lines()] == [("Ben", "sent")]


def test_the_last_of_a_couple_takes_it_along() -> None:
    world = together()
    world.go_to("2026-03-03T09:00")
    erase(world, 2)
    erase(world, 1)
    for table in (schema.couples, schema.partners, schema.enrollments, schema.deliveries):
        assert world.rows(table) == []


def test_who_had_left_before_can_be_erased() -> None:
    world = together()
    world.alter("Ana", left_at=world.clock.now())
    assert erase(world)
    assert [row.calls_other for row in world.rows(schema.partners)] == ["Ana"]


def test_somebody_new_in_their_place_is_called_by_their_own_name(naming: Path) -> None:
    world = together(naming)
    erase(world)
    with world.database.begin() as connection:
        couples.join(connection, VAULT, "x", person("Cem"), CONSENT, world.clock.now())
    world.live()
    assert "Ana" not in "".join(to_ben(world))
    assert "Cem" in "".join(to_ben(world))


@pytest.mark.parametrize("outcome", [None, MessageRejected("no"), ConnectionFailed("down")])
def test_erasing_somebody_whose_message_is_just_being_sent_disturbs_nobody_elses(outcome: Any) -> None:
    world = World(talk(), transport=Answering(lambda message, _: during(message)))

    def during(message: Any) -> Any:
        if "ana" in message.to:
            erase(world)
        return outcome if "ana" in message.to else None

    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.live("2026-03-03T12:00")
    assert [(line.partner, line.status) for line in world.lines()] == [("Ben", "sent")]
    with world.database.read() as connection:
        if connection.dialect.name == "sqlite":  # a server has no rows that point nowhere
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


def test_erasing_somebody_whose_message_is_only_claimed_disturbs_nobody_elses() -> None:
    erased: list[bool] = []

    def meanwhile(step: ProtocolStep) -> None:
        if step is ProtocolStep.RENDERED and not erased:
            erased.append(erase(world))

    world = World(talk(), announce=meanwhile)
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    assert erased == [True]
    assert [(line.partner, line.status) for line in world.lines()] == [("Ben", "sent")]
