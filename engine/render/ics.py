"""Calendar files (RFC 5545): one event to put in a calendar, or a feed that a calendar looks at now and then.

Instants are written in UTC, so that no zone has to be explained; folding and escaping are the icalendar package's. What
a calendar shows is seen by whoever shares it: callers give a title that anybody may read, and no link, since whoever
has a link of ours has the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icalendar import Timezone

MEDIA_TYPE = "text/calendar; charset=utf-8"
PRODUCT = "-//Rekindle//Nudges//EN"
LOOK_AGAIN_EVERY = timedelta(hours=12)
"""How often a calendar is asked to look at a feed (RFC 7986, section 5.7); most choose for themselves."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `uid` is the same whenever the same thing is written again, so that a calendar updates it. One that is
    not `busy` takes no time away from anything else.
    """

    uid: str
    title: str
    starts: datetime
    lasts: timedelta
    busy: bool = False


def event_uid(key: bytes, domain: str, *what: object) -> str:
    """The UID of something: the same for the same words, unguessable, and telling nothing (RFC 7986, section 5.3)."""
    words = "\x1f".join(map(str, what)).encode()
    return f"{blake2b(words, key=key[:64], digest_size=16).hexdigest()}@{domain}"


def written(events: Sequence[Event], now: datetime, *, feed: str | None = None) -> bytes:
    """A calendar of these events, as of `now`; a `feed` has a name, and is looked at again."""
    from icalendar import Calendar  # not for who only sends
    from icalendar import Event as Component
    from icalendar.prop import vDuration

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    if feed is not None:
        calendar.add("name", feed)
        calendar.add("x-wr-calname", feed)  # what is read in the place of NAME by most
        every = vDuration(LOOK_AGAIN_EVERY)
        every.params["VALUE"] = "DURATION"
        calendar.add("refresh-interval", every)
        calendar.add("x-published-ttl", vDuration(LOOK_AGAIN_EVERY))
    for each in events:
        component = Component()
        component.add("uid", each.uid)
        component.add("dtstamp", now)
        component.add("dtstart", each.starts)
        component.add("duration", each.lasts)
        component.add("summary", each.title)
        component.add("class", "PRIVATE")
        component.add("transp", "OPAQUE" if each.busy else "TRANSPARENT")
        calendar.add_component(component)
    if not events:
        calendar.add_component(_utc())
    return bytes(calendar.to_ical())


def _utc() -> "Timezone":
    """The zone that everything is in. A calendar must hold something (section 3.6), and may have no event to hold."""
    from icalendar import Timezone, TimezoneStandard

    zone, standard = Timezone(), TimezoneStandard()
    zone.add("tzid", "UTC")
    standard.add("dtstart", datetime(1970, 1, 1))  # noqa: DTZ001 - local time by definition (section 3.6.5)
    standard.add("tzoffsetfrom", timedelta(0))
    standard.add("tzoffsetto", timedelta(0))
    zone.add_component(standard)
    return zone
