"""What keeps a delivery from being sent when it falls due, and whom that concerns: one partner, or both."""

from collections.abc import Callable
from datetime import time

import pytest
from world import CONSENT, VAULT, World, at, person, talk

from engine.model.campaign import Audience, Channel
from engine.store import couples, suppressions
from engine.transport.base import SmsMessage

SENT = ("sent", None)
Act = Callable[[World], None]


def pause_both(world: World) -> None:
    with world.database.begin() as connection:
        couples.pause(connection, couples.id_of(connection, "x"), at("2026-03-05T00:00"))


def pause_ana(world: World) -> None:
    with world.database.begin() as connection:
        couples.pause(connection, couples.id_of(connection, "x"), None, position=1)


def life_event(world: World) -> None:
    world.alter_couple("x", life_event_at=world.clock.now())


def withdraw_consent(world: World) -> None:
    with world.database.begin() as connection:
        ana = couples.find(connection, VAULT, "x").partners[0]
        couples.record_consent(connection, ana.id, Channel.EMAIL, False, CONSENT, world.clock.now())


def suppress_ana(world: World) -> None:
    with world.database.begin() as connection:
        suppressions.add(connection, VAULT, Channel.EMAIL, "Ana@example.com", "bounced", "a test", world.clock.now())


def forget_address(world: World) -> None:
    world.alter("Ana", email_cipher=None, email_index=None)


GATES: list[tuple[Act, tuple[str, str | None], tuple[str, str | None]]] = [
    (pause_both, ("skipped", "paused"), ("skipped", "paused")),
    (pause_ana, ("skipped", "paused"), SENT),
    (life_event, ("skipped", "life_event"), ("skipped", "life_event")),
    (withdraw_consent, ("skipped", "no_consent"), SENT),
    (suppress_ana, ("skipped", "suppressed"), SENT),
    (forget_address, ("skipped", "no_address"), SENT),
]


@pytest.mark.parametrize(("act", "ana", "ben"), GATES)
def test_what_one_partner_may_not_get_the_other_still_does(
    act: Act, ana: tuple[str, str | None], ben: tuple[str, str | None]
) -> None:
    world = World()
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    act(world)
    world.live()
    assert world.ends() == [ana, ben]


def test_a_pause_that_has_ended_no_longer_counts() -> None:
    world = World(talk(weeks=(1, 2)))
    world.join("x", person("Ana"))
    world.enroll()
    pause_both(world)
    world.live()
    assert world.became() == [("Ana", "2026-03-03T09:00", "skipped", "paused"), ("Ana", "2026-03-10T09:00", *SENT)]


def test_a_partner_without_an_address_on_the_steps_channel_is_skipped_and_the_other_is_not() -> None:
    world = World(talk(channel=Channel.SMS))
    world.join("x", person("Ana", phone=None), person("Ben"))
    world.enroll()
    world.live()
    assert world.ends() == [("skipped", "no_address"), SENT]


def share_a_phone(world: World) -> None:
    world.join("x", *(person(name, phone="+12025550123", channel=Channel.SMS) for name in ("Ana", "Ben")))
    world.enroll()


def test_a_phone_that_both_share_gets_one_text_and_both_have_it_on_record() -> None:
    world = World(talk(weeks=(1, 2)))
    share_a_phone(world)
    world.live()
    assert [(line.partner, line.week, line.status, line.reason) for line in world.lines()] == [
        ("Ana", 1, *SENT),
        ("Ben", 1, "skipped", "shared_address"),
        ("Ana", 2, *SENT),
        ("Ben", 2, "skipped", "shared_address"),
    ]
    assert len(world.inbox.messages) == 2
    assert all(isinstance(message, SmsMessage) for message in world.inbox.messages)


def test_whoever_of_two_on_one_phone_is_reached_there_alone_gets_their_own_text() -> None:
    world = World()
    share_a_phone(world)
    pause_ana(world)
    world.live()
    assert world.ends() == [("skipped", "paused"), SENT]


def test_partners_in_turns_on_a_shared_phone_each_get_their_turn() -> None:
    world = World(talk(weeks=(1, 2), audience=Audience.ALTERNATING))
    share_a_phone(world)
    world.live()
    assert [(line.partner, line.status) for line in world.lines()] == [("Ana", "sent"), ("Ben", "sent")]


def test_a_stop_from_a_shared_phone_ends_texts_for_both() -> None:
    world = World()
    share_a_phone(world)
    with world.database.begin() as connection:
        suppressions.add(connection, VAULT, Channel.SMS, "+12025550123", "stop", "a test", world.clock.now())
    world.live()
    assert world.ends() == [("skipped", "suppressed")] * 2


def test_messages_over_the_days_share_wait_for_the_next_window() -> None:
    world = World(talk("a", at=time(10)), talk("b", at=time(15)))
    world.join("x", person("Ana"))
    world.enroll()
    world.live()
    assert world.became() == [("Ana", "2026-03-03T10:00", *SENT), ("Ana", "2026-03-04T09:00", *SENT)]
    assert [row.moved_because for row in world.rows()] == [None, "frequency_cap"]


def test_messages_over_the_weeks_share_wait_for_monday_or_are_skipped_when_that_is_too_late() -> None:
    days = (0, 1, 2, 3, 4, 6)
    world = World(talk(days=days, weeks=(1,)))
    world.join("x", person("Ana", send_at=time(13)))
    world.enroll()
    world.live()
    assert [(day[8:10], *end) for _, day, *end in world.became()] == [
        ("02", *SENT),
        ("03", *SENT),
        ("04", *SENT),
        ("05", *SENT),
        ("06", "skipped", "frequency_cap"),
        ("09", *SENT),  # Sunday's waits until Monday morning, within its 24 hours
    ]
