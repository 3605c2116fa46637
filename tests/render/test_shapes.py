"""Emails of one step share their shape: constants that are the same for all, and slots that are each one's own."""

from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recipients import ANA, SENDER

from engine.define.load import load_library
from engine.model.campaign import Campaign, Channel
from engine.model.strategy import Activity, ActivityText, Kind, Mode
from engine.render.compose import Composer, RenderError, _Email
from engine.render.recipient import MessageKey, MessageLinks, Person, Recipient
from engine.render.shaped import MOST_SHAPES, ShapedEmail
from engine.shipped import shipped
from engine.transport.base import EmailMessage

WORDS = ActivityText(
    "The half-said thing",
    "{{ other_name }} and you stop halfway.\n\n1. Ask *{{ other_name }}*.\n\n**On a hard day:** ask {{ other_name }}.",
    "Ask {{ other_name }} tonight. What stopped halfway?",
    "What is one thing you've half said?",
)
TALK = Activity("talk", "vulnerability", Kind.CONVERSATION, Mode.TALK, 15, 1, {"en": WORDS})
ZOE = replace(ANA, delivery_id=2, address="zoe@example.com", partner=Person("Zoë"), other_name="élan & <co>", week=5)
FIRST, SOLO = replace(ANA, first=True), replace(ANA, other_name="", solo=True)
NAMES = ("Ana", "Zoë", "O'Neil & <co>", "愛", "élan", "a\nb", "\r", "\0", "\u2028", "x" * 1_100, "=_", "{{ week }}", "")
READERS = st.builds(
    lambda name, other, first, week: replace(
        ANA, partner=Person(name), other_name=other, solo=not other, first=first, week=week
    ),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
    st.booleans(),
    st.integers(1, 8),
)
TRACED = (
    "Hello {{ partner.given_name }},",
    "{{ activity.body|named(other_name) }}",
    "{{ activity.smaller|named(partner.given_name) }}",
    "{{ activity.sms|named(other_name) }}",
    "{{ activity.sms|named(other_name)|wordwrap(20) }}",
    "{{ activity.body|named(other_name)|length }}",
    "{% set said = activity.sms|named(other_name) %}{{ said }}{{ said|upper }}",
    "{% filter upper %}{{ partner.given_name }}{% endfilter %}",
    "{% if first %}first{% else %}later {{ week }}{% endif %}",
    "{{ links.unsubscribe }}",
    "{{ other_name|upper }}{{ '' if week > 3 else other_name }}",
    "{% macro said(x) %}<b>{{ x }}</b>{% endmacro %}{{ said(partner.given_name) }}",
    "é\n",
    "\n",
    "=_",
)
SNIPPETS = (*TRACED, "{% for letter in partner.given_name %}{{ letter }}{% endfor %}")  # the last is never traced


def campaign(*activities: Activity) -> Campaign:
    titles = {"vulnerability": "Practice vulnerability"}
    return Campaign("eight-weeks", "Eight weeks", 8, (), (), {a.id: a for a in activities}, titles, digest="d")


def key(template: str = "prompt", activity: str | None = "talk") -> MessageKey:
    return MessageKey("d", "step", template, activity, "en", Channel.EMAIL)


def composer(*folders: Path) -> Composer:
    return Composer([*folders, shipped("templates")], SENDER, "https://nudge.example")


def emails(by: Composer, *to: Recipient) -> list[EmailMessage]:
    got = by.compose(campaign(TALK), key(), to)
    assert all(isinstance(each, EmailMessage) for each in got), got
    return [each for each in got if isinstance(each, EmailMessage)]


def woven(constants: tuple[str, ...], slots: Iterator[str]) -> str:
    return constants[0] + "".join(next(slots) + constant for constant in constants[1:])


def written(folder: Path, text: str, html: str) -> Composer:
    """A composer with these templates."""
    (folder / "email").mkdir()
    (folder / "email" / "prompt.txt").write_text(text, encoding="utf-8")
    (folder / "email" / "prompt.html").write_text(html, encoding="utf-8")
    return composer(folder)


def ordinary(by: Composer, to: Recipient) -> tuple[str, str]:
    """Text and HTML as Jinja renders them."""
    email = by._composition(campaign(TALK), key())
    assert isinstance(email, _Email)
    to = replace(to, other_name=to.other_name or "your partner")
    return email._text.ordinary(to), email._html.ordinary(to)


def assert_whole(message: EmailMessage) -> None:
    """Constants and slots make the text and the HTML; what is sent is what assembling these gives."""
    if message.shape is not None:
        slots = iter(message.slots)
        assert woven(message.shape.text, slots) == message.text
        assert woven(message.shape.html, slots) == message.html
        assert next(slots, None) is None
        assert {type(slot) for slot in message.slots} <= {str}
    read = {field: getattr(message, field) for field in EmailMessage.__dataclass_fields__}
    assert message.mime() == EmailMessage(**read).mime()


def test_who_takes_the_same_paths_shares_the_shape_and_nobody_else() -> None:
    by = composer()
    ana, zoe, first, solo = emails(by, ANA, ZOE, FIRST, SOLO)
    assert ana.shape is not None
    assert ana.shape is zoe.shape is solo.shape
    assert first.shape is not None
    assert first.shape is not ana.shape
    assert emails(by, ZOE)[0].shape is ana.shape
    assert emails(composer(), ANA)[0].shape is not ana.shape


def test_slots_hold_what_is_personal_and_the_words_of_the_step_are_constants() -> None:
    (zoe,) = emails(composer(), ZOE)
    assert zoe.shape is not None
    names = {"Zoë", "élan & <co>", "Élan & <co>", "élan &amp; &lt;co&gt;", "Élan &amp; &lt;co&gt;"}
    assert set(zoe.slots) == {"5", *astuple(ANA.links)[:4], *names}
    assert not any(word in constant for constant in zoe.shape.text + zoe.shape.html for word in ("élan", "Élan", "Zoë"))
    assert "stop halfway" in "".join(zoe.shape.html)


def test_a_shaped_email_reads_like_any_other() -> None:
    (ana,) = emails(composer(), ANA)
    assert isinstance(ana, ShapedEmail)
    assert (ana.delivery_id, ana.to, ana.message_id, ana.date) == (1, ANA.address, ANA.message_id, ANA.date)
    assert (ana.sender, ana.reference) == ("Rekindle <hello@nudge.example>", "1f")
    assert ana.headers[0] == ("List-Unsubscribe", f"<{ANA.links.unsubscribe}>")
    assert ana == emails(composer(), ANA)[0]
    assert ana != emails(composer(), ZOE)[0]
    assert "ana@" not in repr(ana)
    with pytest.raises(AttributeError):
        ana.subject = "another"  # type: ignore[misc]


def test_what_is_rendered_in_the_ordinary_way_has_no_shape(tmp_path: Path) -> None:
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "prompt.txt").write_text("{% for c in partner.given_name %}{{ c }}{% endfor %}")
    ana, zoe = emails(composer(tmp_path), ANA, ZOE)
    assert (ana.shape, ana.slots, ana.text) == (None, (), "Ana")
    assert (zoe.shape, zoe.slots, zoe.text) == (None, (), "Zoë")
    assert_whole(ana)


def test_no_more_than_so_many_shapes_are_kept(tmp_path: Path) -> None:
    (tmp_path / "email").mkdir()
    odd = "".join(f"{{% if week == {n} %}}{n}{{% endif %}}" for n in range(6))
    (tmp_path / "email" / "prompt.txt").write_text(odd)
    (tmp_path / "email" / "prompt.html").write_text("{% if first %}first{% endif %}")
    by = composer(tmp_path)
    people = [replace(ANA, week=week, first=first) for week in range(6) for first in (False, True)]
    for _ in range(2):
        got = emails(by, *people)  # twelve pairs of six traces and two
        assert len({id(each.shape) for each in got if each.shape is not None}) == MOST_SHAPES
        for each in got:
            assert_whole(each)


@pytest.mark.parametrize(
    "bad",
    [
        replace(ANA, address="ana@example.com\r\nBcc: x@example.com"),
        replace(ANA, message_id="<1@x>\nX: y"),
        replace(ANA, links=MessageLinks("https://x\r\ny")),
        replace(ANA, partner=Person("\ud800")),
        replace(ANA, partner=Person("A" * 300_000)),
    ],
    ids=["address", "message id", "link", "half a pair", "too long"],
)
def test_a_shape_lets_no_poison_through(bad: Recipient) -> None:
    by = composer()
    emails(by, ANA)
    (got,) = by.compose(campaign(TALK), key(), [bad])
    assert isinstance(got, RenderError)


def test_an_email_to_nobody_is_composed_and_cannot_be_assembled() -> None:
    (nobody,) = emails(composer(), replace(ANA, address=""))
    with pytest.raises(RenderError):
        nobody.mime()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    text=st.lists(st.sampled_from(SNIPPETS), max_size=6).map(" ".join),
    html=st.lists(st.sampled_from(SNIPPETS), max_size=6).map(" ".join),
    people=st.lists(READERS, min_size=1, max_size=5),
)
def test_constants_and_slots_make_the_message_whatever_the_templates(
    tmp_path_factory: pytest.TempPathFactory, text: str, html: str, people: list[Recipient]
) -> None:
    by = written(tmp_path_factory.mktemp("templates"), text, f"<div>{html}</div>")
    for _ in range(2):
        for each, found in zip(people, by.compose(campaign(TALK), key(), people), strict=True):
            expected = ordinary(by, each)
            assert isinstance(found, EmailMessage)
            assert (found.text, found.html) == expected
            assert_whole(found)


@pytest.mark.parametrize("snippet", TRACED)
def test_whatever_is_traced_gives_a_shape_from_the_first_on(tmp_path: Path, snippet: str) -> None:
    by = written(tmp_path, snippet, snippet)
    people = ANA, replace(ZOE, week=ANA.week)
    ana, zoe = emails(by, *people)
    assert ana.shape is zoe.shape is not None
    assert [(each.text, each.html) for each in (ana, zoe)] == [ordinary(by, each) for each in people]


@pytest.mark.slow
def test_every_shipped_activity_and_template_has_a_shape_for_everyone() -> None:
    strategies = load_library([shipped("campaigns")]).strategies.values()
    activities = [activity for strategy in strategies for activity in strategy.activities]
    whole, by = campaign(*activities), composer()
    asking = [("prompt", a.id) for a in activities] + [("exercise", a.id) for a in activities]
    for template, activity in [*asking, ("pulse", None), ("welcome", None), ("goodbye", None)]:
        got = by.compose(whole, key(template, activity), [ANA, ZOE, FIRST, SOLO, ZOE])
        assert all(isinstance(each, ShapedEmail) for each in got)
        for each in got:
            assert isinstance(each, ShapedEmail)
            assert_whole(each)
            assert each._mould.frame is not None
            assert each._mould.frame.filled(each._values, each.slots) == each.mime()
            assert sum(len(slot.encode()) for slot in each.slots) < 2_000
        shapes = [each.shape for each in got if isinstance(each, ShapedEmail)]
        assert shapes[0] is shapes[1] is shapes[4]
