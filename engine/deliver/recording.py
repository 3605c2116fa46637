"""Puts what a batch came to on its rows: statuses, attempts, suppressions, and transports that need a rest."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection

from engine.deliver.breaker import Works, decide
from engine.deliver.intent import Intended
from engine.deliver.messages import Letter
from engine.deliver.outcomes import Delivered, Record, Rest, judge
from engine.deliver.routes import Routes
from engine.deliver.traffic import Sight, Traffic
from engine.measures import end
from engine.model.delivery import DeliveryStatus
from engine.store import breakers, ledger, suppressions
from engine.transport.base import Outcome
from engine.transport.lease import OVERTAKEN

Sent = Sequence[tuple[Intended, Sequence[Outcome]]]
"""What was handed over, with one outcome for each letter."""


def record(connection: Connection, traffic: Traffic, sent: Sent, now: datetime, done: Delivered) -> tuple[Sight, int]:
    """Put answers on the rows; how things stand then, and how many reasons there are to look again at once."""
    reopened = 0
    sight = traffic.look(connection, now, to_draw=True)
    before = dict(sight.failing)
    for each, outcomes in sent:
        failing = each.transport.name in sight.failing
        rest = _rest(connection, traffic.routes, each, outcomes, sight, now, done)
        reopened += failing and each.transport.name not in sight.failing
        told = Record()
        for letter, outcome in zip(each.letters, outcomes, strict=True):
            judge(told, letter, outcome, each.transport.name, now, rest)
        _keep(connection, told, each.transport.name, now, done)
        done.ends.update(_ends(told, each.letters))
        reopened += told.rerouted
        if each.at.date() == now.date():  # drawn today, in UTC as ceilings are
            sight.give_back(each.transport.name, told.again)
    sight.keep(connection)
    return sight if sight.failing == before else traffic.look(connection, now, to_draw=True), reopened


def _rest(
    connection: Connection,
    routes: Routes,
    each: Intended,
    outcomes: Sequence[Outcome],
    sight: Sight,
    now: datetime,
    done: Delivered,
) -> Rest:
    """Leave a transport alone that needs it, or take note that it works again."""
    transport = each.transport.name
    from_it = [outcome for outcome in outcomes if outcome is not OVERTAKEN]
    if not from_it:
        return Rest()
    verdict = decide(from_it, sight.failing.get(transport), now, each.at)
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
    return Rest(
        verdict.open_until,
        frozenset(channel for channel in routes.by_channel if routes.open(channel, sight.resting)),
    )


def _keep(connection: Connection, record: Record, transport: str, now: datetime, done: Delivered) -> None:
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


def _ends(record: Record, letters: Sequence[Letter]) -> Iterator[str]:
    """What became of each letter, but for those that are to go again."""
    channels = {letter.id: letter.channel for letter in letters}
    for number, *_ in record.accepted:
        yield end(channels[number], DeliveryStatus.SENT)
    for number, _, status, reason, *_ in record.settled:
        if status is not DeliveryStatus.PLANNED:
            yield end(channels[number], status, reason)
