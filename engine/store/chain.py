"""The audit's chain: each act is hashed with the one before it, under a key that is not in the database.

Whoever has the database alone can delete all of it, and change none of it unnoticed: an act that was altered, added,
moved or taken out breaks the chain there, and the mark at its end (`audit_marks`, sealed by the same key) says how many
acts there are. What they can do is put back an older state of the whole database: keep a mark elsewhere against that.

    chain of an act     HMAC-SHA256(key, chain of the act before, or nothing | its instant, actor, act and about)

Acts from before there was a chain have none of their own, and are in that of the first that has one.
"""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from engine.store.keeping_schema import audit_marks
from engine.store.operating_schema import audit
from engine.store.portable import insert
from engine.store.types import to_millis

HEAD, FORGOTTEN = "head", "forgotten"
KEY = "audit_key"
"""Under which name the key is on a connection, see `Database.audit_key`."""
PURPOSE = "audit"
"""What the key is derived for, see `Vault.subkey`."""
PAGE = 2_000


class Content(NamedTuple):
    """What of an act is hashed."""

    at: datetime
    actor: str
    act: str
    about: str


class Mark(NamedTuple):
    """An act: its id, how many there were up to it, and its chain."""

    last_id: int
    number: int
    chain: bytes

    def __str__(self) -> str:
        """As it is kept elsewhere, and given back to `rekindle audit check --mark`."""
        return f"{self.last_id}:{self.chain.hex()}"


NOTHING = Mark(0, 0, b"")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: the mark at the end, how many acts are kept, and what is wrong first; "" for nothing."""

    end: Mark
    kept: int
    unchained: int  # acts from before there was a chain
    broken: str = ""
    row: int | None = None  # the first act that is not as it was written


def next_link(connection: Connection, content: Content) -> Mark:
    """What the next act's chain is to be, its id not known yet. Nobody else adds one before the caller's commit."""
    key = _key(connection)
    end = _mark(connection, HEAD, alone=True) or _unmarked_end(connection, key)
    return Mark(0, end.number + 1, _hash(key, end.chain, content))


def end_at(connection: Connection, last_id: int, link: Mark) -> None:
    """Say that the chain now ends there."""
    _set_mark(connection, HEAD, link._replace(last_id=last_id))


def check(connection: Connection, key: bytes, kept_elsewhere: str | None = None) -> Checked:
    """Go through the chain from its first act, or the first that is still kept, to its end.

    `kept_elsewhere` is a mark that was noted down earlier: it must be on the way. The transaction is a reader's.
    """
    start, end = _mark(connection, FORGOTTEN) or NOTHING, _mark(connection, HEAD)
    walk = _Walk(start, start)
    try:
        for name, mark in ((FORGOTTEN, start), (HEAD, end or NOTHING)):
            if mark != NOTHING and not _is_ours(connection, key, name, mark):
                raise _Broken(f"the mark {name!r} was not written by Rekindle with this key")
        older = connection.execute(select(func.min(audit.c.id)).where(audit.c.id <= start.last_id)).scalar()
        if older is not None:
            raise _Broken(f"act {older} is there again, or was added: it is older than what is kept", older)
        met = kept_elsewhere in {None, str(start)}
        for row_id, content, chained in _acts(connection, start.last_id):
            walk.step(key, row_id, content, chained)
            met = met or kept_elsewhere == str(walk.here)
        if end is None and walk.kept > walk.unchained:
            raise _Broken("the mark at the end is missing")
        if end is not None and end != walk.here:
            raise _Broken(f"the newest acts are missing: act {end.last_id} was the last")
        if not met:
            raise _Broken("the mark that was kept elsewhere is not in the chain")
    except _Broken as broken:
        return Checked(walk.here, walk.kept, walk.unchained, *broken.args)
    return Checked(walk.here, walk.kept, walk.unchained)


class _Broken(Exception):
    """What is wrong first, and the act where it is."""


@dataclass
class _Walk:
    """How far a check has come, and how many of the acts that it met are from before there was a chain."""

    start: Mark
    here: Mark
    unchained: int = 0

    @property
    def kept(self) -> int:
        """How many acts it met that are as they were written."""
        return self.here.number - self.start.number

    def step(self, key: bytes, row_id: int, content: Content, chained: bytes | None) -> None:
        """Go on to the next act; raises where it is not as it was written."""
        going = Mark(row_id, self.here.number + 1, _hash(key, self.here.chain, content))
        if chained is None and self.unchained < self.kept:
            raise _Broken(f"act {row_id} has no place in the chain", row_id)
        if chained is not None and not hmac.compare_digest(chained, going.chain):
            raise _Broken(f"act {row_id} is not as it was written, or one before it is missing", row_id)
        self.here = going
        self.unchained += chained is None


def forget(connection: Connection, before: datetime, limit: int, *, dry_run: bool = False) -> int:
    """Delete acts that are older, `limit` at most, and leave a mark that says where the chain goes on; how many.

    The newest act always stays.
    """
    key = _key(connection)
    start, number = _mark(connection, FORGOTTEN, alone=True) or NOTHING, 0
    newest = connection.execute(select(func.max(audit.c.id))).scalar()
    here = start
    for row_id, content, _ in _acts(connection, start.last_id):
        if number == limit or content.at >= before or row_id == newest:
            break
        number += 1
        here = Mark(row_id, here.number + 1, _hash(key, here.chain, content))
    if number and not dry_run:
        _set_mark(connection, FORGOTTEN, here)
        connection.execute(delete(audit).where(audit.c.id <= here.last_id))
    return number


def _acts(connection: Connection, after: int) -> Iterator[tuple[int, Content, bytes | None]]:
    page = select(audit.c.id, audit.c.at, audit.c.actor, audit.c.act, audit.c.about, audit.c.chain)
    while True:
        found = connection.execute(page.where(audit.c.id > after).order_by(audit.c.id).limit(PAGE)).all()
        for row in found:
            yield row.id, Content(row.at, row.actor, row.act, row.about), row.chain and bytes(row.chain)
        if len(found) < PAGE:
            return
        after = found[-1].id


def _unmarked_end(connection: Connection, key: bytes) -> Mark:
    """The end of acts from before there was a chain."""
    here = NOTHING
    for row_id, content, _ in _acts(connection, 0):
        here = Mark(row_id, here.number + 1, _hash(key, here.chain, content))
    return here


def _mark(connection: Connection, name: str, *, alone: bool = False) -> Mark | None:
    found = select(audit_marks.c.last_id, audit_marks.c.number, audit_marks.c.chain).where(audit_marks.c.name == name)
    row = connection.execute(found.with_for_update() if alone else found).one_or_none()
    return None if row is None else Mark(row.last_id, row.number, bytes(row.chain))


def _is_ours(connection: Connection, key: bytes, name: str, mark: Mark) -> bool:
    seal = connection.execute(select(audit_marks.c.seal).where(audit_marks.c.name == name)).scalar_one()
    return hmac.compare_digest(bytes(seal), _seal(key, name, mark))


def _set_mark(connection: Connection, name: str, mark: Mark) -> None:
    values = {**mark._asdict(), "seal": _seal(_key(connection), name, mark)}
    statement = insert(audit_marks).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def _seal(key: bytes, name: str, mark: Mark) -> bytes:
    return hmac.digest(key, json.dumps(["mark", name, mark.last_id, mark.number, mark.chain.hex()]).encode(), "sha256")


def _hash(key: bytes, before: bytes, content: Content) -> bytes:
    said = json.dumps([before.hex(), to_millis(content.at), content.actor, content.act, content.about])
    return hmac.digest(key, said.encode(), "sha256")


def _key(connection: Connection) -> bytes:
    key: bytes | None = connection.info.get(KEY)
    if key is None:
        raise RuntimeError("an act is recorded in a database that was not given its audit key")
    return key
