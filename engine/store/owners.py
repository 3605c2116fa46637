"""Whose a lease is: a process of a machine, by a name that no other has."""

import os
import secrets
import socket

from sqlalchemy import Connection, String, bindparam, func, select

from engine.store.schema import LEASED, deliveries

LONGEST_HOST = 40
"""Characters of a machine's name that are kept: the column has 64 for all of it."""

_name = bindparam("name", type_=String)
_left = select(func.count()).where(
    LEASED,
    deliveries.c.status == "sending",
    func.substr(deliveries.c.lease_owner, 1, func.length(_name)) == _name,  # names have characters that LIKE reads
)


def this_process() -> str:
    """The name under which this process takes leases; another one each time that it is asked for."""
    return f"{_named(os.getpid())}{secrets.token_hex(4)}"


def left_by(connection: Connection, pid: int) -> int:
    """How many deliveries a process of this machine that has ended was sending and never said what became of: they
    are in doubt as soon as its lease has run out. Those whose lease has are not counted any more.
    """
    found: int = connection.execute(_left, {"name": _named(pid)}).scalar_one()
    return found


def _named(pid: int) -> str:
    return f"{socket.gethostname()[:LONGEST_HOST]}:{pid}:"
