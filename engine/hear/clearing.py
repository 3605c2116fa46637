"""Deletes what is left of people who were erased: providers' copies, and webhook calls that hold an address of theirs.

Whatever cannot be reached now is tried again, ever more seldom, for a month.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote

from engine.errors import StoreError
from engine.hear import calls
from engine.store import intake, leftovers
from engine.store.database import Database
from engine.store.leftovers import Kind, Leftover
from engine.store.vault import Vault
from engine.transport.base import Forgetful, Transport

BATCH = 200
AGAIN = timedelta(hours=1)
"""The first pause; each is as long as the last and one more of these."""
GIVEN_UP = timedelta(days=30)
STILL_COMING = timedelta(days=3)
"""For so long providers may call about them: SendGrid repeats a call for a day."""


@dataclass
class Cleared:
    """What one pass came to."""

    copies: int = 0  # deleted at providers
    calls: int = 0  # deleted here
    impossible: int = 0  # copies of transports that delete none, or that are used no more
    waiting: int = 0  # to be tried again


async def clear(database: Database, vault: Vault, transports: Mapping[str, Transport], now: datetime) -> Cleared:
    """Look for all that is due, a page at a time."""
    done = Cleared()
    while True:
        with database.read() as connection:
            page = leftovers.due(connection, vault, now, BATCH)
        if not page:
            return done
        gone, later = await _copies([each for each in page if each.kind is Kind.COPY], transports, now, done)
        looked = [each for each in page if each.kind is Kind.CALL]
        if looked:
            look = partial(_forget_calls, database, vault, [each.what for each in looked])
            # Every call is opened: in a thread, so that webhooks are heard meanwhile. In memory nobody else is waiting.
            done.calls += look() if database.in_memory else await asyncio.to_thread(look)
            for each in looked:
                (gone if now >= each.since + STILL_COMING else later).append(each)
        with database.begin() as connection:
            leftovers.done(connection, [each.id for each in gone])
            for each in later:
                leftovers.later(connection, [each.id], now + AGAIN * (each.tries + 1))
        done.waiting += len(later)


async def _copies(
    found: Sequence[Leftover], transports: Mapping[str, Transport], now: datetime, done: Cleared
) -> tuple[list[Leftover], list[Leftover]]:
    gone: list[Leftover] = []
    later: list[Leftover] = []
    by_source: dict[str, list[Leftover]] = defaultdict(list)
    for each in found:
        by_source[each.source].append(each)
    for source, some in by_source.items():
        transport = transports.get(source)
        if not isinstance(transport, Forgetful):
            done.impossible += len(some)
            gone += some
            continue
        for each, answer in zip(some, await transport.forget([each.what for each in some]), strict=True):
            done.copies += answer is True
            done.impossible += answer is False
            again = answer is None and now < each.since + GIVEN_UP
            (later if again else gone).append(each)
    return gone, later


def _forget_calls(database: Database, vault: Vault, addresses: Sequence[str]) -> int:
    """Delete the calls that hold one of these, as it is or as a form writes it; those not reacted to stay for now."""
    # A form writes @ and + by their codes; a number is the same digits everywhere.
    needles = [form.encode() for each in addresses for form in {each.lower().lstrip("+"), quote(each.lower()).lower()}]
    after, gone = 0, 0
    while True:
        with database.read() as connection:
            page = intake.done_after(connection, after, BATCH)
        if not page:
            return gone
        after = page[-1].id
        hit = [row.id for row in page if _holds(_said(vault, row.cipher), needles)]
        if hit:
            with database.begin() as connection:
                gone += intake.forget_calls(connection, hit)


def _said(vault: Vault, cipher: bytes) -> bytes:
    try:
        hook = calls.unsealed(vault, bytes(cipher))
    except StoreError:  # its key is gone, and so is what it said
        return b""
    return hook.body.lower() + b"\n" + hook.url.lower().encode()


def _holds(said: bytes, needles: Sequence[bytes]) -> bool:
    return any(each in said for each in needles)
