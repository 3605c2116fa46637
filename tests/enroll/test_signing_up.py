"""Signing up sends one message to confirm by and nothing else, and says nothing of who is here already."""

from datetime import timedelta
from typing import Any

import pytest
from joining import MESSAGES, confirm, joined, link, sent, sign_up, signup, stopped, who
from world import VAULT, World, person

from engine.enroll.confirming import Outcome
from engine.model.campaign import Channel
from engine.model.reply import ConsentPurpose
from engine.model.signup import Ticked
from engine.model.strategy import Cause
from engine.model.suppression import SuppressReason
from engine.store import couples_schema, schema, suppressions

PHONE = "+12025550143"


@pytest.fixture
def world() -> World:
    return World()


def suppress(world: World, address: str, why: SuppressReason, channel: Channel = Channel.EMAIL) -> None:
    with world.database.begin() as connection:
        suppressions.add(connection, VAULT, channel, address, why, "a test", world.clock.now())


def notices(world: World) -> list[str]:
    """Every notice that was ever planned, by its name."""
    return [row.step for row in world.rows()]


def test_until_the_address_confirms_nothing_is_sent_but_the_question_whose_it_is(world: World) -> None:
    sign_up(world, signup())
    ((to, words),) = sent(world)
    assert to == "ana@example.com"
    assert "Is this address yours?" in words
    world.live()
    assert len(sent(world)) == 1
    assert [row.campaign for row in world.rows(schema.enrollments)] == ["notices"]
    assert not who(world, "Ana").email_consent


def test_who_has_not_confirmed_has_no_address_anywhere_but_sealed_where_it_is_asked_about(world: World) -> None:
    sign_up(world, signup())
    assert (who(world, "Ana").email_cipher, who(world, "Ana").email_index) == (None, None)
    (asked,) = world.rows(couples_schema.confirmations)
    assert b"ana" not in asked.address_cipher
    (couple,) = world.rows(schema.couples)
    assert couple.ref.startswith("j-")
    assert len(couple.ref) == 12


def test_confirming_begins_the_campaign_on_the_next_monday_of_the_persons_own_calendar(world: World) -> None:
    """Given a sign-up on Sunday at noon in Auckland, where Monday has begun, it begins a week later."""
    sign_up(world, signup("Ana", timezone="Pacific/Auckland"))
    world.clock.fast_forward(timedelta(hours=3))
    assert confirm(world).outcome is Outcome.DONE
    assert [str(row.start) for row in world.rows(schema.enrollments) if row.campaign == "eight-weeks"] == ["2026-03-09"]


def test_a_workspace_may_begin_tomorrow() -> None:
    world = World(settings={"join": {"starts": "tomorrow"}})
    world.clock.fast_forward(timedelta(days=3))
    joined(world)
    assert [str(row.start) for row in world.rows(schema.enrollments) if row.campaign == "eight-weeks"] == ["2026-03-05"]


def test_what_was_said_and_ticked_is_kept_and_holds_once_the_address_is_confirmed(world: World) -> None:
    touch = Ticked(ConsentPurpose.TOUCH, "Touch is fine.", "en 1")
    pulse = Ticked(ConsentPurpose.PULSE, "Count me in.", "en 1")
    sign_up(world, signup(ticked=(MESSAGES, touch, pulse), causes=frozenset({Cause.SELF_ESTEEM}), share_texts=True))
    before = who(world, "Ana")
    assert not any((before.email_consent, before.touch, before.share_pulse, before.answers_consent))
    confirm(world)
    after = who(world, "Ana")
    assert all((after.email_consent, after.touch, after.share_pulse, after.share_texts))
    assert not any((after.answers_consent, after.sms_consent, after.whatsapp_consent))
    assert after.causes == {"self-esteem"}
    kept = [(row.purpose, row.channel, row.words, row.version, row.given) for row in world.rows(schema.consents)]
    assert kept == [
        ("messages", "email", "Yes, send me messages.", "en 1", True),
        ("touch", "email", "Touch is fine.", "en 1", True),
        ("pulse", "email", "Count me in.", "en 1", True),
    ]


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
def test_a_phone_is_confirmed_on_the_channel_it_was_given_for_and_that_alone(world: World, channel: Channel) -> None:
    joined(world, channel=channel, address=PHONE)
    ana = who(world, "Ana")
    assert ana.phone_index is not None
    assert ana.channel == channel.value
    assert (ana.sms_consent, ana.whatsapp_consent) == (channel is Channel.SMS, channel is Channel.WHATSAPP)


def test_confirming_again_changes_nothing(world: World) -> None:
    joined(world)
    before = [list(world.rows(table)) for table in schema.metadata.sorted_tables]
    assert confirm(world).outcome is Outcome.AGAIN
    assert [list(world.rows(table)) for table in schema.metadata.sorted_tables] == before


def test_an_address_that_is_with_us_gets_a_word_of_that_once_a_day_and_no_couple_is_made(world: World) -> None:
    joined(world)
    for _ in range(3):
        assert sign_up(world, signup("Eve", address="ANA@example.com")) is None
        world.clock.fast_forward(timedelta(minutes=30))
    assert notices(world) == ["confirm", "known"]
    assert len(world.rows(schema.couples)) == 1
    (_, (to, words)) = sent(world)
    assert to == "ana@example.com"
    assert "Hello Ana" in words
    assert "Eve" not in words


SHUT = [
    (SuppressReason.UNSUBSCRIBED, True),
    (SuppressReason.STOP, False),
    (SuppressReason.DECLINED, False),
    (SuppressReason.COMPLAINT, False),
    (SuppressReason.HARD_BOUNCE, False),
    (SuppressReason.OPERATOR, False),
]


@pytest.mark.parametrize(("why", "asked"), SHUT, ids=[why.value for why, _ in SHUT])
def test_who_only_unsubscribed_may_sign_up_anew_and_anybody_else_is_left_in_peace(
    world: World, why: SuppressReason, asked: bool
) -> None:
    suppress(world, "ana@example.com", why)
    assert sign_up(world, signup()) is None
    assert bool(sent(world)) is asked
    assert bool(world.rows(schema.couples)) is asked


def test_confirming_takes_back_an_unsubscribing_and_no_other_suppression(world: World) -> None:
    suppress(world, "ana@example.com", SuppressReason.UNSUBSCRIBED)
    sign_up(world, signup())
    assert confirm(world).outcome is Outcome.DONE
    assert stopped(world, "ana@example.com") is None
    sign_up(world, signup("Ben"))
    suppress(world, "ben@example.com", SuppressReason.COMPLAINT)
    assert confirm(world).outcome is Outcome.SHUT
    assert stopped(world, "ben@example.com") == "complaint"
    assert who(world, "Ben").email_index is None


def test_an_address_is_asked_once_in_ten_minutes_and_three_times_a_day(world: World) -> None:
    for minutes in (0, 1, 9, 15, 15, 15, 15, 60 * 24):
        world.clock.fast_forward(timedelta(minutes=minutes))
        assert sign_up(world, signup()) is None  # nobody is told
    assert notices(world) == ["confirm"] * 4


def test_a_caller_gets_twenty_an_hour_and_then_is_told_how_long_to_wait(world: World) -> None:
    for number in range(20):
        assert sign_up(world, signup(f"P{number}")) is None
    world.clock.fast_forward(timedelta(minutes=20))
    assert sign_up(world, signup("Q")) == timedelta(minutes=40)
    assert sign_up(world, signup("Q"), caller="192.0.2.2") is None
    assert len(world.rows(schema.couples)) == 21
    world.clock.fast_forward(timedelta(minutes=40))
    assert sign_up(world, signup("R")) is None


def test_a_workspace_gets_five_hundred_an_hour(world: World) -> None:
    for number in range(500):
        assert sign_up(world, signup(f"P{number}"), caller=f"c{number}") is None
    assert sign_up(world, signup("Q"), caller="another") == timedelta(hours=1)


def test_counts_name_nobody(world: World) -> None:
    sign_up(world, signup(), caller="192.0.2.77")
    keys = [row.key for row in world.rows(couples_schema.rates)]
    assert len(keys) == 4
    assert {len(key) for key in keys} == {16}
    assert not any(part in b"".join(keys) for part in (b"ana", b"192"))


def test_a_sign_up_that_nobody_confirms_is_forgotten_after_a_week_and_all_of_it(world: World) -> None:
    sign_up(world, signup())
    joined(world, "Ben")
    world.fast_forward(days=6)
    assert len(world.rows(schema.couples)) == 2
    world.fast_forward(days=1, hours=2)
    assert [row.given_name for row in world.rows(schema.partners)] == ["Ben"]
    assert world.rows(couples_schema.confirmations) == []
    assert [row.step for row in world.rows() if row.step == "confirm"] == ["confirm"]
    world.fast_forward(days=30)
    assert world.rows(couples_schema.rates) == []


def test_an_imported_couple_is_never_taken_for_a_sign_up(world: World) -> None:
    world.join("a-b", person("Ana"), person("Ben"))
    world.fast_forward(days=30)
    assert len(world.rows(schema.partners)) == 2


def test_of_two_sign_ups_with_one_address_the_confirmed_one_stays(world: World) -> None:
    sign_up(world, signup())
    world.clock.fast_forward(timedelta(minutes=11))
    sign_up(world, signup("Anna", address="Ana@Example.com"))
    assert confirm(world, 1).outcome is Outcome.DONE
    assert confirm(world, 2).outcome is Outcome.GONE
    assert [row.given_name for row in world.rows(schema.partners)] == ["Ana"]


def test_an_address_that_is_another_couples_meanwhile_is_not_taken_from_them(world: World) -> None:
    sign_up(world, signup())
    world.join("a-b", person("Ana"), person("Ben"))
    assert confirm(world, 1).outcome is Outcome.TAKEN
    assert [row.couple_id for row in world.rows(schema.partners) if row.email_index] == [2, 2]


def test_who_has_left_may_begin_again_with_the_same_address(world: World) -> None:
    from engine.store.leaving import leave

    first = joined(world)
    with world.database.begin() as connection:
        leave(connection, first, world.clock.now())
    again = joined(world)
    assert again != first
    assert [(row.id, row.email_index is not None) for row in world.rows(schema.partners)] == [(1, False), (2, True)]


CLOSED: list[dict[str, Any]] = [{"open": False}, {"campaigns": ["date-nights"]}]


@pytest.mark.parametrize("join", CLOSED, ids=["no sign-ups", "another campaign"])
def test_what_is_closed_by_the_time_it_is_confirmed_does_not_begin(join: dict[str, Any]) -> None:
    world = World(settings={"join": join})
    sign_up(world, signup())
    assert confirm(world).outcome is Outcome.CLOSED
    assert who(world, "Ana").email_index is None


def test_only_what_the_workspace_opens_can_be_signed_up_for_and_a_broken_file_is_left_out(world: World) -> None:
    assert set(world.engine.reception.open_campaigns()) == {
        "eight-weeks", "date-nights", "steady-ground", "twenty-one-days",
    }  # fmt: skip
    some = World(settings={"join": {"campaigns": ["date-nights", "nothing"]}}).engine.reception
    assert list(some.open_campaigns()) == ["date-nights"]
    assert some.open_campaign("eight-weeks") is None
    assert some.open_campaign("../secret") is None
    shut = World(settings={"join": {"open": False}}).engine.reception
    assert (shut.open_campaigns(), shut.open_campaign("date-nights")) == ({}, None)


def test_no_id_that_is_in_a_link_is_ever_given_again(world: World) -> None:
    """A link that somebody kept must not open the page of whoever came next."""
    sign_up(world, signup())
    world.fast_forward(days=8)
    assert world.rows(schema.partners) == []
    sign_up(world, signup("Ben"))
    assert [row.id for row in world.rows(schema.partners)] == [2]
    assert [row.id for row in world.rows(couples_schema.confirmations)] == [2]
    assert [row.id for row in world.rows()] == [2]


def test_the_message_to_an_address_that_is_not_confirmed_opens_nobodys_preferences(world: World) -> None:
    sign_up(world, signup())
    ((_, words),) = sent(world)
    assert link(words, "c")
    assert link(words, "d")
    assert "/p/" not in words
    assert "/u/" not in words
