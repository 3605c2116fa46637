"""What pages say: the closest language, then the first folder, key by key, and English for what is left."""

from collections.abc import Callable
from pathlib import Path

import pytest
from markupsafe import Markup

from engine.render.sandbox import RenderError
from engine.render.words import Phrase, Words, languages, words_for

ENGLISH = """\
[page]
title = "Stop {what}"
text = "Tom & Ana's <page>"
left.one = "One left"
left.many = "{count} left"
[page.deep]
er = \"\"\"
title = "no key"
\"\"\"
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Callable[..., list[Path]]:
    """Writes catalogues, `workspace/es` and so on, and answers the folders to look in: the workspace's first."""

    def put(**files: str) -> list[Path]:
        for name, text in {"shipped": ENGLISH, **files}.items():
            folder, _, language = name.partition("__")
            file = tmp_path / folder / language.replace("_", "-") / "words.toml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return [tmp_path / "workspace", tmp_path / "shipped"]

    return put


def words(folders: list[Path], locale: str = "en") -> Words:
    return words_for(folders, locale)[0]


def test_words_and_what_is_filled_in_are_escaped_and_markup_is_not(shelf: Callable[..., list[Path]]) -> None:
    say = words(shelf()).say
    assert say("page.text") == "Tom &amp; Ana&#39;s &lt;page&gt;"
    assert say("page.title", what="<b>") == "Stop &lt;b&gt;"
    assert say("page.title", what=Markup("<b>it</b>")) == "Stop <b>it</b>"
    assert isinstance(say("page.text"), Markup)


def test_what_is_filled_in_is_not_filled_in_again(shelf: Callable[..., list[Path]]) -> None:
    assert words(shelf()).say("page.title", what="{what}") == "Stop {what}"


def test_what_is_filled_in_makes_no_words_longer_than_a_page(shelf: Callable[..., list[Path]]) -> None:
    """However often the words name it: each time is paid for before it is filled in."""
    said = words(shelf(workspace=f'[page]\ntext = "{"{what}" * 1_000}"\n'))
    assert len(said.say("page.text", what="x" * 200)) == 200_000
    with pytest.raises(RenderError, match="grow past 262144 characters"):
        said.say("page.text", what="x" * 200_000)


@pytest.mark.parametrize(("count", "text"), [(0, "0 left"), (1, "One left"), (2, "2 left")])
def test_a_plural_is_chosen_by_its_count(shelf: Callable[..., list[Path]], count: int, text: str) -> None:
    assert words(shelf()).say("page.left", count=count) == text


def test_each_key_is_of_the_closest_language_and_then_of_the_first_folder(shelf: Callable[..., list[Path]]) -> None:
    folders = shelf(
        workspace='[page]\ntext = "ours"\ntitle = "ours"',
        shipped__es='[page]\ntext = "de España"\ntitle = "de España"',
        shipped__es_MX='[page]\ntext = "de México"',
    )
    mexican = words(folders, "es-MX").say
    assert (mexican("page.text"), mexican("page.title")) == ("de México", "de España")
    assert mexican("page.left", count=1) == "One left"
    assert words(folders).say("page.text") == "ours"
    assert words(folders, "fr").say("page.text") == "ours"


@pytest.mark.parametrize(
    ("locale", "lang"),
    [("en", "en"), ("en-GB", "en"), ("es", "es"), ("es-MX", "es"), ("fr", "en"), ("../es", "en"), ("", "en")],
)
def test_the_language_of_the_words_is_known_and_no_locale_becomes_a_path(
    shelf: Callable[..., list[Path]], locale: str, lang: str
) -> None:
    folders = shelf(shipped__es='[page]\ntext = "sí"')
    assert words_for(folders, locale)[1] == lang
    assert languages(folders) == {"en", "es"}


def test_a_route_names_words_without_knowing_the_reader(shelf: Callable[..., list[Path]]) -> None:
    assert words(shelf()).say(Phrase("page.left", {"count": 3})) == "3 left"


@pytest.mark.parametrize(
    ("key", "values", "told"),
    [
        ("page.titel", {}, "the page page have no page.titel"),
        ("page.title", {}, r"page.title need a value for \{what\}"),
        ("page.left", {}, "page.left need a count"),
        ("page.title", {"what": ["Ana"]}, "a list cannot be printed"),
        ("page.deep", {}, "no page.deep"),
    ],
)
def test_what_cannot_be_said_is_an_error_that_names_the_page_and_the_key_and_no_value(
    shelf: Callable[..., list[Path]], key: str, values: dict[str, object], told: str
) -> None:
    with pytest.raises(RenderError, match=told) as error:
        words(shelf()).say(key, **values)
    assert "Ana" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [('[page]\ntext = "a', 2, "not TOML"), ("[page]\ntext = 5", None, "page.text is no text")],
)
def test_a_file_that_is_no_catalogue_is_named_with_its_line(
    shelf: Callable[..., list[Path]], text: str, line: int | None, told: str
) -> None:
    with pytest.raises(RenderError, match=told) as error:
        words(shelf(shipped__es=text), "es")
    assert (error.value.template, error.value.line) == ("web/es/words.toml", line)
