"""How fast messages may leave: a token bucket and a daily ceiling for a transport, or for a sender on any transport.

A bucket fills at the steady rate up to its burst. A message is let go when there is a token for it, or when the bucket
is full; what it costs beyond that is owed, and those after it wait for it. Everything here is a value: the buckets are
kept in the store, and whoever draws from them does so in the transaction that commits the intent to send.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from engine.sections import PaceSettings
from engine.store.paces import Bucket

MOST = 1_000_000_000  # no limit


@dataclass(frozen=True, slots=True)
class Pace:
    """`per_second` tokens and at most `burst` at once (None: no limit); at most `days[n]` messages on day n from
    `start`, and `per_day` on every other day (None: no limit). Days are UTC's. `by_segment` counts a text's segments.
    """

    per_second: float | None = None
    burst: float = 1.0
    by_segment: bool = False
    per_day: int | None = None
    start: date | None = None
    days: tuple[int, ...] = ()

    def ceiling(self, day: date) -> int:
        """The most messages on `day`."""
        limit = MOST if self.per_day is None else self.per_day
        if self.start is None:
            return limit
        number = (day - self.start).days
        return min(limit, self.days[max(number, 0)]) if number < len(self.days) else limit

    def refilled(self, bucket: Bucket | None, now: datetime) -> Bucket:
        """The bucket as it stands at `now`; a full one where nothing was ever drawn."""
        today = now.astimezone(UTC).date()
        if bucket is None:
            return Bucket(self.burst, now, today, 0)
        today = max(today, bucket.day)  # a clock that runs behind another process's does not begin the day anew
        gained = max((now - bucket.at).total_seconds(), 0.0) * (self.per_second or 0.0)
        used = bucket.used if bucket.day == today else 0
        return Bucket(min(bucket.tokens + gained, self.burst), max(now, bucket.at), today, used)

    def room(self, bucket: Bucket) -> int:
        """How many messages of one token each may go now."""
        left = self.ceiling(bucket.day) - bucket.used
        return max(left if self.per_second is None else min(left, int(bucket.tokens + 1e-9)), 0)

    def ready(self, bucket: Bucket) -> datetime:
        """When the next message may go; `bucket.at` if it may at once."""
        if bucket.used >= self.ceiling(bucket.day):
            return datetime.combine(bucket.day + timedelta(days=1), time(), UTC)
        lacking = 0.0 if self.per_second is None else min(1.0, self.burst) - bucket.tokens
        return bucket.at + timedelta(seconds=max(lacking, 0.0) / (self.per_second or 1.0))

    def drawn(self, bucket: Bucket, segments: int) -> Bucket:
        """The bucket after one message."""
        cost = (segments if self.by_segment else 1) if self.per_second is not None else 0
        return replace(bucket, tokens=bucket.tokens - cost, used=bucket.used + 1)


def pace_of(given: PaceSettings) -> Pace:
    """A pace as rekindle.toml says it."""
    warm_up = given.warm_up
    return Pace(
        per_second=given.per_second,
        burst=float(given.burst or max(1.0, given.per_second or 1.0)),
        by_segment=given.unit == "segments",
        per_day=given.per_day,
        start=warm_up.start if warm_up else None,
        days=tuple(warm_up.days) if warm_up else (),
    )


class Allowance:
    """What the paces leave at one instant, drawn from message by message."""

    def __init__(self, paces: Mapping[str, Pace], buckets: Mapping[str, Bucket], now: datetime) -> None:
        self._paces = paces
        self.buckets = {name: pace.refilled(buckets.get(name), now) for name, pace in paces.items()}
        self.drawn: set[str] = set()
        self._now = now

    def room(self, names: Sequence[str]) -> int:
        """How many messages may go that draw from all of `names`."""
        return min((self._paces[name].room(self.buckets[name]) for name in names), default=MOST)

    def ready(self, names: Sequence[str]) -> datetime:
        """When the next message that draws from all of `names` may go."""
        return max((self._paces[name].ready(self.buckets[name]) for name in names), default=self._now)

    def draw(self, names: Sequence[str], segments: int) -> None:
        """Let one message go."""
        for name in names:
            self.buckets[name] = self._paces[name].drawn(self.buckets[name], segments)
            self.drawn.add(name)

    def give_back(self, names: Sequence[str]) -> None:
        """One message that was let go today was not taken: it counts when it goes. Its tokens stay spent."""
        for name in names:
            bucket = self.buckets[name]
            self.buckets[name] = replace(bucket, used=max(bucket.used - 1, 0))
            self.drawn.add(name)

    @property
    def changed(self) -> dict[str, Bucket]:
        """The buckets that were drawn from."""
        return {name: self.buckets[name] for name in self.drawn}
