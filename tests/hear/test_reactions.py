"""What we hear moves the funnel, stops what must be stopped, and settles what was in doubt; nothing unproven does."""

import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from hearing import Line, Unsigned, email_index
from sqlalchemy import update
from world import Answering, World, at, person, talk

from engine.model.campaign import Channel
from engine.report.deliveries import show
from engine.store import schema
from engine.transport.base import ConnectionFailed, OutcomeUnknown

ANA = "ana@example.com"


def sent(*names: str, **given: Any) -> Line:
    """A world whose deliveries 1, 2, … went to these people on Tuesday at nine."""
    world = World(**given)
    for name in names or ("Ana",):
        world.join(name, person(name))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    return Line(world)


def heard(line: Line) -> dict[str, Any]:
    (row,) = line.world.rows(schema.heard)
    return {name: value for name, value in row._mapping.items() if value is not None and name != "delivery_id"}


def test_what_was_heard_of_a_delivery_is_shown_with_it_in_order() -> None:
    line = sent()
    line.tell(line.event("opened", 1, "2026-03-03T10:00"), line.event("delivered", 1, "2026-03-03T09:01", code="2.0.0"))
    with line.world.database.read() as connection:
        told = show(connection, 1).facts["events"]
    assert [(each["at"], each["event"], each["code"]) for each in told] == [
        ("2026-03-03T09:01:00Z", "delivered", "2.0.0"),
        ("2026-03-03T10:00:00Z", "opened", ""),
    ]


def test_the_funnel_keeps_the_earliest_instant_of_each_kind() -> None:
    line = sent()
    line.tell(line.event("opened", 1, "2026-03-03T10:00"), line.event("delivered", 1, "2026-03-03T09:01"))
    line.tell(line.event("opened", 1, "2026-03-03T09:30"))
    line.tell(line.event("opened", 1, "2026-03-03T11:00"), line.event("queued", 1))
    assert heard(line) == {"opened_at": at("2026-03-03T09:30"), "delivered_at": at("2026-03-03T09:01")}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("bounced", "hard_bounce"),
        ("failed", "invalid"),
        ("complained", "complaint"),
        ("unsubscribed", "unsubscribed"),
        ("bounced", "stop"),
        ("bounced", None),
        ("opened", None),
    ],
)
def test_an_event_that_says_why_stops_its_address_and_says_who_told_us(kind: str, reason: str | None) -> None:
    line = sent()
    line.tell(line.event(kind, 1, suppress=reason))
    rows = line.world.rows(schema.suppressions)
    assert [(row.address_index, row.reason, row.source, row.channel) for row in rows] == (
        [(email_index(ANA), reason, "memory", "email")] if reason else []
    )


def test_the_address_that_the_provider_names_is_stopped_rather_than_one_the_partner_has_by_now() -> None:
    line = sent()
    line.tell(line.event("bounced", 1, suppress="hard_bounce", address="Old@example.com"))
    assert line.stopped() == {email_index("old@example.com"): "hard_bounce"}


@pytest.mark.parametrize("wrong", ["1", "1.", "999.{proof}", "1.{other}", "x.{proof}", "1.é", "", "1" * 30 + ".x"])
def test_a_reference_that_proves_nothing_is_kept_and_believed_in_nothing(wrong: str) -> None:
    line = sent("Ana", "Ben")
    proof, other = (line.reference(number).partition(".")[2] for number in (1, 2))
    given = line.event("delivered", 1) | {"reference": wrong.format(proof=proof, other=other)}
    line.tell(given)
    (row,) = line.world.rows(schema.events)
    assert row.delivery_id is None
    assert line.world.rows(schema.heard) == []


@pytest.mark.parametrize(
    ("reference", "address", "stops"),
    [
        (True, None, True),
        (True, ANA, True),
        (True, "ben@example.com", False),  # whoever has our message could write a bounce about somebody else
        (False, ANA, False),
        (False, None, False),
    ],
)
def test_an_unsigned_source_stops_only_the_address_of_the_message_that_it_proves(
    reference: bool, address: str | None, stops: bool
) -> None:
    line = sent("Ana", "Ben")
    line.provider = Unsigned()
    line.hearing = line.another()
    told = line.event("bounced", 1, suppress="hard_bounce", address=address, receipt="memory-1")
    line.tell(told if reference else told | {"reference": None})
    assert line.stopped() == ({email_index(ANA): "hard_bounce"} if stops else {})
    assert [row.delivery_id for row in line.world.rows(schema.events)] == [1 if reference else None]
    assert line.hearing.catch_up().attached == 0


def test_a_signed_source_stops_an_address_whatever_message_it_was_about() -> None:
    line = sent()
    line.tell(line.event("complained", 1, suppress="complaint", address=ANA) | {"reference": None})
    assert line.stopped() == {email_index(ANA): "complaint"}


def test_an_event_with_only_a_receipt_is_about_the_delivery_that_got_it() -> None:
    line = sent("Ana", "Ben")
    line.tell(line.event("delivered", 2, receipt="memory-2") | {"reference": None})
    assert [row.delivery_id for row in line.world.rows(schema.heard)] == [2]


def test_an_event_that_comes_before_its_receipt_is_parked_and_attached() -> None:
    line = sent()
    forget(line, 1)
    line.tell(
        line.event("bounced", 1, "2026-03-03T09:00", receipt="memory-1", suppress="invalid") | {"reference": None}
    )
    assert line.world.rows(schema.heard) == []
    assert line.stopped() == {}
    assert line.hearing.catch_up().attached == 0
    with line.world.database.begin() as connection:
        connection.execute(update(schema.deliveries).values(status="sent", receipt="memory-1", transport="memory"))
    assert line.hearing.catch_up().attached == 1
    assert line.hearing.catch_up().attached == 0
    assert heard(line) == {"bounced_at": at("2026-03-03T09:00")}
    assert line.stopped() == {email_index(ANA): "invalid"}


@pytest.mark.parametrize(
    ("days", "attached"),  # from one look to the next; the receipt comes before the last of them
    [((1,), 1), ((1, 1, 1, 1), 0), ((3,), 1), ((3, 3), 0)],
)
def test_a_parked_event_waits_for_two_days_in_which_somebody_looks(days: tuple[int, ...], attached: int) -> None:
    line = sent()
    forget(line, 1)
    line.tell(line.event("delivered", 1, receipt="memory-1") | {"reference": None})
    line.hearing.catch_up()
    for each in days[:-1]:
        line.world.clock.fast_forward(timedelta(days=each))
        line.hearing.catch_up()
    with line.world.database.begin() as connection:
        connection.execute(update(schema.deliveries).values(receipt="memory-1", transport="memory"))
    line.world.clock.fast_forward(timedelta(days=days[-1]))
    assert line.hearing.catch_up().attached == attached


def forget(line: Line, delivery_id: int) -> None:
    """Let a delivery be as it is in the middle of a send."""
    with line.world.database.begin() as connection:
        connection.execute(
            update(schema.deliveries)
            .where(schema.deliveries.c.id == delivery_id)
            .values(status="sending", receipt=None, sent_at=None)
        )


@pytest.mark.parametrize(
    ("status", "attempts", "after"),
    [
        ("sending", 1, "sent"),
        ("in_doubt", 1, "sent"),
        ("planned", 1, "sent"),  # taken for lost
        ("failed", 1, "sent"),
        ("claimed", 2, "sent"),
        ("planned", 0, "planned"),  # never handed over: there is nothing to have been accepted
        ("skipped", 0, "skipped"),
        ("sent", 1, "sent"),
    ],
)
def test_an_event_about_a_delivery_says_that_the_provider_took_it(status: str, attempts: int, after: str) -> None:
    line = sent()
    with line.world.database.begin() as connection:
        connection.execute(
            update(schema.deliveries).values(status=status, attempts=attempts, receipt=None, sent_at=None, sent_on=None)
        )
    line.tell(line.event("delivered", 1, "2026-03-03T09:07", receipt="r"), line.event("queued", 1, "2026-03-03T09:02"))
    (row,) = line.world.rows()
    assert row.status == after
    if after != status:
        assert (row.receipt, row.sent_at, row.sent_on) == ("r", at("2026-03-03T09:02"), at("2026-03-03T09:02").date())
        assert (row.lease_owner, row.lease_until, row.reason) == (None, None, None)


def test_what_was_in_doubt_is_settled_and_never_sent_again() -> None:
    transport = Answering(lambda message, attempt: OutcomeUnknown("silence"), name="memory")
    line = sent(transport=transport)
    assert line.world.ends() == [("in_doubt", None)]
    line.tell(line.event("delivered", 1))
    assert line.world.ends() == [("sent", None)]
    line.world.fast_forward(days=2)
    assert len(transport.heard) == 1


def test_a_delivery_waiting_for_another_try_is_not_tried_when_the_first_turns_out_to_have_arrived() -> None:
    transport = Answering(lambda message, attempt: ConnectionFailed() if attempt == 1 else None, name="memory")
    line = sent(transport=transport)
    line.tell(line.event("delivered", 1))
    line.world.fast_forward(hours=1)
    assert len(transport.heard) == 1
    assert line.world.ends() == [("sent", None)]


def bounces(line: Line, *times: str, deliveries: int = 9) -> list[dict[str, Any]]:
    return [
        line.event("bounced", number, moment) for number, moment in zip(range(1, deliveries + 1), times, strict=False)
    ]


DAYS = [f"2026-03-{day:02}T12:00" for day in range(3, 12)]


def many() -> Line:
    """Nine deliveries to one address: Ana's, by now everybody's."""
    line = sent(*(f"Ana{number}" for number in range(9)))
    with line.world.database.begin() as connection:
        connection.execute(update(schema.partners).values(email_index=email_index(ANA)))
    return line


@pytest.mark.parametrize(
    ("told", "stops"),
    [
        (lambda line: bounces(line, *DAYS[:4]), False),
        (lambda line: bounces(line, *DAYS[:5]), True),
        (lambda line: [line.event("bounced", 1, day) for day in DAYS], False),  # one message, time and again
        (lambda line: [*bounces(line, *DAYS[:5]), line.event("delivered", 9, "2026-03-05T13:00")], False),
        (lambda line: [*bounces(line, *DAYS[:8]), line.event("delivered", 9, "2026-03-05T13:00")], True),
        (lambda line: bounces(line, "2026-01-01T12:00", *DAYS[:4]), False),  # too long ago
    ],
)
def test_five_messages_that_come_back_with_none_that_arrives_end_it(told: Any, stops: bool) -> None:
    line = many()
    for entry in told(line):
        line.tell(entry)
    assert line.stopped() == ({email_index(ANA): "soft_bounces"} if stops else {})


def test_what_arrives_later_takes_back_the_count_of_soft_bounces_and_nothing_else() -> None:
    line = many()
    line.tell(*bounces(line, *DAYS[:5]))
    line.tell(line.event("delivered", 9, "2026-03-20T12:00"))
    assert line.stopped() == {}
    line.tell(line.event("complained", 9, "2026-03-21T12:00", suppress="complaint"))
    line.tell(line.event("delivered", 8, "2026-03-22T12:00"))
    assert line.stopped() == {email_index(ANA): "complaint"}


def test_what_the_operator_put_on_the_list_stays_theirs() -> None:
    line = sent()
    with line.world.database.begin() as connection:
        connection.execute(
            schema.suppressions.insert().values(
                address_index=email_index(ANA),
                channel="email",
                reason="operator",
                source="me",
                at=at("2026-03-09T09:00"),
            )
        )
    line.tell(line.event("bounced", 1, suppress="hard_bounce"))
    assert line.stopped() == {email_index(ANA): "operator"}


def test_a_couple_that_was_erased_meanwhile_is_nobody() -> None:
    line = sent()
    told = line.event("delivered", 1)
    with line.world.database.begin() as connection:
        connection.execute(schema.couples.delete())
    line.tell(told)
    assert [row.delivery_id for row in line.world.rows(schema.events)] == [None]


def test_a_suppressed_partner_gets_nothing_more_and_the_other_goes_on() -> None:
    world = World(talk("one"), talk("two", weeks=(2,)))
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    line = Line(world)
    line.tell(line.event("bounced", 1, suppress="hard_bounce"))
    world.go_to("2026-03-10T09:00")
    assert world.ends()[2:] in (
        [("skipped", "suppressed"), ("sent", None)],
        [("sent", None), ("skipped", "suppressed")],
    )


def test_a_call_of_five_thousand_events_is_taken_in_bounded_memory_and_few_statements() -> None:
    line = sent(*(f"P{number}" for number in range(50)))
    references = {number: line.reference(number) for number in range(1, 51)}
    entries = [
        {"key": f"k{n}", "type": "bounced", "at": "2026-03-03T09:05", "suppress": "hard_bounce",
         "reference": references[n % 50 + 1]}
        for n in range(5_000)
    ]  # fmt: skip
    number = line.hearing.receive("memory", line.hook(*entries))
    tracemalloc.start()
    line.hearing.react(number)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 48_000_000
    assert len(line.world.rows(schema.events)) == 5_000
    assert len(line.stopped()) == 50
    assert line.world.lines()[0].channel == Channel.EMAIL
