"""What goes wrong in a rehearsal, from a TOML file: shares of all hand-overs, and outages at set times.

    refused = 0.05                 # see transport.chaos.Rates
    [[outage]]
    channel = "sms"
    kind = "down"
    from = "tuesday 18:00"
    until = "tuesday 20:00"
    zone = "UTC"
    week = 3

Every mistake is told with its line, its key and the mend.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, NoReturn

from engine.clock import UnknownZone, zone
from engine.errors import SettingsError
from engine.files import toml, toml_text
from engine.model.campaign import Channel
from engine.plan.local import at, to_instant
from engine.transport.chaos import RATE_NAMES, Rates
from engine.transport.outages import Outage, OutageKind

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
KEYS = ("kind", "from", "until", "zone", "week", "channel", "transport")
EXAMPLE = 'Write "tuesday 18:00", or an instant such as 2026-03-17T18:00:00Z.'
TABLE = re.compile(r"\s*\[\[\s*[\"']?outage[\"']?\s*\]\]")
WEEK = timedelta(days=7)
MOST_OUTAGES = 200


class Moment(NamedTuple):
    """A weekday (0 is Monday) and a wall time."""

    weekday: int
    at: time


@dataclass(frozen=True, slots=True)
class Spell:
    """An outage as it is written: between two instants, or between two moments of campaign week `week` (None: each)
    in a zone.
    """

    kind: OutageKind
    begins: datetime | Moment
    ends: datetime | Moment
    zone: str = "UTC"
    week: int | None = None
    channel: Channel | None = None
    transport: str | None = None

    def outages(self, start: date, weeks: int) -> list[Outage]:
        """When it is, in a campaign that starts on `start`: week 1 is the seven days from then, where the zone is."""
        if isinstance(self.begins, datetime) and isinstance(self.ends, datetime):
            return [self._outage(self.begins, self.ends)]
        first, last = self.begins, self.ends
        assert isinstance(first, Moment)  # noqa: S101 - both are of one kind
        assert isinstance(last, Moment)  # noqa: S101
        found = []
        for week in (self.week,) if self.week else range(1, weeks + 1):
            opening = start + (week - 1) * WEEK
            day = opening + timedelta(days=(first.weekday - opening.weekday()) % 7)
            over = day + timedelta(days=(last.weekday - day.weekday()) % 7)
            if (over, last.at) <= (day, first.at):
                over += WEEK
            found.append(self._outage(at(day, first.at, self.zone), at(over, last.at, self.zone)))
        return found

    def _outage(self, begins: datetime, ends: datetime) -> Outage:
        return Outage(self.kind, begins, ends, self.channel, self.transport)


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong: how often (see transport.chaos.Rates), and when for certain."""

    rates: Rates = field(default_factory=Rates)
    seed: str = "0"
    spells: tuple[Spell, ...] = ()

    def outages(self, start: date, weeks: int) -> list[Outage]:
        """Every outage of a campaign that starts on `start`."""
        return [outage for spell in self.spells for outage in spell.outages(start, weeks)]

    def refuse_unknown(self, transports: Sequence[str]) -> None:
        """SettingsError for an outage of a transport that carries nothing here."""
        for spell in self.spells:
            if spell.transport is not None and spell.transport not in transports:
                near = get_close_matches(spell.transport, transports, n=1)
                raise SettingsError(
                    f"The outage of the transport {spell.transport} would change nothing: no channel uses it.",
                    fix=f"Did you mean {near[0]}?" if near else f"[channels] names {', '.join(sorted(transports))}.",
                )


def read_faults(file: Path) -> Faults:
    """What goes wrong, from a TOML file; SettingsError for the first mistake, with its line."""
    try:
        text = toml_text(file)
        given = toml(text)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise SettingsError(f"{file} cannot be read: {why}", fix="Write it as in docs/simulate.md.") from None
    page = _Page(file, text.splitlines())
    for key in given:
        if key not in (*RATE_NAMES, "seed", "outage"):
            page.wrong(None, key, "is nothing that can go wrong", _nearest(key, (*RATE_NAMES, "seed", "outage")))
    rates = _rates(page, {name: given[name] for name in RATE_NAMES if name in given})
    tables = given.get("outage", [])
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        page.wrong(None, "outage", "is not a table", "Begin each outage with a line `[[outage]]`.")
    if len(tables) > MOST_OUTAGES:
        page.wrong(None, "outage", f"comes {len(tables)} times", f"Give at most {MOST_OUTAGES}.")
    spells = [_spell(page, number, table) for number, table in enumerate(tables, 1)]
    seed = given.get("seed", "0")
    if isinstance(seed, bool) or not isinstance(seed, str | int) or (isinstance(seed, int) and seed.bit_length() > 64):
        page.wrong(None, "seed", f"is {_shown(seed)}", "Give a short text or a number.")
    return Faults(rates, str(seed), tuple(spells))


@dataclass(frozen=True, slots=True)
class _Page:
    """The file, to say where something is in it."""

    file: Path
    lines: Sequence[str]

    def wrong(self, outage: int | None, key: str, what: str, mend: str) -> NoReturn:
        """Refuse a value of outage number `outage`, or one outside of all."""
        line = self._line(outage, key)
        where = f"{self.file}:{line}" if line else str(self.file)
        whose = f"outage {outage}, " if outage else ""
        raise SettingsError(f"{where}: {whose}`{key}` {what}.", fix=mend)

    def _line(self, outage: int | None, key: str) -> int | None:
        """The line of the key; that of the outage's head where it is missing; None where it cannot be told."""
        tables, head = 0, None
        for number, line in enumerate(self.lines, 1):
            if TABLE.match(line):
                tables += 1
                if tables == outage:
                    head = number
            elif tables == (outage or 0) and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
                return number
        return head


def _rates(page: _Page, given: Mapping[str, object]) -> Rates:
    for name, share in given.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            page.wrong(None, name, f"is {_shown(share)}", "Give a share of all hand-overs, from 0 to 1.")
    total = sum(share for share in given.values() if isinstance(share, int | float))
    if total > 1:
        last = list(given)[-1]
        page.wrong(None, last, f"makes the shares add up to {total:g}", "Let them add up to 1 at most.")
    return Rates(**{name: share for name, share in given.items() if isinstance(share, int | float)})


def _spell(page: _Page, number: int, table: Mapping[str, object]) -> Spell:
    for key in table:
        if key not in KEYS:
            page.wrong(number, key, "is not a key of an outage", _nearest(key, KEYS))
    kinds = tuple(OutageKind)
    kind = table.get("kind", OutageKind.DOWN)
    if kind not in kinds:
        page.wrong(number, "kind", f"is {_shown(kind)}", f"Give one of: {', '.join(kinds)}.")
    channel = table.get("channel")
    if channel is not None and channel not in tuple(Channel):
        page.wrong(number, "channel", f"is {_shown(channel)}", f"Give one of: {', '.join(Channel)}.")
    transport = table.get("transport")
    if transport is not None and not (isinstance(transport, str) and transport.strip()):
        page.wrong(number, "transport", f"is {_shown(transport)}", "Name it as in [channels].")
    week = table.get("week")
    if week is not None and (isinstance(week, bool) or not isinstance(week, int) or not 1 <= week <= 520):
        page.wrong(number, "week", f"is {_shown(week)}", "Give a week of the campaign, from 1.")
    where = _zone(page, number, table)
    begins, ends = (_moment(page, number, key, table.get(key), where) for key in ("from", "until"))
    if isinstance(begins, datetime) is not isinstance(ends, datetime):
        page.wrong(number, "until", "is not of the kind of `from`", "Give two weekdays with times, or two instants.")
    if isinstance(begins, datetime) and isinstance(ends, datetime):
        if week is not None:
            page.wrong(number, "week", "says what two instants say already", "Leave it out.")
        if ends <= begins:
            page.wrong(number, "until", "is not after `from`", "Let it end after it begins.")
    elif begins == ends:
        page.wrong(number, "until", "is the same as `from`", "Let it end later; for a whole week give two instants.")
    return Spell(
        OutageKind(str(kind)),
        begins,
        ends,
        where,
        week if isinstance(week, int) else None,
        None if channel is None else Channel(str(channel)),
        None if transport is None else str(transport),
    )


def _zone(page: _Page, number: int, table: Mapping[str, object]) -> str:
    name = table.get("zone", "UTC")
    try:
        zone(str(name))
    except UnknownZone:
        page.wrong(number, "zone", f"is {_shown(name)}", "Give an IANA zone, such as UTC or Europe/Madrid.")
    return str(name)


def _moment(page: _Page, number: int, key: str, value: object, where: str) -> datetime | Moment:
    """An instant in UTC, or a weekday and a time."""
    try:
        return _read_moment(page, number, key, value, where)
    except OverflowError:  # its zone takes it beyond the years that there are
        page.wrong(number, key, f"is {_shown(value)}", EXAMPLE)


def _read_moment(page: _Page, number: int, key: str, value: object, where: str) -> datetime | Moment:
    if value is None:
        page.wrong(number, key, "is missing", EXAMPLE)
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else to_instant(value, where)[0]
    if not isinstance(value, str):
        page.wrong(number, key, f"is {_shown(value)}", EXAMPLE)
    day, _, clock = value.strip().lower().partition(" ")
    named = [number for number, name in enumerate(WEEKDAYS) if len(day) >= 3 and name.startswith(day)]
    try:
        if named:
            return Moment(named[0], time.fromisoformat(clock.strip()))
        moment = datetime.fromisoformat(value)
    except ValueError:
        page.wrong(number, key, f"is {_shown(value)}", EXAMPLE)
    return moment.astimezone(UTC) if moment.tzinfo else to_instant(moment, where)[0]


def _shown(value: object) -> str:
    """The value as it is written, as far as a line has room for it."""
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number of very many digits"
    said = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return said if len(said) <= 80 else said[:79] + "…"


def _nearest(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name[:80], known, n=1)
    return f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(known)}."
