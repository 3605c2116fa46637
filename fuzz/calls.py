"""What the provider tells later of messages that it took: when, and again where it was not answered with 200."""

import heapq
import math
from itertools import count
from typing import Any

from engine.transport.base import Message, SmsMessage
from fuzz.machine import Process
from fuzz.provider import chance
from fuzz.record import Called
from fuzz.script import Script
from fuzz.town import Town

MOST_TRIES = 4  # of a call that was not answered with 200, and of an act that failed
AGAIN_AFTER = 60.0
SLOWEST = 7200.0  # seconds until a message is told of


class Calls:
    """Those that are to come."""

    def __init__(self, script: Script, town: Town) -> None:
        self._script = script
        self._town = town
        self._order = count()
        self._coming: list[tuple[float, int, str, list[dict[str, Any]], int]] = []

    @property
    def first(self) -> float | None:
        """When the next one comes."""
        return self._coming[0][0] if self._coming else None

    def promise(self, channel: str, message: Message, receipt: str, *, surely: bool) -> None:
        """Perhaps tell later that a message has arrived; `surely`: one of which the engine was told nothing."""
        seed, number = self._script.seed, message.delivery_id
        if chance(seed, "told", number) >= self._script.rates.get("told_unknown" if surely else "told", 0.0):
            return
        about: dict[str, Any] = {"type": "delivered", "reference": message.reference, "receipt": receipt}
        if not surely and chance(seed, "only receipt", number) < 0.3:
            del about["reference"]
        after = 1 + chance(seed, "after", number) ** 3 * SLOWEST
        kind = "sms" if isinstance(message, SmsMessage) else channel
        self._push(self._town.notebook.at + after, kind, [{"key": f"told {number} {receipt}", **about}], 0)

    def make(self, process: Process) -> None:
        """Make those that are due, each channel's as one batch."""
        batches: dict[tuple[str, int], list[dict[str, Any]]] = {}
        now = self._town.notebook.at
        while self._coming and self._coming[0][0] <= now:
            _, _, channel, entries, tries = heapq.heappop(self._coming)
            batches.setdefault((channel, tries), []).extend(entries)
        for (channel, tries), entries in batches.items():
            book = self._town.notebook
            if self._town.told(process, channel, [self._town.entry(**each) for each in entries]):
                about = [each["reference"].partition(".")[0] for each in entries if "reference" in each]
                book.called += [Called(book.next(), int(delivery)) for delivery in about]
                continue
            book.faults["call refused"] += 1
            if tries < MOST_TRIES:
                self._push(now + AGAIN_AFTER, channel, entries, tries + 1)

    def _push(self, at: float, channel: str, entries: list[dict[str, Any]], tries: int) -> None:
        heapq.heappush(self._coming, (math.ceil(at), next(self._order), channel, entries, tries))
