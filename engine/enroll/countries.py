"""The country that a time zone is in, by the pinned tz data: enough to read a phone number as one writes it there."""

from functools import lru_cache
from importlib import resources


def country_of(timezone: str) -> str | None:
    """Its ISO 3166 code; None for a zone that is not listed under one country."""
    return _countries().get(timezone)


def country_of_person(phone: str, timezone: str | None) -> str | None:
    """Where somebody is, for what differs by country: their zone's country, else the one their phone is from.

    A zone is chosen and confirmed; a number may come from where they once lived.
    """
    found = country_of(timezone) if timezone else None
    if found or not phone:
        return found
    import phonenumbers  # numbering plans of the whole world: not for who only sends

    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return None
    # Of a number that no plan lists, the country that its code is mostly used for.
    region: str | None = phonenumbers.region_code_for_number(number)
    region = region or phonenumbers.region_code_for_country_code(number.country_code or 0)
    return region if region is not None and region.isalpha() and region != "ZZ" else None


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return {row[2]: row[0] for row in rows}
