"""One check: finds out what the paths are, reads them, and asks every rule."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path as FilePath

from engine.check.conditions import check_conditions
from engine.check.consent import check_consent
from engine.check.experiments import check_experiments
from engine.check.pages import check_pages
from engine.check.pools import check_draws
from engine.check.rhythm import check_rhythm
from engine.check.subject import Definition, Subject
from engine.check.templates import check_files, check_names
from engine.check.texts import check_texts
from engine.check.words import check_translations, check_words
from engine.define.findings import Finding
from engine.define.library import DEFINITIONS, STRATEGIES, read_library
from engine.define.load import read_campaign
from engine.errors import NotFound
from engine.files import beginning
from engine.model.sender import Sender
from engine.render.shelf import Shelf

CAMPAIGNS = "campaigns"
"""The folder of a workspace that holds its campaign files."""

_STRATEGY_LINE = re.compile(r"^[\"']?strategy[\"']?\s*:", re.MULTILINE)


def check(
    paths: Sequence[FilePath],
    *,
    campaigns: Sequence[FilePath],
    templates: Sequence[FilePath],
    sender: Sender,
) -> list[Finding]:
    """Everything wrong in `paths`, and in the strategies and templates they rely on; sorted, each finding once.

    A path is a campaign or strategy file, a folder of campaign files with `strategies/` in it, or a workspace with such
    a folder called `campaigns`. A folder with nothing to check in it is NotFound, not a success. `campaigns` and
    `templates` are the folders that the engine itself searches, first folder first; a path's own folder comes before
    them. `sender` counts in the length of text messages. NotFound when a path does not exist.
    """
    files = _Files(paths, campaigns)
    folders = _once([*files.folders, *campaigns])
    library, findings = read_library(folders, files.strategies)
    definitions: list[Definition] = []
    for file in files.campaigns:
        reading = read_campaign(file, library)
        findings += reading.findings
        if reading.campaign is not None:
            definitions.append(Definition(reading.campaign, reading.document))
    findings += [*_repeated(definitions), *files.misnamed]
    subject = Subject(tuple(definitions), library, tuple(templates), files.words)
    return sorted({*findings, *_ask_all(subject, sender)})


def _ask_all(subject: Subject, sender: Sender) -> Iterable[Finding]:
    shelf = Shelf(subject.templates)
    broken = list(check_files(subject.templates, shelf))
    yield from broken
    for definition in subject.definitions:
        yield from check_rhythm(definition)
        yield from check_draws(definition)
        yield from check_experiments(definition)
        yield from check_conditions(definition)
        yield from check_names(definition, shelf, subject.templates)
    yield from check_pages(subject.templates, sender)
    yield from check_consent(subject.templates, sender)
    yield from check_words(subject)
    yield from check_translations(subject)
    if not broken:  # a broken template would be found again in every text that uses it
        yield from check_texts(subject, sender)


def _repeated(definitions: Sequence[Definition]) -> Iterable[Finding]:
    first: dict[str, str] = {}
    for definition in definitions:
        other = first.setdefault(definition.campaign.id, definition.document.file)
        here = definition.document.file
        # In folders of their own, one takes the place of the other: the engine finds that of the earlier folder.
        if other != here and FilePath(other).parent == FilePath(here).parent:
            what = f"campaign {definition.campaign.id} is in {other} too"
            yield definition.finding(("campaign",), what, "give one of them another id")


def _misnamed(file: FilePath) -> Finding:
    return Finding(str(file), 1, 1, "a file whose name ends in .yml is never read", "end it in .yaml")


class _Files:
    """What the paths of one check come to."""

    def __init__(self, paths: Sequence[FilePath], searched: Sequence[FilePath]) -> None:
        self.campaigns: list[FilePath] = []
        self.strategies: list[FilePath] = []
        self.folders: list[FilePath] = []
        words: list[FilePath] = []
        self.misnamed: list[Finding] = []
        may_be_empty = {folder.resolve() for folder in searched}
        for given in paths:
            path = given / CAMPAIGNS if (given / CAMPAIGNS).is_dir() else given
            if path.is_dir():
                folder = path.parent if path.name == STRATEGIES else path
                self.folders.append(folder)
                found = sorted(path.glob(DEFINITIONS)) if folder is path else []
                spoken = sorted((folder / STRATEGIES).rglob(DEFINITIONS))
                self.misnamed += map(_misnamed, [*path.glob("*.yml"), *(folder / STRATEGIES).rglob("*.yml")])
                if not (found or spoken or self.misnamed or path.resolve() in may_be_empty):
                    raise NotFound(f"{path} holds no campaign or strategy", "name a file, or a folder of .yaml files")
                self.campaigns += found
                words += spoken
            elif not path.is_file():
                raise NotFound(f"{path} does not exist", "check the path")
            elif holder := next((parent for parent in path.parents if parent.name == STRATEGIES), None):
                self.folders.append(holder.parent)
                words.append(path)
            elif _STRATEGY_LINE.search(beginning(path)):
                self.strategies.append(path)
                words.append(path)
            else:
                self.campaigns.append(path)
                self.folders.append(path.parent)
        self.words = frozenset(str(file) for file in words)


def _once(folders: Iterable[FilePath]) -> list[FilePath]:
    """Each folder once, by where it really is, so that its strategies are not read twice."""
    first: dict[FilePath, FilePath] = {}
    for folder in folders:
        first.setdefault(folder.resolve(), folder)
    return list(first.values())
