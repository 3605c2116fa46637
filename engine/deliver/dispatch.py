"""The send protocol, a batch at a time: claim, render, intend, send, record.

    planned --claim--> claimed --intend--> sending --send--> the provider --record--> sent | failed | planned | in_doubt

1 CLAIMED    a lease and a fence are on the rows; nothing has left the house. A crash here frees them when it expires.
2 RENDERED   the messages exist in memory; a message that cannot be rendered is quarantined alone.
3 INTENDED   the gates have been asked again and the intent is committed. A crash from here on is in doubt.
4 HANDED     the transport has answered, or may have.
5 RECORDED   its answers are on the rows.

While a batch is on its way, the next one is claimed and rendered. Its intent is committed with what became of that one
and not before: the last look at window, pause, stop and consent must not be minutes old when it leaves.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum

from sqlalchemy import Connection

from engine.clock import Clock
from engine.deliver.costs import Prices
from engine.deliver.definitions import Definitions
from engine.deliver.holding import holding
from engine.deliver.intent import Intended, intend
from engine.deliver.messages import Letter, Letters, Poisoned
from engine.deliver.outcomes import Delivered
from engine.deliver.recording import Sent, record
from engine.deliver.traffic import SET_ASIDE, Traffic
from engine.errors import StoreError
from engine.measures import Measures, end
from engine.model.delivery import DeliveryStatus, FailReason, SkipReason
from engine.model.job import Job
from engine.store import context, jobs, ledger
from engine.store.database import Database
from engine.store.facts import Facts


class ProtocolStep(IntEnum):
    """The numbered steps of the send protocol; each is announced when it has been taken."""

    CLAIMED = 1
    RENDERED = 2
    INTENDED = 3
    HANDED = 4
    RECORDED = 5


RECORD_WAITS = 1.0, 2.0, 4.0, 8.0, 10.0, *(20.0,) * 29
"""Seconds between tries to record, beyond the database's own patience: a server that fails over, or a disk that is
cleared, takes minutes. An answer that is not recorded is a doubt for the operator to resolve, for each of a batch; so
is an intent that may have been committed, and is not taken back."""
HURRIED_WAITS = 5
"""So many of those are enough for who is told to stop."""
WRITTEN_AT_ONCE = 32
"""Letters that are written before the event loop gets its turn."""
PASSED_BY = 1_000
"""Deliveries at the head of the queue that are looked at for what is held, each time that a batch is claimed."""


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
        measures: Measures | None = None,
    ) -> None:
        self._measures = measures or Measures()
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
        self._stopping = self._hurried = False

    def stop(self, *, patient: bool = False) -> None:
        """Claim and hand over nothing more; what is on its way is still recorded.

        Unless `patient`, it is not waited for as long as otherwise that the database can be written.
        """
        self._stopping = True
        self._hurried = self._hurried or not patient

    async def drain(self) -> Delivered:
        """Send everything due by now that may go; returns when nothing is left to claim, or soon after `stop`."""
        done = Delivered()
        under_way: asyncio.Task[Sent] | None = None
        reopened = 0
        more = True
        try:
            while more and not self._stopping:
                claimed, letters, lease_until = await self._prepare(done)
                sent = await under_way if under_way is not None else ()
                under_way = None
                if self._stopping:  # meanwhile; a whole further batch may take longer than we are given to end
                    await self._settle(sent, [], lease_until, done)
                    self._let_go(letters)
                    break
                ready, again = await self._settle(sent, letters, lease_until, done)
                reopened += again
                under_way = asyncio.create_task(self._hand_over(ready)) if ready else None
                await asyncio.sleep(0)  # let it start before the next batch is prepared
                more = claimed == self._batch  # a batch that was not full took all that was due
                if not more:
                    sent = await under_way if under_way is not None else ()
                    under_way = None
                    _, again = await self._settle(sent, [], lease_until, done)
                    more, reopened = reopened + again > 0, 0
        finally:
            # Whatever befalls the next batch, what this one handed over is recorded.
            if under_way is not None:
                await self._settle(await under_way, [], self._clock.now(), done)
        return done

    async def _prepare(self, done: Delivered) -> tuple[int, list[Letter], datetime]:
        """Claim and render a batch; how many were claimed, their letters, and until when they are ours."""
        now = self._clock.now()
        lease_until = now + self._lease
        with self._database.begin(shared=True) as connection:
            ids = self._claim(connection, now, lease_until, done)
            rows, unread = context.readable(connection, ids) if ids else ([], [])
            if len(ids) == self._batch:  # there may be more: another worker could take it
                jobs.defer(connection, Job.DRAIN)
            definitions, broken = self._definitions.readable(connection, [row.digest for row in rows])
        if not ids:
            return 0, [], lease_until
        self._announce(ProtocolStep.CLAIMED)
        # An address that went after planning is the consent gate's to name; there is nothing to write to it.
        homeless = [row for row in rows if row.address_cipher is None]
        reachable = [row for row in rows if row.address_cipher is not None and row.digest in definitions]
        letters: list[Letter] = []
        poisoned: list[Poisoned] = [
            (row.id, row.fence, broken[row.digest])
            for row in rows
            if row.digest in broken and row.address_cipher is not None
        ]
        poisoned += [(number, fence, f"Its row cannot be read ({why}).") for number, fence, _, why in unread]
        for first in range(0, len(reachable), WRITTEN_AT_ONCE):
            written, wrong = self._letters.write(reachable[first : first + WRITTEN_AT_ONCE], definitions, now)
            letters += written
            poisoned += wrong
            await asyncio.sleep(0)  # the batch that is under way must not wait for this one
        self._announce(ProtocolStep.RENDERED)
        if homeless or poisoned:
            channels = {row.id: row.channel for row in rows} | {number: channel for number, _, channel, _ in unread}
            self._set_apart(homeless, poisoned, channels, done)
        return len(ids), letters, lease_until

    def _claim(self, connection: Connection, now: datetime, until: datetime, done: Delivered) -> list[int]:
        """Take a batch: nothing that the operator holds back, and on no channel more than may leave on it now."""
        sight = self._traffic.look(connection, now)
        held = sight.holds.campaigns
        if sight.holds.everything:
            return []
        if held or sight.shut:
            ledger.set_aside(connection, now, now + SET_ASIDE, held, sight.shut, PASSED_BY)
        room = {
            channel: sight.room(channel) for channel in self._traffic.routes.by_channel if channel not in sight.shut
        }
        ids: list[int] = []
        for channel in [channel for channel, some in room.items() if some < self._batch]:
            most = min(room[channel], self._batch - len(ids))
            taken = ledger.claim(connection, now, self._owner, until, most, [channel], held) if most else []
            ids += taken
            if len(taken) == most and ledger.waits(connection, now, channel):
                done.hold(sight.ready(channel))
        free = [channel for channel, some in room.items() if some >= self._batch]
        if free and len(ids) < self._batch:
            ids += ledger.claim(connection, now, self._owner, until, self._batch - len(ids), free, held)
        return ids

    def _let_go(self, letters: Sequence[Letter]) -> None:
        """Give back what was claimed and will not be sent by us: others need not wait for the lease to run out."""
        with self._database.begin(shared=True) as connection:
            ledger.settle(connection, _given_back(letters))

    def _set_apart(
        self, homeless: Sequence[Facts], poisoned: Sequence[Poisoned], channels: Mapping[int, str], done: Delivered
    ) -> None:
        before = done.ends.copy()
        with self._database.begin(shared=True) as connection:
            if homeless:
                nowhere = DeliveryStatus.SKIPPED, SkipReason.NO_ADDRESS
                ledger.settle(connection, [(row.id, row.fence, *nowhere, None, None, None) for row in homeless])
                done.skipped += len(homeless)
                done.ends.update(end(row.channel, *nowhere) for row in homeless)
            if poisoned:
                failed = DeliveryStatus.FAILED, FailReason.POISON
                ledger.settle(connection, [(*who, *failed, why, None, None) for *who, why in poisoned])
                done.failed += len(poisoned)
                done.ends.update(end(channels[number], *failed) for number, *_ in poisoned)
        self._measures.add(done.ends - before)

    async def _settle(
        self, sent: Sent, letters: Sequence[Letter], lease_until: datetime, done: Delivered
    ) -> tuple[list[Intended], int]:
        """As `_turn`, tried again for a while when the database cannot be written.

        What the transports answered is known nowhere else, and nowhere else that what might be committed as an intent
        has not been handed over.
        """
        before, again = {**vars(done), "ends": done.ends.copy()}, False
        try:
            for tries, wait in enumerate(RECORD_WAITS if sent or letters else ()):
                try:
                    return self._turn(sent, letters, lease_until, done, again=again)
                except StoreError:
                    vars(done).update({**before, "ends": before["ends"].copy()})
                    again = True
                if tries >= HURRIED_WAITS and self._hurried:
                    break
                await asyncio.sleep(wait)
            return self._turn(sent, letters, lease_until, done, again=again)
        except BaseException:
            if sent:  # whatever it was about: the next batch, for one
                vars(done).update(before)
                self._turn(sent, [], lease_until, done, again=True)
            raise

    def _turn(
        self, sent: Sent, letters: Sequence[Letter], lease_until: datetime, done: Delivered, *, again: bool
    ) -> tuple[list[Intended], int]:
        """Record what one batch came to and commit the intent to send the next, in one transaction.

        Returns what may now be handed over, and how many reasons there are to look again at once: messages that
        another transport may take, and transports that work again. Who tries `again` cannot tell what was committed
        before, and takes the intent back: whoever claims next finds all as it is.
        """
        if not sent and not letters:
            return [], 0
        now, before = self._clock.now(), done.ends.copy()
        ready: list[Intended] = []
        with self._database.begin(shared=True) as connection:
            # In this order in every process, or two would wait for one another: couples, paces, then rows.
            context.lock_couples(connection, [letter.id for letter in letters])
            sight, reopened = record(connection, self._traffic, sent, now, done)
            if letters and again:
                ledger.settle(connection, _given_back(letters))
                reopened += len(letters)
            elif letters:
                ready = intend(connection, letters, sight, self._prices, now, lease_until, done)
        self._measures.add(done.ends - before)
        if sent:
            for each, _ in sent:
                took = now - (each.lease_until - self._lease)
                self._measures.claim_to_record.observe(took.total_seconds(), len(each.letters))
            self._announce(ProtocolStep.RECORDED)
        if letters and not again:
            self._announce(ProtocolStep.INTENDED)
        return ready, reopened

    async def _hand_over(self, ready: Sequence[Intended]) -> Sent:
        """Hand each transport its messages; each with what it answered."""
        held = [(letter.id, letter.fence) for each in ready for letter in each.letters]
        until = ready[0].lease_until  # a batch is claimed as one
        async with holding(self._database, self._clock, held, until, self._lease) as lease:
            answers = await asyncio.gather(*(each.hand_over(lease.runs) for each in ready))
        self._announce(ProtocolStep.HANDED)
        return list(zip(ready, answers, strict=True))


def _given_back(letters: Sequence[Letter]) -> list[tuple[object, ...]]:
    """Letters that were claimed, and not handed over: their deliveries are as they were, for `ledger.settle`."""
    return [(each.id, each.fence, DeliveryStatus.PLANNED, *[None] * 4) for each in letters]
