"""What providers tell us later. Status is what we did; events are what we heard."""

from dataclasses import dataclass, field
from datetime import datetime

from engine.model.campaign import Channel
from engine.model.suppression import SuppressReason
from engine.model.words import Described


class EventType(Described):
    """What a provider says became of a message."""

    QUEUED = "queued", "The provider has it and has not tried yet."
    SENT = "sent", "The provider handed it on."
    DELIVERED = "delivered", "The recipient's own provider took it."
    DEFERRED = "deferred", "Not taken yet; the provider tries again."
    BOUNCED = "bounced", "The recipient's provider sent it back."
    COMPLAINED = "complained", "The recipient marked it as spam."
    OPENED = "opened", "The message was shown, or a machine fetched its pictures."
    CLICKED = "clicked", "A link was followed, by a person or a scanner."
    UNSUBSCRIBED = "unsubscribed", "The recipient unsubscribed with the provider."
    REPLIED = "replied", "The recipient wrote back."
    FAILED = "failed", "The provider gave up."
    UNKNOWN = "unknown", "Something this version has no word for; kept as it came."


class Command(Described):
    """What a text message may order."""

    STOP = "stop", "Send nothing more to this number."
    START = "start", "Send again."
    HELP = "help", "Say who is writing and how to stop."
    SMALLER = "smaller", "Too much today: say the smaller version."
    DONE = "done", "We did it."
    LATER = "later", "Say the latest one again, at the same time tomorrow."
    PAUSE = "pause", "Send nothing for a week."
    RESUME = "resume", "End the pause."
    MENU = "menu", "Say which words there are, and where one's own page is."
    SHARE = "share", "Show this answer once both have shared theirs."
    PRIVATE = "private", "Keep this answer to its author."


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a provider told us about a message.

    `key` is the event's natural identity at its source: told twice, it has the same key. `at` is when it happened by
    the provider's clock, aware, UTC. `reference` is the message's own (`Message.reference`) as it came back, `receipt`
    the provider's id for the message; either may be missing or unknown, and neither is believed before it has been
    looked up: two workspaces may share an account, and anyone can write a bounce. `suppress` says why its address must
    never be sent to again, if it must not; `address` is that address in normal form (E.164, lower-case domain).
    `detail` carries no address.
    """

    source: str
    key: str
    type: EventType
    at: datetime
    channel: Channel
    reference: str | None = None
    receipt: str | None = None
    address: str | None = field(default=None, repr=False)
    suppress: SuppressReason | None = None
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message that somebody sent to us.

    `sender` is their address in normal form; `handled` is the order that the provider has understood and answered
    already (Twilio's OptOutType: STOP, START or HELP), so that nobody is answered twice. `in_reply_to` is the receipt
    of the message they answered, where the provider says so. `media` counts the pictures and the like that came along.
    """

    source: str
    key: str
    at: datetime
    channel: Channel
    sender: str = field(repr=False)
    text: str = field(repr=False)
    handled: Command | None = None
    in_reply_to: str | None = None
    media: int = 0


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One entry of a provider's batch that makes no sense: kept and counted; the rest of the batch goes on."""

    detail: str


Heard = Event | Inbound | Unreadable
