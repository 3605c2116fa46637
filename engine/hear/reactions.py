"""What each kind of event does. Every reaction may be repeated and takes a whole batch in one statement.

Two things are never believed: a reference that does not prove that we wrote the message, and what an event without
such a proof says of an address, unless its source signs its calls. Anyone can write a bounce.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from engine.clock import UnknownZone
from engine.model.event import Event, EventType
from engine.plan.local import local_day
from engine.render.links import reference
from engine.store import events, ledger, stops, tallies
from engine.store.types import to_millis
from engine.store.vault import Vault, address_index

Reaction = Callable[[Connection, Sequence[int]], None]
"""Something done for the stored events with these ids; doing it again changes nothing."""

MOST_KEY = 200  # characters; see schema.events
MOST_CODE = 64
MOST_DETAIL = 500


def accepted(connection: Connection, ids: Sequence[int]) -> None:
    """The provider has had the message: what is not down as sent, though it was handed over, is."""
    told = [
        (row.delivery_id, row.receipt, to_millis(row.at), row.source, _day(row.at, row.timezone))
        for row in events.unsettled(connection, ids)
    ]
    if told:
        ledger.heard_of(connection, told)


def advance(connection: Connection, ids: Sequence[int]) -> None:
    """The delivery's funnel keeps the earliest instant of each kind."""
    events.advance(connection, ids)


def suppress(connection: Connection, ids: Sequence[int]) -> None:
    """Never send again to an address that the event says is not to be sent to."""
    stops.suppress(connection, ids)


def count_soft(connection: Connection, ids: Sequence[int]) -> None:
    """Message after message that comes back, and none that arrives in between, ends it too."""
    stops.count_soft(connection, ids)


REACTIONS: Mapping[EventType, tuple[Reaction, ...]] = {
    EventType.QUEUED: (accepted,),
    EventType.SENT: (accepted,),
    EventType.DELIVERED: (accepted, advance, count_soft),
    EventType.DEFERRED: (accepted, advance),
    EventType.BOUNCED: (accepted, advance, suppress, count_soft),
    EventType.COMPLAINED: (accepted, advance, suppress),
    EventType.OPENED: (accepted, advance),
    EventType.CLICKED: (accepted, advance),
    EventType.UNSUBSCRIBED: (accepted, advance, suppress),
    EventType.REPLIED: (advance, suppress),  # a text may answer another message than the one it is put to
    EventType.FAILED: (accepted, advance, suppress),
    EventType.UNKNOWN: (accepted,),
}


def react(connection: Connection, told: Mapping[int, EventType], *, but: Reaction | None = None) -> None:
    """Do what the table says for stored events, reaction by reaction; `but` is left out."""
    for reaction in dict.fromkeys(each for row in REACTIONS.values() for each in row):
        ids = [number for number, kind in told.items() if reaction in REACTIONS[kind]]
        if ids and reaction is not but:
            reaction(connection, ids)


def take(
    connection: Connection, vault: Vault, told: Sequence[Event], source: str, received_at: datetime, *, signed: bool
) -> int:
    """Store a batch of events of one source and react to those that are news; how many were."""
    firsts = {stored_key(event.key): event for event in reversed(told)}
    subjects = _subjects(connection, source, firsts, signed=signed)
    rows = [
        _row(vault, event, key, subjects.get(key), source, received_at, signed=signed) for key, event in firsts.items()
    ]
    news = events.store(connection, rows)
    tallies.add_heard(connection, received_at.date(), news)
    react(connection, {number: firsts[key].type for key, number in news.items()})
    return len(news)


def attach(connection: Connection, since: datetime, limit: int) -> int:
    """React to parked events whose delivery is known by now, as far as their addresses did not tell us; how many."""
    found = events.attachable(connection, since, limit)
    if found:
        events.attach(connection, [(row.id, row.delivery_id) for row in found])
        react(connection, {row.id: EventType(row.type) for row in found if not row.addressed})
        # Its own address was suppressed when it came; its owner may have asked for messages again since.
        react(connection, {row.id: EventType(row.type) for row in found if row.addressed}, but=suppress)
    return len(found)


def _subjects(connection: Connection, source: str, told: Mapping[str, Event], *, signed: bool) -> dict[str, Any]:
    """The delivery that each event is about, by the event's key, where that is proven."""
    claimed = {key: number for key, event in told.items() if (number := _claimed(event)) is not None}
    by_id = events.deliveries_by_id(connection, claimed.values()) if claimed else {}
    found = {
        key: by_id[number]
        for key, number in claimed.items()
        if number in by_id and _proves(told[key].reference or "", by_id[number])
    }
    receipts = {key: event.receipt for key, event in told.items() if signed and not event.reference and event.receipt}
    by_receipt = events.deliveries_by_receipt(connection, source, receipts.values()) if receipts else {}
    return found | {key: by_receipt[receipt] for key, receipt in receipts.items() if receipt in by_receipt}


def _claimed(event: Event) -> int | None:
    """The delivery's id in a reference, as far as it has the form of ours."""
    number = (event.reference or "").partition(".")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 18 else None


def _proves(given: str, subject: Any) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), reference(subject.seed, subject.id).encode())


def _row(
    vault: Vault, event: Event, key: str, subject: Any, source: str, received_at: datetime, *, signed: bool
) -> dict[str, Any]:
    """The event as it is stored, with as much of it as is believed."""
    index = _address(vault, event, subject, signed=signed)
    believed = signed or index is not None
    # Parked is what only its receipt can tell; a reference that proves nothing never will.
    keeps_receipt = subject is not None or (signed and not event.reference)
    return {
        "source": source,
        "key": key,
        "type": event.type.value,
        "channel": event.channel.value,
        "at": event.at,
        "received_at": received_at,
        "delivery_id": None if subject is None else subject.id,
        "receipt": event.receipt if keeps_receipt else None,
        "address_index": index,
        "suppress": event.suppress.value if event.suppress and believed else None,
        "code": event.code[:MOST_CODE],
        "detail": event.detail[:MOST_DETAIL],
    }


def _address(vault: Vault, event: Event, subject: Any, *, signed: bool) -> bytes | None:
    """Whose event it is, hashed. An unsigned one may speak of nobody but the partner its delivery went to."""
    named = None if event.address is None else address_index(vault, event.channel, event.address)
    own: bytes | None = None if subject is None else subject.address_index
    if signed:
        return named or own
    return own if named in (None, own) else None


def stored_key(key: str) -> str:
    """The event's identity in as many characters as the table has room for."""
    return key if len(key) <= MOST_KEY else sha256(key.encode(errors="surrogatepass")).hexdigest()


def _day(at: datetime, timezone: str) -> int | None:
    try:
        return local_day(at, timezone).toordinal()
    except UnknownZone:
        return None
