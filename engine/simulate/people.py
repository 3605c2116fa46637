"""Made-up couples for a simulation: the same number and seed always make the same ones, in zones all over the world."""

from collections.abc import Iterator, Sequence
from datetime import time
from typing import TypeVar

from engine.keyed import fraction
from engine.model.campaign import Channel
from engine.model.couple import NewPartner
from engine.model.strategy import Cause

T = TypeVar("T")

# Every shape of zone: both hemispheres' DST, half and quarter hours, no DST, the date line, Lord Howe's half-hour DST.
ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "America/Toronto", "America/Vancouver", "America/St_Johns",
    "America/Mexico_City", "America/Bogota", "America/Lima", "America/Santiago", "America/Sao_Paulo",
    "America/Argentina/Buenos_Aires", "Atlantic/Azores", "Europe/London", "Europe/Dublin", "Europe/Lisbon",
    "Europe/Madrid", "Europe/Paris", "Europe/Berlin", "Europe/Rome", "Europe/Warsaw", "Europe/Kyiv",
    "Europe/Istanbul", "Africa/Casablanca", "Africa/Lagos", "Africa/Johannesburg", "Africa/Nairobi", "Africa/Cairo",
    "Asia/Jerusalem", "Asia/Dubai", "Asia/Tehran", "Asia/Karachi", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Dhaka",
    "Asia/Bangkok", "Asia/Singapore", "Asia/Shanghai", "Asia/Tokyo", "Asia/Seoul", "Australia/Perth",
    "Australia/Eucla", "Australia/Adelaide", "Australia/Darwin", "Australia/Sydney", "Australia/Lord_Howe",
    "Pacific/Auckland", "Pacific/Chatham", "Pacific/Apia", "Pacific/Kiritimati",
)  # fmt: skip
NAMES = (
    "Ana", "Ben", "Chidi", "Dana", "Emre", "Fatima", "Goran", "Hana", "Iris", "Jonah", "Kofi", "Lena", "Mina", "Noor",
    "Omar", "Priya", "Quinn", "Rosa", "Sam", "Tomás", "Uma", "Viktor", "Wren", "Ximena", "Yuki", "Zoë",
)  # fmt: skip
HALF_HOURS = tuple(time(minutes // 60, minutes % 60) for minutes in range(7 * 60, 22 * 60, 30))


def made_up(number: int, seed: str) -> Iterator[tuple[str, Sequence[NewPartner]]]:
    """`number` couples: (ref, one or two partners). One in twenty is one person, one in fifty shares a phone."""
    for place in range(1, number + 1):
        ref = f"couple-{place:05d}"
        apart = fraction(seed, ref, "apart") < 0.1
        solo = fraction(seed, ref, "solo") < 0.05
        shared = fraction(seed, ref, "shared") < 0.02
        partners = [
            _partner(seed, ref, place, position, position if apart else 0, shared)
            for position in ((1,) if solo else (1, 2))
        ]
        yield ref, partners


def _partner(seed: str, ref: str, place: int, position: int, where: int, shared: bool) -> NewPartner:
    def one_of(of: Sequence[T], *what: object) -> T:
        return of[int(fraction(seed, ref, *what) * len(of))]

    prefers_sms = shared or fraction(seed, ref, position, "channel") < 0.5
    holder = 1 if shared else position
    return NewPartner(
        given_name=one_of(NAMES, position, "name"),
        email=f"{ref}.{position}@example.com",
        phone=f"+1202555{place % 100:02d}{holder:02d}" if place < 100 else f"+1{2_000_000_000 + 10 * place + holder}",
        timezone=one_of(ZONES, where, "zone"),
        locale="en",
        channel=Channel.SMS if prefers_sms else Channel.EMAIL,
        send_at=one_of(HALF_HOURS, position, "time"),
        causes=frozenset(cause for cause in Cause if fraction(seed, ref, position, cause) < 0.2),
    )
