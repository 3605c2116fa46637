"""Bounces are taken only from whoever shows the token, and only as bounces."""

from datetime import UTC, datetime

import pytest

from engine.model.event import Unreadable
from engine.transport.setup import Setup
from engine.transport.smtp import SmtpTransport
from engine.transport.source import EventSource, Forged, Hook, NotOurs


def source(**options: object) -> EventSource:
    return SmtpTransport.configure(Setup("smtp", {"host": "relay.example", **options}))


def hook(kind: str = "bounce", **headers: str) -> Hook:
    at = datetime(2026, 3, 3, tzinfo=UTC)
    return Hook(kind, "https://rekindle.example/webhooks/smtp/bounce", headers, b"Subject: hi\r\n\r\nhello\r\n", at)


@pytest.mark.parametrize("given", ["Bearer right", "bearer right", "Bearer  right "])
def test_whoever_shows_the_token_is_believed(given: str) -> None:
    source(bounce_token="right").verify(hook(authorization=given))


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer wrong", "Basic right", "right", "Bearer \udcff", "Bearer ríght"]
)
def test_whoever_does_not_is_not(given: str) -> None:
    with pytest.raises(Forged):
        source(bounce_token="right").verify(hook(authorization=given))


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer right"])
def test_without_a_token_nobody_is_believed(given: str) -> None:
    with pytest.raises(Forged):
        source().verify(hook(authorization=given))


def test_there_are_no_other_hooks() -> None:
    with pytest.raises(NotOurs):
        source(bounce_token="right").verify(hook("status", authorization="Bearer right"))


def test_what_is_no_bounce_is_kept_as_unreadable() -> None:
    (heard,) = source().parse(hook())
    assert isinstance(heard, Unreadable)
