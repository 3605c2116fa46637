"""What a crash or a silence left in doubt: ask whoever may know, else leave it for the operator. Never guess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.model.campaign import Channel
from engine.model.delivery import DeliveryStatus, MovedBecause
from engine.store import doubts, ledger
from engine.store.database import Database
from engine.store.places import millis
from engine.transport.base import Accepted, Asked, ConnectionFailed, Reconcilable, Transport

BATCH = 200
# A transport's "it never arrived" is believed only so long after the lease: a worker that was held up in the middle of
# a send, or a provider that is slow to write its log, would otherwise be overtaken by a second send.
PATIENCE = timedelta(minutes=10)
ASKED_FOR = timedelta(days=1)  # whoever cannot tell in a day never will: from then on it is the operator's


@dataclass
class Reconciled:
    """What one pass found."""

    freed: int = 0  # leases that ran out before anything left the house
    doubted: int = 0  # leases that ran out in the middle of a send
    sent: int = 0  # in doubt, and the transport says it has them
    again: int = 0  # in doubt, and the transport says it never had them


async def reconcile(
    database: Database, transports: Mapping[Channel, Transport], now: datetime, after: int = 0
) -> Reconciled:
    """Let expired leases go, then ask each transport that can tell about what is in doubt on its channel.

    An acceptance settles a doubt at once; that it never arrived does only after PATIENCE.
    """
    found = Reconciled()
    with database.read() as connection:
        if not doubts.unsettled(connection, now, now - ASKED_FOR):
            return found
    with database.begin() as connection:
        found.freed, found.doubted = doubts.expire_leases(connection, now)
    while True:
        with database.read() as connection:
            page = doubts.in_doubt(connection, now - ASKED_FOR, after, BATCH)
        if not page:
            return found
        after = page[-1].id
        answers = [
            await _ask(transports.get(Channel(doubt.channel)), doubt.transport, Asked(doubt.id, doubt.lease_until))
            for doubt in page
        ]
        _record(database, page, answers, now, found)


async def _ask(transport: Transport | None, used: str | None, asked: Asked) -> Accepted | ConnectionFailed | None:
    """What the transport that was used says; None when it is another one now, cannot tell, or fails to."""
    if transport is None or transport.name != used or not isinstance(transport, Reconcilable):
        return None
    try:
        return await transport.find(asked)
    except Exception:
        # A provider that cannot be asked leaves the doubt as it is; everyone else's messages must not wait for it.
        return None


def _record(
    database: Database,
    page: Sequence[doubts.Doubt],
    answers: Sequence[Accepted | ConnectionFailed | None],
    now: datetime,
    found: Reconciled,
) -> None:
    accepted = [
        (doubt.id, doubt.fence, answer.receipt)
        for doubt, answer in zip(page, answers, strict=True)
        if isinstance(answer, Accepted)
    ]
    again = [
        (doubt.id, doubt.fence, DeliveryStatus.PLANNED, None, answer.detail, millis(now), MovedBecause.RETRY)
        for doubt, answer in zip(page, answers, strict=True)
        if isinstance(answer, ConnectionFailed) and now >= doubt.lease_until + PATIENCE
    ]
    if accepted or again:
        with database.begin() as connection:
            found.sent += ledger.accept(connection, accepted, now)
            found.again += ledger.settle(connection, again)
