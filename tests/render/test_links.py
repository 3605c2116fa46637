"""A link says who and which channel, cannot be forged or borrowed, and holds no address."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.campaign import Channel
from engine.render.links import Claims, Links, Purpose, message_id

KEY = bytes(range(32))
LINKS = Links("https://nudge.example/", KEY)
IDS = st.integers(0, 2**48 - 1)
CHANNELS = st.sampled_from(Channel)
PURPOSES = st.sampled_from(Purpose)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_an_unsubscribe_link_is_short_and_under_the_public_url() -> None:
    link = LINKS.unsubscribe(7, Channel.EMAIL)
    assert re.fullmatch(r"https://nudge\.example/u/[A-Za-z0-9_-]{32}", link)
    assert link == LINKS.unsubscribe(7, Channel.EMAIL)


def test_links_that_are_in_inboxes_already_stay_good() -> None:
    assert LINKS.unsubscribe(7, Channel.EMAIL) == "https://nudge.example/u/AQEAAAAAAAcumvjdAEo-pp1UnUmhM64Z"
    assert LINKS.token(Purpose.CONFIRM, 2**48 - 1, Channel.SMS) == "AQL_______-y0fjBtaeZcpVf_ELre2uF"


@given(IDS, CHANNELS, PURPOSES)
def test_a_token_reads_back_for_its_own_purpose_and_no_other(partner: int, channel: Channel, purpose: Purpose) -> None:
    token = LINKS.token(purpose, partner, channel)
    for other in Purpose:
        assert LINKS.read(other, token) == (Claims(partner, channel) if other is purpose else None)


@given(IDS, CHANNELS, st.integers(0, 31), st.sampled_from(ALPHABET + "+/= \n.é"))
def test_changing_any_character_makes_it_worthless(partner: int, channel: Channel, place: int, char: str) -> None:
    token = LINKS.token(Purpose.UNSUBSCRIBE, partner, channel)
    forged = token[:place] + char + token[place + 1 :]
    assert (LINKS.read(Purpose.UNSUBSCRIBE, forged) is None) == (forged != token)


@given(st.one_of(st.text(max_size=40), st.text(ALPHABET, min_size=32, max_size=32)))
def test_anything_else_is_not_a_token_and_raises_nothing(text: str) -> None:
    assert LINKS.read(Purpose.UNSUBSCRIBE, text) is None


@pytest.mark.parametrize("change", [lambda t: t + "A", lambda t: t[:-1], lambda t: t + "=", lambda t: t.swapcase()])
def test_a_longer_shorter_or_recased_token_is_refused(change: Callable[[str], str]) -> None:
    assert LINKS.read(Purpose.UNSUBSCRIBE, change(LINKS.token(Purpose.UNSUBSCRIBE, 7, Channel.SMS))) is None


def test_a_token_signed_with_another_key_is_refused() -> None:
    other = Links("https://nudge.example", KEY[::-1])
    assert LINKS.read(Purpose.UNSUBSCRIBE, other.token(Purpose.UNSUBSCRIBE, 7, Channel.EMAIL)) is None


def test_a_guessable_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Links("https://nudge.example", b"short")


IDENTITY = ("seed", 7, "mail.example")


def test_a_message_id_is_the_same_for_every_attempt() -> None:
    assert message_id(*IDENTITY) == message_id(*IDENTITY)
    assert re.fullmatch(r"<7\.[0-9a-f]{32}@mail\.example>", message_id(*IDENTITY))


@pytest.mark.parametrize(("place", "value"), [(0, "other"), (1, 8), (2, "post.example")])
def test_a_message_id_differs_with_each_thing_it_stands_for(place: int, value: str | int) -> None:
    changed = [value if index == place else part for index, part in enumerate(IDENTITY)]
    assert message_id(*changed) != message_id(*IDENTITY)  # type: ignore[arg-type]
