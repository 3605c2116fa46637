"""A doubt is put to the provider, then to the operator; it is sent again only where the campaign says so."""

from datetime import time, timedelta
from typing import Any

import pytest
from world import Answering, World, at, person, talk

from engine.deliver.verdicts import resolve, retry
from engine.errors import NotFound, Refused
from engine.model.campaign import Caps, Channel, OnDoubt
from engine.model.delivery import Verdict
from engine.transport.base import (
    Accepted,
    Asked,
    ConnectionFailed,
    EmailMessage,
    Message,
    MessageRejected,
    Outcome,
    OutcomeUnknown,
    SmsMessage,
)

NINE = "2026-03-03T09:00"


class Silent(Answering):
    """Answers nothing the first time; asked later, says what it is told to."""

    def __init__(self, knows: Accepted | ConnectionFailed | None = None) -> None:
        super().__init__(self._first_time, "silent")
        self.asked: list[Asked] = []
        self._knows = knows

    def _first_time(self, message: Message, attempt: int) -> Outcome | None:
        return OutcomeUnknown("no answer") if attempt == 1 else None

    async def find(self, asked: Asked) -> Accepted | ConnectionFailed | None:
        self.asked.append(asked)
        return self._knows


def in_doubt(transport: Answering, days: tuple[int, ...] = (1,), **campaign: object) -> World:
    world = World(talk(days=days, late_after=timedelta(hours=5)), transport=transport, **campaign)
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to(NINE)
    assert world.ends() == [("in_doubt", None)]
    return world


def test_the_provider_is_asked_with_the_message_as_it_was_and_since_when() -> None:
    transport = Silent()
    in_doubt(transport).fast_forward(minutes=1)
    (asked,) = transport.asked
    assert (asked.delivery_id, asked.since) == (1, at(NINE))
    assert isinstance(asked.message, EmailMessage)
    (sent,) = transport.heard
    assert isinstance(sent, EmailMessage)
    assert (asked.message.to, asked.message.text) == (sent.to, sent.text)
    assert asked.message.message_id == sent.message_id


@pytest.mark.parametrize("answer", [OutcomeUnknown("busy"), MessageRejected("554"), True, "no"], ids=str)
def test_only_a_plain_no_is_taken_for_one(answer: Any) -> None:
    transport = Silent(answer)
    world = in_doubt(transport)
    world.fast_forward(minutes=30)
    assert world.ends() == [("in_doubt", None)]
    assert len(transport.heard) == 1


def test_a_provider_is_not_asked_again_and_again() -> None:
    transport = Silent()
    world = in_doubt(transport)
    for _ in range(6 * 60):
        world.fast_forward(minutes=1)
    assert 40 < len(transport.asked) < 100


@pytest.mark.parametrize(
    ("policy", "ends"),
    [(OnDoubt.HOLD, [("in_doubt", None)]), (OnDoubt.RESEND, [("sent", None)])],
)
def test_what_nobody_can_tell_is_held_unless_the_campaign_would_rather_send_it_again(
    policy: OnDoubt, ends: list[tuple[str, None]]
) -> None:
    world = in_doubt(Silent(), on_doubt=policy)
    world.fast_forward(minutes=10)
    assert world.ends() == [("in_doubt", None)]  # the provider may be slow rather than silent
    world.fast_forward(minutes=10)
    assert world.ends() == ends


def test_nothing_is_sent_again_that_is_too_late() -> None:
    world = in_doubt(Silent(), on_doubt=OnDoubt.RESEND)
    world.fast_forward(hours=6)
    assert world.ends() == [("in_doubt", None)]


@pytest.mark.parametrize(
    ("verdict", "ends", "times"),
    [
        (Verdict.SENT, [("sent", None)], 1),
        (Verdict.RESEND, [("sent", None)], 2),
        (Verdict.DROP, [("failed", "dropped")], 1),
    ],
)
@pytest.mark.parametrize("ids", [[1], None])
def test_the_operators_word_settles_a_doubt(
    verdict: Verdict, ends: list[tuple[str, str | None]], times: int, ids: list[int] | None
) -> None:
    transport = Silent()
    world = in_doubt(transport)
    assert resolve(world.database, ids, verdict, world.clock.now(), dry_run=True) == 1
    assert world.ends() == [("in_doubt", None)]
    assert resolve(world.database, ids, verdict, world.clock.now()) == 1
    world.fast_forward(hours=1)
    assert world.ends() == ends
    assert len(transport.heard) == times


@pytest.mark.parametrize("verdict", list(Verdict))
def test_whatever_the_operator_says_of_a_doubt_it_keeps_its_place_under_the_caps(verdict: Verdict) -> None:
    """It may have arrived, and then the partner has had it."""
    world = in_doubt(Silent(), caps=Caps(1, 1), days=(1, 2))
    resolve(world.database, None, verdict, world.clock.now())
    world.live("2026-03-05T00:00")
    assert [end for end in world.ends() if end[1] != "dropped" and end[0] != "sent"] == [("skipped", "frequency_cap")]


@pytest.mark.parametrize(
    ("verdict", "says_it"), [(Verdict.SENT, [False]), (Verdict.RESEND, [True, False]), (Verdict.DROP, [True])]
)
def test_how_to_end_texts_is_said_until_a_text_that_says_it_is_known_to_have_gone(
    verdict: Verdict, says_it: list[bool]
) -> None:
    transport = Silent()
    world = World(talk(days=(1, 2), late_after=timedelta(hours=5)), transport=transport, caps=Caps(2, 5))
    world.join("x", person("Ana", channel=Channel.SMS))
    world.enroll()
    world.go_to(NINE)
    resolve(world.database, None, verdict, world.clock.now())
    world.live()
    later = [each.body for each in transport.heard[1:] if isinstance(each, SmsMessage)]
    assert ["Reply STOP" in body for body in later] == says_it


def test_what_was_given_up_may_have_reached_an_address_and_does_not_go_to_it_again_for_the_other_who_has_it() -> None:
    world = World(talk(late_after=timedelta(hours=5)), transport=Silent())
    world.join(
        "x", *(person(name, send_at=time(hour), email="both@example.com") for name, hour in (("Ana", 9), ("Ben", 18)))
    )
    world.enroll()
    world.go_to(NINE)
    resolve(world.database, None, Verdict.DROP, world.clock.now())
    world.live()
    assert world.ends() == [("failed", "dropped"), ("skipped", "shared_address")]


def test_what_was_given_up_and_is_retried_after_all_does_not_stand_in_its_own_way() -> None:
    world = in_doubt(Silent(), caps=Caps(1, 1))
    resolve(world.database, None, Verdict.DROP, world.clock.now())
    retry(world.database, [1], world.clock.now())
    world.tick()
    assert world.ends() == [("sent", None)]


@pytest.mark.parametrize("verdict", list(Verdict))
def test_only_what_is_in_doubt_can_be_settled(verdict: Verdict) -> None:
    world = World()
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to(NINE)
    with pytest.raises(Refused, match="Delivery 1 is sent, not in doubt"):
        resolve(world.database, [1], verdict, world.clock.now())
    with pytest.raises(NotFound, match="no delivery 2"):
        resolve(world.database, [2], verdict, world.clock.now())


def test_what_is_too_late_cannot_be_sent_again_by_hand() -> None:
    world = in_doubt(Silent())
    world.fast_forward(hours=6)
    with pytest.raises(Refused, match="too late"):
        resolve(world.database, [1], Verdict.RESEND, world.clock.now())


def test_a_failed_delivery_is_retried_once_what_was_wrong_is_mended() -> None:
    transport = Answering(lambda message, attempt: MessageRejected("554") if attempt == 1 else None)
    world = World(transport=transport)
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to(NINE)
    assert world.ends() == [("failed", "rejected")]
    assert retry(world.database, [1], world.clock.now()) == 1
    world.fast_forward(minutes=1)
    assert world.ends() == [("sent", None)]
    with pytest.raises(Refused, match="only a failed one is retried"):
        retry(world.database, [1], world.clock.now())
