"""An activity's Markdown as HTML and as plain text: converted once, with the other partner's name left open.

The words are cut at each `{{ other_name }}` into pieces, so a name is put in after conversion: it is escaped like any
other value and never read as Markdown.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from engine.render.inline import ascii_html, inline
from engine.render.spec_bounds import fits
from engine.render.spec_budget import made, work
from engine.render.spec_errors import RenderError

WIDTH = 72
"""Columns of plain text; RFC 3676 section 4.2 asks for no more than 78."""

Then = Literal["", "name", "Name"]

# Stand for the name inside text being converted: a private-use character each, which no real text holds.
_NAME, _CAPITAL, _FILLER = "\ue000", "\ue001", "\ue002"
_PRIVATE = re.compile("[\ue000-\ue002]")
_OPEN = re.compile(r"\{\{([^{}]*)\}\}|\{[{%#]")  # what opens and never closes costs one look
_STARTS_SENTENCE = re.compile(r"(?:\A|\n[ \t]*\n|(?:\A|\n)[ \t]*(?:\d+[.)]|[-*+])[ \t]|[.!?][\"')*_]*\s)\s*[\"'(*_]*\Z")
_LOOKED_BACK = 200
LONGEST = 10_000
"""Characters of a text: converting takes time that grows with more than its length."""
_ESCAPED = 5  # the most characters that escaping makes of one
_USUAL_NAME = 8  # how wide a name is taken to be when lines are wrapped

# Only what an activity may hold; raw HTML, links and headings come out as the characters they are.
_PARSER = MarkdownIt("zero").enable(["list", "emphasis", "newline", "escape"])
_CURLY = MarkdownIt("zero", {"typographer": True, "quotes": "“”‘’"}).enable(
    ["list", "emphasis", "newline", "escape", "smartquotes"]
)
_QUOTES = MarkdownIt("zero", {"typographer": True, "quotes": "“”‘’"}).enable("smartquotes")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text, and what comes after it: nothing, the other's name, or the name where a sentence begins.

    HTML is Markup; plain text is str.
    """

    text: str
    then: Then = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Converted words. `smaller` is the last paragraph if it opens in bold ("On a hard day:"), else ()."""

    body: tuple[Piece, ...]
    smaller: tuple[Piece, ...]


def html(source: str, *, curly: bool, css: str) -> Words:
    """Markdown as HTML with the rules of `css` on it: the body in <div class="words">, the smaller way in "hard".

    With `curly`, straight quotes become typographic ones, as English sets them.
    """
    parser = _CURLY if curly else _PARSER
    body, smaller = _parted(parser.parse(_marked(source)))
    return Words(_fragment(parser, body, "words", css), _fragment(parser, smaller, "hard", css))


def plain(source: str) -> Words:
    """Markdown as plain text wrapped at WIDTH: bold loses its marks, *emphasis* keeps them."""
    body, smaller = _parted(_PARSER.parse(_marked(source)))
    return Words(_pieces(_wrapped(body)), _pieces(_wrapped(smaller)))


def line(source: str) -> tuple[Piece, ...]:
    """One line of plain text that is not Markdown, such as a text message."""
    return _pieces(_marked(source))


def curled(text: str) -> Markup:
    """Plain text as HTML with typographic quotes."""
    return Markup(ascii_html(_QUOTES.renderInline(text)))  # noqa: S704 - everything in it is escaped


def named(words: tuple[Piece, ...], name: str) -> str:
    """The filter `named`: `words` with `name` put in, escaped if they are HTML; capital where a sentence begins."""
    work(sum(len(piece.text) + (_ESCAPED * len(name) if piece.then else 0) for piece in words))
    parts: list[str] = []
    for piece in words:
        parts.append(piece.text)
        if piece.then:
            parts.append(name if piece.then == "name" else name[:1].upper() + name[1:])
    return made(fits((Markup() if parts and isinstance(parts[0], Markup) else "").join(parts)))  # type: ignore[no-any-return]


def _fragment(parser: MarkdownIt, tokens: list[Token], role: str, css: str) -> tuple[Piece, ...]:
    if not tokens:
        return ()
    rendered = parser.renderer.render(tokens, parser.options, {})
    return _pieces(Markup(inline(f'<div class="{role}">\n{rendered}</div>', css)))  # noqa: S704 - raw HTML is off


def _pieces(text: str) -> tuple[Piece, ...]:
    """`text` cut at the characters that stand for a name."""
    found: list[Piece] = []
    start = 0
    for match in _PRIVATE.finditer(text):
        found.append(Piece(text[start : match.start()], "Name" if match.group() == _CAPITAL else "name"))
        start = match.end()
    if start < len(text):
        found.append(Piece(text[start:]))
    return tuple(found)


def _marked(source: str) -> str:
    """`source` with each `{{ other_name }}` as one private character; RenderError for any other Jinja."""
    if len(source) > LONGEST:
        raise RenderError(f"an activity's text is longer than {LONGEST} characters", "Shorten it.")
    if _PRIVATE.search(source):
        raise RenderError("an activity's text holds a private-use character", "Remove U+E000 to U+E002.")

    def mark(match: re.Match[str]) -> str:
        if (match.group(1) or "").strip() != "other_name":
            raise RenderError(
                "an activity's text may hold no Jinja but `{{ other_name }}`", "Write that, or plain words."
            )
        return _CAPITAL if _STARTS_SENTENCE.search(_just_before(source, match.start())) else _NAME

    return _OPEN.sub(mark, source)


def _just_before(source: str, end: int) -> str:
    """What decides whether a sentence begins at `end`; whatever is further back is a word like any other."""
    start = max(0, end - _LOOKED_BACK)
    return source[:end] if start == 0 else "x" + source[start:end]


def _parted(tokens: list[Token]) -> tuple[list[Token], list[Token]]:
    """All but the last paragraph, and the last paragraph, if that one is at the top and opens in bold."""
    if len(tokens) > 3 and tokens[-1].type == "paragraph_close" and tokens[-1].level == 0:
        opening = [token for token in tokens[-2].children or () if token.content or token.type == "strong_open"]
        if opening and opening[0].type == "strong_open":
            return tokens[:-3], tokens[-3:]
    return tokens, []


def _wrapped(tokens: Sequence[Token]) -> str:
    blocks: list[str] = []
    prefixes: list[str] = []  # of the list items we are in; the innermost is used up by its first paragraph
    numbers: list[int | None] = []
    for token in tokens:
        if token.type in ("ordered_list_open", "bullet_list_open"):
            numbers.append(int(token.attrs.get("start", 1)) if token.type.startswith("ordered") else None)
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            numbers.pop()
        elif token.type == "list_item_open":
            number = numbers[-1]
            prefixes.append("- " if number is None else f"{number}. ")
            numbers[-1] = None if number is None else number + 1
        elif token.type == "list_item_close":
            prefixes.pop()
        elif token.type == "inline":
            indent = "".join(" " * len(prefix) for prefix in prefixes)
            first = indent[: -len(prefixes[-1])] + prefixes[-1] if prefixes and prefixes[-1].strip() else indent
            blocks.append(_filled(token, first, indent))
            if prefixes:
                prefixes[-1] = " " * len(prefixes[-1])
    return "\n\n".join(blocks)


def _filled(token: Token, first: str, rest: str) -> str:
    words = ""
    for child in token.children or ():
        if child.type in ("em_open", "em_close"):
            words += "*"
        else:
            words += " " if child.type in ("softbreak", "hardbreak") else child.content
    wide = _PRIVATE.sub(lambda match: match.group() + _FILLER * (_USUAL_NAME - 1), words)
    filled = textwrap.fill(
        wide, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return filled.replace(_FILLER, "")
