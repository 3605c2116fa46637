"""Each thing a transport may say has one meaning for the delivery, and nothing is sent again that may have gone."""

from collections.abc import Sequence
from datetime import time, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
from world import Answering, World, at, person, talk

from engine.model.campaign import Channel
from engine.model.suppression import SuppressReason
from engine.store import schema
from engine.transport.base import (
    ConnectionFailed,
    Message,
    MessageRejected,
    Misconfigured,
    Outcome,
    OutcomeUnknown,
    RecipientRejected,
    Throttled,
)

OUTCOMES: list[tuple[Outcome | None, tuple[str, str | None], str | None]] = [
    # what the transport says once, how the delivery stands then, what its attempt is logged as
    (None, ("sent", None), None),
    (ConnectionFailed("no route"), ("planned", None), "ConnectionFailed"),
    (Throttled(detail="slow down"), ("planned", None), "Throttled"),
    (MessageRejected("554", "no"), ("failed", "rejected"), "MessageRejected"),
    (RecipientRejected("550", suppress=None), ("failed", "recipient_rejected"), "RecipientRejected"),
    (RecipientRejected("550", SuppressReason.INVALID), ("failed", "recipient_rejected"), "RecipientRejected"),
    (Misconfigured("wrong key"), ("planned", None), "Misconfigured"),
    (OutcomeUnknown("timed out"), ("in_doubt", None), "OutcomeUnknown"),
]


def one_couple(transport: Any, *steps: Any, **campaign: Any) -> World:
    world = World(*steps, transport=transport, **campaign)
    world.join("x", person("Ana"))
    world.enroll()
    return world


@pytest.mark.parametrize(("outcome", "end", "logged"), OUTCOMES, ids=lambda value: type(value).__name__)
def test_an_outcome_is_one_status_and_one_reason(
    outcome: Outcome | None, end: tuple[str, str | None], logged: str | None
) -> None:
    world = one_couple(Answering(lambda message, attempt: outcome))
    world.go_to("2026-03-03T09:00")
    assert world.ends() == [end]
    assert [row.outcome for row in world.rows(schema.attempts)] == ([logged] if logged else [])
    (row,) = world.rows()
    assert (row.attempts, row.transport, row.lease_owner) == (1, "answering", None)
    assert (row.lease_until is not None) == (end[0] == "in_doubt")  # a doubt remembers since when
    assert (row.receipt, row.sent_at is not None) == ((f"receipt-{row.id}", True) if outcome is None else (None, False))
    # Only what reached the partner, or may have, counts towards their share.
    assert (row.sent_on is not None) == (end[0] in {"sent", "in_doubt"})


@pytest.mark.parametrize(
    ("outcome", "times", "last"),
    [
        (ConnectionFailed(), 3, ("sent", None)),
        (Throttled(), 3, ("sent", None)),
        (Misconfigured("wrong key"), 3, ("sent", None)),
        (OutcomeUnknown(), 1, ("in_doubt", None)),
        (MessageRejected("554"), 1, ("failed", "rejected")),
        (RecipientRejected("550", suppress=None), 1, ("failed", "recipient_rejected")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_is_known_not_to_have_been_accepted_is_tried_again(
    outcome: Outcome, times: int, last: tuple[str, str | None]
) -> None:
    transport = Answering(lambda message, attempt: outcome if attempt < 3 else None)
    world = one_couple(transport)
    world.live()
    assert world.ends() == [last]
    assert len(transport.heard) == world.rows()[0].attempts == times


def test_a_recipient_refused_for_good_is_suppressed_and_the_next_step_says_so() -> None:
    transport = Answering(lambda message, attempt: RecipientRejected("21610", SuppressReason.STOP))
    world = one_couple(transport, talk(weeks=(1, 2)))
    world.live()
    assert world.ends() == [("failed", "recipient_rejected"), ("skipped", "suppressed")]
    assert len(transport.heard) == 1
    (entry,) = world.rows(schema.suppressions)
    assert (entry.channel, entry.reason, entry.source) == ("email", "stop", "answering")


def test_a_recipient_refused_only_this_time_gets_the_next_step() -> None:
    refusal = RecipientRejected("452", suppress=None)
    transport = Answering(lambda message, attempt: refusal if message.delivery_id == 1 else None)
    world = one_couple(transport, talk(weeks=(1, 2)))
    world.live()
    assert world.ends() == [("failed", "recipient_rejected"), ("sent", None)]


def test_a_misconfigured_transport_is_left_alone_until_mended_and_burns_nothing() -> None:
    mended: list[bool] = []
    broken = Answering(lambda message, attempt: None if mended else Misconfigured("The API key is wrong."), "broken")
    sound = Answering(lambda message, attempt: None, "sound")
    world = World(transports={Channel.EMAIL: broken, Channel.SMS: sound}, batch=2)
    for number in range(7):
        world.join(f"x{number}", person(f"Ana{number}"), person(f"Ben{number}", channel=Channel.SMS))
    world.enroll()
    done = world.go_to("2026-03-03T09:00")
    assert done.delivered.sent == 7
    assert set(done.delivered.problems) == {"broken: The API key is wrong."}
    heard = len(broken.heard)
    assert heard < 7  # the rest was not even claimed
    world.fast_forward(minutes=1)
    assert len(broken.heard) == heard
    mended.append(True)
    world.live()
    assert world.ends() == [("sent", None)] * 14


class Wrong:
    """A transport with a bug."""

    name = "wrong"
    channels = frozenset(Channel)

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.heard = 0

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        self.heard += len(batch)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return cast(Sequence[Outcome], self.answer)

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize(
    "answer",
    [RuntimeError("a bug"), TimeoutError(), [], [None] * 2, [OutcomeUnknown()] * 3, None, 7, ["accepted", "accepted"]],
    ids=repr,
)
def test_a_transport_that_breaks_its_contract_leaves_its_batch_in_doubt_and_never_gets_it_again(answer: Any) -> None:
    transport, sound = Wrong(answer), Answering(lambda message, attempt: None)
    world = World(transports={Channel.EMAIL: transport, Channel.SMS: sound})
    world.join("x", person("Ana"), person("Ben"))
    world.join("y", person("Cem", channel=Channel.SMS))
    world.enroll()
    done = world.go_to("2026-03-03T09:00")
    assert (done.delivered.in_doubt, done.delivered.sent) == (2, 1)
    world.fast_forward(days=1)
    assert sorted(world.ends()) == [("in_doubt", None), ("in_doubt", None), ("sent", None)]
    assert transport.heard == 2


def test_what_a_transport_raises_is_named_but_not_quoted_for_it_may_hold_an_address() -> None:
    world = one_couple(Wrong(RuntimeError("ana@example.com is unknown")))
    world.go_to("2026-03-03T09:00")
    assert [row.detail for row in world.rows()] == ["The transport raised RuntimeError."]


def test_a_retry_that_would_fall_outside_the_window_waits_for_it() -> None:
    transport = Answering(lambda message, attempt: Throttled(timedelta(hours=2)) if attempt == 1 else None)
    world = World(transport=transport)
    world.join("x", person("Ana", send_at=time(19)))
    world.enroll()
    world.live()
    assert [row.sent_at for row in world.rows()] == [at("2026-03-04T09:00")]
    assert [row.moved_because for row in world.rows()] == ["window"]


def test_retries_go_on_until_it_is_too_late_and_then_it_is_said_to_have_given_up() -> None:
    transport = Answering(lambda message, attempt: ConnectionFailed("no route"))
    world = one_couple(transport, talk(late_after=timedelta(hours=3)))
    world.live()
    assert world.ends() == [("failed", "gave_up")]
    tried = [row.at for row in world.rows(schema.attempts)]
    assert tried[-1] <= at("2026-03-03T12:00")
    waits = [after - before for before, after in pairwise(tried)]
    assert waits == sorted(waits)
    assert len(tried) in range(7, 10)  # 1, 2, 4, 8, 16, 32 minutes and then every hour, each up to a quarter longer
