"""The country that a time zone is in, by the pinned tz data: enough to read a phone number as one writes it there."""

from functools import lru_cache
from importlib import resources


def country_of(timezone: str) -> str | None:
    """Its ISO 3166 code; None for a zone that is not listed under one country."""
    return _countries().get(timezone)


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return {row[2]: row[0] for row in rows}
