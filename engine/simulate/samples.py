"""Three couples whose messages tell most about a campaign: two readers of email, a text in Spanish far away, one alone.

They have both an address and a phone, so that a step may ask for either.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import time

from engine.model.campaign import Channel
from engine.model.couple import NewPartner

_EMAIL, _SMS = Channel.EMAIL, Channel.SMS
SAMPLES: tuple[tuple[str, tuple[NewPartner, ...]], ...] = (
    (
        "both-by-email",
        (
            NewPartner("Nora", "nora@example.com", "+12025550111", "America/New_York", "en", _EMAIL, time(19)),
            NewPartner("Felix", "felix@example.com", "+12025550112", "America/New_York", "en", _EMAIL, time(18, 30)),
        ),
    ),
    (
        "one-by-text-in-spanish",
        (
            NewPartner("Inés", "ines@example.com", "+525555550113", "America/Mexico_City", "es-MX", _SMS, time(18)),
            NewPartner("Daniel", "daniel@example.com", "+447700900114", "Europe/London", "en", _EMAIL, time(19)),
        ),
    ),
    (
        "one-alone",
        (NewPartner("Kim", "kim@example.com", "+12025550115", "America/Los_Angeles", "en", _EMAIL, time(19)),),
    ),
)


def samples(locale: str | None = None) -> Iterator[tuple[str, Sequence[NewPartner]]]:
    """Each as (ref, partners), all of them readers of `locale` where one is named."""
    for ref, partners in SAMPLES:
        yield ref, [partner if locale is None else replace(partner, locale=locale) for partner in partners]
