"""A couple is the unit that enrolls; a partner is one of its two people, with an address, a zone and a will."""

from dataclasses import dataclass, field
from datetime import datetime, time

from engine.model.campaign import Channel
from engine.model.strategy import Cause

DEFAULT_SEND_AT = time(19, 0)


@dataclass(frozen=True, slots=True)
class Consent:
    """May we send on these channels: in what words, from where. Kept append-only, one entry per partner and channel."""

    words: str
    source: str


@dataclass(frozen=True, slots=True)
class NewPartner:
    """One person as they join: at least one of `email` and `phone`, in normal form (lower-case domain, E.164).

    `timezone` is an IANA name known to the pinned tz data; `channel` names one of the addresses given.
    """

    given_name: str
    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    timezone: str
    locale: str
    channel: Channel
    send_at: time = DEFAULT_SEND_AT
    causes: frozenset[Cause] = frozenset()


@dataclass(frozen=True, slots=True)
class Partner:
    """One of a couple's two people as stored. `position` is 1 or 2 and never changes; addresses are decrypted."""

    id: int
    couple_id: int
    position: int
    given_name: str
    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    timezone: str
    locale: str
    channel: Channel
    send_at: time
    causes: frozenset[Cause]
    touch: bool  # has opted in to physical-affection activities
    days: frozenset[int] = frozenset()  # the weekdays they want, 0 Monday; none: any
    hours: tuple[time | None, time | None] = (None, None)  # from and until when they want it; None: as the campaign
    paused_until: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Couple:
    """Two partners, or one until the other joins. `ref` is the operator's own name for the couple, unique."""

    id: int
    ref: str
    partners: tuple[Partner, ...]
