"""What pages say, apart from how they are built: `say("unsubscribe.title", what=…)` in the reader's language.

The words are in web/words.toml (English) and web/es/words.toml and so on, in the template folders. Each key is looked
up by itself: the closest language wins, then the first folder, and what a language lacks is said in English.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup, escape

from engine.model.locale import places
from engine.model.strategy import DEFAULT_LOCALE
from engine.render.catalogue import FILE, MANY, ONE, PLACEHOLDER, Catalogue, read
from engine.render.spec_bounds import MAX_TEXT, fits, printable, width
from engine.render.spec_errors import RenderError


@dataclass(frozen=True, slots=True)
class Phrase:
    """A key and its values, for a route that wants something said but does not know the reader's language."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


class Words:
    """The words of one reader."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def say(self, what: str | Phrase, /, **values: object) -> Markup:
        """The text of a key, escaped, with its placeholders filled in: values are escaped too, unless they are Markup.

        A key that has `.one` and `.many` takes the one that `count` asks for. RenderError for a key that there is not
        and for a placeholder without a value; it names no value.
        """
        key = what
        if isinstance(what, Phrase):
            key, values = what.key, {**what.values, **values}
        text = self._text(str(key), values.get("count"))
        literals = PLACEHOLDER.split(text)
        said, room = [escape(literals[0])], MAX_TEXT
        for name, literal in zip(literals[1::2], literals[2::2], strict=True):
            if name not in values:
                raise RenderError(f"the words of {key} need a value for {{{name}}}", f"Write say(…, {name}=…).")
            room -= width(values[name])
            if room < 0:
                raise RenderError(f"the words of {key} grow past {MAX_TEXT} characters")
            said += [escape(printable(values[name])), escape(literal)]
        return Markup(fits("".join(said)))  # noqa: S704 - each piece of it is escaped

    def has(self, key: str) -> bool:
        """Whether there are words of this key, for a page that chooses among them."""
        return key in self._texts

    def _text(self, key: str, count: object) -> str:
        text = self._texts.get(key)
        if text is None and key + MANY in self._texts:
            if not isinstance(count, int):
                raise RenderError(f"the words of {key} need a count", "Write say(…, count=…).")
            text = self._texts.get(key + (ONE if count == 1 else MANY))
        if text is None:
            page = key.partition(".")[0]
            raise RenderError(f"the words of the page {page} have no {key}", f"Mend the key, or add it to web/{FILE}.")
        return text


def layers(folders: Sequence[Path], locale: str) -> list[tuple[str, Catalogue]]:
    """The catalogues that a reader of `locale` is served from, each with its language ("" the root), closest first.

    `folders` are the folders of the pages themselves, the first of which wins.
    """
    found = []
    for place in (*places(locale), ""):
        for folder in folders:
            file = folder / place / FILE
            if file.is_file():
                found.append((place, read(file, "/".join(part for part in ("web", place, FILE) if part))))
    return found


def words_for(folders: Sequence[Path], locale: str) -> tuple[Words, str]:
    """The words for a reader of `locale`, and the language that they are in."""
    served = layers(folders, locale)
    texts = {key: text for _, catalogue in reversed(served) for key, text in catalogue.texts.items()}
    return Words(texts), next((place for place, _ in served if place), DEFAULT_LOCALE)


def languages(folders: Sequence[Path]) -> frozenset[str]:
    """The languages that pages speak."""
    spoken = {file.parent.name for folder in folders for file in folder.glob(f"*/{FILE}")}
    return frozenset({DEFAULT_LOCALE, *spoken})
