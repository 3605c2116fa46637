"""What a person sees: nothing from elsewhere, no script, nothing intimate; it can be read, and used by keyboard."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from engine.model.campaign import Channel
from engine.model.sender import Sender
from engine.render.pages import Pages
from engine.shipped import shipped
from engine.web.guard import policy

SENDER = Sender("Rekindle", "hello@rekindle.example", "1 Example Street", "Rekindle")
NAMES = ["unsubscribe", "unsubscribed", "unknown"]
EACH = [(name, channel) for name in NAMES for channel in Channel]


def page(name: str, channel: Channel | None = Channel.EMAIL, sender: Sender = SENDER) -> str:
    return Pages([shipped("templates")], sender).write(f"{name}.html", "en", channel=channel)


def style(html: str) -> str:
    (found,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    return str(found)


@pytest.mark.parametrize(("name", "channel"), EACH)
def test_a_page_loads_nothing_and_runs_nothing(name: str, channel: Channel) -> None:
    html = page(name, channel)
    assert not re.search(r"<script|<img|<iframe|@import|url\(|\son\w+=|style=", html)
    assert re.findall(r'<link[^>]*href="([^"]*)"', html) == ["data:,"]
    outside = re.findall(r'<a[^>]*href="(https?:[^"]*)"[^>]*rel="([^"]*)"', html)
    assert [rel for _, rel in outside] == ["noreferrer noopener nofollow"]
    assert html.count("http") == 1  # the way out


@pytest.mark.parametrize(("name", "channel"), EACH)
def test_a_page_says_nothing_that_a_glance_over_a_shoulder_should_not_read(name: str, channel: Channel) -> None:
    words = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page(name, channel), flags=re.DOTALL).lower()
    for intimate in ("couple", "partner", "relationship", "intima", "love", "campaign", "weeks", "touch"):
        assert intimate not in words


@pytest.mark.parametrize(("name", "channel"), EACH)
def test_a_page_has_a_way_out_a_language_a_title_and_one_heading(name: str, channel: Channel) -> None:
    html = page(name, channel)
    assert html.index("Exit this page") < html.index("<main>")
    assert '<html lang="en">' in html
    assert html.count("<h1>") == 1
    assert re.search(r"<title>[^<]+</title>", html)
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in html
    assert ":focus-visible" in style(html)


def test_what_the_operator_calls_themselves_is_escaped() -> None:
    html = page("unsubscribed", sender=Sender("<b>A & B</b>", "a&b@example.com", "", ""))
    assert "<b>" not in html
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in html


def test_the_policy_names_the_digest_of_exactly_the_style_sheet_that_the_page_has() -> None:
    sheet = style(page("unsubscribe"))
    allowed = policy(sheet)
    assert f"style-src 'sha256-{b64encode(sha256(sheet.encode()).digest()).decode()}'" in allowed
    for rule in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert rule in allowed
    assert "unsafe" not in allowed
    assert "script-src" not in allowed  # so default-src holds: none


def luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of #rrggbb."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


PAIRS = [
    ("ink", "page", 4.5),
    ("ink", "card", 4.5),
    ("soft", "page", 4.5),
    ("soft", "card", 4.5),
    ("act", "card", 4.5),
    ("act-ink", "act", 4.5),
    ("act-ink", "act-over", 4.5),
    ("act", "page", 3.0),
    ("edge", "page", 3.0),
]


@pytest.mark.parametrize(("over", "under", "least"), PAIRS)
def test_text_and_edges_stand_out_as_wcag_aa_asks_in_light_and_in_dark(over: str, under: str, least: float) -> None:
    light, dark = re.findall(r":root \{(.*?)\}", style(page("unsubscribe")), re.DOTALL)
    for theme in (light, dark):
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", theme))
        assert contrast(colours[over], colours[under]) >= least
