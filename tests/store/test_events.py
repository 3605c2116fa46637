"""Statements about what was told take a batch, use their indexes, and store each thing once."""

from datetime import timedelta
from typing import Any

import pytest
from explaining import explained
from sqlalchemy import text
from sqlalchemy.event import listen
from world import VAULT, World, at, person, phone

from engine.model.campaign import Channel
from engine.model.event import Inbound
from engine.model.reply import ReadAs
from engine.store import events, intake, ledger, replies, schema, stops, writers
from engine.store.vault import address_index

NINE = at("2026-03-03T09:00")


@pytest.fixture
def world() -> World:
    """Deliveries 1 and 2 were sent at nine."""
    made = World()
    for name in ("Ana", "Ben"):
        made.join(name, person(name))
    made.enroll()
    made.go_to("2026-03-03T09:00")
    return made


def told(key: str = "k", **given: Any) -> dict[str, Any]:
    values = {
        "source": "memory", "key": key, "type": "delivered", "channel": "email", "at": NINE, "received_at": NINE,
        "delivery_id": 1, "receipt": None, "address_index": None, "suppress": None, "code": "", "detail": "",
    }  # fmt: skip
    return {**values, **given}


def test_an_event_is_stored_once_by_its_source_and_key(world: World) -> None:
    with world.database.begin() as connection:
        first = events.store(connection, [told("a"), told("b")])
        assert set(first) == {"a", "b"}
        assert set(events.store(connection, [told("b", type="opened"), told("c")])) == {"c"}
        assert set(events.store(connection, [told("a", source="elsewhere")])) == {"a"}
        assert events.store(connection, []) == {}
    assert [row.type for row in world.rows(schema.events)] == ["delivered"] * 4


def test_thousands_of_events_are_stored_at_once(world: World) -> None:
    with world.database.begin() as connection:
        stored = events.store(connection, [told(f"k{n}") for n in range(3_000)])
        assert len(stored) == 3_000
        events.advance(connection, list(stored.values()))
    (row,) = world.rows(schema.heard)
    assert row.delivered_at == NINE


def test_a_call_is_kept_once_and_done_is_for_good(world: World) -> None:
    with world.database.begin() as connection:
        number = intake.keep(connection, "s", "events", b"digest", NINE, b"sealed")
        assert number is not None
        assert intake.keep(connection, "s", "events", b"digest", NINE, b"other") is None
        assert intake.known(connection, "s", b"digest") == number
        assert list(intake.waiting(connection, NINE, NINE, 9)) == [number]
        assert list(intake.waiting(connection, NINE - timedelta(seconds=1), NINE, 9)) == []
        intake.mark(connection, number, intake.CallStatus.FAILED, "LookupError")
        assert list(intake.waiting(connection, NINE, NINE, 9)) == []
        assert list(intake.waiting(connection, NINE, NINE - timedelta(seconds=1), 9)) == [number]
        assert intake.mark(connection, number, intake.CallStatus.DONE)
        assert not intake.mark(connection, number, intake.CallStatus.FAILED, "late")
        assert intake.find(connection, 99) is None


def test_a_reply_is_kept_once_and_sealed(world: World) -> None:
    inbound = Inbound("memory", "k", NINE, Channel.SMS, phone("Ana"), "warm words")
    with world.database.begin() as connection:
        for _ in range(2):
            replies.keep(connection, VAULT, inbound, 1, 1, ReadAs.KEPT)
    (row,) = world.rows(schema.replies)
    assert b"warm" not in row.text_cipher


def test_a_phone_is_its_first_partners_and_an_unknown_one_nobodys(world: World) -> None:
    index = address_index(VAULT, Channel.SMS, phone("Ben"))
    with world.database.read() as connection:
        (found,) = writers.writers(connection, Channel.WHATSAPP, index)
        assert (found.id, found.locale, found.consented) == (2, "en", True)
        assert writers.writers(connection, Channel.EMAIL, index) == []


def test_the_acceptance_we_are_told_of_leaves_what_is_sent_as_it_is(world: World) -> None:
    later = int((NINE + timedelta(hours=1)).timestamp() * 1000)
    with world.database.begin() as connection:
        assert ledger.heard_of(connection, [(1, "other", later, "elsewhere", 1), (99, "x", later, "m", None)]) == 0
    assert world.rows()[0].receipt == "memory-1"


def test_an_answer_to_the_send_that_comes_after_the_providers_word_changes_nothing(world: World) -> None:
    with world.database.begin() as connection:
        connection.execute(text("UPDATE deliveries SET status = 'sending', receipt = NULL WHERE id = 1"))
        assert ledger.heard_of(connection, [(1, "r", 5, "memory", None)]) == 1
        (fence,) = connection.execute(text("SELECT fence FROM deliveries WHERE id = 1")).one()
        assert ledger.accept(connection, [(1, fence, "again")], NINE) == 0
    assert (world.rows()[0].status, world.rows()[0].receipt) == ("sent", "r")


@pytest.mark.parametrize(
    ("statement", "given", "index"),
    [
        (events._any_parked, {"since": NINE}, "ix_events_parked"),
        (events._any_parked, {"since": NINE}, "ix_deliveries_receipt"),
        (events._by_receipt, {"source": "m", "receipts": '[["r"]]'}, "ix_deliveries_receipt"),
        (events._parked, {"since": NINE, "limit": 1}, "ix_events_parked"),
        (intake._waiting, {"before": NINE, "failed_since": NINE, "limit": 1}, "ix_intake_undone"),
        (stops._came_back, {"ids": "[[1]]"}, "ix_events_address_index"),
    ],
)
def test_a_look_reads_an_index_and_not_a_table(world: World, statement: Any, given: Any, index: str) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
        asked.append((sql, parameters))

    listen(world.database.engine, "before_cursor_execute", note)
    with world.database.read() as connection:
        connection.execute(statement, given)
        sql, parameters = asked[-1]
        found = explained(connection, sql, parameters)
    assert index in found.indexes
    assert not found.tables & {"events", "deliveries", "intake"}
