"""SendGrid: up to 1,000 emails a call over kept connections, against the package's client and one call an email."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from bench.figures import Figure
from bench.naive import NaiveSender
from bench.town import Town, town
from bench.transports.contest import Engines, Entrant, contest
from bench.transports.provider import HOST, certificate, http_sink
from engine.transport.base import Transport
from engine.transport.setup import Setup

PEOPLE = 3_000
AIM = 50
KEY = "SG.bench"


class NaiveSendGrid(NaiveSender):
    """The package as its own pages use it: one row, one Mail, one call, one UPDATE and COMMIT."""

    def __init__(self, place: Town, url: str) -> None:
        from sendgrid import SendGridAPIClient

        super().__init__(place)
        self._now = place.clock.now()
        self._sender = place.settings.sender.email, place.settings.sender.name
        self._client = SendGridAPIClient(KEY, host=url)

    def send(self, limit: int, now: datetime | None = None) -> int:
        return super().send(limit, now or self._now)

    def hand_over(self, row: sqlite3.Row, now: datetime) -> str:
        answer = self._client.send(self._mail(row))
        assert answer.status_code == 202
        return str(answer.headers["X-Message-Id"])

    def _mail(self, row: sqlite3.Row) -> Any:
        from sendgrid.helpers.mail import CustomArg, Header, Mail

        values = self.values(row)
        mail = Mail(
            from_email=self._sender,
            to_emails=self.address(row),
            subject=self.rendered("email/prompt.subject.txt", row, values).strip(),
            plain_text_content=self.rendered("email/prompt.txt", row, values),
            html_content=self.rendered("email/prompt.html", row, values),
        )
        mail.header = Header("List-Unsubscribe", f"<{values['links'].unsubscribe}>")
        mail.header = Header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        mail.custom_arg = CustomArg("delivery", str(row["id"]))
        return mail


def run() -> Iterator[Figure]:
    """Emails a second through the whole path, by latency, and over TLS."""
    with town(PEOPLE) as place:
        yield from _contest(place, 0, naive=100, rounds=3)
        yield from _contest(place, 0, naive=30, rounds=3, tls=True)
        yield from _contest(place, 20, naive=20, rounds=3)
        yield from _contest(place, 100, naive=10, rounds=3)


def ours(url: str, authorities: Path | None = None) -> Transport:
    """The engine's SendGrid transport in front of a sink."""
    from engine.transport.sendgrid import SendGridTransport

    options = {"api_key": KEY, "base_url": url}
    if authorities is not None:
        options["ca_file"] = str(authorities)
    return SendGridTransport.configure(Setup("sendgrid", options))


def _contest(place: Town, milliseconds: int, naive: int, rounds: int, *, tls: bool = False) -> Iterator[Figure]:
    what = f"SendGrid {milliseconds} ms{', TLS' * tls}"
    with (
        TemporaryDirectory() as folder,
        _trusted(Path(folder), tls) as (own, authorities),
        http_sink("sendgrid", milliseconds / 1000, own) as sink,
    ):
        url = f"{'https' if tls else 'http'}://{HOST}:{sink.port}"
        package = Entrant(what, "the package", NaiveSendGrid(place, url), sink, naive, warm_up=1)
        engine = Entrant(what, "ours", Engines(place, ours(url, authorities)), sink, PEOPLE)
        contest(place, [engine, package], rounds)
    yield package.figure()
    yield engine.figure(package, AIM)
    yield engine.computing(package)


@contextmanager
def _trusted(folder: Path, tls: bool) -> Iterator[tuple[Path | None, Path | None]]:
    """A certificate for the sink, and authorities that trust it, which OpenSSL's own variable names; or nothing."""
    if not tls:
        yield None, None
        return
    own, authorities = certificate(folder)
    with patch.dict(os.environ, {"SSL_CERT_FILE": str(authorities)}):
        yield own, authorities
