"""Notices are one plain segment each, name nobody but the sender, and pass our own lint."""

import pytest

from engine.check.check import check
from engine.model.sender import Sender
from engine.render.notices import NOTICES, Notices
from engine.render.sandbox import RenderError
from engine.render.segments import measure
from engine.shipped import shipped

SENDER = Sender("Rekindle", "hello@rekindle.example", "1 Example Street", "Rekindle")


@pytest.mark.parametrize("name", NOTICES)
@pytest.mark.parametrize("locale", ["en", "en-GB", "nl", "../..", ""])
def test_a_notice_is_one_segment_of_plain_characters(name: str, locale: str) -> None:
    text = Notices([shipped("templates")], SENDER).text(name, locale)
    size = measure(text)
    assert (size.parts, size.encoding) == (1, "GSM-7")
    assert text.startswith("Rekindle: ")
    assert "\n" not in text


def test_stopping_is_confirmed_without_a_word_of_persuasion_and_says_how_to_begin_again() -> None:
    text = Notices([shipped("templates")], SENDER).text("stopped", "en")
    assert text == "Rekindle: You are unsubscribed and will get no more texts from us. Reply START to get them again."


def test_a_missing_template_is_an_error_of_rendering() -> None:
    with pytest.raises(RenderError):
        Notices([], SENDER).text("stopped", "en")


def test_the_shipped_notices_pass_lint() -> None:
    campaigns = shipped("campaigns")
    findings = check([campaigns], campaigns=[campaigns], templates=[shipped("templates")], sender=SENDER)
    assert [finding for finding in findings if "/sms/" in finding.file] == []
