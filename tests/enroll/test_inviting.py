"""The other is invited once, answers for themselves, and whoever invited them is told nothing but that they joined."""

from datetime import timedelta
from typing import Any

import pytest
from joining import confirm, joined, link, sent, sign_up, signup, stopped, who
from world import VAULT, World, person

from engine.enroll.confirming import Outcome
from engine.model.campaign import Channel
from engine.model.reply import ConsentPurpose
from engine.model.signup import Ticked
from engine.model.suppression import SuppressReason
from engine.render.links import Purpose
from engine.store import couples_schema, invitations, schema, stops, suppressions
from engine.store.invitations import Invitation
from engine.store.leaving import leave
from engine.store.notices import sealed_to

PHONE = "+12025550143"


@pytest.fixture
def world() -> World:
    """Ana has signed up alone and confirmed; it is the Wednesday after, at noon."""
    world = World()
    joined(world)
    world.go_to("2026-03-04T12:00")
    world.inbox.messages.clear()
    return world


def invitation(world: World, name: str = "Ana") -> Invitation:
    inviter = who(world, name).id
    with world.database.read() as connection:
        found = invitations.by(connection, inviter)
    assert found is not None
    return found


def invite(world: World, address: str = "ben@example.com", channel: Channel = Channel.EMAIL, locale: str = "en") -> Any:
    to = sealed_to(VAULT, channel, address, locale)
    return world.engine.reception.invite(who(world, "Ana").id, to, "192.0.2.9", world.clock.now())


def test_who_takes_up_an_invitation_is_the_second_of_that_couple_and_gets_places_in_what_it_is_in(world: World) -> None:
    """And only once their own address is confirmed: until then the first gets what one person can do."""
    sign_up(world, signup("Ben", timezone="America/New_York"), invitation_id=invitation(world).id)
    assert len(world.rows(schema.couples)) == 2
    assert confirm(world).joined
    (couple,) = world.rows(schema.couples)
    assert [(row.couple_id, row.position) for row in world.rows(schema.partners)] == [(couple.id, 1), (couple.id, 2)]
    assert len(world.rows(schema.places)) == 2
    world.inbox.messages.clear()
    world.live("2026-03-11T00:00")
    assert {message.to for message in world.inbox.messages} == {"ana@example.com", "ben@example.com"}


def test_the_first_is_not_written_to_about_it(world: World) -> None:
    sign_up(world, signup("Ben"), invitation_id=invitation(world).id)
    confirm(world)
    assert [to for to, _ in sent(world)] == ["ben@example.com"]


def test_what_was_sent_before_joining_stays_on_record_and_later_notices_go_the_couples_way(world: World) -> None:
    sign_up(world, signup("Ben"), invitation_id=invitation(world).id)
    confirm(world)
    world.tick()
    assert [row.status for row in world.rows() if row.step == "confirm"] == ["sent", "sent"]
    sign_up(world, signup("Eve", address="ben@example.com"), caller="another")
    world.clock.fast_forward(timedelta(minutes=11))
    sign_up(world, signup("Eve", address="ben@example.com"), caller="another")
    assert sent(world)[-1][0] == "ben@example.com"
    running = [row.couple_id for row in world.rows(schema.enrollments) if row.status == "active"]
    assert running == [1, 1]


def test_touch_is_drawn_only_once_both_have_agreed_to_it() -> None:
    """Given one alone who has, the draws are made anew when the other joins without."""
    world = World()
    touch = Ticked(ConsentPurpose.TOUCH, "Touch is fine.", "en 1")
    joined(world, ticked=(signup().ticked[0], touch))
    (alone,) = [row for row in world.rows(schema.enrollments) if row.campaign == "eight-weeks"]
    sign_up(world, signup("Ben"), invitation_id=invitation(world).id)
    confirm(world)
    (both,) = [row for row in world.rows(schema.enrollments) if row.campaign == "eight-weeks"]
    assert alone.learned[-1]["touch"]
    assert not both.learned[-1].get("touch", False)


def test_an_invitation_is_for_one(world: World) -> None:
    number = invitation(world).id
    for name in ("Ben", "Eve"):
        sign_up(world, signup(name), invitation_id=number)
    assert confirm(world, 2).outcome is Outcome.DONE
    assert confirm(world, 3).outcome is Outcome.CLOSED
    assert who(world, "Eve").email_index is None


@pytest.mark.parametrize("how", ["left", "erased", "parted"])
def test_nobody_joins_somebody_who_is_there_no_more(world: World, how: str) -> None:
    from engine.store.erasing import erase

    sign_up(world, signup("Ben"), invitation_id=invitation(world).id)
    ana = who(world, "Ana")
    with world.database.begin() as connection:
        if how == "left":
            leave(connection, ana.id, world.clock.now())
        if how == "erased":
            erase(connection, world.engine.vault, ana.id, world.clock.now())
    if how == "parted":
        world.alter_couple(world.rows(schema.couples)[0].ref, life_event_at=world.clock.now())
    assert confirm(world).outcome is Outcome.CLOSED
    assert who(world, "Ben").email_index is None


def test_two_people_may_share_a_phone_and_then_a_text_may_be_eithers() -> None:
    world = World()
    joined(world, channel=Channel.SMS, address=PHONE)
    sign_up(world, signup("Ben", channel=Channel.SMS, address=PHONE), invitation_id=invitation(world).id)
    assert confirm(world).joined
    assert [row.shared_phone for row in world.rows(schema.partners)] == [True, True]


def test_one_message_from_us_says_who_invites_in_the_language_chosen_for_it_and_opens_nothing_of_theirs(
    world: World,
) -> None:
    assert invite(world, locale="es") is None
    ((to, words),) = sent(world)
    assert to == "ben@example.com"
    assert "Ana te invita" in words
    today = world.clock.now().date()
    token = world.engine.links.sign(Purpose.INVITE, invitation(world).id, 0, today)
    assert link(words, "i") == f"/i/{token}"
    assert "/p/" not in words
    assert "ana@example.com" not in words


def test_there_is_no_second_message_whomever_it_would_go_to(world: World) -> None:
    for address in ("ben@example.com", "ben@example.com", "other@example.com"):
        assert invite(world, address) is None
        world.clock.fast_forward(timedelta(hours=2))
    assert [to for to, _ in sent(world)] == ["ben@example.com"]


UNWELCOME = [SuppressReason.UNSUBSCRIBED, SuppressReason.DECLINED, SuppressReason.STOP, SuppressReason.HARD_BOUNCE]


@pytest.mark.parametrize("why", UNWELCOME)
def test_who_has_ever_ended_messages_is_not_invited_and_nobody_is_told(world: World, why: SuppressReason) -> None:
    with world.database.begin() as connection:
        suppressions.add(connection, VAULT, Channel.EMAIL, "ben@example.com", why, "a test", world.clock.now())
    assert invite(world) is None
    assert invitation(world).messaged
    assert sent(world) == []


def test_who_has_left_is_not_invited_back(world: World) -> None:
    world.join("b-c", person("Ben"), person("Cid"))
    ben = who(world, "Ben").id
    with world.database.begin() as connection:
        leave(connection, ben, world.clock.now())
    assert invite(world) is None
    assert sent(world) == []


def test_a_no_on_the_page_ends_all_messages_to_where_the_invitation_went(world: World) -> None:
    invite(world)
    world.tick()
    world.engine.reception.decline_invitation(invitation(world), "a test", world.clock.now())
    assert stopped(world, "ben@example.com") == "declined"
    assert sign_up(world, signup("Ben"), invitation_id=invitation(world).id) is None
    assert len(sent(world)) == 1


def test_a_no_before_our_message_was_asked_for_keeps_it_from_being_sent(world: World) -> None:
    world.engine.reception.decline_invitation(invitation(world), "a test", world.clock.now())
    assert invite(world) is None
    assert invitation(world).messaged  # as far as the one who invites can see
    assert sent(world) == []


def test_a_no_by_the_link_in_a_message_is_kept_for_good_and_done_twice_is_done_once(world: World) -> None:
    invite(world)
    world.tick()
    (delivery,) = [row for row in world.rows() if row.step == "invite"]
    decline = world.engine.reception.decline_notice
    assert decline(delivery.id, "a test", world.clock.now())
    assert decline(delivery.id, "a test", world.clock.now())
    assert stopped(world, "ben@example.com") == "declined"
    assert invitation(world).declined
    assert len(world.rows(schema.suppressions)) == 1


def test_a_no_to_a_question_whose_address_it_is_ends_the_questions(world: World) -> None:
    sign_up(world, signup("Ben"))
    world.tick()
    newest = max(row.id for row in world.rows() if row.step == "confirm")
    assert world.engine.reception.decline_notice(newest, "a test", world.clock.now())
    assert confirm(world).outcome is Outcome.SHUT
    world.clock.fast_forward(timedelta(hours=2))
    sign_up(world, signup("Ben"))
    assert [to for to, _ in sent(world)] == ["ben@example.com"]


def test_a_no_is_more_than_an_unsubscribing(world: World) -> None:
    invite(world)
    (delivery,) = [row for row in world.rows() if row.step == "invite"]
    with world.database.begin() as connection:
        suppressions.add(connection, VAULT, Channel.EMAIL, "ben@example.com", "unsubscribed", "x", world.clock.now())
    world.engine.reception.decline_notice(delivery.id, "a test", world.clock.now())
    assert stopped(world, "ben@example.com") == "declined"
    with world.database.begin() as connection:
        stops.welcome_back(connection, delivery.to_index)
    assert stopped(world, "ben@example.com") == "declined"


def test_nobody_declines_what_is_a_partners_own_message_or_the_operators_alert(world: World) -> None:
    world.live("2026-03-10T00:00")
    (welcome,) = [row for row in world.rows() if row.step == "welcome"]
    assert not world.engine.reception.decline_notice(welcome.id, "a test", world.clock.now())
    assert not world.engine.reception.decline_notice(4711, "a test", world.clock.now())
    assert world.rows(schema.suppressions) == []


def test_a_message_for_somebody_else_counts_against_the_caller(world: World) -> None:
    for number in range(19):
        sign_up(world, signup(f"P{number}"), caller="192.0.2.9")
    assert invite(world) is None
    assert invite(world) == timedelta(hours=1)
    assert len(world.rows(couples_schema.invitations)) == 1
