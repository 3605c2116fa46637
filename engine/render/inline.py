"""Puts a stylesheet's rules on the elements of a template's HTML, once, when the template is loaded.

Gmail and Outlook ignore much of <style>. Inlining each message would cost a millisecond; inlining each *template*
costs it once. Jinja stays intact: every tag is swapped for a token that an HTML parser leaves where it is, and back.
"""

import re

import css_inline

# Comments, and the few elements whose content is not parsed as HTML: a comment inside them would be text.
_OPAQUE = re.compile(r"<!--.*?-->|<(title|style|script|textarea)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_DOCUMENT = re.compile(r"\s*(?:<!doctype|<html)\b", re.IGNORECASE)
_BEYOND_ASCII = re.compile("[^\x00-\x7f\ue000-\uf8ff]")
_TOKEN = re.compile(r"<!--jinja(\d+)x-->|jinja(\d+)x")


def inline(source: str, css: str) -> str:
    """`source`, an HTML document or fragment with Jinja in it, with the rules of `css` as style attributes.

    <style> elements stay as they are, for what only they can say (media queries). Rules match within this one file:
    a selector cannot reach from a layout into the blocks of a child. Letters beyond ASCII become references, so that
    most messages need no more than 7 bits.
    """
    tags: list[str] = []

    def swap(match: re.Match[str]) -> str:
        tags.append(match.group())
        token = f"jinja{len(tags) - 1}x"
        # A statement may stand where text may not, as between the rows of a table; a comment may stand anywhere.
        is_text = match.group().startswith("{{") or _inside_markup(match.string, match.start())
        return token if is_text else f"<!--{token}-->"

    if _TOKEN.search(source):
        return source  # it already holds what we would use as a token: better plain than wrong
    guarded = _JINJA.sub(swap, source)
    if _DOCUMENT.match(guarded):
        inliner = css_inline.CSSInliner(
            inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False, extra_css=css
        )
        styled = inliner.inline(guarded)
    else:
        styled = css_inline.inline_fragment(guarded, css, load_remote_stylesheets=False)
    plain = ascii_html(styled)
    return _TOKEN.sub(lambda match: tags[int(match.group(1) or match.group(2))], plain)


def ascii_html(source: str) -> str:
    """`source` with a character reference for each letter beyond ASCII, save private ones: they stand for something."""
    return _BEYOND_ASCII.sub(lambda match: f"&#{ord(match.group())};", source)


def _inside_markup(source: str, place: int) -> bool:
    """Whether `place` is within a tag, a comment or an element whose content is raw text."""
    if any(found.start() < place < found.end() for found in _OPAQUE.finditer(source)):
        return True
    before = _JINJA.sub("", source[:place])
    return before.rfind("<") > before.rfind(">")
