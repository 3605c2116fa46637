"""Where couples and providers reach us, and whether our clock is right by whoever answers there."""

import json
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from engine.doctor.finding import Finding, fine, problem, warning
from engine.doctor.patient import Patient
from engine.store import wellness
from engine.transport.http import Answer, date_of

ADDRESS, CLOCK, CALLERS = "public_url", "clock", "callers"
OFF = timedelta(seconds=30)
"""A message's expiry and a link's age bear less than this; signatures of providers bear minutes."""


def check_site(patient: Patient) -> Iterator[Finding]:
    """public_url: our own, https, and answered by us; and by its answer, the clock."""
    url = patient.settings.public_url.rstrip("/")
    host = urlsplit(url).hostname or ""
    if host == "example" or host.endswith(".example"):
        yield problem(ADDRESS, "`public_url` is still the example.", "Set it to where your pages are reached.")
        yield from _clock_by_rows(patient)
        return
    if _is_local(host):
        mend = "Set it to the address that people reach, with a proxy that speaks TLS in front (docs/webhooks.md)."
        yield problem(ADDRESS, "`public_url` leads to this machine only: links in messages open nowhere else.", mend)
    if not url.startswith("https://"):
        yield problem(ADDRESS, "`public_url` is not https.", "Mailbox providers follow no other link (RFC 8058).")
    if patient.offline:
        yield from _clock_by_rows(patient)
        return
    said = patient.fetch(f"{url}/healthz")
    if not isinstance(said, Answer):
        mend = "Is `rekindle run` running? Does the proxy lead to its port, and DNS to the proxy? (From inside, some"
        mend += " networks do not reach their own outside: then look from elsewhere.)"
        yield problem(ADDRESS, f"{url} cannot be reached. {said.detail}", mend)
        yield from _clock_by_rows(patient)
        return
    yield _answered(url, said)
    yield from _clock_by_answer(patient, said)


def check_callers(patient: Patient) -> Iterator[Finding]:
    """Whether callers can be told apart: what is https comes by a proxy, since we speak plain HTTP."""
    header = patient.settings.web.client_header
    if header is not None:
        yield fine(CALLERS, f"Who calls is what the proxy says in {header}.")
    elif patient.settings.public_url.startswith("https://"):
        what = "`public_url` is https, so a proxy is in front, and `web.client_header` is not set: all callers are one."
        mend = "Set it to the header in which the proxy says who calls, such as X-Real-IP, and have the proxy set it;"
        yield warning(CALLERS, what, mend + " else ten wrong passwords by anybody make the operator wait.")
    else:
        yield fine(CALLERS, "Callers are told apart by their connections.")


def _answered(url: str, said: Answer) -> Finding:
    try:
        ours = said.status == 200 and json.loads(said.body) == {"status": "ok"}
    except (ValueError, RecursionError):
        ours = False
    if ours:
        return fine(ADDRESS, f"{url} is reached, and answers.")
    what = f"Something else answers at {url} (HTTP {said.status})."
    return problem(ADDRESS, what, "Lead every path there to Rekindle's port, and nothing to another address.")


def _clock_by_answer(patient: Patient, said: Answer) -> Iterator[Finding]:
    theirs = date_of(said)
    if theirs is None:
        yield from _clock_by_rows(patient)
        return
    off = patient.clock.now() - theirs
    if abs(off) > OFF:
        what = f"The clock is {abs(off).total_seconds():,.0f} seconds {'ahead' if off > timedelta(0) else 'behind'}"
        yield problem(CLOCK, f"{what}, by the answer of `public_url`.", "Set this machine's clock by NTP.")
    else:
        yield fine(CLOCK, "The clock agrees with the answer of `public_url`.")


def _clock_by_rows(patient: Patient) -> Iterator[Finding]:
    """Nobody to compare with: only that nothing in the database is from the future."""
    now = patient.clock.now()
    newest = None
    if patient.database is not None:
        with patient.database.read() as connection:
            newest = wellness.newest(connection)
    if newest is not None and newest - now > OFF:
        what = f"The database holds something of {newest:%Y-%m-%d %H:%M} UTC, which is yet to come."
        yield problem(CLOCK, what, "The clock is, or was, wrong: set it by NTP.")
    else:
        yield (
            warning(
                CLOCK,
                "Whether the clock is right is not known.",
                "Without --offline it is compared once pages are served.",
            )
            if newest is None
            else fine(CLOCK, "Nothing in the database is from the future.")
        )


def _is_local(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local"))
    return address.is_loopback or address.is_private or address.is_unspecified
