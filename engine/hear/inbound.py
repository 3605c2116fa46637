"""What somebody wrote to us, in order: words of danger, an order, the number of a pulse, an answer, anything else.

STOP, START and HELP are carried out and leave no words behind; everything else is kept as a reply, sealed.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from engine.hear.alarmed import alarmed
from engine.hear.carriers import CARRIERS, may_start
from engine.hear.keywords import Reading, read
from engine.hear.numbers import rating
from engine.hear.orders import ORDERS
from engine.hear.reactions import react, stored_key
from engine.hear.safety import screen
from engine.hear.texted import CHOICES, answer, pulse, unasked
from engine.hear.texting import Texting
from engine.hear.wrote import Asked, Wrote, wrote
from engine.model.danger import Danger
from engine.model.event import Command, EventType, Inbound
from engine.model.reply import ReadAs
from engine.model.suppression import REVOCABLE, SuppressReason
from engine.render.notices import SIGN_UP, Response
from engine.store import events, replies, stops
from engine.store.vault import address_index


@dataclass(frozen=True, slots=True)
class Meant:
    """What a text is taken for. `command` may come with danger: then both are seen to. `about` is the message that it
    is about, of which `asked` is the question or pulse that it answers.
    """

    read_as: ReadAs | None = None  # None: nothing of its words is kept
    command: Command | None = None
    danger: Danger | None = None
    refused: bool = False  # a START from somebody who never agreed to messages
    asked: Asked | None = None
    value: int = 0  # of a pulse
    about: int | None = None


def take(
    connection: Connection, texting: Texting, inbound: Inbound, source: str, received_at: datetime
) -> Response | None:
    """Store a message once and do what it asks; what to answer, if anything. One that is known does nothing."""
    inbound = replace(
        inbound, source=source, key=stored_key(inbound.key), text=inbound.text.encode(errors="replace").decode()
    )
    index = address_index(texting.means.vault, inbound.channel, inbound.sender)
    text = wrote(connection, texting, inbound, index, received_at)
    reading = read(inbound.text)
    meant = _meant(text, reading, stopped=stops.reason(connection, index) in REVOCABLE)
    row = {
        "source": source,
        "key": inbound.key,
        "type": EventType.REPLIED.value,
        "channel": inbound.channel.value,
        "at": inbound.at,
        "received_at": received_at,
        "delivery_id": meant.about,
        "receipt": None,
        "address_index": index,
        "suppress": SuppressReason.STOP.value if meant.command is Command.STOP else None,
        "code": meant.command.value if meant.command else "",
        "detail": "",
    }
    news = events.store(connection, [row])
    if not news:
        return None
    response = _seen_to(connection, texting, text, meant, reading, news[inbound.key])
    return None if response is None else replace(response, channel=inbound.channel)


def _seen_to(
    connection: Connection, texting: Texting, text: Wrote, meant: Meant, reading: Reading, number: int
) -> Response | None:
    """Keep the words and do what they ask, stored as event `number`."""
    response: Response | None = None
    carried_out = CARRIERS.get(meant.command) if meant.command else None
    if carried_out is not None:
        response = carried_out(connection, text, number)
        if text.inbound.handled is meant.command:  # the provider has answered
            response = None
    else:
        react(connection, {number: EventType.REPLIED})
    if meant.read_as is None:
        return response
    who = None if text.writer is None else text.writer.id
    vault = texting.means.vault
    kept = replies.keep(connection, vault, text.inbound, who, meant.about, meant.read_as, flagged=reading.doubtful)
    if meant.danger is not None:
        return alarmed(connection, texting, text, meant.danger, kept)
    if meant.refused:
        return Response(SIGN_UP, text.locale) if text.inbound.handled is None else None
    if meant.command is not None and text.writer is not None:
        return ORDERS[meant.command](connection, texting, text, text.writer)
    return None if meant.asked is None else _answered(connection, texting, text, meant, meant.asked, kept)


def _answered(
    connection: Connection, texting: Texting, text: Wrote, meant: Meant, asked: Asked, kept: int
) -> Response | None:
    """See to a text that is about a question or a pulse, kept as the reply `kept`."""
    match meant.read_as:
        case ReadAs.PULSE:
            return pulse(connection, texting, text, asked, meant.value)
        case ReadAs.ANSWER:
            return answer(connection, texting, text, asked, kept)
        case ReadAs.UNASKED:
            return unasked(connection, texting, text, asked, "pulse" if asked is text.pulse else "a", kept)
    return None


def _meant(text: Wrote, reading: Reading, *, stopped: bool) -> Meant:
    """What a text is taken for."""
    inbound = text.inbound
    command = _command(inbound, reading, stopped=stopped)
    refused = command is Command.START and not may_start(text)
    if refused:
        command = None
    # A word of order is not looked at twice; one that stands in a longer text is.
    danger = screen(inbound.text) if command is None or reading.within else None
    latest = None if text.latest is None else text.latest.delivery_id
    open_question = text.question.question.delivery_id if text.question is not None else latest
    if danger is not None:
        return Meant(ReadAs.DANGER, command, danger, about=open_question)
    if command in CARRIERS:
        return Meant(command=command)
    if refused or not text.present:
        return Meant(ReadAs.KEPT, refused=refused, about=latest)
    if command is not None:
        kept_back = command in CHOICES and text.question is not None and not _may_keep(text, text.question)
        return Meant(ReadAs.UNASKED if kept_back else ReadAs.ORDER, command, about=open_question)
    return _words(text, latest)


def _words(text: Wrote, latest: int | None) -> Meant:
    """A text that orders nothing: the number of an open pulse, words about the open question, or anything else."""
    inbound, value = text.inbound, None
    if text.pulse is not None and (value := rating(inbound.text)) is not None:
        asked, read_as = text.pulse, ReadAs.UNASKED if text.shared else ReadAs.PULSE
    elif text.question is not None and (inbound.text.strip() or inbound.media):
        asked, read_as = text.question, ReadAs.ANSWER if _may_keep(text, text.question) else ReadAs.UNASKED
    else:
        return Meant(ReadAs.KEPT, about=latest)
    return Meant(read_as, asked=asked, value=value or 0, about=asked.question.delivery_id)


def _may_keep(text: Wrote, asked: Asked) -> bool:
    """Whether words may be kept as an answer: its author has agreed to that, and can be known."""
    return asked.question.answers_consent and not text.shared


def _command(inbound: Inbound, reading: Reading, *, stopped: bool) -> Command | None:
    """What is ordered. The provider's word counts before ours; YES orders START only where something was stopped, and
    RESUME is START there.
    """
    command = inbound.handled or reading.command
    if command is Command.START and reading.if_stopped and not stopped:
        return None
    return Command.START if command is Command.RESUME and stopped else command
