"""The send protocol, a batch at a time: claim, render, intend, send, record.

    planned --claim--> claimed --intend--> sending --send--> the provider --record--> sent | failed | planned | in_doubt

1 CLAIMED    a lease and a fence are on the rows; nothing has left the house. A crash here frees them when it expires.
2 RENDERED   the messages exist in memory; a message that cannot be rendered is quarantined alone.
3 INTENDED   the gates have been asked again and the intent is committed. A crash from here on is in doubt.
4 HANDED     the transport has answered, or may have.
5 RECORDED   its answers are on the rows.

While a batch is on its way, the next one is claimed and rendered.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from sqlalchemy import Connection

from engine.clock import Clock
from engine.deliver.cases import Tally, case_of, days_asked
from engine.deliver.definitions import Definitions
from engine.deliver.messages import Letter, Letters
from engine.deliver.outcomes import MEND_TIME, Record, Sending, judge
from engine.model.campaign import Channel
from engine.model.delivery import DeliveryStatus, FailReason, SkipReason
from engine.plan.gates import Defer, Skip, ask
from engine.store import ledger, suppressions
from engine.store.database import Database
from engine.store.places import millis
from engine.transport.base import ConnectionFailed, Outcome, OutcomeUnknown, Transport

UNREADABLE = OutcomeUnknown("The transport answered with something that is not an outcome.")


class ProtocolStep(IntEnum):
    """The numbered steps of the send protocol; each is announced when it has been taken."""

    CLAIMED = 1
    RENDERED = 2
    INTENDED = 3
    HANDED = 4
    RECORDED = 5


@dataclass
class Delivered:
    """What one drain did, in deliveries."""

    sent: int = 0
    skipped: int = 0
    deferred: int = 0
    failed: int = 0
    retried: int = 0
    in_doubt: int = 0
    problems: list[str] = field(default_factory=list)  # transports that need mending


@dataclass(frozen=True, slots=True)
class _Ready:
    """Messages whose intent is committed, for one transport."""

    transport: Transport
    letters: Sequence[Letter]
    sending: Sequence[Sending]
    lease_until: datetime


class Dispatcher:
    """Sends what is planned and due. One per process; several processes share the store safely."""

    def __init__(
        self,
        database: Database,
        definitions: Definitions,
        letters: Letters,
        transports: Mapping[Channel, Transport],
        clock: Clock,
        *,
        owner: str,
        batch: int = 500,
        lease: timedelta = timedelta(minutes=5),
        announce: Callable[[ProtocolStep], None] = lambda step: None,
    ) -> None:
        self._database = database
        self._definitions = definitions
        self._letters = letters
        self._transports = transports
        self._clock = clock
        self._owner = owner
        self._batch = batch
        self._lease = lease
        self._announce = announce
        self._left_alone_until: dict[str, datetime] = {}
        self._stopping = False

    def stop(self) -> None:
        """Claim nothing more; what is on its way is still recorded."""
        self._stopping = True

    async def drain(self) -> Delivered:
        """Send everything due by now; returns when nothing is left to claim, or soon after `stop`."""
        done = Delivered()
        under_way: asyncio.Task[None] | None = None
        try:
            claimed = self._batch
            while claimed == self._batch and not self._stopping:  # a batch that was not full took all that was due
                claimed, ready = self._prepare(done)
                if under_way is not None:
                    await under_way
                under_way = asyncio.create_task(self._send(ready, done)) if ready else None
                await asyncio.sleep(0)  # let it start before the next batch is prepared
        finally:
            # Whatever befalls the next batch, what this one handed over is recorded.
            if under_way is not None:
                await under_way
        return done

    def _prepare(self, done: Delivered) -> tuple[int, list[_Ready]]:
        """Claim and render a batch and commit the intent to send it; how many were claimed, and what is to be sent."""
        now = self._clock.now()
        channels = [c for c, t in self._transports.items() if self._left_alone_until.get(t.name, now) <= now]
        with self._database.begin() as connection:
            ids = ledger.claim(connection, now, self._owner, now + self._lease, self._batch, channels)
            rows = ledger.context(connection, ids) if ids else []
            definitions = {row.digest: self._definitions.get(connection, row.digest) for row in rows}
        if not ids:
            return 0, []
        self._announce(ProtocolStep.CLAIMED)
        # An address that went after planning is the consent gate's to name; there is nothing to write to it.
        homeless = [row for row in rows if not row.has_address]
        letters, poisoned = self._letters.write([row for row in rows if row.has_address], definitions, now)
        self._announce(ProtocolStep.RENDERED)
        with self._database.begin() as connection:
            if homeless:
                nowhere = DeliveryStatus.SKIPPED, SkipReason.NO_ADDRESS
                ledger.settle(connection, [(row.id, row.fence, *nowhere, None, None, None) for row in homeless])
                done.skipped += len(homeless)
            if poisoned:
                failed = DeliveryStatus.FAILED, FailReason.POISON
                ledger.settle(connection, [(*who, *failed, why, None, None) for *who, why in poisoned])
                done.failed += len(poisoned)
            ready = self._intend(connection, letters, now, done)
        self._announce(ProtocolStep.INTENDED)
        return len(ids), ready

    def _intend(
        self, connection: Connection, letters: Sequence[Letter], now: datetime, done: Delivered
    ) -> list[_Ready]:
        """Ask the gates again and commit the intent to send what passes, in the caller's transaction."""
        facts = ledger.facts(connection, [letter.id for letter in letters])
        asked = days_asked(((row.partner_id, row.timezone) for row in facts.values()), now)
        today = {partner: day.toordinal() for partner, day, _ in asked}
        tally = Tally(ledger.sent_counts(connection, asked))
        passed: list[Letter] = []
        settled: list[tuple[Any, ...]] = []
        for letter in letters:
            row = facts[letter.id]
            case = case_of(
                row, letter.campaign, letter.step, letter.channel, letter.due_at, letter.expires_at, tally.counts, now
            )
            match ask(case, now):
                case Skip(reason):
                    settled.append((letter.id, letter.fence, DeliveryStatus.SKIPPED, reason, None, None, None))
                    done.skipped += 1
                case Defer(until, because):
                    settled.append(
                        (letter.id, letter.fence, DeliveryStatus.PLANNED, None, None, millis(until), because)
                    )
                    done.deferred += 1
                case _:
                    tally.add(row.partner_id)
                    passed.append(letter)
        if settled:
            ledger.settle(connection, settled)
        names = {channel: transport.name for channel, transport in self._transports.items()}
        ours = ledger.intend(
            connection,
            [(letter.id, letter.fence, today[letter.partner_id], names[letter.channel]) for letter in passed],
        )
        ready = []
        for channel, transport in self._transports.items():
            mine = [letter for letter in passed if letter.channel is channel and letter.id in ours]
            if mine:
                sending = [
                    Sending(
                        letter.id, letter.fence, letter.attempts + 1, letter.expires_at, letter.address_index, channel
                    )
                    for letter in mine
                ]
                ready.append(_Ready(transport, mine, sending, now + self._lease))
        return ready

    async def _send(self, ready: Sequence[_Ready], done: Delivered) -> None:
        """Hand each transport its messages and record what it answers."""
        now = self._clock.now()
        answers = await asyncio.gather(*(_hand_over(each, now) for each in ready))
        self._announce(ProtocolStep.HANDED)
        now = self._clock.now()
        with self._database.begin() as connection:
            for each, outcomes in zip(ready, answers, strict=True):
                record = Record()
                for sending, outcome in zip(each.sending, outcomes, strict=True):
                    judge(record, sending, outcome, each.transport.name, now)
                self._keep(connection, record, each.transport, now, done)
        self._announce(ProtocolStep.RECORDED)

    def _keep(
        self, connection: Connection, record: Record, transport: Transport, now: datetime, done: Delivered
    ) -> None:
        if record.accepted:
            done.sent += ledger.accept(connection, record.accepted, now)
        if record.settled:
            ledger.settle(connection, record.settled)
            ledger.log_attempts(connection, record.tried, now)
        for index, channel, code in record.suppress:
            suppressions.add_index(connection, index, channel, code, transport.name, now)
        if record.misconfigured is not None:
            self._left_alone_until[transport.name] = now + MEND_TIME
            done.problems.append(f"{transport.name}: {record.misconfigured}")
        statuses = [row[2] for row in record.settled]
        done.failed += statuses.count(DeliveryStatus.FAILED)
        done.retried += statuses.count(DeliveryStatus.PLANNED)
        done.in_doubt += statuses.count(DeliveryStatus.IN_DOUBT)


async def _hand_over(ready: _Ready, now: datetime) -> Sequence[Outcome]:
    """One outcome per message, whatever the transport does: what it raises may have come after an acceptance."""
    messages = [letter.message for letter in ready.letters]
    if now >= ready.lease_until:
        # The batch before took so long that others may have taken these over: handing them over could send them twice.
        return [ConnectionFailed("The lease ran out before it was handed over.")] * len(messages)
    try:
        answered = await ready.transport.send(messages)
        outcomes = [each if isinstance(each, Outcome) else UNREADABLE for each in answered]
    except Exception as error:
        return [OutcomeUnknown(f"The transport raised {type(error).__name__}.")] * len(messages)
    if len(outcomes) != len(messages):
        return [OutcomeUnknown("The transport answered for another number of messages.")] * len(messages)
    return outcomes
