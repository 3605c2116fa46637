"""A notice goes once, by the same protocol as every message, past those gates only that are not for it."""

from datetime import UTC, datetime, timedelta

import pytest
from world import VAULT, World, person, phone

from engine.define.notices import notices
from engine.model.campaign import Channel, Urgency
from engine.model.notice import Notice
from engine.model.suppression import SuppressReason
from engine.render.links import Purpose
from engine.store import couples, pausing, schema, suppressions
from engine.store.notices import Posted, To, sealed_to
from engine.transport.base import EmailMessage, SmsMessage

NIGHT = "2026-03-03T03:00"
NOON = "2026-03-03T12:00"


def post(world: World, notice: Notice, number: int = 1, to: To | None = None, about: int | None = None) -> bool:
    (ana, *_) = world.rows(schema.partners)
    means = world.engine.means
    with world.database.begin() as connection:
        return means.post.post(connection, Posted(notice, ana.id, number, about=about, to=to), world.clock.now())


def ends(world: World) -> list[tuple[str, str | None]]:
    return [(row.status, row.reason) for row in world.rows()]


@pytest.fixture
def world() -> World:
    world = World()
    world.join("a-b", person("Ana", "UTC"), person("Ben", "UTC"))
    return world


def test_a_notice_is_said_once_for_each_thing_there_is_to_say(world: World) -> None:
    """Given the same reveal posted by two processes, it is told once."""
    world.go_to(NOON)
    assert post(world, Notice.REVEALED, 7, about=1)
    assert not post(world, Notice.REVEALED, 7, about=1)
    assert post(world, Notice.REVEALED, 8, about=1)
    world.tick()
    assert [message.to for message in world.inbox.messages] == ["ana@example.com"] * 2


@pytest.mark.parametrize(
    ("notice", "gone"), [(Notice.LINK, True), (Notice.REVEALED, False)], ids=["what was asked for", "news"]
)
def test_what_somebody_asked_for_this_minute_goes_at_night_and_news_waits_for_the_window(
    world: World, notice: Notice, gone: bool
) -> None:
    world.go_to(NIGHT)
    post(world, notice, about=1)
    world.tick()
    assert bool(world.inbox.messages) is gone
    world.go_to(NOON)
    assert len(world.inbox.messages) == 1


def test_news_waits_for_nobody_who_is_paused_and_a_fresh_link_does_not_mind(world: World) -> None:
    world.go_to(NOON)
    (ana, _) = world.rows(schema.partners)
    with world.database.begin() as connection:
        pausing.pause_partner(connection, ana.id, None)
    post(world, Notice.REVEALED, about=1)
    post(world, Notice.LINK, about=1)
    world.tick()
    assert sorted(ends(world)) == [("sent", None), ("skipped", "paused")]


def test_notices_count_towards_no_cap(world: World) -> None:
    """Given a notice in the morning, the day's one prompt still comes."""
    world.enroll()
    world.go_to("2026-03-03T08:59")
    post(world, Notice.LINK, about=1)
    world.tick()
    world.go_to("2026-03-03T09:00")
    assert [row.status for row in world.rows() if row.step == "talk"] == ["sent", "sent"]


def test_a_notice_to_an_address_that_is_to_be_confirmed_needs_no_consent_and_can_be_declined_not_unsubscribed(
    world: World,
) -> None:
    """Whoever reads it is no partner yet: its link must not end a partner's messages."""
    world.go_to(NIGHT)
    to = sealed_to(VAULT, Channel.EMAIL, "new@example.org")
    post(world, Notice.CONFIRM, 5, to=to, about=5)
    world.tick()
    (message,) = world.inbox.messages
    assert isinstance(message, EmailMessage)
    assert message.to == "new@example.org"
    unsubscribe = dict(message.headers)["List-Unsubscribe"]
    (row,) = world.rows()
    today = world.clock.now().date()
    links = world.engine.links
    assert unsubscribe == f"<{links.at('d', links.sign(Purpose.DECLINE, row.id, 0, today))}>"
    assert links.at("c", links.sign(Purpose.CONFIRM, 5, 0, today)) in message.text
    assert "example.org" not in message.text + message.subject


@pytest.mark.parametrize(
    ("reason", "channel", "address", "ends_as"),
    [
        (SuppressReason.UNSUBSCRIBED, Channel.EMAIL, "new@example.org", "sent"),
        (SuppressReason.COMPLAINT, Channel.EMAIL, "new@example.org", "skipped"),
        (SuppressReason.STOP, Channel.SMS, "+12025550143", "skipped"),
        (SuppressReason.UNSUBSCRIBED, Channel.SMS, "+12025550143", "sent"),
    ],
)
def test_who_once_unsubscribed_may_confirm_anew_and_who_said_stop_or_complained_is_left_in_peace(
    world: World, reason: SuppressReason, channel: Channel, address: str, ends_as: str
) -> None:
    world.go_to(NOON)
    with world.database.begin() as connection:
        suppressions.add(connection, VAULT, channel, address, reason, "a test", world.clock.now())
    post(world, Notice.CONFIRM, 5, to=sealed_to(VAULT, channel, address), about=5)
    world.tick()
    assert [status for status, _ in ends(world)] == [ends_as]


def test_a_text_that_was_asked_for_at_night_may_be_delivered_as_long_as_it_is_of_use(world: World) -> None:
    """A ValidityPeriod of what is left of the window would be nothing at all."""
    world.alter("Ana", channel="sms")
    world.go_to(NIGHT)
    post(world, Notice.LINK, about=1)
    world.tick()
    (message,) = world.inbox.messages
    assert isinstance(message, SmsMessage)
    assert message.to == phone("Ana")
    assert message.valid_for == timedelta(hours=24)


def test_whoever_is_gone_gets_no_notice(world: World) -> None:
    with world.database.begin() as connection:
        assert not world.engine.means.post.post(connection, Posted(Notice.LINK, 999, 1), world.clock.now())


def test_a_couple_is_in_the_notices_and_in_no_campaign(world: World) -> None:
    """Nothing lists, stops or seats them: `stop` ends campaigns, and a fresh link may be asked for afterwards."""
    post(world, Notice.LINK, about=1)
    with world.database.read() as connection:
        assert [each.campaigns for each in couples.list_couples(connection)] == [()]
    assert world.stop("a-b") == 0
    assert world.rows(schema.places) == []
    world.tick()
    assert [status for status, _ in ends(world)] == ["sent"]


def test_an_older_versions_notices_go_on_under_the_present_definition(world: World) -> None:
    """Given an enrollment pinned to an earlier definition, posting brings it to this version's."""
    post(world, Notice.LINK, 1, about=1)
    with world.database.begin() as connection:
        connection.execute(
            schema.definitions.insert().values(
                digest="old", campaign="notices", title="Old", body="{}", stored_at=datetime(2026, 1, 1, tzinfo=UTC)
            )
        )
        connection.execute(schema.enrollments.update().values(digest="old"))
    post(world, Notice.LINK, 2, about=1)
    assert [row.digest for row in world.rows(schema.enrollments)] == [notices().digest]


def test_every_notice_has_an_urgency_of_its_own() -> None:
    assert {step.key for step in notices().steps} == set(Notice)
    assert all(step.urgency is not Urgency.PLANNED for step in notices().steps)
