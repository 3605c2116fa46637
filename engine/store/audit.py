"""What operators did, and to what. Nothing here is ever changed, and `store.chain` tells when it was all the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, insert, select

from engine.store import chain
from engine.store.operating_schema import audit

COMMAND_LINE = "command line"
"""The actor of what was done with `rekindle` on the machine itself."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act: at an instant (aware, UTC), by whom, what was done, and to what."""

    id: int
    at: datetime
    actor: str
    act: str
    about: str


def record(connection: Connection, at: datetime, actor: str, act: str, about: str) -> None:
    """Keep that `actor` did `act`, in the caller's transaction. `about` is ids and names of ours, never an address.

    The transaction is a write transaction of a database that was given its key (`Database.audit_key`): the act is
    chained to the one before it.
    """
    actor, act, about = (each.replace("\0", "") for each in (actor[:100], act, about[:200]))
    link = chain.next_link(connection, chain.Content(at, actor, act, about))
    added = insert(audit).values(at=at, actor=actor, act=act, about=about, chain=link.chain)
    chain.end_at(connection, connection.execute(added.returning(audit.c.id)).scalar_one(), link)


def read(
    connection: Connection, *, about: str | None = None, before: int | None = None, limit: int = 100
) -> Sequence[Act]:
    """A page of at most `limit` acts, the newest first: all of them, or those about exactly this.

    `before` is the id of the last one seen, for the next page.
    """
    page = select(audit.c.id, audit.c.at, audit.c.actor, audit.c.act, audit.c.about)
    if about is not None:
        page = page.where(audit.c.about == about)
    if before is not None:
        page = page.where(audit.c.id < before)
    return [Act(*row) for row in connection.execute(page.order_by(audit.c.id.desc()).limit(limit))]


def is_kept(connection: Connection, act: str, about: str) -> bool:
    """Whether that was ever done to exactly this; one look into an index."""
    found = select(1).where(audit.c.about == about, audit.c.act == act)
    return bool(connection.execute(select(exists(found))).scalar_one())
