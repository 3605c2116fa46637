"""A partner changes what they said of themselves and of how they are reached: on their page, or by the operator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection, Row

from engine.define.notation import EARLIEST, LATEST
from engine.enroll.bad_value import BadValue
from engine.enroll.reseating import CalendarsOf, reseat
from engine.enroll.rows import causes_of, channel_of, locale_of, name_of, time_of
from engine.enroll.wishes import days_of, hour_of
from engine.enroll.zones import region_zone
from engine.errors import Refused
from engine.model.campaign import Channel, Hours
from engine.plan.window import Window, goes_the_same_day, narrowed, reachable
from engine.store import preferences, seats, stops

ANY_CAMPAIGN: Window = (Hours(EARLIEST, LATEST),) * 7
"""As wide as a campaign may be: what a couple that is in none yet is held to."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to change of a partner; None leaves a thing as it is.

    Words are as people write them, and are read as in a couples file, where there is such a column. `days` are names of
    weekdays, such as "mon, thursday"; hours are "HH:MM"; "any" or nothing takes back what was said of either.
    """

    given_name: str | None = field(default=None, repr=False)
    timezone: str | None = None
    locale: str | None = None
    channel: str | None = None
    send_at: str | None = None
    days: str | None = None
    reach_from: str | None = None
    reach_until: str | None = None
    causes: str | None = field(default=None, repr=False)
    touch: bool | None = None
    share_texts: bool | None = None
    share_pulse: bool | None = None
    shared_phone: bool | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """What was changed, by its name in `Changes`; what said nothing new is not among it."""

    couple_id: int
    names: tuple[str, ...]

    @property
    def tastes(self) -> bool:
        """Whether it may change what is drawn: then the caller draws anew (enroll.redraw)."""
        return not {"touch", "causes"}.isdisjoint(self.names)


_COLUMNS = {"days": "reach_days"}
_READ: Mapping[str, Callable[[str], object]] = {
    "given_name": name_of,
    "timezone": region_zone,
    "locale": locale_of,
    "send_at": time_of,
    "days": days_of,
    "reach_from": hour_of,
    "reach_until": hour_of,
    "causes": causes_of,
}
_RHYTHM = {"timezone", "send_at", "days"}
_REACH = {"days", "reach_from", "reach_until", "send_at"}


def change_partner(
    connection: Connection,
    calendars_of: CalendarsOf,
    partner_id: int,
    changes: Changes,
    now: datetime,
    *,
    dry_run: bool = False,
) -> Changed:
    """Change what `changes` says of a partner, in the caller's transaction, and set their places anew where need be.

    All of it or nothing: Refused, with the fix, when one thing cannot be used, or when nothing could be sent to them
    any more. NotFound when there is no such partner.
    """
    person = preferences.of(connection, partner_id)
    if person.left_at is not None:
        raise Refused("This partner has left: nothing is sent to them any more.", fix="They may sign up anew.")
    try:
        new = _read(changes, person)
    except BadValue as problem:
        raise Refused(problem.what, fix=problem.fix) from None
    if "channel" in new:
        _refuse_unless_reached(connection, person, new["channel"])
    if not _REACH.isdisjoint(new):
        _refuse_unless_ever(connection, calendars_of, partner_id, {**person._mapping, **_by_column(new)})
    if new and not dry_run:
        stood = seats.of_partner(connection, partner_id) if not _RHYTHM.isdisjoint(new) else []
        preferences.change(connection, partner_id, _by_column(new))
        reseat(connection, calendars_of, stood, now)
    return Changed(person.couple_id, tuple(new))


def _read(changes: Changes, person: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """What is new, as it is stored, by name. BadValue for what cannot be read."""
    said: dict[str, Any] = {each.name: getattr(changes, each.name) for each in fields(changes)}
    said = {name: value for name, value in said.items() if value is not None}
    new: dict[str, Any] = {name: _READ[name](value.strip()) if name in _READ else value for name, value in said.items()}
    if "channel" in new:
        has_email, has_phone = person.email_index is not None, person.phone_index is not None
        new["channel"] = channel_of(new["channel"].strip(), has_email, has_phone).value
    stored = person._mapping
    return {name: value for name, value in new.items() if stored[_COLUMNS.get(name, name)] != value}


def _by_column(new: Mapping[str, Any]) -> dict[str, Any]:
    return {_COLUMNS.get(name, name): value for name, value in new.items()}


def _refuse_unless_reached(connection: Connection, person: Row[*tuple[Any, ...]], channel: str) -> None:
    """A channel to be preferred has an address, consent, and nothing against it."""
    if not person._mapping[f"{channel}_consent"]:
        raise Refused(f"There is no consent to messages by {channel}.", fix="Choose a channel that was agreed to.")
    stopped = stops.reason(connection, person._mapping[f"{Channel(channel).address}_index"])
    if stopped is not None:
        raise Refused(
            f"Nothing may be sent to this address by {channel}: {stopped.sentence}",
            fix="Choose another channel; START, sent from a phone, takes a STOP back.",
        )


def _refuse_unless_ever(
    connection: Connection, calendars_of: CalendarsOf, partner_id: int, said: Mapping[str, Any]
) -> None:
    """What a partner says of days and hours leaves hours in each of their campaigns, and their own time a day."""
    own = days, from_, until = said["reach_days"], said["reach_from"], said["reach_until"]
    if from_ is not None and until is not None and from_ >= until:
        raise Refused(
            f"From {_clock(from_)} until {_clock(until)} there is no time.", fix="Give the earlier one first."
        )
    digests = {row.digest for row in seats.of_partner(connection, partner_id)}
    windows = {calendars_of(connection, digest).campaign.window for digest in sorted(digests)} or {ANY_CAMPAIGN}
    if not all(reachable(window, *own) for window in windows):
        raise Refused(
            "In these days and hours nothing could ever be sent.",
            fix=f"Leave some of the hours in which messages go: {_hours(windows)}.",
        )
    # Without days of one's own what is too late for today goes tomorrow; with them that may be a week.
    if days and not all(goes_the_same_day(narrowed(window, *own), said["send_at"]) for window in windows):
        raise Refused(
            f"At {_clock(said['send_at'])} it is too late for messages on these days.",
            fix="Choose an earlier time of their own, or later hours.",
        )


def _hours(windows: set[Window]) -> str:
    """The earliest and latest hour of any day."""
    hours = [each for window in windows for each in window if each is not None]
    if not hours:
        return "none at all"
    return f"{_clock(min(each.opens for each in hours))}-{_clock(max(each.closes for each in hours))}"


def _clock(at: time) -> str:
    return at.strftime("%H:%M")
