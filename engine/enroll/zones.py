"""The time zone a person wrote: an IANA name with a region, or the nearest ones to choose from."""

import difflib
from functools import lru_cache

from engine.clock import zone_names
from engine.enroll.bad_value import BadValue

NAMELESS = {"EST": "America/New_York", "EDT": "America/New_York", "ET": "America/New_York", "CST": "America/Chicago"}
NAMELESS |= {"CDT": "America/Chicago", "CT": "America/Chicago", "MST": "America/Denver", "MDT": "America/Denver"}
NAMELESS |= {"PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "PT": "America/Los_Angeles"}
NAMELESS |= {"HST": "Pacific/Honolulu", "GMT": "Europe/London", "BST": "Europe/London", "WET": "Europe/Lisbon"}
NAMELESS |= {"CET": "Europe/Paris", "CEST": "Europe/Paris", "MET": "Europe/Paris", "EET": "Europe/Athens"}
NAMELESS |= {"IST": "Asia/Kolkata", "JST": "Asia/Tokyo", "AEST": "Australia/Sydney", "NZST": "Pacific/Auckland"}


@lru_cache(maxsize=4096)
def region_zone(text: str) -> str:
    """The IANA zone `text` names exactly. BadValue, with the likeliest meaning, for anything else.

    A zone must name a region (or be UTC): EST, CET and UTC+2 know nothing of the clocks that people there live by.
    """
    name = text.strip()
    if _names_a_region(name) and name in zone_names():
        return name
    raise BadValue(*_refusal(name))


def _names_a_region(name: str) -> bool:
    return name == "UTC" or ("/" in name and not name.startswith("Etc/"))


@lru_cache(maxsize=4096)  # finding the nearest of 600 names is slow, and a bad column repeats itself
def _refusal(name: str) -> tuple[str, str]:
    if not name:
        return "There is no time zone.", "Give one such as Europe/London."
    shown = name[:40]
    meant = NAMELESS.get(name.upper()) or _nearest(name)
    fix = f"If you mean {meant}, write that." if meant else "Give an IANA name such as Europe/London."
    offset = name.upper().startswith(("UTC", "GMT", "ETC/", "+", "-")) and any(c.isdigit() for c in name)
    if name in zone_names() or name.upper() in NAMELESS or offset:
        return f"{shown!r} is an offset or an abbreviation: it does not follow the clocks of any place.", (
            fix if meant else "Give the place, such as Europe/London."
        )
    return f"There is no time zone {shown!r}.", fix


def _nearest(name: str) -> str | None:
    if len(name) > 64 or not any(character.isalpha() for character in name):
        return None
    wanted = name.casefold().replace(" ", "_").replace("\\", "/")
    regions = {each.casefold(): each for each in sorted(zone_names()) if "/" in each and not each.startswith("Etc/")}
    cities = {key.rpartition("/")[2]: each for key, each in reversed(regions.items())}
    if wanted in regions:
        return regions[wanted]
    if wanted in cities:
        return cities[wanted]
    for names, cutoff in ((regions, 0.75), (cities, 0.8)):
        near = difflib.get_close_matches(wanted, names, n=1, cutoff=cutoff)
        if near:
            return names[near[0]]
    return None
