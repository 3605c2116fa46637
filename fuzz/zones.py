"""A tz database that changes under a running engine: a zone follows another one's rules from now on."""

import zoneinfo
from typing import Any

from engine import clock
from engine.plan import local


class Zones:
    """Until they are put back, zones are as they were changed."""

    def __init__(self) -> None:
        self._like: dict[str, str] = {}

    def change(self, name: str, like: str) -> None:
        """Let a zone follow the rules of `like`."""
        self._like[name] = like
        vars(clock)["zoneinfo"] = self
        _forget()

    def put_back(self) -> None:
        """Let everything be as it is published."""
        if self._like:
            vars(clock)["zoneinfo"] = zoneinfo
            _forget()

    def ZoneInfo(self, name: str) -> zoneinfo.ZoneInfo:  # noqa: N802 - as the module has it
        return zoneinfo.ZoneInfo(self._like.get(name, name))

    def __getattr__(self, name: str) -> Any:
        return getattr(zoneinfo, name)


def _forget() -> None:
    for cached in (clock.zone, local.to_instant, local.wall_time):
        cached.cache_clear()
