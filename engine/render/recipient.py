"""Everything personal that a message may hold. Templates see each public attribute of a Recipient as a variable."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.model.campaign import Channel


@dataclass(frozen=True, slots=True)
class Person:
    """The reader, as templates may name them: `partner.given_name`."""

    given_name: str


@dataclass(frozen=True, slots=True)
class MessageLinks:
    """Links that belong to one message: `links.unsubscribe` and so on in templates.

    `unsubscribe` ends these messages; `preferences` is where the reader looks after their own part; `answer`,
    `activity` and `pulse` are pages about this message; `act` is what a notice asks its reader to do.
    """

    unsubscribe: str
    preferences: str = ""
    answer: str = ""
    activity: str = ""
    pulse: str = ""
    act: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One partner at the moment of one delivery.

    `other_name` is "" when the other partner has not joined (`solo`); `first` is true for the first message of an
    enrollment on its channel; `week` counts from 1. `about` is the number of what a notice is about. Addresses are here
    for the envelope; no template prints them.
    """

    delivery_id: int
    address: str = field(repr=False)
    message_id: str
    date: datetime
    valid_for: timedelta
    partner: Person
    other_name: str
    solo: bool
    first: bool
    week: int
    links: MessageLinks
    about: int | None = None


@dataclass(frozen=True, slots=True)
class MessageKey:
    """What makes two messages alike but for their recipients: compiled once, kept, and shared by a batch."""

    digest: str
    step: str
    template: str
    activity: str | None
    locale: str
    channel: Channel
