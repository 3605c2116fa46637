"""A frame gives the bytes that assembling gives, or declines: whatever the constants and the slots are."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.render.mime import Skeleton, header_values
from engine.render.mime_layout import LONGEST_LINE
from engine.render.trace import interleaved
from engine.transport.base import EmailMessage, Shape

CONSTANT = (("List-Id", "<eight-weeks.list.nudge.example>"), ("Auto-Submitted", "auto-generated"))
SKELETON = Skeleton("one step", "Rekindle <hello@nudge.example>", CONSTANT)
BOUNDARY = SKELETON._boundary.decode()
LINK = "<https://nudge.example/u/AQEAAAAAAAc>"
WHEN = datetime(2026, 3, 8, 19, 30, tzinfo=UTC)

USUAL = ["", "1", "Ana", "Zoë", "愛", "https://nudge.example/u/AQ-_", "O&#39;Neil", "a" * 30, "é" * 30, "="]
UNUSUAL = [
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\x85",
    "\u2028",
    "\xa0",
    "\t",
    "a\nb",
    "\n.\n",
    "--=_",
    BOUNDARY,
    f"--{BOUNDARY}--",
]
UNUSUAL += [BOUNDARY[:9], BOUNDARY[9:], BOUNDARY[:1], BOUNDARY[1:], "a" * 998, "a" * 999, "é" * 499, "é" * 500]
LINES = ["\n", " ", "<p>", "é", "x\n", "\n\n", "ab" * 450, "c" * 997, "From x\n", ".\n", "=", "_", "\r", "\0"]

usual = st.sampled_from(USUAL)
any_slot = st.one_of(usual, st.sampled_from(UNUSUAL), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
any_constant = st.one_of(usual, st.sampled_from(LINES), st.sampled_from(UNUSUAL), st.just("Hello\n"))
Part = tuple[tuple[str, ...], tuple[str, ...]]


def parts(constant: st.SearchStrategy[str], slot: st.SearchStrategy[str]) -> st.SearchStrategy[Part]:
    """Constants, and one slot fewer."""
    pairs = st.lists(st.tuples(constant, slot), max_size=4)
    return st.builds(
        lambda made, last: ((*(c for c, _ in made), last), tuple(s for _, s in made)), pairs, st.one_of(constant)
    )


def general(text: str, html: str, subject: str) -> bytes:
    """The message as it is assembled from its text and HTML."""
    headers = (("List-Unsubscribe", LINK), *CONSTANT)
    return EmailMessage(
        delivery_id=1,
        to="ana@example.com",
        sender="Rekindle <hello@nudge.example>",
        subject=subject,
        html=html,
        text=text,
        message_id="<1.f@nudge.example>",
        date=WHEN,
        headers=headers,
        assemble=SKELETON.assemble,
    ).mime()


def framed(text: Part, html: Part, subject: str = "A subject") -> bytes | None:
    """The message from its frame; None where there is no frame or it declines."""
    frame = SKELETON.frame(Shape(text[0], html[0]))
    values = header_values("ana@example.com", subject, WHEN, "<1.f@nudge.example>", LINK)
    return None if frame is None else frame.filled(values, text[1] + html[1])


def assembled(text: Part, html: Part, subject: str = "A subject") -> bytes:
    return general(interleaved(*text), interleaved(*html), subject)


PLAIN: Part = (("Hello ", "\n"), ("Ana",))


@settings(max_examples=400)
@given(parts(any_constant, any_slot), parts(any_constant, any_slot), st.sampled_from(["A subject", "Über", BOUNDARY]))
@example((("", ""), ("",)), (("a\n", ""), ("",)), "ends open and empty")
@example(((f"x{BOUNDARY[:1]}", "\n"), (BOUNDARY[1:],)), PLAIN, "a boundary that begins in a constant")
@example((("x", f"{BOUNDARY[2:]}\n"), (BOUNDARY[:2],)), PLAIN, "a boundary that begins in a slot")
@example((("x", "", "\n"), (BOUNDARY[:1], BOUNDARY[1:])), PLAIN, "a boundary in two slots")
@example((("a" * 997, "\n"), ("bc",)), PLAIN, "a line one too long")
@example((("é", "\n"), ("Ana",)), (("a", "\n"), ("é",)), "beyond ASCII on different sides")
def test_a_frame_gives_what_assembling_gives_or_declines(text: Part, html: Part, subject: str) -> None:
    found = framed(text, html, subject)
    if found is not None:
        assert found == assembled(text, html, subject)


@given(parts(st.sampled_from(["<p>", "é\n", "x\ny", "."]), usual), parts(st.sampled_from(["a\n", "</p>"]), usual))
def test_a_frame_takes_whatever_is_usual(text: Part, html: Part) -> None:
    assert framed(text, html) == assembled(text, html)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        (PLAIN, True),
        ((("Hello ", "\n"), ("",)), True),
        ((("Hello\n", ""), ("Ana",)), True),
        ((("Hello\n", ""), ("",)), False),  # whether a line end is added depends on what is before
        ((("a" * LONGEST_LINE + "\n", "\n"), ("b" * LONGEST_LINE,)), True),
        ((("a" * (LONGEST_LINE - 2), "\n"), ("bc",)), True),
        ((("a" * (LONGEST_LINE - 2), "\n"), ("bcd",)), False),
        ((("a" * (LONGEST_LINE - 2), "\n"), ("é",)), True),
        ((("a" * (LONGEST_LINE - 2), "\n"), ("éb",)), False),
        ((("a" * (LONGEST_LINE + 1) + "\n", "\n"), ("b",)), False),
        ((("x\r\n", "\n"), ("b",)), False),
        ((("x\0", "\n"), ("b",)), False),
        ((("x", "\n"), ("one\ntwo",)), False),
        ((("x", "\n"), ("\0",)), False),
        ((("x", "\n"), ("a\tb",)), False),
        ((("?u=", "\n"), ("AQ",)), True),
        ((("x", "\n"), ("a=b",)), True),
        ((("x", "\n"), (BOUNDARY,)), False),
        (((f"x{BOUNDARY[:5]}", "\n"), (BOUNDARY[5:],)), False),
        (((BOUNDARY, "\n"), ("x",)), False),
    ],
    ids=range(20),
)
def test_what_is_usual_is_decided_exactly(text: Part, taken: bool) -> None:
    html: Part = (("<p>Hello</p>\n",), ())
    found = framed(text, html)
    assert (found is not None) == taken
    assert found in (None, assembled(text, html))
