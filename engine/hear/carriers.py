"""STOP, START and HELP, the orders that carriers know as well: they are about a number, whoever's it is.

A phone that two partners share stops, and begins again, for both. Each is answered at most once: not when it changes
nothing, and not when the provider has answered it already.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from engine.hear.reactions import react
from engine.hear.wrote import Wrote
from engine.model.campaign import Channel
from engine.model.event import Command, EventType
from engine.model.suppression import REVOCABLE
from engine.render.notices import HELP, RESUMED, STARTED, STOPPED, Response
from engine.store import leaving, pausing, stops


def may_start(wrote: Wrote) -> bool:
    """Whether somebody with this address has agreed to messages at it: START gives back what was given, no more."""
    return any(writer.consented for writer in wrote.present)


def stop(connection: Connection, wrote: Wrote, number: int) -> Response | None:
    """Send nothing more to the number. Nobody is told; what was shared with its owner ends neutrally or goes on alone,
    as the campaign says.
    """
    before = stops.reason(connection, wrote.index)
    react(connection, {number: EventType.REPLIED})
    if before in REVOCABLE or stops.reason(connection, wrote.index) not in REVOCABLE:
        return None
    for writer in wrote.present:
        if Channel(writer.channel).address == wrote.inbound.channel.address:  # else their messages go on elsewhere
            leaving.silenced(connection, writer.id, wrote.received_at)
    return Response(STOPPED, wrote.locale)


def start(connection: Connection, wrote: Wrote, number: int) -> Response | None:
    """Take back an earlier STOP, and end their own pause: whoever orders START wants messages."""
    at = wrote.inbound.at
    lifted = stops.lift(connection, wrote.index, number, at)
    paused = [each for each in wrote.present if each.paused_until is not None and each.paused_until > at]
    for writer in paused:
        pausing.resume_partner(connection, writer.id)
    if lifted:
        return Response(STARTED, wrote.locale)
    return Response(RESUMED, wrote.locale) if paused else None


def help_(connection: Connection, wrote: Wrote, number: int) -> Response | None:
    """Say who writes, how to stop, and which words there are."""
    return Response(HELP, wrote.locale)


CARRIERS: Mapping[Command, Callable[[Connection, Wrote, int], Response | None]] = {
    Command.STOP: stop,
    Command.START: start,
    Command.HELP: help_,
}
"""Each carries out an order that is stored as the event with this number; what to answer."""
