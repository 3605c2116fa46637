"""A definition's identity: canonical JSON of a Campaign, and a digest of it.

Two files that mean the same have the same digest, whatever their formatting, comments or order of keys. Everything a
couple could notice is in it, down to the words of each activity that may be drawn.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import time, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from engine.errors import Unreadable
from engine.model.campaign import Campaign, OnDoubt, OnLeaving, Step, Urgency

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT = 1
"""Raised when frozen text would no longer be read as the same campaign."""

_LATER: Mapping[type, Mapping[str, object]] = {
    Campaign: {
        "on_doubt": OnDoubt.HOLD,
        "on_leaving": OnLeaving.SOLO,
        "titles": {},
        "strategy_titles": {},
        "experiment": None,
    },
    Step: {"wait": None, "urgency": Urgency.PLANNED, "randomize": None},
}
"""Fields that format 1 once lacked: left out while they say nothing new, so that digests stay as they were."""


def freeze(campaign: Campaign) -> str:
    """The campaign as canonical JSON: sorted keys and sets, no spaces, nothing left out but the digest (and _LATER)."""
    body = {key: value for key, value in _fields(campaign).items() if key != "digest"}
    envelope = {"format": FORMAT, "campaign": body}
    return json.dumps(envelope, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def thaw(text: str) -> Campaign:
    """The campaign that was frozen, its digest filled in. Unreadable when the text is not one that `freeze` wrote."""
    try:
        frozen = json.loads(text)
        if frozen["format"] != FORMAT:
            raise Unreadable(f"this campaign is stored in format {frozen['format']}", "use the Rekindle that stored it")
        campaign = _adapter().validate_python(frozen["campaign"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable("a stored campaign cannot be read", "restore the database from a backup") from error
    return replace(campaign, digest=digest(text))


def digest(frozen: str) -> str:
    """The first 16 bytes of SHA-256 of what `freeze` wrote, as 32 hexadecimal digits."""
    return sha256(frozen.encode()).hexdigest()[:32]


def identified(campaign: Campaign) -> Campaign:
    """The campaign with its digest filled in."""
    return replace(campaign, digest=digest(freeze(campaign)))


def _fields(value: Any) -> dict[str, object]:
    said = {item.name: getattr(value, item.name) for item in fields(value)}
    later = _LATER.get(type(value), {})
    return {key: each for key, each in said.items() if key not in later or each != later[key]}


def _plain(value: object) -> object:
    """What JSON has no word for."""
    match value:
        case frozenset():
            return sorted(value)
        case Mapping():
            return dict(value)
        case time():
            return value.isoformat("minutes")
        case timedelta():
            return int(value.total_seconds())
    return _fields(value)


@lru_cache(maxsize=1)
def _adapter() -> "TypeAdapter[Campaign]":
    from pydantic import TypeAdapter  # slow to import, and freezing does without it

    return TypeAdapter(Campaign)
