"""A step and its recipients become messages: complete, neutral outside, one person each, and alone in their poison."""

import email
import email.policy
import re
from dataclasses import astuple, replace
from email.message import EmailMessage as Parsed
from html.parser import HTMLParser
from pathlib import Path

import pytest
from recipients import ANA, SENDER

from engine.define.load import load_library
from engine.model.campaign import Campaign, Channel
from engine.model.strategy import Activity, ActivityText, Kind, Mode
from engine.render.compose import MOST_COMPOSITIONS, Composer, RenderError
from engine.render.recipient import MessageKey, MessageLinks, Person, Recipient
from engine.render.segments import measure
from engine.shipped import shipped
from engine.transport.base import EmailMessage, SmsMessage

TEMPLATES = ("prompt", "exercise", "pulse", "welcome", "goodbye")
WORDS = ActivityText(
    "The half-said thing",
    "Some things stop halfway.\n\n1. Ask {{ other_name }}.\n2. Listen.\n\n**On a hard day:** write it down.",
    "Ask {{ other_name }} tonight. What stopped halfway?",
    "What is one thing you've half said?",
)
SPANISH = replace(WORDS, title="Lo dicho a medias", sms="Pregunta a {{ other_name }}.")
TALK = Activity("talk", "vulnerability", Kind.CONVERSATION, Mode.TALK, 15, 1, {"en": WORDS, "es": SPANISH})


def campaign(*activities: Activity) -> Campaign:
    titles = {"vulnerability": "Practice vulnerability"}
    return Campaign("eight-weeks", "Eight weeks", 8, (), (), {a.id: a for a in activities}, titles, digest="d")


CAMPAIGN = campaign(TALK)
SOLO = replace(ANA, other_name="", solo=True)
FIRST = replace(ANA, first=True, week=1)


def key(template: str, channel: Channel = Channel.EMAIL, locale: str = "en", activity: str = "talk") -> MessageKey:
    asks = activity if template in ("prompt", "exercise") else None
    return MessageKey("d", "step", template, asks, locale, channel)


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer([shipped("templates")], SENDER, "https://nudge.example:8443/x")


def an_email(composer: Composer, template: str, to: Recipient = ANA, locale: str = "en") -> EmailMessage:
    (message,) = composer.compose(CAMPAIGN, key(template, locale=locale), [to])
    assert isinstance(message, EmailMessage), message
    return message


def a_text(composer: Composer, template: str, to: Recipient = ANA, locale: str = "en") -> str:
    (message,) = composer.compose(CAMPAIGN, key(template, Channel.SMS, locale), [to])
    assert isinstance(message, SmsMessage), message
    return message.body


class Page(HTMLParser):
    """What the tests ask of a page: its tags with attributes, and what is shown."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.shown: list[str] = []
        self._raw = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._raw = tag in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self._raw = False

    def handle_data(self, data: str) -> None:
        if not self._raw:
            self.shown.append(data)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("to", [ANA, SOLO, FIRST], ids=["usual", "solo", "first"])
def test_every_email_is_whole_accessible_and_asks_nothing_of_the_network(
    composer: Composer, template: str, to: Recipient
) -> None:
    message = an_email(composer, template, to)
    page = Page(message.html)
    shown = " ".join(" ".join(page.shown).split())
    assert page.tags[0] == ("html", page.tags[0][1])
    assert page.tags[0][1]["lang"] == "en"
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert all(attributes.get("role") == "presentation" for tag, attributes in page.tags if tag == "table")
    assert not {"img", "script", "link", "iframe", "video", "input"} & {tag for tag, _ in page.tags}
    led_to = {(attributes["href"] or "").partition("?")[0] for tag, attributes in page.tags if tag == "a"}
    assert {to.links.unsubscribe, to.links.preferences} <= led_to <= set(astuple(to.links))
    assert not re.search(r"url\(|@import|src=", message.html)
    assert "prefers-color-scheme: dark" in message.html
    assert len(message.html.encode()) < 20_000
    for needed in (SENDER.postal_address, "Stop these emails", "Ana"):
        assert needed in shown
        assert needed in message.text
    assert to.links.unsubscribe in message.text
    assert not re.search(r"</|&#?\w+;|\{[{%#]", message.text)
    assert not re.search(r"\{[{%#]|jinja\d", message.html)
    assert max(map(len, message.text.splitlines())) <= 76
    # Sizes of what is shown; the preheader is there for the inbox list only.
    assert all(int(size) >= 16 for size in re.findall(r"font-size: (\d+)px", message.html) if size != "1")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_lock_screen_tells_nobody_anything(composer: Composer, template: str) -> None:
    message = an_email(composer, template)
    match = re.search(r"<div[^>]*class=\"preheader\"[^>]*>(.*?)&", message.html, re.DOTALL)
    assert match
    outside = f"{message.subject} {match.group(1)}".lower()
    assert not re.search(r"ben|ana\b|partner|couple|close|love|relationship|eight weeks|intima|vulnerab|touch", outside)
    assert message.subject == message.subject.strip() != ""


def test_the_headers_are_those_that_mailbox_providers_ask_for(composer: Composer) -> None:
    parsed = email.message_from_bytes(an_email(composer, "prompt").mime(), policy=email.policy.default)
    assert isinstance(parsed, Parsed)
    assert dict(parsed.items()) | {"Content-Type": "", "Content-Transfer-Encoding": "", "Date": ""} == {
        "From": "Rekindle <hello@nudge.example>",
        "To": "ana@example.com",
        "Subject": "This week: The half-said thing",
        "Message-ID": "<1f@nudge.example>",
        "Date": "",
        "List-Unsubscribe": "<https://nudge.example/u/AQEAAAAAAAc>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": "<eight-weeks.list.nudge.example>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": "",
        "Content-Transfer-Encoding": "",
    }
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]


def test_the_question_and_the_smaller_way_are_set_apart_in_both_parts(composer: Composer) -> None:
    message = an_email(composer, "prompt")
    assert re.search(r'class="asked"[^>]*>What is one thing you&#8217;ve half said\?</p>', message.html)
    assert re.search(
        r'class="smaller"[^>]*>\s*<div class="hard">\s*<p style=[^>]*><strong>On a hard day:', message.html
    )
    assert "THE QUESTION\nWhat is one thing you've half said?\n" in message.text
    assert "\n\n. . .\n\nOn a hard day: write it down.\n" in message.text
    assert "Week 3 of 8" in message.html
    assert "about 15 minutes" in message.html


def test_who_has_no_other_yet_reads_your_partner(composer: Composer) -> None:
    assert "Ask your partner." in an_email(composer, "prompt", SOLO).text
    assert a_text(composer, "prompt", SOLO) == "Ask your partner tonight. What stopped halfway?"


@pytest.mark.parametrize("channel", Channel)
def test_every_welcome_says_that_nobody_watches_and_whom_to_call(composer: Composer, channel: Channel) -> None:
    said = an_email(composer, "welcome", FIRST).text if channel is Channel.EMAIL else a_text(composer, "welcome", FIRST)
    said = " ".join(said.split())
    assert "around the clock" in said
    assert "danger" in said
    assert "local emergency number" in said


def test_a_first_email_that_is_no_welcome_says_so_too_and_later_ones_do_not(composer: Composer) -> None:
    assert "local emergency number" in " ".join(an_email(composer, "prompt", FIRST).text.split())
    assert "emergency" not in an_email(composer, "prompt").text


def test_only_the_first_text_says_who_is_writing_and_how_to_stop(composer: Composer) -> None:
    plain = a_text(composer, "prompt")
    assert plain == "Ask Ben tonight. What stopped halfway?"
    assert a_text(composer, "prompt", FIRST) == f"Rekindle: {plain} Reply STOP to end, HELP for help."


@pytest.mark.slow
def test_every_shipped_activity_fits_two_segments_as_a_first_text_and_twenty_kilobytes_as_an_email() -> None:
    strategies = load_library([shipped("campaigns")]).strategies.values()
    activities = [activity for strategy in strategies for activity in strategy.activities]
    assert len(activities) >= 98
    whole, composer = campaign(*activities), Composer([shipped("templates")], SENDER, "https://nudge.example")
    first = replace(FIRST, other_name="Bartholomew-")
    for activity in activities:
        for channel in Channel:
            (message,) = composer.compose(whole, key("prompt", channel, activity=activity.id), [first])
            if isinstance(message, SmsMessage):
                size = measure(message.body)
                assert (size.encoding, size.parts <= 2) == ("GSM-7", True), message.body
            else:
                assert isinstance(message, EmailMessage), message
                assert len(message.html) < 20_000
                assert measure(message.subject).offenders == ()


@pytest.mark.parametrize("name", ["Zoë Łucja Kraków", "愛", "Wolfeschlegelsteinhausenbergerdorff" * 8])
def test_a_name_that_would_make_a_third_segment_is_left_out_rather_than_misspelt(composer: Composer, name: str) -> None:
    body = a_text(composer, "prompt", replace(FIRST, other_name=name))
    assert measure(body).parts <= 2
    assert ("your partner" in body) == (name not in body)


def test_poison_stays_with_its_own_recipient(composer: Composer) -> None:
    poisoned = [
        replace(ANA, address="ana@example.com\r\nBcc: x@example.com"),
        replace(ANA, address="ana@example.com, ben@example.com"),
        replace(ANA, message_id="<1@x>\nX: y"),
        replace(ANA, links=MessageLinks("https://x\r\ny")),
        replace(ANA, partner=Person("\ud800")),
        replace(ANA, other_name="B" * 300_000),
    ]
    got = composer.compose(CAMPAIGN, key("prompt"), [each for bad in poisoned for each in (ANA, bad)])
    assert [isinstance(message, RenderError) for message in got] == [False, True] * len(poisoned)
    assert len({message.mime() for message in got if isinstance(message, EmailMessage)}) == 1
    assert not any("ana@" in str(message) for message in got if isinstance(message, RenderError))


def test_names_are_escaped_in_html_and_only_there(composer: Composer) -> None:
    message = an_email(composer, "prompt", replace(ANA, partner=Person("<b>&{{ 7*7 }}"), other_name="*O'Neil*"))
    assert "Hello &lt;b&gt;&amp;{{ 7*7 }}," in message.html
    assert "Ask *O&#39;Neil*." in message.html
    assert "Hello <b>&{{ 7*7 }}," in message.text


def test_a_delivery_without_an_address_is_composed_for_the_gates_to_skip(composer: Composer) -> None:
    assert an_email(composer, "prompt", replace(ANA, address="")).to == ""


def test_a_template_that_is_not_there_or_wrong_fails_every_recipient_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "prompt.txt").write_text("one\n{{ nonsense }}\n", encoding="utf-8")
    composer = Composer([tmp_path, shipped("templates")], SENDER, "https://nudge.example")
    absent = composer.compose(CAMPAIGN, key("no-such"), [ANA, SOLO])
    wrong = composer.compose(CAMPAIGN, key("prompt"), [ANA])
    assert [str(error).partition("  ")[0] for error in absent] == ["email/no-such.subject.txt"] * 2
    assert str(wrong[0]) == "email/prompt.txt:2  `nonsense` is not defined"


def test_the_closest_language_wins_and_then_the_first_folder(tmp_path: Path) -> None:
    for name, text in {
        "email/prompt.subject.txt": "mine {{ lang }}",
        "email/es/prompt.subject.txt": "suyo {{ lang }}",
        "email/es/layout.txt": "{% block content %}{% endblock %}\nAdi\u00f3s {{ links.unsubscribe }}",
        "sms/es/other_name.txt": "tu pareja\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    composer = Composer([tmp_path, shipped("templates")], SENDER, "https://nudge.example")
    assert an_email(composer, "prompt", locale="en-GB").subject == "mine en"
    assert an_email(composer, "prompt", locale="../es").subject == "mine en"
    mexican = an_email(composer, "prompt", locale="es-MX")
    assert mexican.subject == "suyo es"
    assert "Lo dicho a medias" in mexican.html
    assert mexican.text.endswith("Adi\u00f3s https://nudge.example/u/AQEAAAAAAAc")
    assert b"8bit" in mexican.mime()
    assert a_text(composer, "prompt", SOLO, locale="es-MX") == "Pregunta a tu pareja."


def test_no_more_than_so_many_compositions_are_kept(composer: Composer) -> None:
    for number in range(MOST_COMPOSITIONS + 5):
        composer.compose(CAMPAIGN, replace(key("goodbye", Channel.SMS), step=str(number)), [ANA])
    assert len(composer._kept) == MOST_COMPOSITIONS


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("file", ["style.css", "frame.html"], ids=["light", "dark"])
def test_every_text_colour_is_readable_on_every_ground_of_its_theme(file: str) -> None:
    rules = (shipped("templates") / "email" / file).read_text(encoding="utf-8")
    rules = rules.partition("prefers-color-scheme: dark")[2] or rules
    rules = re.sub(r"\.preheader[^}]*}", "", rules)
    grounds = set(re.findall(r"background-color: (#\w{6})", rules))
    inks = set(re.findall(r"[ {]color: (#\w{6})", rules))
    assert len(grounds) == 3
    assert len(inks) >= 3
    for ink in inks:
        for ground in grounds:
            light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)
