"""The last look before a send: the gates are asked again, and the intent to send what passes is committed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from engine.deliver.cases import Tally, case_of, days_asked
from engine.deliver.costs import Prices
from engine.deliver.messages import Letter
from engine.deliver.outcomes import Delivered
from engine.deliver.traffic import Sight
from engine.measures import end
from engine.model.campaign import Urgency
from engine.model.delivery import DeliveryStatus, FailReason, MovedBecause, SkipReason
from engine.plan.gates import GATES_OF, Decision, Defer, Skip, ask
from engine.store import context, ledger
from engine.store.facts import Facts
from engine.store.places import millis
from engine.transport.base import Message, Outcome, OutcomeUnknown, SmsMessage, Transport
from engine.transport.lease import OVERTAKEN, Question, under

ON_ITS_WAY = (DeliveryStatus.PLANNED, DeliveryStatus.CLAIMED)
UNREADABLE = OutcomeUnknown("The transport answered with something that is not an outcome.")


@dataclass(frozen=True, slots=True)
class Intended:
    """Messages whose intent was committed at `at`, for one transport, under a lease until `lease_until` at first."""

    transport: Transport
    letters: Sequence[Letter]
    lease_until: datetime
    at: datetime

    async def hand_over(self, still_ours: Question) -> Sequence[Outcome]:
        """One outcome per message, whatever the transport does: what it raises may have come after an acceptance."""
        messages = [letter.message for letter in self.letters]
        if not still_ours():
            # The batch before, or another transport's part of this one while the machine stood still, took so long that
            # others may have taken these over: they could be sent twice.
            return [OVERTAKEN] * len(messages)
        try:
            with under(still_ours):
                answered = await self.transport.send(messages)
            outcomes = [each if isinstance(each, Outcome) else UNREADABLE for each in answered]
        except Exception as error:
            return [OutcomeUnknown(f"The transport raised {type(error).__name__}.")] * len(messages)
        if len(outcomes) != len(messages):
            return [OutcomeUnknown("The transport answered for another number of messages.")] * len(messages)
        return outcomes


def intend(
    connection: Connection,
    letters: Sequence[Letter],
    sight: Sight,
    prices: Prices,
    now: datetime,
    lease_until: datetime,
    done: Delivered,
) -> list[Intended]:
    """Ask the gates about each letter and, in the caller's transaction, commit what they say; what may now be sent.

    What no transport may take now goes back to wait for one, and what the operator holds back to wait for them.
    """
    facts = context.facts(connection, [letter.id for letter in letters])
    asked = days_asked(((row.partner_id, row.timezone) for row in facts.values()), now)
    today = {partner: day.toordinal() for partner, day, _ in asked}
    tally = Tally(context.sent_counts(connection, asked))
    passed: dict[int, tuple[Transport, Letter]] = {}
    intended: list[tuple[int, int, int | None, str, int, int]] = []
    skipped: set[int] = set()
    settled: list[tuple[Any, ...]] = []
    for letter in letters:
        row = facts.get(letter.id)
        if row is None:  # its partner was erased meanwhile
            continue
        held = _held_back(letter, sight)
        if held is not None:
            settled.append(held)
            done.held += 1
            continue
        match _asked(letter, row, tally, now, shared=bool(row.same_address) and _twin_goes(row, skipped)):
            case str() as why:
                settled.append(_ended(letter, done, DeliveryStatus.FAILED, FailReason.POISON, why))
                done.failed += 1
            case Skip(reason):
                skipped.add(letter.id)
                settled.append(_ended(letter, done, DeliveryStatus.SKIPPED, reason))
                done.skipped += 1
            case Defer(until, because):
                settled.append((letter.id, letter.fence, DeliveryStatus.PLANNED, None, None, millis(until), because))
                done.deferred += 1
            case _:
                parts, cost = prices.of(letter.message)
                route = sight.way(letter.channel, letter.id, parts)
                if route is None:
                    settled.append(put_back(letter, sight.ready(letter.channel)))
                    done.held += 1
                    continue
                day = None  # a notice counts towards no cap
                if letter.step.urgency is Urgency.PLANNED:
                    tally.add(row.partner_id)
                    day = today[letter.partner_id]
                sendable = letter if letter.written_at == now else letter._replace(message=_aged(letter, now))
                passed[letter.id] = route.transport, sendable
                intended.append((letter.id, letter.fence, day, route.transport.name, parts, cost))
    if settled:
        ledger.settle(connection, settled)
    sight.keep(connection)
    ours = ledger.intend(connection, intended, now)
    by_transport: dict[str, list[tuple[Transport, Letter]]] = defaultdict(list)
    for delivery_id, (transport, letter) in passed.items():
        if delivery_id in ours:
            by_transport[transport.name].append((transport, letter))
    return [Intended(some[0][0], [letter for _, letter in some], lease_until, now) for some in by_transport.values()]


def _held_back(letter: Letter, sight: Sight) -> tuple[Any, ...] | None:
    """The row that puts a letter back which the operator holds back; None when it may go."""
    if not sight.holds:
        return None
    until = sight.held_until(letter.campaign.id, letter.channel)
    return put_back(letter, until) if sight.holds.everything or until else None


def _asked(letter: Letter, row: Facts, tally: Tally, now: datetime, *, shared: bool) -> Decision | str:
    """What the gates say; or why they cannot be asked: what one row holds must not hold up the others of its batch."""
    try:
        reach = row.has_address, row.consented, row.suppressed
        case = case_of(row, letter.campaign, reach, letter.due_at, letter.expires_at, tally.counts, shared=shared)
        return ask(case, now, GATES_OF[letter.step.urgency])
    except Exception as error:
        return f"Asking the gates fails with {type(error).__name__}."


def _ended(
    letter: Letter, done: Delivered, status: DeliveryStatus, reason: SkipReason | FailReason, why: str | None = None
) -> tuple[Any, ...]:
    """The row of a letter that does not go, which is counted."""
    done.ends[end(letter.channel, status, reason)] += 1
    return letter.id, letter.fence, status, reason, why, None, None


def put_back(claimed: Letter | Facts, until: datetime | None) -> tuple[Any, ...]:
    """A claimed delivery that is to wait `until` then, for `ledger.settle`; None: it keeps its place."""
    why = None if until is None else MovedBecause.HELD
    return claimed.id, claimed.fence, DeliveryStatus.PLANNED, None, None, millis(until), why


def _aged(letter: Letter, now: datetime) -> Message:
    """The letter's message as of now: a text has less of its window left than when it was written."""
    message = letter.message
    if not isinstance(message, SmsMessage):
        return message
    return replace(message, valid_for=max(message.valid_for - (now - letter.written_at), timedelta(0)))


def _twin_goes(row: Facts, skipped: set[int]) -> bool:
    """Whether this occurrence reaches the shared address through the other partner's delivery, so that one is enough.

    It does when that one went or may have gone; and, for the second partner, when it is still on its way.
    """
    if row.twin_status is None or row.twin_id in skipped:
        return False
    return bool(row.twin_gone) or (row.position == 2 and row.twin_status in ON_ITS_WAY)
