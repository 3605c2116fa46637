"""Every parser, given anything at all: a value or its own error, never another exception."""

from collections.abc import Callable

import pytest
from fuzzing.parsers import CORPUS, PARSERS
from hypothesis import given
from hypothesis import strategies as st

SEEDS = {name: [file.read_bytes() for file in sorted((CORPUS / name).iterdir())] for name in PARSERS}
SIGNS = (
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    ":",
    ",",
    "\n",
    "\0",
    "-",
    "9" * 30,
    "&",
    "*",
    "%",
    "=",
    "{{",
    "}}",
    "\r",
    "\t",
    "(",
)
WORDS = ("0001-01-01", "9999-12-31", "1e999", "no", "<<", "\ufeff", "\u202e")
BYTES = (b"\xff", b"\xed\xa0\x80", b"\xff\xfe")
TOKENS = [*(sign.encode() for sign in (*SIGNS, *WORDS)), *BYTES]


@st.composite
def damaged(draw: Callable[..., object], seeds: list[bytes]) -> bytes:
    """A good document after a few accidents: pieces lost, doubled, swapped in from another, or strange signs put in."""
    document: bytes = draw(st.sampled_from(seeds))  # type: ignore[assignment]
    for _ in range(draw(st.integers(1, 4))):  # type: ignore[call-overload]
        start = draw(st.integers(0, len(document)))
        end = draw(st.integers(start, min(len(document), start + 40)))  # type: ignore[operator, type-var]
        piece = document[start:end]  # type: ignore[misc]
        other: bytes = draw(st.sampled_from(seeds))  # type: ignore[assignment]
        instead = draw(
            st.one_of(
                st.just(b""),
                st.just(piece * 3),
                st.sampled_from(TOKENS),
                st.sampled_from(TOKENS).map(lambda sign: sign * 200),
                st.just(other[start : start + 40]),  # type: ignore[operator, misc]
                st.binary(max_size=8),
            )
        )
        document = document[:start] + instead + document[end:]  # type: ignore[operator, misc]
    return document


@pytest.mark.parametrize("name", PARSERS)
def test_anything_at_all_is_read_or_refused(name: str) -> None:
    """Bytes and text that mean nothing end in the parser's own words."""

    @given(st.one_of(st.binary(max_size=300), st.text(max_size=150).map(lambda text: text.encode("utf-8", "replace"))))
    def feed(data: bytes) -> None:
        PARSERS[name](data)

    feed()


@pytest.mark.parametrize("name", PARSERS)
def test_a_good_document_after_an_accident_is_read_or_refused(name: str) -> None:
    """What was almost right reaches further into a parser than noise does."""

    @given(damaged(SEEDS[name]))
    def feed(data: bytes) -> None:
        PARSERS[name](data)

    feed()


@pytest.mark.parametrize("name", PARSERS)
def test_what_the_corpus_holds_is_read_or_refused(name: str) -> None:
    """Each parser has something to begin from, and what was once found stays mended."""
    assert SEEDS[name]
    for seed in SEEDS[name]:
        PARSERS[name](seed)
