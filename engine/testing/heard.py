"""What a source makes of one call: it refuses it as it should, or what it heard is what the engine can keep."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from engine.model.campaign import Channel
from engine.model.event import Command, Event, EventType, Heard, Inbound, Unreadable
from engine.model.suppression import SuppressReason
from engine.testing.transports import Nonconforming
from engine.transport.source import EventSource, Forged, Hook

KEY_LIMIT = 200
"""Characters. The engine keeps a longer key as a hash, which nobody can look up at the provider."""


def read_well(source: EventSource, hook: Hook) -> list[Heard]:
    """What a good call says; Nonconforming unless it is believed, and every part of it sound."""
    with only(doing="believe and read what is signed"):
        source.verify(hook)
        heard = list(source.parse(hook))
    for each in heard:
        hold_sound(each, source.name)
    return heard


def hold_stands(source: EventSource, hook: Hook, what: str) -> None:
    """Nonconforming unless a signed call of any kind is refused as Forged, or read into what is sound."""
    try:
        with only(Forged, doing=f"verify {what}"):
            source.verify(hook)
    except Forged:
        return
    with only(doing=f"parse {what}"):
        heard = list(source.parse(hook))
    for each in heard:
        hold_sound(each, source.name)


def hold_refuses(source: EventSource, hook: Hook, how: str, private: Collection[str]) -> None:
    """Nonconforming unless a call, wrong as `how` says, is Forged in words that hold nothing `private`."""
    try:
        with only(Forged, doing=f"verify a call {how}"):
            source.verify(hook)
    except Forged as refusal:
        _hold(not any(each in str(refusal) for each in private), "a refusal shows no address and no words", how)
        return
    raise Nonconforming(f"a call {how} is Forged; seen: it was believed")


@contextmanager
def only(*allowed: type[Exception], doing: str) -> Iterator[None]:
    """Any exception that is not allowed is the source's fault: Nonconforming."""
    try:
        yield
    except allowed:
        raise
    except Exception as error:
        may = " or ".join(each.__name__ for each in allowed) or "nothing"
        raise Nonconforming(f"to {doing} may raise {may}; seen: {type(error).__name__}") from error


def hold_sound(heard: Heard, source: str) -> None:
    """Nonconforming unless `heard` is what `engine.model.event` says, and from `source`."""
    _hold(isinstance(heard, Event | Inbound | Unreadable), "what is heard is one of `Heard`", type(heard).__name__)
    if isinstance(heard, Unreadable):
        _hold(isinstance(heard.detail, str), "a detail is text", type(heard.detail).__name__)
        return
    _hold(heard.source == source, "an event's source is the name of what read it", heard.source)
    _hold(isinstance(heard.at, datetime) and heard.at.utcoffset() == timedelta(0), "`at` is aware, in UTC", heard.at)
    _hold(isinstance(heard.channel, Channel), "the channel is one of ours", heard.channel)
    _hold(_text(heard.key) and 0 < len(heard.key) <= KEY_LIMIT, f"a key has 1 to {KEY_LIMIT} characters", "another")
    if isinstance(heard, Event):
        _hold(isinstance(heard.type, EventType), "the type is one of ours", heard.type)
        _hold(isinstance(heard.suppress, SuppressReason | None), "the reason is one of ours", heard.suppress)
        for name in ("reference", "receipt", "address"):
            given = getattr(heard, name)
            _hold(given is None or _text(given), f"`{name}` is None, or text", type(given).__name__)
        _hold(_text(heard.code) and _text(heard.detail), "code and detail are text", type(heard.detail).__name__)
    else:
        _hold(_text(heard.sender) and bool(heard.sender), "whoever wrote has an address", "none")
        _hold(isinstance(heard.text, str), "what they wrote is text", type(heard.text).__name__)
        _hold(isinstance(heard.handled, Command | None), "the order is one of ours", heard.handled)
        answered = heard.in_reply_to
        _hold(answered is None or _text(answered), "`in_reply_to` is None, or text", type(answered).__name__)


def _text(given: object) -> bool:
    """Text that can be stored: half a surrogate pair, which JSON may hold, cannot."""
    return isinstance(given, str) and given == given.encode(errors="replace").decode()


def _hold(holds: bool, rule: str, seen: object) -> None:
    if not holds:
        raise Nonconforming(f"{rule}; seen: {seen}")
