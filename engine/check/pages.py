"""Pages: whether their templates compile and say only words that there are, and what each language lacks of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from engine.check.templates import at_error
from engine.define.findings import Finding, suggest
from engine.model.locale import places
from engine.model.sender import Sender
from engine.model.strategy import DEFAULT_LOCALE
from engine.render.catalogue import FILE, MANY, ONE, PLACEHOLDER, Catalogue, read
from engine.render.pages import WEB, Pages
from engine.render.said import said
from engine.render.sandbox import RenderError

_COUNT = {"count"}
"""What the `.one` of a plural may leave out: "One week left"."""


@dataclass(frozen=True, slots=True)
class _Text:
    """One text, and where it stands."""

    key: str
    text: str
    file: FilePath
    line: int

    @property
    def placeholders(self) -> frozenset[str]:
        found = frozenset(PLACEHOLDER.findall(self.text))
        return found - _COUNT if self.key.endswith(ONE) else found

    def finding(self, what: str, fix: str, *, note: bool = False) -> Finding:
        return Finding(str(self.file), self.line, 1, what, fix, note)


def check_pages(folders: Sequence[FilePath], sender: Sender) -> Iterator[Finding]:
    """Findings in the web templates and words of `folders`, the first of which wins."""
    spoken: dict[str, dict[str, _Text]] = {}
    broken = False
    for language, file in _catalogues(folders):
        try:
            catalogue = read(file, file.name)
        except RenderError as error:
            broken = True
            yield at_error(file, error)
            continue
        texts = spoken.setdefault(language, {})
        for text in _texts(catalogue):
            texts.setdefault(text.key, text)
            yield from _braces(text)
    english = spoken.pop("", {})
    yield from _plurals(english)
    for language, texts in sorted(spoken.items()):
        yield from _differing(language, texts, english)
        # What es-MX lacks is said in Spanish: its own note is that of Spanish.
        if not any(place in spoken for place in places(language) if place != language):
            yield from _lacking(language, texts, english)
    if not broken:  # no page can be set up without its words
        yield from _templates(folders, sender, english)


def _catalogues(folders: Sequence[FilePath]) -> Iterator[tuple[str, FilePath]]:
    """Every file of words with its language, "" for English, first folder first."""
    for folder in folders:
        for language in ("", *_languages(folder)):
            if (file := folder / WEB / language / FILE).is_file():
                yield language, file


def _languages(folder: FilePath) -> list[str]:
    """The languages that a template folder has a folder of pages for."""
    return sorted(each.name for each in (folder / WEB).glob("*/") if each.name in places(each.name))


def _texts(catalogue: Catalogue) -> Iterator[_Text]:
    lines = catalogue.lines()
    for key, text in catalogue.texts.items():
        yield _Text(key, text, catalogue.file, lines.get(key, 1))


def _braces(text: _Text) -> Iterator[Finding]:
    if {"{", "}"} & set(PLACEHOLDER.sub("", text.text)):
        what = f"{text.key} holds a brace that is no placeholder, which readers would see"
        yield text.finding(what, "write {name}, in small letters")


def _plurals(english: Mapping[str, _Text]) -> Iterator[Finding]:
    for key, text in english.items():
        for this, other in ((ONE, MANY), (MANY, ONE)):
            if key.endswith(this) and key.removesuffix(this) + other not in english:
                lacks = key.removesuffix(this) + other
                yield text.finding(f"{key} is half a plural", f"add {lacks}")


def _differing(language: str, texts: Mapping[str, _Text], english: Mapping[str, _Text]) -> Iterator[Finding]:
    for key, text in texts.items():
        if key not in english:
            what = f"{language} has {key}, which English has not, so that no page says it"
            yield text.finding(what, suggest(key, english, "add it in English, or take it out"))
        elif text.placeholders != english[key].placeholders:
            ours, theirs = (" and ".join(sorted(each.placeholders)) or "nothing" for each in (text, english[key]))
            yield text.finding(f"{key} fills in {ours} here and {theirs} in English", "use the same {placeholders}")


def _lacking(language: str, texts: Mapping[str, _Text], english: Mapping[str, _Text]) -> Iterator[Finding]:
    for key, text in english.items():
        if key not in texts:
            what = f"{language} lacks {key}, which is said in English"
            yield text.finding(what, f"translate it in {WEB}/{language}/{FILE}", note=True)


def _templates(folders: Sequence[FilePath], sender: Sender, english: Mapping[str, _Text]) -> Iterator[Finding]:
    files: dict[str, tuple[FilePath, str]] = {}
    for folder in folders:
        for language in ("", *_languages(folder)):
            for file in sorted((folder / WEB / language).glob("*.html")):
                files.setdefault(f"{language}/{file.name}", (file, language or DEFAULT_LOCALE))
    pages = Pages(folders, sender)
    for file, language in files.values():
        try:
            keys = said(pages.reader(language).sandbox, file.name)
        except RenderError as error:
            if error.template in (None, file.name):  # else the file that is broken has a finding of its own
                yield at_error(file, error)
            continue
        for each in keys:
            known = each.key in english or each.key + MANY in english
            if not (known if each.whole else any(key.startswith(each.key) for key in english)):
                fix = suggest(each.key, english, f"add it to {WEB}/{FILE}")
                yield Finding(str(file), each.line, 1, f"there are no words {each.key}", fix)
