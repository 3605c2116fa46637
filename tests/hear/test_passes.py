"""A pass opens one row for one partner, until it is revoked; an old one brings a fresh link to the address we have."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update
from world import World, at, person

from engine.hear.passes import Opened, opened, renew
from engine.render.links import LIFETIMES, Purpose
from engine.store import couples_schema, schema

PASSES = [each for each in Purpose if each is not Purpose.UNSUBSCRIBE]


@pytest.fixture
def world() -> World:
    """Ana and Ben have each had a message; Ana has a confirmation and an invitation of her own."""
    made = World()
    made.join("a-b", person("Ana"), person("Ben"))
    made.enroll()
    made.go_to("2026-03-03T09:00")
    now = made.clock.now()
    with made.database.begin() as connection:
        connection.execute(
            insert(couples_schema.confirmations).values(
                partner_id=1, channel="email", address_cipher=b"", address_index=b"", asked_at=now
            )
        )
        connection.execute(insert(couples_schema.invitations).values(partner_id=1, made_at=now))
    return made


def row(world: World, purpose: Purpose) -> int:
    """The row of Ana's that a pass of this purpose is about."""
    if purpose in (Purpose.MESSAGE, Purpose.DECLINE):
        return next(each.id for each in world.rows() if each.partner_id == 1)
    return 1


def token(world: World, purpose: Purpose, *, epoch: int = 0, number: int | None = None) -> str:
    about = row(world, purpose) if number is None else number
    return world.engine.links.sign(purpose, about, epoch, at("2026-03-03T09:00").date())


def come(world: World, purpose: Purpose, given: str) -> Opened | None:
    with world.database.read() as connection:
        return opened(connection, world.engine.links, purpose, given, world.clock.now())


def ask_anew(world: World, purpose: Purpose = Purpose.MESSAGE) -> None:
    old = come(world, purpose, token(world, purpose))
    assert old is not None
    with world.database.begin() as connection:
        renew(connection, world.engine.means, old, world.clock.now())


@pytest.mark.parametrize("purpose", PASSES)
def test_a_pass_says_what_it_is_about_and_whose_it_is(world: World, purpose: Purpose) -> None:
    found = come(world, purpose, token(world, purpose))
    assert found is not None
    assert (found.id, found.holder.given_name, found.holder.other_name) == (row(world, purpose), "Ana", "Ben")
    assert not found.expired


@pytest.mark.parametrize("purpose", PASSES)
def test_a_pass_opens_nothing_for_another_purpose_nor_when_a_letter_is_changed(world: World, purpose: Purpose) -> None:
    good = token(world, purpose)
    assert not any(come(world, other, good) for other in PASSES if other is not purpose)
    for place in range(len(good)):
        changed = good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
        assert come(world, purpose, changed) is None
    for junk in ("", good[:-1], good + "A", good.lower(), "💛" * 36, "\n" + good[1:]):
        assert come(world, purpose, junk) is None


@pytest.mark.parametrize("purpose", PASSES)
def test_raising_the_epoch_or_leaving_ends_every_pass_but_the_one_that_stops_us(world: World, purpose: Purpose) -> None:
    lasting = purpose is Purpose.DECLINE
    good = token(world, purpose)
    world.alter("Ana", left_at=world.clock.now())
    assert (come(world, purpose, good) is not None) is lasting
    world.alter("Ana", left_at=None, epoch=1)
    assert (come(world, purpose, good) is not None) is lasting
    assert come(world, purpose, token(world, purpose, epoch=1)) is not None


@pytest.mark.parametrize("purpose", PASSES)
def test_a_row_that_is_gone_is_as_unknown_as_one_that_never_was(world: World, purpose: Purpose) -> None:
    assert come(world, purpose, token(world, purpose, number=10**6)) is None


@pytest.mark.parametrize("purpose", PASSES)
def test_a_pass_lasts_as_long_as_is_said_and_then_still_says_whose_it_was(world: World, purpose: Purpose) -> None:
    good, day = token(world, purpose), timedelta(days=1)
    world.clock.fast_forward(LIFETIMES[purpose])
    assert come(world, purpose, good).expired is False  # type: ignore[union-attr]
    world.clock.fast_forward(day)
    assert come(world, purpose, good).expired is True  # type: ignore[union-attr]


def test_who_comes_with_an_old_link_gets_a_fresh_one_once_a_day_at_their_own_address(world: World) -> None:
    world.go_to("2026-06-01T09:00")
    before = len(world.inbox.messages)
    for _ in range(3):
        ask_anew(world)
        world.tick()
    (message,) = world.inbox.messages[before:]
    assert message.to == "ana@example.com"
    fresh = message.text.split("/a/")[1].split()[0]  # type: ignore[union-attr]
    found = come(world, Purpose.MESSAGE, fresh)
    assert found is not None
    assert (found.id, found.expired) == (row(world, Purpose.MESSAGE), False)
    world.go_to("2026-06-02T09:00")
    ask_anew(world)
    world.tick()
    assert len(world.inbox.messages) == before + 2


def test_a_fresh_link_to_ones_own_page_is_not_about_a_message(world: World) -> None:
    world.go_to("2026-07-01T09:00")
    before = len(world.inbox.messages)
    ask_anew(world, Purpose.PREFERENCES)
    world.tick()
    (message,) = world.inbox.messages[before:]
    assert "/p/" in message.text  # type: ignore[union-attr]


def test_nobody_is_written_to_for_a_pass_that_is_good_nor_about_an_address_that_is_not_theirs_yet(world: World) -> None:
    ask_anew(world)
    world.clock.move_to(at("2027-03-03T09:00"))  # without a tick, which would forget what nobody confirmed
    for purpose in (Purpose.CONFIRM, Purpose.INVITE):
        ask_anew(world, purpose)
    assert not [each for each in world.rows() if each.step == "link"]


def test_whoever_has_stopped_us_is_not_written_to(world: World) -> None:
    with world.database.begin() as connection:
        connection.execute(update(schema.partners).values(email_consent=False))
    world.go_to("2026-06-01T09:00")
    before = len(world.inbox.messages)
    ask_anew(world)
    world.tick()
    assert len(world.inbox.messages) == before
    assert [(each.status, each.reason) for each in world.rows() if each.step == "link"] == [("skipped", "no_consent")]
