"""Notices are short and plain, name nobody but the sender, offer words that we understand, and pass our own lint."""

import re
from datetime import datetime

import pytest

from engine.hear.keywords import read
from engine.model.campaign import Channel
from engine.model.sender import Sender
from engine.render.notices import DANGER, HELP, MENU, NOTICES, Notices, Response, When
from engine.render.sandbox import RenderError
from engine.render.segments import measure
from engine.shipped import shipped

pytestmark = pytest.mark.storeless

SENDER = Sender("Rekindle", "hello@rekindle.example", "1 Example Street", "Rekindle")


PAGE = "https://nudges.some-longer.example.org/".ljust(40, "x") + "/p/" + "A" * 36
FULL = {"link": PAGE, "when": When.of(datetime(2026, 9, 23, 19, 5)), "number": 4}
MOST = {HELP: 3, MENU: 3}
"""Parts; the others take two at most. What says where help is has a test of its own (tests/render)."""


@pytest.mark.parametrize("name", [name for name in NOTICES if name != DANGER])
@pytest.mark.parametrize("locale", ["en", "en-GB", "es", "es-MX", "nl", "../..", ""])
def test_a_notice_is_short_and_of_plain_characters(name: str, locale: str) -> None:
    text = Notices([shipped("templates")], SENDER).text(Response(name, locale, **FULL))  # type: ignore[arg-type]
    size = measure(text)
    assert size.parts <= MOST.get(name, 2)
    assert size.encoding == "GSM-7" or size.parts == 1
    assert text.startswith("Rekindle: ")
    assert "\n" not in text


@pytest.mark.parametrize("name", [name for name in NOTICES if name != DANGER])
def test_every_notice_is_in_spanish_too(name: str) -> None:
    notices = Notices([shipped("templates")], SENDER)
    english, spanish = (notices.text(Response(name, locale, **FULL)) for locale in ("en", "es"))  # type: ignore[arg-type]
    assert english != spanish


@pytest.mark.parametrize("locale", ["en", "es"])
def test_every_word_that_a_notice_offers_is_understood(locale: str) -> None:
    """A word in capitals is one that we read as an order, in the language in which it is offered."""
    for name in NOTICES:
        if name != DANGER:
            text = Notices([shipped("templates")], SENDER).text(Response(name, locale, **FULL))  # type: ignore[arg-type]
            words = re.findall(r"(?<![\w/])[A-ZÑ]{3,}(?![\w/])", text.replace(PAGE, ""))
            assert [word for word in words if read(word).command is None] == []


@pytest.mark.parametrize(
    ("hour", "minute", "english", "spanish"),
    [(0, 0, "12 am", "00:00"), (9, 0, "9 am", "09:00"), (12, 30, "12:30 pm", "12:30"), (19, 5, "7:05 pm", "19:05")],
)
def test_a_time_is_told_as_readers_of_the_language_tell_it(hour: int, minute: int, english: str, spanish: str) -> None:
    when = When.of(datetime(2026, 3, 4, hour, minute))
    notices = Notices([shipped("templates")], SENDER)
    assert notices.text(Response("later", "en", when=when)).endswith(f"on Wednesday at {english}.")
    assert notices.text(Response("later", "es", when=when)).endswith(f"el miércoles a las {spanish}.")


def test_a_notice_by_whatsapp_keeps_every_accent() -> None:
    notices = Notices([shipped("templates")], SENDER)
    texts = [notices.text(Response("menu", "es", channel, link=PAGE)) for channel in (Channel.SMS, Channel.WHATSAPP)]
    assert ["página" in text for text in texts] == [False, True]


def test_stopping_is_confirmed_without_a_word_of_persuasion_and_says_how_to_begin_again() -> None:
    text = Notices([shipped("templates")], SENDER).text(Response("stopped"))
    assert text == "Rekindle: You are unsubscribed and will get no more texts from us. Reply START to get them again."


def test_a_missing_template_is_an_error_of_rendering() -> None:
    with pytest.raises(RenderError):
        Notices([], SENDER).text(Response("stopped"))
