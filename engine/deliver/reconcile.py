"""What a crash or a silence left in doubt: ask whoever may know, else leave it for the operator. Never guess."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.deliver.definitions import Definitions
from engine.deliver.messages import Letters
from engine.model.campaign import OnDoubt
from engine.model.delivery import DeliveryStatus, MovedBecause
from engine.store import context, doubts, ledger
from engine.store.database import Database
from engine.store.places import millis
from engine.transport.base import Accepted, Asked, ConnectionFailed, Message, Reconcilable, Transport

BATCH = 200
AT_ONCE = 8  # questions to providers
# A transport's "it never arrived" is believed only so long after the lease: a worker that was held up in the middle of
# a send, or a provider that is slow to write its log, would otherwise be overtaken by a second send.
PATIENCE = timedelta(minutes=10)
ASKED_FOR = timedelta(days=1)  # whoever cannot tell in a day never will: from then on it is the operator's
PAUSE = timedelta(seconds=30)  # between two questions about the same delivery at first; longer as it grows old
LONGEST_PAUSE = timedelta(minutes=15)

Answer = Accepted | ConnectionFailed | None


@dataclass
class Reconciled:
    """What one pass found."""

    freed: int = 0  # leases that ran out before anything left the house
    doubted: int = 0  # leases that ran out in the middle of a send
    sent: int = 0  # in doubt, and the transport says it has them
    again: int = 0  # in doubt, and to be sent again: the transport never had them, or the campaign would rather


class Reconciler:
    """Settles doubts, with the transports of this process by name."""

    def __init__(
        self, database: Database, definitions: Definitions, letters: Letters, transports: Mapping[str, Transport]
    ) -> None:
        self._database = database
        self._definitions = definitions
        self._letters = letters
        self._transports = transports
        self._asked: dict[int, datetime] = {}

    async def reconcile(self, now: datetime) -> Reconciled:
        """Let expired leases go, then ask the transport that was used about each doubt, if it can tell.

        An acceptance settles a doubt at once; that it never arrived does only after PATIENCE. Where nobody can tell by
        then, a campaign whose `on_doubt` is `resend` sends it again if it is not too late; any other never does.
        """
        found = Reconciled()
        with self._database.read() as connection:
            if not doubts.unsettled(connection, now, now - ASKED_FOR):
                return found
        with self._database.begin() as connection:
            found.freed, found.doubted = doubts.expire_leases(connection, now)
        after = 0
        while True:
            with self._database.read() as connection:
                page = doubts.in_doubt(connection, now - ASKED_FOR, after, BATCH)
            if not page:
                self._asked = {number: at for number, at in self._asked.items() if now - at < ASKED_FOR}
                return found
            after = page[-1].id
            await self._settle([doubt for doubt in page if self._may_ask(doubt, now)], now, found)

    def _may_ask(self, doubt: doubts.Doubt, now: datetime) -> bool:
        last = self._asked.get(doubt.id)
        return last is None or now - last >= min(max(PAUSE, (last - doubt.lease_until) / 16), LONGEST_PAUSE)

    async def _settle(self, page: Sequence[doubts.Doubt], now: datetime, found: Reconciled) -> None:
        self._asked |= {doubt.id: now for doubt in page}
        messages, resent = self._as_written_now([doubt.id for doubt in page], now)
        answers: list[Answer] = []
        for first in range(0, len(page), AT_ONCE):
            some = page[first : first + AT_ONCE]
            asked = [Asked(doubt.id, doubt.intended_at or doubt.lease_until, messages.get(doubt.id)) for doubt in some]
            answers += await asyncio.gather(
                *(
                    _ask(self._transports.get(doubt.transport or ""), each)
                    for doubt, each in zip(some, asked, strict=True)
                )
            )
        accepted, again = [], []
        for doubt, answer in zip(page, answers, strict=True):
            believed = now >= doubt.lease_until + PATIENCE
            if isinstance(answer, Accepted):
                accepted.append((doubt.id, doubt.fence, answer.receipt))
                del self._asked[doubt.id]
            elif believed and (answer is not None or doubt.id in resent):
                detail = "Nobody could tell whether it arrived." if answer is None else answer.detail
                again.append(
                    (doubt.id, doubt.fence, DeliveryStatus.PLANNED, None, detail, millis(now), MovedBecause.RETRY)
                )
                del self._asked[doubt.id]
        if accepted or again:
            with self._database.begin() as connection:
                found.sent += ledger.accept(connection, accepted, now)
                found.again += ledger.settle(connection, again)

    def _as_written_now(self, ids: Sequence[int], now: datetime) -> tuple[dict[int, Message], set[int]]:
        """What each would be if it were written now, if it can be; and those that their campaign would resend."""
        with self._database.read() as connection:
            rows, _ = context.readable(connection, ids)
            definitions, _ = self._definitions.readable(connection, [row.digest for row in rows])
        rows = [row for row in rows if row.digest in definitions]
        letters, _ = self._letters.write([row for row in rows if row.address_cipher is not None], definitions, now)
        resent = {
            row.id
            for row in rows
            if definitions[row.digest].campaign.on_doubt is OnDoubt.RESEND and row.expires_at > now
        }
        return {letter.id: letter.message for letter in letters}, resent


async def _ask(transport: Transport | None, asked: Asked) -> Answer:
    """What the transport that was used says; None when it is gone, cannot tell, or fails to."""
    if not isinstance(transport, Reconcilable):
        return None
    try:
        answer: object = await transport.find(asked)
    except Exception:
        # A provider that cannot be asked leaves the doubt as it is; everyone else's messages must not wait for it.
        return None
    # Anything else, OutcomeUnknown above all, says no more than None: only a plain no is one.
    return answer if isinstance(answer, Accepted | ConnectionFailed) else None
