"""The form in which somebody says who they are and how to reach them: what it offers, and what was made of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from hashlib import blake2b
from typing import TypeVar

from engine.enroll.addresses import clean_name, normal_email
from engine.enroll.bad_value import BadValue
from engine.enroll.countries import country_of
from engine.enroll.phones import phone_at_home
from engine.enroll.rows import time_of
from engine.enroll.zones import region_zone
from engine.model.campaign import Channel, Hours
from engine.model.signup import SignUp, Ticked
from engine.model.strategy import Cause
from engine.render.consent import ConsentWords
from engine.web.forms import Form

T = TypeVar("T")

YES = "yes"
DEFAULT_AT = "19:00"


@dataclass(frozen=True, slots=True)
class Offer:
    """What the form offers: channels to choose from, each with its consent; the other consents; hours of the day.

    Whoever sends it is shown exactly these words: `shown` is their digest.
    """

    channels: Sequence[Channel]
    messages: Mapping[Channel, Ticked]
    optional: Sequence[Ticked]
    opens: time
    closes: time
    languages: Sequence[str]

    @property
    def shown(self) -> str:
        return digest_of(*self.messages.values(), *self.optional)


def digest_of(*ticked: Ticked) -> str:
    """A digest of the words of consents: a form brings it back, so that nobody agrees to words they did not see."""
    return blake2b("\x1f".join(each.words for each in ticked).encode(), digest_size=8).hexdigest()


def offer(
    words: ConsentWords,
    channels: Sequence[Channel],
    window: Iterable[Hours | None],
    per_week: int,
    locale: str,
    languages: Iterable[str],
) -> Offer:
    """The form for a reader of `locale`, for a campaign with these hours and at most so many messages a week."""
    hours = [each for each in window if each is not None]
    return Offer(
        channels,
        {channel: words.messages(channel, locale, per_week) for channel in channels},
        words.optional(locale),
        min((each.opens for each in hours), default=time(0)),
        max((each.closes for each in hours), default=time(23, 59)),
        sorted(languages),
    )


class Wrong(Exception):
    """What was sent cannot be used: `errors` by field, each a key of the words."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


def read_person(form: Form, offered: Offer) -> SignUp:
    """Whoever the form is about; Wrong, with all that is to mend, when it cannot be used."""
    reading = _Reading()
    name = reading.take("given_name", lambda: clean_name(form.line("given_name")))
    channel = reading.take("channel", lambda: _one_of(form.line("channel"), offered.channels))
    zone = reading.take("timezone", lambda: region_zone(form.line("timezone")))
    send_at = reading.take("send_at", lambda: _within(time_of(form.line("send_at")), offered))
    locale = reading.take("locale", lambda: _one_of(form.line("locale"), offered.languages))
    address = None if channel is None else reading.take(channel.address, lambda: address_in(form, channel, zone))
    ticked = _ticked(form, offered, channel, reading)
    if name and channel and zone and send_at and locale and address and not reading.errors:
        causes = frozenset(cause for cause in Cause if cause.value in form.all("causes"))
        share = form.line("share_texts") == YES
        return SignUp(name, channel, address, zone, locale, send_at, causes, ticked, share)
    raise Wrong(reading.errors)


def address_in(form: Form, channel: Channel, zone: str | None) -> str:
    """The address that is given for a channel, in normal form; a phone may be written as in the country of the zone."""
    if channel is Channel.EMAIL:
        return normal_email(form.line("email"))
    return phone_at_home(form.line("phone"), country_of(zone) if zone else None)


def agreed(form: Form, ticked: Ticked, channel: Channel | None = None) -> bool:
    """Whether the box of a consent is ticked."""
    return form.line(box(ticked, channel)) == YES


def box(ticked: Ticked, channel: Channel | None = None) -> str:
    """The name of a consent's box."""
    return f"agree_{channel or ticked.purpose}"


def _ticked(form: Form, offered: Offer, channel: Channel | None, reading: "_Reading") -> tuple[Ticked, ...]:
    if form.line("shown") != offered.shown:
        # The words are others than those that were shown: nothing that is ticked is about them.
        reading.errors["shown"] = "person.wrong.shown"
        return ()
    if channel is None:
        return ()
    messages = offered.messages[channel]
    if not agreed(form, messages, channel):
        reading.errors[box(messages, channel)] = "person.wrong.agree"
    return (messages, *(each for each in offered.optional if agreed(form, each)))


def _one_of(text: str, choices: Sequence[T]) -> T:
    for choice in choices:
        if text == str(choice):
            return choice
    raise BadValue("It is not among the choices.", "Choose one.")


def _within(at: time, offered: Offer) -> time:
    if not offered.opens <= at < offered.closes:
        raise BadValue("Nothing is sent at that time.", "Choose another.")
    return at


class _Reading:
    """Reads field by field, and keeps what is wrong with each in the order of the form."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    def take(self, name: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except BadValue:
            self.errors[name] = f"person.wrong.{name}"
            return None
