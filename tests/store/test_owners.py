"""Whose leases are, by process: what one that ended was sending can be told from what others are at."""

import os
import socket
from datetime import timedelta

import pytest
from running import due
from sqlalchemy import update
from world import World

from engine.store import owners, schema

MINE, NEXT = os.getpid(), os.getpid() + 1


def handed(world: World, *rows: tuple[str, str | None]) -> None:
    """Let deliveries be of these statuses, each in these hands."""
    world.tick()
    planned = world.rows()
    assert len(planned) == len(rows)
    with world.database.begin() as connection:
        for row, (status, owner) in zip(planned, rows, strict=True):
            values = {"status": status, "lease_owner": owner, "lease_until": world.clock.now()}
            connection.execute(update(schema.deliveries).where(schema.deliveries.c.id == row.id).values(values))


def left_by(world: World, pid: int) -> int:
    with world.database.read() as connection:
        return owners.left_by(connection, pid)


def test_what_a_process_was_sending_is_counted_and_neither_what_it_claimed_nor_what_others_send() -> None:
    world = due(5)
    world.clock.fast_forward(timedelta(hours=1))
    mine = owners.this_process()
    other = mine.replace(f":{MINE}:", f":{NEXT}:")
    handed(
        world,
        ("sending", mine),
        ("sending", owners.this_process()),
        ("claimed", mine),
        ("sending", other),
        ("sent", None),
    )
    assert left_by(world, MINE) == 2
    assert left_by(world, NEXT) == 1


def test_a_machine_with_a_long_name_has_a_name_that_the_store_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "a" * 64)
    assert len(owners.this_process()) <= schema.deliveries.c.lease_owner.type.length
