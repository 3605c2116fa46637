"""Days, times and places as a reader says them: `{{ day|day }}`, `{{ moment|clock(zone) }}`, `{{ zone|zone }}`.

What CLDR knows of a language comes from Babel, which is loaded by the first page that needs it and by nothing else.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from engine.clock import city_zones, zone, zone_names
from engine.model.locale import places
from engine.model.strategy import DEFAULT_LOCALE
from engine.render.spec_errors import RenderError

if TYPE_CHECKING:
    from babel import Locale

_DAY = "MMMMEEEEd"  # weekday, day and month in full (UTS 35, "Availability of fields")
_FIELDS = re.compile(r"'[^']*'|E+|M{3,}")
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_FULL = {"E": "EEEE", "M": "MMMM"}


class Speech:
    """How a reader of `locale` puts it; English where a language is not known. Not for several threads at once."""

    def __init__(self, locale: str) -> None:
        self._tag = locale

    @property
    def filters(self) -> Mapping[str, Callable[..., Any]]:
        """What pages may use, by name. A datetime is told in the zone that is named with it."""
        return {
            "day": self.day,
            "date": self.full,
            "clock": self.clock,
            "weekday": self.weekday,
            "zone": self.zone,
        }

    def day(self, value: date, where: str | None = None) -> str:
        """`Tuesday, March 3`; `martes, 3 de marzo`."""
        from babel.dates import format_date, match_skeleton

        known = self._locale.datetime_skeletons
        near = match_skeleton(_DAY, known)
        if near is None:
            return format_date(_local(value, where), "full", locale=self._locale)
        # The nearest pattern may abbreviate; its fields are to be widened to what was asked for (UTS 35 again).
        pattern = _FIELDS.sub(lambda found: _FULL.get(found[0][0], found[0]), known[near].pattern)
        return format_date(_local(value, where), pattern, locale=self._locale)

    def full(self, value: date, where: str | None = None) -> str:
        """`March 3, 2026`; `3 de marzo de 2026`."""
        from babel.dates import format_date

        return format_date(_local(value, where), "long", locale=self._locale)

    def clock(self, value: time | datetime, where: str | None = None) -> str:
        """`7:05 PM`; `19:05`."""
        from babel.dates import format_time

        return format_time(_local(value, where), "short", locale=self._locale)

    def weekday(self, value: int | date, where: str | None = None) -> str:
        """`Tuesday` of a day, or of 1: Monday is 0."""
        from babel.dates import get_day_names

        number = value if isinstance(value, int) else _local(value, where).weekday()
        return str(get_day_names("wide", "stand-alone", self._locale)[number])

    def zone(self, name: str) -> str:
        """The city that a zone is named for: `New York`; `Nueva York`."""
        if name not in zone_names():
            raise RenderError("a time zone here is not known", "Print an IANA name, such as Europe/Madrid.")
        now, before = _spellings(name)
        for spelling in (now, *before):  # CLDR keeps its cities under names of old, such as Asia/Calcutta
            if city := self._locale.time_zones.get(spelling, {}).get("city"):
                return str(city)
        return now.rpartition("/")[2].replace("_", " ")

    @cached_property
    def zones(self) -> tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]:
        """Every zone to choose from: (region, (zone, how to call it, what browsers may call it)) by name."""
        regions: dict[str, list[tuple[str, str, str]]] = {}
        for name in city_zones():
            choice = (name, self._choice(name), " ".join(_spellings(name)[1]))
            regions.setdefault(name.partition("/")[0], []).append(choice)
        return tuple((region, tuple(sorted(found, key=_order))) for region, found in sorted(regions.items()))

    def _choice(self, name: str) -> str:
        """The city, and what its time is called: not every reader lives in the city that stands for a zone."""
        from babel.core import get_global

        now, before = _spellings(name)
        known = get_global("meta_zones")
        meta = next((known[spelling] for spelling in (now, *before) if spelling in known), "")
        names = self._locale.meta_zones.get(meta, {}).get("long", {})
        common = names.get("generic") or names.get("standard")
        return f"{self.zone(name)} – {common}" if common else self.zone(name)

    @cached_property
    def _locale(self) -> "Locale":
        from babel import Locale, UnknownLocaleError

        for place in (*places(self._tag), DEFAULT_LOCALE):
            try:
                return Locale.parse(place, sep="-")
            except (UnknownLocaleError, ValueError):
                continue
        raise AssertionError("Babel has no English")


def direction(lang: str) -> str:
    """Which way a language is written, for HTML's `dir`; known without Babel, since every page asks."""
    return "rtl" if lang.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


def _local(value: Any, where: str | None) -> Any:
    """A moment as the clocks of a place show it; a day or a time of day as it is."""
    if not isinstance(value, datetime):
        return value
    if where is None or value.tzinfo is None:
        raise RenderError("a moment here has no place", "Say whose clocks: {{ moment|clock(zone) }}.")
    return value.astimezone(zone(where)).replace(tzinfo=None)


def _spellings(name: str) -> tuple[str, tuple[str, ...]]:
    """What a zone is called now, and what it was called before: `Asia/Kolkata`, (`Asia/Calcutta`,)."""
    now, before = _renamed()
    current = now.get(name, name)
    return current, before.get(current, ())


@lru_cache(maxsize=1)
def _renamed() -> tuple[Mapping[str, str], Mapping[str, tuple[str, ...]]]:
    from babel.core import get_global

    now = get_global("zone_aliases")
    before: dict[str, tuple[str, ...]] = {}
    for old, current in now.items():
        before[current] = (*before.get(current, ()), old)
    return now, before


def _order(choice: tuple[str, str, str]) -> str:
    """By letters, accents aside."""
    return normalize("NFKD", choice[1]).encode("ascii", "ignore").decode("ascii").casefold() or choice[1]
