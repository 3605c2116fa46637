"""An activity's Markdown becomes HTML and plain text; names are put in afterwards and read as nothing but names."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.render.inline import inline
from engine.render.markdown import WIDTH, Words, curled, html, line, named, plain
from engine.render.sandbox import RenderError

EMAIL = """\
"Fine" shuts a door politely, and over the years it can become the only answer.

1. When {{ other_name }} asks how you are, send a truer word: *wired*, *flat*, *hopeful*, *prickly* or whatever it is.
2. {{ other_name }} says **nothing** clever.

Happy words count.

**On a hard day:** send {{other_name}}'s word back.
"""


def read(words: Words, name: str = "Ben") -> str:
    return named(words.body, name) + "\n\n" + named(words.smaller, name)


def test_plain_text_is_wrapped_and_keeps_numbers_and_no_html() -> None:
    assert (
        read(plain(EMAIL))
        == """\
"Fine" shuts a door politely, and over the years it can become the only
answer.

1. When Ben asks how you are, send a truer word: *wired*, *flat*,
   *hopeful*, *prickly* or whatever it is.

2. Ben says nothing clever.

Happy words count.

On a hard day: send Ben's word back."""
    )


def test_html_has_the_same_words_with_the_styles_of_the_sheet_on_them() -> None:
    page = read(html(EMAIL, curly=True, css=".words li { color: red; } .hard p { color: blue; }"))
    assert '<li style="color: red;">When Ben asks how you are' in page
    assert '<p style="color: blue;"><strong>On a hard day:</strong> send Ben&#8217;s word back.</p>' in page
    assert "&#8220;Fine&#8221;" in page
    assert page.isascii()


def test_a_fallback_in_small_letters_gets_a_capital_where_a_sentence_begins() -> None:
    text = read(plain(EMAIL), "your partner")
    assert "When your partner asks" in text
    assert "2. Your partner says" in text
    assert named(line("Ask. {{ other_name }} may pass."), "your partner") == "Ask. Your partner may pass."


@given(st.text(st.sampled_from("<>&\"'*_`[]()#{}%\\\n 1.-ab")), st.booleans())
def test_a_name_is_escaped_in_html_and_is_never_markdown_or_jinja(name: str, curly: bool) -> None:
    words = html(EMAIL, curly=curly, css="")
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            found.append(tag)

        def handle_data(self, data: str) -> None:
            found.append(data)

    reader = Reader()
    reader.feed(named(words.body, name))
    reader.close()
    assert [part for part in found if part in ("p", "ol", "li", "em", "strong", "a", "code")] == [
        *("p", "ol", "li", "em", "em", "em", "em", "li", "strong", "p")
    ]
    assert f"When {name} asks" in "".join(found)


@given(st.lists(st.text(st.sampled_from("abcdefgh'"), min_size=1, max_size=14), min_size=1, max_size=60))
def test_no_line_of_plain_text_is_longer_than_the_width(words: list[str]) -> None:
    assert all(len(row) <= WIDTH for row in named(plain(" ".join(words)).body, "Ben").splitlines())


def test_a_name_makes_no_words_longer_than_a_message() -> None:
    words = line("{{ other_name }} " * 500)
    assert len(named(words, "x" * 500)) == 500 * 501
    for name in ("x" * 600, "x" * 200_000):
        with pytest.raises(RenderError):
            named(words, name)


@pytest.mark.parametrize(
    "source", ["<b>x</b>", "<script>", "[x](http://y.example)", "![x](http://y.example/i.png)", "<http://y.example>"]
)
def test_raw_html_links_and_images_come_out_as_the_characters_they_are(source: str) -> None:
    page = named(html(source, curly=False, css="").body, "Ben")
    assert page.count("<") == 4  # the wrapper and its one paragraph
    assert named(plain(source).body, "Ben") == source


@pytest.mark.parametrize(
    "source", ["{{ partner.given_name }}", "{% if solo %}x{% endif %}", "{# x #}", "{{ 7*7 }}", "\ue000"]
)
def test_any_other_jinja_in_an_activity_is_an_error(source: str) -> None:
    for convert in (plain, line):
        with pytest.raises(RenderError):
            convert(source)


@pytest.mark.parametrize("source", ["Only one paragraph.", "**Bold** but alone", "One.\n\n1. **Bold** in a list"])
def test_nothing_is_set_apart_unless_a_last_paragraph_opens_in_bold(source: str) -> None:
    assert plain(source).smaller == ()


def test_a_question_gets_typographic_quotes_and_is_escaped() -> None:
    assert curled("What's truer than 'fine' <today>?") == "What&#8217;s truer than &#8216;fine&#8217; &lt;today&gt;?"


PAGE = """\
<!DOCTYPE html><html lang="{{ lang }}"><head><title>{% block title %}{{ a }}{% endblock %}</title>
<style>@media print { p { color: black } }</style></head><body>
<!--[if mso]><b class="x">{% if a < b %}</b><![endif]-->
<table>{% for row in rows %}<tr><td class="x" {% if on %}width="1"{% endif %}>{{ row["<k>"] }} é</td></tr>
{# note #}{% endfor %}</table>
</body></html>"""


def test_inlining_leaves_jinja_where_it_was_and_keeps_media_queries() -> None:
    styled = inline(PAGE, ".x { color: red; }")
    assert '<td class="x"' in styled
    assert 'style="color: red;"' in styled
    for kept in (
        *('lang="{{ lang }}"', "{% block title %}{{ a }}{% endblock %}", "@media print { p { color: black } }"),
        *("<!--[if mso]>", "{% if a < b %}", '{{ row["<k>"] }} &#233;', "<table>{% for row in rows %}", "{# note #}"),
    ):
        assert kept in styled
