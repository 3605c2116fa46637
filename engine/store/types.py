"""Column types whose Python side is exact: aware instants, local times, small JSON maps and sets."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Dialect, Integer, String, Text, TypeDecorator

from engine.clock import instant

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def to_millis(value: datetime) -> int:
    """Milliseconds since 1970 in UTC; a naive datetime raises ValueError."""
    return ((value if value.tzinfo is UTC else instant(value)) - EPOCH) // MILLISECOND


T = TypeVar("T")


class Exact(TypeDecorator[T]):
    """A column whose stored value `read` turns into the Python one; None stays None.

    `read` is handed to the result set as it is: through process_result_value each value of every row would cost two
    more calls.
    """

    __abstract__ = True

    @staticmethod
    def read(value: Any) -> Any:
        raise NotImplementedError

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], T | None]:
        return self.read


class Instant(Exact[datetime]):
    """An aware UTC datetime, kept as integer milliseconds since 1970: the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_millis(value)

    @staticmethod
    def read(value: int | None) -> datetime | None:
        return None if value is None else EPOCH + timedelta(0, 0, 0, value)


class LocalTime(Exact[time]):
    """A wall time without a zone, as HH:MM."""

    impl = String(5)
    cache_ok = True

    def process_bind_param(self, value: time | None, dialect: Dialect) -> str | None:
        return None if value is None else value.strftime("%H:%M")

    @staticmethod
    def read(value: str | None) -> time | None:
        return None if value is None else _time(value)


class LocalDate(Exact[date]):
    """A calendar day without a zone, kept as its proleptic Gregorian ordinal so that days subtract in SQL."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> int | None:
        return None if value is None else value.toordinal()

    @staticmethod
    def read(value: int | None) -> date | None:
        return None if value is None else date.fromordinal(value)


class StringMap(Exact[dict[str, str]]):
    """A small map of strings, as canonical JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return json.dumps(value or {}, sort_keys=True, separators=(",", ":"))

    @staticmethod
    def read(value: str | None) -> dict[str, str]:
        return json.loads(value) if value and value != "{}" else {}


class Json(Exact[Any]):
    """Whatever JSON holds, as canonical JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, sort_keys=True, separators=(",", ":"))

    @staticmethod
    def read(value: str | None) -> Any:
        return None if value is None else json.loads(value)


class StringSet(Exact[frozenset[str]]):
    """A small set of words, comma separated in alphabetical order."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> str:
        return ",".join(sorted(value or ()))

    @staticmethod
    def read(value: str | None) -> frozenset[str]:
        return _set(value) if value else frozenset()


class Weekdays(Exact[frozenset[int]]):
    """A set of weekdays, 0 Monday to 6 Sunday, comma separated in order."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[int] | None, dialect: Dialect) -> str:
        return ",".join(map(str, sorted(value or ())))

    @staticmethod
    def read(value: str | None) -> frozenset[int]:
        return _weekdays(value) if value else NO_DAYS


NO_DAYS: frozenset[int] = frozenset()

# There are few different times and sets, and every row that is read has them.
_time = lru_cache(maxsize=2_048)(time.fromisoformat)


@lru_cache(maxsize=1_024)
def _set(value: str) -> frozenset[str]:
    return frozenset(value.split(","))


@lru_cache(maxsize=128)
def _weekdays(value: str) -> frozenset[int]:
    return frozenset(map(int, value.split(",")))
