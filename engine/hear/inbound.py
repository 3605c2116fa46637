"""What somebody wrote to us: an order is carried out at once, everything else is kept as a reply.

An order is about the number: a phone that two partners share stops, and begins again, for both. It is answered at most
once: not when it changes nothing, and not when the provider has answered it already.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from engine.hear.keywords import Reading, read
from engine.hear.reactions import react, stored_key
from engine.model.event import Command, EventType, Inbound
from engine.model.suppression import REVOCABLE, SuppressReason
from engine.render.notices import HELP, STARTED, STOPPED
from engine.store import events, replies, stops
from engine.store.vault import Vault, address_index


@dataclass(frozen=True, slots=True)
class Notice:
    """What whoever wrote is told: a notice's name, and their locale."""

    name: str
    locale: str = "en"


def take(connection: Connection, vault: Vault, inbound: Inbound, source: str, received_at: datetime) -> Notice | None:
    """Store a message once and do what it orders; what to answer, if anything. One that is known does nothing."""
    inbound = replace(
        inbound, source=source, key=stored_key(inbound.key), text=inbound.text.encode(errors="replace").decode()
    )
    index = address_index(vault, inbound.channel, inbound.sender)
    reading = read(inbound.text)
    command = _command(inbound, reading, stopped=stops.reason(connection, index) in REVOCABLE)
    answered = None if command else replies.answered(connection, inbound, index)
    delivery_id = None if answered is None else answered.id
    row = {
        "source": source,
        "key": inbound.key,
        "type": EventType.REPLIED.value,
        "channel": inbound.channel.value,
        "at": inbound.at,
        "received_at": received_at,
        "delivery_id": delivery_id,
        "receipt": None,
        "address_index": index,
        "suppress": SuppressReason.STOP.value if command is Command.STOP else None,
        "code": command.value if command else "",
        "detail": "",
    }
    news = events.store(connection, [row])
    if not news:
        return None
    number = news[inbound.key]
    whose = replies.whose(connection, inbound.channel, index)
    if command is None:
        wrote = answered.partner_id if answered is not None else None if whose is None else whose.id
        replies.keep(connection, vault, inbound, wrote, delivery_id, reading.doubtful)
        react(connection, {number: EventType.REPLIED})
        return None
    told = _obey(connection, command, index, number, inbound.at)
    if told is None or inbound.handled is command:
        return None
    return Notice(told) if whose is None else Notice(told, whose.locale)


def _command(inbound: Inbound, reading: Reading, *, stopped: bool) -> Command | None:
    """What is ordered. The provider's word counts before ours; YES orders START only where something was stopped."""
    command = inbound.handled or reading.command
    if command is Command.START and reading.if_stopped and not stopped:
        return None
    return command


def _obey(connection: Connection, command: Command, index: bytes, number: int, at: datetime) -> str | None:
    """Carry out an order that is stored as event `number`; the notice that says so, None when nothing changed."""
    if command is Command.HELP:
        return HELP
    if command is Command.START:
        return STARTED if stops.lift(connection, index, number, at) else None
    before = stops.reason(connection, index)
    react(connection, {number: EventType.REPLIED})
    news = before not in REVOCABLE and stops.reason(connection, index) in REVOCABLE
    return STOPPED if news else None
