"""The send protocol, a batch at a time: claim, render, intend, send, record.

    planned --claim--> claimed --intend--> sending --send--> the provider --record--> sent | failed | planned | in_doubt

1 CLAIMED    a lease and a fence are on the rows; nothing has left the house. A crash here frees them when it expires.
2 RENDERED   the messages exist in memory; a message that cannot be rendered is quarantined alone.
3 INTENDED   the gates have been asked again and the intent is committed. A crash from here on is in doubt.
4 HANDED     the transport has answered, or may have.
5 RECORDED   its answers are on the rows.

While a batch is on its way, the next one is claimed and rendered. Its intent is committed only when that one has been
recorded: the last look at window, pause, stop and consent must not be minutes old when it leaves.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import IntEnum

from sqlalchemy import Connection

from engine.clock import Clock
from engine.deliver.breaker import Works, decide
from engine.deliver.costs import Prices
from engine.deliver.definitions import Definitions
from engine.deliver.intent import TOO_SLOW, Intended, intend
from engine.deliver.messages import Letter, Letters, Poisoned
from engine.deliver.outcomes import Delivered, Record, Rest, judge
from engine.deliver.traffic import Sight, Traffic
from engine.model.delivery import DeliveryStatus, FailReason, SkipReason
from engine.store import breakers, context, ledger, suppressions
from engine.store.database import Database
from engine.store.facts import Facts
from engine.transport.base import Outcome


class ProtocolStep(IntEnum):
    """The numbered steps of the send protocol; each is announced when it has been taken."""

    CLAIMED = 1
    RENDERED = 2
    INTENDED = 3
    HANDED = 4
    RECORDED = 5


class Dispatcher:
    """Sends what is planned and due. One per process; several processes share the store safely."""

    def __init__(
        self,
        database: Database,
        definitions: Definitions,
        letters: Letters,
        traffic: Traffic,
        clock: Clock,
        *,
        owner: str,
        prices: Prices,
        batch: int = 500,
        lease: timedelta = timedelta(minutes=5),
        announce: Callable[[ProtocolStep], None] = lambda step: None,
    ) -> None:
        self._database = database
        self._definitions = definitions
        self._letters = letters
        self._traffic = traffic
        self._prices = prices
        self._clock = clock
        self._owner = owner
        self._batch = batch
        self._lease = lease
        self._announce = announce
        self._stopping = False

    def stop(self) -> None:
        """Claim nothing more; what is on its way is still recorded."""
        self._stopping = True

    async def drain(self) -> Delivered:
        """Send everything due by now that may go; returns when nothing is left to claim, or soon after `stop`."""
        done = Delivered()
        under_way: asyncio.Task[int] | None = None
        reopened = 0
        more = True
        try:
            while more and not self._stopping:
                claimed, letters, lease_until = self._prepare(done)
                if under_way is not None:
                    reopened += await under_way
                    under_way = None
                ready = self._intend(letters, lease_until, done) if claimed else []
                under_way = asyncio.create_task(self._send(ready, done)) if ready else None
                await asyncio.sleep(0)  # let it start before the next batch is prepared
                more = claimed == self._batch  # a batch that was not full took all that was due
                if not more:
                    if under_way is not None:
                        reopened += await under_way
                        under_way = None
                    more, reopened = reopened > 0, 0
        finally:
            # Whatever befalls the next batch, what this one handed over is recorded.
            if under_way is not None:
                await under_way
        return done

    def _prepare(self, done: Delivered) -> tuple[int, list[Letter], datetime]:
        """Claim and render a batch; how many were claimed, their letters, and until when they are ours."""
        now = self._clock.now()
        lease_until = now + self._lease
        with self._database.begin() as connection:
            ids = self._claim(connection, now, lease_until, done)
            rows = context.context(connection, ids) if ids else []
            definitions = {row.digest: self._definitions.get(connection, row.digest) for row in rows}
        if not ids:
            return 0, [], lease_until
        self._announce(ProtocolStep.CLAIMED)
        # An address that went after planning is the consent gate's to name; there is nothing to write to it.
        homeless = [row for row in rows if not row.has_address]
        letters, poisoned = self._letters.write([row for row in rows if row.has_address], definitions, now)
        self._announce(ProtocolStep.RENDERED)
        if homeless or poisoned:
            self._set_apart(homeless, poisoned, done)
        return len(ids), letters, lease_until

    def _claim(self, connection: Connection, now: datetime, until: datetime, done: Delivered) -> list[int]:
        """Take a batch, and on no channel more than may leave on it now."""
        sight = self._traffic.look(connection, now)
        room = {channel: sight.room(channel) for channel in self._traffic.routes.by_channel}
        ids: list[int] = []
        for channel in [channel for channel, some in room.items() if some < self._batch]:
            most = min(room[channel], self._batch - len(ids))
            taken = ledger.claim(connection, now, self._owner, until, most, [channel]) if most else []
            ids += taken
            if len(taken) == most and ledger.waits(connection, now, channel):
                done.hold(sight.ready(channel))
        free = [channel for channel, some in room.items() if some >= self._batch]
        if free and len(ids) < self._batch:
            ids += ledger.claim(connection, now, self._owner, until, self._batch - len(ids), free)
        return ids

    def _set_apart(self, homeless: Sequence[Facts], poisoned: Sequence[Poisoned], done: Delivered) -> None:
        with self._database.begin() as connection:
            if homeless:
                nowhere = DeliveryStatus.SKIPPED, SkipReason.NO_ADDRESS
                ledger.settle(connection, [(row.id, row.fence, *nowhere, None, None, None) for row in homeless])
                done.skipped += len(homeless)
            if poisoned:
                failed = DeliveryStatus.FAILED, FailReason.POISON
                ledger.settle(connection, [(*who, *failed, why, None, None) for *who, why in poisoned])
                done.failed += len(poisoned)

    def _intend(self, letters: Sequence[Letter], lease_until: datetime, done: Delivered) -> list[Intended]:
        """Ask the gates once more, now, and commit the intent to send what passes."""
        now = self._clock.now()
        with self._database.begin() as connection:
            sight = self._traffic.look(connection, now)
            ready = intend(connection, letters, sight, self._prices, now, lease_until, done)
        self._announce(ProtocolStep.INTENDED)
        return ready

    async def _send(self, ready: Sequence[Intended], done: Delivered) -> int:
        """Hand each transport its messages and record what it answers.

        Returns how many reasons there are to look again at once: messages that another transport may take, and
        transports that work again.
        """
        now = self._clock.now()
        answers = await asyncio.gather(*(each.hand_over(now) for each in ready))
        self._announce(ProtocolStep.HANDED)
        now = self._clock.now()
        reopened = 0
        with self._database.begin() as connection:
            sight = self._traffic.look(connection, now)
            for each, outcomes in zip(ready, answers, strict=True):
                failing = each.transport.name in sight.failing
                rest = self._rest(connection, each.transport.name, outcomes, sight, now, done)
                reopened += failing and each.transport.name not in sight.failing
                record = Record()
                for letter, outcome in zip(each.letters, outcomes, strict=True):
                    judge(record, letter, outcome, each.transport.name, now, rest)
                self._keep(connection, record, each.transport.name, now, done)
                reopened += record.rerouted
        self._announce(ProtocolStep.RECORDED)
        return reopened

    def _rest(
        self,
        connection: Connection,
        transport: str,
        outcomes: Sequence[Outcome],
        sight: Sight,
        now: datetime,
        done: Delivered,
    ) -> Rest:
        """Leave a transport alone that needs it, or take note that it works again."""
        from_it = [each for each in outcomes if each is not TOO_SLOW]
        verdict = decide(from_it, sight.failing.get(transport), now) if from_it else Works()
        if isinstance(verdict, Works):
            if sight.failing.pop(transport, None) is not None:
                breakers.reset(connection, transport)
            return Rest()
        breakers.trip(connection, transport, verdict)
        sight.failing[transport] = verdict
        if verdict.open_until <= now:
            return Rest()
        problem = f"{transport}: {verdict.because}"
        if problem not in done.problems:
            done.problems.append(problem)
        resting = [name for name, each in sight.failing.items() if each.open_until > now]
        routes = self._traffic.routes
        return Rest(
            verdict.open_until,
            frozenset(channel for channel in routes.by_channel if routes.open(channel, resting)),
        )

    def _keep(self, connection: Connection, record: Record, transport: str, now: datetime, done: Delivered) -> None:
        if record.accepted:
            done.sent += ledger.accept(connection, record.accepted, now)
        if record.settled:
            ledger.settle(connection, record.settled)
            ledger.log_attempts(connection, record.tried, now)
        for index, channel, reason in record.suppress:
            suppressions.add_index(connection, index, channel, reason, transport, now)
        statuses = [row[2] for row in record.settled]
        done.failed += statuses.count(DeliveryStatus.FAILED)
        done.retried += statuses.count(DeliveryStatus.PLANNED)
        done.in_doubt += statuses.count(DeliveryStatus.IN_DOUBT)
