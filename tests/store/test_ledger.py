"""The ledger keeps to the protocol by itself: one owner a row, nothing without its fence, a batch in one statement."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from world import World, at, person, talk

from engine.deliver.definitions import Definitions
from engine.deliver.due import Planner
from engine.store import context, doubts, ledger, places, schema

NINE = at("2026-03-03T09:00")
UNTIL = NINE + timedelta(minutes=5)
BOTH = ["email", "sms"]
DAY = date(2026, 3, 3).toordinal()


@pytest.fixture
def world() -> World:
    """Six planned deliveries, 1 to 6, that may go at nine."""
    made = World()
    for number in range(6):
        made.join(f"x{number}", person(f"Ana{number}"))
    made.enroll()
    Planner(made.database, Definitions()).plan_due(NINE)
    return made


def claim(world: World, now: datetime = NINE, owner: str = "a", limit: int = 500, channels: Any = BOTH) -> list[int]:
    with world.database.begin() as connection:
        return ledger.claim(connection, now, owner, now + timedelta(minutes=5), limit, channels)


def intend(world: World, ids: Sequence[int], fence: int = 1) -> set[int]:
    with world.database.begin() as connection:
        return ledger.intend(connection, [(number, fence, DAY, "outbox", 1, 0) for number in ids], NINE)


def settled(world: World, number: int, fence: int, status: str, send_at: datetime | None = None) -> int:
    with world.database.begin() as connection:
        return ledger.settle(connection, [(number, fence, status, None, "why", places.millis(send_at), None)])


def statuses(world: World) -> list[str]:
    return [row.status for row in world.rows()]


def test_a_claim_takes_each_row_once_up_to_its_limit(world: World) -> None:
    assert claim(world, limit=4) == [1, 2, 3, 4]
    assert claim(world, owner="b", limit=4) == [5, 6]
    assert claim(world) == []
    assert [row.lease_owner for row in world.rows()] == ["a"] * 4 + ["b"] * 2
    assert {(row.fence, row.lease_until) for row in world.rows()} == {(1, UNTIL)}


def test_a_claim_takes_only_what_is_due_on_the_channels_asked_for(world: World) -> None:
    assert claim(world, now=NINE - timedelta(milliseconds=1)) == []
    assert claim(world, channels=["sms"]) == []
    assert claim(world, channels=[]) == []
    assert len(claim(world, channels=["email"])) == 6


def test_the_context_of_a_batch_has_what_rendering_needs_in_id_order(world: World) -> None:
    claim(world)
    with world.database.read() as connection:
        rows = context.context(connection, [5, 2, 3])
    assert [(row.id, row.given_name, row.fence, row.first, row.address_cipher is not None) for row in rows] == [
        (2, "Ana1", 1, True, True),
        (3, "Ana2", 1, True, True),
        (5, "Ana4", 1, True, True),
    ]


def test_the_intent_to_send_is_only_for_what_is_claimed_under_the_same_fence(world: World) -> None:
    claim(world, limit=2)
    assert intend(world, [1, 2, 3]) == {1, 2}  # 3 was never claimed
    assert intend(world, [1]) == set()  # already being sent
    claim(world)
    assert intend(world, [4], fence=2) == set()
    assert statuses(world) == ["sending"] * 2 + ["claimed"] * 4
    first = world.rows()[0]
    assert (first.attempts, first.transport, first.sent_on) == (1, "outbox", date(2026, 3, 3))


@pytest.mark.parametrize("fence", [0, 2])
def test_a_worker_with_another_fence_changes_nothing(world: World, fence: int) -> None:
    claim(world)
    intend(world, [1])
    before = world.rows()
    with world.database.begin() as connection:
        assert ledger.accept(connection, [(1, fence, "receipt")], NINE) == 0
    for status in ("failed", "planned", "in_doubt", "skipped"):
        assert settled(world, 1, fence, status) == settled(world, 2, fence, status) == 0
    assert intend(world, [2], fence) == set()
    assert world.rows() == before


def test_an_expired_claim_is_free_and_an_expired_sending_is_in_doubt_to_the_millisecond(world: World) -> None:
    claim(world, limit=4)
    intend(world, [1, 2])
    with world.database.begin() as connection:
        assert doubts.expire_leases(connection, UNTIL - timedelta(milliseconds=1)) == (0, 0)
        assert doubts.expire_leases(connection, UNTIL) == (2, 2)
        assert doubts.expire_leases(connection, UNTIL) == (0, 0)
    assert statuses(world) == ["in_doubt"] * 2 + ["planned"] * 4
    assert {row.lease_owner for row in world.rows()} == {None}


def test_what_is_freed_gets_a_new_fence_with_its_next_claim(world: World) -> None:
    claim(world, limit=1)
    with world.database.begin() as connection:
        doubts.expire_leases(connection, UNTIL)
    claim(world, owner="b", limit=1)
    assert intend(world, [1], fence=1) == set()
    assert intend(world, [1], fence=2) == {1}


def test_an_answer_that_comes_after_the_lease_ran_out_still_counts(world: World) -> None:
    claim(world, limit=2)
    intend(world, [1, 2])
    with world.database.begin() as connection:
        doubts.expire_leases(connection, UNTIL)
        assert ledger.accept(connection, [(1, 1, "late")], UNTIL + timedelta(minutes=1)) == 1
    assert settled(world, 2, 1, "failed") == 1
    assert statuses(world)[:2] == ["sent", "failed"]


@pytest.mark.parametrize("status", ["sent", "skipped", "failed", "cancelled", "planned"])
def test_what_is_settled_stays_as_it_is(world: World, status: str) -> None:
    claim(world, limit=1)
    intend(world, [1])
    with world.database.begin() as connection:
        connection.execute(schema.deliveries.update().where(schema.deliveries.c.id == 1).values(status=status))
    assert settled(world, 1, 1, "failed") == 0
    assert statuses(world)[0] == status


@pytest.mark.parametrize("status", ["skipped", "failed", "cancelled", "planned"])
def test_an_acceptance_that_comes_late_is_a_fact_all_the_same(world: World, status: str) -> None:
    claim(world, limit=1)
    intend(world, [1])
    with world.database.begin() as connection:
        connection.execute(schema.deliveries.update().where(schema.deliveries.c.id == 1).values(status=status, fence=2))
        assert ledger.accept(connection, [(1, 1, "late")], NINE) == 1
        assert ledger.accept(connection, [(1, 1, "again")], NINE) == 0
    assert (statuses(world)[0], world.rows()[0].receipt) == ("sent", "late")


def test_settling_back_to_planned_moves_the_instant_and_gives_the_share_back(world: World) -> None:
    claim(world, limit=2)
    intend(world, [1, 2])
    later = NINE + timedelta(hours=1)
    settled(world, 1, 1, "planned", later)
    settled(world, 2, 1, "in_doubt")
    first, second = world.rows()[:2]
    assert (first.send_at, first.sent_on, first.detail, first.lease_until) == (later, None, "why", None)
    assert (second.send_at, second.sent_on) == (NINE, date(2026, 3, 3))


def test_counts_are_of_the_partners_own_day_and_of_the_week_from_monday() -> None:
    world = World(talk(days=(1, 2, 4, 6), weeks=(1, 2)))
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.live("2026-03-06T23:00")
    monday = date(2026, 3, 2)
    asked = [(1, date(2026, 3, 6), monday), (2, date(2026, 3, 5), monday), (1, date(2026, 3, 10), date(2026, 3, 9))]
    with world.database.read() as connection:
        assert [context.sent_counts(connection, [each]) for each in asked] == [{1: (1, 3)}, {2: (0, 3)}, {}]


def test_what_is_in_doubt_is_paged_by_id(world: World) -> None:
    claim(world)
    intend(world, [1, 3, 4, 6])
    with world.database.begin() as connection:
        doubts.expire_leases(connection, UNTIL)
        first = doubts.in_doubt(connection, UNTIL - timedelta(days=1), 0, 3)
        second = doubts.in_doubt(connection, UNTIL - timedelta(days=1), first[-1].id, 3)
    assert [doubt.id for doubt in first + second] == [1, 3, 4, 6]
    assert first[0].transport == "outbox"


def test_an_occurrence_is_stored_once_for_a_partner_on_whichever_channel(world: World) -> None:
    with world.database.begin() as connection:
        (row,) = connection.execute(select(schema.deliveries).where(schema.deliveries.c.id == 1)).mappings()
        names = [column.name for column in places._planned.c]
        again = {**row, "channel": "sms"}
        values = [places.millis(again[name]) if isinstance(again[name], datetime) else again[name] for name in names]
        assert places.plan(connection, [values]) == 0
    assert len(world.rows()) == 6


def test_a_naive_instant_is_refused_at_the_door(world: World) -> None:
    with pytest.raises(Exception, match="no UTC offset"):
        claim(world, now=datetime(2026, 3, 3, 9, tzinfo=UTC).replace(tzinfo=None))
