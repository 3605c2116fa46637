"""Tells the operator of incidents: by email on a transport of the engine's own, by a signed webhook, or both.

It is told once, by whichever process comes first, and tried again for a day: what may have arrived counts as told in an
email, while a webhook gets it again under the same id. Nothing here holds up what is to be sent: it runs beside it.
"""

import asyncio
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit, urlunsplit

from engine.clock import Clock
from engine.deliver.routes import Routes
from engine.model.campaign import Channel
from engine.model.incident import Incident, IncidentKind, Way
from engine.model.sender import Sender
from engine.render.mime import Skeleton
from engine.render.mime_header import mailbox
from engine.store import breakers, incidents
from engine.store.database import Database
from engine.store.incidents import Telling
from engine.transport.base import (
    Accepted,
    EmailMessage,
    MessageRejected,
    OutcomeUnknown,
    RecipientRejected,
)
from engine.transport.http import Answer, HttpClient

LEASE = timedelta(minutes=2)
"""Longer than one telling takes: nobody else tells it meanwhile."""
PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
MOST_TRIES = 30
"""About a day."""
SIGNATURE = "X-Rekindle-Signature"


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one telling: `state` is told, again or given_up."""

    telling: Telling
    state: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the operator is told. `secret` signs what is posted."""

    email: str | None = field(default=None, repr=False)
    webhook: str | None = field(default=None, repr=False)
    secret: str = field(default="", repr=False)

    def ways(self, kind: IncidentKind) -> Sequence[Way]:
        """How incidents of a kind are told. By email an alert about somebody's safety has its own notice."""
        email = self.email is not None and kind is not IncidentKind.SAFETY
        return [*([Way.EMAIL] if email else []), *([Way.WEBHOOK] if self.webhook is not None else [])]


def _client(base_url: str, headers: Mapping[str, str]) -> HttpClient:
    return HttpClient(base_url, headers=headers, connections=1, connect_seconds=10, answer_seconds=15)


class Teller:
    """One for the process. `http` makes a client for an address and headers."""

    def __init__(
        self,
        database: Database,
        routes: Callable[[], Routes],
        clock: Clock,
        sender: Sender,
        addresses: Addresses,
        http: Callable[[str, Mapping[str, str]], HttpClient] = _client,
    ) -> None:
        self._database = database
        self._routes = routes
        self._clock = clock
        self._sender = sender
        self._addresses = addresses
        self._http = http

    async def tell(self) -> list[Told]:
        """Tell what is due to be told; what came of each. StoreError when the database is busy."""
        now = self._clock.now()
        with self._database.read() as connection:
            if not incidents.anything_to_tell(connection, now):
                return []
        with self._database.begin() as connection:
            claimed = incidents.claim(connection, now, LEASE)
        told = await asyncio.gather(*(self._one(telling) for telling in claimed))
        done = self._clock.now()
        with self._database.begin() as connection:
            incidents.settle(connection, [(each.telling, _again(each, done)) for each in told])
        return list(told)

    async def _one(self, telling: Telling) -> Told:
        try:
            way = self._post if telling.way is Way.WEBHOOK else self._mail
            state = await way(telling)
        except Exception:  # of a transport's: whatever it is, the others are told
            state = "again"
        return Told(telling, "given_up" if state == "again" and telling.tries >= MOST_TRIES else state)

    async def _post(self, telling: Telling) -> str:
        if self._addresses.webhook is None:
            return "given_up"  # it was taken out of the settings since
        body = json.dumps(payload(telling), separators=(",", ":")).encode()
        stamp = int(self._clock.now().timestamp())
        where = urlsplit(self._addresses.webhook)
        client = self._http(
            f"{where.scheme}://{where.netloc}", {SIGNATURE: signature(self._addresses.secret, stamp, body)}
        )
        try:
            said = await client.post(urlunsplit(("", "", where.path or "/", where.query, "")), body, "application/json")
        finally:
            await client.aclose()
        return "told" if isinstance(said, Answer) and 200 <= said.status < 300 else "again"

    async def _mail(self, telling: Telling) -> str:
        if self._addresses.email is None:
            return "given_up"
        with self._database.read() as connection:
            resting = [name for name, each in breakers.load(connection).items() if each.open_until > self._clock.now()]
        routes = self._routes().open(Channel.EMAIL, resting)
        if not routes:
            return "again"
        message = email(telling, self._addresses.email, self._sender, self._clock.now())
        (outcome,) = await routes[0].transport.send([message])
        if isinstance(outcome, Accepted | OutcomeUnknown):
            return "told"
        return "given_up" if isinstance(outcome, MessageRejected | RecipientRejected) else "again"


def _again(told: Told, now: datetime) -> datetime | None:
    pause = min(PAUSE * 2 ** min(told.telling.tries - 1, 10), LONGEST_PAUSE)
    return now + pause if told.state == "again" else None


def signature(secret: str, stamp: int, body: bytes) -> str:
    """`t=SECONDS,v1=HEX`: an HMAC-SHA256 of `SECONDS.BODY`; a receiver refuses old ones."""
    signed = hmac.new(secret.encode(), f"{stamp}.".encode() + body, sha256)
    return f"t={stamp},v1={signed.hexdigest()}"


def identity(telling: Telling) -> str:
    """The same each time this is told."""
    return f"incident-{telling.incident.id}-{'ended' if telling.ended else 'began'}"


def payload(telling: Telling) -> dict[str, object]:
    """What is posted."""
    incident = telling.incident
    return {
        "id": identity(telling),
        "incident": incident.id,
        "state": "ended" if telling.ended else "began",
        "kind": incident.kind.value,
        "about": incident.about,
        "what": incident.kind.sentence,
        "number": incident.number,
        "since": _utc(incident.since),
        "ended_at": None if incident.ended_at is None else _utc(incident.ended_at),
        "command": incident.command,
    }


def title(incident: Incident) -> str:
    """What is out of order, in a few words."""
    name = incident.about
    return {
        IncidentKind.SAFETY: f"alert {name} waits",
        IncidentKind.BREAKER: f"the transport {name} is left alone",
        IncidentKind.DOUBT: f"{incident.number} in doubt",
        IncidentKind.QUEUE: f"{incident.number} due and not leaving",
        IncidentKind.ASIDE: f"{incident.number} set aside",
        IncidentKind.COMPLAINTS: f"{incident.number} marked as spam in a week",
    }[incident.kind]


def email(telling: Telling, to: str, sender: Sender, now: datetime) -> EmailMessage:
    """The message to the operator."""
    incident = telling.incident
    subject = f"Rekindle: {'over: ' if telling.ended else ''}{title(incident)}"
    span = f"Since {_utc(incident.since)}" + (f", until {_utc(incident.ended_at)}" if incident.ended_at else "")
    lines = [
        incident.kind.sentence if not telling.ended else "It is over.",
        f"{title(incident).capitalize()}. {span}.",
        f"To look into it: {incident.command}",
    ]
    who = mailbox(sender.name, sender.email)
    mark = identity(telling)
    return EmailMessage(
        delivery_id=0,
        to=to,
        sender=who,
        subject=subject,
        html="<!doctype html><html lang=en><title>Rekindle</title>" + "".join(f"<p>{line}</p>" for line in lines),
        text="\n\n".join(lines) + "\n",
        message_id=f"<0.{mark}-{int(incident.since.timestamp())}@{sender.email.rpartition('@')[2]}>",
        date=now,
        headers=(("Auto-Submitted", "auto-generated"),),
        assemble=Skeleton("incident", who, ()).assemble,
    )


def _utc(instant: datetime) -> str:
    return f"{instant.isoformat(timespec='seconds')[:19]}Z"
