"""What couples receive and what is written about them: nothing intimate, nothing hostile, no address by accident."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from engine.define.load import find_campaign, load_library
from engine.enroll.addresses import BadValue, clean_name
from engine.enroll.rows import Header
from engine.errors import SettingsError
from engine.model.campaign import Channel
from engine.model.couple import NewPartner, Partner
from engine.model.sender import Sender
from engine.model.strategy import Cause, Caution
from engine.plan.draw import Tastes, draw_all
from engine.render.compose import Composer
from engine.render.mime_header import field
from engine.render.recipient import MessageKey, MessageLinks, Person, Recipient
from engine.render.segments import measure
from engine.settings import load
from engine.shipped import shipped
from engine.store.database import open_database
from engine.transport.base import EmailMessage, SmsMessage
from engine.transport.outbox import OutboxTransport

LIBRARY = load_library([shipped("campaigns")])
NOW = datetime(2026, 11, 3, 19, tzinfo=UTC)
SENDER = Sender("Rekindle", "hello@nudge.example", "1 Example Street", "Rekindle")
ANA = Recipient(
    1, "ana@example.com", "<1@nudge.example>", NOW, timedelta(hours=1), Person("Ana"), "Ben", False, True, 1,
    MessageLinks("https://nudge.example/u/A"),
)  # fmt: skip


@pytest.mark.parametrize("name", ["eight-weeks", "date-nights", "twenty-one-days"])
def test_a_couple_whose_trust_was_broken_never_draws_what_presses_too_soon(name: str) -> None:
    campaign = find_campaign(name, [shipped("campaigns")], LIBRARY)
    for couple in range(40):
        drawn = draw_all(campaign, couple % 7, f"couple {couple}", Tastes(frozenset({Cause.TRUST_VIOLATIONS})))
        pressing = [each for each in drawn.values() if Caution.RECENT_BREACH in campaign.activities[each].cautions]
        assert drawn
        assert not pressing


def test_a_backtick_in_a_name_does_not_make_a_text_of_three_parts() -> None:
    campaign = find_campaign("eight-weeks", [shipped("campaigns")], LIBRARY)
    composer = Composer([shipped("templates")], SENDER, "https://nudge.example")
    to = Recipient(**{each: getattr(ANA, each) for each in ANA.__slots__} | {"other_name": "O`Brien"})
    for activity in campaign.activities:
        (message,) = composer.compose(campaign, MessageKey("d", "s", "prompt", activity, "en", Channel.SMS), [to])
        assert isinstance(message, SmsMessage)
        assert measure(message.body).parts <= 2


def test_a_line_of_an_encoded_subject_has_at_most_76_characters() -> None:
    lines = (b"Subject: " + field("Subject", "Привет " * 20)).split(b"\r\n")
    assert max(map(len, lines)) <= 76


@pytest.mark.parametrize("name", ["\u3164", "\uffa0", "evil.example", "see evil.co/x", "ana@example.com"])
def test_a_name_is_neither_blank_nor_a_link_nor_an_address(name: str) -> None:
    with pytest.raises(BadValue):
        clean_name(name)


@pytest.mark.parametrize("name", ["J.R.", "Mary Jo", "O'Brien", "Zoë", "St. John"])
def test_names_of_people_are_kept(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize("ref", ["ana@example.com", "+1 202 555 0123"])
def test_a_couple_is_not_called_by_an_address(ref: str) -> None:
    header = Header(["couple", "given_name", "email", "timezone"], "line 1")
    with pytest.raises(BadValue):
        header.row(2, [ref, "Ana", "ana@example.com", "Europe/Paris"])


def test_no_repr_shows_an_address_or_the_words_of_a_message() -> None:
    new = NewPartner("Ana", "ana@example.com", "+12025550123", "Europe/Paris", "en", Channel.EMAIL)
    old = Partner(
        1, 1, 1, "Ana", "ana@example.com", "+12025550123", "UTC", "en", Channel.SMS, time(9), frozenset(), False
    )
    mail = EmailMessage(1, "ana@example.com", "x", "s", "private", "private", "<1@x>", NOW, (), lambda _: b"")
    sms = SmsMessage(1, "+12025550123", "private", timedelta(hours=1), "1.0")
    shown = repr((new, old, ANA, mail, sms))
    assert [secret for secret in ("ana@", "2025550123", "private") if secret in shown] == []


def test_a_database_error_does_not_repeat_what_was_being_stored(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/x.sqlite3")
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE people (name TEXT CHECK (length(name) < 3))"))
    with pytest.raises(SQLAlchemyError) as caught, database.begin() as connection:
        connection.execute(text("INSERT INTO people VALUES (:name)"), {"name": "Aroha"})
    assert "Aroha" not in str(caught.value)


@pytest.mark.parametrize("url", ["rekindle.example", "https://näme.example", "https://a.example/>,<x", ""])
def test_a_public_url_that_would_break_the_unsubscribe_header_is_refused(url: str, tmp_path: Path) -> None:
    (tmp_path / "rekindle.toml").write_text(f'public_url = "{url}"\n', encoding="utf-8")
    with pytest.raises(SettingsError):
        load(tmp_path, {})


async def _send(outbox: OutboxTransport) -> None:
    await outbox.send([SmsMessage(7, "+12025550123", "Hello", timedelta(hours=1), "7.0")])


def test_the_outbox_is_for_its_owner_only(tmp_path: Path) -> None:
    asyncio.run(_send(OutboxTransport(tmp_path / "outbox")))
    assert (tmp_path / "outbox" / "000007.txt").stat().st_mode & 0o077 == 0
