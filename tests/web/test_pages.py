"""What a person sees: nothing from elsewhere, no script but ours, nothing intimate; it can be read, in any theme."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from engine.model.campaign import Channel
from engine.model.sender import Sender
from engine.render.pages import Page, Pages
from engine.shipped import shipped
from engine.web.guard import policy

SENDER = Sender("Rekindle", "hello@rekindle.example", "1 Example Street", "Rekindle")
NAMES = ["unsubscribe", "unsubscribed", "unknown"]
EACH = [(name, channel, locale) for name in NAMES for channel in Channel for locale in ("en", "es")]


def written(name: str, channel: Channel | None = Channel.EMAIL, locale: str = "en", sender: Sender = SENDER) -> Page:
    return Pages([shipped("templates")], sender).write(name, locale, channel=channel)


def page(name: str, channel: Channel | None = Channel.EMAIL, locale: str = "en", sender: Sender = SENDER) -> str:
    return written(name, channel, locale, sender).html


def markup(html: str) -> str:
    """What is on a page besides the sheets and scripts that its policy names."""
    return re.sub(r"<(style|script)>.*?</\1>", " ", html, flags=re.DOTALL)


def style(html: str) -> str:
    (found,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    return str(found)


@pytest.mark.parametrize(("name", "channel", "locale"), EACH)
def test_a_page_loads_nothing_and_runs_nothing_but_what_its_policy_names(
    name: str, channel: Channel, locale: str
) -> None:
    made = written(name, channel, locale)
    html = markup(made.html)
    assert re.findall(r"<style>(.*?)</style>", made.html, re.DOTALL) == list(made.styles)
    assert re.findall(r"<script>(.*?)</script>", made.html, re.DOTALL) == list(made.scripts)
    assert not re.search(r"@import|url\(|http", "".join([*made.styles, *made.scripts]))
    assert not re.search(r"<script|<img|<iframe|@import|url\(|\son\w+=|style=", html)
    assert re.findall(r'<link[^>]*href="([^"]*)"', html) == ["data:,"]
    outside = re.findall(r'<a[^>]*href="(https?:[^"]*)"[^>]*rel="([^"]*)"', html)
    assert [rel for _, rel in outside] == ["noreferrer noopener nofollow"]
    assert html.count("http") == 1  # the way out


@pytest.mark.parametrize(("name", "channel", "locale"), EACH)
def test_a_page_says_nothing_that_a_glance_over_a_shoulder_should_not_read(
    name: str, channel: Channel, locale: str
) -> None:
    words = re.sub(r"<[^>]+>", " ", markup(page(name, channel, locale))).lower()
    english = ("couple", "partner", "relationship", "intima", "love", "campaign", "weeks", "touch")
    for intimate in (*english, "pareja", "relación", "íntim", "amor", "campaña", "semanas"):
        assert intimate not in words


@pytest.mark.parametrize(("name", "channel", "locale"), EACH)
def test_a_page_has_a_way_out_a_language_a_title_and_one_heading(name: str, channel: Channel, locale: str) -> None:
    html = page(name, channel, locale)
    leave = {"en": "Exit this page", "es": "Salir de esta página"}[locale]
    assert html.index(f">{leave}</a>") < html.index("<main ")
    assert f'<html lang="{locale}" dir="ltr">' in html
    assert html.count("<h1>") == 1
    assert re.search(r"<title>[^<]+</title>", html)
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in html
    assert ":focus-visible" in style(html)


def test_what_the_operator_calls_themselves_is_escaped() -> None:
    html = page("unsubscribed", sender=Sender("<b>A & B</b>", "a&b@example.com", "", ""))
    assert "<b>" not in html
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in html


def test_the_policy_names_the_digests_of_exactly_the_sheets_and_scripts_that_a_page_brings_along() -> None:
    made = written("unsubscribe")
    allowed = policy(made.styles, made.scripts)
    for kind, (text,) in (("style", made.styles), ("script", made.scripts)):
        assert f"{kind}-src 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in allowed
    for rule in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert rule in allowed
    assert "unsafe" not in allowed
    assert "connect-src" not in allowed  # so default-src holds: none


def test_only_a_page_whose_script_fetches_may_fetch_and_from_this_site_alone() -> None:
    assert "connect-src 'self'" in policy((), ('fetch("/draft")',))
    assert "script-src" not in policy(("p {}",))


def luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of #rrggbb."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXT = [
    *((over, under) for over in ("ink", "soft", "act", "bad") for under in ("page", "card", "wash")),
    ("act-ink", "act"),
    ("act-ink", "act-over"),
    *((over, f"{kind}-wash") for kind in ("bad", "good", "warn") for over in ("ink", "soft", "act")),
    ("bad", "bad-wash"),
]
EDGES = [
    *(("edge", under) for under in ("page", "card", "wash")),
    *((kind, under) for kind in ("bad", "good", "warn") for under in (f"{kind}-wash", "card")),
]
PAIRS = [*((over, under, 4.5) for over, under in TEXT), *((over, under, 3.0) for over, under in EDGES)]


@pytest.mark.parametrize(("over", "under", "least"), PAIRS)
def test_text_and_edges_stand_out_as_wcag_aa_asks_in_light_and_in_dark(over: str, under: str, least: float) -> None:
    light, dark, _print = re.findall(r":root \{(.*?)\}", style(page("unsubscribe")), re.DOTALL)
    for theme in (light, dark):
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", theme))
        assert contrast(colours[over], colours[under]) >= least
